"""Search for the causes that turn one trace into the other, and the checks that guide it."""

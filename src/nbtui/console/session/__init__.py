"""The session: kept on change, restored at a start, with the user's preferences."""

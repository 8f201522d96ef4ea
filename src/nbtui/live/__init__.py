"""Cases and their live simulation; the only room of nbtui that imports nbsim."""

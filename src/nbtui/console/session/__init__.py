"""The session: saved on every change, restored at the next start, with the user's preferences."""

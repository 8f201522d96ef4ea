"""Runs of a port: its command executed, its log compared, and the list of runs with what moved."""

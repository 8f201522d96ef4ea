"""Subcommands of nbtui, one module each."""

"""Verifying evidence packages."""

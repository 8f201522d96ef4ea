"""Errors that a user can act on."""

from __future__ import annotations


class NbsimError(Exception):
    """Something about the simulation cannot be done; the message names what and the way out."""


class InputError(NbsimError):
    """The command line or a file it names is unusable (exit code 2)."""


class OutputError(NbsimError):
    """A result cannot be written; the message names the file and why."""


class Interrupted(NbsimError):
    """The caller asked to stop."""

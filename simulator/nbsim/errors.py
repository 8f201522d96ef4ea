"""Errors that a user can act on."""

from __future__ import annotations

import warnings


class NbsimError(Exception):
    """Base of all errors of nbsim; the message names the reason and the remedy."""


class InputError(NbsimError):
    """The command line or a file it names is unusable (exit code 2)."""


class OutputError(NbsimError):
    """A result cannot be written; the message names the file and the reason."""


class Interrupted(NbsimError):
    """The caller asked to stop."""


def warn_renamed(old: str, new: str) -> None:
    """DeprecationWarning at the line that used the old name of an attribute."""
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=3)

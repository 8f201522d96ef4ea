"""Errors that a user can act on."""

from __future__ import annotations

import sys
import warnings

INSTALL_TORCH = "pip install torch --index-url https://download.pytorch.org/whl/cpu"  # the CPU build
NEEDS_TORCH = f"a simulation needs torch, which is not installed; its CPU build: {INSTALL_TORCH}"


class NbsimError(Exception):
    """Base of all errors of nbsim; the message names the reason and the remedy."""


class InputError(NbsimError):
    """The command line or a file it names is unusable (exit code 2)."""


class OutputError(NbsimError):
    """A result cannot be written; the message names the file and the reason."""


class Interrupted(NbsimError):
    """The caller asked to stop."""


def absent_package(error: ImportError) -> str | None:
    """The package whose absence ``error`` reports, with its remedy, as one sentence; None for any other error."""
    name = (error.name or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or name in ("", "nbsim", "nbtui", *sys.stdlib_module_names):
        return None
    if name == "torch":
        return NEEDS_TORCH
    return f"this needs {name}, which is not installed: pip install {name}"


def warn_renamed(old: str, new: str) -> None:
    """DeprecationWarning at the line that used the old name of an attribute."""
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=3)

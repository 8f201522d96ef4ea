"""Errors that end a job, each with its exit code. Messages address the user in one or two lines."""

from __future__ import annotations

INCOMPLETE = 5  # exit code of a verification without a contradiction that could not judge everything
INTERRUPTED = 130  # exit code after an interrupt by the user
READER_GONE = 141  # exit code after the reader of stdout has gone, as SIGPIPE ends a program


class NbtuiError(Exception):
    """A job cannot be done; the message names the reason and the remedy."""

    exit_code = 2


class UnusableInput(NbtuiError):
    """A case, a file, a setting or an option is unusable."""

    exit_code = 2


class SimulationFailed(NbtuiError):
    """The simulation or the C program started and failed."""

    exit_code = 3


class NotWritten(NbtuiError):
    """A result could not be written; no partial file remains."""

    exit_code = 4

"""What can stop a job, each with the exit code of the command contract. Messages are for the user, one or two lines."""

from __future__ import annotations

INTERRUPTED = 130  # exit code of who was stopped by the user


class NbtuiError(Exception):
    """A job cannot be done; the message names what and the way out."""

    exit_code = 2


class UnusableInput(NbtuiError):
    """A case, a file, a setting or an option is unusable."""

    exit_code = 2


class SimulationFailed(NbtuiError):
    """The simulation, or the C program, was started and failed."""

    exit_code = 3


class NotWritten(NbtuiError):
    """A result could not be written; nothing half-done was left."""

    exit_code = 4

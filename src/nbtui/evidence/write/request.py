"""The order for a package, and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.live.model import Case, Settings, Simulation
from nbtui.parity.model import Comparison
from nbtui.parity.profiles import Profile
from nbtui.trace.model import Trace

if TYPE_CHECKING:
    from nbtui.diagnosis.answer import Diagnosis

RUN_LIMIT = 3600.0  # s


@dataclass(frozen=True)
class ExportRequest:
    """The content of a package, and its place."""

    case: Case
    settings: Settings
    reports: Path
    c_log: Path | None = None  # default: the case's own; without one, the reference of py_log is simulated
    py_log: Path | None = None  # default: the live trace
    py_phi: Path | None = None  # phi lines of py_log, if in a file of their own
    made_by: str = ""  # command that made py_log
    port: Path | None = None  # folder of the port that made py_log
    simulation: Simulation | None = None  # an existing one with these settings
    profile: str = "full"
    tolerance: float | None = None
    allow_partial: bool = False  # agreement of few common fields counts
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    baseline: Path | None = None  # default: the newest older package of this case and pixel in ``reports``
    runs: tuple[str, ...] = ()  # extra shell commands
    run_limit: float = RUN_LIMIT  # s for each of them
    with_inputs: bool = False  # carry the small input files
    sign: Path | None = None  # SSH key that signs the checksums
    asks: bool = True  # ssh-keygen may ask for a passphrase on the terminal
    note: str = ""
    todo: str = ""  # next step; default: one from the first divergence
    argv: tuple[str, ...] = ()  # nbtui's command line; default: an equivalent export command
    hostname: bool = False
    diagnose: Callable[[Case, Trace, Trace], Diagnosis] | None = None  # default: no diagnosis


@dataclass(frozen=True)
class WrittenPackage:
    """A package on disk with the outcome of its run."""

    path: Path
    comparison: Comparison
    exit_code: int  # 0 agree, 1 divergence or a failed extra command, 3 the simulation failed
    blocked: tuple[str, ...]

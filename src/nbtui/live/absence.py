"""Packages absent from the installation, such as torch where nothing is simulated."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nbsim import INSTALL_TORCH, NEEDS_TORCH, absent_package
from nbtui.errors import UnusableInput
from nbtui.paths import DEMO_FOLDER, RECORDED_LOG

if TYPE_CHECKING:
    from nbtui.live.model import Case, Settings

__all__ = ["INSTALL_TORCH", "absent_package", "can_simulate", "recorded_log", "require_torch"]


def can_simulate() -> bool:
    """Whether torch is installed; it is not imported."""
    try:
        return find_spec("torch") is not None
    except ImportError:
        return False


def recorded_log(case: Case, settings: Settings) -> Path | None:
    """The log of nbsim that is kept with the demo, where torch is missing; None for anything else."""
    from nbtui.live.model import Settings

    unchanged = case.folder == DEMO_FOLDER and case.pixel == case.own_pixel and settings == Settings()
    return RECORDED_LOG if unchanged and not can_simulate() else None


def require_torch() -> None:
    """Refuse a job that simulates in every step.

    Raises:
        UnusableInput: torch is not installed.
    """
    if not can_simulate():
        raise UnusableInput(NEEDS_TORCH)

"""Result of a diagnosis as kept by the console."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbtui.trace.model import Trace

if TYPE_CHECKING:
    from nbtui.diagnosis.answer import Diagnosis


@dataclass(frozen=True)
class KeptDiagnosis:
    """A diagnosis and its two traces. ``gap``: relative, of I_pixel_final, against C."""

    diagnosis: Diagnosis
    c: Trace
    py: Trace
    seconds: float
    gap: float | None = None

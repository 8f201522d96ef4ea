"""Images of the C program for runs that this room describes in other words, and a detector of two panels."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from nbsim import Panels
from support.places import DATA
from support.two_panels import BASE, PANELS


@dataclass(frozen=True)
class CImage:
    """A run of the C program: its command line, its input files by name, its float image."""

    command: str
    files: dict[str, str]
    photons: Tensor  # float32


@pytest.fixture(scope="session")
def c_images() -> dict[str, CImage]:
    """Images by name, from ``data/refinement``."""
    stored = json.loads((DATA / "refinement" / "c_images.json").read_text(encoding="utf-8"))
    return {
        name: CImage(run.pop("command"), {k: v for k, v in run.items() if k != "image"}, torch.tensor(run["image"]))
        for name, run in stored.items()
    }


@pytest.fixture(scope="session")
def detector() -> Panels:
    """The two panels as one detector."""
    return Panels.from_command(BASE, PANELS, phi_mode="c-parity")

"""Cases with output of the C program: where they lie and what we make of them.

Three small ones are in ``data/golden``, the demo is part of the package, the others are in the folder of
reference data beside the checkout.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from nbsim import Experiment, from_command
from nbsim.pixel.pixel import PixelResult, simulate_pixel
from support.places import DATA, DEMO, SHARED

GOLDEN = DATA / "golden"

LOCAL = ("cubic_default_f", "demo", "interpolate_out_of_range", "sparse_hkl_default_f")
NAMES = (
    *LOCAL,
    "adxv_misset",
    "beam_crops_sample",
    "curved_detector",
    "custom_vectors_pix0",
    "denzo_beam",
    "detector_close_distance",
    "dials_orgxy",
    "divergence_dispersion",
    "gauss_xtal",
    "interpolate",
    "mosaic",
    "mosflm_rotations_twotheta",
    "oversample2_all_flags",
    "oversample3",
    "phi_carryover",
    "phi_carryover_first_pixel",
    "phi_mosaic",
    "phi_start_nonzero",
    "phi_through_zero",
    "point_pixel_nopolar",
    "polar_half_dmin",
    "roi_mask",
    "round_xtal",
    "seed_case",
    "sourcefile_weights",
    "sources_oversample_carryover",
    "thick_absorption",
    "tophat_spots",
    "water_background",
    "xds_rotations_twotheta",
)


@dataclass(frozen=True)
class GoldenCase:
    """Files of one case."""

    name: str
    folder: Path
    inputs: Path

    @property
    def log(self) -> str:
        return (self.folder / "trace_c.log").read_text(encoding="utf-8", errors="replace")

    @property
    def command(self) -> str:
        return (self.folder / "command.txt").read_text(encoding="utf-8")

    def terms(self) -> list[dict[str, float]]:
        with (self.folder / "terms.csv").open(encoding="utf-8") as stream:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(stream)]

    def image(self) -> np.ndarray:
        return np.load(self.folder / "image.npy")


def needs(request: pytest.FixtureRequest, name: str) -> None:
    """Skip a test, saying so, when the case is not on this machine."""
    if name not in LOCAL:
        request.getfixturevalue("shared")


def golden_case(name: str) -> GoldenCase:
    """Files of the case."""
    if name == "demo":
        return GoldenCase(name, DEMO, DEMO)
    if name in LOCAL:
        return GoldenCase(name, GOLDEN / "cases" / name, GOLDEN / "inputs")
    if name == "seed_case":
        return GoldenCase(name, SHARED / name, SHARED / name)
    return GoldenCase(name, SHARED / "golden" / "cases" / name, SHARED / "golden" / "inputs")


@cache
def experiment_of(name: str, phi_mode: str = "c-parity", dtype: torch.dtype = torch.float64) -> Experiment:
    """The case as an experiment."""
    case = golden_case(name)
    return from_command(case.command, case.inputs, phi_mode=phi_mode, dtype=dtype)


@cache
def simulated(name: str, phi_mode: str = "c-parity", dtype: torch.dtype = torch.float64) -> PixelResult:
    """The traced pixel of the case."""
    experiment = experiment_of(name, phi_mode, dtype)
    assert experiment.options.trace_pixel is not None
    return simulate_pixel(experiment, *experiment.options.trace_pixel)

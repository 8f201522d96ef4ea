"""DIALS: one experiment of a .expt file with one flat panel and a static crystal.

Source: the serialization of dxtbx models as JSON; lengths in mm, angles in degrees, cell axes in Å.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nbtui.errors import UnusableInput
from nbtui.geometry.model import Geometry, Rotation, Vector
from nbtui.regular_file import read_regular
from nbtui.trace.text import clean

_LARGEST = 1 << 28  # bytes


@dataclass(frozen=True)
class _Reader:
    """One place in the file, for messages that name it."""

    where: str
    content: Mapping[str, Any]

    def wrong(self, what: str) -> UnusableInput:
        return UnusableInput(f"{self.where}: {what}")

    def part(self, key: str) -> _Reader:
        value = self.content.get(key)
        if not isinstance(value, Mapping):
            raise self.wrong(f"no object '{key}'")
        return _Reader(f"{self.where}: {key}", value)

    def numbers(self, key: str, count: int) -> Vector:
        value = self.content.get(key)
        flat = [value] if count == 1 and not isinstance(value, list) else value
        good = isinstance(flat, list) and len(flat) == count and all(_is_number(one) for one in flat)
        if not good:
            raise self.wrong(f"'{key}' must be {'a finite number' if count == 1 else f'{count} finite numbers'}")
        return np.array(flat, dtype=np.float64)

    def number(self, key: str) -> float:
        return float(self.numbers(key, 1)[0])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read_expt(path: Path, experiment: int | None = None, image: int | None = None) -> Geometry:
    """The geometry of an experiment and an image of its scan; by default the only experiment and the first image.

    Raises:
        UnusableInput: the file is unreadable, or its experiment is more than nanoBragg describes; the reason by name.
    """
    where = clean(str(path))
    whole = _Reader(where, _json(path, where))
    experiments = whole.content.get("experiment")
    if not isinstance(experiments, list) or not experiments:
        raise whole.wrong("no list 'experiment': not a .expt file of DIALS")
    if experiment is None and len(experiments) > 1:
        raise whole.wrong(f"{len(experiments)} experiments; choose one with --experiment 0 to {len(experiments) - 1}")
    chosen = experiment or 0
    if not 0 <= chosen < len(experiments):
        raise whole.wrong(f"no experiment {chosen}; there are {len(experiments)}, from 0")
    models = _Reader(f"{where}: experiment {chosen}", experiments[chosen])
    beam = _model(whole, models, "beam", required=True)
    panel = _panel(_model(whole, models, "detector", required=True))
    assert beam is not None
    rotation, before = _rotation(whole, models, image)
    crystal = _model(whole, models, "crystal")
    source = beam.numbers("direction", 3)  # from the sample to the source
    width, height = panel.numbers("pixel_size", 2)
    if width != height:
        raise panel.wrong(f"pixels of {width:g} x {height:g} mm; nanoBragg has square ones")
    size = panel.numbers("image_size", 2)
    stated = "polarization_fraction" in beam.content and "polarization_normal" in beam.content
    return Geometry(
        wavelength=beam.number("wavelength"),
        beam=-source / np.linalg.norm(source),
        polarization=beam.number("polarization_fraction") if stated else None,
        plane_normal=beam.numbers("polarization_normal", 3) if stated else None,
        origin=panel.numbers("origin", 3),
        fast=panel.numbers("fast_axis", 3),
        slow=panel.numbers("slow_axis", 3),
        pixel=float(width),
        size=(int(size[0]), int(size[1])),
        real_axes=None if crystal is None else _axes(crystal) @ before.T,
        rotation=rotation,
    )


def _json(path: Path, where: str) -> Mapping[str, Any]:
    try:
        content = json.loads(read_regular(path, _LARGEST))
    except OSError as error:
        raise UnusableInput(f"{where}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise UnusableInput(f"{where}: not JSON: {clean(str(error))}") from error
    if not isinstance(content, Mapping):
        raise UnusableInput(f"{where}: no JSON object: not a .expt file of DIALS")
    return content


def _model(whole: _Reader, models: _Reader, kind: str, *, required: bool = False) -> _Reader | None:
    """The model of this kind that the experiment refers to; None without a reference."""
    index = models.content.get(kind) if isinstance(models.content, Mapping) else None
    known = whole.content.get(kind)
    if index is None and not required:
        return None
    if not isinstance(index, int) or not isinstance(known, list) or not 0 <= index < len(known):
        raise models.wrong(f"its {kind} is not in the file")
    model = known[index]
    if not isinstance(model, Mapping):
        raise models.wrong(f"its {kind} is not an object")
    return _Reader(f"{whole.where}: {kind} {index}", model)


def _panel(detector: _Reader | None) -> _Reader:
    assert detector is not None
    panels = detector.content.get("panels")
    if not isinstance(panels, list) or not panels or not isinstance(panels[0], Mapping):
        raise detector.wrong("no panels")
    if len(panels) > 1:
        raise detector.wrong(f"{len(panels)} panels; nanoBragg simulates one flat panel")
    hierarchy = detector.content.get("hierarchy")
    if isinstance(hierarchy, Mapping):
        root = _Reader(f"{detector.where}: hierarchy", hierarchy)
        frame = [*root.numbers("fast_axis", 3), *root.numbers("slow_axis", 3), *root.numbers("origin", 3)]
        if frame != [1, 0, 0, 0, 1, 0, 0, 0, 0]:
            raise root.wrong("the panel is placed relative to a moved group; state it in the laboratory frame")
    return _Reader(f"{detector.where}: panel 0", panels[0])


def _rotation(whole: _Reader, models: _Reader, image: int | None) -> tuple[Rotation | None, np.ndarray]:
    """The spindle and the rotation of the crystal before it; the axis as the last stage of the goniometer sets it."""
    goniometer, scan = _model(whole, models, "goniometer"), _model(whole, models, "scan")
    if goniometer is None or scan is None:
        if image is not None:
            raise models.wrong("no scan: --image has no meaning for a still")
        return None, np.eye(3)
    start, width = _angles(scan, image)
    if "axes" in goniometer.content:
        angles = goniometer.content.get("angles")
        moving = goniometer.content.get("scan_axis")
        axes = goniometer.content["axes"]
        if not isinstance(angles, list) or not isinstance(moving, int) or not isinstance(axes, list):
            raise goniometer.wrong("axes without angles and scan_axis")
        if any(angle != 0 for at, angle in enumerate(angles) if at != moving):
            raise goniometer.wrong("axes at other angles than 0 beside the scan axis")
        axis, fixed, setting = np.array(axes[moving], dtype=np.float64), np.eye(3), np.eye(3)
    else:
        axis = goniometer.numbers("rotation_axis", 3)
        fixed, setting = (
            goniometer.numbers(key, 9).reshape(3, 3) if key in goniometer.content else np.eye(3)
            for key in ("fixed_rotation", "setting_rotation")
        )
    return Rotation(setting @ axis / np.linalg.norm(axis), start, width), setting @ fixed


def _angles(scan: _Reader, image: int | None) -> tuple[float, float]:
    """Spindle angle at the beginning of the image, and its width, in degrees."""
    first, last = (int(value) for value in scan.numbers("image_range", 2))
    number = first if image is None else image
    if not first <= number <= last:
        raise scan.wrong(f"no image {number}; the scan has {first} to {last}")
    properties = scan.content.get("properties")
    listed = properties.get("oscillation") if isinstance(properties, Mapping) else None
    if isinstance(listed, list) and len(listed) > 1 and all(map(_is_number, listed)):
        return float(listed[number - first]), float(listed[1] - listed[0])
    start, width = scan.numbers("oscillation", 2)
    return float(start + (number - first) * width), float(width)


def _axes(crystal: _Reader) -> np.ndarray:
    """(3, 3): rows a, b, c in Å."""
    if crystal.content.get("A_at_scan_points"):
        raise crystal.wrong("the crystal varies along the scan; nanoBragg has a static one")
    axes = [crystal.numbers(f"real_space_{name}", 3) for name in "abc"]
    if abs(np.linalg.det(np.array(axes))) < 1e-6:
        raise crystal.wrong("its cell has no volume")
    return np.array(axes)

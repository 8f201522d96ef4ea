"""The set-up lines of the trace: detector vectors and distances, in C's order under C's names.

Source: nanobragg_setup.md section 6 and quirk S29.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from nbsim.model import TraceLine
from nbsim.setup.geometry import Angles, Axes, Centers, Placement, Size
from nbsim.vectors import cos, sin

Matrix = list[list[float]]


def _digits(value: float) -> str:
    return f"{value:.15g}"


def _line(name: str, *values: Tensor | str) -> TraceLine:
    flat: list[float | str] = []
    for value in values:
        if isinstance(value, Tensor):
            flat.extend(value.detach().reshape(-1).tolist())
        else:
            flat.append(value)
    return TraceLine(name, tuple(flat), "equals")


def _matrix_text(matrix: Matrix) -> str:
    return "[" + "; ".join(" ".join(map(_digits, row)) for row in matrix) + "]"


def _product(left: Matrix, right: Matrix) -> Matrix:
    return [[sum(left[i][k] * right[k][j] for k in range(3)) for j in range(3)] for i in range(3)]


def _rotation_matrices(angles: Angles) -> tuple[Matrix, Matrix, Matrix]:
    cx, cy, cz = (cos(angle).item() for angle in (angles.x, angles.y, angles.z))
    sx, sy, sz = (sin(angle).item() for angle in (angles.x, angles.y, angles.z))
    return (
        [[1.0, 0.0, 0.0], [0.0, cx, -sx], [0.0, sx, cx]],
        [[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]],
        [[cz, -sz, 0.0], [sz, cz, 0.0], [0.0, 0.0, 1.0]],
    )


def _axes_group(frame: Axes, placed: Placement) -> Iterator[TraceLine]:
    yield _line("fdet_after_rotz", placed.fast_rotated)
    yield _line("sdet_after_rotz", placed.slow_rotated)
    yield _line("odet_after_rotz", placed.normal_rotated)
    yield from _swung_group(frame, placed)


def _swung_group(frame: Axes, placed: Placement) -> Iterator[TraceLine]:
    yield _line("twotheta_axis", frame.twotheta)
    yield _line("fdet_after_twotheta", placed.fast)
    yield _line("sdet_after_twotheta", placed.slow)
    yield _line("odet_after_twotheta", placed.normal)


def _detector_axes(placed: Placement) -> Iterator[TraceLine]:
    for name, vector in (("FAST", placed.fast), ("SLOW", placed.slow), ("NORMAL", placed.normal)):
        yield TraceLine(f"DETECTOR_{name}_AXIS", tuple(vector.tolist()), "bare")


def _angles_line(angles: Angles) -> TraceLine:
    named = (("rotx", angles.x), ("roty", angles.y), ("rotz", angles.z), ("twotheta", angles.twotheta))
    return _line("angles_rad", *(f"{name}:{_digits(angle.item())}" for name, angle in named))


def _center_line(names: tuple[str, str], values: tuple[Tensor, Tensor], size: Size) -> TraceLine:
    # C divides metres by 1000 here (S29)
    x, y = (f"{name}:{_digits(value.item() / 1000.0)}" for name, value in zip(names, values, strict=True))
    return _line("beam_center_m", x, y, f"pixel_mm:{_digits(size.pixel * 1000.0)}")


def _sample_pivot(
    convention: str, frame: Axes, angles: Angles, size: Size, centers: Centers, placed: Placement
) -> Iterator[TraceLine]:
    f_close, s_close = centers.f_close, centers.s_close
    yield _line("detector_convention", convention)
    yield _angles_line(angles)
    yield _center_line(("Xclose", "Yclose"), (centers.x_close, centers.y_close), size)
    yield _line("initial_fdet", frame.fast)
    yield _line("initial_sdet", frame.slow)
    yield _line("initial_odet", frame.normal)
    yield _line("Fclose_m", f_close)
    yield _line("Sclose_m", s_close)
    yield _line("close_distance_m", placed.early_close_distance)
    yield _line("ratio", placed.ratio)
    yield _line("distance_m", placed.early_distance)
    yield _line("term_fast_before_rot", -f_close * frame.fast)
    yield _line("term_slow_before_rot", -s_close * frame.slow)
    yield _line("term_close_before_rot", placed.early_close_distance * frame.normal)
    yield _line("pix0_before_rotation", placed.pix0_start)
    yield _line("pix0_after_rotz", placed.pix0_rotated)
    yield _line("pix0_after_twotheta", placed.pix0)
    yield from _axes_group(frame, placed)
    yield from _detector_axes(placed)


def _beam_pivot(frame: Axes, angles: Angles, size: Size, centers: Centers, placed: Placement) -> Iterator[TraceLine]:
    f_beam, s_beam = centers.f_beam, centers.s_beam
    yield from _axes_group(frame, placed)
    yield from _detector_axes(placed)
    # C prints this block with MOSFLM's names and start vectors in every convention (S29)
    yield _line("detector_convention", "MOSFLM")
    yield _angles_line(angles)
    yield _center_line(("X", "Y"), (centers.x_beam, centers.y_beam), size)
    yield _line("initial_fdet", torch.tensor([0.0, 0.0, 1.0]))
    yield _line("initial_sdet", torch.tensor([0.0, -1.0, 0.0]))
    yield _line("initial_odet", torch.tensor([1.0, 0.0, 0.0]))
    about_x, about_y, about_z = _rotation_matrices(angles)
    yield _line("Rx", _matrix_text(about_x))
    yield _line("Ry", _matrix_text(about_y))
    yield _line("Rz", _matrix_text(about_z))
    yield _line("R_total", _matrix_text(_product(about_z, _product(about_y, about_x))))
    yield _line("fdet_after_rotz", placed.fast)
    yield _line("sdet_after_rotz", placed.slow)
    yield _line("odet_after_rotz", placed.normal)
    yield from _swung_group(frame, placed)
    yield _line("convention_mapping", "Fbeam←Ybeam_mm(+0.5px),Sbeam←Xbeam_mm(+0.5px),beam_vec=[1 0 0]")
    yield _line("Fbeam_m", f_beam)
    yield _line("Sbeam_m", s_beam)
    yield _line("distance_m", placed.early_distance)
    yield _line("term_fast", -f_beam * placed.fast)
    yield _line("term_slow", -s_beam * placed.slow)
    yield _line("term_beam", placed.early_distance * frame.beam)
    yield _line("pix0_vector", placed.pix0)


@torch.no_grad()
def setup_lines(
    convention: str, pivot: str, frame: Axes, angles: Angles, size: Size, centers: Centers, placed: Placement
) -> tuple[TraceLine, ...]:
    """Every set-up line: ``equals`` for ``TRACE_C:name=...``, ``bare`` for the ``DETECTOR_...`` ones.

    Words, pairs and matrices are text as C prints them, other values floats [m, rad].
    """
    if pivot == "SAMPLE":
        lines = list(_sample_pivot(convention, frame, angles, size, centers, placed))
    else:
        lines = list(_beam_pivot(frame, angles, size, centers, placed))
    lines.append(TraceLine("DETECTOR_PIX0_VECTOR", tuple(placed.pix0.tolist()), "bare"))
    return tuple(lines)

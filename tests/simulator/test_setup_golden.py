"""The set-up against the C program: its logs (15 digits) and values printed with 17 digits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nbsim import Experiment, TraceLine, from_command
from support.places import DATA

C_VALUES: dict[str, Any] = json.loads((DATA / "c_setup_values.json").read_text())
RELATIVE = 1e-12


def golden_cases(shared: Path) -> list[tuple[Path, Path]]:
    """(folder with command.txt and trace_c.log, folder of the input files) of every case."""
    cases = [(case, shared / "golden" / "inputs") for case in sorted((shared / "golden" / "cases").iterdir())]
    cases += [(shared / name, shared / name) for name in ("seed_case", "demo")]
    assert len(cases) > 30
    return cases


def experiments(shared: Path) -> Iterator[tuple[str, str, Experiment]]:
    """Name, log and our experiment of every case."""
    for case, inputs in golden_cases(shared):
        experiment = from_command((case / "command.txt").read_text(), inputs)
        yield case.name, (case / "trace_c.log").read_text(), experiment


def is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def numbers_agree(ours: list[float], theirs: list[float], relative: float) -> bool:
    """Each within ``relative`` of the largest of its group."""
    scale = max(map(abs, theirs), default=0.0)
    return len(ours) == len(theirs) and all(abs(x - y) <= relative * scale for x, y in zip(ours, theirs, strict=True))


def c_lines(log: str) -> list[tuple[str, str, str]]:
    """(style, name, text) of the set-up lines of a C log."""
    found = []
    for line in log.splitlines():
        if match := re.fullmatch(r"TRACE_C:(\w+)=(.*)", line):
            found.append(("equals", match[1], match[2]))
        elif match := re.fullmatch(r"(DETECTOR_\w+) (.*)", line):
            found.append(("bare", match[1], match[2]))
    return found


def line_agrees(ours: TraceLine, style: str, name: str, text: str) -> bool:
    if (ours.style, ours.name) != (style, name):
        return False
    words = text.split()
    if all(map(is_number, words)):
        return all(isinstance(v, float) for v in ours.values) and numbers_agree(
            [float(v) for v in ours.values], [float(word) for word in words], RELATIVE
        )
    return " ".join(map(str, ours.values)) == text


@pytest.mark.slow
def test_every_setup_line_equals_cs(shared: Path) -> None:
    compared = 0
    for name, log, experiment in experiments(shared):
        expected = c_lines(log)
        assert len(experiment.setup_lines) == len(expected), name
        for ours, (style, field, text) in zip(experiment.setup_lines, expected, strict=True):
            assert line_agrees(ours, style, field, text), (name, ours, text)
            compared += 1
    assert compared > 1000


def printed(log: str, pattern: str) -> list[float] | None:
    """The numbers in the groups of the first match of ``pattern``."""
    match = re.search(pattern, log, re.MULTILINE)
    return None if match is None else [float(word) for group in match.groups() for word in group.split()]


def cell_text_values(log: str, title: str) -> list[list[float]]:
    """Columns of a printed 3 x 3 table."""
    block = log[log.index(title) :].splitlines()[2:5]
    rows = [[float(word) for word in line.split()[1:]] for line in block]
    return [list(column) for column in zip(*rows, strict=True)]


def test_printouts(shared: Path) -> None:
    """Printed with 6 to 8 digits: cells, sizes, distances, steps, limits."""
    for name, log, e in experiments(shared):
        d, c, s = e.detector, e.crystal, e.sampling
        center = d.centers
        lattice = torch.stack([c.a, c.b, c.c]) * 1e10
        reciprocal = torch.stack([c.a_star, c.b_star, c.c_star])
        rows: list[tuple[str, list[float]]] = [
            (r"^Unit Cell: (\S+ \S+ \S+)", [torch.linalg.vector_norm(v).item() for v in lattice]),
            (r"^Recp Cell: (\S+ \S+ \S+)", [torch.linalg.vector_norm(v).item() for v in reciprocal]),
            (r"xtal: (\d+)x", [float(c.n_cells[0])]),
            (r"xtal: \d+x(\d+)x", [float(c.n_cells[1])]),
            (r"xtal: \d+x\d+x(\d+) cells", [float(c.n_cells[2])]),
            (r"^  wave=(\S+) meters", [e.beam.wavelength.item()]),
            (r"Kahn polarization factor: (\S+)", [e.beam.polarization.item()]),
            (r"incident fluence: (\S+)", [e.beam.fluence.item()]),
            (r"^  distance=(\S+)", [d.distance.item()]),
            (r"pixel=(\S+) meters", [d.pixel_size.item()]),
            (r"meters \((\d+)x", [float(d.n_fast)]),
            (r"meters \(\d+x(\d+) pixels", [float(d.n_slow)]),
            (r"sensor is (\S+) m", [d.thickness.item()]),
            (r"m thick in (\d+) layers", [float(d.n_layers)]),
            (r"layers with mu= (\S+)", [d.attenuation.item()]),
            (r"^  Xbeam=(\S+) Ybeam=(\S+)", [center["Xbeam"], center["Ybeam"]]),
            (r"^  Fbeam=(\S+) Sbeam=(\S+)", [center["Fbeam"], center["Sbeam"]]),
            (r"^  Xclose=(\S+) Yclose=(\S+)", [center["Xclose"], center["Yclose"]]),
            (r"^  Fclose=(\S+) Sclose=(\S+)", [center["Fclose"], center["Sclose"]]),
            (r"INCIDENT_BEAM_DIRECTION= (.*)", e.beam.direction.tolist()),
            (r"spindle ROTATION_AXIS= (.*)", c.spindle.tolist()),
            (r"roi: (\S+) < x < (\S+) && (\S+) < y < (\S+)", [float(v) for v in d.roi]),
            (r"^  (\d+) sources$", [float(len(e.beam.source_weights))]),
            (r"^  (\d+) mosaic domains over", [float(len(c.mosaic_matrices))]),
            (r"mosaic spread of (\S+) degrees", [c.mosaic_spread * 57.29577951308232]),
            (r"^  (\d+) phi steps", [float(s.n_phi)]),
            (r"^  (\d+)x\d+ pixel oversample", [float(s.oversample)]),
            (r"^TRACE_C: steps (\d+)", [float(e.n_steps)]),
        ]
        for pattern, ours in rows:
            theirs = printed(log, pattern)
            if theirs is not None:
                assert numbers_agree(ours, theirs, 6e-6), (name, pattern, ours, theirs)
        for title, vectors in (
            ("real-space cell vectors", lattice),
            ("reciprocal-space cell vectors", reciprocal),
        ):
            table = torch.tensor(cell_text_values(log, title), dtype=torch.float64)
            assert torch.allclose(vectors, table, rtol=0.0, atol=6e-9), (name, title)
        if "auto-selected no interp" in log or "auto-selected tricubic" in log:
            assert s.interpolate == ("auto-selected tricubic" in log), name


def test_phi_layers_and_sources_tables(shared: Path) -> None:
    for name, log, e in experiments(shared):
        phis = [float(v) for v in re.findall(r"^phi\d+ = (\S+)", log, re.MULTILINE)]
        ours = [v * 57.29577951308232 for v in e.sampling.phi_values()]
        assert numbers_agree(ours, phis, 6e-6), name
        thick = [float(v) for v in re.findall(r"^thick\d+ = (\S+) um", log, re.MULTILINE)]
        layers = [e.detector.layer_thickness.item() * 1e6 * i for i in range(e.detector.n_layers)]
        assert numbers_agree(layers, thick, 6e-6), name
        listed = re.search(r"created a total of \d+ sources:\n(.*?)  created", log, re.DOTALL)
        assert listed is not None
        rows = [[float(word) for word in line.split()] for line in listed[1].splitlines()]
        beam = e.beam
        made = torch.column_stack([beam.source_positions, beam.source_weights, beam.source_wavelengths])
        assert torch.allclose(made, torch.tensor(rows, dtype=torch.float64), rtol=6e-6, atol=1e-30), name


def test_traced_reciprocal_vectors(shared: Path) -> None:
    for name, log, e in experiments(shared):
        c = e.crystal
        for axis, vector in (("a", c.a_star), ("b", c.b_star), ("c", c.c_star)):
            theirs = printed(log, rf"^TRACE_C: rot_{axis}_star_A_inv (.*)")
            if theirs is not None:
                assert numbers_agree(vector.tolist(), theirs, RELATIVE), (name, axis)


def flat_values(e: Experiment) -> dict[str, Any]:
    """Our values under the names of the 17-digit print block."""
    d, b, c, s = e.detector, e.beam, e.crystal, e.sampling
    vectors = {
        "fast": d.fast,
        "slow": d.slow,
        "normal": d.normal,
        "pix0": d.pix0,
        "beam": b.direction,
        "polar": b.polarization_axis,
        "spindle": c.spindle,
        "a": c.a,
        "b": c.b,
        "c": c.c,
        "as": c.a_star,
        "bs": c.b_star,
        "cs": c.c_star,
    }
    scalars: dict[str, Tensor | float] = {
        "distance": d.distance,
        "close": d.close_distance,
        "pixel": d.pixel_size,
        "fpix": d.n_fast,
        "spix": d.n_slow,
        "Na": c.n_cells[0],
        "Nb": c.n_cells[1],
        "Nc": c.n_cells[2],
        "oversample": s.oversample,
        "interpolate": s.interpolate,
        "phi0": s.phi_start,
        "phistep": s.phi_step,
        "phisteps": s.n_phi,
        "osc": s.oscillation,
        "mosaic_spread": c.mosaic_spread,
        "domains": len(c.mosaic_matrices),
        "thick": d.thickness,
        "thickstep": d.layer_thickness,
        "thicksteps": d.n_layers,
        "mu": d.attenuation,
        "fluence": b.fluence,
        "lambda0": b.wavelength,
        "dmin": s.dmin,
        "water": s.water,
        "fudge": c.fudge,
        "kahn": b.polarization,
        **{name: d.centers[name] for name in ("Fbeam", "Sbeam", "Fclose", "Sclose", "Xbeam", "Ybeam")},
        "ORGX": d.centers["ORGX"],
        "ORGY": d.centers["ORGY"],
    }
    return {
        **{name: vector.tolist() for name, vector in vectors.items()},
        **{name: [float(value)] for name, value in scalars.items()},
        "umat": c.mosaic_matrices.reshape(-1, 9).tolist(),
        "source": torch.column_stack([b.source_directions, b.source_weights, b.source_wavelengths]).tolist(),
    }


@pytest.mark.parametrize("case", sorted(C_VALUES["cases"]))
def test_every_double_equals_cs_bit_for_bit(case: str, tmp_path: Path) -> None:
    """Every double of the set-up equals the C program's."""
    for name, text in C_VALUES["files"].items():
        (tmp_path / name).write_text(text)
    entry = C_VALUES["cases"][case]
    ours = flat_values(from_command(entry["command"], tmp_path))
    assert set(entry["values"]) == set(ours)
    for name, theirs in entry["values"].items():
        assert ours[name] == theirs, name

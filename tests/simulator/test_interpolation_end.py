"""Patches of an interpolating run: independent of other pixels by default, or with C's end of interpolation (L14)."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nbsim import Experiment, from_command
from nbsim.pixel import run_state
from nbsim.pixel.terms import contributions, interpolates

BOX = {"slow": range(5, 8), "fast": range(4, 8)}


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    sides = range(-6, 7)
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides]
    (tmp_path / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    command = (
        "-hkl box.hkl -interpolate -default_F 5 -cell 40 50 60 90 90 90 -misset 10 20 30 -N 2 -lambda 1 -distance 100 "
        "-detpixels 12 -pixel 2 -oversample 1 -phi 0.3 -osc 1 -phisteps 2"
    )
    return from_command(command, tmp_path)


def test_c_ends_the_interpolation_above_the_patch(experiment: Experiment) -> None:
    assert interpolates(experiment)
    state = run_state.run_state(experiment)
    assert state.interpolation_stop is not None and state.interpolation_stop[0] < BOX["slow"].start


def test_a_patch_follows_c_on_request(experiment: Experiment) -> None:
    patch = experiment.photons(**BOX, interpolation_end=True)
    single = [[experiment.pixel(slow, fast).value for fast in BOX["fast"]] for slow in BOX["slow"]]
    assert patch.tolist() == [[float(value) for value in row] for row in single]
    assert patch.float().equal(experiment.image().photons[5:8, 4:8])


def test_a_patch_depends_on_no_other_pixel(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    def searched(*_: object) -> None:
        raise AssertionError("the rows above were searched")

    as_c = experiment.photons(**BOX, interpolation_end=True)
    monkeypatch.setattr(run_state, "_interpolation_stop", searched)
    patch = experiment.photons(**BOX)
    switched_off = experiment.with_quirks(interpolation_switch_off=False)
    assert patch.equal(switched_off.photons(**BOX))
    pixels = torch.cartesian_prod(torch.arange(5, 8), torch.arange(4, 8))
    interpolated = contributions(experiment, pixels).f_cell != contributions(experiment, pixels).f_cell.round()
    assert bool(interpolated.any()) and not patch.equal(as_c)

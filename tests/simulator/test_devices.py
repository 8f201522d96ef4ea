"""The whole computation runs on the device of the experiment, and no tile waits for the device.

torch's meta device stands in for a GPU: it has shapes but no values, so that a stray CPU tensor, a read of a
value and a shape that depends on values are errors there, on a machine without any GPU.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nbsim import from_command
from nbsim.image import render as image
from nbsim.image.render import render
from nbsim.pixel.accumulation import sum_pixels
from nbsim.pixel.run_state import RunState
from nbsim.pixel.terms import contributions

BASE = "-cell 40 50 60 75 85 95 -misset 10 20 30 -distance 60 -detpixels 6 -pixel 3 -N 3 -default_F 20 -oversample 2 "
FULL = (
    "-round_xtal -phi 0 -osc 1 -phisteps 3",
    "-gauss_xtal -mosaic 1 -mosaic_domains 3 -dmin 2",
    "-tophat_spots -water 1 -curved_det x",
    "-oversample_polar -oversample_omega -oversample_thick -detector_abs 300 -detector_thick 200 -divergence 2 "
    "-hdivsteps 2 -vdivsteps 2",
    "-hkl box.hkl -interpolate -dispersion 1 -dispsteps 2 -point_pixel",
)
PLAIN = (
    "-phi 0 -osc 1 -phisteps 3 -detector_abs 300 -detector_thick 200",
    "-hkl box.hkl -nointerpolate -mask mask.img",
)


class Traffic(TorchDispatchMode):
    """Records operations that make the host wait: value reads, value-dependent shapes, copies between devices."""

    _ASKING = ("aten._local_scalar_dense", "aten.nonzero.", "aten.masked_select", "aten.unique", "aten.equal.")

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = str(func)
        tensors = [x for x in tree_leaves((args, kwargs, result)) if isinstance(x, torch.Tensor)]
        by_mask = name.startswith(("aten.index.", "aten.index_put")) and any(
            x is not None and x.dtype == torch.bool for x in args[1]
        )
        between = len({x.device for x in tensors}) > 1
        if by_mask or between or name.startswith(self._ASKING):
            self.seen.append(name)
        return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("devices")
    sides = range(-4, 5)
    rows = [f"{h} {k} {l} {5 + (h + k + l) % 7}" for h in sides for k in sides for l in sides]
    (path / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    header = b"{\nHEADER_BYTES=512;\nSIZE1=6;\nSIZE2=6;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\n}\n"
    pixels = torch.ones(36, dtype=torch.int16)
    pixels[::5] = 0
    (path / "mask.img").write_bytes(header.ljust(512) + pixels.numpy().tobytes())
    return path


def without_values(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to("meta")


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "dtype"), [("spec", torch.float32), ("c-parity", torch.float64)])
@pytest.mark.parametrize("options", FULL + PLAIN)
def test_the_formula_stays_on_its_device(options: str, mode: str, dtype: torch.dtype, folder: Path) -> None:
    there = from_command(BASE + options, folder, phi_mode=mode, dtype=dtype).mapped(without_values)
    pixels = torch.zeros((5, 2), dtype=torch.int64, device="meta")
    for first_pass in (False, True):
        with Traffic() as traffic:
            sums = sum_pixels(there, contributions(there, pixels, first_pass=first_pass))
        assert sums.value.device.type == "meta" and sums.value.dtype is dtype
        assert sums.value.shape == (5,)
        assert traffic.seen == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "quirks"),
    [
        *((options, {}) for options in (*FULL, PLAIN[0])),
        (FULL[3], {"cached_corrections": False, "running_sum_weights": False}),
    ],
)
def test_no_tile_waits_for_the_device(
    options: str, quirks: dict[str, bool], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every tile passes on a device without values; the first question about one comes when all are done."""
    here = from_command(BASE + options, folder, phi_mode="c-parity", quirks=quirks)
    there = here.mapped(without_values)
    # three tiles of twelve pixels
    monkeypatch.setattr(image, "_DEVICE_TERMS", 12 * (3 if options == PLAIN[0] else here.n_passes))
    # the search for inherited state reads values, before the loop
    monkeypatch.setattr(image, "run_state", lambda *_, **__: RunState((), (3, 2, 1)))
    reports: list[tuple[int, int, int]] = []
    with Traffic() as traffic, pytest.raises((RuntimeError, NotImplementedError), match=r"nonzero|item"):
        render(there, progress=lambda *counts: reports.append((*counts, len(traffic.seen))))
    assert reports == [(12, 36, 0), (24, 36, 0), (36, 36, 0)]


@pytest.mark.slow
@pytest.mark.parametrize("options", FULL + PLAIN)
def test_no_tile_asks_about_a_value(options: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = from_command(BASE + options, folder, phi_mode="c-parity")
    monkeypatch.setattr(image, "_UNCOMPILED_TERMS", 16)
    monkeypatch.setattr(image, "fits_in_turn", lambda _: False)  # for the CPU alone
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)  # the watch sees its own thread only
    asked: list[int] = []
    with Traffic() as traffic:
        render(here, compile_kernel=False, progress=lambda *_: asked.append(len(traffic.seen)))
    assert len(asked) > 2 and asked[0] == asked[-1]
    assert len(traffic.seen) > asked[-1]  # records after the loop show that recording was on

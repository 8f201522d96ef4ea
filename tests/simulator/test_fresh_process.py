"""``nbsim`` as a process of its own, which leaves out parts of torch, prints and writes the same as with all of it."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest

from nbsim import cli
from nbsim.cli import main
from support.flag_samples import write_inputs

PLAIN = "-cell 30 40 50 80 85 95 -misset 12 34 56 -lambda 1 -distance 60 -detpixels 24 -pixel 2 -seed 1 -noprogress"
COMMANDS = (
    "-N 3 -hkl box.hkl -interpolate -phi 0 -osc 3 -phisteps 2 -mosaic 2 -mosaic_domains 2 -trace_pixel 3 4 "
    "-printout_pixel 4 3 -curved_det yes -water 0.005 --compile off",
    "-N 4 -default_F 50 -gauss_xtal -oversample 2 -sourcefile sources.txt -detector_abs 300 -detector_thick 400 "
    "-thicksteps 2 -misset random --compile on --dtype float32",
)
FILES = ("floatimage.bin", "intimage.img", "image.pgm", "noiseimage.img")
WITHOUT = (
    "import sys, nbsim.cli as cli\n"
    "cli._load_torch()\n"
    "assert 'torch._meta_registrations' not in sys.modules and 'torch._decomp' not in sys.modules\n"
    "import torch\n"
    "assert torch.ones(2, device='meta').add(1).shape == (2,)\n"
    "import torch._meta_registrations\n"
    "assert torch._meta_registrations.__file__\n"
)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_fresh_process(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBSIM_CACHE", str(tmp_path / "kernels"))
    words = [*f"{PLAIN} {command}".split()]
    found = []
    for name in ("here", "fresh"):
        folder = tmp_path / name
        folder.mkdir()
        write_inputs(folder)
        monkeypatch.chdir(folder)
        if name == "fresh":
            done = subprocess.run([sys.executable, "-m", "nbsim", *words], capture_output=True, text=True, check=True)
            text = done.stdout
        else:
            with contextlib.redirect_stdout(io.StringIO()) as stream:
                assert main(words) == 0
            text = stream.getvalue()
        found.append((text, *((folder / file).read_bytes() for file in FILES)))
    assert found[0] == found[1]


@pytest.mark.slow
def test_the_parts_left_out_are_found_later() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT], check=True)


def test_only_a_tried_torch_is_imported_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "torch"]:
        monkeypatch.delitem(sys.modules, name)
    for version, known in (("2.13.0", True), ("2.13.1+cpu", True), ("2.130.0", False), ("2.6.0", False)):
        monkeypatch.setattr("importlib.metadata.version", lambda package, version=version: version)
        assert cli._is_known_torch() is known

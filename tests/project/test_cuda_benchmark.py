"""benchmarks/cuda.py where there is no GPU: it says so, and its steps run on the CPU."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from support.places import TOP

SCRIPT = TOP / "benchmarks" / "cuda.py"
Run = Callable[..., int]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cuda_benchmark", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["cuda.py", *words])
        code: int = script.main()
        return code

    return call


def test_without_a_gpu_it_says_so(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert run() == 0
    assert capsys.readouterr().out == "no usable CUDA device on this machine: nothing was checked or measured\n"


@pytest.mark.slow
def test_its_steps_run_on_the_cpu(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--device", "cpu", "--side", "8", "--repeats", "1") == 0
    out = capsys.readouterr().out
    assert "3 images of the C program, 0 beyond 1e-06" in out
    assert "gradient with respect to the misset: 0.0e+00 from the CPU" in out


def test_an_image_beyond_its_bound_fails(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, experiment, image = next(script.cases_of(SCRIPT.parents[1] / "tests" / "data" / "golden", "cpu"))
    monkeypatch.setattr(script, "cases_of", lambda *_: [(name, experiment, image * np.float64(1.0 + 3e-6))])
    assert script.check_images(Path(), "cpu") == 1
    assert "FAIL cubic_default_f: 3.0e-06" in capsys.readouterr().out


@pytest.mark.slow
def test_operations_are_counted(script: ModuleType) -> None:
    """Three nearest indices alone cost 5 + 2 operations each."""
    with script.Operations(100) as operations:
        x = torch.rand(10, 10)
        _ = (x * 2.0 + x).sum() + torch.ones(3).sum()
    assert operations.count == 300
    assert script.operations_per_term() > 3 * 7


def test_peak_of_a_card(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """An H100 SXM: 132 multiprocessors of 64 units at 1.98 GHz; its data sheet says 34 TFLOP/s."""

    class Card:
        major, minor, multi_processor_count, clock_rate = 9, 0, 132, 1_980_000

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: Card())
    peak, words = script.peak_of(0, None)
    assert peak == pytest.approx(34e12, rel=0.03) and "132 multiprocessors x 64" in words
    assert script.peak_of(0, 9.7) == (9.7e12, "given")
    del Card.clock_rate
    assert script.peak_of(0, None)[0] is None

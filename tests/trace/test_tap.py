"""`nbtui.tap`: what a port prints with it, and what it costs."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from nbtui import tap
from nbtui.parity.compare import compare
from nbtui.parity.own_values import shows_single
from nbtui.parity.preflight import show
from nbtui.trace.fields.catalogue import FIELDS, Shape, Tap
from nbtui.trace.fields.gradient import GROUP
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines
from support.places import TOP
from support.tapped import COUNTERS, GRID, TAPPED, every_value, read_back


def traced(body: Callable[[tap.PixelTrace], object]) -> list[str]:
    """The lines of a trace, without the one of the pixel."""
    out = io.StringIO()
    with tap.trace(pixel=(3, 7), out=out) as t:
        assert isinstance(t, tap.PixelTrace)
        body(t)
    first, *lines = out.getvalue().splitlines()
    assert first == "TRACE_CONFIG: tracing pixel (spixel=3, fpixel=7)"
    return lines


def read(lines: list[str]) -> Trace:
    return parse_lines(lines, "py.log")


def tap_all(t: Any, values: dict[str, tuple[Any, ...]], as_value: Callable[[Any], Any]) -> None:
    """Every value, as its own type, at its place."""
    for entry in TAPPED:
        name, numbers = entry.name, values[entry.name]
        key = name.rpartition(".")[2]
        if entry.tap is Tap.GRADIENT:
            t.gradient(name.removeprefix(GROUP), as_value(numbers[0]))
        elif entry.shape is Shape.TEXT:
            t(name, numbers[0])
        elif name == "tricubic.grid":
            t(name, as_value(np.reshape(numbers, (GRID, GRID, GRID)).tolist()))
        elif key not in (*COUNTERS, "phi_tic"):
            t(name, as_value(list(numbers) if len(numbers) > 1 else numbers[0]))


TYPES: dict[str, Callable[[Any], Any]] = {
    "float": lambda value: value,
    "numpy": np.asarray,
    "torch": lambda value: torch.tensor(value, dtype=torch.float64, requires_grad=True),
}


@pytest.mark.parametrize("kind", TYPES)
def test_every_bit_of_every_field_survives_tap_log_reader_and_comparison(kind: str) -> None:
    values = every_value()

    def body(t: tap.PixelTrace) -> None:
        with t.step(source=0), t.step(phi=0, domain=0):
            tap_all(t, values, TYPES[kind])

    torch.set_printoptions(precision=2)
    try:
        trace = read(traced(body))
    finally:
        torch.set_printoptions(profile="default")
    found = read_back(trace)
    assert set(found) == {entry.name for entry in TAPPED}
    for name, wanted in values.items():
        assert list(map(show, found[name])) == list(map(show, wanted)), name
        assert [repr(float(x)) for x in found[name] if not isinstance(x, str)] == [
            repr(float(x)) for x in wanted if not isinstance(x, str)
        ], name
    assert not trace.unknown and not trace.notices and trace.pixel is None
    same = compare(trace, trace)
    assert same.num_divergent == 0 and {row.field for row in same.rows} >= {"I_pixel_final", "gradient.cell_a"}


def test_a_bit_more_or_less_is_seen_in_every_field() -> None:
    values = every_value()
    other = {
        name: tuple(np.nextafter(x, np.inf) if isinstance(x, float) else x for x in found)
        for name, found in values.items()
    }
    logs = []
    for these in (values, other):
        with_these = these

        def body(t: tap.PixelTrace, with_these: dict[str, tuple[Any, ...]] = with_these) -> None:
            with t.step(source=0), t.step(phi=0, domain=0):
                tap_all(t, with_these, TYPES["float"])

        logs.append(read(traced(body)))
    rows = [row for row in compare(*logs, tolerance=0.0).rows if isinstance(row.c_value, float)]
    assert {row.ulp for row in rows} == {1}
    assert {row.field.replace("source[0]", "source") for row in rows} == {
        entry.name
        for entry in TAPPED
        if entry.tap is not Tap.TERM and any(isinstance(value, float) for value in values[entry.name])
    }


def test_the_table_is_that_of_the_catalogue() -> None:
    rows = {row.name: row for row in tap.fields()}
    assert set(rows) == {entry.name for entry in FIELDS if entry.tap is not Tap.PRINTOUT}
    shapes = {Shape.HKL: "vector"}
    for entry in TAPPED:
        row = rows[entry.name]
        assert row.unit == (entry.unit or "-")
        assert row.shape == shapes.get(entry.shape, entry.shape) or entry.name == "tricubic.grid"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_another_precision_is_stated_once_and_reaches_the_comparison(dtype: torch.dtype) -> None:
    def body(t: tap.PixelTrace) -> None:
        t("hkl_frac", torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64))
        for _ in range(2):
            t("F_cell", torch.tensor(0.1, dtype=dtype))
        t("I_pixel_final", np.float64(2.5))

    lines = traced(body)
    name = str(dtype).removeprefix("torch.")
    assert [line for line in lines if "DTYPE" in line] == [f"TRACE_PY_DTYPE: F_cell {name}"]
    trace = read(lines)
    (record, _) = trace.all("F_cell")
    assert record.values == (float(torch.tensor(0.1, dtype=dtype)),)
    assert not trace.unknown
    found = compare(read(lines), trace).findings
    assert any(f"states that it was computed in {name}: F_cell" in finding for finding in found)


def test_a_stated_double_is_no_single_precision() -> None:
    lines = ["TRACE_PY: F_cell 0.1", "TRACE_PY_DTYPE: F_cell float64"]
    assert not shows_single(read(lines)) and shows_single(read([lines[0], "TRACE_PY_DTYPE: F_cell float32"]))


def test_steps_print_where_c_prints_and_fill_the_phi_and_term_lines() -> None:
    def body(t: tap.PixelTrace) -> None:
        for phi in range(3):
            with t.step(phi=phi):
                t("phi.phi_deg", 0.5 * phi)
                for domain in range(2):
                    with t.step(domain=domain):
                        t("hkl_frac", [1.0 + phi, 2.0 + phi, 3.0 + domain])
                        t("F_latt", 10.0 * phi + domain)
                        t("F_cell", 4.0)
                        t("term.F_cell2_F_latt2", 1.5)

    trace = read(traced(body))
    assert [(record.name, record.values) for record in trace.records] == [
        ("hkl_frac", (1.0, 2.0, 3.0)),
        ("F_latt", (0.0,)),
        ("F_cell", (4.0,)),
    ]
    assert [line.values for line in trace.phi] == [
        {"phi_tic": phi, "phi_deg": 0.5 * phi, "k_frac": 2.0 + phi, "F_latt": 10.0 * phi} for phi in range(3)
    ]
    terms = [line.values for line in trace.terms]
    assert [(term["phi_step"], term["mosaic_domain"], term["l"], term["F_latt"]) for term in terms] == [
        (phi, domain, 3.0 + domain, 10.0 * phi + domain) for phi in range(3) for domain in range(2)
    ]


def test_a_block_of_a_sub_pixel_is_printed_for_each() -> None:
    def body(t: tap.PixelTrace) -> None:
        for sub in range(2):
            with t.step(sub_slow=0, sub_fast=sub):
                t("pixel_pos_meters", [sub, 0.0, 1.0])
                for source in range(2):
                    with t.step(source=source):
                        t("F_cell", 3.0 + source)

    records = read(traced(body)).all("F_cell")
    assert [record.values for record in records] == [(3.0,), (3.0,)]


WRONG: dict[str, tuple[Callable[[tap.PixelTrace], object], str]] = {
    "a typo": (lambda t: t("omega_pixl", 1.0), "did you mean 'omega_pixel'"),
    "a scalar for a vector": (lambda t: t("hkl_frac", 1.0), "hkl_frac takes 3 values"),
    "a whole image": (lambda t: t("F_cell", torch.zeros(4, 5)), "has the shape (4, 5); tap the traced element"),
    "a complex number": (lambda t: t("F_cell", 1j), "no numbers"),
    "a text": (lambda t: t("F_cell", "12"), "takes numbers"),
    "a number for a text": (lambda t: t("detector_convention", 1), "takes a text"),
    "no gradient": (lambda t: t.gradient("cell_a", None), "no numbers"),
    "an unknown parameter": (lambda t: t.gradient("cell_q", 1.0), "did you mean 'cell_"),
    "part of a parameter": (lambda t: t.gradient("cell", [1.0, 2.0]), "has 6 values"),
    "a gradient as a value": (lambda t: t("gradient.cell_a", 1.0), "t.gradient('cell_a', ...)"),
    "an unknown loop": (lambda t: t.step(phy=1), "did you mean 'phi'"),
    "a negative counter": (lambda t: t.step(phi=-1), "counters begin at 0"),
    "a phi value outside of a step": (lambda t: t("phi.k_frac", 1.0), "t.step(phi=i)"),
    "a source value outside of a step": (lambda t: t("source.polar", 1.0), "t.step(source=i)"),
    "an own value with a known name": (lambda t: t.own("F_cell", 1.0), "not in the catalogue"),
    "an uneven grid": (lambda t: t("tricubic.grid", [1.0, 2.0]), "takes a cube"),
    "a batch": (lambda t: torch.func.vmap(lambda x: (t("F_cell", x), x)[1])(torch.ones(3)), "no numbers"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_tap_is_refused_with_the_remedy(what: str) -> None:
    body, words = WRONG[what]
    with pytest.raises(tap.TapError) as raised:
        traced(body)
    assert words in str(raised.value)


def test_an_own_value_is_compared() -> None:
    lines = traced(lambda t: t.own("my_value", [0.1, 0.2]))
    assert read(lines).all("my_value")[0].values == (0.1, 0.2)


def test_numbers_that_are_not_finite_are_printed() -> None:
    lines = traced(lambda t: t("hkl_frac", [float("nan"), float("-inf"), -0.0]))
    h, k, l = map(str, read(lines).all("hkl_frac")[0].values)
    assert (h, k, l) == ("nan", "-inf", "-0.0")


class Untouchable:
    """A value that nothing may look at."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"a tap that is off asked for {name}")


def test_a_tap_that_is_off_touches_nothing() -> None:
    with tap.trace(pixel=None, out="nowhere/py.log") as t:
        assert not t and t.pixel is None and tap.current() is t
        with t.step(phi=1):
            t("omega_pixel", Untouchable())
            t.gradient("cell_a", Untouchable())
            t.own("mine", Untouchable())


def test_a_trace_is_found_from_anywhere_until_it_ends(tmp_path: Path) -> None:
    log = tmp_path / "py.log"
    with tap.trace(pixel=(3, 7), out=log) as t:
        assert tap.current() is t
        tap.current()("F_cell", 1.0)
        assert "F_cell" in log.read_text()  # a crash of the port leaves what it had
    assert not tap.current()
    with pytest.raises(tap.TapError, match="not open"):
        t("F_cell", 1.0)


def test_a_copy_works_in_a_port_that_has_no_nbtui(tmp_path: Path) -> None:
    shutil.copy(str(tap.__file__), tmp_path / "tap.py")
    (tmp_path / "port.py").write_text("import tap\nwith tap.trace((1, 2)) as t:\n    t('F_cell', 0.1)\n")
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import sys; sys.path.insert(0, '.'); import port; print(len(sys.modules))",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "TRACE_PY: F_cell 0.10000000000000001" in done.stdout
    listed = subprocess.run(
        [sys.executable, "-I", "-S", "tap.py", "--fields"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert listed.stdout.count("\n") == len(TAPPED) and "F_cell" in listed.stdout


def intensity(x: torch.Tensor) -> torch.Tensor:
    """A function with taps outside and inside of steps."""
    t = tap.current()
    y = x.sin() * 2.0
    t("F_cell", y[0])
    total = y.sum()
    for phi in range(2):
        with t.step(phi=phi):
            t("F_latt", total * phi)
            total = total + y[phi].cos()
    t("I_pixel_final", total)
    return total


def explained(x: torch.Tensor) -> Any:
    torch._dynamo.reset()
    return torch._dynamo.explain(intensity)(x)


@pytest.fixture
def dynamo() -> ModuleType:
    return pytest.importorskip("torch._dynamo")


@pytest.mark.slow
def test_torch_compile_sees_one_graph_while_off_and_a_break_while_on(dynamo: ModuleType) -> None:
    x = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)
    off = explained(x)
    assert off.graph_count == 1 and not off.break_reasons
    whole = torch.compile(intensity, backend="eager", fullgraph=True)
    assert whole(x) == intensity(x)
    compiled = torch.compile(intensity, backend="eager")
    plain, broken = (traced(lambda t, run=run: run(x)) for run in (intensity, compiled))
    assert plain == broken and len(plain) == 5
    with tap.trace(pixel=(0, 0), out=io.StringIO()):
        on = explained(x)
        assert on.break_reasons and "F_cell" in on.break_reasons[0].user_stack[-1].line
        dynamo.reset()
        with pytest.raises(dynamo.exc.Unsupported):
            torch.compile(intensity, backend="eager", fullgraph=True)(x)


@pytest.mark.slow
def test_opening_many_traces_compiles_on_and_off_once_each(dynamo: ModuleType) -> None:
    graphs = []

    def backend(graph: Any, inputs: Any) -> Any:
        graphs.append(graph)
        return graph

    dynamo.reset()
    compiled = torch.compile(intensity, backend=backend)
    x = torch.ones(3, dtype=torch.float64)
    counts = []
    for _ in range(4):
        compiled(x)
        traced(lambda t: compiled(x))
        counts.append(len(graphs))
    assert len(set(counts)) == 1


def test_transforms_keep_their_gradients() -> None:
    x = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)
    wanted = torch.func.grad(intensity)(x)
    found: list[torch.Tensor] = []
    lines = traced(lambda t: found.append(torch.func.grad(intensity)(x)))
    assert torch.equal(found[0], wanted)
    assert read(lines).all("I_pixel_final")[0].values == (float(intensity(x)),)


def test_the_page_shows_a_port_that_runs() -> None:
    page = (TOP / "docs" / "traces.md").read_text("utf-8")
    example = page.partition("## A port in Python")[2].partition("```python\n")[2].partition("```")[0]
    chance = random.Random(3)
    axes = {"hkl": (2, 2, 3), "f_latt": (2, 2), "f_cell": (2, 2)}
    names: dict[str, Any] = {
        name: torch.tensor(np.reshape([chance.random() for _ in range(int(np.prod(shape)))], shape))
        for name, shape in axes.items()
    }
    names |= {"omega": torch.tensor(0.5, dtype=torch.float64)}
    names |= {"scale": torch.tensor(2.0, dtype=torch.float64, requires_grad=True)}
    out = io.StringIO()
    exec(example.replace('"py.log"', "out"), {**names, "out": out})
    trace = read(out.getvalue().splitlines())
    assert trace.pixel == (685, 1039) and len(trace.phi) == 2 and len(trace.terms) == 4
    assert trace.all("gradient.wavelength") and trace.all("hkl_frac") and not trace.unknown

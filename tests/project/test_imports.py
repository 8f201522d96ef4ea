"""What a process really loads; the static graph cannot prove that a deferred import defers."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import nbtui
from support.places import DEMO

HEAVY = ("torch", "textual", "numpy", "nbsim")


def loaded_by(code: str, cwd: Path) -> set[str]:
    """Which of HEAVY a fresh interpreter has loaded after running ``code``."""
    report = f"\nimport sys; print('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, check=True, cwd=cwd)
    return set(done.stdout.splitlines()[-1].split()[1:])


def run_main(*words: str) -> str:
    return f"from nbtui.cli import main; main({list(words)!r})"


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        ("compare", "--help"),
        ("export", "--help"),
        ("compare", "--c", str(DEMO / "trace_c.log"), "--py", str(DEMO / "trace_c.log")),
        ("compare", "--c", str(DEMO / "trace_c.log"), "--py", str(DEMO / "trace_c.log"), "--json"),
        ("compare", "--c", "nowhere", "--py", "nowhere"),
    ],
)
def test_help_and_comparing_two_logs_load_neither_torch_nor_textual_nor_numpy(
    words: tuple[str, ...], here: Path
) -> None:
    assert loaded_by(run_main(*words), here) == set()


def test_reading_a_case_loads_no_torch(here: Path) -> None:
    loaded = loaded_by("from nbtui.live.cases import load_case; load_case(None)", here)
    assert not loaded & {"torch", "textual"}


def test_an_export_loads_no_textual(here: Path) -> None:
    assert "textual" not in loaded_by(run_main("export", "demo"), here)


def test_the_simulator_loads_nothing_of_the_console(here: Path) -> None:
    code = "import nbsim.setup.build, sys; assert not [m for m in sys.modules if m.split('.')[0] in ('nbtui', 'rich')]"
    assert "textual" not in loaded_by(code, here)


def test_no_import_goes_round_in_a_circle() -> None:
    """Also none that is put off, or there for the types only: two modules that know each other are one."""
    root = Path(nbtui.__file__).parents[1]
    modules = {".".join(path.relative_to(root).with_suffix("").parts): path for path in root.glob("nbtui/**/*.py")}
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        known = {f"{node.module}.{alias.name}" for node in _imports(path) for alias in node.names}
        known |= {node.module for node in _imports(path) if node.module}
        graph[name] = (known & modules.keys()) - {name}
    assert len(graph) > 200
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError with the circle


def _imports(path: Path) -> list[ast.ImportFrom]:
    return [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]

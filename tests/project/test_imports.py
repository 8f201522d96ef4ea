"""What a process really loads; the static graph cannot prove that a deferred import defers."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from types import ModuleType

import pytest

import nbsim
import nbtui
from support.places import DEMO

HEAVY = ("torch", "textual", "numpy", "nbsim", "sympy")


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


def test_the_python_interface_loads_nothing_until_it_is_used(here: Path) -> None:
    assert loaded_by("import nbtui.api; dir(nbtui.api)", here) == set()
    two_logs = "from nbtui.api import compare; print(compare('TRACE_PY: F_cell 1', reference='TRACE_C: F_cell 1'))"
    assert loaded_by(two_logs, here) == set()


def test_reading_a_case_loads_no_torch(here: Path) -> None:
    loaded = loaded_by("from nbtui.live.cases import load_case; load_case(None)", here)
    assert not loaded & {"torch", "textual"}


@pytest.mark.slow
def test_an_export_loads_no_textual_and_its_simulation_no_sympy(here: Path) -> None:
    """Some functions of torch load sympy at their first call, for half a second."""
    assert not loaded_by(run_main("export", "demo"), here) & {"textual", "sympy"}


@pytest.mark.slow
def test_the_simulator_loads_nothing_of_the_console(here: Path) -> None:
    code = "import nbsim.setup.build, sys; assert not [m for m in sys.modules if m.split('.')[0] in ('nbtui', 'rich')]"
    assert "textual" not in loaded_by(code, here)


@pytest.mark.parametrize("package", [nbtui, nbsim], ids=lambda package: str(package.__name__))
def test_no_import_goes_round_in_a_circle(package: ModuleType) -> None:
    """Deferred imports and imports for types count too: two modules that know each other are one."""
    modules = _modules(package)
    graph = {name: _known(path, modules.keys()) - {name} for name, path in modules.items()}
    assert len(graph) > 50 and sum(map(len, graph.values())) > len(graph)
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError with the circle


def _modules(package: ModuleType) -> dict[str, Path]:
    """Every module of a package by its dotted name; a folder goes by the name of the package it makes."""
    home = Path(str(package.__file__)).parent
    found = {path.relative_to(home.parent).with_suffix("").parts: path for path in home.rglob("*.py")}
    return {".".join(parts[:-1] if parts[-1] == "__init__" else parts): path for parts, path in found.items()}


def _known(path: Path, modules: Collection[str]) -> set[str]:
    """The modules that a file imports, wherever in it."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            named |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        elif isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
    return named & set(modules)

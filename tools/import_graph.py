"""The rooms of both packages and the imports between them, read from the source as it is.

A room is a package directly below nbtui or nbsim, or a module there that imports from one. Other modules at that
level (errors, vectors, paths) are small helpers of their package and are left out.
"""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import grimp

TOP = Path(__file__).resolve().parents[1]
ROOTS = {"nbsim": TOP / "simulator", "nbtui": TOP / "src"}

# the values that travel from room to room, and the room that makes each: it returns one, or defines the class
DATA = {
    "Options": "nbsim.options",
    "StructureFactors": "nbsim.factors",
    "ExperimentData": "nbsim.setup",
    "Experiment": "nbsim.api",
    "Terms": "nbsim.pixel",
    "PixelResult": "nbsim.pixel",
    "Image": "nbsim.image",
    "Case": "nbtui.live",
    "Simulation": "nbtui.live",
    "Trace": "nbtui.trace",
    "Comparison": "nbtui.parity",
    "Picture": "nbtui.images",
    "ImageComparison": "nbtui.images",
    "Diagnosis": "nbtui.diagnosis",
    "Package": "nbtui.evidence",
}


@dataclass(frozen=True)
class Room:
    """A room: the first sentence of its docstring, the rooms it imports, the data it takes from them and makes.

    ``parts``: the packages directly inside it, name and sentence.
    """

    name: str
    sentence: str
    uses: tuple[str, ...]
    takes: tuple[str, ...]
    makes: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]


def read_rooms() -> tuple[Room, ...]:
    """Every room, those that others build on first. Raises SystemExit when two rooms import each other."""
    graph = grimp.build_graph(*ROOTS, cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    heads = {name for name in imports if name.count(".") <= 1}
    packages = {name for name in heads - ROOTS.keys() if _file(name).name == "__init__.py"}
    names = packages | {name for name in heads if any(_room(used) in packages for used in imports[name])}
    uses: dict[str, set[str]] = {name: set() for name in names}
    taken: dict[str, set[str]] = {name: set() for name in names}
    made: dict[str, set[str]] = {name: set() for name in names}
    for module in imports:
        room = _room(module)
        if room in names:
            tree = ast.parse(_file(module).read_text("utf-8"))
            uses[room] |= {_room(used) for used in imports[module]} & (names - {room})
            taken[room] |= {name for name in _imported(tree, room) if DATA[name] != room}
            made[room] |= {name for name in _made(tree) if DATA[name] == room}
    for name, home in DATA.items():
        if name not in made.get(home, ()):
            raise SystemExit(f"tools/import_graph.py: {home} no longer makes {name}")
    return tuple(
        Room(
            name,
            _sentence(name),
            tuple(sorted(uses[name])),
            _in_order(taken[name]),
            _in_order(made[name]),
            tuple(_parts(name, imports)),
        )
        for name in _ordered(uses)
    )


def essential(rooms: tuple[Room, ...]) -> Iterator[tuple[str, str]]:
    """The imports (user, source) that no chain of other imports implies: what a picture has to draw."""
    below: dict[str, set[str]] = {}
    for room in rooms:
        below[room.name] = set(room.uses).union(*(below[source] for source in room.uses))
        for source in room.uses:
            if not any(source in below[other] for other in room.uses if other != source):
                yield room.name, source


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _file(module: str) -> Path:
    root, *parts = module.split(".")
    path = ROOTS[root].joinpath(root, *parts)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _sentence(module: str) -> str:
    """First paragraph of a docstring up to its first full stop."""
    text = ast.get_docstring(ast.parse(_file(module).read_text("utf-8"))) or ""
    paragraph = " ".join(text.split("\n\n")[0].split())
    return paragraph.split(". ")[0].removesuffix(".").replace("`", "") + "."


def _imported(tree: ast.Module, room: str) -> Iterator[str]:
    """The classes of DATA that a module imports from other rooms."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and _room(node.module) != room:
            yield from (alias.name for alias in node.names if alias.name in DATA)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ROOTS:
            yield from {node.attr} & DATA.keys()  # nbsim.Options


def _made(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and isinstance(node.returns, ast.Name) and node.returns.id in DATA:
            yield node.returns.id
        elif isinstance(node, ast.ClassDef) and node.name in DATA:
            yield node.name


def _parts(room: str, modules: Iterable[str]) -> Iterator[tuple[str, str]]:
    inside = (name for name in sorted(modules) if name.startswith(f"{room}.") and room not in ROOTS)
    for name in inside:
        if _file(name).name == "__init__.py":
            yield name.removeprefix(f"{room}."), _sentence(name)


def _in_order(names: set[str]) -> tuple[str, ...]:
    return tuple(name for name in DATA if name in names)


def _ordered(uses: Mapping[str, set[str]]) -> tuple[str, ...]:
    sorter = graphlib.TopologicalSorter({name: sorted(uses[name]) for name in sorted(uses)})
    try:  # both packages in one piece: nbsim imports nothing of nbtui
        return tuple(sorted(sorter.static_order(), key=lambda name: name.startswith("nbtui")))
    except graphlib.CycleError as error:
        raise SystemExit(f"these rooms import each other: {' -> '.join(error.args[1])}") from error

"""The function of the simulator that computes a trace field, with its file and line. Does not load torch."""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from nbtui.trace.fields.catalogue import Field


def made_by(entry: Field) -> str:
    """``nbsim/pixel/lattice.py:52 grating``; empty for a field that the simulator does not print."""
    from nbsim import MADE_BY, SETUP_LINES_MADE_BY

    if not entry.simulated:
        return ""
    module, _, qualified = (SETUP_LINES_MADE_BY if entry.tap.in_setup else MADE_BY[entry.name]).partition(":")
    path, function = module.replace(".", "/") + ".py", qualified.rpartition(".")[2]
    line = _lines(path).get(function)
    return f"nbsim/{path}:{line} {function}" if line else f"nbsim/{path} {function}"


@cache
def _lines(path: str) -> dict[str, int]:
    """The first line of every function in a file of the simulator, read as text, without an import."""
    spec = find_spec("nbsim")
    for folder in spec.submodule_search_locations or () if spec else ():
        try:
            tree = ast.parse((Path(folder) / path).read_text(encoding="utf-8"))
        except (OSError, SyntaxError):
            continue
        return {node.name: node.lineno for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return {}

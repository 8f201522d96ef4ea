"""``make sentences``: docs/sentences.md, every user-visible sentence of both programs in one place for review.

The sentences are the string literals of two words or more in the source, f-strings with their fields in braces, and
the help texts of the subcommands. ``--check`` writes nothing and says whether the page is out of date (exit code 1).
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
PAGE = TOP / "docs" / "sentences.md"
SOURCES = (TOP / "simulator" / "nbsim", TOP / "src" / "nbtui")
HEAD = """# Sentences

Made by `make sentences`. Every sentence that either program can print, by room and module, for one review of the
English. Change a sentence in its module, never here; the rule for prose is in CONTRIBUTING.md.
"""

_WORD = re.compile(r"(?<![\w\\%{./-])[A-Za-z][a-z']+(?![\w({=/])")
_FIELD = re.compile(r"\{[^{}]*\}")
_FEWEST = 2  # words of a sentence
_SILENT = ("compile", "Literal", "TypeVar", "cast")  # calls whose texts no user sees


def page() -> str:
    """The whole file."""
    rooms: dict[str, list[str]] = {}
    for path in sorted(file for source in SOURCES for file in source.rglob("*.py")):
        found = sorted(set(sentences(path.read_text("utf-8"))), key=lambda text: (text.casefold(), text))
        if found:
            lines = "".join(f"{_indented(text)}\n" for text in found)
            part = f"\n`{path.relative_to(TOP).as_posix()}`\n\n```text\n{lines}```\n"
            rooms.setdefault(".".join(path.relative_to(TOP).parts[1:-1][:2]), []).append(part)
    return HEAD + "".join(f"\n## {room}\n{''.join(parts)}" for room, parts in sorted(rooms.items()))


def sentences(source: str) -> list[str]:
    """Every sentence in the source of one module."""
    reader = _Reader()
    reader.visit(ast.parse(source))
    return reader.found


class _Reader(ast.NodeVisitor):
    """Collects the sentences of a module; docstrings and annotations are not printed, help texts are."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._add(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._add("".join(_part(value) for value in node.values))
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                self.visit(value.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if any("command" in ast.unparse(decorator) for decorator in node.decorator_list):
            self._add(" ".join((ast.get_docstring(node) or "").split()))
        for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults, *node.body):
            if part is not None:
                self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        if ast.unparse(node.func).rpartition(".")[2] not in _SILENT:
            self.generic_visit(node)

    def _add(self, text: str) -> None:
        if "\\s" not in text and "\\w" not in text and len(_WORD.findall(_FIELD.sub("", text))) >= _FEWEST:
            self.found.append(text.strip())


def _part(value: ast.expr) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    assert isinstance(value, ast.FormattedValue)
    expression = ast.unparse(value.value)
    return "{" + (expression if len(expression) <= 40 else "...") + "}"


def _indented(text: str) -> str:
    return "\n    ".join(line.rstrip() for line in text.splitlines() if line.strip())


def main(words: list[str]) -> int:
    """Write the page, or say with ``--check`` that it is not as it would be written."""
    text = page()
    if PAGE.is_file() and PAGE.read_text("utf-8") == text:
        return 0
    if "--check" in words:
        print("out of date: docs/sentences.md; run 'make sentences'", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Prose of sentences, docstrings, comments and docs: noun first, active verb, the field's standard term.

A machine cannot judge English; it can refuse the turns of phrase that this project has fallen into before.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.places import TOP

# turn of phrase -> what to write instead
REFUSED = {
    r"\banew\b": "again, or a verb with re-",
    r"\bunasked\b": "automatically",
    r"\b(?:is|are|was|were|be|been) told (?!apart)": "receives, knows; or name the sender as the subject",
    r"(?<!there )\bare no \w+": "'are not ...' or 'no ... exist'",
    r"(?<!there )\bis no (?:\w+ ){1,2}(?:of|that|but|which)\b": "'is not a ...'",
    r"(?<!there )\bis no (?:number|whole number|index|text|file|pixel|case|package|key|name)\b": "'is not a ...'",
    r"\bthere is nobody\b": "'nobody ...'",
    r"\bwhat is (?:shown|there|drawn|known|looked|asked|on the screen)\b": "the noun: the picture, the rows, the state",
    r"\bas it does\b": "name the behaviour",
    r"\bstays? to be\b": "remains to be, must still be",
    r"\blies there\b": "exists",
    r"\bof its own accord\b": "automatically",
    r"\bnothing but what\b": "only",
    r"\bwho (?:presses|asks|reads|looks|sees)\b": "the user, the reader",
    r"\bthe way out\b": "the remedy",
    r"\bin force\b": "effective",
    r"\b[Mm]end(?:s|ed|ing)?\b": "fix, correct, repair",
    r"\bby itself\b": "automatically",
    r"\bso already\b": "already in effect",
    r"\bof use\b": "available, usable",
    r"\bhow far (?:it|something) is\b": "progress",
    r"\bis said\b": "is reported; or name the reporter as the subject",
    r"\bthat there (?:is|are)\b": "existing, available",
    r"\bstands on\b": "is on, jumps to",
    r"\bthis is a fault of\b": "this is a bug in",
}
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "reports/README.md", "tests/data")
GENERATED = ("sentences.md",)  # repeats the source
FOLDERS = ("simulator", "src", "tools", "tests", "benchmarks", "examples")


def rooms() -> list[str]:
    """Every package of the source and every folder of tests, as paths from the top."""
    found = {path.parent for folder in FOLDERS for path in (TOP / folder).rglob("*.py")}
    return sorted(folder.relative_to(TOP).as_posix() for folder in found)


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string (docstrings too) and every comment of a module."""
    source = path.read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def refused(text: str) -> Iterator[str]:
    """The refused turns of phrase in a text, each with the advice for it."""
    flat = " ".join(text.split())
    for pattern, advice in REFUSED.items():
        for match in re.finditer(pattern, flat):
            yield f"'{flat[max(match.start() - 30, 0) : match.end() + 30]}': {advice}"


@pytest.mark.parametrize("room", rooms())
def test_prose_of_a_room(room: str) -> None:
    paths = [path for path in (TOP / room).glob("*.py") if path != Path(__file__)]
    found = [f"{path.name}:{line} {one}" for path in paths for line, text in prose_of(path) for one in refused(text)]
    assert not found, "\n".join(found)


def test_prose_of_the_pages() -> None:
    paths = [path for name in PAGES for path in ([TOP / name] if name.endswith(".md") else (TOP / name).rglob("*.md"))]
    assert len(paths) > 8
    texts = [(path, path.read_text("utf-8")) for path in paths if path.name not in GENERATED]
    found = [f"{path.name}: {one}" for path, text in texts for one in refused(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text", ["The screen is painted anew.", "these are no indices", "it stays to be seen", "draws what is shown"]
)
def test_the_turns_of_phrase_are_seen(text: str) -> None:
    assert list(refused(text))


def test_plain_english_passes() -> None:
    assert not list(
        refused("The pane draws the rows. 'x' is not a number. Reloading pauses until '=' is pressed again.")
    )

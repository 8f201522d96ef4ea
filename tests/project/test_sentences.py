"""docs/sentences.md holds every user-visible sentence of the source."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from support.places import TOP

SOURCE = '''
"""The docstring of a module."""
WORDS = {"id": ("two words", "one")}
PATTERN = re.compile("not a sentence")

def move(steps: "an annotation") -> int:
    """The docstring of a function."""
    raise ValueError(f"cannot move {steps} steps: {'the wall' if steps else 'no room'} is near")

@click.command("move")
@click.option("--far", help="Go far away.")
def command():
    """Move
    the thing."""
    return move(default := "the default value")
'''


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sentences", TOP / "tools" / "sentences.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_messages_tables_and_help_are_sentences_docstrings_and_patterns_are_not(tool: ModuleType) -> None:
    assert set(tool.sentences(SOURCE)) == {
        "two words",
        "cannot move {steps} steps: {'the wall' if steps else 'no room'} is near",
        "the wall",
        "no room",
        "Go far away.",
        "Move the thing.",
        "the default value",
    }


def test_the_page_is_current(tool: ModuleType) -> None:
    assert tool.PAGE.read_text("utf-8") == tool.page(), "run 'make sentences'"


@pytest.mark.slow
def test_a_sentence_of_every_kind_of_table_is_found(tool: ModuleType) -> None:
    """A flag's help, an action's, a setting's, a hypothesis, a field's meaning, a command's help, an error."""
    page = tool.page()
    for room in ("nbsim.options", "nbtui.console", "nbtui.commands", "nbtui.diagnosis", "nbtui.trace", "nbtui"):
        assert f"\n## {room}\n" in page
    for text in ("wavelength", "next field that differs", "tolerance profile: scaling", "Print the JSON Schema"):
        assert text in page

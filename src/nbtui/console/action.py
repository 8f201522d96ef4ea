"""Actions and their keys: the source of bindings, foot lines, help and documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Never, TypeVar

Asked = TypeVar("Asked", contravariant=True)


def _always(state: object) -> bool:
    return True


@dataclass(frozen=True)
class Action(Generic[Asked]):
    """One action of a key.

    ``keys`` are Textual's key names, ``written`` their spelling for people, ``label`` the word in the foot line
    (empty: only in the help), ``when`` whether the action applies in a state: the foot line leaves it out otherwise.
    ``everywhere``: available on every screen, because it concerns the terminal.
    """

    id: str
    keys: tuple[str, ...]
    written: str
    label: str
    help: str
    when: Callable[[Asked], bool] = _always
    everywhere: bool = False

    @property
    def shown(self) -> str:
        """The keys as displayed: the user's own from ``[keys]`` (see `keymap`), else the defaults."""
        return USERS.get(id(self), self.written)


@dataclass(frozen=True)
class ActionTable(Generic[Asked]):
    """The actions of one screen; ``prefix`` starts their ids in ``[keys]``."""

    prefix: str
    title: str
    actions: tuple[Action[Asked], ...]

    def __iter__(self) -> Iterator[Action[Asked]]:
        return iter(self.actions)

    def setting(self, action: Action[Never]) -> str:
        """The id of an action in ``[keys]``."""
        return f"{self.prefix}{action.id}"

    def key(self, id: str) -> str:
        """The key of an action, for use in a sentence."""
        return _first(next(action for action in self.actions if action.id == id))

    def foot(self, words: Mapping[str, str | None]) -> list[tuple[str, str]]:
        """Keys and words of a foot line. ``words``: other words by action, None for an action that is left out."""
        said = {action.id: action.label for action in self.actions} | dict(words)
        return [(_first(action), word) for action in self.actions if (word := said[action.id])]

    def text_foot(self, *more: tuple[str, str]) -> list[tuple[str, str]]:
        """The same for a text in place of a list; ``more``: further keys and words."""
        up, down, left, right = map(self.key, ("up", "down", "left", "right"))
        return [(f"{up} {down}", "scroll"), (f"{left} {right}", "sideways"), *more, (self.key("close"), "back")]


def list_actions(first: str, last: str, close: Action[object]) -> tuple[Action[object], ...]:
    """The last actions of a screen with a list; ``first`` and ``last`` describe its rows at both ends.

    New ones for every screen, because a user's keys belong to the action of one screen.
    """
    return (
        Action("up", ("up", "k"), "up k", "", "one line up"),
        Action("down", ("down", "j"), "down j", "", "one line down"),
        Action("page_up", ("pageup",), "PgUp", "", "a page up"),
        Action("page_down", ("pagedown",), "PgDn", "", "a page down"),
        Action("first", ("home",), "Home", "", first),
        Action("last", ("end",), "End", "", last),
        Action("left", ("left",), "left", "", "text to the left"),
        Action("right", ("right",), "right", "", "text to the right"),
        Action("help", ("question_mark",), "?", "help", "these keys"),
        close,
        Action("interrupt", ("ctrl+c",), "Ctrl-C", "", "leave at once; exit code 130"),
    )


def _first(action: Action[Never]) -> str:
    return action.shown.split(" ")[0]


@dataclass(frozen=True)
class KeyTable:
    """The keys of a screen for the help page; ``opened_by`` is the action of the main screen that opens it."""

    actions: ActionTable[Never]
    opened_by: str


USERS: dict[int, str] = {}  # displayed user keys, by action identity: screens share ids such as "help"

"""Actions and their keys: the tables from which bindings, foot lines, help and docs are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Never, TypeVar

Asked = TypeVar("Asked", contravariant=True)


def _always(state: object) -> bool:
    return True


@dataclass(frozen=True)
class Action(Generic[Asked]):
    """Something a key does.

    ``keys`` are Textual's key names, ``written`` is how a person writes them, ``label`` the word in the foot line
    (empty: only in the help), ``when`` whether the action applies in a state: the foot line leaves it out otherwise.
    ``everywhere``: on every screen, because it is about the terminal.
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
        """The keys to show: the user's own where ``[keys]`` has some (see `keymap`), else as written here."""
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
        """The key of an action, for a sentence."""
        return next(action for action in self.actions if action.id == id).shown.split(" ")[0]


@dataclass(frozen=True)
class KeyTable:
    """The keys of a screen for the help page; ``opened_by`` is the action of the main screen that opens it."""

    actions: ActionTable[Never]
    opened_by: str


USERS: dict[int, str] = {}  # the user's own keys as shown, by identity: screens share ids such as "help"

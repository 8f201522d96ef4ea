"""Actions and their keys: the source of bindings, foot lines, help and documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
        return next(action for action in self.actions if action.id == id).shown.split(" ")[0]


@dataclass(frozen=True)
class KeyTable:
    """The keys of a screen for the help page; ``opened_by`` is the action of the main screen that opens it."""

    actions: ActionTable[Never]
    opened_by: str


USERS: dict[int, str] = {}  # displayed user keys, by action identity: screens share ids such as "help"

"""The keymap: default keys of all screens, overridden by the user's ``[keys]``.

The action tables hold the default keys; one keymap is in effect per process, because a process has one terminal.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Never

from textual.keys import Keys, _character_to_key, format_key

from nbtui.console.action import USERS, ActionTable
from nbtui.console.screens import SCREENS
from nbtui.errors import UnusableInput
from nbtui.settings import KeyEntry
from nbtui.trace.text import clean

FIXED = "interrupt"  # Ctrl-C always quits
NO_KEY = "no_key"  # a key name absent from every keyboard
_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_NAMES = frozenset(key.value for key in Keys if not key.value.startswith("<"))
_SHOWN = {
    **{"pageup": "PgUp", "pagedown": "PgDn", "escape": "Esc", "backspace": "Backspace", "space": "Space"},
    **{"enter": "Enter", "delete": "Del"},
}


def shown(key: str) -> str:
    """The displayed name of a key: ``left_square_bracket`` is ``[``, ``ctrl+z`` is ``Ctrl-Z``."""
    *modifiers, name = key.split("+")
    if key in _SHOWN:
        return _SHOWN[key]
    if modifiers:
        return "-".join([*(part.capitalize() for part in modifiers), name.upper() if len(name) == 1 else shown(name)])
    if key in ("up", "down", "left", "right"):
        return key
    character = format_key(key)
    return character if len(character) == 1 else key.capitalize()


TABLES: tuple[ActionTable[Never], ...] = tuple(row.actions for row in SCREENS)

_in_force: dict[str, tuple[str, ...]] = {}


def resolve(written: Mapping[str, KeyEntry]) -> dict[str, tuple[str, ...]]:
    """The user's keys by action id, in Textual's names.

    Raises UnusableInput, naming file and remedy, for an unknown id, an unknown key, or a key with two meanings on
    one screen.
    """
    known = {table.setting(action): action for table in TABLES for action in table.actions}
    keys: dict[str, tuple[str, ...]] = {}
    for id, entry in written.items():
        where = f"{clean(str(entry.file))}: keys.{clean(id)}"
        if id not in known:
            nearest = difflib.get_close_matches(id, list(known), 1, 0.0)[0]
            raise UnusableInput(f"{where}: unknown action; the nearest known one is '{nearest}'")
        if known[id].id == FIXED:
            raise UnusableInput(f"{where}: Ctrl-C always quits; it cannot be rebound")
        keys[id] = tuple(name for key in entry.keys for name in _names(key, where))
    for table in TABLES:
        _refuse_conflicts(table, keys, {id: entry.file for id, entry in written.items()})
    return keys


def choose(keys: Mapping[str, tuple[str, ...]]) -> None:
    """Use these keys (from :func:`resolve`) in this process; an empty mapping is the default keymap."""
    _in_force.clear()
    _in_force.update(keys)
    USERS.clear()
    for table in TABLES:
        for action in table.actions:
            mine = keys.get(table.setting(action))
            if mine is not None:
                USERS[id(action)] = " ".join(shown(key) for key in mine if not _is_twin(key, mine)) or "none"


def for_textual() -> dict[str, str]:
    """The argument of ``App.set_keymap``: binding id -> keys."""
    return {id: ",".join(keys) or NO_KEY for id, keys in _in_force.items()}


def _is_twin(key: str, keys: tuple[str, ...]) -> bool:
    """Whether ``key`` is ``shift+x`` listed together with ``X``, which most terminals send instead."""
    return key.startswith("shift+") and key[6:].upper() in keys


def _names(key: str, where: str) -> tuple[str, ...]:
    """Textual's names for a key in its written form: ``[``, ``X``, ``F5``, ``ctrl+x``, ``page-up``."""
    text = key.strip()
    if len(text) == 1:
        if not text.isprintable():
            raise UnusableInput(f"{where}: {key!a} is not a key")
        return (text, f"shift+{text.lower()}") if text.isalpha() and text.isupper() else (_character_to_key(text),)
    *modifiers, name = text.lower().replace("page-", "page").split("+")
    name = {"esc": "escape", "pgup": "pageup", "pgdn": "pagedown", "del": "delete", "return": "enter"}.get(name, name)
    if len(name) == 1:
        name = _character_to_key(name)
    plain = len(name) == 1 or name in _NAMES or len(format_key(name)) == 1
    if not name or not plain or any(part not in _MODIFIERS for part in modifiers):
        raise UnusableInput(f"{where}: '{clean(key)}' is not a key; write x, X, F5, space, pageup or ctrl+x")
    return ("+".join([*modifiers, name]),)


def _refuse_conflicts(
    table: ActionTable[Never], keys: Mapping[str, tuple[str, ...]], files: Mapping[str, Path]
) -> None:
    own = {action.id for action in table.actions}
    main = TABLES[0]
    taken = {
        key: action.id
        for action in main.actions
        if action.everywhere and table is not main and action.id not in own
        for key in keys.get(action.id, action.keys)
    }
    for action in table.actions:
        id = table.setting(action)
        for key in dict.fromkeys(keys.get(id, action.keys)):
            if key in taken:
                mine, other = (id, taken[key]) if id in keys else (taken[key], id)
                raise UnusableInput(
                    f"{clean(str(files[mine]))}: keys.{mine}: {shown(key)} is also {other} on this screen; "
                    f"give one of the two another key"
                )
            taken[key] = id

"""The action registry: the one place that knows the keys. Bindings, foot line and help are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nbtui.console.state import State


def _always(state: State) -> bool:
    return True


def _has_rows(state: State) -> bool:
    return bool(state.rows)


def _steps(state: State) -> bool:
    return state.can_step


def _blocks(state: State) -> bool:
    return state.contributions is not None and state.contributions.n_blocks > 1


def _live(state: State) -> bool:
    return state.can_simulate


def _searched(state: State) -> bool:
    return bool(state.query)


@dataclass(frozen=True)
class Action:
    """Something a key does.

    ``keys`` are Textual's key names, ``shown`` is how a person writes them, ``label`` the word in the foot line
    (empty: only in the help), ``when`` whether the action is of use now: the foot line leaves it out otherwise.
    """

    id: str
    keys: tuple[str, ...]
    shown: str
    label: str
    help: str
    when: Callable[[State], bool] = _always


ACTIONS: tuple[Action, ...] = (
    Action("next_difference", ("d",), "d", "next diff", "next field that differs", _has_rows),
    Action("previous_difference", ("D", "shift+d"), "D", "", "previous field that differs", _has_rows),
    Action("phi_previous", ("left_square_bracket",), "[", "", "previous phi step", _steps),
    Action("phi_next", ("right_square_bracket",), "]", "", "next phi step", _steps),
    Action("domain_previous", ("left_curly_bracket",), "{", "", "previous mosaic domain", _steps),
    Action("domain_next", ("right_curly_bracket",), "}", "", "next mosaic domain", _steps),
    Action("block_previous", ("less_than_sign",), "<", "", "previous source, sub-pixel or layer", _blocks),
    Action("block_next", ("greater_than_sign",), ">", "", "next source, sub-pixel or layer", _blocks),
    Action("phi_mode", ("m",), "m", "mode", "phi mode: spec (fresh vectors at phi 0) or c-parity (as C does)", _live),
    Action("filter", ("f",), "f", "filter", "only the fields that differ, or all", _has_rows),
    Action("search", ("slash",), "/", "search", "search the fields; Enter keeps the text, Esc drops it", _has_rows),
    Action("match_next", ("n",), "n", "", "next field found", _searched),
    Action("match_previous", ("N", "shift+n"), "N", "", "previous field found", _searched),
    Action("export", ("e",), "e", "export", "write an evidence package and show its path", _has_rows),
    Action("up", ("up", "k"), "up k", "", "one line up; in contributions: previous phi step", _has_rows),
    Action("down", ("down", "j"), "down j", "", "one line down; in contributions: next phi step", _has_rows),
    Action("left", ("left",), "left", "", "in contributions: previous mosaic domain", _steps),
    Action("right", ("right",), "right", "", "in contributions: next mosaic domain", _steps),
    Action("page_up", ("pageup",), "PgUp", "", "a page up", _has_rows),
    Action("page_down", ("pagedown",), "PgDn", "", "a page down", _has_rows),
    Action("home", ("home",), "Home", "", "first field", _has_rows),
    Action("end", ("end",), "End", "", "last field", _has_rows),
    Action("pane_next", ("tab",), "Tab", "pane", "next pane"),
    Action("pane_previous", ("shift+tab",), "Shift-Tab", "", "previous pane"),
    Action("pane_fields", ("1",), "1", "", "fields"),
    Action("pane_detail", ("2",), "2", "", "this field"),
    Action("pane_steps", ("3",), "3", "", "contributions"),
    Action("pane_pipeline", ("4",), "4", "", "pipeline"),
    Action("help", ("question_mark",), "?", "help", "this page"),
    Action("quit", ("q", "ctrl+q"), "q", "quit", "leave; exit code 0 when the traces agree, 1 when they differ"),
    Action("interrupt", ("ctrl+c",), "Ctrl-C", "", "leave at once; exit code 130"),
)

# two actions that the foot line writes as one
PAIRS: tuple[tuple[str, str, str, str], ...] = (
    ("phi_previous", "phi_next", "[ ]", "phi"),
    ("domain_previous", "domain_next", "{ }", "domain"),
    ("block_previous", "block_next", "< >", "block"),
    ("match_next", "match_previous", "n N", "match"),
)

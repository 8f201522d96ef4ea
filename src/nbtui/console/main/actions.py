"""Registry of the actions: the only place that defines keys. Bindings, foot line and help derive from it."""

from __future__ import annotations

from collections.abc import Callable

from nbtui.console.action import Action, ActionTable
from nbtui.console.main.state import State


def _has_rows(state: State) -> bool:
    return bool(state.rows)


def _steps(state: State) -> bool:
    return state.can_step


def _several(axis: str) -> Callable[[State], bool]:
    return lambda state: state.contributions is not None and state.contributions.sizes[axis] > 1


def _visited(state: State) -> bool:
    return bool(state.path if state.pane == "detail" else state.trail)


def _closes(state: State) -> bool:
    return state.zoomed or state.busy or state.opened


def _live(state: State) -> bool:
    return state.can_simulate


def _has_port(state: State) -> bool:
    return state.runs.known is not None


def _runs(state: State) -> bool:
    """The port, or the C program where no log of it is here."""
    has_c_log = state.c_here is not None and not state.c_here.simulated
    return state.can_simulate and (_has_port(state) or not has_c_log)


def _marked(state: State) -> bool:
    return bool(state.marks)


def _searched(state: State) -> bool:
    return bool(state.query)


ACTIONS: ActionTable[State] = ActionTable(
    "",
    "Main screen",
    (
        Action(
            "next_difference",
            ("d",),
            "d",
            "next diff",
            "next field that differs; in contributions: next term that differs",
            _has_rows,
        ),
        Action(
            "previous_difference",
            ("D", "shift+d"),
            "D",
            "",
            "previous field that differs; in contributions: previous such term",
            _has_rows,
        ),
        Action(
            "why",
            ("x",),
            "x",
            "why",
            "why they differ: ranked causes; Enter there applies one to the live side",
            _has_rows,
        ),
        Action("phi_previous", ("left_square_bracket",), "[", "", "previous phi step", _steps),
        Action("phi_next", ("right_square_bracket",), "]", "", "next phi step", _steps),
        Action("domain_previous", ("left_curly_bracket",), "{", "", "previous mosaic domain", _steps),
        Action("domain_next", ("right_curly_bracket",), "}", "", "next mosaic domain", _steps),
        Action("source_previous", ("less_than_sign",), "<", "", "previous source", _several("source")),
        Action("source_next", ("greater_than_sign",), ">", "", "next source", _several("source")),
        Action("sub_previous", ("left_parenthesis",), "(", "", "previous sub-pixel", _several("sub")),
        Action("sub_next", ("right_parenthesis",), ")", "", "next sub-pixel", _several("sub")),
        Action("layer_previous", ("comma",), ",", "", "previous absorption layer", _several("layer")),
        Action("layer_next", ("full_stop",), ".", "", "next absorption layer", _several("layer")),
        Action(
            "play",
            ("space",),
            "Space",
            "",
            "play the steps along the axis walked last to where a term begins to differ, or pause",
            _steps,
        ),
        Action(
            "back",
            ("backspace",),
            "Backspace",
            "",
            "back to the previous step; in this field: back along the links",
            _visited,
        ),
        Action(
            "phi_mode", ("m",), "m", "mode", "phi mode: spec (fresh vectors at phi 0) or c-parity (as C does)", _live
        ),
        Action("pair", ("c",), "c", "compare", "compare C and your log, C and live, or your log and live", _has_rows),
        Action("run", ("R", "shift+r"), "R", "run", "run the port on this pixel; without one, the C program", _runs),
        Action("loop", ("L", "shift+l"), "L", "", "run the port after every change of its sources, or not", _has_port),
        Action("runs", ("o",), "o", "runs", "runs of the port: what moved, its output, two runs compared"),
        Action("image", ("i",), "i", "image", "the detector: C, live, difference; Enter there traces a pixel", _live),
        Action("parameters", ("p",), "p", "parameters", "change any parameter and see the effect", _live),
        Action(
            "view_next", ("v",), "v", "view", "contributions: next picture (shares, map, numbers, F_latt...)", _steps
        ),
        Action("view_previous", ("V", "shift+v"), "V", "", "contributions: previous picture", _steps),
        Action("filter", ("f",), "f", "", "only the fields that differ, or all", _has_rows),
        Action("search", ("slash",), "/", "search", "search the fields; Enter keeps the text, Esc drops it", _has_rows),
        Action("match_next", ("n",), "n", "", "next match", _searched),
        Action("match_previous", ("N", "shift+n"), "N", "", "previous match", _searched),
        Action("reload", ("r",), "r", "", "reload all files; changed files are reloaded automatically"),
        Action("freeze", ("equals_sign",), "=", "", "pause automatic reloading; press again to resume"),
        Action(
            "mark",
            ("b",),
            "b",
            "",
            "mark the field, or the step in contributions; press again to unmark",
            _has_rows,
        ),
        Action("mark_next", ("u",), "u", "", "next mark", _marked),
        Action("mark_previous", ("U", "shift+u"), "U", "", "previous mark", _marked),
        Action("export", ("e",), "e", "export", "write an evidence package and show its path", _has_rows),
        Action("up", ("up", "k"), "up k", "", "one line up; in contributions: previous phi step", _has_rows),
        Action("down", ("down", "j"), "down j", "", "one line down; in contributions: next phi step", _has_rows),
        Action(
            "left",
            ("left",),
            "left",
            "",
            "in contributions: previous mosaic domain; in this field: the link before",
            _has_rows,
        ),
        Action(
            "right",
            ("right",),
            "right",
            "",
            "in contributions: next mosaic domain; in this field: the link after",
            _has_rows,
        ),
        Action("page_up", ("pageup",), "PgUp", "", "a page up", _has_rows),
        Action("page_down", ("pagedown",), "PgDn", "", "a page down", _has_rows),
        Action("home", ("home",), "Home", "", "first field", _has_rows),
        Action("end", ("end",), "End", "", "last field", _has_rows),
        Action("pane_next", ("tab",), "Tab", "", "next pane"),
        Action("pane_previous", ("shift+tab",), "Shift-Tab", "", "previous pane"),
        Action("zoom", ("z",), "z", "", "maximize the focused pane, or show all panes"),
        Action(
            "open",
            ("enter",),
            "Enter",
            "",
            "details of the field under the cursor; there: follow the link in brackets",
            _has_rows,
        ),
        Action(
            "close",
            ("escape",),
            "Esc",
            "",
            "show all panes, focus on the fields; else stop reading or simulating; from a package: back to the list",
            _closes,
        ),
        Action(
            "jump", ("colon", "ctrl+p"), ":", "jump", "go to a field, stage, step or pixel, or do anything, by name"
        ),
        Action("pane_fields", ("1",), "1", "", "fields"),
        Action("pane_detail", ("2",), "2", "", "this field"),
        Action("pane_steps", ("3",), "3", "", "contributions"),
        Action("pane_pipeline", ("4",), "4", "", "pipeline"),
        Action(
            "logs",
            ("l",),
            "l",
            "logs",
            "both raw logs side by side, with regex search; in contributions: at the step",
            _has_rows,
        ),
        Action("suspend", ("ctrl+z",), "Ctrl-Z", "", "back to the shell; fg comes back here", everywhere=True),
        Action("redraw", ("ctrl+l",), "Ctrl-L", "", "redraw the screen", everywhere=True),
        Action("copy", ("y",), "y", "", "copy the row, or the step: terminal's clipboard, tmux's buffer and a file"),
        Action("packages", ("w",), "w", "packages", "evidence packages of the reports folder, and replaying one"),
        Action("sweeps", ("s",), "s", "sweeps", "sweeps of the port over the option space, and hunting with this case"),
        Action("mouse", ("f2",), "F2", "", "mouse off (the terminal selects text) or on", everywhere=True),
        Action("theme", ("f3",), "F3", "", "next theme: dark, light, ansi, mono", everywhere=True),
        Action("help", ("question_mark",), "?", "help", "this page"),
        Action(
            "quit",
            ("q", "ctrl+q"),
            "q",
            "quit",
            "leave, or back to the packages; exit code 0 when the traces agree, 1 when they differ",
        ),
        Action("interrupt", ("ctrl+c",), "Ctrl-C", "", "leave at once; exit code 130"),
    ),
)


# pairs of actions that share one entry in the foot line
PAIRS: tuple[tuple[str, str, str], ...] = (
    ("phi_previous", "phi_next", "phi"),
    ("domain_previous", "domain_next", "domain"),
    ("source_previous", "source_next", "source"),
    ("sub_previous", "sub_next", "sub"),
    ("layer_previous", "layer_next", "layer"),
    ("match_next", "match_previous", "match"),
)

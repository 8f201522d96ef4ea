"""The action table of the parameters screen: source of its bindings, foot line and help."""

from __future__ import annotations

from nbtui.console.action import Action, ActionTable

PARAMETERS_ACTIONS: ActionTable[object] = ActionTable(
    "parameters.",
    "Parameters",
    (
        Action("less", ("left", "h"), "left h", "less", "a step down; the value before"),
        Action("more", ("right", "l"), "right l", "more", "a step up; the next value"),
        Action("much_less", ("shift+left", "H", "shift+h"), "H", "", "ten steps down; also shift with the arrow"),
        Action("much_more", ("shift+right", "L", "shift+l"), "L", "", "ten steps up"),
        Action("type", ("enter",), "Enter", "type", "type a value (or start with a digit); empty removes the flag"),
        Action("undo", ("u",), "u", "undo", "undo the last change"),
        Action("redo", ("ctrl+r",), "Ctrl-R", "redo", "redo what was undone"),
        Action("restore", ("backspace", "x"), "Backspace x", "", "restore the start value of this parameter"),
        Action("reset", ("r",), "r", "reset", "restore the start values of all parameters; can be undone"),
        Action("copy", ("c",), "c", "copy", "copy as a command line of nbtui: clipboard, tmux's buffer and a file"),
        Action("copy_c", ("C", "shift+c"), "C", "", "copy as a command line of the C program"),
        Action("filter", ("f",), "f", "filter", "only what is changed, follows, or differs from C's log; or all"),
        Action("search", ("slash",), "/", "search", "search the parameters; Enter keeps the text, Esc drops it"),
        Action("match_next", ("n",), "n", "", "next match"),
        Action("match_previous", ("N", "shift+n"), "N", "", "previous match"),
        Action("hold", ("equals_sign",), "=", "hold", "hold changes; press again to apply them"),
        Action("up", ("up", "k"), "up k", "", "one line up"),
        Action("down", ("down", "j"), "down j", "", "one line down"),
        Action("page_up", ("pageup",), "PgUp", "", "a page up"),
        Action("page_down", ("pagedown",), "PgDn", "", "a page down"),
        Action("home", ("home", "g"), "Home g", "", "first parameter"),
        Action("end", ("end", "G", "shift+g"), "End G", "", "last parameter"),
        Action("group_next", ("tab",), "Tab", "group", "next group"),
        Action("group_previous", ("shift+tab",), "Shift-Tab", "", "previous group"),
        Action("help", ("question_mark",), "?", "keys", "these keys"),
        Action("close", ("q", "p", "escape"), "q", "back", "back to the main screen; the changes stay"),
        Action("interrupt", ("ctrl+c",), "Ctrl-C", "", "leave nbtui at once; exit code 130"),
    ),
)

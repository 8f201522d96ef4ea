"""The keys of the parameters screen: its bindings, foot line and help are made from this table."""

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
        Action("type", ("enter",), "Enter", "type", "type a value (a digit begins too); nothing takes its flag away"),
        Action("undo", ("u",), "u", "undo", "undo the last change"),
        Action("redo", ("ctrl+r",), "Ctrl-R", "redo", "redo what was undone"),
        Action("restore", ("backspace", "x"), "Backspc x", "", "this one as nbtui was started"),
        Action("reset", ("r",), "r", "reset", "all as nbtui was started; it can be undone"),
        Action("copy", ("c",), "c", "copy", "copy as a command line of nbtui: clipboard, tmux's buffer and a file"),
        Action("copy_c", ("C", "shift+c"), "C", "", "copy as a command line of the C program"),
        Action("filter", ("f",), "f", "filter", "only what is changed, follows, or is not as C's log has it; or all"),
        Action("search", ("slash",), "/", "search", "search the parameters; Enter keeps the text, Esc drops it"),
        Action("match_next", ("n",), "n", "", "next parameter found"),
        Action("match_previous", ("N", "shift+n"), "N", "", "previous parameter found"),
        Action("hold", ("equals_sign",), "=", "hold", "hold: changes wait; again: lets them go"),
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

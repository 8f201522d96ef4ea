"""The action table of the raw log screen: source of its bindings, foot line and help."""

from __future__ import annotations

from nbtui.console.action import Action, ActionTable

LOGS_ACTIONS: ActionTable[object] = ActionTable(
    "logs.",
    "Raw logs",
    (
        Action("search", ("slash",), "/", "search", "search both logs for a regular expression; Esc drops it"),
        Action("hit_next", ("n",), "n", "next hit", "next match in this log"),
        Action("hit_previous", ("N", "shift+n"), "N", "", "previous match in this log"),
        Action("side", ("tab", "shift+tab"), "Tab", "side", "the other log"),
        Action("lock", ("s",), "s", "together", "scroll both logs together by field, or each alone"),
        Action("mark_next", ("d",), "d", "next diff", "next line whose value differs or is missing"),
        Action("mark_previous", ("D", "shift+d"), "D", "", "previous line whose value differs or is missing"),
        Action("phi_previous", ("left_square_bracket",), "[", "", "previous phi step"),
        Action("phi_next", ("right_square_bracket",), "]", "", "next phi step"),
        Action("domain_previous", ("left_curly_bracket",), "{", "", "previous mosaic domain"),
        Action("domain_next", ("right_curly_bracket",), "}", "", "next mosaic domain"),
        Action("wrap", ("w",), "w", "wrap", "break long lines at the edge, or cut them and scroll sideways"),
        Action("edit", ("v",), "v", "editor", "this line of this log in the editor that VISUAL or EDITOR names"),
        Action("up", ("up", "k"), "up k", "", "one line up"),
        Action("down", ("down", "j"), "down j", "", "one line down"),
        Action("page_up", ("pageup", "b"), "PgUp", "", "a page up"),
        Action("page_down", ("pagedown", "space"), "PgDn", "", "a page down"),
        Action("home", ("home", "g"), "Home g", "", "first line"),
        Action("end", ("end", "G", "shift+g"), "End G", "", "last line"),
        Action("left", ("left",), "left", "", "text further to the left, where lines are cut"),
        Action("right", ("right",), "right", "", "text further to the right, where lines are cut"),
        Action("suspend", ("ctrl+z",), "Ctrl-Z", "", "back to the shell; fg comes back here"),
        Action("back", ("escape",), "Esc", "", "stop reading or searching, drop the search, then back"),
        Action("help", ("question_mark",), "?", "help", "these keys"),
        Action("close", ("q", "l"), "q", "back", "back to the main screen"),
        Action("interrupt", ("ctrl+c",), "Ctrl-C", "", "leave at once; exit code 130"),
    ),
)

"""The action table of the help page: source of its bindings and foot line."""

from __future__ import annotations

from nbtui.console.action import Action, ActionTable

HELP_ACTIONS: ActionTable[object] = ActionTable(
    "help.",
    "Help",
    (
        Action("search", ("slash",), "/", "search", "search this page; Esc drops it"),
        Action("match_next", ("n",), "n", "next", "next match"),
        Action("match_previous", ("N", "shift+n"), "N", "", "previous match"),
        Action("section_next", ("tab",), "Tab", "next part", "next part of the page"),
        Action("section_previous", ("shift+tab",), "Shift-Tab", "", "previous part of the page"),
        Action("up", ("up", "k"), "up k", "", "one line up"),
        Action("down", ("down", "j"), "down j", "", "one line down"),
        Action("page_up", ("pageup", "b"), "PgUp", "", "a page up"),
        Action("page_down", ("pagedown", "space"), "PgDn", "scroll", "a page down"),
        Action("home", ("home", "g"), "Home", "", "first line"),
        Action("end", ("end", "G", "shift+g"), "End", "", "last line"),
        Action("close", ("q", "question_mark", "escape"), "q", "back", "back; any unbound key does the same"),
        Action("interrupt", ("ctrl+c",), "Ctrl-C", "", "leave nbtui at once; exit code 130"),
    ),
)

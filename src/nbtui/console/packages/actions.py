"""The action table of the packages screen: source of its bindings, foot line and help."""

from __future__ import annotations

from nbtui.console.action import Action, ActionTable

PACKAGES_ACTIONS: ActionTable[object] = ActionTable(
    "packages.",
    "Packages",
    (
        Action("open", ("enter",), "Enter", "summary", "read summary.md"),
        Action("replay", ("o",), "o", "open", "open the package as a session: its logs, case, flags and settings"),
        Action("verify", ("v",), "v", "verify", "verify the package: recompute every statement from its logs"),
        Action("note", ("n",), "n", "note", "five lines on the package, for a ledger"),
        Action("freeze", ("equals_sign",), "=", "freeze", "freeze the list; press again to resume"),
        Action("up", ("up", "k"), "up k", "", "one line up"),
        Action("down", ("down", "j"), "down j", "", "one line down"),
        Action("page_up", ("pageup",), "PgUp", "", "a page up"),
        Action("page_down", ("pagedown",), "PgDn", "", "a page down"),
        Action("first", ("home",), "Home", "", "newest package"),
        Action("last", ("end",), "End", "", "oldest package"),
        Action("left", ("left",), "left", "", "text to the left"),
        Action("right", ("right",), "right", "", "text to the right"),
        Action("help", ("question_mark",), "?", "help", "these keys"),
        Action("close", ("q", "escape"), "q Esc", "back", "back, or quit nbtui watch"),
        Action("interrupt", ("ctrl+c",), "Ctrl-C", "", "leave at once; exit code 130"),
    ),
)

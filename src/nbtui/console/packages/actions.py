"""The action table of the packages screen: source of its bindings, foot line and help."""

from __future__ import annotations

from nbtui.console.action import Action, ActionTable, list_actions

PACKAGES_ACTIONS: ActionTable[object] = ActionTable(
    "packages.",
    "Packages",
    (
        Action("open", ("enter",), "Enter", "summary", "read summary.md"),
        Action("replay", ("o",), "o", "open", "open the package as a session: its logs, case, flags and settings"),
        Action("verify", ("v",), "v", "verify", "verify the package: recompute every statement from its logs"),
        Action("note", ("n",), "n", "note", "five lines on the package, for a ledger"),
        Action("freeze", ("equals_sign",), "=", "freeze", "freeze the list; press again to resume"),
        *list_actions(
            "newest package",
            "oldest package",
            Action("close", ("q", "escape"), "q Esc", "back", "back, or quit nbtui watch"),
        ),
    ),
)

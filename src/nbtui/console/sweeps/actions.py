"""The action table of the sweeps screen: source of its bindings, foot line and help."""

from __future__ import annotations

from nbtui.console.action import Action, ActionTable, list_actions

SWEEPS_ACTIONS: ActionTable[object] = ActionTable(
    "sweeps.",
    "Sweeps",
    (
        Action("open_case", ("enter",), "Enter", "open", "open the smallest case of the finding with the port's log"),
        Action("hunt", ("h",), "h", "hunt", "hunt with the port of this case, or go on with its stopped hunt"),
        Action("stop", ("escape",), "Esc", "stop", "stop the running hunt and keep its rows; else back"),
        Action("matrix", ("m",), "m", "matrix", "read the whole matrix of flags and findings"),
        Action("rows", ("r",), "r", "rows", "read the command lines of the finding"),
        Action("copy", ("y",), "y", "", "copy the smallest command line: clipboard, tmux's buffer and a file"),
        Action("next", ("tab",), "Tab", "next sweep", "next sweep"),
        Action("previous", ("shift+tab",), "Shift-Tab", "", "previous sweep"),
        *list_actions(
            "first finding",
            "last finding",
            Action("close", ("q",), "q", "back", "back; a running hunt goes on until nbtui ends"),
        ),
    ),
)

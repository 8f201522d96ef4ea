"""The action table of the diagnosis screen: source of its bindings, foot line and help."""

from __future__ import annotations

from nbtui.console.action import Action, ActionTable

DIAGNOSIS_ACTIONS: ActionTable[object] = ActionTable(
    "why.",
    "Diagnosis",
    (
        Action(
            "apply",
            ("enter",),
            "Enter",
            "apply",
            "your log: take its next cause from the live side; else: correct the live side",
        ),
        Action("undo", ("u",), "u", "take back", "take back what was applied last"),
        Action("copy", ("c", "y"), "c", "copy", "copy this cause: terminal's clipboard, tmux's buffer and a file"),
        Action("export", ("e",), "e", "export", "write an evidence package with this diagnosis"),
        Action("again", ("r",), "r", "again", "diagnose the current traces again"),
        Action("up", ("up", "k"), "up k", "", "previous cause"),
        Action("down", ("down", "j"), "down j", "", "next cause"),
        Action("page_up", ("pageup", "b"), "PgUp", "", "scroll the page below up"),
        Action("page_down", ("pagedown", "space"), "PgDn", "", "scroll the page below down"),
        Action("home", ("home",), "Home", "", "start of the page"),
        Action("end", ("end",), "End", "", "end of the page"),
        Action("suspend", ("ctrl+z",), "Ctrl-Z", "", "back to the shell; fg comes back here"),
        Action("help", ("question_mark",), "?", "help", "these keys"),
        Action("close", ("q", "x"), "q", "back", "back to the main screen"),
        Action("stop", ("escape",), "Esc", "", "stop the running diagnosis, else back"),
        Action("interrupt", ("ctrl+c",), "Ctrl-C", "", "leave at once; exit code 130"),
    ),
)

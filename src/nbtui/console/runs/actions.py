"""The action table of the runs screen: source of its bindings, foot line and help."""

from __future__ import annotations

from nbtui.console.action import Action, ActionTable, list_actions

RUNS_ACTIONS: ActionTable[object] = ActionTable(
    "runs.",
    "Runs",
    (
        Action("compare", ("enter",), "Enter", "compare", "compare the run with the marked one, else the one before"),
        Action("run", ("R", "shift+r"), "R", "run", "run the port"),
        Action("stop", ("s",), "s", "stop", "stop the running command"),
        Action("loop", ("L", "shift+l"), "L", "loop", "run after every change of a source file, or not"),
        Action("output", ("o",), "o", "output", "read the output of the run, traceback included"),
        Action("changes", ("d",), "d", "changes", "read the changes of the sources since the run before"),
        Action("mark", ("b",), "b", "mark", "mark the run for a comparison with any other; press again to unmark"),
        *list_actions("newest run", "oldest run", Action("close", ("q", "escape"), "q Esc", "back", "back")),
    ),
)

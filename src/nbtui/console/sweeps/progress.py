"""The progress of a sweep in words: only what its folder and its rate tell."""

from __future__ import annotations

from nbtui.console.sweeps.actions import SWEEPS_ACTIONS
from nbtui.console.sweeps.state import SweepsState
from nbtui.sweep.follow import SweepSeen
from nbtui.sweep.rows import Answer

RECENT = 10.0  # s since the last change, while a sweep of another process may be running
_WORDS = {
    Answer.AGREES: "agree",
    Answer.DIVERGES: "diverge",
    Answer.REFUSED: "refused",
    Answer.CRASHED: "crashed",
    Answer.HUNG: "hung",
    Answer.NO_TRACE: "without a trace",
    Answer.NO_IMAGE: "without an image",
    Answer.NO_GRADIENTS: "without gradients",
    Answer.NO_REFERENCE: "unusable for the reference",
}


def progress(state: SweepsState, sweep: SweepSeen) -> str:
    """The stage of the selected sweep, its progress and the time left."""
    if sweep.problem:
        return "unreadable"
    if sweep.behind:
        return f"reading: {sweep.done:,} command lines so far"
    recent = state.seconds - sweep.changed < RECENT and state.ended != sweep.folder
    active = state.running == sweep.folder or recent
    return ", ".join(part for part in (_stage(sweep, active=active), *_pace(state, sweep, active=active)) if part)


def short_progress(sweep: SweepSeen) -> str:
    """Command lines with a row, of all."""
    return f"{sweep.done:,}" + (f" of {sweep.planned:,}" if sweep.planned is not None else "")


def _stage(sweep: SweepSeen, *, active: bool) -> str:
    judged = f"{short_progress(sweep)} command line{'s' * ((sweep.planned or sweep.done) != 1)}"
    if sweep.complete:
        return f"finished: {judged}"
    if sweep.planned is None or not active:
        return judged
    if sweep.done < sweep.planned:
        return f"judging: {short_progress(sweep)}"
    if sweep.unexplained:
        return f"explaining: {sweep.failing - sweep.unexplained:,} of {sweep.failing:,} failures"
    return f"reducing: {len(sweep.smallest)} of {len(sweep.found)} findings"


def _pace(state: SweepsState, sweep: SweepSeen, *, active: bool) -> list[str]:
    if sweep.complete:
        return []
    if not active:
        return [f"no change for {duration(state.seconds - sweep.changed)}"] if sweep.changed else []
    rate = state.arrivals.rate if state.arrivals is not None and state.arrivals.folder == sweep.folder else None
    if rate is None or sweep.planned is None or sweep.done >= sweep.planned:
        return []
    shown = f"{rate:.3g}/s" if rate >= 1 else f"{60 * rate:.2g}/min"
    return [shown, f"{duration((sweep.planned - sweep.done) / rate)} left"]


def duration(seconds: float) -> str:
    """A time span in one unit; coarse, so that it seldom changes on the screen."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{5 * max(1, round(seconds / 5))} s"


def verdicts(sweep: SweepSeen) -> str:
    """Rows by answer, wrong numbers first."""
    without = (Answer.NO_TRACE, Answer.NO_IMAGE, Answer.NO_GRADIENTS)
    order = (Answer.DIVERGES, Answer.CRASHED, Answer.HUNG, *without, Answer.AGREES, Answer.REFUSED)
    counts = [(one, sweep.counts.get(one, 0)) for one in (*order, Answer.NO_REFERENCE)]
    said = ", ".join(f"{count:,} {_WORDS[one]}" for one, count in counts if count)
    damaged = f"{sweep.damaged} damaged line{'s' * (sweep.damaged != 1)} skipped" if sweep.damaged else ""
    return ", ".join(part for part in (said or "no row yet", damaged) if part)


def no_finding(state: SweepsState, sweep: SweepSeen) -> str:
    """Why the list of findings is empty, and the way on."""
    hunt = SWEEPS_ACTIONS.key("hunt")
    if sweep.problem:
        return sweep.problem
    if sweep.behind:
        return "reading the rows"
    if not sweep.rows:
        if state.runs_here:
            return "the hunt has started; findings appear here"
        return f"no row yet; {hunt} starts a hunt of the open case" if state.command else "no row yet"
    if not any(answer.judged and count for answer, count in sweep.counts.items()):
        return "nothing was compared: the reference takes none of these command lines; try another base command"
    if sweep.complete:
        return f"no finding: the port agrees in every one of {sweep.counts.get(Answer.AGREES, 0):,} comparisons"
    return "no failure so far"

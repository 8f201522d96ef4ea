"""A finished run on the main screen: its log takes the place of your log, and its changes are marked."""

from __future__ import annotations

from dataclasses import replace

from nbtui.console.main import freshness
from nbtui.console.main import state as states
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.origin import LogOrigin
from nbtui.console.main.pair import Compared
from nbtui.console.main.state import State
from nbtui.runs.entry import outcome
from nbtui.runs.known import KnownCommands
from nbtui.runs.perform import Performed
from nbtui.trace.model import Trace


def arrived(state: State, known: KnownCommands, done: Performed) -> State:
    """The state with a finished run. The log of a failed run changes nothing: the last good one stays."""
    entry = done.entry
    now = replace(state, runs=replace(state.runs, last=entry), message=sentence(done))
    found, trace = done.suspect.comparison, done.suspect.trace
    if entry.failed or found is None or trace is None or state.case is None or state.case.pixel != entry.pixel:
        return now
    before = now.verdict if now.has_log else None
    at_first = before is not None and now.row is not None and now.row is before.principal
    now = with_reference(now, done.reference.trace, entry.pixel)
    now = replace(
        now,
        suspect=trace,
        causes=None,
        logs=(now.logs[0] if now.logs is not None else None, done.suspect.log.path),
        origin=LogOrigin(None, done.suspect.log.command, known.commands.run_in),
        others={pair: one for pair, one in now.others.items() if pair is Compared.REFERENCE_LIVE},
    )
    if now.shown is Compared.REFERENCE_LOG:
        now = states.compared(now, found)
    else:
        now = states.paired(now, Compared.REFERENCE_LOG, found)
    if (at_first or before is None) and found.principal is not None:  # the cursor follows the first divergence
        now = replace(now, cursor=found.principal.order)
    if before is None:
        return now
    c_side, py_side = freshness.differences(before, found)
    return replace(now, changed=py_side, changed_c=c_side)


def with_reference(state: State, reference: Trace, pixel: tuple[int, int]) -> State:
    """The C log that a run has made, in the place of a simulated one."""
    if reference.simulated or (state.c_here is not None and not state.c_here.simulated):
        return state
    return replace(state, ran={**state.ran, pixel: reference}, others={})


def sentence(done: Performed) -> str:
    """A finished run in one line for the foot line."""
    entry = done.entry
    if entry.failed:
        return f"run {entry.number} {outcome(entry)}; {ACTIONS.key('runs')} shows its output; the last good log stays"
    return f"run {entry.number}: {done.moved or outcome(entry)}"

"""Summary of the diagnosis for the main screen."""

from __future__ import annotations

from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.dependencies import repeats_last_step
from nbtui.console.main.kept_diagnosis import KeptDiagnosis
from nbtui.console.main.pair import Compared
from nbtui.console.main.state import State
from nbtui.trace.columns import phi_ends
from nbtui.trace.model import Trace
from nbtui.trace.text import clean

LIKELY = 0.5  # probability below which the header names no partial explanation
MANY_STEPS = 20_000  # steps of a pixel; every candidate cause simulates all of them again


def diagnosable(state: State) -> Trace | None:
    """The trace whose difference from the reference is diagnosed: your log, unless the live side is compared with C."""
    return state.live if state.shown is Compared.REFERENCE_LIVE or not state.has_log else state.suspect


def current(state: State) -> KeptDiagnosis | None:
    """The diagnosis, if it belongs to the two current traces."""
    found = state.diagnosed
    if found is None or state.pending or found.c is not state.reference or found.py is not diagnosable(state):
        return None
    return found


def cause_in_one_line(state: State) -> str:
    """Verdict, best cause and probability for the main screen; empty without a diagnosis of the current traces."""
    found = current(state)
    if found is None or not found.diagnosis.differs:
        return ""
    causes, why = found.diagnosis.hypotheses, ACTIONS.key("why")
    parity = causes and causes[0].settings.get("phi_mode") == "c-parity" and state.settings.phi_mode == "spec"
    ways = f"{why} {'all causes' if causes else 'details'}"
    ways += f"   {ACTIONS.key('phi_mode')} try c-parity" if parity else ""
    return f"{clean(found.diagnosis.headline())}   {ways}"


def certain_and_unknown(state: State) -> tuple[tuple[str, str], ...]:
    """The first sentence of the certain and of the unknown part, with their labels."""
    found = current(state)
    if found is None or not found.diagnosis.differs:
        return ()
    parts = (("Certain: ", found.diagnosis.certain), ("Unknown: ", found.diagnosis.open_questions))
    return tuple((label, clean(sentences[0])) for label, sentences in parts if sentences)


def hint(state: State) -> str:
    """Evidence of C's own log for the cause of a divergence, and the key that tests it."""
    first = state.comparison.first_divergence if state.comparison and not state.pending else None
    if first is None or first.stage not in ("crystal", "lattice"):
        return ""
    if state.reference is None or not repeats_last_step(state.reference):
        return ""
    last = phi_ends(state.reference.phi)[1].phi_tic
    seen = f"C's phi step 0 carries the values of its step {last}"
    if state.settings.phi_mode == "spec" and state.can_simulate:
        return f"{seen}; {ACTIONS.key('phi_mode')}: make the live side do the same"
    return seen


def steps_of(state: State) -> int:
    """Steps of the pixel: from the simulation, else from the count in C's log; 0 without either."""
    if state.simulation is not None:
        return state.simulation.steps
    found = state.reference.all("steps") if state.reference is not None else ()
    count = found[-1].values[0] if found else 0
    return int(count) if isinstance(count, int) else 0


def not_diagnosed(state: State) -> str:
    """Reason for skipping the automatic diagnosis, and the key that starts it; empty without a reason."""
    steps, found = steps_of(state), state.comparison
    if steps <= MANY_STEPS or state.case is None or state.pending or current(state) is not None:
        return ""
    if found is None or found.first_divergence is None:
        return ""
    return f"not diagnosed automatically ({steps:,} steps per pixel); press {ACTIONS.key('why')} to diagnose"


def cause_name(state: State) -> str:
    """Names of the best cause, for the header; empty if it explains only a part and is not likely."""
    found = current(state)
    if found is None or not found.diagnosis.hypotheses:
        return ""
    best, verdict = found.diagnosis.hypotheses[0], found.diagnosis.verdict
    told = verdict == "explained" or (verdict == "partly" and best.probability > LIKELY)
    return best.name + (" (print)" if best.kind == "print" else "") if told else ""


def gap_of(state: State) -> float | None:
    """Current relative gap of I_pixel_final."""
    row = state.comparison.row("I_pixel_final") if state.comparison is not None and not state.pending else None
    return row.rel_delta if row is not None else None

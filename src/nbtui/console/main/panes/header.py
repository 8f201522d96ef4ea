"""The top lines: the run, the verdict, preflight."""

from __future__ import annotations

from nbtui.console.drawing.line import Line, Span, clip, fit, line, width_of
from nbtui.console.drawing.numbers import percent
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.cause_summary import cause_name
from nbtui.console.main.freshness import names
from nbtui.console.main.live_causes import LiveCauses
from nbtui.console.main.state import Phase, State, inherits
from nbtui.parity.coverage import too_little
from nbtui.parity.model import Comparison, Row
from nbtui.parity.render import fields_differing
from nbtui.trace.fields.catalogue import Stage, Tap, field
from nbtui.trace.text import clean

WIDE = 160  # width in columns from which the way to more values than those of a stock log is shown
_NAME = 8  # cells of the name of a case that stay
ROOMY = 130  # width in columns from which the verdict is written in full


def draw(state: State, width: int, height: int) -> list[Line]:
    """Three lines; two in a low pane (``height`` 2), where the verdict line counts the preflight findings."""
    lines = [_title(state, width), _verdict(state, width)]
    if height > 2:
        lines.append(_preflight(state, width))
    return [fit(entry, width) for entry in lines]


def _title(state: State, width: int) -> Line:
    short = width < 110
    pixel, grid = state.pixel, state.contributions
    place = "" if pixel is None else f"({pixel[0]},{pixel[1]})" if short else f"slow {pixel[0]} fast {pixel[1]}"
    sampling = ""
    if grid is not None:
        sampling = (
            f"phi {grid.n_phi} x dom {grid.n_domains}"
            if short
            else f"phi {_counted(grid.n_phi, 'step')} x {_counted(grid.n_domains, 'domain')}"
        )
    gap = "  " if short else "   "
    end = (*_live(state, gap), *_changes(state, gap))
    tail = _activity(state)
    front = line(Span(" nbtui ", "focus"), Span(f" {state.named[0].name} | {state.named[1].name} ", "title"), " ")
    where = line(Span(f"{gap}pixel ", "label") if place else "", place)
    urgent = tail.tone == "warning"
    room = width - (width_of((tail,)) + 1 if urgent else 0)
    free = room - width_of((*front, *where, *end))
    start = (*front, Span(clip(clean(state.name), max(_NAME, min(max(10, width // 4), free)))), *where)
    middle = line(gap + sampling if sampling else "")
    head = (*start, *(middle if width_of((*start, *middle, *end)) <= room else ()), *end)
    between = width - width_of(head) - width_of((tail,))
    if between > 0:
        return (*head, Span(" " * between), tail)
    return (*fit(head, room), Span(" "), tail) if urgent else head


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _live(state: State, gap: str) -> tuple[Span, ...]:
    """The settings of the live side; during a simulation of another mode, both modes."""
    if not state.can_simulate:
        return (Span(f"{gap}two logs"),)
    asked = state.settings.phi_mode
    shown = state.simulation.settings.phi_mode if state.simulation else asked
    mode = shown if shown == asked else f"{shown} -> {asked}"
    if state.settings.c_program is not None:
        mode = f"{clean(state.settings.c_program.name)} {mode}"
    causes = len(state.simulation.causes) if state.simulation else 0
    more = f" + {_counted(causes, 'cause')}" if causes else ""
    dtype = state.settings.dtype if len(gap) > 2 else state.settings.dtype.replace("float", "f")
    how = f" {dtype} {state.settings.device}"
    return (Span(f"{gap}LIVE ", "label"), Span(mode, "title"), Span(how, "faint"), Span(more, "warning"))


def _changes(state: State, gap: str) -> tuple[Span, ...]:
    """Number of parameters changed since the start."""
    count = len(state.tuning.changed) if state.tuning else 0
    key = ACTIONS.key("parameters")
    words = f"*{count} ({key})" if len(gap) < 3 else f"* {count} changed ({key})"
    return (Span(f"{gap}{words}", "warning"),) if count else ()


def _activity(state: State) -> Span:
    if state.files.frozen:
        return Span("FROZEN ", "warning")
    if state.exporting:
        return Span("exporting ... ", "warning")
    if state.runs.running:
        return Span("the port is running ... ", "warning")
    if state.runs.failure:
        return Span(f"RUN FAILED ({ACTIONS.key('runs')}) ", "warning")
    if state.progress and not state.pending:
        return Span(f"{clean(state.progress)} ... ", "warning")
    return at_work(state) or simulated_in(state)


def at_work(state: State, failed: str = "failed ") -> Span | None:
    """Activity of the live side, with ``failed`` for a failure; None while it is ready."""
    words = {Phase.SIMULATING: "simulating ... ", Phase.READING: "reading ... ", Phase.FAILED: failed}.get(state.phase)
    return None if words is None else Span(words, "warning")


def simulated_in(state: State) -> Span:
    """The time of the last simulation; empty without one."""
    if state.simulation is None:
        return Span("")
    return Span(f"simulated in {1000 * state.simulation.seconds:.0f} ms ", "faint")


def _verdict(state: State, width: int) -> Line:
    comparison = state.comparison
    if state.pending or comparison is None:
        if state.phase is Phase.FAILED:
            return (Span(f" {clip(clean(state.failure), width - 2)} ", "verdict-differ"),)
        words = "the C log is shown, simulating the live side ..." if state.rows else f"{state.phase.value} ..."
        if state.progress:
            words = f"{clean(state.progress)}   {ACTIONS.key('close')} stops"
        return (Span(f" {words} ", "verdict-wait"),)
    first = comparison.principal
    if first is None and not comparison.num_compared and state.reference is None:
        return (Span(" NO C LOG  the live side alone, there is nothing to compare it with ", "verdict-wait"),)
    if first is None:
        tone = "verdict-agree" if comparison.agrees else "verdict-wait"
        verdict = Span(f" {_agreement(comparison)} ", tone)
        return line(verdict, *_missing(comparison, width), *(() if width < 110 else _profile(comparison)))
    differing, judged = fields_differing(comparison)
    final = comparison.row("I_pixel_final")
    gap = final.rel_delta if final else None
    short = width < 110
    new = inherits(state, first)  # fields outside the profile may differ before the first divergence
    words = _words(comparison, short=short)
    count = f"{differing} of {judged} fields differ" if width >= ROOMY else f"{differing}/{judged} differ"
    told = line(
        Span(f" {words}  {clip(clean(first.label), width // 3)} ", "verdict-differ"),
        Span(f"  new {clip(clean(new), width // 5)}" if new else "", "diverge"),
        Span("  not in the pixel" if comparison.first_reaching is None else "", "minor"),
        Span("  phi step 0" if _at_first_step(state, first) and not short else "", "digit"),
        Span("   gap " if short else "   I_pixel_final ", "label") if gap is not None else "",
        Span(percent(gap), "digit") if gap is not None else "",
    )
    for more in (line(f"   {count}"), _missing(comparison, width)):
        told = (*told, *more) if width_of((*told, *more)) <= width else told
    for more in (_cause(state, width - width_of(told)), _earlier(comparison, width), _profile(comparison)):
        told = (*told, *more) if width_of(told) + width_of(more) <= width else told
    return told


def _words(comparison: Comparison, *, short: bool) -> str:
    """What the named field is: the first divergence, or the first that reaches the pixel where that is another one."""
    if comparison.first_reaching in (None, comparison.first_divergence):
        return "FIRST" if short else "FIRST DIVERGENCE"
    return "IN PIXEL" if short else "FIRST IN THE PIXEL"


def _earlier(comparison: Comparison, width: int) -> Line:
    """The first divergence of all, where another one is the first in the pixel."""
    first, reaching = comparison.first_divergence, comparison.first_reaching
    if first is None or reaching in (None, first):
        return ()
    label = "earlier, not in the pixel" if width >= ROOMY else "earlier"
    return (Span(f"   {label} ", "label"), Span(clip(clean(first.label), width // 4), "minor"))


def _cause(state: State, room: int) -> Line:
    """Result of the diagnosis, as far as it fits in ``room``."""
    name = clean(cause_name(state))
    return (Span("   likely ", "label"), Span(clip(name, room - 10), "warning")) if name and room > 20 else ()


def _agreement(comparison: Comparison) -> str:
    if not comparison.num_compared:
        return "NOTHING COMPARED  no field has a value on both sides"
    if comparison.too_little:
        return f"NO VERDICT  {too_little(comparison)}"
    _, judged = fields_differing(comparison)
    tail = "worst 0: every digit is equal"
    if comparison.overview.worst is not None:
        worst = comparison.rows[comparison.overview.worst]
        tail = f"worst {abs(worst.rel_delta or 0.0):.1e} at {clean(worst.label)}"
    return f"AGREE  {judged} of {judged} fields within tolerance, {tail}"


def _at_first_step(state: State, row: Row) -> bool:
    """The loop prints orientation and lattice only at the first of several phi steps."""
    known = field(row.field)
    if known is None or known.tap not in (Tap.FIRST_PASS, Tap.PRINTOUT):
        return False
    many = state.contributions is not None and state.contributions.n_phi > 1
    return many and known.stage in (Stage.CRYSTAL, Stage.LATTICE)


def _missing(comparison: Comparison, width: int) -> tuple[Span, ...]:
    """The number of values on one side; of a stock build, what its log holds."""
    if comparison.stock:
        return (Span(f"   {comparison.stock if width >= WIDE else comparison.stock.partition(';')[0]}", "missing"),)
    return (Span(f"   {comparison.num_missing} missing", "missing"),) if comparison.num_missing else ()


def _profile(comparison: Comparison) -> tuple[Span, ...]:
    return (Span("   profile ", "label"), Span(clean(comparison.profile)))


def _files(state: State, width: int) -> Line:
    """File changes not yet on the screen; empty if the screen is up to date."""
    files = state.files
    if files.problem:
        return line(
            Span(" NOT READ ", "warning"), clip(f"{clean(files.problem)}; showing the previous result", width - 11)
        )
    if files.waiting and files.frozen:
        return line(
            Span(" FROZEN ", "warning"),
            clip(f"{names(files.waiting)} changed; {ACTIONS.key('freeze')} reloads it", width - 9),
        )
    if files.gone:
        return line(Span(" GONE ", "warning"), clip(f"{names(files.gone)}: showing the previous result", width - 7))
    return ()


def _in_effect(state: State, causes: LiveCauses) -> bool:
    """Whether the live side has been simulated with these causes."""
    return state.simulation is not None and set(state.simulation.causes) == set(causes.on)


def _preflight(state: State, width: int) -> Line:
    if files := _files(state, width):
        return files
    if state.runs.failure:
        why = f"{state.runs.failure}; {ACTIONS.key('runs')} shows its output; the last good log stays"
        return line(Span(" FAILED ", "verdict-differ"), Span(" "), clip(why, width - 10))
    if state.elsewhere and state.c_pixel is not None and state.c_here is None:
        slow, fast = state.c_pixel
        here = f"({slow},{fast})" if state.seen else f"slow {slow} fast {fast}"
        why = f"{here}; {clean(state.seen)}" if state.seen else here
        why += f"; here C is simulated, {ACTIONS.key('run')} runs your C program"
        back = f"; {ACTIONS.key('jump')} pixel {slow} {fast} goes back"
        return line(Span(" C's log is of another pixel: ", "warning"), clip(why + back, width - 31))
    if state.reference is None and state.phase is Phase.READY:
        way_out = "put trace_c.log into the case folder, or make one with nbtui c-trace"
        return line(Span(" no C log ", "warning"), clip(way_out, width - 10))
    if state.pending or state.comparison is None:
        origin = clean(state.c_trace.origin) if state.c_trace else "no C log"
        return line(Span(" C log ", "label"), clip(origin, width - 8))
    findings = state.comparison.findings
    if state.causes is not None and state.has_log and _in_effect(state, state.causes):
        number = f"  PREFLIGHT {len(findings)} ({ACTIONS.key('help')})" if findings else ""
        told = clip(clean(state.causes.sentence), width - len(number) - 15)
        return line(Span(" LIVE is ", "label"), Span(told, "warning"), Span(number, "faint"))
    if not findings:
        return line(Span(" PREFLIGHT ", "label"), Span("ok", "pass"), Span("  same pixel, nothing to note", "faint"))
    number = f"{len(findings)} notice{'s' if len(findings) > 1 else ''}: "
    more = f"  ({ACTIONS.key('help')} shows all)" if len(findings) > 1 else ""
    return line(
        Span(" PREFLIGHT ", "label"),
        Span(number, "warning"),
        clip(clean(findings[0]), width - 12 - len(number) - len(more)),
        Span(more, "faint"),
    )

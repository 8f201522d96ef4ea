"""The lines on top: what is run, the verdict, preflight."""

from __future__ import annotations

from nbtui.console.panes.line import Line, Span, clip, fit, line, width_of
from nbtui.console.panes.numbers import percent
from nbtui.console.state import Phase, State
from nbtui.parity.model import Comparison, Row
from nbtui.trace.text import clean


def draw(state: State, width: int, height: int) -> list[Line]:
    """Three lines; two when there is no room (``height`` 2): preflight is then counted in the verdict line."""
    lines = [_title(state, width), _verdict(state, width)]
    if height > 2:
        lines.append(_preflight(state, width))
    return [fit(entry, width) for entry in lines]


def verdict(comparison: Comparison) -> str:
    """``AGREE ...`` or ``FIRST DIVERGENCE ...`` in one line of plain words."""
    first = comparison.first_divergence
    if first is not None:
        return f"FIRST DIVERGENCE  {clean(first.label)}"
    if not comparison.num_compared:
        return "NOTHING COMPARED"
    return (
        f"AGREE  {comparison.num_compared} of {comparison.num_compared} fields within tolerance"
        f"{_worst(comparison)}"
    )


def _worst(comparison: Comparison) -> str:
    numeric = [row for row in comparison.rows if row.rel_delta is not None]
    worst: Row | None = max(numeric, key=lambda row: abs(row.rel_delta or 0.0), default=None)
    if worst is None or not worst.rel_delta:
        return ", no digit differs"
    return f", worst {abs(worst.rel_delta):.0e} at {clean(worst.label)}"


def _title(state: State, width: int) -> Line:
    mode = state.simulation.settings.phi_mode if state.simulation else state.settings.phi_mode
    pixel = _pixel(state)
    grid = state.contributions
    sampling = f"phi {grid.n_phi} steps x {grid.n_domains} domains" if grid else ""
    live = (f"{state.settings.dtype} {state.settings.device}",) if state.can_simulate else ("two logs",)
    shown_mode = (Span("   MODE ", "label"), Span(mode, "title")) if state.can_simulate else ()
    head = line(
        Span(" nbtui ", "focus"),
        Span(" " + clip(clean(state.name), max(10, width // 4)), "title"),
        Span("   pixel ", "label") if pixel else "",
        f"slow {pixel[0]} fast {pixel[1]}" if pixel else "",
        f"   {sampling}" if sampling else "",
        "   " + live[0],
        *shown_mode,
    )
    tail = _activity(state)
    room = width - width_of(head) - width_of((tail,)) - 1
    return (*head, Span(" " * room), tail) if room > 0 else (*fit(head, width - width_of((tail,)) - 1), Span(" "), tail)


def _activity(state: State) -> Span:
    if state.exporting:
        return Span("exporting ... ", "warning")
    if state.phase is Phase.SIMULATING:
        return Span("simulating ... ", "warning")
    if state.phase is Phase.READING:
        return Span("reading ... ", "warning")
    if state.phase is Phase.FAILED:
        return Span("failed ", "warning")
    if state.simulation is None:
        return Span("")
    return Span(f"simulated in {1000 * state.simulation.seconds:.0f} ms ", "faint")


def _verdict(state: State, width: int) -> Line:
    comparison = state.comparison
    if state.pending or comparison is None:
        if state.phase is Phase.FAILED:
            return (Span(f" {clip(state.failure, width - 2)} ", "verdict-differ"),)
        words = "the C log is shown, simulating the Python side ..." if state.rows else f"{state.phase.value} ..."
        return (Span(f" {words} ", "verdict-wait"),)
    if state.phase is Phase.FAILED and state.failure:
        return (Span(f" {clip(state.failure, width - 2)} ", "verdict-differ"),)
    first = comparison.first_divergence
    if first is None:
        tone = "verdict-agree" if comparison.num_compared else "verdict-wait"
        return line(Span(f" {verdict(comparison)} ", tone), *_missing(comparison), *_profile(comparison))
    final = comparison.row("I_pixel_final")
    gap = final.rel_delta if final else None
    return line(
        Span(f" {verdict(comparison)} ", "verdict-differ"),
        Span(f"  phi step {first.occurrence}" if first.field.startswith("phi.") else ""),
        Span("   I_pixel_final ", "label") if gap is not None else "",
        Span(percent(gap), "digit") if gap is not None else "",
        f"   {comparison.num_divergent} of {comparison.num_compared} fields differ",
        *_missing(comparison),
        *_profile(comparison),
    )


def _missing(comparison: Comparison) -> tuple[Span, ...]:
    return (Span(f"   {comparison.num_missing} missing", "missing"),) if comparison.num_missing else ()


def _profile(comparison: Comparison) -> tuple[Span, ...]:
    return (Span("   profile ", "label"), Span(clean(comparison.profile)))


def _preflight(state: State, width: int) -> Line:
    if state.pending or state.comparison is None:
        origin = clean(state.c_trace.origin) if state.c_trace else "no C log"
        return line(Span(" C log ", "label"), clip(origin, width - 8))
    findings = state.comparison.findings
    if not findings:
        return line(Span(" PREFLIGHT ", "label"), Span("ok", "pass"), Span("  same pixel, nothing to note", "faint"))
    more = f"  (+{len(findings) - 1} more, see ?)" if len(findings) > 1 else ""
    return line(
        Span(" PREFLIGHT ", "label"),
        Span(f"{len(findings)} ", "warning"),
        clip(clean(findings[0]), width - 14 - len(more)),
        Span(more, "faint"),
    )


def _pixel(state: State) -> tuple[int, int] | None:
    if state.simulation is not None:
        return state.simulation.pixel
    if state.case is not None and state.case.pixel is not None:
        return state.case.pixel
    return state.c_trace.pixel if state.c_trace else None

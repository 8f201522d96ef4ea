"""The diagnosis screen: verdict and ranked causes above; certain facts, unknown differences and details below."""

from __future__ import annotations

from nbtui.console.diagnosis.actions import DIAGNOSIS_ACTIONS
from nbtui.console.diagnosis.ranking import bar, cells, ranking
from nbtui.console.diagnosis.state import DiagnosisState
from nbtui.console.drawing.foot import MOST, keys, message
from nbtui.console.drawing.line import Line, Span, block, clip, fit, left, line, right, rule, width_of, wrap
from nbtui.console.drawing.numbers import percent
from nbtui.console.main.cause_summary import gap_of
from nbtui.console.main.kept_diagnosis import KeptDiagnosis
from nbtui.console.main.state import Phase, State
from nbtui.diagnosis.answer import Diagnosis
from nbtui.diagnosis.explain.attribution import Share
from nbtui.diagnosis.explain.causes import Cause
from nbtui.diagnosis.explain.imitation import TOTALS
from nbtui.diagnosis.render import gap_text
from nbtui.parity.coverage import too_little
from nbtui.trace.text import clean

_CASE = 8  # minimum cells of the case's name in the title
_HEAD = 2  # lines above the causes
_PARTS = 6  # drawn parts of a share
_GAP = 18  # width of a gap in the table of causes taken away


def draw(main_state: State, state: DiagnosisState, width: int, height: int) -> list[Line]:
    """Exactly ``height`` lines of ``width`` cells."""
    if state.helping:
        return block(_help(width), width, height)
    above, page = _above(main_state, state, width), _page(main_state, state, width)
    room = height - len(above) - 2
    more = len(page) - room - state.top
    words = f" {more} more lines " if more > 0 else " end "
    keys = " ".join(DIAGNOSIS_ACTIONS.key(id) for id in ("page_down", "page_up"))
    scroll = (Span(keys, "key"), Span(words, "faint")) if len(page) > room else ()
    title = rule((Span("details", "title"),), width, scroll)
    shown = page[state.top : state.top + room]
    foot = _foot(main_state, state, width)
    return [*block([*above, title, *shown], width, height - len(foot)), *foot]


def extent(main_state: State, state: DiagnosisState, width: int, height: int) -> tuple[int, int]:
    """Number of lines of the page, and how many of them fit."""
    return len(_page(main_state, state, width)), height - len(_above(main_state, state, width)) - 2


def cause_at(state: DiagnosisState, y: int) -> int | None:
    """Index of the cause drawn in line ``y``; None elsewhere."""
    index = y - _HEAD - 1
    return index if 0 <= index < len(state.causes) else None


# --- above -----------------------------------------------------------------------------------------------------------


def _above(main_state: State, state: DiagnosisState, width: int) -> list[Line]:
    found = state.diagnosed
    lines = [_title(main_state, found, state, width), _now(main_state, state, width)]
    title = (Span("causes, best first", "title"),)
    tail = (Span(_effort(found), "faint"),) if found is not None else ()
    lines.append(rule(title, width, tail, focused=True))
    if state.progress:
        stops = Span(f"  {DIAGNOSIS_ACTIONS.key('stop')} stops it", "faint")
        lines.append(line(Span(f"   {clip(clean(state.progress), width - 20)} ...", "warning"), stops))
    elif state.problem:
        lines += [line(Span(f"   {part}", "warning")) for part in wrap(clean(state.problem), width - 4)]
    elif found is None:
        lines.append(line(Span("   no diagnosis yet", "faint")))
    elif state.causes:
        lines += ranking(state, width)
    elif found.diagnosis.differs:
        lines.append(line(Span("   none known: the certain facts and the open differences are below", "warning")))
    else:
        lines.append(line(Span("   none needed: nothing differs beyond the tolerance", "pass")))
    return lines


def _title(main_state: State, found: KeptDiagnosis | None, state: DiagnosisState, width: int) -> Line:
    """Verdict with the best cause, and the gap at the time of the diagnosis."""
    gap = found.gap if found is not None else gap_of(main_state)
    spans = [Span(" WHY ", "verdict-differ" if found is None or found.diagnosis.differs else "verdict-agree")]
    size = [Span("   gap ", "label"), Span(percent(gap), "digit")] if gap is not None else []
    if found is not None:
        tone = "text" if found.diagnosis.verdict in ("agrees", "explained") else "warning"
        room = width - width_of(spans) - width_of(size) - 3
        spans.append(Span(f"  {clean(found.diagnosis.headline(room))}", tone))
    spans += size
    room = width - width_of(spans) - 3
    name = Span(clip(clean(main_state.name), room) + " " if room >= _CASE else "", "faint")
    return (*fit(tuple(spans), max(0, width - width_of((name,)))), name)


def _now(main_state: State, state: DiagnosisState, width: int) -> Line:
    """The current gap of the live side: it closes here when a cause is applied."""
    if main_state.phase is Phase.SIMULATING:
        return line(Span(" LIVE ", "label"), Span("simulating ...", "warning"))
    comparison = main_state.with_live
    if comparison is None or main_state.live is None:
        return line(Span(" LIVE ", "label"), Span("not simulated yet", "faint"))
    mode = Span(f"   {clean(main_state.settings.phi_mode)}", "faint")
    mark = Span(
        "   not applied" if state.applied is None else f"   cause {state.applied + 1} applied",
        "changed" if state.applied is not None else "faint",
    )
    if comparison.agrees:
        within = Span("with C, every field within tolerance")
        return line(Span(" LIVE ", "label"), Span("= AGREE ", "pass"), within, mode, mark)
    if comparison.too_little and comparison.first_divergence is None:
        return line(Span(" LIVE ", "label"), Span(too_little(comparison), "warning"), mode, mark)
    first, final = comparison.principal, comparison.row("I_pixel_final")
    gap = final.rel_delta if final is not None else None
    spans = [Span(" LIVE ", "label"), Span("# differs from C", "diverge")]
    spans += [Span(f", first in {clip(clean(first.label), width // 3)}")] if first is not None else []
    spans += [Span(f"   gap {percent(gap)}", "digit")] if gap is not None else []
    spans.append(mark)
    return line(*spans, mode if width_of(spans) + width_of((mode,)) <= width else "")


def _effort(found: KeptDiagnosis) -> str:
    singles, sets = found.diagnosis.tried
    if not singles:
        return f"{found.seconds:.1f} s"
    return f"tried {singles} causes, {sets} combinations in {found.seconds:.1f} s"


def _share(part: float) -> str:
    return f"{100.0 * part:.1f} %"


# --- the page --------------------------------------------------------------------------------------------------------


def _page(main_state: State, state: DiagnosisState, width: int) -> list[Line]:
    """Certain, unknown, then the selected cause; a cause chosen with the cursor comes before them."""
    found = state.diagnosed
    if found is None:
        findings = main_state.comparison.findings if main_state.comparison is not None else ()
        return _list("Preflight", findings, width)[1:]
    diagnosis = found.diagnosis
    parts = _falls(main_state, diagnosis, width)
    parts += _list("What is certain", diagnosis.certain, width, "pass")
    parts += _list("What is unknown", diagnosis.open_questions, width, "diverge")
    about = _about(state.cursor, state.cause, width) if state.cause is not None else []
    lines = [*about, *parts] if state.cursor else [*parts, *about]
    if diagnosis.new_divergence:
        lines += _section("First new divergence")
        lines += _text(_first(main_state, diagnosis.new_divergence), width)
    if diagnosis.attribution:
        lines += _section("Where the gap comes from", f"C's terms: {diagnosis.attributed_to}")
        lines += [row for share in diagnosis.attribution for row in _shares(share, width)]
    lines += _list("Preflight", diagnosis.before, width)
    sentences = tuple(finding.sentence for finding in diagnosis.consistency)
    lines += _list("Lines that contradict their own trace", sentences, width)
    lines += _list("Ratios", tuple(match.sentence for match in diagnosis.ratios), width)
    return (lines + _list("Remarks", diagnosis.remarks, width))[1:]


def _falls(main_state: State, diagnosis: Diagnosis, width: int) -> list[Line]:
    """The gap from your log to the reference, with a mark at the state of the live side."""
    fall = diagnosis.waterfall
    if fall is None or not fall.tells:
        return []
    names = [name for name in TOTALS if name in fall.log]
    here = main_state.causes.moved if main_state.causes is not None and main_state.causes.order == fall.falls else None
    rows = [(label, gaps, here is not None and number == here + 1) for number, (label, gaps) in enumerate(fall.rows)]
    first = max(len(label) for label, _, _ in rows)
    names = names if len(names) * _GAP + first + 3 <= width else names[-1:]
    first = min(first, width - 3 - len(names) * _GAP)
    lines = [*_section("Gap to C, one cause at a time"), *_text(diagnosis.imitates, width)]
    lines.append(line(Span("   " + " " * first + "".join(right(name, _GAP) for name in names), "label")))
    for label, gaps, at in rows:
        values = "".join(right(gap_text(gaps.get(name)), _GAP) for name in names)
        lines.append(line(Span(" > " if at else "   ", "focus"), Span(left(label, first)), Span(values, "digit")))
    return lines


def _about(rank: int, cause: Cause, width: int) -> list[Line]:
    """A cause: kind, description, confirmation, evidence in this log, and fix."""
    first, *rest = wrap(f"Cause {rank + 1}: {clean(cause.name)}", width - 4)
    lines = [*_section(first), *(line(Span(f"   {part}", "title")) for part in rest)]
    lines += _text(cause.beside, width) if cause.beside else []
    lines += _text(f"{cause.subject}; probability {cause.likelihood}; explains {cause.share}, {cause.remainder}", width)
    lines += _text(cause.summary, width)
    for confirm, fix in zip(cause.confirm, cause.fix, strict=True):
        lines += [*_labelled("confirm", confirm, width), *_labelled("remedy", fix, width)]
    for text in cause.seen:
        lines += _labelled("C log", text, width, "digit")
    return lines


def _first(main_state: State, name: str) -> str:
    """The first new divergence, and the overall first one if it is another field."""
    plain = (
        main_state.comparison.first_divergence if main_state.comparison is not None and not main_state.pending else None
    )
    if plain is None or plain.field == name:
        return f"{name}: nothing before it explains its difference"
    return f"{name}: nothing before it explains its difference; the first field that differs is {plain.label}"


def _shares(share: Share, width: int) -> list[Line]:
    """One breakdown of the gap, its largest parts as bars."""
    across = cells(width)
    lines: list[Line] = []
    label = f"by {share.axis}"
    for number, (name, value) in enumerate(share.parts[:_PARTS]):
        part = value / share.gap if share.gap else 0.0
        lines.append(
            line(
                Span(f"   {left(clip(label, 28) if number == 0 else '', 29)}", "label"),
                Span(left(clean(name), 26)),
                Span(f" {bar(part, across)}", "bar-c" if part >= 0 else "bar-py"),
                Span(f" {right(_share(part), 8)}", "digit"),
            )
        )
    more = len(share.parts) - _PARTS
    return [*lines, line(Span(f"{' ' * 32}and {more} more", "faint"))] if more > 0 else lines


def _section(title: str, note: str = "") -> list[Line]:
    """A heading after an empty line."""
    return [(), line(Span(f" {title}", "title"), Span(f"   {clean(note)}" if note else "", "faint"))]


def _list(title: str, entries: tuple[str, ...], width: int, tone: str = "warning") -> list[Line]:
    if not entries:
        return []
    lines = _section(title)
    for entry in entries:
        first, *rest = wrap(clean(entry), width - 5) or [""]
        lines += [line(Span(" - ", tone), first), *(line("   " + part) for part in rest)]
    return lines


def _text(text: str, width: int) -> list[Line]:
    return [line("   " + part) for part in wrap(clean(text), width - 4)]


def _labelled(label: str, text: str, width: int, tone: str = "text") -> list[Line]:
    first, *rest = wrap(clean(text), width - 13) or [""]
    head = line(Span(f"   {left(label, 9)}", "label"), Span(first, tone))
    return [head, *(line(Span(" " * 12 + part, tone)) for part in rest)]


# --- foot ------------------------------------------------------------------------------------------------------------


def _foot(main_state: State, state: DiagnosisState, width: int) -> list[Line]:
    told = state.message or main_state.message
    if told:
        return message(told, width, MOST)
    return [fit(keys(((action.shown, action.label) for action in DIAGNOSIS_ACTIONS if action.label), width), width)]


def _help(width: int) -> list[Line]:
    return [
        rule((Span("diagnosis: keys", "title"),), width, (Span("any key closes", "faint"),), focused=True),
        *(line(Span(" " + left(action.shown, 10), "key"), action.help) for action in DIAGNOSIS_ACTIONS),
        (),
        *_text(
            "Every known cause is re-simulated for this pixel, alone and then together with others, and scored over "
            "all compared fields. 'likely' is the probability that exactly these causes are right, 'explains' the part "
            "of the misfit that they explain, 'left' the largest relative difference left over, and its field. The bar "
            "of what is left has one sixteenth per decade: the shortest one is the best. A cause of the print changes "
            "trace lines, not the pixel.",
            width,
        ),
    ]

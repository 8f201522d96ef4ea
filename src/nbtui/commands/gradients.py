"""``nbtui gradients``: the derivatives of the pixel, ours, the C program's and those of a port."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbtui.commands.options import Request, case_options, json_option, py_log_option, say
from nbtui.errors import UnusableInput
from nbtui.schemas import labelled
from nbtui.trace.fields.gradient import GROUP
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.commands.narration import Narration
    from nbtui.live.gradients.difference import FiniteDifference
    from nbtui.live.gradients.measured import Measurement
    from nbtui.live.gradients.model import JudgedSlope, PixelSlopes
    from nbtui.live.model import Case
    from nbtui.trace.model import Trace

_SAME = 1e-6  # relative: the pixel of the log and ours


@click.command("gradients")
@py_log_option
@click.option("--binary", help="C program to differentiate, too.  [default: $NB_C_BIN, if set]")
@click.option("--parameter", "names", multiple=True, metavar="NAME", help="Only this one: cell, cell_a ... (repeat).")
@json_option
@case_options(judged=True)
def command(request: Request, py_log: Path | None, binary: str | None, names: tuple[str, ...], as_json: bool) -> int:
    """Print the derivatives of the pixel of CASE by every parameter, and judge those of a Python log.

    Ours come from autograd in float64. Central differences of exact runs, which are those of the C program bit for bit,
    confirm them; --binary measures the C program itself. A Python log holds lines TRACE_PY_GRAD: cell_a VALUE, in
    photons per unit of the command line (t.gradient of nbtui.tap prints them).

    Verdicts: agree; differ; kink, no derivative at this point (another reflection becomes the nearest, a term drops
    out); none, no derivative on this case; unknown, differences too coarse to tell; missing from the log.
    """
    from nbtui.commands.narration import Narration
    from nbtui.live.gradients.judge import gradients_of, judged
    from nbtui.live.gradients.ours import pixel_slopes
    from nbtui.parity.profiles import profile

    case = request.case()
    log = _log(py_log)
    theirs = gradients_of(log) if log is not None else None
    with Narration() as narration:
        slopes = pixel_slopes(
            case,
            request.settings(),
            names,
            lambda done, of: narration.say(f"differentiating: {done} of {of} parameters"),
        )
        measured = _measured(binary, case, request, slopes, narration)
    for notice in _notices(slopes, log, theirs, measured):
        say(notice)
    chosen = profile(request.profile, request.configuration.profiles).with_tolerance(request.tolerance)
    of_c = measured.slopes if measured is not None else {}
    rows = tuple(judged(slopes, theirs, of_c, chosen, single=_single(log)))
    if as_json:
        click.echo(_json(case, request, slopes, rows, measured), nl=False)
    else:
        for line in _table(request, slopes, rows, theirs, measured):
            click.echo(line)
    verdicts = Counter(row.verdict.value for row in rows)
    return 1 if verdicts["differ"] or (theirs is not None and not verdicts["agree"]) else 0


def _log(path: Path | None) -> Trace | None:
    """The Python log; it must have gradient lines."""
    if path is None:
        return None
    from nbtui.commands.narration import read

    trace = read(path)
    if not any(name.startswith(GROUP) for name in trace.names()):
        raise UnusableInput(
            f"{clean(str(path))}: no line TRACE_PY_GRAD: NAME VALUE; print gradients with t.gradient of nbtui.tap "
            "(docs/traces.md)"
        )
    return trace


def _single(log: Trace | None) -> bool:
    from nbtui.parity.own_values import shows_single

    return log is not None and shows_single(log)


def _measured(
    binary: str | None, case: Case, request: Request, slopes: PixelSlopes, narration: Narration
) -> Measurement | None:
    """The derivatives of the C program, if one is named."""
    if not (binary or os.environ.get("NB_C_BIN")):
        return None
    from nbtui.live.c_program import find_program
    from nbtui.live.gradients.measured import measured_slopes

    return measured_slopes(
        find_program(binary),
        case,
        request.settings(),
        slopes,
        lambda done, of: narration.say(f"running the C program: {done} of {of} parameters"),
    )


def _notices(
    slopes: PixelSlopes, log: Trace | None, theirs: Mapping[str, float] | None, measured: Measurement | None
) -> Iterator[str]:
    yield from slopes.notices
    if measured is not None and measured.obstacle:
        yield f"{clean(str(measured.program))}: {measured.obstacle}"
    if log is None:
        return
    known = {slope.name for slope in slopes.slopes}
    strange = [clean(name) for name in theirs or {} if name not in known]
    if strange:
        yield f"your log has gradients by {', '.join(strange)}, which are not parameters of this case"
    final = log.all("I_pixel_final")
    value = final[-1].values[0] if final else None
    if isinstance(value, float) and slopes.value and abs(value / slopes.value - 1.0) > _SAME:
        gap = 100.0 * (value / slopes.value - 1.0)
        yield f"the pixel of your log itself is off by {gap:+.3g} %: its gradients follow; compare the traces first"


def _table(
    request: Request,
    slopes: PixelSlopes,
    rows: Sequence[JudgedSlope],
    theirs: Mapping[str, float] | None,
    measured: Measurement | None,
) -> Iterator[str]:
    slow, fast = slopes.pixel
    mode = request.settings().phi_mode
    yield f"pixel slow {slow} fast {fast}   I_pixel_final {slopes.value:.15g} photons   phi mode {mode}"
    head = f"{'d I / d':<22}{'at':>12}  {'ours (autograd)':>18}  {'differences':>26}"
    head += f"  {'C program':>26}" if measured is not None else ""
    head += f"  {'your log':>18}" if theirs is not None else ""
    yield f"{head}  {'unit':<21} verdict"
    for row in rows:
        slope = row.slope
        line = (
            f"{slope.name:<22}{_number(slope.at, 8):>12}  {_number(slope.ours, 12):>18}  {_known(slope.difference):>26}"
        )
        line += f"  {_known(row.measured):>26}" if measured is not None else ""
        line += f"  {_number(row.theirs, 12):>18}" if theirs is not None else ""
        yield f"{line}  {slope.unit:<21} {row.verdict.value.upper()}"
        if row.note:
            yield f"    {row.note}"
    counts = Counter(row.verdict.value for row in rows)
    yield ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None or value != value else f"{value:.{digits}g}"


def _known(found: FiniteDifference | None) -> str:
    """A derivative by differences with its uncertainty."""
    if found is None or found.value != found.value:
        return "-"
    return f"{found.value:.10g} +- {found.error:.1e}"


def _json(
    case: Case,
    request: Request,
    slopes: PixelSlopes,
    rows: Sequence[JudgedSlope],
    measured: Measurement | None,
) -> str:
    from nbtui.parity.metrics import to_json

    def known(found: FiniteDifference | None) -> dict[str, object] | None:
        if found is None:
            return None
        return {
            "value": found.value,
            "error": found.error,
            "step": found.step,
            "smooth_within": found.smooth,
            "kinks": list(found.kinks),
        }

    counts = Counter(row.verdict.value for row in rows)
    return to_json(
        labelled(
            "gradients",
            {
                "case": case.name,
                "pixel": {"slow": slopes.pixel[0], "fast": slopes.pixel[1]},
                "phi_mode": request.settings().phi_mode,
                "I_pixel_final": slopes.value,
                "c_program": str(measured.program) if measured is not None else None,
                "c_program_obstacle": measured.obstacle if measured is not None else "",
                "verdicts": dict(counts),
                "gradients": [
                    {
                        "parameter": row.slope.name,
                        "at": row.slope.at,
                        "unit": row.slope.unit,
                        "ours": row.slope.ours,
                        "differences": known(row.slope.difference),
                        "c_program": known(row.measured),
                        "theirs": row.theirs,
                        "verdict": row.verdict.value,
                        "note": row.note,
                    }
                    for row in rows
                ],
            },
        )
    )

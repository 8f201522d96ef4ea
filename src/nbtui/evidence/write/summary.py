"""``summary.md``: metrics.json for a reader.

Every number is printed exactly as in metrics.json (or env.json); this module computes none.
Source: spec/evidence_package.md, summary.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nbtui.evidence.ascii_text import ascii_line, cell
from nbtui.parity.percent import percent_pair
from nbtui.trace.fields import catalogue
from nbtui.trace.side import Role

PLACE = "- package: "  # then its path
_LISTED = 12  # factors of one kind in the change against the baseline
_HEAD = (
    "| factor | unit | C | Python | abs. delta | rel. delta | status |",
    "|---|---|---|---|---|---|---|",
)

_SUBJECT = {
    "simulation": "a cause of the simulation",
    "print": "a cause of the print: the trace line, not the pixel",
    "precision": "the precision of the numbers",
}


def summary(metrics: Mapping[str, Any], place: str, todo: str) -> str:
    """The whole text, ASCII, one newline at the end.

    Args:
        metrics: the metrics.json object.
        place: the package's own relative path.
        todo: the next step, without the word TODO.
    """
    sections = (
        _title(metrics),
        _run(metrics, place),
        _tables(metrics),
        _first(metrics),
        _preflight(metrics),
        _diagnosis(metrics),
        _baseline(metrics),
        ("## Print options", "", "torch's print options were not changed: every number is formatted by nbtui itself."),
        (f"TODO {ascii_line(todo).strip()}",),
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def next_step(metrics: Mapping[str, Any]) -> str:
    """The generated next step: from the failure, the best diagnosis or the first divergence."""
    first = metrics["first_reaching_detail"] or metrics["first_divergence_detail"]
    if first is None and metrics["blocked"]:
        return f"fix this, then export again: {metrics['blocked'][0]}"
    if first is None:
        return "repeat with another pixel or phi mode; nothing differs here"
    diagnosis = metrics["diagnosis"] or {}
    causes = diagnosis.get("hypotheses")
    if causes and diagnosis.get("verdict") != "unknown":
        return f"confirm {' + '.join(causes[0]['ids'])}: {' '.join(causes[0]['confirm'])}"
    origin = first["inherited_from"]
    where = f"follow it upstream to {origin}" if origin else "it is new, so inspect its own computation"
    return f"explain {first['label']}: {where}"


def number(value: object) -> str:
    """A value as in metrics.json, without quotes; ``-`` for null."""
    if value is None:
        return "-"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value if isinstance(value, str) else json.dumps(value)


def _title(metrics: Mapping[str, Any]) -> Iterator[str]:
    pixel = metrics["pixel"]
    spot = f"pixel (slow {pixel['slow']}, fast {pixel['fast']})" if pixel else "pixel unknown"
    yield f"# {cell(metrics['case'])}, {spot}"
    yield ""
    first = metrics["first_divergence_detail"]
    if metrics["verdict"] == "agree":
        yield f"Verdict: agree ({number(metrics['num_compared'])} values compared)"
    elif first is not None:
        yield f"Verdict: first divergence {cell(first['label'])}, relative delta {number(first['rel_delta'])}"
        yield from _reaching_verdict(first, metrics["first_reaching_detail"])
    elif metrics["verdict"] == "too little in common":
        yield f"Verdict: too little in common ({metrics['fields_common']} of {metrics['fields_judged']} fields)"
    else:
        yield f"Verdict: {metrics['verdict']}"
    for reason in metrics["blocked"]:
        yield f"BLOCKED: {ascii_line(reason)}"


def _reaching_verdict(first: Mapping[str, Any], reaching: Mapping[str, Any] | None) -> Iterator[str]:
    """The first divergence that reaches the pixel, where it is another one."""
    if reaching is None:
        yield "No divergence reaches the pixel."
    elif reaching["label"] != first["label"]:
        delta = number(reaching["rel_delta"])
        yield f"First divergence that reaches the pixel: {cell(reaching['label'])}, relative delta {delta}"


def _run(metrics: Mapping[str, Any], place: str) -> Iterator[str]:
    yield f"{PLACE}{ascii_line(place)}"
    for label, side in zip(("reference", "compared with"), metrics["sides"], strict=True):
        yield f"- {label}: {_side(side)}"
    if metrics.get("c_program"):
        yield f"- C program: {ascii_line(metrics['c_program'])}"
    yield f"- phi mode: {metrics['phi_mode']}"
    yield f"- dtype: {metrics['dtype']}"
    yield f"- device: {metrics['device']}"
    yield f"- tolerance profile: {cell(metrics['tolerance_profile'])}, tolerance {number(metrics['tolerance'])}"
    for key, label in (("num_compared", "compared"), ("num_divergent", "divergent"), ("num_missing", "missing")):
        yield f"- values {label}: {number(metrics[key])}"
    if metrics.get("float64_error") is not None:
        yield f"- relative error of I_pixel_final against float64: {number(metrics['float64_error'])}"
    switched = ", ".join(f"{name}={'on' if on else 'off'}" for name, on in metrics["quirks"].items())
    beyond = "those of the C program" if metrics.get("c_program") else "the phi mode"
    yield f"- quirks set: {switched or f'none beyond {beyond}'}"
    if metrics["note"]:
        yield f"- note: {ascii_line(metrics['note'])}"


def _side(side: Mapping[str, Any]) -> str:
    """One side with its origin."""
    made = side["simulation"]
    if made is not None:
        program = f" as {cell(made['c_program'])} C" if made.get("c_program") else ""
        return f"{cell(side['name'])}, simulated by {cell(made['simulator'])}{program}"
    if side["file"] is None:
        return f"{cell(side['name'])}, no log"
    log = f"{cell(side['name'])} log {cell(side['file'])}, last changed {side['modified']}, sha256 {side['sha256']}"
    made = side.get("made_by")
    return log if made is None else f"{log}; made by: {', '.join(f'{key} {cell(made[key])}' for key in made)}"


def _tables(metrics: Mapping[str, Any]) -> Iterator[str]:
    rows = {**metrics["factors"], **metrics["other_fields"]}
    chain = [label for label in rows if _scaling(label)]
    yield "## Scaling chain"
    yield ""
    yield from _table(chain, rows)
    yield ""
    yield "## All other compared fields"
    yield ""
    yield from _table((label for label in rows if label not in set(chain)), rows)


def _scaling(label: str) -> bool:
    known = catalogue.field(label.partition("[")[0].partition(".")[0])
    return known is not None and known.scaling


def _table(labels: Iterable[str], rows: Mapping[str, Any]) -> Iterator[str]:
    yield from _HEAD
    for label in labels:
        row = rows[label]
        values = (row[key] for key in ("c_value", "py_value", "abs_delta", "rel_delta"))
        cells = (label, row["unit"], *map(number, values), row["status"] + (f" ({row['note']})" if row["note"] else ""))
        yield "| " + " | ".join(cell(text) for text in cells) + " |"


def _first(metrics: Mapping[str, Any]) -> Iterator[str]:
    first, reaching = metrics["first_divergence_detail"], metrics["first_reaching_detail"]
    yield "## First divergence"
    yield ""
    if first is None:
        yield "None."
        return
    yield from _divergence(first)
    named = {first["label"], reaching["label"] if reaching is not None else None}
    if metrics["first_new_divergence"] not in {None, *named}:
        yield f"- first new divergence: {cell(metrics['first_new_divergence'])}"
    if reaching is not None and reaching["label"] != first["label"]:
        yield ""
        yield "## First divergence that reaches the pixel"
        yield ""
        yield from _divergence(reaching)


def _divergence(row: Mapping[str, Any]) -> Iterator[str]:
    unit = f" {row['unit']}" if row["unit"] not in ("", "1") else ""
    yield f"{cell(row['label'])}: {cell(row['description'])}"
    yield ""
    yield f"- C: {cell(number(row['c_value']))}{unit}"
    yield f"- Python: {cell(number(row['py_value']))}{unit}"
    yield f"- absolute delta (Python - C): {number(row['abs_delta'])}"
    yield f"- relative delta: {number(row['rel_delta'])}"
    yield f"- digits that agree: {number(row['digits_agreeing'])}"
    yield f"- units in the last place: {number(row['ulp'])}"
    yield f"- status: {row['status']}, tolerance {number(row['tolerance'])}"
    yield f"- {cell(row['origin'])}"
    yield f"- does not reach the pixel: {cell(row['obstacle'])}" if row["obstacle"] else "- reaches the pixel"


def _preflight(metrics: Mapping[str, Any]) -> Iterator[str]:
    yield "## Preflight"
    yield ""
    findings = [*metrics["preflight"], *metrics["findings"], *metrics.get("notices", ())]
    yield from (f"- {cell(text)}" for text in findings) if findings else ("Nothing found.",)


def _diagnosis(metrics: Mapping[str, Any]) -> Iterator[str]:
    yield "## Diagnosis"
    found = metrics["diagnosis"]
    if found is None:
        yield ""
        yield "No diagnosis."
        return
    notes = [text for key in ("preflight", "self_consistency", "ratios") for text in found[key]]
    for part in (
        [_answer(found)],
        _listed("What is certain", found["certain"]),
        [text for cause in found["hypotheses"] for text in _cause(cause)],
        _waterfall(found.get("waterfall"), simulated=metrics["sides"][1]["role"] == Role.LIVE),
        _listed("What is unknown", [item["sentence"] for item in found["unknown"]]),
        _listed("Other findings", [text for text in notes if text not in metrics["preflight"]]),
        _listed("Remarks", found["remarks"]),
    ):
        if part:
            yield ""
            yield from part


def _answer(found: Mapping[str, Any]) -> str:
    """The verdict as a sentence, with the names of the best cause."""
    names = " + ".join(map(cell, found["hypotheses"][0]["ids"])) if found["hypotheses"] else ""
    return {
        "agrees": "Nothing differs.",
        "explained": f"Explained: {names}.",
        "partly": f"Partly explained: {names}.",
        "unknown": "No known cause explains the difference.",
    }[found["verdict"]]


def _cause(cause: Mapping[str, Any]) -> Iterator[str]:
    yield f"{number(cause['rank'])}. {' + '.join(map(cell, cause['ids']))}: {cell(cause['summary'])}"
    yield f"   - {_SUBJECT[cause['kind']]}; probability {number(cause['probability'])}"
    left = cause["worst_left"]
    field = f" ({cell(left['field'])})" if left else ""
    explained, residual = number(cause["explained"]), number(cause["residual"])
    yield f"   - explains {explained} of the difference; largest relative difference left: {residual}{field}"
    yield from (f"   - confirm: {cell(text)}" for text in cause["confirm"])
    yield from (f"   - C log, {cell(text)}" for text in cause["seen"])
    yield from (f"   - remedy: {cell(text)}" for text in cause["fix"])


def _waterfall(fall: Mapping[str, Any] | None, *, simulated: bool) -> list[str]:
    """The gap to the reference, one cause at a time; ``simulated``: the log compared is the live trace."""
    if fall is None:
        return []
    first, *rest = fall["levels"]
    adds = not first["in_effect"]
    log, made = ("live", "the replay") if simulated else ("the log", "live")
    rows = [(log, fall["log"]), (f"{made} {'without a cause' if adds else 'with every cause'}", first["gaps"])]
    rows += [(f"{'with' if adds else 'without'} {cell(level['cause'])}", level["gaps"]) for level in rest]
    title = f"Relative gap to the reference, one cause at a time; {made} is {log} within {number(fall['off'])}:"
    values = ((label, ", ".join(f"{name} {number(gap)}" for name, gap in gaps.items())) for label, gaps in rows)
    return [title, "", *(f"- {label}: {shown}" for label, shown in values)]


def _listed(title: str, sentences: Sequence[str]) -> list[str]:
    return [f"{title}:", "", *(f"- {cell(text)}" for text in sentences)] if sentences else []


def _changes(baseline: Mapping[str, Any]) -> Iterator[str]:
    """The counts, then the factors that became worse or better; of very many the first ones."""
    counts = baseline["counts"]
    yield f"Factors: {', '.join(f'{number(counts[word])} {word}' for word in counts)}."
    listed = [(name, item) for word in ("worse", "better") for name, item in _of(baseline, word)]
    if listed:
        yield ""
        yield "| factor | change | relative delta before | now |"
        yield "|---|---|---|---|"
        for name, item in listed:
            yield f"| {cell(name)} | {item['change']} | {' | '.join(_relative(item['before'], item['now']))} |"
    if any(counts[word] > _LISTED for word in ("worse", "better")):
        yield ""
        yield "The table lists the first ones of each kind; metrics.json has every factor."


def _relative(before: object, now: object) -> tuple[str, str]:
    """Two relative deltas of one factor."""
    if isinstance(before, float | int) and isinstance(now, float | int) and math.isfinite(before + now):
        return percent_pair(before, now)
    return number(before), number(now)


def _of(baseline: Mapping[str, Any], word: str) -> list[tuple[str, Any]]:
    """The first factors of one kind, those of the scaling chain before the others."""
    found = [(name, item) for name, item in baseline["factors"].items() if item["change"] == word]
    return sorted(found, key=lambda pair: not _scaling(pair[0]))[:_LISTED]


def _baseline(metrics: Mapping[str, Any]) -> Iterator[str]:
    yield "## Change against the baseline"
    yield ""
    baseline = metrics["baseline"]
    if baseline is None:
        yield "No older package of this case and pixel in this root."
    else:
        yield f"Baseline: {ascii_line(baseline['path'])}"
        yield ""
        yield from _changes(baseline)
        yield ""
    drift = metrics["environment_drift"]
    if baseline is not None and not drift:
        yield "Environment drift: none known."
    for item in drift:
        before, now = (cell(number(item[key])) for key in ("baseline", "now"))
        yield f"Environment drift: {item['name']} was {before}, is {now}."

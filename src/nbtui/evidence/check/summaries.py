"""summary.md against metrics.json: rendered again and compared, or by its rows, statements and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path, PurePosixPath

from nbtui.evidence.ascii_text import ascii_line, cell
from nbtui.evidence.check.finding import FileFinding, Weight, first_few, wrong
from nbtui.evidence.check.printed import numbers_in, stands_for, texts_in, unexplained
from nbtui.evidence.layout import SUMMARY
from nbtui.evidence.read.folder import mapping, number, read_text, text
from nbtui.evidence.read.legacy import summary_table
from nbtui.evidence.read.package import Package
from nbtui.evidence.write.summary import PLACE, next_step, summary
from nbtui.parity.coverage import TOO_LITTLE

VALUES = ("c_value", "py_value", "abs_delta", "rel_delta")
BAR = re.compile(r"(?<!\\)\|")
STATED = {
    "- phi mode: ": "phi_mode",
    "- dtype: ": "dtype",
    "- device: ": "device",
    "- values compared: ": "num_compared",
    "- values divergent: ": "num_divergent",
    "- values missing: ": "num_missing",
}
DETAIL = {
    "- absolute delta (Python - C): ": "abs_delta",
    "- relative delta: ": "rel_delta",
    "- digits that agree: ": "digits_agreeing",
    "- units in the last place: ": "ulp",
}


def check_summary(
    package: Package,
    metrics: dict[str, object],
    environment: dict[str, object],
    *,
    todo: str | None,
    exact: bool,
) -> list[FileFinding]:
    """The text that metrics.json gives, line for line.

    ``todo``: the next step that the user gave. ``exact``: this very version of nbtui wrote the package; the text of
    another one is judged by its values.
    """
    content = read_text(package.path / SUMMARY) or ""
    if not metrics or not content:
        return [] if content else [FileFinding(SUMMARY, "is empty")]
    lines = content.split("\n")
    place = next((line.removeprefix(PLACE) for line in lines if line.startswith(PLACE)), "")
    try:
        expected = summary(metrics, place, todo or next_step(metrics)).split("\n")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        expected = [f"nothing ({type(error).__name__}: metrics.json is incomplete)"]
    other = list(_other_lines(lines, expected))
    if PurePosixPath(place).name != package.stamp:
        other.append(f"does not state its own path (.../{package.stamp})")
    if exact or not other:
        return wrong(SUMMARY, other)
    found = by_values(package, metrics, environment)
    if not found:
        what = f"worded by another version of nbtui, judged by its values: {len(other)} other lines"
        found.append(FileFinding(SUMMARY, what, Weight.UNJUDGED))
    return found


def _other_lines(lines: list[str], expected: list[str]) -> Iterator[str]:
    """The lines between the first and the last that are not those expected."""
    pairs = zip(lines, expected, strict=False)
    start = next((at for at, (old, new) in enumerate(pairs) if old != new), min(len(lines), len(expected)))
    same = 0  # lines at the end
    while min(len(lines), len(expected)) > start + same and lines[-1 - same] == expected[-1 - same]:
        same += 1
    lines, expected = lines[: len(lines) - same], expected[: len(expected) - same]
    for at, (old, new) in enumerate(zip_longest(lines[start:], expected[start:]), start=start + 1):
        if old != new:
            yield f"line {at} is {_quoted(old)}, metrics.json gives {_quoted(new)}"


def _quoted(line: str | None) -> str:
    return "missing" if line is None else repr(line[:100])


def by_values(package: Package, metrics: dict[str, object], environment: dict[str, object]) -> list[FileFinding]:
    """Title, verdict, run, tables, first divergence and TODO of our own summary; then every remaining number."""
    lines = (read_text(package.path / SUMMARY) or "").splitlines()
    said = [*_title(lines, metrics), *_statements(lines, metrics), *_tables(lines, metrics)]
    if not any(line.startswith("- package: ") and line.endswith(package.stamp) for line in lines):
        said.append(f"does not state its own path (.../{package.stamp})")
    if not lines[-1].startswith("TODO ") or not lines[-1][5:].strip():
        said.append("the last line is not TODO with a next step")
    texts = [ascii_line(found) for found in (*texts_in(metrics), *texts_in(environment))]
    texts += [cell(found) for found in texts]
    values = [*numbers_in(metrics), *numbers_in(environment)]
    known_lines = [line for line in lines[:-1] if not line.startswith(("- package: ", "Baseline: "))]
    for at, token in unexplained(known_lines, values, texts):
        said.append(f"{token} in {known_lines[at - 1][:60]!r} is not a value in metrics.json")
    return [FileFinding(SUMMARY, what) for what in first_few(list(dict.fromkeys(said)))]


def check_old_summary(folder: Path, metrics: Mapping[str, object]) -> list[FileFinding]:
    """The table of an old summary against the factors of metrics.json, to the printed digits."""
    factors = mapping(metrics.get("factors"))
    said = []
    for line in (read_text(folder / SUMMARY) or "").splitlines():
        cells = _cells(line)
        if not summary_table(line) or cells[0] not in factors:
            continue
        entry = mapping(factors[cells[0]])
        for key, shown in zip(VALUES, cells[1:5], strict=True):
            value = number(entry.get(key))
            if value is not None and not stands_for(shown, value):
                said.append(f"{cells[0]}: {key} {shown}, metrics.json has {value!r}")
        if cells[5] != text(entry.get("status")):
            said.append(f"{cells[0]}: status {cells[5]}, metrics.json has {entry.get('status')}")
    return [FileFinding(SUMMARY, what) for what in first_few(said)]


def _title(lines: list[str], metrics: Mapping[str, object]) -> list[str]:
    said = []
    pixel = mapping(metrics.get("pixel"))
    spot = f"pixel (slow {pixel.get('slow')}, fast {pixel.get('fast')})"
    if cell(text(metrics.get("case"))) not in lines[0] or (pixel and spot not in lines[0]):
        said.append("the title does not name the case and pixel of metrics.json")
    verdict = next((line for line in lines if line.startswith("Verdict: ")), "")
    outcome = text(metrics.get("verdict"))
    plain = outcome in ("agree", TOO_LITTLE)
    stated = outcome if plain else cell(text(metrics.get("first_divergence_label")))
    if not verdict or stated not in verdict or ("agree" in verdict) != (metrics.get("verdict") == "agree"):
        said.append(f"the verdict line contradicts metrics.json ({metrics.get('verdict_text')})")
    if metrics.get("blocked") and not any(line.startswith("BLOCKED: ") for line in lines):
        said.append("no BLOCKED: line, but metrics.json has one")
    return said


def _statements(lines: list[str], metrics: Mapping[str, object]) -> list[str]:
    said = []
    for prefixes, sources in ((STATED, [metrics]), (DETAIL, _divergences(metrics))):
        for prefix, key in prefixes.items():
            shown = [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]
            expected = [_shown(source.get(key)) for source in sources]
            if sources and shown != expected:
                stated = " / ".join(shown) or "not stated"
                said.append(f"{prefix.strip('- :')} is {stated}, {key} is {' / '.join(expected)}")
    return said


def _divergences(metrics: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The rows with a section of their own: the first divergence, and another one that reaches the pixel."""
    first, reaching = (mapping(metrics.get(f"first_{name}_detail")) for name in ("divergence", "reaching"))
    return [first, *([reaching] if reaching and reaching.get("label") != first.get("label") else [])] if first else []


def _tables(lines: list[str], metrics: Mapping[str, object]) -> list[str]:
    """Rows of the two field tables, cell by cell; every field of metrics.json has one row."""
    rows = {**mapping(metrics.get("factors")), **mapping(metrics.get("other_fields"))}
    by_name = {cell(name): mapping(entry) for name, entry in rows.items()}
    seen: list[str] = []
    said = []
    for line in lines:
        cells = _cells(line)
        if len(cells) != 7 or cells[0] == "factor" or set(cells[0]) == {"-"}:
            continue
        entry = by_name.get(cells[0])
        if entry is None:
            said.append(f"row {cells[0]} is not in metrics.json")
            continue
        seen.append(cells[0])
        expected = [cell(text(entry.get("unit"))), *(cell(_shown(entry.get(key))) for key in VALUES)]
        for name, shown, value in zip(("unit", *VALUES), cells[1:6], expected, strict=True):
            if shown != value.strip():
                said.append(f"{cells[0]}: {name} {shown}, metrics.json has {value}")
        if cells[6].split(" ")[0] != text(entry.get("status")):
            said.append(f"{cells[0]}: status {cells[6]}, metrics.json has {entry.get('status')}")
    said += [f"{name} has no row" for name in by_name if name not in seen]
    return said + [f"{name} has more than one row" for name in dict.fromkeys(seen) if seen.count(name) > 1]


def _cells(line: str) -> list[str]:
    parts = BAR.split(line)
    return [part.strip() for part in parts[1:-1]] if line.startswith("|") and len(parts) > 2 else []


def _shown(value: object) -> str:
    """A value as printed in a summary: as in metrics.json, null as a dash."""
    return "-" if value is None else value if isinstance(value, str) else repr(value)

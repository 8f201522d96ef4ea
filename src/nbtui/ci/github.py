"""GitHub annotations: workflow commands on stdout.

Source: GitHub Actions, "Workflow commands"; a step shows ten annotations of each level.
"""

from __future__ import annotations

from collections.abc import Iterator

from nbtui.ci.checks import CheckList

_SHOWN = 10  # annotations of one level that a step shows
_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_MESSAGE, ":": "%3A", ",": "%2C"}


def annotation_lines(found: CheckList) -> Iterator[str]:
    """The verdict as an error or a notice, the other failed checks as errors, the findings as warnings."""
    failed = sorted(found.failed, key=lambda check: check.name != found.principal)
    if found.agrees:
        yield _annotation("notice", found.verdict, title=found.name)
    else:
        first = failed[0]
        yield _annotation(
            "error", f"{found.verdict}\n{first.failure}", title=found.name, file=found.file, line=first.line
        )
        room = _SHOWN - 1
        more = failed[1:] if len(failed) - 1 <= room else failed[1:room]
        for check in more:
            title = f"{found.name}: {check.name}"
            yield _annotation("error", check.failure, title=title, file=found.file, line=check.line)
        left = len(failed) - 1 - len(more)
        if left:
            yield _annotation("error", f"{left} more checks failed", title=found.name)
    for finding in found.findings[:_SHOWN]:
        yield _annotation("warning", finding, title=found.name)


def _annotation(level: str, message: str, *, title: str, file: str = "", line: int = 0) -> str:
    properties = {"file": file, "line": str(line) if file and line else "", "title": title}
    words = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items() if value)
    return f"::{level} {words}::{_escaped(message, _MESSAGE)}"


def _escaped(text: str, rules: dict[str, str]) -> str:
    return "".join(rules.get(char, char) for char in text)

"""What verification finds about one file of a package."""

from __future__ import annotations

from dataclasses import dataclass

SHOWN = 6  # mismatches named one by one


@dataclass(frozen=True)
class FileFinding:
    """One finding about one file. ``fatal``: a contradiction; otherwise something is missing or unusual."""

    file: str
    what: str
    fatal: bool = True


def first_few(sentences: list[str]) -> list[str]:
    """The first sentences, and the number of the others."""
    return sentences if len(sentences) <= SHOWN else [*sentences[:SHOWN], f"and {len(sentences) - SHOWN} more values"]

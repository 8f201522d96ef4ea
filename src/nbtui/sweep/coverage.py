"""The share of the option space that a sweep has covered: flags, values and pairs of flags."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbtui.live.door import flags_in
from nbtui.live.flag_table import pixel_flags
from nbtui.sweep.axes import Axis, Choice, Words


@dataclass(frozen=True)
class SpaceCoverage:
    """Counts over the judged command lines.

    Attributes:
        flags: of nanoBragg, that some axis varies.
        flags_in_all: flags of nanoBragg that can change a pixel.
        values: judged, planned; a range counts as two, and a suite has none.
        pairs: pairs of axes that were judged together, of all.
        never: flags that no axis varies.
    """

    flags: tuple[str, ...]
    flags_in_all: int
    values: tuple[int, int]
    pairs: tuple[int, int]
    never: tuple[str, ...]

    def sentence(self) -> str:
        """The coverage in one line."""
        if not self.values[1]:
            return f"{len(self.flags)} of {self.flags_in_all} flags that can change a pixel occur in a judged case"
        return (
            f"{len(self.flags)} of {self.flags_in_all} flags varied; {self.values[0]} of {self.values[1]} values and "
            f"{self.pairs[0]} of {self.pairs[1]} pairs of flags judged"
        )


def occurring(commands: Iterable[Words]) -> SpaceCoverage:
    """The flags in the judged command lines of a suite."""
    seen = {row.names for words in set(commands) for _, _, row, _ in flags_in(words)}
    known = {flag.names: flag.names[0] for flag in pixel_flags()}
    return SpaceCoverage(
        flags=tuple(name for names, name in known.items() if names in seen),
        flags_in_all=len(known),
        values=(0, 0),
        pairs=(0, 0),
        never=tuple(name for names, name in known.items() if names not in seen),
    )


def coverage(axes: Sequence[Axis], judged: Iterable[Sequence[Choice]]) -> SpaceCoverage:
    """The coverage of ``axes`` by the combinations that were judged."""
    planned = {choice for axis in axes for choice in axis.choices}
    seen: set[Choice] = set()
    together: set[frozenset[str]] = set()
    for combination in judged:
        seen.update(combination)
        names = sorted({choice.axis for choice in combination})
        together.update(frozenset(pair) for pair in itertools.combinations(names, 2))
    ranges = [axis for axis in axes if axis.interval is not None]
    drawn = sum(min(2, len({choice for choice in seen if choice.axis == axis.flag})) for axis in ranges)
    fixed = {choice for axis in axes if axis.interval is None for choice in axis.choices}
    varied = {row for choice in planned for row in choice.rows}
    known = {flag.names: flag.names[0] for flag in pixel_flags()}
    return SpaceCoverage(
        flags=tuple(name for names, name in known.items() if names in varied),
        flags_in_all=len(known),
        values=(len(seen & fixed) + drawn, len(planned)),
        pairs=(len(together), len(axes) * (len(axes) - 1) // 2),
        never=tuple(name for names, name in known.items() if names not in varied),
    )

"""Search for the hypotheses that, alone or together, turn one trace into the other.

Every variant is replayed; then the best ones are combined with every other that affects a remaining difference, up
to three. The score is the misfit in bits over all compared rows plus a price for each hypothesis, so that a further
one has to explain more than it could by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nbtui.diagnosis.hypotheses.record import Variant
from nbtui.diagnosis.replay.replay import Replay, replay
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.diagnosis.search.rows import Rows, predictions
from nbtui.diagnosis.search.units import label_variants
from nbtui.live.scene import Array

PRICE = 6.0  # bits per hypothesis: what one of some hundred variants gains by chance
BEAM = (8, 5)  # states that are extended by a second, a third hypothesis
REFINED = 2  # states of a level whose members are also tried in their other forms
MOST_REPLAYS = 2000
CHANGED = 1e-13  # relative change of a row that counts as one
DONE = 0.5  # bits left over that count as nothing


def silent(words: str) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class SearchState:
    """A combination of variants and how well it explains the suspect."""

    variants: tuple[tuple[int, Variant], ...]  # with their place in the list, the order in which they apply
    predicted: Array
    row_bits: Array
    bits: float
    price: float

    @property
    def total(self) -> float:
        return self.bits + self.price

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(sorted({variant.id for _, variant in self.variants}))


@dataclass
class Search:
    """One search: base set-up, rows, and the values to explain."""

    base: PixelSetup
    rows: Rows
    variants: Sequence[Variant]
    cheaper: Mapping[str, float] = field(default_factory=dict)  # bits off the price of an id that the log names
    done: float = DONE  # bits left over that count as nothing
    tell: Callable[[str], None] = silent  # receives the progress; an exception that it raises ends the search
    tried: list[int] = field(default_factory=lambda: [0, 0])  # single hypotheses, combinations
    replays: int = 0
    extras: dict[int, Variant] = field(default_factory=dict)
    seen: dict[tuple[int, ...], SearchState | None] = field(default_factory=dict)

    def evaluate(self, chosen: Iterable[tuple[int, Variant]], told: str = "") -> SearchState | None:
        """The state of a combination of variants; None if they exclude each other. ``told``: the progress to report."""
        members = tuple(sorted(chosen, key=lambda item: item[0]))
        try:
            # a broken rule may well divide by zero: the result is then no explanation
            with np.errstate(all="ignore"):
                made: Replay = replay(self.applied(members))
        except (ValueError, IndexError, ZeroDivisionError, np.linalg.LinAlgError):
            return None
        self.replays += 1
        if members:
            self.tried[len(members) > 1] += 1
            self.tell(told or f"tried {self.tried[0]} causes, {self.tried[1]} combinations")
        return self.state(members, made)

    def applied(self, members: Iterable[tuple[int, Variant]]) -> PixelSetup:
        """The base set-up with the variants applied in their order."""
        setup = self.base
        for _, variant in members:
            setup = variant.change(setup)
        return setup

    def state(self, members: tuple[tuple[int, Variant], ...], made: Replay) -> SearchState:
        """Score a replay."""
        predicted = predictions(self.rows, made)
        predicted = np.where(np.isnan(predicted) & ~np.isnan(self.target), self.rows.reference, predicted)
        bits = self.rows.bits(predicted, self.target)
        price = sum(PRICE + variant.price - self.cheaper.get(variant.id, 0.0) for _, variant in members)
        return SearchState(members, predicted, bits, self.rows.total(bits), price)

    @property
    def target(self) -> Array:
        """The values to explain."""
        return self.rows.suspect

    def run(self, extra: Callable[[SearchState], Sequence[Variant]] | None = None) -> list[SearchState]:
        """Every state tried, best first; ``extra`` makes further variants if the listed ones fail."""
        start = self.evaluate(())
        assert start is not None  # the base has been replayed before
        if start.bits <= self.done:
            return [start]
        singles: list[SearchState] = []
        changes: dict[int, npt.NDArray[np.bool_]] = {}
        for number, variant in enumerate(self.variants):
            told = f"tried {number + 1} of {len(self.variants)} causes"
            state = self.evaluate([(number, variant)], told)
            if state is None:
                continue
            changed = self.rows.distance(state.predicted, start.predicted) > np.maximum(CHANGED, 0.01 * self.rows.floor)
            if changed.any():
                changes[number] = changed
                singles.append(state)
        singles += self._labels(start)
        found = [start, *singles]
        level = sorted(singles, key=lambda state: state.total)
        for members, width in enumerate(BEAM, 2):
            best = min(found, key=lambda state: state.total)
            # a larger combination costs at least this much: pointless once a smaller one explains all for less
            if best.bits <= self.done and best.price <= PRICE * members:
                break
            if extra is not None and members == 2:
                more = self._added(extra(start), start, changes)
                found += more
                level = sorted(level + more, key=lambda state: state.total)
                if level[0].bits <= self.done:
                    break
            level = self._extended(_diverse(level, width), changes)
            level = sorted(level + self._refined(level[:REFINED], changes), key=lambda state: state.total)
            found += level
        return sorted(found, key=lambda state: state.total)

    def _added(
        self, variants: Sequence[Variant], start: SearchState, changes: dict[int, npt.NDArray[np.bool_]]
    ) -> list[SearchState]:
        """States of variants made for this case alone; they apply before all others."""
        out = []
        for offset, variant in enumerate(variants):
            number = -1 - offset
            self.extras[number] = variant
            state = self.evaluate([(number, variant)])
            if state is not None:
                changes[number] = self.rows.distance(state.predicted, start.predicted) > self.rows.floor
                out.append(state)
        return out

    def _labels(self, state: SearchState) -> list[SearchState]:
        """The state with lines in another unit explained, if a single ratio explains them."""
        found = label_variants(self.rows, state.predicted, self.target, state.row_bits)
        start = len(self.variants)
        out = []
        for offset, variant in enumerate(found):
            made = self.evaluate([*state.variants, (start + offset, variant)])
            if made is not None:
                out.append(made)
        if len(found) > 1:
            made = self.evaluate([*state.variants, *((start + k, variant) for k, variant in enumerate(found))])
            if made is not None:
                out.append(made)
        return out

    def _extended(self, states: Sequence[SearchState], changes: dict[int, npt.NDArray[np.bool_]]) -> list[SearchState]:
        out: list[SearchState] = []
        for rank, state in enumerate(states):
            wrong = np.bincount(self.rows.group, weights=state.row_bits) > 0.0
            taken = {number for number, _ in state.variants}
            ids = {variant.id for _, variant in state.variants}
            for number, changed in changes.items():
                variant = self._variant(number)
                key = tuple(sorted((*taken, number)))
                if number in taken or variant.id in ids or key in self.seen:
                    continue
                touched = wrong[np.unique(self.rows.group[changed])]
                # for the best states every variant that affects a difference, else only those that begin at the first
                if not (touched.any() if rank < REFINED else touched[0]) or self.replays > MOST_REPLAYS:
                    continue
                made = self.evaluate([*state.variants, (number, variant)])
                self.seen[key] = made
                if made is not None:
                    out.append(made)
            if rank < REFINED:
                out += self._woken(state, changes)
            out += self._labels(state)
            if any(made.bits <= self.done and made.price <= PRICE * len(made.variants) for made in out):
                break
        return sorted(out, key=lambda state: state.total)

    def _woken(self, state: SearchState, changes: Mapping[int, npt.NDArray[np.bool_]]) -> list[SearchState]:
        """The state with one more variant that changes nothing alone but helps here."""
        ids = {variant.id for _, variant in state.variants}
        out = []
        for number, variant in enumerate(self.variants):
            if number not in changes and variant.id not in ids and self.replays <= MOST_REPLAYS:
                made = self.evaluate([*state.variants, (number, variant)])
                if made is not None and made.total < state.total:
                    out.append(made)
        return out

    def _refined(
        self, states: Sequence[SearchState], changes: Mapping[int, npt.NDArray[np.bool_]]
    ) -> list[SearchState]:
        """The states with one member in another of its forms, if better."""
        out: list[SearchState] = []
        for state in states:
            if state.bits <= self.done:
                continue
            for number, variant in state.variants:
                rest = [member for member in state.variants if member[0] != number]
                for other in changes:
                    if other != number and self._variant(other).id == variant.id and self.replays <= MOST_REPLAYS:
                        made = self.evaluate([*rest, (other, self._variant(other))])
                        if made is not None and made.total < state.total:
                            out.append(made)
        return out

    def _variant(self, number: int) -> Variant:
        return self.extras[number] if number < 0 else self.variants[number]


def _diverse(states: Sequence[SearchState], width: int) -> list[SearchState]:
    """The best states, at most two of the same ids."""
    out: list[SearchState] = []
    count: dict[tuple[str, ...], int] = {}
    for state in states:
        if count.get(state.ids, 0) < 2:
            out.append(state)
            count[state.ids] = count.get(state.ids, 0) + 1
        if len(out) == width:
            break
    return out

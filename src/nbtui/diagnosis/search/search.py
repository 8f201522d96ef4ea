"""Search for the hypotheses that, alone or together, turn one trace into the other.

Every variant is replayed; then the best states are extended by every variant that affects a remaining difference, one
at a time, for as long as that explains more than it costs (``score``). Once the pixel is explained, causes of the print
are added for the lines that still differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from nbtui.diagnosis.hypotheses.record import CauseKind, Variant
from nbtui.diagnosis.replay.replay import Replay, replay
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.diagnosis.search.rows import Rows, predictions
from nbtui.diagnosis.search.score import PRICE, Flags, Score, Scored
from nbtui.diagnosis.search.units import label_variants
from nbtui.live.scene import Array

WIDTH = 4  # states that are extended, the best by total and the best by what they may become
CLOSER = 4.0  # bits by which a level has to come closer to be extended
DEEPEST = 6  # hypotheses in a set
REFINED = 2  # states of a level whose members are also tried in their other forms
MOST_REPLAYS = 4000
MOST_TERMS = 20_000_000  # simulated in all, beyond the single hypotheses
CHANGED = 1e-13  # relative change of a row that counts as one
DONE = 0.5  # bits left over that count as nothing

Members = tuple[tuple[int, Variant], ...]  # variants with their place in the list, the order in which they apply


def silent(words: str) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class SearchState:
    """A combination of variants and how well it explains the suspect."""

    variants: Members
    predicted: Array
    scored: Scored
    price: float

    @property
    def row_bits(self) -> Array:
        """Misfit of each row."""
        return self.scored.row_bits

    @property
    def unknown(self) -> float:
        """Bits of values that make the pixel and are not explained."""
        return self.scored.unknown

    @property
    def total(self) -> float:
        return self.scored.cost + self.price

    @property
    def promise(self) -> float:
        """Total if coming closer counted."""
        return self.scored.bits + self.price

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
    tell: Callable[[str], None] = silent  # receives the progress; an exception that it raises ends the search
    tried: list[int] = field(default_factory=lambda: [0, 0])  # single hypotheses, combinations
    replays: int = 0
    extras: dict[int, Variant] = field(default_factory=dict)
    seen: set[tuple[tuple[int, str], ...]] = field(default_factory=set)

    # --- one state ---------------------------------------------------------------------------------------------------

    def evaluate(self, chosen: Iterable[tuple[int, Variant]], told: str = "") -> SearchState | None:
        """The state of a combination of variants; None if they exclude each other, or were tried before.

        ``told``: the progress to report.
        """
        members = tuple(sorted(chosen, key=lambda item: item[0]))
        key = tuple((number, variant.label) for number, variant in members)
        if key in self.seen:
            return None
        self.seen.add(key)
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
        return self._state(members, made)

    def applied(self, members: Iterable[tuple[int, Variant]]) -> PixelSetup:
        """The base set-up with the variants applied in their order."""
        setup = self.base
        for _, variant in members:
            setup = variant.change(setup)
        return setup

    def _state(self, members: Members, made: Replay) -> SearchState:
        """Score a replay."""
        predicted = predictions(self.rows, made)
        scored = self.score.of(predicted)
        price = sum(self.score.price(item) - self.cheaper.get(item.id, 0.0) for _, item in members)
        return SearchState(members, np.where(np.isnan(predicted), self.rows.reference, predicted), scored, price)

    @cached_property
    def score(self) -> Score:
        """The score of this search, relative to its base."""
        with np.errstate(all="ignore"):
            plain = predictions(self.rows, replay(self.base))
        return Score(self.rows, self.rows.bits(plain, self.rows.suspect))

    # --- the search --------------------------------------------------------------------------------------------------

    def run(
        self,
        extra: Callable[[PixelSetup, Array], Sequence[Variant]] | None = None,
        known: Collection[str] = (),
        expected: Collection[str] = (),
    ) -> list[SearchState]:
        """Every state tried, best first.

        ``extra`` makes further variants if the listed ones fail, from the set-up with the lines of the print explained
        and the misfit that is left. ``expected``, then ``known``, are names of variants that are tried first by
        themselves, then with one more; all others only if these explain the pixel neither way.
        """
        for names in filter(None, (expected, known)):
            alone = self._fresh([variant for variant in self.variants if variant.name in names])._run(None)
            if alone[0].scored.cost <= DONE:
                return alone
            places = {id(variant): number for number, variant in enumerate(self.variants)}
            members = tuple((places[id(one)], one) for _, one in alone[0].variants if id(one) in places)
            beside = self._fresh(self.variants)._beside(members, expected)
            if beside and beside[0].unknown <= DONE:
                return beside
        return self._run(extra)

    def _fresh(self, variants: Sequence[Variant]) -> Search:
        """The same search of other variants, with nothing tried."""
        return replace(self, variants=variants, replays=0, extras={}, seen=set())

    def _beside(self, members: Members, expected: Collection[str]) -> list[SearchState]:
        """States with all of ``members`` and one or more others; in a second try also with all that is ``expected``."""
        start, root = self.evaluate(()), self.evaluate(members)
        if start is None:
            return []
        found = [start]
        for seed in filter(None, (root, self._with_expected(root or start, expected))):
            changes: dict[int, Flags] = {}
            level = [seed, *self._singles(seed, changes)]
            found += level
            while min(state.unknown for state in found) > DONE:
                level = self._extended(_diverse(sorted(level, key=lambda state: state.total), REFINED), changes)
                if not _closer(level, min(found, key=lambda state: state.total)):
                    break
                found += level
            found += self._with_print(found, changes)
            found += self._without_superfluous(min(found, key=lambda state: state.total))
            if min(state.unknown for state in found) <= DONE:
                break
        return sorted(found, key=lambda state: state.total)

    def _with_expected(self, state: SearchState, expected: Collection[str]) -> SearchState | None:
        """The state with every other expected variant, in the form that comes closest; None without any."""
        found = None
        for name in sorted(set(expected) - {variant.name for _, variant in state.variants}):
            forms = [(number, variant) for number, variant in enumerate(self.variants) if variant.name == name]
            made = (self.evaluate([*(found or state).variants, form]) for form in forms)
            found = min(filter(None, made), key=lambda made: made.promise, default=found)
        return found

    def _without_superfluous(self, state: SearchState) -> list[SearchState]:
        """The state without one variant, then another, for as long as the total falls."""
        better: list[SearchState] = []
        while True:
            last = better[-1] if better else state
            fewer = (self.evaluate(item for item in last.variants if item is not left) for left in last.variants)
            best = min(filter(None, fewer), key=lambda made: made.total, default=last)
            if best.total >= last.total:
                return better
            better.append(best)

    def _run(self, extra: Callable[[PixelSetup, Array], Sequence[Variant]] | None) -> list[SearchState]:
        start = self.evaluate(())
        assert start is not None  # the base has been replayed before
        if start.scored.bits <= DONE:
            return [start]
        changes: dict[int, Flags] = {}
        found = [start, *self._singles(start, changes), *self._labels(start)]
        level = found
        for members in range(2, DEEPEST + 1):
            best = min(found, key=lambda state: state.total)
            # a larger set costs at least this much: pointless once a smaller one explains the pixel for less
            if best.unknown <= DONE and best.price <= PRICE * members:
                break
            if extra is not None and members == 2:
                of_print = [item for item in best.variants if item[1].hypothesis.kind is CauseKind.PRINT]
                shown = next(state for state in found if list(state.variants) == of_print)
                found += self._added(extra(self.applied(of_print), shown.row_bits), start, changes)
                level = found
            level = self._extended(_frontier(level), changes)
            level += self._refined(sorted(level, key=lambda state: state.total)[:REFINED], changes)
            found += level
            if members > 2 and not _closer(level, best):
                break
        found += self._with_print(found, changes)
        return sorted(found, key=lambda state: state.total)

    def _singles(self, start: SearchState, changes: dict[int, Flags]) -> list[SearchState]:
        """Every variant added to ``start`` that changes a row; ``changes`` receives the rows."""
        out = []
        names = {variant.name for _, variant in start.variants}
        for number, variant in enumerate(self.variants):
            if variant.name in names:
                continue
            chosen = [*start.variants, (number, variant)]
            state = self.evaluate(chosen, f"tried {number + 1} of {len(self.variants)} causes")
            if state is None:
                continue
            changed = self.rows.distance(state.predicted, start.predicted) > np.maximum(CHANGED, 0.01 * self.rows.floor)
            if changed.any():
                changes[number] = changed
                out.append(state)
        return out

    def _added(self, variants: Sequence[Variant], start: SearchState, changes: dict[int, Flags]) -> list[SearchState]:
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
        found = label_variants(self.rows, state.predicted, self.rows.suspect, state.row_bits)
        start = len(self.variants)
        sets = [[(start + offset, variant)] for offset, variant in enumerate(found)]
        if len(found) > 1:
            sets.append([member for one in sets for member in one])
        made = (self.evaluate([*state.variants, *chosen]) for chosen in sets)
        return [state for state in made if state is not None]

    def _extended(
        self, states: Sequence[SearchState], changes: Mapping[int, Flags], *, woken: bool = True
    ) -> list[SearchState]:
        """The states with one more variant; ``woken``: also one that changes nothing alone."""
        out: list[SearchState] = []
        for rank, state in enumerate(states):
            wrong = state.row_bits > 0.0
            names = {variant.name for _, variant in state.variants}
            for number, changed in changes.items():
                variant = self._variant(number)
                if variant.name in names or not (changed & wrong).any():
                    continue
                if self._exhausted():
                    return out
                made = self.evaluate([*state.variants, (number, variant)])
                if made is not None:
                    out.append(made)
            if woken and rank < REFINED:
                out += self._woken(state, changes)
            out += self._labels(state)
            if any(made.unknown <= DONE and made.price <= PRICE * len(made.variants) for made in out):
                break
        return out

    def _with_print(self, found: Sequence[SearchState], changes: Mapping[int, Flags]) -> list[SearchState]:
        """The states that explain the pixel with causes of the print added, for as long as these explain lines."""
        of_print = {number: rows for number, rows in changes.items() if self._is_print(number)}
        solved = [state for state in found if state.unknown <= DONE]
        level = _diverse(sorted(solved, key=lambda state: state.total), REFINED)
        out: list[SearchState] = []
        while level:
            better = []
            for state in level:
                more = self._extended([state], of_print, woken=False)
                better += [made for made in more if made.total < state.total]
            out += better
            level = _diverse(sorted(better, key=lambda state: state.total), 1)
        return out

    def _is_print(self, number: int) -> bool:
        return self._variant(number).hypothesis.kind is CauseKind.PRINT

    def _exhausted(self) -> bool:
        return self.replays > min(MOST_REPLAYS, 2 * len(self.variants) + MOST_TERMS // self.base.scene.n_terms)

    def _woken(self, state: SearchState, changes: Mapping[int, Flags]) -> list[SearchState]:
        """The state with one more variant that changes nothing alone but helps here."""
        names = {variant.name for _, variant in state.variants}
        out = []
        for number, variant in enumerate(self.variants):
            if number not in changes and variant.name not in names and not self._exhausted():
                made = self.evaluate([*state.variants, (number, variant)])
                if made is not None and made.total < state.total:
                    out.append(made)
        return out

    def _refined(self, states: Sequence[SearchState], changes: Mapping[int, Flags]) -> list[SearchState]:
        """The states with one member in another of its forms, if better."""
        out: list[SearchState] = []
        for state in states:
            if state.unknown <= DONE:
                continue
            for number, variant in state.variants:
                rest = [member for member in state.variants if member[0] != number]
                for other in changes:
                    if other != number and self._variant(other).id == variant.id and not self._exhausted():
                        made = self.evaluate([*rest, (other, self._variant(other))])
                        if made is not None and made.total < state.total:
                            out.append(made)
        return out

    def _variant(self, number: int) -> Variant:
        return self.extras[number] if number < 0 else self.variants[number]


def _closer(level: Sequence[SearchState], best: SearchState) -> bool:
    """Whether a level explains more than ``best``, or comes much closer."""
    return any(state.total < best.total - 1.0 or state.promise < best.promise - CLOSER for state in level)


def _frontier(states: Sequence[SearchState]) -> list[SearchState]:
    """The states to extend: the best ones, and those that come closest."""
    best = _diverse(sorted(states, key=lambda state: state.total), WIDTH)
    near = _diverse(sorted(states, key=lambda state: state.promise), WIDTH)
    return [*best, *(state for state in near if all(state is not other for other in best))]


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

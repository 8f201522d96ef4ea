"""Search for the hypotheses that, alone or together, turn one trace into the other.

A row counts as explained when the replay reproduces it to the precision of the numbers; coming closer counts nothing,
because among hundreds of variants one always comes closer by chance. Every variant is replayed; then the best states
are extended by every variant that affects a remaining difference, one at a time, for as long as that explains more
than it costs. Breaking a row that agreed costs more than the row, most of all in the values that make the pixel: what
agrees downstream is not fed by a difference upstream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nbtui.diagnosis.hypotheses.record import CauseKind, Variant
from nbtui.diagnosis.replay.replay import Replay, replay
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.diagnosis.search.rows import Rows, predictions
from nbtui.diagnosis.search.units import label_variants
from nbtui.live.scene import Array
from nbtui.parity.align import END
from nbtui.parity.streams import upstream

PRICE = 8.0  # bits per hypothesis: what one of some hundred variants explains by chance
PRICE_OF_PRINT = 3.0  # the same for the few forms that change lines only
OF_PRINT = 6.0  # most bits of a field that differs although a value made from it agrees
UNLIKELY = 2.0  # more bits for a cause of the simulation while the pixel agrees
WIDTH = 4  # states that are extended, the best by total and the best by what they may become
DEEPEST = 6  # hypotheses in a set
REFINED = 2  # states of a level whose members are also tried in their other forms
MOST_REPLAYS = 4000
MOST_TERMS = 20_000_000  # simulated in all, beyond the single hypotheses
CHANGED = 1e-13  # relative change of a row that counts as one
DONE = 0.5  # bits left over that count as nothing
HARM = 1.5  # cost of breaking a row that agreed, relative to the row
HARM_TO_PIXEL = 4.0  # the same for a value that makes the pixel

Flags = npt.NDArray[np.bool_]
Members = tuple[tuple[int, Variant], ...]  # variants with their place in the list, the order in which they apply


def silent(words: str) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class SearchState:
    """A combination of variants and how well it explains the suspect."""

    variants: Members
    predicted: Array
    row_bits: Array  # misfit
    bits: float  # the same over all fields
    cost: float  # bits that are not explained, or broken
    price: float

    @property
    def total(self) -> float:
        return self.cost + self.price

    @property
    def promise(self) -> float:
        """Total if coming closer counted."""
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
        row_bits = self.rows.bits(predicted, self.rows.suspect)
        predicted = np.where(np.isnan(predicted), self.rows.reference, predicted)
        left = np.where((row_bits > 0.0) | self._fed(row_bits), np.maximum(row_bits, self._apart), 0.0)
        broken = (row_bits > 0.0) & (self._apart == 0.0)
        fitted = self._rows_of(name for _, variant in members for name in variant.form.fitted)
        cost = self._total(np.where(fitted, self._apart, np.where(broken, left * self._harm, left)), row_bits)
        price = sum(self._price(variant) for _, variant in members)
        return SearchState(members, predicted, row_bits, self.rows.total(row_bits), cost, price)

    def _rows_of(self, names: Iterable[str]) -> Flags:
        wanted = set(names)
        return np.asarray([name in wanted for name in self.rows.fields], dtype=bool)

    def _total(self, left: Array, row_bits: Array) -> float:
        """Sum over fields; one that does not feed the pixel, as a value downstream is reproduced, counts little."""
        fields = np.bincount(self.rows.group, weights=left / self._share, minlength=len(self.rows.sizes))
        for total, fed in ((self._pixel, self._everything), (self._sums, ~self._makes_pixel)):
            if total.any() and not (row_bits[total] > 0.0).any():
                of_print = np.bincount(self.rows.group, weights=fed, minlength=len(self.rows.sizes)) > 0.0
                fields = np.where(of_print, np.minimum(fields, OF_PRINT), fields)
        return float(fields.sum())

    @cached_property
    def _share(self) -> Array:
        """Rows over which a field's bits are averaged: those that differ, so that one phi step of many counts whole."""
        apart = np.bincount(self.rows.group, weights=self._apart > 0.0, minlength=len(self.rows.sizes))
        differing = np.maximum(apart, 1.0)[self.rows.group]
        return np.where(self._apart > 0.0, differing, self.rows.sizes[self.rows.group])

    @cached_property
    def _pixel(self) -> Flags:
        return self._rows_of(["I_pixel_final"])

    @cached_property
    def _everything(self) -> Flags:
        return np.ones(len(self.rows), dtype=bool)

    def _price(self, variant: Variant) -> float:
        if variant.hypothesis.kind is CauseKind.PRINT:
            shown = self._pixel.any() or self._sums.any()  # else nothing tells the print from the pixel
            return variant.price + (PRICE_OF_PRINT if shown else PRICE + UNLIKELY)
        unlikely = UNLIKELY if self._pixel_agrees else 0.0
        return PRICE + variant.price + unlikely - self.cheaper.get(variant.id, 0.0)

    @cached_property
    def _apart(self) -> Array:
        """Misfit of each row before any hypothesis."""
        with np.errstate(all="ignore"):
            return self.rows.bits(predictions(self.rows, replay(self.base)), self.rows.suspect)

    def _fed(self, row_bits: Array) -> Flags:
        """Rows of the block that are made from an unexplained one: reproducing them explains nothing.

        Unless the sum is reproduced: then the unexplained ones do not feed the pixel.
        """
        none = np.zeros(len(row_bits), dtype=bool)
        wrong = np.flatnonzero(np.bincount(self.rows.group, weights=row_bits, minlength=len(self.rows.sizes)) > 0.0)
        if wrong.size == 0 or not (row_bits[self._sums] > 0.0).any():
            return none
        feeds = np.zeros(len(self.rows.sizes), dtype=bool)
        for number in wrong:
            feeds |= self._downstream[number]
        return np.asarray(feeds[self.rows.group] & ~self._makes_pixel, dtype=bool)

    @cached_property
    def _sums(self) -> Flags:
        return self._rows_of(["I_before_scaling"])

    @cached_property
    def _downstream(self) -> Flags:
        """For each field, the fields that are made from it, (fields, fields)."""
        names = list(dict.fromkeys(self.rows.fields))
        return np.asarray([[one in upstream(other) for other in names] for one in names], dtype=bool)

    @cached_property
    def _makes_pixel(self) -> Flags:
        """Rows of the values that make the pixel, printed after all loops."""
        return np.asarray([place[0] == END for place in self.rows.places], dtype=bool)

    @cached_property
    def _harm(self) -> Array:
        return np.where(self._makes_pixel, HARM_TO_PIXEL, HARM)

    @cached_property
    def _pixel_agrees(self) -> bool:
        return bool(self._pixel.any() and not (self._apart[self._pixel] > 0.0).any())

    # --- the search --------------------------------------------------------------------------------------------------

    def run(self, extra: Callable[[PixelSetup, Array], Sequence[Variant]] | None = None) -> list[SearchState]:
        """Every state tried, best first.

        ``extra`` makes further variants if the listed ones fail, from the set-up with the lines of the print explained
        and the misfit that is left.
        """
        start = self.evaluate(())
        assert start is not None  # the base has been replayed before
        if start.bits <= self.done:
            return [start]
        changes: dict[int, Flags] = {}
        found = [start, *self._singles(start, changes), *self._labels(start)]
        level = found
        for members in range(2, DEEPEST + 1):
            best = min(found, key=lambda state: state.total)
            # a larger set costs at least this much: pointless once a smaller one explains all for less
            if best.cost <= self.done and best.price <= PRICE * members:
                break
            if extra is not None and members == 2:
                of_print = [item for item in best.variants if item[1].hypothesis.kind is CauseKind.PRINT]
                shown = next(state for state in found if list(state.variants) == of_print)
                found += self._added(extra(self.applied(of_print), shown.row_bits), start, changes)
                level = found
            level = self._extended(_frontier(level), changes)
            level += self._refined(sorted(level, key=lambda state: state.total)[:REFINED], changes)
            found += level
            if not level or (min(state.promise for state in level) > best.promise - 1.0 and members > 2):
                break
        return sorted(found, key=lambda state: state.total)

    def _singles(self, start: SearchState, changes: dict[int, Flags]) -> list[SearchState]:
        """Every variant that changes a row; ``changes`` receives the rows."""
        out = []
        for number, variant in enumerate(self.variants):
            state = self.evaluate([(number, variant)], f"tried {number + 1} of {len(self.variants)} causes")
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

    def _extended(self, states: Sequence[SearchState], changes: Mapping[int, Flags]) -> list[SearchState]:
        out: list[SearchState] = []
        for rank, state in enumerate(states):
            wrong = state.row_bits > 0.0
            ids = {variant.id for _, variant in state.variants}
            for number, changed in changes.items():
                variant = self._variant(number)
                if variant.id in ids or not (changed & wrong).any():
                    continue
                if self._exhausted():
                    return out
                made = self.evaluate([*state.variants, (number, variant)])
                if made is not None:
                    out.append(made)
            if rank < REFINED:
                out += self._woken(state, changes)
            out += self._labels(state)
            if any(made.cost <= self.done and made.price <= PRICE * len(made.variants) for made in out):
                break
        return out

    def _exhausted(self) -> bool:
        return self.replays > min(MOST_REPLAYS, 2 * len(self.variants) + MOST_TERMS // self.base.scene.n_terms)

    def _woken(self, state: SearchState, changes: Mapping[int, Flags]) -> list[SearchState]:
        """The state with one more variant that changes nothing alone but helps here."""
        ids = {variant.id for _, variant in state.variants}
        out = []
        for number, variant in enumerate(self.variants):
            if number not in changes and variant.id not in ids and not self._exhausted():
                made = self.evaluate([*state.variants, (number, variant)])
                if made is not None and made.total < state.total:
                    out.append(made)
        return out

    def _refined(self, states: Sequence[SearchState], changes: Mapping[int, Flags]) -> list[SearchState]:
        """The states with one member in another of its forms, if better."""
        out: list[SearchState] = []
        for state in states:
            if state.cost <= self.done:
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

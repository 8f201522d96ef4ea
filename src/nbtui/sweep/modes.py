"""Which combinations of values a sweep tries: one at a time, pairs, the whole product, or random ones."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from nbtui.errors import UnusableInput
from nbtui.sweep.axes import Axis, Choice

MOST_PRODUCT = 1_000_000
WIDTH = 6  # choices in one combination of the pair mode: more cover pairs faster, fewer keep failures apart
SHARE = 0.2  # probability that a random combination takes an axis
_TRIES = 30  # candidates for each place of a combination

Combination = tuple[Choice, ...]


class Mode(StrEnum):
    """How values combine."""

    ONE = "one-at-a-time"
    PAIRS = "pairwise"
    PRODUCT = "product"
    RANDOM = "random"


def combinations(mode: Mode, axes: Sequence[Axis], number: int, seed: int) -> Iterator[Combination]:
    """The combinations of a mode, the unchanged base command first (but in the whole product).

    ``number``: of random combinations; ``seed``: of the random numbers in the random and pair modes.

    Raises:
        UnusableInput: the whole product is too large.
    """
    made: dict[Mode, Callable[[], Iterator[Combination]]] = {
        Mode.ONE: lambda: _one(axes),
        Mode.PAIRS: lambda: _pairs(axes, seed),
        Mode.PRODUCT: lambda: _product(axes),
        Mode.RANDOM: lambda: _random(axes, number, seed),
    }
    return made[mode]()


def _one(axes: Sequence[Axis]) -> Iterator[Combination]:
    yield ()
    for axis in axes:
        yield from ((choice,) for choice in axis.choices)


def _product(axes: Sequence[Axis]) -> Iterator[Combination]:
    total = math.prod(len(axis.choices) for axis in axes)
    if total > MOST_PRODUCT:
        raise UnusableInput(
            f"the product of {len(axes)} axes has {total:,} command lines, at most {MOST_PRODUCT:,}; "
            f'use mode = "{Mode.PAIRS}" or "{Mode.RANDOM}"'
        )
    return itertools.product(*(axis.choices for axis in axes))


def _random(axes: Sequence[Axis], number: int, seed: int) -> Iterator[Combination]:
    """Every combination has its own random numbers, so that part I of N needs no other part."""
    for count in range(number):
        rng = random.Random(f"{seed} {count}")
        taken = [axis for axis in axes if rng.random() < SHARE]
        yield tuple(axis.drawn(rng) for axis in taken)


def _pairs(axes: Sequence[Axis], seed: int) -> Iterator[Combination]:
    """Each value alone, then combinations of up to WIDTH values until every pair of values occurred together."""
    yield from _one(axes)
    open_pairs = {
        frozenset((a, b)) for one, other in itertools.combinations(axes, 2) for a in one.choices for b in other.choices
    }
    rng = random.Random(f"pairs {seed}")
    ordered = sorted(open_pairs, key=lambda pair: sorted(choice.text for choice in pair))
    for pair in ordered:
        if pair not in open_pairs:
            continue
        taken = sorted(pair, key=lambda choice: choice.text)
        while len(taken) < min(WIDTH, len(axes)):
            candidate = _best(axes, taken, open_pairs, rng)
            if candidate is None:
                break
            taken.append(candidate)
        open_pairs -= {frozenset(pair) for pair in itertools.combinations(taken, 2)}
        yield tuple(taken)


def _best(
    axes: Sequence[Axis], taken: Sequence[Choice], open_pairs: set[frozenset[Choice]], rng: random.Random
) -> Choice | None:
    """The value that covers most open pairs with those taken; None if none covers any."""
    used = {choice.axis for choice in taken}
    free = [choice for axis in axes if axis.flag not in used for choice in axis.choices]
    best, most = None, 0
    for candidate in rng.sample(free, min(_TRIES, len(free))):
        covers = sum(frozenset((candidate, one)) in open_pairs for one in taken)
        if covers > most:
            best, most = candidate, covers
    return best

"""Recompute every line of a trace that follows from other lines of the same trace by one formula.

A line that contradicts its own trace is either computed by another formula, or was not taken from the values that made
the pixel. The lines made from it decide: where they follow from the recomputed value and not from the printed one, the
line is re-derived for the print. Two values contradict each other when they differ by more than their printed digits
allow, propagated through the formula.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from nbtui.parity.align import blocks, count_blocks, tokens
from nbtui.parity.numbers import significant_digits
from nbtui.parity.own_rules import (
    CELL,
    FLAGS,
    PIXEL_RULES,
    SINGLE_TERM,
    Rule,
    Vector,
    block_rules,
    setup_rules,
)
from nbtui.parity.stated import states_single
from nbtui.parity.unit_names import conversion_name
from nbtui.parity.units import cell_in_metres, metres_of_scattering
from nbtui.trace.model import Record, Trace, Value
from nbtui.trace.printed import half_units
from nbtui.trace.side import SideName

BLOCKS = 200  # blocks recomputed: a program treats all of them alike
_SLACK = 2.0  # on the propagated half units of 15 digits, for the rounding of the arithmetic itself
_DIGITS = 15  # of a number printed with %.15g
_FLOAT32 = 2.0**-22  # relative: some roundings to single precision
_LONG = 10  # digits from which a single-precision number is no coincidence
_NO_COINCIDENCE = 3  # of them
_LARGEST_SINGLE = 3e38
_STORED = "floatimage_accumulated"  # in single precision on any side
_TINY_INDEX = 1e-6  # an index from a cell vector in metres
_UNIT = 1e-6  # relative: how exactly a line in another unit is off by the factor of the units
_EQUAL_TERMS = 1e-3  # relative: how far a sum of equal terms may be from their number times one of them
_ENOUGH = 3000  # values examined for their precision

Values = Mapping[str, Vector]


@dataclass(frozen=True)
class Contradiction:
    """A line that contradicts its own trace."""

    field: str
    block: int  # of this trace
    printed: Vector
    expected: Vector  # empty where the trace does not show it
    sentence: str
    rederived: bool = False  # what is made from it follows from the expected value, not from the printed one


def contradictions(
    trace: Trace, side: SideName, n_cells: tuple[int, int, int] | None = None
) -> tuple[Contradiction, ...]:
    """Every field that contradicts its own trace, in the first such block; ``side`` names the trace in the sentences.

    ``n_cells``: unit cells along a, b and c of a SQUARE crystal, to recompute the lattice factors as well.
    """
    found: dict[str, Contradiction] = {}
    for entry in every_contradiction(trace, side, n_cells):
        found.setdefault(entry.field, entry)
    return tuple(found.values())


def every_contradiction(
    trace: Trace,
    side: SideName,
    n_cells: tuple[int, int, int] | None = None,
    precision: LogPrecision | None = None,
) -> Iterator[Contradiction]:
    """The contradictions of the first blocks, then those of the lines printed once; ``precision``: where known."""
    found_precision = precision or precision_of(trace)
    checker = _Checker(side, found_precision.digits, found_precision.single)
    of_block = block_rules(n_cells, metres_of_scattering(trace))
    metres = cell_in_metres(trace)
    once = _once(trace)
    put_right: dict[str, Vector] = {}
    for number, printed in islice(_blocks(trace), BLOCKS):
        lines = {**printed, **{name: _in_angstroms(printed[name]) for name in CELL if metres and name in printed}}
        literal = metres and _label_taken_literally(printed, once)
        for found in checker.check(number, lines, of_block, always=literal):
            if number == 0 and found.rederived:
                put_right[found.field] = found.expected
            yield found
    one_term = _has_one_term(trace, once)
    if "hkl_rounded" in put_right and (cell := once.get("F_cell")):
        made = _only_factor(once, put_right) if one_term else ()
        put_right |= {"F_cell": made} if made else {}
        yield checker.of_another_index(cell, made)
    single = (SINGLE_TERM,) if one_term else ()
    yield from checker.check(0, {**once, **put_right}, (*setup_rules(once), *single, *PIXEL_RULES))


@dataclass(frozen=True)
class _Checker:
    """Recomputes lines. ``digits``: significant ones of a printed number; ``single``: float32 values among them."""

    side: SideName
    digits: int
    single: bool

    def check(
        self, block: int, printed: Values, rules: Sequence[Rule], *, always: bool = False
    ) -> Iterator[Contradiction]:
        """The contradictions between these lines; ``always``: all of them are known to be of the print."""
        for rule in rules:
            expected = self._contradicted(rule, printed)
            if expected is None:
                continue
            put_right = {**printed, rule.field: expected}
            rederived = always or self._is_rederived(rule, printed, put_right, rules)
            yield self._contradiction(rule, block, printed[rule.field], expected, rederived=rederived)
            printed = put_right if rederived else printed

    def of_another_index(self, printed: Vector, made: Vector) -> Contradiction:
        """The structure factor of a re-derived index; ``made``: the one that made the pixel, where it is known."""
        text = f"{self.side.subject}: F_cell is {printed[0]:.9g}, the value at the re-derived hkl_rounded"
        known = f"; sqrt(I_before_scaling) / F_latt of the only term gives {made[0]:.9g}" if made else ""
        return Contradiction("F_cell", 0, printed, made, f"{text}{known}.", rederived=True)

    def _is_rederived(self, rule: Rule, printed: Values, put_right: Values, rules: Sequence[Rule]) -> bool:
        """Whether the lines made from this one follow from its expected value, and none from its printed value."""
        followers = [other for other in rules if rule.field in other.inputs and other.field in printed]
        before = [self._contradicted(other, printed) is None for other in followers]
        after = [self._contradicted(other, put_right) is None for other in followers]
        pairs = list(zip(before, after, strict=True))
        return (rule.is_witness or (False, True) in pairs) and (True, False) not in pairs

    def _contradicted(self, rule: Rule, printed: Values) -> Vector | None:
        """The recomputed value, where it contradicts the printed one."""
        value = printed.get(rule.field)
        if value is None:
            return None
        try:
            inputs = [printed[name] for name in rule.inputs]
        except KeyError:
            return None
        expected = _computed(rule, inputs)
        if expected is None or len(expected) != len(value):
            return None
        size = math.hypot(*expected)
        loose = rule.loose * size + (rule.rounding(*inputs) if rule.rounding else 0.0)
        room = [loose + self._half_unit(number) for number in value]
        if _within(rule, value, expected, room):
            return None
        for at, given in enumerate(inputs):
            for component, number in enumerate(given):
                moved = (*given[:component], number + self._half_unit(number), *given[component + 1 :])
                shifted = _computed(rule, [*inputs[:at], moved, *inputs[at + 1 :]])
                if shifted is None:
                    return None
                room = [r + abs(s - e) for r, s, e in zip(room, shifted, expected, strict=True)]
        slack = _SLACK if self.digits == _DIGITS else 1.0
        return None if _within(rule, value, expected, [slack * r for r in room]) else expected

    def _half_unit(self, number: float) -> float:
        """Half a unit of the last digit known of a number."""
        if number == 0.0 or not math.isfinite(number):
            return 0.0
        printed = 0.5 * 10.0 ** (math.floor(math.log10(abs(number))) - self.digits + 1)
        return max(printed, _FLOAT32 * abs(number)) if self.single else printed

    def _contradiction(
        self, rule: Rule, block: int, printed: Vector, expected: Vector, *, rederived: bool
    ) -> Contradiction:
        shown, made = (", ".join(f"{value:.9g}" for value in values) for values in (printed, expected))
        where = f" (block {block})" if block else ""
        unit = conversion_name(expected, printed, max(_UNIT, 10.0 ** (1 - self.digits)))
        times = f"; the printed value is {unit} times that: another unit" if unit else ""
        text = f"{self.side.subject}: {rule.field}{where} is {shown}, but {rule.words} of the same trace gives {made}"
        return Contradiction(rule.field, block, printed, expected, f"{text}{times}.", rederived)


def _within(rule: Rule, value: Vector, expected: Vector, room: Sequence[float]) -> bool:
    return all(abs(v - e) <= r or (rule.at_least and v > e) for v, e, r in zip(value, expected, room, strict=True))


def _computed(rule: Rule, inputs: Sequence[Vector]) -> Vector | None:
    try:
        made = rule.formula(*inputs)
    except (ZeroDivisionError, OverflowError, ValueError, IndexError):
        return None
    return made if all(map(math.isfinite, made)) else None


def _in_angstroms(metres: Vector) -> Vector:
    return tuple(value * 1e10 for value in metres)


def _label_taken_literally(printed: Values, once: Values) -> bool:
    """Whether the indices were made from cell vectors in metres as if these were Angstroms, and the sum was not.

    Such an index is zero, so that every term would be the same.
    """
    index, total, steps = printed.get("hkl_frac"), once.get("I_before_scaling"), once.get("steps")
    cell, lattice = printed.get("F_cell"), printed.get("F_latt")
    if index is None or max(map(abs, index)) > _TINY_INDEX or not (total and steps and cell and lattice):
        return False
    terms = steps[0] * (cell[0] * lattice[0]) ** 2
    return abs(total[0] - terms) > _EQUAL_TERMS * terms


def _only_factor(once: Values, put_right: Values) -> Vector:
    """The structure factor of the only term; empty where the trace does not show it."""
    total, lattice = once.get("I_before_scaling"), put_right.get("F_latt") or once.get("F_latt")
    return (math.sqrt(total[0]) / abs(lattice[0]),) if total and lattice and total[0] >= 0.0 and lattice[0] else ()


def _has_one_term(trace: Trace, once: Values) -> bool:
    """Whether the sum has a single term, without a factor of -oversample_thick, _polar or _omega."""
    one = once.get("steps") == (1.0,) and count_blocks(trace) == 1 and len(trace.phi) <= 1
    return one and not any(once.get(flag, (0.0,))[0] for flag in FLAGS)


def _blocks(trace: Trace) -> Iterator[tuple[int, Values]]:
    """The first line of every name in each block, with its set-up lines in block 0."""
    current, lines = 0, dict[str, Vector]()
    for record, block in zip(trace.records, blocks(trace), strict=True):
        if block > current:
            yield current, lines
            current, lines = block, {}
        if block == current and (values := _numbers(record)):
            lines.setdefault(record.name, values)
    yield current, lines


def _once(trace: Trace) -> Values:
    """The first line of every name."""
    found: dict[str, Vector] = {}
    for name in dict.fromkeys(trace.names()):
        values = _numbers(trace.all(name)[0])
        if values:
            found[name] = values
    return found


def _numbers(record: Record) -> Vector:
    """The values of a line of numbers; empty for a line with words."""
    values: tuple[Value, ...] = record.values
    for value in values:
        if isinstance(value, str):
            return ()
    return tuple(map(float, values))


def shows_single(trace: Trace) -> bool:
    """Whether some numbers of the trace are single-precision numbers, printed with more digits or stated to be."""
    return states_single(trace) or precision_of(trace).single


@dataclass(frozen=True)
class LogPrecision:
    """Significant digits of the numbers of a trace, and whether some of them are single-precision numbers."""

    digits: int
    single: bool


def precision_of(trace: Trace) -> LogPrecision:
    """The precision that the printed numbers of a trace show."""
    most, single = 1, set[float]()
    for number, token in islice(_printed_numbers(trace), _ENOUGH):
        if token and len(token) < _LONG and len(token) <= most:
            continue
        digits = significant_digits(token or f"{number:.{_DIGITS}g}")
        most = max(most, digits)
        if digits >= _LONG and math.isfinite(number) and abs(number) < _LARGEST_SINGLE:
            rounded = struct.unpack("<f", struct.pack("<f", number))[0]
            if abs(rounded - number) <= 2e-14 * abs(number):
                single.add(abs(number))
        if most >= _DIGITS and len(single) >= _NO_COINCIDENCE:
            break
    return LogPrecision(min(most, _DIGITS), len(single) >= _NO_COINCIDENCE)


def _printed_numbers(trace: Trace) -> Iterator[tuple[float, str]]:
    """The numbers of a trace, each with its token in the log, empty where the line does not show it plainly."""
    for record in trace.records:
        if record.name != _STORED and half_units(record) is None:
            yield from zip(_numbers(record), tokens(record), strict=False)

"""Values of parameters as text: shown, typed, checked against the bounds of their flags, and nudged.

Parsing a number imports nbsim, whose rules apply.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import nbsim
from nbtui.errors import UnusableInput
from nbtui.live.parameters.parameter import Kind, Parameter, Value
from nbtui.trace.text import clean


def shown(parameter: Parameter, value: Value, digits: int = 10) -> str:
    """A value for display, numbers with at most ``digits``; ``-`` for None."""
    if parameter.names:
        return parameter.names[[choice for choice, _ in parameter.choices].index(value)]
    if value is None:
        return "auto" if parameter.kind == Kind.CHOICE else "-"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return " ".join(f"{part:.{digits}g}" for part in value)
    return f"{value:.{digits}g}" if isinstance(value, float) else clean(str(value))


def word(value: float | int) -> str:
    """A number as a word of a command line: as short as possible without losing a digit."""
    short = f"{value:.15g}"
    return short if float(short) == value else repr(value)


def understood(parameter: Parameter, text: str) -> Value:
    """The typed value; None, which removes the flag, for an empty text.

    Raises:
        UnusableInput: it is not a valid value; the message describes valid ones.
    """
    text = text.strip()
    if not text:
        if not parameter.flag:
            raise UnusableInput(f"{parameter.name}: one of {_choices(parameter)}")
        return None
    if parameter.kind == Kind.TEXT:
        return text
    if parameter.choices:
        found = [value for value, _ in parameter.choices if shown(parameter, value).casefold() == text.casefold()]
        if not found:
            raise UnusableInput(f"{parameter.name}: one of {_choices(parameter)}, not '{clean(text)}'")
        return found[0]
    if parameter.kind == Kind.NUMBERS:
        parts = text.replace(",", " ").split()
        if len(parts) != parameter.size:
            raise UnusableInput(f"{parameter.name}: {parameter.size} numbers, not {len(parts)}")
        return tuple(float(_number(parameter, part)) for part in parts)
    return _number(parameter, text)


def _number(parameter: Parameter, text: str) -> float | int:
    """A number that the flag accepts. Raises UnusableInput."""
    try:
        value: float | int = nbsim.number(parameter.name, text, parameter.row.kind)
    except nbsim.InputError as error:
        raise UnusableInput(clean(str(error))) from error
    complaint = parameter.row.complaint(value)
    if complaint:
        raise UnusableInput(f"{parameter.name} {value:g}: {complaint}")
    return value


def _choices(parameter: Parameter) -> str:
    return ", ".join(shown(parameter, value) for value, _ in parameter.choices)


def nudged(parameter: Parameter, value: Value, by: int) -> Value:
    """The value ``by`` steps further, within the bounds of its flag; choices wrap around.

    Steps are added in decimal, so that steps down exactly undo steps up.

    Raises:
        UnusableInput: there is no value to step from.
    """
    if parameter.choices:
        values = [choice for choice, _ in parameter.choices]
        here = values.index(value) if value in values else -1 if by > 0 else 0
        return values[(here + (1 if by > 0 else -1)) % len(values)]
    if not parameter.nudged:
        raise UnusableInput(f"{parameter.name}: no steps; type a value")
    if value is None or isinstance(value, (tuple, str)) or not math.isfinite(value):
        raise UnusableInput(f"{parameter.name}: no value to step from; type one")
    now = Decimal(word(value))
    for _ in range(abs(by)):
        now = _stepped(parameter, now, by)
    result = int(now) if parameter.kind == Kind.WHOLE else float(now)
    if not parameter.row.complaint(result):
        return result
    bounds = parameter.row.bounds
    bound = bounds.high if by > 0 else max(bounds.low, -bounds.high)
    out_of_step = parameter.step is not None and Decimal(repr(float(bound))) % Decimal(repr(parameter.step))
    return value if out_of_step or parameter.row.complaint(bound) else type(value)(bound)


def _stepped(parameter: Parameter, now: Decimal, by: int) -> Decimal:
    """One step up (``by`` above 0) or down."""
    if parameter.kind == Kind.WHOLE or parameter.step is not None:
        step = Decimal(1) if parameter.step is None else Decimal(repr(parameter.step))
    else:
        step = _second_digit(now, by)
        now = (now / step).to_integral_value(ROUND_FLOOR if by > 0 else ROUND_CEILING) * step
    return now + (step if by > 0 else -step)


def _second_digit(now: Decimal, by: int) -> Decimal:
    """One unit of the second digit: 9.9e24, 1e25, 1.1e25; towards zero from a power of ten, of the decade below."""
    if not now:
        return Decimal(1)
    power = now.adjusted()
    if abs(now) == Decimal(1).scaleb(power) and (now > 0) != (by > 0):
        power -= 1
    return Decimal(1).scaleb(power - 1)

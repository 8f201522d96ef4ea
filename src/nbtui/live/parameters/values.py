"""Values of parameters as text: shown, typed, checked against their limits, and nudged.

nbsim is imported when a number is typed, as its own rules decide what a number is.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import nbsim
from nbtui.errors import UnusableInput
from nbtui.live.parameters.table import Parameter, Value
from nbtui.trace.text import clean


def shown(parameter: Parameter, value: Value, digits: int = 10) -> str:
    """A value for a person, numbers with at most ``digits``; ``-`` for none."""
    if parameter.id == "round_div":
        return "elliptical" if value else "rectangular"
    if value is None:
        return "auto" if parameter.kind == "choice" else "-"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return " ".join(f"{part:.{digits}g}" for part in value)
    return f"{value:.{digits}g}" if isinstance(value, float) else clean(str(value))


def word(value: float | int) -> str:
    """A number as a word of a command line: as short as it can be without losing a digit."""
    short = f"{value:.15g}"
    return short if float(short) == value else repr(value)


def understood(parameter: Parameter, text: str) -> Value:
    """The value that was typed; nothing typed means that the flag goes away.

    Raises:
        UnusableInput: it is no value of this parameter; the sentence says what is.
    """
    text = text.strip()
    if not text:
        if not parameter.flag:
            raise UnusableInput(f"{parameter.label.strip()}: one of {_values(parameter)}")
        return None
    if parameter.kind == "text":
        return text
    if parameter.kind in ("switch", "choice"):
        found = [value for value, _ in parameter.choices if shown(parameter, value).casefold() == text.casefold()]
        if not found:
            raise UnusableInput(f"{parameter.label.strip()}: one of {_values(parameter)}, not '{clean(text)}'")
        return found[0]
    if parameter.kind == "numbers":
        parts = text.replace(",", " ").split()
        if len(parts) != parameter.size:
            raise UnusableInput(f"{parameter.label.strip()}: {parameter.size} numbers, not {len(parts)}")
        return tuple(float(_number(parameter, part)) for part in parts)
    value = _number(parameter, text)
    complaint = limit(parameter, value)
    if complaint:
        raise UnusableInput(complaint)
    return value


def _number(parameter: Parameter, text: str) -> float | int:
    if parameter.infinite and text.casefold() in ("inf", "infinity"):
        return math.inf
    whole = parameter.kind == "whole"
    try:
        value: float | int = nbsim.number(parameter.label.strip(), text, "int" if whole else "float")
        return value
    except nbsim.InputError as error:
        raise UnusableInput(clean(str(error))) from error


def _values(parameter: Parameter) -> str:
    return ", ".join(shown(parameter, value) for value, _ in parameter.choices)


def limit(parameter: Parameter, value: float | int) -> str:
    """What is wrong with a number; empty when nothing is."""
    unit = f" {parameter.unit}" if parameter.unit else ""
    if value < parameter.low or (parameter.above and value == parameter.low):
        bound = "more than" if parameter.above else "at least"
        return f"{parameter.label.strip()}: {bound} {parameter.low:g}{unit}"
    if value > parameter.high or (parameter.above and value == parameter.high):
        return f"{parameter.label.strip()}: {'less than' if parameter.above else 'at most'} {parameter.high:g}{unit}"
    return ""


def nudged(parameter: Parameter, value: Value, by: int) -> Value:
    """The value ``by`` steps further, inside its limits; choices go round.

    Steps are added in decimal, so that as many down lead back.

    Raises:
        UnusableInput: there is nothing to step from.
    """
    if parameter.kind in ("switch", "choice"):
        values = [choice for choice, _ in parameter.choices]
        here = values.index(value) if value in values else -1 if by > 0 else 0
        return values[(here + (1 if by > 0 else -1)) % len(values)]
    if not parameter.nudged:
        raise UnusableInput(f"{parameter.label.strip()}: it has no steps; type a value")
    if value is None or isinstance(value, (tuple, str)) or not math.isfinite(value):
        raise UnusableInput(f"{parameter.label.strip()}: there is no value to step from; type one")
    now = Decimal(word(value))
    for _ in range(abs(by)):
        step = Decimal(repr(parameter.step))
        if not step:
            step = _second_digit(now, by)
            now = (now / step).to_integral_value(ROUND_FLOOR if by > 0 else ROUND_CEILING) * step
        now += step if by > 0 else -step
    result = int(now) if parameter.kind == "whole" else float(now)
    if limit(parameter, result):
        bound = parameter.low if by < 0 else parameter.high
        result = value if parameter.above else type(value)(bound)
    return result


def _second_digit(now: Decimal, by: int) -> Decimal:
    """One unit of the second digit: 9.9e24, 1e25, 1.1e25; towards zero from a power of ten, of the decade below."""
    if not now:
        return Decimal(1)
    power = now.adjusted()
    if abs(now) == Decimal(1).scaleb(power) and (now > 0) != (by > 0):
        power -= 1
    return Decimal(1).scaleb(power - 1)

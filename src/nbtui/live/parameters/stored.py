"""Parameters as fields of the simulator's Options, and back."""

from __future__ import annotations

from typing import Any

import nbsim
from nbtui.errors import UnusableInput
from nbtui.live.parameters.parameter import Parameter, Value
from nbtui.live.parameters.table import by_id
from nbtui.trace.text import clean


def value_in(options: nbsim.Options, parameter: Parameter) -> Value:
    """The value that ``options`` hold, in the unit of the parameter; None where not set."""
    value: Value = getattr(options, parameter.field)
    if value is None:
        return parameter.blank
    if parameter.part is not None and isinstance(value, tuple):
        value = value[parameter.part] if parameter.part < len(value) else None
    if value is None or isinstance(value, (bool, str, tuple)):
        return value
    return value * parameter.per if parameter.per != 1.0 else value


def is_idle(options: nbsim.Options, parameter: Parameter) -> bool:
    """Whether a fit skips a parameter that cannot vary, is not given, or has no effect beside the others."""
    fit = parameter.fit
    if fit is None:
        return True
    value = value_in(options, parameter)
    if value is None or (fit.absent_at_zero and value == 0.0):
        return True
    if fit.idle_while is None:
        return False
    id, state = fit.idle_while
    other = value_in(options, by_id()[id])
    return other is not None if state is None else other == state


def fields_of(options: nbsim.Options, parameter: Parameter, value: float) -> dict[str, Any]:
    """The fields of Options that change with a number, without the side effects of its flag.

    Raises:
        UnusableInput: the flag refuses the number.
    """
    numbers: tuple[float, ...] = (value,)
    if parameter.part is not None:
        held = getattr(options, parameter.field) or (parameter.blank,) * parameter.size
        numbers = tuple(value if part == parameter.part else other for part, other in enumerate(held))
    put: dict[str, Any] = {}
    try:
        parameter.row.put(put, numbers)
    except nbsim.InputError as error:
        raise UnusableInput(clean(str(error))) from error
    changes = {name: put[name] for name in parameter.row.sets}
    if parameter.fit is not None and parameter.fit.clears:
        ruler = by_id()[parameter.fit.clears]
        changes[ruler.field] = ruler.initial
    return changes

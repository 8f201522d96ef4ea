"""Changed parameters of a case: ordered edits that produce a new command line, and its parsed values.

Edits have no side effects. An edited flag keeps its position and its spelling, because the order of nanoBragg's flags
matters (many of them choose the pivot); a new one comes first if it takes effect there, so that the typed flags take
precedence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbsim
from nbtui.errors import UnusableInput
from nbtui.live.door import experiment_of, flags_in, quirks_of, read_command, simulator
from nbtui.live.model import Case, Settings, Simulation
from nbtui.live.parameters.parameter import Group, Kind, Parameter, Value
from nbtui.live.parameters.stored import value_in
from nbtui.live.parameters.table import QUIRK, by_id, parameters
from nbtui.live.parameters.values import word
from nbtui.trace.text import clean

MOST_TERMS = 10_000_000  # largest number of contributions to a pixel that the form accepts
_SAME = 1e-12  # relative; a value is converted to the unit of its flag and back


@dataclass(frozen=True)
class Setup:
    """A command line and the settings of its simulation, without the pixel."""

    argv: tuple[str, ...]
    settings: Settings
    compat: bool = True  # as of the case


@dataclass(frozen=True)
class Edit:
    """A new value of a parameter; None removes its flag."""

    id: str
    value: Value


@dataclass(frozen=True)
class Typed:
    """The values of a command line, with defaults; ``given``: ids of those it contains."""

    values: Mapping[str, Value]
    given: frozenset[str]


@dataclass(frozen=True)
class Said:
    """The flags of a command line: fields of Options that they set by their values, and their rows."""

    fields: frozenset[str]
    rows: frozenset[tuple[str, ...]]


# --- reading ---------------------------------------------------------------------------------------------------------


def typed(setup: Setup, workdir: Path) -> Typed:
    """The values of every parameter in the command line and the settings.

    Raises:
        UnusableInput: the command line cannot be parsed.
    """
    options, quirks = _parsed(setup, workdir), _quirks(setup.settings)
    said = _said(nbsim.in_any_place(setup.argv, quirks))
    explicit = {f"{QUIRK}{name}" for name, _ in setup.settings.quirks}
    values: dict[str, Value] = {}
    given: set[str] = set()
    for parameter in parameters():
        value = _value(parameter, options, setup.settings, quirks, said)
        values[parameter.id] = value
        if not parameter.flag:
            here = parameter.id in explicit or bool(parameter.own)
        elif parameter.choices:
            here = bool(_rows_of(parameter) & said.rows)
        else:
            here = parameter.field in said.fields and value is not None
        if here:
            given.add(parameter.id)
    return Typed(values, frozenset(given))


def in_force(case: Case, settings: Settings, made: Simulation | None = None) -> dict[str, Value]:
    """The effective value of every parameter: that of the built experiment, in float64 on the CPU for all settings.

    ``made``: a simulation whose set-up is used if it is the one asked for.

    Raises:
        UnusableInput: the command line or a file it names is unusable.
        SimulationFailed: the set-up could not be computed.
    """
    with simulator(case.name, "set-up"):
        experiment = _set_up(made, case, settings)
        if experiment is None:
            experiment = experiment_of(case, replace(settings, dtype="float64", device="cpu"))
    try:
        values = dict(typed(Setup(case.argv, settings, case.compat), case.workdir).values)
    except UnusableInput:
        values = {}  # a command line that only the C program reads; the experiment has the values that matter
    return values | {row.id: row.read(experiment) for row in parameters() if row.read is not None}


def _set_up(made: Simulation | None, case: Case, settings: Settings) -> nbsim.Experiment | None:
    """The set-up of a simulation of this case and these settings, if it is in float64 on the CPU."""
    if made is None or (settings.dtype, settings.device) != ("float64", "cpu"):
        return None
    as_made = made.case.argv, made.case.workdir, made.case.compat, made.settings
    return made.set_up if as_made == (case.argv, case.workdir, case.compat, settings) else None


def same(one: Value, other: Value, relative: float = _SAME) -> bool:
    """Whether two values are equal, numbers within a relative difference."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(lambda a, b: same(a, b, relative), one, other))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or math.isclose(one, other, rel_tol=relative)
    return one == other


def _parsed(setup: Setup, workdir: Path) -> nbsim.Options:
    try:
        return read_command(setup.argv, workdir, _quirks(setup.settings), compat=setup.compat)[0]
    except nbsim.InputError as error:
        raise UnusableInput(clean(str(error))) from error


def _quirks(settings: Settings) -> nbsim.Quirks:
    return quirks_of(settings)


def _value(parameter: Parameter, options: nbsim.Options, settings: Settings, quirks: nbsim.Quirks, said: Said) -> Value:
    """The value of a parameter, in its unit; None if the set-up chooses it."""
    if parameter.group == Group.QUIRKS:
        return bool(getattr(quirks, parameter.field))
    if parameter.own:
        return str(getattr(settings, parameter.field))
    marked = getattr(options, parameter.field) == nbsim.NOT_GIVEN and parameter.initial is None
    return None if marked and parameter.field not in said.fields else value_in(options, parameter)


def _said(argv: Iterable[str]) -> Said:
    flags = [flag for _, _, flag, _ in flags_in(list(argv))]
    return Said(frozenset(name for flag in flags for name in flag.sets), frozenset(_row(flag) for flag in flags))


def _row(flag: nbsim.Flag) -> tuple[str, ...]:
    """The identity of a row of the flag table: -misset has one row for angles and one for 'random'."""
    return (*flag.spellings, *flag.sets)


@lru_cache(maxsize=128)
def _rows_of(parameter: Parameter) -> frozenset[tuple[str, ...]]:
    """The flags that a switch or choice puts on a command line."""
    return frozenset().union(*(_said(words).rows for _, words in parameter.choices if words))


# --- editing ---------------------------------------------------------------------------------------------------------


def edited(setup: Setup, edit: Edit, workdir: Path, known: Mapping[str, Value]) -> Setup:
    """The set-up with one parameter changed.

    ``known``: effective values, for values of a flag that the command line omits.

    Raises:
        UnusableInput: the value is invalid, would have no effect, or requires too many contributions.
    """
    parameter = by_id()[edit.id]
    if not parameter.flag:
        return replace(setup, settings=_set(setup.settings, parameter, edit.value))
    compat = setup.compat
    # a flag added at the end must not change the meaning of the last word
    setup = replace(setup, argv=tuple(nbsim.in_any_place(setup.argv, _quirks(setup.settings))))
    # C accepts any value; an edit of a line that nbsim reads keeps it so
    setup = replace(setup, compat=setup.compat and _parsed(setup, workdir).as_c)
    before = typed(setup, workdir)
    ruler = by_id().get(parameter.overruled_by)
    if ruler is not None and edit.value is not None and before.values[ruler.id]:
        state = "on" if ruler.kind == Kind.SWITCH else "set"
        way = _way_out(setup, ruler, workdir)
        raise UnusableInput(f"{parameter.name} has no effect while {ruler.name} is {state}; {way} first")
    for argv in _ways(setup.argv, parameter, edit.value, before, known):
        tried = replace(setup, argv=argv)
        options = _parsed(tried, workdir)
        value = _value(parameter, options, setup.settings, _quirks(setup.settings), _said(argv))
        if edit.value is None or same(value, _rounded(parameter, edit.value)):
            _affordable(options)
            return replace(tried, compat=compat)
    raise UnusableInput(f"{parameter.name}: another flag of the command line overrides {parameter.flag}")


def _rounded(parameter: Parameter, value: Value) -> Value:
    """A value converted to the unit of Options and back, where the smallest numbers become 0."""
    return value / parameter.per * parameter.per if isinstance(value, float) and parameter.per != 1.0 else value


def _way_out(setup: Setup, ruler: Parameter, workdir: Path) -> str:
    """The edit that ends the effect of ``ruler``, in words."""
    ways: tuple[tuple[Value, str], ...] = (
        (False, f"turn {ruler.name} off") if ruler.kind == Kind.SWITCH else (None, f"clear {ruler.name}"),
        (0, f"set {ruler.name} to 0"),  # where its flag also sets others, or the header of a file sets it
    )
    for value, words in ways:
        try:
            after = edited(setup, Edit(ruler.id, value), workdir, {})
        except UnusableInput:
            continue
        if not typed(after, workdir).values[ruler.id]:
            return words
    return f"change the flag that sets {ruler.name}"


def _set(settings: Settings, parameter: Parameter, value: Value) -> Settings:
    if parameter.own:
        changed: dict[str, Any] = {parameter.field: value}
        return replace(settings, **changed)
    others = tuple((name, on) for name, on in settings.quirks if name != parameter.field)
    bare = replace(settings, quirks=others)
    if getattr(_quirks(bare), parameter.field) == value:
        return bare
    return replace(settings, quirks=(*others, (parameter.field, bool(value))))


def _ways(
    argv: tuple[str, ...], parameter: Parameter, value: Value, before: Typed, known: Mapping[str, Value]
) -> Iterable[tuple[str, ...]]:
    """Candidate command lines for the value, the most faithful first."""
    if parameter.choices:
        words = next(words for choice, words in parameter.choices if choice == value)
        bare, at = _without(argv, _rows_of(parameter))
        yield (*bare[:at], *words, *bare[at:])
        yield (*bare, *words)
        yield (*argv, *(words or (parameter.flag,)))  # a flag can set values that its absence cannot
        return
    spans = [span for span in _spans(argv) if parameter.field in span[2].sets]
    if value is None:
        if parameter.part is not None:
            raise UnusableInput(f"{parameter.name}: {parameter.flag} needs all its {parameter.size} numbers; type one")
        shared = next((argv[start] for start, _, flag in spans if not _own(flag, parameter)), None)
        if shared is not None:
            raise UnusableInput(f"{parameter.name}: {shared} sets it together with others; type a value")
        yield _without(argv, frozenset(_row(flag) for _, _, flag in spans))[0]
        return
    numbers = _words(parameter, value, before, known)
    _check(parameter, numbers)
    if spans:
        start, end, flag = spans[-1]
        if _own(flag, parameter):
            name = argv[start] if parameter.flag in flag.names else parameter.flag
            yield (*argv[:start], name, *numbers, *argv[end:])
        else:
            yield (*argv[:end], parameter.flag, *numbers, *argv[end:])
    elif not parameter.last:
        yield (parameter.flag, *numbers, *argv)
    yield (*argv, parameter.flag, *numbers)


def _check(parameter: Parameter, words: Iterable[str]) -> None:
    """Refuse an invalid value, which the C program would accept."""
    row = nbsim.flag_named(parameter.flag)
    assert row is not None
    try:
        for text in words:
            row.value(parameter.flag, text)
    except nbsim.InputError as error:
        raise UnusableInput(clean(str(error))) from error


def _own(flag: nbsim.Flag, parameter: Parameter) -> bool:
    """Whether a flag sets this parameter alone."""
    return parameter.flag in flag.names or flag.sets == (parameter.field,)


def _spans(argv: tuple[str, ...]) -> list[tuple[int, int, nbsim.Flag]]:
    return [(start, end, flag) for start, end, flag, _ in flags_in(argv)]


def _without(argv: tuple[str, ...], rows: frozenset[tuple[str, ...]]) -> tuple[tuple[str, ...], int]:
    """The command line without some flags, and the position of the last of them (0 without one)."""
    spans = [(start, end) for start, end, flag in _spans(argv) if _row(flag) in rows]
    gone = {at for start, end in spans for at in range(start, end)}
    kept = tuple(word for at, word in enumerate(argv) if at not in gone)
    last = spans[-1][0] if spans else 0
    return kept, last - sum(at < last for at in gone)


def _words(parameter: Parameter, value: Value, before: Typed, known: Mapping[str, Value]) -> list[str]:
    if isinstance(value, str):
        return [value]
    if parameter.part is None:
        numbers: Iterable[Value] = value if isinstance(value, tuple) else (value,)
    else:
        parts = [row for row in parameters() if row.flag == parameter.flag and row.part is not None]
        siblings = [before.values[row.id] for row in parts]
        if None in siblings:
            fallback = [known.get(row.id) for row in parts]
            siblings = [now if now is not None else other for now, other in zip(siblings, fallback, strict=True)]
        numbers = [value if row is parameter else now for row, now in zip(parts, siblings, strict=True)]
    if not all(isinstance(number, (int, float)) for number in numbers):
        raise UnusableInput(f"{parameter.name}: the rest of {parameter.flag} is not known yet; try again in a moment")
    return [word(number) for number in numbers if isinstance(number, (int, float))]


def _affordable(options: nbsim.Options) -> None:
    """Refuse a pixel with too many contributions.

    Source: nanobragg_pixel_loop.md section 2.
    """
    steps = {"phi steps": nbsim.phi_steps(options).count, "domains": nbsim.mosaic_domains(options).count}
    if options.source_file is None:
        fan = (nbsim.hdiv_steps(options).count, nbsim.vdiv_steps(options).count, nbsim.dispersion_steps(options).count)
        steps["sources"] = math.prod(fan)
    steps["sub-pixels"] = max(options.oversample, 1) ** 2
    steps["layers"] = nbsim.sensor_layers(options).count
    total = math.prod(max(count, 1) for count in steps.values())
    if total > MOST_TERMS:
        counts = " x ".join(f"{count} {name}" for name, count in steps.items() if count > 1)
        raise UnusableInput(f"{counts}: {total} contributions to one pixel; at most {MOST_TERMS} here")

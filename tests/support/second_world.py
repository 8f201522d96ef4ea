"""Samples from the second world: logs of the C program beside logs of the tests' own port, with known causes.

A sample is a command line with output of the C program, and switches of the port. A switch is planted only where it
shows: a fault of the simulation changes the pixel, a fault of the hook changes a line and leaves the pixel alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from pathlib import Path

from port.faults import FAULTS, Fault, Faults, Kind
from port.settings import settings_of
from port.simulator import Simulator
from port.trace_hook import trace_text

SHOWS = 1e-4  # relative change of the pixel that counts
PRINTED = 1e-5  # relative change of a printed number that counts
NOT_OF_THE_SIMULATION = re.compile(r"tap_.*|unit_label|print_rederived|float32")


@dataclass(frozen=True)
class Base:
    """A command line with a log of the C program."""

    name: str
    folder: Path
    inputs: Path

    @property
    def command(self) -> str:
        return (self.folder / "command.txt").read_text(encoding="utf-8").strip()

    @property
    def c_log(self) -> Path:
        return self.folder / "trace_c.log"


@dataclass(frozen=True)
class PortRun:
    """What the port makes of a command line."""

    text: str
    intensity: float
    final: float


@dataclass(frozen=True)
class Sample:
    """A base with planted faults, in the order of their names."""

    base: Base
    faults: tuple[str, ...]

    @property
    def name(self) -> str:
        return "+".join((self.base.name, *self.faults))

    @property
    def kind(self) -> str:
        """The kind of the faults; "known pair" for two known causes, "no fault" for none."""
        kinds = {FAULTS[name].kind for name in self.faults}
        if kinds == {Kind.KNOWN} and len(self.faults) > 1:
            return "known pair"
        return " and ".join(sorted(kinds)) or "no fault"

    @property
    def accepted(self) -> list[frozenset[str]]:
        """The sets of ids that count as right."""
        known = [FAULTS[name].ids for name in self.faults if FAULTS[name].kind is Kind.KNOWN]
        return [frozenset(ids) for ids in product(*known)]

    def log(self) -> str:
        """The port's log."""
        return run(self.base, self.faults).text


def bases(shared: Path) -> list[Base]:
    """Command lines with logs of the C program in the folder of reference data."""
    golden = shared / "golden" / "inputs"
    found = [Base(f"golden_{folder.name}", folder, golden) for folder in _cases(shared / "golden")]
    for folder in _cases(shared / "live_sample"):
        if not folder.name.endswith("_asis"):
            found.append(Base(f"live_{folder.name}", folder, golden))
    for folder in _cases(shared / "zoo_sample"):
        link = (folder / "inputs.link").read_text(encoding="utf-8").strip()
        found.append(Base(f"zoo_{folder.name}", folder, (folder / link).resolve()))
    return found


def _cases(folder: Path) -> list[Path]:
    return sorted((folder / "cases").iterdir())


@cache
def run(base: Base, names: tuple[str, ...] = ()) -> PortRun:
    """The traced pixel of a base, with the switches ``names``."""
    settings = settings_of(base.command, base.inputs)
    port = Simulator(settings, Faults(*names))
    pixel = port.pixel(*settings.trace_pixel)
    return PortRun(trace_text(port, *settings.trace_pixel), pixel.intensity, pixel.final)


def _apart(one: float, other: float, limit: float) -> bool:
    return abs(one - other) > limit * max(abs(one), abs(other))


def pixel_differs(one: PortRun, other: PortRun) -> bool:
    """Whether two runs make different pixels."""
    return _apart(one.intensity, other.intensity, SHOWS) or _apart(one.final, other.final, SHOWS)


def _numbers(text: str) -> list[float]:
    return [
        float(word)
        for line in text.splitlines()
        if line.startswith("TRACE_PY")
        for word in re.findall(r"(?<=[ =])-?\d\S*", line)
    ]


def print_differs(one: PortRun, other: PortRun) -> bool:
    """Whether two runs print different numbers."""
    ours, theirs = _numbers(one.text), _numbers(other.text)
    return len(ours) != len(theirs) or any(_apart(a, b, PRINTED) for a, b in zip(ours, theirs, strict=True))


def shows(fault: Fault, base: Base) -> bool:
    """Whether a fault can be seen in the log of a base."""
    if fault.needs and not set(fault.needs.split()) & set(base.command.split()):
        return False
    clean, faulty = run(base), run(base, (fault.name,))
    if fault.kind is Kind.HOOK:
        return not pixel_differs(clean, faulty) and print_differs(clean, faulty)
    return pixel_differs(clean, faulty)


def _shuffled(choices: Sequence[Base], seed: str) -> list[Base]:
    return random.Random(seed).sample(list(choices), len(choices))


def faultless(choices: Sequence[Base], count: int, seed: int) -> Iterator[Sample]:
    """The port without a fault, on ``count`` bases."""
    for base in _shuffled(choices, str(seed))[:count]:
        yield Sample(base, ())


def singles(choices: Sequence[Base], each: int, seed: int) -> Iterator[Sample]:
    """Every fault alone, on up to ``each`` bases where it shows."""
    for fault in FAULTS.values():
        placed = (base for base in _shuffled(choices, f"{seed} {fault.name}") if shows(fault, base))
        for _, base in zip(range(each), placed, strict=False):
            yield Sample(base, (fault.name,))


def pairs(choices: Sequence[Base], count: int, seed: int) -> Iterator[Sample]:
    """``count`` pairs of known causes, each of which shows alone and beside the other."""
    known = [fault for fault in FAULTS.values() if fault.kind is Kind.KNOWN]
    chance = random.Random(seed)
    couples = list(combinations(known, 2))
    chance.shuffle(couples)
    left = count
    for couple in couples:
        if left == 0:
            return
        for base in _shuffled(choices, f"{seed} {couple[0].name} {couple[1].name}")[:6]:
            if all(shows(fault, base) for fault in couple) and _both_show(base, couple):
                left -= 1
                yield Sample(base, tuple(fault.name for fault in couple))
                break


def _both_show(base: Base, couple: tuple[Fault, ...]) -> bool:
    together = run(base, tuple(fault.name for fault in couple))
    return together.intensity != 0.0 and all(pixel_differs(together, run(base, (fault.name,))) for fault in couple)


@dataclass(frozen=True)
class Verdict:
    """What an answer is worth, and the causes in it that are not there."""

    word: str
    false: frozenset[str]


def verdict(sample: Sample, ids: Sequence[str]) -> Verdict:
    """Judge the ids of the first hypothesis, less those of the print and of precision."""
    named = frozenset(item for item in ids if not NOT_OF_THE_SIMULATION.fullmatch(item))
    accepted = sample.accepted if sample.kind.startswith("known") else [frozenset()]
    false = named - frozenset().union(*accepted)
    if named in accepted:
        return Verdict("right", false)
    if not named:
        return Verdict("silent", false)
    if sample.kind.startswith("known") and any(wanted < named for wanted in accepted):
        return Verdict("among false", false)
    if not false:
        return Verdict("partly", false)
    return Verdict("wrong", false)

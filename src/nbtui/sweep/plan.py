"""A plan: the command lines of a sweep, the port, and the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from nbtui.live.model import Case
from nbtui.sweep.axes import Axis, Words
from nbtui.sweep.modes import Mode
from nbtui.trace.text import clean

TRACE, IMAGE, GRADIENTS = "trace", "image", "gradients"
CHECKS = (TRACE, IMAGE, GRADIENTS)
STORED = "c_log"  # reference: the C logs of the cases
SECONDS = 120.0
NUMBER = 200
REDUCE = 60


class PixelRule(StrEnum):
    """Which pixels of a command line are traced."""

    TRACED = "traced"  # the pixel of the base command
    BRIGHTEST = "brightest"  # the brightest ones of the reference
    GRID = "grid"  # the centres of number x number equal parts of the detector
    ALL = "all"  # all through the image: the brightest one, and the worst one where only the image diverges


@dataclass(frozen=True)
class Pixels:
    """A rule with its number: of the brightest pixels, or of grid points along either axis."""

    rule: PixelRule = PixelRule.BRIGHTEST
    number: int = 1

    @property
    def most(self) -> int:
        """The most pixels of one command line."""
        return {PixelRule.GRID: self.number**2, PixelRule.BRIGHTEST: self.number, PixelRule.ALL: 2}.get(self.rule, 1)

    @property
    def by_image(self) -> bool:
        """Whether the image of the reference chooses the pixels."""
        return self.rule in (PixelRule.BRIGHTEST, PixelRule.ALL)

    def __str__(self) -> str:
        return f"{self.rule} {self.number}" if self.rule in (PixelRule.BRIGHTEST, PixelRule.GRID) else str(self.rule)


@dataclass(frozen=True)
class SweptPort:
    """The port under test: a command, or nbsim as a C program of its table.

    Attributes:
        suspect: command text with the placeholders of ``nbtui run``.
        program: name of a C program for nbsim in its place.
        rename: flags of nanoBragg in the port's spelling.
        run_in: working directory.
        environment: variables added to the environment.
        seconds: time limit of one run.
        shell: whether a shell runs the command.
        sources: patterns of source files, relative to ``sources_base``; a change makes every verdict void.
    """

    run_in: Path
    sources_base: Path
    suspect: str = ""
    program: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    environment: tuple[tuple[str, str], ...] = ()
    seconds: float = SECONDS
    shell: bool = False
    sources: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The port in a few words."""
        return clean(self.suspect) or f"nbsim as {self.program} C"


@dataclass(frozen=True)
class SweptCase:
    """A base command with its inputs and pixel, and the port that runs it."""

    case: Case
    port: SweptPort


@dataclass(frozen=True)
class Plan:
    """Everything that a sweep depends on.

    Attributes:
        cases: one base command, or those of a suite, each with a name of its own.
        reference: ``simulated``, ``c_log``, ``NB_C_BIN`` or a command.
        c_program: C program that the simulated reference stands for.
        number: of random combinations.
        pixels: traced in every command line.
        checks: of CHECKS.
        reduce: most runs of the port to reduce one finding to its smallest command line.
    """

    cases: tuple[SweptCase, ...]
    axes: tuple[Axis, ...]
    mode: Mode = Mode.PAIRS
    number: int = NUMBER
    seed: int = 1
    reference: str = "simulated"
    c_program: str = "stock"
    pixels: Pixels = Pixels()
    checks: tuple[str, ...] = ("trace",)
    reduce: int = REDUCE
    profile: str = "full"

    @property
    def case(self) -> Case:
        """The base command of a plan with one case; ``of`` makes such a plan of a suite."""
        (only,) = self.cases
        return only.case

    @property
    def port(self) -> SweptPort:
        """The port of a plan with one case."""
        (only,) = self.cases
        return only.port

    @property
    def is_suite(self) -> bool:
        """Whether the command lines are the cases themselves, without variation."""
        return not self.axes

    @property
    def port_name(self) -> str:
        """The port, or the ports, in a few words."""
        return ", ".join(dict.fromkeys(one.port.name for one in self.cases))

    def of(self, name: str) -> Plan:
        """The plan of the case with this name alone."""
        return replace(self, cases=tuple(one for one in self.cases if one.case.name == name))

    def narrowed(self, check: str, pixel: tuple[int, int] | None) -> tuple[Plan, ...]:
        """Plans of one case with this check alone, for a row of this pixel; of several, the first that suits it.

        The brightest pixel comes first, as it follows a change of the command line.
        """
        if self.pixels.rule is PixelRule.ALL:  # which needs the image to find its pixel
            return (replace(self, checks=tuple(dict.fromkeys((check, IMAGE)))),)
        if self.pixels.most == 1:
            return (replace(self, checks=(check,)),)
        (only,) = self.cases
        cases = (replace(only, case=replace(only.case, pixel=pixel)),)
        return (
            replace(self, checks=(check,), pixels=Pixels()),
            replace(self, cases=cases, checks=(check,), pixels=Pixels(PixelRule.TRACED)),
        )

    def absolute(self) -> Plan:
        """The plan with absolute paths, for workers with another current directory."""
        return replace(self, cases=tuple(map(_absolute, self.cases)))

    def on(self, command: Words) -> Plan:
        """The plan of one case with another command line."""
        (only,) = self.cases
        return replace(self, cases=(replace(only, case=on_command(only.case, command)),))


def on_command(case: Case, command: Words) -> Case:
    """A case with another command line, of which its C log is not."""
    return replace(case, argv=command, c_log=case.c_log if command == case.argv else None)


def _absolute(one: SweptCase) -> SweptCase:
    case, port = one.case, one.port
    return SweptCase(
        replace(case, workdir=case.workdir.absolute(), c_log=case.c_log and case.c_log.absolute()),
        replace(port, run_in=port.run_in.absolute(), sources_base=port.sources_base.absolute()),
    )


def renamed(words: Sequence[str], rename: Mapping[str, str]) -> tuple[str, ...]:
    """Flags in the port's spelling; a value that looks like a flag stays, as only the words of the table change."""
    return tuple(rename.get(word, word) for word in words)

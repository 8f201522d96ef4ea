"""A plan from its file, ``PLAN.toml``; every error names the file, the key and the accepted values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from nbtui.errors import UnusableInput
from nbtui.live.cases import case_of_command, load_case
from nbtui.live.flag_table import flag_named
from nbtui.live.model import Case
from nbtui.paths import expanded
from nbtui.regular_file import read_regular
from nbtui.runs.known import named_files
from nbtui.sweep.axes import Axis, Interval, checked_axis
from nbtui.sweep.modes import Mode
from nbtui.sweep.plan import CHECKS, IMAGE, NUMBER, REDUCE, SECONDS, PixelRule, Pixels, Plan, SweptCase, SweptPort
from nbtui.trace.text import clean

KEYS = (
    *("command", "case", "workdir", "suspect", "suspect_program", "reference", "c_program", "mode", "number", "seed"),
    *("pixels", "checks", "profile", "rename", "axes", "run_in", "environment", "limit", "shell", "sources", "reduce"),
)
_RANGE_KEYS = ("from", "to", "whole")


def read_plan(path: Path) -> Plan:
    """The plan in a file; its relative paths start at its folder.

    Raises:
        UnusableInput: the file is unreadable, or a key is unknown or has an unusable value.
    """
    where = clean(str(path))
    try:
        table = tomllib.loads(read_regular(path).decode("utf-8"))
    except OSError as error:
        raise UnusableInput(f"{where}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UnusableInput(f"{where}: not valid TOML: {clean(str(error))}") from error
    return _Reading(table, path.absolute().parent, where).plan()


@dataclass(frozen=True)
class _Reading:
    """A plan's table on its way to a Plan; every error names the file and the key."""

    table: Mapping[str, Any]
    folder: Path
    where: str

    def plan(self) -> Plan:
        unknown = [key for key in self.table if key not in KEYS]
        if unknown:
            raise self.wrong(unknown[0], f"unknown key; known: {', '.join(KEYS)}")
        checks = self.texts("checks", ("trace",))
        for one in checks:
            if one not in CHECKS:
                raise self.wrong("checks", f"'{clean(one)}' must be one of {', '.join(CHECKS)}")
        pixels = self.pixels()
        return Plan(
            cases=(SweptCase(self.case(), self.port()),),
            axes=self.axes(),
            mode=self.mode(),
            number=self.whole("number", NUMBER, 1),
            seed=self.whole("seed", 1, 0),
            reference=self.text("reference") or "simulated",
            c_program=self.text("c_program") or "stock",
            pixels=pixels,
            checks=tuple(one for one in CHECKS if one in checks or (one == IMAGE and pixels.rule is PixelRule.ALL)),
            reduce=self.whole("reduce", REDUCE, 0),
            profile=self.text("profile") or "full",
        )

    def case(self) -> Case:
        command, name = self.text("command"), self.text("case")
        if bool(command) == bool(name):
            raise self.wrong("command", "give either command, a nanoBragg command line, or case")
        workdir = self.path("workdir")
        if name:
            near = self.folder / expanded(name)
            return load_case(str(near) if near.is_dir() else name, workdir=workdir, needs_pixel=False)
        return case_of_command(command, f"{self.where}: command", name="base", workdir=workdir or self.folder)

    def port(self) -> SweptPort:
        suspect, program = self.text("suspect"), self.text("suspect_program")
        if bool(suspect) == bool(program):
            raise self.wrong(
                "suspect",
                'give either suspect, such as "python port.py {command} -trace_pixel {pixel}", or suspect_program, a C '
                "program that nbsim stands for",
            )
        rename = self.pairs("rename")
        for flag in rename:
            checked_axis(flag, f"{self.where}: rename")
        run_in, sources = self.path("run_in") or self.folder, self.texts("sources", ())
        return SweptPort(
            run_in=run_in,
            sources_base=self.folder if sources else run_in,
            suspect=suspect,
            program=program,
            rename=rename,
            environment=tuple(self.pairs("environment").items()),
            seconds=self.number("limit", SECONDS),
            shell=self.switch("shell"),
            sources=sources or named_files(suspect, run_in),
        )

    def axes(self) -> tuple[Axis, ...]:
        table = self.table.get("axes", {})
        if not isinstance(table, Mapping) or not table:
            raise self.wrong("axes", 'a table [axes] is needed, with lines such as "-phi" = [0, 5]')
        return tuple(self.axis(flag, values) for flag, values in table.items())

    def axis(self, flag: str, values: object) -> Axis:
        name = checked_axis(flag, f"{self.where}: axes")
        if isinstance(values, Mapping):
            return Axis(name, interval=self.interval(flag, values))
        listed = values if isinstance(values, list) else [values]
        if not listed:
            raise self.wrong(f"axes.{flag}", "a list of values is needed")
        return Axis(name, tuple(self.words(flag, value) for value in listed))

    def words(self, flag: str, value: object) -> tuple[str, ...]:
        """The words of a value: true and false put a switch in and take a flag out."""
        if isinstance(value, bool):
            return (flag,) if value else ()
        if isinstance(value, list):
            value = " ".join(str(one) for one in value)
        if not isinstance(value, (str, int, float)):
            raise self.wrong(f"axes.{flag}", "values are numbers, texts, lists of numbers, true or false")
        return (flag, *str(value).split())

    def interval(self, flag: str, values: Mapping[str, Any]) -> Interval:
        low, high = values.get("from"), values.get("to")
        if set(values) - set(_RANGE_KEYS) or not _is_number(low) or not _is_number(high) or low > high:
            raise self.wrong(f"axes.{flag}", "a range is { from = 1, to = 5 }, with whole = true for whole numbers")
        row = flag_named(flag)
        whole = bool(values.get("whole", row is not None and row.kind == "int"))
        return Interval(float(low), float(high), whole)

    def mode(self) -> Mode:
        text = self.text("mode") or Mode.PAIRS
        if text not in list(Mode):
            raise self.wrong("mode", f"must be one of {', '.join(Mode)}")
        return Mode(text)

    def pixels(self) -> Pixels:
        """The rule for the traced pixels; ``all`` judges the image as well."""
        return pixels_named(self.text("pixels") or PixelRule.BRIGHTEST, f"{self.where}: pixels")

    # --- values ------------------------------------------------------------------------------------------------------

    def text(self, key: str) -> str:
        value = self.table.get(key, "")
        if not isinstance(value, str) or (key in self.table and not value.strip()):
            raise self.wrong(key, "must be a quoted text")
        return value

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self.table.get(key)
        listed = [value] if isinstance(value, str) else value
        if value is None:
            return default
        if not isinstance(listed, list) or not listed or not all(isinstance(one, str) for one in listed):
            raise self.wrong(key, "must be a list of quoted texts")
        return tuple(listed)

    def pairs(self, key: str) -> dict[str, str]:
        value = self.table.get(key, {})
        if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
            raise self.wrong(key, 'must be a table of quoted texts, such as { "-mosaic" = "-mosaic_spread" }')
        return dict(value)

    def path(self, key: str) -> Path | None:
        text = self.text(key)
        return self.folder / expanded(text) if text else None

    def whole(self, key: str, default: int, least: int) -> int:
        value = self.table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.wrong(key, f"must be a whole number, at least {least}")
        return value

    def number(self, key: str, default: float) -> float:
        value = self.table.get(key, default)
        if not _is_number(value) or not value > 0:
            raise self.wrong(key, "must be a number of seconds above 0")
        return float(value)

    def switch(self, key: str) -> bool:
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "must be true or false")
        return value

    def wrong(self, key: str, reason: str) -> UnusableInput:
        return UnusableInput(f"{self.where}: {clean(key)}: {reason}")


def pixels_named(text: str, where: str) -> Pixels:
    """``traced``, ``brightest``, ``brightest N``, ``grid K`` or ``all``; ``where`` begins an error's message.

    Raises:
        UnusableInput: it is none of these.
    """
    found = re.fullmatch(r"(traced|all)|(brightest)(?: +(\d{1,4}))?|(grid) +(\d{1,2})", text.strip())
    number = int(found[3] or found[5] or 1) if found is not None else 0
    if found is None or number < 1:
        raise UnusableInput(f'{where}: must be "traced", "brightest N", "grid K" or "all", with N and K from 1')
    return Pixels(PixelRule(found[1] or found[2] or found[4]), number)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

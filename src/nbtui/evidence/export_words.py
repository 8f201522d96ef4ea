"""The words of ``nbtui export``, taken apart: what its options set, and what nbtui.toml added to them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nbtui.live.programs import PROGRAMS

# options of nbtui export by the number of their values
VALUES: Mapping[str, int] = {
    **dict.fromkeys(("--c", "--py", "--py-phi", "--py-made-by", "--port", "--reports", "--baseline", "--run"), 1),
    **dict.fromkeys(("--note", "--todo", "--workdir", "--phi-mode", "--c-program", "--dtype", "--device"), 1),
    **dict.fromkeys(("--quirk", "--omp-threads", "--profile", "--tolerance", "--run-limit", "--sign"), 1),
    **dict.fromkeys(
        ("--diagnose", "--hostname", "--with-inputs", "--allow-partial", "--compat", "--no-compat", "--debug"), 0
    ),
    "--pixel": 2,
}
SETTINGS: Mapping[str, str] = {
    "--phi-mode": "phi_mode",
    "--dtype": "dtype",
    "--device": "device",
    "--c-program": "c_program",
    "--omp-threads": "omp_threads",
    "--profile": "tolerance_profile",
}  # keys of metrics.json
DEFAULTS: Mapping[str, object] = {
    **{"phi_mode": "spec", "dtype": "float64", "device": "cpu"},
    **{"c_program": None, "omp_threads": 1, "tolerance_profile": "full"},
}
_PART = re.compile(
    r"""\$'(?P<ansi>(?:\\x[0-9a-f]{2}|[^'\\])*)'|'(?P<single>[^']*)'|"(?P<double>[^"]*)"|\\(?P<escaped>.)"""
    r"""|(?P<space>[ \t]+)|(?P<text>[^\s'"\\$]+|\$(?!'))"""
)
_BYTES = re.compile(r"\\x([0-9a-f]{2})")


@dataclass(frozen=True)
class ExportWords:
    """Options with their values in order, and the case."""

    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cases: tuple[str, ...] = ()
    flags: tuple[str, ...] | None = None  # the words after --

    def last(self, name: str) -> str | None:
        """The value of an option that counts; None without it."""
        found = self.options.get(name)
        return found[-1] if found else None

    @property
    def quirks(self) -> dict[str, bool]:
        """The quirks that the options switch."""
        pairs = (value.partition("=") for value in self.options.get("--quirk", ()))
        return {name: state == "on" for name, _, state in pairs}

    @property
    def settings(self) -> dict[str, object]:
        """The settings that these words give without any settings file, by their keys in metrics.json."""
        typed: dict[str, object] = {key: self.last(flag) for flag, key in SETTINGS.items()}
        program = next((known for known in PROGRAMS if known.name == typed["c_program"]), None)
        defaults = {**DEFAULTS, "phi_mode": program.phi_mode if program is not None else DEFAULTS["phi_mode"]}
        found = {key: defaults[key] if value is None else value for key, value in typed.items()}
        threads = str(found["omp_threads"])
        return {**found, "omp_threads": int(threads) if threads.isascii() and threads.isdecimal() else threads}


def taken_apart(words: Sequence[str]) -> ExportWords:
    """The words behind ``nbtui export``, as the command reads them."""
    own, flags = (words, None) if "--" not in words else (words[: words.index("--")], words[words.index("--") + 1 :])
    options: dict[str, tuple[str, ...]] = {}
    cases: list[str] = []
    at = 0
    while at < len(own):
        name, joined, value = own[at].partition("=")
        at += 1
        if not name.startswith("--"):
            cases.append(own[at - 1])
        elif joined:
            options[name] = (*options.get(name, ()), value)
        else:
            count = VALUES.get(name, 0)
            values = own[at : at + count]
            options[name] = (*options.get(name, ()), " ".join(values))
            at += count
    return ExportWords(options, tuple(cases), None if flags is None else tuple(flags))


def combined(words: Sequence[str], settings: Sequence[str]) -> ExportWords:
    """The words of an export with the options that nbtui.toml added."""
    typed, added = taken_apart(words), taken_apart(settings)
    names = dict.fromkeys((*typed.options, *added.options))
    options = {name: (*typed.options.get(name, ()), *added.options.get(name, ())) for name in names}
    return ExportWords(options, typed.cases, typed.flags)


def beyond(words: Sequence[str], metrics: Mapping[str, object], *, compat: bool) -> list[str]:
    """Options that nbtui.toml added to the words of an export: with them, no settings file is needed."""
    added: list[str] = []
    for flag, key in (("--c-program", "c_program"), *SETTINGS.items()):  # a program has its own phi mode
        value = metrics.get(key)
        if value is not None and combined(words, added).settings[key] != value:
            added += [flag, str(value)]
    quirks, typed = metrics.get("quirks"), taken_apart(words).quirks
    for name, on in quirks.items() if isinstance(quirks, Mapping) else ():
        if typed.get(name) != on:
            added += ["--quirk", f"{name}={'on' if on else 'off'}"]
    return added + ["--no-compat"] * (not compat and "--no-compat" not in words)


def split(line: str) -> list[str]:
    """The words of a line that nbtui wrote for a shell; none if it has no such form."""
    words: list[str] = []
    inside, at = False, 0
    while at < len(line):
        part = _PART.match(line, at)
        if part is None:
            return []
        at = part.end()
        if part["space"] is not None:
            inside = False
            continue
        words += [] if inside else [""]
        inside = True
        ansi = part["ansi"]
        words[-1] += part["text"] or part["single"] or part["double"] or part["escaped"] or ""
        words[-1] += "" if ansi is None else os.fsdecode(_BYTES.sub(_byte, ansi).encode("latin-1"))
    return words


def _byte(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))

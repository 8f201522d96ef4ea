"""``nbtui.toml``: a user's own cases, tolerance profiles, keys and settings.

The nearest file from the current directory upwards wins over the one in the user's configuration directory, key by
key. Unknown keys are refused by name: a misspelt tolerance must not pass silently. Scalar settings are in
:mod:`nbtui.setting_table`; the console checks that the actions of ``[keys]`` exist.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbtui.case_table import CASE_NAMES, CaseCommands, commands_of
from nbtui.errors import UnusableInput
from nbtui.parity.profiles import Profile, from_mapping
from nbtui.paths import DEMO, expanded
from nbtui.regular_file import read_regular
from nbtui.setting_table import NAMES, SETTINGS, Effective, Written, checked, effective
from nbtui.trace.model import TraceError
from nbtui.trace.text import clean

FILE_NAME = "nbtui.toml"
_LARGEST = 1 << 20  # bytes of a settings file
TABLES = ("cases", "profiles", "keys", "c_programs")
BASE_PROGRAM = "stock"  # of a [c_programs.NAME] without base


@dataclass(frozen=True)
class CaseEntry:
    """One ``[cases.NAME]`` table; paths are relative to the settings file until resolved here."""

    name: str
    source: Path  # the settings file
    folder: Path | None = None
    command: str | None = None
    workdir: Path | None = None
    c_log: Path | None = None
    pixel: tuple[int, int] | None = None  # (slow, fast)
    reports: Path | None = None
    c_program: str | None = None
    compat: bool | None = None
    commands: CaseCommands | None = None


@dataclass(frozen=True)
class ProgramEntry:
    """One ``[c_programs.NAME]`` table: a program of nbsim's table, and quirks in another state, unchecked here."""

    name: str
    file: Path
    base: str
    quirks: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class KeyEntry:
    """One line of ``[keys]``: the keys of an action as written; empty for an action without a key."""

    keys: tuple[str, ...]
    file: Path


@dataclass(frozen=True)
class Configuration:
    """The content of all settings files; empty without any."""

    cases: Mapping[str, CaseEntry] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    keys: Mapping[str, KeyEntry] = field(default_factory=dict)  # by action id
    values: Mapping[str, Written] = field(default_factory=dict)  # by name in SETTINGS
    c_programs: Mapping[str, ProgramEntry] = field(default_factory=dict)
    files: tuple[Path, ...] = ()

    def effective(self, environ: Mapping[str, str] = os.environ) -> dict[str, Effective]:
        """Every setting by name, with its effective value and origin."""
        return effective(self.values, environ)

    @property
    def reports(self) -> Path:
        """The directory of packages."""
        return Path(str(self.effective()["reports"].value))

    @property
    def sign(self) -> Path | None:
        """The SSH key that signs packages; None without one."""
        key = str(self.effective()["sign"].value)
        return Path(key) if key else None

    def c_program(self, case: str | None) -> str:
        """Name of the C program for a case from these files, else of the settings; empty without one."""
        entry = self.cases.get(case or "")
        own = entry.c_program if entry is not None else None
        return own or str(self.effective()["c_program"].value)

    def compat(self, case: str | None) -> bool:
        """Whether the command line of a case is read as the C program reads it."""
        entry = self.cases.get(case or "")
        own = entry.compat if entry is not None else None
        return bool(self.effective()["compat"].value) if own is None else own

    @property
    def profile(self) -> str:
        """Name of the tolerance profile; its existence is checked on use."""
        return str(self.effective()["profile"].value)


def find_places(start: Path | None = None) -> list[tuple[Path, bool]]:
    """Paths of settings files, weakest first, with whether each exists: the user's own, then the nearest upwards."""
    config_home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    here = (start or Path.cwd()).absolute()
    upwards = [folder / FILE_NAME for folder in (here, *here.parents) if (folder / FILE_NAME).exists()]
    places = [Path(config_home) / "nbtui" / FILE_NAME, *(upwards[:1] or [here / FILE_NAME])]
    return [(path, path.exists()) for path in dict.fromkeys(places)]


def find_files(start: Path | None = None) -> list[Path]:
    """The existing settings files, weakest first."""
    return [path for path, found in find_places(start) if found]


def load(start: Path | None = None) -> Configuration:
    """The effective settings in ``start`` (default: the current directory).

    Raises:
        UnusableInput: a file is unreadable or not TOML, or holds an unknown key or a wrong value.
    """
    merged = Configuration()
    for path in find_files(start):
        merged = _merged(merged, path, _table(path))
    return merged


def _table(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(read_regular(path, _LARGEST).decode("utf-8"))
    except OSError as error:
        raise UnusableInput(f"{clean(str(path))}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:  # tomllib's own error, bad UTF-8, deep nesting
        raise UnusableInput(f"{clean(str(path))}: not valid TOML: {clean(str(error))}") from error


def _merged(below: Configuration, path: Path, table: Mapping[str, Any]) -> Configuration:
    where = clean(str(path))
    _refuse_unknown(table, (*NAMES, *TABLES), where)
    cases, profiles = dict(below.cases), dict(below.profiles)
    for name, entry in _subtables(table, "cases", where):
        cases[name] = _case(name, entry, path)
    for name, entry in _subtables(table, "profiles", where):
        try:
            profiles[name] = from_mapping(name, entry)
        except TraceError as error:
            raise UnusableInput(f"{where}: {clean(str(error))}") from error
    values = {
        setting.name: Written(checked(setting, table[setting.name], path, where), path)
        for setting in SETTINGS
        if setting.name in table
    }
    keys = {**below.keys, **_keys(table.get("keys", {}), path, where)}
    programs = {name: _program(name, entry, path) for name, entry in _subtables(table, "c_programs", where)}
    return Configuration(
        cases,
        profiles,
        keys,
        {**below.values, **values},
        {**below.c_programs, **programs},
        (*below.files, path),
    )


def _program(name: str, entry: Mapping[str, Any], path: Path) -> ProgramEntry:
    where = f"{clean(str(path))}: c_programs.{clean(name)}"
    switches = {key: value for key, value in entry.items() if key != "base"}
    for key, value in switches.items():
        if not isinstance(value, bool):
            raise UnusableInput(f"{where}: {clean(key)} must be true or false: the quirk as in C, or not")
    return ProgramEntry(name, path, _text(entry, "base", where) or BASE_PROGRAM, tuple(switches.items()))


def _keys(table: object, path: Path, where: str) -> dict[str, KeyEntry]:
    if not isinstance(table, Mapping):
        raise UnusableInput(f'{where}: keys must be a table [keys] with lines such as export = "x"')
    found: dict[str, KeyEntry] = {}
    for name, value in _flat(table):
        keys = [value] if isinstance(value, str) else value
        if not isinstance(keys, list) or not all(isinstance(key, str) and key.strip() for key in keys):
            raise UnusableInput(f'{where}: keys.{clean(name)} must be a key such as "x", or a list of keys')
        found[name] = KeyEntry(tuple(keys), path)
    return found


def _flat(table: Mapping[str, Any]) -> list[tuple[str, object]]:
    """The lines of ``[keys]`` and of its tables for single screens, such as ``[keys.image]``."""
    lines: list[tuple[str, object]] = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            lines += [(f"{name}.{inner}", entry) for inner, entry in value.items()]
        else:
            lines.append((name, value))
    return lines


def _subtables(table: Mapping[str, Any], key: str, where: str) -> list[tuple[str, Mapping[str, Any]]]:
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise UnusableInput(f"{where}: {key} must be tables such as [{key}.NAME]")
    for name, entry in value.items():
        if not isinstance(entry, Mapping):
            raise UnusableInput(f"{where}: {key}.{clean(name)} must be a table [{key}.{clean(name)}]")
    return list(value.items())


def _case(name: str, entry: Mapping[str, Any], path: Path) -> CaseEntry:
    where = f"{clean(str(path))}: cases.{clean(name)}"
    _refuse_unknown(entry, CASE_NAMES, where)
    if name == DEMO:
        raise UnusableInput(f"{where}: the name is taken by the built-in demo; choose another")
    if ("folder" in entry) == ("command" in entry):
        raise UnusableInput(f"{where}: give either folder (containing command.txt) or command")
    return CaseEntry(
        name,
        path,
        folder=_path(entry, "folder", path, where),
        command=_text(entry, "command", where),
        workdir=_path(entry, "workdir", path, where),
        c_log=_path(entry, "c_log", path, where),
        pixel=_pixel(entry.get("pixel"), where),
        reports=_path(entry, "reports", path, where),
        c_program=_text(entry, "c_program", where),
        compat=_switch(entry.get("compat"), "compat", where),
        commands=commands_of(entry, path, where),
    )


def _refuse_unknown(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for key in table:
        if key not in known:
            nearest = difflib.get_close_matches(key, list(known), 1, 0.0)[0]
            raise UnusableInput(f"{where}: unknown key '{clean(key)}'; the nearest known one is '{nearest}'")


def _text(table: Mapping[str, Any], key: str, where: str) -> str | None:
    value = table.get(key)
    if value is not None and not (isinstance(value, str) and value.strip()):
        raise UnusableInput(f"{where}: {key} must be a quoted string")
    return value


def _switch(value: object, key: str, where: str) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise UnusableInput(f"{where}: {key} must be true or false")
    return value


def _path(table: Mapping[str, Any], key: str, path: Path, where: str) -> Path | None:
    value = _text(table, key, where)
    return None if value is None else path.parent / expanded(value)


def _pixel(value: object, where: str) -> tuple[int, int] | None:
    if value is None:
        return None
    whole = isinstance(value, list) and all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in value)
    if not isinstance(value, list) or not whole or len(value) != 2:
        raise UnusableInput(f"{where}: pixel must be [slow, fast], two whole numbers >= 0")
    return (value[0], value[1])

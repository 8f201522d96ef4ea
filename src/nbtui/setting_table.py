"""Every setting of ``nbtui.toml`` that is one value, as one table, and which value is in force and why.

``nbtui config`` and docs/settings.md are printed from this table.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.paths import expanded

THEMES = ("dark", "light", "ansi", "mono")
_LIGHT = ("7", "15")  # the backgrounds in COLORFGBG, which some terminals set, that are light
REMOTE = ("SSH_CONNECTION", "SSH_TTY")  # set by sshd in every session

_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")  # what Python puts into LC_CTYPE where the locale is C (PEP 538)

Value = str | int | bool | Path


@dataclass(frozen=True)
class Setting:
    """One row. ``kind``: path, text, choice, switch or count; ``over_ssh``: the default where the link may be slow."""

    name: str
    kind: str
    default: Value
    help: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 0
    over_ssh: Value | None = None

    @property
    def type(self) -> str:
        """What may be written, for people."""
        if self.kind == "choice":
            return " | ".join(f'"{choice}"' for choice in self.choices)
        if self.kind == "count":
            return f"whole number {self.least} to {self.most}"
        return {"path": "path, from the settings file", "text": "text", "switch": "true | false"}[self.kind]


SETTINGS: tuple[Setting, ...] = (
    Setting("reports", "path", Path("reports"), "where evidence packages are written and looked for"),
    Setting("profile", "text", "full", "tolerance profile: scaling, full, spec, c-parity or one of [profiles.NAME]"),
    Setting(
        "theme",
        "choice",
        "dark",
        "colours: for a dark or a light terminal, the terminal's own sixteen, or none; NO_COLOR means mono",
        choices=THEMES,
    ),
    Setting(
        "characters",
        "choice",
        "unicode",
        "what bars and curves are drawn with; ascii is the default where the locale is not UTF-8",
        choices=("unicode", "ascii"),
    ),
    Setting("mouse", "switch", True, "clicks move the cursor; off: the terminal selects text. F2 turns it over"),
    Setting(
        "fps",
        "count",
        60,
        "how often the screen is painted at most",
        unit="frames per second",
        least=1,
        most=60,
        over_ssh=15,
    ),
    Setting(
        "diagnose", "switch", True, "look for the cause of a difference by itself, in the background; off: only x does"
    ),
    Setting("animation", "switch", True, "smooth scrolling and fades of the terminal library", over_ssh=False),
)
NAMES = tuple(setting.name for setting in SETTINGS)


@dataclass(frozen=True)
class Written:
    """A value as a settings file gives it."""

    value: Value
    file: Path


@dataclass(frozen=True)
class Effective:
    """The value in force. ``origin``: default, default over SSH, COLORFGBG, locale ..., NO_COLOR, or the file."""

    setting: Setting
    value: Value
    origin: str


def checked(setting: Setting, value: object, file: Path, where: str) -> Value:
    """A value from a settings file. Raises UnusableInput, with what would be right, for any other kind of value."""
    if setting.kind == "switch" and isinstance(value, bool):
        return value
    whole = isinstance(value, int) and not isinstance(value, bool)
    if setting.kind == "count" and whole and isinstance(value, int) and setting.least <= value <= setting.most:
        return value
    if isinstance(value, str) and value.strip():
        if setting.kind == "path":
            return file.parent / expanded(value)
        if setting.kind == "text" or value in setting.choices:
            return value
    wanted = "a text in quotes" if setting.kind in ("path", "text") else setting.type
    raise UnusableInput(f"{where}: {setting.name} must be {wanted}")


def remote(environ: Mapping[str, str]) -> bool:
    """Whether this process was started over SSH."""
    return any(environ.get(name) for name in REMOTE)


def locale(environ: Mapping[str, str]) -> str:
    """The locale that says which characters the terminal has; what Python itself has made of it does not count."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environ.get(name, "")
        if value and not (name == "LC_CTYPE" and environ is os.environ and value in _COERCED and _invented(name)):
            return value
    return "C"


def _invented(name: str) -> bool:
    """Whether a variable of this process was not there when it was started; False where the system does not say."""
    try:
        given = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return not any(entry.startswith(name.encode() + b"=") for entry in given)


def effective(written: Mapping[str, Written], environ: Mapping[str, str]) -> dict[str, Effective]:
    """Every setting by name, with where its value comes from.

    Weakest first: default, default over SSH (for the theme and characters: what the environment says of the
    terminal), settings files, and NO_COLOR for the theme: who sets that for one call wants no colours now.
    """
    found: dict[str, Effective] = {}
    for setting in SETTINGS:
        entry = Effective(setting, setting.default, "default")
        if setting.over_ssh is not None and remote(environ):
            entry = Effective(setting, setting.over_ssh, "default over SSH")
        if setting.name == "theme" and environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT:
            entry = Effective(setting, "light", "COLORFGBG")
        if setting.name == "characters" and "utf" not in locale(environ).casefold():
            entry = Effective(setting, "ascii", f"locale {locale(environ)}")
        if setting.name in written:
            given = written[setting.name]
            entry = Effective(setting, given.value, str(given.file))
        if setting.name == "theme" and environ.get("NO_COLOR"):
            entry = Effective(setting, "mono", "NO_COLOR")
        found[setting.name] = entry
    return found

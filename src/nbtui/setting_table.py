"""The scalar settings of ``nbtui.toml`` as one table, and the effective value of each with its origin.

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
_LIGHT = ("7", "15")  # light backgrounds in COLORFGBG, which some terminals set
REMOTE = ("SSH_CONNECTION", "SSH_TTY")  # set by sshd in every session

_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")  # written to LC_CTYPE by Python where the locale is C (PEP 538)

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
        """The accepted values, for people."""
        if self.kind == "choice":
            return " | ".join(f'"{choice}"' for choice in self.choices)
        if self.kind == "count":
            return f"whole number {self.least} to {self.most}"
        return {"path": "path, relative to the settings file", "text": "text", "switch": "true | false"}[self.kind]


SETTINGS: tuple[Setting, ...] = (
    Setting("reports", "path", Path("reports"), "directory for writing and finding evidence packages"),
    Setting("profile", "text", "full", "tolerance profile: scaling, full, spec, c-parity or one of [profiles.NAME]"),
    Setting(
        "c_program",
        "text",
        "",
        "C program whose quirks apply in simulations: stock, fixed, cuda or one of [c_programs.NAME]; without one, the "
        "phi mode alone decides",
    ),
    Setting(
        "compat",
        "switch",
        True,
        "read command lines as the C program does, with a notice where nbsim would refuse or read them differently; "
        "false: refuse those",
    ),
    Setting(
        "sign",
        "path",
        "",
        "SSH key that signs every package of nbtui export and of the console, where ssh-keygen cannot ask for a "
        "passphrase: give the public half of a key in the agent",
    ),
    Setting(
        "theme",
        "choice",
        "dark",
        "colours for a dark or a light terminal, the terminal's own sixteen, or none; NO_COLOR selects mono",
        choices=THEMES,
    ),
    Setting(
        "characters",
        "choice",
        "unicode",
        "characters for bars and curves; the default is ascii where the locale is not UTF-8",
        choices=("unicode", "ascii"),
    ),
    Setting("mouse", "switch", True, "true: clicks move the cursor; false: the terminal selects text. F2 toggles it"),
    Setting(
        "fps",
        "count",
        60,
        "maximum frame rate of the screen",
        unit="frames per second",
        least=1,
        most=60,
        over_ssh=15,
    ),
    Setting(
        "diagnose",
        "switch",
        True,
        "diagnose a divergence automatically, in the background; false: only with x",
    ),
    Setting(
        "tight",
        "switch",
        True,
        "send only the cells that change, by a terminal driver of nbtui; false: the driver of the terminal library",
    ),
    Setting("animation", "switch", True, "smooth scrolling and fading of the terminal library", over_ssh=False),
)
NAMES = tuple(setting.name for setting in SETTINGS)


@dataclass(frozen=True)
class Written:
    """A value as a settings file gives it."""

    value: Value
    file: Path


@dataclass(frozen=True)
class Effective:
    """The effective value. ``origin``: default, default over SSH, COLORFGBG, locale ..., NO_COLOR, or the file."""

    setting: Setting
    value: Value
    origin: str


def checked(setting: Setting, value: object, file: Path, where: str) -> Value:
    """A value from a settings file. Raises UnusableInput, naming the accepted values, for any other."""
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
    wanted = "a quoted string" if setting.kind in ("path", "text") else setting.type
    raise UnusableInput(f"{where}: {setting.name} must be {wanted}")


def remote(environ: Mapping[str, str]) -> bool:
    """Whether this process was started over SSH."""
    return any(environ.get(name) for name in REMOTE)


def locale(environ: Mapping[str, str]) -> str:
    """The locale that determines the characters of the terminal, without the changes that Python makes to it."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environ.get(name, "")
        if value and not (name == "LC_CTYPE" and environ is os.environ and value in _COERCED and _invented(name)):
            return value
    return "C"


def _invented(name: str) -> bool:
    """Whether a variable was added after this process started; False where the system cannot tell."""
    try:
        given = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return not any(entry.startswith(name.encode() + b"=") for entry in given)


def effective(written: Mapping[str, Written], environ: Mapping[str, str]) -> dict[str, Effective]:
    """Every setting by name, with its value and origin.

    Weakest first: default, default over SSH (for theme and characters: the environment's description of the
    terminal), settings files, and for the theme NO_COLOR, which is often set for a single call.
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

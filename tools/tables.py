"""``make docs``: docs/keys.md and docs/settings.md, printed from the registries that the program itself uses.

``--check`` writes nothing and says which file is out of date, with exit code 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from nbtui.console.keymap import FIXED, REGISTRIES
from nbtui.setting_table import SETTINGS, Setting

DOCS = Path(__file__).resolve().parents[1] / "docs"

_KEYS = """# Keys

Made by `make docs` from the registries that the console itself uses; `?` in the console shows the same, and the foot
line what is of use now. `:` finds every action by its name.

Your own keys go into `[keys]` of `nbtui.toml` (docs/settings.md), by the id in the last column. A key is written as
`"x"`, `"X"`, `"["`, `"F5"`, `"space"`, `"pageup"` or `"ctrl+x"`; a list gives several, an empty list none. An unknown
id, an unknown key and a key with two meanings on one screen are refused by name; `nbtui config` checks without
starting anything.

```toml
[keys]
export = "X"
help = ["F1", "?"]

[keys.image]
closer = ["+", "z"]
```
"""
_SETTINGS = """# Settings

Made by `make docs` from the table that the program itself uses. `nbtui config` shows the values in force and where
each comes from.

`nbtui.toml` is looked for in the current directory and above it, where the nearest counts, and in
`$XDG_CONFIG_HOME/nbtui/` (by default `~/.config/nbtui/`). The nearest one wins over the user's own, key by key. Paths
are relative to the file that they stand in. What is unknown is refused with the nearest known name.
"""
_TABLES = """
## Tables

| Table | What it holds |
|---|---|
| `[cases.NAME]` | for `nbtui NAME`: `folder` or `command`; `workdir`, `c_log`, `pixel = [slow, fast]`, `reports` |
| `[profiles.NAME]` | a tolerance profile: `base`, `description`, `tolerance`, `only`, `[profiles.NAME.fields]` |
| `[keys]` | your own keys, see docs/keys.md |

## Environment

| Variable | What it does |
|---|---|
| `NO_COLOR` | no colours at all: the theme is mono, whatever a file says |
| `COLORFGBG` | set by some terminals: the theme is light where it names a light background and no file says otherwise |
| `SSH_CONNECTION`, `SSH_TTY` | set by sshd: the values of the column "Over SSH" count where no file says otherwise |
| `TMUX` | `y` also fills tmux's buffer |
| `VISUAL`, `EDITOR` | the editor of the raw logs |
| `NB_C_BIN` | the C program of `nbtui c-trace` |
| `XDG_CONFIG_HOME` | where the user's own `nbtui.toml` is |
| `XDG_STATE_HOME` | where sessions and `copied.txt` are kept: `nbtui/` in it, by default `~/.local/state/nbtui/` |
"""


def keys() -> str:
    """docs/keys.md."""
    parts = [_KEYS]
    for registry in REGISTRIES:
        rows = (
            (_code(entry.written), entry.help, "" if entry.id == FIXED else f"`{registry.id(entry)}`")
            for entry in registry.actions
        )
        parts.append(f"\n## {registry.title}\n\n{_table(('Key', 'What it does', 'Id'), rows)}")
    return "".join(parts)


def settings() -> str:
    """docs/settings.md."""
    rows = ((f"`{s.name}`", s.type, _default(s), _over_ssh(s), s.unit, s.help) for s in SETTINGS)
    return _SETTINGS + "\n" + _table(("Name", "Type", "Default", "Over SSH", "Unit", "What it does"), rows) + _TABLES


def _default(setting: Setting) -> str:
    return _toml(setting.default)


def _over_ssh(setting: Setting) -> str:
    return "" if setting.over_ssh is None else _toml(setting.over_ssh)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if isinstance(value, int) else f'`"{value}"`'


def _code(text: str) -> str:
    return " ".join(f"`{key}`" for key in text.split())


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def main(words: list[str]) -> int:
    """Write both files, or say with ``--check`` which one is not as it would be written."""
    stale = []
    for name, text in (("keys.md", keys()), ("settings.md", settings())):
        path = DOCS / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in words:
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in words:
        print(f"out of date: {', '.join(stale)}; 'make docs' writes them again", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

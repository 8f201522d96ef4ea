"""``make docs``: keys, settings, flags, programs, tolerances, traces (.md in docs), man pages, fields of the taps.

All of them come from the tables of the programs.

``--check`` writes nothing and says which file is out of date, with exit code 1.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import man
import taps
import tolerances
import traces
from markdown_table import table

from nbsim.options.flag import Flag
from nbsim.options.own import OWN
from nbsim.options.programs import PROGRAMS
from nbsim.options.quirks import Quirks
from nbsim.options.table import SECTIONS
from nbsim.options.usage import other_spellings
from nbtui.case_table import CASE_KEYS
from nbtui.console.keymap import FIXED, TABLES
from nbtui.runs.command import PLACEHOLDERS
from nbtui.setting_table import SETTINGS, Setting

DOCS = Path(__file__).resolve().parents[1] / "docs"

_KEYS = """# Keys

Made by `make docs` from the registries that the console itself uses; `?` in the console shows the same, and the foot
line the keys that apply now. `:` finds every action by its name.

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

Made by `make docs` from the table that the program itself uses. `nbtui config` shows the effective values and their
origins.

`nbtui.toml` is read from the current directory or the nearest one above it, and from `$XDG_CONFIG_HOME/nbtui/` (by
default `~/.config/nbtui/`). The nearest one overrides the user's own, key by key. Paths are relative to their file.
An unknown key is refused, with the nearest known name.
"""
_TABLES = """
## Tables

| Table | Content |
|---|---|
| `[cases.NAME]` | for `nbtui NAME`: the keys below |
| `[profiles.NAME]` | a tolerance profile: `base`, `description`, `tolerance`, `only`, `[profiles.NAME.fields]` |
| `[keys]` | your own keys, see docs/keys.md |
| `[c_programs.NAME]` | a C program of your own: `base`, then quirks, `true` or `false`; see docs/programs.md |
"""
_CASES = """
## Cases

A case gives `folder` or `command`; every other key is optional.
"""
_COMMANDS = """
## Commands of a case

`suspect` is the command line that makes the log of your port, `reference` the one of the C program. `nbtui run NAME`
makes both logs and compares them; a reference runs again only after a change of its command, its program or its input
files. `nbtui run CASE --suspect "CMD"` does without a settings file.

```toml
[cases.seed]
folder = "cases/seed"
suspect = "python -m my_port {command} -trace_pixel {pixel} > {log}"
sources = ["src/**/*.py"]
environment = { OMP_NUM_THREADS = "1" }
loop = true
```

The command is split into words as a shell does, and runs without one. Of a shell's syntax it may contain quotes,
`NAME=value` in front, and `> {log}` and `2>&1` at the end; any other operator is refused until `shell = true` asks for
a shell. These placeholders exist, and `{{word}}` stands for a word in braces:

"""
_RUNS = """
A command runs in its own session, without input, with PYTHONUNBUFFERED=1 unless you set it. At its end and at `limit`,
every process that it started ends as well. Its output beyond 1 GB is discarded.

Every run is kept in the state directory: its log, its output, and the changes of the sources since the run before. The
list keeps every run; the files of the last 100 remain, up to 1 GB.
"""
_ENVIRONMENT = """
## Environment

| Variable | What it does |
|---|---|
| `NO_COLOR` | no colours: selects the theme mono, over any file |
| `COLORFGBG` | set by some terminals: a light background selects the theme light, unless a file sets one |
| `SSH_CONNECTION`, `SSH_TTY` | set by sshd: the values of the column "Over SSH" apply, unless a file sets one |
| `TMUX` | `y` also fills tmux's buffer |
| `VISUAL`, `EDITOR` | the editor of the raw logs |
| `NB_C_BIN` | the C program of `nbtui c-trace` and `nbtui run` |
| `NBTUI_RUN` | set for the commands that nbtui runs: the mark of their run |
| `XDG_CONFIG_HOME` | directory with the user's own `nbtui.toml`, in `nbtui/` |
| `XDG_STATE_HOME` | directory for sessions, runs and `copied.txt`, in `nbtui/`; by default `~/.local/state/nbtui/` |
"""
_FLAGS = """# Flags of nbsim

Made by `make docs` from the tables that the parser and `nbsim --help` use.

`nbsim` reads nanoBragg's own command line. A flag is written as in the first column, or as one of the other spellings;
`...` stands for any ending. Values are in the unit of the row. If a flag is given twice, the later one counts. Flags
that choose a convention or a pivot act in their order on the command line, as in C; the headers of `-img` and `-mask`
are read before all of them.

`nbsim` refuses words that C would ignore or misread: unknown flags (with the nearest known one), words that belong to
no flag, missing values, values that are not numbers, whole numbers such as `1e3` of which C reads the 1, and numbers
that no experiment has (zero or negative distances, impossible cells, no cells along an axis, empty regions).

`--compat` reads a command line as C does, for those that rely on it: most flags are found anywhere in a word
(`-lambdaX`, `--distance`), every flag is tried on every word (upstream reads `-misset_seed` as `-misset`, too), numbers
are read as far as they go (`100mm`, `1e3` cells are 1) and used as they are (`-distance -80`), unmatched words are
skipped and named on stderr, as are a missing mask or image, or a matrix beside `-cell`, and the lines of a source file
that hold no numbers are sources of zeros. nbtui reads every command line in this way, since its aim is parity, and says
where nbsim would not; `--no-compat`, or `compat = false` in nbtui.toml, makes it refuse such a line. The column "C
matches" says how: *in* means anywhere in a word, *whole* only the whole word. Without `--compat`, nbsim
reports on stderr where C would have read the words differently.

The column "Range" holds the limits of a single flag; besides, every unit has a largest number (1e9 mm, 1e6 A ...). The
column "Gradient" names the parameter of `Experiment.with_parameters` (docs/api.md) that the typed number becomes; the
image is differentiable with respect to it.

S or L and a number name a quirk of the C program; the switches are at the end.
"""
_FILES = """
## Files

Input files are looked up in the current directory, outputs are written there. An output replaces what an earlier run
left, as with C, but never an input file of the same run, nor a file that the names of two outputs share. Files appear
whole or not at all.

| File | What it is |
|---|---|
| `floatimage.bin` | 4-byte floats in photons per pixel, fast index first; always written |
| `intimage.img` | SMV, 2-byte integers; always written |
| `image.pgm` | PGM; `-nopgm` leaves it out |
| `noiseimage.img` | SMV with photon noise, deviate by deviate as in C; `-nonoise` leaves it out |
| `Fdump.bin` | binary copy of the structure factors; written with `-hkl`, read without |

Exit codes: 0 done, 2 unusable input, 3 the simulation failed, 4 could not write, 130 interrupted, 141 the reader of
stdout has gone. stdout holds C's lines: the set-up as far as scripts read it (`parallelpiped xtal: 3x3x3 cells`),
traces and printed pixels, statistics. stderr holds narration and progress.
"""


_PROGRAMS = """# C programs

Made by `make docs` from the table that the programs themselves use.

The C program is not the same everywhere: the public repository has a stock version, three corrections that are not
merged, and a CUDA version. `--c-program NAME` makes `nbsim` and the simulations of `nbtui` behave as one of them; it is
a set of quirks (docs/flags.md) under one name. In `nbtui.toml`, `c_program` at the top is for every case, `c_program`
in `[cases.NAME]` for one.

Three options state the behaviour, the later ones winning: `--c-program`, `--phi-mode`, `--quirk`.

- `--c-program NAME` alone is that program's own behaviour: with `stock`, phi = 0 keeps the vectors of the last step
  (`c-parity`); with `fixed` and `cuda` it has fresh ones (`spec`).
- An explicit `--phi-mode` overrides the program at phi = 0, and only there.
- An explicit `--quirk NAME=on|off` overrides both.
- Without `--c-program` the quirks are those of `stock` and the phi mode is `spec`. One word has two readings then:
  `-curved_det` as the last word counts in `nbsim`, which says that the stock program ignores it there; `nbsim --compat`
  and `nbtui` ignore it, as the stock program does.

"""
_OWN_PROGRAMS = """
## Which one is mine?

`nbtui c-trace --identify --binary PATH` runs the binary on three tiny cases and prints its name, or `unknown: behaves
as stock except ...` with the lines of `[c_programs.NAME]` that describe it.

A log shows it at phi = 0 among several steps: `k_frac` of step 0 equals that of the last step with `stock`, not with
`fixed`. `nbtui diagnose` says so before any number, and names two different programs as one cause, `c_program`: "the
reference is the fixed C program, the suspect behaves as stock".

## Threads

With `stock`, the first pixel of every OpenMP thread has fresh vectors at phi = 0, up to 28 % apart from the same pixel
of another run. `--omp-threads N` reproduces a run with OMP_NUM_THREADS=N; `nbtui images` finds N from the rows.

## A program of your own

In `nbtui.toml`, a name, the program that it is derived from (`stock` without one), and the quirks in another state:

```toml
c_program = "ours"

[c_programs.ours]
base = "fixed"
background_weighted = true
```

`nbtui config` checks the table. Packages state the name, and reproduce the run with `--c-program` and `--quirk`
without this file.
"""


def keys() -> str:
    """docs/keys.md."""
    parts = [_KEYS]
    for registry in TABLES:
        rows = (
            (_code(entry.written), entry.help, "" if entry.id == FIXED else f"`{registry.setting(entry)}`")
            for entry in registry.actions
        )
        parts.append(f"\n## {registry.title}\n\n{table(('Key', 'What it does', 'Id'), rows)}")
    return "".join(parts)


def settings() -> str:
    """docs/settings.md."""
    rows = ((f"`{s.name}`", s.type, _default(s), _over_ssh(s), s.unit, s.help) for s in SETTINGS)
    rows_of_all = table(("Name", "Type", "Default", "Over SSH", "Unit", "What it does"), rows)
    return f"{_SETTINGS}\n{rows_of_all}{_TABLES}{_cases()}{_ENVIRONMENT}"


def _cases() -> str:
    keys = table(("Key", "Value", "What it is"), ((f"`{key.name}`", key.type, key.help) for key in CASE_KEYS))
    places = table(("Placeholder", "What it is"), ((f"`{{{name}}}`", what) for name, what in PLACEHOLDERS.items()))
    return f"{_CASES}\n{keys}{_COMMANDS}{places}{_RUNS}"


def flags() -> str:
    """docs/flags.md."""
    own = ((f"`{o.name}{' ' if o.typed else ''}{o.typed}`", f"`{o.default}`" if o.default else "", o.help) for o in OWN)
    parts = [_FLAGS, "\n## nbsim's own options\n\n", table(("Option", "Default", "What it does"), own)]
    head = ("Flag", "Other spellings", "Default", "Unit", "Range", "C matches", "Gradient", "What it does")
    for title, rows in SECTIONS:
        parts.append(f"\n## {title}\n\n{table(head, (_flag_row(flag) for flag in rows))}")
    quirks = (
        (f"`{item.name}`", item.metadata["source"], "on" if item.default else "off", item.metadata["on"],
         item.metadata["off"])
        for item in fields(Quirks)
    )  # fmt: skip
    text = "`--quirk NAME=on|off`. The defaults are what the stock C program does, but for the first: "
    text += "`--phi-mode` and `--c-program` set it. Those of other C programs: docs/programs.md.\n\n"
    return "".join([*parts, _FILES, "\n## Quirks\n\n", text, table(("Name", "Source", "Default", "On", "Off"), quirks)])


def programs() -> str:
    """docs/programs.md."""
    parts = [_PROGRAMS]
    parts.append(table(("Name", "What it is"), ((f"`{item.name}`", item.about) for item in PROGRAMS)))
    for item in PROGRAMS:
        if item.differences:
            lines = "".join(f"- {sentence}\n" for sentence in item.differences)
            parts.append(f"\n## `{item.name}` differs from `stock`\n\n{lines}")
        if item.refuses:
            refused = "".join(f"- `{entry.what}`: it {entry.reason}.\n" for entry in item.refuses)
            parts.append(f"\n`--c-program {item.name}` refuses:\n\n{refused}")
    states = (
        (f"`{quirk.name}`", *("on" if getattr(item.switches, quirk.name) else "off" for item in PROGRAMS))
        for quirk in fields(Quirks)
        if len({getattr(item.switches, quirk.name) for item in PROGRAMS}) > 1
    )
    parts.append("\n## Quirks in which they differ\n\n")
    parts.append(table(("Quirk", *(f"`{item.name}`" for item in PROGRAMS)), states))
    return "".join([*parts, _OWN_PROGRAMS])


def _flag_row(flag: Flag) -> tuple[str, ...]:
    written = f"`{flag.names[0]} {flag.follows}`" if flag.values else f"`{flag.names[0]}`"
    matched = "" if flag.names[0].startswith("--") else "whole" if flag.exact else "in"
    default = f"`{flag.default}`" if flag.default else ""
    unit = flag.unit or ", ".join(dict.fromkeys(flag.units))
    gradient = f"`{flag.gradient}`" if flag.gradient else ""
    return written, _code(" ".join(other_spellings(flag))), default, unit, _range(flag), matched, gradient, flag.help


def _range(flag: Flag) -> str:
    """The numbers that a flag takes, as far as their limits say something."""
    if flag.kind == "str":
        return ""
    low = f"{'> ' if flag.above else '>= '}{flag.low:g}" if math.isfinite(flag.low) else ""
    return ", ".join(part for part in (low, f"<= {flag.high:g}" if flag.high is not None else "") if part)


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


def _pages() -> Iterable[tuple[Path, str]]:
    """Paths and texts of all pages, of the two files of the taps, and of the manual pages."""
    pages = {"keys": keys(), "settings": settings(), "flags": flags(), "programs": programs()}
    pages |= {"traces": traces.page(), "tolerances": tolerances.page()}
    yield from ((DOCS / f"{name}.md", text) for name, text in pages.items())
    yield from taps.pages()
    yield from man.pages()


def main(words: list[str]) -> int:
    """Write the files, or say with ``--check`` which one is not as it would be written."""
    stale = []
    for path, text in _pages():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if "--check" not in words:
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in words:
        print(f"out of date: {', '.join(stale)}; 'make docs' writes them again", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

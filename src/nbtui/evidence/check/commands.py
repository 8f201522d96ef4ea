"""commands.txt against metrics.json: every line, every setting, every outcome. What nobody typed has its default."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbtui.evidence.ascii_text import ascii_line
from nbtui.evidence.check.finding import FileFinding, Weight, wrong
from nbtui.evidence.commands_text import commands_text
from nbtui.evidence.export_words import SETTINGS, ExportWords, combined, split
from nbtui.evidence.layout import COMMANDS, EXPORT, FROM_SETTINGS, GIVEN_LOG, STATUS
from nbtui.evidence.read.folder import mapping, number, read_text, text
from nbtui.evidence.write.commands import pasteable
from nbtui.live.programs import NAMES
from nbtui.parity.coverage import ACCEPTED, TOO_LITTLE
from nbtui.trace.text import clean

EXIT_CODES = {"agree": (0,), "diverge": (1,), "nothing compared": (1, 3), TOO_LITTLE: (1,)}
RUN_LOG = "run_{}.log"


@dataclass(frozen=True)
class ExportCommand:
    """The command that made a package; ``status``: as commands.txt has it, None if missing."""

    words: ExportWords
    status: int | None

    @property
    def tolerance(self) -> float | None:
        """The value of ``--tolerance``."""
        return number(self.words.last("--tolerance"))


def export_command(folder: Path) -> ExportCommand | None:
    """The last ``nbtui export`` in commands.txt, with the options that nbtui.toml added to it; None without one."""
    lines = (read_text(folder / COMMANDS) or "").splitlines()
    made = [at for at, line in enumerate(lines) if f" {EXPORT} " in f" {line} " and not line.startswith("#")]
    if not made:
        return None
    at = made[-1]
    words = split(lines[at])
    start = next((i + 2 for i in range(len(words) - 1) if words[i : i + 2] == EXPORT.split()), len(words))
    above = lines[at - 1] if at and lines[at - 1].startswith(FROM_SETTINGS) else ""
    below = lines[at + 1] if at + 1 < len(lines) else ""
    status = re.match(rf"{re.escape(STATUS)}(-?\d{{1,9}})\b", below)
    return ExportCommand(
        combined(words[start:], split(above.removeprefix(FROM_SETTINGS))), int(status[1]) if status else None
    )


def check_commands(
    folder: Path, metrics: Mapping[str, object], command: ExportCommand | None, *, current: bool
) -> list[FileFinding]:
    """commands.txt is that of metrics.json, and its export reproduces this package."""
    found: list[str] = []
    if current:
        found += _file(folder, metrics)
    if command is None:
        return [*wrong(COMMANDS, found), FileFinding(COMMANDS, "holds no nbtui export command with its exit status")]
    found += _status(metrics, command.status)
    found += _settings(metrics, command.words)
    found += _statements(metrics, command.words)
    own = command.words.last("--c-program")
    if own is not None and own not in NAMES:
        what = f"C program '{own}' is not nbtui's; its quirks are those that metrics.json states"
        return [*wrong(COMMANDS, found), FileFinding(COMMANDS, what, Weight.UNJUDGED)]
    return wrong(COMMANDS, found)


def entries(metrics: Mapping[str, object]) -> list[dict[str, object]]:
    """The commands in metrics.json."""
    listed = metrics.get("commands")
    return [mapping(entry) for entry in listed] if isinstance(listed, list) else []


def run_logs(metrics: Mapping[str, object]) -> list[str]:
    """Names of the files with the output of extra commands."""
    return [text(entry.get("log")) for entry in entries(metrics) if entry.get("log")]


def _file(folder: Path, metrics: Mapping[str, object]) -> Iterator[str]:
    listed = entries(metrics)
    try:
        expected = commands_text(listed)
    except (KeyError, TypeError):
        yield "cannot be recomputed: commands in metrics.json are incomplete"
        return
    lines, wanted = (content.splitlines() for content in (read_text(folder / COMMANDS) or "", expected))
    if lines != wanted:
        at = next((i for i, pair in enumerate(zip(lines, wanted, strict=False)) if pair[0] != pair[1]), len(wanted))
        line = lines[at] if at < len(lines) else "nothing"
        yield f"line {at + 1} is not that of metrics.json: {line[:100]!r}"
    if not listed or text(listed[0].get("command")) != f"cd {text(listed[0].get('directory'))}":
        yield "does not begin with its cd command"
    if len({text(entry.get("directory")) for entry in listed}) > 1:
        yield "its commands ran in several directories"
    times = [text(entry.get("utc")) for entry in listed]
    if times and (times[0] != times[-1] or times[1:-1] != sorted(times[1:-1]) or min(times) != times[0]):
        yield "its commands are not in the order of their times"
    names = [text(entry.get("log")) for entry in listed[1:-1]]
    if names != [RUN_LOG.format(count) for count in range(1, len(names) + 1)]:
        yield f"the logs of its extra commands are {names}"


def _status(metrics: Mapping[str, object], status: int | None) -> Iterator[str]:
    verdict = text(metrics.get("verdict"))
    allowed = EXIT_CODES.get(verdict, ())
    if metrics.get("blocked") and verdict == "agree":  # an extra command failed
        allowed = (1,)
    if status not in allowed:
        yield f"exit status {'missing' if status is None else status} does not match verdict {verdict}"


def _settings(metrics: Mapping[str, object], words: ExportWords) -> Iterator[str]:
    """The settings that the words give, defaults included, are those of metrics.json."""
    given = words.settings
    own = words.last("--c-program") not in (None, *NAMES)
    for flag, key in SETTINGS.items():
        if key in metrics and metrics[key] != given[key] and not (own and key in ("c_program", "phi_mode")):
            typed = words.last(flag)
            how = f"{flag} {typed}" if typed is not None else f"no {flag}, which means {given[key]}"
            yield f"{how}; metrics.json has {key} {metrics[key]}"
    if not own and "quirks" in metrics and metrics["quirks"] != words.quirks:
        yield f"--quirk switches {words.quirks}; metrics.json has quirks {metrics['quirks']}"
    if words.last("--tolerance") is not None and number(words.last("--tolerance")) != metrics.get("tolerance"):
        yield f"--tolerance {words.last('--tolerance')}; metrics.json has tolerance {metrics.get('tolerance')}"


def _statements(metrics: Mapping[str, object], words: ExportWords) -> Iterator[str]:
    """Case, pixel, log, note, extra commands and diagnosis that the words name."""
    case = text(metrics.get("case"))
    for name in words.cases:
        if "/" not in name and name not in (".", "..", "~") and clean(name) != case:
            yield f"exports the case '{clean(name)}'; metrics.json has case '{case}'"
    if len(words.cases) > 1:
        yield f"names more than one case: {', '.join(words.cases)}"
    pixel = mapping(metrics.get("pixel"))
    typed = words.last("--pixel")
    traced = text(metrics.get("command")).split()[-2:]
    if typed is not None and typed.split() != traced and pixel:
        yield f"--pixel {typed}; the command in metrics.json traces {' '.join(traced)}"
    given = text(metrics.get("python_trace")) == GIVEN_LOG
    if given != ("--py" in words.options):
        yield f"{'without' if given else 'with'} --py; metrics.json has python_trace '{metrics.get('python_trace')}'"
    if metrics.get("coverage") == ACCEPTED and "--allow-partial" not in words.options:
        yield f"without --allow-partial; metrics.json has coverage '{ACCEPTED}'"
    if ascii_line(words.last("--note") or "") != metrics.get("note"):
        yield f"--note '{words.last('--note') or ''}'; metrics.json has note '{metrics.get('note')}'"
    runs = [pasteable(run) for run in words.options.get("--run", ())]
    if entries(metrics) and [text(entry.get("command")) for entry in entries(metrics)[1:-1]] != runs:
        yield f"its extra commands are not those of --run: {runs}"
    if metrics.get("diagnosis") is not None and "--diagnose" not in words.options:
        yield "without --diagnose; metrics.json has a diagnosis"


def blocked_by_runs(metrics: Mapping[str, object], words: ExportWords) -> list[str]:
    """The sentences about extra commands that failed."""
    pairs = zip(words.options.get("--run", ()), entries(metrics)[1:-1], strict=False)
    return [
        ascii_line(f"'{run}' ended with exit status {entry.get('status')}, see {entry.get('log')}")
        for run, entry in pairs
        if entry.get("status")
    ]

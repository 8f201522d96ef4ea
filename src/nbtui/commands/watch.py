"""``nbtui watch``: packages as they arrive, on the packages screen or as lines."""

from __future__ import annotations

import json
import select
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from nbtui.commands.options import say, terminal
from nbtui.errors import UnusableInput
from nbtui.evidence.follow.follower import Batch
from nbtui.evidence.follow.recent import Recent
from nbtui.evidence.follow.watch import follow
from nbtui.evidence.history import Entry
from nbtui.evidence.read.package import percentage
from nbtui.evidence.render import against, as_object
from nbtui.schemas import labelled
from nbtui.settings import load as load_configuration
from nbtui.trace.text import clean

SETTLED = 2.0  # s without a change before a package is one event: what writes it may do so file by file
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command("watch")
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--plain", is_flag=True, help="Print one line per event, until interrupted: new, changed, removed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per event and line; implies --plain.")
@click.option("--poll", is_flag=True, help="Poll instead of waiting for notifications (for network file systems).")
def command(directory: Path | None, plain: bool, as_json: bool, poll: bool) -> int:
    """Watch DIR, which may not exist yet, for packages; without --plain on the packages screen.

    Without DIR it is the reports directory of the settings.

    With --plain and --json a package is one event, once nothing in it has changed for two seconds; its gap is that of
    the screens, in the field that the line names. Exit code 130 when interrupted.
    """
    if directory is None:
        directory = load_configuration().reports
    if directory.exists() and not directory.is_dir():
        raise UnusableInput(f"{clean(str(directory))}: not a directory; name the directory of packages")
    if not plain and not as_json and terminal():
        from nbtui.console.startup import apply

        apply(load_configuration())
        from nbtui.console.entry_points import run_watch  # after the settings: it reads the frame rate once

        return run_watch(directory, poll=poll)
    with ending() as ended:
        recent = Recent()
        for batch in follow(directory, lambda: bool(ended()) or reader_gone(), poll=poll, quiet=SETTLED):
            narrate(directory, batch)
            if batch.first:
                recent = Recent(batch.existing)
            for line in lines(batch, recent, as_json=as_json):
                click.echo(line)
                sys.stdout.flush()
        if ended() == signal.SIGINT:
            say("interrupted")
        return 128 + ended() if ended() else 0


def lines(batch: Batch, recent: Recent, *, as_json: bool) -> Iterator[str]:
    """One line per event of a batch; safe for a terminal."""
    for kind, paths in (("new", batch.added), ("changed", batch.changed)):
        for path in paths:
            entry = recent.add(path)
            yield _event(kind, _strict(as_object(entry))) if as_json else _plain(kind, entry)
    for path in batch.gone:
        recent.forget(path)
        yield _event("removed", {"package": str(path)}) if as_json else f"removed {clean(str(path))}"


def _event(kind: str, content: Mapping[str, object]) -> str:
    return json.dumps(labelled("event", {"event": kind, **content}))


def _plain(kind: str, entry: Entry) -> str:
    package = entry.package
    where = "" if package.pixel is None else f" ({package.pixel[0]}, {package.pixel[1]})"
    words = f"{kind} {package.path} {package.case or '?'}{where} {package.phi_mode or '?'}: {against(entry)}"
    gap = "" if package.gap is None else f"; gap {percentage(package.gap)} in {package.gap_field}"
    reference = f"; reference: {package.reference}" if package.simulated_reference else ""
    return clean(f"{words}{gap}; {package.verdict}{reference}")


def _strict(value: dict[str, object]) -> dict[str, object]:
    from nbtui.parity.metrics import to_json

    found: dict[str, object] = json.loads(to_json(value))
    return found


def narrate(directory: Path, batch: Batch) -> None:
    """Narration on stderr."""
    name = clean(str(directory))
    if batch.first and not batch.root_there:
        say(f"{name} {'was removed' if batch.was_there else 'does not exist yet'}; waiting for it")
    elif batch.first:
        how = ", polling" if batch.polling else ""
        count = len(batch.existing)
        say(f"watching {name}: {count} package{'s' * (count != 1)}{how}")


@contextmanager
def ending() -> Iterator[Callable[[], int]]:
    """Catch interrupt, termination and hang-up: the function returned gives the signal number, 0 before any."""
    got = [0]

    def note(number: int, frame: FrameType | None) -> None:
        got[0] = got[0] or number

    before = {number: signal.signal(number, note) for number in ENDING}
    try:
        yield lambda: got[0]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def reader_gone() -> bool:
    """Whether stdout is a pipe whose reader has gone."""
    try:
        poller = select.poll()
        poller.register(sys.stdout.fileno(), 0)
        return any(state & (select.POLLERR | select.POLLNVAL) for _, state in poller.poll(0))
    except (OSError, ValueError, AttributeError):
        return False

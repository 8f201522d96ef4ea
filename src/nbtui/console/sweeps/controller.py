"""Controller of sweeps: opens their screen, runs hunts, and opens the case of a finding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui.console.main.screen_controller import ScreenController
from nbtui.console.terminal.loop import in_loop
from nbtui.errors import UnusableInput
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.console.main.host import Host
    from nbtui.console.main.opening import CaseToOpen
    from nbtui.console.sweeps.hunts import Hunts
    from nbtui.console.sweeps.screen import SweepsScreen
    from nbtui.runs.known import KnownCommands
    from nbtui.sweep.findings import SweepFinding
    from nbtui.sweep.follow import SweepSeen


@dataclass(frozen=True)
class SweepsShelf:
    """The sweeps as a console leaves them for the next one: its hunts, and what was selected."""

    hunts: Hunts | None = None
    folder: Path | None = None
    group: str | None = None


class SweepsController(ScreenController):
    """Opens the sweeps screen as it was left; at most one hunt runs, in a child process."""

    def __init__(self, host: Host, shelf: SweepsShelf | None = None) -> None:
        super().__init__(host)
        self.shelf = shelf or SweepsShelf()
        self._screen: SweepsScreen | None = None
        self._hunts = self.shelf.hunts
        if self._hunts is not None:
            self._hunts.told = in_loop(host, self._ended)

    @property
    def known(self) -> KnownCommands | None:
        """The commands of the case."""
        return self.host.state.runs.known

    @property
    def command(self) -> str:
        """Text of the port's command; empty without one."""
        return self.known.commands.suspect if self.known is not None else ""

    @property
    def running(self) -> Path | None:
        """Folder of the running hunt."""
        return self._hunts.running if self._hunts is not None else None

    @property
    def places(self) -> tuple[Path, ...]:
        """The current folder, the reports folder and that of the case."""
        case = self.host.state.case
        own = (case.folder,) if case is not None and case.folder is not None else ()
        return (Path.cwd(), self.host.reports, *own)

    # --- life --------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        from nbtui.console.sweeps.screen import SweepsScreen  # deferred past the first paint

        self._screen = SweepsScreen(self, self.shelf.folder, self.shelf.group)
        self.host.push_screen(self._screen, partial(self._left, self._screen))

    def _left(self, screen: SweepsScreen, chosen: CaseToOpen | None) -> None:
        self._screen, state = None, screen.state
        folder = state.sweep.folder if state.sweep is not None else None
        self.shelf = replace(self.shelf, folder=folder, group=state.group)
        if chosen is not None:
            self.host.open_case(chosen)

    def close(self) -> None:
        """Stop the hunt, unless this console only makes room for another one."""
        if self._hunts is not None and not self.host.returns:
            self._hunts.close()

    # --- hunts -------------------------------------------------------------------------------------------------------

    def hunt(self, sweep: SweepSeen | None) -> Path:
        """Start a hunt of the case, or go on with ``sweep`` if it is one; its folder.

        Raises:
            UnusableInput: there is no command for the port, or a hunt runs.
        """
        from nbtui.console.main.run_work import NO_COMMAND
        from nbtui.console.sweeps.hunts import Hunts, folder_of, hunt_words
        from nbtui.sweep.record import read_record

        known = self.known
        if known is None:
            raise UnusableInput(NO_COMMAND)
        if self.running is not None:
            raise UnusableInput("a hunt is running; Esc stops it")
        folder = folder_of(known)
        if sweep is not None and _is_of(sweep, known):
            folder = sweep.folder
        record = read_record(folder)
        words = hunt_words(known, self.host.judgement.profile, folder, record if record and record.hunt else None)
        if self._hunts is None:
            self._hunts = Hunts()
            self._hunts.told = in_loop(self.host, self._ended)
            self.shelf = replace(self.shelf, hunts=self._hunts)
        self._hunts.start(words, folder)
        return folder

    def stop(self) -> None:
        """Stop the running hunt."""
        if self._hunts is not None:
            self._hunts.stop()

    def _ended(self, sentence: str) -> None:
        self.host.tell(sentence)
        if self._screen is not None:
            self._screen.follow()
            self._screen.tell(sentence)

    # --- findings ----------------------------------------------------------------------------------------------------

    def case_of(self, sweep: SweepSeen, finding: SweepFinding) -> CaseToOpen:
        """The smallest case of a finding with the port's log; before its report, its simplest row.

        Raises:
            UnusableInput: no pixel was traced.
        """
        from nbtui.console.main.opening import CaseToOpen
        from nbtui.live.cases import load_case
        from nbtui.live.model import Case
        from nbtui.live.programs import restored_program
        from nbtui.live.reference import reference_settings
        from nbtui.sweep.follow import WAITING
        from nbtui.sweep.rows import LOGS
        from nbtui.sweep.write import PORT_LOG

        state, record, folder = self.host.state, sweep.record, sweep.case_folder(finding)
        if folder is not None:
            case, log = load_case(str(folder)), folder / PORT_LOG
            message = f"smallest case of {finding.group}: {folder.name}"
        else:
            row = finding.simplest.row
            if row.pixel is None:
                raise UnusableInput(f"no pixel was traced: {row.detail or finding.sentence}")
            base = record.base(row.case) if record is not None else None
            workdir = Path(base.workdir) if base is not None else sweep.folder.parent
            case, log = (
                Case(finding.group.removeprefix(WAITING), row.command, workdir, row.pixel, None),
                sweep.folder / LOGS / f"{row.key}.log",
            )
            message = (
                f"simplest of {len(finding.members)} rows of {finding.group.removeprefix(WAITING)}, not reduced yet"
            )
        settings = state.settings
        if record is not None:
            settings = reference_settings(replace(settings, c_program=restored_program(record.c_program, "", {})))
        known = self.known
        if known is not None and (
            record is None or known.commands.suspect not in (one.suspect for one in record.bases)
        ):
            known = None
        if not log.is_file():
            message += "; the port left no log" + ("; R runs it" if known is not None else "")
        return CaseToOpen(
            case=case,
            settings=settings,
            judgement=self.host.judgement,
            reports=self.host.reports,
            log=log if log.is_file() else None,
            known=None if known is None else replace(known, case=case, identity=str(folder or log), entry=""),
            message=clean(message),
        )


def _is_of(sweep: SweepSeen, known: KnownCommands) -> bool:
    """Whether a sweep is a hunt of this case with this port."""
    record = sweep.record
    wanted = (known.case.argv, known.commands.suspect)
    return record is not None and record.hunt and [(one.command, one.suspect) for one in record.bases] == [wanted]

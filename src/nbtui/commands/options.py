"""Options shared by several subcommands, and the request they form."""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nbtui.commands import completions
from nbtui.errors import UnusableInput
from nbtui.paths import COMMAND_FILE, DEMO
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.console.session.store import Saved
    from nbtui.live.model import Case, CProgram, Settings
    from nbtui.parity.model import Comparison
    from nbtui.settings import Configuration
    from nbtui.trace.model import Trace
    from nbtui.trace.side import Pair

NO_CASE = (
    f"no case: name a CASE (a folder with {COMMAND_FILE}, a name from nbtui.toml, or {DEMO}), give '-- FLAGS', or "
    f"start in a folder that holds {COMMAND_FILE}"
)

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Invocation:
    """The whole command line, for the subcommand that runs."""

    argv: tuple[str, ...]  # everything after the program name
    flags: tuple[str, ...] | None = None  # the words after "--"
    resumed: Saved | None = None  # the interrupted session with these words


@dataclass(frozen=True)
class Request:
    """A case with the options for simulating and judging it, as typed."""

    case_name: str | None
    flags: tuple[str, ...] | None
    configuration: Configuration
    workdir: Path | None = None
    pixel: tuple[int, int] | None = None
    compat: bool | None = None
    phi_mode: str = "spec"
    dtype: str = "float64"
    device: str = "cpu"
    quirks: tuple[tuple[str, bool], ...] = ()
    c_program: CProgram | None = None
    omp_threads: int = 1
    profile: str = "full"
    tolerance: float | None = None
    allow_partial: bool = False
    invocation: Invocation = field(default_factory=lambda: Invocation(()))

    @property
    def names_case(self) -> bool:
        """Whether the user named a case or gave flags."""
        return self.case_name is not None or self.flags is not None

    @property
    def finds_case(self) -> bool:
        """Whether there is a case: a named one, or that of the current folder."""
        return self.names_case or Path(COMMAND_FILE).is_file()

    def case(self, *, needs_pixel: bool = True) -> Case:
        """The named case, else that of the current folder.

        ``needs_pixel``: refuse a command without one. Raises UnusableInput.
        """
        from nbtui.live.cases import load_case

        if not self.finds_case:
            raise UnusableInput(NO_CASE)
        found = load_case(
            self.case_name if self.names_case else ".",
            workdir=self.workdir,
            flags=self.flags,
            pixel=self.pixel,
            configuration=self.configuration,
            needs_pixel=needs_pixel,
        )
        return self.of_program(found)

    def of_program(self, case: Case) -> Case:
        """``case`` with the C program that made its log, the threads of that run, and the reading of its words."""
        return replace(
            case, compat=self.reads_as_c, reading=self.quirks, c_program=self.c_program, omp_threads=self.omp_threads
        )

    @property
    def reads_as_c(self) -> bool:
        """Whether the command line is read as the C program reads it: as typed, else by the settings."""
        return self.configuration.compat(self.case_name) if self.compat is None else self.compat

    def settings(self) -> Settings:
        """Settings of the simulation."""
        from nbtui.live.model import Settings

        return Settings(self.phi_mode, self.dtype, self.device, self.quirks, self.c_program, self.omp_threads)

    def compare(self, c: Trace, py: Trace, named: Pair | None = None) -> Comparison:
        """The comparison of two traces under the chosen profile and tolerance; ``named``: other names of the sides."""
        from nbtui.commands.narration import Narration
        from nbtui.parity.compare import compare

        with Narration() as narration:

            def progress(done: int, of: int) -> None:
                narration.say(f"comparing: {done:,} of {of:,} values")

            return compare(
                c,
                py,
                self.profile,
                self.tolerance,
                self.configuration.profiles,
                named=named,
                allow_partial=self.allow_partial,
                progress=progress,
            )


def _quirk(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    switches: list[tuple[str, bool]] = []
    for value in values:
        name, _, state = value.partition("=")
        if not name or state not in ("on", "off"):
            raise click.BadParameter(f"'{value}' must be NAME=on or NAME=off", context, option)
        switches.append((name, state == "on"))
    return tuple(switches)


def _tolerance(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise click.BadParameter("must be a finite number >= 0, such as 1e-6", context, option)
    return value


def _pixel(context: click.Context, option: click.Parameter, value: tuple[int, int] | None) -> tuple[int, int] | None:
    if value is not None and min(value) < 0:
        raise click.BadParameter("SLOW and FAST must be >= 0", context, option)
    return value


_CASE = (
    click.argument(
        "case_name",
        metavar="[CASE]",
        required=False,
        shell_complete=completions.cases,
    ),
    click.option("--workdir", type=click.Path(path_type=Path), help="Directory of the command's input files."),
    click.option(
        "--pixel", type=(int, int), metavar="SLOW FAST", callback=_pixel, help="Pixel to trace, slow index first."
    ),
    click.option(
        "--compat/--no-compat",
        default=None,
        help="Read the command line as the C program does, with a notice where nbsim would not; "
        "--no-compat refuses such a line.  [default: compat]",
    ),
)
_SIMULATION = (
    click.option(
        "--phi-mode",
        type=click.Choice(["spec", "c-parity"]),
        help="phi = 0 has fresh vectors, or those of the last step as in C.  [default: spec, or that of --c-program]",
    ),
    click.option(
        "--c-program",
        metavar="NAME",
        shell_complete=completions.c_programs,
        help="C program whose quirks apply: stock, fixed, cuda or your own; --phi-mode and --quirk override it.",
    ),
    click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float64", show_default=True),
    click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True),
    click.option(
        "--quirk",
        "quirks",
        multiple=True,
        metavar="NAME=on|off",
        callback=_quirk,
        shell_complete=completions.quirks,
        help="Switch one quirk of the C program; repeatable.",
    ),
    click.option(
        "--omp-threads",
        type=click.IntRange(1, 999_999_999),
        default=1,
        show_default=True,
        metavar="N",
        help="Reproduce a C run with this OMP_NUM_THREADS; the first pixel of every thread depends on it.",
    ),
)
_JUDGEMENT = (
    click.option(
        "--profile",
        metavar="NAME",
        shell_complete=completions.profiles,
        help="Tolerance profile: scaling, full, spec, c-parity or your own.  [default: full]",
    ),
    click.option("--tolerance", type=float, callback=_tolerance, help="Relative tolerance, in place of the profile's."),
    click.option(
        "--allow-partial",
        is_flag=True,
        help="Accept agreement of few common fields: under a tenth, or fewer than three and under half.",
    ),
)


c_log_option = click.option(
    "--c", "c_log", type=click.Path(path_type=Path), help="Log of the C program.  [default: the case's own]"
)
py_log_option = click.option(
    "--py", "py_log", type=click.Path(path_type=Path), help="Log of the Python program.  [default: simulated]"
)
py_phi_option = click.option(
    "--py-phi", type=click.Path(path_type=Path), help="Phi lines of the Python log, if in a separate file."
)
made_by_option = click.option(
    "--py-made-by", "made_by", default="", metavar="CMD", help="Command that made the Python log, for the package."
)
port_option = click.option(
    "--port",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the port that made the Python log: its commit and torch version, for the package.",
)
package_option = click.option(
    "--reports", type=click.Path(path_type=Path), help="Directory for the package.  [default: reports]"
)
packages_option = click.option(
    "--reports", type=click.Path(path_type=Path), help="Directory for packages written with 'e'.  [default: reports]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def case_options(*, judged: bool, simulated: bool = True) -> Callable[[Command], Command]:
    """CASE with the options for simulating and (``judged``) comparing it, as one ``request`` argument."""
    decorators = (*_CASE, *(_SIMULATION if simulated else ()), *(_JUDGEMENT if judged else ()))

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(**values: Any) -> Any:
            return command(request=_request(values), **values)

        wrapped: Any = run
        for decorator in reversed(decorators):
            wrapped = decorator(wrapped)
        result: Command = wrapped
        return result

    return decorate


def _request(values: dict[str, Any]) -> Request:
    """Take the shared values out of ``values``."""
    from nbtui.settings import load  # --help needs no settings

    invocation = click.get_current_context().find_object(Invocation) or Invocation(())
    configuration = load()
    profile = values.pop("profile", None) or configuration.profile
    name = values.pop("c_program", None) or configuration.c_program(values["case_name"])
    program = _program(name, configuration)
    return Request(
        case_name=values.pop("case_name"),
        flags=invocation.flags,
        configuration=configuration,
        workdir=values.pop("workdir"),
        pixel=values.pop("pixel"),
        compat=values.pop("compat"),
        phi_mode=values.pop("phi_mode", None) or (program.phi_mode if program is not None else "spec"),
        c_program=program,
        omp_threads=values.pop("omp_threads", 1),
        dtype=values.pop("dtype", "float64"),
        device=values.pop("device", "cpu"),
        quirks=values.pop("quirks", ()),
        profile=profile,
        tolerance=values.pop("tolerance", None),
        allow_partial=values.pop("allow_partial", False),
        invocation=invocation,
    )


def _program(name: str, configuration: Configuration) -> CProgram | None:
    """The C program with this name; None without one."""
    if not (name or configuration.c_programs):
        return None
    from nbtui.live.programs import chosen  # logs are read without it

    return chosen(name, configuration)


def c_log_of(case: Case, given: Path | None) -> Path:
    """The C log to compare with: the given one, else the case's own.

    Raises:
        UnusableInput: neither exists.
    """
    found = given or case.c_log
    if found is None:
        place = case.folder or case.workdir
        raise UnusableInput(
            f"{clean(case.name)}: no C log to compare with (no trace_c.log in {clean(str(place))}); "
            "give --c FILE, make one with 'nbtui c-trace', or give your log with --py FILE: its reference is simulated"
        )
    return found


def reference_of(request: Request, case: Case, given: Path | None) -> Trace:
    """The reference of a case: the C log, else our simulator standing in for the C program.

    Raises:
        UnusableInput, SimulationFailed: the log or the case is unusable.
    """
    path = given or case.c_log
    if path is not None:
        from nbtui.commands.narration import read

        return read(path)
    from nbtui.live.reference import simulated_reference

    found = simulated_reference(case, request.settings()).trace
    say(f"reference: simulated, {found.origin}; --c FILE names a C log")
    return found


def reports_of(request: Request, given: Path | None) -> Path:
    """The reports root: as given, else the case's own from nbtui.toml, else the one of the settings."""
    entry = request.configuration.cases.get(request.case_name or "")
    return given or (entry.reports if entry is not None else None) or request.configuration.reports


def terminal() -> bool:
    """Whether stdin and stdout are both a terminal, or a driver of Textual stands for it, as in a browser."""
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def colour() -> bool:
    """Whether to colour stdout: a terminal with colours, or FORCE_COLOR is set; never with NO_COLOR."""
    able = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return (able or bool(os.environ.get("FORCE_COLOR"))) and not os.environ.get("NO_COLOR")


def say(text: str) -> None:
    """One line of narration on stderr."""
    click.echo(f"nbtui: {clean(text)}", err=True)

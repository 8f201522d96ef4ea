"""The ``nbtui`` program: its subcommands, its exit codes, and the text of every error.

A subcommand's module is imported when it is called, never for ``--help``: torch, numpy and textual stay out.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from nbtui.commands.completions import COMPLETION
from nbtui.commands.options import Invocation
from nbtui.endings import EndedBySignal, open_closed_streams
from nbtui.errors import READER_GONE, NbtuiError, UnusableInput
from nbtui.trace.model import TraceError
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# name -> (module under nbtui.commands, one line of help); the function is called `command` there
COMMANDS: dict[str, tuple[str, str]] = {
    "console": ("console", "Open the console on a case (also: nbtui CASE)."),
    "open": ("open", "Open the console on two given logs."),
    "compare": ("compare", "Compare two logs, or a C log with our simulator."),
    "trace": ("trace", "Write the Python trace of a case."),
    "terms": ("terms", "Print every contribution to the pixel."),
    "gradients": ("gradients", "Print and judge the derivatives of the pixel."),
    "images": ("images", "Compare two images, or a C image with our simulator."),
    "diagnose": ("diagnose", "Name the cause of a difference."),
    "export": ("export", "Write an evidence package."),
    "verify": ("verify", "Recompute every statement of packages from their logs."),
    "report": ("html_report", "Write a package as one HTML file to send."),
    "history": ("history", "List the packages of a directory over time."),
    "run": ("run", "Run your port, compare its log, report the changes."),
    "loop": ("loop", "Run your port after every change of its sources."),
    "bisect": ("bisect", "Find the commit of your port that made a difference."),
    "hunt": ("hunt", "Find where your port is wrong, over the whole option space."),
    "suite": ("suite", "Judge your port on every case of a directory."),
    "sweep": ("sweep", "Judge your port on every command line of a plan."),
    "watch": ("watch", "Report packages as they arrive."),
    "import": ("import_geometry", "Turn a geometry of DIALS or XDS into a case."),
    "schema": ("schema", "Print the JSON Schema of an output, a package's file or nbtui.toml."),
    "config": ("config", "Show every effective setting and its origin."),
    "c-trace": ("c_trace", "Run your C program and keep its log."),
    "doctor": ("doctor", "Check this machine: what works, what does not, what to do."),
    "completion": ("completion", "Print the completion script of a shell."),
}
_DEFAULT = "console"
# of Python's collector: with its own (700, 10, 10) it looks through the 165,000 objects of torch again and again,
# a tenth of a second each time, in which the screen stands still
COLLECTIONS = (50_000, 20, 100)
_HELP = """Compare the trace of a C nanoBragg run with that of a PyTorch port, down to the first divergence.

CASE is a folder with command.txt (and trace_c.log), a name from nbtui.toml, or 'demo'; by default the current folder,
if it holds command.txt. 'nbtui CASE' opens the console; without a terminal it prints the comparison. '-- FLAGS' takes
a nanoBragg command line instead. 'nbtui' alone, outside a case folder, shows the demo.
Pixels are always (slow, fast). Exit codes: 0 agree or done, 1 divergence, 2 unusable input, 3 the simulation, the C
program or your port failed, 4 could not write, 5 a verification was incomplete, 130 interrupted, 141 the reader of
stdout has gone.
"""


class LazyGroup(click.Group):
    """The subcommands of COMMANDS; their modules are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"nbtui.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Completions of the first word: a case or a subcommand, whose module stays unloaded."""
        from click.shell_completion import CompletionItem

        from nbtui.commands.completions import cases

        names = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        found = [item for item in cases(ctx, self.params[0], incomplete) if not names or item.type != "dir"]
        return [*names, *found, *click.Command.shell_complete(self, ctx, incomplete)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """``nbtui [CASE] [OPTIONS]`` without a subcommand is the console."""
        if not args and ctx.resilient_parsing:  # completion of the first word, which may become a subcommand
            return super().parse_args(ctx, args)
        if not args or (args[0] not in COMMANDS and args[0] not in ("--help", "-h", "--version")):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


def _version(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from nbtui.installation import described

        click.echo(described())
        context.exit()


@click.group(cls=LazyGroup, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the versions."
)
@click.option("--resume", is_flag=True, expose_value=False, help="Continue the last session, left or interrupted.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error (in any position).")
def program() -> None:
    pass


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (without the program name) and return its exit code.

    As the program (``argv`` is None) it ends the process itself once torch is loaded, whose cleanup takes a second.
    """
    if argv is not None:
        return _outcome(list(argv))
    open_closed_streams()
    gc.set_threshold(*COLLECTIONS)
    if COMPLETION in os.environ:
        return _complete(os.environ[COMPLETION])
    code = _outcome(sys.argv[1:])
    if "torch" in sys.modules:
        atexit._run_exitfuncs()
        _flush_or_forget()
        os._exit(code)
    return code


def _outcome(words: list[str]) -> int:
    own, flags = _split(words)
    debug = "--debug" in own
    own = [word for word in own if word != "--debug"]
    try:
        code = _resume(own) if "--resume" in own else _run(own, Invocation(tuple(words), flags))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _forget_stdout()
        return READER_GONE
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return 130
    except EndedBySignal as ended:
        _say(f"ended by {ended}")
        return ended.exit_code
    except Exception as error:
        if debug:
            raise
        code, text = _explain(error)
        _say(text)
        _flush_or_forget()
        return code


def _complete(instruction: str) -> int:
    """Answer the shell: the completion script, or the completions of an unfinished command line."""
    from click.shell_completion import shell_complete

    if shell_complete(program, {}, "nbtui", COMPLETION, instruction) == 0:
        return 0
    _say(f"{COMPLETION}={clean(instruction)}: must be bash_source, zsh_source or fish_source")
    return 2


def _split(words: list[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """The words before "--" and those after it."""
    if "--" not in words:
        return words, None
    at = words.index("--")
    return words[:at], tuple(words[at + 1 :])


def _resume(own: list[str]) -> int:
    """Continue the last session, left or interrupted, in the folder where it was started."""
    if own != ["--resume"]:
        raise click.UsageError("--resume takes nothing else: the session holds its own case and options")
    from nbtui.console.session.store import newest

    saved = newest()
    os.chdir(saved.cwd)
    words, flags = _split(list(saved.words))
    try:
        return _run([word for word in words if word != "--debug"], Invocation(saved.words, flags, saved))
    except UnusableInput as error:
        remedy = f"restore it and resume again, or discard the session by removing {clean(str(saved.path))}"
        raise UnusableInput(f"{error}\n{remedy}") from error


def _run(own: list[str], invocation: Invocation) -> int:
    if invocation.flags is not None and own and own[0] in ("--help", "-h", "--version"):
        invocation = Invocation(invocation.argv)
    # click's own main would turn a broken pipe into exit code 1, which means divergence here
    try:
        with program.make_context("nbtui", own, obj=invocation) as context:
            outcome = program.invoke(context)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    return outcome if isinstance(outcome, int) else 0


def _explain(error: Exception) -> tuple[int, str]:
    """Exit code and message, one or two lines, of any error."""
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx is not None else "nbtui"
        return 2, f"{clean(' '.join(error.format_message().split()))}\ntry '{command} --help'"
    if isinstance(error, click.ClickException):
        return 2, clean(error.format_message())
    if isinstance(error, NbtuiError):
        return error.exit_code, clean(str(error))
    if isinstance(error, TraceError):
        return 2, clean(str(error))
    if isinstance(error, OSError):
        name = clean(str(error.filename)) if error.filename is not None else "stdout"
        return 4, f"{name}: {error.strerror or error}"
    if isinstance(error, ModuleNotFoundError):
        from nbtui.live.absence import absent_package

        absent = absent_package(error)
        if absent is not None:
            return 2, absent
    kind = type(error).__name__
    return 3, f"unexpected {kind}: {clean(str(error))}\nthis is a bug in nbtui; rerun with --debug for a traceback"


def _say(text: str) -> None:
    try:
        click.echo(f"nbtui: {text}", err=True)
    except OSError:
        _forget(sys.stderr.fileno())


def _forget(descriptor: int) -> None:
    """Discard unwritten output: its reader has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _forget_stdout() -> None:
    _forget(sys.stdout.fileno())


def _flush_or_forget() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _forget_stdout()

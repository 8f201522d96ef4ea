"""``nbsim``: nanoBragg's own command line, computed in torch.

Exit codes: 0 done, 2 unusable input, 3 the simulation failed, 4 could not write, 130 interrupted, 141 the reader of
stdout has gone.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import sys
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING

from nbsim.errors import InputError, Interrupted, NbsimError, OutputError, absent_package

# further imports happen where interrupts are caught
if TYPE_CHECKING:
    from nbsim.model import ExperimentData
    from nbsim.options.own import Settings

_COMPILE = {"auto": None, "on": True, "off": False}
_COMPAT_HINT = "--compat reads the line as C does; nbtui does so by default"
_HELP = ("-h", "--help", "-help")
_VERSION = "--version"
_INTERRUPTED = 130
_KNOWN_TORCH = "2.13."
_READER_GONE = 141  # as SIGPIPE ends a program


def _clean(text: str) -> str:
    """One line without control characters, which file names and contents may contain."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _say(text: str) -> None:
    print(f"nbsim: {_clean(text)}", file=sys.stderr)


def _say_what_c_would_do(settings: Settings, experiment: ExperimentData) -> None:
    """Report words that the C program ignores or interprets differently."""
    from nbsim.options.parse import parse
    from nbsim.options.table import flag_named

    flags = settings.flags
    for word in dict.fromkeys(flags):
        flag = flag_named(word) if word.startswith("-") else None
        if flag is not None and flag.does_nothing:
            _say(f"{word} changes nothing, as in the C program")
    if settings.compat:
        return
    with contextlib.suppress(InputError):
        theirs = parse(flags, Path(), experiment.quirks, compat=True)
        names = experiment.options.differing(theirs)
        if names:
            _say(f"C matches these words differently and gets another {', '.join(names)}; {_COMPAT_HINT}")


def _made(settings: Settings, folder: Path) -> ExperimentData:
    """The experiment of the command line.

    Raises:
        InputError: it is unusable; the message names ``--compat`` where C reads the words.
    """
    import torch

    from nbsim.setup.build import from_command

    try:
        return from_command(
            settings.flags,
            folder,
            phi_mode=settings.typed.get("--phi-mode"),
            c_program=settings.typed.get("--c-program"),
            dtype=getattr(torch, settings.values["--dtype"]),
            device=settings.values["--device"],
            quirks=settings.quirks,
            compat=settings.compat,
        )
    except InputError as error:
        if settings.compat or not _only_c_reads(settings.flags, folder):
            raise
        raise InputError(f"{error}; {_COMPAT_HINT}") from error


def _only_c_reads(flags: Sequence[str], folder: Path) -> bool:
    """Whether C reads words that nbsim refuses."""
    from nbsim.options.parse import parse

    try:
        parse(flags, folder)
    except InputError:
        with contextlib.suppress(InputError):
            return bool(parse(flags, folder, compat=True))
    return False


def _trace(experiment: ExperimentData, threads: int) -> list[str]:
    """The lines of ``-trace_pixel``; none without it."""
    from nbsim.pixel.pixel import simulate_pixel
    from nbsim.pixel.trace import format_line, trace_lines

    if experiment.options.trace_pixel is None:
        return []
    try:
        result = simulate_pixel(experiment, *experiment.options.trace_pixel, n_threads=threads)
    except InputError as error:
        raise InputError(f"-trace_pixel: {error}") from error
    return [format_line(line) for line in trace_lines(result)]


def _is_known_torch() -> bool:
    """Whether torch is one that was tried without a part of it; another one is imported whole."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return "torch" not in sys.modules and version("torch").startswith(_KNOWN_TORCH)
    except PackageNotFoundError:
        return False


def _load_torch() -> None:
    """Import torch into this process, for the CPU alone, in three quarters of the time.

    The module left out registers how the shapes of tensors without values follow from each other, for torch.compile
    and the meta device. A later import of it finds it.
    """
    name = "torch._meta_registrations"
    absent = ModuleType(name)
    sys.modules[name] = absent
    try:
        import torch
    finally:
        if sys.modules.get(name) is absent:
            del sys.modules[name]
    if vars(torch).get("_meta_registrations") is absent:
        del torch._meta_registrations


def _run(argv: Sequence[str], own_process: bool) -> None:
    from nbsim.options.own import split

    settings = split(argv)
    os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
    if own_process and settings.values["--device"] == "cpu" and _is_known_torch():
        _load_torch()
    import torch

    from nbsim.factors.table import write_cache
    from nbsim.image.render import render
    from nbsim.output.destinations import check_destinations
    from nbsim.output.printout import printout_blocks
    from nbsim.output.progress import ProgressBar
    from nbsim.output.setup_block import setup_block
    from nbsim.output.write import seeded, write_outputs
    from nbsim.setup.checks import check_image_memory

    if not gc.isenabled():  # by main, for the imports; what they made stays, and needs no collection
        gc.freeze()
        gc.enable()
    folder = Path()
    experiment = _made(settings, folder)
    for notice in experiment.notices:
        _say(notice)
    options = experiment.options
    _say_what_c_would_do(settings, experiment)
    check_image_memory(experiment.detector.n_slow, experiment.detector.n_fast)
    check_destinations(experiment, folder)
    experiment = seeded(experiment)
    trace = _trace(experiment, settings.threads)
    blocks = printout_blocks(experiment, n_threads=settings.threads)
    first = list(islice(blocks, 1))  # an impossible pixel is refused before anything is printed
    for text in chain(map(_clean, setup_block(experiment)), trace, first, blocks):
        print(text)
    if options.hkl_file is not None:
        write_cache(folder / options.dump_file, experiment.structure_factors)
    # an interrupt may come at any time here, during a build of the kernel too: nothing is written before the end
    image = render(
        experiment,
        n_threads=settings.threads,
        compile_kernel=_COMPILE[settings.values["--compile"]],
        progress=ProgressBar(sys.stderr, options.progress and not options.printout),
        notice=_say,
    )
    beyond = sum(int(torch.count_nonzero(~rows.isfinite())) for rows in torch.split(image.photons, 256))
    if beyond:
        _say(f"{beyond} pixels are beyond the largest 4-byte float; try a lower -fluence")
    elif not bool(image.photons.any()):
        _say("every pixel is zero")
    for text in write_outputs(experiment, image, folder):
        print(_clean(text))


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; ``argv`` is for callers from Python."""
    if argv is not None:
        return _outcome(argv)
    _open_closed_streams()
    ended = _end_as_interrupted()
    gc.disable()  # collections during the import of torch take a tenth of its time
    code = _outcome(sys.argv[1:], own_process=True)
    if ended and code == _INTERRUPTED:
        code = 128 + ended[0]
    # skip torch's shutdown, which takes half a second, even after Ctrl-C
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def _open_closed_streams() -> None:
    """Give each standard stream that the caller closed to the null device, before another file takes its number."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
            setattr(sys, name, os.fdopen(number, mode))


def _end_as_interrupted() -> list[int]:
    """Let SIGTERM and SIGHUP end the run as Ctrl-C does, with temporary files and compilers gone; their numbers."""
    ended: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        ended.append(number)
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    return ended


def _outcome(words: Sequence[str], *, own_process: bool = False) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a file name may contain characters outside the terminal's encoding
    try:
        from nbsim.options.usage import USAGE, help_text

        if not words:
            print(USAGE, end="", file=sys.stderr)
            return 2
        if any(word in _HELP for word in words):
            print(help_text(), end="")
        elif _VERSION in words:
            from importlib.metadata import version

            print(f"nbsim {version('nbtui')}")  # one distribution holds both
        else:
            _run(words, own_process)
        sys.stdout.flush()
    except InputError as error:
        return _fail(error, 2)
    except OutputError as error:
        return _fail(error, 4)
    except (Interrupted, KeyboardInterrupt):
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")  # overwrite the progress line
        with contextlib.suppress(OSError):  # the terminal may be gone
            print("nbsim: interrupted; no file was left half written", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_GONE
    except ModuleNotFoundError as error:
        absent = absent_package(error)
        if absent is None:
            raise
        return _fail(InputError(absent), 2)
    except (NbsimError, MemoryError, RuntimeError, OSError) as error:
        return _fail(error, 3)
    return 0


def _fail(error: BaseException, code: int) -> int:
    _say(" ".join((str(error) or type(error).__name__).split()))
    return code


if __name__ == "__main__":
    sys.exit(main())

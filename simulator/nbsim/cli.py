"""``nbsim``: nanoBragg's own command line, computed in torch.

Exit codes: 0 done, 2 unusable input, 3 the simulation failed, 4 could not write, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .errors import InputError, Interrupted, NbsimError, OutputError
from .flags import lookup

USAGE = """usage: nbsim FLAGS [--device cpu|cuda] [--dtype float32|float64] [--phi-mode spec|c-parity]
             [--quirk NAME=on|off] [--omp-threads N] [--compile auto|on|off]

FLAGS are nanoBragg's own; input and output files are in the current directory, outputs are
replaced as the C program replaces them. With -trace_pixel SLOW FAST the pixel's trace is
printed too.

  --column NAME         column of an MTZ or CIF file given with -hkl; default: its only amplitude column
  --phi-mode c-parity   keep the vectors of the last phi step at phi = 0, as the C program does
  --omp-threads N       first pixels as in a C run with that OMP_NUM_THREADS (default 1)
  --compile             auto: use the compiled kernel if it was built before, or build it for a long run
"""
_CHOICES = {
    "--device": ("cpu", "cuda"),
    "--dtype": ("float32", "float64"),
    "--phi-mode": ("spec", "c-parity"),
    "--compile": ("auto", "on", "off"),
}
_COMPILE = {"auto": None, "on": True, "off": False}
_SECONDS_BETWEEN_REPORTS = 0.5


@dataclass
class _Settings:
    values: dict[str, str] = field(
        default_factory=lambda: {"--device": "cpu", "--dtype": "float64", "--phi-mode": "spec", "--compile": "auto"}
    )
    quirks: dict[str, bool] = field(default_factory=dict)
    threads: int = 1
    flags: list[str] = field(default_factory=list)


def _quirk(text: str) -> tuple[str, bool]:
    name, _, state = text.partition("=")
    if state not in ("on", "off"):
        raise InputError(f"--quirk {text}: give NAME=on or NAME=off")
    return name, state == "on"


def _split(argv: Sequence[str]) -> _Settings:
    """Our own double-dash options taken out of nanoBragg's."""
    settings, rest = _Settings(), list(argv)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name not in (*_CHOICES, "--quirk", "--omp-threads"):
            settings.flags.append(word)
            continue
        if not equals:
            if not rest:
                raise InputError(f"{name}: a value must follow")
            value = rest.pop(0)
        if name == "--quirk":
            quirk, state = _quirk(value)
            settings.quirks[quirk] = state
        elif name == "--omp-threads":
            if not value.isdecimal() or int(value) < 1:
                raise InputError(f"--omp-threads {value}: needs a whole number from 1")
            settings.threads = int(value)
        elif value not in _CHOICES[name]:
            raise InputError(f"{name} {value}: one of {', '.join(_CHOICES[name])}")
        else:
            settings.values[name] = value
    return settings


def _say_what_does_nothing(words: Sequence[str]) -> None:
    """Options that the C program reads and never uses are not passed over in silence."""
    for word in dict.fromkeys(words):
        flag = lookup(word) if word.startswith("-") else None
        if flag is not None and not (flag.sets or flag.also or flag.special):
            print(f"nbsim: {word} changes nothing, as in the C program", file=sys.stderr)


class _Reporter:
    """Progress on stderr, at most twice a second, only where somebody can see it."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted and sys.stderr.isatty()
        self._started = self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._wanted or (now - self._last < _SECONDS_BETWEEN_REPORTS and done < total):
            return
        self._last = now
        rate = done / max(now - self._started, 1e-9)
        left = (total - done) / rate if rate else 0.0
        sys.stderr.write(f"\r{100 * done // max(total, 1):3d} %  {rate / 1e6:.2f} Mpixel/s  {left:.0f} s left \x1b[K")
        sys.stderr.write("\n" if done >= total else "")
        sys.stderr.flush()


def _run(argv: Sequence[str]) -> None:
    settings = _split(argv)
    os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
    import torch

    from .experiment import from_command
    from .image import render
    from .outputs import write_outputs
    from .pixel import simulate_pixel
    from .structure_factors import write_cache
    from .trace import format_line, trace_lines

    folder = Path()
    experiment = from_command(
        settings.flags,
        folder,
        phi_mode=settings.values["--phi-mode"],
        dtype=getattr(torch, settings.values["--dtype"]),
        device=settings.values["--device"],
        quirks=settings.quirks,
    )
    for notice in experiment.notices:
        print(f"nbsim: {notice}", file=sys.stderr)
    options = experiment.options
    _say_what_does_nothing(settings.flags)
    if options.printout:
        raise InputError("-printout: not in nbsim; -trace_pixel SLOW FAST prints every value of a pixel")
    if options.hkl_file is not None:
        write_cache(folder / options.dump_file, experiment.structure_factors)
    if options.trace_pixel is not None:
        result = simulate_pixel(experiment, *options.trace_pixel, n_threads=settings.threads)
        for line in trace_lines(result):
            print(format_line(line))
    # an interrupt may come at any time here, during a build of the kernel too: nothing is written before the end
    image = render(
        experiment,
        n_threads=settings.threads,
        compile_kernel=_COMPILE[settings.values["--compile"]],
        progress=_Reporter(options.progress),
    )
    for text in write_outputs(experiment, image, folder):
        print(text)


def usage() -> str:
    """Usage text with nanoBragg's options from the one table."""
    from .flag_table import FLAGS

    lines = [USAGE, "\nFLAGS (several spellings of one option are alternatives):\n"]
    for flag in FLAGS:
        own = tuple(name for name in flag.names if name not in flag.stems)
        names = " ".join(own + tuple(f"{stem}..." for stem in flag.stems))
        values = f" x{flag.values}" if flag.values > 1 else ""
        unit = f" [{flag.unit}]" if flag.unit else ""
        lines.append(f"  {names}{values}\n        {flag.help}{unit}\n")
    return "".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script."""
    words = sys.argv[1:] if argv is None else list(argv)
    if not words:
        print(USAGE, end="", file=sys.stderr)
        return 2
    if words[0] in ("-h", "--help", "-help"):
        print(usage(), end="")
        return 0
    try:
        _run(words)
        sys.stdout.flush()
    except InputError as error:
        return _fail(error, 2)
    except OutputError as error:
        return _fail(error, 4)
    except (Interrupted, KeyboardInterrupt):
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")  # over the progress line
        print("nbsim: interrupted; no file was left half written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (NbsimError, MemoryError, RuntimeError) as error:
        return _fail(error, 3)
    return 0


def _fail(error: BaseException, code: int) -> int:
    text = " ".join((str(error) or type(error).__name__).split())
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text)
    print(f"nbsim: {shown}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())

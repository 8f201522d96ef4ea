"""``make fuzz``: inputs that nobody wrote, for every reader, for some minutes; faults are kept in ``tests/fuzz/found``.

A fault is an exception that is not one of our own errors, a text with a control character, an input that takes more
than some seconds of processor time or some hundred MB, a crash. Each reader runs in a process of its own, one after
the other. An input that shows a fault goes into ``tests/fuzz/corpus`` with the correction, and is a test from then on.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from fuzz.mutations import mutated
from fuzz.readers import READERS, Reader, found_inputs

FOUND = Path(__file__).parent / "found"
SECONDS = 5.0  # of processor time for one input
SILENCE = 120.0  # s of waiting for a process that no longer answers, inside a library
MEMORY = 600 << 20  # bytes above the need of the first inputs
ADDRESSES = 4 << 30  # bytes of address space above the first need: what is larger fails at once
LARGE = ("torch", "gemmi", "jsonschema", "nbsim.cli", "nbtui.cli", "nbtui.diagnosis.diagnose", "nbtui.console.run")
WARM_UP = 20  # inputs before memory counts


class TooSlowError(Exception):
    """One input takes too much processor time."""


@dataclass
class Tally:
    """What a reader has been through."""

    inputs: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def late(number: int, frame: FrameType | None) -> None:
    raise TooSlowError(f"more than {SECONDS:g} s of processor time")


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def place_of(error: BaseException) -> str:
    """The innermost line of our own code: each fault is reported once, however many inputs show it."""
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "nbtui" in frame.filename or "nbsim" in frame.filename
    ]
    frame = own[-1] if own else traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno} {type(error).__name__} {str(error)[:100]}"


def keep(reader: Reader, data: bytes, told: str) -> None:
    folder = FOUND / reader.name.replace(" ", "_")
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(data).hexdigest()[:12]
    (folder / name).write_bytes(data)
    (folder / f"{name}.txt").write_text(told)


def work(reader: Reader, seed: int, folder: Path, answers: int) -> None:
    """Try inputs until the process is ended; one line for each on the pipe ``answers``."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ADDRESSES, used + ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGVTALRM, late)
    source, known, seen = random.Random(seed), reader.known(), set()
    known += [path.read_bytes() for path in found_inputs(reader)]
    basis = 0
    path = folder / "input"
    for number in range(1 << 62):
        data = mutated(source, known)
        path.write_bytes(data)
        told = ""
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            reader.read(path)
        except Exception as error:
            told = place_of(error)
            whole = traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        if number == WARM_UP:
            basis = peak()
        elif basis and peak() > basis + MEMORY:
            told = whole = f"{(peak() - basis) >> 20} MB of memory"
            basis = peak()
        if told and told not in seen:
            seen.add(told)
            keep(reader, data, f"{told}\n\n{whole}")
            os.write(answers, f"{reader.name}: {told}\n".encode("utf-8", "replace").replace(b"\n", b" ")[:400] + b"\n")
        else:
            os.write(answers, b"\n")


def tried(reader: Reader, seed: int, seconds: float) -> Tally:
    """Fuzz one reader for so many seconds, in a new process whenever one is lost."""
    tally, start = Tally(), time.monotonic()
    while (left := seconds - (time.monotonic() - start)) > 0:
        folder = Path(tempfile.mkdtemp(prefix="nbtui-fuzz-"))
        here, there = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                work(reader, seed + tally.inputs, folder, there)
            except BaseException:
                traceback.print_exc()
            os._exit(1)
        os.close(there)
        lost = listen(child, here, left, tally)
        os.close(here)
        if lost:
            tally.faults.append(f"{reader.name}: {lost}")
            keep(reader, (folder / "input").read_bytes(), lost)
            tally.inputs += 1
        shutil.rmtree(folder, ignore_errors=True)
    tally.seconds = time.monotonic() - start
    return tally


def listen(child: int, answers: int, seconds: float, tally: Tally) -> str:
    """Count answers until the time is over; how the process was lost, or empty."""
    end, rest = time.monotonic() + seconds, b""
    while (left := end - time.monotonic()) > 0:
        ready = select.select([answers], [], [], max(left, SILENCE))[0]
        piece = os.read(answers, 65536) if ready else b""
        if not piece:
            if not ready:
                os.kill(child, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            return f"no answer for {SILENCE:g} s" if not ready else f"the process ended with {status}"
        *lines, rest = (rest + piece).split(b"\n")
        tally.inputs += len(lines)
        for line in filter(None, lines):
            tally.faults.append(line.decode("utf-8", "replace"))
            print(f"  FAULT {tally.faults[-1]}", flush=True)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("readers", nargs="*", help=f"of: {', '.join(READERS)}")
    given = parser.parse_args()
    chosen = [READERS[name] for name in given.readers or READERS]
    os.nice(10)
    os.environ["OMP_NUM_THREADS"] = "1"
    for module in LARGE:  # once, for the processes of all readers
        importlib.import_module(module)
    print(f"seed {given.seed}, {given.minutes:g} minutes, {len(chosen)} readers", flush=True)
    faults = 0
    for reader in chosen:
        tally = tried(reader, given.seed, 60.0 * given.minutes / len(chosen))
        faults += len(tally.faults)
        print(
            f"{reader.name:24} {tally.inputs:8} inputs {tally.seconds:6.0f} s {len(tally.faults):4} faults", flush=True
        )
    if faults:
        print(f"{faults} faults; the inputs are in {FOUND}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

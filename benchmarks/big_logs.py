"""Logs of any size: what reading, comparing and looking at them costs, and the longest time the screen stands still.

python benchmarks/big_logs.py make FOLDER [--lines 1000000] [--noise-mb 1000]
python benchmarks/big_logs.py read LOG ... | compare C_LOG PY_LOG | console open C_LOG PY_LOG
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TEMPLATE = Path(__file__).parents[1] / "tests" / "data" / "traces" / "phi_carryover.log"
KINDS = ("noise", "phi", "blocks", "both")


def parts() -> tuple[list[str], list[str], str, list[str]]:
    """Lines before the repeated block, the block, a pattern of a phi line, and the lines behind."""
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    first = next(i for i, text in enumerate(lines) if text.startswith("TRACE_C: pix0_vector_meters"))
    last = next(i for i, text in enumerate(lines) if text.startswith("TRACE_C: I_before_scaling"))
    block = [text for text in lines[first:last] if "_PHI" not in text]
    return (
        lines[:first],
        block,
        "TRACE_C_PHI phi_tic={} phi_deg={:.15g} k_frac={:.15g} F_latt_b={:.15g} F_latt={:.15g}",
        lines[last:],
    )


def trace(blocks: int, phi: int, off: float) -> Iterator[str]:
    """A trace of ``blocks`` sub-pixels and layers with ``phi`` steps each; numbers off by the factor 1 + ``off``."""
    head, block, pattern, tail = parts()
    yield from head
    for number in range(blocks):
        shift = 1.0 + 1e-5 * number + off * (number % 3 == 1)
        for text in block:
            name, _, value = text.rpartition(" ")
            yield f"{name} {float(value) * shift:.15g}" if "." in value else text
        for tic in range(phi):
            k = 2.69 + 1e-3 * tic * shift
            yield pattern.format(tic, 0.05 * tic, k, 0.74 * shift - 1e-4 * tic, 6.5 * shift + 1e-3 * tic)
    yield from tail


def write(path: Path, lines: Iterator[str], side: str, noise_mb: int = 0) -> None:
    noise = "".join(f"{number}% done, some program says what it does\n" for number in range(100)) * 250
    pieces = noise_mb * 1_000_000 // len(noise)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(pieces // 2):
            file.write(noise)
        for text in lines:
            file.write(text.replace("TRACE_C", f"TRACE_{side}") + "\n")
        for _ in range(pieces - pieces // 2):
            file.write(noise)


def make(folder: Path, lines: int, noise_mb: int) -> None:
    """Both sides of every kind."""
    folder.mkdir(parents=True, exist_ok=True)
    size = len(parts()[1])
    for side, off in (("C", 0.0), ("PY", 1e-5)):
        write(folder / f"noise_{side}.log", trace(1, 10, off), side, noise_mb)
        write(folder / f"phi_{side}.log", trace(max(1, lines // 1000), 1000, off), side)
        write(folder / f"blocks_{side}.log", trace(lines // size, 0, off), side)
        write(folder / f"both_{side}.log", trace(lines // 2000, 1000, off), side, noise_mb // 2)
    for path in sorted(folder.glob("*.log")):
        print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB")


def peak() -> float:
    """Peak memory of this process [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read(paths: list[Path]) -> None:
    from nbtui.trace.reading.reader import read_trace

    for path in paths:
        before, begun = peak(), time.process_time()
        found = read_trace(path)
        spent, size = time.process_time() - begun, path.stat().st_size / 1e6
        print(
            f"{path.name}: {size:.0f} MB, {len(found.records)} records, {len(found.phi)} phi lines: {spent:.2f} s CPU, "
            f"{size / spent:.0f} MB/s, {peak() - before:.0f} MB more memory"
        )


def compare(paths: list[Path]) -> None:
    from nbtui.parity.compare import compare as compared
    from nbtui.trace.reading.reader import read_trace

    begun = time.perf_counter()
    c, py = (read_trace(path) for path in paths)
    middle = time.perf_counter()
    found = compared(c, py)
    print(
        f"read {middle - begun:.1f} s, compared {len(found.rows)} rows in {time.perf_counter() - middle:.1f} s, "
        f"{found.num_divergent} differ, peak {peak():.0f} MB"
    )


PROGRAM = """
import asyncio, json, resource, sys, time
from nbtui.console import app as shell

begun = time.perf_counter()

async def tick(console):
    last = time.perf_counter()
    with open("ticks.txt", "w") as out:
        while True:
            await asyncio.sleep(0.002)
            now = time.perf_counter()
            state = console.state
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            out.write(json.dumps([now - begun, now - last - 0.002, state.phase.name, len(state.rows), memory]) + "\\n")
            out.flush()
            last = time.perf_counter()

plain = shell.Console.on_mount
def on_mount(self):
    plain(self)
    self._ticker = asyncio.get_running_loop().create_task(tick(self))
shell.Console.on_mount = on_mount
from nbtui.cli import main
raise SystemExit(main(sys.argv[1:]))
"""
KEYS = (  # what is pressed after loading, and how often
    ("down", "j", 20),
    ("page down", "\x1b[6~", 20),
    ("end", "\x1b[F", 2),
    ("home", "\x1b[H", 2),
    ("d next divergence", "d", 10),
    ("D previous", "D", 10),
    ("f only differing", "f", 4),
    ("/F_latt enter", "/F_latt\r", 1),
    ("n", "n", 5),
    ("stage", "4", 1),
    ("stage down", "j", 6),
    ("fields", "1", 1),
    ("detail", "\r", 1),
    ("Esc", "\x1b", 1),
    (": rot", ":rot", 1),
    ("Esc", "\x1b", 1),
    ("l logs", "l", 1),
    ("in the logs: page down", "\x1b[6~", 10),
    ("in the logs: d next mark", "d", 10),
    ("in the logs: end", "\x1b[F", 1),
    ("in the logs: home", "\x1b[H", 1),
    ("in the logs: / F_latt", "/F_latt=6\r", 1),
    ("leave the logs", "q", 1),
    ("e export", "e", 1),
)


STEPPING = (  # what is pressed on a case of very many steps
    ("] phi step", "]", 20),
    ("} domain", "}", 20),
    ("contributions: v next picture", "v", 6),
    ("zoomed", "3z", 1),
    ("zoomed: down", "j", 10),
    ("zoomed: right", "\x1b[C", 10),
    ("zoomed: v next picture", "v", 6),
    ("m phi mode", "m", 2),
    ("e export", "e", 1),
)
WAITS = {"l logs": 15.0, "in the logs: / F_latt": 15.0, "e export": 15.0}  # s for what runs beside the screen


def console(words: list[str]) -> None:
    """``nbtui WORDS`` in a terminal of 120 x 40: how long until rows are there, and the longest gaps."""
    import json
    import os
    import tempfile

    sys.path.insert(0, str(TEMPLATE.parents[2]))
    from support.console_terminal import Terminal

    names = [str(Path(word).resolve()) if Path(word).exists() else word for word in words]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        terminal = Terminal(PROGRAM.replace("sys.argv[1:]", repr(names)), folder)

        def ticks() -> list[list[float]]:
            lines = (folder / "ticks.txt").read_text().splitlines() if (folder / "ticks.txt").exists() else []
            return [json.loads(text) for text in lines[:-1]]

        def until(done: Callable[[], bool], patience: float = 300.0) -> None:
            end = time.monotonic() + patience
            while not done() and time.monotonic() < end:
                terminal.read(0.05)

        until(lambda: bool(ticks()) and ticks()[-1][2] in ("READY", "FAILED"))
        seen = ticks()
        rows = next((at for at, _, _, rows, _ in seen if rows), float("nan"))
        print(f"first tick {seen[0][0]:.2f} s, first row {rows:.2f} s, ready {seen[-1][0]:.2f} s, {seen[-1][4]:.0f} MB")
        gaps = sorted((gap for _, gap, *_ in seen), reverse=True)
        print("loading: largest gaps [ms]", *(f"{1000 * gap:.0f}" for gap in gaps[:6]))
        for label, keys, times in KEYS if words[0] == "open" else STEPPING:
            before = len(ticks())
            begun = time.monotonic()
            for _ in range(times):
                os.write(terminal.fd, keys.encode())
                terminal.read(0.15)
            rest = WAITS.get(label, 0.3)
            terminal.read(rest)
            gaps = sorted((gap for _, gap, *_ in ticks()[before:]), reverse=True)
            print(
                f"{label}: largest gaps [ms]",
                *(f"{1000 * gap:.0f}" for gap in gaps[:4]),
                f"in {time.monotonic() - begun:.1f} s",
            )
        print(terminal.screen())
        print(f"{ticks()[-1][4]:.0f} MB")
        os.write(terminal.fd, b"q")
        begun = time.monotonic()
        print(f"exit code {terminal.end()}, {time.monotonic() - begun:.2f} s after q")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "read", "compare", "console"))
    parser.add_argument("paths", nargs="+", help="a folder to make, logs, or the words of an nbtui command line")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--noise-mb", type=int, default=1000)
    given = parser.parse_args()
    if given.what == "make":
        make(Path(given.paths[0]), given.lines, given.noise_mb)
    elif given.what == "console":
        console(given.paths)
    else:
        {"read": read, "compare": compare}[given.what]([Path(path) for path in given.paths])
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``make recordings``: outputs of slow commands that the docs quote, made again; ``--check`` only compares.

Each command runs in an empty folder, with the small port of the tests.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
DOCS = TOP / "docs"
SMALL_PORT = TOP / "tests" / "small_port"
FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.M | re.S)
# times, gaps that are rounding, and how often a search that rounding steers evaluates its function
MASKED = re.compile(r"\d+ s of CPU time|[+-]?[\d.]+e-1\d %|\d+ evaluations")

sys.path.insert(0, str(SMALL_PORT.parent))
from small_port.fixes import FIXES, PORT, fixed  # noqa: E402


def run(folder: Path, *words: str) -> str:
    """Stdout of a command in a folder, with the programs of this environment and a state directory of its own."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "XDG_STATE_HOME": str(folder / ".state")}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{shlex.join(words)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def runs_of(folder: Path, page: str, case: str, versions: list[str]) -> list[str]:
    """The last lines of ``nbtui run`` for versions of the port, with the settings of a page."""
    (settings,) = re.findall(r"```toml\n(.*?)```", (DOCS / page).read_text("utf-8"), re.S)
    (folder / "nbtui.toml").write_text(settings, encoding="utf-8")
    found = []
    for text in versions:
        (folder / "port.py").write_text(text, encoding="utf-8")
        printed = run(folder, "nbtui", "run", case).splitlines()
        start = next(at for at, line in enumerate(printed) if line.startswith("run "))
        found.append("".join(f"{line}\n" for line in printed[start:]))
    return found


def tutorial(folder: Path) -> list[str]:
    """docs/tutorial.md: the five runs, with their causes."""
    text = PORT.read_text("utf-8")
    versions = [text]
    for name in FIXES:
        text = fixed(name, text=text)
        versions.append(text)
    return runs_of(folder, "tutorial.md", "mine", versions)


def loop(folder: Path) -> list[str]:
    """docs/runs.md: the run after the first correction."""
    return runs_of(folder, "runs.md", "small", [PORT.read_text("utf-8"), fixed(next(iter(FIXES)))])[1:]


def suite(folder: Path) -> list[str]:
    """docs/sweeps.md: the small port on four command lines."""
    for name in ("port.py", "suite.txt"):
        shutil.copy(SMALL_PORT / name, folder)
    port = "python port.py {command} -trace_pixel {pixel}"
    return [run(folder, "nbtui", "suite", "suite.txt", "--suspect", port, "--processes", "1")]


def shots(folder: Path) -> list[str]:
    """docs/refinement.md: fifty shots refined, with the command."""
    words = ("python", "examples/refine_shots.py", "--shots", "50")
    (folder / "examples").mkdir()
    shutil.copy(TOP / words[1], folder / "examples")
    return [f"$ {shlex.join(words)}\n{run(folder, *words)}"]


# (page, beginning of its blocks) -> what prints them
RECORDINGS: dict[tuple[str, str], Callable[[Path], list[str]]] = {
    ("tutorial.md", "run "): tutorial,
    ("runs.md", "run 2:"): loop,
    ("sweeps.md", "port "): suite,
    ("refinement.md", "$ python examples"): shots,
}


def with_blocks(page: str, begins: str, made: list[str]) -> str:
    """The text of a page with its blocks of this beginning replaced; those that differ by masked parts alone stay."""
    left = list(made)

    def replaced(match: re.Match[str]) -> str:
        old = match[1]
        if not old.startswith(begins):
            return match[0]
        new = left.pop(0)
        return match[0] if MASKED.sub("#", new) == MASKED.sub("#", old) else match[0].replace(old, new)

    text = FENCED.sub(replaced, (DOCS / page).read_text("utf-8"))
    if left:
        raise SystemExit(f"{page}: {len(made)} outputs, but {len(made) - len(left)} blocks that begin with '{begins}'")
    return text


def main(words: list[str]) -> int:
    """Renew the blocks, or say with ``--check`` which page differs; names of pages choose some."""
    chosen = [word for word in words if word.endswith(".md")]
    changed = False
    for (page, begins), make in RECORDINGS.items():
        if chosen and page not in chosen:
            continue
        with tempfile.TemporaryDirectory() as folder:
            text = with_blocks(page, begins, make(Path(folder)))
        same = text == (DOCS / page).read_text("utf-8")
        print(f"{page}: {'as recorded' if same else 'differs'}", flush=True)
        if not same and "--check" not in words:
            (DOCS / page).write_text(text, encoding="utf-8")
        changed |= not same
    return 1 if changed and "--check" in words else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""``make screens``: pictures of the console in docs/screens, from the built-in demo and the example package.

The console runs without a terminal and is asked for its own screen; nothing in a picture is drawn by hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from nbtui.cli import main as nbtui
from nbtui.commands.run_options import last_log
from nbtui.console.app import Console, initial
from nbtui.console.image.screen import ImageScreen
from nbtui.console.logs.screen import LogsScreen
from nbtui.console.main.cause_summary import cause_in_one_line
from nbtui.console.main.jobs import Judgement
from nbtui.console.main.state import Phase
from nbtui.console.packages.screen import PackagesScreen
from nbtui.console.parameters.screen import ParametersScreen
from nbtui.console.runs.screen import RunsScreen
from nbtui.console.session.preferences import Preferences
from nbtui.console.sweeps.screen import SweepsScreen
from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from nbtui.runs.known import known_commands
from nbtui.settings import load
from small_port.fixes import FIXES, PORT, fixed

TOP = Path(__file__).resolve().parents[1]
SCREENS = TOP / "docs" / "screens"
SIZE = (120, 40)
DEMO = TOP / "src" / "nbtui" / "demo"
SIZES = ((80, 24), (200, 60))  # of the main screen, too
SWEEP = """
command = "-cell 40 50 60 90 90 90 -default_F 100 -lambda 1.2 -N 5 -distance 120 -detpixels 12 -pixel 4 -oversample 1"
suspect = "python port.py {command} -trace_pixel {pixel}"
mode = "pairwise"
reduce = 12
[axes]
"-misset" = [[10, 20, 30]]
"-phi" = ["5 -osc 0.6 -phisteps 4"]
"-lambda" = [1.37]
"-cell" = ["40 50 60 82 97 108"]
"-mosaic" = ["0.4 -mosaic_domains 5"]
"-distance" = [150]
"-twotheta" = [5]
"-nopolar" = [true]
"-water" = [5]
"""
PATIENCE = 6000  # looks, 0.01 s apart


async def shoot() -> dict[str, str]:
    """The pictures by name."""
    judgement = Judgement("full", None, {})
    app = Console(
        initial(load_case(None), Settings(), None, None, judgement),
        judgement,
        Path("reports"),
        Preferences(diagnose=True),
    )
    pictures: dict[str, str] = {}
    async with app.run_test(size=SIZE) as pilot:
        await _until(pilot, lambda: app.state.phase is Phase.READY and cause_in_one_line(app.state) != "")
        pictures["main-spec"] = await _picture(pilot)
        for size in SIZES:
            await pilot.resize_terminal(*size)
            pictures[f"main-{size[0]}x{size[1]}"] = await _picture(pilot)
        await pilot.resize_terminal(*SIZE)
        await pilot.press("p")
        await _until(pilot, lambda: isinstance(app.screen, ParametersScreen))
        pictures["parameters"] = await _picture(pilot)
        os.chdir(DEMO)  # a path on this machine says nothing to a reader
        await pilot.press("escape", "l")
        await _until(pilot, lambda: isinstance(app.screen, LogsScreen) and "live, spec" in _text(app))
        pictures["logs"] = await _picture(pilot)
        os.chdir(TOP)
        await pilot.press("escape", "x")
        pictures["why"] = await _picture(pilot)
        await pilot.press("escape", "question_mark")
        pictures["help"] = await _picture(pilot)
        await pilot.press("escape", "i")
        await _until(pilot, lambda: isinstance(app.screen, ImageScreen) and app.screen.state.judged)
        await pilot.press("n")
        pictures["image"] = await _picture(pilot)
        await pilot.press("q", "m")
        await _until(pilot, lambda: app.state.phase is Phase.READY and app.state.settings.phi_mode == "c-parity")
        await pilot.pause(3.0)  # the marks of changed values fade
        pictures["main-c-parity"] = await _picture(pilot)
        await pilot.press("w")
        await _until(pilot, lambda: isinstance(app.screen, PackagesScreen) and app.screen.state.entry is not None)
        pictures["packages"] = await _picture(pilot)
    return pictures


async def shoot_runs() -> str:
    """The list of runs of the session in docs/tutorial.md, before its last fault is put right."""
    configuration = load()
    case = load_case("mine", configuration=configuration)
    known = known_commands(case, configuration.cases["mine"])
    judgement = Judgement("full", None, {})
    logs, _ = last_log(known)
    start = initial(case, Settings(), None, None, judgement, logs, known=known)
    app = Console(start, judgement, Path("reports"), Preferences())
    async with app.run_test(size=SIZE) as pilot:
        await _until(pilot, lambda: app.state.phase is Phase.READY)
        await pilot.press("o")
        await _until(pilot, lambda: isinstance(app.screen, RunsScreen) and "run 4" in _text(app))
        return await _picture(pilot)


async def shoot_sweeps() -> dict[str, str]:
    """The sweep of SWEEP, finished."""
    configuration = load()
    case = load_case("mine", configuration=configuration)
    judgement = Judgement("full", None, {})
    start = initial(case, Settings(), None, None, judgement, known=known_commands(case, configuration.cases["mine"]))
    app = Console(start, judgement, Path("reports"), Preferences())
    pictures: dict[str, str] = {}
    async with app.run_test(size=SIZE) as pilot:
        await _until(pilot, lambda: app.state.phase is Phase.READY)
        await pilot.press("s")
        await _until(pilot, lambda: isinstance(app.screen, SweepsScreen) and "finished" in _text(app))
        pictures["sweeps"] = await _picture(pilot)
        await pilot.resize_terminal(80, 24)
        pictures["sweeps-80x24"] = await _picture(pilot)
    return pictures


def run_sweep() -> None:
    """A small sweep of the port of docs/tutorial.md as it was at first, in the current folder."""
    Path("port.py").write_text(PORT.read_text(encoding="utf-8"), encoding="utf-8")
    Path("mine.toml").write_text(SWEEP, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "nbtui", "sweep", "mine.toml"], stdout=subprocess.DEVNULL, check=False)


def run_tutorial() -> None:
    """The first runs of docs/tutorial.md, in the current folder."""
    (settings,) = re.findall(r"```toml\n(.*?)```", (TOP / "docs" / "tutorial.md").read_text("utf-8"), re.S)
    Path("nbtui.toml").write_text(settings, encoding="utf-8")
    text = PORT.read_text(encoding="utf-8")
    for name in ("", *FIXES)[: len(FIXES)]:
        text = fixed(name, text=text) if name else text
        Path("port.py").write_text(text, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()):
            nbtui(["run", "mine"])


async def _until(pilot: Pilot[int], condition: Callable[[], bool]) -> None:
    for _ in range(PATIENCE):
        await pilot.pause(0.01)
        if condition():
            return
    raise SystemExit("the console never came so far")


def _text(app: Console) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def _picture(pilot: Pilot[int]) -> str:
    await pilot.pause(0.3)
    return small(pilot.app.export_screenshot(title="nbtui"))


def small(svg: str) -> str:
    """The picture without fonts from the network, and with coordinates no finer than a screen; its text is kept."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.S)
    svg = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\d+\.\d)\d+", r"\1", tag[0]), svg)
    return re.sub(r"\n\s+", "\n", svg)


def main() -> int:
    """Write the pictures. Returns an exit code."""
    os.chdir(TOP)
    SCREENS.mkdir(parents=True, exist_ok=True)
    pictures = asyncio.run(shoot())
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["XDG_STATE_HOME"] = folder
        os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        run_tutorial()
        pictures["runs"] = asyncio.run(shoot_runs())
        run_sweep()
        pictures.update(asyncio.run(shoot_sweeps()))
        os.chdir(TOP)
    for name, svg in pictures.items():
        (SCREENS / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(f"docs/screens/{name}.svg {len(svg.encode()) // 1024} KiB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

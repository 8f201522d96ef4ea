"""The console in a browser, through textual-serve: its text is in the page, and a key ends it."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.console_terminal import nbtui_program
from support.patience import PATIENCE

aiohttp = pytest.importorskip("aiohttp", reason="textual-serve is not installed")
pytest.importorskip("textual_serve", reason="textual-serve is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")]

SERVE = (
    "import sys; from textual_serve.server import Server; Server(sys.argv[1], '127.0.0.1', int(sys.argv[2])).serve()"
)
# a page of this machine alone: no sandbox, which root and many containers cannot have, and no host but this one, so
# that the font from elsewhere is refused at once; WebGL, in which the page draws, without a graphics card
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--enable-unsafe-swiftshader",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=1300,800",
    "--remote-debugging-port=0",
)
# the page draws on a canvas: its text is in the buffer of its terminal, which the page keeps to itself
KEEP_TERMINAL = """
Object.defineProperty(Object.prototype, "fitAddon", {configurable: true, set(addon) {
    window.shown = this.terminal;
    Object.defineProperty(this, "fitAddon", {value: addon, writable: true});
}})
"""
TEXT = """(() => {
    const screen = window.shown?.buffer?.active;
    const rows = Array.from({length: screen?.length ?? 0}, (_, row) => screen.getLine(row).translateToString());
    return rows.join("\\n");
})()"""
COLOURS = """(async () => {
    const picture = new Image();
    picture.src = "data:image/png;base64," + %s;
    await picture.decode();
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    canvas.drawImage(picture, 0, 0);
    return new Set(new Uint32Array(canvas.getImageData(0, 0, picture.width, picture.height).data.buffer)).size;
})()"""


class Page:
    """A page of the browser, by the DevTools protocol."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._numbers = socket, itertools.count()

    async def ask(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while (answer := await self._socket.receive_json()).get("id") != number:
            pass  # an event
        assert "error" not in answer, answer
        return answer["result"]

    async def value(self, expression: str) -> Any:
        answer = await self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"]["value"]

    async def wait_for(self, expression: str, wanted: str) -> None:
        """Until the value of ``expression`` holds the text ``wanted``."""
        found = ""
        try:
            async with asyncio.timeout(PATIENCE):
                while wanted not in (found := await self.value(expression)):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{wanted!r} never came:\n{found}") from None


@contextmanager
def running(*words: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (cwd / f"{Path(words[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env={**os.environ, "XDG_STATE_HOME": str(cwd)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@asynccontextmanager
async def page_of(browser: Path) -> AsyncIterator[Page]:
    """The page with which a browser starts; ``browser``: its folder."""
    listening = browser / "DevToolsActivePort"
    async with asyncio.timeout(PATIENCE):
        while not listening.is_file() or len(listening.read_text().split()) < 2:
            await asyncio.sleep(0.05)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{listening.read_text().split()[0]}/json/list") as answer:
            (page,) = [one for one in await answer.json() if one["type"] == "page"]
        async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            yield Page(socket)


async def listens(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


async def test_a_browser_shows_the_demo_and_ends_it(here: Path) -> None:
    assert BROWSER is not None
    port, command = free_port(), shlex.join([sys.executable, "-c", nbtui_program("demo")])
    folder = here / "browser"
    with (
        running(sys.executable, "-c", SERVE, command, str(port), cwd=here),
        running(BROWSER, *OPTIONS, f"--user-data-dir={folder}", "about:blank", cwd=here),
    ):
        await listens(port)
        async with page_of(folder) as page:
            await page.ask("Page.enable")
            await page.ask("Page.addScriptToEvaluateOnNewDocument", source=KEEP_TERMINAL)
            await page.ask("Page.navigate", url=f"http://127.0.0.1:{port}")
            await page.wait_for(TEXT, "FIRST DIVERGENCE")
            await page.wait_for(TEXT, "rot_a_angstroms")
            picture = (await page.ask("Page.captureScreenshot"))["data"]
            assert await page.value(COLOURS % json.dumps(picture)) > 100  # letters with smooth edges, in several tones
            await page.ask("Runtime.evaluate", expression="document.querySelector('textarea').focus()")
            await page.ask("Input.dispatchKeyEvent", type="keyDown", key="q", code="KeyQ", text="q")
            await page.wait_for("document.body.className", "-closed")

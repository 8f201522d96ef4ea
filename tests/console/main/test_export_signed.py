"""The console signs its packages with the key of the settings, and never asks for a passphrase."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from nbtui.console.app import Console, initial
from nbtui.console.session.preferences import Preferences
from nbtui.console.startup import of_settings
from nbtui.evidence.check.verify import verify
from nbtui.live.cases import load_case
from nbtui.live.model import Settings
from nbtui.settings import load
from support.console_toy import JUDGEMENT, ready, shown, until

pytestmark = [
    pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed"),
    pytest.mark.slow,
]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return tmp_path / "reports"


def key_file(folder: Path, passphrase: str) -> Path:
    key = folder / "key"
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "me", "-f", str(key)]
    subprocess.run(words, check=True)
    return key


async def exported(reports: Path, key: Path) -> str:
    """The foot line after an export of the demo."""
    case = load_case("demo")
    state = initial(case, Settings(), None, None, JUDGEMENT)
    async with Console(state, JUDGEMENT, reports, Preferences(sign=key)).run_test(size=(160, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("e")
        await until(pilot, lambda: not app.state.exporting)
        return shown(app, "footer")


async def test_a_package_of_the_console_is_signed(tmp_path: Path, reports: Path) -> None:
    key = key_file(tmp_path, "")
    assert "written and signed: " in await exported(reports, key)
    (package,) = reports.iterdir()
    kind, public, _ = key.with_suffix(".pub").read_text().split()
    (tmp_path / "signers").write_text(f"me {kind} {public}\n")
    assert verify(package, signers=tmp_path / "signers").ok
    assert f"--sign {key}" in (package / "commands.txt").read_text()


async def test_a_passphrase_is_never_asked_for_on_the_console(tmp_path: Path, reports: Path) -> None:
    said = await exported(reports, key_file(tmp_path, "secret"))
    assert "not exported: signing key" in said and "ssh-keygen could not sign" in said
    assert list(reports.glob("[!.]*")) == []


def test_the_console_takes_the_key_of_the_settings(here: Path) -> None:
    assert of_settings(load()).sign is None
    (here / "nbtui.toml").write_text('sign = "key"\n')
    assert of_settings(load()).sign == here / "key"

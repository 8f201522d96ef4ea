"""What the tests of the screens share: a case made by hand, and a simulator made by hand in place of torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nbtui.live.model import Case, Settings, Simulation
from support.console_toy import C_LINES, toy_simulator


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case folder with C's log of slow 12 fast 14."""
    log = tmp_path / "trace_c.log"
    log.write_text("\n".join(C_LINES) + "\n")
    return Case("toy", (), tmp_path, (12, 14), log, None, tmp_path)


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Settings], Simulation]], None]:
    """Replaces the simulator; the default one differs in spec mode and agrees in c-parity."""

    def use(run: Callable[[Settings], Simulation]) -> None:
        monkeypatch.setattr("nbtui.live.session.simulate", lambda case, settings: run(settings))

    use(toy_simulator)
    return use

"""Packages that the tests of verification forge, exported once."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbtui.evidence.layout import STAMP_FORMAT
from nbtui.evidence.write.export import ExportRequest, export
from nbtui.live.cases import load_case
from nbtui.live.model import Settings


@pytest.fixture(scope="session")
def diverging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo in spec mode."""
    root = tmp_path_factory.mktemp("diverging")
    argv = ("export", "demo", "--phi-mode", "spec", "--reports", "reports")
    return export(ExportRequest(load_case(None), Settings("spec"), root, argv=argv)).path


@pytest.fixture(scope="session")
def agreeing(diverging: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo in c-parity mode, with an extra command; of another second than the diverging one."""
    while f"{datetime.now(UTC):{STAMP_FORMAT}}" == diverging.name:
        time.sleep(0.05)
    root = tmp_path_factory.mktemp("agreeing")
    argv = ("export", "demo", "--phi-mode", "c-parity", "--run", "echo one", "--reports", "reports")
    return export(ExportRequest(load_case(None), Settings("c-parity"), root, runs=("echo one",), argv=argv)).path

"""The pytest plugin: the fixture ``assert_parity`` and the option ``--nbtui-reports``.

It is loaded into every test suite of an environment with nbtui, so that it imports nothing of nbtui until a test uses
the fixture.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nbtui.assertion import ParityAssertion

_OPTION = "--nbtui-reports"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of the plugin."""
    group = parser.getgroup("nbtui", "nbtui: parity with nanoBragg")
    group.addoption(_OPTION, metavar="DIR", help="Leave an evidence package of every failed assert_parity in DIR.")


@pytest.fixture
def assert_parity(request: pytest.FixtureRequest, tmp_path: Path) -> ParityAssertion:
    """``assert_parity(log_or_image, case, profile=..., reference=...)``: fails where it differs from the reference."""
    from nbtui.assertion import ParityAssertion

    given, here = request.config.getoption(_OPTION), request.config.invocation_params.dir
    reports = here / given if given else None
    return ParityAssertion(request.node.nodeid, here, tmp_path, reports, request.node.user_properties.append)

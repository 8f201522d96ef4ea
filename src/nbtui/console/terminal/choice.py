"""The choice between the tight driver and Textual's own.

The tight driver and its frames build on private parts of Textual. They are used with the minor versions that the tests
have run with; with any other, with ``tight = false`` in the settings, and where TEXTUAL_DRIVER names a driver (as
textual-serve does for a browser), the console runs on Textual's own.
"""

from __future__ import annotations

import os
from pathlib import Path

import textual

TESTED = ("8.2",)  # minor versions of Textual
MOUSE_OFF = "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"
MOUSE_ON = f"{MOUSE_OFF}\x1b[?1000h\x1b[?1006h"  # clicks and the wheel; motion would only fill a slow link

_wanted = True


def choose(tight: bool) -> None:
    """Use the tight driver in this process where it can be used, or never."""
    global _wanted
    _wanted = tight


def is_tight() -> bool:
    """Whether consoles of this process use the tight driver."""
    return _wanted and not os.environ.get("TEXTUAL_DRIVER") and is_tested()


def is_tested() -> bool:
    """Whether the tests have run with the private parts of the installed Textual."""
    return installed().rpartition(".")[0] in TESTED


def installed() -> str:
    """Version of Textual, from the name of its metadata: to import importlib.metadata takes longer than a first paint.

    Empty where the metadata is elsewhere.
    """
    found = [path.name for path in Path(textual.__file__).parents[1].glob("textual-*.dist-info")]
    return found[0].removeprefix("textual-").removesuffix(".dist-info") if len(found) == 1 else ""

"""Apply the user's preferences to this process.

The terminal library reads its settings from the environment once, so they are set before its import.
"""

from __future__ import annotations

import os
from dataclasses import replace

from nbtui.console.session.preferences import Preferences
from nbtui.console.session.store import Keeper, Saved, find
from nbtui.settings import Configuration
from nbtui.trace.text import clean


def preferences(configuration: Configuration, words: tuple[str, ...], resumed: Saved | None) -> Preferences:
    """Preferences of a full console: effective settings, a saved session, an interrupted one resumed or offered.

    ``words`` are the command line without the program name. Raises as :func:`apply` does.
    """
    found = replace(apply(configuration), keeper=Keeper(words), resumed=resumed)
    if resumed is not None:
        return replace(found, message=f"resumed: {clean(' '.join(('nbtui', *words)))}")
    left = find()
    offered = next((saved.told for saved in left.sessions if saved.offered and words in ((), saved.words)), "")
    return replace(found, message=left.complaint or offered)


def apply(configuration: Configuration) -> Preferences:
    """Apply theme, characters, keys, frame rate and animation to this process.

    Raises UnusableInput for an unknown action or key, and for a key with two meanings.
    """
    settings = configuration.effective()
    os.environ["TEXTUAL_FPS"] = str(settings["fps"].value)
    os.environ["TEXTUAL_ANIMATIONS"] = "full" if settings["animation"].value else "none"
    from nbtui.console import keymap
    from nbtui.console.drawing import characters, palette
    from nbtui.console.terminal import choice

    choice.choose(bool(settings["tight"].value))
    characters.choose(str(settings["characters"].value))
    palette.choose(str(settings["theme"].value))
    keymap.choose(keymap.resolve(configuration.keys))
    return of_settings(configuration)


def of_settings(configuration: Configuration) -> Preferences:
    """The preferences of a console that the settings state."""
    settings = configuration.effective()
    mouse, diagnose = bool(settings["mouse"].value), bool(settings["diagnose"].value)
    return Preferences(mouse=mouse, diagnose=diagnose, sign=configuration.sign)

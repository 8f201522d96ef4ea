"""Changes of a set-up, the parts that forms of hypotheses are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbtui.diagnosis.replay.setup import PixelSetup, with_cell, with_frame, with_rules
from nbtui.live.scene import Unusable, rebuilt

MOST_TERMS = 400_000  # of a changed set-up
Change = Callable[[PixelSetup], PixelSetup]


def rule(stage: str, **changes: Any) -> Change:
    """Other rules of one stage of the pixel loop, a field of Rules."""
    return lambda setup: with_rules(setup, stage, **changes)


def scene(**changes: Any) -> Change:
    """Other values of the scene."""
    return lambda setup: replace(setup, scene=replace(setup.scene, **changes))


def frame(**changes: Any) -> Change:
    """The detector placed again, with parts of its frame replaced."""
    return lambda setup: with_frame(setup, **changes)


def placing(**rules: Any) -> Change:
    """The detector placed again, by other rules."""
    return lambda setup: with_frame(setup, rules)


def cell(**changes: Any) -> Change:
    """The crystal oriented again, with parts of its cell replaced."""
    return lambda setup: with_cell(setup, **changes)


def orienting(**rules: Any) -> Change:
    """The crystal oriented again, by other rules."""
    return lambda setup: with_cell(setup, rules)


def reconfigured(
    workdir: Path, options: Mapping[str, Any] | None = None, quirks: Mapping[str, bool] | None = None
) -> Change:
    """The set-up made again from changed options and switches, besides those changed before.

    Other changes of scene, frame and cell are lost: this one belongs in front of them. The change raises Unusable where
    the options cannot be simulated.
    """

    def change(setup: PixelSetup) -> PixelSetup:
        new = rebuilt(setup.scene, workdir, options or {}, quirks)
        if new.scene.n_terms > max(MOST_TERMS, setup.scene.n_terms):
            raise Unusable(f"{new.scene.n_terms:,} terms; at most {MOST_TERMS:,} of a changed set-up are replayed")
        return replace(setup, scene=new.scene, frame=new.frame, cell=new.cell)

    return change


def both(first: Change, second: Change) -> Change:
    """Two changes, one after the other."""
    return lambda setup: second(first(setup))

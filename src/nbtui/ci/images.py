"""The checks of two images: one for each gate."""

from __future__ import annotations

from nbtui.ci.checks import Check, CheckList
from nbtui.images.metrics import Gates, ImageComparison
from nbtui.images.render import sentences, verdict


def of_images(comparison: ImageComparison, gates: Gates, name: str, file: str = "") -> CheckList:
    """A check for every gate of the profile; ``file``: the suspect's image."""
    judged = comparison.judged(gates)
    checks = tuple(Check(f"{gates.name} gates", gate, failure) for gate, failure in judged.items())
    agrees = not any(judged.values())
    return CheckList(name, verdict(comparison, gates), agrees, checks, tuple(sentences(comparison)), file=file)

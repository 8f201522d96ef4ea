"""For processes of a sweep whose work needs no torch."""

from __future__ import annotations


def no_torch() -> None:
    """In place of loading torch, which takes two seconds of each process."""

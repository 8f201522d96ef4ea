"""Remarks of an export that its verification recomputes."""

from __future__ import annotations

OF_A_GIVEN_LOG = (
    "the Python trace is a given log; phi mode, dtype, device and terms.csv describe nbtui's own simulation"
)
NO_CHECKOUT = "not in a git checkout: git_sha, branch and git_status are null"

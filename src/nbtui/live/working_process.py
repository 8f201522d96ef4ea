"""A process that simulates beside others: the memory left for it, and its single thread."""

from __future__ import annotations

import nbsim


def available_memory() -> int | None:
    """Bytes available without swapping; None where the system does not report it."""
    return nbsim.available_bytes()


def use_one_thread() -> None:
    """Let torch compute in one thread: several processes share the processors."""
    import torch

    torch.set_num_threads(1)

"""Fewer bytes per frame: only the cells that changed are sent.

Textual (8.2) sends a dirty region from the left edge of its widget to the region's end. Over a slow link that is most
of the traffic of a cursor move, so the frame is cropped on both sides here. Should a later Textual build its frames
otherwise, this class is simply not used and frames are longer.
"""

from __future__ import annotations

import re

from rich.console import Console
from textual._compositor import ChopsUpdate

_RESET_AND_SET = re.compile("\x1b\\[0m\x1b\\[([0-9;]+m)")  # an end of one style, the start of the next


class TightUpdate(ChopsUpdate):
    """A partial frame that starts each span where the change starts."""

    @classmethod
    def of(cls, update: ChopsUpdate) -> TightUpdate:
        return cls(update.chops, update.spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        """The frame as terminal sequences: a cursor move and the changed cells per span and widget."""
        parts: list[str] = []
        for y, start, end in self.spans:
            for stop, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= end or stop <= start:
                    continue
                first, last = max(start, x), min(end, stop)
                parts.append(f"\x1b[{y + 1};{first + 1}H")
                parts.append(strip.crop(first - x, last - x).render(console))
        return _RESET_AND_SET.sub("\x1b[0;\\1", "".join(parts))

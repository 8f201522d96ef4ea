"""``python -m port.command FAULT,FAULT FLAGS``: the port as a program of its own, with nanoBragg's flags.

The log of ``-trace_pixel SLOW FAST`` goes to stdout; ``-floatfile FILE`` receives the image, pixel by pixel.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import torch

from port.faults import Faults
from port.settings import settings_of
from port.simulator import Simulator
from port.trace_hook import trace_text

if __name__ == "__main__":
    torch.set_num_threads(1)
    faults, *flags = sys.argv[1:]
    settings = settings_of(shlex.join(["port", *flags]), Path())
    port = Simulator(settings, Faults(*filter(None, faults.split(","))))
    if "-trace_pixel" in flags:
        print(trace_text(port, *settings.trace_pixel), end="")
    if "-floatfile" in flags:
        size = settings.pixels_slow, settings.pixels_fast
        image = [[port.pixel(slow, fast).final for fast in range(size[1])] for slow in range(size[0])]
        np.array(image, dtype=np.float32).tofile(flags[flags.index("-floatfile") + 1])

"""A detector of two panels, small enough for the C program and for derivatives."""

from __future__ import annotations

from nbsim import Panel

BASE = (
    "-default_F 100 -cell 40 50 60 90 90 90 -misset 10 20 30 -Na 4 -Nb 5 -Nc 6 -lambda 1.0 -distance 60 -detpixels 8 "
    "-pixel 5 -oversample 1 -phi 1 -osc 1 -phisteps 3"
)
PANELS = (
    Panel((60.0, 30.0, -40.0), (0.0, 0.1, 1.0), (0.0, -1.0, 0.1), 8, 6, 4.0),
    Panel((55.0, 25.0, 5.0), (-0.3, 0.1, 1.0), (-0.03, -1.0, 0.091), 5, 7, 4.0),
)

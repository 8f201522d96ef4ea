"""The logs of a living port in the folder of reference data."""

from __future__ import annotations

LIVING = (
    "adxv_misset",
    "adxv_misset_asis",
    "custom_vectors_pix0",
    "dials_orgxy_oversample1",
    "polar_half_dmin_oversample1",
    "sourcefile_weights_oversample1",
    "stale_fdump_asis",
    "thick_absorption_oversample1",
    "water_background_oversample1",
)

"""Constants of the simulator, for packages that do not import it themselves."""

from __future__ import annotations

from nbsim import AVOGADRO, DEFAULT_FLUENCE, DEFAULT_MOSAIC_SEED, R_E_SQR, WATER_F, WATER_MASS

__all__ = ["AVOGADRO", "DEFAULT_FLUENCE", "DEFAULT_MOSAIC_SEED", "R_E_SQR", "WATER_F", "WATER_MASS"]

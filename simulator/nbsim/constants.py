"""Constants of nanoBragg and unit conversions of its command line."""

from __future__ import annotations

R_E_SQR = 7.94079248018965e-30  # classical electron radius squared [m^2], C's literal
DEFAULT_FLUENCE = 125932015286227086360700780544.0  # [photons/m^2]; about 1/R_E_SQR
DEFAULT_MOSAIC_SEED = 12345678  # S3: the C program's help quotes another value

WATER_F = 2.57  # structure factor of a water molecule [electrons]
WATER_MASS = 18.0  # [g/mol]
AVOGADRO = 6.02214179e23  # [1/mol]

RTD = 180.0 * 0.31830988618379067154  # [degrees/rad], 180 * M_1_PI; C divides angles by it
ANGSTROM_PER_M = 1e10
EV_ANGSTROM = 12398.42  # h c [eV A], as C rounds it

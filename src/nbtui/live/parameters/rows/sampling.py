"""Phi, mosaic, sampling and structure factors."""

from __future__ import annotations

import math

from nbtui.live.parameters.parameter import NUMBER, Fit, Group, Parameter, Printed, on_off, switched

_P, _S = Group.PHI, Group.SAMPLING
_PHI_STEPS = rf"(?<!\d)(\d+) phi steps from {NUMBER} to {NUMBER} degrees"
_DOMAINS = rf"(?<!\d)(\d+) mosaic domains over mosaic spread of {NUMBER} degrees"

PHI_ROWS = (
    Parameter("phi", "phi start", _P, "-phi", step=0.1, printed=Printed(_PHI_STEPS, 1), fit=Fit(1e-5)),
    Parameter("osc", "phi range", _P, "-osc", step=0.1, read=lambda e: math.degrees(e.sampling.oscillation),
              printed=Printed(_PHI_STEPS, 2, minus=1), fit=Fit(1e-5)),
    Parameter("phi_step", "phi step", _P, "-phistep", step=0.01, read=lambda e: math.degrees(e.sampling.phi_step),
              fit=Fit(1e-5)),
    Parameter("phi_steps", "phi steps", _P, "-phisteps", read=lambda e: e.sampling.n_phi,
              printed=Printed(_PHI_STEPS, 0)),
    Parameter("mosaic", "mosaic spread", _P, "-mosaic", step=0.01,
              read=lambda e: math.degrees(e.crystal.mosaic_spread), printed=Printed(_DOMAINS, 1),
              fit=Fit(1e-5, absent_at_zero=True)),
    Parameter("mosaic_domains", "mosaic domains", _P, "-mosaic_dom",
              read=lambda e: int(e.crystal.mosaic_matrices.shape[0]), printed=Printed(_DOMAINS, 0)),
    Parameter("mosaic_seed", "mosaic seed", _P, "-mosaic_seed"),
    Parameter("phi_mode", "phi mode", _P, own="--phi-mode", in_c="c-parity"),
)  # fmt: skip

SAMPLING_ROWS = (
    Parameter("oversample", "sub-pixels", _S, "-oversample", read=lambda e: e.sampling.oversample,
              printed=Printed(r"(?<!\d)(\d+)x\d+ pixel oversample steps")),
    *(Parameter(f"oversample_{name}", f"  {label} each", _S, f"-oversample_{name}",
                words=switched(f"-oversample_{name}"), traced=on_off(f"oversample_{name}"))
      for name, label in (("thick", "absorption"), ("polar", "polarization"), ("omega", "solid angle"))),
    Parameter("interpolate", "interpolation", _S, "-interpolate", read=lambda e: e.sampling.interpolate,
              words=((None, ()), (True, ("-interpolate",)), (False, ("-nointerpolate",))),
              says=(("auto-selected no interpolation", False), ("auto-selected tricubic interpolation", True))),
    Parameter("hkl", "structure factors", _S, "-hkl"),
    Parameter("hkl_column", "  column of it", _S, "--column"),
    Parameter("default_f", "default F", _S, "-default_F", step=1.0,
              printed=Printed(rf"initializing to default_F = {NUMBER}:")),
    Parameter("dmin", "resolution cut", _S, "-dmin", step=0.1),
    Parameter("dtype", "precision", _S, own="--dtype"),
    Parameter("device", "device", _S, own="--device"),
)  # fmt: skip

"""The beam: wavelength, flux, polarization, spectrum, divergence."""

from __future__ import annotations

from nbtui.live.parameters.parameter import (
    NUMBER,
    Fit,
    Group,
    Parameter,
    Printed,
    count_of,
    scalar,
    steps_of,
    switched,
    triple,
)

_G = Group.BEAM
_SPECTRUM = rf"wave={NUMBER} meters \+/- {NUMBER}% in (\d+) steps"
# with a spectrum the traced wavelength is that of one source
_ONE_WAVELENGTH = ("dispersion_steps", 1)

ROWS = (
    Parameter("wavelength", "wavelength", _G, "-lambda", step=0.001, read=lambda e: 1e10 * float(e.beam.wavelength),
              printed=Printed(_SPECTRUM, 0, 1e10), traced=scalar("lambda_angstroms", only_while=_ONE_WAVELENGTH),
              fit=Fit(1e-6)),
    Parameter("fluence", "fluence", _G, "-fluence", overruled_by="flux", read=lambda e: float(e.beam.fluence),
              printed=Printed(rf"incident fluence: {NUMBER} photons"), traced=scalar("fluence_photons_per_m2"),
              fit=Fit(1e18, clears="flux")),
    Parameter("flux", "flux", _G, "-flux"),
    Parameter("exposure", "exposure", _G, "-exposure", step=0.1),
    Parameter("beamsize", "beam size", _G, "-beamsize", step=0.01),
    Parameter("polarization", "polarization", _G, "-polar", step=0.1, overruled_by="nopolar",
              printed=Printed(rf"Kahn polarization factor: {NUMBER}")),
    Parameter("nopolar", "no polarization", _G, "-nopolar", words=switched("-nopolar"),
              says=(("polarization effect disabled", True), ("Kahn polarization factor", False))),
    Parameter("dispersion", "dispersion", _G, "-dispersion", step=0.1, printed=Printed(_SPECTRUM, 1),
              fit=Fit(1e-5, absent_at_zero=True)),
    Parameter("dispersion_steps", "wavelengths", _G, "-dispsteps", read=count_of("dispersion_steps"),
              printed=Printed(_SPECTRUM, 2)),
    Parameter("hdiv", "divergence, hor.", _G, "-hdivrange", step=0.1, read=steps_of("hdiv_steps", "range", 1e3)),
    Parameter("hdiv_step", "  its step", _G, "-hdivstep", step=0.1, read=steps_of("hdiv_steps", "step", 1e3)),
    Parameter("hdiv_steps", "  its steps", _G, "-hdivsteps", read=count_of("hdiv_steps")),
    Parameter("vdiv", "divergence, vert.", _G, "-vdivrange", step=0.1, read=steps_of("vdiv_steps", "range", 1e3)),
    Parameter("vdiv_step", "  its step", _G, "-vdivstep", step=0.1, read=steps_of("vdiv_steps", "step", 1e3)),
    Parameter("vdiv_steps", "  its steps", _G, "-vdivsteps", read=count_of("vdiv_steps")),
    Parameter("round_div", "divergence shape", _G, "-round_div", text="shape of the divergence",
              words=((True, ()), (False, ("-square_div",))), names=("elliptical", "rectangular")),
    Parameter("sourcefile", "source file", _G, "-sourcefile"),
    Parameter("water", "water", _G, "-water", step=1.0, fit=Fit(1e-4, absent_at_zero=True)),
    Parameter("beam_vector", "beam direction", _G, "-beam_vector", last=True, read=triple(lambda e: e.beam.direction)),
    Parameter("polar_vector", "polarization axis", _G, "-polar_vector", last=True,
              read=triple(lambda e: e.beam.polarization_axis)),
)  # fmt: skip

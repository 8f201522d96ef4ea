"""Fields of a ray: detector, pixel and scattering vector of one layer and sub-pixel.

Source: nanobragg_pixel_loop section 12.2.
"""

from __future__ import annotations

from functools import partial

from nbtui.trace.fields.field import Field, Loop, Shape, Stage, Tap, Tolerance

_ray = partial(Field, tap=Tap.RAY, simulated=True)
_detector = partial(_ray, stage=Stage.DETECTOR, tolerance=Tolerance.SETUP)
_pixel = partial(_ray, stage=Stage.PIXEL)
_scattering = partial(_ray, stage=Stage.SCATTERING)

RAY = (
    _detector(
        "pix0_vector_meters",
        "m",
        Shape.VECTOR,
        "Detector origin, the corner of the first pixel",
        depends_on=("DETECTOR_PIX0_VECTOR",),
        in_c=Loop.PLACEMENT,
        may_be_fitted=True,
    ),
    _detector(
        "fdet_vec",
        "1",
        Shape.VECTOR,
        "Fast axis of the detector",
        depends_on=("fdet_after_twotheta",),
        in_c=Loop.PLACEMENT,
        may_be_fitted=True,
    ),
    _detector(
        "sdet_vec",
        "1",
        Shape.VECTOR,
        "Slow axis of the detector",
        depends_on=("sdet_after_twotheta",),
        in_c=Loop.PLACEMENT,
        may_be_fitted=True,
    ),
    _pixel(
        "pixel_pos_meters",
        "m",
        Shape.VECTOR,
        "Position of this sub-pixel and layer",
        depends_on=("pix0_vector_meters", "fdet_vec", "sdet_vec"),
        in_c=Loop.SUBPIXEL,
        may_be_fitted=True,
    ),
    _pixel(
        "R_distance_meters",
        "m",
        Shape.SCALAR,
        "Distance from the sample to the pixel",
        depends_on=("pixel_pos_meters",),
        in_c=Loop.SUBPIXEL,
    ),
    _pixel(
        "close_distance_meters",
        "m",
        Shape.SCALAR,
        "Shortest distance from the sample to the detector plane",
        in_c=Loop.PLACEMENT,
        flags="-distance or -close_distance",
        may_be_ratio=True,
        may_be_fitted=True,
    ),
    _pixel(
        "obliquity_factor",
        "1",
        Shape.SCALAR,
        "close_distance / R of this sub-pixel",
        depends_on=("close_distance_meters", "R_distance_meters"),
        in_c=Loop.SUBPIXEL,
        may_be_ratio=True,
    ),
    _pixel(
        "omega_pixel_sr",
        "sr",
        Shape.SCALAR,
        "Solid angle of the pixel; 1/R^2 in m^-2 with -point_pixel",
        tap_note="repeats the value of layer 0, sub-pixel (0,0) unless -oversample_omega is on",
        depends_on=("R_distance_meters", "obliquity_factor"),
        in_c=Loop.SUBPIXEL,
        may_be_ratio=True,
        may_be_fitted=True,
    ),
    _pixel(
        "diffracted_vec",
        "1",
        Shape.VECTOR,
        "Unit vector from the sample to the pixel",
        depends_on=("pixel_pos_meters",),
        in_c=Loop.SUBPIXEL,
    ),
    _scattering(
        "incident_vec",
        "1",
        Shape.VECTOR,
        "Unit vector of the beam of source 0, pointing downstream",
        tolerance=Tolerance.SETUP,
        in_c=Loop.SOURCE,
        flags="the convention or -beam_vector, -divergence, -sourcefile",
        may_be_fitted=True,
    ),
    _scattering(
        "lambda_meters",
        "m",
        Shape.SCALAR,
        "Wavelength of source 0, not the nominal wavelength",
        tolerance=Tolerance.SETUP,
        in_c=Loop.SOURCE,
        flags="-lambda or -energy, -dispersion, -sourcefile",
        may_be_ratio=True,
        may_be_fitted=True,
    ),
    _scattering(
        "lambda_angstroms",
        "A",
        Shape.SCALAR,
        "Wavelength of source 0, not the nominal wavelength",
        tolerance=Tolerance.SETUP,
        depends_on=("lambda_meters",),
        in_c=Loop.SOURCE,
    ),
    _scattering(
        "scattering_vec_A_inv",
        "m^-1",
        Shape.VECTOR,
        "Scattering vector (d - i)/lambda of source 0; C prints m^-1 under this label, some Python logs A^-1",
        depends_on=("diffracted_vec", "incident_vec", "lambda_meters"),
        in_c=Loop.SOURCE,
        may_be_fitted=True,
    ),
)

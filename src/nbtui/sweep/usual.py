"""The usual axes of a hunt: every flag that can change a pixel, with values that move it, for any base command."""

from __future__ import annotations

from collections.abc import Iterator

from nbtui.live.flag_table import Options
from nbtui.sweep.axes import Axis, Words

# flag: values, each with the flags that it needs to have an effect
_ANYWHERE: dict[str, tuple[str, ...]] = {
    "-cell": ("40 50 60 82 97 108", "38 38 77 90 90 120"),
    "-misset": ("11 -7 23",),
    "-N": ("5",),
    "-Na": ("3 -Nb 6 -Nc 4",),
    "-samplesize": ("0.0003",),
    "-round_xtal": ("",),
    "-gauss_xtal": ("", "-fudge 0.7"),
    "-tophat_spots": ("",),
    "-default_F": ("100",),
    "-interpolate": ("",),
    "-mosaic": ("0.4 -mosaic_domains 5", "0.4 -mosaic_domains 5 -mosaic_seed 77"),
    "-phi": ("0 -osc 0.6 -phisteps 4", "7 -osc 0.6 -phisteps 4", "3 -osc 1 -phistep 0.4"),
    "-spindle_axis": ("0.2 1 0.3 -phi 5 -osc 1 -phisteps 3",),
    "-oversample": ("2", "3"),
    "-oversample_thick": ("-detector_thick 300 -detector_abs 400 -detector_thicksteps 3",),
    "-oversample_polar": ("-oversample 2",),
    "-oversample_omega": ("-oversample 2",),
    "-lambda": ("1.37",),
    "-energy": ("11000",),
    "-dispersion": ("2 -dispsteps 3",),
    "-divergence": ("3 -divsteps 3",),
    "-hdivrange": ("3 -hdivsteps 3 -vdivrange 2 -vdivsteps 2 -square_div",),
    "-polar": ("0.9", "-1"),
    "-nopolar": ("",),
    "-beam_vector": ("1 0.05 0.02",),
    "-polar_vector": ("0 1 1 -polar 0.9",),
    "-fluence": ("1e24",),
    "-flux": ("1e12 -exposure 0.1 -beamsize 0.1",),
    "-water": ("0.5", "5"),
    "-detector_rotx": ("8",),
    "-detector_roty": ("-6",),
    "-detector_rotz": ("11",),
    "-twotheta": ("12",),
    "-twotheta_axis": ("0.1 1 0.2 -twotheta 9",),
    "-pivot": ("sample -twotheta 12", "beam -twotheta 12"),
    "-detector_thick": ("300 -detector_abs 400", "300 -detector_abs 400 -detector_thicksteps 3"),
    "-curved_det": ("on", ""),
    "-point_pixel": ("",),
    "-dmin": ("3",),
    "-odet_vector": ("1 0.05 0",),
    "-fdet_vector": ("0 0.1 1 -sdet_vector 0 -1 0.1",),
    "-xds": ("",),
    "-adxv": ("",),
    "-denzo": ("",),
    "-dials": ("",),
}


def usual_axes(options: Options) -> tuple[Axis, ...]:
    """The axes; those of the detector's place follow its size, so that the values stay on it."""
    table = {**_ANYWHERE, **dict(_of_detector(options))}
    return tuple(Axis(flag, tuple(_words(flag, value) for value in values)) for flag, values in table.items())


def _words(flag: str, value: str) -> Words:
    return (flag, *value.split())


def _of_detector(options: Options) -> Iterator[tuple[str, tuple[str, ...]]]:
    pixel = options.pixel_mm
    fast, slow = (
        count * pixel if count else size
        for count, size in (
            (options.detpixels_fast, options.detsize_fast_mm),
            (options.detpixels_slow, options.detsize_slow_mm),
        )
    )
    yield "-distance", (f"{options.distance_mm * 1.2:.6g}",)
    yield "-close_distance", (f"{options.distance_mm * 0.9:.6g}",)
    yield "-pixel", (f"{pixel * 0.9:.6g}",)
    yield "-Xbeam", (f"{slow * 0.43:.6g} -Ybeam {fast * 0.56:.6g}",)
    yield "-Xclose", (f"{slow * 0.43:.6g} -Yclose {fast * 0.56:.6g}",)
    yield "-ORGX", (f"{fast * 0.43 / pixel:.6g} -ORGY {slow * 0.56 / pixel:.6g}",)
    yield "-pix0_vector_mm", (f"{options.distance_mm:.6g} {slow * 0.45:.6g} {-fast * 0.55:.6g}",)

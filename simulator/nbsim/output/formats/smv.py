"""SMV: a 512-byte text header, then unsigned 16-bit pixels in machine order (section 10.3)."""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from nbsim.constants import RTD
from nbsim.model import ExperimentData
from nbsim.output.blocks import row_blocks

HEADER_BYTES = 512


def _g(value: float) -> str:
    return f"{value:g}"


def _mm(metres: float) -> str:
    """A length in mm; differences of lengths are taken in metres, as in C."""
    return _g(1000.0 * metres)


def header_fields(experiment: ExperimentData) -> list[tuple[str, str]]:
    """Keyword and value of every header line, lengths in mm, angles in degrees."""
    detector, beam, sampling = experiment.detector, experiment.beam, experiment.sampling
    pixel, p0 = float(detector.pixel_size), [1000.0 * float(x) for x in detector.pix0]
    fbeam, sbeam = detector.centers["Fbeam"], detector.centers["Sbeam"]
    return [
        ("HEADER_BYTES", str(HEADER_BYTES)),
        ("DIM", "2"),
        ("BYTE_ORDER", f"{sys.byteorder}_endian"),
        ("TYPE", "unsigned_short"),
        ("SIZE1", str(detector.n_fast)),
        ("SIZE2", str(detector.n_slow)),
        ("PIXEL_SIZE", _mm(pixel)),
        ("DISTANCE", _mm(float(detector.distance))),
        ("WAVELENGTH", _g(1e10 * float(beam.wavelength))),
        ("BEAM_CENTER_X", _mm(detector.centers["Xbeam"])),
        ("BEAM_CENTER_Y", _mm(detector.centers["Ybeam"])),
        ("ADXV_CENTER_X", _mm(fbeam)),
        ("ADXV_CENTER_Y", _mm(pixel * detector.n_slow - sbeam)),
        ("MOSFLM_CENTER_X", _mm(sbeam - 0.5 * pixel)),
        ("MOSFLM_CENTER_Y", _mm(fbeam - 0.5 * pixel)),
        ("DENZO_X_BEAM", _mm(sbeam)),
        ("DENZO_Y_BEAM", _mm(fbeam)),
        ("DIALS_ORIGIN", f"{_g(p0[2])},{_g(p0[1])},{_g(-p0[0])}"),
        ("XDS_ORGX", _g(detector.centers["ORGX"])),
        ("XDS_ORGY", _g(detector.centers["ORGY"])),
        ("CLOSE_DISTANCE", _mm(float(detector.close_distance))),
        ("PHI", _g(RTD * sampling.phi_start)),
        ("OSC_START", _g(RTD * sampling.phi_start)),
        ("OSC_RANGE", _g(RTD * sampling.oscillation)),
        ("TWOTHETA", _g(experiment.options.twotheta_deg)),
        ("DETECTOR_SN", "000"),
        ("BEAMLINE", "fake"),
    ]


def header(experiment: ExperimentData) -> bytes:
    """The header as C writes it: no semicolon after DIALS_ORIGIN; beyond 512 bytes it is not padded (L21)."""
    lines = ["{"]
    lines += [f"{key}={value}" + ("" if key == "DIALS_ORIGIN" else ";") for key, value in header_fields(experiment)]
    return ("\n".join(lines) + "\n}\f").encode("ascii").ljust(HEADER_BYTES)


def integer_image(
    image: npt.NDArray[np.float32], scale: float, adc: float, roi: tuple[slice, slice]
) -> npt.NDArray[np.uint16]:
    """Scaled and offset pixels inside the ROI, 0 outside and for NaN; (n_slow, n_fast). 10.2."""
    counts = np.zeros(image.shape, dtype=np.uint16)
    pixels, written = image[roi], counts[roi]
    for rows in row_blocks(pixels):
        with np.errstate(invalid="ignore", over="ignore"):
            value = np.clip(pixels[rows].astype(np.float64) * scale + adc, 0.0, 65535.0)
        rounded = np.minimum(np.floor((value + 0.5).astype(np.float32)), 65535.0)
        written[rows] = np.nan_to_num(rounded, nan=0.0).astype(np.uint16)
    return counts

"""The command line after parsing, before any physics: values as typed, ``None`` where not given.

Units are those of the command line (mm, Angstrom, degrees ...), named in the comments.
Source: nanobragg_setup.md section 1.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from nbsim.constants import DEFAULT_FLUENCE, DEFAULT_MOSAIC_SEED

Vector = tuple[float, float, float]
NOT_GIVEN = -1  # C's marker for numbers left to the set-up


@dataclass(frozen=True)
class Options:
    """The content of a nanoBragg command line and of the headers that it names."""

    argv: tuple[str, ...] = field(default=(), compare=False)
    as_c: bool = field(default=False, compare=False)  # read as C reads it: any value that it takes, any source line
    read_as: tuple[str, ...] = field(default=(), compare=False)  # words that C reads otherwise: "-dumpfile as -dump"
    ignored: tuple[str, ...] = field(default=(), compare=False)  # words that C skips

    # crystal
    cell: tuple[float, ...] | None = None  # A and degrees, one to six values
    matrix_file: str | None = None
    misset_deg: Vector | None = None  # degrees about lab x, y, z
    misset_random: bool = False
    misset_seed: int | None = None  # as typed; the generator starts from its negative
    n_a: int = 1  # as typed, before clamping
    n_b: int = 1
    n_c: int = 1
    sample_a_mm: float = 0.0  # crystal widths along a, b, c; 0 = use n_a ...
    sample_b_mm: float = 0.0
    sample_c_mm: float = 0.0
    shape: str = "SQUARE"  # SQUARE, ROUND, GAUSS, TOPHAT
    fudge: float = 1.0

    # beam
    wavelength_a: float = 1.0  # A
    fluence: float = DEFAULT_FLUENCE  # photons/m^2
    flux: float = 0.0  # photons/s
    exposure_s: float = 1.0
    beamsize_mm: float = 0.1
    kahn: float = 0.0
    nopolar: bool = False
    source_file: str | None = None
    dispersion: float = 0.0  # fraction (typed in %)
    dispersion_steps: int = NOT_GIVEN
    hdiv_range: float = NOT_GIVEN  # rad
    vdiv_range: float = NOT_GIVEN
    hdiv_step: float = NOT_GIVEN
    vdiv_step: float = NOT_GIVEN
    hdiv_steps: int = NOT_GIVEN
    vdiv_steps: int = NOT_GIVEN
    round_div: bool = True
    water_um: float = 0.0

    # detector
    convention: str = "MOSFLM"  # ADXV MOSFLM DENZO XDS DIALS CUSTOM (after all side effects)
    pivot: str = "BEAM"  # as left by the flags; the convention may overrule it (S5)
    pivot_typed: bool = False  # -pivot given
    fast_vector: Vector | None = None
    slow_vector: Vector | None = None
    normal_vector: Vector | None = None
    beam_vector: Vector | None = None
    polar_vector: Vector | None = None
    spindle_axis: Vector | None = None
    twotheta_axis: Vector | None = None
    pix0_vector_m: Vector | None = None  # C discards it (S4)
    distance_mm: float = 100.0
    close_distance_mm: float | None = None
    xbeam_mm: float | None = None
    ybeam_mm: float | None = None
    xclose_mm: float | None = None
    yclose_mm: float | None = None
    orgx: float | None = None  # pixels
    orgy: float | None = None
    rotx_deg: float = 0.0
    roty_deg: float = 0.0
    rotz_deg: float = 0.0
    twotheta_deg: float = 0.0
    pixel_mm: float = 0.1
    detsize_fast_mm: float = 102.4
    detsize_slow_mm: float = 102.4
    detpixels_fast: int = 0
    detpixels_slow: int = 0
    curved: bool = False
    point_pixel: bool = False
    attenuation_um: float | None = None  # attenuation depth
    mu_per_m: float | None = None  # 1/m; 0 when the depth is "inf" or 0; None = not given
    thickness_um: float = 0.0
    thick_steps: int = NOT_GIVEN
    roi: tuple[int, int, int, int] | None = None  # fast0 fast1 slow0 slow1, inclusive, as typed
    mask_file: str | None = None
    img_file: str | None = None
    header_twotheta_deg: float | None = None  # of -mask or -img; C does not use it (S27)
    header_close_mm: float | None = None

    # phi and mosaic
    phi_deg: float = 0.0
    osc_deg: float | None = None
    phi_step_deg: float | None = None
    phi_steps: int = NOT_GIVEN
    mosaic_deg: float | None = None
    mosaic_domains: int = NOT_GIVEN
    mosaic_seed: int = DEFAULT_MOSAIC_SEED  # as typed

    # sampling
    oversample: int = NOT_GIVEN
    oversample_thick: bool = False
    oversample_polar: bool = False
    oversample_omega: bool = False
    dmin_a: float = 0.0
    interpolate: bool | None = None  # None = C's automatic rule (S16)

    # structure factors
    hkl_file: str | None = None
    hkl_column: str | None = None  # of an MTZ or CIF file
    default_f: float = 0.0
    dump_file: str = "Fdump.bin"

    # outputs (used by the image path)
    float_file: str = "floatimage.bin"
    int_file: str = "intimage.img"
    pgm_file: str = "image.pgm"
    noise_file: str = "noiseimage.img"
    write_pgm: bool = True
    write_noise: bool = True
    adc: float = 40.0
    scale: float = 0.0
    pgm_scale: float = 0.0
    noise_seed: int | None = None
    progress: bool = True
    trace_pixel: tuple[int, int] | None = None  # (slow, fast)
    printout: bool = False
    printout_pixel: tuple[int, int] | None = None  # stored (slow, fast); typed FAST SLOW

    def differing(self, other: Options) -> tuple[str, ...]:
        """Names of the values that differ."""
        names = (item.name for item in fields(self) if item.compare)
        return tuple(name for name in names if getattr(self, name) != getattr(other, name))

    @property
    def reading(self) -> tuple[str, ...]:
        """C's reading of words that nbsim refuses, and the words that C skips, as sentences."""
        read = f"read as in the C program: {'; '.join(self.read_as)}"
        skipped = f"skipped, as in the C program: {' '.join(self.ignored)}"
        return (*((read,) if self.read_as else ()), *((skipped,) if self.ignored else ()))

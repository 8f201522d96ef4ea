"""One row of the field catalogue, and the vocabulary of its columns."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum


class Stage(StrEnum):
    """A box of the pipeline, in the order in which a pixel passes through it."""

    DETECTOR = "detector"
    PIXEL = "pixel"
    SCATTERING = "scattering"
    CRYSTAL = "crystal"
    LATTICE = "lattice"
    STRUCTURE_FACTOR = "structure_factor"
    ACCUMULATION = "accumulation"
    SCALING = "scaling"
    GRADIENTS = "gradients"  # of the pixel, in logs that print them
    OTHER = "other"  # of names that are not in the catalogue

    @property
    def label(self) -> str:
        """The stage as a heading."""
        return self.value.replace("_", " ").capitalize()


STAGES = tuple(stage for stage in Stage if stage is not Stage.OTHER)


class Shape(StrEnum):
    """The values of a field, as they are printed in one line."""

    SCALAR = "scalar"
    VECTOR = "vector"  # x y z
    HKL = "hkl"  # h k l
    MATRIX = "matrix"  # 9 values, row by row
    TEXT = "text"
    ANGLES = "angles"  # rotx:, roty:, rotz:, twotheta:
    BEAM = "beam"  # X:, Y:, pixel_mm:
    LIST = "list"  # any number of values


class Tolerance(StrEnum):
    """The class of limits by which a difference is judged."""

    FACTOR = "factor"  # a computed number
    SETUP = "setup"  # a number of the set-up
    INTEGER = "integer"
    TEXT = "text"
    FLOAT32 = "float32"  # stored in single precision
    PRINTED = "printed"  # printed with few digits
    GRADIENT = "gradient"  # a derivative of the pixel


class Tap(StrEnum):
    """The place in the program where the line is printed."""

    SAMPLE_PIVOT = "set-up, detector pivoting around the sample"
    BEAM_PIVOT = "set-up, detector pivoting around the direct beam"
    PLACEMENT = "set-up, while the detector is placed"
    PLACED = "set-up, after the detector is placed; in every build that traces"
    SPINDLE = "set-up of the crystal (Python logs)"
    RAY = "once per layer and sub-pixel, at source 0, before the resolution test"
    FIRST_PASS = "once per layer and sub-pixel, at source 0, phi step 0, mosaic domain 0"
    PHI_STEP = "one line per phi step, at source 0 and mosaic domain 0; SQUARE crystals only"
    INTERPOLATION = "interpolation neighbourhood of the traced index (Python logs)"
    SOURCE = "one block per source, in builds that print it"
    TERM = "one line per term of the sum"
    STORED = "once, after the pixel is stored"
    GRADIENT = "once, after the backward pass of the pixel"
    PRINTOUT = "-printout block of the stock program, 6 to 10 digits, after the pixel is stored"

    @property
    def in_setup(self) -> bool:
        """Whether the line is printed before the first pixel."""
        return self in _SETUP_TAPS


_SETUP_TAPS = frozenset({Tap.SAMPLE_PIVOT, Tap.BEAM_PIVOT, Tap.PLACEMENT, Tap.PLACED, Tap.SPINDLE})


class Loop(StrEnum):
    """The place in the C program where a value is made.

    The loops nest, outermost first: slow, fast, layer, sub-pixel slow, sub-pixel fast, source, phi step, mosaic
    domain. Source: nanobragg_pixel_loop section 2.
    """

    PLACEMENT = "before the loops, while the detector is placed"
    CELL = "before the loops, with the cell"
    BEAM = "before the loops, with the beam"
    SAMPLING = "before the loops, with the sampling"
    SUBPIXEL = "in the loop over sub-pixels, before the sources"
    SOURCE = "in the loop over sources, before the phi steps"
    PHI_STEP = "in the loop over phi steps"
    PHI = "in the loop over phi steps, before the domains"
    DOMAIN = "in the innermost loop, over mosaic domains"
    STORED = "after all loops, when the pixel is stored"


@dataclass(frozen=True)
class Field:
    """One named trace value."""

    name: str  # canonical
    unit: str
    shape: Shape
    description: str
    _: KW_ONLY
    stage: Stage
    tap: Tap
    tap_note: str = ""  # what else decides which value the line shows
    tolerance: Tolerance = Tolerance.FACTOR
    form: str = "%.15g"  # printf conversion of one value in C's line
    aliases: tuple[str, ...] = ()  # other names in logs
    depends_on: tuple[str, ...] = ()  # printed fields that it is made from
    hidden_inputs: tuple[str, ...] = ()  # printed fields that reach it through values that no log prints
    in_c: str = ""  # where the C program makes it, a `Loop` and what there is to add
    flags: str = ""  # flags and files that it comes from, where no printed field stands between
    simulated: bool = False  # nbsim prints it
    scaling: bool = False  # a factor or a result of the scaling chain
    may_be_ratio: bool = False  # Python / C is searched for a product of known factors
    may_be_fitted: bool = False  # varies smoothly with the numbers of the command line
    trace_name: str = ""  # the trace field that shows the same quantity (fields of the -printout block)
    log_only: str = ""  # why a difference says nothing about the image
    log_only_beam: str = ""  # the same, for logs of a detector that pivots around the direct beam
    rotated_in_logs: bool = False  # log_only holds only if the difference is a rotation
    component_units: tuple[tuple[str, str], ...] = ()  # (component, unit) where it is not the field's

    def unit_of(self, component: str) -> str:
        """The unit of one component."""
        return dict(self.component_units).get(component, self.unit)

    @property
    def printed_when(self) -> str:
        """The tap and its note, as a sentence without an end."""
        return f"{self.tap}; {self.tap_note}" if self.tap_note else self.tap.value

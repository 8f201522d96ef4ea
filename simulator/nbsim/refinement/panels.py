"""Several flat panels around one crystal: an experiment per panel, crystal and beam in common.

Every panel is a nanoBragg run in the CUSTOM convention that pivots at the sample, so that the C program renders the
same panels one by one. Lengths in mm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nbsim.api import Experiment
from nbsim.constants import RTD
from nbsim.errors import InputError
from nbsim.notebook import page
from nbsim.options.options import Options, Vector
from nbsim.parameters import ANY, ROWS, Row, Value, as_parameter
from nbsim.pixel.pixel import Box
from nbsim.refinement.orientation import misset_angles, misset_rotation
from nbsim.refinement.panel_boxes import boxes
from nbsim.rotations import rotation_matrix
from nbsim.setup.geometry import axes
from nbsim.setup.parameters import shape_of
from nbsim.shots import Batch, count_of, is_of_each
from nbsim.values import ByValue
from nbsim.vectors import dot

_DETECTOR = ("distance", "close_distance", "beam_center", "detector_rotations", "twotheta")
_OF_A_PANEL = ("close_distance", "beam_center", "detector_rotations")
_MOTION = {
    "turn": Row("degrees", "", "rotation vector of the whole detector about the sample", components=("x", "y", "z")),
    "shift": Row("mm", "", "of the whole detector in the laboratory, after its turn", components=("x", "y", "z")),
}
_SQUARE = 1e-6  # cosine between the axes of a panel


@dataclass(frozen=True)
class Panel:
    """A flat panel where it stands in the laboratory of the command line, as in a dxtbx detector model."""

    origin: Vector  # sample to the outer corner of pixel (0, 0) [mm]
    fast: Vector  # direction of increasing fast index, any length
    slow: Vector
    n_fast: int
    n_slow: int
    pixel: float  # edge of a pixel [mm]

    def words(self) -> list[str]:
        """The flags that place this panel, beside those of the laboratory's axes.

        Raises:
            InputError: axes that are zero or not perpendicular, or a panel that shows its back to the sample.
        """
        origin, fast, slow = (torch.tensor(v, dtype=torch.float64) for v in (self.origin, self.fast, self.slow))
        if not (float(fast.norm()) > 0.0 and float(slow.norm()) > 0.0):
            raise InputError("panel: the fast and the slow axis must not be zero")
        fast, slow = fast / fast.norm(), slow / slow.norm()
        if abs(float(fast @ slow)) > _SQUARE:
            raise InputError("panel: the fast and the slow axis must be perpendicular")
        normal = torch.linalg.cross(fast, slow)
        close = float(origin @ normal)
        if close <= 0.0:
            raise InputError("panel: fast x slow must point away from the sample; exchange the axes or reverse one")
        numbers = {
            "-fdet_vector": fast.tolist(),
            "-sdet_vector": slow.tolist(),
            "-odet_vector": normal.tolist(),
            "-pixel": [self.pixel],
            "-detpixels_x": [self.n_fast],
            "-detpixels_y": [self.n_slow],
            "-Xbeam": [-float(origin @ fast)],
            "-Ybeam": [-float(origin @ slow)],
            "-close_distance": [close],
        }
        return _spelled(numbers)


def _check_flags(options: Options) -> None:
    typed = {"-roi": options.roi, "-mask": options.mask_file, "-img": options.img_file}
    own = [flag for flag, value in typed.items() if value is not None] + ["-curved_det"] * options.curved
    if own:
        raise InputError(f"{', '.join(own)}: describes one detector; leave it out, and choose pixels of each panel")


def _spelled(numbers: Mapping[str, Sequence[float]]) -> list[str]:
    return [word for flag, values in numbers.items() for word in (flag, *map(repr, values))]


@dataclass(frozen=True, repr=False)
class Panels:
    """One crystal in one beam on several panels; ``panels[i]`` is a complete experiment."""

    panels: tuple[Experiment, ...]

    def __repr__(self) -> str:
        return f"Panels({len(self.panels)} panels, the first: {self.panels[0]!r})"

    def _repr_html_(self) -> str:
        return "".join(page(panel) for panel in self.panels)

    def __len__(self) -> int:
        return len(self.panels)

    def __getitem__(self, index: int) -> Experiment:
        return self.panels[index]

    def __iter__(self) -> Iterator[Experiment]:
        return iter(self.panels)

    @property
    def dtype(self) -> torch.dtype:
        return self.panels[0].dtype

    @property
    def device(self) -> torch.device:
        return self.panels[0].device

    def to(self, *places: torch.dtype | torch.device | str | Tensor) -> Panels:
        """The same panels in another dtype or on another device, as :meth:`nbsim.Experiment.to`.

        Raises:
            InputError: the dtype or device is unknown or unavailable.
        """
        return Panels(tuple(panel.to(*places) for panel in self.panels))

    @classmethod
    def from_command(cls, command: str, panels: Sequence[Panel], workdir: Path | str = ".", **settings: Any) -> Panels:
        """The command line ``command`` with its detector replaced by ``panels``.

        The axes of its convention stay those of the laboratory: MOSFLM's beam runs along x. ``settings`` are those of
        :meth:`nbsim.Experiment.from_command`.

        Raises:
            InputError: no panel, a panel that cannot be, or an unusable command line.
        """
        if not panels:
            raise InputError("panels: at least one is needed")
        first = Experiment.from_command(command, workdir, **settings)
        _check_flags(first.options)
        frame = axes(first.options, first.quirks)
        # the two-theta axis also sets the angle (S1), which is therefore typed after it; it pivots at the sample
        laboratory = _spelled(
            {
                "-beam_vector": frame.beam.tolist(),
                "-polar_vector": frame.polarization.tolist(),
                "-spindle_axis": frame.spindle.tolist(),
                "-twotheta_axis": frame.twotheta.tolist(),
                "-detector_rotx": [0.0],
                "-detector_roty": [0.0],
                "-detector_rotz": [0.0],
                "-twotheta": [0.0],
            }
        )
        words = [*first.options.argv, *laboratory]
        return cls(tuple(Experiment.from_command([*words, *panel.words()], workdir, **settings) for panel in panels))

    def with_parameters(self, **parameters: Any) -> Panels:
        """The same panels with other numbers of crystal, beam and spindle.

        Names, units and errors are those of :meth:`nbsim.Experiment.with_parameters`.

        Raises:
            InputError: a parameter of the detector, or an unusable value.
        """
        own = [name for name in parameters if name in _DETECTOR]
        if own:
            raise InputError(f"{', '.join(own)}: belongs to a single panel; use with_panel(index, ...) or moved(...)")
        return Panels(tuple(panel.with_parameters(**parameters) for panel in self.panels))

    def parameter_rows(self) -> Mapping[str, Row]:
        """Parameters of a :class:`nbsim.ParameterVector`, by name.

        Those of crystal and beam, ``turn`` [degrees] and ``shift`` [mm] of the whole detector from here, and
        ``panel0_close_distance``, ``panel0_beam_center``, ``panel0_detector_rotations`` and so on of single panels.
        """
        shared = {name: row for name, row in ROWS.items() if name not in _DETECTOR}
        single = {f"panel{index}_{name}": ROWS[name] for index in range(len(self.panels)) for name in _OF_A_PANEL}
        return {**shared, **_MOTION, **single}

    def parameter_values(self) -> Mapping[str, Tensor]:
        """The parameters that the images follow, by the names of :meth:`parameter_rows`; the motion is 0 here."""
        shared = {name: value for name, value in self.panels[0].parameters.as_dict().items() if name not in _DETECTOR}
        single = {
            f"panel{index}_{name}": panel.parameters.as_dict()[name]
            for index, panel in enumerate(self.panels)
            for name in _OF_A_PANEL
        }
        return {**shared, **{name: torch.zeros(3, dtype=torch.float64) for name in _MOTION}, **single}

    def idle_parameters(self) -> Mapping[str, str]:
        """Parameters of crystal and beam without effect, with the reason."""
        return {name: why for name, why in self.panels[0].parameters.idle.items() if name not in _DETECTOR}

    def with_values(self, values: Mapping[str, Tensor]) -> Panels:
        """The same panels with other values, by the names of :meth:`parameter_rows`: single panels, then the motion.

        Raises:
            InputError: an unknown name, or an unusable value.
        """
        self._check_names(values)
        values = {name: as_parameter(name, value, self.shape_of(name)) for name, value in values.items()}
        made = []
        for index, panel in enumerate(self.panels):
            own = _of_panel(index, panel, values)
            made.append(panel.with_parameters(**own) if own else panel)
        return Panels(tuple(made))

    def batch(self, values: Mapping[str, Tensor]) -> PanelBatch:
        """:class:`PanelBatch` of these panels."""
        return PanelBatch(self, **values)

    def shape_of(self, name: str) -> tuple[int, ...]:
        """The shape of a parameter of :meth:`parameter_rows`; ANY where any length is valid.

        Raises:
            InputError: an unknown name, or a parameter without effect.
        """
        self._check_names([name])
        return shape_of(self.panels[0], name) if name in ROWS else self.parameter_rows()[name].shape

    def _check_names(self, names: Iterable[str]) -> None:
        known = self.parameter_rows()
        for name in names:
            if name not in known:
                raise InputError(f"{name}: no such parameter; known: {', '.join(known)}")

    def with_panel(self, index: int, **parameters: Any) -> Panels:
        """The same panels, one with another ``close_distance``, ``beam_center`` or ``detector_rotations``.

        Raises:
            InputError: a parameter of the crystal or the beam, or no such panel.
        """
        shared = [name for name in parameters if name not in _DETECTOR]
        if shared:
            raise InputError(f"{', '.join(shared)}: shared by all panels; use with_parameters(...)")
        if not 0 <= index < len(self.panels):
            raise InputError(f"panel {index}: there are {len(self.panels)}, from 0")
        changed = list(self.panels)
        changed[index] = changed[index].with_parameters(**parameters)
        return Panels(tuple(changed))

    def moved(self, turn: Value, shift: Value) -> Panels:
        """The whole detector moved as a rigid body, differentiably.

        Args:
            turn: rotation vector (3,) [rad] about the sample; smooth at zero.
            shift: vector (3,) [mm] in the laboratory, after the rotation.

        Raises:
            InputError: no vectors of three finite numbers.
        """
        rotation, shift = rotation_matrix(as_parameter("turn", turn, (3,))), as_parameter("shift", shift, (3,))
        return Panels(tuple(panel.with_parameters(**_moved(panel, {}, rotation, shift)) for panel in self.panels))

    def photons(self, slow: Box = None, fast: Box = None) -> tuple[Tensor, ...]:
        """A box of pixels of each panel, (len(slow), len(fast)) [photons], differentiable; None: the whole axis.

        ``slow`` and ``fast``: a range for every panel, or a list with a range or None for each; ``range(0)`` leaves a
        panel out. Otherwise as :meth:`nbsim.Experiment.photons`.

        Raises:
            InputError: a box leaves its panel, or another number of them than of panels.
        """
        each = boxes(self.panels, slow, fast)
        return tuple(panel.photons(*own) for panel, own in zip(self.panels, each, strict=True))

    def images(self, *, progress: Callable[[int, int], None] | None = None) -> tuple[Tensor, ...]:
        """The image of each panel, float32, fast and without gradients; ``progress``: panels done and in all."""
        made = []
        for panel in self.panels:
            made.append(panel.image().photons)
            if progress is not None:
                progress(len(made), len(self.panels))
        return tuple(made)


def _moved(panel: Experiment, own: Mapping[str, Tensor], rotation: Tensor, shift: Tensor) -> dict[str, Tensor]:
    """Parameters that place a panel of the sample pivot, first rotated about the sample, then shifted [mm].

    ``own`` replaces its numbers of _OF_A_PANEL; ``rotation`` (..., 3, 3), ``shift`` (..., 3) and they may have leading
    axes, which broadcast.
    """
    numbers = {name: own.get(name, getattr(panel.parameters, name)) for name in _OF_A_PANEL}
    turned = rotation @ misset_rotation(numbers["detector_rotations"])
    frame = axes(panel.options, panel.quirks)
    fast, slow, normal = (turned @ axis for axis in (frame.fast, frame.slow, frame.normal))
    return {
        "detector_rotations": misset_angles(turned),
        "beam_center": numbers["beam_center"] - torch.stack((dot(shift, fast), dot(shift, slow)), dim=-1),
        "close_distance": numbers["close_distance"] + dot(shift, normal),
    }


def _of_panel(index: int, panel: Experiment, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``values`` by the names of :meth:`Panels.parameter_rows` as parameters of one panel: its own, then the motion."""
    shared = {name: value for name, value in values.items() if name in ROWS}
    own = {name: values[f"panel{index}_{name}"] for name in _OF_A_PANEL if f"panel{index}_{name}" in values}
    if not values.keys() & _MOTION.keys():
        return {**shared, **own}
    still = torch.zeros(3, dtype=torch.float64)
    rotation = rotation_matrix(values.get("turn", still) / RTD)
    return {**shared, **_moved(panel, own, rotation, values.get("shift", still))}


class PanelBatch(ByValue):
    """Many shots on several panels at once: a :class:`nbsim.Batch` for each panel.

    Args:
        detector: the start.
        values: by the names of :meth:`Panels.parameter_rows`; with one more axis in front, (n, ...), for a value of
            each shot, without it for a common value.

    Values are those of ``self[i]`` to the last bit; gradients reach ``values``::

        shots = PanelBatch(detector, a_matrix=orientations, shift=shift)  # (50, 3, 3) and (3,)
        first, second = shots.photons()  # (50, n_slow, n_fast) of each panel

    Raises:
        InputError: no value of each shot, numbers of shots that differ, or as for :meth:`Panels.with_values`.
    """

    panels: tuple[Batch, ...]

    def __init__(self, detector: Panels, **values: Value) -> None:
        if not isinstance(detector, Panels):
            raise InputError(f"detector: Panels are needed, not {type(detector).__name__}")
        shapes = {name: detector.shape_of(name) for name in values}
        each = {
            name: as_parameter(name, value, (ANY, *shapes[name]))
            for name, value in values.items()
            if is_of_each(value, shapes[name])
        }
        made = {
            name: each[name] if name in each else as_parameter(name, value, shapes[name])
            for name, value in values.items()
        }
        count = count_of(each)
        self._about = ", ".join(name if name in each else f"{name} in common" for name in made)
        self.panels = tuple(
            _batch(panel, _of_panel(index, panel, made), count) for index, panel in enumerate(detector.panels)
        )

    def _compared(self) -> tuple[str, ...]:
        return ("panels",)

    def __len__(self) -> int:
        return len(self.panels[0])

    def __repr__(self) -> str:
        return f"PanelBatch({len(self)} shots on {len(self.panels)} panels: {self._about})"

    def __getitem__(self, index: int) -> Panels:
        """One of the shots, with the graph of its values.

        Raises:
            IndexError: there are not as many.
        """
        return Panels(tuple(batch[index] for batch in self.panels))

    def __iter__(self) -> Iterator[Panels]:
        return (self[row] for row in range(len(self)))

    def photons(self, slow: Box = None, fast: Box = None, *, compile_kernel: bool | None = None) -> tuple[Tensor, ...]:
        """A box of pixels of all shots on each panel, (n, len(slow), len(fast)) [photons], with their graph.

        ``slow`` and ``fast`` as for :meth:`Panels.photons`, the rest as for :meth:`nbsim.Batch.photons`: the memory
        stays bounded.

        Raises:
            InputError: a box leaves its panel, or another number of them than of panels.
        """
        each = boxes([batch.experiment for batch in self.panels], slow, fast)
        return tuple(
            batch.photons(*own, compile_kernel=compile_kernel) for batch, own in zip(self.panels, each, strict=True)
        )


def _batch(panel: Experiment, values: Mapping[str, Tensor], count: int) -> Batch:
    """``count`` shots on one panel, also where none of ``values`` has an axis for them."""
    if not any(is_of_each(value, shape_of(panel, name)) for name, value in values.items()):
        close = values.get("close_distance", panel.parameters.close_distance)
        values = {**values, "close_distance": close.expand(count)}
    return Batch(panel, **values)


# torch.load with weights_only reads panels: these hold data, and run no code of their own
torch.serialization.add_safe_globals([Panel, PanelBatch, Panels])

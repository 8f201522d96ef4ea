"""Tensors of an experiment that its image does not follow, and what to replace instead.

The pixel loop reads each quantity from one place: a detector from its first pixel, sources from their directions. The
other fields hold what C prints. Replaced by hand they would change nothing, without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from nbsim.errors import InputError
from nbsim.model import ExperimentData
from nbsim.pixel.corrections import is_unpolarized
from nbsim.values import same

_NO_SENSOR = "without effect where the sensor has no thickness (-detector_thick)"
_VECTORS = "without effect; replace crystal.a, b and c, or give a_matrix or cell to with_parameters"


def _of_detector(experiment: ExperimentData) -> Iterator[tuple[str, str]]:
    detector = experiment.detector
    if not detector.curved:
        yield "distance", "places nothing; replace detector.pix0, or give distance to with_parameters"
    if detector.point_pixel:
        yield "close_distance", "without effect beside -point_pixel"
    yield "thickness", "only tells whether there is a sensor; replace detector.layer_thickness"
    if bool(detector.thickness.detach() == 0.0):
        for name in ("normal", "layer_thickness", "attenuation"):
            yield name, _NO_SENSOR


def _of_beam(experiment: ExperimentData) -> Iterator[tuple[str, str]]:
    if not experiment.detector.curved:
        yield "direction", "without effect on a flat detector; replace beam.source_directions"
    yield "source_positions", "without effect; replace beam.source_directions"
    yield "wavelength", "without effect; replace beam.source_wavelengths, or give wavelength to with_parameters"
    if experiment.quirks.source_weights_ignored:
        yield "source_weights", "C counts every source alike (L8, quirk source_weights_ignored)"
    if is_unpolarized(experiment):
        for name in ("polarization", "polarization_axis"):
            yield name, "without effect beside -nopolar"


def _of_crystal(experiment: ExperimentData) -> Iterator[tuple[str, str]]:
    crystal = experiment.crystal
    follows_stars = crystal.shape in ("GAUSS", "TOPHAT") and experiment.quirks.dimensional_shape_width
    if not follows_stars or crystal.n_matrix is not None:
        for name in ("a_star", "b_star", "c_star"):
            yield name, _VECTORS
    if crystal.n_matrix is not None:
        what = ("n_cells", "without effect beside n_matrix; replace that")
        yield what if crystal.shape != "SQUARE" else ("n_matrix", "a block has whole cells along its axes")
    if crystal.mosaic_matrices.shape[0] == 1 and not (crystal.mosaic_spread > 0.0 or crystal.mosaic_turns_with_phi):
        yield "mosaic_matrices", "without effect on a crystal of one domain (-mosaic, -mosaic_domains)"
    yield "mosaic_spread", "without effect; replace crystal.mosaic_matrices, or give mosaic_spread to with_parameters"
    if experiment.sampling.n_phi == 1 and bool(experiment.sampling.phi_sine.detach() == 0.0):
        yield "spindle", "without effect at phi = 0"


def _of_sampling(experiment: ExperimentData) -> Iterator[tuple[str, str]]:
    yield "oscillation", "without effect; replace sampling.phi_sine and phi_cosine, or give it to with_parameters"


def _of_structure_factors(experiment: ExperimentData) -> Iterator[tuple[str, str]]:
    yield "holes", "without effect; replace structure_factors.grid"


_PARTS = {
    "detector": _of_detector,
    "beam": _of_beam,
    "crystal": _of_crystal,
    "sampling": _of_sampling,
    "structure_factors": _of_structure_factors,
}


def unread(experiment: ExperimentData) -> Mapping[str, str]:
    """Fields such as ``detector.distance`` that the image of ``experiment`` does not follow, and why."""
    return {f"{part}.{name}": why for part, fields in _PARTS.items() for name, why in fields(experiment)}


def check_replaced(experiment: ExperimentData) -> None:
    """Refuse tensors replaced by hand without an effect.

    A field that only accompanies others, such as a* beside a new a, is accepted unless it is a leaf for gradients.

    Raises:
        InputError: the message names the field and the one that has the effect.
    """
    if experiment.as_set_up and experiment.as_set_up[-1] is not experiment.parameters:
        raise InputError("parameters: replaced by hand they change nothing; take with_parameters")
    for (part, new), old in zip(experiment.parts.items(), experiment.as_set_up, strict=False):
        if old is None or new is old:
            continue
        replaced = [name for name in vars(new) if getattr(new, name) is not getattr(old, name)]
        ignored = {name: why for name, why in _PARTS[part](experiment) if name in replaced}
        alone = len(ignored) == len(replaced)
        for name, why in ignored.items():
            if _wants_gradient(getattr(new, name)) or (alone and not same(getattr(new, name), getattr(old, name))):
                raise InputError(f"{part}.{name}: {why}")


def _wants_gradient(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_leaf and value.requires_grad

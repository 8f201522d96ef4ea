"""The quirks of a C program as rules of the replay, for a reference that is not the stock program."""

from __future__ import annotations

from dataclasses import fields, replace

from nbtui.diagnosis.replay.accumulation import AccumulationRules, Weights
from nbtui.diagnosis.replay.corrections import Capture, CorrectionRules, Taken
from nbtui.diagnosis.replay.crystal import CrystalRules
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.errors import UnusableInput
from nbtui.live.model import Quirks


def with_quirks(setup: PixelSetup, quirks: Quirks) -> PixelSetup:
    """``setup`` with the rules of a program that has these quirks; the scene is already made with them.

    Raises:
        UnusableInput: the replay has no rule for a quirk that is off.
    """
    _refuse_others(quirks)
    own = Taken.FIRST if quirks.cached_corrections else Taken.WEIGHTED
    rules = replace(
        setup.rules,
        crystal=CrystalRules(phi_carryover=quirks.phi_carryover),
        accumulation=AccumulationRules(
            weights=Weights.IGNORED if quirks.source_weights_ignored else Weights.MEAN,
            running_sum_weights=quirks.running_sum_weights,
            background_weighted=quirks.background_weighted and not quirks.running_sum_weights,
            zero_term_skip=quirks.zero_term_skip,
        ),
        corrections=CorrectionRules(
            omega_of=own,
            polar_of=own,
            capture=Capture.LAST if quirks.last_layer_capture else Capture.WEIGHTED,
            thick_flag_zeroes=quirks.thick_flag_zeroes,
            culled_polar_zero=quirks.culled_polar_zero,
            nopolar_overridden=quirks.nopolar_overridden,
        ),
    )
    return replace(setup, rules=rules)


def _refuse_others(quirks: Quirks) -> None:
    """Refuse a quirk that is off and neither a rule here nor part of the scene, nor of rounding only."""
    rest = replace(
        quirks,
        # rules
        phi_carryover=True,
        source_weights_ignored=True,
        running_sum_weights=True,
        background_weighted=True,
        zero_term_skip=True,
        cached_corrections=True,
        last_layer_capture=True,
        thick_flag_zeroes=True,
        culled_polar_zero=True,
        nopolar_overridden=True,
        # of rounding only
        grating_literal=True,
        sphere_literal=True,
        naive_float32=True,  # of images
        # in the scene
        last_thickness_flag_crashes=True,
        last_curved_det_ignored=True,
        twotheta_axis_sets_angle=True,
        convention_forces_pivot=True,
        mosaic_first_identity=True,
        mosaic_single_precision=True,
        interpolate_before_sizes=True,
        matrix_rescaled_by_cell=True,
        cell_sine_of_gamma_star=True,
        source_file_literal=True,
        hkl_integer_rows=True,
    )
    left = [item.name for item in fields(rest) if not getattr(rest, item.name)]
    if left:
        raise UnusableInput(f"the diagnosis cannot simulate a C program with the quirk {left[0]} off")

"""The lines of the C log in which a cause can be seen, for those that the log at hand really has.

Which lines these are: hypotheses.md; nanobragg_setup.md sections 2.8 and 6, nanobragg_pixel_loop.md section 12.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nbtui.trace.columns import phi_ends
from nbtui.trace.model import PhiRecord, Trace
from nbtui.trace.text import clean

MOST = 3  # lines quoted for one cause
WIDEST = 110  # characters of a quoted line

# texts of plain lines, then names of trace fields
PLACES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "stale_hkl_cache": (("reading Fs from", "counting entries in"), ("F_cell",)),
    "default_fluence": (("incident fluence",), ("fluence_photons_per_m2",)),
    "kahn_default": (("olarization factor", "polarization effect disabled"), ("polar",)),
    "default_f_missing": (("initialized hkls", "initializing to default_F"), ("F_cell",)),
    "wavelength_ignored_in_matrix": (("Before misset rotation", "wave="), ("rot_a_star_A_inv",)),
    "source_weights_applied": (("created a total of",), ("steps",)),
    "source_count": (("created a total of",), ("steps",)),
    "tap_last_subpixel": (("oversample steps",), ()),
    "half_pixel_beam": (("convention selected",), ("beam_center_m", "Fbeam_m", "Sbeam_m")),
    "half_pixel_twice": (("convention selected",), ("beam_center_m", "Fbeam_m", "Sbeam_m")),
    "swap_beam_xy": (("convention selected",), ("beam_center_m", "Fbeam_m", "Sbeam_m")),
    "pixel_corner": ((), ("pixel_pos_meters",)),
    "pivot": (("pivoting detector",), ("pix0_vector_meters",)),
    "convention": (("convention selected",), ("convention_mapping",)),
    "pix0_override_used": ((), ("DETECTOR_PIX0_VECTOR", "pix0_vector_meters")),
    "odet_as_typed": (("auto-generating odet_vector",), ("DETECTOR_NORMAL_AXIS",)),
    "nominal_distance": (("distance=",), ("close_distance_meters",)),
    "twotheta_axis": ((), ("twotheta_axis", "angles_rad")),
    "rotation_order": ((), ("angles_rad", "R_total")),
    "incident_sign": ((), ("incident_vec",)),
    "default_beam_vector": ((), ("incident_vec",)),
    "omega_no_obliquity": ((), ("obliquity_factor", "omega_pixel_sr")),
    "point_pixel": ((), ("omega_pixel_sr",)),
    "abs_parallax": ((), ("capture_fraction",)),
    "capture_all_layers": ((), ("capture_fraction",)),
    "phi_midpoint": (("phi steps from",), ()),
    "phi_endpoint_grid": (("phi steps from",), ()),
    "phi_sign": (("phi steps from",), ("rot_b_angstroms",)),
    "matrix_transposed": ((), ("rot_a_star_A_inv",)),
    "misset_order": (("misset angles",), ("rot_a_star_A_inv",)),
    "misset_direct_vectors": (("misset angles",), ("rot_a_angstroms",)),
    "volume_regeneration": (("V_cell", "Before re-generation", "After re-generation"), ()),
    "cell_sine_of_gamma_star": (("Unit Cell:",), ()),
    "mosaic_seed": (("mosaic domains",), ()),
    "mosaic_first_not_identity": (("mosaic domains",), ()),
    "sincg_fractional": ((), ("F_latt_a", "F_latt_b", "F_latt_c")),
    "n_cells_permuted": ((" xtal: ",), ()),
    "xtal_shape": ((" xtal: ",), ()),
    "fudge": ((" xtal: ",), ()),
    "hkl_rounding": ((), ("hkl_frac", "hkl_rounded")),
    "hkl_neighbour": ((), ("hkl_rounded", "F_cell")),
    "hkl_transposed": ((), ("hkl_rounded", "F_cell")),
    "friedel": ((), ("hkl_rounded", "F_cell")),
    "interpolation": (("nterpolation",), ("F_cell",)),
    "last_value_corrections": (("oversample steps",), ("polar", "omega_pixel")),
    "running_sum_weights": ((), ("oversample_thick", "oversample_polar", "oversample_omega")),
    "steps_factor": (("oversample steps",), ("steps",)),
    "background_twice": ((), ("I_before_scaling",)),
}
_TAPS = ("I_before_scaling", "polar", "omega_pixel", "capture_fraction", "steps")


def seen(ids: Sequence[str], c: Trace) -> tuple[str, ...]:
    """Where the C log shows each of the causes: ``line N: text``, at most three for each; none that is not there."""
    return tuple(line for name in ids for line in _lines(name, c))


def _lines(name: str, c: Trace) -> Iterator[str]:
    if name == "phi_carryover":
        yield from _carried(c)
        return
    texts, fields = PLACES.get(name, ((), ()))
    if name.startswith("tap_after_"):
        factor = name.removeprefix("tap_after_")
        fields = (_TAPS[0], *(field for field in _TAPS[1:] if field.startswith(factor)))
    found: list[tuple[int, str]] = []
    for text in texts:
        found += [(notice.line, notice.text) for notice in c.notices if text in notice.text][:1]
    for field in fields:
        found += [(record.line, record.text) for record in c.all(field)[:1]]
    for line, text in found[:MOST]:
        yield f"line {line}: {_short(text)}" if line else _short(text)


def _carried(c: Trace) -> Iterator[str]:
    """The phi lines of which the first repeats the last."""
    if not len(c.phi):
        return
    first, last = phi_ends(c.phi)
    if first.phi_tic != 0 or last.phi_tic == 0:
        return
    same = [name for name in ("k_frac", "F_latt_b", "F_latt") if _same(first, last, name)]
    if same:
        what = ", ".join(f"{name} {first.values[name]:.15g}" for name in same)
        yield f"lines {first.line} and {last.line}: phi steps 0 and {last.phi_tic} carry the same {what}"


def _same(first: PhiRecord, last: PhiRecord, name: str) -> bool:
    return name in first.values and first.values[name] == last.values.get(name)


def _short(text: str) -> str:
    shown = " ".join(clean(text).split())
    return shown if len(shown) <= WIDEST else shown[: WIDEST - 3] + "..."

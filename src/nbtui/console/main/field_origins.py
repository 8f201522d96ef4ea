"""Where a value is made: in words for C's program, as file, line and function for ours.

C's loops nest, outermost first: slow, fast, layer, sub-pixel slow, sub-pixel fast, source, phi step, mosaic domain
(nanobragg_pixel_loop.md section 2). The lines of our files are looked up when they are asked for.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_SETUP = "before the loops, while the detector is placed"
_SUB = "in the loop over sub-pixels, before the sources"
_SOURCE = "in the loop over sources, before the phi steps"
_PHI = "in the loop over phi steps, before the domains"
_DOMAIN = "innermost, in the loop over mosaic domains"
_STORED = "after all loops of the pixel, when it is stored"
_CELL = "before the loops, with the cell"

# field -> (place in C's program, module and function of ours)
_MAKERS: dict[str, tuple[str, str]] = {
    "pix0_vector_meters": (_SETUP, "setup/geometry.place"),
    "fdet_vec": (_SETUP, "setup/geometry.place"),
    "sdet_vec": (_SETUP, "setup/geometry.place"),
    "pixel_pos_meters": (_SUB, "pixel/rays.positions"),
    "R_distance_meters": (_SUB, "pixel/rays.trace_rays"),
    "close_distance_meters": (_SETUP, "setup/geometry.place"),
    "obliquity_factor": (_SUB, "pixel/rays.trace_rays"),
    "omega_pixel_sr": (_SUB, "pixel/accumulation.sum_pixels"),
    "diffracted_vec": (_SUB, "pixel/rays.trace_rays"),
    "incident_vec": (_SOURCE, "pixel/rays.trace_rays"),
    "lambda_meters": (_SOURCE, "setup/assemble._beam"),
    "lambda_angstroms": (_SOURCE, "setup/assemble._beam"),
    "scattering_vec_A_inv": (_SOURCE, "pixel/rays.trace_rays"),
    "rot_a_angstroms": (_PHI, "pixel/orientations.orientations"),
    "rot_b_angstroms": (_PHI, "pixel/orientations.orientations"),
    "rot_c_angstroms": (_PHI, "pixel/orientations.orientations"),
    "rot_a_star_A_inv": (_CELL, "setup/crystal.lattice"),
    "rot_b_star_A_inv": (_CELL, "setup/crystal.lattice"),
    "rot_c_star_A_inv": (_CELL, "setup/crystal.lattice"),
    "hkl_frac": (_DOMAIN, "pixel/terms.executed_passes"),
    "hkl_rounded": (_DOMAIN, "pixel/lattice.nearest_index"),
    "F_latt_a": (_DOMAIN, "pixel/lattice.grating"),
    "F_latt_b": (_DOMAIN, "pixel/lattice.grating"),
    "F_latt_c": (_DOMAIN, "pixel/lattice.grating"),
    "F_latt": (_DOMAIN, "pixel/lattice.lattice_factor"),
    "phi.k_frac": (_DOMAIN, "pixel/terms.executed_passes"),
    "phi.F_latt_b": (_DOMAIN, "pixel/lattice.grating"),
    "phi.F_latt": (_DOMAIN, "pixel/lattice.lattice_factor"),
    "phi.phi_deg": ("in the loop over phi steps", "model.phi_values"),
    "F_cell": (_DOMAIN + ", after the test for F_latt = 0", "pixel/terms.structure_factor"),
    "F_cell_nearest": (_DOMAIN, "factors/table.nearest"),
    "F_cell_interpolated": (_DOMAIN, "factors/table.tricubic"),
    "I_before_scaling": (_DOMAIN + ", added up", "pixel/accumulation.sum_pixels"),
    "r_e_meters": (_STORED, "pixel/accumulation.sum_pixels"),
    "r_e_sqr": (_STORED, "pixel/accumulation.sum_pixels"),
    "fluence_photons_per_m2": ("before the loops, with the beam", "setup/parameters._fluence"),
    "steps": ("before the loops, with the sampling", "model.n_steps"),
    "capture_fraction": (_SUB + ", kept per layer", "pixel/accumulation._corrections"),
    "polar": (_SOURCE + ", kept for the pixel", "pixel/polarization.kahn_factor"),
    "omega_pixel": (_SUB + ", kept for the pixel", "pixel/accumulation._corrections"),
    "cos_2theta": (_SOURCE, "pixel/rays.trace_rays"),
    "I_pixel_final": (_STORED, "pixel/accumulation.sum_pixels"),
    "floatimage_accumulated": (_STORED, "pixel/pixel.stored"),
}


_CELL_FLAGS = "-cell or -mat, -misset"
_ROTATED = f"{_CELL_FLAGS}, -phi -osc -phisteps about the spindle axis, -mosaic_spread -mosaic_seed"
_PLACE = "the beam centre (-Xbeam -Ybeam, -ORGX -ORGY, -Xclose -Yclose) in the convention"
_FLUX = "-fluence, or -flux -exposure -beamsize"
_ANGLES = "-detector_rotx -detector_roty -detector_rotz, -twotheta"
# field -> the flags and files it comes from, where no printed field stands between
_FLAGS: dict[str, str] = {
    **{f"rot_{axis}_angstroms": _ROTATED for axis in "abc"},
    **{f"rot_{axis}_star_A_inv": _CELL_FLAGS for axis in "abc"},
    "phi.phi_deg": "-phi, -osc or -phistep, -phisteps",
    "phi.k_frac": "the scattering vector, and b of that phi step",
    "incident_vec": "the convention or -beam_vector, -divergence, -sourcefile",
    "lambda_meters": "-lambda or -energy, -dispersion, -sourcefile",
    "close_distance_meters": "-distance or -close_distance",
    "close_distance_m": "-distance or -close_distance",
    "distance_m": "-distance or -close_distance",
    "angles_rad": _ANGLES,
    "twotheta_axis": "-twotheta_axis, or the convention",
    "detector_convention": "-mosflm, -xds, -adxv, -denzo, -dials, or vectors given",
    **dict.fromkeys(("initial_fdet", "initial_sdet", "initial_odet"), "the convention, or vectors given"),
    **dict.fromkeys(("Fclose_m", "Sclose_m", "Fbeam_m", "Sbeam_m", "beam_center_m"), _PLACE),
    "r_e_meters": "a constant of the program",
    "fluence_photons_per_m2": _FLUX,
    "steps": "-sourcefile or -hdivsteps -vdivsteps -dispsteps, -mosaic_domains, -phisteps, -oversample",
    "capture_fraction": "-detector_thick, -detector_abs, -detector_thicksteps",
    **{f"oversample_{name}": f"-oversample_{name}" for name in ("thick", "polar", "omega")},
}


def from_command(name: str) -> str:
    """The flags and files that a field comes from, in words; empty when nobody knows."""
    return _FLAGS.get(name, "")


def in_c(name: str, origin: str) -> str:
    """Where C makes a field, in words; ``origin`` is the field's in the catalogue. Empty when nobody knows."""
    if name in _MAKERS:
        return _MAKERS[name][0]
    return _SETUP if origin == "setup" else ""


def in_python(name: str, origin: str) -> str:
    """``nbsim/lattice.py:52 grating`` for a field that our simulator makes, else empty."""
    maker = _MAKERS.get(name, ("", "setup/setup_lines.setup_lines" if origin == "setup" else ""))[1]
    if not maker:
        return ""
    module, function = maker.split(".")
    line = _lines(module).get(function)
    return f"nbsim/{module}.py:{line} {function}" if line else f"nbsim/{module}.py {function}"


@cache
def _lines(module: str) -> dict[str, int]:
    """Line of every function of a module of the simulator. It is read as text: nothing is imported."""
    spec = find_spec("nbsim")
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        try:
            tree = ast.parse((Path(folder) / f"{module}.py").read_text(encoding="utf-8"))
        except (OSError, SyntaxError):
            continue
        return {node.name: node.lineno for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return {}

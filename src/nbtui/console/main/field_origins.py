"""Where our simulator makes a value, as file, line and function; the lines are looked up when somebody asks."""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from nbtui.trace.fields.catalogue import Field

# field -> module and function of the simulator
_MAKERS: dict[str, str] = {
    "pix0_vector_meters": "setup/geometry.place",
    "fdet_vec": "setup/geometry.place",
    "sdet_vec": "setup/geometry.place",
    "pixel_pos_meters": "pixel/rays.positions",
    "R_distance_meters": "pixel/rays.trace_rays",
    "close_distance_meters": "setup/geometry.place",
    "obliquity_factor": "pixel/rays.trace_rays",
    "omega_pixel_sr": "pixel/accumulation.sum_pixels",
    "diffracted_vec": "pixel/rays.trace_rays",
    "incident_vec": "pixel/rays.trace_rays",
    "lambda_meters": "setup/assemble._beam",
    "lambda_angstroms": "setup/assemble._beam",
    "scattering_vec_A_inv": "pixel/rays.trace_rays",
    "rot_a_angstroms": "pixel/orientations.orientations",
    "rot_b_angstroms": "pixel/orientations.orientations",
    "rot_c_angstroms": "pixel/orientations.orientations",
    "rot_a_star_A_inv": "setup/crystal.lattice",
    "rot_b_star_A_inv": "setup/crystal.lattice",
    "rot_c_star_A_inv": "setup/crystal.lattice",
    "phi.phi_deg": "model.phi_values",
    "hkl_frac": "pixel/terms.executed_passes",
    "hkl_rounded": "pixel/lattice.nearest_index",
    "F_latt_a": "pixel/lattice.grating",
    "F_latt_b": "pixel/lattice.grating",
    "F_latt_c": "pixel/lattice.grating",
    "F_latt": "pixel/lattice.lattice_factor",
    "phi.k_frac": "pixel/terms.executed_passes",
    "phi.F_latt_b": "pixel/lattice.grating",
    "phi.F_latt": "pixel/lattice.lattice_factor",
    "F_cell_nearest": "factors/table.nearest",
    "F_cell_interpolated": "factors/table.tricubic",
    "F_cell": "pixel/terms.structure_factor",
    "I_before_scaling": "pixel/accumulation.sum_pixels",
    "r_e_meters": "pixel/accumulation.sum_pixels",
    "r_e_sqr": "pixel/accumulation.sum_pixels",
    "fluence_photons_per_m2": "setup/parameters._fluence",
    "steps": "model.n_steps",
    "capture_fraction": "pixel/accumulation._corrections",
    "polar": "pixel/polarization.kahn_factor",
    "omega_pixel": "pixel/accumulation._corrections",
    "cos_2theta": "pixel/rays.trace_rays",
    "I_pixel_final": "pixel/accumulation.sum_pixels",
    "floatimage_accumulated": "pixel/pixel.stored",
}


def in_python(entry: Field) -> str:
    """``nbsim/lattice.py:52 grating`` for a field that our simulator makes, else empty."""
    maker = _MAKERS.get(entry.name, "setup/setup_lines.setup_lines" if entry.tap.in_setup else "")
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

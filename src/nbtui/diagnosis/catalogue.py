"""The hypotheses as data: id, what it says, how to confirm it, what fixed it.

The ids are those of hypotheses.md; what each changes is in the ``plant_*`` modules.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hypothesis:
    """One way in which two implementations come apart."""

    id: str
    sentence: str
    confirm: str  # what to look for in the C log
    fix: str  # what put it right where it was met
    harmless: bool = False  # a line differs, the image does not


_ROWS: tuple[tuple[str, str, str, str], ...] = (
    (
        "other_pixel",
        "The two traces are of different pixels.",
        "TRACE_CONFIG names the pixel as spixel, fpixel; -trace_pixel takes SLOW FAST, -printout_pixel FAST SLOW.",
        "Trace the same (slow, fast) on both sides.",
    ),
    (
        "other_config",
        "A set-up value differs between the two runs.",
        "Compare the value named here with the C log's set-up lines and the command line.",
        "Run both sides from one command line.",
    ),
    (
        "stale_hkl_cache",
        "One side read structure factors from a cache file of an earlier run.",
        "The C log says 'reading Fs from Fdump.bin', or lacks 'counting entries in'.",
        "Delete Fdump.bin, or give -hkl on every run.",
    ),
    (
        "default_fluence",
        "One side uses the default fluence instead of flux x exposure / beamsize^2.",
        "The C log's 'incident fluence' line; the default is 1.25932e29 photons/m^2, 1/r_e^2.",
        "Pass the fluence of the command line on to the scaling.",
    ),
    (
        "kahn_default",
        "The polarisation factor comes from another Kahn factor than stated.",
        "The C log's 'Kahn polarization factor' line; at azimuth 45 degrees it does not show.",
        "Pass -polar K on; C's default is 0, not 1.",
    ),
    (
        "polar_axis",
        "Another polarisation axis is used.",
        "The C log's POLARIZATION_PLANE_NORMAL is beam x polar axis.",
        "Take the convention's polar axis (or -polar_vector).",
    ),
    (
        "default_f_missing",
        "default_F is not applied where the table has no entry, or is applied where it has one.",
        "The C log says how many hkls are initialised and '(all others =F)'.",
        "Fill the table with default_F before reading, and use it outside the table's box.",
    ),
    (
        "wavelength_ignored_in_matrix",
        "The orientation matrix is not divided by the wavelength, or twice.",
        "|a_star| in the C log's reciprocal-space cell vectors.",
        "A MOSFLM matrix is dimensionless: multiply it once by 1/lambda.",
    ),
    (
        "source_weights_applied",
        "One side weights the sources.",
        "C prints the weights in its source table but never uses them.",
        "Count all sources equally for parity with C.",
    ),
    (
        "source_count",
        "The sources differ: a comment line counted or not, or the wavelength column replaced by the nominal one.",
        "'created a total of N sources' and the table below it; steps contains their number.",
        "Read the file line by line as C does: a comment line is a source of zeros.",
    ),
    (
        "tap_after_polar",
        "I_before_scaling was taken after the polarisation factor had been applied.",
        "C's line is printed before any factor; the ratio of the two values is C's 'polar' to all digits.",
        "Move the trace line in front of the multiplication.",
    ),
    (
        "tap_after_omega",
        "I_before_scaling was taken after the solid angle had been applied.",
        "The ratio of the two values is C's omega_pixel.",
        "Move the trace line in front of the multiplication.",
    ),
    (
        "tap_after_capture",
        "I_before_scaling was taken after the capture fraction had been applied.",
        "The ratio of the two values is C's capture_fraction.",
        "Move the trace line in front of the multiplication.",
    ),
    (
        "tap_after_steps",
        "I_before_scaling was taken after the division by steps.",
        "The ratio of the two values is 1/steps.",
        "Move the trace line in front of the division.",
    ),
    (
        "tap_after_scale",
        "I_before_scaling was taken after the factor r_e^2 x fluence.",
        "The ratio of the two values is r_e_sqr x fluence_photons_per_m2.",
        "Move the trace line in front of the multiplication.",
    ),
    (
        "tap_single_phi",
        "I_before_scaling shows one phi step instead of the sum over all.",
        "I_pixel_final agrees; the value is that step's sum in the terms table.",
        "Print the accumulated sum, after the phi loop.",
    ),
    (
        "tap_single_mosaic",
        "I_before_scaling shows one mosaic domain instead of the sum over all.",
        "I_pixel_final agrees; the value is that domain's sum in the terms table.",
        "Print the accumulated sum, after the mosaic loop.",
    ),
    (
        "tap_last_subpixel",
        "The trace shows the last subpixel's share, or its block only.",
        "C repeats the block for every subpixel and layer; the sum is over all of them.",
        "Print one block for every subpixel, and the sum over all of them.",
    ),
    (
        "unit_label",
        "A value is printed in another unit than on the other side.",
        "The ratio is exactly a power of ten, 2 pi or 180/pi, and nothing downstream changes.",
        "Print both in one unit, or rename the line; C's scattering_vec_A_inv is in 1/m.",
    ),
    (
        "tap_unrotated_reciprocal",
        "The reciprocal vectors are printed after the phi rotation on one side, before it on the other.",
        "C prints them as set up, not rotated by phi; hkl_frac agrees.",
        "Nothing needs fixing: no value of the image depends on these lines.",
    ),
    (
        "pixel_corner",
        "Pixel coordinates are taken at the corner instead of the centre.",
        "pix0 and the axes agree, pixel_pos_meters differs by half a pixel.",
        "Add half a (sub)pixel along fast and slow.",
    ),
    (
        "half_pixel_beam",
        "The half pixel that MOSFLM adds to the beam centre is missing.",
        "'Fbeam', 'Sbeam' of the C log are Ybeam + pixel/2, Xbeam + pixel/2 in the MOSFLM convention only.",
        "Add half a pixel to both coordinates (MOSFLM), and to none elsewhere.",
    ),
    (
        "half_pixel_twice",
        "The half pixel of the beam centre is added twice.",
        "'Fbeam', 'Sbeam' of the C log.",
        "Add it in one place only: when the command line is read or when the detector is built.",
    ),
    (
        "swap_beam_xy",
        "The two coordinates of the beam centre are exchanged.",
        "MOSFLM and DENZO: Fbeam comes from Ybeam, Sbeam from Xbeam; elsewhere X is fast.",
        "Map X and Y by the convention.",
    ),
    (
        "pivot",
        "The detector turns about the other pivot: the direct beam instead of the sample, or reverse.",
        "The C log says 'pivoting detector around ...'.",
        "Let the convention decide as C does; -pivot works only with CUSTOM.",
    ),
    (
        "convention",
        "Another detector convention's axes or beam-centre rule is used.",
        "'... convention selected' in the C log; any vector flag makes it CUSTOM.",
        "Switch to CUSTOM when a vector is given, as C does.",
    ),
    (
        "pix0_override_used",
        "The typed pix0 vector is used; C ignores it.",
        "C's pix0_vector_meters does not change with -pix0_vector.",
        "Compute pix0 from pivot, beam centre and distance whatever was typed.",
    ),
    (
        "odet_as_typed",
        "Detector or beam vectors are used as typed.",
        "'WARNING: auto-generating odet_vector': C takes fast x slow unless the typed normal has length exactly 1.",
        "Normalise fast, slow and beam, and take the normal from fast x slow.",
    ),
    (
        "nominal_distance",
        "The nominal distance stands where the close distance belongs.",
        "close_distance_meters against distance_m in the C log.",
        "Use the distance along the detector normal in the solid angle and in the origin.",
    ),
    (
        "twotheta_axis",
        "The detector swings about another two-theta axis.",
        "C's TRACE_C:twotheta_axis line; the default depends on the convention and is 0 1 0 for CUSTOM.",
        "Take the convention's axis.",
    ),
    (
        "rotation_order",
        "The detector rotations are applied in another order, or transposed.",
        "C turns about x, then y, then z of the laboratory, then by two-theta.",
        "Apply R_z R_y R_x to the vectors, then the swing.",
    ),
    (
        "incident_sign",
        "The incident beam vector is reversed.",
        "C's incident_vec points downstream, from source to sample.",
        "Take the negative of the direction to the source.",
    ),
    (
        "default_beam_vector",
        "The convention's default beam is used in place of the given one.",
        "INCIDENT_BEAM_DIRECTION in the C log.",
        "Pass -beam_vector on to the scattering vector.",
    ),
    (
        "omega_no_obliquity",
        "The solid angle lacks the factor close_distance/R.",
        "omega_pixel_sr divided by obliquity_factor gives the other side's value.",
        "Multiply by close_distance/R unless -point_pixel is given.",
    ),
    (
        "point_pixel",
        "The solid angle of a point pixel is used, or the pixel's area is missing.",
        "C's omega is 1/R^2 only with -point_pixel.",
        "Use pixel^2/R^2 x close_distance/R.",
    ),
    (
        "abs_parallax",
        "The absorption path uses the absolute value of the parallax.",
        "It shows where diffracted_vec . normal is negative; C's capture_fraction is negative there.",
        "Keep the sign for parity.",
    ),
    (
        "capture_all_layers",
        "The capture fraction is summed over the layers, or each layer has its own.",
        "C multiplies the sum over layers once, by the last layer's capture.",
        "Use the last layer's value for parity.",
    ),
    (
        "phi_carryover",
        "At phi = 0 C keeps the vectors of the last phi step of the pass before; the other side starts fresh.",
        "C's k_frac of phi_tic 0 equals that of the last step although phi_deg says 0.",
        "Run with --phi-mode c-parity for parity with C, spec for physics.",
    ),
    (
        "phi_midpoint",
        "phi is taken at the middle of each step.",
        "C's phi_deg starts at -phi exactly.",
        "Start the grid at phi, not at phi + step/2.",
    ),
    (
        "phi_endpoint_grid",
        "The phi grid is divided by steps - 1, so that it reaches the end of the range.",
        "C's phi_deg of the last step is phi + osc - step.",
        "Divide the range by the number of steps.",
    ),
    (
        "phi_sign",
        "The crystal turns the other way round.",
        "rot_a_angstroms at the last phi step.",
        "Turn by +phi about the spindle axis, right-handed.",
    ),
    (
        "matrix_transposed",
        "The orientation matrix is read by rows instead of columns.",
        "The columns of the file are a*, b*, c*.",
        "Transpose the matrix when it is read.",
    ),
    (
        "misset_order",
        "The misset rotations are applied in another order, or transposed.",
        "a_star 'After misset rotation' in the C log.",
        "Turn about x, then y, then z of the laboratory.",
    ),
    (
        "misset_direct_vectors",
        "The misset turns the direct vectors as well, or them alone.",
        "rot_a_angstroms against rot_a_star_A_inv: a . a* is 1 in C.",
        "Turn the reciprocal vectors and derive the direct ones from them.",
    ),
    (
        "volume_regeneration",
        "Reciprocal vectors are not regenerated from the direct ones, or the volume comes from the formula.",
        "The C log's 'Before re-generation' and 'After re-generation' lines.",
        "Regenerate a*, b*, c* from a, b, c with the actual volume, as C does.",
    ),
    (
        "mosaic_seed",
        "The mosaic domains come from another seed.",
        "Only sums over domains differ; domain 0 agrees.",
        "Take -mosaic_seed (default 12345678) and negate it, as C does.",
    ),
    (
        "mosaic_first_not_identity",
        "Mosaic domain 0 is the drawn rotation instead of the identity.",
        "C prints the identity as its first mosaic matrix.",
        "Replace the first matrix by the identity after drawing it.",
    ),
    (
        "mosaic_before_phi",
        "The mosaic rotation is applied before the phi rotation.",
        "It shows only with both a phi range and a mosaic spread.",
        "Turn by phi first, then by the domain's matrix.",
    ),
    (
        "sincg_fractional",
        "The lattice factor takes the fractional part of the index: same size, other sign.",
        "F_latt factors differ in sign only, where N - 1 is odd and the index is odd.",
        "Nothing in the image depends on it; use the whole index for parity of the trace.",
    ),
    (
        "n_cells_permuted",
        "Na, Nb and Nc are exchanged.",
        "The C log's 'xtal: NaxNbxNc cells'.",
        "Pass the counts in the order a, b, c.",
    ),
    (
        "xtal_shape",
        "Another lattice shape is used.",
        "The C log names the shape ('parallelpiped xtal', 'spherical' ...).",
        "Pass the shape flag on.",
    ),
    (
        "fudge",
        "Another fudge factor is used in the lattice shape.",
        "-fudge on the command line; it does not touch SQUARE crystals.",
        "Pass -fudge on.",
    ),
    (
        "hkl_rounding",
        "The nearest index comes from another rounding rule.",
        "C rounds with ceil(h - 1/2): halves go down.",
        "Use the same expression.",
    ),
    (
        "hkl_neighbour",
        "The structure factor is that of a neighbouring index.",
        "hkl_rounded agrees, F_cell is the table's value one index further.",
        "Check the lower bounds of the table when it is indexed.",
    ),
    (
        "hkl_transposed",
        "The structure factor is that of permuted indices.",
        "hkl_rounded agrees, F_cell is the table's value at another order of the same indices.",
        "Index the table as h, k, l.",
    ),
    (
        "friedel",
        "The structure factor is that of -h -k -l.",
        "hkl_rounded agrees, F_cell is the table's value of the Friedel mate.",
        "Check the sign of the incident or scattering vector where the table is read.",
    ),
    (
        "interpolation",
        "Structure factors are interpolated on one side and nearest on the other.",
        "'auto-selected interpolation' in the C log: it is on where any N is 2 or less.",
        "Follow C's rule or give -interpolate / -nointerpolate.",
    ),
    (
        "last_value_corrections",
        "Solid angle or polarisation are those of the last subpixel or source, or averaged, not the first.",
        "C's polar and omega_pixel are those of the first subpixel and source unless the oversample flags are on.",
        "Use the first value for parity.",
    ),
    (
        "running_sum_weights",
        "The oversample factors are applied to each term instead of the running sum.",
        "-oversample_thick, -oversample_polar or -oversample_omega are on; C multiplies the whole running sum.",
        "Emulate C's running sum (quirk running_sum_weights), or leave the flags off.",
    ),
    (
        "steps_factor",
        "steps lacks one of sources, mosaic domains, phi steps, oversample^2.",
        "C's steps line is the product of the four.",
        "Divide by the product of all four.",
    ),
    (
        "background_twice",
        "The water background is scaled once instead of twice.",
        "C's I_before_scaling already holds r_e^2 x fluence in its background.",
        "Emulate C (quirk background_twice).",
    ),
    (
        "float32",
        "A stage is computed in single precision.",
        "The values are float32 numbers to all printed digits where C's are not.",
        "Compute the trace in float64 (--dtype float64).",
    ),
)

CATALOGUE: dict[str, Hypothesis] = {
    row[0]: Hypothesis(*row, harmless=row[0] in ("tap_unrotated_reciprocal", "sincg_fractional")) for row in _ROWS
}

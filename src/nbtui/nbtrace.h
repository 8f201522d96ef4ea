/* Taps: a C program prints the lines that `nbtui compare` reads. C99 or later, or C++; no other file is needed.

   Copy this file beside the program, and begin a trace before the pixel loop:

       #include "nbtrace.h"

       nbt_arguments(argc, argv);              // reads -trace_pixel SLOW FAST; or nbt_begin(slow, fast, file)
       if (nbt_tracing())                      // in the set-up
           NBT_REAL(distance_m, distance);
       if (nbt_traced(spixel, fpixel)) {       // in the pixel loop
           NBT_VECTOR(pixel_pos_meters, pixel_pos[1], pixel_pos[2], pixel_pos[3]);
           NBT_REAL(F_cell, F_cell);
       }

   The compiler checks names and shapes: NBT_REAL(omega_pixl, x) fails with "NBT_REAL_omega_pixl undeclared", and gcc
   and clang propose the right one. %.17g keeps every bit of a double. Print where the C program has its loops at
   source, phi step and mosaic domain 0; docs/traces.md of nbtui lists every field with its place and unit.
   Run one thread (OMP_NUM_THREADS=1): lines of several calls, such as NBT_PHI ... NBT_END, must not be interrupted.
   With the comma as decimal sign (setlocale), numbers are not readable; keep LC_NUMERIC at "C". */

#ifndef NBTRACE_H
#define NBTRACE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    int slow, fast;
    FILE *out;
} nbt_state = {-1, -1, NULL};

static inline FILE *nbt_out(void) { return nbt_state.out != NULL ? nbt_state.out : stdout; }

/* Trace pixel (slow, fast), both from 0; out NULL is stdout. */
static inline void nbt_begin(int slow, int fast, FILE *out)
{
    nbt_state.slow = slow;
    nbt_state.fast = fast;
    nbt_state.out = out;
    fprintf(nbt_out(), "TRACE_CONFIG: tracing pixel (spixel=%d, fpixel=%d)\n", slow, fast);
}

/* Trace the pixel of -trace_pixel SLOW FAST; nothing without it. */
static inline void nbt_arguments(int argc, char **argv)
{
    int i;
    for (i = 1; i + 2 < argc; ++i)
        if (strcmp(argv[i], "-trace_pixel") == 0)
            nbt_begin(atoi(argv[i + 1]), atoi(argv[i + 2]), NULL);
}

static inline int nbt_tracing(void) { return nbt_state.slow >= 0; }
static inline int nbt_traced(int slow, int fast)
{
    return nbt_tracing() && slow == nbt_state.slow && fast == nbt_state.fast;
}

static inline void nbt_text(const char *head, const char *text) { fprintf(nbt_out(), "%s%s\n", head, text); }
static inline void nbt_real(const char *head, double x) { fprintf(nbt_out(), "%s%.17g\n", head, x); }
static inline void nbt_whole(const char *head, long n) { fprintf(nbt_out(), "%s%ld\n", head, n); }
static inline void nbt_vector(const char *head, double x, double y, double z)
{
    fprintf(nbt_out(), "%s%.17g %.17g %.17g\n", head, x, y, z);
}
static inline void nbt_indices(const char *head, long h, long k, long l)
{
    fprintf(nbt_out(), "%s%ld %ld %ld\n", head, h, k, l);
}
static inline void nbt_matrix(const char *head, const double *m)
{
    fprintf(nbt_out(), "%s[%.17g %.17g %.17g; %.17g %.17g %.17g; %.17g %.17g %.17g]\n", head, m[0], m[1], m[2], m[3],
            m[4], m[5], m[6], m[7], m[8]);
}
static inline void nbt_angles(const char *head, double rotx, double roty, double rotz, double twotheta)
{
    fprintf(nbt_out(), "%srotx:%.17g roty:%.17g rotz:%.17g twotheta:%.17g\n", head, rotx, roty, rotz, twotheta);
}
static inline void nbt_beam(const char *head, double x, double y, double pixel_mm)
{
    fprintf(nbt_out(), "%sX:%.17g Y:%.17g pixel_mm:%.17g\n", head, x, y, pixel_mm);
}
static inline void nbt_list(const char *head, const double *values, int count)
{
    int i;
    fprintf(nbt_out(), "%s[", head);
    for (i = 0; i < count; ++i)
        fprintf(nbt_out(), "%s%.17g", i > 0 ? ", " : "", values[i]);
    fprintf(nbt_out(), "]\n");
}
static inline void nbt_key(const char *key, double x) { fprintf(nbt_out(), "%s%.17g", key, x); }
static inline void nbt_whole_key(const char *key, long n) { fprintf(nbt_out(), "%s%ld", key, n); }

/* one value */
#define NBT_TEXT(field, text) nbt_text(NBT_TEXT_##field, (text))
#define NBT_REAL(field, x) nbt_real(NBT_REAL_##field, (double)(x))
#define NBT_WHOLE(field, n) nbt_whole(NBT_WHOLE_##field, (long)(n))
#define NBT_VECTOR(field, x, y, z) nbt_vector(NBT_VECTOR_##field, (double)(x), (double)(y), (double)(z))
#define NBT_INDICES(field, h, k, l) nbt_indices(NBT_INDICES_##field, (long)(h), (long)(k), (long)(l))
#define NBT_MATRIX(field, m) nbt_matrix(NBT_MATRIX_##field, (m)) /* 9 doubles, row by row */
#define NBT_ANGLES(field, rotx, roty, rotz, twotheta) nbt_angles(NBT_ANGLES_##field, rotx, roty, rotz, twotheta)
#define NBT_BEAM(field, x, y, pixel_mm) nbt_beam(NBT_BEAM_##field, x, y, pixel_mm)

/* one phi line: NBT_PHI(phi_tic); NBT_PHI_VALUE(k_frac, k); NBT_PHI_VALUE(F_latt, F_latt); NBT_END(); */
#define NBT_PHI(phi_tic) fprintf(nbt_out(), "TRACE_C_PHI phi_tic=%d", (int)(phi_tic))
#define NBT_PHI_VALUE(key, x) nbt_key(NBT_PHI_REAL_##key, (double)(x))
#define NBT_ROTSTAR(phi_tic) fprintf(nbt_out(), "TRACE_C_ROTSTAR phi_tic=%d", (int)(phi_tic))
#define NBT_ROTSTAR_VALUE(key, x) nbt_key(NBT_ROTSTAR_REAL_##key, (double)(x))
#define NBT_END() fprintf(nbt_out(), "\n")

/* one term line: NBT_TERM(0, 0, 0, source, phi_tic, mos_tic); NBT_TERM_VALUE(h, h); NBT_TERM_INDEX(h0, h0); NBT_END();
   nbtui needs all of h k l h0 k0 l0 F_latt F_cell F_cell2_F_latt2 */
#define NBT_TERM(thick, sub_slow, sub_fast, source, phi_step, mosaic_domain)                                           \
    fprintf(nbt_out(),                                                                                                 \
            "TRACE_C_TERM thick=%d sub_slow=%d sub_fast=%d source=%d phi_step=%d mosaic_domain=%d", (int)(thick),      \
            (int)(sub_slow), (int)(sub_fast), (int)(source), (int)(phi_step), (int)(mosaic_domain))
#define NBT_TERM_VALUE(key, x) nbt_key(NBT_TERM_REAL_##key, (double)(x))
#define NBT_TERM_INDEX(key, n) nbt_whole_key(NBT_TERM_WHOLE_##key, (long)(n))

/* one value of a source */
#define NBT_SOURCE(index) fprintf(nbt_out(), "TRACE_C_SOURCE %d: ", (int)(index))
#define NBT_SOURCE_VALUE(index, field, x) (NBT_SOURCE(index), nbt_real(NBT_SOURCE_REAL_##field, (double)(x)))
#define NBT_SOURCE_NUMBER(index, field, n) (NBT_SOURCE(index), nbt_whole(NBT_SOURCE_WHOLE_##field, (long)(n)))
#define NBT_SOURCE_DIRECTION(index, x, y, z)                                                                           \
    (NBT_SOURCE(index), nbt_vector(NBT_SOURCE_VECTOR_source_direction, (double)(x), (double)(y), (double)(z)))

/* the neighbourhood of an interpolation: NBT_COORDS(h, values, 4); NBT_GRID(i, j, k, F); */
#define NBT_COORDS(axis, values, count) nbt_list(NBT_TRICUBIC_LIST_##axis##_coords, (values), (count))
#define NBT_GRID(i, j, k, x)                                                                                           \
    fprintf(nbt_out(), "TRACE_C_TRICUBIC: [%d,%d,%d]=%.17g\n", (int)(i), (int)(j), (int)(k), (double)(x))

/* the derivative of I_pixel_final by a number of the command line, in its unit: NBT_GRADIENT(cell_a, dI_da); */
#define NBT_GRADIENT(parameter, x) nbt_real(NBT_GRADIENT_REAL_##parameter, (double)(x))

/* fields, made by `make docs` from the catalogue */
#define NBT_TEXT_detector_convention "TRACE_C:detector_convention="
#define NBT_ANGLES_angles_rad "TRACE_C:angles_rad="
#define NBT_VECTOR_twotheta_axis "TRACE_C:twotheta_axis="
#define NBT_BEAM_beam_center_m "TRACE_C:beam_center_m="
#define NBT_VECTOR_initial_fdet "TRACE_C:initial_fdet="
#define NBT_VECTOR_initial_sdet "TRACE_C:initial_sdet="
#define NBT_VECTOR_initial_odet "TRACE_C:initial_odet="
#define NBT_REAL_Fclose_m "TRACE_C:Fclose_m="
#define NBT_REAL_Sclose_m "TRACE_C:Sclose_m="
#define NBT_REAL_close_distance_m "TRACE_C:close_distance_m="
#define NBT_REAL_ratio "TRACE_C:ratio="
#define NBT_VECTOR_term_fast_before_rot "TRACE_C:term_fast_before_rot="
#define NBT_VECTOR_term_slow_before_rot "TRACE_C:term_slow_before_rot="
#define NBT_VECTOR_term_close_before_rot "TRACE_C:term_close_before_rot="
#define NBT_VECTOR_pix0_before_rotation "TRACE_C:pix0_before_rotation="
#define NBT_VECTOR_pix0_after_rotz "TRACE_C:pix0_after_rotz="
#define NBT_VECTOR_pix0_after_twotheta "TRACE_C:pix0_after_twotheta="
#define NBT_MATRIX_Rx "TRACE_C:Rx="
#define NBT_MATRIX_Ry "TRACE_C:Ry="
#define NBT_MATRIX_Rz "TRACE_C:Rz="
#define NBT_MATRIX_R_total "TRACE_C:R_total="
#define NBT_VECTOR_fdet_after_rotz "TRACE_C:fdet_after_rotz="
#define NBT_VECTOR_sdet_after_rotz "TRACE_C:sdet_after_rotz="
#define NBT_VECTOR_odet_after_rotz "TRACE_C:odet_after_rotz="
#define NBT_VECTOR_fdet_after_twotheta "TRACE_C:fdet_after_twotheta="
#define NBT_VECTOR_sdet_after_twotheta "TRACE_C:sdet_after_twotheta="
#define NBT_VECTOR_odet_after_twotheta "TRACE_C:odet_after_twotheta="
#define NBT_TEXT_convention_mapping "TRACE_C:convention_mapping="
#define NBT_REAL_Fbeam_m "TRACE_C:Fbeam_m="
#define NBT_REAL_Sbeam_m "TRACE_C:Sbeam_m="
#define NBT_REAL_distance_m "TRACE_C:distance_m="
#define NBT_VECTOR_term_fast "TRACE_C:term_fast="
#define NBT_VECTOR_term_slow "TRACE_C:term_slow="
#define NBT_VECTOR_term_beam "TRACE_C:term_beam="
#define NBT_VECTOR_pix0_vector_calculated "TRACE_C:pix0_vector_calculated="
#define NBT_VECTOR_pix0_vector "TRACE_C:pix0_vector="
#define NBT_VECTOR_DETECTOR_FAST_AXIS "DETECTOR_FAST_AXIS "
#define NBT_VECTOR_DETECTOR_SLOW_AXIS "DETECTOR_SLOW_AXIS "
#define NBT_VECTOR_DETECTOR_NORMAL_AXIS "DETECTOR_NORMAL_AXIS "
#define NBT_VECTOR_DETECTOR_PIX0_VECTOR "DETECTOR_PIX0_VECTOR "
#define NBT_VECTOR_pix0_vector_meters "TRACE_C: pix0_vector_meters "
#define NBT_VECTOR_fdet_vec "TRACE_C: fdet_vec "
#define NBT_VECTOR_sdet_vec "TRACE_C: sdet_vec "
#define NBT_VECTOR_pixel_pos_meters "TRACE_C: pixel_pos_meters "
#define NBT_REAL_R_distance_meters "TRACE_C: R_distance_meters "
#define NBT_REAL_close_distance_meters "TRACE_C: close_distance_meters "
#define NBT_REAL_obliquity_factor "TRACE_C: obliquity_factor "
#define NBT_REAL_omega_pixel_sr "TRACE_C: omega_pixel_sr "
#define NBT_VECTOR_diffracted_vec "TRACE_C: diffracted_vec "
#define NBT_VECTOR_incident_vec "TRACE_C: incident_vec "
#define NBT_REAL_lambda_meters "TRACE_C: lambda_meters "
#define NBT_REAL_lambda_angstroms "TRACE_C: lambda_angstroms "
#define NBT_VECTOR_scattering_vec_A_inv "TRACE_C: scattering_vec_A_inv "
#define NBT_SOURCE_WHOLE_source_index "source_index "
#define NBT_SOURCE_VECTOR_source_direction "source_direction "
#define NBT_SOURCE_REAL_source_weight "source_weight "
#define NBT_SOURCE_REAL_lambda_angstroms "lambda_angstroms "
#define NBT_PHI_REAL_S_x " S_x="
#define NBT_PHI_REAL_S_y " S_y="
#define NBT_PHI_REAL_S_z " S_z="
#define NBT_VECTOR_spindle_axis_raw "TRACE_C:spindle_axis_raw="
#define NBT_REAL_spindle_magnitude "TRACE_C:spindle_magnitude="
#define NBT_VECTOR_spindle_axis_normalized "TRACE_C:spindle_axis_normalized="
#define NBT_VECTOR_rot_a_angstroms "TRACE_C: rot_a_angstroms "
#define NBT_VECTOR_rot_b_angstroms "TRACE_C: rot_b_angstroms "
#define NBT_VECTOR_rot_c_angstroms "TRACE_C: rot_c_angstroms "
#define NBT_VECTOR_rot_a_star_A_inv "TRACE_C: rot_a_star_A_inv "
#define NBT_VECTOR_rot_b_star_A_inv "TRACE_C: rot_b_star_A_inv "
#define NBT_VECTOR_rot_c_star_A_inv "TRACE_C: rot_c_star_A_inv "
#define NBT_PHI_REAL_phi_deg " phi_deg="
#define NBT_PHI_REAL_a_star_y " a_star_y="
#define NBT_PHI_REAL_b_star_y " b_star_y="
#define NBT_PHI_REAL_c_star_y " c_star_y="
#define NBT_PHI_REAL_V_actual " V_actual="
#define NBT_ROTSTAR_REAL_ap_y " ap_y="
#define NBT_ROTSTAR_REAL_bp_y " bp_y="
#define NBT_ROTSTAR_REAL_cp_y " cp_y="
#define NBT_VECTOR_hkl_frac "TRACE_C: hkl_frac "
#define NBT_INDICES_hkl_rounded "TRACE_C: hkl_rounded "
#define NBT_REAL_F_latt_a "TRACE_C: F_latt_a "
#define NBT_REAL_F_latt_b "TRACE_C: F_latt_b "
#define NBT_REAL_F_latt_c "TRACE_C: F_latt_c "
#define NBT_REAL_F_latt "TRACE_C: F_latt "
#define NBT_PHI_REAL_k_frac " k_frac="
#define NBT_PHI_REAL_F_latt_b " F_latt_b="
#define NBT_PHI_REAL_F_latt " F_latt="
#define NBT_TERM_REAL_h " h="
#define NBT_TERM_REAL_k " k="
#define NBT_TERM_REAL_l " l="
#define NBT_TERM_WHOLE_h0 " h0="
#define NBT_TERM_WHOLE_k0 " k0="
#define NBT_TERM_WHOLE_l0 " l0="
#define NBT_TERM_REAL_F_latt " F_latt="
#define NBT_TRICUBIC_LIST_h_coords "TRACE_C_TRICUBIC_H_COORDS: "
#define NBT_TRICUBIC_LIST_k_coords "TRACE_C_TRICUBIC_K_COORDS: "
#define NBT_TRICUBIC_LIST_l_coords "TRACE_C_TRICUBIC_L_COORDS: "
#define NBT_REAL_F_cell_nearest "TRACE_C: F_cell_nearest "
#define NBT_REAL_F_cell_interpolated "TRACE_C: F_cell_interpolated "
#define NBT_REAL_F_cell "TRACE_C: F_cell "
#define NBT_TERM_REAL_F_cell " F_cell="
#define NBT_SOURCE_REAL_F_latt "F_latt "
#define NBT_SOURCE_REAL_F_latt_squared "F_latt_squared "
#define NBT_SOURCE_REAL_F_cell "F_cell "
#define NBT_SOURCE_REAL_F_cell_squared "F_cell_squared "
#define NBT_SOURCE_REAL_I_contribution "I_contribution "
#define NBT_SOURCE_REAL_I_contribution_post_polar "I_contribution_post_polar "
#define NBT_REAL_I_before_scaling "TRACE_C: I_before_scaling "
#define NBT_REAL_I_before_scaling_post_polar "TRACE_C: I_before_scaling_post_polar "
#define NBT_TERM_REAL_F_cell2_F_latt2 " F_cell2_F_latt2="
#define NBT_SOURCE_REAL_polar "polar "
#define NBT_SOURCE_REAL_cos_2theta "cos_2theta "
#define NBT_REAL_r_e_meters "TRACE_C: r_e_meters "
#define NBT_REAL_r_e_sqr "TRACE_C: r_e_sqr "
#define NBT_REAL_fluence_photons_per_m2 "TRACE_C: fluence_photons_per_m2 "
#define NBT_WHOLE_steps "TRACE_C: steps "
#define NBT_WHOLE_oversample_thick "TRACE_C: oversample_thick "
#define NBT_WHOLE_oversample_polar "TRACE_C: oversample_polar "
#define NBT_WHOLE_oversample_omega "TRACE_C: oversample_omega "
#define NBT_REAL_capture_fraction "TRACE_C: capture_fraction "
#define NBT_REAL_polar "TRACE_C: polar "
#define NBT_REAL_omega_pixel "TRACE_C: omega_pixel "
#define NBT_REAL_cos_2theta "TRACE_C: cos_2theta "
#define NBT_REAL_I_pixel_final "TRACE_C: I_pixel_final "
#define NBT_REAL_floatimage_accumulated "TRACE_C: floatimage_accumulated "
#define NBT_GRADIENT_REAL_cell_a "TRACE_C_GRAD: cell_a "
#define NBT_GRADIENT_REAL_cell_b "TRACE_C_GRAD: cell_b "
#define NBT_GRADIENT_REAL_cell_c "TRACE_C_GRAD: cell_c "
#define NBT_GRADIENT_REAL_cell_alpha "TRACE_C_GRAD: cell_alpha "
#define NBT_GRADIENT_REAL_cell_beta "TRACE_C_GRAD: cell_beta "
#define NBT_GRADIENT_REAL_cell_gamma "TRACE_C_GRAD: cell_gamma "
#define NBT_GRADIENT_REAL_misset_x "TRACE_C_GRAD: misset_x "
#define NBT_GRADIENT_REAL_misset_y "TRACE_C_GRAD: misset_y "
#define NBT_GRADIENT_REAL_misset_z "TRACE_C_GRAD: misset_z "
#define NBT_GRADIENT_REAL_mosaic_spread "TRACE_C_GRAD: mosaic_spread "
#define NBT_GRADIENT_REAL_mosaic_spreads_a "TRACE_C_GRAD: mosaic_spreads_a "
#define NBT_GRADIENT_REAL_mosaic_spreads_b "TRACE_C_GRAD: mosaic_spreads_b "
#define NBT_GRADIENT_REAL_mosaic_spreads_c "TRACE_C_GRAD: mosaic_spreads_c "
#define NBT_GRADIENT_REAL_n_cells_a "TRACE_C_GRAD: n_cells_a "
#define NBT_GRADIENT_REAL_n_cells_b "TRACE_C_GRAD: n_cells_b "
#define NBT_GRADIENT_REAL_n_cells_c "TRACE_C_GRAD: n_cells_c "
#define NBT_GRADIENT_REAL_wavelength "TRACE_C_GRAD: wavelength "
#define NBT_GRADIENT_REAL_fluence "TRACE_C_GRAD: fluence "
#define NBT_GRADIENT_REAL_polarization "TRACE_C_GRAD: polarization "
#define NBT_GRADIENT_REAL_distance "TRACE_C_GRAD: distance "
#define NBT_GRADIENT_REAL_close_distance "TRACE_C_GRAD: close_distance "
#define NBT_GRADIENT_REAL_beam_center_x "TRACE_C_GRAD: beam_center_x "
#define NBT_GRADIENT_REAL_beam_center_y "TRACE_C_GRAD: beam_center_y "
#define NBT_GRADIENT_REAL_detector_rotations_x "TRACE_C_GRAD: detector_rotations_x "
#define NBT_GRADIENT_REAL_detector_rotations_y "TRACE_C_GRAD: detector_rotations_y "
#define NBT_GRADIENT_REAL_detector_rotations_z "TRACE_C_GRAD: detector_rotations_z "
#define NBT_GRADIENT_REAL_twotheta "TRACE_C_GRAD: twotheta "
#define NBT_GRADIENT_REAL_phi "TRACE_C_GRAD: phi "
#define NBT_GRADIENT_REAL_oscillation "TRACE_C_GRAD: oscillation "
#define NBT_GRADIENT_REAL_default_f "TRACE_C_GRAD: default_f "
/* end of the fields */

#endif

/* Adjoints of a block of pixels and of the kernel's arguments, and the sums that collect them.

Sums have a fixed order: eight of them side by side, each over every eighth pixel.
*/

#define WITHOUT_BOXES
#include "pixels.c"

#include <stdlib.h>
#include <string.h>

#define WIDE 8
typedef real wide __attribute__((vector_size(WIDE * sizeof(real)), aligned(sizeof(real)), may_alias));
#define FIELD(name) ((offsetof(struct run, name) - offsetof(struct run, fast)) / sizeof(real))
#define NEAR_A_PEAK R(5e-3)    /* |pi N e| below which the slope of the quotient of sines is a series */
#define NEAR_THE_CENTRE R(9e-2) /* the same for the square of a sphere's argument */

/* numbers of one source; the direction appears twice, in scattering vectors and normalised in the polarization */
enum source_number { INCIDENT = 0, UNIT_INCIDENT = 3, ELECTRIC = 6, MAGNETIC = 9, WAVELENGTH = 12, SHARE, SOURCE_NUMBERS };

struct adjoint {
    real (*cells)[9][WIDE];                /* null: not wanted */
    real *table;                           /* null: not wanted */
    real (*sources)[SOURCE_NUMBERS][WIDE];
    real (*reals)[WIDE];                   /* from struct run's fast to background */
};

/* adjoints of the numbers of a block, by their names there */
struct back {
    real pixel[LANES], total[LANES]; /* of the value, and of the sum of its terms */
    real x[LANES], y[LANES], z[LANES], sx[LANES], sy[LANES], sz[LANES];
    real now[CORRECTIONS][LANES], cached[CORRECTIONS][LANES], mean[CORRECTIONS][LANES];
    real first_capture[LANES];                                   /* of a layer */
    real term[LANES], h[LANES], k[LANES], l[LANES];              /* of F^2 F_latt^2, and of the indices */
    real twice[LANES];                                           /* 2 term */
    real by_h[LANES], by_k[LANES], by_l[LANES];                  /* d F_latt^2 / d h ... */
    real by_n[3][LANES], by_radius2[LANES], by_volume[LANES];    /* d F_latt^2 / d N ... */
    real cell_h[LANES], cell_k[LANES], cell_l[LANES];            /* d F / d h ... */
    real squares[LANES], bend[LANES], power[LANES], slope[LANES]; /* of the terms of one ray and source */
    real n_cells[3][LANES], volume[LANES], radius[9][LANES];
    real found[LANES];
    int64_t last[LANES];                 /* places in the table of the latest terms */
    real cell[LANES], waiting[LANES];    /* F there, and its adjoint from the terms since */
};

INLINE void gather(real *sums, const real *values, int64_t n) {
    wide sum = *(wide *)sums;
    for (int64_t i = 0; i < n; i += WIDE) sum += *(const wide *)(values + i);
    *(wide *)sums = sum;
}

INLINE void gather_product(real *sums, const real *one, const real *other, int64_t n) {
    wide sum = *(wide *)sums;
    for (int64_t i = 0; i < n; i += WIDE) sum += *(const wide *)(one + i) * *(const wide *)(other + i);
    *(wide *)sums = sum;
}

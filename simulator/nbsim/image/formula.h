/* Rays, indices, lattice factors and structure factors, LANES pixels at a time: the formula of nbsim.pixel in loops
that a compiler turns into vectors.

The torch formula is the truth, and tests/simulator/test_kernel_scope.py holds this file and pixels.c to it over every
flag and quirk; rays.h, single_rays.h, nodes.h, spots.h and single_terms.h belong to it. Names are those of nbsim.pixel;
nbsim.image.arguments fills struct run. Real numbers are double, or float with -DSINGLE. With -DSINGLE_TERMS they are
double up to the phases of a block-shaped crystal, whose sines, F and amplitudes are float, and the exponents of
Gaussian spots, sums double again: indices lose no fraction. -DSINE_SERIES(square) is sin x / x for |x| <= pi / 2,
-DTERM_SERIES(square) is sin(pi x) / x of a term for |x| <= 1 / 2.
Source: nanobragg_pixel_loop.md sections 4 to 8.
*/

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <tgmath.h>

#ifndef LANES
#define LANES 128
#endif
#define TERMS_BETWEEN_QUESTIONS (1 << 21)

#ifdef SINGLE
typedef float real;
typedef uint32_t bits;
#define PI_LOW -8.742278000372485e-08f /* pi less its float */
#define LN2_LOW -1.904654299957768e-09f
#define MANTISSA 23
#define SMALL_SPHERE 3e-2f /* below, the literal quotient is left to the C library, whose rounding it shows */
#define NO_EXPONENTIAL 104.0f
#define TINY 1e-12f /* far below the last digit of every index but 0, where the quotient of sines becomes N */
#else
typedef double real;
typedef uint64_t bits;
#define PI_LOW 1.2246467991473532e-16
#define LN2_LOW 2.319046813846299558e-17
#define MANTISSA 52
#define SMALL_SPHERE 3e-2
#define NO_EXPONENTIAL 745.13321910194122
#define TINY 1e-40 /* the product of six sines of it is a number */
#endif
#define R(x) ((real)(x))
#ifdef SINGLE_TERMS
typedef float term;
#else
typedef real term;
#endif
/* lanes of a vector of terms */
#define WIDTH ((int64_t)(64 / sizeof(term)))
#define PI R(3.14159265358979323846)
#define SPHERE_NORM R(0.723601254558268)
#define GAUSS_WIDTH R(0.63)
#define TOPHAT_LIMIT R(0.3969)
/* a call in a loop would keep it from becoming vectors */
#define INLINE static inline __attribute__((always_inline))
/* inlined, these take the compiler seconds, or registers from the loops around them */
#define APART __attribute__((noinline))
/* n is a multiple of WIDTH; no lane depends on another */
#define EACH_LANE _Pragma("GCC ivdep") for (int64_t i = 0; i < (n & -WIDTH); i++)

enum shape { SQUARE, ROUND, GAUSS, TOPHAT };
enum use { CACHED, AVERAGE, EACH_TERM, RUNNING };
enum correction { CAPTURE, POLAR, OMEGA, CORRECTIONS };
#define ALL_CORRECTIONS ((1 << CORRECTIONS) - 1)

struct run {
    const real *cells;       /* a, b, c [m] of each orientation, (orientations, 3, 3) */
    const void *table; /* F in a box of indices, l fastest; the outermost planes stand for all beyond; real to interpolate
                          it, else term */
    const real *incident;    /* (sources, 3) */
    const real *electric;    /* axis of E, (sources, 3) */
    const real *magnetic;    /* axis of B, (sources, 3) */
    const real *wavelengths; /* (sources,) */
    const real *shares;      /* (sources,) */
    const uint8_t *mask;     /* rendered pixels, (n_slow, n_fast), or null: all */
    real fast[3], slow[3], normal[3], pix0[3];
    real pole[3], from[3], along[6], swings[6]; /* of a curved detector */
    real radius[9];                             /* a shape's radius is |radius (h - h0, k - k0, l - l0)| */
    real n_cells[3], low[3];
    real pixel_size, distance, close_distance, layer_thickness, attenuation, area, kahn, dmin;
    real volume, fudge, scale, start, background;
    int64_t n_fast;
    int64_t orientations, sources, layers, oversample, shape, sound, diagonal, series, skip;
    int64_t curved, point, absorbs, polarized, interpolated, first_capture, culled_polar_zero, background_weighted;
    int64_t count[3]; /* of the box */
    int64_t uses[CORRECTIONS];
};

struct block {
    int32_t slow[LANES], fast[LANES];
    int64_t end[LANES], failed[LANES];
    real x[LANES], y[LANES], z[LANES];    /* direction of the ray */
    real sx[LANES], sy[LANES], sz[LANES]; /* scattering vector */
    real h[LANES], k[LANES], l[LANES], latt[LANES], cell[LANES];
    int64_t at[LANES];
    real sum[LANES], total[LANES], left[LANES];    /* left: product of the weights of the running sum */
    real now[CORRECTIONS][LANES], cached[CORRECTIONS][LANES], mean[CORRECTIONS][LANES];
    real factor[LANES], weight[LANES], live[LANES], alive[LANES], other[LANES], others[LANES];
    real zero[LANES], omega[LANES], value[LANES];
#ifdef SINGLE_TERMS
    term noise[LANES];    /* sum of terms over |sin(pi e_h) sin(pi e_k) sin(pi e_l)|, e = h - h0 */
    term farthest[LANES]; /* from the nearest reflection, of all terms and axes */
#endif
};

#if defined(__FMA__) || defined(__aarch64__) || defined(__FP_FAST_FMA)
#define ADDED(a, b, c) fma(a, b, c)
#define REDUCED 1
#else
#define ADDED(a, b, c) ((a) * (b) + (c))
#define REDUCED 0
#endif

INLINE real dot(const real *v, real x, real y, real z) { return v[0] * x + v[1] * y + v[2] * z; }

/* the same, with float terms but for the last bits */
INLINE real along(const real *v, real x, real y, real z) {
#ifdef SINGLE_TERMS
    return ADDED(v[0], x, ADDED(v[1], y, v[2] * z));
#else
    return dot(v, x, y, z);
#endif
}

/* sin x, |x| <= pi / 2 */
INLINE real sine_of_rest(real x) {
    const real square = x * x;
    return SINE_SERIES(square) * x;
}

/* x less whole pi; pi has twice the digits of real, so that all digits remain beside a zero of the sine */
INLINE real less(real x, real whole) { return ADDED(-whole, R(PI_LOW), ADDED(-whole, PI, x)); }

/* the whole number nearest to x y, |x y| < 2^51, or 2^22 of float: beside the large number no fraction remains */
#define LARGE (R(1.5) * R((bits)1 << MANTISSA))
INLINE real whole_of(real x, real y) { return ADDED(x, y, LARGE) - LARGE; }

INLINE real rest(real x) { return less(x, whole_of(x, R(1) / PI)); }

/* sin x up to its sign */
INLINE real sine(real x) {
#if REDUCED
    return sine_of_rest(rest(x));
#else
    return sin(x);
#endif
}

/* the same for x within pi / 2 of whole pi */
INLINE real sine_beside(real x, real whole) {
#if REDUCED
    return sine_of_rest(less(x, whole));
#else
    return sin(x);
#endif
}

/* x / y with every bit of the division, from 1 / y */
INLINE real quotient(real x, real y, real inverse) {
#if REDUCED
    const real nearly = x * inverse;
    return ADDED(ADDED(-nearly, y, x), inverse, nearly);
#else
    return x / y;
#endif
}

/* exp(-x) */
INLINE real decayed(real x) {
    union {
        real value;
        bits pattern;
    } low, high;
    const real argument = fabs(x) >= NO_EXPONENTIAL ? R(0) : -x;
    low.value = argument * R(1.4426950408889634) + LARGE;
    const real whole = low.value - LARGE;
    const real rest = ADDED(-whole, R(LN2_LOW), ADDED(-whole, R(0.69314718055994528623), argument));
    real value = R(1) / R(479001600);
#define TERM(factorial) value = ADDED(value, rest, R(1) / R(factorial));
    TERM(39916800) TERM(3628800) TERM(362880) TERM(40320) TERM(5040) TERM(720) TERM(120) TERM(24) TERM(6) TERM(2)
    /* rounded once: the digits that 1 + rest has lost come back with the small terms */
    const real most = R(1) + rest;
    value = most + ADDED(value * rest, rest, rest - (most - R(1)));
    /* two factors, of which none leaves the normal numbers */
    const real half = rint(whole * R(0.5));
    const bits bias = ((bits)1 << (8 * sizeof(real) - 2 - MANTISSA)) - 1;
    low.value = half + LARGE;
    low.pattern = (low.pattern + bias) << MANTISSA;
    high.value = whole - half + LARGE;
    high.pattern = (high.pattern + bias) << MANTISSA;
    return fabs(x) >= NO_EXPONENTIAL ? (x > R(0) ? R(0) : R(INFINITY)) : value * low.value * high.value;
}

/* 3 (sin x / x - cos x) / x^2 up to its sign */
INLINE real sphere(real x) {
    const real y = rest(x), inverse = R(1) / x;
    const real difference = quotient(sine_of_rest(y), x, inverse) - sine_of_rest(R(0.5) * PI - fabs(y));
    return R(3) * difference * (inverse * inverse);
}

static real small_sphere(real x, int64_t series) {
    if (series) {
        const real s = x * x;
        return R(1) + s * (R(-0.1) + s * (R(1) / R(280) + s * (R(-1) / R(15120) + s * (R(1) / R(1330560)))));
    }
    return x == R(0) ? R(1) : R(3) * (sin(x) / x - cos(x)) / (x * x);
}

#include "rays.h"

INLINE real nearest(real index) { return ceil(index - R(0.5)); }

/* nan counts as the highest */
INLINE double within(real whole, double low, double high) {
    const double below = (double)whole < high ? (double)whole : high;
    return below > low ? below : low;
}

#define ONLY_WHOLE 0x1p52 /* from here on, the last bit of a double is 1 */

struct planes { /* of the table: the outermost ones, and places from one to the next */
    double low_h, low_k, low_l, high_h, high_k, high_l, of_h, of_k, origin;
};

INLINE struct planes planes_of(const struct run *r) {
    const double h = (double)r->low[0], k = (double)r->low[1], l = (double)r->low[2];
    const double n_h = (double)r->count[0], n_k = (double)r->count[1], n_l = (double)r->count[2];
    const double origin = ONLY_WHOLE - (h * n_k * n_l + k * n_l + l);
    return (struct planes){h, k, l, h + n_h - 1.0, k + n_k - 1.0, l + n_l - 1.0, n_k * n_l, n_l, origin};
}

/* place of F of a reflection in the table */
INLINE int64_t place(struct planes p, real h0, real k0, real l0) {
    const double h = within(h0, p.low_h, p.high_h), k = within(k0, p.low_k, p.high_k);
    const double l = within(l0, p.low_l, p.high_l);
    union {
        double value;
        int64_t pattern;
    } there = {ADDED(h, p.of_h, ADDED(k, p.of_k, l + p.origin))}, none = {ONLY_WHOLE};
    return there.pattern - none.pattern;
}

struct sines {
    real above, below;
};

/* literally sin(pi h N) / sin(pi h) along every axis, rounding noise included, or the same of h - h0; up to its sign */
INLINE struct sines gratings(const struct run *r, real h, real k, real l, real h0, real k0, real l0,
                             const int64_t sound) {
    const real x = ADDED(PI, sound ? h - h0 : h, TINY), y = ADDED(PI, sound ? k - k0 : k, TINY);
    const real z = ADDED(PI, sound ? l - l0 : l, TINY);
    const real h1 = sound ? R(0) : h0, k1 = sound ? R(0) : k0, l1 = sound ? R(0) : l0;
    struct sines s;
    s.above = sine(x * r->n_cells[0]) * sine(y * r->n_cells[1]) * sine(z * r->n_cells[2]);
    s.below = sine_beside(x, h1) * sine_beside(y, k1) * sine_beside(z, l1);
    return s;
}

/* of a shape, from the offsets to the nearest reflection */
INLINE real radius2_of(const struct run *r, real e_h, real e_k, real e_l, const int64_t diagonal) {
    const real n_a = r->n_cells[0], n_b = r->n_cells[1], n_c = r->n_cells[2];
    const real x = dot(r->radius, e_h, e_k, e_l), y = dot(r->radius + 3, e_h, e_k, e_l);
    const real z = dot(r->radius + 6, e_h, e_k, e_l);
    return diagonal ? e_h * e_h * n_a * n_a + e_k * e_k * n_b * n_b + e_l * e_l * n_c * n_c : x * x + y * y + z * z;
}

#ifndef SINGLE_TERMS
INLINE struct sines amplitude(const struct run *r, struct planes p, const term *table, const real *cell,
                              real sx, real sy, real sz, const int64_t sound) {
    const real h = dot(cell, sx, sy, sz), k = dot(cell + 3, sx, sy, sz), l = dot(cell + 6, sx, sy, sz);
    const real h0 = nearest(h), k0 = nearest(k), l0 = nearest(l);
    struct sines s = gratings(r, h, k, l, h0, k0, l0, sound);
    s.above *= table[place(p, h0, k0, l0)];
    return s;
}

/* the terms of two orientations of a block-shaped crystal, with one division for both */
INLINE void add_two(const struct run *restrict r, struct block *restrict b, const real *restrict cell, int64_t n,
                    const int64_t sound) {
    const struct planes p = planes_of(r);
    const term *restrict table = (const term *)r->table;
    EACH_LANE {
        const real sx = b->sx[i], sy = b->sy[i], sz = b->sz[i];
        const struct sines one = amplitude(r, p, table, cell, sx, sy, sz, sound);
        const struct sines two = amplitude(r, p, table, cell + 9, sx, sy, sz, sound);
        const real inverse = R(1) / (one.below * two.below);
        const real first = one.above * (two.below * inverse), second = two.above * (one.below * inverse);
        b->sum[i] = ADDED(second, second, ADDED(first, first, b->sum[i]));
    }
}

/* the running sum goes on by the literal term of one orientation, as by the loops of every shape */
static void add_running(const struct run *restrict r, struct block *restrict b, const real *restrict cell, int64_t n) {
    const struct planes p = planes_of(r);
    const term *restrict table = (const term *)r->table;
    const int64_t skip = r->skip;
    EACH_LANE {
        const real sx = b->sx[i], sy = b->sy[i], sz = b->sz[i];
        const real h = dot(cell, sx, sy, sz), k = dot(cell + 3, sx, sy, sz), l = dot(cell + 6, sx, sy, sz);
        const real h0 = nearest(h), k0 = nearest(k), l0 = nearest(l), f = table[place(p, h0, k0, l0)];
        const struct sines s = gratings(r, h, k, l, h0, k0, l0, 0);
        const real latt = s.above / s.below, term = f * f * latt * latt * b->factor[i];
        const int executed = b->live[i] != R(0) && (!skip || latt != R(0));
        b->total[i] = executed ? (b->total[i] + term) * b->weight[i] : b->total[i];
        b->left[i] = executed ? b->left[i] * b->weight[i] : b->left[i];
    }
}
#else
#include "single_terms.h"
#include "spots.h"
#endif

/* indices, lattice factor (up to its sign) and place in the table for one orientation */
INLINE void lattice(const struct run *restrict r, struct block *restrict b, const real *restrict cell, int64_t n,
                    const int64_t shape, const int64_t sound) {
    const real volume = r->volume, fudge = r->fudge;
    const struct planes p = planes_of(r);
    EACH_LANE {
        const real sx = b->sx[i], sy = b->sy[i], sz = b->sz[i];
        const real h = dot(cell, sx, sy, sz), k = dot(cell + 3, sx, sy, sz), l = dot(cell + 6, sx, sy, sz);
        const real h0 = nearest(h), k0 = nearest(k), l0 = nearest(l);
        b->h[i] = h, b->k[i] = k, b->l[i] = l;
        b->at[i] = place(p, h0, k0, l0);
        if (shape == SQUARE) {
            const struct sines s = gratings(r, h, k, l, h0, k0, l0, sound);
            b->latt[i] = s.above / s.below;
        } else {
            const real radius2 = radius2_of(r, h - h0, k - k0, l - l0, r->diagonal);
            if (shape == ROUND) b->latt[i] = PI * sqrt(radius2 * fudge);
            if (shape == GAUSS) b->latt[i] = volume * decayed(quotient(radius2, GAUSS_WIDTH, R(1) / GAUSS_WIDTH) * fudge);
            if (shape == TOPHAT) b->latt[i] = radius2 * fudge < TOPHAT_LIMIT ? volume : R(0);
        }
    }
    if (shape == ROUND) {
        int small = 0;
        EACH_LANE small |= b->latt[i] < SMALL_SPHERE;
        if (small) {
            EACH_LANE {
                const real x = b->latt[i];
                b->latt[i] = volume * SPHERE_NORM * (x < SMALL_SPHERE ? small_sphere(x, r->series) : sphere(x));
            }
        } else {
            EACH_LANE b->latt[i] = volume * SPHERE_NORM * sphere(b->latt[i]);
        }
    }
}

static void lattice_of_shape(const struct run *r, struct block *b, const real *cell, int64_t n) {
    switch (r->shape) {
    case SQUARE:
        if (r->sound) lattice(r, b, cell, n, SQUARE, 1);
        else lattice(r, b, cell, n, SQUARE, 0);
        break;
    case ROUND: lattice(r, b, cell, n, ROUND, 0); break;
    case GAUSS: lattice(r, b, cell, n, GAUSS, 0); break;
    default: lattice(r, b, cell, n, TOPHAT, 0);
    }
}

INLINE const real *reals_of(const struct run *r) { return (const real *)r->table; }

#include "nodes.h"

/* Adjoints of the kernel's arguments from those of the pixels: pixels.c backwards, every term computed again.

Derivatives are those of the torch formula, to which tests/simulator/test_reverse_kernel.py holds this file. Sums have a
fixed order: eight of them side by side, each over every eighth pixel. Source: nanobragg_pixel_loop.md sections 4 to 9.
*/

#define WITHOUT_BOXES
#include "pixels.c"

#include <stdlib.h>
#include <string.h>

#define WIDE 8
#define APART __attribute__((noinline)) /* inlined, these take the compiler seconds */
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
    real by_h[LANES], by_k[LANES], by_l[LANES];                  /* d F_latt^2 / d h ... */
    real by_n[3][LANES], by_radius2[LANES], by_volume[LANES];    /* d F_latt^2 / d N ... */
    real cell_h[LANES], cell_k[LANES], cell_l[LANES];            /* d F / d h ... */
    real squares[LANES], bend[LANES], power[LANES], slope[LANES]; /* of the terms of one ray and source */
    real n_cells[3][LANES], volume[LANES], radius[9][LANES];
    real found[LANES];
    real by_cell[LANES], waiting[LANES]; /* adjoints of F in the term, and of F at the place last */
    int64_t last[LANES];
};

size_t reals_of_run(void) { return FIELD(background) + 1; }

size_t numbers_of_source(void) { return SOURCE_NUMBERS; }

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

/* cos x, |x| <= pi / 2; a Chebyshev fit over x^2, to 1e-17 */
INLINE real cosine_of_rest(real x) {
    const real square = x * x;
    real value = R(4.608976835394739e-14);
    value = ADDED(value, square, R(-1.1462901886247314e-11));
    value = ADDED(value, square, R(2.0876561839352672e-09));
    value = ADDED(value, square, R(-2.7557316391014496e-07));
    value = ADDED(value, square, R(2.4801587277414804e-05));
    value = ADDED(value, square, R(-0.0013888888888772988));
    value = ADDED(value, square, R(0.04166666666666388));
    value = ADDED(value, square, R(-0.4999999999999997));
    value = ADDED(value, square, R(1.0));
    return value;
}

/* sin(pi N h) / sin(pi h) of one axis, up to one sign of all: numerator and denominator as C rounds them, and of the
distance to the peak */
struct axis {
    real above, below, own, sine, cosine, wave, z, turns;
};

INLINE struct axis axis_of(real h, real h0, real n, const int64_t sound) {
    struct axis a;
    a.z = ADDED(PI, h - h0, TINY), a.turns = a.z * n;
#if REDUCED
    const real whole = whole_of(a.turns, R(1) / PI), y = less(a.turns, whole);
    a.sine = sine_of_rest(a.z), a.cosine = cosine_of_rest(a.z);
    a.own = sine_of_rest(y), a.wave = cosine_of_rest(y);
    if (sound) {
        a.above = a.own, a.below = a.sine;
    } else { /* the literal arguments differ from these by their rounding */
        const real literal = PI * h + TINY;
        a.above = ADDED(a.wave, less(literal * n, ADDED(h0, n, whole)) - y, a.own);
        a.below = ADDED(a.cosine, less(literal, h0) - a.z, a.sine);
    }
#else
    const real literal = PI * h + TINY;
    a.sine = sin(a.z), a.cosine = cos(a.z), a.own = sin(a.turns), a.wave = cos(a.turns);
    a.above = sound ? a.own : copysign(sin(literal * n), a.own);
    a.below = sound ? a.sine : copysign(sin(literal), a.sine);
#endif
    return a;
}

/* of the number of cells of one axis; d (quotient) / d h near a peak: z (first + third z^2) */
struct series {
    real n, first, third, turn; /* turn: pi, or 0 for one cell, whose quotient is 1 */
};

INLINE struct series series_of(real n) {
    const real cubic = PI * n * (n * n - R(1));
    return (struct series){n, cubic / R(-3), cubic * (R(3) * n * n - R(7)) / R(90), n > R(1) ? PI : R(0)};
}

/* adjoints of the index and of N, the latter also for one cell, from that of the quotient; inverse: of the sine */
struct slopes {
    real index, n;
};

INLINE struct slopes slopes_of_axis(struct axis a, real inverse, real adjoint, struct series s) {
    const real scaled = adjoint * inverse;
    const real far = s.turn * scaled * ADDED(s.n, a.wave, -(a.own * inverse * a.cosine));
    const real near = adjoint * a.z * ADDED(s.third, a.z * a.z, s.first);
    return (struct slopes){fabs(a.turns) < NEAR_A_PEAK ? near : far, scaled * a.wave * a.z};
}

/* one term of a block-shaped crystal: F_latt up to its sign, and the adjoints, from that of F_latt^2 */
struct square {
    real latt;
    struct slopes h, k, l;
};

INLINE struct square square_of(const struct series *s, real h, real k, real l, real h0, real k0, real l0, real adjoint,
                               const int64_t sound) {
    const struct axis p = axis_of(h, h0, s[0].n, sound), q = axis_of(k, k0, s[1].n, sound);
    const struct axis t = axis_of(l, l0, s[2].n, sound);
    /* one division for both products of sines */
    const real pq = p.below * q.below, below = pq * t.below, sine_pq = p.sine * q.sine, sines = sine_pq * t.sine;
    const real both = R(1) / (sound ? below : below * sines), all = sound ? both : both * sines;
    const real all_t = all * t.below, inverse = sound ? both : both * below, inverse_t = inverse * t.sine;
    const real f_p = p.above * (all_t * q.below), f_q = q.above * (all_t * p.below), f_t = t.above * (all * pq);
    const real f_pq = f_p * f_q, latt = f_pq * f_t, twice = R(2) * latt * adjoint, twice_t = twice * f_t;
    return (struct square){
        latt,
        slopes_of_axis(p, inverse_t * q.sine, twice_t * f_q, s[0]),
        slopes_of_axis(q, inverse_t * p.sine, twice_t * f_p, s[1]),
        slopes_of_axis(t, inverse * sine_pq, twice * f_pq, s[2]),
    };
}

INLINE void square_slopes(const struct run *restrict r, struct block *restrict b, struct back *restrict g,
                          const real *restrict cell, int64_t n, const int64_t sound) {
    const struct series s[3] = {series_of(r->n_cells[0]), series_of(r->n_cells[1]), series_of(r->n_cells[2])};
    const struct planes planes = planes_of(r);
    EACH_LANE {
        const real sx = b->sx[i], sy = b->sy[i], sz = b->sz[i];
        const real h = dot(cell, sx, sy, sz), k = dot(cell + 3, sx, sy, sz), l = dot(cell + 6, sx, sy, sz);
        const real h0 = nearest(h), k0 = nearest(k), l0 = nearest(l);
        b->h[i] = h, b->k[i] = k, b->l[i] = l;
        b->at[i] = place(planes, h0, k0, l0);
        const struct square found = square_of(s, h, k, l, h0, k0, l0, R(1), sound);
        b->latt[i] = found.latt;
        g->by_h[i] = found.h.index, g->by_k[i] = found.k.index, g->by_l[i] = found.l.index;
        g->by_n[0][i] = found.h.n, g->by_n[1][i] = found.k.n, g->by_n[2][i] = found.l.n;
    }
}

/* square_slopes, the sum of the terms and reverse_orientation at once, without interpolation and running sums; the
table's adjoints in b->at and g->by_cell */
INLINE void square_at_once(const struct run *restrict r, struct block *restrict b, struct back *restrict g,
                           const real *restrict cell, real (*restrict of_cell)[WIDE], int64_t n, const int64_t sound) {
    const struct series s[3] = {series_of(r->n_cells[0]), series_of(r->n_cells[1]), series_of(r->n_cells[2])};
    const struct planes planes = planes_of(r);
    const real *restrict table = r->table;
    real sums[9][WIDE];
    memcpy(sums, of_cell, sizeof sums);
    for (int64_t start = 0; start < n; start += WIDE)
        _Pragma("GCC ivdep") for (int64_t w = 0; w < WIDE; w++) {
            const int64_t i = start + w;
            const real sx = b->sx[i], sy = b->sy[i], sz = b->sz[i];
            const real h = dot(cell, sx, sy, sz), k = dot(cell + 3, sx, sy, sz), l = dot(cell + 6, sx, sy, sz);
            const real h0 = nearest(h), k0 = nearest(k), l0 = nearest(l);
            const int64_t at = place(planes, h0, k0, l0);
            const real f = table[at], by_square = g->term[i] * f * f;
            const struct square found = square_of(s, h, k, l, h0, k0, l0, by_square, sound);
            const real by_h = found.h.index, by_k = found.k.index, by_l = found.l.index, amplitude = f * found.latt;
            b->at[i] = at;
            g->squares[i] = ADDED(amplitude, amplitude, g->squares[i]);
            g->by_cell[i] = R(2) * g->term[i] * amplitude * found.latt;
            g->n_cells[0][i] += found.h.n, g->n_cells[1][i] += found.k.n, g->n_cells[2][i] += found.l.n;
            g->sx[i] = ADDED(by_h, cell[0], ADDED(by_k, cell[3], ADDED(by_l, cell[6], g->sx[i])));
            g->sy[i] = ADDED(by_h, cell[1], ADDED(by_k, cell[4], ADDED(by_l, cell[7], g->sy[i])));
            g->sz[i] = ADDED(by_h, cell[2], ADDED(by_k, cell[5], ADDED(by_l, cell[8], g->sz[i])));
            sums[0][w] = ADDED(by_h, sx, sums[0][w]), sums[1][w] = ADDED(by_h, sy, sums[1][w]);
            sums[2][w] = ADDED(by_h, sz, sums[2][w]), sums[3][w] = ADDED(by_k, sx, sums[3][w]);
            sums[4][w] = ADDED(by_k, sy, sums[4][w]), sums[5][w] = ADDED(by_k, sz, sums[5][w]);
            sums[6][w] = ADDED(by_l, sx, sums[6][w]), sums[7][w] = ADDED(by_l, sy, sums[7][w]);
            sums[8][w] = ADDED(by_l, sz, sums[8][w]);
        }
    memcpy(of_cell, sums, sizeof sums);
}

/* value of 3 (sin x / x - cos x) / x^2 in x, up to its sign, and its derivative in x^2 */
INLINE void sphere_slopes(real x, int64_t series, real *value, real *slope) {
    const real u = x * x;
    const real y = rest(x), sine = sine_of_rest(y), cosine = cosine_of_rest(y);
    const real safe = u < NEAR_THE_CENTRE ? R(1) : x;
    const real far = R(1.5) * (safe * safe * sine - R(3) * sine + R(3) * safe * cosine) /
                     (safe * safe * safe * safe * safe);
    const real near = R(-1) / R(10) + u * (R(2) / R(280) + u * (R(-3) / R(15120) +
                      u * (R(4) / R(1330560) - u * (R(5) / R(172972800)))));
    *value = x < SMALL_SPHERE ? small_sphere(x, series) : sphere(x);
    *slope = u < NEAR_THE_CENTRE ? near : far;
}

INLINE void spot_slopes(const struct run *restrict r, struct block *restrict b, struct back *restrict g,
                               const real *restrict cell, int64_t n, const int64_t shape) {
    const real n_a = r->n_cells[0], n_b = r->n_cells[1], n_c = r->n_cells[2], volume = r->volume, fudge = r->fudge;
    const real *m = r->radius;
    const struct planes p = planes_of(r);
    EACH_LANE {
        const real sx = b->sx[i], sy = b->sy[i], sz = b->sz[i];
        const real h = dot(cell, sx, sy, sz), k = dot(cell + 3, sx, sy, sz), l = dot(cell + 6, sx, sy, sz);
        const real h0 = nearest(h), k0 = nearest(k), l0 = nearest(l), e_h = h - h0, e_k = k - k0, e_l = l - l0;
        b->h[i] = h, b->k[i] = k, b->l[i] = l;
        b->at[i] = place(p, h0, k0, l0);
        const real x = dot(m, e_h, e_k, e_l), y = dot(m + 3, e_h, e_k, e_l), z = dot(m + 6, e_h, e_k, e_l);
        const real radius2 = r->diagonal ? e_h * e_h * n_a * n_a + e_k * e_k * n_b * n_b + e_l * e_l * n_c * n_c
                                         : x * x + y * y + z * z;
        real value, slope = R(0); /* of the factor per cell */
        if (shape == ROUND) {
            sphere_slopes(PI * sqrt(radius2 * fudge), r->series, &value, &slope);
            value *= SPHERE_NORM, slope *= SPHERE_NORM * PI * PI * fudge;
        } else if (shape == GAUSS) {
            value = decayed(radius2 / GAUSS_WIDTH * fudge);
            slope = -value * fudge / GAUSS_WIDTH;
        } else {
            value = radius2 * fudge < TOPHAT_LIMIT ? R(1) : R(0);
        }
        const real latt = volume * value, by_radius2 = R(2) * latt * volume * slope;
        b->latt[i] = latt;
        g->by_volume[i] = R(2) * latt * value;
        g->by_radius2[i] = by_radius2;
        if (r->diagonal) {
            g->by_h[i] = by_radius2 * R(2) * e_h * n_a * n_a, g->by_n[0][i] = by_radius2 * R(2) * e_h * e_h * n_a;
            g->by_k[i] = by_radius2 * R(2) * e_k * n_b * n_b, g->by_n[1][i] = by_radius2 * R(2) * e_k * e_k * n_b;
            g->by_l[i] = by_radius2 * R(2) * e_l * n_c * n_c, g->by_n[2][i] = by_radius2 * R(2) * e_l * e_l * n_c;
        } else {
            g->by_h[i] = by_radius2 * R(2) * (m[0] * x + m[3] * y + m[6] * z);
            g->by_k[i] = by_radius2 * R(2) * (m[1] * x + m[4] * y + m[7] * z);
            g->by_l[i] = by_radius2 * R(2) * (m[2] * x + m[5] * y + m[8] * z);
            g->by_n[0][i] = g->by_n[1][i] = g->by_n[2][i] = R(0);
        }
    }
}

static void slopes_of_shape(const struct run *r, struct block *b, struct back *g, const real *cell, int64_t n) {
    switch (r->shape) {
    case SQUARE:
        if (r->sound) square_slopes(r, b, g, cell, n, 1);
        else square_slopes(r, b, g, cell, n, 0);
        break;
    case ROUND: spot_slopes(r, b, g, cell, n, ROUND); break;
    case GAUSS: spot_slopes(r, b, g, cell, n, GAUSS); break;
    default: spot_slopes(r, b, g, cell, n, TOPHAT);
    }
}

static void slopes_of_nodes(real index, real *slope) {
    const real e = index - floor(index), a = e + R(1), c = e - R(1), d = e - R(2);
    slope[0] = (c * d + e * d + e * c) / R(-6), slope[1] = (c * d + a * d + a * c) / R(2);
    slope[2] = (e * d + a * d + a * e) / R(-2), slope[3] = (e * c + a * c + a * e) / R(6);
}

static inline int is_interpolated(const struct run *r, const struct block *b, int64_t i, int64_t pass) {
    const int room = has_room(r, b->h[i], 0) && has_room(r, b->k[i], 1) && has_room(r, b->l[i], 2);
    return room && b->h[i] == b->h[i] && b->k[i] == b->k[i] && b->l[i] == b->l[i] && pass < b->end[i];
}

static inline int64_t corner_of(const struct run *r, real h, real k, real l) {
    const int64_t n_k = r->count[1], n_l = r->count[2];
    return ((int64_t)(floor(h) - r->low[0]) - 1) * n_k * n_l + ((int64_t)(floor(k) - r->low[1]) - 1) * n_l +
           ((int64_t)(floor(l) - r->low[2]) - 1);
}

/* derivatives of the interpolated F in h, k, l */
static void slopes_of_cell(const struct run *r, const struct block *b, struct back *g, int64_t n, int64_t pass) {
    const int64_t n_k = r->count[1], n_l = r->count[2];
    EACH_LANE {
        real total[3] = {R(0), R(0), R(0)};
        if (is_interpolated(r, b, i, pass)) {
            const real h = b->h[i], k = b->k[i], l = b->l[i];
            real at[3][4], by[3][4];
            weights_of_nodes(h, at[0]), weights_of_nodes(k, at[1]), weights_of_nodes(l, at[2]);
            slopes_of_nodes(h, by[0]), slopes_of_nodes(k, by[1]), slopes_of_nodes(l, by[2]);
            const real *corner = r->table + corner_of(r, h, k, l);
            for (int u = 0; u < 4; u++)
                for (int v = 0; v < 4; v++) {
                    const real *row = corner + (u * n_k + v) * n_l;
                    real line = R(0), bent = R(0);
                    for (int w = 0; w < 4; w++) line += at[2][w] * row[w], bent += by[2][w] * row[w];
                    total[0] += by[0][u] * at[1][v] * line;
                    total[1] += at[0][u] * by[1][v] * line;
                    total[2] += at[0][u] * at[1][v] * bent;
                }
        }
        g->cell_h[i] = total[0], g->cell_k[i] = total[1], g->cell_l[i] = total[2];
    }
}

/* the table's adjoint from that of F^2 F_latt^2 in each lane */
static void scatter_cells(const struct run *r, const struct block *b, const struct back *g, real *table, int64_t n,
                          int64_t pass) {
    const int64_t n_k = r->count[1], n_l = r->count[2];
    for (int64_t i = 0; i < n; i++) { /* lanes may share a place */
        const real by_cell = R(2) * g->term[i] * b->cell[i] * b->latt[i] * b->latt[i];
        if (by_cell == R(0)) continue;
        if (!r->interpolated || !is_interpolated(r, b, i, pass)) {
            table[b->at[i]] += by_cell;
            continue;
        }
        real at[3][4];
        weights_of_nodes(b->h[i], at[0]), weights_of_nodes(b->k[i], at[1]), weights_of_nodes(b->l[i], at[2]);
        real *corner = table + corner_of(r, b->h[i], b->k[i], b->l[i]);
        for (int u = 0; u < 4; u++)
            for (int v = 0; v < 4; v++)
                for (int w = 0; w < 4; w++)
                    corner[(u * n_k + v) * n_l + w] += by_cell * at[0][u] * at[1][v] * at[2][w];
    }
}

/* adds what waits in eight lanes to the table */
INLINE void leave(struct back *g, int64_t start, real *table) {
    for (int64_t i = start; i < start + WIDE; i++) table[g->last[i]] += g->waiting[i];
}

/* the table's adjoint from g->by_cell: it waits in its lane as long as eight neighbours keep their reflections */
static void wait_for_cells(const struct block *restrict b, struct back *restrict g, real *restrict table, int64_t n) {
    for (int64_t start = 0; start < n; start += WIDE) {
        int64_t moved = 0;
        for (int64_t i = start; i < start + WIDE; i++) moved |= b->at[i] ^ g->last[i];
        if (moved) {
            leave(g, start, table);
            memcpy(g->last + start, b->at + start, WIDE * sizeof *g->last);
            memcpy(g->waiting + start, g->by_cell + start, WIDE * sizeof *g->waiting);
        } else {
            *(wide *)(g->waiting + start) += *(wide *)(g->by_cell + start);
        }
    }
}

/* one orientation backwards: from g->term to scattering vectors, cells, table and shape */
static void reverse_orientation(const struct run *restrict r, struct block *restrict b, struct back *restrict g,
                                const struct adjoint *a, int64_t o, int64_t n, int64_t pass) {
    const real *cell = r->cells + 9 * o;
    EACH_LANE {
        const real by_square = g->term[i] * b->cell[i] * b->cell[i];
        g->h[i] = by_square * g->by_h[i], g->k[i] = by_square * g->by_k[i], g->l[i] = by_square * g->by_l[i];
        for (int axis = 0; axis < 3; axis++) g->n_cells[axis][i] += by_square * g->by_n[axis][i];
    }
    if (r->interpolated) {
        slopes_of_cell(r, b, g, n, pass);
        EACH_LANE {
            const real by_cell = R(2) * g->term[i] * b->cell[i] * b->latt[i] * b->latt[i];
            g->h[i] += by_cell * g->cell_h[i], g->k[i] += by_cell * g->cell_k[i], g->l[i] += by_cell * g->cell_l[i];
        }
    }
    EACH_LANE {
        const real h = g->h[i], k = g->k[i], l = g->l[i];
        g->sx[i] += h * cell[0] + k * cell[3] + l * cell[6];
        g->sy[i] += h * cell[1] + k * cell[4] + l * cell[7];
        g->sz[i] += h * cell[2] + k * cell[5] + l * cell[8];
    }
    if (r->shape != SQUARE) {
        EACH_LANE g->volume[i] += g->term[i] * b->cell[i] * b->cell[i] * g->by_volume[i];
        if (!r->diagonal) EACH_LANE {
            const real e[3] = {b->h[i] - nearest(b->h[i]), b->k[i] - nearest(b->k[i]), b->l[i] - nearest(b->l[i])};
            const real twice = R(2) * g->term[i] * b->cell[i] * b->cell[i] * g->by_radius2[i];
            for (int row = 0; row < 3; row++)
                for (int column = 0; column < 3; column++)
                    g->radius[3 * row + column][i] += twice * dot(r->radius + 3 * row, e[0], e[1], e[2]) * e[column];
        }
    }
    if (a->cells != NULL) {
        const real *index[3] = {g->h, g->k, g->l}, *along[3] = {b->sx, b->sy, b->sz};
        for (int row = 0; row < 3; row++)
            for (int column = 0; column < 3; column++)
                gather_product(a->cells[o][3 * row + column], index[row], along[column], n);
    }
    if (a->table != NULL) scatter_cells(r, b, g, a->table, n, pass);
}

/* scattering vectors and polarization of one source backwards, to the direction of the ray */
static void reverse_scatter(const struct run *r, struct block *b, struct back *g, const struct adjoint *a, int64_t n,
                            int64_t source) {
    const real *in = r->incident + 3 * source, inverse = R(1) / r->wavelengths[source], kahn = r->kahn;
    const real *electric = r->electric + 3 * source, *magnetic = r->magnetic + 3 * source;
    real(*sums)[WIDE] = a->sources[source], part[LANES];
    real *vectors[3] = {b->x, b->y, b->z};
    EACH_LANE {
        const real x = g->sx[i] * inverse, y = g->sy[i] * inverse, z = g->sz[i] * inverse;
        part[i] = -(x * b->sx[i] + y * b->sy[i] + z * b->sz[i]);
        g->sx[i] = -x, g->sy[i] = -y, g->sz[i] = -z;
        g->x[i] += x, g->y[i] += y, g->z[i] += z;
    }
    gather(sums[WAVELENGTH], part, n);
    gather(sums[INCIDENT], g->sx, n), gather(sums[INCIDENT + 1], g->sy, n), gather(sums[INCIDENT + 2], g->sz, n);
    if (!r->polarized) return;
    /* (1 + c^2 - K (e^2 - m^2)) / 2, without an axis of E (1 + c^2 - K (1 - c^2)) / 2 */
    const real axis = nearest(dot(magnetic, magnetic[0], magnetic[1], magnetic[2])); /* 1, or 0: no axis */
    const real without = R(1) - axis, of_cosine = R(1) + without * kahn, of_axis = axis * kahn;
    real by_cosine[LANES], by_e[LANES], by_m[LANES];
    EACH_LANE {
        const real x = b->x[i], y = b->y[i], z = b->z[i], polar = g->now[POLAR][i];
        const real cosine = dot(in, x, y, z), e = dot(electric, x, y, z), m = dot(magnetic, x, y, z);
        by_cosine[i] = polar * cosine * of_cosine, by_e[i] = -polar * e * of_axis, by_m[i] = polar * m * of_axis;
        part[i] = R(-0.5) * polar * (axis * (e * e - m * m) + without * (R(1) - cosine * cosine));
        g->x[i] += by_cosine[i] * in[0] + by_e[i] * electric[0] + by_m[i] * magnetic[0];
        g->y[i] += by_cosine[i] * in[1] + by_e[i] * electric[1] + by_m[i] * magnetic[1];
        g->z[i] += by_cosine[i] * in[2] + by_e[i] * electric[2] + by_m[i] * magnetic[2];
    }
    gather(a->reals[FIELD(kahn)], part, n);
    for (int axis = 0; axis < 3; axis++) {
        gather_product(sums[UNIT_INCIDENT + axis], by_cosine, vectors[axis], n);
        gather_product(sums[ELECTRIC + axis], by_e, vectors[axis], n);
        gather_product(sums[MAGNETIC + axis], by_m, vectors[axis], n);
    }
}

/* rotate() backwards: v before it, g of the rotated vector becomes g of v; adds to g of the axis; returns g of the angle */
INLINE real reverse_rotate(const real *v, const real *axis, real angle, real *g, real *of_axis) {
    const real s = sin(angle), c = cos(angle), along = dot(axis, v[0], v[1], v[2]), onto = dot(axis, g[0], g[1], g[2]);
    const real turned[3] = {axis[1] * v[2] - axis[2] * v[1], axis[2] * v[0] - axis[0] * v[2],
                            axis[0] * v[1] - axis[1] * v[0]};
    const real swept[3] = {v[1] * g[2] - v[2] * g[1], v[2] * g[0] - v[0] * g[2], v[0] * g[1] - v[1] * g[0]};
    const real by_angle = s * (onto * along - dot(v, g[0], g[1], g[2])) + c * dot(turned, g[0], g[1], g[2]);
    for (int i = 0; i < 3; i++) of_axis[i] = (R(1) - c) * (along * g[i] + onto * v[i]) + s * swept[i];
    rotate(g, axis, -angle);
    return by_angle;
}

/* bend() backwards, from positions on the sphere to those on the plane */
static void reverse_bend(const struct run *r, const struct block *flat, struct back *g, const struct adjoint *a,
                         int64_t n) {
    enum { POLE = 0, FROM = 3, ALONG = 6, SWINGS = 12, DISTANCE = 18, NUMBERS };
    static const size_t fields[] = {FIELD(pole), FIELD(from), FIELD(along), FIELD(swings), FIELD(distance)};
    static const int starts[] = {POLE, FROM, ALONG, SWINGS, DISTANCE, NUMBERS};
    real sums[NUMBERS][LANES];
    EACH_LANE {
        const real d[3] = {flat->x[i] - r->from[0], flat->y[i] - r->from[1], flat->z[i] - r->from[2]};
        const real one = dot(r->along, d[0], d[1], d[2]) / r->distance;
        const real two = dot(r->along + 3, d[0], d[1], d[2]) / r->distance;
        real v[3] = {r->pole[0], r->pole[1], r->pole[2]}, of[3] = {g->x[i], g->y[i], g->z[i]}, axes[6];
        rotate(v, r->swings, one);
        const real by_two = reverse_rotate(v, r->swings + 3, two, of, axes + 3) / r->distance;
        const real by_one = reverse_rotate(r->pole, r->swings, one, of, axes) / r->distance;
        sums[DISTANCE][i] = -(by_one * one + by_two * two);
        for (int c = 0; c < 3; c++) {
            const real flat_c = by_one * r->along[c] + by_two * r->along[3 + c];
            sums[POLE + c][i] = of[c], sums[FROM + c][i] = -flat_c;
            sums[ALONG + c][i] = by_one * d[c], sums[ALONG + 3 + c][i] = by_two * d[c];
            sums[SWINGS + c][i] = axes[c], sums[SWINGS + 3 + c][i] = axes[3 + c];
            (c == 0 ? g->x : c == 1 ? g->y : g->z)[i] = flat_c;
        }
    }
    for (int f = 0; f < 5; f++)
        for (int c = starts[f]; c < starts[f + 1]; c++) gather(a->reals[fields[f] + c - starts[f]], sums[c], n);
}

/* one ray backwards: from its direction, solid angle and capture to the detector; consumes the adjoints */
static void reverse_trace(const struct run *r, struct block *b, struct back *g, const struct adjoint *a, int64_t n,
                          int64_t layer, int64_t sub_slow, int64_t sub_fast) {
    struct block flat; /* its x, y, z: positions on the plane, or on the sphere */
    real part[LANES], other[LANES], distances[LANES];
    const real step = r->pixel_size / R(r->oversample), depth = R(layer) * r->layer_thickness;
    const int32_t oversample = (int32_t)r->oversample;
    const real per_edge = R(1) / r->pixel_size;
    if (r->absorbs) {
        EACH_LANE {
            const real along = dot(r->normal, b->x[i], b->y[i], b->z[i]);
            const real path = r->layer_thickness * r->attenuation / along;
            const real by_path = g->now[CAPTURE][i] * ((R(layer) + R(1)) * exp(-(R(layer) + R(1)) * path) -
                                                       R(layer) * exp(-R(layer) * path));
            part[i] = by_path / along;
            other[i] = -by_path * path / along;
            g->x[i] += other[i] * r->normal[0], g->y[i] += other[i] * r->normal[1], g->z[i] += other[i] * r->normal[2];
        }
        gather_product(a->reals[FIELD(normal)], other, b->x, n);
        gather_product(a->reals[FIELD(normal) + 1], other, b->y, n);
        gather_product(a->reals[FIELD(normal) + 2], other, b->z, n);
        EACH_LANE other[i] = part[i] * r->attenuation, part[i] *= r->layer_thickness;
        gather(a->reals[FIELD(layer_thickness)], other, n);
        gather(a->reals[FIELD(attenuation)], part, n);
    }
    const real edge = r->point ? R(1) : r->close_distance, powers = r->point ? R(2) : R(3);
    real f[LANES], s[LANES];
    EACH_LANE {
        f[i] = step * R(b->fast[i] * oversample + (int32_t)sub_fast) + step / R(2);
        s[i] = step * R(b->slow[i] * oversample + (int32_t)sub_slow) + step / R(2);
        flat.x[i] = f[i] * r->fast[0] + s[i] * r->slow[0] + depth * r->normal[0] + r->pix0[0];
        flat.y[i] = f[i] * r->fast[1] + s[i] * r->slow[1] + depth * r->normal[1] + r->pix0[1];
        flat.z[i] = f[i] * r->fast[2] + s[i] * r->slow[2] + depth * r->normal[2] + r->pix0[2];
        part[i] = flat.x[i], other[i] = flat.y[i], distances[i] = flat.z[i];
    }
    if (r->curved) bend(r, &flat, n);
    EACH_LANE {
        const real x = flat.x[i], y = flat.y[i], z = flat.z[i], inverse = R(1) / sqrt(x * x + y * y + z * z);
        const real shrink = inverse * inverse * (r->point ? R(1) : inverse), omega = g->now[OMEGA][i] * shrink;
        const real radial = dot((real[3]){g->x[i], g->y[i], g->z[i]}, b->x[i], b->y[i], b->z[i]);
        const real outward = -radial - powers * omega * r->area * edge;
        g->x[i] = inverse * ADDED(outward, b->x[i], g->x[i]);
        g->y[i] = inverse * ADDED(outward, b->y[i], g->y[i]);
        g->z[i] = inverse * ADDED(outward, b->z[i], g->z[i]);
        flat.x[i] = part[i], flat.y[i] = other[i], flat.z[i] = distances[i];
        part[i] = omega * edge, other[i] = omega * r->area;
    }
    gather(a->reals[FIELD(area)], part, n);
    if (!r->point) gather(a->reals[FIELD(close_distance)], other, n);
    if (r->curved) reverse_bend(r, &flat, g, a, n);
    real *const along[3] = {g->x, g->y, g->z};
    EACH_LANE {
        part[i] = dot(r->normal, g->x[i], g->y[i], g->z[i]) * R(layer);
        other[i] = (f[i] * dot(r->fast, g->x[i], g->y[i], g->z[i]) + s[i] * dot(r->slow, g->x[i], g->y[i], g->z[i])) *
                   per_edge;
    }
    gather(a->reals[FIELD(layer_thickness)], part, n);
    gather(a->reals[FIELD(pixel_size)], other, n);
    for (int c = 0; c < 3; c++) {
        gather_product(a->reals[FIELD(fast) + c], f, along[c], n);
        gather_product(a->reals[FIELD(slow) + c], s, along[c], n);
        gather(a->reals[FIELD(pix0) + c], along[c], n);
        if (layer) {
            EACH_LANE part[i] = depth * along[c][i];
            gather(a->reals[FIELD(normal) + c], part, n);
        }
    }
    EACH_LANE g->x[i] = g->y[i] = g->z[i] = g->now[OMEGA][i] = g->now[CAPTURE][i] = R(0);
}

/* the running sum before each ray and source */
struct segments {
    real (*before)[LANES];
};

static inline int is_executed(const struct run *r, const struct block *b, int64_t i) {
    return b->live[i] != R(0) && (!r->skip || b->latt[i] != R(0));
}

/* the corrections of one ray, and the capture that counts for its layer */
static void trace_again(const struct run *r, struct block *b, int64_t n, int64_t ray) {
    const int64_t subpixels = r->oversample * r->oversample, sub = ray % subpixels;
    trace(r, b, n, ray / subpixels, sub / r->oversample, sub % r->oversample);
}

static int averages_first_capture(const struct run *r) { return r->uses[CAPTURE] == AVERAGE && r->first_capture; }

/* all rays without their terms: C's caches, the means, and in b->factor and b->weight the background's shares */
static void survey(const struct run *r, struct block *b, int64_t n) {
    const int64_t subpixels = r->oversample * r->oversample;
    for (int64_t ray = 0; ray < r->layers * subpixels; ray++) {
        trace_again(r, b, n, ray);
        if (ray % subpixels == 0) EACH_LANE b->cached[CAPTURE][i] = R(0);
        remember(r, b, n, CAPTURE);
        remember(r, b, n, OMEGA);
        for (int64_t source = 0; source < r->sources; source++) {
            scatter(r, b, n, source);
            remember(r, b, n, POLAR);
        }
    }
    finish(r, b, n);
}

/* the running sum forwards */
static void run_forwards(const struct run *r, struct block *b, int64_t n, struct segments *kept) {
    const int64_t subpixels = r->oversample * r->oversample;
    EACH_LANE b->total[i] = b->factor[i];
    for (int64_t ray = 0; ray < r->layers * subpixels; ray++) {
        if (ray % subpixels == 0 && averages_first_capture(r)) {
            trace_again(r, b, n, ray);
            memcpy(b->cached[CAPTURE], b->now[CAPTURE], sizeof b->now[CAPTURE]);
        }
        trace_again(r, b, n, ray);
        for (int64_t source = 0; source < r->sources; source++) {
            const int64_t segment = ray * r->sources + source;
            scatter(r, b, n, source);
            weigh(r, b, n, source);
            memcpy(kept->before[segment], b->total, sizeof b->total);
            for (int64_t o = 0; o < r->orientations; o++) {
                lattice_of_shape(r, b, r->cells + 9 * o, n);
                look_up(r, b, n, segment * r->orientations + o);
                add(r, b, n, 1);
            }
        }
    }
}

/* adjoints of the sum of all terms, and of caches and means, from those of the value; terms: whether b->total holds
the sum, which those of the caches need */
static void reverse_value(const struct run *r, struct block *b, struct back *g, const struct adjoint *a, int64_t n,
                          int terms) {
    real part[LANES], scaled[LANES], share[LANES];
    EACH_LANE scaled[i] = share[i] = R(1);
    for (int c = 0; c < CORRECTIONS; c++) {
        if (r->uses[c] == CACHED) EACH_LANE scaled[i] *= b->cached[c][i];
        if (r->uses[c] != EACH_TERM || r->background_weighted)
            EACH_LANE share[i] *= r->uses[c] == CACHED ? b->cached[c][i] : b->mean[c][i];
    }
    EACH_LANE g->total[i] = g->pixel[i] * r->scale * scaled[i];
    if (!terms) return;
    EACH_LANE part[i] = g->pixel[i] * b->total[i] * scaled[i];
    gather(a->reals[FIELD(scale)], part, n);
    gather_product(a->reals[FIELD(background)], g->pixel, share, n);
    for (int c = 0; c < CORRECTIONS; c++) {
        EACH_LANE scaled[i] = share[i] = R(1);
        for (int other = 0; other < CORRECTIONS; other++) {
            if (other == c) continue;
            if (r->uses[other] == CACHED) EACH_LANE scaled[i] *= b->cached[other][i];
            if (r->uses[other] != EACH_TERM || r->background_weighted)
                EACH_LANE share[i] *= r->uses[other] == CACHED ? b->cached[other][i] : b->mean[other][i];
        }
        const real shared = r->uses[c] != EACH_TERM || r->background_weighted ? r->background : R(0);
        EACH_LANE g->cached[c][i] = g->mean[c][i] = R(0);
        if (r->uses[c] == CACHED)
            EACH_LANE g->cached[c][i] = g->pixel[i] * (r->scale * b->total[i] * scaled[i] + shared * share[i]);
        else
            EACH_LANE g->mean[c][i] = g->pixel[i] * shared * share[i];
    }
}

/* adjoints of the means, and of the start, from those of the background in the sum of terms, in g->found */
static void reverse_start(const struct run *r, const struct block *b, struct back *g, const struct adjoint *a,
                          int64_t n) {
    real share[LANES], part[LANES];
    for (int c = -1; c < CORRECTIONS; c++) {
        if (c >= 0 && r->uses[c] != AVERAGE && !(r->uses[c] == EACH_TERM && r->background_weighted)) continue;
        EACH_LANE share[i] = R(1);
        for (int other = 0; other < CORRECTIONS; other++)
            if (other != c && (r->uses[other] == AVERAGE || (r->uses[other] == EACH_TERM && r->background_weighted)))
                EACH_LANE share[i] *= b->mean[other][i];
        EACH_LANE part[i] = g->found[i] * share[i];
        if (c < 0) gather(a->reals[FIELD(start)], part, n);
        else EACH_LANE g->mean[c][i] += r->start * part[i];
    }
}

/* of one ray and source: adjoints of its corrections, from those of the factor of every term and of the weight of the
running sum at every pass */
static void reverse_weigh(const struct run *r, struct block *b, struct back *g, const struct adjoint *a, int64_t n,
                          int64_t source, const real *by_factor, const real *by_weight) {
    real product[LANES];
    for (int c = -1; c < CORRECTIONS; c++) {
        const int64_t use = c < 0 ? EACH_TERM : r->uses[c];
        if (use == CACHED) continue;
        EACH_LANE product[i] = use == RUNNING ? by_weight[i] : by_factor[i] * (c < 0 ? R(1) : r->shares[source]);
        for (int other = 0; other < CORRECTIONS; other++) {
            if (other == c || r->uses[other] == CACHED || (r->uses[other] == RUNNING) != (use == RUNNING)) continue;
            const real *values =
                other == CAPTURE && averages_first_capture(r) ? b->cached[other] : b->now[other];
            EACH_LANE product[i] *= values[i];
        }
        if (c < 0) gather(a->sources[source][SHARE], product, n);
        else if (c == CAPTURE && averages_first_capture(r)) EACH_LANE g->first_capture[i] += product[i];
        else EACH_LANE g->now[c][i] += product[i];
    }
}

/* adjoints of the polarizations of one source at one ray from those of the cache and the mean; marks lanes whose cache
was filled here */
static void reverse_polar(const struct run *r, const struct block *b, struct back *g, int64_t n, int first) {
    if (!r->polarized) return;
    const real rays = R(r->layers * r->oversample * r->oversample * r->sources);
    EACH_LANE {
        const int other = b->alive[i] == R(0) && !r->culled_polar_zero;
        const int here = other ? first : b->live[i] != R(0) && g->found[i] == R(0);
        g->found[i] = here ? R(1) : g->found[i];
        const real count = other ? rays : b->alive[i] == R(0) ? R(1) : b->alive[i];
        g->now[POLAR][i] += (here ? g->cached[POLAR][i] : R(0)) +
                            (other ? R(1) : b->live[i]) * g->mean[POLAR][i] / count;
    }
}

/* adjoints of caches and means, over all rays */
static void reverse_caches(const struct run *r, struct block *b, struct back *g, const struct adjoint *a, int64_t n) {
    const int64_t subpixels = r->oversample * r->oversample, rays = r->layers * subpixels;
    EACH_LANE g->found[i] = R(0);
    for (int64_t ray = 0; ray < rays; ray++) {
        trace_again(r, b, n, ray);
        const int last = ray == rays - subpixels;
        EACH_LANE {
            g->now[CAPTURE][i] += (last ? g->cached[CAPTURE][i] : R(0)) + g->mean[CAPTURE][i] / R(subpixels);
            g->now[OMEGA][i] += (ray ? R(0) : g->cached[OMEGA][i]) + g->mean[OMEGA][i] / R(rays);
        }
        for (int64_t source = 0; source < r->sources; source++) {
            scatter(r, b, n, source);
            reverse_polar(r, b, g, n, ray == 0 && source == 0);
            EACH_LANE g->sx[i] = g->sy[i] = g->sz[i] = R(0);
            reverse_scatter(r, b, g, a, n, source);
            EACH_LANE g->now[POLAR][i] = R(0);
        }
        reverse_trace(r, b, g, a, n, ray / subpixels, ray % subpixels / r->oversample, ray % subpixels % r->oversample);
    }
}

/* all orientations of one ray and source backwards; kept: of the running sum, or null */
APART static void reverse_segment(const struct run *r, struct block *b, struct back *g, const struct adjoint *a, int64_t n,
                            int64_t segment, const struct segments *kept) {
    const int64_t source = segment % r->sources;
    real by_weight[LANES], by_factor[LANES];
    EACH_LANE {
        g->sx[i] = g->sy[i] = g->sz[i] = g->squares[i] = g->bend[i] = g->slope[i] = R(0);
        g->power[i] = R(1);
        g->term[i] = b->live[i] != R(0) ? g->total[i] * b->factor[i] : R(0);
    }
    const int at_once = kept == NULL && r->shape == SQUARE && !r->interpolated;
    real unwanted[9][WIDE] = {{R(0)}};
    for (int64_t o = r->orientations - 1; at_once && o >= 0; o--) {
        const real *cell = r->cells + 9 * o;
        real(*sums)[WIDE] = a->cells != NULL ? a->cells[o] : unwanted;
        if (r->sound) square_at_once(r, b, g, cell, sums, n, 1);
        else square_at_once(r, b, g, cell, sums, n, 0);
        if (a->table != NULL) wait_for_cells(b, g, a->table, n);
    }
    for (int64_t o = r->orientations - 1; !at_once && o >= 0; o--) {
        const int64_t pass = segment * r->orientations + o;
        slopes_of_shape(r, b, g, r->cells + 9 * o, n);
        look_up(r, b, n, pass);
        if (kept == NULL) {
            EACH_LANE g->squares[i] += b->cell[i] * b->cell[i] * b->latt[i] * b->latt[i];
        } else {
            EACH_LANE { /* power: of the weight, up to here; slope: its derivative in the weight */
                const int executed = is_executed(r, b, i);
                const real power = g->power[i] * b->weight[i], slope = g->power[i] + b->weight[i] * g->slope[i];
                const real square = executed ? b->cell[i] * b->cell[i] * b->latt[i] * b->latt[i] : R(0);
                g->squares[i] += square * power, g->bend[i] += square * slope * b->factor[i];
                g->term[i] = executed ? g->total[i] * b->factor[i] * power : R(0);
                g->power[i] = executed ? power : g->power[i], g->slope[i] = executed ? slope : g->slope[i];
            }
        }
        reverse_orientation(r, b, g, a, o, n, pass);
    }
    EACH_LANE {
        by_factor[i] = b->live[i] != R(0) ? g->total[i] * g->squares[i] : R(0);
        by_weight[i] = R(0);
    }
    if (kept == NULL) {
        EACH_LANE b->total[i] += b->live[i] != R(0) ? g->squares[i] * b->factor[i] : R(0);
    } else {
        EACH_LANE {
            by_weight[i] = g->total[i] * (g->slope[i] * kept->before[segment][i] + g->bend[i]);
            g->total[i] *= g->power[i];
        }
    }
    reverse_weigh(r, b, g, a, n, source, by_factor, by_weight);
}

/* n pixels backwards, from g->pixel; the last ray comes first, so that the sum of all terms is known at the first one,
which usually fills C's caches */
APART static void reverse_block(const struct run *r, struct block *b, struct back *g, const struct adjoint *a, int64_t n,
                          struct segments *kept) {
    const real nothing = R(0);
    EACH_LANE {
        b->total[i] = b->alive[i] = b->other[i] = b->others[i] = b->zero[i] = nothing, b->left[i] = R(1);
        g->x[i] = g->y[i] = g->z[i] = g->first_capture[i] = nothing;
        for (int c = 0; c < CORRECTIONS; c++) b->cached[c][i] = b->mean[c][i] = g->now[c][i] = nothing;
    }
    const int64_t subpixels = r->oversample * r->oversample, rays = r->layers * subpixels;
    const int alone = rays * r->sources == 1, with_background = r->start != R(0) || r->background != R(0);
    survey(r, b, n);
    real start[LANES];
    memcpy(start, b->factor, sizeof start);
    int apart = with_background || (r->layers > 1 && r->uses[CAPTURE] == CACHED);
    if (kept != NULL) {
        run_forwards(r, b, n, kept);
    } else {
        memcpy(b->total, start, sizeof start);
    }
    if (r->polarized && r->uses[POLAR] == CACHED && r->dmin > R(0)) apart = 1; /* the first source may be cut */
    reverse_value(r, b, g, a, n, 0);
    for (int64_t ray = rays - 1; ray >= 0; ray--) {
        const int64_t layer = ray / subpixels, sub = ray % subpixels;
        if (sub == subpixels - 1 && averages_first_capture(r)) {
            trace_again(r, b, n, layer * subpixels);
            memcpy(b->cached[CAPTURE], b->now[CAPTURE], sizeof b->now[CAPTURE]);
        }
        if (!alone) trace_again(r, b, n, ray);
        for (int64_t source = r->sources - 1; source >= 0; source--) {
            if (!alone) scatter(r, b, n, source);
            weigh(r, b, n, source);
            reverse_segment(r, b, g, a, n, ray * r->sources + source, kept);
            if (ray == 0 && source == 0) {
                memcpy(g->found, g->total, sizeof g->found); /* of the start */
                reverse_value(r, b, g, a, n, 1);
                if (with_background) reverse_start(r, b, g, a, n);
                if (!apart) EACH_LANE {
                    g->now[POLAR][i] += g->cached[POLAR][i];
                    g->now[OMEGA][i] += g->cached[OMEGA][i];
                    g->now[CAPTURE][i] += g->cached[CAPTURE][i];
                }
            }
            reverse_scatter(r, b, g, a, n, source);
            EACH_LANE g->now[POLAR][i] = R(0);
        }
        if (sub == 0 && averages_first_capture(r)) EACH_LANE {
            g->now[CAPTURE][i] += g->first_capture[i];
            g->first_capture[i] = R(0);
        }
        reverse_trace(r, b, g, a, n, layer, sub / r->oversample, sub % r->oversample);
    }
    if (apart) reverse_caches(r, b, g, a, n);
}

static int64_t take(struct block *b, const int64_t *pixels, int64_t count) {
    const int64_t n = count < LANES ? count : LANES;
    int64_t padded = n;
    for (int64_t i = 0; i < n; i++) b->slow[i] = (int32_t)pixels[2 * i], b->fast[i] = (int32_t)pixels[2 * i + 1];
    for (; padded % WIDE; padded++) b->slow[padded] = b->slow[n - 1], b->fast[padded] = b->fast[n - 1];
    return n;
}

static void end_interpolation(const struct run *r, struct block *b, const int64_t *stop) {
    if (!r->interpolated) return;
    for (int64_t i = 0; i < LANES; i++) {
        const int64_t ahead = (stop[0] - b->slow[i]) * r->n_fast + stop[1] - b->fast[i];
        b->end[i] = ahead > 0 ? INT64_MAX : ahead == 0 ? stop[2] : 0;
    }
}

/* Values of pixels (slow, fast), and which of them are doubtful; stop as for render_box. */
void value_pixels(const struct run *r, const int64_t *pixels, int64_t count, const int64_t *stop, real *values,
                  uint8_t *doubtful) {
    struct block b = {0};
    int64_t n, terms = 0;
    for (int64_t at = 0; at < count; at += n) {
        n = take(&b, pixels + 2 * at, count - at);
        end_interpolation(r, &b, stop);
        compute(r, &b, (n + WIDE - 1) & -WIDE, 0, NULL, &terms);
        for (int64_t i = 0; i < n; i++) values[at + i] = b.value[i], doubtful[at + i] = b.zero[i] != R(0);
    }
}

/* Adds to a the adjoints of the arguments, from those of pixels (slow, fast), none of them doubtful.

Returns 0, or 1: no memory. */
int64_t reverse_pixels(const struct run *r, const int64_t *pixels, const real *adjoints, int64_t count,
                       const int64_t *stop, const struct adjoint *a) {
    struct block b = {0};
    struct back *g = calloc(1, sizeof *g);
    struct segments kept = {NULL};
    int running = 0;
    for (int c = 0; c < CORRECTIONS; c++) running |= r->uses[c] == RUNNING;
    if (running) {
        const size_t segments = (size_t)(r->layers * r->oversample * r->oversample * r->sources);
        kept.before = calloc(segments, sizeof *kept.before);
    }
    const int failed = g == NULL || (running && kept.before == NULL);
    int64_t n;
    for (int64_t at = 0; at < count && !failed; at += n) {
        n = take(&b, pixels + 2 * at, count - at);
        end_interpolation(r, &b, stop);
        for (int64_t i = 0; i < LANES; i++) g->pixel[i] = i < n ? adjoints[at + i] : R(0);
        reverse_block(r, &b, g, a, (n + WIDE - 1) & -WIDE, running ? &kept : NULL);
    }
    if (!failed) {
        for (int64_t start = 0; start < LANES && a->table != NULL; start += WIDE) leave(g, start, a->table);
        for (int c = 0; c < 3; c++) {
            if (r->shape == SQUARE && r->n_cells[c] <= R(1)) continue; /* a quotient of 1 */
            gather(a->reals[FIELD(n_cells) + c], g->n_cells[c], LANES);
        }
        for (int c = 0; c < 9; c++) gather(a->reals[FIELD(radius) + c], g->radius[c], LANES);
        gather(a->reals[FIELD(volume)], g->volume, LANES);
    }
    free(g);
    free(kept.before);
    return failed;
}

/* Lattice factors with their slopes in h, k, l and in the numbers of the shape.

Source: nanobragg_pixel_loop.md section 7.
*/

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
distance to the peak, z */
struct axis {
    real above, below, own, sine, cosine, wave, z, square;
};

INLINE struct axis axis_of(real h, real h0, real n, const int64_t sound) {
    struct axis a;
    a.z = ADDED(PI, h - h0, TINY), a.square = a.z * a.z;
    const real turns = a.z * n;
#if REDUCED
    const real whole = whole_of(turns, R(1) / PI), y = less(turns, whole);
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
    a.sine = sin(a.z), a.cosine = cos(a.z), a.own = sin(turns), a.wave = cos(turns);
    a.above = sound ? a.own : copysign(sin(literal * n), a.own);
    a.below = sound ? a.sine : copysign(sin(literal), a.sine);
#endif
    return a;
}

/* of the number of cells of one axis; near a peak, up to ``limit`` of z^2, d (quotient) / d (pi h) is
z (first + third z^2): 0 for one cell, whose quotient is 1 */
struct series {
    real n, first, third, limit;
};

INLINE struct series series_of(real n) {
    const real cubic = n * (n * n - R(1));
    return (struct series){n, cubic / R(-3), cubic * (R(3) * n * n - R(7)) / R(90),
                           n > R(1) ? NEAR_A_PEAK * NEAR_A_PEAK / (n * n) : R(INFINITY)};
}

/* from the adjoint of a quotient: that of pi times the index, and that of N, also for one cell, as waves times z;
ratio: the quotient of sines, inverse: of the lower one */
struct slopes {
    real turn, waves;
};

INLINE struct slopes slopes_of_axis(struct axis a, real ratio, real inverse, real adjoint, struct series s) {
    const real scaled = adjoint * inverse, waves = scaled * a.wave;
    const real far = ADDED(s.n, waves, -(ratio * a.cosine * scaled));
    const real near = adjoint * a.z * ADDED(s.third, a.square, s.first);
    return (struct slopes){a.square < s.limit ? near : far, waves};
}

/* F_latt of a block-shaped crystal up to its sign, its quotients along the axes, and what their slopes need */
struct square {
    struct axis h, k, l;
    real latt, of_h, of_k, of_l, of_hk, inverse_h, inverse_k, inverse_l;
};

INLINE struct square square_of(const struct series *s, real h, real k, real l, real h0, real k0, real l0,
                               const int64_t sound) {
    const struct axis p = axis_of(h, h0, s[0].n, sound), q = axis_of(k, k0, s[1].n, sound);
    const struct axis t = axis_of(l, l0, s[2].n, sound);
    /* one division for both products of sines */
    const real pq = p.below * q.below, below = pq * t.below, sine_pq = p.sine * q.sine, sines = sine_pq * t.sine;
    const real both = R(1) / (sound ? below : below * sines), all = sound ? both : both * sines;
    const real all_t = all * t.below, inverse = sound ? both : both * below, inverse_t = inverse * t.sine;
    const real f_p = p.above * (all_t * q.below), f_q = q.above * (all_t * p.below), f_t = t.above * (all * pq);
    const real f_pq = f_p * f_q;
    return (struct square){p, q, t, f_pq * f_t, f_p, f_q, f_t, f_pq, inverse_t * q.sine, inverse_t * p.sine,
                           inverse * sine_pq};
}

struct of_square {
    struct slopes h, k, l;
};

/* adjoints from that of F_latt */
INLINE struct of_square slopes_of_square(struct square f, const struct series *s, real adjoint, const int64_t sound) {
    const real adjoint_l = adjoint * f.of_l;
    const real ratio_h = sound ? f.of_h : f.h.own * f.inverse_h, ratio_k = sound ? f.of_k : f.k.own * f.inverse_k;
    const real ratio_l = sound ? f.of_l : f.l.own * f.inverse_l;
    return (struct of_square){
        slopes_of_axis(f.h, ratio_h, f.inverse_h, adjoint_l * f.of_k, s[0]),
        slopes_of_axis(f.k, ratio_k, f.inverse_k, adjoint_l * f.of_h, s[1]),
        slopes_of_axis(f.l, ratio_l, f.inverse_l, adjoint * f.of_hk, s[2]),
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
        const struct square f = square_of(s, h, k, l, h0, k0, l0, sound);
        const struct of_square by = slopes_of_square(f, s, R(2) * f.latt, sound);
        b->latt[i] = f.latt;
        g->by_h[i] = PI * by.h.turn, g->by_k[i] = PI * by.k.turn, g->by_l[i] = PI * by.l.turn;
        g->by_n[0][i] = by.h.waves * f.h.z, g->by_n[1][i] = by.k.waves * f.k.z, g->by_n[2][i] = by.l.waves * f.l.z;
    }
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

/* Terms of Gaussian spots and top hats, from index to sum in one loop.

With -DSINGLE_TERMS, too, indices, offsets and radii have every bit of those of the formula, so that nearest reflections
and edges of top hats are the same, and however many cells there are, no digit of an exponent is lost. Only the factors
of a term are float. F^2 has three roundings and 2^r a relative error of 2e-7 below, which with their product makes
5e-7 of a term at most; terms are not negative, and their sums are double. F of a float32 image spans few decades
(nbsim.image.arguments.suits_float32), so that no factor leaves the range of float.
Source: nanobragg_pixel_loop.md sections 7 and 8.
*/

#ifdef SINGLE_TERMS
/* 2^x, |x| <= 1 / 2, to 2e-7: a fit of least relative error, 7.5e-8, and its roundings */
INLINE term power_of_two(term x) {
    term value = ADDED((term)0.0013276472454890609, x, (term)0.009675541892647743);
    value = ADDED(value, x, (term)0.05550713092088699), value = ADDED(value, x, (term)0.24022120237350464);
    return ADDED(ADDED(value, x, (term)0.6931469440460205), x, (term)1.0000001192092896);
}

#define BIAS 1023
/* The number beside which no fraction remains, and whose last bits are the exponent of a double */
#define EXPONENT (LARGE + R(BIAS))

/* f^2 exp(-2 x), 0 where 2^-1022 is the smaller factor: scale is such that the pixel is 0 then (has_spots) */
INLINE real spot(term f, real x) {
    union {
        real value;
        bits pattern;
    } whole, scale;
    const real turned = x * R(-2.8853900817779268), power = turned < R(-BIAS) ? R(-BIAS) : turned;
    whole.value = power + EXPONENT;
    scale.pattern = whole.pattern << MANTISSA;
    return R(f * f * power_of_two((term)(power - (whole.value - EXPONENT)))) * scale.value;
}
#endif

/* whether the terms are those of this file. Exponents and powers of 2 in float must not grow, nor terms beyond the
smallest double matter: 1e-100 of such a scale is far below the smallest float, whatever solid angle it is times */
static int has_spots(const struct run *r) {
#ifdef SINGLE_TERMS
    if (r->shape == GAUSS) return r->fudge >= R(0) && fabs(r->scale) * r->volume * r->volume < R(1e200);
#else
    if (r->shape == GAUSS) return 1;
#endif
    return r->shape == TOPHAT;
}

/* terms of one orientation; in float32 images without the square of the volume */
INLINE void add_spots(const struct run *restrict r, struct block *restrict b, const real *restrict cell, int64_t n,
                      const int64_t shape, const int64_t diagonal) {
    const struct planes p = planes_of(r);
    const term *restrict table = (const term *)r->table;
    const real fudge = r->fudge;
    EACH_LANE {
        const real sx = b->sx[i], sy = b->sy[i], sz = b->sz[i];
        const real h = dot(cell, sx, sy, sz), k = dot(cell + 3, sx, sy, sz), l = dot(cell + 6, sx, sy, sz);
        const real h0 = nearest(h), k0 = nearest(k), l0 = nearest(l);
        const term f = table[place(p, h0, k0, l0)];
        const real radius2 = radius2_of(r, h - h0, k - k0, l - l0, diagonal);
#ifdef SINGLE_TERMS
        if (shape == GAUSS) b->sum[i] += spot(f, radius2 * (fudge / GAUSS_WIDTH));
        else b->sum[i] += radius2 * fudge < TOPHAT_LIMIT ? R(f * f) : R(0);
#else
        const real latt = shape == GAUSS ? gauss(r->volume, radius2, fudge) : top_hat(r->volume, radius2, fudge);
        b->sum[i] += f * f * latt * latt;
#endif
    }
}

/* terms of all orientations of one ray and source. 1: stopped */
static int add_all_spots(const struct run *restrict r, struct block *restrict b, int64_t n, int64_t *terms,
                         int (*stopped)(void)) {
    for (int64_t o = 0; o < r->orientations; o++) {
        const real *cell = r->cells + 9 * o;
        if (r->shape == TOPHAT && r->diagonal) add_spots(r, b, cell, n, TOPHAT, 1);
        else if (r->shape == TOPHAT) add_spots(r, b, cell, n, TOPHAT, 0);
        else if (r->diagonal) add_spots(r, b, cell, n, GAUSS, 1);
        else add_spots(r, b, cell, n, GAUSS, 0);
        if (ended(n, terms, stopped)) return 1;
    }
#ifdef SINGLE_TERMS
    EACH_LANE b->sum[i] *= r->volume * r->volume;
#endif
    return 0;
}

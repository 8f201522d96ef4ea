/* Terms in float of Gaussian spots.

Indices, offsets and exponents have every bit of those of the formula here, so that nearest reflections are the same,
and however many cells there are, no digit of an exponent is lost. Only the factors of a term are float: F^2 with three
roundings, and 2^x for |x| <= 1 / 2 to 2e-7, which with their product makes 5e-7 of a term at most. Terms are not
negative, and their sums are double. F spans few decades (nbsim.image.arguments.suits_float32), so that F^2 does not
leave the range of float; the power of 2 beside it is double.
Source: nanobragg_pixel_loop.md sections 7 and 8.
*/

/* a fit of least relative error, 7.5e-8, and its roundings */
INLINE term power_of_two(term x) {
    term value = ADDED((term)0.0013276472454890609, x, (term)0.009675541892647743);
    value = ADDED(value, x, (term)0.05550713092088699), value = ADDED(value, x, (term)0.24022120237350464);
    return ADDED(ADDED(value, x, (term)0.6931469440460205), x, (term)1.0000001192092896);
}

/* f^2 exp(-2 x), x >= 0; without the terms below 2^-1022 */
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

/* whether terms in float hold: exponents are not negative, and a pixel of terms below 2^-1022 is 0, since 1e-100 of a
photon is far below the smallest float, whatever solid angle it is times */
static int has_spots(const struct run *r) {
    return r->shape == GAUSS && r->fudge >= R(0) && fabs(r->scale) * r->volume * r->volume < R(1e200);
}

/* terms of one orientation, but for the square of the volume */
static void add_spots(const struct run *restrict r, struct block *restrict b, const real *restrict cell, int64_t n) {
    const struct planes p = planes_of(r);
    const term *restrict table = (const term *)r->table;
    const real width = r->fudge / GAUSS_WIDTH;
    EACH_LANE {
        const real sx = b->sx[i], sy = b->sy[i], sz = b->sz[i];
        const real h = dot(cell, sx, sy, sz), k = dot(cell + 3, sx, sy, sz), l = dot(cell + 6, sx, sy, sz);
        const real h0 = nearest(h), k0 = nearest(k), l0 = nearest(l);
        const term f = table[place(p, h0, k0, l0)];
        b->sum[i] += spot(f, radius2_of(r, h - h0, k - k0, l - l0, r->diagonal) * width);
    }
}

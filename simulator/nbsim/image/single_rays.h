/* Rays of float32 images: those of rays.h but for the last bits, by fused operations, and captures with exponentials in
float.

Source: nanobragg_pixel_loop.md sections 4 to 6.
*/

/* directions and solid angles; the distance comes from a root in float, by one step of third order */
INLINE void aim_nearly(const struct run *restrict r, struct block *restrict b, int64_t n, real depth, int32_t sub_slow,
                       int32_t sub_fast, real *restrict omega, const int curved) {
    const real step = r->pixel_size / R(r->oversample), swing = R(1) / r->distance;
    const real area = r->point ? r->area : r->area * r->close_distance;
    real fast[3], slow[3], first[3];
    for (int axis = 0; axis < 3; axis++) {
        const real f = step * (R(sub_fast) + R(0.5)), s = step * (R(sub_slow) + R(0.5));
        fast[axis] = r->pixel_size * r->fast[axis], slow[axis] = r->pixel_size * r->slow[axis];
        first[axis] = f * r->fast[axis] + s * r->slow[axis] + depth * r->normal[axis] + r->pix0[axis];
    }
    EACH_LANE {
        const real f = R(b->fast[i]), s = R(b->slow[i]);
        real at[3] = {ADDED(f, fast[0], ADDED(s, slow[0], first[0])), ADDED(f, fast[1], ADDED(s, slow[1], first[1])),
                      ADDED(f, fast[2], ADDED(s, slow[2], first[2]))};
        if (curved) bend(r, swing, at);
        const real square = ADDED(at[0], at[0], ADDED(at[1], at[1], at[2] * at[2]));
        const real guess = R((term)1 / sqrtf((term)square)), error = ADDED(-square * guess, guess, R(1));
        const real inverse = ADDED(guess * error, ADDED(R(0.375), error, R(0.5)), guess);
        b->x[i] = at[0] * inverse, b->y[i] = at[1] * inverse, b->z[i] = at[2] * inverse;
        omega[i] = area * inverse * inverse * (r->point ? R(1) : inverse);
    }
}
#define BIAS 1023
/* the number beside which no fraction remains, and whose last bits are the exponent of a double */
#define EXPONENT (LARGE + R(BIAS))
#define NO_POWER R(-1000) /* 2^x is nothing beside 1 below */

struct power { /* 2^x as scale (1 + more) */
    real scale;
    term more;
};

/* |x| <= -NO_POWER; a fit of 2^x - 1 for |x| <= 1 / 2, to 1.2e-7 of it with its roundings */
INLINE struct power power_of(real x) {
    union {
        real value;
        bits pattern;
    } whole = {x + EXPONENT}, scale = {.pattern = whole.pattern << MANTISSA};
    const term rest = (term)(x - (whole.value - EXPONENT));
    term more = ADDED((term)0.00015403512225020677, rest, (term)0.0013390735257416964);
    more = ADDED(more, rest, (term)0.009618237614631653), more = ADDED(more, rest, (term)0.05550357326865196);
    more = ADDED(more, rest, (term)0.24022649228572845), more = ADDED(more, rest, (term)0.6931471824645996);
    return (struct power){scale.value, more * rest};
}

/* what reaches the layer, times what stays there: no digit of a thin layer cancels; not a number beside a path without
end, and where a ray grows */
INLINE void absorb_in(const struct run *restrict r, struct block *restrict b, int64_t n, real layer, const int first) {
    const real turned = r->layer_thickness * r->attenuation * R(-1.4426950408889634);
    EACH_LANE {
        const real x = turned / along(r->normal, b->x[i], b->y[i], b->z[i]), y = layer * x;
        const struct power in = power_of(x > NO_POWER ? x : NO_POWER), before = power_of(y > NO_POWER ? y : NO_POWER);
        const real stays = ADDED(-in.scale, R(in.more), R(1) - in.scale);
        const real reaches = first ? R(1) : y > NO_POWER ? ADDED(before.scale, R(before.more), before.scale) : R(0);
        b->now[CAPTURE][i] = (x <= R(0)) & (x > R(-INFINITY)) ? stays * reaches : R(NAN);
    }
}

#define THIN R(1e-8) /* below, captures in double are rounding noise, in all digits */

static void absorb_nearly(const struct run *restrict r, struct block *restrict b, int64_t n, int64_t layer) {
    if (!(r->layer_thickness * r->attenuation > THIN)) absorb(r, b, n, layer);
    else if (layer == 0) absorb_in(r, b, n, R(0), 1);
    else absorb_in(r, b, n, R(layer), 0);
}

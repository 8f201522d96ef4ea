/* Rays: positions on a flat or curved detector, directions, solid angles, captures, scattering vectors, polarization.

Source: nanobragg_pixel_loop.md sections 4 to 6.
*/

/* rounded as by a C library but for few arguments: a Chebyshev fit over x^2 after the first terms of the series */
INLINE void sine_and_cosine(real x, real *sine, real *cosine) {
#if REDUCED
    union {
        real value;
        bits pattern;
    } half_turns = {ADDED(x, R(1) / PI, LARGE)}, s, c;
    const bits sign = half_turns.pattern << (8 * sizeof(real) - 1);
    const real y = less(x, half_turns.value - LARGE), square = y * y, half = R(0.5) * square, first = R(1) - half;
    real more = R(2.7314368769379893e-15), rest = R(4.6464228378080794e-14);
    more = ADDED(more, square, R(-7.643969663988074e-13)), rest = ADDED(rest, square, R(-1.1466251369215444e-11));
    more = ADDED(more, square, R(1.6058977292642743e-10)), rest = ADDED(rest, square, R(2.087668153639063e-09));
    more = ADDED(more, square, R(-2.505210761669045e-08)), rest = ADDED(rest, square, R(-2.7557318573107296e-07));
    more = ADDED(more, square, R(2.7557319219160833e-06)), rest = ADDED(rest, square, R(2.480158729891222e-05));
    more = ADDED(more, square, R(-0.00019841269841254966)), rest = ADDED(rest, square, R(-0.0013888888888884765));
    more = ADDED(more, square, R(0.008333333333333316)), rest = ADDED(rest, square, R(0.04166666666666666));
    more = ADDED(more, square, R(-1) / R(6));
    s.value = ADDED(more * square, y, y);
    c.value = first + ADDED(rest * square, square, (R(1) - first) - half);
    s.pattern ^= sign, c.pattern ^= sign;
    *sine = s.value, *cosine = c.value;
#else
    *sine = sin(x), *cosine = cos(x);
#endif
}

INLINE void rotate(real *v, const real *axis, real angle) {
    real s, c;
    sine_and_cosine(angle, &s, &c);
    const real along = dot(axis, v[0], v[1], v[2]) * (R(1) - c);
    const real x = axis[1] * v[2] - axis[2] * v[1], y = axis[2] * v[0] - axis[0] * v[2];
    const real z = axis[0] * v[1] - axis[1] * v[0];
    v[0] = axis[0] * along + v[0] * c + x * s;
    v[1] = axis[1] * along + v[1] * c + y * s;
    v[2] = axis[2] * along + v[2] * c + z * s;
}

/* from a place on a flat detector to that on a curved one */
INLINE void bend(const struct run *r, real inverse, real *place) {
    const real x = place[0] - r->from[0], y = place[1] - r->from[1], z = place[2] - r->from[2];
    for (int axis = 0; axis < 3; axis++) place[axis] = r->pole[axis];
    rotate(place, r->swings, quotient(dot(r->along, x, y, z), r->distance, inverse));
    rotate(place, r->swings + 3, quotient(dot(r->along + 3, x, y, z), r->distance, inverse));
}

/* directions and solid angles of one layer and subpixel */
INLINE void aim(const struct run *restrict r, struct block *restrict b, int64_t n, real depth, int32_t sub_slow,
                int32_t sub_fast, real *restrict omega, const int curved) {
    const real step = r->pixel_size / R(r->oversample), swing = R(1) / r->distance;
    const real area = r->point ? r->area : r->area * r->close_distance;
    const int32_t oversample = (int32_t)r->oversample;
    EACH_LANE {
        const real f = step * R(b->fast[i] * oversample + sub_fast) + step / R(2);
        const real s = step * R(b->slow[i] * oversample + sub_slow) + step / R(2);
        real at[3] = {f * r->fast[0] + s * r->slow[0] + depth * r->normal[0] + r->pix0[0],
                      f * r->fast[1] + s * r->slow[1] + depth * r->normal[1] + r->pix0[1],
                      f * r->fast[2] + s * r->slow[2] + depth * r->normal[2] + r->pix0[2]};
        if (curved) bend(r, swing, at);
        const real distance = sqrt(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]), inverse = R(1) / distance;
        b->x[i] = quotient(at[0], distance, inverse);
        b->y[i] = quotient(at[1], distance, inverse);
        b->z[i] = quotient(at[2], distance, inverse);
        omega[i] = area * inverse * inverse * (r->point ? R(1) : inverse);
    }
}

/* captures of one layer; what reaches the first is 1, or not a number beside a path without end */
static void absorb(const struct run *restrict r, struct block *restrict b, int64_t n, int64_t layer) {
    const real thickness = r->layer_thickness * r->attenuation;
    if (layer == 0) EACH_LANE {
        const real path = thickness / dot(r->normal, b->x[i], b->y[i], b->z[i]);
        b->now[CAPTURE][i] = (R(1) + (path - path)) - decayed(path);
    }
    else EACH_LANE {
        const real path = thickness / dot(r->normal, b->x[i], b->y[i], b->z[i]);
        b->now[CAPTURE][i] = decayed(R(layer) * path) - decayed((R(layer) + R(1)) * path);
    }
}

#ifdef SINGLE_TERMS
#include "single_rays.h"
#else
#define aim_nearly aim
#define absorb_nearly absorb
#endif

/* Directions of one layer and subpixel, and the corrections among wanted, a sum of powers of 2; exact: every bit of the
formula's directions */
APART static void trace(const struct run *restrict r, struct block *restrict b, int64_t n, int64_t layer, int64_t sub_slow,
                  int64_t sub_fast, int wanted, int exact) {
    const real depth = R(layer) * r->layer_thickness;
    const int32_t slow = (int32_t)sub_slow, fast = (int32_t)sub_fast;
    real *omega = wanted >> OMEGA & 1 ? b->now[OMEGA] : b->latt;
    if (r->curved && exact) aim(r, b, n, depth, slow, fast, omega, 1);
    else if (r->curved) aim_nearly(r, b, n, depth, slow, fast, omega, 1);
    else if (exact) aim(r, b, n, depth, slow, fast, omega, 0);
    else aim_nearly(r, b, n, depth, slow, fast, omega, 0);
    if (!(wanted >> CAPTURE & 1)) return;
    if (!r->absorbs) EACH_LANE b->now[CAPTURE][i] = R(1);
    else if (exact) absorb(r, b, n, layer);
    else absorb_nearly(r, b, n, layer);
}

static void polarize(const struct run *restrict r, struct block *restrict b, int64_t n, int64_t source) {
    const real *in = r->incident + 3 * source, *electric = r->electric + 3 * source;
    const real *magnetic = r->magnetic + 3 * source, kahn = r->kahn;
    if (!r->polarized) EACH_LANE b->now[POLAR][i] = R(1);
    else EACH_LANE {
        const real x = b->x[i], y = b->y[i], z = b->z[i], cosine = along(in, x, y, z), cos2 = cosine * cosine;
        const real e = along(electric, x, y, z), m = along(magnetic, x, y, z), e2 = e * e;
#ifdef SINGLE_TERMS /* 1 - cos2 is the sum of the squares of e and m */
        const real difference = ADDED(m, -m, e2), none = ADDED(m, m, e2);
        const real part = none == R(0) ? R(1) - cos2 : difference;
        b->now[POLAR][i] = ADDED(ADDED(-kahn, part, cos2), R(0.5), R(0.5));
#else
        const real m2 = m * m, both = e2 + m2, part = kahn * (both == R(0) ? R(1) : (e2 - m2) / both) * (R(1) - cos2);
        b->now[POLAR][i] = R(0.5) * (R(1) + cos2 - part);
#endif
    }
}

/* scattering vectors of one source, and which pass the resolution cut */
APART static void scatter(const struct run *restrict r, struct block *restrict b, int64_t n, int64_t source) {
    const real *in = r->incident + 3 * source, wavelength = r->wavelengths[source], inverse = R(1) / wavelength;
    EACH_LANE {
        b->sx[i] = quotient(b->x[i] - in[0], wavelength, inverse);
        b->sy[i] = quotient(b->y[i] - in[1], wavelength, inverse);
        b->sz[i] = quotient(b->z[i] - in[2], wavelength, inverse);
        b->live[i] = R(1);
    }
    if (r->dmin > R(0)) EACH_LANE {
        const real half = R(0.5) * sqrt(b->sx[i] * b->sx[i] + b->sy[i] * b->sy[i] + b->sz[i] * b->sz[i]);
        b->live[i] = half > R(0) && r->dmin > R(0.5) / half ? R(0) : R(1);
    }
}

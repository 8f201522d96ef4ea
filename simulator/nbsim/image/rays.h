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

static void bend(const struct run *r, struct block *b, int64_t n) {
    const real distance = r->distance, inverse = R(1) / distance;
    EACH_LANE {
        real x = b->x[i] - r->from[0], y = b->y[i] - r->from[1], z = b->z[i] - r->from[2];
        real v[3] = {r->pole[0], r->pole[1], r->pole[2]};
        rotate(v, r->swings, quotient(dot(r->along, x, y, z), distance, inverse));
        rotate(v, r->swings + 3, quotient(dot(r->along + 3, x, y, z), distance, inverse));
        b->x[i] = v[0], b->y[i] = v[1], b->z[i] = v[2];
    }
}

/* directions and solid angles, from positions */
static void aim(const struct run *restrict r, struct block *restrict b, int64_t n) {
    const real area = r->point ? r->area : r->area * r->close_distance;
    EACH_LANE {
        const real x = b->x[i], y = b->y[i], z = b->z[i], distance = sqrt(x * x + y * y + z * z);
        const real inverse = R(1) / distance;
        b->x[i] = quotient(x, distance, inverse);
        b->y[i] = quotient(y, distance, inverse);
        b->z[i] = quotient(z, distance, inverse);
        b->now[OMEGA][i] = area * inverse * inverse * (r->point ? R(1) : inverse);
    }
}

#ifdef SINGLE_TERMS
/* the same but for the last bits: from a root in float, by one step of third order */
static void aim_nearly(const struct run *restrict r, struct block *restrict b, int64_t n) {
    const real area = r->point ? r->area : r->area * r->close_distance;
    EACH_LANE {
        const real x = b->x[i], y = b->y[i], z = b->z[i], square = x * x + y * y + z * z;
        const real guess = R((term)1 / sqrtf((term)square)), error = ADDED(-square * guess, guess, R(1));
        const real inverse = ADDED(guess * error, ADDED(R(0.375), error, R(0.5)), guess);
        b->x[i] = x * inverse, b->y[i] = y * inverse, b->z[i] = z * inverse;
        b->now[OMEGA][i] = area * inverse * inverse * (r->point ? R(1) : inverse);
    }
}
#else
#define aim_nearly aim
#endif

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

/* directions, solid angles and captures of one layer and subpixel; exact: every bit of the formula's directions */
static void trace(const struct run *restrict r, struct block *restrict b, int64_t n, int64_t layer, int64_t sub_slow,
                  int64_t sub_fast, int exact) {
    const real step = r->pixel_size / R(r->oversample), depth = R(layer) * r->layer_thickness;
    const int32_t oversample = (int32_t)r->oversample;
    EACH_LANE {
        const real f = step * R(b->fast[i] * oversample + (int32_t)sub_fast) + step / R(2);
        const real s = step * R(b->slow[i] * oversample + (int32_t)sub_slow) + step / R(2);
        b->x[i] = f * r->fast[0] + s * r->slow[0] + depth * r->normal[0] + r->pix0[0];
        b->y[i] = f * r->fast[1] + s * r->slow[1] + depth * r->normal[1] + r->pix0[1];
        b->z[i] = f * r->fast[2] + s * r->slow[2] + depth * r->normal[2] + r->pix0[2];
        b->now[CAPTURE][i] = R(1);
    }
    if (r->curved) bend(r, b, n);
    if (exact) aim(r, b, n);
    else aim_nearly(r, b, n);
    if (r->absorbs) absorb(r, b, n, layer);
}

/* scattering vectors, polarization and resolution cut of one source */
static void scatter(const struct run *restrict r, struct block *restrict b, int64_t n, int64_t source) {
    const real *in = r->incident + 3 * source, wavelength = r->wavelengths[source], inverse = R(1) / wavelength;
    const real *electric = r->electric + 3 * source, *magnetic = r->magnetic + 3 * source;
    EACH_LANE {
        b->sx[i] = quotient(b->x[i] - in[0], wavelength, inverse);
        b->sy[i] = quotient(b->y[i] - in[1], wavelength, inverse);
        b->sz[i] = quotient(b->z[i] - in[2], wavelength, inverse);
        b->live[i] = b->now[POLAR][i] = R(1);
    }
    if (r->dmin > R(0)) EACH_LANE {
        const real half = R(0.5) * sqrt(b->sx[i] * b->sx[i] + b->sy[i] * b->sy[i] + b->sz[i] * b->sz[i]);
        b->live[i] = half > R(0) && r->dmin > R(0.5) / half ? R(0) : R(1);
    }
    if (r->polarized) EACH_LANE {
        const real x = b->x[i], y = b->y[i], z = b->z[i], cosine = dot(in, x, y, z), cos2 = cosine * cosine;
        const real e = dot(electric, x, y, z), m = dot(magnetic, x, y, z), e2 = e * e, m2 = m * m, both = e2 + m2;
#ifdef SINGLE_TERMS /* 1 - cos2 is the sum of e2 and m2 */
        const real part = r->kahn * (both == R(0) ? R(1) - cos2 : e2 - m2);
#else
        const real part = r->kahn * (both == R(0) ? R(1) : (e2 - m2) / both) * (R(1) - cos2);
#endif
        b->now[POLAR][i] = R(0.5) * (R(1) + cos2 - part);
    }
}

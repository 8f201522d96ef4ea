/* Terms in float of a block-shaped crystal: indices and phases in double, their sines, F and amplitudes in float.

Indices come by fused operations here. They differ from those of the formula in the last bits, which decide about the
nearest reflection halfway between two: then, where the rounding noise of C shows, where factors are negative, and for
crystals of many cells, terms come in double. F spans few decades (nbsim.image.arguments.suits_float32).
Source: nanobragg_pixel_loop.md sections 7 and 8.
*/

/* Times UNIT, the exponent of a double has the bias of a float's: 32 of its bits are the float, cut off at the last digit
and without its sign, which no term needs */
#define UNIT 0x1p-896
#define LARGE_UNITS (LARGE * UNIT)

INLINE term narrowed(real scaled) {
    union {
        real value;
        uint64_t pattern;
    } from = {scaled};
    union {
        uint32_t pattern;
        term value;
    } to = {(uint32_t)(from.pattern >> 29)};
    return to.value;
}

/* sin(pi x), 0 <= x <= 1 / 2 */
INLINE term sine_of_phase(term x) {
    const term square = x * x;
    return TERM_SERIES(square) * x;
}

/* |sin(pi x n)| from the fraction of x n; x in UNITs */
INLINE term sine_of_wave(real x, real n) {
    const real whole = ADDED(x, n, LARGE_UNITS) - LARGE_UNITS;
    return sine_of_phase(narrowed(ADDED(x, n, -whole)));
}

INLINE term larger(term x, term y) { return x > y ? x : y; }

struct amplitude {
    term value, inverse; /* of the product of the sines below */
    term farthest;       /* of the distances to the nearest reflection along the axes */
};

/* of the table, as in struct planes */
struct sides {
    int32_t low[3], high[3], n_k, n_l, origin;
};

INLINE struct sides sides_of(const struct run *r) {
    struct sides s;
    for (int axis = 0; axis < 3; axis++) {
        s.low[axis] = (int32_t)r->low[axis];
        s.high[axis] = s.low[axis] + (int32_t)r->count[axis] - 1;
    }
    s.n_k = (int32_t)r->count[1], s.n_l = (int32_t)r->count[2];
    s.origin = -((s.low[0] * s.n_k + s.low[1]) * s.n_l + s.low[2]);
    return s;
}

/* the whole number nearest to an index in UNITs, to be taken from the last bits of a sum, on the sides of the table */
INLINE int32_t whole_within(real sum, int32_t low, int32_t high) {
    union {
        real value;
        uint64_t pattern;
    } from = {sum};
    const int32_t whole = (int32_t)(uint32_t)from.pattern, below = whole < high ? whole : high;
    return below > low ? below : low;
}

/* an orientation and a source: an index is along . ray - beam, in UNITs */
struct indices {
    real along[9], beam[3];
};

INLINE struct indices indices_of(const struct run *r, int64_t source, int64_t orientation) {
    const real *in = r->incident + 3 * source, *cell = r->cells + 9 * orientation;
    const real unit = UNIT / r->wavelengths[source];
    struct indices to;
    for (int i = 0; i < 9; i++) to.along[i] = cell[i] * unit;
    for (int axis = 0; axis < 3; axis++) to.beam[axis] = dot(to.along + 3 * axis, in[0], in[1], in[2]);
    return to;
}

INLINE real index_of(const struct indices *to, int axis, real x, real y, real z) {
    const real *along = to->along + 3 * axis;
    return ADDED(along[0], x, ADDED(along[1], y, ADDED(along[2], z, -to->beam[axis])));
}

/* |F sin(pi e N) / sin(pi e)| of e = h - h0 along every axis */
INLINE struct amplitude amplitude(struct sides s, const real *n, const term *table, const struct indices *to, real at_x,
                                  real at_y, real at_z) {
    const real h = index_of(to, 0, at_x, at_y, at_z), k = index_of(to, 1, at_x, at_y, at_z);
    const real l = index_of(to, 2, at_x, at_y, at_z);
    const real h0 = h + LARGE_UNITS, k0 = k + LARGE_UNITS, l0 = l + LARGE_UNITS;
    const real x = h - (h0 - LARGE_UNITS), y = k - (k0 - LARGE_UNITS), z = l - (l0 - LARGE_UNITS);
    const int32_t in_h = whole_within(h0, s.low[0], s.high[0]), in_k = whole_within(k0, s.low[1], s.high[1]);
    const int32_t in_l = whole_within(l0, s.low[2], s.high[2]), at = (in_h * s.n_k + in_k) * s.n_l + in_l + s.origin;
    const term e_h = narrowed(x), e_k = narrowed(y), e_l = narrowed(z);
    const term below = sine_of_phase(e_h) * sine_of_phase(e_k) * sine_of_phase(e_l);
    const term above = sine_of_wave(x, n[0]) * sine_of_wave(y, n[1]) * sine_of_wave(z, n[2]);
    const term inverse = (term)1 / below;
    return (struct amplitude){above * table[at] * inverse, inverse, larger(larger(e_h, e_k), e_l)};
}

/* the terms of two orientations, or that of one, also as C's running sum, sum = (sum + term) weight, but for the weight
of the last one (add_weighted); for their noise each over the sines below */
INLINE void add_terms(const struct run *restrict r, struct block *restrict b, int64_t source, int64_t o, int64_t n,
                      const int two, const int running) {
    const struct sides s = sides_of(r);
    const struct indices first_to = indices_of(r, source, o), second_to = indices_of(r, source, two ? o + 1 : o);
    const term *restrict table = (const term *)r->table;
    EACH_LANE {
        const real x = b->x[i], y = b->y[i], z = b->z[i];
        const struct amplitude one = amplitude(s, r->n_cells, table, &first_to, x, y, z);
        const struct amplitude other =
            two ? amplitude(s, r->n_cells, table, &second_to, x, y, z) : (struct amplitude){0};
        const term first = one.value * one.value, second = other.value * other.value;
        const real sum = b->sum[i], weight = running ? b->weight[i] : R(1);
        const term single = first * one.inverse, noise = two ? ADDED(second, other.inverse, single) : single;
        b->farthest[i] = larger(b->farthest[i], larger(one.farthest, other.farthest));
        b->sum[i] = running ? ADDED(sum, weight, R(first)) : sum + R(two ? first + second : first);
        b->noise[i] = running ? ADDED(b->noise[i], (term)weight, noise) : b->noise[i] + noise;
    }
}

/* the running sum of a ray and source goes on by that of its orientations; their weight becomes scratch */
static void add_weighted(const struct run *restrict r, struct block *restrict b, int64_t n) {
    real *restrict power = b->latt;
    EACH_LANE power[i] = R(1), b->sum[i] *= b->weight[i];
    for (int64_t more = r->orientations; more > 0; more >>= 1) {
        if (more & 1) EACH_LANE power[i] *= b->weight[i];
        EACH_LANE b->weight[i] *= b->weight[i];
    }
    EACH_LANE {
        const int executed = b->live[i] != R(0);
        b->total[i] = executed ? ADDED(b->total[i], power[i], b->sum[i] * b->factor[i]) : b->total[i];
        b->left[i] = executed ? b->left[i] * power[i] : b->left[i];
    }
}

/* The longest edge of the cell times |S|, no index exceeds it, and times the cells along an edge. Rounding moves indices
here by some 2^-51 of the former at most, phases by pi N times that, and terms by 2e-6 where a sine above is below 1e-3:
such a term is about 1e-6 of those around it. Crystals of more cells come in double. The number also keeps the errors of
indices below the distance of HALFWAY from 1 / 2. */
#define LARGEST_PHASE R(0x1p19)

INLINE real largest(real x, real y, real z) {
    const real most = x > y ? x : y;
    return most > z ? most : z;
}

INLINE real longest2(const struct run *r) {
    const real *c = r->cells;
    return largest(dot(c, c[0], c[1], c[2]), dot(c + 3, c[3], c[4], c[5]), dot(c + 6, c[6], c[7], c[8]));
}

/* whether terms of a source in float may hold; sums of negative ones may cancel; |S|^2 is at most 2 (1 + |i|^2) / l^2 */
static int have_digits(const struct run *r, int64_t source) {
    const real *in = r->incident + 3 * source, longest_s2 = R(2) * (R(1) + dot(in, in[0], in[1], in[2]));
    const real phase = LARGEST_PHASE * r->wavelengths[source];
    const real cells = largest(r->n_cells[0], r->n_cells[1], r->n_cells[2]);
    return longest2(r) * longest_s2 * cells * cells < phase * phase && r->shares[source] >= R(0);
}

static void start_terms(struct block *restrict b, int64_t n) {
    EACH_LANE b->noise[i] = b->farthest[i] = 0;
}

/* C's literal quotients of sines differ from those of e = h - h0 by rounding noise, at most NOISE |h / e| of a term:
beyond LARGEST_NOISE it shows. |h|, |k|, |l| are at most the longest edge of the cell times |S|, and |e| at least the
product of the sines over pi. */
#define NOISE (R(4.5e-16) * PI)
#define LARGEST_NOISE R(5e-7)
#define HALFWAY R(0x1.fffffcp-2)

/* whether the sums of terms hold; weighted: by corrections of every term, whose signs decide, too */
INLINE int end_terms(const struct run *restrict r, const struct block *restrict b, int64_t source, int64_t n,
                     const int weighted) {
    const real *in = r->incident + 3 * source, shown = r->sound ? R(0) : NOISE / LARGEST_NOISE / r->wavelengths[source];
    const real edge2 = shown * shown * longest2(r), both = R(1) + dot(in, in[0], in[1], in[2]);
    const real twice[3] = {R(-2) * in[0], R(-2) * in[1], R(-2) * in[2]};
    int fails = 0;
    EACH_LANE { /* |S|^2 from the angle between both; inf and nan fail */
        const real s2 = fabs(both + along(twice, b->x[i], b->y[i], b->z[i])), noise = R(b->noise[i]);
        const real square = b->sum[i] * b->sum[i], seen = noise * noise * (edge2 * s2);
        fails |= !(seen <= square) | !(square < R(INFINITY)) | !(R(b->farthest[i]) < HALFWAY);
        if (weighted) fails |= !(b->weight[i] >= R(0)) | !(b->factor[i] >= R(0));
    }
    return !fails;
}

/* Pixels from their terms: C's running sum and cached corrections, and the walks over a box of pixels.

A pixel in which the formula hinges on an exact zero, or is not finite, is marked as doubtful, for the formula itself.
Source: nanobragg_pixel_loop.md sections 2, 6, 8.3 and 9.
*/

#include "formula.h"

size_t size_of_run(void) { return sizeof(struct run); }

/* before C's caches, the means and the running sum; alive: passes of a pixel that the resolution cut leaves */
static void start_corrections(const struct run *restrict r, struct block *restrict b, int64_t n) {
    const real nothing = R(0), passes = R(r->oversample * r->oversample * r->layers * r->sources);
    const real alive = r->dmin > R(0) ? nothing : passes;
    EACH_LANE {
        b->alive[i] = alive, b->other[i] = b->others[i] = b->zero[i] = nothing, b->left[i] = R(1);
        for (int c = 0; c < CORRECTIONS; c++) b->cached[c][i] = b->mean[c][i] = nothing;
    }
}

/* C's cache or the mean; which pixels hinge on an exact zero */
static void remember(const struct run *restrict r, struct block *restrict b, int64_t n, int correction) {
    const int culls = correction == POLAR && r->polarized && r->dmin > R(0), use = (int)r->uses[correction];
    real *restrict cached = b->cached[correction], *restrict mean = b->mean[correction];
    const real *restrict now = b->now[correction], *restrict live = b->live;
    const int hinges = use == CACHED || use == AVERAGE, keeps = use == CACHED || correction == CAPTURE;
    if (!culls) {
        if (keeps) EACH_LANE cached[i] = cached[i] == R(0) ? now[i] : cached[i];
        if (use != CACHED) EACH_LANE mean[i] += now[i];
        if (hinges) EACH_LANE b->zero[i] = now[i] == R(0) ? R(1) : b->zero[i];
        return;
    }
    EACH_LANE {
        cached[i] = cached[i] == R(0) && live[i] != R(0) ? now[i] : cached[i];
        mean[i] += live[i] * now[i];
        b->zero[i] = hinges && live[i] != R(0) && now[i] == R(0) ? R(1) : b->zero[i];
        b->alive[i] += live[i];
        b->other[i] = b->other[i] == R(0) ? now[i] : b->other[i];
        b->others[i] += now[i];
    }
}

static void look_up(const struct run *r, struct block *b, int64_t n, int64_t pass) {
    if (!r->interpolated) {
        const term *restrict table = (const term *)r->table;
        EACH_LANE b->cell[i] = R(table[b->at[i]]);
        return;
    }
    const real *restrict table = reals_of(r);
    EACH_LANE b->cell[i] = table[b->at[i]];
    interpolate(r, b, n, pass);
}

/* the first executed pass of each pixel whose indices leave no room for interpolation */
static void search(const struct run *r, struct block *b, const real *cell, int64_t n, int64_t pass) {
    real outside = R(0);
    EACH_LANE {
        const real sx = b->sx[i], sy = b->sy[i], sz = b->sz[i];
        const int room = have_room(r, dot(cell, sx, sy, sz), dot(cell + 3, sx, sy, sz), dot(cell + 6, sx, sy, sz));
        outside = room ? outside : R(1);
    }
    if (outside == R(0)) return;
    lattice_of_shape(r, b, cell, n);
    EACH_LANE {
        const int executed = b->live[i] != R(0) && (!r->skip || b->latt[i] != R(0));
        if (executed && !have_room(r, b->h[i], b->k[i], b->l[i]) && pass < b->failed[i]) b->failed[i] = pass;
    }
}

static void add(const struct run *r, struct block *b, int64_t n, int running) {
    if (!running) {
        EACH_LANE b->sum[i] += b->cell[i] * b->cell[i] * b->latt[i] * b->latt[i];
        return;
    }
    EACH_LANE {
        const int executed = b->live[i] != R(0) && (!r->skip || b->latt[i] != R(0));
        const real term = b->cell[i] * b->cell[i] * b->latt[i] * b->latt[i] * b->factor[i];
        b->total[i] = executed ? (b->total[i] + term) * b->weight[i] : b->total[i];
        b->left[i] = executed ? b->left[i] * b->weight[i] : b->left[i];
    }
}

/* factors of every term, and of the running sum at every pass, of one ray and source */
static void weigh(const struct run *r, struct block *b, int64_t n, int64_t source) {
    EACH_LANE b->factor[i] = r->shares[source], b->weight[i] = R(1);
    for (int c = 0; c < CORRECTIONS; c++) {
        const int64_t use = r->uses[c];
        const real *values = c == CAPTURE && use == AVERAGE && r->first_capture ? b->cached[c] : b->now[c];
        if (use == EACH_TERM || use == AVERAGE) EACH_LANE b->factor[i] *= values[i];
        if (use == RUNNING) EACH_LANE b->weight[i] *= values[i];
    }
}

/* the means over all passes, where a correction or the background takes one */
static void average(const struct run *restrict r, struct block *restrict b, int64_t n) {
    const real subpixels = R(r->oversample * r->oversample), rays = subpixels * R(r->layers);
    const real all = r->culled_polar_zero ? R(1) : rays * R(r->sources);
    const real *others = r->culled_polar_zero ? b->mean[POLAR] : b->others;
    EACH_LANE {
        const real sum = b->alive[i] == R(0) ? others[i] : b->mean[POLAR][i];
        b->mean[POLAR][i] = sum / (b->alive[i] == R(0) ? all : b->alive[i]);
        b->mean[CAPTURE][i] /= subpixels;
        b->mean[OMEGA][i] /= rays;
    }
    if (!r->polarized) EACH_LANE b->mean[POLAR][i] = R(1);
}

/* the scaled values, from the sums over all passes */
APART static void finish(const struct run *restrict r, struct block *restrict b, int64_t n) {
    const real rays = R(r->oversample * r->oversample * r->layers);
    int cached = 1;
    for (int c = 0; c < CORRECTIONS; c++) cached &= r->uses[c] == CACHED;
    if (r->polarized && !r->culled_polar_zero)
        EACH_LANE b->cached[POLAR][i] = b->alive[i] == R(0) ? b->other[i] : b->cached[POLAR][i];
    const real *omega = r->uses[OMEGA] == CACHED ? b->cached[OMEGA] : b->mean[OMEGA];
    const real per_omega = r->uses[OMEGA] == CACHED ? rays : R(1), start = r->start, background = r->background;
    EACH_LANE b->omega[i] = omega[i] * per_omega;
    EACH_LANE b->value[i] = R(1), b->factor[i] = start, b->weight[i] = background;
    if (!cached) average(r, b, n);
    for (int c = 0; c < CORRECTIONS; c++) {
        const int64_t use = r->uses[c];
        const real *found = use == CACHED ? b->cached[c] : b->mean[c];
        if (use == CACHED) EACH_LANE b->value[i] *= found[i];
        if (use == AVERAGE || (use == EACH_TERM && r->background_weighted)) EACH_LANE b->factor[i] *= found[i];
        if (use != EACH_TERM || r->background_weighted) EACH_LANE b->weight[i] *= found[i];
    }
    EACH_LANE {
        b->value[i] = r->scale * (b->total[i] + b->factor[i] * b->left[i]) * b->value[i] + b->weight[i];
        b->zero[i] = fabs(b->value[i]) < R(INFINITY) ? b->zero[i] : R(1);
    }
}

/* whether each correction is one number for a pixel, that of the first ray and source, or of the last layer's first */
static int takes_one_of_each(const struct run *r) {
    for (int c = 0; c < CORRECTIONS; c++)
        if (r->uses[c] != CACHED) return 0;
    return !(r->dmin > R(0));
}

/* the scaled values where that is so; a 0 among the corrections would let C look for another one */
static void finish_cached(const struct run *restrict r, struct block *restrict b, int64_t n) {
    const real rays = R(r->oversample * r->oversample * r->layers);
    const real start = r->start, background = r->background, scale = r->scale;
    EACH_LANE {
        const real capture = b->now[CAPTURE][i], polar = b->now[POLAR][i], omega = b->now[OMEGA][i];
        const real product = capture * polar * omega;
#ifdef SINGLE_TERMS
        const real value = product * ADDED(scale, b->total[i], scale * start + background);
#else
        const real value = scale * (b->total[i] + start) * product + background * capture * polar * omega;
#endif
        b->omega[i] = omega * rays;
        b->value[i] = value;
        b->zero[i] = (fabs(value) < R(INFINITY)) & (product != R(0)) ? R(0) : R(1);
    }
}

/* 1: the work ends; asked after every few million terms */
static int ended(int64_t more, int64_t *terms, int (*stopped)(void)) {
    *terms += more;
    if (*terms < TERMS_BETWEEN_QUESTIONS) return 0;
    *terms = 0;
    return stopped != NULL && stopped();
}

/* all passes of n pixels; searching: only for the end of interpolation. 1: stopped */
static int compute(const struct run *r, struct block *b, int64_t n, int searching, int (*stopped)(void),
                   int64_t *terms) {
    int running = 0;
    for (int c = 0; c < CORRECTIONS; c++) running |= r->uses[c] == RUNNING;
    const int plain = !searching && !r->interpolated && r->shape == SQUARE;
    const int one_of_each = !searching && takes_one_of_each(r);
#ifdef SINGLE_TERMS
    const int spots = !running && !searching && !r->interpolated && has_spots(r);
    const int exact = !plain || r->dmin > R(0);
#else
    const int exact = 1;
#endif
    const real nothing = R(0);
    EACH_LANE b->total[i] = nothing;
    if (!one_of_each) {
        start_corrections(r, b, n);
        EACH_LANE b->live[i] = R(1), b->failed[i] = INT64_MAX;
    }
    const int64_t subpixels = r->oversample * r->oversample;
    for (int64_t ray = 0; ray < r->layers * subpixels; ray++) {
        const int64_t layer = ray / subpixels, sub = ray % subpixels;
        const int in_last_layer = layer == r->layers - 1 && sub == 0;
        const int wanted = one_of_each ? (ray == 0) << OMEGA | in_last_layer << CAPTURE : ALL_CORRECTIONS;
        trace(r, b, n, layer, sub / r->oversample, sub % r->oversample, wanted, exact);
        if (!one_of_each) {
            if (sub == 0) EACH_LANE b->cached[CAPTURE][i] = nothing; /* that of the last layer stays */
            remember(r, b, n, CAPTURE);
            remember(r, b, n, OMEGA);
        }
        for (int64_t source = 0; source < r->sources; source++) {
            const int first = ray == 0 && source == 0;
            if (exact) scatter(r, b, n, source);
            if (first || !one_of_each) polarize(r, b, n, source);
            if (!one_of_each) remember(r, b, n, POLAR);
            if (!one_of_each) weigh(r, b, n, source);
            EACH_LANE b->sum[i] = nothing;
            int64_t o = 0;
#ifdef SINGLE_TERMS
            if (plain) {
                int holds = have_digits(r, source);
                if (holds) start_terms(b, n);
                for (; holds && !running && o + 1 < r->orientations; o += 2) {
                    add_terms(r, b, source, o, n, 1, 0);
                    if (ended(2 * n, terms, stopped)) return 1;
                }
                for (; holds && o < r->orientations; o++) {
                    if (running) add_terms(r, b, source, o, n, 0, 1);
                    else add_terms(r, b, source, o, n, 0, 0);
                    if (ended(n, terms, stopped)) return 1;
                }
                holds = holds && (one_of_each ? end_terms(r, b, source, n, 0) : end_terms(r, b, source, n, 1));
                if (holds && running) add_weighted(r, b, n);
                if (!holds) { /* again in double */
                    trace(r, b, n, layer, sub / r->oversample, sub % r->oversample, wanted, 1);
                    scatter(r, b, n, source);
                    EACH_LANE b->sum[i] = nothing;
                    o = 0;
                }
            }
            for (; spots && o < r->orientations; o++) {
                add_spots(r, b, r->cells + 9 * o, n);
                if (ended(n, terms, stopped)) return 1;
            }
            if (spots) EACH_LANE b->sum[i] *= r->volume * r->volume;
#else
            for (; plain && running && !r->sound && o < r->orientations; o++) {
                add_running(r, b, r->cells + 9 * o, n);
                if (ended(n, terms, stopped)) return 1;
            }
            for (; plain && !running && o + 1 < r->orientations; o += 2) {
                if (r->sound) add_two(r, b, r->cells + 9 * o, n, 1);
                else add_two(r, b, r->cells + 9 * o, n, 0);
                if (ended(2 * n, terms, stopped)) return 1;
            }
#endif
            for (; o < r->orientations; o++) {
                const int64_t pass = (ray * r->sources + source) * r->orientations + o;
                if (searching) {
                    search(r, b, r->cells + 9 * o, n, pass);
                } else {
                    lattice_of_shape(r, b, r->cells + 9 * o, n);
                    look_up(r, b, n, pass);
                    add(r, b, n, running);
                }
                if (ended(n, terms, stopped)) return 1;
            }
            const real share = r->shares[source];
            if (one_of_each) EACH_LANE b->total[i] += b->sum[i] * share;
            else if (!running) EACH_LANE b->total[i] += b->live[i] != R(0) ? b->sum[i] * b->factor[i] : nothing;
        }
    }
    if (one_of_each) finish_cached(r, b, n);
    else finish(r, b, n);
    return 0;
}

#ifndef WITHOUT_BOXES /* reverse.c */

struct walk {
    int64_t slow, fast, last_slow, first_fast, last_fast;
};

/* the next rendered pixels in scan order, at most LANES; the last one fills up to a whole vector */
static int64_t next(const struct run *r, struct walk *w, struct block *b, int64_t *padded) {
    int64_t n = 0;
    for (; n < LANES && w->slow <= w->last_slow; w->fast = w->first_fast, w->slow++) {
        const uint8_t *mask = r->mask == NULL ? NULL : r->mask + w->slow * r->n_fast;
        const int64_t room = LANES - n, ahead = w->last_fast - w->fast + 1, most = ahead < room ? ahead : room;
        for (int64_t i = 0; mask == NULL && i < most; i++) {
            b->slow[n + i] = (int32_t)w->slow;
            b->fast[n + i] = (int32_t)(w->fast + i);
        }
        if (mask == NULL) n += most, w->fast += most;
        for (; mask != NULL && n < LANES && w->fast <= w->last_fast; w->fast++) {
            b->slow[n] = (int32_t)w->slow;
            b->fast[n] = (int32_t)w->fast;
            n += mask[w->fast] != 0;
        }
        if (w->fast <= w->last_fast) break;
    }
    for (*padded = n; n > 0 && *padded % WIDTH; ++*padded) {
        b->slow[*padded] = b->slow[n - 1];
        b->fast[*padded] = b->fast[n - 1];
    }
    return n;
}

/* the number of doubtful pixels among n, marked as such */
static int64_t mark(const struct run *r, const struct block *restrict b, int64_t n, uint8_t *restrict doubtful) {
    int64_t found = 0;
    for (int64_t i = 0; i < n; i++) found += b->zero[i] != R(0);
    for (int64_t i = 0; found && i < n; i++) doubtful[b->slow[i] * r->n_fast + b->fast[i]] = b->zero[i] != R(0);
    return found;
}

static void write(const struct run *r, const struct block *restrict b, int64_t n, float *restrict photons) {
    const int64_t first = b->slow[0] * r->n_fast + b->fast[0];
    const int in_a_row = b->slow[n - 1] * r->n_fast + b->fast[n - 1] == first + n - 1;
    for (int64_t i = 0; in_a_row && i < n; i++) photons[first + i] = (float)b->value[i];
    for (int64_t i = 0; !in_a_row && i < n; i++) photons[b->slow[i] * r->n_fast + b->fast[i]] = (float)b->value[i];
}

/* Photons of the rendered pixels of a box, which of them are doubtful, 0 before, and the solid angle of the others.

box: slow from, to, fast from, to, inclusive; stop: slow, fast and flat pass at which interpolation ends, or a row
beyond the detector. Returns the number of doubtful pixels, or -1: stopped. */
int64_t render_box(const struct run *r, const int64_t *box, const int64_t *stop, float *photons, uint8_t *doubtful,
                   double *solid_angle, int (*stopped)(void)) {
    struct block b;
    struct walk w = {box[0], box[2], box[1], box[2], box[3]};
    double omega[LANES] = {0.0};
    int64_t n, padded, terms = 0, found = 0;
    while ((n = next(r, &w, &b, &padded)) > 0) {
        for (int64_t i = 0; r->interpolated && i < padded; i++) {
            const int64_t ahead = (stop[0] - b.slow[i]) * r->n_fast + stop[1] - b.fast[i];
            b.end[i] = ahead > 0 ? INT64_MAX : ahead == 0 ? stop[2] : 0;
        }
        if (compute(r, &b, padded, 0, stopped, &terms)) return -1;
        const int64_t more = mark(r, &b, n, doubtful);
        for (int64_t i = 0; !more && i < n; i++) omega[i] += (double)b.omega[i];
        for (int64_t i = 0; more && i < n; i++) omega[i] += b.zero[i] == R(0) ? (double)b.omega[i] : 0.0;
        write(r, &b, n, photons);
        found += more;
    }
    *solid_angle = 0.0;
    for (int64_t i = 0; i < LANES; i++) *solid_angle += omega[i];
    return found;
}

/* The first pixel of a box, in scan order, and its first flat pass in which F cannot be interpolated, as slow,
fast, pass. Returns 1: found, 0: none, -1: stopped. */
int64_t search_box(const struct run *r, const int64_t *box, int64_t *found, int (*stopped)(void)) {
    struct block b;
    struct walk w = {box[0], box[2], box[1], box[2], box[3]};
    int64_t n, padded, terms = 0;
    while ((n = next(r, &w, &b, &padded)) > 0) {
        if (compute(r, &b, padded, 1, stopped, &terms)) return -1;
        for (int64_t i = 0; i < n; i++) {
            if (b.failed[i] == INT64_MAX) continue;
            found[0] = b.slow[i], found[1] = b.fast[i], found[2] = b.failed[i];
            return 1;
        }
    }
    return 0;
}

#endif

/* The sum of a pixel's terms and its corrections backwards: C's caches, means, running sums and background.

Source: nanobragg_pixel_loop.md sections 2 and 9.
*/

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
    trace(r, b, n, ray / subpixels, sub / r->oversample, sub % r->oversample, ALL_CORRECTIONS, 1);
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
            polarize(r, b, n, source);
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
            polarize(r, b, n, source);
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

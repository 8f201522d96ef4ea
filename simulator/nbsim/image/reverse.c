/* Adjoints of the kernel's arguments from those of the pixels: pixels.c backwards, every term computed again.

Derivatives are those of the torch formula, to which tests/simulator/test_reverse_kernel.py holds this file. Source:
nanobragg_pixel_loop.md sections 4 to 9.
*/

#include "adjoint.h"
#include "slopes.h"
#include "reverse_blocks.h"
#include "reverse_factors.h"
#include "reverse_rays.h"
#include "reverse_sums.h"

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

/* all orientations of one ray and source backwards; kept: of the running sum, or null */
APART static void reverse_segment(const struct run *r, struct block *b, struct back *g, const struct adjoint *a, int64_t n,
                            int64_t segment, const struct segments *kept) {
    const int64_t source = segment % r->sources;
    real by_weight[LANES], by_factor[LANES];
    EACH_LANE {
        g->sx[i] = g->sy[i] = g->sz[i] = g->squares[i] = g->bend[i] = g->slope[i] = R(0);
        g->power[i] = R(1);
        g->term[i] = b->live[i] != R(0) ? g->total[i] * b->factor[i] : R(0);
        g->twice[i] = R(2) * g->term[i];
    }
    const int at_once = kept == NULL && r->shape == SQUARE && !r->interpolated;
    for (int64_t o = r->orientations - 1; at_once && o >= 0; o--) {
        if (r->sound) square_at_once(r, b, g, a, o, n, 1);
        else square_at_once(r, b, g, a, o, n, 0);
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
    start_corrections(r, b, n);
    EACH_LANE {
        b->total[i] = g->x[i] = g->y[i] = g->z[i] = g->first_capture[i] = nothing;
        for (int c = 0; c < CORRECTIONS; c++) g->now[c][i] = nothing;
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
            if (!alone) polarize(r, b, n, source);
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
    if (!failed) start_looking(r, g);
    int64_t n;
    for (int64_t at = 0; at < count && !failed; at += n) {
        n = take(&b, pixels + 2 * at, count - at);
        end_interpolation(r, &b, stop);
        for (int64_t i = 0; i < LANES; i++) g->pixel[i] = i < n ? adjoints[at + i] : R(0);
        reverse_block(r, &b, g, a, (n + WIDE - 1) & -WIDE, running ? &kept : NULL);
    }
    if (!failed) {
        if (a->table != NULL) leave(g, 0, LANES, a->table);
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

/* The terms of a block-shaped crystal backwards, in one loop: without interpolation and running sums, the most common run
and the one that the time of a gradient is measured by.

Source: nanobragg_pixel_loop.md sections 7 and 8.
*/

/* adds to the table what waits in lanes from start to end; neighbours mostly share a place */
INLINE void leave(const struct back *restrict g, int64_t start, int64_t end, real *restrict table) {
    real sum = g->waiting[start];
    for (int64_t i = start + 1; i < end; i++) {
        if (g->last[i] != g->last[i - 1]) table[g->last[i - 1]] += sum, sum = R(0);
        sum += g->waiting[i];
    }
    table[g->last[end - 1]] += sum;
}

/* the reflections of eight lanes; their F, and the table's adjoints that wait in the lanes as long as they stay */
INLINE void look_again(const struct run *restrict r, struct back *restrict g, const int64_t *restrict at, int64_t start,
                       real *restrict table) {
    int64_t moved = 0;
    for (int64_t w = 0; w < WIDE; w++) moved |= at[w] ^ g->last[start + w];
    if (!moved) return;
    if (table != NULL) leave(g, start, start + WIDE, table);
    for (int64_t w = 0; w < WIDE; w++) {
        const int64_t i = start + w;
        g->last[i] = at[w], g->cell[i] = reals_of(r)[at[w]], g->waiting[i] = R(0);
    }
}

/* one orientation: the sum of its terms, and from g->twice the adjoints of scattering vectors, cells, table and numbers
of cells */
INLINE void square_at_once(const struct run *restrict r, const struct block *restrict b, struct back *restrict g,
                           const struct adjoint *a, int64_t o, int64_t n, const int64_t sound) {
    const struct series s[3] = {series_of(r->n_cells[0]), series_of(r->n_cells[1]), series_of(r->n_cells[2])};
    const struct planes planes = planes_of(r);
    const real *restrict cell = r->cells + 9 * o;
    real sums[9][WIDE] = {{R(0)}}, turned[9]; /* of pi h, pi k, pi l */
    for (int c = 0; c < 9; c++) turned[c] = PI * cell[c];
    for (int64_t start = 0; start < n; start += WIDE) {
        real index[3][WIDE], whole[3][WIDE];
        int64_t at[WIDE];
        _Pragma("GCC ivdep") for (int64_t w = 0; w < WIDE; w++) {
            const real sx = b->sx[start + w], sy = b->sy[start + w], sz = b->sz[start + w];
            const real h = dot(cell, sx, sy, sz), k = dot(cell + 3, sx, sy, sz), l = dot(cell + 6, sx, sy, sz);
            const real h0 = nearest(h), k0 = nearest(k), l0 = nearest(l);
            index[0][w] = h, index[1][w] = k, index[2][w] = l;
            whole[0][w] = h0, whole[1][w] = k0, whole[2][w] = l0;
            at[w] = place(planes, h0, k0, l0);
        }
        look_again(r, g, at, start, a->table);
        _Pragma("GCC ivdep") for (int64_t w = 0; w < WIDE; w++) {
            const int64_t i = start + w;
            const real sx = b->sx[i], sy = b->sy[i], sz = b->sz[i];
            const struct square found =
                square_of(s, index[0][w], index[1][w], index[2][w], whole[0][w], whole[1][w], whole[2][w], sound);
            const real f = g->cell[i], amplitude = f * found.latt, by_f = g->twice[i] * amplitude;
            const struct of_square by = slopes_of_square(found, s, f * by_f, sound);
            const real by_h = by.h.turn, by_k = by.k.turn, by_l = by.l.turn;
            g->waiting[i] = ADDED(by_f, found.latt, g->waiting[i]);
            g->squares[i] = ADDED(amplitude, amplitude, g->squares[i]);
            g->n_cells[0][i] = ADDED(by.h.waves, found.h.z, g->n_cells[0][i]);
            g->n_cells[1][i] = ADDED(by.k.waves, found.k.z, g->n_cells[1][i]);
            g->n_cells[2][i] = ADDED(by.l.waves, found.l.z, g->n_cells[2][i]);
            g->sx[i] = ADDED(by_h, turned[0], ADDED(by_k, turned[3], ADDED(by_l, turned[6], g->sx[i])));
            g->sy[i] = ADDED(by_h, turned[1], ADDED(by_k, turned[4], ADDED(by_l, turned[7], g->sy[i])));
            g->sz[i] = ADDED(by_h, turned[2], ADDED(by_k, turned[5], ADDED(by_l, turned[8], g->sz[i])));
            sums[0][w] = ADDED(by_h, sx, sums[0][w]), sums[1][w] = ADDED(by_h, sy, sums[1][w]);
            sums[2][w] = ADDED(by_h, sz, sums[2][w]), sums[3][w] = ADDED(by_k, sx, sums[3][w]);
            sums[4][w] = ADDED(by_k, sy, sums[4][w]), sums[5][w] = ADDED(by_k, sz, sums[5][w]);
            sums[6][w] = ADDED(by_l, sx, sums[6][w]), sums[7][w] = ADDED(by_l, sy, sums[7][w]);
            sums[8][w] = ADDED(by_l, sz, sums[8][w]);
        }
    }
    for (int c = 0; c < 9 && a->cells != NULL; c++)
        for (int64_t w = 0; w < WIDE; w++) a->cells[o][c][w] = ADDED(PI, sums[c][w], a->cells[o][c][w]);
}

/* before the first block */
static void start_looking(const struct run *r, struct back *g) {
    for (int64_t i = 0; i < LANES; i++) g->last[i] = 0, g->cell[i] = reals_of(r)[0], g->waiting[i] = R(0);
}

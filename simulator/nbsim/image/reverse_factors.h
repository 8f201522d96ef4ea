/* Structure factors backwards: slopes of the interpolated F, and the adjoints of the table.

Source: nanobragg_pixel_loop.md section 8.
*/

static void slopes_of_nodes(real index, real *slope) {
    const real e = index - floor(index), a = e + R(1), c = e - R(1), d = e - R(2);
    slope[0] = (c * d + e * d + e * c) / R(-6), slope[1] = (c * d + a * d + a * c) / R(2);
    slope[2] = (e * d + a * d + a * e) / R(-2), slope[3] = (e * c + a * c + a * e) / R(6);
}

/* derivatives of the interpolated F in h, k, l */
static void slopes_of_cell(const struct run *r, const struct block *b, struct back *g, int64_t n, int64_t pass) {
    const int64_t n_k = r->count[1], n_l = r->count[2];
    EACH_LANE {
        real total[3] = {R(0), R(0), R(0)};
        if (is_interpolated(r, b, i, pass)) {
            const real h = b->h[i], k = b->k[i], l = b->l[i];
            real at[3][4], by[3][4];
            weights_of_nodes(h, at[0]), weights_of_nodes(k, at[1]), weights_of_nodes(l, at[2]);
            slopes_of_nodes(h, by[0]), slopes_of_nodes(k, by[1]), slopes_of_nodes(l, by[2]);
            const real *corner = reals_of(r) + corner_of(r, h, k, l);
            for (int u = 0; u < 4; u++)
                for (int v = 0; v < 4; v++) {
                    const real *row = corner + (u * n_k + v) * n_l;
                    real line = R(0), bent = R(0);
                    for (int w = 0; w < 4; w++) line += at[2][w] * row[w], bent += by[2][w] * row[w];
                    total[0] += by[0][u] * at[1][v] * line;
                    total[1] += at[0][u] * by[1][v] * line;
                    total[2] += at[0][u] * at[1][v] * bent;
                }
        }
        g->cell_h[i] = total[0], g->cell_k[i] = total[1], g->cell_l[i] = total[2];
    }
}

/* the table's adjoint from that of F^2 F_latt^2 in each lane */
static void scatter_cells(const struct run *r, const struct block *b, const struct back *g, real *table, int64_t n,
                          int64_t pass) {
    const int64_t n_k = r->count[1], n_l = r->count[2];
    for (int64_t i = 0; i < n; i++) { /* lanes may share a place */
        const real by_cell = R(2) * g->term[i] * b->cell[i] * b->latt[i] * b->latt[i];
        if (by_cell == R(0)) continue;
        if (!r->interpolated || !is_interpolated(r, b, i, pass)) {
            table[b->at[i]] += by_cell;
            continue;
        }
        real at[3][4];
        weights_of_nodes(b->h[i], at[0]), weights_of_nodes(b->k[i], at[1]), weights_of_nodes(b->l[i], at[2]);
        real *corner = table + corner_of(r, b->h[i], b->k[i], b->l[i]);
        for (int u = 0; u < 4; u++)
            for (int v = 0; v < 4; v++)
                for (int w = 0; w < 4; w++)
                    corner[(u * n_k + v) * n_l + w] += by_cell * at[0][u] * at[1][v] * at[2][w];
    }
}

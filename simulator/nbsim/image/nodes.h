/* F between reflections: cubic Lagrange interpolation through four nodes per axis.

Source: nanobragg_pixel_loop.md section 8.
*/

#define TOGETHER ((int64_t)(64 / sizeof(real)))
#define EACH_OF_THESE _Pragma("GCC ivdep") for (int64_t i = 0; i < TOGETHER; i++)

/* whether the index has four nodes in the table, in C's form of the limits */
INLINE int has_room(const struct run *r, real index, int axis) {
    const real low = r->low[axis] + R(1), count = R(r->count[axis] - 2);
    return !(index - low + R(3) > count) & !(index - R(2) < low);
}

INLINE int have_room(const struct run *r, real h, real k, real l) {
    return has_room(r, h, 0) & has_room(r, k, 1) & has_room(r, l, 2);
}

/* whether F of a term is interpolated: the table has room, and interpolation has not ended */
INLINE int is_interpolated(const struct run *r, const struct block *b, int64_t i, int64_t pass) {
    const real h = b->h[i], k = b->k[i], l = b->l[i];
    return have_room(r, h, k, l) & (h == h) & (k == k) & (l == l) & (pass < b->end[i]);
}

INLINE void weights_of_nodes(real index, real *weight) {
    const real e = index - floor(index), a = e + R(1), c = e - R(1), d = e - R(2);
    weight[0] = quotient(e * c * d, R(-6), R(1) / R(-6)), weight[1] = a * c * d * R(0.5);
    weight[2] = a * e * d * R(-0.5), weight[3] = quotient(a * e * c, R(6), R(1) / R(6));
}

/* place in the table of the lowest of the nodes around a reflection */
INLINE int64_t corner_of(const struct run *r, real h, real k, real l) {
    const int64_t n_k = r->count[1], n_l = r->count[2];
    return ((int64_t)(floor(h) - r->low[0]) - 1) * n_k * n_l + ((int64_t)(floor(k) - r->low[1]) - 1) * n_l +
           ((int64_t)(floor(l) - r->low[2]) - 1);
}

struct weights {
    real h[4][TOGETHER], k[4][TOGETHER], l[4][TOGETHER];
};

#define WEIGHTED(weight, first, second, third, fourth) \
    ADDED((weight)[3][i], fourth, ADDED((weight)[2][i], third, ADDED((weight)[1][i], second, (weight)[0][i] * (first))))

INLINE real line_of(const struct weights *w, const real *row, int64_t i) {
    return WEIGHTED(w->l, row[0], row[1], row[2], row[3]);
}

INLINE real plane_of(const struct weights *w, const real *at, int64_t n_l, int64_t i) {
    return WEIGHTED(w->k, line_of(w, at, i), line_of(w, at + n_l, i), line_of(w, at + 2 * n_l, i),
                    line_of(w, at + 3 * n_l, i));
}

/* F of all lanes that it is interpolated for. Those around the same nodes, mostly most of a vector, come together: no
node is read by lane */
APART static void interpolate(const struct run *restrict r, struct block *restrict b, int64_t n, int64_t pass) {
    const int64_t n_l = r->count[2], n_kl = r->count[1] * n_l;
    const real *restrict table = reals_of(r);
    for (int64_t start = 0; start < n; start += TOGETHER) {
        const real *restrict h = b->h + start, *restrict k = b->k + start, *restrict l = b->l + start;
        real *restrict cell = b->cell + start;
        int64_t corner[TOGETHER];
        struct weights w;
        EACH_OF_THESE {
            real of_h[4], of_k[4], of_l[4];
            corner[i] = is_interpolated(r, b, start + i, pass) ? corner_of(r, h[i], k[i], l[i]) : -1;
            weights_of_nodes(h[i], of_h), weights_of_nodes(k[i], of_k), weights_of_nodes(l[i], of_l);
            w.h[0][i] = of_h[0], w.h[1][i] = of_h[1], w.h[2][i] = of_h[2], w.h[3][i] = of_h[3];
            w.k[0][i] = of_k[0], w.k[1][i] = of_k[1], w.k[2][i] = of_k[2], w.k[3][i] = of_k[3];
            w.l[0][i] = of_l[0], w.l[1][i] = of_l[1], w.l[2][i] = of_l[2], w.l[3][i] = of_l[3];
        }
        for (int64_t first = 0; first < TOGETHER; first++) {
            if (corner[first] < 0) continue;
            const int64_t here = corner[first];
            const real *restrict at = table + here;
            EACH_OF_THESE {
                const real found = WEIGHTED(w.h, plane_of(&w, at, n_l, i), plane_of(&w, at + n_kl, n_l, i),
                                            plane_of(&w, at + 2 * n_kl, n_l, i), plane_of(&w, at + 3 * n_kl, n_l, i));
                cell[i] = corner[i] == here ? found : cell[i];
                corner[i] = corner[i] == here ? -1 : corner[i];
            }
        }
    }
}

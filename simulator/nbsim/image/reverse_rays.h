/* Rays backwards: scattering vectors, polarization, capture and solid angle, to the sources and the detector.

Source: nanobragg_pixel_loop.md sections 4 to 6.
*/

/* scattering vectors and polarization of one source backwards, to the direction of the ray */
static void reverse_scatter(const struct run *r, struct block *b, struct back *g, const struct adjoint *a, int64_t n,
                            int64_t source) {
    const real *in = r->incident + 3 * source, inverse = R(1) / r->wavelengths[source], kahn = r->kahn;
    const real *electric = r->electric + 3 * source, *magnetic = r->magnetic + 3 * source;
    real(*sums)[WIDE] = a->sources[source], part[LANES];
    real *vectors[3] = {b->x, b->y, b->z};
    EACH_LANE {
        const real x = g->sx[i] * inverse, y = g->sy[i] * inverse, z = g->sz[i] * inverse;
        part[i] = -(x * b->sx[i] + y * b->sy[i] + z * b->sz[i]);
        g->sx[i] = -x, g->sy[i] = -y, g->sz[i] = -z;
        g->x[i] += x, g->y[i] += y, g->z[i] += z;
    }
    gather(sums[WAVELENGTH], part, n);
    gather(sums[INCIDENT], g->sx, n), gather(sums[INCIDENT + 1], g->sy, n), gather(sums[INCIDENT + 2], g->sz, n);
    if (!r->polarized) return;
    /* (1 + c^2 - K (e^2 - m^2)) / 2, without an axis of E (1 + c^2 - K (1 - c^2)) / 2 */
    const real axis = nearest(dot(magnetic, magnetic[0], magnetic[1], magnetic[2])); /* 1, or 0: no axis */
    const real without = R(1) - axis, of_cosine = R(1) + without * kahn, of_axis = axis * kahn;
    real by_cosine[LANES], by_e[LANES], by_m[LANES];
    EACH_LANE {
        const real x = b->x[i], y = b->y[i], z = b->z[i], polar = g->now[POLAR][i];
        const real cosine = dot(in, x, y, z), e = dot(electric, x, y, z), m = dot(magnetic, x, y, z);
        by_cosine[i] = polar * cosine * of_cosine, by_e[i] = -polar * e * of_axis, by_m[i] = polar * m * of_axis;
        part[i] = R(-0.5) * polar * (axis * (e * e - m * m) + without * (R(1) - cosine * cosine));
        g->x[i] += by_cosine[i] * in[0] + by_e[i] * electric[0] + by_m[i] * magnetic[0];
        g->y[i] += by_cosine[i] * in[1] + by_e[i] * electric[1] + by_m[i] * magnetic[1];
        g->z[i] += by_cosine[i] * in[2] + by_e[i] * electric[2] + by_m[i] * magnetic[2];
    }
    gather(a->reals[FIELD(kahn)], part, n);
    for (int axis = 0; axis < 3; axis++) {
        gather_product(sums[UNIT_INCIDENT + axis], by_cosine, vectors[axis], n);
        gather_product(sums[ELECTRIC + axis], by_e, vectors[axis], n);
        gather_product(sums[MAGNETIC + axis], by_m, vectors[axis], n);
    }
}

/* rotate() backwards: v before it, g of the rotated vector becomes g of v; adds to g of the axis; returns g of the angle */
INLINE real reverse_rotate(const real *v, const real *axis, real angle, real *g, real *of_axis) {
    const real s = sin(angle), c = cos(angle), along = dot(axis, v[0], v[1], v[2]), onto = dot(axis, g[0], g[1], g[2]);
    const real turned[3] = {axis[1] * v[2] - axis[2] * v[1], axis[2] * v[0] - axis[0] * v[2],
                            axis[0] * v[1] - axis[1] * v[0]};
    const real swept[3] = {v[1] * g[2] - v[2] * g[1], v[2] * g[0] - v[0] * g[2], v[0] * g[1] - v[1] * g[0]};
    const real by_angle = s * (onto * along - dot(v, g[0], g[1], g[2])) + c * dot(turned, g[0], g[1], g[2]);
    for (int i = 0; i < 3; i++) of_axis[i] = (R(1) - c) * (along * g[i] + onto * v[i]) + s * swept[i];
    rotate(g, axis, -angle);
    return by_angle;
}

/* bend() backwards, from positions on the sphere to those on the plane */
static void reverse_bend(const struct run *r, const struct block *flat, struct back *g, const struct adjoint *a,
                         int64_t n) {
    enum { POLE = 0, FROM = 3, ALONG = 6, SWINGS = 12, DISTANCE = 18, NUMBERS };
    static const size_t fields[] = {FIELD(pole), FIELD(from), FIELD(along), FIELD(swings), FIELD(distance)};
    static const int starts[] = {POLE, FROM, ALONG, SWINGS, DISTANCE, NUMBERS};
    real sums[NUMBERS][LANES];
    EACH_LANE {
        const real d[3] = {flat->x[i] - r->from[0], flat->y[i] - r->from[1], flat->z[i] - r->from[2]};
        const real one = dot(r->along, d[0], d[1], d[2]) / r->distance;
        const real two = dot(r->along + 3, d[0], d[1], d[2]) / r->distance;
        real v[3] = {r->pole[0], r->pole[1], r->pole[2]}, of[3] = {g->x[i], g->y[i], g->z[i]}, axes[6];
        rotate(v, r->swings, one);
        const real by_two = reverse_rotate(v, r->swings + 3, two, of, axes + 3) / r->distance;
        const real by_one = reverse_rotate(r->pole, r->swings, one, of, axes) / r->distance;
        sums[DISTANCE][i] = -(by_one * one + by_two * two);
        for (int c = 0; c < 3; c++) {
            const real flat_c = by_one * r->along[c] + by_two * r->along[3 + c];
            sums[POLE + c][i] = of[c], sums[FROM + c][i] = -flat_c;
            sums[ALONG + c][i] = by_one * d[c], sums[ALONG + 3 + c][i] = by_two * d[c];
            sums[SWINGS + c][i] = axes[c], sums[SWINGS + 3 + c][i] = axes[3 + c];
            (c == 0 ? g->x : c == 1 ? g->y : g->z)[i] = flat_c;
        }
    }
    for (int f = 0; f < 5; f++)
        for (int c = starts[f]; c < starts[f + 1]; c++) gather(a->reals[fields[f] + c - starts[f]], sums[c], n);
}

/* one ray backwards: from its direction, solid angle and capture to the detector; consumes the adjoints */
static void reverse_trace(const struct run *r, struct block *b, struct back *g, const struct adjoint *a, int64_t n,
                          int64_t layer, int64_t sub_slow, int64_t sub_fast) {
    struct block flat; /* its x, y, z: positions on the plane, or on the sphere */
    real part[LANES], other[LANES], distances[LANES];
    const real step = r->pixel_size / R(r->oversample), depth = R(layer) * r->layer_thickness;
    const int32_t oversample = (int32_t)r->oversample;
    const real per_edge = R(1) / r->pixel_size;
    if (r->absorbs) {
        EACH_LANE {
            const real along = dot(r->normal, b->x[i], b->y[i], b->z[i]);
            const real path = r->layer_thickness * r->attenuation / along;
            const real by_path = g->now[CAPTURE][i] * ((R(layer) + R(1)) * exp(-(R(layer) + R(1)) * path) -
                                                       R(layer) * exp(-R(layer) * path));
            part[i] = by_path / along;
            other[i] = -by_path * path / along;
            g->x[i] += other[i] * r->normal[0], g->y[i] += other[i] * r->normal[1], g->z[i] += other[i] * r->normal[2];
        }
        gather_product(a->reals[FIELD(normal)], other, b->x, n);
        gather_product(a->reals[FIELD(normal) + 1], other, b->y, n);
        gather_product(a->reals[FIELD(normal) + 2], other, b->z, n);
        EACH_LANE other[i] = part[i] * r->attenuation, part[i] *= r->layer_thickness;
        gather(a->reals[FIELD(layer_thickness)], other, n);
        gather(a->reals[FIELD(attenuation)], part, n);
    }
    const real edge = r->point ? R(1) : r->close_distance, powers = r->point ? R(2) : R(3);
    real f[LANES], s[LANES];
    EACH_LANE {
        f[i] = step * R(b->fast[i] * oversample + (int32_t)sub_fast) + step / R(2);
        s[i] = step * R(b->slow[i] * oversample + (int32_t)sub_slow) + step / R(2);
        flat.x[i] = f[i] * r->fast[0] + s[i] * r->slow[0] + depth * r->normal[0] + r->pix0[0];
        flat.y[i] = f[i] * r->fast[1] + s[i] * r->slow[1] + depth * r->normal[1] + r->pix0[1];
        flat.z[i] = f[i] * r->fast[2] + s[i] * r->slow[2] + depth * r->normal[2] + r->pix0[2];
        part[i] = flat.x[i], other[i] = flat.y[i], distances[i] = flat.z[i];
    }
    if (r->curved) EACH_LANE {
        real at[3] = {flat.x[i], flat.y[i], flat.z[i]};
        bend(r, R(1) / r->distance, at);
        flat.x[i] = at[0], flat.y[i] = at[1], flat.z[i] = at[2];
    }
    EACH_LANE {
        const real x = flat.x[i], y = flat.y[i], z = flat.z[i], inverse = R(1) / sqrt(x * x + y * y + z * z);
        const real shrink = inverse * inverse * (r->point ? R(1) : inverse), omega = g->now[OMEGA][i] * shrink;
        const real radial = dot((real[3]){g->x[i], g->y[i], g->z[i]}, b->x[i], b->y[i], b->z[i]);
        const real outward = -radial - powers * omega * r->area * edge;
        g->x[i] = inverse * ADDED(outward, b->x[i], g->x[i]);
        g->y[i] = inverse * ADDED(outward, b->y[i], g->y[i]);
        g->z[i] = inverse * ADDED(outward, b->z[i], g->z[i]);
        flat.x[i] = part[i], flat.y[i] = other[i], flat.z[i] = distances[i];
        part[i] = omega * edge, other[i] = omega * r->area;
    }
    gather(a->reals[FIELD(area)], part, n);
    if (!r->point) gather(a->reals[FIELD(close_distance)], other, n);
    if (r->curved) reverse_bend(r, &flat, g, a, n);
    real *const along[3] = {g->x, g->y, g->z};
    EACH_LANE {
        part[i] = dot(r->normal, g->x[i], g->y[i], g->z[i]) * R(layer);
        other[i] = (f[i] * dot(r->fast, g->x[i], g->y[i], g->z[i]) + s[i] * dot(r->slow, g->x[i], g->y[i], g->z[i])) *
                   per_edge;
    }
    gather(a->reals[FIELD(layer_thickness)], part, n);
    gather(a->reals[FIELD(pixel_size)], other, n);
    for (int c = 0; c < 3; c++) {
        gather_product(a->reals[FIELD(fast) + c], f, along[c], n);
        gather_product(a->reals[FIELD(slow) + c], s, along[c], n);
        gather(a->reals[FIELD(pix0) + c], along[c], n);
        if (layer) {
            EACH_LANE part[i] = depth * along[c][i];
            gather(a->reals[FIELD(normal) + c], part, n);
        }
    }
    EACH_LANE g->x[i] = g->y[i] = g->z[i] = g->now[OMEGA][i] = g->now[CAPTURE][i] = R(0);
}

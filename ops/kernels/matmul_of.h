/* The matrix product for one float type: matmul.c includes this for f32 and f64, with TYPE, ELEMENT
 * and LANES defined.
 *
 * For a block of k and as many rows as an L2 cache holds, one panel of columns after the other is
 * taken and multiplied with all these rows, a strip of at most TILE_ROWS of them at a time. Panels
 * and strips are copied first where a tile would read their own memory slowly. Windows are never
 * copied: a tile finds the steps of its rows, which are one run, in a table.                     */

#define WORD(name) WG__GLUE(TYPE, _##name)   /* a word of simd.h */
#define OF(name)   WG__GLUE(name##_, TYPE)   /* a name of this file for this type */

enum {
    OF(PANEL_COLUMNS) = TILE_VECTORS * LANES,
    OF(PANEL_COUNT) = BLOCK * OF(PANEL_COLUMNS),
    OF(STRIP_ROW) = (TILE_ROWS + LANES - 1) / LANES * LANES,
    OF(SCRATCH_COUNT) = WG__SCRATCH_BYTES / (int)sizeof(ELEMENT),
    /* Where a product computed transposed grows, beyond its own panel and strips. */
    OF(TURNED_AT) = OF(SCRATCH_COUNT) - LANES * TURNED_COLUMNS
};
_Static_assert(OF(TURNED_AT) >= OF(PANEL_COUNT) + 2 * BLOCK * OF(STRIP_ROW), "too little scratch");
_Static_assert(LANES <= 2 * TILE_ROWS, "fewer rows than lanes are two strips at most");

/* ---- tiles ---- */

typedef struct OF(tile) {
    int64_t k;
    const ELEMENT *a;
    int64_t a_row, a_column;
    const int64_t *a_step;  /* by step, instead of a_column */
    const ELEMENT *b;
    int64_t b_row;
    ELEMENT *c;
    int64_t c_row;
    bool add;             /* c holds the sum of earlier blocks */
} OF(tile);

/* c = a b or c += a b for m rows and whole vectors of adjacent columns. The caller's m, vectors and
 * by_steps are constants.                                                                        */
WG__WORD void OF(tile_run)(const int m, const int vectors, const bool by_steps, const OF(tile) *t)
{
    WORD(v) sum[TILE_ROWS][TILE_VECTORS];
    UNROLL for (int i = 0; i < m; i++) {
        UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = WORD(set)(0);
    }

    const ELEMENT *a = t->a;
    const ELEMENT *b = t->b;
    const int64_t a_row = t->a_row;
    for (int64_t k = 0; k < t->k; k++) {
        if (by_steps) a = t->a + t->a_step[k];
        WORD(v) row[TILE_VECTORS];
        UNROLL for (int j = 0; j < vectors; j++) row[j] = WORD(load)(b + j * LANES);
        UNROLL for (int i = 0; i < m; i++) {
            const WORD(v) x = WORD(set)(a[i * a_row]);
            UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = WORD(fma)(x, row[j], sum[i][j]);
        }
        if (!by_steps) a += t->a_column;
        b += t->b_row;
    }

    ELEMENT *c = t->c;
    if (t->add) {
        UNROLL for (int i = 0; i < m; i++) {
            UNROLL for (int j = 0; j < vectors; j++) {
                sum[i][j] = WORD(add)(WORD(load)(c + i * t->c_row + j * LANES), sum[i][j]);
            }
        }
    }
    UNROLL for (int i = 0; i < m; i++) {
        UNROLL for (int j = 0; j < vectors; j++) {
            WORD(store)(c + i * t->c_row + j * LANES, sum[i][j]);
        }
    }
}

#define TILE(m, vectors)                                                                           \
    static void OF(tile_##m##x##vectors)(const OF(tile) *t)                                        \
    {                                                                                              \
        OF(tile_run)(m, vectors, false, t);                                                        \
    }                                                                                              \
    static void OF(tile_##m##x##vectors##_by_steps)(const OF(tile) *t)                             \
    {                                                                                              \
        OF(tile_run)(m, vectors, true, t);                                                         \
    }
TILES(TILE)
#undef TILE

#define TILE(m, vectors)                                                                           \
    [vectors][m] = { OF(tile_##m##x##vectors), OF(tile_##m##x##vectors##_by_steps) },
static void (*const OF(tile_of)[TILE_VECTORS + 1][TILE_ROWS + 1][2])(const OF(tile) *t) = {
    TILES(TILE)
};
#undef TILE

/* A tile of any width. One that sticks out of C on the right is computed beside it, and the lanes
 * that lie inside are moved, or added, as vectors.                                               */
static void OF(tile_any)(int64_t m, int64_t width, const OF(tile) *t)
{
    const int64_t vectors = ceiling(width, LANES);
    WG_ASSERT(m >= 1 && m <= TILE_ROWS);
    WG_ASSERT(vectors >= 1 && vectors <= TILE_VECTORS);
    void (*const run)(const OF(tile) *t) = OF(tile_of)[vectors][m][t->a_step != NULL];
    if (width % LANES == 0) {
        run(t);
        return;
    }
    ELEMENT whole[TILE_ROWS * TILE_VECTORS * LANES];
    OF(tile) beside = *t;
    beside.c = whole;
    beside.c_row = vectors * LANES;
    beside.add = false;
    run(&beside);
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < width; j += LANES) {
            const int64_t inside = least(width - j, LANES);
            ELEMENT *c = t->c + i * t->c_row + j;
            WORD(v) sum = WORD(load)(whole + i * beside.c_row + j);
            if (t->add) sum = WORD(add)(WORD(load_part)(c, inside), sum);
            WORD(store_part)(c, sum, inside);
        }
    }
}

/* ---- packing: to[k][i] = x[i][k] for i < count, k < steps, in rows of whole vectors filled up
 * with zeros. Strides of x count elements; rows of `to` are to_row apart.                        */

/* At most a square of LANES, unit stride along k. log2(LANES) rounds of interleaving the first half
 * of the rows with the second turn it over.                                                      */
WG__WORD void OF(turn)(int64_t count, int64_t steps, const ELEMENT *x, int64_t x_i, ELEMENT *to,
                       int64_t to_row)
{
    WORD(v) row[LANES], mixed[LANES];
    UNROLL for (int i = 0; i < LANES; i++) {
        row[i] = i < count ? WORD(load_part)(x + i * x_i, steps) : WORD(set)(0);
    }
    UNROLL for (int round = 1; round < LANES; round *= 2) {
        UNROLL for (int i = 0; i < LANES / 2; i++) {
            mixed[2 * i] = WORD(zip_low)(row[i], row[i + LANES / 2]);
            mixed[2 * i + 1] = WORD(zip_high)(row[i], row[i + LANES / 2]);
        }
        UNROLL for (int i = 0; i < LANES; i++) row[i] = mixed[i];
    }
    UNROLL for (int k = 0; k < LANES; k++) {
        if (k < steps) WORD(store)(to + k * to_row, row[k]);
    }
}

/* Unit stride along k. */
static void OF(pack_turned)(int64_t count, int64_t steps, const ELEMENT *x, int64_t x_i,
                            ELEMENT *to, int64_t to_row)
{
    for (int64_t i = 0; i < count; i += LANES) {
        const int64_t rows = least(count - i, LANES);
        for (int64_t k = 0; k < steps; k += LANES) {
            const int64_t columns = least(steps - k, LANES);
            const ELEMENT *from = x + i * x_i + k;
            ELEMENT *square = to + k * to_row + i;
            if (rows == LANES && columns == LANES) {
                OF(turn)(LANES, LANES, from, x_i, square, to_row);
            } else {
                OF(turn)(rows, columns, from, x_i, square, to_row);
            }
        }
    }
}

/* Unit stride along i. */
static void OF(pack_straight)(int64_t count, int64_t steps, const ELEMENT *x, int64_t x_k,
                              ELEMENT *to, int64_t to_row)
{
    const int64_t rest = count % LANES;
    for (int64_t k = 0; k < steps; k++, x += x_k, to += to_row) {
        for (int64_t i = 0; i < count - rest; i += LANES) WORD(store)(to + i, WORD(load)(x + i));
        if (rest > 0) WORD(store)(to + count - rest, WORD(load_part)(x + count - rest, rest));
    }
}

static void OF(pack)(int64_t count, int64_t steps, const ELEMENT *x, int64_t x_i, int64_t x_k,
                     ELEMENT *to)
{
    const int64_t to_row = ceiling(count, LANES) * LANES;
    if (x_i == 1) {
        OF(pack_straight)(count, steps, x, x_k, to, to_row);
    } else if (x_k == 1) {
        OF(pack_turned)(count, steps, x, x_i, to, to_row);
    } else {
        for (int64_t k = 0; k < steps; k++, x += x_k, to += to_row) {
            WORD(store)(to + to_row - LANES, WORD(set)(0));
            for (int64_t i = 0; i < count; i++) to[i] = x[i * x_i];
        }
    }
}

/* ---- the product ---- */

/* Rows that a tile takes at once. */
typedef struct OF(strip) { const ELEMENT *a; int64_t row, height; } OF(strip);

/* What one pass over the columns works on: a block of k of a group of strips. */
typedef struct OF(work) {
    const wg__matmul *p;
    bool packs_rows, packs_columns;
    int64_t together;       /* strips in a group: as many as scratch holds beside a panel */
    int64_t k, steps;
    int64_t row, run_left;  /* the next row, and how many follow it evenly spaced */
    const ELEMENT *at;      /* where that row lies */
    int64_t count;          /* strips of the group */
    OF(strip) strip[STRIPS_TOGETHER];
    wg__walk runs, steps_walk;              /* of windows */
    int64_t step[BLOCK];
} OF(work);

static bool OF(is_crowded)(int64_t stride)
{
    return stride != 0 && stride * (int64_t)sizeof(ELEMENT) % CROWD_BYTES == 0;
}

/* Rows are slow to read if they evict each other, if a step takes little of each cache line, or if
 * they come from afar.                                                                           */
static bool OF(is_slow_left)(const wg__matmul *p, int64_t steps)
{
    const int64_t bytes = (int64_t)sizeof(ELEMENT);
    if (OF(is_crowded)(p->a_row) || OF(is_crowded)(p->a_column)) return true;
    if (p->a_column != 1 && TILE_ROWS * bytes < CACHE_LINE && steps >= BLOCK / 2) return true;
    return p->m * steps * bytes > FAR_BYTES;
}

/* The same for columns. What a tile reads of them serves TILE_ROWS rows of C only, so a lower tile
 * than the one of 14 rows with which FAR_BYTES was found reads more in the same time.            */
static bool OF(is_slow_right)(const wg__matmul *p, int64_t steps)
{
    const int64_t bytes = (int64_t)sizeof(ELEMENT);
    return OF(is_crowded)(p->b_row) || p->n * steps * bytes > FAR_BYTES * TILE_ROWS / 14;
}

static void OF(work_open)(OF(work) *w, const wg__matmul *p)
{
    const int64_t count = ceiling(p->m, TILE_ROWS), panels = ceiling(p->n, OF(PANEL_COLUMNS));
    const int64_t steps = least(p->k, BLOCK);
    const int64_t room = (OF(SCRATCH_COUNT) - OF(PANEL_COUNT)) / (steps * OF(STRIP_ROW));
    const bool is_slow = p->windows == NULL && OF(is_slow_left)(p, steps);
    w->p = p;
    w->packs_rows = panels >= PANELS_PER_COPY && is_slow;
    w->together = least(room, STRIPS_TOGETHER);
    const bool fills_panel_often = least(count, w->together) >= STRIPS_PER_COPY;
    w->packs_columns = p->b_column != 1 || (fills_panel_often && OF(is_slow_right)(p, steps));
    if (p->windows != NULL) w->steps_walk = p->windows->steps;
}

/* The next block of k, and its rows from the first on. */
static void OF(block_open)(OF(work) *w)
{
    const wg__matmul *p = w->p;
    w->steps = least(p->k - w->k, BLOCK);
    w->row = 0;
    w->run_left = p->m;
    w->at = (const ELEMENT *)p->a + w->k * p->a_column;
    if (p->windows == NULL) return;
    w->runs = p->windows->runs;
    w->run_left = p->windows->run - p->windows->first;
    w->at = (const ELEMENT *)p->a + w->runs.offset + p->windows->first * p->a_row;
    wg__walk *walk = &w->steps_walk;
    const int32_t last = walk->rank - 1;
    for (int64_t k = 0; k < w->steps;) {
        const int64_t run = least(w->steps - k, walk->dim[last] - walk->index[last]);
        for (int64_t q = 0; q < run; q++) w->step[k + q] = walk->offset + q * walk->stride[last];
        walk->index[last] += run - 1;
        walk->offset += (run - 1) * walk->stride[last];
        wg__walk_next(walk);
        k += run;
    }
}

/* The next strips, of nearly equal height in each run. */
static void OF(group_take)(OF(work) *w)
{
    const wg__matmul *p = w->p;
    for (w->count = 0; w->count < w->together && w->row < p->m; w->count++) {
        const int64_t left = least(w->run_left, p->m - w->row);
        const int64_t height = ceiling(left, ceiling(left, TILE_ROWS));
        w->strip[w->count] = (OF(strip)){ .a = w->at, .row = w->row, .height = height };
        w->row += height;
        w->run_left -= height;
        w->at += height * p->a_row;
        if (w->run_left > 0 || p->windows == NULL) continue;
        wg__walk_next(&w->runs);
        w->run_left = p->windows->run;
        w->at = (const ELEMENT *)p->a + w->runs.offset;
    }
}

static ELEMENT *OF(packed_strip)(const OF(work) *w, int64_t s)
{
    return (ELEMENT *)w->p->scratch + OF(PANEL_COUNT) + s * w->steps * OF(STRIP_ROW);
}

/* All strips of the group times the panel that begins at column j. */
static void OF(multiply_panel)(const OF(work) *w, int64_t j)
{
    const wg__matmul *p = w->p;
    const int64_t width = least(p->n - j, OF(PANEL_COLUMNS));
    OF(tile) t = {
        .k = w->steps, .a_row = p->a_row, .a_column = p->a_column,
        .a_step = p->windows != NULL ? w->step : NULL,
        .b = (const ELEMENT *)p->b + w->k * p->b_row + j * p->b_column, .b_row = p->b_row,
        .c_row = p->c_row, .add = w->k > 0,
    };
    if (w->packs_columns || width % LANES != 0) {
        OF(pack)(width, w->steps, t.b, p->b_column, p->b_row, p->scratch);
        t.b = p->scratch;
        t.b_row = ceiling(width, LANES) * LANES;
    }
    for (int64_t s = 0; s < w->count; s++) {
        const OF(strip) *strip = &w->strip[s];
        t.a = strip->a;
        if (w->packs_rows) {
            t.a = OF(packed_strip)(w, s);
            t.a_row = 1;
            t.a_column = ceiling(strip->height, LANES) * LANES;
        }
        t.c = (ELEMENT *)p->c + strip->row * p->c_row + j;
        OF(tile_any)(strip->height, width, &t);
    }
}

static void OF(multiply)(const wg__matmul *p)
{
    OF(work) w;
    OF(work_open)(&w, p);
    for (w.k = 0; w.k < p->k; w.k += BLOCK) {
        OF(block_open)(&w);
        for (OF(group_take)(&w); w.count > 0; OF(group_take)(&w)) {
            for (int64_t s = 0; w.packs_rows && s < w.count; s++) {
                OF(pack)(w.strip[s].height, w.steps, w.strip[s].a, p->a_row, p->a_column,
                         OF(packed_strip)(&w, s));
            }
            for (int64_t j = 0; j < p->n; j += OF(PANEL_COLUMNS)) OF(multiply_panel)(&w, j);
        }
    }
}

/* C^T = B^T A^T, piece by piece into scratch, then turned: the chains are the same. */
static void OF(multiply_turned)(const wg__matmul *p)
{
    ELEMENT *turned = (ELEMENT *)p->scratch + OF(TURNED_AT);
    for (int64_t i = 0; i < p->m; i += TURNED_COLUMNS) {
        const int64_t rows = least(p->m - i, TURNED_COLUMNS);
        OF(multiply)(&(wg__matmul){
            .m = p->n, .n = rows, .k = p->k,
            .a = p->b, .a_row = p->b_column, .a_column = p->b_row,
            .b = (const ELEMENT *)p->a + i * p->a_row, .b_row = p->a_column, .b_column = p->a_row,
            .c = turned, .c_row = rows, .scratch = p->scratch });
        ELEMENT *c = (ELEMENT *)p->c + i * p->c_row;
        for (int64_t q = 0; q < rows; q++, c += p->c_row) {
            for (int64_t j = 0; j < p->n; j++) c[j] = turned[j * rows + q];
        }
    }
}

/* With less than a vector of columns the lanes are better filled with rows, unless turning A costs
 * more than that saves. Both costs in half multiply-adds of a vector; turning a vector takes
 * one.                                                                                           */
static bool OF(is_better_turned)(const wg__matmul *p)
{
    if (p->n >= LANES || p->windows != NULL) return false;
    const int64_t straight = 2 * p->m * ceiling(p->n, LANES) + (p->b_column == 1 ? 0 : p->n);
    const int64_t turned = 2 * p->n * ceiling(p->m, LANES) + (p->a_row == 1 ? 0 : p->m);
    return p->k * turned + 2 * p->m * p->n < p->k * straight;
}

static void OF(product)(const wg__matmul *p)
{
    if (p->m == 0 || p->n == 0) return;
    if (p->k == 0) {
        for (int64_t i = 0; i < p->m; i++) {
            memset((ELEMENT *)p->c + i * p->c_row, 0, (size_t)p->n * sizeof(ELEMENT));
        }
    } else if (OF(is_better_turned)(p)) {
        OF(multiply_turned)(p);
    } else {
        OF(multiply)(p);
    }
}

#undef WORD
#undef OF

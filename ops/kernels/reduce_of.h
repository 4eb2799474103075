/* One reduction for one float type: reduce.c includes this with TYPE, ELEMENT, LANES (the type) and
 * ACTION, COMBINE, IDENTITY, NOTHING (its name, the word that joins two vectors, what changes no
 * result, the result for no elements) defined, and the order of joining is stated there.
 *
 * Lanes of the definition are lanes of vectors. A row ends as one vector that is folded together
 * with those of other rows, so short rows cost little more than their loads.                     */

#define WORD(name) WG__GLUE(TYPE, _##name)
#define OF(name)   WG__GLUE(WG__GLUE(name##_, ACTION), WG__GLUE(_, TYPE))

/* The first n lanes from memory, 0 <= n <= LANES; the identity in the others. */
WG__WORD WORD(v) OF(load)(const ELEMENT *x, int64_t n)
{
    const WORD(v) index = WORD(load)(WG__GLUE(lane_index_, TYPE));
    const WORD(m) is_inside = WORD(lt)(index, WORD(set)((ELEMENT)n));
    return WORD(select)(is_inside, WORD(load_part)(x, n), WORD(set)(IDENTITY));
}

/* A block of a row in `lanes` lanes, folded down to one vector. */
WG__WORD WORD(v) OF(block)(const int lanes, int64_t n, const ELEMENT *x)
{
    const int vectors = lanes / LANES;
    WORD(v) r[LANES_LONG / LANES];
    UNROLL for (int v = 0; v < vectors; v++) r[v] = WORD(set)(IDENTITY);
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        UNROLL for (int v = 0; v < vectors; v++) {
            r[v] = COMBINE(r[v], WORD(load)(x + i + v * LANES));
        }
    }
    for (int v = 0; i < n; v++, i += LANES) {
        r[v] = COMBINE(r[v], OF(load)(x + i, least(n - i, LANES)));
    }
    UNROLL for (int half = vectors / 2; half > 0; half /= 2) {
        UNROLL for (int v = 0; v < half; v++) r[v] = COMBINE(r[v], r[v + half]);
    }
    return r[0];
}

/* Folds LANES vectors at once: lane i of the result is vector i with its lanes folded by halves.
 * Each round interleaves two vectors, which brings lane j beside lane j + half for both.         */
WG__WORD WORD(v) OF(fold)(WORD(v) r[LANES])
{
    UNROLL for (int half = LANES / 2; half > 0; half /= 2) {
        UNROLL for (int i = 0; i < half; i++) {
            r[i] = COMBINE(WORD(zip_low)(r[i], r[i + half]), WORD(zip_high)(r[i], r[i + half]));
        }
    }
    return r[0];
}

/* Rows of one block each, LANES of them at a time; `lanes` is a constant of the caller. */
WG__WORD void OF(rows_of_block)(const int lanes, int64_t rows, int64_t length, const ELEMENT *x,
                                int64_t row_stride, ELEMENT *out)
{
    for (int64_t i = 0; i < rows; i += LANES) {
        const int64_t count = least(rows - i, LANES);
        WORD(v) r[LANES];
        for (int64_t q = 0; q < LANES; q++) {
            r[q] = q < count ? OF(block)(lanes, length, x + (i + q) * row_stride)
                             : WORD(set)(IDENTITY);
        }
        WORD(store_part)(out + i, OF(fold)(r), count);
    }
}

/* One row of any length: its blocks are folded as rows are, then joined in order. */
static ELEMENT OF(row)(int64_t length, const ELEMENT *x)
{
    ELEMENT part[LANES];
    WORD(v) total = WORD(set)(IDENTITY);
    for (int64_t i = 0; i < length; i += LANES * ROW_BLOCK) {
        const int64_t full = least((length - i) / ROW_BLOCK, LANES);
        const int64_t rest = full < LANES ? (length - i) % ROW_BLOCK : 0;
        OF(rows_of_block)(LANES_LONG, full, ROW_BLOCK, x + i, ROW_BLOCK, part);
        if (rest > 0) {
            OF(rows_of_block)(LANES_LONG, 1, rest, x + i + full * ROW_BLOCK, 0, part + full);
        }
        for (int64_t q = 0; q < full + (rest > 0); q++) total = COMBINE(total, WORD(set)(part[q]));
    }
    WORD(store_part)(part, total, 1);
    return part[0];
}

static void OF(rows)(int64_t rows, int64_t length, const void *x_, int64_t row_stride, void *out_)
{
    const ELEMENT *x = x_;
    ELEMENT *out = out_;
    if (length == 0) {
        for (int64_t i = 0; i < rows; i++) out[i] = NOTHING;
    } else if (length <= ROW_SHORT) {
        OF(rows_of_block)(LANES_SHORT, rows, length, x, row_stride, out);
    } else if (length <= ROW_BLOCK) {
        OF(rows_of_block)(LANES_LONG, rows, length, x, row_stride, out);
    } else {
        for (int64_t i = 0; i < rows; i++) out[i] = OF(row)(length, x + i * row_stride);
    }
}

/* Vectors of columns: `vectors`, a constant of the caller, of which the last has `last` lanes. */
WG__WORD void OF(strip)(const int vectors, int64_t last, int64_t length, const ELEMENT *x,
                        int64_t row_stride, ELEMENT *out)
{
    WORD(v) total[VECTORS_TOGETHER];
    UNROLL for (int v = 0; v < vectors; v++) total[v] = WORD(set)(IDENTITY);
    for (; length > 0; length -= COLUMN_BLOCK) {
        WORD(v) r[VECTORS_TOGETHER];
        UNROLL for (int v = 0; v < vectors; v++) r[v] = WORD(set)(IDENTITY);
        for (int64_t i = least(length, COLUMN_BLOCK); i > 0; i--, x += row_stride) {
            UNROLL for (int v = 0; v < vectors; v++) {
                const ELEMENT *from = x + v * LANES;
                const WORD(v) y = last == LANES ? WORD(load)(from) : WORD(load_part)(from, last);
                r[v] = COMBINE(r[v], y);
            }
        }
        UNROLL for (int v = 0; v < vectors; v++) total[v] = COMBINE(total[v], r[v]);
    }
    UNROLL for (int v = 0; v < vectors; v++) WORD(store_part)(out + v * LANES, total[v], last);
}

static void OF(columns)(int64_t length, int64_t count, const void *x_, int64_t row_stride,
                        void *out_)
{
    const ELEMENT *x = x_;
    ELEMENT *out = out_;
    int64_t j = 0;
    if (length == 0) {
        for (; j < count; j++) out[j] = NOTHING;
        return;
    }
    for (; j + VECTORS_TOGETHER * LANES <= count; j += VECTORS_TOGETHER * LANES) {
        OF(strip)(VECTORS_TOGETHER, LANES, length, x + j, row_stride, out + j);
    }
    if (j + VECTORS_TOGETHER / 2 * LANES <= count) {
        OF(strip)(VECTORS_TOGETHER / 2, LANES, length, x + j, row_stride, out + j);
        j += VECTORS_TOGETHER / 2 * LANES;
    }
    for (; j + LANES <= count; j += LANES) OF(strip)(1, LANES, length, x + j, row_stride, out + j);
    if (j < count) OF(strip)(1, count - j, length, x + j, row_stride, out + j);
}

static void OF(joined)(const wg__joined *q)
{
    const ELEMENT *row = q->x;
    ELEMENT *out = q->out;
    for (int64_t i = 0; i < q->rows; i++, row += q->x_row, out += q->columns) {
        for (int64_t j = 0; j < q->columns; j += LANES) {
            const int64_t lanes = least(q->columns - j, LANES);
            WORD(v) r = WORD(set)(IDENTITY);
            for (int64_t k = 0; k < q->count; k++)
                r = COMBINE(r, WORD(load_part)(row + q->offset[k] + j, lanes));
            WORD(store_part)(out + j, r, lanes);
        }
    }
}

#undef WORD
#undef OF
#undef ACTION
#undef COMBINE
#undef IDENTITY
#undef NOTHING

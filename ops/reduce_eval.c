/* Reductions on memory: sum, prod, max and min over any axes of a strided array.
 *
 * Which elements are joined in which order is a matter of the logical shape (see kernels/reduce.c),
 * where axes of one element do not count: along rows if no kept axis follows the last reduced one,
 * else down columns. Strides only decide whether a kernel reads the elements in place or blocks of
 * them are gathered into scratch first. The same kernels join a block either way, so the bits are
 * the same.                                                                                      */
#include "ops/kernels/kernels.h"
#include "ops/rules.h"

#include <math.h>
#include <string.h>

enum {
    ROW_BLOCK = 4096, COLUMN_BLOCK = 512,      /* of the definition */
    GATHERED_COLUMNS = 64,
    GATHERED_MAX = 8 * ROW_BLOCK  /* elements, in half of scratch; results in the other */
};
_Static_assert(COLUMN_BLOCK * GATHERED_COLUMNS <= GATHERED_MAX, "a block is gathered whole");
_Static_assert(2 * GATHERED_MAX * sizeof(double) <= WG__SCRATCH_BYTES, "scratch is too small");

static int64_t least(int64_t x, int64_t y)
{
    return x < y ? x : y;
}

/* ---- walks over some of the axes ---- */

/* Axes of more than one element, in logical order, joined where one stride serves two. */
typedef struct axis_list {
    int32_t rank;
    int64_t count;        /* elements */
    int64_t dim[WG__RANK_MAX], stride[WG__RANK_MAX];
} axis_list;

static void axes_add(axis_list *axes, int64_t dim, int64_t stride)
{
    axes->count *= dim;
    if (dim == 1) return;
    const int32_t last = axes->rank - 1;
    if (last >= 0 && axes->stride[last] == dim * stride) {
        axes->dim[last] *= dim;
        axes->stride[last] = stride;
    } else {
        axes->dim[axes->rank] = dim;
        axes->stride[axes->rank++] = stride;
    }
}

static bool axes_are_unit(const axis_list *axes)
{
    return axes->rank == 0 || (axes->rank == 1 && axes->stride[0] == 1);
}

typedef struct cursor {
    const axis_list *axes;
    int64_t offset, index[WG__RANK_MAX];
} cursor;

static cursor cursor_at(const axis_list *axes, int64_t element)
{
    cursor c = { .axes = axes };
    for (int32_t i = axes->rank - 1; i >= 0; i--) {
        c.index[i] = element % axes->dim[i];
        c.offset += c.index[i] * axes->stride[i];
        element /= axes->dim[i];
    }
    return c;
}

/* Moves on by count elements that do not leave the last axis. */
static void cursor_advance(cursor *c, int64_t count)
{
    const axis_list *axes = c->axes;
    for (int32_t i = axes->rank - 1; i >= 0; i--) {
        c->index[i] += count;
        c->offset += count * axes->stride[i];
        if (c->index[i] < axes->dim[i]) return;
        c->offset -= axes->dim[i] * axes->stride[i];
        c->index[i] = 0;
        count = 1;
    }
}

static inline void copy_run(int64_t count, size_t bytes, const char *from, int64_t step, char *to)
{
    for (int64_t i = 0; i < count; i++) memcpy(to + i * (int64_t)bytes, from + i * step, bytes);
}

/* The next count elements of a walk that starts at x, one after the other. */
static void gather(cursor c, int64_t count, int64_t bytes, const char *x, char *to)
{
    const int32_t last = c.axes->rank - 1;
    while (count > 0) {
        const int64_t run = last < 0 ? 1 : least(count, c.axes->dim[last] - c.index[last]);
        const int64_t step = last < 0 ? bytes : c.axes->stride[last] * bytes;
        const char *from = x + c.offset * bytes;
        if (step == bytes) memcpy(to, from, (size_t)(run * bytes));
        else if (bytes == 4) copy_run(run, 4, from, step, to);
        else if (bytes == 8) copy_run(run, 8, from, step, to);
        else copy_run(run, 1, from, step, to);
        cursor_advance(&c, run);
        to += run * bytes;
        count -= run;
    }
}

/* ---- the reduction ---- */

/* The result has the axes [before, after]; each of its elements joins all of `reduced`. */
typedef struct reduction {
    wg__op_id op;
    wg_dtype dtype;
    int64_t bytes;        /* of an element */
    wg__reduce_rows *rows;
    wg__reduce_columns *columns;
    void (*joined)(const wg__joined *query);       /* NULL: the dtype has none */
    axis_list before, reduced, after;
    const char *x;
    char *out, *gathered, *parts;
} reduction;

static void split_axes(reduction *r, const wg__array *x, int64_t reduced_bits)
{
    int32_t last = -1;
    for (int32_t i = 0; i < x->rank; i++) {
        if ((reduced_bits >> i & 1) && x->dim[i] != 1) last = i;
    }
    r->before.count = r->reduced.count = r->after.count = 1;
    for (int32_t i = 0; i < x->rank; i++) {
        const bool is_reduced = reduced_bits >> i & 1;
        axis_list *target = is_reduced ? &r->reduced : i < last ? &r->before : &r->after;
        axes_add(target, x->dim[i], x->stride[i]);
    }
}

/* Each row is contiguous; rows along the last axis before them go to the kernel together. */
static void rows_in_place(const reduction *r)
{
    const int32_t outer = r->before.rank > 0 ? r->before.rank - 1 : 0;
    const int64_t rows = r->before.rank > 0 ? r->before.dim[outer] : 1;
    const int64_t row_stride = r->before.rank > 0 ? r->before.stride[outer] : 0;
    wg__walk walk = wg__walk_of(outer, r->before.dim, r->before.stride);
    for (int64_t i = 0; i < r->before.count; i += rows) {
        r->rows(rows, r->reduced.count, r->x + walk.offset * r->bytes, row_stride,
                r->out + i * r->bytes);
        wg__walk_next(&walk);
    }
}

/* Rows of one block: as many as fit are gathered and joined at once. */
static void rows_gathered(const reduction *r)
{
    const int64_t length = r->reduced.count, together = GATHERED_MAX / length;
    wg__walk walk = wg__walk_of(r->before.rank, r->before.dim, r->before.stride);
    for (int64_t i = 0; i < r->before.count; i += together) {
        const int64_t rows = least(together, r->before.count - i);
        for (int64_t q = 0; q < rows; q++) {
            gather(cursor_at(&r->reduced, 0), length, r->bytes, r->x + walk.offset * r->bytes,
                   r->gathered + q * length * r->bytes);
            wg__walk_next(&walk);
        }
        r->rows(rows, length, r->gathered, length, r->out + i * r->bytes);
    }
}

/* Joins the results of `known` blocks in order; the result is the first of the next ones. */
static void join_parts(const reduction *r, int64_t known, int64_t count, char *out)
{
    r->columns(known, count, r->parts, count, out);
    memcpy(r->parts, out, (size_t)(count * r->bytes));
}

/* With what changes no result: blocks are filled up with it, so that the kernel takes as many lanes
 * as ever.                                                                                       */
static void identity_fill(const reduction *r, int64_t count, char *to)
{
    static const double identity[WG__OP_COUNT] = {
        [WG__OP_sum] = -0.0, [WG__OP_prod] = 1, [WG__OP_max] = -INFINITY, [WG__OP_min] = INFINITY
    };
    const double number = r->dtype == WG_BOOL ? r->op == WG__OP_min : identity[r->op];
    int64_t element;
    wg__number_store(number, r->dtype, &element);
    for (int64_t i = 0; i < count; i++)
        memcpy(to + i * r->bytes, &element, (size_t)r->bytes);
}

/* Rows of several blocks, one block after the other. */
static void rows_by_blocks(const reduction *r)
{
    wg__walk walk = wg__walk_of(r->before.rank, r->before.dim, r->before.stride);
    for (int64_t i = 0; i < r->before.count; i++) {
        int64_t known = 0;
        for (int64_t k = 0; k < r->reduced.count; k += ROW_BLOCK) {
            const int64_t count = least(ROW_BLOCK, r->reduced.count - k);
            gather(cursor_at(&r->reduced, k), count, r->bytes, r->x + walk.offset * r->bytes,
                   r->gathered);
            identity_fill(r, ROW_BLOCK - count, r->gathered + count * r->bytes);
            r->rows(1, ROW_BLOCK, r->gathered, ROW_BLOCK, r->parts + known * r->bytes);
            join_parts(r, known + 1, 1, r->out + i * r->bytes);
            known = 1;
        }
        wg__walk_next(&walk);
    }
}

static void columns_in_place(const reduction *r)
{
    const int64_t row_stride = r->reduced.rank > 0 ? r->reduced.stride[0] : 0;
    wg__walk walk = wg__walk_of(r->before.rank, r->before.dim, r->before.stride);
    for (int64_t i = 0; i < r->before.count; i++) {
        r->columns(r->reduced.count, r->after.count, r->x + walk.offset * r->bytes, row_stride,
                   r->out + i * r->after.count * r->bytes);
        wg__walk_next(&walk);
    }
}

/* One block of short rows of columns, such as the channels of small windows. */
static void columns_joined(const reduction *r)
{
    const int32_t outer = r->before.rank > 0 ? r->before.rank - 1 : 0;
    wg__joined q = { .rows = r->before.rank > 0 ? r->before.dim[outer] : 1,
                     .x_row = r->before.rank > 0 ? r->before.stride[outer] : 0,
                     .columns = r->after.count,
                     .count = r->reduced.count };
    int64_t offset[COLUMN_BLOCK];
    wg__walk element = wg__walk_of(r->reduced.rank, r->reduced.dim, r->reduced.stride);
    for (int64_t k = 0; k < q.count; k++, wg__walk_next(&element)) offset[k] = element.offset;
    q.offset = offset;
    wg__walk walk = wg__walk_of(outer, r->before.dim, r->before.stride);
    for (int64_t i = 0; i < r->before.count; i += q.rows, wg__walk_next(&walk)) {
        q.x = r->x + walk.offset * r->bytes;
        q.out = r->out + i * q.columns * r->bytes;
        r->joined(&q);
    }
}

/* Some columns of one matrix, from column j on: block by block. */
static void columns_by_blocks(const reduction *r, const char *x, int64_t j, int64_t width,
                              char *out)
{
    const cursor start = cursor_at(&r->after, j);
    int64_t known = 0;
    cursor row = cursor_at(&r->reduced, 0);
    for (int64_t k = 0; k < r->reduced.count; k += COLUMN_BLOCK) {
        const int64_t count = least(COLUMN_BLOCK, r->reduced.count - k);
        for (int64_t q = 0; q < count; q++) {
            gather(start, width, r->bytes, x + row.offset * r->bytes,
                   r->gathered + q * width * r->bytes);
            cursor_advance(&row, 1);
        }
        r->columns(count, width, r->gathered, width, r->parts + known * width * r->bytes);
        join_parts(r, known + 1, width, out);
        known = 1;
    }
}

static void columns_gathered(const reduction *r)
{
    const int64_t columns = r->after.count;
    wg__walk walk = wg__walk_of(r->before.rank, r->before.dim, r->before.stride);
    for (int64_t i = 0; i < r->before.count; i++) {
        for (int64_t j = 0; j < columns; j += GATHERED_COLUMNS) {
            columns_by_blocks(r, r->x + walk.offset * r->bytes, j,
                              least(GATHERED_COLUMNS, columns - j),
                              r->out + (i * columns + j) * r->bytes);
        }
        wg__walk_next(&walk);
    }
}

/* Few columns of many rows are better joined row by row. */
static void columns_reduce(const reduction *r)
{
    enum { ROWS_MANY = 4 };
    const bool is_one_block = r->reduced.count <= COLUMN_BLOCK && r->joined != NULL;
    const bool is_in_place = r->reduced.rank <= 1;
    const bool has_rows = r->before.rank > 0 && r->before.dim[r->before.rank - 1] >= ROWS_MANY;
    const bool is_narrow = r->after.count < GATHERED_COLUMNS && has_rows;
    if (!axes_are_unit(&r->after)) columns_gathered(r);
    else if (is_one_block && (is_narrow || !is_in_place)) columns_joined(r);
    else if (is_in_place) columns_in_place(r);
    else columns_gathered(r);
}

int wg__eval_reduce(const wg__kernels *kernels, const wg__call *call)
{
    const wg__array *x = &call->in[0];
    WG_ASSERT(call->in_count == 1 && call->attribute_count == 1);
    WG_ASSERT(x->dtype == call->out.dtype);
    const int64_t out_count = wg__array_count(&call->out);
    if (out_count == 0) return WG_OK;

    reduction r = {
        .op = call->op, .dtype = x->dtype, .bytes = (int64_t)wg_dtype_bytes(x->dtype),
        .rows = kernels->reduce->rows[call->op][x->dtype],
        .columns = kernels->reduce->columns[call->op][x->dtype],
        .joined = kernels->reduce->joined[call->op][x->dtype],
        .x = x->data, .out = call->out.data, .gathered = call->scratch,
    };
    WG_ASSERT(r.rows != NULL && r.columns != NULL);
    r.parts = r.gathered + GATHERED_MAX * r.bytes;
    split_axes(&r, x, call->attribute[0]);
    WG_ASSERT(r.before.count * r.after.count == out_count);

    if (r.reduced.count == 0) {
        r.columns(0, out_count, x->data, 0, r.out);
    } else if (r.after.count > 1) {
        columns_reduce(&r);
    } else if (axes_are_unit(&r.reduced)) {
        rows_in_place(&r);
    } else if (r.reduced.count <= ROW_BLOCK) {
        rows_gathered(&r);
    } else {
        rows_by_blocks(&r);
    }
    return WG_OK;
}

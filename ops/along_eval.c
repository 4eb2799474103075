/* Chains along one axis on memory: cumsum and linear_recurrence.
 *
 * Every array is seen as [others ..., column, axis]: a kernel runs the chains of many columns at
 * once. Where columns do not lie side by side in memory, tiles of them are copied to scratch, where
 * they do; the same kernels go over either, so the bits are the same.                            */
#include "ops/kernels/kernels.h"
#include "ops/rules.h"

#include <string.h>

enum {
    TILE_ROWS = 64, TILE_COLUMNS = 64,
    TILE_BYTES = (TILE_ROWS + 1) * TILE_COLUMNS * 8   /* a row more: the results before */
};
_Static_assert(3 * TILE_BYTES <= WG__SCRATCH_BYTES, "scratch is too small");

enum { PART_X, PART_OUT, PART_A, PART_COUNT };

/* The arrays of a call, in the same order of axes; a sum has no factors. */
typedef struct chains {
    wg__chain_kernel *kernel;
    wg__array part[PART_COUNT];
    int part_count;
    int32_t column, along;      /* the last two axes */
    char *scratch;
} chains;

static int64_t least(int64_t x, int64_t y)
{
    return x < y ? x : y;
}

static void *element(const wg__array *array, int64_t offset)
{
    return (char *)array->data + offset * (int64_t)wg_dtype_bytes(array->dtype);
}

/* The axes [others ..., column, along], the last walked backwards if is_reverse. */
static wg__array turned(const wg__array *array, int32_t column, int32_t along, bool is_reverse)
{
    wg__array out = { .data = array->data, .dtype = array->dtype };
    for (int32_t i = 0; i < array->rank; i++) {
        if (i == column || i == along) continue;
        out.dim[out.rank] = array->dim[i];
        out.stride[out.rank++] = array->stride[i];
    }
    out.dim[out.rank] = column < 0 ? 1 : array->dim[column];
    out.stride[out.rank++] = column < 0 ? 1 : array->stride[column];
    out.dim[out.rank] = array->dim[along];
    out.stride[out.rank] = is_reverse ? -array->stride[along] : array->stride[along];
    if (is_reverse) out.data = element(array, array->stride[along] * (array->dim[along] - 1));
    out.rank++;
    return out;
}

/* The last axis of more than one element, but for the one the chains go along; -1: none. */
static int32_t column_of(const wg__array *array, int32_t along)
{
    for (int32_t i = array->rank - 1; i >= 0; i--)
        if (i != along && array->dim[i] > 1) return i;
    return -1;
}

static bool columns_are_unit(const chains *c)
{
    for (int i = 0; i < c->part_count; i++)
        if (c->part[i].dim[c->column] > 1 && c->part[i].stride[c->column] != 1) return false;
    return true;
}

/* ---- one plane [column, along], which starts at these offsets ---- */

static void run_in_place(const chains *c, const int64_t *offset)
{
    const wg__array *p = c->part;
    c->kernel(&(wg__chain){ .length = p[PART_X].dim[c->along],
                            .count = p[PART_X].dim[c->column],
                            .a = element(&p[PART_A], offset[PART_A]),
                            .a_row = p[PART_A].stride[c->along],
                            .x = element(&p[PART_X], offset[PART_X]),
                            .x_row = p[PART_X].stride[c->along],
                            .out = element(&p[PART_OUT], offset[PART_OUT]),
                            .out_row = p[PART_OUT].stride[c->along] });
}

/* rows x columns of a part, from row i and column j of its plane on. */
static wg__array piece_of(const chains *c, const wg__array *part, int64_t offset, const int64_t *at,
                          const int64_t *extent)
{
    const int64_t row = part->stride[c->along], column = part->stride[c->column];
    return (wg__array){ .data = element(part, offset + at[0] * row + at[1] * column),
                        .dtype = part->dtype,
                        .rank = 2,
                        .dim = { extent[0], extent[1] },
                        .stride = { row, column } };
}

static void copy_in(const chains *c, int which, const int64_t *offset, const int64_t *at,
                    const wg__shape *shape)
{
    const wg__array *part = &c->part[which];
    const wg__array from = piece_of(c, part, offset[which], at, shape->dim);
    const wg__array to = wg__array_of(c->scratch + which * TILE_BYTES, part->dtype, shape);
    wg__copy(&from, &to);
}

/* Columns j on, tile by tile; the last results of a tile stand before those of the next. */
static void run_columns(const chains *c, const int64_t *offset, int64_t j, int64_t width)
{
    const wg__array *out = &c->part[PART_OUT];
    const int64_t length = out->dim[c->along];
    const size_t row_bytes = (size_t)width * wg_dtype_bytes(out->dtype);
    char *before = c->scratch + PART_OUT * TILE_BYTES;
    char *results = before + row_bytes;
    for (int64_t i = 0; i < length; i += TILE_ROWS) {
        const int64_t rows = least(TILE_ROWS, length - i);
        const wg__shape shape = { .rank = 2, .dim = { rows, width } };
        const int64_t at[] = { i, j };
        copy_in(c, PART_X, offset, at, &shape);
        if (c->part_count > PART_A) copy_in(c, PART_A, offset, at, &shape);
        c->kernel(&(wg__chain){ .length = rows,
                                .count = width,
                                .a = c->scratch + PART_A * TILE_BYTES,
                                .a_row = width,
                                .x = c->scratch + PART_X * TILE_BYTES,
                                .x_row = width,
                                .before = i > 0 ? before : NULL,
                                .out = results,
                                .out_row = width });
        const wg__array from = wg__array_of(results, out->dtype, &shape);
        const wg__array to = piece_of(c, out, offset[PART_OUT], at, shape.dim);
        wg__copy(&from, &to);
        memcpy(before, results + (size_t)(rows - 1) * row_bytes, row_bytes);
    }
}

static void run_by_tiles(const chains *c, const int64_t *offset)
{
    const int64_t columns = c->part[PART_OUT].dim[c->column];
    for (int64_t j = 0; j < columns; j += TILE_COLUMNS)
        run_columns(c, offset, j, least(TILE_COLUMNS, columns - j));
}

/* ---- all planes ---- */

int wg__eval_chain(const wg__kernels *kernels, const wg__call *call)
{
    const wg__array *x = &call->in[call->in_count - 1];
    const int32_t axis = (int32_t)call->attribute[0];
    const bool is_reverse = call->attribute[1] != 0;
    if (wg__array_count(&call->out) == 0) return WG_OK;

    const wg__chain_table *table = kernels->chain;
    const int32_t column = column_of(x, axis);
    chains c = { .kernel = (call->op == WG__OP_cumsum ? table->sums : table->recurrences)[x->dtype],
                 .part = { [PART_X] = turned(x, column, axis, is_reverse),
                           [PART_OUT] = turned(&call->out, column, axis, is_reverse),
                           [PART_A] = turned(&call->in[0], column, axis, is_reverse) },
                 .part_count = call->op == WG__OP_cumsum ? PART_A : PART_COUNT,
                 .scratch = call->scratch };
    WG_ASSERT(c.kernel != NULL);
    c.along = c.part[PART_OUT].rank - 1;
    c.column = c.along - 1;

    wg__walk walk[PART_COUNT];
    for (int i = 0; i < PART_COUNT; i++)
        walk[i] = wg__walk_of(c.column, c.part[i].dim, c.part[i].stride);
    const bool is_in_place = columns_are_unit(&c);
    int64_t planes = 1;
    for (int32_t i = 0; i < c.column; i++) planes *= c.part[PART_OUT].dim[i];
    for (; planes > 0; planes--) {
        int64_t offset[PART_COUNT];
        for (int i = 0; i < PART_COUNT; i++) offset[i] = walk[i].offset;
        if (is_in_place) run_in_place(&c, offset);
        else run_by_tiles(&c, offset);
        for (int i = 0; i < PART_COUNT; i++) wg__walk_next(&walk[i]);
    }
    return WG_OK;
}

/* Batching: an op on rows becomes the op on all rows at once, by the rule of its class.
 *
 * Rows are the leading axis of whatever has them. Elementwise ops repeat what has none; movements
 * and reductions count their axes from one further on; products take rows as a leading axis, or as
 * more rows of a factor; lookups number the entries of all rows; random ops draw for the whole
 * batched shape. The order of every sum is told by what follows the reduced axes, which no rule
 * changes: so each row has the bits that it has alone. */
#include "ops/rules.h"

wg__shape wg__shape_with(int64_t rows, const wg__shape *shape)
{
    WG_ASSERT(shape->rank < WG__RANK_MAX);
    wg__shape wide = { .rank = shape->rank + 1, .dim = { rows } };
    for (int32_t i = 0; i < shape->rank; i++) wide.dim[i + 1] = shape->dim[i];
    return wide;
}

/* ---- inputs ---- */

static wg__shape shape_of(const wg__batched *q, uint32_t value)
{
    return *q->builder->shape(q->builder, value);
}

/* Input i with rows. */
static uint32_t repeated(const wg__batched *q, int32_t i)
{
    if (q->is_mapped[i]) return q->in[i];
    const wg__shape own = shape_of(q, q->in[i]);
    const wg__shape wide = wg__shape_with(q->rows, &own);
    return wg__emit_broadcast(q->builder, q->in[i], &wide);
}

/* Extents of input i in one row. */
static wg__shape row_of(const wg__batched *q, int32_t i)
{
    const wg__shape shape = shape_of(q, q->in[i]);
    if (!q->is_mapped[i]) return shape;
    return wg__shape_without(&shape, 1);
}

static uint32_t emit(const wg__batched *q, const int64_t *attribute, const wg__shape *wanted)
{
    const wg__request *of = q->request;
    for (int32_t i = 0; i < of->in_count; i++)
        if (q->in[i] == WG__NONE) return WG__NONE;
    const wg__type type = { .dtype = of->wanted->dtype, .shape = *wanted };
    return q->builder->emit(q->builder, &(wg__request){ .op = of->op,
                                                        .in_count = of->in_count,
                                                        .in = q->in,
                                                        .attribute = attribute,
                                                        .attribute_count = of->attribute_count,
                                                        .wanted = &type });
}

/* All inputs with rows, the first word of the attribute `shift` further on. */
static uint32_t emit_repeated(const wg__batched *q, int64_t shift)
{
    int64_t attribute[WG__ATTRIBUTE_MAX];
    const int32_t count = q->request->attribute_count;
    WG_ASSERT(count <= WG__ATTRIBUTE_MAX);
    for (int32_t i = 0; i < count; i++) attribute[i] = q->request->attribute[i];
    if (count > 0) attribute[0] += shift;
    for (int32_t i = 0; i < q->request->in_count; i++) q->in[i] = repeated(q, i);
    const wg__shape wide = wg__shape_with(q->rows, &q->request->wanted->shape);
    return emit(q, attribute, &wide);
}

/* ---- movements ---- */

static uint32_t batch_permute(const wg__batched *q)
{
    int64_t axis[WG__RANK_MAX] = { 0 };
    const int32_t count = q->request->attribute_count;
    for (int32_t i = 0; i < count; i++) axis[i + 1] = q->request->attribute[i] + 1;
    return wg__emit_permute(q->builder, q->in[0], axis, count + 1);
}

/* Axes align at the end, so those that a row gains must stand behind the rows. */
static uint32_t batch_broadcast(const wg__batched *q)
{
    const wg__shape row = row_of(q, 0);
    const wg__shape *to = &q->request->wanted->shape;
    wg__shape full = { .rank = to->rank };
    for (int32_t i = 0; i < to->rank; i++) {
        const int32_t own = i - (to->rank - row.rank);
        full.dim[i] = own < 0 ? 1 : row.dim[own];
    }
    const wg__shape ones = wg__shape_with(q->rows, &full);
    const wg__shape wide = wg__shape_with(q->rows, to);
    const uint32_t aligned = wg__emit_reshape(q->builder, q->in[0], &ones);
    return wg__emit_broadcast(q->builder, aligned, &wide);
}

static uint32_t batch_move(const wg__batched *q)
{
    switch (q->request->op) {
    case WG__OP_reshape: return emit_repeated(q, 0);
    case WG__OP_permute: return batch_permute(q);
    case WG__OP_broadcast: return batch_broadcast(q);
    default: return emit_repeated(q, 1);   /* along one axis */
    }
}

/* ---- products ---- */

/* Rows of x that all meet the same y are more rows of one product. */
static uint32_t batch_contract(const wg__batched *q)
{
    wg__builder *b = q->builder;
    const wg__shape x = row_of(q, 0);
    if (q->is_mapped[1] || x.rank != 2) return emit_repeated(q, 0);
    const wg__shape tall = { .rank = 2, .dim = { q->rows * x.dim[0], x.dim[1] } };
    const wg__shape wide = wg__shape_with(q->rows, &q->request->wanted->shape);
    const uint32_t product =
        wg__emit2(b, q->request->op, wg__emit_reshape(b, q->in[0], &tall), q->in[1]);
    return wg__emit_reshape(b, product, &wide);
}

/* ---- lookups ---- */

/* `count` axes from `from` on, moved to stand from `to` on; the others keep their order. */
static uint32_t axes_moved(wg__builder *b, uint32_t x, int32_t from, int32_t count, int32_t to)
{
    if (x == WG__NONE || from == to || count == 0) return x;
    const int32_t rank = b->shape(b, x)->rank;
    int64_t axis[WG__RANK_MAX];
    int32_t other = 0;
    for (int32_t i = 0; i < rank; i++) {
        const bool is_moved = i >= to && i < to + count;
        if (is_moved) axis[i] = from + (i - to);
        if (is_moved) continue;
        if (other == from) other += count;
        axis[i] = other++;
    }
    return wg__emit_permute(b, x, axis, rank);
}

/* The first two axes as one, or one as two. */
static uint32_t rows_joined(wg__builder *b, uint32_t x)
{
    if (x == WG__NONE) return x;
    const wg__shape shape = *b->shape(b, x);
    wg__shape joined = wg__shape_without(&shape, 1);
    joined.dim[0] = shape.dim[0] * shape.dim[1];
    return wg__emit_reshape(b, x, &joined);
}

static uint32_t rows_parted(wg__builder *b, uint32_t x, int64_t rows)
{
    if (x == WG__NONE) return x;
    wg__shape row = *b->shape(b, x);
    row.dim[0] = rows > 0 ? row.dim[0] / rows : 0;
    const wg__shape parted = wg__shape_with(rows, &row);
    return wg__emit_reshape(b, x, &parted);
}

/* Indices into the n entries of each row, as indices into those of all rows. What is out of range
 * in its row is out of range in all. */
static uint32_t index_of_all(const wg__batched *q, uint32_t index, int64_t n)
{
    wg__builder *b = q->builder;
    index = wg__emit_cast(b, index, WG_I64);
    if (index == WG__NONE) return index;
    const wg__shape shape = *b->shape(b, index);
    wg__shape column = { .rank = shape.rank, .dim = { q->rows } };
    for (int32_t i = 1; i < column.rank; i++) column.dim[i] = 1;
    const wg__type line = { .dtype = WG_I64, .shape = { .rank = 1, .dim = { q->rows } } };
    const uint32_t row = b->emit(b, &(wg__request){ .op = WG__OP_iota, .wanted = &line });
    const uint32_t rows = wg__emit_broadcast(b, wg__emit_reshape(b, row, &column), &shape);
    const uint32_t extent = wg__emit_full_like(b, index, (double)n);
    const uint32_t first = wg__emit2(b, WG__OP_mul, rows, extent);
    const uint32_t moved = wg__emit2(b, WG__OP_add, index, first);
    const uint32_t none = wg__emit_full_like(b, index, -1);
    const uint32_t is_above = wg__emit2(b, WG__OP_lt, none, index);
    const uint32_t is_below = wg__emit2(b, WG__OP_lt, index, extent);
    const uint32_t is_within = wg__emit2(b, WG__OP_and, is_above, is_below);
    return wg__emit_select(b, is_within, moved, none);
}

static uint32_t emit_lookup(const wg__batched *q, const uint32_t *in, int64_t axis)
{
    for (int32_t i = 0; i < q->request->in_count; i++)
        if (in[i] == WG__NONE) return WG__NONE;
    return q->builder->emit(q->builder, &(wg__request){ .op = q->request->op,
                                                        .in_count = q->request->in_count,
                                                        .in = in,
                                                        .attribute = &axis,
                                                        .attribute_count = 1 });
}

/* x [before, n, after] by index [i]: [before, i, after]. */
static uint32_t batch_gather(const wg__batched *q)
{
    wg__builder *b = q->builder;
    const int32_t axis = (int32_t)q->request->attribute[0];
    const int32_t inside = row_of(q, 1).rank;
    if (!q->is_mapped[1]) return emit_lookup(q, q->in, axis + 1);
    if (!q->is_mapped[0])   /* [before, rows, i, after] */
        return axes_moved(b, emit_lookup(q, q->in, axis), axis, 1, 0);
    const int64_t n = row_of(q, 0).dim[axis];
    const uint32_t in[2] = { rows_joined(b, axes_moved(b, q->in[0], axis + 1, 1, 1)),
                             index_of_all(q, q->in[1], n) };
    const uint32_t taken = emit_lookup(q, in, 0);   /* [rows, i, before, after] */
    return axes_moved(b, taken, 1, inside, axis + 1);
}

/* x [before, n, after], index [i], update [before, i, after]. */
static uint32_t batch_scatter(const wg__batched *q)
{
    wg__builder *b = q->builder;
    const int32_t axis = (int32_t)q->request->attribute[0];
    const int32_t inside = row_of(q, 1).rank;
    const int64_t n = row_of(q, 0).dim[axis];
    const uint32_t x = repeated(q, 0);
    const uint32_t update = repeated(q, 2);
    const uint32_t plain[3] = { x, q->in[1], update };
    if (!q->is_mapped[1]) return emit_lookup(q, plain, axis + 1);
    const uint32_t in[3] = { rows_joined(b, axes_moved(b, x, axis + 1, 1, 1)),
                             index_of_all(q, q->in[1], n),
                             axes_moved(b, update, axis + 1, inside, 1) };
    const uint32_t sum = rows_parted(b, emit_lookup(q, in, 0), q->rows);
    return axes_moved(b, sum, 1, 1, axis + 1);
}

/* ---- every class ---- */

static uint32_t batch_random(const wg__batched *q, const char **why)
{
    if (q->is_mapped[0]) {
        *why = "the draw differs from row to row";
        return WG__NONE;
    }
    const wg__shape wide = wg__shape_with(q->rows, &q->request->wanted->shape);
    return emit(q, q->request->attribute, &wide);
}

static uint32_t batch_reduce(const wg__batched *q)
{
    const wg__op_id op = q->request->op;
    if (op == WG__OP_argmax || op == WG__OP_argmin) return emit_repeated(q, 1);
    return emit_repeated(q, q->request->attribute[0]);   /* each axis' bit one up */
}

/* The kernel is called for each row, as it would be alone. */
static uint32_t batch_extern(const wg__batched *q)
{
    int64_t attribute[WG__EXTERN_WORDS];
    for (int32_t i = 0; i < WG__EXTERN_WORDS; i++) attribute[i] = q->request->attribute[i];
    attribute[WG__EXTERN_LOOPS]++;
    for (int32_t i = 0; i < q->request->in_count; i++) q->in[i] = repeated(q, i);
    const wg__shape wide = wg__shape_with(q->rows, &q->request->wanted->shape);
    return emit(q, attribute, &wide);
}

uint32_t wg__batch(const wg__batched *q, const char **why)
{
    for (int32_t i = 0; i < q->request->in_count; i++)
        if (q->in[i] == WG__NONE) return WG__NONE;
    bool fits = q->request->wanted->shape.rank < WG__RANK_MAX;
    for (int32_t i = 0; i < q->request->in_count; i++)
        fits = fits && row_of(q, i).rank < WG__RANK_MAX;
    if (!fits) *why = "too many axes";
    if (!fits) return WG__NONE;
    switch (wg__op_table[q->request->op].class) {
    case WG__CLASS_MARK:
    case WG__CLASS_LINEAR:
    case WG__CLASS_MAP: return emit_repeated(q, 0);
    case WG__CLASS_MOVE: return batch_move(q);
    case WG__CLASS_REDUCE: return batch_reduce(q);
    case WG__CLASS_ALONG: return emit_repeated(q, 1);
    case WG__CLASS_CONTRACT: return batch_contract(q);
    case WG__CLASS_INDEX:
        return q->request->op == WG__OP_gather ? batch_gather(q) : batch_scatter(q);
    case WG__CLASS_RANDOM: return batch_random(q, why);
    case WG__CLASS_EXTERN: return batch_extern(q);
    case WG__CLASS_SCAN:   /* its body is batched, which the tape has */
    case WG__CLASS_LEAF: break;
    }
    WG_ASSERT(false);
    return WG__NONE;
}

/* Constructors of matrix products, of indexing, and of what has no input: iota and random bits. */
#include "graph/tape.h"
#include <wengert/ops.h>

/* ---- matmul ---- */

/* One matrix y for all of x: its leading axes are rows, so that y is neither repeated nor its
 * gradient summed afterwards. */
static uint32_t matmul_rows(wg__builder *b, uint32_t x, uint32_t y)
{
    wg__shape result = *b->shape(b, x);
    const int32_t last = result.rank - 1;
    wg__shape rows = { .rank = 2, .dim = { 1, result.dim[last] } };
    for (int32_t i = 0; i < last; i++) rows.dim[0] *= result.dim[i];
    const uint32_t product = wg__emit2(b, WG__OP_matmul, wg__emit_reshape(b, x, &rows), y);
    if (product == WG__NONE) return WG__NONE;
    result.dim[last] = b->shape(b, product)->dim[1];
    return wg__emit_reshape(b, product, &result);
}

/* Stretches leading axes to their joint extents. Axes that do not join stay, and the op refuses
 * them. */
static void leading_join(wg__builder *b, uint32_t in[2])
{
    wg__shape shape[2], leading[2], joined;
    for (int i = 0; i < 2; i++) {
        shape[i] = leading[i] = *b->shape(b, in[i]);
        leading[i].rank -= 2;
    }
    if (wg__shape_join(&leading[0], &leading[1], &joined) < 0) return;
    for (int i = 0; i < 2; i++) {
        wg__shape wide = joined;
        wide.dim[wide.rank++] = shape[i].dim[leading[i].rank];
        wide.dim[wide.rank++] = shape[i].dim[leading[i].rank + 1];
        in[i] = wg__emit_broadcast(b, in[i], &wide);
    }
}

/* Operands of two axes or more. */
static uint32_t matmul_whole(wg__builder *b, uint32_t x, uint32_t y)
{
    const wg__shape *sx = b->shape(b, x), *sy = b->shape(b, y);
    const bool fits = sx->dim[sx->rank - 1] == sy->dim[sy->rank - 2];
    if (fits && sx->rank > 2 && sy->rank == 2) return matmul_rows(b, x, y);
    uint32_t in[2] = { x, y };
    if (fits) leading_join(b, in);
    return wg__emit2(b, WG__OP_matmul, in[0], in[1]);
}

/* Whether a product with a vector can be: said in the shapes that the caller gave. */
static int vector_check(wg_tape *tape, const wg__shape *sx, const wg__shape *sy)
{
    char text[300];
    wg__text why = wg__text_of(text, sizeof text);
    wg__text_shape(&why, sx);
    wg__text_add(&why, " x ");
    wg__text_shape(&why, sy);
    if (sx->rank == 0 || sy->rank == 0)
        return wg__tape_refuse(tape, WG_ESHAPE, "matmul", WG__NONE,
                               "%s: an axis is needed; a scalar is for wg_mul", text);
    const int64_t left = sx->dim[sx->rank - 1];
    const int64_t right = sy->dim[sy->rank > 1 ? sy->rank - 2 : 0];
    if (left != right)
        return wg__tape_refuse(tape, WG_ESHAPE, "matmul", WG__NONE, "%s: %lld is not %lld", text,
                               (long long)left, (long long)right);
    return WG_OK;
}

/* A vector is a row before the product, a column behind it, and the 1 that makes it one goes
 * again. */
static uint32_t matmul_vector(wg__builder *b, uint32_t x, uint32_t y)
{
    wg__shape row = *b->shape(b, x), column = *b->shape(b, y);
    const bool has_row = row.rank == 1, has_column = column.rank == 1;
    if (has_row) {
        row = (wg__shape){ .rank = 2, .dim = { 1, row.dim[0] } };
        x = wg__emit_reshape(b, x, &row);
    }
    if (has_column) {
        column = (wg__shape){ .rank = 2, .dim = { column.dim[0], 1 } };
        y = wg__emit_reshape(b, y, &column);
    }
    const uint32_t product = matmul_whole(b, x, y);
    if (product == WG__NONE) return WG__NONE;
    wg__shape result = *b->shape(b, product);
    const int64_t last = result.dim[result.rank - 1];
    result.rank -= has_row + has_column;
    if (!has_column) result.dim[result.rank - 1] = last;
    return wg__emit_reshape(b, product, &result);
}

wg_var wg_matmul(wg_var x, wg_var y)
{
    wg_var failed;
    const wg_var both[2] = { x, y };
    wg_tape *tape = wg__tape_of("matmul", 2, both, &failed);
    if (tape == NULL) return failed;
    wg__builder *b = &tape->builder;
    const wg__shape *sx = wg__tape_shape(tape, x.index), *sy = wg__tape_shape(tape, y.index);
    if (sx->rank >= 2 && sy->rank >= 2)
        return wg__var_of(tape, matmul_whole(b, x.index, y.index));
    if (vector_check(tape, sx, sy) < 0) return wg__var_of(tape, WG__NONE);
    return wg__var_of(tape, matmul_vector(b, x.index, y.index));
}

/* ---- indexing ---- */

static wg_var indexed(wg_tape *tape, wg__op_id op, const uint32_t *in, int32_t count, int axis)
{
    const char *name = wg__op_table[op].name;
    const int place = wg__axis_resolve(tape, name, axis, wg__tape_shape(tape, in[0]));
    if (place < 0) return wg__var_of(tape, WG__NONE);
    const int64_t attribute[1] = { place };
    return wg__var_of(tape, wg__tape_emit(&tape->builder,
                                          &(wg__request){ .op = op,
                                                          .in_count = count,
                                                          .in = in,
                                                          .attribute = attribute,
                                                          .attribute_count = 1 }));
}

wg_var wg_gather(wg_var x, wg_var index, int axis)
{
    wg_var failed;
    const wg_var all[2] = { x, index };
    wg_tape *tape = wg__tape_of("gather", 2, all, &failed);
    if (tape == NULL) return failed;
    const int32_t kept = wg__tape_shape(tape, x.index)->rank - 1;
    const int64_t rank = kept + wg__tape_shape(tape, index.index)->rank;
    if (wg__rank_check(tape, "gather", rank) < 0) return wg__var_of(tape, WG__NONE);
    const uint32_t in[2] = { x.index, index.index };
    return indexed(tape, WG__OP_gather, in, 2, axis);
}

wg_var wg_scatter_add(wg_var x, wg_var index, wg_var update, int axis)
{
    wg_var failed;
    const wg_var all[3] = { x, index, update };
    wg_tape *tape = wg__tape_of("scatter_add", 3, all, &failed);
    if (tape == NULL) return failed;
    const uint32_t in[3] = { x.index, index.index, update.index };
    return indexed(tape, WG__OP_scatter_add, in, 3, axis);
}

/* ---- sources ---- */

wg_var wg_iota(wg_tape *tape, wg_dtype dtype, int64_t count)
{
    wg_var failed;
    if (wg__tape_open(tape, &failed) == NULL) return failed;
    if (!wg__dtype_is((int)dtype)) {
        wg__tape_refuse(tape, WG_EDTYPE, "iota", WG__NONE, "%d is no dtype", (int)dtype);
        return failed;
    }
    const wg__type wanted = { .dtype = dtype, .shape = { .rank = 1, .dim = { count } } };
    return wg__var_of(tape, wg__tape_emit(&tape->builder, &(wg__request){ .op = WG__OP_iota,
                                                                          .wanted = &wanted }));
}

wg_var wg_random_bits(wg_var counter, uint64_t key, wg_shape shape)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("random_bits", 1, &counter, &failed);
    if (tape == NULL) return failed;
    const int status = wg__shape_check(shape);
    if (status < 0) {
        wg__tape_refuse(tape, status, "random_bits", WG__NONE,
                        "the shape is malformed or too large");
        return wg__var_of(tape, WG__NONE);
    }
    const wg__type wanted = { .dtype = WG_I32, .shape = wg__shape_of(shape) };
    const int64_t attribute[1] = { (int64_t)key };
    return wg__var_of(tape, wg__tape_emit(&tape->builder,
                                          &(wg__request){ .op = WG__OP_random_bits,
                                                          .in_count = 1,
                                                          .in = &counter.index,
                                                          .attribute = attribute,
                                                          .attribute_count = 1,
                                                          .wanted = &wanted }));
}

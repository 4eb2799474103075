/* Constructors that move elements: an extent of -1 is resolved here, and what would move nothing
 * records nothing. */
#include "graph/tape.h"
#include <wengert/ops.h>

/* ---- reshape, permute, broadcast ---- */

/* Puts the extent that makes the counts equal in place of a -1; leaves what cannot be resolved. */
static wg__shape shape_complete(const wg__shape *from, wg_shape to)
{
    int32_t open = -1;
    wg__shape shape = { .rank = to.rank };
    for (int32_t i = 0; i < to.rank; i++) {
        shape.dim[i] = to.dim[i];
        if (to.dim[i] == -1 && open < 0) open = i;
    }
    if (open < 0) return shape;
    shape.dim[open] = 1;
    const int64_t rest = wg__shape_count(&shape), count = wg__shape_count(from);
    shape.dim[open] = rest > 0 && count % rest == 0 ? count / rest : -1;
    return shape;
}

wg_var wg_reshape(wg_var x, wg_shape shape)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("reshape", 1, &x, &failed);
    if (tape == NULL) return failed;
    if (shape.rank < 0 || shape.rank > WG_RANK_MAX || shape.reserved != 0) {
        wg__tape_refuse(tape, WG_ESHAPE, "reshape", WG__NONE, "the shape is malformed");
        return wg__var_of(tape, WG__NONE);
    }
    const wg__shape whole = shape_complete(wg__tape_shape(tape, x.index), shape);
    return wg__var_of(tape, wg__emit_reshape(&tape->builder, x.index, &whole));
}

wg_var wg_permute(wg_var x, wg_axes axes)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("permute", 1, &x, &failed);
    if (tape == NULL) return failed;
    failed = wg__var_of(tape, WG__NONE);
    const wg__shape *shape = wg__tape_shape(tape, x.index);
    if (axes.count != shape->rank) {
        char text[160];
        wg__text of = wg__text_of(text, sizeof text);
        wg__text_shape(&of, shape);
        wg__tape_refuse(tape, WG_EAXIS, "permute", WG__NONE, "%d axes given for %s",
                        (int)axes.count, text);
        return failed;
    }
    int64_t axis[WG__RANK_MAX];
    bool is_still = true;
    for (int32_t i = 0; i < axes.count; i++) {
        axis[i] = wg__axis_resolve(tape, "permute", axes.axis[i], shape);
        if (axis[i] < 0) return failed;
        is_still = is_still && axis[i] == i;
    }
    if (is_still) return x;
    return wg__var_of(tape, wg__emit_permute(&tape->builder, x.index, axis, axes.count));
}

wg_var wg_transpose(wg_var x)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("transpose", 1, &x, &failed);
    if (tape == NULL) return failed;
    const wg__shape *shape = wg__tape_shape(tape, x.index);
    if (shape->rank >= 2) return wg__var_of(tape, wg__emit_transpose(&tape->builder, x.index));
    wg__axis_refuse(tape, "transpose", WG__NONE, -2, shape);
    return wg__var_of(tape, WG__NONE);
}

wg_var wg_broadcast(wg_var x, wg_shape shape)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("broadcast", 1, &x, &failed);
    if (tape == NULL) return failed;
    const int status = wg__shape_check(shape);
    if (status < 0) {
        wg__tape_refuse(tape, status, "broadcast", WG__NONE,
                        "the shape is malformed or too large");
        return wg__var_of(tape, WG__NONE);
    }
    const wg__shape wide = wg__shape_of(shape);
    return wg__var_of(tape, wg__emit_broadcast(&tape->builder, x.index, &wide));
}

/* ---- axes of extent 1 ---- */

wg_var wg_expand(wg_var x, int axis)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("expand", 1, &x, &failed);
    if (tape == NULL) return failed;
    failed = wg__var_of(tape, WG__NONE);
    wg__shape shape = *wg__tape_shape(tape, x.index);
    const int place = axis < 0 ? axis + shape.rank + 1 : axis;
    if (place < 0 || place > shape.rank) {
        wg__axis_refuse(tape, "expand", WG__NONE, axis, &shape);
        return failed;
    }
    if (wg__rank_check(tape, "expand", shape.rank + 1) < 0) return failed;
    for (int32_t i = shape.rank++; i > place; i--) shape.dim[i] = shape.dim[i - 1];
    shape.dim[place] = 1;
    return wg__var_of(tape, wg__emit_reshape(&tape->builder, x.index, &shape));
}

wg_var wg_squeeze(wg_var x, wg_axes axes)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("squeeze", 1, &x, &failed);
    if (tape == NULL) return failed;
    failed = wg__var_of(tape, WG__NONE);
    const wg__shape *shape = wg__tape_shape(tape, x.index);
    uint32_t dropped;
    if (wg__axes_bits(tape, "squeeze", &axes, shape, &dropped) < 0) return failed;
    wg__shape kept = { .rank = 0 };
    for (int32_t i = 0; i < shape->rank; i++) {
        const bool is_dropped = (dropped >> i & 1) != 0 && (shape->dim[i] == 1 || axes.count >= 0);
        if (!is_dropped) kept.dim[kept.rank++] = shape->dim[i];
        else if (shape->dim[i] != 1) {
            wg__tape_refuse(tape, WG_ESHAPE, "squeeze", WG__NONE, "axis %d has extent %lld, not 1",
                            (int)i, (long long)shape->dim[i]);
            return failed;
        }
    }
    return wg__var_of(tape, wg__emit_reshape(&tape->builder, x.index, &kept));
}

/* ---- slice, flip, pad ---- */

wg_var wg_slice(wg_var x, int axis, int64_t start, int64_t stop, int64_t step)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("slice", 1, &x, &failed);
    if (tape == NULL) return failed;
    const int place = wg__axis_resolve(tape, "slice", axis, wg__tape_shape(tape, x.index));
    if (place < 0) return wg__var_of(tape, WG__NONE);
    return wg__var_of(tape,
                      wg__emit_slice(&tape->builder, x.index, place, start, stop, step));
}

wg_var wg_flip(wg_var x, wg_axes axes)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("flip", 1, &x, &failed);
    if (tape == NULL) return failed;
    uint32_t flipped, node = x.index;
    const wg__shape shape = *wg__tape_shape(tape, x.index);
    if (wg__axes_bits(tape, "flip", &axes, &shape, &flipped) < 0)
        return wg__var_of(tape, WG__NONE);
    for (int32_t i = 0; i < shape.rank; i++)
        if ((flipped >> i & 1) != 0 && shape.dim[i] > 1)
            node = wg__emit_slice(&tape->builder, node, i, shape.dim[i] - 1, -1, -1);
    return wg__var_of(tape, node);
}

wg_var wg_pad(wg_var x, int axis, int64_t low, int64_t high, int64_t interior, double value)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("pad", 1, &x, &failed);
    if (tape == NULL) return failed;
    const int place = wg__axis_resolve(tape, "pad", axis, wg__tape_shape(tape, x.index));
    if (place < 0) return wg__var_of(tape, WG__NONE);
    const wg_dtype dtype = (wg_dtype)tape->record[x.index].dtype;
    if (!wg__number_fits(dtype, value)) {
        char text[32];
        wg__number_text(value, text);
        wg__tape_refuse(tape, WG_EINVALID, "pad", WG__NONE, "%s is no %s", text,
                        wg_dtype_name(dtype));
        return wg__var_of(tape, WG__NONE);
    }
    return wg__var_of(tape, wg__emit_pad(&tape->builder, x.index, place, low, high, interior,
                                         value));
}

/* ---- concat, stack ---- */

/* Joins count values, whose indices are in[], along an axis of theirs. */
static uint32_t emit_concat(wg_tape *tape, int64_t count, const uint32_t *in, int axis)
{
    const int64_t attribute[1] = { axis };
    const wg__request request = { .op = WG__OP_concat,
                                  .in_count = (int32_t)count,
                                  .in = in,
                                  .attribute = attribute,
                                  .attribute_count = 1 };
    return wg__tape_emit(&tape->builder, &request);
}

wg_tape *wg__list_open(const char *op, int64_t count, const wg_var *x, uint32_t **in,
                       wg_var *failed)
{
    *failed = (wg_var){ .tape = NULL };
    if (count < 1 || count > INT32_MAX || x == NULL) {
        if (x != NULL && count > 0 && x[0].tape != NULL) {
            wg__tape_refuse(x[0].tape, WG_ELIMIT, op, WG__NONE, "too many values");
            *failed = wg__var_of(x[0].tape, WG__NONE);
        }
        return NULL;
    }
    wg_tape *tape = wg__tape_of(op, count, x, failed);
    if (tape == NULL) return NULL;
    *in = wg__arena_take(&tape->arena, (size_t)count * sizeof **in);
    if (*in == NULL) {
        wg__tape_no_memory(tape);
        *failed = wg__var_of(tape, WG__NONE);
        return NULL;
    }
    for (int64_t i = 0; i < count; i++) (*in)[i] = x[i].index;
    return tape;
}

wg_var wg_concat(int64_t count, const wg_var *x, int axis)
{
    wg_var failed;
    uint32_t *in;
    wg_tape *tape = wg__list_open("concat", count, x, &in, &failed);
    if (tape == NULL) return failed;
    const int place = wg__axis_resolve(tape, "concat", axis, wg__tape_shape(tape, in[0]));
    if (place < 0) return wg__var_of(tape, WG__NONE);
    return wg__var_of(tape, emit_concat(tape, count, in, place));
}

wg_var wg_stack(int64_t count, const wg_var *x, int axis)
{
    wg_var failed;
    uint32_t *in;
    wg_tape *tape = wg__list_open("stack", count, x, &in, &failed);
    if (tape == NULL) return failed;
    const int32_t rank = wg__tape_shape(tape, in[0])->rank + 1;
    for (int64_t i = 0; i < count; i++) in[i] = wg_expand(x[i], axis).index;
    if (tape->error.status < 0) return wg__var_of(tape, WG__NONE);
    return wg__var_of(tape, emit_concat(tape, count, in, axis < 0 ? axis + rank : axis));
}

/* Constructors of reductions and of what asks for the order of elements. A reduction drops its
 * axes; to keep them with extent 1 is a reshape after it. A reduction over no axis is its input. */
#include "graph/tape.h"
#include <wengert/ops.h>

/* ---- reductions ---- */

/* The reduced value with its axes back, each of extent 1. */
static uint32_t with_axes(wg_tape *tape, uint32_t reduced, const wg__shape *from, uint32_t bits)
{
    wg__shape shape = *from;
    for (int32_t i = 0; i < shape.rank; i++)
        if (bits >> i & 1) shape.dim[i] = 1;
    return wg__emit_reshape(&tape->builder, reduced, &shape);
}

/* Tape, input and axes of a reduction; its shape by value, since the tape's tables may grow. */
typedef struct reduction {
    wg_tape *tape;
    wg__shape shape;
    uint32_t bits;
    bool keep;
} reduction;

static bool reduction_open(const char *op, wg_var x, wg_axes axes, reduction *r, wg_var *failed)
{
    wg_tape *tape = wg__tape_of(op, 1, &x, failed);
    if (tape == NULL) return false;
    *failed = wg__var_of(tape, WG__NONE);
    *r = (reduction){ .tape = tape,
                      .shape = *wg__tape_shape(tape, x.index),
                      .keep = axes.keep != 0 };
    return wg__axes_bits(tape, op, &axes, &r->shape, &r->bits) == WG_OK;
}

static wg_var reduction_end(const reduction *r, uint32_t reduced)
{
    return wg__var_of(r->tape, r->keep ? with_axes(r->tape, reduced, &r->shape, r->bits) : reduced);
}

static wg_var reduced(wg__op_id op, wg_var x, wg_axes axes)
{
    reduction r;
    wg_var failed;
    if (!reduction_open(wg__op_table[op].name, x, axes, &r, &failed)) return failed;
    return reduction_end(&r, wg__emit_reduce(&r.tape->builder, op, x.index, r.bits));
}

wg_var wg_sum(wg_var x, wg_axes axes)
{
    return reduced(WG__OP_sum, x, axes);
}

wg_var wg_prod(wg_var x, wg_axes axes)
{
    return reduced(WG__OP_prod, x, axes);
}

wg_var wg_max(wg_var x, wg_axes axes)
{
    return reduced(WG__OP_max, x, axes);
}

wg_var wg_min(wg_var x, wg_axes axes)
{
    return reduced(WG__OP_min, x, axes);
}

/* Divides by the count, exact up to 2^53 and, in f32, rounded once. */
wg_var wg_mean(wg_var x, wg_axes axes)
{
    reduction r;
    wg_var failed;
    if (!reduction_open("mean", x, axes, &r, &failed)) return failed;
    const wg_dtype dtype = (wg_dtype)r.tape->record[x.index].dtype;
    if (!wg__dtype_is_float(dtype)) {
        wg__tape_refuse(r.tape, WG_EDTYPE, "mean", WG__NONE, "f32 or f64 expected, not %s",
                        wg_dtype_name(dtype));
        return failed;
    }
    double count = 1;
    for (int32_t i = 0; i < r.shape.rank; i++)
        if (r.bits >> i & 1) count *= (double)r.shape.dim[i];
    wg__builder *b = &r.tape->builder;
    const uint32_t sum = wg__emit_reduce(b, WG__OP_sum, x.index, r.bits);
    return reduction_end(&r, wg__emit2(b, WG__OP_div, sum, wg__emit_full_like(b, sum, count)));
}

static wg_var by_order(wg__op_id op, wg_var x, int axis)
{
    wg_var failed;
    const char *name = wg__op_table[op].name;
    wg_tape *tape = wg__tape_of(name, 1, &x, &failed);
    if (tape == NULL) return failed;
    const int place = wg__axis_resolve(tape, name, axis, wg__tape_shape(tape, x.index));
    if (place < 0) return wg__var_of(tape, WG__NONE);
    const int64_t attribute[1] = { place };
    return wg__var_of(tape, wg__tape_emit(&tape->builder,
                                          &(wg__request){ .op = op,
                                                          .in_count = 1,
                                                          .in = &x.index,
                                                          .attribute = attribute,
                                                          .attribute_count = 1 }));
}

wg_var wg_argmax(wg_var x, int axis)
{
    return by_order(WG__OP_argmax, x, axis);
}

wg_var wg_argmin(wg_var x, int axis)
{
    return by_order(WG__OP_argmin, x, axis);
}

wg_var wg_argsort(wg_var x, int axis)
{
    return by_order(WG__OP_argsort, x, axis);
}

/* ---- logic ---- */

uint32_t wg__emit_quantify(wg__builder *b, wg__op_id op, uint32_t x, uint32_t axes_bits)
{
    if (x == WG__NONE || axes_bits == 0) return x;
    const wg__shape *shape = b->shape(b, x);
    if (wg__shape_count(shape) > 0) return wg__emit_reduce(b, op, x, axes_bits);
    wg__shape kept = { .rank = 0 };
    for (int32_t i = 0; i < shape->rank; i++)
        if ((axes_bits >> i & 1) == 0) kept.dim[kept.rank++] = shape->dim[i];
    const uint32_t of_nothing = b->number(b, WG_BOOL, op == WG__OP_min);
    return wg__emit_broadcast(b, of_nothing, &kept);
}

static wg_var quantified(const char *name, wg__op_id op, wg_var x, wg_axes axes)
{
    reduction r;
    wg_var failed;
    if (!reduction_open(name, x, axes, &r, &failed)) return failed;
    const wg_dtype dtype = (wg_dtype)r.tape->record[x.index].dtype;
    if (dtype != WG_BOOL) {
        wg__tape_refuse(r.tape, WG_EDTYPE, name, WG__NONE, "bool expected, not %s",
                        wg_dtype_name(dtype));
        return failed;
    }
    return reduction_end(&r, wg__emit_quantify(&r.tape->builder, op, x.index, r.bits));
}

wg_var wg_all(wg_var x, wg_axes axes)
{
    return quantified("all", WG__OP_min, x, axes);
}

wg_var wg_any(wg_var x, wg_axes axes)
{
    return quantified("any", WG__OP_max, x, axes);
}

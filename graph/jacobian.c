/* wg_jacobian, wg_hessian: for small problems. A Jacobian is the vmap of a vjp over the unit
 * cotangents of y: as many sweeps as y has elements, in one. */
#include "graph/tape.h"
#include <wengert/ops.h>

typedef struct pair { const char *op; wg_var y, x; } pair;

static int row_of_jacobian(const wg_var *in, wg_var *out, void *user)
{
    const pair *of = user;
    out[0] = wg__vjp_for(of->op, of->y, of->x, in[0]);
    return 0;
}

/* [n, y...]: entry i is 1 at element i of y, else 0. */
static wg_var unit_cotangents(wg_tape *tape, const wg__type *y, int64_t n)
{
    wg__builder *b = &tape->builder;
    const wg__shape square = { .rank = 2, .dim = { n, n } };
    const wg__shape column = { .rank = 2, .dim = { n, 1 } };
    const wg__shape wide = wg__shape_with(n, &y->shape);
    const uint32_t place = wg_iota(tape, WG_I64, n).index;
    const uint32_t across = wg__emit_broadcast(b, place, &square);
    const uint32_t down =
        wg__emit_broadcast(b, wg__emit_reshape(b, place, &column), &square);
    const uint32_t is_unit = wg__emit2(b, WG__OP_eq, down, across);
    return wg__var_of(tape, wg__emit_reshape(b, wg__emit_cast(b, is_unit, y->dtype), &wide));
}

/* [n, x...] as [y..., x...]; error if that has too many axes. */
static wg_var axes_parted(wg_tape *tape, uint32_t rows, const wg__shape *y, const wg__shape *x)
{
    wg__shape shape = *y;
    for (int32_t i = 0; i < x->rank; i++) shape.dim[shape.rank++] = x->dim[i];
    return wg__var_of(tape, wg__emit_reshape(&tape->builder, rows, &shape));
}

static wg_var jacobian(const char *op, wg_var y, wg_var x)
{
    wg_var failed, rows;
    wg_tape *tape = wg__tape_of(op, 2, (const wg_var[2]){ y, x }, &failed);
    if (tape == NULL) return failed;
    failed = wg__var_of(tape, WG__NONE);
    const wg__type of = wg__tape_type(tape, y.index);
    const wg__shape by = *wg__tape_shape(tape, x.index);
    if (of.shape.rank + by.rank > WG_RANK_MAX) {
        wg__tape_refuse(tape, WG_ELIMIT, op, WG__NONE, "%d and %d axes are more than %d together",
                        (int)of.shape.rank, (int)by.rank, (int)WG_RANK_MAX);
        return failed;
    }
    if (!wg__dtype_is_float(of.dtype)) {
        wg__tape_refuse(tape, WG_EGRADIENT, op, WG__NONE, "no derivative of %s exists",
                        wg_dtype_name(of.dtype));
        return failed;
    }
    pair both = { op, y, x };
    const wg_var cotangents = unit_cotangents(tape, &of, wg__shape_count(&of.shape));
    if (wg_vmap(row_of_jacobian, &both, 1, &cotangents, 1, &rows) < 0) return failed;
    return axes_parted(tape, rows.index, &of.shape, &by);
}

wg_var wg_jacobian(wg_var y, wg_var x)
{
    return jacobian("jacobian", y, x);
}

wg_var wg_hessian(wg_var y, wg_var x)
{
    const wg_var gradient = wg__grad_for("hessian", y, x);
    return jacobian("hessian", gradient, x);
}

/* Derivatives along a direction, out of reverse sweeps alone.
 *
 * A sweep is linear in the cotangent it starts from: g(c) = J^T c. So the sweep of g by c, started
 * from a tangent v, gives J v. The value of c is never used: it is a zero of its own, which nothing
 * else on the tape shares. */
#include "graph/tape.h"

/* "the tangent is f32 [3], x is f64 [3]" */
static int type_expect(wg_tape *tape, const char *op, uint32_t tangent, uint32_t x)
{
    const wg__type given = wg__tape_type(tape, tangent), of = wg__tape_type(tape, x);
    if (given.dtype == of.dtype && wg__shape_equal(&given.shape, &of.shape)) return WG_OK;
    char text[300];
    wg__text why = wg__text_of(text, sizeof text);
    wg__text_add(&why, "the tangent is %s ", wg_dtype_name(given.dtype));
    wg__text_shape(&why, &given.shape);
    wg__text_add(&why, ", x is %s ", wg_dtype_name(of.dtype));
    wg__text_shape(&why, &of.shape);
    const int status = given.dtype != of.dtype ? WG_EDTYPE : WG_ESHAPE;
    return wg__tape_refuse(tape, status, op, WG__NONE, "%s", text);
}

wg_var wg_jvp(wg_var y, wg_var x, wg_var tangent)
{
    wg_var failed;
    const wg_var all[3] = { y, x, tangent };
    wg_tape *tape = wg__tape_of("jvp", 3, all, &failed);
    if (tape == NULL) return failed;
    if (type_expect(tape, "jvp", tangent.index, x.index) < 0) return wg__var_of(tape, WG__NONE);
    const uint32_t zero = wg__emit_full_like(&tape->builder, y.index, 0);
    const uint32_t own = wg__emit1(&tape->builder, WG__OP_stop_gradient, zero);
    const wg_var cotangent = wg__var_of(tape, own);
    return wg_vjp(wg_vjp(y, x, cotangent), cotangent, tangent);
}

/* A Hessian is symmetric, so its product with a tangent is a sweep of the gradient. */
wg_var wg_hvp(wg_var y, wg_var x, wg_var tangent)
{
    wg_var failed;
    const wg_var all[3] = { y, x, tangent };
    wg_tape *tape = wg__tape_of("hvp", 3, all, &failed);
    if (tape == NULL) return failed;
    if (type_expect(tape, "hvp", tangent.index, x.index) < 0) return wg__var_of(tape, WG__NONE);
    return wg_vjp(wg_grad(y, x), x, tangent);
}

/* Derivatives along a direction, out of reverse sweeps alone.
 *
 * A sweep is linear in the cotangent it starts from: g(c) = J^T c. So the sweep of g by c, started
 * from a tangent v, gives J v. The value of c is never used: it is a zero of its own, which nothing
 * else on the tape shares. */
#include "graph/tape.h"

/* A tangent has the type of its x. */
static int tangent_check(wg_tape *tape, const char *op, wg_var tangent, wg_var x)
{
    return wg__type_expect(tape, op, WG__NONE, "tangent", tangent.index, "x", x.index);
}

wg_var wg_jvp(wg_var y, wg_var x, wg_var tangent)
{
    wg_var failed;
    const wg_var all[3] = { y, x, tangent };
    wg_tape *tape = wg__tape_of("jvp", 3, all, &failed);
    if (tape == NULL) return failed;
    if (tangent_check(tape, "jvp", tangent, x) < 0) return wg__var_of(tape, WG__NONE);
    const uint32_t zero = wg__emit_full_like(&tape->builder, y.index, 0);
    const uint32_t own = wg__emit1(&tape->builder, WG__OP_stop_gradient, zero);
    const wg_var cotangent = wg__var_of(tape, own);
    return wg__vjp_for("jvp", wg__vjp_for("jvp", y, x, cotangent), cotangent, tangent);
}

/* A Hessian is symmetric, so its product with a tangent is a sweep of the gradient. */
wg_var wg_hvp(wg_var y, wg_var x, wg_var tangent)
{
    wg_var failed;
    const wg_var all[3] = { y, x, tangent };
    wg_tape *tape = wg__tape_of("hvp", 3, all, &failed);
    if (tape == NULL) return failed;
    if (tangent_check(tape, "hvp", tangent, x) < 0) return wg__var_of(tape, WG__NONE);
    return wg__vjp_for("hvp", wg__grad_for("hvp", y, x), x, tangent);
}

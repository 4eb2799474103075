/* Derivatives along a direction, and sweeps from several values: against formulas and against the
 * same by other ways. */
#include "support/replay.h"
#include "support/test.h"

#include <math.h>
#include <wengert/nn.h>

static wg_tape *tape;
static replay *run;

#define WITH_TAPE(name)                                                                            \
    static void forward_##name(void);                                                              \
    Test(forward, name)                                                                            \
    {                                                                                              \
        tape = wg_tape_create(NULL);                                                               \
        run = replay_attach(tape, WG__PORTABLE);                                                   \
        forward_##name();                                                                          \
        replay_free(run);                                                                          \
        wg_tape_free(tape);                                                                        \
    }                                                                                              \
    static void forward_##name(void)

static wg_var f64(const double *data, wg_shape shape)
{
    return wg_input(tape, NULL, wg_f64(data, shape));
}

static void check_values(wg_var x, int count, const double *expected, double tolerance)
{
    check_msg(wg__var_check(x) == WG_OK, "%s", wg_tape_message(tape));
    for (int i = 0; i < count; i++) check_close(replay_at(run, x, i), expected[i], tolerance);
}

/* Of A x along v: A v, exactly. */
WITH_TAPE(of_a_product_it_is_the_product_with_the_tangent)
{
    static const double a[6] = { 1, 2, 3, 4, 5, 6 }, x[3] = { 7, 8, 9 }, v[3] = { 1, 0, -2 };
    const wg_var at = f64(x, WG_SHAPE(3, 1)), tangent = f64(v, WG_SHAPE(3, 1));
    const wg_var y = wg_matmul(f64(a, WG_SHAPE(2, 3)), at);
    const wg_var r = wg_jvp(y, at, tangent);
    check(wg_shape_equal(wg_shape_of(r), WG_SHAPE(2, 1)));
    check_values(r, 2, (const double[]){ -5, -8 }, 0);
}

/* Elementwise: f'(x) v; and along v once more: f''(x) v v. */
WITH_TAPE(of_functions_it_is_the_derivative_times_the_tangent)
{
    static const double x[4] = { -1, 0, 0.5, 2 }, v[4] = { 1, 2, -1, 3 };
    const wg_var at = f64(x, WG_SHAPE(4)), tangent = f64(v, WG_SHAPE(4));
    wg_var y = wg_mul(wg_sin(at), wg_number(at, 1));
    for (int order = 0; order < 4; order++) {
        double expected[4];
        for (int i = 0; i < 4; i++)
            expected[i] = (order % 2 == 0 ? sin(x[i]) : cos(x[i])) * (order % 4 > 1 ? -1 : 1) *
                          pow(v[i], order);
        check_values(y, 4, expected, 1e-13);
        y = wg_jvp(y, at, tangent);
    }
}

/* A scalar y, numbers that formulas share with the zero it starts from, branches. */
WITH_TAPE(a_shared_zero_is_not_its_own)
{
    static const double x[3] = { -1, 2, 3 }, v[3] = { 5, 7, 11 };
    const wg_var at = f64(x, WG_SHAPE(3)), tangent = f64(v, WG_SHAPE(3));
    const wg_var y = wg_sum(wg_mul(wg_relu(at), wg_add(at, wg_number(at, 0))), WG_ALL);
    check_values(wg_jvp(y, at, tangent), 1, (const double[]){ 28 + 66 }, 0);
    const wg_var same = wg_mul(wg_full(tape, WG_F64, WG_SHAPE(3), 0), at);
    check_values(wg_jvp(same, at, tangent), 3, (const double[3]){ 0 }, 0);
}

WITH_TAPE(nothing_flows_where_nothing_depends)
{
    static const double x[2] = { 1, 2 };
    const wg_var at = f64(x, WG_SHAPE(2)), other = f64(x, WG_SHAPE(2));
    const wg_var y = wg_exp(other);
    check_values(wg_jvp(y, at, at), 2, (const double[2]){ 0 }, 0);
    check_values(wg_jvp(at, at, other), 2, x, 0);
}

/* Every kind of op: <g, J v> = <J^T g, v>. */
WITH_TAPE(both_ways_agree)
{
    double x[12], v[12], g[12];
    for (int i = 0; i < 12; i++) {
        x[i] = 0.3 + 0.1 * (i * 5 % 12);
        v[i] = 1 - 0.2 * i;
        g[i] = 0.5 + 0.1 * (i * 7 % 12);
    }
    const wg_var at = f64(x, WG_SHAPE(3, 4)), tangent = f64(v, WG_SHAPE(3, 4));
    const wg_var w = wg_windows(wg_tanh(at), 1, (wg_window){ .extent = 2, .pad_low = 1 });
    const wg_var pooled = wg_max(w, WG_AXES(-1));
    const wg_var chain = wg_linear_recurrence(at, wg_cumprod(pooled, 0, false, true), 1, false);
    const wg_var pair[2] = { chain, wg_sort(wg_log(at), 1) };
    const wg_var y = wg_softmax(wg_einsum("ij,kj->ik", 2, pair), 1);
    const wg_var cotangent = f64(g, WG_SHAPE(3, 3));
    const wg_var forth = wg_sum(wg_mul(wg_jvp(y, at, tangent), cotangent), WG_ALL);
    const wg_var back = wg_sum(wg_mul(wg_vjp(y, at, cotangent), tangent), WG_ALL);
    check_msg(wg_tape_status(tape) == WG_OK, "%s", wg_tape_message(tape));
    check(fabs(replay_at(run, back, 0)) > 1e-3);
    check_close(replay_at(run, forth, 0), replay_at(run, back, 0), 1e-13);
}

/* Of sum x^3 along v: 6 x v; of x' A x / 2 with A symmetric: A v. */
WITH_TAPE(hvp_is_the_hessian_times_the_tangent)
{
    static const double x[3] = { 1, -2, 0.5 }, v[3] = { 3, 1, 4 };
    static const double a[9] = { 2, 1, 0, 1, 3, -1, 0, -1, 5 };
    const wg_var at = f64(x, WG_SHAPE(3)), tangent = f64(v, WG_SHAPE(3));
    const wg_var cube = wg_sum(wg_mul(at, wg_mul(at, at)), WG_ALL);
    check_values(wg_hvp(cube, at, tangent), 3, (const double[]){ 18, -12, 12 }, 0);
    const wg_var list[3] = { at, f64(a, WG_SHAPE(3, 3)), at };
    const wg_var form = wg_scale(wg_einsum("i,ij,j->", 3, list), 0.5);
    check_values(wg_hvp(form, at, tangent), 3, (const double[]){ 7, 2, 19 }, 0);
    check_values(wg_hvp(wg_sum(at, WG_ALL), at, tangent), 3, (const double[3]){ 0 }, 0);
}

/* Two values, one made of the other, by two: the sum of both sweeps. */
WITH_TAPE(one_sweep_from_several_values_is_the_sum_of_theirs)
{
    static const double x[2] = { 2, 3 }, w[2] = { 5, 7 };
    const wg_var at = f64(x, WG_SHAPE(2)), weight = f64(w, WG_SHAPE(2));
    const wg_var square = wg_mul(at, at), far = wg_sum(wg_mul(square, weight), WG_ALL);
    const wg_var y[3] = { far, square, weight };
    const wg_var cotangent[3] = { wg_full(tape, WG_F64, WG_SCALAR, 10), weight, at };
    const wg_var by[2] = { at, weight };
    wg_var g[2];
    check_status(wg_vjps(3, y, cotangent, 2, by, g), WG_OK);
    check_values(g[0], 2, (const double[]){ 10 * 5 * 4 + 5 * 4, 10 * 7 * 6 + 7 * 6 }, 0);
    check_values(g[1], 2, (const double[]){ 10 * 4 + 2, 10 * 9 + 3 }, 0);
    check_status(wg_vjps(1, &y[1], &cotangent[1], 1, &by[1], g), WG_OK);
    check_values(g[0], 2, (const double[2]){ 0 }, 0);
    check_status(wg_vjps(3, y, cotangent, 0, NULL, NULL), WG_OK);
}

static void check_message(int status, const char *message)
{
    check_status(wg_tape_status(tape), status);
    check_contains(wg_tape_message(tape), message);
    replay_free(run);
    wg_tape_reset(tape);
    run = replay_attach(tape, WG__PORTABLE);
}

WITH_TAPE(tangents_and_cotangents_have_their_types)
{
    static const double x[3] = { 1, 2, 3 };
    wg_var at = f64(x, WG_SHAPE(3));
    check(wg__var_check(wg_jvp(at, at, wg_number(at, 1))) < 0);
    check_message(WG_ESHAPE, "jvp: the tangent is f64 [], x is f64 [3]");
    at = f64(x, WG_SHAPE(3));
    check(wg__var_check(wg_hvp(wg_sum(at, WG_ALL), at, wg_cast(at, WG_F32))) < 0);
    check_message(WG_EDTYPE, "hvp: the tangent is f32 [3], x is f64 [3]");
    at = f64(x, WG_SHAPE(3));
    check(wg__var_check(wg_jvp(at, wg_number(at, 2), wg_number(at, 2))) < 0);
    check_message(WG_EGRADIENT,
                  "jvp: by a number, which others share: use wg_full or wg_scalar");
    at = f64(x, WG_SHAPE(3));
    check(wg__var_check(wg_hvp(at, at, at)) < 0);
    check_message(WG_ESHAPE, "hvp: [3] is not a scalar: sum it first");
    at = f64(x, WG_SHAPE(3));
    check(wg__var_check(wg_hessian(at, at)) < 0);
    check_message(WG_ESHAPE, "hessian: [3] is not a scalar: sum it first");
    at = f64(x, WG_SHAPE(3));
    check(wg__var_check(wg_jacobian(at, wg_cast(at, WG_I32))) < 0);
    check_message(WG_EGRADIENT, "jacobian: no derivative by i32 exists");
    at = f64(x, WG_SHAPE(3));
    wg_var g;
    const wg_var y[2] = { at, wg_sum(at, WG_ALL) }, both[2] = { at, at };
    check_status(wg_vjps(2, y, both, 1, &at, &g), WG_ESHAPE);
    check_message(WG_ESHAPE, "vjps: the cotangent is f64 [3], y is f64 []");
    at = f64(x, WG_SHAPE(3));
    check_status(wg_vjps(1, &at, NULL, 1, &at, &g), WG_EINVALID);
    check_message(WG_EINVALID, "vjps: an array is NULL");
    check_status(wg_vjps(0, NULL, NULL, 0, NULL, NULL), WG_EINVALID);
}

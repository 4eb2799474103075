/* Gates of one half by the other, and activations with parameters: against formulas in double,
 * their derivatives against differences, and what they refuse. */
#include "graph/lab.h"
#include <math.h>

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double gelu(double x)
{
    return x * erfc(-x / sqrt(2)) / 2;
}

static int apply(const wg_var *in, wg_var *out, void *user)
{
    wg_activation *const *f = user;
    out[0] = (*f)(in[0]);
    return WG_OK;
}

Test(activation_gate, halves_gate_each_other)
{
    const double x[8] = { 1, -2, 0.5, 3, 0, 4, -1, 0.25 };
    wg_activation *f[3] = { wg_glu, wg_swiglu, wg_geglu };
    const lab l = lab_open(1);
    wg_var input = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(2, 4)));
    for (int k = 0; k < 3; k++) {
        double value[4];
        wg_var y = f[k](input);
        check(wg_shape_equal(wg_shape_of(y), WG_SHAPE(2, 2)));
        lab_read(l, y, value, 4);
        for (int i = 0; i < 4; i++) {
            const double a = x[i / 2 * 4 + i % 2], b = x[i / 2 * 4 + 2 + i % 2];
            const double expected[3] = { a * sigmoid(b), a * sigmoid(a) * b, gelu(a) * b };
            check_close(value[i], expected[k], 4 * DBL_EPSILON * (1 + fabs(expected[k])));
        }
        wg_error error = { 0 };
        const wg_view view = wg_f64(x, WG_SHAPE(2, 4));
        const int status =
            wg_check_gradient(l.runtime, apply, &f[k], 1, &view, NULL, NULL, &error);
        check_msg(status == WG_OK, "%s", wg_explain(status, NULL, &error));
    }
    lab_close(l);
}

/* An infinite gate is open or shut, as silu is at its ends. */
Test(activation_gate, infinities_open_and_shut)
{
    const double x[4] = { -INFINITY, 3, 2, 5 };
    const lab l = lab_open(1);
    double value[2];
    lab_read(l, wg_swiglu(wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(4)))), value, 2);
    check(value[0] == 0);
    check_close(value[1], 15 * sigmoid(3), 4e-15);
    lab_close(l);
}

Test(activation_gate, what_has_no_halves_is_refused)
{
    const float x[6] = { 0 };
    const lab l = lab_open(1);
    ignore(wg_glu(wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 3)))));
    lab_refused(l, WG_ESHAPE, "glu: [2, 3]: the last axis has no halves (test_activation_gate.c");
    ignore(wg_geglu(wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(1)))));
    lab_refused(l, WG_ESHAPE, "geglu: [1]: the last axis has no halves (test_activation_gate.c");
    ignore(wg_swiglu(wg_input(l.tape, "x", wg_f32(x, WG_SCALAR))));
    lab_refused(l, WG_EAXIS, "(test_activation_gate.c");
    wg_var none = wg_glu(wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(3, 0))));
    check(wg_shape_equal(wg_shape_of(none), WG_SHAPE(3, 0)));
    lab_close(l);
}

/* ---- parameters ---- */

Test(activation_gate, prelu_learns_a_slope_a_feature)
{
    const float x[6] = { -2, -2, 3, 0, 5, -1 }, slope[3] = { 0.5f, -1, 2 };
    const lab l = lab_open(1);
    wg_scope scope = lab_scope(l, WG_TRAINING);
    float value[6];
    wg_var input = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 3)));
    lab_read_f32(l, wg_prelu(scope, "p", input), value, 6);
    check(value[0] == -0.5f && value[2] == 3 && value[5] == -0.25f);
    lab_put(l, "p/slope", slope, WG_SHAPE(3));
    scope = lab_scope(l, WG_TRAINING);
    input = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 3)));
    wg_var y = wg_prelu(scope, "p", input), w;
    check_equal_i(wg_parameters(scope, 1, &w), 1);
    float by_slope[3], by_x[6];
    lab_read_f32(l, y, value, 6);
    lab_read_f32(l, wg_grad(wg_sum(y, WG_ALL), w), by_slope, 3);
    lab_read_f32(l, wg_grad(wg_sum(y, WG_ALL), input), by_x, 6);
    const float expected[6] = { -1, 2, 3, 0, 5, -2 }, slopes[6] = { 0.5f, -1, 1, 0.5f, 1, 2 };
    for (int i = 0; i < 6; i++) check(value[i] == expected[i] && by_x[i] == slopes[i]);
    check(by_slope[0] == -2 && by_slope[1] == -2 && by_slope[2] == -1);
    check(wg_find(scope, "p").index == y.index);
    lab_close(l);
}

/* Two pieces of one feature: x and -x make its absolute value. */
Test(activation_gate, maxout_takes_the_largest_piece)
{
    const float x[3] = { -2, 0, 3 }, weight[2] = { 1, -1 }, bias[2] = { 0, 0 };
    const lab l = lab_open(1);
    lab_put(l, "m/weight", weight, WG_SHAPE(1, 2));
    lab_put(l, "m/bias", bias, WG_SHAPE(2));
    wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var input = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(3, 1)));
    wg_var y = wg_maxout(scope, "m", input, 1, 2);
    check(wg_shape_equal(wg_shape_of(y), WG_SHAPE(3, 1)));
    float value[3], gradient[3];
    lab_read_f32(l, y, value, 3);
    lab_read_f32(l, wg_grad(wg_sum(y, WG_ALL), input), gradient, 3);
    check(value[0] == 2 && value[1] == 0 && value[2] == 3);
    check(gradient[0] == -1 && gradient[1] == 0 && gradient[2] == 1);
    lab_close(l);
}

Test(activation_gate, parameters_that_make_no_layer_are_refused)
{
    const float x[4] = { 0 };
    const lab l = lab_open(1);
    const int64_t bad[3][2] = { { 3, 0 }, { -1, 2 }, { INT64_MAX, 2 } };
    for (int k = 0; k < 3; k++) {
        wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var input = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 2)));
        ignore(wg_maxout(scope, "m", input, bad[k][0], bad[k][1]));
        lab_refused(l, WG_EINVALID,
                    "m: maxout: [2, 2]: no layer has such features of pieces (test_");
    }
    wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var deep = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(1, 1, 1, 1, 1, 1, 1, 2)));
    ignore(wg_maxout(scope, "m", deep, 2, 2));
    lab_refused(l, WG_ELIMIT, "8 axes leave none for the pieces");
    scope = lab_scope(l, WG_TRAINING);
    ignore(wg_maxout(scope, "m", wg_input(l.tape, "x", wg_f32(x, WG_SCALAR)), 2, 2));
    lab_refused(l, WG_EAXIS, "(test_activation_gate.c");
    scope = lab_scope(l, WG_TRAINING);
    ignore(wg_prelu(scope, "p", wg_input(l.tape, "x", wg_f32(x, WG_SCALAR))));
    lab_refused(l, WG_EAXIS, "(test_activation_gate.c");
    lab_close(l);
}

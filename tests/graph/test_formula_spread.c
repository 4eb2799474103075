/* Variance, deviation, norm and product: against their definitions, at sizes whose squares do not
 * exist, and at points where a root has no slope. */
#include "graph/lab.h"
#include <math.h>

typedef wg_var reduction(wg_var x, wg_axes axes);

/* Of one row: the value, its gradient, and whether the second derivative is finite. */
static double evaluate(reduction *f, const double *x, int64_t count, double *gradient)
{
    const lab l = lab_open(1);
    wg_var input = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(count)));
    wg_var y = f(input, WG_ALL);
    const double value = lab_item(l, y);
    wg_var g = wg_grad(y, input);
    lab_read(l, g, gradient, count);
    double second[16];
    lab_read(l, wg_grad(wg_sum(g, WG_ALL), input), second, count);
    for (int64_t i = 0; i < count; i++) check(isfinite(second[i]) || !isfinite(value));
    lab_close(l);
    return value;
}

static int apply(const wg_var *in, wg_var *out, void *user)
{
    reduction *const *f = user;
    out[0] = (*f)(in[0], WG_AXES(1));
    return WG_OK;
}

Test(formula_spread, derivatives_are_differences_to_third_order)
{
    const double x[12] = { 1, -2, 0.5, 3, 0.25, 4, -1, 0.75, 2, -3, 1.5, -0.5 };
    reduction *f[3] = { wg_variance, wg_std, wg_norm };
    const lab l = lab_open(1);
    for (int k = 0; k < 3; k++) {
        const wg_view view = wg_f64(x, WG_SHAPE(3, 4));
        const wg_check_options options = { .order = 3 };
        wg_error error = { 0 };
        const int status =
            wg_check_gradient(l.runtime, apply, &f[k], 1, &view, &options, NULL, &error);
        check_msg(status == WG_OK, "%s", wg_explain(status, NULL, &error));
    }
    lab_close(l);
}

/* A mean of 1e9 beside a spread of 1: in one pass all digits would be gone. */
Test(formula_spread, a_large_mean_costs_no_digits)
{
    const double x[5] = { 1e9 + 1, 1e9 - 1, 1e9 + 2, 1e9 - 2, 1e9 };
    double gradient[5];
    check(evaluate(wg_variance, x, 5, gradient) == 2);
    const double expected[5] = { 0.4, -0.4, 0.8, -0.8, 0 };
    for (int i = 0; i < 5; i++) check_close(gradient[i], expected[i], 4 * DBL_EPSILON);
    check_close(evaluate(wg_std, x, 5, gradient), sqrt(2), 4e-16);
    check_close(gradient[2], 0.4 / sqrt(2), 4e-16);
}

Test(formula_spread, where_nothing_varies_nothing_pulls)
{
    const double same[3] = { 0.1, 0.1, 0.1 }, one = 7;
    double gradient[3];
    check_close(evaluate(wg_variance, same, 3, gradient), 0, 1e-33);
    check_close(evaluate(wg_variance, &one, 1, gradient), 0, 0);
    check(gradient[0] == 0);
    check(evaluate(wg_std, (const double[]){ 4, 4, 4 }, 3, gradient) == 0);
    for (int i = 0; i < 3; i++) check(gradient[i] == 0);
}

Test(formula_spread, norm_has_no_smallest_and_no_largest)
{
    const double root = 0.70710678118654752;
    double gradient[2];
    check(evaluate(wg_norm, (const double[]){ 0, 0 }, 2, gradient) == 0);
    check(gradient[0] == 0 && gradient[1] == 0);
    for (int k = 0; k < 4; k++) {
        const double size[4] = { 1e-200, 1e200, 1e-307, 1e308 };
        const double x[2] = { size[k], -size[k] };
        const double value = evaluate(wg_norm, x, 2, gradient);
        check_close(value / size[k], sqrt(2), 4e-16);
        check_close(gradient[0], root, 4e-16);
        check_close(gradient[1], -root, 4e-16);
    }
    check(evaluate(wg_norm, (const double[]){ 3, -4 }, 2, gradient) == 5);
    check_close(gradient[0], 0.6, 2e-16);
    check_close(gradient[1], -0.8, 2e-16);
    check(evaluate(wg_norm, (const double[]){ INFINITY, 1 }, 2, gradient) == INFINITY);
    check(isnan(evaluate(wg_norm, (const double[]){ NAN, 1 }, 2, gradient)));
}

/* The three ways of naming axes; rows of different sizes do not disturb each other. */
Test(formula_spread, axes_are_those_of_a_sum)
{
    const double x[4] = { 3e-200, 4e-200, 5e200, 12e200 };
    const lab l = lab_open(1);
    double value[4];
    wg_var v = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(2, 2)));
    wg_var rows = wg_norm(v, WG_AXES(1)), kept = wg_norm(v, WG_KEEP(-1));
    check(wg_shape_equal(wg_shape_of(rows), WG_SHAPE(2)));
    check(wg_shape_equal(wg_shape_of(kept), WG_SHAPE(2, 1)));
    lab_read(l, rows, value, 2);
    lab_read(l, wg_reshape(kept, WG_SHAPE(2)), value + 2, 2);
    for (int i = 0; i < 4; i++) check_close(value[i] / (i % 2 ? 13e200 : 5e-200), 1, 4e-16);
    check(wg_shape_equal(wg_shape_of(wg_variance(v, WG_KEEP(0))), WG_SHAPE(1, 2)));
    check_equal_i(wg_shape_of(wg_std(v, WG_ALL)).rank, 0);
    wg_var none = wg_norm(wg_full(l.tape, WG_F64, WG_SHAPE(0), 1), WG_ALL);
    check(lab_item(l, none) == 0);
    ignore(wg_norm(v, WG_AXES(2)));
    lab_refused(l, WG_EAXIS, "(test_formula_spread.c");
    lab_close(l);
}

Test(formula_spread, dot_is_a_sum_of_products)
{
    const double x[4] = { 1, 2, 3, 4 }, y[2] = { 10, 100 };
    const lab l = lab_open(1);
    double gradient[2];
    wg_var a = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(2, 2)));
    wg_var b = wg_input(l.tape, "y", wg_f64(y, WG_SHAPE(2)));
    wg_var dot = wg_dot(a, b);
    check_equal_i(wg_shape_of(dot).rank, 0);
    check(lab_item(l, dot) == 640);
    lab_read(l, wg_grad(dot, b), gradient, 2);
    check(gradient[0] == 4 && gradient[1] == 6);
    lab_close(l);
}

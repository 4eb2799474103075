/* Short formulas and exponential sums: against formulas in double, and against the goldens of
 * functions that they are for two elements: logsumexp(x, 0) is softplus, softmax(x, 0) sigmoid. */
#include "golden/nn.h"
#include "graph/lab.h"
#include <math.h>
#include <string.h>

enum { ORDERS = 4 };

typedef wg_var row_function(wg_var x);

/* f of one row, its values and the gradient of their sum. */
static void evaluate(row_function *f, const double *x, int64_t count, double *value,
                     int64_t value_count, double *gradient)
{
    const lab l = lab_open(1);
    wg_var input = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(count)));
    wg_var y = f(input);
    lab_read(l, y, value, value_count);
    lab_read(l, wg_grad(wg_sum(y, WG_ALL), input), gradient, count);
    lab_close(l);
}

static wg_var sum_of_exponentials(wg_var x)
{
    return wg_logsumexp(x, WG_ALL);
}

static wg_var softmax(wg_var x)
{
    return wg_softmax(x, -1);
}

static wg_var log_softmax(wg_var x)
{
    return wg_log_softmax(x, -1);
}

/* ---- one-liners ---- */

Test(formula, short_ones_are_what_they_say)
{
    const lab l = lab_open(1);
    const double x[4] = { 3, -0.75, 1e200, 0 };
    double value[4];
    wg_var v = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(4)));
    lab_read(l, wg_scale(v, 0.1), value, 4);
    for (int i = 0; i < 4; i++) check(value[i] == x[i] * 0.1);
    lab_read(l, wg_shift(v, 0.1), value, 4);
    for (int i = 0; i < 4; i++) check(value[i] == x[i] + 0.1);
    lab_read(l, wg_square(v), value, 4);
    for (int i = 0; i < 4; i++) check(value[i] == x[i] * x[i]);
    lab_read(l, wg_reciprocal(v), value, 4);
    for (int i = 0; i < 4; i++) check(value[i] == 1 / x[i]);
    lab_read(l, wg_grad(wg_sum(wg_square(v), WG_ALL), v), value, 4);
    for (int i = 0; i < 4; i++) check(value[i] == 2 * x[i]);
    ignore(wg_scale(wg_cast(v, WG_I32), 0.5));
    lab_refused(l, WG_EINVALID, "number: 0.5 is no i32 (test_formula.c");
    lab_close(l);
}

/* Value and slope of f at one number. */
static void slope_at(wg_activation *f, double point, double *value, double *slope)
{
    const lab l = lab_open(1);
    wg_var x = wg_scalar(l.tape, "x", WG_F64, point);
    wg_var y = f(x);
    *value = lab_item(l, y);
    *slope = lab_item(l, wg_grad(y, x));
    lab_close(l);
}

static wg_var clamped(wg_var x)
{
    return wg_clamp(x, -1, 2);
}

static wg_var crossed(wg_var x)
{
    return wg_clamp(x, 2, -1);
}

typedef struct point { wg_activation *f; double x, value, slope; } point;

/* Bounds belong to the interval; where they cross the upper one is left. */
Test(formula, kinks_of_short_ones_are_as_said)
{
    const point points[] = {
        { clamped, -1, -1, 1 },        { clamped, 2, 2, 1 },   { clamped, 0.5, 0.5, 1 },
        { clamped, -1.5, -1, 0 },      { clamped, 3, 2, 0 },   { clamped, INFINITY, 2, 0 },
        { clamped, -INFINITY, -1, 0 }, { crossed, 0, -1, 0 },  { crossed, 5, -1, 0 },
        { crossed, -5, -1, 0 },        { crossed, -1, -1, 0 }, { crossed, 2, -1, 0 },
        { wg_safe_sqrt, 0, 0, 0 },     { wg_safe_sqrt, -0.0, 0, 0 },
        { wg_safe_sqrt, 4, 2, 0.25 },  { wg_safe_sqrt, INFINITY, INFINITY, 0 },
        { wg_cube, -3, -27, 27 },      { wg_cube, 0, 0, 0 },
    };
    double value, slope;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        slope_at(points[i].f, points[i].x, &value, &slope);
        check_msg(value == points[i].value && slope == points[i].slope, "%zu: %g, slope %g", i,
                  value, slope);
    }
    slope_at(clamped, NAN, &value, &slope);
    check(isnan(value));
    slope_at(wg_safe_sqrt, -1, &value, &slope);
    check(isnan(value));
    const int32_t whole[3] = { -7, 1, 7 };
    const lab l = lab_open(1);
    int32_t held[3];
    wg_var v = wg_input(l.tape, "x", wg_i32(whole, WG_SHAPE(3)));
    check_status(wg_read_i32(l.runtime, wg_clamp(v, -2, 5), held, 3), WG_OK);
    check(held[0] == -2 && held[1] == 1 && held[2] == 5);
    ignore(wg_clamp(v, 0.5, 5));
    lab_refused(l, WG_EINVALID, "0.5 is no i32 (test_formula.c");
    lab_close(l);
}

typedef struct product { double x, y, value, by_x, by_y; } product;

Test(formula, xlogy_is_zero_where_x_is)
{
    const product products[] = {
        { 0, 0, 0, 0, 0 },        { 0, 2, 0, 0.69314718055994531, 0 },
        { 0, INFINITY, 0, 0, 0 }, { 0, -1, 0, 0, 0 },
        { 2, 1, 0, 0, 2 },        { 3, 2, 2.0794415416798357, 0.69314718055994531, 1.5 },
        { 1, 0, -INFINITY, -INFINITY, INFINITY },
    };
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        const product *p = &products[i];
        const lab l = lab_open(1);
        wg_var x = wg_scalar(l.tape, "x", WG_F64, p->x), y = wg_scalar(l.tape, "y", WG_F64, p->y);
        wg_var r = wg_xlogy(x, y);
        check(lab_item(l, r) == p->value);
        check(lab_item(l, wg_grad(r, x)) == p->by_x);
        check(lab_item(l, wg_grad(r, y)) == p->by_y);
        lab_close(l);
    }
    const lab l = lab_open(1);
    wg_var none = wg_scalar(l.tape, "y", WG_F64, NAN);
    check(isnan(lab_item(l, wg_xlogy(wg_number(none, 0), none))));
    lab_close(l);
}

/* ---- exponential sums ---- */

/* f(x, 0) to third order by x. */
static void check_pair(lab l, const nn_golden *golden, wg_var (*f)(wg_var pair), wg_dtype dtype)
{
    const double x = golden->x, eps = eps_of(dtype);
    wg_tape_reset(l.tape);
    wg_var by = wg_scalar(l.tape, "x", dtype, x);
    wg_var pair[2] = { by, wg_full(l.tape, dtype, WG_SCALAR, 0) };
    wg_var y = f(wg_stack(2, pair, 0));
    if (wg_shape_of(y).rank > 0) y = wg_reshape(wg_slice(y, 0, 0, 1, 1), WG_SCALAR);
    for (int order = 0; order < ORDERS; order++) {
        const double expected = golden->value[order], found = lab_item(l, y);
        /* The addends of a derivative are powers of probabilities, 1 at most. */
        const double bound = 4 * (fmin(fabs(x), 30) + 1 + fabs(expected)) * eps;
        check_msg(fabs(found - expected) <= bound, "%s at %g, order %d: %.17g is not %.17g",
                  golden->name, x, order, found, expected);
        y = wg_grad(y, by);
    }
}

Test(formula, two_elements_are_softplus_and_sigmoid)
{
    const lab l = lab_open(1);
    for (size_t i = 0; i < sizeof nn_goldens / sizeof nn_goldens[0]; i++) {
        const nn_golden *golden = &nn_goldens[i];
        const bool is_softplus = strcmp(golden->name, "softplus") == 0;
        if (!is_softplus && strcmp(golden->name, "sigmoid") != 0) continue;
        row_function *f = is_softplus ? sum_of_exponentials : softmax;
        check_pair(l, golden, f, WG_F64);
        if ((double)(float)golden->x == golden->x) check_pair(l, golden, f, WG_F32);
    }
    lab_close(l);
}

Test(formula, logsumexp_at_infinity)
{
    double value, gradient[2];
    evaluate(sum_of_exponentials, (const double[]){ -INFINITY, -INFINITY }, 2, &value, 1, gradient);
    check(value == -INFINITY && gradient[0] == 0 && gradient[1] == 0);
    evaluate(sum_of_exponentials, (const double[]){ INFINITY, 0 }, 2, &value, 1, gradient);
    check(value == INFINITY && isnan(gradient[0]));
    evaluate(sum_of_exponentials, (const double[]){ -INFINITY, 3 }, 2, &value, 1, gradient);
    check(value == 3 && gradient[0] == 0 && gradient[1] == 1);
    evaluate(sum_of_exponentials, (const double[]){ 10000, 9999 }, 2, &value, 1, gradient);
    check_close(value, 10000 + log1p(exp(-1)), 2e-12); /* one unit of 10000 */
    check_close(gradient[0], 1 / (1 + exp(-1)), 1e-15);
}

/* The three ways of naming axes, by the sum itself. */
Test(formula, logsumexp_over_axes)
{
    const double x[6] = { 0.5, -1, 2, 0, 3, -2 };
    const wg_axes axes[3] = { WG_ALL, WG_AXES(1), WG_KEEP(0) };
    const int64_t count[3] = { 1, 2, 3 };
    const int32_t rank[3] = { 0, 1, 2 };
    double expected[3][3] = { { 0 } };
    for (int i = 0; i < 6; i++) {
        expected[0][0] += exp(x[i]);
        expected[1][i / 3] += exp(x[i]);
        expected[2][i % 3] += exp(x[i]);
    }
    const lab l = lab_open(1);
    wg_var v = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(2, 3)));
    for (int k = 0; k < 3; k++) {
        double value[3];
        wg_var y = wg_logsumexp(v, axes[k]);
        check_equal_i(wg_shape_of(y).rank, rank[k]);
        lab_read(l, y, value, count[k]);
        for (int64_t i = 0; i < count[k]; i++) {
            const double r = log(expected[k][i]);
            check_close(value[i], r, 4 * DBL_EPSILON * (fabs(r) + 1));
        }
    }
    lab_close(l);
}

Test(formula, softmax_of_the_largest_numbers)
{
    double value[3], gradient[3];
    evaluate(softmax, (const double[]){ 1e308, 0, -1e308 }, 3, value, 3, gradient);
    check(value[0] == 1 && value[1] == 0 && value[2] == 0);
    for (int i = 0; i < 3; i++) check(isfinite(gradient[i]));
    evaluate(softmax, (const double[]){ 1000, -1000, 999 }, 3, value, 3, gradient);
    check_close(value[0], 1 / (1 + exp(-1)), 2e-16);
    check(value[1] == 0);
    evaluate(log_softmax, (const double[]){ 1000, -1000, 1000 }, 3, value, 3, gradient);
    check_close(value[1], -2000 - log(2), 5e-13); /* one unit of 2000 */
    check_close(value[0], -log(2), 2e-16);
}

/* A row of which nothing is left is NaN; the row beside it does not notice. */
Test(formula, softmax_of_an_empty_row_stays_there)
{
    const double x[6] = { -INFINITY, -INFINITY, -INFINITY, 1, 2, 3 };
    const lab l = lab_open(1);
    double value[6], alone[3], gradient[6];
    wg_var v = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(2, 3)));
    wg_var y = wg_softmax(v, 1);
    lab_read(l, y, value, 6);
    for (int i = 0; i < 3; i++) check(isnan(value[i]));
    lab_read(l, wg_softmax(wg_slice(v, 0, 1, 2, 1), 1), alone, 3);
    check_bytes(value + 3, alone, sizeof alone);
    /* Masked, it is 0 with gradient 0. */
    wg_var is_empty = wg_eq(wg_max(v, WG_KEEP(1)), wg_number(v, -INFINITY));
    wg_var masked = wg_select(is_empty, wg_number(v, 0), y);
    lab_read(l, masked, value, 6);
    lab_read(l, wg_grad(wg_sum(wg_square(masked), WG_ALL), v), gradient, 6);
    for (int i = 0; i < 3; i++) check(value[i] == 0 && gradient[i] == 0);
    for (int i = 3; i < 6; i++) check(isfinite(gradient[i]));
    lab_close(l);
}

/* Rows sum to 1, a shift changes nothing, rows of a gradient sum to 0, the Hessian of logsumexp is
 * diag(p) - p p'. */
Test(formula, softmax_is_a_distribution)
{
    enum { N = 5 };
    const double x[N] = { 0.25, -1.5, 2, 0, -3 }, weight[N] = { 1, -2, 0.5, 3, 1.5 };
    const lab l = lab_open(1);
    double p[N], moved[N], gradient[N], hessian[N * N];
    wg_var v = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(N)));
    wg_var w = wg_input(l.tape, "w", wg_f64(weight, WG_SHAPE(N)));
    wg_var y = wg_softmax(v, 0);
    lab_read(l, y, p, N);
    lab_read(l, wg_softmax(wg_shift(v, 64), 0), moved, N);
    lab_read(l, wg_grad(wg_sum(wg_mul(w, y), WG_ALL), v), gradient, N);
    lab_read(l, wg_hessian(wg_logsumexp(v, WG_ALL), v), hessian, N * N);
    double sum = 0, flow = 0, size = 0;
    for (int i = 0; i < N; i++) {
        sum += p[i];
        flow += gradient[i];
        size = fmax(size, fabs(gradient[i]));
        check(moved[i] == p[i]); /* these points survive the shift exactly */
        for (int j = 0; j < N; j++)
            check_close(hessian[i * N + j], (i == j ? p[i] : 0) - p[i] * p[j], 4 * DBL_EPSILON);
    }
    check_close(sum, 1, 2 * DBL_EPSILON);
    check_close(flow, 0, 4 * DBL_EPSILON * size);
    lab_close(l);
}

/* ---- weighted mean ---- */

/* Weight 0 hides a NaN, and nothing of it reaches the gradient; total weight 0 gives 0. */
Test(formula, weighted_mean_hides_what_has_no_weight)
{
    const double x[3] = { 1, NAN, 4 }, weight[3] = { 1, 0, 3 }, none[3] = { 0 };
    const lab l = lab_open(1);
    wg_var input = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(3)));
    wg_var mean = wg_weighted_mean(input, wg_input(l.tape, "w", wg_f64(weight, WG_SHAPE(3))));
    wg_var empty = wg_weighted_mean(input, wg_input(l.tape, "none", wg_f64(none, WG_SHAPE(3))));
    double gradient[3];
    check(lab_item(l, mean) == 3.25);
    lab_read(l, wg_grad(mean, input), gradient, 3);
    check(gradient[0] == 0.25 && gradient[1] == 0 && gradient[2] == 0.75);
    check(lab_item(l, empty) == 0);
    lab_read(l, wg_grad(empty, input), gradient, 3);
    for (int i = 0; i < 3; i++) check(gradient[i] == 0);
    lab_close(l);
}

Test(formula, weights_may_be_flags_counts_or_one_a_row)
{
    const float x[4] = { 1, 3, 5, 11 };
    const uint8_t seen[4] = { 1, 0, 1, 0 };
    const int64_t times[2] = { 1, 3 };
    const lab l = lab_open(1);
    wg_var v = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 2)));
    wg_var flag = wg_cast(wg_input(l.tape, "seen", wg_u8(seen, WG_SHAPE(2, 2))), WG_BOOL);
    check(lab_item(l, wg_weighted_mean(v, flag)) == 3);
    wg_var count = wg_input(l.tape, "times", wg_i64(times, WG_SHAPE(2, 1)));
    check(lab_item(l, wg_weighted_mean(v, count)) == (1 + 3 + 3 * (5 + 11)) / 8.0);
    ignore(wg_weighted_mean(v, wg_input(l.tape, "bad", wg_i64(times, WG_SHAPE(2, 1, 1)))));
    lab_refused(l, WG_ESHAPE, "broadcast: [2, 1, 1] does not stretch to [2, 2] (test_formula.c");
    ignore(wg_weighted_mean((wg_var){ 0 }, wg_full(l.tape, WG_F32, WG_SHAPE(3), 1)));
    lab_refused(l, WG_EINVALID, "is the null value (test_formula.c");
    lab_close(l);
}

/* ---- classes ---- */

Test(formula, one_hot_is_one_at_its_class)
{
    const uint8_t index[3] = { 2, 0, 1 };
    const double expected[9] = { 0, 0, 1, 1, 0, 0, 0, 1, 0 };
    const wg_dtype from[4] = { WG_U8, WG_I32, WG_I64, WG_I64 };
    const wg_dtype to[4] = { WG_F64, WG_F32, WG_BOOL, WG_I32 };
    const lab l = lab_open(1);
    for (int k = 0; k < 4; k++) {
        wg_tape_reset(l.tape);
        wg_var i = wg_cast(wg_input(l.tape, "i", wg_u8(index, WG_SHAPE(3))), from[k]);
        wg_var hot = wg_one_hot(i, 3, to[k]);
        check_equal_i(wg_dtype_of(hot), to[k]);
        double value[9];
        lab_read(l, wg_cast(hot, WG_F64), value, 9);
        check_bytes(value, expected, sizeof value);
    }
    wg_tape_reset(l.tape);
    wg_var flag = wg_full(l.tape, WG_BOOL, WG_SHAPE(1), 1);
    double value[2];
    lab_read(l, wg_one_hot(flag, 2, WG_F64), value, 2);
    check(value[0] == 0 && value[1] == 1);
    lab_close(l);
}

Test(formula, one_hot_refuses_what_is_no_class)
{
    const lab l = lab_open(1);
    const int64_t beyond[3] = { 3, -1, INT64_C(1) << 40 };
    for (int k = 0; k < 3; k++) {
        wg_tape_reset(l.tape);
        wg_var index = wg_input(l.tape, "i", wg_i64(&beyond[k], WG_SHAPE(1)));
        double value[3];
        wg_var hot = wg_one_hot(index, 3, WG_F64);
        check_status(wg_read_f64(l.runtime, hot, value, 3), WG_EINDEX);
        check_contains(wg_tape_message(l.tape), "test_formula.c");
    }
    wg_tape_reset(l.tape);
    ignore(wg_one_hot(wg_full(l.tape, WG_F32, WG_SHAPE(2), 1), 3, WG_F32));
    lab_refused(l, WG_EDTYPE, "the index must be i32 or i64, not f32 (test_formula.c");
    ignore(wg_one_hot(wg_full(l.tape, WG_I32, WG_SHAPE(2), 1), -3, WG_F32));
    lab_refused(l, WG_ESHAPE, "[-3] is no shape (test_formula.c");
    ignore(wg_one_hot(wg_full(l.tape, WG_I32, WG_SHAPE(2), 1), 3, (wg_dtype)77));
    lab_refused(l, WG_EDTYPE, "77 is no dtype (test_formula.c");
    lab_close(l);
}

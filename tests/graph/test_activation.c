/* Activations: value and three derivatives against 50-digit arithmetic (tests/golden/make_nn.py)
 * in both dtypes; what they are at knots, zero, NaN and the infinities; and that rows do not
 * matter. */
#include "golden/nn.h"
#include "graph/lab.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ORDERS = 4 };

/* What the rounding of an inner argument costs, in eps. */
static double none(double x)
{
    return 0 * x;
}

static double once(double x)
{
    return x;
}

static double twice(double x)
{
    return 2 * x;
}

static double square(double x)
{
    return x * x;
}

static double argument_of_gelu_tanh(double x)
{
    return 2 * 0.79788456080286536 * (x + 0.044715 * x * x * x);
}

typedef struct activation {
    const char *name;
    double value_eps, eps;     /* bounds of nn.h, in eps: of the value, of derivatives */
    double (*value_tail)(double size), (*tail)(double size);
    double addend;             /* as large as this are addends of derivatives, where one may be 0 */
} activation;

static const activation activations[] = {
    { "softplus", 4, 4, none, none, 0 },
    { "sigmoid", 2, 5, none, none, 0 },
    { "log_sigmoid", 4, 4, none, none, 0 },
    { "silu", 4, 4, none, once, 0 },
    { "mish", 4, 4, none, twice, 0 },
    { "gelu", 4, 4, square, square, 0 },
    { "gelu_tanh", 6, 6, argument_of_gelu_tanh, argument_of_gelu_tanh, 0 },
    { "softsign", 4, 4, none, none, 0 },
    { "tanhshrink", 2, 8, none, none, 0 },
    { "snake", 4, 4, none, none, 1 },
    { "elu", 3, 3, none, none, 0 },
    { "selu", 3, 3, none, none, 0 },
};
enum { ACTIVATIONS = sizeof activations / sizeof activations[0] };

static const activation *activation_of(const char *name)
{
    for (int i = 0; i < ACTIVATIONS; i++)
        if (strcmp(activations[i].name, name) == 0) return &activations[i];
    test_fail(TEST_PLACE(name, NULL), "%s has no bound", name);
}

static wg_activation *find(const char *name)
{
    wg_activation *f = wg_activation_find(name);
    check_msg(f != NULL, "%s is not found", name);
    return f;
}

/* f and its derivatives at count points, one row each. */
static void evaluate_all(lab l, wg_activation *f, wg_dtype dtype, int64_t count,
                         const double *point, double *value)
{
    wg_tape_reset(l.tape);
    const wg_var wide = wg_batch(l.tape, "x", wg_f64(point, WG_SHAPE(count)));
    const wg_var x = wg_cast(wide, dtype);
    wg_var y = f(x);
    for (int order = 0; order < ORDERS; order++) {
        lab_read(l, wg_cast(y, WG_F64), value + order * count, count);
        y = wg_grad(wg_sum(y, WG_ALL), x);
    }
}

static void evaluate(wg_activation *f, double point, double value[ORDERS])
{
    const lab l = lab_open(1);
    evaluate_all(l, f, WG_F64, 1, &point, value);
    lab_close(l);
}

/* Of the largest addend: near 0 a derivative may have a root, and its addends are as large as the
 * orders below. Below the last term a dtype has no digits left to lose. */
static double bound_of(const nn_golden *golden, int order, wg_dtype dtype)
{
    const activation *a = activation_of(golden->name);
    const double x = fabs(golden->x);
    double size = fabs(golden->value[order]);
    for (int lower = 0; lower < order && x < 0.01; lower++)
        size = fmax(size, fabs(golden->value[lower]));
    if (order > 0) size = fmax(size, a->addend * pow(2, order - 1));
    const double least = dtype == WG_F32 ? FLT_MIN : DBL_MIN;
    const double steps = order > 0 ? a->eps + a->tail(x) : a->value_eps + a->value_tail(x);
    return steps * eps_of(dtype) * size + eps_of(dtype) * least * (1 + x * x * x);
}

static void check_golden(lab l, const nn_golden *golden, wg_dtype dtype)
{
    double value[ORDERS];
    evaluate_all(l, find(golden->name), dtype, 1, &golden->x, value);
    for (int order = 0; order < ORDERS; order++) {
        const double expected = golden->value[order];
        check_msg(fabs(value[order] - expected) <= bound_of(golden, order, dtype),
                  "%s at %g, order %d, %s: %.17g is not %.17g", golden->name, golden->x, order,
                  wg_dtype_name(dtype), value[order], expected);
    }
}

Test(activation, derivatives_to_third_order_are_golden)
{
    const lab l = lab_open(1);
    for (size_t i = 0; i < sizeof nn_goldens / sizeof nn_goldens[0]; i++) {
        check_golden(l, &nn_goldens[i], WG_F64);
        const bool is_single = (double)(float)nn_goldens[i].x == nn_goldens[i].x;
        if (is_single) check_golden(l, &nn_goldens[i], WG_F32);
    }
    lab_close(l);
}

Test(activation, relu_is_flat_at_zero_and_keeps_nan)
{
    const double least = 4.9406564584124654e-324;
    double value[ORDERS];
    evaluate(wg_relu, 0.0, value);
    check(value[0] == 0 && !signbit(value[0]) && value[1] == 0);
    evaluate(wg_relu, -0.0, value);
    check(value[0] == 0 && !signbit(value[0]) && value[1] == 0);
    evaluate(wg_relu, least, value);
    check(value[0] == least && value[1] == 1 && value[2] == 0);
    evaluate(wg_relu, -least, value);
    check(value[0] == 0 && value[1] == 0 && value[2] == 0);
    evaluate(wg_relu, 20, value);
    check(value[0] == 20 && value[1] == 1 && value[2] == 0);
    evaluate(wg_relu, NAN, value);
    check(isnan(value[0]));
}

typedef struct knot { const char *name; double x, value[3]; } knot;

/* Which side a knot belongs to: the value and two derivatives there, exactly. */
Test(activation, knots_belong_to_the_side_that_is_said)
{
    const double sixth = 1.0 / 6;
    const knot knots[] = {
        { "relu6", 0, { 0, 0, 0 } },          { "relu6", 6, { 6, 0, 0 } },
        { "relu6", 2.5, { 2.5, 1, 0 } },      { "relu6", 7, { 6, 0, 0 } },
        { "leaky_relu", 0, { 0, 0.01, 0 } },  { "leaky_relu", -0.0, { 0, 0.01, 0 } },
        { "leaky_relu", 3, { 3, 1, 0 } },     { "leaky_relu", -100, { -1, 0.01, 0 } },
        { "elu", 0, { 0, 1, 1 } },            { "elu", 2, { 2, 1, 0 } },
        { "celu", 0, { 0, 1, 1 } },           { "selu", 2, { 2.101401974710961, 0, 0 } },
        { "hardswish", -3, { 0, 0, 0 } },     { "hardswish", 3, { 3, 1, 0 } },
        { "hardswish", 0, { 0, 0.5, 2 * sixth } },
        { "hardsigmoid", 0, { 0.5, sixth, 0 } },
        { "hardsigmoid", -3, { 0, sixth, 0 } }, { "hardsigmoid", 3, { 1, sixth, 0 } },
        { "hardsigmoid", 3.5, { 1, 0, 0 } },  { "hardtanh", 1, { 1, 1, 0 } },
        { "hardtanh", -1, { -1, 1, 0 } },     { "hardtanh", -1.5, { -1, 0, 0 } },
        { "softsign", 0, { 0, 1, 0 } },       { "tanhshrink", 0, { 0, 0, 0 } },
    };
    for (size_t i = 0; i < sizeof knots / sizeof *knots; i++) {
        double value[ORDERS];
        evaluate(find(knots[i].name), knots[i].x, value);
        if (strcmp(knots[i].name, "selu") == 0) {
            check(value[0] == knots[i].value[0] && value[1] == 1.0507009873554805);
            continue;
        }
        for (int order = 0; order < 3; order++)
            check_msg(value[order] == knots[i].value[order], "%s at %g, order %d: %.17g is not %g",
                      knots[i].name, knots[i].x, order, value[order], knots[i].value[order]);
    }
    double value[ORDERS];
    evaluate(find("selu"), 0, value);
    check(value[0] == 0);
    check_close(value[1], 1.7580993408473766, 4e-16);
}

typedef struct limit { const char *name; double left, left_slope, right, right_slope; } limit;

static const limit limits[] = {
    { "identity", -INFINITY, 1, INFINITY, 1 },
    { "relu", 0, 0, INFINITY, 1 },
    { "relu6", 0, 0, 6, 0 },
    { "leaky_relu", -INFINITY, 0.01, INFINITY, 1 },
    { "elu", -1, 0, INFINITY, 1 },
    { "celu", -1, 0, INFINITY, 1 },
    { "selu", -1.7580993408473766, 0, INFINITY, 1.0507009873554805 },
    { "hardswish", 0, 0, INFINITY, 1 },
    { "hardsigmoid", 0, 0, 1, 0 },
    { "hardtanh", -1, 0, 1, 0 },
    { "softplus", 0, 0, INFINITY, 1 },
    { "sigmoid", 0, 0, 1, 0 },
    { "tanh", -1, 0, 1, 0 },
    { "log_sigmoid", -INFINITY, 1, 0, 0 },
    { "silu", 0, 0, INFINITY, 1 },
    { "mish", 0, 0, INFINITY, 1 },
    { "gelu", 0, 0, INFINITY, 1 },
    { "gelu_tanh", 0, 0, INFINITY, 1 },
    { "softsign", -1, 0, 1, 0 },
    { "tanhshrink", -INFINITY, 1, INFINITY, 1 },
};
enum { LIMITS = sizeof limits / sizeof *limits };

static void check_side(const limit *l, double x, double end, double slope)
{
    double value[ORDERS];
    evaluate(find(l->name), x, value);
    const double expected = isinf(end) ? (slope == 1 ? x : x * slope) : end;
    /* A finite value it comes to from 1 / |x| away at most: softsign. tanhshrink stays 1 away. */
    double gap = isinf(end) ? 0 : 1 / fabs(x) + 4e-16;
    if (strcmp(l->name, "tanhshrink") == 0) gap = 1;
    const bool is_there = value[0] == expected || fabs(value[0] - expected) <= gap;
    check_msg(is_there, "%s at %g: %.17g is not %g", l->name, x, value[0], expected);
    check_msg(fabs(value[1] - slope) <= 1 / (x * x) + 1e-15, "%s at %g: slope %.17g is not %g",
              l->name, x, value[1], slope);
    check_msg(fabs(value[2]) <= 4 / fabs(x * x * x) && fabs(value[3]) <= 24 / fabs(x * x * x),
              "%s at %g: %g, %g", l->name, x, value[2], value[3]);
}

/* The limits at infinity, which hold from 1e4 on, and at the largest numbers; NaN stays NaN. */
Test(activation, each_is_its_limit_at_infinity)
{
    static const double far[] = { INFINITY, 1e300, 1e4 };
    for (int i = 0; i < LIMITS; i++) {
        const limit *l = &limits[i];
        for (int k = 0; k < 3; k++) {
            check_side(l, -far[k], l->left, l->left_slope);
            check_side(l, far[k], l->right, l->right_slope);
        }
        double value[ORDERS];
        evaluate(find(l->name), NAN, value);
        check_msg(isnan(value[0]), "%s of NaN", l->name);
    }
}

/* The step from 0 to the least number is no larger than the slope allows, and nothing is NaN. */
Test(activation, subnormal_inputs_are_inputs)
{
    const double least = 4.9406564584124654e-324;
    for (int i = 0; i < LIMITS; i++) {
        double middle[ORDERS], value[ORDERS];
        evaluate(find(limits[i].name), 0, middle);
        for (int side = -1; side <= 1; side += 2) {
            evaluate(find(limits[i].name), side * least, value);
            check(fabs(value[0] - middle[0]) <= 2 * least);
            for (int order = 0; order < ORDERS; order++) check(isfinite(value[order]));
        }
    }
}

static wg_var leaky_half(wg_var x)
{
    return wg_leaky_relu_with(x, 0.5);
}

static wg_var leaky_zero(wg_var x)
{
    return wg_leaky_relu_with(x, 0);
}

static wg_var elu_two(wg_var x)
{
    return wg_elu_with(x, 2);
}

static wg_var celu_two(wg_var x)
{
    return wg_celu_with(x, 2);
}

static wg_var snake_two(wg_var x)
{
    return wg_snake_with(x, 2);
}

static wg_var snake_zero(wg_var x)
{
    return wg_snake_with(x, 0);
}

Test(activation, numbers_of_their_own_are_used)
{
    double value[ORDERS];
    evaluate(leaky_half, -3, value);
    check(value[0] == -1.5 && value[1] == 0.5 && value[2] == 0);
    evaluate(leaky_zero, -INFINITY, value);
    check(value[0] == 0 && value[1] == 0);
    evaluate(elu_two, 0, value);
    check(value[0] == 0 && value[1] == 2 && value[2] == 2);
    evaluate(elu_two, -1, value);
    check_close(value[0], 2 * expm1(-1), 4e-16);
    evaluate(celu_two, 0, value);
    check(value[0] == 0 && value[1] == 1 && value[2] == 0.5 && value[3] == 0.25);
    evaluate(celu_two, -1, value);
    check_close(value[0], 2 * expm1(-0.5), 4e-16);
    check_close(value[1], exp(-0.5), 4e-16);
    evaluate(snake_two, 0.75, value);
    check_close(value[0], 0.75 + sin(1.5) * sin(1.5) / 2, 4e-16);
    check_close(value[1], 1 + sin(3), 1e-15);
    evaluate(snake_zero, 0.75, value);
    check(value[0] == 0.75 && value[1] == 1);
}

Test(activation, names_find_their_functions)
{
    for (int i = 0; i < ACTIVATIONS; i++) check(find(activations[i].name) != NULL);
    check(find("gelu") == wg_gelu && find("tanh") == wg_tanh && find("celu") == wg_celu);
    check(find("glu") == wg_glu && find("swiglu") == wg_swiglu && find("geglu") == wg_geglu);
    check(wg_activation_find("gel") == NULL && wg_activation_find("wg_gelu") == NULL);
    check(wg_activation_find("") == NULL && wg_activation_find(NULL) == NULL);
}

Test(activation, tails_keep_their_digits)
{
    double value[ORDERS];
    evaluate(wg_sigmoid, 40, value);
    /* e^-40 (1 - 2 e^-40 ...) */
    check_close(value[1], 4.2483542552915889593e-18, 8 * DBL_EPSILON * 4.25e-18);
    evaluate(wg_softplus, 0, value);
    check_close(value[2], 0.25, 0);
    for (double x = -20; x <= 20; x += 40) {
        evaluate(wg_sigmoid, x, value);
        check(value[1] > 0 && value[1] < 1e-8);
    }
}

/* softplus' is sigmoid; sigmoid' is even and sigmoid'' odd: no rounding tells them apart. */
Test(activation, symmetries_need_no_tolerance)
{
    for (double x = 0.125; x < 60; x *= 1.75) {
        double soft[ORDERS], right[ORDERS], left[ORDERS];
        evaluate(wg_softplus, x, soft);
        evaluate(wg_sigmoid, x, right);
        evaluate(wg_sigmoid, -x, left);
        for (int order = 0; order + 1 < ORDERS; order++) check(soft[order + 1] == right[order]);
        check(right[1] == left[1] && right[2] == -left[2]);
    }
}

enum { ROWS = 67 };

/* Row by row, all at once, and on three threads: the same bits at every order. */
static void check_rows(wg_activation *f, wg_dtype dtype, const double *point)
{
    double *together = malloc(sizeof *together * ROWS * ORDERS);
    double *parallel = malloc(sizeof *parallel * ROWS * ORDERS);
    check(together != NULL && parallel != NULL);
    const lab one = lab_open(1), three = lab_open(3);
    evaluate_all(one, f, dtype, ROWS, point, together);
    evaluate_all(three, f, dtype, ROWS, point, parallel);
    check_bytes(parallel, together, sizeof *together * ROWS * ORDERS);
    for (int64_t i = 0; i < ROWS; i++) {
        double alone[ORDERS];
        evaluate_all(one, f, dtype, 1, &point[i], alone);
        for (int order = 0; order < ORDERS; order++)
            check_bytes(&together[order * ROWS + i], &alone[order], sizeof alone[order]);
    }
    lab_close(one);
    lab_close(three);
    free(together);
    free(parallel);
}

Test(activation, a_row_has_the_bits_it_has_alone)
{
    static const char *const names[] = { "relu", "softplus", "mish", "gelu", "gelu_tanh",
                                         "softsign", "hardswish", "selu" };
    double point[ROWS];
    for (int i = 0; i < ROWS; i++) point[i] = (i - 33) * 0.7;
    point[5] = INFINITY;
    point[17] = -INFINITY;
    point[29] = NAN;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        check_rows(find(names[i]), WG_F32, point);
        check_rows(find(names[i]), WG_F64, point);
    }
}

Test(activation, null_values_give_null_values)
{
    for (int i = 0; i < LIMITS; i++) check(find(limits[i].name)((wg_var){ 0 }).tape == NULL);
    check(wg_glu((wg_var){ 0 }).tape == NULL && wg_snake((wg_var){ 0 }).tape == NULL);
}

Test(activation, integers_have_no_curve)
{
    const lab l = lab_open(1);
    const int32_t whole[3] = { -2, 0, 2 };
    wg_var x = wg_input(l.tape, "x", wg_i32(whole, WG_SHAPE(3)));
    int32_t value[3];
    check_status(wg_read_i32(l.runtime, wg_relu(x), value, 3), WG_OK);
    check(value[0] == 0 && value[1] == 0 && value[2] == 2);
    ignore(wg_sigmoid(x));
    lab_refused(l, WG_EDTYPE, "logistic: f32 or f64 expected, not i32 (test_activation.c");
    ignore(wg_mish(wg_input(l.tape, "x", wg_i32(whole, WG_SHAPE(3)))));
    lab_refused(l, WG_EDTYPE, "mish: f32 or f64 expected, not i32 (test_activation.c");
    lab_close(l);
}

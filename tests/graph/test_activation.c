/* Activations: value and three derivatives against 50-digit arithmetic (tests/golden/make_nn.py) in
 * both dtypes, what they are at zero, NaN and the infinities, and that rows do not matter. */
#include "golden/nn.h"
#include "graph/lab.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ORDERS = 4 };

typedef struct activation {
    const char *name;
    wg_activation *f;
    double value_eps, eps;    /* bounds of nn.h, in eps: of the value, of derivatives */
    double eps_of_x, eps_of_square;
} activation;

static const activation activations[] = {
    { "softplus", wg_softplus, 4, 4, 0, 0 },
    { "sigmoid", wg_sigmoid, 2, 5, 0, 0 },
    { "mish", wg_mish, 4, 4, 2, 0 },
    { "gelu", wg_gelu, 4, 4, 0, 1 },
};
enum { ACTIVATIONS = sizeof activations / sizeof activations[0] };

static const activation *activation_of(const char *name)
{
    for (int i = 0; i < ACTIVATIONS; i++)
        if (strcmp(activations[i].name, name) == 0) return &activations[i];
    test_fail(TEST_PLACE(name, NULL), "%s has no bound", name);
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
    const double tail = a->eps_of_square * x * x + (order > 0 ? a->eps_of_x * x : 0);
    double size = fabs(golden->value[order]);
    for (int lower = 0; lower < order && x < 0.01; lower++)
        size = fmax(size, fabs(golden->value[lower]));
    const double least = dtype == WG_F32 ? FLT_MIN : DBL_MIN;
    return ((order > 0 ? a->eps : a->value_eps) + tail) * eps_of(dtype) * size +
           eps_of(dtype) * least * (1 + x * x * x);
}

static void check_golden(lab l, const nn_golden *golden, wg_dtype dtype)
{
    double value[ORDERS];
    evaluate_all(l, activation_of(golden->name)->f, dtype, 1, &golden->x, value);
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

/* ENGINE: 0 with derivative 0 on the left, x with derivative 1 on the right. */
Test(activation, gates_are_their_limits_at_infinity)
{
    wg_activation *const gated[] = { wg_mish, wg_gelu };
    for (size_t i = 0; i < 2; i++) {
        double value[ORDERS];
        evaluate(gated[i], -INFINITY, value);
        check(value[0] == 0 && value[1] == 0 && value[2] == 0 && value[3] == 0);
        evaluate(gated[i], INFINITY, value);
        check(value[0] == INFINITY && value[1] == 1 && value[2] == 0 && value[3] == 0);
        evaluate(gated[i], NAN, value);
        check(isnan(value[0]));
        evaluate(gated[i], -1e300, value);
        check(value[0] == 0 && value[1] == 0 && value[2] == 0 && value[3] == 0);
        evaluate(gated[i], 1e300, value);
        check(value[0] == 1e300 && value[1] == 1 && value[2] == 0 && value[3] == 0);
    }
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
    wg_activation *const all[] = { wg_relu, wg_softplus, wg_sigmoid, wg_mish, wg_gelu };
    double point[ROWS];
    for (int i = 0; i < ROWS; i++) point[i] = (i - 33) * 0.7;
    point[5] = INFINITY;
    point[17] = -INFINITY;
    point[29] = NAN;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        check_rows(all[i], WG_F32, point);
        check_rows(all[i], WG_F64, point);
    }
}

Test(activation, null_values_give_null_values)
{
    wg_activation *const all[] = { wg_identity, wg_relu, wg_softplus,
                                   wg_sigmoid,  wg_mish, wg_gelu };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check(all[i]((wg_var){ 0 }).tape == NULL);
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
    lab_refused(l, WG_EINVALID, "inf is no i32 (test_activation.c");
    lab_close(l);
}

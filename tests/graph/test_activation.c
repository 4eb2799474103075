/* Activations: value and three derivatives against 50-digit arithmetic (tests/golden/make_nn.py),
 * and what they are at zero, NaN and the infinities. */
#include "golden/nn.h"
#include "support/test.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include <wengert/wengert.h>

enum { ORDERS = 4 };

static wg_activation *activation_of(const char *name)
{
    if (strcmp(name, "softplus") == 0) return wg_softplus;
    if (strcmp(name, "sigmoid") == 0) return wg_sigmoid;
    if (strcmp(name, "mish") == 0) return wg_mish;
    check_text(name, "gelu");
    return wg_gelu;
}

/* f and its derivatives at one point. */
static void evaluate(wg_activation *f, double point, double value[ORDERS])
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_input(tape, "x", wg_f64(&point, WG_SCALAR));
    wg_var y = f(x);
    for (int order = 0; order < ORDERS; order++) {
        check_msg(wg_item(runtime, y, &value[order]) >= 0, "%s", wg_tape_message(tape));
        y = wg_grad(y, x);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* 8 units in the last place; GELU rounds x / sqrt 2 by half a unit, which its tail multiplies by
 * x^2. Near
 * 0 a derivative may have a root: there its addends count, which are as large as the orders below.
 */
static double bound_of(const nn_golden *golden, int order)
{
    const double x = golden->x;
    const double units = strcmp(golden->name, "gelu") == 0 ? 8 + x * x / 2 : 8;
    double size = fabs(golden->value[order]);
    for (int lower = 0; lower < order && fabs(x) < 0.01; lower++)
        size = fmax(size, fabs(golden->value[lower]));
    return units * DBL_EPSILON * size;
}

Test(activation, derivatives_to_third_order_are_golden)
{
    for (size_t i = 0; i < sizeof nn_goldens / sizeof *nn_goldens; i++) {
        const nn_golden *golden = &nn_goldens[i];
        double value[ORDERS];
        evaluate(activation_of(golden->name), golden->x, value);
        for (int order = 0; order < ORDERS; order++) {
            const double error = fabs(value[order] - golden->value[order]);
            check_msg(error <= bound_of(golden, order), "%s at %g, order %d: %.17g is not %.17g",
                      golden->name, golden->x, order, value[order], golden->value[order]);
        }
    }
}

Test(activation, relu_is_flat_at_zero_and_keeps_nan)
{
    double value[ORDERS];
    evaluate(wg_relu, 0.0, value);
    check(value[0] == 0 && !signbit(value[0]) && value[1] == 0);
    evaluate(wg_relu, -0.0, value);
    check(value[0] == 0 && !signbit(value[0]) && value[1] == 0);
    evaluate(wg_relu, 2.5, value);
    check(value[0] == 2.5 && value[1] == 1 && value[2] == 0);
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
        check(value[0] == 0 && value[1] == 0 && value[2] == 0);
        evaluate(gated[i], INFINITY, value);
        check(value[0] == INFINITY && value[1] == 1 && value[2] == 0);
        evaluate(gated[i], NAN, value);
        check(isnan(value[0]));
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
}

Test(activation, null_values_give_null_values)
{
    wg_activation *const all[] = { wg_identity, wg_relu, wg_softplus,
                                   wg_sigmoid,  wg_mish, wg_gelu };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check(all[i]((wg_var){ 0 }).tape == NULL);
}

/* Jacobians and Hessians of formulas whose derivatives are written out. */
#include "support/test.h"

#include <math.h>
#include <wengert/wengert.h>

static const double point[3] = { 0.5, -1.5, 2 };

typedef struct bench { wg_runtime *runtime; wg_tape *tape; wg_var x; } bench;

static bench bench_open(void)
{
    bench b = { wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1)),
                wg_tape_create(NULL), { .tape = NULL } };
    b.x = wg_input(b.tape, "x", wg_f64(point, WG_SHAPE(3)));
    return b;
}

static void bench_close(bench b)
{
    wg_runtime_free(b.runtime);
    wg_tape_free(b.tape);
}

static void check_values(bench b, wg_var x, int64_t count, const double *expected)
{
    double found[32];
    check_msg(wg_read_f64(b.runtime, x, found, count) == WG_OK, "%s", wg_tape_message(b.tape));
    for (int64_t i = 0; i < count; i++)
        check_close(found[i], expected[i], 1e-14 * (1 + fabs(expected[i])));
}

/* y_ij = x_i x_j: its derivative by x_k is (i is k) x_j + (j is k) x_i. */
Test(jacobian, has_the_axes_of_y_then_those_of_x)
{
    const bench b = bench_open();
    const wg_var y = wg_mul(wg_expand(b.x, 1), wg_expand(b.x, 0));
    const wg_var j = wg_jacobian(y, b.x);
    double expected[27];
    for (int i = 0; i < 27; i++) {
        const int row = i / 9, column = i / 3 % 3, by = i % 3;
        expected[i] = (row == by) * point[column] + (column == by) * point[row];
    }
    check_equal_i(wg_shape_of(j).rank, 3);
    check_values(b, j, 27, expected);
    bench_close(b);
}

Test(jacobian, of_a_scalar_is_its_gradient)
{
    const bench b = bench_open();
    const wg_var j = wg_jacobian(wg_sum(wg_square(b.x), WG_ALL), b.x);
    check_values(b, j, 3, (const double[]){ 1, -3, 4 });
    bench_close(b);
}

/* f = x0^2 x1 + sin x2. */
Test(jacobian, the_hessian_is_that_of_the_gradient)
{
    const bench b = bench_open();
    wg_var part[3];
    for (int i = 0; i < 3; i++)
        part[i] = wg_squeeze(wg_slice(b.x, 0, i, i + 1, 1), WG_AXES(0));
    const wg_var y = wg_add(wg_mul(wg_square(part[0]), part[1]), wg_sin(part[2]));
    check_values(b, wg_hessian(y, b.x), 9,
                 (const double[]){ 2 * point[1], 2 * point[0], 0, 2 * point[0], 0, 0, 0, 0,
                                   -sin(point[2]) });
    bench_close(b);
}

/* Of a Hessian's sum: third derivatives of the sum of x^4 are 24 x. */
Test(jacobian, is_differentiated_again)
{
    const bench b = bench_open();
    const wg_var h = wg_hessian(wg_sum(wg_square(wg_square(b.x)), WG_ALL), b.x);
    check_values(b, wg_grad(wg_sum(h, WG_ALL), b.x), 3,
                 (const double[]){ 24 * point[0], 24 * point[1], 24 * point[2] });
    bench_close(b);
}

Test(jacobian, refuses_what_has_no_derivative_or_too_many_axes)
{
    const bench b = bench_open();
    check_status(wg_keep(wg_jacobian(wg_cast(b.x, WG_I32), b.x)), WG_EGRADIENT);
    check_contains(wg_tape_message(b.tape), "jacobian: no derivative of i32 exists");
    wg_tape_reset(b.tape);
    const wg_var x = wg_input(b.tape, NULL, wg_f64(point, WG_SHAPE(1, 1, 1, 3)));
    const wg_var y = wg_expand(x, 0);
    check_status(wg_keep(wg_jacobian(y, x)), WG_ELIMIT);
    check_contains(wg_tape_message(b.tape), "5 and 4 axes are more than 8 together");
    wg_tape_reset(b.tape);
    const wg_var vector = wg_input(b.tape, NULL, wg_f64(point, WG_SHAPE(3)));
    check_status(wg_keep(wg_hessian(vector, vector)), WG_ESHAPE);
    bench_close(b);
}

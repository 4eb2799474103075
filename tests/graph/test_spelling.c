/* Spellings that are made of several ops, by their values: flip, cumulative products, windows with
 * padding, sort. Expected values are worked out by hand or by a loop. */
#include "support/replay.h"
#include "support/test.h"

#include <math.h>
#include <wengert/nn.h>

static wg_tape *tape;
static replay *run;

#define WITH_TAPE(name)                                                                            \
    static void spelling_##name(void);                                                             \
    Test(spelling, name)                                                                           \
    {                                                                                              \
        tape = wg_tape_create(NULL);                                                               \
        run = replay_attach(tape, WG__PORTABLE);                                                   \
        spelling_##name();                                                                         \
        replay_free(run);                                                                          \
        wg_tape_free(tape);                                                                        \
    }                                                                                              \
    static void spelling_##name(void)

static wg_var f64(const double *data, wg_shape shape)
{
    return wg_input(tape, NULL, wg_f64(data, shape));
}

static void check_values(wg_var x, wg_shape shape, const double *expected)
{
    check_msg(wg__var_check(x) == WG_OK, "%s", wg_tape_message(tape));
    check(wg_shape_equal(wg_shape_of(x), shape));
    int64_t count = 1;
    for (int32_t i = 0; i < shape.rank; i++) count *= shape.dim[i];
    for (int64_t i = 0; i < count; i++) {
        const double actual = replay_at(run, x, i);
        check_msg(actual == expected[i] || (isnan(actual) && isnan(expected[i])),
                  "element %d: %g, not %g", (int)i, actual, expected[i]);
    }
}

WITH_TAPE(flip_turns_each_axis_it_is_given)
{
    static const double x[6] = { 1, 2, 3, 4, 5, 6 };
    const wg_var v = f64(x, WG_SHAPE(2, 3));
    check_values(wg_flip(v, WG_AXES(0)), WG_SHAPE(2, 3), (const double[]){ 4, 5, 6, 1, 2, 3 });
    check_values(wg_flip(v, WG_AXES(-1)), WG_SHAPE(2, 3), (const double[]){ 3, 2, 1, 6, 5, 4 });
    check_values(wg_flip(v, WG_ALL), WG_SHAPE(2, 3), (const double[]){ 6, 5, 4, 3, 2, 1 });
    const wg_var g = wg_grad(wg_sum(wg_mul(wg_flip(v, WG_ALL), v), WG_ALL), v);
    check_values(g, WG_SHAPE(2, 3), (const double[]){ 12, 10, 8, 6, 4, 2 });
}

WITH_TAPE(recurrences_discount_and_average)
{
    static const double reward[4] = { 1, 0, 2, 4 };
    const wg_var r = f64(reward, WG_SHAPE(4));
    const wg_var half = wg_number(r, 0.5);
    check_values(wg_linear_recurrence(half, r, 0, true), WG_SHAPE(4),
                 (const double[]){ 2, 2, 4, 4 });
    check_values(wg_linear_recurrence(half, r, 0, false), WG_SHAPE(4),
                 (const double[]){ 1, 0.5, 2.25, 5.125 });
    const wg_var last = wg_slice(wg_linear_recurrence(half, r, 0, false), 0, 3, 4, 1);
    check_values(wg_grad(wg_sum(last, WG_ALL), r), WG_SHAPE(4),
                 (const double[]){ 0.125, 0.25, 0.5, 1 });
}

WITH_TAPE(padding_belongs_to_the_windows)
{
    static const double x[4] = { 1, 2, 3, 4 };
    const wg_var v = f64(x, WG_SHAPE(4));
    const wg_window same = { .extent = 3, .pad_low = 1, .pad_high = 1 };
    const wg_var w = wg_windows(v, 0, same);
    check_values(w, WG_SHAPE(4, 3), (const double[]){ 0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 0 });
    check_values(wg_overlap_add(w, -1, same, 4), WG_SHAPE(4), (const double[]){ 2, 6, 9, 8 });
    check_values(wg_grad(wg_sum(wg_mul(w, w), WG_ALL), v), WG_SHAPE(4),
                 (const double[]){ 4, 12, 18, 16 });
    const wg_window wide = { .extent = 2, .stride = 2, .dilation = 3 };
    check_values(wg_windows(v, 0, wide), WG_SHAPE(1, 2), (const double[]){ 1, 4 });
    check_values(wg_windows(v, -1, (wg_window){ 0 }), WG_SHAPE(4, 1), x);
}

/* A convolution of [1, 5, 2] with [2, 2, 3] as windows and a product, against a loop. */
WITH_TAPE(windows_and_a_product_are_a_convolution)
{
    double x[10], weight[12], expected[12] = { 0 };
    for (int i = 0; i < 10; i++) x[i] = i * 3 % 7 - 2;
    for (int i = 0; i < 12; i++) weight[i] = i * 5 % 11 - 4;
    for (int t = 0; t < 4; t++)
        for (int k = 0; k < 2; k++)
            for (int c = 0; c < 2; c++)
                for (int o = 0; o < 3; o++)
                    expected[t * 3 + o] += x[(t + k) * 2 + c] * weight[(k * 2 + c) * 3 + o];
    const wg_var w = wg_windows(f64(x, WG_SHAPE(1, 5, 2)), 1, (wg_window){ .extent = 2 });
    const wg_var rows = wg_reshape(wg_transpose(w), WG_SHAPE(1, 4, 4));
    check_values(wg_matmul(rows, f64(weight, WG_SHAPE(4, 3))), WG_SHAPE(1, 4, 3), expected);
}

WITH_TAPE(bad_windows_are_refused_by_name)
{
    static const double x[4] = { 1, 2, 3, 4 };
    const struct { wg_window window; int status; const char *message; } bad[] = {
        { { .extent = 5 }, WG_ESHAPE, "windows: 5 elements, 1 apart, do not fit into 4" },
        { { .extent = -1 }, WG_EINVALID,
          "windows: extent -1, stride 1, dilation 1: 1 at least expected" },
        { { .extent = 2, .pad_low = -1 }, WG_EINVALID, "pad: cannot pad by -1" },
    };
    for (int i = 0; i < 3; i++) {
        replay_free(run);
        wg_tape_reset(tape);
        run = replay_attach(tape, WG__PORTABLE);
        const wg_var r = wg_windows(f64(x, WG_SHAPE(4)), 0, bad[i].window);
        check(wg__var_check(r) < 0);
        check_status(wg_tape_status(tape), bad[i].status);
        check_contains(wg_tape_message(tape), bad[i].message);
    }
}

WITH_TAPE(overlap_add_wants_what_windows_gave)
{
    static const double x[6] = { 0 };
    const struct { wg_window window; int64_t extent; const char *message; } bad[] = {
        { { .extent = 2 }, 4, "overlap_add: the last axis of [2, 3] is not 2" },
        { { .extent = 3 }, 5, "overlap_add: axis 0 of [2, 3] has 2 windows, where 5 elements" },
        { { .extent = 3, .pad_high = -1 }, 5, "overlap_add: extent 5, padded by 0 and -1" },
        { { .extent = 3 }, -1, "overlap_add: extent -1, padded by 0 and 0" },
    };
    for (int i = 0; i < 4; i++) {
        replay_free(run);
        wg_tape_reset(tape);
        run = replay_attach(tape, WG__PORTABLE);
        const wg_var r = wg_overlap_add(f64(x, WG_SHAPE(2, 3)), 0, bad[i].window, bad[i].extent);
        check(wg__var_check(r) < 0);
        check_contains(wg_tape_message(tape), bad[i].message);
    }
}

/* [1 2 3; 4 5 6] and (1, -1, 2), (2, 3), by hand; the gradients are outer products. */
WITH_TAPE(products_with_vectors_and_their_gradients)
{
    const double m[6] = { 1, 2, 3, 4, 5, 6 }, three[3] = { 1, -1, 2 }, two[2] = { 2, 3 };
    const wg_var a = f64(m, WG_SHAPE(2, 3)), x = f64(three, WG_SHAPE(3)), y = f64(two, WG_SHAPE(2));
    const wg_var right = wg_matmul(a, x), left = wg_matmul(y, a);
    check_values(right, WG_SHAPE(2), (const double[]){ 5, 11 });
    check_values(left, WG_SHAPE(3), (const double[]){ 14, 19, 24 });
    check_values(wg_matmul(x, x), WG_SCALAR, (const double[]){ 6 });
    const wg_var form = wg_matmul(y, right);
    check_values(form, WG_SCALAR, (const double[]){ 43 });
    check_values(wg_grad(form, a), WG_SHAPE(2, 3), (const double[]){ 2, -2, 4, 3, -3, 6 });
    check_values(wg_grad(form, x), WG_SHAPE(3), (const double[]){ 14, 19, 24 });
    check_values(wg_grad(form, y), WG_SHAPE(2), (const double[]){ 5, 11 });
    check_values(wg_hvp(wg_matmul(x, x), x, x), WG_SHAPE(3), (const double[]){ 2, -2, 4 });
}

WITH_TAPE(sort_gives_the_elements_in_order_and_gradients_back)
{
    static const double x[6] = { 3, NAN, -1, 2, 5, 0 }, weight[6] = { 1, 2, 3, 4, 5, 6 };
    const wg_var v = f64(x, WG_SHAPE(2, 3)), w = f64(weight, WG_SHAPE(2, 3));
    const wg_var rows = wg_sort(v, -1);
    check_values(rows, WG_SHAPE(2, 3), (const double[]){ -1, 3, NAN, 0, 2, 5 });
    check_values(wg_sort(v, 0), WG_SHAPE(2, 3), (const double[]){ 2, 5, -1, 3, NAN, 0 });
    check_values(wg_grad(wg_sum(wg_mul(rows, w), WG_ALL), v), WG_SHAPE(2, 3),
                 (const double[]){ 2, 3, 1, 5, 6, 4 });
    check_values(wg_sort(wg_slice(v, 0, 0, 0, 1), 1), WG_SHAPE(0, 3), x);
    const wg_var whole = wg_sort(wg_cast(w, WG_I32), 0);
    check_values(whole, WG_SHAPE(2, 3), weight);
    check(wg__var_check(wg_sort(v, 2)) < 0);
    check_contains(wg_tape_message(tape), "argsort: axis 2 of [2, 3]");
}

/* exp(-poisson_nll - log k!) are the probabilities of counts: of rate 3 they add up to 1, and their
 * slope along the rate to 0. */
WITH_TAPE(log_gamma_completes_the_distribution_of_counts)
{
    enum { COUNT = 40 };
    double counts[COUNT];
    for (int i = 0; i < COUNT; i++) counts[i] = i;
    const wg_var k = f64(counts, WG_SHAPE(COUNT));
    const wg_var log_rate = wg_log(wg_full(tape, WG_F64, WG_SCALAR, 3));
    const wg_var cost = wg_poisson_nll(wg_broadcast(log_rate, WG_SHAPE(COUNT)), k);
    const wg_var factorial = wg_log_gamma(wg_shift(k, 1));
    const wg_var sum = wg_sum(wg_exp(wg_neg(wg_add(cost, factorial))), WG_ALL);
    check_close(replay_at(run, sum, 0), 1, 1e-14);
    check_close(replay_at(run, wg_grad(sum, log_rate), 0), 0, 1e-14);
}

/* By x at 1/2: log sqrt(pi), then -gamma - 2 log 2, pi^2 / 2, -14 zeta(3), pi^4. */
WITH_TAPE(log_gamma_has_the_derivatives_of_the_textbook)
{
    static const double half[1] = { 0.5 };
    static const double expected[5] = { 0.57236494292470009, -1.9635100260214235,
                                        4.9348022005446793, -16.828796644234320,
                                        97.409091034002437 };
    const wg_var x = f64(half, WG_SHAPE(1));
    wg_var y = wg_log_gamma(x);
    for (int order = 0; order < 5; order++) {
        check_close(replay_at(run, y, 0), expected[order], 0x1p-51 * fabs(expected[order]));
        y = wg_grad(wg_sum(y, WG_ALL), x);
    }
}

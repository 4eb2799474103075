/* Values of derivatives on a tape, executed statement by statement: whole compositions against
 * numbers of mpmath and against formulas written out here. What single ops give is tested in
 * tests/ops. */
#include "graph/internal.h"
#include "support/replay.h"
#include "support/test.h"

#include <math.h>
#include <wengert/ops.h>

static wg_tape *tape;
static replay *run;

#define WITH_TAPE(name)                                                                            \
    static void derivative_##name(void);                                                           \
    Test(derivative, name)                                                                         \
    {                                                                                              \
        tape = wg_tape_create(NULL);                                                               \
        run = replay_attach(tape, WG__PORTABLE);                                                   \
        derivative_##name();                                                                       \
        replay_free(run);                                                                          \
        wg_tape_free(tape);                                                                        \
    }                                                                                              \
    static void derivative_##name(void)

static wg_var f64(const double *data, wg_shape shape)
{
    return wg_input(tape, NULL, wg_f64(data, shape));
}

static wg_var softplus(wg_var x)
{
    return wg_logaddexp(x, wg_number(x, 0));
}

/* x tanh(softplus(x)) and its derivatives by mpmath at 120 digits. At 20 they are what is left of
 * terms of size 1. */
WITH_TAPE(mish_is_right_to_the_third_order)
{
    static const double points[5] = { -20, -1, 0, 1, 20 };
    static const double expected[5][4] = {
        { -4.1223072406287614e-8, -3.91619187434896908e-8, -3.71007650424565792e-8,
          -3.50396112670772682e-8 },
        { -0.303401461374108918, 0.059216755877394948, 0.349705673670644955, 0.446462951333115678 },
        { 0.0, 0.6, 0.64, -0.096 },
        { 0.865098388267310346, 1.04903622009979216, 0.184685764473328264, -0.515328537545535462 },
        { 19.9999999999999998, 1.00000000000000033, -6.45749840709790059e-16,
          1.25751284159795035e-15 },
    };
    wg_var x = f64(points, WG_SHAPE(5));
    wg_var y = wg_mul(x, wg_tanh(softplus(x)));
    for (int order = 0; order < 4; order++) {
        for (int i = 0; i < 5; i++) {
            const double value = expected[i][order];
            const double scale = points[i] == 20 ? fmax(fabs(value), 1e-15) : fabs(value);
            check_close(replay_at(run, y, i), value, 2e-14 * fmax(scale, 1e-300));
        }
        y = wg_grad(wg_sum(y, WG_ALL), x);
    }
}

/* sum (x^3) has 3 x^2, 6 x, 6, 0. */
WITH_TAPE(a_cube_loses_one_power_an_order)
{
    static const double points[3] = { -2, 0, 5 };
    wg_var x = f64(points, WG_SHAPE(3));
    wg_var y = wg_mul(x, wg_mul(x, x));
    const double factor[5] = { 1, 3, 6, 6, 0 };
    for (int order = 0; order < 5; order++) {
        for (int i = 0; i < 3; i++) {
            double value = factor[order];
            for (int k = order; k < 3; k++) value *= points[i];
            check(replay_at(run, y, i) == value);
        }
        y = wg_grad(wg_sum(y, WG_ALL), x);
    }
}

static void fill(int count, double *data)
{
    static uint64_t state = 5;
    for (int i = 0; i < count; i++) data[i] = (double)(int64_t)test_random(&state) / 0x1p63;
}

/* loss = sum_i v tanh(x_i W + b): gradients written out with loops. */
WITH_TAPE(a_network_of_two_layers_has_the_gradients_of_the_textbook)
{
    enum { ROWS = 5, IN = 3, OUT = 4 };
    double x[ROWS * IN], w[IN * OUT], b[OUT], v[OUT];
    double dw[IN * OUT] = { 0 }, db[OUT] = { 0 }, dv[OUT] = { 0 }, dx[ROWS * IN] = { 0 };
    fill(ROWS * IN, x);
    fill(IN * OUT, w);
    fill(OUT, b);
    fill(OUT, v);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < OUT; j++) {
            double z = b[j];
            for (int k = 0; k < IN; k++) z += x[i * IN + k] * w[k * OUT + j];
            const double t = tanh(z), dz = v[j] * (1 - t * t);
            dv[j] += t;
            db[j] += dz;
            for (int k = 0; k < IN; k++) dw[k * OUT + j] += x[i * IN + k] * dz;
            for (int k = 0; k < IN; k++) dx[i * IN + k] += w[k * OUT + j] * dz;
        }
    const wg_var by[4] = { f64(w, WG_SHAPE(IN, OUT)), f64(b, WG_SHAPE(OUT)),
                           f64(v, WG_SHAPE(OUT, 1)), f64(x, WG_SHAPE(ROWS, IN)) };
    wg_var y = wg_matmul(wg_tanh(wg_add(wg_matmul(by[3], by[0]), by[1])), by[2]);
    wg_var g[4];
    check_status(wg_grads(wg_sum(y, WG_ALL), 4, by, g), WG_OK);
    for (int i = 0; i < IN * OUT; i++) check_close(replay_at(run, g[0], i), dw[i], 1e-14);
    for (int i = 0; i < OUT; i++) check_close(replay_at(run, g[1], i), db[i], 1e-14);
    for (int i = 0; i < OUT; i++) check_close(replay_at(run, g[2], i), dv[i], 1e-14);
    for (int i = 0; i < ROWS * IN; i++) check_close(replay_at(run, g[3], i), dx[i], 1e-14);
}

/* Of x [2, 3] + row [3]: the row's gradient is the sum of the weights over rows. */
WITH_TAPE(what_was_stretched_gets_the_sum)
{
    static const double data[6] = { 1, 2, 3, 4, 5, 6 }, three[3] = { 0 };
    wg_var weight = f64(data, WG_SHAPE(2, 3)), row = f64(three, WG_SHAPE(3));
    wg_var column = wg_full(tape, WG_F64, WG_SHAPE(2, 1), 0);
    wg_var one = wg_full(tape, WG_F64, WG_SCALAR, 0);
    wg_var y = wg_mul(weight, wg_add(wg_add(row, column), one));
    const wg_var by[3] = { row, column, one };
    wg_var g[3];
    check_status(wg_grads(wg_sum(y, WG_ALL), 3, by, g), WG_OK);
    const double rows[3] = { 5, 7, 9 }, columns[2] = { 6, 15 };
    for (int i = 0; i < 3; i++) check(replay_at(run, g[0], i) == rows[i]);
    for (int i = 0; i < 2; i++) check(replay_at(run, g[1], i) == columns[i]);
    check(replay_at(run, g[2], 0) == 21);
}

/* d(u v)/du = v, though v too is made of x. */
WITH_TAPE(by_a_value_on_the_way)
{
    static const double data[1] = { 0.5 };
    wg_var x = f64(data, WG_SHAPE(1));
    wg_var u = wg_exp(x), v = wg_sin(x);
    wg_var y = wg_sum(wg_mul(u, v), WG_ALL);
    check_close(replay_at(run, wg_grad(y, u), 0), sin(0.5), 1e-15);
    check_close(replay_at(run, wg_grad(y, v), 0), exp(0.5), 3e-16 * 2);
    check_close(replay_at(run, wg_grad(y, x), 0), exp(0.5) * (sin(0.5) + cos(0.5)), 1e-15);
    const wg_var by[2] = { x, u };
    wg_var g[2];
    check_status(wg_grads(y, 2, by, g), WG_OK);
    check_close(replay_at(run, g[0], 0), exp(0.5) * (sin(0.5) + cos(0.5)), 1e-15);
    check_close(replay_at(run, g[1], 0), sin(0.5), 1e-15);
}

/* vjp with a cotangent that depends on x itself: its own dependence is no part of the
 * derivative. */
WITH_TAPE(a_cotangent_weighs_and_is_held)
{
    static const double data[2] = { 2, 3 };
    wg_var x = f64(data, WG_SHAPE(2));
    wg_var g = wg_vjp(wg_mul(x, x), x, x);
    check(replay_at(run, g, 0) == 8 && replay_at(run, g, 1) == 18);
    wg_var second = wg_grad(wg_sum(g, WG_ALL), x); /* of 2 x^2 */
    check(replay_at(run, second, 0) == 8 && replay_at(run, second, 1) == 12);
}

WITH_TAPE(a_stopped_value_is_a_constant)
{
    static const double data[1] = { 3 };
    wg_var x = f64(data, WG_SHAPE(1));
    wg_var g = wg_grad(wg_sum(wg_mul(x, wg_stop_gradient(x)), WG_ALL), x);
    check(replay_at(run, g, 0) == 3);
}

/* ---- branches ---- */

/* log(x) is taken where x > 0 only; at 0 and below its derivative is infinite or that of NaN. In
 * each case the value passes through another op between log and select. */
static const double edge[6] = { 1, 0, 4, -1, 2, 8 };

typedef wg_var mover(wg_var x);
static wg_var as_it_is(wg_var x) { return x; }
static wg_var reshaped(wg_var x) { return wg_reshape(x, WG_SHAPE(3, 2)); }
static wg_var permuted(wg_var x) { return wg_transpose(x); }
static wg_var repeated(wg_var x) { return wg_broadcast(x, WG_SHAPE(2, 2, 3)); }
static wg_var sliced(wg_var x) { return wg_slice(x, 1, 2, 0, -1); }
static wg_var padded(wg_var x) { return wg_pad(x, 1, 1, 2, 1, 1); }
static wg_var joined(wg_var x) { return wg_concat(5, (const wg_var[]){ x, x, x, x, x }, 0); }
static wg_var negated(wg_var x) { return wg_neg(x); }

WITH_TAPE(nothing_leaks_through_movements)
{
    mover *const move[] = { as_it_is, reshaped, permuted, repeated,
                            sliced,   padded,   joined,   negated };
    const double count[] = { 1, 1, 1, 2, 1, 1, 5, -1 };
    for (size_t m = 0; m < sizeof move / sizeof move[0]; m++) {
        wg_var x = f64(edge, WG_SHAPE(2, 3));
        wg_var is_positive = wg_gt(move[m](x), wg_number(x, 0));
        if (m == 7) is_positive = wg_lt(move[m](x), wg_number(x, 0));
        wg_var moved = move[m](wg_log(x));
        wg_var y = wg_select(is_positive, moved, wg_number(x, 0));
        wg_var g = wg_grad(wg_sum(y, WG_ALL), x);
        for (int i = 0; i < 6; i++) {
            const bool is_read = !(m == 4 && i % 3 == 0);
            const double expected = edge[i] > 0 && is_read ? count[m] / edge[i] : 0;
            check_msg(replay_at(run, g, i) == expected, "case %d, element %d: %g", (int)m, i,
                      replay_at(run, g, i));
        }
    }
}

/* The sum or largest of a row whose logs are bad is not taken. */
WITH_TAPE(nothing_leaks_through_reductions)
{
    for (int is_max = 0; is_max < 2; is_max++) {
        wg_var x = f64(edge, WG_SHAPE(2, 3));
        wg_var is_good = wg_all(wg_gt(x, wg_number(x, 0)), WG_AXES(0));
        wg_var log = wg_log(x);
        wg_var reduced = is_max ? wg_max(log, WG_AXES(0)) : wg_sum(log, WG_AXES(0));
        wg_var y = wg_select(is_good, reduced, wg_number(x, 0));
        wg_var g = wg_grad(wg_sum(y, WG_ALL), x);
        const double expected[2][6] = { { 0, 0, 0.25, 0, 0, 0.125 }, { 0, 0, 0, 0, 0, 0.125 } };
        for (int i = 0; i < 6; i++) check(replay_at(run, g, i) == expected[is_max][i]);
    }
}

/* The second derivative goes through the selects of the first: -1 / x^2 where taken. */
WITH_TAPE(nothing_leaks_at_the_second_order)
{
    wg_var x = f64(edge, WG_SHAPE(6));
    wg_var y = wg_select(wg_gt(x, wg_number(x, 0)), wg_log(x), x);
    wg_var first = wg_grad(wg_sum(y, WG_ALL), x);
    wg_var second = wg_grad(wg_sum(first, WG_ALL), x);
    for (int i = 0; i < 6; i++) {
        check(replay_at(run, first, i) == (edge[i] > 0 ? 1 / edge[i] : 1));
        check(replay_at(run, second, i) == (edge[i] > 0 ? -1 / (edge[i] * edge[i]) : 0));
    }
}

/* A branch in a branch, and both sides of one: sqrt where x > 0, of it log where also x > 3. */
WITH_TAPE(nothing_leaks_through_nested_branches)
{
    wg_var x = f64(edge, WG_SHAPE(6));
    wg_var root = wg_sqrt(x);
    wg_var inner = wg_select(wg_gt(x, wg_number(x, 3)), wg_log(root), root);
    wg_var y = wg_select(wg_gt(x, wg_number(x, 0)), inner, wg_neg(x));
    wg_var g = wg_grad(wg_sum(y, WG_ALL), x);
    for (int i = 0; i < 6; i++) {
        const double a = edge[i];
        const double expected = a > 3 ? 0.5 / a : a > 0 ? 0.5 / sqrt(a) : -1;
        check_close(replay_at(run, g, i), expected, 1e-15);
    }
}

/* A value used inside and outside of a branch keeps what comes from outside. */
WITH_TAPE(a_use_outside_of_the_branch_stays)
{
    wg_var x = f64(edge, WG_SHAPE(6));
    wg_var square = wg_mul(x, x);
    wg_var zero = wg_number(x, 0);
    wg_var y = wg_add(square, wg_select(wg_gt(x, zero), wg_sqrt(square), zero));
    wg_var g = wg_grad(wg_sum(y, WG_ALL), x);
    for (int i = 0; i < 6; i++)
        check(replay_at(run, g, i) == 2 * edge[i] + (edge[i] > 0 ? 1 : 0));
}

/* ---- random graphs ---- */

enum { STEPS = 25, GRAPHS = 60 };

static wg_var bounded(wg_var x)
{
    return wg_mul(wg_tanh(x), wg_number(x, 1.5));
}

static wg_var taken(wg_var x, uint64_t which)
{
    static const int32_t order[2] = { 1, 0 };
    wg_var index = wg_input(tape, NULL, wg_i32(order, WG_SHAPE(2)));
    if (which % 2 == 0) return wg_gather(x, index, 0);
    return wg_scatter_add(x, index, wg_mul(x, x), 0);
}

/* One op of every class, from [2, 3] to [2, 3]. */
static wg_var grown(wg_var x, wg_var y, uint64_t which)
{
    wg_var one = wg_number(x, 1);
    switch (which % 20) {
    case 0: return wg_add(x, y);
    case 1: return wg_sub(x, wg_sum(y, WG_KEEP(1)));
    case 2: return wg_mul(x, y);
    case 3: return wg_div(x, wg_add(wg_mul(y, y), one));
    case 4: return wg_sin(x);
    case 5: return wg_logistic(wg_mul(x, wg_mean(y, WG_AXES(0))));
    case 6: return wg_exp(bounded(x));
    case 7: return wg_select(wg_lt(x, y), wg_cos(x), wg_mul(x, y));
    case 8: return wg_reshape(wg_transpose(x), WG_SHAPE(2, 3));
    case 9: return wg_pad(wg_slice(x, 1, 2, 0, -1), 1, 1, 0, 0, 0.5);
    case 10: return wg_matmul(wg_matmul(x, wg_transpose(y)), y);
    case 11: return wg_slice(wg_concat(2, (const wg_var[]){ x, y }, 0), 0, 0, 4, 2);
    case 12: return wg_add(x, wg_max(y, WG_KEEP(0)));
    case 13: return wg_maximum(x, wg_neg(y));
    case 14: return wg_sqrt(wg_add(wg_mul(x, x), one));
    case 15: return wg_sum(wg_stack(2, (const wg_var[]){ x, wg_sin(y) }, 1), WG_AXES(1));
    case 16: return wg_logaddexp(x, y);
    case 17: return wg_erf(bounded(x));
    case 18: return taken(bounded(x), which / 20);
    default: return wg_log1p(wg_abs(wg_min(wg_sub(x, y), WG_KEEP(1))));
    }
}

/* A scalar of x [2, 3], the same for the same seed. */
static wg_var graph_of(wg_var x, uint64_t seed)
{
    wg_var value[STEPS + 1] = { x };
    uint64_t state = seed;
    for (uint64_t i = 0; i < STEPS; i++) {
        const uint64_t a = test_random(&state) % (i + 1), b = test_random(&state) % (i + 1);
        const wg_var r = grown(value[a], value[b], test_random(&state) % 40);
        value[i + 1] = wg_broadcast(bounded(r), WG_SHAPE(2, 3));
    }
    wg_var sum = value[STEPS];
    for (int i = 1; i < STEPS; i += 5) sum = wg_add(sum, value[i]);
    return wg_sum(sum, WG_ALL);
}

/* Order 0: the value at x + t d; order 1: its derivative along d there. */
static double along(const double *x, const double *d, double t, uint64_t seed, int order)
{
    double moved[6];
    for (int i = 0; i < 6; i++) moved[i] = x[i] + t * d[i];
    wg_tape_reset(tape);
    wg_var at = f64(moved, WG_SHAPE(2, 3)), direction = f64(d, WG_SHAPE(2, 3));
    wg_var y = graph_of(at, seed);
    for (int i = 0; i < order; i++) y = wg_sum(wg_mul(wg_grad(y, at), direction), WG_ALL);
    check_msg(wg__var_check(y) == WG_OK, "%s", wg_tape_message(tape));
    return replay_at(run, y, 0);
}

/* Each order against central differences of the order below; kinks within the step are passed over
 * by demanding that two steps agree. */
WITH_TAPE(random_graphs_agree_with_differences)
{
    const uint64_t seed = test_seed();
    int compared = 0;
    for (uint64_t g = 0; g < GRAPHS; g++) {
        double x[6], d[6];
        fill(6, x);
        fill(6, d);
        for (int order = 1; order < 3; order++) {
            const double h = 1e-4;
            double slope[2];
            for (int k = 0; k < 2; k++) {
                const double t = h / (k + 1);
                slope[k] = (along(x, d, t, seed + g, order - 1) -
                            along(x, d, -t, seed + g, order - 1)) / (2 * t);
            }
            const double found = along(x, d, 0, seed + g, order);
            const double scale = 1 + fabs(found);
            if (fabs(slope[0] - slope[1]) > 1e-5 * scale) continue;
            compared++;
            check_msg(fabs(found - slope[1]) < 1e-4 * scale, "graph %llu, order %d: %g, not %g",
                      (unsigned long long)(seed + g), order, found, slope[1]);
        }
    }
    check_msg(compared > GRAPHS, "only %d of %d compared", compared, 2 * GRAPHS);
}

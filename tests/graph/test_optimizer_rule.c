/* Rules of optimisers against traces of their formulas at 50 digits
 * (tests/golden/make_optimizer.py), the published first steps, and what becomes of moments that
 * decay. */
#include "golden/optimizer.h"
#include "graph/descent.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- formulas ---- */

/* The gradient of the traces: dyadic, so exact in both dtypes. */
static void gradient_fill(int t, double g[TRACE_COUNT])
{
    for (int i = 0; i < TRACE_COUNT; i++) g[i] = (7 * t + 3 * i) % 5 - 2 + t / 8.0 - i / 16.0;
}

static wg_view view_of(wg_dtype dtype, const double *value, float *narrow)
{
    for (int i = 0; i < TRACE_COUNT; i++) narrow[i] = (float)value[i];
    const wg_shape shape = WG_SHAPE(TRACE_ROWS, TRACE_COLUMNS);
    return dtype == WG_F32 ? wg_f32(narrow, shape) : wg_f64(value, shape);
}

/* Parameter or state after a step against its row. */
static void row_check(lab l, const trace *row, const char *optimizer, wg_dtype dtype)
{
    char path[80];
    wg_view view;
    if (strcmp(row->state, "p") == 0) snprintf(path, sizeof path, "p");
    else if (row->state[0] == '/') snprintf(path, sizeof path, "%s%s", optimizer, row->state);
    else snprintf(path, sizeof path, "%s/p/%s", optimizer, row->state);
    check_msg(wg_params_find(l.params, path, &view) >= 0, "%s is not there", path);
    check_equal_i(wg_shape_count(view.shape), row->count);
    /* A step is at most two dozen roundings of numbers up to 8; Muon's five products triple what
     * an error of their argument is each time. */
    const double eps = row->state[0] == '/' ? DBL_EPSILON : eps_of(dtype);
    const double bound = (strcmp(row->name, "muon") == 0 ? 243 : 16) * eps * (row->step + 1);
    for (int i = 0; i < row->count; i++) {
        const double found = view.dtype == WG_F32 ? (double)((const float *)view.data)[i]
                                                  : ((const double *)view.data)[i];
        check_msg(fabs(found - row->value[i]) <= bound, "%s: %s[%d], step %d: %.17g, not %.17g",
                  row->name, path, i, row->step, found, row->value[i]);
    }
}

static void follow(const char *name, wg_optimizer optimizer, wg_dtype dtype)
{
    const lab l = lab_open(1);
    double start[TRACE_COUNT], g[TRACE_COUNT];
    float narrow[TRACE_COUNT];
    int rows = 0;
    for (int i = 0; i < TRACE_COUNT; i++) start[i] = ((5 * i) % 7 - 3) / 4.0;
    check_status(wg_params_set(l.params, "p", view_of(dtype, start, narrow)), WG_OK);
    optimizer.rate = 0.125;
    for (int t = 1; t <= TRACE_STEPS; t++) {
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var p = wg_param(scope, "p", dtype, WG_SHAPE(TRACE_ROWS, TRACE_COLUMNS),
                            wg_init_constant(0));
        gradient_fill(t, g);
        wg_var gradient = wg_input(l.tape, "g", view_of(dtype, g, narrow));
        wg_minimize(&optimizer, scope, wg_sum(wg_mul(gradient, p), WG_ALL));
        check_msg(wg_run(l.runtime, l.tape) >= 0, "%s: %s", name, wg_tape_message(l.tape));
        for (size_t i = 0; i < sizeof traces / sizeof traces[0]; i++) {
            if (traces[i].step != t || strcmp(traces[i].name, name) != 0) continue;
            row_check(l, &traces[i], optimizer.name, dtype);
            rows++;
        }
    }
    check_msg(rows >= TRACE_STEPS, "%s has no trace", name);
    lab_close(l);
}

/* All of the parameter and its state, after every step, in both dtypes. */
Test(optimizer_rule, all_follow_their_traces)
{
    struct { const char *name; wg_optimizer optimizer; } cases[] = {
        { "sgd", wg_sgd(1, NULL) },
        { "momentum", wg_sgd(1, WG_OPTIONS(wg_sgd_options, .momentum = 0.9)) },
        { "nesterov", wg_sgd(1, WG_OPTIONS(wg_sgd_options, .momentum = 0.9, .nesterov = true)) },
        { "adagrad", wg_adagrad(1) },
        { "rmsprop", wg_rmsprop(1, 0.9) },
        { "adam", wg_adam(1, NULL) },
        { "amsgrad", wg_adam(1, WG_OPTIONS(wg_adam_options, .beta2 = 0.5, .amsgrad = true)) },
        { "adamw", wg_adamw(1, 0.1) },
        { "adamax", wg_adamax(1, NULL) },
        { "nadam", wg_nadam(1, NULL) },
        { "lion", wg_lion(1) },
        { "lamb", wg_lamb(1) },
        { "muon", wg_muon(1) },
    };
    cases[2].optimizer.l2 = 0.25;
    for (size_t i = 10; i < 13; i++) cases[i].optimizer.decay = 0.1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        follow(cases[i].name, cases[i].optimizer, WG_F64);
        follow(cases[i].name, cases[i].optimizer, WG_F32);
    }
}

/* p = 1, g = 2, rate 0.1: the step is the rate, up to epsilon. */
Test(optimizer_rule, first_steps_are_the_published_ones)
{
    lab l = lab_with(WG_F64, 1);
    wg_view count;
    const wg_optimizer adam = wg_adam(0.1, NULL);
    check(step(l, &adam, WG_F64, 2) >= 0);
    check_close(value_of(l, "p"), 0.9000000005, 4 * DBL_EPSILON);
    check_close(value_of(l, "adam/p/mean"), 0.2, DBL_EPSILON);
    check_close(value_of(l, "adam/p/square"), 0.004, DBL_EPSILON);
    check(value_of(l, "adam/power1") == 0.9 && value_of(l, "adam/power2") == 0.999);
    lab_close(l);
    l = lab_with(WG_F64, 1);
    const wg_optimizer sgd = wg_sgd(0.1, NULL);
    check(step(l, &sgd, WG_F64, 2) >= 0);
    check_close(value_of(l, "p"), 0.8, DBL_EPSILON);
    check_equal_i(wg_params_count(l.params), 2);
    check_status(wg_params_find(l.params, "sgd/step", &count), WG_OK);
    check_equal_i(*(const int64_t *)count.data, 1);
    lab_close(l);
}

/* beta 0 that is meant is a mean without memory: the step is the rate whatever came before. */
Test(optimizer_rule, adam_takes_a_zero_that_is_meant)
{
    const lab l = lab_with(WG_F64, 1);
    const wg_optimizer adam = wg_adam(0.5, WG_OPTIONS(wg_adam_options, .beta1 = WG_ZERO,
                                                      .beta2 = WG_ZERO, .epsilon = WG_ZERO));
    const double gradient[4] = { 3, -100, 1e-3, 7 }, expected[4] = { 0.5, 1, 0.5, 0 };
    for (int i = 0; i < 4; i++) {
        check(step(l, &adam, WG_F64, gradient[i]) >= 0);
        check_close(value_of(l, "p"), expected[i], 4 * DBL_EPSILON);
    }
    lab_close(l);
}

/* (p - 3)^2 from 1: each step takes 1 - 2 rate of the distance. */
Test(optimizer_rule, sgd_descends_a_parabola)
{
    const lab l = lab_with(WG_F64, 1);
    const wg_optimizer sgd = wg_sgd(0.25, NULL);
    double distance = -2;
    for (int i = 0; i < 5; i++, distance /= 2) {
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var loss = wg_square(wg_shift(parameter(scope, WG_F64), -3));
        check_status(wg_minimize(&sgd, scope, loss), WG_OK);
        check(lab_item(l, loss) == distance * distance);
    }
    check(value_of(l, "p") == 3 + distance);
    lab_close(l);
}

/* Momentum of a constant gradient: the step tends to rate / (1 - momentum). */
Test(optimizer_rule, momentum_of_a_constant_gradient_settles)
{
    const lab l = lab_with(WG_F64, 0);
    const wg_optimizer sgd = wg_sgd(0.01, WG_OPTIONS(wg_sgd_options, .momentum = 0.9));
    double before = 0;
    for (int i = 0; i < 300; i++) {
        before = value_of(l, "p");
        check(step(l, &sgd, WG_F64, 1) >= 0);
    }
    check_close(before - value_of(l, "p"), 0.1, 0.1 * pow(0.9, 290));
    lab_close(l);
}

/* What decays is 0 long before it is subnormal: after one gradient and a thousand of nothing. */
Test(optimizer_rule, moments_end_at_zero)
{
    wg_optimizer cases[] = { wg_adam(0.1, WG_OPTIONS(wg_adam_options, .beta2 = 0.9)), wg_lion(0.1),
                             wg_sgd(0.1, WG_OPTIONS(wg_sgd_options, .momentum = 0.9)) };
    const char *const state[3] = { "adam/p/square", "lion/p/mean", "sgd/p/velocity" };
    const double share[3] = { 0.9, 0.99, 0.9 };
    for (int k = 0; k < 3; k++) {
        const lab l = lab_with(WG_F32, 1);
        double least = 1;
        int steps = 0;
        check(step(l, &cases[k], WG_F32, 0x1p-40) >= 0);
        while (value_of(l, state[k]) > 0 && steps++ < 5000) {
            least = value_of(l, state[k]);
            check(step(l, &cases[k], WG_F32, 0) >= 0);
        }
        check_msg(value_of(l, state[k]) == 0, "%s stays at %g", state[k], least);
        check(least >= 0x1p-110 && least * share[k] < 0x1p-110);
        lab_close(l);
    }
}

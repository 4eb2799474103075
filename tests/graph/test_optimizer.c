/* Optimisers against traces of their formulas at 50 digits (tests/golden/make_nn.py), the published
 * first steps, what a step must not do, and how a rule of one's own is refused or followed. */
#include "golden/nn.h"
#include "graph/lab.h"
#include "runtime/internal.h"
#include <math.h>
#include <string.h>

/* A lab with one parameter "p". */
static lab lab_with(wg_dtype dtype, double start)
{
    const lab l = lab_open(1);
    const float narrow = (float)start;
    const wg_view view = dtype == WG_F32 ? wg_f32(&narrow, WG_SCALAR) : wg_f64(&start, WG_SCALAR);
    check_status(wg_params_set(l.params, "p", view), WG_OK);
    return l;
}

static wg_var parameter(wg_scope scope, wg_dtype dtype)
{
    return wg_param(scope, "p", dtype, WG_SCALAR, wg_init_constant(1));
}

/* One step with this gradient: the loss is g p. Returns the run's status. */
static int step(lab l, const wg_optimizer *optimizer, wg_dtype dtype, double gradient)
{
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var p = parameter(scope, dtype);
    wg_var g = wg_scalar(l.tape, "g", dtype, gradient);
    wg_minimize(optimizer, scope, wg_mul(g, p));
    return wg_run(l.runtime, l.tape);
}

static double value_of(lab l, const char *path)
{
    wg_view view;
    check_status(wg_params_find(l.params, path, &view), WG_OK);
    return view.dtype == WG_F32 ? (double)*(const float *)view.data : *(const double *)view.data;
}

/* ---- formulas ---- */

/* Ten steps add ten updates of size 0.1, each a dozen roundings wide. */
static void follow(const wg_optimizer *optimizer, wg_dtype dtype, const double trace[10][2])
{
    const lab l = lab_with(dtype, 1);
    for (int i = 0; i < 10; i++) {
        check_msg(step(l, optimizer, dtype, trace[i][0]) >= 0, "%s", wg_tape_message(l.tape));
        check_close(value_of(l, "p"), trace[i][1], 16 * eps_of(dtype) * (i + 1));
    }
    lab_close(l);
}

Test(optimizer, adam_follows_its_trace)
{
    const wg_optimizer adam = wg_adam(0.1, NULL);
    follow(&adam, WG_F64, adam_trace);
    follow(&adam, WG_F32, adam_trace);
}

Test(optimizer, momentum_follows_its_trace)
{
    const wg_optimizer sgd = wg_sgd(0.1, WG_OPTIONS(wg_sgd_options, .momentum = 0.9));
    follow(&sgd, WG_F64, momentum_trace);
    follow(&sgd, WG_F32, momentum_trace);
}

/* p = 1, g = 2, rate 0.1: the step is the rate, up to epsilon. */
Test(optimizer, first_steps_are_the_published_ones)
{
    lab l = lab_with(WG_F64, 1);
    const wg_optimizer adam = wg_adam(0.1, NULL);
    check(step(l, &adam, WG_F64, 2) >= 0);
    check_close(value_of(l, "p"), 0.9000000005, 4 * DBL_EPSILON);
    check_close(value_of(l, "adam/p/mean"), 0.2, DBL_EPSILON);
    check_close(value_of(l, "adam/p/square"), 0.004, DBL_EPSILON);
    check(value_of(l, "adam/p/power1") == 0.9 && value_of(l, "adam/p/power2") == 0.999);
    lab_close(l);
    l = lab_with(WG_F64, 1);
    const wg_optimizer sgd = wg_sgd(0.1, NULL);
    check(step(l, &sgd, WG_F64, 2) >= 0);
    check_close(value_of(l, "p"), 0.8, DBL_EPSILON);
    check_equal_i(wg_params_count(l.params), 1);
    lab_close(l);
}

/* beta 0 that is meant is a mean without memory: the step is the rate whatever came before. */
Test(optimizer, adam_takes_a_zero_that_is_meant)
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
Test(optimizer, sgd_descends_a_parabola)
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
Test(optimizer, momentum_of_a_constant_gradient_settles)
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

/* ---- what a step must not do ---- */

Test(optimizer, infinite_gradient_changes_nothing)
{
    const double bad[2] = { INFINITY, NAN };
    for (int i = 0; i < 2; i++) {
        const lab l = lab_with(WG_F64, 1);
        const wg_optimizer adam = wg_adam(0.1, NULL);
        check(step(l, &adam, WG_F64, 1) >= 0);
        wg_fingerprint before, after;
        check_status(wg_params_fingerprint(l.params, &before), WG_OK);
        check_status(step(l, &adam, WG_F64, bad[i]), WG_EFINITE);
        check_status(wg_params_fingerprint(l.params, &after), WG_OK);
        check_bytes(&after, &before, sizeof before);
        const double value = value_of(l, "p");
        check(step(l, &adam, WG_F64, 1) >= 0);
        check(value_of(l, "p") < value);
        lab_close(l);
    }
}

Test(optimizer, unchecked_lets_infinity_in)
{
    const lab l = lab_with(WG_F64, 1);
    wg_optimizer sgd = wg_sgd(0.1, NULL);
    sgd.unchecked = true;
    check_status(step(l, &sgd, WG_F64, INFINITY), WG_OK);
    check(value_of(l, "p") == -INFINITY);
    lab_close(l);
}

/* The rate is an input: a schedule over any number of steps is one program. */
Test(optimizer, a_new_rate_is_no_new_program)
{
    const lab l = lab_with(WG_F64, 1);
    wg_optimizer adam = wg_adam(0.1, NULL);
    check(step(l, &adam, WG_F64, 1) >= 0); /* makes the state */
    check(step(l, &adam, WG_F64, 1) >= 0);
    const int64_t misses = l.runtime->miss_count;
    for (int i = 0; i < 50; i++) {
        const double before = value_of(l, "p");
        adam.rate = 0.1 / (i + 1);
        check(step(l, &adam, WG_F64, 1) >= 0);
        check_close(before - value_of(l, "p"), adam.rate, 1e-6 * adam.rate + DBL_EPSILON * 8);
    }
    check_equal_i(l.runtime->miss_count, misses);
    lab_close(l);
}

/* ---- which parameters ---- */

/* Only what lies below the scope and is not frozen moves; what the loss does not depend on has
 * gradient 0. */
Test(optimizer, minimize_takes_what_lies_below_and_is_not_frozen)
{
    const lab l = lab_open(1);
    const wg_optimizer sgd = wg_sgd(0.5, NULL);
    const wg_scope scope = lab_scope(l, WG_TRAINING), inside = wg_scope_in(scope, "in");
    wg_var out = parameter(scope, WG_F64), in = parameter(inside, WG_F64);
    wg_var still = parameter(wg_scope_frozen(wg_scope_in(inside, "still")), WG_F64);
    wg_var idle = parameter(wg_scope_in(inside, "idle"), WG_F64);
    check(wg_path(idle)[0] != '\0');
    wg_var loss = wg_add(wg_mul(out, in), still);
    check_status(wg_minimize(&sgd, inside, loss), WG_OK);
    check_status(wg_run(l.runtime, l.tape), WG_OK);
    check(value_of(l, "p") == 1 && value_of(l, "in/p") == 0.5);
    check(value_of(l, "in/still/p") == 1 && value_of(l, "in/idle/p") == 1);
    lab_close(l);
}

Test(optimizer, frozen_and_missing_parameters_are_not_updated)
{
    const lab l = lab_open(1);
    const wg_optimizer sgd = wg_sgd(0.1, NULL);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var p = parameter(wg_scope_frozen(scope), WG_F64);
    check_status(wg_minimize(&sgd, scope, wg_square(p)), WG_EINVALID);
    lab_refused(l, WG_EINVALID, "minimize: no parameter has been met below this scope");
    lab_close(l);
}

/* One name twice in a recording would be one state for two optimisers. */
Test(optimizer, same_name_twice_is_refused)
{
    const lab l = lab_open(1);
    const wg_optimizer adam = wg_adam(0.1, NULL);
    wg_optimizer other = adam;
    other.name = "other";
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var loss = wg_square(parameter(scope, WG_F64));
    check_status(wg_minimize(&adam, scope, loss), WG_OK);
    check_status(wg_minimize(&other, scope, loss), WG_OK);
    check_status(wg_minimize(&adam, scope, loss), WG_ENAME);
    lab_refused(l, WG_ENAME, "adam/rate names another input");
    lab_close(l);
}

/* Units that begin alike stay alike: why weights are drawn. */
Test(optimizer, equal_units_stay_equal)
{
    const float x[8] = { 1, 2, -1, 0.5f, 3, -2, 0.25f, 1 }, t[4] = { 1, -1, 2, 0 };
    const lab l = lab_open(1);
    const wg_optimizer adam = wg_adam(0.05, NULL);
    const wg_dense_options same = { .activation = wg_tanh, .weight = wg_init_constant(0.3) };
    for (int i = 0; i < 20; i++) {
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var y = wg_batch(l.tape, "x", wg_f32(x, WG_SHAPE(4, 2)));
        y = wg_dense(scope, "hidden", y, 3, &same);
        y = wg_dense(scope, "out", y, 1, &same);
        wg_var target = wg_batch(l.tape, "t", wg_f32(t, WG_SHAPE(4, 1)));
        wg_minimize(&adam, scope, wg_mean(wg_squared_error(y, target), WG_ALL));
        check_status(wg_run(l.runtime, l.tape), WG_OK);
    }
    wg_view view;
    check_status(wg_params_find(l.params, "hidden/weight", &view), WG_OK);
    const float *w = view.data;
    for (int i = 0; i < 6; i++) check(w[i] == w[i / 3 * 3] && w[i] != 0.3f);
    lab_close(l);
}

/* ---- rules of one's own ---- */

/* Sign descent with one memory: p - rate sign(m), m = m / 2 + g. */
static wg_var update_sign(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                          const wg_optimizer *self)
{
    wg_var old = wg_state_like(state, "m", parameter);
    wg_var m = wg_add(wg_scale(old, self->setting[0]), gradient);
    wg_assign(old, m);
    return wg_sub(parameter, wg_mul(wg_cast(rate, wg_dtype_of(parameter)), wg_sign(m)));
}

Test(optimizer, a_rule_of_ones_own_is_followed)
{
    const lab l = lab_with(WG_F32, 1);
    const wg_optimizer sign = { .update = update_sign, .name = "sign", .rate = 0.25,
                                .setting = { 0.5 } };
    const double gradient[4] = { 4, -1, -0.25, -8 }, expected[4] = { 0.75, 0.5, 0.25, 0.5 };
    for (int i = 0; i < 4; i++) {
        check(step(l, &sign, WG_F32, gradient[i]) >= 0);
        check(value_of(l, "p") == expected[i]);
    }
    for (int64_t i = 0; i < wg_params_count(l.params); i++)
        check(wg_params_trained(l.params, i) == (strcmp(wg_params_name(l.params, i), "p") == 0));
    lab_close(l);
}

static wg_var update_nothing(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                             const wg_optimizer *self)
{
    (void)state, (void)parameter, (void)gradient, (void)rate, (void)self;
    return (wg_var){ 0 };
}

static wg_var update_wide(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                          const wg_optimizer *self)
{
    (void)state, (void)gradient, (void)rate, (void)self;
    return wg_broadcast(parameter, WG_SHAPE(2));
}

static wg_var update_wrong(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                           const wg_optimizer *self)
{
    (void)state, (void)rate, (void)self;
    return wg_matmul(parameter, gradient);
}

typedef struct bad_optimizer { wg_optimizer optimizer; int status; const char *message; }
    bad_optimizer;

Test(optimizer, malformed_optimisers_are_refused)
{
    const wg_adam_options dirty_adam = { .reserved = { 0, 0, 0, 1 } };
    const wg_sgd_options dirty_sgd = { .reserved = { 1 } };
    const bad_optimizer bad[] = {
        { wg_adam(0.1, &dirty_adam), WG_EINVALID, "no rule: were its options zeroed?" },
        { wg_sgd(0.1, &dirty_sgd), WG_EINVALID, "no rule: were its options zeroed?" },
        { { .update = update_sign }, WG_EINVALID, "no optimiser, or one without a name" },
        { { .update = update_sign, .name = "s", .reserved = { [7] = 1 } }, WG_EINVALID,
          "apply: the optimiser was not zeroed" },
        { { .update = update_sign, .name = "my sign" }, WG_ENAME, "'my sign' is no name" },
        { { .update = update_sign, .name = "" }, WG_ENAME, "'' is no name" },
        { { .update = update_nothing, .name = "n" }, WG_EINVALID,
          "assign: argument 2 is the null value (test_optimizer.c" },
        { { .update = update_wide, .name = "w" }, WG_ESHAPE,
          "assign: p: [2] f64 is not [] f64 (test_optimizer.c" },
        { { .update = update_wrong, .name = "x" }, WG_ESHAPE,
          "an axis is needed; a scalar is for wg_mul (test_opt" },
    };
    const lab l = lab_open(1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var loss = wg_square(parameter(scope, WG_F64));
        check_status(wg_minimize(&bad[i].optimizer, scope, loss), bad[i].status);
        lab_refused(l, bad[i].status, bad[i].message);
    }
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    check_status(wg_minimize(NULL, scope, wg_square(parameter(scope, WG_F64))), WG_EINVALID);
    check_equal_i(wg_params_count(l.params), 0);
    lab_close(l);
}

Test(optimizer, apply_refuses_what_is_no_gradient_or_parameter)
{
    const lab l = lab_open(1);
    const wg_optimizer sgd = wg_sgd(0.1, NULL);
    const char *const messages[6] = { "apply: a value is no parameter (test_optimizer.c",
                                      "apply: the gradient of v has another shape (test_opt",
                                      "f64 and f32 differ", "argument 2 is the null value",
                                      "no parameters, or no gradients",
                                      "minimize: the loss is the null value" };
    const int status[6] = { WG_EINVALID, WG_ESHAPE, WG_EDTYPE, WG_EINVALID, WG_EINVALID,
                            WG_EINVALID };
    for (int k = 0; k < 6; k++) {
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var p = wg_param(scope, "v", WG_F64, WG_SHAPE(2), wg_init_constant(1));
        wg_var x = wg_full(l.tape, k == 2 ? WG_F32 : WG_F64, WG_SHAPE(k == 1 ? 1 : 2), 1);
        if (k == 3) x = (wg_var){ 0 };
        const int found = k == 5   ? wg_minimize(&sgd, scope, x = (wg_var){ 0 })
                          : k == 4 ? wg_apply(&sgd, scope, 1, &p, NULL)
                                   : wg_apply(&sgd, scope, 1, k == 0 ? &x : &p, &x);
        check_status(found, status[k]);
        lab_refused(l, status[k], messages[k]);
    }
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    check_status(wg_apply(&sgd, scope, 0, NULL, NULL), WG_OK);
    check_status(wg_apply(&sgd, (wg_scope){ 0 }, 0, NULL, NULL), WG_EMEMORY);
    wg_var p = wg_param(scope, "v", WG_F64, WG_SHAPE(2), wg_init_constant(1));
    check_status(wg_minimize(&sgd, scope, p), WG_ESHAPE);
    lab_refused(l, WG_ESHAPE, "[2] is not a scalar: sum it first");
    lab_close(l);
}

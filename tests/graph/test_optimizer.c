/* Optimisers against traces of their formulas at 50 digits (tests/golden/make_nn.py), the published
 * first steps, and what a step must not do. */
#include "golden/nn.h"
#include "support/test.h"
#include <float.h>
#include <math.h>
#include <wengert/wengert.h>

typedef struct lab {
    wg_runtime *runtime;
    wg_tape *tape;
    wg_params *params;
} lab;

static lab lab_open(double start)
{
    lab l = { wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1)), wg_tape_create(NULL),
              wg_params_create(NULL) };
    check_status(wg_params_set(l.params, "p", wg_f64(&start, WG_SCALAR)), WG_OK);
    return l;
}

static void lab_close(lab l)
{
    wg_params_free(l.params);
    wg_tape_free(l.tape);
    wg_runtime_free(l.runtime);
}

/* One step with this gradient: the loss is g p. Returns the run's status. */
static int step(lab l, const wg_optimizer *optimizer, double gradient)
{
    wg_tape_reset(l.tape);
    const wg_scope scope = wg_scope_root(l.tape, l.params, WG_TRAINING);
    wg_var p = wg_param(scope, "p", WG_F64, WG_SCALAR, wg_init_constant(1));
    wg_var g = wg_scalar(l.tape, "g", WG_F64, gradient);
    wg_minimize(optimizer, scope, wg_mul(g, p));
    return wg_run(l.runtime, l.tape);
}

static double parameter(lab l)
{
    wg_view view;
    check_status(wg_params_find(l.params, "p", &view), WG_OK);
    return *(const double *)view.data;
}

/* Ten steps add ten updates of size 0.1, each a dozen roundings wide. */
static void follow(const wg_optimizer *optimizer, const double trace[10][2])
{
    const lab l = lab_open(1);
    for (int i = 0; i < 10; i++) {
        check_msg(step(l, optimizer, trace[i][0]) >= 0, "%s", wg_tape_message(l.tape));
        check_close(parameter(l), trace[i][1], 16 * DBL_EPSILON * (i + 1));
    }
    lab_close(l);
}

Test(optimizer, adam_follows_its_trace)
{
    const wg_optimizer adam = wg_adam(0.1, NULL);
    follow(&adam, adam_trace);
}

Test(optimizer, momentum_follows_its_trace)
{
    const wg_optimizer sgd = wg_sgd(0.1, WG_OPTIONS(wg_sgd_options, .momentum = 0.9));
    follow(&sgd, momentum_trace);
}

/* p = 1, g = 2, rate 0.1: the step is the rate, up to epsilon. */
Test(optimizer, first_steps_are_the_published_ones)
{
    lab l = lab_open(1);
    const wg_optimizer adam = wg_adam(0.1, NULL);
    check(step(l, &adam, 2) >= 0);
    check_close(parameter(l), 0.9000000005, 4 * DBL_EPSILON);
    lab_close(l);
    l = lab_open(1);
    const wg_optimizer sgd = wg_sgd(0.1, NULL);
    check(step(l, &sgd, 2) >= 0);
    check_close(parameter(l), 0.8, DBL_EPSILON);
    lab_close(l);
}

Test(optimizer, infinite_gradient_changes_nothing)
{
    const double bad[2] = { INFINITY, NAN };
    for (int i = 0; i < 2; i++) {
        const lab l = lab_open(1);
        const wg_optimizer adam = wg_adam(0.1, NULL);
        check(step(l, &adam, 1) >= 0);
        const double before = parameter(l);
        check_status(step(l, &adam, bad[i]), WG_EFINITE);
        check(parameter(l) == before);
        check(step(l, &adam, 1) >= 0);
        check(parameter(l) < before);
        lab_close(l);
    }
}

/* Momentum of a constant gradient: the step tends to rate / (1 - momentum). */
Test(optimizer, momentum_of_a_constant_gradient_settles)
{
    const lab l = lab_open(0);
    const wg_optimizer sgd = wg_sgd(0.01, WG_OPTIONS(wg_sgd_options, .momentum = 0.9));
    double before = 0;
    for (int i = 0; i < 300; i++) {
        before = parameter(l);
        check(step(l, &sgd, 1) >= 0);
    }
    check_close(before - parameter(l), 0.1, 0.1 * pow(0.9, 290));
    lab_close(l);
}

/* One name twice in a recording would be one state for two optimisers. */
Test(optimizer, same_name_twice_is_refused)
{
    const lab l = lab_open(1);
    const wg_optimizer adam = wg_adam(0.1, NULL);
    const wg_scope scope = wg_scope_root(l.tape, l.params, WG_TRAINING);
    wg_var p = wg_param(scope, "p", WG_F64, WG_SCALAR, wg_init_constant(1));
    wg_var loss = wg_square(p);
    check_status(wg_minimize(&adam, scope, loss), WG_OK);
    check_status(wg_minimize(&adam, scope, loss), WG_ENAME);
    lab_close(l);
}

Test(optimizer, frozen_and_missing_parameters_are_not_updated)
{
    const lab l = lab_open(1);
    const wg_optimizer sgd = wg_sgd(0.1, NULL);
    const wg_scope scope = wg_scope_root(l.tape, l.params, WG_TRAINING);
    wg_var p = wg_param(wg_scope_frozen(scope), "p", WG_F64, WG_SCALAR, wg_init_constant(1));
    check_status(wg_minimize(&sgd, scope, wg_square(p)), WG_EINVALID);
    check_contains(wg_tape_message(l.tape), "no parameter");
    lab_close(l);
}

/* Steps of optimisers: what is done around a rule, what a step must not do, and how a rule of one's
 * own is refused or followed. */
#include "graph/descent.h"
#include "runtime/internal.h"
#include "support/memory.h"
#include <math.h>
#include <string.h>

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

/* ---- around the rule ---- */

/* Two parameters "a" and "b" of three elements at these values; a gradient each. */
typedef struct pair { const double *value[2], *gradient[2]; } pair;

static int pair_step(lab l, const wg_optimizer *optimizer, const pair *given)
{
    static const char *const name[2] = { "a", "b" };
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var p[2], g[2];
    for (int i = 0; i < 2; i++) {
        wg_view view;
        if (wg_params_find(l.params, name[i], &view) < 0)
            check_status(wg_params_set(l.params, name[i], wg_f64(given->value[i], WG_SHAPE(3))),
                         WG_OK);
        p[i] = wg_param(scope, name[i], WG_F64, WG_SHAPE(3), wg_init_constant(0));
        g[i] = wg_input(l.tape, i == 0 ? "ga" : "gb", wg_f64(given->gradient[i], WG_SHAPE(3)));
    }
    if (wg_apply(optimizer, scope, 2, p, g) < 0) return wg_tape_status(l.tape);
    return wg_run(l.runtime, l.tape);
}

static void pair_expect(lab l, const char *path, double x, double y, double z)
{
    const double expected[3] = { x, y, z };
    wg_view view;
    check_msg(wg_params_find(l.params, path, &view) >= 0, "%s is not there", path);
    for (int i = 0; i < 3; i++)
        check_close(((const double *)view.data)[i], expected[i], 4 * DBL_EPSILON);
}

static const double zeros[3] = { 0, 0, 0 };

/* All gradients together have norm 13: scaled to 6.5 each is halved; at 13 and above none is. */
Test(optimizer, clip_norm_is_of_all_gradients_together)
{
    const double g[3] = { 3, 0, 4 }, h[3] = { 0, -12, 0 };
    const pair given = { { zeros, zeros }, { g, h } };
    const double bound[2] = { 6.5, 13 }, factor[2] = { 0.5, 1 };
    for (int k = 0; k < 2; k++) {
        const lab l = lab_open(1);
        wg_optimizer sgd = wg_sgd(1, NULL);
        sgd.clip_norm = bound[k];
        check(pair_step(l, &sgd, &given) >= 0);
        pair_expect(l, "a", -3 * factor[k], 0, -4 * factor[k]);
        pair_expect(l, "b", 0, 12 * factor[k], 0);
        lab_close(l);
    }
}

Test(optimizer, clip_value_is_of_each_element)
{
    const double g[3] = { 3, 0.5, -4 }, h[3] = { 0, -12, 2 };
    const pair given = { { zeros, zeros }, { g, h } };
    const lab l = lab_open(1);
    wg_optimizer sgd = wg_sgd(1, NULL);
    sgd.clip_value = 2;
    check(pair_step(l, &sgd, &given) >= 0);
    pair_expect(l, "a", -2, -0.5, 2);
    pair_expect(l, "b", 0, 2, -2);
    lab_close(l);
}

/* An infinite gradient is not clipped to something: the step fails and changes nothing. */
Test(optimizer, clipping_does_not_hide_what_is_not_finite)
{
    const double g[3] = { 0, INFINITY, 0 }, h[3] = { 1, 1, 1 };
    const pair given = { { zeros, zeros }, { g, h } };
    const lab l = lab_open(1);
    wg_optimizer sgd = wg_sgd(1, NULL);
    sgd.clip_norm = 1;
    check_status(pair_step(l, &sgd, &given), WG_EFINITE);
    pair_expect(l, "b", 0, 0, 0);
    lab_close(l);
}

/* p - rate l1 sign(p), stopped at exactly 0: 0.3, -0.2 and 1 with steps of 0.25. Adam does not see
 * the penalty: at gradient 0 it does not move. */
Test(optimizer, l1_stops_at_zero)
{
    const double start[3] = { 0.3, -0.2, 1 };
    const pair given = { { start, zeros }, { zeros, zeros } };
    const wg_optimizer base[2] = { wg_sgd(0.5, NULL), wg_adam(0.5, NULL) };
    for (int k = 0; k < 2; k++) {
        const lab l = lab_open(1);
        wg_optimizer optimizer = base[k];
        optimizer.l1 = 0.5;
        check(pair_step(l, &optimizer, &given) >= 0);
        pair_expect(l, "a", 0.3 - 0.25, 0, 0.75);
        check(pair_step(l, &optimizer, &given) >= 0);
        wg_view view;
        check_status(wg_params_find(l.params, "a", &view), WG_OK);
        const double *a = view.data;
        check(a[0] == 0 && a[1] == 0 && a[2] == 0.5);
        pair_expect(l, "b", 0, 0, 0);
        lab_close(l);
    }
}

/* decay takes rate decay p, beside the rule; l2 is part of the gradient, so Adam at its first step
 * takes the rate whatever l2 is. */
Test(optimizer, decay_is_decoupled_and_l2_is_not)
{
    const double start[3] = { 1, -2, 4 };
    const pair given = { { start, zeros }, { zeros, zeros } };
    lab l = lab_open(1);
    wg_optimizer adam = wg_adam(0.5, WG_OPTIONS(wg_adam_options, .epsilon = WG_ZERO));
    adam.decay = 0.5;
    check(pair_step(l, &adam, &(pair){ { start, start }, { start, start } }) >= 0);
    pair_expect(l, "a", 0.75 - 0.5, -1.5 + 0.5, 3 - 0.5);
    lab_close(l);
    l = lab_open(1);
    wg_optimizer coupled = wg_adam(0.5, NULL);
    coupled.l2 = 8;
    check(pair_step(l, &coupled, &given) >= 0);
    wg_view view;
    check_status(wg_params_find(l.params, "a", &view), WG_OK);
    for (int i = 0; i < 3; i++) {
        const double away = ((const double *)view.data)[i] - (start[i] > 0 ? start[i] - 0.5
                                                                          : start[i] + 0.5);
        check_close(away, 0, 1e-9); /* epsilon over a gradient of 8 */
    }
    lab_close(l);
}

/* Field by field the later match wins, WG_ZERO is a zero that is meant, frozen does not move. */
Test(optimizer, groups_set_rate_and_decay_by_path)
{
    const double start[3] = { 1, 2, 4 }, g[3] = { 1, 1, 1 };
    const pair given = { { start, start }, { g, g } };
    const wg_group group[4] = { { .pattern = "*", .rate_factor = 0.5, .decay = 0.5 },
                                { .pattern = "b", .rate_factor = 2 },
                                { .pattern = "a", .decay = WG_ZERO },
                                { .pattern = "c*", .frozen = true } };
    lab l = lab_open(1);
    wg_optimizer sgd = wg_sgd(0.25, NULL);
    sgd.decay = 100;
    sgd.group = group;
    sgd.group_count = 4;
    check(pair_step(l, &sgd, &given) >= 0);
    pair_expect(l, "a", 1 - 0.125, 2 - 0.125, 4 - 0.125);
    pair_expect(l, "b", 0.75 - 0.5, 1.5 - 0.5, 3 - 0.5);
    lab_close(l);
    l = lab_open(1);
    const wg_group still = { .pattern = "?", .frozen = true };
    sgd.group = &still;
    sgd.group_count = 1;
    check(pair_step(l, &sgd, &given) >= 0);
    pair_expect(l, "a", 1, 2, 4);
    lab_close(l);
}

/* Three runs are one step with their mean gradient, for all state of the rule; the runs between
 * move nothing but the sum. */
Test(optimizer, accumulated_runs_are_one_step)
{
    const double g[3][3] = { { 1, 2, 3 }, { 4, -5, 6 }, { 1, 0, 3 } }, mean[3] = { 2, -1, 4 };
    wg_optimizer once = wg_adam(0.5, NULL), parts = once;
    parts.accumulate = 3;
    const lab l = lab_open(1), m = lab_open(1);
    for (int t = 0; t < 6; t++) {
        check(pair_step(l, &parts, &(pair){ { zeros, zeros }, { g[t % 3], zeros } }) >= 0);
        if (t == 1) pair_expect(l, "a", 0, 0, 0);
        if (t == 1) pair_expect(l, "adam/a/mean", 0, 0, 0);
        if (t == 1) pair_expect(l, "adam/a/accumulated", 5, -3, 9);
        if (t % 3 == 2)
            check(pair_step(m, &once, &(pair){ { zeros, zeros }, { mean, zeros } }) >= 0);
    }
    for (int64_t i = 0; i < wg_params_count(m.params); i++) {
        wg_view x, y;
        const char *name = wg_params_name(m.params, i);
        check_status(wg_params_find(m.params, name, &x), WG_OK);
        check_status(wg_params_find(l.params, name, &y), WG_OK);
        check_bytes(y.data, x.data,
                    (size_t)wg_shape_count(x.shape) * wg_dtype_bytes(x.dtype));
    }
    pair_expect(l, "adam/a/accumulated", 0, 0, 0);
    lab_close(l);
    lab_close(m);
}

/* A rule of one's own knows nothing of accumulation and is held back with the others. */
Test(optimizer, accumulation_holds_back_rules_of_ones_own)
{
    const lab l = lab_with(WG_F64, 1);
    wg_optimizer sign = { .update = update_sign, .name = "sign", .rate = 0.25, .accumulate = 2,
                          .setting = { 0.5 } };
    const double gradient[4] = { 4, 2, -10, -10 }, p[4] = { 1, 0.75, 0.75, 1 },
                 m[4] = { 0, 3, 3, -8.5 };
    for (int i = 0; i < 4; i++) {
        check(step(l, &sign, WG_F64, gradient[i]) >= 0);
        check(value_of(l, "p") == p[i]);
        check(value_of(l, "sign/p/m") == m[i]);
    }
    lab_close(l);
}

/* One number a step is one state a step, whatever the number of parameters. */
Test(optimizer, powers_are_of_the_step_not_of_the_parameter)
{
    const pair given = { { zeros, zeros }, { zeros, zeros } };
    const lab l = lab_open(1);
    const wg_optimizer adam = wg_adam(0.1, NULL);
    check(pair_step(l, &adam, &given) >= 0);
    /* a, b; mean and square of each; power1, power2, step. */
    check_equal_i(wg_params_count(l.params), 9);
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
        { wg_adam(0.1, &dirty_adam), WG_EINVALID, "no rule: were its options zeroed" },
        { wg_sgd(0.1, &dirty_sgd), WG_EINVALID, "no rule: were its options zeroed, and in range?" },
        { { .update = update_sign }, WG_EINVALID, "no optimiser, or one without a name" },
        { { .update = update_sign, .name = "s", .reserved = { [7] = 1 } }, WG_EINVALID,
          "apply: the optimiser was not zeroed" },
        { { .update = update_sign, .name = "s", .decay = -1 }, WG_EINVALID, "are 0 or more" },
        { { .update = update_sign, .name = "s", .clip_norm = NAN }, WG_EINVALID, "are 0 or more" },
        { { .update = update_sign, .name = "s", .accumulate = -1 }, WG_EINVALID, "are 0 or more" },
        { { .update = update_sign, .name = "s", .group_count = 1 }, WG_EINVALID,
          "groups are missing" },
        { { .update = update_sign, .name = "s", .group_count = 1, .group = &(wg_group){ 0 } },
          WG_EINVALID, "a group has no pattern" },
        { { .update = update_sign, .name = "s", .group_count = 1,
            .group = &(wg_group){ .pattern = "*", .rate_factor = -1 } },
          WG_EINVALID, "of a group are 0 or more" },
        { wg_rmsprop(0.1, 1), WG_EINVALID, "in range?" },
        { wg_adamax(0.1, WG_OPTIONS(wg_adam_options, .amsgrad = true)), WG_EINVALID, "in range?" },
        { wg_adam(0.1, WG_OPTIONS(wg_adam_options, .beta1 = 1)), WG_EINVALID, "in range?" },
        { wg_sgd(0.1, WG_OPTIONS(wg_sgd_options, .momentum = -0.5)), WG_EINVALID, "in range?" },
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
                                      "apply: the gradient of v has another dtype",
                                      "apply: the gradient of v is the null value",
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

/* ---- memory ---- */

/* Everything around a rule and the rule with the most state, two steps, averages. */
static int steps_all(const wg_allocator *allocator, void *user)
{
    (void)user;
    const wg_group group = { .pattern = "?", .decay = 0.5 };
    wg_optimizer adam = wg_adam(0.1, WG_OPTIONS(wg_adam_options, .amsgrad = true));
    adam.group = &group;
    adam.group_count = 1;
    adam.clip_norm = adam.clip_value = adam.l1 = adam.l2 = 1;
    adam.accumulate = 2;
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 1));
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = allocator));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    wg_params *target = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    int status = !runtime || !tape || !params || !target ? WG_EMEMORY : WG_OK;
    for (int i = 0; i < 2 && status >= 0; i++) {
        wg_tape_reset(tape);
        const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        wg_var p = wg_param(scope, "p", WG_F64, WG_SHAPE(3), wg_init_constant(1));
        wg_minimize(&adam, scope, wg_sum(wg_square(p), WG_ALL));
        wg_average(scope, 0.5);
        status = wg_run(runtime, tape);
    }
    if (status >= 0) status = wg_average_copy(params, target);
    wg_params_free(target);
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    return status;
}

Test(optimizer, gives_all_back_when_memory_ends)
{
    check(test_memory_fail_each(steps_all, NULL) > 50);
}

/* Costs of outcomes: options of cross-entropy against their formula, limits where a probability is
 * 0 or 1, targets of all kinds; and accuracy among the first k. */
#include "graph/lab.h"
#include <math.h>

static wg_var f64(lab l, const char *name, const double *data, wg_shape shape)
{
    return wg_input(l.tape, name, wg_f64(data, shape));
}

/* ---- cross-entropy ---- */

static const double logits[6] = { 1, 2, 0.5, -1, 0, 3 };
static const double class_weight[3] = { 0.5, 2, 1 };

/* -sum w ((1 - s) p + s / 3) log q of row i. */
static double expected_cost(int i, const double p[3], double s, const double *w)
{
    double sum = 0, cost = 0;
    for (int j = 0; j < 3; j++) sum += exp(logits[3 * i + j]);
    for (int j = 0; j < 3; j++) {
        const double share = (1 - s) * p[j] + s / 3;
        cost += (w == NULL ? 1 : w[j]) * share * (log(sum) - logits[3 * i + j]);
    }
    return cost;
}

Test(loss_outcome, smoothing_and_class_weights_follow_their_formula)
{
    const int32_t class[2] = { 1, 2 };
    const double soft[6] = { 0.2, 0.5, 0.3, 0, 0.25, 0.75 }, hard[6] = { 0, 1, 0, 0, 0, 1 };
    const lab l = lab_open(1);
    for (int k = 0; k < 8; k++) {
        const double s = k & 1 ? 0.1 : 0, *p = k & 4 ? soft : hard;
        wg_tape_reset(l.tape);
        wg_var z = f64(l, "z", logits, WG_SHAPE(2, 3));
        wg_var w = f64(l, "w", class_weight, WG_SHAPE(3));
        wg_var t = k & 4 ? f64(l, "p", soft, WG_SHAPE(2, 3))
                         : wg_input(l.tape, "c", wg_i32(class, WG_SHAPE(2)));
        const wg_cross_entropy_options options = { .smoothing = s,
                                                   .class_weight = k & 2 ? &w : NULL };
        double value[2];
        lab_read(l, wg_cross_entropy_with(z, t, &options), value, 2);
        for (int i = 0; i < 2; i++) {
            const double expected = expected_cost(i, p + 3 * i, s, k & 2 ? class_weight : NULL);
            check_close(value[i], expected, 4e-15);
        }
    }
    lab_close(l);
}

/* An ignored class need not exist, costs nothing and moves nothing; the mean of the others is the
 * weighted mean; all ignored, it is 0. */
Test(loss_outcome, ignored_targets_count_for_nothing)
{
    const int32_t class[2] = { -100, 2 }, none[2] = { -100, -100 };
    const wg_cross_entropy_options options = { .ignore = true, .ignored_class = -100 };
    const double hard[3] = { 0, 0, 1 };
    const lab l = lab_open(1);
    wg_var z = f64(l, "z", logits, WG_SHAPE(2, 3));
    wg_var t = wg_input(l.tape, "t", wg_i32(class, WG_SHAPE(2)));
    wg_var loss = wg_cross_entropy_with(z, t, &options);
    wg_var mean = wg_weighted_mean(loss, wg_ne(t, wg_number(t, -100)));
    double value[2], gradient[6];
    lab_read(l, loss, value, 2);
    lab_read(l, wg_grad(mean, z), gradient, 6);
    check(value[0] == 0 && gradient[0] == 0 && gradient[1] == 0 && gradient[2] == 0);
    check_close(value[1], expected_cost(1, hard, 0, NULL), 4e-15);
    check(lab_item(l, mean) == value[1]);
    wg_tape_reset(l.tape);
    z = f64(l, "z", logits, WG_SHAPE(2, 3));
    t = wg_input(l.tape, "t", wg_i32(none, WG_SHAPE(2)));
    mean = wg_weighted_mean(wg_cross_entropy_with(z, t, &options),
                            wg_ne(t, wg_number(t, -100)));
    check(lab_item(l, mean) == 0);
    lab_close(l);
}

Test(loss_outcome, options_that_contradict_are_refused)
{
    const lab l = lab_open(1);
    const wg_cross_entropy_options bad[] = { { .smoothing = -0.1 }, { .smoothing = NAN },
                                             { .smoothing = 1.5 },  { .ignore = true },
                                             { .reserved = { 1 } } };
    const char *const text[] = { "smoothing is a share", "smoothing is a share",
                                 "smoothing is a share", "targets are probabilities",
                                 "reserved has a value" };
    for (int k = 0; k < 5; k++) {
        wg_var z = f64(l, "z", logits, WG_SHAPE(2, 3));
        ignore(wg_cross_entropy_with(z, z, &bad[k]));
        lab_refused(l, WG_EINVALID, "cross_entropy: [2, 3]: ");
        z = f64(l, "z", logits, WG_SHAPE(2, 3));
        ignore(wg_cross_entropy_with(z, z, &bad[k]));
        lab_refused(l, WG_EINVALID, text[k]);
    }
    wg_var z = f64(l, "z", logits, WG_SHAPE(2, 3)), w = f64(l, "w", logits, WG_SHAPE(2));
    ignore(wg_cross_entropy_with(z, z, WG_OPTIONS(wg_cross_entropy_options, .class_weight = &w)));
    lab_refused(l, WG_ESHAPE, "[2] does not stretch to [2, 3] (test_loss_outcome.c");
    lab_close(l);
}

Test(loss_outcome, divergence_of_equals_is_nothing_and_hides_the_impossible)
{
    const double p[6] = { 0.5, 0.5, 0, 0.25, 0.75, 0 }, q[6] = { 0.5, 0.5, 0, 0.5, 0.25, 0.25 };
    double log_q[6], value[2], gradient[6];
    for (int i = 0; i < 6; i++) log_q[i] = log(q[i]);
    const lab l = lab_open(1);
    wg_var output = f64(l, "q", log_q, WG_SHAPE(2, 3));
    wg_var loss = wg_kl_divergence(output, f64(l, "p", p, WG_SHAPE(2, 3)));
    lab_read(l, loss, value, 2);
    lab_read(l, wg_grad(wg_sum(loss, WG_ALL), output), gradient, 6);
    check_close(value[0], 0, 2e-16);
    check_close(value[1], 0.25 * log(0.5) + 0.75 * log(3), 4e-16);
    for (int i = 0; i < 6; i++) check(gradient[i] == -p[i]);
    lab_close(l);
}

/* ---- elementwise ---- */

typedef struct cost { double output, target, value, slope; } cost;

static void check_costs(wg_loss *f, wg_dtype dtype, int count, const cost *costs)
{
    for (int i = 0; i < count; i++) {
        const lab l = lab_open(1);
        wg_var x = wg_scalar(l.tape, "x", WG_F64, costs[i].output);
        wg_var loss = f(x, wg_scalar(l.tape, "t", dtype, costs[i].target));
        const double value = lab_item(l, loss), slope = lab_item(l, wg_grad(loss, x));
        const double expected[2] = { costs[i].value, costs[i].slope }, found[2] = { value, slope };
        for (int k = 0; k < 2; k++)
            check_msg(found[k] == expected[k] ||
                      fabs(found[k] - expected[k]) <= 8 * DBL_EPSILON * fabs(expected[k]),
                      "at %g, target %g, order %d: %.17g is not %.17g", costs[i].output,
                      costs[i].target, k, found[k], expected[k]);
        lab_close(l);
    }
}

Test(loss_outcome, certain_outcomes_cost_nothing_or_all)
{
    const double log2 = 0.69314718055994531;
    const cost probabilities[] = {
        { 0.5, 1, log2, -2 },      { 0.5, 0, log2, 2 },         { 1, 1, 0, -1 },
        { 0, 0, 0, 1 },            { 0, 1, INFINITY, -INFINITY }, { 1, 0, INFINITY, INFINITY },
        { 1e-300, 0, 1e-300, 1 },
    };
    check_costs(wg_bernoulli_nll, WG_F64, 7, probabilities);
    check_costs(wg_bernoulli_nll, WG_BOOL, 7, probabilities);
    const cost focal[] = {
        { 0, 1, log2 / 4, -(log2 + 0.5) / 4 },  { INFINITY, 1, 0, 0 },
        { -INFINITY, 1, INFINITY, -1 },         { INFINITY, 0, INFINITY, 1 },
        { -INFINITY, 0, 0, 0 },                 { -10000, 1, 10000, -1 },
        { 10000, 1, 0, 0 },
    };
    check_costs(wg_focal, WG_F64, 7, focal);
    check_costs(wg_focal, WG_I32, 7, focal);
    check_costs(wg_focal, WG_BOOL, 7, focal);
}

static wg_var focal_of_zero(wg_var logit, wg_var target)
{
    return wg_focal_with(logit, target, 0);
}

Test(loss_outcome, focal_of_gamma_zero_is_binary_cross_entropy)
{
    check_costs(focal_of_zero, WG_F64, 2,
                (const cost[]){ { 2, 1, log1p(exp(-2)), -1 / (1 + exp(2)) },
                                { INFINITY, 0, INFINITY, 1 } });
    const lab l = lab_open(1);
    wg_var z = f64(l, "z", logits, WG_SHAPE(6));
    ignore(wg_focal_with(z, z, -1));
    lab_refused(l, WG_EINVALID, "focal: [6]: gamma is below 0 (test_loss_outcome.c");
    lab_close(l);
}

Test(loss_outcome, counts_and_measurements_at_their_ends)
{
    const cost counts[] = {
        { 0, 3, 1, -2 },               { 1, 0, 2.7182818284590451, 2.7182818284590451 },
        { -INFINITY, 0, 0, 0 },        { -INFINITY, 2, INFINITY, -2 },
        { INFINITY, 2, INFINITY, INFINITY }, { -10000, 3, 30000, -3 },
        { 10000, 3, INFINITY, INFINITY },
    };
    check_costs(wg_poisson_nll, WG_F64, 7, counts);
    check_costs(wg_poisson_nll, WG_I64, 7, counts);
    /* A measurement that is exact and right costs what its certainty gains. */
    const double output[4] = { 2, 3, -1000, 0 }, target[2] = { 2, 5 };
    const lab l = lab_open(1);
    double value[2], gradient[4];
    wg_var x = f64(l, "x", output, WG_SHAPE(4));
    wg_var loss = wg_gaussian_nll(x, f64(l, "t", target, WG_SHAPE(2)));
    lab_read(l, loss, value, 2);
    lab_read(l, wg_grad(wg_sum(loss, WG_ALL), x), gradient, 4);
    check(value[0] == -500 && value[1] == 2);
    check(gradient[1] == -2 && gradient[2] == 0.5 && gradient[3] == -1.5);
    ignore(wg_gaussian_nll(f64(l, "odd", output, WG_SHAPE(3)), f64(l, "u", target, WG_SHAPE(2))));
    lab_refused(l, WG_ESHAPE, "gaussian_nll: [3]: the last axis has no halves");
    lab_close(l);
}

/* ---- the first k ---- */

Test(loss_outcome, the_first_of_k_is_accuracy_and_all_of_k_is_sure)
{
    const float scores[16] = { 0, 1, 2, 3, 5, 5, 5, 1, NAN, 2, NAN, 9, -1, -2, -3, -4 };
    const int64_t class[4] = { 2, 1, 1, 7 };
    const float expected[5][4] = { { 0 }, { 0, 0, 0, 0 }, { 1, 1, 0, 0 }, { 1, 1, 0, 0 },
                                   { 1, 1, 1, 0 } };
    const lab l = lab_open(1);
    wg_var z = wg_input(l.tape, "z", wg_f32(scores, WG_SHAPE(4, 4)));
    wg_var c = wg_input(l.tape, "c", wg_i64(class, WG_SHAPE(4)));
    float value[4], first[4];
    for (int k = 1; k <= 4; k++) {
        lab_read_f32(l, wg_accuracy_top_k(z, c, k), value, 4);
        check_bytes(value, expected[k], sizeof value);
    }
    for (int32_t j = 0; j < 4; j++) {
        wg_var of_j = wg_full(l.tape, WG_I32, WG_SHAPE(4), j);
        lab_read_f32(l, wg_accuracy(z, of_j), first, 4);
        lab_read_f32(l, wg_accuracy_top_k(z, of_j, 1), value, 4);
        check_bytes(value, first, sizeof value);
    }
    lab_read_f32(l, wg_accuracy_top_k(z, wg_neg(z), 4), value, 4);
    for (int i = 0; i < 4; i++) check(value[i] == 1);
    ignore(wg_accuracy_top_k(z, c, 0));
    lab_refused(l, WG_EINVALID, "accuracy_top_k: [4, 4]: k is below 1 (test_loss_outcome.c");
    lab_close(l);
}

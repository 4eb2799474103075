/* Layers and initialisers: small cases by hand, moments of many draws, both modes. */
#include "support/test.h"
#include <math.h>
#include <stdlib.h>
#include <wengert/wengert.h>

typedef struct lab {
    wg_runtime *runtime;
    wg_tape *tape;
    wg_params *params;
} lab;

static lab lab_open(void)
{
    return (lab){ wg_runtime_create(NULL), wg_tape_create(NULL),
                  wg_params_create(WG_OPTIONS(wg_params_options, .seed = 11)) };
}

static void lab_close(lab l)
{
    wg_params_free(l.params);
    wg_tape_free(l.tape);
    wg_runtime_free(l.runtime);
}

static void read_f32(lab l, wg_var x, float *out, int64_t count)
{
    const int status = wg_read_f32(l.runtime, x, out, count);
    check_msg(status >= 0, "%s", wg_explain(status, l.tape, NULL));
}

static void put(lab l, const char *path, const float *data, wg_shape shape)
{
    check_status(wg_params_set(l.params, path, wg_f32(data, shape)), WG_OK);
}

/* [1 2 3; 4 5 6] W + b by hand, for inputs of rank 1, 2 and 3. */
Test(layer, dense_is_a_product_and_a_sum)
{
    const float w[6] = { 1, 2, 3, 4, 5, 6 }, bias[2] = { 10, 20 }, x[6] = { 1, 2, 3, 4, 5, 6 };
    const float expected[4] = { 32, 48, 59, 84 };
    const wg_shape shapes[3] = { WG_SHAPE(2, 3), WG_SHAPE(2, 1, 3), WG_SHAPE(3) };
    const lab l = lab_open();
    put(l, "d/weight", w, WG_SHAPE(3, 2));
    put(l, "d/bias", bias, WG_SHAPE(2));
    for (int i = 0; i < 3; i++) {
        const int64_t count = i < 2 ? 4 : 2;
        float y[4];
        wg_tape_reset(l.tape);
        const wg_scope scope = wg_scope_root(l.tape, l.params, WG_EVALUATION);
        wg_var out = wg_dense(scope, "d", wg_input(l.tape, "x", wg_f32(x, shapes[i])), 2, NULL);
        check_equal_i(wg_shape_of(out).rank, shapes[i].rank);
        read_f32(l, out, y, count);
        for (int64_t j = 0; j < count; j++) check(y[j] == expected[j]);
    }
    lab_close(l);
}

Test(layer, dense_refuses_what_does_not_fit)
{
    const float x[6] = { 0 };
    const lab l = lab_open();
    const wg_scope scope = wg_scope_root(l.tape, l.params, WG_EVALUATION);
    wg_var rows = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 3)));
    wg_var wrong = wg_dense(scope, "d", rows, -1, NULL);
    check_status(wg_tape_status(l.tape), WG_ESHAPE);
    check_contains(wg_tape_message(l.tape), "test_layer.c");
    double value;
    check_status(wg_item(l.runtime, wg_relu(wrong), &value), WG_ESHAPE);
    wg_tape_reset(l.tape);
    check(wg_dense(scope, "d", rows, 2, NULL).index == UINT32_MAX || wg_tape_status(l.tape) < 0);
    lab_close(l);
}

Test(layer, standardize_divides_by_the_spread_and_gives_zero_without)
{
    const float mean[2] = { 1, 5 }, spread[2] = { 2, 0 }, x[4] = { 3, 5, -1, 7 };
    const float expected[4] = { 1, 0, -1, 0 };
    const lab l = lab_open();
    put(l, "s/mean", mean, WG_SHAPE(2));
    put(l, "s/spread", spread, WG_SHAPE(2));
    const wg_scope scope = wg_scope_root(l.tape, l.params, WG_EVALUATION);
    float y[4];
    read_f32(l, wg_standardize(scope, "s", wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 2)))), y, 4);
    for (int i = 0; i < 4; i++) check(y[i] == expected[i]);
    lab_close(l);
}

enum { DRAWS = 100000 };
static const double DRAW_COUNT = DRAWS;

/* One training run of dropout on ones; where it is applied the gain is 1 / (1 - rate). */
static double dropout_mean(lab l, wg_mode mode, double rate, float *y)
{
    wg_tape_reset(l.tape);
    const wg_scope scope = wg_scope_root(l.tape, l.params, mode);
    wg_var ones = wg_full(l.tape, WG_F32, WG_SHAPE(DRAWS), 1);
    read_f32(l, wg_dropout(scope, "drop", ones, rate), y, DRAWS);
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) sum += (double)y[i];
    return sum / DRAW_COUNT;
}

Test(layer, dropout_keeps_the_mean_draws_anew_and_rests_in_evaluation)
{
    const lab l = lab_open();
    float *first = malloc(sizeof *first * DRAWS), *second = malloc(sizeof *second * DRAWS);
    check(first != NULL && second != NULL);
    /* Five standard deviations of a mean of DRAWS draws of variance rate / (1 - rate). */
    check_close(dropout_mean(l, WG_TRAINING, 0.2, first), 1, 5 * sqrt(0.25 / DRAW_COUNT));
    dropout_mean(l, WG_TRAINING, 0.2, second);
    int64_t same = 0;
    for (int i = 0; i < DRAWS; i++) {
        check(first[i] == 0 || first[i] == 1.25f);
        same += first[i] == second[i];
    }
    check_close((double)same / DRAW_COUNT, 0.8 * 0.8 + 0.2 * 0.2, 0.01);
    check(dropout_mean(l, WG_EVALUATION, 0.2, first) == 1);
    check(dropout_mean(l, WG_TRAINING, 0, first) == 1);
    free(first);
    free(second);
    lab_close(l);
}

Test(layer, dropout_refuses_a_rate_that_is_no_probability)
{
    const double rates[3] = { -0.1, 1.5, NAN };
    for (int i = 0; i < 3; i++) {
        const lab l = lab_open();
        const wg_scope scope = wg_scope_root(l.tape, l.params, WG_TRAINING);
        wg_var x = wg_full(l.tape, WG_F32, WG_SHAPE(4), 1);
        (void)!wg_dropout(scope, "drop", x, rates[i]).tape;
        check_status(wg_tape_status(l.tape), WG_EINVALID);
        lab_close(l);
    }
}

typedef struct init_case { wg_initializer init; double mean, variance, bound; } init_case;

/* Moments of 1e5 draws with 200 inputs: the mean within five of its deviations, the variance
 * within 2 %. */
Test(layer, initialisers_have_their_moments_and_bounds)
{
    enum { INPUTS = 200, OUTPUTS = 500 };
    const double xavier = 1 / sqrt(INPUTS), glorot = sqrt(6.0 / (INPUTS + OUTPUTS));
    const init_case cases[] = {
        { wg_init_xavier(), 0, xavier * xavier / 3, xavier },
        { wg_init_he(), 0, 2 / (double)INPUTS, INFINITY },
        { wg_init_glorot(), 0, glorot * glorot / 3, glorot },
        { wg_init_uniform(1, 3), 2, 4.0 / 12, INFINITY },
        { wg_init_normal(-1, 0.5), -1, 0.25, INFINITY },
    };
    float *w = malloc(sizeof *w * INPUTS * OUTPUTS);
    check(w != NULL);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const lab l = lab_open();
        const wg_scope scope = wg_scope_root(l.tape, l.params, WG_TRAINING);
        read_f32(l, wg_param(scope, "w", WG_F32, WG_SHAPE(INPUTS, OUTPUTS), cases[k].init), w,
                 INPUTS * OUTPUTS);
        double sum = 0, square = 0;
        for (int i = 0; i < INPUTS * OUTPUTS; i++) {
            const double off = (double)w[i] - cases[k].mean;
            sum += off;
            square += off * off;
            check(fabs((double)w[i]) <= cases[k].bound * (1 + 1e-6));
        }
        const double count = INPUTS * OUTPUTS;
        check_close(sum / count, 0, 5 * sqrt(cases[k].variance / count));
        check_close(square / count / cases[k].variance, 1, 0.02);
        lab_close(l);
    }
    free(w);
}

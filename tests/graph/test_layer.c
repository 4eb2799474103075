/* Layers: small cases by hand, both modes, what a batch is to them, and what they refuse. */
#include "graph/internal.h"
#include "graph/lab.h"
#include "runtime/internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- dense ---- */

/* [1 2 3; 4 5 6] W + b by hand, for inputs of rank 1 to 4. */
Test(layer, dense_is_a_product_and_a_sum)
{
    const float w[6] = { 1, 2, 3, 4, 5, 6 }, bias[2] = { 10, 20 }, x[6] = { 1, 2, 3, 4, 5, 6 };
    const float expected[4] = { 32, 48, 59, 84 };
    const wg_shape shapes[4] = { WG_SHAPE(2, 3), WG_SHAPE(2, 1, 3), WG_SHAPE(3),
                                 WG_SHAPE(1, 1, 2, 3) };
    const lab l = lab_open(1);
    lab_put(l, "d/weight", w, WG_SHAPE(3, 2));
    lab_put(l, "d/bias", bias, WG_SHAPE(2));
    for (int i = 0; i < 4; i++) {
        const int64_t count = i == 2 ? 2 : 4;
        float y[4];
        const wg_scope scope = lab_scope(l, WG_EVALUATION);
        wg_var out = wg_dense(scope, "d", wg_input(l.tape, "x", wg_f32(x, shapes[i])), 2, NULL);
        check_equal_i(wg_shape_of(out).rank, shapes[i].rank);
        check(wg_find(scope, "d").index == out.index);
        lab_read_f32(l, out, y, count);
        for (int64_t j = 0; j < count; j++) check(y[j] == expected[j]);
    }
    lab_close(l);
}

Test(layer, dense_options_are_followed)
{
    const double x[2] = { 1, -3 };
    const lab l = lab_open(1);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var rows = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(1, 2)));
    double y[2];
    const wg_dense_options plain = { .without_bias = true, .weight = wg_init_constant(2) };
    lab_read(l, wg_dense(scope, "plain", rows, 2, &plain), y, 2);
    check(y[0] == -4 && y[1] == -4);
    const wg_dense_options bent = { .activation = wg_relu, .weight = wg_init_constant(2),
                                    .bias = wg_init_constant(5) };
    lab_read(l, wg_dense(scope, "bent", rows, 2, &bent), y, 2);
    check(y[0] == 1 && y[1] == 1);
    wg_view view;
    check_status(wg_params_find(l.params, "plain/bias", &view), WG_ENAME);
    check_status(wg_params_find(l.params, "bent/weight", &view), WG_OK);
    check_equal_i(view.dtype, WG_F64);
    lab_close(l);
}

/* Two linear layers are one with the product of their matrices. */
Test(layer, two_linear_layers_are_one)
{
    const float a[6] = { 1, -2, 3, 0.5f, 2, -1 }, b[6] = { 2, 1, -1, 0.25f, 4, -3 };
    const float x[4] = { 1, 2, -3, 4 };
    float product[4] = { 0 };
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            for (int k = 0; k < 3; k++) product[2 * i + j] += a[3 * i + k] * b[2 * k + j];
    const wg_dense_options plain = { .without_bias = true };
    const lab l = lab_open(1);
    lab_put(l, "a/weight", a, WG_SHAPE(2, 3));
    lab_put(l, "b/weight", b, WG_SHAPE(3, 2));
    lab_put(l, "c/weight", product, WG_SHAPE(2, 2));
    const wg_scope scope = lab_scope(l, WG_EVALUATION);
    wg_var rows = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 2)));
    float two[4], one[4];
    lab_read_f32(l, wg_dense(scope, "b", wg_dense(scope, "a", rows, 3, &plain), 2, &plain), two, 4);
    lab_read_f32(l, wg_dense(scope, "c", rows, 2, &plain), one, 4);
    for (int i = 0; i < 4; i++) check(two[i] == one[i]); /* all of it is exact in f32 */
    lab_close(l);
}

static wg_var network(wg_scope scope, wg_var x, wg_activation *activation)
{
    const wg_dense_options hidden = { .activation = activation };
    x = wg_dense(scope, "hidden_1", x, 16, &hidden);
    x = wg_dense(scope, "hidden_2", x, 16, &hidden);
    return wg_dense(scope, "out", x, 1, NULL);
}

static int network_function(const wg_var *in, wg_var *out, void *user)
{
    const wg_scope scope = wg_scope_root(in[0].tape, user, WG_EVALUATION);
    out[0] = network(scope, in[0], wg_mish);
    return WG_OK;
}

Test(layer, gradients_of_a_network_agree_with_differences)
{
    double x[12];
    for (int i = 0; i < 12; i++) x[i] = (i * 5 % 12 - 6) / 4.0;
    const lab l = lab_open(1);
    wg_var rows = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(4, 3)));
    wg_var y;
    check_status(network_function(&rows, &y, l.params), WG_OK);
    check_status(wg_run(l.runtime, l.tape), WG_OK); /* which makes the parameters */
    const wg_view in = wg_f64(x, WG_SHAPE(4, 3));
    wg_error error = { 0 };
    const int status = wg_check_gradient(l.runtime, network_function, l.params, 1, &in, NULL, NULL,
                                         &error);
    check_msg(status >= 0, "%s", error.message);
    lab_close(l);
}

/* ENGINE: each relu sends one select back, and no mask is recorded. */
Test(layer, gradient_of_a_relu_network_records_no_mask)
{
    const float x[6] = { 0 };
    const lab l = lab_open(1);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var rows = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 3)));
    wg_var loss = wg_mean(network(scope, rows, wg_relu), WG_ALL), by[6], gradient[6];
    check_equal_i(wg_parameters(scope, 6, by), 6);
    check_status(wg_grads(loss, 6, by, gradient), WG_OK);
    int64_t selects = 0, masks = 0;
    for (int64_t i = 0; i < l.tape->count; i++) {
        const int op = l.tape->record[i].op;
        selects += op == WG__OP_select;
        masks += op == WG__OP_not || op == WG__OP_and || op == WG__OP_or;
    }
    check_equal_i(selects, 4);
    check_equal_i(masks, 0);
    lab_close(l);
}

/* The mean of the network's outputs, and its gradient by the first weight. */
static void run_network(int threads, wg_shape shape, const float *x, float *value, float *gradient,
                        int64_t *joins)
{
    const lab l = lab_open(threads);
    l.runtime->is_forked_always = true;
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var rows = wg_batch(l.tape, "x", wg_f32(x, shape));
    wg_var y = network(scope, rows, wg_mish), by[6], g[6];
    check_equal_i(wg_parameters(scope, 6, by), 6);
    check_status(wg_grads(wg_mean(y, WG_ALL), 6, by, g), WG_OK);
    wg_var weight = wg_at(g[1], NULL, 0); /* hidden_1/weight */
    check_status(wg_keep(weight), WG_OK);
    const int64_t before = l.runtime->join_count;
    lab_read_f32(l, y, value, wg_shape_count(wg_shape_of(y)));
    *joins = l.runtime->join_count - before;
    lab_read_f32(l, weight, gradient, 5 * 16);
    lab_close(l);
}

/* Rows of rank 3 stay samples through the layer: as many joins as for a matrix of the same rows,
 * the same bits on one thread and on three, and those of each sample alone. */
Test(layer, dense_keeps_a_batch_of_any_rank)
{
    enum { SAMPLES = 48, STEPS = 3, ROWS = SAMPLES * STEPS };
    float x[ROWS * 5], value[3][ROWS], gradient[3][5 * 16];
    for (int i = 0; i < ROWS * 5; i++) x[i] = (float)(i * 53 % 97) / 40 - 1.2f;
    int64_t joins[3];
    run_network(3, WG_SHAPE(SAMPLES, STEPS, 5), x, value[0], gradient[0], &joins[0]);
    run_network(1, WG_SHAPE(SAMPLES, STEPS, 5), x, value[1], gradient[1], &joins[1]);
    run_network(3, WG_SHAPE(ROWS, 5), x, value[2], gradient[2], &joins[2]);
    for (int k = 1; k < 3; k++) {
        check_bytes(value[k], value[0], sizeof value[0]);
        check_bytes(gradient[k], gradient[0], sizeof gradient[0]);
    }
    check(joins[2] > 0);
    check_equal_i(joins[0], joins[2]);
    for (int i = 0; i < SAMPLES; i += 7) {
        float alone[STEPS], unused[5 * 16];
        int64_t count;
        run_network(1, WG_SHAPE(1, STEPS, 5), x + i * STEPS * 5, alone, unused, &count);
        check_bytes(alone, value[0] + i * STEPS, sizeof alone);
    }
}

Test(layer, dense_of_nothing_is_nothing)
{
    const float x[4] = { 1, 2, 3, 4 };
    float y[12];
    const lab l = lab_open(1);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var rows = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 2)));
    lab_read_f32(l, wg_dense(scope, "narrow", rows, 0, NULL), y, 0);
    wg_var none = wg_input(l.tape, "none", wg_f32(x, WG_SHAPE(2, 2, 0)));
    lab_read_f32(l, wg_dense(scope, "empty", none, 3, NULL), y, 12);
    for (int i = 0; i < 12; i++) check(y[i] == 0);
    none = wg_input(l.tape, "no_rows", wg_f32(x, WG_SHAPE(0, 4, 2)));
    lab_read_f32(l, wg_dense(scope, "idle", none, 3, NULL), y, 0);
    lab_close(l);
}

Test(layer, dense_refuses_what_does_not_fit)
{
    const float x[6] = { 0 };
    const lab l = lab_open(1);
#define ROWS_OF_X wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 3)))
#define SCOPE_OF_L wg_scope_in(wg_scope_root(l.tape, l.params, WG_EVALUATION), "net")
    wg_var wrong = wg_dense(SCOPE_OF_L, "d", ROWS_OF_X, -1, NULL);
    double value;
    check_status(wg_item(l.runtime, wg_relu(wrong), &value), WG_ESHAPE);
    lab_refused(l, WG_ESHAPE, "param: net/d/weight: the shape is malformed or too large (test_l");
    ignore(wg_dense(SCOPE_OF_L, NULL, ROWS_OF_X, 2, NULL));
    lab_refused(l, WG_ENAME, "'' is no name: letters, digits, _ . - and / between them (test_l");
    ignore(wg_dense(SCOPE_OF_L, "a b", ROWS_OF_X, 2, NULL));
    lab_refused(l, WG_ENAME, "'a b' is no name");
    ignore(wg_dense(SCOPE_OF_L, "d", wg_number(ROWS_OF_X, 1), 2, NULL));
    lab_refused(l, WG_EAXIS, "extent: axis -1 of [] (test_l");
    ignore(wg_dense(SCOPE_OF_L, "d", (wg_var){ 0 }, 2, NULL));
    lab_refused(l, WG_EINVALID, "net/d: matmul: argument 1 is the null value (test_l");
    ignore(wg_dense((wg_scope){ 0 }, "d", ROWS_OF_X, 2, NULL));
    lab_refused(l, WG_EINVALID, "matmul: argument 2 is the null value (test_l");
    ignore(wg_dense(SCOPE_OF_L, "d", wg_full(l.tape, WG_I32, WG_SHAPE(2, 3), 1), 2, NULL));
    lab_refused(l, WG_EDTYPE, "net/d: matmul: f32 or f64 expected, not i32 (test_l");
    ignore(wg_dense(SCOPE_OF_L, "d", ROWS_OF_X, 2,
                    WG_OPTIONS(wg_dense_options, .reserved = { 0, 1 })));
    lab_refused(l, WG_EINVALID, "dense: options were not zeroed: reserved has a value (test_l");
    const wg_scope twice = SCOPE_OF_L;
    wg_var rows = ROWS_OF_X;
    ignore(wg_dense(twice, "d", rows, 2, NULL));
    ignore(wg_dense(twice, "d", rows, 2, NULL));
    lab_refused(l, WG_ENAME, "net/d/weight is there already (test_l");
#undef ROWS_OF_X
#undef SCOPE_OF_L
    check_equal_i(wg_params_count(l.params), 0);
    lab_close(l);
}

/* ---- standardize ---- */

/* Without spread a feature is 0 with derivative 0, whatever it holds. */
Test(layer, standardize_divides_by_the_spread_and_gives_zero_without)
{
    const float mean[2] = { 1, 5 }, spread[2] = { 2, 0 }, x[6] = { 3, 5, -1, 7, 1, NAN };
    const float expected[6] = { 1, 0, -1, 0, 0, 0 };
    const lab l = lab_open(1);
    lab_put(l, "s/mean", mean, WG_SHAPE(2));
    lab_put(l, "s/spread", spread, WG_SHAPE(2));
    const wg_scope scope = lab_scope(l, WG_EVALUATION);
    float y[6], gradient[6];
    wg_var rows = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(3, 2)));
    wg_var out = wg_standardize(scope, "s", rows);
    check_equal_i(wg_parameters(scope, 0, NULL), 0);
    lab_read_f32(l, out, y, 6);
    lab_read_f32(l, wg_grad(wg_sum(out, WG_ALL), rows), gradient, 6);
    for (int i = 0; i < 6; i++) {
        check(y[i] == expected[i]);
        check(gradient[i] == (i % 2 == 0 ? 0.5f : 0));
    }
    lab_close(l);
}

Test(layer, standardize_is_nothing_before_it_is_fitted)
{
    const double x[3] = { 3, 5, -1 };
    const lab l = lab_open(1);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    double y[3];
    lab_read(l, wg_standardize(scope, "s", wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(3)))), y, 3);
    check_bytes(y, x, sizeof x);
    ignore(wg_standardize(scope, "t", wg_full(l.tape, WG_F32, WG_SCALAR, 1)));
    lab_refused(l, WG_EAXIS, "extent: axis -1 of [] (test_layer.c");
    lab_close(l);
}

Test(layer, unstandardize_undoes_standardize)
{
    const float mean[2] = { 1, 5 }, spread[2] = { 2, 0 }, x[4] = { 3, 5, -1, 7 };
    float y[4];
    const lab l = lab_open(1);
    lab_put(l, "s/mean", mean, WG_SHAPE(2));
    lab_put(l, "s/spread", spread, WG_SHAPE(2));
    const wg_scope root = lab_scope(l, WG_EVALUATION);
    wg_var rows = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 2)));
    lab_read_f32(l, wg_unstandardize(root, "s", rows), y, 4);
    check(y[0] == 7 && y[1] == 5 && y[2] == -1 && y[3] == 5); /* 2 x + 1, and the mean */
    const wg_scope shared = wg_scope_shared(lab_scope(l, WG_EVALUATION), "net");
    rows = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(2, 2)));
    wg_var there = wg_standardize(shared, "t", rows);
    lab_read_f32(l, wg_unstandardize(shared, "t", there), y, 4);
    check_bytes(y, x, sizeof x);
    ignore(wg_unstandardize(lab_scope(l, WG_TRAINING), "u", wg_full(l.tape, WG_F32, WG_SCALAR, 1)));
    lab_refused(l, WG_EAXIS, "extent: axis -1 of [] (test_layer.c");
    lab_close(l);
}

/* Quarter turns of 24 hours, whole periods away too; the seam is none. */
Test(layer, cyclic_is_sine_and_cosine_of_a_share)
{
    const double x[4] = { 6, 6 + 24 * 1e6, -18, 23.999 }, sine[3] = { 1, 1, 1 };
    double y[8], g[4];
    const lab l = lab_open(1);
    wg_var hours = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(4))), features = wg_cyclic(hours, 24);
    check(wg_shape_equal(wg_shape_of(features), WG_SHAPE(8)));
    lab_read(l, features, y, 8);
    for (int i = 0; i < 3; i++) {
        check_close(y[i], sine[i], 4 * DBL_EPSILON);
        check_close(y[4 + i], 0, 4 * DBL_EPSILON);
    }
    /* A thousandth of an hour before the seam: the sine is -2 pi 0.001 / 24. */
    check_close(y[3], -2.617993848e-4, 1e-12);
    check_close(y[7], 1, 1e-7);
    wg_var sines = wg_slice(features, -1, 0, 4, 1);
    lab_read(l, wg_grad(wg_sum(sines, WG_ALL), hours), g, 4);
    check_close(g[3], 2 * 3.14159265358979323846 / 24, 1e-7);
    ignore(wg_cyclic(wg_full(l.tape, WG_F32, WG_SCALAR, 1), 1));
    lab_refused(l, WG_EAXIS, "cyclic: []: [..., n] expected (test_layer.c");
    const double bad[4] = { 0, -1, INFINITY, NAN };
    for (int i = 0; i < 4; i++) {
        ignore(wg_cyclic(wg_full(l.tape, WG_F32, WG_SHAPE(2), 1), bad[i]));
        lab_refused(l, WG_EINVALID, "cyclic: [2]: a period is a finite number above 0");
    }
    lab_close(l);
}

/* ---- dropout ---- */

enum { DRAWS = 100000 };
static const double DRAW_COUNT = DRAWS;

/* One run of dropout on ones; where it is applied the gain is 1 / (1 - rate). */
static double dropout_mean(lab l, wg_mode mode, double rate, float *y)
{
    const wg_scope scope = lab_scope(l, mode);
    wg_var ones = wg_full(l.tape, WG_F32, WG_SHAPE(DRAWS), 1);
    lab_read_f32(l, wg_dropout(scope, "drop", ones, rate), y, DRAWS);
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) sum += (double)y[i];
    return sum / DRAW_COUNT;
}

Test(layer, dropout_keeps_the_mean_draws_anew_and_rests_in_evaluation)
{
    const lab l = lab_open(1);
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

/* In a program each run has its own mask, and value and gradient share it. */
Test(layer, dropout_in_a_program_draws_at_each_run)
{
    enum { N = 4096 };
    static float y[2][N], g[2][N];
    const lab l = lab_open(1);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var x = wg_full(l.tape, WG_F32, WG_SHAPE(N), 3);
    wg_var out = wg_dropout(scope, "drop", x, 0.5);
    wg_var wanted[2] = { out, wg_grad(wg_sum(out, WG_ALL), x) };
    wg_program *program = wg_compile(l.runtime, l.tape, 2, wanted);
    check_msg(program != NULL, "%s", wg_tape_message(l.tape));
    int64_t same = 0;
    for (int run = 0; run < 2; run++) {
        check_status(wg_program_run(program), WG_OK);
        check_status(wg_program_read_f32(program, 0, y[run], N), WG_OK);
        check_status(wg_program_read_f32(program, 1, g[run], N), WG_OK);
        for (int i = 0; i < N; i++) check(y[run][i] == 3 * g[run][i]);
    }
    for (int i = 0; i < N; i++) same += y[0][i] == y[1][i];
    check(same > N / 2 - 200 && same < N / 2 + 200); /* six deviations */
    wg_program_free(program);
    lab_close(l);
}

Test(layer, dropout_of_a_frozen_scope_rests)
{
    const lab l = lab_open(1);
    const wg_scope scope = wg_scope_frozen(lab_scope(l, WG_TRAINING));
    wg_var x = wg_full(l.tape, WG_F32, WG_SHAPE(8), 1);
    check(wg_dropout(scope, "drop", x, 0.9).index == x.index);
    lab_close(l);
}

Test(layer, dropout_refuses_a_rate_that_leaves_nothing_or_is_none)
{
    const double rates[4] = { -0.1, 1, 1.5, NAN };
    const wg_mode modes[2] = { WG_TRAINING, WG_EVALUATION };
    const lab l = lab_open(1);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 2; k++) {
            const wg_scope scope = wg_scope_root(l.tape, l.params, modes[k]);
            wg_var x = wg_full(l.tape, WG_F32, WG_SHAPE(4), 1);
            ignore(wg_dropout(scope, "drop", x, rates[i]));
            lab_refused(l, WG_EINVALID, "dropout: a rate is 0 or more and below 1, not ");
        }
    ignore(wg_dropout(wg_scope_root(l.tape, l.params, WG_TRAINING), NULL,
                      wg_full(l.tape, WG_F32, WG_SHAPE(4), 1), 0.5));
    lab_refused(l, WG_ENAME, "'' is no name");
    lab_close(l);
}

/* ---- embedding, flatten, residual, sequential ---- */

/* Rows 2, 0, 2 of three: looked up, and the gradient of row 2 counts twice. */
Test(layer, embedding_looks_rows_up)
{
    const float table[6] = { 1, 2, 3, 4, 5, 6 };
    const uint8_t bytes[4] = { 2, 0, 2, 1 };
    const int64_t words[4] = { 2, 0, 2, 1 };
    const float expected[6] = { 5, 6, 1, 2, 5, 6 };
    const lab l = lab_open(1);
    lab_put(l, "e/weight", table, WG_SHAPE(3, 2));
    for (int k = 0; k < 2; k++) {
        float y[8], g[6];
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var index = wg_input(l.tape, "i", k == 0 ? wg_u8(bytes, WG_SHAPE(3, 1))
                                                    : wg_i64(words, WG_SHAPE(3, 1)));
        wg_var rows = wg_embedding(scope, "e", index, 3, 2), weight;
        check(wg_shape_equal(wg_shape_of(rows), WG_SHAPE(3, 1, 2)));
        check(wg_find(scope, "e").index == rows.index);
        lab_read_f32(l, rows, y, 6);
        check_bytes(y, expected, sizeof expected);
        check_equal_i(wg_parameters(scope, 1, &weight), 1);
        lab_read_f32(l, wg_grad(wg_sum(rows, WG_ALL), weight), g, 6);
        for (int i = 0; i < 6; i++) check(g[i] == (i < 2 ? 1.0f : i < 4 ? 0.0f : 2.0f));
    }
    lab_close(l);
}

/* A row has length 1 on average: 64 draws of variance 1/64 and 256 rows, so the mean square of all
 * is 1/64 within 5 deviations of 1/64 sqrt(2 / 16384). */
Test(layer, embedding_starts_with_rows_of_length_1)
{
    const int32_t index = 0;
    const lab l = lab_open(1);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var row = wg_embedding(scope, "e", wg_input(l.tape, "i", wg_i32(&index, WG_SCALAR)), 256,
                              64);
    check(wg_shape_equal(wg_shape_of(row), WG_SHAPE(64)));
    check_status(wg_run(l.runtime, l.tape), WG_OK);
    wg_view view;
    check_status(wg_params_find(l.params, "e/weight", &view), WG_OK);
    double sum = 0;
    for (int i = 0; i < 256 * 64; i++) {
        const double w = (double)((const float *)view.data)[i];
        sum += w * w;
    }
    check_close(sum / 256, 1, 5 * sqrt(2.0 / 16384));
    lab_close(l);
}

Test(layer, embedding_refuses_what_is_no_index)
{
    const lab l = lab_open(1);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    ignore(wg_embedding(scope, "e", wg_full(l.tape, WG_F32, WG_SHAPE(2), 1), 3, 2));
    lab_refused(l, WG_EDTYPE, "e: embedding: [2]: an index is an integer (test_layer.c");
    double value;
    wg_var rows = wg_embedding(lab_scope(l, WG_TRAINING), "e",
                               wg_full(l.tape, WG_I32, WG_SHAPE(2), 3), 3, 2);
    check_status(wg_item(l.runtime, wg_sum(rows, WG_ALL), &value), WG_EINDEX);
    check_equal_i(wg_params_count(l.params), 0);
    lab_close(l);
}

Test(layer, flatten_keeps_the_samples)
{
    const lab l = lab_open(1);
    const wg_shape from[4] = { WG_SHAPE(2, 3, 4), WG_SHAPE(5), WG_SHAPE(0, 3), WG_SHAPE(2, 0) };
    const wg_shape to[4] = { WG_SHAPE(2, 12), WG_SHAPE(5, 1), WG_SHAPE(0, 3), WG_SHAPE(2, 0) };
    for (int i = 0; i < 4; i++)
        check(wg_shape_equal(wg_shape_of(wg_flatten(wg_full(l.tape, WG_F32, from[i], 1))), to[i]));
    ignore(wg_flatten(wg_full(l.tape, WG_F32, WG_SCALAR, 1)));
    lab_refused(l, WG_EAXIS, "flatten: []: [n, ...] expected (test_layer.c");
    lab_close(l);
}

static wg_var scaled_block(wg_scope scope, wg_var x, void *user)
{
    const wg_initializer init = wg_init_constant(*(const double *)user);
    return wg_mul(x, wg_param(scope, "scale", wg_dtype_of(x), WG_SCALAR, init));
}

/* 3 + 2 * 3, then (9 * 2) * 5; each scale is a parameter of its own scope. */
Test(layer, blocks_are_added_and_follow_each_other)
{
    double two = 2, five = 5;
    const wg_stage stages[2] = { { .name = "a", .block = scaled_block, .user = &two },
                                 { .name = "b", .block = scaled_block, .user = &five } };
    const lab l = lab_open(1);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var x = wg_full(l.tape, WG_F64, WG_SHAPE(1), 3);
    wg_var y = wg_residual(scope, "skip", x, scaled_block, &two);
    check(wg_find(scope, "skip").index == y.index);
    wg_var z = wg_sequential(scope, "stack", y, 2, stages);
    check(wg_find(scope, "stack").index == z.index);
    check(lab_item(l, z) == 90);
    wg_view view;
    check_status(wg_params_find(l.params, "skip/scale", &view), WG_OK);
    check_status(wg_params_find(l.params, "stack/a/scale", &view), WG_OK);
    check_status(wg_params_find(l.params, "stack/b/scale", &view), WG_OK);
    check(wg_sequential(scope, "none", z, 0, NULL).index == z.index);
    lab_close(l);
}

static wg_var wrong_block(wg_scope scope, wg_var x, void *user)
{
    (void)scope;
    return wg_reshape(x, *(const wg_shape *)user);
}

/* The line is that of the block's own statement. */
Test(layer, a_block_answers_for_itself)
{
    wg_shape shape = WG_SHAPE(7);
    const wg_stage none[1] = { { .name = "a" } };
    const lab l = lab_open(1);
#line 900 "caller.c"
    ignore(wg_residual(lab_scope(l, WG_TRAINING), "r", wg_full(l.tape, WG_F32, WG_SHAPE(2), 1),
                       wrong_block, &shape));
#line 524 "test_layer.c"
    lab_refused(l, WG_ESHAPE, "(test_layer.c:511)");
    ignore(wg_residual(lab_scope(l, WG_TRAINING), "r", wg_full(l.tape, WG_F32, WG_SHAPE(2), 1),
                       NULL, NULL));
    lab_refused(l, WG_EINVALID, "r: block: [2]: there is no function (test_layer.c");
    ignore(wg_sequential(lab_scope(l, WG_TRAINING), "s", wg_full(l.tape, WG_F32, WG_SHAPE(2), 1),
                         1, none));
    lab_refused(l, WG_EINVALID, "s/a: block: [2]: there is no function (test_layer.c");
    ignore(wg_sequential(lab_scope(l, WG_TRAINING), "s", wg_full(l.tape, WG_F32, WG_SHAPE(2), 1),
                         -1, none));
    lab_refused(l, WG_EINVALID, "s: sequential: [2]: there are no stages (test_layer.c");
    const wg_stage dirty = { .name = "a", .block = scaled_block, .reserved = { 0, 1 } };
    ignore(wg_sequential(lab_scope(l, WG_TRAINING), "s", wg_full(l.tape, WG_F32, WG_SHAPE(2), 1),
                         1, &dirty));
    lab_refused(l, WG_EINVALID, "a stage was not zeroed: reserved has a value");
    lab_close(l);
}

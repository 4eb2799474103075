/* Norms against their formulas in long double, their gradients against differences, and batch
 * norm's state: what training leaves in it and what evaluation reads. */
#include "graph/lab.h"
#include "runtime/internal.h"
#include <math.h>
#include <string.h>

enum { N = 3, S = 4, C = 6, COUNT = N * S * C };

static void fill(double *x)
{
    for (int i = 0; i < COUNT; i++) x[i] = (i * 29 % 31) / 8.0 - 1.5 + i % C;
}

/* Mean and variance of the elements of x for which `group` says the same as for element `at`. */
static void moments(const double *x, int (*group)(int i), int at, long double *mean,
                    long double *variance)
{
    long double sum = 0, square = 0, count = 0;
    for (int i = 0; i < COUNT; i++)
        if (group(i) == group(at)) {
            sum += (long double)x[i];
            count++;
        }
    *mean = sum / count;
    for (int i = 0; i < COUNT; i++) {
        const long double left = (long double)x[i] - *mean;
        if (group(i) == group(at)) square += left * left;
    }
    *variance = square / count;
}

static int by_channel(int i) { return i % C; }
static int by_place(int i) { return i / C; }
static int by_sample_and_pair(int i) { return i / (S * C) * 3 + i % C / 2; }

static wg_var batch_norm(wg_scope s, wg_var x) { return wg_batch_norm(s, "norm", x, NULL); }
static wg_var layer_norm(wg_scope s, wg_var x) { return wg_layer_norm(s, "norm", x, NULL); }
static wg_var group_norm(wg_scope s, wg_var x) { return wg_group_norm(s, "norm", x, 3, NULL); }
static wg_var rms_norm(wg_scope s, wg_var x) { return wg_rms_norm(s, "norm", x, NULL); }

typedef struct norm_case { wg_var (*layer)(wg_scope scope, wg_var x); int (*group)(int i); }
    norm_case;
static const norm_case cases[4] = {
    { batch_norm, by_channel }, { layer_norm, by_place }, { group_norm, by_sample_and_pair },
    { rms_norm, by_place },
};

static const float scale[C] = { 1, 2, -1, 0.5f, 3, 0 }, bias[C] = { 0, 1, -2, 3, 0.25f, 7 };

Test(norm, each_is_its_formula)
{
    double x[COUNT], y[COUNT], s[C], b[C];
    fill(x);
    for (int j = 0; j < C; j++) {
        s[j] = (double)scale[j];
        b[j] = (double)bias[j];
    }
    for (int k = 0; k < 4; k++) {
        const bool is_rms = cases[k].layer == rms_norm;
        const lab l = lab_open(1);
        check_status(wg_params_set(l.params, "norm/scale", wg_f64(s, WG_SHAPE(C))), WG_OK);
        if (!is_rms) check_status(wg_params_set(l.params, "norm/bias", wg_f64(b, WG_SHAPE(C))), 0);
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var out = cases[k].layer(scope, wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(N, S, C))));
        check(wg_find(scope, "norm").index == out.index);
        check_equal_i(wg_parameters(scope, 0, NULL), is_rms ? 1 : 2);
        lab_read(l, out, y, COUNT);
        for (int i = 0; i < COUNT; i++) {
            long double mean, variance;
            moments(x, cases[k].group, i, &mean, &variance);
            if (is_rms) {
                variance += mean * mean;
                mean = 0;
            }
            const long double unit = ((long double)x[i] - mean) / sqrtl(variance + 1e-5L);
            const long double expected = unit * (long double)s[i % C] +
                                         (is_rms ? 0 : (long double)b[i % C]);
            /* Roundings of 2^-53: of mean, variance, root, two products and a sum, on sums of up to
             * 12 numbers of size 8. */
            check_close(y[i], (double)expected, 30 * 1.2e-16 * 8);
        }
        lab_close(l);
    }
}

typedef struct norm_user { const norm_case *norm; wg_params *params; } norm_user;

static int norm_function(const wg_var *in, wg_var *out, void *user)
{
    const norm_user *u = user;
    const wg_scope scope = wg_scope_root(in[0].tape, u->params, WG_TRAINING);
    out[0] = wg_mul(u->norm->layer(scope, in[0]), in[1]);
    return WG_OK;
}

/* Weighted, since the sum of what is normalised does not change. To second order. Batch norm
 * assigns, and is compared below. */
Test(norm, gradients_agree_with_differences)
{
    double x[COUNT], weight[COUNT];
    fill(x);
    for (int i = 0; i < COUNT; i++) weight[i] = (i * 7 % 11) / 4.0 - 1;
    const wg_view in[2] = { wg_f64(x, WG_SHAPE(N, S, C)), wg_f64(weight, WG_SHAPE(N, S, C)) };
    for (int k = 1; k < 4; k++) {
        const lab l = lab_open(1);
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        ignore(cases[k].layer(scope, wg_input(l.tape, "x", in[0])));
        check_status(wg_run(l.runtime, l.tape), WG_OK); /* which makes the parameters */
        norm_user user = { &cases[k], l.params };
        for (int order = 1; order <= 2; order++) {
            wg_error error = { 0 };
            const int status =
                wg_check_gradient(l.runtime, norm_function, &user, 2, in,
                                  WG_OPTIONS(wg_check_options, .order = order), NULL, &error);
            check_msg(status >= 0, "case %d, order %d: %s", k, order, error.message);
        }
        lab_close(l);
    }
}

/* Rows and columns exchanged, batch norm is layer norm, whose gradient was checked above. */
Test(norm, batch_norm_is_layer_norm_of_columns)
{
    enum { ROWS = N * S };
    double x[COUNT], weight[COUNT], y[2][COUNT], g[2][COUNT];
    fill(x);
    for (int i = 0; i < COUNT; i++) weight[i] = (i * 7 % 11) / 4.0 - 1;
    const wg_norm_options plain = { .without_affine = true };
    const lab l = lab_open(1);
    for (int k = 0; k < 2; k++) {
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var rows = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(ROWS, C)));
        wg_var w = wg_input(l.tape, "w", wg_f64(weight, WG_SHAPE(ROWS, C)));
        wg_var out = k == 0 ? wg_batch_norm(scope, "b", rows, &plain)
                            : wg_transpose(wg_layer_norm(scope, "l", wg_transpose(rows), &plain));
        wg_var gradient = wg_grad(wg_sum(wg_mul(wg_square(out), w), WG_ALL), rows);
        check_status(wg_keep(gradient), WG_OK);
        lab_read(l, out, y[k], COUNT);
        lab_read(l, gradient, g[k], COUNT);
    }
    for (int i = 0; i < COUNT; i++) {
        check_close(y[0][i], y[1][i], 1e-15);
        check_close(g[0][i], g[1][i], 1e-14);
    }
    lab_close(l);
}

/* A constant has variance 0 exactly, and gives the bias. */
Test(norm, a_constant_gives_the_bias)
{
    const lab l = lab_open(1);
    double y[8];
    for (int k = 0; k < 2; k++) {
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var x = wg_full(l.tape, WG_F64, WG_SHAPE(4, 2), 0.1);
        wg_var out = k == 0 ? wg_batch_norm(scope, "b", x, NULL)
                            : wg_layer_norm(scope, "l", x, NULL);
        lab_read(l, out, y, 8);
        for (int i = 0; i < 8; i++) check(y[i] == 0);
    }
    lab_close(l);
}

/* ---- the state of batch norm ---- */

static void check_state(lab l, const char *path, const double *expected)
{
    wg_view view;
    check_status(wg_params_find(l.params, path, &view), WG_OK);
    for (int j = 0; j < 2; j++)
        check_close(((const double *)view.data)[j], expected[j], 4e-16);
}

/* Two batches of two rows: means (2, 0), then (4, 1), variances (1, 4), then (1, 1), by hand;
 * momentum 1/2 from (0, 0) and (1, 1). */
Test(norm, batch_norm_follows_the_batches_and_evaluates_by_them)
{
    const double batch[2][4] = { { 1, -2, 3, 2 }, { 3, 0, 5, 2 } };
    const wg_norm_options half = { .momentum = 0.5, .without_affine = true };
    const lab l = lab_open(1);
    double y[4];
    for (int i = 0; i < 2; i++) {
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var x = wg_batch(l.tape, "x", wg_f64(batch[i], WG_SHAPE(2, 2)));
        lab_read(l, wg_batch_norm(scope, "bn", x, &half), y, 4);
        check_close(y[2], 1 / sqrt(1 + 1e-5), 4e-16);
    }
    check_state(l, "bn/mean", (const double[2]){ 2.5, 0.5 });       /* (1, 0), (2.5, 0.5) */
    check_state(l, "bn/variance", (const double[2]){ 1, 1.75 });    /* (1, 2.5), (1, 1.75) */
    for (int i = 0; i < 2; i++) { /* evaluated twice: the state stands */
        const wg_scope scope = lab_scope(l, WG_EVALUATION);
        wg_var x = wg_batch(l.tape, "x", wg_f64(batch[0], WG_SHAPE(2, 2)));
        lab_read(l, wg_batch_norm(scope, "bn", x, &half), y, 4);
        check_close(y[0], -1.5 / sqrt(1 + 1e-5), 1e-15);
        check_close(y[1], -2.5 / sqrt(1.75 + 1e-5), 1e-15);
    }
    check_state(l, "bn/mean", (const double[2]){ 2.5, 0.5 });
    check_equal_i(wg_params_count(l.params), 2);
    lab_close(l);
}

/* The same layer twice in a recording: the second reads what the first assigned. */
Test(norm, a_shared_batch_norm_follows_twice)
{
    const double x[4] = { 1, -2, 3, 2 };
    const wg_norm_options half = { .momentum = 0.5 };
    const lab l = lab_open(1);
    const wg_scope scope = wg_scope_shared(lab_scope(l, WG_TRAINING), "net");
    wg_var rows = wg_batch(l.tape, "x", wg_f64(x, WG_SHAPE(2, 2)));
    ignore(wg_batch_norm(scope, "bn", rows, &half));
    ignore(wg_batch_norm(scope, "bn", rows, &half));
    check_status(wg_run(l.runtime, l.tape), WG_OK);
    check_state(l, "net/bn/mean", (const double[2]){ 1.5, 0 });
    check_state(l, "net/bn/variance", (const double[2]){ 1, 3.25 });
    lab_close(l);
}

Test(norm, a_frozen_batch_norm_rests)
{
    const double x[4] = { 1, -2, 3, 2 };
    double y[4];
    const lab l = lab_open(1);
    const wg_scope scope = wg_scope_frozen(lab_scope(l, WG_TRAINING));
    wg_var rows = wg_batch(l.tape, "x", wg_f64(x, WG_SHAPE(2, 2)));
    lab_read(l, wg_batch_norm(scope, "bn", rows, NULL), y, 4);
    for (int i = 0; i < 4; i++) check_close(y[i], x[i] / sqrt(1 + 1e-5), 1e-15);
    check_state(l, "bn/mean", (const double[2]){ 0, 0 });
    lab_close(l);
}

/* A momentum of WG_ZERO keeps nothing of the old; an epsilon of WG_ZERO is none. */
Test(norm, settings_of_zero_are_meant)
{
    const float x[4] = { 1, -2, 3, 2 };
    float y[4];
    const wg_norm_options none = { .momentum = WG_ZERO, .epsilon = WG_ZERO };
    const lab l = lab_open(1);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var rows = wg_batch(l.tape, "x", wg_f32(x, WG_SHAPE(2, 2)));
    lab_read_f32(l, wg_batch_norm(scope, "bn", rows, &none), y, 4);
    check(y[0] == -1 && y[1] == -1 && y[2] == 1 && y[3] == 1);
    wg_view view;
    check_status(wg_params_find(l.params, "bn/variance", &view), WG_OK);
    check(((const float *)view.data)[0] == 1 && ((const float *)view.data)[1] == 4);
    lab_close(l);
}

/* Loss and all gradients of two layers with or without a batch norm between them, on three
 * threads: how often these wait for each other. */
static int64_t joins_of_step(bool has_norm)
{
    enum { ROWS = 256 };
    static float x[ROWS * C];
    for (int i = 0; i < ROWS * C; i++) x[i] = (float)(i * 53 % 97) / 40 - 1.2f;
    const lab l = lab_open(3);
    l.runtime->is_forked_always = true;
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var rows = wg_batch(l.tape, "x", wg_f32(x, WG_SHAPE(ROWS, C))), by[6], gradient[6];
    wg_var y = wg_dense(scope, "in", rows, 16, NULL);
    if (has_norm) y = wg_batch_norm(scope, "norm", y, NULL);
    y = wg_mean(wg_square(wg_dense(scope, "out", wg_relu(y), 1, NULL)), WG_ALL);
    const int64_t count = wg_parameters(scope, 6, by);
    check_equal_i(count, has_norm ? 6 : 4);
    check_status(wg_grads(y, count, by, gradient), WG_OK);
    for (int64_t i = 0; i < count; i++) check_status(wg_keep(gradient[i]), WG_OK);
    const int64_t before = l.runtime->join_count;
    lab_item(l, y);
    const int64_t joins = l.runtime->join_count - before;
    lab_close(l);
    return joins;
}

/* ENGINE: a mean, a variance, and the same two on the way back. */
Test(norm, batch_norm_costs_four_joins)
{
    const int64_t without = joins_of_step(false), with = joins_of_step(true);
    check(without > 0);
    check_msg(with - without <= 4, "%lld joins, %lld without", (long long)with, (long long)without);
}

Test(norm, refuses_what_it_cannot_do)
{
    const lab l = lab_open(1);
#define NET wg_scope_in(wg_scope_root(l.tape, l.params, WG_TRAINING), "net")
#define ROWS wg_full(l.tape, WG_F32, WG_SHAPE(2, 6), 1)
    ignore(wg_batch_norm(NET, "n", wg_full(l.tape, WG_F32, WG_SHAPE(3), 1), NULL));
    lab_refused(l, WG_ESHAPE, "net/n: batch_norm: [3]: [n, ..., c] expected (test_norm");
    ignore(wg_batch_norm(NET, "n", wg_full(l.tape, WG_F32, WG_SHAPE(0, 3), 1), NULL));
    lab_refused(l, WG_ESHAPE, "net/n: batch_norm: [0, 3]: there is nothing to take a mean of");
    ignore(wg_layer_norm(NET, "n", wg_full(l.tape, WG_F32, WG_SCALAR, 1), NULL));
    lab_refused(l, WG_ESHAPE, "layer_norm: []: [..., c] expected");
    ignore(wg_group_norm(NET, "n", ROWS, 4, NULL));
    lab_refused(l, WG_ESHAPE, "group_norm: [2, 6]: the groups do not divide the channels");
    ignore(wg_group_norm(NET, "n", ROWS, 0, NULL));
    lab_refused(l, WG_ESHAPE, "group_norm: [2, 6]: the groups do not divide the channels");
    ignore(wg_group_norm(NET, "n", wg_full(l.tape, WG_F32, WG_SHAPE(1, 1, 1, 1, 1, 1, 1, 2), 1), 2,
                         NULL));
    lab_refused(l, WG_ELIMIT, "one axis too many to split the channels");
    ignore(wg_layer_norm(NET, "n", ROWS, WG_OPTIONS(wg_norm_options, .epsilon = -1)));
    lab_refused(l, WG_EINVALID, "epsilon is a number of 0 or more");
    ignore(wg_batch_norm(NET, "n", ROWS, WG_OPTIONS(wg_norm_options, .momentum = NAN)));
    lab_refused(l, WG_EINVALID, "momentum is within 0 and 1");
    ignore(wg_rms_norm(NET, "n", ROWS, WG_OPTIONS(wg_norm_options, .reserved = { 1 })));
    lab_refused(l, WG_EINVALID, "options were not zeroed: reserved has a value");
    ignore(wg_rms_norm(NET, "n", wg_full(l.tape, WG_I32, WG_SHAPE(2), 1), NULL));
    lab_refused(l, WG_EDTYPE, "f32 or f64 expected, not i32");
    ignore(wg_layer_norm(NET, "n", (wg_var){ 0 }, NULL));
    lab_refused(l, WG_EINVALID, "net/n: layer_norm: the null value");
#undef NET
#undef ROWS
    lab_close(l);
}

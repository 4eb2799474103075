/* Recurrent layers against the equations of textbooks in 60 digits (golden/make_recurrent.py). */
#include "graph/lab.h"
#include "golden/recurrent.h"
#include "support/memory.h"

#include <stdio.h>
#include <string.h>

enum { N = 2, T = 4, D = 3, WIDTH = 2 };

typedef wg_var layer(wg_scope scope, const char *name, wg_var x, int64_t width,
                     wg_recurrent_state *state);
static layer *const layers[3] = { (wg_rnn), (wg_gru), (wg_lstm) };

/* What the script has. */
static double wave(int i)
{
    return (i * 37 % 41) / 32.0 - 0.625;
}

static void waves(int first, int count, double *out)
{
    for (int i = 0; i < count; i++) out[i] = wave(first + i);
}

static void put(lab l, const char *layer_path, const char *name, int first, wg_shape shape)
{
    double data[64];
    char path[40];
    snprintf(path, sizeof path, "%s/%s", layer_path, name);
    waves(first, (int)wg_shape_count(shape), data);
    check_status(wg_params_set(l.params, path, wg_f64(data, shape)), WG_OK);
}

static void parameters_put(lab l, const char *path, const recurrent_golden *g)
{
    put(l, path, "input", 3, WG_SHAPE(D, g->gates * WIDTH));
    put(l, path, "hidden", 101, WG_SHAPE(WIDTH, g->gates * WIDTH));
    put(l, path, "bias", 203, WG_SHAPE(g->gates * WIDTH));
    if (g->gates == 3) put(l, path, "hidden_bias", 307, WG_SHAPE(WIDTH));
}

/* The series as samples, and both states. */
typedef struct series { double x[N * T * D], hidden[N * WIDTH], cell[N * WIDTH]; } series;

static series series_make(void)
{
    series s;
    waves(11, N * T * D, s.x);
    waves(401, N * WIDTH, s.hidden);
    waves(503, N * WIDTH, s.cell);
    return s;
}

/* A value below 1 after four places of some ten roundings each; gradients sum 16 of them. */
static const double value_error = 40 * DBL_EPSILON;
static const double gradient_error = 400 * DBL_EPSILON;

static void check_all(lab l, wg_var x, const double *expected, double tolerance)
{
    double found[24];
    const int64_t count = wg_shape_count(wg_shape_of(x));
    lab_read(l, x, found, count);
    for (int64_t i = 0; i < count; i++) check_close(found[i], expected[i], tolerance);
}

Test(recurrent, layers_are_their_equations)
{
    for (int i = 0; i < 3; i++) {
        const recurrent_golden *g = &recurrent_goldens[i];
        const lab l = lab_open(1);
        const series s = series_make();
        parameters_put(l, "layer", g);
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        const wg_var x = wg_batch(l.tape, "x", wg_f64(s.x, WG_SHAPE(N, T, D)));
        const wg_var hidden = wg_batch(l.tape, "h", wg_f64(s.hidden, WG_SHAPE(N, WIDTH)));
        wg_recurrent_state state = { .hidden = hidden };
        state.cell = wg_batch(l.tape, "c", wg_f64(s.cell, WG_SHAPE(N, WIDTH)));
        const wg_var y = layers[i](scope, "layer", x, WIDTH, &state);
        check_all(l, y, g->out, value_error);
        check_all(l, state.hidden, g->hidden, value_error);
        check_all(l, state.cell, g->cell, value_error);

        wg_var by[6] = { x, hidden }, gradient[6];
        const int count = 2 + (int)wg_parameters(scope, 4, by + 2);   /* by name */
        check_equal_i(count, g->gates == 3 ? 6 : 5);
        const double *const expected[6] = { g->by_x, g->by_state, g->by_bias, g->by_hidden,
                                            g->gates == 3 ? g->by_hidden_bias : g->by_input,
                                            g->by_input };
        const int status = wg_grads(wg_sum(wg_square(y), WG_ALL), count, by, gradient);
        check_msg(status >= 0, "%s", wg_tape_message(l.tape));
        for (int k = 0; k < count; k++) check_all(l, gradient[k], expected[k], gradient_error);
        lab_close(l);
    }
}

/* Two halves, the second from where the first ended, are the whole. */
Test(recurrent, a_state_goes_on)
{
    for (int i = 0; i < 3; i++) {
        const recurrent_golden *g = &recurrent_goldens[i];
        const lab l = lab_open(1);
        const series s = series_make();
        parameters_put(l, "shared/layer", g);
        const wg_scope scope = wg_scope_shared(lab_scope(l, WG_TRAINING), "shared");
        const wg_var x = wg_input(l.tape, "x", wg_f64(s.x, WG_SHAPE(N, T, D)));
        wg_recurrent_state state = { .hidden = { .tape = NULL } };
        wg_var half[2];
        for (int k = 0; k < 2; k++)
            half[k] = layers[i](scope, "layer", wg_slice(x, 1, 2 * k, 2 * k + 2, 1), WIDTH,
                                &state);
        const wg_var whole = layers[i](scope, "layer", x, WIDTH, NULL);
        double found[N * T * WIDTH], expected[N * T * WIDTH];
        lab_read(l, wg_concat(2, half, 1), found, N * T * WIDTH);
        lab_read(l, whole, expected, N * T * WIDTH);
        check_bytes(found, expected, sizeof found);
        lab_close(l);
    }
}

/* The forget gate is open at first, all other biases are 0; hidden weights keep lengths. */
Test(recurrent, parameters_are_what_the_header_says)
{
    const lab l = lab_open(1);
    const series s = series_make();
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    const wg_var x = wg_input(l.tape, "x", wg_f64(s.x, WG_SHAPE(N, T, D)));
    double all[N * T * WIDTH];
    lab_read(l, wg_lstm(scope, "layer", x, WIDTH, NULL), all, N * T * WIDTH);
    wg_view bias, hidden;
    check_status(wg_params_find(l.params, "layer/bias", &bias), WG_OK);
    check_status(wg_params_find(l.params, "layer/hidden", &hidden), WG_OK);
    const double *b = bias.data, *w = hidden.data;
    for (int i = 0; i < 4 * WIDTH; i++) check_close(b[i], i / WIDTH == 1, 0);
    for (int i = 0; i < WIDTH; i++)
        for (int j = 0; j < WIDTH; j++) {
            double sum = 0;
            for (int k = 0; k < 4 * WIDTH; k++) sum += w[i * 4 * WIDTH + k] * w[j * 4 * WIDTH + k];
            check_close(sum, i == j, 64 * DBL_EPSILON);
        }
    lab_close(l);
}

static void check_refused(lab l, wg_var y, int status, const char *text)
{
    double value;
    check_status(wg_item(l.runtime, wg_sum(y, WG_ALL), &value), status);
    check_contains(wg_tape_message(l.tape), text);
}

Test(recurrent, wrong_arguments_are_refused)
{
    const lab l = lab_open(1);
    const series s = series_make();
    static const int32_t whole[N * T * D] = { 0 };
    const wg_shape shape = WG_SHAPE(N, T, D);
    wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var x = wg_input(l.tape, "x", wg_f64(s.x, WG_SHAPE(N, T * D)));
    check_refused(l, wg_rnn(scope, "layer", x, WIDTH, NULL), WG_ESHAPE, "[n, t, d] expected");
    scope = lab_scope(l, WG_TRAINING);
    x = wg_input(l.tape, "x", wg_i32(whole, shape));
    check_refused(l, wg_gru(scope, "layer", x, WIDTH, NULL), WG_EDTYPE, "f32 or f64");
    scope = lab_scope(l, WG_TRAINING);
    x = wg_input(l.tape, "x", wg_f64(s.x, shape));
    check_refused(l, wg_lstm(scope, "layer", x, -1, NULL), WG_EINVALID, "negative");
    scope = lab_scope(l, WG_TRAINING);
    x = wg_input(l.tape, "x", wg_f64(s.x, shape));
    wg_recurrent_state state = { .hidden = x };
    check_refused(l, wg_lstm(scope, "layer", x, WIDTH, &state), WG_ESHAPE, "a state [n, width]");
    lab_close(l);
}

static int record_all(const wg_allocator *allocator, void *user)
{
    const series s = series_make();
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = allocator));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    int status = tape != NULL && params != NULL ? WG_OK : WG_EMEMORY;
    (void)user;
    if (status >= 0) {
        const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        const wg_var x = wg_input(tape, "x", wg_f64(s.x, WG_SHAPE(N, T, D)));
        const wg_var y = wg_lstm(scope, "layer", x, WIDTH, NULL);
        status = wg_keep(wg_grad(wg_sum(y, WG_ALL), x));
    }
    wg_tape_free(tape);
    wg_params_free(params);
    return status;
}

Test(recurrent, without_memory_nothing_is_left_behind)
{
    check(test_memory_fail_each(record_all, NULL) > 20);
}

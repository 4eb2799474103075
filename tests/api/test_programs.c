/* The programs people write (p01 to p20 of this folder) as a user would run them: each is compiled
 * as it stands, against the public headers, and what it computes is compared with a formula in
 * double. Their `main` is called NAME_main here, so that they can share one process.             */
#include "support/test.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#include <wengert/wengert.h>

int p01_third_derivative_main(void);
wg_var network(wg_scope scope, wg_var x, void *user);
wg_var robust_loss(wg_var logits, wg_var target, wg_var weight, int64_t ignored);
int p04_mlp_loop_main(void);
int train_text(wg_runtime *runtime, wg_params *params, const uint8_t *text, int64_t step_count,
               double *loss_last);
int maml_step(wg_runtime *runtime, wg_tape *tape, wg_params *params, const wg_view view[8][4],
              double *value);
wg_var burgers_loss(wg_scope scope, wg_var t, wg_var x, wg_var t_edge, wg_var x_edge,
                    wg_var u_edge);
int private_step(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_view x_rows,
                 wg_view t_rows, double *value);
int score_all(wg_params *params, const float *x, float *y);
typedef struct host { size_t bytes_now, bytes_max; } host;
typedef struct request {
    uv_work_t work;
    wg_program *program;
    float x[26], y;
    int status;
    void (*done)(struct request *);
} request;
int host_open(host *h, wg_runtime **runtime, wg_params **params, wg_error *error);
int host_ask(uv_loop_t *loop, request *r);
int inspect(wg_runtime *runtime, wg_params *params, wg_view x_rows);

/* A number in [-1, 1) that depends on i alone. */
static float wave(int64_t i)
{
    return (float)((double)((i * 2654435761u) % 4096) / 2048.0 - 1);
}

/* Works in a folder of its own, which is removed with what the test wrote there. */
typedef struct folder { char before[1024], path[64]; } folder;

static folder folder_enter(void)
{
    folder f = { .path = "/tmp/wengert_XXXXXX" };
    check(getcwd(f.before, sizeof f.before) != NULL);
    check(mkdtemp(f.path) != NULL);
    check(chdir(f.path) == 0);
    return f;
}

static void folder_leave(const folder *f, const char *file)
{
    check(unlink(file) == 0);
    check(chdir(f->before) == 0);
}

Test(programs, p01_prints_mish_and_three_derivatives)
{
    check_equal_i(p01_third_derivative_main(), 0);
}

Test(programs, p02_custom_activations_train)
{
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 2));
    const wg_optimizer adam = wg_adam(1e-2, NULL);
    float x[8 * 5];
    for (int64_t i = 0; i < 40; i++) x[i] = wave(i);
    double first = 0, last = 0;
    for (int step = 0; step < 20; step++) {
        wg_activation *relu = wg_relu;
        wg_tape_reset(tape);
        wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        wg_var rows = wg_batch(tape, "x", wg_f32(x, WG_SHAPE(8, 5)));
        wg_var y = network(scope, rows, step % 2 ? NULL : (void *)&relu);
        check_equal_i(wg_extent(y, -1), 10);
        wg_var loss = wg_mean(wg_square(wg_shift(y, -1)), WG_ALL);
        wg_minimize(&adam, scope, loss);
        const int status = wg_item(runtime, loss, &last);
        check_msg(status >= 0, "%s", wg_explain(status, tape, NULL));
        if (step == 0) first = last;
    }
    check_msg(last < first, "%g is not below %g", last, first);
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* (1 - p^q) / q of the true class, weighted, the ignored row left out. */
static double robust_expected(const float *logits, const int32_t *target, const float *weight)
{
    double sum = 0, total = 0;
    for (int i = 0; i < 4; i++) {
        if (target[i] == 255) continue;
        double all = 0;
        for (int j = 0; j < 3; j++) all += exp((double)logits[3 * i + j]);
        const double p = exp((double)logits[3 * i + target[i]]) / all;
        sum += (double)weight[i] * (1 - pow(p, 0.7)) / 0.7;
        total += (double)weight[i];
    }
    return sum / total;
}

Test(programs, p03_robust_loss_is_its_formula)
{
    const float logits[12] = { 0.5f, -1, 2, 1, 1, 1, -3, 0, 4, 9, 9, 9 };
    const int32_t target[4] = { 0, 2, 1, 255 };
    const float weight[4] = { 1, 2, 0.5f, 7 };
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_var loss = robust_loss(wg_input(tape, "z", wg_f32(logits, WG_SHAPE(4, 3))),
                              wg_input(tape, "t", wg_i32(target, WG_SHAPE(4))),
                              wg_input(tape, "w", wg_f32(weight, WG_SHAPE(4))), 255);
    double value;
    const int status = wg_item(runtime, loss, &value);
    check_msg(status >= 0, "%s", wg_explain(status, tape, NULL));
    /* About ten roundings of 2^-24 on numbers of size 1. */
    check_close(value, robust_expected(logits, target, weight), 10 * 6e-8);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* A text of one period of letters, the same in each of the 32 places. Before training all of 256
 * letters are alike likely; after 10 steps it has learnt which ones occur. Trained twice it
 * is the same to the last bit, and its carried state goes on: it is not zero. */
Test(programs, p06_learns_a_text)
{
    enum { STEPS = 10, LENGTH = 32 * (STEPS * 64 + 1) };
    static uint8_t text[LENGTH];
    for (int i = 0; i < LENGTH; i++) text[i] = (uint8_t)"to be or not "[i % 13];
    double loss[2];
    for (int i = 0; i < 2; i++) {
        wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1 + i));
        wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 6));
        const int status = train_text(runtime, params, text, STEPS, &loss[i]);
        check_msg(status >= 0, "%d", status);
        wg_view hidden;
        check_status(wg_params_find(params, "carry/hidden", &hidden), WG_OK);
        check(((const float *)hidden.data)[0] != 0);
        wg_params_free(params);
        wg_runtime_free(runtime);
    }
    check_msg(loss[0] < log(13), "%g", loss[0]);
    check_bytes(&loss[1], &loss[0], sizeof loss[0]);
}

/* Sine waves of eight phases: what a step on ten points leaves of the error falls. */
Test(programs, p09_learns_to_adapt)
{
    enum { POINTS = 10, TASKS = 8 };
    static float data[TASKS][4][POINTS];
    wg_view view[TASKS][4];
    for (int i = 0; i < TASKS; i++)
        for (int j = 0; j < 4; j++) {
            for (int k = 0; k < POINTS; k++) {
                const float x = 3 * wave(100 * i + 10 * (j / 2) + k);
                data[i][j][k] = j % 2 == 0 ? x : (float)sin((double)x + 0.7 * i);
            }
            view[i][j] = wg_f32(data[i][j], WG_SHAPE(POINTS, 1));
        }
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 9));
    double first = 0, last = 0;
    for (int step = 0; step < 100; step++) {
        const int status = maml_step(runtime, tape, params, (const wg_view(*)[4])view, &last);
        check_msg(status >= 0, "%s", wg_explain(status, tape, NULL));
        if (step == 0) first = last;
    }
    check_msg(last < 0.9 * first, "%g after 100 steps, %g before", last, first);
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* A parameter of the network of p10, in double. */
static const float *field_parameter(const wg_params *params, const char *layer, const char *name)
{
    char path[80];
    wg_view view;
    snprintf(path, sizeof path, "field/%s/%s", layer, name);
    check_msg(wg_params_find(params, path, &view) == WG_OK, "%s", path);
    return view.data;
}

static double field_value(const wg_params *params, double t, double x)
{
    enum { WIDTH = 32 };
    double h[WIDTH] = { t, x };
    for (int layer = 0; layer < 5; layer++) {
        char name[40];
        snprintf(name, sizeof name, layer < 4 ? "layer_%d/dense" : "u", layer);
        const float *w = field_parameter(params, name, "weight");
        const float *b = field_parameter(params, name, "bias");
        const int in = layer == 0 ? 2 : WIDTH, out = layer < 4 ? WIDTH : 1;
        double next[WIDTH];
        for (int j = 0; j < out; j++) {
            next[j] = (double)b[j];
            for (int i = 0; i < in; i++) next[j] += h[i] * (double)w[i * out + j];
            if (layer < 4) next[j] = tanh(next[j]);
        }
        memcpy(h, next, sizeof next[0] * (size_t)out);
    }
    return h[0];
}

/* Derivatives by differences of the same network in double, whose error is about step^2. */
static double burgers_expected(const wg_params *params, const float *t, const float *x, int64_t n)
{
    const double step = 1e-4;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const double at = (double)t[i], to = (double)x[i];
        const double u = field_value(params, at, to);
        const double right = field_value(params, at, to + step);
        const double left = field_value(params, at, to - step);
        const double later = field_value(params, at + step, to);
        const double before = field_value(params, at - step, to);
        const double residual = (later - before) / (2 * step) +
                                u * (right - left) / (2 * step) -
                                0.01 / 3.14159265358979323846 * (right - 2 * u + left) /
                                    (step * step);
        sum += residual * residual / (double)n + u * u / (double)n;
    }
    return sum;
}

Test(programs, p10_burgers_residual_is_that_of_differences)
{
    enum { N = 6 };
    float t[N], x[N];
    const float zero[N] = { 0 };
    for (int64_t i = 0; i < N; i++) {
        t[i] = wave(i);
        x[i] = wave(i + 50);
    }
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 10));
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var time = wg_batch(tape, "t", wg_f32(t, WG_SHAPE(N, 1)));
    const wg_var place = wg_batch(tape, "x", wg_f32(x, WG_SHAPE(N, 1)));
    const wg_var edge = wg_batch(tape, "u", wg_f32(zero, WG_SHAPE(N, 1)));
    const wg_var loss = burgers_loss(scope, time, place, time, place, edge);
    double value;
    const int status = wg_item(runtime, loss, &value);
    check_msg(status >= 0, "%s", wg_explain(status, tape, NULL));
    const double expected = burgers_expected(params, t, x, N);
    check_close(value, expected, 1e-5 * (1 + expected));
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* The noise of 256 rows is little: the loss of two separable classes falls. */
Test(programs, p11_learns_under_noise)
{
    enum { ROWS = 256, FEATURES = 26 };
    static float x[ROWS * FEATURES];
    static int32_t t[ROWS];
    for (int64_t i = 0; i < ROWS; i++) {
        t[i] = (int32_t)(i % 10);
        for (int64_t j = 0; j < FEATURES; j++)
            x[i * FEATURES + j] = (j % 10 == t[i] ? 1.5f : 0) + 0.2f * wave(31 * i + j);
    }
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 11));
    double first = 0, last = 0;
    for (int step = 0; step < 30; step++) {
        const int status = private_step(runtime, tape, params,
                                        wg_f32(x, WG_SHAPE(ROWS, FEATURES)),
                                        wg_i32(t, WG_SHAPE(ROWS)), &last);
        check_msg(status >= 0, "%s", wg_explain(status, tape, NULL));
        if (step == 0) first = last;
    }
    check_msg(last < 0.8 * first, "%g after 30 steps, %g before", last, first);
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* Ten bar patterns with some noise: learnable, but not by looking at one pixel. */
static void write_digits(void)
{
    FILE *file = fopen("digits.csv", "w");
    check(file != NULL);
    for (int j = 0; j < 16; j++) fprintf(file, "p%d,", j);
    fprintf(file, "digit\n");
    for (int64_t i = 0; i < 600; i++) {
        const int64_t digit = i % 10;
        for (int64_t j = 0; j < 16; j++) {
            const double bar = (digit * 7919 >> j) & 1 ? 1 : 0;
            fprintf(file, "%.4f,", bar + 0.3 * (double)wave(17 * i + 31 * j * j + 5));
        }
        fprintf(file, "%lld\n", (long long)digit);
    }
    check(fclose(file) == 0);
}

Test(programs, p04_trains_digits_and_saves_the_best)
{
    const folder f = folder_enter();
    write_digits();
    check_equal_i(p04_mlp_loop_main(), 0);
    wg_params *params = wg_params_create(NULL);
    wg_error error = { 0 };
    const int loaded = wg_params_load(params, "best.safetensors", "*", &error);
    check_msg(loaded > 6, "%d loaded: %s", loaded, error.message);
    wg_view weight;
    check_status(wg_params_find(params, "hidden_1/weight", &weight), WG_OK);
    check_equal_i(weight.shape.dim[0], 16);
    check_equal_i(weight.shape.dim[1], 128);
    wg_params_free(params);
    check(unlink("digits.csv") == 0);
    folder_leave(&f, "best.safetensors");
    rmdir(f.path);
}

static wg_params *score_params(const float weight[26], float bias)
{
    wg_params *params = wg_params_create(NULL);
    check_status(wg_params_set(params, "score/weight", wg_f32(weight, WG_SHAPE(26, 1))), WG_OK);
    check_status(wg_params_set(params, "score/bias", wg_f32(&bias, WG_SHAPE(1))), WG_OK);
    return params;
}

static double score_expected(const float *weight, double bias, const float *x)
{
    double sum = bias;
    for (int j = 0; j < 26; j++) sum += (double)weight[j] * (double)x[j];
    return 1 / (1 + exp(-sum));
}

Test(programs, p16_two_threads_score_all_rows)
{
    enum { ROWS = 128000 };
    float weight[26];
    for (int j = 0; j < 26; j++) weight[j] = wave(j + 3) / 4;
    float *x = malloc(sizeof *x * ROWS * 26), *y = malloc(sizeof *y * ROWS);
    check(x && y);
    for (int64_t i = 0; i < (int64_t)ROWS * 26; i++) x[i] = wave(i);
    wg_params *params = score_params(weight, 0.25f);
    check_status(score_all(params, x, y), WG_OK);
    /* A dot product of 26 terms of size 1/4 and a sigmoid of slope 1/4. */
    for (int64_t i = 0; i < ROWS; i += 997)
        check_close(y[i], score_expected(weight, 0.25, x + 26 * i), 26 * 6e-8);
    wg_params_free(params);
    free(x);
    free(y);
}

static int answers;

static void on_answer(request *r)
{
    (void)r;
    answers++;
}

Test(programs, p17_host_asks_through_its_own_loop)
{
    const folder f = folder_enter();
    float weight[26];
    for (int j = 0; j < 26; j++) weight[j] = wave(j);
    wg_error error = { 0 };
    wg_params *saved = score_params(weight, -0.5f);
    check_status(wg_params_save(saved, "model.safetensors", &error), WG_OK);
    wg_params_free(saved);

    host h = { .bytes_max = (size_t)64 << 20 };
    wg_runtime *runtime = NULL;
    wg_params *params = NULL;
    const int opened = host_open(&h, &runtime, &params, &error);
    check_msg(opened == 2, "%d: %s", opened, error.message);
    wg_tape *tape = wg_tape_create(NULL);
    const float zeros[26] = { 0 };
    wg_scope scope = wg_scope_root(tape, params, WG_EVALUATION);
    wg_var score =
        wg_sigmoid(wg_dense(scope, "score", wg_batch(tape, "x", wg_f32(zeros, WG_SHAPE(1, 26))), 1,
                            NULL));
    request r = { .program = wg_compile(runtime, tape, 1, &score), .done = on_answer };
    check_msg(r.program != NULL, "%s", wg_tape_message(tape));
    for (int j = 0; j < 26; j++) r.x[j] = wave(100 + j);
    uv_loop_t loop;
    check(uv_loop_init(&loop) == 0);
    check(host_ask(&loop, &r) == 0);
    check(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    check(uv_loop_close(&loop) == 0);
    check_equal_i(answers, 1);
    check_status(r.status, WG_OK);
    check_close(r.y, score_expected(weight, -0.5, r.x), 26 * 6e-8);
    wg_program_free(r.program);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
    check_equal_i(h.bytes_now, 0);
    folder_leave(&f, "model.safetensors");
    rmdir(f.path);
}

Test(programs, p18_inspects_and_shows_errors)
{
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_params *params = wg_params_create(NULL);
    float x[4 * 6];
    for (int64_t i = 0; i < 24; i++) x[i] = wave(i);
    check_status(inspect(runtime, params, wg_f32(x, WG_SHAPE(4, 6))), WG_EINVALID);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

/* Recomputation: the values and derivatives of the function itself, bit for bit, in less memory. */
#include "runtime/internal.h"
#include "support/memory.h"
#include "support/test.h"

#include <math.h>
#include <wengert/wengert.h>

enum { N = 48, LAYERS = 12, BLOCK = 4 };

static float weights[N * N], inputs[N * N];

typedef struct block { wg_var weight; int layers; } block;

/* A few layers with a weight from outside. */
static int layers(const wg_var *in, wg_var *out, void *user)
{
    const block *b = user;
    wg_var x = in[0];
    for (int i = 0; i < b->layers; i++) x = wg_tanh(wg_matmul(x, b->weight));
    out[0] = x;
    return 0;
}

typedef struct result {
    float value[N * N], by_input[N * N], by_weight[N * N], second[N * N];
    size_t bytes;
} result;

static void network_run(bool recomputes, result *out)
{
    for (int i = 0; i < N * N; i++) {
        weights[i] = (float)((i * 31) % 47) / 300.0f - 0.07f;
        inputs[i] = (float)((i * 17) % 23) / 11.0f - 1.0f;
    }
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_input(tape, "x", wg_f32(inputs, WG_SHAPE(N, N)));
    block b = { wg_input(tape, "w", wg_f32(weights, WG_SHAPE(N, N))), BLOCK };
    wg_var y = x;
    for (int i = 0; i < LAYERS; i += BLOCK) {
        const wg_var in = y;
        const int status = recomputes ? wg_recompute(layers, &b, 1, &in, 1, &y)
                                      : layers(&in, &y, &b);
        check_msg(status >= 0, "%s", wg_tape_message(tape));
    }
    const wg_var both[2] = { x, b.weight };
    wg_var gradient[2];
    wg_grads(wg_sum(wg_square(y), WG_ALL), 2, both, gradient);
    const wg_var second = wg_grad(wg_sum(wg_square(gradient[0]), WG_ALL), x);
    check_msg(wg_read_f32(runtime, gradient[0], out->by_input, N * N) == WG_OK, "%s",
              wg_tape_message(tape));
    out->bytes = runtime->workspace_bytes + runtime->worker[0].scratch_bytes;
    check_status(wg_read_f32(runtime, gradient[1], out->by_weight, N * N), WG_OK);
    check_status(wg_read_f32(runtime, y, out->value, N * N), WG_OK);
    check_msg(wg_read_f32(runtime, second, out->second, N * N) == WG_OK, "%s",
              wg_tape_message(tape));
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* Within some roundings of the largest element. */
static void check_near(const float *found, const float *expected)
{
    float largest = 0;
    for (int i = 0; i < N * N; i++) largest = fmaxf(largest, fabsf(expected[i]));
    for (int i = 0; i < N * N; i++) check_close(found[i], expected[i], 1e-5 * (double)largest);
}

/* By the input every layer is read once, so not even the order of a sum differs; by the weight,
 * which all blocks read, the sums of blocks are added, in another order than layer by layer. */
Test(recompute, gives_the_same_bits)
{
    static result kept, again;
    network_run(false, &kept);
    network_run(true, &again);
    check_bytes(again.value, kept.value, sizeof kept.value);
    check_bytes(again.by_input, kept.by_input, sizeof kept.by_input);
    check_near(again.by_weight, kept.by_weight);
    check_near(again.second, kept.second);
}

/* 12 layers are kept by a plain sweep; in blocks of 4, 3 and those of one block. */
Test(recompute, keeps_less)
{
    static result kept, again;
    network_run(false, &kept);
    network_run(true, &again);
    check_msg(3 * again.bytes <= 2 * kept.bytes, "%zu bytes instead of %zu", again.bytes,
              kept.bytes);
}

/* ---- other bodies ---- */

typedef struct noisy { wg_scope scope; } noisy;

static int dropped(const wg_var *in, wg_var *out, void *user)
{
    const noisy *n = user;
    const wg_var noise = wg_uniform(n->scope, "noise", WG_F32, WG_SHAPE(4));
    out[0] = wg_mul(wg_square(in[0]), noise);
    out[1] = wg_cast(noise, WG_I32);
    out[2] = wg_scale(in[0], 3);
    return 0;
}

/* dy = 2 x noise + 3 * 2: the draw of the sweep is that of the value. */
Test(recompute, draws_what_was_drawn)
{
    const float four[4] = { 1, 2, 3, 4 };
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_params *params = wg_params_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    noisy n = { wg_scope_root(tape, params, WG_TRAINING) };
    const wg_var x = wg_input(tape, NULL, wg_f32(four, WG_SHAPE(4)));
    wg_var out[3];
    float value[4], gradient[4];
    check_msg(wg_recompute(dropped, &n, 1, &x, 3, out) == WG_OK, "%s", wg_tape_message(tape));
    check(wg_dtype_of(out[1]) == WG_I32);
    const wg_var loss = wg_add(wg_sum(out[0], WG_ALL), wg_sum(wg_scale(out[2], 2), WG_ALL));
    const wg_var by_x = wg_grad(loss, x);
    check_status(wg_keep(by_x), WG_OK);
    check_msg(wg_read_f32(runtime, out[0], value, 4) == WG_OK, "%s", wg_tape_message(tape));
    check_status(wg_read_f32(runtime, by_x, gradient, 4), WG_OK);
    for (int i = 0; i < 4; i++)
        check_close(gradient[i], 2 * (double)value[i] / four[i] + 6, 1e-5);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

static int scaled_and_log(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    out[0] = wg_scale(in[0], 3);
    out[1] = wg_log(in[0]);
    return 0;
}

/* The derivative of the result that is not used is infinite, and takes no part. */
Test(recompute, a_result_that_nobody_uses_leaks_nothing)
{
    const float two[2] = { 0, 1 };
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_input(tape, NULL, wg_f32(two, WG_SHAPE(2)));
    wg_var out[2];
    float gradient[2];
    check_status(wg_recompute(scaled_and_log, NULL, 1, &x, 2, out), WG_OK);
    const wg_var by_x = wg_grad(wg_sum(out[0], WG_ALL), x);
    check_msg(wg_read_f32(runtime, by_x, gradient, 2) == WG_OK, "%s", wg_tape_message(tape));
    for (int i = 0; i < 2; i++) check_close(gradient[i], 3, 0);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* One result alone is used: the other's cotangent is zero. */
Test(recompute, results_that_nobody_uses_send_nothing)
{
    const float four[4] = { 1, 2, 3, 4 };
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_params *params = wg_params_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    noisy n = { wg_scope_root(tape, params, WG_EVALUATION) };
    const wg_var x = wg_input(tape, NULL, wg_f32(four, WG_SHAPE(4)));
    wg_var out[3];
    float gradient[4];
    check_status(wg_recompute(dropped, &n, 1, &x, 3, out), WG_OK);
    const wg_var by_x = wg_grad(wg_sum(out[2], WG_ALL), x);
    check_msg(wg_read_f32(runtime, by_x, gradient, 4) == WG_OK, "%s", wg_tape_message(tape));
    for (int i = 0; i < 4; i++) check_close(gradient[i], 3, 0);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

static int row_of_layers(const wg_var *in, wg_var *out, void *user)
{
    wg_var y;
    const wg_var row = wg_expand(in[0], 0);
    const int status = wg_recompute(layers, user, 1, &row, 1, &y);
    out[0] = wg_grad(wg_sum(wg_square(y), WG_ALL), in[0]);
    return status;
}

static int row_of_plain(const wg_var *in, wg_var *out, void *user)
{
    wg_var y;
    const wg_var row = wg_expand(in[0], 0);
    const int status = layers(&row, &y, user);
    out[0] = wg_grad(wg_sum(wg_square(y), WG_ALL), in[0]);
    return status;
}

static int nested(const wg_var *in, wg_var *out, void *user)
{
    wg_var middle;
    const int status = wg_recompute(layers, user, 1, in, 1, &middle);
    return status < 0 ? status : wg_recompute(layers, user, 1, &middle, 1, out);
}

Test(recompute, goes_with_vmap_and_with_itself)
{
    static float found[N * N], expected[N * N];
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_input(tape, "x", wg_f32(inputs, WG_SHAPE(N, N)));
    block b = { wg_input(tape, "w", wg_f32(weights, WG_SHAPE(N, N))), 2 };
    wg_var again, plain, y, z;
    check_msg(wg_vmap(row_of_layers, &b, 1, &x, 1, &again) == WG_OK, "%s", wg_tape_message(tape));
    check_status(wg_vmap(row_of_plain, &b, 1, &x, 1, &plain), WG_OK);
    check_msg(wg_read_f32(runtime, again, found, N * N) == WG_OK, "%s", wg_tape_message(tape));
    check_status(wg_read_f32(runtime, plain, expected, N * N), WG_OK);
    check_bytes(found, expected, sizeof found);

    check_status(wg_recompute(nested, &b, 1, &x, 1, &y), WG_OK);
    b.layers = 4;
    check_status(layers(&x, &z, &b), 0);
    const wg_var first = wg_grad(wg_sum(y, WG_ALL), x), second = wg_grad(wg_sum(z, WG_ALL), x);
    check_msg(wg_read_f32(runtime, first, found, N * N) == WG_OK, "%s", wg_tape_message(tape));
    check_status(wg_read_f32(runtime, second, expected, N * N), WG_OK);
    check_bytes(found, expected, sizeof found);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* ---- memory ---- */

static int record_all(const wg_allocator *allocator, void *user)
{
    const float four[4] = { 1, 2, 3, 4 };
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = allocator));
    if (tape == NULL) return WG_EMEMORY;
    (void)user;
    const wg_var x = wg_input(tape, NULL, wg_f32(four, WG_SHAPE(2, 2)));
    block b = { x, 2 };
    wg_var y;
    int status = wg_recompute(nested, &b, 1, &x, 1, &y);
    if (status >= 0) status = wg_keep(wg_grad(wg_sum(y, WG_ALL), x));
    wg_tape_free(tape);
    return status;
}

Test(recompute, without_memory_nothing_is_left_behind)
{
    check(test_memory_fail_each(record_all, NULL) > 5);
}

/* Running scans: draws, memory, threads and shards, kernels of the caller, values that are not
 * finite. */
#include "runtime/cell.h"
#include "runtime/internal.h"
#include "support/memory.h"

#include <string.h>

/* ---- draws ---- */

static int noise_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const wg_var noise = wg_uniform(*(const wg_scope *)user, "noise", WG_F32, WG_SHAPE(3));
    carry[0] = wg_add(carry[0], wg_mul(noise, x[0]));
    y[0] = wg_mul(wg_square(x[0]), noise);
    return 0;
}

/* y = x x noise: from y the noise, which differs at each step, and from dy = 2 x noise the same,
 * though in parts it is drawn again. The other direction changes no draw. */
Test(scan_run, draws_anew_at_each_step_and_again_what_it_drew)
{
    enum { LENGTH = 6, N = 3 * LENGTH };
    static float x[N], y[3][N], g[3][N];
    for (int i = 0; i < N; i++) x[i] = 1 + (float)i / 16;
    for (int i = 0; i < 3; i++) {
        wg_runtime *runtime = runtime_of(1);
        wg_params *params = wg_params_create(NULL);
        wg_tape *tape = wg_tape_create(NULL);
        wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        const wg_var in = wg_input(tape, NULL, wg_f32(x, WG_SHAPE(LENGTH, 3)));
        wg_var carry = wg_full(tape, WG_F32, WG_SHAPE(3), 0);
        wg_var out;
        check_msg(wg_scan(noise_step, &scope, 1, &carry, 1, &in, 1, &out,
                          WG_OPTIONS(wg_scan_options, .reverse = i == 1,
                                     .recompute_every = i == 2 ? 4 : 0)) == WG_OK,
                  "%s", wg_tape_message(tape));
        const wg_var by_x = wg_grad(wg_sum(out, WG_ALL), in);
        check_status(wg_keep(by_x), WG_OK);
        check_msg(wg_read_f32(runtime, out, y[i], N) >= 0, "%s", wg_tape_message(tape));
        check_status(wg_read_f32(runtime, by_x, g[i], N), WG_OK);
        wg_tape_free(tape);
        wg_params_free(params);
        wg_runtime_free(runtime);
    }
    for (int i = 0; i < N; i++) {
        check_close(g[0][i], 2 * (double)y[0][i] / (double)x[i], 1e-6);
        for (int j = 0; j < i; j++)
            check(y[0][i] / (x[i] * x[i]) != y[0][j] / (x[j] * x[j]));
    }
    for (int i = 1; i < 3; i++) {
        check_bytes(y[i], y[0], sizeof y[0]);
        check_bytes(g[i], g[0], sizeof g[0]);
    }
}

typedef struct noisy_row { wg_scope scope; int64_t every; } noisy_row;

static int noisy_scan(const wg_var *in, wg_var *out, void *user)
{
    noisy_row *n = user;
    wg_var carry = wg_full(in[0].tape, WG_F32, WG_SHAPE(3), 0);
    wg_var y;
    const int status = wg_scan(noise_step, &n->scope, 1, &carry, 1, in, 1, &y,
                               WG_OPTIONS(wg_scan_options, .recompute_every = n->every));
    out[0] = y;
    out[1] = wg_grad(wg_sum(y, WG_ALL), in[0]);
    return status;
}

/* Rows draw apart, steps draw apart, and in parts all is drawn again as it was. */
Test(scan_run, rows_of_vmap_draw_apart)
{
    enum { N = 2 * 4 * 3 };
    static float x[N], y[2][N], g[2][N];
    for (int i = 0; i < N; i++) x[i] = 1;
    for (int i = 0; i < 2; i++) {
        wg_runtime *runtime = runtime_of(1);
        wg_params *params = wg_params_create(NULL);
        wg_tape *tape = wg_tape_create(NULL);
        noisy_row n = { wg_scope_root(tape, params, WG_TRAINING), i == 0 ? 0 : 3 };
        const wg_var in = wg_input(tape, NULL, wg_f32(x, WG_SHAPE(2, 4, 3)));
        wg_var out[2];
        check_msg(wg_vmap(noisy_scan, &n, 1, &in, 2, out) == WG_OK, "%s", wg_tape_message(tape));
        check_status(wg_keep(out[1]), WG_OK);
        check_msg(wg_read_f32(runtime, out[0], y[i], N) >= 0, "%s", wg_tape_message(tape));
        check_status(wg_read_f32(runtime, out[1], g[i], N), WG_OK);
        wg_tape_free(tape);
        wg_params_free(params);
        wg_runtime_free(runtime);
    }
    check_bytes(y[1], y[0], sizeof y[0]);
    for (int i = 0; i < N; i++) {
        check_close(g[0][i], 2 * (double)y[0][i], 0);
        check_close(g[1][i], 2 * (double)y[0][i], 0);
        for (int j = 0; j < i; j++) check(y[0][i] != y[0][j]);
    }
}

/* ---- memory ---- */

/* A training step of a scan, as a loop records it. */
static int train_step(wg_runtime *runtime, wg_tape *tape, wg_params *params)
{
    static float x[7 * 2 * INPUTS];
    for (int i = 0; i < 7 * 2 * INPUTS; i++) x[i] = (float)wave(i);
    WG_TRY(wg_tape_reset(tape));
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_initializer init = { 0 };
    cell c = { wg_param(scope, "w", WG_F32, WG_SHAPE(WIDTH, WIDTH), init),
               wg_param(scope, "u", WG_F32, WG_SHAPE(INPUTS, WIDTH), init),
               wg_param(scope, "b", WG_F32, WG_SHAPE(WIDTH), init) };
    wg_var carry[2] = { wg_full(tape, WG_F32, WG_SHAPE(2, WIDTH), 0.1),
                        wg_full(tape, WG_I32, WG_SCALAR, 0) };
    const wg_var in = wg_input(tape, "x", wg_f32(x, WG_SHAPE(7, 2, INPUTS)));
    wg_var y[2];
    WG_TRY(wg_scan(cell_step, &c, 2, carry, 1, &in, 2, y, NULL));
    const wg_optimizer sgd = wg_sgd(1e-2, NULL);
    const wg_var loss = wg_mean(wg_square(wg_shift(y[0], -1)), WG_ALL);
    WG_TRY(wg_minimize(&sgd, scope, loss));
    double value;
    return wg_item(runtime, loss, &value);
}

static int train_all(const wg_allocator *allocator, void *user)
{
    test_memory *memory = user;
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 1));
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = allocator));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    int status = runtime != NULL && tape != NULL && params != NULL ? WG_OK : WG_EMEMORY;
    for (int step = 0; step < (memory != NULL ? 8 : 1) && status >= 0; step++) {
        if (memory != NULL) memory->locked = step >= 3;
        status = train_step(runtime, tape, params);
        if (memory != NULL) check_msg(status >= 0, "step %d: %s", step, wg_tape_message(tape));
    }
    if (memory != NULL) memory->locked = false;
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return status;
}

Test(scan_run, a_loop_allocates_nothing_after_its_first_steps)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    check_status(train_all(&allocator, &memory), WG_OK);
    check_memory(&memory);
}

Test(scan_run, without_memory_nothing_is_left_behind)
{
    check(test_memory_fail_each(train_all, NULL) > 20);
}

/* ---- threads and shards ---- */

typedef struct layer_result {
    float y[40 * 6 * 8], g[3][40 * 6 * 8];
    int64_t sharded;           /* loops */
} layer_result;

/* Two layers over a batch of 40 series of 6 places, the second from the first one's last state:
 * value, and gradients of x and of two weights. */
static void layer_run(int threads, int64_t shard_rows, layer_result *out)
{
    enum { BATCH = 40, PLACES = 6, SIZE = 8 };
    static float x[BATCH * PLACES * SIZE];
    for (int i = 0; i < BATCH * PLACES * SIZE; i++) x[i] = (float)wave(i);
    wg_runtime *runtime = runtime_of(threads);
    runtime->shard_rows_test = shard_rows;
    runtime->is_forked_always = true;
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var in = wg_batch(tape, "x", wg_f32(x, WG_SHAPE(BATCH, PLACES, SIZE)));
    wg_recurrent_state state = { .hidden = { .tape = NULL } };
    const wg_var first = wg_lstm(scope, "a", in, SIZE, &state);
    const wg_var y = wg_gru(scope, "b", first, SIZE, &state);
    wg_var list[7], all[4] = { y };
    check_equal_i(wg_parameters(scope, 7, list), 7);
    const wg_var by[3] = { in, list[1], list[4] };   /* by name: bias, hidden ... */
    check_status(wg_grads(wg_sum(wg_square(y), WG_ALL), 3, by, all + 1), WG_OK);
    double unused;
    check_status(wg_item(runtime, wg_sum(y, WG_ALL), &unused), WG_OK);   /* makes the parameters */
    wg_program *program = wg_compile(runtime, tape, 4, all);
    check_msg(program != NULL, "%s", wg_tape_message(tape));
    check_status(wg_program_bind(program, "x", wg_f32(x, WG_SHAPE(BATCH, PLACES, SIZE))), WG_OK);
    check_msg(wg_program_run(program) == WG_OK, "%s", wg_program_message(program));
    out->sharded = 0;
    for (const wg__loop *loop = program->frame->plan->loop; loop != NULL; loop = loop->next)
        out->sharded += loop->samples == BATCH;
    for (int k = 0; k < 4; k++) {
        wg_view view;
        check_status(wg_program_peek(program, k, &view), WG_OK);
        const int64_t count = wg_shape_count(view.shape);
        memset(k == 0 ? out->y : out->g[k - 1], 0, sizeof out->y);
        memcpy(k == 0 ? out->y : out->g[k - 1], view.data, (size_t)count * sizeof(float));
    }
    wg_program_free(program);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

/* Both loops of each layer are cut along the batch; whatever the threads and the rows of a shard,
 * the bits are the same. */
Test(scan_run, bits_do_not_depend_on_threads_and_shards)
{
    static layer_result one, other;
    layer_run(1, 0, &one);
    check_equal_i(one.sharded, 4);
    const int threads[] = { 1, 2, 7, 2, 7 };
    const int64_t rows[] = { 7, 0, 0, 1, 13 };
    for (int i = 0; i < 5; i++) {
        layer_run(threads[i], rows[i], &other);
        check_equal_i(other.sharded, 4);
        check_bytes(other.y, one.y, sizeof one.y);
        check_bytes(other.g, one.g, sizeof one.g);
    }
}

/* ---- what a step may call, and what it may break ---- */

static int doubles(const wg_view *in, const wg_tensor *out, void *user)
{
    for (int i = 0; i < 3; i++) ((float *)out->data)[i] = 2 * ((const float *)in[0].data)[i];
    return *(const int *)user;
}

static int extern_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const wg_extern_op op = { .name = "doubles", .kernel = doubles, .user = user };
    carry[0] = wg_add(wg_extern(&op, 1, carry, WG_F32, WG_SHAPE(3)), x[0]);
    y[0] = carry[0];
    return 0;
}

/* c' = 2 c + x of ones: 2^t - 1. A kernel that fails is named with its own line. */
Test(scan_run, steps_may_call_kernels_of_the_caller)
{
    wg_runtime *runtime = runtime_of(2);
    runtime->is_forked_always = true;
    wg_tape *tape = wg_tape_create(NULL);
    for (int fails = 0; fails < 2; fails++) {
        int status = -fails;
        wg_tape_reset(tape);
        const wg_var x = wg_full(tape, WG_F32, WG_SHAPE(5, 3), 1);
        wg_var carry = wg_full(tape, WG_F32, WG_SHAPE(3), 0);
        wg_var y;
        float out[3];
        check_status(wg_scan(extern_step, &status, 1, &carry, 1, &x, 1, &y, NULL), WG_OK);
        check_status(wg_read_f32(runtime, carry, out, 3), fails ? WG_ECALLBACK : WG_OK);
        if (fails) check_contains(wg_tape_message(tape), "doubles failed");
        else check_close(out[2], 31, 0);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

static int root_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)user;
    carry[0] = wg_sqrt(wg_sub(carry[0], x[0]));
    y[0] = carry[0];
    return 0;
}

/* Where values are searched, a scan whose inputs are finite is where NaN began. */
Test(scan_run, is_found_when_its_steps_are_not_finite)
{
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .check_finite = true));
    const wg_var x = wg_full(tape, WG_F32, WG_SHAPE(5, 3), 1);
    wg_var carry = wg_full(tape, WG_F32, WG_SHAPE(3), 3);
    wg_var y;
    float out[15];
    check_status(wg_scan(root_step, NULL, 1, &carry, 1, &x, 1, &y, NULL), WG_OK);
    check_status(wg_read_f32(runtime, wg_scale(y, 2), out, 15), WG_EFINITE);
    check_contains(wg_tape_message(tape), "scan");
    wg_tape_reset(tape);
    const wg_var bad = wg_log(wg_full(tape, WG_F32, WG_SHAPE(5, 3), -1));
    carry = wg_full(tape, WG_F32, WG_SHAPE(3), 3);
    check_status(wg_scan(root_step, NULL, 1, &carry, 1, &bad, 1, &y, NULL), WG_OK);
    check_status(wg_read_f32(runtime, wg_scale(y, 2), out, 15), WG_EFINITE);
    check_contains(wg_tape_message(tape), "log");
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* Random recordings, run by the runtime and statement by statement by the immediate evaluator:
 * every value wanted must have the same bits, NaN being one value. Shapes share a few extents, so
 * that batches meet parameters of as many rows, views are stacked, and most pairs of values can
 * be combined. */
#include "runtime/internal.h"
#include "support/replay.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <wengert/nn.h>

enum { ROWS = 24, POOL_MAX = 64, WANTED = 6, DATA_COUNT = 4096 };

typedef struct maker {
    uint64_t state;
    wg_tape *tape;
    wg_var pool[POOL_MAX];
    int64_t count;
    float data[DATA_COUNT];
    int32_t index[DATA_COUNT];
} maker;

static int64_t below(maker *m, int64_t limit)
{
    return (int64_t)(test_random(&m->state) >> 11) % limit;
}

static void pool_add(maker *m, wg_var x)
{
    check_msg(wg__var_check(x) == WG_OK, "%s", wg_tape_message(m->tape));
    const wg_shape shape = wg_shape_of(x);
    if (wg_shape_count(shape) > 20000 || shape.rank > 4) return;
    if (m->count < POOL_MAX) m->pool[m->count++] = x;
    else m->pool[below(m, POOL_MAX)] = x;
}

static wg_var pick(maker *m)
{
    return m->pool[below(m, m->count)];
}

/* Another value of the same shape, or one that broadcasts to it. */
static wg_var partner(maker *m, wg_var x)
{
    for (int i = 0; i < 20; i++) {
        const wg_var y = pick(m);
        const wg__shape a = wg__shape_of(wg_shape_of(x));
        const wg__shape b = wg__shape_of(wg_shape_of(y));
        wg__shape joined;
        if (wg__shape_join(&a, &b, &joined) == WG_OK) return y;
    }
    return x;
}

/* ---- steps ---- */

static wg_var step_unary(maker *m, wg_var x)
{
    switch (below(m, 11)) {
    case 0: return wg_neg(x);
    case 1: return wg_exp(wg_minimum(x, wg_number(x, 3)));
    case 2: return wg_tanh(x);
    case 3: return wg_abs(x);
    case 4: return wg_logistic(x);
    case 5: return wg_div(x, wg_number(x, 4));
    case 6: return wg_mul(x, wg_number(x, -1));
    case 7: return wg_sqrt(wg_abs(x));
    case 8: return wg_floor(x);
    case 9: return wg_rem(x, wg_number(x, 0.75));
    default: return wg_stop_gradient(x);
    }
}

static wg_var step_binary(maker *m, wg_var x)
{
    const wg_var y = partner(m, x);
    switch (below(m, 6)) {
    case 0: return wg_add(x, y);
    case 1: return wg_sub(x, y);
    case 2: return wg_mul(x, y);
    case 3: return wg_maximum(x, y);
    case 4: return wg_select(wg_lt(x, y), x, y);
    default: return wg_select(wg_not(wg_le(x, y)), wg_neg(x), y);
    }
}

static wg_var step_reduce(maker *m, wg_var x)
{
    const int rank = wg_shape_of(x).rank;
    if (rank == 0) return x;
    const int axis = (int)below(m, rank);
    switch (below(m, 6)) {
    case 0: return wg_sum(x, WG_AXES(axis));
    case 1: return wg_sum(x, WG_KEEP(axis));
    case 2: return wg_max(x, WG_KEEP(axis));
    case 3: return wg_prod(wg_tanh(x), WG_AXES(axis));
    case 4: return wg_cast(wg_argmin(wg_abs(x), axis), WG_F32);
    default: return wg_mean(x, WG_AXES(axis));
    }
}

static wg_var step_move(maker *m, wg_var x)
{
    const wg_shape shape = wg_shape_of(x);
    if (shape.rank == 0) return wg_broadcast(x, WG_SHAPE(3, ROWS));
    const int axis = (int)below(m, shape.rank);
    const int64_t n = shape.dim[axis];
    switch (below(m, 7)) {
    case 0: return shape.rank >= 2 ? wg_transpose(x) : wg_expand(x, 0);
    case 1: return n > 1 ? wg_slice(x, axis, 1, n, 1) : x;
    case 2: return n > 0 ? wg_slice(x, axis, n - 1, -1, -1) : x;
    case 3: return wg_pad(x, axis, 1, 0, 0, 0.5);
    case 4: return wg_concat(2, (const wg_var[2]){ x, wg_neg(x) }, axis);
    case 5: return wg_reshape(x, WG_SHAPE(-1));
    default: return wg_expand(x, axis);
    }
}

static wg_var step_product(maker *m, wg_var x)
{
    for (int i = 0; i < 20; i++) {
        const wg_var y = pick(m);
        const wg_shape a = wg_shape_of(x);
        const wg_shape b = wg_shape_of(y);
        if (a.rank != 2 || b.rank != 2) continue;
        if (a.dim[1] == b.dim[0]) return wg_matmul(x, y);
        if (a.dim[0] == b.dim[0]) return wg_matmul(wg_transpose(x), y);
        if (a.dim[1] == b.dim[1]) return wg_matmul(x, wg_transpose(y));
    }
    return x;
}

/* What goes along one axis of x, which may be that of the samples. */
static wg_var step_along(maker *m, wg_var x)
{
    const wg_shape shape = wg_shape_of(x);
    if (shape.rank == 0) return x;
    const int axis = (int)below(m, shape.rank);
    const bool is_reverse = below(m, 2) > 0;
    const wg_window window = { .extent = 2, .stride = 1 + below(m, 2), .pad_low = 1 };
    switch (below(m, 7)) {
    case 0: return wg_cumsum(x, axis, below(m, 2) > 0, is_reverse);
    case 1: return wg_cumprod(wg_tanh(x), axis, below(m, 2) > 0, is_reverse);
    case 2: return wg_linear_recurrence(wg_tanh(partner(m, x)), x, axis, is_reverse);
    case 3: return wg_cast(wg_argsort(x, axis), WG_F32);
    case 4: return wg_sort(x, axis);
    case 5: return shape.dim[axis] > 0 ? wg_windows(x, axis, window) : x;
    default:
        if (shape.dim[axis] == 0) return x;
        return wg_overlap_add(wg_tanh(wg_windows(x, axis, window)), axis, window, shape.dim[axis]);
    }
}

/* Rows of x chosen by an index with samples or without. */
static wg_var step_gather(maker *m, wg_var x)
{
    const wg_shape shape = wg_shape_of(x);
    if (shape.rank == 0 || shape.dim[0] == 0) return x;
    const wg_view view = wg_i32(m->index, WG_SHAPE(ROWS));
    const wg_var free = below(m, 2) ? wg_batch(m->tape, NULL, view) : wg_input(m->tape, NULL, view);
    const int64_t limit = shape.dim[0] < 3 ? shape.dim[0] : 3;
    return wg_gather(x, wg_minimum(free, wg_number(free, (double)(limit - 1))), 0);
}

static void step(maker *m)
{
    const wg_var x = pick(m);
    switch (below(m, 14)) {
    case 0:
    case 1: pool_add(m, step_unary(m, x)); break;
    case 2:
    case 3:
    case 4:
    case 5: pool_add(m, step_binary(m, x)); break;
    case 6:
    case 7: pool_add(m, step_reduce(m, x)); break;
    case 8:
    case 9: pool_add(m, step_move(m, x)); break;
    case 10: pool_add(m, step_product(m, x)); break;
    case 11:
    case 12: pool_add(m, step_along(m, x)); break;
    default: pool_add(m, step_gather(m, x)); break;
    }
}

/* Two batches, some inputs without samples, a random draw, and sums' gradients on top. */
static void record(maker *m, wg_scope scope)
{
    m->count = 0;
    pool_add(m, wg_batch(m->tape, "a", wg_f32(m->data, WG_SHAPE(ROWS, 5))));
    pool_add(m, wg_batch(m->tape, "b", wg_f32(m->data + 300, WG_SHAPE(ROWS, 3, 5))));
    pool_add(m, wg_batch(m->tape, "c", wg_f32(m->data + 900, WG_SHAPE(3, 5))));
    pool_add(m, wg_input(m->tape, "d", wg_f32(m->data + 1000, WG_SHAPE(5, 5))));
    pool_add(m, wg_input(m->tape, "e", wg_f32(m->data + 1100, WG_SHAPE(ROWS))));
    pool_add(m, wg_input(m->tape, "f", wg_view_transpose(wg_f32(m->data, WG_SHAPE(5, ROWS)))));
    pool_add(m, wg_uniform(scope, "u", WG_F32, WG_SHAPE(ROWS, 5)));
    pool_add(m, wg_scalar(m->tape, "s", WG_F32, 0.75));
    for (int i = 0; i < 40; i++) step(m);
    for (int i = 0; i < 2; i++) {
        const wg_var y = wg_sum(pick(m), WG_ALL);
        pool_add(m, wg_grad(y, m->pool[0]));
        pool_add(m, wg_grad(y, m->pool[3]));
    }
    for (int i = 0; i < 8; i++) step(m);
}

/* ---- comparing ---- */

static bool bits_equal(wg_dtype dtype, int64_t count, void *x, void *y)
{
    wg__nan_canonical(dtype, count, x);
    wg__nan_canonical(dtype, count, y);
    return count == 0 || memcmp(x, y, (size_t)count * wg_dtype_bytes(dtype)) == 0;
}

static void compare(maker *m, wg_runtime *runtime, replay *run, uint64_t seed)
{
    for (int i = 0; i < WANTED; i++) wg_keep(pick(m));
    const int status = wg_run(runtime, m->tape);
    if (status == WG_EFINITE && m->tape->check_finite) return;
    check_msg(status == WG_OK, "seed %llu: %s", (unsigned long long)seed,
              wg_explain(status, m->tape, NULL));
    for (int64_t i = 0; i < m->tape->keep_count; i++) {
        const wg_var x = wg__var_of(m->tape, m->tape->keep[i]);
        const int64_t count = wg_shape_count(wg_shape_of(x));
        wg_view found;
        check_status(wg_peek(runtime, x, &found), WG_OK);
        float *expected = malloc((size_t)count * sizeof *expected + 1);
        check(expected != NULL);
        replay_copy(run, x, expected);
        check_msg(bits_equal(WG_F32, count, (void *)(uintptr_t)found.data, expected),
                  "seed %llu: value %u differs", (unsigned long long)seed, (unsigned)x.index);
        free(expected);
    }
}

static void run_one(uint64_t seed, wg_runtime *runtime, wg_params *params, bool check_finite)
{
    maker *m = calloc(1, sizeof *m);
    check(m != NULL);
    m->state = seed;
    for (int i = 0; i < DATA_COUNT; i++) {
        m->data[i] = (float)(below(m, 2001) - 1000) / 500;
        m->index[i] = (int32_t)below(m, 3);
    }
    m->tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .check_finite = check_finite));
    replay *run = replay_attach(m->tape, wg__level_detect());
    runtime->shard_rows_test = below(m, 3) == 0 ? 0 : 1 + below(m, 30);
    runtime->is_forked_always = below(m, 2) != 0;
    record(m, wg_scope_root(m->tape, params, WG_EVALUATION));
    compare(m, runtime, run, seed);
    replay_free(run);
    wg_tape_free(m->tape);
    free(m);
}

static void run_many(int count, int threads, bool check_finite)
{
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .threads = threads, .cache_bytes = 100000));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 3));
    uint64_t state = test_seed();
    for (int i = 0; i < count; i++)
        run_one(test_random(&state), runtime, params, check_finite);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

Test(graphs, have_the_bits_of_their_statements_on_one_thread)
{
    run_many(150, 1, false);
}

Test(graphs, have_the_bits_of_their_statements_on_three_threads)
{
    run_many(150, 3, false);
}

/* Anomaly mode plans without rewriting and keeps every value: another way to the same bits. */
Test(graphs, have_the_bits_of_their_statements_in_anomaly_mode)
{
    run_many(100, 2, true);
}

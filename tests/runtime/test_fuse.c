/* Elementwise chains as tile programs: the bits are those of a plan that leaves each op by itself
 * (which test_graphs.c compares with the statements), and what a chain alone reads has no memory.
 * Recordings are random: all dtypes, extents around a tile's, loads of every stride. */
#include "runtime/network.h"
#include "support/page.h"

#include <string.h>

enum { POOL_MAX = 48, STEPS = 60, WANTED = 8, DATA_COUNT = 50000 };

typedef struct maker {
    uint64_t state;
    wg_tape *tape;
    wg_var pool[POOL_MAX];
    int64_t count;
    float data[DATA_COUNT];
} maker;

static int64_t below(maker *m, int64_t limit)
{
    return (int64_t)(test_random(&m->state) >> 11) % limit;
}

static wg_var pick(maker *m)
{
    return m->pool[below(m, m->count)];
}

static void pool_add(maker *m, wg_var x)
{
    check_msg(wg__var_check(x) == WG_OK, "%s", wg_tape_message(m->tape));
    if (m->count < POOL_MAX) m->pool[m->count++] = x;
    else m->pool[below(m, POOL_MAX)] = x;
}

/* ---- recordings ---- */

static wg_var as(wg_var x, wg_dtype dtype)
{
    return wg_dtype_of(x) == dtype ? x : wg_cast(x, dtype);
}

static wg_var step_float(maker *m, wg_var x)
{
    switch (below(m, 9)) {
    case 0: return wg_exp(wg_minimum(x, wg_number(x, 3)));
    case 1: return wg_tanh(x);
    case 2: return wg_logistic(x);
    case 3: return wg_div(x, as(pick(m), wg_dtype_of(x)));
    case 4: return wg_sqrt(wg_abs(x));
    case 5: return wg_sin(x);
    case 6: return wg_logaddexp(x, wg_number(x, 0.5));
    case 7: return wg_erf(x);
    default: return wg_bitcast(x, wg_dtype_of(x) == WG_F32 ? WG_I32 : WG_I64);
    }
}

static wg_var step_bits(maker *m, wg_var x)
{
    const wg_var y = as(pick(m), wg_dtype_of(x));
    switch (below(m, 4)) {
    case 0: return wg_and(x, y);
    case 1: return wg_or(x, y);
    case 2: return wg_not(x);
    default: return wg_dtype_of(x) == WG_BOOL ? x : wg_bits_right(x, (int)below(m, 70));
    }
}

static wg_var step_any(maker *m, wg_var x)
{
    static const wg_dtype dtypes[] = { WG_F32, WG_F64, WG_I32, WG_I64, WG_U8, WG_BOOL };
    const wg_dtype dtype = wg_dtype_of(x);
    const wg_var y = as(pick(m), dtype);
    switch (below(m, 9)) {
    case 0: return wg_cast(x, dtypes[below(m, 6)]);
    case 1: return wg_lt(x, y);
    case 2: return wg_select(wg_le(x, y), x, y);
    case 3: return wg_select(as(pick(m), WG_BOOL), x, y);
    case 4: return dtype == WG_BOOL ? wg_eq(x, y) : wg_add(x, y);
    case 5: return dtype == WG_BOOL ? wg_not(x) : wg_sub(x, wg_neg(y));
    case 6: return dtype == WG_BOOL ? wg_and(x, y) : wg_mul(x, y);
    case 7: return dtype == WG_BOOL ? wg_or(x, y) : wg_maximum(x, wg_abs(y));
    default: return x;
    }
}

/* Ends chains: other walks over what they store, and reductions. */
static wg_var step_move(maker *m, wg_var x)
{
    const wg_shape shape = wg_shape_of(x);
    if (shape.rank == 0 || !wg__dtype_is_float(wg_dtype_of(x))) return x;
    const int axis = (int)below(m, shape.rank);
    switch (below(m, 5)) {
    case 0: return wg_slice(x, axis, shape.dim[axis] - 1, -1, -1);
    case 1: return wg_sum(x, WG_KEEP(axis));
    case 2: return wg_max(x, WG_KEEP(axis));
    case 3:
        return shape.rank == 2 && shape.dim[0] == shape.dim[1] ? wg_transpose(x) : x;
    default: return wg_reshape(wg_reshape(x, WG_SHAPE(-1)), shape);
    }
}

static void step(maker *m)
{
    const wg_var x = pick(m);
    const bool is_float = wg__dtype_is_float(wg_dtype_of(x));
    switch (below(m, 6)) {
    case 0:
    case 1: pool_add(m, is_float ? step_float(m, x) : step_bits(m, x)); break;
    case 2: pool_add(m, step_move(m, x)); break;
    default: pool_add(m, step_any(m, x)); break;
    }
}

/* Loads of every kind: contiguous, transposed, backwards, every second; rows, columns, one
 * element. */
static void record(maker *m, int64_t rows, int64_t columns)
{
    wg_tape *tape = m->tape;
    const wg_var wide = wg_input(tape, "wide", wg_f32(m->data, WG_SHAPE(rows, columns * 2)));
    const wg_view turned = wg_view_transpose(wg_f32(m->data + 7, WG_SHAPE(columns, rows)));
    const wg_view column = wg_f32(m->data + 19, WG_SHAPE(rows, 1));
    m->count = 0;
    const wg_var a = wg_batch(tape, "a", wg_f32(m->data + 3, WG_SHAPE(rows, columns)));
    pool_add(m, a);
    pool_add(m, wg_batch(tape, "b", column));
    pool_add(m, wg_input(tape, "c", turned));
    pool_add(m, wg_transpose(wg_input(tape, "d", wg_f32(m->data, WG_SHAPE(columns, rows)))));
    pool_add(m, wg_slice(wide, 1, 0, columns * 2, 2));
    pool_add(m, wg_slice(wide, 1, columns - 1, -1, -1));
    pool_add(m, wg_input(tape, "e", wg_f32(m->data + 11, WG_SHAPE(columns))));
    pool_add(m, wg_input(tape, "f", column));
    pool_add(m, wg_scalar(tape, "s", WG_F32, 0.75));
    for (int i = 0; i < STEPS; i++) step(m);
    const wg_var y = wg_mish(wg_mul(as(pick(m), WG_F32), a));
    pool_add(m, wg_grad(wg_sum(y, WG_ALL), a));
    const wg_var z = wg_mul(wg_erf(a), wg_erfc(wg_mul(as(pick(m), WG_F32), a)));
    pool_add(m, wg_grad(wg_sum(z, WG_ALL), a));
    for (int i = 0; i < WANTED; i++) wg_keep(pick(m));
}

typedef struct recipe {
    uint64_t seed;
    int64_t rows, columns;
} recipe;

static maker *maker_run(const recipe *of, wg_runtime *runtime)
{
    maker *m = calloc(1, sizeof *m);
    check(m != NULL);
    m->state = of->seed;
    for (int i = 0; i < DATA_COUNT; i++) m->data[i] = (float)(below(m, 2001) - 1000) / 300;
    m->tape = wg_tape_create(NULL);
    record(m, of->rows, of->columns);
    const int status = wg_run(runtime, m->tape);
    check_msg(status == WG_OK, "seed %llu: %s", (unsigned long long)of->seed,
              wg_explain(status, m->tape, NULL));
    return m;
}

static void maker_free(maker *m)
{
    wg_tape_free(m->tape);
    free(m);
}

static void compare(const recipe *of, maker *x, wg_runtime *x_runtime, maker *y,
                    wg_runtime *y_runtime)
{
    check_equal_i(x->tape->keep_count, y->tape->keep_count);
    for (int64_t i = 0; i < x->tape->keep_count; i++) {
        wg_view a, b;
        const uint32_t node = x->tape->keep[i];
        check_status(wg_peek(x_runtime, wg__var_of(x->tape, node), &a), WG_OK);
        check_status(wg_peek(y_runtime, wg__var_of(y->tape, node), &b), WG_OK);
        const size_t bytes = (size_t)wg_shape_count(a.shape) * wg_dtype_bytes(a.dtype);
        check_msg(bytes == 0 || memcmp(a.data, b.data, bytes) == 0,
                  "seed %llu, [%lld, %lld]: value %u differs", (unsigned long long)of->seed,
                  (long long)of->rows, (long long)of->columns, (unsigned)node);
    }
}

static wg_runtime *runtime_make(int threads, bool is_plain)
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
    check(runtime != NULL);
    runtime->is_plain = is_plain;
    return runtime;
}

static void run_many(int count, int threads)
{
    static const int64_t extents[] = { 1, 2, 7, 16, 64, 255, 257, 511, 512, 513, 4097 };
    enum { EXTENTS = sizeof extents / sizeof extents[0] };
    wg_runtime *plain = runtime_make(1, true);
    wg_runtime *fused = runtime_make(threads, false);
    fused->is_forked_always = true;
    uint64_t state = test_seed();
    for (int done = 0; done < count;) {
        const recipe of = { .seed = test_random(&state),
                            .rows = extents[test_random(&state) % EXTENTS],
                            .columns = extents[test_random(&state) % EXTENTS] };
        if (of.rows * of.columns > 20000) continue;
        const int64_t shard = (int64_t)(test_random(&state) % 90);
        fused->shard_rows_test = shard < 30 ? 0 : shard;
        maker *x = maker_run(&of, plain);
        maker *y = maker_run(&of, fused);
        compare(&of, x, plain, y, fused);
        maker_free(x);
        maker_free(y);
        done++;
    }
    wg_runtime_free(plain);
    wg_runtime_free(fused);
}

Test(fuse, chains_have_the_bits_of_single_ops_on_one_thread)
{
    run_many(120, 1);
}

Test(fuse, chains_have_the_bits_of_single_ops_on_two_threads)
{
    run_many(40, 2);
}

Test(fuse, chains_have_the_bits_of_single_ops_on_eight_threads)
{
    run_many(40, 8);
}

/* ---- training steps ---- */

typedef struct outcome { float loss[3]; wg_fingerprint params; } outcome;

static outcome train(const network *net, int threads, bool is_plain)
{
    outcome out = { .loss = { 0 } };
    wg_runtime *runtime = runtime_make(threads, is_plain);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 5));
    wg_tape *tape = wg_tape_create(NULL);
    const wg_optimizer adam = wg_adam(1e-2, NULL);
    for (int i = 0; i < 3; i++) {
        wg_tape_reset(tape);
        const wg_var loss = network_step(net, tape, params, &adam);
        const int status = wg_read_f32(runtime, loss, &out.loss[i], 1);
        check_msg(status == WG_OK, "%s", wg_explain(status, tape, NULL));
    }
    check_status(wg_params_fingerprint(params, &out.params), WG_OK);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return out;
}

Test(fuse, a_training_step_has_the_bits_of_single_ops)
{
    network *net = network_make(101, 37);
    net->dropout = 0.3;
    net->is_weighted = true;
    const outcome expected = train(net, 1, true);
    const int threads[] = { 1, 2, 3, 8 };
    for (int i = 0; i < 4; i++) {
        const outcome found = train(net, threads[i], false);
        check(memcmp(&found, &expected, sizeof found) == 0);
    }
    free(net);
}

/* ---- plans ---- */

static const float few[8192] = { 1, -2, 3, -4, 5, -6 };

static wg_program *program_of(wg_runtime *runtime, wg_tape *tape, int64_t count, const wg_var *y)
{
    wg_program *program = wg_compile(runtime, tape, count, y);
    check_msg(program != NULL, "%s", wg_tape_message(tape));
    return program;
}

Test(fuse, a_chain_with_fan_out_is_one_walk_and_its_middle_has_no_memory)
{
    wg_runtime *runtime = runtime_make(1, false);
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_batch(tape, "x", wg_f32(few, WG_SHAPE(4096, 2)));
    const wg_var h = wg_tanh(wg_exp(x));
    const wg_var y[2] = { wg_mul(h, h), wg_select(wg_lt(h, x), h, wg_number(x, 0)) };
    wg_program *program = program_of(runtime, tape, 2, y);
    check_equal_i(program->frame->plan->chain_count, 1);
    check_equal_i(program->frame->plan->order_count, 5);
    check_equal_i((int64_t)program->frame->scratch_bytes, 0);
    const wg__tiles *tiles = program->frame->instruction[0].tiles;
    check(tiles != NULL);
    check_equal_i(tiles->store_count, 2);
    check_equal_i(tiles->tile_length, WG__TILE);
    wg_program_free(program);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* Ten steps of its own, that nobody else reads. */
Test(fuse, the_gaussian_of_erf_is_one_call)
{
    wg_runtime *runtime = runtime_make(1, false);
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_batch(tape, "x", wg_f32(few, WG_SHAPE(4096, 2)));
    const wg_var dx = wg_grad(wg_sum(wg_erf(x), WG_ALL), x);
    wg_program *program = program_of(runtime, tape, 1, &dx);
    const wg__plan *plan = program->frame->plan;
    const wg__tiles *tiles = program->frame->instruction[plan->chain_count - 1].tiles;
    check(tiles != NULL);
    int64_t joints = 0, calls = 0;
    for (int64_t i = 0; i < tiles->micro_count; i++) {
        joints += tiles->micro[i].joint != NULL;
        calls += tiles->micro[i].run == NULL;
    }
    check_equal_i(joints, 1);
    check_equal_i(calls, 1);
    wg_program_free(program);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* Three chains: before the sum, the sum, and after it; one of each update, however deep. */
Test(fuse, an_update_is_one_walk_for_each_parameter)
{
    wg_runtime *runtime = runtime_make(1, false);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var w = wg_param(scope, "w", WG_F32, WG_SHAPE(64, 33), wg_init_normal(0, 1));
    const wg_optimizer adam = wg_adam(1e-3, NULL);
    const wg_var loss = wg_sum(wg_square(w), WG_ALL);
    check_status(wg_minimize(&adam, scope, loss), WG_OK);
    wg_program *program = program_of(runtime, tape, 1, &loss);
    const wg__plan *plan = program->frame->plan;
    int64_t wide = 0;
    for (int64_t i = 0; i < plan->chain_count; i++) {
        const wg__value *first = &plan->value[plan->order[plan->chain[i].first]];
        wide += wg__shape_count(&first->type.shape) == 64 * 33;
    }
    check_msg(wide <= 2, "%lld walks over the parameter", (long long)wide);
    wg_program_free(program);
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* A long chain is cut before its tiles would be too short. */
Test(fuse, more_values_than_tiles_hold_make_several_chains)
{
    enum { COUNT = 300 };
    wg_runtime *runtime = runtime_make(1, false);
    wg_runtime *plain = runtime_make(1, true);
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_input(tape, "x", wg_f32(few, WG_SHAPE(1000)));
    wg_var all[COUNT];
    for (int i = 0; i < COUNT; i++) all[i] = wg_sin(wg_scale(x, 0.001 * (i + 1)));
    wg_var y = all[0];
    for (int i = 1; i < COUNT; i++) y = wg_add(y, wg_mul(all[COUNT - i], wg_number(x, i)));
    static float found[1000], expected[1000];
    wg_program *program = program_of(runtime, tape, 1, &y);
    check(program->frame->plan->chain_count > 1);
    check(program->frame->plan->chain_count < 40);
    check_status(wg_read_f32(runtime, y, found, 1000), WG_OK);
    wg_program_free(program);
    wg_tape_free(tape);
    tape = wg_tape_create(NULL);
    const wg_var z = wg_input(tape, "x", wg_f32(few, WG_SHAPE(1000)));
    for (int i = 0; i < COUNT; i++) all[i] = wg_sin(wg_scale(z, 0.001 * (i + 1)));
    y = all[0];
    for (int i = 1; i < COUNT; i++) y = wg_add(y, wg_mul(all[COUNT - i], wg_number(z, i)));
    check_status(wg_read_f32(plain, y, expected, 1000), WG_OK);
    check_bytes(found, expected, sizeof found);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    wg_runtime_free(plain);
}

/* An element in the middle of a tile is infinite: nothing is stored, and the update is named. */
Test(fuse, an_update_that_is_not_finite_is_met_in_its_tile)
{
    wg_runtime *runtime = runtime_make(1, false);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    static float rows[5000];
    rows[3333] = 1e30f;
    const wg_var w = wg_param(scope, "w", WG_F32, WG_SHAPE(5000), wg_init_normal(0, 1));
    const wg_var x = wg_input(tape, "x", wg_f32(rows, WG_SHAPE(5000)));
    const wg_optimizer adam = wg_adam(1e-3, NULL);
    const wg_var loss = wg_sum(wg_mul(wg_mul(x, x), w), WG_ALL);
    check_status(wg_minimize(&adam, scope, loss), WG_OK);
    check_status(wg_run(runtime, tape), WG_EFINITE);
    check_contains(wg_tape_message(tape), "w");
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* ---- as text ---- */

Test(fuse, a_program_shows_its_micro_ops)
{
    static test_page page;
    wg_runtime *runtime = runtime_make(1, false);
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_input(tape, "x", wg_f32(few, WG_SHAPE(64, 64)));
    const wg_var y = wg_mul(wg_tanh(x), x);
    wg_program *program = program_of(runtime, tape, 1, &y);
    check_status(wg_program_print(program, test_page_write, &page), WG_OK);
    check_contains(page.text, "1 instructions in 1 stages");
    check_contains(page.text,
                   "    2 ops in 2 calls on tiles of 512: 1 loads, 1 stores, 1 registers\n");
    check_contains(page.text, " [64, 64] f32 = tanh(input 0)  tile");
    wg_program_free(program);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

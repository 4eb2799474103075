/* Compiled programs: independent of tape and runtime handles, bound by name, run without
 * allocating. */
#include "runtime/network.h"
#include "support/memory.h"
#include "support/page.h"

#include <pthread.h>
#include <string.h>

static wg_runtime *runtime_one(void)
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    check(runtime != NULL);
    return runtime;
}

/* outputs: x w + s, sum of all; w is a state [3] of ones that grows by s. */
static wg_program *program_make(wg_runtime *runtime, wg_params *params)
{
    static const float recorded[6] = { 0 };
    wg_tape *tape = wg_tape_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var x = wg_batch(tape, "x", wg_f32(recorded, WG_SHAPE(2, 3)));
    const wg_var s = wg_scalar(tape, "s", WG_F32, 0.5);
    const wg_var w = wg_state(scope, "w", WG_F32, WG_SHAPE(3), 1);
    const wg_var y = wg_add(wg_mul(x, w), s);
    wg_assign(w, wg_add(w, s));
    const wg_var output[2] = { y, wg_sum(y, WG_ALL) };
    wg_program *program = wg_compile(runtime, tape, 2, output);
    check_msg(program != NULL, "%s", wg_tape_message(tape));
    wg_tape_free(tape);
    return program;
}

static const float rows[6] = { 1, 2, 3, 4, 5, 6 };

static double run_sum(wg_program *program)
{
    double sum = -1;
    const int status = wg_program_run(program);
    check_msg(status == WG_OK, "%s", wg_program_message(program));
    check_status(wg_program_item(program, 1, &sum), WG_OK);
    return sum;
}

Test(program, runs_bound_to_other_memory_after_its_tape_is_gone)
{
    wg_runtime *runtime = runtime_one();
    wg_params *params = wg_params_create(NULL);
    wg_program *program = program_make(runtime, params);
    wg_view view;
    check_status(wg_params_find(params, "w", &view), WG_OK);   /* made by the compilation */
    check_close(((const float *)view.data)[2], 1, 0);
    check_status(wg_program_run(program), WG_EUNBOUND);
    check_contains(wg_program_message(program), "'x'");
    check_status(wg_program_bind(program, "x", wg_f32(rows, WG_SHAPE(2, 3))), WG_OK);
    check_close(run_sum(program), 21 + 6 * 0.5, 0);
    check_close(run_sum(program), 1.5 * 21 + 6 * 0.5, 0);
    check_status(wg_program_set(program, "s", 2), WG_OK);
    check_close(run_sum(program), 2 * 21 + 6 * 2, 0);
    float y[6];
    check_status(wg_program_read_f32(program, 0, y, 6), WG_OK);
    check_close(y[5], 2 * 6 + 2, 0);
    check_close(((const float *)view.data)[2], 4, 0);
    wg_program_free(program);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

Test(program, holds_its_runtime_and_parameters)
{
    wg_runtime *runtime = runtime_one();
    wg_params *params = wg_params_create(NULL);
    wg_program *program = program_make(runtime, params);
    wg_params_free(params);
    wg_runtime_free(runtime);
    check_status(wg_program_bind(program, "x", wg_f32(rows, WG_SHAPE(2, 3))), WG_OK);
    check_close(run_sum(program), 24, 0);
    wg_program_free(program);
}

Test(program, a_copy_shares_parameters_and_no_bindings)
{
    wg_runtime *runtime[2] = { runtime_one(), runtime_one() };
    wg_params *params = wg_params_create(NULL);
    wg_program *program = program_make(runtime[0], params);
    check_status(wg_program_bind(program, "x", wg_f32(rows, WG_SHAPE(2, 3))), WG_OK);
    check_status(wg_program_set(program, "s", 1), WG_OK);
    wg_program *copy = wg_program_copy(program, runtime[1]);
    check(copy != NULL);
    check_status(wg_program_run(copy), WG_EUNBOUND);
    check_status(wg_program_bind(copy, "x", wg_f32(rows, WG_SHAPE(2, 3))), WG_OK);
    check_close(run_sum(program), 21 + 6, 0);
    check_close(run_sum(copy), 2 * 21 + 6, 0);
    wg_program_free(program);
    check_close(run_sum(copy), 3 * 21 + 6, 0);
    wg_program_free(copy);
    wg_params_free(params);
    for (int i = 0; i < 2; i++) wg_runtime_free(runtime[i]);
}

/* ---- binding ---- */

Test(program, binding_checks_name_dtype_and_shape)
{
    static const double wide[6] = { 0 };
    wg_runtime *runtime = runtime_one();
    wg_params *params = wg_params_create(NULL);
    wg_program *program = program_make(runtime, params);
    check_status(wg_program_bind(program, "z", wg_f32(rows, WG_SHAPE(2, 3))), WG_ENAME);
    check_contains(wg_program_message(program), "'z'");
    check_status(wg_program_bind(program, "x", wg_f32(rows, WG_SHAPE(3, 2))), WG_ESHAPE);
    check_contains(wg_program_message(program), "[2, 3] f32 expected, not [3, 2] f32");
    check_status(wg_program_bind(program, "x", wg_f64(wide, WG_SHAPE(2, 3))), WG_EDTYPE);
    check_status(wg_program_bind(program, "x", wg_f32(rows, WG_SHAPE(1, 3))), WG_ESHAPE);
    check_status(wg_program_bind(program, "x", (wg_view){ .data = NULL }), WG_EDTYPE);
    check_status(wg_program_bind(program, NULL, wg_f32(rows, WG_SHAPE(2, 3))), WG_EINVALID);
    check_status(wg_program_bind(NULL, "x", wg_f32(rows, WG_SHAPE(2, 3))), WG_EINVALID);
    check_status(wg_program_set(program, "x", 1), WG_ESHAPE);
    check_status(wg_program_set(program, "q", 1), WG_ENAME);
    check_status(wg_program_set(NULL, "s", 1), WG_EINVALID);
    wg_program_free(program);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

Test(program, views_of_any_walk_are_packed_at_each_run)
{
    float spread[12];
    wg_runtime *runtime = runtime_one();
    wg_params *params = wg_params_create(NULL);
    wg_program *program = program_make(runtime, params);
    wg_view view = wg_f32(spread, WG_SHAPE(2, 3));
    view.stride[0] = 1;
    view.stride[1] = 2;
    check_status(wg_program_bind(program, "x", view), WG_OK);
    for (int turn = 1; turn <= 2; turn++) {
        for (int i = 0; i < 12; i++) spread[i] = (float)(turn * i);
        check_close(run_sum(program), (1 + 0.5 * (turn - 1)) * turn * 15 + 3, 0);
    }
    wg_program_free(program);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

Test(program, an_input_no_output_needs_is_checked_then_ignored)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_scalar(tape, "x", WG_F64, 2);
    const wg_var unread = wg_input(tape, "unread", wg_f32(rows, WG_SHAPE(6)));
    check_status(wg__var_check(unread), WG_OK);
    wg_program *program = wg_compile(runtime, tape, 1, &x);
    check_status(wg_program_bind(program, "unread", wg_f32(rows, WG_SHAPE(5))), WG_ESHAPE);
    check_status(wg_program_run(program), WG_OK);
    wg_program_free(program);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* ---- outputs ---- */

Test(program, outputs_are_refused_before_the_first_run_and_after_a_failed_one)
{
    static const int32_t index[1] = { 9 };
    static const int32_t good[1] = { 1 };
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_input(tape, "x", wg_f32(rows, WG_SHAPE(6)));
    const wg_var i = wg_input(tape, "i", wg_i32(good, WG_SHAPE(1)));
    const wg_var y = wg_gather(x, i, 0);
    wg_program *program = wg_compile(runtime, tape, 1, &y);
    wg_tape_free(tape);
    double out;
    check_status(wg_program_item(program, 0, &out), WG_EINVALID);
    check_status(wg_program_bind(program, "x", wg_f32(rows, WG_SHAPE(6))), WG_OK);
    check_status(wg_program_bind(program, "i", wg_i32(index, WG_SHAPE(1))), WG_OK);
    check_status(wg_program_run(program), WG_EINDEX);
    check_contains(wg_program_message(program),
                   "): index 9 at [0] is not within 0 <= index < 6");
    check_contains(wg_program_message(program), "gather (test_program.c:");
    check_status(wg_program_item(program, 0, &out), WG_EINDEX);
    check_status(wg_program_bind(program, "i", wg_i32(good, WG_SHAPE(1))), WG_OK);
    check_status(wg_program_run(program), WG_OK);
    check_status(wg_program_item(program, 0, &out), WG_OK);
    check_close(out, 2, 0);
    check_status(wg_program_item(program, 1, &out), WG_EINVALID);
    check_status(wg_program_item(program, 0, NULL), WG_EINVALID);
    check_status(wg_program_read_f64(program, 0, &out, 1), WG_EDTYPE);
    wg_program_free(program);
    wg_runtime_free(runtime);
}

Test(program, one_value_may_be_several_outputs)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_input(tape, "x", wg_f32(rows, WG_SHAPE(6)));
    const wg_var y = wg_neg(x);
    const wg_var output[4] = { y, y, wg_mul(x, wg_number(x, -1)), x };
    wg_program *program = wg_compile(runtime, tape, 4, output);
    check_status(wg_program_bind(program, "x", wg_f32(rows, WG_SHAPE(6))), WG_OK);
    check_status(wg_program_run(program), WG_OK);
    for (int64_t i = 0; i < 4; i++) {
        wg_view view;
        check_status(wg_program_peek(program, i, &view), WG_OK);
        check_close(((const float *)view.data)[4], i < 3 ? -5 : 5, 0);
    }
    wg_program_free(program);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(program, what_cannot_be_compiled_is_refused_with_a_reason)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    wg_tape *other = wg_tape_create(NULL);
    const wg_var foreign = wg_scalar(other, "x", WG_F64, 1);
    const wg_var none = { 0 };
    check(wg_compile(runtime, NULL, 0, NULL) == NULL);
    check(wg_compile(runtime, tape, 1, &foreign) == NULL);
    check_status(wg_tape_status(tape), WG_EFOREIGN);
    wg_tape_reset(tape);
    check(wg_compile(runtime, tape, 1, &none) == NULL);
    check_status(wg_tape_status(tape), WG_EINVALID);
    wg_tape_reset(tape);
    check(wg_compile(runtime, tape, 2, NULL) == NULL);
    wg_tape_reset(tape);
    check(wg_compile(NULL, tape, 0, NULL) == NULL);
    check_contains(wg_tape_message(tape), "NULL");
    check(wg_program_copy(NULL, runtime) == NULL);
    check_text(wg_program_message(NULL), "");
    check_status(wg_program_run(NULL), WG_EINVALID);
    wg_program_free(NULL);
    wg_tape_free(tape);
    wg_tape_free(other);
    wg_runtime_free(runtime);
}

Test(program, a_parameter_replaced_by_another_type_is_refused)
{
    wg_runtime *runtime = runtime_one();
    wg_params *params = wg_params_create(NULL);
    wg_program *program = program_make(runtime, params);
    check_status(wg_program_bind(program, "x", wg_f32(rows, WG_SHAPE(2, 3))), WG_OK);
    check_status(wg_params_set(params, "w", wg_f32(rows, WG_SHAPE(6))), WG_OK);
    check_status(wg_program_run(program), WG_ESHAPE);
    check_contains(wg_program_message(program), "w was replaced");
    check_status(wg_params_set(params, "w", wg_f32(rows, WG_SHAPE(3))), WG_OK);
    check_close(run_sum(program), 1 + 4 + 9 + 4 + 10 + 18 + 3, 0);
    wg_program_free(program);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

/* ---- fingerprints and text ---- */

Test(program, fingerprints_tell_programs_apart_and_nothing_else)
{
    wg_fingerprint word[3];
    for (int i = 0; i < 3; i++) {
        wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1 + i));
        wg_tape *tape = wg_tape_create(NULL);
        const wg_var x = wg_input(tape, i == 1 ? "other" : "x", wg_f32(rows + i, WG_SHAPE(3)));
        const wg_var y = wg_mul(x, wg_number(x, i == 2 ? 4 : 3));
        wg_program *program = wg_compile(runtime, tape, 1, &y);
        check_status(wg_program_fingerprint(program, &word[i]), WG_OK);
        wg_program_free(program);
        wg_tape_free(tape);
        wg_runtime_free(runtime);
    }
    check(memcmp(&word[0], &word[1], sizeof word[0]) == 0);
    check(memcmp(&word[0], &word[2], sizeof word[0]) != 0);
    check_status(wg_program_fingerprint(NULL, &word[0]), WG_EINVALID);
    check_status(wg_params_fingerprint(NULL, &word[0]), WG_EINVALID);
}

Test(program, prints_stages_regions_and_instructions)
{
    static test_page out;
    wg_runtime *runtime = runtime_one();
    wg_params *params = wg_params_create(NULL);
    wg_program *program = program_make(runtime, params);
    check_status(wg_program_print(program, test_page_write, &out), WG_OK);
    check_contains(out.text, "stage 0");
    check_contains(out.text, "shards: 2 units");
    check_contains(out.text, "mul(");
    check_contains(out.text, "result 0");
    check_contains(out.text, "commit");
    check_status(wg_program_print(program, NULL, NULL), WG_EINVALID);
    wg_program_free(program);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

/* ---- memory ---- */

Test(program, running_allocates_nothing)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    network *net = network_make(64, 32);
    net->dropout = 0.2;
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = &allocator, .threads = 2));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = &allocator));
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = &allocator));
    const wg_optimizer adam = wg_adam(1e-3, NULL);
    const wg_var loss = network_step(net, tape, params, &adam);
    wg_program *program = wg_compile(runtime, tape, 1, &loss);
    check(program != NULL);
    wg_tape_free(tape);
    check_status(wg_program_bind(program, "x", wg_f32(net->x, WG_SHAPE(64, NETWORK_INPUTS))),
                 WG_OK);
    check_status(wg_program_bind(program, "t", wg_i32(net->t, WG_SHAPE(64))), WG_OK);
    runtime->is_forked_always = true;
    check_status(wg_program_run(program), WG_OK);
    memory.locked = true;
    for (int i = 0; i < 5; i++) check_status(wg_program_run(program), WG_OK);
    memory.locked = false;
    wg_program_free(program);
    wg_params_free(params);
    wg_runtime_free(runtime);
    check_memory(&memory);
    free(net);
}

/* ---- threads ---- */

typedef struct caller { wg_program *program; double sum; int status; } caller;

static void *call_often(void *argument)
{
    caller *c = argument;
    for (int i = 0; i < 200 && c->status >= 0; i++) {
        c->status = wg_program_bind(c->program, "x", wg_f32(rows, WG_SHAPE(2, 3)));
        if (c->status >= 0) c->status = wg_program_run(c->program);
        if (c->status >= 0) c->status = wg_program_item(c->program, 0, &c->sum);
    }
    return NULL;
}

Test(program, two_runtimes_run_in_two_threads_on_shared_parameters)
{
    wg_runtime *runtime[2];
    for (int i = 0; i < 2; i++)
        runtime[i] = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 2));
    for (int i = 0; i < 2; i++) runtime[i]->is_forked_always = true;
    wg_params *params = wg_params_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_EVALUATION);
    const wg_var x = wg_batch(tape, "x", wg_f32(rows, WG_SHAPE(2, 3)));
    const wg_var y = wg_sum(wg_mul(x, wg_state(scope, "w", WG_F32, WG_SHAPE(3), 2)), WG_ALL);
    wg_program *program = wg_compile(runtime[0], tape, 1, &y);
    caller c[2] = { { program, 0, 0 }, { wg_program_copy(program, runtime[1]), 0, 0 } };
    pthread_t thread;
    check(pthread_create(&thread, NULL, call_often, &c[1]) == 0);
    call_often(&c[0]);
    pthread_join(thread, NULL);
    for (int i = 0; i < 2; i++) {
        check_status(c[i].status, WG_OK);
        check_close(c[i].sum, 42, 0);
        wg_program_free(c[i].program);
        wg_runtime_free(runtime[i]);
    }
    wg_tape_free(tape);
    wg_params_free(params);
}

typedef struct canceller { wg_runtime *runtime; atomic_bool is_done; } canceller;

static void *cancel_often(void *argument)
{
    canceller *c = argument;
    while (!atomic_load(&c->is_done)) wg_runtime_cancel(c->runtime);
    return NULL;
}

/* Long enough to be met by a cancel: a counter, and a chain of large values that it depends on. */
static wg_program *program_slow(wg_runtime *runtime, wg_params *params)
{
    wg_tape *tape = wg_tape_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var count = wg_state(scope, "count", WG_F64, WG_SCALAR, 0);
    wg_var x = wg_broadcast(count, WG_SHAPE(400, 500));
    for (int i = 0; i < 20; i++) x = wg_tanh(x);
    wg_assign(count, wg_add(count, wg_sum(wg_cast(wg_le(x, wg_number(x, 2)), WG_F64), WG_ALL)));
    wg_program *program = wg_compile(runtime, tape, 0, NULL);
    check_msg(program != NULL, "%s", wg_tape_message(tape));
    wg_tape_free(tape);
    return program;
}

Test(program, a_cancelled_run_stores_nothing)
{
    wg_runtime *runtime = runtime_one();
    wg_params *params = wg_params_create(NULL);
    wg_program *program = program_slow(runtime, params);
    wg_view count;
    check_status(wg_params_find(params, "count", &count), WG_OK);
    canceller c = { .runtime = runtime };
    pthread_t thread;
    check(pthread_create(&thread, NULL, cancel_often, &c) == 0);
    int64_t cancelled = 0;
    double expected = 0;
    for (int64_t i = 0; i < 500 && cancelled < 3; i++) {
        const int status = wg_program_run(program);
        check(status == WG_OK || status == WG_ECANCEL);
        if (status == WG_OK) expected += 200000;
        else cancelled++;
        check_close(*(const double *)count.data, expected, 0);
    }
    atomic_store(&c.is_done, true);
    pthread_join(thread, NULL);
    check(cancelled > 0);
    check_status(wg_program_run(program), WG_OK);
    check_close(*(const double *)count.data, expected + 200000, 0);
    wg_program_free(program);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

/* Memory: after the first steps a loop allocates nothing, nothing leaks, and a request refused at
 * any point ends in WG_EMEMORY with everything as it was. */
#include "runtime/network.h"
#include "support/memory.h"

#include <string.h>

Test(allocation, a_training_loop_allocates_nothing_after_its_first_steps)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    network *net = network_make(48, 24);
    net->dropout = 0.2;
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = &allocator, .threads = 1));
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = &allocator));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = &allocator));
    const wg_optimizer adam = wg_adam(1e-3, NULL);
    for (int step = 0; step < 8; step++) {
        double loss;
        memory.locked = step >= 2;
        check_status(wg_tape_reset(tape), WG_OK);
        const int status = wg_item(runtime, network_step(net, tape, params, &adam), &loss);
        check_msg(status == WG_OK, "step %d: %s %s", step, wg_explain(status, tape, NULL),
                  memory.mistake);
    }
    memory.locked = false;
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
    check_memory(&memory);
    free(net);
}

/* One of everything: creation, a run with effects, a second read, a program, its copy, a check. */
static int everything(const wg_allocator *allocator, void *user)
{
    const network *net = user;
    int status = WG_EMEMORY;
    wg_program *program = NULL;
    wg_program *copy = NULL;
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 2));
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = allocator));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    if (runtime != NULL && tape != NULL && params != NULL) {
        const wg_optimizer sgd = wg_sgd(1e-2, NULL);
        const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        const wg_var t = wg_batch(tape, "t", wg_i32(net->t, WG_SHAPE(net->rows)));
        wg_var loss = wg_mean(wg_cross_entropy(network_logits(net, scope), t), WG_ALL);
        status = wg_minimize(&sgd, scope, loss);
        program = wg_compile(runtime, tape, 1, &loss);
        double value;
        if (status >= 0) status = wg_item(runtime, loss, &value);
        if (program == NULL && status >= 0) status = wg_tape_status(tape);
    }
    if (program != NULL && status >= 0) {
        copy = wg_program_copy(program, runtime);
        wg_view spread = wg_f32(net->x, WG_SHAPE(net->rows, NETWORK_INPUTS));
        spread.stride[0] = 1;
        if (copy == NULL) status = WG_EMEMORY;
        else status = wg_program_bind(copy, "x", spread);
        if (status >= 0)
            status = wg_program_bind(copy, "t", wg_i32(net->t, WG_SHAPE(net->rows)));
        if (status >= 0) status = wg_program_run(copy);
    }
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
    wg_program_free(program);
    wg_program_free(copy);
    return status;
}

Test(allocation, a_request_refused_at_any_point_leaves_nothing_behind)
{
    network *net = network_make(8, 4);
    check(test_memory_fail_each(everything, net) > 100);
    free(net);
}

static int row_gradient(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    out[0] = wg_grad(wg_sum(wg_tanh(in[0]), WG_ALL), in[0]);
    return WG_OK;
}

static int twice_tanh(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    out[0] = wg_mul(wg_tanh(in[0]), wg_tanh(in[0]));
    return WG_OK;
}

static int given_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)in;
    (void)user;
    gradient[0] = wg_mul(cotangent, y);
    return WG_OK;
}

/* A sum of what each transform makes of a 3x3 matrix. */
static wg_var transformed(wg_var x)
{
    wg_var mapped, again, both[2] = { { 0 }, { 0 } };
    const wg_var pair[2] = { x, x };
    const wg_var product = wg_einsum("ij,jk->ik", 2, pair);
    const wg_var y[2] = { product, wg_tanh(x) };
    wg_vjps(2, y, pair, 2, pair, both);
    wg_vmap(row_gradient, NULL, 1, &x, 1, &mapped);
    wg_recompute(twice_tanh, NULL, 1, &x, 1, &again);
    wg_var sum = wg_add(wg_add(both[0], mapped), wg_add(again, both[1]));
    sum = wg_add(sum, wg_custom_vjp(wg_tanh(x), 1, &x, given_rule, NULL));
    sum = wg_add(sum, wg_jvp(product, x, x));
    const wg_var row = wg_reshape(wg_slice(x, 0, 0, 1, 1), WG_SHAPE(3));
    sum = wg_add(sum, wg_jacobian(wg_square(row), row));
    sum = wg_add(sum, wg_hessian(wg_sum(wg_tanh(row), WG_ALL), row));
    return wg_sum(wg_add(sum, wg_grad(wg_sum(wg_square(sum), WG_ALL), x)), WG_ALL);
}

/* Twice, so that the second recording follows the first. */
static int transforms(const wg_allocator *allocator, void *user)
{
    static const float x[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    wg_runtime *runtime = user;
    int status = WG_EMEMORY;
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = allocator));
    for (int i = 0; i < 2 && tape != NULL; i++) {
        double value;
        wg_tape_reset(tape);
        const wg_var in = wg_input(tape, "x", wg_f32(x, WG_SHAPE(3, 3)));
        status = wg_item(runtime, transformed(in), &value);
        if (status < 0) break;
    }
    wg_tape_free(tape);
    return status;
}

Test(allocation, transforms_whose_requests_are_refused_leave_nothing_behind)
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    check(test_memory_fail_each(transforms, runtime) > 50);
    wg_runtime_free(runtime);
}

static int tanh_of(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    *out = wg_tanh(in[0]);
    return WG_OK;
}

static int gradient_check(const wg_allocator *allocator, void *user)
{
    (void)user;
    static const double x[2] = { 0.5, -1 };
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 1));
    if (runtime == NULL) return WG_EMEMORY;
    const wg_view view = wg_f64(x, WG_SHAPE(2));
    const int status = wg_check_gradient(runtime, tanh_of, NULL, 1, &view, NULL, NULL, NULL);
    wg_runtime_free(runtime);
    return status;
}

Test(allocation, a_check_whose_requests_are_refused_leaves_nothing_behind)
{
    check(test_memory_fail_each(gradient_check, NULL) > 50);
}

/* The parameters of a run that found no memory are as before: made by it, they are gone again. */
Test(allocation, a_run_without_memory_makes_no_parameter)
{
    for (int64_t k = 1;; k++) {
        test_memory memory = { 0 };
        const wg_allocator allocator = test_memory_allocator(&memory);
        wg_runtime *runtime = wg_runtime_create(
            WG_OPTIONS(wg_runtime_options, .allocator = &allocator, .threads = 1));
        wg_tape *tape = wg_tape_create(NULL);
        wg_params *params = wg_params_create(NULL);
        const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        const wg_var w = wg_param(scope, "w", WG_F32, WG_SHAPE(5), wg_init_normal(0, 1));
        wg_assign(w, wg_scale(w, 2));
        double value;
        memory.fail_at = memory.request_count + k;
        const int status = wg_item(runtime, wg_sum(w, WG_ALL), &value);
        memory.fail_at = 0;
        check(status == WG_OK || status == WG_EMEMORY);
        check_equal_i(wg_params_count(params), status == WG_OK);
        wg_tape_free(tape);
        wg_params_free(params);
        wg_runtime_free(runtime);
        check_memory(&memory);
        if (status == WG_OK) break;
    }
}

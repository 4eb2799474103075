/* What planning makes of a recording: how many instructions are left, how many joins a step
 * takes, what lies where. That the bits stay those of the statements is shown in test_graphs.c
 * and test_bits.c. */
#include "runtime/network.h"

#include <string.h>

typedef struct bench {
    wg_runtime *runtime;
    wg_tape *tape;
    wg_program *program;
} bench;

static const float data[64] = { 1, -2, 3, -4, 5, -6 };

static bench open_with(int threads)
{
    bench b = { wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads)),
                wg_tape_create(NULL), NULL };
    check(b.runtime != NULL && b.tape != NULL);
    return b;
}

static void close_bench(bench *b)
{
    wg_program_free(b->program);
    wg_tape_free(b->tape);
    wg_runtime_free(b->runtime);
}

static const wg__plan *plan_of(bench *b, int64_t count, const wg_var *output)
{
    wg_program_free(b->program);
    b->program = wg_compile(b->runtime, b->tape, count, output);
    check_msg(b->program != NULL, "%s", wg_tape_message(b->tape));
    return b->program->frame->plan;
}

/* Instructions left of one value. */
static int64_t left_of(bench *b, wg_var y)
{
    return plan_of(b, 1, &y)->order_count;
}

static wg_var input(bench *b)
{
    wg_tape_reset(b->tape);
    return wg_input(b->tape, "x", wg_f32(data, WG_SHAPE(4, 6)));
}

/* ---- simplification ---- */

Test(plan, exact_identities_leave_no_instruction)
{
    bench b = open_with(1);
    wg_var x = input(&b);
    check_equal_i(left_of(&b, wg_exp(wg_mul(x, wg_number(x, 1)))), 1);
    check_equal_i(left_of(&b, wg_exp(wg_sub(x, wg_number(x, 0)))), 1);
    check_equal_i(left_of(&b, wg_exp(wg_add(x, wg_number(x, -0.0)))), 1);
    check_equal_i(left_of(&b, wg_exp(wg_div(x, wg_number(x, 1)))), 1);
    check_equal_i(left_of(&b, wg_exp(wg_neg(wg_neg(x)))), 1);
    check_equal_i(left_of(&b, wg_exp(wg_maximum(x, x))), 1);
    check_equal_i(left_of(&b, wg_abs(wg_neg(x))), 1);
    check_equal_i(left_of(&b, wg_exp(wg_cast(wg_cast(x, WG_F64), WG_F32))), 1);
    check_equal_i(left_of(&b, wg_exp(wg_select(wg_lt(x, wg_exp(x)), x, x))), 1);
    check_equal_i(left_of(&b, wg_sub(x, wg_neg(wg_stop_gradient(x)))), 1);
    close_bench(&b);
}

Test(plan, what_would_change_a_bit_is_left_alone)
{
    bench b = open_with(1);
    wg_var x = input(&b);
    check_equal_i(left_of(&b, wg_add(x, wg_number(x, 0))), 1);
    check_equal_i(left_of(&b, wg_sub(wg_number(x, 0), x)), 1);
    check_equal_i(left_of(&b, wg_mul(x, wg_number(x, 0))), 1);
    check_equal_i(left_of(&b, wg_sub(x, x)), 1);
    check_equal_i(left_of(&b, wg_div(x, x)), 1);
    check_equal_i(left_of(&b, wg_sub(x, wg_number(x, -0.0))), 1);
    check_equal_i(left_of(&b, wg_log(wg_exp(x))), 2);
    check_equal_i(left_of(&b, wg_cast(wg_cast(x, WG_I32), WG_F32)), 2);
    close_bench(&b);
}

Test(plan, equal_values_are_computed_once_and_unread_ones_never)
{
    bench b = open_with(1);
    wg_var x = input(&b);
    const wg_var y = wg_exp(x);
    check_equal_i(left_of(&b, wg_mul(wg_add(x, y), wg_add(wg_exp(x), x))), 3);
    x = input(&b);
    wg_var unread = wg_exp(x);
    for (int i = 0; i < 10; i++) unread = wg_tanh(unread);
    check_equal_i(left_of(&b, wg_neg(x)), 1);
    check_equal_i(plan_of(&b, 0, NULL)->order_count, 0);
    close_bench(&b);
}

Test(plan, constants_of_constants_are_computed_while_planning)
{
    bench b = open_with(1);
    wg_var x = input(&b);
    const wg_var two = wg_number(x, 2);
    wg_var constant = wg_sqrt(wg_add(wg_mul(two, two), two));
    constant = wg_sum(wg_broadcast(constant, WG_SHAPE(6)), WG_ALL);
    const wg_var y = wg_mul(x, constant);
    check_equal_i(left_of(&b, y), 1);
    float out[24];
    check_status(wg_read_f32(b.runtime, y, out, 24), WG_OK);
    check_close(out[0], 6 * 2.449489742783178, 1e-5);
    /* A large one stays a number that fills its shape. */
    const wg_var wide = wg_exp(wg_full(b.tape, WG_F32, WG_SHAPE(1000, 1000), 1));
    check_equal_i(left_of(&b, wg_slice(wide, 0, 3, 4, 1)), 1);
    close_bench(&b);
}

Test(plan, movements_that_are_views_leave_no_instruction)
{
    bench b = open_with(1);
    wg_var x = input(&b);
    const wg_var back = wg_transpose(wg_transpose(x));
    check_equal_i(left_of(&b, wg_exp(back)), 1);
    check_equal_i(left_of(&b, wg_exp(wg_reshape(wg_reshape(x, WG_SHAPE(24)), WG_SHAPE(4, 6)))), 1);
    const wg_var window = wg_slice(wg_slice(x, 0, 1, 3, 1), 1, 5, -1, -2);
    check_equal_i(left_of(&b, wg_neg(wg_transpose(window))), 1);
    check_equal_i(left_of(&b, wg_mul(x, wg_broadcast(wg_slice(x, 0, 0, 1, 1), WG_SHAPE(4, 6)))), 1);
    /* A reshape of a transpose walks no memory in order: one copy. */
    check_equal_i(left_of(&b, wg_exp(wg_reshape(wg_transpose(x), WG_SHAPE(24)))), 2);
    close_bench(&b);
}

Test(plan, the_third_derivative_of_mish_stays_small)
{
    bench b = open_with(1);
    wg_tape_reset(b.tape);
    const wg_var x = wg_input(b.tape, "x", wg_f32(data, WG_SHAPE(6)));
    wg_var y = wg_mul(x, wg_tanh(wg_softplus(x)));
    for (int order = 0; order < 3; order++) y = wg_grad(wg_sum(y, WG_ALL), x);
    const int64_t left = left_of(&b, y);
    check_msg(left <= 400, "%lld instructions", (long long)left);
    close_bench(&b);
}

/* ---- stages ---- */

/* Joins of one step on two threads, all of them taken. */
static int64_t joins_of(const network *net, int64_t *stages)
{
    bench b = open_with(2);
    wg_params *params = wg_params_create(NULL);
    const wg_optimizer adam = wg_adam(1e-3, NULL);
    const wg_var loss = network_step(net, b.tape, params, &adam);
    *stages = plan_of(&b, 1, &loss)->stage_count;
    const wg_view x = wg_f32(net->x, WG_SHAPE(net->rows, NETWORK_INPUTS));
    check_status(wg_program_bind(b.program, "x", x), WG_OK);
    check_status(wg_program_bind(b.program, "t", wg_i32(net->t, WG_SHAPE(net->rows))), WG_OK);
    if (net->is_weighted)
        check_status(wg_program_bind(b.program, "weight",
                                     wg_f32(net->weight, WG_SHAPE(net->rows))), WG_OK);
    b.runtime->is_forked_always = true;
    const int64_t before = b.runtime->join_count;
    check_status(wg_program_run(b.program), WG_OK);
    const int64_t joins = b.runtime->join_count - before;
    close_bench(&b);
    wg_params_free(params);
    return joins;
}

Test(plan, a_plain_step_takes_three_joins)
{
    int64_t stages;
    network *net = network_make(256, 192);
    check_equal_i(joins_of(net, &stages), 3);
    check_equal_i(stages, 3);
    net->dropout = 0.2;
    check_equal_i(joins_of(net, &stages), 3);
    free(net);
}

Test(plan, a_step_of_weighted_samples_takes_four_joins_at_most)
{
    int64_t stages;
    network *net = network_make(256, 64);
    net->is_weighted = true;
    const int64_t joins = joins_of(net, &stages);
    check_msg(joins <= 4, "%lld joins", (long long)joins);
    check_equal_i(stages, 4);
    free(net);
}

/* The whole chain of a network lies in one region: what is between its ends is never written
 * whole. */
Test(plan, activations_of_one_region_stay_in_scratch)
{
    bench b = open_with(1);
    static float rows[512 * 8];
    wg_var x = wg_batch(b.tape, "x", wg_f32(rows, WG_SHAPE(512, 8)));
    const wg_var w = wg_input(b.tape, "w", wg_f32(rows, WG_SHAPE(8, 8)));
    for (int i = 0; i < 6; i++) x = wg_tanh(wg_matmul(x, w));
    const wg_var y = wg_sum(x, WG_AXES(1));
    const wg__plan *plan = plan_of(&b, 1, &y);
    check_equal_i(plan->region_count, 1);
    check_equal_i(plan->region[0].kind, WG__REGION_SHARDS);
    check_equal_i(plan->region[0].units, 512);
    check_equal_i(b.program->frame->workspace_bytes, 0);
    /* Two activations at a time, of which tanh takes the product's place. */
    const int64_t shard = b.program->frame->units[0];
    check_equal_i(b.program->frame->scratch_bytes, 2 * shard * 8 * (int64_t)sizeof(float));
    close_bench(&b);
}

/* What another stage reads is placed once, and given back when nobody reads it any more. */
Test(plan, the_workspace_is_used_again)
{
    bench b = open_with(1);
    static float rows[128 * 128];
    wg_var x = wg_input(b.tape, "x", wg_f32(rows, WG_SHAPE(128, 128)));
    for (int i = 0; i < 10; i++) x = wg_matmul(x, x);
    const wg__plan *plan = plan_of(&b, 1, &x);
    check_equal_i(plan->stage_count, 10);
    check_equal_i(b.program->frame->workspace_bytes, 2 * (int64_t)sizeof rows);
    close_bench(&b);
}

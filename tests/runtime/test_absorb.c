/* Products and sums of windows that do without what they were recorded on: the bits are those of a
 * plan that leaves each op by itself, and what is not needed is not made. Convolutions and pools
 * are random: strides, dilations, padding, channels around those of vectors; samples or not. */
#include "runtime/internal.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <wengert/nn.h>

enum { DATA_COUNT = 8192, WANTED = 6 };

typedef struct geometry {
    wg_dtype dtype;
    bool has_samples, pools;
    int64_t samples, height, width, channels, outputs, kernel[2];
    wg_conv_options options;
} geometry;

static float narrow[DATA_COUNT];
static double wide[DATA_COUNT];

static void data_fill(uint64_t *state)
{
    for (int i = 0; i < DATA_COUNT; i++) {
        narrow[i] = (float)((int64_t)(test_random(state) % 2001) - 1000) / 300;
        wide[i] = (double)narrow[i] / 3;
    }
}

static int64_t between(uint64_t *state, int64_t least, int64_t most)
{
    return least + (int64_t)((test_random(state) >> 11) % (uint64_t)(most - least + 1));
}

static geometry geometry_make(uint64_t *state)
{
    geometry g = { .dtype = between(state, 0, 2) == 0 ? WG_F64 : WG_F32,
                   .has_samples = between(state, 0, 2) > 0,
                   .pools = between(state, 0, 1) == 0,
                   .samples = between(state, 1, 5),
                   .height = between(state, 5, 9),
                   .width = between(state, 5, 9),
                   .channels = between(state, 1, 17),
                   .outputs = between(state, 1, 19) };
    for (int i = 0; i < 2; i++) {
        g.kernel[i] = between(state, 1, 3);
        g.options.stride[i] = between(state, 1, 3);
        g.options.dilation[i] = between(state, 1, 2);
        g.options.pad[i] = between(state, 0, 1);
    }
    return g;
}

/* The result, its gradients, and a gradient of these. */
static void record(const geometry *g, wg_tape *tape, wg_params *params, wg_var *wanted)
{
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_shape shape = WG_SHAPE(g->samples, g->height, g->width, g->channels);
    const wg_view view = g->dtype == WG_F32 ? wg_f32(narrow, shape) : wg_f64(wide, shape);
    const wg_var x = g->has_samples ? wg_batch(tape, "x", view) : wg_input(tape, "x", view);
    wg_conv_options options = g->options;
    options.activation = wg_tanh;
    const wg_var first = wg_tanh(x);
    wg_var y = wg_conv2d(scope, "conv", first, g->outputs, g->kernel[0], g->kernel[1], &options);
    const bool fits = wg_extent(y, 1) >= 2 && wg_extent(y, 2) >= 2;
    if (g->pools && fits) y = wg_max_pool2d(y, 2, 1);
    else if (fits) y = wg_mean_pool2d(y, 2, 2);
    wg_var by[3] = { x };
    const wg_var loss = wg_sum(wg_square(y), WG_ALL);
    check_equal_i(wg_parameters(scope, 2, by + 1), 2);
    wanted[0] = y;
    wanted[1] = loss;
    check_status(wg_grads(loss, 3, by, wanted + 2), WG_OK);
    wanted[5] = wg_grad(wg_sum(wg_square(wanted[2]), WG_ALL), x);
}

static void run(const geometry *g, wg_runtime *runtime, wg_tape *tape, wg_params *params,
                wg_var *wanted)
{
    record(g, tape, params, wanted);
    for (int i = 0; i < WANTED; i++) wg_keep(wanted[i]);
    const int status = wg_run(runtime, tape);
    check_msg(status == WG_OK, "%s", wg_explain(status, tape, NULL));
}

static void compare(const geometry *g, wg_runtime *plain, wg_runtime *other, uint64_t seed)
{
    wg_runtime *const runtime[2] = { plain, other };
    wg_tape *tape[2];
    wg_var wanted[2][WANTED];
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 7));
    for (int k = 0; k < 2; k++) {
        tape[k] = wg_tape_create(NULL);
        run(g, runtime[k], tape[k], params, wanted[k]);
    }
    for (int i = 0; i < WANTED; i++) {
        wg_view x, y;
        check_status(wg_peek(plain, wanted[0][i], &x), WG_OK);
        check_status(wg_peek(other, wanted[1][i], &y), WG_OK);
        const size_t bytes = (size_t)wg_shape_count(x.shape) * wg_dtype_bytes(x.dtype);
        check_msg(memcmp(x.data, y.data, bytes) == 0, "seed %llu: value %d differs",
                  (unsigned long long)seed, i);
    }
    for (int k = 0; k < 2; k++) wg_tape_free(tape[k]);
    wg_params_free(params);
}

static void run_many(int count, int threads)
{
    wg_runtime *plain = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_runtime *other = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
    plain->is_plain = true;
    other->is_forked_always = true;
    uint64_t state = test_seed();
    for (int i = 0; i < count; i++) {
        const uint64_t seed = state;
        data_fill(&state);
        const geometry g = geometry_make(&state);
        other->shard_rows_test = between(&state, 0, 3) * between(&state, 1, 9);
        compare(&g, plain, other, seed);
    }
    wg_runtime_free(plain);
    wg_runtime_free(other);
}

Test(absorb, convolutions_have_the_bits_of_single_ops_on_one_thread)
{
    run_many(60, 1);
}

Test(absorb, convolutions_have_the_bits_of_single_ops_on_three_threads)
{
    run_many(40, 3);
}

/* ---- plans ---- */

static int64_t computed_count(const wg_program *program, wg__op_id op)
{
    const wg__plan *plan = program->frame->plan;
    int64_t count = 0;
    for (int64_t i = 0; i < plan->value_count; i++)
        count += plan->value[i].is_computed && plan->value[i].op == op;
    return count;
}

/* One sum of windows for both axes, and no copy, unless the plan is to leave each op by itself. */
Test(absorb, windows_of_a_convolution_are_never_copied)
{
    for (int is_plain = 0; is_plain < 2; is_plain++) {
        wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
        wg_params *params = wg_params_create(NULL);
        wg_tape *tape = wg_tape_create(NULL);
        runtime->is_plain = is_plain;
        const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        const wg_var x = wg_batch(tape, "x", wg_f32(narrow, WG_SHAPE(4, 9, 9, 3)));
        const wg_var y = wg_conv2d(scope, "conv", wg_tanh(x), 8, 3, 3, NULL);
        wg_var by[2] = { x }, wanted[2];
        check_equal_i(wg_parameters(scope, 1, by + 1), 2);
        check_status(wg_grads(wg_sum(wg_square(y), WG_ALL), 2, by, wanted), WG_OK);
        wg_program *program = wg_compile(runtime, tape, 2, wanted);
        check_msg(program != NULL, "%s", wg_tape_message(tape));
        check_equal_i(computed_count(program, WG__OP_reshape), is_plain);
        check_equal_i(computed_count(program, WG__OP_overlap_add), is_plain ? 2 : 1);
        wg_program_free(program);
        wg_tape_free(tape);
        wg_params_free(params);
        wg_runtime_free(runtime);
    }
}

/* Where others read the copy, or want it, products read it too. */
Test(absorb, a_copy_that_others_read_is_made)
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    for (int is_wanted = 0; is_wanted < 2; is_wanted++) {
        wg_tape *tape = wg_tape_create(NULL);
        const wg_var x = wg_input(tape, "x", wg_f32(narrow, WG_SHAPE(8, 10)));
        const wg_var w = wg_input(tape, "w", wg_f32(narrow + 80, WG_SHAPE(3, 4)));
        const wg_var windows = wg_windows(x, 1, (wg_window){ .extent = 3 });
        const wg_var rows = wg_reshape(windows, WG_SHAPE(64, 3));
        const wg_var wanted[2] = { wg_matmul(rows, w), is_wanted ? rows : wg_tanh(rows) };
        wg_program *program = wg_compile(runtime, tape, 2, wanted);
        check_msg(program != NULL, "%s", wg_tape_message(tape));
        check_equal_i(computed_count(program, WG__OP_reshape), 1);
        wg_program_free(program);
        wg_tape_free(tape);
    }
    wg_runtime_free(runtime);
}

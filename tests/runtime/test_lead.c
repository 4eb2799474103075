/* Samples along another axis than the first: what is computed of them is still cut along them, and
 * has the bits of what is not cut at all.                                                        */
#include "runtime/internal.h"
#include "support/test.h"

#include <string.h>
#include <wengert/nn.h>
#include <wengert/ops.h>

enum { SAMPLES = 45, STEPS = 5, WIDTH = 6, WIDE = 7, COUNT = SAMPLES * STEPS * WIDTH };

static float data[COUNT];
static float weight[STEPS * WIDTH * WIDE];

static void data_draw(void)
{
    uint64_t state = test_seed();
    for (int i = 0; i < COUNT; i++) data[i] = (float)test_draw(&state, -1000, 1000) / 512;
    for (int i = 0; i < STEPS * WIDTH * WIDE; i++)
        weight[i] = (float)test_draw(&state, -1000, 1000) / 512;
}

/* x [steps, samples, width]: where the samples are is told to the planner or not. */
typedef struct bench { wg_runtime *runtime; wg_tape *tape; wg_program *program; wg_var x; } bench;

static bench open_with(int64_t shard_rows)
{
    bench b = { .runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 3)),
                .tape = wg_tape_create(NULL) };
    check(b.runtime != NULL && b.tape != NULL);
    b.runtime->shard_rows_test = shard_rows;
    b.runtime->is_forked_always = shard_rows > 0;
    const wg_view view = wg_f32(data, WG_SHAPE(SAMPLES, STEPS, WIDTH));
    const wg_var rows = shard_rows > 0 ? wg_batch(b.tape, "x", view) : wg_input(b.tape, "x", view);
    b.x = wg_permute(rows, WG_AXES(1, 0, 2));
    return b;
}

static void close_bench(bench *b)
{
    wg_program_free(b->program);
    wg_tape_free(b->tape);
    wg_runtime_free(b->runtime);
}

static wg_var weights(wg_var x, wg_shape shape)
{
    return wg_input(x.tape, "w", wg_f32(weight, shape));
}

/* ---- what may be turned, and what only looks so ---- */

static wg_var elementwise(wg_var x)
{
    return wg_add(wg_tanh(x), wg_cast(wg_gt(x, wg_neg(x)), WG_F32));
}
static wg_var chosen(wg_var x) { return wg_select(wg_gt(x, wg_number(x, 0)), wg_exp(x), x); }
static wg_var product(wg_var x) { return wg_matmul(x, weights(x, WG_SHAPE(WIDTH, WIDE))); }
static wg_var product_by_step(wg_var x)
{
    return wg_matmul(x, weights(x, WG_SHAPE(STEPS, WIDTH, WIDE)));
}
static wg_var product_from_left(wg_var x)
{
    return wg_matmul(weights(x, WG_SHAPE(WIDE, WIDTH)), wg_transpose(x));
}
static wg_var product_of_samples(wg_var x)
{
    const wg_var column = wg_expand(x, 3);
    return wg_matmul(column, wg_transpose(wg_tanh(column)));
}
static wg_var sum_of_rows(wg_var x) { return wg_sum(x, WG_AXES(2)); }
static wg_var sum_of_columns(wg_var x) { return wg_sum(x, WG_AXES(0)); }
/* One column a sample: were the samples in front, it would be a row. */
static wg_var sum_of_single_columns(wg_var x) { return wg_sum(wg_sum(x, WG_AXES(2)), WG_AXES(0)); }
static wg_var sum_of_both(wg_var x) { return wg_sum(x, WG_AXES(0, 2)); }
static wg_var sum_of_samples(wg_var x) { return wg_sum(x, WG_AXES(1)); }
static wg_var largest(wg_var x) { return wg_max(x, WG_AXES(0)); }
static wg_var largest_place(wg_var x) { return wg_argmax(x, 2); }
static wg_var first_place(wg_var x) { return wg_argmax(x, 0); }
static wg_var softmax(wg_var x) { return wg_softmax(x, 2); }
static wg_var softmax_of_steps(wg_var x) { return wg_softmax(x, 0); }
static wg_var sums_along(wg_var x) { return wg_cumsum(x, 0, false, false); }
static wg_var network(wg_var x)
{
    const wg_var h = wg_tanh(wg_shift(product(x), 0.5));
    return wg_sub(h, wg_expand(wg_mean(h, WG_AXES(2)), 2));
}
static wg_var derivative(wg_var x)
{
    return wg_grad(wg_sum(wg_square(network(x)), WG_ALL), x);
}
static wg_var derivative_of_weights(wg_var x)
{
    const wg_var w = weights(x, WG_SHAPE(WIDTH, WIDE));
    const wg_var y = wg_permute(wg_tanh(wg_matmul(wg_sin(x), w)), WG_AXES(1, 0, 2));
    return wg_grad(wg_sum(wg_square(y), WG_ALL), w);
}

static wg_var network_back(wg_var x) { return wg_permute(network(x), WG_AXES(1, 0, 2)); }

typedef wg_var function(wg_var x);
static function *const functions[] = {
    elementwise, chosen, product, product_by_step, product_from_left, product_of_samples,
    sum_of_rows, sum_of_columns, sum_of_single_columns, sum_of_both, sum_of_samples, largest,
    largest_place, first_place, softmax, softmax_of_steps, sums_along, network, derivative,
    derivative_of_weights, network_back,
};

static wg_view value_of(bench *b, function *f)
{
    wg_view view;
    const int status = wg_peek(b->runtime, f(b->x), &view);
    check_msg(status == WG_OK, "%s", wg_explain(status, b->tape, NULL));
    return view;
}

Test(lead, samples_behind_other_axes_change_no_bit)
{
    data_draw();
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        for (int64_t rows = 1; rows <= SAMPLES; rows += 11) {
            bench whole = open_with(0);
            bench cut = open_with(rows);
            const wg_view expected = value_of(&whole, functions[i]);
            const wg_view found = value_of(&cut, functions[i]);
            const size_t bytes =
                (size_t)wg_shape_count(expected.shape) * wg_dtype_bytes(expected.dtype);
            check(wg_shape_equal(found.shape, expected.shape));
            check_msg(memcmp(found.data, expected.data, bytes) == 0,
                      "function %d in shards of %lld", (int)i, (long long)rows);
            close_bench(&whole);
            close_bench(&cut);
        }
}

/* ---- what is cut ---- */

/* Values that are not computed sample by sample; `moves` if the result is to lie otherwise. */
static int64_t uncut(bench *b, function *f, bool *moves)
{
    int64_t count = 0;
    const wg_var y = f(b->x);
    *moves = wg_extent(y, 0) != SAMPLES;
    b->program = wg_compile(b->runtime, b->tape, 1, &y);
    check_msg(b->program != NULL, "%s", wg_tape_message(b->tape));
    const wg__plan *plan = b->program->frame->plan;
    for (int64_t i = 0; i < plan->region_count; i++)
        if (plan->region[i].kind != WG__REGION_SHARDS) count += plan->region[i].count;
    return count;
}

/* All but the result where its samples do not come first: it is moved there. */
Test(lead, samples_behind_other_axes_are_cut_along)
{
    static function *const cut[] = {
        elementwise, chosen, product, product_of_samples, sum_of_rows, sum_of_columns, largest,
        largest_place, first_place, softmax, softmax_of_steps, network, derivative, network_back,
    };
    bool moves;
    data_draw();
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        bench b = open_with(16);
        const int64_t count = uncut(&b, cut[i], &moves);
        check_msg(count == moves, "function %d: %lld values", (int)i, (long long)count);
        close_bench(&b);
    }
}

/* ---- one sample of one element ---- */

static double alone(wg_runtime *runtime, wg_tape *tape, wg_params *params, bool is_batch)
{
    const wg_view view = wg_f32(data, WG_SHAPE(1, 2, 2));
    double value;
    wg_tape_reset(tape);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var x = is_batch ? wg_batch(tape, "x", view) : wg_input(tape, "x", view);
    const wg_var y = wg_conv1d_transposed(scope, "c", x, 1, 2,
                                          WG_OPTIONS(wg_conv_options, .dilation = { 3 },
                                                     .pad = { 2 }));
    check_status(wg_item(runtime, y, &value), WG_OK);
    return value;
}

/* Of extents 1 all axes are alike: turned, the result is what it was, and planning must end. */
Test(lead, one_element_cannot_be_turned)
{
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    data_draw();
    const double expected = alone(runtime, tape, params, false);
    check(alone(runtime, tape, params, true) == expected);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

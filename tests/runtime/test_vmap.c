/* vmap: a function of one row on all rows has, row by row, the bits of the function on that row
 * alone. The expected values are those of a loop over slices, recorded on the same tape. */
#include "graph/lab.h"

#include <string.h>
#include <wengert/wengert.h>

enum { ROWS = 5, BYTES_MAX = 4096 };

/* Row i of x: its leading axis dropped. */
static wg_var row(wg_var x, int64_t i)
{
    return wg_squeeze(wg_slice(x, 0, i, i + 1, 1), WG_AXES(0));
}

static void check_same(lab b, wg_var found, wg_var expected)
{
    wg_view one, other;
    check_msg(wg_tape_status(b.tape) == WG_OK, "%s", wg_tape_message(b.tape));
    check_msg(wg_peek(b.runtime, found, &one) == WG_OK, "%s", wg_tape_message(b.tape));
    check_msg(wg_peek(b.runtime, expected, &other) == WG_OK, "%s", wg_tape_message(b.tape));
    check_equal_i(one.dtype, other.dtype);
    check_equal_i(one.shape.rank, other.shape.rank);
    for (int i = 0; i < one.shape.rank; i++)
        check_equal_i(one.shape.dim[i], other.shape.dim[i]);
    check_bytes(one.data, other.data,
                (size_t)wg_shape_count(one.shape) * wg_dtype_bytes(one.dtype));
}

/* vmap of the function against the stack of what it gives for each row. */
static void check_rows(lab b, wg_function *function, void *user, int64_t count, const wg_var *in)
{
    wg_var out, single[ROWS];
    check_msg(wg_vmap(function, user, count, in, 1, &out) == WG_OK, "%s",
              wg_tape_message(b.tape));
    for (int64_t i = 0; i < ROWS; i++) {
        wg_var part[4];
        for (int64_t j = 0; j < count; j++) part[j] = row(in[j], i);
        check(function(part, &single[i], user) == 0);
    }
    check_same(b, out, wg_stack(ROWS, single, 0));
}

static float numbers[BYTES_MAX];

/* [ROWS, shape...] of numbers that depend on their place and a salt. */
static wg_var rows_of(lab b, int salt, wg_shape row_shape)
{
    wg_shape shape = { .rank = row_shape.rank + 1, .dim = { ROWS } };
    for (int i = 0; i < row_shape.rank; i++) shape.dim[i + 1] = row_shape.dim[i];
    const int64_t count = wg_shape_count(shape);
    check(count <= BYTES_MAX);
    for (int64_t i = 0; i < count; i++)
        numbers[i] = (float)((i * 37 + salt * 101) % 29) / 7.0f - 2.0f;
    return wg_constant(b.tape, wg_f32(numbers, shape));
}

/* ---- every class ---- */

static int elementwise(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    wg_var x = wg_add(wg_mul(in[0], wg_tanh(in[1])), wg_number(in[0], 0.25));
    x = wg_maximum(x, wg_exp(wg_neg(in[1])));
    x = wg_select(wg_lt(in[0], in[1]), x, wg_div(x, wg_shift(wg_square(in[0]), 1)));
    out[0] = wg_add(x, wg_cast(wg_cast(wg_scale(in[1], 3), WG_I32), WG_F32));
    return 0;
}

Test(vmap, elementwise_ops_go_row_by_row)
{
    const lab b = lab_open(2);
    check_rows(b, elementwise, NULL, 2,
               (const wg_var[]){ rows_of(b, 1, WG_SHAPE(3, 4)), rows_of(b, 2, WG_SHAPE(4)) });
    check_rows(b, elementwise, NULL, 2,
               (const wg_var[]){ rows_of(b, 1, WG_SCALAR), rows_of(b, 2, WG_SCALAR) });
    lab_close(b);
}

static int moved(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    const wg_var turned = wg_slice(wg_permute(in[0], WG_AXES(1, 0, 2)), 0, 4, -1, -2);
    const wg_var x = wg_pad(turned, 1, 1, 2, 1, 0.5);
    const wg_var y = wg_reshape(in[0], WG_SHAPE(2, -1));
    const wg_var both[2] = { y, wg_number(y, 1) };
    const wg_var wide = wg_broadcast(wg_sum(y, WG_KEEP(1)), WG_SHAPE(2, 3));
    const wg_var parts[3] = { wg_reshape(x, WG_SHAPE(1, -1)),
                              wg_reshape(wg_mul(both[0], both[1]), WG_SHAPE(1, -1)),
                              wg_reshape(wide, WG_SHAPE(1, -1)) };
    out[0] = wg_concat(3, parts, 1);
    return 0;
}

Test(vmap, movements_count_their_axes_one_further_on)
{
    const lab b = lab_open(2);
    check_rows(b, moved, NULL, 1, (const wg_var[]){ rows_of(b, 3, WG_SHAPE(2, 5, 3)) });
    lab_close(b);
}

static int reduced(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    const wg_var best = wg_cast(wg_argmax(in[0], 1), WG_F32);
    const wg_var least = wg_cast(wg_argmin(in[0], 1), WG_F32);
    const wg_var parts[6] = { wg_sum(in[0], WG_AXES(1)), best, wg_max(in[0], WG_AXES(1)),
                              wg_min(in[0], WG_AXES(1)), least, wg_prod(in[0], WG_AXES(1)) };
    const wg_var columns = wg_sum(wg_cumsum(in[0], 0, false, true), WG_AXES(0));
    out[0] = wg_add(wg_sum(wg_stack(6, parts, 0), WG_AXES(0)), wg_sum(columns, WG_ALL));
    return 0;
}

/* Rows of 300: more than the 256 of the short rule, so a row alone has the long lanes too. */
Test(vmap, reductions_keep_the_order_of_their_sums)
{
    const lab b = lab_open(2);
    check_rows(b, reduced, NULL, 1, (const wg_var[]){ rows_of(b, 4, WG_SHAPE(2, 300)) });
    check_rows(b, reduced, NULL, 1, (const wg_var[]){ rows_of(b, 4, WG_SHAPE(2, 7)) });
    lab_close(b);
}

static int chained(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    const wg_var sums = wg_cumsum(in[0], 0, false, true);
    const wg_var chain = wg_linear_recurrence(in[0], sums, 1, false);
    const wg_var order = wg_cast(wg_argsort(in[0], 1), WG_F32);
    const wg_window window = { .extent = 3, .stride = 2, .pad_low = 1, .pad_high = 1 };
    const wg_var windows = wg_windows(in[0], 1, window);
    const wg_var added = wg_overlap_add(wg_exp(windows), 1, window, 9);
    out[0] = wg_add(wg_add(chain, added), wg_add(order, wg_cumprod(in[0], -1, true, false)));
    return 0;
}

Test(vmap, chains_go_along_their_own_axis)
{
    const lab b = lab_open(2);
    check_rows(b, chained, NULL, 1, (const wg_var[]){ rows_of(b, 4, WG_SHAPE(3, 9)) });
    lab_close(b);
}

typedef struct captured { wg_var x; } captured;

static int product(const wg_var *in, wg_var *out, void *user)
{
    out[0] = wg_matmul(in[0], ((const captured *)user)->x);
    return 0;
}

static int product_from_left(const wg_var *in, wg_var *out, void *user)
{
    out[0] = wg_matmul(((const captured *)user)->x, in[0]);
    return 0;
}

static int product_of_both(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    out[0] = wg_matmul(in[0], in[1]);
    return 0;
}

Test(vmap, products_of_rows_and_of_what_all_rows_share)
{
    const lab b = lab_open(2);
    captured w = { wg_constant(b.tape, wg_f32(numbers, WG_SHAPE(6, 4))) };
    const wg_var x = rows_of(b, 5, WG_SHAPE(3, 6));
    const wg_var y = rows_of(b, 6, WG_SHAPE(4, 7));
    const wg_var z = rows_of(b, 7, WG_SHAPE(6, 2));
    check_rows(b, product, &w, 1, &x);
    check_rows(b, product_from_left, &w, 1, &y);
    check_rows(b, product_of_both, NULL, 2, (const wg_var[]){ x, z });
    lab_close(b);
}

/* ---- lookups: each of x, index, update with rows or shared ---- */

typedef struct lookup { wg_var x, index, update; int axis; bool has_x, has_index; } lookup;

static int looked_up(const wg_var *in, wg_var *out, void *user)
{
    const lookup *l = user;
    const wg_var x = l->has_x ? in[0] : l->x;
    const wg_var index = l->has_index ? in[1] : l->index;
    out[0] = wg_gather(x, index, l->axis);
    return 0;
}

static int scattered(const wg_var *in, wg_var *out, void *user)
{
    const lookup *l = user;
    const wg_var x = l->has_x ? in[0] : l->x;
    const wg_var index = l->has_index ? in[1] : l->index;
    const wg_var update = wg_scale(wg_gather(x, index, l->axis), 0.3);
    out[0] = wg_scatter_add(x, index, update, l->axis);
    return 0;
}

Test(vmap, lookups_find_the_entries_of_their_own_row)
{
    const lab b = lab_open(2);
    int32_t place[ROWS * 4];
    for (int i = 0; i < ROWS * 4; i++) place[i] = (i * 7 + 1) % 3;
    const wg_var x = rows_of(b, 9, WG_SHAPE(3, 3, 3));
    const wg_var index = wg_constant(b.tape, wg_i32(place, WG_SHAPE(ROWS, 2, 2)));
    const wg_var all[2] = { x, index };
    for (int axis = 0; axis < 3; axis++)
        for (int kind = 1; kind < 4; kind++) {
            lookup l = { row(x, 2), row(index, 1), row(x, 0), axis, kind & 1, (kind & 2) != 0 };
            check_rows(b, looked_up, &l, 2, all);
            check_rows(b, scattered, &l, 2, all);
        }
    lab_close(b);
}

/* 3 is no entry of row 0, though row 1 begins there in memory. */
Test(vmap, an_index_out_of_its_row_is_refused)
{
    const lab b = lab_open(2);
    const int32_t place[ROWS] = { 0, 1, 3, 0, 0 };
    lookup l = { .axis = 0, .has_x = true, .has_index = true };
    const wg_var all[2] = { rows_of(b, 9, WG_SHAPE(3)),
                            wg_constant(b.tape, wg_i32(place, WG_SHAPE(ROWS))) };
    wg_var out;
    float values[ROWS];
    check_status(wg_vmap(looked_up, &l, 2, all, 1, &out), WG_OK);
    check_status(wg_read_f32(b.runtime, out, values, ROWS), WG_EINDEX);
    lab_close(b);
}

/* ---- derivatives ---- */

static int squared_norm(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    const wg_var y = wg_tanh(wg_mul(in[0], in[1]));
    const wg_var norm = wg_sum(wg_square(y), WG_ALL);
    out[0] = wg_grad(norm, in[0]);
    return 0;
}

Test(vmap, of_a_gradient_is_the_gradient_of_each_row)
{
    const lab b = lab_open(2);
    const wg_var in[2] = { rows_of(b, 10, WG_SHAPE(4)), rows_of(b, 11, WG_SHAPE(4)) };
    check_rows(b, squared_norm, NULL, 2, in);
    lab_close(b);
}

static int loss_by_weight(const wg_var *in, wg_var *out, void *user)
{
    const captured *w = user;
    const wg_var y = wg_tanh(wg_matmul(wg_expand(in[0], 0), w->x));
    out[0] = wg_grad(wg_sum(wg_square(y), WG_ALL), w->x);
    return 0;
}

/* By what all rows share: one gradient a row. */
Test(vmap, of_a_gradient_by_a_shared_weight_is_per_sample)
{
    const lab b = lab_open(2);
    captured w = { wg_constant(b.tape, wg_f32(numbers, WG_SHAPE(6, 4))) };
    const wg_var x = rows_of(b, 12, WG_SHAPE(6));
    check_rows(b, loss_by_weight, &w, 1, &x);
    lab_close(b);
}

static int inner_rows(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    return wg_vmap(squared_norm, NULL, 2, in, 1, out);
}

Test(vmap, of_a_vmap_has_two_axes_of_rows)
{
    const lab b = lab_open(2);
    const wg_var in[2] = { rows_of(b, 13, WG_SHAPE(3, 4)), rows_of(b, 14, WG_SHAPE(3, 4)) };
    check_rows(b, inner_rows, NULL, 2, in);
    lab_close(b);
}

static int shared_product(const wg_var *in, wg_var *out, void *user)
{
    out[0] = wg_mul(in[0], ((const captured *)user)->x);
    return 0;
}

/* The derivative of a vmap: by the rows, and by what they share. */
Test(vmap, is_differentiated_as_the_ops_it_stands_for)
{
    const lab b = lab_open(2);
    captured w = { wg_constant(b.tape, wg_f32(numbers, WG_SHAPE(4))) };
    const wg_var x = rows_of(b, 15, WG_SHAPE(4));
    wg_var out;
    check_status(wg_vmap(shared_product, &w, 1, &x, 1, &out), WG_OK);
    check_same(b, wg_grad(wg_sum(out, WG_ALL), w.x),
               wg_grad(wg_sum(wg_mul(x, w.x), WG_ALL), w.x));
    lab_close(b);
}

/* ---- randomness ---- */

typedef struct noisy { wg_scope scope; } noisy;

static int draw(const wg_var *in, wg_var *out, void *user)
{
    const noisy *n = user;
    out[0] = wg_add(in[0], wg_uniform(n->scope, "noise", WG_F32, WG_SHAPE(3)));
    return 0;
}

/* The draw is the draw of the batched shape, so rows differ. */
Test(vmap, draws_the_batched_shape)
{
    const lab b = lab_open(2);
    wg_params *params = wg_params_create(NULL);
    noisy n = { wg_scope_shared(wg_scope_root(b.tape, params, WG_EVALUATION), "s") };
    const wg_var x = rows_of(b, 16, WG_SHAPE(3));
    wg_var out;
    check_status(wg_vmap(draw, &n, 1, &x, 1, &out), WG_OK);
    float found[ROWS * 3], zero[ROWS * 3], expected[ROWS * 3];
    check_msg(wg_read_f32(b.runtime, out, found, ROWS * 3) == WG_OK, "%s",
              wg_tape_message(b.tape));
    check_status(wg_read_f32(b.runtime, x, zero, ROWS * 3), WG_OK);
    check_status(wg_tape_reset(b.tape), WG_OK);
    const wg_scope again = wg_scope_shared(wg_scope_root(b.tape, params, WG_EVALUATION), "s");
    const wg_var whole = wg_uniform(again, "noise", WG_F32, WG_SHAPE(ROWS, 3));
    check_status(wg_read_f32(b.runtime, whole, expected, ROWS * 3), WG_OK);
    for (int i = 0; i < ROWS * 3; i++) check_close(found[i], zero[i] + expected[i], 0);
    wg_params_free(params);
    lab_close(b);
}

/* ---- batches ---- */

/* Rows that are samples stay samples: shards of any size give the same bits. */
Test(vmap, of_a_batch_is_the_same_on_any_number_of_threads)
{
    float data[64 * 6], one[64 * 24], other[64 * 24];
    for (int i = 0; i < 64 * 6; i++) data[i] = (float)(i % 17) / 9.0f - 0.7f;
    for (int threads = 1; threads < 4; threads += 2) {
        wg_runtime *runtime =
            wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
        wg_tape *tape = wg_tape_create(NULL);
        captured w = { wg_input(tape, "w", wg_f32(data, WG_SHAPE(6, 4))) };
        const wg_var x = wg_batch(tape, "x", wg_f32(data, WG_SHAPE(64, 6)));
        wg_var out;
        check_status(wg_vmap(loss_by_weight, &w, 1, &x, 1, &out), WG_OK);
        check_msg(wg_read_f32(runtime, out, threads == 1 ? one : other, 64 * 24) == WG_OK, "%s",
                  wg_tape_message(tape));
        wg_tape_free(tape);
        wg_runtime_free(runtime);
    }
    check_bytes(one, other, sizeof one);
}

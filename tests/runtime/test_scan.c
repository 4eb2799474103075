/* Scans: the steps of a recording, unrolled by hand, are what a scan must give: the same bits as
 * values, the same derivatives up to the order of sums. */
#include "runtime/internal.h"
#include "support/memory.h"
#include "support/test.h"

#include <math.h>
#include <string.h>
#include <wengert/wengert.h>

enum { STEPS_MAX = 33, ROWS = 3, WIDTH = 5, INPUTS = 4 };

static double wave(int64_t i)
{
    return (double)((i * 2654435761u) % 4096) / 2048.0 - 1;
}

/* ---- a cell, and both ways to run it ---- */

/* Weights from outside. */
typedef struct cell { wg_var w, u, b; } cell;

/* Carries: state [ROWS, WIDTH] and a count of steps. y: the state times the count, and whether its
 * first element is positive. */
static int cell_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const cell *c = user;
    const wg_var sum = wg_add(wg_add(wg_matmul(carry[0], c->w), wg_matmul(x[0], c->u)), c->b);
    carry[1] = wg_add(carry[1], wg_number(carry[1], 1));
    carry[0] = wg_tanh(sum);
    y[0] = wg_mul(carry[0], wg_cast(carry[1], wg_dtype_of(sum)));
    y[1] = wg_gt(sum, wg_number(sum, 0));
    return 0;
}

static wg_var part_of(wg_var x, int64_t t)
{
    return wg_squeeze(wg_slice(x, 0, t, t + 1, 1), WG_AXES(0));
}

/* The steps one by one. */
static void unroll(wg_scan_body *body, void *user, int64_t carry_count, wg_var *carry, wg_var x,
                   int64_t y_count, wg_var *y, bool reverse)
{
    wg_var all[4][STEPS_MAX];
    const int64_t length = wg_extent(x, 0);
    for (int64_t i = 0; i < length; i++) {
        const int64_t t = reverse ? length - 1 - i : i;
        const wg_var part = part_of(x, t);
        wg_var out[4];
        check_status(body(carry, &part, out, user), WG_OK);
        for (int64_t k = 0; k < y_count; k++) all[k][t] = out[k];
    }
    (void)carry_count;
    for (int64_t k = 0; k < y_count; k++) y[k] = wg_stack(length, all[k], 0);
}

typedef struct problem {
    int64_t length, every;
    bool reverse, is_scan;
    wg_dtype dtype;
} problem;

static double data[4][STEPS_MAX * ROWS * INPUTS];

static wg_var input_of(wg_tape *tape, int i, wg_dtype dtype, wg_shape shape)
{
    const int64_t count = wg_shape_count(shape);
    for (int64_t j = 0; j < count; j++) data[i][j] = 0.7 * wave(1000 * i + j + 1);
    return wg_cast(wg_input(tape, NULL, wg_f64(data[i], shape)), dtype);
}

enum { X, W, U, B, STATE, IN_COUNT };
typedef struct recorded { wg_var in[IN_COUNT], carry[2], y[2], loss; } recorded;

static void record(wg_tape *tape, const problem *p, recorded *r)
{
    static double state[ROWS * WIDTH];
    for (int i = 0; i < ROWS * WIDTH; i++) state[i] = 0.3 * wave(i + 77);
    const wg_var zero = wg_full(tape, WG_I32, WG_SCALAR, 0);
    r->in[X] = input_of(tape, 0, p->dtype, WG_SHAPE(p->length, ROWS, INPUTS));
    r->in[W] = input_of(tape, 1, p->dtype, WG_SHAPE(WIDTH, WIDTH));
    r->in[U] = input_of(tape, 2, p->dtype, WG_SHAPE(INPUTS, WIDTH));
    r->in[B] = input_of(tape, 3, p->dtype, WG_SHAPE(WIDTH));
    r->in[STATE] = wg_cast(wg_input(tape, NULL, wg_f64(state, WG_SHAPE(ROWS, WIDTH))), p->dtype);
    cell c = { r->in[W], r->in[U], r->in[B] };
    r->carry[0] = r->in[STATE];
    r->carry[1] = zero;
    if (p->is_scan)
        check_msg(wg_scan(cell_step, &c, 2, r->carry, 1, &r->in[X], 2, r->y,
                          WG_OPTIONS(wg_scan_options, .reverse = p->reverse,
                                     .recompute_every = p->every)) == WG_OK,
                  "%s", wg_tape_message(tape));
    else
        unroll(cell_step, &c, 2, r->carry, r->in[X], 2, r->y, p->reverse);
    r->loss = wg_add(wg_sum(wg_square(r->y[0]), WG_ALL), wg_sum(r->carry[0], WG_ALL));
}

static double read_all(wg_runtime *runtime, wg_tape *tape, wg_var x, double *out)
{
    const int64_t count = wg_shape_count(wg_shape_of(x));
    double largest = 0;
    const int status = wg_read_f64(runtime, wg_cast(x, WG_F64), out, count);
    check_msg(status >= 0, "%s", wg_tape_message(tape));
    for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs(out[i]));
    return largest;
}

static void check_alike(wg_runtime *runtime, wg_tape *tape, wg_var found, wg_var expected,
                        double tolerance)
{
    static double x[STEPS_MAX * ROWS * WIDTH], y[STEPS_MAX * ROWS * WIDTH];
    const wg_shape shape = wg_shape_of(expected);
    check_equal_i(wg_shape_of(found).rank, shape.rank);
    for (int i = 0; i < shape.rank; i++) check_equal_i(wg_shape_of(found).dim[i], shape.dim[i]);
    const int64_t count = wg_shape_count(shape);
    read_all(runtime, tape, found, x);
    const double largest = read_all(runtime, tape, expected, y);
    for (int64_t i = 0; i < count; i++)
        check_msg(fabs(x[i] - y[i]) <= tolerance * (largest + 1e-300),
                  "element %lld: %.17g, not %.17g", (long long)i, x[i], y[i]);
}

static wg_runtime *runtime_of(int threads)
{
    return wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
}

/* Values bit for bit, at lengths 1, 2, 33, from either end, all kept or in parts. */
Test(scan, steps_have_the_bits_of_the_unrolled_ones)
{
    const int64_t length[] = { 1, 2, 7, STEPS_MAX };
    const int64_t every[] = { 0, 1, 3, 100 };
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    for (int i = 0; i < 4 * 4 * 2 * 2; i++) {
        problem p = { .length = length[i % 4], .every = every[i / 4 % 4], .reverse = i / 16 % 2,
                      .dtype = i / 32 ? WG_F64 : WG_F32 };
        recorded plain, scan;
        wg_tape_reset(tape);
        record(tape, &p, &plain);
        p.is_scan = true;
        record(tape, &p, &scan);
        for (int k = 0; k < 2; k++) {
            check_alike(runtime, tape, scan.carry[k], plain.carry[k], 0);
            check_alike(runtime, tape, scan.y[k], plain.y[k], 0);
        }
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* One sum of the gradients of all, whose gradient is the next order. */
static wg_var mixed(const wg_var *gradient)
{
    wg_var sum = wg_sum(wg_square(gradient[0]), WG_ALL);
    for (int i = 1; i < IN_COUNT; i++) {
        const wg_var scaled = wg_scale(gradient[i], 1 + 0.1 * i);
        sum = wg_add(sum, wg_sum(wg_square(scaled), WG_ALL));
    }
    return sum;
}

/* f64: sums in another order differ by some roundings, which each order multiplies. */
static void derivatives_compare(const problem *of, int orders)
{
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    problem p = *of;
    recorded plain, scan;
    record(tape, &p, &plain);
    p.is_scan = true;
    record(tape, &p, &scan);
    for (int order = 1; order <= orders; order++) {
        wg_var g[2][IN_COUNT];
        check_msg(wg_grads(plain.loss, IN_COUNT, plain.in, g[0]) == WG_OK, "%s",
                  wg_tape_message(tape));
        check_msg(wg_grads(scan.loss, IN_COUNT, scan.in, g[1]) == WG_OK, "%s",
                  wg_tape_message(tape));
        for (int i = 0; i < IN_COUNT; i++)
            check_alike(runtime, tape, g[1][i], g[0][i], 1e-12 * pow(10, order - 1));
        plain.loss = mixed(g[0]);
        scan.loss = mixed(g[1]);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(scan, derivatives_to_order_3_are_those_of_the_unrolled_steps)
{
    const int64_t length[] = { 1, 2, 6 };
    for (int i = 0; i < 6; i++)
        derivatives_compare(&(problem){ .length = length[i % 3], .reverse = i / 3,
                                        .dtype = WG_F64 }, 3);
    derivatives_compare(&(problem){ .length = STEPS_MAX, .dtype = WG_F64 }, 1);
}

/* ---- scans that are ops of their own ---- */

static int sums(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)user;
    y[0] = carry[0] = wg_add(carry[0], x[0]);
    return 0;
}

/* a is a power of two, so that the product is exact and the step rounds once, as the op does. */
static int recurs(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)user;
    y[0] = carry[0] = wg_add(wg_mul(x[0], carry[0]), x[1]);
    return 0;
}

Test(scan, sums_and_recurrences_have_the_bits_of_their_ops)
{
    enum { COLUMNS = 19 };
    static float x[STEPS_MAX * COLUMNS], a[STEPS_MAX * COLUMNS];
    static float found[STEPS_MAX * COLUMNS], expected[STEPS_MAX * COLUMNS];
    for (int i = 0; i < STEPS_MAX * COLUMNS; i++) {
        x[i] = (float)wave(i);
        a[i] = i % 3 == 0 ? -0.5f : i % 3 == 1 ? 1.0f : 0.25f;
    }
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    for (int i = 0; i < 4; i++) {
        wg_tape_reset(tape);
        const wg_shape shape = WG_SHAPE(STEPS_MAX, COLUMNS);
        const wg_var in[2] = { wg_input(tape, NULL, wg_f32(i < 2 ? x : a, shape)),
                               wg_input(tape, NULL, wg_f32(x, shape)) };
        const bool reverse = i % 2;
        wg_var state = wg_full(tape, WG_F32, WG_SHAPE(COLUMNS), i < 2 ? -0.0 : 0);
        wg_var y;
        check_status(wg_scan(i < 2 ? sums : recurs, NULL, 1, &state, i < 2 ? 1 : 2, in, 1, &y,
                             WG_OPTIONS(wg_scan_options, .reverse = reverse)), WG_OK);
        const wg_var op = i < 2 ? wg_cumsum(in[0], 0, false, reverse)
                                : wg_linear_recurrence(in[0], in[1], 0, reverse);
        check_msg(wg_read_f32(runtime, y, found, STEPS_MAX * COLUMNS) >= 0, "%s",
                  wg_tape_message(tape));
        check_status(wg_read_f32(runtime, op, expected, STEPS_MAX * COLUMNS), WG_OK);
        check_bytes(found, expected, sizeof found);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* No step: carries are what they were, stacks are empty, gradients are those of the carries. */
Test(scan, may_have_no_steps)
{
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    for (int every = 0; every < 2; every++) {
        recorded r;
        wg_tape_reset(tape);
        record(tape, &(problem){ .every = every, .is_scan = true, .dtype = WG_F64 }, &r);
        check_equal_i(wg_extent(r.y[0], 0), 0);
        check_alike(runtime, tape, r.carry[0], r.in[STATE], 0);
        wg_var g[IN_COUNT];
        double by[IN_COUNT][STEPS_MAX];
        check_msg(wg_grads(r.loss, IN_COUNT, r.in, g) == WG_OK, "%s", wg_tape_message(tape));
        check_close(read_all(runtime, tape, g[STATE], by[STATE]), 1, 0);
        check_close(by[STATE][0], 1, 0);
        check_close(read_all(runtime, tape, g[W], by[W]), 0, 0);
        check_close(read_all(runtime, tape, g[X], by[X]), 0, 0);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* ---- what is computed, and where ---- */

static int64_t matmuls_of(const wg__plan *plan)
{
    int64_t count = 0;
    for (int64_t i = 0; i < plan->order_count; i++)
        count += plan->value[plan->order[i]].op == WG__OP_matmul;
    return count;
}

/* Two loops, forward and reverse. In a step two products, and two in a step back: those of the
 * state and of x. Those of the weights, and no others, lie outside. */
Test(scan, gradients_of_weights_are_one_product_each_after_the_loop)
{
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    recorded r;
    wg_var g[IN_COUNT];
    record(tape, &(problem){ .length = 9, .is_scan = true, .dtype = WG_F32 }, &r);
    check_status(wg_grads(r.loss, IN_COUNT, r.in, g), WG_OK);
    wg_program *program = wg_compile(runtime, tape, IN_COUNT, g);
    check_msg(program != NULL, "%s", wg_tape_message(tape));
    const wg__plan *plan = program->frame->plan;
    int64_t loops = 0;
    int64_t inside = 0;
    for (const wg__loop *loop = plan->loop; loop != NULL; loop = loop->next) {
        loops++;
        inside += matmuls_of(loop->body);
    }
    check_equal_i(loops, 2);
    check_equal_i(inside, 4);
    check_equal_i(matmuls_of(plan), 2);
    wg_program_free(program);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* tanh(h w) and x: what a step back reads is the derivative of tanh and the state before, which
 * the product for w reads too. Nothing else is stacked, and the count of steps is not counted. */
Test(scan, keeps_what_a_step_back_reads)
{
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    recorded r;
    record(tape, &(problem){ .length = 9, .is_scan = true, .dtype = WG_F32 }, &r);
    const wg_var gradient = wg_grad(wg_sum(r.carry[0], WG_ALL), r.in[W]);
    wg_program *program = wg_compile(runtime, tape, 1, &gradient);
    check_msg(program != NULL, "%s", wg_tape_message(tape));
    for (const wg__loop *loop = program->frame->plan->loop; loop != NULL; loop = loop->next) {
        check_equal_i(loop->carry_count, 1);
        check_equal_i(loop->result_count - loop->carry_count, loop->is_reverse ? 1 : 2);
    }
    wg_program_free(program);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

static size_t bytes_with(int64_t every)
{
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    enum { LENGTH = 256, SIZE = 128 };
    static float x[LENGTH * SIZE];
    const wg_var in = wg_input(tape, NULL, wg_f32(x, WG_SHAPE(LENGTH, 1, SIZE)));
    const wg_var w = wg_full(tape, WG_F32, WG_SHAPE(SIZE, SIZE), 0.01);
    cell c = { w, w, wg_full(tape, WG_F32, WG_SHAPE(SIZE), 0.1) };
    wg_var carry[2] = { wg_full(tape, WG_F32, WG_SHAPE(1, SIZE), 0),
                        wg_full(tape, WG_I32, WG_SCALAR, 0) };
    wg_var y[2];
    check_status(wg_scan(cell_step, &c, 2, carry, 1, &in, 2, y,
                         WG_OPTIONS(wg_scan_options, .recompute_every = every)), WG_OK);
    const wg_var g = wg_grad(wg_sum(carry[0], WG_ALL), in);
    static float out[LENGTH * SIZE];
    check_msg(wg_read_f32(runtime, g, out, LENGTH * SIZE) >= 0, "%s", wg_tape_message(tape));
    const size_t bytes = runtime->workspace_bytes + runtime->worker[0].scratch_bytes;
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    return bytes;
}

/* Of 256 carries 16 are kept, and what 16 steps read. */
Test(scan, recomputation_keeps_less_and_gives_the_same_bits)
{
    const size_t all = bytes_with(0);
    const size_t parts = bytes_with(16);
    check_msg(4 * parts < 3 * all, "%zu bytes instead of %zu", parts, all);

    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    for (int i = 0; i < 8; i++) {
        problem p = { .length = 11, .is_scan = true, .reverse = i % 2, .dtype = WG_F64 };
        recorded plain, again;
        wg_tape_reset(tape);
        record(tape, &p, &plain);
        p.every = 1 + i / 2 * 2;
        record(tape, &p, &again);
        wg_var g[2][IN_COUNT];
        check_status(wg_grads(plain.loss, IN_COUNT, plain.in, g[0]), WG_OK);
        check_msg(wg_grads(again.loss, IN_COUNT, again.in, g[1]) == WG_OK, "%s",
                  wg_tape_message(tape));
        check_alike(runtime, tape, again.y[0], plain.y[0], 0);
        check_alike(runtime, tape, g[1][X], g[0][X], 0);
        check_alike(runtime, tape, g[1][STATE], g[0][STATE], 0);
        check_alike(runtime, tape, g[1][W], g[0][W], 1e-13);   /* sums of parts, then of these */
        const wg_var second[2] = { wg_grad(mixed(g[0]), plain.in[W]),
                                   wg_grad(mixed(g[1]), again.in[W]) };
        check_alike(runtime, tape, second[1], second[0], 1e-11);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* ---- with the other transforms ---- */

/* One row: x [t, INPUTS], h [WIDTH], w [WIDTH, WIDTH]. */
static int row_scan(const wg_var *in, wg_var *out, void *user)
{
    cell c = *(const cell *)user;
    c.w = in[2];
    wg_var carry[2] = { wg_expand(in[1], 0), wg_full(in[0].tape, WG_I32, WG_SCALAR, 0) };
    const wg_var x = wg_expand(in[0], 1);
    wg_var y[2];
    const int status = wg_scan(cell_step, &c, 2, carry, 1, &x, 2, y, NULL);
    out[0] = y[0];
    out[1] = wg_grad(wg_sum(wg_square(y[0]), WG_ALL), in[2]);
    out[2] = wg_grad(wg_sum(wg_square(y[0]), WG_ALL), in[0]);
    return status;
}

Test(scan, goes_row_by_row_in_vmap)
{
    enum { LENGTH = 5 };
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    cell c = { .u = input_of(tape, 2, WG_F32, WG_SHAPE(INPUTS, WIDTH)),
               .b = input_of(tape, 3, WG_F32, WG_SHAPE(WIDTH)) };
    const wg_var in[3] = { input_of(tape, 0, WG_F32, WG_SHAPE(ROWS, LENGTH, INPUTS)),
                           input_of(tape, 1, WG_F32, WG_SHAPE(ROWS, WIDTH)),
                           wg_scale(wg_cast(wg_iota(tape, WG_F64, ROWS * WIDTH * WIDTH), WG_F32),
                                    0.005) };
    const wg_var weights = wg_reshape(in[2], WG_SHAPE(ROWS, WIDTH, WIDTH));
    const wg_var all[3] = { in[0], in[1], weights };
    wg_var out[3];
    check_msg(wg_vmap(row_scan, &c, 3, all, 3, out) == WG_OK, "%s", wg_tape_message(tape));
    for (int64_t row = 0; row < ROWS; row++) {
        const wg_var alone[3] = { part_of(in[0], row), part_of(in[1], row),
                                  part_of(weights, row) };
        wg_var of_row[3];
        check_status(row_scan(alone, of_row, &c), WG_OK);
        for (int k = 0; k < 3; k++)
            check_alike(runtime, tape, part_of(out[k], row), of_row[k], 0);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* A scan over the rows of each x, within a scan. */
static int outer_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    wg_var inner[2] = { carry[0], carry[1] };
    const wg_var parts = wg_expand(x[0], 1);   /* [ROWS, 1, INPUTS] */
    wg_var each[2];
    const int status = wg_scan(cell_step, user, 2, inner, 1, &parts, 2, each, NULL);
    carry[0] = inner[0];
    carry[1] = inner[1];
    y[0] = wg_sum(each[0], WG_AXES(0));
    y[1] = wg_any(each[1], WG_AXES(0));
    return status;
}

static int outer_unrolled(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    wg_var each[2];
    unroll(cell_step, user, 2, carry, wg_expand(x[0], 1), 2, each, false);
    y[0] = wg_sum(each[0], WG_AXES(0));
    y[1] = wg_any(each[1], WG_AXES(0));
    return 0;
}

Test(scan, goes_within_a_scan)
{
    enum { LENGTH = 4 };
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = input_of(tape, 0, WG_F64, WG_SHAPE(LENGTH, ROWS, INPUTS));
    cell c = { input_of(tape, 1, WG_F64, WG_SHAPE(WIDTH, WIDTH)),
               input_of(tape, 2, WG_F64, WG_SHAPE(INPUTS, WIDTH)),
               input_of(tape, 3, WG_F64, WG_SHAPE(WIDTH)) };
    wg_var y[2][2], g[2][4], loss[2];
    for (int i = 0; i < 2; i++) {
        wg_var carry[2] = { wg_full(tape, WG_F64, WG_SHAPE(1, WIDTH), 0.1),
                            wg_full(tape, WG_I32, WG_SCALAR, 0) };
        if (i == 0) unroll(outer_unrolled, &c, 2, carry, x, 2, y[i], false);
        else check_msg(wg_scan(outer_step, &c, 2, carry, 1, &x, 2, y[i], NULL) == WG_OK, "%s",
                       wg_tape_message(tape));
        loss[i] = wg_add(wg_sum(wg_square(y[i][0]), WG_ALL), wg_sum(carry[0], WG_ALL));
    }
    for (int k = 0; k < 2; k++) check_alike(runtime, tape, y[1][k], y[0][k], 0);
    const wg_var by[4] = { x, c.w, c.u, c.b };
    for (int order = 1; order <= 2; order++) {
        for (int i = 0; i < 2; i++) {
            check_msg(wg_grads(loss[i], 4, by, g[i]) == WG_OK, "%s", wg_tape_message(tape));
            loss[i] = wg_add(wg_sum(wg_square(g[i][0]), WG_ALL),
                             wg_sum(wg_square(g[i][1]), WG_ALL));
        }
        for (int k = 0; k < 4; k++) check_alike(runtime, tape, g[1][k], g[0][k], 1e-11);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

static int recomputed(const wg_var *in, wg_var *out, void *user)
{
    wg_var carry[2] = { in[1], wg_full(in[0].tape, WG_I32, WG_SCALAR, 0) };
    wg_var y[2];
    const int status = wg_scan(cell_step, user, 2, carry, 1, in, 2, y, NULL);
    out[0] = y[0];
    return status;
}

/* Recomputed, and forward over reverse: against the unrolled steps. */
Test(scan, goes_with_recomputation_and_forward_derivatives)
{
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    problem p = { .length = 6, .dtype = WG_F64 };
    recorded plain, scan;
    record(tape, &p, &plain);
    p.is_scan = true;
    record(tape, &p, &scan);
    cell c = { scan.in[W], scan.in[U], scan.in[B] };
    const wg_var in[2] = { scan.in[X], scan.in[STATE] };
    wg_var y;
    check_msg(wg_recompute(recomputed, &c, 2, in, 1, &y) == WG_OK, "%s", wg_tape_message(tape));
    const wg_var by[2] = { scan.in[W], scan.in[X] }, plain_by[2] = { plain.in[W], plain.in[X] };
    wg_var g[2], expected[2];
    check_status(wg_grads(wg_sum(wg_square(y), WG_ALL), 2, by, g), WG_OK);
    check_status(wg_grads(wg_sum(wg_square(plain.y[0]), WG_ALL), 2, plain_by, expected), WG_OK);
    for (int i = 0; i < 2; i++) check_alike(runtime, tape, g[i], expected[i], 1e-12);

    const wg_var along[2] = { wg_sin(plain.in[W]), wg_sin(scan.in[W]) };
    check_alike(runtime, tape, wg_jvp(scan.y[0], scan.in[W], along[1]),
                wg_jvp(plain.y[0], plain.in[W], along[0]), 1e-12);
    check_alike(runtime, tape, wg_hvp(scan.loss, scan.in[W], along[1]),
                wg_hvp(plain.loss, plain.in[W], along[0]), 1e-11);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* x [t, ROWS, INPUTS], w, h as functions of which a checker asks. */
static int checked(const wg_var *in, wg_var *out, void *user)
{
    cell c = { in[1], in[2], wg_full(in[0].tape, WG_F64, WG_SHAPE(WIDTH), 0.1) };
    wg_var carry[2] = { in[3], wg_full(in[0].tape, WG_I32, WG_SCALAR, 0) };
    wg_var y[2];
    const int status = wg_scan(cell_step, &c, 2, carry, 1, in, 2, y, user);
    out[0] = wg_add(wg_sum(wg_square(y[0]), WG_ALL), wg_sum(carry[0], WG_ALL));
    return status;
}

Test(scan, passes_the_gradient_checker_to_order_3)
{
    static double x[3 * 2 * INPUTS], w[WIDTH * WIDTH], u[INPUTS * WIDTH], h[2 * WIDTH];
    for (int i = 0; i < 3 * 2 * INPUTS; i++) x[i] = wave(i);
    for (int i = 0; i < WIDTH * WIDTH; i++) w[i] = 0.5 * wave(i + 100);
    for (int i = 0; i < INPUTS * WIDTH; i++) u[i] = 0.5 * wave(i + 200);
    for (int i = 0; i < 2 * WIDTH; i++) h[i] = 0.5 * wave(i + 300);
    const wg_view in[4] = { wg_f64(x, WG_SHAPE(3, 2, INPUTS)), wg_f64(w, WG_SHAPE(WIDTH, WIDTH)),
                            wg_f64(u, WG_SHAPE(INPUTS, WIDTH)), wg_f64(h, WG_SHAPE(2, WIDTH)) };
    wg_runtime *runtime = runtime_of(1);
    for (int i = 0; i < 3; i++) {
        wg_scan_options options = { .reverse = i == 1, .recompute_every = i == 2 ? 2 : 0 };
        wg_error error = { 0 };
        const int status = wg_check_gradient(runtime, checked, &options, 4, in,
                                             WG_OPTIONS(wg_check_options, .order = i < 2 ? 3 : 2),
                                             NULL, &error);
        check_msg(status >= 0, "%s", error.message);
    }
    wg_runtime_free(runtime);
}

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
Test(scan, draws_anew_at_each_step_and_again_what_it_drew)
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

Test(scan, a_loop_allocates_nothing_after_its_first_steps)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    check_status(train_all(&allocator, &memory), WG_OK);
    check_memory(&memory);
}

Test(scan, without_memory_nothing_is_left_behind)
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
Test(scan, bits_do_not_depend_on_threads_and_shards)
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
Test(scan, steps_may_call_kernels_of_the_caller)
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
Test(scan, is_found_when_its_steps_are_not_finite)
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

/* ---- rules, rows of scans in parts, Jacobians ---- */

/* d(x^2) = 3 x g: a rule that is wrong on purpose, so that it is seen. */
static int odd_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)y, (void)user;
    gradient[0] = wg_scale(wg_mul(in[0], cotangent), 3);
    return 0;
}

static int ruled_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const wg_var sum = wg_add(wg_mul(carry[0], *(const wg_var *)user), x[0]);
    carry[0] = wg_custom_vjp(wg_square(sum), 1, &sum, odd_rule, NULL);
    y[0] = wg_stop_gradient(carry[0]);
    return 0;
}

Test(scan, steps_may_have_rules_of_their_own)
{
    enum { LENGTH = 4 };
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_scale(input_of(tape, 0, WG_F64, WG_SHAPE(LENGTH, WIDTH)), 0.5);
    wg_var w = input_of(tape, 1, WG_F64, WG_SHAPE(WIDTH));
    wg_var loss[2];
    for (int i = 0; i < 2; i++) {
        wg_var carry = wg_full(tape, WG_F64, WG_SHAPE(WIDTH), 0.5);
        wg_var y;
        if (i == 0) unroll(ruled_step, &w, 1, &carry, x, 1, &y, false);
        else check_status(wg_scan(ruled_step, &w, 1, &carry, 1, &x, 1, &y, NULL), WG_OK);
        loss[i] = wg_add(wg_sum(carry, WG_ALL), wg_sum(wg_square(y), WG_ALL));
    }
    for (int order = 1; order <= 2; order++) {
        const wg_var g[2] = { wg_grad(loss[0], w), wg_grad(loss[1], w) };
        const wg_var h[2] = { wg_grad(loss[0], x), wg_grad(loss[1], x) };
        check_alike(runtime, tape, g[1], g[0], 1e-12);
        check_alike(runtime, tape, h[1], h[0], 1e-12);
        for (int i = 0; i < 2; i++) loss[i] = wg_sum(wg_square(g[i]), WG_ALL);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
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
Test(scan, rows_of_vmap_draw_apart)
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

Test(scan, has_jacobians)
{
    wg_runtime *runtime = runtime_of(1);
    wg_tape *tape = wg_tape_create(NULL);
    problem p = { .length = 3, .dtype = WG_F64 };
    recorded plain, scan;
    record(tape, &p, &plain);
    p.is_scan = true;
    record(tape, &p, &scan);
    const wg_var found = wg_jacobian(scan.carry[0], scan.in[STATE]);
    const wg_var expected = wg_jacobian(plain.carry[0], plain.in[STATE]);
    const wg_shape flat = WG_SHAPE(ROWS * WIDTH * ROWS * WIDTH);
    check_alike(runtime, tape, wg_reshape(found, flat), wg_reshape(expected, flat), 1e-13);
    const wg_var curve[2] = { wg_hessian(scan.loss, scan.in[B]),
                              wg_hessian(plain.loss, plain.in[B]) };
    check_alike(runtime, tape, curve[0], curve[1], 1e-12);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

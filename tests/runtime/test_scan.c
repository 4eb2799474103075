/* Scans: values and derivatives, what they compute and where, what they keep. */
#include "runtime/cell.h"
#include "runtime/internal.h"

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

/* Scans with the other transforms: vmap, scans within scans, recomputation, forward derivatives,
 * rules of their own, Jacobians. */
#include "runtime/cell.h"

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

Test(scan_transform, goes_row_by_row_in_vmap)
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
    unroll(cell_step, user, carry, wg_expand(x[0], 1), 2, each, false);
    y[0] = wg_sum(each[0], WG_AXES(0));
    y[1] = wg_any(each[1], WG_AXES(0));
    return 0;
}

Test(scan_transform, goes_within_a_scan)
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
        if (i == 0) unroll(outer_unrolled, &c, carry, x, 2, y[i], false);
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
Test(scan_transform, goes_with_recomputation_and_forward_derivatives)
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

Test(scan_transform, passes_the_gradient_checker_to_order_3)
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

/* ---- rules and Jacobians ---- */

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

Test(scan_transform, steps_may_have_rules_of_their_own)
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
        if (i == 0) unroll(ruled_step, &w, &carry, x, 1, &y, false);
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

Test(scan_transform, has_jacobians)
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

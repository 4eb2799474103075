/* Derivatives and kernels of one's own. Expected values are formulas in double. */
#include "graph/lab.h"
#include "support/memory.h"

#include <math.h>
#include <string.h>
#include <wengert/wengert.h>

static const double three[3] = { 0.5, -1.25, 2 };

static wg_var input(lab b)
{
    return wg_input(b.tape, NULL, wg_f64(three, WG_SHAPE(3)));
}

static void check_values(lab b, wg_var x, const double *expected)
{
    double found[3];
    const int status = wg_read_f64(b.runtime, x, found, 3);
    check_msg(status == WG_OK, "%s", wg_explain(status, b.tape, NULL));
    for (int i = 0; i < 3; i++) check_close(found[i], expected[i], 1e-14 * (1 + fabs(expected[i])));
}

static wg_var slope(wg_var y, wg_var x)
{
    return wg_grad(wg_sum(y, WG_ALL), x);
}

/* ---- rules ---- */

static int scaled_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)in;
    (void)y;
    gradient[0] = wg_scale(cotangent, *(const double *)user);
    return 0;
}

/* user need not outlive the call. */
static wg_var reversed(wg_var x)
{
    double factor = -0.5;
    wg_var y = wg_custom_vjp(x, 1, &x, scaled_rule, &factor);
    factor = 1e9;
    return y;
}

Test(custom, the_value_is_untouched_and_the_derivative_the_rule_s)
{
    const lab b = lab_open(1);
    const wg_var x = input(b);
    const wg_var y = reversed(wg_square(x));
    check_values(b, y, (const double[]){ 0.25, 1.5625, 4 });
    check_values(b, slope(y, x), (const double[]){ -0.5, 1.25, -2 });
    lab_close(b);
}

/* y = exp(x) with dy = g y: the rule by its result is right to any order. */
static int exp_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)in;
    (void)user;
    gradient[0] = wg_mul(cotangent, y);
    return 0;
}

Test(custom, a_rule_by_its_result_is_differentiated_again)
{
    const lab b = lab_open(1);
    const wg_var x = input(b);
    const wg_var y = wg_custom_vjp(wg_exp(x), 1, &x, exp_rule, NULL);
    const double expected[3] = { exp(three[0]), exp(three[1]), exp(three[2]) };
    const wg_var second = slope(slope(y, x), x);
    check_values(b, second, expected);
    check_values(b, slope(second, x), expected);
    lab_close(b);
}

/* Two inputs, one of them an integer, and a value from outside. */
typedef struct outside { wg_var weight; } outside;

static int product_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)y;
    gradient[0] = wg_mul(cotangent, wg_cast(in[1], WG_F64));
    gradient[0] = wg_mul(gradient[0], ((const outside *)user)->weight);
    return 0;
}

Test(custom, a_rule_may_use_values_from_outside_and_leave_integers_out)
{
    const lab b = lab_open(1);
    const int32_t counts[3] = { 1, 2, 3 };
    const wg_var in[2] = { input(b), wg_input(b.tape, NULL, wg_i32(counts, WG_SHAPE(3))) };
    outside w = { input(b) };
    const wg_var y = wg_mul(in[0], wg_cast(in[1], WG_F64));
    const wg_var z = wg_custom_vjp(y, 2, in, product_rule, &w);
    const wg_var first = slope(z, in[0]);
    check_values(b, first, (const double[]){ 0.5, -2.5, 6 });
    check_values(b, slope(first, w.weight), (const double[]){ 1, 2, 3 });
    lab_close(b);
}

/* What the rule does not list is constant to the derivative. */
Test(custom, nothing_flows_to_what_is_not_listed)
{
    const lab b = lab_open(1);
    const wg_var x = input(b);
    const wg_var z = input(b);
    const wg_var y = wg_custom_vjp(wg_mul(x, z), 1, &x, exp_rule, NULL);
    check_values(b, slope(y, z), (const double[]){ 0, 0, 0 });
    lab_close(b);
}

static int squares_by_exp(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    const wg_var y = wg_custom_vjp(wg_exp(in[0]), 1, in, exp_rule, NULL);
    const wg_var first = wg_grad(wg_sum(y, WG_ALL), in[0]);
    out[0] = wg_grad(wg_sum(wg_square(first), WG_ALL), in[0]);   /* 2 exp(2 x) */
    return 0;
}

/* Inside, the derivative is taken per row; outside, that of the rows through the batched rule. */
Test(custom, rules_go_with_the_rows_of_a_vmap)
{
    const lab b = lab_open(1);
    const wg_var x = wg_reshape(input(b), WG_SHAPE(3, 1));
    wg_var y;
    check_status(wg_vmap(squares_by_exp, NULL, 1, &x, 1, &y), WG_OK);
    double expected[3];
    for (int i = 0; i < 3; i++) expected[i] = 2 * exp(2 * three[i]);
    check_values(b, y, expected);
    for (int i = 0; i < 3; i++) expected[i] = 4 * exp(2 * three[i]);
    check_values(b, slope(y, x), expected);
    lab_close(b);
}

typedef struct row_scale { wg_var factor; } row_scale;

static int row_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)in;
    (void)y;
    gradient[0] = wg_mul(cotangent, ((const row_scale *)user)->factor);
    return 0;
}

/* The rule captures a value of the row. */
static int row_scaled(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    row_scale s = { wg_sum(wg_square(in[1]), WG_ALL) };
    out[0] = wg_custom_vjp(in[0], 1, in, row_rule, &s);
    return 0;
}

Test(custom, rules_may_use_values_of_their_row)
{
    const lab b = lab_open(1);
    const wg_var in[2] = { wg_reshape(input(b), WG_SHAPE(3, 1)),
                           wg_reshape(input(b), WG_SHAPE(3, 1)) };
    wg_var y;
    check_status(wg_vmap(row_scaled, NULL, 2, in, 1, &y), WG_OK);
    check_values(b, y, three);
    check_values(b, slope(y, in[0]), (const double[]){ 0.25, 1.5625, 4 });
    lab_close(b);
}

static int narrow_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)in;
    (void)y;
    (void)user;
    gradient[0] = wg_sum(cotangent, WG_ALL);
    return 0;
}

static int empty_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)in;
    (void)y;
    (void)cotangent;
    (void)gradient;
    (void)user;
    return 0;
}

static void check_refused(wg_vjp_rule *rule, const char *text)
{
    const lab b = lab_open(1);
    const wg_var x = input(b);
    const wg_var y = wg_custom_vjp(wg_square(x), 1, &x, rule, NULL);
    check_status(wg_tape_status(y.tape), rule == NULL ? WG_EINVALID : WG_ECALLBACK);
    check_contains(wg_tape_message(b.tape), text);
    check_contains(wg_tape_message(b.tape), "test_custom.c");
    check_status(wg_tape_reset(b.tape), rule == NULL ? WG_EINVALID : WG_ECALLBACK);
    check_values(b, reversed(input(b)), three);
    lab_close(b);
}

Test(custom, a_rule_that_gives_nothing_or_another_shape_is_told)
{
    check_refused(narrow_rule, "custom_vjp: result 1 is [] f64, not [3] f64");
    check_refused(empty_rule, "custom_vjp: the function gave no result 1");
    check_refused(NULL, "custom_vjp: no rule");
}

/* ---- kernels ---- */

typedef struct tally { int calls, fails; double power; } tally;

static int power_kernel(const wg_view *in, const wg_tensor *out, void *user)
{
    tally *t = user;
    const double *x = in[0].data;
    double *y = out[0].data;
    t->calls++;
    if (t->fails > 0) return -1;
    for (int64_t i = 0; i < wg_shape_count(in[0].shape); i++) y[i] = pow(x[i], t->power);
    return 0;
}

static int square_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)y;
    (void)user;
    gradient[0] = wg_mul(cotangent, wg_scale(in[0], 2));
    return 0;
}

static wg_var power(wg_var x, tally *t, wg_vjp_rule *rule)
{
    const wg_extern_op op = { .name = "power", .kernel = power_kernel, .rule = rule, .user = t };
    return wg_extern(&op, 1, &x, WG_F64, wg_shape_of(x));
}

/* Strided memory arrives contiguous; the kernel and what belongs to it are the recording's own,
 * though the program of the first recording is used again. */
Test(custom, a_kernel_is_called_once_a_run_with_what_its_recording_bound)
{
    const lab b = lab_open(2);
    tally square = { .power = 2 }, cube = { .power = 3 };
    const wg_var y = power(wg_slice(input(b), 0, 2, -1, -1), &square, NULL);
    check_values(b, y, (const double[]){ 4, 1.5625, 0.25 });
    check_equal_i(square.calls, 1);
    check_status(wg_tape_reset(b.tape), WG_OK);
    const wg_var z = power(wg_slice(input(b), 0, 2, -1, -1), &cube, NULL);
    check_values(b, z, (const double[]){ 8, -1.953125, 0.125 });
    check_equal_i(square.calls, 1);
    check_equal_i(cube.calls, 1);
    lab_close(b);
}

Test(custom, a_kernel_runs_in_programs)
{
    const lab b = lab_open(2);
    tally square = { .power = 2 };
    const wg_var y = power(wg_input(b.tape, "x", wg_f64(three, WG_SHAPE(3))), &square, NULL);
    wg_program *program = wg_compile(b.runtime, b.tape, 1, &y);
    wg_program *copy = wg_program_copy(program, b.runtime);
    check(program != NULL && copy != NULL);
    wg_tape_reset(b.tape);
    double found[3];
    check_status(wg_program_bind(copy, "x", wg_f64(three, WG_SHAPE(3))), WG_OK);
    check_msg(wg_program_run(copy) == WG_OK, "%s", wg_program_message(copy));
    check_status(wg_program_read_f64(copy, 0, found, 3), WG_OK);
    check_close(found[1], 1.5625, 0);
    square.fails = 1;
    check_status(wg_program_bind(program, "x", wg_f64(three, WG_SHAPE(3))), WG_OK);
    check_status(wg_program_run(program), WG_ECALLBACK);
    check_contains(wg_program_message(program), "extern power");
    wg_program_free(copy);
    wg_program_free(program);
    lab_close(b);
}

Test(custom, a_kernel_has_the_derivative_of_its_rule)
{
    const lab b = lab_open(1);
    tally square = { .power = 2 };
    const wg_var x = input(b);
    const wg_var first = slope(power(x, &square, square_rule), x);
    check_values(b, first, (const double[]){ 1, -2.5, 4 });
    check_values(b, slope(first, x), (const double[]){ 2, 2, 2 });
    lab_close(b);
}

Test(custom, without_a_rule_a_derivative_names_the_kernel)
{
    const lab b = lab_open(1);
    tally square = { .power = 2 };
    const wg_var x = input(b);
    const wg_var first = slope(power(x, &square, NULL), x);
    double found[3];
    check_status(wg_read_f64(b.runtime, first, found, 3), WG_EGRADIENT);
    check_contains(wg_tape_message(b.tape), "power has no rule for its derivative");
    lab_close(b);
}

/* A rule made of a kernel without one: the first derivative is there, the second is refused. */
static int rule_by_kernel(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient,
                          void *user)
{
    (void)y;
    gradient[0] = wg_mul(cotangent, wg_scale(power(in[0], user, NULL), 3));
    return 0;
}

Test(custom, the_order_that_a_rule_cannot_give_is_refused)
{
    const lab b = lab_open(1);
    tally square = { .power = 2 };
    const wg_var x = input(b);
    const wg_var y = wg_mul(x, wg_square(x));
    const wg_var z = wg_custom_vjp(y, 1, &x, rule_by_kernel, &square);
    const wg_var first = slope(z, x);
    check_values(b, first, (const double[]){ 0.75, 4.6875, 12 });
    check_status(wg_keep(slope(first, x)), WG_EGRADIENT);
    check_contains(wg_tape_message(b.tape), "power has no rule for its derivative");
    lab_close(b);
}

/* A failing kernel fails the run, and no parameter is touched. */
Test(custom, a_failing_kernel_commits_nothing)
{
    const lab b = lab_open(1);
    wg_params *params = wg_params_create(NULL);
    tally bad = { .power = 2, .fails = 1 };
    for (int pass = 0; pass < 2; pass++) {
        wg_tape_reset(b.tape);
        const wg_scope scope = wg_scope_root(b.tape, params, WG_TRAINING);
        const wg_var w = wg_state(scope, "w", WG_F64, WG_SHAPE(3), 2);
        wg_assign(w, wg_add(w, power(input(b), &bad, NULL)));
        bad.fails = pass;
        check_status(wg_run(b.runtime, b.tape), pass == 0 ? WG_OK : WG_ECALLBACK);
        wg_view view;
        check_status(wg_params_find(params, "w", &view), WG_OK);
        check_close(((const double *)view.data)[0], 2.25, 0);
    }
    check_contains(wg_tape_message(b.tape), "extern: power failed: nothing was stored");
    check_contains(wg_tape_message(b.tape), "test_custom.c");
    wg_params_free(params);
    lab_close(b);
}

static int row_power(const wg_var *in, wg_var *out, void *user)
{
    out[0] = power(in[0], user, square_rule);
    return 0;
}

Test(custom, a_kernel_in_a_vmap_is_called_row_by_row)
{
    const lab b = lab_open(1);
    tally square = { .power = 2 };
    const wg_var x = wg_reshape(input(b), WG_SHAPE(3, 1));
    wg_var y;
    check_status(wg_vmap(row_power, &square, 1, &x, 1, &y), WG_OK);
    check_values(b, y, (const double[]){ 0.25, 1.5625, 4 });
    check_equal_i(square.calls, 3);
    check_values(b, slope(y, x), (const double[]){ 1, -2.5, 4 });
    lab_close(b);
}

/* Sums the columns of each row; tells nobody how often it was called, for it is called anywhere. */
static int sum_kernel(const wg_view *in, const wg_tensor *out, void *user)
{
    const float *x = in[0].data;
    float *y = out[0].data;
    (void)user;
    for (int64_t i = 0; i < in[0].shape.dim[0]; i++) {
        y[i] = 0;
        for (int64_t j = 0; j < in[0].shape.dim[1]; j++) y[i] += x[i * in[0].shape.dim[1] + j];
    }
    return 0;
}

Test(custom, a_kernel_by_rows_takes_any_piece_of_a_batch)
{
    enum { N = 1000 };
    static float data[N * 4], found[N];
    const wg_extern_op op = { .name = "row_sum", .kernel = sum_kernel, .by_rows = true };
    for (int i = 0; i < N * 4; i++) data[i] = (float)(i % 23);
    const lab b = lab_open(2);
    const wg_var x = wg_scale(wg_batch(b.tape, "x", wg_f32(data, WG_SHAPE(N, 4))), 2);
    const wg_var y = wg_scale(wg_extern(&op, 1, &x, WG_F32, WG_SHAPE(N)), 0.5);
    check_msg(wg_read_f32(b.runtime, y, found, N) == WG_OK, "%s", wg_tape_message(b.tape));
    for (int i = 0; i < N; i++)
        check_close(found[i], data[4 * i] + data[4 * i + 1] + data[4 * i + 2] + data[4 * i + 3],
                    0);
    lab_close(b);
}

Test(custom, a_kernel_that_is_malformed_is_told)
{
    const lab b = lab_open(1);
    const wg_extern_op list[] = {
        { .name = "nothing" },
        { .name = "no name", .kernel = power_kernel },
        { .name = "rows", .kernel = power_kernel, .by_rows = true },
        { .name = "reserved", .kernel = power_kernel, .reserved = { 1 } },
        { .name = "bytes", .kernel = power_kernel, .attribute_bytes = 1 },
    };
    const int status[] = { WG_EINVALID, WG_ENAME, WG_ESHAPE, WG_EINVALID, WG_EINVALID };
    const char *const zeroed = "extern: a zeroed wg_extern_op with name and kernel is needed";
    const char *const text[] = { zeroed, "no name", "by rows, but argument 1 has not 2 of them",
                                 zeroed, zeroed };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        const wg_var x = input(b);
        const wg_var y = wg_extern(&list[i], 1, &x, WG_F64, WG_SHAPE(2));
        check_status(wg_tape_status(y.tape), status[i]);
        check_contains(wg_tape_message(b.tape), text[i]);
        check_contains(wg_tape_message(b.tape), "test_custom.c:");
        wg_tape_reset(b.tape);
    }
    lab_close(b);
}

Test(custom, what_a_kernel_takes_and_gives_has_limits)
{
    const lab b = lab_open(1);
    const wg_extern_op op = { .name = "many", .kernel = power_kernel };
    wg_var x[17];
    for (int i = 0; i < 17; i++) x[i] = input(b);
    check_status(wg_tape_status(wg_extern(&op, 17, x, WG_F64, WG_SHAPE(3)).tape), WG_ELIMIT);
    check_contains(wg_tape_message(b.tape), "many: 17 arguments, not more than 16");
    wg_tape_reset(b.tape);
    x[0] = input(b);
    check_status(wg_tape_status(wg_extern(&op, 1, x, WG_F64, WG_SHAPE(-3)).tape), WG_ESHAPE);
    check_contains(wg_tape_message(b.tape), "many: the result has no legal type");
    wg_tape_reset(b.tape);
    check_values(b, wg_neg(wg_neg(input(b))), three);
    lab_close(b);
}

/* ---- memory ---- */

static int record_all(const wg_allocator *allocator, void *user)
{
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = allocator));
    if (tape == NULL) return WG_EMEMORY;
    const wg_var x = wg_input(tape, NULL, wg_f64(three, WG_SHAPE(3, 1)));
    wg_var y;
    int status = wg_vmap(squares_by_exp, NULL, 1, &x, 1, &y);
    if (status >= 0) {
        const wg_var z = power(wg_add(y, x), user, square_rule);
        status = wg_keep(wg_grad(wg_sum(z, WG_ALL), x));
    }
    wg_tape_free(tape);
    return status;
}

Test(custom, without_memory_nothing_is_left_behind)
{
    tally square = { .power = 2 };
    check(test_memory_fail_each(record_all, &square) > 5);
}

/* Anomaly mode: where something that is not finite began. Each case is a recording on a tape that
 * checks, and the message word by word; the same for every number of threads, plain and not, and
 * as a program. */
#include "runtime/internal.h"
#include "support/test.h"

#include <wengert/nn.h>

static const double numbers[3] = { 1, 0, 4 };
static const double table[6] = { 1, 0, 4, -1, 9, 2 };

static wg_var line(wg_var x, int number)
{
    return wg_at(x, "model.c", number);
}

static wg_var input_of(wg_tape *tape)
{
    return line((wg_input)(tape, "x", wg_f64(numbers, WG_SHAPE(3))), 1);
}

static wg_var table_of(wg_tape *tape)
{
    return line((wg_input)(tape, "x", wg_f64(table, WG_SHAPE(3, 2))), 1);
}

/* ---- recordings ---- */

static wg_var logarithm(wg_tape *tape)
{
    const wg_var log = line((wg_log)(input_of(tape)), 2);
    return line((wg_sum)((wg_exp)((wg_neg)(log)), WG_ALL), 3);
}

static wg_var given(wg_tape *tape)
{
    static double bad[2] = { 1, 0 };
    bad[1] = numbers[1] / numbers[1];
    return line((wg_sum)((wg_input)(tape, "y", wg_f64(bad, WG_SHAPE(2))), WG_ALL), 4);
}

static wg_var gradient(wg_tape *tape)
{
    const wg_var x = input_of(tape);
    const wg_var y = line((wg_sum)((wg_sqrt)(x), WG_ALL), 2);
    return line((wg_sum)((wg_grad)(y, x), WG_ALL), 3);
}

/* The reciprocal is infinite first, but the element that is read is a root's. */
static wg_var one_element(wg_tape *tape)
{
    const wg_var x = input_of(tape);
    const wg_var early = line((wg_reciprocal)(x), 2);
    const wg_var shifted = line((wg_shift)(x, -2), 3);
    const wg_var late = line((wg_sqrt)(shifted), 4);
    const wg_var sum = line((wg_add)(early, late), 5);
    return line((wg_sum)((wg_slice)(sum, 0, 0, 1, 1), WG_ALL), 6);
}

/* Infinite where the select does not look. */
static wg_var guarded(wg_tape *tape)
{
    const wg_var x = input_of(tape);
    const wg_var inverse = line((wg_reciprocal)(x), 2);
    const wg_var is_safe = line((wg_gt)(x, (wg_number)(x, 0)), 3);
    const wg_var safe = line((wg_select)(is_safe, inverse, x), 4);
    return line((wg_log)((wg_sum)((wg_sub)(safe, safe), WG_ALL)), 5);
}

static wg_var reduced(wg_tape *tape)
{
    const wg_var x = table_of(tape);
    const wg_var early = line((wg_log)(x), 2);                 /* at [0, 1] and [1, 1] */
    const wg_var late = line((wg_sqrt)((wg_shift)(x, -3)), 3); /* at [0, 0], and more */
    const wg_var sum = line((wg_sum)((wg_add)(early, late), WG_AXES(0)), 4);
    return line((wg_sum)((wg_slice)(sum, 0, 0, 1, 1), WG_ALL), 5);
}

static wg_var product(wg_tape *tape)
{
    const wg_var x = table_of(tape);
    const wg_var early = line((wg_log)(x), 2);                 /* rows 0 and 1 */
    const wg_var late = line((wg_sqrt)((wg_shift)((wg_neg)(x), 8)), 3);   /* row 2 */
    const wg_var both = line((wg_matmul)((wg_add)(early, late), (wg_transpose)(x)), 4);
    return line((wg_sum)((wg_slice)(both, 0, 2, 3, 1), WG_ALL), 5);
}

static int row_log(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    out[0] = line((wg_log)(in[0]), 7);
    return 0;
}

static wg_var mapped(wg_tape *tape)
{
    wg_var x = table_of(tape), out;
    wg_vmap(row_log, NULL, 1, &x, 1, &out);
    return line((wg_sum)(out, WG_ALL), 8);
}

static int root(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    out[0] = line((wg_sqrt)(in[0]), 7);
    return 0;
}

static wg_var recomputed(wg_tape *tape)
{
    wg_var x = input_of(tape), out;
    wg_recompute(root, NULL, 1, &x, 1, &out);
    const wg_var y = line((wg_sum)(out, WG_ALL), 8);
    return line((wg_sum)((wg_grad)(y, x), WG_ALL), 9);
}

static const struct { wg_var (*record)(wg_tape *tape); const char *message; } cases[] = {
    { logarithm, "log of [3]: -inf at [1] of [3] f64 is the first that is not finite (model.c:2)" },
    { given, "input y: nan at [1] of [2] f64 is the first that is not finite (model.c:4)" },
    { gradient, "div of [3] and [3]: in a derivative of order 1, inf at [1] of [3] f64 is the "
                "first that is not finite (model.c:2)" },
    { one_element, "sqrt of [3]: nan at [0] of [3] f64 is the first that is not finite "
                   "(model.c:4)" },
    { guarded, "log of []: -inf of [] f64 is the first that is not finite (model.c:5)" },
    { reduced, "sqrt of [3, 2]: nan at [0, 0] of [3, 2] f64 is the first that is not finite "
               "(model.c:3)" },
    { product, "sqrt of [3, 2]: nan at [2, 0] of [3, 2] f64 is the first that is not finite "
               "(model.c:3)" },
    { mapped, "log of [3, 2]: -inf at [0, 1] of [3, 2] f64 is the first that is not finite "
              "(model.c:7)" },
    { recomputed, "div of [3] and [3]: in a derivative of order 1, inf at [1] of [3] f64 is the "
                  "first that is not finite (model.c:7)" },
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* ---- running them ---- */

static wg_tape *checking_tape(void)
{
    return wg_tape_create(WG_OPTIONS(wg_tape_options, .check_finite = true));
}

Test(finite, the_first_that_is_not_is_named_whatever_runs_it)
{
    for (int setting = 0; setting < 4; setting++) {
        wg_runtime *runtime = wg_runtime_create(
            WG_OPTIONS(wg_runtime_options, .threads = setting == 0 ? 1 : 3));
        runtime->is_forked_always = setting > 1;
        runtime->is_plain = setting == 3;
        for (int i = 0; i < CASES; i++) {
            double value;
            wg_tape *tape = checking_tape();
            check_status(wg_item(runtime, cases[i].record(tape), &value), WG_EFINITE);
            check_text(wg_tape_message(tape), cases[i].message);
            wg_tape_free(tape);
        }
        wg_runtime_free(runtime);
    }
}

/* A tape that follows names the same. */
Test(finite, a_second_recording_names_the_same)
{
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = checking_tape();
    for (int i = 0; i < CASES; i++)
        for (int time = 0; time < 3; time++) {
            double value;
            wg_tape_reset(tape);
            check_status(wg_item(runtime, cases[i].record(tape), &value), WG_EFINITE);
            check_text(wg_tape_message(tape), cases[i].message);
        }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(finite, a_program_names_it_with_the_line_of_its_recording)
{
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = checking_tape();
    const wg_var y = gradient(tape);
    wg_program *program = wg_compile(runtime, tape, 1, &y);
    wg_tape_free(tape);
    check_status(wg_program_bind(program, "x", wg_f64(numbers, WG_SHAPE(3))), WG_OK);
    check_status(wg_program_run(program), WG_EFINITE);
    check_text(wg_program_message(program),
               "div of [3] and [3] (model.c:2), in a derivative of order 1: inf at [1] of [3] f64 "
               "is the first that is not finite");
    wg_program_free(program);
    wg_runtime_free(runtime);
}

Test(finite, the_second_derivative_is_told_as_such)
{
    double value;
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = checking_tape();
    const wg_var x = line((wg_input)(tape, "x", wg_f64(numbers + 1, WG_SHAPE(1))), 1);
    const wg_var y = line((wg_sum)((wg_pow)(x, (wg_number)(x, 1.5)), WG_ALL), 2);
    const wg_var dy = line((wg_sum)((wg_grad)(y, x), WG_ALL), 3);
    const wg_var d2y = line((wg_sum)((wg_grad)(dy, x), WG_ALL), 4);
    check_status(wg_item(runtime, dy, &value), WG_OK);
    check_close(value, 0, 0);
    check_status(wg_item(runtime, d2y, &value), WG_EFINITE);
    check_contains(wg_tape_message(tape), "in a derivative of order 2, ");
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* An update that must be finite and is not: what made it so is named, and nothing is stored. */
Test(finite, an_update_is_followed_back_to_where_it_began)
{
    for (int unchecked = 0; unchecked < 2; unchecked++) {
        double value;
        wg_runtime *runtime = wg_runtime_create(NULL);
        wg_params *params = wg_params_create(NULL);
        wg_tape *tape = checking_tape();
        wg_optimizer sgd = wg_sgd(0.1, NULL);
        sgd.unchecked = unchecked == 1;
        const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        const wg_var p = line((wg_param)(scope, "p", WG_F64, WG_SHAPE(2), wg_init_constant(0)), 1);
        const wg_var loss = line((wg_sum)((wg_sqrt)(p), WG_ALL), 2);
        check_status(wg_minimize(&sgd, scope, loss), WG_OK);
        check_status(wg_item(runtime, loss, &value), WG_EFINITE);
        check_text(wg_tape_message(tape),
                   "div of [2] and [2]: in a derivative of order 1, inf at [0] of [2] f64 is the "
                   "first that is not finite (model.c:2)");
        check_equal_i(wg_params_count(params), 0);
        wg_tape_free(tape);
        wg_params_free(params);
        wg_runtime_free(runtime);
    }
}

/* Scans: what is refused, with which words, and that a tape can be used again after it. */
#include "graph/internal.h"
#include "support/test.h"

#include <wengert/wengert.h>

static const float numbers[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

static wg_var steps_of(wg_tape *tape)
{
    return wg_input(tape, NULL, wg_f32(numbers, WG_SHAPE(4, 3)));
}

static int adds(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)user;
    y[0] = carry[0] = wg_add(carry[0], x[0]);
    return 0;
}

static int widens(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)user;
    y[0] = x[0];
    carry[0] = wg_concat(2, (const wg_var[2]){ carry[0], x[0] }, 0);
    return 0;
}

static int rounds(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)user;
    y[0] = x[0];
    carry[0] = wg_cast(carry[0], WG_I32);
    return 0;
}

static int gives_nothing(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)carry, (void)x, (void)y, (void)user;
    return 0;
}

static int fails(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)carry, (void)user;
    y[0] = x[0];
    return -7;
}

static int reads(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    double value;
    (void)carry;
    y[0] = x[0];
    return wg_item(user, wg_sum(x[0], WG_ALL), &value);
}

static int assigns(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)carry;
    y[0] = x[0];
    return wg_assign(*(const wg_var *)user, x[0]);
}

static int resets(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)carry, (void)user;
    y[0] = x[0];
    wg_tape_reset(x[0].tape);
    return 0;
}

/* A refused scan gives error values, and the next recording has nothing of it. */
static void check_refused(wg_scan_body *body, void *user, int status, const char *text)
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    wg_var leaf = wg_state(scope, "leaf", WG_F32, WG_SHAPE(3), 0);
    wg_var carry = wg_full(tape, WG_F32, WG_SHAPE(3), 0);
    const wg_var x = steps_of(tape);
    wg_var y = x;
    if (body == reads) user = runtime;
    if (body == assigns) user = &leaf;
    check_status(wg_scan(body, user, 1, &carry, 1, &x, 1, &y, NULL), status);
    check_contains(wg_tape_message(tape), text);
    float out[12];
    check(wg_read_f32(runtime, y, out, 12) < 0);
    check(wg_read_f32(runtime, carry, out, 3) < 0);
    check_status(wg_tape_reset(tape), status);
    const wg_var again = steps_of(tape);
    wg_var sum = wg_full(tape, WG_F32, WG_SHAPE(3), 0);
    check_status(wg_scan(adds, NULL, 1, &sum, 1, &again, 1, &y, NULL), WG_OK);
    check_status(wg_read_f32(runtime, sum, out, 3), WG_OK);
    check_close(out[2], 3 + 6 + 9 + 12, 0);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

Test(scan, bodies_that_break_the_rules_are_refused)
{
    check_refused(widens, NULL, WG_ESHAPE,
                  "scan: carry 1 is [3] f32 before a step and [6] f32 after it (test_scan.c:");
    check_refused(rounds, NULL, WG_EDTYPE,
                  "scan: carry 1 is [3] f32 before a step and [3] i32 after it (test_scan.c:");
    check_refused(gives_nothing, NULL, WG_ECALLBACK, "scan: the function gave no result 2");
    check_refused(fails, NULL, WG_ECALLBACK, "scan: the function returned -7");
    check_refused(reads, NULL, WG_EINVALID, "not inside the function given to scan");
    check_refused(assigns, NULL, WG_EINVALID, "not inside the function given to scan");
    check_refused(NULL, NULL, WG_EINVALID, "a body, an x to step over");
}

Test(scan, a_reset_within_a_step_is_told)
{
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = steps_of(tape);
    wg_var y;
    check_status(wg_scan(resets, NULL, 0, NULL, 1, &x, 1, &y, NULL), WG_ESTALE);
    check_status(wg_tape_status(tape), WG_OK);
    wg_tape_free(tape);
}

typedef struct arguments {
    int64_t x_count, y_count;
    wg_scan_options options;
    int status;
    const char *text;
} arguments;

Test(scan, wrong_arguments_are_refused)
{
    const arguments list[] = {
        { 0, 1, { .reverse = false }, WG_EINVALID, "an x to step over" },
        { 1, -1, { .reverse = false }, WG_EINVALID, "a count is negative" },
        { 2, 1, { .reverse = false }, WG_ESHAPE, "x 2 has 3 steps, x 1 has 4" },
        { 3, 1, { .reverse = false }, WG_ESHAPE, "x 3 is a scalar: it has no steps" },
        { 1, 1, { .recompute_every = -1 }, WG_EINVALID, "options that were zeroed" },
        { 1, 1, { .reserved = { 1 } }, WG_EINVALID, "options that were zeroed" },
    };
    wg_tape *tape = wg_tape_create(NULL);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        wg_tape_reset(tape);
        wg_var x[3] = { steps_of(tape), steps_of(tape), wg_full(tape, WG_F32, WG_SCALAR, 1) };
        if (list[i].x_count == 2) x[1] = wg_transpose(x[1]);
        wg_var carry = wg_full(tape, WG_F32, WG_SHAPE(3), 0);
        wg_var y;
        check_status(wg_scan(adds, NULL, 1, &carry, list[i].x_count, x, list[i].y_count, &y,
                             &list[i].options), list[i].status);
        check_contains(wg_tape_message(tape), list[i].text);
    }
    wg_tape_free(tape);
    check_status(wg_scan(adds, NULL, 0, NULL, 0, NULL, 0, NULL, NULL), WG_EINVALID);
}

static int leaks(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)carry;
    y[0] = wg_neg(x[0]);
    *(wg_var *)user = y[0];
    return 0;
}

/* Values of a step are nobody else's; without carries a scan is a map. */
Test(scan, values_of_a_step_cannot_be_used_outside)
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = steps_of(tape);
    wg_var y, leaked;
    float out[12];
    check_status(wg_scan(leaks, &leaked, 0, NULL, 1, &x, 1, &y, NULL), WG_OK);
    check_status(wg_read_f32(runtime, y, out, 12), WG_OK);
    for (int i = 0; i < 12; i++) check_close(out[i], -numbers[i], 0);
    check_status(wg_keep(wg_add(leaked, leaked)), WG_EINVALID);
    check_contains(wg_tape_message(tape), "a value of a function that has returned");
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

static int looks_up(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)carry;
    y[0] = wg_gather(*(const wg_var *)user, x[0], 0);
    return 0;
}

/* An index that is out of range at the third step is told with the line of the lookup. */
Test(scan, a_step_that_fails_names_its_own_line)
{
    const int32_t index[4] = { 0, 2, 3, 1 };
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_tape *tape = wg_tape_create(NULL);
    wg_var table = wg_input(tape, NULL, wg_f32(numbers, WG_SHAPE(3)));
    const wg_var x = wg_input(tape, NULL, wg_i32(index, WG_SHAPE(4)));
    wg_var y;
    float out[4];
    check_status(wg_scan(looks_up, &table, 0, NULL, 1, &x, 1, &y, NULL), WG_OK);
    check_status(wg_read_f32(runtime, y, out, 4), WG_EINDEX);
    check_contains(wg_tape_message(tape), "gather: index 3 of step 2 is not within 0 <= index < 3");
    check_contains(wg_tape_message(tape), "test_scan.c");
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* The gradient of a table that steps look up in is one scatter after the loop: 1 for each time. */
Test(scan, a_table_looked_up_in_steps_has_a_gradient)
{
    const int32_t index[4] = { 2, 0, 2, 2 };
    const float expected[3] = { 1, 0, 3 };
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_tape *tape = wg_tape_create(NULL);
    wg_var table = wg_input(tape, NULL, wg_f32(numbers, WG_SHAPE(3)));
    const wg_var x = wg_input(tape, NULL, wg_i32(index, WG_SHAPE(4)));
    wg_var y;
    float out[3];
    check_status(wg_scan(looks_up, &table, 0, NULL, 1, &x, 1, &y, NULL), WG_OK);
    const wg_var g = wg_grad(wg_sum(y, WG_ALL), table);
    check_msg(wg_read_f32(runtime, g, out, 3) == WG_OK, "%s", wg_tape_message(tape));
    check_bytes(out, expected, sizeof out);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

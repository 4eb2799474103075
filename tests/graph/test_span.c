/* Spans: what a layer, a loss or a step recorded is not recorded again, and is there as if it had
 * been. tests/runtime/test_follow.c compares whole recordings; here is what a span must refuse. */
#include "graph/internal.h"
#include "support/test.h"

#include <wengert/nn.h>

static const float x_data[6] = { 1, -2, 3, -4, 5, -6 };
static int call_count;

static wg_var doubled(wg_var x, double factor)
{
    static const char key[] = "doubled";
    wg_var y;
    if (wg_span_begin(x.tape, key, sizeof key, 1, &x, &y)) return y;
    call_count++;
    y = wg_tanh(wg_scale(x, factor));
    wg_span_end(x.tape, y);
    return y;
}

static wg_var counted(wg_var x)
{
    call_count++;
    return wg_relu(x);
}

static wg_var input(wg_tape *tape, const char *name)
{
    return wg_input(tape, name, wg_f32(x_data, WG_SHAPE(2, 3)));
}

Test(span, a_value_is_handed_out_again_and_its_ops_are_there)
{
    wg_tape *tape = wg_tape_create(NULL);
    call_count = 0;
    for (int i = 0; i < 3; i++) {
        wg_tape_reset(tape);
        const wg_var y = doubled(doubled(input(tape, "x"), 2), 2);
        check_equal_i(wg_tape_count(tape), 8); /* x, a number, twice it stretched, mul, tanh */
        check_equal_i(tape->record[y.index].op, WG__OP_tanh);
        check_equal_i(call_count, 2);
    }
    wg_tape_free(tape);
}

Test(span, other_arguments_and_other_ops_before_are_another_span)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_tape *other = wg_tape_create(NULL);
    call_count = 0;
    for (int i = 0; i < 3; i++) {
        wg_tape_reset(tape);
        const wg_var x = input(tape, "x"), z = input(tape, "z");
        const wg_var y = doubled(i == 1 ? z : x, 2);
        check_equal_i(call_count, i + 1);
        check(wg_tape_status(tape) == WG_OK && y.tape == tape);
    }
    /* A value of another tape that stands at the same place. */
    wg_tape_reset(tape);
    check_status(wg_tape_status(doubled(input(tape, "x"), 2).tape), WG_OK);
    wg_tape_reset(tape);
    input(tape, "x");
    const wg_var foreign = input(other, "x");
    wg_var y = { 0 };
    check(!wg_span_begin(tape, "doubled", sizeof "doubled", 1, &foreign, &y));
    wg_tape_free(tape);
    wg_tape_free(other);
}

Test(span, code_of_others_is_called_every_time)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    const wg_dense_options options = { .activation = counted };
    call_count = 0;
    for (int i = 0; i < 4; i++) {
        wg_tape_reset(tape);
        const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        const wg_var y = wg_dense(scope, "a", input(tape, "x"), 4, &options);
        check_status(wg_tape_status(y.tape), WG_OK);
        check_equal_i(call_count, i + 1);
    }
    wg_tape_free(tape);
    wg_params_free(params);
}

/* The step stores one value; only the first two recordings store another over it. */
static uint32_t stored(wg_tape *tape, wg_params *params, bool assigns_again)
{
    const wg_optimizer sgd = wg_sgd(0.5, NULL);
    wg_tape_reset(tape);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var p = wg_param(scope, "p", WG_F32, WG_SCALAR, wg_init_constant(1));
    check_status(wg_minimize(&sgd, scope, wg_square(p)), WG_OK);
    if (assigns_again) check_status(wg_assign(p, wg_number(p, 3)), WG_OK);
    for (int64_t i = 0; i < tape->effect_count; i++)
        if (tape->effect[i].kind == WG__ASSIGN && tape->version[tape->effect[i].slot].is_trained)
            return tape->effect[i].value;
    return WG__NONE;
}

Test(span, a_step_stores_what_it_did_although_more_was_stored_over_it_last_time)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_tape *fresh = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    check_status(wg_params_set(params, "p", wg_f32(x_data, WG_SCALAR)), WG_OK);
    check_status(wg_params_set(params, "sgd/step", wg_i64((int64_t[]){ 0 }, WG_SCALAR)), WG_OK);
    stored(tape, params, true);
    stored(tape, params, true);
    tape->span_skipped = WG__NONE;
    check_equal_i(stored(tape, params, false), stored(fresh, params, false));
    check(tape->span_skipped != WG__NONE);
    wg_tape_free(tape);
    wg_tape_free(fresh);
    wg_params_free(params);
}

Test(span, what_is_missing_is_refused)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var y = { 0 };
    check_status(wg_span_open(NULL, "k", 1), WG_EINVALID);
    check(!wg_span_begin(NULL, "k", 1, 0, &y, &y));
    wg_span_end(NULL, (wg_var){ 0 });
    wg_span_end(tape, (wg_var){ 0 });
    check_status(wg_tape_status(tape), WG_OK);
    check(!wg_span_begin(tape, NULL, 1, 0, &y, &y));
    check_status(wg_tape_status(tape), WG_EINVALID);
    check_text(wg_tape_message(tape), "span: key, x or y is NULL");
    wg_tape_free(tape);
}

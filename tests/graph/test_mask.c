/* Branch masks: recorded only where an op needs one. That nothing leaks is checked with values in
 * test_branch.c. */
#include "graph/internal.h"
#include "support/test.h"

#include <math.h>
#include <wengert/ops.h>

static wg_tape *tape;

static wg_var relu(wg_var x)
{
    wg_var zero = wg_number(x, 0);
    return wg_select(wg_le(x, zero), zero, x);
}

static int64_t count_of(wg__op_id op)
{
    int64_t count = 0;
    for (int64_t i = 0; i < tape->count; i++) count += tape->record[i].op == op;
    return count;
}

/* How many the gradient of the sum of y by x records. */
static int64_t selects_of_gradient(wg_var y, wg_var x)
{
    const int64_t before = count_of(WG__OP_select);
    check(wg__var_check(wg_grad(wg_sum(y, WG_ALL), x)) == WG_OK);
    return count_of(WG__OP_select) - before;
}

static wg_var full(wg_shape shape)
{
    return wg_full(tape, WG_F32, shape, 1);
}

/* dense, relu, dense, relu, dense: each select sends one select back, and there is no mask. */
Test(mask, a_relu_network_records_none)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(8, 4)), w[3], b[3], g[6], by[6];
    const int64_t width[4] = { 4, 16, 16, 1 };
    for (int i = 0; i < 3; i++) {
        by[i] = w[i] = full(WG_SHAPE(width[i], width[i + 1]));
        by[3 + i] = b[i] = full(WG_SHAPE(width[i + 1]));
        x = wg_add(wg_matmul(x, w[i]), b[i]);
        if (i < 2) x = relu(x);
    }
    check_status(wg_grads(wg_mean(x, WG_ALL), 6, by, g), WG_OK);
    check_equal_i(count_of(WG__OP_select), 4);
    check_equal_i(count_of(WG__OP_not) + count_of(WG__OP_and) + count_of(WG__OP_or), 0);
    wg_tape_free(tape);
}

/* select(c, x, log(x)): the untaken log is masked once, the other way round by the condition. */
Test(mask, a_nonlinear_op_behind_a_branch_records_one)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(8));
    wg_var y = wg_select(wg_lt(x, wg_number(x, 1)), x, wg_log(x));
    const int64_t selects = count_of(WG__OP_select);
    check(wg__var_check(wg_grad(wg_sum(y, WG_ALL), x)) == WG_OK);
    check_equal_i(count_of(WG__OP_not), 0);
    check_equal_i(count_of(WG__OP_select) - selects, 3);
    wg_tape_free(tape);
}

/* select(c, exp(sin(log(x))), x): what the rules of three ops give is made 0 once, at the end. */
Test(mask, a_chain_of_ops_records_one)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(8));
    wg_var c = wg_lt(x, wg_number(x, 1)), y = wg_exp(wg_sin(wg_log(x)));
    const int64_t selects = count_of(WG__OP_select);
    y = wg_select(c, y, x);
    check(wg__var_check(wg_grad(wg_sum(y, WG_ALL), x)) == WG_OK);
    check_equal_i(count_of(WG__OP_select) - selects, 4);
    wg_tape_free(tape);
}

/* What is passed on to two is made 0 before, not twice after. */
Test(mask, what_two_inputs_receive_is_masked_once)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(8)), y = full(WG_SHAPE(8)), g[2];
    wg_var sum = wg_exp(wg_add(x, y));
    sum = wg_select(wg_lt(sum, wg_number(x, 1)), sum, wg_number(x, 0));
    const int64_t selects = count_of(WG__OP_select);
    const wg_var both[2] = { x, y };
    check_status(wg_grads(wg_sum(sum, WG_ALL), 2, both, g), WG_OK);
    check_equal_i(count_of(WG__OP_select) - selects, 2);
    wg_tape_free(tape);
}

/* A number times 0 is 0: a scale, a mean and what is passed on need no mask. */
Test(mask, a_number_keeps_zeros)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(4, 2));
    wg_var y = wg_rem(wg_mean(wg_mul(x, wg_number(x, 3)), WG_AXES(0)), full(WG_SHAPE(2)));
    y = wg_select(wg_lt(y, wg_number(y, 1)), y, wg_number(y, 0));
    check_equal_i(selects_of_gradient(y, x), 1);
    wg_tape_free(tape);
}

/* Infinity times 0 is not. */
Test(mask, an_infinite_number_does_not)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(8));
    wg_var y = wg_mul(x, wg_number(x, INFINITY));
    y = wg_select(wg_lt(y, wg_number(y, 1)), y, wg_number(y, 0));
    check_equal_i(selects_of_gradient(y, x), 2);
    wg_tape_free(tape);
}

/* A condition joined over what a broadcast repeats is asked once, and negated by no record. */
Test(mask, a_joined_negation_records_none)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(2));
    wg_var y = wg_broadcast(wg_exp(x), WG_SHAPE(4, 2));
    y = wg_select(wg_lt(full(WG_SHAPE(4, 2)), wg_number(y, 1)), wg_number(y, 0), y);
    check(wg__var_check(wg_grad(wg_sum(y, WG_ALL), x)) == WG_OK);
    check_equal_i(count_of(WG__OP_not) + count_of(WG__OP_cast), 0);
    check_equal_i(count_of(WG__OP_min), 1);
    wg_tape_free(tape);
}

/* The taken side needs no negation. */
Test(mask, the_taken_side_uses_the_condition_itself)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(8));
    wg_var y = wg_select(wg_lt(x, wg_number(x, 1)), wg_log(x), wg_number(x, 0));
    check(wg__var_check(wg_grad(wg_sum(y, WG_ALL), x)) == WG_OK);
    check_equal_i(count_of(WG__OP_not), 0);
    wg_tape_free(tape);
}

/* Both branches come from one value: together they are everywhere, and exp is not masked. */
Test(mask, both_branches_together_are_everywhere)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(8));
    wg_var e = wg_exp(x);
    wg_var y = wg_select(wg_lt(x, wg_number(x, 1)), e, wg_neg(e));
    check_equal_i(selects_of_gradient(y, x), 2);
    check_equal_i(count_of(WG__OP_not) + count_of(WG__OP_or), 0);
    wg_tape_free(tape);
}

/* A use outside of the branch makes the value live everywhere. */
Test(mask, none_wins)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(8));
    wg_var e = wg_exp(x);
    wg_var y = wg_add(e, wg_select(wg_lt(x, wg_number(x, 1)), e, wg_number(x, 0)));
    check_equal_i(selects_of_gradient(y, x), 1);
    wg_tape_free(tape);
}

/* Two conditions join by or, one inside the other by and. */
Test(mask, conditions_combine)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(8)), zero = wg_number(x, 0);
    wg_var a = wg_lt(x, wg_number(x, 1)), b = wg_lt(x, wg_number(x, 2));
    wg_var e = wg_exp(x);
    wg_var y = wg_add(wg_select(a, e, zero), wg_select(b, e, zero));
    check(wg__var_check(wg_grad(wg_sum(y, WG_ALL), x)) == WG_OK);
    check_equal_i(count_of(WG__OP_or), 1);
    check_equal_i(count_of(WG__OP_and), 0);
    y = wg_select(a, wg_select(b, e, zero), zero);
    check(wg__var_check(wg_grad(wg_sum(y, WG_ALL), x)) == WG_OK);
    check_equal_i(count_of(WG__OP_and), 1);
    wg_tape_free(tape);
}

/* reshape, permute, broadcast, slice, pad, concat, sum and max move it; the log behind needs it. */
Test(mask, movements_and_reductions_move_it)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(2, 3));
    wg_var e = wg_log(x);
    wg_var moved[8] = {
        wg_reshape(e, WG_SHAPE(6)),
        wg_transpose(e),
        wg_broadcast(e, WG_SHAPE(4, 2, 3)),
        wg_slice(e, 1, 0, 2, 1),
        wg_pad(e, 0, 1, 1, 1, 0),
        wg_concat(5, (const wg_var[]){ e, e, x, e, e }, 1),
        wg_sum(e, WG_AXES(0)),
        wg_max(e, WG_AXES(1)),
    };
    for (int i = 0; i < 8; i++) {
        wg_var y = moved[i];
        y = wg_select(wg_lt(y, wg_number(y, 1)), y, wg_number(y, 0));
        wg_var g = wg_grad(wg_sum(y, WG_ALL), x);
        check_msg(wg__var_check(g) == WG_OK, "%s", wg_tape_message(tape));
        check(wg_shape_equal(wg_shape_of(g), WG_SHAPE(2, 3)));
    }
    wg_tape_free(tape);
}

Test(mask, it_ends_where_elements_meet)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(3, 3));
    wg_var e = wg_exp(x);
    wg_var y = relu(wg_matmul(e, e));
    check_equal_i(selects_of_gradient(y, x), 1);
    wg_var index = wg_full(tape, WG_I32, WG_SHAPE(3), 0);
    y = relu(wg_gather(wg_exp(x), index, 0));
    const int64_t before = count_of(WG__OP_select);
    check(wg__var_check(wg_grad(wg_sum(y, WG_ALL), x)) == WG_OK);
    check_equal_i(count_of(WG__OP_select) - before, 1);
    wg_tape_free(tape);
}

/* A thousand branches one inside the other: their expression is recorded without recursion. */
Test(mask, deep_expressions_are_recorded_without_a_deep_stack)
{
    tape = wg_tape_create(NULL);
    wg_var x = full(WG_SHAPE(2)), zero = wg_number(x, 0), y = wg_log(x);
    for (int i = 0; i < 20000; i++) y = wg_select(wg_lt(x, zero), zero, wg_neg(y));
    check(wg__var_check(wg_grad(wg_sum(y, WG_ALL), x)) == WG_OK);
    wg_tape_free(tape);
}

/* The structure of gradients: what is recorded for them and what is not. Their values are compared
 * in test_replay.c. */
#include "graph/internal.h"
#include "support/test.h"

#include <wengert/nn/activation.h>

static wg_var points(wg_tape *tape)
{
    static const double data[3] = { -1, 0, 1 };
    return wg_input(tape, "x", wg_f64(data, WG_SHAPE(3)));
}

static int64_t count_of(const wg_tape *tape, wg__op_id op)
{
    int64_t count = 0;
    for (int64_t i = 0; i < tape->count; i++) count += tape->record[i].op == op;
    return count;
}

static int64_t count_reached(const wg_tape *tape, wg_var y)
{
    bool *reached = wg__allocate_zeroed(&wg__allocator_default, (size_t)tape->count);
    int64_t count = 0;
    reached[y.index] = true;
    for (uint32_t node = y.index + 1; node-- > 0;) {
        if (!reached[node]) continue;
        count++;
        int32_t in_count;
        const uint32_t *in = wg__tape_inputs(tape, node, &in_count);
        for (int32_t i = 0; i < in_count; i++) reached[in[i]] = true;
    }
    wg__release(&wg__allocator_default, reached, (size_t)tape->count);
    return count;
}

Test(grad, the_gradient_of_a_value_by_itself_is_one)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_scalar(tape, "x", WG_F64, 3);
    wg_var g = wg_grad(x, x);
    check_equal_i(tape->record[g.index].op, WG__OP_constant);
    check_equal_i(wg_shape_of(g).rank, 0);
    wg_tape_free(tape);
}

Test(grad, of_what_does_not_depend_it_is_zeros)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape), s = wg_scalar(tape, "s", WG_F32, 1);
    wg_var late = wg_exp(x);
    const wg_var by[] = { x, late };
    const wg_var of[] = { wg_sum(wg_stop_gradient(x), WG_ALL), s,
                          wg_sum(wg_cast(wg_lt(x, wg_number(x, 0)), WG_F64), WG_ALL),
                          wg_sum(wg_cast(wg_argmax(x, 0), WG_F64), WG_ALL) };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++)
        for (size_t k = 0; k < 2; k++) {
            check(!wg_depends(of[i], by[k]));
            wg_var g = wg_grad(of[i], by[k]);
            check_msg(wg__var_check(g) == WG_OK, "%s", wg_tape_message(tape));
            check_equal_i(tape->record[g.index].op, WG__OP_broadcast);
            check(wg_shape_equal(wg_shape_of(g), wg_shape_of(by[k])));
            check_equal_i(wg_dtype_of(g), WG_F64);
        }
    wg_tape_free(tape);
}

Test(grad, dependence_goes_forward_only)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    wg_var y = wg_exp(x), z = wg_sin(x), w = wg_mul(y, z);
    check(wg_depends(w, x) && wg_depends(w, y) && wg_depends(w, z) && wg_depends(y, y));
    check(!wg_depends(y, z) && !wg_depends(x, w));
    wg_tape_free(tape);
}

/* The untaken way is not walked: only products on the path to x are recorded. */
Test(grad, nothing_flows_into_what_is_not_asked_for)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_full(tape, WG_F32, WG_SHAPE(2, 3), 1);
    wg_var w = wg_full(tape, WG_F32, WG_SHAPE(3, 4), 1);
    wg_var y = wg_sum(wg_matmul(x, w), WG_ALL);
    wg_var g = wg_grad(y, w);
    check(wg_shape_equal(wg_shape_of(g), WG_SHAPE(3, 4)));
    check_equal_i(count_of(tape, WG__OP_matmul), 2);
    wg_tape_free(tape);
}

Test(grad, several_gradients_are_one_sweep)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x[2] = { points(tape), wg_scalar(tape, "a", WG_F64, 2) };
    wg_var y = wg_sum(wg_exp(wg_mul(x[0], x[1])), WG_ALL);
    const int64_t before = tape->count;
    wg_var g[2];
    check_status(wg_grads(y, 2, x, g), WG_OK);
    const int64_t together = tape->count - before;
    check(wg_shape_equal(wg_shape_of(g[0]), WG_SHAPE(3)));
    check_equal_i(wg_shape_of(g[1]).rank, 0);
    /* seed, its spread (2), g r, and then g y for a; g x and its sum for x. */
    check(together <= 8);
    check_status(wg_grads(y, 0, NULL, NULL), WG_OK);
    check_status(wg_grads(y, 2, x, x), WG_OK);
    check(wg_shape_equal(wg_shape_of(x[0]), WG_SHAPE(3)));
    wg_tape_free(tape);
}

Test(grad, an_input_that_is_read_twice_gets_both)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    const int64_t before = count_of(tape, WG__OP_add);
    wg_var g = wg_grad(wg_sum(wg_mul(x, x), WG_ALL), x);
    check_equal_i(count_of(tape, WG__OP_add) - before, 1);
    check_equal_i(tape->record[g.index].op, WG__OP_add);
    wg_tape_free(tape);
}

Test(grad, by_a_value_on_the_way_holds_the_rest_constant)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    wg_var u = wg_exp(x), v = wg_sin(x);
    wg_var g = wg_grad(wg_sum(wg_mul(u, v), WG_ALL), u);
    check_equal_i(count_of(tape, WG__OP_cos), 0);
    check(wg__var_check(g) == WG_OK);
    wg_tape_free(tape);
}

/* ---- equal records ---- */

static wg_var formula_of_mish(wg_var x)
{
    return wg_mul(x, wg_tanh(wg_logaddexp(x, wg_number(x, 0))));
}

/* The target after rewriting is 400; what is recorded must already be below it, also with the
 * guards at infinities that the library's has. */
Test(grad, the_third_derivative_of_mish_stays_small)
{
    wg_activation *const both[2] = { formula_of_mish, wg_mish };
    for (int k = 0; k < 2; k++) {
        wg_tape *tape = wg_tape_create(NULL);
        wg_var x = points(tape);
        wg_var y = both[k](x);
        for (int order = 0; order < 3; order++) y = wg_grad(wg_sum(y, WG_ALL), x);
        const int64_t live = count_reached(tape, y);
        check_msg(live <= 400, "%lld live values", (long long)live);
        wg_tape_free(tape);
    }
}

Test(grad, a_sweep_finds_equal_records_of_earlier_sweeps)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    wg_var y = wg_sum(wg_tanh(x), WG_ALL);
    wg_var g = wg_grad(y, x);
    const int64_t logistics = count_of(tape, WG__OP_logistic);
    wg_var again = wg_grad(y, x);
    check_equal_i(count_of(tape, WG__OP_logistic), logistics);
    /* What was handed out is not shared: each name is its own value to differentiate by. */
    check(again.index != g.index);
    wg_tape_free(tape);
}

/* f = e exp(x) with e = exp(x) recorded by the user before: the rule needs exp(x) too, but de/de
 * must not see it. */
Test(grad, a_value_of_the_users_is_never_taken_for_a_rules)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    wg_var e = wg_exp(x);
    wg_var g = wg_grad(wg_sum(wg_expm1(x), WG_ALL), x); /* g exp(x) */
    check(!wg_depends(g, e));
    check(wg_depends(g, x));
    wg_tape_free(tape);
}

Test(grad, recording_a_gradient_again_after_reset_is_the_same)
{
    wg_tape *tape = wg_tape_create(NULL);
    int64_t count[3];
    for (int i = 0; i < 3; i++) {
        wg_tape_reset(tape);
        wg_var x = points(tape);
        wg_var y = wg_grad(wg_sum(wg_tanh(x), WG_ALL), x);
        check(wg__var_check(wg_grad(wg_sum(y, WG_ALL), x)) == WG_OK);
        count[i] = tape->count;
    }
    check_equal_i(count[1], count[0]);
    check_equal_i(count[2], count[0]);
    wg_tape_free(tape);
}

/* No recursion over the user's data. */
Test(grad, a_long_chain_is_differentiated_without_a_deep_stack)
{
    enum { LENGTH = 200000 };
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_scalar(tape, "x", WG_F32, 1), y = x;
    for (int i = 0; i < LENGTH; i++) y = wg_sin(y);
    check(wg__var_check(wg_grad(y, x)) == WG_OK);
    check_equal_i(count_of(tape, WG__OP_cos), LENGTH);
    wg_tape_free(tape);
}

Test(grad, wide_inputs_are_differentiated_too)
{
    enum { PARTS = 40 };
    wg_tape *tape = wg_tape_create(NULL);
    wg_var part[PARTS], gradient[PARTS];
    for (int i = 0; i < PARTS; i++) part[i] = wg_full(tape, WG_F64, WG_SHAPE(2), i);
    wg_var y = wg_concat(PARTS, part, 0);
    check_status(wg_grads(wg_sum(wg_mul(y, y), WG_ALL), PARTS, part, gradient), WG_OK);
    for (int i = 0; i < PARTS; i++)
        check_equal_i(tape->record[gradient[i].index].op, WG__OP_slice);
    wg_tape_free(tape);
}

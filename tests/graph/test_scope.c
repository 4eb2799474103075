/* Scopes are values: paths and flags. */
#include "graph/tape.h"
#include "support/test.h"

#include <string.h>
#include <wengert/ops.h>
#include <wengert/nn.h>

Test(scope, paths_are_joined)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_scope root = wg_scope_root(tape, NULL, WG_TRAINING);
    check_text(wg_scope_path(root), "");
    wg_scope encoder = wg_scope_in(root, "encoder");
    check_text(wg_scope_path(encoder), "encoder");
    check_text(wg_scope_path(wg_scope_in(encoder, "hidden/1")), "encoder/hidden/1");
    check_text(wg_scope_path(wg_scope_nth(encoder, "block", 3)), "encoder/block_3");
    check_text(wg_scope_path(wg_scope_nth(encoder, "block", INT64_MAX)),
               "encoder/block_9223372036854775807");
    check_text(wg_scope_path(root), "");
    wg_tape_free(tape);
}

Test(scope, one_path_is_one_id_however_it_was_walked)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_scope root = wg_scope_root(tape, NULL, WG_TRAINING);
    const uint32_t id = wg_scope_in(wg_scope_in(root, "a"), "b").path;
    check_equal_i(wg_scope_in(root, "a/b").path, id);
    check(wg_scope_in(root, "a").path != id);
    check(wg_scope_in(root, "ab").path != id);
    for (int i = 0; i < 1000; i++) check(wg_scope_nth(root, "layer", i).tape == tape);
    for (int i = 0; i < 1000; i++) {
        const char *path = wg_scope_path(wg_scope_nth(root, "layer", i));
        check(strncmp(path, "layer_", 6) == 0);
    }
    check_equal_i(wg_scope_in(root, "a/b").path, id);
    check_equal_i(tape->scope_count, 1 + 3 + 1000);
    wg_tape_free(tape);
}

Test(scope, modes_and_flags_are_inherited)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_scope root = wg_scope_root(tape, NULL, WG_TRAINING);
    check(wg_scope_training(root) && wg_scope_training(wg_scope_in(root, "a")));
    wg_scope frozen = wg_scope_frozen(root);
    check(!wg_scope_training(frozen) && !wg_scope_training(wg_scope_in(frozen, "a")));
    check(wg_scope_training(root));
    check(!wg_scope_training(wg_scope_mode(root, WG_EVALUATION)));
    check(wg_scope_training(wg_scope_mode(frozen, WG_TRAINING)));
    check(!wg_scope_training(wg_scope_root(tape, NULL, WG_EVALUATION)));
    check(wg_scope_in(wg_scope_shared(root, "s"), "t").flags & WG__SCOPE_SHARED);
    wg_tape_free(tape);
}

Test(scope, without_a_tape_there_is_no_scope_and_no_error)
{
    wg_scope none = wg_scope_root(NULL, NULL, WG_TRAINING);
    check_text(wg_scope_path(wg_scope_in(none, "a")), "");
    check(!wg_scope_training(none));
    check(wg_param(none, "w", WG_F32, WG_SCALAR, (wg_initializer){ 0 }).tape == NULL);
    check(wg_uniform(none, "u", WG_F32, WG_SCALAR).tape == NULL);
    check_status((int)wg_parameters(none, 0, NULL), WG_EINVALID);
    check_status(wg_note(none, "n", (wg_var){ 0 }), WG_EINVALID);
    check(wg_find(none, "n").tape == NULL);
}

Test(scope, after_an_error_scopes_lead_to_it)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_scope bad = wg_scope_in(wg_scope_root(tape, NULL, WG_TRAINING), "a b");
    check_status(wg_tape_status(tape), WG_ENAME);
    check_text(wg_scope_path(bad), "");
    bad = wg_scope_in(bad, "c");
    check(wg_param(bad, "w", WG_F32, WG_SCALAR, (wg_initializer){ 0 }).tape == tape);
    check_status(wg_tape_status(tape), WG_ENAME);
    wg_tape_free(tape);
}

/* ---- notes ---- */

Test(scope, notes_are_found_by_path_and_the_latest_wins)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_scope root = wg_scope_root(tape, NULL, WG_EVALUATION), top = wg_scope_in(root, "top");
    wg_var x = wg_full(tape, WG_F32, WG_SHAPE(3), 1), y = wg_full(tape, WG_F32, WG_SHAPE(3), 2);
    check_status(wg_note(top, "logits", x), WG_OK);
    check_equal_i(wg_find(top, "logits").index, x.index);
    check_equal_i(wg_find(root, "top/logits").index, x.index);
    check_status(wg_note(root, "top/logits", y), WG_OK);
    check_equal_i(wg_find(top, "logits").index, y.index);
    wg_tape_free(tape);
}

Test(scope, columns_are_inputs_by_name_wherever_we_are)
{
    const float data[3] = { 0 };
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_batch(tape, "x", wg_f32(data, WG_SHAPE(3)));
    wg_scope top = wg_scope_in(wg_scope_root(tape, NULL, WG_EVALUATION), "top");
    check_equal_i(wg_column(top, "x").index, x.index);
    check(wg__var_check(wg_find(top, "x")) == WG_ENAME);
    wg_tape_free(tape);
}

/* ---- replaced values ---- */

static wg_var product_of(wg_scope scope, wg_var x)
{
    return wg_mul(x, wg_param(scope, "w", WG_F64, WG_SHAPE(2), (wg_initializer){ 0 }));
}

/* The value is read under the replaced scope alone, and a gradient flows through it. */
Test(scope, a_replaced_parameter_reads_as_its_value)
{
    const double two[2] = { 2, 3 };
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    const wg_scope net = wg_scope_shared(wg_scope_root(tape, params, WG_TRAINING), "net");
    const wg_var x = wg_input(tape, NULL, wg_f64(two, WG_SHAPE(2)));
    (void)product_of(net, x);
    wg_var w;
    check_equal_i(wg_parameters(net, 1, &w), 1);
    const wg_var first = wg_shift(wg_scale(w, 2), 1), second = wg_scale(first, 5);
    const wg_scope once = wg_scope_replaced(net, 1, &w, &first);
    const wg_scope twice = wg_scope_replaced(once, 1, &w, &second);
    check_equal_i(wg_param(net, "w", WG_F64, WG_SHAPE(2), (wg_initializer){ 0 }).index, w.index);
    check_equal_i(wg_param(once, "w", WG_F64, WG_SHAPE(2), (wg_initializer){ 0 }).index,
                  first.index);
    check_equal_i(wg_param(twice, "w", WG_F64, WG_SHAPE(2), (wg_initializer){ 0 }).index,
                  second.index);
    check(wg_depends(product_of(twice, x), w));
    wg_tape_free(tape);
    wg_params_free(params);
}

Test(scope, only_parameters_are_replaced_and_by_their_type)
{
    const double two[2] = { 2, 3 };
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    for (int i = 0; i < 3; i++) {
        const wg_scope net = wg_scope_shared(wg_scope_root(tape, params, WG_TRAINING), "net");
        const wg_var x = wg_input(tape, NULL, wg_f64(two, WG_SHAPE(2)));
        const wg_var w = wg_param(net, "w", WG_F64, WG_SHAPE(2), (wg_initializer){ 0 });
        const wg_var sum = wg_sum(x, WG_ALL);
        (void)wg_scope_replaced(net, 1, i == 0 ? &x : &w, i == 1 ? &sum : i == 2 ? NULL : &x);
        check_status(wg_tape_status(tape), i == 1 ? WG_ESHAPE : WG_EINVALID);
        if (i == 0) check_contains(wg_tape_message(tape), "no parameter or state");
        if (i == 1) check_contains(wg_tape_message(tape), "net/w: [] f64 is not [2] f64");
        wg_tape_reset(tape);
    }
    wg_tape_free(tape);
    wg_params_free(params);
}

/* Parameters and state as a recording reads them: statements mean what they say, in order. */
#include "graph/internal.h"
#include "support/replay.h"
#include "support/test.h"

#include <wengert/ops.h>

static wg_var make_index(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    wg_var values = wg_iota(scope.tape, dtype, wg_shape_count(shape));
    return wg_add(wg_reshape(values, shape), wg_number(values, setting[0]));
}
static const wg_initializer from_ten = { .make = make_index, .setting = { 10 } };

static wg_tape *tape;
static wg_params *params;
static wg_scope root;
static replay *run;

#define WITH_PARAMS(name)                                                                          \
    static void version_##name(void);                                                              \
    Test(version, name)                                                                            \
    {                                                                                              \
        tape = wg_tape_create(NULL);                                                               \
        params = wg_params_create(NULL);                                                           \
        run = replay_attach(tape, WG__PORTABLE);                                                   \
        root = wg_scope_root(tape, params, WG_TRAINING);                                           \
        version_##name();                                                                          \
        replay_free(run);                                                                          \
        wg_tape_free(tape);                                                                        \
        wg_params_free(params);                                                                    \
    }                                                                                              \
    static void version_##name(void)

static void begin(void)
{
    wg_tape_reset(tape);
    root = wg_scope_root(tape, params, WG_TRAINING);
}

static double stored(const char *path)
{
    const wg__entry *entry = wg__params_entry(params, path);
    check_msg(entry != NULL, "%s is not there", path);
    return entry->type.dtype == WG_F64 ? *(const double *)entry->data
                                       : (double)*(const float *)entry->data;
}

static wg_var state(const char *name)
{
    return wg_state(wg_scope_shared(root, "shared"), name, WG_F64, WG_SCALAR, 5);
}

/* ---- making ---- */

WITH_PARAMS(a_parameter_is_made_once)
{
    wg_var w = wg_param(root, "w", WG_F64, WG_SHAPE(3), from_ten);
    check(replay_at(run, w, 2) == 12);
    check_text(wg_path(w), "w");
    check_equal_i(wg_params_count(params), 0);
    check_status(replay_commit(run), WG_OK);
    check_equal_i(wg_params_count(params), 1);
    check(wg_params_trained(params, 0));
    begin();
    w = wg_param(root, "w", WG_F64, WG_SHAPE(3), from_ten);
    check_equal_i(wg_tape_count(tape), 1);
    check_equal_i(tape->effect_count, 0);
    check(replay_at(run, w, 2) == 12);
}

WITH_PARAMS(what_was_set_before_is_taken)
{
    const float data[2] = { 7, 8 };
    wg_params_set(params, "net/mean", wg_f32(data, WG_SHAPE(2)));
    check(wg_params_trained(params, 0));
    wg_var mean = wg_state(wg_scope_in(root, "net"), "mean", WG_F32, WG_SHAPE(2), 0);
    check(replay_at(run, mean, 1) == 8);
    check(!wg_params_trained(params, 0));
}

WITH_PARAMS(an_integer_dtype_means_that_of_the_params)
{
    wg_var w = wg_param(root, "w", WG_U8, WG_SHAPE(3), from_ten);
    check_equal_i(wg_dtype_of(w), WG_F32);
    wg_var s = wg_state(root, "s", WG_U8, WG_SHAPE(3), 7);
    check_equal_i(wg_dtype_of(s), WG_U8);
}

WITH_PARAMS(a_recording_that_never_runs_makes_nothing)
{
    check(wg__var_check(wg_param(root, "w", WG_F32, WG_SHAPE(3), from_ten)) == WG_OK);
    begin();
    check_equal_i(wg_params_count(params), 0);
}

WITH_PARAMS(state_like_has_the_type_and_zeros)
{
    wg_var w = wg_param(root, "w", WG_F64, WG_SHAPE(2, 3), from_ten);
    wg_var m = wg_state_like(wg_scope_in(root, "adam"), "w/m", w);
    check_text(wg_path(m), "adam/w/m");
    check(wg_shape_equal(wg_shape_of(m), WG_SHAPE(2, 3)) && wg_dtype_of(m) == WG_F64);
    check(replay_at(run, m, 5) == 0);
}

WITH_PARAMS(two_params_on_one_tape_keep_apart)
{
    wg_params *other = wg_params_create(NULL);
    wg_scope there = wg_scope_root(tape, other, WG_TRAINING);
    wg_var a = wg_state(root, "s", WG_F64, WG_SCALAR, 1);
    wg_var b = wg_state(there, "s", WG_F64, WG_SCALAR, 2);
    check(a.index != b.index);
    check_status(wg_assign(b, a), WG_OK);
    check_status(replay_commit(run), WG_OK);
    check(stored("s") == 1);
    check(*(const double *)wg__params_entry(other, "s")->data == 1);
    wg_params_free(other);
}

/* ---- sharing ---- */

WITH_PARAMS(a_shared_name_is_the_same_parameter)
{
    wg_scope shared = wg_scope_shared(root, "critic");
    wg_var a = wg_param(shared, "w", WG_F32, WG_SHAPE(3), from_ten);
    wg_var b = wg_param(shared, "w", WG_F32, WG_SHAPE(3), from_ten);
    check_equal_i(a.index, b.index);
    check_equal_i(tape->effect_count, 1);
    check(wg__var_check(wg_param(shared, "w", WG_F32, WG_SHAPE(4), from_ten)) == WG_ESHAPE);
}

/* ---- assigning ---- */

WITH_PARAMS(after_an_assign_the_name_reads_as_the_value)
{
    wg_var old = state("s");
    wg_var new = wg_mul(old, wg_number(old, 2));
    check_status(wg_assign(old, new), WG_OK);
    wg_var now = state("s");
    check(now.index != old.index && now.index != new.index);
    check_equal_i(tape->record[now.index].op, WG__OP_stop_gradient);
    check(replay_at(run, old, 0) == 5 && replay_at(run, now, 0) == 10);
    check_equal_i(state("s").index, now.index);
    check_text(wg_path(now), "shared/s");
    check_text(wg_path(new), "");
    /* By any name it has had. */
    check_status(wg_assign(now, wg_add(now, now)), WG_OK);
    check_status(wg_assign(old, wg_add(state("s"), old)), WG_OK);
    check_status(replay_commit(run), WG_OK);
    check(stored("shared/s") == 25);
}

WITH_PARAMS(only_the_last_assign_is_stored)
{
    wg_var s = state("s");
    for (int i = 0; i < 3; i++) check_status(wg_assign(s, wg_number(s, i)), WG_OK);
    check_equal_i(tape->effect_count, 2);
    check_equal_i(tape->effect[1].kind, WG__ASSIGN);
    check_status(replay_commit(run), WG_OK);
    check(stored("shared/s") == 2);
}

WITH_PARAMS(an_assigned_value_is_constant_to_derivatives)
{
    wg_var x = wg_scalar(tape, "x", WG_F64, 3);
    wg_var s = state("s");
    wg_assign(s, wg_mul(x, x));
    wg_var y = wg_mul(state("s"), x); /* 9 x */
    wg_var g = wg_grad(y, x);
    check(replay_at(run, y, 0) == 27 && replay_at(run, g, 0) == 9);
    g = wg_grad(y, state("s"));
    check(replay_at(run, g, 0) == 3);
}

/* p <- p - dy/dp, twice: the second step starts from the result of the first. */
WITH_PARAMS(two_steps_in_one_recording_follow_each_other)
{
    wg_scope shared = wg_scope_shared(root, "net");
    for (int step = 0; step < 2; step++) {
        wg_var p = wg_param(shared, "p", WG_F64, WG_SHAPE(1), from_ten);
        wg_var g = wg_grad(wg_sum(wg_mul(p, p), WG_ALL), p);
        check_status(wg_assign(p, wg_sub(p, wg_mul(g, wg_number(g, 0.25)))), WG_OK);
    }
    check_status(replay_commit(run), WG_OK);
    check(stored("net/p") == 2.5);
}

/* ---- after a run ---- */

WITH_PARAMS(after_a_commit_old_values_are_gone)
{
    uint32_t slot;
    wg_var s = state("s"), t = state("t");
    wg_var kept = wg_exp(t), lost = wg_add(wg_exp(s), t);
    wg_assign(s, wg_add(s, s));
    check(!wg__tape_is_gone(tape, lost.index, &slot));
    check_status(replay_commit(run), WG_OK);
    check(wg__tape_is_gone(tape, lost.index, &slot));
    check_text(tape->version[slot].path, "shared/s");
    check(!wg__tape_is_gone(tape, kept.index, &slot));
    wg_var now = state("s");
    check_equal_i(tape->record[now.index].op, WG__OP_parameter);
    check(replay_at(run, now, 0) == 10);
    check(!wg__tape_is_gone(tape, now.index, &slot));
    check(wg__tape_is_gone(tape, wg_mul(now, lost).index, &slot));
    check_equal_i(state("t").index, t.index);
    check_text(wg_path(now), "shared/s");
}

WITH_PARAMS(a_second_run_commits_what_came_after_the_first)
{
    wg_var s = state("s");
    wg_assign(s, wg_number(s, 1));
    check_status(replay_commit(run), WG_OK);
    check_status(replay_commit(run), WG_OK);
    s = state("s");
    wg_assign(s, wg_add(s, wg_number(s, 1)));
    check_status(replay_commit(run), WG_OK);
    check(stored("shared/s") == 2);
    check_equal_i(tape->effect_done, tape->effect_count);
}

WITH_PARAMS(creation_makes_nothing_gone)
{
    uint32_t slot;
    wg_var w = wg_param(root, "w", WG_F32, WG_SHAPE(3), from_ten);
    wg_var y = wg_exp(w);
    check_status(replay_commit(run), WG_OK);
    check(!wg__tape_is_gone(tape, y.index, &slot));
    check(tape->version[0].entry != NULL);
}

WITH_PARAMS(what_must_be_finite_stops_the_commit)
{
    wg_var s = state("s");
    wg_var bad = wg_log(wg_neg(s));
    wg_assign(s, wg_number(s, 1));
    check_status(wg_require_finite(bad), WG_OK);
    check_status(replay_commit(run), WG_EFINITE);
    check_equal_i(wg_params_count(params), 0);
    check_contains(wg_tape_message(tape), "log: is not finite (test_version.c:");
}

/* ---- listing ---- */

WITH_PARAMS(parameters_are_listed_below_a_scope_by_path)
{
    const char *const names[4] = { "b/w", "a/w", "ab/w", "a/v" };
    for (int i = 0; i < 4; i++)
        check(wg__var_check(wg_param(root, names[i], WG_F32, WG_SCALAR, from_ten)) == WG_OK);
    check(wg__var_check(wg_state(root, "a/s", WG_F32, WG_SCALAR, 0)) == WG_OK);
    wg_scope frozen = wg_scope_frozen(wg_scope_in(root, "a"));
    check(wg__var_check(wg_param(frozen, "frozen", WG_F32, WG_SCALAR, from_ten)) == WG_OK);
    wg_var found[4];
    check_equal_i(wg_parameters(root, 4, found), 4);
    const char *const sorted[4] = { "a/v", "a/w", "ab/w", "b/w" };
    for (int i = 0; i < 4; i++) check_text(wg_path(found[i]), sorted[i]);
    check_equal_i(wg_parameters(wg_scope_in(root, "a"), 0, NULL), 2);
    check_equal_i(wg_parameters(root, 1, found), 4);
    check_text(wg_path(found[0]), "a/v");
    check_equal_i(wg_parameters(wg_scope_in(root, "c"), 4, found), 0);
    check_status((int)wg_parameters(root, 1, NULL), WG_EINVALID);
}

WITH_PARAMS(listed_values_are_present_ones)
{
    wg_var w = wg_param(root, "w", WG_F64, WG_SHAPE(1), from_ten);
    wg_assign(w, wg_add(w, w));
    wg_var found;
    check_equal_i(wg_parameters(root, 1, &found), 1);
    check(replay_at(run, found, 0) == 20);
    check(found.index != w.index);
}

WITH_PARAMS(frozen_once_and_met_again_is_listed)
{
    wg_scope shared = wg_scope_shared(root, "critic");
    check(wg__var_check(wg_param(wg_scope_frozen(shared), "w", WG_F32, WG_SCALAR, from_ten)) ==
          WG_OK);
    check_equal_i(wg_parameters(root, 0, NULL), 0);
    check(wg__var_check(wg_param(shared, "w", WG_F32, WG_SCALAR, from_ten)) == WG_OK);
    check_equal_i(wg_parameters(root, 0, NULL), 1);
}

/* ---- conditions ---- */

/* Runs: neither, one of two, both. What a name reads as after the assign is what is stored. */
WITH_PARAMS(assigns_take_effect_where_both_conditions_hold)
{
    const double expected[4] = { 5, 5, 5, 7 };
    for (int k = 0; k < 4; k++) {
        begin();
        wg_var x = wg_scalar(tape, "x", WG_BOOL, k & 1), y = wg_scalar(tape, "y", WG_BOOL, k >> 1);
        const wg_scope outer = wg_scope_when(wg_scope_in(root, "a"), x);
        wg_var s = wg_state(wg_scope_when(outer, y), "s", WG_F64, WG_SHAPE(2), 5);
        wg_var free = wg_state(root, "free", WG_F64, WG_SCALAR, 0);
        wg_assign(s, wg_full(tape, WG_F64, WG_SHAPE(2), 7));
        wg_assign(free, wg_number(free, k));
        wg_var after = wg_state(wg_scope_in(root, "b"), "copy", WG_F64, WG_SHAPE(2), 0);
        wg_assign(after, wg_add(s, wg_number(s, 1)));
        check_status(replay_commit(run), WG_OK);
        check(stored("a/s") == expected[k] && stored("b/copy") == 6 && stored("free") == k);
        wg_params_free(params);
        params = wg_params_create(NULL);
    }
}

WITH_PARAMS(a_condition_is_a_bool_scalar)
{
    for (int k = 0; k < 2; k++) {
        begin();
        wg_var x = wg_full(tape, k == 0 ? WG_F64 : WG_BOOL, WG_SHAPE(2), 1);
        const wg_scope none = wg_scope_when(root, x);
        check_status(wg_tape_status(tape), k == 0 ? WG_EDTYPE : WG_ESHAPE);
        check_contains(wg_tape_message(tape), "when: a condition is a bool scalar");
        check(wg__var_check(wg_state(none, "s", WG_F64, WG_SCALAR, 0)) != WG_OK);
    }
}

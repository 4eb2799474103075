/* Effects: a recording means what its statements would mean one by one, runs once, and stores all
 * it assigns or nothing. The first tests follow the table of the API's decisions row by row. */
#include "runtime/internal.h"
#include "support/test.h"

#include <math.h>
#include <string.h>
#include <wengert/nn.h>

typedef struct place {
    wg_runtime *runtime;
    wg_tape *tape;
    wg_params *params;
} place;

static place place_open(void)
{
    place p = { wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1)),
                wg_tape_create(NULL), wg_params_create(NULL) };
    check(p.runtime != NULL && p.tape != NULL && p.params != NULL);
    return p;
}

static void place_close(place *p)
{
    wg_tape_free(p->tape);
    wg_params_free(p->params);
    wg_runtime_free(p->runtime);
}

static wg_scope begin(place *p)
{
    wg_tape_reset(p->tape);
    return wg_scope_root(p->tape, p->params, WG_TRAINING);
}

static double stored(const place *p, const char *path)
{
    wg_view view;
    check_status(wg_params_find(p->params, path, &view), WG_OK);
    check_equal_i(view.dtype, WG_F64);
    return *(const double *)view.data;
}

static double item(place *p, wg_var x)
{
    double value = NAN;
    const int status = wg_item(p->runtime, x, &value);
    check_msg(status == WG_OK, "%s", wg_explain(status, p->tape, NULL));
    return value;
}

/* ---- the table ---- */

Test(commit, a_recording_runs_once_and_kept_values_are_read_again)
{
    place p = place_open();
    const wg_scope scope = begin(&p);
    const wg_var w = wg_state(scope, "w", WG_F64, WG_SCALAR, 10);
    const wg_var loss = wg_mul(w, w);
    const wg_var accuracy = wg_add(w, wg_number(w, 1));
    wg_keep(accuracy);
    wg_assign(w, wg_sub(w, wg_number(w, 1)));
    check_close(item(&p, loss), 100, 0);
    check_close(item(&p, accuracy), 11, 0);
    check_close(item(&p, loss), 100, 0);
    check_close(stored(&p, "w"), 9, 0);
    place_close(&p);
}

Test(commit, a_run_without_reading_stores_and_the_reset_tells_how_it_ended)
{
    place p = place_open();
    for (int step = 0; step < 3; step++) {
        const wg_scope scope = begin(&p);
        const wg_var w = wg_state(scope, "w", WG_F64, WG_SCALAR, 10);
        wg_assign(w, wg_sub(w, wg_number(w, 1)));
        check_status(wg_run(p.runtime, p.tape), WG_OK);
    }
    check_close(stored(&p, "w"), 7, 0);
    check_status(wg_tape_reset(p.tape), WG_OK);
    const wg_scope scope = begin(&p);
    const wg_var w = wg_state(scope, "w", WG_F64, WG_SCALAR, 10);
    wg_require_finite(wg_log(wg_neg(w)));
    check_status(wg_run(p.runtime, p.tape), WG_EFINITE);
    check_status(wg_tape_reset(p.tape), WG_EFINITE);
    place_close(&p);
}

Test(commit, a_value_of_the_old_parameters_is_gone_unless_kept)
{
    place p = place_open();
    const wg_scope scope = begin(&p);
    const wg_var w = wg_state(scope, "dense/w", WG_F64, WG_SCALAR, 10);
    const wg_var loss = wg_mul(w, w);
    const wg_var logits = wg_add(w, wg_number(w, 1));
    const wg_var apart = wg_exp(wg_full(p.tape, WG_F64, WG_SCALAR, 1));
    wg_assign(w, wg_sub(w, wg_number(w, 1)));
    check_close(item(&p, loss), 100, 0);
    check_close(item(&p, apart), 2.718281828459045, 1e-15);
    double value = 5;
    check_status(wg_item(p.runtime, logits, &value), WG_EGONE);
    check_close(value, 5, 0);
    check_contains(wg_tape_message(p.tape), "dense/w");
    check_contains(wg_tape_message(p.tape), "test_commit.c:");
    check_contains(wg_tape_message(p.tape), "keep");
    place_close(&p);
}

Test(commit, a_name_reads_as_its_last_assigned_value_constant_to_derivatives)
{
    place p = place_open();
    const wg_scope shared = wg_scope_shared(begin(&p), "critic");
    const wg_var before = wg_state(shared, "w", WG_F64, WG_SCALAR, 3);
    wg_assign(before, wg_mul(before, wg_number(before, 2)));
    const wg_var after = wg_state(shared, "w", WG_F64, WG_SCALAR, 3);
    const wg_var score = wg_mul(after, after);
    const wg_var by_after = wg_grad(score, after);
    const wg_var by_before = wg_grad(score, before);
    double value[3];
    check_status(wg_items(p.runtime, 3, (const wg_var[3]){ score, by_after, by_before }, value),
                 WG_OK);
    check_close(value[0], 36, 0);
    check_close(value[1], 12, 0);
    check_close(value[2], 0, 0);
    place_close(&p);
}

/* A running mean in a layer that is used twice: 0 -> 0.5 * 0 + 4 = 4 -> 0.5 * 4 + 6 = 8. */
static void running_mean(wg_scope scope, double x)
{
    const wg_var mean = wg_state(scope, "mean", WG_F64, WG_SCALAR, 0);
    wg_assign(mean, wg_add(wg_scale(mean, 0.5), wg_number(mean, x)));
}

Test(commit, a_second_use_reads_what_the_first_assigned)
{
    place p = place_open();
    const wg_scope shared = wg_scope_shared(begin(&p), "norm");
    running_mean(shared, 4);
    running_mean(shared, 6);
    check_status(wg_run(p.runtime, p.tape), WG_OK);
    check_close(stored(&p, "norm/mean"), 8, 0);
    place_close(&p);
}

Test(commit, state_carries_over_recordings_and_stops_the_gradient)
{
    place p = place_open();
    for (int step = 0; step < 3; step++) {
        const wg_scope scope = begin(&p);
        const wg_var h = wg_state(scope, "h", WG_F64, WG_SCALAR, 1);
        const wg_var x = wg_scalar(p.tape, "x", WG_F64, 2);
        const wg_var next = wg_mul(h, x);
        const wg_var slope = wg_grad(next, x);
        wg_assign(h, next);
        check_close(item(&p, slope), 1 << step, 0);
    }
    check_close(stored(&p, "h"), 8, 0);
    place_close(&p);
}

/* ---- all or nothing ---- */

Test(commit, parameters_that_read_each_other_swap)
{
    place p = place_open();
    for (int step = 0; step < 3; step++) {
        const wg_scope scope = begin(&p);
        const wg_var a = wg_state(scope, "a", WG_F64, WG_SCALAR, 1);
        const wg_var b = wg_state(scope, "b", WG_F64, WG_SCALAR, 2);
        wg_assign(a, b);
        wg_assign(b, a);
        check_status(wg_run(p.runtime, p.tape), WG_OK);
    }
    check_close(stored(&p, "a"), 2, 0);
    check_close(stored(&p, "b"), 1, 0);
    place_close(&p);
}

Test(commit, nothing_is_stored_or_made_if_one_value_is_not_finite)
{
    place p = place_open();
    wg_scope scope = begin(&p);
    wg_assign(wg_state(scope, "a", WG_F64, WG_SCALAR, 1), wg_full(p.tape, WG_F64, WG_SCALAR, 5));
    check_status(wg_run(p.runtime, p.tape), WG_OK);

    scope = begin(&p);
    const wg_var a = wg_state(scope, "a", WG_F64, WG_SCALAR, 1);
    const wg_var b = wg_state(scope, "b", WG_F64, WG_SCALAR, 2);
    wg_assign(a, wg_add(a, b));
    const wg_var wrong = wg_log(wg_neg(a));
    wg_require_finite(wrong);
    wg_assign(b, wrong);
    check_status(wg_run(p.runtime, p.tape), WG_EFINITE);
    check_contains(wg_tape_message(p.tape), "log");
    check_contains(wg_tape_message(p.tape), "test_commit.c:");
    check_close(stored(&p, "a"), 5, 0);
    check_equal_i(wg_params_count(p.params), 1);
    place_close(&p);
}

/* The index is out of range, so the gather fails after the parameter was made. */
Test(commit, parameters_made_by_a_run_that_fails_are_taken_back)
{
    static const int32_t index[2] = { 0, 7 };
    place p = place_open();
    const wg_scope scope = begin(&p);
    const wg_var table = wg_param(scope, "table", WG_F64, WG_SHAPE(4, 2), wg_init_normal(0, 1));
    const wg_var rows = wg_gather(table, wg_input(p.tape, "i", wg_i32(index, WG_SHAPE(2))), 0);
    double value;
    check_status(wg_item(p.runtime, wg_sum(rows, WG_ALL), &value), WG_EINDEX);
    check_contains(wg_tape_message(p.tape), "gather");
    check_contains(wg_tape_message(p.tape), "test_commit.c:");
    check_equal_i(wg_params_count(p.params), 0);
    place_close(&p);
}

Test(commit, a_parameter_is_made_by_its_initialiser_at_any_first_meeting)
{
    double first[6], again[6];
    for (int i = 0; i < 2; i++) {
        place p = place_open();
        const wg_scope scope = begin(&p);
        if (i == 1) wg_keep(wg_param(scope, "other", WG_F64, WG_SHAPE(3), wg_init_uniform(0, 1)));
        const wg_var w = wg_param(scope, "w", WG_F64, WG_SHAPE(6), wg_init_normal(1, 2));
        check_status(wg_read_f64(p.runtime, w, i == 0 ? first : again, 6), WG_OK);
        check_equal_i(wg_params_count(p.params), 1 + i);
        place_close(&p);
    }
    check_bytes(first, again, sizeof first);
}

Test(commit, another_recordings_parameter_is_read_not_made_again)
{
    place p = place_open();
    wg_tape *other = wg_tape_create(NULL);
    const wg_var mine = wg_state(begin(&p), "w", WG_F64, WG_SCALAR, 3);
    const wg_scope scope = wg_scope_root(other, p.params, WG_TRAINING);
    const wg_var theirs = wg_state(scope, "w", WG_F64, WG_SCALAR, 4);
    double value;
    check_close(item(&p, mine), 3, 0);
    check_status(wg_item(p.runtime, theirs, &value), WG_OK);
    check_close(value, 3, 0);
    wg_tape_free(other);
    place_close(&p);
}

Test(commit, versions_advance_with_each_commit)
{
    place p = place_open();
    uint64_t version[3];
    for (int step = 0; step < 3; step++) {
        const wg_scope scope = begin(&p);
        const wg_var w = wg_state(scope, "w", WG_F64, WG_SCALAR, 1);
        wg_assign(w, wg_scale(w, 2));
        check_status(wg_run(p.runtime, p.tape), WG_OK);
        version[step] = wg__params_entry(p.params, "w")->version;
    }
    check(version[0] < version[1] && version[1] < version[2]);
    place_close(&p);
}

Test(commit, a_recording_may_go_on_after_a_run)
{
    place p = place_open();
    const wg_scope shared = wg_scope_shared(begin(&p), "s");
    for (int step = 0; step < 3; step++) {
        const wg_var w = wg_state(shared, "w", WG_F64, WG_SCALAR, 1);
        wg_assign(w, wg_scale(w, 3));
        check_status(wg_run(p.runtime, p.tape), WG_OK);
    }
    check_close(stored(&p, "s/w"), 27, 0);
    place_close(&p);
}

/* A step in which a counter drives a schedule and dropout draws: one program, many masks. */
Test(commit, steps_with_draws_and_schedules_are_one_program)
{
    place p = place_open();
    double last = 0;
    int64_t changes = 0;
    for (int step = 0; step < 20; step++) {
        const wg_scope scope = begin(&p);
        const wg_var rate = wg_scalar(p.tape, "rate", WG_F64, 0.1 * step);
        const wg_var u = wg_uniform(scope, "u", WG_F64, WG_SCALAR);
        const double value = item(&p, wg_add(u, wg_mul(rate, wg_number(rate, 0))));
        changes += value != last;
        last = value;
    }
    check_equal_i(changes, 20);
    check_equal_i(p.runtime->miss_count, 2);
    check_equal_i(p.runtime->hit_count, 18);
    place_close(&p);
}

Test(commit, anomaly_mode_names_the_line_where_it_began)
{
    static const double data[3] = { 1, 0, 4 };
    place p = place_open();
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .check_finite = true));
    const wg_var x = wg_input(tape, "x", wg_f64(data, WG_SHAPE(3)));
    const wg_var unused = wg_div(x, wg_sub(x, x));
    const wg_var safe = wg_select(wg_lt(x, wg_number(x, 2)), wg_number(x, 1), wg_log(wg_neg(x)));
    const wg_var guarded = wg_slice(safe, 0, 0, 2, 1);
    const wg_var log = wg_log(x);
    double value;
    check_status(wg_item(p.runtime, wg_sum(guarded, WG_ALL), &value), WG_OK);
    check_close(value, 2, 0);
    check_status(wg_item(p.runtime, wg_sum(wg_exp(wg_neg(log)), WG_ALL), &value), WG_EFINITE);
    check_contains(wg_tape_message(tape), "log");
    check_contains(wg_tape_message(tape), "[3]");
    (void)unused;
    wg_tape_free(tape);
    place_close(&p);
}

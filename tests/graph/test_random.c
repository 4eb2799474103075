/* Draws: functions of seed, path, element and draw counter, and of nothing else. */
#include "graph/internal.h"
#include "support/replay.h"
#include "support/test.h"

#include <math.h>
#include <wengert/ops.h>

enum { MANY = 100000 };
static const double many = MANY; /* in the standard errors */

static wg_tape *tape;
static wg_params *params;
static replay *run;

static void open_with(uint64_t seed)
{
    tape = wg_tape_create(NULL);
    params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = seed));
    run = replay_attach(tape, wg__level_detect());
}

static void close_all(void)
{
    replay_free(run);
    wg_tape_free(tape);
    wg_params_free(params);
}

static wg_scope scope_of(wg_mode mode)
{
    wg_tape_reset(tape);
    return wg_scope_root(tape, params, mode);
}

/* ---- distributions ---- */

/* Mean, variance and extremes. Bounds are 5 standard errors. */
static void moments(wg_var x, double out[4])
{
    const int64_t count = wg_extent(x, 0);
    double sum = 0, square = 0;
    out[2] = INFINITY;
    out[3] = -INFINITY;
    for (int64_t i = 0; i < count; i++) {
        const double value = replay_at(run, x, i);
        sum += value;
        square += value * value;
        out[2] = fmin(out[2], value);
        out[3] = fmax(out[3], value);
    }
    out[0] = sum / (double)count;
    out[1] = square / (double)count - out[0] * out[0];
}

Test(random, uniforms_fill_the_unit_interval)
{
    const wg_dtype dtypes[2] = { WG_F32, WG_F64 };
    open_with(1);
    for (int i = 0; i < 2; i++) {
        double m[4];
        moments(wg_uniform(scope_of(WG_TRAINING), "u", dtypes[i], WG_SHAPE(MANY)), m);
        check_close(m[0], 0.5, 5 * sqrt(1.0 / 12 / many));
        check_close(m[1], 1.0 / 12, 5 * sqrt(1.0 / 180 / many));
        check(m[2] >= 0 && m[2] < 1e-3 && m[3] < 1 && m[3] > 0.999);
    }
    close_all();
}

/* An f32 has 24 bits, an f64 53: multiples of 2^-24 and 2^-53 with the last bit used. */
Test(random, uniforms_use_all_bits_of_their_dtype)
{
    open_with(1);
    wg_var x = wg_uniform(scope_of(WG_TRAINING), "u", WG_F32, WG_SHAPE(100));
    wg_var y = wg_uniform(wg_scope_root(tape, params, WG_TRAINING), "v", WG_F64, WG_SHAPE(100));
    int odd[2] = { 0, 0 };
    for (int i = 0; i < 100; i++) {
        const double a = replay_at(run, x, i) * 0x1p24, b = replay_at(run, y, i) * 0x1p53;
        check(a == floor(a) && b == floor(b));
        odd[0] += fmod(a, 2) == 1;
        odd[1] += fmod(b, 2) == 1;
    }
    check(odd[0] > 25 && odd[0] < 75 && odd[1] > 25 && odd[1] < 75);
    close_all();
}

Test(random, normals_are_normal_and_finite)
{
    const wg_dtype dtypes[2] = { WG_F32, WG_F64 };
    open_with(2);
    for (int i = 0; i < 2; i++) {
        double m[4];
        wg_var x = wg_normal(scope_of(WG_TRAINING), "n", dtypes[i], WG_SHAPE(MANY));
        moments(x, m);
        check_close(m[0], 0, 5 * sqrt(1.0 / many));
        check_close(m[1], 1, 5 * sqrt(2.0 / many));
        check(m[2] > -6 && m[2] < -3.5 && m[3] < 6 && m[3] > 3.5);
        double fourth = 0;
        for (int k = 0; k < MANY; k++) fourth += pow(replay_at(run, x, k), 4) / many;
        check_close(fourth, 3, 5 * sqrt(96.0 / many));
    }
    close_all();
}

/* The smallest 1 - u there can be: u = 1 - 2^-24, whose length is sqrt(-2 log 2^-24) = 5.768. */
Test(random, the_tails_of_a_normal_end_in_numbers)
{
    check_close(sqrt(-2 * log(0x1p-24)), 5.768, 1e-3);
    check_close(sqrt(-2 * log(0x1p-53)), 8.572, 1e-3);
}

Test(random, bernoulli_has_its_probability)
{
    const double known[] = { 0, 1e-3, 0.2, 0.5, 0.97, 1 };
    open_with(3);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const double p = known[i];
        double m[4];
        wg_var x = wg_bernoulli(scope_of(WG_TRAINING), "b", WG_SHAPE(MANY), p);
        check_equal_i(wg_dtype_of(x), WG_BOOL);
        moments(x, m);
        check_close(m[0], p, 5 * sqrt(p * (1 - p) / many));
    }
    close_all();
}

/* ---- streams ---- */

static double first_of(wg_mode mode, const char *path)
{
    return replay_at(run, wg_uniform(scope_of(mode), path, WG_F64, WG_SHAPE(4)), 0);
}

Test(random, a_draw_depends_on_seed_and_path_and_on_nothing_else)
{
    open_with(7);
    const double a = first_of(WG_EVALUATION, "a"), b = first_of(WG_EVALUATION, "b");
    check(a != b);
    wg_scope scope = scope_of(WG_EVALUATION);
    wg_var other = wg_normal(scope, "other", WG_F32, WG_SHAPE(1000));
    check(other.tape == tape);
    check(replay_at(run, wg_uniform(scope, "b", WG_F64, WG_SHAPE(2, 2)), 0) == b);
    check(replay_at(run, wg_uniform(scope, "a", WG_F64, WG_SHAPE(1)), 0) == a);
    close_all();
    open_with(8);
    check(first_of(WG_EVALUATION, "a") != a);
    close_all();
}

Test(random, the_draw_advances_with_training_and_stands_in_evaluation)
{
    open_with(7);
    const double first = first_of(WG_TRAINING, "a");
    check(first_of(WG_TRAINING, "a") == first); /* the recording did not run */
    check_status(replay_commit(run), WG_OK);
    const double second = first_of(WG_EVALUATION, "a");
    check(second != first);
    check_status(replay_commit(run), WG_OK);
    check(first_of(WG_TRAINING, "a") == second);
    check_status(replay_commit(run), WG_OK);
    check(first_of(WG_TRAINING, "a") != second);
    wg_view draw;
    check_status(wg_params_find(params, "draw", &draw), WG_OK);
    check_equal_i(*(const int64_t *)draw.data, 2);
    check(!wg_params_trained(params, 0));
    close_all();
}

Test(random, all_draws_of_a_run_are_of_one_draw_and_advance_it_once)
{
    open_with(7);
    wg_scope scope = scope_of(WG_TRAINING);
    for (int i = 0; i < 3; i++) {
        wg_var u = wg_uniform(wg_scope_nth(scope, "layer", i), "u", WG_F32, WG_SHAPE(2));
        check(wg__var_check(u) == WG_OK);
    }
    int assigns = 0, leaves = 0;
    for (int64_t i = 0; i < tape->effect_count; i++) assigns += tape->effect[i].kind == WG__ASSIGN;
    for (int64_t i = 0; i < tape->count; i++) leaves += tape->record[i].op == WG__OP_parameter;
    check_equal_i(assigns, 1);
    check_equal_i(leaves, 1);
    check_status(replay_commit(run), WG_OK);
    /* What is drawn after the run, on the same recording, is of the next draw. */
    wg_var u = wg_uniform(wg_scope_in(scope, "later"), "u", WG_F32, WG_SHAPE(2));
    check(wg__var_check(u) == WG_OK);
    check_status(replay_commit(run), WG_OK);
    wg_view draw;
    wg_params_find(params, "draw", &draw);
    check_equal_i(*(const int64_t *)draw.data, 2);
    close_all();
}

Test(random, a_shared_name_draws_anew)
{
    open_with(7);
    wg_scope shared = wg_scope_shared(scope_of(WG_TRAINING), "s");
    const double a = replay_at(run, wg_uniform(shared, "u", WG_F64, WG_SHAPE(1)), 0);
    const double b = replay_at(run, wg_uniform(shared, "u", WG_F64, WG_SHAPE(1)), 0);
    check(a != b);
    shared = wg_scope_shared(scope_of(WG_TRAINING), "s");
    check(replay_at(run, wg_uniform(shared, "u", WG_F64, WG_SHAPE(1)), 0) == a);
    check(replay_at(run, wg_uniform(shared, "u", WG_F64, WG_SHAPE(1)), 0) == b);
    close_all();
}

static wg_var make_uniform(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    (void)setting;
    return wg_uniform(scope, "uniform", dtype, shape);
}

Test(random, an_initialiser_draws_by_its_path_alone)
{
    const wg_initializer init = { .make = make_uniform };
    open_with(7);
    wg_scope scope = scope_of(WG_TRAINING);
    const double w = replay_at(run, wg_param(scope, "w", WG_F64, WG_SHAPE(2), init), 0);
    const double v = replay_at(run, wg_param(scope, "v", WG_F64, WG_SHAPE(2), init), 0);
    check(w != v);
    check(wg__params_entry(params, "draw") == NULL);
    check_equal_i(tape->effect_count, 2);
    for (int i = 0; i < 2; i++) check_equal_i(tape->effect[i].kind, WG__CREATE);
    /* However far training has come. */
    for (int i = 0; i < 3; i++) {
        check(first_of(WG_TRAINING, "a") >= 0);
        check_status(replay_commit(run), WG_OK);
    }
    scope = scope_of(WG_TRAINING);
    check(replay_at(run, wg_param(scope, "w", WG_F64, WG_SHAPE(2), init), 0) == w);
    close_all();
}

Test(random, two_params_draw_apart)
{
    open_with(7);
    wg_params *other = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 9));
    const double a = first_of(WG_TRAINING, "u");
    wg_scope there = wg_scope_root(tape, other, WG_TRAINING);
    check(replay_at(run, wg_uniform(there, "u", WG_F64, WG_SHAPE(1)), 0) != a);
    wg_params_free(other);
    close_all();
}

Test(random, draws_are_constant_to_derivatives)
{
    open_with(7);
    wg_scope scope = scope_of(WG_TRAINING);
    wg_var x = wg_full(tape, WG_F64, WG_SHAPE(3), 2);
    wg_var u = wg_uniform(scope, "u", WG_F64, WG_SHAPE(3));
    wg_var g = wg_grad(wg_sum(wg_mul(x, u), WG_ALL), x);
    for (int i = 0; i < 3; i++) check(replay_at(run, g, i) == replay_at(run, u, i));
    close_all();
}

/* ---- permutations ---- */

/* 2,400 orders of four: each of the 24 about a hundred times. Chi squared of 23 degrees exceeds 58
 * once in ten thousand seeds. */
Test(random, permutations_are_alike_likely)
{
    enum { DRAWS = 2400 };
    int seen[256] = { 0 }, kinds = 0;
    double distance = 0;
    open_with(5);
    const wg_scope scope = scope_of(WG_TRAINING);
    for (int k = 0; k < DRAWS; k++) {
        wg_var x = wg_permutation(wg_scope_nth(scope, "draw", k), "p", 4);
        int code = 0;
        for (int i = 0; i < 4; i++) code = 4 * code + (int)replay_at(run, x, i);
        seen[code]++;
    }
    for (int code = 0; code < 256; code++) {
        int bits = 0;
        for (int i = 0; i < 4; i++) bits |= 1 << (code >> 2 * i & 3);
        if (bits != 15) {
            check_equal_i(seen[code], 0);
            continue;
        }
        kinds++;
        distance += (seen[code] - 100.0) * (seen[code] - 100.0) / 100.0;
    }
    check_equal_i(kinds, 24);
    check_msg(distance < 58, "chi squared %g", distance);
    close_all();
}

Test(random, a_permutation_has_each_index_once)
{
    open_with(6);
    const wg_scope scope = wg_scope_shared(scope_of(WG_TRAINING), "s");
    wg_var x = wg_permutation(scope, "p", 1000), y = wg_permutation(scope, "p", 1000);
    check(wg_dtype_of(x) == WG_I32);
    bool seen[1000] = { false };
    int moved = 0, same = 0;
    for (int i = 0; i < 1000; i++) {
        const int at = (int)replay_at(run, x, i);
        check(at >= 0 && at < 1000 && !seen[at]);
        seen[at] = true;
        moved += at != i;
        same += at == (int)replay_at(run, y, i);
    }
    check(moved > 980 && same < 20); /* one element in place is expected */
    check_equal_i(wg_extent(wg_permutation(scope, "none", 0), 0), 0);
    wg_var bad = wg_permutation(scope, "bad", -1);
    check(wg_tape_status(bad.tape) < 0);
    check_contains(wg_tape_message(tape), "permutation: s/bad: the shape is malformed");
    close_all();
}

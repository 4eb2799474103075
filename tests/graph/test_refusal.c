/* Every recorder survives what it must not be given, and a failing allocator at every request. */
#include "graph/internal.h"
#include "support/memory.h"

#include <wengert/ops.h>

/* ---- one bad value in each place of each recorder ---- */

/* Records the elementwise row; its inputs, 0 if it is none. */
static int call_row(int which, wg_var x, wg_var y, wg_var *r)
{
    switch (which) {
#define UNARY(name)  case WG__OP_##name: *r = wg_##name(x); return 1;
#define BINARY(name) case WG__OP_##name: *r = wg_##name(x, y); return 2;
#define LIN1(name, dx, value, low, high, ulp)     UNARY(name)
#define LIN2(name, dx, dy, value, low, high, ulp) BINARY(name)
#define ALL1(name, dx, value, low, high, ulp)     UNARY(name)
#define ALL2(name, dx, dy, value, low, high, ulp) BINARY(name)
#define MAP1(name, dx, value, low, high, ulp)     UNARY(name)
#define MAP2(name, dx, dy, value, low, high, ulp) BINARY(name)
#define TEST2(name, value)                        BINARY(name)
#define BITS1(name, value)                        UNARY(name)
#define BITS2(name, value)                        BINARY(name)
#define MARK(name)                                UNARY(name)
#define PRIM(name, class, inputs, infer, vjp, eval)
#define LEAF(name)
#include "ops/ops.def"
    default: return 0;
    }
}

/* Calls recorder `which` with good values but for the bad one at place `at`; false: no such
 * place. */
static bool call(int which, int at, wg_var good, wg_var bad, wg_var *out)
{
    const wg_var x = at == 0 ? bad : good, y = at == 1 ? bad : good, z = at == 2 ? bad : good;
    const wg_var list[3] = { x, y, z };
    wg_var r = { .tape = NULL };
    const int inputs = call_row(which, x, y, &r);
    int place_count = inputs > 0 ? inputs : 1;
    if (inputs == 0) switch (which) {
    case WG__OP_COUNT + 0: r = wg_select(x, y, z); place_count = 3; break;
    case WG__OP_COUNT + 1: r = wg_cast(x, WG_F64); break;
    case WG__OP_COUNT + 2: r = wg_bitcast(x, WG_I32); break;
    case WG__OP_COUNT + 3: r = wg_bits_right(x, 1); break;
    case WG__OP_COUNT + 4: r = wg_reshape(x, WG_SHAPE(-1)); break;
    case WG__OP_COUNT + 5: r = wg_permute(x, WG_AXES(1, 0)); break;
    case WG__OP_COUNT + 6: r = wg_broadcast(x, WG_SHAPE(2, 2, 2)); break;
    case WG__OP_COUNT + 7: r = wg_slice(x, 0, 0, 1, 1); break;
    case WG__OP_COUNT + 8: r = wg_pad(x, 0, 1, 1, 0, 0); break;
    case WG__OP_COUNT + 9: r = wg_concat(3, list, 0); place_count = 3; break;
    case WG__OP_COUNT + 10: r = wg_stack(3, list, 0); place_count = 3; break;
    case WG__OP_COUNT + 11: r = wg_sum(x, WG_ALL); break;
    case WG__OP_COUNT + 12: r = wg_max(x, WG_ALL); break;
    case WG__OP_COUNT + 13: r = wg_min(x, WG_ALL); break;
    case WG__OP_COUNT + 14: r = wg_mean(x, WG_ALL); break;
    case WG__OP_COUNT + 15: r = wg_all(x, WG_ALL); break;
    case WG__OP_COUNT + 16: r = wg_any(x, WG_ALL); break;
    case WG__OP_COUNT + 17: r = wg_argmax(x, 0); break;
    case WG__OP_COUNT + 18: r = wg_matmul(x, y); place_count = 2; break;
    case WG__OP_COUNT + 19: r = wg_gather(x, y, 0); place_count = 2; break;
    case WG__OP_COUNT + 20: r = wg_scatter_add(x, y, z, 0); place_count = 3; break;
    case WG__OP_COUNT + 21: r = wg_random_bits(x, 1, WG_SHAPE(2)); break;
    case WG__OP_COUNT + 22: r = wg_ne(x, y); place_count = 2; break;
    case WG__OP_COUNT + 23: r = wg_gt(x, y); place_count = 2; break;
    case WG__OP_COUNT + 24: r = wg_ge(x, y); place_count = 2; break;
    case WG__OP_COUNT + 25: r = wg_transpose(x); break;
    case WG__OP_COUNT + 26: r = wg_expand(x, 0); break;
    case WG__OP_COUNT + 27: r = wg_squeeze(x, WG_ALL); break;
    case WG__OP_COUNT + 28: r = wg_full_like(x, 1); break;
    case WG__OP_COUNT + 29: r = wg_number(x, 1); break;
    case WG__OP_COUNT + 30: r = wg_grad(x, y); place_count = 2; break;
    case WG__OP_COUNT + 31: r = wg_vjp(x, y, z); place_count = 3; break;
    case WG__OP_COUNT + 32: r = wg_flip(x, WG_ALL); break;
    case WG__OP_COUNT + 33: r = wg_prod(x, WG_ALL); break;
    case WG__OP_COUNT + 34: r = wg_argmin(x, 0); break;
    case WG__OP_COUNT + 35: r = wg_cumsum(x, 0, false, false); break;
    case WG__OP_COUNT + 36: r = wg_cumprod(x, 0, true, false); break;
    case WG__OP_COUNT + 37: r = wg_linear_recurrence(x, y, 0, true); place_count = 2; break;
    case WG__OP_COUNT + 38: r = wg_argsort(x, 0); break;
    case WG__OP_COUNT + 39: r = wg_windows(x, 0, (wg_window){ .extent = 2 }); break;
    case WG__OP_COUNT + 40: r = wg_overlap_add(x, 0, (wg_window){ .extent = 2 }, 3); break;
    case WG__OP_COUNT + 41: r = wg_bits_left(x, 1); break;
    case WG__OP_COUNT + 42: r = wg_einsum("ij,jk,kl->il", 3, list); place_count = 3; break;
    case WG__OP_COUNT + 43: r = wg_jvp(x, y, z); place_count = 3; break;
    case WG__OP_COUNT + 44: r = wg_hvp(x, y, z); place_count = 3; break;
    case WG__OP_COUNT + 45: r = wg_polygamma(0, x); break;
    case WG__OP_COUNT + 46: r = wg_log_gamma(x); break;
    default: return false;
    }
    *out = r;
    return at < place_count;
}
enum { RECORDER_COUNT = WG__OP_COUNT + 45 };

/* Each bad value gives its status, an error value of the good one's tape, and no record. */
static void refuse_everywhere(wg_tape *tape, int64_t (*remake)(wg_tape *, wg_var *, wg_var *),
                              int status)
{
    int refused_count = 0;
    for (int which = 0; which < RECORDER_COUNT; which++)
        for (int at = 0; at < 3; at++) {
            wg_var good, bad, out = { .tape = NULL };
            const int64_t count = remake(tape, &good, &bad);
            if (!call(which, at, good, bad, &out)) continue;
            refused_count++;
            check_msg(wg_tape_status(tape) == status || out.tape == NULL, "recorder %d, %d: %s",
                      which, at, wg_tape_message(tape));
            check(wg__var_check(out) < 0);
            check_equal_i(wg_tape_count(tape), count);
        }
    check(refused_count > 80);
}

static int64_t remake_stale(wg_tape *tape, wg_var *good, wg_var *bad)
{
    wg_tape_reset(tape);
    *bad = wg_full(tape, WG_F32, WG_SHAPE(2, 2), 1);
    wg_tape_reset(tape);
    *good = wg_full(tape, WG_F32, WG_SHAPE(2, 2), 1);
    return wg_tape_count(tape);
}

static int64_t remake_null(wg_tape *tape, wg_var *good, wg_var *bad)
{
    wg_tape_reset(tape);
    *bad = (wg_var){ .tape = NULL };
    *good = wg_full(tape, WG_F32, WG_SHAPE(2, 2), 1);
    return wg_tape_count(tape);
}

/* An index that no record has: as a careless program could make one. */
static int64_t remake_invented(wg_tape *tape, wg_var *good, wg_var *bad)
{
    wg_tape_reset(tape);
    *good = *bad = wg_full(tape, WG_F32, WG_SHAPE(2, 2), 1);
    bad->index = 1000;
    return wg_tape_count(tape);
}

Test(refusal, a_stale_value_is_refused_everywhere)
{
    wg_tape *tape = wg_tape_create(NULL);
    refuse_everywhere(tape, remake_stale, WG_ESTALE);
    wg_tape_free(tape);
}

Test(refusal, a_null_value_is_refused_everywhere)
{
    wg_tape *tape = wg_tape_create(NULL);
    refuse_everywhere(tape, remake_null, WG_EINVALID);
    wg_tape_free(tape);
}

Test(refusal, an_invented_value_is_refused_everywhere)
{
    wg_tape *tape = wg_tape_create(NULL);
    refuse_everywhere(tape, remake_invented, WG_EINVALID);
    wg_tape_free(tape);
}

/* ---- malformed arguments ---- */

Test(refusal, malformed_shapes_and_axes_are_refused)
{
    const wg_shape bad[] = { { .rank = -1 }, { .rank = 9 }, { .rank = 1, .dim = { -3 } },
                             { .rank = 1, .reserved = 1, .dim = { 2 } },
                             { .rank = 2, .dim = { INT64_MAX, 2 } } };
    const wg_axes worse[] = { { .count = 9 }, { .count = -2 }, { .count = 1, .axis = { 5 } },
                              { .count = 2, .axis = { 0, 0 } }, { .count = 1, .axis = { -3 } } };
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    for (size_t i = 0; i < 5; i++)
        for (int k = 0; k < 13; k++) {
            wg_tape_reset(tape);
            wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
            wg_var x = wg_full(tape, WG_F32, WG_SHAPE(2, 2), 1);
            wg_var out[] = { x };
            switch (k) {
            case 0: out[0] = wg_full(tape, WG_F32, bad[i], 0); break;
            case 1: out[0] = wg_reshape(x, bad[i]); break;
            case 2: out[0] = wg_broadcast(x, bad[i]); break;
            case 3: out[0] = wg_uniform(scope, "u", WG_F32, bad[i]); break;
            case 4: out[0] = wg_bernoulli(scope, "b", bad[i], 0.5); break;
            case 5: out[0] = wg_state(scope, "s", WG_F32, bad[i], 0); break;
            case 6: out[0] = wg_param(scope, "p", WG_F32, bad[i], (wg_initializer){ 0 }); break;
            case 7: out[0] = wg_input(tape, "x", wg_f32((const float[4]){ 0 }, bad[i])); break;
            case 8: out[0] = wg_sum(x, worse[i]); break;
            case 9: out[0] = wg_mean(x, worse[i]); break;
            case 10: out[0] = wg_all(wg_eq(x, x), worse[i]); break;
            case 11: out[0] = wg_permute(x, worse[i]); break;
            default: out[0] = wg_squeeze(x, worse[i]); break;
            }
            check_msg(wg__var_check(out[0]) < 0, "shape %d, recorder %d", (int)i, k);
            check(wg_tape_status(tape) < 0 && wg_tape_message(tape)[0] != '\0');
        }
    check_equal_i(wg_params_count(params), 0);
    wg_tape_free(tape);
    wg_params_free(params);
}

Test(refusal, extreme_integers_are_refused_or_fine)
{
    const int64_t extreme[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX };
    enum { N = sizeof extreme / sizeof extreme[0] };
    wg_tape *tape = wg_tape_create(NULL);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k++) {
                wg_tape_reset(tape);
                wg_var x = wg_full(tape, WG_F32, WG_SHAPE(3, 2), 1);
                wg_var y = wg_slice(x, 0, extreme[i], extreme[j], extreme[k]);
                check((wg__var_check(y) == WG_OK) == (wg_tape_status(tape) == WG_OK));
                wg_tape_reset(tape);
                x = wg_full(tape, WG_F32, WG_SHAPE(3, 2), 1);
                y = wg_pad(x, 1, extreme[i], extreme[j], extreme[k], 0);
                check((wg__var_check(y) == WG_OK) == (wg_tape_status(tape) == WG_OK));
            }
    const int axes[] = { INT32_MIN, INT32_MAX, -3, 3 };
    for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++) {
        wg_tape_reset(tape);
        wg_var x = wg_full(tape, WG_F32, WG_SHAPE(3, 2), 1);
        check_equal_i(wg_extent(x, axes[i]), 1);
        check_status(wg_tape_status(tape), WG_EAXIS);
    }
    wg_tape_free(tape);
}

Test(refusal, nothing_to_compute_is_computed)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_input(tape, "x", wg_f32(NULL, WG_SHAPE(0, 3)));
    wg_var w = wg_full(tape, WG_F32, WG_SHAPE(3, 4), 1);
    wg_var y = wg_sum(wg_tanh(wg_matmul(x, w)), WG_ALL);
    wg_var g = wg_grad(y, w);
    check_msg(wg__var_check(g) == WG_OK, "%s", wg_tape_message(tape));
    wg_var c = wg_select(wg_lt(x, wg_number(x, 0)), wg_log(x), x);
    c = wg_broadcast(c, WG_SHAPE(2, 0, 3));
    g = wg_grad(wg_sum(wg_select(wg_lt(c, wg_number(c, 0)), c, wg_number(c, 0)), WG_ALL), x);
    check_msg(wg__var_check(g) == WG_OK, "%s", wg_tape_message(tape));
    wg_tape_free(tape);
}

/* ---- a failing allocator ---- */

/* A bit of everything a tape can hold. */
static int record_everything(wg_tape *tape, wg_params *params)
{
    static float data[1200];
    wg_scope scope = wg_scope_in(wg_scope_root(tape, params, WG_TRAINING), "net");
    wg_var x = wg_batch(tape, "x", wg_f32(data, WG_SHAPE(4, 3)));
    wg_var big = wg_constant(tape, wg_f32(data, WG_SHAPE(1200)));
    wg_var small = wg_constant(tape, wg_f32(data, WG_SHAPE(3)));
    wg_var w = wg_param(scope, "w", WG_F32, WG_SHAPE(3, 3), (wg_initializer){ 0 });
    wg_var m = wg_state_like(wg_scope_nth(scope, "state", 1), "m", w);
    wg_var h = wg_add(wg_matmul(x, w), wg_mul(small, wg_scalar(tape, "rate", WG_F32, 0.5)));
    h = wg_mul(h, wg_normal(scope, "noise", WG_F32, WG_SHAPE(4, 3)));
    const wg_var part[5] = { h, x, h, x, wg_log(h) };
    wg_var y = wg_concat(5, part, 0);
    wg_var zero = wg_number(y, 0);
    y = wg_select(wg_lt(y, zero), wg_select(wg_lt(y, wg_number(y, 1)), y, zero), zero);
    y = wg_add(wg_sum(y, WG_ALL), wg_sum(big, WG_ALL));
    wg_note(scope, "y", y);
    wg_var g[2];
    wg_var by[2] = { w, x };
    if (wg_grads(y, 2, by, g) == WG_OK) {
        wg_var second = wg_grad(wg_sum(wg_mul(g[0], g[0]), WG_ALL), w);
        wg_assign(m, wg_add(m, second));
        wg_assign(w, wg_sub(w, g[0]));
        wg_require_finite(g[0]);
        wg_keep(wg_find(scope, "y"));
        wg_parameters(scope, 1, by);
    }
    return wg_tape_status(tape);
}

static int record_twice(const wg_allocator *allocator, void *user)
{
    (void)user;
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = allocator));
    int status = params == NULL || tape == NULL ? WG_EMEMORY : record_everything(tape, params);
    if (tape != NULL && status == WG_EMEMORY) check_contains(wg_tape_message(tape), "no memory");
    if (tape != NULL && status < 0) check_status(wg_tape_reset(tape), status);
    if (status == WG_OK) {
        wg_tape_reset(tape);
        status = record_everything(tape, params);
    }
    wg_tape_free(tape);
    wg_params_free(params);
    return status;
}

Test(refusal, a_failing_allocator_is_told_and_nothing_is_lost)
{
    check(test_memory_fail_each(record_twice, NULL) > 50);
}

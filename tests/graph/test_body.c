/* Bodies: what may stand inside a function of the caller, what of it may be used outside, and that
 * neither a mistake nor a lack of memory leaves more behind than an error. */
#include "graph/internal.h"
#include "support/test.h"

#include <wengert/wengert.h>

static const float four[4] = { 1, 2, 3, 4 };

static wg_var input(wg_tape *tape)
{
    return wg_input(tape, NULL, wg_f32(four, WG_SHAPE(2, 2)));
}

typedef struct shared {
    wg_runtime *runtime;
    wg_scope scope;
    wg_var leaked, leaf;
    int status;
} shared;

static int leaks(const wg_var *in, wg_var *out, void *user)
{
    shared *s = user;
    s->leaked = out[0] = wg_square(in[0]);
    return 0;
}

Test(body, its_values_cannot_be_used_outside)
{
    wg_tape *tape = wg_tape_create(NULL);
    shared s = { .status = 0 };
    const wg_var x = input(tape);
    wg_var out;
    check_status(wg_vmap(leaks, &s, 1, &x, 1, &out), WG_OK);
    check_equal_i(wg_extent(s.leaked, 0), 1);   /* an error value's */
    check_status(wg_keep(wg_add(s.leaked, s.leaked)), WG_EINVALID);
    check_status(wg_tape_status(tape), WG_EINVALID);
    check_contains(wg_tape_message(tape), "a value of a function that has returned");
    wg_tape_free(tape);
}

Test(body, its_values_cannot_be_read_outside)
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_tape *tape = wg_tape_create(NULL);
    shared s = { .status = 0 };
    const wg_var x = input(tape);
    wg_var out;
    float values[4];
    check_status(wg_vmap(leaks, &s, 1, &x, 1, &out), WG_OK);
    check_status(wg_read_f32(runtime, s.leaked, values, 2), WG_EINVALID);
    check_status(wg_read_f32(runtime, out, values, 4), WG_OK);
    check_close(values[3], 16, 0);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

static int reads(const wg_var *in, wg_var *out, void *user)
{
    shared *s = user;
    double value;
    out[0] = in[0];
    return s->status = wg_item(s->runtime, s->leaf, &value);
}

static int keeps(const wg_var *in, wg_var *out, void *user)
{
    out[0] = in[0];
    return ((shared *)user)->status = wg_keep(in[0]);
}

static int assigns(const wg_var *in, wg_var *out, void *user)
{
    shared *s = user;
    out[0] = in[0];
    return s->status = wg_assign(s->leaf, wg_number(s->leaf, 1));
}

static int requires_finite(const wg_var *in, wg_var *out, void *user)
{
    out[0] = in[0];
    return ((shared *)user)->status = wg_require_finite(in[0]);
}

static int minimizes(const wg_var *in, wg_var *out, void *user)
{
    shared *s = user;
    const wg_optimizer sgd = wg_sgd(0.1, NULL);
    out[0] = in[0];
    return s->status = wg_minimize(&sgd, s->scope, wg_sum(wg_mul(in[0], s->leaf), WG_ALL));
}

/* Each is refused with the transform's name, and the vmap fails with it. */
Test(body, has_no_effects)
{
    static const struct { wg_function *function; const char *what; } list[] = {
        { reads, "read" },
        { keeps, "keep" },
        { assigns, "assign" },
        { requires_finite, "require_finite" },
        { minimizes, "sgd: assign" },
    };
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_params *params = wg_params_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        shared s = { .runtime = runtime, .scope = wg_scope_root(tape, params, WG_TRAINING) };
        s.leaf = wg_param(s.scope, "w", WG_F32, WG_SCALAR, (wg_initializer){ 0 });
        const wg_var x = input(tape);
        wg_var out;
        check_status(wg_vmap(list[i].function, &s, 1, &x, 1, &out), WG_EINVALID);
        check_status(s.status, WG_EINVALID);
        check_contains(wg_tape_message(tape), list[i].what);
        check_contains(wg_tape_message(tape), "not inside the function given to vmap");
        check_status(wg_read_f32(runtime, out, NULL, 0), WG_EINVALID);
        check_status(wg_tape_reset(tape), WG_EINVALID);
    }
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

static int meets(const wg_var *in, wg_var *out, void *user)
{
    const shared *s = user;
    const wg_initializer init = { 0 };
    out[0] = wg_mul(in[0], wg_shift(wg_param(s->scope, "w", WG_F32, WG_SHAPE(2), init), 3));
    return 0;
}

/* A parameter met first inside is made, and is the same outside. */
Test(body, meets_parameters_as_everywhere)
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_params *params = wg_params_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    shared s = { .scope = wg_scope_shared(wg_scope_root(tape, params, WG_TRAINING), "net") };
    const wg_var x = input(tape);
    wg_var out, w;
    check_status(wg_vmap(meets, &s, 1, &x, 1, &out), WG_OK);
    check_equal_i(wg_parameters(s.scope, 1, &w), 1);
    const wg_var gradient = wg_grad(wg_sum(out, WG_ALL), w);
    float values[2];
    check_msg(wg_read_f32(runtime, gradient, values, 2) == WG_OK, "%s", wg_tape_message(tape));
    check_close(values[0], 1 + 3, 0);
    check_close(values[1], 2 + 4, 0);
    check_equal_i(wg_params_count(params), 1);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

/* ---- mistakes ---- */

static int fails(const wg_var *in, wg_var *out, void *user)
{
    (void)in; (void)out; (void)user;
    return -7;
}

static int gives_nothing(const wg_var *in, wg_var *out, void *user)
{
    (void)in; (void)out; (void)user;
    return 0;
}

static int resets(const wg_var *in, wg_var *out, void *user)
{
    (void)out; (void)user;
    return wg_tape_reset(in[0].tape);
}

static void check_refused(wg_function *function, int64_t in_count, int64_t out_count, int status,
                          const char *text)
{
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var in[2] = { input(tape), input(tape) };
    wg_var out[2];
    check_status(wg_vmap(function, NULL, in_count, in, out_count, out), status);
    if (out_count > 0) check_status(wg_tape_status(out[0].tape), status);
    check_contains(wg_tape_message(tape), text);
    wg_tape_free(tape);
}

Test(body, mistakes_of_the_function_are_told)
{
    check_refused(fails, 1, 1, WG_ECALLBACK, "the function returned -7");
    check_refused(gives_nothing, 2, 2, WG_ECALLBACK, "the function gave no result 1");
    check_refused(NULL, 1, 1, WG_EINVALID, "a function, arguments and places for results");
    check_refused(leaks, 1, 0, WG_EINVALID, "a function, arguments and places for results");
}

Test(body, rows_must_be_there_and_agree)
{
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var in[2] = { input(tape), wg_sum(input(tape), WG_ALL) };
    wg_var out;
    check_status(wg_vmap(gives_nothing, NULL, 2, in, 1, &out), WG_ESHAPE);
    check_contains(wg_tape_message(tape), "argument 2 is a scalar: it has no rows");
    wg_tape_reset(tape);
    const wg_var other[2] = { input(tape), wg_input(tape, NULL, wg_f32(four, WG_SHAPE(4))) };
    check_status(wg_vmap(gives_nothing, NULL, 2, other, 1, &out), WG_ESHAPE);
    check_contains(wg_tape_message(tape), "argument 2 has 4 rows, argument 1 has 2");
    wg_tape_free(tape);
}

Test(body, a_reset_inside_ends_it)
{
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = input(tape);
    wg_var out;
    check_status(wg_vmap(resets, NULL, 1, &x, 1, &out), WG_ESTALE);
    check_status(wg_tape_status(tape), WG_OK);
    const wg_var fresh = input(tape);
    shared s = { .status = 0 };
    check_status(wg_vmap(leaks, &s, 1, &fresh, 1, &out), WG_OK);
    wg_tape_free(tape);
}

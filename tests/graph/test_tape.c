/* The life of a tape and its values: null, stale, foreign and error values lead to a message. */
#include "graph/internal.h"
#include "support/memory.h"

#include <string.h>
#include <wengert/ops.h>

static wg_var points(wg_tape *tape)
{
    static const float data[3] = { -1, 0, 1 };
    return wg_input(tape, "x", wg_f32(data, WG_SHAPE(3)));
}

Test(tape, options_that_are_malformed_give_no_tape)
{
    check(wg_tape_create(WG_OPTIONS(wg_tape_options, .reserved = { 0, 1 })) == NULL);
    check(wg_tape_create(WG_OPTIONS(wg_tape_options, .count_max = -1)) == NULL);
    const wg_allocator half = { .allocate = NULL };
    check(wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = &half)) == NULL);
}

Test(tape, null_is_a_tape_without_memory)
{
    check_status(wg_tape_status(NULL), WG_EMEMORY);
    check_status(wg_tape_reset(NULL), WG_EMEMORY);
    check_text(wg_tape_message(NULL), "");
    check_equal_i(wg_tape_count(NULL), 0);
    wg_tape_free(NULL);
}

Test(tape, a_recording_counts_its_values)
{
    wg_tape *tape = wg_tape_create(NULL);
    check_equal_i(wg_tape_count(tape), 0);
    wg_var x = points(tape);
    x = wg_exp(x);
    check_equal_i(wg_tape_count(tape), 2);
    check_status(wg_tape_status(tape), WG_OK);
    check_status(wg_tape_reset(tape), WG_OK);
    check_equal_i(wg_tape_count(tape), 0);
    wg_tape_free(tape);
}

Test(tape, reset_tells_how_the_recording_ended)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var bad = wg_matmul(points(tape), points(tape));
    check(bad.tape == tape);
    check_status(wg_tape_reset(tape), WG_ENAME); /* "x" twice came first */
    check_status(wg_tape_status(tape), WG_OK);
    check_text(wg_tape_message(tape), "");
    check_status(wg_tape_reset(tape), WG_OK);
    wg_tape_free(tape);
}

Test(tape, null_values_give_null_values)
{
    const wg_var null = { .tape = NULL };
    check(wg_tanh(null).tape == NULL);
    check(wg_add(null, null).tape == NULL);
    check(wg_select(null, null, null).tape == NULL);
    check(wg_sum(null, WG_ALL).tape == NULL);
    check(wg_grad(null, null).tape == NULL);
    check(wg_concat(2, (const wg_var[]){ null, null }, 0).tape == NULL);
    check(wg_concat(0, NULL, 0).tape == NULL);
    check_status(wg_keep(null), WG_EINVALID);
    check_status(wg_assign(null, null), WG_EINVALID);
    check_equal_i(wg_extent(null, 0), 1);
    check_equal_i(wg_shape_of(null).rank, 0);
    check_equal_i(wg_dtype_of(null), WG_F32);
    check_text(wg_path(null), "");
}

Test(tape, without_a_tape_leaves_are_null_values)
{
    const double one[1] = { 1 };
    check(wg_input(NULL, "x", wg_f64(one, WG_SHAPE(1))).tape == NULL);
    check(wg_constant(NULL, wg_f64(one, WG_SHAPE(1))).tape == NULL);
    check(wg_full(NULL, WG_F32, WG_SCALAR, 0).tape == NULL);
    check(wg_scalar(NULL, "s", WG_F32, 0).tape == NULL);
    check(wg_iota(NULL, WG_I32, 3).tape == NULL);
}

Test(tape, a_null_value_is_an_error_on_the_tape_of_the_others)
{
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var null = { .tape = NULL };
    wg_var y = wg_add(points(tape), null);
    check(y.tape == tape);
    check_status(wg__var_check(y), WG_EINVALID);
    check_contains(wg_tape_message(tape), "add: argument 2 is the null value");
    wg_tape_free(tape);
}

Test(tape, after_an_error_nothing_is_recorded)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    wg_var bad = wg_add(x, wg_full(tape, WG_F64, WG_SCALAR, 1));
    const int64_t count = wg_tape_count(tape);
    bad = wg_mul(wg_exp(x), bad);
    bad = wg_grad(wg_sum(x, WG_ALL), x);
    check(points(tape).tape == tape);
    check_equal_i(wg_tape_count(tape), count);
    check_status(wg_tape_status(tape), WG_EDTYPE);
    check_status(wg__var_check(bad), WG_EDTYPE);
    check_equal_i(wg_extent(bad, 0), 1);
    wg_tape_free(tape);
}

Test(tape, a_value_of_an_earlier_recording_is_stale)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    wg_tape_reset(tape);
    wg_var fresh = points(tape);
    check_status(wg__var_check(x), WG_ESTALE);
    check_equal_i(wg_shape_of(x).rank, 0);
    wg_var y = wg_add(fresh, x);
    check_status(wg_tape_status(tape), WG_ESTALE);
    check_status(wg__var_check(y), WG_ESTALE);
    wg_tape_free(tape);
}

Test(tape, a_value_of_another_tape_is_refused_and_both_are_named)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_tape *other = wg_tape_create(NULL);
    wg_var x = points(tape);
    wg_var y = wg_exp(points(other));
    wg_var z = wg_add(x, y);
    check(z.tape == tape);
    check_status(wg_tape_status(tape), WG_EFOREIGN);
    check_contains(wg_tape_message(tape), "add: input x (test_tape.c:");
    check_contains(wg_tape_message(tape), " and exp (test_tape.c:");
    check_status(wg_tape_status(other), WG_OK);
    wg_tape_free(tape);
    wg_tape_free(other);
}

Test(tape, a_forgotten_reset_is_suspected)
{
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .count_max = 3));
    wg_var x = points(tape);
    for (int i = 0; i < 3; i++) x = wg_exp(x);
    check_equal_i(wg_tape_count(tape), 3);
    check_status(wg_tape_status(tape), WG_ELIMIT);
    check_contains(wg_tape_message(tape), "is wg_tape_reset missing?");
    wg_tape_free(tape);
}

Test(tape, recording_the_same_again_allocates_nothing)
{
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = &allocator));
    for (int round = 0; round < 5; round++) {
        wg_tape_reset(tape);
        memory.locked = round > 2;
        wg_var x = points(tape);
        wg_var y = wg_mul(wg_tanh(x), wg_scalar(tape, "rate", WG_F32, 0.5));
        wg_var dx = wg_grad(wg_sum(y, WG_ALL), x);
        check_status(wg_keep(dx), WG_OK);
        check_status(wg_tape_status(tape), WG_OK);
    }
    memory.locked = false;
    wg_tape_free(tape);
    check_memory(&memory);
}

Test(tape, keep_and_require_finite_remember_the_value)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    check_status(wg_keep(x), WG_OK);
    check_status(wg_keep(x), WG_OK);
    check_equal_i(tape->keep_count, 1);
    check_status(wg_require_finite(x), WG_OK);
    check_equal_i(tape->effect[0].kind, WG__REQUIRE_FINITE);
    check_equal_i(tape->effect[0].value, x.index);
    wg_tape_free(tape);
}

Test(tape, results_live_on_the_tape_until_reset)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = points(tape);
    check(wg__tape_result(tape, x.index) == NULL);
    wg__array *array = wg__tape_result_add(tape, x.index);
    check(array != NULL);
    check_equal_i(array->dim[0], 3);
    check_equal_i((uintptr_t)array->data % WG__ALIGNMENT, 0);
    check(wg__tape_result(tape, x.index)->data == array->data);
    wg_tape_reset(tape);
    check_equal_i(tape->result_count, 0);
    wg_tape_free(tape);
}

Test(tape, a_layer_of_the_users_takes_memory_and_fails_as_ours_do)
{
    wg_tape *tape = wg_tape_create(NULL);
    int *memory = wg_tape_take(tape, 4 * sizeof *memory);
    check(memory != NULL);
    memset(memory, 0, 4 * sizeof *memory);
    check_status(wg_tape_fail(tape, WG_ESHAPE, "my_layer: width is 0"), WG_ESHAPE);
    check_text(wg_tape_message(tape), "my_layer: width is 0");
    check_status(wg_tape_fail(tape, 3, "no error"), WG_EINVALID);
    check_status(wg_tape_fail(NULL, WG_ESHAPE, "no tape"), WG_EINVALID);
    check(wg_tape_take(NULL, 4) == NULL);
    wg_tape_free(tape);
}

/* ---- printing ---- */

typedef struct text { char to[4000]; size_t length; int limit; } text;
static int append(const char *from, size_t bytes, void *user)
{
    text *t = user;
    if (t->limit-- == 0) return WG_ECALLBACK;
    if (t->length + bytes >= sizeof t->to) return WG_ELIMIT;
    memcpy(t->to + t->length, from, bytes);
    t->length += bytes;
    t->to[t->length] = '\0';
    return WG_OK;
}

Test(tape, print_gives_a_line_a_value_and_a_line_an_effect)
{
    static text out = { .limit = 100 };
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    wg_scope scope = wg_scope_in(wg_scope_root(tape, params, WG_EVALUATION), "top");
#line 100 "model.c"
    wg_var x = wg_input(tape, "x", wg_f32((const float[6]){ 0 }, WG_SHAPE(2, 3)));
    wg_var w = wg_param(scope, "weight", WG_F32, WG_SHAPE(3, 1), (wg_initializer){ 0 });
    wg_var y = wg_matmul(x, w);
    y = wg_sum(wg_mul(y, wg_number(y, -0.5)), WG_AXES(1));
#line 239 "test_tape.c"
    wg_assign(w, w);
    wg_require_finite(y);
    check_status(wg_tape_print(tape, append, &out), WG_OK);
    check_text(out.to, "%0 input f32 [2, 3] x  (model.c:100)\n"
                       "%1 constant f32 [] 0  top (model.c:101)\n"
                       "%2 broadcast f32 [3, 1] %1  top (model.c:101)\n"
                       "%3 parameter f32 [3, 1] top/weight  top (model.c:101)\n"
                       "%4 matmul f32 [2, 1] %0 %3  (model.c:102)\n"
                       "%5 constant f32 [] -0.5  (model.c:103)\n"
                       "%6 broadcast f32 [2, 1] %5  (model.c:103)\n"
                       "%7 mul f32 [2, 1] %4 %6  (model.c:103)\n"
                       "%8 sum f32 [2] %7 {2}  (model.c:103)\n"
                       "create top/weight = %2\n"
                       "assign top/weight = %3\n"
                       "require_finite %8\n");
    wg_tape_free(tape);
    wg_params_free(params);
}

Test(tape, print_ends_when_its_writer_does)
{
    static text out = { .limit = 1 };
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_exp(points(tape));
    check(x.tape == tape);
    check_status(wg_tape_print(tape, append, &out), WG_ECALLBACK);
    check_status(wg_tape_print(tape, NULL, NULL), WG_EINVALID);
    check_status(wg_tape_print(NULL, append, &out), WG_EINVALID);
    wg_tape_free(tape);
}

/* ---- explaining ---- */

Test(tape, explain_prefers_the_text_that_belongs_to_the_status)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_tape_fail(tape, WG_ESHAPE, "of the tape");
    const wg_error error = { WG_EFILE, "of the error" };
    check_text(wg_explain(WG_EFILE, tape, &error), "of the error");
    check_text(wg_explain(WG_ESHAPE, tape, &error), "of the tape");
    check_text(wg_explain(WG_EBUSY, tape, &error), "object is in use by another thread");
    check_text(wg_explain(WG_ESHAPE, NULL, NULL), "shapes do not fit");
    check_text(wg_explain(3, tape, &error), "success");
    check(wg_explain(-12345, NULL, NULL) != NULL);
    wg_tape_free(tape);
}

/* Reading: every way out of a recording, and everything a caller can get wrong. */
#include "runtime/internal.h"
#include "support/test.h"

#include <math.h>
#include <string.h>
#include <wengert/nn.h>

static wg_runtime *runtime_one(void)
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    check(runtime != NULL);
    return runtime;
}

static const float points[6] = { 1, 2, 3, 4, 5, 6 };

Test(read, all_ways_give_the_same_elements)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_input(tape, "x", wg_f32(points, WG_SHAPE(2, 3)));
    const wg_var y = wg_transpose(wg_neg(x));
    float plain[6], wide[12] = { 0 };
    wg_tensor into = wg_tensor_of(wide, WG_F32, WG_SHAPE(3, 2));
    into.stride[0] = 4;
    into.stride[1] = 2;
    wg_view view;
    check_status(wg_read_f32(runtime, y, plain, 6), WG_OK);
    check_status(wg_read(runtime, y, into), WG_OK);
    check_status(wg_peek(runtime, y, &view), WG_OK);
    for (int i = 0; i < 6; i++) {
        const double expected = -(double)points[i % 2 * 3 + i / 2];
        check_close(plain[i], expected, 0);
        check_close(wide[2 * i], expected, 0);
        check_close(((const float *)view.data)[i], expected, 0);
        check_close(wide[2 * i + 1], 0, 0);
    }
    check_equal_i(runtime->run_count, 1);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(read, items_of_every_dtype_are_doubles)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    static const wg_dtype dtype[6] = { WG_F32, WG_F64, WG_I32, WG_I64, WG_U8, WG_BOOL };
    wg_var x[6];
    double out[6];
    const wg_var seven = wg_scalar(tape, "seven", WG_F64, 7);
    for (int i = 0; i < 6; i++) x[i] = wg_cast(seven, dtype[i]);
    check_status(wg_items(runtime, 6, x, out), WG_OK);
    for (int i = 0; i < 6; i++) check_close(out[i], dtype[i] == WG_BOOL ? 1 : 7, 0);
    int32_t whole;
    check_status(wg_read_i32(runtime, x[2], &whole, 1), WG_OK);
    check_equal_i(whole, 7);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(read, leaves_and_constants_and_empty_values_can_be_read)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_input(tape, "x", wg_f32(points, WG_SHAPE(6)));
    const wg_var none = wg_slice(x, 0, 2, 2, 1);
    float out[6];
    check_status(wg_read_f32(runtime, x, out, 6), WG_OK);
    check_bytes(out, points, sizeof points);
    check_status(wg_read_f32(runtime, none, NULL, 0), WG_OK);
    double sum;
    check_status(wg_item(runtime, wg_sum(none, WG_ALL), &sum), WG_OK);
    check_close(sum, 0, 0);
    check_status(wg_read_f32(runtime, wg_full(tape, WG_F32, WG_SHAPE(3), 2.5), out, 3), WG_OK);
    check_close(out[2], 2.5, 0);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(read, a_batch_without_rows_runs)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_batch(tape, "x", wg_f32(points, WG_SHAPE(0, 3)));
    const wg_var w = wg_input(tape, "w", wg_f32(points, WG_SHAPE(3, 2)));
    const wg_var loss = wg_sum(wg_square(wg_matmul(x, w)), WG_ALL);
    const wg_var slope = wg_grad(loss, w);
    float out[6] = { 1, 1, 1, 1, 1, 1 };
    double sum;
    check_status(wg_item(runtime, loss, &sum), WG_OK);
    check_close(sum, 0, 0);
    check_status(wg_read_f32(runtime, slope, out, 6), WG_OK);
    for (int i = 0; i < 6; i++) check_close(out[i], 0, 0);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(read, inputs_of_any_stride_and_alignment_are_read)
{
    wg_runtime *runtime = runtime_one();
    unsigned char bytes[6 * sizeof(float) + 1];
    memcpy(bytes + 1, points, sizeof points);
    const void *odd = bytes + 1;
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var unaligned = wg_input(tape, "u", wg_view_of(odd, WG_F32, WG_SHAPE(6)));
    wg_view backwards = wg_f32(points + 5, WG_SHAPE(6));
    backwards.stride[0] = -1;
    wg_view repeated = wg_f32(points, WG_SHAPE(6));
    repeated.stride[0] = 0;
    const wg_var b = wg_input(tape, "b", backwards);
    const wg_var r = wg_batch(tape, "r", repeated);
    float out[6];
    check_status(wg_read_f32(runtime, wg_add(wg_mul(unaligned, wg_number(b, 10)), wg_add(b, r)),
                             out, 6), WG_OK);
    for (int i = 0; i < 6; i++)
        check_close(out[i], 10 * (double)points[i] + (double)points[5 - i] + 1, 0);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(read, a_nan_handed_out_has_one_pattern)
{
    static const uint32_t patterns[2] = { 0xffc00001, 0x7fa00000 };
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    float nans[2];
    memcpy(nans, patterns, sizeof nans);
    const wg_var x = wg_input(tape, "x", wg_f32(nans, WG_SHAPE(2)));
    uint32_t out[2];
    float value[2];
    check_status(wg_read_f32(runtime, wg_neg(x), value, 2), WG_OK);
    memcpy(out, value, sizeof out);
    check_equal_i(out[0], 0x7fc00000);
    check_equal_i(out[1], 0x7fc00000);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* ---- mistakes ---- */

Test(read, nulls_and_null_values_are_refused)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var none = { 0 };
    double out = 3;
    wg_view view;
    check_status(wg_item(runtime, none, &out), WG_EINVALID);
    check_status(wg_items(runtime, -1, NULL, NULL), WG_EINVALID);
    check_status(wg_items(runtime, 1, NULL, &out), WG_EINVALID);
    check_status(wg_items(runtime, 0, NULL, NULL), WG_OK);
    check_status(wg_run(runtime, NULL), WG_EINVALID);
    check_status(wg_peek(runtime, none, &view), WG_EINVALID);
    check_status(wg_read_f32(runtime, none, NULL, 0), WG_EINVALID);
    check_status(wg_runtime_cancel(NULL), WG_EINVALID);
    wg_runtime_free(NULL);
    check_close(out, 3, 0);
    check_status(wg_item(NULL, wg_scalar(tape, "x", WG_F64, 1), &out), WG_EINVALID);
    check_contains(wg_tape_message(tape), "runtime");
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(read, stale_and_foreign_values_are_refused)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    wg_tape *other = wg_tape_create(NULL);
    double out[2];
    const wg_var x = wg_scalar(tape, "x", WG_F64, 1);
    const wg_var y = wg_scalar(other, "y", WG_F64, 1);
    check_status(wg_items(runtime, 2, (const wg_var[2]){ x, y }, out), WG_EFOREIGN);
    check_contains(wg_tape_message(tape), "another tape");
    wg_tape_reset(tape);
    check_status(wg_item(runtime, x, out), WG_ESTALE);
    wg_tape_free(tape);
    wg_tape_free(other);
    wg_runtime_free(runtime);
}

static void refused(int expected, const char *part, int which)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_neg(wg_input(tape, "x", wg_f32(points, WG_SHAPE(2, 3))));
    float narrow[6];
    double wide[6];
    int status = WG_OK;
    switch (which) {
    case 0: status = wg_read_f32(runtime, x, narrow, 5); break;
    case 1: status = wg_read_f64(runtime, x, wide, 6); break;
    case 2: status = wg_read_f32(runtime, x, NULL, 6); break;
    case 3: status = wg_read(runtime, x, wg_tensor_of(narrow, WG_F32, WG_SHAPE(3, 2))); break;
    case 4: status = wg_item(runtime, x, wide); break;
    case 5: status = wg_peek(runtime, x, NULL); break;
    default: status = wg_read(runtime, x, (wg_tensor){ .data = NULL }); break;
    }
    check_status(status, expected);
    check_contains(wg_tape_message(tape), part);
    check_contains(wg_tape_message(tape), "test_read.c:");
    check_equal_i(runtime->run_count, 0);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(read, what_does_not_fit_is_refused_before_anything_runs)
{
    refused(WG_ESHAPE, "6 elements", 0);
    refused(WG_EDTYPE, "f32, not f64", 1);
    refused(WG_EINVALID, "nowhere", 2);
    refused(WG_ESHAPE, "shape", 3);
    refused(WG_ESHAPE, "[2, 3]", 4);
    refused(WG_EINVALID, "nowhere", 5);
    refused(WG_ESHAPE, "shape", 6);
}

Test(read, options_that_make_no_sense_give_no_runtime)
{
    const wg_allocator half = { .allocate = NULL };
    check(wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = -1)) == NULL);
    check(wg_runtime_create(WG_OPTIONS(wg_runtime_options, .reserved = { 0, 1 })) == NULL);
    check(wg_runtime_create(WG_OPTIONS(wg_runtime_options, .allocator = &half)) == NULL);
}

Test(read, a_runtime_in_use_is_busy)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_neg(wg_scalar(tape, "x", WG_F64, 1));
    double out;
    wg__float_mode before;
    check_status(wg__runtime_enter(runtime, &before), WG_OK);
    check_status(wg_item(runtime, x, &out), WG_EBUSY);
    check(wg_compile(runtime, tape, 1, &x) == NULL);
    check_contains(wg_tape_message(tape), "in use");
    wg__runtime_leave(runtime, before);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(read, params_that_another_thread_writes_are_busy)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var w = wg_state(scope, "w", WG_F64, WG_SCALAR, 1);
    double out;
    check_status(wg__params_lock(params, true), WG_OK);
    check_status(wg_item(runtime, w, &out), WG_EBUSY);
    wg__params_unlock(params);
    check_status(wg_item(runtime, w, &out), WG_OK);
    check_close(out, 1, 0);
    wg_tape_free(tape);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

Test(read, a_second_recording_of_the_same_is_a_hit)
{
    wg_runtime *runtime = runtime_one();
    wg_tape *tape = wg_tape_create(NULL);
    for (int i = 0; i < 5; i++) {
        double out;
        wg_tape_reset(tape);
        const wg_var x = wg_scalar(tape, "x", WG_F64, i);
        check_status(wg_item(runtime, wg_mul(x, wg_number(x, 3)), &out), WG_OK);
        check_close(out, 3 * i, 0);
    }
    check_equal_i(runtime->miss_count, 1);
    check_equal_i(runtime->hit_count, 4);
    for (int i = 0; i < 3; i++) {
        double out;
        wg_tape_reset(tape);
        const wg_var x = wg_scalar(tape, "x", WG_F64, 2);
        check_status(wg_item(runtime, wg_mul(x, wg_number(x, i + 4)), &out), WG_OK);
        check_close(out, 2 * (i + 4), 0);
    }
    check_equal_i(runtime->miss_count, 4);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

Test(read, a_full_cache_forgets_what_was_not_used_for_longest)
{
    wg_runtime *runtime =
        wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1, .cache_bytes = 1));
    wg_tape *tape = wg_tape_create(NULL);
    for (int i = 0; i < 6; i++) {
        double out;
        wg_tape_reset(tape);
        const wg_var x = wg_scalar(tape, "x", WG_F64, 2);
        check_status(wg_item(runtime, wg_mul(x, wg_number(x, 3 + i % 2)), &out), WG_OK);
        check_close(out, 2 * (3 + i % 2), 0);
    }
    check_equal_i(runtime->miss_count, 6);
    check(runtime->newest == runtime->oldest);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* Which element is the largest or the least, and in which order all are, against definitions: ties,
 * NaN, zeros of both signs. */
#include "ops/rules.h"
#include "support/arrays.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static _Alignas(64) char scratch[WG__SCRATCH_BYTES];

/* ---- argmax ---- */

static int32_t choose(wg__op_id op, wg_dtype dtype, const void *x, int64_t n)
{
    int32_t out = -1;
    const int64_t axis = 0;
    const wg__array in = arrays_of((void *)(uintptr_t)x, dtype, 1, &n);
    const wg__call call = {
        .op = op, .in_count = 1, .in = &in, .out = arrays_of(&out, WG_I32, 0, NULL),
        .attribute = &axis, .attribute_count = 1, .scratch = scratch,
    };
    check_status(wg__eval_argmax(wg__kernels_of(WG__PORTABLE), &call), WG_OK);
    return out;
}

static int32_t argmax(wg_dtype dtype, const void *x, int64_t n)
{
    return choose(WG__OP_argmax, dtype, x, n);
}

static int32_t argmin(wg_dtype dtype, const void *x, int64_t n)
{
    return choose(WG__OP_argmin, dtype, x, n);
}

Test(order, argmin_takes_the_first_of_equals_and_the_first_nan)
{
    check_equal_i(argmin(WG_F32, (const float[]){ 3, 1, 2, 1 }, 4), 1);
    check_equal_i(argmin(WG_F32, (const float[]){ 0.0f, -0.0f }, 2), 0);
    check_equal_i(argmin(WG_F64, (const double[]){ -INFINITY, NAN, NAN }, 3), 1);
    check_equal_i(argmin(WG_F64, (const double[]){ INFINITY, INFINITY }, 2), 0);
    check_equal_i(argmin(WG_I32, (const int32_t[]){ 5, -1, INT32_MIN, 5 }, 4), 2);
    check_equal_i(argmin(WG_I64, (const int64_t[]){ INT64_MAX, INT64_MIN }, 2), 1);
    check_equal_i(argmin(WG_U8, (const uint8_t[]){ 128, 255, 0 }, 3), 2);
}

Test(order, argmax_takes_the_first_of_equals_and_the_first_nan)
{
    check_equal_i(argmax(WG_F32, (const float[]){ 1, 3, 2, 3 }, 4), 1);
    check_equal_i(argmax(WG_F32, (const float[]){ -0.0f, 0.0f }, 2), 0);
    check_equal_i(argmax(WG_F32, (const float[]){ 1, NAN, INFINITY, NAN }, 4), 1);
    check_equal_i(argmax(WG_F64, (const double[]){ NAN, 1, NAN }, 3), 0);
    check_equal_i(argmax(WG_F64, (const double[]){ -INFINITY, -1, -1 }, 3), 1);
    check_equal_i(argmax(WG_I32, (const int32_t[]){ INT32_MIN, -1, 5, 5 }, 4), 2);
    check_equal_i(argmax(WG_I64, (const int64_t[]){ INT64_MAX, INT64_MIN }, 2), 0);
    check_equal_i(argmax(WG_U8, (const uint8_t[]){ 1, 255, 128 }, 3), 1);
}

/* x[i][j][k] with a peak at a place of its own for each pair of the other two indices. */
Test(order, argmax_walks_along_its_axis)
{
    for (int64_t axis = 0; axis < 3; axis++) {
        float x[60];
        for (int i = 0; i < 60; i++) x[i] = (float)(i * 37 % 60);
        const wg__array plain = arrays_of(x, WG_F32, 3, (const int64_t[]){ 5, 4, 3 });
        const wg__array in = arrays_permuted(&plain, (const int32_t[]){ 2, 0, 1 });
        int32_t out[20];
        const wg__array result = arrays_without(out, WG_I32, &in, INT64_C(1) << axis);
        const wg__call call = {
            .op = WG__OP_argmax, .in_count = 1, .in = &in, .out = result, .attribute = &axis,
            .attribute_count = 1, .scratch = scratch,
        };
        check_status(wg__eval_argmax(wg__kernels_of(WG__PORTABLE), &call), WG_OK);
        for (int64_t at = 0; at < 60; at++) {
            const int64_t index[3] = { at / 20, at / 4 % 5, at % 4 };
            int64_t place = 0, value_at = 0, peak_at = 0;
            for (int i = 0; i < 3; i++) {
                value_at += index[i] * in.stride[i];
                if (i != axis) place = place * in.dim[i] + index[i];
            }
            peak_at = value_at + (out[place] - index[axis]) * in.stride[axis];
            check(x[value_at] <= x[peak_at]);
        }
    }
}

/* ---- argsort ---- */

enum { LONG_MAX_COUNT = 40000 };

static void sort_call(const wg__array *x, int64_t axis, int32_t *out)
{
    wg__shape shape = { .rank = x->rank };
    for (int32_t i = 0; i < x->rank; i++) shape.dim[i] = x->dim[i];
    const wg__call call = {
        .op = WG__OP_argsort, .in_count = 1, .in = x, .out = wg__array_of(out, WG_I32, &shape),
        .attribute = &axis, .attribute_count = 1, .scratch = scratch,
    };
    check_status(wg__eval(wg__kernels_of(WG__PORTABLE), &call), WG_OK);
}

/* One after the other is the order: -0 first, NaN last. */
static bool is_in_order(double x, double y)
{
    if (isnan(x) || isnan(y)) return isnan(y);
    if (x == 0 && y == 0) return signbit(x) || !signbit(y);
    return x <= y;
}

/* The order is right if each is in order with the next, and equals have ascending indices. */
static void check_order(int64_t n, const double *x, const int32_t *order, int64_t stride)
{
    static bool seen[LONG_MAX_COUNT];
    memset(seen, 0, sizeof seen);
    for (int64_t i = 0; i < n; i++) {
        const int32_t index = order[i * stride];
        check(index >= 0 && index < n && !seen[index]);
        seen[index] = true;
        if (i == 0) continue;
        const int32_t before = order[(i - 1) * stride];
        check_msg(is_in_order(x[before], x[index]), "%g before %g", x[before], x[index]);
        if (is_in_order(x[index], x[before])) check(before < index);
    }
}

static double draw_element(uint64_t *state)
{
    static const double edges[] = { 0.0, -0.0, NAN, INFINITY, -INFINITY, 5e-324, -5e-324, 1, -1 };
    const uint64_t r = test_random(state);
    if (r % 3 == 0) return edges[r / 3 % 9];
    return (double)(int64_t)(r >> 3 & 31) - 15;
}

/* Lengths up to what scratch holds, and beyond. */
Test(order, argsort_is_stable_with_nan_last_at_every_length)
{
    static double x[LONG_MAX_COUNT];
    static int32_t order[LONG_MAX_COUNT];
    static const int64_t lengths[] = { 0, 1, 2, 3, 5, 8, 31, 64, 100, 1000, 16384, 16385, 40000 };
    uint64_t state = test_seed();
    for (int i = 0; i < LONG_MAX_COUNT; i++) x[i] = draw_element(&state);
    for (int i = 0; i < 13; i++) {
        const wg__array array = arrays_of(x, WG_F64, 1, &lengths[i]);
        sort_call(&array, 0, order);
        check_order(lengths[i], x, order, 1);
    }
}

/* Every dtype, as doubles: f32 and integers are exact there. */
Test(order, argsort_takes_every_number)
{
    enum { N = 200 };
    double wide[N];
    float f32[N];
    int32_t i32[N], order[N];
    int64_t i64[N];
    uint8_t u8[N];
    uint64_t state = test_seed();
    for (int i = 0; i < N; i++) {
        f32[i] = (float)draw_element(&state);
        i32[i] = (int32_t)test_random(&state) >> (i % 3 * 14);
        i64[i] = (int64_t)test_random(&state) >> 20;
        u8[i] = (uint8_t)test_random(&state);
    }
    i32[7] = INT32_MIN;
    void *const data[] = { f32, i32, i64, u8 };
    const wg_dtype dtype[] = { WG_F32, WG_I32, WG_I64, WG_U8 };
    const int64_t n = N;
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < N; i++)
            wide[i] = k == 0   ? (double)f32[i]
                      : k == 1 ? i32[i]
                      : k == 2 ? (double)i64[i]
                               : u8[i];
        const wg__array x = arrays_of(data[k], dtype[k], 1, &n);
        sort_call(&x, 0, order);
        check_order(N, wide, order, 1);
    }
}

/* Along each axis of an array whose axes lie in another order, and which is walked back. */
Test(order, argsort_walks_along_its_axis)
{
    double data[60], line[5];
    int32_t order[60];
    uint64_t state = test_seed();
    for (int i = 0; i < 60; i++) data[i] = draw_element(&state);
    wg__array plain = arrays_of(data, WG_F64, 3, (const int64_t[]){ 5, 4, 3 });
    plain.data = data + 59;
    for (int i = 0; i < 3; i++) plain.stride[i] = -plain.stride[i];
    const wg__array x = arrays_permuted(&plain, (const int32_t[]){ 2, 0, 1 });
    for (int64_t axis = 0; axis < 3; axis++) {
        sort_call(&x, axis, order);
        const int64_t stride[3] = { 20, 4, 1 };
        for (int64_t at = 0; at < 60; at++) {
            const int64_t index[3] = { at / 20, at / 4 % 5, at % 4 };
            if (index[axis] != 0) continue;
            for (int64_t i = 0; i < x.dim[axis]; i++) {
                int64_t offset = i * x.stride[axis];
                for (int k = 0; k < 3; k++) offset += index[k] * x.stride[k];
                line[i] = ((const double *)x.data)[offset];
            }
            check_order(x.dim[axis], line, order + at, stride[axis]);
        }
    }
}

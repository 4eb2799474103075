/* Which element is the largest or the least, against definitions: ties, NaN, zeros of both signs. */
#include "ops/rules.h"
#include "support/test.h"

#include <math.h>

static _Alignas(64) char scratch[WG__SCRATCH_BYTES];

static wg__array array_of(void *data, wg_dtype dtype, int32_t rank, const int64_t *dim)
{
    wg__array array = { .data = data, .dtype = dtype, .rank = rank };
    int64_t stride = 1;
    for (int32_t i = rank - 1; i >= 0; i--) {
        array.dim[i] = dim[i];
        array.stride[i] = stride;
        stride *= dim[i];
    }
    return array;
}

/* The contiguous array of the axes that are left. */
static wg__array result_of(void *data, wg_dtype dtype, const wg__array *x, int64_t axes_bits)
{
    int64_t dim[WG__RANK_MAX] = { 0 };
    int32_t rank = 0;
    for (int32_t i = 0; i < x->rank; i++)
        if (!(axes_bits >> i & 1)) dim[rank++] = x->dim[i];
    return array_of(data, dtype, rank, dim);
}

static wg__array permuted(const wg__array *x, const int32_t *axis)
{
    wg__array out = *x;
    for (int32_t i = 0; i < x->rank; i++) {
        out.dim[i] = x->dim[axis[i]];
        out.stride[i] = x->stride[axis[i]];
    }
    return out;
}

/* ---- argmax ---- */

static int32_t choose(wg__op_id op, wg_dtype dtype, const void *x, int64_t n)
{
    int32_t out = -1;
    const int64_t axis = 0;
    const wg__array in = array_of((void *)(uintptr_t)x, dtype, 1, &n);
    const wg__call call = {
        .op = op, .in_count = 1, .in = &in, .out = array_of(&out, WG_I32, 0, NULL),
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
        const wg__array plain = array_of(x, WG_F32, 3, (const int64_t[]){ 5, 4, 3 });
        const wg__array in = permuted(&plain, (const int32_t[]){ 2, 0, 1 });
        int32_t out[20];
        const wg__array result = result_of(out, WG_I32, &in, INT64_C(1) << axis);
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

/* Chains along one axis against loops, in every layout, at every level, bit by bit; their
 * derivatives against differences to third order. */
#include "ops/kernels/kernels.h"
#include "ops/rules.h"
#include "support/difference.h"
#include "support/fused.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { ELEMENTS_MAX = 140 * 140 };

static _Alignas(64) char scratch[WG__SCRATCH_BYTES];
static double memory[3][ELEMENTS_MAX];   /* a, x, results; of any dtype */

static void *place(const wg__array *array, int64_t offset)
{
    return (char *)array->data + offset * (int64_t)wg_dtype_bytes(array->dtype);
}

static double get(const wg__array *array, int64_t offset)
{
    double value;
    float narrow;
    memcpy(&value, place(array, offset), array->dtype == WG_F64 ? sizeof value : 0);
    if (array->dtype == WG_F64) return value;
    memcpy(&narrow, place(array, offset), sizeof narrow);
    return (double)narrow;
}

static void fill(wg_dtype dtype, int which, uint64_t *state)
{
    for (int i = 0; i < ELEMENTS_MAX; i++) {
        const double value = (double)(int64_t)test_random(state) / 0x1p63 * 1.25;
        if (dtype == WG_F64) memory[which][i] = value;
        else ((float *)(void *)memory[which])[i] = (float)value;
    }
}

/* One step in the arithmetic of the dtype. */
static double step_of(wg__op_id op, wg_dtype dtype, double before, double a, double x)
{
    if (dtype == WG_F64) return op == WG__OP_cumsum ? before + x : fma(a, before, x);
    return op == WG__OP_cumsum ? (double)((float)before + (float)x)
                               : (double)test_fma_f32((float)a, (float)before, (float)x);
}

static bool is_same(double x, double y)
{
    return x == y ? signbit(x) == signbit(y) : isnan(x) && isnan(y);
}

/* Every line of the result against a loop over a and x. */
static void check_lines(const wg__call *call)
{
    const wg__array *x = &call->in[call->in_count - 1], *a = &call->in[0], *out = &call->out;
    const int64_t axis = call->attribute[0], n = x->dim[axis];
    wg__array line = *x, line_a = *a, line_out = *out;
    line.dim[axis] = line_a.dim[axis] = line_out.dim[axis] = 1;
    wg__walk at = wg__walk_of(x->rank, line.dim, line.stride);
    wg__walk at_a = wg__walk_of(x->rank, line_a.dim, line_a.stride);
    wg__walk at_out = wg__walk_of(x->rank, line_out.dim, line_out.stride);
    for (int64_t left = wg__array_count(&line); left > 0; left--) {
        double r = 0;
        for (int64_t k = 0; k < n; k++) {
            const int64_t i = call->attribute[1] ? n - 1 - k : k;
            const double value = get(x, at.offset + i * x->stride[axis]);
            const double factor = get(a, at_a.offset + i * a->stride[axis]);
            r = k == 0 ? value : step_of(call->op, x->dtype, r, factor, value);
            const double actual = get(out, at_out.offset + i * out->stride[axis]);
            check_msg(is_same(actual, r), "%s of %s, element %d of %d: %a, not %a",
                      wg__op_table[call->op].name, wg_dtype_name(x->dtype), (int)k, (int)n, actual,
                      r);
        }
        wg__walk_next(&at);
        wg__walk_next(&at_a);
        wg__walk_next(&at_out);
    }
}

/* Both ops, both ways, along every axis, at every level. */
static void check_array(const wg__array *a, const wg__array *x)
{
    const wg__array in[2] = { *a, *x };
    wg__shape shape = { .rank = x->rank };
    for (int32_t i = 0; i < x->rank; i++) shape.dim[i] = x->dim[i];
    for (int level = 0; level < WG__LEVEL_COUNT * 4; level++) {
        if (!wg__level_exists((wg__level)(level / 4))) continue;
        for (int32_t axis = 0; axis < x->rank; axis++) {
            const int64_t attribute[2] = { axis, level % 2 };
            const bool is_sum = level / 2 % 2 == 0;
            const wg__call call = { .op = is_sum ? WG__OP_cumsum : WG__OP_linear_recurrence,
                                    .in_count = is_sum ? 1 : 2,
                                    .in = is_sum ? in + 1 : in,
                                    .out = wg__array_of(memory[2], x->dtype, &shape),
                                    .attribute = attribute,
                                    .attribute_count = 2,
                                    .scratch = scratch };
            check_status(wg__eval(wg__kernels_of((wg__level)(level / 4)), &call), WG_OK);
            check_lines(&call);
        }
    }
}

static wg__array array_of(int which, wg_dtype dtype, int32_t rank, const int64_t *dim)
{
    wg__shape shape = { .rank = rank };
    for (int32_t i = 0; i < rank; i++) shape.dim[i] = dim[i];
    return wg__array_of(memory[which], dtype, &shape);
}
#define ARRAY(which, dtype, ...)                                                                   \
    array_of(which, dtype, (int32_t)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)),        \
             (const int64_t[]){ __VA_ARGS__ })

#define FOR_EACH_FLOAT(dtype) for (wg_dtype dtype = WG_F32; dtype <= WG_F64; dtype++)

/* Lengths and widths around those of vectors and of tiles. */
Test(along, chains_are_those_of_a_loop_at_every_length)
{
    static const int64_t extents[] = { 0, 1, 2, 5, 8, 9, 16, 17, 63, 64, 65, 129 };
    uint64_t state = test_seed();
    FOR_EACH_FLOAT(dtype) {
        fill(dtype, 0, &state);
        fill(dtype, 1, &state);
        for (int i = 0; i < 12; i++)
            for (int j = 0; j < 12; j++) {
                const wg__array a = ARRAY(0, dtype, extents[i], extents[j]);
                const wg__array x = ARRAY(1, dtype, extents[i], extents[j]);
                check_array(&a, &x);
            }
    }
}

/* Transposed, walked back, repeated, with gaps; rank 8. */
Test(along, the_layout_changes_no_bit)
{
    uint64_t state = test_seed();
    FOR_EACH_FLOAT(dtype) {
        fill(dtype, 0, &state);
        fill(dtype, 1, &state);
        wg__array a = ARRAY(0, dtype, 7, 66, 20);
        wg__array x = ARRAY(1, dtype, 7, 66, 20);
        x.stride[0] = 1;
        x.stride[2] = 7 * 66;
        x.stride[1] = 7;
        check_array(&a, &x);
        a.stride[0] = 0;
        a.stride[1] = 0;
        check_array(&a, &x);
        a = ARRAY(0, dtype, 7, 66, 20);
        a.data = place(&a, 7 * 66 * 20 - 1);
        for (int i = 0; i < 3; i++) a.stride[i] = -a.stride[i];
        check_array(&a, &x);
        x = ARRAY(1, dtype, 7, 66, 20);
        x.stride[0] = 2 * 66 * 20;
        check_array(&a, &x);
        const wg__array deep = ARRAY(1, dtype, 2, 3, 1, 2, 5, 2, 3, 2);
        const wg__array deep_a = ARRAY(0, dtype, 2, 3, 1, 2, 5, 2, 3, 2);
        check_array(&deep_a, &deep);
    }
}

/* A row alone has the bits it has among others. */
Test(along, a_line_is_the_same_alone)
{
    uint64_t state = test_seed();
    fill(WG_F32, 0, &state);
    fill(WG_F32, 1, &state);
    for (int64_t axis = 0; axis < 2; axis++) {
        for (int64_t i = 0; i < 20; i++) {
            wg__array a = ARRAY(0, WG_F32, 20, 20), x = ARRAY(1, WG_F32, 20, 20);
            a.dim[1 - axis] = x.dim[1 - axis] = 1;
            a.data = place(&a, i * a.stride[1 - axis]);
            x.data = place(&x, i * x.stride[1 - axis]);
            check_array(&a, &x);
        }
    }
}

Test(along, zeros_infinities_and_nan_go_on)
{
    const double x[] = { -0.0, -0.0, 0.0, INFINITY, 1, NAN, 2 };
    const double a[] = { NAN, 1, -1, 0, 2, 1, 0 };
    memcpy(memory[0], a, sizeof a);
    memcpy(memory[1], x, sizeof x);
    const wg__array factors = ARRAY(0, WG_F64, 7), array = ARRAY(1, WG_F64, 7);
    check_array(&factors, &array);
}

Test(along, integers_wrap)
{
    immediate *im = immediate_create(WG__PORTABLE);
    wg__builder *b = &im->builder;
    const wg__shape shape = { .rank = 1, .dim = { 4 } };
    const int32_t data[] = { INT32_MAX, 1, 5, -7 };
    const uint32_t x = immediate_i32(im, &shape, data);
    const uint32_t r = wg__emit_cumsum(b, x, 0, false, false);
    const uint32_t bytes = wg__emit_cumsum(b, wg__emit_cast(b, x, WG_U8), 0, false, true);
    const uint32_t wide = wg__emit_cumsum(b, wg__emit_cast(b, x, WG_I64), 0, true, false);
    const double expected[] = { INT32_MAX, INT32_MIN, INT32_MIN + 5.0, INT32_MIN - 2.0 + 0x1p32 };
    const double backwards[] = { 254, 255, 254, 249 }; /* the cast wraps too: 255, 1, 5, 249 */
    const double before[] = { 0, INT32_MAX, 0x1p31, 0x1p31 + 5 };
    for (int i = 0; i < 4; i++) {
        check(immediate_at(im, r, i) == expected[i]);
        check(immediate_at(im, bytes, i) == backwards[i]);
        check(immediate_at(im, wide, i) == before[i]);
    }
    immediate_free(im);
}

/* ---- products, and what is left out ---- */

static void check_values(const immediate *im, uint32_t value, int64_t count, const double *expected)
{
    check_msg(im->status == WG_OK, "%s", im->why);
    check_equal_i(immediate_count(im, value), count);
    for (int64_t i = 0; i < count; i++) {
        const double actual = immediate_at(im, value, i);
        check_msg(is_same(actual, expected[i]), "element %d: %g, not %g", (int)i, actual,
                  expected[i]);
    }
}

Test(along, cumulative_values_are_the_textbooks)
{
    immediate *im = immediate_create(WG__PORTABLE);
    wg__builder *b = &im->builder;
    const wg__shape shape = { .rank = 1, .dim = { 4 } };
    const uint32_t x = immediate_f64(im, &shape, (const double[]){ 2, -3, 5, 7 });
    const double sums[4][4] = {
        { 2, -1, 4, 11 }, { 11, 9, 12, 7 }, { 0, 2, -1, 4 }, { 9, 12, 7, 0 },
    };
    const double products[4][4] = {
        { 2, -6, -30, -210 }, { -210, -105, 35, 7 }, { 1, 2, -6, -30 }, { -105, 35, 7, 1 },
    };
    for (int i = 0; i < 4; i++) {
        check_values(im, wg__emit_cumsum(b, x, 0, i / 2 > 0, i % 2 > 0), 4, sums[i]);
        check_values(im, wg__emit_cumprod(b, x, 0, i / 2 > 0, i % 2 > 0), 4, products[i]);
    }
    const uint32_t zeros = immediate_f64(im, &shape, (const double[]){ -2, 0.0, 3, -1 });
    const double signs[] = { -2, -0.0, -0.0, 0.0 };
    check_values(im, wg__emit_cumprod(b, zeros, 0, false, false), 4, signs);
    immediate_free(im);
}

/* Axes of no and of one element. */
Test(along, nothing_and_one_element_are_themselves)
{
    immediate *im = immediate_create(WG__PORTABLE);
    wg__builder *b = &im->builder;
    for (int64_t n = 0; n < 2; n++) {
        const wg__shape shape = { .rank = 2, .dim = { 2, n } };
        const double data[] = { 3, 4 }, ones[] = { 1, 1 }, zeros[] = { 0, 0 };
        const uint32_t x = immediate_f64(im, &shape, data);
        check_values(im, wg__emit_cumsum(b, x, 1, false, true), 2 * n, data);
        check_values(im, wg__emit_cumsum(b, x, 1, true, true), 2 * n, zeros);
        check_values(im, wg__emit_cumprod(b, x, 1, false, true), 2 * n, data);
        check_values(im, wg__emit_cumprod(b, x, 1, true, false), 2 * n, ones);
        const uint32_t r = wg__emit_recurrence(b, x, x, 1, false);
        check_values(im, r, 2 * n, data);
        check_values(im, immediate_grad(im, r, x, x), 2 * n, data);
    }
    immediate_free(im);
}

/* ---- derivatives ---- */

static uint32_t sums(immediate *im, uint32_t x)
{
    wg__builder *b = &im->builder;
    const uint32_t forth = wg__emit_cumsum(b, x, 1, false, false);
    const uint32_t back = wg__emit_cumsum(b, wg__emit2(b, WG__OP_mul, x, x), 0, true, true);
    return wg__emit2(b, WG__OP_mul, forth, back);
}

static uint32_t products(immediate *im, uint32_t x)
{
    wg__builder *b = &im->builder;
    return wg__emit2(b, WG__OP_add, wg__emit_cumprod(b, x, 1, false, false),
                     wg__emit_cumprod(b, x, 0, true, true));
}

/* Rows of x are factors and terms in turn. */
static uint32_t recurrences(immediate *im, uint32_t x)
{
    wg__builder *b = &im->builder;
    const uint32_t a = wg__emit_slice(b, x, 0, 0, 3, 1), y = wg__emit_slice(b, x, 0, 1, 4, 1);
    const uint32_t forth = wg__emit_recurrence(b, a, y, 1, false);
    return wg__emit_recurrence(b, forth, a, 0, true);
}

static uint32_t product(immediate *im, uint32_t x)
{
    return wg__emit_reduce(&im->builder, WG__OP_prod, x, 2);
}

static uint32_t product_of_all(immediate *im, uint32_t x)
{
    return wg__emit_reduce(&im->builder, WG__OP_prod, x, 3);
}

static uint32_t product_of_columns(immediate *im, uint32_t x)
{
    const uint32_t square = wg__emit2(&im->builder, WG__OP_mul, x, x);
    return wg__emit_reduce(&im->builder, WG__OP_prod, square, 1);
}

/* At random points, and where one, two or three factors are zero. */
Test(along, derivatives_agree_with_differences_to_third_order)
{
    const wg__shape shape = { .rank = 2, .dim = { 4, 5 } };
    uint64_t state = test_seed();
    double x[20];
    for (int zeros = 0; zeros < 4; zeros++) {
        for (int i = 0; i < 20; i++) x[i] = 0.5 + (double)(test_random(&state) >> 11) * 0x1p-53;
        for (int i = 0; i < zeros; i++) x[(5 + 5 * i + i) % 20] = x[5 + i] = 0;
        difference_check("cumsum", sums, &shape, x);
        difference_check("cumprod", products, &shape, x);
        difference_check("linear_recurrence", recurrences, &shape, x);
        difference_check("prod", product, &shape, x);
        difference_check("prod of all", product_of_all, &shape, x);
        difference_check("prod of columns", product_of_columns, &shape, x);
    }
}

/* Of (2, 3, 0, 0): the gradient is 0, and 6 stands between the two zeros of the Hessian. */
Test(along, a_product_with_zeros_is_right_at_every_order)
{
    immediate *im = immediate_create(WG__PORTABLE);
    wg__builder *b = &im->builder;
    const wg__shape shape = { .rank = 1, .dim = { 4 } }, scalar = { .rank = 0 };
    const uint32_t x = immediate_f64(im, &shape, (const double[]){ 2, 3, 0, 0 });
    const uint32_t one = immediate_f64(im, &scalar, (const double[]){ 1 });
    const uint32_t first = immediate_grad(im, wg__emit_reduce(b, WG__OP_prod, x, 1), one, x);
    const double hessian[4][4] = { { 0 }, { 0 }, { 0, 0, 0, 6 }, { 0, 0, 6, 0 } };
    for (int i = 0; i < 4; i++) {
        const double unit[4] = { i == 0, i == 1, i == 2, i == 3 };
        const uint32_t row = immediate_grad(im, first, immediate_f64(im, &shape, unit), x);
        check(immediate_at(im, first, i) == 0);
        for (int j = 0; j < 4; j++) check(immediate_at(im, row, j) == hessian[i][j]);
    }
    immediate_free(im);
}

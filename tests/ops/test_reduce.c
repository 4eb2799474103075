/* Reductions against their definition, element by element. Sums along rows: blocks of 4096, 64
 * lanes (16 for a whole length up to 256) folded by halves; down columns: blocks of 512, one chain
 * each; -0 is the identity. Maxima and minima: NaN wins, -0 is below +0. Each level, and each way
 * the elements may lie in memory, must give the bits of the logical shape.                       */
#include "support/arrays.h"
#include "support/test.h"

#include <math.h>
#include <ops/kernels/kernels.h>
#include <ops/rules.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENTS_MAX = 40000 };

static _Alignas(64) char scratch[WG__SCRATCH_BYTES];

static const wg__kernels *kernels_at(wg__level level)
{
    return wg__level_exists(level) ? wg__kernels_of(level) : NULL;
}

#define FOR_EACH_LEVEL(level)                                                                      \
    for (wg__level level = WG__PORTABLE; level < WG__LEVEL_COUNT; level++)                         \
        if (kernels_at(level) != NULL)
#define FOR_EACH_FLOAT(dtype) for (wg_dtype dtype = WG_F32; dtype <= WG_F64; dtype++)

/* ---- arrays of either dtype, element by element ---- */

static double get(wg_dtype dtype, const void *x, int64_t i)
{
    return dtype == WG_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static void set(wg_dtype dtype, void *x, int64_t i, double value)
{
    if (dtype == WG_F32) ((float *)x)[i] = (float)value;
    else ((double *)x)[i] = value;
}

/* Magnitudes over eight binary orders and both signs: sums in another order have other bits. */
static double random_value(uint64_t *state)
{
    const uint64_t bits = test_random(state);
    const double value = (double)(int64_t)(bits >> 40) / 0x1p24 - 0.5;
    return ldexp((float)value, (int)(bits & 7) - 3);
}

static bool is_same(double x, double y)
{
    return x == y ? signbit(x) == signbit(y) : isnan(x) && isnan(y);
}

/* ---- the definition ---- */

static double join(wg__op_id op, wg_dtype dtype, double x, double y)
{
    if (op == WG__OP_sum) return dtype == WG_F32 ? (double)((float)x + (float)y) : x + y;
    if (op == WG__OP_prod) return dtype == WG_F32 ? (double)((float)x * (float)y) : x * y;
    if (isnan(x) || isnan(y)) return NAN;
    if (x == y) return op == WG__OP_max ? (signbit(x) ? y : x) : (signbit(x) ? x : y);
    return (op == WG__OP_max) == (x > y) ? x : y;
}

static double identity(wg__op_id op)
{
    if (op == WG__OP_prod) return 1;
    return op == WG__OP_sum ? -0.0 : op == WG__OP_max ? -INFINITY : INFINITY;
}

static double block_of_row(wg__op_id op, wg_dtype dtype, int lanes, int64_t n, const double *x)
{
    double lane[64];
    for (int j = 0; j < lanes; j++) lane[j] = identity(op);
    for (int64_t i = 0; i < n; i++) lane[i % lanes] = join(op, dtype, lane[i % lanes], x[i]);
    for (int half = lanes / 2; half > 0; half /= 2) {
        for (int j = 0; j < half; j++) lane[j] = join(op, dtype, lane[j], lane[j + half]);
    }
    return lane[0];
}

static double block_of_column(wg__op_id op, wg_dtype dtype, int64_t n, const double *x)
{
    double chain = identity(op);
    for (int64_t i = 0; i < n; i++) chain = join(op, dtype, chain, x[i]);
    return chain;
}

static double reference(wg__op_id op, wg_dtype dtype, bool is_row, int64_t n, const double *x)
{
    if (n == 0) return op == WG__OP_sum ? 0.0 : identity(op);
    const int64_t block = is_row ? 4096 : 512;
    double total = identity(op);
    for (int64_t i = 0; i < n; i += block) {
        const int64_t count = n - i < block ? n - i : block;
        const double part = is_row ? block_of_row(op, dtype, n <= 256 ? 16 : 64, count, x + i)
                                   : block_of_column(op, dtype, count, x + i);
        total = join(op, dtype, total, part);
    }
    return total;
}

/* ---- kernels ---- */

static wg__reduce_rows *rows_kernel(wg__level level, wg__op_id op, wg_dtype dtype)
{
    return kernels_at(level)->reduce->rows[op][dtype];
}

static wg__reduce_columns *columns_kernel(wg__level level, wg__op_id op, wg_dtype dtype)
{
    return kernels_at(level)->reduce->columns[op][dtype];
}

static void check_value(wg_dtype dtype, const void *out, int64_t i, double expected, int64_t length,
                        wg__level level)
{
    const double actual = get(dtype, out, i);
    check_msg(is_same(actual, expected), "%s %s: result %d of length %d is %a, not %a",
              wg__level_name(level), wg_dtype_name(dtype), (int)i, (int)length, actual, expected);
}

/* x [rows, length], rows `stride` apart; the element after the last result stays as it is. */
static void check_rows(wg__level level, wg__op_id op, wg_dtype dtype, int64_t rows, int64_t length,
                       int64_t stride, const void *x)
{
    static double row[ELEMENTS_MAX];
    double out[64];
    set(dtype, out, rows, 77);
    rows_kernel(level, op, dtype)(rows, length, x, stride, out);
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t k = 0; k < length; k++) row[k] = get(dtype, x, i * stride + k);
        check_value(dtype, out, i, reference(op, dtype, true, length, row), length, level);
    }
    check_value(dtype, out, rows, 77, length, level);
}

static void check_columns(wg__level level, wg__op_id op, wg_dtype dtype, int64_t length,
                          int64_t count, int64_t stride, const void *x)
{
    static double column[ELEMENTS_MAX];
    double out[256];
    set(dtype, out, count, 77);
    columns_kernel(level, op, dtype)(length, count, x, stride, out);
    for (int64_t j = 0; j < count; j++) {
        for (int64_t k = 0; k < length; k++) column[k] = get(dtype, x, k * stride + j);
        check_value(dtype, out, j, reference(op, dtype, false, length, column), length, level);
    }
    check_value(dtype, out, count, 77, length, level);
}

static double numbers[ELEMENTS_MAX];   /* f32 or f64 */

static void draw(wg_dtype dtype, int64_t count)
{
    uint64_t state = test_seed();
    for (int64_t i = 0; i < count; i++) set(dtype, numbers, i, random_value(&state));
}

Test(reduce, sums_of_rows_have_their_lanes)
{
    FOR_EACH_FLOAT(dtype) {
        draw(dtype, ELEMENTS_MAX);
        FOR_EACH_LEVEL(level) {
            for (int64_t n = 0; n <= 130; n++)
                check_rows(level, WG__OP_sum, dtype, 3, n, n, numbers);
            for (int64_t n = 255; n <= 257; n++)
                check_rows(level, WG__OP_sum, dtype, 33, n, n + 1, numbers);
            for (int64_t n = 4095; n <= 4097; n++)
                check_rows(level, WG__OP_sum, dtype, 5, n, n, numbers);
            check_rows(level, WG__OP_sum, dtype, 2, 9000, 9000, numbers);
            check_rows(level, WG__OP_sum, dtype, 2, ELEMENTS_MAX - 7, 7, numbers);
        }
    }
}

Test(reduce, any_number_of_rows_is_the_same_as_one)
{
    FOR_EACH_FLOAT(dtype) {
        draw(dtype, ELEMENTS_MAX);
        FOR_EACH_LEVEL(level) {
            for (int64_t rows = 0; rows <= 35; rows++) {
                check_rows(level, WG__OP_sum, dtype, rows, 10, 10, numbers);
                check_rows(level, WG__OP_max, dtype, rows, 70, 71, numbers);
            }
        }
    }
}

Test(reduce, sums_of_columns_are_chains)
{
    static const int64_t lengths[] = { 0, 1, 2, 511, 512, 513, 1025 };
    static const int64_t counts[] = { 63, 64, 65, 127, 128, 129, 150 };
    FOR_EACH_FLOAT(dtype) {
        draw(dtype, ELEMENTS_MAX);
        FOR_EACH_LEVEL(level) {
            for (int i = 0; i < 7; i++) {
                for (int64_t count = 0; count <= 33; count++)
                    check_columns(level, WG__OP_sum, dtype, lengths[i], count, 37, numbers);
                check_columns(level, WG__OP_min, dtype, lengths[i], counts[i], 38, numbers);
                check_columns(level, WG__OP_sum, dtype, 70, counts[i], counts[i] + 1, numbers);
            }
        }
    }
}

/* Magnitudes near 1, both signs: thousands of factors neither vanish nor overflow. */
static void draw_factors(wg_dtype dtype, int64_t count)
{
    uint64_t state = test_seed();
    for (int64_t i = 0; i < count; i++) {
        const double factor = 1 + (random_value(&state) / 100 - 0.001);
        set(dtype, numbers, i, i % 5 == 0 ? -factor : factor);
    }
}

Test(reduce, products_go_as_sums_do)
{
    static const int64_t lengths[] = { 0, 1, 2, 15, 16, 17, 256, 257, 511, 512, 513, 4097, 9000 };
    FOR_EACH_FLOAT(dtype) {
        draw_factors(dtype, ELEMENTS_MAX);
        FOR_EACH_LEVEL(level) {
            for (int i = 0; i < 13; i++) {
                check_rows(level, WG__OP_prod, dtype, 2, lengths[i], lengths[i], numbers);
                if (lengths[i] <= 513)
                    check_columns(level, WG__OP_prod, dtype, lengths[i], 35, 37, numbers);
            }
        }
    }
}

/* The identity is -0, so nothing but zeros of that sign gives one; a sum of nothing is +0. */
Test(reduce, sums_of_minus_zero_are_minus_zero)
{
    FOR_EACH_FLOAT(dtype) {
        for (int64_t i = 0; i < ELEMENTS_MAX; i++) set(dtype, numbers, i, -0.0);
        FOR_EACH_LEVEL(level) {
            double out = 1;
            for (int64_t n = 0; n <= 5000; n = n < 300 ? n + 1 : n + 431) {
                rows_kernel(level, WG__OP_sum, dtype)(1, n, numbers, n, &out);
                check_value(dtype, &out, 0, n == 0 ? 0.0 : -0.0, n, level);
                columns_kernel(level, WG__OP_sum, dtype)(n, 1, numbers, 1, &out);
                check_value(dtype, &out, 0, n == 0 ? 0.0 : -0.0, n, level);
            }
        }
    }
}

Test(reduce, not_a_number_wins_at_every_place)
{
    static const wg__op_id ops[] = { WG__OP_sum, WG__OP_max, WG__OP_min };
    FOR_EACH_FLOAT(dtype) {
        draw(dtype, 400);
        FOR_EACH_LEVEL(level) {
            for (int64_t at = 0; at < 300; at++) {
                const double before = get(dtype, numbers, at);
                set(dtype, numbers, at, NAN);
                for (int i = 0; i < 3; i++) {
                    check_rows(level, ops[i], dtype, 1, 300, 300, numbers);
                    check_rows(level, ops[i], dtype, 30, 10, 10, numbers);
                    check_columns(level, ops[i], dtype, 10, 30, 30, numbers);
                }
                set(dtype, numbers, at, before);
            }
        }
    }
}

Test(reduce, extrema_order_zeros_and_infinities)
{
    static const double values[] = { 0.0, -0.0, INFINITY, -INFINITY, 0x1p-1074, -1.0 };
    FOR_EACH_FLOAT(dtype) {
        FOR_EACH_LEVEL(level) {
            for (int i = 0; i < 36; i++) {
                for (int64_t at = 1; at < 40; at++) {
                    for (int64_t k = 0; k < 40; k++) set(dtype, numbers, k, values[i / 6]);
                    set(dtype, numbers, at, values[i % 6]);
                    check_rows(level, WG__OP_max, dtype, 1, 40, 40, numbers);
                    check_rows(level, WG__OP_min, dtype, 1, 40, 40, numbers);
                    check_columns(level, WG__OP_max, dtype, 20, 2, 2, numbers);
                    check_columns(level, WG__OP_min, dtype, 20, 2, 2, numbers);
                }
            }
        }
    }
}

Test(reduce, integers_wrap_and_compare_with_their_sign)
{
    static const int32_t i32[] = { INT32_MAX, 1, -5, 3 };
    static const int64_t i64[] = { INT64_MIN, -1, 7, 0 };
    static const uint8_t u8[] = { 200, 100, 3, 4 };
    FOR_EACH_LEVEL(level) {
        const wg__reduce_table *table = kernels_at(level)->reduce;
        int32_t narrow[2];
        int64_t wide[2];
        uint8_t byte[2];
        table->rows[WG__OP_sum][WG_I32](2, 2, i32, 2, narrow);
        check(narrow[0] == INT32_MIN && narrow[1] == -2);
        table->columns[WG__OP_max][WG_I32](2, 2, i32, 2, narrow);
        check(narrow[0] == INT32_MAX && narrow[1] == 3);
        table->rows[WG__OP_sum][WG_I64](1, 2, i64, 2, wide);
        check(wide[0] == INT64_MAX);
        table->columns[WG__OP_min][WG_I64](2, 2, i64, 2, wide);
        check(wide[0] == INT64_MIN && wide[1] == -1);
        table->columns[WG__OP_sum][WG_U8](2, 2, u8, 2, byte);
        check(byte[0] == 203 && byte[1] == 104);
        table->rows[WG__OP_sum][WG_U8](1, 2, u8, 2, byte);
        check(byte[0] == 44);
        table->rows[WG__OP_max][WG_U8](2, 2, u8, 2, byte);
        check(byte[0] == 200 && byte[1] == 4);
        table->rows[WG__OP_sum][WG_U8](1, 0, u8, 2, byte);
        check(byte[0] == 0);
        table->rows[WG__OP_prod][WG_I32](2, 2, i32, 2, narrow);
        check(narrow[0] == INT32_MAX && narrow[1] == -15);
        table->columns[WG__OP_prod][WG_U8](2, 2, u8, 2, byte);
        check(byte[0] == 88 && byte[1] == 144);
        table->rows[WG__OP_prod][WG_I64](1, 2, i64, 2, wide);
        check(wide[0] == INT64_MIN);
    }
}

Test(reduce, finite_sees_every_place)
{
    FOR_EACH_FLOAT(dtype) {
        draw(dtype, 80);
        FOR_EACH_LEVEL(level) {
            const wg__kernels *kernels = kernels_at(level);
            for (int64_t n = 0; n <= 70; n++) {
                check(wg__finite(kernels, dtype, n, numbers));
                set(dtype, numbers, n, NAN);   /* beyond the end */
                check(wg__finite(kernels, dtype, n, numbers));
                for (int64_t at = 0; at < n; at++) {
                    const double before = get(dtype, numbers, at);
                    const double bad[] = { NAN, INFINITY, -INFINITY };
                    set(dtype, numbers, at, bad[at % 3]);
                    check(!wg__finite(kernels, dtype, n, numbers));
                    set(dtype, numbers, at, before);
                }
                set(dtype, numbers, n, dtype == WG_F32 ? 0x1.fffffep127 : 0x1.fffffffffffffp1023);
            }
        }
    }
    check(wg__finite(kernels_at(WG__PORTABLE), WG_I32, 1, &(int32_t){ -1 }));
}

/* Higham 2002, section 4.2: |error| <= eps times the longest path of additions times sum |x|. A
 * path is a lane, the fold of 64 lanes, then the blocks.                                         */
Test(reduce, error_of_a_sum_is_within_the_bound)
{
    FOR_EACH_FLOAT(dtype) {
        const double eps = dtype == WG_F32 ? 0x1p-24 : 0x1p-53;
        draw(dtype, ELEMENTS_MAX);
        long double sum = 0, magnitude = 0;
        for (int64_t n = 1; n <= ELEMENTS_MAX; n++) {
            sum += (long double)get(dtype, numbers, n - 1);
            magnitude += fabsl((long double)get(dtype, numbers, n - 1));
            if (n % 1111 != 0) continue;
            double out = 0;
            rows_kernel(wg__level_detect(), WG__OP_sum, dtype)(1, n, numbers, n, &out);
            const double path = (n < 4096 ? (double)n : 4096) / 64 + 1 + 6 + (double)n / 4096;
            check_close(get(dtype, &out, 0), sum, 1.01 * path * eps * (double)magnitude);
        }
    }
}

/* ---- calls on strided arrays ---- */

/* The elements over the axes of `bits` from one element on, in logical order. */
static int64_t collect(const wg__array *x, int64_t bits, int64_t offset, double *out)
{
    int64_t count = 1;
    for (int32_t i = 0; i < x->rank; i++)
        if (bits >> i & 1) count *= x->dim[i];
    for (int64_t at = 0; at < count; at++) {
        int64_t rest = at, place = offset;
        for (int32_t i = x->rank - 1; i >= 0; i--) {
            if (!(bits >> i & 1)) continue;
            place += rest % x->dim[i] * x->stride[i];
            rest /= x->dim[i];
        }
        out[at] = get(x->dtype, x->data, place);
    }
    return count;
}

/* Each element of the result against the definition of the class that the shape is in. */
static void check_reduction(wg__level level, wg__op_id op, const wg__array *x, int64_t bits)
{
    static double out[ELEMENTS_MAX], elements[ELEMENTS_MAX];
    const wg__array result = arrays_without(out, x->dtype, x, bits);
    const wg__call call = {
        .op = op, .in_count = 1, .in = x, .out = result, .attribute = &bits, .attribute_count = 1,
        .scratch = scratch,
    };
    check_status(wg__eval_reduce(kernels_at(level), &call), WG_OK);

    int64_t after = 1;
    for (int32_t i = x->rank - 1; i >= 0 && !((bits >> i & 1) && x->dim[i] != 1); i--)
        if (!(bits >> i & 1)) after *= x->dim[i];
    for (int64_t at = 0; at < wg__array_count(&result); at++) {
        int64_t rest = at, offset = 0;
        for (int32_t i = x->rank - 1; i >= 0; i--) {
            if (bits >> i & 1) continue;
            offset += rest % x->dim[i] * x->stride[i];
            rest /= x->dim[i];
        }
        const int64_t n = collect(x, bits, offset, elements);
        check_value(x->dtype, out, at, reference(op, x->dtype, after == 1, n, elements), n, level);
    }
}

/* Every set of axes of this array, for the fastest and the portable level. */
static void check_all_axes(wg__op_id op, const wg__array *x)
{
    for (int64_t bits = 0; bits < INT64_C(1) << x->rank; bits++) {
        check_reduction(wg__level_detect(), op, x, bits);
        check_reduction(WG__PORTABLE, op, x, bits);
    }
}

Test(reduce, any_axes_of_any_layout_follow_the_shape)
{
    static const int32_t orders[][4] = {
        { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 3, 0, 2 }, { 2, 0, 3, 1 },
    };
    FOR_EACH_FLOAT(dtype) {
        draw(dtype, ELEMENTS_MAX);
        for (int i = 0; i < 4; i++) {
            const wg__array plain = arrays_of(numbers, dtype, 4, (const int64_t[]){ 5, 7, 3, 11 });
            const wg__array x = arrays_permuted(&plain, orders[i]);
            check_all_axes(WG__OP_sum, &x);
            check_all_axes(WG__OP_max, &x);
            draw_factors(dtype, ELEMENTS_MAX);
            check_all_axes(WG__OP_prod, &x);
            draw(dtype, ELEMENTS_MAX);
            const wg__array ones = arrays_of(numbers, dtype, 4, (const int64_t[]){ 40, 1, 21, 1 });
            const wg__array y = arrays_permuted(&ones, orders[i]);
            check_all_axes(WG__OP_sum, &y);
        }
    }
}

Test(reduce, repeated_and_reversed_elements_count_as_often_as_they_stand)
{
    draw(WG_F32, ELEMENTS_MAX);
    wg__array x = arrays_of(numbers, WG_F32, 3, (const int64_t[]){ 6, 5, 20 });
    x.stride[1] = 0;
    check_all_axes(WG__OP_sum, &x);
    x.stride[1] = 20;
    x.stride[2] = 0;
    check_all_axes(WG__OP_sum, &x);
    x.data = (float *)(void *)numbers + 19;
    x.stride[2] = -1;
    check_all_axes(WG__OP_sum, &x);
}

/* Reductions of several blocks whose elements must be gathered. */
Test(reduce, long_gathered_sums_have_the_blocks_of_contiguous_ones)
{
    FOR_EACH_FLOAT(dtype) {
        draw(dtype, ELEMENTS_MAX);
        const int64_t lengths[] = { 4096, 4097, 9000, 12288, 13000 };
        for (int i = 0; i < 5; i++) {
            const wg__array rows = arrays_of(numbers, dtype, 2, (const int64_t[]){ lengths[i], 3 });
            const wg__array x = arrays_permuted(&rows, (const int32_t[]){ 1, 0 });
            check_all_axes(WG__OP_sum, &x);
            check_all_axes(WG__OP_min, &x);
            check_all_axes(WG__OP_prod, &x);
        }
        const wg__array wide = arrays_of(numbers, dtype, 3, (const int64_t[]){ 30, 70, 17 });
        const wg__array x = arrays_permuted(&wide, (const int32_t[]){ 2, 0, 1 });
        check_all_axes(WG__OP_sum, &x);
    }
}

Test(reduce, axes_without_elements_give_zero_or_one)
{
    const wg__array none = arrays_of(numbers, WG_F32, 3, (const int64_t[]){ 2, 0, 3 });
    check_reduction(wg__level_detect(), WG__OP_sum, &none, 2);
    check_reduction(wg__level_detect(), WG__OP_sum, &none, 7);
    check_reduction(wg__level_detect(), WG__OP_sum, &none, 1);
    check_reduction(wg__level_detect(), WG__OP_prod, &none, 2);
}

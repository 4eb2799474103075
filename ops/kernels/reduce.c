/* Sums, products, maxima and minima of one level, and the test for infinities and NaN.
 *
 * The order of a sum is fixed by its shape alone. Along rows: blocks of 4096 elements; in a block
 * element i goes to lane i mod 64 (mod 16 if the whole row has at most 256), each lane a chain of
 * additions from -0 in ascending order; lanes are folded by halves, lane j taking lane j + half;
 * block results are added in ascending order. Down columns: blocks of 512 rows, each a chain from
 * -0 in ascending order, block results added in ascending order. -0 is the identity: it changes no
 * sum, not even one of -0. A sum of nothing is +0. Products go the same way, from 1.
 *
 * Maxima and minima have an order that is total but for NaN, which wins, so the same walk serves
 * them. Integers wrap and may be added in any order.                                             */
#include "core/simd.h"
#include "ops/kernels/kernels.h"

#include <math.h>

enum {
    ROW_BLOCK = 4096, ROW_SHORT = 256, LANES_LONG = 64, LANES_SHORT = 16, COLUMN_BLOCK = 512,
    VECTORS_TOGETHER = 8   /* of columns: chains enough to hide what an addition waits for */
};

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

static int64_t least(int64_t x, int64_t y)
{
    return x < y ? x : y;
}

/* ---- f32 and f64: three operations each ---- */

static const float lane_index_f32[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const double lane_index_f64[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };

#define TYPE    f32
#define ELEMENT float
#define LANES   F32_LANES
#define ACTION   sum
#define COMBINE  f32_add
#define IDENTITY (-0.0f)
#define NOTHING  0.0f
#include "ops/kernels/reduce_of.h"
#define ACTION   prod
#define COMBINE  f32_mul
#define IDENTITY 1.0f
#define NOTHING  1.0f
#include "ops/kernels/reduce_of.h"
#define ACTION   max
#define COMBINE  f32_max
#define IDENTITY (-HUGE_VALF)
#define NOTHING  IDENTITY
#include "ops/kernels/reduce_of.h"
#define ACTION   min
#define COMBINE  f32_min
#define IDENTITY HUGE_VALF
#define NOTHING  IDENTITY
#include "ops/kernels/reduce_of.h"
#undef TYPE
#undef ELEMENT
#undef LANES

#define TYPE    f64
#define ELEMENT double
#define LANES   F64_LANES
#define ACTION   sum
#define COMBINE  f64_add
#define IDENTITY (-0.0)
#define NOTHING  0.0
#include "ops/kernels/reduce_of.h"
#define ACTION   prod
#define COMBINE  f64_mul
#define IDENTITY 1.0
#define NOTHING  1.0
#include "ops/kernels/reduce_of.h"
#define ACTION   max
#define COMBINE  f64_max
#define IDENTITY (-HUGE_VAL)
#define NOTHING  IDENTITY
#include "ops/kernels/reduce_of.h"
#define ACTION   min
#define COMBINE  f64_min
#define IDENTITY HUGE_VAL
#define NOTHING  IDENTITY
#include "ops/kernels/reduce_of.h"
#undef TYPE
#undef ELEMENT
#undef LANES

/* ---- integers: any order gives the same bits, so the compiler may choose it ---- */

#define INTEGER_REDUCE(action, type, element, identity, combine)                                   \
    static void rows_##action##_##type(int64_t rows, int64_t length, const void *x_,               \
                                       int64_t row_stride, void *out_)                             \
    {                                                                                              \
        const element *x = x_;                                                                     \
        element *out = out_;                                                                       \
        for (int64_t i = 0; i < rows; i++, x += row_stride) {                                      \
            element r = (identity);                                                                \
            for (int64_t k = 0; k < length; k++) r = (element)combine(r, x[k]);                    \
            out[i] = r;                                                                            \
        }                                                                                          \
    }                                                                                              \
    static void columns_##action##_##type(int64_t length, int64_t count, const void *x_,           \
                                          int64_t row_stride, void *out_)                          \
    {                                                                                              \
        const element *x = x_;                                                                     \
        element *out = out_;                                                                       \
        for (int64_t j = 0; j < count; j++) out[j] = (identity);                                   \
        for (int64_t i = 0; i < length; i++, x += row_stride) {                                    \
            for (int64_t j = 0; j < count; j++) out[j] = (element)combine(out[j], x[j]);           \
        }                                                                                          \
    }
#define WRAPPING_ADD(x, y) ((x) + (y))
#define WRAPPING_MUL(x, y) ((x) * (y))
#define LARGER_OF(x, y)    ((x) > (y) ? (x) : (y))
#define SMALLER_OF(x, y)   ((x) < (y) ? (x) : (y))
INTEGER_REDUCE(sum, i32, uint32_t, 0, WRAPPING_ADD)
INTEGER_REDUCE(sum, i64, uint64_t, 0, WRAPPING_ADD)
INTEGER_REDUCE(sum, u8, uint8_t, 0, WRAPPING_ADD)
INTEGER_REDUCE(prod, i32, uint32_t, 1, WRAPPING_MUL)
INTEGER_REDUCE(prod, i64, uint64_t, 1, WRAPPING_MUL)
INTEGER_REDUCE(prod, u8, uint8_t, 1, WRAPPING_MUL)
INTEGER_REDUCE(max, i32, int32_t, INT32_MIN, LARGER_OF)
INTEGER_REDUCE(max, i64, int64_t, INT64_MIN, LARGER_OF)
INTEGER_REDUCE(max, u8, uint8_t, 0, LARGER_OF)
INTEGER_REDUCE(min, i32, int32_t, INT32_MAX, SMALLER_OF)
INTEGER_REDUCE(min, i64, int64_t, INT64_MAX, SMALLER_OF)
INTEGER_REDUCE(min, u8, uint8_t, UINT8_MAX, SMALLER_OF)

/* ---- planes ---- */

/* Rows of as many elements as the constant says, in vectors of just that size: what has just been
 * written is slow to come back in another one.                                                   */
#define NARROW(type, element, count)                                                               \
    case count:                                                                                    \
        for (int64_t i = 0; i < q->rows; i++, x += q->x_row, to += q->to_row) {                    \
            element r[count];                                                                      \
            UNROLL for (int j = 0; j < count; j++) r[j] = to[j] + x[j];                            \
            UNROLL for (int j = 0; j < count; j++) to[j] = r[j];                                   \
        }                                                                                          \
        return;

#define ADD(type, element, lanes)                                                                  \
    static void add_##type(const wg__add *q)                                                       \
    {                                                                                              \
        const element *x = q->x;                                                                   \
        element *to = q->to;                                                                       \
        switch (q->columns) {                                                                      \
        NARROW(type, element, 1)                                                                   \
        NARROW(type, element, 2)                                                                   \
        NARROW(type, element, 4)                                                                   \
        NARROW(type, element, 8)                                                                   \
        default: break;                                                                            \
        }                                                                                          \
        const int64_t rest = q->columns % lanes, whole = q->columns - rest;                        \
        for (int64_t i = 0; i < q->rows; i++, x += q->x_row, to += q->to_row) {                    \
            for (int64_t j = 0; j < whole; j += lanes)                                             \
                type##_store(to + j, type##_add(type##_load(to + j), type##_load(x + j)));         \
            for (int64_t j = whole; j < q->columns; j++) to[j] += x[j];                            \
        }                                                                                          \
    }
ADD(f32, float, F32_LANES)
ADD(f64, double, F64_LANES)

/* ---- finite ---- */

#define FINITE(type, element, lanes, infinity)                                                     \
    static bool finite_##type(int64_t n, const void *x_)                                           \
    {                                                                                              \
        const element *x = x_;                                                                     \
        const type##_v limit = type##_set(infinity);                                               \
        type##_m is_finite = type##_lt(type##_set(0), limit);                                      \
        int64_t i = 0;                                                                             \
        for (; i + lanes <= n; i += lanes) {                                                       \
            const type##_m below = type##_lt(type##_abs(type##_load(x + i)), limit);               \
            is_finite = type##_m_and(is_finite, below);                                            \
        }                                                                                          \
        const type##_m below = type##_lt(type##_abs(type##_load_part(x + i, n - i)), limit);       \
        return type##_m_bits(type##_m_and(is_finite, below)) == (1u << lanes) - 1u;                \
    }
FINITE(f32, float, F32_LANES, HUGE_VALF)
FINITE(f64, double, F64_LANES, HUGE_VAL)

/* A truth is a byte of 0 or 1, and has a largest and a least. */
#define NUMBERS(name)                                                                              \
    [WG_F32] = name##_f32, [WG_F64] = name##_f64, [WG_I32] = name##_i32, [WG_I64] = name##_i64,    \
    [WG_U8] = name##_u8
#define TRUTHS(name) [WG_BOOL] = name##_u8
#define FLOATS(name) [WG_F32] = name##_f32, [WG_F64] = name##_f64

const wg__reduce_table WG__GLUE(wg__reduce_, WG_LEVEL) = {
    .rows = { [WG__OP_sum] = { NUMBERS(rows_sum) },
              [WG__OP_prod] = { NUMBERS(rows_prod) },
              [WG__OP_max] = { NUMBERS(rows_max), TRUTHS(rows_max) },
              [WG__OP_min] = { NUMBERS(rows_min), TRUTHS(rows_min) } },
    .columns = { [WG__OP_sum] = { NUMBERS(columns_sum) },
                 [WG__OP_prod] = { NUMBERS(columns_prod) },
                 [WG__OP_max] = { NUMBERS(columns_max), TRUTHS(columns_max) },
                 [WG__OP_min] = { NUMBERS(columns_min), TRUTHS(columns_min) } },
    .joined = { [WG__OP_sum] = { FLOATS(joined_sum) },
                [WG__OP_prod] = { FLOATS(joined_prod) },
                [WG__OP_max] = { FLOATS(joined_max) },
                [WG__OP_min] = { FLOATS(joined_min) } },
    .add = { FLOATS(add) },
    .finite = { FLOATS(finite) },
};

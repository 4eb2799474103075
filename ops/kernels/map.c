/* The elementwise kernels of one level: every row of ops.def for each dtype it has, select, casts
 * and shifts.
 *
 * A value cell is compiled once per dtype; its words are chosen by the type of x. A remainder
 * shorter than a vector runs the same words on a vector that is loaded and stored in part, so the
 * bits of an element do not depend on where it stands. Inputs are read before the output of the
 * same elements is written: out may be an input.                                                 */
#include "ops/kernels/gamma.h"
#include "ops/kernels/kernels.h"
#include "ops/kernels/math.h"

typedef float f32;
typedef double f64;
typedef int32_t i32;
typedef int64_t i64;
typedef uint8_t u8;
typedef bool truth;

/* Elements depend on no others, even where two pointers are equal. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* ---- loops around a cell: vectors for f32 and f64, elements for the others ---- */

#define VECTOR1(T, LANES, name, cell)                                                              \
    static void name##_##T(int64_t n, const void *const *in, void *out)                            \
    {                                                                                              \
        const T *px = in[0];                                                                       \
        T *pr = out;                                                                               \
        int64_t i = 0;                                                                             \
        for (; i <= n - LANES; i += LANES) {                                                       \
            const T##_v x = T##_load(px + i);                                                      \
            T##_store(pr + i, cell);                                                               \
        }                                                                                          \
        if (i == n) return;                                                                        \
        const T##_v x = T##_load_part(px + i, n - i);                                              \
        T##_store_part(pr + i, cell, n - i);                                                       \
    }

#define VECTOR2(T, LANES, name, cell)                                                              \
    static void name##_##T(int64_t n, const void *const *in, void *out)                            \
    {                                                                                              \
        const T *px = in[0], *py = in[1];                                                          \
        T *pr = out;                                                                               \
        int64_t i = 0;                                                                             \
        for (; i <= n - LANES; i += LANES) {                                                       \
            const T##_v x = T##_load(px + i), y = T##_load(py + i);                                \
            T##_store(pr + i, cell);                                                               \
        }                                                                                          \
        if (i == n) return;                                                                        \
        const T##_v x = T##_load_part(px + i, n - i), y = T##_load_part(py + i, n - i);            \
        T##_store_part(pr + i, cell, n - i);                                                       \
    }

#define VECTOR_TEST(T, LANES, name, cell)                                                          \
    static void name##_##T(int64_t n, const void *const *in, void *out)                            \
    {                                                                                              \
        const T *px = in[0], *py = in[1];                                                          \
        uint8_t *pr = out;                                                                         \
        int64_t i = 0;                                                                             \
        for (; i <= n - LANES; i += LANES) {                                                       \
            const T##_v x = T##_load(px + i), y = T##_load(py + i);                                \
            T##_m_store(cell, pr + i);                                                             \
        }                                                                                          \
        if (i == n) return;                                                                        \
        const T##_v x = T##_load_part(px + i, n - i), y = T##_load_part(py + i, n - i);            \
        T##_m_store_part(cell, pr + i, n - i);                                                     \
    }

#define VECTOR_SELECT(T, LANES)                                                                    \
    static void select_##T(int64_t n, const void *const *in, void *out)                            \
    {                                                                                              \
        const uint8_t *pc = in[0];                                                                 \
        const T *px = in[1], *py = in[2];                                                          \
        T *pr = out;                                                                               \
        int64_t i = 0;                                                                             \
        for (; i <= n - LANES; i += LANES) {                                                       \
            T##_store(pr + i, T##_select(T##_m_load(pc + i), T##_load(px + i), T##_load(py + i))); \
        }                                                                                          \
        if (i == n) return;                                                                        \
        const T##_v x = T##_load_part(px + i, n - i), y = T##_load_part(py + i, n - i);            \
        T##_store_part(pr + i, T##_select(T##_m_load_part(pc + i, n - i), x, y), n - i);           \
    }

#define WHOLE1(T, name, cell)                                                                      \
    static void name##_##T(int64_t n, const void *const *in, void *out)                            \
    {                                                                                              \
        const T *px = in[0];                                                                       \
        T *pr = out;                                                                               \
        INDEPENDENT                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T x = px[i];                                                                     \
            pr[i] = cell;                                                                          \
        }                                                                                          \
    }

#define WHOLE2(T, RESULT, name, cell)                                                              \
    static void name##_##T(int64_t n, const void *const *in, void *out)                            \
    {                                                                                              \
        const T *px = in[0], *py = in[1];                                                          \
        RESULT *pr = out;                                                                          \
        INDEPENDENT                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T x = px[i], y = py[i];                                                          \
            pr[i] = cell;                                                                          \
        }                                                                                          \
    }

#define WHOLE_SELECT(T)                                                                            \
    static void select_##T(int64_t n, const void *const *in, void *out)                            \
    {                                                                                              \
        const truth *pc = in[0];                                                                   \
        const T *px = in[1], *py = in[2];                                                          \
        T *pr = out;                                                                               \
        INDEPENDENT                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T x = px[i], y = py[i];                                                          \
            pr[i] = pc[i] ? x : y;                                                                 \
        }                                                                                          \
    }

#define WHOLE_SHIFT(T, direction)                                                                  \
    static void direction##_##T(int64_t n, const void *x, int64_t count, void *out)                \
    {                                                                                              \
        const T *px = x;                                                                           \
        T *pr = out;                                                                               \
        /* A shift by the width or more is one by one less and one more: no bit is left. */        \
        const int width = (int)sizeof(T) * 8;                                                      \
        const int first = count < width ? (int)count : width - 1, second = count < width ? 0 : 1;  \
        INDEPENDENT                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            pr[i] = whole_##T##_##direction(whole_##T##_##direction(px[i], first), second);        \
        }                                                                                          \
    }

/* ---- the rows ---- */

#define MAP1(name, dx, cell, low, high, ulp)                                                       \
    VECTOR1(f32, F32_LANES, name, cell)                                                            \
    VECTOR1(f64, F64_LANES, name, cell)
#define MAP2(name, dx, dy, cell, low, high, ulp)                                                   \
    VECTOR2(f32, F32_LANES, name, cell)                                                            \
    VECTOR2(f64, F64_LANES, name, cell)
#define ALL1(name, dx, cell, low, high, ulp)                                                       \
    MAP1(name, dx, cell, low, high, ulp)                                                           \
    WHOLE1(i32, name, cell) WHOLE1(i64, name, cell) WHOLE1(u8, name, cell)
#define ALL2(name, dx, dy, cell, low, high, ulp)                                                   \
    MAP2(name, dx, dy, cell, low, high, ulp)                                                       \
    WHOLE2(i32, i32, name, cell) WHOLE2(i64, i64, name, cell) WHOLE2(u8, u8, name, cell)
#define LIN1 ALL1
#define LIN2 ALL2
#define TEST2(name, cell)                                                                          \
    VECTOR_TEST(f32, F32_LANES, name, cell)                                                        \
    VECTOR_TEST(f64, F64_LANES, name, cell)                                                        \
    WHOLE2(i32, truth, name, cell) WHOLE2(i64, truth, name, cell) WHOLE2(u8, truth, name, cell)    \
    WHOLE2(truth, truth, name, cell)
#define BITS1(name, cell)                                                                          \
    WHOLE1(i32, name, cell) WHOLE1(i64, name, cell) WHOLE1(u8, name, cell)                         \
    WHOLE1(truth, name, cell)
#define BITS2(name, cell)                                                                          \
    WHOLE2(i32, i32, name, cell) WHOLE2(i64, i64, name, cell) WHOLE2(u8, u8, name, cell)           \
    WHOLE2(truth, truth, name, cell)
#define PRIM(name, class, inputs, infer, vjp, eval)
#define LEAF(name)
#define MARK(name)
#include "ops/ops.def"

VECTOR_SELECT(f32, F32_LANES)
VECTOR_SELECT(f64, F64_LANES)
WHOLE_SELECT(i32)
WHOLE_SELECT(i64)
WHOLE_SELECT(u8)
WHOLE_SELECT(truth)
WHOLE_SHIFT(i32, left)
WHOLE_SHIFT(i64, left)
WHOLE_SHIFT(u8, left)
WHOLE_SHIFT(i32, right)
WHOLE_SHIFT(i64, right)
WHOLE_SHIFT(u8, right)

/* ---- the functions that have an order ---- */

static void polygamma_f64(int64_t n, const void *x, int64_t order, void *out)
{
    const double *px = x;
    double *pr = out;
    const wg__gamma gamma = gamma_of((int)order);
    for (int64_t i = 0; i < n; i += F64_LANES) {
        const int64_t count = n - i < F64_LANES ? n - i : F64_LANES;
        f64_store_part(pr + i, gamma_value(&gamma, f64_load_part(px + i, count)), count);
    }
}

/* That of f64, rounded. */
static void polygamma_f32(int64_t n, const void *x, int64_t order, void *out)
{
    const float *px = x;
    float *pr = out;
    const wg__gamma gamma = gamma_of((int)order);
    for (int64_t i = 0; i < n; i += F64_LANES) {
        const int64_t count = n - i < F64_LANES ? n - i : F64_LANES;
        double wide[F64_LANES] = { 0 };
        for (int64_t k = 0; k < count; k++) wide[k] = (double)px[i + k];
        f64_store(wide, gamma_value(&gamma, f64_load(wide)));
        for (int64_t k = 0; k < count; k++) pr[i + k] = (float)wide[k];
    }
}

/* ---- joints: what the words share is computed once, because the compiler sees it ---- */

#define JOINT2(T, LANES, name, first, second)                                                      \
    static void joint_##name##_##T(int64_t n, const void *const *in, void *const *out)             \
    {                                                                                              \
        const T *px = in[0];                                                                       \
        T *p = out[0], *q = out[1];                                                                \
        for (int64_t i = 0; i < n; i += LANES) {                                                   \
            const int64_t count = n - i < LANES ? n - i : LANES;                                   \
            const T##_v x = T##_load_part(px + i, count);                                          \
            const T##_v y = first, z = second;                                                     \
            T##_store_part(p + i, y, count);                                                       \
            T##_store_part(q + i, z, count);                                                       \
        }                                                                                          \
    }
JOINT2(f32, F32_LANES, circular, v_sin(x), v_cos(x))
JOINT2(f64, F64_LANES, circular, v_sin(x), v_cos(x))
JOINT2(f32, F32_LANES, logistic, v_logistic(x), v_logistic(v_neg(x)))
JOINT2(f64, F64_LANES, logistic, v_logistic(x), v_logistic(v_neg(x)))

#define JOINT_TANH(T, LANES)                                                                       \
    static void joint_tanh_##T(int64_t n, const void *const *in, void *const *out)                 \
    {                                                                                              \
        const T *px = in[0];                                                                       \
        T *p = out[0], *q = out[1], *r = out[2];                                                   \
        for (int64_t i = 0; i < n; i += LANES) {                                                   \
            const int64_t count = n - i < LANES ? n - i : LANES;                                   \
            const T##_v x = T##_load_part(px + i, count), twice = v_add(x, x);                     \
            const T##_v y = v_tanh(x), z = v_logistic(twice), w = v_logistic(v_neg(twice));        \
            T##_store_part(p + i, y, count);                                                       \
            T##_store_part(q + i, z, count);                                                       \
            T##_store_part(r + i, w, count);                                                       \
        }                                                                                          \
    }
JOINT_TANH(f32, F32_LANES)
JOINT_TANH(f64, F64_LANES)

#define JOINT_GAUSSIAN(T, I, LANES)                                                                \
    static void joint_gaussian_##T(int64_t n, const void *const *in, void *const *out)             \
    {                                                                                              \
        const T *px = in[0], *py = in[1];                                                          \
        T *p = out[0];                                                                             \
        for (int64_t i = 0; i < n; i += LANES) {                                                   \
            const int64_t count = n - i < LANES ? n - i : LANES;                                   \
            const T##_v x = T##_load_part(px + i, count), y = T##_load_part(py + i, count);        \
            const T##_v high = T##_from_bits(I##_and(T##_bits(x), T##_bits(y)));                   \
            const T##_v rest = v_mul(v_sub(x, high), v_add(x, high));                              \
            const T##_v head = v_exp(v_neg(v_mul(high, high))), tail = v_exp(v_neg(rest));         \
            T##_store_part(p + i, v_mul(head, tail), count);                                       \
        }                                                                                          \
    }
JOINT_GAUSSIAN(f32, i32, F32_LANES)
JOINT_GAUSSIAN(f64, i64, F64_LANES)

/* ---- casts: all pairs ---- */

#define TO_f32(x)   ((f32)(x))
#define TO_f64(x)   ((f64)(x))
#define TO_truth(x) ((x) != 0)
#define TO_WHOLE(T, x)                                                                             \
    _Generic((x), f32: whole_##T##_of_f32, f64: whole_##T##_of_f64,                                \
             default: whole_##T##_of_whole)(x)
#define TO_i32(x)   TO_WHOLE(i32, x)
#define TO_i64(x)   TO_WHOLE(i64, x)
#define TO_u8(x)    TO_WHOLE(u8, x)

#define CAST(FROM, TO)                                                                             \
    static void cast_##FROM##_##TO(int64_t n, const void *const *in, void *out)                    \
    {                                                                                              \
        const FROM *px = in[0];                                                                    \
        TO *pr = out;                                                                              \
        INDEPENDENT                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const FROM x = px[i];                                                                  \
            pr[i] = TO_##TO(x);                                                                    \
        }                                                                                          \
    }
#define CASTS_FROM(FROM)                                                                           \
    CAST(FROM, f32) CAST(FROM, f64) CAST(FROM, i32) CAST(FROM, i64) CAST(FROM, u8) CAST(FROM, truth)
CASTS_FROM(f32)
CASTS_FROM(f64)
CASTS_FROM(i32)
CASTS_FROM(i64)
CASTS_FROM(u8)
CASTS_FROM(truth)

/* ---- the table ---- */

#define FLOATS(name)   [WG_F32] = name##_f32, [WG_F64] = name##_f64
#define INTEGERS(name) [WG_I32] = name##_i32, [WG_I64] = name##_i64, [WG_U8] = name##_u8
#define TRUTHS(name)   [WG_BOOL] = name##_truth
#define MAP1(name, dx, cell, low, high, ulp)     [WG__OP_##name] = { FLOATS(name) },
#define MAP2(name, dx, dy, cell, low, high, ulp) [WG__OP_##name] = { FLOATS(name) },
#define ALL1(name, dx, cell, low, high, ulp)                                                       \
    [WG__OP_##name] = { FLOATS(name), INTEGERS(name) },
#define ALL2(name, dx, dy, cell, low, high, ulp)                                                   \
    [WG__OP_##name] = { FLOATS(name), INTEGERS(name) },
#define LIN1 ALL1
#define LIN2 ALL2
#define TEST2(name, cell) [WG__OP_##name] = { FLOATS(name), INTEGERS(name), TRUTHS(name) },
#define BITS1(name, cell) [WG__OP_##name] = { INTEGERS(name), TRUTHS(name) },
#define BITS2(name, cell) [WG__OP_##name] = { INTEGERS(name), TRUTHS(name) },
#define PRIM(name, class, inputs, infer, vjp, eval)
#define LEAF(name)
#define MARK(name)

const wg__map_table WG__GLUE(wg__map_, WG_LEVEL) = {
    .map = {
#include "ops/ops.def"
        [WG__OP_select] = { FLOATS(select), INTEGERS(select), TRUTHS(select) },
    },
    .cast = {
        [WG_F32] = { FLOATS(cast_f32), INTEGERS(cast_f32), TRUTHS(cast_f32) },
        [WG_F64] = { FLOATS(cast_f64), INTEGERS(cast_f64), TRUTHS(cast_f64) },
        [WG_I32] = { FLOATS(cast_i32), INTEGERS(cast_i32), TRUTHS(cast_i32) },
        [WG_I64] = { FLOATS(cast_i64), INTEGERS(cast_i64), TRUTHS(cast_i64) },
        [WG_U8] = { FLOATS(cast_u8), INTEGERS(cast_u8), TRUTHS(cast_u8) },
        [WG_BOOL] = { FLOATS(cast_truth), INTEGERS(cast_truth), TRUTHS(cast_truth) },
    },
    .bits_left = { INTEGERS(left) },
    .bits_right = { INTEGERS(right) },
    .polygamma = { FLOATS(polygamma) },
    .joint = { [WG__JOINT_CIRCULAR] = { FLOATS(joint_circular) },
               [WG__JOINT_LOGISTIC] = { FLOATS(joint_logistic) },
               [WG__JOINT_TANH] = { FLOATS(joint_tanh) },
               [WG__JOINT_GAUSSIAN] = { FLOATS(joint_gaussian) } },
};

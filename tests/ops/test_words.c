/* SIMD words against plain C, one level: the one whose instructions every processor of this kind
 * has. The wider ones differ in width alone, and test_map.c holds all levels to the same bits.   */
#if defined(__x86_64__)
#define WG_LEVEL_SSE2
#elif defined(__aarch64__)
#define WG_LEVEL_NEON
#else
#define WG_LEVEL_PORTABLE
#endif
#include "core/simd.h"

#include "core/internal.h"
#include "support/test.h"

#include <math.h>

static const double specials[] = {
    0.0, -0.0, 1, -1, 0.5, -2.5, 3, HUGE_VAL, -HUGE_VAL, NAN, 0x1p-1074, -0x1p-1074, 0x1p-149,
    -0x1p-149, 0x1p-1022, 0x1p-126, 0x1.fffffffffffffp+1023, -0x1.fffffep+127, 0x1p-400, 0x1p+400,
    0x1p-537, 0x1p+512, 0x1p-75, 0x1p+64,
};
enum { SPECIAL_COUNT = sizeof specials / sizeof *specials };

static bool is_same_f64(double x, double y)
{
    return x != x ? y != y : memcmp(&x, &y, sizeof x) == 0;
}

static bool is_same_f32(float x, float y)
{
    return x != x ? y != y : memcmp(&x, &y, sizeof x) == 0;
}

/* ---- arithmetic on all pairs of specials ---- */

static double larger(double x, double y)
{
    if (x != x || y != y) return NAN;
    if (x == y) return signbit(x) ? y : x;
    return x > y ? x : y;
}

#define CHECK_WORD(T, word, x, y, actual, expected)                                                \
    check_msg(is_same_##T(actual, expected), #T "_" word "(%a, %a)", (double)(x), (double)(y))

#define PAIRS(T, ELEMENT, SQRT, FABS, COPYSIGN)                                                    \
    static ELEMENT first_##T(T##_v x)                                                              \
    {                                                                                              \
        ELEMENT lane[16];                                                                          \
        T##_store(lane, x);                                                                        \
        return lane[0];                                                                            \
    }                                                                                              \
    static void pair_##T(ELEMENT x, ELEMENT y)                                                     \
    {                                                                                              \
        const T##_v u = T##_set(x), v = T##_set(y);                                                \
        const uint32_t all = (1u << sizeof u / sizeof x) - 1u;                                     \
        CHECK_WORD(T, "add", x, y, first_##T(T##_add(u, v)), x + y);                               \
        CHECK_WORD(T, "sub", x, y, first_##T(T##_sub(u, v)), x - y);                               \
        CHECK_WORD(T, "mul", x, y, first_##T(T##_mul(u, v)), x * y);                               \
        CHECK_WORD(T, "div", x, y, first_##T(T##_div(u, v)), x / y);                               \
        CHECK_WORD(T, "sqrt", x, y, first_##T(T##_sqrt(u)), SQRT(x));                              \
        CHECK_WORD(T, "neg", x, y, first_##T(T##_neg(u)), -x);                                     \
        CHECK_WORD(T, "abs", x, y, first_##T(T##_abs(u)), FABS(x));                                \
        CHECK_WORD(T, "with_sign_of", x, y, first_##T(T##_with_sign_of(u, v)), COPYSIGN(x, y));    \
        CHECK_WORD(T, "max", x, y, first_##T(T##_max(u, v)), (ELEMENT)larger(x, y));               \
        CHECK_WORD(T, "min", x, y, first_##T(T##_min(u, v)), (ELEMENT)-larger(-x, -y));            \
        check_equal_i(T##_m_bits(T##_eq(u, v)), x == y ? all : 0);                                 \
        check_equal_i(T##_m_bits(T##_lt(u, v)), x < y ? all : 0);                                  \
        check_equal_i(T##_m_bits(T##_le(u, v)), x <= y ? all : 0);                                 \
        check_equal_i(T##_m_bits(T##_m_not(T##_lt(u, v))), x < y ? 0 : all);                       \
        CHECK_WORD(T, "select", x, y, first_##T(T##_select(T##_lt(u, v), u, v)), x < y ? x : y);   \
        CHECK_WORD(T, "clamp", x, y, first_##T(T##_clamp(u, -2, 3)),                               \
                   x != x ? x : x < -2 ? -2 : x > 3 ? 3 : x);                                      \
    }
PAIRS(f32, float, sqrtf, fabsf, copysignf)
PAIRS(f64, double, sqrt, fabs, copysign)

Test(words, arithmetic_is_that_of_c)
{
    for (int i = 0; i < SPECIAL_COUNT; i++) {
        for (int j = 0; j < SPECIAL_COUNT; j++) {
            pair_f64(specials[i], specials[j]);
            pair_f32((float)specials[i], (float)specials[j]);
        }
    }
}

/* ---- fused multiply-add: against the instruction, for libraries have it wrong at the ends ---- */

#if defined(__x86_64__)
#define WITH_FMA __attribute__((target("fma")))
#else
#define WITH_FMA
#endif
WITH_FMA static double fused_f64(double x, double y, double z) { return __builtin_fma(x, y, z); }
WITH_FMA static float fused_f32(float x, float y, float z) { return __builtin_fmaf(x, y, z); }

static bool has_instruction(void)
{
    return wg__level_exists(WG__AVX2) || wg__level_exists(WG__NEON);
}

/* A pattern of one of five kinds: any, of middling size, near zero, special, few bits set. */
static double operand(uint64_t *state)
{
    const uint64_t kind = test_random(state) % 5, exponent = test_random(state) % 120;
    uint64_t bits = test_random(state);
    const uint64_t fraction = UINT64_C(0x800FFFFFFFFFFFFF);
    if (kind == 1) bits = (bits & fraction) | (1023 - 60 + exponent) << 52;
    if (kind == 2) bits = (bits & fraction) | exponent / 2 << 52;
    if (kind == 3) return specials[exponent % SPECIAL_COUNT];
    if (kind == 4) bits = (bits & UINT64_C(0x800F800000000001)) | (1020 + exponent % 6) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float operand_f32(uint64_t *state)
{
    const uint32_t kind = (uint32_t)(test_random(state) % 5);
    const uint32_t exponent = (uint32_t)(test_random(state) % 60);
    uint32_t bits = (uint32_t)test_random(state);
    if (kind == 1) bits = (bits & 0x807FFFFF) | (127 - 30 + exponent) << 23;
    if (kind == 2) bits = (bits & 0x807FFFFF) | exponent / 2 << 23;
    if (kind == 3) return (float)specials[exponent % SPECIAL_COUNT];
    if (kind == 4) bits = (bits & 0x80700001) | (124 + exponent % 6) << 23;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Every fourth z nearly cancels the product, by 0, 1 or 2 units. */
Test(words, fma_is_rounded_once)
{
    uint64_t state = test_seed();
    if (!has_instruction()) return;
    for (int i = 0; i < 2000000; i++) {
        const double x = operand(&state), y = operand(&state);
        double z = operand(&state);
        const uint64_t kind = test_random(&state) % 12;
        if (kind < 3) z = -x * y * (1 + (double)kind * 0x1p-52);
        const double r = first_f64(f64_fma(f64_set(x), f64_set(y), f64_set(z)));
        check_msg(is_same_f64(r, fused_f64(x, y, z)), "fma(%a, %a, %a): %a", x, y, z, r);

        const float u = operand_f32(&state), v = operand_f32(&state);
        float w = operand_f32(&state);
        if (kind < 3) w = -u * v * (1 + (float)kind * 0x1p-23f);
        const float s = first_f32(f32_fma(f32_set(u), f32_set(v), f32_set(w)));
        check_msg(is_same_f32(s, fused_f32(u, v, w)), "fmaf(%a, %a, %a): %a", (double)u, (double)v,
                  (double)w, (double)s);
    }
}

Test(words, fnma_takes_the_product_away)
{
    check(first_f64(f64_fnma(f64_set(3), f64_set(1 + 0x1p-52), f64_set(3))) == -0x3p-52);
    check(first_f32(f32_fnma(f32_set(3), f32_set(1 + 0x1p-23f), f32_set(3))) == -0x3p-23f);
}

/* The integer path alone, on whatever operands: nothing but it serves the ends of the range. */
#if defined(WG_CORE_FMA_H)
Test(words, fma_by_integers_is_rounded_once)
{
    uint64_t state = test_seed();
    if (!has_instruction()) return;
    for (int i = 0; i < 1000000; i++) {
        const double x = operand(&state), y = operand(&state), z = operand(&state);
        check_msg(is_same_f64(wg__fma_scalar(x, y, z), fused_f64(x, y, z)), "fma(%a, %a, %a)", x, y,
                  z);
    }
}
#endif

/* ---- scaling, bits ---- */

Test(words, scale_rounds_once_and_overflows)
{
    for (int n = -1100; n <= 1030; n++) {
        const double x = 1 + 0x1.23456789abcdep-1;
        const double r = first_f64(f64_scale(f64_set(x), f64_set(n)));
        check_msg(is_same_f64(r, ldexp(x, n)), "%d: %a", n, r);
    }
    for (int n = -160; n <= 130; n++) {
        const float x = 0x1.abcdeep-1f;
        const float r = first_f32(f32_scale(f32_set(x), f32_set((float)n)));
        check_msg(is_same_f32(r, ldexpf(x, n)), "%d: %a", n, (double)r);
    }
    check(isnan(first_f64(f64_scale(f64_set(NAN), f64_set(NAN)))));
    check(isnan(first_f32(f32_scale(f32_set(NAN), f32_set(NAN)))));
}

static int32_t first_i32(i32_v x)
{
    const float lane = first_f32(f32_from_bits(x));
    int32_t r;
    memcpy(&r, &lane, sizeof r);
    return r;
}

static int64_t first_i64(i64_v x)
{
    const double lane = first_f64(f64_from_bits(x));
    int64_t r;
    memcpy(&r, &lane, sizeof r);
    return r;
}

Test(words, integers_wrap_and_shift_zeros_in)
{
    check_equal_i(first_i32(i32_add(i32_set(INT32_MAX), i32_set(2))), INT32_MIN + 1);
    check_equal_i(first_i64(i64_sub(i64_set(INT64_MIN), i64_set(1))), INT64_MAX);
    check_equal_i(first_i32(i32_shr(i32_set(-1), 28)), 15);
    check_equal_i(first_i64(i64_shr(i64_set(-1), 60)), 15);
    check_equal_i(first_i32(i32_shl(i32_set(3), 31)), INT32_MIN);
    check_equal_i(first_i64(i64_shl(i64_set(3), 63)), INT64_MIN);
    const i32_v seven_i32 = i32_or(i32_and(i32_set(7), i32_set(5)), i32_set(2));
    check_equal_i(first_i32(i32_xor(i32_set(12), seven_i32)), 12 ^ 7);
    const i64_v seven_i64 = i64_or(i64_and(i64_set(7), i64_set(5)), i64_set(2));
    check_equal_i(first_i64(i64_xor(i64_set(12), seven_i64)), 12 ^ 7);
    check(first_f32(f32_of_i32(i32_set(-16777217))) == -16777216.0f);
}

/* ---- parts and truths ---- */

/* The first n of a vector travel; memory beyond is neither read nor written. */
#define PARTS(T, ELEMENT, LANES)                                                                   \
    static void parts_##T(void)                                                                    \
    {                                                                                              \
        for (int n = 0; n <= LANES; n++) {                                                         \
            ELEMENT x[LANES], r[LANES + 1], whole[LANES];                                          \
            uint8_t truth[LANES], back[LANES + 1];                                                 \
            for (int i = 0; i <= LANES; i++) r[i] = -7, back[i] = 77;                              \
            for (int i = 0; i < LANES; i++) x[i] = (ELEMENT)(i + 1), truth[i] = i % 3 == 0;        \
            const T##_v part = T##_load_part(x, n);                                                \
            T##_store(whole, part);                                                                \
            T##_store_part(r, T##_load(x), n);                                                     \
            T##_m_store_part(T##_m_load_part(truth, n), back, n);                                  \
            for (int i = 0; i < LANES; i++) {                                                      \
                check(whole[i] == (i < n ? x[i] : 0));                                             \
                check(r[i] == (i < n ? x[i] : -7));                                                \
                check_equal_i(back[i], i < n ? truth[i] : 77);                                     \
                check_equal_i(T##_m_bits(T##_m_load(truth)) >> i & 1, truth[i]);                   \
            }                                                                                      \
            check(r[LANES] == -7);                                                                 \
            T##_m_store(T##_m_load(truth), back);                                                  \
            check_bytes(back, truth, LANES);                                                       \
            check_equal_i(back[LANES], 77);                                                        \
        }                                                                                          \
    }
PARTS(f32, float, F32_LANES)
PARTS(f64, double, F64_LANES)

Test(words, parts_touch_nothing_else)
{
    parts_f32();
    parts_f64();
}

Test(words, masks_combine_lane_by_lane)
{
    const uint8_t x[16] = { 1, 1, 0, 0, 1, 1, 0, 0 }, y[16] = { 1, 0, 1, 0, 1, 0, 1, 0 };
    const uint32_t lanes = (1u << F32_LANES) - 1u;
    const f32_m u = f32_m_load(x), v = f32_m_load(y);
    check_equal_i(f32_m_bits(f32_m_and(u, v)), 0x11 & lanes);
    check_equal_i(f32_m_bits(f32_m_or(u, v)), 0x77 & lanes);
    check_equal_i(f32_m_bits(f32_m_not(f32_m_or(u, v))), ~0x77u & lanes);
    const uint32_t pair = (1u << F64_LANES) - 1u;
    check_equal_i(f64_m_bits(f64_m_and(f64_m_load(x), f64_m_load(y))), 0x11 & pair);
    check_equal_i(f64_m_bits(f64_m_or(f64_m_load(x), f64_m_load(y + 1))), 0x3 & pair);
}

/* The vocabulary of ops.def: v_add ... v_erfc, one name for every dtype, chosen by the type of x,
 * and own vector functions to about one unit in the last place. No libm, no tables, no estimates:
 * only words of core/simd.h, so the bits are the same at every level and with every compiler.
 *
 * The functions are written once, in math_of.h, which is included for each format. Constants are
 * the nearest numbers of the format.                                                             */
#ifndef WG_OPS_KERNELS_MATH_H
#define WG_OPS_KERNELS_MATH_H

#include "core/simd.h"
#include <math.h> /* INFINITY, NAN */
#include "ops/kernels/angle.h"
#include "ops/kernels/polynomials.h"
#include "ops/kernels/whole.h"

#define WG__FLOAT(word, x) _Generic((x), f32_v: f32_##word, f64_v: f64_##word)
#define WG__NUMBER(word, x)                                                                        \
    _Generic((x), f32_v: f32_##word, f64_v: f64_##word, int32_t: whole_i32_##word,                 \
             int64_t: whole_i64_##word, uint8_t: whole_u8_##word)
#define WG__BITS(word, x)                                                                          \
    _Generic((x), int32_t: whole_i32_##word, int64_t: whole_i64_##word,                            \
             uint8_t: whole_u8_##word, bool: whole_bool_##word)
#define WG__TEST(word, x)                                                                          \
    _Generic((x), f32_v: f32_##word, f64_v: f64_##word, int32_t: whole_i32_##word,                 \
             int64_t: whole_i64_##word, uint8_t: whole_u8_##word, bool: whole_bool_##word)

#define v_add(x, y)       WG__NUMBER(add, x)(x, y)
#define v_sub(x, y)       WG__NUMBER(sub, x)(x, y)
#define v_mul(x, y)       WG__NUMBER(mul, x)(x, y)
#define v_neg(x)          WG__NUMBER(neg, x)(x)
#define v_abs(x)          WG__NUMBER(abs, x)(x)
#define v_sign(x)         WG__NUMBER(sign, x)(x)
#define v_rem(x, y)       WG__NUMBER(rem, x)(x, y)
#define v_max(x, y)       WG__NUMBER(max, x)(x, y)
#define v_min(x, y)       WG__NUMBER(min, x)(x, y)
#define v_eq(x, y)        WG__TEST(eq, x)(x, y)
#define v_lt(x, y)        WG__TEST(lt, x)(x, y)
#define v_le(x, y)        WG__TEST(le, x)(x, y)
#define v_and(x, y)       WG__BITS(and, x)(x, y)
#define v_or(x, y)        WG__BITS(or, x)(x, y)
#define v_xor(x, y)       WG__BITS(xor, x)(x, y)
#define v_not(x)          WG__BITS(not, x)(x)

#define v_div(x, y)       WG__FLOAT(div, x)(x, y)
#define v_fma(x, y, z)    WG__FLOAT(fma, x)(x, y, z)
#define v_fnma(x, y, z)   WG__FLOAT(fnma, x)(x, y, z)
#define v_floor(x)        WG__FLOAT(floor, x)(x)
#define v_round(x)        WG__FLOAT(round, x)(x)
#define v_sqrt(x)         WG__FLOAT(sqrt, x)(x)
#define v_scale(x, n)     WG__FLOAT(scale, x)(x, n)
#define v_clamp(x, low, high)  WG__FLOAT(clamp, x)(x, low, high)
#define v_select(m, x, y) WG__FLOAT(select, x)(m, x, y)
#define v_with_sign_of(x, y)   WG__FLOAT(with_sign_of, x)(x, y)

#define v_exp(x)          WG__FLOAT(exp, x)(x)
#define v_expm1(x)        WG__FLOAT(expm1, x)(x)
#define v_log(x)          WG__FLOAT(log, x)(x)
#define v_log1p(x)        WG__FLOAT(log1p, x)(x)
#define v_logaddexp(x, y) WG__FLOAT(logaddexp, x)(x, y)
#define v_rsqrt(x)        WG__FLOAT(rsqrt, x)(x)
#define v_sin(x)          WG__FLOAT(sin, x)(x)
#define v_cos(x)          WG__FLOAT(cos, x)(x)
#define v_logistic(x)     WG__FLOAT(logistic, x)(x)
#define v_tanh(x)         WG__FLOAT(tanh, x)(x)
#define v_erf(x)          WG__FLOAT(erf, x)(x)
#define v_erfc(x)         WG__FLOAT(erfc, x)(x)
#define v_erf_inv(x)      WG__FLOAT(erf_inv, x)(x)
#define v_pow(x, y)       WG__FLOAT(pow, x)(x, y)
#define v_atan2(x, y)     WG__FLOAT(atan2, x)(x, y)

#if defined(__clang__)
#define WG__UNROLL _Pragma("unroll")
#else
#define WG__UNROLL _Pragma("GCC unroll 32")
#endif

#if defined(__GNUC__)
#define WG__SELDOM __attribute__((noinline))
#else
#define WG__SELDOM
#endif

#define K(x) F(set)((ELEMENT)(x))
#define ERF_NEAR    K(0.6875)                /* these three as in fit.py */
#define ERFC_SLOPE  K(0.375)
#define ERFC_MIDDLE K(0.4375)

#define F(name)     f32_##name
#define B(name)     i32_##name
#define ELEMENT     float
#define INTEGER     int32_t
#define FRACTION    23                       /* bits of the fraction */
#define MAGIC       K(0x1.8p23)              /* x + magic has x, rounded, in its low bits */
#define MAGIC_PLUS_BIAS (0x1.8p23 + 127)
#define LOG2_E      K(0x1.715476p+0)
#define LN2         K(0x1.62e43p-1)
#define LN2_REST    K(-0x1.05c610p-29)
#define SQRT_HALF   K(0x1.6a09e6p-1)
#define TWO_OVER_PI K(0x1.45f306p-1)
#define HALF_PI_1   K(0x1.921fb4p+0)         /* pi/2 in three; the second is positive, which */
#define HALF_PI_2   K(0x1.4442d2p-24)        /* keeps the sign of a zero                     */
#define HALF_PI_3   K(-0x1.ee59dap-50)
#define ANGLE_HIGH  0x1p17f                  /* beyond, angles are reduced by integers */
#define NORMAL_LOW  K(0x1p-126)              /* smallest normal number */
#define EXP_LOW     -104                     /* exp beyond is 0 and infinity */
#define EXP_HIGH    89
#define EXPM1_LOW   -32                      /* exp(x) - 1 beyond is -1 */
#define ERF_HIGH    5                        /* erf beyond is 1 */
#define ERFC_HIGH   10.5f                    /* erfc beyond is 0 */
#define ERF_INV_STEPS 1                      /* each triples the digits */
#define THIRD_REST  K(-0x1.555556p-27)       /* of 1/3, what its number of the format lacks */
#define QUARTER_PI  K(0x1.921fb6p-1)
#define QUARTER_PI_REST K(-0x1.777a5cp-26)
#define SCALE_UP    K(0x1p60)                /* keeps a quotient's remainder normal */
#define UP_LIMIT    K(0x1p60)                /* of what may be scaled up */
#include "ops/kernels/math_of.h"

#define F(name)     f64_##name
#define B(name)     i64_##name
#define ELEMENT     double
#define INTEGER     int64_t
#define FRACTION    52
#define MAGIC       K(0x1.8p52)
#define MAGIC_PLUS_BIAS (0x1.8p52 + 1023)
#define LOG2_E      K(0x1.71547652b82fep+0)
#define LN2         K(0x1.62e42fefa39efp-1)
#define LN2_REST    K(0x1.abc9e3b39803fp-56)
#define SQRT_HALF   K(0x1.6a09e667f3bcdp-1)
#define TWO_OVER_PI K(0x1.45f306dc9c883p-1)
#define HALF_PI_1   K(0x1.921fb54442d18p+0)
#define HALF_PI_2   K(0x1.1a62633145c07p-54)
#define HALF_PI_3   K(-0x1.f1976b7ed8fbcp-110)
#define ANGLE_HIGH  0x1p30
#define NORMAL_LOW  K(0x1p-1022)
#define EXP_LOW     -746
#define EXP_HIGH    710
#define EXPM1_LOW   -64
#define ERF_HIGH    6
#define ERFC_HIGH   28
#define ERF_INV_STEPS 2
#define THIRD_REST  K(0x1.5555555555555p-56)
#define QUARTER_PI  K(0x1.921fb54442d18p-1)
#define QUARTER_PI_REST K(0x1.1a62633145c07p-55)
#define SCALE_UP    K(0x1p600)
#define UP_LIMIT    K(0x1p400)
#include "ops/kernels/math_of.h"

#undef K
#undef ERF_NEAR
#undef ERFC_SLOPE
#undef ERFC_MIDDLE
#endif

/* SIMD words: one vocabulary in which kernels are written once and compiled per instruction set.
 *
 * The level is chosen by the build, WG_LEVEL_<NAME> with the CPU features to match. A vector is as
 * wide as the level's registers, so a word is an instruction or a few; nothing is emulated at
 * another width. Every word gives the same bits on every level: sums and products are IEEE, a
 * multiply-add is rounded once (fma.h where the hardware has none), minimum and maximum order zeros
 * and keep NaN, and no word is an estimate. Only sign and payload of a NaN may differ.
 *
 * For kernel files alone: this is the only file that includes SIMDe. The widths are simd_wide.h and
 * simd_narrow.h; the contract of every word stands below.
 *
 *   f32_v  f64_v     vectors of F32_LANES, F64_LANES elements; F32_REGISTERS, F64_REGISTERS of them
 *   f32_m  f64_m     one truth per lane of the same shape
 *   i32_v  i64_v     the bits of f32_v, f64_v as integers; they wrap                             */
#ifndef WG_CORE_SIMD_H
#define WG_CORE_SIMD_H

#include <float.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#error "arithmetic must be carried out in the type of its operands (no x87): the bits are promised"
#endif
#if defined(__FAST_MATH__)
#error "fast-math changes the bits that are promised"
#endif

#if defined(WG_LEVEL_PORTABLE)
#define SIMDE_NO_NATIVE
#elif !defined(WG_LEVEL_SSE2) && !defined(WG_LEVEL_NEON) && !defined(WG_LEVEL_AVX2) &&             \
    !defined(WG_LEVEL_AVX512)
#error "define the level: WG_LEVEL_PORTABLE, _SSE2, _NEON, _AVX2 or _AVX512"
#endif

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#endif
#if defined(WG_LEVEL_AVX512)
#include <simde/x86/avx512.h>
#elif defined(WG_LEVEL_AVX2)
#include <simde/x86/avx2.h>
#endif
#include <simde/x86/fma.h>
#include <simde/x86/sse4.1.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
/* Inlined at any setting: how vectors travel through calls depends on the level. */
#define WG__WORD static inline __attribute__((always_inline, unused))
#else
#define WG__WORD static inline
#endif

#if defined(SIMDE_ENDIAN_ORDER) && SIMDE_ENDIAN_ORDER != SIMDE_ENDIAN_LITTLE
#error "masks travel to memory through little-endian words"
#endif

/* Types, prefixes of names, masks, parts of vectors: what depends on the width. */

#if defined(WG_LEVEL_AVX512)
#include "core/simd_wide.h"
#else
#include "core/simd_narrow.h"
#endif

/* ---- what all levels write alike ----
 *
 *   T_load(p), T_store(p, x)          a whole vector, any alignment
 *   T_load_part(p, n)                 the first n lanes, 0 <= n <= lanes; the others are 0 and
 *   T_store_part(p, x, n)             their memory is not touched
 *   T_set(x)                          x in every lane
 *   T_add T_sub T_mul T_div T_sqrt    rounded once
 *   T_neg T_abs T_with_sign_of(x, y)  on the sign bit alone, NaN too; the last is |x| with y's sign
 *   T_fma(x, y, z), T_fnma(x, y, z)   x y + z and z - x y, rounded once
 *   T_max T_min                       NaN if either is; -0 below +0
 *   T_clamp(x, low, high)             low <= high are numbers; NaN stays
 *   T_scale(x, n)                     x 2^n, rounded once, for x near 1 and whole n within twice
 *                                     the exponent range
 *   T_eq T_lt T_le                    false where a side is NaN
 *   T_select(m, x, y)                 x where m is true, else y, bit for bit
 *   T_m_and T_m_or T_m_not, T_m_bits  lane i is bit i
 *   T_m_load T_m_store (and _part)    bytes 0 and 1, one a lane
 *   T_zip_low T_zip_high              the first (last) halves of x and y, lane by lane in turn
 *   T_bits(x), T_from_bits(i)         the same bits under the other type
 *   iN_set iN_add iN_sub iN_and iN_or iN_xor, iN_shl(x, c) iN_shr(x, c)   zeros move in
 *   f32_of_i32(i)                     rounded to nearest                                         */

#define i32_shl(x, count) WG__WRAPPING(slli, 32)((x), (count))
#define i32_shr(x, count) WG__MM(srli_epi32)((x), (count))
#define i64_shl(x, count) WG__WRAPPING(slli, 64)((x), (count))
#define i64_shr(x, count) WG__MM(srli_epi64)((x), (count))

#define WG__WORDS(T, S, ELEMENT, I, N, INTEGER, SET_I, FROM, TO)                                   \
    WG__WORD T##_v T##_load(const ELEMENT *p) { return WG__MM(loadu_##S)(p); }                     \
    WG__WORD void T##_store(ELEMENT *p, T##_v x) { WG__MM(storeu_##S)(p, x); }                     \
    WG__WORD T##_v T##_set(ELEMENT x) { return WG__MM(set1_##S)(x); }                              \
    WG__WORD T##_v T##_add(T##_v x, T##_v y) { return WG__MM(add_##S)(x, y); }                     \
    WG__WORD T##_v T##_sub(T##_v x, T##_v y) { return WG__MM(sub_##S)(x, y); }                     \
    WG__WORD T##_v T##_mul(T##_v x, T##_v y) { return WG__MM(mul_##S)(x, y); }                     \
    WG__WORD T##_v T##_div(T##_v x, T##_v y) { return WG__MM(div_##S)(x, y); }                     \
    WG__WORD T##_v T##_sqrt(T##_v x) { return WG__MM(sqrt_##S)(x); }                               \
                                                                                                   \
    WG__WORD I##_v I##_set(INTEGER x) { return SET_I(x); }                                         \
    WG__WORD I##_v I##_add(I##_v x, I##_v y) { return WG__WRAPPING(add, N)(x, y); }                \
    WG__WORD I##_v I##_sub(I##_v x, I##_v y) { return WG__WRAPPING(sub, N)(x, y); }                \
    WG__WORD I##_v I##_and(I##_v x, I##_v y) { return WG__BIT(and)(x, y); }                        \
    WG__WORD I##_v I##_or(I##_v x, I##_v y) { return WG__BIT(or)(x, y); }                          \
    WG__WORD I##_v I##_xor(I##_v x, I##_v y) { return WG__BIT(xor)(x, y); }                        \
    WG__WORD I##_v T##_bits(T##_v x) { return FROM(x); }                                           \
    WG__WORD T##_v T##_from_bits(I##_v x) { return TO(x); }                                        \
                                                                                                   \
    WG__WORD T##_v T##_neg(T##_v x)                                                                \
    {                                                                                              \
        return TO(I##_xor(FROM(x), I##_set(INT##N##_MIN)));                                        \
    }                                                                                              \
    WG__WORD T##_v T##_abs(T##_v x)                                                                \
    {                                                                                              \
        return TO(I##_and(FROM(x), I##_set(INT##N##_MAX)));                                        \
    }                                                                                              \
    WG__WORD T##_v T##_with_sign_of(T##_v x, T##_v y)                                              \
    {                                                                                              \
        const I##_v sign = I##_and(FROM(y), I##_set(INT##N##_MIN));                                \
        return TO(I##_or(I##_and(FROM(x), I##_set(INT##N##_MAX)), sign));                          \
    }                                                                                              \
    /* The instruction gives y if a side is NaN or both are equal: equal zeros are joined by their \
     * bits, and a NaN in x is put back.                                                        */ \
    WG__WORD T##_v T##_max(T##_v x, T##_v y)                                                       \
    {                                                                                              \
        const T##_v larger = WG__MM(max_##S)(x, y);                                                \
        const T##_v r = T##_select(T##_eq(x, y), TO(I##_and(FROM(x), FROM(y))), larger);           \
        return T##_select(T##_eq(x, x), r, x);                                                     \
    }                                                                                              \
    WG__WORD T##_v T##_min(T##_v x, T##_v y)                                                       \
    {                                                                                              \
        const T##_v smaller = WG__MM(min_##S)(x, y);                                               \
        const T##_v r = T##_select(T##_eq(x, y), TO(I##_or(FROM(x), FROM(y))), smaller);           \
        return T##_select(T##_eq(x, x), r, x);                                                     \
    }                                                                                              \
    /* In this order the instructions let a NaN in x pass. */                                      \
    WG__WORD T##_v T##_clamp(T##_v x, ELEMENT low, ELEMENT high)                                   \
    {                                                                                              \
        return WG__MM(min_##S)(T##_set(high), WG__MM(max_##S)(T##_set(low), x));                   \
    }
WG__WORDS(f32, ps, float, i32, 32, int32_t, WG__MM(set1_epi32), WG__BITS_PS, WG__CAST_PS)
WG__WORDS(f64, pd, double, i64, 64, int64_t, WG__SET_I64, WG__BITS_PD, WG__CAST_PD)
#undef WG__WORDS

#if defined(WG_LEVEL_AVX512)
WG__WORD f32_v f32_scale(f32_v x, f32_v n) { return simde_mm512_scalef_ps(x, n); }
WG__WORD f64_v f64_scale(f64_v x, f64_v n) { return simde_mm512_scalef_pd(x, n); }
#else
/* 2^n for n + magic: the low bits of the sum, moved into the exponent. */
WG__WORD f32_v wg__f32_power(f32_v sum)
{
    return f32_from_bits(i32_add(i32_shl(f32_bits(sum), 23), f32_bits(f32_set(1.0f))));
}
WG__WORD f64_v wg__f64_power(f64_v sum)
{
    return f64_from_bits(i64_add(i64_shl(f64_bits(sum), 52), f64_bits(f64_set(1.0))));
}
#define WG__SCALE_WORD(T, MAGIC, LIMIT)                                                            \
    WG__WORD T##_v T##_scale(T##_v x, T##_v n)                                                     \
    {                                                                                              \
        const T##_v magic = T##_set(MAGIC);                                                        \
        const uint32_t all = (1u << sizeof(T##_v) / sizeof(MAGIC)) - 1u;                           \
        if (T##_m_bits(T##_le(T##_abs(n), T##_set(LIMIT))) == all) {                               \
            return T##_mul(x, wg__##T##_power(T##_add(n, magic)));                                 \
        }                                                                                          \
        /* In two steps, of which only the second can leave the normal range. */                   \
        const T##_v half = T##_add(T##_mul(n, T##_set(0.5f)), magic);                              \
        const T##_v rest = T##_add(T##_sub(n, T##_sub(half, magic)), magic);                       \
        return T##_mul(T##_mul(x, wg__##T##_power(half)), wg__##T##_power(rest));                  \
    }
WG__SCALE_WORD(f32, 0x1.8p23f, 126.0f)
WG__SCALE_WORD(f64, 0x1.8p52, 1022.0)
#undef WG__SCALE_WORD
#endif

#if defined(WG_LEVEL_PORTABLE) || defined(WG_LEVEL_SSE2)
#include "core/fma.h"
#else
WG__WORD f32_v f32_fma(f32_v x, f32_v y, f32_v z) { return WG__MM(fmadd_ps)(x, y, z); }
WG__WORD f64_v f64_fma(f64_v x, f64_v y, f64_v z) { return WG__MM(fmadd_pd)(x, y, z); }
#endif
#if defined(WG_LEVEL_AVX2) || defined(WG_LEVEL_AVX512)
WG__WORD f32_v f32_fnma(f32_v x, f32_v y, f32_v z) { return WG__MM(fnmadd_ps)(x, y, z); }
WG__WORD f64_v f64_fnma(f64_v x, f64_v y, f64_v z) { return WG__MM(fnmadd_pd)(x, y, z); }
#else /* SIMDe's own rounds twice here */
WG__WORD f32_v f32_fnma(f32_v x, f32_v y, f32_v z) { return f32_fma(f32_neg(x), y, z); }
WG__WORD f64_v f64_fnma(f64_v x, f64_v y, f64_v z) { return f64_fma(f64_neg(x), y, z); }
#endif

#endif

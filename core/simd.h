/* SIMD words: one vocabulary in which kernels are written once and compiled per instruction set.
 *
 * The level is chosen by the build, WG_LEVEL_<NAME> with the CPU features to match. A vector is as
 * wide as the level's registers, so a word is an instruction or a few; nothing is emulated at
 * another width. Every word gives the same bits on every level: sums and products are IEEE, a
 * multiply-add is rounded once (fma.h where the hardware has none), minimum and maximum order zeros
 * and keep NaN, and no word is an estimate. Only sign and payload of a NaN may differ.
 *
 * For kernel files alone: this is the only file that includes SIMDe.
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

/* ---- what differs between widths: types, prefixes, masks, parts ---- */

#if defined(WG_LEVEL_AVX512)

#if !defined(SIMDE_X86_AVX512F_NATIVE) || !defined(SIMDE_X86_AVX512BW_NATIVE) ||                   \
    !defined(SIMDE_X86_AVX512VL_NATIVE) || !defined(SIMDE_X86_AVX512DQ_NATIVE)
#error "the AVX-512 level is F, BW, DQ and VL: build with -march=x86-64-v4"
#endif
#define WG__MM(name)  simde_mm512_##name
#define WG__BIT(name) simde_mm512_##name##_si512
#define WG__CAST_PS   simde_mm512_castsi512_ps
#define WG__CAST_PD   simde_mm512_castsi512_pd
#define WG__BITS_PS   simde_mm512_castps_si512
#define WG__BITS_PD   simde_mm512_castpd_si512
#define WG__SET_I64   simde_mm512_set1_epi64
enum { F32_LANES = 16, F64_LANES = 8, F32_REGISTERS = 32, F64_REGISTERS = 32 };
typedef simde__m512 f32_v;
typedef simde__m512d f64_v;
typedef simde__m512i i32_v, i64_v;
typedef simde__mmask16 f32_m;
typedef simde__mmask8 f64_m;

#define WG__MASK_WORDS(T, S, MASK, LANES)                                                          \
    WG__WORD T##_m T##_eq(T##_v x, T##_v y)                                                        \
    {                                                                                              \
        return simde_mm512_cmp_##S##_mask(x, y, SIMDE_CMP_EQ_OQ);                                  \
    }                                                                                              \
    WG__WORD T##_m T##_lt(T##_v x, T##_v y)                                                        \
    {                                                                                              \
        return simde_mm512_cmp_##S##_mask(x, y, SIMDE_CMP_LT_OQ);                                  \
    }                                                                                              \
    WG__WORD T##_m T##_le(T##_v x, T##_v y)                                                        \
    {                                                                                              \
        return simde_mm512_cmp_##S##_mask(x, y, SIMDE_CMP_LE_OQ);                                  \
    }                                                                                              \
    WG__WORD T##_v T##_select(T##_m m, T##_v x, T##_v y)                                           \
    {                                                                                              \
        return simde_mm512_mask_blend_##S(m, y, x);                                                \
    }                                                                                              \
    WG__WORD T##_m T##_m_and(T##_m x, T##_m y) { return (T##_m)(x & y); }                          \
    WG__WORD T##_m T##_m_or(T##_m x, T##_m y) { return (T##_m)(x | y); }                           \
    WG__WORD T##_m T##_m_not(T##_m x) { return (T##_m)~x; }                                        \
    WG__WORD uint32_t T##_m_bits(T##_m m) { return m; }                                            \
    /* Masked accesses of SIMDe begin with 0.8; these are the instructions themselves. */          \
    WG__WORD T##_m wg__##T##_first(int64_t n) { return (T##_m)((1u << n) - 1u); }                  \
    WG__WORD T##_m T##_m_load_part(const uint8_t *p, int64_t n)                                    \
    {                                                                                              \
        const __m128i bytes = _mm_maskz_loadu_epi8(wg__##T##_first(n), p);                         \
        return (T##_m)_mm_test_epi8_mask(bytes, bytes);                                            \
    }                                                                                              \
    WG__WORD T##_m T##_m_load(const uint8_t *p) { return T##_m_load_part(p, LANES); }              \
    WG__WORD void T##_m_store_part(T##_m m, uint8_t *p, int64_t n)                                 \
    {                                                                                              \
        _mm_mask_storeu_epi8(p, wg__##T##_first(n), _mm_maskz_set1_epi8(m, 1));                    \
    }                                                                                              \
    WG__WORD void T##_m_store(T##_m m, uint8_t *p) { T##_m_store_part(m, p, LANES); }
WG__MASK_WORDS(f32, ps, f32_m, 16)
WG__MASK_WORDS(f64, pd, f64_m, 8)

WG__WORD f32_v f32_load_part(const float *p, int64_t n)
{
    return _mm512_maskz_loadu_ps(wg__f32_first(n), p);
}
WG__WORD f64_v f64_load_part(const double *p, int64_t n)
{
    return _mm512_maskz_loadu_pd(wg__f64_first(n), p);
}
WG__WORD void f32_store_part(float *p, f32_v x, int64_t n)
{
    _mm512_mask_storeu_ps(p, wg__f32_first(n), x);
}
WG__WORD void f64_store_part(double *p, f64_v x, int64_t n)
{
    _mm512_mask_storeu_pd(p, wg__f64_first(n), x);
}
WG__WORD f32_v f32_of_i32(i32_v x) { return _mm512_cvtepi32_ps(x); }

WG__WORD f32_v f32_zip_low(f32_v x, f32_v y)
{
    const i32_v order =
        _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return _mm512_permutex2var_ps(x, order, y);
}
WG__WORD f32_v f32_zip_high(f32_v x, f32_v y)
{
    const i32_v order =
        _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return _mm512_permutex2var_ps(x, order, y);
}
WG__WORD f64_v f64_zip_low(f64_v x, f64_v y)
{
    return _mm512_permutex2var_pd(x, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), y);
}
WG__WORD f64_v f64_zip_high(f64_v x, f64_v y)
{
    return _mm512_permutex2var_pd(x, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), y);
}

#else /* masks are vectors of all-ones and zeros */

#if defined(WG_LEVEL_AVX2)
#if !defined(SIMDE_X86_AVX2_NATIVE) || !defined(SIMDE_X86_FMA_NATIVE)
#error "the AVX2 level has FMA: build with -march=x86-64-v3"
#endif
#define WG__MM(name)  simde_mm256_##name
#define WG__BIT(name) simde_mm256_##name##_si256
#define WG__CAST_PS   simde_mm256_castsi256_ps
#define WG__CAST_PD   simde_mm256_castsi256_pd
#define WG__BITS_PS   simde_mm256_castps_si256
#define WG__BITS_PD   simde_mm256_castpd_si256
#define WG__SET_I64   simde_mm256_set1_epi64x
#define WG__EQ(S, x, y) simde_mm256_cmp_##S(x, y, SIMDE_CMP_EQ_OQ)
#define WG__LT(S, x, y) simde_mm256_cmp_##S(x, y, SIMDE_CMP_LT_OQ)
#define WG__LE(S, x, y) simde_mm256_cmp_##S(x, y, SIMDE_CMP_LE_OQ)
#define WG__BLEND(S, m, x, y) simde_mm256_blendv_##S(y, x, m)
enum { F32_LANES = 8, F64_LANES = 4, F32_REGISTERS = 16, F64_REGISTERS = 16 };
typedef simde__m256 f32_v;
typedef simde__m256d f64_v;
typedef simde__m256i i32_v, i64_v;
#else
#define WG__MM(name)  simde_mm_##name
#define WG__BIT(name) simde_mm_##name##_si128
#define WG__CAST_PS   simde_mm_castsi128_ps
#define WG__CAST_PD   simde_mm_castsi128_pd
#define WG__BITS_PS   simde_mm_castps_si128
#define WG__BITS_PD   simde_mm_castpd_si128
#define WG__SET_I64   simde_mm_set1_epi64x
#define WG__EQ(S, x, y) simde_mm_cmpeq_##S(x, y)
#define WG__LT(S, x, y) simde_mm_cmplt_##S(x, y)
#define WG__LE(S, x, y) simde_mm_cmple_##S(x, y)
#define WG__BLEND(S, m, x, y) simde_mm_or_##S(simde_mm_and_##S(m, x), simde_mm_andnot_##S(m, y))
#if defined(WG_LEVEL_NEON)
enum { F32_LANES = 4, F64_LANES = 2, F32_REGISTERS = 32, F64_REGISTERS = 32 };
#else
enum { F32_LANES = 4, F64_LANES = 2, F32_REGISTERS = 16, F64_REGISTERS = 16 };
#endif
typedef simde__m128 f32_v;
typedef simde__m128d f64_v;
typedef simde__m128i i32_v, i64_v;
#endif
typedef f32_v f32_m;
typedef f64_v f64_m;

/* Truths in memory are bytes 0 and 1: eight are a word, each spread from or gathered to a bit. */
WG__WORD uint64_t wg__truths_of_bits(uint32_t bits)
{
    const uint64_t spread = bits * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201);
    return (spread + UINT64_C(0x7F7F7F7F7F7F7F7F)) >> 7 & UINT64_C(0x0101010101010101);
}
WG__WORD simde__m128i wg__truths(uint64_t word)
{
    return simde_mm_set_epi64x(0, (int64_t)word);
}

#define WG__MASK_WORDS(T, S, LANES, BYTES, SUBTRACT, CAST)                                         \
    WG__WORD T##_m T##_eq(T##_v x, T##_v y) { return WG__EQ(S, x, y); }                            \
    WG__WORD T##_m T##_lt(T##_v x, T##_v y) { return WG__LT(S, x, y); }                            \
    WG__WORD T##_m T##_le(T##_v x, T##_v y) { return WG__LE(S, x, y); }                            \
    WG__WORD T##_v T##_select(T##_m m, T##_v x, T##_v y) { return WG__BLEND(S, m, x, y); }         \
    WG__WORD T##_m T##_m_and(T##_m x, T##_m y) { return WG__MM(and_##S)(x, y); }                   \
    WG__WORD T##_m T##_m_or(T##_m x, T##_m y) { return WG__MM(or_##S)(x, y); }                     \
    WG__WORD T##_m T##_m_not(T##_m x)                                                              \
    {                                                                                              \
        return WG__MM(xor_##S)(x, CAST(WG__MM(set1_epi32)(-1)));                                   \
    }                                                                                              \
    WG__WORD uint32_t T##_m_bits(T##_m m) { return (uint32_t)WG__MM(movemask_##S)(m); }            \
    WG__WORD T##_m wg__##T##_m_of_truths(uint64_t word)                                            \
    {                                                                                              \
        const i32_v wide = WG__MM(BYTES)(wg__truths(word));                                        \
        return CAST(WG__MM(SUBTRACT)(WG__MM(set1_epi32)(0), wide));                                \
    }                                                                                              \
    WG__WORD T##_m T##_m_load(const uint8_t *p)                                                    \
    {                                                                                              \
        uint64_t word = 0;                                                                         \
        memcpy(&word, p, LANES);                                                                   \
        return wg__##T##_m_of_truths(word);                                                        \
    }                                                                                              \
    WG__WORD T##_m T##_m_load_part(const uint8_t *p, int64_t n)                                    \
    {                                                                                              \
        uint64_t word = 0;                                                                         \
        for (int i = 0; i < LANES; i++) if (i < n) word |= (uint64_t)p[i] << 8 * i;                \
        return wg__##T##_m_of_truths(word);                                                        \
    }                                                                                              \
    WG__WORD void T##_m_store(T##_m m, uint8_t *p)                                                 \
    {                                                                                              \
        const uint64_t word = wg__truths_of_bits(T##_m_bits(m));                                   \
        memcpy(p, &word, LANES);                                                                   \
    }                                                                                              \
    WG__WORD void T##_m_store_part(T##_m m, uint8_t *p, int64_t n)                                 \
    {                                                                                              \
        const uint64_t word = wg__truths_of_bits(T##_m_bits(m));                                   \
        for (int i = 0; i < LANES; i++) if (i < n) p[i] = (uint8_t)(word >> 8 * i);                \
    }
WG__MASK_WORDS(f32, ps, F32_LANES, cvtepu8_epi32, sub_epi32, WG__CAST_PS)
WG__MASK_WORDS(f64, pd, F64_LANES, cvtepu8_epi64, sub_epi64, WG__CAST_PD)

#if defined(WG_LEVEL_AVX2)
/* Eight steps into this window lie n ones and 8 - n zeros. */
static const int32_t wg__window[16] = { -1, -1, -1, -1, -1, -1, -1, -1 };
WG__WORD simde__m256i wg__first(int64_t n)
{
    return simde_mm256_loadu_si256((const simde__m256i *)(const void *)(wg__window + 8 - n));
}
WG__WORD f32_v f32_load_part(const float *p, int64_t n)
{
    return simde_mm256_maskload_ps(p, wg__first(n));
}
WG__WORD f64_v f64_load_part(const double *p, int64_t n)
{
    return simde_mm256_maskload_pd(p, wg__first(2 * n));
}
WG__WORD void f32_store_part(float *p, f32_v x, int64_t n)
{
    simde_mm256_maskstore_ps(p, wg__first(n), x);
}
WG__WORD void f64_store_part(double *p, f64_v x, int64_t n)
{
    simde_mm256_maskstore_pd(p, wg__first(2 * n), x);
}
/* Unpacking interleaves each half of a register by itself. */
#define WG__ZIP_WORDS(T, S)                                                                        \
    WG__WORD T##_v T##_zip_low(T##_v x, T##_v y)                                                   \
    {                                                                                              \
        const T##_v low = simde_mm256_unpacklo_##S(x, y), high = simde_mm256_unpackhi_##S(x, y);   \
        return simde_mm256_permute2f128_##S(low, high, 0x20);                                      \
    }                                                                                              \
    WG__WORD T##_v T##_zip_high(T##_v x, T##_v y)                                                  \
    {                                                                                              \
        const T##_v low = simde_mm256_unpacklo_##S(x, y), high = simde_mm256_unpackhi_##S(x, y);   \
        return simde_mm256_permute2f128_##S(low, high, 0x31);                                      \
    }
WG__ZIP_WORDS(f32, ps)
WG__ZIP_WORDS(f64, pd)
#undef WG__ZIP_WORDS
#else
WG__WORD f32_v f32_zip_low(f32_v x, f32_v y) { return simde_mm_unpacklo_ps(x, y); }
WG__WORD f32_v f32_zip_high(f32_v x, f32_v y) { return simde_mm_unpackhi_ps(x, y); }
WG__WORD f64_v f64_zip_low(f64_v x, f64_v y) { return simde_mm_unpacklo_pd(x, y); }
WG__WORD f64_v f64_zip_high(f64_v x, f64_v y) { return simde_mm_unpackhi_pd(x, y); }
WG__WORD f32_v f32_load_part(const float *p, int64_t n)
{
    float lane[4] = { 0 };
    for (int64_t i = 0; i < 4; i++) if (i < n) lane[i] = p[i];
    return simde_mm_loadu_ps(lane);
}
WG__WORD f64_v f64_load_part(const double *p, int64_t n)
{
    double lane[2] = { 0 };
    for (int64_t i = 0; i < 2; i++) if (i < n) lane[i] = p[i];
    return simde_mm_loadu_pd(lane);
}
WG__WORD void f32_store_part(float *p, f32_v x, int64_t n)
{
    float lane[4];
    simde_mm_storeu_ps(lane, x);
    for (int64_t i = 0; i < 4; i++) if (i < n) p[i] = lane[i];
}
WG__WORD void f64_store_part(double *p, f64_v x, int64_t n)
{
    double lane[2];
    simde_mm_storeu_pd(lane, x);
    for (int64_t i = 0; i < 2; i++) if (i < n) p[i] = lane[i];
}
#endif
WG__WORD f32_v f32_of_i32(i32_v x) { return WG__MM(cvtepi32_ps)(x); }
#undef WG__EQ
#undef WG__LT
#undef WG__LE
#undef WG__BLEND
#endif
#undef WG__MASK_WORDS

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

#define i32_shl(x, count) WG__MM(slli_epi32)((x), (count))
#define i32_shr(x, count) WG__MM(srli_epi32)((x), (count))
#define i64_shl(x, count) WG__MM(slli_epi64)((x), (count))
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
    WG__WORD I##_v I##_add(I##_v x, I##_v y) { return WG__MM(add_epi##N)(x, y); }                  \
    WG__WORD I##_v I##_sub(I##_v x, I##_v y) { return WG__MM(sub_epi##N)(x, y); }                  \
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
    /* In this order the instructions let a NaN in x pass. */                                      \
    WG__WORD T##_v T##_clamp(T##_v x, ELEMENT low, ELEMENT high)                                   \
    {                                                                                              \
        return WG__MM(min_##S)(T##_set(high), WG__MM(max_##S)(T##_set(low), x));                   \
    }                                                                                              \
    WG__WORD T##_v T##_min(T##_v x, T##_v y)                                                       \
    {                                                                                              \
        const T##_v smaller = WG__MM(min_##S)(x, y);                                               \
        const T##_v r = T##_select(T##_eq(x, y), TO(I##_or(FROM(x), FROM(y))), smaller);           \
        return T##_select(T##_eq(x, x), r, x);                                                     \
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
        const T##_v half = T##_add(T##_mul(n, T##_set(0.5f)), magic);                \
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

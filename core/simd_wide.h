/* AVX-512: 512-bit vectors, and masks in registers of their own. Part of simd.h; what SIMDe has
 * only since 0.8, or not, is written as the instruction itself.                                  */
#ifndef WG_CORE_SIMD_WIDE_H
#define WG_CORE_SIMD_WIDE_H

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
#define WG__WRAPPING(name, N) simde_mm512_##name##_epi##N
enum { F32_LANES = 16, F64_LANES = 8, F32_REGISTERS = 32, F64_REGISTERS = 32 };
typedef simde__m512 f32_v;
typedef simde__m512d f64_v;
typedef simde__m512i i32_v, i64_v;
typedef simde__mmask16 f32_m;
typedef simde__mmask8 f64_m;

#define WG__MASK_WORDS(T, S, LANES)                                                                \
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
WG__MASK_WORDS(f32, ps, 16)
WG__MASK_WORDS(f64, pd, 8)

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
#undef WG__MASK_WORDS

#endif

/* 128 and 256 bits: masks are vectors of all-ones and zeros. Part of simd.h. */
#ifndef WG_CORE_SIMD_NARROW_H
#define WG_CORE_SIMD_NARROW_H

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
#define WG__WRAPPING(name, N) simde_mm256_##name##_epi##N
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
#if defined(WG_LEVEL_PORTABLE)
#define WG__WRAPPING(name, N) wg__##name##_##N
#else
#define WG__WRAPPING(name, N) simde_mm_##name##_epi##N
#endif
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

#if defined(WG_LEVEL_PORTABLE)
/* Sums and left shifts of integers: SIMDe's own are of signed ones, which must not overflow. */
#define WG__WRAPPING_WORDS(N)                                                                      \
    typedef struct wg__lanes_##N { uint##N##_t lane[128 / N]; } wg__lanes_##N;                     \
    WG__WORD wg__lanes_##N wg__lanes_of_##N(simde__m128i x)                                        \
    {                                                                                              \
        wg__lanes_##N r;                                                                           \
        memcpy(&r, &x, sizeof r);                                                                  \
        return r;                                                                                  \
    }                                                                                              \
    WG__WORD simde__m128i wg__vector_of_##N(wg__lanes_##N x)                                       \
    {                                                                                              \
        simde__m128i r;                                                                            \
        memcpy(&r, &x, sizeof r);                                                                  \
        return r;                                                                                  \
    }                                                                                              \
    WG__WORD simde__m128i wg__add_##N(simde__m128i x, simde__m128i y)                              \
    {                                                                                              \
        wg__lanes_##N u = wg__lanes_of_##N(x), v = wg__lanes_of_##N(y);                            \
        for (int i = 0; i < 128 / N; i++) u.lane[i] += v.lane[i];                                  \
        return wg__vector_of_##N(u);                                                               \
    }                                                                                              \
    WG__WORD simde__m128i wg__sub_##N(simde__m128i x, simde__m128i y)                              \
    {                                                                                              \
        wg__lanes_##N u = wg__lanes_of_##N(x), v = wg__lanes_of_##N(y);                            \
        for (int i = 0; i < 128 / N; i++) u.lane[i] -= v.lane[i];                                  \
        return wg__vector_of_##N(u);                                                               \
    }                                                                                              \
    WG__WORD simde__m128i wg__slli_##N(simde__m128i x, int count)                                  \
    {                                                                                              \
        wg__lanes_##N u = wg__lanes_of_##N(x);                                                     \
        for (int i = 0; i < 128 / N; i++) u.lane[i] <<= count;                                     \
        return wg__vector_of_##N(u);                                                               \
    }
WG__WRAPPING_WORDS(32)
WG__WRAPPING_WORDS(64)
#undef WG__WRAPPING_WORDS
#endif

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

#define WG__MASK_WORDS(T, S, LANES, BYTES, N, CAST)                                                \
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
        return CAST(WG__WRAPPING(sub, N)(WG__MM(set1_epi32)(0), wide));                            \
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
WG__MASK_WORDS(f32, ps, F32_LANES, cvtepu8_epi32, 32, WG__CAST_PS)
WG__MASK_WORDS(f64, pd, F64_LANES, cvtepu8_epi64, 64, WG__CAST_PD)

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
#undef WG__MASK_WORDS

#endif

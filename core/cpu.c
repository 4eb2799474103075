/* Levels of instruction sets. A level exists if the build has kernels for it (WG_HAVE_X86_LEVELS,
 * WG_HAVE_NEON) and the CPU executes all that the compiler may use there: avx2 is x86-64-v3, avx512
 * is x86-64-v4. The CPU's flags are not enough: the system must also save the wide registers.    */
#include <core/internal.h>
#include <string.h>

#if defined(WG_HAVE_X86_LEVELS)
#include <cpuid.h>

enum {
    /* CPUID 1, ecx: FMA, MOVBE, OSXSAVE, AVX, F16C */
    LEAF_1_C = 1 << 12 | 1 << 22 | 1 << 27 | 1 << 28 | 1 << 29,
    /* CPUID 7, ebx: BMI1, AVX2, BMI2 */
    LEAF_7_B = 1 << 3 | 1 << 5 | 1 << 8,
    /* CPUID 0x80000001, ecx: LZCNT */
    LEAF_EXTENDED_C = 1 << 5,
    /* XCR0: xmm and ymm; for AVX-512 also the masks, the upper halves and the upper sixteen zmm */
    SAVED_AVX = 0x06,
    SAVED_AVX512 = 0xE6
};

/* CPUID 7, ebx: AVX512 F, DQ, CD, BW, VL; bit 31 does not fit an int. */
static const uint32_t leaf_7_b_avx512 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;

static bool has_all(uint32_t flags, uint32_t wanted)
{
    return (flags & wanted) == wanted;
}

static uint32_t saved_registers(void)
{
    uint32_t lower;
    uint32_t upper;
    __asm__ volatile("xgetbv" : "=a"(lower), "=d"(upper) : "c"(0));
    return lower;
}

wg__level wg__level_detect(void)
{
    unsigned a, b, c, d;
    /* xgetbv is itself an instruction only where OSXSAVE says so. */
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has_all(c, LEAF_1_C)) return WG__SSE2;
    const uint32_t saved = saved_registers();
    if (!has_all(saved, SAVED_AVX)) return WG__SSE2;
    if (!__get_cpuid(0x80000001u, &a, &b, &c, &d) || !has_all(c, LEAF_EXTENDED_C)) return WG__SSE2;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has_all(b, LEAF_7_B)) return WG__SSE2;
    return has_all(b, leaf_7_b_avx512) && has_all(saved, SAVED_AVX512) ? WG__AVX512 : WG__AVX2;
}
#elif defined(WG_HAVE_NEON)
wg__level wg__level_detect(void)
{
    return WG__NEON; /* part of every AArch64 */
}
#else
wg__level wg__level_detect(void)
{
    return WG__PORTABLE;
}
#endif

const char *wg__level_name(wg__level level)
{
    static const char *const names[WG__LEVEL_COUNT] = {
        [WG__PORTABLE] = "portable", [WG__SSE2] = "sse2", [WG__AVX2] = "avx2",
        [WG__AVX512] = "avx512",     [WG__NEON] = "neon",
    };
    WG_ASSERT((int)level >= 0 && level < WG__LEVEL_COUNT);
    return names[level];
}

bool wg__level_exists(wg__level level)
{
    if (level == WG__PORTABLE) return true;
    const wg__level best = wg__level_detect();
    return level == best || (best != WG__NEON && level < best);
}

wg__level wg__level_choose(const char *name)
{
    const wg__level best = wg__level_detect();
    for (int level = 0; name != NULL && level < WG__LEVEL_COUNT; level++) {
        if (strcmp(name, wg__level_name((wg__level)level)) != 0) continue;
        return wg__level_exists((wg__level)level) ? (wg__level)level : best;
    }
    return best;
}

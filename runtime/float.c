/* The floating-point environment. Bits are promised only for rounding to nearest with denormals
 * kept; a host may have set something else on its threads, so each worker sets this when it
 * claims work and puts back what was there. */
#include "runtime/internal.h"

#if defined(__SSE__) || defined(_M_X64)

#include <xmmintrin.h>

/* MXCSR: exceptions masked, all else zero: nearest, no flush to zero, denormals are numbers. */
enum { MODE_PLAIN = 0x1f80 };

static uint64_t mode_read(void)
{
    return _mm_getcsr();
}

static void mode_write(uint64_t word)
{
    _mm_setcsr((unsigned)word);
}

#elif defined(__aarch64__)

/* FPCR: all zero. */
enum { MODE_PLAIN = 0 };

static uint64_t mode_read(void)
{
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return word;
}

static void mode_write(uint64_t word)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(word));
}

#else

#include <fenv.h>

enum { MODE_PLAIN = FE_TONEAREST };

static uint64_t mode_read(void)
{
    return (uint64_t)fegetround();
}

static void mode_write(uint64_t word)
{
    fesetround((int)word);
}

#endif

wg__float_mode wg__float_enter(void)
{
    const wg__float_mode before = { mode_read() };
    if (before.word != MODE_PLAIN) mode_write(MODE_PLAIN);
    return before;
}

void wg__float_leave(wg__float_mode before)
{
    if (mode_read() != before.word) mode_write(before.word);
}

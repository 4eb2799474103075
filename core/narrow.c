/* A double to the nearest float, the even one of two: what a cast does, but in integers. Numbers
 * that a recording keeps must not depend on the rounding mode a host has set on its thread.      */
#include "core/internal.h"

#include <string.h>

enum { FRACTION_F64 = 52, FRACTION_F32 = 23, BIAS_F64 = 1023, BIAS_F32 = 127, EXPONENT_F32 = 255 };

/* value / 2^shift to the nearest, the even one of two. */
static uint64_t shifted(uint64_t value, int shift)
{
    if (shift > 62) return 0;
    const uint64_t half = UINT64_C(1) << (shift - 1);
    const uint64_t whole = value >> shift;
    const uint64_t rest = value & (2 * half - 1);
    return whole + (rest > half || (rest == half && whole % 2 == 1));
}

float wg__narrow(double value)
{
    uint64_t wide;
    memcpy(&wide, &value, sizeof wide);
    const uint32_t sign = (uint32_t)(wide >> 32) & 0x80000000u;
    const uint64_t fraction = wide & ((UINT64_C(1) << FRACTION_F64) - 1);
    const int exponent = (int)(wide >> FRACTION_F64 & 0x7ff) - BIAS_F64 + BIAS_F32;
    const uint64_t significand = fraction | UINT64_C(1) << FRACTION_F64;
    const int cut = FRACTION_F64 - FRACTION_F32;

    /* Exponent and fraction lie side by side, so a fraction that rounds up carries into the
     * exponent: from the largest denormal to the least normal number, from the largest to inf. */
    uint64_t magnitude;
    if (value != value) magnitude = 0x7fc00000u;
    else if (exponent >= EXPONENT_F32) magnitude = (uint64_t)EXPONENT_F32 << FRACTION_F32;
    else if (exponent <= 0) magnitude = shifted(significand, cut + 1 - exponent);
    else magnitude = shifted((uint64_t)exponent << FRACTION_F64 | fraction, cut);

    const uint32_t narrow = sign | (uint32_t)magnitude;
    float out;
    memcpy(&out, &narrow, sizeof out);
    return out;
}

/* A fused multiply-add of floats that no C library has a hand in: some of theirs round twice. The
 * product is exact in double; the sum is rounded to odd there, after which rounding to float cannot
 * meet a tie that was none.                                                                      */
#ifndef WG_TEST_FUSED_H
#define WG_TEST_FUSED_H

#include <stdint.h>
#include <string.h>

static inline float test_fma_f32(float x, float y, float z)
{
    const double product = (double)x * (double)y;
    double sum = product + (double)z;
    const double part = sum - product;
    const double lost = (product - (sum - part)) + ((double)z - part);
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    if (lost != 0 && lost - lost == 0 && bits % 2 == 0) {
        bits += (lost > 0) == (sum > 0) ? 1 : UINT64_MAX; /* away from zero, or towards it */
        memcpy(&sum, &bits, sizeof bits);
    }
    return (float)sum;
}

#endif

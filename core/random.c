/* Philox 4x32-10: random words as a function of (key, counter), so that any element of any stream
 * can be had alone and nothing depends on who asks first. Ten rounds of two 32 x 32 -> 64 bit
 * products; the constants are those of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
 * easy as 1, 2, 3", 2011: multipliers found by search, key increments from the golden ratio and
 * sqrt(3) - 1.                                                                                   */
#include <core/internal.h>

static void philox_round(uint32_t counter[4], uint32_t key_lower, uint32_t key_upper)
{
    const uint64_t x = UINT64_C(0xD2511F53) * counter[0];
    const uint64_t y = UINT64_C(0xCD9E8D57) * counter[2];
    counter[0] = (uint32_t)(y >> 32) ^ counter[1] ^ key_lower;
    counter[1] = (uint32_t)y;
    counter[2] = (uint32_t)(x >> 32) ^ counter[3] ^ key_upper;
    counter[3] = (uint32_t)x;
}

void wg__philox(uint64_t key, uint64_t draw, uint64_t block, uint32_t out[4])
{
    uint32_t key_lower = (uint32_t)key;
    uint32_t key_upper = (uint32_t)(key >> 32);
    out[0] = (uint32_t)block;
    out[1] = (uint32_t)(block >> 32);
    out[2] = (uint32_t)draw;
    out[3] = (uint32_t)(draw >> 32);
    for (int round = 0; round < 10; round++) {
        philox_round(out, key_lower, key_upper);
        key_lower += UINT32_C(0x9E3779B9);
        key_upper += UINT32_C(0xBB67AE85);
    }
}

/* 2^64 is rarely a multiple of the limit: the first 2^64 mod limit values are drawn again, so that
 * the rest is. At worst that is half of them, so a second draw is needed once on average.        */
uint64_t wg__random_below(uint64_t key, uint64_t *counter, uint64_t limit)
{
    WG_ASSERT(limit > 0);
    const uint64_t refused = (UINT64_MAX - limit + 1) % limit;
    for (;;) {
        uint32_t word[4];
        wg__philox(key, 0, (*counter)++, word);
        const uint64_t x = (uint64_t)word[1] << 32 | word[0];
        if (x >= refused) return x % limit;
    }
}

/* Random bits of one level: Philox 4x32-10, many blocks at once.
 *
 * wg__philox in core says what the words are; here a counter word stands in an array over blocks,
 * so that every step is the same plain loop over lanes, which compilers turn into vector code.   */
#include "ops/kernels/kernels.h"

#include <string.h>

enum {
    BLOCKS = 16,           /* a vector of 32-bit words at the widest level */
    WORDS = 4 * BLOCKS,
    ROUNDS = 10
};

typedef struct lanes { uint32_t word[4][BLOCKS]; } lanes;

static void philox_round(lanes *counter, uint32_t key_lower, uint32_t key_upper)
{
    for (int i = 0; i < BLOCKS; i++) {
        const uint64_t x = UINT64_C(0xD2511F53) * counter->word[0][i];
        const uint64_t y = UINT64_C(0xCD9E8D57) * counter->word[2][i];
        counter->word[0][i] = (uint32_t)(y >> 32) ^ counter->word[1][i] ^ key_lower;
        counter->word[2][i] = (uint32_t)(x >> 32) ^ counter->word[3][i] ^ key_upper;
        counter->word[1][i] = (uint32_t)y;
        counter->word[3][i] = (uint32_t)x;
    }
}

/* The words of BLOCKS blocks from `block` on. */
static void philox(uint64_t key, uint64_t draw, uint64_t block, uint32_t *out)
{
    lanes counter;
    for (int i = 0; i < BLOCKS; i++) {
        const uint64_t at = block + (uint64_t)i;
        counter.word[0][i] = (uint32_t)at;
        counter.word[1][i] = (uint32_t)(at >> 32);
        counter.word[2][i] = (uint32_t)draw;
        counter.word[3][i] = (uint32_t)(draw >> 32);
    }
    uint32_t key_lower = (uint32_t)key;
    uint32_t key_upper = (uint32_t)(key >> 32);
    for (int round = 0; round < ROUNDS; round++) {
        philox_round(&counter, key_lower, key_upper);
        key_lower += UINT32_C(0x9E3779B9);
        key_upper += UINT32_C(0xBB67AE85);
    }
    for (int i = 0; i < BLOCKS; i++)
        for (int j = 0; j < 4; j++) out[4 * i + j] = counter.word[j][i];
}

/* A stretch may begin and end within a block: its first and last words are taken from a whole
 * one.                                                                                           */
static void bits(uint64_t key, uint64_t draw, int64_t first, int64_t n, uint32_t *out)
{
    while (n > 0) {
        const uint64_t block = (uint64_t)first / 4;
        const int64_t skipped = first % 4;
        const int64_t count = n < WORDS - skipped ? n : WORDS - skipped;
        if (count == WORDS) {
            philox(key, draw, block, out);
        } else {
            uint32_t word[WORDS];
            philox(key, draw, block, word);
            memcpy(out, word + skipped, (size_t)count * sizeof *out);
        }
        first += count;
        out += count;
        n -= count;
    }
}

const wg__random_table WG__GLUE(wg__random_, WG_LEVEL) = { .bits = bits };

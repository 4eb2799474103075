/* Philox against the known answers published with Random123 (kat_vectors, philox4x32 10), and whole
 * numbers below a limit: in range, repeatable, unbiased.                                         */
#include "support/test.h"

#include <core/internal.h>

static void check_philox(uint64_t key, uint64_t draw, uint64_t block, const uint32_t expected[4])
{
    uint32_t out[4];
    wg__philox(key, draw, block, out);
    check_bytes(out, expected, sizeof out);
}

Test(random, philox_gives_the_published_words)
{
    check_philox(0, 0, 0, (const uint32_t[]){ 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 });
    check_philox(UINT64_MAX, UINT64_MAX, UINT64_MAX,
                 (const uint32_t[]){ 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd });
    /* Digits of pi, lower word first. */
    check_philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88,
                 (const uint32_t[]){ 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 });
}

Test(random, key_draw_and_block_all_count)
{
    uint32_t words[4][4];
    wg__philox(1, 2, 3, words[0]);
    wg__philox(2, 2, 3, words[1]);
    wg__philox(1, 3, 3, words[2]);
    wg__philox(1, 2, 4, words[3]);
    for (int i = 1; i < 4; i++)
        for (int j = 0; j < i; j++) check(words[i][0] != words[j][0]);
}

Test(random, below_one_is_zero)
{
    uint64_t counter = 0;
    for (int i = 0; i < 10; i++) check_equal_i(wg__random_below(5, &counter, 1), 0);
    check_equal_i(counter, 10);
}

Test(random, below_stays_below_and_repeats)
{
    const uint64_t half = UINT64_C(1) << 63;
    const uint64_t limits[] = { 2, 3, 1000, half, half + 1, UINT64_MAX };
    for (int i = 0; i < 6; i++) {
        uint64_t counter = 0;
        uint64_t again = 0;
        for (int j = 0; j < 1000; j++) {
            const uint64_t x = wg__random_below(7, &counter, limits[i]);
            check(x < limits[i]);
            check(x == wg__random_below(7, &again, limits[i]));
            check(counter == again);
        }
    }
}

/* Chi squared with 9 degrees of freedom exceeds 27.88 once in a thousand; the key is fixed. */
Test(random, below_ten_is_uniform)
{
    int64_t count[10] = { 0 };
    uint64_t counter = 0;
    for (int i = 0; i < 100000; i++) count[wg__random_below(11, &counter, 10)]++;
    double chi_squared = 0;
    for (int i = 0; i < 10; i++) {
        const double excess = (double)count[i] - 10000.0;
        chi_squared += excess * excess / 10000.0;
    }
    check_msg(chi_squared < 27.88, "chi squared is %g", chi_squared);
}

/* Of 2^64 values, 2^63 - 1 are refused for this limit: about half of all draws are second draws. */
Test(random, below_refuses_the_uneven_rest)
{
    uint64_t counter = 0;
    for (int i = 0; i < 10000; i++) wg__random_below(13, &counter, (UINT64_C(1) << 63) + 1);
    check_close(counter, 20000, 1000);
}

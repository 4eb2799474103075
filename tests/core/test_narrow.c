/* A cast is the reference, in the one mode in which it is right; then the modes of other hosts. */
#include "core/internal.h"
#include "support/test.h"

#include <fenv.h>
#include <math.h>
#include <string.h>

static uint32_t bits_of(float x)
{
    uint32_t word;
    memcpy(&word, &x, sizeof word);
    return word;
}

static void check_narrow(double x)
{
    const uint32_t expected = x != x ? 0x7fc00000u : bits_of((float)x);
    check_msg((bits_of(wg__narrow(x)) & (x != x ? 0x7fffffffu : ~0u)) == expected, "%a: %a, not %a",
              x, (double)wg__narrow(x), (double)(float)x);
}

/* Every exponent, with fractions that are ties, next to ties, all ones and arbitrary. */
Test(narrow, is_a_cast_to_nearest)
{
    uint64_t state = test_seed();
    for (uint64_t exponent = 0; exponent < 2048; exponent++)
        for (int i = 0; i < 200; i++) {
            uint64_t fraction = test_random(&state) >> 12;
            if (i % 4 != 0) fraction &= ~UINT64_C(0) << (i / 4 % 52);
            if (i % 4 == 2) fraction += 1;
            if (i % 4 == 3) fraction -= 1;
            const uint64_t word = (uint64_t)(i % 2) << 63 | exponent << 52 |
                                  (fraction & ((UINT64_C(1) << 52) - 1));
            double x;
            memcpy(&x, &word, sizeof x);
            check_narrow(x);
        }
}

Test(narrow, edges_are_exact)
{
    const double edges[] = { 0.0, -0.0, INFINITY, -INFINITY, NAN, 0x1p-149, 0x1p-150,
                             0x1.000001p-150, 0x1.8p-149, 0x1.fffffep127, 0x1.fffffefffffffp127,
                             0x1.ffffffp127, 0x1p128, 0x1.fffffcp-127, 0x1.ffffffp-127, 5e-324 };
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        check_narrow(edges[i]);
        check_narrow(-edges[i]);
    }
}

Test(narrow, the_mode_of_the_host_has_no_say)
{
    static const int directions[] = { FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    const int before = fegetround();
    for (size_t i = 0; i < sizeof directions / sizeof *directions; i++) {
        if (fesetround(directions[i]) != 0) continue; /* no such mode here */
        const uint32_t third = bits_of(wg__narrow(0x1.5555555555555p-2));
        const uint32_t tenth = bits_of(wg__narrow(-0x1.999999999999ap-4));
        fesetround(before);
        check_equal_i(third, 0x3eaaaaab);
        check_equal_i(tenth, 0xbdcccccd);
    }
}

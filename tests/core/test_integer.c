/* Exact integers against products and sums that Python gave. */
#include "support/test.h"

#include <core/integer.h>

static bool equals(const wg__integer *x, int count, const uint32_t *limb)
{
    if (x->count != count) return false;
    for (int i = 0; i < count; i++)
        if (x->limb[i] != limb[i]) return false;
    return true;
}

Test(integer, zero_has_no_limbs)
{
    wg__integer x;
    wg__integer_set(&x, 0);
    check_equal_i(x.count, 0);
    wg__integer_shift(&x, 100);
    wg__integer_multiply_power_of_ten(&x, 20);
    check_equal_i(x.count, 0);
    wg__integer_multiply_add(&x, 10, 7);
    check(equals(&x, 1, (const uint32_t[]){ 7 }));
}

Test(integer, limbs_hold_the_value_little_end_first)
{
    wg__integer x;
    wg__integer_set(&x, UINT64_MAX);
    check(equals(&x, 2, (const uint32_t[]){ 0xFFFFFFFF, 0xFFFFFFFF }));
    check_equal_i(wg__integer_bits(&x), 64);
    wg__integer_set(&x, UINT64_C(1) << 32);
    check(equals(&x, 2, (const uint32_t[]){ 0, 1 }));
    check_equal_i(wg__integer_bits(&x), 33);
}

/* 10^30 = 0xc9f2c9cd04674edea40000000 */
Test(integer, powers_of_ten_are_exact)
{
    wg__integer x;
    wg__integer_set(&x, 1);
    wg__integer_multiply_power_of_ten(&x, 30);
    check(equals(&x, 4, (const uint32_t[]){ 0x40000000, 0x4674edea, 0x9f2c9cd0, 0xc }));
    check_equal_i(wg__integer_bits(&x), 100);
}

Test(integer, shift_moves_limbs_and_bits)
{
    wg__integer x;
    wg__integer_set(&x, 0x80000001);
    wg__integer_shift(&x, 0);
    check(equals(&x, 1, (const uint32_t[]){ 0x80000001 }));
    wg__integer_shift(&x, 33);
    check(equals(&x, 3, (const uint32_t[]){ 0, 2, 1 }));
    wg__integer_shift(&x, 64);
    check(equals(&x, 5, (const uint32_t[]){ 0, 0, 0, 2, 1 }));
}

Test(integer, add_and_subtract_undo_each_other)
{
    wg__integer x;
    wg__integer y;
    wg__integer_set(&x, UINT64_MAX);
    wg__integer_set(&y, 1);
    wg__integer_add(&x, &y);
    check(equals(&x, 3, (const uint32_t[]){ 0, 0, 1 }));
    wg__integer_subtract(&x, &y);
    check(equals(&x, 2, (const uint32_t[]){ 0xFFFFFFFF, 0xFFFFFFFF }));
    wg__integer_add(&y, &x);
    check(equals(&y, 3, (const uint32_t[]){ 0, 0, 1 }));
    wg__integer z = y;
    wg__integer_subtract(&z, &y);
    check_equal_i(z.count, 0);
}

Test(integer, compare_orders_by_value)
{
    wg__integer x;
    wg__integer y;
    wg__integer_set(&x, UINT64_C(0x100000000));
    wg__integer_set(&y, 0xFFFFFFFF);
    check_equal_i(wg__integer_compare(&x, &y), 1);
    check_equal_i(wg__integer_compare(&y, &x), -1);
    check_equal_i(wg__integer_compare(&x, &x), 0);
    wg__integer_set(&y, UINT64_C(0x200000000));
    check_equal_i(wg__integer_compare(&x, &y), -1);
}

/* 10^40 = 443668708623630 * 7^30 + 0xa75463d17bece35473592; 7^30 has 85 bits, so both are shifted
 * by 11 to fill three limbs.                                                                     */
Test(integer, division_leaves_the_remainder)
{
    wg__integer x;
    wg__integer y;
    wg__integer_set(&x, 1);
    wg__integer_multiply_power_of_ten(&x, 40);
    wg__integer_set(&y, 1);
    for (int i = 0; i < 30; i++) wg__integer_multiply_add(&y, 7, 0);
    check(wg__integer_divide(&x, &y) == UINT64_C(443668708623630));
    wg__integer remainder = { .count = 3, .limb = { 0x35473592, 0x3d17bece, 0xa7546 } };
    wg__integer_shift(&remainder, 11);
    check_equal_i(wg__integer_compare(&x, &remainder), 0);
}

Test(integer, division_of_less_than_the_divisor_is_zero)
{
    wg__integer x;
    wg__integer y;
    wg__integer_set(&y, UINT64_MAX);
    wg__integer_set(&x, 0);
    check(wg__integer_divide(&x, &y) == 0);
    check_equal_i(x.count, 0);
    wg__integer_set(&x, UINT64_MAX - 1);
    check(wg__integer_divide(&x, &y) == 0);
    wg__integer_set(&y, 1);
    check(wg__integer_divide(&x, &y) == UINT64_MAX - 1);
    check_equal_i(x.count, 0);
}

static wg__integer times(const wg__integer *x, uint32_t factor)
{
    wg__integer product = { 0 };
    if (factor == 0) return product;
    product = *x;
    wg__integer_multiply_add(&product, factor, 0);
    return product;
}

/* x = q y + (y - less) is put together from limbs that make guesses go wrong, and taken apart. */
Test(integer, division_undoes_multiplication)
{
    const uint32_t limbs[] = { 0,          1,          2,          0x7FFFFFFF,
                               0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF };
    uint64_t state = test_seed();
    for (int round = 0; round < 20000; round++) {
        const uint64_t random = test_random(&state);
        const uint32_t upper = limbs[random & 7];
        const uint32_t lower = limbs[random >> 3 & 7];
        wg__integer less;
        wg__integer_set(&less, 1 + (random >> 6 & 3));
        wg__integer y = { .count = 4, .limb = { 9 } }; /* above less */
        for (int i = 1; i < 4; i++) y.limb[i] = limbs[random >> (8 + 3 * i) & 7];
        y.limb[3] |= 1;

        wg__integer x = times(&y, upper);
        wg__integer_shift(&x, 32);
        wg__integer part = times(&y, lower);
        wg__integer remainder = y;
        wg__integer_subtract(&remainder, &less);
        wg__integer_add(&x, &part);
        wg__integer_add(&x, &remainder);

        const int shift = 32 * y.count - wg__integer_bits(&y);
        check(wg__integer_divide(&x, &y) == ((uint64_t)upper << 32 | lower));
        wg__integer_shift(&remainder, shift);
        check_equal_i(wg__integer_compare(&x, &remainder), 0);
    }
}

/* The size that number.c relies on: 10^1093, and two bits more. */
Test(integer, largest_denominator_has_room)
{
    wg__integer x;
    wg__integer_set(&x, 1);
    wg__integer_multiply_power_of_ten(&x, 1093);
    check_equal_i(wg__integer_bits(&x), 3631);
    wg__integer_shift(&x, 2);
    check_equal_i(wg__integer_bits(&x), 3633);
    check(x.count <= WG__LIMB_COUNT);
}

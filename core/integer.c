/* Whole numbers without sign and without rounding, for decimal text. Little end first; the last
 * limb is never 0, so numbers of different length compare by length alone.                       */
#include <core/integer.h>
#include <string.h>

void wg__integer_set(wg__integer *x, uint64_t value)
{
    x->count = 0;
    for (; value != 0; value >>= 32) x->limb[x->count++] = (uint32_t)value;
}

void wg__integer_multiply_add(wg__integer *x, uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;
    for (int i = 0; i < x->count; i++) {
        carry += (uint64_t)x->limb[i] * factor;
        x->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry == 0) return;
    WG_ASSERT(x->count < WG__LIMB_COUNT);
    x->limb[x->count++] = (uint32_t)carry;
}

void wg__integer_multiply_power_of_ten(wg__integer *x, int power)
{
    const uint32_t billion = 1000000000;
    for (; power >= 9; power -= 9) wg__integer_multiply_add(x, billion, 0);
    for (; power > 0; power--) wg__integer_multiply_add(x, 10, 0);
}

void wg__integer_shift(wg__integer *x, int bits)
{
    const int limbs = bits / 32;
    if (x->count == 0) return;
    WG_ASSERT(x->count + limbs <= WG__LIMB_COUNT);
    memmove(x->limb + limbs, x->limb, (size_t)x->count * sizeof x->limb[0]);
    memset(x->limb, 0, (size_t)limbs * sizeof x->limb[0]);
    x->count += limbs;
    if (bits % 32 != 0) wg__integer_multiply_add(x, UINT32_C(1) << bits % 32, 0);
}

int wg__integer_compare(const wg__integer *x, const wg__integer *y)
{
    if (x->count != y->count) return x->count < y->count ? -1 : 1;
    for (int i = x->count - 1; i >= 0; i--)
        if (x->limb[i] != y->limb[i]) return x->limb[i] < y->limb[i] ? -1 : 1;
    return 0;
}

static void integer_trim(wg__integer *x)
{
    while (x->count > 0 && x->limb[x->count - 1] == 0) x->count--;
}

/* x - y for x >= y. */
void wg__integer_subtract(wg__integer *x, const wg__integer *y)
{
    uint64_t borrow = 0;
    for (int i = 0; i < x->count; i++) {
        const uint64_t taken = borrow + (i < y->count ? y->limb[i] : 0);
        borrow = x->limb[i] < taken;
        x->limb[i] = (uint32_t)(x->limb[i] - taken);
    }
    WG_ASSERT(borrow == 0);
    integer_trim(x);
}

void wg__integer_add(wg__integer *x, const wg__integer *y)
{
    uint64_t carry = 0;
    const int count = x->count > y->count ? x->count : y->count;
    for (int i = 0; i < count; i++) {
        carry += (uint64_t)(i < x->count ? x->limb[i] : 0) + (i < y->count ? y->limb[i] : 0);
        x->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    x->count = count;
    if (carry == 0) return;
    WG_ASSERT(count < WG__LIMB_COUNT);
    x->limb[x->count++] = (uint32_t)carry;
}

int wg__integer_bits(const wg__integer *x)
{
    WG_ASSERT(x->count > 0);
    int bits = 32 * (x->count - 1);
    for (uint32_t top = x->limb[x->count - 1]; top != 0; top >>= 1) bits++;
    return bits;
}

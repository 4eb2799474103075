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

/* x -= digit * y over the limbs of y and one more; whether the result is negative. */
static bool subtract_multiple(uint32_t *x, const wg__integer *y, uint32_t digit)
{
    uint64_t borrow = 0;
    for (int i = 0; i < y->count; i++) {
        const uint64_t taken = (uint64_t)digit * y->limb[i] + borrow;
        borrow = (taken >> 32) + (x[i] < (uint32_t)taken);
        x[i] -= (uint32_t)taken;
    }
    const bool is_negative = x[y->count] < borrow;
    x[y->count] -= (uint32_t)borrow;
    return is_negative;
}

/* x += y over the same limbs; whether a carry undid a negative result. */
static bool add_back(uint32_t *x, const wg__integer *y)
{
    uint64_t carry = 0;
    for (int i = 0; i < y->count; i++) {
        carry += (uint64_t)x[i] + y->limb[i];
        x[i] = (uint32_t)carry;
        carry >>= 32;
    }
    carry += x[y->count];
    x[y->count] = (uint32_t)carry;
    return carry >> 32 != 0;
}

/* Long division, a limb of the quotient a step. With the top bit of y set, a digit guessed from the
 * leading limbs is never too small and at most two too large (Knuth 1997, sec. 4.3.1).           */
uint64_t wg__integer_divide(wg__integer *x, wg__integer *y)
{
    const int n = y->count;
    const int shift = 32 * n - wg__integer_bits(y);
    wg__integer_shift(x, shift);
    wg__integer_shift(y, shift);
    WG_ASSERT(x->count < WG__LIMB_COUNT && x->count <= n + 2);
    x->limb[x->count] = 0;

    uint64_t quotient = 0;
    for (int j = x->count - n; j >= 0; j--) {
        uint32_t *part = x->limb + j;
        const uint64_t leading = (uint64_t)part[n] << 32 | part[n - 1];
        const uint64_t guess = leading / y->limb[n - 1];
        uint32_t digit = guess > UINT32_MAX ? UINT32_MAX : (uint32_t)guess;
        bool is_negative = subtract_multiple(part, y, digit);
        for (; is_negative; digit--) is_negative = !add_back(part, y);
        quotient = quotient << 32 | digit;
    }
    integer_trim(x);
    return quotient;
}

/* Exact whole numbers of bounded size, for number.c alone. */
#ifndef WG_CORE_INTEGER_H
#define WG_CORE_INTEGER_H

#include <core/internal.h>

/* 10^1093, the largest denominator met (769 digits just above the least double), has 3631 bits;
 * what is divided by it has 54 more at most, and dividing shifts both by up to 31.               */
enum { WG__LIMB_COUNT = 120 };

typedef struct wg__integer {
    int count;
    uint32_t limb[WG__LIMB_COUNT];
} wg__integer;

/* None of these may outgrow the limbs: that is for the caller to know. Factors are not 0. */
void wg__integer_set(wg__integer *x, uint64_t value);
void wg__integer_multiply_add(wg__integer *x, uint32_t factor, uint32_t addend);
void wg__integer_multiply_power_of_ten(wg__integer *x, int power);
void wg__integer_shift(wg__integer *x, int bits); /* towards larger values */
void wg__integer_add(wg__integer *x, const wg__integer *y);
void wg__integer_subtract(wg__integer *x, const wg__integer *y);        /* x >= y */
int wg__integer_compare(const wg__integer *x, const wg__integer *y);   /* -1, 0, 1 */
int wg__integer_bits(const wg__integer *x);                            /* x > 0 */
/* The whole part of x / y, which must be below 2^64. x becomes the remainder; then both are shifted
 * alike, so that they stand to each other as before.                                             */
uint64_t wg__integer_divide(wg__integer *x, wg__integer *y);

#endif

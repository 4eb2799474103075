/* Angles too large for arithmetic in floating point: x = n pi/2 + high + low by integers alone
 * (Payne and Hanek 1983). Of the product of x with 2/pi all bits are dropped that are whole turns;
 * 192 bits of 2/pi from there on leave more than a double holds even where x is closest to a
 * multiple of pi/2. One element, the same bits everywhere.                                       */
#ifndef WG_OPS_KERNELS_ANGLE_H
#define WG_OPS_KERNELS_ANGLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The binary digits of 2/pi behind a word of zeros. */
static const uint64_t wg__two_over_pi[20] = {
    0,
    UINT64_C(0xA2F9836E4E441529), UINT64_C(0xFC2757D1F534DDC0), UINT64_C(0xDB6295993C439041),
    UINT64_C(0xFE5163ABDEBBC561), UINT64_C(0xB7246E3A424DD2E0), UINT64_C(0x06492EEA09D1921C),
    UINT64_C(0xFE1DEB1CB129A73E), UINT64_C(0xE88235F52EBB4484), UINT64_C(0xE99C7026B45F7E41),
    UINT64_C(0x3991D639835339F4), UINT64_C(0x9C845F8BBDF9283B), UINT64_C(0x1FF897FFDE05980F),
    UINT64_C(0xEF2F118B5A0A6D1F), UINT64_C(0x6D367ECF27CB09B7), UINT64_C(0x4F463F669E5FEA2D),
    UINT64_C(0x7527BAC7EBE5F17B), UINT64_C(0x3D0739F78A5292EA), UINT64_C(0x6BFB5FB11F8D5D08),
    UINT64_C(0x56033046FC7B6BAB),
};

/* The upper half of a product of 64 by 64 bits. */
static inline uint64_t wg__upper_product(uint64_t x, uint64_t y)
{
    const uint64_t x0 = x & UINT32_MAX, x1 = x >> 32, y0 = y & UINT32_MAX, y1 = y >> 32;
    const uint64_t cross = x1 * y0 + (x0 * y0 >> 32);
    return x1 * y1 + (cross >> 32) + ((x0 * y1 + (cross & UINT32_MAX)) >> 32);
}

/* 64 digits of 2/pi from this one on. */
static inline uint64_t wg__two_over_pi_digits(int first)
{
    const uint64_t *word = wg__two_over_pi + first / 64;
    const int shift = first % 64;
    return shift == 0 ? word[0] : word[0] << shift | word[1] >> (64 - shift);
}

typedef struct wg__angle { int64_t quarter; double high, low; } wg__angle;

/* For finite |x| >= 2^17: x = n pi/2 + high + low, n mod 4 in quarter, |high + low| <= pi/4. */
static wg__angle wg__angle_far(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint64_t significand = (bits & (UINT64_MAX >> 12)) | UINT64_C(1) << 52;
    const int exponent = (int)(bits >> 52 & 0x7FF) - 1075; /* |x| = significand 2^exponent */

    /* |x| / (2 pi) mod 1 as 192 bits, turn[0] on top; the table's first digit is worth 2^63. */
    const int first = exponent - 2 + 64;
    const uint64_t digits[3] = { wg__two_over_pi_digits(first), wg__two_over_pi_digits(first + 64),
                                 wg__two_over_pi_digits(first + 128) };
    uint64_t turn[3];
    turn[2] = significand * digits[2];
    const uint64_t carry = wg__upper_product(significand, digits[2]);
    turn[1] = significand * digits[1] + carry;
    turn[0] = significand * digits[0] + wg__upper_product(significand, digits[1]) +
              (turn[1] < carry);

    /* To the nearest quarter; what is left is signed, in the lower 190 bits, two of them free. */
    turn[0] += UINT64_C(1) << 61;
    const uint64_t quarter = turn[0] >> 62;
    turn[0] = (turn[0] & (UINT64_MAX >> 2)) - (UINT64_C(1) << 61);
    const bool is_negative = turn[0] >> 63 != 0;
    if (is_negative) {
        turn[2] = ~turn[2] + 1;
        turn[1] = ~turn[1] + (turn[2] == 0);
        turn[0] = ~turn[0] + (turn[1] == 0 && turn[2] == 0);
    }
    double unit = 0x1p-126; /* of turn[0] with turn[1] behind it, in quarters */
    while (turn[0] >> 63 == 0) {
        turn[0] = turn[0] << 1 | turn[1] >> 63;
        turn[1] = turn[1] << 1 | turn[2] >> 63;
        turn[2] <<= 1;
        unit *= 0.5;
    }
    /* Times pi/2, of which this is 2^63; the upper half has 63 bits or more. */
    const uint64_t product = wg__upper_product(turn[0], UINT64_C(0xC90FDAA22168C235));
    unit *= 0x1p+65;
    const bool turns_back = is_negative != (bits >> 63 != 0);
    const double high = (double)(product & ~UINT64_C(0x7FF)), low = (double)(product & 0x7FF);
    return (wg__angle){
        .quarter = (int64_t)(bits >> 63 != 0 ? (4 - quarter) & 3 : quarter),
        .high = turns_back ? -high * unit : high * unit,
        .low = turns_back ? -low * unit : low * unit,
    };
}

#endif

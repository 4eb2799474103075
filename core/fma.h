/* Fused multiply-add in software, for the levels without the instruction: the same bits, slower.
 *
 * A sum computed with more bits than the result and rounded to odd (the last bit is set if anything
 * was lost) may be rounded once more to the result without harm. Single precision takes the exact
 * product in double and such a sum. Double precision splits the product in two (Boldo and Melquiond
 * 2008); this needs exponents away from the ends of the range, and operands outside go through
 * integers.
 *
 * Part of simd.h for 128-bit vectors; includes nothing of its own.                               */
#ifndef WG_CORE_FMA_H
#define WG_CORE_FMA_H

/* s with its error e (s + e is exact, s rounded to nearest) -> s + e rounded to odd. e is NaN where
 * s is not finite: then s stays.                                                                 */
WG__WORD f64_v wg__round_to_odd(f64_v s, f64_v e)
{
    const i64_v one = i64_set(1);
    const i64_v bits = f64_bits(s);
    const i64_v is_even = i64_sub(i64_and(bits, one), one); /* all ones or zeros */
    const i64_v is_inexact = f64_bits(f64_lt(f64_set(0.0), f64_abs(e)));
    /* +1 moves away from zero: where the lost part has the sign of s. */
    const i64_v is_toward_zero = i64_shr(i64_xor(bits, f64_bits(e)), 63);
    const i64_v step = i64_sub(one, i64_add(is_toward_zero, is_toward_zero));
    return f64_from_bits(i64_add(bits, i64_and(step, i64_and(is_even, is_inexact))));
}

/* x + y in two parts: the rounded sum and what it lost (Knuth). */
WG__WORD f64_v wg__sum_error(f64_v x, f64_v y, f64_v sum)
{
    const f64_v part = f64_sub(sum, x);
    return f64_add(f64_sub(x, f64_sub(sum, part)), f64_sub(y, part));
}

/* What is long is called, not inlined; but the one of single precision is, on SSE2, where a file
 * asks by WG__FMA_INLINED: a matrix product would lose its registers at every call.              */
#if defined(__GNUC__)
#define WG__CALLED static __attribute__((noinline, unused))
#else
#define WG__CALLED static
#endif
#if defined(WG__FMA_INLINED) && !defined(WG_LEVEL_PORTABLE)
#define WG__CALLED_F32 WG__WORD
#else
#define WG__CALLED_F32 WG__CALLED
#endif

WG__WORD f64_v wg__fma_odd(f64_v x, f64_v y, f64_v z)
{
    const f64_v product = f64_mul(x, y); /* exact: 24 bits times 24 bits */
    const f64_v sum = f64_add(product, z);
    return wg__round_to_odd(sum, wg__sum_error(product, z, sum));
}

WG__CALLED_F32 f32_v f32_fma(f32_v x, f32_v y, f32_v z)
{
    const f64_v low = wg__fma_odd(simde_mm_cvtps_pd(x), simde_mm_cvtps_pd(y), simde_mm_cvtps_pd(z));
    const f64_v high = wg__fma_odd(simde_mm_cvtps_pd(simde_mm_movehl_ps(x, x)),
                                   simde_mm_cvtps_pd(simde_mm_movehl_ps(y, y)),
                                   simde_mm_cvtps_pd(simde_mm_movehl_ps(z, z)));
    return simde_mm_movelh_ps(simde_mm_cvtpd_ps(low), simde_mm_cvtpd_ps(high));
}

/* ---- double precision through integers, one element ---- */

typedef struct wg__wide { uint64_t high, low; } wg__wide;

static inline int wg__width(uint64_t x) /* bits up to the highest set one; 0 for 0 */
{
    int width = 0;
    for (int step = 32; step > 0; step /= 2) {
        if (x >> step == 0) continue;
        x >>= step;
        width += step;
    }
    return width + (x != 0);
}

static inline wg__wide wg__wide_product(uint64_t x, uint64_t y)
{
    const uint64_t x0 = x & UINT32_MAX, x1 = x >> 32, y0 = y & UINT32_MAX, y1 = y >> 32;
    const uint64_t cross = x1 * y0 + ((x0 * y0) >> 32);
    const uint64_t middle = x0 * y1 + (cross & UINT32_MAX);
    return (wg__wide){ x1 * y1 + (cross >> 32) + (middle >> 32), x * y };
}

static inline wg__wide wg__wide_left(wg__wide x, int count)
{
    if (count == 0) return x;
    if (count >= 64) return (wg__wide){ x.low << (count - 64), 0 };
    return (wg__wide){ x.high << count | x.low >> (64 - count), x.low << count };
}

/* Whatever falls out sets the last bit. */
static inline wg__wide wg__wide_right_sticky(wg__wide x, int count)
{
    if (count == 0) return x;
    if (count >= 128) return (wg__wide){ 0, (x.high | x.low) != 0 };
    const wg__wide lost = wg__wide_left(x, 128 - count);
    const wg__wide kept = count >= 64 ? (wg__wide){ 0, x.high >> (count - 64) }
                                      : (wg__wide){ x.high >> count,
                                                    x.low >> count | x.high << (64 - count) };
    return (wg__wide){ kept.high, kept.low | ((lost.high | lost.low) != 0) };
}

/* |x| = significand * 2^exponent, x finite; the significand is 0 or has 53 bits. */
static inline uint64_t wg__significand(uint64_t bits, int *exponent)
{
    const int field = (int)(bits >> 52 & 0x7FF);
    uint64_t significand = bits & (UINT64_MAX >> 12);
    *exponent = field == 0 ? -1074 : field - 1075;
    if (field != 0) return significand | UINT64_C(1) << 52;
    if (significand == 0) return 0;
    const int shift = 53 - wg__width(significand);
    *exponent -= shift;
    return significand << shift;
}

/* m * 2^exponent to the nearest double, ties to even; m not zero, its last bit may be sticky. */
static inline uint64_t wg__round_wide(wg__wide m, int exponent)
{
    const int width = m.high != 0 ? 64 + wg__width(m.high) : wg__width(m.low);
    m = wg__wide_left(m, 128 - width); /* value in [2^127, 2^128) 2^(exponent - 128 + width) */
    const int field = exponent + width + 1022;
    if (field >= 2047) return UINT64_C(0x7FF) << 52;
    /* Keep 53 bits, or as many as a subnormal has. */
    const int lost = field > 0 ? 73 : field > -60 ? 74 - field : 134;
    const wg__wide cut = wg__wide_right_sticky(m, lost);
    const uint64_t kept = cut.low >> 2;
    const uint64_t rounded = kept + ((cut.low & 3) > 2 || ((cut.low & 3) == 2 && (kept & 1) != 0));
    /* The leading bit of a normal number, or a carry, adds one to the exponent field. */
    return field > 0 ? ((uint64_t)(field - 1) << 52) + rounded : rounded;
}

static inline double wg__fma_scalar(double x, double y, double z)
{
    uint64_t bits[3];
    memcpy(&bits[0], &x, 8);
    memcpy(&bits[1], &y, 8);
    memcpy(&bits[2], &z, 8);
    const uint64_t infinity = UINT64_C(0x7FF) << 52, sign = UINT64_C(1) << 63;
    const uint64_t magnitude_x = bits[0] & ~sign, magnitude_y = bits[1] & ~sign;
    const bool is_exact = magnitude_x == 0 || magnitude_y == 0;
    if (is_exact || magnitude_x >= infinity || magnitude_y >= infinity) return x * y + z;
    if ((bits[2] & ~sign) >= infinity) return z + z;

    int exponent_x, exponent_y, exponent_z;
    const uint64_t significand_x = wg__significand(bits[0], &exponent_x);
    const uint64_t significand_y = wg__significand(bits[1], &exponent_y);
    const uint64_t significand_z = wg__significand(bits[2], &exponent_z);
    /* Both terms get their leading bit near 2^125, so a sum has room and a shift loses only bits
     * far below the result's last one.                                                           */
    wg__wide larger = wg__wide_left(wg__wide_product(significand_x, significand_y), 20);
    wg__wide smaller = wg__wide_left((wg__wide){ 0, significand_z }, 73);
    int exponent = exponent_x + exponent_y - 20, exponent_smaller = exponent_z - 73;
    uint64_t sign_larger = (bits[0] ^ bits[1]) & sign, sign_smaller = bits[2] & sign;
    if (significand_z == 0) exponent_smaller = exponent;
    if (exponent_smaller > exponent) {
        const wg__wide m = larger;
        const int e = exponent;
        const uint64_t s = sign_larger;
        larger = smaller, exponent = exponent_smaller, sign_larger = sign_smaller;
        smaller = m, exponent_smaller = e, sign_smaller = s;
    }
    smaller = wg__wide_right_sticky(smaller, exponent - exponent_smaller);

    wg__wide sum;
    if (sign_larger == sign_smaller) {
        sum.low = larger.low + smaller.low;
        sum.high = larger.high + smaller.high + (sum.low < larger.low);
    } else {
        const bool is_less = larger.high < smaller.high ||
                             (larger.high == smaller.high && larger.low < smaller.low);
        const wg__wide a = is_less ? smaller : larger, b = is_less ? larger : smaller;
        sum.low = a.low - b.low;
        sum.high = a.high - b.high - (a.low < b.low);
        if (is_less) sign_larger = sign_smaller;
        if ((sum.high | sum.low) == 0) return 0.0;
    }
    const uint64_t result = wg__round_wide(sum, exponent) | sign_larger;
    double r;
    memcpy(&r, &result, 8);
    return r;
}

static inline f64_v wg__fma_lanes(f64_v x, f64_v y, f64_v z)
{
    double lane[3][F64_LANES];
    f64_store(lane[0], x);
    f64_store(lane[1], y);
    f64_store(lane[2], z);
    for (int i = 0; i < F64_LANES; i++) {
        lane[0][i] = wg__fma_scalar(lane[0][i], lane[1][i], lane[2][i]);
    }
    return f64_load(lane[0]);
}

/* x = high + low with 26 bits each (Veltkamp). */
WG__WORD f64_v wg__high_half(f64_v x)
{
    const f64_v scaled = f64_mul(x, f64_set(134217729.0)); /* 2^27 + 1 */
    return f64_sub(scaled, f64_sub(scaled, x));
}

WG__WORD f64_v wg__fma_in_range(f64_v x, f64_v y, f64_v z)
{
    const f64_v product = f64_mul(x, y);
    const f64_v x_high = wg__high_half(x), x_low = f64_sub(x, x_high);
    const f64_v y_high = wg__high_half(y), y_low = f64_sub(y, y_high);
    f64_v lost = f64_sub(f64_mul(x_high, y_high), product);
    lost = f64_add(f64_add(lost, f64_mul(x_high, y_low)), f64_mul(x_low, y_high));
    lost = f64_add(lost, f64_mul(x_low, y_low));
    /* product + lost + z: the small parts first, each sum exact in two. */
    const f64_v small = f64_add(z, lost), small_lost = wg__sum_error(z, lost, small);
    const f64_v sum = f64_add(product, small), sum_lost = wg__sum_error(product, small, sum);
    const f64_v tail = f64_add(small_lost, sum_lost);
    return f64_add(sum, wg__round_to_odd(tail, wg__sum_error(small_lost, sum_lost, tail)));
}

/* Exponent within +-400: products and their errors then stay normal. */
WG__WORD f64_m wg__is_in_range(f64_v x)
{
    const f64_v a = f64_abs(x);
    return f64_m_and(f64_lt(f64_set(0x1p-400), a), f64_lt(a, f64_set(0x1p+400)));
}

WG__CALLED f64_v f64_fma(f64_v x, f64_v y, f64_v z)
{
    const f64_v zero = f64_set(0.0);
    const f64_m product_fits = f64_m_and(wg__is_in_range(x), wg__is_in_range(y));
    const f64_m z_fits = f64_m_or(wg__is_in_range(z), f64_eq(z, zero));
    const f64_m fits = f64_m_and(product_fits, z_fits);
    /* A zero factor makes the product exact; two roundings are then one. */
    const f64_m is_zero = f64_m_or(f64_eq(x, zero), f64_eq(y, zero));
    if (f64_m_bits(f64_m_or(fits, is_zero)) != (1u << F64_LANES) - 1u) {
        return wg__fma_lanes(x, y, z);
    }
    const f64_v plain = f64_add(f64_mul(x, y), z);
    return f64_select(is_zero, plain, wg__fma_in_range(x, y, z));
}

#endif

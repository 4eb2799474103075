/* log-gamma and its derivatives, polygamma functions, of every order, in words of f64 alone; f32 is
 * the same, rounded.
 *
 * With s = order + 1, polygamma(order, x) = (-1)^s order! sum_k (x + k)^-s. So all orders are one
 * function, which for s = 1 and s = 0, where the sum has no limit, stands for what is left without
 * its infinite part: minus digamma, and log-gamma:
 *
 *   zeta(x) = sum_(k < N) (x + k)^-s + X^-s (X / order + 1/2 + sum_j c_j X^(1 - 2 j)),  X = x + N
 *
 * (Euler and Maclaurin), where -log X stands for X / order if s = 1. On the left the terms of both
 * directions from the whole number next to x, f away, are all terms there are:
 *
 *   zeta(x) = f^-s + zeta(1 + f) + (-1)^s (zeta(1 - f) - zeta(1 - x))
 *
 * Sums are taken in two parts, so that what cancels near a root is far below the last place of the
 * largest addend. Powers are counted in the power of two of |f| or x, and by n! in two factors, so
 * that none leaves the range unless the result does.
 *
 * Source: DLMF 5.7, 5.11, 5.15, 25.11.                                                           */
#ifndef WG_OPS_KERNELS_GAMMA_H
#define WG_OPS_KERNELS_GAMMA_H

#include "ops/kernels/math.h"

#define K(x) f64_set(x)

enum { GAMMA_TERMS = 12 };
#define GAMMA_LEAST 0x1p-512       /* any order above 0 is infinite below */
#define EXPONENTS   (INT64_C(0x7FF) << 52)

typedef struct wg__gamma {
    int order;
    double threshold;              /* from here on the series in 1 / X is as good as exact */
    double c[GAMMA_TERMS];
    f64_pair factorial;            /* order! = factorial 2^exponent, 1 <= factorial < 2 */
    double exponent;
} wg__gamma;

/* ---- numbers in two parts ---- */

static f64_pair pair_of_sum(f64_v x, f64_v y)
{
    const f64_v head = v_add(x, y), part = v_sub(head, x);
    return (f64_pair){ head, v_add(v_sub(x, v_sub(head, part)), v_sub(y, part)) };
}

static f64_pair pair_add(f64_pair x, f64_pair y)
{
    const f64_pair sum = pair_of_sum(x.head, y.head);
    const f64_v rest = v_add(sum.rest, v_add(x.rest, y.rest)), head = v_add(sum.head, rest);
    return (f64_pair){ head, v_sub(rest, v_sub(head, sum.head)) };
}

static f64_pair pair_neg(f64_pair x)
{
    return (f64_pair){ v_neg(x.head), v_neg(x.rest) };
}

static f64_pair pair_times(f64_pair x, f64_v factor) /* a power of two */
{
    return (f64_pair){ v_mul(x.head, factor), v_mul(x.rest, factor) };
}

static f64_pair pair_mul(f64_pair x, f64_pair y)
{
    const f64_v product = v_mul(x.head, y.head), lost = v_fma(x.head, y.head, v_neg(product));
    const f64_v rest = v_fma(x.head, y.rest, v_fma(x.rest, y.head, lost));
    const f64_v head = v_add(product, rest);
    return (f64_pair){ head, v_sub(rest, v_sub(head, product)) };
}

static f64_pair pair_div(f64_pair x, f64_pair y)
{
    const f64_v head = v_div(x.head, y.head);
    const f64_v left = v_fnma(head, y.rest, v_add(v_fnma(head, y.head, x.head), x.rest));
    return (f64_pair){ head, v_div(left, y.head) };
}

static f64_pair pair_select(f64_m m, f64_pair x, f64_pair y)
{
    return (f64_pair){ v_select(m, x.head, y.head), v_select(m, x.rest, y.rest) };
}

static f64_pair pair_of(double head, double rest)
{
    return (f64_pair){ K(head), K(rest) };
}

static f64_pair pair_power(f64_pair x, int power)
{
    f64_pair r = pair_of(1, 0);
    for (; power > 0; power /= 2) {
        if (power % 2 != 0) r = pair_mul(r, x);
        if (power > 1) x = pair_mul(x, x);
    }
    return r;
}

/* Of a positive number in two parts, the second far below the first. */
static f64_pair pair_log(f64_pair x)
{
    const f64_pair log = f64_log_pair(x.head);
    const f64_v rest = v_add(log.rest, v_div(x.rest, x.head)), head = v_add(log.head, rest);
    return (f64_pair){ head, v_sub(rest, v_sub(head, log.head)) };
}

/* ---- what depends on the order alone ---- */

static wg__gamma gamma_of(int order)
{
    static const double bernoulli[GAMMA_TERMS] = {        /* B_2j / (2 j)! */
        0x1.5555555555555p-4,   -0x1.6c16c16c16c17p-10, 0x1.1566abc011567p-15,
        -0x1.bbd779334ef0bp-21, 0x1.66a8f2bf70ebep-26,  -0x1.22805d644267fp-31,
        0x1.d6db2c4e09162p-37,  -0x1.7da4e1f79955cp-42, 0x1.355871d652e9ep-47,
        -0x1.f57d968caacf1p-53, 0x1.967e1f09c376fp-58,  -0x1.497d9033a2b5cp-63,
    };
    /* At the threshold the first term left out is below 2^-59 of the series, for every order. */
    wg__gamma gamma = { .order = order, .threshold = 8 + 0.85 * (order + 1) };
    double rising = order < 0 ? 1 : order + 1;             /* s (s + 1) ... (s + 2 j - 2) */
    for (int j = 0; j < GAMMA_TERMS; j++) {
        gamma.c[j] = bernoulli[j] * rising;
        rising *= (double)(order + 2 * j + 2) * (order + 2 * j + 3);
    }
    gamma.factorial = pair_of(1, 0);
    for (int i = 2; i <= order; i++) {
        double head[F64_LANES];
        gamma.factorial = pair_mul(gamma.factorial, pair_of(i, 0));
        for (f64_store(head, gamma.factorial.head); head[0] >= 2; head[0] /= 2) {
            gamma.factorial = pair_times(gamma.factorial, K(0.5));
            gamma.exponent += 1;
        }
    }
    return gamma;
}

/* ---- on the right ---- */

/* 1/2 + sum_j c_j X^(1 - 2 j) */
static f64_pair gamma_series(const wg__gamma *gamma, f64_v x)
{
    const f64_v inverse = v_div(K(1), x), square = v_mul(inverse, inverse);
    f64_v sum = K(gamma->c[GAMMA_TERMS - 1]);
    for (int j = GAMMA_TERMS - 2; j >= 0; j--) sum = v_fma(sum, square, K(gamma->c[j]));
    return pair_of_sum(K(0.5), v_mul(sum, inverse));
}

/* order 0 and -1 at X; factors: the product of x to X - 1. */
static f64_pair gamma_logarithmic(const wg__gamma *gamma, f64_pair x, f64_pair factors)
{
    const f64_pair log = pair_log(x), series = gamma_series(gamma, x.head);
    if (gamma->order == 0) return pair_add(pair_div(series, x), pair_neg(log));
    /* X log X overflows beyond what log-gamma has a number for. */
    const f64_pair half_log_2pi = pair_of(0x1.d67f1c864beb5p-1, -0x1.65b5a1b7ff5dfp-55);
    const f64_pair less = pair_add(log, pair_of(-1, 0));
    const f64_pair product = pair_mul(x, less);
    const f64_pair sum = pair_add(pair_add(product, pair_times(log, K(-0.5))), half_log_2pi);
    const f64_pair stirling = pair_add(sum, pair_add(series, pair_of(-0.5, 0)));
    return pair_add(stirling, pair_neg(pair_log(factors)));
}

/* zeta(x) of positive x; of order 1 and more times (1 / unit)^order, for a unit near 1 / x. */
static f64_pair gamma_zeta(const wg__gamma *gamma, f64_pair x, f64_v unit)
{
    const int power = gamma->order + 1;
    f64_pair sum = pair_of(0, 0), factors = pair_of(1, 0);
    for (f64_m is_near = v_lt(x.head, K(gamma->threshold)); f64_m_bits(is_near) != 0;
         is_near = v_lt(x.head, K(gamma->threshold))) {
        if (power == 0) {
            factors = pair_select(is_near, pair_mul(factors, x), factors);
        } else {
            const f64_pair one = pair_div(pair_of(1, 0), pair_times(x, unit));
            const f64_pair term = pair_times(pair_power(one, power), unit);
            sum = pair_select(is_near, pair_add(sum, term), sum);
        }
        x = pair_select(is_near, pair_add(x, pair_of(1, 0)), x);
    }
    if (power < 2) return pair_add(sum, gamma_logarithmic(gamma, x, factors));
    const f64_pair base = pair_times(x, unit), series = gamma_series(gamma, x.head);
    const f64_pair lead = pair_div(base, pair_of(gamma->order, 0));
    const f64_pair rest = pair_add(lead, pair_times(series, unit));
    const f64_pair scale = pair_power(pair_div(pair_of(1, 0), base), power);
    return pair_add(sum, pair_mul(scale, rest));
}

/* log-gamma from 1/2 to 5/2: by its power series at 2, so that it has all its digits at both
 * roots.                                                                                         */
static f64_v gamma_log_near(f64_v x)
{
    const f64_m is_left = v_lt(x, K(1.5));
    const f64_v z = v_sub(x, v_select(is_left, K(1), K(2)));
    const f64_v slope = K(0x1.b0ee6072093cep-2), slope_rest = K(0x1.6cb90701fbfabp-58);
    const f64_v line = v_mul(z, slope);
    const f64_v lost = v_fma(z, slope_rest, v_fma(z, slope, v_neg(line)));
    enum { LAST = (int)(sizeof f64_gamma_c / sizeof *f64_gamma_c) - 1 };
    f64_v above = K(f64_gamma_c[LAST]);
    for (int j = LAST - 1; j > 0; j--) above = v_fma(above, z, K(f64_gamma_c[j]));
    const f64_pair curve = pair_of_sum(K(f64_gamma_c[0]), v_mul(above, z));
    const f64_v square = v_mul(z, z);
    const f64_pair bent = pair_mul((f64_pair){ square, v_fma(z, z, v_neg(square)) }, curve);
    const f64_pair at_2 = pair_add((f64_pair){ line, lost }, bent);
    const f64_pair log = pair_select(is_left, f64_log_pair(x), pair_of(0, 0));
    const f64_pair r = pair_add(at_2, pair_neg(log));
    return v_add(r.head, r.rest);
}

/* ---- everywhere ---- */

/* zeta(x) of negative x, f from the next whole number. */
static WG__SELDOM f64_pair gamma_left(const wg__gamma *gamma, f64_v x, f64_v f, f64_v unit)
{
    const int power = gamma->order + 1;
    const f64_pair above = gamma_zeta(gamma, pair_of_sum(K(1), f), unit);
    const f64_pair below = gamma_zeta(gamma, pair_of_sum(K(1), v_neg(f)), unit);
    const f64_pair beyond = gamma_zeta(gamma, pair_of_sum(K(1), v_neg(x)), unit);
    const f64_pair part = pair_add(below, pair_neg(beyond));
    const f64_pair other = pair_add(above, power % 2 != 0 ? pair_neg(part) : part);
    if (power == 0) return pair_add(other, pair_neg(f64_log_pair(f)));
    const f64_pair scaled = { v_mul(f, unit), K(0) };
    const f64_pair term = pair_power(pair_div(pair_of(1, 0), scaled), power);
    return pair_add(other, pair_times(term, unit));
}

/* Where there is no series: next to 0, whole numbers below, infinities, NaN. */
static f64_v gamma_ends(int order, f64_v r, f64_v x, f64_v f)
{
    const bool is_odd = order >= 0 && order % 2 == 0; /* as 1 / x is, of which it is a derivative */
    const f64_v infinity = K(INFINITY), inverse = v_div(K(-1), x);
    f64_v next = is_odd ? v_with_sign_of(infinity, inverse) : infinity;
    if (order == 0) next = inverse;
    if (order < 0) next = v_neg(f64_log(v_abs(x)));
    r = v_select(v_lt(v_abs(x), K(GAMMA_LEAST)), next, r);
    const f64_m is_pole = f64_m_and(v_eq(f, K(0)), v_lt(x, K(0)));
    r = v_select(is_pole, is_odd ? K(NAN) : infinity, r);
    /* Beyond the largest x that has a log-gamma. */
    if (order < 0) r = v_select(v_lt(K(0x1.754d9278b51a7p1014), x), infinity, r);
    if (order == 0) r = v_select(v_eq(x, infinity), infinity, r);
    if (order > 0) r = v_select(v_eq(x, infinity), K(is_odd ? -0.0 : 0.0), r);
    r = v_select(v_eq(x, v_neg(infinity)), order < 0 ? infinity : K(NAN), r);
    return v_select(v_eq(x, x), r, x);
}

/* n! (2^e)^-n zeta with its sign, where 2^e is the power of two that zeta was counted in. */
static f64_v gamma_scaled(const wg__gamma *gamma, f64_pair zeta, f64_v power_of_two)
{
    const f64_v bits = f64_from_bits(i64_add(i64_shr(f64_bits(power_of_two), 52),
                                             f64_bits(K(0x1.8p52))));
    const f64_v e = v_sub(bits, K(0x1.8p52 + 1023));
    const f64_v n = v_fnma(K(gamma->order), e, K(gamma->exponent));
    const f64_v r = pair_mul(zeta, gamma->factorial).head;
    const f64_v scaled = v_scale(r, v_clamp(n, -2040, 2040));
    return gamma->order % 2 == 0 ? v_neg(scaled) : scaled;
}

static f64_v gamma_value(const wg__gamma *gamma, f64_v x)
{
    const int order = gamma->order;
    const f64_v f = v_sub(x, f64_round(x));
    const f64_m is_left = v_lt(x, K(0)), is_least = v_lt(v_abs(x), K(GAMMA_LEAST));
    const f64_v held = v_select(is_least, v_with_sign_of(K(GAMMA_LEAST), x), x);
    const f64_v held_f = v_select(is_least, held, f);
    const f64_v size = v_clamp(v_abs(v_select(is_left, held_f, held)), GAMMA_LEAST, 0x1p1000);
    const f64_v power_of_two = f64_from_bits(i64_and(f64_bits(size), i64_set(EXPONENTS)));
    const f64_v unit = order > 0 ? v_div(K(1), power_of_two) : K(1);

    f64_pair zeta = gamma_zeta(gamma, (f64_pair){ v_select(is_left, K(1), held), K(0) }, unit);
    if (f64_m_bits(is_left) != 0) {
        const f64_v left = v_select(is_left, held, K(-0.25));
        const f64_v left_f = v_select(is_left, held_f, K(-0.25));
        zeta = pair_select(is_left, gamma_left(gamma, left, left_f, unit), zeta);
    }
    f64_v r = order < 1 ? zeta.head : gamma_scaled(gamma, zeta, power_of_two);
    if (order == 0) r = v_neg(r);
    const f64_m is_near = f64_m_and(v_lt(K(0.5), x), v_lt(x, K(2.5)));
    if (order < 0 && f64_m_bits(is_near) != 0) r = v_select(is_near, gamma_log_near(x), r);
    return gamma_ends(order, r, x, f);
}

#undef K
#undef GAMMA_LEAST
#undef EXPONENTS
#endif

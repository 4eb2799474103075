/* The vector functions of one format. math.h includes this for f32 and for f64, and says before
 * what F (words of the format), B (its bits) and the constants are.
 *
 * Three reductions carry everything: exp(x) = 2^n (1 + p), log(x) = n log 2 + log(1 + f), and an
 * angle x = n pi/2 + r. Functions that could share work are built on the same one. Arguments that
 * need more than this, and are few, are served by a call of their own: a whole vector asks once. */

#define V F(v)
#define M F(m)
enum { F(lane_count) = sizeof(V) / sizeof(ELEMENT) };

/* Horner, from the highest power down. */
WG__WORD V F(poly)(V x, const ELEMENT *c, int count)
{
    V r = F(set)(c[count - 1]);
    WG__UNROLL
    for (int j = count - 2; j >= 0; j--) r = v_fma(r, x, F(set)(c[j]));
    return r;
}
#define POLY(x, table) F(poly)(x, F(table), (int)(sizeof F(table) / sizeof *F(table)))

WG__WORD bool F(all)(M m)
{
    return F(m_bits)(m) == (1u << F(lane_count)) - 1u;
}

/* 2^n for whole n in the normal range. */
WG__WORD V F(power_of_two)(V n)
{
    const B(v) exponent = B(shl)(F(bits)(v_add(n, MAGIC)), FRACTION);
    return F(from_bits)(B(add)(exponent, F(bits)(K(1))));
}

/* 1 with the sign of x; zeros and NaN are their own. */
WG__WORD V F(sign)(V x)
{
    return v_select(v_lt(K(0), v_abs(x)), v_with_sign_of(K(1), x), x);
}

/* ---- whole parts: exact ---- */

/* From here on every number is whole. */
#define ALL_WHOLE K(INT64_C(1) << FRACTION)

/* Half to even, as the sum with so large a number is rounded. */
WG__WORD V F(round)(V x)
{
    const V a = v_abs(x), r = v_with_sign_of(v_sub(v_add(a, ALL_WHOLE), ALL_WHOLE), x);
    return v_select(v_lt(a, ALL_WHOLE), r, x);
}

WG__WORD V F(floor)(V x)
{
    const V r = F(round)(x);
    return v_select(v_lt(x, r), v_sub(r, K(1)), r);
}

/* x - n y for 0 <= x < 2^FRACTION y, or nearly so. The rounded quotient may be one too large, never
 * too small: then the difference is negative, and exact as well.                                 */
WG__WORD V F(rem_near)(V x, V y)
{
    const V r = v_fnma(F(floor)(v_div(x, y)), y, x);
    const V above = v_select(v_lt(r, K(0)), v_add(r, y), r);
    return v_select(v_lt(x, y), x, above);
}

/* Where y can still grow by 2^FRACTION and not pass x. */
WG__WORD M F(is_far)(V x, V y)
{
    const M fits = v_le(v_mul(y, ALL_WHOLE), x);
    return F(m_and)(fits, F(m_and)(v_lt(x, K(INFINITY)), v_lt(K(0), y)));
}

/* Remainders by 2^k y on the way to that by y: y divides them all, and 2^k y is exact. */
WG__SELDOM static V F(rem_far)(V x, V y)
{
    V z = y;
    for (M far = F(is_far)(x, z); F(m_bits)(far) != 0; far = F(is_far)(x, z))
        z = v_select(far, v_mul(z, ALL_WHOLE), z);
    for (M is_above = v_lt(y, z); F(m_bits)(is_above) != 0; is_above = v_lt(y, z)) {
        x = v_select(is_above, F(rem_near)(x, z), x);
        z = v_select(is_above, v_div(z, ALL_WHOLE), z);
    }
    return F(rem_near)(x, z);
}

WG__WORD V F(rem)(V x, V y)
{
    const V a = v_abs(x), b = v_abs(y);
    const bool is_near = F(m_bits)(F(is_far)(a, b)) == 0;
    return v_with_sign_of(is_near ? F(rem_near)(a, b) : F(rem_far)(a, b), x);
}
#undef ALL_WHOLE

/* Two roundings: at most one and a half units. */
WG__WORD V F(rsqrt)(V x)
{
    return v_div(K(1), v_sqrt(x));
}

/* ---- exponentials ---- */

typedef struct F(reduced) { V n, r, low; } F(reduced);

/* x = n log 2 + r + low, |r| a hair above log(2) / 2 at most. The first step is exact: a difference
 * of multiples of one power of two that fits the format. low is what r was rounded by.           */
WG__WORD F(reduced) F(reduce)(V x)
{
    const V n = v_sub(v_fma(x, LOG2_E, MAGIC), MAGIC);
    const V first = v_fnma(n, LN2, x), r = v_fnma(n, LN2_REST, first);
    return (F(reduced)){ n, r, v_fnma(n, LN2_REST, v_sub(first, r)) };
}

/* (exp(r) - 1 - r) / r^2 */
WG__WORD V F(exp_tail)(V r)
{
    return v_fma(POLY(r, exp_c), r, K(0.5));
}

/* exp(r) - 1 */
WG__WORD V F(exp_rest)(V r)
{
    return v_fma(v_mul(r, r), F(exp_tail)(r), r);
}

/* exp(r + low) - 1, where it is to be right to little more than its last rounding. */
WG__WORD V F(exp_rest_low)(V r, V low)
{
    return v_add(r, v_fma(v_mul(r, r), F(exp_tail)(r), low));
}

WG__WORD V F(exp)(V x)
{
    const F(reduced) a = F(reduce)(v_clamp(x, EXP_LOW, EXP_HIGH));
    return v_scale(v_add(F(exp_rest)(a.r), K(1)), a.n);
}

/* 2^n p + (2^n - 1): p alone where n is 0, and no cancellation elsewhere. */
WG__WORD V F(expm1)(V x)
{
    const F(reduced) a = F(reduce)(v_clamp(x, EXPM1_LOW, EXP_HIGH));
    const V p = F(exp_rest_low)(a.r, a.low), power = F(power_of_two)(a.n);
    const V small = v_fma(power, p, v_sub(power, K(1)));
    /* From 60 on the 1 is far below the last place, and 2^n may overflow before its product. */
    const V r = v_select(v_lt(K(60), x), v_scale(v_add(p, K(1)), a.n), small);
    return v_with_sign_of(r, x); /* for zeros */
}

/* exp(r + low) - 1 as head and rest, whose sum is right to a small part of a unit. */
typedef struct F(pair) { V head, rest; } F(pair);
WG__WORD F(pair) F(exp_pair)(V r, V low)
{
    const V tail = v_fma(v_mul(r, r), F(exp_tail)(r), low), head = v_add(r, tail);
    return (F(pair)){ head, v_sub(tail, v_sub(head, r)) };
}

/* e / (1 + e) for x < 0, 1 less that else, where e = exp(-|x|) never overflows. Both e and 1 + e
 * are taken in two parts, and the quotient gets what its first rounding left.                    */
WG__WORD V F(logistic)(V x)
{
    const F(reduced) a = F(reduce)(v_clamp(v_neg(v_abs(x)), EXP_LOW, 0));
    const F(pair) p = F(exp_pair)(a.r, a.low);
    const V sum = v_add(p.head, K(1)), lost = v_add(v_sub(p.head, v_sub(sum, K(1))), p.rest);
    const V e = v_scale(sum, a.n), e_low = v_scale(lost, a.n);
    const V below = v_add(e, K(1)), below_low = v_sub(e, v_sub(below, K(1)));
    const V q = v_div(e, below);
    const V left = v_fnma(q, v_add(below_low, e_low), v_add(v_fnma(q, below, e), e_low));
    const V r = v_fma(left, v_sub(K(1), q), q); /* 1 - q is 1 / (1 + e) */
    return v_select(v_lt(x, K(0)), r, v_sub(K(1), r));
}

/* tanh |x| = u / (2 - u), u = 1 - exp(-2 |x|), both in two parts. */
WG__WORD V F(tanh)(V x)
{
    /* Reduced as logistic(2 x) is, beside which it is often wanted. Below 2^-100 e is nothing. */
    const F(reduced) b = F(reduce)(v_clamp(v_neg(v_abs(v_add(x, x))), EXP_LOW, 0));
    const F(pair) p = F(exp_pair)(b.r, b.low);
    const V power = F(power_of_two)(v_clamp(b.n, -100, 0)), part = v_sub(K(1), power);
    const V u = v_fnma(power, p.head, part);
    const V u_low = v_fnma(power, p.rest, v_fnma(power, p.head, v_sub(part, u)));
    const V below = v_sub(K(2), u), below_low = v_sub(v_sub(v_sub(K(2), below), u), u_low);
    const V q = v_div(u, below);
    const V left = v_fnma(q, below_low, v_add(v_fnma(q, below, u), u_low));
    const V r = v_fma(left, v_fma(q, K(0.5), K(0.5)), q); /* (1 + q) / 2 is 1 / (2 - u) */
    return v_with_sign_of(r, x);
}

/* ---- logarithms ---- */

/* log(1 + f) - f for f from sqrt(1/2) - 1 to sqrt(2) - 1. */
WG__WORD V F(log_rest)(V f)
{
    const V square = v_mul(f, f);
#if FRACTION == 23
    return v_mul(square, v_fma(POLY(f, log_c), f, K(-0.5)));
#else /* the series in the quotient needs so many terms less that its division pays */
    const V s = v_div(f, v_add(f, K(2)));
    const V half = v_mul(square, K(0.5)), z = v_mul(s, s);
    return v_sub(v_mul(s, v_fma(z, POLY(z, log_c), half)), half);
#endif
}

/* log(w) - shift log 2 + c for positive, normal, finite w and small c. */
WG__WORD V F(log_sum)(V w, V shift, V c)
{
    /* w = 2^k m, m from sqrt(1/2) to sqrt(2); the bias keeps the exponent positive when cut. */
    const B(v) root = F(bits)(SQRT_HALF);
    const B(v) above_root = B(add)(F(bits)(w), B(sub)(F(bits)(K(1)), root));
    const B(v) exponent = B(add)(B(shr)(above_root, FRACTION), F(bits)(MAGIC));
    const V k = v_sub(v_sub(F(from_bits)(exponent), K(MAGIC_PLUS_BIAS)), shift);
    const B(v) fraction = B(and)(above_root, B(set)(((INTEGER)1 << FRACTION) - 1));
    const V f = v_sub(F(from_bits)(B(add)(fraction, root)), K(1)); /* exact */
    const V rest = v_add(F(log_rest)(f), v_fma(k, LN2_REST, c));
    return v_fma(k, LN2, v_add(f, rest));
}

/* r where 0 < w < infinity, else the logarithm's value there. */
WG__WORD V F(log_ends)(V r, V w)
{
    const M is_inside = F(m_and)(v_lt(K(0), w), v_lt(w, K(INFINITY)));
    const V below = v_select(v_lt(w, K(0)), K(NAN), w);
    return v_select(is_inside, r, v_select(v_eq(w, K(0)), K(-INFINITY), below));
}

/* r where x is positive, normal and finite, else log(x). */
static WG__SELDOM V F(log_seldom)(V r, V x)
{
    const V w = v_mul(x, K((INTEGER)1 << FRACTION));
    const V subnormal = F(log_sum)(w, K(FRACTION), K(0));
    return F(log_ends)(v_select(v_lt(x, NORMAL_LOW), subnormal, r), x);
}

WG__WORD V F(log)(V x)
{
    const V r = F(log_sum)(x, K(0), K(0));
    const M is_usual = F(m_and)(v_le(NORMAL_LOW, x), v_lt(x, K(INFINITY)));
    return F(all)(is_usual) ? r : F(log_seldom)(r, x);
}

/* log(w) + lost / w, where w + lost is 1 + x exactly (Knuth's sum). */
WG__WORD V F(log1p)(V x)
{
    const V w = v_add(x, K(1)), part = v_sub(w, K(1));
    const V lost = v_add(v_sub(K(1), v_sub(w, part)), v_sub(x, part));
    V r = F(log_sum)(w, K(0), v_div(lost, w));
    const M is_usual = F(m_and)(v_lt(K(0), w), v_lt(w, K(INFINITY)));
    if (!F(all)(is_usual)) r = F(log_ends)(r, w);
    return v_with_sign_of(r, x); /* for zeros */
}

/* max(x, y) + log(1 + exp(-|x - y|)); equal infinities have no difference to take. What the
 * difference was rounded by (Knuth's sum) would be units of a small result, and is made good.    */
WG__WORD V F(logaddexp)(V x, V y)
{
    const V gap = v_select(v_eq(x, y), K(0), v_sub(x, y)), part = v_sub(gap, x);
    const V gap_low = v_sub(v_sub(x, v_sub(gap, part)), v_add(y, part));
    const V low = v_select(v_lt(v_abs(gap_low), K(INFINITY)), gap_low, K(0));
    const F(reduced) a = F(reduce)(v_clamp(v_neg(v_abs(gap)), EXP_LOW, 0));
    const V slope = v_fma(v_fma(a.r, K(0.5), K(1)), a.r, K(1)); /* exp(r) to 1% */
    const V rest_low = v_fnma(v_with_sign_of(slope, gap), low, a.low);
    const V e = v_scale(v_add(F(exp_rest_low)(a.r, rest_low), K(1)), a.n);
    const V w = v_add(e, K(1)), lost = v_sub(e, v_sub(w, K(1)));
    /* lost / w, with 1 / (1 + e) to 2%: enough, if it is 1 where e is lost altogether. */
    const V inverse = v_fma(v_fma(e, K(0.43), K(-0.92)), e, K(1));
    return v_add(v_max(x, y), F(log_sum)(w, K(0), v_mul(lost, inverse)));
}

/* ---- powers ---- */

/* log |x| in two parts, right to far more than the format has: a power multiplies its error by
 * that of the exponent. With s = f / (2 + f), log(1 + f) is 2 (s + s z (1/3 + z Q(z))), z = s^2;
 * all but Q is taken in two parts.                                                               */
WG__WORD F(pair) F(log_pair)(V x)
{
    const M is_small = v_lt(v_abs(x), NORMAL_LOW);
    const V w = v_mul(v_abs(x), v_select(is_small, K((INTEGER)1 << FRACTION), K(1)));
    const B(v) root = F(bits)(SQRT_HALF);
    const B(v) above_root = B(add)(F(bits)(w), B(sub)(F(bits)(K(1)), root));
    const B(v) exponent = B(add)(B(shr)(above_root, FRACTION), F(bits)(MAGIC));
    const V shift = v_add(v_select(is_small, K(FRACTION), K(0)), K(MAGIC_PLUS_BIAS));
    const V k = v_sub(F(from_bits)(exponent), shift);
    const B(v) fraction = B(and)(above_root, B(set)(((INTEGER)1 << FRACTION) - 1));
    const V f = v_sub(F(from_bits)(B(add)(fraction, root)), K(1)); /* exact */

    const V below = v_add(f, K(2)), below_low = v_sub(f, v_sub(below, K(2)));
    const V s = v_div(f, below), left = v_fnma(s, below_low, v_fnma(s, below, f));
    const V s_low = v_mul(left, v_fnma(s, K(0.5), K(0.5))); /* 1 / (2 + f) is (1 - s) / 2 */
    const V z = v_mul(s, s), z_low = v_fma(v_add(s, s), s_low, v_fma(s, s, v_neg(z)));
    const V third = K(1.0 / 3), more = v_mul(z, POLY(z, power_c));
    const V c = v_add(third, more), c_low = v_add(v_sub(more, v_sub(c, third)), THIRD_REST);
    const V d = v_mul(z, c), d_low = v_fma(z, c_low, v_fma(z_low, c, v_fma(z, c, v_neg(d))));
    const V e = v_mul(s, d), e_low = v_fma(s, d_low, v_fma(s_low, d, v_fma(s, d, v_neg(e))));
    const V half = v_add(s, e), half_low = v_add(v_sub(e, v_sub(half, s)), v_add(s_low, e_low));

    const V whole = v_mul(k, LN2), whole_low = v_fma(k, LN2_REST, v_fma(k, LN2, v_neg(whole)));
    const V twice = v_add(half, half), sum = v_add(whole, twice);
    const V lost = v_sub(twice, v_sub(sum, whole));
    const V rest = v_add(lost, v_add(whole_low, v_add(half_low, half_low)));
    const V head = v_add(sum, rest);
    return (F(pair)){ head, v_sub(rest, v_sub(head, sum)) };
}

/* exp(head + rest), rounded nearly once. A head beyond the range, or infinite, has no rest. */
WG__WORD V F(exp_of_pair)(V head, V rest)
{
    const V held = v_clamp(head, EXP_LOW, EXP_HIGH);
    const F(reduced) a = F(reduce)(held);
    const V low = v_add(v_select(v_eq(held, head), rest, K(0)), a.low);
    const V r = v_add(a.r, low);
    const F(pair) p = F(exp_pair)(r, v_sub(low, v_sub(r, a.r)));
    const V sum = v_add(p.head, K(1)), lost = v_add(v_sub(p.head, v_sub(sum, K(1))), p.rest);
    return v_scale(v_add(sum, lost), a.n);
}

/* |x|^y for y other than 0; of 0 and of infinity the logarithm is infinite, of 1 it is 0. */
WG__WORD V F(power)(V x, V y)
{
    const V a = v_abs(x);
    const F(pair) log = F(log_pair)(a);
    const V end = v_select(v_eq(a, K(0)), K(-INFINITY), a);
    const M is_inside = F(m_and)(v_lt(K(0), a), v_lt(a, K(INFINITY)));
    const V head = v_select(is_inside, log.head, end), rest = v_select(is_inside, log.rest, K(0));
    const V product = v_mul(y, head), lost = v_fma(y, head, v_neg(product));
    const V r = F(exp_of_pair)(product, v_fma(y, rest, lost));
    const V of_one = v_select(v_eq(y, y), K(1), y);
    return v_select(v_eq(a, K(1)), of_one, r);
}

/* Of a negative x only whole powers are numbers; odd ones are negative, that of -0 too. Powers of
 * infinity to what is not whole are those of its magnitude. x^0 is 1, be x what it may.          */
WG__WORD V F(pow)(V x, V y)
{
    const V half = v_mul(y, K(0.5));
    const M is_whole = v_eq(F(round)(y), y);
    const M is_odd = F(m_and)(is_whole, F(m_not)(v_eq(F(round)(half), half)));
    const V r = F(power)(x, y);
    const V of_odd = v_select(is_odd, v_with_sign_of(r, x), r);
    const M is_negative = F(m_and)(v_lt(x, K(0)), v_lt(K(-INFINITY), x));
    const M is_undefined = F(m_and)(is_negative, F(m_not)(is_whole));
    const V known = v_select(is_undefined, K(NAN), of_odd);
    return v_select(v_eq(y, K(0)), K(1), known);
}

/* ---- circular functions ---- */

/* sin(high + low), |high| at most a hair above pi/4. */
WG__WORD V F(sin_near)(V high, V low)
{
    const V square = v_mul(high, high);
    const V rest = v_fma(v_mul(square, high), POLY(square, sin_c), low);
    return v_with_sign_of(v_add(high, rest), high); /* for zeros */
}

WG__WORD V F(cos_near)(V high, V low)
{
    const V square = v_mul(high, high), half = v_mul(square, K(0.5));
    const V sum = v_sub(K(1), half), lost = v_sub(v_sub(K(1), sum), half);
    const V rest = v_fma(v_mul(square, square), POLY(square, cos_c), v_fnma(high, low, lost));
    return v_add(sum, rest);
}

/* sin(high + low + quadrant pi/2): a quarter turn swaps sine and cosine, a half turn the sign. */
WG__WORD V F(sin_turned)(B(v) quadrant, V high, V low)
{
    const B(v) odd = B(shl)(B(and)(quadrant, B(set)(1)), FRACTION); /* 0 or the smallest normal */
    const M is_cosine = v_lt(K(0), F(from_bits)(odd));
    const V r = v_select(is_cosine, F(cos_near)(high, low), F(sin_near)(high, low));
    const B(v) sign = B(shl)(B(and)(quadrant, B(set)(2)), sizeof(INTEGER) * 8 - 2);
    return F(from_bits)(B(xor)(F(bits)(r), sign));
}

/* r where |x| < ANGLE_HIGH, else sin(x + quarters pi/2). */
static WG__SELDOM V F(sin_far)(V r, V x, INTEGER quarters)
{
    ELEMENT lane[F(lane_count)], high[F(lane_count)], low[F(lane_count)], turns[F(lane_count)];
    F(store)(lane, x);
    for (int i = 0; i < F(lane_count); i++) {
        const ELEMENT a = lane[i] < 0 ? -lane[i] : lane[i];
        const bool is_far = a >= ANGLE_HIGH && a - a == 0;
        const wg__angle angle = wg__angle_far(is_far ? lane[i] : ANGLE_HIGH);
        high[i] = (ELEMENT)angle.high;
        low[i] = (ELEMENT)(angle.high - high[i] + angle.low);
        turns[i] = (ELEMENT)angle.quarter;
    }
    const B(v) quadrant = B(add)(F(bits)(v_add(F(load)(turns), MAGIC)), B(set)(quarters));
    const V far = F(sin_turned)(quadrant, F(load)(high), F(load)(low));
    const V beyond = v_select(v_lt(v_abs(x), K(INFINITY)), far, K(NAN));
    return v_select(v_lt(v_abs(x), K(ANGLE_HIGH)), r, beyond);
}

/* sin(x + quarters pi/2), quarters 0 or 1. */
WG__WORD V F(circular)(V x, INTEGER quarters)
{
    /* x = n pi/2 + high + low, n in the low bits of `turns`. The first difference is exact; the
     * product with the second part of pi/2 is taken in two, so that x near a multiple of it keeps
     * its digits.                                                                                */
    const V turns = v_fma(x, TWO_OVER_PI, MAGIC), n = v_sub(turns, MAGIC);
    const V first = v_fnma(n, HALF_PI_1, x);
    const V product = v_mul(n, HALF_PI_2), product_low = v_fma(n, HALF_PI_2, v_neg(product));
    const V second = v_sub(first, product), lost = v_sub(v_sub(first, second), product);
    const V rest = v_sub(v_fma(n, HALF_PI_3, product_low), lost);
    const V high = v_sub(second, rest), low = v_sub(v_sub(second, high), rest);
    const V r = F(sin_turned)(B(add)(F(bits)(turns), B(set)(quarters)), high, low);
    return F(all)(v_lt(v_abs(x), K(ANGLE_HIGH))) ? r : F(sin_far)(r, x, quarters);
}

WG__WORD V F(sin)(V x)
{
    return F(circular)(x, 0);
}

WG__WORD V F(cos)(V x)
{
    return F(circular)(x, 1);
}

/* atan(num / below) for 0 <= num <= below, both normal or nearly so: of the quotient, or above
 * tan(pi/8) pi/4 more than that of (num - below) / (num + below). Sum, difference and quotient are
 * taken in two parts. Returns head and rest of turns pi/4 + s atan, for whole turns and s = +-1. */
WG__WORD V F(atan_turned)(V num, V below, V turns, V s)
{
    const M is_wide = v_lt(v_mul(below, K(0.41421356237309503)), num);
    const V high = v_sub(num, below), sum = v_add(below, num);
    const V high_low = v_sub(num, v_add(high, below)); /* exact from a half on */
    const V n = v_select(is_wide, high, num), n_low = v_select(is_wide, high_low, K(0));
    const V d = v_select(is_wide, sum, below);
    const V d_low = v_select(is_wide, v_sub(num, v_sub(sum, below)), K(0));
    const V q = v_div(n, d), left = v_add(v_fnma(q, d, n), v_fnma(q, d_low, n_low));
    const V z = v_mul(q, q), tail = v_fma(v_mul(z, q), POLY(z, atan_c), v_div(left, d));

    const V k = v_fma(s, v_select(is_wide, K(1), K(0)), turns), base = v_mul(k, QUARTER_PI);
    const V base_low = v_fma(k, QUARTER_PI_REST, v_fma(k, QUARTER_PI, v_neg(base)));
    const V angle = v_fma(s, q, base), lost = v_sub(v_mul(s, q), v_sub(angle, base));
    const V lost_or_none = v_select(v_eq(k, K(0)), K(0), lost);
    return v_add(angle, v_fma(s, tail, v_add(lost_or_none, base_low)));
}

/* The angle of the point (y, x): abscissa y, ordinate x, as the rows of the table name their
 * inputs. The octant of the absolute values, and turns and reflections from there.               */
WG__WORD V F(atan2)(V x, V y)
{
    const V a = v_abs(x), b = v_abs(y);
    const V large = v_max(a, b), small = v_min(a, b);
    /* Infinities stand for 1 or, beside others, for what leaves 0; zeros for 0 / 1. */
    const M is_infinite = v_eq(large, K(INFINITY));
    const V ratio_one = v_select(v_eq(small, large), K(1), K(0));
    const V scale = v_select(v_lt(UP_LIMIT, large), K(0.25), SCALE_UP);
    const V wide = v_select(v_eq(large, K(0)), K(1), v_mul(large, scale));
    const V below = v_select(is_infinite, K(1), wide);
    const V num = v_select(is_infinite, ratio_one, v_mul(small, scale));
    /* Beyond the diagonal the angle is pi/2 less; on the left it is pi less. */
    const M is_steep = v_lt(b, a), is_left = v_lt(v_with_sign_of(K(1), y), K(0));
    const V steep = v_select(is_steep, K(2), K(0));
    const V turns = v_select(is_left, v_sub(K(4), steep), steep);
    const V s = v_select(is_steep, K(-1), K(1));
    const V r = F(atan_turned)(num, below, turns, v_select(is_left, v_neg(s), s));
    const V known = v_select(v_eq(large, large), r, large);
    return v_with_sign_of(known, x);
}

/* ---- the error function ---- */

/* erfc(a) = 2^n value for a >= ERF_NEAR: exp(-a^2) t P(t - ERFC_MIDDLE), where t is
 * 1 / (1 + ERFC_SLOPE a). Square and t are taken in two parts: the result would have up to twice
 * their relative error.                                                                          */
typedef struct F(tail) { V n, value; } F(tail);
WG__WORD F(tail) F(erfc_tail)(V a)
{
    const V square = v_mul(a, a), square_low = v_fma(a, a, v_neg(square));
    const F(reduced) b = F(reduce)(v_neg(square));
    const V p = F(exp_rest)(v_sub(b.r, square_low));

    const V below = v_fma(a, ERFC_SLOPE, K(1)), t = v_div(K(1), below);
    const V below_low = v_fma(a, ERFC_SLOPE, v_sub(K(1), below));
    const V error = v_fnma(t, below_low, v_fnma(t, below, K(1))); /* 1 - t (1 + slope a) */
    const V from_middle = v_fma(t, error, v_sub(t, ERFC_MIDDLE));
    const V rest = v_mul(v_fma(t, error, t), POLY(from_middle, erfc_c));
    return (F(tail)){ b.n, v_fma(p, rest, rest) };
}

/* erf(x) for |x| < ERF_NEAR. */
WG__WORD V F(erf_near)(V x)
{
    return v_fma(x, POLY(v_mul(x, x), erf_c), x);
}

WG__WORD V F(erfc)(V x)
{
    const V a = v_clamp(v_abs(x), 0, ERFC_HIGH);
    const F(tail) tail = F(erfc_tail)(a);
    const V right = v_scale(tail.value, tail.n);
    const V far = v_select(v_lt(x, K(0)), v_sub(K(2), right), right);
    return v_select(v_lt(a, ERF_NEAR), v_sub(K(1), F(erf_near)(x)), far);
}

WG__WORD V F(erf)(V x)
{
    const V a = v_clamp(v_abs(x), 0, ERF_HIGH);
    const F(tail) tail = F(erfc_tail)(a);
    const V far = v_fnma(tail.value, F(power_of_two)(tail.n), K(1));
    const V r = v_select(v_lt(a, ERF_NEAR), F(erf_near)(a), far);
    return v_with_sign_of(r, x);
}

/* A polynomial in sqrt(-log(1 - x^2)) has a few digits; steps by Halley's rule, whose f'' / f' is
 * -2 y, triple them. The remainder is that of erf up to a half, and of erfc beyond, where 1 - |x|
 * is exact.                                                                                      */
WG__WORD V F(erf_inv)(V x)
{
    const V a = v_abs(x), rest = v_sub(K(1), a);
    const V w = v_neg(F(log)(v_mul(rest, v_add(a, K(1)))));
    V r = v_mul(a, POLY(v_sqrt(v_max(w, K(0))), erf_inv_c));
    for (int i = 0; i < ERF_INV_STEPS; i++) {
        const V beyond = v_sub(rest, F(erfc)(r)), error = v_sub(F(erf)(r), a);
        const V slope = v_mul(F(exp)(v_neg(v_mul(r, r))), K(1.1283791670955126));
        const V u = v_div(v_select(v_lt(a, K(0.5)), error, beyond), slope);
        r = v_sub(r, v_div(u, v_fma(u, r, K(1))));
    }
    const V end = v_select(v_eq(a, K(1)), K(INFINITY), v_select(v_lt(K(1), a), K(NAN), a));
    return v_with_sign_of(v_select(v_lt(a, K(1)), r, end), x);
}

#undef POLY
#undef M
#undef V
#undef F
#undef B
#undef ELEMENT
#undef INTEGER
#undef FRACTION
#undef MAGIC
#undef MAGIC_PLUS_BIAS
#undef LOG2_E
#undef LN2
#undef LN2_REST
#undef SQRT_HALF
#undef TWO_OVER_PI
#undef HALF_PI_1
#undef HALF_PI_2
#undef HALF_PI_3
#undef ANGLE_HIGH
#undef NORMAL_LOW
#undef EXP_LOW
#undef EXP_HIGH
#undef EXPM1_LOW
#undef ERF_HIGH
#undef ERFC_HIGH
#undef ERF_INV_STEPS
#undef THIRD_REST
#undef QUARTER_PI
#undef QUARTER_PI_REST
#undef SCALE_UP
#undef UP_LIMIT

/* Hyperbolic functions and their inverses. The invariant: no two large numbers of opposite sign
 * ever meet. Where a textbook form would cancel, it is written with expm1 or log1p of what is
 * small, so value and derivative keep their digits next to 0, and next to 1 for acosh. */
#include <wengert/nn.h>

/* exp(x) - exp(-x): the parts have opposite signs before the subtraction, at every x. */
static wg_var twice_sinh(wg_var x)
{
    const wg_var rise = wg_expm1(x);
    const wg_var fall = wg_expm1(wg_neg(x));
    return wg_sub(rise, fall);
}

wg_var wg_sinh(wg_var x)
{
    return wg_scale(twice_sinh(x), 0.5);
}

/* 1 + 2 sinh(x / 2)^2: the slope next to 0 is a product of small numbers, not a difference of
 * ones. Halved before the product, which else would overflow earlier than the result. */
wg_var wg_cosh(wg_var x)
{
    const wg_var twice = twice_sinh(wg_scale(x, 0.5));
    return wg_shift(wg_mul(twice, wg_scale(twice, 0.5)), 1);
}

/* Beyond 2^28 a square is so large that 1 beside it is below every digit; further out it would
 * overflow. The logarithm of 2 x is then the whole. */
static wg_var beyond_squares(wg_var x, wg_var near)
{
    const wg_var is_far = wg_gt(x, wg_number(x, 0x1p28));
    const wg_var log = wg_shift(wg_log(x), 0.69314718055994531);
    return wg_select(is_far, log, near);
}

/* For x >= 0: log1p(x + (root - 1)), where root - 1 is x x / (1 + root). */
static wg_var asinh_right(wg_var x)
{
    const wg_var square = wg_square(x);
    const wg_var root = wg_sqrt(wg_shift(square, 1));
    const wg_var excess = wg_div(square, wg_shift(root, 1));
    return beyond_squares(x, wg_log1p(wg_add(x, excess)));
}

/* An odd function from its right half. Mirrored by select and not by sign times abs, whose
 * derivative at 0 would be 0. */
wg_var wg_asinh(wg_var x)
{
    const wg_var is_left = wg_lt(x, wg_number(x, 0));
    const wg_var size = wg_select(is_left, wg_neg(x), x);
    const wg_var right = asinh_right(size);
    return wg_select(is_left, wg_neg(right), right);
}

/* Of t = x - 1, exact next to 1. The root of each factor, so that below 1 it is NaN. */
wg_var wg_acosh(wg_var x)
{
    const wg_var t = wg_shift(x, -1);
    const wg_var lower = wg_sqrt(t);
    const wg_var upper = wg_sqrt(wg_shift(t, 2));
    const wg_var root = wg_mul(lower, upper);
    return beyond_squares(x, wg_log1p(wg_add(t, root)));
}

/* Half of log1p(x) - log1p(-x), whose signs are opposite wherever both are finite. */
wg_var wg_atanh(wg_var x)
{
    const wg_var rise = wg_log1p(x);
    const wg_var fall = wg_log1p(wg_neg(x));
    return wg_scale(wg_sub(rise, fall), 0.5);
}

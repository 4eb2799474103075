/* Wengert, nn/formula: short formulas that networks, losses and updates share. What holds for all
 * of them stands in nn.h. */
#ifndef WENGERT_NN_FORMULA_H
#define WENGERT_NN_FORMULA_H

#include <wengert/ops.h>

WG_DECLARATIONS_BEGIN

/* x times, or plus, a number that is part of the program: one that changes is a wg_scalar.
 *   vjp       dx = g factor; dx = g
 *   dtypes    all but bool
 *   errors    WG_EINVALID x is of integers and the number is none */
wg_var wg_scale(wg_var x, double factor);
wg_var wg_shift(wg_var x, double amount);
wg_var wg_square(wg_var x);     /* x x; exactly rounded; all but bool; dx = 2 g x */
wg_var wg_cube(wg_var x);       /* x x x; 2 roundings; all but bool; dx = 3 g x x */
wg_var wg_reciprocal(wg_var x); /* 1 / x; exactly rounded; of 0 inf; dx = -g r r */

/* x within lower and upper; upper where they cross. Any dtype but bool; NaN stays NaN.
 *   vjp       dx = g on the closed interval, 0 beyond; 0 everywhere where the bounds cross
 *   errors    WG_EINVALID x is of integers and a bound is none */
wg_var wg_clamp(wg_var x, double lower, double upper);
/* sqrt(x), whose derivative at 0 is 0 and not inf. Exactly rounded; of +-0 0, below NaN. */
wg_var wg_safe_sqrt(wg_var x);
/* x log y, 0 where x is 0 whatever y is but NaN: the terms of an entropy.
 *   vjp       dx = g log y   dy = g x / y; both 0 where x is 0 and y is below or at 0, or inf
 *   accuracy  |error| <= 2 eps |r| */
wg_var wg_xlogy(wg_var x, wg_var y);

/* sin x / cos x of x in radians, of infinities NaN: no number is a pole, so it is finite elsewhere.
 *   accuracy  4 eps; derivatives 16 eps of the largest addend
 *   vjp       dx = g (1 + r r) */
wg_var wg_tan(wg_var x);
/* The angle in radians whose sine, cosine or tangent is x; sine and tangent's odd to the last bit.
 *   range     asin -pi/2 .. pi/2, acos 0 .. pi, both of -1 <= x <= 1, beyond NaN, with infinite
 *             slopes at the ends; atan -pi/2 .. pi/2 of every number, +-inf included
 *   accuracy  4 eps; derivatives 16 eps of the largest addend
 *   vjp       dx = g / sqrt(1 - x x), its negative, g / (1 + x x) */
wg_var wg_asin(wg_var x);
wg_var wg_acos(wg_var x);
wg_var wg_atan(wg_var x);

/* ---- hyperbolic functions and their inverses ----
 * Values and slopes are odd or even to the last bit, and keep their digits next to 0; those of
 * acosh next to 1. */

wg_var wg_sinh(wg_var x); /* 2 eps; inf from 709.8 on, in f32 from 88.73; dx = g cosh(x) */
/* 4 eps, from 1 upwards; inf from 710.5 on, its slope, dx = g sinh(x), from 709.8; in f32 from
 * 89.4, 88.73. At infinities the slope is NaN. */
wg_var wg_cosh(wg_var x);
/* log(x + sqrt(x x + 1)) for all x.
 *   range     every number; at +-inf +-inf with derivative 0
 *   vjp       dx = g / sqrt(x x + 1)
 *   accuracy  2 eps; derivatives 16
 *   source    Kahan 1987 (branch cuts; the form with log1p) */
wg_var wg_asinh(wg_var x);
/* log(x + sqrt(x x - 1)); the inverse of cosh that is not negative.
 *   range     x >= 1, below NaN; derivative inf at 1, 0 at inf
 *   vjp       dx = g / sqrt(x x - 1)
 *   accuracy  2 eps; derivatives 6
 *   source    Kahan 1987 */
wg_var wg_acosh(wg_var x);
/* log((1 + x) / (1 - x)) / 2.
 *   range     -1 <= x <= 1, beyond NaN; at +-1 +-inf, derivative inf
 *   vjp       dx = g / (1 - x x)
 *   accuracy  2 eps; derivatives 4
 *   source    Kahan 1987 */
wg_var wg_atanh(wg_var x);

/* ---- how far elements lie from their mean and from 0 ----
 * Over axes, as wg_sum. */

/* The mean square of what is left of the mean, divided by the count; in two passes, so that a
 * large mean costs nothing.
 *   limits    of one element and of equal ones 0 with derivative 0; of nothing NaN
 *   vjp       dx = 2 g (x - mean) / count
 *   accuracy  |error| <= 3 eps r beside that of two sums
 *   source    Chan, Golub & LeVeque 1983 */
wg_var wg_variance(wg_var x, wg_axes axes);
/* Its root; dx = g (x - mean) / (count r), 0 where it is 0. */
wg_var wg_std(wg_var x, wg_axes axes);
/* The root of the sum of squares, of elements over the largest: neither overflows nor vanishes on
 * the way.
 *   limits    of zeros 0 with derivatives 0; an infinite element gives inf, derivative NaN; of
 *             nothing 0
 *   vjp       dx = g x / r: the largest is held constant, and the result is exact in it
 *   accuracy  |error| <= 4 eps r beside half that of a sum
 *   source    Blue 1978 (scaling) */
wg_var wg_norm(wg_var x, wg_axes axes);
wg_var wg_dot(wg_var x, wg_var y); /* the sum of all products; dx = g y, dy = g x */

/* log of the sum of exp(x) over axes, without overflow at any x. Of -inf alone -inf, with gradient
 * 0; beside inf inf, whose own gradient is NaN.
 *
 *   shapes    as wg_sum
 *   vjp       dx = g softmax(x): the largest is held constant, and the result is exact in it at
 *             every order
 *   accuracy  |error| <= 2 eps (|r| + 1) beside that of a sum
 *   errors    WG_ESHAPE there is nothing to choose a largest from
 *   source    Blanchard, Higham & Higham 2021 (shifted log-sum-exp) */
wg_var wg_logsumexp(wg_var x, wg_axes axes);

/* exp(x) over its sum along the axis, without overflow: of (1e308, 0, -1e308) it is (1, 0, 0).
 * A line of which all is -inf, or one is inf, is NaN; the others are not touched.
 *
 *   vjp       dx = r (g - sum(g r))
 *   accuracy  |error| <= (4 + |x - largest|) eps |r| beside that of a sum
 *   errors    WG_ESHAPE the axis has no elements
 *   source    Blanchard, Higham & Higham 2021 */
wg_var wg_softmax(wg_var x, int axis);
/* Its logarithm, finite also where softmax itself would be 0: x - logsumexp(x). |error| <= 4 eps
 * (|r| + 1) beside that of a sum; dx = g - sum(g) softmax(x). */
wg_var wg_log_softmax(wg_var x, int axis);

/* sum(weight x) / sum(weight) over everything: the mean of a loss over the samples that count.
 *
 *   weight    any dtype, converted to that of x; stretches to the shape of x
 *   limits    where weight is 0, x is not looked at, be it NaN, and has gradient 0; total weight 0
 *             gives 0 with gradient 0
 *   shapes    x [...], weight stretches to it  ->  []
 *   vjp       dx = g weight / total
 *   errors    WG_ESHAPE it does not */
wg_var wg_weighted_mean(wg_var x, wg_var weight);

/* The elements along the axis in ascending order, as wg_argsort says; any dtype but bool.
 * dx = g, put back to where each element was. */
wg_var wg_sort(wg_var x, int axis);

/* 1 where the class of the new last axis is the index, else 0.
 *
 *   index     integers or bool, 0 <= index < count: else the run fails with WG_EINDEX
 *   shapes    [...] -> [..., count], of dtype; no vjp
 *   errors    WG_EDTYPE index is of floating point; WG_ESHAPE count is negative */
wg_var wg_one_hot(wg_var index, int64_t count, wg_dtype dtype);

WG_DECLARATIONS_END

#ifndef WG_NO_LOCATION
#define wg_scale(...) WG_HERE(wg_scale(__VA_ARGS__))
#define wg_shift(...) WG_HERE(wg_shift(__VA_ARGS__))
#define wg_square(...) WG_HERE(wg_square(__VA_ARGS__))
#define wg_cube(...) WG_HERE(wg_cube(__VA_ARGS__))
#define wg_reciprocal(...) WG_HERE(wg_reciprocal(__VA_ARGS__))
#define wg_clamp(...) WG_HERE(wg_clamp(__VA_ARGS__))
#define wg_safe_sqrt(...) WG_HERE(wg_safe_sqrt(__VA_ARGS__))
#define wg_xlogy(...) WG_HERE(wg_xlogy(__VA_ARGS__))
#define wg_tan(...) WG_HERE(wg_tan(__VA_ARGS__))
#define wg_asin(...) WG_HERE(wg_asin(__VA_ARGS__))
#define wg_acos(...) WG_HERE(wg_acos(__VA_ARGS__))
#define wg_atan(...) WG_HERE(wg_atan(__VA_ARGS__))
#define wg_sinh(...) WG_HERE(wg_sinh(__VA_ARGS__))
#define wg_cosh(...) WG_HERE(wg_cosh(__VA_ARGS__))
#define wg_asinh(...) WG_HERE(wg_asinh(__VA_ARGS__))
#define wg_acosh(...) WG_HERE(wg_acosh(__VA_ARGS__))
#define wg_atanh(...) WG_HERE(wg_atanh(__VA_ARGS__))
#define wg_variance(...) WG_HERE(wg_variance(__VA_ARGS__))
#define wg_std(...) WG_HERE(wg_std(__VA_ARGS__))
#define wg_norm(...) WG_HERE(wg_norm(__VA_ARGS__))
#define wg_dot(...) WG_HERE(wg_dot(__VA_ARGS__))
#define wg_logsumexp(...) WG_HERE(wg_logsumexp(__VA_ARGS__))
#define wg_softmax(...) WG_HERE(wg_softmax(__VA_ARGS__))
#define wg_log_softmax(...) WG_HERE(wg_log_softmax(__VA_ARGS__))
#define wg_weighted_mean(...) WG_HERE(wg_weighted_mean(__VA_ARGS__))
#define wg_sort(...) WG_HERE(wg_sort(__VA_ARGS__))
#define wg_one_hot(...) WG_HERE(wg_one_hot(__VA_ARGS__))
#endif

#endif

/* Wengert, nn/formula: short formulas that networks, losses and updates share. What holds for all
 * of them stands in nn.h. */
#ifndef WENGERT_NN_FORMULA_H
#define WENGERT_NN_FORMULA_H

#include <wengert/ops.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

/* x times, or plus, a number that is part of the program: one that changes is a wg_scalar.
 *   dtypes    all but bool
 *   errors    WG_EINVALID x is of integers and the number is none */
wg_var wg_scale(wg_var x, double factor);
wg_var wg_shift(wg_var x, double amount);
wg_var wg_square(wg_var x);     /* x x; exactly rounded; all but bool */
wg_var wg_reciprocal(wg_var x); /* 1 / x; exactly rounded; of 0 inf */

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
 *   accuracy  |error| <= (4 + |x - largest|) eps |r| beside that of a sum
 *   errors    WG_ESHAPE the axis has no elements
 *   source    Blanchard, Higham & Higham 2021 */
wg_var wg_softmax(wg_var x, int axis);
/* Its logarithm, finite also where softmax itself would be 0: x - logsumexp(x). |error| <= 4 eps
 * (|r| + 1) beside that of a sum. */
wg_var wg_log_softmax(wg_var x, int axis);

/* sum(weight x) / sum(weight) over everything: the mean of a loss over the samples that count.
 *
 *   weight    any dtype, converted to that of x; stretches to the shape of x
 *   limits    where weight is 0, x is not looked at, be it NaN, and has gradient 0; total weight 0
 *             gives 0 with gradient 0
 *   shapes    x [...], weight stretches to it  ->  []
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

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif

#ifndef WG_NO_LOCATION
#define wg_scale(...) WG_HERE(wg_scale(__VA_ARGS__))
#define wg_shift(...) WG_HERE(wg_shift(__VA_ARGS__))
#define wg_square(...) WG_HERE(wg_square(__VA_ARGS__))
#define wg_reciprocal(...) WG_HERE(wg_reciprocal(__VA_ARGS__))
#define wg_logsumexp(...) WG_HERE(wg_logsumexp(__VA_ARGS__))
#define wg_softmax(...) WG_HERE(wg_softmax(__VA_ARGS__))
#define wg_log_softmax(...) WG_HERE(wg_log_softmax(__VA_ARGS__))
#define wg_weighted_mean(...) WG_HERE(wg_weighted_mean(__VA_ARGS__))
#define wg_sort(...) WG_HERE(wg_sort(__VA_ARGS__))
#define wg_one_hot(...) WG_HERE(wg_one_hot(__VA_ARGS__))
#endif

#endif

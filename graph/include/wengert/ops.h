/* Wengert, ops: one declaration for each row of ops/ops.def, then shorter ways to say them.
 *
 * What holds for all of them
 *   dtypes    inputs must agree; nothing is converted silently
 *   shapes    elementwise inputs join as in NumPy: axes align at the end, a missing or 1-sized axis
 *             stretches
 *   axes      negative ones count from the end; reductions take a set of axes, what needs exactly
 *             one takes an int
 *   vjp       g is the cotangent of the result r; what is not mentioned has none. Written in these
 *             same ops, so every order exists
 *   bits      the same on every platform, thread count and instruction set; NaN in, NaN out, unless
 *             said otherwise
 *   errors    stick to the tape of the inputs: WG_EDTYPE, WG_ESHAPE, WG_EAXIS as the names say,
 *             WG_ESTALE, WG_EFOREIGN, WG_EINVALID for the null value; the result is an error value
 *   owner     the result belongs to the tape of the inputs */
#ifndef WENGERT_OPS_H
#define WENGERT_OPS_H

#include <wengert/graph.h>

WG_DECLARATIONS_BEGIN

/* ---- arithmetic, elementwise ----
 * Every dtype but bool, and integers wrap, where nothing else is said; div takes f32 and f64.
 * Exactly rounded, as is all that states no error. The largest error is given in units in the last
 * place (ulp) of the exact result, f32 and f64 alike. Derivatives to the third order are within 8
 * ulp of their largest addend in f64, the first within 4 in f32, unless said otherwise. */

wg_var wg_add(wg_var x, wg_var y);     /* dx = g   dy = g */
wg_var wg_sub(wg_var x, wg_var y);     /* dx = g   dy = -g */
wg_var wg_neg(wg_var x);               /* dx = -g */
wg_var wg_mul(wg_var x, wg_var y);     /* dx = g y   dy = g x */
wg_var wg_div(wg_var x, wg_var y);     /* dx = g / y   dy = -g r / y */
wg_var wg_abs(wg_var x);               /* dx = g sign(x), 0 at 0; of the least integer: itself */
wg_var wg_sign(wg_var x);              /* -1, 0, 1; a zero and NaN stay; no derivative: 0 */
wg_var wg_maximum(wg_var x, wg_var y); /* -0 below +0; g to the larger, half to each at a tie */
wg_var wg_minimum(wg_var x, wg_var y); /* likewise */
/* x - n y, n = x / y rounded towards 0: exact, of the sign of x. Of infinite x or y = 0 NaN; of
 * integers by 0 it is 0.  dx = g   dy = -g n */
wg_var wg_rem(wg_var x, wg_var y);
wg_var wg_floor(wg_var x); /* f32, f64: the largest whole number not above x; derivative 0 */
wg_var wg_round(wg_var x); /* f32, f64: the nearest, the even one of two; derivative 0 */

/* ---- exponentials and roots, elementwise, f32 and f64 ----
 * The error holds for every x of the format, subnormal ones and results included. */

/* 1 ulp; from 0 to inf, which it is from 709.8 on, in f32 from 88.73; dx = g r */
wg_var wg_exp(wg_var x);
wg_var wg_expm1(wg_var x); /* exp(x) - 1, right near 0, from -1 to inf; 2 ulp; dx = g exp(x) */
wg_var wg_log(wg_var x);   /* 1 ulp; of 0 -inf, below NaN; dx = g / x */
wg_var wg_log1p(wg_var x); /* log(1 + x), right near 0; 1 ulp; of -1 -inf; dx = g / (1 + x) */
/* x to the power y; 1 ulp. A negative x has a value for whole y alone, else it is NaN; x^0 is 1,
 * also of 0, infinity and NaN. The numbers 1 to 4 as y are recorded as products.
 *   vjp  dx = g y x^(y - 1), 0 where both are 0;  dy = g r log x, 0 where x = 0, NaN where x < 0 */
wg_var wg_pow(wg_var x, wg_var y);
/* log(exp x + exp y) without overflow; 2.5 ulp of its larger addend. dx = g logistic(x - y) and
 * dy = g logistic(y - x), also between equal infinities: softplus, logaddexp(x, 0), is right at
 * every order. */
wg_var wg_logaddexp(wg_var x, wg_var y);
wg_var wg_sqrt(wg_var x);  /* below 0 NaN; dx = g / (r + r), so +inf at 0 */
wg_var wg_rsqrt(wg_var x); /* 1 / sqrt(x), of 0 inf, below NaN; 1.5 ulp; dx = -g r / (x + x) */

/* ---- circular, sigmoid and error functions, elementwise, f32 and f64: likewise ---- */

wg_var wg_sin(wg_var x);  /* radians of any size, of infinities NaN; 1 ulp; dx = g cos(x) */
wg_var wg_cos(wg_var x);  /* likewise; 1 ulp; dx = -g sin(x) */
/* The angle of the point (x, y), from -pi to pi, from the axis of x on; 1 ulp. Zeros and infinities
 * as in C: of (0, 0) it is 0, of (-0, y) pi.
 *   vjp  dy = g x / (x x + y y),  dx = -g y / (x x + y y), without overflow; both 0 at (0, 0)
 *       and infinitely far away */
wg_var wg_atan2(wg_var y, wg_var x);
/* 1 / (1 + exp(-x)), from 0 to 1; 1.5 ulp; dx = g r logistic(-x): exact tails */
wg_var wg_logistic(wg_var x);
/* From -1 to 1; 1.5 ulp; dx = 4 g logistic(2x) logistic(-2x): exact tails */
wg_var wg_tanh(wg_var x);
wg_var wg_erf(wg_var x);  /* from -1 to 1; 2 ulp; dx = g 2 / sqrt(pi) exp(-x x) */
wg_var wg_erfc(wg_var x); /* 1 - erf(x), nothing cancels; 4 ulp; dx = minus that of erf */
/* The r with erf(r) = x; 2 ulp; +-infinity at +-1, NaN beyond. dx = g sqrt(pi) / 2 exp(r r): near
 * the ends it has the error of r times 2 r r. */
wg_var wg_erf_inv(wg_var x);

/* Derivative order + 1 of log-gamma, log |(x - 1)!|, which is order -1 itself: 0 is digamma, 1
 * trigamma, and so on to 100. f32, f64; 1 ulp, near a root of the larger addend; log-gamma has all
 * its digits at its roots 1 and 2.
 *
 *   poles     at 0 and below at whole numbers: log-gamma and odd orders are +infinity; the others
 *             are -+infinity at +-0 and NaN elsewhere. At -infinity NaN, log-gamma +infinity
 *   vjp       dx = g polygamma(order + 1, x)
 *   errors    WG_EDTYPE; WG_EINVALID order is not within -1 and 100
 *   source    DLMF 5.7, 5.11, 5.15, 25.11 */
wg_var wg_polygamma(int order, wg_var x);

/* ---- comparison and logic, elementwise; no derivatives ----
 * eq, lt, le: any dtype -> bool; false where an input is NaN. and, or, xor, not: bool and integers,
 * bit by bit. */

wg_var wg_eq(wg_var x, wg_var y);
wg_var wg_lt(wg_var x, wg_var y);
wg_var wg_le(wg_var x, wg_var y);
wg_var wg_and(wg_var x, wg_var y);
wg_var wg_or(wg_var x, wg_var y);
wg_var wg_xor(wg_var x, wg_var y);
wg_var wg_not(wg_var x);
/* Integers: x over 2^distance, rounded down; the sign moves in. A distance of the width or more
 * gives 0 or -1.  errors WG_EINVALID distance is negative */
wg_var wg_bits_right(wg_var x, int distance);
/* Integers: x times 2^distance, wrapped: bits fall out, zeros move in. Likewise. */
wg_var wg_bits_left(wg_var x, int distance);

/* x where condition (bool) is true, else y. All three broadcast; any dtype for x and y.
 *
 *   vjp       dx = select(condition, g, 0)   dy = select(condition, 0, g)
 *   branches  what the side not taken would have given, inf or NaN, does not leak into a gradient:
 *             through elementwise ops, movements, broadcasts, reductions, wg_vmap and wg_recompute
 *             its cotangent is exactly 0. What enters a matrix product, a scan or a rule of the
 *             caller's must be selected before it */
wg_var wg_select(wg_var condition, wg_var x, wg_var y);

/* The same values in another dtype: rounded to nearest; to integers truncated and saturated, NaN
 * gives 0; to bool x != 0.  vjp dx = cast(g) between f32 and f64, else none */
wg_var wg_cast(wg_var x, wg_dtype dtype);
/* The same bits in another dtype of the same size, not bool; a NaN becomes the one canonical. */
wg_var wg_bitcast(wg_var x, wg_dtype dtype);

/* ---- movement: elements change places only; any dtype; each one's vjp undoes it ---- */

/* The elements in row-major order in another shape; one extent may be -1 and is what fits.
 * errors WG_ESHAPE counts differ */
wg_var wg_reshape(wg_var x, wg_shape shape);
/* Axis i of the result is axis axes[i] of x.  errors WG_EAXIS not each axis once */
wg_var wg_permute(wg_var x, wg_axes axes);
/* Stretches to shape.  vjp the sum over what was repeated */
wg_var wg_broadcast(wg_var x, wg_shape shape);
/* Elements start, start + step ... before stop along one axis; with a negative step downwards, stop
 * may then be -1. All else would leave the axis: WG_EINVALID. */
wg_var wg_slice(wg_var x, int axis, int64_t start, int64_t stop, int64_t step);
/* Puts `low` values before, `high` after and `interior` between the elements along one axis.
 * errors WG_EINVALID a count is negative, or the dtype cannot hold value */
wg_var wg_pad(wg_var x, int axis, int64_t low, int64_t high, int64_t interior, double value);
/* Joins count >= 1 values along an axis of theirs; all other extents are equal. */
wg_var wg_concat(int64_t count, const wg_var *x, int axis);

/* ---- reductions ----
 * Over WG_ALL, WG_AXES(0, 2), or WG_KEEP(-1), which leaves the axes with extent 1. Over no axis: x.
 * The order of a sum of n depends on shapes alone: blocks, whose results are added in order.
 * |error| <= (512 + n / 512) eps sum |x|. Source: Higham 2002, sec. 4.2 (blocked sums). */

wg_var wg_sum(wg_var x, wg_axes axes); /* every dtype but bool; of nothing 0; dx = g, repeated */
/* Every dtype but bool; of nothing 1; blocks as a sum's; |error| <= n eps |r|. dx = g times the
 * product of all other elements, never by a division: zeros are right at every order. */
wg_var wg_prod(wg_var x, wg_axes axes);
/* The largest; NaN wins; of bools true. dx: g goes to the largest, shared evenly at ties.
 * errors WG_ESHAPE there is nothing to choose from */
wg_var wg_max(wg_var x, wg_axes axes);
wg_var wg_min(wg_var x, wg_axes axes);
wg_var wg_argmax(wg_var x, int axis); /* i32: the lowest index of the largest; NaN wins; no vjp */

wg_var wg_argmin(wg_var x, int axis); /* likewise of the least */

/* i32: the indices that would sort x along the axis, the least first; -0 before +0, NaN last, the
 * lower index first of equals; every dtype but bool; no vjp. wg_sort (nn.h) gives the elements. */
wg_var wg_argsort(wg_var x, int axis);

/* ---- along one axis ----
 * Each element is made of those before it in one chain, one rounding a step; from the end to the
 * start if `reverse`. */

/* r_i = r_(i-1) + x_i; every dtype but bool. `exclusive`: without x_i itself, from 0.
 * vjp dx is the sum of the later g: a cumsum the other way.  |error| <= i eps sum |x| */
wg_var wg_cumsum(wg_var x, int axis, bool exclusive, bool reverse);

/* r_i = a_i r_(i-1) + b_i, one fused multiply-add; the first r is the first b, whose a is not
 * read.
 *
 *   shapes    a and b join as elementwise inputs do; f32 or f64
 *   vjp       db is the recurrence the other way, db_i = g_i + a_(i+1) db_(i+1);
 *             da_i = db_i r_(i-1)
 *   accuracy  |error| <= i eps times the same recurrence of |a| and |b|
 *   source    Blelloch 1990, sec. 1.4 (recurrences); Higham 2002, sec. 3.1 */
wg_var wg_linear_recurrence(wg_var a, wg_var b, int axis, bool reverse);

/* Windows along one axis: `extent` elements, `dilation` apart; the first window starts at the
 * start of what is padded with pad_low and pad_high zeros, each next one `stride` later. A 0 is
 * 1, 1, 1. */
typedef struct wg_window {
    int64_t extent, stride, dilation, pad_low, pad_high;
} wg_window;

/* The elements of each window as a new last axis; pooling is this and a maximum, convolution
 * this and a product. Any dtype; without padding nothing is copied.
 *
 *   shapes    [..., n, ...] -> [..., m, ..., extent],
 *             m = (n + pad_low + pad_high - span) / stride + 1
 *             rounded down, span = (extent - 1) dilation + 1
 *   vjp       dx = overlap_add(g)
 *   errors    WG_EINVALID a number is negative; WG_ESHAPE no window fits
 *   source    Dumoulin & Visin 2016 (geometry) */
wg_var wg_windows(wg_var x, int axis, wg_window window);
/* Each element of each window added to where it was taken from: the opposite of wg_windows of an
 * axis of `extent`. The axis is one of the result's; every dtype but bool. An element adds in
 * ascending order of its place in the window, from 0.
 *   vjp       dx = windows(g)
 *   errors    WG_ESHAPE x is not what such windows have */
wg_var wg_overlap_add(wg_var x, int axis, wg_window window, int64_t extent);

/* ---- products and indexing ---- */

/* Matrix product over the last two axes; leading axes broadcast. A vector is a row before the
 * product and a column behind it, whose axis of extent 1 goes again.
 *
 *   shapes    x [..., m, k]   y [..., k, n]   ->  [..., m, n]       f32 or f64
 *             [..., m, k] [k] -> [..., m];   [k] [..., k, n] -> [..., n];   [k] [k] -> []
 *   vjp       dx = g y^T   dy = x^T g   (summed over leading axes that broadcast)
 *   accuracy  |error| <= k eps sum |x y| an element; chains of fused multiply-adds, ascending in k,
 *             in blocks of 512
 *   errors    WG_EDTYPE; WG_ESHAPE k differs, an operand is a scalar, leading axes do not join
 *   source    Goto & van de Geijn 2008 (blocking); Giles 2008, sec. 2.2 (vjp); Higham 2002, ch. 3
 */
wg_var wg_matmul(wg_var x, wg_var y);

/* Picks along one axis: [before..., n, after...] by index [i...] -> [before..., i..., after...].
 *
 *   index     i32 or i64, 0 <= index < n: else the run fails with WG_EINDEX and tells where
 *   vjp       dx = scatter_add(0, index, g) */
wg_var wg_gather(wg_var x, wg_var index, int axis);
/* x with update added at index along one axis: the opposite of gather, shapes as there. Each
 * element adds in ascending index order.
 *   vjp       dx = g   dupdate = gather(g, index) */
wg_var wg_scatter_add(wg_var x, wg_var index, wg_var update, int axis);

/* ---- from nothing ---- */

wg_var wg_iota(wg_tape *tape, wg_dtype dtype, int64_t count); /* 0, 1 ... count - 1; not bool */
/* i32, all 32 bits random: a function of key, counter (a scalar i64) and the element's index.
 * source Salmon et al. 2011 (Philox 4x32-10) */
wg_var wg_random_bits(wg_var counter, uint64_t key, wg_shape shape);

/* ---- Spellings of the above; no rows of the table ---- */

wg_var wg_log_gamma(wg_var x); /* polygamma(-1, x) */
/* The other way round along each of the axes. */
wg_var wg_flip(wg_var x, wg_axes axes);
wg_var wg_ne(wg_var x, wg_var y); /* true where an input is NaN */
wg_var wg_gt(wg_var x, wg_var y);
wg_var wg_ge(wg_var x, wg_var y);
wg_var wg_transpose(wg_var x);              /* last two axes; errors WG_EAXIS below rank 2 */
wg_var wg_expand(wg_var x, int axis);       /* inserts an axis of extent 1, there in the result */
wg_var wg_squeeze(wg_var x, wg_axes axes);  /* drops axes of extent 1; WG_ALL: all such */
wg_var wg_stack(int64_t count, const wg_var *x, int axis); /* joins along a new axis, there */
wg_var wg_mean(wg_var x, wg_axes axes);     /* sum over count; f32, f64; of nothing NaN */
/* r_i = r_(i-1) x_i, f32 and f64, as a linear recurrence; `exclusive`: without x_i itself, from
 * 1. */
wg_var wg_cumprod(wg_var x, int axis, bool exclusive, bool reverse);
/* Sums of products by a rule of letters, "bij,bjk->bik": one letter an axis, operands in order,
 * then the result. What the result lacks is summed, a letter twice in an operand is its diagonal,
 * blanks say nothing. Operands join from the left, each pair in one batched matrix product.
 *
 *   errors    WG_EINVALID the rule is malformed, for another count, or of unknown letters;
 *             WG_ESHAPE it does not fit the shapes; WG_EDTYPE not f32 or f64 */
wg_var wg_einsum(const char *rule, int64_t count, const wg_var *x);
wg_var wg_all(wg_var x, wg_axes axes);      /* bool; of nothing true */
wg_var wg_any(wg_var x, wg_axes axes);      /* bool; of nothing false */

WG_DECLARATIONS_END

#ifndef WG_NO_LOCATION
#define wg_add(...) WG_HERE(wg_add(__VA_ARGS__))
#define wg_sub(...) WG_HERE(wg_sub(__VA_ARGS__))
#define wg_neg(...) WG_HERE(wg_neg(__VA_ARGS__))
#define wg_mul(...) WG_HERE(wg_mul(__VA_ARGS__))
#define wg_div(...) WG_HERE(wg_div(__VA_ARGS__))
#define wg_abs(...) WG_HERE(wg_abs(__VA_ARGS__))
#define wg_sign(...) WG_HERE(wg_sign(__VA_ARGS__))
#define wg_maximum(...) WG_HERE(wg_maximum(__VA_ARGS__))
#define wg_minimum(...) WG_HERE(wg_minimum(__VA_ARGS__))
#define wg_rem(...) WG_HERE(wg_rem(__VA_ARGS__))
#define wg_floor(...) WG_HERE(wg_floor(__VA_ARGS__))
#define wg_round(...) WG_HERE(wg_round(__VA_ARGS__))
#define wg_exp(...) WG_HERE(wg_exp(__VA_ARGS__))
#define wg_expm1(...) WG_HERE(wg_expm1(__VA_ARGS__))
#define wg_log(...) WG_HERE(wg_log(__VA_ARGS__))
#define wg_log1p(...) WG_HERE(wg_log1p(__VA_ARGS__))
#define wg_pow(...) WG_HERE(wg_pow(__VA_ARGS__))
#define wg_logaddexp(...) WG_HERE(wg_logaddexp(__VA_ARGS__))
#define wg_sqrt(...) WG_HERE(wg_sqrt(__VA_ARGS__))
#define wg_rsqrt(...) WG_HERE(wg_rsqrt(__VA_ARGS__))
#define wg_sin(...) WG_HERE(wg_sin(__VA_ARGS__))
#define wg_cos(...) WG_HERE(wg_cos(__VA_ARGS__))
#define wg_atan2(...) WG_HERE(wg_atan2(__VA_ARGS__))
#define wg_logistic(...) WG_HERE(wg_logistic(__VA_ARGS__))
#define wg_tanh(...) WG_HERE(wg_tanh(__VA_ARGS__))
#define wg_erf(...) WG_HERE(wg_erf(__VA_ARGS__))
#define wg_erfc(...) WG_HERE(wg_erfc(__VA_ARGS__))
#define wg_erf_inv(...) WG_HERE(wg_erf_inv(__VA_ARGS__))
#define wg_polygamma(...) WG_HERE(wg_polygamma(__VA_ARGS__))
#define wg_eq(...) WG_HERE(wg_eq(__VA_ARGS__))
#define wg_lt(...) WG_HERE(wg_lt(__VA_ARGS__))
#define wg_le(...) WG_HERE(wg_le(__VA_ARGS__))
#define wg_and(...) WG_HERE(wg_and(__VA_ARGS__))
#define wg_or(...) WG_HERE(wg_or(__VA_ARGS__))
#define wg_xor(...) WG_HERE(wg_xor(__VA_ARGS__))
#define wg_not(...) WG_HERE(wg_not(__VA_ARGS__))
#define wg_bits_right(...) WG_HERE(wg_bits_right(__VA_ARGS__))
#define wg_bits_left(...) WG_HERE(wg_bits_left(__VA_ARGS__))
#define wg_select(...) WG_HERE(wg_select(__VA_ARGS__))
#define wg_cast(...) WG_HERE(wg_cast(__VA_ARGS__))
#define wg_bitcast(...) WG_HERE(wg_bitcast(__VA_ARGS__))
#define wg_reshape(...) WG_HERE(wg_reshape(__VA_ARGS__))
#define wg_permute(...) WG_HERE(wg_permute(__VA_ARGS__))
#define wg_broadcast(...) WG_HERE(wg_broadcast(__VA_ARGS__))
#define wg_slice(...) WG_HERE(wg_slice(__VA_ARGS__))
#define wg_flip(...) WG_HERE(wg_flip(__VA_ARGS__))
#define wg_pad(...) WG_HERE(wg_pad(__VA_ARGS__))
#define wg_concat(...) WG_HERE(wg_concat(__VA_ARGS__))
#define wg_sum(...) WG_HERE(wg_sum(__VA_ARGS__))
#define wg_prod(...) WG_HERE(wg_prod(__VA_ARGS__))
#define wg_max(...) WG_HERE(wg_max(__VA_ARGS__))
#define wg_min(...) WG_HERE(wg_min(__VA_ARGS__))
#define wg_argmax(...) WG_HERE(wg_argmax(__VA_ARGS__))
#define wg_argmin(...) WG_HERE(wg_argmin(__VA_ARGS__))
#define wg_argsort(...) WG_HERE(wg_argsort(__VA_ARGS__))
#define wg_windows(...) WG_HERE(wg_windows(__VA_ARGS__))
#define wg_overlap_add(...) WG_HERE(wg_overlap_add(__VA_ARGS__))
#define wg_cumsum(...) WG_HERE(wg_cumsum(__VA_ARGS__))
#define wg_linear_recurrence(...) WG_HERE(wg_linear_recurrence(__VA_ARGS__))
#define wg_matmul(...) WG_HERE(wg_matmul(__VA_ARGS__))
#define wg_gather(...) WG_HERE(wg_gather(__VA_ARGS__))
#define wg_scatter_add(...) WG_HERE(wg_scatter_add(__VA_ARGS__))
#define wg_iota(...) WG_HERE(wg_iota(__VA_ARGS__))
#define wg_random_bits(...) WG_HERE(wg_random_bits(__VA_ARGS__))
#define wg_log_gamma(...) WG_HERE(wg_log_gamma(__VA_ARGS__))
#define wg_ne(...) WG_HERE(wg_ne(__VA_ARGS__))
#define wg_gt(...) WG_HERE(wg_gt(__VA_ARGS__))
#define wg_ge(...) WG_HERE(wg_ge(__VA_ARGS__))
#define wg_transpose(...) WG_HERE(wg_transpose(__VA_ARGS__))
#define wg_expand(...) WG_HERE(wg_expand(__VA_ARGS__))
#define wg_squeeze(...) WG_HERE(wg_squeeze(__VA_ARGS__))
#define wg_stack(...) WG_HERE(wg_stack(__VA_ARGS__))
#define wg_mean(...) WG_HERE(wg_mean(__VA_ARGS__))
#define wg_cumprod(...) WG_HERE(wg_cumprod(__VA_ARGS__))
#define wg_einsum(...) WG_HERE(wg_einsum(__VA_ARGS__))
#define wg_all(...) WG_HERE(wg_all(__VA_ARGS__))
#define wg_any(...) WG_HERE(wg_any(__VA_ARGS__))
#endif

#endif

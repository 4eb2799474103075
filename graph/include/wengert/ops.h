/* Wengert, ops: one declaration for each row of ops/ops.def, then spellings of them.
 *
 * Inputs broadcast as in NumPy; dtypes must agree: nothing is converted silently. Reductions take
 * axes; what needs exactly one axis takes an int; negative counts from the end.                    */
#ifndef WENGERT_OPS_H
#define WENGERT_OPS_H

#include <wengert/graph.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

wg_var wg_add(wg_var x, wg_var y);
wg_var wg_sub(wg_var x, wg_var y);
wg_var wg_neg(wg_var x);
wg_var wg_mul(wg_var x, wg_var y);
wg_var wg_div(wg_var x, wg_var y);
wg_var wg_abs(wg_var x);
wg_var wg_sign(wg_var x);
wg_var wg_maximum(wg_var x, wg_var y);
wg_var wg_minimum(wg_var x, wg_var y);
wg_var wg_exp(wg_var x);
wg_var wg_expm1(wg_var x);
wg_var wg_log(wg_var x);
wg_var wg_log1p(wg_var x);
wg_var wg_logaddexp(wg_var x, wg_var y);
wg_var wg_sqrt(wg_var x);
wg_var wg_rsqrt(wg_var x);
wg_var wg_sin(wg_var x);
wg_var wg_cos(wg_var x);
wg_var wg_logistic(wg_var x);
wg_var wg_tanh(wg_var x);
wg_var wg_erf(wg_var x);
wg_var wg_erfc(wg_var x);
wg_var wg_eq(wg_var x, wg_var y);
wg_var wg_lt(wg_var x, wg_var y);
wg_var wg_le(wg_var x, wg_var y);
wg_var wg_and(wg_var x, wg_var y);
wg_var wg_or(wg_var x, wg_var y);
wg_var wg_not(wg_var x);
wg_var wg_bits_right(wg_var x, int distance);
wg_var wg_select(wg_var condition, wg_var x, wg_var y); /* branch safe */
wg_var wg_cast(wg_var x, wg_dtype dtype);
wg_var wg_bitcast(wg_var x, wg_dtype dtype);
wg_var wg_reshape(wg_var x, wg_shape shape); /* one extent may be -1 */
wg_var wg_permute(wg_var x, wg_axes axes);
wg_var wg_broadcast(wg_var x, wg_shape shape);
wg_var wg_slice(wg_var x, int axis, int64_t start, int64_t stop, int64_t step);
wg_var wg_pad(wg_var x, int axis, int64_t low, int64_t high, int64_t interior, double value);
wg_var wg_concat(int64_t count, const wg_var *x, int axis);
wg_var wg_sum(wg_var x, wg_axes axes);
wg_var wg_max(wg_var x, wg_axes axes);
wg_var wg_min(wg_var x, wg_axes axes);
wg_var wg_argmax(wg_var x, int axis);
wg_var wg_matmul(wg_var x, wg_var y);
wg_var wg_gather(wg_var x, wg_var index, int axis);
wg_var wg_scatter_add(wg_var x, wg_var index, wg_var update, int axis);
wg_var wg_iota(wg_tape *tape, wg_dtype dtype, int64_t count);
wg_var wg_random_bits(wg_var counter, uint64_t key, wg_shape shape);

/* Spellings of the above; no rows of the table. */
wg_var wg_ne(wg_var x, wg_var y);
wg_var wg_gt(wg_var x, wg_var y);
wg_var wg_ge(wg_var x, wg_var y);
wg_var wg_transpose(wg_var x);        /* last two axes */
wg_var wg_expand(wg_var x, int axis); /* inserts an axis of extent 1 */
wg_var wg_squeeze(wg_var x, wg_axes axes);
wg_var wg_stack(int64_t count, const wg_var *x, int axis);
wg_var wg_mean(wg_var x, wg_axes axes);
wg_var wg_all(wg_var x, wg_axes axes);
wg_var wg_any(wg_var x, wg_axes axes);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif

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
#define wg_exp(...) WG_HERE(wg_exp(__VA_ARGS__))
#define wg_expm1(...) WG_HERE(wg_expm1(__VA_ARGS__))
#define wg_log(...) WG_HERE(wg_log(__VA_ARGS__))
#define wg_log1p(...) WG_HERE(wg_log1p(__VA_ARGS__))
#define wg_logaddexp(...) WG_HERE(wg_logaddexp(__VA_ARGS__))
#define wg_sqrt(...) WG_HERE(wg_sqrt(__VA_ARGS__))
#define wg_rsqrt(...) WG_HERE(wg_rsqrt(__VA_ARGS__))
#define wg_sin(...) WG_HERE(wg_sin(__VA_ARGS__))
#define wg_cos(...) WG_HERE(wg_cos(__VA_ARGS__))
#define wg_logistic(...) WG_HERE(wg_logistic(__VA_ARGS__))
#define wg_tanh(...) WG_HERE(wg_tanh(__VA_ARGS__))
#define wg_erf(...) WG_HERE(wg_erf(__VA_ARGS__))
#define wg_erfc(...) WG_HERE(wg_erfc(__VA_ARGS__))
#define wg_eq(...) WG_HERE(wg_eq(__VA_ARGS__))
#define wg_lt(...) WG_HERE(wg_lt(__VA_ARGS__))
#define wg_le(...) WG_HERE(wg_le(__VA_ARGS__))
#define wg_and(...) WG_HERE(wg_and(__VA_ARGS__))
#define wg_or(...) WG_HERE(wg_or(__VA_ARGS__))
#define wg_not(...) WG_HERE(wg_not(__VA_ARGS__))
#define wg_bits_right(...) WG_HERE(wg_bits_right(__VA_ARGS__))
#define wg_select(...) WG_HERE(wg_select(__VA_ARGS__))
#define wg_cast(...) WG_HERE(wg_cast(__VA_ARGS__))
#define wg_bitcast(...) WG_HERE(wg_bitcast(__VA_ARGS__))
#define wg_reshape(...) WG_HERE(wg_reshape(__VA_ARGS__))
#define wg_permute(...) WG_HERE(wg_permute(__VA_ARGS__))
#define wg_broadcast(...) WG_HERE(wg_broadcast(__VA_ARGS__))
#define wg_slice(...) WG_HERE(wg_slice(__VA_ARGS__))
#define wg_pad(...) WG_HERE(wg_pad(__VA_ARGS__))
#define wg_concat(...) WG_HERE(wg_concat(__VA_ARGS__))
#define wg_sum(...) WG_HERE(wg_sum(__VA_ARGS__))
#define wg_max(...) WG_HERE(wg_max(__VA_ARGS__))
#define wg_min(...) WG_HERE(wg_min(__VA_ARGS__))
#define wg_argmax(...) WG_HERE(wg_argmax(__VA_ARGS__))
#define wg_matmul(...) WG_HERE(wg_matmul(__VA_ARGS__))
#define wg_gather(...) WG_HERE(wg_gather(__VA_ARGS__))
#define wg_scatter_add(...) WG_HERE(wg_scatter_add(__VA_ARGS__))
#define wg_iota(...) WG_HERE(wg_iota(__VA_ARGS__))
#define wg_random_bits(...) WG_HERE(wg_random_bits(__VA_ARGS__))
#define wg_ne(...) WG_HERE(wg_ne(__VA_ARGS__))
#define wg_gt(...) WG_HERE(wg_gt(__VA_ARGS__))
#define wg_ge(...) WG_HERE(wg_ge(__VA_ARGS__))
#define wg_transpose(...) WG_HERE(wg_transpose(__VA_ARGS__))
#define wg_expand(...) WG_HERE(wg_expand(__VA_ARGS__))
#define wg_squeeze(...) WG_HERE(wg_squeeze(__VA_ARGS__))
#define wg_stack(...) WG_HERE(wg_stack(__VA_ARGS__))
#define wg_mean(...) WG_HERE(wg_mean(__VA_ARGS__))
#define wg_all(...) WG_HERE(wg_all(__VA_ARGS__))
#define wg_any(...) WG_HERE(wg_any(__VA_ARGS__))
#endif

#endif

/* Wengert, nn/activation: functions of one argument, so each is a value for `.activation`;
 * elementwise. What holds for all of them stands in nn.h. */
#ifndef WENGERT_NN_ACTIVATION_H
#define WENGERT_NN_ACTIVATION_H

#include <wengert/ops.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

typedef wg_var wg_activation(wg_var x);
/* activation(x), or x itself if it is NULL, bracketed as layers of your own must call it: what it
 * records carries its own lines, not the layer's. */
wg_var wg_activate(wg_var x, wg_activation *activation);
wg_var wg_identity(wg_var x); /* x itself: nothing is recorded */
/* 0 where x <= 0, else x: NaN stays NaN. Exact; any dtype; derivative 0 at 0.
 * source    Nair & Hinton 2010 */
wg_var wg_relu(wg_var x);
/* log(1 + exp x) as logaddexp(x, 0): right at 0 and in both tails at every order. 4 ulp.
 * source    Dugas et al. 2001 */
wg_var wg_softplus(wg_var x);
/* 1 / (1 + exp(-x)), the primitive logistic: 2 ulp, its derivatives 5; both tails keep their
 * digits at every order. */
wg_var wg_sigmoid(wg_var x);
/* x tanh(softplus x).
 *   limits    at -inf 0 with derivative 0, at inf inf with derivative 1
 *   accuracy  |error| <= (4 + 2 |x|) eps; of the value alone, 4 eps
 *   source    Misra 2019 */
wg_var wg_mish(wg_var x);
/* x times the share of a normal distribution below x, through erfc: nothing cancels on the left.
 *   limits    at -inf 0 with derivative 0, at inf inf with derivative 1
 *   accuracy  |error| <= (4 + x x) eps: x over the root of 2 is rounded, and the tail multiplies
 *             that by x x
 *   source    Hendrycks & Gimpel 2016 */
wg_var wg_gelu(wg_var x);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif

#ifndef WG_NO_LOCATION
#define wg_activate(...) WG_HERE(wg_activate(__VA_ARGS__))
#define wg_identity(...) WG_HERE(wg_identity(__VA_ARGS__))
#define wg_relu(...) WG_HERE(wg_relu(__VA_ARGS__))
#define wg_softplus(...) WG_HERE(wg_softplus(__VA_ARGS__))
#define wg_sigmoid(...) WG_HERE(wg_sigmoid(__VA_ARGS__))
#define wg_mish(...) WG_HERE(wg_mish(__VA_ARGS__))
#define wg_gelu(...) WG_HERE(wg_gelu(__VA_ARGS__))
#endif

#endif

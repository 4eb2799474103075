/* Wengert, nn/init: what a parameter is at first: a function of seed and path (wg_param in
 * graph.h).
 *
 * A weight is [..., inputs, outputs], leading axes count on both sides; a vector has as many inputs
 * and outputs as elements. n is the number of inputs.
 *   errors    when a parameter is made: WG_EINVALID a setting is not finite, lower above upper, a
 *             deviation below 0 */
#ifndef WENGERT_NN_INIT_H
#define WENGERT_NN_INIT_H

#include <wengert/ops.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

wg_initializer wg_init_constant(double value);               /* any value */
wg_initializer wg_init_uniform(double lower, double upper);  /* from lower to upper */
wg_initializer wg_init_normal(double mean, double deviation);
/* Uniform within +-1 / sqrt(n), variance 1 / (3 n): what courses call Xavier's. */
wg_initializer wg_init_xavier(void);
/* Normal of variance 2 / n: keeps the size of gradients through relu.  source He et al. 2015 */
wg_initializer wg_init_he(void);
/* Uniform within +-sqrt(6 / (inputs + outputs)).  source Glorot & Bengio 2010, eq. 16 */
wg_initializer wg_init_glorot(void);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif

#endif

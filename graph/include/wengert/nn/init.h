/* Wengert, nn/init: what a parameter is at first: a function of seed and path (wg_param in
 * graph.h).
 *
 * A weight is [..., inputs, outputs], leading axes count on both sides; a vector has as many inputs
 * and outputs as elements. n is the number of inputs.
 *   errors    when a parameter is made: WG_EINVALID a setting is not finite, lower above upper, a
 *             deviation below 0, a vector where a matrix is needed */
#ifndef WENGERT_NN_INIT_H
#define WENGERT_NN_INIT_H

#include <wengert/ops.h>

WG_DECLARATIONS_BEGIN

wg_initializer wg_init_constant(double value);               /* any value */
wg_initializer wg_init_uniform(double lower, double upper);  /* from lower to upper */
wg_initializer wg_init_normal(double mean, double deviation);
/* Normal of this deviation, of which only what lies within two of them is taken: its own deviation
 * is 0.87962566 of it. */
wg_initializer wg_init_truncated(double deviation);
/* Uniform within +-1 / sqrt(n), variance 1 / (3 n): what courses call Xavier's. */
wg_initializer wg_init_xavier(void);
/* Normal of variance 2 / n: keeps the size of gradients through relu.  source He et al. 2015 */
wg_initializer wg_init_he(void);
wg_initializer wg_init_he_uniform(void); /* the same variance, uniform within +-sqrt(6 / n) */
/* Uniform within +-sqrt(6 / (inputs + outputs)).  source Glorot & Bengio 2010, eq. 16 */
wg_initializer wg_init_glorot(void);
wg_initializer wg_init_glorot_normal(void); /* the same variance, 2 / (inputs + outputs) */
/* Normal of variance 1 / n: keeps the size of values through selu.  source LeCun et al. 1998 */
wg_initializer wg_init_lecun(void);
/* gain times a matrix whose shorter side is orthonormal, all of them alike likely: the polar factor
 * of a normal draw. Leading axes count as inputs.
 *   accuracy  |w w^T - gain^2 1| <= 64 eps gain^2 an element, up to 1024 rows or columns
 *   source    Saxe, McClelland & Ganguli 2014; Higham 2008, ch. 8 (polar factor) */
wg_initializer wg_init_orthogonal(double gain);
/* 1 where input and output have the same index, else 0; of a window at its centre alone, so that a
 * convolution leaves its input as it is. */
wg_initializer wg_init_identity(void);

WG_DECLARATIONS_END

#endif

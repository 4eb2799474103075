/* Wengert, nn/activation: functions of one argument, so each is a value for `.activation`, and
 * elementwise but where said; those with a number of their own end in _with. What holds for all
 * of them stands in nn.h. */
#ifndef WENGERT_NN_ACTIVATION_H
#define WENGERT_NN_ACTIVATION_H

#include <wengert/ops.h>

WG_DECLARATIONS_BEGIN

typedef wg_var wg_activation(wg_var x);
/* activation(x), or x itself if it is NULL, bracketed as layers of your own must call it: what an
 * activation of yours records carries its own lines, not the layer's. */
wg_var wg_activate(wg_var x, wg_activation *activation);
/* By the name of its function without "wg_": "gelu", "tanh"; NULL if unknown. */
wg_activation *wg_activation_find(const char *name);
const char *wg_activation_name(wg_activation *activation); /* and back; NULL: not the library's */

wg_var wg_identity(wg_var x); /* x itself: nothing is recorded */

/* ---- in pieces ----
 * Values and derivatives are exact but where said. NaN stays NaN. */

/* 0 where x <= 0, else x; any dtype; derivative 0 at 0.
 *   source    Nair & Hinton 2010 */
wg_var wg_relu(wg_var x);
/* x within 0 and 6, flat at both knots: derivative 0 at 0 and at 6.
 *   source    Krizhevsky 2010 */
wg_var wg_relu6(wg_var x);
/* slope x where x <= 0, else x: at 0 the derivative is the slope, 0.01. One rounding.
 *   source    Maas, Hannun & Ng 2013 */
wg_var wg_leaky_relu(wg_var x);
wg_var wg_leaky_relu_with(wg_var x, double slope);
/* alpha (exp(x) - 1) where x <= 0, else x: derivative alpha exp(x), then 1; alpha at 0, which is 1
 * in wg_elu. From -alpha upwards; 3 eps.
 *   source    Clevert, Unterthiner & Hochreiter 2016 */
wg_var wg_elu(wg_var x);
wg_var wg_elu_with(wg_var x, double alpha);
/* 1.0507 times elu of alpha 1.6733: keeps mean 0 and variance 1 from layer to layer. Derivative at
 * 0 1.7581; 3 eps.
 *   source    Klambauer et al. 2017 */
wg_var wg_selu(wg_var x);
/* alpha (exp(x / alpha) - 1) where x <= 0, else x: derivative exp(x / alpha), then 1, also at 0,
 * for every alpha, which is 1 in wg_celu. 3 eps; |x / alpha| eps more where alpha is no power of 2.
 *   source    Barron 2017 */
wg_var wg_celu(wg_var x);
wg_var wg_celu_with(wg_var x, double alpha);
/* 0 where x <= -3, x where x >= 3, x (x + 3) / 6 between: silu in pieces. The knots belong to the
 * flat sides: derivatives 0 and 1 there, second 0. 2 eps.
 *   source    Howard et al. 2019 */
wg_var wg_hardswish(wg_var x);
/* x / 6 + 1 / 2 within 0 and 1: derivative 1/6 from -3 to 3, both included. 2 eps.
 *   source    Courbariaux, Bengio & David 2015 (with another slope) */
wg_var wg_hardsigmoid(wg_var x);
/* x within -1 and 1; derivative 1 there, both included.
 *   source    Collobert 2004 */
wg_var wg_hardtanh(wg_var x);

/* ---- smooth ---- */

/* log(1 + exp x) as logaddexp(x, 0): right at 0 and in both tails at every order. 4 eps.
 *   range     above 0
 *   vjp       dx = g sigmoid(x)
 *   source    Dugas et al. 2001 */
wg_var wg_softplus(wg_var x);
/* 1 / (1 + exp(-x)), the primitive logistic, between 0 and 1: 2 eps, its derivatives 5; both tails
 * keep their digits at every order.
 *   vjp       dx = g r sigmoid(-x)
 *   source    Verhulst 1845; Rumelhart, Hinton & Williams 1986 */
wg_var wg_sigmoid(wg_var x);
/* Its logarithm, -softplus(-x): from -inf to 0. 4 eps; dx = g sigmoid(-x). */
wg_var wg_log_sigmoid(wg_var x);
/* x / (1 + exp(-x)), x s with s = sigmoid(x).
 *   vjp       dx = g s (1 + x sigmoid(-x))
 *   limits    at -inf 0 with derivative 0, at inf inf with derivative 1
 *   range     from -0.27846 at -1.2785 upwards
 *   accuracy  |error| <= (4 + |x|) eps; of the value alone, 4 eps
 *   source    Elfwing, Uchibe & Doya 2018; Ramachandran, Zoph & Le 2018 (swish) */
wg_var wg_silu(wg_var x);
/* x t with t = tanh(softplus x).
 *   vjp       dx = g (t + x (1 - t t) sigmoid(x))
 *   limits    at -inf 0 with derivative 0, at inf inf with derivative 1
 *   range     from -0.30884 at -1.1925 upwards
 *   accuracy  |error| <= (4 + 2 |x|) eps; of the value alone, 4 eps
 *   source    Misra 2019 */
wg_var wg_mish(wg_var x);
/* x times the share of a normal distribution below x, through erfc: nothing cancels on the left.
 *   vjp       dx = g (share + x density)
 *   limits    at -inf 0 with derivative 0, at inf inf with derivative 1
 *   range     from -0.16997 at -0.75179 upwards
 *   accuracy  |error| <= (4 + x x) eps: x over the root of 2 is rounded, and the tail multiplies
 *             that by x x
 *   source    Hendrycks & Gimpel 2016 */
wg_var wg_gelu(wg_var x);
/* x (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), which comes within 5e-4 of gelu; as
 * logistic(2 u), so that nothing cancels on the left.
 *   limits    those of gelu
 *   accuracy  |error| <= (6 + 2 |u|) eps
 *   source    Hendrycks & Gimpel 2016 */
wg_var wg_gelu_tanh(wg_var x);
/* x / (1 + |x|), between -1 and 1; derivative 1 / (1 + |x|)^2, at 0 the second is 0. 4 eps.
 *   source    Bergstra, Desjardins, Lamblin & Bengio 2009 */
wg_var wg_softsign(wg_var x);
/* x - tanh x, which is x^3 / 3 next to 0: in full relative accuracy there, as its slope is, which
 * is tanh(x)^2. 2 eps, derivatives 8. */
wg_var wg_tanhshrink(wg_var x);
/* x + sin(f x)^2 / f, x at f = 0; f is 1 in wg_snake. Never falls; NaN at infinities.
 *   vjp       dx = g (1 + sin(2 f x))
 *   accuracy  4 eps; |f x| eps more where f is no power of 2
 *   source    Ziyin, Hartwig & Ueda 2020 */
wg_var wg_snake(wg_var x);
wg_var wg_snake_with(wg_var x, double frequency);

/* ---- of half the features each ----
 * [..., 2 n] -> [..., n]: the last axis is halved into a and b.
 *   vjp       of a product: each half by the other, times its own slope
 *   errors    WG_ESHAPE it is odd; WG_EAXIS x is a scalar
 *   source    Dauphin et al. 2017 (glu); Shazeer 2020 (the others) */

wg_var wg_glu(wg_var x);    /* a sigmoid(b) */
wg_var wg_swiglu(wg_var x); /* silu(a) b */
wg_var wg_geglu(wg_var x);  /* gelu(a) b */

/* ---- with parameters: layers ----
 * All they remember lies below name in the params of scope, as that of the layers in layer.h; their
 * errors are those. */

/* slope x where x <= 0, else x, with one slope a feature, 0.25 at first.
 *   shapes    [..., n] -> [..., n]; parameter "slope" [n]
 *   source    He et al. 2015 */
wg_var wg_prelu(wg_scope scope, const char *name, wg_var x);
/* The largest of `pieces` linear functions for each of width features: any convex function with
 * enough of them. Ties share the gradient evenly.
 *   shapes    [..., n] -> [..., width]; parameters of wg_dense for width pieces outputs, those of a
 *             feature side by side
 *   errors    WG_EINVALID pieces is below 1, or width below 0; WG_ELIMIT x has 8 axes
 *   source    Goodfellow et al. 2013 */
wg_var wg_maxout(wg_scope scope, const char *name, wg_var x, int64_t width, int64_t pieces);

WG_DECLARATIONS_END

#ifndef WG_NO_LOCATION
#define wg_activate(...) WG_HERE(wg_activate(__VA_ARGS__))
#define wg_identity(...) WG_HERE(wg_identity(__VA_ARGS__))
#define wg_relu(...) WG_HERE(wg_relu(__VA_ARGS__))
#define wg_relu6(...) WG_HERE(wg_relu6(__VA_ARGS__))
#define wg_leaky_relu(...) WG_HERE(wg_leaky_relu(__VA_ARGS__))
#define wg_leaky_relu_with(...) WG_HERE(wg_leaky_relu_with(__VA_ARGS__))
#define wg_elu(...) WG_HERE(wg_elu(__VA_ARGS__))
#define wg_elu_with(...) WG_HERE(wg_elu_with(__VA_ARGS__))
#define wg_selu(...) WG_HERE(wg_selu(__VA_ARGS__))
#define wg_celu(...) WG_HERE(wg_celu(__VA_ARGS__))
#define wg_celu_with(...) WG_HERE(wg_celu_with(__VA_ARGS__))
#define wg_hardswish(...) WG_HERE(wg_hardswish(__VA_ARGS__))
#define wg_hardsigmoid(...) WG_HERE(wg_hardsigmoid(__VA_ARGS__))
#define wg_hardtanh(...) WG_HERE(wg_hardtanh(__VA_ARGS__))
#define wg_softplus(...) WG_HERE(wg_softplus(__VA_ARGS__))
#define wg_sigmoid(...) WG_HERE(wg_sigmoid(__VA_ARGS__))
#define wg_log_sigmoid(...) WG_HERE(wg_log_sigmoid(__VA_ARGS__))
#define wg_silu(...) WG_HERE(wg_silu(__VA_ARGS__))
#define wg_mish(...) WG_HERE(wg_mish(__VA_ARGS__))
#define wg_gelu(...) WG_HERE(wg_gelu(__VA_ARGS__))
#define wg_gelu_tanh(...) WG_HERE(wg_gelu_tanh(__VA_ARGS__))
#define wg_softsign(...) WG_HERE(wg_softsign(__VA_ARGS__))
#define wg_tanhshrink(...) WG_HERE(wg_tanhshrink(__VA_ARGS__))
#define wg_snake(...) WG_HERE(wg_snake(__VA_ARGS__))
#define wg_snake_with(...) WG_HERE(wg_snake_with(__VA_ARGS__))
#define wg_glu(...) WG_HERE(wg_glu(__VA_ARGS__))
#define wg_swiglu(...) WG_HERE(wg_swiglu(__VA_ARGS__))
#define wg_geglu(...) WG_HERE(wg_geglu(__VA_ARGS__))
#define wg_prelu(...) WG_HERE(wg_prelu(__VA_ARGS__))
#define wg_maxout(...) WG_HERE(wg_maxout(__VA_ARGS__))
#endif

#endif

/* Wengert, nn/loss: (output, target) -> one value a sample: weight, mask and average are yours.
 *
 * Squared error and binary cross-entropy are elementwise; average over outputs with wg_mean(..,
 * WG_AXES(-1)). What holds for all of them stands in nn.h.
 *   target    stretches to the shape it must have, never the output to the target: [n] for outputs
 *             [n, 1] is WG_ESHAPE */
#ifndef WENGERT_NN_LOSS_H
#define WENGERT_NN_LOSS_H

#include <wengert/ops.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

typedef wg_var wg_loss(wg_var output, wg_var target);
/* (output - target)^2, not halved; all dtypes but bool.
 *   shapes    output [...], target [...]  ->  [...] */
wg_var wg_squared_error(wg_var output, wg_var target);

/* -sum p log q over the classes, q the softmax of logits: what q costs where p is true.
 *
 *   target    classes: integers, 0 <= class < n, else the run fails with WG_EINDEX; or the
 *             probabilities p, of the dtype of logits. p = 0 hides q = 0, whose cost is infinite
 *   shapes    logits [..., n], classes [...] or probabilities [..., n]  ->  [...]
 *   vjp       dlogits = g (q sum(p) - p)   dp = -g log q, 0 where that is hidden
 *   accuracy  that of wg_log_softmax
 *   errors    WG_EDTYPE probabilities of another dtype; WG_ESHAPE
 *   source    Bridle 1990 (softmax and its entropy) */
wg_var wg_cross_entropy(wg_var logits, wg_var target);

/* -(t log q + (1 - t) log(1 - q)), q the sigmoid of logits: finite at any finite logit.
 *
 *   target    integers or bool: 0, or true for anything else; or probabilities t of the dtype of
 *             logits. What t = 0 or t = 1 rules out is hidden even if it costs inf
 *   shapes    logits [...], target [...]  ->  [...]
 *   vjp       dlogits = g (q - t)   dt = -g logits
 *   limits    t = 1 at inf: 0, derivative 0; at -inf: inf, derivative -1; t = 0 mirrored
 *   accuracy  4 ulp for t of 0 and 1; |error| <= 8 eps (|logits| + 1) else
 *   errors    WG_EDTYPE probabilities of another dtype; WG_ESHAPE */
wg_var wg_binary_cross_entropy(wg_var logits, wg_var target);

/* 1 where the largest logit is that of the class, else 0, in the dtype of logits; the lowest class
 * of equals, the first NaN. A metric is a loss nobody differentiates: there is no vjp.
 *
 *   target    classes: any integers, one out of range is never found; or probabilities, of which
 *             the largest counts
 *   shapes    logits [..., n], classes [...] or probabilities [..., n]  ->  [...] */
wg_var wg_accuracy(wg_var logits, wg_var target);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif

#ifndef WG_NO_LOCATION
#define wg_squared_error(...) WG_HERE(wg_squared_error(__VA_ARGS__))
#define wg_cross_entropy(...) WG_HERE(wg_cross_entropy(__VA_ARGS__))
#define wg_binary_cross_entropy(...) WG_HERE(wg_binary_cross_entropy(__VA_ARGS__))
#define wg_accuracy(...) WG_HERE(wg_accuracy(__VA_ARGS__))
#endif

#endif

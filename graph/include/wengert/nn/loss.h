/* Wengert, nn/loss: (output, target) -> one value a sample: weight, mask and average are yours, as
 * in wg_mean(wg_huber(output, target), WG_ALL) or wg_weighted_mean. Those with a number of their
 * own end in _with. What holds for all of them stands in nn.h.
 *
 *   target    stretches to the shape it must have, never the output to the target: [n] for outputs
 *             [n, 1] is WG_ESHAPE
 *   shapes    elementwise ones [...] -> [...]; average over outputs by wg_mean(.., WG_AXES(-1)) */
#ifndef WENGERT_NN_LOSS_H
#define WENGERT_NN_LOSS_H

#include <wengert/ops.h>

WG_DECLARATIONS_BEGIN

typedef wg_var wg_loss(wg_var output, wg_var target);
/* The target in the shape of the output without its last `dropped` axes: what all losses begin
 * with, and those of your own should.
 *   errors    WG_ESHAPE it does not stretch to that */
wg_var wg_fit_target(wg_var target, wg_var output, int dropped);

/* ---- how far from the target: e = output - target; elementwise ---- */

wg_var wg_squared_error(wg_var output, wg_var target);  /* e e, not halved; derivative 2 e */
wg_var wg_absolute_error(wg_var output, wg_var target); /* |e|; derivative sign(e), 0 at 0 */
/* Of the error e: e^2 / 2 where |e| < delta, else delta (|e| - delta / 2); delta is 1 in wg_huber,
 * and delta 0 means the absolute error.
 *   vjp       e within, +-delta outside and at the knots, where the second derivative is 0
 *   accuracy  2 eps
 *   errors    WG_EINVALID delta is below 0
 *   source    Huber 1964 */
wg_var wg_huber(wg_var output, wg_var target);
wg_var wg_huber_with(wg_var output, wg_var target, double delta);
/* log cosh(output - target): e^2 / 2 next to 0, |e| - log 2 far out, at +-inf too.
 *   accuracy  6 eps of the value, also next to 0; 16 of derivatives: the first is tanh e */
wg_var wg_log_cosh(wg_var output, wg_var target);
/* Its mean is least at that quantile of the target: quantile (target - output) where the output is
 * too small, (1 - quantile) (output - target) where it is too large; a tie splits the derivative.
 * 1 rounding.
 *   errors    WG_EINVALID quantile is not within 0 < quantile < 1
 *   source    Koenker & Bassett 1978 */
wg_var wg_quantile_with(wg_var output, wg_var target, double quantile);
/* The larger of 0 and 1 - target output; derivative 0 at the margin.
 *   target    -1 or 1, of any dtype; of bool, false is -1
 *   source    Cortes & Vapnik 1995 */
wg_var wg_hinge(wg_var output, wg_var target);

/* ---- the cost of classes ---- */

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

typedef struct wg_cross_entropy_options {
    double smoothing;           /* share of the target that is spread evenly over all classes */
    const wg_var *class_weight; /* what a class counts, [n]; NULL: 1 each */
    bool ignore;                /* samples of ignored_class cost 0 with gradient 0 */
    int64_t ignored_class;      /* need not exist; the mean is wg_weighted_mean over the others */
    uint64_t reserved[4];
} wg_cross_entropy_options;
/* -sum w ((1 - smoothing) p + smoothing / n) log q; NULL: wg_cross_entropy, whose vjp it has with
 * w ((1 - smoothing) p + smoothing / n) for p.
 *   errors    WG_EINVALID smoothing is not within 0 and 1, a class is ignored but targets are
 *             probabilities, or options were not zeroed
 *   source    Szegedy et al. 2016 (smoothing) */
wg_var wg_cross_entropy_with(wg_var logits, wg_var target,
                             const wg_cross_entropy_options *options);

/* sum p (log p - log q) over the last axis: what coding p by q costs beyond p itself.
 *   log_output   logarithms of the probabilities q, as from wg_log_softmax
 *   target       the probabilities p; p = 0 costs nothing, whatever q is
 *   shapes       [..., n], target [..., n] -> [...]
 *   vjp          dlog_output = -g p
 *   accuracy     |error| <= 4 eps sum p (|log p| + |log q|) beside that of a sum
 *   source       Kullback & Leibler 1951 */
wg_var wg_kl_divergence(wg_var log_output, wg_var target);

/* ---- the cost of yes and no; elementwise ---- */

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

/* The same of a probability q instead of its logit: for outputs that are probabilities already.
 * Beside 0 and 1 a logit has more digits. inf where an outcome of probability 0 is true.
 *   vjp       dprobability = g (q - t) / (q (1 - q))
 *   accuracy  4 eps for targets of 0 and 1 */
wg_var wg_bernoulli_nll(wg_var probability, wg_var target);
/* (1 - q)^gamma (-log q), q the probability that the logit gives to what is true: binary
 * cross-entropy that looks away from what is certain. gamma is 2 in wg_focal; at 0 it is
 * binary cross-entropy. Targets as there.
 *   limits    certain and right: 0, derivative 0; certain and wrong: inf, derivative -1 or 1
 *   accuracy  (8 + 2 gamma |logits|) eps
 *   errors    WG_EINVALID gamma is below 0
 *   source    Lin et al. 2017, without their factor alpha */
wg_var wg_focal(wg_var logits, wg_var target);
wg_var wg_focal_with(wg_var logits, wg_var target, double gamma);

/* ---- the cost of counts and measurements; elementwise ----
 * -log of a density, without the terms that the output does not change. */

/* exp(log_rate) - target log_rate: the Poisson distribution of counts, of any dtype but bool.
 *   vjp       dlog_rate = g (exp(log_rate) - target)
 *   limits    at -inf 0 for a target of 0, else inf; at inf inf
 *   accuracy  3 eps of the larger addend */
wg_var wg_poisson_nll(wg_var log_rate, wg_var target);
/* (s + (target - m)^2 exp(-s)) / 2: a normal distribution of mean m and variance exp(s), which may
 * differ from sample to sample.
 *   shapes    [..., 2 n], first all m and then all s; target [..., n] -> [..., n]
 *   vjp       with e = m - target  dm = g e exp(-s)   ds = g (1 - e e exp(-s)) / 2
 *   accuracy  (4 + |s|) eps of the larger addend
 *   errors    WG_ESHAPE the last axis is odd
 *   source    Nix & Weigend 1994 */
wg_var wg_gaussian_nll(wg_var mean_and_log_variance, wg_var target);

/* ---- of series ---- */

/* -log of the probability that a series says the target: of all ways to give a class to each of its
 * places from which the target is left when repetitions are joined and blanks, class 0, dropped.
 *
 *   target        classes, 0 < class < c; what lies behind target_count is padding, and may be 0
 *   logit_count   how many places of each series count, target_count how many of each target; the
 *                 null value: all. Both [n], integers
 *   shapes        logits [n, t, c], target [n, s]  ->  [n]
 *   limits        a target that no way gives (too long, or with repetitions, for its places) costs
 *                 inf, with finite derivatives
 *   accuracy      |error| <= 8 t eps (1 + value)
 *   errors        WG_ESHAPE, WG_EDTYPE; the run fails with WG_EINDEX where a class does not exist
 *   source        Graves, Fernandez, Gomez & Schmidhuber 2006 */
wg_var wg_ctc(wg_var logits, wg_var target, wg_var logit_count, wg_var target_count);

/* ---- of vectors: [..., n] -> [...] ---- */

/* 1 - cos of the angle between output and target: from 0 to 2. 1 with derivative 0 where one of
 * them is 0.
 *   vjp       doutput = g ((1 - r) u - v) / |output|, u and v the directions of output and target
 *   accuracy  |error| <= 8 eps sqrt(r) beside that of sums: eps alone where the angle is small */
wg_var wg_cosine_distance(wg_var output, wg_var target);
/* How much nearer, by the margin at least, the squared distance to `same` must be than that to
 * `other`: the larger of 0 and |anchor - same|^2 - |anchor - other|^2 + margin.
 *   vjp       danchor = 2 g (other - same)   dsame = 2 g (same - anchor)
 *             dother = 2 g (anchor - other); all 0 where the margin is kept
 *   errors    WG_EINVALID margin is not finite
 *   source    Schroff, Kalenichenko & Philbin 2015 */
wg_var wg_triplet(wg_var anchor, wg_var same, wg_var other, double margin);
/* Cross-entropy of choosing, for each row of x, its own among the rows of y by their cosines over
 * the temperature. Of both directions: add that of (y, x).
 *   shapes    x [..., m, n], y [..., m, n] -> [..., m]
 *   vjp       that of wg_cross_entropy, through cosines: 0 along a row itself
 *   errors    WG_EINVALID temperature is not above 0; WG_EAXIS x has no rows
 *   source    van den Oord, Li & Vinyals 2018; Chen et al. 2020 */
wg_var wg_contrastive(wg_var x, wg_var y, double temperature);

/* ---- metrics: losses nobody differentiates ---- */

/* 1 where the largest logit is that of the class, else 0, in the dtype of logits; the lowest class
 * of equals, the first NaN. A metric is a loss nobody differentiates: there is no vjp.
 *
 *   target    classes: any integers, one out of range is never found; or probabilities, of which
 *             the largest counts
 *   shapes    logits [..., n], classes [...] or probabilities [..., n]  ->  [...] */
wg_var wg_accuracy(wg_var logits, wg_var target);

/* 1 where the class is among the k largest logits, else 0; k = 1 is wg_accuracy, whose order of
 * equals and NaN holds.
 *   errors    WG_EINVALID k is below 1 */
wg_var wg_accuracy_top_k(wg_var logits, wg_var target, int64_t k);

WG_DECLARATIONS_END

#ifndef WG_NO_LOCATION
#define wg_fit_target(...) WG_HERE(wg_fit_target(__VA_ARGS__))
#define wg_squared_error(...) WG_HERE(wg_squared_error(__VA_ARGS__))
#define wg_absolute_error(...) WG_HERE(wg_absolute_error(__VA_ARGS__))
#define wg_huber(...) WG_HERE(wg_huber(__VA_ARGS__))
#define wg_huber_with(...) WG_HERE(wg_huber_with(__VA_ARGS__))
#define wg_log_cosh(...) WG_HERE(wg_log_cosh(__VA_ARGS__))
#define wg_quantile_with(...) WG_HERE(wg_quantile_with(__VA_ARGS__))
#define wg_hinge(...) WG_HERE(wg_hinge(__VA_ARGS__))
#define wg_cross_entropy(...) WG_HERE(wg_cross_entropy(__VA_ARGS__))
#define wg_cross_entropy_with(...) WG_HERE(wg_cross_entropy_with(__VA_ARGS__))
#define wg_kl_divergence(...) WG_HERE(wg_kl_divergence(__VA_ARGS__))
#define wg_binary_cross_entropy(...) WG_HERE(wg_binary_cross_entropy(__VA_ARGS__))
#define wg_bernoulli_nll(...) WG_HERE(wg_bernoulli_nll(__VA_ARGS__))
#define wg_focal(...) WG_HERE(wg_focal(__VA_ARGS__))
#define wg_focal_with(...) WG_HERE(wg_focal_with(__VA_ARGS__))
#define wg_poisson_nll(...) WG_HERE(wg_poisson_nll(__VA_ARGS__))
#define wg_gaussian_nll(...) WG_HERE(wg_gaussian_nll(__VA_ARGS__))
#define wg_cosine_distance(...) WG_HERE(wg_cosine_distance(__VA_ARGS__))
#define wg_triplet(...) WG_HERE(wg_triplet(__VA_ARGS__))
#define wg_contrastive(...) WG_HERE(wg_contrastive(__VA_ARGS__))
#define wg_ctc(...) WG_HERE(wg_ctc(__VA_ARGS__))
#define wg_accuracy(...) WG_HERE(wg_accuracy(__VA_ARGS__))
#define wg_accuracy_top_k(...) WG_HERE(wg_accuracy_top_k(__VA_ARGS__))
#endif

#endif

/* Wengert, nn: activations, losses, initialisers, layers, optimisers.
 *
 * Everything here is composed from the functions of graph.h and ops.h and could be yours: no own
 * derivatives, no private headers. Losses give one value a sample, never the mean.
 *
 * What holds for all of them
 *   dtypes    f32 and f64 unless said otherwise; the inputs of a call must agree
 *   vjp       that of what it is composed of, so to any order; said only where a kink or a limit
 *             had to be chosen
 *   accuracy  eps is 2^-52 in f64 and 2^-23 in f32. Bounds hold in both, for value and three
 *             derivatives, of the largest addend where a result is near a root, while nothing on
 *             the way is subnormal; measured at 4,000 points against 60 digits
 *   errors    those of ops.h, under the name of the function that met them: WG_EDTYPE, WG_ESHAPE,
 *             WG_EAXIS, WG_EINVALID. The result is an error value
 *   owner     the result belongs to the tape of the inputs */
#ifndef WENGERT_NN_H
#define WENGERT_NN_H

#include <wengert/ops.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

/* ---- short formulas ---- */

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

/* ---- activations: one argument, so each is a value for `.activation`; elementwise ---- */

typedef wg_var wg_activation(wg_var x);
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

/* ---- losses: (output, target) -> one value a sample: weight, mask and average are yours ----
 * Squared error and binary cross-entropy are elementwise; average over outputs with wg_mean(..,
 * WG_AXES(-1)).
 *   target    stretches to the shape it must have, never the output to the target: [n] for outputs
 *             [n, 1] is WG_ESHAPE */

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

/* ---- initialisers ----
 * What a parameter is at first: a function of seed and path (wg_param in graph.h). A weight is
 * [..., inputs, outputs], leading axes count on both sides; a vector has as many inputs and outputs
 * as elements. n is the number of inputs.
 *   errors    when a parameter is made: WG_EINVALID a setting is not finite, lower above upper, a
 *             deviation below 0 */

wg_initializer wg_init_constant(double value);               /* any value */
wg_initializer wg_init_uniform(double lower, double upper);  /* from lower to upper */
wg_initializer wg_init_normal(double mean, double deviation);
/* Uniform within +-1 / sqrt(n), variance 1 / (3 n): what courses call Xavier's. */
wg_initializer wg_init_xavier(void);
/* Normal of variance 2 / n: keeps the size of gradients through relu.  source He et al. 2015 */
wg_initializer wg_init_he(void);
/* Uniform within +-sqrt(6 / (inputs + outputs)).  source Glorot & Bengio 2010, eq. 16 */
wg_initializer wg_init_glorot(void);

/* ---- layers: wg_layer(scope, name, x, size, options); parameters take the dtype of x ----
 * All they remember lies in the params of scope below name; each notes its result under name.
 *   errors    WG_ENAME name is malformed or met before; WG_EFOREIGN x is of another tape; those of
 *             wg_param and wg_state */

typedef struct wg_dense_options {
    wg_activation *activation;   /* NULL: none */
    bool without_bias;
    wg_initializer weight, bias; /* zeroed: Glorot, 0 */
    uint64_t reserved[4];
} wg_dense_options;
/* activation(x weight + bias): the same n inputs to width outputs for all leading axes.
 *
 *   shapes    [..., n] -> [..., width]; parameters "weight" [n, width] and "bias" [width]
 *   accuracy  that of wg_matmul and one rounding
 *   errors    WG_EAXIS x is a scalar; WG_ESHAPE width is negative; WG_EINVALID options were not
 *             zeroed */
wg_var wg_dense(wg_scope scope, const char *name, wg_var x, int64_t width,
                const wg_dense_options *options);

/* (x - mean) / spread, both state and not trained: a scaler is a layer that was fitted
 * (wg_standardize_fit, data.h), and is 0 and 1 before. Spread 0 gives 0, whatever x is.
 *
 *   shapes    [..., n] -> [..., n]; state "mean" [n] and "spread" [n]
 *   errors    WG_EAXIS x is a scalar */
wg_var wg_standardize(wg_scope scope, const char *name, wg_var x);

/* In training mode each element is 0 with probability rate, else x / (1 - rate), so that the mean
 * stays: drawn anew by each run, the same in value and derivatives, never stored. In evaluation
 * mode, and at rate 0, x itself.
 *
 *   errors    WG_EINVALID rate is not within 0 <= rate < 1
 *   source    Srivastava et al. 2014 */
wg_var wg_dropout(wg_scope scope, const char *name, wg_var x, double rate);

/* ---- optimisers: a plain value ---- */

typedef struct wg_optimizer wg_optimizer;
/* Records and returns the new value of one parameter, of its dtype and shape. What it remembers it
 * reads and assigns below state (wg_state_like, wg_assign), which is its own for each parameter;
 * rate is a scalar f64. */
typedef wg_var wg_update_rule(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                              const wg_optimizer *self);
struct wg_optimizer {
    wg_update_rule *update;
    const char *name;  /* of its state, "<name>/<parameter>/...", and of its scalar "<name>/rate";
                          two in one recording: two names. Borrowed while recording */
    double rate;       /* may change at every step: it is an input, no part of the program */
    double setting[8]; /* the rule's own; part of the program */
    void *user;
    bool unchecked;    /* no test that updates are finite */
    uint64_t reserved[8];
};
typedef struct wg_sgd_options { double momentum; uint64_t reserved[4]; } wg_sgd_options;
typedef struct wg_adam_options {
    double beta1, beta2, epsilon; /* 0: 0.9, 0.999, 1e-8 */
    uint64_t reserved[4];
} wg_adam_options;
/* p - rate u with u = momentum u + g, state "velocity"; without momentum u is g, and no state.
 * Options that were not zeroed give an optimiser that wg_apply refuses.  source Polyak 1964 */
wg_optimizer wg_sgd(double rate, const wg_sgd_options *options);
/* p - rate m' / (sqrt(v') + epsilon), m' and v' the running means of g and g g, each over 1 -
 * beta^t: state "mean" and "square". The powers of beta are multiplied on in f64, "power1" and
 * "power2". Options as those of wg_sgd.  source Kingma & Ba 2015, algorithm 1 */
wg_optimizer wg_adam(double rate, const wg_adam_options *options);

/* Makes loss smaller by what lies below scope: records the gradients of the parameters met so far
 * and not frozen (wg_parameters), and wg_apply of them. The run then commits all updates or none.
 *
 *   errors    WG_ESHAPE loss is not a scalar; WG_EINVALID no parameter was met, or loss is the null
 *             value; those of wg_grads and wg_apply */
int wg_minimize(const wg_optimizer *optimizer, wg_scope scope, wg_var loss);

/* Records what the optimiser makes of gradients that you clipped, averaged or made yourself: from
 * here on parameter[i] reads as its new value. State is that of the params of scope, whatever its
 * path. A run with an update or a moment that is not finite fails with WG_EFINITE and changes
 * nothing, unless the optimiser is `unchecked`.
 *
 *   errors    WG_ENAME the optimiser's name is malformed, or an optimiser of this name was applied
 *             in this recording; WG_EINVALID a parameter[i] is none, optimiser or lists are missing
 *             or not zeroed; WG_ESHAPE gradient[i] is not shaped as parameter[i]; WG_EDTYPE */
int wg_apply(const wg_optimizer *optimizer, wg_scope scope, int64_t count, const wg_var *parameter,
             const wg_var *gradient);

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
#define wg_identity(...) WG_HERE(wg_identity(__VA_ARGS__))
#define wg_relu(...) WG_HERE(wg_relu(__VA_ARGS__))
#define wg_softplus(...) WG_HERE(wg_softplus(__VA_ARGS__))
#define wg_sigmoid(...) WG_HERE(wg_sigmoid(__VA_ARGS__))
#define wg_mish(...) WG_HERE(wg_mish(__VA_ARGS__))
#define wg_gelu(...) WG_HERE(wg_gelu(__VA_ARGS__))
#define wg_squared_error(...) WG_HERE(wg_squared_error(__VA_ARGS__))
#define wg_cross_entropy(...) WG_HERE(wg_cross_entropy(__VA_ARGS__))
#define wg_binary_cross_entropy(...) WG_HERE(wg_binary_cross_entropy(__VA_ARGS__))
#define wg_accuracy(...) WG_HERE(wg_accuracy(__VA_ARGS__))
#define wg_dense(...) WG_HERE(wg_dense(__VA_ARGS__))
#define wg_standardize(...) WG_HERE(wg_standardize(__VA_ARGS__))
#define wg_dropout(...) WG_HERE(wg_dropout(__VA_ARGS__))
#endif

#endif

/* Wengert, nn: activations, losses, initialisers, layers, optimisers.
 *
 * Everything here is composed from the functions of graph.h and ops.h and could be yours: no own
 * derivatives, no private headers. Losses give one value a sample, never the mean. */
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

/* x times a number of its dtype. f32, f64 and integers; the number is part of the program. */
wg_var wg_scale(wg_var x, double factor);
/* x plus a number of its dtype, which is part of the program. */
wg_var wg_shift(wg_var x, double amount);
/* x x; derivative 2 x. */
wg_var wg_square(wg_var x);
/* 1 / x; f32 and f64; 1 / 0 is inf. */
wg_var wg_reciprocal(wg_var x);
/* log of the sum of exp x over axes, without overflow; of -inf alone -inf with gradient 0. */
wg_var wg_logsumexp(wg_var x, wg_axes axes);
/* exp x over its sum along one axis: rows sum to 1, no overflow; NaN where all of a row is -inf. */
wg_var wg_softmax(wg_var x, int axis);
/* log of softmax without its rounding: finite where softmax would be 0. */
wg_var wg_log_softmax(wg_var x, int axis);
/* sum(w x) / sum(w); weight 0 hides even a NaN; bool allowed; total weight 0 gives 0. */
wg_var wg_weighted_mean(wg_var x, wg_var weight);
/* The elements along the axis in ascending order, as wg_argsort says; any dtype but bool.
 * dx = g, put back to where each element was. */
wg_var wg_sort(wg_var x, int axis);
wg_var wg_one_hot(wg_var index, int64_t count, wg_dtype dtype);

/* ---- activations: one argument, so each is a value for `.activation` ---- */

typedef wg_var wg_activation(wg_var x);
/* x. */
wg_var wg_identity(wg_var x);
/* x above 0, else 0; derivative 0 at 0; NaN stays NaN. */
wg_var wg_relu(wg_var x);
/* log(1 + exp x) = logaddexp(x, 0), right at every order at 0 and in both tails. */
wg_var wg_softplus(wg_var x);
/* 1 / (1 + exp -x), the primitive logistic; both tails keep their digits at every order. */
wg_var wg_sigmoid(wg_var x);
/* x tanh(softplus x); 0 with derivative 0 at -inf, x with derivative 1 at inf. Misra 2019. */
wg_var wg_mish(wg_var x);
/* x times the share of a normal distribution below x, through erfc; limits as of mish.
 * accuracy  8 + x x / 2 ulp in f64. Hendrycks & Gimpel 2016. */
wg_var wg_gelu(wg_var x);

/* ---- losses: (output, target) -> one value a sample: weight, mask and average are yours ----
 * Squared error and binary cross-entropy are elementwise; average over outputs with wg_mean(..,
 * WG_AXES(-1)). */

typedef wg_var wg_loss(wg_var output, wg_var target);
/* (output - target)^2, element by element; shapes broadcast, dtypes agree. */
wg_var wg_squared_error(wg_var output, wg_var target);
/* target: classes (any integer) or probabilities (shaped as logits) */
wg_var wg_cross_entropy(wg_var logits, wg_var target);
/* target: 0/1 of any dtype, or probabilities */
wg_var wg_binary_cross_entropy(wg_var logits, wg_var target);
/* 0 or 1 a sample: a metric is a loss nobody differentiates */
wg_var wg_accuracy(wg_var logits, wg_var target);

/* ---- initialisers ---- */

/* Every element is value. */
wg_initializer wg_init_constant(double value);
/* Uniform in [lower, upper). */
wg_initializer wg_init_uniform(double lower, double upper);
/* Normal with this mean and standard deviation. */
wg_initializer wg_init_normal(double mean, double deviation);
wg_initializer wg_init_xavier(void); /* the course's: U(+-1/sqrt n) */
wg_initializer wg_init_he(void);     /* the course's: N(0, 2/n) */
wg_initializer wg_init_glorot(void); /* U(+-sqrt(6 / (inputs + outputs))) */

/* ---- layers: wg_layer(scope, name, x, size, options); parameters take the dtype of x ---- */

typedef struct wg_dense_options {
    wg_activation *activation;
    bool without_bias;
    wg_initializer weight, bias; /* zeroed: Glorot, 0 */
    uint64_t reserved[4];
} wg_dense_options;
/* [..., n] -> [..., width]: x weight + bias, then the activation. Parameters "weight" [n, width]
 * and "bias" [width] below name; the result is noted under name. */
wg_var wg_dense(wg_scope scope, const char *name, wg_var x, int64_t width,
                const wg_dense_options *options);
/* A scaler is a layer whose state is fitted (wg_standardize_fit, data.h). Spread 0 gives 0. */
wg_var wg_standardize(wg_scope scope, const char *name, wg_var x);
/* In training mode 0 with probability rate, else x / (1 - rate); in evaluation mode x.
 * errors    WG_EINVALID rate outside [0, 1] */
wg_var wg_dropout(wg_scope scope, const char *name, wg_var x, double rate);

/* ---- optimisers: a plain value. An update rule records the new value of one parameter; its state
 * lives in scope. ---- */

typedef struct wg_optimizer wg_optimizer;
typedef wg_var wg_update_rule(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                              const wg_optimizer *self);
struct wg_optimizer {
    wg_update_rule *update;
    const char *name; /* of its state and of its scalar "<name>/rate"; two on one params: two
                         names */
    double rate;      /* may change at every step: it is an input, no part of the program */
    double setting[8];
    void *user;
    bool unchecked; /* no test that updates are finite */
    uint64_t reserved[8];
};
typedef struct wg_sgd_options { double momentum; uint64_t reserved[4]; } wg_sgd_options;
typedef struct wg_adam_options {
    double beta1, beta2, epsilon; /* 0: 0.9, 0.999, 1e-8 */
    uint64_t reserved[4];
} wg_adam_options;
/* p - rate u with u = momentum u + g; without momentum u is g and there is no state. */
wg_optimizer wg_sgd(double rate, const wg_sgd_options *options);
/* p - rate m / (sqrt v + epsilon), m and v the means of g and g g with their start corrected; the
 * powers of beta are f64 state. Kingma & Ba 2015. */
wg_optimizer wg_adam(double rate, const wg_adam_options *options);

/* minimize = parameters below scope + grads + apply. */
int wg_minimize(const wg_optimizer *optimizer, wg_scope scope, wg_var loss);
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

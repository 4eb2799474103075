/* Wengert, nn/layer: wg_layer(scope, name, x, size, options); parameters take the dtype of x.
 *
 * All they remember lies in the params of scope below name; each notes its result under name. What
 * holds for all of them stands in nn.h.
 *   errors    WG_ENAME name is malformed or met before; WG_EFOREIGN x is of another tape; those of
 *             wg_param and wg_state */
#ifndef WENGERT_NN_LAYER_H
#define WENGERT_NN_LAYER_H

#include <wengert/nn/activation.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif

#ifndef WG_NO_LOCATION
#define wg_dense(...) WG_HERE(wg_dense(__VA_ARGS__))
#define wg_standardize(...) WG_HERE(wg_standardize(__VA_ARGS__))
#define wg_dropout(...) WG_HERE(wg_dropout(__VA_ARGS__))
#endif

#endif

/* Wengert, nn/layer: wg_layer(scope, name, x, size, options); parameters take the dtype of x.
 *
 * All they remember lies in the params of scope below name; each notes its result under name. What
 * holds for all of them stands in nn.h.
 *   errors    WG_ENAME name is malformed or met before; WG_EFOREIGN x is of another tape; those of
 *             wg_param and wg_state */
#ifndef WENGERT_NN_LAYER_H
#define WENGERT_NN_LAYER_H

#include <wengert/nn/activation.h>

WG_DECLARATIONS_BEGIN

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
/* x spread + mean, with the same state: the way back from wg_standardize, as for the prediction of
 * a standardized target. Of spread 0 the mean. Where both stand in one recording, their scope is a
 * shared one (wg_scope_shared).
 *
 *   shapes    [..., n] -> [..., n]
 *   errors    WG_EAXIS x is a scalar */
wg_var wg_unstandardize(wg_scope scope, const char *name, wg_var x);

/* Sine and cosine of x as a share of the period, 2 pi x / period: an angle or an hour without the
 * seam where it begins anew.
 *
 *   shapes    [..., n] -> [..., 2 n], the sines first
 *   accuracy  |error| <= 4 eps, however many periods x is away: whole ones are taken out exactly
 *   errors    WG_EAXIS x is a scalar; WG_EINVALID period is not above 0 and finite */
wg_var wg_cyclic(wg_var x, double period);

/* In training mode each element is 0 with probability rate, else x / (1 - rate), so that the mean
 * stays: drawn anew by each run, the same in value and derivatives, never stored. In evaluation
 * mode, and at rate 0, x itself.
 *
 *   errors    WG_EINVALID rate is not within 0 <= rate < 1
 *   source    Srivastava et al. 2014 */
wg_var wg_dropout(wg_scope scope, const char *name, wg_var x, double rate);

/* The rows of "weight" that the index names: what a word, a class or a place is as numbers.
 *
 *   index     integers or bool, 0 <= index < count: else the run fails with WG_EINDEX
 *   shapes    [...] -> [..., width]; parameter "weight" [count, width], at first normal with
 *             variance 1 / width, so that a row has length 1
 *   vjp       dweight = g, added up for each row
 *   errors    WG_EDTYPE index is of floating point; WG_ESHAPE count or width is negative */
wg_var wg_embedding(wg_scope scope, const char *name, wg_var index, int64_t count, int64_t width);

wg_var wg_flatten(wg_var x); /* [n, ...] -> [n, count]; errors WG_EAXIS x is a scalar */

/* A piece of a network, as wg_network (train.h) is one; in a scope of its own. */
typedef wg_var wg_block(wg_scope scope, wg_var x, void *user);
/* x + block(x), the block in the scope of the name.
 *   errors    WG_ESHAPE what the block gives does not join x; those of the block
 *   source    He et al. 2016 */
wg_var wg_residual(wg_scope scope, const char *name, wg_var x, wg_block *block, void *user);

/* One of several blocks, one after the other. */
typedef struct wg_stage {
    const char *name;
    wg_block *block;
    void *user;
    uint64_t reserved[2];
} wg_stage;
/* The blocks in order, each in the scope of its name below that of the whole. Of none x itself.
 *   errors    WG_EINVALID count is negative, a block is missing, a stage was not zeroed */
wg_var wg_sequential(wg_scope scope, const char *name, wg_var x, int64_t count,
                     const wg_stage *stage);

WG_DECLARATIONS_END

#ifndef WG_NO_LOCATION
#define wg_dense(...) WG_HERE(wg_dense(__VA_ARGS__))
#define wg_standardize(...) WG_HERE(wg_standardize(__VA_ARGS__))
#define wg_unstandardize(...) WG_HERE(wg_unstandardize(__VA_ARGS__))
#define wg_cyclic(...) WG_HERE(wg_cyclic(__VA_ARGS__))
#define wg_dropout(...) WG_HERE(wg_dropout(__VA_ARGS__))
#define wg_embedding(...) WG_HERE(wg_embedding(__VA_ARGS__))
#define wg_flatten(...) WG_HERE(wg_flatten(__VA_ARGS__))
#define wg_residual(...) WG_HERE(wg_residual(__VA_ARGS__))
#define wg_sequential(...) WG_HERE(wg_sequential(__VA_ARGS__))
#endif

#endif

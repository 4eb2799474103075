/* Wengert, nn/attention: means of values, weighted by how well a query fits their keys. What holds
 * for layers stands in layer.h. */
#ifndef WENGERT_NN_ATTENTION_H
#define WENGERT_NN_ATTENTION_H

#include <wengert/ops.h>

WG_DECLARATIONS_BEGIN

/* softmax(query key^T / sqrt(d)) value, the softmax over the places that the mask lets be seen; a
 * query that may see none gives 0, with gradient 0.
 *
 *   mask      bool, true: may be seen; stretches to [..., t, s]; the null value: all. What it
 *             hides must be finite: it is a factor of 0, in value and gradient
 *   shapes    query [..., t, d]   key [..., s, d]   value [..., s, e]   ->  [..., t, e]; leading
 *             axes broadcast
 *   accuracy  that of the two wg_matmul and of wg_softmax
 *   errors    WG_EDTYPE the mask is not bool; WG_ESHAPE something does not fit, or s is 0
 *   source    Vaswani et al. 2017, eq. 1 */
wg_var wg_attend(wg_var query, wg_var key, wg_var value, wg_var mask);

/* bool [count, count]: place i may see those up to i. */
wg_var wg_causal_mask(wg_tape *tape, int64_t count);

typedef struct wg_attention_options {
    bool without_bias;
    double dropout;       /* share of the weights set to 0 in training, as wg_dropout does */
    uint64_t reserved[4];
} wg_attention_options;
/* Attention of several heads: layers "query", "key", "value" and "out" as wg_dense makes them; each
 * head has its own c / heads of what the first three give. x asks and memory answers, the null
 * value: x itself.
 *
 *   mask      as for wg_attend, stretches to [..., heads, t, s]
 *   shapes    x [..., t, c]   memory [..., s, m]   ->  [..., t, c], at most 7 axes
 *   errors    WG_ESHAPE heads do not divide c, x has fewer than two axes
 *   source    Vaswani et al. 2017, sec. 3.2 */
wg_var wg_attention(wg_scope scope, const char *name, wg_var x, wg_var memory, int64_t heads,
                    wg_var mask, const wg_attention_options *options);

WG_DECLARATIONS_END

#ifndef WG_NO_LOCATION
#define wg_attend(...) WG_HERE(wg_attend(__VA_ARGS__))
#define wg_causal_mask(...) WG_HERE(wg_causal_mask(__VA_ARGS__))
#define wg_attention(...) WG_HERE(wg_attention(__VA_ARGS__))
#endif

#endif

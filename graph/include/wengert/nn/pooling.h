/* Wengert, nn/pooling: the largest or the mean of each window, channel by channel: x is [n, t, c]
 * or [n, h, w, c]. Nothing is padded: what no window reaches at the end is left out.
 *
 *   stride    from one window to the next; 0: extent, so that they touch
 *   shapes    an axis of n becomes (n - extent) / stride + 1, rounded down
 *   errors    WG_ESHAPE x has another rank, no window fits; WG_EINVALID a number is out of range */
#ifndef WENGERT_NN_POOLING_H
#define WENGERT_NN_POOLING_H

#include <wengert/ops.h>

WG_DECLARATIONS_BEGIN

/* Every dtype but bool; NaN wins. dx: g goes to the largest of its window, shared evenly at
 * ties. */
wg_var wg_max_pool1d(wg_var x, int64_t extent, int64_t stride);
wg_var wg_max_pool2d(wg_var x, int64_t extent, int64_t stride);
/* dx: g over the number of elements, to each of them. */
wg_var wg_mean_pool1d(wg_var x, int64_t extent, int64_t stride);
wg_var wg_mean_pool2d(wg_var x, int64_t extent, int64_t stride);

/* The same over all axes between the samples and the channels: [n, ..., c] -> [n, c]. */
wg_var wg_max_pool_global(wg_var x);
wg_var wg_mean_pool_global(wg_var x);

WG_DECLARATIONS_END

#ifndef WG_NO_LOCATION
#define wg_max_pool1d(...) WG_HERE(wg_max_pool1d(__VA_ARGS__))
#define wg_max_pool2d(...) WG_HERE(wg_max_pool2d(__VA_ARGS__))
#define wg_mean_pool1d(...) WG_HERE(wg_mean_pool1d(__VA_ARGS__))
#define wg_mean_pool2d(...) WG_HERE(wg_mean_pool2d(__VA_ARGS__))
#define wg_max_pool_global(...) WG_HERE(wg_max_pool_global(__VA_ARGS__))
#define wg_mean_pool_global(...) WG_HERE(wg_mean_pool_global(__VA_ARGS__))
#endif

#endif

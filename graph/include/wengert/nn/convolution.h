/* Wengert, nn/convolution: weights that slide along one or two axes, between the samples and the
 * channels: x is [n, t, c] or [n, h, w, c]. What holds for all of them stands in layer.h.
 *
 *   order     the weight is not flipped; a sum runs over the window first, then over channels
 *   errors    WG_ESHAPE x has another rank, no window fits, groups do not divide; WG_EINVALID a
 *             number is out of range, or options were not zeroed
 *   source    Dumoulin & Visin 2016 (geometry) */
#ifndef WENGERT_NN_CONVOLUTION_H
#define WENGERT_NN_CONVOLUTION_H

#include <wengert/nn/activation.h>

WG_DECLARATIONS_BEGIN

/* Two numbers are those of height and width; one axis has the first alone, and the second is 0. */
typedef struct wg_conv_options {
    wg_activation *activation;        /* NULL: none */
    bool without_bias;
    int64_t stride[2], dilation[2];   /* 0: 1 */
    int64_t pad[2];                   /* zeros at either end */
    int64_t groups;                   /* 0: 1; channels of a group see those of it alone */
    bool same;                        /* pads so that the extent is n / stride, rounded up; of an
                                         odd number of zeros one more is at the end */
    wg_initializer weight, bias;      /* zeroed: Glorot, 0 */
    uint64_t reserved[4];
} wg_conv_options;

/* activation(windows of x times weight + bias).
 *
 *   shapes    [n, t, c] -> [n, m, channels], m = (t + 2 pad - span) / stride + 1 rounded down,
 *             span = (width - 1) dilation + 1; parameters "weight" [width, c / groups, channels]
 *             and "bias" [channels]
 *   accuracy  that of wg_matmul of width c / groups products, and one rounding */
wg_var wg_conv1d(wg_scope scope, const char *name, wg_var x, int64_t channels, int64_t width,
                 const wg_conv_options *options);
/* The same over two axes.
 *   shapes    [n, h, w, c] -> [n, mh, mw, channels]; "weight" [height, width, c / groups, channels]
 *             and "bias" [channels] */
wg_var wg_conv2d(wg_scope scope, const char *name, wg_var x, int64_t channels, int64_t height,
                 int64_t width, const wg_conv_options *options);

/* Each element of x times weight, added where its window lies: what the gradient of wg_conv1d by
 * its input is, but with a weight of its own, so that extents grow by the stride.
 *
 *   shapes    [n, t, c] -> [n, (t - 1) stride + span - 2 pad, channels], if `same` [n, t stride,
 *             channels]; "weight" [width, c / groups, channels] and "bias" [channels]
 *   accuracy  products are those of wg_matmul over c / groups; each of those that meet in an
 *             element is rounded, and they are added in the order of the window
 *   source    Zeiler et al. 2010 */
wg_var wg_conv1d_transposed(wg_scope scope, const char *name, wg_var x, int64_t channels,
                            int64_t width, const wg_conv_options *options);
wg_var wg_conv2d_transposed(wg_scope scope, const char *name, wg_var x, int64_t channels,
                            int64_t height, int64_t width, const wg_conv_options *options);

WG_DECLARATIONS_END

#ifndef WG_NO_LOCATION
#define wg_conv1d(...) WG_HERE(wg_conv1d(__VA_ARGS__))
#define wg_conv2d(...) WG_HERE(wg_conv2d(__VA_ARGS__))
#define wg_conv1d_transposed(...) WG_HERE(wg_conv1d_transposed(__VA_ARGS__))
#define wg_conv2d_transposed(...) WG_HERE(wg_conv2d_transposed(__VA_ARGS__))
#endif

#endif

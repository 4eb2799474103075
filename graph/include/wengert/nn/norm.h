/* Wengert, nn/norm: layers that give values mean 0 and variance 1, or size 1, channel by channel or
 * sample by sample. The last axis holds the channels. What holds for all of them stands in layer.h.
 *
 *   affine    the result is times "scale" and plus "bias", parameters [c], at first 1 and 0
 *   accuracy  |error| <= 4 eps (|r| + 1) beside that of the two means, from which a variance is
 *             made in two passes: nothing cancels
 *   errors    WG_EAXIS, WG_ESHAPE x has too few axes; WG_EINVALID a setting out of range, options
 *             that were not zeroed */
#ifndef WENGERT_NN_NORM_H
#define WENGERT_NN_NORM_H

#include <wengert/ops.h>

WG_DECLARATIONS_BEGIN

typedef struct wg_norm_options {
    double epsilon;       /* added to a variance; 0: 1e-5 */
    double momentum;      /* batch norm: the share of the old running value; 0: 0.9 */
    bool without_affine;
    uint64_t reserved[4];
} wg_norm_options;

/* (x - mean) / sqrt(variance + epsilon), each of a channel over all else: in training those of the
 * batch, and state "mean" and "variance" (at first 0 and 1) become momentum times the old value
 * plus the rest of the batch's; in evaluation those of the state. A variance is divided by the
 * count, the running one too. A scope that is frozen evaluates. It assigns, so in training it
 * cannot stand inside vmap, recompute or scan.
 *
 *   shapes    [..., c] -> [..., c], two axes or more
 *   vjp       in training through mean and variance of the batch too
 *   errors    WG_ESHAPE in training there is nothing to take a mean of
 *   source    Ioffe & Szegedy 2015 */
wg_var wg_batch_norm(wg_scope scope, const char *name, wg_var x, const wg_norm_options *options);
/* The same formula with mean and variance over the channels of each place: no state, and no row
 * looks at another.
 *   source    Ba, Kiros & Hinton 2016 */
wg_var wg_layer_norm(wg_scope scope, const char *name, wg_var x, const wg_norm_options *options);
/* x / sqrt(mean(x x) + epsilon) over the channels of each place; "scale" alone, no "bias".
 *   source    Zhang & Sennrich 2019 */
wg_var wg_rms_norm(wg_scope scope, const char *name, wg_var x, const wg_norm_options *options);
/* Mean and variance of each sample over all places and the channels of one group.
 *
 *   shapes    [n, ..., c] -> the same, at most 7 axes
 *   errors    WG_ESHAPE groups do not divide c
 *   source    Wu & He 2018 */
wg_var wg_group_norm(wg_scope scope, const char *name, wg_var x, int64_t groups,
                     const wg_norm_options *options);

WG_DECLARATIONS_END

#ifndef WG_NO_LOCATION
#define wg_batch_norm(...) WG_HERE(wg_batch_norm(__VA_ARGS__))
#define wg_layer_norm(...) WG_HERE(wg_layer_norm(__VA_ARGS__))
#define wg_rms_norm(...) WG_HERE(wg_rms_norm(__VA_ARGS__))
#define wg_group_norm(...) WG_HERE(wg_group_norm(__VA_ARGS__))
#endif

#endif

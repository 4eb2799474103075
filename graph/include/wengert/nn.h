/* Wengert, nn: activations, losses, initialisers, layers, optimisers, schedules.
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

#include <wengert/nn/activation.h>
#include <wengert/nn/attention.h>
#include <wengert/nn/convolution.h>
#include <wengert/nn/formula.h>
#include <wengert/nn/init.h>
#include <wengert/nn/layer.h>
#include <wengert/nn/loss.h>
#include <wengert/nn/norm.h>
#include <wengert/nn/optimizer.h>
#include <wengert/nn/schedule.h>
#include <wengert/nn/pooling.h>
#include <wengert/nn/recurrent.h>

#endif

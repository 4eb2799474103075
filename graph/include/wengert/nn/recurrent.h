/* Wengert, nn/recurrent: layers that go through a series place by place, by one wg_scan. What holds
 * for layers stands in layer.h.
 *
 * x is [n, t, d]: n series of t places. The product of x with its weights is taken for all places
 * at once, before the scan; a step has one product, of the state with its own weights. Gates are
 * laid side by side along the last axis of weights and biases, width each, in the order and with
 * the equations of PyTorch and cuDNN: there a weight is the transpose of ours, and the biases
 * that ours does not have twice are a sum of two.
 *
 *   shapes    x [n, t, d] -> [n, t, width]; states [n, width]
 *   vjp       through time from end to begin, by a scan; weights' as one contraction over n and t
 *   errors    WG_ESHAPE x has not three axes, or a state is not [n, width]; WG_EDTYPE x is neither
 *             f32 nor f64; WG_EINVALID width is negative */
#ifndef WENGERT_NN_RECURRENT_H
#define WENGERT_NN_RECURRENT_H

#include <wengert/nn/init.h>

WG_DECLARATIONS_BEGIN

/* The state before the first place and, after the call, after the last one; null values, and a
 * NULL state: zeros. Series that go on in the next batch: see wg_state and wg_assign. */
typedef struct wg_recurrent_state {
    wg_var hidden;
    wg_var cell;               /* of wg_lstm alone */
} wg_recurrent_state;

/* h' = tanh(x input + h hidden + bias)
 *
 *   params    "input" [d, width] Glorot, "hidden" [width, width] orthogonal, "bias" [width] 0
 *   source    Elman 1990 */
wg_var wg_rnn(wg_scope scope, const char *name, wg_var x, int64_t width,
              wg_recurrent_state *state);

/* r, z = sigmoid(x input + h hidden + bias); m = tanh(x input + bias + r (h hidden + hidden_bias));
 * h' = (1 - z) m + z h. Gates in the order r z m.
 *
 *   params    "input" [d, 3 width] Glorot, "hidden" [width, 3 width] orthogonal, "bias" [3 width]
 *             and "hidden_bias" [width], of m, 0
 *   source    Cho et al. 2014; the reset after the product as in cuDNN */
wg_var wg_gru(wg_scope scope, const char *name, wg_var x, int64_t width,
              wg_recurrent_state *state);

/* i, f, o = sigmoid(x input + h hidden + bias); m = tanh(of the same); c' = f c + i m;
 * h' = o tanh(c'). Gates in the order i f m o.
 *
 *   params    "input" [d, 4 width] Glorot, "hidden" [width, 4 width] orthogonal, "bias" [4 width]
 *             0, but 1 for f, so that at first the cell keeps what it has
 *   source    Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000 (f); Jozefowicz,
 *             Zaremba & Sutskever 2015 (its bias) */
wg_var wg_lstm(wg_scope scope, const char *name, wg_var x, int64_t width,
               wg_recurrent_state *state);

WG_DECLARATIONS_END

#ifndef WG_NO_LOCATION
#define wg_rnn(...) WG_HERE(wg_rnn(__VA_ARGS__))
#define wg_gru(...) WG_HERE(wg_gru(__VA_ARGS__))
#define wg_lstm(...) WG_HERE(wg_lstm(__VA_ARGS__))
#endif

#endif

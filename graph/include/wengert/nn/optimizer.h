/* Wengert, nn/optimizer: how parameters learn. An optimiser is a plain value; what it remembers
 * lies in the params. */
#ifndef WENGERT_NN_OPTIMIZER_H
#define WENGERT_NN_OPTIMIZER_H

#include <wengert/ops.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

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

#endif

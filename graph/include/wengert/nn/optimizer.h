/* Wengert, nn/optimizer: how parameters learn. An optimiser is a plain value; what it remembers
 * lies in the params, so it is saved, copied and resumed with them.
 *
 * One step of wg_apply, for parameter p of gradient g, in this order:
 *   accumulate   g is the mean over the last so many runs; in all but the last of them nothing
 *                but that mean moves
 *   clip_value   each element of g is brought within +-clip_value
 *   clip_norm    all g together are scaled to this Euclidean norm if theirs is larger
 *   l2           g + l2 p: the gradient of the penalty l2 / 2 |p|^2, seen by the rule
 *   decay        p - rate decay p: decoupled weight decay, which the rule does not see
 *   update       the rule of the optimiser
 *   l1           p is moved towards 0 by rate l1; an element that would cross 0 becomes exactly 0
 * rate is that of the step times rate_factor of the parameter's group.
 *
 *   dtypes    f32 and f64, side by side too; what is one number a step is computed in f64
 *   limits    a running mean or velocity below 2^-110 in f32, 2^-1000 in f64 is set to 0: what
 *             decays would end among the subnormals and slow every step from there on
 *   source    Pascanu, Mikolov & Bengio 2013 (clip_norm); Loshchilov & Hutter 2019 (decay);
 *             Duchi & Singer 2009 (l1) */
#ifndef WENGERT_NN_OPTIMIZER_H
#define WENGERT_NN_OPTIMIZER_H

#include <wengert/ops.h>

WG_DECLARATIONS_BEGIN

typedef struct wg_optimizer wg_optimizer;
/* Records and returns the new value of one parameter, of its dtype and shape. What it remembers it
 * reads and assigns below state (wg_state_like, wg_assign), which is its own for each parameter;
 * rate is a scalar of the parameter's dtype. self is the optimiser as it is for this parameter. */
typedef wg_var wg_update_rule(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                              const wg_optimizer *self);
enum { WG_SHARED_MAX = 4 }; /* NAdam shares 3 numbers */
/* Records, once a step and before all updates, what these share: powers, counts, below state, which
 * is the optimiser's. rate is a scalar f64; what is returned is the rate for the rules. shared[],
 * f64 scalars, is given to them as self->shared, in the dtype of the parameter. */
typedef wg_var wg_prepare_rule(wg_scope state, wg_var rate, wg_var *shared,
                               const wg_optimizer *self);

/* Settings for the parameters whose path matches pattern ('*' any run of characters, '?' one). A
 * field that is 0 says nothing; of several that match the later one wins, field by field. */
typedef struct wg_group {
    const char *pattern;
    double rate_factor, decay, l1; /* WG_ZERO: none */
    bool frozen;                   /* not updated */
    uint64_t reserved[2];
} wg_group;

struct wg_optimizer {
    wg_update_rule *update;
    wg_prepare_rule *prepare; /* NULL: there is nothing to share, rate is the rate */
    const char *name;  /* of its state, "<name>/<parameter>/...", and of its scalar "<name>/rate";
                          two in one recording: two names. Borrowed while recording */
    double rate;       /* may change at every step: it is an input, no part of the program */
    double decay, l1, l2;
    double clip_norm, clip_value;               /* 0: none */
    int64_t accumulate;                         /* 0: 1 */
    const wg_group *group; int64_t group_count; /* borrowed while recording */
    double setting[8];                          /* the rule's own; part of the program */
    void *user;
    wg_var shared[WG_SHARED_MAX]; /* for rules; else null values */
    bool unchecked;               /* no test that updates are finite */
    bool own_decay;               /* the rule itself applies self->decay */
    bool pure;                    /* update and prepare record a function of their arguments and
                                     of self, whatever user points to: wg_apply is then a span */
    uint64_t reserved[8];
};

/* ---- the optimisers ----
 * Options that were not zeroed give an optimiser that wg_apply refuses. Powers and means of the
 * state begin as in the sources; "state" names what is remembered below "<name>/<parameter>". */

typedef struct wg_sgd_options {
    double momentum;
    bool nesterov;
    uint64_t reserved[4];
} wg_sgd_options;
typedef struct wg_adam_options {
    double beta1, beta2, epsilon; /* 0: 0.9, 0.999, 1e-8 */
    bool amsgrad;                 /* wg_adam and wg_adamw only */
    uint64_t reserved[4];
} wg_adam_options;

/* p - rate u with u = momentum u + g, or with nesterov p - rate (momentum u + g): state "velocity";
 * without momentum u is g, and no state.  source Polyak 1964; Sutskever et al. 2013 */
wg_optimizer wg_sgd(double rate, const wg_sgd_options *options);
/* p - rate g / (sqrt(s) + 1e-10), s the sum of all g g: state "sum".  source Duchi et al. 2011 */
wg_optimizer wg_adagrad(double rate);
/* p - rate g / (sqrt(v) + 1e-8), v = decay v + (1 - decay) g g: state "square". Here decay is how
 * much of the mean is kept, 0.9 as a rule.  source Tieleman & Hinton 2012, lecture 6.5 */
wg_optimizer wg_rmsprop(double rate, double decay);
/* p - rate m' / (sqrt(v') + epsilon), m' and v' the running means of g and g g, each over 1 -
 * beta^t: state "mean" and "square"; the powers of beta, "<name>/power1" and "<name>/power2", are
 * multiplied on in f64, once a step for all parameters. amsgrad: v' is the largest so far, state
 * "largest".  source Kingma & Ba 2015, sec. 2; Reddi et al. 2018 */
wg_optimizer wg_adam(double rate, const wg_adam_options *options);
/* wg_adam with decoupled weight decay, its field decay.  source Loshchilov & Hutter 2019 */
wg_optimizer wg_adamw(double rate, double decay);
/* p - rate m' / u, u = max(beta2 u, |g| + epsilon): state "mean" and "norm"; rate 0.002 as a rule.
 *   source  Kingma & Ba 2015, sec. 7.1 */
wg_optimizer wg_adamax(double rate, const wg_adam_options *options);
/* wg_adam that looks ahead: m' is (1 - a) g / (1 - A) + b m / (1 - A b) with a and b the momentum
 * of this step and the next, beta1 (1 - 0.96^(t / 250) / 2), and A the product of all so far.
 *   source  Dozat 2016 */
wg_optimizer wg_nadam(double rate, const wg_adam_options *options);
/* p - rate sign(0.9 m + 0.1 g), then m = 0.99 m + 0.01 g: state "mean"; a tenth of Adam's rate as
 * a rule.  source Chen et al. 2023 */
wg_optimizer wg_lion(double rate);
/* p - rate |p| / |u| u with u = wg_adam's step at rate 1 and epsilon 1e-6, plus decay p; where a
 * norm is 0 the ratio is 1. State as wg_adam.  source You et al. 2020 */
wg_optimizer wg_lamb(double rate);
/* Of matrices, the nearest orthogonal matrix to Nesterov's velocity at momentum 0.95, by five
 * Newton-Schulz steps, times 0.2 rate sqrt(the longer side): state "velocity". Leading axes count
 * as rows. What has fewer than two axes takes wg_adam's step; the factor makes one rate fit both.
 *   source  Jordan et al. 2024; Liu et al. 2025, sec. 2.2 (the factor) */
wg_optimizer wg_muon(double rate);

/* ---- a step ---- */

/* Makes loss smaller by what lies below scope: records the gradients of the parameters met so far
 * and not frozen (wg_parameters), and wg_apply of them. The run then commits all updates or none.
 *
 *   errors    WG_ESHAPE loss is not a scalar; WG_EINVALID no parameter was met, or loss is the null
 *             value; those of wg_grads and wg_apply */
int wg_minimize(const wg_optimizer *optimizer, wg_scope scope, wg_var loss);

/* Records what the optimiser makes of gradients that you averaged or made yourself: from here on
 * parameter[i] reads as its new value. State is that of the params of scope, whatever its path;
 * "<name>/step" counts the steps. A run with an update or a moment that is not finite fails with
 * WG_EFINITE and changes nothing, unless the optimiser is `unchecked`.
 *
 *   errors    WG_ENAME the optimiser's name is malformed, or an optimiser of this name was applied
 *             in this recording; WG_EINVALID a parameter[i] is none, optimiser or lists are missing
 *             or not zeroed, a setting is out of its range; WG_ESHAPE gradient[i] is not shaped as
 *             parameter[i]; WG_EDTYPE */
int wg_apply(const wg_optimizer *optimizer, wg_scope scope, int64_t count, const wg_var *parameter,
             const wg_var *gradient);

/* Keeps an exponential mean of each parameter met so far below scope and not frozen, as its value
 * reads now (call it after wg_minimize), as state "average/<parameter>": at first the value itself,
 * then decay of the mean and 1 - decay of the value.
 *   errors    WG_EINVALID decay is not within 0 <= decay < 1
 *   source    Polyak & Juditsky 1992 */
int wg_average(wg_scope scope, double decay);
/* Copies params to target with each averaged parameter's value replaced by its mean: the model to
 * evaluate or to save. Returns how many were replaced.
 *   errors    WG_EBUSY, WG_EMEMORY: target may then have some of them */
int wg_average_copy(const wg_params *params, wg_params *target);

WG_DECLARATIONS_END

#endif

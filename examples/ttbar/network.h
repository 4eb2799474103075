/* The network that scores orderings, and its training. */
#ifndef TTBAR_NETWORK_H
#define TTBAR_NETWORK_H

#include "inputs.h"

/* An activation of our own: x / 2 (1 + x / sqrt(1 + x^2)), a smooth relu whose gate is one square
 * root instead of an exponential.                                                               */
wg_var soft_gate(wg_var x);

/* Layers of width, half of it, a quarter and so on, on the first `inputs` of the inputs. */
typedef struct architecture { int64_t inputs, layers, width; } architecture;

typedef struct training {
    int64_t epochs;
    uint64_t seed;
    wg_progress progress;
} training;

/* Trains a network and keeps the epoch with the highest efficiency on validation data. params: new
 * ones; *history: the caller's.                                                                 */
int network_train(wg_runtime *runtime, const training *how, architecture what, wg_params *params,
                  wg_dataset *const part[PARTS], wg_history **history, wg_error *error);
/* Share of the events whose highest score is that of the true ordering. */
int network_efficiency(wg_runtime *runtime, architecture what, wg_params *params,
                       const wg_dataset *test, double *efficiency, wg_error *error);

#endif

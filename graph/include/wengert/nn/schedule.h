/* Wengert, nn/schedule: learning rates as plain functions of the step, for wg_optimizer.rate and
 * the rate callback of wg_train. A constant rate needs none.
 *
 * They are composed as numbers are: wg_rate_warm_up is a factor on any of them, a sequence is a
 * choice by the step, and a restart is a remainder:
 *     rate = wg_rate_warm_up(step, 500) * wg_rate_cosine(step % 10000, 10000, 1e-3, 1e-5);
 *
 *   steps     from 0; a step before the first or after the last counts as that one
 *   accuracy  |error| <= (64 + n) eps |r| with eps 2^-52, n the exponent that factors are raised to
 *   bits      the same everywhere: only operations that IEEE 754 rounds exactly are used */
#ifndef WENGERT_NN_SCHEDULE_H
#define WENGERT_NN_SCHEDULE_H

#include <wengert/core.h>

WG_DECLARATIONS_BEGIN

/* rate factor^floor(step / every): a jump after each `every` steps; every below 1 counts as 1. */
double wg_rate_step(int64_t step, double rate, double factor, int64_t every);
double wg_rate_exponential(int64_t step, double rate, double factor); /* rate factor^step */
double wg_rate_inverse(int64_t step, double rate, double decay);      /* rate / (1 + decay step) */
/* From rate at step 0 to last at step count: last + (rate - last) (1 - step / count)^power; power 0
 * or more, and exact to 2^-60. */
double wg_rate_polynomial(int64_t step, int64_t count, double rate, double last, double power);
/* From rate at step 0 to last at step count by equal factors; both above 0, else rate. */
double wg_rate_geometric(int64_t step, int64_t count, double rate, double last);
/* From rate to last along half a cosine.  source Loshchilov & Hutter 2017 */
double wg_rate_cosine(int64_t step, int64_t count, double rate, double last);
/* Along half a cosine from rate / 25 up to rate over the first 0.3 of count steps, then down to
 * rate / 250000.  source Smith & Topin 2019 */
double wg_rate_one_cycle(int64_t step, int64_t count, double rate);
/* A factor that grows from 1 / count at step 0 to 1 at step count - 1, and stays. */
double wg_rate_warm_up(int64_t step, int64_t count);
/* What becomes of rate after epochs with these metrics, of which higher is better: it is multiplied
 * by factor each time that patience epochs in a row brought nothing better than the best before
 * them. patience below 1 counts as 1; NaN is never better. */
double wg_rate_plateau(int64_t count, const double *metric, double rate, double factor,
                       int64_t patience);

WG_DECLARATIONS_END

#endif

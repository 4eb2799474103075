/* The best that is done without a network: each ordering is fitted. Energies and the neutrino may
 * move, at the price of their resolution, to bring the masses near those of W and top; the ordering
 * with the largest likelihood wins.                                                             */
#ifndef TTBAR_FIT_H
#define TTBAR_FIT_H

#include "chi2.h"

/* The shares of the events in which the likeliest ordering is the true one: efficiency[0] by masses
 * and pulls alone, [1] with the probability of the tags besides. Masses and tags are calibrated's.
 */
int fit_efficiency(wg_runtime *runtime, const chi2 *calibrated, const events *test,
                   double efficiency[2], wg_error *error);

#endif

/* Derivatives of any function of the builder, order by order, against differences of the order
 * below: what is weighed and summed at order k + 1 along a direction is compared with the
 * four-point difference, along the same direction, of what is weighed and summed at order k. */
#ifndef WG_TEST_DIFFERENCE_H
#define WG_TEST_DIFFERENCE_H

#include "support/immediate.h"

typedef uint32_t difference_fn(immediate *im, uint32_t x);

/* Checks orders 1 to 3 at x. The function must be smooth within 2e-3 of it. */
void difference_check(const char *name, difference_fn *function, const wg__shape *shape,
                      const double *x);

#endif

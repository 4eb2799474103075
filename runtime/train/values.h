/* The elements of a view of any dtype, one after the other in logical order. */
#ifndef WG_RUNTIME_VALUES_H
#define WG_RUNTIME_VALUES_H

#include "core/internal.h"

/* The elements as f64, to be released; NULL: no memory. i64 beyond 2^53 is rounded. */
double *wg__values_of(const wg_view *view, int64_t count);
void wg__values_release(double *value, int64_t count); /* NULL allowed */
/* Both views are sound and have as many elements, at least one; *count is set. */
int wg__values_check(const wg_view *x, const wg_view *y, int64_t *count);
/* An f64 tensor of rank 1 with room for count elements. */
int wg__values_room(const wg_tensor *tensor, int64_t count);
void wg__values_put(const wg_tensor *tensor, int64_t index, double value);

#endif

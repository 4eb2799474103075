/* What a metric reads and writes: two views as rows of doubles, a tensor as places for some. */
#ifndef WG_RUNTIME_VALUES_H
#define WG_RUNTIME_VALUES_H

#include "core/internal.h"

/* What a model gave and what was true, element by element in logical order. */
typedef struct wg__pairs { double *given, *truth; int64_t count; } wg__pairs;

/* At least one pair. WG_EINVALID, WG_EDTYPE, WG_ESHAPE the views are not sound or not alike;
 * WG_EFINITE a value is NaN; WG_EMEMORY. i64 beyond 2^53 is rounded. */
int wg__pairs_make(const wg_view *given, const wg_view *truth, wg__pairs *out);
void wg__pairs_release(wg__pairs *pairs);
/* An f64 tensor of rank 1 with room for count elements. */
int wg__values_room(const wg_tensor *tensor, int64_t count);
void wg__values_put(const wg_tensor *tensor, int64_t index, double value);

#endif

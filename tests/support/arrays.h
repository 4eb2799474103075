/* Arrays over memory of a test: contiguous, without some axes, with axes in another order. */
#ifndef WG_TEST_ARRAYS_H
#define WG_TEST_ARRAYS_H

#include "core/internal.h"

wg__array arrays_of(void *data, wg_dtype dtype, int32_t rank, const int64_t *dim);
/* The contiguous array of the axes of x whose bits are not set. */
wg__array arrays_without(void *data, wg_dtype dtype, const wg__array *x, int64_t axes_bits);
/* Axis i is axis[i] of x. */
wg__array arrays_permuted(const wg__array *x, const int32_t *axis);

#endif

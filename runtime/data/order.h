/* Orders of rows: sorted ones and shuffled ones, both the same on every platform. */
#ifndef WG_RUNTIME_ORDER_H
#define WG_RUNTIME_ORDER_H

#include "core/internal.h"

/* Negative if x stands before y, positive if behind; never 0 for two different indices. */
typedef int wg__compare(int64_t x, int64_t y, const void *user);

/* 0, 1, 2 ... */
void wg__order_rows(int64_t *index, int64_t count);
/* In place, without memory; at most about 2 count log2(count) comparisons. */
void wg__order_sort(int64_t *index, int64_t count, wg__compare *compare, const void *user);
/* Each of the count! orders equally likely; a function of purpose, seed, number and count. */
void wg__order_shuffle(int64_t *index, int64_t count, const char *purpose, uint64_t seed,
                       uint64_t number);

#endif

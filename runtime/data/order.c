/* Heapsort, because qsort of a C library may allocate and leaves the order of equals to chance,
 * and the Fisher-Yates shuffle over counter-based random numbers.                               */
#include "runtime/data/order.h"

#include <string.h>

void wg__order_rows(int64_t *index, int64_t count)
{
    for (int64_t i = 0; i < count; i++) index[i] = i;
}

static void swap(int64_t *x, int64_t *y)
{
    const int64_t kept = *x;
    *x = *y;
    *y = kept;
}

/* Lets the item at root sink until none below it stands behind it. */
static void heap_sink(int64_t *index, int64_t root, int64_t count, wg__compare *compare,
                      const void *user)
{
    while (2 * root + 1 < count) {
        int64_t child = 2 * root + 1;
        if (child + 1 < count && compare(index[child], index[child + 1], user) < 0) child++;
        if (compare(index[root], index[child], user) > 0) return;
        swap(&index[root], &index[child]);
        root = child;
    }
}

void wg__order_sort(int64_t *index, int64_t count, wg__compare *compare, const void *user)
{
    for (int64_t root = count / 2 - 1; root >= 0; root--)
        heap_sink(index, root, count, compare, user);
    for (int64_t last = count - 1; last > 0; last--) {
        swap(&index[0], &index[last]);
        heap_sink(index, 0, last, compare, user);
    }
}

void wg__order_shuffle(int64_t *index, int64_t count, const char *purpose, uint64_t seed,
                       uint64_t number)
{
    unsigned char bytes[8]; /* spelled out, so that the key does not depend on the host */
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(number >> (8 * i));
    const uint64_t own = wg__hash64(purpose, strlen(purpose), seed);
    const uint64_t key = wg__hash64(bytes, sizeof bytes, own);
    uint64_t counter = 0;
    for (int64_t i = count - 1; i > 0; i--)
        swap(&index[i], &index[wg__random_below(key, &counter, (uint64_t)i + 1)]);
}

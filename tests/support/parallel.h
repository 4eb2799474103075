/* Work of tests that take long, on all processors. */
#ifndef WG_TEST_PARALLEL_H
#define WG_TEST_PARALLEL_H

#include <stdint.h>

/* Calls work(user, item) once for each item from 0 to count - 1, on several threads, and returns
 * when all are done. A check must not fail in it: items write what they found to places of their
 * own, and the caller looks at these.                                                            */
void test_parallel(int64_t count, void (*work)(void *user, int64_t item), void *user);

#endif

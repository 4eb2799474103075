/* An allocator for tests: it counts what is alive, checks that every block comes back with the size
 * it was asked for, can refuse the n-th request, and can be locked, to prove that nothing
 * allocates. One thread at a time.                                                               */
#ifndef WG_TEST_MEMORY_H
#define WG_TEST_MEMORY_H

#include "support/test.h"

#include <wengert/core.h>

typedef struct test_memory {
    int64_t fail_at;       /* refuses this request, counted from 1, and all later; 0: none */
    bool locked;           /* refuses all, and counts it as a mistake */
    int64_t request_count; /* so far, refused ones too */
    int64_t refused_count;
    int64_t live_count;    /* blocks */
    size_t live_bytes, live_bytes_max;
    char mistake[200];     /* the first: wrong size, block released twice, request when locked */
} test_memory;

wg_allocator test_memory_allocator(test_memory *memory);

/* No block is alive and no mistake was made. */
#define check_memory(memory) test_memory_check(TEST_PLACE(#memory, NULL), (memory))
void test_memory_check(test_place place, const test_memory *memory);

/* Runs `body` with the first, second, third ... request refused until one run needs no more. Each
 * run must leave no block behind, and end in WG_EMEMORY if it was refused anything, else in
 * success. Returns the number of runs.                                                           */
int64_t test_memory_fail_each(int (*body)(const wg_allocator *allocator, void *user), void *user);

#endif

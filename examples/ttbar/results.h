/* What came out: a table on standard output, and the page. */
#ifndef TTBAR_RESULTS_H
#define TTBAR_RESULTS_H

#include "network.h"

enum { RANDOM, CHI2, CHI2_TAGS, FIT, FIT_TAGS, NETWORK_RAW, NETWORK_DERIVED, METHODS };

typedef struct results {
    double efficiency[METHODS]; /* on the test part */
    int64_t events[PARTS];
    wg_history *history[2];     /* raw, derived; owned */
    uint64_t seed;
    int64_t epochs;
} results;

void results_print(const results *from);
int results_report(const results *from, const char *path, wg_runtime *runtime, wg_error *error);

#endif

/* What trials came to: lines of a file, "metric=0.93 repeat=0 width=16 rate=1e-3". */
#ifndef WG_RUNTIME_RESULTS_H
#define WG_RUNTIME_RESULTS_H

#include "core/internal.h"

/* Of a configuration's text; longer ones are refused. */
enum { WG__LINE_BYTES = 2048 };

typedef struct wg__result_line { char *config; int64_t repeat; double metric; } wg__result_line;
typedef struct wg__results {
    wg_allocator allocator;
    wg__result_line *line; /* in the order they came */
    int64_t count, capacity;
} wg__results;

/* Nothing, if no file is there.  errors WG_EFORMAT with the line */
int wg__results_load(wg__results *results, const char *path, wg_error *error);
int wg__results_add(wg__results *results, const char *config, int64_t repeat, double metric);
/* The whole file, or what stood there still does. */
int wg__results_save(const wg__results *results, const char *path, wg_error *error);
bool wg__results_has(const wg__results *results, const char *config, int64_t repeat);
/* Mean and spread of the metric over the repeats of a configuration; their count. NaN counts as
 * the worst there is. */
int64_t wg__results_mean(const wg__results *results, const char *config, double *mean,
                         double *spread);
void wg__results_free(wg__results *results);

#endif

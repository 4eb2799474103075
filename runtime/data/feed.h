/* The rows of a streamed dataset, window by window. A window is some blocks of the file in memory;
 * while the rows of one are handed out, an errand reads the next. */
#ifndef WG_RUNTIME_FEED_H
#define WG_RUNTIME_FEED_H

#include "runtime/data/dataset.h"
#include "runtime/internal.h"

enum { WG__FEED_COLUMNS_MAX = 2 }; /* "x" and "t" */
typedef struct wg__feed wg__feed;

/* All memory is taken here; data outlives the feed. WG_EMEMORY. */
int wg__feed_create(wg_runtime *runtime, const wg_dataset *data, const wg_loader_options *options,
                    wg__feed **out);
void wg__feed_free(wg__feed *feed); /* NULL allowed */
void wg__feed_start(wg__feed *feed, int64_t epoch);
/* The next rows, which must be left in the epoch, into the memory of each column. */
int wg__feed_take(wg__feed *feed, int64_t rows, void *const *memory, wg_error *error);

#endif

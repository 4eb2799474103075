/* A dataset from the inside. Memory of a column never moves and lives until the last reference
 * goes, so a loader may keep views of it.                                                       */
#ifndef WG_RUNTIME_DATASET_H
#define WG_RUNTIME_DATASET_H

#include "core/internal.h"
#include "runtime/data/labels.h"

#include <stdatomic.h>
#include <wengert/data.h>

struct wg__csv_table;
typedef struct wg__column {
    char *name;
    wg_view view;    /* contiguous; rank 1 or more; streamed: without data */
    void *memory;    /* the view's, if it is the dataset's own; else NULL */
    size_t bytes;    /* of all rows */
} wg__column;

struct wg_dataset {
    wg_allocator allocator;
    wg__column *column;
    int64_t column_count, column_capacity;
    int64_t row_count;
    atomic_int references;
    wg__labels *labels;          /* of column "t"; NULL: it has none */
    struct wg__csv_table *table; /* of which loaders read all rows; NULL: they lie in memory */
    size_t window_bytes_test;    /* > 0: rows that a loader shuffles at a time; set by tests */
};

/* A new column, to be filled at once; its memory in *out. WG_EINVALID: name NULL or rank 0,
 * WG_ENAME: malformed or taken, WG_ESHAPE: another number of rows than the columns before.      */
int wg__dataset_reserve(wg_dataset *data, const char *name, wg_dtype dtype, wg_shape shape,
                        void **out);
/* A new column whose rows lie in no memory. */
int wg__dataset_announce(wg_dataset *data, const char *name, wg_dtype dtype, wg_shape shape);
/* Takes the last column away again. */
void wg__dataset_drop_last(wg_dataset *data);
const wg__column *wg__dataset_column(const wg_dataset *data, const char *name); /* NULL: none */
/* The same dataset, to be freed once more. */
wg_dataset *wg__dataset_hold(const wg_dataset *data);
/* Why wg__dataset_reserve refused, in words, and its status. */
int wg__dataset_explain(const wg_dataset *data, int status, const char *name, wg_shape shape,
                        wg_error *error);

/* Options whose reserved words are not zero were never initialised. */
bool wg__reserved_is_zero(const uint64_t *word, size_t count);

#endif

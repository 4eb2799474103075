/* A training in a file, from which it goes on as if it had never stopped. */
#ifndef WG_RUNTIME_CHECKPOINT_H
#define WG_RUNTIME_CHECKPOINT_H

#include "runtime/train/history.h"
#include "runtime/train/pass.h"

/* What the order of the steps depends on, and what is put back at the end: the same in a training
 * that goes on. */
typedef struct wg__course { int64_t batch_size, rows; uint64_t seed; bool keep_last; } wg__course;

/* Where a training stands inside the epoch behind its history; zeroed: before its first step. */
typedef struct wg__step_place {
    int64_t steps;     /* of this epoch */
    wg__sums sums;     /* of its batches */
    double first_loss; /* what divergence is measured by */
    double seconds;
} wg__step_place;

typedef struct wg__checkpoint {
    const char *path;
    wg__course course;
    wg_params *params, *best; /* best: at the best epoch; not looked at with keep_last */
    wg_history *history;
    wg__step_place *place;
} wg__checkpoint;

/* After a step. What stood at the path stands there still if it fails. */
int wg__checkpoint_save(const wg__checkpoint *point, wg_error *error);
/* Nothing, if no file is there. All or nothing: on failure params, best, history and place are as
 * they were. */
int wg__checkpoint_load(const wg__checkpoint *point, wg_error *error);

#endif

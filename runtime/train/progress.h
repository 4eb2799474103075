/* What a person sees while a model is trained: a line an epoch, and on a terminal a bar under
 * them.                                                                                         */
#ifndef WG_RUNTIME_PROGRESS_H
#define WG_RUNTIME_PROGRESS_H

#include "core/internal.h"

#include <wengert/train.h>

/* How many epochs the course of the loss shows, the present one last. */
enum { WG__COURSE = 16 };

typedef struct wg__progress {
    wg_progress kind;
    wg_writer *write; /* to standard error, but for tests */
    void *user;
    int columns;      /* of the terminal; 0: none, and no bar */
    bool has_validation;
    int64_t epoch_count, step_count; /* steps of an epoch */
    double started, drawn;           /* seconds of the clock; drawn: when the bar last was */
    double steps_before;             /* of all epochs, when it began; below 0: not known yet */
    double past[WG__COURSE - 1];     /* losses of the last epochs */
    int past_count;
    bool has_head;                   /* the names of the columns are written */
    bool is_drawn;                   /* the bar stands in the line where the next one goes */
} wg__progress;

wg__progress wg__progress_begin(wg_progress kind, int64_t epoch_count, int64_t step_count,
                                bool has_validation);
/* After so many steps of an epoch, at this mean loss; draws ten times a second at most. */
void wg__progress_step(wg__progress *progress, int64_t epoch, int64_t steps, double loss);
void wg__progress_epoch(wg__progress *progress, const wg_epoch *epoch);
/* The last word: which epoch was best, and where its parameters are. */
void wg__progress_end(wg__progress *progress, const wg_history *history, bool is_restored);

#endif

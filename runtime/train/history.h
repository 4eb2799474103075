/* What a training was, epoch by epoch, as the trainer writes it. */
#ifndef WG_RUNTIME_HISTORY_H
#define WG_RUNTIME_HISTORY_H

#include "core/internal.h"

#include <wengert/train.h>

struct wg_history {
    wg_allocator allocator;
    wg_epoch *epoch;
    int64_t count, capacity;
    int64_t best; /* -1: none yet */
    bool has_validation;
};

wg_history *wg__history_create(const wg_allocator *allocator, bool has_validation);
/* Appends a copy; the `best` of the best so far is set, and no other. */
int wg__history_add(wg_history *history, const wg_epoch *epoch);

#endif

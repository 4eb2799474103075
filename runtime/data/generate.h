/* Sets that are no points in a plane. */
#ifndef WG_RUNTIME_GENERATE_H
#define WG_RUNTIME_GENERATE_H

#include "core/internal.h"

#include <wengert/data.h>

/* The columns of "ttbar" into an empty dataset. */
int wg__generate_events(wg_runtime *runtime, wg_tape *tape, wg_dataset *data, int64_t count,
                        double noise, uint64_t seed);

#endif

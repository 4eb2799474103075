/* IDX files with an allocator of the caller's choice. */
#ifndef WG_RUNTIME_IDX_H
#define WG_RUNTIME_IDX_H

#include "runtime/data/dataset.h"

/* wg_dataset_read_idx, with memory from the allocator. */
int wg__idx_read(const char *images, const char *labels, const wg_allocator *allocator,
                 wg_dataset **out, wg_error *error);

#endif

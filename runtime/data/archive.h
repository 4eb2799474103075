/* Archives with an allocator of the caller's choice. */
#ifndef WG_RUNTIME_ARCHIVE_H
#define WG_RUNTIME_ARCHIVE_H

#include "core/internal.h"

#include <wengert/data.h>

/* wg_archive_open, with memory from the allocator. */
int wg__archive_open(const char *path, const wg_allocator *allocator, wg_archive **out,
                     wg_error *error);

#endif

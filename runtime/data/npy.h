/* One array in NumPy's format, from a file or from a member of an archive. */
#ifndef WG_RUNTIME_NPY_H
#define WG_RUNTIME_NPY_H

#include "runtime/data/dataset.h"
#include "runtime/data/file.h"

/* As one more column. */
int wg__npy_column(wg__file *file, wg_dataset *data, const char *column, wg_error *error);
/* As a contiguous view of *data, a block from the allocator that is the caller's. WG_EDTYPE: of a
 * type that is not read, WG_ESHAPE: over 8 axes.                                                */
int wg__npy_tensor(wg__file *file, const wg_allocator *allocator, wg_view *view, void **data,
                   wg_error *error);

#endif

/* Archives of NumPy's arrays with an allocator of the caller's choice. */
#ifndef WG_RUNTIME_NPZ_H
#define WG_RUNTIME_NPZ_H

#include "runtime/data/dataset.h"
#include "runtime/data/zip.h"

/* wg_dataset_read_npz, with memory from the allocator. */
int wg__npz_read(const char *path, const wg_allocator *allocator, wg_dataset **out,
                 wg_error *error);
/* The array of a member, as wg__npy_tensor gives it, from the archive's allocator. */
int wg__npz_tensor(const wg__zip *zip, const wg__zip_member *member, const char *path,
                   wg_view *view, void **data, wg_error *error);
/* Cuts ".npy" off the member's name; false if it has another end. */
bool wg__npz_name_cut(wg__zip_member *member);

#endif

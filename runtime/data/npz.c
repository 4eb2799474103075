/* NumPy's .npz: a zip archive whose members are .npy files. A member is unpacked whole and its
 * checksum compared before its first byte is understood: what is understood is what was saved.  */
#include "runtime/data/npz.h"
#include "runtime/data/npy.h"

#include <stdio.h>
#include <string.h>

enum { PLACE_BYTES = 256 };

/* A member's bytes as a file; messages about it name the archive and the member. */
typedef struct member_file { wg__file file; void *block; char place[PLACE_BYTES]; } member_file;

static int member_open(member_file *opened, const wg__zip *zip, const wg__zip_member *member,
                       const char *path, wg_error *error)
{
    opened->block = NULL;
    WG_TRY(wg__zip_member_load(zip, member, path, &opened->block, error));
    snprintf(opened->place, sizeof opened->place, "%.170s: member \"%.60s\"", path, member->name);
    opened->file = wg__file_of_memory(opened->place, opened->block, member->bytes);
    return WG_OK;
}

bool wg__npz_name_cut(wg__zip_member *member)
{
    const size_t length = strlen(member->name);
    if (length < 4 || strcmp(member->name + length - 4, ".npy") != 0) return false;
    member->name[length - 4] = '\0';
    return true;
}

int wg__npz_tensor(const wg__zip *zip, const wg__zip_member *member, const char *path,
                   wg_view *view, void **data, wg_error *error)
{
    member_file opened;
    WG_TRY(member_open(&opened, zip, member, path, error));
    const int status = wg__npy_tensor(&opened.file, &zip->allocator, view, data, error);
    wg__release(&zip->allocator, opened.block, member->bytes);
    return status;
}

static int column_read(const wg__zip *zip, wg__zip_member *member, const char *path,
                       wg_dataset *data, wg_error *error)
{
    member_file opened;
    if (!wg__npz_name_cut(member))
        return wg__fail(error, WG_EFORMAT, "%s: byte %llu: member \"%.80s\": not a .npy file", path,
                        (unsigned long long)member->described, member->name);
    WG_TRY(member_open(&opened, zip, member, path, error));
    const int status = wg__npy_column(&opened.file, data, member->name, error);
    wg__release(&zip->allocator, opened.block, member->bytes);
    return status;
}

static int columns_read(const char *path, wg_dataset *data, wg_error *error)
{
    wg__file file;
    wg__zip zip;
    WG_TRY(wg__file_open(&file, path, error));
    int status = wg__zip_read(&zip, &file, &data->allocator, error);
    wg__file_close(&file);
    WG_TRY(status);
    for (int64_t i = 0; status >= 0 && i < zip.member_count; i++)
        status = column_read(&zip, &zip.member[i], path, data, error);
    wg__zip_free(&zip);
    return status;
}

int wg__npz_read(const char *path, const wg_allocator *allocator, wg_dataset **out,
                 wg_error *error)
{
    if (out == NULL) return wg__fail(error, WG_EINVALID, "a place for the dataset is needed");
    *out = NULL;
    wg_dataset *data = wg_dataset_create(allocator);
    if (data == NULL) return wg__fail(error, WG_EMEMORY, "no memory for a dataset");
    const int status = columns_read(path, data, error);
    if (status < 0) wg_dataset_free(data);
    else *out = data;
    return status;
}

int wg_dataset_read_npz(const char *path, wg_dataset **out, wg_error *error)
{
    return wg__npz_read(path, NULL, out, error);
}

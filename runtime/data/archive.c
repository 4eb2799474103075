/* Tensors of a safetensors file by name, as its own program wrote them: names are any text, and
 * nothing is asked of them. All are read when the file is opened, so a view needs no file. */
#include "runtime/data/safetensors.h"

#include <string.h>
#include <wengert/data.h>

typedef struct item { wg_view view; void *data; size_t bytes; } item;

struct wg_archive {
    wg__safetensors header; /* its order by name is that of the archive */
    item *item;             /* by place in the header; without data: of a dtype that is not read */
};

static int fail_tensor(const wg__file *file, const wg__tensor_info *tensor, int status,
                       const char *problem, wg_error *error)
{
    return wg__fail(error, status, "%s: byte %llu: tensor \"%.80s\": %s", file->path,
                    (unsigned long long)tensor->described, tensor->name, problem);
}

static int item_read(wg__file *file, const wg_archive *archive, int64_t i, wg_error *error)
{
    const wg__tensor_info *tensor = &archive->header.tensor[i];
    item *item = &archive->item[i];
    if (tensor->element == WG__ELEMENT_NONE || tensor->rank > WG_RANK_MAX) return WG_OK;
    wg_shape shape = { .rank = tensor->rank };
    for (int32_t axis = 0; axis < tensor->rank; axis++) shape.dim[axis] = tensor->dim[axis];
    const wg_dtype dtype = wg__element_dtype(tensor->element);
    size_t bytes = 0;
    if (!wg__bytes_of((int64_t)tensor->count, dtype, &bytes))
        return fail_tensor(file, tensor, WG_ELIMIT, "too large for memory", error);
    item->data = wg__allocate(&archive->header.allocator, bytes);
    if (item->data == NULL)
        return fail_tensor(file, tensor, WG_EMEMORY, "no memory for its data", error);
    item->bytes = bytes;
    item->view = wg_view_of(item->data, dtype, shape);
    WG_TRY(wg__file_seek(file, archive->header.data_start + tensor->begin, error));
    return wg__element_read(file, tensor->element, false, (int64_t)tensor->count, item->data,
                            error);
}

static int items_read(wg__file *file, wg_archive *archive, wg_error *error)
{
    const int64_t count = archive->header.tensor_count;
    archive->item =
        wg__allocate_zeroed(&archive->header.allocator, (size_t)count * sizeof *archive->item);
    if (archive->item == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for its list", file->path);
    for (int64_t i = 0; i < count; i++) WG_TRY(item_read(file, archive, i, error));
    return WG_OK;
}

static int archive_read(wg__file *file, wg_archive **out, wg_error *error)
{
    const wg_allocator allocator = wg__allocator_or_default(NULL);
    wg_archive *archive = wg__allocate_zeroed(&allocator, sizeof *archive);
    if (archive == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for an archive", file->path);
    archive->header.allocator = allocator;
    int status = wg__safetensors_read(&archive->header, file, &allocator, error);
    if (status >= 0) status = items_read(file, archive, error);
    if (status < 0) wg_archive_free(archive);
    else *out = archive;
    return status;
}

int wg_archive_open(const char *path, wg_archive **out, wg_error *error)
{
    wg__file file;
    if (path == NULL || out == NULL)
        return wg__fail(error, WG_EINVALID, "archive: a path and a place are needed, not NULL");
    *out = NULL;
    WG_TRY(wg__file_open(&file, path, error));
    const int status = archive_read(&file, out, error);
    wg__file_close(&file);
    return status;
}

void wg_archive_free(wg_archive *archive)
{
    if (archive == NULL) return;
    const wg_allocator allocator = archive->header.allocator;
    const int64_t count = archive->header.tensor_count;
    for (int64_t i = 0; archive->item != NULL && i < count; i++)
        wg__release(&allocator, archive->item[i].data, archive->item[i].bytes);
    wg__release(&allocator, archive->item, (size_t)count * sizeof *archive->item);
    wg__safetensors_free(&archive->header);
    wg__release(&allocator, archive, sizeof *archive);
}

int64_t wg_archive_count(const wg_archive *archive)
{
    return archive == NULL ? 0 : archive->header.tensor_count;
}

const char *wg_archive_name(const wg_archive *archive, int64_t index)
{
    if (archive == NULL || index < 0 || index >= archive->header.tensor_count) return NULL;
    return archive->header.tensor[archive->header.by_name[index]].name;
}

int wg_archive_find(const wg_archive *archive, const char *name, wg_view *view)
{
    if (archive == NULL || name == NULL || view == NULL) return WG_EINVALID;
    const int64_t i = wg__safetensors_find(&archive->header, name, strlen(name));
    if (i < 0) return WG_ENAME;
    if (archive->item[i].data == NULL) return WG_EDTYPE;
    *view = archive->item[i].view;
    return WG_OK;
}

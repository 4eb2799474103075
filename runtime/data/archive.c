/* Tensors of a safetensors or an npz file by name, as its own program wrote them: names are any
 * text, and nothing is asked of them. All are read when the file is opened, so a view needs no
 * file.                                                                                         */
#include "runtime/data/archive.h"

#include "runtime/data/npz.h"
#include "runtime/data/order.h"
#include "runtime/data/safetensors.h"

#include <string.h>

typedef struct item {
    char *name;
    wg_view view;
    void *data; /* NULL: of a dtype that is not read */
} item;

struct wg_archive {
    wg_allocator allocator;
    item *item; /* in the order of the file */
    int64_t count, capacity; /* capacity: as many as the file has */
    int64_t *by_name;        /* indices of the items, sorted by name */
};

static int items_reserve(wg_archive *archive, const char *path, int64_t count, wg_error *error)
{
    archive->item =
        wg__allocate_zeroed(&archive->allocator, (size_t)count * sizeof *archive->item);
    if (archive->item == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for its list", path);
    archive->capacity = count;
    return WG_OK;
}

static int item_add(wg_archive *archive, const char *path, const char *name, item **out,
                    wg_error *error)
{
    WG_ASSERT(archive->count < archive->capacity);
    item *item = &archive->item[archive->count];
    item->name = wg__string_copy(&archive->allocator, name);
    if (item->name == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for its names", path);
    archive->count++;
    *out = item;
    return WG_OK;
}

/* ---- safetensors ---- */

static int fail_tensor(const wg__file *file, const wg__tensor_info *tensor, int status,
                       const char *problem, wg_error *error)
{
    return wg__fail(error, status, "%s: byte %llu: tensor \"%.80s\": %s", file->path,
                    (unsigned long long)tensor->described, tensor->name, problem);
}

static int tensor_read(wg__file *file, const wg__safetensors *header,
                       const wg__tensor_info *tensor, wg_archive *archive, wg_error *error)
{
    item *item = NULL;
    WG_TRY(item_add(archive, file->path, tensor->name, &item, error));
    if (tensor->element == WG__ELEMENT_NONE || tensor->rank > WG_RANK_MAX) return WG_OK;
    wg_shape shape = { .rank = tensor->rank };
    for (int32_t axis = 0; axis < tensor->rank; axis++) shape.dim[axis] = tensor->dim[axis];
    const wg_dtype dtype = wg__element_dtype(tensor->element);
    size_t bytes = 0;
    if (!wg__bytes_of((int64_t)tensor->count, dtype, &bytes))
        return fail_tensor(file, tensor, WG_ELIMIT, "too large for memory", error);
    item->data = wg__allocate(&archive->allocator, bytes);
    if (item->data == NULL)
        return fail_tensor(file, tensor, WG_EMEMORY, "no memory for its data", error);
    item->view = wg_view_of(item->data, dtype, shape);
    WG_TRY(wg__file_seek(file, header->data_start + tensor->begin, error));
    return wg__element_read(file, tensor->element, false, (int64_t)tensor->count, item->data,
                            error);
}

static int safetensors_read(wg__file *file, wg_archive *archive, wg_error *error)
{
    wg__safetensors header = { .allocator = archive->allocator };
    int status = wg__safetensors_read(&header, file, &archive->allocator, error);
    if (status >= 0) status = items_reserve(archive, file->path, header.tensor_count, error);
    for (int64_t i = 0; status >= 0 && i < header.tensor_count; i++)
        status = tensor_read(file, &header, &header.tensor[i], archive, error);
    wg__safetensors_free(&header);
    return status;
}

/* ---- npz ---- */

static int member_read(const wg__zip *zip, wg__zip_member *member, const char *path,
                       wg_archive *archive, wg_error *error)
{
    item *item = NULL;
    const bool is_array = wg__npz_name_cut(member);
    WG_TRY(item_add(archive, path, member->name, &item, error));
    if (!is_array) return WG_OK;
    wg_error refused = { 0 };
    const int status = wg__npz_tensor(zip, member, path, &item->view, &item->data, &refused);
    if (status == WG_EDTYPE || status == WG_ESHAPE || status >= 0) return WG_OK;
    return wg__fail(error, status, "%s", refused.message);
}

static int npz_read(wg__file *file, wg_archive *archive, wg_error *error)
{
    wg__zip zip = { .allocator = archive->allocator };
    int status = wg__zip_read(&zip, file, &archive->allocator, error);
    if (status >= 0) status = items_reserve(archive, file->path, zip.member_count, error);
    for (int64_t i = 0; status >= 0 && i < zip.member_count; i++)
        status = member_read(&zip, &zip.member[i], file->path, archive, error);
    wg__zip_free(&zip);
    return status;
}

/* ---- either ---- */
static int name_compare(int64_t x, int64_t y, const void *user)
{
    const item *item = user;
    const int order = strcmp(item[x].name, item[y].name);
    if (order != 0) return order;
    return x < y ? -1 : x > y;
}

static int archive_sort(wg_archive *archive, const char *path, wg_error *error)
{
    archive->by_name =
        wg__allocate(&archive->allocator, (size_t)archive->capacity * sizeof *archive->by_name);
    if (archive->by_name == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for its list", path);
    wg__order_rows(archive->by_name, archive->count);
    wg__order_sort(archive->by_name, archive->count, name_compare, archive->item);
    for (int64_t i = 1; i < archive->count; i++) {
        const char *name = archive->item[archive->by_name[i]].name;
        if (strcmp(archive->item[archive->by_name[i - 1]].name, name) == 0)
            return wg__fail(error, WG_EFORMAT, "%s: two members are named \"%.80s\"", path, name);
    }
    return WG_OK;
}

/* A member's header, or the end of an empty archive, opens a zip. */
static int kind_find(wg__file *file, bool *is_zip, wg_error *error)
{
    char magic[4] = { 0 };
    if (file->bytes >= sizeof magic) WG_TRY(wg__file_read(file, magic, sizeof magic, error));
    *is_zip = memcmp(magic, "PK\003\004", 4) == 0 || memcmp(magic, "PK\005\006", 4) == 0;
    return wg__file_seek(file, 0, error);
}

static int archive_read(wg__file *file, wg_archive *archive, wg_error *error)
{
    bool is_zip = false;
    WG_TRY(kind_find(file, &is_zip, error));
    WG_TRY(is_zip ? npz_read(file, archive, error) : safetensors_read(file, archive, error));
    return archive_sort(archive, file->path, error);
}

int wg__archive_open(const char *path, const wg_allocator *allocator, wg_archive **out,
                     wg_error *error)
{
    wg__file file;
    if (path == NULL || out == NULL)
        return wg__fail(error, WG_EINVALID, "archive: a path and a place are needed, not NULL");
    *out = NULL;
    WG_TRY(wg__file_open(&file, path, error));
    const wg_allocator chosen = wg__allocator_or_default(allocator);
    wg_archive *archive = wg__allocate_zeroed(&chosen, sizeof *archive);
    int status;
    if (archive != NULL) {
        archive->allocator = chosen;
        status = archive_read(&file, archive, error);
    } else {
        status = wg__fail(error, WG_EMEMORY, "%s: no memory for an archive", path);
    }
    wg__file_close(&file);
    if (status < 0) wg_archive_free(archive);
    else *out = archive;
    return status;
}

int wg_archive_open(const char *path, wg_archive **out, wg_error *error)
{
    return wg__archive_open(path, NULL, out, error);
}

void wg_archive_free(wg_archive *archive)
{
    if (archive == NULL) return;
    const wg_allocator allocator = archive->allocator;
    const size_t capacity = (size_t)archive->capacity;
    for (int64_t i = 0; i < archive->count; i++) {
        item *item = &archive->item[i];
        if (item->data != NULL)
            wg__release(&allocator, item->data,
                        (size_t)wg_shape_count(item->view.shape) *
                            wg_dtype_bytes(item->view.dtype));
        wg__release(&allocator, item->name, strlen(item->name) + 1);
    }
    wg__release(&allocator, archive->item, capacity * sizeof *archive->item);
    wg__release(&allocator, archive->by_name, capacity * sizeof *archive->by_name);
    wg__release(&allocator, archive, sizeof *archive);
}

int64_t wg_archive_count(const wg_archive *archive)
{
    return archive == NULL ? 0 : archive->count;
}

const char *wg_archive_name(const wg_archive *archive, int64_t index)
{
    if (archive == NULL || index < 0 || index >= archive->count) return NULL;
    return archive->item[archive->by_name[index]].name;
}

int wg_archive_find(const wg_archive *archive, const char *name, wg_view *view)
{
    if (archive == NULL || name == NULL || view == NULL) return WG_EINVALID;
    for (int64_t low = 0, high = archive->count; low < high;) {
        const int64_t middle = low + (high - low) / 2;
        const item *item = &archive->item[archive->by_name[middle]];
        const int order = strcmp(name, item->name);
        if (order < 0) high = middle;
        if (order > 0) low = middle + 1;
        if (order != 0) continue;
        if (item->data == NULL) return WG_EDTYPE;
        *view = item->view;
        return WG_OK;
    }
    return WG_ENAME;
}

/* A safetensors file is a length of 8 bytes, so much JSON, and the data. The header is refused
 * unless its tensors, sorted by where they lie, fill the data without a hole or an overlap and
 * each has the bytes that its dtype and shape ask for: so no offset can point outside, and
 * nothing can hide in between.                                                                  */
#include "runtime/data/safetensors.h"

#include "runtime/data/json.h"
#include "runtime/data/order.h"

#include <string.h>

/* As the reference implementation: more would be no header but an attack on memory. */
enum { HEADER_BYTES_MAX = 100000000, LENGTH_BYTES = 8 };

static int fail_tensor(const wg__json *json, const wg__tensor_info *tensor, int status,
                       const char *problem)
{
    return wg__fail(json->error, status, "%s: byte %llu: tensor \"%.80s\": %s", json->path,
                    (unsigned long long)tensor->described, tensor->name, problem);
}

/* ---- one description: {"dtype":"F32","shape":[2,3],"data_offsets":[0,24]} ---- */

static int dtype_read(wg__json *json, wg__tensor_info *tensor)
{
    static const struct { char name[8]; uint32_t bits; wg__element element; } known[] = {
        { "BOOL", 8, WG__ELEMENT_BOOL },  { "U8", 8, WG__ELEMENT_U8 },
        { "I8", 8, WG__ELEMENT_I8 },      { "U16", 16, WG__ELEMENT_U16 },
        { "I16", 16, WG__ELEMENT_I16 },   { "F16", 16, WG__ELEMENT_F16 },
        { "BF16", 16, WG__ELEMENT_BF16 }, { "U32", 32, WG__ELEMENT_U32 },
        { "I32", 32, WG__ELEMENT_I32 },   { "F32", 32, WG__ELEMENT_F32 },
        { "U64", 64, WG__ELEMENT_U64 },   { "I64", 64, WG__ELEMENT_I64 },
        { "F64", 64, WG__ELEMENT_F64 },   { "C64", 64, WG__ELEMENT_NONE },
        { "F8_E5M2", 8, WG__ELEMENT_NONE }, { "F8_E4M3", 8, WG__ELEMENT_NONE },
        { "F8_E8M0", 8, WG__ELEMENT_NONE }, { "F6_E2M3", 6, WG__ELEMENT_NONE },
        { "F6_E3M2", 6, WG__ELEMENT_NONE }, { "F4", 4, WG__ELEMENT_NONE },
    };
    char *name;
    WG_TRY(wg__json_string(json, &name));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) != 0) continue;
        tensor->bits = known[i].bits;
        tensor->element = known[i].element;
        return WG_OK;
    }
    return fail_tensor(json, tensor, WG_EFORMAT, "a dtype that does not exist");
}

static int shape_read(wg__json *json, wg__tensor_info *tensor)
{
    tensor->count = 1;
    WG_TRY(wg__json_expect(json, '['));
    if (wg__json_take(json, ']')) return WG_OK;
    do {
        uint64_t extent;
        WG_TRY(wg__json_size(json, &extent));
        if (extent > INT64_MAX || (extent > 0 && tensor->count > INT64_MAX / 64 / extent))
            return fail_tensor(json, tensor, WG_ELIMIT, "more elements than can be counted");
        if (tensor->rank < WG_RANK_MAX) tensor->dim[tensor->rank] = (int64_t)extent;
        tensor->rank++;
        tensor->count *= extent;
    } while (wg__json_take(json, ','));
    return wg__json_expect(json, ']');
}

static int offsets_read(wg__json *json, wg__tensor_info *tensor)
{
    WG_TRY(wg__json_expect(json, '['));
    WG_TRY(wg__json_size(json, &tensor->begin));
    WG_TRY(wg__json_expect(json, ','));
    WG_TRY(wg__json_size(json, &tensor->end));
    return wg__json_expect(json, ']');
}

static int tensor_read(wg__json *json, wg__tensor_info *tensor)
{
    enum { DTYPE = 1, SHAPE = 2, OFFSETS = 4 };
    int seen = 0;
    WG_TRY(wg__json_expect(json, '{'));
    do {
        char *key;
        WG_TRY(wg__json_string(json, &key));
        WG_TRY(wg__json_expect(json, ':'));
        const int what = strcmp(key, "dtype") == 0          ? DTYPE
                         : strcmp(key, "shape") == 0        ? SHAPE
                         : strcmp(key, "data_offsets") == 0 ? OFFSETS
                                                            : 0;
        if (what == 0 || (seen & what) != 0)
            return fail_tensor(json, tensor, WG_EFORMAT,
                               "a key that does not belong or came before");
        seen |= what;
        if (what == DTYPE) WG_TRY(dtype_read(json, tensor));
        if (what == SHAPE) WG_TRY(shape_read(json, tensor));
        if (what == OFFSETS) WG_TRY(offsets_read(json, tensor));
    } while (wg__json_take(json, ','));
    WG_TRY(wg__json_expect(json, '}'));
    if (seen == (DTYPE | SHAPE | OFFSETS)) return WG_OK;
    return fail_tensor(json, tensor, WG_EFORMAT, "dtype, shape or data_offsets is missing");
}

/* ---- the header ---- */

/* Texts under texts; the note is ours. */
static int metadata_read(wg__json *json, wg__safetensors *all)
{
    WG_TRY(wg__json_expect(json, '{'));
    if (wg__json_take(json, '}')) return WG_OK;
    do {
        char *key;
        char *value;
        WG_TRY(wg__json_string(json, &key));
        WG_TRY(wg__json_expect(json, ':'));
        WG_TRY(wg__json_string(json, &value));
        if (strcmp(key, "wengert") == 0) {
            all->note = value;
            continue;
        }
        if (wg__grow(&all->allocator, (void **)&all->metadata, &all->metadata_capacity,
                     all->metadata_count + 1, sizeof *all->metadata) < 0)
            return wg__fail(json->error, WG_EMEMORY, "%s: no memory for its header", json->path);
        all->metadata[all->metadata_count++] = (wg__metadata){ key, value };
    } while (wg__json_take(json, ','));
    return wg__json_expect(json, '}');
}

static int entry_read(wg__json *json, wg__safetensors *all, bool *has_metadata)
{
    wg__tensor_info tensor = { .described = json->start + json->position };
    WG_TRY(wg__json_string(json, &tensor.name));
    WG_TRY(wg__json_expect(json, ':'));
    if (strcmp(tensor.name, "__metadata__") == 0) {
        if (*has_metadata) return wg__json_fail(json, "__metadata__ came before");
        *has_metadata = true;
        return metadata_read(json, all);
    }
    WG_TRY(tensor_read(json, &tensor));
    if (wg__grow(&all->allocator, (void **)&all->tensor, &all->tensor_capacity,
                 all->tensor_count + 1, sizeof *all->tensor) < 0)
        return wg__fail(json->error, WG_EMEMORY, "%s: no memory for its header", json->path);
    all->tensor[all->tensor_count++] = tensor;
    return WG_OK;
}

static int header_read(wg__json *json, wg__safetensors *all)
{
    bool has_metadata = false;
    const size_t valid_bytes = wg__utf8_check(json->text, json->bytes);
    if (valid_bytes < json->bytes) {
        json->position = valid_bytes;
        return wg__json_fail(json, "the header is not valid UTF-8");
    }
    if (json->bytes == 0 || json->text[0] != '{')
        return wg__json_fail(json, "expected { of the header");
    WG_TRY(wg__json_expect(json, '{'));
    if (!wg__json_take(json, '}')) {
        do WG_TRY(entry_read(json, all, &has_metadata));
        while (wg__json_take(json, ','));
        WG_TRY(wg__json_expect(json, '}'));
    }
    return wg__json_is_at_end(json) ? WG_OK : wg__json_fail(json, "text behind the header");
}

/* ---- what must hold among the tensors ---- */

static int name_compare(int64_t x, int64_t y, const void *user)
{
    const wg__tensor_info *tensor = user;
    const int order = strcmp(tensor[x].name, tensor[y].name);
    return order != 0 ? order : x < y ? -1 : x > y;
}

static int place_compare(int64_t x, int64_t y, const void *user)
{
    const wg__tensor_info *tensor = user;
    if (tensor[x].begin != tensor[y].begin) return tensor[x].begin < tensor[y].begin ? -1 : 1;
    if (tensor[x].end != tensor[y].end) return tensor[x].end < tensor[y].end ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int sizes_check(const wg__json *json, const wg__safetensors *all)
{
    for (int64_t i = 0; i < all->tensor_count; i++) {
        const wg__tensor_info *tensor = &all->tensor[i];
        if (tensor->begin > tensor->end)
            return fail_tensor(json, tensor, WG_EFORMAT, "data_offsets end before they begin");
        /* Neither product can overflow: counts were bounded, offsets are compared by division. */
        const uint64_t bits = tensor->count * tensor->bits;
        if (bits % 8 != 0 || bits / 8 != tensor->end - tensor->begin)
            return fail_tensor(json, tensor, WG_EFORMAT,
                               "data_offsets span other bytes than dtype and shape ask for");
    }
    return WG_OK;
}

/* Of tensors in the order of their data. */
static int places_check(const wg__json *json, const wg__safetensors *all, uint64_t data_bytes)
{
    uint64_t filled = 0;
    for (int64_t i = 0; i < all->tensor_count; i++) {
        const wg__tensor_info *tensor = &all->tensor[i];
        if (tensor->begin != filled)
            return fail_tensor(json, tensor, WG_EFORMAT,
                               tensor->begin < filled ? "its data overlap those of another"
                                                      : "a hole in the data before it");
        filled = tensor->end;
        if (filled > data_bytes)
            return fail_tensor(json, tensor, WG_EFORMAT,
                               "its data reach beyond the end of the file");
    }
    if (filled == data_bytes) return WG_OK;
    return wg__fail(json->error, WG_EFORMAT, "%s: byte %llu: %llu bytes that belong to no tensor",
                    json->path, (unsigned long long)(all->data_start + filled),
                    (unsigned long long)(data_bytes - filled));
}

static int names_check(const wg__json *json, const wg__safetensors *all)
{
    for (int64_t i = 1; i < all->tensor_count; i++) {
        const wg__tensor_info *tensor = &all->tensor[all->by_name[i]];
        if (strcmp(tensor->name, all->tensor[all->by_name[i - 1]].name) == 0)
            return fail_tensor(json, tensor, WG_EFORMAT, "there are two of that name");
    }
    return WG_OK;
}

/* Brings the tensors into the order of their data and makes by_name. */
static int tensors_sort(wg__safetensors *all)
{
    const int64_t count = all->tensor_count;
    const size_t bytes = (size_t)count * sizeof *all->tensor;
    all->by_name = wg__allocate(&all->allocator, (size_t)count * sizeof *all->by_name);
    wg__tensor_info *unsorted = wg__allocate(&all->allocator, bytes);
    if (all->by_name != NULL && unsorted != NULL && count > 0) {
        memcpy(unsorted, all->tensor, bytes);
        wg__order_rows(all->by_name, count);
        wg__order_sort(all->by_name, count, place_compare, unsorted);
        for (int64_t i = 0; i < count; i++) all->tensor[i] = unsorted[all->by_name[i]];
        wg__order_rows(all->by_name, count);
        wg__order_sort(all->by_name, count, name_compare, all->tensor);
    }
    wg__release(&all->allocator, unsorted, bytes);
    return all->by_name != NULL && unsorted != NULL ? WG_OK : WG_EMEMORY;
}

static int tensors_check(const wg__json *json, wg__safetensors *all, uint64_t data_bytes)
{
    WG_TRY(sizes_check(json, all));
    if (tensors_sort(all) < 0)
        return wg__fail(json->error, WG_EMEMORY, "%s: no memory for its header", json->path);
    WG_TRY(names_check(json, all));
    return places_check(json, all, data_bytes);
}

int64_t wg__safetensors_find(const wg__safetensors *all, const char *name, size_t bytes)
{
    int64_t lower = 0;
    int64_t upper = all->tensor_count;
    while (lower < upper) {
        const int64_t middle = lower + (upper - lower) / 2;
        const int64_t i = all->by_name[middle];
        int order = strncmp(all->tensor[i].name, name, bytes);
        if (order == 0) order = all->tensor[i].name[bytes] != '\0';
        if (order == 0) return i;
        if (order < 0) lower = middle + 1;
        if (order > 0) upper = middle;
    }
    return -1;
}

/* ---- the whole ---- */

static int text_read(wg__safetensors *all, wg__file *file, wg_error *error)
{
    unsigned char length[LENGTH_BYTES];
    uint64_t bytes = 0;
    WG_TRY(wg__file_read(file, length, sizeof length, error));
    for (int i = 0; i < LENGTH_BYTES; i++) bytes |= (uint64_t)length[i] << (8 * i);
    if (bytes > HEADER_BYTES_MAX || bytes > file->bytes - LENGTH_BYTES)
        return wg__fail(error, WG_EFORMAT, "%s: byte 0: a header of %llu bytes in a file of %llu",
                        file->path, (unsigned long long)bytes, (unsigned long long)file->bytes);
    all->data_start = LENGTH_BYTES + bytes;
    all->text_bytes = (size_t)bytes;
    all->text = wg__allocate(&all->allocator, all->text_bytes);
    if (all->text == NULL)
        return wg__fail(error, WG_EMEMORY, "%s: no memory for its header", file->path);
    return wg__file_read(file, all->text, all->text_bytes, error);
}

int wg__safetensors_read(wg__safetensors *all, wg__file *file, const wg_allocator *allocator,
                         wg_error *error)
{
    *all = (wg__safetensors){ .allocator = *allocator };
    int status = text_read(all, file, error);
    if (status >= 0) {
        wg__json json = {
            .path = file->path, .text = all->text, .bytes = all->text_bytes,
            .start = LENGTH_BYTES, .error = error,
        };
        status = header_read(&json, all);
        if (status >= 0) status = tensors_check(&json, all, file->bytes - all->data_start);
    }
    if (status < 0) wg__safetensors_free(all);
    return status;
}

void wg__safetensors_free(wg__safetensors *all)
{
    wg__release(&all->allocator, all->text, all->text_bytes);
    wg__release(&all->allocator, all->by_name, (size_t)all->tensor_count * sizeof *all->by_name);
    wg__release(&all->allocator, all->tensor, (size_t)all->tensor_capacity * sizeof *all->tensor);
    wg__release(&all->allocator, all->metadata,
                (size_t)all->metadata_capacity * sizeof *all->metadata);
    *all = (wg__safetensors){ .allocator = all->allocator };
}

/* Parameters and state that outlive recordings: tensors by path, sorted. Entries never move, so
 * tapes and programs may point to them; a value changes in place unless its type does.
 *
 * `users` counts readers, or is -1 while one writes: a write in use elsewhere is refused, never
 * waited for. `references` lets creator, tapes and programs go in any order. */
#include "graph/tape.h"
#include <string.h>

/* ---- life ---- */

wg_params *wg_params_create(const wg_params_options *options)
{
    const wg_params_options chosen = options != NULL ? *options : (wg_params_options){ 0 };
    for (size_t i = 0; i < sizeof chosen.reserved / sizeof chosen.reserved[0]; i++)
        if (chosen.reserved[i] != 0) return NULL;
    const wg_allocator *given = chosen.allocator;
    if (given != NULL && (given->allocate == NULL || given->release == NULL)) return NULL;
    const wg_dtype dtype = chosen.dtype != 0 ? chosen.dtype : WG_F32;
    if (!wg__dtype_is_float(dtype)) return NULL;

    const wg_allocator allocator = wg__allocator_or_default(given);
    wg_params *params = wg__allocate_zeroed(&allocator, sizeof *params);
    if (params == NULL) return NULL;
    params->allocator = allocator;
    params->seed = chosen.seed;
    params->dtype = dtype;
    atomic_init(&params->users, 0);
    atomic_init(&params->layout, 0);
    atomic_init(&params->references, 1);
    return params;
}

static void entry_free(const wg_allocator *allocator, wg__entry *entry)
{
    if (entry == NULL) return;
    wg__release(allocator, entry->data, entry->bytes);
    if (entry->path != NULL) wg__release(allocator, entry->path, strlen(entry->path) + 1);
    wg__release(allocator, entry, sizeof *entry);
}

void wg__params_hold(wg_params *params)
{
    atomic_fetch_add(&params->references, 1);
}

bool wg__params_is_ours(const wg_params *params)
{
    return atomic_load(&params->references) == 1;
}

void wg__params_drop(wg_params *params)
{
    if (atomic_fetch_sub(&params->references, 1) > 1) return;
    const wg_allocator allocator = params->allocator;
    for (int64_t i = 0; i < params->count; i++) entry_free(&allocator, params->entry[i]);
    wg__params_text_free(params);
    wg__release(&allocator, params->entry, (size_t)params->capacity * sizeof *params->entry);
    wg__release(&allocator, params, sizeof *params);
}

void wg_params_free(wg_params *params)
{
    if (params != NULL) wg__params_drop(params);
}

int wg__params_lock(wg_params *params, bool to_write)
{
    int users = atomic_load(&params->users);
    do {
        if (users < 0 || (to_write && users > 0)) return WG_EBUSY;
    } while (!atomic_compare_exchange_weak(&params->users, &users, to_write ? -1 : users + 1));
    return WG_OK;
}

void wg__params_unlock(wg_params *params)
{
    if (atomic_load(&params->users) < 0) atomic_store(&params->users, 0);
    else atomic_fetch_sub(&params->users, 1);
}

/* ---- entries ---- */

/* The first entry whose path is not before this one. */
static int64_t entry_place(const wg_params *params, const char *path)
{
    int64_t low = 0, high = params->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (strcmp(params->entry[middle]->path, path) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

wg__entry *wg__params_entry(const wg_params *params, const char *path)
{
    const int64_t place = entry_place(params, path);
    const bool is_there =
        place < params->count && strcmp(params->entry[place]->path, path) == 0;
    return is_there ? params->entry[place] : NULL;
}

/* Zeroed memory for a type; NULL on failure. */
static void *data_make(const wg_params *params, const wg__type *type, size_t *bytes)
{
    const int64_t count = wg__shape_count(&type->shape);
    if (count < 0 || !wg__bytes_of(count, type->dtype, bytes)) return NULL;
    return wg__allocate_zeroed(&params->allocator, *bytes);
}

static wg__entry *entry_make(const wg_params *params, const char *path, const wg__type *type,
                             bool is_trained)
{
    wg__entry *entry = wg__allocate_zeroed(&params->allocator, sizeof *entry);
    if (entry == NULL) return NULL;
    entry->type = *type;
    entry->is_trained = is_trained;
    entry->path = wg__string_copy(&params->allocator, path);
    entry->data = data_make(params, type, &entry->bytes);
    if (entry->path != NULL && entry->data != NULL) return entry;
    entry_free(&params->allocator, entry);
    return NULL;
}

wg__entry *wg__params_add(wg_params *params, const char *path, const wg__type *type,
                          bool is_trained)
{
    const int64_t place = entry_place(params, path);
    WG_ASSERT(place == params->count || strcmp(params->entry[place]->path, path) != 0);
    if (wg__grow(&params->allocator, (void **)&params->entry, &params->capacity,
                 params->count + 1, sizeof *params->entry) < 0)
        return NULL;
    wg__entry *entry = entry_make(params, path, type, is_trained);
    if (entry == NULL) return NULL;
    memmove(&params->entry[place + 1], &params->entry[place],
            (size_t)(params->count - place) * sizeof *params->entry);
    params->entry[place] = entry;
    params->count++;
    atomic_fetch_add(&params->layout, 1);
    return entry;
}

void wg__params_remove(wg_params *params, wg__entry *entry)
{
    const int64_t place = entry_place(params, entry->path);
    WG_ASSERT(place < params->count && params->entry[place] == entry);
    memmove(&params->entry[place], &params->entry[place + 1],
            (size_t)(params->count - place - 1) * sizeof *params->entry);
    params->count--;
    atomic_fetch_add(&params->layout, 1);
    entry_free(&params->allocator, entry);
}

/* ---- questions ---- */

int64_t wg_params_count(const wg_params *params)
{
    return params == NULL ? 0 : params->count;
}

static const wg__entry *entry_at(const wg_params *params, int64_t index)
{
    const bool is_there = params != NULL && index >= 0 && index < params->count;
    return is_there ? params->entry[index] : NULL;
}

const char *wg_params_name(const wg_params *params, int64_t index)
{
    const wg__entry *entry = entry_at(params, index);
    return entry == NULL ? NULL : entry->path;
}

bool wg_params_trained(const wg_params *params, int64_t index)
{
    const wg__entry *entry = entry_at(params, index);
    return entry != NULL && entry->is_trained;
}

int wg_params_find(const wg_params *params, const char *path, wg_view *view)
{
    if (params == NULL || path == NULL || view == NULL) return WG_EINVALID;
    const wg__entry *entry = wg__params_entry(params, path);
    if (entry == NULL) return WG_ENAME;
    *view = wg_view_of(entry->data, entry->type.dtype, wg__shape_public(&entry->type.shape));
    return WG_OK;
}

int wg_params_unused(const wg_params *params, const char **path)
{
    int count = 0;
    if (params == NULL) return WG_EINVALID;
    for (int64_t i = params->count - 1; i >= 0; i--) {
        const wg__entry *entry = params->entry[i];
        if (!entry->is_unmet || !entry->is_trained) continue;
        count++;
        if (path != NULL) *path = entry->path;
    }
    return count;
}

/* ---- writing ---- */

static bool type_equal(const wg__type *x, const wg__type *y)
{
    return x->dtype == y->dtype && wg__shape_equal(&x->shape, &y->shape);
}

/* Gives the entry of this path, which is made if it is not there, room for a type. Its old value
 * stays until then; on failure everything is as it was. */
static wg__entry *entry_prepare(wg_params *params, const char *path, const wg__type *type,
                                bool is_trained)
{
    wg__entry *entry = wg__params_entry(params, path);
    if (entry == NULL) {
        entry = wg__params_add(params, path, type, is_trained);
        if (entry != NULL) entry->is_unmet = true;
        return entry;
    }
    if (type_equal(&entry->type, type)) return entry;
    size_t bytes;
    void *data = data_make(params, type, &bytes);
    if (data == NULL) return NULL;
    wg__release(&params->allocator, entry->data, entry->bytes);
    atomic_fetch_add(&params->layout, 1);
    entry->type = *type;
    entry->data = data;
    entry->bytes = bytes;
    return entry;
}

static int value_set(wg_params *params, const char *path, const wg_view *value)
{
    const wg__type type = { .dtype = value->dtype, .shape = wg__shape_of(value->shape) };
    wg__entry *entry = entry_prepare(params, path, &type, true);
    if (entry == NULL) return WG_EMEMORY;
    wg__view_pack(value, entry->data);
    entry->version++;
    return WG_OK;
}

int wg_params_set(wg_params *params, const char *path, wg_view value)
{
    if (params == NULL) return WG_EINVALID;
    if (!wg__name_is_valid(path, true)) return WG_ENAME;
    WG_TRY(wg__view_check(&value));
    WG_TRY(wg__params_lock(params, true));
    const int status = value_set(params, path, &value);
    wg__params_unlock(params);
    return status;
}

/* ---- copying ---- */

bool wg_path_matches(const char *pattern, const char *path)
{
    return pattern != NULL && path != NULL && wg__pattern_matches(pattern, path);
}

/* Copies one value into a block of its own first, so that a failure later changes nothing. */
static int entries_stage(const wg_params *source, const char *pattern, wg_params *stage)
{
    int copied = 0;
    for (int64_t i = 0; i < source->count; i++) {
        const wg__entry *from = source->entry[i];
        if (!wg__pattern_matches(pattern, from->path)) continue;
        wg__entry *to = wg__params_add(stage, from->path, &from->type, from->is_trained);
        if (to == NULL) return WG_EMEMORY;
        to->is_unmet = true;
        memcpy(to->data, from->data, from->bytes);
        copied++;
    }
    return copied;
}

/* Moves staged values into target; there is room for all of them. */
static void entries_move(wg_params *stage, wg_params *target)
{
    for (int64_t i = 0; i < stage->count; i++) {
        wg__entry *from = stage->entry[i];
        wg__entry *to = wg__params_entry(target, from->path);
        if (to == NULL) {
            const int64_t place = entry_place(target, from->path);
            memmove(&target->entry[place + 1], &target->entry[place],
                    (size_t)(target->count - place) * sizeof *target->entry);
            target->entry[place] = from;
            target->count++;
            continue;
        }
        if (type_equal(&to->type, &from->type)) {
            memcpy(to->data, from->data, from->bytes);
        } else {
            wg__release(&target->allocator, to->data, to->bytes);
            to->data = from->data;
            to->bytes = from->bytes;
            to->type = from->type;
            from->data = NULL;
        }
        to->is_trained = from->is_trained;
        to->version++;
        entry_free(&target->allocator, from);
    }
    stage->count = 0;
    atomic_fetch_add(&target->layout, 1);
}

/* Both are locked. */
static int entries_copy(const wg_params *source, const char *pattern, wg_params *target)
{
    wg_params *stage = wg_params_create(&(wg_params_options){ .allocator = &target->allocator });
    if (stage == NULL) return WG_EMEMORY;
    int status = entries_stage(source, pattern, stage);
    if (status >= 0 &&
        wg__grow(&target->allocator, (void **)&target->entry, &target->capacity,
                 target->count + stage->count, sizeof *target->entry) < 0)
        status = WG_EMEMORY;
    if (status >= 0) entries_move(stage, target);
    wg_params_free(stage);
    return status;
}

/* The lock of the source is its own bookkeeping, not its value: the const is kept to callers. */
int wg_params_copy(const wg_params *source, const char *pattern, wg_params *target)
{
    if (source == NULL || pattern == NULL || target == NULL || source == target)
        return WG_EINVALID;
    wg_params *reader = (wg_params *)source;
    WG_TRY(wg__params_lock(reader, false));
    int status = wg__params_lock(target, true);
    if (status >= 0) {
        status = entries_copy(source, pattern, target);
        wg__params_unlock(target);
    }
    wg__params_unlock(reader);
    return status;
}

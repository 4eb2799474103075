/* Parameters from a safetensors file, all that match or none: everything is read into blocks of
 * its own, then room is made for what is new, and only then, when nothing can fail any more, are
 * values changed.                                                                               */
#include "graph/internal.h"
#include "runtime/data/safetensors.h"

#include <limits.h>
#include <string.h>
#include <wengert/data.h>

typedef struct loading {
    wg__type type;
    void *data;
    size_t bytes;
    wg__entry *entry;
    bool is_trained, is_new;
} loading;

typedef struct load_plan {
    wg_params *params;
    wg__file file;
    wg__safetensors header;
    loading *item; /* of each tensor of the file; those not wanted have no data */
    wg_error *error;
} load_plan;

static int fail_tensor(const load_plan *plan, int64_t i, int status, const char *problem)
{
    return wg__fail(plan->error, status, "%s: byte %llu: tensor \"%.80s\": %s", plan->file.path,
                    (unsigned long long)plan->header.tensor[i].described,
                    plan->header.tensor[i].name, problem);
}

/* ---- the note ---- */

/* The word of the note that follows name, up to a space; NULL if it is not there. */
static const char *note_find(const char *note, const char *name, size_t *bytes)
{
    const size_t length = strlen(name);
    while (note != NULL && *note != '\0') {
        *bytes = strcspn(note, " ");
        if (*bytes >= length && memcmp(note, name, length) == 0) {
            *bytes -= length;
            return note + length;
        }
        note += *bytes + (note[*bytes] == ' ');
    }
    return NULL;
}

/* Files without a note come from elsewhere: all of it is trained. */
static void trained_mark(load_plan *plan)
{
    size_t bytes = 0;
    const char *list = note_find(plan->header.note, "trained=", &bytes);
    for (int64_t i = 0; i < plan->header.tensor_count; i++) plan->item[i].is_trained = list == NULL;
    for (size_t i = 0; list != NULL && i < bytes;) {
        size_t word = 0;
        while (i + word < bytes && list[i + word] != ',') word++;
        const int64_t found = wg__safetensors_find(&plan->header, list + i, word);
        if (found >= 0) plan->item[found].is_trained = true;
        i += word + 1;
    }
}

static void seed_take(const load_plan *plan)
{
    size_t bytes = 0;
    uint64_t seed = 0;
    const char *text = note_find(plan->header.note, "seed=", &bytes);
    if (text == NULL || bytes == 0) return;
    for (size_t i = 0; i < bytes; i++) {
        const uint64_t digit = (uint64_t)(text[i] - '0');
        if (text[i] < '0' || text[i] > '9' || seed > (UINT64_MAX - digit) / 10) return;
        seed = 10 * seed + digit;
    }
    plan->params->seed = seed;
}

/* ---- reading ---- */

/* The type it will have here; the entry of its path must have the same. */
static int type_find(const load_plan *plan, int64_t i, loading *item)
{
    const wg__tensor_info *tensor = &plan->header.tensor[i];
    if (!wg__name_is_valid(tensor->name, true))
        return fail_tensor(plan, i, WG_ENAME, "not a path: letters, digits, _ . - and / only");
    if (tensor->element == WG__ELEMENT_NONE)
        return fail_tensor(plan, i, WG_EDTYPE, "its dtype is not read here");
    wg_shape shape = { .rank = tensor->rank };
    if (tensor->rank > WG_RANK_MAX) return fail_tensor(plan, i, WG_ELIMIT, "more than 8 axes");
    for (int32_t axis = 0; axis < tensor->rank; axis++) shape.dim[axis] = tensor->dim[axis];
    item->type = (wg__type){ .dtype = wg__element_dtype(tensor->element) };
    if (wg__shape_check(shape) < 0 ||
        !wg__bytes_of((int64_t)tensor->count, item->type.dtype, &item->bytes))
        return fail_tensor(plan, i, WG_ELIMIT, "too large for memory");
    item->type.shape = wg__shape_of(shape);

    const wg__entry *entry = wg__params_entry(plan->params, tensor->name);
    if (entry == NULL) return WG_OK;
    char problem[200];
    wg__text text = wg__text_of(problem, sizeof problem);
    wg__text_add(&text, "%s ", wg_dtype_name(item->type.dtype));
    wg__text_shape(&text, &item->type.shape);
    wg__text_add(&text, " in the file, %s ", wg_dtype_name(entry->type.dtype));
    wg__text_shape(&text, &entry->type.shape);
    wg__text_add(&text, " in the params");
    if (entry->type.dtype != item->type.dtype) return fail_tensor(plan, i, WG_EDTYPE, problem);
    if (wg__shape_equal(&entry->type.shape, &item->type.shape)) return WG_OK;
    return fail_tensor(plan, i, WG_ESHAPE, problem);
}

static int item_read(load_plan *plan, int64_t i)
{
    const wg__tensor_info *tensor = &plan->header.tensor[i];
    loading *item = &plan->item[i];
    WG_TRY(type_find(plan, i, item));
    item->data = wg__allocate(&plan->params->allocator, item->bytes);
    if (item->data == NULL) return fail_tensor(plan, i, WG_EMEMORY, "no memory for its data");
    WG_TRY(wg__file_seek(&plan->file, plan->header.data_start + tensor->begin, plan->error));
    return wg__element_read(&plan->file, tensor->element, false, (int64_t)tensor->count,
                            item->data, plan->error);
}

/* ---- storing ---- */

static void entries_unmake(load_plan *plan)
{
    for (int64_t i = 0; i < plan->header.tensor_count; i++)
        if (plan->item[i].is_new) wg__params_remove(plan->params, plan->item[i].entry);
}

/* All entries exist afterwards, or none that did not exist before. In the order of their names,
 * so that each new one is put behind the last.                                                  */
static int entries_make(load_plan *plan)
{
    for (int64_t k = 0; k < plan->header.tensor_count; k++) {
        const int64_t i = plan->header.by_name[k];
        const char *path = plan->header.tensor[i].name;
        loading *item = &plan->item[i];
        if (item->data == NULL) continue;
        item->entry = wg__params_entry(plan->params, path);
        if (item->entry != NULL) continue;
        item->entry = wg__params_add(plan->params, path, &item->type, item->is_trained);
        item->is_new = item->entry != NULL;
        if (item->is_new) item->entry->is_unmet = true;
        if (item->is_new) continue;
        entries_unmake(plan);
        return fail_tensor(plan, i, WG_EMEMORY, "no memory for its parameter");
    }
    return WG_OK;
}

static int64_t values_store(load_plan *plan)
{
    int64_t count = 0;
    for (int64_t i = 0; i < plan->header.tensor_count; i++) {
        loading *item = &plan->item[i];
        if (item->data == NULL) continue;
        if (item->bytes > 0) memcpy(item->entry->data, item->data, item->bytes);
        item->entry->version++;
        count++;
    }
    return count;
}

/* ---- texts ---- */

/* All texts of the params and of the file, those of the file where both have one. */
static int texts_stage(const load_plan *plan, wg_params *stage)
{
    const wg_params *params = plan->params;
    for (int64_t i = 0; i < params->text_count; i++)
        WG_TRY(wg__params_text_set(stage, params->text[i].key, params->text[i].text));
    for (int64_t i = 0; i < plan->header.metadata_count; i++) {
        const wg__metadata *text = &plan->header.metadata[i];
        if (wg__name_is_valid(text->key, true))
            WG_TRY(wg__params_text_set(stage, text->key, text->value));
    }
    return WG_OK;
}

/* Staged first, then exchanged: without memory nothing changes. */
static int texts_take(load_plan *plan)
{
    wg_params *params = plan->params;
    wg_params *stage = wg_params_create(&(wg_params_options){ .allocator = &params->allocator });
    const int status = stage == NULL ? WG_EMEMORY : texts_stage(plan, stage);
    if (status >= 0) {
        const wg_params old = { .text = params->text,
                                .text_count = params->text_count,
                                .text_capacity = params->text_capacity };
        params->text = stage->text;
        params->text_count = stage->text_count;
        params->text_capacity = stage->text_capacity;
        stage->text = old.text;
        stage->text_count = old.text_count;
        stage->text_capacity = old.text_capacity;
    }
    wg_params_free(stage);
    if (status >= 0) return status;
    return wg__fail(plan->error, status, "%s: no memory for its texts", plan->file.path);
}

/* ---- the whole ---- */

static int64_t plan_run(load_plan *plan, const char *pattern)
{
    for (int64_t i = 0; i < plan->header.tensor_count; i++)
        if (wg__pattern_matches(pattern, plan->header.tensor[i].name)) WG_TRY(item_read(plan, i));
    trained_mark(plan);
    WG_TRY(entries_make(plan));
    if (strcmp(pattern, "*") == 0) {
        const int status = texts_take(plan);
        if (status < 0) entries_unmake(plan);
        WG_TRY(status);
        seed_take(plan);
    }
    return values_store(plan);
}

static int64_t file_load(load_plan *plan, const char *pattern)
{
    const wg_allocator *allocator = &plan->params->allocator;
    WG_TRY(wg__safetensors_read(&plan->header, &plan->file, allocator, plan->error));
    const int64_t tensor_count = plan->header.tensor_count;
    const size_t bytes = (size_t)tensor_count * sizeof *plan->item;
    int64_t count = WG_EMEMORY;
    plan->item = wg__allocate_zeroed(allocator, bytes);
    if (plan->item == NULL)
        (void)wg__fail(plan->error, WG_EMEMORY, "%s: no memory for its list", plan->file.path);
    else
        count = plan_run(plan, pattern);
    for (int64_t i = 0; plan->item != NULL && i < tensor_count; i++)
        wg__release(allocator, plan->item[i].data, plan->item[i].bytes);
    wg__release(allocator, plan->item, bytes);
    wg__safetensors_free(&plan->header);
    return count;
}

int wg_params_load(wg_params *params, const char *path, const char *pattern, wg_error *error)
{
    load_plan plan = { .params = params, .error = error };
    if (params == NULL || path == NULL)
        return wg__fail(error, WG_EINVALID, "load: params and a path are needed, not NULL");
    WG_TRY(wg__file_open(&plan.file, path, error));
    int64_t count = wg__params_lock(params, true);
    if (count < 0) {
        (void)wg__fail(error, WG_EBUSY, "%s: the params are in use", path);
    } else {
        count = file_load(&plan, pattern == NULL ? "*" : pattern);
        wg__params_unlock(params);
    }
    wg__file_close(&plan.file);
    return count > INT_MAX ? INT_MAX : (int)count;
}

/* Named columns over the same rows. Each column is one contiguous block: a copy of whatever view
 * it was given as, or the lender's own.                                                         */
#include "runtime/data/dataset.h"

#include "runtime/data/csv_table.h"

#include <string.h>

wg_dataset *wg_dataset_create(const wg_allocator *allocator)
{
    const wg_allocator chosen = wg__allocator_or_default(allocator);
    wg_dataset *data = wg__allocate_zeroed(&chosen, sizeof *data);
    if (data == NULL) return NULL;
    data->allocator = chosen;
    atomic_init(&data->references, 1);
    return data;
}

static void column_release(const wg_allocator *allocator, wg__column *column)
{
    wg__release(allocator, column->name, strlen(column->name) + 1);
    wg__release(allocator, column->memory, column->bytes);
}

void wg_dataset_free(wg_dataset *data)
{
    if (data == NULL || atomic_fetch_sub(&data->references, 1) > 1) return;
    const wg_allocator allocator = data->allocator;
    for (int64_t i = 0; i < data->column_count; i++) column_release(&allocator, &data->column[i]);
    wg__csv_table_free(data->table);
    wg__labels_drop(data->labels);
    wg__release(&allocator, data->column, (size_t)data->column_capacity * sizeof *data->column);
    wg__release(&allocator, data, sizeof *data);
}

wg_dataset *wg__dataset_hold(const wg_dataset *data)
{
    /* Holding is invisible to who reads: only the count of holders changes. */
    wg_dataset *held = (wg_dataset *)data;
    atomic_fetch_add(&held->references, 1);
    return held;
}

const wg__column *wg__dataset_column(const wg_dataset *data, const char *name)
{
    for (int64_t i = 0; i < data->column_count; i++)
        if (strcmp(data->column[i].name, name) == 0) return &data->column[i];
    return NULL;
}

/* Whether a column may join, and the bytes of it. */
static int column_check(const wg_dataset *data, const char *name, wg_dtype dtype, wg_shape shape,
                        size_t *bytes)
{
    if (data == NULL || name == NULL || data->table != NULL) return WG_EINVALID;
    if (!wg__dtype_is((int)dtype)) return WG_EDTYPE;
    WG_TRY(wg__shape_check(shape));
    if (shape.rank == 0) return WG_ESHAPE;
    if (!wg__name_is_valid(name, true) || wg__dataset_column(data, name) != NULL) return WG_ENAME;
    if (data->column_count > 0 && shape.dim[0] != data->row_count) return WG_ESHAPE;
    return wg__bytes_of(wg_shape_count(shape), dtype, bytes) ? WG_OK : WG_ELIMIT;
}

/* Appends it, of that view; memory is the dataset's from then on. */
static int column_append(wg_dataset *data, const char *name, wg_view view, size_t bytes,
                         void *memory)
{
    WG_TRY(wg__grow(&data->allocator, (void **)&data->column, &data->column_capacity,
                    data->column_count + 1, sizeof *data->column));
    char *copy = wg__string_copy(&data->allocator, name);
    if (copy == NULL) return WG_EMEMORY;
    data->column[data->column_count++] =
        (wg__column){ .name = copy, .view = view, .memory = memory, .bytes = bytes };
    data->row_count = view.shape.dim[0];
    return WG_OK;
}

int wg__dataset_reserve(wg_dataset *data, const char *name, wg_dtype dtype, wg_shape shape,
                        void **out)
{
    size_t bytes;
    WG_TRY(column_check(data, name, dtype, shape, &bytes));
    void *memory = wg__allocate(&data->allocator, bytes);
    if (memory == NULL) return WG_EMEMORY;
    const int status = column_append(data, name, wg_view_of(memory, dtype, shape), bytes, memory);
    if (status < 0) wg__release(&data->allocator, memory, bytes);
    else *out = memory;
    return status;
}

int wg__dataset_announce(wg_dataset *data, const char *name, wg_dtype dtype, wg_shape shape)
{
    size_t bytes;
    WG_TRY(column_check(data, name, dtype, shape, &bytes));
    return column_append(data, name, wg_view_of(NULL, dtype, shape), bytes, NULL);
}

void wg__dataset_drop_last(wg_dataset *data)
{
    WG_ASSERT(data->column_count > 0);
    column_release(&data->allocator, &data->column[--data->column_count]);
    if (data->column_count == 0) data->row_count = 0;
}

int wg__dataset_explain(const wg_dataset *data, int status, const char *name, wg_shape shape,
                        wg_error *error)
{
    if (status >= 0) return status;
    if (data == NULL || name == NULL)
        return wg__fail(error, status, "a dataset and the name of a column are needed, not NULL");
    if (data->table != NULL)
        return wg__fail(error, status, "column \"%.40s\": the dataset is streamed: it has the "
                                       "columns of its file alone", name);
    if (status == WG_ENAME && !wg__name_is_valid(name, true))
        return wg__fail(error, status, "column \"%.40s\": letters, digits, _ . - and / only", name);
    if (status == WG_ENAME)
        return wg__fail(error, status, "column \"%.40s\": there is one of that name", name);
    if (status == WG_ESHAPE && shape.rank > 0)
        return wg__fail(error, status, "column \"%.40s\": %lld rows, the others have %lld", name,
                        (long long)shape.dim[0], (long long)data->row_count);
    if (status == WG_ESHAPE)
        return wg__fail(error, status, "column \"%.40s\": a scalar has no rows", name);
    return wg__fail(error, status, "column \"%.40s\": %s", name, wg_status_text(status));
}

int wg_dataset_add(wg_dataset *data, const char *column, wg_view view)
{
    void *memory = NULL;
    WG_TRY(wg__view_check(&view));
    WG_TRY(wg__dataset_reserve(data, column, view.dtype, view.shape, &memory));
    wg__view_pack(&view, memory);
    return WG_OK;
}

int wg_dataset_lend(wg_dataset *data, const char *column, wg_view view)
{
    size_t bytes;
    WG_TRY(wg__view_check(&view));
    WG_TRY(column_check(data, column, view.dtype, view.shape, &bytes));
    const bool is_aligned = (uintptr_t)view.data % wg_dtype_bytes(view.dtype) == 0;
    if (!is_aligned || !wg__view_is_contiguous(&view)) return WG_EINVALID;
    const wg_view lent = wg_view_of(view.data, view.dtype, view.shape);
    return column_append(data, column, lent, bytes, NULL);
}

int wg_dataset_find(const wg_dataset *data, const char *column, wg_view *view)
{
    if (data == NULL || column == NULL || view == NULL) return WG_EINVALID;
    const wg__column *found = wg__dataset_column(data, column);
    if (found == NULL) return WG_ENAME;
    if (data->table != NULL) return WG_EINVALID;
    *view = found->view;
    return WG_OK;
}

const char *wg_dataset_label(const wg_dataset *data, int64_t index)
{
    return data == NULL ? NULL : wg__labels_name(data->labels, index);
}

int64_t wg_dataset_count(const wg_dataset *data)
{
    return data == NULL ? 0 : data->row_count;
}

bool wg__reserved_is_zero(const uint64_t *word, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (word[i] != 0) return false;
    return true;
}

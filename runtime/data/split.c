/* Splitting: rows are sorted into groups, the groups are shuffled and laid end to end, and the
 * row of groups is cut at the shares. A group belongs to the part in which its middle lies, so no
 * part differs from its share by more than one group. Inside a part the rows keep their order.  */
#include "runtime/data/dataset.h"
#include "runtime/data/order.h"

#include <math.h>
#include <string.h>

typedef struct splitter {
    const wg_dataset *data;
    const wg__column *group; /* NULL: each row is its own */
    int64_t *row;            /* sorted by group */
    int64_t *start;          /* of each group in row, and the end */
    int64_t *order;          /* of the groups */
    int64_t *part;           /* of each row */
    int64_t group_count;
} splitter;

static int64_t group_value(const wg__column *group, int64_t row)
{
    switch (group->view.dtype) {
    case WG_I32: return ((const int32_t *)group->data)[row];
    case WG_I64: return ((const int64_t *)group->data)[row];
    case WG_U8: case WG_BOOL: return ((const uint8_t *)group->data)[row];
    case WG_F32: case WG_F64: break;
    }
    return 0;
}

static int row_compare(int64_t x, int64_t y, const void *user)
{
    const int64_t of_x = group_value(user, x);
    const int64_t of_y = group_value(user, y);
    if (of_x != of_y) return of_x < of_y ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void groups_find(splitter *split)
{
    const int64_t count = split->data->row_count;
    wg__order_rows(split->row, count);
    if (split->group != NULL) wg__order_sort(split->row, count, row_compare, split->group);
    for (int64_t i = 0; i < count; i++) {
        const bool begins = i == 0 || split->group == NULL ||
                            group_value(split->group, split->row[i]) !=
                                group_value(split->group, split->row[i - 1]);
        if (begins) split->start[split->group_count++] = i;
    }
    split->start[split->group_count] = count;
}

/* rows[k] becomes the number of rows of part k. */
static void parts_assign(splitter *split, int64_t count, const double *share, uint64_t seed,
                         int64_t *rows)
{
    double total = 0.0;
    for (int64_t k = 0; k < count; k++) total += share[k];
    wg__order_rows(split->order, split->group_count);
    wg__order_shuffle(split->order, split->group_count, "split", seed, 0);
    memset(rows, 0, (size_t)count * sizeof *rows);
    double sum = share[0];
    int64_t k = 0;
    int64_t done = 0;
    for (int64_t i = 0; i < split->group_count; i++) {
        const int64_t group = split->order[i];
        const int64_t start = split->start[group];
        const int64_t size = split->start[group + 1] - start;
        const double middle = (double)done + 0.5 * (double)size;
        while (k + 1 < count && middle > floor(sum / total * (double)split->data->row_count + 0.5))
            sum += share[++k];
        for (int64_t j = 0; j < size; j++) split->part[split->row[start + j]] = k;
        rows[k] += size;
        done += size;
    }
}

static int part_fill(const splitter *split, int64_t k, int64_t rows, wg_dataset *part)
{
    for (int64_t i = 0; i < split->data->column_count; i++) {
        const wg__column *column = &split->data->column[i];
        const size_t row_bytes = column->bytes / (size_t)split->data->row_count;
        wg_shape shape = column->view.shape;
        void *memory = NULL;
        shape.dim[0] = rows;
        WG_TRY(wg__dataset_reserve(part, column->name, column->view.dtype, shape, &memory));
        unsigned char *to = memory;
        for (int64_t row = 0; row < split->data->row_count; row++) {
            if (split->part[row] != k) continue;
            memcpy(to, (const unsigned char *)column->data + (size_t)row * row_bytes, row_bytes);
            to += row_bytes;
        }
    }
    return WG_OK;
}

static int parts_make(const splitter *split, int64_t count, const double *share,
                      const int64_t *rows, wg_dataset **part, wg_error *error)
{
    for (int64_t k = 0; k < count; k++)
        if (rows[k] == 0)
            return wg__fail(error, WG_EINVALID,
                            "split: part %lld, share %g, gets none of %lld groups", (long long)k,
                            share[k], (long long)split->group_count);
    int status = WG_OK;
    for (int64_t k = 0; k < count && status >= 0; k++) {
        part[k] = wg_dataset_create(&split->data->allocator);
        status = part[k] == NULL ? WG_EMEMORY : part_fill(split, k, rows[k], part[k]);
    }
    if (status >= 0) return WG_OK;
    for (int64_t k = 0; k < count; k++) {
        wg_dataset_free(part[k]);
        part[k] = NULL;
    }
    return wg__fail(error, status, "split: no memory for the parts");
}

static int check_arguments(const wg_dataset *data, int64_t count, const double *share,
                           const wg_split_options *options, wg_error *error)
{
    if (data == NULL || share == NULL || count < 1)
        return wg__fail(error, WG_EINVALID,
                        "split: a dataset and shares of one part or more are needed");
    if (data->row_count == 0) return wg__fail(error, WG_EINVALID, "split: there are no rows");
    if (count > data->row_count)
        return wg__fail(error, WG_EINVALID, "split: %lld parts of %lld rows", (long long)count,
                        (long long)data->row_count);
    for (int64_t k = 0; k < count; k++)
        if (!(share[k] > 0.0 && share[k] <= 1e9))
            return wg__fail(error, WG_EINVALID, "split: share %lld is not a positive number",
                            (long long)k);
    if (options != NULL && !wg__reserved_is_zero(options->reserved, 4))
        return wg__fail(error, WG_EINVALID, "split: options were not zeroed: reserved has a value");
    return WG_OK;
}

static int group_find(splitter *split, const char *name, wg_error *error)
{
    if (name == NULL) return WG_OK;
    const wg__column *column = wg__dataset_column(split->data, name);
    if (column == NULL)
        return wg__fail(error, WG_ENAME, "split: no column \"%.40s\" to group by", name);
    if (wg__dtype_is_float(column->view.dtype))
        return wg__fail(error, WG_EDTYPE, "split: column \"%.40s\" is %s, groups are integers",
                        name, wg_dtype_name(column->view.dtype));
    if (column->view.shape.rank != 1)
        return wg__fail(error, WG_ESHAPE, "split: column \"%.40s\" has more than one value a row",
                        name);
    split->group = column;
    return WG_OK;
}

int wg_dataset_split(const wg_dataset *data, int64_t count, const double *share,
                     const wg_split_options *options, wg_dataset **part, wg_error *error)
{
    if (part == NULL)
        return wg__fail(error, WG_EINVALID, "split: no place for the parts was given");
    for (int64_t k = 0; k < count; k++) part[k] = NULL;
    WG_TRY(check_arguments(data, count, share, options, error));
    splitter split = { .data = data };
    WG_TRY(group_find(&split, options == NULL ? NULL : options->group, error));

    /* One block for four lists of at most row_count items, one of them with an end, and rows. */
    const int64_t row_count = data->row_count;
    size_t bytes = 0;
    if (!wg__bytes_of(row_count, WG_I64, &bytes) || !wg__size_mul(bytes, 5, &bytes))
        return wg__fail(error, WG_ELIMIT, "split: too many rows");
    bytes += sizeof(int64_t);
    int64_t *list = wg__allocate(&data->allocator, bytes);
    if (list == NULL)
        return wg__fail(error, WG_EMEMORY, "split: no memory for the order of the rows");
    split.row = list;
    split.order = list + row_count;
    split.part = list + 2 * row_count;
    int64_t *rows = list + 3 * row_count;
    split.start = list + 4 * row_count;
    groups_find(&split);
    parts_assign(&split, count, share, options == NULL ? 0 : options->seed, rows);
    const int status = parts_make(&split, count, share, rows, part, error);
    wg__release(&data->allocator, list, bytes);
    return status;
}

/* Splitting: rows are sorted into groups, the groups of each stratum are shuffled and laid end to
 * end, and the row of groups is cut at the shares. A group belongs to the part in which its middle
 * lies, so no part of a stratum differs from its share by more than one group. Inside a part the
 * rows keep their order. A fold is a part of a split into equal ones.                            */
#include "runtime/data/dataset.h"
#include "runtime/data/order.h"

#include <math.h>
#include <string.h>

typedef struct splitter {
    const wg_dataset *data;
    const wg__column *group;    /* NULL: each row is its own */
    const wg__column *stratify; /* NULL: all rows are one stratum */
    int64_t *row;            /* sorted by group */
    int64_t *start;          /* of each group in row, and the end */
    int64_t *order;          /* of the groups, shuffled */
    int64_t *place;          /* in order, by stratum */
    int64_t *part;           /* of each row */
    int64_t group_count;
} splitter;

static int64_t group_value(const wg__column *group, int64_t row)
{
    switch (group->view.dtype) {
    case WG_I32: return ((const int32_t *)group->view.data)[row];
    case WG_I64: return ((const int64_t *)group->view.data)[row];
    case WG_U8: case WG_BOOL: return ((const uint8_t *)group->view.data)[row];
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

/* ---- strata ---- */

static int64_t stratum_of(const splitter *split, int64_t place)
{
    if (split->stratify == NULL) return 0;
    return group_value(split->stratify, split->row[split->start[split->order[place]]]);
}

/* By stratum, and inside it as the groups were shuffled. */
static int place_compare(int64_t x, int64_t y, const void *user)
{
    const int64_t of_x = stratum_of(user, x);
    const int64_t of_y = stratum_of(user, y);
    if (of_x != of_y) return of_x < of_y ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int64_t group_size(const splitter *split, int64_t place)
{
    const int64_t group = split->order[split->place[place]];
    return split->start[group + 1] - split->start[group];
}

/* Cuts one stratum, the groups at places first .. last, at the shares. */
static void stratum_cut(splitter *split, int64_t first, int64_t last, int64_t count,
                        const double *share)
{
    double total = 0.0, sum = share[0];
    int64_t k = 0, done = 0, rows = 0;
    for (int64_t i = 0; i < count; i++) total += share[i];
    for (int64_t i = first; i < last; i++) rows += group_size(split, i);
    for (int64_t i = first; i < last; i++) {
        const int64_t start = split->start[split->order[split->place[i]]];
        const int64_t size = group_size(split, i);
        const double middle = (double)done + 0.5 * (double)size;
        while (k + 1 < count && middle > floor(sum / total * (double)rows + 0.5))
            sum += share[++k];
        for (int64_t j = 0; j < size; j++) split->part[split->row[start + j]] = k;
        done += size;
    }
}

/* Each row's part. */
static void parts_assign(splitter *split, int64_t count, const double *share, uint64_t seed)
{
    wg__order_rows(split->order, split->group_count);
    wg__order_shuffle(split->order, split->group_count, "split", seed, 0);
    wg__order_rows(split->place, split->group_count);
    wg__order_sort(split->place, split->group_count, place_compare, split);
    for (int64_t first = 0, last; first < split->group_count; first = last) {
        const int64_t stratum = stratum_of(split, split->place[first]);
        for (last = first; last < split->group_count; last++)
            if (stratum_of(split, split->place[last]) != stratum) break;
        stratum_cut(split, first, last, count, share);
    }
}

/* ---- parts ---- */

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
            memcpy(to, (const unsigned char *)column->view.data + (size_t)row * row_bytes,
                   row_bytes);
            to += row_bytes;
        }
    }
    return WG_OK;
}

static int64_t part_rows(const splitter *split, int64_t k)
{
    int64_t rows = 0;
    for (int64_t row = 0; row < split->data->row_count; row++) rows += split->part[row] == k;
    return rows;
}

static int parts_make(const splitter *split, int64_t count, const double *share,
                      wg_dataset **part, wg_error *error)
{
    for (int64_t k = 0; k < count; k++)
        if (part_rows(split, k) == 0)
            return wg__fail(error, WG_EINVALID,
                            "split: part %lld, share %g, gets none of %lld groups", (long long)k,
                            share[k], (long long)split->group_count);
    int status = WG_OK;
    for (int64_t k = 0; k < count && status >= 0; k++) {
        part[k] = wg_dataset_create(&split->data->allocator);
        status = part[k] == NULL ? WG_EMEMORY : part_fill(split, k, part_rows(split, k), part[k]);
        if (part[k] != NULL) part[k]->labels = wg__labels_hold(split->data->labels);
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
    if (data->table != NULL)
        return wg__fail(error, WG_EINVALID, "split: the rows are streamed: split their file");
    if (count > data->row_count)
        return wg__fail(error, WG_EINVALID, "split: %lld parts of %lld rows", (long long)count,
                        (long long)data->row_count);
    for (int64_t k = 0; k < count; k++)
        if (!(share[k] > 0.0 && share[k] <= 1e9))
            return wg__fail(error, WG_EINVALID, "split: share %lld is not a positive number",
                            (long long)k);
    if (options != NULL && !wg__reserved_is_zero(options->reserved, 3))
        return wg__fail(error, WG_EINVALID, "split: options were not zeroed: reserved has a value");
    return WG_OK;
}

/* The integer column that options name; NULL stays NULL. */
static int column_find(const wg_dataset *data, const char *name, const char *purpose,
                       const wg__column **out, wg_error *error)
{
    if (name == NULL) return WG_OK;
    const wg__column *column = wg__dataset_column(data, name);
    if (column == NULL)
        return wg__fail(error, WG_ENAME, "split: no column \"%.40s\" to %s by", name, purpose);
    if (wg__dtype_is_float(column->view.dtype))
        return wg__fail(error, WG_EDTYPE, "split: column \"%.40s\" is %s, to %s by takes integers",
                        name, wg_dtype_name(column->view.dtype), purpose);
    if (column->view.shape.rank != 1)
        return wg__fail(error, WG_ESHAPE, "split: column \"%.40s\" has more than one value a row",
                        name);
    *out = column;
    return WG_OK;
}

/* The parts that the shares cut; or, if fold is not negative, all but that part and that part. */
static int split_rows(splitter *split, int64_t count, const double *share, int64_t fold,
                      uint64_t seed, wg_dataset **part, wg_error *error)
{
    /* One block for five lists of at most row_count items, one of them with an end. */
    const int64_t row_count = split->data->row_count;
    const wg_allocator *allocator = &split->data->allocator;
    size_t bytes = 0;
    if (!wg__bytes_of(row_count, WG_I64, &bytes) || !wg__size_mul(bytes, 5, &bytes))
        return wg__fail(error, WG_ELIMIT, "split: too many rows");
    bytes += sizeof(int64_t);
    int64_t *list = wg__allocate(allocator, bytes);
    if (list == NULL)
        return wg__fail(error, WG_EMEMORY, "split: no memory for the order of the rows");
    split->row = list;
    split->order = list + row_count;
    split->place = list + 2 * row_count;
    split->part = list + 3 * row_count;
    split->start = list + 4 * row_count;
    groups_find(split);
    parts_assign(split, count, share, seed);
    for (int64_t row = 0; row < row_count && fold >= 0; row++)
        split->part[row] = split->part[row] == fold;
    const int status = parts_make(split, fold >= 0 ? 2 : count, share, part, error);
    wg__release(allocator, list, bytes);
    return status;
}

static int columns_find(splitter *split, const wg_split_options *options, wg_error *error)
{
    if (options == NULL) return WG_OK;
    WG_TRY(column_find(split->data, options->group, "group", &split->group, error));
    return column_find(split->data, options->stratify, "stratify", &split->stratify, error);
}

int wg_dataset_split(const wg_dataset *data, int64_t count, const double *share,
                     const wg_split_options *options, wg_dataset **part, wg_error *error)
{
    if (part == NULL)
        return wg__fail(error, WG_EINVALID, "split: no place for the parts was given");
    for (int64_t k = 0; k < count; k++) part[k] = NULL;
    WG_TRY(check_arguments(data, count, share, options, error));
    splitter split = { .data = data };
    WG_TRY(columns_find(&split, options, error));
    return split_rows(&split, count, share, -1, options == NULL ? 0 : options->seed, part, error);
}

int wg_dataset_fold(const wg_dataset *data, int64_t count, int64_t fold,
                    const wg_split_options *options, wg_dataset **training,
                    wg_dataset **validation, wg_error *error)
{
    enum { FOLDS_MAX = 1000 };
    double share[FOLDS_MAX];
    if (training == NULL || validation == NULL)
        return wg__fail(error, WG_EINVALID, "split: no place for the parts was given");
    *training = *validation = NULL;
    if (count < 2 || count > FOLDS_MAX || fold < 0 || fold >= count)
        return wg__fail(error, WG_EINVALID, "split: fold %lld of %lld, at most %d", (long long)fold,
                        (long long)count, (int)FOLDS_MAX);
    for (int64_t k = 0; k < count; k++) share[k] = 1.0;
    WG_TRY(check_arguments(data, count, share, options, error));
    splitter split = { .data = data };
    wg_dataset *part[2] = { NULL, NULL };
    WG_TRY(columns_find(&split, options, error));
    const uint64_t seed = options == NULL ? 0 : options->seed;
    WG_TRY(split_rows(&split, count, share, fold, seed, part, error));
    *training = part[0];
    *validation = part[1];
    return WG_OK;
}

/* CSV files as datasets: a table is read block by block, at once, or by loaders as they go. */
#include "runtime/data/csv_table.h"
#include "runtime/data/dataset.h"

static int fail_memory(const wg__csv_table *table, wg_error *error)
{
    return wg__fail(error, WG_EMEMORY, "%s: no memory for %lld rows of %lld columns", table->path,
                    (long long)table->row_count, (long long)table->column_count);
}

/* Where the rows of "x" and "t" go; NULL if they are streamed, or if there is no such column. */
typedef struct places { float *x; void *t; } places;

static int column_add(wg_dataset *data, const char *name, wg_dtype dtype, wg_shape shape,
                      bool is_streamed, void **out)
{
    return is_streamed ? wg__dataset_announce(data, name, dtype, shape)
                       : wg__dataset_reserve(data, name, dtype, shape, out);
}

static int columns_add(const wg__csv_table *table, bool is_streamed, wg_dataset *data, places *to)
{
    void *x = NULL;
    const int64_t rows = table->row_count;
    const wg_shape of_x = WG_SHAPE(rows, table->x_count);
    const wg_shape of_t = table->t_count == 1 ? WG_SHAPE(rows) : WG_SHAPE(rows, table->t_count);
    const wg_dtype dtype = table->t_is_whole ? WG_I32 : WG_F32;
    if (table->x_count > 0) WG_TRY(column_add(data, "x", WG_F32, of_x, is_streamed, &x));
    to->x = x;
    return table->t_count > 0 ? column_add(data, "t", dtype, of_t, is_streamed, &to->t) : WG_OK;
}

static int blocks_read(const wg__csv_reader *reader, const places *to, wg_error *error)
{
    wg__file file;
    const wg__csv_table *table = reader->table;
    WG_TRY(wg__file_open(&file, table->path, error));
    int status = WG_OK;
    for (int64_t i = 0; i < table->block_count && status >= 0; i++) {
        const int64_t row = table->block[i].row;
        float *x = to->x == NULL ? NULL : to->x + row * table->x_count;
        char *t = to->t == NULL ? NULL
                                : (char *)to->t + row * table->t_count * WG__CSV_VALUE_BYTES;
        status = wg__csv_block_read(reader, &file, i, x, t, error);
    }
    wg__file_close(&file);
    return status;
}

/* All rows into memory. */
static int rows_read(const wg__csv_table *table, const places *to, wg_error *error)
{
    wg__csv_reader reader;
    if (wg__csv_reader_open(&reader, table, &table->allocator) < 0)
        return fail_memory(table, error);
    const int status = blocks_read(&reader, to, error);
    wg__csv_reader_close(&reader);
    return status;
}

static int options_check(const wg_csv_options *options, wg_error *error)
{
    const char separator = options->separator;
    if (separator == '"' || separator == '\n' || separator == '\r')
        return wg__fail(error, WG_EINVALID, "a quote or an end of line cannot separate fields");
    if (!wg__reserved_is_zero(options->reserved, 4))
        return wg__fail(error, WG_EINVALID, "options were not zeroed: reserved has a value");
    return WG_OK;
}

int wg__dataset_read_csv(const char *path, const wg_csv_options *options, size_t block_bytes,
                         wg_dataset **out, wg_error *error)
{
    places to = { 0 };
    wg__csv_table *table = NULL;
    WG_TRY(wg__csv_table_open(path, options, block_bytes, &table, error));
    wg_dataset *data = wg_dataset_create(&table->allocator);
    int status = data == NULL ? WG_EMEMORY : columns_add(table, options->stream, data, &to);
    if (status < 0) (void)fail_memory(table, error);
    else if (!options->stream) status = rows_read(table, &to, error);
    if (status >= 0) data->labels = wg__labels_hold(table->labels);
    if (status >= 0 && options->stream) data->table = table;
    else wg__csv_table_free(table);
    if (status < 0) wg_dataset_free(data);
    else *out = data;
    return status;
}

int wg_dataset_read_csv(const char *path, const wg_csv_options *options, wg_dataset **out,
                        wg_error *error)
{
    const wg_csv_options zeroed = { 0 };
    if (options == NULL) options = &zeroed;
    if (out == NULL) return wg__fail(error, WG_EINVALID, "no place for the dataset was given");
    *out = NULL;
    WG_TRY(options_check(options, error));
    return wg__dataset_read_csv(path, options, WG__CSV_BLOCK_BYTES, out, error);
}

/* CSV files as datasets, in two walks over the text: the first counts records and refuses ragged
 * ones, so that the second has all its memory, which a field of the text stands behind element by
 * element.                                                                                      */
#include "runtime/data/csv.h"

#include "runtime/data/dataset.h"
#include "runtime/data/file.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What a column of the file is for: an index among those of x or of t, or nothing. */
typedef struct csv_use { int64_t x, t; } csv_use;

typedef struct csv_reader {
    wg_allocator allocator;
    wg_csv_options options;
    const char *path;
    char *text;
    size_t bytes;
    int64_t row_count, column_count;
    csv_use *use; /* of each column of the file */
    int64_t x_count, t_count;
    double *t; /* of each row, until it is known whether they are whole */
    wg_error *error;
} csv_reader;

static wg__csv csv_start(const csv_reader *reader)
{
    const char separator = reader->options.separator;
    return wg__csv_of(reader->path, reader->text, reader->bytes, separator == 0 ? ',' : separator);
}

/* ---- the first walk ---- */

static int fail_ragged(const csv_reader *reader, const wg__csv_field *last, int64_t count)
{
    return wg__fail(reader->error, WG_EFORMAT,
                    "%s:%lld:%lld: %lld fields, the first record has %lld", reader->path,
                    (long long)last->line, (long long)last->column, (long long)count,
                    (long long)reader->column_count);
}

static int survey(csv_reader *reader)
{
    wg__csv csv = csv_start(reader);
    wg__csv_field field;
    int64_t count = 0;
    int status;
    while ((status = wg__csv_next(&csv, &field, reader->error)) > 0) {
        count++;
        if (!field.is_last) continue;
        if (reader->row_count == 0) reader->column_count = count;
        if (count != reader->column_count) return fail_ragged(reader, &field, count);
        reader->row_count++;
        count = 0;
    }
    if (status < 0) return status;
    if (!reader->options.without_header && reader->row_count > 0) reader->row_count--;
    if (reader->row_count == 0)
        return wg__fail(reader->error, WG_EFORMAT, "%s:%lld:1: the file ends without a row of data",
                        reader->path, (long long)csv.line);
    return WG_OK;
}

/* ---- which columns ---- */

/* Whether the column of that index, whose head is field, goes by this name. */
static bool column_is(const csv_reader *reader, const wg__csv_field *field, int64_t index,
                      const char *name, size_t bytes)
{
    char number[24];
    if (!reader->options.without_header) return wg__csv_equal(field, name, bytes);
    wg__text text = wg__text_of(number, sizeof number);
    wg__text_add(&text, "%lld", (long long)index);
    return text.length == bytes && memcmp(number, name, bytes) == 0;
}

static int column_find(const csv_reader *reader, const char *name, size_t bytes, int64_t *out)
{
    wg__csv csv = csv_start(reader);
    wg__csv_field field;
    int64_t found = -1;
    for (int64_t i = 0; i < reader->column_count; i++) {
        WG_TRY(wg__csv_next(&csv, &field, reader->error));
        if (!column_is(reader, &field, i, name, bytes)) continue;
        if (found >= 0) return wg__csv_fail(&csv, &field, reader->error, "heads two columns");
        found = i;
    }
    if (found < 0)
        return wg__fail(reader->error, WG_ENAME, "%s: no column is called \"%.*s\"", reader->path,
                        bytes < 80 ? (int)bytes : 80, name);
    *out = found;
    return WG_OK;
}

/* Gives the named columns their indices, in the order of the names. */
static int columns_choose(csv_reader *reader, const char *names, bool is_target, int64_t *count)
{
    for (const char *name = names; *name != '\0';) {
        int64_t column = 0;
        name += strspn(name, " ");
        size_t bytes = strcspn(name, ",");
        const char *next = name[bytes] == ',' ? name + bytes + 1 : name + bytes;
        while (bytes > 0 && name[bytes - 1] == ' ') bytes--;
        WG_TRY(column_find(reader, name, bytes, &column));
        csv_use *use = &reader->use[column];
        if (use->x >= 0 || use->t >= 0)
            return wg__fail(reader->error, WG_ENAME, "%s: column \"%.*s\" is chosen twice",
                            reader->path, bytes < 80 ? (int)bytes : 80, name);
        *(is_target ? &use->t : &use->x) = (*count)++;
        name = next;
    }
    return WG_OK;
}

static int choose(csv_reader *reader)
{
    const wg_csv_options *options = &reader->options;
    for (int64_t i = 0; i < reader->column_count; i++) reader->use[i] = (csv_use){ -1, -1 };
    if (options->x != NULL) WG_TRY(columns_choose(reader, options->x, false, &reader->x_count));
    csv_use *last = &reader->use[reader->column_count - 1];
    if (options->t != NULL) {
        WG_TRY(columns_choose(reader, options->t, true, &reader->t_count));
    } else if (last->x < 0) {
        last->t = reader->t_count++;
    }
    for (int64_t i = 0; i < reader->column_count && options->x == NULL; i++)
        if (reader->use[i].t < 0) reader->use[i].x = reader->x_count++;
    if (reader->x_count + reader->t_count == 0)
        return wg__fail(reader->error, WG_EINVALID, "%s: the options choose no column",
                        reader->path);
    return WG_OK;
}

/* ---- the second walk ---- */

static int value_read(const csv_reader *reader, const wg__csv *csv, const wg__csv_field *field,
                      double *out)
{
    const char *missing = reader->options.missing;
    if (missing != NULL && wg__csv_equal(field, missing, strlen(missing))) {
        *out = reader->options.missing_value;
        return WG_OK;
    }
    const size_t used = wg__number_read(field->text, field->bytes, out);
    if (used == 0 || used != field->bytes)
        return wg__csv_fail(csv, field, reader->error, "is not a number");
    if (!(fabs(*out) <= (double)FLT_MAX))
        return wg__csv_fail(csv, field, reader->error, "is not a finite number of f32");
    return WG_OK;
}

static int fill(const csv_reader *reader, float *x)
{
    wg__csv csv = csv_start(reader);
    wg__csv_field field;
    const int64_t header = reader->options.without_header ? 0 : reader->column_count;
    for (int64_t i = 0; i < header; i++) WG_TRY(wg__csv_next(&csv, &field, reader->error));
    for (int64_t row = 0; row < reader->row_count; row++) {
        for (int64_t i = 0; i < reader->column_count; i++) {
            double value;
            const csv_use use = reader->use[i];
            WG_TRY(wg__csv_next(&csv, &field, reader->error));
            if (use.x < 0 && use.t < 0) continue;
            WG_TRY(value_read(reader, &csv, &field, &value));
            if (use.x >= 0) x[row * reader->x_count + use.x] = wg__narrow(value);
            if (use.t >= 0) reader->t[row * reader->t_count + use.t] = value;
        }
    }
    return WG_OK;
}

static bool is_whole(double value)
{
    return value >= INT32_MIN && value <= INT32_MAX && value == (double)(int32_t)value;
}

static int targets_add(const csv_reader *reader, wg_dataset *data)
{
    void *out = NULL;
    const int64_t count = reader->row_count * reader->t_count;
    bool are_whole = true;
    for (int64_t i = 0; i < count; i++) are_whole = are_whole && is_whole(reader->t[i]);
    const wg_shape shape = reader->t_count == 1 ? WG_SHAPE(reader->row_count)
                                                : WG_SHAPE(reader->row_count, reader->t_count);
    WG_TRY(wg__dataset_reserve(data, "t", are_whole ? WG_I32 : WG_F32, shape, &out));
    for (int64_t i = 0; i < count; i++) {
        if (are_whole) ((int32_t *)out)[i] = (int32_t)reader->t[i];
        if (!are_whole) ((float *)out)[i] = wg__narrow(reader->t[i]);
    }
    return WG_OK;
}

/* ---- the whole ---- */

static int fail_memory(const csv_reader *reader)
{
    return wg__fail(reader->error, WG_EMEMORY, "%s: no memory for %lld rows of %lld columns",
                    reader->path, (long long)reader->row_count, (long long)reader->column_count);
}

static int dataset_fill(const csv_reader *reader, wg_dataset *data)
{
    void *x = NULL;
    const wg_shape shape = WG_SHAPE(reader->row_count, reader->x_count);
    if (reader->x_count > 0 && wg__dataset_reserve(data, "x", WG_F32, shape, &x) < 0)
        return fail_memory(reader);
    WG_TRY(fill(reader, x));
    if (reader->t_count > 0 && targets_add(reader, data) < 0) return fail_memory(reader);
    return WG_OK;
}

static int dataset_read(csv_reader *reader, wg_dataset **out)
{
    const wg_allocator *allocator = &reader->allocator;
    WG_TRY(survey(reader));
    const size_t use_bytes = (size_t)reader->column_count * sizeof *reader->use;
    reader->use = wg__allocate(allocator, use_bytes);
    int status = reader->use == NULL ? fail_memory(reader) : choose(reader);
    const size_t t_bytes = (size_t)(reader->row_count * reader->t_count) * sizeof *reader->t;
    if (status >= 0 && (reader->t = wg__allocate(allocator, t_bytes)) == NULL)
        status = fail_memory(reader);
    wg_dataset *data = NULL;
    if (status >= 0 && (data = wg_dataset_create(allocator)) == NULL) status = fail_memory(reader);
    if (status >= 0) status = dataset_fill(reader, data);
    wg__release(allocator, reader->use, use_bytes);
    wg__release(allocator, reader->t, t_bytes);
    if (status >= 0) *out = data;
    if (status < 0) wg_dataset_free(data);
    return status;
}

int wg_dataset_read_csv(const char *path, const wg_csv_options *options, wg_dataset **out,
                        wg_error *error)
{
    if (out == NULL) return wg__fail(error, WG_EINVALID, "no place for the dataset was given");
    *out = NULL;
    csv_reader reader = { .path = path, .error = error };
    if (options != NULL) reader.options = *options;
    reader.allocator = wg__allocator_or_default(reader.options.allocator);
    const char separator = reader.options.separator;
    if (separator == '"' || separator == '\n' || separator == '\r')
        return wg__fail(error, WG_EINVALID, "a quote or an end of line cannot separate fields");
    if (!wg__reserved_is_zero(reader.options.reserved, 4))
        return wg__fail(error, WG_EINVALID, "options were not zeroed: reserved has a value");
    WG_TRY(wg__file_load(path, &reader.allocator, &reader.text, &reader.bytes, error));
    const int status = dataset_read(&reader, out);
    wg__release(&reader.allocator, reader.text, reader.bytes + 1);
    return status;
}

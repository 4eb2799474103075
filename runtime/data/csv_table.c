/* Blocks end where records end, as wg__csv_cut finds them, so a block is read by the same functions
 * as the whole, with the number of its first line for messages. */
#include "runtime/data/csv_table.h"

#include "runtime/data/csv_choose.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* No record is longer: else a quote that never closes would ask for the whole file. */
enum { RECORD_BYTES_MAX = 1 << 24 };

static int fail_memory(const char *path, wg_error *error)
{
    return wg__fail(error, WG_EMEMORY, "%s: no memory to read it", path);
}

/* ---- records ---- */

/* The next record, its fields in field[column_count]; 0: the end. */
static int record_scan(const wg__csv_table *table, wg__csv *csv, wg__csv_field *field,
                       wg_error *error)
{
    for (int64_t count = 1;; count++) {
        wg__csv_field extra;
        wg__csv_field *to = count <= table->column_count ? &field[count - 1] : &extra;
        const int status = wg__csv_next(csv, to, error);
        if (status <= 0) return status;
        if (!to->is_last) continue;
        if (count == table->column_count) return 1;
        return wg__fail(error, WG_EFORMAT, "%s:%lld:%lld: %lld fields, the first record has %lld",
                        csv->path, (long long)to->line, (long long)to->column, (long long)count,
                        (long long)table->column_count);
    }
}

static bool is_missing(const wg__csv_table *table, const wg__csv_field *field)
{
    const char *missing = table->missing;
    return missing != NULL && wg__csv_equal(field, missing, strlen(missing));
}

static int number_read(const wg__csv *csv, const wg__csv_field *field, double *out, wg_error *error)
{
    const size_t used = wg__number_read(field->text, field->bytes, out);
    if (used == 0 || used != field->bytes)
        return wg__csv_fail(csv, field, error, "is not a number");
    if (!(fabs(*out) <= (double)FLT_MAX))
        return wg__csv_fail(csv, field, error, "is not a finite number of f32");
    return WG_OK;
}

/* The class of a name; one that is new is taken up if labels is not NULL, and has no number yet. */
static int label_read(const wg__csv_table *table, const wg__csv *csv, const wg__csv_field *field,
                      wg__labels *labels, double *out, wg_error *error)
{
    char name[WG__LABEL_BYTES];
    if (field->bytes >= sizeof name)
        return wg__csv_fail(csv, field, error, "is too long for the name of a class");
    wg__csv_text(field, name, sizeof name);
    const int status = labels == NULL ? WG_OK : wg__labels_add(labels, name);
    if (status == WG_ELIMIT) return wg__csv_fail(csv, field, error, "is one class too many");
    if (status < 0) return fail_memory(table->path, error);
    const int64_t place = wg__labels_find(table->labels, name);
    if (place < 0) return wg__csv_fail(csv, field, error, "was the name of no class before");
    *out = (double)place;
    return WG_OK;
}

static int value_read(const wg__csv_table *table, const wg__csv *csv, int64_t column,
                      const wg__csv_field *field, wg__labels *labels, double *out, wg_error *error)
{
    *out = table->missing_value;
    if (is_missing(table, field)) return WG_OK;
    if (table->labels != NULL && table->use[column].t >= 0)
        return label_read(table, csv, field, labels, out, error);
    return number_read(csv, field, out, error);
}

static bool is_whole(double value)
{
    return value >= INT32_MIN && value <= INT32_MAX && value == (double)(int32_t)value;
}

/* ---- looking through ---- */

typedef struct survey {
    wg__csv_table *table;
    const wg_csv_options *options;
    wg__file file;
    size_t block_bytes;
    char *text;                    /* what was read and not yet looked at */
    int64_t capacity;
    size_t bytes;
    wg__csv_field *field;
    int64_t line;
    wg_error *error;
} survey;

/* Reads on until whole records are there; *bytes of them, 0 at the end of the file. */
static int part_fetch(survey *s, size_t *bytes)
{
    const wg_allocator *allocator = &s->table->allocator;
    for (size_t wanted = s->block_bytes;; wanted *= 2) {
        const uint64_t left = s->file.bytes - s->file.position;
        const size_t room = wanted > s->bytes ? wanted - s->bytes : 0;
        const size_t more = left < room ? (size_t)left : room;
        if (wg__grow(allocator, (void **)&s->text, &s->capacity, (int64_t)(s->bytes + more), 1) < 0)
            return fail_memory(s->table->path, s->error);
        WG_TRY(wg__file_read(&s->file, s->text + s->bytes, more, s->error));
        s->bytes += more;
        *bytes = more == left ? s->bytes : wg__csv_cut(s->text, s->bytes);
        if (*bytes > 0 || s->bytes == 0) return WG_OK;
        if (wanted > RECORD_BYTES_MAX)
            return wg__fail(s->error, WG_EFORMAT,
                            "%s:%lld:1: no record ends in %zu bytes from here: does a quote close?",
                            s->table->path, (long long)s->line, s->bytes);
    }
}

/* The first record: how many fields, what for, and whether it is a row. */
static int head_read(survey *s, wg__csv *csv)
{
    wg__csv_table *table = s->table;
    const wg__csv start = *csv;
    wg__csv_field field = { 0 };
    int status = 1;
    while (status > 0 && !field.is_last) {
        status = wg__csv_next(csv, &field, s->error);
        table->column_count += status > 0;
    }
    if (status < 0 || table->column_count == 0) return status;
    const size_t count = (size_t)table->column_count;
    table->use = wg__allocate(&table->allocator, count * sizeof *table->use);
    s->field = wg__allocate(&table->allocator, count * sizeof *s->field);
    if (table->use == NULL || s->field == NULL) return fail_memory(table->path, s->error);
    if (table->without_header) *csv = start;
    return WG_OK;
}

/* Counts the rows that csv holds and reads t of them, whose dtype and classes it settles; x as well
 * if nobody will before training does. Else a number that is none waits for the reading that
 * follows, which meets what is wrong in the order of the file. */
static int rows_survey(survey *s, wg__csv *csv, int64_t *rows)
{
    wg__csv_table *table = s->table;
    const bool is_streamed = s->options->stream;
    int status = 0;
    while (s->field != NULL && (status = record_scan(table, csv, s->field, s->error)) > 0) {
        for (int64_t i = 0; i < table->column_count; i++) {
            double value;
            const wg__csv_use use = table->use[i];
            if (use.t < 0 && (use.x < 0 || !is_streamed)) continue;
            status = value_read(table, csv, i, &s->field[i], table->labels, &value, s->error);
            if (status < 0 && (is_streamed || table->labels != NULL)) return status;
            if (use.t >= 0) table->t_is_whole = table->t_is_whole && is_whole(value);
        }
        ++*rows;
    }
    return status;
}

/* A part of the file that starts at byte `start`: its rows become a block. */
static int part_survey(survey *s, uint64_t start, size_t bytes)
{
    wg__csv_table *table = s->table;
    const bool is_first = start == 0;
    wg__csv csv = is_first ? wg__csv_of(table->path, s->text, bytes, table->separator)
                           : wg__csv_part(table->path, s->text, bytes, table->separator, s->line);
    if (is_first) {
        const wg__csv head = csv;
        WG_TRY(head_read(s, &csv));
        if (table->use != NULL) WG_TRY(wg__csv_choose(table, &head, s->options, s->error));
    }
    wg__csv_block block = { .start = start + csv.position, .bytes = bytes - csv.position,
                            .row = table->row_count, .line = csv.line };
    int64_t rows = 0;
    WG_TRY(rows_survey(s, &csv, &rows));
    s->line = csv.line;
    if (rows == 0) return WG_OK;
    if (wg__grow(&table->allocator, (void **)&table->block, &table->block_capacity,
                 table->block_count + 1, sizeof block) < 0)
        return fail_memory(table->path, s->error);
    table->block[table->block_count++] = block;
    table->row_count += rows;
    if (rows > table->block_rows_max) table->block_rows_max = rows;
    if (block.bytes > table->block_bytes_max) table->block_bytes_max = block.bytes;
    return WG_OK;
}

static int file_survey(survey *s)
{
    for (;;) {
        size_t bytes;
        const uint64_t start = s->file.position - s->bytes;
        WG_TRY(part_fetch(s, &bytes));
        if (bytes == 0) break;
        WG_TRY(part_survey(s, start, bytes));
        s->bytes -= bytes;
        memmove(s->text, s->text + bytes, s->bytes);
    }
    if (s->table->row_count > 0) return WG_OK;
    return wg__fail(s->error, WG_EFORMAT, "%s:%lld:1: the file ends without a row of data",
                    s->table->path, (long long)s->line);
}

/* ---- tables ---- */

void wg__csv_table_free(wg__csv_table *table)
{
    if (table == NULL) return;
    const wg_allocator allocator = table->allocator;
    if (table->path != NULL) wg__release(&allocator, table->path, strlen(table->path) + 1);
    if (table->missing != NULL) wg__release(&allocator, table->missing, strlen(table->missing) + 1);
    wg__labels_drop(table->labels);
    wg__release(&allocator, table->use, (size_t)table->column_count * sizeof *table->use);
    wg__release(&allocator, table->block, (size_t)table->block_capacity * sizeof *table->block);
    wg__release(&allocator, table, sizeof *table);
}

/* Its texts and settings; NULL: no memory. */
static wg__csv_table *table_create(const char *path, const wg_csv_options *options)
{
    const wg_allocator allocator = wg__allocator_or_default(options->allocator);
    wg__csv_table *table = wg__allocate_zeroed(&allocator, sizeof *table);
    if (table == NULL) return NULL;
    table->allocator = allocator;
    table->separator = options->separator == 0 ? ',' : options->separator;
    table->without_header = options->without_header;
    table->missing_value = options->missing_value;
    table->t_is_whole = true;
    table->path = wg__string_copy(&allocator, path);
    if (options->missing != NULL) table->missing = wg__string_copy(&allocator, options->missing);
    if (options->labels) table->labels = wg__labels_create(&allocator);
    const bool is_whole = table->path != NULL &&
                          (options->missing == NULL || table->missing != NULL) &&
                          (!options->labels || table->labels != NULL);
    if (is_whole) return table;
    wg__csv_table_free(table);
    return NULL;
}

int wg__csv_table_open(const char *path, const wg_csv_options *options, size_t block_bytes,
                       wg__csv_table **out, wg_error *error)
{
    survey s = { .options = options, .block_bytes = block_bytes, .line = 1, .error = error };
    WG_TRY(wg__file_open(&s.file, path, error));
    s.table = table_create(path, options);
    const int status = s.table == NULL ? fail_memory(path, error) : file_survey(&s);
    wg__file_close(&s.file);
    if (s.table == NULL) return status;
    const wg_allocator *allocator = &s.table->allocator;
    wg__release(allocator, s.text, (size_t)s.capacity);
    wg__release(allocator, s.field, (size_t)s.table->column_count * sizeof *s.field);
    if (status < 0) wg__csv_table_free(s.table);
    else *out = s.table;
    return status;
}

/* ---- blocks ---- */

int wg__csv_reader_open(wg__csv_reader *reader, const wg__csv_table *table,
                        const wg_allocator *allocator)
{
    *reader = (wg__csv_reader){ .table = table, .allocator = *allocator };
    reader->text = wg__allocate(allocator, table->block_bytes_max);
    reader->field =
        wg__allocate(allocator, (size_t)table->column_count * sizeof *reader->field);
    if (reader->text != NULL && reader->field != NULL) return WG_OK;
    wg__csv_reader_close(reader);
    return WG_EMEMORY;
}

void wg__csv_reader_close(wg__csv_reader *reader)
{
    if (reader->table == NULL) return;
    wg__release(&reader->allocator, reader->text, reader->table->block_bytes_max);
    wg__release(&reader->allocator, reader->field,
                (size_t)reader->table->column_count * sizeof *reader->field);
    *reader = (wg__csv_reader){ 0 };
}

static int row_read(const wg__csv_reader *reader, const wg__csv *csv, float *x, void *t,
                    int64_t row, wg_error *error)
{
    const wg__csv_table *table = reader->table;
    for (int64_t i = 0; i < table->column_count; i++) {
        double value;
        const wg__csv_use use = table->use[i];
        if (use.x < 0 && use.t < 0) continue;
        WG_TRY(value_read(table, csv, i, &reader->field[i], NULL, &value, error));
        const int64_t at = row * table->t_count + use.t;
        if (use.t >= 0 && table->t_is_whole && !is_whole(value))
            return wg__csv_fail(csv, &reader->field[i], error, "was a whole number before");
        if (use.x >= 0) x[row * table->x_count + use.x] = wg__narrow(value);
        if (use.t >= 0 && table->t_is_whole) ((int32_t *)t)[at] = (int32_t)value;
        if (use.t >= 0 && !table->t_is_whole) ((float *)t)[at] = wg__narrow(value);
    }
    return WG_OK;
}

int64_t wg__csv_block_rows(const wg__csv_table *table, int64_t block)
{
    const bool is_last = block + 1 == table->block_count;
    return (is_last ? table->row_count : table->block[block + 1].row) - table->block[block].row;
}

int wg__csv_block_read(const wg__csv_reader *reader, wg__file *file, int64_t block, float *x,
                       void *t, wg_error *error)
{
    const wg__csv_table *table = reader->table;
    const wg__csv_block *from = &table->block[block];
    const int64_t rows = wg__csv_block_rows(table, block);
    WG_TRY(wg__file_seek(file, from->start, error));
    WG_TRY(wg__file_read(file, reader->text, from->bytes, error));
    wg__csv csv = wg__csv_part(table->path, reader->text, from->bytes, table->separator,
                               from->line);
    int64_t row = 0;
    int status;
    while ((status = record_scan(table, &csv, reader->field, error)) > 0 && row < rows)
        WG_TRY(row_read(reader, &csv, x, t, row++, error));
    if (status < 0) return status;
    if (status == 0 && row == rows) return WG_OK;
    return wg__fail(error, WG_EFORMAT, "%s:%lld:1: the file is not what it was when it was opened",
                    table->path, (long long)from->line);
}

/* ---- all rows ---- */

typedef struct room { float *x; void *t; } room;

static int blocks_walk(const wg__csv_reader *reader, const room *to, wg__csv_visit *visit,
                       void *user, wg_error *error)
{
    wg__file file;
    const wg__csv_table *table = reader->table;
    WG_TRY(wg__file_open(&file, table->path, error));
    int status = WG_OK;
    for (int64_t i = 0; i < table->block_count && status >= 0; i++) {
        status = wg__csv_block_read(reader, &file, i, to->x, to->t, error);
        if (status >= 0) status = visit(to->x, to->t, wg__csv_block_rows(table, i), user);
    }
    wg__file_close(&file);
    return status;
}

int wg__csv_table_walk(const wg__csv_table *table, wg__csv_visit *visit, void *user,
                       wg_error *error)
{
    const wg_allocator *allocator = &table->allocator;
    const size_t values = (size_t)table->block_rows_max * WG__CSV_VALUE_BYTES;
    const size_t x_bytes = values * (size_t)table->x_count;
    const size_t t_bytes = values * (size_t)table->t_count;
    wg__csv_reader reader = { 0 };
    const room to = { wg__allocate(allocator, x_bytes), wg__allocate(allocator, t_bytes) };
    const bool has_memory =
        to.x != NULL && to.t != NULL && wg__csv_reader_open(&reader, table, allocator) >= 0;
    const int status = has_memory ? blocks_walk(&reader, &to, visit, user, error)
                                  : fail_memory(table->path, error);
    wg__csv_reader_close(&reader);
    wg__release(allocator, to.x, x_bytes);
    wg__release(allocator, to.t, t_bytes);
    return status;
}

/* A CSV file as a table of numbers, block by block. The file is looked through once, and what is
 * wrong is told with its place. From then on any block can be read for itself, in any order and by
 * any thread, and gives the same numbers. Memory grows with the number of blocks, not of rows.  */
#ifndef WG_RUNTIME_CSV_TABLE_H
#define WG_RUNTIME_CSV_TABLE_H

#include "runtime/data/csv.h"
#include "runtime/data/file.h"
#include "runtime/data/labels.h"

#include <wengert/data.h>

/* What a column of the file is for: an index among those of x or of t, or -1. */
typedef struct wg__csv_use { int64_t x, t; } wg__csv_use;

/* Whole records, one after the other. */
typedef struct wg__csv_block { uint64_t start; size_t bytes; int64_t row, line; } wg__csv_block;

typedef struct wg__csv_table {
    wg_allocator allocator;
    char *path, *missing;          /* copies; missing NULL: none */
    char separator;
    bool without_header;
    double missing_value;
    int64_t column_count, x_count, t_count, row_count;
    wg__csv_use *use;              /* of each column of the file */
    bool t_is_whole;               /* every t is an i32 */
    wg__labels *labels;            /* t is text, and these are its classes; NULL: t is numbers */
    wg__csv_block *block;
    int64_t block_count, block_capacity;
    size_t block_bytes_max;
    int64_t block_rows_max;
} wg__csv_table;

/* A block's text is of about this size, so that there are few and each is worth a seek. */
enum { WG__CSV_BLOCK_BYTES = 1 << 18 };

/* block_bytes: WG__CSV_BLOCK_BYTES, or less in tests. The errors of wg_dataset_read_csv. */
int wg__dataset_read_csv(const char *path, const wg_csv_options *options, size_t block_bytes,
                         wg_dataset **out, wg_error *error);
int wg__csv_table_open(const char *path, const wg_csv_options *options, size_t block_bytes,
                       wg__csv_table **out, wg_error *error);
void wg__csv_table_free(wg__csv_table *table); /* NULL allowed */

/* What one thread reads blocks with. */
typedef struct wg__csv_reader {
    const wg__csv_table *table;
    wg_allocator allocator;
    char *text;                    /* of a block */
    wg__csv_field *field;          /* of a record */
} wg__csv_reader;
int wg__csv_reader_open(wg__csv_reader *reader, const wg__csv_table *table,
                        const wg_allocator *allocator);
void wg__csv_reader_close(wg__csv_reader *reader);
enum { WG__CSV_VALUE_BYTES = 4 };  /* of an f32 and of an i32 */
int64_t wg__csv_block_rows(const wg__csv_table *table, int64_t block);
/* The rows of a block: f32 [rows, x_count] and i32 or f32 [rows, t_count]; a place of no columns
 * may be NULL. Allocates nothing. WG_EFILE, WG_EFORMAT the file is no longer what it was. */
int wg__csv_block_read(const wg__csv_reader *reader, wg__file *file, int64_t block, float *x,
                       void *t, wg_error *error);

/* Hands the rows of every block, in the order of the file, to visit; negative from it stops. */
typedef int wg__csv_visit(const float *x, const void *t, int64_t rows, void *user);
int wg__csv_table_walk(const wg__csv_table *table, wg__csv_visit *visit, void *user,
                       wg_error *error);

#endif

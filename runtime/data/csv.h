/* The fields of a CSV text, one after another (RFC 4180; lines end in LF or CR LF). Blanks around
 * a field are no part of it. A text has only bytes that were looked at here: no field reaches
 * beyond it.                                                                                    */
#ifndef WG_RUNTIME_CSV_H
#define WG_RUNTIME_CSV_H

#include "core/internal.h"

typedef struct wg__csv {
    const char *path, *text;
    size_t bytes, position, line_start;
    int64_t line; /* from 1 */
    char separator;
    bool is_inside; /* of a record: a separator was the last thing seen */
} wg__csv;

/* Where it stands, for messages; the content, in which quotes still stand twice. */
typedef struct wg__csv_field {
    const char *text;
    size_t bytes;
    int64_t line, column; /* from 1; the column counts bytes */
    bool is_quoted, is_last;
} wg__csv_field;

wg__csv wg__csv_of(const char *path, const char *text, size_t bytes, char separator);
/* A part of a file that begins with a line, whose number it is. */
wg__csv wg__csv_part(const char *path, const char *text, size_t bytes, char separator,
                     int64_t line);
/* How many of the bytes hold whole records, the last of them not an empty line, so that what
 * follows can be read as another part; 0: none. */
size_t wg__csv_cut(const char *text, size_t bytes);
/* 1: a field, is_last if it ends its record; 0: the end; WG_EFORMAT. */
int wg__csv_next(wg__csv *csv, wg__csv_field *field, wg_error *error);
/* What is wrong with a field that was read, with its place. */
int wg__csv_fail(const wg__csv *csv, const wg__csv_field *field, wg_error *error,
                 const char *problem);
/* Whether the content, quotes undoubled, is this text. */
bool wg__csv_equal(const wg__csv_field *field, const char *text, size_t bytes);
/* The content cut to fit, quotes undoubled and control characters shown as '?'. */
void wg__csv_text(const wg__csv_field *field, char *out, size_t capacity);

#endif

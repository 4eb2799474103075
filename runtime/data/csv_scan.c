/* One pass from front to back, one byte of look-ahead. Each step moves forward or fails, so that
 * any text ends.                                                                                */
#include "runtime/data/csv.h"

#include <string.h>

wg__csv wg__csv_of(const char *path, const char *text, size_t bytes, char separator)
{
    /* The mark that some programs put before UTF-8 is not content. */
    const size_t start = bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    wg__csv csv = wg__csv_part(path, text, bytes, separator, 1);
    csv.position = csv.line_start = start;
    return csv;
}

wg__csv wg__csv_part(const char *path, const char *text, size_t bytes, char separator, int64_t line)
{
    return (wg__csv){ .path = path, .text = text, .bytes = bytes, .line = line,
                      .separator = separator };
}

/* Quotes come in pairs in a record, so a line that ends behind an odd number of them ends inside
 * quotes. Where that is not true the text is refused, and up to there it is read alike. */
size_t wg__csv_cut(const char *text, size_t bytes)
{
    size_t cut = 0;
    bool is_quoted = false, is_empty = true;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '"') is_quoted = !is_quoted;
        if (text[i] == '\n' && !is_quoted) {
            if (!is_empty) cut = i + 1;
            is_empty = true;
        } else if (text[i] != '\r') {
            is_empty = false;
        }
    }
    return cut;
}

static int fail_here(const wg__csv *csv, wg_error *error, const char *problem)
{
    return wg__fail(error, WG_EFORMAT, "%s:%lld:%lld: %s", csv->path, (long long)csv->line,
                    (long long)(csv->position - csv->line_start) + 1, problem);
}

int wg__csv_fail(const wg__csv *csv, const wg__csv_field *field, wg_error *error,
                 const char *problem)
{
    char shown[44];
    wg__csv_text(field, shown, sizeof shown);
    return wg__fail(error, WG_EFORMAT, "%s:%lld:%lld: \"%s\" %s", csv->path,
                    (long long)field->line, (long long)field->column, shown, problem);
}

/* The byte at the position; -1 at the end. */
static int peek(const wg__csv *csv)
{
    return csv->position < csv->bytes ? (unsigned char)csv->text[csv->position] : -1;
}

static bool is_blank(const wg__csv *csv, int c)
{
    return (c == ' ' || c == '\t') && c != csv->separator;
}

static void skip_blanks(wg__csv *csv)
{
    while (is_blank(csv, peek(csv))) csv->position++;
}

static void line_begin(wg__csv *csv, size_t start)
{
    csv->line++;
    csv->line_start = start;
}

/* Behind the opening quote: up to the closing one, which is passed. */
static int quoted_scan(wg__csv *csv, wg__csv_field *field, wg_error *error)
{
    const wg__csv opening = *csv;
    csv->position++;
    field->is_quoted = true;
    field->text = csv->text + csv->position;
    for (;; csv->position++) {
        const int c = peek(csv);
        if (c < 0) return fail_here(&opening, error, "the quote that opens here never closes");
        if (c == 0) return fail_here(csv, error, "a zero byte");
        if (c == '\n') line_begin(csv, csv->position + 1);
        if (c != '"') continue;
        csv->position++;
        if (peek(csv) != '"') break;
    }
    field->bytes = (size_t)(csv->text + csv->position - 1 - field->text);
    skip_blanks(csv);
    return WG_OK;
}

static int plain_scan(wg__csv *csv, wg__csv_field *field, wg_error *error)
{
    field->text = csv->text + csv->position;
    for (int c = peek(csv); c >= 0 && c != csv->separator; c = peek(csv)) {
        if (c == '\n' || c == '\r') break;
        if (c == '"')
            return fail_here(csv, error, "a quote inside a field that has none before it");
        if (c == 0) return fail_here(csv, error, "a zero byte");
        csv->position++;
    }
    field->bytes = (size_t)(csv->text + csv->position - field->text);
    while (field->bytes > 0 && is_blank(csv, field->text[field->bytes - 1])) field->bytes--;
    return WG_OK;
}

/* Passes the separator, the end of the line or of the text. */
static int end_scan(wg__csv *csv, wg__csv_field *field, wg_error *error)
{
    const int c = peek(csv);
    field->is_last = c != csv->separator;
    csv->is_inside = !field->is_last;
    if (c < 0) return WG_OK;
    if (c == csv->separator) {
        csv->position++;
        return WG_OK;
    }
    if (c == '\r') {
        csv->position++;
        if (peek(csv) != '\n') {
            csv->position--;
            return fail_here(csv, error, "a carriage return without a line feed behind it");
        }
    } else if (c != '\n') {
        return fail_here(csv, error, "text behind the closing quote");
    }
    csv->position++;
    line_begin(csv, csv->position);
    return WG_OK;
}

/* Empty lines at the end are not records. */
static bool is_at_end(const wg__csv *csv)
{
    size_t i = csv->position;
    while (i < csv->bytes && (csv->text[i] == '\n' || csv->text[i] == '\r')) i++;
    return i == csv->bytes;
}

int wg__csv_next(wg__csv *csv, wg__csv_field *field, wg_error *error)
{
    if (!csv->is_inside && is_at_end(csv)) return 0;
    *field = (wg__csv_field){ .line = csv->line };
    skip_blanks(csv);
    field->column = (int64_t)(csv->position - csv->line_start) + 1;
    WG_TRY(peek(csv) == '"' ? quoted_scan(csv, field, error) : plain_scan(csv, field, error));
    WG_TRY(end_scan(csv, field, error));
    return 1;
}

/* The next byte of the content from *i on; false at its end. */
static bool content_next(const wg__csv_field *field, size_t *i, char *out)
{
    if (*i >= field->bytes) return false;
    *out = field->text[*i];
    *i += field->is_quoted && *out == '"' ? 2 : 1;
    return true;
}

bool wg__csv_equal(const wg__csv_field *field, const char *text, size_t bytes)
{
    char c;
    size_t i = 0;
    size_t j = 0;
    while (content_next(field, &i, &c)) {
        if (j == bytes || text[j] != c) return false;
        j++;
    }
    return j == bytes;
}

void wg__csv_text(const wg__csv_field *field, char *out, size_t capacity)
{
    char c;
    size_t i = 0;
    size_t length = 0;
    while (length + 1 < capacity && content_next(field, &i, &c))
        out[length++] = (unsigned char)c < ' ' || c == 127 ? '?' : c;
    out[length] = '\0';
}

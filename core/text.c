/* Text: bounded buffers, messages, writers, names and patterns. Formats carry integers and strings
 * only; numbers with a point go through wg__number_text, which knows no locale.                  */
#include <core/internal.h>
#include <stdio.h>
#include <string.h>

wg__text wg__text_of(char *to, size_t capacity)
{
    WG_ASSERT(to != NULL && capacity > 0);
    to[0] = '\0';
    return (wg__text){ .to = to, .capacity = capacity };
}

/* The length without the bytes of a UTF-8 character of which the end was cut off. */
static size_t whole_characters(const char *text, size_t length)
{
    size_t start = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80) start--;
    if (start == 0 || (unsigned char)text[start - 1] < 0xC0) return length;
    const unsigned char lead = (unsigned char)text[start - 1];
    const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    return length - (start - 1) < bytes ? start - 1 : length;
}

static void text_add_list(wg__text *text, const char *format, va_list list)
{
    const size_t room = text->capacity - text->length;
    char *end = text->to + text->length;
    WG_ASSERT(room > 0);
    const int wanted = vsnprintf(end, room, format, list);
    if (wanted < 0) {
        *end = '\0';
        return;
    }
    if ((size_t)wanted < room) {
        text->length += (size_t)wanted;
        return;
    }
    text->length = whole_characters(text->to, text->capacity - 1);
    text->capacity = text->length + 1; /* nothing follows a cut */
    text->to[text->length] = '\0';
}

void wg__text_add(wg__text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_add_list(text, format, list);
    va_end(list);
}

void wg__text_shape(wg__text *text, const wg__shape *shape)
{
    wg__text_add(text, "[");
    for (int32_t i = 0; i < shape->rank; i++)
        wg__text_add(text, "%s%lld", i > 0 ? ", " : "", (long long)shape->dim[i]);
    wg__text_add(text, "]");
}

int wg__fail(wg_error *error, int status, const char *format, ...)
{
    WG_ASSERT(status < 0);
    if (error == NULL) return status;
    error->status = status;
    wg__text text = wg__text_of(error->message, sizeof error->message);
    va_list list;
    va_start(list, format);
    text_add_list(&text, format, list);
    va_end(list);
    return status;
}

int wg__write(wg_writer *write, void *user, const char *format, ...)
{
    char line[1024];
    va_list list;
    va_start(list, format);
    const int wanted = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (wanted < 0) return WG_EINVALID;
    if ((size_t)wanted >= sizeof line) return WG_ELIMIT;
    return write(line, (size_t)wanted, user);
}

static int stream_write(FILE *stream, const char *text, size_t bytes)
{
    return fwrite(text, 1, bytes, stream) == bytes ? WG_OK : WG_EFILE;
}

int wg_write_stdout(const char *text, size_t bytes, void *user)
{
    (void)user;
    return stream_write(stdout, text, bytes);
}

int wg_write_stderr(const char *text, size_t bytes, void *user)
{
    (void)user;
    return stream_write(stderr, text, bytes);
}

int wg_write_file(const char *text, size_t bytes, void *user)
{
    return user == NULL ? WG_EINVALID : stream_write(user, text, bytes);
}

/* Not isalnum, which depends on the locale. */
static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

bool wg__name_is_valid(const char *name, bool path)
{
    if (name == NULL) return false;
    bool part_is_empty = true;
    for (const char *c = name; *c != '\0'; c++) {
        const bool is_separator = path && *c == '/';
        if (is_separator && part_is_empty) return false;
        if (!is_separator && !is_name_character(*c)) return false;
        part_is_empty = is_separator;
    }
    return !part_is_empty;
}

/* Greedy from the left: only the last '*' met can ever have to take one character more. */
bool wg__pattern_matches(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *retry = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return *pattern == '\0';
}

/* The little JSON that headers of files need: a cursor that takes one token at a time. Strings
 * are decoded where they stand, so the text is changed and no memory is taken.                  */
#ifndef WG_RUNTIME_JSON_H
#define WG_RUNTIME_JSON_H

#include "core/internal.h"

typedef struct wg__json {
    const char *path;
    char *text;
    size_t bytes, position;
    uint64_t start; /* of the text in the file */
    wg_error *error;
} wg__json;

/* Passes white space and the character; false if another stands there. */
bool wg__json_take(wg__json *json, char c);
/* The same, and WG_EFORMAT if another stands there. */
int wg__json_expect(wg__json *json, char c);
/* A string, ended by a zero byte; it may contain none itself. */
int wg__json_string(wg__json *json, char **out);
/* A whole number of 0 or more. */
int wg__json_size(wg__json *json, uint64_t *out);
bool wg__json_is_at_end(wg__json *json); /* but for white space */
/* WG_EFORMAT, with the place in the file. */
int wg__json_fail(const wg__json *json, const char *problem);
/* The first byte that is no part of valid UTF-8; bytes if there is none. */
size_t wg__utf8_check(const char *text, size_t bytes);

#endif

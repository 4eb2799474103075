/* Words "key=value" of a text, and what a configuration does with them. */
#ifndef WG_RUNTIME_CONFIG_H
#define WG_RUNTIME_CONFIG_H

#include "core/internal.h"

#include <wengert/train.h>

/* A cursor over a text of words key=value. Blanks may stand around '=' and must stand between
 * words; a value in quotes may contain blanks; '#' begins a comment up to the end of its line. */
typedef struct wg__words_in {
    const char *name; /* of the text, for messages */
    char *text;       /* is changed: keys and values are ended where they stand */
    size_t bytes, position;
    size_t line, line_start;  /* where the position is; lines from 0 */
    size_t at_line, at_column; /* where the last word began, from 0 */
    wg_error *error;
} wg__words_in;

/* 1 a word, 0 the end, WG_EFORMAT with line and column. */
int wg__words_next(wg__words_in *words, char **key, char **value);
/* A failure at the last word, with its line and column. */
int wg__words_fail(const wg__words_in *words, int status, const char *problem);

int64_t wg__config_count(const wg_config *config);
const char *wg__config_key(const wg_config *config, int64_t index);
const wg_allocator *wg__config_allocator(const wg_config *config);
/* "key=value" of all that are declared, in order; a value with blanks in quotes. */
void wg__config_write(const wg_config *config, wg__text *text);

#endif

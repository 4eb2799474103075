/* Is a page well-formed? */
#ifndef WG_TEST_MARKUP_H
#define WG_TEST_MARKUP_H

#include "support/test.h"

#include <string.h>

/* Every tag that opens closes, in the right order, and no character of markup stands loose. */
static inline void check_markup(const char *text)
{
    char open[32][16];
    int depth = 0;
    check(strncmp(text, "<!DOCTYPE html>", 15) == 0);
    for (const char *at = text + 15; *at != '\0'; at++) {
        check(*at != '>');
        if (strncmp(at, "<style>", 7) == 0) at = strstr(at, "</style>") + 7;
        if (*at != '<') continue;
        const char *end = strchr(at, '>');
        check(end != NULL);
        const bool closes = at[1] == '/';
        const char *name = at + 1 + closes;
        const size_t length = strcspn(name, " />");
        check(length > 0 && length < sizeof open[0]);
        const bool is_void = end[-1] == '/' || strncmp(name, "meta", 4) == 0;
        if (closes) {
            check_msg(depth > 0 && strncmp(open[depth - 1], name, length) == 0 &&
                          open[depth - 1][length] == '\0', "%.60s", at);
            depth--;
        } else if (!is_void) {
            check(depth < 32);
            memcpy(open[depth], name, length);
            open[depth++][length] = '\0';
        }
        at = end;
    }
    check_equal_i(depth, 0);
}

#endif

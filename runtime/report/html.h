/* Text that grows: HTML and the SVG inside it. What a caller gives is always escaped. A failure
 * for want of memory sticks and is told at the end.                                             */
#ifndef WG_RUNTIME_HTML_H
#define WG_RUNTIME_HTML_H

#include "core/internal.h"

typedef struct wg__html {
    wg_allocator allocator;
    char *text;
    int64_t length, capacity;
    bool has_failed;
} wg__html;

void wg__html_free(wg__html *html);
void wg__html_add(wg__html *html, const char *markup); /* ours: as it is */
/* The caller's: markup characters by name; what is no UTF-8 or a control character as U+FFFD. */
void wg__html_escape(wg__html *html, const char *text, size_t bytes);
void wg__html_text(wg__html *html, const char *text);
void wg__html_integer(wg__html *html, int64_t value);
/* As the functions of data/decimal.h. */
void wg__html_fixed(wg__html *html, double value, int decimals);
void wg__html_number(wg__html *html, double value);
void wg__html_decimal(wg__html *html, int64_t digits, int exponent);

/* ---- pieces of SVG; names and classes are ours ---- */

void wg__svg_attribute(wg__html *html, const char *name, double value, int decimals);
/* Opens a text at a place; what it says follows, and its end. */
void wg__svg_text_start(wg__html *html, const char *class_name, double x, double y, int decimals);
void wg__svg_text_end(wg__html *html);

#endif

/* Markup of our own goes in as it is; whatever comes from a caller goes through wg__html_escape. */
#include "runtime/report/html.h"

#include "runtime/data/decimal.h"
#include "runtime/data/json.h"

#include <string.h>

static void add_bytes(wg__html *html, const char *text, size_t bytes)
{
    if (html->has_failed) return;
    if (bytes > INT32_MAX ||
        wg__grow(&html->allocator, (void **)&html->text, &html->capacity,
                 html->length + (int64_t)bytes, 1) < 0) {
        html->has_failed = true;
        return;
    }
    if (bytes > 0) memcpy(html->text + html->length, text, bytes);
    html->length += (int64_t)bytes;
}

void wg__html_free(wg__html *html)
{
    wg__release(&html->allocator, html->text, (size_t)html->capacity);
    html->text = NULL;
    html->length = 0;
    html->capacity = 0;
}

void wg__html_add(wg__html *html, const char *markup)
{
    add_bytes(html, markup, strlen(markup));
}

/* What stands for a character; NULL if it may stand for itself. */
static const char *entity_of(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\n': case '\t': return NULL;
    default: return (unsigned char)c < ' ' || c == 127 ? "\xEF\xBF\xBD" : NULL;
    }
}

void wg__html_escape(wg__html *html, const char *text, size_t bytes)
{
    size_t valid_bytes = wg__utf8_check(text, bytes);
    for (size_t i = 0; i < bytes; i++) {
        if (i == valid_bytes) {
            wg__html_add(html, "\xEF\xBF\xBD");
            valid_bytes = i + 1 + wg__utf8_check(text + i + 1, bytes - i - 1);
            continue;
        }
        const char *entity = entity_of(text[i]);
        if (entity != NULL) wg__html_add(html, entity);
        if (entity == NULL) add_bytes(html, text + i, 1);
    }
}

void wg__html_text(wg__html *html, const char *text)
{
    wg__html_escape(html, text, strlen(text));
}

void wg__html_integer(wg__html *html, int64_t value)
{
    char text[32];
    wg__text number = wg__text_of(text, sizeof text);
    wg__text_add(&number, "%lld", (long long)value);
    wg__html_add(html, text);
}

void wg__html_fixed(wg__html *html, double value, int decimals)
{
    char text[WG__DECIMAL_BYTES];
    wg__decimal_fixed(value, decimals, text);
    wg__html_add(html, text);
}

void wg__html_number(wg__html *html, double value)
{
    char text[WG__DECIMAL_BYTES];
    wg__decimal_short(value, text);
    wg__html_add(html, text);
}

void wg__html_decimal(wg__html *html, int64_t digits, int exponent)
{
    char text[WG__DECIMAL_BYTES];
    wg__decimal_exact(digits, exponent, text);
    wg__html_add(html, text);
}

void wg__svg_attribute(wg__html *html, const char *name, double value, int decimals)
{
    wg__html_add(html, " ");
    wg__html_add(html, name);
    wg__html_add(html, "=\"");
    wg__html_fixed(html, value, decimals);
    wg__html_add(html, "\"");
}

void wg__svg_text_start(wg__html *html, const char *class_name, double x, double y, int decimals)
{
    wg__html_add(html, "<text class=\"");
    wg__html_add(html, class_name);
    wg__html_add(html, "\"");
    wg__svg_attribute(html, "x", x, decimals);
    wg__svg_attribute(html, "y", y, decimals);
    wg__html_add(html, ">");
}

void wg__svg_text_end(wg__html *html)
{
    wg__html_add(html, "</text>\n");
}

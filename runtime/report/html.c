/* Numbers are written from integers, so that neither the locale nor the C library has a say in
 * them, and a report of the same numbers has the same bytes everywhere.                         */
#include "runtime/report/html.h"

#include "runtime/data/json.h"

#include <math.h>
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

/* digits, the last `decimals` of them behind the point. */
static void add_point(wg__html *html, int64_t digits, int decimals)
{
    char text[40];
    int64_t unit = 1;
    for (int i = 0; i < decimals; i++) unit *= 10;
    const int64_t size = digits < 0 ? -digits : digits;
    wg__text number = wg__text_of(text, sizeof text);
    wg__text_add(&number, "%s%lld", digits < 0 ? "-" : "", (long long)(size / unit));
    if (decimals > 0) wg__text_add(&number, ".%0*lld", decimals, (long long)(size % unit));
    wg__html_add(html, text);
}

void wg__html_fixed(wg__html *html, double value, int decimals)
{
    double unit = 1.0;
    WG_ASSERT(decimals >= 0 && decimals <= 9);
    for (int i = 0; i < decimals; i++) unit *= 10.0;
    if (fabs(value) < 1e9) {
        add_point(html, (int64_t)floor(value * unit + 0.5), decimals);
        return;
    }
    char text[32];
    wg__number_text(value, text);
    wg__html_add(html, text);
}

void wg__html_number(wg__html *html, double value)
{
    const double size = fabs(value);
    int decimals = 4;
    if (size < 1e6 && value == floor(value)) decimals = 0;
    for (double bound = 1.0; size >= bound && decimals > 0; bound *= 10.0) decimals--;
    for (double bound = 0.1; size < bound && decimals < 9 && size > 0.0; bound /= 10.0) decimals++;
    if (size > 0.0 && size < 1e-5) {
        char text[32];
        wg__number_text(value, text);
        wg__html_add(html, text);
        return;
    }
    wg__html_fixed(html, value, decimals);
}

void wg__html_decimal(wg__html *html, int64_t digits, int exponent)
{
    enum { PLACES = 6 };
    if (exponent < 0 && exponent >= -PLACES) {
        add_point(html, digits, -exponent);
        return;
    }
    for (; exponent > 0 && digits < 1000000 && digits > -1000000; exponent--) digits *= 10;
    wg__html_integer(html, digits);
    if (exponent == 0 || digits == 0) return;
    wg__html_add(html, "e");
    wg__html_integer(html, exponent);
}

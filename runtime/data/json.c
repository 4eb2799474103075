/* RFC 8259 as far as the headers go. What is decoded is never longer than what it is decoded
 * from, which is what lets a string end up in its own place.                                    */
#include "runtime/data/json.h"

int wg__json_fail(const wg__json *json, const char *problem)
{
    return wg__fail(json->error, WG_EFORMAT, "%s: byte %llu: %s", json->path,
                    (unsigned long long)(json->start + json->position), problem);
}

static int peek(const wg__json *json)
{
    return json->position < json->bytes ? (unsigned char)json->text[json->position] : -1;
}

static void skip_space(wg__json *json)
{
    for (int c = peek(json); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(json))
        json->position++;
}

bool wg__json_take(wg__json *json, char c)
{
    skip_space(json);
    if (peek(json) != c) return false;
    json->position++;
    return true;
}

int wg__json_expect(wg__json *json, char c)
{
    const char problem[] = { 'e', 'x', 'p', 'e', 'c', 't', 'e', 'd', ' ', c, '\0' };
    return wg__json_take(json, c) ? WG_OK : wg__json_fail(json, problem);
}

bool wg__json_is_at_end(wg__json *json)
{
    skip_space(json);
    return json->position == json->bytes;
}

/* Four hexadecimal digits. */
static int unit_read(wg__json *json, uint32_t *out)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++, json->position++) {
        const int c = peek(json);
        uint32_t digit = 16;
        if (c >= '0' && c <= '9') digit = (uint32_t)(c - '0');
        if (c >= 'a' && c <= 'f') digit = (uint32_t)(c - 'a') + 10;
        if (c >= 'A' && c <= 'F') digit = (uint32_t)(c - 'A') + 10;
        if (digit > 15) return wg__json_fail(json, "expected a hexadecimal digit");
        unit = unit << 4 | digit;
    }
    *out = unit;
    return WG_OK;
}

/* Behind "\u": one unit, or the two of a pair. */
static int point_read(wg__json *json, uint32_t *out)
{
    uint32_t upper;
    uint32_t lower;
    WG_TRY(unit_read(json, &upper));
    *out = upper;
    if (upper == 0) return wg__json_fail(json, "a zero character");
    if (upper < 0xD800 || upper > 0xDFFF) return WG_OK;
    const bool is_pair = upper < 0xDC00 && peek(json) == '\\' &&
                         json->position + 1 < json->bytes && json->text[json->position + 1] == 'u';
    if (!is_pair) return wg__json_fail(json, "half a surrogate pair");
    json->position += 2;
    WG_TRY(unit_read(json, &lower));
    if (lower < 0xDC00 || lower > 0xDFFF) return wg__json_fail(json, "half a surrogate pair");
    *out = 0x10000u + ((upper - 0xD800u) << 10) + (lower - 0xDC00u);
    return WG_OK;
}

/* At most four bytes, where the escape had six or twelve. */
static char *point_write(char *to, uint32_t point)
{
    if (point < 0x80) {
        *to++ = (char)point;
        return to;
    }
    const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    const uint32_t lead = more == 1 ? 0xC0 : more == 2 ? 0xE0 : 0xF0;
    *to++ = (char)(lead | point >> (6 * more));
    for (int i = more - 1; i >= 0; i--) *to++ = (char)(0x80 | (point >> (6 * i) & 0x3F));
    return to;
}

/* Behind a backslash. */
static int escape_read(wg__json *json, char **to)
{
    static const char name[] = "\"\\/bfnrt";
    static const char value[] = "\"\\/\b\f\n\r\t";
    const int c = peek(json);
    json->position++;
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (name[i] != c) continue;
        *(*to)++ = value[i];
        return WG_OK;
    }
    uint32_t point = 0;
    json->position -= c != 'u';
    if (c != 'u') return wg__json_fail(json, "an escape that does not exist");
    WG_TRY(point_read(json, &point));
    *to = point_write(*to, point);
    return WG_OK;
}

int wg__json_string(wg__json *json, char **out)
{
    WG_TRY(wg__json_expect(json, '"'));
    char *to = json->text + json->position;
    *out = to;
    for (int c = peek(json); c != '"'; c = peek(json)) {
        if (c < 0) return wg__json_fail(json, "a string does not end");
        if (c < ' ') return wg__json_fail(json, "a control character in a string");
        json->position++;
        if (c == '\\')
            WG_TRY(escape_read(json, &to));
        else
            *to++ = (char)c;
    }
    json->position++;
    *to = '\0'; /* over the closing quote at the latest */
    return WG_OK;
}

int wg__json_size(wg__json *json, uint64_t *out)
{
    uint64_t value = 0;
    skip_space(json);
    const bool is_zero = peek(json) == '0';
    if (peek(json) < '0' || peek(json) > '9') return wg__json_fail(json, "expected a whole number");
    for (int c = peek(json); c >= '0' && c <= '9'; c = peek(json)) {
        const uint64_t digit = (uint64_t)(c - '0');
        if (value > (UINT64_MAX - digit) / 10) return wg__json_fail(json, "a number too large");
        value = 10 * value + digit;
        json->position++;
        if (is_zero) break;
    }
    const int next = peek(json);
    if (next == '.' || next == 'e' || next == 'E' || (next >= '0' && next <= '9'))
        return wg__json_fail(json, "expected a whole number");
    *out = value;
    return WG_OK;
}

/* Bytes of the character that starts the text; 0 if it is none. Overlong forms, surrogates and
 * what lies beyond U+10FFFF are none: each shows in the second byte.                            */
static size_t character_bytes(const unsigned char *text, size_t bytes)
{
    const unsigned char lead = text[0];
    if (lead < 0x80) return 1;
    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || bytes < length) return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80) return 0;
    if (lead == 0xE0 && text[1] < 0xA0) return 0;
    if (lead == 0xED && text[1] > 0x9F) return 0;
    if (lead == 0xF0 && text[1] < 0x90) return 0;
    if (lead == 0xF4 && text[1] > 0x8F) return 0;
    return length;
}

size_t wg__utf8_check(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes;) {
        const size_t length = character_bytes((const unsigned char *)text + i, bytes - i);
        if (length == 0) return i;
        i += length;
    }
    return bytes;
}

/* Decimal text and doubles. Both directions compare exact integers and round once, so a result
 * depends neither on the C library nor on its locale: reading gives the nearest double, ties to
 * even; printing gives the fewest digits that read back, and of those the nearest (Steele and White
 * 1990, "How to print floating-point numbers accurately").                                       */
#include <core/integer.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum {
    /* A point half way between two doubles has 768 digits at most: (2^54 - 1) 5^1075. With
     * these and a last digit for whether more than zeros followed, no comparison can go wrong.   */
    DIGITS_KEPT = 768,
    FRACTION_BITS = 52,
    EXPONENT_MIN = -1022,
    EXPONENT_MAX = 1023
};

/* ---- reading ---- */

/* digits * 10^exponent; the first digit is not 0. */
typedef struct decimal {
    int count;
    int64_t exponent;
    uint8_t digit[DIGITS_KEPT + 1];
    bool is_cut; /* digits other than 0 were left out */
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes a digit before or behind the point; exponent follows what was kept. */
static void decimal_take(decimal *number, char c, bool is_fraction)
{
    const uint8_t digit = (uint8_t)(c - '0');
    const bool is_leading_zero = number->count == 0 && digit == 0;
    const bool is_kept = !is_leading_zero && number->count < DIGITS_KEPT;
    if (is_kept) number->digit[number->count++] = digit;
    if (!is_kept && digit != 0) number->is_cut = true;
    if (is_fraction && (is_kept || is_leading_zero)) number->exponent--;
    if (!is_fraction && !is_kept && !is_leading_zero) number->exponent++;
}

/* Digits with at most one point; the bytes used, 0 if there is no digit. */
static size_t decimal_scan_digits(decimal *number, const char *text, size_t bytes)
{
    size_t at = 0;
    bool is_fraction = false;
    bool has_digit = false;
    for (; at < bytes; at++) {
        if (is_digit(text[at])) {
            has_digit = true;
            decimal_take(number, text[at], is_fraction);
        } else if (text[at] == '.' && !is_fraction) {
            is_fraction = true;
        } else {
            break;
        }
    }
    return has_digit ? at : 0;
}

/* "e+12" in *exponent; the bytes used, 0 if none is there. Saturates far beyond all doubles. */
static size_t exponent_scan(const char *text, size_t bytes, int64_t *exponent)
{
    size_t at = 1;
    if (bytes < 2 || (text[0] != 'e' && text[0] != 'E')) return 0;
    const bool is_negative = text[1] == '-';
    if (text[1] == '-' || text[1] == '+') at++;
    if (at == bytes || !is_digit(text[at])) return 0;
    int64_t size = 0;
    for (; at < bytes && is_digit(text[at]); at++)
        if (size < INT64_MAX / 40) size = 10 * size + (text[at] - '0');
    *exponent = is_negative ? -size : size;
    return at;
}

static double double_of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* x / y rounded to nearest, ties to even; both are spent. x / y is scaled so that its whole part is
 * the significand; then twice the remainder against y tells what is left against a half.         */
static double ratio_round(wg__integer *x, wg__integer *y)
{
    int exponent = wg__integer_bits(x) - wg__integer_bits(y);
    wg__integer_shift(exponent < 0 ? x : y, exponent < 0 ? -exponent : exponent);
    if (wg__integer_compare(x, y) < 0) {
        wg__integer_shift(x, 1);
        exponent--;
    }
    if (exponent > EXPONENT_MAX) return HUGE_VAL;
    /* Below the least normal number the last bit stays where it is. */
    const bool is_normal = exponent >= EXPONENT_MIN;
    const int bits = FRACTION_BITS + 1 - (is_normal ? 0 : EXPONENT_MIN - exponent);
    if (bits < 0) return 0.0;

    if (bits > 0) wg__integer_shift(x, bits - 1);
    else wg__integer_shift(y, 1);
    uint64_t q = wg__integer_divide(x, y);
    wg__integer_shift(x, 1);
    const int against_half = wg__integer_compare(x, y);
    if (against_half > 0 || (against_half == 0 && q % 2 == 1)) q++;
    /* The leading bit of q adds one to the exponent field, and so does a carry out of rounding. */
    const uint64_t field = is_normal ? (uint64_t)(exponent - EXPONENT_MIN) : 0;
    return double_of_bits((field << FRACTION_BITS) + q);
}

/* Up to 15 digits and powers of ten up to 22 are doubles, so one operation rounds once. */
static bool decimal_round_short(const decimal *number, double *out)
{
    static const double power_of_ten[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    };
    if (number->count > 15 || number->exponent < -22 || number->exponent > 22) return false;
    int64_t digits = 0;
    for (int i = 0; i < number->count; i++) digits = 10 * digits + number->digit[i];
    const double whole = (double)digits;
    *out = number->exponent < 0 ? whole / power_of_ten[-number->exponent]
                                : whole * power_of_ten[number->exponent];
    return true;
}

static double decimal_round(decimal *number)
{
    double value;
    if (number->count == 0) return 0.0;
    const int64_t magnitude = number->count + number->exponent; /* below 10^magnitude */
    if (magnitude > 309) return HUGE_VAL;
    if (magnitude < -323) return 0.0; /* half the least double is 2.47e-324 */
    if (!number->is_cut && decimal_round_short(number, &value)) return value;
    if (number->is_cut) {
        number->digit[number->count++] = 1;
        number->exponent--;
    }
    wg__integer x;
    wg__integer y;
    wg__integer_set(&x, 0);
    wg__integer_set(&y, 1);
    for (int i = 0; i < number->count; i++) wg__integer_multiply_add(&x, 10, number->digit[i]);
    if (number->exponent > 0) wg__integer_multiply_power_of_ten(&x, (int)number->exponent);
    if (number->exponent < 0) wg__integer_multiply_power_of_ten(&y, (int)-number->exponent);
    return ratio_round(&x, &y);
}

/* Whether text starts with a word, given in small letters, in any case. */
static bool starts_with(const char *text, size_t bytes, const char *word)
{
    const size_t length = strlen(word);
    if (bytes < length) return false;
    for (size_t i = 0; i < length; i++) {
        const char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        if (c != word[i]) return false;
    }
    return true;
}

/* The words for what has no digits; the bytes used. */
static size_t word_read(const char *text, size_t bytes, double *out)
{
    if (starts_with(text, bytes, "nan")) {
        *out = (double)NAN;
        return 3;
    }
    if (!starts_with(text, bytes, "inf")) return 0;
    *out = HUGE_VAL;
    return starts_with(text, bytes, "infinity") ? 8 : 3;
}

size_t wg__number_read(const char *text, size_t bytes, double *out)
{
    const bool is_signed = bytes > 0 && (text[0] == '-' || text[0] == '+');
    const char *body = text + is_signed;
    const size_t left = bytes - is_signed;
    double value = 0.0;
    decimal number;
    number.count = 0;
    number.exponent = 0;
    number.is_cut = false;
    size_t used = decimal_scan_digits(&number, body, left);
    if (used > 0) {
        int64_t exponent = 0;
        used += exponent_scan(body + used, left - used, &exponent);
        number.exponent += exponent;
        value = decimal_round(&number);
    } else {
        used = word_read(body, left, &value);
        if (used == 0) return 0;
    }
    *out = is_signed && text[0] == '-' ? -value : value;
    return used + is_signed;
}

/* ---- printing ---- */

/* A value as x / y and half its distance to the neighbour below as margin / y; the neighbour above
 * is twice as far where the exponent changes. Texts on the margin itself read back if the fraction
 * is even.                                                                                       */
typedef struct scaled {
    wg__integer x, y, margin;
    bool is_wide_above;
    bool is_even;
} scaled;

static void scaled_set(scaled *number, double value, int *exponent)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t hidden = UINT64_C(1) << FRACTION_BITS;
    const int field = (int)(bits >> FRACTION_BITS & 0x7FF);
    const uint64_t fraction = (bits & (hidden - 1)) | (field > 0 ? hidden : 0);
    *exponent = (field > 0 ? field - 1 : 0) + EXPONENT_MIN - FRACTION_BITS;
    number->is_even = fraction % 2 == 0;
    number->is_wide_above = fraction == hidden && field > 1;
    /* In quarters, because half the lower distance may be a quarter of the unit. */
    const int quarters = number->is_wide_above ? 2 : 1;
    wg__integer_set(&number->x, fraction << quarters);
    wg__integer_set(&number->y, UINT64_C(1) << quarters);
    wg__integer_set(&number->margin, 1);
    if (*exponent > 0) {
        wg__integer_shift(&number->x, *exponent);
        wg__integer_shift(&number->margin, *exponent);
    } else {
        wg__integer_shift(&number->y, -*exponent);
    }
}

/* Whether a text one unit above x / y would read back, the unit being y. */
static bool scaled_reaches_one(const scaled *number)
{
    wg__integer above = number->x;
    wg__integer_add(&above, &number->margin);
    if (number->is_wide_above) wg__integer_add(&above, &number->margin);
    const int order = wg__integer_compare(&above, &number->y);
    return order > 0 || (order == 0 && number->is_even);
}

static void scaled_multiply_ten(scaled *number)
{
    wg__integer_multiply_add(&number->x, 10, 0);
    wg__integer_multiply_add(&number->margin, 10, 0);
}

/* Brings x / y below one; returns the power of ten taken out. */
static int scaled_normalise(scaled *number, int exponent)
{
    /* log10(2) to 4 digits puts the first guess within one of the truth; the loops settle it. */
    int power = (exponent + FRACTION_BITS) * 3010 / 10000;
    if (power > 0) wg__integer_multiply_power_of_ten(&number->y, power);
    if (power < 0) {
        wg__integer_multiply_power_of_ten(&number->x, -power);
        wg__integer_multiply_power_of_ten(&number->margin, -power);
    }
    for (; scaled_reaches_one(number); power++) wg__integer_multiply_add(&number->y, 10, 0);
    for (;; power--) {
        scaled next = *number;
        scaled_multiply_ten(&next);
        if (scaled_reaches_one(&next)) return power;
        *number = next;
    }
}

/* Digits until what is left cannot be told from the value any more; returns how many. */
static int scaled_digits(scaled *number, char digit[17])
{
    for (int count = 0;;) {
        scaled_multiply_ten(number);
        int next = 0;
        for (; wg__integer_compare(&number->x, &number->y) >= 0; next++)
            wg__integer_subtract(&number->x, &number->y);
        const int order = wg__integer_compare(&number->x, &number->margin);
        const bool lower_reads_back = order < 0 || (order == 0 && number->is_even);
        const bool upper_reads_back = scaled_reaches_one(number);
        bool is_upper = upper_reads_back;
        if (lower_reads_back && upper_reads_back) {
            wg__integer_shift(&number->x, 1);
            is_upper = wg__integer_compare(&number->x, &number->y) >= 0;
        }
        WG_ASSERT(count < 17 && next + is_upper <= 9);
        digit[count++] = (char)('0' + next + is_upper);
        if (lower_reads_back || upper_reads_back) return count;
    }
}

/* Digits of value 0.d1d2d3... * 10^point laid out as a number. */
static void digits_lay_out(wg__text *text, const char *digit, int count, int point)
{
    if (point > 16 || point < -3) {
        const char *separator = count > 1 ? "." : "";
        wg__text_add(text, "%c%s%.*se%d", digit[0], separator, count - 1, digit + 1, point - 1);
    } else if (point <= 0) {
        wg__text_add(text, "0.%.*s%.*s", -point, "000", count, digit);
    } else if (point >= count) {
        wg__text_add(text, "%.*s%.*s", count, digit, point - count, "000000000000000");
    } else {
        wg__text_add(text, "%.*s.%.*s", point, digit, count - point, digit + point);
    }
}

void wg__number_text(double value, char out[32])
{
    wg__text text = wg__text_of(out, 32);
    if (value != value) {
        wg__text_add(&text, "nan");
        return;
    }
    if (signbit(value)) wg__text_add(&text, "-");
    const double size = fabs(value);
    if (size == 0.0 || size > DBL_MAX) {
        wg__text_add(&text, size == 0.0 ? "0" : "inf");
        return;
    }
    scaled number;
    char digit[17];
    int exponent;
    scaled_set(&number, size, &exponent);
    const int point = scaled_normalise(&number, exponent);
    const int count = scaled_digits(&number, digit);
    digits_lay_out(&text, digit, count, point);
}

/* Decimal text and doubles. Exact cases have the bits that Python's float() and the text that its
 * repr() gave; random ones are compared with the C library's strtod and printf, whose rounding
 * is exact.                                                                                      */
#include "support/test.h"

#include <core/internal.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static const struct { const char *text; uint64_t bits; } readings[] = {
    { "0", 0x0000000000000000 },
    { "-0", 0x8000000000000000 },
    { "+0", 0x0000000000000000 },
    { "1", 0x3ff0000000000000 },
    { "-1", 0xbff0000000000000 },
    { "+1.5", 0x3ff8000000000000 },
    { "007", 0x401c000000000000 },
    { "3.", 0x4008000000000000 },
    { ".5", 0x3fe0000000000000 },
    { "0.1", 0x3fb999999999999a },
    { "0.3", 0x3fd3333333333333 },
    { "1e0", 0x3ff0000000000000 },
    { "1E+2", 0x4059000000000000 },
    { "1e-2", 0x3f847ae147ae147b },
    { "123456789012345", 0x42dc12218377de40 },
    { "1234567890123456", 0x43118b54f22aeb00 },
    { "9007199254740993", 0x4340000000000000 },
    { "9007199254740992.999999999999999", 0x4340000000000000 },
    { "9007199254740993.000000000000001", 0x4340000000000001 },
    { "1e22", 0x4480f0cf064dd592 },
    { "1e23", 0x44b52d02c7e14af6 },
    { "8.5e22", 0x44b1ffdbf6b2b2eb },
    { "123e-22", 0x3bcd0ae4cf767531 },
    { "123e-23", 0x3b973bea3f91f75a },
    { "4.5e15", 0x432ff973cafa8000 },
    { "2.2250738585072011e-308", 0x000fffffffffffff },
    { "2.2250738585072014e-308", 0x0010000000000000 },
    { "2.225073858507201e-308", 0x000fffffffffffff },
    { "4.9406564584124654e-324", 0x0000000000000001 },
    { "5e-324", 0x0000000000000001 },
    { "2.4703282292062327e-324", 0x0000000000000000 },
    { "2.4703282292062328e-324", 0x0000000000000001 },
    { "1e-323", 0x0000000000000002 },
    { "1e-400", 0x0000000000000000 },
    { "0e999999999", 0x0000000000000000 },
    { "0.000000000000000000000000000001", 0x39b4484bfeebc2a0 },
    { "1.7976931348623157e308", 0x7fefffffffffffff },
    { "1.7976931348623158e308", 0x7fefffffffffffff },
    { "1.7976931348623159e308", 0x7ff0000000000000 },
    { "1e308", 0x7fe1ccf385ebc8a0 },
    { "1e309", 0x7ff0000000000000 },
    { "1e99999999999999999999", 0x7ff0000000000000 },
    { "1e-99999999999999999999", 0x0000000000000000 },
    { "6.631236846766476e-316", 0x0000000008000000 },
    { "3.237883913302901e-319", 0x000000000000ffff },
    { "1.00000000000000011102230246251565404236316680908203125", 0x3ff0000000000000 },
    { "1.00000000000000011102230246251565404236316680908203124", 0x3ff0000000000000 },
    { "1.00000000000000011102230246251565404236316680908203126", 0x3ff0000000000001 },
    { "1.00000000000000033306690738754696212708950042724609375", 0x3ff0000000000002 },
};

Test(number, texts_read_as_the_nearest_double)
{
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
        double value = 7;
        const size_t bytes = strlen(readings[i].text);
        check_msg(wg__number_read(readings[i].text, bytes, &value) == bytes, "%s",
                  readings[i].text);
        check_msg(bits_of(value) == readings[i].bits, "%s read as %a", readings[i].text, value);
    }
}

/* Half way between 2^-1022 and the next double, to the last of its 768 digits. */
static const char half_way[] =
    "2225073858507201630123055637955676152503612414573018013083228724049586647606759446192036"
    "7941168869532139855205490320009034347818844123255721843675633476170205181759989229413936"
    "2996674259828589999483014897143355557856769327930601597818316214242506796246078529588519"
    "9272493577688320732492479924816869232247165964934329258783950102250973957579510571600738"
    "3436457384943241929970921792073899197616943141314971732652550200849979736767837431552058"
    "1880443916381057236779117517775622749741380425338708447819365553307386742083452616251302"
    "9462022730109054820067654020201547112002028139700141575259123440177362244273712468151750"
    "1897455599786532342558862196115163359241679580296044770649464701847773609343004514216836"
    "0701364747951396213837722826145437693412532098591327667236328125";

static double read_half_way(const char *last_digits)
{
    char text[2000];
    double value = 0;
    snprintf(text, sizeof text, "0.%.767s%se-307", half_way, last_digits);
    check_equal_i(wg__number_read(text, strlen(text), &value), strlen(text));
    return value;
}

Test(number, no_digit_is_too_far_to_count)
{
    char far[1001];
    memset(far, '0', 1000);
    far[0] = half_way[767];
    far[1000] = '\0';
    const double least = double_of(UINT64_C(1) << 52);
    const double next = double_of((UINT64_C(1) << 52) + 1);
    check_equal_i(half_way[767], '5');
    check(read_half_way("5") == least); /* a tie goes to the even one */
    check(read_half_way("4") == least);
    check(read_half_way("49999999999999999999") == least);
    check(read_half_way("50000000000000000001") == next);
    check(read_half_way("6") == next);
    check(read_half_way(far) == least);
    far[999] = '1';
    check(read_half_way(far) == next);
}

Test(number, zeros_cost_neither_digits_nor_exponent)
{
    char text[3100];
    double value = 0;
    memset(text, '0', sizeof text);
    text[1] = '.';
    memcpy(text + 3000, "125e3000", 9);
    check_equal_i(wg__number_read(text, strlen(text), &value), strlen(text));
    check_close(value, 12.5, 0);
    memset(text, '0', sizeof text);
    memcpy(text, "125", 3);
    memcpy(text + 3000, ".0e-2998", 9);
    check_equal_i(wg__number_read(text, strlen(text), &value), strlen(text));
    check_close(value, 12.5, 0);
}

Test(number, reading_stops_behind_the_number)
{
    const struct { const char *text; size_t used; double value; } rows[] = {
        { "1,2", 1, 1 },     { "1.5.2", 3, 1.5 },  { "1e", 1, 1 },      { "1e+", 1, 1 },
        { "1e5x", 3, 1e5 },  { "2e-", 1, 2 },      { "0x10", 1, 0 },    { "12 ", 2, 12 },
        { "5.e1", 4, 50 },   { "-3abc", 2, -3 },   { "1_000", 1, 1 },   { "1e5.5", 3, 1e5 },
        { "infinite", 3, HUGE_VAL }, { "-INFINITY2", 9, -HUGE_VAL },    { "1d5", 1, 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double value = 7;
        check_msg(wg__number_read(rows[i].text, strlen(rows[i].text), &value) == rows[i].used, "%s",
                  rows[i].text);
        check_close(value, rows[i].value, 0);
    }
}

Test(number, what_is_no_number_is_not_read)
{
    const char *const wrong[] = {
        "",    " 1",  "\t1", "-",   "+",  ".",  "-.", "e5",
        ".e5", "--1", "+-1", "abc", "in", "na", ",1", "\"1\"",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        double value = 7;
        check_msg(wg__number_read(wrong[i], strlen(wrong[i]), &value) == 0, "%s", wrong[i]);
        check_close(value, 7, 0);
    }
}

/* Text of a file has no zero at its end. */
Test(number, nothing_beyond_the_bytes_is_read)
{
    const char *text = "-12.5e+34";
    const size_t used[] = { 0, 0, 2, 3, 4, 5, 5, 5, 8, 9 };
    for (size_t bytes = 0; bytes <= 9; bytes++) {
        char *copy = malloc(bytes + 1);
        double value = 0;
        memcpy(copy, text, bytes);
        copy[bytes] = '9';
        const size_t actual = wg__number_read(copy, bytes, &value);
        free(copy);
        check_equal_i(actual, used[bytes]);
    }
    double value = 7;
    check_equal_i(wg__number_read("inf", 2, &value), 0);
    check_equal_i(wg__number_read("infinity", 7, &value), 3);
}

static const struct { uint64_t bits; const char *text; } printings[] = {
    { 0x0000000000000000, "0" },
    { 0x8000000000000000, "-0" },
    { 0x3ff0000000000000, "1" },
    { 0xbff0000000000000, "-1" },
    { 0x3fb999999999999a, "0.1" },
    { 0x3fd3333333333333, "0.3" },
    { 0x3fe5555555555555, "0.6666666666666666" },
    { 0x4059000000000000, "100" },
    { 0x40fe240000000000, "123456" },
    { 0x430c6bf526340000, "1000000000000000" },
    { 0x4341c37937e08000, "1e16" },
    { 0x4376345785d8a000, "1e17" },
    { 0x437b69b4ba630f35, "1.2345678901234568e17" },
    { 0x444b1ae4d6e2ef50, "1e21" },
    { 0x4480f0cf064dd592, "1e22" },
    { 0x44b52d02c7e14af6, "1e23" },
    { 0x3f50624dd2f1a9fc, "0.001" },
    { 0x3f1a36e2eb1c432d, "0.0001" },
    { 0x3ee4f8b588e368f1, "1e-5" },
    { 0x3f202e4b6ce5dc68, "0.00012345" },
    { 0x0000000000000001, "5e-324" },
    { 0x0000000000000002, "1e-323" },
    { 0x000fffffffffffff, "2.225073858507201e-308" },
    { 0x0010000000000000, "2.2250738585072014e-308" },
    { 0x7fefffffffffffff, "1.7976931348623157e308" },
    { 0x433fffffffffffff, "9007199254740991" },
    { 0x4340000000000000, "9007199254740992" },
    { 0x4340000000000001, "9007199254740994" },
    { 0x3d30000000000000, "5.684341886080802e-14" },
    { 0x0170000000000000, "9.332636185032189e-302" },
    { 0x7e70000000000000, "1.0715086071862673e301" },
    { 0x0010000000000000, "2.2250738585072014e-308" },
    { 0x3f0a36e2eb1c432d, "5e-5" },
    { 0x4023000000000000, "9.5" },
    { 0x3fefffffffffffff, "0.9999999999999999" },
    { 0x3ff0000000000001, "1.0000000000000002" },
    { 0x400921fb54442d18, "3.141592653589793" },
    { 0x41b1de784a000000, "299792458" },
    { 0x390b860bde023111, "6.62607015e-34" },
    { 0x4580000000000000, "6.189700196426902e26" },
    { 0x4790000000000000, "5.316911983139664e36" },
    { 0x3e70000000000000, "5.960464477539063e-8" },
    { 0x3e7ad7f29abcaf48, "1e-7" },
    { 0x81b01297d23ab683, "-1.5e-300" },
    { 0x7ff0000000000000, "inf" },
    { 0xfff0000000000000, "-inf" },
    { 0x7ff8000000000000, "nan" },
    { 0xfff8000000000001, "nan" },
};

Test(number, doubles_print_as_their_shortest_text)
{
    for (size_t i = 0; i < sizeof printings / sizeof printings[0]; i++) {
        char text[32];
        wg__number_text(double_of(printings[i].bits), text);
        check_text(text, printings[i].text);
    }
}

/* Bits of any pattern, so exponents are spread evenly; infinities and NaN are drawn again. */
static double random_double(uint64_t *state)
{
    for (;;) {
        const double value = double_of(test_random(state));
        if (value - value == 0) return value;
    }
}

/* Digits of the significand, without zeros before and behind. */
static int digit_count(const char *text)
{
    int count = 0;
    int zeros = 0;
    for (const char *c = text; *c != '\0' && *c != 'e'; c++) {
        if (*c < '0' || *c > '9' || (count == 0 && *c == '0')) continue;
        zeros = *c == '0' ? zeros + 1 : 0;
        count++;
    }
    return count - zeros;
}

/* Reads back; is as near as printf's text of that length; one digit less would not read back. */
Test(number, random_doubles_print_shortest_and_read_back)
{
    uint64_t state = test_seed();
    for (int i = 0; i < 20000; i++) {
        const double value = random_double(&state);
        char text[32];
        char other[64];
        double back = 0;
        wg__number_text(value, text);
        check_msg(wg__number_read(text, strlen(text), &back) == strlen(text), "%a", value);
        check_msg(bits_of(back) == bits_of(value), "%s read as %a, not %a", text, back, value);
        const int count = digit_count(text);
        snprintf(other, sizeof other, "%.*e", count - 1, value);
        check_msg(strtod(other, NULL) != value || strtod(text, NULL) == value, "%s", text);
        if (count < 2) continue;
        snprintf(other, sizeof other, "%.*e", count - 2, value);
        check_msg(strtod(other, NULL) != value, "%s is longer than %s", text, other);
    }
}

Test(number, random_texts_read_as_strtod_reads_them)
{
    uint64_t state = test_seed();
    for (int i = 0; i < 20000; i++) {
        char text[64];
        double value = 0;
        snprintf(text, sizeof text, "%.*e", (int)(test_random(&state) % 30),
                 random_double(&state));
        check(wg__number_read(text, strlen(text), &value) == strlen(text));
        check_msg(value == strtod(text, NULL), "%s read as %a", text, value);
    }
}

/* Up to 900 digits at every size a double has, and beyond both ends. */
Test(number, long_texts_read_as_strtod_reads_them)
{
    uint64_t state = test_seed();
    for (int i = 0; i < 2000; i++) {
        char text[1000];
        const int digits = 1 + (int)(test_random(&state) % 900);
        const int exponent = (int)(test_random(&state) % 650) - 335;
        double value = 0;
        text[0] = '.';
        for (int j = 1; j <= digits; j++) text[j] = (char)('0' + test_random(&state) % 10);
        snprintf(text + digits + 1, 20, "e%d", exponent);
        check_equal_i(wg__number_read(text, strlen(text), &value), strlen(text));
        check_msg(value == strtod(text, NULL), "%s read as %a", text, value);
    }
}

/* An odd number n of 54 bits lies half way between two doubles, and so does n / 2^k, which is
 * n 5^k / 10^k. The even one of the two is n with its last two bits rounded away.                */
Test(number, random_ties_go_to_the_even_double)
{
    uint64_t state = test_seed();
    uint64_t five_to_the_k = 1;
    for (int k = 0; k <= 4; k++, five_to_the_k *= 5) {
        for (int i = 0; i < 1000; i++) {
            const uint64_t n = test_random(&state) >> 11 | UINT64_C(1) << 53 | 1;
            const uint64_t even = n % 4 == 1 ? n - 1 : n + 1;
            char text[40];
            double value = 0;
            snprintf(text, sizeof text, "%llue-%d", (unsigned long long)(n * five_to_the_k), k);
            check_equal_i(wg__number_read(text, strlen(text), &value), strlen(text));
            check_close(value, ldexp((double)even, -k), 0);
        }
    }
}

/* Locales whose point is a comma, where the system has one. */
Test(number, locale_changes_nothing)
{
    const char *const locales[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "German_Germany.1252" };
    for (int i = 0; i < 4; i++) {
        if (setlocale(LC_NUMERIC, locales[i]) == NULL) continue;
        char text[32];
        double value = 0;
        wg__number_text(1234.5, text);
        const size_t used = wg__number_read("2.5", 3, &value);
        setlocale(LC_NUMERIC, "C");
        check_text(text, "1234.5");
        check_equal_i(used, 3);
        check_close(value, 2.5, 0);
    }
}

/* The checks behind test.h. All end in test_fail, which builds one message, the seed included if
 * the test has asked for it, and hands it to the runner.                                         */
#include "support/test.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wengert/core.h>

static uint64_t seed;
static bool seed_is_used;

void test_fail(test_place place, const char *format, ...)
{
    char message[2000];
    char detail[1200] = "";
    char seed_text[64] = "";
    if (format != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(detail, sizeof detail, format, arguments);
        va_end(arguments);
    }
    if (seed_is_used) snprintf(seed_text, sizeof seed_text, " (WG_SEED=%" PRIu64 ")", seed);
    snprintf(message, sizeof message, "%s:%d: failed: %s%s%s%s", place.file, place.line,
             place.actual, format != NULL ? ": " : "", detail, seed_text);
    test_abort(message);
}

void test_equal_i(test_place place, int64_t actual, int64_t expected)
{
    if (actual == expected) return;
    test_fail(place, "%" PRId64 " is not %s = %" PRId64, actual, place.expected, expected);
}

void test_status(test_place place, int actual, int expected)
{
    if (actual == expected) return;
    test_fail(place, "%s (%d) is not %s (%d)", wg_status_name(actual), actual,
              wg_status_name(expected), expected);
}

void test_close(test_place place, double actual, double expected, double tolerance)
{
    if (actual == expected || fabs(actual - expected) <= tolerance) return;
    test_fail(place, "%.17g is not %s = %.17g within %g: off by %g", actual, place.expected,
              expected, tolerance, fabs(actual - expected));
}

void test_text(test_place place, const char *actual, const char *expected)
{
    if (actual == expected) return;
    if (actual != NULL && expected != NULL && strcmp(actual, expected) == 0) return;
    test_fail(place, "\"%s\" is not \"%s\"", actual != NULL ? actual : "NULL",
              expected != NULL ? expected : "NULL");
}

void test_contains(test_place place, const char *text, const char *part)
{
    if (text != NULL && part != NULL && strstr(text, part) != NULL) return;
    test_fail(place, "\"%s\" does not contain \"%s\"", text != NULL ? text : "NULL",
              part != NULL ? part : "NULL");
}

void test_bytes(test_place place, const void *actual, const void *expected, size_t bytes)
{
    const unsigned char *x = actual;
    const unsigned char *y = expected;
    for (size_t i = 0; i < bytes; i++)
        if (x[i] != y[i])
            test_fail(place, "byte %zu of %zu: 0x%02x is not 0x%02x of %s", i, bytes, x[i], y[i],
                      place.expected);
}

uint64_t test_seed(void)
{
    if (seed_is_used) return seed;
    const char *given = getenv("WG_SEED");
    struct timespec now = { 0 };
    timespec_get(&now, TIME_UTC);
    seed = given != NULL ? strtoull(given, NULL, 10)
                         : (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
    seed_is_used = true;
    return seed;
}

bool test_seed_is_used(void)
{
    return seed_is_used;
}

/* SplitMix64: a test needs spread, not the library's own generator. */
uint64_t test_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int64_t test_draw(uint64_t *state, int64_t low, int64_t high)
{
    return low + (int64_t)(test_random(state) % (uint64_t)(high - low + 1));
}

#if defined(WG_USE_CRITERION)
void test_abort(const char *message)
{
    cr_assert_fail("%s", message);
    abort();
}

bool test_is_long(void)
{
    return false;
}
#endif

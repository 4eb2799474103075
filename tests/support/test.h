/* One set of test bodies for two runners: Criterion, where each test is a process of its own, if
 * WG_USE_CRITERION is defined, else runner.c, which runs all tests in one process and needs
 * nothing.
 *
 *     Test(shape, join_refuses_unequal_axes)
 *     {
 *         check(wg__shape_join(&x, &y, &out) == WG_ESHAPE);
 *     }
 *
 * TestLong is a test that takes minutes: it runs in `./zigw build test-long` alone, which runs the
 * others too. Both runners leave it out elsewhere.
 *
 * The first failed check prints file, line, expression and values, and ends its test; it may stand
 * in a helper function, but only on the thread that runs the test.                               */
#ifndef WG_TEST_H
#define WG_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(WG_USE_CRITERION)
#include <criterion/criterion.h>
#define TestLong(suite, name)                                                                      \
    __attribute__((unused)) static void suite##_##name##_body(void)
#else
typedef struct test_case {
    const char *suite, *name;
    bool is_long;
    void (*body)(void);
    struct test_case *next;
} test_case;
void test_add(test_case *test);

#define Test(suite, name)     TEST_CASE(suite, name, false)
#define TestLong(suite, name) TEST_CASE(suite, name, true)
#define TEST_CASE(suite, name, is_long)                                                            \
    static void suite##_##name##_body(void);                                                       \
    __attribute__((constructor, used)) static void suite##_##name##_add(void)                      \
    {                                                                                              \
        static test_case test = { #suite, #name, is_long, suite##_##name##_body, NULL };           \
        test_add(&test);                                                                           \
    }                                                                                              \
    static void suite##_##name##_body(void)
#endif

/* Where a check stands and what it says. */
typedef struct test_place { const char *file; int line; const char *actual, *expected; } test_place;
#define TEST_PLACE(actual, expected) ((test_place){ __FILE__, __LINE__, actual, expected })

/* The condition holds. */
#define check(condition)                                                                           \
    ((condition) ? (void)0 : test_fail(TEST_PLACE(#condition, NULL), NULL))
/* The condition holds; the message says with which values it did not. */
#define check_msg(condition, ...)                                                                  \
    ((condition) ? (void)0 : test_fail(TEST_PLACE(#condition, NULL), __VA_ARGS__))
/* Two integers (of any type up to 64 bits) are equal. */
#define check_equal_i(actual, expected)                                                            \
    test_equal_i(TEST_PLACE(#actual, #expected), (int64_t)(actual), (int64_t)(expected))
/* Two statuses are equal; the names are printed. */
#define check_status(actual, expected)                                                             \
    test_status(TEST_PLACE(#actual, #expected), (actual), (expected))
/* |actual - expected| <= tolerance, or the same infinity. NaN is close to nothing. */
#define check_close(actual, expected, tolerance)                                                   \
    test_close(TEST_PLACE(#actual, #expected), (double)(actual), (double)(expected),               \
               (double)(tolerance))
/* Two strings are equal; NULL equals NULL alone. */
#define check_text(actual, expected)                                                               \
    test_text(TEST_PLACE(#actual, #expected), (actual), (expected))
/* Text contains a part. */
#define check_contains(text, part)                                                                 \
    test_contains(TEST_PLACE(#text, #part), (text), (part))
/* Two runs of memory hold the same bytes. */
#define check_bytes(actual, expected, bytes)                                                       \
    test_bytes(TEST_PLACE(#actual, #expected), (actual), (expected), (bytes))

#if defined(__GNUC__)
__attribute__((noreturn, format(printf, 2, 3)))
#endif
void test_fail(test_place place, const char *format, ...);
void test_equal_i(test_place place, int64_t actual, int64_t expected);
void test_status(test_place place, int actual, int expected);
void test_close(test_place place, double actual, double expected, double tolerance);
void test_text(test_place place, const char *actual, const char *expected);
void test_contains(test_place place, const char *text, const char *part);
void test_bytes(test_place place, const void *actual, const void *expected, size_t bytes);

/* True in `test-long`: a test that samples may then go through everything. */
bool test_is_long(void);

/* Seed of a random test: WG_SEED of the environment, else the clock's; a failure prints it, and
 * runner.c at its end. */
uint64_t test_seed(void);
bool test_seed_is_used(void);
/* The next 64 random bits; the state starts at test_seed(). */
uint64_t test_random(uint64_t *state);
/* A whole number from low to high, both included. */
int64_t test_draw(uint64_t *state, int64_t low, int64_t high);

/* Ends the running test as failed; each runner has its own. */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void test_abort(const char *message);

#endif

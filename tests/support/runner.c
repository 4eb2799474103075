/* The small runner: all tests in one process, in the order of their names, without any library.
 *
 *     wg-tests [--list] [--long] [TEXT ...]    runs the tests whose suite/name contains one of the
 *                                              texts; those of TestLong only if --long is given
 *
 * The last line is `N passed, N failed`. A crash or a test that hangs is counted as a failure and
 * ends the run: memory can no longer be trusted.                                                 */
#include "support/test.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if !defined(_WIN32)
#include <unistd.h>
#endif

/* No test takes minutes, even emulated on a busy machine; a long one may take an hour. */
enum { TEST_SECONDS_MAX = 600, LONG_SECONDS_MAX = 3 * 3600 };

static test_case *first;
static const test_case *running;
static jmp_buf leave;
static int passed_count, failed_count;
static bool is_long;

static int order_of(const test_case *x, const test_case *y)
{
    const int suite = strcmp(x->suite, y->suite);
    return suite != 0 ? suite : strcmp(x->name, y->name);
}

void test_add(test_case *test)
{
    test_case **at = &first;
    while (*at != NULL && order_of(*at, test) < 0) at = &(*at)->next;
    test->next = *at;
    *at = test;
}

void test_abort(const char *message)
{
    fprintf(stderr, "%s\n", message);
    longjmp(leave, 1);
}

bool test_is_long(void)
{
    return is_long;
}

static int seconds_max(void)
{
    return is_long ? LONG_SECONDS_MAX : TEST_SECONDS_MAX;
}

/* Not async-signal-safe, but the process is lost either way, and the counts are worth the try. */
static void end_on_signal(int number)
{
    fprintf(stderr, "%s/%s: signal %d: crashed, or ran for more than %d s\n", running->suite,
            running->name, number, seconds_max());
    printf("%d passed, %d failed\n", passed_count, failed_count + 1);
    fflush(stdout);
    _Exit(1);
}

static void run_one(const test_case *test)
{
    running = test;
#if !defined(_WIN32)
    alarm((unsigned)seconds_max());
#endif
    if (setjmp(leave) == 0) {
        test->body();
        passed_count++;
    } else {
        fprintf(stderr, "FAILED %s/%s\n", test->suite, test->name);
        failed_count++;
    }
}

static bool is_chosen(const test_case *test, int count, char **texts)
{
    if (test->is_long && !is_long) return false;
    char name[300];
    snprintf(name, sizeof name, "%s/%s", test->suite, test->name);
    for (int i = 0; i < count; i++)
        if (strstr(name, texts[i]) != NULL) return true;
    return count == 0;
}

/* The option is the next argument. */
static bool takes(int argc, char **argv, int *at, const char *option)
{
    const bool is_there = *at < argc && strcmp(argv[*at], option) == 0;
    *at += is_there;
    return is_there;
}

int main(int argc, char **argv)
{
    int skip = 1;
    const bool list = takes(argc, argv, &skip, "--list");
    is_long = takes(argc, argv, &skip, "--long");
    const int signals[] = { SIGSEGV, SIGABRT, SIGFPE, SIGILL,
#if !defined(_WIN32)
                            SIGBUS, SIGTRAP, SIGALRM
#endif
    };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], end_on_signal);

    for (const test_case *test = first; test != NULL; test = test->next) {
        if (!is_chosen(test, argc - skip, argv + skip)) continue;
        if (list) printf("%s/%s\n", test->suite, test->name);
        else run_one(test);
    }
    if (list) return 0;
    if (test_seed_is_used()) printf("WG_SEED=%" PRIu64 "\n", test_seed());
    printf("%d passed, %d failed\n", passed_count, failed_count);
    if (passed_count + failed_count == 0) fprintf(stderr, "no test matches\n");
    return failed_count > 0 || passed_count == 0;
}

/* The small runner: all tests in one process, in the order of their names, without any library.
 *
 *     wg-tests [--list] [TEXT ...]    runs the tests whose suite/name contains one of the texts
 *
 * The last line is `N passed, N failed`. A crash or a test that hangs is counted as a failure and
 * ends the run: memory can no longer be trusted.                                                 */
#include "support/test.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if !defined(_WIN32)
#include <unistd.h>
#endif

enum { TEST_SECONDS_MAX = 600 }; /* no test takes minutes, even emulated on a busy machine */

static test_case *first;
static const test_case *running;
static jmp_buf leave;
static int passed_count, failed_count;

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

/* Not async-signal-safe, but the process is lost either way, and the counts are worth the try. */
static void end_on_signal(int number)
{
    fprintf(stderr, "%s/%s: signal %d: crashed, or ran for more than %d s\n", running->suite,
            running->name, number, TEST_SECONDS_MAX);
    printf("%d passed, %d failed\n", passed_count, failed_count + 1);
    fflush(stdout);
    _Exit(1);
}

static void run_one(const test_case *test)
{
    running = test;
#if !defined(_WIN32)
    alarm(TEST_SECONDS_MAX);
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
    char name[300];
    snprintf(name, sizeof name, "%s/%s", test->suite, test->name);
    for (int i = 0; i < count; i++)
        if (strstr(name, texts[i]) != NULL) return true;
    return count == 0;
}

int main(int argc, char **argv)
{
    const bool list = argc > 1 && strcmp(argv[1], "--list") == 0;
    const int skip = list ? 2 : 1;
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
    printf("%d passed, %d failed\n", passed_count, failed_count);
    if (passed_count + failed_count == 0) fprintf(stderr, "no test matches\n");
    return failed_count > 0 || passed_count == 0;
}

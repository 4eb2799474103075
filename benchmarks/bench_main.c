/* The benchmark program: runs the cases of every list, prints a table and writes JSON.
 *
 * ./zigw build bench -- --json FILE --filter TEXT --threads N
 *
 * WENGERT_LEVEL chooses the instruction set level. Assertions cost time, so a build that has them
 * is refused.                                                                                    */
#include "benchmarks/harness.h"

#include <stdlib.h>
#include <string.h>

extern const bench_list bench_matmul, bench_activation, bench_rows, bench_program, bench_step,
    bench_order, bench_start, bench_pool;
static const bench_list *const lists[] = { &bench_matmul, &bench_activation, &bench_rows,
                                           &bench_program, &bench_step, &bench_order,
                                           &bench_start, &bench_pool };

enum { LIST_COUNT = sizeof lists / sizeof *lists, CASES_MAX = 256 };

static const char usage[] =
    "usage: bench [--json FILE] [--filter TEXT] [--threads N]\n"
    "  --json FILE     writes [{case, threads, level, unit, unit_ns, min, median, samples}]\n"
    "  --filter TEXT   only the cases whose name contains TEXT\n"
    "  --threads N     1 to 1024; without it 1\n";

/* True if all arguments are understood. */
static bool read_arguments(int count, char **argument, bench_settings *settings)
{
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count) return false;
        const char *name = argument[i], *value = argument[i + 1];
        if (strcmp(name, "--json") == 0) {
            settings->json = value;
        } else if (strcmp(name, "--filter") == 0) {
            settings->filter = value;
        } else if (strcmp(name, "--threads") == 0) {
            char *end = NULL;
            const long threads = strtol(value, &end, 10);
            if (end == value || *end != '\0' || threads < 1 || threads > 1024) return false;
            settings->threads = (int)threads;
        } else {
            return false;
        }
    }
    return true;
}

static int run(const bench_settings *settings, bench_result *results, int64_t *count)
{
    const bench_result *limit = NULL;
    for (int i = 0; i < LIST_COUNT; i++) {
        for (int64_t j = 0; j < lists[i]->count && *count < CASES_MAX; j++) {
            const bench_case *now = &lists[i]->cases[j];
            if (settings->filter != NULL && strstr(now->name, settings->filter) == NULL) continue;
            bench_result *result = &results[*count];
            const int status = bench_measure(now, settings, result);
            if (status == BENCH_SKIPPED) continue;
            if (status < 0) {
                fprintf(stderr, "bench: %s: %s\n", now->name, wg_status_text(status));
                return status;
            }
            if (now->is_limit) limit = result;
            bench_print(result, limit);
            *count += 1;
        }
    }
    return WG_OK;
}

int main(int count, char **argument)
{
#if !defined(NDEBUG)
    fprintf(stderr, "bench: a build with assertions has no meaningful times\n");
    return 2;
#endif
    if (count == 2 && strcmp(argument[1], BENCH_FIRST_STEP) == 0) return bench_first_step() < 0;
    bench_settings settings = { .program = argument[0],
                                .threads = 1,
                                .level = wg__level_choose(getenv("WENGERT_LEVEL")) };
    if (!read_arguments(count, argument, &settings)) {
        fputs(usage, stderr);
        return 2;
    }
    static bench_result results[CASES_MAX];
    int64_t result_count = 0;
    printf("level %s; min and median of a repetition\n", wg__level_name(settings.level));
    if (run(&settings, results, &result_count) < 0) return EXIT_FAILURE;
    if (settings.json != NULL &&
        !bench_write(settings.json, settings.level, results, result_count)) {
        fprintf(stderr, "bench: cannot write %s\n", settings.json);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

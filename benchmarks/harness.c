/* How a case is timed: repetitions are doubled until a chunk of them is long beside reading a
 * clock, then as many such chunks run as fit the time of a case.                                 */
#include "benchmarks/harness.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHUNKS_MIN = 20, CHUNKS_MAX = 4000 };
static const double chunk_ns = 2e5; /* long beside reading a clock, short beside a disturbance */
static const double case_ns = 6e8;

static double now_ns(void)
{
    struct timespec time;
#if defined(CLOCK_MONOTONIC)
    clock_gettime(CLOCK_MONOTONIC, &time);
#else
    timespec_get(&time, TIME_UTC);
#endif
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* Repetitions a chunk: doubled until one takes long enough. This warms caches and clocks, too. */
static int calibrate(const bench_case *self, void *state, int64_t *count)
{
    for (*count = 1;; *count *= 2) {
        const double start = now_ns();
        WG_TRY(self->repeat(state, *count));
        if (now_ns() - start >= chunk_ns) return WG_OK;
    }
}

static int measure(const bench_case *self, void *state, bench_result *result)
{
    static double chunk[CHUNKS_MAX];
    int64_t count = 0, chunks = 0;
    WG_TRY(calibrate(self, state, &count));
    double used = 0;
    while (chunks < CHUNKS_MIN || (used < case_ns && chunks < CHUNKS_MAX)) {
        const double start = now_ns();
        WG_TRY(self->repeat(state, count));
        const double time = now_ns() - start;
        used += time;
        chunk[chunks++] = time / (double)count / self->unit_ns;
    }
    qsort(chunk, (size_t)chunks, sizeof *chunk, compare);
    result->samples = chunks;
    result->min = chunk[0];
    result->median = chunk[chunks / 2];
    return WG_OK;
}

int bench_measure(const bench_case *self, const bench_settings *settings, bench_result *result)
{
    void *state = NULL;
    const int created = self->create(self, settings, &state);
    if (created != WG_OK) return created;
    bench_result measured = { .of = self, .threads = self->is_serial ? 1 : settings->threads };
    const int status = measure(self, state, &measured);
    self->free(state);
    if (status >= 0) *result = measured;
    return status;
}

static double flop_per_ns(const bench_result *result)
{
    return result->of->flop / (result->min * result->of->unit_ns);
}

void bench_print(const bench_result *result, const bench_result *limit)
{
    printf("%-34s %2d %12.3f %12.3f %-10s", result->of->name, result->threads, result->min,
           result->median, result->of->unit);
    if (result->of->flop > 0) printf(" %8.1f GFLOP/s", flop_per_ns(result));
    if (result->of->flop > 0 && limit != NULL) {
        printf(" %4.0f %%", 100 * flop_per_ns(result) / flop_per_ns(limit));
    }
    printf("\n");
    fflush(stdout);
}

bool bench_write(const char *path, wg__level level, const bench_result *results, int64_t count)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) return false;
    fprintf(file, "[");
    for (int64_t i = 0; i < count; i++) {
        const bench_result *r = &results[i];
        fprintf(file,
                "%s\n  {\"case\": \"%s\", \"threads\": %d, \"level\": \"%s\", \"unit\": \"%s\", "
                "\"unit_ns\": %g, \"min\": %.6g, \"median\": %.6g, \"samples\": %lld}",
                i > 0 ? "," : "", r->of->name, r->threads, wg__level_name(level), r->of->unit,
                r->of->unit_ns, r->min, r->median, (long long)r->samples);
    }
    fprintf(file, "\n]\n");
    const bool is_written = !ferror(file);
    return fclose(file) == 0 && is_written;
}

/* C11's aligned_alloc is not everywhere, so the block lies in a larger one whose address stands
 * before it.                                                                                     */
void *bench_allocate(size_t bytes)
{
    enum { PAGE = 4096 };
    char *whole = malloc(bytes + PAGE + sizeof whole);
    if (whole == NULL) {
        fprintf(stderr, "bench: no memory\n");
        exit(EXIT_FAILURE);
    }
    char *block = whole + sizeof whole;
    block += (PAGE - (uintptr_t)block % PAGE) % PAGE;
    memcpy(block - sizeof whole, &whole, sizeof whole);
    return block;
}

void bench_free(void *block)
{
    char *whole;
    if (block == NULL) return;
    memcpy(&whole, (char *)block - sizeof whole, sizeof whole);
    free(whole);
}

float *bench_numbers(int64_t count)
{
    float *numbers = bench_allocate((size_t)count * sizeof *numbers);
    uint64_t state = 1;
    for (int64_t i = 0; i < count; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        numbers[i] = (float)(state >> 40) / 0x1p23f - 1;
    }
    return numbers;
}

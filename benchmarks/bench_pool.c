/* What a join costs by itself: as many items as threads, none of which does anything, one join
 * right after the other, so that helpers are awake. Times are for a join.                        */
#include "benchmarks/harness.h"
#include "runtime/internal.h"

typedef struct joins { wg__pool *pool; int threads; } joins;

static int joins_create(const bench_case *self, const bench_settings *settings, void **state)
{
    (void)self;
    if (settings->threads < 2) return BENCH_SKIPPED;
    joins *j = bench_allocate(sizeof *j);
    *j = (joins){ wg__pool_create(&wg__allocator_default, settings->threads,
                                  (wg__pool_options){ false }),
                  settings->threads };
    if (j->pool == NULL) {
        bench_free(j);
        return WG_EMEMORY;
    }
    *state = j;
    return WG_OK;
}

static void do_nothing(void *context, int worker, int64_t index)
{
    (void)context, (void)worker, (void)index;
}

static int joins_repeat(void *state, int64_t count)
{
    const joins *j = state;
    for (int64_t i = 0; i < count; i++) wg__pool_run(j->pool, j->threads, do_nothing, NULL);
    return WG_OK;
}

static void joins_free(void *state)
{
    joins *j = state;
    wg__pool_free(j->pool);
    bench_free(j);
}

static const bench_case cases[] = {
    { .name = "join_empty", .unit = "us", .unit_ns = 1e3, .create = joins_create,
      .repeat = joins_repeat, .free = joins_free },
};

const bench_list bench_pool = BENCH_LIST(cases);

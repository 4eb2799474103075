/* Joins: every item once, on any number of threads, however late or few the helpers are. */
#include "runtime/internal.h"
#include "support/test.h"

#include <stdlib.h>
#include <unistd.h>
#if !defined(_WIN32)
#include <sys/wait.h>
#endif

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { ITEMS_MAX = 2000, WORKERS_MAX = 16 };

typedef struct job {
    atomic_int done[ITEMS_MAX];
    atomic_int at_work[WORKERS_MAX];
    atomic_int mistakes;
    int spin;
} job;

static const wg__pool_options chosen;
static const wg__pool_options kept = { .keeps_size = true };

static void work(void *context, int worker, int64_t index)
{
    job *j = context;
    if (atomic_fetch_add(&j->at_work[worker], 1) != 0) atomic_fetch_add(&j->mistakes, 1);
    for (volatile int i = 0; i < j->spin; i++) continue;
    atomic_fetch_add(&j->done[index], 1);
    atomic_fetch_sub(&j->at_work[worker], 1);
}

/* Runs a join; returns how many items were not done exactly once, or by a worker doing two at a
 * time. */
static int join(wg__pool *pool, job *j, int64_t count)
{
    for (int64_t i = 0; i < count; i++) atomic_store(&j->done[i], 0);
    wg__pool_begin(pool);
    wg__pool_run(pool, count, work, j);
    int wrong = atomic_load(&j->mistakes);
    for (int64_t i = 0; i < count; i++) wrong += atomic_load(&j->done[i]) != 1;
    return wrong;
}

static void joins(int threads, int count, int spin)
{
    job *j = calloc(1, sizeof *j);
    check(j != NULL);
    j->spin = spin;
    wg__pool *pool = wg__pool_create(&wg__allocator_default, threads, chosen);
    check(pool != NULL);
    uint64_t state = test_seed();
    for (int i = 0; i < count; i++)
        check_equal_i(join(pool, j, (int64_t)(test_random(&state) % 40)), 0);
    check_equal_i(join(pool, j, ITEMS_MAX), 0);
    wg__pool_free(pool);
    free(j);
}

Test(pool, every_item_is_done_once)
{
    joins(1, 200, 10);
    joins(2, 2000, 10);
    joins(3, 2000, 100);
    joins(8, 2000, 10);
    joins(16, 500, 1000);
}

/* Between joins the helpers go home; the next join calls them anew. */
Test(pool, joins_after_a_pause_are_as_good)
{
    job *j = calloc(1, sizeof *j);
    wg__pool *pool = wg__pool_create(&wg__allocator_default, 4, chosen);
    check(j != NULL && pool != NULL);
    j->spin = 20000;
    for (int i = 0; i < 20; i++) {
        check_equal_i(join(pool, j, 20), 0);
        usleep(3000);
    }
    wg__pool_free(pool);
    free(j);
}

Test(pool, several_pools_share_the_threads)
{
    job *j = calloc(1, sizeof *j);
    wg__pool *pool[5];
    check(j != NULL);
    for (int i = 0; i < 5; i++) pool[i] = wg__pool_create(&wg__allocator_default, 4, kept);
    for (int turn = 0; turn < 50; turn++)
        for (int i = 0; i < 5; i++) check_equal_i(join(pool[i], j, 30), 0);
    for (int i = 0; i < 5; i++) wg__pool_free(pool[i]);
    free(j);
}

#if !defined(_WIN32)
/* The child has none of the parent's threads, whether or not they were at work when it was
 * forked. */
Test(pool, a_forked_child_works_alone_and_ends)
{
    job *j = calloc(1, sizeof *j);
    wg__pool *pool = wg__pool_create(&wg__allocator_default, 4, chosen);
    check(j != NULL && pool != NULL);
    j->spin = 1000;
    for (int i = 0; i < 5; i++) {
        check_equal_i(join(pool, j, 30), 0);
        const pid_t child = fork();
        if (child == 0) {
            const int wrong = join(pool, j, 30);
            wg__pool_free(pool);
            _exit(wrong);
        }
        int status = -1;
        check(waitpid(child, &status, 0) == child);
        check(WIFEXITED(status));
        check_equal_i(WEXITSTATUS(status), 0);
    }
    wg__pool_free(pool);
    free(j);
}

/* A process that forgets its runtime, right after a join, exits nevertheless. */
Test(pool, a_process_exits_with_helpers_awake)
{
    const pid_t child = fork();
    if (child == 0) {
        job *j = calloc(1, sizeof *j);
        wg__pool *pool = wg__pool_create(&wg__allocator_default, 4, chosen);
        exit(j == NULL || pool == NULL || join(pool, j, 30) != 0);
    }
    int status = -1;
    alarm(20);
    check(waitpid(child, &status, 0) == child);
    alarm(0);
    check(WIFEXITED(status));
    check_equal_i(WEXITSTATUS(status), 0);
}
#endif

/* ---- errands ---- */

/* A piece of work, and how often it was done. */
typedef struct piece { atomic_int count; int spin; } piece;

static void piece_work(void *context)
{
    piece *p = context;
    for (volatile int i = 0; i < p->spin; i++) continue;
    atomic_fetch_add(&p->count, 1);
}

/* Each is done once when waiting is over, quick ones and slow ones, with and without a pool. */
Test(pool, an_errand_is_done_once)
{
    uint64_t state = test_seed();
    for (int threads = 1; threads <= 3; threads++) {
        wg__pool *pool = wg__pool_create(&wg__allocator_default, threads, chosen);
        wg__errand *errand = wg__errand_create(&wg__allocator_default, pool);
        check(pool != NULL && errand != NULL);
        wg__errand_wait(errand); /* for nothing */
        for (int i = 0; i < 300; i++) {
            piece p = { .spin = (int)test_draw(&state, 0, 2) * 5000 };
            wg__errand_start(errand, piece_work, &p);
            for (volatile int k = (int)test_draw(&state, 0, 20000); k > 0; k--) continue;
            wg__errand_wait(errand);
            check_equal_i(atomic_load(&p.count), 1);
        }
        piece last = { .spin = 100 };
        wg__errand_start(errand, piece_work, &last);
        wg__errand_free(errand);
        check_equal_i(atomic_load(&last.count), 1);
        wg__errand_free(NULL);
        wg__pool_free(pool);
    }
}

#if !defined(_WIN32)
/* Started by the parent, whose thread the child has not: the child does it. */
Test(pool, a_forked_child_does_its_errand)
{
    wg__pool *pool = wg__pool_create(&wg__allocator_default, 2, chosen);
    wg__errand *errand = wg__errand_create(&wg__allocator_default, pool);
    check(pool != NULL && errand != NULL);
    piece p = { .spin = 2000000 };
    wg__errand_start(errand, piece_work, &p);
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        wg__errand_wait(errand);
        const bool is_done = atomic_load(&p.count) >= 1;
        piece other = { .spin = 10 };
        wg__errand_start(errand, piece_work, &other);
        wg__errand_free(errand);
        _exit(is_done && atomic_load(&other.count) == 1 ? 0 : 1);
    }
    int status = -1;
    check(waitpid(child, &status, 0) == child);
    check(WIFEXITED(status));
    check_equal_i(WEXITSTATUS(status), 0);
    wg__errand_free(errand);
    check_equal_i(atomic_load(&p.count), 1);
    wg__pool_free(pool);
}
#endif

#if defined(__SSE2__)
static atomic_int modes_wrong;

static void look_at_mode(void *context, int worker, int64_t index)
{
    (void)context;
    (void)worker;
    (void)index;
    /* Rounding, flush to zero, denormals are zero. */
    if ((_mm_getcsr() & 0xe040) != 0) atomic_fetch_add(&modes_wrong, 1);
}

Test(pool, the_floating_point_mode_is_set_for_work_and_put_back)
{
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);
    const wg__float_mode host = wg__float_enter();
    wg__pool *pool = wg__pool_create(&wg__allocator_default, 3, chosen);
    wg__pool_run(pool, 200, look_at_mode, NULL);
    wg__pool_free(pool);
    wg__float_leave(host);
    check_equal_i(_mm_getcsr() & 0x8040, 0x8040);
    _mm_setcsr(before);
    check_equal_i(atomic_load(&modes_wrong), 0);
}
#endif

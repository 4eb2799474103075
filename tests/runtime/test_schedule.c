/* The protocol of pool.c under a scheduler that a seed drives. The idea: pool.c is compiled once
 * more, into this file, with stand-ins for libuv and with a switch point before each atomic
 * access, and its threads are coroutines of one thread. So a seed is a schedule: in which order
 * the accesses of all threads happen, how late each helper is, which calls of libuv fail; and it
 * replays.
 *
 * Checked for each: every item of every join is done once, by a worker that does no other; all
 * ends, and nothing is left on the loop. The scheduler itself is checked by a pool whose claim is
 * not atomic: that must be noticed.                                                              */
#include "runtime/internal.h"
#include "support/test.h"

#if defined(__GLIBC__)
#include <sched.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <uv.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* ---- coroutines: 0 is the caller of the pool, the others are libuv's threads ---- */

enum {
    THREADS_MAX = 4,
    HELPERS_MAX = 6,
    ITEMS_MAX = 9,
    STACK_BYTES = 64 * 1024,
    STEPS_MAX = 200000 /* a schedule has some hundreds */
};

typedef struct coroutine { ucontext_t context; char *stack; } coroutine;

static struct {
    uint64_t state;                  /* of the random numbers */
    coroutine thread[THREADS_MAX + 1];
    int thread_count, running;
    int switch_chance;               /* of 16 */
    int failure_chance;              /* of a call of libuv, of 16 */
    int64_t calls, failing_call;     /* of those that can fail: so far; the one that does */
    uint64_t time_ns;
    int64_t steps;
    bool is_endless;                 /* more steps than any schedule has */
    jmp_buf leave;                   /* where the caller goes then */
    bool is_broken;                  /* compare-and-swap is not atomic */
    uv_work_t *queue[HELPERS_MAX];   /* waiting for a thread */
    int queue_count;
    uv_work_t *done[HELPERS_MAX];    /* waiting for the loop */
    int done_status[HELPERS_MAX];
    int done_count, at_work;
} world;

static int draw(int limit)
{
    return (int)(test_random(&world.state) % (uint64_t)limit);
}

static void switch_to(int next)
{
    const int before = world.running;
    if (next == before) return;
    world.running = next;
    swapcontext(&world.thread[before].context, &world.thread[next].context);
}

/* Any thread may go on from here. */
static void point(void)
{
    world.is_endless = ++world.steps > STEPS_MAX;
    if (world.is_endless) switch_to(0);
    else if (draw(16) < world.switch_chance) switch_to(draw(world.thread_count + 1));
    if (world.is_endless && world.running == 0) longjmp(world.leave, 1);
}

static bool fails(void)
{
    return ++world.calls == world.failing_call || draw(16) < world.failure_chance;
}

/* ---- stand-ins for libuv ---- */

static void thread_body(void)
{
    for (;;) {
        if (world.queue_count > 0) {
            uv_work_t *request = world.queue[0];
            memmove(world.queue, world.queue + 1, sizeof world.queue - sizeof *world.queue);
            world.queue_count--;
            world.at_work++;
            request->work_cb(request);
            world.at_work--;
            world.done_status[world.done_count] = 0;
            world.done[world.done_count++] = request;
        }
        switch_to(draw(world.thread_count + 1));
    }
}

static int model_queue_work(uv_loop_t *loop, uv_work_t *request, uv_work_cb work,
                            uv_after_work_cb after)
{
    (void)loop;
    point();
    if (fails()) return UV_ENOMEM;
    request->work_cb = work;
    request->after_work_cb = after;
    world.queue[world.queue_count++] = request;
    return 0;
}

static int model_cancel(uv_req_t *request)
{
    point();
    for (int i = 0; i < world.queue_count; i++) {
        if ((uv_req_t *)world.queue[i] != request) continue;
        world.done_status[world.done_count] = UV_ECANCELED;
        world.done[world.done_count++] = world.queue[i];
        world.queue[i] = world.queue[--world.queue_count];
        return 0;
    }
    return UV_EBUSY;
}

static int model_run(uv_loop_t *loop, uv_run_mode mode)
{
    (void)loop;
    do {
        point();
        while (world.done_count > 0) {
            world.done_count--;
            uv_work_t *request = world.done[world.done_count];
            request->after_work_cb(request, world.done_status[world.done_count]);
        }
    } while (mode == UV_RUN_DEFAULT && world.queue_count + world.at_work > 0);
    return 0;
}

static int model_loop_init(uv_loop_t *loop) { return (void)loop, fails() ? UV_EMFILE : 0; }
static int model_loop_close(uv_loop_t *loop)
{
    (void)loop;
    return world.queue_count + world.at_work + world.done_count > 0 ? UV_EBUSY : 0;
}
static int model_thread_create(uv_thread_t *thread, uv_thread_cb body, void *user)
{
    (void)thread, (void)body, (void)user;
    return fails() ? UV_EAGAIN : 0;
}
static int model_thread_join(uv_thread_t *thread) { return (void)thread, 0; }
static int model_mutex_init(uv_mutex_t *mutex) { return (void)mutex, fails() ? UV_ENOMEM : 0; }
static void model_mutex(uv_mutex_t *mutex) { (void)mutex; }
static int model_getenv(const char *name, char *value, size_t *bytes)
{
    (void)name;
    *bytes = (size_t)snprintf(value, *bytes, "%d", world.thread_count);
    return 0;
}
static int model_setenv(const char *name, const char *value) { return (void)name, (void)value, 0; }
static uv_pid_t model_pid(void) { return 1; }
static unsigned model_cores(void) { return 2; }
/* Now and then a helper has stayed for too long. */
static uint64_t model_hrtime(void) { return world.time_ns += draw(8) == 0 ? 1000000000 : 1; }
static int model_cores_here(void) { return draw(2); }
static bool model_cores_pin(int first, int worker, wg__cores *before)
{
    *before = (wg__cores){ { (uint64_t)first } };
    return worker % 2 == 1;
}
static void model_cores_put_back(const wg__cores *before) { (void)before; }
static wg__float_mode model_float_enter(void) { return (wg__float_mode){ 0 }; }
static void model_float_leave(wg__float_mode before) { (void)before; }

/* A weak compare-and-swap may also fail without a reason. */
static bool model_exchange(_Atomic uint64_t *at, uint64_t *expected, uint64_t desired)
{
    point();
    const uint64_t found = *at;
    if (found != *expected || draw(16) == 0) {
        *expected = found;
        return false;
    }
    if (world.is_broken) point();
    *at = desired;
    return true;
}

static bool model_exchange_strong(atomic_int *at, int *expected, int desired)
{
    point();
    const int found = *at;
    if (found != *expected) {
        *expected = found;
        return false;
    }
    if (world.is_broken) point();
    *at = desired;
    return true;
}

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak_explicit
#define atomic_load(at) (point(), *(at))
#define atomic_load_explicit(at, order) (point(), *(at))
#define atomic_store(at, value) (point(), (void)(*(at) = (value)))
#define atomic_store_explicit(at, value, order) (point(), (void)(*(at) = (value)))
#define atomic_fetch_add(at, value) (point(), (*(at) += (value)) - (value))
#define atomic_fetch_add_explicit(at, value, order) (point(), (*(at) += (value)) - (value))
#define atomic_fetch_sub(at, value) (point(), (*(at) -= (value)) + (value))
#define atomic_compare_exchange_weak_explicit(at, expected, desired, success, failure)             \
    model_exchange(at, expected, desired)
#define atomic_compare_exchange_strong model_exchange_strong
#undef _mm_pause
#define _mm_pause point
#define sched_yield point
#define uv_queue_work model_queue_work
#define uv_cancel model_cancel
#define uv_run model_run
#define uv_loop_init model_loop_init
#define uv_loop_close model_loop_close
#define uv_thread_create model_thread_create
#define uv_thread_join model_thread_join
#define uv_mutex_init model_mutex_init
#define uv_mutex_lock model_mutex
#define uv_mutex_unlock model_mutex
#define uv_mutex_destroy model_mutex
#define uv_os_getenv model_getenv
#define uv_os_setenv model_setenv
#define uv_os_getpid model_pid
#define uv_available_parallelism model_cores
#define uv_hrtime model_hrtime
#define wg__cores_here model_cores_here
#define wg__cores_pin model_cores_pin
#define wg__cores_put_back model_cores_put_back
#define wg__float_enter model_float_enter
#define wg__float_leave model_float_leave
#define wg__pool_cores model_pool_cores
#define wg__pool_create model_pool_create
#define wg__pool_free model_pool_free
#define wg__pool_begin model_pool_begin
#define wg__pool_is_hot model_pool_is_hot
#define wg__pool_run model_pool_run
#define wg__errand_create model_errand_create
#define wg__errand_free model_errand_free
#define wg__errand_start model_errand_start
#define wg__errand_wait model_errand_wait
int model_pool_cores(void);
wg__pool *model_pool_create(const wg_allocator *allocator, int threads, wg__pool_options options);
void model_pool_free(wg__pool *pool);
void model_pool_begin(wg__pool *pool);
bool model_pool_is_hot(wg__pool *pool);
void model_pool_run(wg__pool *pool, int64_t count, wg__pool_work *work, void *context);
wg__errand *model_errand_create(const wg_allocator *allocator, wg__pool *pool);
void model_errand_free(wg__errand *errand);
void model_errand_start(wg__errand *errand, wg__errand_work *work, void *context);
void model_errand_wait(wg__errand *errand);
#include "runtime/pool.c"

/* ---- a schedule ---- */

typedef struct job {
    int done[ITEMS_MAX];
    bool is_busy[HELPERS_MAX + 1];
    int mistakes;
} job;

static void item(void *context, int worker, int64_t index)
{
    job *j = context;
    j->mistakes += j->is_busy[worker];
    if (index < 0 || index >= ITEMS_MAX) { /* of a broken claim */
        j->mistakes++;
        return;
    }
    j->is_busy[worker] = true;
    point();
    j->done[index]++;
    point();
    j->is_busy[worker] = false;
}

static void world_make(uint64_t seed)
{
    world.state = seed;
    world.steps = world.running = 0;
    world.calls = 0;
    world.is_endless = false;
    world.queue_count = world.done_count = world.at_work = 0;
    world.thread_count = 1 + draw(THREADS_MAX);
    world.switch_chance = 1 + draw(12);
    world.failure_chance = draw(3) == 0 ? draw(8) : 0;
    for (int i = 1; i <= world.thread_count; i++) {
        coroutine *one = &world.thread[i];
        if (one->stack == NULL) one->stack = malloc(STACK_BYTES);
        check(one->stack != NULL && getcontext(&one->context) == 0);
        one->context.uc_stack.ss_sp = one->stack;
        one->context.uc_stack.ss_size = STACK_BYTES;
        one->context.uc_link = NULL;
        makecontext(&one->context, thread_body, 0);
    }
}

/* Returns the number of mistakes: items done twice or never, workers doing two at a time, work left
 * behind, no end.                                                                                */
static int schedule(uint64_t seed)
{
    static job j;
    j = (job){ .mistakes = 0 };
    world_make(seed);
    const wg__pool_options options = { .pins = draw(2) == 0 };
    if (setjmp(world.leave) != 0) return j.mistakes + 1;
    wg__pool *pool = model_pool_create(&wg__allocator_default, 2 + draw(HELPERS_MAX - 1), options);
    check(pool != NULL);
    pool->pauses = draw(4);
    pool->yields = draw(3);
    for (int turn = 1 + draw(5); turn > 0; turn--) {
        const int count = draw(ITEMS_MAX + 1);
        memset(j.done, 0, sizeof j.done);
        model_pool_begin(pool);
        model_pool_run(pool, count, item, &j);
        for (int i = 0; i < ITEMS_MAX; i++) j.mistakes += j.done[i] != (i < count);
    }
    model_pool_free(pool);
    return j.mistakes + (world.queue_count + world.at_work + world.done_count > 0);
}

/* A piece of an errand; its writer is the only one there. */
static void piece(void *context)
{
    job *j = context;
    j->mistakes += j->is_busy[0];
    j->is_busy[0] = true;
    point();
    j->done[0]++;
    point();
    j->is_busy[0] = false;
}

/* Pieces one after the other, each done once when it was waited for; the same mistakes. */
static int errand_schedule(uint64_t seed)
{
    static job j;
    j = (job){ .mistakes = 0 };
    world_make(seed);
    if (setjmp(world.leave) != 0) return j.mistakes + 1;
    wg__pool *pool =
        model_pool_create(&wg__allocator_default, 2, (wg__pool_options){ .pins = draw(2) == 0 });
    wg__errand *errand = model_errand_create(&wg__allocator_default, pool);
    check(pool != NULL && errand != NULL);
    const int turns = 1 + draw(6);
    for (int turn = 1; turn <= turns; turn++) {
        model_errand_start(errand, piece, &j);
        for (int i = draw(6); i > 0; i--) point();
        if (turn == turns) break; /* the last is left to free */
        model_errand_wait(errand);
        j.mistakes += j.done[0] != turn;
    }
    model_errand_free(errand);
    j.mistakes += j.done[0] != turns;
    model_pool_free(pool);
    return j.mistakes + (world.queue_count + world.at_work + world.done_count > 0);
}

typedef int play(uint64_t seed);

static void schedules(play *one, int64_t count)
{
    uint64_t state = test_seed();
    for (int64_t i = 0; i < count; i++) {
        const uint64_t seed = test_random(&state);
        check_msg(one(seed) == 0, "the schedule of seed %llu: %d mistakes",
                  (unsigned long long)seed, one(seed));
    }
}

Test(schedule, every_item_is_done_once_in_every_order) { schedules(schedule, 2000); }
Test(schedule, every_errand_is_done_once_in_every_order) { schedules(errand_schedule, 2000); }
TestLong(schedule, every_item_is_done_once_in_a_hundred_thousand_orders)
{
    schedules(schedule, 100000);
}
TestLong(schedule, every_errand_is_done_once_in_a_hundred_thousand_orders)
{
    schedules(errand_schedule, 100000);
}

/* Of threads, mutexes, loops and work to be queued: whichever cannot be had, the rest does it. */
static void each_call_fails(play *one)
{
    uint64_t state = test_seed();
    for (int i = 0; i < 50; i++) {
        const uint64_t seed = test_random(&state);
        int64_t calls = 1;
        for (int64_t k = 1; k <= calls; k++) {
            world.failing_call = k;
            const int mistakes = one(seed);
            world.failing_call = 0;
            calls = world.calls;
            check_msg(mistakes == 0, "call %lld fails in the schedule of seed %llu", (long long)k,
                      (unsigned long long)seed);
        }
    }
}

Test(schedule, every_item_is_done_once_whichever_call_fails) { each_call_fails(schedule); }
Test(schedule, every_errand_is_done_once_whichever_call_fails) { each_call_fails(errand_schedule); }

Test(schedule, a_claim_that_is_not_atomic_is_noticed)
{
    uint64_t state = test_seed();
    int joins = 0, errands = 0;
    world.is_broken = true;
    for (int i = 0; i < 300; i++) joins += schedule(test_random(&state)) > 0;
    for (int i = 0; i < 300; i++) errands += errand_schedule(test_random(&state)) > 0;
    world.is_broken = false;
    check_msg(joins > 10 && errands > 10, "%d joins, %d errands of 300", joins, errands);
}
#endif

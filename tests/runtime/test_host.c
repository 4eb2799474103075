/* The pool beside a host that has the same libuv threads in use: nobody waits for ever, nobody is
 * starved, nothing is left behind. Where the number of libuv's threads matters, which a process
 * chooses once, a forked child is the host: libuv starts anew there.                             */
#include "runtime/internal.h"
#include "support/test.h"

#include <wengert/ops.h>
#if !defined(_WIN32)
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>
#if defined(__linux__)
#include <sched.h>
#endif

static const wg__pool_options kept = { .keeps_size = true };

static wg__pool *pool_make(int threads, wg__pool_options options)
{
    wg__pool *pool = wg__pool_create(&wg__allocator_default, threads, options);
    if (pool == NULL) abort();
    return pool;
}

static void count_item(void *context, int worker, int64_t index)
{
    (void)worker, (void)index;
    atomic_fetch_add((atomic_int *)context, 1);
}

/* True if each item of a join was done once. */
static bool joins(wg__pool *pool, int items)
{
    atomic_int done = 0;
    wg__pool_begin(pool);
    wg__pool_run(pool, items, count_item, &done);
    return atomic_load(&done) == items;
}

/* The body holds in a child with so many threads of libuv, within 30 s. It has to use libuv's
 * threads: else, at the exit of the child, libuv waits for those that its parent had.            */
static void check_in_child(bool (*body)(void), const char *pool_size)
{
    const pid_t child = fork();
    if (child == 0) {
        alarm(30);
        if (pool_size != NULL) setenv("UV_THREADPOOL_SIZE", pool_size, 1);
        else unsetenv("UV_THREADPOOL_SIZE");
        exit(body() ? 0 : 1);
    }
    int status = -1;
    check(waitpid(child, &status, 0) == child);
    check_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
    check_equal_i(WEXITSTATUS(status), 0);
}

/* ---- threads that the host has taken ---- */

static atomic_bool is_open;
static atomic_int host_done;

static void wait_for_gate(uv_work_t *request)
{
    (void)request;
    while (!atomic_load(&is_open)) usleep(1000);
}

static void after_work(uv_work_t *request, int status)
{
    (void)request, (void)status;
    atomic_fetch_add(&host_done, 1);
}

/* All threads of libuv are the host's: the caller does it all, and can end the pool meanwhile. */
static bool works_alone(void)
{
    uv_loop_t loop;
    uv_work_t request[2];
    if (uv_loop_init(&loop) != 0) return false;
    for (int i = 0; i < 2; i++) uv_queue_work(&loop, &request[i], wait_for_gate, after_work);
    wg__pool *pool = pool_make(4, kept);
    bool is_right = true;
    for (int i = 0; i < 50; i++) is_right = is_right && joins(pool, 40);
    wg__pool_free(pool);
    is_right = is_right && atomic_load(&host_done) == 0;
    atomic_store(&is_open, true);
    uv_run(&loop, UV_RUN_DEFAULT);
    return is_right && atomic_load(&host_done) == 2 && uv_loop_close(&loop) == 0;
}

Test(host, a_busy_pool_costs_no_result_and_ends)
{
    check_in_child(works_alone, "2");
}

static void host_work(uv_work_t *request)
{
    (void)request;
    atomic_fetch_add(&host_done, 1);
}

/* Helpers have taken all threads, and there is always more for them. */
static bool host_is_served(void)
{
    uv_loop_t loop;
    uv_work_t request;
    if (uv_loop_init(&loop) != 0) return false;
    wg__pool *pool = pool_make(3, kept);
    for (int i = 0; i < 200; i++) joins(pool, 40);
    uv_queue_work(&loop, &request, host_work, NULL);
    while (atomic_load(&host_done) == 0) joins(pool, 40);
    wg__pool_free(pool);
    return uv_run(&loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&loop) == 0;
}

Test(host, it_gets_a_thread_while_joins_go_on_and_on)
{
    check_in_child(host_is_served, "1");
    check_in_child(host_is_served, "2");
}

/* ---- how many threads libuv has ---- */

static bool size_is(const char *expected)
{
    const char *size = getenv("UV_THREADPOOL_SIZE");
    return expected == NULL ? size == NULL : size != NULL && strcmp(size, expected) == 0;
}

static bool size_is_chosen(void)
{
    wg__pool_free(pool_make(1, (wg__pool_options){ false }));
    if (!size_is(NULL)) return false;
    wg__pool_free(pool_make(4, kept));
    if (!size_is(NULL)) return false;
    wg__pool *pool = pool_make(4, (wg__pool_options){ false });
    const bool is_right = size_is("7") && joins(pool, 40);
    wg__pool_free(pool);
    return is_right;
}

static bool size_is_left(void)
{
    wg__pool *pool = pool_make(4, (wg__pool_options){ false });
    const bool is_right = size_is("2") && joins(pool, 100);
    wg__pool_free(pool);
    return is_right;
}

/* 0 and words mean one thread to libuv, and more than 1024 mean 1024. */
static bool size_is_strange(void)
{
    wg__pool *pool = pool_make(3, kept);
    const bool is_right = joins(pool, 100);
    wg__pool_free(pool);
    return is_right;
}

Test(host, the_number_of_threads_is_chosen_unless_the_host_did)
{
    check_in_child(size_is_chosen, NULL);
    check_in_child(size_is_left, "2");
    check_in_child(size_is_strange, "0");
    check_in_child(size_is_strange, "many");
}

/* ---- ends ---- */

static bool exits_with_helpers_awake(void)
{
    return joins(pool_make(4, kept), 40);
}

static bool exits_with_helpers_gone(void)
{
    const bool is_right = joins(pool_make(4, kept), 40);
    usleep(100 * 1000);
    return is_right;
}

static bool exits_with_a_runtime(void)
{
    static float x[256 * 64];
    double out;
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 4));
    wg_tape *tape = wg_tape_create(NULL);
    runtime->is_forked_always = true;
    const wg_var in = wg_batch(tape, "x", wg_f32(x, WG_SHAPE(256, 64)));
    return wg_item(runtime, wg_sum(wg_exp(in), WG_ALL), &out) == WG_OK && out == 256 * 64;
}

/* A process that forgets what it made ends nevertheless. */
Test(host, a_process_exits_whatever_its_helpers_do)
{
    for (int i = 0; i < (test_is_long() ? 200 : 5); i++) {
        check_in_child(exits_with_helpers_awake, "4");
        check_in_child(exits_with_helpers_gone, "4");
        check_in_child(exits_with_a_runtime, "4");
    }
}

static void rounds(int count)
{
    uint64_t state = test_seed();
    for (int i = 0; i < count; i++) {
        wg__pool *pool = pool_make((int)test_draw(&state, 1, 8), kept);
        check(joins(pool, (int)test_draw(&state, 0, 30)));
        wg__pool_free(pool);
    }
}

/* The number of workers is another each time. */
Test(host, pools_of_any_size_come_and_go) { rounds(200); }
TestLong(host, ten_thousand_pools_of_any_size_come_and_go) { rounds(10000); }

/* ---- time of processors ---- */

static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Under 1% of a processor from 50 ms after the last join. */
Test(host, helpers_without_work_take_no_time)
{
    wg__pool *pool = pool_make(4, kept);
    for (int i = 0; i < 20; i++) check(joins(pool, 40));
    usleep(50 * 1000);
    const double before = processor_seconds();
    usleep(300 * 1000);
    const double taken = processor_seconds() - before;
    wg__pool_free(pool);
    check_msg(taken < 0.01 * 0.3, "%.1f ms of 300", 1e3 * taken);
}

#if defined(__linux__)
static int processors(void)
{
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 0;
}

static atomic_int free_helpers;

static void look_at_processors(void *context, int worker, int64_t index)
{
    (void)context, (void)index;
    if (worker > 0 && processors() != 1) atomic_fetch_add(&free_helpers, 1);
    usleep(200); /* so that the helper comes in time */
}

static void count_processors(uv_work_t *request)
{
    *(int *)request->data = processors();
}

/* While they work, and no longer; the caller never. */
Test(host, helpers_keep_to_one_processor_if_asked)
{
    if (processors() < 2) return;
    const int all = processors();
    int after = 0;
    uv_loop_t loop;
    uv_work_t request = { .data = &after };
    wg__pool *pool = pool_make(2, (wg__pool_options){ .keeps_size = true, .pins = true });
    atomic_store(&free_helpers, 0);
    for (int i = 0; i < 20; i++) wg__pool_run(pool, 20, look_at_processors, NULL);
    check_equal_i(processors(), all);
    wg__pool_free(pool);
    check_equal_i(atomic_load(&free_helpers), 0);
    check(uv_loop_init(&loop) == 0);
    for (int i = 0; i < 10; i++) {
        check(uv_queue_work(&loop, &request, count_processors, NULL) == 0);
        uv_run(&loop, UV_RUN_DEFAULT);
        check_equal_i(after, all);
    }
    check(uv_loop_close(&loop) == 0);
}
#endif

/* ---- one runtime, two threads ---- */

static atomic_bool is_inside;

static int stay(const wg_view *in, const wg_tensor *out, void *user)
{
    (void)user;
    atomic_store(&is_inside, true);
    while (!atomic_load(&is_open)) usleep(100);
    *(double *)out[0].data = *(const double *)in[0].data;
    return 0;
}

typedef struct reading { wg_runtime *runtime; double out; int status; } reading;

static void *read_slowly(void *user)
{
    reading *own = user;
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_scalar(tape, "x", WG_F64, 7);
    const wg_extern_op op = { .name = "stay", .kernel = stay };
    own->status = wg_item(own->runtime, wg_extern(&op, 1, &x, WG_F64, WG_SCALAR), &own->out);
    wg_tape_free(tape);
    return NULL;
}

Test(host, a_second_thread_in_a_runtime_is_told_so)
{
    reading slow = { .runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 2)) };
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_neg(wg_scalar(tape, "x", WG_F64, 1));
    double out = 0;
    pthread_t thread;
    atomic_store(&is_open, false);
    atomic_store(&is_inside, false);
    check(pthread_create(&thread, NULL, read_slowly, &slow) == 0);
    while (!atomic_load(&is_inside)) usleep(100);
    const int status = wg_item(slow.runtime, x, &out);
    atomic_store(&is_open, true);
    pthread_join(thread, NULL);
    check_status(status, WG_EBUSY);
    check_status(slow.status, WG_OK);
    check_close(slow.out, 7, 0);
    check_status(wg_item(slow.runtime, x, &out), WG_OK);
    check_close(out, -1, 0);
    wg_tape_free(tape);
    wg_runtime_free(slow.runtime);
}
#endif

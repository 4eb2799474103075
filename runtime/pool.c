/* Fork and join on libuv's threads, and errands there; the only file that includes uv.h.
 *
 * A join is a ticket {generation, left}: whoever wants an item takes one off `left` by
 * compare-and-swap. An item is counted as complete after its work; the caller claims too, and
 * then waits for completed items, never for a thread to show up. So a helper that is late,
 * starved or missing costs time and nothing else, and with every helper missing the caller does
 * all of it.
 *
 * The job is read only after an item of it was claimed. It cannot have been replaced by then: the
 * join it belongs to waits for that item. So a helper that slept through a hundred joins does no
 * harm.
 *
 * A helper is one uv_queue_work on a private loop. It stays for a short while after its last
 * item, because the next join is usually microseconds away, and then gives the thread back: a
 * process that exits does not wait for us. While there is always more it goes nevertheless, now
 * and then, and is queued again behind what others want of the pool: so they are not starved. */
#include "runtime/internal.h"

#include <string.h>
#include <uv.h>
#if !defined(_WIN32)
#include <sched.h>
#endif
#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#endif

/* A pause takes 10 to 40 ns, so the first part is some 60 us: the host's own work between two
 * steps. Yielding then leaves the core to whoever needs it. */
enum { PAUSE_COUNT = 2000, YIELD_COUNT = 300 };

/* What a host may have to wait for a thread: as long as a turn of a scheduler. Coming back takes
 * some 20 us of it. */
static const uint64_t STAY_NS = 20 * 1000 * 1000;

/* libuv's own default and limit; and the threads left over for the host's files and names. */
enum { POOL_THREADS_DEFAULT = 4, POOL_THREADS_MAX = 1024, POOL_THREADS_SPARE = 4 };

typedef struct helper {
    uv_work_t request;
    wg__pool *pool;
    int worker;
    bool is_queued;      /* seen by the caller alone */
} helper;

struct wg__pool {
    wg_allocator allocator;
    helper *helper;
    int helper_count;    /* to be had: 0 once it is known that there are none */
    int helper_capacity;
    uv_pid_t owner;
    uv_loop_t loop;
    bool has_loop;
    int returned;        /* helpers that went and that the loop has told of */
    int pauses, yields;  /* of a helper without work, before it goes */
    bool is_pinned;      /* helpers keep to processors of their own */
    atomic_int core;     /* of the caller, at the last wake */

    wg__pool_work *work; /* the job: written before the ticket, read after a claim */
    void *context;
    int64_t count;

    /* Apart, because all threads write to them at once. */
    _Alignas(64) _Atomic uint64_t ticket;
    _Alignas(64) _Atomic int64_t completed;
    _Alignas(64) atomic_int inside;       /* helpers awake */
    atomic_int left;                      /* helpers that went, ever */
    atomic_bool is_stopping;
};

static void relax(void)
{
#if defined(__SSE2__) || defined(_M_X64)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void yield(void)
{
#if defined(_WIN32)
    SwitchToThread();
#else
    sched_yield();
#endif
}

/* ---- claiming ---- */

static uint32_t items_left(uint64_t ticket)
{
    return (uint32_t)ticket;
}

/* Does items until none is left; true if it did any. */
static bool claim_all(wg__pool *pool, int worker)
{
    bool has_worked = false;
    uint64_t ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
    while (items_left(ticket) > 0) {
        if (!atomic_compare_exchange_weak_explicit(&pool->ticket, &ticket, ticket - 1,
                                                   memory_order_acq_rel, memory_order_acquire))
            continue;
        pool->work(pool->context, worker, pool->count - (int64_t)items_left(ticket));
        atomic_fetch_add_explicit(&pool->completed, 1, memory_order_release);
        has_worked = true;
        ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
    }
    return has_worked;
}

/* Claims, and stays as long as there may soon be more; false: it has stayed too long. */
static bool linger(wg__pool *pool, int worker)
{
    const uint64_t begin_ns = uv_hrtime();
    for (int idle = 0; idle < pool->pauses + pool->yields; idle++) {
        if (claim_all(pool, worker)) {
            idle = 0;
            if (uv_hrtime() - begin_ns > STAY_NS) return false;
        }
        if (atomic_load_explicit(&pool->is_stopping, memory_order_relaxed)) break;
        if (idle < pool->pauses) relax();
        else yield();
    }
    return true;
}

static void on_thread(uv_work_t *request)
{
    helper *self = request->data;
    wg__pool *pool = self->pool;
    const wg__float_mode before = wg__float_enter();
    wg__cores cores;
    const bool is_pinned =
        pool->is_pinned && wg__cores_pin(atomic_load(&pool->core), self->worker, &cores);
    bool has_more = true;
    while (has_more) {
        atomic_fetch_add(&pool->inside, 1);
        has_more = linger(pool, self->worker);
        atomic_fetch_sub(&pool->inside, 1);
        /* A join that counted on this helper was published before it was seen to go: look again. */
        has_more = has_more && items_left(atomic_load(&pool->ticket)) > 0;
    }
    if (is_pinned) wg__cores_put_back(&cores);
    wg__float_leave(before);
    atomic_fetch_add(&pool->left, 1);
}

static void on_loop(uv_work_t *request, int status)
{
    (void)status;
    helper *self = request->data;
    self->is_queued = false;
    self->pool->returned++;
}

/* ---- waking ---- */

static int pool_size(void)
{
    char text[16];
    size_t bytes = sizeof text;
    if (uv_os_getenv("UV_THREADPOOL_SIZE", text, &bytes) != 0) return POOL_THREADS_DEFAULT;
    double size;
    if (wg__number_read(text, bytes, &size) == 0 || !(size >= 1)) return 1;
    return size < (double)POOL_THREADS_MAX ? (int)size : POOL_THREADS_MAX;
}

static void wait_at_gate(void *gate)
{
    uv_mutex_lock(gate);
    uv_mutex_unlock(gate);
}

/* libuv aborts the process if it cannot start its threads, so as many are started here first. */
static bool threads_can_start(const wg__pool *pool)
{
    const int wanted = pool_size();
    const size_t bytes = (size_t)wanted * sizeof(uv_thread_t);
    uv_thread_t *thread = wg__allocate(&pool->allocator, bytes);
    uv_mutex_t gate;
    if (thread == NULL) return false;
    int count = 0;
    if (uv_mutex_init(&gate) == 0) {
        uv_mutex_lock(&gate);
        while (count < wanted && uv_thread_create(&thread[count], wait_at_gate, &gate) == 0)
            count++;
        uv_mutex_unlock(&gate);
        for (int i = 0; i < count; i++) uv_thread_join(&thread[i]);
        uv_mutex_destroy(&gate);
    }
    wg__release(&pool->allocator, thread, bytes);
    return count == wanted;
}

static bool pool_open(wg__pool *pool)
{
    if (pool->has_loop) return true;
    if (pool->helper_count > 0 && threads_can_start(pool) && uv_loop_init(&pool->loop) == 0)
        pool->has_loop = true;
    else
        pool->helper_count = 0;
    return pool->has_loop;
}

/* Sees to it that `wanted` helpers are awake or on their way. */
static void pool_wake(wg__pool *pool, int wanted)
{
    if (atomic_load(&pool->inside) >= wanted || !pool_open(pool)) return;
    /* The loop may hear of a helper a little later than it went: then at the next join. */
    if (atomic_load(&pool->left) != pool->returned) uv_run(&pool->loop, UV_RUN_NOWAIT);
    if (pool->is_pinned) atomic_store(&pool->core, wg__cores_here());
    int queued = 0;
    for (int i = 0; i < pool->helper_count; i++) queued += pool->helper[i].is_queued;
    for (int i = 0; i < pool->helper_count && queued < wanted; i++) {
        helper *one = &pool->helper[i];
        if (one->is_queued) continue;
        one->request.data = one;
        if (uv_queue_work(&pool->loop, &one->request, on_thread, on_loop) != 0) return;
        one->is_queued = true;
        queued++;
    }
}

/* ---- the pool ---- */

int wg__pool_cores(void)
{
    return (int)uv_available_parallelism();
}

/* Room for the helpers and some others, unless somebody has said how much. */
static void pool_size_choose(int threads)
{
    char text[32];
    size_t bytes = sizeof text;
    if (uv_os_getenv("UV_THREADPOOL_SIZE", text, &bytes) != UV_ENOENT) return;
    wg__number_text(threads - 1 + POOL_THREADS_SPARE, text);
    uv_os_setenv("UV_THREADPOOL_SIZE", text);
}

wg__pool *wg__pool_create(const wg_allocator *allocator, int threads, wg__pool_options options)
{
    WG_ASSERT(threads >= 1);
    wg__pool *pool = wg__allocate_zeroed(allocator, sizeof *pool);
    if (pool == NULL) return NULL;
    pool->allocator = *allocator;
    pool->pauses = PAUSE_COUNT;
    pool->yields = YIELD_COUNT;
    pool->helper_capacity = threads - 1;
    const size_t bytes = (size_t)(threads - 1) * sizeof(helper);
    pool->helper = wg__allocate_zeroed(allocator, bytes);
    if (pool->helper == NULL) {
        wg__release(allocator, pool, sizeof *pool);
        return NULL;
    }
    for (int i = 0; i < threads - 1; i++)
        pool->helper[i] = (helper){ .pool = pool, .worker = i + 1 };
    if (threads == 1) return pool;

    pool->helper_count = threads - 1;
    pool->owner = uv_os_getpid();
    pool->is_pinned = options.pins;
    if (!options.keeps_size) pool_size_choose(threads);
    return pool;
}

void wg__pool_begin(wg__pool *pool)
{
    if (pool->helper_count == 0 || uv_os_getpid() == pool->owner) return;
    /* A child has the memory of its parent's helpers, but not their threads. */
    pool->helper_count = 0;
    pool->has_loop = false;
}

bool wg__pool_is_hot(wg__pool *pool)
{
    return pool->helper_count > 0 && atomic_load(&pool->inside) > 0;
}

void wg__pool_run(wg__pool *pool, int64_t count, wg__pool_work *work, void *context)
{
    WG_ASSERT(count >= 0 && count <= UINT32_MAX);
    if (pool->helper_count == 0 || count <= 1) {
        for (int64_t i = 0; i < count; i++) work(context, 0, i);
        return;
    }
    pool->work = work;
    pool->context = context;
    pool->count = count;
    atomic_store_explicit(&pool->completed, 0, memory_order_relaxed);
    const uint64_t generation = (atomic_load(&pool->ticket) >> 32) + 1;
    atomic_store(&pool->ticket, generation << 32 | (uint64_t)count);

    pool_wake(pool, count - 1 < pool->helper_count ? (int)(count - 1) : pool->helper_count);
    claim_all(pool, 0);
    for (int idle = 0; atomic_load_explicit(&pool->completed, memory_order_acquire) < count;) {
        if (idle < PAUSE_COUNT) {
            relax();
            idle++;
        } else {
            yield();
        }
    }
}

/* ---- errands ----
 *
 * A piece belongs to whoever moves its state from waiting to taken: a thread of libuv's pool, or
 * the caller who can wait no longer. A request that libuv still holds finds the next piece instead,
 * or nothing. */

enum { ERRAND_NONE, ERRAND_WAITING, ERRAND_TAKEN, ERRAND_DONE };

struct wg__errand {
    wg_allocator allocator;
    uv_loop_t loop;
    uv_work_t request;
    uv_pid_t owner;
    bool has_loop;       /* else the caller does everything */
    bool is_queued;      /* seen by the caller alone */
    wg__errand_work *work;
    void *context;
    atomic_int state;
};

/* Does the piece if it is still to be had. */
static void errand_claim(wg__errand *errand)
{
    int waiting = ERRAND_WAITING;
    if (!atomic_compare_exchange_strong(&errand->state, &waiting, ERRAND_TAKEN)) return;
    const wg__float_mode before = wg__float_enter();
    errand->work(errand->context);
    wg__float_leave(before);
    atomic_store(&errand->state, ERRAND_DONE);
}

static void errand_on_thread(uv_work_t *request)
{
    errand_claim(request->data);
}

static void errand_on_loop(uv_work_t *request, int status)
{
    (void)status;
    wg__errand *errand = request->data;
    errand->is_queued = false;
}

/* A child has the memory of its parent's piece, but not the thread that works on it: the piece is
 * done anew. */
static void errand_adopt(wg__errand *errand)
{
    if (!errand->has_loop || uv_os_getpid() == errand->owner) return;
    errand->has_loop = false;
    if (atomic_load(&errand->state) == ERRAND_TAKEN) atomic_store(&errand->state, ERRAND_WAITING);
}

wg__errand *wg__errand_create(const wg_allocator *allocator, wg__pool *pool)
{
    wg__errand *errand = wg__allocate_zeroed(allocator, sizeof *errand);
    if (errand == NULL) return NULL;
    errand->allocator = *allocator;
    errand->owner = uv_os_getpid();
    errand->request.data = errand;
    wg__pool_begin(pool);
    errand->has_loop =
        pool->helper_count > 0 && pool_open(pool) && uv_loop_init(&errand->loop) == 0;
    return errand;
}

void wg__errand_wait(wg__errand *errand)
{
    errand_adopt(errand);
    errand_claim(errand);
    /* Somebody else has it. The loop hears of it when it is done. */
    while (atomic_load(&errand->state) == ERRAND_TAKEN) uv_run(&errand->loop, UV_RUN_ONCE);
    atomic_store(&errand->state, ERRAND_NONE);
}

void wg__errand_start(wg__errand *errand, wg__errand_work *work, void *context)
{
    wg__errand_wait(errand);
    errand->work = work;
    errand->context = context;
    atomic_store(&errand->state, ERRAND_WAITING);
    if (!errand->has_loop) return;
    if (errand->is_queued) uv_run(&errand->loop, UV_RUN_NOWAIT);
    if (errand->is_queued) return;
    errand->is_queued = uv_queue_work(&errand->loop, &errand->request, errand_on_thread,
                                      errand_on_loop) == 0;
}

void wg__errand_free(wg__errand *errand)
{
    if (errand == NULL) return;
    wg__errand_wait(errand);
    const wg_allocator allocator = errand->allocator;
    if (errand->has_loop) {
        if (errand->is_queued) uv_cancel((uv_req_t *)&errand->request);
        uv_run(&errand->loop, UV_RUN_DEFAULT);
        const int status = uv_loop_close(&errand->loop);
        WG_ASSERT(status == 0);
        (void)status;
    }
    wg__release(&allocator, errand, sizeof *errand);
}

void wg__pool_free(wg__pool *pool)
{
    if (pool == NULL) return;
    wg__pool_begin(pool);
    if (pool->has_loop) {
        atomic_store(&pool->is_stopping, true);
        for (int i = 0; i < pool->helper_capacity; i++)
            if (pool->helper[i].is_queued) uv_cancel((uv_req_t *)&pool->helper[i].request);
        uv_run(&pool->loop, UV_RUN_DEFAULT);
        const int status = uv_loop_close(&pool->loop);
        WG_ASSERT(status == 0);
        (void)status;
    }
    const wg_allocator allocator = pool->allocator;
    wg__release(&allocator, pool->helper, (size_t)pool->helper_capacity * sizeof(helper));
    wg__release(&allocator, pool, sizeof *pool);
}

/* A runtime: its threads, its memory, its cache. One thread runs on it at a time; a second gets
 * WG_EBUSY. Programs hold it, so that it may be freed before them. */
#include "runtime/internal.h"

#include <stdlib.h>
#include <string.h>

static const size_t CACHE_BYTES_DEFAULT = (size_t)256 * 1024 * 1024;
/* As many threads as libuv's pool can have. */
enum { THREADS_MAX = 1024 };

static int threads_choose(const wg_runtime_options *options)
{
    int threads = options->threads;
    const char *text = getenv("WENGERT_THREADS");
    if (threads == 0 && text != NULL) threads = atoi(text);
    if (threads <= 0) threads = wg__pool_cores();
    return threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
}

static bool options_are_valid(const wg_runtime_options *options)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++)
        if (options->reserved[i] != 0) return false;
    const wg_allocator *allocator = options->allocator;
    if (allocator != NULL && (allocator->allocate == NULL || allocator->release == NULL))
        return false;
    return options->threads >= 0;
}

static void runtime_release(wg_runtime *runtime)
{
    const wg_allocator allocator = runtime->allocator;
    wg__cache_free(runtime);
    wg__pool_free(runtime->pool);
    for (int i = 0; runtime->worker != NULL && i < runtime->threads; i++) {
        wg__worker *worker = &runtime->worker[i];
        wg__release(&allocator, worker->kernel_scratch, WG__SCRATCH_BYTES);
        wg__release(&allocator, worker->scratch, worker->scratch_bytes);
        wg__release(&allocator, worker->array, worker->array_bytes);
        wg__release(&allocator, worker->address, worker->address_bytes);
    }
    wg__release(&allocator, runtime->worker, (size_t)runtime->threads * sizeof *runtime->worker);
    wg__release(&allocator, runtime->workspace, runtime->workspace_bytes);
    wg__release(&allocator, runtime->key, (size_t)runtime->key_capacity);
    wg__release(&allocator, runtime->wanted,
                (size_t)runtime->wanted_capacity * sizeof *runtime->wanted);
    wg__release(&allocator, runtime->locked,
                (size_t)runtime->locked_capacity * sizeof *runtime->locked);
    wg__release(&allocator, runtime->created,
                (size_t)runtime->created_capacity * sizeof *runtime->created);
    wg__release(&allocator, runtime, sizeof *runtime);
}

static bool runtime_fill(wg_runtime *runtime, const wg_runtime_options *options)
{
    const wg_allocator *allocator = &runtime->allocator;
    runtime->threads = threads_choose(options);
    runtime->kernels = wg__kernels_of(wg__level_choose(getenv("WENGERT_LEVEL")));
    const char *plan = getenv("WENGERT_PLAN");
    runtime->is_plain = plan != NULL && strcmp(plan, "plain") == 0;
    runtime->cache_bytes_max =
        options->cache_bytes > 0 ? options->cache_bytes : CACHE_BYTES_DEFAULT;
    runtime->worker = wg__allocate_zeroed(allocator,
                                          (size_t)runtime->threads * sizeof *runtime->worker);
    if (runtime->worker == NULL) return false;
    for (int i = 0; i < runtime->threads; i++) {
        runtime->worker[i].kernel_scratch = wg__allocate(allocator, WG__SCRATCH_BYTES);
        if (runtime->worker[i].kernel_scratch == NULL) return false;
    }
    const wg__pool_options of_pool = { .keeps_size = options->keep_pool_size,
                                       .pins = options->pin };
    runtime->pool = wg__pool_create(allocator, runtime->threads, of_pool);
    return runtime->pool != NULL;
}

wg_runtime *wg_runtime_create(const wg_runtime_options *options)
{
    const wg_runtime_options chosen = options != NULL ? *options : (wg_runtime_options){ 0 };
    if (!options_are_valid(&chosen)) return NULL;
    const wg_allocator allocator = wg__allocator_or_default(chosen.allocator);
    wg_runtime *runtime = wg__allocate_zeroed(&allocator, sizeof *runtime);
    if (runtime == NULL) return NULL;
    runtime->allocator = allocator;
    atomic_init(&runtime->references, 1);
    if (!runtime_fill(runtime, &chosen)) {
        runtime_release(runtime);
        return NULL;
    }
    return runtime;
}

void wg__runtime_hold(wg_runtime *runtime)
{
    atomic_fetch_add(&runtime->references, 1);
}

void wg__runtime_drop(wg_runtime *runtime)
{
    if (atomic_fetch_sub(&runtime->references, 1) == 1) runtime_release(runtime);
}

void wg_runtime_free(wg_runtime *runtime)
{
    if (runtime != NULL) wg__runtime_drop(runtime);
}

int wg_runtime_cancel(wg_runtime *runtime)
{
    if (runtime == NULL) return WG_EINVALID;
    atomic_store(&runtime->is_cancelled, true);
    return WG_OK;
}

int wg__runtime_enter(wg_runtime *runtime, wg__float_mode *before)
{
    if (atomic_exchange(&runtime->is_busy, true)) return WG_EBUSY;
    /* A cancel meant an earlier run. */
    atomic_store(&runtime->is_cancelled, false);
    runtime->created_count = 0;
    wg__pool_begin(runtime->pool);
    *before = wg__float_enter();
    return WG_OK;
}

void wg__runtime_leave(wg_runtime *runtime, wg__float_mode before)
{
    wg__float_leave(before);
    atomic_store(&runtime->is_busy, false);
}

/* Replaces a block that is smaller than needed; what it holds is not kept. */
static int block_reserve(const wg_allocator *allocator, void **block, size_t *bytes, size_t needed)
{
    if (needed <= *bytes) return WG_OK;
    void *larger = wg__allocate(allocator, needed);
    if (larger == NULL) return WG_EMEMORY;
    wg__release(allocator, *block, *bytes);
    *block = larger;
    *bytes = needed;
    return WG_OK;
}

int wg__runtime_reserve(wg_runtime *runtime, size_t workspace_bytes, size_t scratch_bytes,
                        int64_t array_count, int64_t address_count)
{
    const wg_allocator *allocator = &runtime->allocator;
    const size_t array_bytes = (size_t)array_count * sizeof(wg__array);
    const size_t address_bytes = (size_t)address_count * sizeof(void *);
    WG_TRY(block_reserve(allocator, &runtime->workspace, &runtime->workspace_bytes,
                         workspace_bytes));
    for (int i = 0; i < runtime->threads; i++) {
        wg__worker *worker = &runtime->worker[i];
        WG_TRY(block_reserve(allocator, &worker->scratch, &worker->scratch_bytes, scratch_bytes));
        WG_TRY(block_reserve(allocator, (void **)&worker->array, &worker->array_bytes,
                             array_bytes));
        WG_TRY(block_reserve(allocator, (void **)&worker->address, &worker->address_bytes,
                             address_bytes));
    }
    return WG_OK;
}

/* Frames by key. A hash finds a candidate and the bytes of the key confirm it, so that a broken
 * hash would cost time and nothing else. When the cache is full, what was not used for longest
 * goes first. */
#include "runtime/internal.h"

#include <string.h>

static wg__cached **bucket_of(wg_runtime *runtime, const wg__hash *hash)
{
    return &runtime->bucket[hash->word[0] % WG__CACHE_BUCKETS];
}

/* ---- the list by age ---- */

static void list_remove(wg_runtime *runtime, wg__cached *item)
{
    if (item->newer != NULL) item->newer->older = item->older;
    else runtime->newest = item->older;
    if (item->older != NULL) item->older->newer = item->newer;
    else runtime->oldest = item->newer;
    item->newer = item->older = NULL;
}

static void list_add(wg_runtime *runtime, wg__cached *item)
{
    item->older = runtime->newest;
    if (runtime->newest != NULL) runtime->newest->newer = item;
    else runtime->oldest = item;
    runtime->newest = item;
}

/* ---- items ---- */

static wg__cached *item_find(wg_runtime *runtime, const wg__hash *hash)
{
    wg__cached *item = *bucket_of(runtime, hash);
    for (; item != NULL; item = item->next)
        if (item->hash.word[0] == hash->word[0] && item->hash.word[1] == hash->word[1] &&
            item->key_bytes == runtime->key_bytes &&
            memcmp(item->key, runtime->key, (size_t)item->key_bytes) == 0)
            break;
    return item;
}

static void item_free(wg_runtime *runtime, wg__cached *item)
{
    wg__frame_free(item->frame);
    wg__release(&runtime->allocator, item->key, (size_t)item->key_bytes);
    wg__release(&runtime->allocator, item, sizeof *item);
}

static void item_evict(wg_runtime *runtime, wg__cached *item)
{
    wg__cached **link = bucket_of(runtime, &item->hash);
    while (*link != item) link = &(*link)->next;
    *link = item->next;
    list_remove(runtime, item);
    runtime->cache_bytes -= item->bytes;
    item_free(runtime, item);
}

static int item_fill(wg_runtime *runtime, const wg__wanted *wanted, wg__cached *item)
{
    item->key = wg__allocate(&runtime->allocator, (size_t)runtime->key_bytes);
    if (item->key == NULL) return WG_EMEMORY;
    item->key_bytes = runtime->key_bytes;
    memcpy(item->key, runtime->key, (size_t)runtime->key_bytes);
    wg__plan *plan = NULL;
    WG_TRY(wg__plan_create(runtime, wanted, &plan));
    const wg__bytes prefix = { runtime->key, (size_t)runtime->key_prefix };
    plan->fingerprint = wg__hash_of(&prefix, 1);
    const int status = wg__frame_create(runtime, plan, &item->frame);
    wg__plan_drop(plan);
    return status;
}

static int item_make(wg_runtime *runtime, const wg__wanted *wanted, const wg__hash *hash,
                     wg__cached **out)
{
    wg__cached *item = wg__allocate_zeroed(&runtime->allocator, sizeof *item);
    if (item == NULL) return WG_EMEMORY;
    item->hash = *hash;
    const int status = item_fill(runtime, wanted, item);
    if (status < 0) {
        item_free(runtime, item);
        return status;
    }
    const wg__plan *plan = item->frame->plan;
    item->bytes = sizeof *item + (size_t)item->key_bytes + item->frame->bytes +
                  (size_t)plan->value_count * sizeof *plan->value;
    *out = item;
    return WG_OK;
}

int wg__cache_frame(wg_runtime *runtime, const wg__wanted *wanted, wg__frame **out)
{
    WG_TRY(wg__key_write(runtime, wanted));
    const wg__bytes key = { runtime->key, (size_t)runtime->key_bytes };
    const wg__hash hash = wg__hash_of(&key, 1);
    wg__cached *item = item_find(runtime, &hash);
    if (item != NULL) {
        runtime->hit_count++;
        list_remove(runtime, item);
    } else {
        runtime->miss_count++;
        WG_TRY(item_make(runtime, wanted, &hash, &item));
        wg__cached **bucket = bucket_of(runtime, &hash);
        item->next = *bucket;
        *bucket = item;
        runtime->cache_bytes += item->bytes;
    }
    list_add(runtime, item);
    while (runtime->cache_bytes > runtime->cache_bytes_max && runtime->oldest != item)
        item_evict(runtime, runtime->oldest);
    *out = item->frame;
    return WG_OK;
}

void wg__cache_free(wg_runtime *runtime)
{
    while (runtime->oldest != NULL) item_evict(runtime, runtime->oldest);
}

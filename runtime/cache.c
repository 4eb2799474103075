/* Frames by key. A hash finds a candidate and the bytes of the key confirm it, so that a broken
 * hash would cost time and nothing else; a tape that follows knows its key, and one address needs
 * no comparison. When the cache is full, what was not used for longest
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

static bool key_is(const wg__key *key, const wg__hash *hash, const void *data, int64_t bytes)
{
    if (key->data == data) return true;
    return key->hash.word[0] == hash->word[0] && key->hash.word[1] == hash->word[1] &&
           key->bytes == bytes && memcmp(key->data, data, (size_t)bytes) == 0;
}

static wg__cached *item_find(wg_runtime *runtime, const wg__hash *hash, const void *data,
                             int64_t bytes)
{
    wg__cached *item = *bucket_of(runtime, hash);
    while (item != NULL && (item->is_plain != runtime->is_plain ||
                            item->shard_rows_test != runtime->shard_rows_test ||
                            !key_is(item->key, hash, data, bytes)))
        item = item->next;
    return item;
}

static void item_free(wg_runtime *runtime, wg__cached *item)
{
    wg__frame_free(item->frame);
    wg__key_drop(item->key);
    wg__release(&runtime->allocator, item, sizeof *item);
}

static void item_evict(wg_runtime *runtime, wg__cached *item)
{
    wg__cached **link = bucket_of(runtime, &item->key->hash);
    while (*link != item) link = &(*link)->next;
    *link = item->next;
    list_remove(runtime, item);
    runtime->cache_bytes -= item->bytes;
    runtime->cache_count--;
    item_free(runtime, item);
}

static int item_fill(wg_runtime *runtime, const wg__wanted *wanted, wg__cached *item)
{
    wg__plan *plan = NULL;
    WG_TRY(wg__plan_create(runtime, wanted, &plan));
    plan->fingerprint = item->key->hash;
    const int status = wg__frame_create(runtime, plan, &item->frame);
    wg__plan_drop(plan);
    return status;
}

static int item_make(wg_runtime *runtime, const wg__wanted *wanted, wg__key *key, wg__cached **out)
{
    wg__cached *item = wg__allocate_zeroed(&runtime->allocator, sizeof *item);
    if (item == NULL) return WG_EMEMORY;
    item->key = key;
    wg__key_hold(key);
    item->is_plain = runtime->is_plain;
    item->shard_rows_test = runtime->shard_rows_test;
    const int status = item_fill(runtime, wanted, item);
    if (status < 0) {
        item_free(runtime, item);
        return status;
    }
    const wg__plan *plan = item->frame->plan;
    item->bytes = sizeof *item + (size_t)key->bytes + item->frame->bytes +
                  (size_t)plan->value_count * sizeof *plan->value;
    *out = item;
    return WG_OK;
}

static int item_enter(wg_runtime *runtime, const wg__wanted *wanted, wg__key *key,
                      wg__cached **out)
{
    wg__cached *item;
    WG_TRY(item_make(runtime, wanted, key, &item));
    wg__cached **bucket = bucket_of(runtime, &key->hash);
    item->next = *bucket;
    *bucket = item;
    runtime->cache_bytes += item->bytes;
    runtime->cache_count++;
    *out = item;
    return WG_OK;
}

/* The item of a key, made if it is new: now the newest. */
static int item_get(wg_runtime *runtime, const wg__wanted *wanted, wg__key *key, wg__cached *found,
                    wg__cached **out)
{
    wg__cached *item = found;
    if (item != NULL) {
        runtime->hit_count++;
        list_remove(runtime, item);
    } else {
        runtime->miss_count++;
        WG_TRY(item_enter(runtime, wanted, key, &item));
        wg__advice_of_miss(runtime, wanted->tape, key);
    }
    list_add(runtime, item);
    while (runtime->cache_bytes > runtime->cache_bytes_max && runtime->oldest != item)
        item_evict(runtime, runtime->oldest);
    *out = item;
    return WG_OK;
}

/* Of a recording whose key is not known yet. */
static int item_of_recording(wg_runtime *runtime, const wg__wanted *wanted, wg__cached **out)
{
    WG_TRY(wg__key_write(runtime, wanted));
    const wg__bytes bytes = { runtime->key, (size_t)runtime->key_bytes };
    const wg__hash hash = wg__hash_of(&bytes, 1);
    wg__cached *found = item_find(runtime, &hash, runtime->key, runtime->key_bytes);
    if (found != NULL) return item_get(runtime, wanted, found->key, found, out);
    wg__key *key = wg__key_create(&runtime->allocator, runtime->key, runtime->key_bytes, &hash);
    if (key == NULL) return WG_EMEMORY;
    const int status = item_get(runtime, wanted, key, NULL, out);
    wg__key_drop(key);
    return status;
}

int wg__cache_frame(wg_runtime *runtime, wg_tape *tape, const wg__wanted *wanted,
                    wg__frame **out)
{
    wg__cached *item;
    wg__key *known =
        wg__tape_key_known(tape, wanted->node, wanted->count, wanted->with_effects);
    if (known == NULL) {
        WG_TRY(item_of_recording(runtime, wanted, &item));
        WG_TRY(wg__tape_asked(tape, wanted->node, wanted->count, wanted->with_effects, item->key));
    } else {
        wg__cached *found = item_find(runtime, &known->hash, known->data, known->bytes);
        WG_TRY(item_get(runtime, wanted, known, found, &item));
    }
    *out = item->frame;
    return WG_OK;
}

int wg_runtime_cache(const wg_runtime *runtime, wg_cache_statistics *out)
{
    if (runtime == NULL || out == NULL) return WG_EINVALID;
    *out = (wg_cache_statistics){ .hits = runtime->hit_count,
                                  .misses = runtime->miss_count,
                                  .programs = runtime->cache_count,
                                  .bytes = runtime->cache_bytes };
    return WG_OK;
}

void wg__cache_free(wg_runtime *runtime)
{
    if (runtime->missed != NULL) wg__key_drop(runtime->missed);
    while (runtime->oldest != NULL) item_evict(runtime, runtime->oldest);
}

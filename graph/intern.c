/* Interned tables: equal runs of words have one id, given in order of first use.
 *
 * Open addressing over a hash of the words; a bucket holds id + 1. The words themselves are
 * compared, so a bad hash costs time only. At most half of the buckets are taken: a probe always
 * ends. */
#include "graph/tape.h"
#include <string.h>

enum { FIRST_BUCKETS = 64 };   /* a small model's shapes; must be a power of two */

static uint64_t words_hash(const int64_t *word, int64_t count)
{
    uint64_t h = (uint64_t)count + 1;
    for (int64_t i = 0; i < count; i++) {
        h = (h ^ (uint64_t)word[i]) * 0x9E3779B97F4A7C15u;   /* 2^64 over the golden ratio, odd */
        h ^= h >> 32;
    }
    return h;
}

static bool words_equal(const wg__words *item, const int64_t *word, int64_t count)
{
    if (item->count != count) return false;
    for (int64_t i = 0; i < count; i++)
        if (item->word[i] != word[i]) return false;
    return true;
}

/* The bucket of these words, or the empty one where they belong. */
static int64_t bucket_find(const wg__table *table, const int64_t *word, int64_t count)
{
    const int64_t last = table->bucket_count - 1;
    int64_t at = (int64_t)(words_hash(word, count) & (uint64_t)last);
    while (table->bucket[at] != 0 &&
           !words_equal(&table->item[table->bucket[at] - 1], word, count))
        at = (at + 1) & last;
    return at;
}

/* Doubles the buckets; without memory the table stays as it was. */
static int buckets_grow(wg__table *table, const wg_allocator *allocator)
{
    const int64_t old_count = table->bucket_count;
    const int64_t count = old_count > 0 ? 2 * old_count : FIRST_BUCKETS;
    uint32_t *bucket = wg__allocate_zeroed(allocator, (size_t)count * sizeof *bucket);
    if (bucket == NULL) return WG_EMEMORY;
    wg__release(allocator, table->bucket, (size_t)old_count * sizeof *bucket);
    table->bucket = bucket;
    table->bucket_count = count;
    wg__table_cut(table);
    return WG_OK;
}

uint32_t wg__table_find(const wg__table *table, const int64_t *word, int64_t count)
{
    if (table->bucket_count == 0) return WG__NONE;
    const int64_t at = bucket_find(table, word, count);
    return table->bucket[at] != 0 ? table->bucket[at] - 1 : WG__NONE;
}

uint32_t wg__table_intern(wg__table *table, const wg_allocator *allocator, wg__arena *arena,
                          const int64_t *word, int64_t count)
{
    WG_ASSERT(count >= 0 && table->count < WG__NONE - 1);
    if (2 * (table->count + 1) > table->bucket_count &&
        buckets_grow(table, allocator) < 0)
        return WG__NONE;
    const int64_t at = bucket_find(table, word, count);
    if (table->bucket[at] != 0) return table->bucket[at] - 1;

    if (wg__grow(allocator, (void **)&table->item, &table->capacity, table->count + 1,
                 sizeof *table->item) < 0)
        return WG__NONE;
    int64_t *copy = wg__arena_take(arena, (size_t)count * sizeof *copy);
    if (copy == NULL) return WG__NONE;
    for (int64_t i = 0; i < count; i++) copy[i] = word[i];
    table->item[table->count] = (wg__words){ .word = copy, .count = count };
    table->bucket[at] = (uint32_t)++table->count;
    return table->bucket[at] - 1;
}

static void buckets_fill(wg__table *table)
{
    if (table->bucket_count > 0)
        memset(table->bucket, 0, (size_t)table->bucket_count * sizeof *table->bucket);
    for (int64_t i = 0; i < table->count; i++) {
        const wg__words *item = &table->item[i];
        table->bucket[bucket_find(table, item->word, item->count)] = (uint32_t)i + 1;
    }
}

void wg__table_cut(wg__table *table)
{
    buckets_fill(table);
}

void wg__table_clear(wg__table *table)
{
    table->count = 0;
    buckets_fill(table);
}

void wg__table_free(wg__table *table, const wg_allocator *allocator)
{
    wg__release(allocator, table->item, (size_t)table->capacity * sizeof *table->item);
    wg__release(allocator, table->bucket, (size_t)table->bucket_count * sizeof *table->bucket);
    *table = (wg__table){ 0 };
}

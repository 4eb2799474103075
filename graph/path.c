/* Paths of a tape: each has one id, under which inputs, parameters, notes and draws of that name
 * are found. Id 0 is the root, the empty path. The path of a child is its parent's, a '/', its
 * name; it is compared in these parts, so that finding one builds no text. */
#include "graph/tape.h"
#include <string.h>

enum { FIRST_BUCKETS = 64 };   /* a power of two */

static uint64_t text_hash(uint64_t h, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001B3u;   /* FNV-1a, 64 bits */
    return h;
}

/* The root's children have no '/' before them. */
static uint64_t path_hash(const char *parent, size_t parent_length, const char *name)
{
    uint64_t h = text_hash(0xCBF29CE484222325u, parent, parent_length);
    if (parent_length > 0) h = text_hash(h, "/", 1);
    return text_hash(h, name, strlen(name));
}

static bool path_equal(const char *path, const char *parent, size_t parent_length,
                       const char *name)
{
    if (parent_length == 0) return strcmp(path, name) == 0;
    return strncmp(path, parent, parent_length) == 0 && path[parent_length] == '/' &&
           strcmp(path + parent_length + 1, name) == 0;
}

static int64_t bucket_find(const wg_tape *tape, const char *parent, size_t parent_length,
                           const char *name)
{
    const uint64_t last = (uint64_t)tape->scope_bucket_count - 1;
    uint64_t at = path_hash(parent, parent_length, name) & last;
    while (tape->scope_bucket[at] != 0 && !path_equal(tape->scope[tape->scope_bucket[at] - 1].path,
                                                      parent, parent_length, name))
        at = (at + 1) & last;
    return (int64_t)at;
}

void wg__tape_paths_cut(wg_tape *tape)
{
    memset(tape->scope_bucket, 0, (size_t)tape->scope_bucket_count * sizeof *tape->scope_bucket);
    for (int64_t i = 0; i < tape->scope_count; i++)
        tape->scope_bucket[bucket_find(tape, "", 0, tape->scope[i].path)] = (uint32_t)i + 1;
}

static int buckets_grow(wg_tape *tape)
{
    const int64_t old_count = tape->scope_bucket_count;
    const int64_t count = old_count > 0 ? 2 * old_count : FIRST_BUCKETS;
    uint32_t *bucket = wg__allocate_zeroed(&tape->allocator, (size_t)count * sizeof *bucket);
    if (bucket == NULL) return wg__tape_no_memory(tape);
    wg__release(&tape->allocator, tape->scope_bucket, (size_t)old_count * sizeof *bucket);
    tape->scope_bucket = bucket;
    tape->scope_bucket_count = count;
    wg__tape_paths_cut(tape);
    return WG_OK;
}

/* parent/name in the arena; NULL without memory. */
static char *path_make(wg_tape *tape, const char *parent, size_t parent_length, const char *name)
{
    const size_t name_length = strlen(name), join = parent_length > 0 ? 1 : 0;
    char *path = wg__arena_take(&tape->kept, parent_length + join + name_length + 1);
    if (path == NULL) {
        wg__tape_no_memory(tape);
        return NULL;
    }
    memcpy(path, parent, parent_length);
    if (join > 0) path[parent_length] = '/';
    memcpy(path + parent_length + join, name, name_length + 1);
    return path;
}

void wg__scope_item_clear(wg_tape *tape, int64_t id)
{
    wg__scope_item *item = &tape->scope[id];
    item->input = item->version = item->note = item->draw = WG__NONE;
}

/* Appends the path and enters it into its bucket. */
static uint32_t path_add(wg_tape *tape, char *path, int64_t bucket)
{
    if (wg__grow(&tape->allocator, (void **)&tape->scope, &tape->scope_capacity,
                 tape->scope_count + 1, sizeof *tape->scope) < 0) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    tape->scope[tape->scope_count].path = path;
    wg__scope_item_clear(tape, tape->scope_count);
    tape->scope_bucket[bucket] = (uint32_t)++tape->scope_count;
    return (uint32_t)tape->scope_count - 1;
}

/* The path if it is there or the ghost's next, which is then taken; else the ghost is left. */
static uint32_t path_follow(wg_tape *tape, int64_t bucket, bool make)
{
    const uint32_t found = tape->scope_bucket[bucket] - 1;   /* of none: WG__NONE */
    if (found < tape->scope_count) return found;
    if (!make) return WG__NONE;
    if (!wg__ghost_takes(tape, WG__SCOPES, found == tape->scope_count)) return WG__NONE;
    wg__scope_item_clear(tape, found);
    return found;
}

uint32_t wg__tape_path(wg_tape *tape, uint32_t parent, const char *name, bool make)
{
    WG_ASSERT(parent < tape->scope_count);
    const char *above = tape->scope[parent].path;
    const size_t length = strlen(above);
    int64_t bucket = bucket_find(tape, above, length, name);
    const uint32_t found = path_follow(tape, bucket, make);
    if (found != WG__NONE || !make) return found;
    if (2 * (tape->scope_count + 1) > tape->scope_bucket_count && buckets_grow(tape) < 0)
        return WG__NONE;
    bucket = bucket_find(tape, above, length, name);
    char *path = path_make(tape, above, length, name);
    return path == NULL ? WG__NONE : path_add(tape, path, bucket);
}

int wg__tape_paths_reset(wg_tape *tape)
{
    tape->scope_count = 0;
    if (tape->scope_bucket_count == 0) WG_TRY(buckets_grow(tape));
    wg__tape_paths_cut(tape);
    char *root = wg__arena_string(&tape->kept, "");
    if (root == NULL) return wg__tape_no_memory(tape);
    const uint32_t id = path_add(tape, root, bucket_find(tape, "", 0, ""));
    if (id == WG__NONE) return WG_EMEMORY;
    WG_ASSERT(id == 0);
    return WG_OK;
}

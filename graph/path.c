/* Paths of a tape: each has one id, under which inputs, parameters, notes and draws of that name
 * are found. Id 0 is the root, the empty path. The path of a child is its parent's, a '/', its
 * name; it is compared in these parts, so that finding one builds no text, and its hash goes on
 * from its parent's. */
#include "graph/tape.h"
#include <string.h>

enum { FIRST_BUCKETS = 64 };   /* a power of two */

static uint64_t text_hash(uint64_t h, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001B3u;   /* FNV-1a, 64 bits */
    return h;
}

static const uint64_t ROOT_HASH = 0xCBF29CE484222325u;

/* A path to be found or made: name below parent, with its hash and length. */
typedef struct child {
    const wg__scope_item *parent;
    const char *name;
    size_t name_length, length;
    uint64_t hash;
} child;

/* The root's children have no '/' before them. */
static child child_of(const wg__scope_item *parent, const char *name)
{
    const size_t length = strlen(name), join = parent->length > 0 ? 1 : 0;
    return (child){ .parent = parent,
                    .name = name,
                    .name_length = length,
                    .length = parent->length + join + length,
                    .hash = text_hash(text_hash(parent->hash, "/", join), name, length) };
}

static bool item_is(const wg__scope_item *item, const child *c)
{
    const size_t start = c->length - c->name_length;
    return item->hash == c->hash && item->length == c->length &&
           memcmp(item->path, c->parent->path, c->parent->length) == 0 &&
           memcmp(item->path + start, c->name, c->name_length) == 0 &&
           (start == 0 || item->path[start - 1] == '/');
}

static int64_t bucket_find(const wg_tape *tape, const child *c)
{
    const uint64_t last = (uint64_t)tape->scope_bucket_count - 1;
    uint64_t at = c->hash & last;
    while (tape->scope_bucket[at] != 0 && !item_is(&tape->scope[tape->scope_bucket[at] - 1], c))
        at = (at + 1) & last;
    return (int64_t)at;
}

/* Of a path that is not there yet. */
static int64_t bucket_free(const wg_tape *tape, uint64_t hash)
{
    const uint64_t last = (uint64_t)tape->scope_bucket_count - 1;
    uint64_t at = hash & last;
    while (tape->scope_bucket[at] != 0) at = (at + 1) & last;
    return (int64_t)at;
}

void wg__tape_paths_cut(wg_tape *tape)
{
    memset(tape->scope_bucket, 0, (size_t)tape->scope_bucket_count * sizeof *tape->scope_bucket);
    for (int64_t i = 0; i < tape->scope_count; i++)
        tape->scope_bucket[bucket_free(tape, tape->scope[i].hash)] = (uint32_t)i + 1;
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

/* parent/name; NULL without memory. */
static char *path_make(wg_tape *tape, const child *c)
{
    const size_t start = c->length - c->name_length;
    char *path = wg__arena_take(&tape->kept, c->length + 1);
    if (path == NULL) {
        wg__tape_no_memory(tape);
        return NULL;
    }
    memcpy(path, c->parent->path, c->parent->length);
    if (start > 0) path[start - 1] = '/';
    memcpy(path + start, c->name, c->name_length + 1);
    return path;
}

void wg__scope_item_clear(wg_tape *tape, int64_t id)
{
    wg__scope_item *item = &tape->scope[id];
    item->input = item->version = item->note = item->draw = WG__NONE;
}

/* Appends the path and enters it into its bucket. */
static uint32_t path_add(wg_tape *tape, uint32_t parent, char *path, size_t length,
                         uint64_t hash)
{
    if (wg__grow(&tape->allocator, (void **)&tape->scope, &tape->scope_capacity,
                 tape->scope_count + 1, sizeof *tape->scope) < 0) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    wg__scope_item *item = &tape->scope[tape->scope_count];
    item->parent = parent;
    item->path = path;
    item->length = length;
    item->hash = hash;
    wg__scope_item_clear(tape, tape->scope_count);
    tape->scope_bucket[bucket_free(tape, hash)] = (uint32_t)++tape->scope_count;
    return (uint32_t)tape->scope_count - 1;
}

/* True if the ghost's next path is parent/name, as it is most often where a recording is repeated:
 * then it is no earlier one, and nothing is hashed. */
static bool is_next(const wg_tape *tape, uint32_t parent, const char *name)
{
    if (!wg__ghost_has_next(tape, WG__SCOPES, tape->scope_count)) return false;
    const wg__scope_item *next = &tape->scope[tape->scope_count];
    const size_t before = tape->scope[parent].length;
    return next->parent == parent && strcmp(next->path + before + (before > 0), name) == 0;
}

/* The path if it is there or the ghost's next, which is then taken; else the ghost is left. */
static uint32_t path_follow(wg_tape *tape, const child *c, bool make)
{
    const uint32_t found = tape->scope_bucket[bucket_find(tape, c)] - 1;   /* of none: WG__NONE */
    if (found < tape->scope_count) return found;
    if (!make) return WG__NONE;
    if (!wg__ghost_takes(tape, WG__SCOPES, found == tape->scope_count)) return WG__NONE;
    wg__scope_item_clear(tape, found);
    return found;
}

uint32_t wg__tape_path(wg_tape *tape, uint32_t parent, const char *name, bool make)
{
    WG_ASSERT(parent < tape->scope_count);
    if (make && is_next(tape, parent, name)) {
        wg__scope_item_clear(tape, tape->scope_count);
        return (uint32_t)tape->scope_count++;
    }
    const child c = child_of(&tape->scope[parent], name);
    const uint32_t found = path_follow(tape, &c, make);
    if (found != WG__NONE || !make) return found;
    if (2 * (tape->scope_count + 1) > tape->scope_bucket_count && buckets_grow(tape) < 0)
        return WG__NONE;
    char *path = path_make(tape, &c);
    return path == NULL ? WG__NONE : path_add(tape, parent, path, c.length, c.hash);
}

int wg__tape_paths_reset(wg_tape *tape)
{
    tape->scope_count = 0;
    if (tape->scope_bucket_count == 0) WG_TRY(buckets_grow(tape));
    wg__tape_paths_cut(tape);
    char *root = wg__arena_string(&tape->kept, "");
    if (root == NULL) return wg__tape_no_memory(tape);
    const uint32_t id = path_add(tape, WG__NONE, root, 0, ROOT_HASH);
    if (id == WG__NONE) return WG_EMEMORY;
    WG_ASSERT(id == 0);
    return WG_OK;
}

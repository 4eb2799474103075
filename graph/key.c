/* Programs that a recording was asked for. A recording that follows its ghost and is asked the same
 * at the same point has the same key, byte for byte: it is not written again. */
#include "graph/tape.h"
#include <string.h>

static bool is_asked(const wg__asked *known, const wg__reach *now, const uint32_t *node,
                     int64_t count, bool with_effects)
{
    return wg__reach_equal(&known->at, now) && known->count == count &&
           known->with_effects == with_effects &&
           (count == 0 || memcmp(known->node, node, (size_t)count * sizeof *node) == 0);
}

/* The ghost's next request, if it is this one; else NULL. */
static const wg__asked *ghost_asked(const wg_tape *tape, const uint32_t *node, int64_t count,
                                    bool with_effects)
{
    if (!wg__ghost_has_next(tape, WG__RUNS, tape->run_count)) return NULL;
    wg__reach now;
    wg__reach_take(tape, &now);
    const wg__asked *known = &tape->run[tape->run_count];
    return is_asked(known, &now, node, count, with_effects) ? known : NULL;
}

wg__key *wg__tape_key_known(wg_tape *tape, const uint32_t *node, int64_t count,
                            bool with_effects)
{
    const wg__asked *known = ghost_asked(tape, node, count, with_effects);
    if (known == NULL) return NULL;
    tape->run_count++;
    return known->key;
}

int wg__tape_asked(wg_tape *tape, const uint32_t *node, int64_t count, bool with_effects,
                   wg__key *key)
{
    wg__ghost_leave(tape);
    wg__asked asked = { .count = count, .with_effects = with_effects, .key = key };
    wg__reach_take(tape, &asked.at);
    uint32_t *copy = wg__arena_take(&tape->kept, (size_t)count * sizeof *copy);
    if (copy == NULL || wg__grow(&tape->allocator, (void **)&tape->run, &tape->run_capacity,
                                 tape->run_count + 1, sizeof *tape->run) < 0)
        return WG_EMEMORY;
    if (count > 0) memcpy(copy, node, (size_t)count * sizeof *copy);
    asked.node = copy;
    wg__key_hold(key);
    tape->run[tape->run_count++] = asked;
    return WG_OK;
}

/* ---- keys ---- */

wg__key *wg__key_create(const wg_allocator *allocator, const void *data, int64_t bytes,
                        const wg__hash *hash)
{
    wg__key *key = wg__allocate(allocator, sizeof *key + (size_t)bytes);
    if (key == NULL) return NULL;
    *key = (wg__key){ .allocator = *allocator, .hash = *hash, .bytes = bytes };
    atomic_init(&key->references, 1);
    memcpy(key->data, data, (size_t)bytes);
    return key;
}

void wg__key_hold(wg__key *key)
{
    atomic_fetch_add(&key->references, 1);
}

void wg__key_drop(wg__key *key)
{
    if (atomic_fetch_sub(&key->references, 1) > 1) return;
    const wg_allocator allocator = key->allocator;
    wg__release(&allocator, key, sizeof *key + (size_t)key->bytes);
}

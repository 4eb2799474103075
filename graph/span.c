/* Spans: stretches of a recording that are a function of what was recorded before and of a key. A
 * tape that follows and comes to a span of its ghost, in the same state and with the same key,
 * would record what the ghost has: it lengthens its lists over it instead, and repeats what was
 * changed in place.
 *
 * Lines are no part of what is followed. A span takes its lines from what was recorded before, so
 * it is passed over only if all lines so far were given as they were for the ghost. */
#include "graph/tape.h"
#include <string.h>

/* ---- what must be as it was ---- */

/* Changes whenever a params in use gains, loses or retypes an entry. */
static uint64_t layouts_sum(const wg_tape *tape)
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < tape->held_count; i++)
        sum += atomic_load_explicit(&tape->held[i]->layout, memory_order_relaxed);
    return sum;
}

static bool key_is(const wg__span *span, const void *key, size_t key_bytes)
{
    return span->key_bytes == key_bytes && memcmp(span->key, key, key_bytes) == 0;
}

/* The same call in the same recording, lines aside. */
static bool is_same(const wg__span *span, const wg__reach *now, const void *key,
                    size_t key_bytes)
{
    return key_is(span, key, key_bytes) && wg__reach_equal(&span->begin, now);
}

static bool can_skip(const wg_tape *tape, const wg__span *span, const wg__reach *now)
{
    return span->is_closed && tape->on_record == NULL && span->layouts == layouts_sum(tape) &&
           wg__reach_places_equal(&span->begin, now);
}

/* ---- skipping ---- */

/* What the span made begins as it does when it is made. */
static void made_clear(wg_tape *tape, const wg__span *span)
{
    const int64_t *from = span->begin.length, *to = span->end.length;
    for (int64_t i = from[WG__SCOPES]; i < to[WG__SCOPES]; i++) wg__scope_item_clear(tape, i);
    for (int64_t i = from[WG__VERSIONS]; i < to[WG__VERSIONS]; i++)
        wg__version_clear(&tape->version[i]);
    for (int64_t i = from[WG__NUMBERS]; i < to[WG__NUMBERS]; i++) tape->number[i].node = WG__NONE;
    for (int64_t i = from[WG__DRAWS]; i < to[WG__DRAWS]; i++) tape->draw[i].count = 0;
}

static void skip(wg_tape *tape, const wg__span *span)
{
    const int64_t *from = span->begin.length, *to = span->end.length;
    wg__reach_set(tape, &span->end);
    if (span->has_waiting)
        memcpy(&tape->place[from[WG__RECORDS]], span->place,
               (size_t)(to[WG__RECORDS] - from[WG__RECORDS]) * sizeof *span->place);
    made_clear(tape, span);
    wg__changes_repeat(tape, from[WG__CHANGES], to[WG__CHANGES]);
}

/* ---- opening ---- */

/* Appends a span; the memory of its key and results is kept with it. */
static wg__span *span_add(wg_tape *tape, const void *key, size_t key_bytes)
{
    if (wg__grow(&tape->allocator, (void **)&tape->span, &tape->span_capacity,
                 tape->span_count + 1, sizeof *tape->span) < 0)
        return NULL;
    void *copy = wg__arena_take(&tape->kept, key_bytes);
    if (copy == NULL) return NULL;
    memcpy(copy, key, key_bytes);
    wg__span *span = &tape->span[tape->span_count++];
    *span = (wg__span){ .key = copy, .key_bytes = key_bytes };
    return span;
}

int wg_span_open(wg_tape *tape, const void *key, size_t key_bytes)
{
    if (tape == NULL) return WG_EINVALID;
    WG_TRY(tape->error.status);
    if (key == NULL && key_bytes > 0)
        return wg__tape_refuse(tape, WG_EINVALID, "span", WG__NONE, "the key is NULL");
    wg__reach now;
    wg__reach_take(tape, &now);
    const int64_t at = tape->span_count;
    const bool follows = wg__ghost_has_next(tape, WG__SPANS, at) &&
                         is_same(&tape->span[at], &now, key, key_bytes);
    if (follows && can_skip(tape, &tape->span[at], &now)) {
        skip(tape, &tape->span[at]);
        tape->span_skipped = (uint32_t)at;
        return 1;
    }
    wg__span *span = wg__ghost_takes(tape, WG__SPANS, follows) ? &tape->span[at]
                                                                : span_add(tape, key, key_bytes);
    if (span == NULL) return wg__tape_no_memory(tape);
    span->begin = now;
    span->layouts = layouts_sum(tape);
    span->is_closed = false;
    span->outer = tape->span_now;
    tape->span_now = (uint32_t)at + 1;
    return WG_OK;
}

/* ---- closing ---- */

static bool is_waiting(const wg_tape *tape, int64_t first)
{
    for (int64_t i = first; i < tape->count; i++)
        if (tape->place[i].file == NULL) return true;
    return false;
}

/* Places that still wait for a line are as they are now when the span is passed over. */
static int places_keep(wg_tape *tape, wg__span *span)
{
    const int64_t first = span->begin.length[WG__RECORDS];
    const int64_t count = tape->count - first;
    span->has_waiting = is_waiting(tape, first);
    if (!span->has_waiting) return WG_OK;
    const size_t bytes = (size_t)count * sizeof(wg__place);
    if (span->place_capacity < count) {
        span->place = wg__arena_take(&tape->kept, bytes);
        if (span->place == NULL) return wg__tape_no_memory(tape);
        span->place_capacity = count;
    }
    memcpy(span->place, &tape->place[first], bytes);
    return WG_OK;
}

void wg_span_close(wg_tape *tape)
{
    if (tape == NULL || tape->error.status < 0 || tape->span_now == 0) return;
    wg__span *span = &tape->span[tape->span_now - 1];
    tape->span_now = span->outer;
    if (places_keep(tape, span) < 0) return;
    wg__reach_take(tape, &span->end);
    /* Memory that inputs and kernels are bound to is of one recording. */
    const int64_t *from = span->begin.length, *to = span->end.length;
    span->is_closed = from[WG__INPUTS] == to[WG__INPUTS] &&
                      from[WG__EXTERNALS] == to[WG__EXTERNALS] && from[WG__RUNS] == to[WG__RUNS] &&
                      from[WG__EFFECTS_DONE] == to[WG__EFFECTS_DONE];
}

/* ---- results ---- */

int wg__span_give(wg_tape *tape, int64_t count, const uint32_t *node)
{
    WG_ASSERT(tape->span_now > 0);
    wg__span *span = &tape->span[tape->span_now - 1];
    if (span->result_capacity < count) {
        span->result = wg__arena_take(&tape->kept, (size_t)count * sizeof *span->result);
        if (span->result == NULL) return wg__tape_no_memory(tape);
        span->result_capacity = count;
    }
    for (int64_t i = 0; i < count; i++) span->result[i] = node[i];
    return WG_OK;
}

const uint32_t *wg__span_results(const wg_tape *tape)
{
    return tape->span[tape->span_skipped].result;
}

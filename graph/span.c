/* Spans: stretches of a recording that are a function of what was recorded before and of a key. A
 * tape that follows and comes to a span of its ghost, in the same state and with the same key,
 * would record what the ghost has: it lengthens its lists over it instead, and puts back what was
 * changed in place (made.c).
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

/* What opens a span. The key that is kept is these bytes, then the indices of x. */
typedef struct call { const void *key; size_t key_bytes; int64_t count; const wg_var *x; } call;

static size_t kept_bytes(const call *c)
{
    return c->key_bytes + (size_t)c->count * sizeof c->x->index;
}

static bool key_is(const wg__span *span, const call *c)
{
    if (span->key_bytes != kept_bytes(c) || memcmp(span->key, c->key, c->key_bytes) != 0)
        return false;
    const char *index = (const char *)span->key + c->key_bytes;
    for (int64_t i = 0; i < c->count; i++, index += sizeof c->x->index)
        if (memcmp(index, &c->x[i].index, sizeof c->x->index) != 0) return false;
    return true;
}

/* The same call in the same recording, lines aside. */
static bool is_same(const wg__span *span, const wg__reach *now, const call *c)
{
    return key_is(span, c) && wg__reach_equal(&span->begin, now);
}

static bool are_of(const wg_tape *tape, int64_t count, const wg_var *x)
{
    for (int64_t i = 0; i < count; i++)
        if (x[i].tape != tape || wg__var_check(x[i]) != WG_OK) return false;
    return true;
}

static bool can_skip(const wg_tape *tape, const wg__span *span, const wg__reach *now,
                     const call *c)
{
    return span->is_closed && tape->on_record == NULL && span->layouts == layouts_sum(tape) &&
           wg__reach_places_equal(&span->begin, now) && are_of(tape, c->count, c->x);
}

/* ---- opening ---- */

/* Appends a span; the memory of its key and results is kept with it. */
static wg__span *span_add(wg_tape *tape, const call *c)
{
    if (wg__grow(&tape->allocator, (void **)&tape->span, &tape->span_capacity,
                 tape->span_count + 1, sizeof *tape->span) < 0)
        return NULL;
    char *copy = wg__arena_take(&tape->kept, kept_bytes(c));
    if (copy == NULL) return NULL;
    memcpy(copy, c->key, c->key_bytes);
    char *index = copy + c->key_bytes;
    for (int64_t i = 0; i < c->count; i++, index += sizeof c->x->index)
        memcpy(index, &c->x[i].index, sizeof c->x->index);
    wg__span *span = &tape->span[tape->span_count++];
    *span = (wg__span){ .key = copy, .key_bytes = kept_bytes(c) };
    return span;
}

/* wg_span_open of a call whose arguments are there. */
static int call_open(wg_tape *tape, const call *c)
{
    wg__reach now;
    wg__reach_take(tape, &now);
    const int64_t at = tape->span_count;
    const bool follows = wg__ghost_has_next(tape, WG__SPANS, at) &&
                         is_same(&tape->span[at], &now, c);
    if (follows && can_skip(tape, &tape->span[at], &now, c)) {
        wg__reach_set(tape, &tape->span[at].end);
        wg__made_repeat(tape, &tape->span[at]);
        tape->span_skipped = (uint32_t)at;
        return 1;
    }
    wg__span *span = wg__ghost_takes(tape, WG__SPANS, follows) ? &tape->span[at]
                                                                : span_add(tape, c);
    if (span == NULL) return wg__tape_no_memory(tape);
    span->begin = now;
    span->layouts = layouts_sum(tape);
    span->is_closed = span->has_callback = false;
    span->outer = tape->span_now;
    tape->span_now = (uint32_t)at + 1;
    return WG_OK;
}

int wg_span_open(wg_tape *tape, const void *key, size_t key_bytes)
{
    if (tape == NULL) return WG_EINVALID;
    WG_TRY(tape->error.status);
    if (key == NULL && key_bytes > 0)
        return wg__tape_refuse(tape, WG_EINVALID, "span", WG__NONE, "the key is NULL");
    const call c = { .key = key, .key_bytes = key_bytes };
    return call_open(tape, &c);
}

bool wg_span_begin(wg_tape *tape, const void *key, size_t key_bytes, int64_t count,
                   const wg_var *x, wg_var *y)
{
    if (tape == NULL || tape->error.status < 0) return false;
    if (key == NULL || x == NULL || y == NULL || count < 0) {
        wg__tape_refuse(tape, WG_EINVALID, "span", WG__NONE, "key, x or y is NULL");
        return false;
    }
    const call c = { .key = key, .key_bytes = key_bytes, .count = count, .x = x };
    if (call_open(tape, &c) != 1) return false;
    *y = wg__var_of(tape, wg__span_results(tape)[0]);
    return true;
}

/* ---- closing ---- */

void wg_span_close(wg_tape *tape)
{
    if (tape == NULL || tape->error.status < 0 || tape->span_now == 0) return;
    wg__span *span = &tape->span[tape->span_now - 1];
    tape->span_now = span->outer;
    wg__reach_take(tape, &span->end);
    if (wg__made_keep(tape, span) < 0) return;
    /* Memory that inputs and kernels are bound to is of one recording. */
    const int64_t *from = span->begin.length, *to = span->end.length;
    span->is_closed = from[WG__INPUTS] == to[WG__INPUTS] &&
                      from[WG__EXTERNALS] == to[WG__EXTERNALS] && from[WG__RUNS] == to[WG__RUNS] &&
                      from[WG__EFFECTS_DONE] == to[WG__EFFECTS_DONE] && !span->has_callback;
}

void wg__span_called_back(wg_tape *tape)
{
    for (uint32_t at = tape->span_now; at != 0; at = tape->span[at - 1].outer)
        tape->span[at - 1].has_callback = true;
}

void wg_span_end(wg_tape *tape, wg_var y)
{
    if (tape == NULL || tape->error.status < 0 || tape->span_now == 0) return;
    const bool is_value = y.tape == tape && wg__var_check(y) == WG_OK;
    if (!is_value) tape->span[tape->span_now - 1].has_callback = true;   /* none to be had again */
    else if (wg__span_give(tape, 1, &y.index) < 0) return;
    wg_span_close(tape);
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

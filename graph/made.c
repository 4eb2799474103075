/* What a span made and what is changed in place, as it was at the span's end.
 *
 * A recording may change it after the span, so what the ghost's lists have is not that. It is kept
 * when the span is closed and put back when it is passed over: which takes less time than to repeat
 * each change. Changes of what was there before the span are repeated. Of its records only those
 * that still waited for a line change: they wait again. */
#include "graph/tape.h"
#include <string.h>

/* ---- which changes ---- */

/* The list whose items a change is of; WG__LIST_KINDS: one that is not kept. */
static wg__list_kind list_of(const wg__change *change)
{
    switch ((wg__change_kind)change->kind) {
    case WG__CHANGE_LEAF:
    case WG__CHANGE_PRESENT:
    case WG__CHANGE_ASSIGNED:
    case WG__CHANGE_FROZEN: return WG__VERSIONS;
    case WG__CHANGE_SCOPE_INPUT:
    case WG__CHANGE_SCOPE_VERSION:
    case WG__CHANGE_SCOPE_NOTE:
    case WG__CHANGE_SCOPE_DRAW: return WG__SCOPES;
    case WG__CHANGE_NUMBER: return WG__NUMBERS;
    case WG__CHANGE_DRAW: return WG__DRAWS;
    case WG__CHANGE_EFFECT: return WG__EFFECTS;
    case WG__CHANGE_RESULT: break;
    }
    return WG__LIST_KINDS;
}

static bool is_of_before(const wg__span *span, const wg__change *change)
{
    const wg__list_kind list = list_of(change);
    return list == WG__LIST_KINDS || change->index < span->begin.length[list];
}

/* ---- words ---- */

enum { SCOPE_WORDS = 4, VERSION_WORDS = 5 };

static uint32_t *scope_put(const wg__scope_item *item, uint32_t *to)
{
    const uint32_t word[SCOPE_WORDS] = { item->input, item->version, item->note, item->draw };
    memcpy(to, word, sizeof word);
    return to + SCOPE_WORDS;
}

static const uint32_t *scope_get(wg__scope_item *item, const uint32_t *from)
{
    item->input = from[0];
    item->version = from[1];
    item->note = from[2];
    item->draw = from[3];
    return from + SCOPE_WORDS;
}

static uint32_t *version_put(const wg__version *version, uint32_t *to)
{
    const uint32_t word[VERSION_WORDS] = { version->leaf, version->present, version->assigned,
                                           version->first, version->is_frozen };
    memcpy(to, word, sizeof word);
    return to + VERSION_WORDS;
}

static const uint32_t *version_get(wg__version *version, const uint32_t *from)
{
    version->leaf = from[0];
    version->present = from[1];
    version->assigned = from[2];
    version->first = from[3];
    version->is_frozen = from[4] != 0;
    version->epoch = 0;
    return from + VERSION_WORDS;
}

/* ---- keeping ---- */

static int64_t made_count(const wg__span *span, wg__list_kind list)
{
    return span->end.length[list] - span->begin.length[list];
}

/* The records of the span that wait for a line; to NULL: their count. */
static int64_t waiting_put(const wg_tape *tape, const wg__span *span, uint32_t *to)
{
    int64_t count = 0;
    for (int64_t i = span->begin.length[WG__RECORDS]; i < span->end.length[WG__RECORDS]; i++) {
        if (tape->place[i].file != NULL) continue;
        if (to != NULL) to[count] = (uint32_t)i;
        count++;
    }
    return count;
}

static void words_put(const wg_tape *tape, const wg__span *span)
{
    const int64_t *from = span->begin.length, *to = span->end.length;
    uint32_t *at = span->made;
    for (int64_t i = from[WG__SCOPES]; i < to[WG__SCOPES]; i++) at = scope_put(&tape->scope[i], at);
    for (int64_t i = from[WG__VERSIONS]; i < to[WG__VERSIONS]; i++)
        at = version_put(&tape->version[i], at);
    for (int64_t i = from[WG__NUMBERS]; i < to[WG__NUMBERS]; i++) *at++ = tape->number[i].node;
    for (int64_t i = from[WG__DRAWS]; i < to[WG__DRAWS]; i++) *at++ = tape->draw[i].count;
    const size_t effects = (size_t)made_count(span, WG__EFFECTS);
    if (effects > 0)
        memcpy(span->effect, &tape->effect[from[WG__EFFECTS]], effects * sizeof *span->effect);
}

/* Room in the memory of the tape that lives as long as its spans; what was enough stays. */
static int room_make(wg_tape *tape, void **block, int64_t *capacity, int64_t count,
                     size_t item_bytes)
{
    if (*capacity >= count) return WG_OK;
    void *room = wg__arena_take(&tape->kept, (size_t)count * item_bytes);
    if (room == NULL) return wg__tape_no_memory(tape);
    *block = room;
    *capacity = count;
    return WG_OK;
}

int wg__made_keep(wg_tape *tape, wg__span *span)
{
    const int64_t words = SCOPE_WORDS * made_count(span, WG__SCOPES) +
                          VERSION_WORDS * made_count(span, WG__VERSIONS) +
                          made_count(span, WG__NUMBERS) + made_count(span, WG__DRAWS);
    WG_TRY(room_make(tape, (void **)&span->made, &span->made_capacity, words, sizeof *span->made));
    WG_TRY(room_make(tape, (void **)&span->effect, &span->effect_capacity,
                     made_count(span, WG__EFFECTS), sizeof *span->effect));
    WG_TRY(room_make(tape, (void **)&span->change, &span->change_capacity,
                     made_count(span, WG__CHANGES), sizeof *span->change));
    span->waiting_count = waiting_put(tape, span, NULL);
    WG_TRY(room_make(tape, (void **)&span->waiting, &span->waiting_capacity, span->waiting_count,
                     sizeof *span->waiting));
    words_put(tape, span);
    waiting_put(tape, span, span->waiting);
    span->change_count = 0;
    for (int64_t i = span->begin.length[WG__CHANGES]; i < span->end.length[WG__CHANGES]; i++)
        if (is_of_before(span, &tape->change[i]))
            span->change[span->change_count++] = tape->change[i];
    return WG_OK;
}

/* ---- putting back ---- */

void wg__made_repeat(wg_tape *tape, const wg__span *span)
{
    const int64_t *from = span->begin.length, *to = span->end.length;
    const uint32_t *at = span->made;
    for (int64_t i = from[WG__SCOPES]; i < to[WG__SCOPES]; i++) at = scope_get(&tape->scope[i], at);
    for (int64_t i = from[WG__VERSIONS]; i < to[WG__VERSIONS]; i++)
        at = version_get(&tape->version[i], at);
    for (int64_t i = from[WG__NUMBERS]; i < to[WG__NUMBERS]; i++) tape->number[i].node = *at++;
    for (int64_t i = from[WG__DRAWS]; i < to[WG__DRAWS]; i++) tape->draw[i].count = *at++;
    const size_t effects = (size_t)made_count(span, WG__EFFECTS);
    if (effects > 0)
        memcpy(&tape->effect[from[WG__EFFECTS]], span->effect, effects * sizeof *span->effect);
    for (int64_t i = 0; i < span->waiting_count; i++) {
        wg__place *place = &tape->place[span->waiting[i]];
        *place = (wg__place){ .scope = place->scope };
    }
    wg__changes_apply(tape, span->change_count, span->change);
}

/* Equal records of gradient sweeps are one: a derivative written in primitives repeats itself, and
 * each repetition would be differentiated again at the next order. Only what sweeps recorded is
 * found here, and no result that was handed out: a user never holds two names for one record, so
 * differentiating by a value means that value alone.
 *
 * What sweeps recorded and handed out is a list of the tape; the buckets know its first items, and
 * learn the rest when a sweep begins. A tape that follows its ghost from span to span never asks
 * them. */
#include "graph/sweep.h"
#include <string.h>

enum { FIRST_BUCKETS = 256 };   /* a small network's sweep; a power of two */

static uint64_t record_hash(const wg__record *record)
{
    uint64_t word[sizeof *record / sizeof(uint64_t)];
    memcpy(word, record, sizeof word);
    uint64_t h = 0;
    for (size_t i = 0; i < sizeof word / sizeof word[0]; i++) {
        h = (h ^ word[i]) * 0x9E3779B97F4A7C15u;
        h ^= h >> 32;
    }
    return h;
}

uint32_t wg__cons_find(const wg_tape *tape, const wg__record *record)
{
    const wg__grad_space *space = tape->grad_space;
    if (space->bucket_count == 0) return WG__NONE;
    const uint64_t last = (uint64_t)space->bucket_count - 1;
    for (uint64_t at = record_hash(record) & last; space->bucket[at] != 0; at = (at + 1) & last) {
        if (space->bucket[at] == WG__NONE) continue;
        const uint32_t node = space->bucket[at] - 1;
        if (memcmp(&tape->record[node], record, sizeof *record) == 0) return node;
    }
    return WG__NONE;
}

static void enter(const wg_tape *tape, uint32_t *bucket, int64_t bucket_count, uint32_t node)
{
    const uint64_t last = (uint64_t)bucket_count - 1;
    uint64_t at = record_hash(&tape->record[node]) & last;
    while (bucket[at] != 0) at = (at + 1) & last;
    bucket[at] = node + 1;
}

static int buckets_grow(wg_tape *tape)
{
    wg__grad_space *space = tape->grad_space;
    const int64_t count = space->bucket_count > 0 ? 2 * space->bucket_count : FIRST_BUCKETS;
    uint32_t *bucket = wg__allocate_zeroed(&tape->allocator, (size_t)count * sizeof *bucket);
    if (bucket == NULL) return WG_EMEMORY;
    space->bucket_used = 0;
    for (int64_t i = 0; i < space->bucket_count; i++) {
        if (space->bucket[i] == 0 || space->bucket[i] == WG__NONE) continue;
        enter(tape, bucket, count, space->bucket[i] - 1);
        space->bucket_used++;
    }
    wg__release(&tape->allocator, space->bucket, (size_t)space->bucket_count * sizeof *bucket);
    space->bucket = bucket;
    space->bucket_count = count;
    return WG_OK;
}

static int bucket_add(wg_tape *tape, uint32_t node)
{
    wg__grad_space *space = tape->grad_space;
    if (2 * (space->bucket_used + 1) > space->bucket_count) WG_TRY(buckets_grow(tape));
    enter(tape, space->bucket, space->bucket_count, node);
    space->bucket_used++;
    return WG_OK;
}

static void bucket_forget(const wg_tape *tape, uint32_t node)
{
    const wg__grad_space *space = tape->grad_space;
    if (space->bucket_count == 0) return;
    const uint64_t last = (uint64_t)space->bucket_count - 1;
    uint64_t at = record_hash(&tape->record[node]) & last;
    while (space->bucket[at] != 0 && space->bucket[at] != node + 1) at = (at + 1) & last;
    if (space->bucket[at] != 0) space->bucket[at] = WG__NONE;
}

/* ---- what sweeps did ---- */

/* Enters all that the list has and the buckets lack. */
static int catch_up(wg_tape *tape)
{
    wg__grad_space *space = tape->grad_space;
    for (; space->entered < tape->swept_count; space->entered++) {
        const wg__swept *swept = &tape->swept[space->entered];
        if (swept->is_forgotten) bucket_forget(tape, swept->node);
        else WG_TRY(bucket_add(tape, swept->node));
    }
    return WG_OK;
}

static int swept_add(wg_tape *tape, wg__swept swept)
{
    const int64_t at = tape->swept_count;
    const bool is_equal = wg__ghost_has_next(tape, WG__SWEPT, at) &&
                          memcmp(&tape->swept[at], &swept, sizeof swept) == 0;
    if (!wg__ghost_takes(tape, WG__SWEPT, is_equal)) {
        WG_TRY(wg__grow(&tape->allocator, (void **)&tape->swept, &tape->swept_capacity, at + 1,
                        sizeof *tape->swept));
        tape->swept[tape->swept_count++] = swept;
    }
    return catch_up(tape);
}

int wg__cons_begin(wg_tape *tape)
{
    return catch_up(tape) < 0 ? wg__tape_no_memory(tape) : WG_OK;
}

int wg__cons_add(wg_tape *tape, uint32_t node)
{
    return swept_add(tape, (wg__swept){ .node = node });
}

int wg__cons_forget(wg_tape *tape, uint32_t node)
{
    return swept_add(tape, (wg__swept){ .node = node, .is_forgotten = true });
}

/* ---- the memory of sweeps ---- */

wg__grad_space *wg__grad_space_of(wg_tape *tape)
{
    if (tape->grad_space == NULL)
        tape->grad_space = wg__allocate_zeroed(&tape->allocator, sizeof *tape->grad_space);
    if (tape->grad_space == NULL) wg__tape_no_memory(tape);
    return tape->grad_space;
}

int wg__sweep_enter(wg_tape *tape, bool is_step, wg__outer *outer)
{
    *outer = (wg__outer){ tape->grad_space, tape->inherited };
    tape->grad_space = outer->space->inner;
    tape->inherited = NULL;
    if (wg__grad_space_of(tape) == NULL) return tape->error.status;
    tape->grad_space->is_step = is_step;
    return wg__cons_begin(tape);
}

int wg__sweep_leave(wg_tape *tape, const wg__outer *outer, int status)
{
    outer->space->inner = tape->grad_space;
    tape->grad_space = outer->space;
    tape->inherited = outer->inherited;
    tape->is_sweeping = true;
    return status < 0 ? status : wg__cons_begin(tape);
}

void wg__grad_space_clear(wg_tape *tape)
{
    for (wg__grad_space *space = tape->grad_space; space != NULL; space = space->inner) {
        space->entered = 0;
        if (space->bucket_used == 0) continue;
        memset(space->bucket, 0, (size_t)space->bucket_count * sizeof *space->bucket);
        space->bucket_used = 0;
    }
}

static void space_free(const wg_allocator *allocator, wg__grad_space *space)
{
    const struct { void *block; int64_t capacity; size_t item_bytes; } list[] = {
        { space->depends, space->depends_capacity, sizeof *space->depends },
        { space->cotangent, space->cotangent_capacity, sizeof *space->cotangent },
        { space->live, space->live_capacity, sizeof *space->live },
        { space->is_raw, space->is_raw_capacity, sizeof *space->is_raw },
        { space->needed, space->needed_capacity, sizeof *space->needed },
        { space->in, space->in_capacity, sizeof *space->in },
        { space->gradient, space->gradient_capacity, sizeof *space->gradient },
        { space->mask, space->mask_capacity, sizeof *space->mask },
        { space->stack, space->stack_capacity, sizeof *space->stack },
        { space->parcel, space->parcel_capacity, sizeof *space->parcel },
        { space->bucket, space->bucket_count, sizeof *space->bucket },
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        wg__release(allocator, list[i].block, (size_t)list[i].capacity * list[i].item_bytes);
    wg__release(allocator, space, sizeof *space);
}

void wg__grad_space_free(wg_tape *tape)
{
    for (wg__grad_space *space = tape->grad_space; space != NULL; space = tape->grad_space) {
        tape->grad_space = space->inner;
        space_free(&tape->allocator, space);
    }
}

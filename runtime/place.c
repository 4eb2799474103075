/* Places in memory. A value read by a later stage has a place in the workspace from the stage
 * that computes it to the last that reads it; a value read inside its region alone has one in the
 * scratch of a worker, for the rows of one item, from its instruction to the last that reads it.
 * An elementwise instruction takes over the place of an input that it is the last to read. */
#include "runtime/internal.h"

#include <string.h>

/* ---- free space: blocks by ascending offset, no two of which touch ---- */

typedef struct block { int64_t offset, bytes; } block;
typedef struct space {
    block *block;
    int64_t count;
    int64_t end, end_max;       /* of all that was ever taken */
} space;

static int64_t rounded(size_t bytes)
{
    return (int64_t)(bytes + WG__ALIGNMENT - 1) / WG__ALIGNMENT * WG__ALIGNMENT;
}

static void block_remove(space *s, int64_t i)
{
    s->count--;
    memmove(&s->block[i], &s->block[i + 1], (size_t)(s->count - i) * sizeof s->block[0]);
}

/* The smallest block that fits, else the end. */
static int64_t space_take(space *s, int64_t bytes)
{
    int64_t best = WG__NOWHERE;
    for (int64_t i = 0; i < s->count; i++)
        if (s->block[i].bytes >= bytes && (best < 0 || s->block[i].bytes < s->block[best].bytes))
            best = i;
    if (best < 0) {
        const int64_t offset = s->end;
        s->end += bytes;
        if (s->end > s->end_max) s->end_max = s->end;
        return offset;
    }
    const int64_t offset = s->block[best].offset;
    s->block[best].offset += bytes;
    s->block[best].bytes -= bytes;
    if (s->block[best].bytes == 0) block_remove(s, best);
    return offset;
}

static void space_give(space *s, int64_t offset, int64_t bytes)
{
    if (bytes == 0) return;
    int64_t i = 0;
    while (i < s->count && s->block[i].offset < offset) i++;
    memmove(&s->block[i + 1], &s->block[i], (size_t)(s->count - i) * sizeof s->block[0]);
    s->block[i] = (block){ offset, bytes };
    s->count++;
    if (i + 1 < s->count && offset + bytes == s->block[i + 1].offset) {
        s->block[i].bytes += s->block[i + 1].bytes;
        block_remove(s, i + 1);
    }
    if (i > 0 && s->block[i - 1].offset + s->block[i - 1].bytes == offset) {
        s->block[i - 1].bytes += s->block[i].bytes;
        block_remove(s, i);
    }
    const block *last = &s->block[s->count - 1];
    if (last->offset + last->bytes == s->end) {
        s->end = last->offset;
        s->count--;
    }
}

/* ---- sizes and lives ---- */

size_t wg__value_bytes(const wg__plan *plan, const wg__value *value, int64_t units)
{
    const size_t bytes =
        (size_t)wg__shape_count(&value->type.shape) * wg_dtype_bytes(value->type.dtype);
    if (units == WG__NOWHERE) return bytes;
    return bytes / (size_t)plan->region[value->region].units * (size_t)units;
}

/* True if a tile program reads a constant of one element again and again. */
static bool spreads(const wg__plan *plan, const wg__value *reader, uint32_t base)
{
    const wg__value *value = &plan->value[base];
    return value->constant != NULL && plan->chain[reader->chain].is_program &&
           wg__shape_count(&value->type.shape) == 1 && wg__shape_count(&reader->type.shape) > 1;
}

int wg__frame_find_last_uses(wg__frame *frame)
{
    const wg__plan *plan = frame->plan;
    const size_t count = (size_t)plan->value_count;
    frame->last_use = wg__frame_take(frame, count * sizeof *frame->last_use);
    frame->walked_chain = wg__frame_take(frame, count * sizeof *frame->walked_chain);
    frame->is_spread = wg__frame_take(frame, count * sizeof *frame->is_spread);
    if (frame->last_use == NULL || frame->walked_chain == NULL || frame->is_spread == NULL)
        return WG_EMEMORY;
    memset(frame->is_spread, 0, count * sizeof *frame->is_spread);
    memset(frame->walked_chain, 0xff, count * sizeof *frame->walked_chain);
    for (int64_t place = 0; place < plan->order_count; place++) {
        const uint32_t index = plan->order[place];
        const wg__value *value = &plan->value[index];
        frame->last_use[index] = place;
        for (int32_t i = 0; i < value->in_count; i++) {
            const uint32_t base = plan->value[value->in[i]].base;
            if (plan->value[base].is_computed && plan->value[base].region == value->region)
                frame->last_use[base] = place;
            if (value->in[i] != base) frame->walked_chain[base] = value->chain;
            if (spreads(plan, value, base)) frame->is_spread[base] = true;
        }
    }
    return WG_OK;
}

/* ---- scratch ---- */

/* The input whose place the value at `place` may take over; WG__NONE: none. */
static uint32_t input_to_overwrite(const wg__frame *frame, int64_t place)
{
    const wg__plan *plan = frame->plan;
    const wg__value *value = &plan->value[plan->order[place]];
    const wg__class class = wg__op_table[value->op].class;
    if (value->slot != WG__SLOT_SCRATCH) return WG__NONE;
    if (class != WG__CLASS_LINEAR && class != WG__CLASS_MAP) return WG__NONE;
    for (int32_t i = 0; i < value->in_count; i++) {
        const uint32_t in = value->in[i];
        const wg__value *v = &plan->value[in];
        /* Another walk of the chain over the same memory would read what is written. */
        if (v->base == in && v->slot == WG__SLOT_SCRATCH && frame->last_use[in] == place &&
            v->type.dtype == value->type.dtype && frame->walked_chain[in] != value->chain)
            return in;
    }
    return WG__NONE;
}

/* Gives back what the value at `place` is the last to read, but for what it has overwritten. */
static void inputs_release(wg__frame *frame, space *s, int64_t place)
{
    const wg__plan *plan = frame->plan;
    const wg__value *value = &plan->value[plan->order[place]];
    const uint32_t taken = input_to_overwrite(frame, place);
    const int64_t units = frame->units[value->region];
    for (int32_t i = 0; i < value->in_count; i++) {
        const uint32_t base = plan->value[value->in[i]].base;
        const wg__value *v = &plan->value[base];
        if (v->slot != WG__SLOT_SCRATCH || base == taken || frame->last_use[base] != place)
            continue;
        bool is_repeated = false;
        for (int32_t j = 0; j < i; j++)
            if (plan->value[value->in[j]].base == base) is_repeated = true;
        if (!is_repeated)
            space_give(s, frame->offset[base], rounded(wg__value_bytes(plan, v, units)));
    }
}

/* Results first: all that a chain reads must stay until it is complete. */
static void chain_place(wg__frame *frame, space *s, const wg__chain *chain)
{
    const wg__plan *plan = frame->plan;
    const int64_t end = chain->first + chain->count;
    for (int64_t place = chain->first; place < end; place++) {
        const uint32_t index = plan->order[place];
        const wg__value *value = &plan->value[index];
        if (value->slot != WG__SLOT_SCRATCH) continue;
        const int64_t units = frame->units[value->region];
        const uint32_t taken = input_to_overwrite(frame, place);
        frame->offset[index] = taken != WG__NONE
                                   ? frame->offset[taken]
                                   : space_take(s, rounded(wg__value_bytes(plan, value, units)));
    }
    for (int64_t place = chain->first; place < end; place++) {
        const uint32_t index = plan->order[place];
        const wg__value *value = &plan->value[index];
        inputs_release(frame, s, place);
        if (value->slot == WG__SLOT_SCRATCH && frame->last_use[index] == place)
            space_give(s, frame->offset[index],
                       rounded(wg__value_bytes(plan, value, frame->units[value->region])));
    }
}

static void scratch_place(wg__frame *frame, space *s, const wg__region *region)
{
    s->count = s->end = 0;
    for (int64_t i = region->chain_first; i < region->chain_first + region->chain_count; i++)
        chain_place(frame, s, &frame->plan->chain[i]);
}

/* ---- workspace ---- */

static int workspace_place(wg__frame *frame, wg__arena *arena, space *s)
{
    const wg__plan *plan = frame->plan;
    const size_t stages = ((size_t)plan->stage_count + 1) * sizeof(uint32_t);
    uint32_t *first = wg__arena_take(arena, stages);   /* by last stage */
    uint32_t *next = wg__arena_take(arena, (size_t)plan->value_count * sizeof *next);
    if (first == NULL || next == NULL) return WG_EMEMORY;
    memset(first, 0xff, stages);
    s->count = s->end = s->end_max = 0;
    for (int64_t r = 0; r < plan->region_count; r++) {
        const wg__region *region = &plan->region[r];
        const bool is_new_stage = r > 0 && plan->region[r - 1].stage != region->stage;
        const int32_t past = is_new_stage ? plan->region[r - 1].stage : WG__NOWHERE;
        for (uint32_t i = past < 0 ? WG__NONE : first[past]; i != WG__NONE; i = next[i])
            space_give(s, frame->offset[i],
                       rounded(wg__value_bytes(plan, &plan->value[i], WG__NOWHERE)));
        for (int64_t place = region->first; place < region->first + region->count; place++) {
            const uint32_t index = plan->order[place];
            const wg__value *value = &plan->value[index];
            if (value->slot != WG__SLOT_WORKSPACE) continue;
            frame->offset[index] =
                space_take(s, rounded(wg__value_bytes(plan, value, WG__NOWHERE)));
            next[index] = first[value->last_stage];
            first[value->last_stage] = index;
        }
    }
    frame->workspace_bytes = (size_t)s->end_max;
    return WG_OK;
}

/* ---- constants ---- */

/* What tile programs read as one value lies there for a whole tile. */
static int64_t constant_copies(const wg__frame *frame, int64_t value)
{
    return frame->is_spread[value] ? WG__TILE : 1;
}

static int constants_place(wg__frame *frame)
{
    const wg__plan *plan = frame->plan;
    int64_t end = 0;
    for (int64_t i = 0; i < plan->value_count; i++) {
        if (plan->value[i].constant == NULL) continue;
        const size_t bytes = wg__value_bytes(plan, &plan->value[i], WG__NOWHERE);
        frame->offset[i] = end;
        end += rounded(bytes * (size_t)constant_copies(frame, i));
    }
    frame->constants_bytes = (size_t)end;
    frame->constants = wg__allocate(&frame->allocator, frame->constants_bytes);
    if (frame->constants == NULL) return WG_EMEMORY;
    frame->bytes += frame->constants_bytes;
    for (int64_t i = 0; i < plan->value_count; i++) {
        const wg__value *value = &plan->value[i];
        const size_t bytes = wg__value_bytes(plan, value, WG__NOWHERE);
        if (value->constant == NULL || bytes == 0) continue;
        char *to = (char *)frame->constants + frame->offset[i];
        for (int64_t left = constant_copies(frame, i); left > 0; left--, to += bytes)
            memcpy(to, value->constant, bytes);
    }
    return WG_OK;
}

int wg__frame_place(wg__frame *frame)
{
    const wg__plan *plan = frame->plan;
    frame->offset = wg__frame_take(frame, (size_t)plan->value_count * sizeof *frame->offset);
    if (frame->offset == NULL) return WG_EMEMORY;
    memset(frame->offset, 0, (size_t)plan->value_count * sizeof *frame->offset);
    WG_TRY(constants_place(frame));

    wg__arena arena;
    wg__arena_init(&arena, &frame->allocator);
    /* Free blocks lie between taken ones. */
    space s = { .block = wg__arena_take(&arena,
                                        ((size_t)plan->value_count + 2) * sizeof(block)) };
    int status = s.block == NULL ? WG_EMEMORY : workspace_place(frame, &arena, &s);
    if (status >= 0) {
        s.end_max = 0;
        for (int64_t i = 0; i < plan->region_count; i++)
            scratch_place(frame, &s, &plan->region[i]);
        frame->scratch_bytes = (size_t)s.end_max;
    }
    wg__arena_free(&arena);
    return status;
}

/* Following: a recording that repeats the last one costs a comparison a record.
 *
 * What a tape knows is told by its lists, which only grow, and what is changed in place stands in a
 * list of its own, the changes. A reset keeps all lists as the ghost and sets their lengths to 0.
 * While each list is a prefix of the ghost's, an item that equals the ghost's next is taken by
 * lengthening the list over it, ids and tables included; so the tape is at each moment exactly what
 * it would be without a ghost. The first difference cuts the lists to their lengths: the ghost is
 * left. A recording that left its ghost becomes none itself, for the memory of what was cut is
 * freed by the reset after it alone. */
#include "graph/tape.h"
#include <string.h>

/* ---- how far a recording has come ---- */

/* By list: where its length stands in the tape. */
static const size_t length_offset[WG__LIST_KINDS] = {
    [WG__RECORDS] = offsetof(wg_tape, count),
    [WG__SHAPES] = offsetof(wg_tape, shapes.count),
    [WG__SHAPES_KEPT] = offsetof(wg_tape, shape_count),
    [WG__ATTRIBUTES] = offsetof(wg_tape, attributes.count),
    [WG__INPUT_LISTS] = offsetof(wg_tape, lists.count),
    [WG__INPUT_LISTS_KEPT] = offsetof(wg_tape, list_count),
    [WG__NUMBERS] = offsetof(wg_tape, numbers.count),
    [WG__CONSTANTS] = offsetof(wg_tape, constant_count),
    [WG__INPUTS] = offsetof(wg_tape, input_count),
    [WG__VERSIONS] = offsetof(wg_tape, version_count),
    [WG__EFFECTS] = offsetof(wg_tape, effect_count),
    [WG__EFFECTS_DONE] = offsetof(wg_tape, effect_done),
    [WG__KEEPS] = offsetof(wg_tape, keep_count),
    [WG__NOTES] = offsetof(wg_tape, note_count),
    [WG__SCOPES] = offsetof(wg_tape, scope_count),
    [WG__ALIASES] = offsetof(wg_tape, alias_count),
    [WG__DRAWS] = offsetof(wg_tape, draw_count),
    [WG__HELD] = offsetof(wg_tape, held_count),
    [WG__BODIES] = offsetof(wg_tape, body_count),
    [WG__EXTERNALS] = offsetof(wg_tape, external_count),
    [WG__REPLACED] = offsetof(wg_tape, replaced_count),
    [WG__CHANGES] = offsetof(wg_tape, change_count),
    [WG__SWEPT] = offsetof(wg_tape, swept_count),
    [WG__RUNS] = offsetof(wg_tape, run_count),
    [WG__SPANS] = offsetof(wg_tape, span_count),
};

static int64_t *length_of(wg_tape *tape, wg__list_kind list)
{
    return (int64_t *)(void *)((char *)tape + length_offset[list]);
}

void wg__reach_take(const wg_tape *tape, wg__reach *out)
{
    for (int i = 0; i < WG__LIST_KINDS; i++)
        memcpy(&out->length[i], (const char *)tape + length_offset[i], sizeof(int64_t));
    out->places = tape->places;
    out->scope_now = tape->scope_now;
    out->location_floor = tape->location_floor;
    out->location_depth = tape->location_depth;
    out->body_now = tape->body_now;
    out->instance_now = tape->instance_now;
    out->instance_count = tape->instance_count;
}

void wg__reach_set(wg_tape *tape, const wg__reach *reach)
{
    for (int i = 0; i < WG__LIST_KINDS; i++)
        *length_of(tape, (wg__list_kind)i) = reach->length[i];
    tape->places = reach->places;
    tape->scope_now = reach->scope_now;
    tape->location_floor = reach->location_floor;
    tape->location_depth = reach->location_depth;
    tape->body_now = reach->body_now;
    tape->instance_now = reach->instance_now;
    tape->instance_count = reach->instance_count;
}

bool wg__reach_equal(const wg__reach *x, const wg__reach *y)
{
    return memcmp(x->length, y->length, sizeof x->length) == 0 && x->body_now == y->body_now &&
           x->instance_now == y->instance_now && x->instance_count == y->instance_count;
}

bool wg__reach_places_equal(const wg__reach *x, const wg__reach *y)
{
    return x->places == y->places && x->scope_now == y->scope_now &&
           x->location_floor == y->location_floor && x->location_depth == y->location_depth;
}

void wg__places_mix(wg_tape *tape, uintptr_t what, uint64_t detail)
{
    uint64_t h = tape->places;
    h = (h ^ what) * 0x9E3779B97F4A7C15u;      /* 2^64 over the golden ratio, odd */
    h = (h ^ h >> 32 ^ detail) * 0x9E3779B97F4A7C15u;
    tape->places = h ^ h >> 32;
}

/* ---- the ghost ---- */

/* Versions met so far, in the order of their paths. */
static void sorted_cut(wg_tape *tape, int64_t ghost_count)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < ghost_count; i++)
        if (tape->by_path[i] < tape->version_count) tape->by_path[kept++] = tape->by_path[i];
    WG_ASSERT(kept == tape->version_count);
}

static void references_cut(wg_tape *tape)
{
    const int64_t *ghost = tape->ghost.length;
    for (int64_t i = tape->held_count; i < ghost[WG__HELD]; i++) wg__params_drop(tape->held[i]);
    for (int64_t i = tape->run_count; i < ghost[WG__RUNS]; i++) wg__key_drop(tape->run[i].key);
}

void wg__ghost_leave(wg_tape *tape)
{
    if (!tape->is_following) return;
    tape->is_following = false;
    tape->has_left = true;
    references_cut(tape);
    sorted_cut(tape, tape->ghost.length[WG__VERSIONS]);
    wg__table *const table[] = { &tape->shapes, &tape->attributes, &tape->lists, &tape->numbers };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) wg__table_cut(table[i]);
    wg__tape_paths_cut(tape);
}

/* True if what was recorded can be a ghost: it is whole, nothing was cut from it, and its params
 * are still wanted by others. */
bool wg__ghost_is_possible(const wg_tape *tape)
{
    if (tape->error.status < 0 || tape->has_left || tape->count == 0) return false;
    if (tape->body_now != 0 || tape->span_now != 0 || tape->location_depth != 0) return false;
    for (int64_t i = 0; i < tape->held_count; i++)
        if (wg__params_is_ours(tape->held[i])) return false;
    if (!tape->is_following) return true;
    wg__reach now;
    wg__reach_take(tape, &now);
    return memcmp(now.length, tape->ghost.length, sizeof now.length) == 0;
}

void wg__ghost_begin(wg_tape *tape)
{
    wg__reach_take(tape, &tape->ghost);
    wg__reach_set(tape, &(wg__reach){ .length = { [WG__ATTRIBUTES] = 1 } });
    tape->is_following = true;
    wg__scope_item_clear(tape, 0);   /* the root */
    tape->scope_count = 1;
}

/* ---- taking the ghost's next ---- */

bool wg__ghost_takes(wg_tape *tape, wg__list_kind list, bool is_equal)
{
    if (!tape->is_following) return false;
    int64_t *length = length_of(tape, list);
    if (is_equal && *length < tape->ghost.length[list]) {
        (*length)++;
        return true;
    }
    wg__ghost_leave(tape);
    return false;
}

uint32_t wg__tape_intern(wg_tape *tape, wg__table *table, const int64_t *word, int64_t count)
{
    if (tape->is_following) {
        const uint32_t id = wg__table_find(table, word, count);
        if (id < table->count) return id;
        if (id == table->count) {
            table->count++;
            return id;
        }
        wg__ghost_leave(tape);
    }
    return wg__table_intern(table, &tape->allocator, &tape->kept, word, count);
}

/* ---- changes ---- */

static void change_apply(wg_tape *tape, const wg__change *change)
{
    const uint32_t i = change->index, value = change->value;
    switch (change->kind) {
    case WG__CHANGE_LEAF:
        tape->version[i].leaf = value;
        if (tape->version[i].first == WG__NONE) tape->version[i].first = value;
        return;
    case WG__CHANGE_PRESENT: tape->version[i].present = value; return;
    case WG__CHANGE_ASSIGNED: tape->version[i].assigned = value; return;
    case WG__CHANGE_FROZEN: tape->version[i].is_frozen = value != 0; return;
    case WG__CHANGE_SCOPE_INPUT: tape->scope[i].input = value; return;
    case WG__CHANGE_SCOPE_VERSION: tape->scope[i].version = value; return;
    case WG__CHANGE_SCOPE_NOTE: tape->scope[i].note = value; return;
    case WG__CHANGE_SCOPE_DRAW: tape->scope[i].draw = value; return;
    case WG__CHANGE_NUMBER: tape->number[i].node = value; return;
    case WG__CHANGE_DRAW: tape->draw[i].count = value; return;
    case WG__CHANGE_EFFECT:
        tape->effect[i].value = value;
        tape->effect[i].place = tape->place[value];
        return;
    case WG__CHANGE_RESULT: tape->body[i].out[change->place] = value; return;
    }
}

int wg__tape_change_at(wg_tape *tape, wg__change_kind kind, uint32_t index, uint32_t place,
                       uint32_t value)
{
    const wg__change change = { (uint32_t)kind, index, place, value };
    const int64_t at = tape->change_count;
    const wg__change *ghost = &tape->change[at];
    const bool is_equal = wg__ghost_has_next(tape, WG__CHANGES, at) && ghost->kind == change.kind &&
                          ghost->index == index && ghost->place == place && ghost->value == value;
    if (!wg__ghost_takes(tape, WG__CHANGES, is_equal)) {
        if (wg__grow(&tape->allocator, (void **)&tape->change, &tape->change_capacity, at + 1,
                     sizeof *tape->change) < 0)
            return wg__tape_no_memory(tape);
        tape->change[tape->change_count++] = change;
    }
    change_apply(tape, &change);
    return WG_OK;
}

int wg__tape_change(wg_tape *tape, wg__change_kind kind, uint32_t index, uint32_t value)
{
    return wg__tape_change_at(tape, kind, index, 0, value);
}

void wg__changes_apply(wg_tape *tape, int64_t count, const wg__change *change)
{
    for (int64_t i = 0; i < count; i++) change_apply(tape, &change[i]);
}

/* Chains: which values of a region are computed together, in one walk over memory.
 *
 * Elementwise values over the same iteration form one chain, a tile program; every other value is a
 * chain of its own. Each value gets a level in its region: that of its input if both may be in one
 * chain and the value reads the input element by element, else one more. Chains take values of one
 * level alone, so chains can wait for each other in no circle. Levels are first the earliest; then,
 * backwards, values move as late as their readers allow, because what its only reader computes
 * along needs no memory.
 *
 * Of one level and iteration those values come together that read each other or share an input;
 * all of them, if so few elements are one tile. Chains keep the recorded order as far as their
 * inputs let them. A value that is read in its own chain alone has no memory: its tile is all there
 * is of it. */
#include "runtime/internal.h"

#include <string.h>

/* A chain is cut where tiles would be shorter than TILE_MIN, or than WG__TILE_STEP where there is
 * not more, and before its cells could outgrow the scratch memory. */
enum { TILE_MIN = 64, MEMBERS_MAX = 256 };

typedef struct fuser {
    wg__plan *plan;
    int32_t *level, *late;      /* by value, in its region; late: the latest its readers allow */
    uint32_t *root;             /* by value: one with whom it shares a chain; itself: their root */
    uint32_t *reader;           /* by value: the last elementwise value that reads all of it */
    uint32_t *alike;            /* by level: a root of few elements, others by alike_next */
    uint32_t *alike_next;
    uint32_t *first, *next;     /* by root: its values in order; by value: the next of them */
    uint32_t *at, *below;       /* by root: its value at hand, and the root that waits for it */
    int32_t *at_input;
    int32_t *live;              /* by value: the chain that loads it or holds it in a tile */
    uint32_t *order;            /* of the region, while it is made anew */
} fuser;

/* ---- iterations ---- */

/* The leading axis, which units cut, and all others of more than one element. */
static bool iterations_equal(const wg__shape *x, const wg__shape *y)
{
    if (x->rank == 0 || y->rank == 0) return x->rank == y->rank;
    if (x->dim[0] != y->dim[0]) return false;
    int32_t i = 1;
    int32_t j = 1;
    for (;;) {
        while (i < x->rank && x->dim[i] == 1) i++;
        while (j < y->rank && y->dim[j] == 1) j++;
        if (i == x->rank || j == y->rank) return i == x->rank && j == y->rank;
        if (x->dim[i++] != y->dim[j++]) return false;
    }
}

/* True if the value goes over all of its base, in order. */
static bool walks_in_order(const wg__plan *plan, uint32_t index)
{
    const wg__value *value = &plan->value[index];
    const wg__shape *shape = &value->type.shape;
    if (value->base == index) return true;
    if (value->offset != 0) return false;
    int64_t expected = 1;
    for (int32_t i = shape->rank - 1; i >= 0; i--) {
        if (shape->dim[i] != 1 && value->stride[i] != expected) return false;
        expected *= shape->dim[i];
    }
    return iterations_equal(shape, &plan->value[value->base].type.shape);
}

static bool is_elementwise(const wg__plan *plan, uint32_t index)
{
    const wg__class class = wg__op_table[plan->value[index].op].class;
    return class == WG__CLASS_LINEAR || class == WG__CLASS_MAP;
}

/* The base of input i if it is computed in the value's own region, else WG__NONE. */
static uint32_t inner_input(const wg__plan *plan, uint32_t index, int32_t i)
{
    const wg__value *value = &plan->value[index];
    const uint32_t base = plan->value[value->in[i]].base;
    if (!plan->value[base].is_computed) return WG__NONE;
    return plan->value[base].region == value->region ? base : WG__NONE;
}

/* True if a chain of the value may compute the base of its input i too. */
static bool is_together(const wg__plan *plan, uint32_t index, int32_t i)
{
    const uint32_t in = plan->value[index].in[i];
    return is_elementwise(plan, index) && is_elementwise(plan, plan->value[in].base) &&
           walks_in_order(plan, in) &&
           iterations_equal(&plan->value[in].type.shape, &plan->value[index].type.shape);
}

/* ---- levels ---- */

static void levels_earliest(const fuser *f, const wg__region *region)
{
    const wg__plan *plan = f->plan;
    for (int64_t i = region->first; i < region->first + region->count; i++) {
        const uint32_t index = plan->order[i];
        f->level[index] = 0;
        f->late[index] = INT32_MAX;
        for (int32_t j = 0; j < plan->value[index].in_count; j++) {
            const uint32_t base = inner_input(plan, index, j);
            if (base == WG__NONE) continue;
            const int32_t after = f->level[base] + !is_together(plan, index, j);
            if (after > f->level[index]) f->level[index] = after;
        }
    }
}

/* A value that moves waits in memory no longer; inputs that others keep where they are do. */
static bool is_worth_moving(const fuser *f, uint32_t index)
{
    const wg__plan *plan = f->plan;
    size_t waiting = 0;
    for (int32_t i = 0; i < plan->value[index].in_count; i++) {
        const uint32_t base = inner_input(plan, index, i);
        if (base != WG__NONE && f->late[base] < f->late[index])
            waiting += wg__value_bytes(plan, &plan->value[base], WG__NOWHERE);
    }
    return waiting <= wg__value_bytes(plan, &plan->value[index], WG__NOWHERE);
}

static void levels_latest(const fuser *f, const wg__region *region)
{
    const wg__plan *plan = f->plan;
    for (int64_t i = region->first + region->count - 1; i >= region->first; i--) {
        const uint32_t index = plan->order[i];
        const bool can = f->late[index] != INT32_MAX && f->late[index] > f->level[index];
        if (can && is_worth_moving(f, index)) f->level[index] = f->late[index];
        for (int32_t j = 0; j < plan->value[index].in_count; j++) {
            const uint32_t base = inner_input(plan, index, j);
            if (base == WG__NONE) continue;
            const int32_t before = f->level[index] - !is_together(plan, index, j);
            if (before < f->late[base]) f->late[base] = before;
        }
    }
}

/* ---- who comes together ---- */

static uint32_t root_of(const fuser *f, uint32_t index)
{
    while (f->root[index] != index) {
        f->root[index] = f->root[f->root[index]];
        index = f->root[index];
    }
    return index;
}

static void join(const fuser *f, uint32_t x, uint32_t y)
{
    const uint32_t a = root_of(f, x);
    const uint32_t b = root_of(f, y);
    if (a < b) f->root[b] = a;
    else f->root[a] = b;
}

static bool is_alike(const fuser *f, uint32_t x, uint32_t y)
{
    const wg__value *value = f->plan->value;
    return value[x].region == value[y].region && f->level[x] == f->level[y] &&
           iterations_equal(&value[x].type.shape, &value[y].type.shape);
}

static void join_inputs(const fuser *f, uint32_t index)
{
    const wg__plan *plan = f->plan;
    const int64_t count = wg__shape_count(&plan->value[index].type.shape);
    for (int32_t i = 0; i < plan->value[index].in_count; i++) {
        const uint32_t base = plan->value[plan->value[index].in[i]].base;
        const bool is_inner = inner_input(plan, index, i) != WG__NONE;
        if (is_inner && is_together(plan, index, i) && f->level[base] == f->level[index])
            join(f, index, base);
        if (wg__shape_count(&plan->value[base].type.shape) != count) continue;
        const uint32_t other = f->reader[base];
        if (other != WG__NONE && is_alike(f, index, other)) join(f, index, other);
        f->reader[base] = index;
    }
}

static void join_few(const fuser *f, uint32_t index)
{
    if (wg__shape_count(&f->plan->value[index].type.shape) > WG__TILE) return;
    uint32_t *head = &f->alike[f->level[index]];
    for (uint32_t other = *head; other != WG__NONE; other = f->alike_next[other])
        if (is_alike(f, index, other)) {
            join(f, index, other);
            return;
        }
    f->alike_next[index] = *head;
    *head = index;
}

static void values_join(const fuser *f, const wg__region *region)
{
    const wg__plan *plan = f->plan;
    const int64_t end = region->first + region->count;
    for (int64_t i = region->first; i < end; i++) f->alike[f->level[plan->order[i]]] = WG__NONE;
    for (int64_t i = region->first; i < end; i++) {
        const uint32_t index = plan->order[i];
        f->root[index] = index;
        f->first[index] = WG__NONE;
        if (!is_elementwise(plan, index)) continue;
        join_inputs(f, index);
        join_few(f, index);
    }
    for (int64_t i = end - 1; i >= region->first; i--) {
        const uint32_t index = plan->order[i];
        const uint32_t root = root_of(f, index);
        f->next[index] = f->first[root];
        f->first[root] = index;
    }
}

/* ---- chains in order ---- */

static void chain_open(wg__plan *plan, int64_t first, bool is_program)
{
    plan->chain[plan->chain_count++] = (wg__chain){ .first = first, .is_program = is_program };
}

/* Bytes of each element that a chain needs for one value more, if it has it not yet. */
static int64_t bytes_more(const fuser *f, uint32_t index)
{
    const int32_t chain = (int32_t)f->plan->chain_count;
    if (f->live[index] == chain) return 0;
    f->live[index] = chain;
    return (int64_t)wg_dtype_bytes(f->plan->value[index].type.dtype);
}

/* The same for all that one value reads. What no value reads any more gives its bytes back. */
static int64_t bytes_of_inputs(const fuser *f, uint32_t index)
{
    const wg__plan *plan = f->plan;
    const wg__value *value = &plan->value[index];
    int64_t bytes = 0;
    for (int32_t i = 0; i < value->in_count; i++) {
        const uint32_t base = plan->value[value->in[i]].base;
        if (plan->value[base].chain != value->chain) {
            bytes += bytes_more(f, value->in[i]);
        } else if (f->reader[base] == index) {
            bytes -= (int64_t)wg_dtype_bytes(plan->value[base].type.dtype);
            f->reader[base] = WG__NONE;
        }
    }
    return bytes;
}

/* The values of a root: as one chain, or as several if one would need too many tiles at a time. */
static void root_place(const fuser *f, uint32_t root, int64_t *placed)
{
    wg__plan *plan = f->plan;
    const int64_t elements = wg__shape_count(&plan->value[root].type.shape);
    const int64_t bytes_max = WG__TILE_BYTES / (elements < TILE_MIN ? WG__TILE_STEP : TILE_MIN);
    int64_t bytes = INT64_MAX / 2;
    for (uint32_t index = f->first[root]; index != WG__NONE; index = f->next[index]) {
        wg__value *value = &plan->value[index];
        if (bytes > bytes_max || plan->chain[plan->chain_count - 1].count == MEMBERS_MAX) {
            chain_open(plan, *placed, is_elementwise(plan, index));
            bytes = 0;
        }
        value->chain = (int32_t)plan->chain_count - 1;
        plan->chain[value->chain].count++;
        f->order[(*placed)++] = index;
        bytes += bytes_more(f, index) + bytes_of_inputs(f, index);
    }
}

/* The next root, from the one at hand on, that must be placed before `root`; WG__NONE: none. */
static uint32_t root_awaited(const fuser *f, uint32_t root)
{
    const wg__plan *plan = f->plan;
    for (; f->at[root] != WG__NONE; f->at[root] = f->next[f->at[root]]) {
        const uint32_t index = f->at[root];
        while (f->at_input[root] < plan->value[index].in_count) {
            const uint32_t base = inner_input(plan, index, f->at_input[root]++);
            if (base == WG__NONE) continue;
            const uint32_t other = root_of(f, base);
            if (other != root && plan->value[base].chain == WG__NOWHERE) return other;
        }
        f->at_input[root] = 0;
    }
    return WG__NONE;
}

static void root_enter(const fuser *f, uint32_t root, uint32_t below)
{
    f->at[root] = f->first[root];
    f->at_input[root] = 0;
    f->below[root] = below;
}

/* In the recorded order, each root after all that it waits for. */
static void chains_order(const fuser *f, wg__region *region)
{
    wg__plan *plan = f->plan;
    int64_t placed = region->first;
    region->chain_first = plan->chain_count;
    for (int64_t i = region->first; i < region->first + region->count; i++) {
        if (plan->value[plan->order[i]].chain != WG__NOWHERE) continue;
        uint32_t root = root_of(f, plan->order[i]);
        root_enter(f, root, WG__NONE);
        while (root != WG__NONE) {
            const uint32_t awaited = root_awaited(f, root);
            if (awaited != WG__NONE) {
                root_enter(f, awaited, root);
                root = awaited;
            } else {
                root_place(f, root, &placed);
                root = f->below[root];
            }
        }
    }
    region->chain_count = plan->chain_count - region->chain_first;
    WG_ASSERT(placed == region->first + region->count);
    memcpy(&plan->order[region->first], &f->order[region->first],
           (size_t)region->count * sizeof *plan->order);
}

/* ---- memory ---- */

/* Values that no other chain reads lie in no memory. */
static void memory_leave(wg__plan *plan)
{
    for (int64_t i = 0; i < plan->order_count; i++) {
        wg__value *value = &plan->value[plan->order[i]];
        const bool is_program = plan->chain[value->chain].is_program;
        value->is_tile = is_program && value->slot == WG__SLOT_SCRATCH;
    }
    for (int64_t i = 0; i < plan->order_count; i++) {
        const wg__value *value = &plan->value[plan->order[i]];
        for (int32_t j = 0; j < value->in_count; j++) {
            wg__value *base = &plan->value[plan->value[value->in[j]].base];
            if (base->chain != value->chain) base->is_tile = false;
        }
    }
    for (int64_t i = 0; i < plan->order_count; i++) {
        wg__value *value = &plan->value[plan->order[i]];
        if (value->is_tile) value->slot = WG__NOWHERE;
    }
}

static void chains_plain(wg__plan *plan)
{
    for (int64_t i = 0; i < plan->region_count; i++) {
        wg__region *region = &plan->region[i];
        region->chain_first = region->first;
        region->chain_count = region->count;
    }
    for (int64_t i = 0; i < plan->order_count; i++) {
        chain_open(plan, i, false);
        plan->chain[i].count = 1;
        plan->value[plan->order[i]].chain = (int32_t)i;
    }
}

static int fuser_open(fuser *f, wg__planner *planner)
{
    const size_t count = (size_t)f->plan->value_count;
    enum { TABLES = 13 };
    uint32_t *words = wg__arena_take(&planner->arena, TABLES * count * sizeof *words);
    if (words == NULL) return WG_EMEMORY;
    memset(words, 0xff, TABLES * count * sizeof *words);
    uint32_t **const table[] = { &f->root, &f->reader, &f->alike, &f->alike_next, &f->first,
                                 &f->next, &f->at, &f->below, &f->order };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++, words += count) *table[i] = words;
    int32_t **const signed_table[] = { &f->level, &f->late, &f->at_input, &f->live };
    for (size_t i = 0; i < sizeof signed_table / sizeof signed_table[0]; i++, words += count)
        *signed_table[i] = (int32_t *)words;
    return WG_OK;
}

int wg__plan_fuse(wg__planner *planner)
{
    wg__plan *plan = planner->plan;
    fuser f = { .plan = plan };
    plan->chain = wg__arena_take(&plan->arena, (size_t)plan->order_count * sizeof *plan->chain);
    if (plan->chain == NULL) return WG_EMEMORY;
    if (!planner->fuses) {
        chains_plain(plan);
        return WG_OK;
    }
    WG_TRY(fuser_open(&f, planner));
    for (int64_t i = 0; i < plan->region_count; i++) {
        levels_earliest(&f, &plan->region[i]);
        levels_latest(&f, &plan->region[i]);
        values_join(&f, &plan->region[i]);
        chains_order(&f, &plan->region[i]);
    }
    memory_leave(plan);
    return wg__plan_sequence(planner);
}

/* Stages and regions: which values are computed together, and what must be complete before.
 *
 * A value may be computed in the stage of an input only if both lie in one region and a row of
 * the value needs just that row of the input; else one stage later. Values of samples form one
 * region a stage, forward and backward alike, and run shard by shard; small values form one
 * serial region a stage; large elementwise ones run row by row with others of as many rows; a
 * large product or reduction is a region of its own, cut along its leading axis, so that a
 * contraction over the batch is never cut along it.
 *
 * First every value gets its earliest stage; then, backwards, values of samples, small ones and
 * elementwise ones move as late as their readers allow, so that a region of a later stage need not
 * read from memory what it could compute itself. So does what is computed again in order not to be
 * kept. */
#include "runtime/internal.h"

#include <stdlib.h>
#include <string.h>

/* Below this a value is not worth a thread, and elementwise values are told apart by size alone:
 * a chain of equal sizes must not alternate between regions. */
static const double SMALL_NS = 2000;
enum { SMALL_COUNT = 16384, ROWS_MIN = 16 };

typedef struct cutter {
    wg__plan *plan;
    bool is_loop;               /* all is small: a step is one region */
    bool cuts_all;              /* nothing is small: tests cut what they can */
    wg__region_kind *kind;      /* by value, of computed ones */
    int32_t *stage, *late;      /* late: the latest its readers allow */
    int32_t *group;             /* by stage: its latest region that others may join, -1: none */
    int32_t *group_next;        /* by region */
    int64_t region_capacity;
} cutter;

/* ---- kinds ---- */

static bool is_elementwise(const wg__plan *plan, const wg__value *value)
{
    const wg__class class = wg__op_table[value->op].class;
    if (class == WG__CLASS_LINEAR || class == WG__CLASS_MAP) return true;
    if (value->op != WG__OP_reshape) return false;
    return wg__shape_equal(&plan->value[value->in[0]].type.shape, &value->type.shape);
}

static wg__region_kind kind_of(const cutter *c, uint32_t index)
{
    const wg__value *value = &c->plan->value[index];
    if (c->is_loop) return WG__REGION_SERIAL;
    if (value->mark.is_set) return WG__REGION_SHARDS;
    const bool is_map = is_elementwise(c->plan, value);
    const bool is_small = is_map ? wg__shape_count(&value->type.shape) < SMALL_COUNT
                                 : wg__cost_of(c->plan, index).time_ns < SMALL_NS;
    if (is_small && !c->cuts_all) return WG__REGION_SERIAL;
    int64_t rows_min;
    if (!wg__slice_is_possible(c->plan, value, &rows_min)) return WG__REGION_WHOLE;
    if (value->type.shape.dim[0] < ROWS_MIN && !c->cuts_all) return WG__REGION_WHOLE;
    return is_map ? WG__REGION_ROWS : WG__REGION_TILES;
}

static int64_t units_of(const wg__value *value, wg__region_kind kind)
{
    switch (kind) {
    case WG__REGION_SHARDS:
        return value->loop != NULL ? value->loop->samples
                                   : value->type.shape.dim[0] / value->mark.group;
    case WG__REGION_ROWS:
    case WG__REGION_TILES: return value->type.shape.dim[0];
    case WG__REGION_SERIAL:
    case WG__REGION_WHOLE: return 1;
    }
    return 1;
}

/* ---- stages ---- */

/* True if row i of the walk lies in row i of its base. */
static bool rows_coincide(const wg__value *walk, const wg__value *base)
{
    if (walk->type.shape.rank == 0 || base->type.shape.rank == 0) return false;
    if (walk->type.shape.dim[0] != base->type.shape.dim[0]) return false;
    if (walk->stride[0] != base->stride[0]) return false;
    int64_t low = walk->offset;
    int64_t high = walk->offset;
    for (int32_t i = 1; i < walk->type.shape.rank; i++) {
        const int64_t reach = (walk->type.shape.dim[i] - 1) * walk->stride[i];
        if (reach < 0) low += reach;
        else high += reach;
    }
    return low >= 0 && high < base->stride[0];
}

/* True if value and the base of its input i may be computed together. */
static bool is_together(const cutter *c, uint32_t value, int32_t i)
{
    const wg__value *v = &c->plan->value[value];
    const wg__value *in = &c->plan->value[v->in[i]];
    const wg__value *base = &c->plan->value[in->base];
    const wg__region_kind kind = c->kind[value];
    if (kind != c->kind[in->base]) return false;
    switch (kind) {
    case WG__REGION_SERIAL: return true;
    case WG__REGION_SHARDS:
        /* An adopted value has a mark, but may be read as a whole nevertheless. */
        return in->mark.is_set && in->mark.axis == 0 && wg__slice_axis(c->plan, v, i) == 0 &&
               units_of(v, kind) == units_of(base, kind);
    case WG__REGION_ROWS:
        return units_of(v, kind) == units_of(base, kind) && rows_coincide(in, base);
    case WG__REGION_WHOLE:
    case WG__REGION_TILES: return false;
    }
    return false;
}

static void stages_earliest(const cutter *c)
{
    const wg__plan *plan = c->plan;
    for (int64_t i = 0; i < plan->value_count; i++) {
        const wg__value *value = &plan->value[i];
        c->stage[i] = 0;
        c->late[i] = INT32_MAX;
        c->kind[i] = WG__REGION_WHOLE;
        if (!value->is_computed) continue;
        c->kind[i] = kind_of(c, (uint32_t)i);
        for (int32_t j = 0; j < value->in_count; j++) {
            const uint32_t base = plan->value[value->in[j]].base;
            if (!plan->value[base].is_computed) continue;
            const int32_t after = c->stage[base] + !is_together(c, (uint32_t)i, j);
            if (after > c->stage[i]) c->stage[i] = after;
        }
    }
}

/* Moving a large value later makes its inputs wait in memory, if others keep them where they are.
 * It is worth it if they are no more than the value itself, which waits otherwise. */
static bool is_worth_moving(const cutter *c, uint32_t index, int32_t to)
{
    const wg__plan *plan = c->plan;
    if (c->kind[index] == WG__REGION_SERIAL || plan->value[index].instance > 0) return true;
    size_t waiting = 0;
    for (int32_t i = 0; i < plan->value[index].in_count; i++) {
        const uint32_t base = plan->value[plan->value[index].in[i]].base;
        const bool stays = plan->value[base].is_computed && c->late[base] < to;
        if (stays) waiting += wg__value_bytes(plan, &plan->value[base], WG__NOWHERE);
    }
    return waiting <= wg__value_bytes(plan, &plan->value[index], WG__NOWHERE);
}

static void stages_latest(const cutter *c)
{
    const wg__plan *plan = c->plan;
    for (int64_t i = plan->value_count - 1; i >= 0; i--) {
        const wg__value *value = &plan->value[i];
        if (!value->is_computed) continue;
        const bool moves = c->kind[i] == WG__REGION_SERIAL || c->kind[i] == WG__REGION_SHARDS ||
                           c->kind[i] == WG__REGION_ROWS || value->instance > 0;
        const bool can = c->late[i] != INT32_MAX && c->late[i] > c->stage[i];
        if (moves && can && is_worth_moving(c, (uint32_t)i, c->late[i])) c->stage[i] = c->late[i];
        for (int32_t j = 0; j < value->in_count; j++) {
            const uint32_t base = plan->value[value->in[j]].base;
            const int32_t before = c->stage[i] - !is_together(c, (uint32_t)i, j);
            if (before < c->late[base]) c->late[base] = before;
        }
    }
}

/* Numbers the stages that are left without gaps. */
static int stages_close(wg__planner *planner, cutter *c)
{
    wg__plan *plan = c->plan;
    int32_t last = -1;
    for (int64_t i = 0; i < plan->value_count; i++)
        if (plan->value[i].is_computed && c->stage[i] > last) last = c->stage[i];
    const size_t bytes = ((size_t)last + 2) * sizeof(int32_t);
    int32_t *number = wg__arena_take(&planner->arena, bytes);
    c->group = wg__arena_take(&planner->arena, bytes);
    if (number == NULL || c->group == NULL) return WG_EMEMORY;
    memset(number, 0, bytes);
    for (int64_t i = 0; i < plan->value_count; i++)
        if (plan->value[i].is_computed) number[c->stage[i]] = 1;
    for (int32_t i = 0; i <= last; i++) number[i] = number[i] ? plan->stage_count++ : -1;
    for (int64_t i = 0; i < plan->value_count; i++)
        if (plan->value[i].is_computed) c->stage[i] = number[c->stage[i]];
    for (int32_t i = 0; i < plan->stage_count; i++) c->group[i] = -1;
    return WG_OK;
}

/* ---- regions ---- */

static int32_t region_add(cutter *c, uint32_t value, int64_t units)
{
    wg__plan *plan = c->plan;
    const int32_t region = (int32_t)plan->region_count++;
    plan->region[region] = (wg__region){ .kind = c->kind[value],
                                         .stage = c->stage[value],
                                         .units = units,
                                         .units_min = 1,
                                         .first = value };
    return region;
}

/* The region of a value, made if there is none yet. */
static int32_t region_of(cutter *c, uint32_t value)
{
    const wg__plan *plan = c->plan;
    const wg__region_kind kind = c->kind[value];
    const int64_t units = units_of(&plan->value[value], kind);
    if (kind == WG__REGION_WHOLE || kind == WG__REGION_TILES) return region_add(c, value, units);
    int32_t *group = &c->group[c->stage[value]];
    for (int32_t region = *group; region >= 0; region = c->group_next[region])
        if (plan->region[region].kind == kind && plan->region[region].units == units)
            return region;
    const int32_t region = region_add(c, value, units);
    c->group_next[region] = *group;
    *group = region;
    return region;
}

static void regions_fill(cutter *c)
{
    wg__plan *plan = c->plan;
    for (int64_t i = 0; i < plan->value_count; i++) {
        wg__value *value = &plan->value[i];
        if (!value->is_computed) continue;
        value->region = region_of(c, (uint32_t)i);
        wg__region *region = &plan->region[value->region];
        region->count++;
        region->time_ns += wg__cost_of(plan, (uint32_t)i).time_ns;
        int64_t rows_min;
        if (region->kind != WG__REGION_TILES) continue;
        if (wg__slice_is_possible(plan, value, &rows_min) && rows_min > region->units_min)
            region->units_min = rows_min;
    }
}

/* By stage; in a stage the longest first, so that the last items to be claimed are short. */
static int region_compare(const void *x, const void *y)
{
    const wg__region *a = x;
    const wg__region *b = y;
    if (a->stage != b->stage) return a->stage < b->stage ? -1 : 1;
    if (a->time_ns != b->time_ns) return a->time_ns > b->time_ns ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

/* Sorts the regions and lists the values of each. `first` holds a value of the region until then.
 */
static int regions_order(wg__planner *planner)
{
    wg__plan *plan = planner->plan;
    const size_t count = (size_t)plan->region_count;
    int32_t *number = wg__arena_take(&planner->arena, count * sizeof *number);
    int64_t *next = wg__arena_take(&planner->arena, count * sizeof *next);
    if (number == NULL || next == NULL) return WG_EMEMORY;
    if (count > 0) qsort(plan->region, count, sizeof *plan->region, region_compare);
    for (int32_t i = 0; i < plan->region_count; i++)
        number[plan->value[plan->region[i].first].region] = i;
    for (int64_t i = 0; i < plan->region_count; i++) {
        plan->region[i].first = next[i] = plan->order_count;
        plan->order_count += plan->region[i].count;
    }
    plan->order = wg__arena_take(&plan->arena, (size_t)plan->order_count * sizeof *plan->order);
    if (plan->order == NULL) return WG_EMEMORY;
    for (int64_t i = 0; i < plan->value_count; i++) {
        wg__value *value = &plan->value[i];
        if (!value->is_computed) continue;
        value->region = number[value->region];
        plan->order[next[value->region]++] = (uint32_t)i;
    }
    return WG_OK;
}

/* ---- lives ---- */

/* The last stage that reads each value, and which values no other region reads: they need no more
 * than the rows of the item at hand. */
static void lives_find(wg__plan *plan)
{
    for (int64_t i = 0; i < plan->value_count; i++) {
        wg__value *value = &plan->value[i];
        if (!value->is_computed) continue;
        value->last_stage = plan->region[value->region].stage;
        /* The steps of a loop write where all its rows lie. */
        const bool is_whole = plan->keeps_all || (value->loop != NULL && value->mark.is_set);
        if (value->slot == WG__SLOT_WORKSPACE && !is_whole) value->slot = WG__SLOT_SCRATCH;
        if (plan->keeps_all) value->last_stage = plan->stage_count;
    }
    for (int64_t i = 0; i < plan->value_count; i++) {
        const wg__value *value = &plan->value[i];
        if (!value->is_computed) continue;
        const int32_t stage = plan->region[value->region].stage;
        for (int32_t j = 0; j < value->in_count; j++) {
            wg__value *base = &plan->value[plan->value[value->in[j]].base];
            if (stage > base->last_stage) base->last_stage = stage;
            const bool is_apart = base->region != value->region ||
                                  (value->loop != NULL && value->mark.is_set);
            if (base->slot == WG__SLOT_SCRATCH && is_apart) base->slot = WG__SLOT_WORKSPACE;
        }
    }
    for (int64_t i = 0; i < plan->store_count; i++) {
        wg__value *value = &plan->value[plan->store[i].value];
        value->last_stage = plan->stage_count;
        if (value->slot == WG__SLOT_SCRATCH) value->slot = WG__SLOT_WORKSPACE;
    }
}

int wg__plan_cut(wg__planner *planner)
{
    wg__plan *plan = planner->plan;
    const size_t count = (size_t)plan->value_count;
    cutter c = { .plan = plan,
                 .is_loop = planner->is_loop,
                 .cuts_all = planner->cuts_all,
                 .kind = wg__arena_take(&planner->arena, count * sizeof(wg__region_kind)),
                 .stage = wg__arena_take(&planner->arena, count * sizeof(int32_t)),
                 .late = wg__arena_take(&planner->arena, count * sizeof(int32_t)),
                 .group_next = wg__arena_take(&planner->arena, count * sizeof(int32_t)) };
    plan->region = wg__arena_take(&plan->arena, count * sizeof *plan->region);
    if (c.kind == NULL || c.stage == NULL || c.late == NULL || c.group_next == NULL ||
        plan->region == NULL)
        return WG_EMEMORY;
    stages_earliest(&c);
    stages_latest(&c);
    WG_TRY(stages_close(planner, &c));
    regions_fill(&c);
    WG_TRY(regions_order(planner));
    lives_find(plan);
    return WG_OK;
}

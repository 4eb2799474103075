/* Loops: how a scan is planned. A scan and all that extend it take the same steps, so one plan of
 * one step serves them all: values that several of them compute are one value there, and what no
 * wanted result needs, at this step or by a carry at a later one, is not computed at all. */
#include "runtime/internal.h"

#include <string.h>

/* A scan of the loop, with its body. */
typedef struct member { uint32_t scan; wg__scan_view view; const wg__body *body; } member;

typedef struct maker {
    wg__planner *outer;
    wg__planner inner;
    wg__loop *loop;
    wg__scan_view root;
    bool *is_live;              /* by node of the bodies: one step needs it */
    bool *carry_is_live;
    member *member;             /* the scan itself first */
    int64_t member_count;
    uint32_t *outside;          /* by slot of the step: a value of the plan around it */
    uint32_t *leaf;             /* by slot: the value that reads it */
    int64_t slot_count;
} maker;

/* ---- results ---- */

/* Carries are the same whichever scan of the loop they are picked from. */
static int64_t result_find(const wg__loop *loop, uint32_t scan, int64_t place, int64_t carries)
{
    for (int64_t i = 0; i < loop->result_count; i++) {
        const bool is_carry = place < carries;
        if (loop->place[i] == place && (is_carry || loop->scan[i] == scan)) return i;
    }
    return WG__NOWHERE;
}

static void result_add(maker *m, uint32_t scan, int64_t place)
{
    wg__loop *loop = m->loop;
    if (result_find(loop, scan, place, m->root.carry_count) >= 0) return;
    loop->scan[loop->result_count] = scan;
    loop->place[loop->result_count++] = place;
}

static void member_add(maker *m, uint32_t scan)
{
    for (int64_t i = 0; i < m->member_count; i++)
        if (m->member[i].scan == scan) return;
    const wg__scan_view view = wg__scan_at(m->outer->tape, scan);
    m->member[m->member_count++] =
        (member){ scan, view, &m->outer->tape->body[view.body - 1] };
}

/* Live picks of the scan and of those that extend it. */
static int64_t picks_of(const maker *m, uint32_t root, uint32_t *pick)
{
    const wg_tape *tape = m->outer->tape;
    int64_t count = 0;
    for (uint32_t node = root + 1; node < tape->count; node++) {
        if (!m->outer->is_live[node] || tape->record[node].op != WG__OP_pick) continue;
        int32_t in_count;
        const uint32_t scan = wg__tape_inputs(tape, node, &in_count)[0];
        if (wg__scan_at(tape, scan).root != root) continue;
        if (pick != NULL) pick[count] = node;
        count++;
    }
    return count;
}

/* ---- what a step needs ---- */

static void live_set(maker *m, const member *of, uint32_t node)
{
    m->is_live[node] = true;
    for (int64_t i = 0; i < m->root.carry_count; i++)
        if (of->body->in[i] == node) m->carry_is_live[i] = true;
}

static void member_mark(maker *m, const member *of)
{
    const wg_tape *tape = m->outer->tape;
    for (uint32_t node = of->body->end; node-- > of->body->first;) {
        if (!m->is_live[node] || !wg__body_owns(tape, of->view.body, node)) continue;
        int32_t count;
        const uint32_t *in = wg__tape_inputs(tape, node, &count);
        for (int32_t i = 0; i < count; i++) live_set(m, of, in[i]);
    }
}

/* Carries that a step needs are computed by the step before, and may need others. */
static void live_mark(maker *m, uint32_t const *pick, int64_t pick_count)
{
    const wg_tape *tape = m->outer->tape;
    for (int64_t i = 0; i < pick_count; i++) {
        int32_t count;
        const int64_t place = wg__tape_attribute(tape, pick[i], &count)[0];
        const uint32_t scan = wg__tape_inputs(tape, pick[i], &count)[0];
        if (place < m->root.carry_count) m->carry_is_live[place] = true;
        for (int64_t j = 0; j < m->member_count; j++)
            if (m->member[j].scan == scan)
                live_set(m, &m->member[j], m->member[j].body->out[place]);
    }
    int64_t known = -1;
    for (int64_t now = 0; now != known;) {
        known = now;
        for (int64_t i = 0; i < m->root.carry_count; i++)
            if (m->carry_is_live[i]) live_set(m, &m->member[0], m->member[0].body->out[i]);
        for (int64_t i = 0; i < m->member_count; i++) member_mark(m, &m->member[i]);
        now = 0;
        for (int64_t i = 0; i < m->root.carry_count; i++) now += m->carry_is_live[i];
    }
}

/* ---- values of a step ---- */

/* A slot of the step, at which it reads this value, or, of an x, its part of it. */
static int slot_add(maker *m, uint32_t outside, bool is_x)
{
    const wg__value *value = &m->outer->value[outside];
    const int32_t first = is_x ? 1 : 0;
    const int64_t slot = m->slot_count;
    wg__draft draft = { .op = WG__OP_placeholder,
                        .node = value->node,
                        .type = { .dtype = value->type.dtype },
                        .attribute = &slot,
                        .attribute_count = 1 };
    draft.type.shape.rank = value->type.shape.rank - first;
    for (int32_t i = 0; i < draft.type.shape.rank; i++)
        draft.type.shape.dim[i] = value->type.shape.dim[i + first];
    m->outside[slot] = outside;
    m->leaf[slot] = wg__value_leaf(&m->inner, &draft, value->stride + first);
    m->slot_count++;
    return m->leaf[slot] == WG__NONE ? WG_EMEMORY : WG_OK;
}

/* The first values of carries are read where they lie, and later ones where a step left them. */
static int carry_slot_add(maker *m, uint32_t outside)
{
    const wg__array walk = wg__value_walk(&m->outer->value[outside]);
    if (!wg__array_is_contiguous(&walk)) outside = wg__value_copy(m->outer, outside);
    return outside == WG__NONE ? WG_EMEMORY : slot_add(m, outside, false);
}

static bool x_is_live(const maker *m, int64_t i)
{
    for (int64_t j = 0; j < m->member_count; j++)
        if (m->is_live[m->member[j].body->in[i]]) return true;
    return false;
}

static void arguments_set(maker *m, int64_t place, uint32_t leaf)
{
    for (int64_t j = 0; j < m->member_count; j++)
        m->inner.value_of[m->member[j].body->in[place]] = leaf;
}

static int arguments_make(maker *m)
{
    const int64_t carries = m->root.carry_count;
    for (int64_t i = 0; i < carries + m->root.x_count; i++) {
        const uint32_t outside = m->outer->value_of[m->root.in[i]];
        const bool is_carry = i < carries;
        if (!(is_carry ? m->carry_is_live[i] : x_is_live(m, i))) continue;
        WG_TRY(is_carry ? carry_slot_add(m, outside) : slot_add(m, outside, true));
        arguments_set(m, i, m->leaf[m->slot_count - 1]);
        m->loop->carry_count += is_carry;
        m->loop->x_count += !is_carry;
    }
    return WG_OK;
}

/* Scans may have been given different values for what their bodies captured: set anew for each. */
static int captures_make(maker *m, const member *of)
{
    const int64_t given = of->view.carry_count + of->view.x_count;
    for (int64_t i = 0; i < of->body->captured_count; i++) {
        if (!m->is_live[of->body->captured[i]]) continue;
        const uint32_t outside = m->outer->value_of[of->view.in[given + i]];
        int64_t slot = m->loop->carry_count + m->loop->x_count;
        while (slot < m->slot_count && m->outside[slot] != outside) slot++;
        if (slot == m->slot_count) WG_TRY(slot_add(m, outside, false));
        m->inner.value_of[of->body->captured[i]] = m->leaf[slot];
    }
    return WG_OK;
}

static int value_make(maker *m, uint32_t node)
{
    uint32_t *value = &m->inner.value_of[node];
    *value = wg__plan_value_of(&m->inner, node);
    return m->inner.has_failed ? WG_EMEMORY : WG_OK;
}

static int constant_make(maker *m, uint32_t node)
{
    const bool is_new = m->outer->tape->record[node].op == WG__OP_constant &&
                        m->inner.value_of[node] == WG__NONE;
    return is_new ? value_make(m, node) : WG_OK;
}

/* The values of one scan's body, and the results that it gives. */
static int member_make(maker *m, const member *of, uint32_t *result)
{
    const wg_tape *tape = m->outer->tape;
    WG_TRY(captures_make(m, of));
    for (uint32_t node = of->body->first; node < of->body->end; node++) {
        if (!m->is_live[node] || !wg__body_owns(tape, of->view.body, node)) continue;
        if (tape->record[node].op == WG__OP_placeholder) continue;
        int32_t count;
        const uint32_t *in = wg__tape_inputs(tape, node, &count);
        for (int32_t i = 0; i < count; i++) WG_TRY(constant_make(m, in[i]));
        WG_TRY(value_make(m, node));
    }
    for (int64_t i = 0; i < m->loop->result_count; i++) {
        if (m->loop->scan[i] != of->scan) continue;
        const uint32_t out = of->body->out[m->loop->place[i]];
        WG_TRY(constant_make(m, out));
        result[i] = m->inner.value_of[out];
    }
    return WG_OK;
}

/* ---- the loop ---- */

static int results_place(wg__loop *loop, const maker *m, size_t *bytes)
{
    *bytes = 0;
    for (int64_t i = 0; i < loop->result_count; i++) {
        const wg__value *value = &m->loop->body->value[loop->body->result[i]];
        size_t all = wg__value_bytes(loop->body, value, WG__NOWHERE);
        loop->bytes[i] = (int64_t)all;
        loop->offset[i] = (int64_t)*bytes;
        const size_t times = i < loop->carry_count ? 1 : (size_t)loop->length;
        if (!wg__size_mul(all, times, &all) || !wg__size_add(all, WG__ALIGNMENT - 1, &all) ||
            !wg__size_add(*bytes, all / WG__ALIGNMENT * WG__ALIGNMENT, bytes))
            return WG_EMEMORY;
    }
    return WG_OK;
}

static void calls_find(wg__loop *loop)
{
    for (int64_t i = 0; i < loop->body->value_count; i++) {
        const wg__value *value = &loop->body->value[i];
        if (value->op == WG__OP_extern && value->attribute[WG__EXTERN_BY_ROWS] == 0)
            loop->is_of_caller = true;
        if (value->loop != NULL && value->loop->is_of_caller) loop->is_of_caller = true;
    }
}

/* Values, results and order of the step. */
static int step_make(maker *m, size_t *bytes)
{
    wg__loop *loop = m->loop;
    const size_t count = (size_t)loop->result_count;
    uint32_t *result = wg__arena_take(&m->inner.arena, count * sizeof *result);
    wg__plan *body = loop->body;
    body->result = wg__arena_take(&body->arena, count * sizeof *body->result);
    if (result == NULL || body->result == NULL) return WG_EMEMORY;
    body->result_count = loop->result_count;
    WG_TRY(arguments_make(m));
    for (int64_t i = 0; i < m->member_count; i++) WG_TRY(member_make(m, &m->member[i], result));
    body->input_count = m->slot_count;
    for (int64_t i = 0; i < loop->result_count; i++)
        WG_TRY(wg__plan_own(&m->inner, i, result[i]));
    WG_TRY(wg__plan_finish(&m->inner));
    WG_ASSERT(body->region_count == 1);
    calls_find(loop);
    return results_place(loop, m, bytes);
}

/* Room for all that a loop may have of each. */
static int tables_make(maker *m, wg__loop *loop, int64_t pick_count)
{
    wg__arena *arena = &m->inner.arena;
    wg__arena *kept = &m->outer->plan->arena;
    const size_t nodes = (size_t)m->outer->tape->count;
    const size_t carries = (size_t)m->root.carry_count;
    const size_t results = (size_t)pick_count + carries;
    m->is_live = wg__arena_take(arena, nodes);
    m->carry_is_live = wg__arena_take(arena, carries);
    m->member = wg__arena_take(arena, ((size_t)pick_count + 1) * sizeof *m->member);
    m->inner.value_of = wg__arena_take(arena, nodes * sizeof *m->inner.value_of);
    loop->scan = wg__arena_take(kept, results * sizeof *loop->scan);
    loop->place = wg__arena_take(kept, results * sizeof *loop->place);
    loop->offset = wg__arena_take(kept, results * sizeof *loop->offset);
    loop->bytes = wg__arena_take(kept, results * sizeof *loop->bytes);
    if (m->is_live == NULL || m->carry_is_live == NULL || m->member == NULL ||
        m->inner.value_of == NULL || loop->scan == NULL || loop->place == NULL ||
        loop->offset == NULL || loop->bytes == NULL)
        return WG_EMEMORY;
    memset(m->is_live, 0, nodes);
    memset(m->carry_is_live, 0, carries);
    memset(m->inner.value_of, 0xff, nodes * sizeof *m->inner.value_of);
    m->inner.is_live = m->is_live;
    return WG_OK;
}

/* Room for the slots of a step. */
static int slots_make(maker *m)
{
    int64_t slots = m->root.carry_count + m->root.x_count;
    for (int64_t i = 0; i < m->member_count; i++) slots += m->member[i].body->captured_count;
    m->outside = wg__arena_take(&m->inner.arena, (size_t)slots * sizeof *m->outside);
    m->leaf = wg__arena_take(&m->inner.arena, (size_t)slots * sizeof *m->leaf);
    return m->outside == NULL || m->leaf == NULL ? WG_EMEMORY : WG_OK;
}

/* Finds the scans of the loop and its results: carries that are needed, then what is picked. */
static int maker_open(maker *m, uint32_t root)
{
    const wg_tape *tape = m->outer->tape;
    const int64_t pick_count = picks_of(m, root, NULL);
    uint32_t *pick = wg__arena_take(&m->inner.arena, (size_t)pick_count * sizeof *pick);
    if (pick == NULL) return WG_EMEMORY;
    WG_TRY(tables_make(m, m->loop, pick_count));
    picks_of(m, root, pick);
    int32_t count;
    member_add(m, root);
    for (int64_t i = 0; i < pick_count; i++)
        member_add(m, wg__tape_inputs(tape, pick[i], &count)[0]);
    live_mark(m, pick, pick_count);
    for (int64_t i = 0; i < m->root.carry_count; i++)
        if (m->carry_is_live[i]) result_add(m, root, i);
    for (int64_t i = 0; i < pick_count; i++) {
        const uint32_t scan = wg__tape_inputs(tape, pick[i], &count)[0];
        result_add(m, scan, wg__tape_attribute(tape, pick[i], &count)[0]);
    }
    return slots_make(m);
}

static wg__loop *loop_open(wg__planner *planner, const wg__scan_view *root)
{
    wg__plan *plan = planner->plan;
    wg__loop *loop = wg__arena_take(&plan->arena, sizeof *loop);
    wg__plan *body = wg__plan_new(&planner->allocator);
    if (loop == NULL || body == NULL) {
        wg__plan_drop(body);
        return NULL;
    }
    *loop = (wg__loop){ .body = body,
                        .next = plan->loop,
                        .length = root->length,
                        .is_reverse = root->is_reverse };
    plan->loop = loop;
    body->external_count = plan->external_count;
    return loop;
}

static uint32_t loop_value(const maker *m, uint32_t node, size_t bytes)
{
    const wg__type type = { .dtype = WG_U8,
                            .shape = { .rank = 1, .dim = { (int64_t)bytes } } };
    const wg__draft draft = { .op = WG__OP_scan,
                              .node = node,
                              .type = type,
                              .in_count = (int32_t)m->slot_count,
                              .in = m->outside,
                              .instance = m->outer->tape->record[node].instance };
    return wg__value_loop(m->outer, &draft, m->loop);
}

uint32_t wg__loop_make(wg__planner *planner, uint32_t node)
{
    const wg__scan_view view = wg__scan_at(planner->tape, node);
    if (view.root != node) return planner->value_of[view.root];
    wg__loop *loop = loop_open(planner, &view);
    planner->has_failed = planner->has_failed || loop == NULL;
    if (loop == NULL) return WG__NONE;
    maker m = { .outer = planner,
                .loop = loop,
                .root = view,
                .inner = { .allocator = planner->allocator,
                           .kernels = planner->kernels,
                           .kernel_scratch = planner->kernel_scratch,
                           .tape = planner->tape,
                           .plan = loop->body,
                           .is_loop = true,
                           .is_plain = planner->is_plain,
                           .fuses = planner->fuses } };
    wg__arena_init(&m.inner.arena, &planner->allocator);
    size_t bytes = 0;
    int status = maker_open(&m, node);
    if (status >= 0) status = step_make(&m, &bytes);
    const uint32_t value = status >= 0 ? loop_value(&m, node, bytes) : WG__NONE;
    wg__arena_free(&m.inner.arena);
    wg__release(&planner->allocator, m.inner.value,
                (size_t)m.inner.capacity * sizeof *m.inner.value);
    planner->has_failed = planner->has_failed || value == WG__NONE;
    return value;
}

uint32_t wg__loop_pick(wg__planner *planner, uint32_t node)
{
    const wg_tape *tape = planner->tape;
    int32_t count;
    const int64_t place = wg__tape_attribute(tape, node, &count)[0];
    const uint32_t scan = wg__tape_inputs(tape, node, &count)[0];
    const uint32_t value = planner->value_of[scan];
    if (value == WG__NONE) return WG__NONE;
    const wg__loop *loop = planner->value[value].loop;
    const int64_t k = result_find(loop, scan, place, wg__scan_at(tape, scan).carry_count);
    WG_ASSERT(k >= 0);
    const wg__draft draft = { .op = WG__OP_pick,
                              .node = node,
                              .type = wg__tape_type(tape, node),
                              .in_count = 1,
                              .in = &value,
                              .attribute = &k,
                              .attribute_count = 1,
                              .instance = tape->record[node].instance };
    return wg__value_part(planner, &draft, loop->offset[k]);
}

/* All steps; the region of one has their cost. */
wg__cost wg__loop_cost(const wg__value *value)
{
    const wg__loop *loop = value->loop;
    const double steps = (double)loop->length;
    wg__cost cost = { .time_ns = steps * loop->body->region[0].time_ns };
    for (int64_t i = 0; i < loop->body->order_count; i++) {
        const wg__cost one = wg__cost_of(loop->body, loop->body->order[i]);
        cost.flops += steps * one.flops;
        cost.bytes += steps * one.bytes;
    }
    return cost;
}

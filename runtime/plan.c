/* From a recording to a plan: what is wanted is followed back to its leaves, each node met
 * becomes a value in its simplest form, and the values that are still needed then are marked, cut
 * into regions and ordered. What nothing wanted depends on never becomes a value.
 *
 * Wanted and stored values own their memory: where one is only a view, a leaf, or a value already
 * wanted under another name, it is copied. */
#include "runtime/internal.h"

#include <string.h>

/* ---- nodes ---- */

/* The effects a plan carries out: those not yet committed that are no creations. */
static bool effect_counts(const wg__wanted *wanted, int64_t i)
{
    return wanted->with_effects && wanted->tape->effect[i].kind != WG__CREATE;
}

/* True for every node that something wanted depends on; NULL without memory. */
static bool *nodes_live(wg__planner *planner, const wg__wanted *wanted)
{
    const wg_tape *tape = planner->tape;
    bool *is_live = wg__arena_take(&planner->arena, (size_t)tape->count * sizeof *is_live);
    if (is_live == NULL) return NULL;
    memset(is_live, 0, (size_t)tape->count * sizeof *is_live);
    for (int64_t i = 0; i < wanted->count; i++) is_live[wanted->node[i]] = true;
    for (int64_t i = tape->effect_done; i < tape->effect_count; i++)
        if (effect_counts(wanted, i)) is_live[tape->effect[i].value] = true;
    for (int64_t node = tape->count - 1; node >= 0; node--) {
        int32_t count;
        const uint32_t *in = wg__tape_inputs(tape, (uint32_t)node, &count);
        if (!is_live[node]) continue;
        for (int32_t i = 0; i < count; i++) is_live[in[i]] = true;
    }
    return is_live;
}

/* The elements of a recorded constant, copied to where the plan keeps them. */
static uint32_t value_of_constant(wg__planner *planner, uint32_t node, int64_t id)
{
    const wg__constant *constant = &planner->tape->constant[id];
    void *data = wg__arena_take(&planner->plan->arena, constant->bytes);
    if (data == NULL) {
        planner->has_failed = true;
        return WG__NONE;
    }
    if (constant->bytes > 0) memcpy(data, constant->data, constant->bytes);
    return wg__value_constant(planner, &constant->type, data, node);
}

uint32_t wg__plan_value_of(wg__planner *planner, uint32_t node)
{
    const wg_tape *tape = planner->tape;
    const wg__record *record = &tape->record[node];
    if (record->op == WG__OP_scan) return wg__loop_make(planner, node);
    if (record->op == WG__OP_pick) return wg__loop_pick(planner, node);
    wg__draft draft = { .op = (wg__op_id)record->op,
                        .node = node,
                        .type = wg__tape_type(tape, node),
                        .instance = record->instance };
    draft.attribute = wg__tape_attribute(tape, node, &draft.attribute_count);
    if (draft.op == WG__OP_constant) return value_of_constant(planner, node, draft.attribute[0]);

    const uint32_t *in = wg__tape_inputs(tape, node, &draft.in_count);
    const size_t bytes = (size_t)draft.in_count * sizeof *in;
    uint32_t few[3];
    uint32_t *values = draft.in_count <= 3 ? few : wg__arena_take(&planner->arena, bytes);
    if (values == NULL) {
        planner->has_failed = true;
        return WG__NONE;
    }
    for (int32_t i = 0; i < draft.in_count; i++) values[i] = planner->value_of[in[i]];
    draft.in = values;
    return wg__value_make(planner, &draft);
}

static int values_make(wg__planner *planner, const wg__wanted *wanted)
{
    const wg_tape *tape = planner->tape;
    const bool *is_live = nodes_live(planner, wanted);
    planner->value_of = wg__arena_take(&planner->arena, (size_t)tape->count * sizeof(uint32_t));
    if (is_live == NULL || planner->value_of == NULL) return WG_EMEMORY;
    planner->is_live = is_live;
    for (int64_t node = 0; node < tape->count; node++) {
        planner->value_of[node] = WG__NONE;
        if (!is_live[node]) continue;
        planner->value_of[node] = wg__plan_value_of(planner, (uint32_t)node);
        if (planner->has_failed) return WG_EMEMORY;
    }
    return WG_OK;
}

/* ---- wanted values ---- */

/* A value in memory of its own: what an instruction writes, or a copy. */
static uint32_t value_owned(wg__planner *planner, uint32_t value)
{
    const wg__value *of = &planner->value[value];
    return of->is_computed && of->loop == NULL ? value : wg__value_copy(planner, value);
}

int wg__plan_own(wg__planner *planner, int64_t i, uint32_t value)
{
    value = value_owned(planner, value);
    if (value != WG__NONE && planner->value[value].slot != WG__NOWHERE)
        value = wg__value_copy(planner, value);
    if (value == WG__NONE) return WG_EMEMORY;
    planner->value[value].slot = wg__slot_result(planner->plan, i);
    planner->plan->result[i] = value;
    return WG_OK;
}

static int results_take(wg__planner *planner, const wg__wanted *wanted)
{
    wg__plan *plan = planner->plan;
    plan->result_count = wanted->count;
    plan->result = wg__arena_take(&plan->arena, (size_t)wanted->count * sizeof *plan->result);
    if (plan->result == NULL) return WG_EMEMORY;
    for (int64_t i = 0; i < wanted->count; i++)
        WG_TRY(wg__plan_own(planner, i, planner->value_of[wanted->node[i]]));
    return WG_OK;
}

static int effect_take(wg__planner *planner, int64_t index)
{
    wg__plan *plan = planner->plan;
    const wg__effect *effect = &planner->tape->effect[index];
    const uint32_t value = value_owned(planner, planner->value_of[effect->value]);
    if (value == WG__NONE) return WG_EMEMORY;
    if (effect->kind == WG__ASSIGN)
        plan->store[plan->store_count++] = (wg__store){ effect->slot, value };
    else
        planner->value[value].finite_effect = (int32_t)index;
    return WG_OK;
}

/* From the last to the first, because the last assign of a name is the one that is stored. */
static int effects_take(wg__planner *planner, const wg__wanted *wanted)
{
    wg__plan *plan = planner->plan;
    const wg_tape *tape = planner->tape;
    const size_t count = (size_t)(tape->effect_count - tape->effect_done);
    const size_t flags = (size_t)tape->version_count * sizeof(bool);
    bool *is_stored = wg__arena_take(&planner->arena, flags);
    plan->store = wg__arena_take(&plan->arena, count * sizeof *plan->store);
    if (plan->store == NULL || is_stored == NULL) return WG_EMEMORY;
    memset(is_stored, 0, flags);
    for (int64_t i = tape->effect_count - 1; i >= tape->effect_done; i--) {
        const wg__effect *effect = &tape->effect[i];
        if (!effect_counts(wanted, i)) continue;
        if (effect->kind == WG__ASSIGN && is_stored[effect->slot]) continue;
        WG_TRY(effect_take(planner, i));
        if (effect->kind == WG__ASSIGN) is_stored[effect->slot] = true;
    }
    return WG_OK;
}

/* ---- what is still needed ---- */

static bool *values_live(wg__planner *planner)
{
    const wg__plan *plan = planner->plan;
    bool *is_live = wg__arena_take(&planner->arena, (size_t)planner->count * sizeof *is_live);
    if (is_live == NULL) return NULL;
    for (int64_t i = 0; i < planner->count; i++)
        is_live[i] = planner->value[i].finite_effect != WG__NOWHERE;
    for (int64_t i = 0; i < plan->result_count; i++) is_live[plan->result[i]] = true;
    for (int64_t i = 0; i < plan->store_count; i++) is_live[plan->store[i].value] = true;
    for (int64_t i = planner->count - 1; i >= 0; i--) {
        const wg__value *value = &planner->value[i];
        if (!is_live[i]) continue;
        is_live[value->base] = true;
        for (int32_t j = 0; j < value->in_count; j++) is_live[value->in[j]] = true;
    }
    return is_live;
}

/* Moves the live values to the plan; all indices are those of the plan afterwards. */
static int values_move(wg__planner *planner)
{
    wg__plan *plan = planner->plan;
    const bool *is_live = values_live(planner);
    uint32_t *moved = wg__arena_take(&planner->arena, (size_t)planner->count * sizeof *moved);
    if (is_live == NULL || moved == NULL) return WG_EMEMORY;
    for (int64_t i = 0; i < planner->count; i++)
        moved[i] = is_live[i] ? (uint32_t)plan->value_count++ : WG__NONE;
    plan->value = wg__arena_take(&plan->arena, (size_t)plan->value_count * sizeof *plan->value);
    if (plan->value == NULL) return WG_EMEMORY;
    for (int64_t i = 0; i < planner->count; i++) {
        if (!is_live[i]) continue;
        wg__value *value = &plan->value[moved[i]];
        *value = planner->value[i];
        value->base = moved[value->base];
        for (int32_t j = 0; j < value->in_count; j++) value->in[j] = moved[value->in[j]];
    }
    for (int64_t i = 0; i < plan->result_count; i++) plan->result[i] = moved[plan->result[i]];
    for (int64_t i = 0; i < plan->store_count; i++)
        plan->store[i].value = moved[plan->store[i].value];
    return WG_OK;
}

/* Base addresses of leaves, and of computed values that are not wanted: the workspace for now. */
static int slots_assign(wg__plan *plan)
{
    const size_t flags = (size_t)(plan->input_count + plan->version_count) * sizeof(bool);
    plan->input_is_read = wg__arena_take(&plan->arena, flags);
    if (plan->input_is_read == NULL) return WG_EMEMORY;
    memset(plan->input_is_read, 0, flags);
    plan->version_is_read = plan->input_is_read + plan->input_count;
    for (int64_t i = 0; i < plan->value_count; i++) {
        wg__value *value = &plan->value[i];
        if (value->op == WG__OP_input) {
            plan->input_is_read[value->attribute[0]] = true;
            value->slot = WG__SLOT_FIRST + value->attribute[0];
        } else if (value->op == WG__OP_parameter) {
            plan->version_is_read[value->attribute[0]] = true;
            value->slot = wg__slot_version(plan, value->attribute[0]);
        } else if (value->op == WG__OP_placeholder) {
            value->slot = WG__SLOT_FIRST + value->attribute[0];
        } else if (value->is_computed && value->slot == WG__NOWHERE) {
            value->slot = WG__SLOT_WORKSPACE;
        }
    }
    return WG_OK;
}

/* ---- the plan ---- */

int wg__plan_finish(wg__planner *planner)
{
    WG_TRY(values_move(planner));
    WG_TRY(slots_assign(planner->plan));
    WG_TRY(wg__plan_mark(planner));
    if (planner->fuses && !planner->is_loop) WG_TRY(wg__plan_absorb(planner));
    WG_TRY(wg__plan_cut(planner));
    return wg__plan_fuse(planner);
}

static int plan_fill(wg__planner *planner, const wg__wanted *wanted)
{
    WG_TRY(values_make(planner, wanted));
    WG_TRY(results_take(planner, wanted));
    WG_TRY(effects_take(planner, wanted));
    return wg__plan_finish(planner);
}

wg__plan *wg__plan_new(const wg_allocator *allocator)
{
    wg__plan *plan = wg__allocate_zeroed(allocator, sizeof *plan);
    if (plan == NULL) return NULL;
    plan->allocator = *allocator;
    atomic_init(&plan->references, 1);
    wg__arena_init(&plan->arena, &plan->allocator);
    return plan;
}

int wg__plan_create(wg_runtime *runtime, const wg__wanted *wanted, wg__plan **out)
{
    const wg_tape *tape = wanted->tape;
    wg__plan *plan = wg__plan_new(&runtime->allocator);
    if (plan == NULL) return WG_EMEMORY;
    plan->input_count = tape->input_count;
    plan->version_count = tape->version_count;
    plan->external_count = tape->external_count;
    plan->keeps_all = tape->check_finite;

    wg__planner planner = { .allocator = runtime->allocator,
                            .kernels = runtime->kernels,
                            .kernel_scratch = runtime->worker[0].kernel_scratch,
                            .tape = tape,
                            .plan = plan,
                            .is_plain = tape->check_finite,
                            .cuts_all = runtime->shard_rows_test > 0,
                            .fuses = !runtime->is_plain && !tape->check_finite };
    wg__arena_init(&planner.arena, &planner.allocator);
    const int status = plan_fill(&planner, wanted);
    wg__arena_free(&planner.arena);
    wg__release(&planner.allocator, planner.value,
                (size_t)planner.capacity * sizeof *planner.value);
    if (status < 0) {
        wg__plan_drop(plan);
        return status;
    }
    *out = plan;
    return WG_OK;
}

void wg__plan_hold(wg__plan *plan)
{
    atomic_fetch_add(&plan->references, 1);
}

void wg__plan_drop(wg__plan *plan)
{
    if (plan == NULL || atomic_fetch_sub(&plan->references, 1) > 1) return;
    for (wg__loop *loop = plan->loop; loop != NULL; loop = loop->next) wg__plan_drop(loop->body);
    wg__arena_free(&plan->arena);
    const wg_allocator allocator = plan->allocator;
    wg__release(&allocator, plan, sizeof *plan);
}

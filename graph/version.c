/* Versions: parameters and state as a recording reads them. A name reads as its value in the
 * params, and after an assign as the assigned value, held constant to derivatives; what was read
 * before keeps the old value. What is to be stored is an effect: at most one assign a name, the
 * last one.
 *
 * A run commits all effects. From then on records that depend on a replaced value stand for
 * something that no longer exists: an assigned name begins a new epoch, whose leaf is a new
 * record. */
#include "graph/tape.h"
#include <string.h>
#include <wengert/ops.h>

/* ---- finding ---- */

uint32_t wg__version_find(const wg_tape *tape, uint32_t path, const wg_params *params)
{
    uint32_t slot = tape->scope[path].version;
    while (slot != WG__NONE && tape->version[slot].params != params)
        slot = tape->version[slot].next;
    return slot;
}

uint32_t wg__version_of(const wg_tape *tape, uint32_t node)
{
    if (tape->record[node].op == WG__OP_parameter) {
        int32_t count;
        return (uint32_t)wg__tape_attribute(tape, node, &count)[0];
    }
    int64_t low = 0, high = tape->alias_count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (tape->alias[middle].node < node) low = middle + 1;
        else high = middle;
    }
    const bool is_alias = low < tape->alias_count && tape->alias[low].node == node;
    return is_alias ? tape->alias[low].slot : WG__NONE;
}

/* ---- making ---- */

void wg__version_clear(wg__version *version)
{
    version->leaf = version->present = version->assigned = version->first = WG__NONE;
    version->epoch = 0;
}

/* The ghost's version that a new one equals stands where it stood. */
static bool version_is(const wg__version *known, const wg__version *version)
{
    return known->params == version->params && known->name == version->name &&
           known->is_trained == version->is_trained;
}

/* Enters the slot among the others by path. */
static int sorted_enter(wg_tape *tape, uint32_t slot)
{
    if (wg__grow(&tape->allocator, (void **)&tape->by_path, &tape->by_path_capacity, slot + 1,
                 sizeof *tape->by_path) < 0)
        return wg__tape_no_memory(tape);
    int64_t place = slot;
    while (place > 0 && strcmp(tape->version[tape->by_path[place - 1]].path,
                               tape->version[slot].path) > 0) {
        tape->by_path[place] = tape->by_path[place - 1];
        place--;
    }
    tape->by_path[place] = slot;
    return WG_OK;
}

uint32_t wg__version_add(wg_tape *tape, const wg__version *version)
{
    const uint32_t slot = (uint32_t)tape->version_count;
    if (wg__grow(&tape->allocator, (void **)&tape->version, &tape->version_capacity,
                 tape->version_count + 1, sizeof *tape->version) < 0) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    wg__version *added = &tape->version[slot];
    const bool is_equal = wg__ghost_has_next(tape, WG__VERSIONS, slot) &&
                          version_is(added, version);
    const bool follows = wg__ghost_takes(tape, WG__VERSIONS, is_equal);
    *added = *version;
    added->path = tape->scope[version->name].path;
    added->next = tape->scope[version->name].version;
    wg__version_clear(added);
    if (!follows) {
        if (sorted_enter(tape, slot) < 0) return WG__NONE;
        tape->version_count++;
    }
    if (wg__tape_change(tape, WG__CHANGE_FROZEN, slot, version->is_frozen) < 0 ||
        wg__tape_change(tape, WG__CHANGE_SCOPE_VERSION, version->name, slot) < 0)
        return WG__NONE;
    return slot;
}

/* ---- reading ---- */

uint32_t wg__version_leaf(wg_tape *tape, uint32_t slot)
{
    wg__version *version = &tape->version[slot];
    if (version->leaf != WG__NONE) return version->leaf;
    const int64_t attribute[2] = { slot, version->epoch };
    const uint32_t leaf = wg__tape_leaf(tape, WG__OP_parameter, &version->type, attribute, 2);
    if (leaf == WG__NONE || wg__tape_change(tape, WG__CHANGE_LEAF, slot, leaf) < 0) return WG__NONE;
    return leaf;
}

/* Notes that a record, later than all before, reads a slot. */
static int alias_add(wg_tape *tape, uint32_t node, uint32_t slot)
{
    if (wg__grow(&tape->allocator, (void **)&tape->alias, &tape->alias_capacity,
                 tape->alias_count + 1, sizeof *tape->alias) < 0)
        return wg__tape_no_memory(tape);
    tape->alias[tape->alias_count++] = (wg__alias){ .node = node, .slot = slot };
    return WG_OK;
}

static uint32_t present_set(wg_tape *tape, uint32_t slot, uint32_t node)
{
    if (node == WG__NONE || wg__tape_change(tape, WG__CHANGE_PRESENT, slot, node) < 0)
        return WG__NONE;
    return node;
}

uint32_t wg__version_read(wg_tape *tape, uint32_t slot)
{
    wg__version *version = &tape->version[slot];
    if (version->present != WG__NONE) return version->present;
    if (version->assigned == WG__NONE) return present_set(tape, slot, wg__version_leaf(tape, slot));
    const uint32_t body = wg__body_leave(tape);
    const uint32_t value =
        wg__emit1(&tape->builder, WG__OP_stop_gradient, version->assigned);
    tape->body_now = body;
    if (value == WG__NONE || alias_add(tape, value, slot) < 0) return WG__NONE;
    return present_set(tape, slot, value);
}

const char *wg_path(wg_var parameter)
{
    if (wg__var_check(parameter) != WG_OK) return "";
    const uint32_t slot = wg__version_of(parameter.tape, parameter.index);
    return slot == WG__NONE ? "" : parameter.tape->version[slot].path;
}

/* ---- assigning ---- */

int wg__version_assign(wg_tape *tape, uint32_t slot, uint32_t value)
{
    int64_t at = tape->effect_done;
    while (at < tape->effect_count &&
           (tape->effect[at].kind != WG__ASSIGN || tape->effect[at].slot != slot))
        at++;
    if (at < tape->effect_count)
        WG_TRY(wg__tape_change(tape, WG__CHANGE_EFFECT, (uint32_t)at, value));
    else WG_TRY(wg__tape_effect(tape, WG__ASSIGN, slot, value));
    WG_TRY(wg__tape_change(tape, WG__CHANGE_ASSIGNED, slot, value));
    return wg__tape_change(tape, WG__CHANGE_PRESENT, slot, WG__NONE);
}

/* "[3] f32 is not [4] f32" */
int wg__type_refuse(wg_tape *tape, const char *op, uint32_t node, const char *path,
                    const wg__type *given, const wg__type *known)
{
    char text[240];
    wg__text why = wg__text_of(text, sizeof text);
    wg__text_shape(&why, &given->shape);
    wg__text_add(&why, " %s is not ", wg_dtype_name(given->dtype));
    wg__text_shape(&why, &known->shape);
    wg__text_add(&why, " %s", wg_dtype_name(known->dtype));
    return wg__tape_refuse(tape, given->dtype != known->dtype ? WG_EDTYPE : WG_ESHAPE, op, node,
                           "%s: %s", path, text);
}

int wg_assign(wg_var leaf, wg_var value)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("assign", 2, (const wg_var[2]){ leaf, value }, &failed);
    if (tape == NULL) return failed.tape == NULL ? WG_EINVALID : failed.tape->error.status;
    WG_TRY(wg__tape_expect_no_body(tape, "assign"));
    const uint32_t slot = wg__version_of(tape, leaf.index);
    if (slot == WG__NONE) {
        char text[200];
        wg__text name = wg__text_of(text, sizeof text);
        wg__tape_name_value(tape, leaf.index, &name);
        return wg__tape_refuse(tape, WG_EINVALID, "assign", value.index,
                               "%s is no parameter or state", text);
    }
    const wg__version *version = &tape->version[slot];
    const wg__type type = wg__tape_type(tape, value.index);
    if (type.dtype != version->type.dtype ||
        !wg__shape_equal(&type.shape, &version->type.shape))
        return wg__type_refuse(tape, "assign", value.index, version->path, &type, &version->type);
    if (version->condition != WG__NONE) {
        const wg_var kept = wg__var_of(tape, wg__version_read(tape, slot));
        value = wg_select(wg__var_of(tape, version->condition), value, kept);
        if (tape->error.status < 0) return tape->error.status;
    }
    return wg__version_assign(tape, slot, value.index);
}

/* ---- after a run ---- */

void wg__tape_committed(wg_tape *tape)
{
    for (int64_t i = 0; i < tape->version_count; i++) {
        wg__version *version = &tape->version[i];
        if (version->entry == NULL)
            version->entry = wg__params_entry(version->params, version->path);
        if (version->assigned == WG__NONE) continue;
        version->assigned = version->present = version->leaf = WG__NONE;
        version->epoch++;
    }
    tape->effect_done = tape->effect_count;
}

/* A leaf of an epoch that has ended. */
static bool leaf_is_gone(const wg_tape *tape, uint32_t node)
{
    if (tape->record[node].op != WG__OP_parameter) return false;
    int32_t count;
    const int64_t *attribute = wg__tape_attribute(tape, node, &count);
    return attribute[1] < tape->version[attribute[0]].epoch;
}

/* Marks what depends on such a leaf, in stored order; true if node does. */
static bool gone_mark(const wg_tape *tape, uint32_t node)
{
    bool has_epochs = false;
    for (int64_t i = 0; i < tape->version_count; i++)
        has_epochs = has_epochs || tape->version[i].epoch > 0;
    if (!has_epochs) return false;
    for (uint32_t at = 0; at <= node; at++) {
        int32_t count;
        const uint32_t *in = wg__tape_inputs(tape, at, &count);
        bool is_gone = leaf_is_gone(tape, at);
        for (int32_t i = 0; i < count && !is_gone; i++) is_gone = tape->gone[in[i]];
        tape->gone[at] = is_gone;
    }
    return tape->gone[node];
}

bool wg__tape_is_gone(const wg_tape *tape, uint32_t node, uint32_t *slot)
{
    if (tape->effect_done == 0 || !gone_mark(tape, node)) return false;   /* nothing was stored */
    while (!leaf_is_gone(tape, node)) {
        int32_t count, i = 0;
        const uint32_t *in = wg__tape_inputs(tape, node, &count);
        while (!tape->gone[in[i]]) i++;
        WG_ASSERT(i < count);
        node = in[i];
    }
    *slot = wg__version_of(tape, node);
    return true;
}

/* Running a tape as it stands.
 *
 * What is wanted and not known yet is computed together with the pending effects, each once.
 * Parameters that the recording met first are made before, by programs of their own: so the first
 * step and all later ones run the same main program. If the main run fails they are taken back,
 * and nothing was stored: a run commits all its effects or none. */
#include "runtime/internal.h"

/* ---- locks ---- */

int wg__params_lock_one(wg_runtime *runtime, wg_params *params, bool to_write)
{
    WG_TRY(wg__grow(&runtime->allocator, (void **)&runtime->locked, &runtime->locked_capacity,
                    runtime->locked_count + 1, sizeof *runtime->locked));
    WG_TRY(wg__params_lock(params, to_write));
    runtime->locked[runtime->locked_count++] = params;
    return WG_OK;
}

void wg__params_unlock_all(wg_runtime *runtime)
{
    while (runtime->locked_count > 0)
        wg__params_unlock(runtime->locked[--runtime->locked_count]);
}

static bool is_locked(const wg_runtime *runtime, const wg_params *params)
{
    for (int64_t i = 0; i < runtime->locked_count; i++)
        if (runtime->locked[i] == params) return true;
    return false;
}

static bool is_stored_to(const wg_tape *tape, const wg_params *params)
{
    for (int64_t i = tape->effect_done; i < tape->effect_count; i++) {
        const wg__effect *effect = &tape->effect[i];
        if (effect->kind != WG__REQUIRE_FINITE && tape->version[effect->slot].params == params)
            return true;
    }
    return false;
}

int wg__recording_lock(wg_runtime *runtime, wg_tape *tape)
{
    for (int64_t i = 0; i < tape->version_count; i++) {
        wg_params *params = tape->version[i].params;
        if (is_locked(runtime, params)) continue;
        WG_TRY(wg__params_lock_one(runtime, params, is_stored_to(tape, params)));
    }
    return WG_OK;
}

/* ---- bases ---- */

/* What the frame reads from outside. A parameter may have been replaced by one of another type
 * since the recording met it. */
static int sources_bind(wg_tape *tape, wg__frame *frame)
{
    const wg__plan *plan = frame->plan;
    for (int64_t i = 0; i < plan->input_count; i++) {
        if (!plan->input_is_read[i]) continue;
        WG_TRY(wg__frame_reserve_packed(frame, i, &tape->input[i].view));
        wg__frame_bind(frame, i, &tape->input[i].view);
    }
    wg__frame_bind_externals(frame, tape->external);
    for (int64_t i = 0; i < plan->version_count; i++) {
        const wg__version *version = &tape->version[i];
        if (version->entry == NULL) continue;
        if (version->entry->type.dtype != version->type.dtype ||
            !wg__shape_equal(&version->entry->type.shape, &version->type.shape))
            return wg__tape_fail(tape, WG_ESHAPE, version->first,
                                 "%s was replaced by a value of another type", version->path);
        frame->base[wg__slot_version(plan, i)] = version->entry->data;
    }
    return WG_OK;
}

/* Room on the tape for the results of a run; the tape forgets them if the run fails. */
static int results_bind(wg_tape *tape, wg__frame *frame, const wg__wanted *wanted)
{
    for (int64_t i = 0; i < wanted->count; i++) {
        const wg__array *array = wg__tape_result_add(tape, wanted->node[i]);
        if (array == NULL) return WG_EMEMORY;
        frame->base[wg__slot_result(frame->plan, i)] = array->data;
    }
    return WG_OK;
}

/* ---- failures ---- */

static const char *external_name(const wg_tape *tape, uint32_t node)
{
    int32_t count;
    return tape->external[wg__tape_attribute(tape, node, &count)[WG__EXTERN_SLOT]].name;
}

static int failure_tell(wg_tape *tape, const wg__failure *failure)
{
    const uint32_t node = failure->node;
    char text[300];
    wg__text why = wg__text_of(text, sizeof text);
    switch (failure->status) {
    case WG_EINDEX:
        wg__fault_text(&failure->fault, &why);
        return wg__tape_fail(tape, WG_EINDEX, node, "%s", text);
    case WG_ECALLBACK:
        return wg__tape_fail(tape, WG_ECALLBACK, node, "%s failed: nothing was stored",
                             external_name(tape, node));
    case WG_EFINITE:
        return wg__tape_fail(tape, WG_EFINITE, tape->effect[failure->effect].value,
                             "the value is not finite: nothing was stored");
    default: return failure->status;
    }
}

static int not_finite_tell(wg_tape *tape, const wg__frame *frame, const wg__origin *origin)
{
    const uint32_t node = frame->plan->value[origin->value].node;
    char name[160], text[200];
    wg__text of = wg__text_of(name, sizeof name);
    wg__text why = wg__text_of(text, sizeof text);
    const int order = wg__tape_derivative_order(tape, node);
    wg__tape_name_op(tape, node, &of);
    if (order > 0) wg__text_add(&why, "in a derivative of order %d, ", order);
    wg__origin_text(frame->plan, origin, &why);
    return wg__tape_refuse_at(tape, WG_EFINITE, name, node, text);
}

/* ---- creations ---- */

/* Computes the first value of a parameter into its entry. */
static int creation_run(wg_runtime *runtime, wg_tape *tape, uint32_t node, wg__entry *entry)
{
    const wg__wanted wanted = { .tape = tape, .node = &node, .count = 1 };
    wg__plan *plan = NULL;
    wg__frame *frame = NULL;
    WG_TRY(wg__plan_create(runtime, &wanted, &plan));
    int status = wg__frame_create(runtime, plan, &frame);
    wg__plan_drop(plan);
    if (status >= 0) status = sources_bind(tape, frame);
    if (status >= 0) {
        wg__failure failure;
        frame->base[wg__slot_result(frame->plan, 0)] = entry->data;
        status = wg__frame_run(runtime, frame, &failure);
        if (status < 0) status = failure_tell(tape, &failure);
    }
    wg__frame_free(frame);
    return status;
}

static int creation_make(wg_runtime *runtime, wg_tape *tape, const wg__effect *effect)
{
    wg__version *version = &tape->version[effect->slot];
    WG_TRY(wg__grow(&runtime->allocator, (void **)&runtime->created, &runtime->created_capacity,
                    runtime->created_count + 1, sizeof *runtime->created));
    wg__entry *entry = wg__params_add(version->params, version->path, &version->type,
                                      version->is_trained);
    if (entry == NULL) return WG_EMEMORY;
    version->entry = entry;
    runtime->created[runtime->created_count++] = effect->slot;
    return creation_run(runtime, tape, effect->value, entry);
}

int wg__recording_create(wg_runtime *runtime, wg_tape *tape)
{
    for (int64_t i = tape->effect_done; i < tape->effect_count; i++) {
        const wg__effect *effect = &tape->effect[i];
        if (effect->kind != WG__CREATE || tape->version[effect->slot].entry != NULL) continue;
        wg__version *version = &tape->version[effect->slot];
        /* Another recording may have made it in the meantime: then it is read, as any other. */
        version->entry = wg__params_entry(version->params, version->path);
        if (version->entry == NULL) WG_TRY(creation_make(runtime, tape, effect));
    }
    return WG_OK;
}

void wg__recording_uncreate(wg_runtime *runtime, wg_tape *tape)
{
    while (runtime->created_count > 0) {
        wg__version *version = &tape->version[runtime->created[--runtime->created_count]];
        wg__params_remove(version->params, version->entry);
        version->entry = NULL;
    }
}

/* ---- what is wanted ---- */

static int gone_tell(wg_tape *tape, uint32_t node, uint32_t slot)
{
    char text[160];
    wg__text by = wg__text_of(text, sizeof text);
    for (int64_t i = 0; i < tape->effect_done; i++)
        if (tape->effect[i].kind == WG__ASSIGN && tape->effect[i].slot == slot) {
            by = wg__text_of(text, sizeof text);
            wg__text_place(&by, &tape->effect[i].place);
        }
    return wg__tape_fail(tape, WG_EGONE, node,
                         "depends on %s, which was assigned%s when the recording ran: keep the "
                         "value, or read it together with what was read then",
                         tape->version[slot].path, text);
}

static int wanted_add(wg_runtime *runtime, const wg_tape *tape, uint32_t node)
{
    if (wg__tape_result(tape, node) != NULL) return WG_OK;
    for (int64_t i = 0; i < runtime->wanted_count; i++)
        if (runtime->wanted[i] == node) return WG_OK;
    WG_TRY(wg__grow(&runtime->allocator, (void **)&runtime->wanted, &runtime->wanted_capacity,
                    runtime->wanted_count + 1, sizeof *runtime->wanted));
    runtime->wanted[runtime->wanted_count++] = node;
    return WG_OK;
}

int wg__recording_check_gone(wg_tape *tape, int64_t count, const uint32_t *node)
{
    uint32_t slot;
    if (tape->effect_done == 0) return WG_OK;   /* nothing was stored yet */
    for (int64_t i = 0; i < count; i++)
        if (wg__tape_is_gone(tape, node[i], &slot)) return gone_tell(tape, node[i], slot);
    for (int64_t i = tape->effect_done; i < tape->effect_count; i++)
        if (tape->effect[i].kind != WG__CREATE &&
            wg__tape_is_gone(tape, tape->effect[i].value, &slot))
            return gone_tell(tape, tape->effect[i].value, slot);
    return WG_OK;
}

static int wanted_collect(wg_runtime *runtime, wg_tape *tape, int64_t count, const wg_var *x)
{
    runtime->wanted_count = 0;
    for (int64_t i = 0; i < count; i++) WG_TRY(wanted_add(runtime, tape, x[i].index));
    WG_TRY(wg__recording_check_gone(tape, runtime->wanted_count, runtime->wanted));
    /* A value kept only after the run that could have computed it cannot be had. */
    uint32_t slot;
    for (int64_t i = 0; i < tape->keep_count; i++)
        if (!wg__tape_is_gone(tape, tape->keep[i], &slot))
            WG_TRY(wanted_add(runtime, tape, tape->keep[i]));
    return WG_OK;
}

/* ---- the run ---- */

static void commit(wg_runtime *runtime, wg_tape *tape, wg__frame *frame)
{
    const wg__plan *plan = frame->plan;
    wg__frame_commit(runtime, frame);
    for (int64_t i = 0; i < plan->store_count; i++)
        tape->version[plan->store[i].version].entry->version++;
    wg__tape_committed(tape);
}

static int main_run(wg_runtime *runtime, wg_tape *tape, wg__frame *frame,
                    const wg__wanted *wanted)
{
    WG_TRY(sources_bind(tape, frame));
    WG_TRY(results_bind(tape, frame, wanted));
    wg__failure failure;
    wg__origin origin;
    const int status = wg__frame_run(runtime, frame, &failure);
    if (status < 0 && (status != WG_EFINITE || !tape->check_finite))
        return failure_tell(tape, &failure);
    if (!tape->check_finite) return WG_OK;
    const uint32_t start = status < 0 ? failure.value : WG__NONE;
    const bool is_found = wg__frame_find_not_finite(runtime, frame, start, &origin);
    return is_found ? not_finite_tell(tape, frame, &origin) : status;
}

static int entered_run(wg_runtime *runtime, wg_tape *tape, int64_t count, const wg_var *x)
{
    WG_TRY(wg__recording_lock(runtime, tape));
    WG_TRY(wanted_collect(runtime, tape, count, x));
    if (runtime->wanted_count == 0 && tape->effect_done == tape->effect_count) return WG_OK;
    WG_TRY(wg__recording_create(runtime, tape));
    const wg__wanted wanted = { .tape = tape,
                                .node = runtime->wanted,
                                .count = runtime->wanted_count,
                                .with_effects = true };
    wg__frame *frame;
    WG_TRY(wg__cache_frame(runtime, tape, &wanted, &frame));
    const int64_t result_count = tape->result_count;
    const int status = main_run(runtime, tape, frame, &wanted);
    if (status < 0) tape->result_count = result_count;
    else commit(runtime, tape, frame);
    return status;
}

int wg__recording_run(wg_runtime *runtime, wg_tape *tape, int64_t count, const wg_var *x)
{
    WG_TRY(wg__tape_expect_no_body(tape, "run"));
    wg__float_mode before;
    WG_TRY(wg__runtime_enter(runtime, &before));
    int status = entered_run(runtime, tape, count, x);
    if (status < 0) wg__recording_uncreate(runtime, tape);
    wg__params_unlock_all(runtime);
    wg__runtime_leave(runtime, before);
    if (status == WG_EMEMORY) status = wg__tape_no_memory(tape);
    tape->ended = status;
    if (status >= 0) tape->has_run = true;
    return status;
}

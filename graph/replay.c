/* Replaying a body: its live records once more, where recording is now, with values in place of the
 * placeholders. Two things may be changed on the way: results may be given a leading axis of rows
 * (those that depend on rows or draw), and the records may be made an instance of their own. */
#include "graph/replay.h"
#include <string.h>

/* ---- what stands for what ---- */

wg__stand_in wg__work_find(const wg__work *w, uint32_t node)
{
    for (; w != NULL; w = w->outer) {
        const bool is_within = node >= w->first && node < w->end;
        if (is_within && w->value[node - w->first] != WG__NONE)
            return (wg__stand_in){ w->value[node - w->first], w->is_mapped[node - w->first] };
        for (int64_t i = 0; i < w->captured_count; i++)
            if (w->captured[i] == node)
                return (wg__stand_in){ w->captured_by[i],
                                       w->captured_mapped != NULL && w->captured_mapped[i] };
    }
    return (wg__stand_in){ node, false };
}

uint32_t wg__work_with_rows(const wg__work *w, wg__stand_in of)
{
    wg__builder *b = &w->tape->builder;
    if (of.is_mapped || of.value == WG__NONE) return of.value;
    const wg__shape *shape = b->shape(b, of.value);
    if (shape->rank == WG__RANK_MAX) {
        wg__tape_refuse(w->tape, WG_ELIMIT, "vmap", WG__NONE, "a value has too many axes");
        return WG__NONE;
    }
    const wg__shape wide = wg__shape_with(w->rows, shape);
    return wg__emit_broadcast(b, of.value, &wide);
}

/* ---- what is live ---- */

void wg__work_mark_inputs(wg__work *w, uint32_t node)
{
    int32_t count;
    const uint32_t *in = wg__tape_inputs(w->tape, node, &count);
    for (int32_t i = 0; i < count; i++)
        if (in[i] >= w->first && in[i] < w->end) w->is_live[in[i] - w->first] = true;
}

/* True if the node is to be recorded anew: it is live, and nothing stands for it yet. */
static bool is_wanted(const wg__work *w, uint32_t node)
{
    return w->is_live[node - w->first] && w->tape->record[node].body == w->body &&
           w->value[node - w->first] == WG__NONE;
}

/* Marks what the results need, and what rules within capture. */
static void live_mark(wg__work *w)
{
    for (int64_t i = 0; i < w->out_count; i++) {
        const uint32_t out = w->out[i];
        if (out != WG__NONE && out >= w->first && out < w->end) w->is_live[out - w->first] = true;
    }
    for (uint32_t node = w->end; node-- > w->first;) {
        if (!is_wanted(w, node)) continue;
        wg__work_mark_inputs(w, node);
        const uint32_t rule = wg__rule_body(w->tape, node);
        if (rule != 0) wg__captures_mark(w, rule);
    }
}

/* ---- one record ---- */

/* Whether a record must have rows: it depends on them, or draws. */
static bool is_batched(const wg__work *w, const wg__request *request, const bool *mapped)
{
    bool is = wg__op_table[request->op].class == WG__CLASS_RANDOM;
    for (int32_t i = 0; i < request->in_count; i++) is = is || mapped[i];
    return is && wg__work_has_rows(w);
}

static wg__stand_in request_record(wg__work *w, uint32_t node, const wg__request *request,
                                   uint32_t *in, const bool *mapped)
{
    wg_tape *tape = w->tape;
    if (request->op == WG__OP_rule) return wg__rule_redo(w, node, request, in, mapped);
    if (request->op == WG__OP_ruled) return wg__ruled_redo(w, request, in, mapped);
    if (request->op == WG__OP_scan) return wg__scan_redo(w, node, request, in, mapped);
    if (request->op == WG__OP_pick) return wg__pick_redo(w, request, in[0], mapped[0]);
    if (!is_batched(w, request, mapped))
        return (wg__stand_in){ wg__tape_emit(&tape->builder, request), false };
    const char *why = NULL;
    const wg__batched batched = { .builder = &tape->builder,
                                  .request = request,
                                  .in = in,
                                  .is_mapped = mapped,
                                  .rows = w->rows };
    const uint32_t value = wg__batch(&batched, &why);
    if (why != NULL)
        wg__tape_refuse(tape, WG_EINVALID, wg__op_table[request->op].name, WG__NONE, "%s", why);
    return (wg__stand_in){ value, true };
}

static uint32_t instance_of(const wg__work *w, uint32_t node)
{
    const uint32_t own = w->tape->record[node].instance;
    const wg__body *body = wg__body_at(w->tape, w->body);
    if (own > body->instance_first && own <= body->instance_end)
        return w->instance_base + (own - body->instance_first);
    return w->is_instance ? w->instance_base + (body->instance_end - body->instance_first) + 1
                          : w->tape->instance_now;
}

/* Copies what a record is made of, since tables move as others are made. */
static int node_replay(wg__work *w, uint32_t node)
{
    wg_tape *tape = w->tape;
    const wg__type type = wg__tape_type(tape, node);
    wg__request request = { .op = (wg__op_id)tape->record[node].op, .wanted = &type };
    request.attribute = wg__tape_attribute(tape, node, &request.attribute_count);
    const uint32_t *from = wg__tape_inputs(tape, node, &request.in_count);
    const size_t count = (size_t)request.in_count;
    uint32_t *in = wg__arena_take(&tape->arena, count * sizeof *in);
    bool *mapped = wg__arena_take(&tape->arena, count * sizeof *mapped);
    if (in == NULL || mapped == NULL) return wg__tape_no_memory(tape);
    for (int32_t i = 0; i < request.in_count; i++) {
        const wg__stand_in of = wg__work_find(w, from[i]);
        in[i] = of.value;
        mapped[i] = of.is_mapped;
    }
    request.in = in;
    const wg__place place = tape->place[node];
    const wg__place *inherited = tape->inherited;
    const uint32_t instance = tape->instance_now;
    if (inherited == NULL || place.file != NULL) tape->inherited = &place;
    tape->instance_now = instance_of(w, node);
    const wg__stand_in made = request_record(w, node, &request, in, mapped);
    tape->instance_now = instance;
    tape->inherited = inherited;
    wg__work_set(w, node, made.value, made.is_mapped);
    return tape->error.status;
}

/* ---- a whole body ---- */

int wg__work_open(wg__work *w)
{
    wg_tape *tape = w->tape;
    const wg__body *body = wg__body_at(tape, w->body);
    w->first = body->first;
    w->end = body->end;
    const size_t count = w->end - w->first;
    w->value = wg__arena_take(&tape->arena, count * sizeof *w->value);
    w->is_live = wg__arena_take(&tape->arena, count * sizeof *w->is_live);
    w->is_mapped = wg__arena_take(&tape->arena, count * sizeof *w->is_mapped);
    if (w->value == NULL || w->is_live == NULL || w->is_mapped == NULL)
        return wg__tape_no_memory(tape);
    memset(w->value, 0xff, count * sizeof *w->value);
    memset(w->is_live, 0, count * sizeof *w->is_live);
    memset(w->is_mapped, 0, count * sizeof *w->is_mapped);
    w->instance_base = tape->instance_count;
    tape->instance_count += body->instance_end - body->instance_first + w->is_instance;
    if (w->out == NULL) {
        w->out = body->out;
        w->out_count = body->out_count;
    }
    return WG_OK;
}

int wg__work_run(wg__work *w, uint32_t *out)
{
    wg_tape *tape = w->tape;
    live_mark(w);
    for (uint32_t node = w->first; node < w->end; node++)
        if (is_wanted(w, node) && tape->record[node].op != WG__OP_placeholder)
            WG_TRY(node_replay(w, node));
    for (int64_t i = 0; i < w->out_count; i++) {
        const uint32_t node = w->out[i];
        out[i] = WG__NONE;
        if (node == WG__NONE) continue;
        const wg__stand_in of = wg__work_find(w, node);
        out[i] = wg__work_has_rows(w) ? wg__work_with_rows(w, of) : of.value;
    }
    return tape->error.status;
}

int wg__body_replay(wg_tape *tape, const wg__replay *replay, uint32_t *out)
{
    wg__work w = { .tape = tape,
                   .body = replay->body,
                   .rows = replay->rows,
                   .captured_count = replay->captured_count,
                   .captured = replay->captured,
                   .captured_by = replay->stand_in,
                   .out_count = replay->out_count,
                   .out = replay->out,
                   .is_instance = replay->is_instance };
    WG_TRY(tape->error.status);
    WG_TRY(wg__work_open(&w));
    const wg__body *body = wg__body_at(tape, replay->body);
    for (int64_t i = 0; i < body->in_count && replay->in != NULL; i++)
        wg__work_set(&w, body->in[i], replay->in[i], wg__work_has_rows(&w));
    for (int64_t i = 0; i < replay->given_count; i++)
        wg__work_set(&w, replay->given[i], replay->given_by[i], false);
    return wg__work_run(&w, out);
}

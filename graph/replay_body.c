/* Replaying records that have bodies of their own: rules of values, and scans. Such a body is
 * itself replayed, into a new body, if what it captures or how it is batched has changed. */
#include "graph/replay.h"
#include <string.h>

/* ---- rules ---- */

uint32_t wg__rule_body(const wg_tape *tape, uint32_t node)
{
    int32_t count;
    const int64_t *attribute = wg__tape_attribute(tape, node, &count);
    return tape->record[node].op == WG__OP_rule ? (uint32_t)attribute[WG__RULE_BODY] : 0;
}

bool wg__captures_mark(wg__work *w, uint32_t rule)
{
    const wg__body *body = wg__body_at(w->tape, rule);
    bool changes = false;
    for (uint32_t node = body->first; node < body->end; node++) {
        int32_t count;
        const uint32_t *in = wg__tape_inputs(w->tape, node, &count);
        wg__work_mark_inputs(w, node);
        for (int32_t i = 0; i < count; i++)
            changes = changes || (in[i] < body->first && wg__work_find(w, in[i]).value != in[i]);
        const uint32_t inner = wg__rule_body(w->tape, node);
        const bool is_elsewhere = inner != 0 && wg__body_at(w->tape, inner)->first < body->first;
        if (is_elsewhere && wg__captures_mark(w, inner)) changes = true;
    }
    for (int64_t i = 0; i < body->out_count; i++) {
        const uint32_t out = body->out[i];
        if (out == WG__NONE || out >= body->first) continue;
        if (out >= w->first && out < w->end) w->is_live[out - w->first] = true;
        changes = changes || wg__work_find(w, out).value != out;
    }
    return changes;
}

/* True of what stays without rows where a rule gets them: no derivative is sent to it. So the
 * number of a step stays one number, by which all rows draw. */
static bool stays_plain(const wg__work *w, uint32_t node, bool is_mapped)
{
    return !is_mapped && !wg__dtype_is_float((wg_dtype)w->tape->record[node].dtype);
}

/* A rule's body as a new body: 0 after an error. */
static uint32_t rule_replay(const wg__work *outer, uint32_t rule, int64_t x_count, bool is_mapped,
                            const bool *mapped)
{
    wg_tape *tape = outer->tape;
    wg__work w = { .tape = tape,
                   .outer = outer,
                   .body = rule,
                   .rows = is_mapped ? outer->rows : WG__NO_ROWS };
    const wg__body from = *wg__body_at(tape, rule);
    const size_t count = (size_t)from.in_count;
    wg__type *type = wg__arena_take(&tape->arena, count * sizeof *type);
    bool *gets_rows = wg__arena_take(&tape->arena, count * sizeof *gets_rows);
    if (type == NULL || gets_rows == NULL) wg__tape_no_memory(tape);
    if (type == NULL || gets_rows == NULL || wg__work_open(&w) < 0) return 0;
    for (int64_t i = 0; i < from.in_count; i++) {
        const bool is_input = i < x_count;
        gets_rows[i] = is_mapped && !(is_input && stays_plain(outer, from.in[i], mapped[i]));
        type[i] = wg__tape_type(tape, from.in[i]);
        if (gets_rows[i]) type[i].shape = wg__shape_with(w.rows, &type[i].shape);
    }
    const uint32_t made = wg__body_open(tape, from.op, from.in_count, type, from.out_count);
    if (made == 0) return 0;
    for (int64_t i = 0; i < from.in_count; i++)
        wg__work_set(&w, from.in[i], wg__body_at(tape, made)->in[i], gets_rows[i]);
    const int status = wg__work_run(&w, wg__body_at(tape, made)->out);
    wg__body_close(tape, made);
    return status < 0 ? 0 : made;
}

/* rule: its inputs have rows all together or not at all, if they are of floating point, and its
 * body goes with them. */
wg__stand_in wg__rule_redo(wg__work *w, uint32_t node, const wg__request *request, uint32_t *in,
                           const bool *mapped)
{
    const uint32_t rule = wg__rule_body(w->tape, node);
    const bool changes = wg__captures_mark(w, rule);
    bool is_mapped = changes && wg__work_has_rows(w);
    for (int32_t i = 0; i < request->in_count; i++) is_mapped = is_mapped || mapped[i];
    for (int32_t i = 0; i < request->in_count && is_mapped; i++)
        if (in[i] != WG__NONE && !stays_plain(w, in[i], mapped[i]))
            in[i] = wg__work_with_rows(w, (wg__stand_in){ in[i], mapped[i] });
    int64_t word[WG__RULE_WORDS];
    memcpy(word, request->attribute, sizeof word);
    if (changes || is_mapped)
        word[WG__RULE_BODY] = rule_replay(w, rule, word[WG__RULE_XS], is_mapped, mapped);
    if (w->tape->error.status < 0) return (wg__stand_in){ WG__NONE, false };
    wg__request changed = *request;
    changed.attribute = word;
    return (wg__stand_in){ wg__tape_emit(&w->tape->builder, &changed), is_mapped };
}

/* ruled: the rule knows of rows where its values have any. */
wg__stand_in wg__ruled_redo(const wg__work *w, const wg__request *request, uint32_t *in,
                            const bool *mapped)
{
    if (mapped[1]) in[0] = wg__work_with_rows(w, (wg__stand_in){ in[0], mapped[0] });
    return (wg__stand_in){ wg__tape_emit(&w->tape->builder, request), mapped[1] };
}

/* ---- scans ---- */

/* The first two axes, exchanged: rows lead, or steps. */
static uint32_t rows_exchanged(const wg__work *w, uint32_t x)
{
    wg__builder *b = &w->tape->builder;
    int64_t axis[WG__RANK_MAX];
    if (x == WG__NONE) return x;
    const int32_t rank = b->shape(b, x)->rank;
    WG_ASSERT(rank >= 2);
    for (int32_t i = 0; i < rank; i++) axis[i] = i < 2 ? 1 - i : i;
    return wg__emit_permute(b, x, axis, rank);
}

/* Whether steps of the body draw. */
static bool body_draws(const wg_tape *tape, uint32_t id)
{
    const wg__body *body = wg__body_at(tape, id);
    for (uint32_t node = body->first; node < body->end; node++)
        if (wg__op_table[tape->record[node].op].class == WG__CLASS_RANDOM) return true;
    return false;
}

/* Types of the arguments of a scan's body with rows: of all carries, and of the xs that have any.
 * in[]: the scan's inputs as they are now. */
static wg__type *scan_types(const wg__work *w, const wg__scan_view *scan, const uint32_t *in)
{
    wg_tape *tape = w->tape;
    const int64_t count = scan->carry_count + scan->x_count;
    wg__type *type = wg__arena_take(&tape->arena, (size_t)count * sizeof *type);
    if (type == NULL) wg__tape_no_memory(tape);
    for (int64_t i = 0; i < count && type != NULL; i++) {
        if (in[i] == WG__NONE) return NULL;
        type[i] = wg__tape_type(tape, in[i]);
        if (i >= scan->carry_count) type[i].shape = wg__shape_without(&type[i].shape, 1);
    }
    return type;
}

/* A scan's body with rows, as a new body: 0 after an error. */
static uint32_t scan_body_replay(const wg__work *outer, const wg__scan_view *scan,
                                 const uint32_t *in, const bool *mapped)
{
    wg_tape *tape = outer->tape;
    const int64_t given = scan->carry_count + scan->x_count;
    wg__work w = { .tape = tape,
                   .outer = outer,
                   .body = scan->body,
                   .rows = outer->rows,
                   .captured_count = scan->captured_count,
                   .captured = wg__body_at(tape, scan->body)->captured,
                   .captured_by = in + given,
                   .captured_mapped = mapped + given };
    const wg__body from = *wg__body_at(tape, scan->body);
    const wg__type *type = scan_types(&w, scan, in);
    if (type == NULL || wg__work_open(&w) < 0) return 0;
    const uint32_t made = wg__body_open(tape, from.op, given, type, from.out_count);
    if (made == 0) return 0;
    wg__body *body = &tape->body[made - 1];
    for (int64_t i = 0; i < given; i++) {
        wg__work_set(&w, from.in[i], body->in[i], i < scan->carry_count || mapped[i]);
        if (from.in[i] == from.index) body->index = body->in[i];
    }
    int status = wg__work_run(&w, body->out);
    wg__body_close(tape, made);
    if (status >= 0) status = wg__body_capture(tape, made);
    return status < 0 ? 0 : made;
}

/* scan: if any of it has rows, all carries and results have; steps stay the leading axis inside. */
wg__stand_in wg__scan_redo(const wg__work *w, uint32_t node, const wg__request *request,
                           uint32_t *in, const bool *mapped)
{
    const wg__scan_view scan = wg__scan_at(w->tape, node);
    bool is_mapped = body_draws(w->tape, scan.body);
    for (int32_t i = 0; i < request->in_count; i++) is_mapped = is_mapped || mapped[i];
    if (!is_mapped || !wg__work_has_rows(w))
        return (wg__stand_in){ wg__tape_emit(&w->tape->builder, request), false };
    const int64_t given = scan.carry_count + scan.x_count;
    for (int64_t i = 0; i < given; i++) {
        if (i < scan.carry_count) in[i] = wg__work_with_rows(w, (wg__stand_in){ in[i], mapped[i] });
        else if (mapped[i]) in[i] = rows_exchanged(w, in[i]);
    }
    const uint32_t body = scan_body_replay(w, &scan, in, mapped);
    if (body == 0) return (wg__stand_in){ WG__NONE, true };
    const wg__scan with = { .body = body,
                            .length = scan.length,
                            .is_reverse = scan.is_reverse,
                            .carry_count = scan.carry_count,
                            .x_count = scan.x_count,
                            .in = in,
                            .extended = scan.root == node ? WG__NONE : in[request->in_count - 1] };
    return (wg__stand_in){ wg__scan_record(w->tape, &with), true };
}

wg__stand_in wg__pick_redo(const wg__work *w, const wg__request *request, uint32_t scan,
                           bool is_mapped)
{
    if (scan == WG__NONE) return (wg__stand_in){ WG__NONE, is_mapped };
    const int64_t place = request->attribute[0];
    uint32_t value = wg__pick_record(w->tape, scan, place);
    if (is_mapped && place >= wg__scan_at(w->tape, scan).carry_count)
        value = rows_exchanged(w, value);
    return (wg__stand_in){ value, is_mapped };
}

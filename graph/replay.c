/* Replaying a body: its live records once more, where recording is now, with values in place of the
 * placeholders. Two things may be changed on the way: results may be given a leading axis of rows
 * (those that depend on rows or draw), and the records may be made an instance of their own.
 *
 * A body whose rule belongs to a record of this one (wg_custom_vjp within wg_vmap) is itself
 * replayed into a new body, if what it captures or how it is batched has changed. */
#include "graph/tape.h"
#include <string.h>

/* A replay at work. Within first .. end, value[node - first] stands for the node. */
typedef struct work {
    wg_tape *tape;
    const struct work *outer;  /* of the body that this one is part of, NULL: none */
    uint32_t body, first, end;
    int64_t rows;
    uint32_t *value;
    bool *is_live, *is_mapped; /* mapped: has rows */
    int64_t captured_count;
    const uint32_t *captured, *captured_by;
    const bool *captured_mapped; /* NULL: none */
    int64_t out_count;
    const uint32_t *out;
    bool is_instance;
    uint32_t instance_base;    /* the last instance before this replay */
} work;

/* What stands for a node now. */
typedef struct stand_in { uint32_t value; bool is_mapped; } stand_in;

static stand_in look_up(const work *w, uint32_t node)
{
    for (; w != NULL; w = w->outer) {
        const bool is_within = node >= w->first && node < w->end;
        if (is_within && w->value[node - w->first] != WG__NONE)
            return (stand_in){ w->value[node - w->first], w->is_mapped[node - w->first] };
        for (int64_t i = 0; i < w->captured_count; i++)
            if (w->captured[i] == node)
                return (stand_in){ w->captured_by[i],
                                   w->captured_mapped != NULL && w->captured_mapped[i] };
    }
    return (stand_in){ node, false };
}

static bool has_rows(const work *w)
{
    return w->rows != WG__NO_ROWS;
}

static void stand_in_set(work *w, uint32_t node, uint32_t value, bool is_mapped)
{
    w->value[node - w->first] = value;
    w->is_mapped[node - w->first] = is_mapped;
}

/* ---- what is live ---- */

static void inputs_mark(work *w, uint32_t node)
{
    int32_t count;
    const uint32_t *in = wg__tape_inputs(w->tape, node, &count);
    for (int32_t i = 0; i < count; i++)
        if (in[i] >= w->first && in[i] < w->end) w->is_live[in[i] - w->first] = true;
}

/* The body of the rule that a record stands for; 0: it stands for none. */
static uint32_t body_of_rule(const wg_tape *tape, uint32_t node)
{
    int32_t count;
    const int64_t *attribute = wg__tape_attribute(tape, node, &count);
    return tape->record[node].op == WG__OP_rule ? (uint32_t)attribute[WG__RULE_BODY] : 0;
}

/* Marks all that a rule's body names, and what the rules within it name, wherever their bodies
 * stand. True if any of it has another stand-in now. */
static bool captures_visit(work *w, uint32_t rule)
{
    const wg__body *body = wg__body_at(w->tape, rule);
    bool changes = false;
    for (uint32_t node = body->first; node < body->end; node++) {
        int32_t count;
        const uint32_t *in = wg__tape_inputs(w->tape, node, &count);
        inputs_mark(w, node);
        for (int32_t i = 0; i < count; i++)
            changes = changes || (in[i] < body->first && look_up(w, in[i]).value != in[i]);
        const uint32_t inner = body_of_rule(w->tape, node);
        const bool is_elsewhere = inner != 0 && wg__body_at(w->tape, inner)->first < body->first;
        if (is_elsewhere && captures_visit(w, inner)) changes = true;
    }
    for (int64_t i = 0; i < body->out_count; i++) {
        const uint32_t out = body->out[i];
        if (out == WG__NONE || out >= body->first) continue;
        if (out >= w->first && out < w->end) w->is_live[out - w->first] = true;
        changes = changes || look_up(w, out).value != out;
    }
    return changes;
}

/* True if the node is to be recorded anew: it is live, and nothing stands for it yet. */
static bool is_wanted(const work *w, uint32_t node)
{
    return w->is_live[node - w->first] && w->tape->record[node].body == w->body &&
           w->value[node - w->first] == WG__NONE;
}

/* Marks what the results need, and what rules within capture. */
static void live_mark(work *w)
{
    for (int64_t i = 0; i < w->out_count; i++) {
        const uint32_t out = w->out[i];
        if (out != WG__NONE && out >= w->first && out < w->end) w->is_live[out - w->first] = true;
    }
    for (uint32_t node = w->end; node-- > w->first;) {
        if (!is_wanted(w, node)) continue;
        inputs_mark(w, node);
        const uint32_t rule = body_of_rule(w->tape, node);
        if (rule != 0) captures_visit(w, rule);
    }
}

/* ---- one record ---- */

/* A value with rows, repeated if it has none yet. */
static uint32_t with_rows(const work *w, stand_in of)
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

static uint32_t rule_replay(const work *w, uint32_t rule, int64_t x_count, bool is_mapped,
                            const bool *mapped);

/* True of what stays without rows where a rule gets them: no derivative is sent to it. So the
 * number of a step stays one number, by which all rows draw. */
static bool stays_plain(const work *w, uint32_t node, bool is_mapped)
{
    return !is_mapped && !wg__dtype_is_float((wg_dtype)w->tape->record[node].dtype);
}

/* rule: its inputs have rows all together or not at all, if they are of floating point, and its
 * body goes with them. */
static stand_in rule_record(work *w, uint32_t node, const wg__request *request, uint32_t *in,
                            const bool *mapped)
{
    const uint32_t rule = body_of_rule(w->tape, node);
    const bool changes = captures_visit(w, rule);
    bool is_mapped = changes && has_rows(w);
    for (int32_t i = 0; i < request->in_count; i++) is_mapped = is_mapped || mapped[i];
    for (int32_t i = 0; i < request->in_count && is_mapped; i++)
        if (in[i] != WG__NONE && !stays_plain(w, in[i], mapped[i]))
            in[i] = with_rows(w, (stand_in){ in[i], mapped[i] });
    int64_t word[WG__RULE_WORDS];
    memcpy(word, request->attribute, sizeof word);
    if (changes || is_mapped)
        word[WG__RULE_BODY] = rule_replay(w, rule, word[WG__RULE_XS], is_mapped, mapped);
    if (w->tape->error.status < 0) return (stand_in){ WG__NONE, false };
    wg__request changed = *request;
    changed.attribute = word;
    return (stand_in){ wg__tape_emit(&w->tape->builder, &changed), is_mapped };
}

/* ruled: the rule knows of rows where its values have any. */
static stand_in ruled_record(const work *w, const wg__request *request, uint32_t *in,
                             const bool *mapped)
{
    if (mapped[1]) in[0] = with_rows(w, (stand_in){ in[0], mapped[0] });
    return (stand_in){ wg__tape_emit(&w->tape->builder, request), mapped[1] };
}

/* The first two axes, exchanged: rows lead, or steps. */
static uint32_t rows_exchanged(const work *w, uint32_t x)
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

static uint32_t scan_body_replay(const work *w, const wg__scan_view *scan, const uint32_t *in,
                                 const bool *mapped);

/* scan: if any of it has rows, all carries and results have; steps stay the leading axis inside. */
static stand_in scan_record(const work *w, uint32_t node, const wg__request *request, uint32_t *in,
                            const bool *mapped)
{
    const wg__scan_view scan = wg__scan_at(w->tape, node);
    bool is_mapped = body_draws(w->tape, scan.body);
    for (int32_t i = 0; i < request->in_count; i++) is_mapped = is_mapped || mapped[i];
    if (!is_mapped || !has_rows(w))
        return (stand_in){ wg__tape_emit(&w->tape->builder, request), false };
    const int64_t given = scan.carry_count + scan.x_count;
    for (int64_t i = 0; i < given; i++) {
        if (i < scan.carry_count) in[i] = with_rows(w, (stand_in){ in[i], mapped[i] });
        else if (mapped[i]) in[i] = rows_exchanged(w, in[i]);
    }
    const uint32_t body = scan_body_replay(w, &scan, in, mapped);
    if (body == 0) return (stand_in){ WG__NONE, true };
    const wg__scan with = { .body = body,
                            .length = scan.length,
                            .is_reverse = scan.is_reverse,
                            .carry_count = scan.carry_count,
                            .x_count = scan.x_count,
                            .in = in,
                            .extended = scan.root == node ? WG__NONE : in[request->in_count - 1] };
    return (stand_in){ wg__scan_record(w->tape, &with), true };
}

static stand_in pick_record(const work *w, const wg__request *request, uint32_t scan,
                            bool is_mapped)
{
    if (scan == WG__NONE) return (stand_in){ WG__NONE, is_mapped };
    const int64_t place = request->attribute[0];
    uint32_t value = wg__pick_record(w->tape, scan, place);
    if (is_mapped && place >= wg__scan_at(w->tape, scan).carry_count)
        value = rows_exchanged(w, value);
    return (stand_in){ value, is_mapped };
}

/* Whether a record must have rows: it depends on them, or draws. */
static bool is_batched(const work *w, const wg__request *request, const bool *mapped)
{
    bool is = wg__op_table[request->op].class == WG__CLASS_RANDOM;
    for (int32_t i = 0; i < request->in_count; i++) is = is || mapped[i];
    return is && has_rows(w);
}

static stand_in request_record(work *w, uint32_t node, const wg__request *request, uint32_t *in,
                               const bool *mapped)
{
    wg_tape *tape = w->tape;
    if (request->op == WG__OP_rule) return rule_record(w, node, request, in, mapped);
    if (request->op == WG__OP_ruled) return ruled_record(w, request, in, mapped);
    if (request->op == WG__OP_scan) return scan_record(w, node, request, in, mapped);
    if (request->op == WG__OP_pick) return pick_record(w, request, in[0], mapped[0]);
    if (!is_batched(w, request, mapped))
        return (stand_in){ wg__tape_emit(&tape->builder, request), false };
    const char *why = NULL;
    const wg__batched batched = { .builder = &tape->builder,
                                  .request = request,
                                  .in = in,
                                  .is_mapped = mapped,
                                  .rows = w->rows };
    const uint32_t value = wg__batch(&batched, &why);
    if (why != NULL)
        wg__tape_refuse(tape, WG_EINVALID, wg__op_table[request->op].name, WG__NONE, "%s", why);
    return (stand_in){ value, true };
}

static uint32_t instance_of(const work *w, uint32_t node)
{
    const uint32_t own = w->tape->record[node].instance;
    const wg__body *body = wg__body_at(w->tape, w->body);
    if (own > body->instance_first && own <= body->instance_end)
        return w->instance_base + (own - body->instance_first);
    return w->is_instance ? w->instance_base + (body->instance_end - body->instance_first) + 1
                          : w->tape->instance_now;
}

/* Copies what a record is made of, since tables move as others are made. */
static int node_replay(work *w, uint32_t node)
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
        const stand_in of = look_up(w, from[i]);
        in[i] = of.value;
        mapped[i] = of.is_mapped;
    }
    request.in = in;
    const wg__place place = tape->place[node];
    const wg__place *inherited = tape->inherited;
    const uint32_t instance = tape->instance_now;
    if (inherited == NULL || place.file != NULL) tape->inherited = &place;
    tape->instance_now = instance_of(w, node);
    const stand_in made = request_record(w, node, &request, in, mapped);
    tape->instance_now = instance;
    tape->inherited = inherited;
    stand_in_set(w, node, made.value, made.is_mapped);
    return tape->error.status;
}

/* ---- a whole body ---- */

static int work_open(work *w)
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

static int work_run(work *w, uint32_t *out)
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
        const stand_in of = look_up(w, node);
        out[i] = has_rows(w) ? with_rows(w, of) : of.value;
    }
    return tape->error.status;
}

/* A rule's body as a new body: 0 after an error. */
static uint32_t rule_replay(const work *outer, uint32_t rule, int64_t x_count, bool is_mapped,
                            const bool *mapped)
{
    wg_tape *tape = outer->tape;
    work w = { .tape = tape,
               .outer = outer,
               .body = rule,
               .rows = is_mapped ? outer->rows : WG__NO_ROWS };
    const wg__body from = *wg__body_at(tape, rule);
    const size_t count = (size_t)from.in_count;
    wg__type *type = wg__arena_take(&tape->arena, count * sizeof *type);
    bool *gets_rows = wg__arena_take(&tape->arena, count * sizeof *gets_rows);
    if (type == NULL || gets_rows == NULL) wg__tape_no_memory(tape);
    if (type == NULL || gets_rows == NULL || work_open(&w) < 0) return 0;
    for (int64_t i = 0; i < from.in_count; i++) {
        const bool is_input = i < x_count;
        gets_rows[i] = is_mapped && !(is_input && stays_plain(outer, from.in[i], mapped[i]));
        type[i] = wg__tape_type(tape, from.in[i]);
        if (gets_rows[i]) type[i].shape = wg__shape_with(w.rows, &type[i].shape);
    }
    const uint32_t made = wg__body_open(tape, from.op, from.in_count, type, from.out_count);
    if (made == 0) return 0;
    for (int64_t i = 0; i < from.in_count; i++)
        stand_in_set(&w, from.in[i], wg__body_at(tape, made)->in[i], gets_rows[i]);
    const int status = work_run(&w, wg__body_at(tape, made)->out);
    wg__body_close(tape, made);
    return status < 0 ? 0 : made;
}

/* Types of the arguments of a scan's body with rows: of all carries, and of the xs that have any.
 * in[]: the scan's inputs as they are now. */
static wg__type *scan_types(const work *w, const wg__scan_view *scan, const uint32_t *in)
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
static uint32_t scan_body_replay(const work *outer, const wg__scan_view *scan, const uint32_t *in,
                                 const bool *mapped)
{
    wg_tape *tape = outer->tape;
    const int64_t given = scan->carry_count + scan->x_count;
    work w = { .tape = tape,
               .outer = outer,
               .body = scan->body,
               .rows = outer->rows,
               .captured_count = scan->captured_count,
               .captured = wg__body_at(tape, scan->body)->captured,
               .captured_by = in + given,
               .captured_mapped = mapped + given };
    const wg__body from = *wg__body_at(tape, scan->body);
    const wg__type *type = scan_types(&w, scan, in);
    if (type == NULL || work_open(&w) < 0) return 0;
    const uint32_t made = wg__body_open(tape, from.op, given, type, from.out_count);
    if (made == 0) return 0;
    wg__body *body = &tape->body[made - 1];
    for (int64_t i = 0; i < given; i++) {
        stand_in_set(&w, from.in[i], body->in[i], i < scan->carry_count || mapped[i]);
        if (from.in[i] == from.index) body->index = body->in[i];
    }
    int status = work_run(&w, body->out);
    wg__body_close(tape, made);
    if (status >= 0) status = wg__body_capture(tape, made);
    return status < 0 ? 0 : made;
}

int wg__body_replay(wg_tape *tape, const wg__replay *replay, uint32_t *out)
{
    work w = { .tape = tape,
               .body = replay->body,
               .rows = replay->rows,
               .captured_count = replay->captured_count,
               .captured = replay->captured,
               .captured_by = replay->stand_in,
               .out_count = replay->out_count,
               .out = replay->out,
               .is_instance = replay->is_instance };
    WG_TRY(tape->error.status);
    WG_TRY(work_open(&w));
    const wg__body *body = wg__body_at(tape, replay->body);
    for (int64_t i = 0; i < body->in_count && replay->in != NULL; i++)
        stand_in_set(&w, body->in[i], replay->in[i], has_rows(&w));
    for (int64_t i = 0; i < replay->given_count; i++)
        stand_in_set(&w, replay->given[i], replay->given_by[i], false);
    return work_run(&w, out);
}

/* What the body of a scan captured: the values from outside that its results depend on. They become
 * inputs of the scan, so every pass over a recording sees them without looking into bodies.
 *
 * Constants are left out: they are known wherever the body goes. Rules of values within capture
 * too, since derivatives will replay them. */
#include "graph/tape.h"
#include <string.h>

typedef struct finder {
    wg_tape *tape;
    uint32_t body;
    bool *is_met;              /* by node: live in the body, or captured */
} finder;

static void meet(const finder *f, uint32_t node)
{
    if (node == WG__NONE || f->tape->record[node].op == WG__OP_constant) return;
    f->is_met[node] = true;
}

/* Values of a rule's body, and of bodies within it, are nobody else's. */
static bool is_inside(const wg_tape *tape, uint32_t body, uint32_t node)
{
    const wg__body *of = wg__body_at(tape, body);
    return node >= of->first && node < of->end && tape->record[node].body >= body;
}

static void rule_meet(const finder *f, uint32_t rule)
{
    const wg_tape *tape = f->tape;
    const wg__body *body = wg__body_at(tape, rule);
    for (uint32_t node = body->first; node < body->end; node++) {
        int32_t count;
        const uint32_t *in = wg__tape_inputs(tape, node, &count);
        for (int32_t i = 0; i < count; i++)
            if (!is_inside(tape, rule, in[i])) meet(f, in[i]);
        if (tape->record[node].op != WG__OP_rule) continue;
        const uint32_t inner = (uint32_t)wg__tape_attribute(tape, node, &count)[WG__RULE_BODY];
        if (wg__body_at(tape, inner)->first < body->first) rule_meet(f, inner);
    }
    for (int64_t i = 0; i < body->out_count; i++)
        if (body->out[i] != WG__NONE && !is_inside(tape, rule, body->out[i]))
            meet(f, body->out[i]);
}

static void node_meet(const finder *f, uint32_t node)
{
    int32_t count;
    const uint32_t *in = wg__tape_inputs(f->tape, node, &count);
    for (int32_t i = 0; i < count; i++) meet(f, in[i]);
    if (f->tape->record[node].op == WG__OP_rule)
        rule_meet(f, (uint32_t)wg__tape_attribute(f->tape, node, &count)[WG__RULE_BODY]);
}

/* Keeps what was found in the order in which it was recorded. */
static int captures_keep(const finder *f)
{
    wg__body *body = &f->tape->body[f->body - 1];
    int64_t count = 0;
    for (uint32_t node = 0; node < f->tape->count; node++)
        count += f->is_met[node] && !wg__body_owns(f->tape, f->body, node);
    if (body->captured_capacity < count || body->captured == NULL) {
        body->captured = wg__arena_take(&f->tape->kept, (size_t)count * sizeof *body->captured);
        if (body->captured == NULL) return wg__tape_no_memory(f->tape);
        body->captured_capacity = count;
    }
    body->captured_count = 0;
    for (uint32_t node = 0; node < f->tape->count; node++)
        if (f->is_met[node] && !wg__body_owns(f->tape, f->body, node))
            body->captured[body->captured_count++] = node;
    return WG_OK;
}

int wg__body_capture(wg_tape *tape, uint32_t id)
{
    wg__body *body = &tape->body[id - 1];
    const size_t count = (size_t)tape->count;
    finder f = { .tape = tape, .body = id, .is_met = wg__arena_take(&tape->arena, count) };
    if (f.is_met == NULL) return wg__tape_no_memory(tape);
    memset(f.is_met, 0, count);
    for (int64_t i = 0; i < body->out_count; i++) meet(&f, body->out[i]);
    for (uint32_t node = body->end; node-- > body->first;)
        if (f.is_met[node] && wg__body_owns(tape, id, node)) node_meet(&f, node);
    WG_TRY(captures_keep(&f));
    if (body->index != WG__NONE && !f.is_met[body->index]) body->index = WG__NONE;
    return WG_OK;
}

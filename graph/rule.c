/* Rules of a body's own. In a reverse sweep the cotangents of a rule's results come first; when the
 * turn of the rule itself comes all have arrived, and its body is replayed on them: as ordinary
 * records, which the next order differentiates as any others. */
#include "graph/tape.h"

/* ---- recording ---- */

/* rule(x..., y...), of body `body`. */
static uint32_t rule_emit(wg_tape *tape, const wg__rule *rule)
{
    const int64_t count = rule->x_count + rule->y_count;
    uint32_t *in = wg__arena_take(&tape->arena, (size_t)count * sizeof *in);
    if (in == NULL) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    for (int64_t i = 0; i < rule->x_count; i++) in[i] = rule->x[i];
    for (int64_t i = 0; i < rule->y_count; i++) in[rule->x_count + i] = rule->y[i];
    const int64_t attribute[1] = { rule->body };
    return wg__tape_emit(&tape->builder, &(wg__request){ .op = WG__OP_rule,
                                                         .in_count = (int32_t)count,
                                                         .in = in,
                                                         .attribute = attribute,
                                                         .attribute_count = 1 });
}

int wg__rule_record(wg_tape *tape, const wg__rule *rule, uint32_t *out)
{
    const uint32_t of = rule->y_count > 0 ? rule_emit(tape, rule) : WG__NONE;
    for (int64_t i = 0; i < rule->y_count; i++) {
        const uint32_t in[2] = { rule->y[i], of };
        out[i] = wg__tape_emit(&tape->builder, &(wg__request){ .op = WG__OP_ruled,
                                                               .in_count = 2,
                                                               .in = in,
                                                               .attribute = &i,
                                                               .attribute_count = 1 });
    }
    return tape->error.status;
}

/* ---- sweeping ---- */

/* What was sent to place `place` of a rule; NULL: nothing. */
static wg__parcel *parcel_find(const wg__grad_space *space, uint32_t rule, int64_t place)
{
    for (int64_t i = space->parcel_count - 1; i >= 0; i--)
        if (space->parcel[i].rule == rule && space->parcel[i].place == place)
            return &space->parcel[i];
    return NULL;
}

int wg__rule_send(wg_tape *tape, uint32_t ruled, uint32_t cotangent)
{
    wg__grad_space *space = tape->grad_space;
    int32_t count;
    const uint32_t rule = wg__tape_inputs(tape, ruled, &count)[1];
    const int64_t place = wg__tape_attribute(tape, ruled, &count)[0];
    wg__parcel *known = parcel_find(space, rule, place);
    if (known != NULL) {
        known->cotangent = wg__emit2(&tape->builder, WG__OP_add, known->cotangent, cotangent);
        return tape->error.status;
    }
    if (wg__grow(&tape->allocator, (void **)&space->parcel, &space->parcel_capacity,
                 space->parcel_count + 1, sizeof *space->parcel) < 0)
        return wg__tape_no_memory(tape);
    space->parcel[space->parcel_count++] = (wg__parcel){
        .rule = rule, .ruled = ruled, .cotangent = cotangent, .place = place };
    return WG_OK;
}

/* What stands for the body's placeholders: x..., then, if it takes them, y..., then cotangents. A
 * result that nothing flowed into has a cotangent of zeros. */
static void arguments_set(const wg__node_view *node, wg_tape *tape, const wg__body *body,
                          uint32_t *argument)
{
    const int64_t x_count = body->out_count;
    const int64_t y_count = node->in_count - x_count;
    const bool takes_values = body->in_count > x_count + y_count;
    const int64_t first = body->in_count - y_count;
    for (int64_t i = 0; i < x_count; i++) argument[i] = node->in[i];
    for (int64_t i = 0; i < y_count; i++) {
        const wg__parcel *parcel = parcel_find(tape->grad_space, node->r, i);
        if (takes_values)
            argument[x_count + i] = parcel != NULL ? parcel->ruled : node->in[x_count + i];
        argument[first + i] = parcel != NULL
                                  ? parcel->cotangent
                                  : wg__emit_full_like(node->builder, body->in[first + i], 0);
    }
}

int wg__rule_vjp(const wg__node_view *node, uint32_t *gradient)
{
    wg_tape *tape = (wg_tape *)node->builder;
    const uint32_t id = (uint32_t)node->attribute[0];
    const wg__body body = *wg__body_at(tape, id);
    uint32_t *argument = wg__arena_take(&tape->arena, (size_t)body.in_count * sizeof *argument);
    if (argument == NULL) return wg__tape_no_memory(tape);
    for (int32_t i = 0; i < node->in_count; i++) gradient[i] = WG__NONE;
    arguments_set(node, tape, &body, argument);
    const bool takes_values = body.in_count > node->in_count;
    const wg__replay replay = { .body = id,
                                .in = argument,
                                .rows = WG__NO_ROWS,
                                .is_instance = !takes_values };
    return wg__body_replay(tape, &replay, gradient);
}

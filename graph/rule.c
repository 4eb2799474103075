/* Rules of a body's own. In a reverse sweep the cotangents of a rule's results come first; when
 * the turn of the rule itself comes all have arrived. The body of a rule of the caller's is then
 * replayed on them; a function that is computed anew is differentiated (recompute.c). Either way
 * there are ordinary records, which the next order differentiates as any others. */
#include "graph/sweep.h"

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
    const int64_t attribute[WG__RULE_WORDS] = { [WG__RULE_BODY] = rule->body,
                                                [WG__RULE_XS] = rule->x_count };
    return wg__tape_emit(&tape->builder, &(wg__request){ .op = WG__OP_rule,
                                                         .in_count = (int32_t)count,
                                                         .in = in,
                                                         .attribute = attribute,
                                                         .attribute_count = WG__RULE_WORDS });
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

static wg__parcel *parcel_find(const wg__grad_space *space, uint32_t rule, int64_t place)
{
    for (int64_t i = space->parcel_count - 1; i >= 0; i--)
        if (space->parcel[i].rule == rule && space->parcel[i].place == place)
            return &space->parcel[i];
    return NULL;
}

const wg__parcel *wg__rule_sent(const wg__grad_space *space, uint32_t rule, int64_t place)
{
    return parcel_find(space, rule, place);
}

int wg__rule_send(wg_tape *tape, uint32_t ruled, uint32_t cotangent, uint32_t live)
{
    wg__grad_space *space = tape->grad_space;
    int32_t count;
    const uint32_t rule = wg__tape_inputs(tape, ruled, &count)[1];
    const int64_t place = wg__tape_attribute(tape, ruled, &count)[0];
    wg__parcel *known = parcel_find(space, rule, place);
    if (known != NULL) {
        known->cotangent = wg__emit2(&tape->builder, WG__OP_add, known->cotangent, cotangent);
        known->live = wg__mask_or(tape, known->live, live);
        return tape->error.status;
    }
    if (wg__grow(&tape->allocator, (void **)&space->parcel, &space->parcel_capacity,
                 space->parcel_count + 1, sizeof *space->parcel) < 0)
        return wg__tape_no_memory(tape);
    space->parcel[space->parcel_count++] = (wg__parcel){ .rule = rule,
                                                         .ruled = ruled,
                                                         .cotangent = cotangent,
                                                         .live = live,
                                                         .place = place };
    return WG_OK;
}

/* What stands for the body's placeholders: x..., y..., then cotangents. A result that nothing
 * flowed into has a cotangent of zeros. */
static void arguments_set(const wg__node_view *node, const wg_tape *tape, const wg__body *body,
                          uint32_t *argument)
{
    const int64_t x_count = node->attribute[WG__RULE_XS];
    for (int64_t i = 0; i < x_count; i++) argument[i] = node->in[i];
    for (int64_t i = 0; i < node->in_count - x_count; i++) {
        const wg__parcel *parcel = wg__rule_sent(tape->grad_space, node->r, i);
        argument[x_count + i] = parcel != NULL ? parcel->ruled : node->in[x_count + i];
        argument[node->in_count + i] =
            parcel != NULL ? parcel->cotangent
                           : wg__emit_full_like(node->builder, body->in[node->in_count + i], 0);
    }
}

int wg__rule_vjp(const wg__node_view *node, uint32_t *gradient, uint32_t *where)
{
    wg_tape *tape = (wg_tape *)node->builder;
    const uint32_t id = (uint32_t)node->attribute[WG__RULE_BODY];
    const wg__body body = *wg__body_at(tape, id);
    for (int32_t i = 0; i < node->in_count; i++) gradient[i] = where[i] = WG__NONE;
    if (body.in_count < node->in_count) return wg__recompute_vjp(node, gradient, where);
    uint32_t *argument = wg__arena_take(&tape->arena, (size_t)body.in_count * sizeof *argument);
    if (argument == NULL) return wg__tape_no_memory(tape);
    arguments_set(node, tape, &body, argument);
    const wg__replay replay = { .body = id, .in = argument, .rows = WG__NO_ROWS };
    return wg__body_replay(tape, &replay, gradient);
}

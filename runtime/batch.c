/* Batch marks over a plan: which values hold one row, or group of rows, a sample.
 *
 * Marks start at inputs whose rows are samples and follow the ops. Only marks of the leading axis
 * lead to shards; a computed value marked elsewhere, which lead.c could not turn, is computed whole
 * and starts without a mark. A
 * loop keeps marks if every value of its step does: then a shard takes all steps of its rows. Then,
 * backwards, a value made of no sample (random numbers, a count) that marked values read row by row
 * is adopted: it is made row by row where it is read, instead of as a whole before. */
#include "runtime/internal.h"

static const wg__mark no_mark = { 0, 0, 0 };

static int64_t samples_of(const wg__value *value)
{
    if (value->loop != NULL) return value->loop->samples;
    return value->mark.is_set ? value->type.shape.dim[value->mark.axis] / value->mark.group : 0;
}

typedef struct operands { wg__type *type; wg__mark *mark; } operands;

/* ---- loops ---- */

/* Samples of what a loop reads; 0: none, or not what its steps could take rows of. A carry and what
 * was captured have them in front, an x behind the steps. */
static int64_t loop_samples(const wg__plan *plan, const wg__value *value)
{
    const wg__loop *loop = value->loop;
    int64_t samples = 0;
    for (int32_t i = 0; i < value->in_count; i++) {
        const wg__value *in = &plan->value[value->in[i]];
        const int64_t x = i - loop->carry_count;
        const int32_t axis = x >= 0 && x < loop->x_count ? 1 : 0;
        if (!in->mark.is_set) continue;
        const int64_t own = samples_of(in);
        const bool fits = in->mark.axis == axis && in->mark.group == 1 && own > 0;
        if (!fits || (samples != 0 && own != samples)) return 0;
        samples = own;
    }
    return samples;
}

/* The leading axis of a slot of the step, if it holds samples: as marked outside, and of carries
 * whenever there are as many rows, since the first may be zeros. */
static wg__mark mark_of_slot(const wg__plan *plan, const wg__value *value, const wg__value *leaf,
                             int64_t samples)
{
    const int64_t slot = leaf->attribute[0];
    const bool is_carry = slot < value->loop->carry_count;
    const bool has_rows = leaf->type.shape.rank > 0 && leaf->type.shape.dim[0] == samples;
    const bool is_marked = plan->value[value->in[slot]].mark.is_set;
    if (!has_rows || !(is_marked || is_carry)) return no_mark;
    return (wg__mark){ .axis = 0, .is_set = 1, .group = 1 };
}

/* True if a value of a step reads its input row by row, or what is no sample's and no row's. */
static bool reads_own_rows(const wg__plan *body, const wg__value *value, int32_t i)
{
    const wg__value *in = &body->value[value->in[i]];
    const wg__value *base = &body->value[in->base];
    if (in->mark.is_set) return wg__slice_axis(body, value, i) == in->mark.axis;
    return !base->is_computed && !base->mark.is_set;
}

/* True if all that a step computes has the samples in front and is made of their rows. */
static bool is_marked_throughout(const wg__plan *body, int64_t samples)
{
    for (int64_t i = 0; i < body->order_count; i++) {
        const wg__value *value = &body->value[body->order[i]];
        if (!value->mark.is_set || value->mark.axis != 0 || value->loop != NULL) return false;
        if (samples_of(value) != samples) return false;
        for (int32_t j = 0; j < value->in_count; j++)
            if (!reads_own_rows(body, value, j)) return false;
    }
    return true;
}

/* ---- values ---- */

/* The mark of the op of a value among others, or none if it is a cut or its inputs are of two
 * batches. */
static wg__mark mark_of_op(const wg__value *all, const wg__value *value, const operands *space)
{
    int64_t samples = 0;
    for (int32_t i = 0; i < value->in_count; i++) {
        const wg__value *in = &all[value->in[i]];
        space->type[i] = in->type;
        space->mark[i] = in->mark;
        if (!in->mark.is_set) continue;
        if (samples != 0 && samples_of(in) != samples) return no_mark;
        samples = samples_of(in);
    }
    const wg__request request = { .op = value->op,
                                  .in_count = value->in_count,
                                  .in = value->in,
                                  .attribute = value->attribute,
                                  .attribute_count = value->attribute_count,
                                  .wanted = &value->type };
    wg__mark mark;
    if (!wg__mark_of(&request, space->type, space->mark, &value->type, &mark)) return no_mark;
    return mark;
}

static wg__mark mark_of(const wg__plan *plan, const wg__value *value, const operands *space)
{
    const wg__mark mark = mark_of_op(plan->value, value, space);
    return mark.axis != 0 && value->is_computed ? no_mark : mark;
}

static wg__mark mark_of_input(const wg__value *value)
{
    const bool has_samples = value->attribute[1] != 0 && value->type.shape.dim[0] > 0;
    return has_samples ? (wg__mark){ .axis = 0, .is_set = 1, .group = 1 } : no_mark;
}

wg__mark wg__value_mark(const wg__planner *planner, const wg__value *value)
{
    enum { IN_MAX = 4 };
    wg__type type[IN_MAX];
    wg__mark mark[IN_MAX];
    if (value->op == WG__OP_input) return mark_of_input(value);
    if (value->loop != NULL || value->op == WG__OP_pick || value->in_count > IN_MAX)
        return no_mark;
    return mark_of_op(planner->value, value, &(operands){ type, mark });
}

static void loop_mark(const wg__plan *plan, wg__value *value, const operands *space);

/* Of a part of a loop's memory: stacks have the steps in front. */
static wg__mark mark_of_pick(const wg__plan *plan, const wg__value *value)
{
    const wg__value *loop = &plan->value[value->base];
    if (!loop->mark.is_set) return no_mark;
    const bool is_carry = value->attribute[0] < loop->loop->carry_count;
    return (wg__mark){ .axis = is_carry ? 0 : 1, .is_set = 1, .group = 1 };
}

static void marks_follow(wg__plan *plan, const operands *space)
{
    for (int64_t i = 0; i < plan->value_count; i++) {
        wg__value *value = &plan->value[i];
        value->mark = no_mark;
        if (value->op == WG__OP_input) {
            value->mark = mark_of_input(value);
        } else if (value->loop != NULL) {
            loop_mark(plan, value, space);
        } else if (value->op == WG__OP_pick) {
            value->mark = mark_of_pick(plan, value);
        } else if (value->base != i || value->is_computed) {
            value->mark = mark_of(plan, value, space);
        }
    }
}

/* True if each row of the value is made of rows of its inputs, or of nothing but its own place. */
static bool is_adoptable(const wg__plan *plan, const wg__value *value)
{
    (void)plan;
    if (!value->is_computed || value->mark.is_set) return false;
    const wg__class class = wg__op_table[value->op].class;
    return class == WG__CLASS_LINEAR || class == WG__CLASS_MAP || class == WG__CLASS_RANDOM ||
           value->op == WG__OP_iota;
}

/* From last to first, so that what an adopted value reads is asked after it was adopted. */
static void values_adopt(wg__plan *plan)
{
    for (int64_t i = plan->value_count - 1; i >= 0; i--) {
        const wg__value *value = &plan->value[i];
        if (!value->is_computed || !value->mark.is_set) continue;
        const int64_t samples = samples_of(value);
        for (int32_t j = 0; j < value->in_count; j++) {
            wg__value *in = &plan->value[value->in[j]];
            if (wg__slice_axis(plan, value, j) != 0 || !is_adoptable(plan, in)) continue;
            if (in->type.shape.dim[0] % samples != 0) continue;
            in->mark = (wg__mark){ .axis = 0,
                                   .is_set = 1,
                                   .group = in->type.shape.dim[0] / samples };
        }
    }
}

/* Marks a loop and its steps, or neither. */
static void loop_mark(const wg__plan *plan, wg__value *value, const operands *space)
{
    wg__loop *loop = value->loop;
    wg__plan *body = loop->body;
    const int64_t samples = loop->length > 0 ? loop_samples(plan, value) : 0;
    for (int64_t i = 0; i < body->value_count && samples > 0; i++) {
        wg__value *own = &body->value[i];
        own->mark = no_mark;
        if (own->op == WG__OP_placeholder) own->mark = mark_of_slot(plan, value, own, samples);
        else if (own->loop == NULL && own->op != WG__OP_pick && own->constant == NULL)
            own->mark = mark_of(body, own, space);
    }
    if (samples == 0) return;
    values_adopt(body);
    if (!is_marked_throughout(body, samples)) return;
    loop->samples = samples;
    body->region[0].kind = WG__REGION_SHARDS;
    body->region[0].units = samples;
    value->mark = (wg__mark){ .axis = 0, .is_set = 1, .group = 1 };
}

/* The most inputs that a value has, here or in a step. */
static int32_t inputs_most(const wg__plan *plan)
{
    int32_t most = 0;
    for (int64_t i = 0; i < plan->value_count; i++)
        if (plan->value[i].in_count > most) most = plan->value[i].in_count;
    for (const wg__loop *loop = plan->loop; loop != NULL; loop = loop->next) {
        const int32_t inner = inputs_most(loop->body);
        if (inner > most) most = inner;
    }
    return most;
}

int wg__plan_mark(wg__planner *planner)
{
    wg__plan *plan = planner->plan;
    const int32_t in_count_max = inputs_most(plan);
    const size_t count = (size_t)in_count_max;
    const operands space = { wg__arena_take(&planner->arena, count * sizeof(wg__type)),
                             wg__arena_take(&planner->arena, count * sizeof(wg__mark)) };
    if (space.type == NULL || space.mark == NULL) return WG_EMEMORY;
    marks_follow(plan, &space);
    values_adopt(plan);
    return WG_OK;
}

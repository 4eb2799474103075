/* Batch marks over a plan: which values hold one row, or group of rows, a sample.
 *
 * Marks start at inputs whose rows are samples and follow the ops. Only marks of the leading axis
 * lead to shards; a computed value marked elsewhere is computed whole and starts without a mark.
 * Then, backwards, a value made of no sample (random numbers, a count) that marked values read
 * row by row is adopted: it is made row by row where it is read, instead of as a whole before. */
#include "runtime/internal.h"

static const wg__mark no_mark = { 0, 0, 0 };

static int64_t samples_of(const wg__value *value)
{
    if (value->loop != NULL) return value->loop->samples;
    return value->mark.is_set ? value->type.shape.dim[value->mark.axis] / value->mark.group : 0;
}

typedef struct operands { wg__type *type; wg__mark *mark; } operands;

/* The mark of the op of a value, or none if it is a cut or its inputs are of two batches. */
static wg__mark mark_of(const wg__plan *plan, const wg__value *value, const operands *space)
{
    int64_t samples = 0;
    for (int32_t i = 0; i < value->in_count; i++) {
        const wg__value *in = &plan->value[value->in[i]];
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
    if (mark.is_set && mark.axis != 0 && value->is_computed) return no_mark;
    return mark;
}

static void marks_follow(wg__plan *plan, const operands *space)
{
    for (int64_t i = 0; i < plan->value_count; i++) {
        wg__value *value = &plan->value[i];
        value->mark = no_mark;
        if (value->op == WG__OP_input) {
            const bool has_samples = value->attribute[1] != 0 && value->type.shape.dim[0] > 0;
            if (has_samples) value->mark = (wg__mark){ .axis = 0, .is_set = 1, .group = 1 };
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

int wg__plan_mark(wg__planner *planner)
{
    wg__plan *plan = planner->plan;
    int32_t in_count_max = 0;
    for (int64_t i = 0; i < plan->value_count; i++)
        if (plan->value[i].in_count > in_count_max) in_count_max = plan->value[i].in_count;
    const size_t count = (size_t)in_count_max;
    const operands space = { wg__arena_take(&planner->arena, count * sizeof(wg__type)),
                             wg__arena_take(&planner->arena, count * sizeof(wg__mark)) };
    if (space.type == NULL || space.mark == NULL) return WG_EMEMORY;
    marks_follow(plan, &space);
    values_adopt(plan);
    return WG_OK;
}

/* Samples in front. Rows are cut along the leading axis alone; where samples lie along another
 * one, because what they come from is walked so, an op is computed on the same walks with that
 * axis in front, and its result is walked back. So it is made row by row in the region of its
 * inputs, and no element is moved.
 *
 * That is done only where no bit depends on the order of axes: elementwise ops; products, which
 * sum along k; reductions that stay what they are, sums along rows or along columns. */
#include "runtime/internal.h"

#include <string.h>

enum { IN_MAX = 3 };   /* of what can be turned: select has so many */

/* Axis i of the turned value is axis order[i] of the other. */
typedef struct turn { int32_t rank; int64_t order[WG__RANK_MAX]; } turn;

static turn turn_to_front(int32_t rank, int32_t axis)
{
    turn t = { .rank = rank, .order = { axis } };
    for (int32_t i = 1; i < rank; i++) t.order[i] = i <= axis ? i - 1 : i;
    return t;
}

static turn turn_back(const turn *to)
{
    turn t = { .rank = to->rank };
    for (int32_t i = 0; i < to->rank; i++) t.order[to->order[i]] = i;
    return t;
}

static wg__shape shape_turned(const wg__shape *shape, const turn *by)
{
    wg__shape turned = { .rank = by->rank };
    for (int32_t i = 0; i < by->rank; i++) turned.dim[i] = shape->dim[by->order[i]];
    return turned;
}

static uint32_t value_turned(wg__planner *planner, const wg__draft *like, uint32_t value,
                             const turn *by)
{
    if (value == WG__NONE) return WG__NONE;
    const wg__type *type = &planner->value[value].type;
    return wg__value_make(planner, &(wg__draft){ .op = WG__OP_permute,
                                                 .node = like->node,
                                                 .type = { type->dtype,
                                                           shape_turned(&type->shape, by) },
                                                 .in_count = 1,
                                                 .attribute_count = by->rank,
                                                 .in = &value,
                                                 .attribute = by->order,
                                                 .instance = like->instance });
}

/* Turning moves nothing where all extents are 1: the value is what it was, samples and all. */
static bool has_samples_in_front(const wg__planner *planner, uint32_t value)
{
    const wg__mark *mark = &planner->value[value].mark;
    return mark->is_set && mark->axis == 0;
}

/* The draft on these inputs, with its axes turned, and turned back; WG__NONE if that would leave
 * the samples where they are. */
static uint32_t draft_turned(wg__planner *planner, const wg__draft *draft, const uint32_t *in,
                             const int64_t *attribute, const turn *by)
{
    bool is_in_front = false;
    for (int32_t i = 0; i < draft->in_count; i++) {
        if (in[i] == WG__NONE) return WG__NONE;
        is_in_front = is_in_front || has_samples_in_front(planner, in[i]);
    }
    if (!is_in_front) return WG__NONE;
    wg__draft turned = *draft;
    turned.in = in;
    turned.attribute = attribute;
    turned.type.shape = shape_turned(&draft->type.shape, by);
    const turn back = turn_back(by);
    return value_turned(planner, draft, wg__value_make(planner, &turned), &back);
}

static uint32_t elementwise_lead(wg__planner *planner, const wg__draft *draft, int32_t axis)
{
    const turn front = turn_to_front(draft->type.shape.rank, axis);
    uint32_t in[IN_MAX];
    for (int32_t i = 0; i < draft->in_count; i++)
        in[i] = value_turned(planner, draft, draft->in[i], &front);
    return draft_turned(planner, draft, in, draft->attribute, &front);
}

/* ---- products ---- */

/* True if all matrices of a value are one and the same. */
static bool is_one_matrix(const wg__value *value)
{
    for (int32_t i = 0; i < value->type.shape.rank - 2; i++)
        if (value->stride[i] != 0 && value->type.shape.dim[i] > 1) return false;
    return true;
}

/* One matrix for so many products. */
static uint32_t matrix_spread(wg__planner *planner, const wg__draft *like, uint32_t value,
                              const wg__shape *products)
{
    const wg__value *matrix = &planner->value[value];
    const int32_t rank = matrix->type.shape.rank;
    wg__type type = { matrix->type.dtype, *products };
    int64_t stride[WG__RANK_MAX] = { 0 };
    for (int32_t i = rank - 2; i < rank; i++) {
        type.shape.dim[i] = matrix->type.shape.dim[i];
        stride[i] = matrix->stride[i];
    }
    return wg__value_view(planner, &(wg__draft){ .op = WG__OP_broadcast,
                                                 .node = like->node,
                                                 .type = type,
                                                 .in_count = 1,
                                                 .in = &value,
                                                 .instance = like->instance }, stride);
}

/* A sample's rows lie in all products: if these have one factor in common, they may as well be a
 * product a sample. */
static uint32_t rows_lead(wg__planner *planner, const wg__draft *draft)
{
    const int32_t rank = draft->type.shape.rank;
    if (!is_one_matrix(&planner->value[draft->in[1]])) return WG__NONE;
    const turn front = turn_to_front(rank, rank - 2);
    const wg__shape products = shape_turned(&draft->type.shape, &front);
    const uint32_t in[] = { value_turned(planner, draft, draft->in[0], &front),
                            matrix_spread(planner, draft, draft->in[1], &products) };
    return draft_turned(planner, draft, in, draft->attribute, &front);
}

static uint32_t value_reshaped(wg__planner *planner, const wg__draft *like, uint32_t value,
                               const wg__shape *shape)
{
    if (value == WG__NONE) return WG__NONE;
    const wg__type type = { planner->value[value].type.dtype, *shape };
    return wg__value_make(planner, &(wg__draft){ .op = WG__OP_reshape,
                                                 .node = like->node,
                                                 .type = type,
                                                 .in_count = 1,
                                                 .in = &value,
                                                 .instance = like->instance });
}

/* What was copied to get one matrix of all rows, in the order of other axes than the samples';
 * WG__NONE: nothing was. */
static uint32_t rows_origin(const wg__planner *planner, uint32_t rows)
{
    const wg__value *copy = &planner->value[rows];
    if (copy->op != WG__OP_reshape || !copy->is_computed) return WG__NONE;
    const wg__value *from = &planner->value[copy->in[0]];
    const int32_t last = from->type.shape.rank - 1;
    const bool has_rows = from->mark.axis > 0 && from->mark.axis < last &&
                          from->type.shape.dim[last] == copy->type.shape.dim[1];
    return has_rows ? copy->in[0] : WG__NONE;
}

/* Rows of one matrix may come in any order: a sample's one after the other. */
static uint32_t merged_lead(wg__planner *planner, const wg__draft *draft)
{
    if (draft->type.shape.rank != 2) return WG__NONE;
    const uint32_t from = rows_origin(planner, draft->in[0]);
    if (from == WG__NONE || planner->value[draft->in[1]].mark.is_set) return WG__NONE;
    const wg__shape old = planner->value[from].type.shape;
    const turn front = turn_to_front(old.rank, planner->value[from].mark.axis);
    const turn back = turn_back(&front);
    wg__shape apart = shape_turned(&old, &front);
    apart.dim[old.rank - 1] = draft->type.shape.dim[1];

    const uint32_t turned = value_turned(planner, draft, from, &front);
    if (turned == WG__NONE || !has_samples_in_front(planner, turned)) return WG__NONE;
    const wg__shape rows = planner->value[draft->in[0]].type.shape;
    const uint32_t in[] = { value_reshaped(planner, draft, turned, &rows), draft->in[1] };
    if (in[0] == WG__NONE) return WG__NONE;
    wg__draft product = *draft;
    product.in = in;
    const uint32_t made = wg__value_make(planner, &product);
    const uint32_t there = value_turned(planner, draft,
                                        value_reshaped(planner, draft, made, &apart), &back);
    return value_reshaped(planner, draft, there, &draft->type.shape);
}

static uint32_t product_lead(wg__planner *planner, const wg__draft *draft, int32_t axis)
{
    const int32_t rank = draft->type.shape.rank;
    if (axis < rank - 2) return elementwise_lead(planner, draft, axis);
    return axis == rank - 2 ? rows_lead(planner, draft) : WG__NONE;
}

/* ---- reductions ---- */

/* True if a sum along these axes is one of rows, or of columns, whether or not `axis` is there. */
static bool sums_alike(const wg__shape *shape, uint32_t reduced, int32_t axis)
{
    int64_t behind = 1;
    for (int32_t i = shape->rank - 1; i >= 0 && !(reduced >> i & 1); i--)
        if (i != axis) behind *= shape->dim[i];
    return (reduced >> axis) != 0 || behind > 1 || shape->dim[axis] == 1;
}

/* The axis of the input that becomes this one of the result. */
static int32_t axis_before(uint32_t reduced, int32_t axis)
{
    int32_t before = 0;
    for (int32_t kept = 0;; before++) {
        if (reduced >> before & 1) continue;
        if (kept++ == axis) return before;
    }
}

static uint32_t reduction_lead(wg__planner *planner, const wg__draft *draft, int32_t axis)
{
    const wg__shape shape = planner->value[draft->in[0]].type.shape;
    const uint32_t reduced = wg__reduced_axes(draft->op, draft->attribute);
    const int32_t before = axis_before(reduced, axis);
    if (!sums_alike(&shape, reduced, before)) return WG__NONE;
    const turn front = turn_to_front(shape.rank, before);
    uint32_t turned = 0;
    int64_t last = 0;
    for (int32_t i = 0; i < shape.rank; i++) {
        if (!(reduced >> front.order[i] & 1)) continue;
        turned |= 1u << i;
        last = i;
    }
    const bool is_one_axis = draft->op == WG__OP_argmax || draft->op == WG__OP_argmin;
    const int64_t attribute = is_one_axis ? last : (int64_t)turned;
    const uint32_t in = value_turned(planner, draft, draft->in[0], &front);
    const turn of_result = turn_to_front(draft->type.shape.rank, axis);
    return draft_turned(planner, draft, &in, &attribute, &of_result);
}

uint32_t wg__lead(wg__planner *planner, const wg__draft *draft, int32_t axis)
{
    if (draft->in_count > IN_MAX) return WG__NONE;
    if (axis == 0) return draft->op == WG__OP_matmul ? merged_lead(planner, draft) : WG__NONE;
    switch (wg__op_table[draft->op].class) {
    case WG__CLASS_LINEAR:
    case WG__CLASS_MAP: return elementwise_lead(planner, draft, axis);
    case WG__CLASS_CONTRACT: return product_lead(planner, draft, axis);
    case WG__CLASS_REDUCE: return reduction_lead(planner, draft, axis);
    default: return WG__NONE;
    }
}

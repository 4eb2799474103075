/* Which part of its inputs a piece of a result needs. Pieces are runs of the leading axis.
 *
 * The order of every sum is told by logical shapes, so a piece has the bits of the whole as long
 * as its shape tells the same: reduced axes are never cut, and where the axis that is cut is all
 * that stands after the reduced ones, a piece of one row would turn columns into a row: it has
 * two at least. */
#include "runtime/internal.h"

static bool axis_is_reduced(const wg__value *value, int32_t axis)
{
    return (wg__reduced_axes(value->op, value->attribute) >> axis & 1) != 0;
}

static const wg__shape *shape_of_input(const wg__plan *plan, const wg__value *value, int32_t i)
{
    return &plan->value[value->in[i]].type.shape;
}

/* The axis of a reduction's input that becomes its leading one. */
static int32_t reduce_axis(const wg__plan *plan, const wg__value *value)
{
    const int32_t rank = shape_of_input(plan, value, 0)->rank;
    for (int32_t axis = 0; axis < rank; axis++)
        if (!axis_is_reduced(value, axis)) return axis;
    return WG__NOWHERE;
}

/* A gather along the leading axis takes its rows from the index's, else from x's. */
static int32_t gather_axis(const wg__plan *plan, const wg__value *value, int32_t i)
{
    if (value->attribute[0] > 0) return i == 0 ? 0 : WG__NOWHERE;
    if (shape_of_input(plan, value, 1)->rank > 0) return i == 1 ? 0 : WG__NOWHERE;
    return i == 0 ? 1 : WG__NOWHERE;
}

/* Rows of windows are samples, or are found from the first row of the piece on. */
static int32_t product_axis(const wg__value *value, int32_t i)
{
    const bool is_of_windows = value->attribute_count > 0;
    if (i == 0 && is_of_windows) return value->mark.is_set ? 0 : WG__NOWHERE;
    return i == 0 || value->type.shape.rank > 2 ? 0 : WG__NOWHERE;
}

int32_t wg__slice_axis(const wg__plan *plan, const wg__value *value, int32_t i)
{
    switch (wg__op_table[value->op].class) {
    case WG__CLASS_MARK:
    case WG__CLASS_LINEAR:
    case WG__CLASS_MAP:
    case WG__CLASS_MOVE:
    case WG__CLASS_ALONG: return 0;
    case WG__CLASS_REDUCE: return reduce_axis(plan, value);
    case WG__CLASS_CONTRACT: return product_axis(value, i);
    case WG__CLASS_INDEX:
        if (value->op == WG__OP_gather) return gather_axis(plan, value, i);
        return i == 1 ? WG__NOWHERE : 0;
    case WG__CLASS_EXTERN: return value->attribute[WG__EXTERN_BY_ROWS] != 0 ? 0 : WG__NOWHERE;
    case WG__CLASS_SCAN:   /* the steps find their rows themselves */
    case WG__CLASS_LEAF:
    case WG__CLASS_RANDOM: return WG__NOWHERE;
    }
    return WG__NOWHERE;
}

/* Axes after the last reduced one, but for the leading axis of the result. */
static int64_t reduce_rows_min(const wg__plan *plan, const wg__value *value)
{
    const wg__shape *shape = shape_of_input(plan, value, 0);
    const int32_t cut = reduce_axis(plan, value);
    int64_t after = 1;
    for (int32_t axis = shape->rank - 1; axis >= 0 && !axis_is_reduced(value, axis); axis--)
        if (axis != cut) after *= shape->dim[axis];
    const bool is_last = cut > 0 && axis_is_reduced(value, cut - 1);
    return is_last && after == 1 ? 2 : 1;
}

bool wg__slice_is_possible(const wg__plan *plan, const wg__value *value, int64_t *rows_min)
{
    const wg__shape *shape = &value->type.shape;
    *rows_min = 1;
    if (shape->rank == 0 || shape->dim[0] < 2) return false;
    if (wg__op_table[value->op].class == WG__CLASS_ALONG) return value->attribute[0] > 0;
    switch (value->op) {
    case WG__OP_reshape: return shape_of_input(plan, value, 0)->rank > 0 &&
                                shape_of_input(plan, value, 0)->dim[0] == shape->dim[0];
    case WG__OP_pad:
    case WG__OP_concat:
    case WG__OP_scatter_add: return value->attribute[0] > 0;
    case WG__OP_scan: return false;
    case WG__OP_extern: return value->attribute[WG__EXTERN_BY_ROWS] != 0;
    case WG__OP_sum:
    case WG__OP_prod: *rows_min = reduce_rows_min(plan, value); return true;
    default: return true;
    }
}

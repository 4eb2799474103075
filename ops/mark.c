/* Batch marks: which axis of a result holds the samples, told by the class of its op.
 *
 * A mark {axis, group} says that the axis has samples * group entries, all entries of a sample
 * next to each other. An op keeps a mark if each result entry depends, of the marked inputs, on
 * entries of its own sample alone. Where that is not so for certain the op is a cut: its marked
 * inputs must be complete before it runs. A false cut costs time; a false mark would cost bits. */
#include "ops/internal.h"

typedef struct mark_query {
    const wg__request *request;
    const wg__type *in;
    const wg__mark *marks;
    const wg__type *out;
} mark_query;

static const wg__mark no_mark = { 0, 0, 0 };

static wg__mark mark_moved(const wg__mark *mark, int32_t axis)
{
    return (wg__mark){ .axis = axis, .is_set = 1, .group = mark->group };
}

/* Inputs of one shape, whose marks must be the same where set. */
static bool mark_alike(const mark_query *q, wg__mark *mark)
{
    for (int32_t i = 0; i < q->request->in_count; i++) {
        const wg__mark *own = &q->marks[i];
        if (!own->is_set) continue;
        if (mark->is_set && (mark->axis != own->axis || mark->group != own->group)) return false;
        *mark = *own;
    }
    return true;
}

/* ---- movements ---- */

static int64_t extent_before(const wg__shape *shape, int32_t axis)
{
    int64_t count = 1;
    for (int32_t i = 0; i < axis; i++) count *= shape->dim[i];
    return count;
}

/* The axis that starts after as many entries as the marked one did and still leads with the
 * samples. */
static bool mark_reshape(const mark_query *q, wg__mark *mark)
{
    const wg__mark *own = &q->marks[0];
    const int64_t samples = q->in[0].shape.dim[own->axis] / own->group;
    const int64_t before = extent_before(&q->in[0].shape, own->axis);
    if (samples == 0 || before == 0) return false;
    for (int32_t i = 0; i < q->out->shape.rank; i++) {
        if (extent_before(&q->out->shape, i) != before) continue;
        if (q->out->shape.dim[i] % samples != 0 || q->out->shape.dim[i] == 0) continue;
        *mark = (wg__mark){ .axis = i, .is_set = 1, .group = q->out->shape.dim[i] / samples };
        return true;
    }
    return false;
}

static bool mark_permute(const mark_query *q, wg__mark *mark)
{
    for (int32_t i = 0; i < q->request->attribute_count; i++)
        if (q->request->attribute[i] == q->marks[0].axis) *mark = mark_moved(&q->marks[0], i);
    return true;
}

/* Axes align at the end. A marked axis of one entry that is stretched is no longer one sample's. */
static bool mark_broadcast(const mark_query *q, wg__mark *mark)
{
    const wg__mark *own = &q->marks[0];
    const int32_t axis = own->axis + q->out->shape.rank - q->in[0].shape.rank;
    if (q->in[0].shape.dim[own->axis] != q->out->shape.dim[axis]) return false;
    *mark = mark_moved(own, axis);
    return true;
}

/* slice, pad, concat and the class ALONG: what they do, they do along one axis. Windows put theirs
 * last, so the others stay where they are; the last one is no row's own when they are added up. */
static bool mark_along(const mark_query *q, wg__mark *mark)
{
    wg__mark common = no_mark;
    if (!mark_alike(q, &common)) return false;
    if (common.axis == q->request->attribute[0]) return false;
    if (common.axis >= q->out->shape.rank) return false;
    *mark = common;
    return true;
}

static bool mark_move(const mark_query *q, wg__mark *mark)
{
    switch (q->request->op) {
    case WG__OP_reshape: return mark_reshape(q, mark);
    case WG__OP_permute: return mark_permute(q, mark);
    case WG__OP_broadcast: return mark_broadcast(q, mark);
    default: return mark_along(q, mark);
    }
}

/* ---- reductions, contractions, indices ---- */

static bool mark_reduce(const mark_query *q, wg__mark *mark)
{
    const wg__mark *own = &q->marks[0];
    const uint32_t bits = wg__reduced_axes(q->request->op, q->request->attribute);
    if (bits >> own->axis & 1) return false;
    int32_t axis = own->axis;
    for (int32_t i = 0; i < own->axis; i++) axis -= (int32_t)(bits >> i & 1);
    *mark = mark_moved(own, axis);
    return true;
}

/* Leading axes go row by row on both sides; a last axis that is kept belongs to one factor. */
static bool mark_contract(const mark_query *q, wg__mark *mark)
{
    const int32_t rank = q->out->shape.rank;
    const wg__mark *x = &q->marks[0];
    const wg__mark *y = &q->marks[1];
    const wg__mark *own = x->is_set ? x : y;
    if (own->axis < rank - 2) return mark_alike(q, mark);
    if (x->is_set && y->is_set) return false;
    if (own->axis != (own == x ? rank - 2 : rank - 1)) return false;
    *mark = *own;
    return true;
}

/* index [i...] replaces one axis of x. */
static bool mark_gather(const mark_query *q, wg__mark *mark)
{
    const int32_t axis = (int32_t)q->request->attribute[0];
    const wg__mark *x = &q->marks[0];
    const wg__mark *index = &q->marks[1];
    if (x->is_set && index->is_set) return false;
    if (index->is_set) {
        *mark = mark_moved(index, index->axis + axis);
        return true;
    }
    if (x->axis == axis) return false;
    *mark = mark_moved(x, x->axis < axis ? x->axis : x->axis + q->in[1].shape.rank - 1);
    return true;
}

/* The result is x; an update lies where gather would have taken it from. */
static bool mark_scatter(const mark_query *q, wg__mark *mark)
{
    const int32_t axis = (int32_t)q->request->attribute[0];
    const int32_t inside = q->in[1].shape.rank;
    const wg__mark *x = &q->marks[0];
    const wg__mark *update = &q->marks[2];
    if (q->marks[1].is_set || (x->is_set && x->axis == axis)) return false;
    wg__mark moved = *x;
    if (update->is_set) {
        if (update->axis >= axis && update->axis < axis + inside) return false;
        const int32_t own = update->axis < axis ? update->axis : update->axis - inside + 1;
        if (x->is_set && (own != x->axis || update->group != x->group)) return false;
        moved = mark_moved(update, own);
    }
    *mark = moved;
    return true;
}

/* A kernel that may be given pieces takes and gives rows of the leading axis. */
static bool mark_extern(const mark_query *q, wg__mark *mark)
{
    if (q->request->attribute[WG__EXTERN_BY_ROWS] == 0) return false;
    return mark_alike(q, mark) && mark->axis == 0;
}

/* ---- every class ---- */

static bool mark_by_class(const mark_query *q, wg__mark *mark)
{
    switch (wg__op_table[q->request->op].class) {
    case WG__CLASS_MARK:
    case WG__CLASS_LINEAR:
    case WG__CLASS_MAP: return mark_alike(q, mark);
    case WG__CLASS_MOVE: return mark_move(q, mark);
    case WG__CLASS_REDUCE: return mark_reduce(q, mark);
    case WG__CLASS_ALONG: return mark_along(q, mark);
    case WG__CLASS_CONTRACT: return mark_contract(q, mark);
    case WG__CLASS_INDEX:
        return q->request->op == WG__OP_gather ? mark_gather(q, mark) : mark_scatter(q, mark);
    case WG__CLASS_EXTERN: return mark_extern(q, mark);
    case WG__CLASS_SCAN:   /* its body tells, which the planner has */
    case WG__CLASS_LEAF:
    case WG__CLASS_RANDOM: return false;
    }
    return false;
}

bool wg__mark_of(const wg__request *request, const wg__type *in, const wg__mark *marks,
                 const wg__type *out, wg__mark *mark)
{
    WG_ASSERT(request->op > WG__OP_NONE && request->op < WG__OP_COUNT);
    *mark = no_mark;
    bool is_marked = false;
    for (int32_t i = 0; i < request->in_count; i++) is_marked = is_marked || marks[i].is_set;
    if (!is_marked) return true;

    const mark_query query = { request, in, marks, out };
    wg__mark kept = no_mark;
    if (!mark_by_class(&query, &kept)) return false;
    WG_ASSERT(kept.is_set && kept.axis < out->shape.rank);
    *mark = kept;
    return true;
}

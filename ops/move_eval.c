/* Movements on memory: what can be said as another walk over the same elements is a view and moves
 * nothing; the rest is copied in logical order.                                                  */
#include "ops/rules.h"

#include <string.h>

/* ---- views ---- */

static void *element(const wg__array *array, int64_t offset)
{
    return (char *)array->data + offset * (int64_t)wg_dtype_bytes(array->dtype);
}

static wg__array view_permute(const wg__array *in, const int64_t *axis)
{
    wg__array out = *in;
    for (int32_t i = 0; i < in->rank; i++) {
        out.dim[i] = in->dim[axis[i]];
        out.stride[i] = in->stride[axis[i]];
    }
    return out;
}

static wg__array view_broadcast(const wg__array *in, const wg__shape *shape)
{
    wg__array out = { .data = in->data, .dtype = in->dtype, .rank = shape->rank };
    const int32_t missing = shape->rank - in->rank;
    for (int32_t i = 0; i < shape->rank; i++) {
        const bool repeats = i < missing || in->dim[i - missing] == 1;
        out.dim[i] = shape->dim[i];
        out.stride[i] = repeats ? 0 : in->stride[i - missing];
    }
    return out;
}

static wg__array view_slice(const wg__array *in, const wg__shape *shape, const int64_t *attribute)
{
    const int64_t axis = attribute[0];
    wg__array out = *in;
    out.dim[axis] = shape->dim[axis];
    if (wg__array_count(&out) == 0) return out;   /* start may lie beyond the end */
    /* With one element there is no step to take, and its stride could be too large to write
     * down.                                                                                      */
    out.stride[axis] = shape->dim[axis] > 1 ? in->stride[axis] * attribute[3] : 0;
    out.data = element(in, in->stride[axis] * attribute[1]);
    return out;
}

static wg__array view_windows(const wg__array *in, const wg__shape *shape,
                              const int64_t *attribute)
{
    const int64_t axis = attribute[0], stride = in->stride[axis];
    wg__array out = *in;
    out.rank = shape->rank;
    out.dim[axis] = shape->dim[axis];
    out.dim[in->rank] = attribute[1];
    out.stride[axis] = out.dim[axis] > 1 ? stride * attribute[2] : 0;
    out.stride[in->rank] = out.dim[in->rank] > 1 ? stride * attribute[3] : 0;
    return out;
}

/* Axes of one element say nothing about a walk. */
static wg__array without_ones(const wg__array *in)
{
    wg__array out = { .data = in->data, .dtype = in->dtype };
    for (int32_t i = 0; i < in->rank; i++) {
        if (in->dim[i] == 1) continue;
        out.dim[out.rank] = in->dim[i];
        out.stride[out.rank++] = in->stride[i];
    }
    return out;
}

/* Old and new axes are taken in groups of equal product. A group of old axes must be one even walk,
 * which the new ones then divide.                                                                */
static bool view_reshape(const wg__array *in, const wg__shape *shape, wg__array *out)
{
    const wg__array old = without_ones(in);
    wg__array view = wg__array_of(in->data, in->dtype, shape);
    int32_t from = 0;
    int32_t to = 0;
    while (from < old.rank && wg__array_count(in) > 0) {
        int64_t old_count = old.dim[from];
        int64_t new_count = shape->dim[to];
        int32_t from_end = from + 1;
        int32_t to_end = to + 1;
        while (old_count != new_count) {
            if (new_count < old_count) {
                new_count *= shape->dim[to_end++];
                continue;
            }
            if (old.stride[from_end - 1] != old.stride[from_end] * old.dim[from_end]) return false;
            old_count *= old.dim[from_end++];
        }
        int64_t stride = old.stride[from_end - 1];
        for (int32_t i = to_end - 1; i >= to; i--) {
            view.stride[i] = stride;
            stride *= shape->dim[i];
        }
        from = from_end;
        to = to_end;
    }
    *out = view;
    return true;
}

bool wg__view_of_op(wg__op_id op, const int64_t *attribute, const wg__array *in,
                    const wg__shape *shape, wg__array *out)
{
    switch ((int)op) {
    case WG__OP_permute: *out = view_permute(in, attribute); return true;
    case WG__OP_broadcast: *out = view_broadcast(in, shape); return true;
    case WG__OP_slice: *out = view_slice(in, shape, attribute); return true;
    case WG__OP_windows: *out = view_windows(in, shape, attribute); return true;
    case WG__OP_stop_gradient: *out = *in; return true;
    case WG__OP_reshape: return view_reshape(in, shape, out);
    default: return false;
    }
}

/* ---- copies ---- */

static wg__shape shape_of(const wg__array *array)
{
    wg__shape shape = { .rank = array->rank };
    for (int32_t i = 0; i < array->rank; i++) shape.dim[i] = array->dim[i];
    return shape;
}

int wg__eval_reshape(const wg__kernels *kernels, const wg__call *call)
{
    (void)kernels;
    const wg__array *x = &call->in[0];
    const wg__shape shape = shape_of(x);
    const wg__array out = wg__array_of(call->out.data, x->dtype, &shape);
    wg__copy(x, &out);
    return WG_OK;
}

/* The part of `whole` that starts at `start` along the axis and has part's extents. */
static wg__array place_of(const wg__array *whole, const wg__array *part, int64_t axis,
                          int64_t start, int64_t step)
{
    wg__array place = *whole;
    place.dim[axis] = part->dim[axis];
    if (wg__array_count(&place) == 0) return place;
    place.data = element(whole, whole->stride[axis] * start);
    place.stride[axis] = part->dim[axis] > 1 ? whole->stride[axis] * step : 0;
    return place;
}

static void fill(const wg__array *out, double value)
{
    union { int64_t i; double f; char bytes[8]; } number = { 0 };
    wg__number_store(value, out->dtype, &number);
    if (number.i == 0) {
        memset(out->data, 0, (size_t)wg__array_count(out) * wg_dtype_bytes(out->dtype));
        return;
    }
    const wg__array one = { .data = &number, .dtype = out->dtype };
    const wg__shape shape = shape_of(out);
    const wg__array all = view_broadcast(&one, &shape);
    wg__copy(&all, out);
}

int wg__eval_pad(const wg__kernels *kernels, const wg__call *call)
{
    (void)kernels;
    const wg__array *x = &call->in[0];
    const int64_t *a = call->attribute;
    if (wg__array_count(&call->out) == 0) return WG_OK;
    double value;
    memcpy(&value, &a[4], sizeof value);
    fill(&call->out, value);
    const wg__array place = place_of(&call->out, x, a[0], a[1], x->dim[a[0]] > 1 ? a[3] + 1 : 1);
    wg__copy(x, &place);
    return WG_OK;
}

int wg__eval_concat(const wg__kernels *kernels, const wg__call *call)
{
    (void)kernels;
    const int64_t axis = call->attribute[0];
    int64_t start = 0;
    for (int32_t i = 0; i < call->in_count; i++) {
        const wg__array place = place_of(&call->out, &call->in[i], axis, start, 1);
        wg__copy(&call->in[i], &place);
        start += call->in[i].dim[axis];
    }
    return WG_OK;
}

/* Movements: reshape, permute, broadcast, slice, pad, concat. Their types and derivatives.
 *
 * Each undoes another: the cotangent of a reshape is reshaped back, of a permutation permuted back,
 * of a broadcast summed, of a slice padded with zeros, of a pad sliced, of a concatenation sliced
 * apart.
 *
 * A slice is start, stop, step with the ends resolved: 0 <= start <= stop <= n going up, -1 <= stop
 * <= start < n going down.                                                                       */
#include "ops/rules.h"

/* ---- types ---- */

int wg__infer_reshape(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->wanted != NULL);
    const wg__shape *shape = &request->wanted->shape;
    const int64_t count = wg__shape_count(shape);
    if (count != wg__shape_count(&in[0].shape)) {
        wg__text_shape(why, &in[0].shape);
        wg__text_add(why, " does not fill ");
        wg__text_shape(why, shape);
        return count < 0 ? (int)count : WG_ESHAPE;
    }
    *out = (wg__type){ .dtype = in[0].dtype, .shape = *shape };
    return WG_OK;
}

int wg__infer_permute(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    const wg__shape *shape = &in[0].shape;
    if (request->attribute_count != shape->rank) {
        wg__text_add(why, "%d axes expected, %d given", (int)shape->rank,
                     (int)request->attribute_count);
        return WG_EAXIS;
    }
    wg__type type = { .dtype = in[0].dtype, .shape = { .rank = shape->rank } };
    uint32_t seen = 0;
    for (int32_t i = 0; i < shape->rank; i++) {
        const int64_t axis = request->attribute[i];
        WG_TRY(wg__expect_axis(axis, shape, why));
        if (seen >> axis & 1) {
            wg__text_add(why, "axis %d is named twice", (int)axis);
            return WG_EAXIS;
        }
        seen |= 1u << axis;
        type.shape.dim[i] = shape->dim[axis];
    }
    *out = type;
    return WG_OK;
}

int wg__infer_broadcast(const wg__request *request, const wg__type *in, wg__type *out,
                        wg__text *why)
{
    WG_ASSERT(request->wanted != NULL);
    const wg__shape *from = &in[0].shape;
    const wg__shape *to = &request->wanted->shape;
    wg__shape joined;
    const int status = wg__shape_join(from, to, &joined);
    if (status < 0 || !wg__shape_equal(&joined, to)) {
        wg__text_shape(why, from);
        wg__text_add(why, " does not stretch to ");
        wg__text_shape(why, to);
        return WG_ESHAPE;
    }
    *out = (wg__type){ .dtype = in[0].dtype, .shape = *to };
    return WG_OK;
}

/* Elements of start, stop, step along an axis of n; WG_EINVALID if it leaves the axis. */
static int64_t slice_count(int64_t n, int64_t start, int64_t stop, int64_t step)
{
    if (step > 0) {
        if (start < 0 || start > stop || stop > n) return WG_EINVALID;
        return start == stop ? 0 : (stop - start - 1) / step + 1;
    }
    if (step == 0 || step == INT64_MIN) return WG_EINVALID;
    if (stop < -1 || stop > start || start >= n) return WG_EINVALID;
    return start == stop ? 0 : (start - stop - 1) / -step + 1;
}

int wg__infer_slice(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->attribute_count == 4);
    const int64_t *a = request->attribute;
    WG_TRY(wg__expect_axis(a[0], &in[0].shape, why));
    const int64_t n = in[0].shape.dim[a[0]];
    const int64_t count = slice_count(n, a[1], a[2], a[3]);
    if (count < 0) {
        wg__text_add(why, "%lld:%lld:%lld leaves axis %d of ", (long long)a[1], (long long)a[2],
                     (long long)a[3], (int)a[0]);
        wg__text_shape(why, &in[0].shape);
        return WG_EINVALID;
    }
    wg__type type = in[0];
    type.shape.dim[a[0]] = count;
    *out = type;
    return WG_OK;
}

/* Extent of n elements padded; WG_ELIMIT if it is too large. */
static int64_t pad_extent(int64_t n, int64_t low, int64_t high, int64_t interior)
{
    const int64_t part_max = INT64_MAX / 4;   /* four parts are added */
    const int64_t gaps = n > 1 ? n - 1 : 0;
    if (n > part_max || low > part_max || high > part_max) return WG_ELIMIT;
    if (gaps > 0 && interior > part_max / gaps) return WG_ELIMIT;
    return low + n + gaps * interior + high;
}

int wg__infer_pad(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->attribute_count == 5);
    const int64_t *a = request->attribute;
    WG_TRY(wg__expect_axis(a[0], &in[0].shape, why));
    for (int i = 1; i <= 3; i++) {
        if (a[i] >= 0) continue;
        wg__text_add(why, "cannot pad by %lld", (long long)a[i]);
        return WG_EINVALID;
    }
    const int64_t extent = pad_extent(in[0].shape.dim[a[0]], a[1], a[2], a[3]);
    if (extent < 0) {
        wg__text_shape(why, &in[0].shape);
        wg__text_add(why, " grows too large");
        return WG_ELIMIT;
    }
    wg__type type = in[0];
    type.shape.dim[a[0]] = extent;
    *out = type;
    return WG_OK;
}

/* Shapes that are equal but for one axis. */
static bool shapes_join_along(const wg__shape *x, const wg__shape *y, int64_t axis)
{
    wg__shape other = *y;
    if (x->rank != y->rank) return false;
    other.dim[axis] = x->dim[axis];
    return wg__shape_equal(x, &other);
}

int wg__infer_concat(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->attribute_count == 1);
    if (request->in_count < 1) {
        wg__text_add(why, "nothing to join");
        return WG_EINVALID;
    }
    const int64_t axis = request->attribute[0];
    WG_TRY(wg__expect_axis(axis, &in[0].shape, why));
    wg__type type = in[0];
    for (int32_t i = 1; i < request->in_count; i++) {
        WG_TRY(wg__expect_dtype(in[0].dtype, in[i].dtype, why));
        if (!shapes_join_along(&in[0].shape, &in[i].shape, axis)) {
            wg__text_shape(why, &in[0].shape);
            wg__text_add(why, " and ");
            wg__text_shape(why, &in[i].shape);
            wg__text_add(why, " do not join along axis %d", (int)axis);
            return WG_ESHAPE;
        }
        const int64_t extent = in[i].shape.dim[axis];
        if (extent > INT64_MAX - type.shape.dim[axis]) {
            wg__text_add(why, "axis %d grows too large", (int)axis);
            return WG_ELIMIT;
        }
        type.shape.dim[axis] += extent;
    }
    *out = type;
    return WG_OK;
}

/* ---- derivatives ---- */

void wg__vjp_reshape(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    if (node->needed[0])
        gradient[0] = wg__emit_reshape(b, node->g, b->shape(b, node->in[0]));
}

void wg__vjp_permute(const wg__node_view *node, uint32_t *gradient)
{
    int64_t inverse[WG__RANK_MAX];
    for (int32_t i = 0; i < node->attribute_count; i++) inverse[node->attribute[i]] = i;
    if (node->needed[0])
        gradient[0] = wg__emit_permute(node->builder, node->g, inverse, node->attribute_count);
}

/* Axes of `to` that a broadcast from `from` repeats. */
static uint32_t repeated_axes(const wg__shape *from, const wg__shape *to)
{
    uint32_t bits = 0;
    const int32_t missing = to->rank - from->rank;
    for (int32_t i = 0; i < to->rank; i++)
        if (i < missing || from->dim[i - missing] != to->dim[i]) bits |= 1u << i;
    return bits;
}

void wg__vjp_broadcast(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const wg__shape *shape = b->shape(b, node->in[0]);
    const uint32_t axes = repeated_axes(shape, b->shape(b, node->g));
    if (node->needed[0])
        gradient[0] = wg__emit_reshape(b, wg__emit_reduce(b, WG__OP_sum, node->g, axes), shape);
}

/* Elements that a slice took backwards are put in order first; then each returns to its place. */
void wg__vjp_slice(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const int axis = (int)node->attribute[0];
    const int64_t start = node->attribute[1];
    const int64_t step = node->attribute[3];
    const int64_t n = b->shape(b, node->in[0])->dim[axis];
    const int64_t count = b->shape(b, node->g)->dim[axis];
    if (!node->needed[0]) return;
    if (count == 0) {
        gradient[0] = wg__emit_pad(b, node->g, axis, n, 0, 0, 0.0);
        return;
    }
    const bool is_forward = step > 0;
    const int64_t stride = is_forward ? step : -step;
    const int64_t span = (count - 1) * stride + 1;
    const int64_t low = is_forward ? start : start - (span - 1);
    const uint32_t g = is_forward ? node->g : wg__emit_slice(b, node->g, axis, count - 1, -1, -1);
    /* A single element has no neighbour: no gap that could be too large to write down. */
    gradient[0] = wg__emit_pad(b, g, axis, low, n - low - span, count > 1 ? stride - 1 : 0, 0.0);
}

void wg__vjp_pad(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const int axis = (int)node->attribute[0];
    const int64_t low = node->attribute[1];
    const int64_t n = b->shape(b, node->in[0])->dim[axis];
    const int64_t step = n > 1 ? node->attribute[3] + 1 : 1;
    const int64_t span = n > 0 ? (n - 1) * step + 1 : 0;
    if (node->needed[0])
        gradient[0] = wg__emit_slice(b, node->g, axis, low, low + span, step);
}

void wg__vjp_concat(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const int axis = (int)node->attribute[0];
    int64_t start = 0;
    for (int32_t i = 0; i < node->in_count; i++) {
        const int64_t stop = start + b->shape(b, node->in[i])->dim[axis];
        if (node->needed[i]) gradient[i] = wg__emit_slice(b, node->g, axis, start, stop, 1);
        start = stop;
    }
}

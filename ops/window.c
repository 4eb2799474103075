/* Windows over one axis and what undoes them: types, derivatives, values.
 *
 * An axis of n elements has (n - span) / stride + 1 windows, rounded down, where a window of
 * `extent` elements spans (extent - 1) dilation + 1. Windows are a walk over the memory of their
 * input; overlap_add sends every element back. Each is the other's derivative. Padding is a pad
 * before, or a slice after.                                                                      */
#include "ops/rules.h"

#include <string.h>

/* ---- types ---- */

/* Windows in n elements; WG_EINVALID for a geometry without sense, WG_ESHAPE if none fits. */
static int64_t window_count(int64_t n, int64_t extent, int64_t stride, int64_t dilation,
                            wg__text *why)
{
    if (extent < 1 || stride < 1 || dilation < 1) {
        wg__text_add(why, "extent %lld, stride %lld, dilation %lld: 1 at least expected",
                     (long long)extent, (long long)stride, (long long)dilation);
        return WG_EINVALID;
    }
    const bool fits = n > 0 && extent - 1 <= (n - 1) / dilation;
    if (!fits) {
        wg__text_add(why, "%lld elements, %lld apart, do not fit into %lld", (long long)extent,
                     (long long)dilation, (long long)n);
        return WG_ESHAPE;
    }
    return (n - 1 - (extent - 1) * dilation) / stride + 1;
}

int wg__infer_windows(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->attribute_count == 4);
    const int64_t *a = request->attribute;
    WG_TRY(wg__expect_axis(a[0], &in[0].shape, why));
    const int64_t count = window_count(in[0].shape.dim[a[0]], a[1], a[2], a[3], why);
    if (count < 0) return (int)count;
    if (in[0].shape.rank == WG__RANK_MAX) {
        wg__text_shape(why, &in[0].shape);
        wg__text_add(why, " has too many axes");
        return WG_ELIMIT;
    }
    wg__type type = in[0];
    type.shape.dim[a[0]] = count;
    type.shape.dim[type.shape.rank++] = a[1];
    *out = type;
    return WG_OK;
}

int wg__infer_overlap_add(const wg__request *request, const wg__type *in, wg__type *out,
                          wg__text *why)
{
    WG_ASSERT(request->attribute_count == 4);
    const int64_t *a = request->attribute;
    wg__type type = in[0];
    WG_TRY(wg__expect_number(in[0].dtype, why));
    WG_TRY(wg__expect_axis(a[0], &in[0].shape, why));
    const int64_t taps = type.shape.dim[--type.shape.rank];
    WG_TRY(wg__expect_axis(a[0], &type.shape, why));
    const int64_t count = window_count(a[3], taps, a[1], a[2], why);
    if (count < 0) return (int)count;
    if (count != type.shape.dim[a[0]]) {
        wg__text_add(why, "axis %d of ", (int)a[0]);
        wg__text_shape(why, &in[0].shape);
        wg__text_add(why, " has %lld windows, where %lld elements have %lld",
                     (long long)type.shape.dim[a[0]], (long long)a[3], (long long)count);
        return WG_ESHAPE;
    }
    type.shape.dim[a[0]] = a[3];
    *out = type;
    return WG_OK;
}

/* ---- derivatives ---- */

void wg__vjp_windows(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const int64_t *a = node->attribute;
    const int64_t n = b->shape(b, node->in[0])->dim[a[0]];
    if (node->needed[0])
        gradient[0] = wg__emit_overlap_add(b, node->g, (int)a[0], a[2], a[3], n);
}

void wg__vjp_overlap_add(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const int64_t *a = node->attribute;
    const wg__shape *shape = b->shape(b, node->in[0]);
    const int64_t taps = shape->dim[shape->rank - 1];
    if (node->needed[0])
        gradient[0] = wg__emit_windows(b, node->g, (int)a[0], taps, a[1], a[2]);
}

/* ---- values ---- */

/* Tap by tap from +0: no element of the result receives two of the same tap, so each adds its own
 * in ascending order.                                                                            */
static void overlap_one(const wg__call *call)
{
    const int64_t axis = call->attribute[0], stride = call->attribute[1];
    const int64_t dilation = call->attribute[2];
    const wg__array *x = &call->in[0], *out = &call->out;
    const int64_t bytes = (int64_t)wg_dtype_bytes(x->dtype);
    memset(out->data, 0, (size_t)(wg__array_count(out) * bytes));

    wg__array from = *x;
    wg__array to = *out;
    from.rank--;
    to.dim[axis] = x->dim[axis];
    to.stride[axis] = out->stride[axis] * stride;
    for (int64_t tap = 0; tap < x->dim[from.rank]; tap++) {
        from.data = (char *)x->data + tap * x->stride[from.rank] * bytes;
        to.data = (char *)out->data + tap * dilation * out->stride[axis] * bytes;
        wg__accumulate(&from, &to);
    }
}

/* Windows along an axis; strides in bytes, of x from window to window and from tap to tap, of the
 * result from element to element.                                                                */
typedef struct along {
    int64_t count, taps, stride, dilation;
    int64_t x_window, x_tap, out_step;
} along;

static along along_of(const wg__call *call, const int64_t *attribute, int32_t tap_axis)
{
    const wg__array *x = &call->in[0];
    const int64_t bytes = (int64_t)wg_dtype_bytes(x->dtype), axis = attribute[0];
    return (along){ .count = x->dim[axis], .taps = x->dim[tap_axis],
                    .stride = attribute[1], .dilation = attribute[2],
                    .x_window = x->stride[axis] * bytes, .x_tap = x->stride[tap_axis] * bytes,
                    .out_step = call->out.stride[axis] * bytes };
}

/* The sum of windows along two neighbouring axes: what a window of the first adds is first summed
 * along the second, from +0, as if that sum were a value of its own.                             */
typedef struct pair { along first, second; } pair;

static void pair_add(const wg__kernels *kernels, const wg__call *call, const pair *p,
                     const char *x, char *out)
{
    const wg_dtype dtype = call->out.dtype;
    const int64_t bytes = (int64_t)wg_dtype_bytes(dtype);
    const int64_t columns = p->second.out_step / bytes, row = p->first.out_step / bytes;
    for (int64_t tap = 0; tap < p->first.taps; tap++) {
        for (int64_t i = 0; i < p->first.count; i++) {
            const char *from = x + tap * p->first.x_tap + i * p->first.x_window;
            char *sum = call->scratch;
            memset(sum, 0, (size_t)p->first.out_step);
            for (int64_t t = 0; t < p->second.taps; t++)
                kernels->reduce->add[dtype](&(wg__add){
                    .rows = p->second.count, .columns = columns,
                    .x = from + t * p->second.x_tap, .x_row = p->second.x_window / bytes,
                    .to = sum + t * p->second.dilation * p->second.out_step,
                    .to_row = p->second.stride * columns });
            const int64_t place = i * p->first.stride + tap * p->first.dilation;
            kernels->reduce->add[dtype](&(wg__add){
                .rows = 1, .columns = row, .x = sum,
                .to = out + place * p->first.out_step });
        }
    }
}

static void overlap_two(const wg__kernels *kernels, const wg__call *call)
{
    const wg__array *x = &call->in[0], *out = &call->out;
    const int64_t bytes = (int64_t)wg_dtype_bytes(x->dtype);
    const int32_t axis = (int32_t)call->attribute[0];
    const pair p = { along_of(call, call->attribute, x->rank - 2),
                     along_of(call, call->attribute + WG__OVERLAP_WORDS, x->rank - 1) };
    const int64_t whole = axis > 0 ? out->stride[axis - 1] * bytes : 0;
    wg__walk before = wg__walk_of(axis, x->dim, x->stride);
    int64_t count = 1;
    for (int32_t i = 0; i < axis; i++) count *= x->dim[i];
    memset(out->data, 0, (size_t)(wg__array_count(out) * bytes));
    for (int64_t i = 0; i < count; i++) {
        pair_add(kernels, call, &p, (const char *)x->data + before.offset * bytes,
                 (char *)out->data + i * whole);
        wg__walk_next(&before);
    }
}

int wg__eval_overlap_add(const wg__kernels *kernels, const wg__call *call)
{
    if (wg__array_count(&call->out) == 0) return WG_OK;
    if (call->attribute_count > WG__OVERLAP_WORDS) overlap_two(kernels, call);
    else overlap_one(call);
    return WG_OK;
}

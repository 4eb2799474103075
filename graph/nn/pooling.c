/* Pooling is windows and a reduction over their elements, whatever the axes. */
#include <wengert/nn.h>
#include <stdio.h>

typedef wg_var reduction(wg_var x, wg_axes axes);

/* [n, m..., c, window...] -> [n, m..., window..., c]: what is joined are whole rows of channels,
 * which costs less than single elements far apart. */
static wg_var channels_last(wg_var windows, int axis_count)
{
    wg_axes order = { .count = 2 * axis_count + 2 };
    for (int i = 0; i <= axis_count; i++) order.axis[i] = i;
    for (int i = 0; i < axis_count; i++) order.axis[axis_count + 1 + i] = axis_count + 2 + i;
    order.axis[2 * axis_count + 1] = axis_count + 1;
    return wg_permute(windows, order);
}

/* Over windows along each of so many axes between the samples and the channels. */
static wg_var pooled(const char *op, wg_var x, int axis_count, int64_t extent, int64_t stride,
                     reduction *reduce)
{
    const wg_scope none = { 0 };
    const wg_shape shape = wg_shape_of(x);
    char reason[120];
    if (shape.rank != axis_count + 2)
        return wg_refuse(none, op, x, WG_ESHAPE,
                         axis_count == 1 ? "[n, t, c] expected" : "[n, h, w, c] expected");
    if (extent < 1 || stride < 0)
        return wg_refuse(none, op, x, WG_EINVALID, "an extent is 1 or more, a stride not negative");
    const wg_window window = { .extent = extent, .stride = stride == 0 ? extent : stride };
    wg_axes elements = { .count = axis_count };
    for (int i = 0; i < axis_count; i++) {
        elements.axis[i] = axis_count + 1 + i;
        if (shape.dim[i + 1] >= extent) continue;
        snprintf(reason, sizeof reason, "a window of %lld does not fit into axis %d",
                 (long long)extent, i + 1);
        return wg_refuse(none, op, x, WG_ESHAPE, reason);
    }
    for (int i = 0; i < axis_count; i++) x = wg_windows(x, i + 1, window);
    return reduce(channels_last(x, axis_count), elements);
}

wg_var wg_max_pool1d(wg_var x, int64_t extent, int64_t stride)
{
    return pooled("max_pool1d", x, 1, extent, stride, wg_max);
}

wg_var wg_max_pool2d(wg_var x, int64_t extent, int64_t stride)
{
    return pooled("max_pool2d", x, 2, extent, stride, wg_max);
}

wg_var wg_mean_pool1d(wg_var x, int64_t extent, int64_t stride)
{
    return pooled("mean_pool1d", x, 1, extent, stride, wg_mean);
}

wg_var wg_mean_pool2d(wg_var x, int64_t extent, int64_t stride)
{
    return pooled("mean_pool2d", x, 2, extent, stride, wg_mean);
}

static wg_var pooled_globally(const char *op, wg_var x, reduction *reduce)
{
    const int32_t rank = wg_shape_of(x).rank;
    if (rank < 2) return wg_refuse((wg_scope){ 0 }, op, x, WG_ESHAPE, "[n, ..., c] expected");
    if (rank == 2) return x;
    wg_axes between = { .count = rank - 2 };
    for (int32_t i = 0; i + 2 < rank; i++) between.axis[i] = i + 1;
    return reduce(x, between);
}

wg_var wg_max_pool_global(wg_var x)
{
    return pooled_globally("max_pool_global", x, wg_max);
}

wg_var wg_mean_pool_global(wg_var x)
{
    return pooled_globally("mean_pool_global", x, wg_mean);
}

/* Convolutions are windows and a product, transposed ones a product and an overlap-add.
 *
 * The invariant: one and two axes are the same code, over a list of windows; in every product the
 * summed axis is (window..., channel), which is the order of the weight [window..., channel,
 * channels], so a weight is only ever reshaped. */
#include <wengert/nn.h>
#include <stdio.h>

enum {
    AXES_MAX = 2,
    NUMBER_MAX = 1 << 30 /* of a window: no product of two leaves 64 bits */
};

/* What a convolution does along its axes, all numbers checked. */
typedef struct geometry {
    int axis_count;
    wg_window window[AXES_MAX];
    int64_t extent[AXES_MAX]; /* of the result */
    int64_t taps;             /* elements of a window */
    int64_t channels_in, channels, groups;
} geometry;

/* Of which layer, for messages. */
typedef struct layer {
    const char *op;
    wg_scope outer; /* in which it stands */
    wg_scope scope; /* its own */
    int axis_count;
    bool is_transposed;
} layer;

static bool refuse(const layer *own, wg_var x, int status, const char *reason)
{
    wg_refuse(own->scope, own->op, x, status, reason);
    return false;
}

static bool is_in_range(int64_t number, int64_t least)
{
    return number >= least && number <= NUMBER_MAX;
}

/* ---- geometry: each is false after an error ---- */

static bool options_check(const layer *own, wg_var x, const wg_conv_options *o)
{
    for (int i = 0; i < 4; i++)
        if (o->reserved[i] != 0)
            return refuse(own, x, WG_EINVALID, "options were not zeroed: reserved has a value");
    for (int i = 0; i < AXES_MAX; i++) {
        const bool fits = is_in_range(o->stride[i], 0) && is_in_range(o->dilation[i], 0) &&
                          is_in_range(o->pad[i], 0);
        const bool is_told = o->stride[i] != 0 || o->dilation[i] != 0 || o->pad[i] != 0;
        if (!fits) return refuse(own, x, WG_EINVALID, "stride, dilation or pad is out of range");
        if (i >= own->axis_count && is_told)
            return refuse(own, x, WG_EINVALID, "stride, dilation or pad of an axis too many");
        if (o->same && o->pad[i] != 0)
            return refuse(own, x, WG_EINVALID, "pad is given, and same, which chooses it");
    }
    return true;
}

static bool channels_check(const layer *own, wg_var x, const geometry *g)
{
    char reason[120];
    const int64_t groups = g->groups, in = g->channels_in, out = g->channels;
    if (is_in_range(groups, 1) && is_in_range(out, 0) && in % groups == 0 && out % groups == 0)
        return true;
    snprintf(reason, sizeof reason, "%lld groups do not divide %lld channels into %lld",
             (long long)groups, (long long)in, (long long)out);
    return refuse(own, x, WG_ESHAPE, reason);
}

static int64_t span_of(const wg_window *w)
{
    return (w->extent - 1) * w->dilation + 1;
}

/* Sets the padding of the window and the extent of the result along axis i. */
static bool axis_fit(const layer *own, wg_var x, const wg_conv_options *o, int i, geometry *g)
{
    wg_window *w = &g->window[i];
    const int64_t n = wg_extent(x, i + 1), span = span_of(w);
    w->pad_low = w->pad_high = o->pad[i];
    if (o->same) {
        const int64_t wanted = own->is_transposed ? span - w->stride
                                                  : (n - 1) / w->stride * w->stride + span - n;
        const int64_t pad = wanted > 0 ? wanted : 0;
        w->pad_low = pad / 2;
        w->pad_high = pad - w->pad_low;
    }
    const int64_t padded = w->pad_low + w->pad_high;
    char reason[160];
    if (own->is_transposed)
        g->extent[i] = o->same ? n * w->stride : (n - 1) * w->stride + span - padded;
    else
        g->extent[i] = n + padded < span ? 0 : (n + padded - span) / w->stride + 1;
    if (n > 0 && n <= NUMBER_MAX && g->extent[i] > 0) return true;
    snprintf(reason, sizeof reason,
             "%lld elements, %lld apart, do not fit into axis %d, padded by %lld",
             (long long)w->extent, (long long)w->dilation, i + 1, (long long)padded);
    return refuse(own, x, WG_ESHAPE, reason);
}

static bool geometry_of(const layer *own, wg_var x, int64_t channels, const int64_t *extent,
                       const wg_conv_options *o, geometry *g)
{
    const wg_shape shape = wg_shape_of(x);
    if (shape.rank != own->axis_count + 2)
        return refuse(own, x, WG_ESHAPE, own->axis_count == 1 ? "[n, t, c] expected"
                                                              : "[n, h, w, c] expected");
    if (!options_check(own, x, o)) return false;
    *g = (geometry){ .axis_count = own->axis_count, .taps = 1, .channels = channels };
    g->channels_in = shape.dim[shape.rank - 1];
    g->groups = o->groups == 0 ? 1 : o->groups;
    if (!channels_check(own, x, g)) return false;
    for (int i = 0; i < own->axis_count; i++) {
        if (!is_in_range(extent[i], 1))
            return refuse(own, x, WG_EINVALID, "a window has 1 element or more along each axis");
        g->taps *= extent[i];
        g->window[i] = (wg_window){ .extent = extent[i],
                                    .stride = o->stride[i] == 0 ? 1 : o->stride[i],
                                    .dilation = o->dilation[i] == 0 ? 1 : o->dilation[i] };
        if (!axis_fit(own, x, o, i, g)) return false;
    }
    return true;
}

/* ---- products ---- */

/* The windows of x with their elements before the channels: [n, m..., window..., c]. */
static wg_var windows_of(wg_var x, const geometry *g)
{
    const int count = g->axis_count;
    for (int i = 0; i < count; i++) x = wg_windows(x, i + 1, g->window[i]);
    wg_axes order = { .count = 2 * count + 2 };
    for (int i = 0; i <= count; i++) order.axis[i] = i;
    for (int i = 0; i < count; i++) order.axis[count + 1 + i] = count + 2 + i;
    order.axis[2 * count + 1] = count + 1;
    return wg_permute(x, order);
}

/* The shape of samples and places, to which axes are added. */
static wg_shape places_of(wg_var x, const int64_t *extent, const geometry *g)
{
    wg_shape shape = { .rank = g->axis_count + 1, .dim = { wg_extent(x, 0) } };
    for (int i = 0; i < g->axis_count; i++) shape.dim[i + 1] = extent[i];
    return shape;
}

static wg_shape with_axis(wg_shape shape, int64_t extent)
{
    shape.dim[shape.rank++] = extent;
    return shape;
}

/* Each group has its own product, over its own channels. */
static wg_var convolved(wg_var x, wg_var weight, const geometry *g)
{
    const wg_shape places = places_of(x, g->extent, g);
    const int64_t inputs = g->channels_in / g->groups, outputs = g->channels / g->groups;
    const wg_var windows = windows_of(x, g);
    if (g->groups == 1) {
        const wg_var rows = wg_reshape(windows, with_axis(places, g->taps * inputs));
        return wg_matmul(rows, wg_reshape(weight, WG_SHAPE(g->taps * inputs, outputs)));
    }
    const wg_shape parts = with_axis(with_axis(places, g->taps), g->groups);
    wg_var pair[2];
    pair[0] = wg_reshape(windows, with_axis(parts, inputs));
    pair[1] = wg_reshape(weight, WG_SHAPE(g->taps, inputs, g->groups, outputs));
    const char *rule = g->axis_count == 1 ? "nxpgi,pigo->nxgo" : "nxypgi,pigo->nxygo";
    return wg_reshape(wg_einsum(rule, 2, pair), with_axis(places, g->channels));
}

/* What each element of x adds to each element of its window, then the sums. */
static wg_var spread(wg_var x, wg_var weight, const geometry *g)
{
    const wg_shape places = places_of(x, wg_shape_of(x).dim + 1, g);
    const int64_t inputs = g->channels_in / g->groups, outputs = g->channels / g->groups;
    wg_var pair[2];
    pair[0] = wg_reshape(x, with_axis(with_axis(places, g->groups), inputs));
    pair[1] = wg_reshape(weight, WG_SHAPE(g->taps, inputs, g->groups, outputs));
    const char *rule = g->axis_count == 1 ? "nxgi,pigo->nxgop" : "nxygi,pigo->nxygop";
    wg_shape whole = with_axis(places, g->channels);
    for (int i = 0; i < g->axis_count; i++) whole = with_axis(whole, g->window[i].extent);
    wg_var y = wg_reshape(wg_einsum(rule, 2, pair), whole);
    for (int i = g->axis_count - 1; i >= 0; i--)
        y = wg_overlap_add(y, i + 1, g->window[i], g->extent[i]);
    return y;
}

/* ---- layers ---- */

/* All that a convolution depends on but x: the key of its span. */
typedef struct convolution_key {
    const char *op;
    const wg_params *params;
    wg_activation *activation;
    wg_initializer weight, bias;
    wg_window window[AXES_MAX];
    int64_t extent[AXES_MAX], channels, groups;
    uint32_t path, flags, replaced, without_bias;
} convolution_key;

/* What the layer records, its geometry known. */
static wg_var convolution_record(const layer *own, const char *name, wg_var x, const geometry *g,
                                 const wg_conv_options *chosen)
{
    const wg_dtype dtype = wg_dtype_of(x);
    wg_shape shape = { .rank = 0 };
    for (int i = 0; i < g->axis_count; i++) shape = with_axis(shape, g->window[i].extent);
    shape = with_axis(with_axis(shape, g->channels_in / g->groups), g->channels);
    const wg_var weight = wg_param(own->scope, "weight", dtype, shape,
                                   chosen->weight.make ? chosen->weight : wg_init_glorot());
    if (wg_tape_status(weight.tape) < 0) return weight; /* the products of extents may overflow */
    wg_var y = own->is_transposed ? spread(x, weight, g) : convolved(x, weight, g);
    if (!chosen->without_bias)
        y = wg_add(y, wg_param(own->scope, "bias", dtype, WG_SHAPE(g->channels), chosen->bias));
    y = wg_activate(y, chosen->activation);
    wg_note(own->outer, name, y);
    return y;
}

static wg_var convolution(const layer *own, const char *name, wg_var x, int64_t channels,
                          const int64_t *extent, const wg_conv_options *options)
{
    const wg_conv_options chosen = options ? *options : (wg_conv_options){ 0 };
    layer inner = *own;
    geometry g;
    inner.scope = wg_scope_in(own->outer, name);
    if (!geometry_of(&inner, x, channels, extent, &chosen, &g))
        return wg_refuse(inner.scope, own->op, x, WG_ESHAPE, NULL);
    const wg_scope scope = inner.scope;
    const convolution_key key = { own->op, scope.params, chosen.activation, chosen.weight,
                                  chosen.bias, { g.window[0], g.window[1] },
                                  { g.extent[0], g.extent[1] }, channels, g.groups,
                                  scope.path, scope.flags, scope.replaced, chosen.without_bias };
    wg_var y;
    if (wg_span_begin(scope.tape, &key, sizeof key, 1, &x, &y)) return y;
    y = convolution_record(&inner, name, x, &g, &chosen);
    wg_span_end(scope.tape, y);
    return y;
}

wg_var wg_conv1d(wg_scope scope, const char *name, wg_var x, int64_t channels, int64_t width,
                 const wg_conv_options *options)
{
    const layer own = { "conv1d", scope, scope, 1, false };
    return convolution(&own, name, x, channels, (const int64_t[]){ width }, options);
}

wg_var wg_conv2d(wg_scope scope, const char *name, wg_var x, int64_t channels, int64_t height,
                 int64_t width, const wg_conv_options *options)
{
    const layer own = { "conv2d", scope, scope, 2, false };
    return convolution(&own, name, x, channels, (const int64_t[]){ height, width }, options);
}

wg_var wg_conv1d_transposed(wg_scope scope, const char *name, wg_var x, int64_t channels,
                            int64_t width, const wg_conv_options *options)
{
    const layer own = { "conv1d_transposed", scope, scope, 1, true };
    return convolution(&own, name, x, channels, (const int64_t[]){ width }, options);
}

wg_var wg_conv2d_transposed(wg_scope scope, const char *name, wg_var x, int64_t channels,
                            int64_t height, int64_t width, const wg_conv_options *options)
{
    const layer own = { "conv2d_transposed", scope, scope, 2, true };
    return convolution(&own, name, x, channels, (const int64_t[]){ height, width }, options);
}

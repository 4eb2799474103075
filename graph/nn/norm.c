/* Norms differ in the axes of their mean and variance alone, and in where these come from.
 *
 * The invariant: a variance is the mean of squares of what the mean left, so it is never negative,
 * and a constant has variance 0 exactly. */
#include <wengert/nn.h>
#include <math.h>

/* Checked settings of a layer that x has entered. */
typedef struct norm {
    const char *op;
    wg_scope own;
    double epsilon, momentum;
    bool is_affine;
} norm;

static double setting_or(double given, double other)
{
    if (given == WG_ZERO) return 0;
    return given == 0 ? other : given;
}

/* False after an error. */
static bool norm_open(wg_scope scope, const char *name, const char *op, wg_var x, int32_t rank_min,
                      const wg_norm_options *options, norm *out)
{
    const wg_norm_options chosen = options ? *options : (wg_norm_options){ 0 };
    *out = (norm){ .op = op,
                   .own = wg_scope_in(scope, name),
                   .epsilon = setting_or(chosen.epsilon, 1e-5),
                   .momentum = setting_or(chosen.momentum, 0.9),
                   .is_affine = !chosen.without_affine };
    bool is_zeroed = true;
    for (int i = 0; i < 4; i++) is_zeroed = is_zeroed && chosen.reserved[i] == 0;
    const char *reason = NULL;
    if (wg_shape_of(x).rank < rank_min)
        reason = rank_min == 1 ? "[..., c] expected" : "[n, ..., c] expected";
    else if (!is_zeroed) reason = "options were not zeroed: reserved has a value";
    else if (!(out->epsilon >= 0 && isfinite(out->epsilon)))
        reason = "epsilon is a number of 0 or more";
    else if (!(out->momentum >= 0 && out->momentum <= 1)) reason = "momentum is within 0 and 1";
    if (!reason) return true;
    const bool is_shape = wg_shape_of(x).rank < rank_min;
    wg_refuse(out->own, op, x, is_shape ? WG_ESHAPE : WG_EINVALID, reason);
    return false;
}

static wg_var failed(const norm *n, wg_var x)
{
    return wg_refuse(n->own, n->op, x, WG_EINVALID, NULL);
}

/* All that a norm depends on but x: the key of its span. */
typedef struct norm_key {
    const char *op;
    const wg_params *params;
    double epsilon, momentum;
    int64_t groups;
    uint32_t path, flags, replaced, is_affine;
} norm_key;

/* wg_span_begin; `affine` ends it. */
static bool norm_begin(const norm *n, wg_var x, int64_t groups, wg_var *y)
{
    const wg_scope own = n->own;
    const norm_key key = { n->op, own.params, n->epsilon, n->momentum, groups,
                           own.path, own.flags, own.replaced, n->is_affine };
    return wg_span_begin(own.tape, &key, sizeof key, 1, &x, y);
}

/* x / sqrt(variance + epsilon) */
static wg_var reduced(const norm *n, wg_var x, wg_var variance)
{
    return wg_mul(x, wg_rsqrt(wg_shift(variance, n->epsilon)));
}

/* Over axes of this or of a finer shape of x. */
static wg_var centred(wg_var x, wg_axes axes, wg_var *mean)
{
    *mean = wg_mean(x, axes);
    return wg_sub(x, *mean);
}

static wg_var affine(const norm *n, wg_scope scope, const char *name, wg_var y, bool has_bias)
{
    if (n->is_affine) {
        const wg_shape channels = WG_SHAPE(wg_extent(y, -1));
        const wg_dtype dtype = wg_dtype_of(y);
        y = wg_mul(y, wg_param(n->own, "scale", dtype, channels, wg_init_constant(1)));
        if (has_bias)
            y = wg_add(y, wg_param(n->own, "bias", dtype, channels, wg_init_constant(0)));
    }
    wg_note(scope, name, y);
    wg_span_end(n->own.tape, y);
    return y;
}

/* ---- batch norm ---- */

/* state = momentum state + (1 - momentum) batch */
static void state_follow(const norm *n, wg_var state, wg_var batch)
{
    const wg_var kept = wg_scale(state, n->momentum);
    const wg_var added = wg_scale(wg_reshape(batch, wg_shape_of(state)), 1 - n->momentum);
    wg_assign(state, wg_add(kept, added));
}

wg_var wg_batch_norm(wg_scope scope, const char *name, wg_var x, const wg_norm_options *options)
{
    norm n;
    wg_var y;
    if (!norm_open(scope, name, "batch_norm", x, 2, options, &n)) return failed(&n, x);
    const wg_shape shape = wg_shape_of(x), channels = WG_SHAPE(shape.dim[shape.rank - 1]);
    wg_axes rows = { .count = shape.rank - 1, .keep = 1 };
    bool is_empty = false;
    for (int32_t i = 0; i < rows.count; i++) {
        rows.axis[i] = i;
        is_empty = is_empty || shape.dim[i] == 0;
    }
    if (is_empty && wg_scope_training(scope))
        return wg_refuse(n.own, n.op, x, WG_ESHAPE, "there is nothing to take a mean of");
    if (norm_begin(&n, x, 0, &y)) return y;
    const wg_var running_mean = wg_state(n.own, "mean", wg_dtype_of(x), channels, 0);
    const wg_var running_variance = wg_state(n.own, "variance", wg_dtype_of(x), channels, 1);
    if (!wg_scope_training(scope)) {
        const wg_var moved = wg_sub(x, running_mean);
        return affine(&n, scope, name, reduced(&n, moved, running_variance), true);
    }
    wg_var mean;
    const wg_var moved = centred(x, rows, &mean);
    const wg_var variance = wg_mean(wg_square(moved), rows);
    state_follow(&n, running_mean, mean);
    state_follow(&n, running_variance, variance);
    return affine(&n, scope, name, reduced(&n, moved, variance), true);
}

/* ---- norms of a row ---- */

wg_var wg_layer_norm(wg_scope scope, const char *name, wg_var x, const wg_norm_options *options)
{
    norm n;
    wg_var y, mean;
    if (!norm_open(scope, name, "layer_norm", x, 1, options, &n)) return failed(&n, x);
    if (norm_begin(&n, x, 0, &y)) return y;
    const wg_var moved = centred(x, WG_KEEP(-1), &mean);
    const wg_var variance = wg_mean(wg_square(moved), WG_KEEP(-1));
    return affine(&n, scope, name, reduced(&n, moved, variance), true);
}

wg_var wg_rms_norm(wg_scope scope, const char *name, wg_var x, const wg_norm_options *options)
{
    norm n;
    wg_var y;
    if (!norm_open(scope, name, "rms_norm", x, 1, options, &n)) return failed(&n, x);
    if (norm_begin(&n, x, 0, &y)) return y;
    const wg_var square = wg_mean(wg_square(x), WG_KEEP(-1));
    return affine(&n, scope, name, reduced(&n, x, square), false);
}

wg_var wg_group_norm(wg_scope scope, const char *name, wg_var x, int64_t groups,
                     const wg_norm_options *options)
{
    norm n;
    wg_var y, mean;
    if (!norm_open(scope, name, "group_norm", x, 2, options, &n)) return failed(&n, x);
    const wg_shape shape = wg_shape_of(x);
    const int32_t last = shape.rank - 1;
    if (groups < 1 || shape.dim[last] % groups != 0)
        return wg_refuse(n.own, n.op, x, WG_ESHAPE, "the groups do not divide the channels");
    if (shape.rank == WG_RANK_MAX)
        return wg_refuse(n.own, n.op, x, WG_ELIMIT, "one axis too many to split the channels");
    if (norm_begin(&n, x, groups, &y)) return y;
    wg_shape split = shape;
    split.dim[last] = groups;
    split.dim[last + 1] = shape.dim[last] / groups;
    split.rank++;
    wg_axes inner = { .count = last, .keep = 1 }; /* all but the samples and the groups */
    for (int32_t i = 1; i < last; i++) inner.axis[i - 1] = i;
    inner.axis[last - 1] = last + 1;
    const wg_var moved = centred(wg_reshape(x, split), inner, &mean);
    const wg_var variance = wg_mean(wg_square(moved), inner);
    y = wg_reshape(reduced(&n, moved, variance), shape);
    return affine(&n, scope, name, y, true);
}

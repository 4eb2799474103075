/* Layers: functions from a scope, a name and a value to a value. What they remember lives in the
 * scope's params below that name, and each notes its result under its own path. */
#include <wengert/nn.h>
#include <math.h>
#include <stdio.h>

/* An error value, after an error of the tape. */
static wg_var refused(wg_scope scope, const char *reason)
{
    wg_tape_fail(scope.tape, WG_EINVALID, reason);
    return wg_full(scope.tape, WG_F32, WG_SCALAR, 0);
}

static bool is_zeroed(const uint64_t *reserved, int count)
{
    for (int i = 0; i < count; i++)
        if (reserved[i] != 0) return false;
    return true;
}

static wg_initializer or_default(wg_initializer given, wg_initializer other)
{
    return given.make ? given : other;
}

/* [..., inputs] times [inputs, width]: one product over all leading axes, whatever their number. */
static wg_var linear(wg_var x, wg_var weight, int64_t width)
{
    wg_shape shape = wg_shape_of(x);
    if (shape.rank == 2 || shape.rank == 0) return wg_matmul(x, weight);
    int64_t count = 1; /* counted, since -1 would stand for anything where there are no inputs */
    for (int32_t i = 0; i + 1 < shape.rank; i++) count *= shape.dim[i];
    const wg_var rows = wg_reshape(x, WG_SHAPE(count, wg_extent(x, -1)));
    shape.dim[shape.rank - 1] = width;
    return wg_reshape(wg_matmul(rows, weight), shape);
}

/* The key of a dense layer's span: all that it depends on but x. */
typedef struct dense_key {
    const char *of;
    const wg_params *params;
    wg_activation *activation;
    wg_initializer weight, bias;
    int64_t width;
    uint32_t path, flags, replaced, without_bias;
} dense_key;

static wg_var dense_record(wg_scope scope, wg_scope own, const char *name, wg_var x, int64_t width,
                           const wg_dense_options *chosen)
{
    const wg_dtype dtype = wg_dtype_of(x);
    const wg_var weight = wg_param(own, "weight", dtype, WG_SHAPE(wg_extent(x, -1), width),
                                   or_default(chosen->weight, wg_init_glorot()));
    wg_var y = linear(x, weight, width);
    if (!chosen->without_bias)
        y = wg_add(y, wg_param(own, "bias", dtype, WG_SHAPE(width),
                               or_default(chosen->bias, wg_init_constant(0))));
    y = wg_activate(y, chosen->activation);
    wg_note(scope, name, y);
    return y;
}

wg_var wg_dense(wg_scope scope, const char *name, wg_var x, int64_t width,
                const wg_dense_options *options)
{
    static const char of[] = "wg_dense";
    const wg_dense_options chosen = options ? *options : (wg_dense_options){ 0 };
    if (!is_zeroed(chosen.reserved, 4))
        return refused(scope, "dense: options were not zeroed: reserved has a value");
    const wg_scope own = wg_scope_in(scope, name);
    const dense_key key = { of, own.params, chosen.activation, chosen.weight, chosen.bias, width,
                            own.path, own.flags, own.replaced, chosen.without_bias };
    wg_var y;
    if (wg_span_begin(own.tape, &key, sizeof key, 1, &x, &y)) return y;
    y = dense_record(scope, own, name, x, width, &chosen);
    wg_span_end(own.tape, y);
    return y;
}

wg_var wg_standardize(wg_scope scope, const char *name, wg_var x)
{
    const wg_scope own = wg_scope_in(scope, name);
    const wg_shape features = WG_SHAPE(wg_extent(x, -1));
    const wg_var mean = wg_state(own, "mean", wg_dtype_of(x), features, 0);
    const wg_var spread = wg_state(own, "spread", wg_dtype_of(x), features, 1);
    const wg_var is_flat = wg_eq(spread, wg_number(spread, 0));
    const wg_var divisor = wg_select(is_flat, wg_number(spread, 1), spread);
    wg_var y = wg_div(wg_sub(x, mean), divisor);
    y = wg_select(is_flat, wg_number(y, 0), y);
    wg_note(scope, name, y);
    return y;
}

wg_var wg_unstandardize(wg_scope scope, const char *name, wg_var x)
{
    const wg_scope own = wg_scope_in(scope, name);
    const wg_shape features = WG_SHAPE(wg_extent(x, -1));
    const wg_var mean = wg_state(own, "mean", wg_dtype_of(x), features, 0);
    const wg_var spread = wg_state(own, "spread", wg_dtype_of(x), features, 1);
    return wg_add(wg_mul(x, spread), mean);
}

/* What is left of whole periods is exact, so the angle is rounded once, within one turn. */
wg_var wg_cyclic(wg_var x, double period)
{
    const wg_scope none = { 0 };
    if (wg_shape_of(x).rank == 0)
        return wg_refuse(none, "cyclic", x, WG_EAXIS, "[..., n] expected");
    if (!(period > 0 && isfinite(period)))
        return wg_refuse(none, "cyclic", x, WG_EINVALID, "a period is a finite number above 0");
    const double turn = 2 * 3.14159265358979323846;
    const wg_var angle = wg_scale(wg_rem(x, wg_number(x, period)), turn / period);
    wg_var pair[2];
    pair[0] = wg_sin(angle);
    pair[1] = wg_cos(angle);
    return wg_concat(2, pair, -1);
}

/* Kept elements are scaled up, so that the mean is that of x. The mask is drawn again wherever
 * it is needed, never stored. */
wg_var wg_dropout(wg_scope scope, const char *name, wg_var x, double rate)
{
    if (!(rate >= 0 && rate < 1)) {
        char reason[80];
        snprintf(reason, sizeof reason, "dropout: a rate is 0 or more and below 1, not %g", rate);
        return refused(scope, reason);
    }
    wg_var y = x;
    if (wg_scope_training(scope) && rate > 0) {
        const wg_var is_kept = wg_bernoulli(scope, name, wg_shape_of(x), 1 - rate);
        const wg_var raised = wg_scale(x, 1 / (1 - rate));
        y = wg_select(is_kept, raised, wg_number(x, 0));
    }
    wg_note(scope, name, y);
    return y;
}

wg_var wg_embedding(wg_scope scope, const char *name, wg_var index, int64_t count, int64_t width)
{
    const wg_scope own = wg_scope_in(scope, name);
    const wg_dtype dtype = wg_dtype_of(index);
    if (dtype == WG_F32 || dtype == WG_F64)
        return wg_refuse(own, "embedding", index, WG_EDTYPE, "an index is an integer");
    if (dtype == WG_U8 || dtype == WG_BOOL) index = wg_cast(index, WG_I32);
    const double deviation = 1 / sqrt(width > 0 ? (double)width : 1);
    const wg_var weight = wg_param(own, "weight", dtype, WG_SHAPE(count, width),
                                   wg_init_normal(0, deviation));
    const wg_var y = wg_gather(weight, index, 0);
    wg_note(scope, name, y);
    return y;
}

wg_var wg_flatten(wg_var x)
{
    const wg_shape shape = wg_shape_of(x);
    if (shape.rank == 0)
        return wg_refuse((wg_scope){ 0 }, "flatten", x, WG_EAXIS, "[n, ...] expected");
    int64_t count = 1; /* counted, since -1 would stand for anything where there are no rows */
    for (int32_t i = 1; i < shape.rank; i++) count *= shape.dim[i];
    return wg_reshape(x, WG_SHAPE(shape.dim[0], count));
}

/* The caller's block, bracketed as an activation is. */
static wg_var blocked(wg_scope scope, wg_var x, wg_block *block, void *user)
{
    if (!block) return wg_refuse(scope, "block", x, WG_EINVALID, "there is no function");
    const uint32_t held = wg_location_hold(scope.tape);
    x = block(scope, x, user);
    wg_location_release(scope.tape, held);
    return x;
}

wg_var wg_residual(wg_scope scope, const char *name, wg_var x, wg_block *block, void *user)
{
    const wg_var y = wg_add(x, blocked(wg_scope_in(scope, name), x, block, user));
    wg_note(scope, name, y);
    return y;
}

wg_var wg_sequential(wg_scope scope, const char *name, wg_var x, int64_t count,
                     const wg_stage *stage)
{
    const wg_scope own = wg_scope_in(scope, name);
    if (count < 0 || (count > 0 && !stage))
        return wg_refuse(own, "sequential", x, WG_EINVALID, "there are no stages");
    for (int64_t i = 0; i < count; i++) {
        if (!is_zeroed(stage[i].reserved, 2))
            return wg_refuse(own, "sequential", x, WG_EINVALID,
                             "a stage was not zeroed: reserved has a value");
        x = blocked(wg_scope_in(own, stage[i].name), x, stage[i].block, stage[i].user);
    }
    wg_note(scope, name, x);
    return x;
}

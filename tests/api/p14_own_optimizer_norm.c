/* Everything in nn.h could be the user's: an optimiser, batch norm with running statistics,
 * accumulation over micro-batches, all from the public functions. */
#include <wengert/wengert.h>

static wg_var lion(wg_scope scope, wg_var w, wg_var g, wg_var rate, const wg_optimizer *self)
{
    (void)self;
    wg_var m = wg_state_like(scope, "m", w);
    wg_assign(m, wg_add(wg_scale(m, 0.99), wg_scale(g, 0.01)));
    wg_var mixed = wg_add(wg_scale(m, 0.9), wg_scale(g, 0.1)); /* m: still the old one */
    return wg_sub(w, wg_mul(rate, wg_sign(mixed)));
}

static wg_var my_batch_norm(wg_scope scope, const char *name, wg_var x)
{
    scope = wg_scope_in(scope, name);
    const wg_dtype dtype = wg_dtype_of(x);
    const wg_shape width = WG_SHAPE(wg_extent(x, -1));
    wg_var scale = wg_param(scope, "scale", dtype, width, wg_init_constant(1));
    wg_var shift = wg_param(scope, "shift", dtype, width, wg_init_constant(0));
    wg_var mean = wg_state(scope, "mean", dtype, width, 0);
    wg_var variance = wg_state(scope, "variance", dtype, width, 1);
    if (wg_scope_training(scope)) {
        wg_var now = wg_mean(x, WG_AXES(0)), spread = wg_variance(x, WG_AXES(0));
        wg_assign(mean, wg_add(wg_scale(mean, 0.9), wg_scale(now, 0.1)));
        wg_assign(variance, wg_add(wg_scale(variance, 0.9), wg_scale(spread, 0.1)));
        mean = now;
        variance = spread;
    }
    wg_var centred = wg_mul(wg_sub(x, mean), wg_rsqrt(wg_shift(variance, 1e-5)));
    return wg_add(wg_mul(centred, scale), shift);
}

int micro_step(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_view x, wg_view t,
               bool last, int64_t parts);
int micro_step(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_view x, wg_view t,
               bool last, int64_t parts)
{
    enum { MAX = 32 };
    const wg_optimizer optimizer = { .update = lion, .name = "lion", .rate = 1e-4 };
    wg_tape_reset(tape);
    wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    wg_scope kept = wg_scope_in(scope, "accumulated");
    wg_var h = wg_dense(scope, "hidden", wg_batch(tape, "x", x), 64, NULL);
    h = wg_relu(my_batch_norm(scope, "norm", h));
    wg_var each = wg_cross_entropy(wg_dense(scope, "logits", h, 10, NULL), wg_batch(tape, "t", t));
    wg_var loss = wg_mean(each, WG_ALL);
    wg_var theta[MAX], g[MAX];
    const int64_t count = wg_parameters(scope, MAX, theta);
    if (count > MAX) return WG_ELIMIT;
    wg_grads(wg_scale(loss, 1 / (double)parts), count, theta, g);
    for (int64_t i = 0; i < count; i++) {
        wg_var sum = wg_state_like(wg_scope_nth(kept, "gradient", i), "sum", theta[i]);
        g[i] = wg_add(sum, g[i]);
        wg_assign(sum, last ? wg_full_like(sum, 0) : g[i]);
    }
    if (last) wg_apply(&optimizer, scope, count, theta, g);
    return wg_run(runtime, tape); /* nothing to read: run for the effects */
}

/* Per-sample gradients, each clipped to norm 1, summed, noise added, applied: DP-SGD. vmap of
 * grads. */
#include <wengert/wengert.h>

enum { PARAMETERS_MAX = 32 };
typedef struct sample {
    wg_scope scope;
    int64_t count;
    wg_var theta[PARAMETERS_MAX];
} sample;

static wg_var classifier(wg_scope s, wg_var x)
{
    return wg_dense(s, "logits", wg_dense(s, "hidden", x, 64, NULL), 10, NULL);
}

/* x [26], t [] : a single row. */
static int gradient_of_one(const wg_var *in, wg_var *out, void *user)
{
    const sample *one = user;
    wg_var loss = wg_cross_entropy(classifier(one->scope, in[0]), in[1]);
    return wg_grads(loss, one->count, one->theta, out);
}

int private_step(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_view x_rows,
                 wg_view t_rows, double *value);
int private_step(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_view x_rows,
                 wg_view t_rows, double *value)
{
    const wg_optimizer sgd = wg_sgd(0.1, NULL);
    wg_tape_reset(tape);
    sample one = { .scope = wg_scope_shared(wg_scope_root(tape, params, WG_TRAINING), "net") };
    const wg_var in[2] = { wg_batch(tape, "x", x_rows), wg_batch(tape, "t", t_rows) };
    wg_var loss = wg_mean(wg_cross_entropy(classifier(one.scope, in[0]), in[1]), WG_ALL);
    one.count = wg_parameters(one.scope, PARAMETERS_MAX, one.theta);
    if (one.count > PARAMETERS_MAX) return WG_ELIMIT;

    wg_var g[PARAMETERS_MAX];                        /* g[i]: [n, shape of theta_i...] */
    wg_vmap(gradient_of_one, &one, 2, in, one.count, g);
    wg_var square = wg_number(loss, 0);
    const int64_t rows = wg_extent(in[0], 0);
    for (int64_t i = 0; i < one.count; i++) {
        wg_var flat = wg_reshape(g[i], WG_SHAPE(rows, -1));
        square = wg_add(square, wg_sum(wg_square(flat), WG_AXES(1)));
    }
    wg_var factor = wg_minimum(wg_rsqrt(square), wg_number(square, 1));        /* [n] */
    for (int64_t i = 0; i < one.count; i++) {
        const wg_shape shape = wg_shape_of(one.theta[i]);
        wg_var flat = wg_matmul(wg_expand(factor, 0), wg_reshape(g[i], WG_SHAPE(rows, -1)));
        wg_scope here = wg_scope_nth(one.scope, "noise", i);
        wg_var noise = wg_normal(here, "draw", wg_dtype_of(flat), shape);
        g[i] = wg_scale(wg_add(wg_reshape(flat, shape), noise), 1 / (double)rows);
    }
    wg_apply(&sgd, one.scope, one.count, one.theta, g);
    return wg_item(runtime, loss, value);
}

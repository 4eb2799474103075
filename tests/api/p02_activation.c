/* Three custom activations: plain, with a number, with a learnable parameter. The first two
 * are values for .activation; the third needs a name and a scope, so it is called like a layer. */
#include <wengert/wengert.h>

static wg_var mish(wg_var x)  { return wg_mul(x, wg_tanh(wg_softplus(x))); }
static wg_var snake(wg_var x) { return wg_add(x, wg_square(wg_sin(x))); }

static wg_var learnable_snake(wg_scope scope, const char *name, wg_var x)
{
    scope = wg_scope_in(scope, name);
    wg_var a = wg_param(scope, "frequency", wg_dtype_of(x), WG_SHAPE(wg_extent(x, -1)),
                        wg_init_constant(1));
    return wg_add(x, wg_div(wg_square(wg_sin(wg_mul(a, x))), a));
}

wg_var network(wg_scope scope, wg_var x, void *user);
wg_var network(wg_scope scope, wg_var x, void *user)
{
    /* A library function as a value. */
    wg_activation *chosen = user ? *(wg_activation **)user : wg_tanh;
    x = wg_dense(scope, "hidden_1", x, 128, WG_OPTIONS(wg_dense_options, .activation = mish));
    x = wg_dense(scope, "hidden_2", x, 64,
                 &(wg_dense_options){ .activation = snake, .without_bias = true });
    x = WG_HERE(chosen(wg_dense(scope, "hidden_3", x, 64, NULL)));
    x = learnable_snake(scope, "snake", wg_dense(scope, "hidden_4", x, 64, NULL));
    return wg_dense(scope, "logits", x, 10, NULL);
}

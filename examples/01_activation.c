/* An activation of your own is a function of one value. It works wherever the library's do, to any
 * order. One with a parameter of its own takes a scope and a name, as layers do.                 */
#include <stdio.h>
#include <wengert/wengert.h>

static wg_var snake(wg_var x)
{
    return wg_add(x, wg_square(wg_sin(x)));
}

/* x + sin(a x)^2 / a with one learnable frequency a feature. */
static wg_var learnable_snake(wg_scope scope, const char *name, wg_var x)
{
    wg_scope own = wg_scope_in(scope, name);
    wg_var a = wg_param(own, "frequency", wg_dtype_of(x), WG_SHAPE(wg_extent(x, -1)),
                        wg_init_constant(1));
    return wg_add(x, wg_div(wg_square(wg_sin(wg_mul(a, x))), a));
}

static wg_var network(wg_scope scope, wg_var x)
{
    x = wg_dense(scope, "hidden_1", x, 16, WG_OPTIONS(wg_dense_options, .activation = snake));
    x = learnable_snake(scope, "snake", wg_dense(scope, "hidden_2", x, 16, NULL));
    return wg_dense(scope, "output", x, 1, NULL);
}

/* One step of fitting y = x^2 on a few points; the loss before it. */
static int step(wg_runtime *runtime, wg_tape *tape, wg_params *params, double *loss)
{
    const float x[8] = { -2, -1.5f, -1, -0.5f, 0.5f, 1, 1.5f, 2 };
    const wg_optimizer adam = wg_adam(1e-2, NULL);
    wg_tape_reset(tape);
    wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    wg_var rows = wg_batch(tape, "x", wg_f32(x, WG_SHAPE(8, 1)));
    wg_var error = wg_mean(wg_squared_error(network(scope, rows), wg_square(rows)), WG_ALL);
    wg_minimize(&adam, scope, error);
    return wg_item(runtime, error, loss);
}

int main(void)
{
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 1));
    int status = 0;
    for (int i = 0; i <= 300 && status >= 0; i++) {
        double loss;
        status = step(runtime, tape, params, &loss);
        if (status >= 0 && i % 100 == 0) printf("step %3d  loss %.6f\n", i, loss);
    }
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, tape, NULL));
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    return status < 0;
}

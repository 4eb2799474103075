/* Why a deep network needs the right first weights: 20 layers of 256 units, and what each does to
 * the mean square of a gradient on its way down. In theory it multiplies it by 256, the variance of
 * a weight and the mean square of the activation's derivative. Below 1 gradients vanish, above 1
 * they explode, and 20 layers are enough for both.                                               */
#include <stdio.h>
#include <wengert/wengert.h>

enum { LAYERS = 20, WIDTH = 256, SAMPLES = 64 };

typedef struct stack {
    const char *weights, *function, *theory;
    wg_initializer weight;
    wg_activation *activation;
} stack;

/* A gradient of normal numbers enters at the top: its mean square below over that above. */
static wg_var record(wg_scope scope, const stack *net)
{
    const wg_dense_options options = { .weight = net->weight, .activation = net->activation };
    const wg_shape shape = WG_SHAPE(SAMPLES, WIDTH);
    const wg_var x = wg_normal(scope, "x", WG_F32, shape);
    const wg_var above = wg_normal(scope, "gradient", WG_F32, shape);
    wg_var y = x;
    for (int i = 0; i < LAYERS; i++) {
        char name[16];
        snprintf(name, sizeof name, "layer_%d", i);
        y = wg_dense(scope, name, y, WIDTH, &options);
    }
    const wg_var below = wg_vjp(y, x, above);
    return wg_div(wg_mean(wg_square(below), WG_ALL), wg_mean(wg_square(above), WG_ALL));
}

static int measure(wg_runtime *runtime, const stack *net)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 1));
    const wg_var whole = record(wg_scope_root(tape, params, WG_TRAINING), net);
    const wg_var layer = wg_exp(wg_scale(wg_log(whole), 1.0 / (double)LAYERS));
    double value[2];
    const int status = wg_items(runtime, 2, (const wg_var[]){ layer, whole }, value);
    if (status >= 0)
        printf("%-8s %-8s %9.3f   %-8s %11.1e\n", net->weights, net->function, value[0],
               net->theory, value[1]);
    else fprintf(stderr, "%s\n", wg_explain(status, tape, NULL));
    wg_params_free(params);
    wg_tape_free(tape);
    return status;
}

int main(void)
{
    const wg_initializer too_wide = wg_init_normal(0, 3 * 0.08838834764831845); /* sqrt(2 / 256) */
    const stack stacks[] = {
        { "Xavier", "none", "1/3", wg_init_xavier(), NULL },
        { "Xavier", "tanh", "1/3", wg_init_xavier(), wg_tanh }, /* small values: no bend */
        { "Xavier", "relu", "1/6", wg_init_xavier(), wg_relu },
        { "He", "relu", "1", wg_init_he(), wg_relu },
        { "Glorot", "none", "1", wg_init_glorot(), NULL },
        { "Glorot", "tanh", "< 1", wg_init_glorot(), wg_tanh },
        { "Glorot", "sigmoid", "< 1/16", wg_init_glorot(), wg_sigmoid },
        { "3 He", "relu", "9", too_wide, wg_relu },
    };
    wg_runtime *runtime = wg_runtime_create(NULL);
    int status = WG_OK;
    printf("weights  function   a layer   theory     20 layers\n");
    for (size_t i = 0; i < sizeof stacks / sizeof *stacks && status >= 0; i++)
        status = measure(runtime, &stacks[i]);
    wg_runtime_free(runtime);
    return status < 0;
}

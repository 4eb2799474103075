/* One outer step of MAML: the gradient goes through the inner update. */
#include <wengert/wengert.h>

enum { PARAMETERS_MAX = 64, TASKS = 8 };

static wg_var sine_net(wg_scope s, wg_var x)
{
    const wg_dense_options options = { .activation = wg_tanh };
    x = wg_dense(s, "hidden_1", x, 40, &options);
    x = wg_dense(s, "hidden_2", x, 40, &options);
    return wg_dense(s, "out", x, 1, NULL);
}

int maml_step(wg_runtime *runtime, wg_tape *tape, wg_params *params,
              const wg_view view[TASKS][4], double *value);
int maml_step(wg_runtime *runtime, wg_tape *tape, wg_params *params,
              const wg_view view[TASKS][4], double *value)
{
    const wg_optimizer outer = wg_adam(1e-3, NULL);
    wg_tape_reset(tape);
    wg_scope net = wg_scope_shared(wg_scope_root(tape, params, WG_TRAINING), "net");
    wg_var theta[PARAMETERS_MAX], gradient[PARAMETERS_MAX], fast[PARAMETERS_MAX], loss[TASKS];
    for (int i = 0; i < TASKS; i++) {
        wg_var x = wg_input(tape, NULL, view[i][0]), t = wg_input(tape, NULL, view[i][1]);
        wg_var inner = wg_mean(wg_squared_error(sine_net(net, x), t), WG_ALL);
        const int64_t count = wg_parameters(net, PARAMETERS_MAX, theta);
        if (count > PARAMETERS_MAX) return WG_ELIMIT;
        wg_grads(inner, count, theta, gradient);
        for (int64_t j = 0; j < count; j++)
            fast[j] = wg_sub(theta[j], wg_scale(gradient[j], 0.01));
        wg_scope adapted = wg_scope_replaced(net, count, theta, fast);
        wg_var x_new = wg_input(tape, NULL, view[i][2]), t_new = wg_input(tape, NULL, view[i][3]);
        loss[i] = wg_mean(wg_squared_error(sine_net(adapted, x_new), t_new), WG_ALL);
    }
    wg_var total = wg_mean(wg_stack(TASKS, loss, 0), WG_ALL);
    wg_minimize(&outer, net, total);
    return wg_item(runtime, total, value);
}

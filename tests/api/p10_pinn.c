/* Burgers: u_t + u u_x = nu u_xx, a net for u(t, x); rows are independent, so the gradient of the
 * sum is by row. */
#include <wengert/wengert.h>

static wg_var field(wg_scope scope, wg_var t, wg_var x)
{
    const wg_dense_options tanh = { .activation = wg_tanh };
    wg_var h = wg_concat(2, (const wg_var[]){ t, x }, 1);
    for (int i = 0; i < 4; i++)
        h = wg_dense(wg_scope_nth(scope, "layer", i), "dense", h, 32, &tanh);
    return wg_dense(scope, "u", h, 1, NULL);
}

wg_var burgers_loss(wg_scope scope, wg_var t, wg_var x, wg_var t_edge, wg_var x_edge,
                    wg_var u_edge);
wg_var burgers_loss(wg_scope scope, wg_var t, wg_var x, wg_var t_edge, wg_var x_edge,
                    wg_var u_edge)
{
    const double viscosity = 0.01 / 3.14159265358979323846;
    scope = wg_scope_shared(scope, "field");
    wg_var u = field(scope, t, x), u_sum = wg_sum(u, WG_ALL);
    wg_var u_x = wg_grad(u_sum, x), u_t = wg_grad(u_sum, t);
    wg_var u_xx = wg_grad(wg_sum(u_x, WG_ALL), x);
    wg_var residual = wg_sub(wg_add(u_t, wg_mul(u, u_x)), wg_scale(u_xx, viscosity));
    wg_var edge = wg_sub(field(scope, t_edge, x_edge), u_edge);
    return wg_add(wg_mean(wg_square(residual), WG_ALL), wg_mean(wg_square(edge), WG_ALL));
}

/* A differential equation instead of data: a network is trained until u(t, x) obeys Burgers'
 * equation u_t + u u_x = v u_xx on the square 0 <= t, x <= 1. It never sees the solution, which is
 * known and only judges it. How u begins, and that it vanishes at the walls, is built in:
 * u = u(0, x) + t x (1 - x) network (Lagaris, Likas & Fotiadis 1998), so the loss is the equation
 * and nothing else.
 *
 * The derivatives by t and x are wg_grad of the network, and those of the loss go through them. New
 * points are drawn at each step; rows do not mix, so the gradient of a sum over them is row by row.
 *
 *     14_burgers          2000 steps
 *     14_burgers --long   20000 steps                                                            */
#include <stdio.h>
#include <string.h>
#include <wengert/wengert.h>

enum { POINTS = 256, WIDTH = 16, SIDE = 33, TIMES = 3 };
static const double viscosity = 0.1;
static const double pi = 3.14159265358979323846;

/* -2 v p_x / p obeys Burgers' equation where p obeys that of heat (Hopf 1950, Cole 1951); this p is
 * 1.25 + exp(-v pi^2 t) cos(pi x). */
static wg_var solution(wg_var t, wg_var x)
{
    wg_var fading = wg_exp(wg_scale(t, -viscosity * pi * pi));
    wg_var above = wg_mul(fading, wg_sin(wg_scale(x, pi)));
    wg_var below = wg_shift(wg_mul(fading, wg_cos(wg_scale(x, pi))), 1.25);
    return wg_scale(wg_div(above, below), 2 * viscosity * pi);
}

static wg_var field(wg_scope scope, wg_var t, wg_var x)
{
    const wg_dense_options options = { .activation = wg_tanh };
    wg_var h = wg_concat(2, (const wg_var[]){ t, x }, 1);
    h = wg_dense(scope, "hidden_1", h, WIDTH, &options);
    h = wg_dense(scope, "hidden_2", h, WIDTH, &options);
    h = wg_dense(scope, "change", h, 1, NULL);
    wg_var room = wg_mul(t, wg_sub(x, wg_square(x)));
    return wg_add(solution(wg_full_like(t, 0), x), wg_mul(room, h));
}

/* u_t + u u_x - v u_xx, row by row. */
static wg_var residual(wg_scope scope, wg_var t, wg_var x)
{
    wg_var u = field(scope, t, x), sum = wg_sum(u, WG_ALL);
    wg_var u_t = wg_grad(sum, t), u_x = wg_grad(sum, x);
    wg_var u_xx = wg_grad(wg_sum(u_x, WG_ALL), x);
    return wg_sub(wg_add(u_t, wg_mul(u, u_x)), wg_scale(u_xx, viscosity));
}

static int train(wg_runtime *runtime, wg_tape *tape, wg_params *params, int steps)
{
    const wg_optimizer adam = wg_adam(1, NULL); /* its rate is set at every step */
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    wg_var t = wg_uniform(scope, "t", WG_F64, WG_SHAPE(POINTS, 1));
    wg_var x = wg_uniform(scope, "x", WG_F64, WG_SHAPE(POINTS, 1));
    wg_var loss = wg_mean(wg_square(residual(wg_scope_in(scope, "u"), t, x)), WG_ALL);
    wg_minimize(&adam, scope, loss);
    wg_program *program = wg_compile(runtime, tape, 1, &loss);
    int status = program != NULL ? WG_OK : wg_tape_status(tape);
    for (int step = 0; step <= steps && status >= 0; step++) {
        double value;
        status = wg_program_set(program, "adam/rate", wg_rate_cosine(step, steps, 1e-2, 1e-5));
        if (status >= 0) status = wg_program_run(program);
        if (status >= 0) status = wg_program_item(program, 0, &value);
        if (status >= 0 && step % (steps / 4) == 0) printf("step %5d  loss %.1e\n", step, value);
    }
    if (status < 0)
        fprintf(stderr, "%s\n", program != NULL ? wg_program_message(program)
                                                : wg_explain(status, tape, NULL));
    wg_program_free(program);
    return status;
}

/* How far from the solution, at most, at three times. */
static int judge(wg_runtime *runtime, wg_tape *tape, wg_params *params, double *worst)
{
    double value[2 * TIMES];
    wg_var asked[2 * TIMES];
    wg_tape_reset(tape);
    const wg_scope scope = wg_scope_shared(wg_scope_root(tape, params, WG_EVALUATION), "u");
    wg_var x = wg_scale(wg_expand(wg_iota(tape, WG_F64, SIDE), 1), 1.0 / (double)(SIDE - 1));
    for (int i = 0; i < TIMES; i++) {
        wg_var t = wg_full_like(x, (i + 1) / (double)TIMES), u = solution(t, x);
        asked[2 * i] = wg_max(u, WG_ALL);
        asked[2 * i + 1] = wg_max(wg_abs(wg_sub(field(scope, t, x), u)), WG_ALL);
    }
    const int status = wg_items(runtime, 2 * TIMES, asked, value);
    if (status < 0) {
        fprintf(stderr, "%s\n", wg_explain(status, tape, NULL));
        return status;
    }
    printf(" time  highest u  largest error\n");
    for (int i = 0; i < TIMES; i++) {
        printf("%5.2f  %9.4f  %13.5f\n", (i + 1) / (double)TIMES, value[2 * i], value[2 * i + 1]);
        if (value[2 * i + 1] > *worst) *worst = value[2 * i + 1];
    }
    return status;
}

int main(int count, char **argument)
{
    const bool is_long = count == 2 && strcmp(argument[1], "--long") == 0;
    const double limit = is_long ? 0.002 : 0.01;
    double worst = 0;
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 14));
    int status = train(runtime, tape, params, is_long ? 20000 : 2000);
    if (status >= 0) status = judge(runtime, tape, params, &worst);
    if (status >= 0) printf("%s\n", worst < limit ? "the equation is solved" : "it is not solved");
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    return status < 0 || worst >= limit;
}

/* Logistic regression in f64 with labels u8 by Newton-CG: gradient and Hessian-vector product as
 * two programs. */
#include <math.h>
#include <string.h>
#include <wengert/wengert.h>

enum { N = 26 };
static double dot(const double *x, const double *y)
{
    double sum = 0;
    for (int i = 0; i < N; i++) sum += x[i] * y[i];
    return sum;
}

/* The gradient of the mean loss by the weights, and the Hessian times v, as programs. */
static int programs_make(wg_runtime *runtime, wg_view x_rows, wg_view t_rows, wg_view w, wg_view v,
                         wg_program *out[2])
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var x = wg_batch(tape, "x", x_rows), t = wg_batch(tape, "t", t_rows); /* f64 and u8 */
    wg_var weight = wg_input(tape, "w", w), tangent = wg_input(tape, "v", v);
    wg_var loss = wg_mean(wg_binary_cross_entropy(wg_matmul(x, weight), t), WG_ALL);
    loss = wg_add(loss, wg_scale(wg_dot(weight, weight), 1e-4));
    wg_var gradient = wg_grad(loss, weight), product = wg_hvp(loss, weight, tangent);
    out[0] = wg_compile(runtime, tape, 1, &gradient);
    out[1] = wg_compile(runtime, tape, 1, &product);
    int status = wg_tape_status(tape);
    wg_tape_free(tape);
    for (int i = 0; i < 2 && status >= 0; i++) { /* bound once, refilled below */
        status = wg_program_bind(out[i], "x", x_rows);
        if (status >= 0) status = wg_program_bind(out[i], "t", t_rows);
        if (status >= 0) status = wg_program_bind(out[i], "w", w);
    }
    return status < 0 ? status : wg_program_bind(out[1], "v", v);
}

int newton_cg(wg_runtime *runtime, wg_view x_rows, wg_view t_rows, double w[N]);
int newton_cg(wg_runtime *runtime, wg_view x_rows, wg_view t_rows, double w[N])
{
    double v[N] = { 0 }, g[N], hv[N], d[N], r[N];
    wg_program *program[2] = { NULL, NULL };
    int status = programs_make(runtime, x_rows, t_rows, wg_f64(w, WG_SHAPE(N)),
                               wg_f64(v, WG_SHAPE(N)), program);
    for (int step = 0; step < 20 && status >= 0; step++) {
        status = wg_program_run(program[0]);
        if (status >= 0) status = wg_program_read_f64(program[0], 0, g, N);
        if (status < 0 || sqrt(dot(g, g)) < 1e-10) break;
        memset(d, 0, sizeof d);
        for (int i = 0; i < N; i++) v[i] = r[i] = -g[i];
        for (int i = 0; i < N && sqrt(dot(r, r)) > 1e-12; i++) {
            if ((status = wg_program_run(program[1])) < 0) break;
            if ((status = wg_program_read_f64(program[1], 0, hv, N)) < 0) break;
            const double rr = dot(r, r), a = rr / dot(v, hv);
            for (int j = 0; j < N; j++) {
                d[j] += a * v[j];
                r[j] -= a * hv[j];
            }
            const double b = dot(r, r) / rr;
            for (int j = 0; j < N; j++) v[j] = r[j] + b * v[j];
        }
        for (int i = 0; i < N; i++) w[i] += d[i];
    }
    wg_program_free(program[0]);
    wg_program_free(program[1]);
    return status;
}

/* Record once, run many times: a compiled program needs no tape, allocates nothing while it runs,
 * and can train as well as predict. Here it solves a least-squares problem by gradient descent with
 * momentum. */
#include <stdio.h>
#include <wengert/wengert.h>

enum { ROWS = 6 };

/* loss = mean (x w + b - y)^2, with its update: each run is one step. */
static wg_program *record(wg_runtime *runtime, wg_tape *tape, wg_params *params)
{
    const float zeros[ROWS * 2] = { 0 };
    const wg_optimizer sgd = wg_sgd(0.05, WG_OPTIONS(wg_sgd_options, .momentum = 0.9));
    wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    wg_var x = wg_batch(tape, "x", wg_f32(zeros, WG_SHAPE(ROWS, 2)));
    wg_var y = wg_batch(tape, "y", wg_f32(zeros, WG_SHAPE(ROWS, 1)));
    wg_var fit = wg_dense(scope, "line", x, 1,
                          WG_OPTIONS(wg_dense_options, .weight = wg_init_constant(WG_ZERO)));
    wg_var loss = wg_mean(wg_squared_error(fit, y), WG_ALL);
    wg_minimize(&sgd, scope, loss);
    return wg_compile(runtime, tape, 1, &loss);
}

int main(void)
{
    const float x[ROWS * 2] = { 0, 0, 1, 0, 0, 1, 1, 1, 2, 1, 1, 2 };
    const float y[ROWS] = { 1, 3, 0, 2, 4, 1 }; /* 2 a - b + 1 */
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    wg_program *program = record(runtime, tape, params);
    int status = program ? WG_OK : wg_tape_status(tape);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, tape, NULL));
    wg_tape_free(tape); /* the program needs it no more */

    if (status >= 0) status = wg_program_bind(program, "x", wg_f32(x, WG_SHAPE(ROWS, 2)));
    if (status >= 0) status = wg_program_bind(program, "y", wg_f32(y, WG_SHAPE(ROWS, 1)));
    for (int step = 0; step < 300 && status >= 0; step++) status = wg_program_run(program);
    double loss = 0;
    wg_view weight, bias;
    if (status >= 0) status = wg_program_item(program, 0, &loss);
    if (status >= 0) status = wg_params_find(params, "line/weight", &weight);
    if (status >= 0) status = wg_params_find(params, "line/bias", &bias);
    if (status >= 0) {
        const float *w = weight.data, *b = bias.data;
        printf("y = %.3f a %+.3f b %+.3f  (loss %.0e)\n", (double)w[0], (double)w[1],
               (double)b[0], loss < 1e-9 ? 0.0 : loss);
    } else if (program) {
        fprintf(stderr, "%s\n", wg_program_message(program));
    }
    wg_program_free(program);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return status < 0;
}

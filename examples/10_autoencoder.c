/* A linear network that squeezes its input through k units and unfolds it again can do no better
 * than the first k principal components, and learns to do as well. Its mean squared error stands
 * beside theirs, which is the variance along the directions left out.                            */
#include <stdio.h>
#include <wengert/wengert.h>

enum { ROWS = 200, COLUMNS = 6, UNITS_MAX = 4, STEPS = 1500 };

/* Normal rows, wide along some directions and narrow along others, none of which is an axis. */
static int make(wg_runtime *runtime, double *x)
{
    const double spread[COLUMNS] = { 3, 2, 1.5, 1, 0.6, 0.3 };
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 2));
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var rows = wg_normal(scope, "rows", WG_F64, WG_SHAPE(ROWS, COLUMNS));
    const wg_var wide = wg_mul(rows, wg_constant(tape, wg_f64(spread, WG_SHAPE(COLUMNS))));
    const wg_dense_options turn = { .weight = wg_init_orthogonal(1),
                                    .bias = wg_init_uniform(-1, 1) };
    const int status =
        wg_read_f64(runtime, wg_dense(scope, "turn", wide, COLUMNS, &turn), x, ROWS * COLUMNS);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, tape, NULL));
    wg_params_free(params);
    wg_tape_free(tape);
    return status;
}

/* The mean squared error that the last step starts from. */
static int train(wg_runtime *runtime, wg_view x, int64_t units, double *loss)
{
    const wg_optimizer adam = wg_adam(0.01, NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 3));
    wg_tape *tape = wg_tape_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var in = wg_batch(tape, "x", x);
    const wg_var code = wg_dense(scope, "encoder", in, units, NULL);
    const wg_var out = wg_dense(scope, "decoder", code, COLUMNS, NULL);
    const wg_var error = wg_mean(wg_squared_error(out, in), WG_ALL);
    wg_minimize(&adam, scope, error);
    wg_program *program = wg_compile(runtime, tape, 1, &error);
    int status = program != NULL ? wg_program_bind(program, "x", x) : wg_tape_status(tape);
    for (int step = 0; step < STEPS && status >= 0; step++) status = wg_program_run(program);
    if (status >= 0) status = wg_program_item(program, 0, loss);
    if (status < 0)
        fprintf(stderr, "%s\n", program != NULL ? wg_program_message(program)
                                                : wg_explain(status, tape, NULL));
    wg_program_free(program);
    wg_tape_free(tape);
    wg_params_free(params);
    return status;
}

int main(void)
{
    static double x[ROWS * COLUMNS];
    double component[COLUMNS * COLUMNS], variance[COLUMNS];
    wg_error error = { 0 };
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    const wg_view rows = wg_f64(x, WG_SHAPE(ROWS, COLUMNS));
    int status = make(runtime, x);
    if (status >= 0) {
        status = wg_pca(runtime, rows,
                        wg_tensor_of(component, WG_F64, WG_SHAPE(COLUMNS, COLUMNS)),
                        wg_tensor_of(variance, WG_F64, WG_SHAPE(COLUMNS)), &error);
        if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    }
    if (status >= 0) printf("units  components  autoencoder\n");
    bool is_as_good = true;
    for (int units = 1; units <= UNITS_MAX && status >= 0; units++) {
        double left = 0, loss = 0;
        for (int i = COLUMNS - 1; i >= units; i--) left += variance[i];
        left *= (double)(ROWS - 1) / (double)(ROWS * COLUMNS); /* the mean over all elements */
        status = train(runtime, rows, units, &loss);
        if (status >= 0) printf("%5d  %10.6f  %11.6f\n", units, left, loss);
        is_as_good = is_as_good && loss >= left * (1 - 1e-12) && loss <= left * 1.01;
    }
    if (status >= 0)
        printf("%s\n", is_as_good ? "never below, and within 1%" : "this should not be");
    wg_runtime_free(runtime);
    return status < 0 || !is_as_good;
}

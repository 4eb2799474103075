/* A function and its first three derivatives. Nothing is derived by hand: each gradient is recorded
 * on the same tape as what it differentiates, so it can be differentiated again. Errors stick to
 * the tape and are checked once, at the end.                                                     */
#include <stdio.h>
#include <wengert/wengert.h>

int main(void)
{
    const double points[5] = { -20, -1, 0, 1, 20 };
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);

    wg_var x = wg_input(tape, "x", wg_f64(points, WG_SHAPE(5)));
    wg_var y[4] = { wg_mul(x, wg_tanh(wg_softplus(x))) }; /* Mish */
    for (int order = 1; order < 4; order++) y[order] = wg_grad(wg_sum(y[order - 1], WG_ALL), x);

    double value[4][5];
    int status = 0;
    for (int order = 0; order < 4 && status >= 0; order++)
        status = wg_read_f64(runtime, y[order], value[order], 5);
    if (status < 0) {
        fprintf(stderr, "%s\n", wg_explain(status, tape, NULL));
    } else {
        printf("     x          mish       mish'      mish''     mish'''\n");
        for (int i = 0; i < 5; i++)
            printf("%6.1f %13.5e %11.3e %11.3e %11.3e\n", points[i], value[0][i], value[1][i],
                   value[2][i], value[3][i]);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    return status < 0;
}

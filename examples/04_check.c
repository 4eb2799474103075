/* Is a derivative right? wg_check_gradient compares each order with differences of the order below,
 * and names the element that is worst. Any function that records can be checked.                 */
#include <stdio.h>
#include <wengert/wengert.h>

/* A gate between two branches: smooth, but not trivial. */
static int gated_product(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    wg_var gate = wg_sigmoid(wg_matmul(in[0], in[1]));
    out[0] = wg_mul(gate, wg_softmax(in[0], -1));
    return WG_OK;
}

int main(void)
{
    double x[4 * 3], w[3 * 3];
    for (int i = 0; i < 12; i++) x[i] = (i * 5 % 12 - 6) / 4.0;
    for (int i = 0; i < 9; i++) w[i] = (i * 4 % 9 - 4) / 5.0;
    const wg_view in[2] = { wg_f64(x, WG_SHAPE(4, 3)), wg_f64(w, WG_SHAPE(3, 3)) };

    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_error error = { 0 };
    wg_check_result result = { 0 };
    const wg_check_options options = { .order = 3 };
    const int status =
        wg_check_gradient(runtime, gated_product, NULL, 2, in, &options, &result, &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    else printf("three orders agree with differences to %s\n", result.worst < 1e-8 ? "1e-8" : "?");
    wg_runtime_free(runtime);
    return status < 0;
}

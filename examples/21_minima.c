/* Where does training end? On points of the plane that are 1 where x y > 0, a small network has to
 * bend, its units have to differ, and even then not all first weights lead as far:
 *   linear     without an activation there is nothing but a line, and no line parts four corners
 *   constant   units that begin alike get the same gradients and stay alike
 *   random     where training ends depends on the seed: several are tried, the best is kept
 * wg_train_restarts does that, and tells the metric of each.                                     */
#include <stdio.h>
#include <wengert/wengert.h>

enum { POINTS = 500, RESTARTS = 8 };

typedef struct start {
    const char *name;
    wg_activation *activation;
    wg_initializer weight;
} start;

static wg_var network(wg_scope scope, wg_var x, void *user)
{
    const start *s = user;
    const wg_dense_options options = { .activation = s->activation, .weight = s->weight };
    x = wg_dense(scope, "hidden_1", x, 3, &options);
    x = wg_dense(scope, "hidden_2", x, 2, &options);
    return wg_dense(scope, "logits", x, 2, &(wg_dense_options){ .weight = s->weight });
}

/* How far the units of the first layer are from each other: the spread of each row of weights. */
static int units_spread(wg_runtime *runtime, const wg_params *params, double *spread)
{
    wg_view view;
    const int status = wg_params_find(params, "hidden_1/weight", &view);
    if (status < 0) return status;
    wg_tape *tape = wg_tape_create(NULL);
    wg_var weight = wg_input(tape, "weight", view);
    const int read = wg_item(runtime, wg_max(wg_std(weight, WG_AXES(1)), WG_ALL), spread);
    wg_tape_free(tape);
    return read;
}

static int train(wg_runtime *runtime, const start *s, wg_dataset *const part[2], double *worst,
                 double *best, wg_error *error)
{
    const wg_model model = { .network = network, .loss = wg_cross_entropy, .metric = wg_accuracy,
                             .user = (void *)s };
    const wg_train_options options = { .optimizer = wg_sgd(0.03, NULL), .epochs = 100,
                                       .batch_size = 10 };
    double metric[RESTARTS], spread = 0;
    wg_params *params = wg_params_create(NULL);
    int status = wg_train_restarts(runtime, &model, params, part[0], part[1], &options, RESTARTS,
                                   metric, NULL, error);
    if (status >= 0) status = units_spread(runtime, params, &spread);
    *worst = *best = metric[0];
    if (status >= 0) printf("%-9s", s->name);
    for (int i = 0; i < RESTARTS && status >= 0; i++) {
        printf(" %5.3f", metric[i]);
        if (metric[i] < *worst) *worst = metric[i];
        if (metric[i] > *best) *best = metric[i];
    }
    if (status >= 0) printf("   units %s\n", spread > 1e-6 ? "differ" : "are alike");
    wg_params_free(params);
    return status;
}

int main(void)
{
    const start starts[3] = {
        { "linear", NULL, wg_init_glorot() },
        { "constant", wg_tanh, wg_init_constant(0.3) },
        { "random", wg_tanh, wg_init_uniform(-0.5, 0.5) },
    };
    double worst[3] = { 0 }, best[3] = { 0 };
    wg_error error = { 0 };
    wg_dataset *all = NULL, *part[2] = { NULL, NULL };
    wg_runtime *runtime = wg_runtime_create(NULL);
    int status = wg_dataset_generate("xor", POINTS, 0, 1, &all, &error);
    if (status >= 0)
        status = wg_dataset_split(all, 2, (const double[]){ 1, 1 }, NULL, part, &error);
    if (status >= 0) printf("validation accuracy of %d seeds\n", RESTARTS);
    for (int i = 0; i < 3 && status >= 0; i++)
        status = train(runtime, &starts[i], part, &worst[i], &best[i], &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    for (int i = 0; i < 2; i++) wg_dataset_free(part[i]);
    wg_dataset_free(all);
    wg_runtime_free(runtime);
    return status < 0 || best[0] > 0.7 || best[1] > 0.8 || best[2] < 0.98;
}

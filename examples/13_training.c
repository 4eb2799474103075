/* Training with a plan: find a rate, look into the network, train along a schedule, stop, and go on
 * from the file as if nothing had happened. */
#include <stdio.h>
#include <wengert/wengert.h>

static const char *const path = "13_training.safetensors";

static wg_var network(wg_scope scope, wg_var x, void *user)
{
    const wg_dense_options relu = { .activation = wg_relu, .weight = wg_init_he() };
    (void)user;
    x = wg_dense(scope, "hidden_1", x, 16, &relu);
    x = wg_dense(scope, "hidden_2", x, 8, &relu);
    return wg_dense(scope, "logits", x, 2, NULL);
}
static const wg_model model = { .network = network, .loss = wg_cross_entropy,
                                .metric = wg_accuracy };

static double schedule(int64_t step, int64_t step_count, double rate, void *user)
{
    (void)user;
    return wg_rate_warm_up(step, 20) * wg_rate_cosine(step, step_count, rate, rate / 100);
}

static int sweep(wg_runtime *runtime, const wg_params *params, const wg_dataset *data,
                 const wg_train_options *options, wg_error *error)
{
    double loss[5];
    const int status =
        wg_rate_sweep(runtime, &model, params, data, options, 1e-4, 1, 5, loss, error);
    for (int i = 0; i < 5 && status >= 0; i++)
        printf("rate %-7g loss %.3f\n", wg_rate_geometric(i, 4, 1e-4, 1), loss[i]);
    return status;
}

static int look(wg_runtime *runtime, const wg_params *params, const wg_dataset *data,
                wg_error *error)
{
    wg_layer_state state[9];
    int64_t count = 0;
    const int status =
        wg_layers(runtime, &model, params, data, NULL, 9, state, &count, error);
    for (int64_t i = 0; i < count && status >= 0; i++)
        if (!state[i].is_parameter)
            printf("%-9s spread %.2f  gradient %.3f  dead %.2f\n", state[i].path, state[i].spread,
                   state[i].gradient_norm, state[i].dead);
    return status;
}

static int on_epoch(const wg_epoch *epoch, void *user)
{
    const int64_t *last = user;
    return epoch->index + 1 == *last ? 1 : 0; /* 1: stop after this one */
}

/* Up to this epoch, after those that are in the file. */
static int train(wg_runtime *runtime, const wg_dataset *data, const wg_dataset *validation,
                 wg_train_options options, int64_t last, wg_error *error)
{
    wg_history *history;
    wg_epoch epoch;
    wg_params *params = wg_params_create(NULL);
    options.on_epoch = on_epoch;
    options.on_epoch_user = &last;
    options.save_path = path;
    const int status =
        wg_train(runtime, &model, params, data, validation, &options, &history, error);
    if (wg_history_epoch(history, wg_history_best(history), &epoch) >= 0)
        printf("%lld epochs, best: loss %.3f, accuracy %.3f\n",
               (long long)wg_history_count(history), epoch.validation_loss,
               epoch.validation_metric);
    wg_history_free(history);
    wg_params_free(params);
    return status;
}

int main(void)
{
    wg_error error = { 0 };
    wg_dataset *data = NULL, *part[2] = { NULL, NULL };
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_params *params = wg_params_create(NULL);
    wg_train_options options = { .optimizer = wg_sgd(0.1, WG_OPTIONS(wg_sgd_options,
                                                                     .momentum = 0.9)),
                                 .batch_size = 20 };
    options.optimizer.clip_norm = 1;
    int status = wg_dataset_generate("moons", 400, 0.1, 1, &data, &error);
    if (status >= 0)
        status = wg_dataset_split(data, 2, (const double[]){ 0.5, 0.5 }, NULL, part, &error);
    if (status >= 0) status = sweep(runtime, params, part[0], &options, &error);
    if (status >= 0) status = look(runtime, params, part[0], &error);
    options.epochs = 20;
    options.rate = schedule;
    if (status >= 0) status = train(runtime, part[0], part[1], options, 8, &error);
    if (status >= 0) status = train(runtime, part[0], part[1], options, 20, &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    remove(path);
    wg_params_free(params);
    wg_runtime_free(runtime);
    wg_dataset_free(part[0]);
    wg_dataset_free(part[1]);
    wg_dataset_free(data);
    return status < 0;
}

/* Images u8 [n, 28, 28], labels u8; batch norm; learning-rate schedule; trained by wg_train. */
#include <stdio.h>
#include <wengert/wengert.h>

static wg_var convolve(wg_scope scope, const char *name, wg_var x, int64_t channels)
{
    scope = wg_scope_in(scope, name);
    x = wg_conv2d(scope, "conv", x, channels, 3, 3,
                  WG_OPTIONS(wg_conv_options, .same = true, .without_bias = true));
    return wg_max_pool2d(wg_relu(wg_batch_norm(scope, "norm", x, NULL)), 2, 2);
}

static wg_var classifier(wg_scope scope, wg_var image, void *user)
{
    (void)user;
    wg_var x = wg_scale(wg_cast(wg_expand(image, -1), WG_F32), 1.0 / 255);
    for (int i = 0; i < 2; i++)
        x = convolve(wg_scope_nth(scope, "stage", i), "main", x, 32 << i);
    return wg_dense(scope, "logits", wg_flatten(x), 10, NULL);
}

static double rate(int64_t step, int64_t count, double base, void *user)
{
    (void)user;
    return wg_rate_warm_up(step, 500) * wg_rate_cosine(step, count, base, 0);
}

int main(void)
{
    wg_error error = { 0 };
    wg_dataset *data = NULL, *part[2] = { NULL, NULL };
    wg_history *history = NULL;
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_params *params = wg_params_create(NULL);
    const wg_model model = { .network = classifier, .loss = wg_cross_entropy,
                             .metric = wg_accuracy };
    const wg_train_options options = { .epochs = 8, .batch_size = 128,
                                       .optimizer = wg_adamw(1e-3, 1e-2), .rate = rate,
                                       .patience = 3, .progress = WG_BAR };
    const double shares[2] = { 0.9, 0.1 };
    int status = wg_dataset_read_idx("images.gz", "labels.gz", &data, &error);
    if (status >= 0) status = wg_dataset_split(data, 2, shares, NULL, part, &error);
    if (status >= 0)
        status = wg_train(runtime, &model, params, part[0], part[1], &options, &history, &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    wg_history_free(history);
    wg_params_free(params);
    wg_runtime_free(runtime);
    for (int i = 0; i < 2; i++) wg_dataset_free(part[i]);
    wg_dataset_free(data);
    return status < 0;
}

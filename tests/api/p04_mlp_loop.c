/* An explicit training loop: batches, validation, early stop with the best weights kept. Each
 * call checked. */
#include <wengert/wengert.h>
#include <stdio.h>

static wg_var network(wg_scope scope, wg_var x)
{
    x = wg_standardize(scope, "input", x);
    x = wg_dense(scope, "hidden_1", x, 128, WG_OPTIONS(wg_dense_options, .activation = wg_relu));
    x = wg_dropout(scope, "drop", x, 0.2);
    return wg_dense(scope, "logits", x, 10, NULL);
}

static int epoch_run(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_loader *loader,
                     int64_t epoch, const wg_optimizer *optimizer, double *loss_mean,
                     double *accuracy_mean)
{
    double sum[2] = { 0, 0 }, count = 0;
    int status = wg_loader_start(loader, epoch);
    while (status >= 0 && (status = wg_loader_next(loader)) > 0) {
        wg_tape_reset(tape);
        wg_scope scope = wg_scope_root(tape, params, optimizer ? WG_TRAINING : WG_EVALUATION);
        wg_var x = wg_batch(tape, "x", wg_loader_view(loader, "x"));
        wg_var t = wg_batch(tape, "t", wg_loader_view(loader, "t"));
        wg_var logits = network(scope, x);
        wg_var wanted[2] = { wg_mean(wg_cross_entropy(logits, t), WG_ALL),
                             wg_mean(wg_accuracy(logits, t), WG_ALL) };
        if (optimizer) wg_minimize(optimizer, scope, wanted[0]);
        double value[2], rows = (double)wg_extent(x, 0);
        status = wg_items(runtime, 2, wanted, value);
        if (status < 0) break;
        for (int i = 0; i < 2; i++) sum[i] += rows * value[i];
        count += rows;
    }
    *loss_mean = sum[0] / count;
    *accuracy_mean = sum[1] / count;
    return status;
}

int main(void)
{
    wg_error error = { 0 };
    wg_dataset *data = NULL, *part[2] = { NULL, NULL };
    wg_loader *train = NULL, *validation = NULL;
    wg_view raw;
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 1));
    wg_params *best = wg_params_create(NULL);
    const wg_optimizer adam = wg_adam(1e-3, NULL);

    const double share[2] = { 0.8, 0.2 };
    int status = wg_dataset_read_csv("digits.csv", WG_OPTIONS(wg_csv_options, .t = "digit"), &data,
                                     &error);
    if (status < 0) goto end;
    if ((status = wg_dataset_split(data, 2, share, NULL, part, &error)) < 0) goto end;
    if ((status = wg_dataset_find(part[0], "x", &raw)) < 0) goto end;
    if ((status = wg_standardize_fit(params, "input", raw, &error)) < 0) goto end;
    if ((status = wg_loader_create(runtime, part[0], NULL, &train, &error)) < 0) goto end;
    const wg_loader_options in_order = { .in_order = true };
    if ((status = wg_loader_create(runtime, part[1], &in_order, &validation, &error)) < 0) goto end;

    double top = -1;
    for (int64_t epoch = 0, best_epoch = 0; epoch < 100 && epoch - best_epoch < 10; epoch++) {
        double loss[2], accuracy[2];
        status = epoch_run(runtime, tape, params, train, epoch, &adam, &loss[0], &accuracy[0]);
        if (status < 0) goto end;
        status = epoch_run(runtime, tape, params, validation, 0, NULL, &loss[1], &accuracy[1]);
        if (status < 0) goto end;
        printf("%3lld  %.4f %.4f  %.4f %.4f\n", (long long)epoch, loss[0], accuracy[0], loss[1],
               accuracy[1]);
        if (accuracy[1] > top) {
            top = accuracy[1];
            best_epoch = epoch;
            wg_params_copy(params, "*", best);
        }
    }
    status = wg_params_save(best, "best.safetensors", &error);
end:
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, tape, &error));
    wg_loader_free(train);
    wg_loader_free(validation);
    wg_dataset_free(part[0]);
    wg_dataset_free(part[1]);
    wg_dataset_free(data);
    wg_params_free(best);
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    return status < 0;
}

/* A trainer that knows nothing of the model: it gets a wg_model and named columns. It can be
 * stopped from outside. */
#include "p19_model.h"
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t stop;

static void on_interrupt(int number)
{
    (void)number;
    stop = 1;
}

static int on_epoch(const wg_epoch *epoch, void *user)
{
    fprintf(user, "%lld,%g,%g\n", (long long)epoch->index, epoch->validation_loss,
            epoch->validation_metric);
    return stop ? 1 : 0;
}

int main(void)
{
    wg_error error = { 0 };
    wg_dataset *data = NULL, *part[3] = { NULL, NULL, NULL };
    wg_history *history = NULL;
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_params *params = wg_params_create(NULL);
    wg_report *report = wg_report_create("Jet assignment", NULL);
    double loss = 0, metric = 0;
    const double shares[3] = { 0.6, 0.2, 0.2 };
    const wg_train_options options = { .epochs = 30, .batch_size = 1000,
                                       .optimizer = wg_adam(1e-3, NULL), .patience = 5,
                                       .save_path = "tagger.safetensors", .on_epoch = on_epoch,
                                       .on_epoch_user = stdout };
    signal(SIGINT, on_interrupt);
    int status = wg_dataset_read_npz("events.npz", &data, &error);
    if (status >= 0)
        status = wg_dataset_split(data, 3, shares, WG_OPTIONS(wg_split_options, .seed = 7), part,
                                  &error);
    if (status >= 0)
        status = wg_train(runtime, jet_tagger(), params, part[0], part[1], &options, &history,
                          &error);
    if (status >= 0)
        status = wg_evaluate(runtime, jet_tagger(), params, part[2], &loss, &metric, &error);
    if (status >= 0) status = wg_report_history(report, "Training", history);
    if (status >= 0) status = wg_report_save(report, "report.html", &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    else printf("efficiency %.4f\n", metric);
    wg_report_free(report);
    wg_history_free(history);
    wg_params_free(params);
    wg_runtime_free(runtime);
    for (int i = 0; i < 3; i++) wg_dataset_free(part[i]);
    wg_dataset_free(data);
    return status < 0;
}

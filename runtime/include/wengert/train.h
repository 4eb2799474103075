/* Wengert, train: the training loop with everything a person expects: validation metric, best epoch,
 * early stop, progress, history.                                                                   */
#ifndef WENGERT_TRAIN_H
#define WENGERT_TRAIN_H

#include <wengert/data.h>
#include <wengert/nn.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

/* Most models: network(x) and loss(output, t). Anything else: objective, which takes its columns with
 * wg_column and gives one value a sample. Means over an epoch are weighted by column "weight" if there
 * is one.                                                                                          */
typedef wg_var wg_network(wg_scope scope, wg_var x, void *user);
typedef wg_var wg_objective(wg_scope scope, void *user);
typedef struct wg_model {
    wg_network *network;
    wg_loss *loss, *metric; /* metric: one value a sample, higher is better; NULL: minus the loss */
    wg_objective *objective;
    const char *metric_note; /* with an objective: the noted value that is the metric */
    void *user;
    uint64_t reserved[4];
} wg_model;

typedef struct wg_epoch {
    int64_t index, step;
    double loss, metric, validation_loss, validation_metric, rate, seconds;
    bool best;
    uint64_t reserved[4];
} wg_epoch;
typedef enum wg_progress { WG_QUIET = 0, WG_LINES, WG_BAR } wg_progress;
typedef struct wg_train_options {
    wg_optimizer optimizer; /* zeroed: Adam 1e-3 */
    int64_t epochs, batch_size;
    uint64_t seed;
    double (*rate)(int64_t step, int64_t step_count, double rate, void *user);
    void *rate_user;
    int (*on_epoch)(const wg_epoch *epoch, void *user); /* 1: stop after this one */
    void *on_epoch_user;
    int64_t patience; /* early stop: epochs without a better metric; 0: none */
    bool keep_last;   /* default: the best epoch's parameters are restored */
    wg_progress progress;
    uint64_t reserved[8];
} wg_train_options;

typedef struct wg_history wg_history;
int wg_train(wg_runtime *runtime, const wg_model *model, wg_params *params, const wg_dataset *train,
             const wg_dataset *validation, const wg_train_options *options, wg_history **history,
             wg_error *error);
int wg_evaluate(wg_runtime *runtime, const wg_model *model, wg_params *params,
                const wg_dataset *data, double *loss, double *metric, wg_error *error);
int wg_predict(wg_runtime *runtime, const wg_model *model, wg_params *params, wg_view x,
               wg_tensor out, wg_error *error);
int64_t wg_history_count(const wg_history *history);
int wg_history_epoch(const wg_history *history, int64_t index, wg_epoch *out);
int64_t wg_history_best(const wg_history *history);
void wg_history_free(wg_history *history);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif
#endif

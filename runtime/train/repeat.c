/* Trainings that are repeated: at several rates, to find one, and from several seeds, since where
 * training ends depends on where it began. Each begins with a copy of the same params. */
#include "graph/internal.h"
#include "runtime/internal.h"
#include "runtime/train/history.h"

#include <math.h>

static wg_params *params_fresh(const wg_params *params, uint64_t seed)
{
    wg_params *fresh = wg_params_create(&(wg_params_options){
        .allocator = &params->allocator, .seed = seed, .dtype = params->dtype });
    if (fresh != NULL && wg_params_copy(params, "*", fresh) >= 0) return fresh;
    wg_params_free(fresh);
    return NULL;
}

static int arguments_check(const wg_params *params, const wg_train_options *options,
                           const char *what, wg_error *error)
{
    if (params == NULL)
        return wg__fail(error, WG_EINVALID, "%s: params are needed, not NULL", what);
    if (options != NULL && options->save_path != NULL)
        return wg__fail(error, WG_EINVALID, "%s: each training would need a save_path of its own",
                        what);
    return WG_OK;
}

/* ---- rates ---- */

/* NaN, if training ended at what is not finite. */
static int rate_try(wg_runtime *runtime, const wg_model *model, const wg_params *params,
                    const wg_dataset *data, const wg_train_options *options, double *loss,
                    wg_error *error)
{
    wg_params *fresh = params_fresh(params, params->seed);
    if (fresh == NULL) return wg__fail(error, WG_EMEMORY, "rate_sweep: no memory for the params");
    int status = wg_train(runtime, model, fresh, data, NULL, options, NULL, error);
    *loss = (double)NAN;
    if (status >= 0) status = wg_evaluate(runtime, model, fresh, data, loss, NULL, error);
    wg_params_free(fresh);
    return status == WG_EFINITE ? WG_OK : status;
}

int wg_rate_sweep(wg_runtime *runtime, const wg_model *model, const wg_params *params,
                  const wg_dataset *data, const wg_train_options *options, double lowest,
                  double highest, int64_t count, double *loss, wg_error *error)
{
    WG_TRY(arguments_check(params, options, "rate_sweep", error));
    if (count < 2 || loss == NULL || !(lowest > 0 && lowest < highest && isfinite(highest)))
        return wg__fail(error, WG_EINVALID,
                        "rate_sweep: two rates or more are needed, from above 0 up");
    wg_train_options chosen = options == NULL ? (wg_train_options){ 0 } : *options;
    if (chosen.optimizer.name == NULL) chosen.optimizer = wg_adam(lowest, NULL);
    if (chosen.epochs == 0) chosen.epochs = 1;
    chosen.keep_last = true;
    chosen.progress = WG_QUIET;
    for (int64_t i = 0; i < count; i++) {
        chosen.optimizer.rate = wg_rate_geometric(i, count - 1, lowest, highest);
        WG_TRY(rate_try(runtime, model, params, data, &chosen, &loss[i], error));
    }
    return WG_OK;
}

/* ---- seeds ---- */

typedef struct restarts {
    wg_params *best;
    wg_history *history;
    double metric;    /* of the best; NaN: none yet */
} restarts;

static double metric_of(const wg_history *history)
{
    const wg_epoch *best = &history->epoch[history->best];
    return history->has_validation ? best->validation_metric : best->metric;
}

/* Keeps params and history if they are better, and frees what is not kept. */
static void outcome_keep(restarts *kept, wg_params *params, wg_history *history)
{
    const double metric = metric_of(history);
    const bool is_better = kept->best == NULL || metric > kept->metric;
    wg_params_free(is_better ? kept->best : params);
    wg_history_free(is_better ? kept->history : history);
    if (!is_better) return;
    *kept = (restarts){ .best = params, .history = history, .metric = metric };
}

static int restart_run(wg_runtime *runtime, const wg_model *model, const wg_params *params,
                       const wg_dataset *train, const wg_dataset *validation,
                       const wg_train_options *options, uint64_t seed, restarts *kept,
                       double *metric, wg_error *error)
{
    wg_history *history = NULL;
    wg_params *fresh = params_fresh(params, seed);
    *metric = (double)NAN;
    if (fresh == NULL) return wg__fail(error, WG_EMEMORY, "restarts: no memory for the params");
    const int status =
        wg_train(runtime, model, fresh, train, validation, options, &history, error);
    if (status < 0 || history == NULL) {
        wg_params_free(fresh);
        wg_history_free(history);
        return status;
    }
    *metric = metric_of(history);
    outcome_keep(kept, fresh, history);
    return WG_OK;
}

int wg_train_restarts(wg_runtime *runtime, const wg_model *model, wg_params *params,
                      const wg_dataset *train, const wg_dataset *validation,
                      const wg_train_options *options, int64_t count, double *metric,
                      wg_history **history, wg_error *error)
{
    restarts kept = { 0 };
    int status = WG_OK;
    if (history != NULL) *history = NULL;
    WG_TRY(arguments_check(params, options, "restarts", error));
    if (count < 1) return wg__fail(error, WG_EINVALID, "restarts: one at least is needed");
    for (int64_t i = 0; i < count && (status >= 0 || status == WG_EFINITE); i++) {
        double found;
        status = restart_run(runtime, model, params, train, validation, options,
                             params->seed + (uint64_t)i, &kept, &found, error);
        if (metric != NULL) metric[i] = found;
    }
    const bool is_over = status >= 0 || status == WG_EFINITE;
    if (is_over && kept.best != NULL) {
        const uint64_t seed = kept.best->seed;
        status = wg_params_copy(kept.best, "*", params);
        if (status < 0) (void)wg__fail(error, status, "restarts: the best cannot be copied");
        else params->seed = seed;
    }
    if (status >= 0 && history != NULL) *history = kept.history;
    else wg_history_free(kept.history);
    wg_params_free(kept.best);
    return status < 0 ? status : WG_OK;
}

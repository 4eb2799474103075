/* A trial is a training from its own seed, and its result the validation efficiency of its best
 * epoch. The library keeps the results in a file and goes on from there; the test events are no
 * part of the search.                                                                           */
#include "grid.h"

#include <math.h>
#include <stdio.h>

enum { LAYERS_MAX = 32, WIDTH_MAX = 65536 };

typedef struct grid {
    wg_runtime *runtime;
    const options *chosen;
    wg_dataset *const *part;
    wg_error *error;
    wg_history *history; /* of the last training */
    double efficiency;   /* of that on the test events, if it was asked for */
} grid;

static int architecture_read(const wg_config *config, architecture *out, wg_error *error)
{
    const double layers = wg_config_number(config, "layers");
    const double width = wg_config_number(config, "width");
    const double layers_max = LAYERS_MAX, width_max = WIDTH_MAX;
    if (!(layers >= 1 && layers <= layers_max && width >= 1 && width <= width_max)) {
        snprintf(error->message, sizeof error->message,
                 "layers=%.80s width=%.80s: from 1 to %d, and from 1 to %d",
                 wg_config_text(config, "layers"), wg_config_text(config, "width"), LAYERS_MAX,
                 WIDTH_MAX);
        return error->status = WG_EINVALID;
    }
    *out = (architecture){ INPUTS, (int64_t)layers, (int64_t)width };
    return WG_OK;
}

static int train(grid *self, const wg_config *config, int64_t repeat, bool is_tested)
{
    architecture what;
    const uint64_t seed = self->chosen->seed + (uint64_t)repeat;
    const training how = { .epochs = self->chosen->epochs, .seed = seed };
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = seed));
    wg_history_free(self->history);
    self->history = NULL;
    int status = architecture_read(config, &what, self->error);
    if (status >= 0)
        status = network_train(self->runtime, &how, what, params, self->part, &self->history,
                               self->error);
    if (status >= 0 && is_tested)
        status = network_efficiency(self->runtime, what, params, self->part[TEST],
                                    &self->efficiency, self->error);
    wg_params_free(params);
    return status;
}

/* The one of the best epoch; NaN if there was none. */
static double validation_efficiency(const grid *self)
{
    wg_epoch best;
    const int64_t index = wg_history_best(self->history);
    const bool is_there = wg_history_epoch(self->history, index, &best) >= 0;
    return is_there ? best.validation_metric : (double)NAN;
}

static int try_once(const wg_config *config, int64_t repeat, double *metric, void *user)
{
    grid *self = user;
    const int status = train(self, config, repeat, false);
    if (status < 0 && status != WG_EFINITE) return status;
    *metric = status < 0 ? (double)NAN : validation_efficiency(self);
    if (!self->chosen->is_quiet)
        fprintf(stderr, "layers %s, width %s, repeat %lld: %.4f\n",
                wg_config_text(config, "layers"), wg_config_text(config, "width"),
                (long long)repeat, *metric);
    return WG_OK;
}

/* What else a result depends on stands with it, so that no other search goes on from it. */
static int declare(wg_config *config, const options *chosen)
{
    char epochs[24], seed[24];
    snprintf(epochs, sizeof epochs, "%lld", (long long)chosen->epochs);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)chosen->seed);
    int status = wg_config_declare(config, "layers", "3", "each half as wide as the one before");
    if (status >= 0) status = wg_config_declare(config, "width", "128", "of the first layer");
    if (status >= 0) status = wg_config_declare(config, "epochs", epochs, "of a training");
    if (status >= 0) status = wg_config_declare(config, "seed", seed, "of the first repeat");
    return status;
}

static int page_make(const grid *self, wg_error *error)
{
    wg_report *report = wg_report_create("Which architecture?", NULL);
    (void)wg_report_search(report, "Validation efficiency, mean over seeds", self->chosen->grid,
                           "layers", "width");
    (void)wg_report_history(report, "The best of them", self->history);
    const int status = wg_report_save(report, self->chosen->report, error);
    wg_report_free(report);
    return status;
}

int grid_run(wg_runtime *runtime, const options *chosen, wg_dataset *const part[PARTS],
             wg_error *error)
{
    grid self = { .runtime = runtime, .chosen = chosen, .part = part, .error = error };
    wg_config *config = wg_config_create(NULL);
    int status = declare(config, chosen);
    if (status >= 0)
        status = wg_search(config, chosen->points, chosen->grid, chosen->repeats, try_once, &self,
                           NULL, error);
    if (status >= 0) status = wg_search_print(chosen->grid, wg_write_stdout, NULL, error);
    if (status >= 0) status = train(&self, config, 0, true);
    if (status >= 0) status = page_make(&self, error);
    if (status >= 0)
        printf("best: layers %s, width %s; validation %.4f, test %.4f\n",
               wg_config_text(config, "layers"), wg_config_text(config, "width"),
               validation_efficiency(&self), self.efficiency);
    wg_history_free(self.history);
    wg_config_free(config);
    return status;
}

/* Which jet is which? Reads simulated events with two top quarks, trains a network on 26 raw
 * inputs and one on derived inputs besides, and compares both with the smallest chi2 of the masses
 * and with a likelihood fit, on events that none of them has seen. The last line is the result. */
#include "fit.h"
#include "grid.h"
#include "network.h"
#include "options.h"
#include "results.h"

#include <stdio.h>

static const architecture nets[2] = { { RAW, 3, 128 }, { INPUTS, 3, 128 } };

/* One network from its first weights to its efficiency on the test part. */
static int network_run(wg_runtime *runtime, const options *chosen, int which,
                       wg_dataset *const part[PARTS], results *out, wg_error *error)
{
    const training how = { .epochs = chosen->epochs, .seed = chosen->seed,
                           .progress = chosen->is_quiet ? WG_QUIET : WG_BAR };
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = chosen->seed));
    if (!chosen->is_quiet)
        fprintf(stderr, "\nnetwork (%c): %lld inputs\n", "ab"[which],
                (long long)nets[which].inputs);
    int status =
        network_train(runtime, &how, nets[which], params, part, &out->history[which], error);
    if (status >= 0)
        status = network_efficiency(runtime, nets[which], params, part[TEST],
                                    &out->efficiency[NETWORK_RAW + which], error);
    wg_params_free(params);
    return status;
}

static int compare(wg_runtime *runtime, const options *chosen, const events part[PARTS],
                   wg_dataset *const data[PARTS], results *out, wg_error *error)
{
    chi2 calibrated;
    int status = chi2_calibrate(&part[TRAINING], &calibrated);
    for (int i = 0; i < PARTS; i++) out->events[i] = part[i].count;
    out->seed = chosen->seed;
    out->efficiency[RANDOM] = 1.0 / (double)ORDERINGS;
    if (status >= 0) status = chi2_efficiency(&calibrated, &part[TEST], &out->efficiency[CHI2]);
    if (status >= 0)
        status = fit_efficiency(runtime, &calibrated, &part[TEST], &out->efficiency[FIT], error);
    for (int i = 0; i < 2 && status >= 0; i++)
        status = network_run(runtime, chosen, i, data, out, error);
    if (status < 0) return status;
    results_print(out);
    status = results_report(out, chosen->report, runtime, error);
    if (status < 0) return status;
    if (!chosen->is_quiet) printf("report: %s\n", chosen->report);
    printf("network efficiency %.4f raw %.4f derived (chi2+tags %.4f)\n",
           out->efficiency[NETWORK_RAW], out->efficiency[NETWORK_DERIVED],
           out->efficiency[CHI2_TAGS]);
    return WG_OK;
}

static int run(wg_runtime *runtime, const options *chosen, const events part[PARTS], results *out,
               wg_error *error)
{
    wg_dataset *data[PARTS] = { NULL, NULL, NULL };
    int status = WG_OK;
    for (int i = 0; i < PARTS && status >= 0; i++)
        status = inputs_make(runtime, &part[i], &data[i]);
    if (status >= 0)
        status = chosen->grid != NULL ? grid_run(runtime, chosen, data, error)
                                      : compare(runtime, chosen, part, data, out, error);
    for (int i = 0; i < PARTS; i++) wg_dataset_free(data[i]);
    return status;
}

int main(int count, char **argument)
{
    options chosen;
    wg_error error = { 0 };
    events all = { 0 };
    events part[PARTS] = { { 0 } };
    results found = { 0 };
    if (options_read(count, argument, &chosen) < 0) return 2;
    if (chosen.wants_help) {
        options_help();
        return 0;
    }
    wg_runtime *runtime =
        wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = chosen.threads));
    int status = runtime == NULL ? WG_EMEMORY : events_read(chosen.data, &all, &error);
    if (status >= 0) status = events_split(&all, chosen.seed, part, &error);
    if (status >= 0) status = run(runtime, &chosen, part, &found, &error);
    if (status < 0) fprintf(stderr, "ttbar: %s\n", wg_explain(status, NULL, &error));
    for (int i = 0; i < PARTS; i++) events_free(&part[i]);
    for (int i = 0; i < 2; i++) wg_history_free(found.history[i]);
    events_free(&all);
    wg_runtime_free(runtime);
    return status < 0;
}

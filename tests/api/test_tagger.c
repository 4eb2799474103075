/* The program p19 as a user would run it: a trainer and a model in files of their own, events from
 * an npz file. What the model is said to reach is computed once more in double. */
#include "support/test.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wengert/wengert.h>

#include "api/p19_model.h"
#include "golden/npz.h"

int p19_trainer_main(void);

enum { EVENTS = 40, JETS = 12, JET_VALUES = 3, EVENT_VALUES = 2, WIDTH = 512, DEPTH = 5 };

static const float *find(const wg_archive *archive, const char *layer, const char *name)
{
    char path[64];
    wg_view view = { 0 };
    snprintf(path, sizeof path, "%s/%s", layer, name);
    check_msg(wg_archive_find(archive, path, &view) == WG_OK, "%s", path);
    return view.data;
}

static void dense(const wg_archive *archive, const char *layer, int in, int out, const double *x,
                  double *y)
{
    const float *weight = find(archive, layer, "weight"), *bias = find(archive, layer, "bias");
    for (int j = 0; j < out; j++) y[j] = (double)bias[j];
    for (int i = 0; i < in; i++)
        for (int j = 0; j < out; j++) y[j] += x[i] * (double)weight[i * out + j];
}

/* The score of a jet with its event's values behind its own. */
static double score(const wg_archive *archive, const float *jet, const float *event)
{
    double x[WIDTH], y[WIDTH];
    int in = JET_VALUES + EVENT_VALUES;
    for (int i = 0; i < JET_VALUES; i++) x[i] = (double)jet[i];
    for (int i = 0; i < EVENT_VALUES; i++) x[JET_VALUES + i] = (double)event[i];
    for (int layer = 0; layer < DEPTH; layer++) {
        char name[32];
        const int out = WIDTH >> layer;
        snprintf(name, sizeof name, "hidden_%d/dense", layer);
        dense(archive, name, in, out, x, y);
        for (int i = 0; i < out; i++) x[i] = fmax(y[i], 0);
        in = out;
    }
    dense(archive, "score", in, 1, x, y);
    return y[0];
}

/* Means over all events: of the mean cross-entropy of an event's jets, and of the events whose
 * right jet has the highest score. */
static void expect(const wg_archive *archive, const wg_dataset *data, double *loss, double *metric)
{
    wg_view jets, event, t;
    check_status(wg_dataset_find(data, "jets", &jets), WG_OK);
    check_status(wg_dataset_find(data, "event", &event), WG_OK);
    check_status(wg_dataset_find(data, "t", &t), WG_OK);
    check_equal_i(wg_dataset_count(data), EVENTS);
    *loss = *metric = 0;
    for (int i = 0; i < EVENTS; i++) {
        const int right = ((const int32_t *)t.data)[i];
        int best = 0;
        double highest = -INFINITY;
        for (int j = 0; j < JETS; j++) {
            const float *jet = (const float *)jets.data + (i * JETS + j) * JET_VALUES;
            const double s = score(archive, jet, (const float *)event.data + i * EVENT_VALUES);
            *loss += log1p(exp(j == right ? -s : s)) / (EVENTS * JETS);
            if (s > highest) best = j;
            highest = fmax(s, highest);
        }
        *metric += best == right ? 1 / (double)EVENTS : 0;
    }
}

static void file_write(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    check(file != NULL);
    check(fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

/* The program's model, read back, on all events. */
static void check_model(void)
{
    wg_error error = { 0 };
    wg_dataset *data;
    wg_archive *archive;
    double loss = 0, metric = 0, expected_loss, expected_metric;
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_params *params = wg_params_create(NULL);
    check_msg(wg_dataset_read_npz("events.npz", &data, &error) == WG_OK, "%s", error.message);
    check_msg(wg_params_load(params, "tagger.safetensors", NULL, &error) > 0, "%s", error.message);
    check_status(wg_params_save(params, "weights.safetensors", &error), WG_OK);
    check_msg(wg_archive_open("weights.safetensors", &archive, &error) == WG_OK, "%s",
              error.message);
    const int status =
        wg_evaluate(runtime, jet_tagger(), params, data, &loss, &metric, &error);
    check_msg(status >= 0, "%s", error.message);
    expect(archive, data, &expected_loss, &expected_metric);
    /* f32 through six layers: their rounding, not a bound. */
    check_close(loss, expected_loss, 1e-5);
    check_close(metric, expected_metric, 1e-6);
    check_msg(metric > 0.9, "the jet that stands out is found in %g of all events", metric);
    wg_archive_free(archive);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

Test(tagger, p19_trains_a_model_that_it_does_not_know)
{
    char before[1024], folder[] = "/tmp/wengert_XXXXXX";
    check(getcwd(before, sizeof before) != NULL && mkdtemp(folder) != NULL && chdir(folder) == 0);
    check_equal_i(p19_trainer_main(), 1); /* no such file */
    file_write("events.npz", golden_npz_events, sizeof golden_npz_events / 2);
    check_equal_i(p19_trainer_main(), 1);
    file_write("events.npz", golden_npz_events, sizeof golden_npz_events - 1);
    check_equal_i(p19_trainer_main(), 0);
    signal(SIGINT, SIG_DFL); /* the program's own handler only told itself to stop */
    check_model();
    check(unlink("events.npz") == 0 && unlink("tagger.safetensors") == 0);
    check(unlink("weights.safetensors") == 0 && unlink("report.html") == 0);
    check(chdir(before) == 0 && rmdir(folder) == 0);
}

/* A training and everything about it on one page: curves of loss, metric and rate, what was
 * confused, the trade between the two errors, what the network says over the plane, what is inside
 * it, and how to make it again. The page is one file without script or request.
 *
 *     18_report          FILE is 18_report.html
 *     18_report FILE [setting=value ...]                                                         */
#include <stdio.h>
#include <wengert/metrics.h>
#include <wengert/wengert.h>

enum { CLASSES = 2, GRID = 40, PARTS = 3 };

static wg_var network(wg_scope scope, wg_var x, void *user)
{
    const wg_config *config = user;
    const wg_dense_options options = { .activation = wg_mish };
    const int64_t width = (int64_t)wg_config_number(config, "width");
    x = wg_standardize(scope, "input", x);
    x = wg_dense(scope, "hidden_1", x, width, &options);
    x = wg_dense(scope, "hidden_2", x, width / 2, &options);
    return wg_dense(scope, "logits", x, CLASSES, NULL);
}

static double schedule(int64_t step, int64_t step_count, double rate, void *user)
{
    (void)user;
    return wg_rate_one_cycle(step, step_count, rate);
}

static int declare(wg_config *config)
{
    int status = wg_config_declare(config, "points", "600", "how many are made");
    if (status >= 0) status = wg_config_declare(config, "noise", "0.6", "of their places");
    if (status >= 0) status = wg_config_declare(config, "width", "16", "of the first layer");
    if (status >= 0) status = wg_config_declare(config, "rate", "0.02", "the highest");
    if (status >= 0) status = wg_config_declare(config, "epochs", "150", NULL);
    if (status >= 0) status = wg_config_declare(config, "seed", "1", NULL);
    return status;
}

/* ---- sections ---- */

typedef struct job {
    wg_runtime *runtime;
    wg_config *config;
    wg_model model;
    wg_params *params;
    wg_dataset *all, *part[PARTS]; /* training, validation, test */
    wg_history *history;
    wg_report *report;
} job;

/* How sure the network is of class 1, row by row of x [n, 2]. */
static int ask(const job *self, wg_view x, float *share, wg_error *error)
{
    float logits[GRID * GRID][CLASSES];
    const int64_t count = x.shape.dim[0];
    if (count > GRID * GRID) return WG_ELIMIT;
    int status = wg_predict(self->runtime, &self->model, self->params, x,
                            wg_tensor_of(logits, WG_F32, WG_SHAPE(count, CLASSES)), error);
    if (status < 0) return status;
    wg_tape *tape = wg_tape_create(NULL);
    wg_var odds = wg_softmax(wg_input(tape, "x", wg_f32(logits[0], WG_SHAPE(count, CLASSES))), 1);
    status = wg_read_f32(self->runtime, wg_squeeze(wg_slice(odds, 1, 1, 2, 1), WG_AXES(1)), share,
                         count);
    wg_tape_free(tape);
    return status;
}

/* What the test says: the four counts, and the errors of both kinds at every threshold. */
static int add_errors(const job *self, wg_error *error)
{
    static const char *const names[CLASSES] = { "lower", "upper" };
    const wg_matrix_names matrix = { "truth", "called", names, names, { 0 } };
    float share[GRID * GRID];
    int32_t called[GRID * GRID];
    int64_t count[CLASSES * CLASSES];
    wg_view x, t;
    int status = wg_dataset_find(self->part[2], "x", &x);
    if (status >= 0) status = wg_dataset_find(self->part[2], "t", &t);
    if (status >= 0) status = ask(self, x, share, error);
    if (status < 0) return status;
    const wg_shape rows = WG_SHAPE(x.shape.dim[0]);
    for (int64_t i = 0; i < rows.dim[0]; i++) called[i] = share[i] > 0.5f;
    status = wg_confusion(wg_i32(called, rows), t, CLASSES, count);
    if (status < 0) return status;
    printf("%lld of %lld test points are called right\n", (long long)(count[0] + count[3]),
           (long long)rows.dim[0]);
    (void)wg_report_matrix(self->report, "Test points", wg_i64(count, WG_SHAPE(CLASSES, CLASSES)),
                           &matrix);
    return wg_report_roc(self->report, "Both errors, at every threshold", wg_f32(share, rows), t);
}

static int add_plane(const job *self, wg_error *error)
{
    float point[GRID * GRID][2], share[GRID * GRID];
    wg_surface surface = { .x_lower = -6, .x_upper = 6, .y_lower = -6, .y_upper = 6,
                           .grid = wg_f32(share, WG_SHAPE(GRID, GRID)) };
    for (int i = 0; i < GRID * GRID; i++) {
        point[i][0] = -6 + 12 * ((float)(i % GRID) + 0.5f) / (float)GRID;
        point[i][1] = -6 + 12 * ((float)(i / GRID) + 0.5f) / (float)GRID;
    }
    int status = ask(self, wg_f32(point[0], WG_SHAPE(GRID * GRID, 2)), share, error);
    if (status >= 0) status = wg_dataset_find(self->part[2], "x", &surface.points);
    if (status >= 0) status = wg_dataset_find(self->part[2], "t", &surface.classes);
    return status < 0 ? status : wg_report_surface(self->report, "Over the plane", &surface);
}

static int add_all(const job *self, const char *path, wg_error *error)
{
    (void)wg_report_history(self->report, "Training", self->history);
    int status = add_errors(self, error);
    if (status >= 0) status = add_plane(self, error);
    (void)wg_report_layers(self->report, "Inside", self->runtime, &self->model, self->params,
                           self->part[1]);
    (void)wg_report_model(self->report, "Model", self->params);
    (void)wg_report_config(self->report, "Configuration", self->config);
    (void)wg_report_receipt(self->report, "Receipt", self->all, self->params);
    return status < 0 ? status : wg_report_save(self->report, path, error);
}

/* ---- the whole ---- */

static int train(job *self, wg_error *error)
{
    const wg_config *config = self->config;
    const uint64_t seed = (uint64_t)wg_config_number(config, "seed");
    const double shares[PARTS] = { 0.6, 0.2, 0.2 };
    const wg_train_options options = {
        .optimizer = wg_adam(wg_config_number(config, "rate"), NULL), .rate = schedule,
        .epochs = (int64_t)wg_config_number(config, "epochs"), .batch_size = 20, .seed = seed,
    };
    wg_view x;
    int status = wg_dataset_generate("spiral", (int64_t)wg_config_number(config, "points"),
                                     wg_config_number(config, "noise"), seed, &self->all, error);
    if (status >= 0)
        status = wg_dataset_split(self->all, PARTS, shares,
                                  WG_OPTIONS(wg_split_options, .seed = seed), self->part, error);
    if (status >= 0) status = wg_dataset_find(self->part[0], "x", &x);
    self->params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = seed));
    if (status >= 0) status = wg_standardize_fit(self->params, "input", x, error);
    if (status >= 0)
        status = wg_train(self->runtime, &self->model, self->params, self->part[0], self->part[1],
                          &options, &self->history, error);
    return status;
}

int main(int count, char **argument)
{
    wg_error error = { 0 };
    job self = { .runtime = wg_runtime_create(NULL), .config = wg_config_create(NULL),
                 .report = wg_report_create("Two spirals", NULL) };
    self.model = (wg_model){ .network = network, .loss = wg_cross_entropy, .metric = wg_accuracy,
                             .user = self.config };
    int status = declare(self.config);
    if (status >= 0 && count > 2)
        status = wg_config_arguments(self.config, count - 2, argument + 2, &error);
    if (status >= 0) status = train(&self, &error);
    if (status >= 0) status = add_all(&self, count > 1 ? argument[1] : "18_report.html", &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    wg_report_free(self.report);
    wg_history_free(self.history);
    wg_params_free(self.params);
    for (int i = 0; i < PARTS; i++) wg_dataset_free(self.part[i]);
    wg_dataset_free(self.all);
    wg_config_free(self.config);
    wg_runtime_free(self.runtime);
    return status < 0;
}

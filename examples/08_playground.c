/* The six sets of a well-known playground, with its settings: a small tanh network, SGD at 0.03,
 * batches of 10, half of the points for training. Prints how well each is learnt; with --report
 * FILE draws what the network says over the plane.
 *
 * The loss is the playground's, half the squared distance to -1 or 1: three lines of one's own. So
 * is the metric, which is a loss that nobody differentiates.                                     */
#include <stdio.h>
#include <string.h>
#include <wengert/wengert.h>

enum { POINTS = 500, GRID = 48, SEED = 4 };

typedef struct problem {
    const char *set;
    bool has_classes;
    int64_t hidden[2];
    int64_t epochs;
} problem;

static const problem problems[] = {
    { "circle", true, { 4, 2 }, 100 }, { "xor", true, { 4, 2 }, 200 },
    { "gauss", true, { 4, 2 }, 20 },   { "spiral", true, { 8, 8 }, 600 },
    { "plane", false, { 4, 2 }, 20 },  { "bumps", false, { 8, 8 }, 200 },
};

static wg_var network(wg_scope scope, wg_var x, void *user)
{
    const problem *p = user;
    wg_dense_options options = {
        .activation = wg_tanh,
        .weight = wg_init_uniform(-0.5, 0.5),
        .bias = wg_init_constant(0.1),
    };
    x = wg_dense(scope, "hidden_1", x, p->hidden[0], &options);
    x = wg_dense(scope, "hidden_2", x, p->hidden[1], &options);
    if (!p->has_classes) options.activation = NULL;
    return wg_dense(scope, "output", x, 1, &options);
}

/* Classes 0 and 1 become -1 and 1; numbers stay. */
static wg_var aim(wg_var output, wg_var t)
{
    if (wg_dtype_of(t) == WG_F32) return t;
    t = wg_expand(wg_cast(t, wg_dtype_of(output)), 1);
    return wg_shift(wg_scale(t, 2), -1);
}

static wg_var half_squared_error(wg_var output, wg_var t)
{
    return wg_scale(wg_squared_error(output, aim(output, t)), 0.5);
}

static wg_var right_side(wg_var output, wg_var t)
{
    wg_var agreement = wg_mul(output, aim(output, t));
    return wg_cast(wg_gt(agreement, wg_number(agreement, 0)), WG_F32);
}

/* What the network says at the middles of GRID x GRID cells, as a share between 0 and 1. */
static int draw(wg_runtime *runtime, const wg_model *model, wg_params *params, const problem *p,
                const wg_dataset *data, wg_report *report, wg_error *error)
{
    static float point[GRID * GRID][2], value[GRID * GRID];
    wg_surface surface = { .x_lower = -6, .x_upper = 6, .y_lower = -6, .y_upper = 6,
                           .grid = wg_f32(value, WG_SHAPE(GRID, GRID)) };
    for (int i = 0; i < GRID * GRID; i++) {
        point[i][0] = -6 + 12 * ((float)(i % GRID) + 0.5f) / (float)GRID;
        point[i][1] = -6 + 12 * ((float)(i / GRID) + 0.5f) / (float)GRID;
    }
    int status = wg_predict(runtime, model, params, wg_f32(&point[0][0], WG_SHAPE(GRID * GRID, 2)),
                            wg_tensor_of(value, WG_F32, WG_SHAPE(GRID * GRID, 1)), error);
    for (int i = 0; i < GRID * GRID; i++) value[i] = 0.5f + 0.5f * value[i];
    if (status >= 0) status = wg_dataset_find(data, "x", &surface.points);
    if (status >= 0) status = wg_dataset_find(data, "t", &surface.classes);
    if (!p->has_classes) surface.points = surface.classes = (wg_view){ 0 };
    return status < 0 ? status : wg_report_surface(report, p->set, &surface);
}

static int solve(wg_runtime *runtime, const problem *p, wg_report *report, wg_error *error)
{
    wg_dataset *all = NULL, *part[2] = { NULL, NULL };
    wg_history *history = NULL;
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = SEED));
    const wg_model model = { .network = network, .loss = half_squared_error,
                             .metric = p->has_classes ? right_side : NULL, .user = (void *)p };
    const wg_train_options options = { .optimizer = wg_sgd(0.03, NULL), .epochs = p->epochs,
                                       .batch_size = 10, .seed = SEED, .keep_last = true };
    const double half[2] = { 1, 1 };
    double loss, metric;

    int status = wg_dataset_generate(p->set, POINTS, 0, SEED, &all, error);
    if (status >= 0)
        status = wg_dataset_split(all, 2, half, WG_OPTIONS(wg_split_options, .seed = SEED), part,
                                  error);
    if (status >= 0)
        status = wg_train(runtime, &model, params, part[0], part[1], &options, &history, error);
    if (status >= 0) status = wg_evaluate(runtime, &model, params, part[1], &loss, &metric, error);
    if (status >= 0) {
        printf("%-8s %5lld  %9.5f", p->set, (long long)p->epochs, loss);
        if (p->has_classes) printf("  %7.3f", metric);
        printf("\n");
    }
    if (status >= 0 && report != NULL)
        status = draw(runtime, &model, params, p, part[1], report, error);
    wg_history_free(history);
    wg_params_free(params);
    wg_dataset_free(part[0]);
    wg_dataset_free(part[1]);
    wg_dataset_free(all);
    return status;
}

int main(int count, char **argument)
{
    const bool has_report = count == 3 && strcmp(argument[1], "--report") == 0;
    wg_error error = { 0 };
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_report *report = has_report ? wg_report_create("Playground", NULL) : NULL;
    int status = WG_OK;
    printf("set      epochs  test loss  accuracy\n");
    for (size_t i = 0; i < sizeof problems / sizeof *problems && status >= 0; i++)
        status = solve(runtime, &problems[i], report, &error);
    if (status >= 0 && has_report) status = wg_report_save(report, argument[2], &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    wg_report_free(report);
    wg_runtime_free(runtime);
    return status < 0;
}

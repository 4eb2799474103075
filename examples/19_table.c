/* A table in a CSV file, from its names to what a model of it is worth: classes by name, a scaler
 * fitted to the training rows, logistic regression by L-BFGS, its confusion matrix, ROC and
 * calibration on rows it never saw; then clusters, found without the names; then the same file
 * streamed, as one does with a file larger than memory.                                          */
#include <stdio.h>
#include <stdlib.h>
#include <wengert/wengert.h>

static const char *const path = "19_table.csv";
enum { ROWS = 600, CLASSES = 2, TEST_MAX = ROWS, BINS = 5 };

/* Two kinds that overlap, measured in units of very different size. */
static int table_write(wg_error *error)
{
    static const char *const kind[CLASSES] = { "rare", "plain" };
    wg_dataset *data = NULL;
    wg_view x, t;
    int status = wg_dataset_generate("gauss", ROWS, 0.3, 4, &data, error);
    FILE *file = status < 0 ? NULL : fopen(path, "w");
    if (status >= 0 && file == NULL) status = WG_EFILE;
    if (status >= 0) status = wg_dataset_find(data, "x", &x);
    if (status >= 0) status = wg_dataset_find(data, "t", &t);
    if (file != NULL) fputs("length,price,kind\n", file);
    for (int i = 0; i < ROWS && status >= 0; i++) {
        const float *point = (const float *)x.data + 2 * i;
        fprintf(file, "%.4f,%.1f,%s\n", (double)point[0], 1000 * (double)point[1] + 5000,
                kind[((const int32_t *)t.data)[i]]);
    }
    if (file != NULL) fclose(file);
    wg_dataset_free(data);
    return status;
}

/* One logit a row; its probability if user says so. */
static wg_var network(wg_scope scope, wg_var x, void *user)
{
    x = wg_dense(scope, "line", wg_standardize(scope, "scale", x), 1, NULL);
    return user == NULL ? x : wg_sigmoid(x);
}
static wg_var loss(wg_var output, wg_var t)
{
    return wg_binary_cross_entropy(wg_reshape(output, wg_shape_of(t)), t);
}
static const wg_model model = { .network = network, .loss = loss };

static int fit(wg_runtime *runtime, wg_params *params, const wg_dataset *train, wg_error *error)
{
    wg_lbfgs_result result;
    int status = wg_standardize_fit_column(params, "scale", train, "x", NULL, error);
    if (status >= 0)
        status = wg_minimize_lbfgs(runtime, &model, params, train, NULL, &result, error);
    if (status >= 0)
        printf("L-BFGS: loss %.4f, %s\n", result.loss, result.converged ? "converged" : "not yet");
    return status;
}

static int judge(wg_runtime *runtime, wg_params *params, const wg_dataset *test, wg_error *error)
{
    static float probability[TEST_MAX];
    static int32_t called[TEST_MAX];
    double mean[BINS], share[BINS], distance;
    int64_t count[CLASSES * CLASSES];
    wg_view x, t;
    wg_roc roc;
    const int64_t rows = wg_dataset_count(test);
    const wg_model asked = { .network = network, .loss = loss, .user = params };
    int status = wg_dataset_find(test, "x", &x);
    if (status >= 0) status = wg_dataset_find(test, "t", &t);
    const wg_tensor out = wg_tensor_of(probability, WG_F32, WG_SHAPE(rows, 1));
    if (status >= 0) status = wg_predict(runtime, &asked, params, x, out, error);
    for (int64_t i = 0; i < rows; i++) called[i] = probability[i] > 0.5f;
    const wg_view said = wg_f32(probability, WG_SHAPE(rows));
    if (status >= 0) status = wg_confusion(wg_i32(called, WG_SHAPE(rows)), t, CLASSES, count);
    if (status >= 0)
        status = wg_roc_curve(said, t, (wg_tensor){ 0 }, (wg_tensor){ 0 }, &roc);
    if (status >= 0)
        status = wg_calibration(said, t, wg_tensor_of(mean, WG_F64, WG_SHAPE(BINS)),
                                wg_tensor_of(share, WG_F64, WG_SHAPE(BINS)), &distance);
    if (status < 0) return status;
    for (int i = 0; i < CLASSES; i++)
        printf("%-6s called %s %3lld times, %s %3lld times\n", wg_dataset_label(test, i),
               wg_dataset_label(test, 0), (long long)count[i * CLASSES],
               wg_dataset_label(test, 1), (long long)count[i * CLASSES + 1]);
    printf("area under the ROC %.4f, calibration off by %.3f\n", roc.area, distance);
    return WG_OK;
}

/* The share of rows whose cluster is that of most of their kind. */
static int clusters(wg_runtime *runtime, const wg_dataset *data, wg_error *error)
{
    static double x[ROWS][2]; /* of one size: k-means knows no units */
    static int32_t cluster[ROWS];
    double centre[CLASSES][2];
    int64_t count[CLASSES * CLASSES];
    wg_view of_x, t;
    int status = wg_dataset_find(data, "x", &of_x);
    if (status >= 0) status = wg_dataset_find(data, "t", &t);
    for (int i = 0; i < ROWS && status >= 0; i++) {
        x[i][0] = (double)((const float *)of_x.data)[2 * i];
        x[i][1] = (double)((const float *)of_x.data)[2 * i + 1] / 1000 - 5;
    }
    if (status >= 0)
        status = wg_kmeans(runtime, wg_f64(&x[0][0], WG_SHAPE(ROWS, 2)), CLASSES, NULL,
                           wg_tensor_of(centre, WG_F64, WG_SHAPE(CLASSES, 2)),
                           wg_tensor_of(cluster, WG_I32, WG_SHAPE(ROWS)), NULL, error);
    if (status >= 0) status = wg_confusion(wg_i32(cluster, WG_SHAPE(ROWS)), t, CLASSES, count);
    if (status < 0) return status;
    const int64_t same = count[0] + count[3];
    printf("clusters: %.3f of the rows lie with their kind\n",
           (double)(same > ROWS - same ? same : ROWS - same) / (double)ROWS);
    return WG_OK;
}

static int stream(wg_runtime *runtime, wg_params *params, const wg_dataset *data, wg_error *error)
{
    double of_memory = 0, of_file = 0;
    wg_dataset *file = NULL;
    const wg_csv_options options = { .labels = true, .stream = true };
    int status = wg_dataset_read_csv(path, &options, &file, error);
    if (status >= 0) status = wg_evaluate(runtime, &model, params, data, &of_memory, NULL, error);
    if (status >= 0) status = wg_evaluate(runtime, &model, params, file, &of_file, NULL, error);
    wg_dataset_free(file);
    if (status < 0) return status;
    printf("streamed: loss %.4f, %s bits\n", of_file, of_file == of_memory ? "the same" : "other");
    return WG_OK;
}

int main(void)
{
    wg_error error = { 0 };
    const double share[2] = { 2, 1 };
    wg_dataset *data = NULL, *part[2] = { NULL, NULL };
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_params *params = wg_params_create(NULL);
    const wg_csv_options named = { .labels = true };
    const wg_split_options even = { .seed = 1, .stratify = "t" };
    int status = table_write(&error);
    if (status >= 0) status = wg_dataset_read_csv(path, &named, &data, &error);
    if (status >= 0) status = wg_dataset_split(data, 2, share, &even, part, &error);
    if (status >= 0) status = fit(runtime, params, part[0], &error);
    if (status >= 0) status = judge(runtime, params, part[1], &error);
    if (status >= 0) status = clusters(runtime, data, &error);
    if (status >= 0) status = stream(runtime, params, data, &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    remove(path);
    for (int k = 0; k < 2; k++) wg_dataset_free(part[k]);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return status < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Means by their definition, weights included, and predictions row by row. */
#include "support/problem.h"

#include <math.h>
#include <stdlib.h>

static wg_var straight(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    return wg_dense(scope, "line", x, 2, NULL);
}

/* Means over two outputs a row, and over rows by weight, by the definition; a row of weight 0 may
 * hold what it likes.                                                                           */
Test(evaluate, means_are_weighted)
{
    const float x[4] = { 1, 2, 3, 4 };
    const float t[8] = { 1, 0, 0, 1, 5, 5, NAN, INFINITY };
    const float weight[4] = { 1, 2, 0.5f, 0 };
    const float line[2] = { 2, -1 };
    const float bias[2] = { 0.5f, 1 };
    const wg_model lines = { .network = straight, .loss = wg_squared_error };
    wg_params *params = test_params(0);
    wg_runtime *runtime = test_runtime(1);
    wg_dataset *data = wg_dataset_create(NULL);
    check_equal_i(wg_dataset_add(data, "x", wg_f32(x, WG_SHAPE(4, 1))), WG_OK);
    check_equal_i(wg_dataset_add(data, "t", wg_f32(t, WG_SHAPE(4, 2))), WG_OK);
    check_equal_i(wg_dataset_add(data, "weight", wg_f32(weight, WG_SHAPE(4))), WG_OK);
    check_equal_i(wg_params_set(params, "line/weight", wg_f32(line, WG_SHAPE(1, 2))), WG_OK);
    check_equal_i(wg_params_set(params, "line/bias", wg_f32(bias, WG_SHAPE(2))), WG_OK);
    double expected = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 2; j++)
            expected +=
                (double)weight[i] / 2 * pow((double)(x[i] * line[j] + bias[j] - t[2 * i + j]), 2);
    double loss;
    double metric;
    wg_error error = { 0 };
    check_msg(wg_evaluate(runtime, &lines, params, data, &loss, &metric, &error) >= 0, "%s",
              error.message);
    check_close(loss, expected / 3.5, 1e-6);
    check_close(metric, -expected / 3.5, 1e-6);
    const wg_train_options options = { .optimizer = wg_sgd(0.01, NULL), .epochs = 20 };
    wg_history *history = NULL;
    check_msg(wg_train(runtime, &lines, params, data, NULL, &options, &history, &error) >= 0, "%s",
              error.message);
    check_close(test_epoch(history, 0).loss, expected / 3.5, 1e-6);
    check(test_epoch(history, 19).loss < test_epoch(history, 0).loss);
    check(test_epoch(history, 19).validation_loss != test_epoch(history, 19).validation_loss);
    wg_history_free(history);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
    wg_params_free(params);
}

/* 1300 rows are three batches; each row against its own recording. */
Test(evaluate, predicts_row_by_row)
{
    enum { COUNT = 1300 };
    wg_view x;
    wg_view one_row;
    wg_error error = { 0 };
    wg_params *params = test_params(3);
    wg_runtime *runtime = test_runtime(1);
    wg_dataset *data = test_problem(COUNT, 9, NULL);
    float *out = malloc(COUNT * TEST_WIDTH * sizeof *out);
    check(out != NULL);
    check_equal_i(wg_dataset_find(data, "x", &x), WG_OK);
    const wg_tensor whole = wg_tensor_of(out, WG_F32, WG_SHAPE(COUNT, TEST_WIDTH));
    check_msg(wg_predict(runtime, &test_model, params, x, whole, &error) >= 0, "%s", error.message);
    for (int64_t i = 0; i < COUNT; i += 100) {
        float row[TEST_WIDTH];
        one_row = wg_view_rows(x, i, i + 1);
        check_equal_i(wg_predict(runtime, &test_model, params, one_row,
                                 wg_tensor_of(row, WG_F32, WG_SHAPE(1, TEST_WIDTH)), NULL), WG_OK);
        check_bytes(row, out + i * TEST_WIDTH, sizeof row);
    }
    check_status(wg_predict(runtime, &test_model, params, x,
                            wg_tensor_of(out, WG_F32, WG_SHAPE(COUNT, 2)), &error), WG_ESHAPE);
    check_status(wg_predict(runtime, &test_model, params, x,
                            wg_tensor_of(out, WG_F32, WG_SHAPE(5, TEST_WIDTH)), &error), WG_ESHAPE);
    check_status(wg_predict(runtime, &test_model, params, (wg_view){ 0 }, whole, &error),
                 WG_EDTYPE);
    check_status(wg_predict(NULL, &test_model, params, x, whole, &error), WG_EINVALID);
    check_status(
        wg_predict(runtime, &(wg_model){ .objective = test_objective }, params, x, whole, &error),
        WG_EINVALID);
    free(out);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
    wg_params_free(params);
}

/* The trainer against a loop written out by hand, bit for bit; and everything it does around that
 * loop: the best epoch, early stops, weights, rates, callbacks, failures.                       */
#include "runtime/data/dataset.h"
#include "support/files.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wengert/train.h>

enum { ROWS = 200, WIDTH = 3 };

/* ---- a small problem: which of three sums of inputs is the largest ---- */

static wg_dataset *problem(int64_t rows, uint64_t seed, const wg_allocator *allocator)
{
    wg_dataset *data = wg_dataset_create(allocator);
    float *x = malloc((size_t)rows * WIDTH * sizeof *x);
    int32_t *t = malloc((size_t)rows * sizeof *t);
    check(x != NULL && t != NULL);
    uint64_t state = seed;
    for (int64_t i = 0; i < rows; i++) {
        t[i] = 0;
        for (int64_t j = 0; j < WIDTH; j++) {
            x[i * WIDTH + j] = (float)(test_random(&state) % 2001) / 1000.0f - 1.0f;
            if (x[i * WIDTH + j] > x[i * WIDTH + t[i]]) t[i] = (int32_t)j;
        }
    }
    int status =
        data == NULL ? WG_EMEMORY : wg_dataset_add(data, "x", wg_f32(x, WG_SHAPE(rows, WIDTH)));
    if (status >= 0) status = wg_dataset_add(data, "t", wg_i32(t, WG_SHAPE(rows)));
    free(x);
    free(t);
    if (status >= 0) return data;
    wg_dataset_free(data);
    return NULL;
}

static wg_var network(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    x = wg_dense(scope, "hidden", x, 8, WG_OPTIONS(wg_dense_options, .activation = wg_tanh));
    x = wg_dropout(scope, "drop", x, 0.1);
    return wg_dense(scope, "logits", x, WIDTH, NULL);
}

static const wg_model model = { .network = network,
                                .loss = wg_cross_entropy,
                                .metric = wg_accuracy };

static wg_runtime *runtime_of(int threads)
{
    return wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
}

static wg_params *params_of(uint64_t seed)
{
    return wg_params_create(WG_OPTIONS(wg_params_options, .seed = seed));
}

static void check_same_params(const wg_params *x, const wg_params *y)
{
    check_equal_i(wg_params_count(x), wg_params_count(y));
    for (int64_t i = 0; i < wg_params_count(x); i++) {
        wg_view of_x;
        wg_view of_y;
        check_text(wg_params_name(x, i), wg_params_name(y, i));
        check_equal_i(wg_params_find(x, wg_params_name(x, i), &of_x), WG_OK);
        check_equal_i(wg_params_find(y, wg_params_name(y, i), &of_y), WG_OK);
        check(of_x.dtype == of_y.dtype && wg_shape_equal(of_x.shape, of_y.shape));
        check_bytes(of_x.data, of_y.data,
                    (size_t)wg_shape_count(of_x.shape) * wg_dtype_bytes(of_x.dtype));
    }
}

/* ---- the loop by hand ---- */

static void step_by_hand(wg_runtime *runtime, wg_tape *tape, wg_params *params,
                         const wg_loader *loader, const wg_optimizer *optimizer)
{
    double loss;
    wg_tape_reset(tape);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var x = wg_batch(tape, "x", wg_loader_view(loader, "x"));
    const wg_var t = wg_batch(tape, "t", wg_loader_view(loader, "t"));
    const wg_var mean = wg_mean(wg_cross_entropy(network(scope, x, NULL), t), WG_ALL);
    check_equal_i(wg_minimize(optimizer, scope, mean), WG_OK);
    check_msg(wg_item(runtime, mean, &loss) >= 0, "%s", wg_tape_message(tape));
}

static void train_by_hand(wg_runtime *runtime, wg_params *params, const wg_dataset *data,
                          int64_t epochs, int64_t batch_size, uint64_t seed)
{
    const wg_optimizer adam = wg_adam(0.01, NULL);
    const wg_loader_options options = { .batch_size = batch_size, .seed = seed };
    wg_tape *tape = wg_tape_create(NULL);
    wg_loader *loader = NULL;
    check_equal_i(wg_loader_create(runtime, data, &options, &loader, NULL), WG_OK);
    for (int64_t epoch = 0; epoch < epochs; epoch++) {
        check_equal_i(wg_loader_start(loader, epoch), WG_OK);
        while (wg_loader_next(loader) > 0) step_by_hand(runtime, tape, params, loader, &adam);
    }
    wg_loader_free(loader);
    wg_tape_free(tape);
}

Test(train, is_the_loop_anybody_would_write)
{
    wg_error error = { 0 };
    wg_runtime *runtime = runtime_of(1);
    wg_dataset *data = problem(ROWS, 1, NULL);
    wg_params *by_hand = params_of(7);
    wg_params *params = params_of(7);
    const wg_train_options options = { .optimizer = wg_adam(0.01, NULL), .epochs = 3,
                                       .batch_size = 48, .seed = 5, .keep_last = true };
    train_by_hand(runtime, by_hand, data, 3, 48, 5);
    const int status = wg_train(runtime, &model, params, data, NULL, &options, NULL, &error);
    check_msg(status >= 0, "%s", error.message);
    check_same_params(params, by_hand);
    wg_params_free(params);
    wg_params_free(by_hand);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
}

/* ---- histories ---- */

typedef struct outcome {
    wg_params *params;
    wg_history *history;
    int status;
    wg_error error;
} outcome;

/* Trains the model on the problem, with another draw of it as validation data. */
static outcome train_with(const wg_model *what, const wg_train_options *options, int threads)
{
    outcome found = { .params = params_of(7) };
    wg_runtime *runtime = runtime_of(threads);
    wg_dataset *train = problem(ROWS, 1, NULL);
    wg_dataset *validation = problem(700, 2, NULL);
    found.status = wg_train(runtime, what, found.params, train, validation, options, &found.history,
                            &found.error);
    wg_dataset_free(train);
    wg_dataset_free(validation);
    wg_runtime_free(runtime);
    return found;
}

static void outcome_free(outcome *found)
{
    wg_params_free(found->params);
    wg_history_free(found->history);
}

static wg_epoch epoch_of(const wg_history *history, int64_t index)
{
    wg_epoch epoch = { 0 };
    check_equal_i(wg_history_epoch(history, index, &epoch), WG_OK);
    return epoch;
}

Test(train, learns)
{
    const wg_train_options options = { .optimizer = wg_adam(0.02, NULL), .epochs = 15,
                                       .batch_size = 20 };
    outcome found = train_with(&model, &options, 1);
    check_msg(found.status >= 0, "%s", found.error.message);
    check_equal_i(wg_history_count(found.history), 15);
    const wg_epoch first = epoch_of(found.history, 0);
    const wg_epoch last = epoch_of(found.history, 14);
    check(last.loss < 0.6 * first.loss);
    check_msg(last.validation_metric > 0.85, "accuracy %g", last.validation_metric);
    check(last.validation_loss < first.validation_loss);
    check_equal_i(first.step, 10);
    check_equal_i(last.step, 150);
    check_close(last.rate, 0.02, 0);
    outcome_free(&found);
}

Test(train, gives_the_same_bits_for_any_number_of_threads)
{
    const wg_train_options options = { .epochs = 2, .batch_size = 64 };
    outcome one = train_with(&model, &options, 1);
    outcome three = train_with(&model, &options, 3);
    check(one.status >= 0 && three.status >= 0);
    check_same_params(one.params, three.params);
    for (int64_t i = 0; i < 2; i++) {
        wg_epoch x = epoch_of(one.history, i);
        wg_epoch y = epoch_of(three.history, i);
        x.seconds = y.seconds = 0;
        check_bytes(&x, &y, sizeof x);
    }
    outcome_free(&one);
    outcome_free(&three);
}

/* Downhill for three epochs of ten steps, uphill afterwards: the third is the best. */
static double there_and_back(int64_t step, int64_t step_count, double rate, void *user)
{
    check_equal_i(step_count, *(const int64_t *)user);
    return step < 30 ? rate : -rate;
}

Test(train, restores_the_best_epoch)
{
    int64_t step_count = 60;
    wg_train_options options = { .optimizer = wg_adam(0.03, NULL), .epochs = 6, .batch_size = 20,
                                 .rate = there_and_back, .rate_user = &step_count };
    outcome found = train_with(&model, &options, 1);
    check_msg(found.status >= 0, "%s", found.error.message);
    const int64_t best_index = wg_history_best(found.history);
    const wg_epoch best = epoch_of(found.history, best_index);
    const wg_epoch last = epoch_of(found.history, 5);
    check(best_index < 5 && best.best && !last.best);
    check_close(best.rate, 0.03, 0);
    check_close(last.rate, -0.03, 0);
    check(best.validation_metric > last.validation_metric);

    double loss;
    double metric;
    wg_runtime *runtime = runtime_of(1);
    wg_dataset *validation = problem(700, 2, NULL);
    check_equal_i(wg_evaluate(runtime, &model, found.params, validation, &loss, &metric, NULL),
                  WG_OK);
    check_bytes(&loss, &best.validation_loss, sizeof loss);
    check_bytes(&metric, &best.validation_metric, sizeof metric);
    outcome_free(&found);

    options.keep_last = true;
    found = train_with(&model, &options, 1);
    check_equal_i(wg_evaluate(runtime, &model, found.params, validation, &loss, &metric, NULL),
                  WG_OK);
    check_bytes(&loss, &last.validation_loss, sizeof loss);
    outcome_free(&found);
    wg_dataset_free(validation);
    wg_runtime_free(runtime);
}

Test(train, stops_when_patience_ends)
{
    int64_t step_count = 1000;
    const wg_train_options options = { .optimizer = wg_adam(0.03, NULL), .epochs = 100,
                                       .batch_size = 20, .rate = there_and_back,
                                       .rate_user = &step_count, .patience = 4 };
    outcome found = train_with(&model, &options, 1);
    check(found.status >= 0);
    check_equal_i(wg_history_count(found.history), wg_history_best(found.history) + 5);
    outcome_free(&found);
}

typedef struct watcher { int64_t count; int answer; int64_t at; } watcher;

static int watch(const wg_epoch *epoch, void *user)
{
    watcher *self = user;
    check_equal_i(epoch->index, self->count);
    self->count++;
    return epoch->index == self->at ? self->answer : 0;
}

Test(train, asks_after_each_epoch)
{
    watcher user = { .answer = 1, .at = 2 };
    const wg_train_options options = { .epochs = 9, .batch_size = 100, .on_epoch = watch,
                                       .on_epoch_user = &user };
    outcome found = train_with(&model, &options, 1);
    check(found.status >= 0);
    check_equal_i(user.count, 3);
    check_equal_i(wg_history_count(found.history), 3);
    outcome_free(&found);

    user = (watcher){ .answer = WG_ECALLBACK, .at = 1 };
    found = train_with(&model, &options, 1);
    check_status(found.status, WG_ECALLBACK);
    check_contains(found.error.message, "on_epoch failed after epoch 2");
    check_equal_i(wg_history_count(found.history), 2);
    outcome_free(&found);
}

/* ---- what a model may be ---- */

static wg_var objective(wg_scope scope, void *user)
{
    const wg_var logits = network(scope, wg_column(scope, "x"), user);
    const wg_var target = wg_column(scope, "t");
    wg_note(scope, "right", wg_accuracy(logits, target));
    return wg_cross_entropy(logits, target);
}

Test(train, takes_an_objective_as_well)
{
    const wg_model other = { .objective = objective, .metric_note = "right" };
    const wg_train_options options = { .epochs = 2, .batch_size = 64 };
    outcome found = train_with(&model, &options, 1);
    outcome same = train_with(&other, &options, 1);
    check_msg(same.status >= 0, "%s", same.error.message);
    check_same_params(found.params, same.params);
    check_close(epoch_of(same.history, 1).validation_metric,
                epoch_of(found.history, 1).validation_metric, 0);
    outcome_free(&found);
    outcome_free(&same);
}

static wg_var straight(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    return wg_dense(scope, "line", x, 2, NULL);
}

/* Means over two outputs a row, and over rows by weight, by the definition; a row of weight 0 may
 * hold what it likes.                                                                           */
Test(train, means_are_weighted)
{
    const float x[4] = { 1, 2, 3, 4 };
    const float t[8] = { 1, 0, 0, 1, 5, 5, NAN, INFINITY };
    const float weight[4] = { 1, 2, 0.5f, 0 };
    const float line[2] = { 2, -1 };
    const float bias[2] = { 0.5f, 1 };
    const wg_model lines = { .network = straight, .loss = wg_squared_error };
    wg_params *params = params_of(0);
    wg_runtime *runtime = runtime_of(1);
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
    check_close(epoch_of(history, 0).loss, expected / 3.5, 1e-6);
    check(epoch_of(history, 19).loss < epoch_of(history, 0).loss);
    check(epoch_of(history, 19).validation_loss != epoch_of(history, 19).validation_loss);
    wg_history_free(history);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
    wg_params_free(params);
}

/* 1300 rows are three batches; each row against its own recording. */
Test(train, predicts_row_by_row)
{
    enum { COUNT = 1300 };
    wg_view x;
    wg_view one_row;
    wg_error error = { 0 };
    wg_params *params = params_of(3);
    wg_runtime *runtime = runtime_of(1);
    wg_dataset *data = problem(COUNT, 9, NULL);
    float *out = malloc(COUNT * WIDTH * sizeof *out);
    check(out != NULL);
    check_equal_i(wg_dataset_find(data, "x", &x), WG_OK);
    const wg_tensor whole = wg_tensor_of(out, WG_F32, WG_SHAPE(COUNT, WIDTH));
    check_msg(wg_predict(runtime, &model, params, x, whole, &error) >= 0, "%s", error.message);
    for (int64_t i = 0; i < COUNT; i += 100) {
        float row[WIDTH];
        one_row = wg_view_rows(x, i, i + 1);
        check_equal_i(wg_predict(runtime, &model, params, one_row,
                                 wg_tensor_of(row, WG_F32, WG_SHAPE(1, WIDTH)), NULL), WG_OK);
        check_bytes(row, out + i * WIDTH, sizeof row);
    }
    check_status(wg_predict(runtime, &model, params, x,
                            wg_tensor_of(out, WG_F32, WG_SHAPE(COUNT, 2)), &error), WG_ESHAPE);
    check_status(wg_predict(runtime, &model, params, x,
                            wg_tensor_of(out, WG_F32, WG_SHAPE(5, WIDTH)), &error), WG_ESHAPE);
    check_status(wg_predict(runtime, &model, params, (wg_view){ 0 }, whole, &error), WG_EDTYPE);
    check_status(wg_predict(NULL, &model, params, x, whole, &error), WG_EINVALID);
    check_status(
        wg_predict(runtime, &(wg_model){ .objective = objective }, params, x, whole, &error),
        WG_EINVALID);
    free(out);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
    wg_params_free(params);
}

/* Saved in the middle, loaded into new params: moments, powers, draws and seed are all there. */
Test(train, resumes_from_a_file_as_if_it_had_not_stopped)
{
    const char *path = test_path("resume.safetensors");
    wg_error error = { 0 };
    wg_runtime *runtime = runtime_of(1);
    wg_dataset *data = problem(ROWS, 1, NULL);
    wg_params *straight_on = params_of(21);
    wg_params *before = params_of(21);
    wg_params *after = params_of(0);
    for (int i = 0; i < 2; i++) train_by_hand(runtime, straight_on, data, 1, 32, 4);
    train_by_hand(runtime, before, data, 1, 32, 4);
    check_msg(wg_params_save(before, path, &error) >= 0, "%s", error.message);
    check_msg(wg_params_load(after, path, "*", &error) > 0, "%s", error.message);
    check_same_params(before, after);
    train_by_hand(runtime, after, data, 1, 32, 4);
    check_same_params(straight_on, after);
    test_file_remove(path);
    wg_params_free(straight_on);
    wg_params_free(before);
    wg_params_free(after);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
}

/* ---- failures ---- */

/* Fine for an epoch, then steps that no number survives. */
static double explode(int64_t step, int64_t step_count, double rate, void *user)
{
    (void)step_count;
    (void)user;
    return step < 10 ? rate : 1e38;
}

Test(train, stops_where_values_are_not_finite)
{
    wg_train_options options = { .optimizer = wg_sgd(0.1, NULL), .epochs = 5, .batch_size = 20,
                                 .rate = explode };
    outcome found = train_with(&model, &options, 1);
    check_status(found.status, WG_EFINITE);
    check_contains(found.error.message, "epoch 2, step ");
    check_equal_i(wg_history_count(found.history), 1);
    /* The first epoch was the best, and its parameters are back. */
    double loss;
    wg_runtime *runtime = runtime_of(1);
    wg_dataset *validation = problem(700, 2, NULL);
    check_equal_i(wg_evaluate(runtime, &model, found.params, validation, &loss, NULL, NULL), WG_OK);
    check_close(loss, epoch_of(found.history, 0).validation_loss, 0);
    wg_dataset_free(validation);
    wg_runtime_free(runtime);
    outcome_free(&found);
}

static wg_var no_network(wg_scope scope, wg_var x, void *user)
{
    (void)scope;
    (void)user;
    (void)x;
    return (wg_var){ 0 };
}

static wg_var wrong_width(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    return wg_matmul(wg_dense(scope, "hidden", x, 8, NULL), x);
}

static wg_var mean_loss(wg_var output, wg_var target)
{
    return wg_mean(wg_cross_entropy(output, target), WG_ALL);
}

Test(train, names_epoch_step_and_reason)
{
    const wg_train_options options = { .epochs = 1 };
    wg_model bad = model;
    bad.network = no_network;
    outcome found = train_with(&bad, &options, 1);
    check(found.status < 0 && found.history == NULL);
    check_contains(found.error.message, "epoch 1, step 1: ");
    outcome_free(&found);
    bad.network = wrong_width;
    found = train_with(&bad, &options, 1);
    check_status(found.status, WG_ESHAPE);
    check_contains(found.error.message, "epoch 1, step 1: ");
    check_contains(found.error.message, "[32, 8]");
    outcome_free(&found);
    bad = model;
    bad.loss = mean_loss;
    found = train_with(&bad, &options, 1);
    check_status(found.status, WG_ESHAPE);
    check_contains(found.error.message, "one value a sample");
    outcome_free(&found);
    bad = (wg_model){ .objective = objective, .metric_note = "wrong" };
    found = train_with(&bad, &options, 1);
    check_status(found.status, WG_ENAME);
    outcome_free(&found);
}

Test(train, names_the_validation_that_failed)
{
    const float x[WIDTH] = { 0 };
    wg_error error = { 0 };
    wg_history *history = NULL;
    wg_runtime *runtime = runtime_of(1);
    wg_params *params = params_of(0);
    wg_dataset *data = problem(10, 1, NULL);
    wg_dataset *no_target = wg_dataset_create(NULL);
    check_equal_i(wg_dataset_add(no_target, "x", wg_f32(x, WG_SHAPE(1, WIDTH))), WG_OK);
    const int status = wg_train(runtime, &model, params, data, no_target, NULL, &history, &error);
    check_status(status, WG_ENAME);
    check_contains(error.message, "epoch 1, validation: ");
    check_contains(error.message, "no input is named t");
    check(history == NULL);
    check_status(wg_evaluate(runtime, &model, params, no_target, NULL, NULL, &error), WG_ENAME);
    check_contains(error.message, "evaluation: ");
    wg_dataset_free(no_target);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

Test(train, refuses_bad_arguments)
{
    wg_error error = { 0 };
    wg_history *history = NULL;
    wg_runtime *runtime = runtime_of(1);
    wg_params *params = params_of(0);
    wg_dataset *data = problem(10, 1, NULL);
    wg_dataset *empty = wg_dataset_create(NULL);
    const wg_model none = { .network = network };
    const wg_model both = { .network = network, .loss = wg_cross_entropy, .objective = objective };
    const wg_model dirty = { .network = network, .loss = wg_cross_entropy, .reserved = { 1 } };
    check_status(wg_train(NULL, &model, params, data, NULL, NULL, &history, &error), WG_EINVALID);
    check_status(wg_train(runtime, NULL, params, data, NULL, NULL, &history, &error), WG_EINVALID);
    check_status(wg_train(runtime, &none, params, data, NULL, NULL, &history, &error), WG_EINVALID);
    check_status(wg_train(runtime, &both, params, data, NULL, NULL, &history, &error), WG_EINVALID);
    check_status(wg_train(runtime, &dirty, params, data, NULL, NULL, &history, &error),
                 WG_EINVALID);
    check_status(wg_train(runtime, &model, NULL, data, NULL, NULL, &history, &error), WG_EINVALID);
    check_status(wg_train(runtime, &model, params, NULL, NULL, NULL, &history, &error),
                 WG_EINVALID);
    check_status(wg_train(runtime, &model, params, empty, NULL, NULL, &history, &error),
                 WG_EINVALID);
    check_status(wg_train(runtime, &model, params, data, empty, NULL, &history, &error),
                 WG_EINVALID);
    const wg_train_options bad[4] = { { .epochs = -1 }, { .batch_size = -1 }, { .patience = -1 },
                                      { .reserved = { 0, 1 } } };
    for (int i = 0; i < 4; i++)
        check_status(wg_train(runtime, &model, params, data, NULL, &bad[i], &history, &error),
                     WG_EINVALID);
    check(history == NULL);
    check_equal_i(wg_params_count(params), 0);
    check_status(wg_evaluate(NULL, &model, params, data, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_evaluate(runtime, NULL, params, data, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_evaluate(runtime, &model, NULL, data, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_evaluate(runtime, &model, params, NULL, NULL, NULL, &error), WG_EINVALID);
    wg_dataset_free(empty);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

/* Everything from one allocator: data, params, runtime, and what training takes. */
static int train_small(const wg_allocator *allocator, void *user)
{
    (void)user;
    int status = WG_EMEMORY;
    wg_history *history = NULL;
    wg_runtime *runtime =
        wg_runtime_create(WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 1));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    wg_dataset *data = problem(8, 1, allocator);
    const wg_train_options options = { .epochs = 2, .batch_size = 4 };
    if (runtime != NULL && params != NULL && data != NULL)
        status = wg_train(runtime, &model, params, data, data, &options, &history, NULL);
    check(status < 0 || wg_history_count(history) == 2);
    wg_history_free(history);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return status;
}

Test(train, gives_all_back_when_memory_ends)
{
    check(test_memory_fail_each(train_small, NULL) > 50);
}

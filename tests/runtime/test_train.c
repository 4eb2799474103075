/* The trainer against a loop written out by hand, bit for bit; and everything it does around that
 * loop: the best epoch, early stops, rates, callbacks, objectives, files to resume from. */
#include "support/files.h"
#include "support/problem.h"

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
    const wg_var mean = wg_mean(wg_cross_entropy(test_network(scope, x, NULL), t), WG_ALL);
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
    wg_runtime *runtime = test_runtime(1);
    wg_dataset *data = test_problem(TEST_ROWS, 1, NULL);
    wg_params *by_hand = test_params(7);
    wg_params *params = test_params(7);
    const wg_train_options options = { .optimizer = wg_adam(0.01, NULL), .epochs = 3,
                                       .batch_size = 48, .seed = 5, .keep_last = true };
    train_by_hand(runtime, by_hand, data, 3, 48, 5);
    const int status = wg_train(runtime, &test_model, params, data, NULL, &options, NULL, &error);
    check_msg(status >= 0, "%s", error.message);
    check_same_params(params, by_hand);
    wg_params_free(params);
    wg_params_free(by_hand);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
}

/* ---- histories ---- */

Test(train, learns)
{
    const wg_train_options options = { .optimizer = wg_adam(0.02, NULL), .epochs = 15,
                                       .batch_size = 20 };
    test_outcome found = test_train(&test_model, &options, 1);
    check_msg(found.status >= 0, "%s", found.error.message);
    check_equal_i(wg_history_count(found.history), 15);
    const wg_epoch first = test_epoch(found.history, 0);
    const wg_epoch last = test_epoch(found.history, 14);
    check(last.loss < 0.6 * first.loss);
    check_msg(last.validation_metric > 0.85, "accuracy %g", last.validation_metric);
    check(last.validation_loss < first.validation_loss);
    check_equal_i(first.step, 10);
    check_equal_i(last.step, 150);
    check_close(last.rate, 0.02, 0);
    test_outcome_free(&found);
}

Test(train, gives_the_same_bits_for_any_number_of_threads)
{
    const wg_train_options options = { .epochs = 2, .batch_size = 64 };
    test_outcome one = test_train(&test_model, &options, 1);
    test_outcome three = test_train(&test_model, &options, 3);
    check(one.status >= 0 && three.status >= 0);
    check_same_params(one.params, three.params);
    for (int64_t i = 0; i < 2; i++) {
        wg_epoch x = test_epoch(one.history, i);
        wg_epoch y = test_epoch(three.history, i);
        x.seconds = y.seconds = 0;
        check_bytes(&x, &y, sizeof x);
    }
    test_outcome_free(&one);
    test_outcome_free(&three);
}

/* Downhill for three epochs of ten steps, uphill afterwards: the third is the best. */
static double there_and_back(int64_t step, int64_t step_count, double rate, void *user)
{
    check_equal_i(step_count, *(const int64_t *)user);
    return step < 30 ? rate : -rate;
}

/* It is not replaced by the default. */
Test(train, an_optimiser_with_bad_options_is_refused)
{
    const wg_train_options options = { .optimizer = wg_rmsprop(0.1, 7) };
    test_outcome found = test_train(&test_model, &options, 1);
    check_status(found.status, WG_EINVALID);
    check_contains(found.error.message, "were its options zeroed, and in range?");
    test_outcome_free(&found);
}

/* A rate that overshoots a hundredfold: the loss leaves its bound long before it is infinite. */
Test(train, a_loss_that_diverges_ends_training)
{
    wg_train_options options = { .optimizer = wg_sgd(300, NULL), .epochs = 5, .batch_size = 50,
                                 .divergence = 20 };
    test_outcome found = test_train(&test_model, &options, 1);
    check_status(found.status, WG_EFINITE);
    check_contains(found.error.message, "it diverges; is the rate too large?");
    test_outcome_free(&found);
    options.optimizer.rate = 0.1;
    found = test_train(&test_model, &options, 1);
    check_msg(found.status >= 0, "%s", found.error.message);
    test_outcome_free(&found);
    options.divergence = -1;
    found = test_train(&test_model, &options, 1);
    check_status(found.status, WG_EINVALID);
    test_outcome_free(&found);
}

Test(train, restores_the_best_epoch)
{
    int64_t step_count = 60;
    wg_train_options options = { .optimizer = wg_adam(0.03, NULL), .epochs = 6, .batch_size = 20,
                                 .rate = there_and_back, .rate_user = &step_count };
    test_outcome found = test_train(&test_model, &options, 1);
    check_msg(found.status >= 0, "%s", found.error.message);
    const int64_t best_index = wg_history_best(found.history);
    const wg_epoch best = test_epoch(found.history, best_index);
    const wg_epoch last = test_epoch(found.history, 5);
    check(best_index < 5 && best.best && !last.best);
    check_close(best.rate, 0.03, 0);
    check_close(last.rate, -0.03, 0);
    check(best.validation_metric > last.validation_metric);

    double loss;
    double metric;
    wg_runtime *runtime = test_runtime(1);
    wg_dataset *validation = test_problem(700, 2, NULL);
    check_equal_i(wg_evaluate(runtime, &test_model, found.params, validation, &loss, &metric, NULL),
                  WG_OK);
    check_bytes(&loss, &best.validation_loss, sizeof loss);
    check_bytes(&metric, &best.validation_metric, sizeof metric);
    test_outcome_free(&found);

    options.keep_last = true;
    found = test_train(&test_model, &options, 1);
    check_equal_i(wg_evaluate(runtime, &test_model, found.params, validation, &loss, &metric, NULL),
                  WG_OK);
    check_bytes(&loss, &last.validation_loss, sizeof loss);
    test_outcome_free(&found);
    wg_dataset_free(validation);
    wg_runtime_free(runtime);
}

Test(train, stops_when_patience_ends)
{
    int64_t step_count = 1000;
    const wg_train_options options = { .optimizer = wg_adam(0.03, NULL), .epochs = 100,
                                       .batch_size = 20, .rate = there_and_back,
                                       .rate_user = &step_count, .patience = 4 };
    test_outcome found = test_train(&test_model, &options, 1);
    check(found.status >= 0);
    check_equal_i(wg_history_count(found.history), wg_history_best(found.history) + 5);
    test_outcome_free(&found);
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
    test_outcome found = test_train(&test_model, &options, 1);
    check(found.status >= 0);
    check_equal_i(user.count, 3);
    check_equal_i(wg_history_count(found.history), 3);
    test_outcome_free(&found);

    user = (watcher){ .answer = WG_ECALLBACK, .at = 1 };
    found = test_train(&test_model, &options, 1);
    check_status(found.status, WG_ECALLBACK);
    check_contains(found.error.message, "on_epoch failed after epoch 2");
    check_equal_i(wg_history_count(found.history), 2);
    test_outcome_free(&found);
}

/* ---- what a model may be ---- */

Test(train, takes_an_objective_as_well)
{
    const wg_model other = { .objective = test_objective, .metric_note = "right" };
    const wg_train_options options = { .epochs = 2, .batch_size = 64 };
    test_outcome found = test_train(&test_model, &options, 1);
    test_outcome same = test_train(&other, &options, 1);
    check_msg(same.status >= 0, "%s", same.error.message);
    check_same_params(found.params, same.params);
    check_close(test_epoch(same.history, 1).validation_metric,
                test_epoch(found.history, 1).validation_metric, 0);
    test_outcome_free(&found);
    test_outcome_free(&same);
}

/* Saved in the middle, loaded into new params: moments, powers, draws and seed are all there. */
Test(train, resumes_from_a_file_as_if_it_had_not_stopped)
{
    const char *path = test_path("resume.safetensors");
    wg_error error = { 0 };
    wg_runtime *runtime = test_runtime(1);
    wg_dataset *data = test_problem(TEST_ROWS, 1, NULL);
    wg_params *straight_on = test_params(21);
    wg_params *before = test_params(21);
    wg_params *after = test_params(0);
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

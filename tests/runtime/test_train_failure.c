/* Training that goes wrong: what is said, what is kept, and that nothing leaks. */
#include "support/memory.h"
#include "support/problem.h"

/* Fine for an epoch, then steps that no number survives. */
static double explode(int64_t step, int64_t step_count, double rate, void *user)
{
    (void)step_count;
    (void)user;
    return step < 10 ? rate : 1e38;
}

Test(train_failure, stops_where_values_are_not_finite)
{
    wg_train_options options = { .optimizer = wg_sgd(0.1, NULL), .epochs = 5, .batch_size = 20,
                                 .rate = explode };
    test_outcome found = test_train(&test_model, &options, 1);
    check_status(found.status, WG_EFINITE);
    check_contains(found.error.message, "epoch 2, step ");
    check_equal_i(wg_history_count(found.history), 1);
    /* The first epoch was the best, and its parameters are back. */
    double loss;
    wg_runtime *runtime = test_runtime(1);
    wg_dataset *validation = test_problem(700, 2, NULL);
    check_equal_i(wg_evaluate(runtime, &test_model, found.params, validation, &loss, NULL, NULL),
                  WG_OK);
    check_close(loss, test_epoch(found.history, 0).validation_loss, 0);
    wg_dataset_free(validation);
    wg_runtime_free(runtime);
    test_outcome_free(&found);
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

Test(train_failure, names_epoch_step_and_reason)
{
    const wg_train_options options = { .epochs = 1 };
    wg_model bad = test_model;
    bad.network = no_network;
    test_outcome found = test_train(&bad, &options, 1);
    check(found.status < 0 && found.history == NULL);
    check_contains(found.error.message, "epoch 1, step 1: ");
    test_outcome_free(&found);
    bad.network = wrong_width;
    found = test_train(&bad, &options, 1);
    check_status(found.status, WG_ESHAPE);
    check_contains(found.error.message, "epoch 1, step 1: ");
    check_contains(found.error.message, "[32, 8]");
    test_outcome_free(&found);
    bad = test_model;
    bad.loss = mean_loss;
    found = test_train(&bad, &options, 1);
    check_status(found.status, WG_ESHAPE);
    check_contains(found.error.message, "one value a sample");
    test_outcome_free(&found);
    bad = (wg_model){ .objective = test_objective, .metric_note = "wrong" };
    found = test_train(&bad, &options, 1);
    check_status(found.status, WG_ENAME);
    test_outcome_free(&found);
}

Test(train_failure, names_the_validation_that_failed)
{
    const float x[TEST_WIDTH] = { 0 };
    wg_error error = { 0 };
    wg_history *history = NULL;
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(0);
    wg_dataset *data = test_problem(10, 1, NULL);
    wg_dataset *no_target = wg_dataset_create(NULL);
    check_equal_i(wg_dataset_add(no_target, "x", wg_f32(x, WG_SHAPE(1, TEST_WIDTH))), WG_OK);
    const int status =
        wg_train(runtime, &test_model, params, data, no_target, NULL, &history, &error);
    check_status(status, WG_ENAME);
    check_contains(error.message, "epoch 1, validation: ");
    check_contains(error.message, "no input is named t");
    check(history == NULL);
    check_status(wg_evaluate(runtime, &test_model, params, no_target, NULL, NULL, &error),
                 WG_ENAME);
    check_contains(error.message, "evaluation: ");
    wg_dataset_free(no_target);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

Test(train_failure, refuses_bad_arguments)
{
    wg_error error = { 0 };
    wg_history *history = NULL;
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(0);
    wg_dataset *data = test_problem(10, 1, NULL);
    wg_dataset *empty = wg_dataset_create(NULL);
    const wg_model none = { .network = test_network };
    const wg_model both = { .network = test_network,
                            .loss = wg_cross_entropy,
                            .objective = test_objective };
    const wg_model dirty = { .network = test_network, .loss = wg_cross_entropy, .reserved = { 1 } };
    check_status(wg_train(NULL, &test_model, params, data, NULL, NULL, &history, &error),
                 WG_EINVALID);
    check_status(wg_train(runtime, NULL, params, data, NULL, NULL, &history, &error), WG_EINVALID);
    check_status(wg_train(runtime, &none, params, data, NULL, NULL, &history, &error), WG_EINVALID);
    check_status(wg_train(runtime, &both, params, data, NULL, NULL, &history, &error), WG_EINVALID);
    check_status(wg_train(runtime, &dirty, params, data, NULL, NULL, &history, &error),
                 WG_EINVALID);
    check_status(wg_train(runtime, &test_model, NULL, data, NULL, NULL, &history, &error),
                 WG_EINVALID);
    check_status(wg_train(runtime, &test_model, params, NULL, NULL, NULL, &history, &error),
                 WG_EINVALID);
    check_status(wg_train(runtime, &test_model, params, empty, NULL, NULL, &history, &error),
                 WG_EINVALID);
    check_status(wg_train(runtime, &test_model, params, data, empty, NULL, &history, &error),
                 WG_EINVALID);
    const wg_train_options bad[4] = { { .epochs = -1 }, { .batch_size = -1 }, { .patience = -1 },
                                      { .reserved = { 0, 1 } } };
    for (int i = 0; i < 4; i++)
        check_status(wg_train(runtime, &test_model, params, data, NULL, &bad[i], &history, &error),
                     WG_EINVALID);
    check(history == NULL);
    check_equal_i(wg_params_count(params), 0);
    check_status(wg_evaluate(NULL, &test_model, params, data, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_evaluate(runtime, NULL, params, data, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_evaluate(runtime, &test_model, NULL, data, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_evaluate(runtime, &test_model, params, NULL, NULL, NULL, &error), WG_EINVALID);
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
    wg_dataset *data = test_problem(8, 1, allocator);
    const wg_train_options options = { .epochs = 2, .batch_size = 4 };
    if (runtime != NULL && params != NULL && data != NULL)
        status = wg_train(runtime, &test_model, params, data, data, &options, &history, NULL);
    check(status < 0 || wg_history_count(history) == 2);
    wg_history_free(history);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return status;
}

Test(train_failure, gives_all_back_when_memory_ends)
{
    check(test_memory_fail_each(train_small, NULL) > 50);
}

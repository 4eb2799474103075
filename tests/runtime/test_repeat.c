/* Trainings repeated at several rates and from several seeds, each against the one training that
 * it is. */
#include "support/memory.h"
#include "support/problem.h"

#include <math.h>

typedef struct bench { wg_runtime *runtime; wg_dataset *data; wg_params *params; } bench;

static bench bench_open(void)
{
    const bench b = { test_runtime(1), test_problem(TEST_ROWS, 1, NULL), test_params(7) };
    check(b.runtime != NULL && b.data != NULL && b.params != NULL);
    return b;
}

static void bench_close(bench b)
{
    wg_params_free(b.params);
    wg_dataset_free(b.data);
    wg_runtime_free(b.runtime);
}

/* Too small, good, too large: what a sweep is there to show. Each is a training of its own. */
Test(repeat, a_sweep_finds_the_rates_that_learn)
{
    enum { COUNT = 5 };
    const bench b = bench_open();
    wg_error error = { 0 };
    double loss[COUNT];
    const wg_train_options options = { .optimizer = wg_sgd(1, NULL), .epochs = 3,
                                       .batch_size = 20, .divergence = 1e6 };
    const int status = wg_rate_sweep(b.runtime, &test_model, b.params, b.data, &options, 1e-6, 1e6,
                                     COUNT, loss, &error);
    check_msg(status >= 0, "%s", error.message);
    check_equal_i(wg_params_count(b.params), 0); /* the params are as they were */
    check(loss[2] < loss[1] && loss[1] < loss[0]);
    check(!(loss[3] <= loss[2]) && !(loss[4] <= loss[2]));
    for (int i = 0; i < COUNT; i++) {
        wg_params *params = test_params(7);
        wg_train_options one = options;
        double alone;
        one.optimizer.rate = wg_rate_geometric(i, COUNT - 1, 1e-6, 1e6);
        one.keep_last = true;
        const int found = wg_train(b.runtime, &test_model, params, b.data, NULL, &one, NULL, NULL);
        check(found >= 0 ? !isnan(loss[i]) : found == WG_EFINITE && isnan(loss[i]));
        if (found >= 0) {
            check_status(wg_evaluate(b.runtime, &test_model, params, b.data, &alone, NULL, NULL),
                         WG_OK);
            check(alone == loss[i]);
        }
        wg_params_free(params);
    }
    bench_close(b);
}

Test(repeat, restarts_keep_the_best)
{
    enum { COUNT = 4 };
    const bench b = bench_open();
    wg_error error = { 0 };
    wg_history *history;
    double metric[COUNT], alone[COUNT], best = -INFINITY;
    const wg_train_options options = { .optimizer = wg_adam(0.02, NULL), .epochs = 2,
                                       .batch_size = 20 };
    const int status = wg_train_restarts(b.runtime, &test_model, b.params, b.data, NULL, &options,
                                         COUNT, metric, &history, &error);
    check_msg(status >= 0, "%s", error.message);
    wg_fingerprint kept, found;
    check_status(wg_params_fingerprint(b.params, &kept), WG_OK);
    for (uint64_t i = 0; i < COUNT; i++) {
        wg_params *params = test_params(7 + i);
        wg_history *own = NULL;
        check_status(wg_train(b.runtime, &test_model, params, b.data, NULL, &options, &own, NULL),
                     WG_OK);
        alone[i] = test_epoch(own, wg_history_best(own)).metric;
        check(alone[i] == metric[i]);
        check_status(wg_params_fingerprint(params, &found), WG_OK);
        if (alone[i] > best) {
            best = alone[i];
            check_equal_i(wg_history_count(own), wg_history_count(history));
        }
        const bool is_kept = kept.word[0] == found.word[0] && kept.word[1] == found.word[1];
        if (is_kept) check(alone[i] == test_epoch(history, wg_history_best(history)).metric);
        wg_params_free(params);
        wg_history_free(own);
    }
    check(test_epoch(history, wg_history_best(history)).metric == best);
    check(metric[0] != metric[1]); /* seeds matter */
    wg_history_free(history);
    bench_close(b);
}

Test(repeat, restarts_that_all_diverge_fail)
{
    const bench b = bench_open();
    wg_error error = { 0 };
    double metric[2];
    const wg_train_options options = { .optimizer = wg_sgd(1e6, NULL), .epochs = 2,
                                       .divergence = 10 };
    check_status(wg_train_restarts(b.runtime, &test_model, b.params, b.data, NULL, &options, 2,
                                   metric, NULL, &error), WG_EFINITE);
    check(isnan(metric[0]) && isnan(metric[1]));
    check_equal_i(wg_params_count(b.params), 0);
    bench_close(b);
}

Test(repeat, impossible_arguments_are_refused)
{
    const bench b = bench_open();
    double loss[2];
    const double bad[4][2] = { { 0, 1 }, { 1, 1 }, { 1, INFINITY }, { NAN, 1 } };
    for (int i = 0; i < 4; i++)
        check_status(wg_rate_sweep(b.runtime, &test_model, b.params, b.data, NULL, bad[i][0],
                                   bad[i][1], 2, loss, NULL), WG_EINVALID);
    check_status(wg_rate_sweep(b.runtime, &test_model, b.params, b.data, NULL, 1e-3, 1, 1, loss,
                               NULL), WG_EINVALID);
    const wg_train_options saved = { .save_path = "file" };
    check_status(wg_train_restarts(b.runtime, &test_model, b.params, b.data, NULL, &saved, 2, NULL,
                                   NULL, NULL), WG_EINVALID);
    check_status(wg_train_restarts(b.runtime, &test_model, NULL, b.data, NULL, NULL, 2, NULL, NULL,
                                   NULL), WG_EINVALID);
    check_status(wg_train_restarts(b.runtime, &test_model, b.params, b.data, NULL, NULL, 0, NULL,
                                   NULL, NULL), WG_EINVALID);
    bench_close(b);
}

static int repeat_both(const wg_allocator *allocator, void *user)
{
    (void)user;
    wg_history *history = NULL;
    double loss[2];
    const wg_train_options options = { .optimizer = wg_sgd(0.1, NULL), .epochs = 1,
                                       .batch_size = 8 };
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 1));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    wg_dataset *data = test_problem(8, 1, allocator);
    int status = runtime == NULL || params == NULL || data == NULL ? WG_EMEMORY : WG_OK;
    if (status >= 0)
        status = wg_train_restarts(runtime, &test_model, params, data, NULL, &options, 2, NULL,
                                   &history, NULL);
    if (status >= 0)
        status = wg_rate_sweep(runtime, &test_model, params, data, &options, 0.1, 1, 2, loss, NULL);
    wg_history_free(history);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return status;
}

Test(repeat, gives_all_back_when_memory_ends)
{
    check(test_memory_fail_each(repeat_both, NULL) > 100);
}

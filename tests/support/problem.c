/* Drawn from a seed; the target is right by definition. */
#include "support/problem.h"

#include <stdlib.h>

wg_dataset *test_problem(int64_t rows, uint64_t seed, const wg_allocator *allocator)
{
    wg_dataset *data = wg_dataset_create(allocator);
    float *x = malloc((size_t)rows * TEST_WIDTH * sizeof *x);
    int32_t *t = malloc((size_t)rows * sizeof *t);
    check(x != NULL && t != NULL);
    uint64_t state = seed;
    for (int64_t i = 0; i < rows; i++) {
        t[i] = 0;
        for (int64_t j = 0; j < TEST_WIDTH; j++) {
            x[i * TEST_WIDTH + j] = (float)(test_random(&state) % 2001) / 1000.0f - 1.0f;
            if (x[i * TEST_WIDTH + j] > x[i * TEST_WIDTH + t[i]]) t[i] = (int32_t)j;
        }
    }
    int status = data == NULL ? WG_EMEMORY
                              : wg_dataset_add(data, "x", wg_f32(x, WG_SHAPE(rows, TEST_WIDTH)));
    if (status >= 0) status = wg_dataset_add(data, "t", wg_i32(t, WG_SHAPE(rows)));
    free(x);
    free(t);
    if (status >= 0) return data;
    wg_dataset_free(data);
    return NULL;
}

wg_var test_network(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    x = wg_dense(scope, "hidden", x, 8, WG_OPTIONS(wg_dense_options, .activation = wg_tanh));
    x = wg_dropout(scope, "drop", x, 0.1);
    return wg_dense(scope, "logits", x, TEST_WIDTH, NULL);
}

wg_var test_objective(wg_scope scope, void *user)
{
    const wg_var logits = test_network(scope, wg_column(scope, "x"), user);
    const wg_var target = wg_column(scope, "t");
    wg_note(scope, "right", wg_accuracy(logits, target));
    return wg_cross_entropy(logits, target);
}

const wg_model test_model = { .network = test_network,
                              .loss = wg_cross_entropy,
                              .metric = wg_accuracy };

wg_runtime *test_runtime(int threads)
{
    return wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
}

wg_params *test_params(uint64_t seed)
{
    return wg_params_create(WG_OPTIONS(wg_params_options, .seed = seed));
}

test_outcome test_train(const wg_model *model, const wg_train_options *options, int threads)
{
    test_outcome found = { .params = test_params(7) };
    wg_runtime *runtime = test_runtime(threads);
    wg_dataset *train = test_problem(TEST_ROWS, 1, NULL);
    wg_dataset *validation = test_problem(700, 2, NULL);
    found.status = wg_train(runtime, model, found.params, train, validation, options,
                            &found.history, &found.error);
    wg_dataset_free(train);
    wg_dataset_free(validation);
    wg_runtime_free(runtime);
    return found;
}

void test_outcome_free(test_outcome *found)
{
    wg_params_free(found->params);
    wg_history_free(found->history);
}

wg_epoch test_epoch(const wg_history *history, int64_t index)
{
    wg_epoch epoch = { 0 };
    check_equal_i(wg_history_epoch(history, index, &epoch), WG_OK);
    return epoch;
}

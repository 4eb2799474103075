/* A small problem that tests train on: which of three inputs is the largest. */
#ifndef WG_TEST_PROBLEM_H
#define WG_TEST_PROBLEM_H

#include "support/test.h"

#include <wengert/train.h>

enum { TEST_ROWS = 200, TEST_WIDTH = 3 };

/* Columns "x" f32 [rows, TEST_WIDTH] and "t" i32 [rows]; NULL: no memory. */
wg_dataset *test_problem(int64_t rows, uint64_t seed, const wg_allocator *allocator);

/* A hidden layer with dropout; its loss and metric; and all three as an objective that notes
 * "right".                                                                                      */
wg_var test_network(wg_scope scope, wg_var x, void *user);
wg_var test_objective(wg_scope scope, void *user);
extern const wg_model test_model;

wg_runtime *test_runtime(int threads);
wg_params *test_params(uint64_t seed);

/* What came of training a model on TEST_ROWS rows, with 700 others as validation data. */
typedef struct test_outcome {
    wg_params *params;
    wg_history *history;
    int status;
    wg_error error;
} test_outcome;
test_outcome test_train(const wg_model *model, const wg_train_options *options, int threads);
void test_outcome_free(test_outcome *found);
wg_epoch test_epoch(const wg_history *history, int64_t index); /* must exist */

#endif

/* A training that was stopped and goes on from its file against one that never stopped: the same
 * bits, whoever stopped it, where, and with how many threads it goes on. */
#include "support/files.h"
#include "support/memory.h"
#include "support/problem.h"

#include <stdlib.h>
#include <string.h>
#if !defined(_WIN32)
#include <sys/wait.h>
#include <unistd.h>
#endif

/* The file holds everything: parameters, state, history. Equal files are equal trainings, but for
 * the seconds of the epochs. */
static void check_same_training(const test_outcome *x, const test_outcome *y)
{
    wg_fingerprint of_x, of_y;
    check_status(wg_params_fingerprint(x->params, &of_x), WG_OK);
    check_status(wg_params_fingerprint(y->params, &of_y), WG_OK);
    check_bytes(&of_x, &of_y, sizeof of_x);
    check_equal_i(wg_params_count(x->params), wg_params_count(y->params));
    check_equal_i(wg_history_count(x->history), wg_history_count(y->history));
    check_equal_i(wg_history_best(x->history), wg_history_best(y->history));
    for (int64_t i = 0; i < wg_history_count(x->history); i++) {
        wg_epoch a = test_epoch(x->history, i), b = test_epoch(y->history, i);
        a.seconds = b.seconds = 0;
        check_bytes(&a, &b, sizeof a);
    }
}

/* Uphill after four epochs, so that the last epoch is not the best. */
static double there_and_back(int64_t step, int64_t step_count, double rate, void *user)
{
    (void)step_count, (void)user;
    return step < 28 ? rate : -rate;
}

static wg_train_options options_of(int64_t epochs, const char *path)
{
    return (wg_train_options){ .optimizer = wg_adam(0.05, NULL), .epochs = epochs,
                               .batch_size = 32, .seed = 5, .rate = there_and_back,
                               .save_path = path };
}

/* Trains, after other epochs if the file has some. */
static test_outcome train_on(int64_t epochs, const char *path, int threads)
{
    const wg_train_options options = options_of(epochs, path);
    test_outcome found = test_train(&test_model, &options, threads);
    check_msg(found.status >= 0, "%s", found.error.message);
    return found;
}

Test(checkpoint, epochs_are_added_as_if_training_had_not_ended)
{
    const char *path = test_path("added");
    test_outcome whole = train_on(9, NULL, 1);
    for (int64_t epochs = 2; epochs <= 9; epochs++) {
        test_outcome part = train_on(epochs, path, 1 + (int)epochs % 3);
        if (epochs == 9) check_same_training(&part, &whole);
        check_equal_i(wg_history_count(part.history), epochs);
        test_outcome_free(&part);
    }
    check(wg_history_best(whole.history) < 8); /* so that the last state is not the best */
    test_outcome again = train_on(9, path, 2);
    check_same_training(&again, &whole);
    test_outcome_free(&again);
    test_outcome_free(&whole);
    test_file_remove(path);
}

/* The file at any time is the model that training would give. */
Test(checkpoint, the_file_is_the_model)
{
    const char *path = test_path("model");
    test_outcome found = train_on(9, path, 1);
    wg_params *loaded = test_params(0);
    wg_error error = { 0 };
    check_msg(wg_params_load(loaded, path, "*", &error) > 0, "%s", error.message);
    for (int64_t i = 0; i < wg_params_count(found.params); i++) {
        wg_view x, y;
        const char *name = wg_params_name(found.params, i);
        check_status(wg_params_find(found.params, name, &x), WG_OK);
        check_msg(wg_params_find(loaded, name, &y) == WG_OK, "%s is not in the file", name);
        check_bytes(y.data, x.data,
                    (size_t)wg_shape_count(x.shape) * wg_dtype_bytes(x.dtype));
    }
    wg_params_free(loaded);
    test_outcome_free(&found);
    test_file_remove(path);
}

#if !defined(_WIN32)
static int64_t steps_left;

/* The process ends here, without a word, in the middle of recording a step. */
static wg_var fatal_network(wg_scope scope, wg_var x, void *user)
{
    if (wg_scope_training(scope) && steps_left-- == 0) _exit(77);
    return test_network(scope, x, user);
}

Test(checkpoint, a_killed_training_goes_on)
{
    const char *path = test_path("killed");
    const wg_model fatal = { .network = fatal_network, .loss = wg_cross_entropy,
                             .metric = wg_accuracy };
    const wg_train_options options = options_of(6, path);
    test_outcome whole = train_on(6, NULL, 1);
    const int64_t kills[3] = { 3, 12, 9 }; /* 7 steps an epoch: in epochs 0, 1 and 2 */
    for (int k = 0; k < 3; k++) {
        const pid_t child = fork();
        check(child >= 0);
        if (child == 0) {
            steps_left = kills[k];
            test_train(&fatal, &options, 1);
            _exit(1);
        }
        int ended = 0;
        check(waitpid(child, &ended, 0) == child);
        check(WIFEXITED(ended) && WEXITSTATUS(ended) == 77);
    }
    test_outcome found = train_on(6, path, 3);
    check_same_training(&found, &whole);
    test_outcome_free(&found);
    test_outcome_free(&whole);
    test_file_remove(path);
}
#endif

#if !defined(_WIN32)
/* Trains in a child that dies in the middle of recording its n-th step. */
static void train_and_die(const wg_train_options *options, int64_t n)
{
    const wg_model fatal = { .network = fatal_network, .loss = wg_cross_entropy,
                             .metric = wg_accuracy };
    const pid_t child = fork();
    check(child >= 0);
    if (child == 0) {
        steps_left = n;
        test_train(&fatal, options, 1);
        _exit(1);
    }
    int ended = 0;
    check(waitpid(child, &ended, 0) == child);
    check(WIFEXITED(ended) && WEXITSTATUS(ended) == 77);
}

/* Where the training in the file stands: epochs, and steps behind them. */
static void check_place(const char *path, int64_t epochs, int64_t steps)
{
    wg_view history, place;
    wg_error error = { 0 };
    wg_params *file = test_params(0);
    check(wg_params_load(file, path, "*", &error) > 0);
    check_status(wg_params_find(file, ".train/history", &history), WG_OK);
    check_status(wg_params_find(file, ".train/place", &place), WG_OK);
    check_equal_i(history.shape.dim[0], epochs);
    check_close(*(const double *)place.data, (double)steps, 0);
    wg_params_free(file);
}

/* Saved every third step, killed in the first epoch, after its end, after the best one, and in the
 * middle of an epoch that went on; each goes on from its last saved step, with other threads. */
Test(checkpoint, a_training_goes_on_from_the_step_where_it_was_saved)
{
    static const struct { int64_t steps, epochs, place; } deaths[] = {
        { 2, -1, 0 },  /* nothing was saved */
        { 4, 0, 3 },   /* 3 steps done, then 1 more than the file knows */
        { 7, 1, 2 },   /* 3 + 6: step 9 is the second of the next epoch */
        { 20, 4, 0 },  /* 9 + 19: step 28 ended an epoch */
        { 9, 5, 1 },   /* 28 + 8: step 36 is the first of the sixth */
    };
    char path[512];
    strcpy(path, test_path("steps"));
    wg_train_options options = options_of(9, path);
    options.save_every = 3;
    test_outcome whole = train_on(9, NULL, 1);
    for (int k = 0; k < 5; k++) {
        train_and_die(&options, deaths[k].steps);
        if (deaths[k].epochs >= 0) check_place(path, deaths[k].epochs, deaths[k].place);
    }
    test_outcome found = test_train(&test_model, &options, 3);
    check_msg(found.status >= 0, "%s", found.error.message);
    check_same_training(&found, &whole);
    test_outcome_free(&found);
    test_outcome_free(&whole);
    test_file_remove(path);
}
#endif

/* ---- files that are refused ---- */

static void refused(const wg_train_options *options, int status, const char *text)
{
    test_outcome found = test_train(&test_model, options, 1);
    check_status(found.status, status);
    check_contains(found.error.message, text);
    check_equal_i(wg_params_count(found.params), 0);
    test_outcome_free(&found);
}

Test(checkpoint, another_training_is_refused)
{
    const char *path = test_path("other");
    test_outcome found = train_on(1, path, 1);
    wg_train_options options = options_of(2, path);
    options.batch_size = 16;
    refused(&options, WG_EMISMATCH, "had batch_size 32, this one has 16");
    options = options_of(2, path);
    options.seed = 6;
    refused(&options, WG_EMISMATCH, "had seed 5, this one has 6");
    options = options_of(2, path);
    options.keep_last = true;
    refused(&options, WG_EMISMATCH, "had keep_last 0, this one has 1");
    wg_error error = { 0 };
    check_status(wg_params_save(found.params, path, &error), WG_OK);
    options = options_of(2, path);
    refused(&options, WG_EFORMAT, "but no training that could go on");
    test_outcome_free(&found);
    test_file_remove(path);
}

/* Cut anywhere, a file is refused with the byte, and training does not begin anew over it. */
Test(checkpoint, a_damaged_file_is_refused_with_its_byte)
{
    const char *path = test_path("cut");
    size_t bytes = 0;
    test_outcome found = train_on(1, path, 1);
    char *text = test_file_read(path, &bytes);
    const wg_train_options options = options_of(2, path);
    for (size_t length = 0; length < bytes; length += 97) {
        test_file_write(path, text, length);
        refused(&options, WG_EFORMAT, "byte ");
        size_t left = 0;
        char *after = test_file_read(path, &left);
        check_equal_i(left, length);
        free(after);
    }
    free(text);
    test_outcome_free(&found);
    test_file_remove(path);
}

/* A history of numbers that no training writes. */
Test(checkpoint, an_impossible_history_is_refused)
{
    const double bad[4][2] = { { 1, 7 }, { 0, -1 }, { 0, 1e300 }, { 0.5, 7 } };
    const char *path = test_path("history");
    test_outcome found = train_on(1, path, 1);
    for (int k = 0; k < 4; k++) {
        wg_params *file = test_params(0);
        double row[8] = { bad[k][0], bad[k][1] };
        wg_error error = { 0 };
        check(wg_params_load(file, path, "*", &error) > 0);
        check_status(wg_params_set(file, ".train/history", wg_f64(row, WG_SHAPE(1, 8))), WG_OK);
        check_status(wg_params_save(file, path, &error), WG_OK);
        const wg_train_options options = options_of(2, path);
        refused(&options, WG_EFORMAT, "no training that could go on");
        wg_params_free(file);
    }
    test_outcome_free(&found);
    test_file_remove(path);
}

/* More steps in an epoch than it has, or a part of one. */
Test(checkpoint, an_impossible_place_is_refused)
{
    const double bad[4] = { -1, 0.5, 8, 1e300 };
    const char *path = test_path("place");
    test_outcome found = train_on(1, path, 1);
    for (int k = 0; k < 4; k++) {
        wg_params *file = test_params(0);
        const double place[6] = { bad[k] };
        wg_error error = { 0 };
        check(wg_params_load(file, path, "*", &error) > 0);
        check_status(wg_params_set(file, ".train/place", wg_f64(place, WG_SHAPE(6))), WG_OK);
        check_status(wg_params_save(file, path, &error), WG_OK);
        const wg_train_options options = options_of(2, path);
        refused(&options, WG_EFORMAT, "an epoch has not so many steps");
        wg_params_free(file);
    }
    wg_train_options options = options_of(2, NULL);
    options.save_every = 2;
    refused(&options, WG_EINVALID, "save_every needs a save_path");
    test_outcome_free(&found);
    test_file_remove(path);
}

/* They travel with the file, as draws and optimiser do. */
Test(checkpoint, configuration_and_scaler_are_in_the_file)
{
    const char *path = test_path("whole");
    wg_error error = { 0 };
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(7), *loaded = test_params(0);
    wg_dataset *data = test_problem(TEST_ROWS, 1, NULL);
    wg_train_options options = options_of(1, path);
    options.save_every = 2;
    check_status(wg_standardize_fit_column(params, "scale", data, "x", NULL, &error), WG_OK);
    check_status(wg_params_set_text(params, "configuration", "width=8 rate=0.05"), WG_OK);
    check(wg_train(runtime, &test_model, params, data, NULL, &options, NULL, &error) >= 0);
    check(wg_params_load(loaded, path, "*", &error) > 0);
    check_text(wg_params_text(loaded, "configuration"), "width=8 rate=0.05");
    wg_view x, y;
    check_status(wg_params_find(params, "scale/spread", &x), WG_OK);
    check_status(wg_params_find(loaded, "scale/spread", &y), WG_OK);
    check_bytes(y.data, x.data, 3 * sizeof(float));
    wg_dataset_free(data);
    wg_params_free(params);
    wg_params_free(loaded);
    wg_runtime_free(runtime);
    test_file_remove(path);
}

Test(checkpoint, a_folder_that_is_missing_ends_training)
{
    const wg_train_options options = options_of(2, "/no/such/folder/file");
    test_outcome found = test_train(&test_model, &options, 1);
    check_status(found.status, WG_EFILE);
    check_contains(found.error.message, "/no/such/folder/file");
    test_outcome_free(&found);
}

/* ---- memory ---- */

static int save_and_go_on(const wg_allocator *allocator, void *user)
{
    const char *path = user;
    wg_train_options options = options_of(1, path);
    options.optimizer = wg_sgd(0.1, NULL);
    options.batch_size = 8;
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 1));
    wg_params *params =
        wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    wg_dataset *data = test_problem(8, 1, allocator);
    int status = runtime == NULL || params == NULL || data == NULL ? WG_EMEMORY : WG_OK;
    for (; status >= 0 && options.epochs <= 2; options.epochs++)
        status = wg_train(runtime, &test_model, params, data, NULL, &options, NULL, NULL);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
    test_file_remove(path);
    return status;
}

Test(checkpoint, gives_all_back_when_memory_ends)
{
    char path[512];
    strcpy(path, test_path("memory"));
    check(test_memory_fail_each(save_and_go_on, path) > 100);
}

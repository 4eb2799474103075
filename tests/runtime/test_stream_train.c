/* Trainings on streamed files: the bits of those in memory, and in how little memory. */
#include "runtime/data/csv_table.h"
#include "runtime/data/dataset.h"
#include "support/files.h"
#include "support/problem.h"

#include <stdio.h>
#if !defined(_WIN32)
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

/* Which of three numbers is the largest, as test_problem asks, in a file. */
static void problem_write(const char *path, int64_t rows)
{
    wg_view x, t;
    wg_dataset *data = test_problem(rows, 1, NULL);
    FILE *file = fopen(path, "wb");
    check(file != NULL);
    check_status(wg_dataset_find(data, "x", &x), WG_OK);
    check_status(wg_dataset_find(data, "t", &t), WG_OK);
    fputs("a,b,c,largest\n", file);
    for (int64_t i = 0; i < rows; i++) {
        const float *at = (const float *)x.data + 3 * i;
        fprintf(file, "%.9g,%.9g,%.9g,%d\n", (double)at[0], (double)at[1], (double)at[2],
                ((const int32_t *)t.data)[i]);
    }
    check(fclose(file) == 0);
    wg_dataset_free(data);
}

/* Read in some fifty blocks. */
static wg_dataset *dataset_of(const char *path, bool is_streamed)
{
    enum { BLOCK_BYTES = 1500 };
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    const wg_csv_options options = { .stream = is_streamed };
    const int status = wg__dataset_read_csv(path, &options, BLOCK_BYTES, &data, &error);
    check_msg(status >= 0, "%s", error.message);
    return data;
}

static wg_fingerprint trained_print(const wg_dataset *train, const wg_dataset *validation,
                                    int threads)
{
    wg_error error = { 0 };
    wg_fingerprint print = { { 0 } };
    wg_runtime *runtime = test_runtime(threads);
    wg_params *params = test_params(7);
    const wg_train_options options = { .epochs = 3, .batch_size = 32, .seed = 4 };
    check_status(wg_standardize_fit_column(params, "scale", train, "x", NULL, &error), WG_OK);
    const int status =
        wg_train(runtime, &test_model, params, train, validation, &options, NULL, &error);
    check_msg(status >= 0, "%s", error.message);
    check_status(wg_params_fingerprint(params, &print), WG_OK);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return print;
}

Test(stream_train, streamed_rows_have_the_bits_of_rows_in_memory)
{
    const char *path = test_path("trains");
    problem_write(path, 2000);
    wg_dataset *memory = dataset_of(path, false);
    wg_dataset *file = dataset_of(path, true);
    const wg_fingerprint of_memory = trained_print(memory, memory, 1);
    for (int threads = 1; threads <= 3; threads++) {
        const wg_fingerprint of_file = trained_print(file, file, threads);
        check_bytes(&of_file, &of_memory, sizeof of_file);
    }
    wg_dataset_free(memory);
    wg_dataset_free(file);
    test_file_remove(path);
}

/* Gives no value at the step that steps_left counts down to. */
static int64_t steps_left;
static wg_var failing_network(wg_scope scope, wg_var x, void *user)
{
    if (wg_scope_training(scope) && steps_left-- == 0) return (wg_var){ 0 };
    return test_network(scope, x, user);
}

/* On data in many windows; goes on from path if it is there. */
static int windows_train(const wg_dataset *data, wg_network *network, const char *path, int threads,
                         wg_fingerprint *print)
{
    wg_error error = { 0 };
    wg_runtime *runtime = test_runtime(threads);
    wg_params *params = test_params(7);
    const wg_model model = { .network = network, .loss = wg_cross_entropy };
    const wg_train_options options = { .epochs = 3, .batch_size = 32, .seed = 4, .save_path = path,
                                       .save_every = path == NULL ? 0 : 5, .keep_last = true };
    const int status = wg_train(runtime, &model, params, data, NULL, &options, NULL, &error);
    check_status(wg_params_fingerprint(params, print), WG_OK);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return status;
}

/* 63 steps an epoch: it fails at step 104 and goes on from step 100, in the middle of a window. */
Test(stream_train, goes_on_in_the_middle_of_a_window)
{
    wg_fingerprint whole, part;
    const char *path = test_path("windows"), *saved = test_path("saved");
    problem_write(path, 2000);
    wg_dataset *data = dataset_of(path, true);
    data->window_bytes_test = 5000;
    check_status(windows_train(data, test_network, NULL, 1, &whole), WG_OK);
    steps_left = 103;
    check_status(windows_train(data, failing_network, saved, 1, &part), WG_EINVALID);
    check_status(windows_train(data, test_network, saved, 3, &part), WG_OK);
    check_bytes(&part, &whole, sizeof part);
    wg_dataset_free(data);
    test_file_remove(saved);
    test_file_remove(path);
}

#if !defined(_WIN32)
enum { LONG_INPUTS = 20 };

/* 4 GiB of lines of 20 numbers and a class, the sign of the first. */
static void long_file_write(const char *path)
{
    const int64_t bytes_wanted = INT64_C(4) << 30;
    FILE *file = fopen(path, "wb");
    check(file != NULL);
    char line[LONG_INPUTS * 12 + 4];
    int64_t bytes = 0;
    uint64_t state = 1;
    while (bytes < bytes_wanted) {
        size_t length = 0;
        int32_t first = 0;
        for (int i = 0; i < LONG_INPUTS; i++) {
            const int32_t value = (int32_t)(test_random(&state) % 2000001) - 1000000;
            if (i == 0) first = value;
            char digits[8];
            int32_t left = value < 0 ? -value : value;
            for (int k = 0; k < 7; k++, left /= 10) digits[k] = (char)('0' + left % 10);
            if (value < 0) line[length++] = '-';
            line[length++] = digits[6];
            line[length++] = '.';
            for (int k = 5; k >= 0; k--) line[length++] = digits[k];
            line[length++] = ',';
        }
        line[length++] = first > 0 ? '1' : '0';
        line[length++] = '\n';
        check(fwrite(line, 1, length, file) == length);
        bytes += (int64_t)length;
    }
    check(fclose(file) == 0);
}

static wg_var long_network(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    x = wg_standardize(scope, "scale", x);
    x = wg_dense(scope, "hidden", x, 16, WG_OPTIONS(wg_dense_options, .activation = wg_relu));
    return wg_dense(scope, "logits", x, 2, NULL);
}

/* An epoch over the file; what went wrong, or 0. */
static int long_train(const char *path)
{
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    wg_history *history = NULL;
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_params *params = test_params(1);
    const wg_csv_options streamed = { .stream = true, .without_header = true };
    const wg_train_options options = { .epochs = 1, .batch_size = 4096,
                                       .optimizer = wg_adam(0.01, NULL) };
    const wg_model model = { .network = long_network, .loss = wg_cross_entropy,
                             .metric = wg_accuracy };
    int status = wg_dataset_read_csv(path, &streamed, &data, &error);
    if (status >= 0)
        status = wg_standardize_fit_column(params, "scale", data, "x", NULL, &error);
    if (status >= 0)
        status = wg_train(runtime, &model, params, data, NULL, &options, &history, &error);
    wg_epoch epoch = { 0 };
    if (status >= 0) status = wg_history_epoch(history, 0, &epoch);
    if (status < 0) fprintf(stderr, "%s\n", error.message);
    else if (epoch.metric < 0.95) status = WG_EMISMATCH;
    wg_history_free(history);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return status;
}

static int64_t peak_kib(void)
{
    struct rusage usage;
    check(getrusage(RUSAGE_SELF, &usage) == 0);
    return (int64_t)usage.ru_maxrss;
}

/* In a process of its own, whose peak begins with what the tests before left behind. */
TestLong(stream_train, four_gib_are_trained_on_in_less_than_200_mib)
{
    const char *path = test_path("long");
    long_file_write(path);
    const pid_t child = fork();
    check(child >= 0);
    if (child == 0) {
        const int64_t before = peak_kib();
        const int status = long_train(path);
        const int64_t after = peak_kib();
        printf("4 GiB of CSV: resident %lld MiB before, %lld MiB at the peak\n",
               (long long)(before >> 10), (long long)(after >> 10));
        fflush(stdout);
        _exit(status < 0 ? 1 : after - before >= 200 << 10 ? 2 : 0);
    }
    int ended = 0;
    check(waitpid(child, &ended, 0) == child);
    test_file_remove(path);
    check(WIFEXITED(ended));
    check_equal_i(WEXITSTATUS(ended), 0);
}
#endif

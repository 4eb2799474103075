/* A streamed file against the same file in memory: the same rows, orders and errors, wherever
 * blocks and windows end and whoever reads them; and memory that does not grow with rows.       */
#include "runtime/data/csv_table.h"
#include "runtime/data/dataset.h"
#include "support/files.h"
#include "support/memory.h"
#include "support/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- blocks ---- */

/* The same status, message and columns, with blocks of every size up to the whole text. */
static void check_blocks(const char *path, const char *text, size_t bytes)
{
    test_file_write(path, text, bytes);
    wg_error error = { 0 };
    wg_dataset *whole = NULL;
    const wg_csv_options options = { .missing = "" };
    const int status = wg_dataset_read_csv(path, &options, &whole, &error);
    for (size_t block = 1; block <= bytes; block = block * 3 / 2 + 1) {
        wg_error found_error = { 0 };
        wg_dataset *found = NULL;
        const int found_status =
            wg__dataset_read_csv(path, &options, block, &found, &found_error);
        check_msg(found_status == status, "blocks of %zu: %s", block, found_error.message);
        check_text(found_error.message, error.message);
        check((found == NULL) == (status < 0));
        if (found == NULL) continue;
        wg_fingerprint of_whole, of_found;
        check_status(wg_dataset_fingerprint(whole, &of_whole), WG_OK);
        check_status(wg_dataset_fingerprint(found, &of_found), WG_OK);
        check_bytes(&of_found, &of_whole, sizeof of_whole);
        wg_dataset_free(found);
    }
    wg_dataset_free(whole);
    test_file_remove(path);
}

Test(stream, blocks_of_any_size_read_the_same_numbers_or_the_same_error)
{
    static const char *const text[] = {
        "a,b,c\n1,2,3\n4,5,6\n7,8,9\n",
        "\xEF\xBB\xBF\"a\n\",\"b\"\"\",c\r\n\"1\",2,3\r\n4 ,\t5,6\r\n7,8,9\r\n\r\n\n",
        "a\n1\n\n2\n\n\n3\n\n", /* an empty line is a row of a field that is missing */
        "a\n\n\n",
        "1,2\n\n3,4\n",
        "a,b\n1,2\n3,\"4\n5,6\n7,8\n",
        "a,b\n1,2\n3,4\"\n5,6\"\n",
        "a,b\n1,2\n3,4\n5,6,7\n",
        "a,b\n1,2\n3,4\n5,x\n6,7\n",
        "a,b\n1,2\n3,4\n5,6.5",
    };
    const char *path = test_path("blocks");
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
        check_blocks(path, text[i], strlen(text[i]));
}

Test(stream, a_changed_byte_changes_no_block)
{
    static const char sample[] = "a,\"b\"\"\n\",c\r\n1.5,\"-2\",0\r\n\r\n3,4,5\n";
    static const char other[] = { '"', ',', '\n', '\r', '\0', 'x', '9', ' ' };
    const size_t bytes = sizeof sample - 1;
    const char *path = test_path("changed");
    for (size_t i = 0; i < bytes * sizeof other; i++) {
        char text[sizeof sample];
        memcpy(text, sample, sizeof sample);
        text[i / sizeof other] = other[i % sizeof other];
        check_blocks(path, text, bytes);
    }
}

/* A quote that never closes does not ask for the whole file. */
Test(stream, a_record_has_an_end)
{
    enum { BYTES = 40 << 20 };
    char *text = malloc(BYTES);
    check(text != NULL);
    memset(text, '1', BYTES);
    memcpy(text, "a\n1\n\"", 5);
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    const char *path = test_path("quote");
    test_file_write(path, text, BYTES);
    free(text);
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    const wg_csv_options options = { .allocator = &allocator };
    check_status(wg_dataset_read_csv(path, &options, &data, &error), WG_EFORMAT);
    check_contains(error.message, "quote:3:1: no record ends in");
    check_contains(error.message, "does a quote close?");
    check(memory.live_bytes_max < (size_t)64 << 20);
    check_memory(&memory);
    test_file_remove(path);
}

/* ---- loaders ---- */

enum { ROWS = 1000, BLOCK_BYTES = 256 };

/* "id,x0,x1,t": x0 and x1 follow from id, so that a row can be told to be whole; t is id. */
static void file_write(const char *path, int64_t rows)
{
    FILE *file = fopen(path, "wb");
    check(file != NULL);
    fputs("id,x0,x1,t\n", file);
    for (int64_t i = 0; i < rows; i++)
        fprintf(file, "%lld,%lld.5,-%lld,%lld\n", (long long)i, (long long)i, (long long)i,
                (long long)i);
    check(fclose(file) == 0);
}

static wg_dataset *dataset_of(const char *path, bool is_streamed, size_t window_bytes,
                              const wg_allocator *allocator)
{
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    const wg_csv_options options = { .stream = is_streamed, .allocator = allocator };
    const int status = wg__dataset_read_csv(path, &options, BLOCK_BYTES, &data, &error);
    check_msg(status >= 0 || status == WG_EMEMORY, "%s", error.message);
    if (data != NULL) data->window_bytes_test = window_bytes;
    return data;
}

static wg_loader *loader_of(wg_runtime *runtime, const wg_dataset *data,
                            const wg_loader_options *options)
{
    wg_error error = { 0 };
    wg_loader *loader = NULL;
    check_msg(wg_loader_create(runtime, data, options, &loader, &error) >= 0, "%s", error.message);
    return loader;
}

/* The targets of an epoch in their order; each row is whole. Returns how many. */
static int64_t walk(wg_loader *loader, int64_t epoch, int32_t *id)
{
    int64_t count = 0;
    int status;
    check_status(wg_loader_start(loader, epoch), WG_OK);
    while ((status = wg_loader_next(loader)) > 0) {
        const wg_view of_x = wg_loader_view(loader, "x");
        const wg_view of_t = wg_loader_view(loader, "t");
        const float *x = of_x.data;
        const int32_t *t = of_t.data;
        check(wg_shape_equal(of_x.shape, WG_SHAPE(of_t.shape.dim[0], 3)));
        check(of_t.dtype == WG_I32);
        for (int64_t i = 0; i < of_t.shape.dim[0]; i++) {
            check(x[3 * i] == (float)t[i]);
            check(x[3 * i + 1] == (float)t[i] + 0.5f);
            check(x[3 * i + 2] == -(float)t[i]);
            id[count++] = t[i];
        }
    }
    check_msg(status == 0, "%s", wg_loader_message(loader));
    return count;
}

Test(stream, what_fits_a_window_is_loaded_as_if_it_were_in_memory)
{
    static const wg_loader_options options[] = {
        { .batch_size = 7, .seed = 3 }, { .batch_size = 64, .drop_last = true },
        { .batch_size = 13, .in_order = true }, { .batch_size = ROWS },
    };
    static int32_t from_memory[ROWS], from_file[ROWS];
    const char *path = test_path("fits");
    file_write(path, ROWS);
    wg_runtime *runtime = test_runtime(2);
    wg_dataset *memory = dataset_of(path, false, 0, NULL);
    wg_dataset *file = dataset_of(path, true, 0, NULL);
    wg_fingerprint of_memory_print, of_file_print;
    check_equal_i(wg_dataset_count(file), ROWS);
    check_status(wg_dataset_fingerprint(memory, &of_memory_print), WG_OK);
    check_status(wg_dataset_fingerprint(file, &of_file_print), WG_OK);
    check_bytes(&of_file_print, &of_memory_print, sizeof of_file_print);
    for (int i = 0; i < 4; i++) {
        wg_loader *of_memory = loader_of(runtime, memory, &options[i]);
        wg_loader *of_file = loader_of(runtime, file, &options[i]);
        check_equal_i(wg_loader_batches(of_file), wg_loader_batches(of_memory));
        for (int64_t epoch = 0; epoch < 3; epoch++) {
            const int64_t count = walk(of_memory, epoch, from_memory);
            check_equal_i(walk(of_file, epoch, from_file), count);
            check_bytes(from_file, from_memory, (size_t)count * sizeof from_file[0]);
        }
        wg_loader_free(of_memory);
        wg_loader_free(of_file);
    }
    wg_dataset_free(memory);
    wg_dataset_free(file);
    wg_runtime_free(runtime);
    test_file_remove(path);
}

/* Windows of a tenth of the rows: each row once an epoch, from all over the file at any time; the
 * same whoever reads, and however far an epoch was walked before. */
Test(stream, windows_are_mixed_as_seed_and_epoch_say)
{
    static int32_t first[ROWS], again[ROWS];
    enum { WINDOW_BYTES = ROWS * 16 / 10 };
    const char *path = test_path("windows");
    file_write(path, ROWS);
    wg_dataset *data = dataset_of(path, true, WINDOW_BYTES, NULL);
    check(data->table->block_count > 50);
    for (int64_t epoch = 0; epoch < 3; epoch++) {
        for (int threads = 1; threads <= 4; threads++) {
            wg_runtime *runtime = test_runtime(threads);
            const wg_loader_options options = { .batch_size = 33, .seed = 8 };
            wg_loader *loader = loader_of(runtime, data, &options);
            check_status(wg_loader_start(loader, 5), WG_OK);
            for (int i = 0; i < 3 * threads; i++) check_equal_i(wg_loader_next(loader), 1);
            check_equal_i(walk(loader, epoch, threads == 1 ? first : again), ROWS);
            if (threads > 1) check_bytes(again, first, sizeof first);
            wg_loader_free(loader);
            wg_runtime_free(runtime);
        }
        bool seen[ROWS] = { false };
        double mean = 0;
        for (int i = 0; i < ROWS; i++) {
            check(!seen[first[i]]);
            seen[first[i]] = true;
            if (i < 100) mean += first[i] / 100.0;
        }
        /* A hundred rows of a hundred thousand orders would be 500 +- 29; blocks widen it to some
         * 120, and the beginning of the file would be 50. */
        check_msg(mean > 150 && mean < 850, "epoch %lld: %g", (long long)epoch, mean);
    }
    wg_runtime *runtime = test_runtime(2);
    wg_loader *loader = loader_of(runtime, data, WG_OPTIONS(wg_loader_options, .in_order = true));
    check_equal_i(walk(loader, 1, again), ROWS);
    for (int i = 0; i < ROWS; i++) check_equal_i(again[i], i);
    wg_loader_free(loader);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
    test_file_remove(path);
}

/* Ten times the rows take no more but for the places of the blocks. */
Test(stream, memory_does_not_grow_with_rows)
{
    enum { WINDOW_BYTES = 4000 };
    size_t bytes[2];
    static int32_t id[10 * ROWS];
    const char *path = test_path("grows");
    for (int k = 0; k < 2; k++) {
        const int64_t rows = k == 0 ? ROWS : 10 * ROWS;
        test_memory memory = { 0 };
        const wg_allocator allocator = test_memory_allocator(&memory);
        file_write(path, rows);
        wg_runtime *runtime = wg_runtime_create(
            WG_OPTIONS(wg_runtime_options, .allocator = &allocator, .threads = 1));
        const size_t before = memory.live_bytes;
        wg_dataset *data = dataset_of(path, true, WINDOW_BYTES, &allocator);
        wg_loader *loader = loader_of(runtime, data, NULL);
        bytes[k] = memory.live_bytes - before -
                   (size_t)data->table->block_capacity * sizeof(wg__csv_block) -
                   (size_t)data->table->block_count * sizeof(int64_t);
        memory.locked = true;
        check_equal_i(walk(loader, 0, id), rows);
        memory.locked = false;
        wg_loader_free(loader);
        wg_dataset_free(data);
        wg_runtime_free(runtime);
        check_memory(&memory);
        test_file_remove(path);
    }
    check_msg(bytes[1] <= bytes[0] + bytes[0] / 4, "%zu, and %zu", bytes[0], bytes[1]);
}

Test(stream, a_file_that_changes_is_an_error_and_not_other_rows)
{
    static int32_t id[ROWS];
    wg_error error = { 0 };
    const char *path = test_path("changes");
    file_write(path, ROWS);
    wg_runtime *runtime = test_runtime(2);
    wg_dataset *data = dataset_of(path, true, 2000, NULL);
    wg_loader *loader = loader_of(runtime, data, NULL);
    check_text(wg_loader_message(loader), "");
    file_write(path, ROWS / 2);
    check_status(wg_loader_start(loader, 0), WG_OK);
    int status;
    while ((status = wg_loader_next(loader)) > 0) continue;
    check_status(status, WG_EFORMAT);
    check_contains(wg_loader_message(loader), "changes");
    check_equal_i(wg_loader_view(loader, "x").dtype, 0);
    check_status(wg_loader_next(loader), WG_EFORMAT);
    file_write(path, ROWS);
    check_equal_i(walk(loader, 0, id), ROWS); /* it is there again */
    test_file_remove(path);
    wg_params *params = test_params(0);
    check_status(wg_train(runtime, &test_model, params, data, NULL, NULL, NULL, &error), WG_EFILE);
    check_contains(error.message, "epoch 1, step 1: ");
    check_contains(error.message, "changes: cannot be opened: no such file");
    wg_params_free(params);
    wg_loader_free(loader);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
    check_text(wg_loader_message(NULL), "");
}

Test(stream, what_needs_all_rows_is_refused)
{
    const float x[ROWS] = { 0 };
    wg_error error = { 0 };
    wg_view view = { 0 };
    wg_dataset *part[2];
    const double share[2] = { 1, 1 };
    const char *path = test_path("refused");
    file_write(path, ROWS);
    wg_dataset *data = dataset_of(path, true, 0, NULL);
    check_status(wg_dataset_find(data, "x", &view), WG_EINVALID);
    check_status(wg_dataset_find(data, "y", &view), WG_ENAME);
    check_status(wg_dataset_add(data, "w", wg_f32(x, WG_SHAPE(ROWS))), WG_EINVALID);
    check_status(wg_dataset_lend(data, "w", wg_f32(x, WG_SHAPE(ROWS))), WG_EINVALID);
    check_status(wg_dataset_split(data, 2, share, NULL, part, &error), WG_EINVALID);
    check_contains(error.message, "the rows are streamed");
    wg_dataset_free(data);
    test_file_remove(path);
}

static int load(const wg_allocator *allocator, void *user)
{
    wg_loader *loader = NULL;
    static int32_t id[ROWS];
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 1));
    wg_dataset *data = dataset_of(user, true, 500, allocator);
    int status = runtime == NULL || data == NULL ? WG_EMEMORY : WG_OK;
    if (status >= 0) status = wg_loader_create(runtime, data, NULL, &loader, NULL);
    if (status >= 0) check_equal_i(walk(loader, 0, id), 100);
    if (status >= 0) status = wg_dataset_fingerprint(data, &(wg_fingerprint){ { 0 } });
    wg_loader_free(loader);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
    return status;
}

Test(stream, gives_all_back_when_memory_ends)
{
    char path[512];
    strcpy(path, test_path("memory"));
    file_write(path, 100);
    check(test_memory_fail_each(load, path) > 15);
    test_file_remove(path);
}

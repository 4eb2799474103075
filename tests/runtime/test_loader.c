/* Batches hold each row once an epoch, in an order that is a function of seed and epoch; nothing
 * is allocated after the start; the dataset may be freed before the loader.                     */
#include "support/memory.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <wengert/data.h>

enum { ROWS = 10 };

/* "id" counts, "x" holds three values a row, "flag" bytes. */
static wg_dataset *sample(const wg_allocator *allocator)
{
    int64_t id[ROWS];
    float x[ROWS][3];
    uint8_t flag[ROWS];
    for (int i = 0; i < ROWS; i++) {
        id[i] = i;
        for (int j = 0; j < 3; j++) x[i][j] = (float)(10 * i + j);
        flag[i] = (uint8_t)(i % 2);
    }
    wg_dataset *data = wg_dataset_create(allocator);
    if (data == NULL) return NULL;
    const int status[3] = {
        wg_dataset_add(data, "id", wg_i64(id, WG_SHAPE(ROWS))),
        wg_dataset_add(data, "x", wg_f32(&x[0][0], WG_SHAPE(ROWS, 3))),
        wg_dataset_add(data, "flag", wg_view_of(flag, WG_BOOL, WG_SHAPE(ROWS))),
    };
    if (status[0] == WG_OK && status[1] == WG_OK && status[2] == WG_OK) return data;
    wg_dataset_free(data);
    return NULL;
}

static wg_runtime *runtime_of(const wg_allocator *allocator)
{
    return wg_runtime_create(WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 1));
}

/* The ids of an epoch in their order; checks that the columns belong together. Returns how many. */
static int64_t walk(wg_loader *loader, int64_t epoch, int64_t *id)
{
    int64_t count = 0;
    int status;
    check_equal_i(wg_loader_start(loader, epoch), WG_OK);
    while ((status = wg_loader_next(loader)) > 0) {
        const wg_view ids = wg_loader_view(loader, "id");
        const wg_view x = wg_loader_view(loader, "x");
        const wg_view flag = wg_loader_view(loader, "flag");
        check(wg_shape_equal(x.shape, WG_SHAPE(ids.shape.dim[0], 3)));
        check(x.dtype == WG_F32 && ids.dtype == WG_I64 && flag.dtype == WG_BOOL);
        for (int64_t i = 0; i < ids.shape.dim[0]; i++) {
            const int64_t row = ((const int64_t *)ids.data)[i];
            for (int j = 0; j < 3; j++)
                check_close(((const float *)x.data)[3 * i + j], 10 * row + j, 0);
            check_equal_i(((const uint8_t *)flag.data)[i], row % 2);
            id[count++] = row;
        }
    }
    check_equal_i(status, 0);
    check_equal_i(wg_loader_view(loader, "id").dtype, 0);
    return count;
}

static void check_each_once(const int64_t *id, int64_t count)
{
    int seen[ROWS] = { 0 };
    for (int64_t i = 0; i < count; i++) seen[id[i]]++;
    for (int i = 0; i < ROWS; i++) check(seen[i] == 1);
}

Test(loader, shuffles_as_seed_and_epoch_say)
{
    int64_t id[6][ROWS];
    wg_runtime *runtime = runtime_of(NULL);
    wg_dataset *data = sample(NULL);
    wg_loader *loader[2] = { NULL, NULL };
    for (int k = 0; k < 2; k++) {
        const wg_loader_options options = { .batch_size = 4, .seed = 5 + (uint64_t)k };
        check_equal_i(wg_loader_create(runtime, data, &options, &loader[k], NULL), WG_OK);
        check_equal_i(wg_loader_batches(loader[k]), 3);
    }
    wg_dataset_free(data);
    check_equal_i(walk(loader[0], 0, id[0]), ROWS);
    check_equal_i(walk(loader[0], 1, id[1]), ROWS);
    check_equal_i(walk(loader[0], 0, id[2]), ROWS); /* again */
    check_equal_i(walk(loader[1], 1, id[3]), ROWS); /* another seed */
    for (int k = 0; k < 4; k++) check_each_once(id[k], ROWS);
    check_bytes(id[0], id[2], sizeof id[0]);
    check(memcmp(id[0], id[1], sizeof id[0]) != 0);
    check(memcmp(id[1], id[3], sizeof id[1]) != 0);
    wg_loader_free(loader[0]);
    wg_loader_free(loader[1]);
    wg_loader_free(NULL);
    wg_runtime_free(runtime);
}

Test(loader, keeps_the_order_if_asked_and_may_drop_the_rest)
{
    int64_t id[ROWS];
    wg_runtime *runtime = runtime_of(NULL);
    wg_dataset *data = sample(NULL);
    wg_loader *loader = NULL;
    wg_loader_options options = { .batch_size = 4, .in_order = true };
    check_equal_i(wg_loader_create(runtime, data, &options, &loader, NULL), WG_OK);
    check_equal_i(walk(loader, 3, id), ROWS);
    for (int i = 0; i < ROWS; i++) check_equal_i(id[i], i);
    wg_loader_free(loader);
    options = (wg_loader_options){ .batch_size = 4, .drop_last = true };
    check_equal_i(wg_loader_create(runtime, data, &options, &loader, NULL), WG_OK);
    check_equal_i(wg_loader_batches(loader), 2);
    check_equal_i(walk(loader, 0, id), 8);
    wg_loader_free(loader);
    options = (wg_loader_options){ 0 }; /* 32 rows: one batch of all */
    check_equal_i(wg_loader_create(runtime, data, &options, &loader, NULL), WG_OK);
    check_equal_i(wg_loader_batches(loader), 1);
    check_equal_i(walk(loader, 0, id), ROWS);
    check_each_once(id, ROWS);
    wg_loader_free(loader);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
}

/* Rows so wide that the next batch is gathered while this one is used: the same batches as without
 * a pool, whole at any time, also after an epoch that was left in its middle, or ended by free. */
Test(loader, batches_gathered_ahead_are_the_same)
{
    enum { MANY = 100, WIDTH = 4096, BATCH = 8 };
    float *x = malloc(sizeof *x * MANY * WIDTH);
    int64_t id[MANY], expected[MANY], found[MANY];
    check(x != NULL);
    for (int i = 0; i < MANY; i++) {
        id[i] = i;
        for (int j = 0; j < WIDTH; j++) x[i * WIDTH + j] = (float)(i + j);
    }
    wg_dataset *data = wg_dataset_create(NULL);
    check_status(wg_dataset_lend(data, "x", wg_f32(x, WG_SHAPE(MANY, WIDTH))), WG_OK);
    check_status(wg_dataset_lend(data, "id", wg_i64(id, WG_SHAPE(MANY))), WG_OK);
    for (int threads = 1; threads <= 3; threads++) {
        wg_runtime *runtime =
            wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
        wg_loader *loader = NULL;
        const wg_loader_options options = { .batch_size = BATCH, .seed = 2 };
        check_status(wg_loader_create(runtime, data, &options, &loader, NULL), WG_OK);
        check_status(wg_loader_start(loader, 7), WG_OK);
        for (int i = 0; i < 5; i++) check_equal_i(wg_loader_next(loader), 1);
        int64_t count = 0;
        check_status(wg_loader_start(loader, 3), WG_OK);
        while (wg_loader_next(loader) > 0) {
            const wg_view rows = wg_loader_view(loader, "x"), ids = wg_loader_view(loader, "id");
            for (int64_t i = 0; i < ids.shape.dim[0]; i++) {
                found[count] = ((const int64_t *)ids.data)[i];
                check_bytes((const float *)rows.data + i * WIDTH, x + found[count] * WIDTH,
                            sizeof *x * WIDTH);
                count++;
            }
        }
        check_equal_i(count, MANY);
        if (threads == 1) memcpy(expected, found, sizeof expected);
        check_bytes(found, expected, sizeof expected);
        check_status(wg_loader_start(loader, 4), WG_OK);
        check_equal_i(wg_loader_next(loader), 1);
        wg_loader_free(loader);
        wg_runtime_free(runtime);
    }
    wg_dataset_free(data);
    free(x);
}

Test(loader, allocates_nothing_once_made)
{
    int64_t id[ROWS];
    test_memory memory = { 0 };
    const wg_allocator allocator = test_memory_allocator(&memory);
    wg_runtime *runtime = runtime_of(&allocator);
    wg_dataset *data = sample(&allocator);
    wg_loader *loader = NULL;
    const wg_loader_options options = { .batch_size = 3 };
    check_equal_i(wg_loader_create(runtime, data, &options, &loader, NULL), WG_OK);
    memory.locked = true;
    for (int epoch = 0; epoch < 3; epoch++) check_equal_i(walk(loader, epoch, id), ROWS);
    memory.locked = false;
    wg_runtime_free(runtime);
    wg_dataset_free(data);
    wg_loader_free(loader);
    check_memory(&memory);
}

Test(loader, refuses_bad_arguments)
{
    wg_error error = { 0 };
    wg_runtime *runtime = runtime_of(NULL);
    wg_dataset *data = sample(NULL);
    wg_dataset *empty = wg_dataset_create(NULL);
    wg_loader *loader = NULL;
    check_status(wg_loader_create(NULL, data, NULL, &loader, &error), WG_EINVALID);
    check_status(wg_loader_create(runtime, NULL, NULL, &loader, &error), WG_EINVALID);
    check_status(wg_loader_create(runtime, data, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_loader_create(runtime, empty, NULL, &loader, &error), WG_EINVALID);
    check_contains(error.message, "no rows");
    wg_loader_options options = { .batch_size = -1 };
    check_status(wg_loader_create(runtime, data, &options, &loader, &error), WG_EINVALID);
    options = (wg_loader_options){ .batch_size = 11, .drop_last = true };
    check_status(wg_loader_create(runtime, data, &options, &loader, &error), WG_EINVALID);
    check_contains(error.message, "no batch of 11 rows in 10 rows");
    options = (wg_loader_options){ .reserved = { 1 } };
    check_status(wg_loader_create(runtime, data, &options, &loader, &error), WG_EINVALID);
    check(loader == NULL);

    check_equal_i(wg_loader_create(runtime, data, NULL, &loader, &error), WG_OK);
    check_status(wg_loader_next(loader), WG_EINVALID); /* not started */
    check_status(wg_loader_start(loader, -1), WG_EINVALID);
    check_equal_i(wg_loader_start(loader, 0), WG_OK);
    check_equal_i(wg_loader_view(loader, "id").dtype, 0); /* no batch yet */
    check_equal_i(wg_loader_next(loader), 1);
    check_equal_i(wg_loader_view(loader, "none").dtype, 0);
    check_equal_i(wg_loader_view(loader, NULL).dtype, 0);
    check_equal_i(wg_loader_view(NULL, "id").dtype, 0);
    check_status(wg_loader_start(NULL, 0), WG_EINVALID);
    check_status(wg_loader_next(NULL), WG_EINVALID);
    check_equal_i(wg_loader_batches(NULL), 0);
    wg_loader_free(loader);
    wg_dataset_free(empty);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
}

static int make(const wg_allocator *allocator, void *user)
{
    static const uint8_t wide[ROWS][8192]; /* so that batches are gathered ahead */
    wg_loader *loader = NULL;
    (void)user;
    wg_runtime *runtime = runtime_of(allocator);
    wg_dataset *data = runtime == NULL ? NULL : sample(allocator);
    const wg_view view = wg_u8(&wide[0][0], WG_SHAPE(ROWS, 8192));
    int status = data == NULL ? WG_EMEMORY : wg_dataset_lend(data, "wide", view);
    if (status >= 0) status = wg_loader_create(runtime, data, NULL, &loader, NULL);
    check((loader == NULL) == (status < 0));
    wg_loader_free(loader);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
    return status;
}

Test(loader, gives_all_back_when_memory_ends)
{
    check(test_memory_fail_each(make, NULL) > 10);
}

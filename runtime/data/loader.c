/* Batches of a dataset's rows. All memory is taken when the loader is made; the order of an epoch
 * is a function of seed and epoch alone, so that any epoch can be had again. In order, a batch is
 * the rows of the dataset themselves; shuffled or streamed, they are gathered into memory that the
 * next batch writes again.                                                                      */
#include "runtime/data/feed.h"
#include "runtime/data/order.h"

#include <string.h>

enum { BATCH_SIZE_DEFAULT = 32 };

struct wg_loader {
    wg_allocator allocator;
    wg_dataset *data;
    wg_loader_options options;
    int64_t column_count;   /* when it was made: later columns are not loaded */
    void **memory;          /* a batch of each column; NULL when in order, and not streamed */
    int64_t *order;         /* NULL when in order, or streamed */
    wg__feed *feed;         /* of a streamed dataset; else NULL */
    int64_t start, stop;    /* of the present batch; equal: none */
    bool has_started;
    wg_error error;
};

static size_t row_bytes(const wg_loader *loader, int64_t i)
{
    return loader->data->column[i].bytes / (size_t)loader->data->row_count;
}

static int memory_take(wg_runtime *runtime, wg_loader *loader)
{
    const size_t list_bytes = (size_t)loader->column_count * sizeof *loader->memory;
    const size_t order_bytes = (size_t)loader->data->row_count * sizeof *loader->order;
    const bool is_streamed = loader->data->table != NULL;
    if (loader->options.in_order && !is_streamed) return WG_OK;
    loader->memory = wg__allocate_zeroed(&loader->allocator, list_bytes);
    if (loader->memory == NULL) return WG_EMEMORY;
    if (is_streamed)
        WG_TRY(wg__feed_create(runtime, loader->data, &loader->options, &loader->feed));
    else if ((loader->order = wg__allocate(&loader->allocator, order_bytes)) == NULL)
        return WG_EMEMORY;
    for (int64_t i = 0; i < loader->column_count; i++) {
        /* A batch has no more rows than the dataset, whose bytes were counted. */
        const size_t bytes = (size_t)loader->options.batch_size * row_bytes(loader, i);
        loader->memory[i] = wg__allocate(&loader->allocator, bytes);
        if (loader->memory[i] == NULL) return WG_EMEMORY;
    }
    return WG_OK;
}

void wg_loader_free(wg_loader *loader)
{
    if (loader == NULL) return;
    const wg_allocator allocator = loader->allocator;
    for (int64_t i = 0; loader->memory != NULL && i < loader->column_count; i++)
        wg__release(&allocator, loader->memory[i],
                    (size_t)loader->options.batch_size * row_bytes(loader, i));
    wg__release(&allocator, loader->memory, (size_t)loader->column_count * sizeof(void *));
    wg__feed_free(loader->feed);
    wg__release(&allocator, loader->order, (size_t)loader->data->row_count * sizeof(int64_t));
    wg_dataset_free(loader->data);
    wg__release(&allocator, loader, sizeof *loader);
}

static int check_arguments(const wg_runtime *runtime, const wg_dataset *data,
                           const wg_loader_options *options, wg_error *error)
{
    if (runtime == NULL || data == NULL)
        return wg__fail(error, WG_EINVALID, "loader: a runtime and a dataset are needed, not NULL");
    if (data->row_count == 0) return wg__fail(error, WG_EINVALID, "loader: there are no rows");
    if (options->batch_size < 0)
        return wg__fail(error, WG_EINVALID, "loader: batches of %lld rows",
                        (long long)options->batch_size);
    if (options->drop_last && options->batch_size > data->row_count)
        return wg__fail(error, WG_EINVALID, "loader: no batch of %lld rows in %lld rows",
                        (long long)options->batch_size, (long long)data->row_count);
    if (!wg__reserved_is_zero(options->reserved, 4))
        return wg__fail(error, WG_EINVALID,
                        "loader: options were not zeroed: reserved has a value");
    return WG_OK;
}

int wg_loader_create(wg_runtime *runtime, const wg_dataset *data, const wg_loader_options *options,
                     wg_loader **out, wg_error *error)
{
    wg_loader_options chosen = { 0 };
    if (options != NULL) chosen = *options;
    if (chosen.batch_size == 0) chosen.batch_size = BATCH_SIZE_DEFAULT;
    if (out == NULL) return wg__fail(error, WG_EINVALID, "loader: no place for it was given");
    *out = NULL;
    WG_TRY(check_arguments(runtime, data, &chosen, error));
    if (chosen.batch_size > data->row_count) chosen.batch_size = data->row_count;
    wg_loader *loader = wg__allocate_zeroed(&runtime->allocator, sizeof *loader);
    if (loader == NULL) return wg__fail(error, WG_EMEMORY, "loader: no memory");
    loader->allocator = runtime->allocator;
    loader->options = chosen;
    loader->column_count = data->column_count;
    loader->data = wg__dataset_hold(data);
    if (memory_take(runtime, loader) < 0) {
        wg_loader_free(loader);
        return wg__fail(error, WG_EMEMORY, "loader: no memory for batches of %lld rows",
                        (long long)chosen.batch_size);
    }
    *out = loader;
    return WG_OK;
}

int64_t wg_loader_batches(const wg_loader *loader)
{
    if (loader == NULL) return 0;
    const int64_t size = loader->options.batch_size;
    const int64_t whole = loader->data->row_count / size;
    return loader->options.drop_last || whole * size == loader->data->row_count ? whole : whole + 1;
}

int wg_loader_start(wg_loader *loader, int64_t epoch)
{
    if (loader == NULL || epoch < 0) return WG_EINVALID;
    loader->start = 0;
    loader->stop = 0;
    loader->has_started = true;
    loader->error.message[0] = '\0';
    if (loader->feed != NULL) wg__feed_start(loader->feed, epoch);
    if (loader->order == NULL) return WG_OK;
    wg__order_rows(loader->order, loader->data->row_count);
    wg__order_shuffle(loader->order, loader->data->row_count, "loader", loader->options.seed,
                      (uint64_t)epoch);
    return WG_OK;
}

static void gather(wg_loader *loader, int64_t i)
{
    const size_t bytes = row_bytes(loader, i);
    const unsigned char *from = loader->data->column[i].view.data;
    unsigned char *to = loader->memory[i];
    for (int64_t row = loader->start; row < loader->stop; row++, to += bytes)
        memcpy(to, from + (size_t)loader->order[row] * bytes, bytes);
}

int wg_loader_next(wg_loader *loader)
{
    if (loader == NULL || !loader->has_started) return WG_EINVALID;
    const int64_t count = loader->data->row_count;
    const int64_t size = loader->options.batch_size;
    loader->start = loader->stop;
    const int64_t left = count - loader->start;
    if (left == 0 || (left < size && loader->options.drop_last)) return 0;
    const int64_t rows = left < size ? left : size;
    if (loader->feed != NULL)
        WG_TRY(wg__feed_take(loader->feed, rows, loader->memory, &loader->error));
    loader->stop = loader->start + rows;
    for (int64_t i = 0; loader->order != NULL && i < loader->column_count; i++) gather(loader, i);
    return 1;
}

const char *wg_loader_message(const wg_loader *loader)
{
    return loader == NULL ? "" : loader->error.message;
}

wg_view wg_loader_view(const wg_loader *loader, const char *column)
{
    const wg_view none = { 0 };
    if (loader == NULL || column == NULL || loader->start == loader->stop) return none;
    for (int64_t i = 0; i < loader->column_count; i++) {
        const wg__column *found = &loader->data->column[i];
        if (strcmp(found->name, column) != 0) continue;
        if (loader->memory == NULL) return wg_view_rows(found->view, loader->start, loader->stop);
        wg_shape shape = found->view.shape;
        shape.dim[0] = loader->stop - loader->start;
        return wg_view_of(loader->memory[i], found->view.dtype, shape);
    }
    return none;
}

/* Batches of a dataset's rows. All memory is taken when the loader is made; the order of an epoch
 * is a function of seed and epoch alone, so that any epoch can be had again. In order, a batch is
 * the rows of the dataset themselves; streamed, they are read into memory that the next batch
 * writes again; shuffled, they are gathered, and while a batch is used an errand gathers the next
 * into memory of its own.                                                                       */
#include "runtime/data/feed.h"
#include "runtime/data/order.h"

#include <string.h>

enum { BATCH_SIZE_DEFAULT = 32 };
/* Smaller batches are gathered in less time than a thread needs to hear of them. */
static const size_t ahead_bytes_min = (size_t)1 << 16;

/* Of a column, what its batches are made from and where they lie. */
typedef struct load {
    const unsigned char *from;
    size_t row_bytes;
    void *memory[2];        /* one for the present batch, the other for the next */
} load;

struct wg_loader {
    wg_allocator allocator;
    wg_dataset *data;
    wg_loader_options options;
    int64_t column_count;   /* when it was made: later columns are not loaded */
    load *load;
    int slot_count, slot;   /* of memory; the present batch's. 0: in order, and not streamed */
    int64_t *order;         /* NULL when in order, or streamed */
    wg__feed *feed;         /* of a streamed dataset; else NULL */
    wg__errand *errand;     /* NULL: nothing is gathered ahead */
    int64_t ahead, ahead_stop; /* rows of the next batch, which the errand gathers; equal: none */
    int64_t start, stop;    /* of the present batch; equal: none */
    bool has_started;
    wg_error error;
};

/* ---- memory ---- */

static size_t batch_bytes(const wg_loader *loader)
{
    size_t bytes = 0;
    for (int64_t i = 0; i < loader->column_count; i++) bytes += loader->load[i].row_bytes;
    /* A batch has no more rows than the dataset, whose bytes were counted. */
    return (size_t)loader->options.batch_size * bytes;
}

static int order_take(wg_runtime *runtime, wg_loader *loader)
{
    const size_t bytes = (size_t)loader->data->row_count * sizeof *loader->order;
    loader->order = wg__allocate(&loader->allocator, bytes);
    if (loader->order == NULL) return WG_EMEMORY;
    if (batch_bytes(loader) < ahead_bytes_min) return WG_OK;
    loader->errand = wg__errand_create(&loader->allocator, runtime->pool);
    loader->slot_count = 2;
    return loader->errand == NULL ? WG_EMEMORY : WG_OK;
}

static int memory_take(wg_runtime *runtime, wg_loader *loader)
{
    const bool is_streamed = loader->data->table != NULL;
    loader->load = wg__allocate_zeroed(&loader->allocator,
                                       (size_t)loader->column_count * sizeof *loader->load);
    if (loader->load == NULL) return WG_EMEMORY;
    for (int64_t i = 0; i < loader->column_count; i++) {
        const wg__column *column = &loader->data->column[i];
        loader->load[i].from = column->view.data;
        loader->load[i].row_bytes = column->bytes / (size_t)loader->data->row_count;
    }
    if (loader->options.in_order && !is_streamed) return WG_OK;
    loader->slot_count = 1;
    WG_TRY(is_streamed ? wg__feed_create(runtime, loader->data, &loader->options, &loader->feed)
                       : order_take(runtime, loader));
    for (int64_t i = 0; i < loader->column_count; i++)
        for (int slot = 0; slot < loader->slot_count; slot++) {
            load *one = &loader->load[i];
            one->memory[slot] = wg__allocate(
                &loader->allocator, (size_t)loader->options.batch_size * one->row_bytes);
            if (one->memory[slot] == NULL) return WG_EMEMORY;
        }
    return WG_OK;
}

void wg_loader_free(wg_loader *loader)
{
    if (loader == NULL) return;
    const wg_allocator allocator = loader->allocator;
    wg__errand_free(loader->errand);
    wg__feed_free(loader->feed);
    for (int64_t i = 0; loader->load != NULL && i < loader->column_count; i++)
        for (int slot = 0; slot < loader->slot_count; slot++)
            wg__release(&allocator, loader->load[i].memory[slot],
                        (size_t)loader->options.batch_size * loader->load[i].row_bytes);
    wg__release(&allocator, loader->load, (size_t)loader->column_count * sizeof *loader->load);
    wg__release(&allocator, loader->order, (size_t)loader->data->row_count * sizeof(int64_t));
    wg_dataset_free(loader->data);
    wg__release(&allocator, loader, sizeof *loader);
}

/* ---- making one ---- */

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

/* ---- batches ---- */

/* The rows start .. stop of the order into a slot. */
static void gather(const wg_loader *loader, int64_t start, int64_t stop, int slot)
{
    for (int64_t i = 0; i < loader->column_count; i++) {
        const load *one = &loader->load[i];
        unsigned char *to = one->memory[slot];
        for (int64_t row = start; row < stop; row++, to += one->row_bytes)
            memcpy(to, one->from + (size_t)loader->order[row] * one->row_bytes, one->row_bytes);
    }
}

static void gather_ahead(void *context)
{
    const wg_loader *loader = context;
    gather(loader, loader->ahead, loader->ahead_stop, 1 - loader->slot);
}

int wg_loader_start(wg_loader *loader, int64_t epoch)
{
    if (loader == NULL || epoch < 0) return WG_EINVALID;
    if (loader->errand != NULL) wg__errand_wait(loader->errand);
    loader->start = loader->stop = 0;
    loader->ahead = loader->ahead_stop = 0;
    loader->has_started = true;
    loader->error.message[0] = '\0';
    if (loader->feed != NULL) wg__feed_start(loader->feed, epoch);
    if (loader->order == NULL) return WG_OK;
    wg__order_rows(loader->order, loader->data->row_count);
    wg__order_shuffle(loader->order, loader->data->row_count, "loader", loader->options.seed,
                      (uint64_t)epoch);
    return WG_OK;
}

/* Where the batch ends that begins at this row; the row itself if there is none. */
static int64_t batch_stop(const wg_loader *loader, int64_t start)
{
    const int64_t size = loader->options.batch_size;
    const int64_t left = loader->data->row_count - start;
    if (left < size) return loader->options.drop_last ? start : start + left;
    return start + size;
}

/* The present batch into its memory, and the next one on its way. */
static int batch_make(wg_loader *loader, int64_t start, int64_t stop)
{
    if (loader->feed != NULL) {
        void *memory[WG__FEED_COLUMNS_MAX] = { NULL };
        for (int64_t i = 0; i < loader->column_count; i++) memory[i] = loader->load[i].memory[0];
        return wg__feed_take(loader->feed, stop - start, memory, &loader->error);
    }
    if (loader->order == NULL) return WG_OK;
    if (loader->errand == NULL) {
        gather(loader, start, stop, 0);
        return WG_OK;
    }
    const bool is_ahead = loader->ahead < loader->ahead_stop;
    wg__errand_wait(loader->errand);
    if (!is_ahead) gather(loader, start, stop, 1 - loader->slot);
    loader->slot = 1 - loader->slot;
    loader->ahead = stop;
    loader->ahead_stop = batch_stop(loader, stop);
    if (loader->ahead < loader->ahead_stop)
        wg__errand_start(loader->errand, gather_ahead, loader);
    return WG_OK;
}

int wg_loader_next(wg_loader *loader)
{
    if (loader == NULL || !loader->has_started) return WG_EINVALID;
    const int64_t start = loader->stop, stop = batch_stop(loader, start);
    loader->start = start;
    if (start == stop) return 0;
    WG_TRY(batch_make(loader, start, stop));
    loader->stop = stop;
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
        if (loader->slot_count == 0)
            return wg_view_rows(found->view, loader->start, loader->stop);
        wg_shape shape = found->view.shape;
        shape.dim[0] = loader->stop - loader->start;
        return wg_view_of(loader->load[i].memory[loader->slot], found->view.dtype, shape);
    }
    return none;
}

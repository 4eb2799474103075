/* Order and memory of a stream. Blocks are shuffled over the whole file, then rows inside each
 * window: both as seed and epoch say, and the windows as the file and the constants here say. So a
 * batch depends neither on threads nor on how far reading is ahead. In a single window the order is
 * that of a dataset in memory. */
#include "runtime/data/feed.h"

#include "runtime/data/csv_table.h"
#include "runtime/data/order.h"

#include <string.h>

/* Of decoded rows in a window: some fifty blocks from all over the file are mixed, and two windows
 * and their orders stay far below what one notices. */
static const size_t window_bytes_max = (size_t)1 << 24;

typedef struct window {
    wg__feed *feed;
    int64_t number;               /* in the epoch */
    int64_t rows;
    unsigned char *memory[WG__FEED_COLUMNS_MAX];
    int64_t *order;
    int status;
    wg_error error;
} window;

struct wg__feed {
    wg_allocator allocator;
    const wg_dataset *data;
    const wg__csv_table *table;
    wg__csv_reader reader;        /* the errand's */
    wg__errand *errand;
    uint64_t seed;
    int64_t epoch;
    bool is_shuffled;
    size_t row_bytes[WG__FEED_COLUMNS_MAX];
    int64_t *block_order;
    int64_t window_blocks, window_rows_max, window_count;
    window window[2];
    window *current;              /* whose rows are handed out; the other is being read */
    int64_t at;                   /* row of it */
};

/* ---- reading a window ---- */

static int blocks_read(window *w, wg__file *file)
{
    const wg__feed *feed = w->feed;
    const wg__csv_table *table = feed->table;
    const int64_t first = w->number * feed->window_blocks;
    const int64_t left = table->block_count - first;
    const int64_t count = left < feed->window_blocks ? left : feed->window_blocks;
    const int of_t = table->x_count > 0; /* its column, behind that of x if there is one */
    for (int64_t i = 0; i < count; i++) {
        unsigned char *to[WG__FEED_COLUMNS_MAX] = { NULL, NULL };
        const int64_t block = feed->block_order[first + i];
        for (int64_t k = 0; k < feed->data->column_count; k++)
            to[k] = w->memory[k] + (size_t)w->rows * feed->row_bytes[k];
        float *x = table->x_count > 0 ? (float *)(void *)to[0] : NULL;
        WG_TRY(wg__csv_block_read(&feed->reader, file, block, x, to[of_t], &w->error));
        w->rows += wg__csv_block_rows(table, block);
    }
    return WG_OK;
}

static void rows_shuffle(const window *w)
{
    const wg__feed *feed = w->feed;
    uint64_t seed = feed->seed;
    unsigned char bytes[8]; /* spelled out, so that the key does not depend on the host */
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)w->number >> (8 * i));
    if (w->number > 0) seed = wg__hash64(bytes, sizeof bytes, seed);
    wg__order_rows(w->order, w->rows);
    if (feed->is_shuffled)
        wg__order_shuffle(w->order, w->rows, "loader", seed, (uint64_t)feed->epoch);
}

static void window_read(void *context)
{
    wg__file file;
    window *w = context;
    w->rows = 0;
    w->status = wg__file_open(&file, w->feed->table->path, &w->error);
    if (w->status < 0) return;
    w->status = blocks_read(w, &file);
    wg__file_close(&file);
    if (w->status >= 0) rows_shuffle(w);
}

/* ---- handing out ---- */

static void window_begin(wg__feed *feed, window *w, int64_t number)
{
    w->number = number;
    wg__errand_start(feed->errand, window_read, w);
}

void wg__feed_start(wg__feed *feed, int64_t epoch)
{
    const int64_t count = feed->table->block_count;
    wg__errand_wait(feed->errand);
    feed->epoch = epoch;
    wg__order_rows(feed->block_order, count);
    if (feed->is_shuffled && feed->window_count > 1)
        wg__order_shuffle(feed->block_order, count, "blocks", feed->seed, (uint64_t)epoch);
    feed->current = NULL;
    window_begin(feed, &feed->window[0], 0);
}

/* The window that was being read is handed out from now on, and the one behind it is read. */
static int window_next(wg__feed *feed, wg_error *error)
{
    window *w = feed->current == &feed->window[0] ? &feed->window[1] : &feed->window[0];
    WG_ASSERT(feed->current == NULL || feed->current->number + 1 < feed->window_count);
    wg__errand_wait(feed->errand);
    if (w->status < 0) return wg__fail(error, w->status, "%s", w->error.message);
    window *other = w == &feed->window[0] ? &feed->window[1] : &feed->window[0];
    feed->current = w;
    feed->at = 0;
    if (w->number + 1 < feed->window_count) window_begin(feed, other, w->number + 1);
    return WG_OK;
}

static void rows_copy(const wg__feed *feed, int64_t first, int64_t rows, void *const *memory)
{
    const window *w = feed->current;
    for (int64_t k = 0; k < feed->data->column_count; k++) {
        const size_t bytes = feed->row_bytes[k];
        unsigned char *to = (unsigned char *)memory[k] + (size_t)first * bytes;
        for (int64_t i = 0; i < rows; i++, to += bytes)
            memcpy(to, w->memory[k] + (size_t)w->order[feed->at + i] * bytes, bytes);
    }
}

int wg__feed_take(wg__feed *feed, int64_t rows, void *const *memory, wg_error *error)
{
    for (int64_t done = 0; done < rows;) {
        if (feed->current == NULL || feed->at == feed->current->rows)
            WG_TRY(window_next(feed, error));
        const int64_t left = feed->current->rows - feed->at;
        const int64_t here = rows - done < left ? rows - done : left;
        rows_copy(feed, done, here, memory);
        feed->at += here;
        done += here;
    }
    return WG_OK;
}

/* ---- memory ---- */

static bool window_take(wg__feed *feed, window *w)
{
    const size_t rows = (size_t)feed->window_rows_max;
    w->feed = feed;
    w->order = wg__allocate(&feed->allocator, rows * sizeof *w->order);
    bool is_whole = w->order != NULL;
    for (int64_t k = 0; k < feed->data->column_count; k++) {
        w->memory[k] = wg__allocate(&feed->allocator, rows * feed->row_bytes[k]);
        is_whole = is_whole && w->memory[k] != NULL;
    }
    return is_whole;
}

static void window_release(const wg__feed *feed, const window *w)
{
    const size_t rows = (size_t)feed->window_rows_max;
    wg__release(&feed->allocator, w->order, rows * sizeof *w->order);
    for (int64_t k = 0; k < feed->data->column_count; k++)
        wg__release(&feed->allocator, w->memory[k], rows * feed->row_bytes[k]);
}

/* As many blocks a window as fit, at least one. */
static void windows_measure(wg__feed *feed)
{
    const wg__csv_table *table = feed->table;
    const size_t chosen = feed->data->window_bytes_test;
    const size_t bytes_max = chosen > 0 ? chosen : window_bytes_max;
    size_t block_bytes = 0;
    for (int64_t k = 0; k < feed->data->column_count; k++)
        block_bytes += (size_t)table->block_rows_max * feed->row_bytes[k];
    const int64_t fitting = (int64_t)(bytes_max / block_bytes);
    const int64_t blocks = fitting < 1 ? 1 : fitting;
    feed->window_blocks = blocks < table->block_count ? blocks : table->block_count;
    feed->window_count = (table->block_count - 1) / feed->window_blocks + 1;
    feed->window_rows_max = feed->window_blocks * table->block_rows_max;
}

void wg__feed_free(wg__feed *feed)
{
    if (feed == NULL) return;
    const wg_allocator allocator = feed->allocator;
    wg__errand_free(feed->errand);
    for (int i = 0; i < 2; i++) window_release(feed, &feed->window[i]);
    wg__csv_reader_close(&feed->reader);
    wg__release(&allocator, feed->block_order,
                (size_t)feed->table->block_count * sizeof *feed->block_order);
    wg__release(&allocator, feed, sizeof *feed);
}

int wg__feed_create(wg_runtime *runtime, const wg_dataset *data, const wg_loader_options *options,
                    wg__feed **out)
{
    const wg_allocator *allocator = &runtime->allocator;
    wg__feed *feed = wg__allocate_zeroed(allocator, sizeof *feed);
    if (feed == NULL) return WG_EMEMORY;
    feed->allocator = *allocator;
    feed->data = data;
    feed->table = data->table;
    feed->seed = options->seed;
    feed->is_shuffled = !options->in_order;
    for (int64_t k = 0; k < data->column_count; k++)
        feed->row_bytes[k] = data->column[k].bytes / (size_t)data->row_count;
    windows_measure(feed);
    feed->block_order = wg__allocate(
        allocator, (size_t)feed->table->block_count * sizeof *feed->block_order);
    feed->errand = wg__errand_create(allocator, runtime->pool);
    const bool is_whole = feed->block_order != NULL && feed->errand != NULL &&
                          wg__csv_reader_open(&feed->reader, feed->table, allocator) >= 0 &&
                          window_take(feed, &feed->window[0]) &&
                          (feed->window_count == 1 || window_take(feed, &feed->window[1]));
    if (!is_whole) {
        wg__feed_free(feed);
        return WG_EMEMORY;
    }
    *out = feed;
    return WG_OK;
}

/* Fingerprints: of a program, over the recording it was made from; of parameters and datasets, over
 * names, types and elements. Equal bits have equal fingerprints on every machine: words are little
 * endian, NaN is one. */
#include "runtime/data/csv_table.h"
#include "runtime/data/dataset.h"
#include "runtime/internal.h"

#include <string.h>

int wg_program_fingerprint(const wg_program *program, wg_fingerprint *out)
{
    if (program == NULL || out == NULL) return WG_EINVALID;
    const wg__hash *hash = &program->frame->plan->fingerprint;
    *out = (wg_fingerprint){ .word = { hash->word[0], hash->word[1] } };
    return WG_OK;
}

/* ---- named arrays ---- */

enum { BLOCK_BYTES = 4096 };

/* A chain: each block is hashed together with the hash of what came before. Elements are held until
 * a block is full, so it does not matter in which pieces they come. */
typedef struct chain {
    wg__hash hash;
    wg_dtype dtype; /* of what is held */
    size_t held;
    union {
        float f32[BLOCK_BYTES / 4];
        double f64[BLOCK_BYTES / 8];
        char byte[BLOCK_BYTES];
    } block;
} chain;

static void chain_add(chain *c, const void *data, size_t bytes)
{
    const wg__bytes part[2] = { { &c->hash, sizeof c->hash }, { data, bytes } };
    c->hash = wg__hash_of(part, 2);
}

static void elements_end(chain *c)
{
    if (c->held == 0) return;
    wg__nan_canonical(c->dtype, (int64_t)(c->held / wg_dtype_bytes(c->dtype)), &c->block);
    chain_add(c, &c->block, c->held);
    c->held = 0;
}

static void elements_add(chain *c, const void *data, size_t bytes)
{
    const char *from = data;
    while (bytes > 0) {
        const size_t room = BLOCK_BYTES - c->held, here = bytes < room ? bytes : room;
        memcpy(c->block.byte + c->held, from, here);
        c->held += here;
        from += here;
        bytes -= here;
        if (c->held == BLOCK_BYTES) elements_end(c);
    }
}

/* What an array is; its elements follow. */
static void head_add(chain *c, const char *name, bool is_trained, const wg_view *view)
{
    const wg_shape *shape = &view->shape;
    const int64_t head[3] = { (int64_t)view->dtype, shape->rank, is_trained };
    chain_add(c, name, strlen(name) + 1);
    chain_add(c, head, sizeof head);
    chain_add(c, shape->dim, (size_t)shape->rank * sizeof shape->dim[0]);
    c->dtype = view->dtype;
}

int wg_params_fingerprint(const wg_params *params, wg_fingerprint *out)
{
    if (params == NULL || out == NULL) return WG_EINVALID;
    chain c = { .held = 0 };
    for (int64_t i = 0; i < params->count; i++) {
        const wg__entry *entry = params->entry[i];
        const wg_view view = wg_view_of(entry->data, entry->type.dtype,
                                        wg__shape_public(&entry->type.shape));
        head_add(&c, entry->path, entry->is_trained, &view);
        elements_add(&c, view.data,
                     (size_t)wg_shape_count(view.shape) * wg_dtype_bytes(view.dtype));
        elements_end(&c);
    }
    *out = (wg_fingerprint){ .word = { c.hash.word[0], c.hash.word[1] } };
    return WG_OK;
}

/* ---- datasets ---- */

/* Chains of the columns "x" and "t" of a streamed dataset. */
typedef struct stream { const wg__csv_table *table; chain *x, *t; } stream;

static int rows_add(const float *x, const void *t, int64_t rows, void *user)
{
    const stream *s = user;
    const size_t values = (size_t)rows * WG__CSV_VALUE_BYTES;
    if (s->x != NULL) elements_add(s->x, x, values * (size_t)s->table->x_count);
    if (s->t != NULL) elements_add(s->t, t, values * (size_t)s->table->t_count);
    return WG_OK;
}

/* The elements of each column behind its head. */
static int columns_add(const wg_dataset *data, chain *c)
{
    if (data->table != NULL) {
        const bool has_x = data->table->x_count > 0;
        stream s = { data->table, has_x ? &c[0] : NULL,
                     data->table->t_count > 0 ? &c[has_x] : NULL };
        return wg__csv_table_walk(data->table, rows_add, &s, NULL);
    }
    for (int64_t i = 0; i < data->column_count; i++)
        elements_add(&c[i], data->column[i].view.data, data->column[i].bytes);
    return WG_OK;
}

int wg_dataset_fingerprint(const wg_dataset *data, wg_fingerprint *out)
{
    if (data == NULL || out == NULL) return WG_EINVALID;
    const size_t bytes = (size_t)data->column_count * sizeof(chain);
    chain *c = wg__allocate_zeroed(&data->allocator, bytes);
    if (c == NULL) return WG_EMEMORY;
    for (int64_t i = 0; i < data->column_count; i++)
        head_add(&c[i], data->column[i].name, false, &data->column[i].view);
    const int status = columns_add(data, c);
    wg_fingerprint sum = { .word = { 0, 0 } }; /* of the columns in any order */
    for (int64_t i = 0; i < data->column_count; i++) {
        elements_end(&c[i]);
        sum.word[0] += c[i].hash.word[0];
        sum.word[1] += c[i].hash.word[1];
    }
    wg__release(&data->allocator, c, bytes);
    if (status >= 0) *out = sum;
    return status;
}

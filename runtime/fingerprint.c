/* Fingerprints: of a program, over the recording it was made from; of parameters and datasets, over
 * names, types and elements. Equal bits have equal fingerprints on every machine: words are little
 * endian, NaN is one. */
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

/* A chain: each block is hashed together with the hash of what came before. */
static void chain_add(wg__hash *chain, const void *data, size_t bytes)
{
    const wg__bytes part[2] = { { chain, sizeof *chain }, { data, bytes } };
    *chain = wg__hash_of(part, 2);
}

static void elements_add(wg__hash *chain, const wg_view *view)
{
    const size_t step = wg_dtype_bytes(view->dtype);
    const size_t end = (size_t)wg_shape_count(view->shape) * step;
    union { float f32[BLOCK_BYTES / 4]; double f64[BLOCK_BYTES / 8]; } block;
    for (size_t at = 0; at < end; at += BLOCK_BYTES) {
        const size_t bytes = end - at < BLOCK_BYTES ? end - at : BLOCK_BYTES;
        memcpy(&block, (const char *)view->data + at, bytes);
        wg__nan_canonical(view->dtype, (int64_t)(bytes / step), &block);
        chain_add(chain, &block, bytes);
    }
}

/* view is contiguous. */
static void array_add(wg__hash *chain, const char *name, bool is_trained, const wg_view *view)
{
    const wg_shape *shape = &view->shape;
    const int64_t head[3] = { (int64_t)view->dtype, shape->rank, is_trained };
    chain_add(chain, name, strlen(name) + 1);
    chain_add(chain, head, sizeof head);
    chain_add(chain, shape->dim, (size_t)shape->rank * sizeof shape->dim[0]);
    elements_add(chain, view);
}

int wg_params_fingerprint(const wg_params *params, wg_fingerprint *out)
{
    if (params == NULL || out == NULL) return WG_EINVALID;
    wg__hash chain = { .word = { 0, 0 } };
    for (int64_t i = 0; i < params->count; i++) {
        const wg__entry *entry = params->entry[i];
        const wg_view view = wg_view_of(entry->data, entry->type.dtype,
                                        wg__shape_public(&entry->type.shape));
        array_add(&chain, entry->path, entry->is_trained, &view);
    }
    *out = (wg_fingerprint){ .word = { chain.word[0], chain.word[1] } };
    return WG_OK;
}

int wg_dataset_fingerprint(const wg_dataset *data, wg_fingerprint *out)
{
    if (data == NULL || out == NULL || data->table != NULL) return WG_EINVALID;
    wg_fingerprint sum = { .word = { 0, 0 } }; /* of the columns in any order */
    for (int64_t i = 0; i < data->column_count; i++) {
        wg__hash chain = { .word = { 0, 0 } };
        array_add(&chain, data->column[i].name, false, &data->column[i].view);
        sum.word[0] += chain.word[0];
        sum.word[1] += chain.word[1];
    }
    *out = sum;
    return WG_OK;
}

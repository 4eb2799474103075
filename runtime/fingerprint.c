/* Fingerprints: of a program, over the recording it was made from, and of parameters, over names,
 * types and elements. Equal bits have equal fingerprints on every machine: words are little
 * endian, NaN is one. */
#include "runtime/internal.h"

#include <string.h>

int wg_program_fingerprint(const wg_program *program, wg_fingerprint *out)
{
    if (program == NULL || out == NULL) return WG_EINVALID;
    const wg__hash *hash = &program->frame->plan->fingerprint;
    *out = (wg_fingerprint){ .word = { hash->word[0], hash->word[1] } };
    return WG_OK;
}

/* ---- parameters ---- */

enum { BLOCK_BYTES = 4096 };

/* A chain: each block is hashed together with the hash of what came before. */
static void chain_add(wg__hash *chain, const void *data, size_t bytes)
{
    const wg__bytes part[2] = { { chain, sizeof *chain }, { data, bytes } };
    *chain = wg__hash_of(part, 2);
}

static void elements_add(wg__hash *chain, const wg__entry *entry)
{
    const size_t step = wg_dtype_bytes(entry->type.dtype);
    union { float f32[BLOCK_BYTES / 4]; double f64[BLOCK_BYTES / 8]; } block;
    for (size_t at = 0; at < entry->bytes; at += BLOCK_BYTES) {
        const size_t bytes = entry->bytes - at < BLOCK_BYTES ? entry->bytes - at : BLOCK_BYTES;
        memcpy(&block, (const char *)entry->data + at, bytes);
        wg__nan_canonical(entry->type.dtype, (int64_t)(bytes / step), &block);
        chain_add(chain, &block, bytes);
    }
}

static void entry_add(wg__hash *chain, const wg__entry *entry)
{
    const wg__shape *shape = &entry->type.shape;
    const int64_t head[3] = { (int64_t)entry->type.dtype, shape->rank, entry->is_trained };
    chain_add(chain, entry->path, strlen(entry->path) + 1);
    chain_add(chain, head, sizeof head);
    chain_add(chain, shape->dim, (size_t)shape->rank * sizeof shape->dim[0]);
    elements_add(chain, entry);
}

int wg_params_fingerprint(const wg_params *params, wg_fingerprint *out)
{
    if (params == NULL || out == NULL) return WG_EINVALID;
    wg__hash chain = { .word = { 0, 0 } };
    for (int64_t i = 0; i < params->count; i++) entry_add(&chain, params->entry[i]);
    *out = (wg_fingerprint){ .word = { chain.word[0], chain.word[1] } };
    return WG_OK;
}

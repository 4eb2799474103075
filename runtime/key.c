/* The key of a recording: every byte that its plan depends on, and none that may change from run
 * to run.
 *
 * Tables are interned in order of first use and scalars are canonical, so equal recordings have
 * equal keys. Each list is preceded by its length: no two recordings share a key by running lists
 * together. Settings of the runtime are no part of it: cache.c compares them. */
#include "runtime/internal.h"

#include <string.h>

/* Called twice: to count, with to NULL, and to write. */
typedef struct sink { unsigned char *to; int64_t bytes; } sink;

static void put(sink *out, const void *data, int64_t bytes)
{
    if (out->to != NULL && bytes > 0) memcpy(out->to + out->bytes, data, (size_t)bytes);
    out->bytes += bytes;
}

static void put_count(sink *out, int64_t count)
{
    put(out, &count, (int64_t)sizeof count);
}

static void put_table(sink *out, const wg__table *table)
{
    put_count(out, table->count);
    for (int64_t i = 0; i < table->count; i++) {
        put_count(out, table->item[i].count);
        put(out, table->item[i].word, table->item[i].count * (int64_t)sizeof(int64_t));
    }
}

static void put_type(sink *out, const wg__type *type)
{
    const int64_t head[2] = { (int64_t)type->dtype, type->shape.rank };
    put(out, head, (int64_t)sizeof head);
    put(out, type->shape.dim, type->shape.rank * (int64_t)sizeof type->shape.dim[0]);
}

/* Without their places, ended by a kind that is none. */
static void put_effects(sink *out, const wg_tape *tape)
{
    for (int64_t i = tape->effect_done; i < tape->effect_count; i++) {
        const wg__effect *effect = &tape->effect[i];
        const uint32_t word[3] = { (uint32_t)effect->kind, effect->slot, effect->value };
        if (effect->kind != WG__CREATE) put(out, word, (int64_t)sizeof word);
    }
    const uint32_t end[3] = { 0, 0, 0 };
    put(out, end, (int64_t)sizeof end);
}

static void put_recording(sink *out, const wg__wanted *wanted)
{
    const wg_tape *tape = wanted->tape;
    put_count(out, wanted->count);
    put(out, wanted->node, wanted->count * (int64_t)sizeof wanted->node[0]);
    put_count(out, wanted->with_effects);
    if (wanted->with_effects) put_effects(out, tape);
    put_count(out, tape->count);
    put(out, tape->record, tape->count * (int64_t)sizeof tape->record[0]);
    put_table(out, &tape->shapes);
    put_table(out, &tape->attributes);
    put_table(out, &tape->lists);
    put_count(out, tape->input_count);
    put_count(out, tape->version_count);
    put_count(out, tape->check_finite);
    put_count(out, tape->constant_count);
}

static void put_constant(sink *out, const wg__constant *constant)
{
    put_type(out, &constant->type);
    put(out, constant->data, (int64_t)constant->bytes);
}

/* Last, so that what lies before and behind one of them is told by its place. */
static void put_constants(sink *out, const wg_tape *tape)
{
    for (int64_t i = 0; i < tape->constant_count; i++) put_constant(out, &tape->constant[i]);
}

int wg__key_write(wg_runtime *runtime, const wg__wanted *wanted)
{
    sink count = { NULL, 0 };
    put_recording(&count, wanted);
    put_constants(&count, wanted->tape);
    WG_TRY(wg__grow(&runtime->allocator, (void **)&runtime->key, &runtime->key_capacity,
                    count.bytes, 1));

    sink out = { runtime->key, 0 };
    put_recording(&out, wanted);
    put_constants(&out, wanted->tape);
    WG_ASSERT(out.bytes == count.bytes);
    runtime->key_bytes = out.bytes;
    return WG_OK;
}

/* ---- what differs between two keys ---- */

int64_t wg__key_changed_constant(const wg_tape *tape, const wg__key *key, const wg__key *other)
{
    if (key->bytes != other->bytes) return WG__NOWHERE;
    sink all = { NULL, 0 };
    put_constants(&all, tape);
    int64_t at = key->bytes - all.bytes;
    if (memcmp(key->data, other->data, (size_t)at) != 0) return WG__NOWHERE;
    int64_t found = WG__NOWHERE;
    for (int64_t i = 0; i < tape->constant_count; i++) {
        sink one = { NULL, 0 };
        put_constant(&one, &tape->constant[i]);
        const int64_t type_bytes = one.bytes - (int64_t)tape->constant[i].bytes;
        if (memcmp(key->data + at, other->data + at, (size_t)type_bytes) != 0) return WG__NOWHERE;
        if (memcmp(key->data + at, other->data + at, (size_t)one.bytes) != 0) {
            if (found != WG__NOWHERE) return WG__NOWHERE;
            found = i;
        }
        at += one.bytes;
    }
    return found;
}

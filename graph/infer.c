/* Types of results: by the op's rule, or as it was found before. A recording asks for the same few
 * types again and again, and a type depends on the op, its attribute, the types of its inputs and
 * the wanted type alone; so what was inferred is remembered under these, each an id, in a table
 * that forgets. */
#include "graph/tape.h"
#include <string.h>

uint32_t wg__tape_shape_id(wg_tape *tape, const wg__shape *shape)
{
    const uint32_t id = wg__tape_intern(tape, &tape->shapes, shape->dim, shape->rank);
    if (id == WG__NONE) return WG__NONE;
    if (tape->shapes.count <= tape->shape_count) return id;
    WG_ASSERT(id == tape->shape_count);
    if (tape->is_following) {
        tape->shape_count++;
        return id;
    }
    wg__shape *copy = wg__arena_take(&tape->kept, sizeof *copy);
    if (copy == NULL || wg__grow(&tape->allocator, (void **)&tape->shape, &tape->shape_capacity,
                                 id + 1, sizeof(wg__shape *)) < 0)
        return WG__NONE;
    *copy = *shape;
    tape->shape[tape->shape_count++] = copy;
    return id;
}

/* What a type depends on. Entries of earlier recordings have another generation. */
static void key_make(const wg_tape *tape, const wg__request *request, uint32_t attribute,
                     uint32_t wanted, wg__memo *out)
{
    *out = (wg__memo){ .generation = tape->generation,
                       .op = (uint16_t)request->op,
                       .in_count = (uint8_t)request->in_count,
                       .attribute = attribute,
                       .wanted = wanted };
    for (int32_t i = 0; i < request->in_count; i++) {
        const wg__record *in = &tape->record[request->in[i]];
        out->in_dtype[i] = in->dtype;
        out->in_shape[i] = in->shape;
    }
    if (request->wanted != NULL) out->in_dtype[3] = (uint8_t)request->wanted->dtype;
}

static wg__memo *memo_place(wg_tape *tape, const wg__memo *key)
{
    uint32_t h = key->op;
    h = h * 31 + key->attribute;
    h = h * 31 + key->in_shape[0];
    h = h * 31 + key->in_shape[1];
    h = h * 31 + key->wanted;
    h = h * 31 + key->in_dtype[0];
    return &tape->memo[h % WG__MEMO_COUNT];
}

static int types_reserve(wg_tape *tape, int64_t count)
{
    return wg__grow(&tape->allocator, (void **)&tape->types, &tape->types_capacity,
                    count > 3 ? count : 3, sizeof *tape->types);
}

/* By the rule. */
static int infer(wg_tape *tape, const wg__request *request, wg__record *record)
{
    if (types_reserve(tape, request->in_count) < 0) return wg__tape_no_memory(tape);
    for (int32_t i = 0; i < request->in_count; i++)
        tape->types[i] = wg__tape_type(tape, request->in[i]);
    char reason[200];
    wg__text why = wg__text_of(reason, sizeof reason);
    wg__type out;
    const int status = wg__infer(request, tape->types, &out, &why);
    if (status < 0)
        return wg__tape_refuse(tape, status, wg__op_table[request->op].name, WG__NONE, "%s",
                               reason);
    record->dtype = (uint8_t)out.dtype;
    record->shape = wg__tape_shape_id(tape, &out.shape);
    return record->shape == WG__NONE ? wg__tape_no_memory(tape) : WG_OK;
}

int wg__tape_infer(wg_tape *tape, const wg__request *request, wg__record *record)
{
    if (request->in_count > 3) return infer(tape, request, record);
    uint32_t wanted = WG__NONE;
    if (request->wanted != NULL && wg__shape_count(&request->wanted->shape) >= 0) {
        wanted = wg__tape_shape_id(tape, &request->wanted->shape);
        if (wanted == WG__NONE) return wg__tape_no_memory(tape);
    }
    wg__memo key;
    key_make(tape, request, record->attribute, wanted, &key);
    wg__memo *memo = memo_place(tape, &key);
    if (memcmp(memo, &key, offsetof(wg__memo, dtype)) != 0) {
        WG_TRY(infer(tape, request, record));
        key.dtype = record->dtype;
        key.shape = record->shape;
        *memo = key;
    }
    record->dtype = memo->dtype;
    record->shape = memo->shape;
    return WG_OK;
}

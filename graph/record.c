/* Recording: a request becomes a record of 32 bytes, its shape, attribute and input list ids of the
 * tape's tables. Inputs stand before their readers, so stored order is an order of execution; every
 * pass over a tape relies on it. */
#include "graph/sweep.h"
#include <string.h>

/* ---- parts of a record ---- */

static uint32_t attribute_id(wg_tape *tape, const int64_t *attribute, int32_t count)
{
    if (count == 0) return 0;
    return wg__tape_intern(tape, &tape->attributes, attribute, count);
}

/* The inputs as words of the table, and as they are read. */
static uint32_t list_id(wg_tape *tape, const uint32_t *in, int32_t count)
{
    int64_t *word = wg__arena_take(&tape->arena, (size_t)count * sizeof *word);
    if (word == NULL) return WG__NONE;
    for (int32_t i = 0; i < count; i++) word[i] = in[i];
    const uint32_t id = wg__tape_intern(tape, &tape->lists, word, count);
    if (id == WG__NONE || tape->lists.count <= tape->list_count) return id;
    WG_ASSERT(id == tape->list_count);
    if (tape->is_following) {
        tape->list_count++;
        return id;
    }
    uint32_t *copy = wg__arena_take(&tape->kept, (size_t)count * sizeof *copy);
    if (copy == NULL || wg__grow(&tape->allocator, (void **)&tape->list, &tape->list_capacity,
                                 id + 1, sizeof(uint32_t *)) < 0)
        return WG__NONE;
    memcpy(copy, in, (size_t)count * sizeof *copy);
    tape->list[tape->list_count++] = copy;
    return id;
}

/* Up to three inputs stand in the record, more in a list. */
static int inputs_set(wg_tape *tape, wg__record *record, const uint32_t *in, int32_t count)
{
    if (count <= 3) {
        record->in_count = (uint8_t)count;
        for (int32_t i = 0; i < count; i++) record->in[i] = in[i];
        return WG_OK;
    }
    record->in_count = WG__LIST;
    record->in[0] = list_id(tape, in, count);
    return record->in[0] == WG__NONE ? WG_EMEMORY : WG_OK;
}

/* ---- appending ---- */

static int make_room(wg_tape *tape)
{
    const int64_t needed = tape->count + 1;
    if (needed > tape->count_max)
        return wg__tape_refuse(tape, WG_ELIMIT, NULL, WG__NONE,
                               "more than %lld values on the tape: is wg_tape_reset missing?",
                               (long long)tape->count_max);
    if (wg__grow(&tape->allocator, (void **)&tape->record, &tape->record_capacity, needed,
                 sizeof *tape->record) < 0 ||
        wg__grow(&tape->allocator, (void **)&tape->place, &tape->place_capacity, needed,
                 sizeof *tape->place) < 0 ||
        wg__grow(&tape->allocator, (void **)&tape->gone, &tape->gone_capacity, needed,
                 sizeof *tape->gone) < 0)
        return wg__tape_no_memory(tape);
    return WG_OK;
}

static wg__place place_now(const wg_tape *tape)
{
    return tape->inherited != NULL ? *tape->inherited : (wg__place){ .scope = tape->scope_now };
}

/* A record that needs no room of its own: during a sweep an equal one may exist. */
static uint32_t append(wg_tape *tape, const wg__record *record)
{
    if (tape->is_sweeping) {
        const uint32_t equal = wg__cons_find(tape, record);
        if (equal != WG__NONE) return equal;
    }
    const uint32_t node = (uint32_t)tape->count;
    const bool is_equal = wg__ghost_has_next(tape, WG__RECORDS, node) &&
                          memcmp(&tape->record[node], record, sizeof *record) == 0;
    if (!wg__ghost_takes(tape, WG__RECORDS, is_equal)) {
        if (make_room(tape) < 0) return WG__NONE;
        tape->record[node] = *record;
        tape->count++;
    }
    tape->place[node] = place_now(tape);
    if (tape->is_sweeping && wg__cons_add(tape, node) < 0) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    if (tape->on_record != NULL) tape->on_record(tape, node, tape->on_record_user);
    return node;
}

/* ---- the builder ---- */

static bool words_equal(const int64_t *x, const int64_t *y, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (x[i] != y[i]) return false;
    return true;
}

static bool inputs_are(const wg_tape *tape, const wg__record *ghost, const wg__request *request)
{
    const uint32_t *in = ghost->in;
    int64_t count = ghost->in_count;
    if (ghost->in_count == WG__LIST) {
        if (ghost->in[0] > tape->lists.count) return false;   /* first used elsewhere */
        in = tape->list[ghost->in[0]];
        count = tape->lists.item[ghost->in[0]].count;
    }
    if (count != request->in_count) return false;
    for (int64_t i = 0; i < count; i++)
        if (in[i] != request->in[i]) return false;
    return true;
}

/* The wanted type, where one is asked for, is that of the result. */
static bool type_is(const wg_tape *tape, const wg__record *ghost, const wg__type *wanted)
{
    if (ghost->shape > tape->shapes.count) return false;      /* first used elsewhere */
    return wanted == NULL || (ghost->dtype == (uint8_t)wanted->dtype &&
                              wg__shape_equal(tape->shape[ghost->shape], &wanted->shape));
}

/* The ghost's next record if the request would become it, else NULL. Equal requests have equal
 * types, so nothing is inferred and no table is asked. */
static const wg__record *ghost_next(const wg_tape *tape, const wg__request *request)
{
    if (!wg__ghost_has_next(tape, WG__RECORDS, tape->count)) return NULL;
    const wg__record *ghost = &tape->record[tape->count];
    if (ghost->op != (uint16_t)request->op || ghost->instance != tape->instance_now ||
        ghost->body != tape->body_now || ghost->attribute > tape->attributes.count)
        return NULL;
    const wg__words *attribute = &tape->attributes.item[ghost->attribute];
    const bool is_it = attribute->count == request->attribute_count &&
                       words_equal(attribute->word, request->attribute, attribute->count) &&
                       inputs_are(tape, ghost, request) && type_is(tape, ghost, request->wanted);
    return is_it ? ghost : NULL;
}

/* Takes the ghost's next record with what it is the first to use of the tables. */
static uint32_t ghost_take(wg_tape *tape, const wg__record *ghost)
{
    if (ghost->attribute == tape->attributes.count) tape->attributes.count++;
    if (ghost->shape == tape->shapes.count) tape->shape_count = ++tape->shapes.count;
    if (ghost->in_count == WG__LIST && ghost->in[0] == tape->lists.count)
        tape->list_count = ++tape->lists.count;
    const uint32_t node = (uint32_t)tape->count++;
    tape->place[node] = place_now(tape);
    if (tape->on_record != NULL) tape->on_record(tape, node, tape->on_record_user);
    return node;
}

uint32_t wg__tape_leaf(wg_tape *tape, wg__op_id op, const wg__type *type, const int64_t *attribute,
                       int32_t attribute_count)
{
    if (tape->error.status < 0) return WG__NONE;
    /* A value from outside is the same within every body, and outlives it. */
    const bool is_outside = op != WG__OP_placeholder;
    const wg__request request = { .op = op,
                                  .attribute = attribute,
                                  .attribute_count = attribute_count,
                                  .wanted = type };
    const bool is_plain = !tape->is_sweeping && tape->body_now == 0 && tape->instance_now == 0;
    const wg__record *ghost = is_plain ? ghost_next(tape, &request) : NULL;
    if (ghost != NULL) return ghost_take(tape, ghost);
    const wg__record record = { .op = (uint16_t)op,
                                .dtype = (uint8_t)type->dtype,
                                .shape = wg__tape_shape_id(tape, &type->shape),
                                .attribute = attribute_id(tape, attribute, attribute_count),
                                .body = is_outside ? 0 : tape->body_now };
    if (record.shape == WG__NONE || record.attribute == WG__NONE) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    return append(tape, &record);
}

uint32_t wg__tape_emit(wg__builder *self, const wg__request *request)
{
    wg_tape *tape = (wg_tape *)self;
    if (tape->error.status < 0) return WG__NONE;
    for (int32_t i = 0; i < request->in_count; i++) {
        if (request->in[i] == WG__NONE) return WG__NONE;
        WG_ASSERT(request->in[i] < tape->count);
    }
    const wg__record *ghost = tape->is_sweeping ? NULL : ghost_next(tape, request);
    if (ghost != NULL) return ghost_take(tape, ghost);
    wg__record record = { .op = (uint16_t)request->op,
                          .attribute = attribute_id(tape, request->attribute,
                                                    request->attribute_count),
                          .instance = tape->instance_now,
                          .body = tape->body_now };
    if (record.attribute == WG__NONE ||
        inputs_set(tape, &record, request->in, request->in_count) < 0) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    if (wg__tape_infer(tape, request, &record) < 0) return WG__NONE;
    return append(tape, &record);
}

static wg_dtype dtype_of(wg__builder *self, uint32_t node)
{
    return (wg_dtype)((wg_tape *)self)->record[node].dtype;
}

static const wg__shape *shape_of(wg__builder *self, uint32_t node)
{
    return wg__tape_shape((wg_tape *)self, node);
}

void wg__tape_builder_init(wg_tape *tape)
{
    tape->builder = (wg__builder){ .emit = wg__tape_emit,
                                   .number = wg__tape_number,
                                   .dtype = dtype_of,
                                   .shape = shape_of };
}

/* ---- reading ---- */

const uint32_t *wg__tape_inputs(const wg_tape *tape, uint32_t node, int32_t *count)
{
    WG_ASSERT(node < tape->count);
    const wg__record *record = &tape->record[node];
    if (record->in_count == WG__LIST) {
        *count = (int32_t)tape->lists.item[record->in[0]].count;
        return tape->list[record->in[0]];
    }
    *count = record->in_count;
    return record->in;
}

const int64_t *wg__tape_attribute(const wg_tape *tape, uint32_t node, int32_t *count)
{
    WG_ASSERT(node < tape->count);
    const wg__words *words = &tape->attributes.item[tape->record[node].attribute];
    *count = (int32_t)words->count;
    return words->word;
}

wg__type wg__tape_type(const wg_tape *tape, uint32_t node)
{
    WG_ASSERT(node < tape->count);
    const wg__record *record = &tape->record[node];
    return (wg__type){ .dtype = (wg_dtype)record->dtype, .shape = *tape->shape[record->shape] };
}

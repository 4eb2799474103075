/* wg_extern: kernels of the caller. A call is a record whose attribute says what the kernel is;
 * where it lies is a slot of the recording. A rule goes with it as that of any value of one's
 * own. */
#include "graph/tape.h"
#include <string.h>

static int op_check(wg_tape *tape, const wg_extern_op *op)
{
    bool is_reserved = false;
    for (size_t i = 0; op != NULL && i < sizeof op->reserved / sizeof op->reserved[0]; i++)
        is_reserved = is_reserved || op->reserved[i] != 0;
    if (op == NULL || op->kernel == NULL || is_reserved ||
        (op->attributes == NULL && op->attribute_bytes > 0))
        return wg__tape_refuse(tape, WG_EINVALID, "extern", WG__NONE,
                               "a zeroed wg_extern_op with name and kernel is needed");
    return wg__name_is_valid(op->name, true) ? WG_OK : wg__name_refuse(tape, "extern", op->name);
}

static int types_check(wg_tape *tape, const wg_extern_op *op, int64_t count, const wg_var *in,
                       const wg__type *out)
{
    if (count > WG__EXTERN_IN_MAX)
        return wg__tape_refuse(tape, WG_ELIMIT, op->name, WG__NONE,
                               "%lld arguments, not more than %d", (long long)count,
                               (int)WG__EXTERN_IN_MAX);
    for (int64_t i = 0; i < count; i++) {
        const wg__shape *shape = wg__tape_shape(tape, in[i].index);
        if (shape->rank > WG_RANK_MAX)
            return wg__tape_refuse(tape, WG_ELIMIT, op->name, WG__NONE,
                                   "argument %lld has more than %d axes", (long long)i + 1,
                                   (int)WG_RANK_MAX);
        if (!op->by_rows || out->shape.rank == 0) continue;
        if (shape->rank == 0 || shape->dim[0] != out->shape.dim[0])
            return wg__tape_refuse(tape, WG_ESHAPE, op->name, WG__NONE,
                                   "by rows, but argument %lld has not %lld of them",
                                   (long long)i + 1, (long long)out->shape.dim[0]);
    }
    return WG_OK;
}

/* What the program depends on: the version, the sizes, the name and the bytes. */
static uint32_t key_intern(wg_tape *tape, const wg_extern_op *op)
{
    const size_t name_bytes = strlen(op->name);
    const size_t text_bytes = name_bytes + op->attribute_bytes;
    const size_t words = 3 + (text_bytes + sizeof(int64_t) - 1) / sizeof(int64_t);
    int64_t *word = wg__arena_take(&tape->arena, words * sizeof *word);
    if (word == NULL) return WG__NONE;
    word[words - 1] = 0;
    word[0] = op->version;
    word[1] = (int64_t)name_bytes;
    word[2] = (int64_t)op->attribute_bytes;
    memcpy(&word[3], op->name, name_bytes);
    if (op->attribute_bytes > 0)
        memcpy((char *)&word[3] + name_bytes, op->attributes, op->attribute_bytes);
    return wg__tape_intern(tape, &tape->attributes, word, (int64_t)words);
}

/* The slot of a kernel; WG__NONE without memory. */
static uint32_t slot_add(wg_tape *tape, const wg_extern_op *op)
{
    const int64_t at = tape->external_count;
    const bool is_equal = wg__ghost_has_next(tape, WG__EXTERNALS, at) &&
                          strcmp(tape->external[at].name, op->name) == 0;
    if (wg__ghost_takes(tape, WG__EXTERNALS, is_equal)) {
        tape->external[at].kernel = op->kernel;
        tape->external[at].user = op->user;
        return (uint32_t)at;
    }
    const char *name = wg__arena_string(&tape->kept, op->name);
    if (name == NULL ||
        wg__grow(&tape->allocator, (void **)&tape->external, &tape->external_capacity,
                 tape->external_count + 1, sizeof *tape->external) < 0)
        return WG__NONE;
    tape->external[tape->external_count] =
        (wg__external){ .name = name, .kernel = op->kernel, .user = op->user };
    return (uint32_t)tape->external_count++;
}

static uint32_t call_record(wg_tape *tape, const wg_extern_op *op, int64_t count,
                            const wg_var *in, const wg__type *out)
{
    const uint32_t slot = slot_add(tape, op);
    const uint32_t key = key_intern(tape, op);
    if (slot == WG__NONE || key == WG__NONE) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    uint32_t value[WG__EXTERN_IN_MAX];
    for (int64_t i = 0; i < count; i++) value[i] = in[i].index;
    const int64_t attribute[WG__EXTERN_WORDS] = {
        [WG__EXTERN_SLOT] = slot,
        [WG__EXTERN_BY_ROWS] = op->by_rows && out->shape.rank > 0,
        [WG__EXTERN_KEY] = key,
    };
    return wg__tape_emit(&tape->builder, &(wg__request){ .op = WG__OP_extern,
                                                         .in_count = (int32_t)count,
                                                         .in = value,
                                                         .attribute = attribute,
                                                         .attribute_count = WG__EXTERN_WORDS,
                                                         .wanted = out });
}

wg_var wg_extern(const wg_extern_op *op, int64_t count, const wg_var *in, wg_dtype dtype,
                 wg_shape shape)
{
    wg_var failed = { .tape = NULL };
    if (count < 1 || in == NULL) return failed;
    wg_tape *tape = wg__tape_of("extern", count, in, &failed);
    if (tape == NULL) return failed;
    failed = wg__var_of(tape, WG__NONE);
    if (op_check(tape, op) < 0) return failed;
    const int status = wg__dtype_is((int)dtype) ? wg__shape_check(shape) : WG_EDTYPE;
    if (status < 0) {
        wg__tape_refuse(tape, status, op->name, WG__NONE, "the result has no legal type");
        return failed;
    }
    const wg__type out = { .dtype = dtype, .shape = wg__shape_of(shape) };
    if (types_check(tape, op, count, in, &out) < 0) return failed;
    const uint32_t value = call_record(tape, op, count, in, &out);
    if (value == WG__NONE || op->rule == NULL || !wg__dtype_is_float(dtype))
        return wg__var_of(tape, value);
    const char *name = tape->external[tape->external_count - 1].name;
    return wg__var_of(tape, wg__custom_record(tape, name, value, count, in, op->rule, op->user));
}

/* wg_vmap: a function of one row, on all rows at once. The function is recorded as a body at the
 * types of a row and replayed on values with a leading axis of rows. */
#include "graph/tape.h"

/* "argument 2 has 3 rows, argument 1 has 4" */
static int rows_find(wg_tape *tape, int64_t count, const wg_var *in, int64_t *rows)
{
    for (int64_t i = 0; i < count; i++) {
        const wg__shape *shape = wg__tape_shape(tape, in[i].index);
        if (shape->rank == 0)
            return wg__tape_refuse(tape, WG_ESHAPE, "vmap", in[i].index,
                                   "argument %lld is a scalar: it has no rows", (long long)i + 1);
        if (i == 0) *rows = shape->dim[0];
        if (shape->dim[0] != *rows)
            return wg__tape_refuse(tape, WG_ESHAPE, "vmap", in[i].index,
                                   "argument %lld has %lld rows, argument 1 has %lld",
                                   (long long)i + 1, (long long)shape->dim[0], (long long)*rows);
    }
    return WG_OK;
}

/* Types of one row. */
static wg__type *row_types(wg_tape *tape, int64_t count, const wg_var *in)
{
    wg__type *type = wg__arena_take(&tape->arena, (size_t)count * sizeof *type);
    if (type == NULL) {
        wg__tape_no_memory(tape);
        return NULL;
    }
    for (int64_t i = 0; i < count; i++) {
        const wg__type whole = wg__tape_type(tape, in[i].index);
        type[i] = (wg__type){ .dtype = whole.dtype, .shape = { .rank = whole.shape.rank - 1 } };
        for (int32_t axis = 1; axis < whole.shape.rank; axis++)
            type[i].shape.dim[axis - 1] = whole.shape.dim[axis];
    }
    return type;
}

static int rows_run(wg_tape *tape, const wg__call_of_body *call, const wg_var *in, int64_t rows,
                    wg_var *out)
{
    const uint32_t generation = tape->generation;
    const uint32_t body = wg__body_record(tape, call);
    if (tape->generation != generation) return WG_ESTALE;
    if (body == 0) return tape->error.status;
    const size_t counts = (size_t)(call->in_count + call->out_count);
    uint32_t *value = wg__arena_take(&tape->arena, counts * sizeof *value);
    if (value == NULL) return wg__tape_no_memory(tape);
    for (int64_t i = 0; i < call->in_count; i++) value[i] = in[i].index;
    uint32_t *result = value + call->in_count;
    WG_TRY(wg__body_replay(tape, &(wg__replay){ .body = body, .in = value, .rows = rows }, result));
    for (int64_t i = 0; i < call->out_count; i++) out[i] = wg__var_of(tape, result[i]);
    return WG_OK;
}

int wg_vmap(wg_function *function, void *user, int64_t in_count, const wg_var *in,
            int64_t out_count, wg_var *out)
{
    wg_var failed;
    int64_t rows = 0;
    wg_tape *tape = wg__transform_open("vmap", function != NULL, in_count, in, out_count, out,
                                       &failed);
    if (tape == NULL) return failed.tape == NULL ? WG_EINVALID : failed.tape->error.status;
    WG_TRY(rows_find(tape, in_count, in, &rows));
    const wg__call_of_body call = { .op = "vmap",
                                    .function = function,
                                    .user = user,
                                    .in_count = in_count,
                                    .out_count = out_count,
                                    .in = row_types(tape, in_count, in) };
    if (call.in == NULL) return tape->error.status;
    return rows_run(tape, &call, in, rows, out);
}

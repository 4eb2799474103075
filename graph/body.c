/* Bodies: functions of the caller, called once and recorded as they are called, on placeholders.
 *
 * What is recorded while a body is open belongs to it and is known inside of it alone. Values of
 * outside may be used freely: they are captured by being named. Leaves, first values of parameters
 * and what a run advances are recorded outside, for they outlive the body. Nothing runs, and
 * nothing is assigned, inside: a body has no effects. */
#include "graph/tape.h"

/* ---- inside and outside ---- */

bool wg__body_is_open(const wg_tape *tape, uint32_t body)
{
    if (body == 0) return true;
    uint32_t open = tape->body_now;
    while (open != 0 && open != body) open = wg__body_at(tape, open)->parent;
    return open == body;
}

uint32_t wg__body_leave(wg_tape *tape)
{
    const uint32_t body = tape->body_now;
    tape->body_now = 0;
    return body;
}

int wg__tape_expect_no_body(wg_tape *tape, const char *what)
{
    if (tape->body_now == 0 || tape->error.status < 0) return tape->error.status;
    return wg__tape_refuse(tape, WG_EINVALID, what, WG__NONE,
                           "not inside the function given to %s: return the value from it",
                           wg__body_at(tape, tape->body_now)->op);
}

bool wg__body_owns(const wg_tape *tape, uint32_t body, uint32_t node)
{
    const wg__body *of = wg__body_at(tape, body);
    return node >= of->first && node < of->end && tape->record[node].body == body;
}

/* ---- opening and closing ---- */

static int placeholders_add(wg_tape *tape, uint32_t id, int64_t count, const wg__type *in)
{
    for (int64_t i = 0; i < count; i++) {
        const int64_t attribute[2] = { id, i };
        const uint32_t node =
            wg__tape_leaf(tape, WG__OP_placeholder, &in[i], attribute, 2);
        if (node == WG__NONE) return tape->error.status;
        tape->body[id - 1].in[i] = node;
    }
    return WG_OK;
}

static bool body_is(const wg__body *known, const wg__body *body)
{
    return known->op == body->op && known->parent == body->parent &&
           known->first == body->first && known->instance_first == body->instance_first &&
           known->in_count == body->in_count && known->out_count == body->out_count;
}

/* Appends a body, without results yet. The ghost's gives its memory. */
static int body_add(wg_tape *tape, const wg__body *body)
{
    const int64_t at = tape->body_count;
    const bool is_equal = wg__ghost_has_next(tape, WG__BODIES, at) &&
                          body_is(&tape->body[at], body);
    wg__body made = *body;
    if (wg__ghost_takes(tape, WG__BODIES, is_equal)) {
        made.in = tape->body[at].in;
        made.out = tape->body[at].out;
        made.captured = tape->body[at].captured;
        made.captured_capacity = tape->body[at].captured_capacity;
    } else {
        made.in = wg__arena_take(&tape->kept, (size_t)body->in_count * sizeof *made.in);
        made.out = wg__arena_take(&tape->kept, (size_t)body->out_count * sizeof *made.out);
        if (made.in == NULL || made.out == NULL ||
            wg__grow(&tape->allocator, (void **)&tape->body, &tape->body_capacity, at + 1,
                     sizeof *tape->body) < 0)
            return wg__tape_no_memory(tape);
        tape->body_count++;
    }
    for (int64_t i = 0; i < made.out_count; i++) made.out[i] = WG__NONE;
    tape->body[at] = made;
    return WG_OK;
}

uint32_t wg__body_open(wg_tape *tape, const char *op, int64_t in_count, const wg__type *in,
                       int64_t out_count)
{
    if (tape->error.status < 0) return 0;
    const wg__body body = { .op = op,
                            .parent = tape->body_now,
                            .first = (uint32_t)tape->count,
                            .end = (uint32_t)tape->count,
                            .instance_first = tape->instance_count,
                            .in_count = in_count,
                            .out_count = out_count,
                            .index = WG__NONE };
    if (body_add(tape, &body) < 0) return 0;
    const uint32_t id = (uint32_t)tape->body_count;
    tape->body_now = id;
    if (placeholders_add(tape, id, in_count, in) == WG_OK) return id;
    wg__body_close(tape, id);
    return 0;
}

void wg__body_close(wg_tape *tape, uint32_t id)
{
    wg__body *body = &tape->body[id - 1];
    WG_ASSERT(tape->body_now == id);
    body->end = (uint32_t)tape->count;
    body->instance_end = tape->instance_count;
    tape->body_now = body->parent;
    /* Which records are the results is no part of the records themselves. */
    for (int64_t i = 0; i < body->out_count; i++)
        wg__tape_change_at(tape, WG__CHANGE_RESULT, id - 1, (uint32_t)i, body->out[i]);
}

/* ---- the caller's function ---- */

/* "result 2 is [3] f32, not [4] f32" */
static int refuse_type(wg_tape *tape, const wg__call_of_body *call, int64_t i, uint32_t node)
{
    char text[300];
    wg__text why = wg__text_of(text, sizeof text);
    const wg__type given = wg__tape_type(tape, node);
    wg__text_shape(&why, &given.shape);
    wg__text_add(&why, " %s, not ", wg_dtype_name(given.dtype));
    wg__text_shape(&why, &call->out[i].shape);
    wg__text_add(&why, " %s", wg_dtype_name(call->out[i].dtype));
    return wg__tape_refuse(tape, WG_ECALLBACK, call->op, WG__NONE, "result %lld is %s",
                           (long long)i + 1, text);
}

/* Takes result i of the function. */
static int result_take(wg_tape *tape, const wg__call_of_body *call, uint32_t id, int64_t i,
                       wg_var out)
{
    const wg__type *wanted = call->out != NULL ? &call->out[i] : NULL;
    if (wanted != NULL && !wg__dtype_is_float(wanted->dtype)) return WG_OK;
    if (out.tape != tape || wg__var_check(out) < 0)
        return wg__tape_refuse(tape, WG_ECALLBACK, call->op, WG__NONE,
                               "the function gave no result %lld", (long long)i + 1);
    if (wanted != NULL) {
        const wg__type given = wg__tape_type(tape, out.index);
        if (given.dtype != wanted->dtype || !wg__shape_equal(&given.shape, &wanted->shape))
            return refuse_type(tape, call, i, out.index);
    }
    tape->body[id - 1].out[i] = out.index;
    return WG_OK;
}

/* The call itself. After a reset by the function there is nothing left to do. */
static int function_call(wg_tape *tape, const wg__call_of_body *call, uint32_t id, wg_var *in,
                         wg_var *out)
{
    const uint32_t generation = tape->generation;
    for (int64_t i = 0; i < call->in_count; i++)
        in[i] = wg__var_of(tape, wg__body_at(tape, id)->in[i]);
    for (int64_t i = 0; i < call->out_count; i++) out[i] = (wg_var){ .tape = NULL };
    const uint32_t held = wg_location_hold(tape);
    const int status = call->function(in, out, call->user);
    if (tape->generation != generation) return WG_ESTALE;
    wg_location_release(tape, held);
    if (status < 0)
        wg__tape_refuse(tape, WG_ECALLBACK, call->op, WG__NONE, "the function returned %d", status);
    for (int64_t i = 0; i < call->out_count && tape->error.status == WG_OK; i++)
        result_take(tape, call, id, i, out[i]);
    return tape->error.status;
}

uint32_t wg__body_record(wg_tape *tape, const wg__call_of_body *call)
{
    wg_var *in = wg__arena_take(&tape->arena, (size_t)call->in_count * sizeof *in);
    wg_var *out = wg__arena_take(&tape->arena, (size_t)call->out_count * sizeof *out);
    if (in == NULL || out == NULL) {
        wg__tape_no_memory(tape);
        return 0;
    }
    const uint32_t id =
        wg__body_open(tape, call->op, call->in_count, call->in, call->out_count);
    if (id == 0) return 0;
    wg__body *body = &tape->body[id - 1];
    if (call->has_index) body->index = body->in[call->in_count - 1];
    const uint32_t generation = tape->generation;
    const int status = function_call(tape, call, id, in, out);
    if (tape->generation != generation) return 0;
    wg__body_close(tape, id);
    return status < 0 ? 0 : id;
}

/* ---- arguments of transforms ---- */

wg_tape *wg__transform_open(const char *op, bool has_function, int64_t in_count, const wg_var *in,
                            int64_t out_count, wg_var *out, wg_var *failed)
{
    const bool is_legal = has_function && in_count > 0 && in != NULL && out_count > 0 &&
                          out != NULL;
    wg_tape *tape = in_count > 0 && in != NULL ? in[0].tape : NULL;
    for (int64_t i = 0; i < in_count && in != NULL && tape == NULL; i++) tape = in[i].tape;
    *failed = tape == NULL ? (wg_var){ .tape = NULL } : wg__var_of(tape, WG__NONE);
    for (int64_t i = 0; i < out_count && out != NULL; i++) out[i] = *failed;
    if (tape == NULL) return NULL;
    if (!is_legal) {
        wg__tape_refuse(tape, WG_EINVALID, op, WG__NONE,
                        "a function, arguments and places for results are needed");
        return NULL;
    }
    return wg__tape_of(op, in_count, in, failed);
}

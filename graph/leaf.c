/* Leaves: values from outside. An input is a slot, whose memory is the caller's and may change from
 * run to run; a constant is part of the program. Constants of more than 4 KiB would make the key of
 * the program long: they become slots whose memory is the tape's. */
#include "graph/tape.h"
#include <string.h>

enum { CONSTANT_BYTES_MAX = 4096 };

/* ---- inputs ---- */

static wg__input *input_add(wg_tape *tape, const wg__input *input)
{
    if (wg__grow(&tape->allocator, (void **)&tape->input, &tape->input_capacity,
                 tape->input_count + 1, sizeof *tape->input) < 0) {
        wg__tape_no_memory(tape);
        return NULL;
    }
    tape->input[tape->input_count] = *input;
    return &tape->input[tape->input_count++];
}

/* The path id of a name that is still free; 0 if unnamed, WG__NONE after an error. */
static uint32_t name_claim(wg_tape *tape, const char *op, const char *name)
{
    if (name == NULL) return 0;
    if (!wg__name_is_valid(name, true)) {
        wg__name_refuse(tape, op, name);
        return WG__NONE;
    }
    const uint32_t path = wg__tape_path(tape, 0, name, true);
    if (path == WG__NONE || tape->scope[path].input == WG__NONE) return path;
    char text[120];
    wg__text place = wg__text_of(text, sizeof text);
    wg__text_place(&place, &tape->place[tape->input[tape->scope[path].input].node]);
    wg__tape_refuse(tape, WG_ENAME, op, WG__NONE, "%s names another input%s", name, text);
    return WG__NONE;
}

/* Records the slot and its leaf. */
static wg_var input_record(wg_tape *tape, const char *op, const char *name, wg__input *input)
{
    wg_var failed = wg__var_of(tape, WG__NONE);
    const uint32_t path = name_claim(tape, op, name);
    if (path == WG__NONE) return failed;
    if (path > 0) input->name = tape->scope[path].path;
    const int64_t slot = tape->input_count;
    if (input_add(tape, input) == NULL) return failed;
    tape->input[slot].node = (uint32_t)tape->count;
    if (path > 0 &&
        wg__tape_change(tape, WG__CHANGE_SCOPE_INPUT, path, (uint32_t)slot) < 0)
        return failed;
    const int64_t attribute[2] = { slot, input->is_batch };
    return wg__var_of(tape,
                      wg__tape_leaf(tape, WG__OP_input, &input->type, attribute, 2));
}

static int view_refuse(wg_tape *tape, const char *op, const wg_view *view, int status)
{
    const char *reason = view->dtype == 0 && view->data == NULL ? "the view is zeroed"
                       : status == WG_EDTYPE                    ? "the view has no dtype"
                       : status == WG_EINVALID                  ? "the view has no data"
                       : status == WG_ESHAPE                    ? "the view's shape is malformed"
                                             : "the view exceeds what can be addressed";
    return wg__tape_refuse(tape, status, op, WG__NONE, "%s", reason);
}

static wg_var borrowed(wg_tape *tape, const char *op, const char *name, wg_view view, bool is_batch)
{
    wg_var failed;
    if (wg__tape_open(tape, &failed) == NULL) return failed;
    const int status = wg__view_check(&view);
    if (status < 0) {
        view_refuse(tape, op, &view, status);
        return failed;
    }
    if (is_batch && view.shape.rank == 0) {
        wg__tape_refuse(tape, WG_ESHAPE, op, WG__NONE, "[] has no leading axis of samples");
        return failed;
    }
    wg__input input = { .type = { .dtype = view.dtype, .shape = wg__shape_of(view.shape) },
                        .view = view,
                        .is_batch = is_batch };
    return input_record(tape, op, name, &input);
}

wg_var wg_input(wg_tape *tape, const char *name, wg_view view)
{
    return borrowed(tape, "input", name, view, false);
}

wg_var wg_batch(wg_tape *tape, const char *name, wg_view view)
{
    return borrowed(tape, "batch", name, view, true);
}

/* ---- numbers ---- */

static int number_check(wg_tape *tape, const char *op, wg_dtype dtype, double value)
{
    if (!wg__dtype_is((int)dtype))
        return wg__tape_refuse(tape, WG_EDTYPE, op, WG__NONE, "%d is no dtype", (int)dtype);
    if (wg__number_fits(dtype, value)) return WG_OK;
    char text[32];
    wg__number_text(value, text);
    return wg__tape_refuse(tape, WG_EINVALID, op, WG__NONE, "%s is no %s", text,
                           wg_dtype_name(dtype));
}

wg_var wg_scalar(wg_tape *tape, const char *name, wg_dtype dtype, double value)
{
    wg_var failed;
    if (wg__tape_open(tape, &failed) == NULL) return failed;
    if (number_check(tape, "scalar", dtype, value) < 0) return failed;
    int64_t *bits = wg__arena_take(&tape->arena, sizeof *bits);
    if (bits == NULL) {
        wg__tape_no_memory(tape);
        return failed;
    }
    *bits = wg__number_bits(dtype, value);
    wg__input input = { .type = { .dtype = dtype, .shape = { .rank = 0 } },
                        .view = wg_view_of(bits, dtype, WG_SCALAR),
                        .is_scalar = true };
    return input_record(tape, "scalar", name, &input);
}

wg_var wg_number(wg_var like, double value)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("number", 1, &like, &failed);
    if (tape == NULL) return failed;
    const wg_dtype dtype = (wg_dtype)tape->record[like.index].dtype;
    if (number_check(tape, "number", dtype, value) < 0) return failed;
    return wg__var_of(tape, wg__tape_number(&tape->builder, dtype, value));
}

/* A scalar constant with a record of its own, repeated. */
static wg_var filled(wg_tape *tape, wg_dtype dtype, const wg__shape *shape, double value)
{
    const wg__type type = { .dtype = dtype, .shape = { .rank = 0 } };
    const uint32_t constant = wg__tape_number_constant(tape, dtype, value);
    if (constant == WG__NONE) return wg__var_of(tape, WG__NONE);
    const int64_t attribute[1] = { constant };
    const uint32_t number = wg__tape_leaf(tape, WG__OP_constant, &type, attribute, 1);
    return wg__var_of(tape, wg__emit_broadcast(&tape->builder, number, shape));
}

wg_var wg_full(wg_tape *tape, wg_dtype dtype, wg_shape shape, double value)
{
    wg_var failed;
    if (wg__tape_open(tape, &failed) == NULL) return failed;
    if (number_check(tape, "full", dtype, value) < 0) return failed;
    const int status = wg__shape_check(shape);
    if (status < 0) {
        wg__tape_refuse(tape, status, "full", WG__NONE, "the shape is malformed or too large");
        return failed;
    }
    const wg__shape wide = wg__shape_of(shape);
    return filled(tape, dtype, &wide, value);
}

wg_var wg_full_like(wg_var like, double value)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("full_like", 1, &like, &failed);
    if (tape == NULL) return failed;
    const wg__record *record = &tape->record[like.index];
    const wg_dtype dtype = (wg_dtype)record->dtype;
    if (number_check(tape, "full_like", dtype, value) < 0) return failed;
    return filled(tape, dtype, tape->shape[record->shape], value);
}

/* ---- constants ---- */

wg_var wg_constant(wg_tape *tape, wg_view view)
{
    wg_var failed;
    if (wg__tape_open(tape, &failed) == NULL) return failed;
    const int status = wg__view_check(&view);
    if (status < 0) {
        view_refuse(tape, "constant", &view, status);
        return failed;
    }
    const wg__type type = { .dtype = view.dtype, .shape = wg__shape_of(view.shape) };
    const size_t bytes = (size_t)wg_shape_count(view.shape) * wg_dtype_bytes(view.dtype);
    void *copy = wg__arena_take(&tape->arena, bytes);
    if (copy == NULL) {
        wg__tape_no_memory(tape);
        return failed;
    }
    wg__view_pack(&view, copy);
    if (bytes > CONSTANT_BYTES_MAX) {
        wg__input input = { .type = type,
                            .view = wg_view_of(copy, view.dtype, view.shape),
                            .is_constant = true };
        return input_record(tape, "constant", NULL, &input);
    }
    const uint32_t constant = wg__tape_constant(tape, &type, copy, bytes);
    if (constant == WG__NONE) return failed;
    const int64_t attribute[1] = { constant };
    return wg__var_of(tape, wg__tape_leaf(tape, WG__OP_constant, &type, attribute, 1));
}

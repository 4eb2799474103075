/* Scans of which derivatives keep every n-th carry alone. The steps are parted: a scan over parts,
 * whose body is a recomputed scan of n steps, and what is left over, recomputed too. The body of a
 * step is the same throughout and recorded once. */
#include "graph/tape.h"
#include <string.h>

typedef struct job { wg_tape *tape; wg__steps of; } job;

static int64_t given_count(const wg__steps *of)
{
    return of->carry_count + of->x_count;
}

static int64_t result_count(const wg__steps *of)
{
    return of->carry_count + of->y_count;
}

/* ---- a part ---- */

/* A scan of as many steps as the xs have, as a function. */
static int steps_function(const wg_var *in, wg_var *out, void *user)
{
    const job *j = user;
    wg_tape *tape = j->tape;
    const int64_t given = given_count(&j->of);
    const int64_t results = result_count(&j->of);
    uint32_t *value = wg__arena_take(&tape->arena, (size_t)(given + results) * sizeof *value);
    if (value == NULL) return wg__tape_no_memory(tape);
    for (int64_t i = 0; i < given; i++) value[i] = in[i].index;
    wg__steps steps = j->of;
    steps.in = value;
    steps.length = wg__tape_shape(tape, value[j->of.carry_count])->dim[0];
    WG_TRY(wg__steps_record(tape, &steps, value + given));
    for (int64_t i = 0; i < results; i++) out[i] = wg__var_of(tape, value[given + i]);
    return WG_OK;
}

/* The same, of which a derivative keeps nothing but the arguments. */
static int part_function(const wg_var *in, wg_var *out, void *user)
{
    const job *j = user;
    return wg_recompute(steps_function, user, given_count(&j->of), in, result_count(&j->of), out);
}

/* ---- all parts, and the rest ---- */

/* Steps first .. end of each x. */
static int xs_cut(const job *j, int64_t first, int64_t end, uint32_t *in)
{
    for (int64_t i = j->of.carry_count; i < given_count(&j->of); i++)
        in[i] = wg__emit_slice(&j->tape->builder, j->of.in[i], 0, first, end, 1);
    return j->tape->error.status;
}

/* [parts n, ...] as [parts, n, ...]. */
static uint32_t axis_parted(wg__builder *b, uint32_t x, int64_t parts, int64_t n)
{
    if (x == WG__NONE) return x;
    wg__shape inner = *b->shape(b, x);
    inner.dim[0] = n;
    const wg__shape parted = wg__shape_with(parts, &inner);
    return wg__emit_reshape(b, x, &parted);
}

static uint32_t axes_joined(wg__builder *b, uint32_t x)
{
    if (x == WG__NONE) return x;
    const wg__shape shape = *b->shape(b, x);
    wg__shape joined = wg__shape_without(&shape, 1);
    joined.dim[0] *= shape.dim[0];
    return wg__emit_reshape(b, x, &joined);
}

/* The body that takes n steps; 0 after an error. */
static uint32_t part_record(job *j, const uint32_t *in)
{
    wg_tape *tape = j->tape;
    const int64_t given = given_count(&j->of);
    wg__type *type = wg__arena_take(&tape->arena, (size_t)given * sizeof *type);
    if (type == NULL) wg__tape_no_memory(tape);
    if (tape->error.status < 0) return 0;
    for (int64_t i = 0; i < given; i++) {
        type[i] = wg__tape_type(tape, in[i]);
        if (i >= j->of.carry_count) type[i].shape = wg__shape_without(&type[i].shape, 1);
    }
    const wg__call_of_body call = { .op = "scan",
                                    .function = part_function,
                                    .user = j,
                                    .in_count = given,
                                    .out_count = result_count(&j->of),
                                    .in = type };
    const uint32_t body = wg__body_record(tape, &call);
    return body == 0 || wg__body_capture(tape, body) < 0 ? 0 : body;
}

/* in: carries, and xs cut to whole parts. */
static int parts_run(job *j, int64_t parts, int64_t n, uint32_t *in, uint32_t *out)
{
    wg__builder *b = &j->tape->builder;
    for (int64_t i = j->of.carry_count; i < given_count(&j->of); i++)
        in[i] = axis_parted(b, in[i], parts, n);
    wg__steps steps = j->of;
    steps.body = part_record(j, in);
    steps.length = parts;
    steps.in = in;
    if (steps.body == 0) return j->tape->error.status;
    WG_TRY(wg__steps_record(j->tape, &steps, out));
    for (int64_t i = j->of.carry_count; i < result_count(&j->of); i++)
        out[i] = axes_joined(b, out[i]);
    return j->tape->error.status;
}

/* What is left over: less than a part. */
static int rest_run(job *j, const uint32_t *in, uint32_t *out)
{
    wg_tape *tape = j->tape;
    const int64_t given = given_count(&j->of);
    const int64_t results = result_count(&j->of);
    wg_var *value = wg__arena_take(&tape->arena, (size_t)(given + results) * sizeof *value);
    if (value == NULL) return wg__tape_no_memory(tape);
    for (int64_t i = 0; i < given; i++) value[i] = wg__var_of(tape, in[i]);
    WG_TRY(part_function(value, value + given, j));
    for (int64_t i = 0; i < results; i++) out[i] = value[given + i].index;
    return WG_OK;
}

/* Stacks of the parts and of the rest, in the order of the steps' places. */
static void stacks_join(const job *j, const uint32_t *parts, uint32_t *rest)
{
    const int64_t axis = 0;
    for (int64_t i = j->of.carry_count; i < result_count(&j->of); i++) {
        const uint32_t in[2] = { j->of.is_reverse ? rest[i] : parts[i],
                                 j->of.is_reverse ? parts[i] : rest[i] };
        rest[i] = wg__tape_emit(&j->tape->builder, &(wg__request){ .op = WG__OP_concat,
                                                                   .in_count = 2,
                                                                   .in = in,
                                                                   .attribute = &axis,
                                                                   .attribute_count = 1 });
    }
}

int wg__steps_part(wg_tape *tape, const wg__steps *steps, int64_t n, uint32_t *out)
{
    job j = { tape, *steps };
    const int64_t results = result_count(steps);
    const int64_t parts = steps->length / n;
    const int64_t left = steps->length % n;
    const size_t count = (size_t)(given_count(steps) + results);
    uint32_t *in = wg__arena_take(&tape->arena, count * sizeof *in);
    if (in == NULL) return wg__tape_no_memory(tape);
    for (int64_t i = 0; i < steps->carry_count; i++) in[i] = steps->in[i];
    if (parts > 0) {
        const int64_t first = steps->is_reverse ? left : 0;
        WG_TRY(xs_cut(&j, first, first + parts * n, in));
        WG_TRY(parts_run(&j, parts, n, in, out));
        for (int64_t i = 0; i < steps->carry_count; i++) in[i] = out[i];
    }
    if (left == 0) return WG_OK;
    const int64_t first = steps->is_reverse ? 0 : parts * n;
    uint32_t *rest = in + given_count(steps);
    WG_TRY(xs_cut(&j, first, first + left, in));
    WG_TRY(rest_run(&j, in, rest));
    if (parts > 0) stacks_join(&j, out, rest);
    memcpy(out, rest, (size_t)results * sizeof *out);
    return tape->error.status;
}

/* wg_scan: a function for each entry of a leading axis, its carries handed from step to step.
 *
 * The function is recorded once, as a body; the scan is one record, whose inputs are the first
 * carries, what steps are taken over, and what the body captured. Its results are picks. */
#include "graph/tape.h"
#include <wengert/ops.h>
#include <string.h>

/* ---- records ---- */

wg__scan_view wg__scan_at(const wg_tape *tape, uint32_t node)
{
    int32_t words, in_count;
    const int64_t *word = wg__tape_attribute(tape, node, &words);
    WG_ASSERT(tape->record[node].op == WG__OP_scan);
    wg__scan_view view = { .body = (uint32_t)word[WG__SCAN_BODY],
                           .length = word[WG__SCAN_LENGTH],
                           .is_reverse = word[WG__SCAN_REVERSE] != 0,
                           .carry_count = word[WG__SCAN_CARRIES],
                           .x_count = word[WG__SCAN_XS],
                           .y_count = word[WG__SCAN_YS],
                           .in = wg__tape_inputs(tape, node, &in_count),
                           .root = node };
    const int64_t given = view.carry_count + view.x_count;
    const bool extends = word[WG__SCAN_EXTENDS] != 0;
    view.captured_count = in_count - given - extends;
    if (extends) view.root = view.in[in_count - 1];
    return view;
}

static uint32_t record(wg_tape *tape, const wg__scan *scan, const wg__body *body, uint32_t *in,
                       int64_t *word)
{
    const int64_t given = scan->carry_count + scan->x_count;
    const bool extends = scan->extended != WG__NONE;
    word[WG__SCAN_BODY] = scan->body;
    word[WG__SCAN_LENGTH] = scan->length;
    word[WG__SCAN_REVERSE] = scan->is_reverse;
    word[WG__SCAN_CARRIES] = scan->carry_count;
    word[WG__SCAN_XS] = scan->x_count;
    word[WG__SCAN_YS] = body->out_count - scan->carry_count;
    word[WG__SCAN_EXTENDS] = extends;
    for (int64_t i = 0; i < body->out_count; i++) word[WG__SCAN_WORDS + i] = body->out[i];
    for (int64_t i = 0; i < given; i++) in[i] = scan->in[i];
    for (int64_t i = 0; i < body->captured_count; i++)
        in[given + i] = scan->captured != NULL ? scan->captured[i] : body->captured[i];
    if (extends) in[given + body->captured_count] = scan->extended;
    const int64_t count = given + body->captured_count + extends;
    return wg__tape_emit(&tape->builder,
                         &(wg__request){ .op = WG__OP_scan,
                                         .in_count = (int32_t)count,
                                         .in = in,
                                         .attribute = word,
                                         .attribute_count =
                                             (int32_t)(WG__SCAN_WORDS + body->out_count) });
}

uint32_t wg__scan_record(wg_tape *tape, const wg__scan *scan)
{
    if (tape->error.status < 0) return WG__NONE;
    const wg__body body = *wg__body_at(tape, scan->body);
    const int64_t given = scan->carry_count + scan->x_count;
    WG_ASSERT(given == body.in_count || given == body.in_count - 1);   /* the step's number */
    const size_t in_count = (size_t)(given + body.captured_count + 1);
    const size_t words = WG__SCAN_WORDS + (size_t)body.out_count;
    uint32_t *in = wg__arena_take(&tape->arena, in_count * sizeof *in);
    int64_t *word = wg__arena_take(&tape->arena, words * sizeof *word);
    if (in == NULL || word == NULL) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    return record(tape, scan, &body, in, word);
}

uint32_t wg__pick_record(wg_tape *tape, uint32_t scan, int64_t k)
{
    if (tape->error.status < 0 || scan == WG__NONE) return WG__NONE;
    const wg__scan_view view = wg__scan_at(tape, scan);
    wg__type type = wg__tape_type(tape, wg__body_at(tape, view.body)->out[k]);
    if (k >= view.carry_count) {
        if (type.shape.rank == WG__RANK_MAX) {
            wg__tape_refuse(tape, WG_ELIMIT, "scan", WG__NONE, "a result has too many axes");
            return WG__NONE;
        }
        type.shape = wg__shape_with(view.length, &type.shape);
    }
    return wg__tape_emit(&tape->builder, &(wg__request){ .op = WG__OP_pick,
                                                         .in_count = 1,
                                                         .in = &scan,
                                                         .attribute = &k,
                                                         .attribute_count = 1,
                                                         .wanted = &type });
}

int wg__steps_record(wg_tape *tape, const wg__steps *steps, uint32_t *out)
{
    const wg__scan scan = { .body = steps->body,
                            .length = steps->length,
                            .is_reverse = steps->is_reverse,
                            .carry_count = steps->carry_count,
                            .x_count = steps->x_count,
                            .in = steps->in,
                            .extended = WG__NONE };
    const uint32_t node = wg__scan_record(tape, &scan);
    for (int64_t i = 0; i < steps->carry_count + steps->y_count; i++)
        out[i] = wg__pick_record(tape, node, i);
    return tape->error.status;
}

/* ---- draws ---- */

/* Odd, so that no bit of a counter is lost; below 2^53, so that a number holds them. */
static const double DRAW_FACTOR = 8191351413823061, STEP_FACTOR = 2781055864473387;

/* Where counter and step meet they are scattered over 64 bits, and not alike: a step of an inner
 * scan differs from the same step of the outer one. */
uint32_t wg__draw_of_step(wg_tape *tape, uint32_t counter)
{
    wg__builder *b = &tape->builder;
    for (uint32_t id = tape->body_now; id != 0; id = wg__body_at(tape, id)->parent) {
        const uint32_t index = wg__body_at(tape, id)->index;
        if (index == WG__NONE) continue;
        const uint32_t one = wg__tape_number(b, WG_I64, 1);
        const uint32_t step = wg__emit2(b, WG__OP_add, index, one);
        const uint32_t of_step = wg__emit2(b, WG__OP_mul, step,
                                           wg__tape_number(b, WG_I64, STEP_FACTOR));
        const uint32_t of_draw = wg__emit2(b, WG__OP_mul, counter,
                                           wg__tape_number(b, WG_I64, DRAW_FACTOR));
        counter = wg__emit2(b, WG__OP_xor, of_draw, of_step);
    }
    return counter;
}

/* ---- the call ---- */

typedef struct job {
    wg_tape *tape;
    wg_scan_body *function;
    void *user;
    wg__steps of;
} job;

/* The caller's function as one of the kind that bodies are recorded by. */
static int step_function(const wg_var *in, wg_var *out, void *user)
{
    const job *j = user;
    for (int64_t i = 0; i < j->of.carry_count; i++) out[i] = in[i];
    return j->function(out, in + j->of.carry_count, out + j->of.carry_count, j->user);
}

static int lengths_check(job *j, const wg_var *x)
{
    for (int64_t i = 0; i < j->of.x_count; i++) {
        const wg__shape *shape = wg__tape_shape(j->tape, x[i].index);
        if (shape->rank == 0)
            return wg__tape_refuse(j->tape, WG_ESHAPE, "scan", x[i].index,
                                   "x %lld is a scalar: it has no steps", (long long)i + 1);
        if (i == 0) j->of.length = shape->dim[0];
        if (shape->dim[0] != j->of.length)
            return wg__tape_refuse(j->tape, WG_ESHAPE, "scan", x[i].index,
                                   "x %lld has %lld steps, x 1 has %lld", (long long)i + 1,
                                   (long long)shape->dim[0], (long long)j->of.length);
    }
    return WG_OK;
}

/* "carry 1 is [3] f32 before a step and [4] f32 after it" */
static int carry_check(const job *j, int64_t i)
{
    wg_tape *tape = j->tape;
    const uint32_t out = wg__body_at(tape, j->of.body)->out[i];
    const wg__type before = wg__tape_type(tape, j->of.in[i]);
    const wg__type after = wg__tape_type(tape, out);
    const bool is_same = wg__shape_equal(&before.shape, &after.shape);
    if (is_same && before.dtype == after.dtype) return WG_OK;
    char text[400];
    wg__text why = wg__text_of(text, sizeof text);
    wg__text_shape(&why, &before.shape);
    wg__text_add(&why, " %s before a step and ", wg_dtype_name(before.dtype));
    wg__text_shape(&why, &after.shape);
    wg__text_add(&why, " %s after it", wg_dtype_name(after.dtype));
    return wg__tape_refuse(tape, is_same ? WG_EDTYPE : WG_ESHAPE, "scan", out, "carry %lld is %s",
                           (long long)i + 1, text);
}

static int results_check(const job *j)
{
    for (int64_t i = 0; i < j->of.carry_count; i++) WG_TRY(carry_check(j, i));
    for (int64_t i = 0; i < j->of.y_count; i++) {
        const uint32_t out = wg__body_at(j->tape, j->of.body)->out[j->of.carry_count + i];
        WG_TRY(wg__rank_check(j->tape, "scan", wg__tape_shape(j->tape, out)->rank + 1));
    }
    return WG_OK;
}

/* Types of the carries, of a step's part of each x, and of its number. */
static wg__type *argument_types(const job *j)
{
    wg_tape *tape = j->tape;
    const int64_t count = j->of.carry_count + j->of.x_count;
    wg__type *type = wg__arena_take(&tape->arena, ((size_t)count + 1) * sizeof *type);
    if (type == NULL) {
        wg__tape_no_memory(tape);
        return NULL;
    }
    for (int64_t i = 0; i < count; i++) {
        type[i] = wg__tape_type(tape, j->of.in[i]);
        if (i >= j->of.carry_count) type[i].shape = wg__shape_without(&type[i].shape, 1);
    }
    type[count] = (wg__type){ .dtype = WG_I64, .shape = { .rank = 0 } };
    return type;
}

/* Records the body; the numbers of the steps become an x if it reads them. */
static int body_make(job *j)
{
    wg_tape *tape = j->tape;
    const int64_t count = j->of.carry_count + j->of.x_count;
    const wg__call_of_body call = { .op = "scan",
                                    .function = step_function,
                                    .user = j,
                                    .in_count = count + 1,
                                    .out_count = j->of.carry_count + j->of.y_count,
                                    .in = argument_types(j),
                                    .has_index = true };
    if (call.in == NULL) return tape->error.status;
    const uint32_t generation = tape->generation;
    j->of.body = wg__body_record(tape, &call);
    if (tape->generation != generation) return WG_ESTALE;
    if (j->of.body == 0) return tape->error.status;
    WG_TRY(results_check(j));
    WG_TRY(wg__body_capture(tape, j->of.body));
    if (wg__body_at(tape, j->of.body)->index == WG__NONE) return WG_OK;
    const wg__type steps = { .dtype = WG_I64, .shape = { .rank = 1, .dim = { j->of.length } } };
    j->of.in[count] = wg__tape_emit(&tape->builder,
                                 &(wg__request){ .op = WG__OP_iota, .wanted = &steps });
    j->of.x_count++;
    return tape->error.status;
}

/* ---- arguments ---- */

static int options_check(wg_tape *tape, const job *j, const wg_scan_options *options)
{
    bool is_legal = j->function != NULL && j->of.x_count > 0 && options->recompute_every >= 0;
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++)
        is_legal = is_legal && options->reserved[i] == 0;
    if (is_legal && j->of.carry_count + j->of.y_count > 0) return WG_OK;
    return wg__tape_refuse(tape, WG_EINVALID, "scan", WG__NONE,
                           "a body, an x to step over, a carry or a result, and options that "
                           "were zeroed are needed");
}

/* The tape of all arguments, their indices in of.in with room for one more; NULL after an error. */
static wg_tape *arguments_open(job *j, const wg_var *carry, const wg_var *x, wg_var *failed)
{
    wg_tape *tape = NULL;
    *failed = (wg_var){ .tape = NULL };
    for (int64_t i = 0; i < j->of.carry_count && tape == NULL; i++) tape = carry[i].tape;
    for (int64_t i = 0; i < j->of.x_count && tape == NULL; i++) tape = x[i].tape;
    if (tape == NULL) return NULL;
    *failed = wg__var_of(tape, WG__NONE);
    const int64_t count = j->of.carry_count + j->of.x_count;
    wg_var *all = wg__arena_take(&tape->arena, (size_t)count * sizeof *all);
    j->of.in = wg__arena_take(&tape->arena, ((size_t)count + 1) * sizeof *j->of.in);
    if (all == NULL || j->of.in == NULL) {
        wg__tape_no_memory(tape);
        return NULL;
    }
    for (int64_t i = 0; i < count; i++)
        all[i] = i < j->of.carry_count ? carry[i] : x[i - j->of.carry_count];
    wg_var refused;
    if (wg__tape_of("scan", count, all, &refused) == NULL) return NULL;
    for (int64_t i = 0; i < count; i++) j->of.in[i] = all[i].index;
    return tape;
}

static int scan_run(job *j, const wg_var *x, const wg_scan_options *options, wg_var *carry,
                    wg_var *y)
{
    wg_tape *tape = j->tape;
    WG_TRY(options_check(tape, j, options));
    WG_TRY(lengths_check(j, x));
    WG_TRY(body_make(j));
    const int64_t results = j->of.carry_count + j->of.y_count;
    uint32_t *out = wg__arena_take(&tape->arena, (size_t)results * sizeof *out);
    if (out == NULL) return wg__tape_no_memory(tape);
    const int64_t every = options->recompute_every;
    WG_TRY(every > 0 && j->of.length > 0 ? wg__steps_part(tape, &j->of, every, out)
                                         : wg__steps_record(tape, &j->of, out));
    for (int64_t i = 0; i < j->of.carry_count; i++) carry[i] = wg__var_of(tape, out[i]);
    for (int64_t i = 0; i < j->of.y_count; i++)
        y[i] = wg__var_of(tape, out[j->of.carry_count + i]);
    return WG_OK;
}

int wg_scan(wg_scan_body *body, void *user, int64_t carry_count, wg_var *carry, int64_t x_count,
            const wg_var *x, int64_t y_count, wg_var *y, const wg_scan_options *options)
{
    const wg_scan_options chosen = options != NULL ? *options : (wg_scan_options){ 0 };
    job j = { .function = body,
              .user = user,
              .of = { .carry_count = carry != NULL && carry_count > 0 ? carry_count : 0,
                      .x_count = x != NULL && x_count > 0 ? x_count : 0,
                      .y_count = y != NULL && y_count > 0 ? y_count : 0,
                      .is_reverse = chosen.reverse } };
    wg_var failed;
    j.tape = arguments_open(&j, carry, x, &failed);
    int status = failed.tape == NULL ? WG_EINVALID : failed.tape->error.status;
    if (j.tape != NULL) {
        const bool is_whole = carry_count == j.of.carry_count && x_count == j.of.x_count &&
                              y_count == j.of.y_count;
        status = is_whole ? scan_run(&j, x, &chosen, carry, y)
                          : wg__tape_refuse(j.tape, WG_EINVALID, "scan", WG__NONE,
                                            "a count is negative, or an array is NULL");
    }
    for (int64_t i = 0; i < j.of.carry_count && status < 0; i++) carry[i] = failed;
    for (int64_t i = 0; i < j.of.y_count && status < 0; i++) y[i] = failed;
    return status;
}

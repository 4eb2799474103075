/* wg_recompute: the values of a function, of which a derivative keeps nothing. Its rule is a body
 * of its own, recorded now: the function of all it reads. A sweep from outside records a second
 * body, the function once more and the sweep through it, and replays that as an instance, whose
 * records never merge with those of the first pass: so what lies between the arguments and the
 * results is computed anew and need not be kept.
 *
 * Where the cotangents of the results are live is an argument of the second body, and where those
 * of the arguments are a result of it: so branch masks go through as if the function were not set
 * apart. A result that nothing flowed into takes no part. */
#include "graph/sweep.h"
#include <wengert/ops.h>

/* What is recorded so far. x: arguments, then what the function captured; y: results. */
typedef struct job {
    wg_tape *tape;
    uint32_t body;
    int64_t in_count, x_count, y_count;
    uint32_t *x, *y, *place;   /* place: of y among the function's results */
} job;

/* ---- what is captured ---- */

static bool is_within(const job *j, uint32_t node)
{
    const wg__body *body = wg__body_at(j->tape, j->body);
    const bool is_inside = node >= body->first && node < body->end;
    return is_inside && j->tape->record[node].body >= j->body;
}

/* Adds a value from outside that a derivative can be taken by, once. */
static void capture(job *j, uint32_t node)
{
    const wg__record *record = &j->tape->record[node];
    if (is_within(j, node) || record->op == WG__OP_constant) return;
    if (!wg__dtype_is_float((wg_dtype)record->dtype)) return;
    for (int64_t i = j->in_count; i < j->x_count; i++)
        if (j->x[i] == node) return;
    j->x[j->x_count++] = node;
}

static void captures_find(job *j)
{
    const wg__body *body = wg__body_at(j->tape, j->body);
    for (uint32_t node = body->first; node < body->end; node++) {
        int32_t count;
        const uint32_t *in = wg__tape_inputs(j->tape, node, &count);
        for (int32_t i = 0; i < count && is_within(j, node); i++) capture(j, in[i]);
    }
    for (int64_t i = 0; i < body->out_count; i++) capture(j, body->out[i]);
}

/* Room for as many captures as the body has inputs. */
static int job_open(job *j, int64_t in_count, const wg_var *in)
{
    const wg__body *body = wg__body_at(j->tape, j->body);
    int64_t count_max = in_count + body->out_count;
    for (uint32_t node = body->first; node < body->end; node++) {
        int32_t count;
        wg__tape_inputs(j->tape, node, &count);
        count_max += count;
    }
    const size_t outs = (size_t)body->out_count;
    j->x = wg__arena_take(&j->tape->arena, (size_t)count_max * sizeof *j->x);
    j->y = wg__arena_take(&j->tape->arena, outs * sizeof *j->y);
    j->place = wg__arena_take(&j->tape->arena, outs * sizeof *j->place);
    if (j->x == NULL || j->y == NULL || j->place == NULL) return wg__tape_no_memory(j->tape);
    for (int64_t i = 0; i < in_count; i++) j->x[i] = in[i].index;
    j->in_count = j->x_count = in_count;
    captures_find(j);
    return WG_OK;
}

/* ---- the function and its rule ---- */

/* The function on values in place of its arguments and captures. */
static int function_replay(const job *j, const uint32_t *x, uint32_t *out)
{
    const wg__replay replay = { .body = j->body,
                                .in = x,
                                .rows = WG__NO_ROWS,
                                .captured_count = j->x_count - j->in_count,
                                .captured = j->x + j->in_count,
                                .stand_in = x + j->in_count };
    return wg__body_replay(j->tape, &replay, out);
}

/* The body of x... to y...; 0 after an error. */
static uint32_t rule_make(const job *j)
{
    wg_tape *tape = j->tape;
    const size_t outs = (size_t)wg__body_at(tape, j->body)->out_count;
    wg__type *type = wg__arena_take(&tape->arena, (size_t)j->x_count * sizeof *type);
    uint32_t *out = wg__arena_take(&tape->arena, outs * sizeof *out);
    if (type == NULL || out == NULL) wg__tape_no_memory(tape);
    if (type == NULL || out == NULL) return 0;
    for (int64_t i = 0; i < j->x_count; i++) type[i] = wg__tape_type(tape, j->x[i]);
    const uint32_t id = wg__body_open(tape, "recompute", j->x_count, type, j->y_count);
    if (id == 0) return 0;
    const wg__body body = *wg__body_at(tape, id);
    const int status = function_replay(j, body.in, out);
    for (int64_t i = 0; i < j->y_count && status >= 0; i++) body.out[i] = out[j->place[i]];
    wg__body_close(tape, id);
    return status < 0 ? 0 : id;
}

/* Results of floating point get the rule; the others are as they are. */
static int results_rule(job *j, const uint32_t *value, wg_var *out)
{
    wg_tape *tape = j->tape;
    const int64_t count = wg__body_at(tape, j->body)->out_count;
    for (int64_t i = 0; i < count; i++) {
        out[i] = wg__var_of(tape, value[i]);
        if (!wg__dtype_is_float((wg_dtype)tape->record[value[i]].dtype)) continue;
        j->place[j->y_count] = (uint32_t)i;
        j->y[j->y_count++] = value[i];
    }
    if (j->y_count == 0 || j->x_count == 0) return WG_OK;
    const uint32_t id = rule_make(j);
    uint32_t *ruled = wg__arena_take(&tape->arena, (size_t)j->y_count * sizeof *ruled);
    if (ruled == NULL) return wg__tape_no_memory(tape);
    WG_TRY(tape->error.status);
    const wg__rule rule = { .body = id,
                            .x = j->x,
                            .y = j->y,
                            .x_count = j->x_count,
                            .y_count = j->y_count };
    WG_TRY(wg__rule_record(tape, &rule, ruled));
    for (int64_t i = 0; i < j->y_count; i++) out[j->place[i]] = wg__var_of(tape, ruled[i]);
    return WG_OK;
}

/* ---- the derivative ---- */

/* What was sent to a rule: its arguments, then cotangents of `count` results, then conditions of
 * those that have a mask. */
typedef struct sent {
    wg_tape *tape;
    const wg__node_view *node;
    int64_t x_count, count, argument_count;
    uint32_t *argument;
    uint32_t *y;               /* the results, in the rule's body */
    int64_t *condition;        /* by result: place among the arguments, 0: none */
} sent;

static int sent_open(sent *s)
{
    wg_tape *tape = s->tape;
    const wg__node_view *node = s->node;
    const wg__body *rule = wg__body_at(tape, (uint32_t)node->attribute[WG__RULE_BODY]);
    const size_t outs = (size_t)rule->out_count;
    s->argument = wg__arena_take(&tape->arena,
                                 ((size_t)s->x_count + 2 * outs) * sizeof *s->argument);
    s->y = wg__arena_take(&tape->arena, outs * sizeof *s->y);
    s->condition = wg__arena_take(&tape->arena, outs * sizeof *s->condition);
    if (s->argument == NULL || s->y == NULL || s->condition == NULL)
        return wg__tape_no_memory(tape);
    for (int64_t i = 0; i < s->x_count; i++) s->argument[s->argument_count++] = node->in[i];
    for (int64_t i = 0; i < rule->out_count; i++) {
        const wg__parcel *parcel = wg__rule_sent(tape->grad_space, node->r, i);
        if (parcel == NULL) continue;
        s->argument[s->argument_count++] = parcel->cotangent;
        s->condition[s->count] = parcel->live;
        s->y[s->count++] = rule->out[i];
    }
    for (int64_t i = 0; i < s->count; i++) {
        const uint32_t live = (uint32_t)s->condition[i];
        if (live == 0) continue;
        s->condition[i] = s->argument_count;
        s->argument[s->argument_count++] = wg__mask_record(tape, live);
    }
    return tape->error.status;
}

/* The places of a body's results: gradients of the arguments, and where these are live. */
static int derivative_sweep(const sent *s, const wg__body *body, const wg__seeds *from)
{
    wg_tape *tape = s->tape;
    wg__sweep sweep = { .tape = tape, .space = tape->grad_space, .op = "recompute" };
    wg_var *x = wg__arena_take(&tape->arena, (size_t)s->x_count * sizeof *x);
    int64_t count = 0;
    if (x == NULL) return wg__tape_no_memory(tape);
    for (int64_t i = 0; i < s->x_count; i++)
        if (s->node->needed[i]) x[count++] = wg__var_of(tape, body->in[i]);
    for (int64_t i = 0; i < from->count; i++)
        if (from->y[i] > sweep.y) sweep.y = from->y[i];
    WG_TRY(wg__sweep_depend(&sweep, count, x));
    WG_TRY(wg__sweep_run(&sweep, from));
    for (int64_t i = 0; i < s->x_count; i++) {
        if (!s->node->needed[i]) continue;
        body->out[i] = wg__sweep_result(&sweep, body->in[i]);
        body->out[s->x_count + i] = wg__sweep_where(&sweep, body->in[i]);
    }
    return tape->error.status;
}

/* Inside the body: the function, and the sweep through it. */
static int derivative_fill(const sent *s, const wg__body *body)
{
    wg_tape *tape = s->tape;
    const size_t count = (size_t)s->count;
    uint32_t *y = wg__arena_take(&tape->arena, count * sizeof *y);
    uint32_t *where = wg__arena_take(&tape->arena, count * sizeof *where);
    if (y == NULL || where == NULL) return wg__tape_no_memory(tape);
    const wg__replay replay = { .body = (uint32_t)s->node->attribute[WG__RULE_BODY],
                                .in = body->in,
                                .rows = WG__NO_ROWS,
                                .out_count = s->count,
                                .out = s->y };
    WG_TRY(wg__body_replay(tape, &replay, y));
    for (int64_t i = 0; i < s->count; i++)
        where[i] = s->condition[i] == 0 ? WG__NONE : body->in[s->condition[i]];
    const wg__seeds from = { .count = s->count,
                             .y = y,
                             .cotangent = body->in + s->x_count,
                             .where = where };
    const bool is_step = tape->grad_space->is_step;
    wg__outer outer;
    int status = wg__sweep_enter(tape, is_step, &outer);
    if (status == WG_OK) status = derivative_sweep(s, body, &from);
    return wg__sweep_leave(tape, &outer, status);
}

/* 0 after an error. */
static uint32_t derivative_make(const sent *s)
{
    wg_tape *tape = s->tape;
    wg__type *type = wg__arena_take(&tape->arena, (size_t)s->argument_count * sizeof *type);
    if (type == NULL) wg__tape_no_memory(tape);
    if (type == NULL) return 0;
    for (int64_t i = 0; i < s->argument_count; i++)
        type[i] = wg__tape_type(tape, s->argument[i]);
    const uint32_t id =
        wg__body_open(tape, "recompute", s->argument_count, type, 2 * s->x_count);
    if (id == 0) return 0;
    const wg__body body = *wg__body_at(tape, id);
    const int status = derivative_fill(s, &body);
    wg__body_close(tape, id);
    return status < 0 ? 0 : id;
}

int wg__recompute_vjp(const wg__node_view *node, uint32_t *gradient, uint32_t *where)
{
    wg_tape *tape = (wg_tape *)node->builder;
    const int64_t x_count = node->attribute[WG__RULE_XS];
    sent s = { .tape = tape, .node = node, .x_count = x_count };
    WG_TRY(sent_open(&s));
    const uint32_t body = derivative_make(&s);
    uint32_t *out = wg__arena_take(&tape->arena, 2 * (size_t)x_count * sizeof *out);
    if (out == NULL) return wg__tape_no_memory(tape);
    WG_TRY(tape->error.status);
    const wg__replay replay = { .body = body,
                                .in = s.argument,
                                .rows = WG__NO_ROWS,
                                .is_instance = true };
    WG_TRY(wg__body_replay(tape, &replay, out));
    for (int64_t i = 0; i < x_count; i++) {
        gradient[i] = out[i];
        where[i] = out[x_count + i];
    }
    return WG_OK;
}

/* ---- the first pass ---- */

static int function_record(wg_tape *tape, const wg__call_of_body *call, const wg_var *in,
                           wg_var *out)
{
    const uint32_t generation = tape->generation;
    job j = { .tape = tape, .body = wg__body_record(tape, call) };
    if (tape->generation != generation) return WG_ESTALE;
    if (j.body == 0) return tape->error.status;
    uint32_t *value = wg__arena_take(&tape->arena, (size_t)call->out_count * sizeof *value);
    if (value == NULL) return wg__tape_no_memory(tape);
    WG_TRY(job_open(&j, call->in_count, in));
    WG_TRY(function_replay(&j, j.x, value));
    return results_rule(&j, value, out);
}

int wg_recompute(wg_function *function, void *user, int64_t in_count, const wg_var *in,
                 int64_t out_count, wg_var *out)
{
    wg_var failed;
    wg_tape *tape = wg__transform_open("recompute", function != NULL, in_count, in, out_count, out,
                                       &failed);
    if (tape == NULL) return failed.tape == NULL ? WG_EINVALID : failed.tape->error.status;
    wg__type *type = wg__arena_take(&tape->arena, (size_t)in_count * sizeof *type);
    if (type == NULL) return wg__tape_no_memory(tape);
    for (int64_t i = 0; i < in_count; i++) type[i] = wg__tape_type(tape, in[i].index);
    const wg__call_of_body call = { .op = "recompute",
                                    .function = function,
                                    .user = user,
                                    .in_count = in_count,
                                    .out_count = out_count,
                                    .in = type };
    const int status = function_record(tape, &call, in, out);
    for (int64_t i = 0; i < out_count && status < 0; i++) out[i] = wg__var_of(tape, WG__NONE);
    return status;
}

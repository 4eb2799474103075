/* wg_recompute: the values of a function, of which a derivative keeps nothing. Its rule is a body
 * of its own, recorded now: the function once more, and the sweep through it. A sweep from outside
 * replays that body as an instance, whose records never merge with those of the first pass: so
 * what lies between the arguments and the results is computed anew and need not be kept. */
#include "graph/tape.h"
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

/* ---- the two passes ---- */

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

/* The sum over all results of result times cotangent: its gradient is theirs. */
static wg_var paired(const job *j, const wg__body *rule, const uint32_t *out)
{
    wg_var sum = wg__var_of(j->tape, WG__NONE);
    for (int64_t i = 0; i < j->y_count; i++) {
        const wg_var y = wg__var_of(j->tape, out[j->place[i]]);
        const wg_var cotangent = wg__var_of(j->tape, rule->in[j->x_count + i]);
        const wg_var y_sum = wg_sum(wg_mul(y, cotangent), WG_ALL);
        sum = i == 0 ? wg_cast(y_sum, WG_F64) : wg_add(sum, wg_cast(y_sum, WG_F64));
    }
    return sum;
}

/* Inside the rule's body: the function and the sweep through it. */
static int rule_fill(const job *j, uint32_t id)
{
    wg_tape *tape = j->tape;
    const wg__body rule = *wg__body_at(tape, id);
    const size_t outs = (size_t)wg__body_at(tape, j->body)->out_count;
    uint32_t *out = wg__arena_take(&tape->arena, outs * sizeof *out);
    wg_var *x = wg__arena_take(&tape->arena, (size_t)j->x_count * sizeof *x);
    wg_var *gradient = wg__arena_take(&tape->arena, (size_t)j->x_count * sizeof *gradient);
    int64_t *place = wg__arena_take(&tape->arena, (size_t)j->x_count * sizeof *place);
    if (out == NULL || x == NULL || gradient == NULL || place == NULL)
        return wg__tape_no_memory(tape);
    WG_TRY(function_replay(j, rule.in, out));
    int64_t count = 0;
    for (int64_t i = 0; i < j->x_count; i++) {
        if (!wg__dtype_is_float((wg_dtype)tape->record[rule.in[i]].dtype)) continue;
        x[count] = wg__var_of(tape, rule.in[i]);
        place[count++] = i;
    }
    WG_TRY(wg_grads(paired(j, &rule, out), count, x, gradient));
    for (int64_t i = 0; i < count; i++) rule.out[place[i]] = gradient[i].index;
    return WG_OK;
}

/* The body of x..., cotangents of y... to the cotangents of x...; 0 after an error. */
static uint32_t rule_make(const job *j)
{
    wg_tape *tape = j->tape;
    const int64_t count = j->x_count + j->y_count;
    wg__type *type = wg__arena_take(&tape->arena, (size_t)count * sizeof *type);
    if (type == NULL) wg__tape_no_memory(tape);
    if (type == NULL) return 0;
    for (int64_t i = 0; i < j->x_count; i++) type[i] = wg__tape_type(tape, j->x[i]);
    for (int64_t i = 0; i < j->y_count; i++)
        type[j->x_count + i] = wg__tape_type(tape, j->y[i]);
    const uint32_t id = wg__body_open(tape, "recompute", count, type, j->x_count);
    if (id == 0) return 0;
    const int status = rule_fill(j, id);
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

/* Each record becomes a request to the immediate evaluator, so there is one way of computing a
 * value; what is kept here is which value of the evaluator stands for which record. */
#include "support/replay.h"

#include "ops/rules.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct replay {
    wg_tape *tape;
    uint32_t generation;       /* of the recording the values are of */
    wg__level level;
    immediate *im;
    uint32_t *value;           /* of the evaluator, by node */
    int64_t count, capacity;
};

/* Begins anew if the tape was reset. */
static void follow(replay *run)
{
    if (run->im != NULL && run->generation == run->tape->generation) return;
    immediate_free(run->im);
    run->im = immediate_create(run->level);
    run->generation = run->tape->generation;
    run->count = 0;
}

static uint32_t copy_of(replay *run, const wg__type *type, const void *data)
{
    wg__array array = wg__array_of((void *)data, type->dtype, &type->shape);
    const uint32_t borrowed = immediate_input(run->im, &array);
    if (wg__array_count(&array) == 0) return borrowed;
    /* A pad of nothing is a copy: a parameter's memory changes at the commit. */
    if (type->shape.rank > 0)
        return wg__emit_pad(&run->im->builder, borrowed, 0, 0, 0, 0, 0.0);
    const wg__shape one = { .rank = 1, .dim = { 1 } };
    wg__builder *b = &run->im->builder;
    const uint32_t row = wg__emit_reshape(b, borrowed, &one);
    return wg__emit_reshape(b, wg__emit_pad(b, row, 0, 0, 0, 0, 0.0), &type->shape);
}

/* The first value of a parameter that this recording creates. */
static uint32_t created_value(const replay *run, int64_t slot)
{
    const wg_tape *tape = run->tape;
    for (int64_t i = 0; i < tape->effect_count; i++)
        if (tape->effect[i].kind == WG__CREATE && tape->effect[i].slot == slot)
            return run->value[tape->effect[i].value];
    return WG__NONE;
}

static uint32_t leaf_value(replay *run, uint32_t node)
{
    const wg_tape *tape = run->tape;
    int32_t count;
    const int64_t *attribute = wg__tape_attribute(tape, node, &count);
    const int64_t slot = attribute[0];
    wg__array array;
    switch (tape->record[node].op) {
    case WG__OP_input:
        array = wg__array_of_view(&tape->input[slot].view);
        return immediate_input(run->im, &array);
    case WG__OP_constant:
        return copy_of(run, &tape->constant[slot].type, tape->constant[slot].data);
    default:
        WG_ASSERT(tape->record[node].op == WG__OP_parameter);
        if (tape->version[slot].entry == NULL) return created_value(run, slot);
        return copy_of(run, &tape->version[slot].type, tape->version[slot].entry->data);
    }
}

static uint32_t op_value(replay *run, uint32_t node)
{
    enum { IN_MAX = 64 };
    const wg_tape *tape = run->tape;
    int32_t in_count, attribute_count;
    const uint32_t *in = wg__tape_inputs(tape, node, &in_count);
    uint32_t value[IN_MAX];
    check(in_count <= IN_MAX);
    for (int32_t i = 0; i < in_count; i++) value[i] = run->value[in[i]];
    const wg__type wanted = wg__tape_type(tape, node);
    const int64_t *attribute = wg__tape_attribute(tape, node, &attribute_count);
    return run->im->builder.emit(&run->im->builder,
                                 &(wg__request){ .op = (wg__op_id)tape->record[node].op,
                                                 .in_count = in_count,
                                                 .in = value,
                                                 .attribute = attribute,
                                                 .attribute_count = attribute_count,
                                                 .wanted = &wanted });
}

/* What is in a body has no value: it is run where it is replayed. What is ruled has that of its
 * first input, and so has a rule, at which nobody looks. */
static uint32_t record_value(replay *run, uint32_t node)
{
    const wg_tape *tape = run->tape;
    const wg__op_id op = (wg__op_id)tape->record[node].op;
    int32_t in_count;
    if (tape->record[node].body != 0) return WG__NONE;
    if (op == WG__OP_rule || op == WG__OP_ruled)
        return run->value[wg__tape_inputs(tape, node, &in_count)[0]];
    const bool is_leaf = op == WG__OP_input || op == WG__OP_parameter || op == WG__OP_constant;
    return is_leaf ? leaf_value(run, node) : op_value(run, node);
}

static void on_record(wg_tape *tape, uint32_t node, void *user)
{
    replay *run = user;
    follow(run);
    check(tape == run->tape);
    check_equal_i(node, run->count);
    check(wg__grow(&wg__allocator_default, (void **)&run->value, &run->capacity, run->count + 1,
                   sizeof *run->value) == WG_OK);
    run->value[run->count++] = record_value(run, node);
}

replay *replay_attach(wg_tape *tape, wg__level level)
{
    replay *run = calloc(1, sizeof *run);
    check(run != NULL && tape != NULL);
    run->tape = tape;
    run->level = level;
    follow(run);
    for (uint32_t node = 0; node < tape->count; node++) on_record(tape, node, run);
    tape->on_record = on_record;
    tape->on_record_user = run;
    return run;
}

void replay_free(replay *run)
{
    if (run == NULL) return;
    run->tape->on_record = NULL;
    immediate_free(run->im);
    wg__release(&wg__allocator_default, run->value, (size_t)run->capacity * sizeof *run->value);
    free(run);
}

static uint32_t value_of(replay *run, wg_var x)
{
    follow(run);
    check_msg(wg__var_check(x) == WG_OK, "no value: %s", wg_tape_message(run->tape));
    check(x.tape == run->tape && x.index < run->count);
    return run->value[x.index];
}

const wg__array *replay_array(replay *run, wg_var x)
{
    return immediate_array(run->im, value_of(run, x));
}

double replay_at(replay *run, wg_var x, int64_t element)
{
    return immediate_at(run->im, value_of(run, x), element);
}

void replay_copy(replay *run, wg_var x, void *out)
{
    immediate_copy(run->im, value_of(run, x), out);
}

int replay_status(const replay *run)
{
    return run->tape->error.status < 0 ? run->tape->error.status : run->im->status;
}

/* ---- effects ---- */

static bool is_finite(replay *run, uint32_t node)
{
    const uint32_t value = run->value[node];
    for (int64_t i = 0; i < immediate_count(run->im, value); i++)
        if (!isfinite(immediate_at(run->im, value, i))) return false;
    return true;
}

static void store(replay *run, const wg__effect *effect)
{
    wg__version *version = &run->tape->version[effect->slot];
    wg__entry *entry = wg__params_entry(version->params, version->path);
    if (entry == NULL)
        entry = wg__params_add(version->params, version->path, &version->type,
                               version->is_trained);
    check(entry != NULL);
    immediate_copy(run->im, run->value[effect->value], entry->data);
    entry->version++;
}

int replay_commit(replay *run)
{
    wg_tape *tape = run->tape;
    follow(run);
    WG_TRY(replay_status(run));
    for (int64_t i = tape->effect_done; i < tape->effect_count; i++)
        if (tape->effect[i].kind == WG__REQUIRE_FINITE && !is_finite(run, tape->effect[i].value))
            return wg__tape_fail(tape, WG_EFINITE, tape->effect[i].value, "is not finite");
    for (int64_t i = tape->effect_done; i < tape->effect_count; i++)
        if (tape->effect[i].kind != WG__REQUIRE_FINITE) store(run, &tape->effect[i]);
    wg__tape_committed(tape);
    return WG_OK;
}

/* Derivatives: one reverse sweep in stored order. Readers stand after what they read, so when a
 * node's turn comes all that flows into its cotangent has arrived, and the order of every sum is
 * that of the records. Nothing flows into what does not depend on a wanted value; a cotangent that
 * is missing is no record at all, never a zero that is added. */
#include "graph/tape.h"
#include <string.h>

/* A sweep from some y back to the wanted x. */
typedef struct sweep {
    wg_tape *tape;
    wg__grad_space *space;
    uint32_t y, first;         /* nodes first .. y, the last one, take part */
    bool flows;                /* from a y to an x */
    const char *op;            /* for messages */
} sweep;

/* ---- dependence ---- */

static bool carries_derivative(const wg__record *record)
{
    return wg__op_table[record->op].is_differentiable &&
           wg__dtype_is_float((wg_dtype)record->dtype);
}

static int space_reserve(sweep *s)
{
    const wg_allocator *allocator = &s->tape->allocator;
    wg__grad_space *space = s->space;
    const int64_t count = (int64_t)s->y + 1;
    if (wg__grow(allocator, (void **)&space->depends, &space->depends_capacity, count,
                 sizeof *space->depends) < 0 ||
        wg__grow(allocator, (void **)&space->cotangent, &space->cotangent_capacity, count,
                 sizeof *space->cotangent) < 0 ||
        wg__grow(allocator, (void **)&space->live, &space->live_capacity, count,
                 sizeof *space->live) < 0)
        return wg__tape_no_memory(s->tape);
    return WG_OK;
}

/* Marks what depends on an x; a derivative flows through these nodes only. */
static int dependence_mark(sweep *s, int64_t count, const wg_var *x)
{
    WG_TRY(space_reserve(s));
    bool *depends = s->space->depends;
    s->first = s->y + 1;
    memset(depends, 0, (size_t)s->y + 1);
    for (int64_t i = 0; i < count; i++) {
        if (x[i].index > s->y) continue;
        depends[x[i].index] = true;
        if (x[i].index < s->first) s->first = x[i].index;
    }
    for (uint32_t node = s->first; node <= s->y; node++) {
        if (depends[node] || !carries_derivative(&s->tape->record[node])) continue;
        int32_t in_count;
        const uint32_t *in = wg__tape_inputs(s->tape, node, &in_count);
        for (int32_t i = 0; i < in_count && !depends[node]; i++)
            depends[node] = depends[in[i]];
    }
    return WG_OK;
}

bool wg_depends(wg_var y, wg_var x)
{
    wg_var failed;
    const wg_var both[2] = { y, x };
    wg_tape *tape = wg__tape_of("depends", 2, both, &failed);
    if (tape == NULL || wg__grad_space_of(tape) == NULL) return false;
    sweep s = { .tape = tape, .space = tape->grad_space, .y = y.index, .op = "depends" };
    return dependence_mark(&s, 1, &x) == WG_OK && s.space->depends[y.index];
}

/* ---- the sweep ---- */

/* Adds a contribution, live where `live` says, to the cotangent of a node. */
static void cotangent_add(sweep *s, uint32_t node, uint32_t gradient, uint32_t live)
{
    uint32_t *sum = &s->space->cotangent[node];
    if (*sum == WG__NONE) {
        *sum = gradient;
        s->space->live[node] = live;
        return;
    }
    *sum = wg__emit2(&s->tape->builder, WG__OP_add, *sum, gradient);
    s->space->live[node] = wg__mask_or(s->tape, s->space->live[node], live);
}

/* Where the gradient by input i is live, given where the result's cotangent is; what must be zeroed
 * elsewhere is. */
static uint32_t live_of_input(sweep *s, uint32_t node, int32_t i, const uint32_t *in, uint32_t live,
                              uint32_t *gradient)
{
    const wg__op_id op = (wg__op_id)s->tape->record[node].op;
    if (op == WG__OP_select) return wg__mask_branch(s->tape, in[0], i == 1, live);
    if (live == 0) return 0;
    switch (wg__op_table[op].class) {
    case WG__CLASS_LINEAR: return live;
    case WG__CLASS_MAP:
        if (!s->space->is_step) *gradient = wg__mask_apply(s->tape, live, *gradient);
        return live;
    case WG__CLASS_MOVE: return wg__mask_moved(s->tape, node, (uint32_t)i, live);
    case WG__CLASS_REDUCE: {
        const uint32_t moved = wg__mask_moved(s->tape, node, (uint32_t)i, live);
        if (op != WG__OP_sum && moved != WG__NONE)
            *gradient = wg__mask_apply(s->tape, moved, *gradient);
        return moved;
    }
    default: return 0;   /* ends where elements meet */
    }
}

/* Copies the inputs, since records move when more are made; true if any of them depends. */
static bool inputs_open(sweep *s, uint32_t node, int32_t *in_count)
{
    wg__grad_space *space = s->space;
    const wg_allocator *allocator = &s->tape->allocator;
    const uint32_t *in = wg__tape_inputs(s->tape, node, in_count);
    if (wg__grow(allocator, (void **)&space->needed, &space->needed_capacity, *in_count,
                 sizeof *space->needed) < 0 ||
        wg__grow(allocator, (void **)&space->in, &space->in_capacity, *in_count,
                 sizeof *space->in) < 0 ||
        wg__grow(allocator, (void **)&space->gradient, &space->gradient_capacity, *in_count,
                 sizeof *space->gradient) < 0) {
        wg__tape_no_memory(s->tape);
        return false;
    }
    bool is_needed = false;
    for (int32_t i = 0; i < *in_count; i++) {
        space->in[i] = in[i];
        space->needed[i] = s->space->depends[in[i]];
        is_needed = is_needed || space->needed[i];
    }
    return is_needed;
}

/* The cotangent of a result waits for its rule, which stands before it. */
static int ruled_sweep(sweep *s, uint32_t node)
{
    wg__grad_space *space = s->space;
    const uint32_t rule = space->in[1];
    if (!space->needed[1]) return WG_OK;
    space->cotangent[rule] = space->cotangent[node];
    space->live[rule] = 0;
    return wg__rule_send(s->tape, node, space->cotangent[node]);
}

/* What a rule reads of its node. */
typedef struct reading { const uint32_t *in; uint32_t own[3], r; } reading;

/* x, and 1 where the mask is false. No rule of the table is infinite at 1. */
static uint32_t selected(sweep *s, uint32_t x, uint32_t mask)
{
    wg__builder *b = &s->tape->builder;
    if (!wg__dtype_is_float((wg_dtype)s->tape->record[x].dtype) || mask == WG__NONE) return x;
    return wg__emit_select(b, wg__mask_record(s->tape, mask), x, wg__emit_full_like(b, x, 1));
}

/* Masks end at cumulative ops, of which the rule of a product is made, and where a value is kept
 * for another scan. There the rule reads what is selected before, so that what is not taken is out
 * of the way at every order. */
static int reading_make(sweep *s, uint32_t node, int32_t in_count, reading *out)
{
    const wg__grad_space *space = s->space;
    const wg__op_id op = (wg__op_id)s->tape->record[node].op;
    const uint32_t live = space->live[node];
    const bool is_product = op == WG__OP_prod;
    const bool is_kept = space->is_step && wg__op_table[op].class == WG__CLASS_MAP;
    *out = (reading){ .in = space->in, .r = node };
    if (live == 0 || op == WG__OP_select || !(is_product || is_kept)) return WG_OK;
    WG_ASSERT(in_count <= 3);
    const uint32_t mask = is_product ? wg__mask_moved(s->tape, node, 0, live) : live;
    for (int32_t i = 0; i < in_count; i++) out->own[i] = selected(s, space->in[i], mask);
    out->in = out->own;
    out->r = is_kept ? selected(s, node, mask) : node;
    return s->tape->error.status;
}

/* Sends the cotangent of a node on to those of its inputs that depend. */
static int node_sweep(sweep *s, uint32_t node)
{
    wg_tape *tape = s->tape;
    wg__grad_space *space = s->space;
    int32_t in_count, attribute_count;
    if (!inputs_open(s, node, &in_count)) return tape->error.status;
    if (tape->record[node].op == WG__OP_ruled) return ruled_sweep(s, node);
    if (tape->record[node].op == WG__OP_pick)
        return wg__pick_send(tape, node, space->cotangent[node]);
    reading of;
    WG_TRY(reading_make(s, node, in_count, &of));

    const wg__node_view view = { .builder = &tape->builder,
                                 .op = (wg__op_id)tape->record[node].op,
                                 .in_count = in_count,
                                 .in = of.in,
                                 .needed = space->needed,
                                 .attribute = wg__tape_attribute(tape, node, &attribute_count),
                                 .attribute_count = attribute_count,
                                 .r = of.r,
                                 .g = space->cotangent[node] };
    if (view.op == WG__OP_extern)
        return wg__tape_fail(tape, WG_EGRADIENT, node, "%s has no rule for its derivative",
                             tape->external[view.attribute[WG__EXTERN_SLOT]].name);
    if (view.op == WG__OP_rule) WG_TRY(wg__rule_vjp(&view, space->gradient));
    else if (view.op == WG__OP_scan) WG_TRY(wg__scan_vjp(&view, space->gradient));
    else wg__vjp(&view, space->gradient);
    for (int32_t i = 0; i < in_count; i++) {
        uint32_t gradient = space->gradient[i];
        if (!space->needed[i] || gradient == WG__NONE) continue;
        const uint32_t live =
            live_of_input(s, node, i, space->in, space->live[node], &gradient);
        WG_TRY(tape->error.status);
        cotangent_add(s, space->in[i], gradient, live);
    }
    return tape->error.status;
}

/* Where a sweep starts, and the cotangents that it starts from; NULL: 1. */
typedef struct seeds { int64_t count; const uint32_t *y, *cotangent; } seeds;

/* Sweeps from all y to all x. */
static int sweep_run(sweep *s, const seeds *from)
{
    wg_tape *tape = s->tape;
    wg__grad_space *space = s->space;
    WG_TRY(tape->error.status);
    for (int64_t i = 0; i < from->count; i++)
        s->flows = s->flows || (from->y[i] >= s->first && space->depends[from->y[i]]);
    if (!s->flows) return WG_OK;
    for (uint32_t node = s->first; node <= s->y; node++) space->cotangent[node] = WG__NONE;
    space->mask_count = space->parcel_count = 0;
    for (int64_t i = 0; i < from->count; i++)
        if (from->y[i] >= s->first) cotangent_add(s, from->y[i], from->cotangent[i], 0);
    for (uint32_t node = s->y + 1; node-- > s->first;) {
        const bool flows = space->depends[node] && space->cotangent[node] != WG__NONE &&
                           carries_derivative(&tape->record[node]);
        if (!flows) continue;
        const wg__place place = tape->place[node];
        tape->inherited = &place;
        const int status = node_sweep(s, node);
        tape->inherited = NULL;
        WG_TRY(status);
    }
    return WG_OK;
}

/* ---- results ---- */

/* What reached x: a sum, or zeros. */
static uint32_t result_of(const sweep *s, uint32_t x)
{
    const bool is_reached = s->flows && x >= s->first && x <= s->y &&
                            s->space->cotangent[x] != WG__NONE;
    if (is_reached) return s->space->cotangent[x];
    return wg__emit_full_like(&s->tape->builder, x, 0);
}

/* Records the derivatives of all y by each x. */
static int results_record(sweep *s, const seeds *from, int64_t count, const wg_var *x,
                          uint32_t *result)
{
    wg_tape *tape = s->tape;
    WG_TRY(dependence_mark(s, count, x));
    WG_TRY(wg__cons_begin(tape));
    const wg__place place = tape->place[s->y];
    tape->inherited = &place;
    uint32_t one = WG__NONE;
    seeds start = *from;
    if (start.cotangent == NULL) {
        one = wg__tape_number(&tape->builder, (wg_dtype)tape->record[s->y].dtype, 1);
        start.cotangent = &one;
    }
    tape->is_sweeping = true;
    const int status = sweep_run(s, &start);
    tape->inherited = &place;
    for (int64_t i = 0; i < count && status == WG_OK; i++) result[i] = result_of(s, x[i].index);
    tape->is_sweeping = false;
    tape->inherited = NULL;
    WG_TRY(tape->error.status);
    for (int64_t i = 0; i < count; i++) {
        WG_ASSERT(tape->record[result[i]].shape == tape->record[x[i].index].shape);
        if (wg__cons_forget(tape, result[i]) < 0) return wg__tape_no_memory(tape);
    }
    return WG_OK;
}

/* What a sweep is a function of, besides what was recorded before. */
static uint32_t *key_make(const sweep *s, const seeds *from, int64_t count, const wg_var *x,
                          size_t *bytes)
{
    const bool has_cotangents = from->cotangent != NULL;
    *bytes = (size_t)(3 + from->count * (1 + has_cotangents) + count) * sizeof(uint32_t);
    uint32_t *key = wg__arena_take(&s->tape->arena, *bytes);
    if (key == NULL) return NULL;
    uint32_t *at = key;
    *at++ = WG__SPAN_OF_SWEEP;
    *at++ = (uint32_t)from->count;
    *at++ = has_cotangents;
    for (int64_t i = 0; i < from->count; i++) {
        *at++ = from->y[i];
        if (has_cotangents) *at++ = from->cotangent[i];
    }
    for (int64_t i = 0; i < count; i++) *at++ = x[i].index;
    return key;
}

/* The derivatives as values: a sweep is a span. */
static int derivatives(sweep *s, const seeds *from, int64_t count, const wg_var *x,
                       wg_var *gradient)
{
    wg_tape *tape = s->tape;
    size_t key_bytes;
    const uint32_t *key = key_make(s, from, count, x, &key_bytes);
    uint32_t *recorded = wg__arena_take(&tape->arena, (size_t)count * sizeof *recorded);
    if (key == NULL || recorded == NULL) return wg__tape_no_memory(tape);
    const uint32_t *result = recorded;
    const int is_skipped = wg_span_open(tape, key, key_bytes);
    WG_TRY(is_skipped);
    if (is_skipped) result = wg__span_results(tape);
    else {
        WG_TRY(results_record(s, from, count, x, recorded));
        WG_TRY(wg__span_give(tape, count, recorded));
        wg_span_close(tape);
        WG_TRY(tape->error.status);
    }
    for (int64_t i = 0; i < count; i++) gradient[i] = wg__var_of(tape, result[i]);
    return WG_OK;
}

/* ---- arguments ---- */

/* `where` is the node whose place an error takes, WG__NONE for that of the caller to come. */
static int wanted_check(const sweep *s, uint32_t where, int64_t count, const wg_var *x)
{
    wg_tape *tape = s->tape;
    const wg_dtype of = (wg_dtype)tape->record[s->y].dtype;
    if (!wg__dtype_is_float(of))
        return wg__tape_refuse(tape, WG_EGRADIENT, s->op, where, "no derivative of %s exists",
                               wg_dtype_name(of));
    for (int64_t i = 0; i < count; i++) {
        const wg_dtype by = (wg_dtype)tape->record[x[i].index].dtype;
        if (!wg__dtype_is_float(by))
            return wg__tape_refuse(tape, WG_EGRADIENT, s->op, where,
                                   "no derivative by %s exists", wg_dtype_name(by));
        if (wg__tape_is_number(tape, x[i].index))
            return wg__tape_refuse(tape, WG_EGRADIENT, s->op, where,
                                   "by a number, which others share: use wg_full or wg_scalar");
    }
    return WG_OK;
}

static int scalar_check(const sweep *s, uint32_t where)
{
    const wg__shape *shape = wg__tape_shape(s->tape, s->y);
    if (shape->rank == 0) return WG_OK;
    char text[160];
    wg__text of = wg__text_of(text, sizeof text);
    wg__text_shape(&of, shape);
    return wg__tape_refuse(s->tape, WG_ESHAPE, s->op, where, "%s is not a scalar: sum it first",
                           text);
}

/* Checks that all values are of one tape and opens a sweep from y. */
static int sweep_open(sweep *s, const char *op, wg_var y, int64_t count, const wg_var *x,
                      wg_var *failed)
{
    wg_tape *tape = wg__tape_of(op, 1, &y, failed);
    for (int64_t i = 0; i < count && tape != NULL; i++)
        tape = wg__tape_of(op, 2, (const wg_var[2]){ y, x[i] }, failed);
    if (tape == NULL) return failed->tape == NULL ? WG_EINVALID : failed->tape->error.status;
    *failed = wg__var_of(tape, WG__NONE);
    *s = (sweep){ .tape = tape, .space = wg__grad_space_of(tape), .y = y.index, .op = op };
    return s->space == NULL ? WG_EMEMORY : WG_OK;
}

wg_var wg__grad_for(const char *op, wg_var y, wg_var x)
{
    sweep s;
    wg_var failed, gradient;
    if (sweep_open(&s, op, y, 1, &x, &failed) < 0 || wanted_check(&s, WG__NONE, 1, &x) < 0 ||
        scalar_check(&s, WG__NONE) < 0)
        return failed;
    const seeds from = { .count = 1, .y = &s.y };
    return derivatives(&s, &from, 1, &x, &gradient) < 0 ? failed : gradient;
}

wg_var wg_grad(wg_var y, wg_var x)
{
    return wg__grad_for("grad", y, x);
}

int wg_grads(wg_var y, int64_t count, const wg_var *x, wg_var *gradient)
{
    sweep s;
    wg_var failed;
    if (count < 0 || (count > 0 && (x == NULL || gradient == NULL))) {
        if (y.tape == NULL) return WG_EINVALID;
        return wg__tape_refuse(y.tape, WG_EINVALID, "grads", WG__NONE, "x or gradient is NULL");
    }
    WG_TRY(sweep_open(&s, "grads", y, count, x, &failed));
    WG_TRY(wanted_check(&s, y.index, count, x));
    WG_TRY(scalar_check(&s, y.index));
    const seeds from = { .count = 1, .y = &s.y };
    return derivatives(&s, &from, count, x, gradient);
}

/* A cotangent has the type of its y. */
static int cotangent_check(const sweep *s, uint32_t where, uint32_t y, uint32_t cotangent)
{
    return wg__type_expect(s->tape, s->op, where, "cotangent", cotangent, "y", y);
}

wg_var wg__vjp_for(const char *op, wg_var y, wg_var x, wg_var cotangent)
{
    sweep s;
    wg_var failed, gradient;
    const wg_var both[2] = { x, cotangent };
    if (sweep_open(&s, op, y, 2, both, &failed) < 0 || wanted_check(&s, WG__NONE, 1, &x) < 0 ||
        cotangent_check(&s, WG__NONE, y.index, cotangent.index) < 0)
        return failed;
    const seeds from = { .count = 1, .y = &s.y, .cotangent = &cotangent.index };
    return derivatives(&s, &from, 1, &x, &gradient) < 0 ? failed : gradient;
}

wg_var wg_vjp(wg_var y, wg_var x, wg_var cotangent)
{
    return wg__vjp_for("vjp", y, x, cotangent);
}

static int vjps_refuse(int64_t y_count, const wg_var *y)
{
    if (y == NULL || y_count < 1 || y[0].tape == NULL) return WG_EINVALID;
    return wg__tape_refuse(y[0].tape, WG_EINVALID, "vjps", WG__NONE, "an array is NULL");
}

int wg_vjps(int64_t y_count, const wg_var *y, const wg_var *cotangent, int64_t x_count,
            const wg_var *x, wg_var *gradient)
{
    sweep s;
    wg_var failed;
    const bool has_x = x_count == 0 || (x_count > 0 && x != NULL && gradient != NULL);
    if (y_count < 1 || y == NULL || cotangent == NULL || !has_x) return vjps_refuse(y_count, y);
    WG_TRY(sweep_open(&s, "vjps", y[0], x_count, x, &failed));
    uint32_t *in = wg__arena_take(&s.tape->arena, 2 * (size_t)y_count * sizeof *in);
    if (in == NULL) return wg__tape_no_memory(s.tape);
    const seeds from = { .count = y_count, .y = in, .cotangent = in + y_count };
    uint32_t last = 0;
    for (int64_t i = 0; i < y_count; i++) {
        const wg_var all[3] = { y[0], y[i], cotangent[i] };
        if (wg__tape_of("vjps", 3, all, &failed) == NULL)
            return failed.tape == NULL ? WG_EINVALID : s.tape->error.status;
        s.y = in[i] = y[i].index;
        in[y_count + i] = cotangent[i].index;
        WG_TRY(wanted_check(&s, s.y, x_count, x));
        WG_TRY(cotangent_check(&s, s.y, s.y, in[y_count + i]));
        if (s.y > last) last = s.y;
    }
    s.y = last;
    return derivatives(&s, &from, x_count, x, gradient);
}

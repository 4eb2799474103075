/* One reverse sweep in stored order. Readers stand after what they read, so when a node's turn
 * comes all that flows into its cotangent has arrived, and the order of every sum is that of the
 * records. Nothing flows into what does not depend on a wanted value; a cotangent that is missing
 * is no record at all, never a zero that is added.
 *
 * A cotangent has a mask (mask.c), and counts as 0 where that is false. While it is raw anything
 * may stand there: ops that work element by element keep an element to itself, so their rules
 * take it as it is, and what they give is raw too. One select settles it before elements meet,
 * before another mask joins and before it is handed out: a chain of such ops costs one, not one
 * each. */
#include "graph/sweep.h"
#include <math.h>
#include <string.h>

/* ---- dependence ---- */

static bool carries_derivative(const wg__record *record)
{
    return wg__op_table[record->op].is_differentiable &&
           wg__dtype_is_float((wg_dtype)record->dtype);
}

static int space_reserve(const wg__sweep *s)
{
    const wg_allocator *allocator = &s->tape->allocator;
    wg__grad_space *space = s->space;
    const int64_t count = (int64_t)s->y + 1;
    if (wg__grow(allocator, (void **)&space->depends, &space->depends_capacity, count,
                 sizeof *space->depends) < 0 ||
        wg__grow(allocator, (void **)&space->cotangent, &space->cotangent_capacity, count,
                 sizeof *space->cotangent) < 0 ||
        wg__grow(allocator, (void **)&space->live, &space->live_capacity, count,
                 sizeof *space->live) < 0 ||
        wg__grow(allocator, (void **)&space->is_raw, &space->is_raw_capacity, count,
                 sizeof *space->is_raw) < 0)
        return wg__tape_no_memory(s->tape);
    return WG_OK;
}

int wg__sweep_depend(wg__sweep *s, int64_t count, const wg_var *x)
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
    wg__sweep s = { .tape = tape, .space = tape->grad_space, .y = y.index, .op = "depends" };
    return wg__sweep_depend(&s, 1, &x) == WG_OK && s.space->depends[y.index];
}

/* ---- cotangents ---- */

/* What flows to an input: live where the mask says; raw: not yet 0 elsewhere. */
typedef struct flow { uint32_t cotangent, live; bool is_raw; } flow;

static void settle(const wg__sweep *s, flow *f)
{
    if (f->is_raw) f->cotangent = wg__mask_apply(s->tape, f->live, f->cotangent);
    f->is_raw = false;
}

static flow flow_at(const wg__sweep *s, uint32_t node)
{
    const wg__grad_space *space = s->space;
    return (flow){ space->cotangent[node], space->live[node], space->is_raw[node] };
}

static void flow_set(const wg__sweep *s, uint32_t node, flow f)
{
    WG_ASSERT(f.live != 0 || !f.is_raw);
    s->space->cotangent[node] = f.cotangent;
    s->space->live[node] = f.live;
    s->space->is_raw[node] = f.is_raw;
}

static void node_settle(const wg__sweep *s, uint32_t node)
{
    flow f = flow_at(s, node);
    settle(s, &f);
    flow_set(s, node, f);
}

/* Adds to the cotangent of a node. The sum is raw under the joint mask alone: what is not live
 * there is not live in either. */
static void cotangent_add(const wg__sweep *s, uint32_t node, flow more)
{
    if (s->space->cotangent[node] == WG__NONE) {
        flow_set(s, node, more);
        return;
    }
    flow own = flow_at(s, node);
    const uint32_t live = wg__mask_or(s->tape, own.live, more.live);
    if (s->tape->error.status < 0) return;
    if (!wg__mask_is_same(s->tape, own.live, live)) settle(s, &own);
    if (!wg__mask_is_same(s->tape, more.live, live)) settle(s, &more);
    const uint32_t sum =
        wg__emit2(&s->tape->builder, WG__OP_add, own.cotangent, more.cotangent);
    flow_set(s, node, (flow){ sum, live, own.is_raw || more.is_raw });
}

/* A product with a number, or a quotient by one, keeps zeros, and so does what is passed on. */
static bool keeps_zeros(const wg_tape *tape, wg__op_id op, int32_t i, const uint32_t *in)
{
    double number;
    if (op == WG__OP_rem) return i == 0;
    const bool is_scaled = (op == WG__OP_mul && wg__tape_number_of(tape, in[1 - i], &number)) ||
                           (op == WG__OP_div && i == 0 &&
                            wg__tape_number_of(tape, in[1], &number) && number != 0);
    return is_scaled && isfinite(number);
}

/* What flows to input i, given the gradient that the rule recorded. In a step of a scan there is
 * nothing raw: values are kept for other scans, where masks do not reach. */
static flow flow_to(const wg__sweep *s, uint32_t node, int32_t i, uint32_t gradient)
{
    const wg__grad_space *space = s->space;
    const wg__op_id op = (wg__op_id)s->tape->record[node].op;
    const uint32_t live = space->live[node];
    if (op == WG__OP_select)
        return (flow){ gradient, wg__mask_branch(s->tape, space->in[0], i == 1, live), false };
    if (live == 0) return (flow){ gradient, 0, false };
    flow f = { gradient, 0, false };
    switch (wg__op_table[op].class) {
    case WG__CLASS_LINEAR: return (flow){ gradient, live, space->is_raw[node] };
    case WG__CLASS_MAP:
        f.live = live;
        f.is_raw = space->is_raw[node] ||
                   !(space->is_step || keeps_zeros(s->tape, op, i, space->in));
        return f;
    case WG__CLASS_MOVE: f.live = wg__mask_moved(s->tape, node, (uint32_t)i, live); return f;
    case WG__CLASS_REDUCE:
        f.live = wg__mask_moved(s->tape, node, (uint32_t)i, live);
        f.is_raw = op != WG__OP_sum && s->tape->error.status == WG_OK;
        if (space->is_step) settle(s, &f);
        return f;
    default: return f;   /* masks end where elements meet */
    }
}

/* ---- one node ---- */

/* Copies the inputs, since records move when more are made; true if any of them depends. */
static bool inputs_open(const wg__sweep *s, uint32_t node, int32_t *in_count)
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
static int ruled_sweep(const wg__sweep *s, uint32_t node)
{
    const wg__grad_space *space = s->space;
    const uint32_t rule = space->in[1];
    if (!space->needed[1]) return WG_OK;
    flow_set(s, rule, (flow){ space->cotangent[node], 0, false });
    return wg__rule_send(s->tape, node, space->cotangent[node], space->live[node]);
}

/* A rule sends what it says, live where it says. */
static int rule_sweep(const wg__sweep *s, const wg__node_view *view)
{
    wg_tape *tape = s->tape;
    wg__grad_space *space = s->space;
    uint32_t *where = wg__arena_take(&tape->arena, (size_t)view->in_count * sizeof *where);
    if (where == NULL) return wg__tape_no_memory(tape);
    WG_TRY(wg__rule_vjp(view, space->gradient, where));
    for (int32_t i = 0; i < view->in_count; i++) {
        const bool flows = space->needed[i] && space->gradient[i] != WG__NONE;
        if (!flows) continue;
        const uint32_t live = where[i] == WG__NONE ? 0 : wg__mask_branch(tape, where[i], true, 0);
        WG_TRY(tape->error.status);
        cotangent_add(s, space->in[i], (flow){ space->gradient[i], live, false });
    }
    return tape->error.status;
}

/* What a rule reads of its node. */
typedef struct reading { const uint32_t *in; uint32_t own[3], r; } reading;

/* x, and 1 where the mask is false. No rule of the table is infinite at 1. */
static uint32_t selected(const wg__sweep *s, uint32_t x, uint32_t mask)
{
    if (!wg__dtype_is_float((wg_dtype)s->tape->record[x].dtype) || mask == WG__NONE) return x;
    return wg__mask_select(s->tape, mask, x, wg__emit_full_like(&s->tape->builder, x, 1));
}

/* Masks end at cumulative ops, of which the rule of a product is made, and where a value is kept
 * for another scan. There the rule reads what is selected before, so that what is not taken is out
 * of the way at every order. */
static int reading_make(const wg__sweep *s, uint32_t node, int32_t in_count, reading *out)
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

/* True of a node whose rule works element by element on a raw cotangent. What is passed on to
 * several is settled once, before. */
static bool takes_raw(const wg__sweep *s, wg__op_id op, int32_t in_count)
{
    const wg__class class = wg__op_table[op].class;
    int32_t readers = 0;
    for (int32_t i = 0; i < in_count; i++) readers += s->space->needed[i];
    return (class == WG__CLASS_LINEAR && readers == 1) ||
           (class == WG__CLASS_MAP && op != WG__OP_select);
}

/* Sends the cotangent of a node on to those of its inputs that depend. */
static int node_sweep(const wg__sweep *s, uint32_t node)
{
    wg_tape *tape = s->tape;
    wg__grad_space *space = s->space;
    const wg__op_id op = (wg__op_id)tape->record[node].op;
    int32_t in_count, attribute_count;
    if (!inputs_open(s, node, &in_count)) return tape->error.status;
    if (!takes_raw(s, op, in_count)) node_settle(s, node);
    if (op == WG__OP_ruled) return ruled_sweep(s, node);
    if (op == WG__OP_pick) return wg__pick_send(tape, node, space->cotangent[node]);
    reading of;
    WG_TRY(reading_make(s, node, in_count, &of));

    const wg__node_view view = { .builder = &tape->builder,
                                 .op = op,
                                 .in_count = in_count,
                                 .in = of.in,
                                 .needed = space->needed,
                                 .attribute = wg__tape_attribute(tape, node, &attribute_count),
                                 .attribute_count = attribute_count,
                                 .r = of.r,
                                 .g = space->cotangent[node] };
    if (op == WG__OP_extern)
        return wg__tape_fail(tape, WG_EGRADIENT, node, "%s has no rule for its derivative",
                             tape->external[view.attribute[WG__EXTERN_SLOT]].name);
    if (op == WG__OP_rule) return rule_sweep(s, &view);
    if (op == WG__OP_scan) WG_TRY(wg__scan_vjp(&view, space->gradient));
    else wg__vjp(&view, space->gradient);
    for (int32_t i = 0; i < in_count; i++) {
        if (!space->needed[i] || space->gradient[i] == WG__NONE) continue;
        const flow f = flow_to(s, node, i, space->gradient[i]);
        WG_TRY(tape->error.status);
        cotangent_add(s, space->in[i], f);
    }
    return tape->error.status;
}

/* ---- the sweep ---- */

/* The cotangents that it starts from, each live where its condition says. */
static int seeds_sow(const wg__sweep *s, const wg__seeds *from)
{
    for (int64_t i = 0; i < from->count; i++) {
        if (from->y[i] < s->first) continue;
        const bool is_live = from->where == NULL || from->where[i] == WG__NONE;
        const uint32_t live = is_live ? 0 : wg__mask_branch(s->tape, from->where[i], true, 0);
        WG_TRY(s->tape->error.status);
        cotangent_add(s, from->y[i], (flow){ from->cotangent[i], live, false });
    }
    return WG_OK;
}

int wg__sweep_run(wg__sweep *s, const wg__seeds *from)
{
    wg_tape *tape = s->tape;
    wg__grad_space *space = s->space;
    WG_TRY(tape->error.status);
    for (int64_t i = 0; i < from->count; i++)
        s->flows = s->flows || (from->y[i] >= s->first && space->depends[from->y[i]]);
    if (!s->flows) return WG_OK;
    for (uint32_t node = s->first; node <= s->y; node++) space->cotangent[node] = WG__NONE;
    space->mask_count = space->parcel_count = 0;
    WG_TRY(seeds_sow(s, from));
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

static bool is_reached(const wg__sweep *s, uint32_t x)
{
    return s->flows && x >= s->first && x <= s->y && s->space->cotangent[x] != WG__NONE;
}

uint32_t wg__sweep_result(const wg__sweep *s, uint32_t x)
{
    if (!is_reached(s, x)) return WG__NONE;
    node_settle(s, x);
    return s->space->cotangent[x];
}

uint32_t wg__sweep_where(const wg__sweep *s, uint32_t x)
{
    if (!is_reached(s, x) || s->space->live[x] == 0) return WG__NONE;
    return wg__mask_record(s->tape, s->space->live[x]);
}

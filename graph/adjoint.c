/* The derivative of a scan.
 *
 * A step and the sweep through it are recorded as one body. What depends on no cotangent is the
 * forward part: a scan that extends the first one, which the planner runs in the same loop, stacks
 * of it what the reverse part reads, and nothing else. The reverse part is the body of a scan in
 * the other direction, whose carries are the cotangents of the carries. What it adds to the
 * cotangent of a value from outside is not carried: the operands of these sums are stacked, and
 * total.c records one sum over all steps after it.
 *
 * All of it is recorded as ordinary scans, so the next order is taken of them as of any other. */
#include "graph/adjoint.h"
#include <string.h>

/* ---- what is sent ---- */

int wg__pick_send(wg_tape *tape, uint32_t pick, uint32_t cotangent)
{
    wg__grad_space *space = tape->grad_space;
    int32_t count;
    const uint32_t scan = wg__tape_inputs(tape, pick, &count)[0];
    const int64_t place = wg__tape_attribute(tape, pick, &count)[0];
    const uint32_t root = wg__scan_at(tape, scan).root;
    space->cotangent[root] = cotangent;
    space->live[root] = 0;
    space->is_raw[root] = false;
    if (wg__grow(&tape->allocator, (void **)&space->parcel, &space->parcel_capacity,
                 space->parcel_count + 1, sizeof *space->parcel) < 0)
        return wg__tape_no_memory(tape);
    space->parcel[space->parcel_count++] = (wg__parcel){
        .rule = root, .ruled = scan, .cotangent = cotangent, .place = place };
    return WG_OK;
}

/* Takes what was sent to the scan; of equal places the sum. */
static int parcels_take(wg__adjoint *a, uint32_t root)
{
    wg_tape *tape = a->tape;
    const wg__grad_space *space = tape->grad_space;
    a->sent = wg__arena_take(&tape->arena, (size_t)space->parcel_count * sizeof *a->sent);
    if (a->sent == NULL) return wg__tape_no_memory(tape);
    for (int64_t i = 0; i < space->parcel_count; i++) {
        const wg__parcel *parcel = &space->parcel[i];
        if (parcel->rule != root) continue;
        int64_t at = 0;
        while (at < a->sent_count && (a->sent[at].ruled != parcel->ruled ||
                                      a->sent[at].place != parcel->place))
            at++;
        if (at == a->sent_count) a->sent[a->sent_count++] = *parcel;
        else
            a->sent[at].cotangent = wg__emit2(&tape->builder, WG__OP_add, a->sent[at].cotangent,
                                              parcel->cotangent);
    }
    return tape->error.status;
}

static bool is_float(const wg_tape *tape, uint32_t node)
{
    return wg__dtype_is_float((wg_dtype)tape->record[node].dtype);
}

static bool is_carry(const wg__adjoint *a, const wg__parcel *sent)
{
    return sent->place < a->scan.carry_count;
}

/* ---- the joint body ---- */

bool wg__adjoint_owns(const wg__adjoint *a, uint32_t node)
{
    return wg__body_owns(a->tape, a->joint, node);
}

int64_t wg__adjoint_place(const wg__adjoint *a, uint32_t node)
{
    int32_t count;
    if (!wg__adjoint_owns(a, node) || a->tape->record[node].op != WG__OP_placeholder)
        return WG__NOT_GIVEN;
    return wg__tape_attribute(a->tape, node, &count)[1];
}

wg__dependence wg__adjoint_depends(const wg__adjoint *a, uint32_t node)
{
    return wg__adjoint_owns(a, node) ? (wg__dependence)a->dependence[node - a->first]
                                     : WG__OF_NOTHING;
}

/* Inputs of the scan, cotangents of all its carries, cotangents of the stacks that were sent any:
 * the types of the joint body's arguments. */
static wg__type *joint_types(const wg__adjoint *a, int64_t *count)
{
    wg_tape *tape = a->tape;
    *count = a->in_count + a->scan.carry_count + a->sent_count;
    wg__type *type = wg__arena_take(&tape->arena, (size_t)*count * sizeof *type);
    if (type == NULL) {
        wg__tape_no_memory(tape);
        return NULL;
    }
    const int64_t cotangents = a->in_count + a->scan.carry_count;
    for (int64_t i = 0; i < *count; i++) {
        const uint32_t of = i < a->in_count  ? a->in[i]
                          : i < cotangents   ? a->in[i - a->in_count]
                                             : a->sent[i - cotangents].cotangent;
        type[i] = wg__tape_type(tape, of);
        const bool is_x = i >= a->scan.carry_count && i < a->scan.carry_count + a->scan.x_count;
        const bool is_stack = i >= cotangents && !is_carry(a, &a->sent[i - cotangents]);
        if (is_x || is_stack) type[i].shape = wg__shape_without(&type[i].shape, 1);
    }
    return type;
}

/* A step of one of the scans, on the joint body's arguments: its results. */
static uint32_t *step_replay(const wg__adjoint *a, uint32_t scan)
{
    wg_tape *tape = a->tape;
    const wg__scan_view view = wg__scan_at(tape, scan);
    const wg__body body = *wg__body_at(tape, view.body);
    const int64_t given = view.carry_count + view.x_count;
    uint32_t *out = wg__arena_take(&tape->arena, (size_t)body.out_count * sizeof *out);
    const size_t captured = (size_t)body.captured_count;
    uint32_t *by = wg__arena_take(&tape->arena, captured * sizeof *by);
    if (out == NULL || by == NULL) {
        wg__tape_no_memory(tape);
        return NULL;
    }
    /* What an extension captured is among what the scan was given: the same argument. */
    const uint32_t *in = wg__body_at(tape, a->joint)->in;
    for (int64_t i = 0; i < body.captured_count; i++) {
        by[i] = view.in[given + i];
        for (int64_t j = given; j < a->in_count; j++)
            if (a->in[j] == view.in[given + i]) by[i] = in[j];
    }
    const wg__replay replay = { .body = view.body,
                                .in = in,
                                .rows = WG__NO_ROWS,
                                .captured_count = body.captured_count,
                                .captured = body.captured,
                                .stand_in = by };
    return wg__body_replay(tape, &replay, out) < 0 ? NULL : out;
}

/* Results of steps and their cotangents, for the sweep. */
typedef struct ends { int64_t count; wg_var *y, *cotangent; } ends;

static int ends_collect(wg__adjoint *a, ends *e)
{
    wg_tape *tape = a->tape;
    const int64_t cotangents = a->in_count + a->scan.carry_count;
    const uint32_t *in = wg__body_at(tape, a->joint)->in;
    for (int64_t i = 0; i < a->scan.carry_count; i++) {
        if (!is_float(tape, a->after[i])) continue;
        e->y[e->count] = wg__var_of(tape, a->after[i]);
        e->cotangent[e->count++] = wg__var_of(tape, in[a->in_count + i]);
    }
    uint32_t scan = WG__NONE;
    const uint32_t *out = NULL;
    for (int64_t i = 0; i < a->sent_count; i++) {
        if (is_carry(a, &a->sent[i])) continue;
        if (a->sent[i].ruled != scan) out = step_replay(a, a->sent[i].ruled);
        if (out == NULL) return tape->error.status;
        scan = a->sent[i].ruled;
        e->y[e->count] = wg__var_of(tape, out[a->sent[i].place]);
        const uint32_t cotangent = wg__body_at(tape, a->joint)->in[cotangents + i];
        e->cotangent[e->count++] = wg__var_of(tape, cotangent);
    }
    return tape->error.status;
}

/* The sweep of a step, by everything that a cotangent is wanted of. */
static int step_sweep(wg__adjoint *a)
{
    wg_tape *tape = a->tape;
    const size_t end_max = (size_t)(a->scan.carry_count + a->sent_count);
    const size_t inputs = (size_t)a->in_count;
    ends e = { .y = wg__arena_take(&tape->arena, end_max * sizeof *e.y),
               .cotangent = wg__arena_take(&tape->arena, end_max * sizeof *e.y) };
    wg_var *x = wg__arena_take(&tape->arena, inputs * sizeof *x);
    wg_var *gradient = wg__arena_take(&tape->arena, inputs * sizeof *gradient);
    int64_t *place = wg__arena_take(&tape->arena, inputs * sizeof *place);
    if (e.y == NULL || e.cotangent == NULL || x == NULL || gradient == NULL || place == NULL)
        return wg__tape_no_memory(tape);
    WG_TRY(ends_collect(a, &e));
    int64_t count = 0;
    for (int64_t i = 0; i < a->in_count; i++) {
        a->gradient[i] = WG__NONE;
        const bool is_wanted = a->needed[i] || i < a->scan.carry_count;
        if (!is_wanted || !is_float(tape, a->in[i])) continue;
        x[count] = wg__var_of(tape, wg__body_at(tape, a->joint)->in[i]);
        place[count++] = i;
    }
    WG_TRY(wg_vjps(e.count, e.y, e.cotangent, count, x, gradient));
    for (int64_t i = 0; i < count; i++) a->gradient[place[i]] = gradient[i].index;
    return WG_OK;
}

static int joint_fill(wg__adjoint *a, uint32_t root)
{
    wg_tape *tape = a->tape;
    wg__outer outer;
    int status = wg__sweep_enter(tape, true, &outer);
    if (status == WG_OK) {
        a->after = step_replay(a, root);
        a->result = a->after;
        status = a->after == NULL ? tape->error.status : step_sweep(a);
    }
    return wg__sweep_leave(tape, &outer, status);
}

static int joint_make(wg__adjoint *a, uint32_t root)
{
    wg_tape *tape = a->tape;
    int64_t count;
    const wg__type *type = joint_types(a, &count);
    a->gradient = wg__arena_take(&tape->arena, (size_t)a->in_count * sizeof *a->gradient);
    if (type == NULL || a->gradient == NULL) return wg__tape_no_memory(tape);
    a->joint = wg__body_open(tape, "scan", count, type, 0);
    if (a->joint == 0) return tape->error.status;
    const int status = joint_fill(a, root);
    wg__body_close(tape, a->joint);
    return status;
}

/* ---- all of it ---- */

static int tables_make(wg__adjoint *a)
{
    wg_tape *tape = a->tape;
    const wg__body *joint = wg__body_at(tape, a->joint);
    a->first = joint->first;
    a->node_count = joint->end - joint->first;
    const size_t count = (size_t)a->node_count;
    a->dependence = wg__arena_take(&tape->arena, count);
    a->use = wg__arena_take(&tape->arena, count);
    a->stack = wg__arena_take(&tape->arena, count * sizeof *a->stack);
    a->outside = wg__arena_take(&tape->arena, count * sizeof *a->outside);
    if (a->dependence == NULL || a->use == NULL || a->stack == NULL || a->outside == NULL)
        return wg__tape_no_memory(tape);
    memset(a->use, 0, count);
    memset(a->stack, 0xff, count * sizeof *a->stack);
    memset(a->outside, 0xff, count * sizeof *a->outside);
    for (int64_t i = 0; i < joint->in_count; i++) {
        const uint32_t stack = wg__adjoint_stack(a, i);
        a->stack[joint->in[i] - a->first] = stack;
    }
    wg__adjoint_find(a);
    return WG_OK;
}

static int adjoint_open(wg__adjoint *a, const wg__node_view *node)
{
    wg_tape *tape = (wg_tape *)node->builder;
    *a = (wg__adjoint){ .tape = tape, .scan = wg__scan_at(tape, node->r), .needed = node->needed };
    a->in_count = a->scan.carry_count + a->scan.x_count + a->scan.captured_count;
    uint32_t *in = wg__arena_take(&tape->arena, (size_t)a->in_count * sizeof *in);
    if (in == NULL) return wg__tape_no_memory(tape);
    memcpy(in, a->scan.in, (size_t)a->in_count * sizeof *in);
    a->in = in;
    WG_TRY(parcels_take(a, node->r));
    WG_TRY(joint_make(a, node->r));
    return tables_make(a);
}

int wg__scan_vjp(const wg__node_view *node, uint32_t *gradient)
{
    wg__adjoint a;
    for (int32_t i = 0; i < node->in_count; i++) gradient[i] = WG__NONE;
    WG_TRY(adjoint_open(&a, node));
    wg__totals_mark(&a);
    wg__reverse_mark(&a);
    WG_TRY(wg__kept_record(&a));
    WG_TRY(wg__reverse_record(&a, gradient));
    WG_TRY(wg__outside_record(&a));
    return wg__totals_record(&a, gradient);
}

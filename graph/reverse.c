/* The parts of a step and its sweep, each replayed from the joint body: into the forward scan what
 * is kept, into the reverse scan what depends on cotangents, and outside what is the same at all
 * steps. */
#include "graph/adjoint.h"

/* ---- forward and reverse parts ---- */

static wg__dependence argument_depends(const wg__adjoint *a, int64_t place)
{
    const int64_t given = a->scan.carry_count + a->scan.x_count;
    const wg__body *body = wg__body_at(a->tape, a->scan.body);
    if (place >= a->in_count) return WG__OF_COTANGENT;
    if (place >= given) return WG__OF_NOTHING;
    return body->in[place] == body->index ? WG__OF_INDEX : WG__OF_STEP;
}

void wg__adjoint_find(wg__adjoint *a)
{
    for (int64_t i = 0; i < a->node_count; i++) {
        const uint32_t node = a->first + (uint32_t)i;
        a->dependence[i] = WG__OF_NOTHING;
        if (!wg__adjoint_owns(a, node)) continue;
        const int64_t place = wg__adjoint_place(a, node);
        wg__dependence most = place >= 0 ? argument_depends(a, place) : WG__OF_NOTHING;
        int32_t count;
        const uint32_t *in = wg__tape_inputs(a->tape, node, &count);
        for (int32_t j = 0; j < count; j++) {
            const wg__dependence of = wg__adjoint_depends(a, in[j]);
            if (of > most) most = of;
        }
        if (most == WG__OF_STEP && a->tape->record[node].instance > 0) most = WG__OF_COTANGENT;
        a->dependence[i] = (uint8_t)most;
    }
}

static bool is_only_moved(const wg_tape *tape, uint32_t node)
{
    const uint16_t op = tape->record[node].op;
    return op == WG__OP_permute || op == WG__OP_reshape || op == WG__OP_broadcast;
}

/* The reverse part reads the node: it computes it, is given it, or has it kept. */
static void reverse_read(wg__adjoint *a, uint32_t node)
{
    if (!wg__adjoint_owns(a, node)) return;
    const int64_t place = wg__adjoint_place(a, node);
    uint8_t *use = &a->use[node - a->first];
    const bool is_kept = wg__adjoint_depends(a, node) == WG__OF_STEP &&
                         !is_only_moved(a->tape, node) &&
                         (place == WG__NOT_GIVEN || place < a->scan.carry_count);
    *use |= is_kept ? WG__IS_KEPT : WG__IN_REVERSE;
}

void wg__reverse_mark(wg__adjoint *a)
{
    const int64_t given = a->scan.carry_count + a->scan.x_count;
    for (int64_t i = 0; i < given; i++)
        if (a->gradient[i] != WG__NONE) reverse_read(a, a->gradient[i]);
    for (int64_t i = a->node_count - 1; i >= 0; i--) {
        const uint32_t node = a->first + (uint32_t)i;
        if (a->use[i] & WG__IS_RESULT) reverse_read(a, node);
        if ((a->use[i] & WG__IN_REVERSE) == 0) continue;
        int32_t count;
        const uint32_t *in = wg__tape_inputs(a->tape, node, &count);
        for (int32_t j = 0; j < count; j++) reverse_read(a, in[j]);
    }
}

/* ---- bodies made of parts of the joint one ---- */

/* A body that takes some values of the joint body and gives others. */
typedef struct part {
    int64_t in_count, out_count;
    uint32_t *in, *out;        /* values of the joint body */
    uint32_t *outer;           /* what the scan is given for in, outside */
} part;

static int part_open(const wg__adjoint *a, part *p)
{
    const size_t count = (size_t)(a->node_count + a->scan.carry_count + a->scan.x_count) * 2;
    p->in = wg__arena_take(&a->tape->arena, count * sizeof *p->in);
    p->out = wg__arena_take(&a->tape->arena, count * sizeof *p->out);
    p->outer = wg__arena_take(&a->tape->arena, count * sizeof *p->outer);
    if (p->in == NULL || p->out == NULL || p->outer == NULL) return wg__tape_no_memory(a->tape);
    return WG_OK;
}

static void part_take(part *p, uint32_t node, uint32_t outer)
{
    p->outer[p->in_count] = outer;
    p->in[p->in_count++] = node;
}

/* Records a part inside a body that is open, or outside: by == NULL. */
static int part_replay(const wg__adjoint *a, const part *p, const uint32_t *by, uint32_t *out)
{
    wg_tape *tape = a->tape;
    const int64_t first = a->scan.carry_count + a->scan.x_count;
    const int64_t captured = a->in_count - first;
    const size_t count = (size_t)(p->in_count + captured);
    uint32_t *given = wg__arena_take(&tape->arena, 2 * count * sizeof *given);
    if (given == NULL) return wg__tape_no_memory(tape);
    const uint32_t *in = wg__body_at(tape, a->joint)->in;
    for (int64_t i = 0; i < captured; i++) {
        given[i] = in[first + i];
        given[(int64_t)count + i] = a->in[first + i];
    }
    for (int64_t i = 0; i < p->in_count; i++) {
        given[captured + i] = p->in[i];
        given[(int64_t)count + captured + i] = by[i];
    }
    const wg__replay replay = { .body = a->joint,
                                .rows = WG__NO_ROWS,
                                .given_count = (int64_t)count,
                                .given = given,
                                .given_by = given + count,
                                .out_count = p->out_count,
                                .out = p->out };
    return wg__body_replay(tape, &replay, out);
}

/* The body of a part; 0 after an error. */
static uint32_t part_body(const wg__adjoint *a, const part *p)
{
    wg_tape *tape = a->tape;
    wg__type *type = wg__arena_take(&tape->arena, (size_t)p->in_count * sizeof *type);
    if (type == NULL) {
        wg__tape_no_memory(tape);
        return 0;
    }
    for (int64_t i = 0; i < p->in_count; i++) type[i] = wg__tape_type(tape, p->in[i]);
    const uint32_t id = wg__body_open(tape, "scan", p->in_count, type, p->out_count);
    if (id == 0) return 0;
    wg__body *body = &tape->body[id - 1];
    for (int64_t i = 0; i < p->in_count; i++)
        if (wg__adjoint_depends(a, p->in[i]) == WG__OF_INDEX) body->index = body->in[i];
    int status = part_replay(a, p, body->in, body->out);
    wg__body_close(tape, id);
    if (status >= 0) status = wg__body_capture(tape, id);
    return status < 0 ? 0 : id;
}

static uint32_t part_scan(const wg__adjoint *a, const part *p, int64_t carry_count,
                          bool is_reverse, uint32_t extended)
{
    const wg__place *inherited = a->tape->inherited;
    a->tape->inherited = NULL;
    const uint32_t body = part_body(a, p);
    a->tape->inherited = inherited;
    if (body == 0) return WG__NONE;
    return wg__scan_record(a->tape, &(wg__scan){ .body = body,
                                                 .length = a->scan.length,
                                                 .is_reverse = is_reverse,
                                                 .carry_count = carry_count,
                                                 .x_count = p->in_count - carry_count,
                                                 .in = p->outer,
                                                 .extended = extended });
}

/* ---- the forward scan: what is kept ---- */

/* The stack of the scan itself that a value of the joint body already is; WG__NOT_GIVEN: none. */
static int64_t result_of_scan(const wg__adjoint *a, uint32_t node)
{
    for (int64_t i = 0; i < a->scan.y_count; i++)
        if (a->result[a->scan.carry_count + i] == node) return a->scan.carry_count + i;
    return WG__NOT_GIVEN;
}

/* Stacks what is kept: stack[] of it is known afterwards. */
int wg__kept_record(wg__adjoint *a)
{
    wg_tape *tape = a->tape;
    part p = { 0 };
    WG_TRY(part_open(a, &p));
    const uint32_t *in = wg__body_at(tape, a->joint)->in;
    const int64_t carries = a->scan.carry_count;
    for (int64_t i = 0; i < carries + a->scan.x_count; i++) part_take(&p, in[i], a->in[i]);
    for (int64_t i = 0; i < carries; i++) p.out[p.out_count++] = a->after[i];
    for (int64_t i = 0; i < a->node_count; i++) {
        if ((a->use[i] & WG__IS_KEPT) == 0) continue;
        const int64_t known = result_of_scan(a, a->first + (uint32_t)i);
        if (known >= 0) a->stack[i] = wg__pick_record(tape, a->scan.root, known);
        else p.out[p.out_count++] = a->first + (uint32_t)i;
    }
    if (p.out_count == carries) return tape->error.status;
    const uint32_t scan = part_scan(a, &p, carries, a->scan.is_reverse, a->scan.root);
    if (scan == WG__NONE) return tape->error.status;
    for (int64_t k = carries; k < p.out_count; k++)
        a->stack[p.out[k] - a->first] = wg__pick_record(tape, scan, k);
    return tape->error.status;
}

/* ---- the reverse scan ---- */

/* What was sent to a carry's last value, or zeros. */
static uint32_t cotangent_of_carry(const wg__adjoint *a, int64_t i)
{
    wg__builder *b = &a->tape->builder;
    uint32_t sum = WG__NONE;
    for (int64_t j = 0; j < a->sent_count; j++) {
        if (a->sent[j].place != i) continue;
        sum = sum == WG__NONE ? a->sent[j].cotangent
                              : wg__emit2(b, WG__OP_add, sum, a->sent[j].cotangent);
    }
    return sum != WG__NONE ? sum : wg__emit_full_like(b, a->in[i], 0);
}

/* The argument of the joint body's stack at this place, outside; WG__NONE: it has none. */
uint32_t wg__adjoint_stack(const wg__adjoint *a, int64_t place)
{
    const int64_t cotangents = a->in_count + a->scan.carry_count;
    if (place >= cotangents) return a->sent[place - cotangents].cotangent;
    const bool is_x = place >= a->scan.carry_count &&
                      place < a->scan.carry_count + a->scan.x_count;
    return is_x ? a->in[place] : WG__NONE;
}

/* Carries, then all stacks that the reverse part reads. */
static int64_t reverse_takes(const wg__adjoint *a, part *p)
{
    const wg__body joint = *wg__body_at(a->tape, a->joint);
    int64_t carries = 0;
    for (int64_t i = 0; i < a->scan.carry_count; i++) {
        if (a->gradient[i] == WG__NONE) continue;
        part_take(p, joint.in[a->in_count + i], cotangent_of_carry(a, i));
        p->out[carries++] = a->gradient[i];
    }
    p->out_count = carries;
    for (int64_t i = 0; i < joint.in_count; i++) {
        const bool is_read = (a->use[joint.in[i] - a->first] & WG__IN_REVERSE) != 0;
        const uint32_t stack = wg__adjoint_stack(a, i);
        if (is_read && stack != WG__NONE) part_take(p, joint.in[i], stack);
    }
    for (int64_t i = 0; i < a->node_count; i++)
        if (a->use[i] & WG__IS_KEPT) part_take(p, a->first + (uint32_t)i, a->stack[i]);
    return carries;
}

/* gradient of carries and xs, and the stacks that totals need. */
int wg__reverse_record(wg__adjoint *a, uint32_t *gradient)
{
    wg_tape *tape = a->tape;
    part p = { 0 };
    WG_TRY(part_open(a, &p));
    const int64_t carries = reverse_takes(a, &p);
    const int64_t given = a->scan.carry_count + a->scan.x_count;
    for (int64_t i = a->scan.carry_count; i < given; i++)
        if (a->gradient[i] != WG__NONE) p.out[p.out_count++] = a->gradient[i];
    const int64_t results = p.out_count;
    for (int64_t i = 0; i < a->node_count; i++)
        if (a->use[i] & WG__IS_RESULT) p.out[p.out_count++] = a->first + (uint32_t)i;
    if (p.out_count == 0) return WG_OK;
    const uint32_t scan = part_scan(a, &p, carries, !a->scan.is_reverse, WG__NONE);
    if (scan == WG__NONE) return tape->error.status;
    int64_t k = 0;
    for (int64_t i = 0; i < given; i++)
        if (a->gradient[i] != WG__NONE) gradient[i] = wg__pick_record(tape, scan, k++);
    for (k = results; k < p.out_count; k++)
        a->stack[p.out[k] - a->first] = wg__pick_record(tape, scan, k);
    return tape->error.status;
}

/* ---- outside ---- */

/* Values that are the same at all steps, recorded once. */
int wg__outside_record(wg__adjoint *a)
{
    part p = { 0 };
    WG_TRY(part_open(a, &p));
    for (int64_t i = 0; i < a->node_count; i++)
        if (a->use[i] & WG__IS_OUTSIDE) p.out[p.out_count++] = a->first + (uint32_t)i;
    if (p.out_count == 0) return WG_OK;
    WG_TRY(part_replay(a, &p, NULL, p.outer));
    for (int64_t i = 0; i < p.out_count; i++) a->outside[p.out[i] - a->first] = p.outer[i];
    return WG_OK;
}

/* Branch masks. A select sends its cotangent one way or the other; where a branch was not taken the
 * cotangent is exactly 0, but 0 times an infinite derivative would be NaN. So a cotangent carries
 * where it is live, and elementwise ops upstream give 0 elsewhere, whatever their rule gives.
 *
 * A mask is an expression that costs nothing until such an op needs it as a value: a ReLU between
 * two products records none. Expressions only grow, and operands precede what is made of them. */
#include "graph/sweep.h"

static uint32_t mask_add(wg_tape *tape, wg__mask mask)
{
    wg__grad_space *space = tape->grad_space;
    if (wg__grow(&tape->allocator, (void **)&space->mask, &space->mask_capacity,
                 space->mask_count + 1, sizeof *space->mask) < 0) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    mask.value = WG__NONE;
    space->mask[space->mask_count++] = mask;
    return (uint32_t)space->mask_count;
}

static wg__mask *mask_at(const wg_tape *tape, uint32_t id)
{
    WG_ASSERT(id > 0 && id <= tape->grad_space->mask_count);
    return &tape->grad_space->mask[id - 1];
}

static bool is_literal(const wg__mask *mask)
{
    return mask->kind == WG__MASK_IS || mask->kind == WG__MASK_NOT;
}

uint32_t wg__mask_branch(wg_tape *tape, uint32_t condition, bool is_taken, uint32_t mask)
{
    const uint32_t literal = mask_add(tape, (wg__mask){
        .kind = is_taken ? WG__MASK_IS : WG__MASK_NOT, .node = condition });
    if (literal == WG__NONE || mask == 0) return literal;
    return mask_add(tape, (wg__mask){ .kind = WG__MASK_AND, .x = literal, .y = mask });
}

/* One condition and its negation: together they are everywhere. */
static bool are_opposite(const wg_tape *tape, uint32_t x, uint32_t y)
{
    const wg__mask *a = mask_at(tape, x), *b = mask_at(tape, y);
    return is_literal(a) && is_literal(b) && a->node == b->node && a->kind != b->kind;
}

bool wg__mask_is_same(const wg_tape *tape, uint32_t x, uint32_t y)
{
    if (x == y || x == 0 || y == 0) return x == y;
    const wg__mask *a = mask_at(tape, x), *b = mask_at(tape, y);
    return is_literal(a) && a->kind == b->kind && a->node == b->node;
}

/* ---- closures ----
 *
 * A mean that is taken away from its elements sends back what all of them sent to it: a mask joined
 * over some axes, and repeated over the same. It holds all that it was joined from, and joined once
 * more it is what it was: so a norm's masks stay few. */

typedef struct closure { uint32_t of, joined, axes; } closure;

static wg__op_id op_moved(const wg_tape *tape, uint32_t id)
{
    const wg__mask *mask = mask_at(tape, id);
    return mask->kind == WG__MASK_MOVED ? (wg__op_id)tape->record[mask->node].op : WG__OP_NONE;
}

static uint32_t input_of(const wg_tape *tape, uint32_t node)
{
    int32_t count;
    return wg__tape_inputs(tape, node, &count)[0];
}

/* Axes of a broadcast's result over which its input is repeated. */
static uint32_t repeated_axes(const wg__shape *from, const wg__shape *to)
{
    uint32_t bits = 0;
    for (int32_t i = 0; i < to->rank; i++) {
        const int32_t own = i - (to->rank - from->rank);
        if (own < 0 || from->dim[own] != to->dim[i]) bits |= 1u << i;
    }
    return bits;
}

/* The axes over which a mask was joined at a broadcast, or will be repeated at a reduction. */
static uint32_t axes_moved(const wg_tape *tape, uint32_t node)
{
    const uint32_t in = input_of(tape, node);
    const wg__op_id op = (wg__op_id)tape->record[node].op;
    int32_t count;
    if (op == WG__OP_broadcast)
        return repeated_axes(wg__tape_shape(tape, in), wg__tape_shape(tape, node));
    uint32_t axes = wg__reduced_axes(op, wg__tape_attribute(tape, node, &count));
    const wg__shape *shape = wg__tape_shape(tape, in);
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] == 1) axes &= ~(1u << i);
    return axes;
}

/* The mask is a closure: repeated by a reduction, joined by a broadcast over the same axes of the
 * same shape, and reshaped at most in between. */
static bool closure_of(const wg_tape *tape, uint32_t id, closure *out)
{
    const wg__op_id op = op_moved(tape, id);
    if (op == WG__OP_NONE || wg__op_table[op].class != WG__CLASS_REDUCE) return false;
    uint32_t joined = mask_at(tape, id)->x;
    while (op_moved(tape, joined) == WG__OP_reshape) joined = mask_at(tape, joined)->x;
    if (op_moved(tape, joined) != WG__OP_broadcast) return false;
    const uint32_t reduction = mask_at(tape, id)->node, broadcast = mask_at(tape, joined)->node;
    const uint32_t axes = axes_moved(tape, broadcast);
    if (tape->record[input_of(tape, reduction)].shape != tape->record[broadcast].shape ||
        axes_moved(tape, reduction) != axes)
        return false;
    *out = (closure){ .of = mask_at(tape, joined)->x, .joined = joined, .axes = axes };
    return true;
}

/* y is a closure that holds x, or another closure of the same. */
static bool is_within(const wg_tape *tape, uint32_t x, uint32_t y)
{
    closure a, b;
    if (!closure_of(tape, y, &b)) return false;
    if (wg__mask_is_same(tape, x, b.of)) return true;
    return closure_of(tape, x, &a) && a.joined == b.joined && a.axes == b.axes;
}

uint32_t wg__mask_moved(wg_tape *tape, uint32_t node, uint32_t input, uint32_t mask)
{
    if (mask == 0) return 0;
    closure c;
    if (tape->record[node].op == WG__OP_broadcast && closure_of(tape, mask, &c)) {
        const uint32_t from = input_of(tape, node);
        const uint32_t before = input_of(tape, mask_at(tape, c.joined)->node);
        if (axes_moved(tape, node) == c.axes &&
            tape->record[from].shape == tape->record[before].shape)
            return c.joined;
    }
    return mask_add(tape, (wg__mask){
        .kind = WG__MASK_MOVED, .node = node, .x = mask, .y = input });
}

uint32_t wg__mask_or(wg_tape *tape, uint32_t x, uint32_t y)
{
    if (x == 0 || y == 0) return 0;
    if (wg__mask_is_same(tape, x, y) || is_within(tape, x, y)) return y;
    if (is_within(tape, y, x)) return x;
    if (are_opposite(tape, x, y)) return 0;
    const wg__mask *a = mask_at(tape, x), *b = mask_at(tape, y);
    const bool are_halves = a->kind == WG__MASK_AND && b->kind == WG__MASK_AND && a->y == b->y &&
                            are_opposite(tape, a->x, b->x);
    if (are_halves) return a->y;
    return mask_add(tape, (wg__mask){ .kind = WG__MASK_OR, .x = x, .y = y });
}

/* ---- recording ---- */

/* The record of a mask that has one. */
static uint32_t value_of(wg_tape *tape, uint32_t id)
{
    const wg__mask *mask = mask_at(tape, id);
    return mask->is_negated ? wg__emit1(&tape->builder, WG__OP_not, mask->value) : mask->value;
}

/* Of two masks that are negated the negation is recorded: one record in place of three. */
static uint32_t record_pair(wg_tape *tape, wg__mask *mask)
{
    const wg__mask *x = mask_at(tape, mask->x), *y = mask_at(tape, mask->y);
    const bool is_and = mask->kind == WG__MASK_AND;
    mask->is_negated = x->is_negated && y->is_negated;
    if (mask->is_negated)
        return wg__emit2(&tape->builder, is_and ? WG__OP_or : WG__OP_and, x->value, y->value);
    const uint32_t left = value_of(tape, mask->x);
    return wg__emit2(&tape->builder, is_and ? WG__OP_and : WG__OP_or, left,
                     value_of(tape, mask->y));
}

/* Of a broadcast: an element of the input is live if any of its repetitions is; it is not if none
 * of them is. */
static uint32_t record_joined(wg_tape *tape, const wg__mask *mask, const wg__shape *from)
{
    wg__builder *b = &tape->builder;
    const uint32_t bits = axes_moved(tape, mask->node);
    const wg__op_id op = mask->is_negated ? WG__OP_min : WG__OP_max;
    return wg__emit_reshape(b, wg__emit_quantify(b, op, mask_at(tape, mask->x)->value, bits), from);
}

/* Of a concatenation: the part that is input `input`. */
static uint32_t record_part(wg_tape *tape, uint32_t node, uint32_t input, uint32_t value)
{
    int32_t count;
    const uint32_t *in = wg__tape_inputs(tape, node, &count);
    const int axis = (int)wg__tape_attribute(tape, node, &count)[0];
    int64_t start = 0;
    for (uint32_t i = 0; i < input; i++) start += wg__tape_shape(tape, in[i])->dim[axis];
    const int64_t extent = wg__tape_shape(tape, in[input])->dim[axis];
    return wg__emit_slice(&tape->builder, value, axis, start, start + extent, 1);
}

/* The mask over a node's result, moved to an input as the cotangent is: by the node's own rule, but
 * that what is summed is joined by `or`, and what was reduced in any way is spread as a sum's
 * is. A negation moves alike, but where zeros come in. */
static uint32_t record_moved(wg_tape *tape, wg__mask *mask)
{
    const wg__op_id op = (wg__op_id)tape->record[mask->node].op;
    mask->is_negated = mask_at(tape, mask->x)->is_negated && op != WG__OP_slice;
    const uint32_t value =
        op == WG__OP_slice ? value_of(tape, mask->x) : mask_at(tape, mask->x)->value;
    if (op == WG__OP_concat) return record_part(tape, mask->node, mask->y, value);
    int32_t in_count, attribute_count;
    const uint32_t in = wg__tape_inputs(tape, mask->node, &in_count)[0];
    WG_ASSERT(in_count == 1 && mask->y == 0);
    const wg__shape from = *wg__tape_shape(tape, in);
    if (op == WG__OP_broadcast) return record_joined(tape, mask, &from);

    const bool is_needed = true;
    uint32_t moved = WG__NONE;
    const bool is_reduced = wg__op_table[op].class == WG__CLASS_REDUCE;
    const wg__node_view view = { .builder = &tape->builder,
                                 .op = is_reduced ? WG__OP_sum : op,
                                 .in_count = 1,
                                 .in = &in,
                                 .needed = &is_needed,
                                 .attribute = wg__tape_attribute(tape, mask->node,
                                                                 &attribute_count),
                                 .attribute_count = attribute_count,
                                 .r = mask->node,
                                 .g = value };
    wg__op_table[view.op].vjp(&view, &moved);
    return moved;
}

/* Operands are recorded already. */
static int record_one(wg_tape *tape, uint32_t id)
{
    wg__mask mask = *mask_at(tape, id);
    switch (mask.kind) {
    case WG__MASK_IS:
    case WG__MASK_NOT:
        mask.value = mask.node;
        mask.is_negated = mask.kind == WG__MASK_NOT;
        break;
    case WG__MASK_AND:
    case WG__MASK_OR: mask.value = record_pair(tape, &mask); break;
    case WG__MASK_MOVED: mask.value = record_moved(tape, &mask); break;
    }
    *mask_at(tape, id) = mask;
    return tape->error.status;
}

/* An operand that is not recorded yet; 0: none. */
static uint32_t operand_missing(const wg_tape *tape, uint32_t id)
{
    const wg__mask *mask = mask_at(tape, id);
    if (is_literal(mask)) return 0;
    if (mask_at(tape, mask->x)->value == WG__NONE) return mask->x;
    const bool has_y = mask->kind == WG__MASK_AND || mask->kind == WG__MASK_OR;
    return has_y && mask_at(tape, mask->y)->value == WG__NONE ? mask->y : 0;
}

/* Records a mask, and before it all that it is made of. */
static int mask_record(wg_tape *tape, uint32_t mask)
{
    wg__grad_space *space = tape->grad_space;
    int64_t depth = 0;
    WG_TRY(tape->error.status);
    /* Ids on the stack fall from bottom to top, so it is never deeper than there are masks. */
    if (wg__grow(&tape->allocator, (void **)&space->stack, &space->stack_capacity,
                 space->mask_count, sizeof *space->stack) < 0)
        return wg__tape_no_memory(tape);
    space->stack[depth++] = mask;
    while (depth > 0) {
        const uint32_t id = space->stack[depth - 1];
        const bool is_known = mask_at(tape, id)->value != WG__NONE;
        const uint32_t missing = is_known ? 0 : operand_missing(tape, id);
        if (missing > 0) {
            space->stack[depth++] = missing;
            continue;
        }
        if (!is_known) WG_TRY(record_one(tape, id));
        depth--;
    }
    return WG_OK;
}

uint32_t wg__mask_record(wg_tape *tape, uint32_t mask)
{
    return mask_record(tape, mask) < 0 ? WG__NONE : value_of(tape, mask);
}

uint32_t wg__mask_select(wg_tape *tape, uint32_t mask, uint32_t x, uint32_t y)
{
    if (mask_record(tape, mask) < 0) return WG__NONE;
    const wg__mask *m = mask_at(tape, mask);
    return wg__emit_select(&tape->builder, m->value, m->is_negated ? y : x,
                           m->is_negated ? x : y);
}

uint32_t wg__mask_apply(wg_tape *tape, uint32_t mask, uint32_t gradient)
{
    return wg__mask_select(tape, mask, gradient, wg__emit_full_like(&tape->builder, gradient, 0));
}

/* Branch masks. A select sends its cotangent one way or the other; where a branch was not taken the
 * cotangent is exactly 0, but 0 times an infinite derivative would be NaN. So a cotangent carries
 * where it is live, and elementwise ops upstream give 0 elsewhere, whatever their rule gives.
 *
 * A mask is an expression that costs nothing until such an op needs it as a value: a ReLU between
 * two products records none. Expressions only grow, and operands precede what is made of them. */
#include "graph/tape.h"

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

uint32_t wg__mask_moved(wg_tape *tape, uint32_t node, uint32_t input, uint32_t mask)
{
    if (mask == 0) return 0;
    return mask_add(tape, (wg__mask){
        .kind = WG__MASK_MOVED, .node = node, .x = mask, .y = input });
}

/* One condition and its negation: together they are everywhere. */
static bool are_opposite(const wg_tape *tape, uint32_t x, uint32_t y)
{
    const wg__mask *a = mask_at(tape, x), *b = mask_at(tape, y);
    return is_literal(a) && is_literal(b) && a->node == b->node && a->kind != b->kind;
}

static bool are_same(const wg_tape *tape, uint32_t x, uint32_t y)
{
    if (x == y) return true;
    const wg__mask *a = mask_at(tape, x), *b = mask_at(tape, y);
    return is_literal(a) && a->kind == b->kind && a->node == b->node;
}

uint32_t wg__mask_or(wg_tape *tape, uint32_t x, uint32_t y)
{
    if (x == 0 || y == 0) return 0;
    if (are_same(tape, x, y)) return x;
    if (are_opposite(tape, x, y)) return 0;
    const wg__mask *a = mask_at(tape, x), *b = mask_at(tape, y);
    const bool are_halves = a->kind == WG__MASK_AND && b->kind == WG__MASK_AND && a->y == b->y &&
                            are_opposite(tape, a->x, b->x);
    if (are_halves) return a->y;
    return mask_add(tape, (wg__mask){ .kind = WG__MASK_OR, .x = x, .y = y });
}

/* ---- recording ---- */

/* Of a broadcast: an element of the input is live if any of its repetitions is. */
static uint32_t record_unrepeated(wg_tape *tape, const wg__shape *from, uint32_t value)
{
    const wg__shape to = *wg__tape_shape(tape, value);
    uint32_t bits = 0;
    for (int32_t i = 0; i < to.rank; i++) {
        const int32_t own = i - (to.rank - from->rank);
        if (own < 0 || from->dim[own] != to.dim[i]) bits |= 1u << i;
    }
    wg__builder *b = &tape->builder;
    return wg__emit_reshape(b, wg__emit_quantify(b, WG__OP_max, value, bits), from);
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
 * is. */
static uint32_t record_moved(wg_tape *tape, const wg__mask *mask, uint32_t value)
{
    const wg__op_id op = (wg__op_id)tape->record[mask->node].op;
    if (op == WG__OP_concat) return record_part(tape, mask->node, mask->y, value);
    int32_t in_count, attribute_count;
    const uint32_t in = wg__tape_inputs(tape, mask->node, &in_count)[0];
    WG_ASSERT(in_count == 1 && mask->y == 0);
    const wg__shape from = *wg__tape_shape(tape, in);
    if (op == WG__OP_broadcast) return record_unrepeated(tape, &from, value);

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
static uint32_t record_one(wg_tape *tape, uint32_t id)
{
    wg__builder *b = &tape->builder;
    const wg__mask mask = *mask_at(tape, id);
    switch (mask.kind) {
    case WG__MASK_IS: return mask.node;
    case WG__MASK_NOT: return wg__emit1(b, WG__OP_not, mask.node);
    case WG__MASK_AND:
    case WG__MASK_OR:
        return wg__emit2(b, mask.kind == WG__MASK_AND ? WG__OP_and : WG__OP_or,
                         mask_at(tape, mask.x)->value, mask_at(tape, mask.y)->value);
    default: return record_moved(tape, &mask, mask_at(tape, mask.x)->value);
    }
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

uint32_t wg__mask_record(wg_tape *tape, uint32_t mask)
{
    wg__grad_space *space = tape->grad_space;
    int64_t depth = 0;
    /* Ids on the stack fall from bottom to top, so it is never deeper than there are masks. */
    if (wg__grow(&tape->allocator, (void **)&space->stack, &space->stack_capacity,
                 space->mask_count, sizeof *space->stack) < 0) {
        wg__tape_no_memory(tape);
        return WG__NONE;
    }
    space->stack[depth++] = mask;
    while (depth > 0) {
        const uint32_t id = space->stack[depth - 1];
        const bool is_known = mask_at(tape, id)->value != WG__NONE;
        const uint32_t missing = is_known ? 0 : operand_missing(tape, id);
        if (missing > 0) {
            space->stack[depth++] = missing;
            continue;
        }
        if (!is_known) {
            const uint32_t value = record_one(tape, id);
            if (value == WG__NONE) return WG__NONE;
            mask_at(tape, id)->value = value;
        }
        depth--;
    }
    return mask_at(tape, mask)->value;
}

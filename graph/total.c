/* Sums over all steps, of what a step adds to the cotangent of a value from outside.
 *
 * A sum goes through whatever is linear (sums, movements, products with what is the same at all
 * steps) down to products of two values that differ from step to step: their sum over the steps is
 * one product, whose inner axis has the steps beside its own entries. So a weight's cotangent is
 * one contraction over steps and rows, and only its two factors are stacked. */
#include "graph/adjoint.h"

typedef enum kind {
    IS_ZERO,
    IS_LEAF,                   /* stacked itself, and summed */
    IS_THROUGH,                /* the same op on the sums */
    IS_SCALED_LEFT,            /* the right, the left input is the same at all steps: */
    IS_SCALED_RIGHT,           /* the same op on the sum of the other */
    IS_SUM,                    /* one sum more */
    IS_PRODUCT,
    IS_SCATTER
} kind;

static bool is_constant_zero(const wg_tape *tape, uint32_t node)
{
    int32_t count;
    while (tape->record[node].op == WG__OP_broadcast || tape->record[node].op == WG__OP_reshape)
        node = wg__tape_inputs(tape, node, &count)[0];
    if (tape->record[node].op != WG__OP_constant) return false;
    const wg__constant *constant =
        &tape->constant[wg__tape_attribute(tape, node, &count)[0]];
    for (size_t i = 0; i < constant->bytes; i++)
        if (((const unsigned char *)constant->data)[i] != 0) return false;
    return true;
}

static bool is_same(const wg__adjoint *a, uint32_t node)
{
    return wg__adjoint_depends(a, node) == WG__OF_NOTHING;
}

static bool pads_zeros(const wg_tape *tape, uint32_t node)
{
    int32_t count;
    return wg__tape_attribute(tape, node, &count)[4] == 0;   /* the bits of the value */
}

static kind kind_of_pair(const wg__adjoint *a, const uint32_t *in, kind otherwise)
{
    if (is_same(a, in[1])) return IS_SCALED_LEFT;
    return is_same(a, in[0]) ? IS_SCALED_RIGHT : otherwise;
}

static kind kind_of(const wg__adjoint *a, uint32_t node)
{
    const wg_tape *tape = a->tape;
    int32_t count;
    const uint32_t *in = wg__tape_inputs(tape, node, &count);
    if (is_constant_zero(tape, node)) return IS_ZERO;
    if (is_same(a, node)) return IS_LEAF;
    switch (tape->record[node].op) {
    case WG__OP_add:
    case WG__OP_sub:
    case WG__OP_neg:
    case WG__OP_reshape:
    case WG__OP_permute:
    case WG__OP_broadcast:
    case WG__OP_slice:
    case WG__OP_concat: return IS_THROUGH;
    case WG__OP_cast:
        return wg__dtype_is_float((wg_dtype)tape->record[in[0]].dtype) ? IS_THROUGH : IS_LEAF;
    case WG__OP_pad: return pads_zeros(tape, node) ? IS_THROUGH : IS_LEAF;
    case WG__OP_sum: return IS_SUM;
    case WG__OP_mul: return kind_of_pair(a, in, IS_LEAF);
    case WG__OP_div: return is_same(a, in[1]) ? IS_SCALED_LEFT : IS_LEAF;
    case WG__OP_matmul: return kind_of_pair(a, in, IS_PRODUCT);
    case WG__OP_scatter_add: return IS_SCATTER;
    default: return IS_LEAF;
    }
}

/* ---- what is needed ---- */

static void use_add(const wg__adjoint *a, uint32_t node, uint8_t use)
{
    if (wg__adjoint_owns(a, node)) a->use[node - a->first] |= use;
}

static void total_mark(const wg__adjoint *a, uint32_t node)
{
    int32_t count;
    const uint32_t *in = wg__tape_inputs(a->tape, node, &count);
    switch (kind_of(a, node)) {
    case IS_ZERO: return;
    case IS_LEAF: use_add(a, node, WG__IS_STACKED); return;
    case IS_THROUGH:
        for (int32_t i = 0; i < count; i++) use_add(a, in[i], WG__IN_TOTAL);
        return;
    case IS_SCALED_LEFT:
    case IS_SCALED_RIGHT: {
        const bool is_left = kind_of(a, node) == IS_SCALED_LEFT;
        use_add(a, in[is_left ? 0 : 1], WG__IN_TOTAL);
        use_add(a, in[is_left ? 1 : 0], WG__IS_OUTSIDE);
        return;
    }
    case IS_SUM: use_add(a, in[0], WG__IS_STACKED); return;
    case IS_SCATTER:
        use_add(a, in[0], WG__IN_TOTAL);
        use_add(a, in[1], WG__IS_STACKED);
        use_add(a, in[2], WG__IS_STACKED);
        return;
    case IS_PRODUCT:
        use_add(a, in[0], WG__IS_STACKED);
        use_add(a, in[1], WG__IS_STACKED);
        return;
    }
}

/* A value that another is only moved from is stacked in its place. */
static bool is_moved_stack(const wg__adjoint *a, uint32_t node)
{
    const uint16_t op = a->tape->record[node].op;
    if (is_same(a, node)) return false;
    return op == WG__OP_permute || op == WG__OP_reshape || op == WG__OP_broadcast;
}

static void stack_mark(const wg__adjoint *a, uint32_t node)
{
    int32_t count;
    const uint32_t *in = wg__tape_inputs(a->tape, node, &count);
    uint8_t *use = &a->use[node - a->first];
    if (is_same(a, node)) *use |= WG__IS_OUTSIDE;
    else if (is_moved_stack(a, node)) use_add(a, in[0], WG__IS_STACKED);
    else if (a->stack[node - a->first] != WG__NONE) return;   /* the scan was given it */
    else *use |= wg__adjoint_depends(a, node) == WG__OF_STEP ? WG__IS_KEPT : WG__IS_RESULT;
}

void wg__totals_mark(wg__adjoint *a)
{
    for (int64_t i = a->scan.carry_count + a->scan.x_count; i < a->in_count; i++) {
        if (a->gradient[i] == WG__NONE) continue;
        use_add(a, a->gradient[i], WG__IN_TOTAL);
    }
    for (int64_t i = a->node_count - 1; i >= 0; i--) {
        const uint32_t node = a->first + (uint32_t)i;
        if (a->use[i] & WG__IN_TOTAL) total_mark(a, node);
        if (a->use[i] & WG__IS_STACKED) stack_mark(a, node);
    }
}

/* ---- stacks and values outside ---- */

static uint32_t outside_of(const wg__adjoint *a, uint32_t node)
{
    return wg__adjoint_owns(a, node) ? a->outside[node - a->first] : node;
}

/* A value that is the same at all steps, for each of them. */
static uint32_t repeated(const wg__adjoint *a, uint32_t value)
{
    wg__builder *b = &a->tape->builder;
    if (value == WG__NONE) return value;
    const wg__shape wide = wg__shape_with(a->scan.length, b->shape(b, value));
    return wg__emit_broadcast(b, value, &wide);
}

/* The same movement for all steps. */
static uint32_t moved(const wg__adjoint *a, uint32_t node)
{
    wg_tape *tape = a->tape;
    const wg__type type = wg__tape_type(tape, node);
    wg__request request = { .op = (wg__op_id)tape->record[node].op, .wanted = &type };
    request.attribute = wg__tape_attribute(tape, node, &request.attribute_count);
    const uint32_t *in = wg__tape_inputs(tape, node, &request.in_count);
    uint32_t of = a->stack[in[0] - a->first];
    request.in = &of;
    const bool is_mapped = true;
    const char *why = NULL;
    const wg__batched batched = { .builder = &tape->builder,
                                  .request = &request,
                                  .in = &of,
                                  .is_mapped = &is_mapped,
                                  .rows = a->scan.length };
    const uint32_t value = wg__batch(&batched, &why);
    if (why != NULL) wg__tape_refuse(tape, WG_ELIMIT, "scan", node, "%s", why);
    return value;
}

static uint32_t stack_of(const wg__adjoint *a, uint32_t node)
{
    return wg__adjoint_owns(a, node) ? a->stack[node - a->first] : repeated(a, node);
}

static void stack_record(const wg__adjoint *a, uint32_t node)
{
    uint32_t *stack = &a->stack[node - a->first];
    if (is_same(a, node)) *stack = repeated(a, outside_of(a, node));
    else if (is_moved_stack(a, node)) *stack = moved(a, node);
}

/* ---- sums ---- */

/* [t, before..., n, after] with the steps moved in front of axis n, and both joined. */
static uint32_t steps_joined(wg__builder *b, uint32_t x, int32_t axis)
{
    if (x == WG__NONE) return x;
    const wg__shape shape = *b->shape(b, x);
    int64_t order[WG__RANK_MAX];
    wg__shape joined = { .rank = shape.rank - 1 };
    for (int32_t i = 0; i < shape.rank; i++)
        order[i] = i < axis - 1 ? i + 1 : i == axis - 1 ? 0 : i;
    for (int32_t i = 0; i < joined.rank; i++) joined.dim[i] = shape.dim[i + 1];
    joined.dim[axis - 1] = shape.dim[0] * shape.dim[axis];
    return wg__emit_reshape(b, wg__emit_permute(b, x, order, shape.rank), &joined);
}

/* sum over t of x[t] y[t]: [..., m, (t k)] [..., (t k), n] */
static uint32_t product_total(const wg__adjoint *a, const uint32_t *in)
{
    wg__builder *b = &a->tape->builder;
    const uint32_t x = stack_of(a, in[0]);
    const uint32_t y = stack_of(a, in[1]);
    if (x == WG__NONE || y == WG__NONE) return WG__NONE;
    const int32_t rank = b->shape(b, x)->rank;
    return wg__emit2(b, WG__OP_matmul, steps_joined(b, x, rank - 1), steps_joined(b, y, rank - 2));
}

static uint32_t leaf_total(const wg__adjoint *a, uint32_t node)
{
    return wg__emit_reduce(&a->tape->builder, WG__OP_sum, stack_of(a, node), 1);
}

static uint32_t total_of(const wg__adjoint *a, const uint32_t *total, uint32_t node)
{
    return wg__adjoint_owns(a, node) ? total[node - a->first] : leaf_total(a, node);
}

static uint32_t emit_like(const wg__adjoint *a, uint32_t node, const uint32_t *in)
{
    wg_tape *tape = a->tape;
    const wg__type type = wg__tape_type(tape, node);
    wg__request request = { .op = (wg__op_id)tape->record[node].op, .in = in, .wanted = &type };
    request.attribute = wg__tape_attribute(tape, node, &request.attribute_count);
    wg__tape_inputs(tape, node, &request.in_count);
    return wg__tape_emit(&tape->builder, &request);
}

/* index [t, i...] looks up as [i...] does, since updates have the steps where its axes are. */
static uint32_t scatter_total(const wg__adjoint *a, const uint32_t *total, uint32_t node,
                              const uint32_t *in)
{
    wg__builder *b = &a->tape->builder;
    int32_t count;
    const int32_t axis = (int32_t)wg__tape_attribute(a->tape, node, &count)[0];
    const uint32_t update = stack_of(a, in[2]);
    if (update == WG__NONE) return update;
    int64_t order[WG__RANK_MAX];
    const int32_t rank = b->shape(b, update)->rank;
    for (int32_t i = 0; i < rank; i++) order[i] = i < axis ? i + 1 : i == axis ? 0 : i;
    const uint32_t joined[3] = { total_of(a, total, in[0]), stack_of(a, in[1]),
                                 wg__emit_permute(b, update, order, rank) };
    return emit_like(a, node, joined);
}

/* A concat has any number of inputs. */
static uint32_t through_total(const wg__adjoint *a, const uint32_t *total, uint32_t node,
                              const uint32_t *in, int32_t count)
{
    uint32_t *of = wg__arena_take(&a->tape->arena, (size_t)count * sizeof *of);
    if (of == NULL) {
        wg__tape_no_memory(a->tape);
        return WG__NONE;
    }
    for (int32_t i = 0; i < count; i++) of[i] = total_of(a, total, in[i]);
    return emit_like(a, node, of);
}

static uint32_t total_record(const wg__adjoint *a, const uint32_t *total, uint32_t node)
{
    wg__builder *b = &a->tape->builder;
    int32_t count;
    const uint32_t *in = wg__tape_inputs(a->tape, node, &count);
    uint32_t few[3] = { WG__NONE, WG__NONE, WG__NONE };
    for (int32_t i = 0; i < count && i < 3; i++) few[i] = in[i];
    switch (kind_of(a, node)) {
    case IS_ZERO: return wg__emit_full_like(b, node, 0);
    case IS_LEAF: return leaf_total(a, node);
    case IS_THROUGH: return through_total(a, total, node, count <= 3 ? few : in, count);
    case IS_SCALED_LEFT:
        return emit_like(a, node, (const uint32_t[2]){ total_of(a, total, few[0]),
                                                       outside_of(a, few[1]) });
    case IS_SCALED_RIGHT:
        return emit_like(a, node, (const uint32_t[2]){ outside_of(a, few[0]),
                                                       total_of(a, total, few[1]) });
    case IS_SUM: {
        const int64_t axes = wg__tape_attribute(a->tape, node, &count)[0];
        return wg__emit_reduce(b, WG__OP_sum, stack_of(a, few[0]), (uint32_t)axes << 1 | 1);
    }
    case IS_PRODUCT: return product_total(a, few);
    case IS_SCATTER: return scatter_total(a, total, node, few);
    }
    return WG__NONE;
}

int wg__totals_record(wg__adjoint *a, uint32_t *gradient)
{
    wg_tape *tape = a->tape;
    uint32_t *total = wg__arena_take(&tape->arena, (size_t)a->node_count * sizeof *total);
    if (total == NULL) return wg__tape_no_memory(tape);
    for (int64_t i = 0; i < a->node_count; i++) {
        const uint32_t node = a->first + (uint32_t)i;
        if (a->use[i] & WG__IS_STACKED) stack_record(a, node);
        if (a->use[i] & WG__IN_TOTAL) total[i] = total_record(a, total, node);
        WG_TRY(tape->error.status);
    }
    for (int64_t i = a->scan.carry_count + a->scan.x_count; i < a->in_count; i++)
        if (a->gradient[i] != WG__NONE && !is_constant_zero(tape, a->gradient[i]))
            gradient[i] = total_of(a, total, a->gradient[i]);
    return tape->error.status;
}

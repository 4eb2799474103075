/* A mutant changes what the right rule reads, or what it gives. Where there is nothing of its kind
 * to be wrong about (one input cannot be exchanged), it is the right rule. Of a rule that lets
 * nothing flow, as that of sign, it lets the cotangent through, and is wrong beside. */
#include "support/mutant.h"

#include "support/test.h"

static const char *const names[MUTANT_COUNT] = {
    "sign", "doubled", "factor", "offset", "dropped", "dropped_last", "shifted", "reversed",
    "transposed", "edge_lost", "edge_twice", "sum_missing", "mean", "unweighted",
    "cotangent_twice", "leak", "swapped", "stale", "result_for_input", "input_for_result",
    "other_input", "attribute_0", "attribute_1", "attribute_2", "attribute_3",
};

const char *mutant_name(mutant kind)
{
    check(kind < MUTANT_COUNT);
    return names[kind];
}

/* ---- what a rule gives ---- */

static uint32_t scaled(wg__builder *b, uint32_t d, double factor)
{
    return wg__emit2(b, WG__OP_mul, d, wg__emit_full_like(b, d, factor));
}

/* Part of d along an axis in front of, or behind, the rest. */
static uint32_t joined(wg__builder *b, uint32_t first, uint32_t second, int64_t axis)
{
    const uint32_t in[2] = { first, second };
    return b->emit(b, &(wg__request){ .op = WG__OP_concat,
                                      .in_count = 2,
                                      .in = in,
                                      .attribute = &axis,
                                      .attribute_count = 1 });
}

static uint32_t shifted(wg__builder *b, uint32_t d)
{
    const wg__shape *shape = b->shape(b, d);
    const int axis = shape->rank - 1;
    if (axis < 0 || shape->dim[axis] < 2) return d;
    const int64_t n = shape->dim[axis];
    return joined(b, wg__emit_slice(b, d, axis, 1, n, 1), wg__emit_slice(b, d, axis, 0, 1, 1),
                  axis);
}

static uint32_t reversed(wg__builder *b, uint32_t d)
{
    const wg__shape *shape = b->shape(b, d);
    if (shape->rank == 0 || shape->dim[0] < 2) return d;
    return wg__emit_slice(b, d, 0, shape->dim[0] - 1, -1, -1);
}

/* The elements in the order of the transposed, in the same shape. */
static uint32_t transposed(wg__builder *b, uint32_t d)
{
    const wg__shape shape = *b->shape(b, d);
    if (shape.rank < 2) return d;
    return wg__emit_reshape(b, wg__emit_transpose(b, d), &shape);
}

/* d where all axes are at their first element, or at their last if not is_first; 0 elsewhere. */
static uint32_t corner(wg__builder *b, uint32_t d, bool is_first)
{
    const wg__shape shape = *b->shape(b, d);
    uint32_t part = d;
    for (int32_t i = 0; i < shape.rank; i++) {
        const int64_t n = shape.dim[i], at = is_first ? 0 : n - 1;
        if (n < 2) continue;
        part = wg__emit_pad(b, wg__emit_slice(b, part, i, at, at + 1, 1), i, at, n - 1 - at, 0, 0);
    }
    return part;
}

static uint32_t leaked(wg__builder *b, uint32_t d)
{
    const uint32_t is_zero = wg__emit2(b, WG__OP_eq, d, wg__emit_full_like(b, d, 0));
    return wg__emit_select(b, is_zero, wg__emit_full_like(b, d, 1), d);
}

static uint32_t changed(mutant kind, wg__builder *b, uint32_t d)
{
    if (d == WG__NONE) return d;
    const int64_t count = wg__shape_count(b->shape(b, d));
    switch (kind) {
    case MUTANT_SIGN: return wg__emit1(b, WG__OP_neg, d);
    case MUTANT_DOUBLED: return scaled(b, d, 2);
    case MUTANT_FACTOR: return scaled(b, d, 1.0001);
    case MUTANT_OFFSET: return wg__emit2(b, WG__OP_add, d, wg__emit_full_like(b, d, 1e-4));
    case MUTANT_SHIFTED: return shifted(b, d);
    case MUTANT_REVERSED: return reversed(b, d);
    case MUTANT_TRANSPOSED: return transposed(b, d);
    case MUTANT_EDGE_LOST: return wg__emit2(b, WG__OP_sub, d, corner(b, d, false));
    case MUTANT_EDGE_TWICE: return wg__emit2(b, WG__OP_add, d, corner(b, d, true));
    case MUTANT_MEAN: return count > 0 ? scaled(b, d, 1 / (double)count) : d;
    case MUTANT_LEAK: return leaked(b, d);
    default: return d;
    }
}

/* ---- what a rule reads ---- */

static bool are_alike(wg__builder *b, uint32_t x, uint32_t y)
{
    return b->dtype(b, x) == b->dtype(b, y) && wg__shape_equal(b->shape(b, x), b->shape(b, y));
}

/* The first slice of g along its first axis, 0 elsewhere. */
static uint32_t first_alone(wg__builder *b, uint32_t g)
{
    const wg__shape *shape = b->shape(b, g);
    const int64_t n = shape->rank > 0 ? shape->dim[0] : 0;
    if (n < 2) return g;
    return wg__emit_pad(b, wg__emit_slice(b, g, 0, 0, 1, 1), 0, 0, n - 1, 0, 0);
}

enum { IN_MAX = 8 };
typedef struct reading {
    wg__node_view node;
    uint32_t in[IN_MAX];
    int64_t attribute[WG__ATTRIBUTE_MAX];
} reading;

static void exchange_inputs(reading *r)
{
    wg__builder *b = r->node.builder;
    if (r->node.in_count < 2 || !are_alike(b, r->in[0], r->in[1])) return;
    const uint32_t first = r->in[0];
    r->in[0] = r->in[1];
    r->in[1] = first;
}

static void hold_constant(reading *r)
{
    wg__builder *b = r->node.builder;
    for (int32_t i = 0; i < r->node.in_count; i++)
        r->in[i] = wg__emit1(b, WG__OP_stop_gradient, r->in[i]);
    r->node.r = wg__emit1(b, WG__OP_stop_gradient, r->node.r);
}

/* One too large; of a permutation, which must stay one, exchanged with the next. */
static void misread_word(reading *r, int32_t word)
{
    const int32_t next = (word + 1) % r->node.attribute_count;
    const int64_t kept = r->attribute[word];
    r->attribute[word] = kept + 1;
    if (r->node.op != WG__OP_permute) return;
    r->attribute[word] = r->attribute[next];
    r->attribute[next] = kept;
}

static void misread(mutant kind, reading *r)
{
    wg__builder *b = r->node.builder;
    const uint32_t g = r->node.g;
    switch (kind) {
    case MUTANT_SUM_MISSING: r->node.g = first_alone(b, g); break;
    case MUTANT_UNWEIGHTED: r->node.g = wg__emit_full_like(b, g, 1); break;
    case MUTANT_COTANGENT_TWICE: r->node.g = wg__emit2(b, WG__OP_mul, g, g); break;
    case MUTANT_STALE: hold_constant(r); break;
    case MUTANT_OTHER_INPUT: exchange_inputs(r); break;
    case MUTANT_RESULT_FOR_INPUT:
        if (are_alike(b, r->in[0], r->node.r)) r->in[0] = r->node.r;
        break;
    case MUTANT_INPUT_FOR_RESULT:
        if (are_alike(b, r->in[0], r->node.r)) r->node.r = r->in[0];
        break;
    default: {
        const int32_t word = (int32_t)kind - MUTANT_ATTRIBUTE_0;
        if (word >= 0 && word < r->node.attribute_count) misread_word(r, word);
        break;
    }
    }
}

/* ---- the rule ---- */

/* The real inputs of a node, of which `is_last` wants the last. */
static int32_t real_input(const wg__node_view *node, bool is_last)
{
    int32_t found = -1;
    for (int32_t i = 0; i < node->in_count; i++) {
        const bool is_real =
            wg__dtype_is_float(node->builder->dtype(node->builder, node->in[i]));
        if (is_real && (found < 0 || is_last)) found = i;
    }
    return found;
}

void mutant_vjp(mutant kind, const wg__node_view *node, uint32_t *gradient)
{
    reading r = { .node = *node };
    check(node->in_count <= IN_MAX && node->attribute_count <= WG__ATTRIBUTE_MAX);
    for (int32_t i = 0; i < node->in_count; i++) r.in[i] = node->in[i];
    for (int32_t i = 0; i < node->attribute_count; i++) r.attribute[i] = node->attribute[i];
    r.node.in = r.in;
    r.node.attribute = r.attribute;
    misread(kind, &r);
    wg__vjp(&r.node, gradient);
    for (int32_t i = 0; i < node->in_count; i++) {
        if (!node->needed[i]) continue;
        const bool is_flat = gradient[i] == WG__NONE && are_alike(node->builder, r.in[i], node->g);
        gradient[i] = changed(kind, node->builder, is_flat ? r.node.g : gradient[i]);
    }

    const int32_t first = real_input(node, false), last = real_input(node, true);
    if (first < 0) return;
    if (kind == MUTANT_DROPPED) gradient[first] = WG__NONE;
    if (kind == MUTANT_DROPPED_LAST) gradient[last] = WG__NONE;
    const bool are_two = kind == MUTANT_SWAPPED && last > first && node->needed[first] &&
                         node->needed[last] &&
                         are_alike(node->builder, node->in[first], node->in[last]);
    if (!are_two) return;
    const uint32_t kept = gradient[first];
    gradient[first] = gradient[last];
    gradient[last] = kept;
}

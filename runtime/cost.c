/* Rough costs: enough to tell what is worth a thread and what is not, and how to share it out.
 * Measured on an AVX-512 core of about 3 GHz with data in L2; nothing but speed depends on them. */
#include "runtime/internal.h"

/* Nanoseconds for each element of f32, except for matmul: for each flop. */
static const double NS_CALL = 40, NS_CHEAP = 0.12, NS_DIVIDE = 0.3, NS_FUNCTION = 0.7,
                    NS_COPY = 0.3, NS_REDUCE = 0.15, NS_ALONG = 0.6, NS_INDEX = 1.0,
                    NS_RANDOM = 1.0, NS_FLOP = 1.0 / 60;

/* What is rounded more than once is a function, as its row says. */
static double ns_map(wg__op_id op)
{
    switch (op) {
    case WG__OP_div:
    case WG__OP_rem:
    case WG__OP_sqrt:
    case WG__OP_rsqrt: return NS_DIVIDE;
    default: return wg__op_table[op].ulp > 0 ? NS_FUNCTION : NS_CHEAP;
    }
}

static double ns_element(wg__op_id op)
{
    switch (wg__op_table[op].class) {
    case WG__CLASS_LEAF:
    case WG__CLASS_MARK:
    case WG__CLASS_LINEAR:
    case WG__CLASS_MAP: return ns_map(op);
    case WG__CLASS_MOVE: return NS_COPY;
    case WG__CLASS_REDUCE: return NS_REDUCE;
    case WG__CLASS_ALONG: return NS_ALONG;
    case WG__CLASS_CONTRACT: return NS_FLOP;
    case WG__CLASS_INDEX: return NS_INDEX;
    case WG__CLASS_RANDOM: return NS_RANDOM;
    case WG__CLASS_SCAN:
    case WG__CLASS_EXTERN: return NS_INDEX;
    }
    return NS_CHEAP;
}

static double elements(const wg__value *value)
{
    return (double)wg__shape_count(&value->type.shape);
}

wg__cost wg__cost_of(const wg__plan *plan, uint32_t index)
{
    const wg__value *value = &plan->value[index];
    if (value->loop != NULL) return wg__loop_cost(value);
    const double wide = (double)wg_dtype_bytes(value->type.dtype);
    double steps = elements(value);
    wg__cost cost = { .bytes = steps * wide };
    for (int32_t i = 0; i < value->in_count; i++) {
        const wg__value *in = &plan->value[value->in[i]];
        cost.bytes += elements(in) * (double)wg_dtype_bytes(in->type.dtype);
        if (elements(in) > steps) steps = elements(in);
    }
    if (value->op == WG__OP_matmul) {
        const wg__shape *y = &plan->value[value->in[1]].type.shape;
        steps = 2 * elements(value) * (double)y->dim[y->rank - 2];
    }
    const wg__class class = wg__op_table[value->op].class;
    cost.flops = class == WG__CLASS_MOVE || class == WG__CLASS_INDEX ? 0 : steps;
    cost.time_ns = NS_CALL + steps * ns_element(value->op) * (wide > 4 ? 2 : 1);
    return cost;
}

/* True if the operand is made within the chain and stays in its tiles. */
static bool is_within(const wg__plan *plan, int64_t chain, uint32_t value)
{
    const wg__value *base = &plan->value[plan->value[value].base];
    return base->is_tile && base->chain == chain;
}

/* Bytes that a value loads; an operand that stands there twice is loaded once. */
static double loaded_bytes(const wg__plan *plan, int64_t chain, const wg__value *value)
{
    double bytes = 0;
    for (int32_t i = 0; i < value->in_count; i++) {
        const bool is_again = i > 0 && value->in[i] == value->in[i - 1];
        if (is_again || is_within(plan, chain, value->in[i])) continue;
        const wg__value *in = &plan->value[value->in[i]];
        double count = 1;                          /* what is repeated lies there once */
        for (int32_t axis = 0; axis < in->type.shape.rank; axis++)
            if (in->stride[axis] != 0) count *= (double)in->type.shape.dim[axis];
        bytes += count * (double)wg_dtype_bytes(in->type.dtype);
    }
    return bytes;
}

wg__cost wg__chain_cost(const wg__plan *plan, int64_t index)
{
    const wg__chain *chain = &plan->chain[index];
    wg__cost sum = { 0 };
    for (int64_t i = chain->first; i < chain->first + chain->count; i++) {
        const uint32_t at = plan->order[i];
        const wg__value *value = &plan->value[at];
        const wg__cost cost = wg__cost_of(plan, at);
        sum.flops += cost.flops;
        sum.time_ns += cost.time_ns;
        if (value->loop != NULL) sum.bytes += cost.bytes;
        else sum.bytes += loaded_bytes(plan, index, value) +
                          (value->is_tile ? 0 : elements(value) *
                                                    (double)wg_dtype_bytes(value->type.dtype));
    }
    return sum;
}

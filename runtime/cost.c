/* Rough costs: enough to tell what is worth a thread and what is not, and how to share it out.
 * Measured on an AVX-512 core of about 3 GHz with data in L2; nothing but speed depends on them. */
#include "runtime/internal.h"

/* Nanoseconds for each element of f32, except for matmul: for each flop. */
static const double NS_CALL = 40, NS_CHEAP = 0.12, NS_DIVIDE = 0.3, NS_FUNCTION = 0.7,
                    NS_COPY = 0.3, NS_REDUCE = 0.15, NS_ALONG = 0.6, NS_INDEX = 1.0,
                    NS_RANDOM = 1.0, NS_FLOP = 1.0 / 60;

static double ns_map(wg__op_id op)
{
    switch (op) {
    case WG__OP_div:
    case WG__OP_rem:
    case WG__OP_sqrt:
    case WG__OP_rsqrt: return NS_DIVIDE;
    case WG__OP_exp:
    case WG__OP_expm1:
    case WG__OP_log:
    case WG__OP_log1p:
    case WG__OP_logaddexp:
    case WG__OP_sin:
    case WG__OP_cos:
    case WG__OP_logistic:
    case WG__OP_tanh:
    case WG__OP_erf:
    case WG__OP_erfc: return NS_FUNCTION;
    default: return NS_CHEAP;
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
        const wg__shape *x = &plan->value[value->in[0]].type.shape;
        steps = 2 * elements(value) * (double)x->dim[x->rank - 1];
    }
    const wg__class class = wg__op_table[value->op].class;
    cost.flops = class == WG__CLASS_MOVE || class == WG__CLASS_INDEX ? 0 : steps;
    cost.time_ns = NS_CALL + steps * ns_element(value->op) * (wide > 4 ? 2 : 1);
    return cost;
}

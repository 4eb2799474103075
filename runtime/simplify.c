/* Exact identities: the closed list of rewrites. Each gives the same bits for every operand,
 * signed zeros and infinities included (NaN is one value), so what is rewritten never shows.
 * Nothing here changes a rounding: x + (+0), 0 - x, x * 0, x - x, x / x and regrouping are no
 * identities.
 *
 * Rewriting goes from inputs to results, so operands are in their simplest form already. */
#include "runtime/internal.h"

#include <math.h>
#include <string.h>

/* ---- looking ---- */

static const wg__value *value_at(const wg__planner *planner, uint32_t value)
{
    return &planner->value[value];
}

/* A value that this op computes; the op of a view, which names no computation, does not count. */
static bool is_op(const wg__planner *planner, uint32_t value, wg__op_id op)
{
    return value_at(planner, value)->is_computed && value_at(planner, value)->op == op;
}

static uint32_t operand(const wg__planner *planner, uint32_t value, int32_t i)
{
    return value_at(planner, value)->in[i];
}

/* The number that all elements are; false if that is not known. */
static bool number_of(const wg__planner *planner, uint32_t value, double *out)
{
    const void *element = wg__uniform(planner, value);
    if (element == NULL) return false;
    *out = wg__element_number(value_at(planner, value)->type.dtype, element);
    return true;
}

/* Zeros are told apart by their sign; an i64 too large for a double is no small number. */
static bool is_number(const wg__planner *planner, uint32_t value, double number)
{
    double own;
    return number_of(planner, value, &own) && own == number && !signbit(own) == !signbit(number);
}

static bool is_float(const wg__draft *draft)
{
    return wg__dtype_is_float(draft->type.dtype);
}

/* ---- making ---- */

static uint32_t make(wg__planner *planner, const wg__draft *like, wg__op_id op, int32_t in_count,
                     const uint32_t *in)
{
    const wg__draft draft = { .op = op,
                              .node = like->node,
                              .type = like->type,
                              .in_count = in_count,
                              .in = in,
                              .instance = like->instance };
    return wg__value_make(planner, &draft);
}

static uint32_t make1(wg__planner *planner, const wg__draft *like, wg__op_id op, uint32_t x)
{
    return make(planner, like, op, 1, &x);
}

static uint32_t make2(wg__planner *planner, const wg__draft *like, wg__op_id op, uint32_t x,
                      uint32_t y)
{
    const uint32_t in[2] = { x, y };
    return make(planner, like, op, 2, in);
}

/* ---- one function an op: an equal value, or WG__NONE ---- */

/* x + (-0) = x, (-x) + y = y - x, x + (-y) = x - y. The zero is +0 for integers. */
static uint32_t simplify_add(wg__planner *planner, const wg__draft *draft)
{
    const double zero = is_float(draft) ? -0.0 : 0.0;
    for (int i = 0; i < 2; i++) {
        const uint32_t x = draft->in[i];
        const uint32_t y = draft->in[1 - i];
        if (is_number(planner, y, zero)) return x;
        if (is_op(planner, y, WG__OP_neg))
            return make2(planner, draft, WG__OP_sub, x, operand(planner, y, 0));
    }
    return WG__NONE;
}

/* x - (+0) = x, x - (-y) = x + y. */
static uint32_t simplify_sub(wg__planner *planner, const wg__draft *draft)
{
    const uint32_t x = draft->in[0];
    const uint32_t y = draft->in[1];
    if (is_number(planner, y, 0.0)) return x;
    if (is_op(planner, y, WG__OP_neg))
        return make2(planner, draft, WG__OP_add, x, operand(planner, y, 0));
    return WG__NONE;
}

static uint32_t simplify_neg(wg__planner *planner, const wg__draft *draft)
{
    const uint32_t x = draft->in[0];
    return is_op(planner, x, WG__OP_neg) ? operand(planner, x, 0) : WG__NONE;
}

/* x * 1 = x, x * (-1) = -x, 2 x = x + x, (-x) * y = -(x y). */
static uint32_t simplify_mul(wg__planner *planner, const wg__draft *draft)
{
    for (int i = 0; i < 2; i++) {
        const uint32_t x = draft->in[i];
        const uint32_t y = draft->in[1 - i];
        if (is_number(planner, y, 1)) return x;
        if (!is_float(draft)) continue;
        if (is_number(planner, y, -1)) return make1(planner, draft, WG__OP_neg, x);
        if (is_number(planner, y, 2)) return make2(planner, draft, WG__OP_add, x, x);
        if (is_op(planner, x, WG__OP_neg)) {
            const uint32_t product =
                make2(planner, draft, WG__OP_mul, operand(planner, x, 0), y);
            return product == WG__NONE ? product : make1(planner, draft, WG__OP_neg, product);
        }
    }
    return WG__NONE;
}

/* 2^-k for y = 2^k, both normal in the dtype. */
static bool inverse_is_exact(wg_dtype dtype, double y, double *out)
{
    int exponent;
    if (!isfinite(y) || fabs(frexp(y, &exponent)) != 0.5) return false;
    const int limit = dtype == WG_F32 ? 126 : 1022;
    if (exponent - 1 < -limit || exponent - 1 > limit) return false;
    *out = 1 / y;
    return true;
}

static uint32_t number_like(wg__planner *planner, const wg__draft *draft, double number)
{
    double *element = wg__arena_take(&planner->plan->arena, sizeof *element);
    if (element == NULL) {
        planner->has_failed = true;
        return WG__NONE;
    }
    const float narrow = (float)number;
    if (draft->type.dtype == WG_F32) memcpy(element, &narrow, sizeof narrow);
    else *element = number;
    const wg__type type = { .dtype = draft->type.dtype };
    const uint32_t scalar = wg__value_constant(planner, &type, element, draft->node);
    return scalar == WG__NONE ? scalar : make1(planner, draft, WG__OP_broadcast, scalar);
}

/* x / 1 = x, x / 2^k = x * 2^-k. */
static uint32_t simplify_div(wg__planner *planner, const wg__draft *draft)
{
    const uint32_t x = draft->in[0];
    double y;
    double inverse;
    if (!number_of(planner, draft->in[1], &y)) return WG__NONE;
    if (y == 1) return x;
    if (!inverse_is_exact(draft->type.dtype, y, &inverse)) return WG__NONE;
    const uint32_t factor = number_like(planner, draft, inverse);
    return factor == WG__NONE ? factor : make2(planner, draft, WG__OP_mul, x, factor);
}

static uint32_t simplify_abs(wg__planner *planner, const wg__draft *draft)
{
    const uint32_t x = draft->in[0];
    if (!is_op(planner, x, WG__OP_neg)) return WG__NONE;
    return make1(planner, draft, WG__OP_abs, operand(planner, x, 0));
}

/* maximum, minimum, and, or of a value and itself. */
static uint32_t simplify_same(wg__planner *planner, const wg__draft *draft)
{
    (void)planner;
    return draft->in[0] == draft->in[1] ? draft->in[0] : WG__NONE;
}

static uint32_t simplify_not(wg__planner *planner, const wg__draft *draft)
{
    const uint32_t x = draft->in[0];
    return is_op(planner, x, WG__OP_not) ? operand(planner, x, 0) : WG__NONE;
}

/* Equal sides, a known or negated condition, and a side that asks the same condition again. */
static uint32_t simplify_select(wg__planner *planner, const wg__draft *draft)
{
    const uint32_t c = draft->in[0];
    const uint32_t x = draft->in[1];
    const uint32_t y = draft->in[2];
    if (x == y) return x;
    double known;
    if (number_of(planner, c, &known)) return known != 0 ? x : y;
    uint32_t in[3] = { c, x, y };
    if (is_op(planner, c, WG__OP_not)) {
        in[0] = operand(planner, c, 0);
        in[1] = y;
        in[2] = x;
        return make(planner, draft, WG__OP_select, 3, in);
    }
    const bool x_asks = is_op(planner, x, WG__OP_select) && operand(planner, x, 0) == c;
    const bool y_asks = is_op(planner, y, WG__OP_select) && operand(planner, y, 0) == c;
    if (!x_asks && !y_asks) return WG__NONE;
    if (x_asks) in[1] = operand(planner, x, 1);
    if (y_asks) in[2] = operand(planner, y, 2);
    return make(planner, draft, WG__OP_select, 3, in);
}

/* True if every value of `from` is one of `to`. */
static bool widens(wg_dtype from, wg_dtype to)
{
    switch (from) {
    case WG_BOOL: return to != WG_BOOL;
    case WG_U8: return to != WG_U8 && to != WG_BOOL;
    case WG_I32: return to == WG_I64 || to == WG_F64;
    case WG_F32: return to == WG_F64;
    case WG_I64:
    case WG_F64: return false;
    }
    return false;
}

/* To its own dtype, or to a wider one and back. */
static uint32_t simplify_cast(wg__planner *planner, const wg__draft *draft)
{
    const uint32_t x = draft->in[0];
    const wg_dtype to = draft->type.dtype;
    const wg_dtype from = value_at(planner, x)->type.dtype;
    if (from == to) return x;
    if (!is_op(planner, x, WG__OP_cast)) return WG__NONE;
    const uint32_t origin = operand(planner, x, 0);
    const bool is_return = value_at(planner, origin)->type.dtype == to && widens(to, from);
    return is_return ? origin : WG__NONE;
}

/* Over axes of one element nothing is added up. */
static uint32_t simplify_reduce(wg__planner *planner, const wg__draft *draft)
{
    const wg__shape *shape = &value_at(planner, draft->in[0])->type.shape;
    for (int32_t i = 0; i < shape->rank; i++)
        if ((draft->attribute[0] >> i & 1) != 0 && shape->dim[i] != 1) return WG__NONE;
    return make1(planner, draft, WG__OP_reshape, draft->in[0]);
}

/* Back to the shape of what was copied. */
static uint32_t simplify_reshape(const wg__planner *planner, const wg__draft *draft)
{
    const uint32_t x = draft->in[0];
    if (!is_op(planner, x, WG__OP_reshape)) return WG__NONE;
    const uint32_t origin = operand(planner, x, 0);
    const bool is_back = wg__shape_equal(&value_at(planner, origin)->type.shape,
                                         &draft->type.shape);
    return is_back ? origin : WG__NONE;
}

uint32_t wg__simplify(wg__planner *planner, const wg__draft *draft)
{
    switch (draft->op) {
    case WG__OP_add: return simplify_add(planner, draft);
    case WG__OP_sub: return simplify_sub(planner, draft);
    case WG__OP_neg: return simplify_neg(planner, draft);
    case WG__OP_mul: return simplify_mul(planner, draft);
    case WG__OP_div: return simplify_div(planner, draft);
    case WG__OP_abs: return simplify_abs(planner, draft);
    case WG__OP_maximum:
    case WG__OP_minimum:
    case WG__OP_and:
    case WG__OP_or: return simplify_same(planner, draft);
    case WG__OP_not: return simplify_not(planner, draft);
    case WG__OP_select: return simplify_select(planner, draft);
    case WG__OP_cast: return simplify_cast(planner, draft);
    case WG__OP_reshape: return simplify_reshape(planner, draft);
    case WG__OP_sum:
    case WG__OP_max:
    case WG__OP_min: return simplify_reduce(planner, draft);
    default: return WG__NONE;
    }
}

/* Derivatives of the elementwise rows.
 *
 * A derivative cell of ops.def expands to steps: constant data in postfix order, which one loop
 * runs against a builder. So what is recorded, and in which order, is the text of the cell on every
 * compiler (C leaves the order of arguments open), and a test can alter a rule to see that it is
 * noticed.                                                                                       */
#include "ops/rules.h"

#include <math.h>

#define VALUE(name)     { .kind = WG__STEP_VALUE, .index = WG__VALUE_##name }
#define APPLY(op)       { .kind = WG__STEP_APPLY, .index = WG__OP_##op }

/* ---- the words of a cell ---- */

#define K(c)            { .kind = WG__STEP_NUMBER, .number = (c) }
#define NONE            { .kind = WG__STEP_NONE }

#define NEG(a)          a, APPLY(neg)
#define SIGN(a)         a, APPLY(sign)
#define ROUND(a)        a, APPLY(round)
#define EXP(a)          a, APPLY(exp)
#define SIN(a)          a, APPLY(sin)
#define COS(a)          a, APPLY(cos)
#define LOGISTIC(a)     a, APPLY(logistic)
#define ADD(a, c)       a, c, APPLY(add)
#define SUB(a, c)       a, c, APPLY(sub)
#define MUL(a, c)       a, c, APPLY(mul)
#define DIV(a, c)       a, c, APPLY(div)
#define LOG(a)          a, APPLY(log)
#define POW(a, c)       a, c, APPLY(pow)
#define EQ(a, c)        a, c, APPLY(eq)
#define AND(a, c)       a, c, APPLY(and)
#define SELECT(m, a, c) m, a, c, APPLY(select)

#define LARGER(a, c)    a, c, g, { .kind = WG__STEP_LARGER }
#define GAP(a, c)       a, c, { .kind = WG__STEP_GAP }
#define TURN(a, c)      a, c, { .kind = WG__STEP_TURN }
#define GAUSSIAN(a)     a, { .kind = WG__STEP_GAUSSIAN }

/* ---- the cells as data ---- */

#define x VALUE(X)
#define y VALUE(Y)
#define r VALUE(R)
#define g VALUE(G)
#define RULE(name, ...) static const wg__step name[] = { __VA_ARGS__, { .kind = WG__STEP_END } };
#define LIN1(name, dx, value, low, high, ulp)     RULE(name##_dx, dx)
#define LIN2(name, dx, dy, value, low, high, ulp) RULE(name##_dx, dx) RULE(name##_dy, dy)
#define ALL1(name, dx, value, low, high, ulp)     RULE(name##_dx, dx)
#define ALL2(name, dx, dy, value, low, high, ulp) RULE(name##_dx, dx) RULE(name##_dy, dy)
#define MAP1(name, dx, value, low, high, ulp)     RULE(name##_dx, dx)
#define MAP2(name, dx, dy, value, low, high, ulp) RULE(name##_dx, dx) RULE(name##_dy, dy)
#define TEST2(name, value)
#define BITS1(name, value)
#define BITS2(name, value)
#define PRIM(name, class, inputs, infer, vjp, eval)
#define LEAF(name)
#define MARK(name)
#include "ops/ops.def"
#undef x
#undef y
#undef r
#undef g

static const wg__step *const rules[WG__OP_COUNT][2] = {
#define LIN1(name, dx, value, low, high, ulp)     [WG__OP_##name] = { name##_dx, NULL },
#define LIN2(name, dx, dy, value, low, high, ulp) [WG__OP_##name] = { name##_dx, name##_dy },
#define ALL1(name, dx, value, low, high, ulp)     [WG__OP_##name] = { name##_dx, NULL },
#define ALL2(name, dx, dy, value, low, high, ulp) [WG__OP_##name] = { name##_dx, name##_dy },
#define MAP1(name, dx, value, low, high, ulp)     [WG__OP_##name] = { name##_dx, NULL },
#define MAP2(name, dx, dy, value, low, high, ulp) [WG__OP_##name] = { name##_dx, name##_dy },
#define TEST2(name, value)
#define BITS1(name, value)
#define BITS2(name, value)
#define PRIM(name, class, inputs, infer, vjp, eval)
#define LEAF(name)
#define MARK(name)
#include "ops/ops.def"
};

const wg__step *wg__steps_of(wg__op_id op, int32_t input)
{
    WG_ASSERT(op > WG__OP_NONE && op < WG__OP_COUNT);
    WG_ASSERT(input >= 0 && input < 2);
    return rules[op][input];
}

/* ---- the stack ---- */

enum { STACK_MAX = 12 };   /* deepest cell: pow, 7 */

typedef struct stack { uint32_t value[STACK_MAX]; int32_t count; } stack;

static void push(stack *values, uint32_t value)
{
    WG_ASSERT(values->count < STACK_MAX);
    values->value[values->count++] = value;
}

static uint32_t pop(stack *values)
{
    WG_ASSERT(values->count > 0);
    return values->value[--values->count];
}

/* ---- words that name a value more than once ---- */

/* What a maximum sends to x: its whole cotangent, none, half at a tie, NaN without order. None is
 * selected, not multiplied: the cotangent may be infinite where x is not the larger.             */
static uint32_t larger(wg__builder *b, stack *values)
{
    const uint32_t g = pop(values);
    const uint32_t y = pop(values);
    const uint32_t x = pop(values);
    const uint32_t is_tie = wg__emit2(b, WG__OP_eq, x, y);
    const uint32_t half = wg__emit_full_like(b, x, 0.5);
    const uint32_t tied = wg__emit_select(b, is_tie, half, wg__emit_full_like(b, x, NAN));
    const uint32_t is_above = wg__emit2(b, WG__OP_lt, y, x);
    const uint32_t part = wg__emit_select(b, is_above, wg__emit_full_like(b, x, 1.0), tied);
    const uint32_t is_below = wg__emit2(b, WG__OP_lt, x, y);
    const uint32_t share = wg__emit2(b, WG__OP_mul, g, part);
    return wg__emit_select(b, is_below, wg__emit_full_like(b, x, 0.0), share);
}

/* Equal infinities are a tie without a difference. A test x = y alone would take the derivative of
 * the difference away at every tie.                                                              */
static uint32_t gap(wg__builder *b, stack *values)
{
    const uint32_t y = pop(values);
    const uint32_t x = pop(values);
    const uint32_t difference = wg__emit2(b, WG__OP_sub, x, y);
    const uint32_t is_number = wg__emit2(b, WG__OP_eq, difference, difference);
    const uint32_t is_nan = wg__emit1(b, WG__OP_not, is_number);
    const uint32_t is_tie = wg__emit2(b, WG__OP_eq, x, y);
    const uint32_t is_infinite_tie = wg__emit2(b, WG__OP_and, is_tie, is_nan);
    return wg__emit_select(b, is_infinite_tie, wg__emit_full_like(b, x, 0.0), difference);
}

/* exp(-x x) within a few ulp however long the tail. x = high + low, where high keeps half of the
 * digits, so that its square is exact: exp(-high high) exp(-low (x + high)). The derivative flows
 * through low alone, since bits have none, and is -2 x times the value. Beyond 32 the value is 0 in
 * f32 and f64; holding x there keeps infinities out of low.                                      */
static uint32_t gaussian(wg__builder *b, stack *values)
{
    const uint32_t x = pop(values);
    if (x == WG__NONE) return WG__NONE;
    const wg_dtype dtype = b->dtype(b, x);
    const wg_dtype bits_dtype = dtype == WG_F32 ? WG_I32 : WG_I64;
    /* Of the 24 or 53 digits, 12 or 26 stay. */
    const double high_mask = dtype == WG_F32 ? -0x1p12 : -0x1p27;

    const uint32_t limit = wg__emit_full_like(b, x, 32.0);
    const uint32_t is_far = wg__emit2(b, WG__OP_lt, limit, wg__emit1(b, WG__OP_abs, x));
    const uint32_t near = wg__emit_select(b, is_far, limit, x);

    const uint32_t bits = wg__emit_bitcast(b, near, bits_dtype);
    const uint32_t mask = wg__emit_full_like(b, bits, high_mask);
    const uint32_t high = wg__emit_bitcast(b, wg__emit2(b, WG__OP_and, bits, mask), dtype);
    const uint32_t low = wg__emit2(b, WG__OP_sub, near, high);

    const uint32_t square = wg__emit2(b, WG__OP_mul, high, high);
    const uint32_t rest = wg__emit2(b, WG__OP_mul, low, wg__emit2(b, WG__OP_add, near, high));
    const uint32_t head = wg__emit1(b, WG__OP_exp, wg__emit1(b, WG__OP_neg, square));
    const uint32_t tail = wg__emit1(b, WG__OP_exp, wg__emit1(b, WG__OP_neg, rest));
    return wg__emit2(b, WG__OP_mul, head, tail);
}

/* y / (x x + y y), what an angle turns by as x grows. Both are divided by the power of two of the
 * larger, which is exact and keeps the squares in range; its bits have no derivative, and the whole
 * does not depend on it. At the origin, where there is none, it is 0, and infinitely far away.   */
static uint32_t turn(wg__builder *b, stack *values)
{
    const uint32_t y = pop(values);
    const uint32_t x = pop(values);
    if (x == WG__NONE) return WG__NONE;
    const wg_dtype dtype = b->dtype(b, x);
    const wg_dtype bits_dtype = dtype == WG_F32 ? WG_I32 : WG_I64;
    /* The bits of infinity are those of every exponent. */
    const double exponents = dtype == WG_F32 ? 0x7F8p20 : 0x7FFp52;

    const uint32_t x_size = wg__emit1(b, WG__OP_abs, x);
    const uint32_t y_size = wg__emit1(b, WG__OP_abs, y);
    const uint32_t size = wg__emit2(b, WG__OP_maximum, x_size, y_size);
    const uint32_t bits = wg__emit_bitcast(b, size, bits_dtype);
    const uint32_t mask = wg__emit_full_like(b, bits, exponents);
    const uint32_t power = wg__emit_bitcast(b, wg__emit2(b, WG__OP_and, bits, mask), dtype);
    /* Of subnormals the smallest normal number; */
    const double least = dtype == WG_F32 ? 0x1p-126 : 0x1p-1022;
    const uint32_t is_far = wg__emit2(b, WG__OP_eq, size, wg__emit_full_like(b, size, INFINITY));
    const uint32_t unit =
        wg__emit2(b, WG__OP_maximum, power, wg__emit_full_like(b, power, least));

    const uint32_t u = wg__emit2(b, WG__OP_div, x, unit);
    const uint32_t v = wg__emit2(b, WG__OP_div, y, unit);
    const uint32_t sum = wg__emit2(b, WG__OP_add, wg__emit2(b, WG__OP_mul, u, u),
                                   wg__emit2(b, WG__OP_mul, v, v));
    const uint32_t is_origin = wg__emit2(b, WG__OP_eq, sum, wg__emit_full_like(b, sum, 0.0));
    const uint32_t below =
        wg__emit_select(b, is_origin, wg__emit_full_like(b, sum, 1.0), sum);
    const uint32_t turned = wg__emit2(b, WG__OP_div, wg__emit2(b, WG__OP_div, v, below), unit);
    return wg__emit_select(b, is_far, wg__emit_full_like(b, turned, 0.0), turned);
}

/* ---- running a rule ---- */

/* Pops the inputs of op, the last one first, and gives its result. */
static uint32_t apply(wg__builder *b, wg__op_id op, stack *values)
{
    const uint32_t last = pop(values);
    const int32_t in_count = wg__op_table[op].in_count;
    if (in_count == 1) return wg__emit1(b, op, last);
    const uint32_t middle = pop(values);
    if (in_count == 2) return wg__emit2(b, op, middle, last);
    WG_ASSERT(op == WG__OP_select);
    return wg__emit_select(b, pop(values), middle, last);
}

uint32_t wg__steps_run(const wg__step *step, const wg__node_view *node)
{
    wg__builder *b = node->builder;
    const uint32_t value[WG__VALUE_COUNT] = {
        [WG__VALUE_X] = node->in[0],
        [WG__VALUE_Y] = node->in_count > 1 ? node->in[1] : WG__NONE,
        [WG__VALUE_R] = node->r,
        [WG__VALUE_G] = node->g,
    };
    stack values = { .count = 0 };
    for (; step->kind != WG__STEP_END; step++) {
        const double number = step->number;
        switch (step->kind) {
        case WG__STEP_VALUE: push(&values, value[step->index]); break;
        case WG__STEP_NUMBER: push(&values, wg__emit_full_like(b, node->in[0], number)); break;
        case WG__STEP_APPLY: push(&values, apply(b, (wg__op_id)step->index, &values)); break;
        case WG__STEP_LARGER: push(&values, larger(b, &values)); break;
        case WG__STEP_GAP: push(&values, gap(b, &values)); break;
        case WG__STEP_GAUSSIAN: push(&values, gaussian(b, &values)); break;
        case WG__STEP_TURN: push(&values, turn(b, &values)); break;
        case WG__STEP_NONE: push(&values, WG__NONE); break;
        case WG__STEP_END: break;
        }
    }
    WG_ASSERT(values.count == 1);
    return pop(&values);
}

void wg__vjp_row(const wg__node_view *node, uint32_t *gradient)
{
    for (int32_t i = 0; i < node->in_count; i++)
        if (node->needed[i]) gradient[i] = wg__steps_run(rules[node->op][i], node);
}

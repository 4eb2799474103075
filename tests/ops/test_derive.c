/* Derivatives of the elementwise rows, all rows from the table: orders 1 to 3 against differences
 * of the order below, shapes, strides, shared inputs, levels. That the comparison would notice a
 * wrong rule is shown by altering every step of every rule.                                      */
#include "ops/rules.h"
#include "support/immediate.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 33, ORDER_MAX = 3 };

/* The derivative of an op by input path[0], of that by input path[1], and so on. */
typedef struct chain {
    wg__op_id op;
    int32_t order, path[ORDER_MAX];
    bool is_square;                    /* x stands in both inputs */
    const wg__step *rule;              /* of the first derivative, instead of the table's */
} chain;

typedef struct points { int64_t count; double x[COUNT], y[COUNT]; } points;

static const wg__op *op_of(const chain *c)
{
    return &wg__op_table[c->op];
}

static bool has_rule(int op)
{
    return wg__steps_of((wg__op_id)op, 0) != NULL;
}

/* A cotangent that tells elements and orders apart. */
static uint32_t weights(immediate *im, uint32_t like, int order)
{
    const wg__type *type = &im->node[like]->type;
    const int64_t count = immediate_count(im, like);
    double *weight = malloc(sizeof *weight * (size_t)(count + 1));
    for (int64_t i = 0; i < count; i++) weight[i] = 1 + 0.25 * (double)((i + order) % 3);
    const uint32_t value = immediate_f64(im, &type->shape, weight);
    free(weight);
    return wg__emit_cast(&im->builder, value, type->dtype);
}

static uint32_t first_derivative(immediate *im, const chain *c, const uint32_t *in, uint32_t r)
{
    const uint32_t g = weights(im, r, 0);
    if (c->rule == NULL) return immediate_grad(im, r, g, in[c->path[0]]);
    const wg__node_view node = { .builder = &im->builder,
                                 .op = c->op,
                                 .in_count = op_of(c)->in_count,
                                 .in = in,
                                 .r = r,
                                 .g = g };
    return wg__steps_run(c->rule, &node);
}

/* Runs a chain on values of the evaluator. */
static uint32_t run_chain(immediate *im, const chain *c, uint32_t x, uint32_t y)
{
    const uint32_t in[2] = { x, c->is_square ? x : y };
    const bool is_unary = op_of(c)->in_count == 1;
    uint32_t value = is_unary ? wg__emit1(&im->builder, c->op, x)
                              : wg__emit2(&im->builder, c->op, in[0], in[1]);
    for (int order = 0; order < c->order; order++) {
        if (order == 0) value = first_derivative(im, c, in, value);
        else value = immediate_grad(im, value, weights(im, value, order), in[c->path[order]]);
    }
    check_msg(im->status == WG_OK, "%s: %s", op_of(c)->name, im->why);
    return value;
}

static void evaluate_at(wg__level level, const chain *c, const points *at, double *out)
{
    immediate *im = immediate_create(level);
    const wg__shape shape = { .rank = 1, .dim = { at->count } };
    const uint32_t x = immediate_f64(im, &shape, at->x);
    const uint32_t y = immediate_f64(im, &shape, at->y);
    immediate_copy(im, run_chain(im, c, x, y), out);
    immediate_free(im);
}

static void evaluate(const chain *c, const points *at, double *out)
{
    evaluate_at(WG__PORTABLE, c, at, out);
}

/* ---- against differences ---- */

static double draw(uint64_t *state, double low, double high)
{
    return low + (high - low) * ((double)(test_random(state) >> 11) * 0x1p-53);
}

/* Near 0, x = y, a half, or a whole number of y in x: where some row has a kink or a jump. */
static bool is_near_kink(double x, double y)
{
    const double halves = 2 * x, ratio = x / y;
    return fabs(x - y) < 0.01 || fabs(halves - rint(halves)) < 0.02 ||
           fabs(ratio - rint(ratio)) * fabs(y) < 0.01;
}

/* Points of the row's domain, none of them within a few steps of a kink. */
static points draw_points(const wg__op *op, uint64_t *state)
{
    points at = { .count = COUNT };
    for (int i = 0; i < COUNT; i++) {
        do {
            at.x[i] = draw(state, op->low, op->high);
            at.y[i] = draw(state, op->low, op->high);
        } while (is_near_kink(at.x[i], at.y[i]));
    }
    return at;
}

/* Short against the distance to a pole at 0, and long against the last digit. */
static double step_at(double x)
{
    return 5e-4 * fmin(fabs(x), 1);
}

static void shift(const points *at, int input, double steps, points *out)
{
    *out = *at;
    double *moved = input == 0 ? out->x : out->y;
    for (int64_t i = 0; i < at->count; i++) moved[i] += steps * step_at(moved[i]);
}

/* The four-point central difference of a chain by an input, times the cotangent of the next order;
 * scale[i]: the largest magnitude it was taken from.                                             */
static void difference(const chain *c, const points *at, int input, double *out, double *scale)
{
    static const double steps[4] = { -2, -1, 1, 2 };
    static const double weight[4] = { 1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12 };
    const double *moved = input == 0 ? at->x : at->y;
    for (int64_t i = 0; i < at->count; i++) out[i] = scale[i] = 0;
    for (int k = 0; k < 4; k++) {
        points there;
        double value[COUNT];
        shift(at, input, steps[k], &there);
        evaluate(c, &there, value);
        for (int64_t i = 0; i < at->count; i++) {
            const double cotangent = 1 + 0.25 * (double)((i + c->order) % 3);
            out[i] += cotangent * weight[k] * value[i] / step_at(moved[i]);
            scale[i] = fmax(scale[i], fabs(value[i]));
        }
    }
}

/* Relative 1e-8, as far as the digits of what is subtracted allow: a step of 5e-4 leaves 12 of
 * 16.                                                                                            */
static bool agrees(double actual, double expected, double scale, double step)
{
    return fabs(actual - expected) <= 1e-8 * fabs(expected) + 4e-15 * scale / step;
}

/* The chain's derivative by `input` against its difference. Returns the first element that
 * disagrees, or -1.                                                                              */
static int64_t compare(const chain *c, const points *at, int input, const wg__step *rule)
{
    chain next = *c;
    double actual[COUNT], expected[COUNT], scale[COUNT];
    next.path[next.order++] = input;
    next.rule = rule;
    evaluate(&next, at, actual);
    difference(c, at, input, expected, scale);
    const double *moved = input == 0 ? at->x : at->y;
    for (int64_t i = 0; i < at->count; i++)
        if (!agrees(actual[i], expected[i], scale[i], step_at(moved[i]))) return i;
    return -1;
}

/* All derivatives up to the third by all inputs, depth first. */
static void check_orders(chain c, const points *at, uint64_t seed)
{
    for (int input = 0; input < op_of(&c)->in_count && !(c.is_square && input > 0); input++) {
        const int64_t i = compare(&c, at, input, NULL);
        check_msg(i < 0, "%s, order %d by input %d at (%.17g, %.17g), WG_SEED=%llu",
                  op_of(&c)->name, c.order + 1, input, at->x[i], at->y[i],
                  (unsigned long long)seed);
        if (c.order + 1 == ORDER_MAX) continue;
        chain next = c;
        next.path[next.order++] = input;
        check_orders(next, at, seed);
    }
}

Test(derive, every_row_agrees_with_differences_to_third_order)
{
    const uint64_t seed = test_seed();
    uint64_t state = seed;
    for (int op = 1; op < WG__OP_COUNT; op++) {
        if (!has_rule(op)) continue;
        const points at = draw_points(&wg__op_table[op], &state);
        check_orders((chain){ .op = (wg__op_id)op }, &at, seed);
    }
}

/* x in both inputs: the two cotangents must add. */
Test(derive, one_value_in_both_inputs_receives_both_cotangents)
{
    const uint64_t seed = test_seed();
    uint64_t state = seed;
    for (int op = 1; op < WG__OP_COUNT; op++) {
        if (!has_rule(op) || wg__op_table[op].in_count != 2) continue;
        const points at = draw_points(&wg__op_table[op], &state);
        check_orders((chain){ .op = (wg__op_id)op, .is_square = true }, &at, seed);
    }
}

/* ---- the comparison itself ---- */

enum { STEPS_MAX = 24 };
typedef struct mutant { wg__step step[STEPS_MAX]; int32_t count; } mutant;

static mutant copy_rule(const wg__step *rule)
{
    mutant copy = { .count = 0 };
    do {
        check(copy.count < STEPS_MAX);
        copy.step[copy.count] = rule[copy.count];
    } while (rule[copy.count++].kind != WG__STEP_END);
    return copy;
}

/* A wrong op with as many inputs; WG__OP_NONE where leaving the step out is the better mistake. */
static int32_t wrong_op(int32_t op)
{
    switch (op) {
    case WG__OP_add: return WG__OP_sub;
    case WG__OP_mul: return WG__OP_div;
    case WG__OP_div: return WG__OP_mul;
    case WG__OP_sin: return WG__OP_cos;
    case WG__OP_cos: return WG__OP_sin;
    case WG__OP_exp: return WG__OP_expm1;
    case WG__OP_logistic: return WG__OP_tanh;
    case WG__OP_sign: return WG__OP_abs;
    case WG__OP_sub: return WG__OP_add;
    case WG__OP_pow: return WG__OP_mul;
    case WG__OP_round: return WG__OP_sign;
    default: return WG__OP_NONE;
    }
}

/* Of select(a = 0, 0, ...): what says something at single points alone, which test_derive_edges.c
 * looks at.                                                                                      */
static bool is_guard(const mutant *m, int32_t i)
{
    for (int32_t j = i > 0 ? i - 1 : 0; j <= i + 2 && j < m->count; j++)
        if (m->step[j].kind == WG__STEP_APPLY &&
            (m->step[j].index == WG__OP_eq || m->step[j].index == WG__OP_and)) return true;
    return m->step[i].kind == WG__STEP_APPLY && m->step[i].index == WG__OP_select;
}

/* Alters step i in one of several ways; false if there is no such way. */
static bool alter(mutant *m, int32_t i, int32_t way, int32_t in_count)
{
    wg__step *step = &m->step[i];
    if (is_guard(m, i)) return false;
    if (step->kind == WG__STEP_VALUE) {
        const bool is_there = way < WG__VALUE_COUNT && (way != WG__VALUE_Y || in_count > 1);
        if (!is_there || way == step->index) return false;
        step->index = way;
        return true;
    }
    if (way > 0) return false;
    if (step->kind == WG__STEP_APPLY && wrong_op(step->index) != WG__OP_NONE) {
        step->index = wrong_op(step->index);
        return true;
    }
    if (step->kind == WG__STEP_APPLY || step->kind == WG__STEP_GAUSSIAN) {
        memmove(step, step + 1, sizeof *step * (size_t)(m->count - i - 1));
        return true;
    }
    step->number = step->number * 1.0001 + 1e-4;
    return step->kind == WG__STEP_NUMBER;
}

static bool is_same_rule(const chain *c, const points *at, const wg__step *rule)
{
    double as_is[COUNT], altered[COUNT];
    chain other = *c;
    other.rule = rule;
    evaluate(c, at, as_is);
    evaluate(&other, at, altered);
    for (int i = 0; i < COUNT; i++)
        if (!(fabs(as_is[i] - altered[i]) <= 1e-7 * fabs(as_is[i]))) return false;
    return true;
}

typedef struct tally { int caught, same; } tally;

/* All alterations of one rule: each must disagree with the differences or be the same rule. */
static void alter_rule(wg__op_id op, int32_t input, const points *at, tally *total)
{
    const wg__op *row = &wg__op_table[op];
    const mutant rule = copy_rule(wg__steps_of(op, input));
    const chain value = { .op = op };
    const chain slope = { .op = op, .order = 1, .path = { input } };
    for (int32_t i = 0; i < rule.count - 1; i++) {
        for (int32_t way = 0; way < WG__VALUE_COUNT; way++) {
            mutant altered = rule;
            if (!alter(&altered, i, way, row->in_count)) continue;
            if (compare(&value, at, input, altered.step) >= 0) {
                total->caught++;
                continue;
            }
            total->same++;
            check_msg(is_same_rule(&slope, at, altered.step),
                      "%s by input %d, step %d altered in way %d", row->name, input, i, way);
        }
    }
}

/* Every step of every rule is altered in every way: values exchanged, ops exchanged or left out,
 * constants off by 1e-4. Each altered rule that says something else must be caught; one says the
 * same (g / sign x for g sign x).                                                                */
Test(derive, every_altered_rule_is_noticed)
{
    uint64_t state = 1;
    tally total = { 0, 0 };
    for (int op = 1; op < WG__OP_COUNT; op++) {
        if (!has_rule(op)) continue;
        const wg__op_id id = (wg__op_id)op;
        const points at = draw_points(&wg__op_table[op], &state);
        for (int32_t input = 0; input < wg__op_table[op].in_count; input++)
            alter_rule(id, input, &at, &total);
    }
    check_msg(total.caught > 200, "%d caught", total.caught);
    check_equal_i(total.same, 1);
}

/* ---- shapes and strides ---- */

static const wg__shape shapes[] = {
    { .rank = 0 },
    { .rank = 1, .dim = { 0 } },
    { .rank = 2, .dim = { 0, 3 } },
    { .rank = 2, .dim = { 5, 1 } },
    { .rank = 4, .dim = { 2, 3, 1, 5 } },
    { .rank = 1, .dim = { 7 } },
    { .rank = 1, .dim = { 8 } },
    { .rank = 1, .dim = { 9 } },
    { .rank = 1, .dim = { 31 } },
    { .rank = 1, .dim = { 32 } },
    { .rank = 1, .dim = { 33 } },
    { .rank = 1, .dim = { 4097 } },
};
enum { SHAPE_COUNT = sizeof shapes / sizeof shapes[0], DATA_MAX = 2 * 4097 };

static void draw_data(const wg__op *op, int64_t count, double *x, double *y)
{
    uint64_t state = 7;
    for (int64_t i = 0; i < count; i++) {
        x[i] = draw(&state, op->low, op->high);
        y[i] = draw(&state, op->low, op->high);
    }
}

/* The result at one element of the data alone; i says which weights it has. */
static double run_alone(const chain *c, double x, double y, int64_t i)
{
    /* The weights of a value repeat after three elements. */
    const int64_t place = i % 3;
    points at = { .count = 3 };
    double out[3];
    for (int k = 0; k < 3; k++) {
        at.x[k] = x;
        at.y[k] = y;
    }
    evaluate(c, &at, out);
    return out[place];
}

/* Bits of an element do not depend on the shape it stands in. */
Test(derive, an_element_has_the_same_bits_in_every_shape)
{
    static double x[DATA_MAX], y[DATA_MAX];
    for (int op = 1; op < WG__OP_COUNT; op++) {
        if (!has_rule(op)) continue;
        const chain c = { .op = (wg__op_id)op, .order = 2 };
        draw_data(&wg__op_table[op], DATA_MAX, x, y);
        for (int s = 0; s < SHAPE_COUNT; s++) {
            immediate *im = immediate_create(WG__PORTABLE);
            const uint32_t left = immediate_f64(im, &shapes[s], x);
            const uint32_t right = immediate_f64(im, &shapes[s], y);
            const uint32_t value = run_chain(im, &c, left, right);
            const int64_t count = immediate_count(im, value);
            check(wg__shape_equal(&im->node[value]->type.shape, &shapes[s]));
            for (int64_t i = 0; i < count; i += count > 100 ? 97 : 1) {
                const double expected = run_alone(&c, x[i], y[i], i);
                const double actual = immediate_at(im, value, i);
                check_msg(memcmp(&actual, &expected, sizeof actual) == 0, "%s: %.17g, alone %.17g",
                          wg__op_table[op].name, actual, expected);
            }
            immediate_free(im);
        }
    }
}

Test(derive, every_level_gives_the_same_bits)
{
    for (int op = 1; op < WG__OP_COUNT; op++) {
        if (!has_rule(op)) continue;
        const chain c = { .op = (wg__op_id)op, .order = ORDER_MAX };
        points at = { .count = COUNT };
        double expected[COUNT], actual[COUNT];
        draw_data(&wg__op_table[op], COUNT, at.x, at.y);
        evaluate(&c, &at, expected);
        for (int level = 0; level < WG__LEVEL_COUNT; level++) {
            if (!wg__level_exists((wg__level)level)) continue;
            evaluate_at((wg__level)level, &c, &at, actual);
            check_bytes(actual, expected, sizeof actual);
        }
    }
}

/* A transposed x and a y that walks back: the bits are those of contiguous copies. */
Test(derive, strided_inputs_give_the_same_bits)
{
    enum { ROWS = 9, COLUMNS = 13, N = ROWS * COLUMNS };
    static double x[N], y[2 * N], straight[N], strided[N];
    const wg__shape shape = { .rank = 2, .dim = { ROWS, COLUMNS } };
    for (int op = 1; op < WG__OP_COUNT; op++) {
        if (!has_rule(op)) continue;
        const chain c = { .op = (wg__op_id)op, .order = 2 };
        draw_data(&wg__op_table[op], N, x, y);
        memcpy(y + N, y, sizeof *y * N);

        immediate *im = immediate_create(WG__PORTABLE);
        wg__array turned = wg__array_of(x, WG_F64, &shape);
        wg__array back = wg__array_of(y + 2 * N - 1, WG_F64, &shape);
        turned.stride[0] = 1;
        turned.stride[1] = ROWS;
        back.stride[0] = -2 * COLUMNS;
        back.stride[1] = -2;
        const uint32_t left = immediate_input(im, &turned);
        const uint32_t right = immediate_input(im, &back);
        double copy[2][N];
        immediate_copy(im, left, copy[0]);
        immediate_copy(im, right, copy[1]);
        immediate_copy(im, run_chain(im, &c, left, right), strided);
        immediate_copy(im, run_chain(im, &c, immediate_f64(im, &shape, copy[0]),
                                     immediate_f64(im, &shape, copy[1])), straight);
        check_bytes(strided, straight, sizeof straight);
        immediate_free(im);
    }
}

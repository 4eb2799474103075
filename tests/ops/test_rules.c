/* Derivative rules of reductions, matrix products, select and casts. All numbers are small whole
 * ones, so that sums are exact and identities hold without a tolerance.                          */
#include "ops/rules.h"
#include "support/immediate.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { COUNT_MAX = 4 * 4 * 4 * 4 };

static uint32_t draw_value(immediate *im, const wg__shape *shape, uint64_t *state)
{
    double data[COUNT_MAX];
    check(wg__shape_count(shape) <= COUNT_MAX);
    for (int i = 0; i < COUNT_MAX; i++) data[i] = (double)test_draw(state, -4, 4);
    return immediate_f64(im, shape, data);
}

static uint32_t draw_like(immediate *im, uint32_t value, uint64_t *state)
{
    const wg__shape shape = im->node[value]->type.shape;
    return draw_value(im, &shape, state);
}

static wg__shape draw_shape(uint64_t *state, int64_t low)
{
    wg__shape shape = { .rank = (int32_t)test_draw(state, 1, 4) };
    for (int32_t i = 0; i < shape.rank; i++) shape.dim[i] = test_draw(state, low, 4);
    return shape;
}

/* ---- reductions ---- */

Test(rules, the_cotangent_of_a_sum_is_repeated)
{
    uint64_t state = test_seed();
    for (int round = 0; round < 200; round++) {
        immediate *im = immediate_create(WG__PORTABLE);
        const wg__shape shape = draw_shape(&state, 0);
        const uint32_t axes = (uint32_t)test_draw(&state, 1, (1 << shape.rank) - 1);
        const uint32_t x = draw_value(im, &shape, &state);
        const uint32_t r = wg__emit_reduce(&im->builder, WG__OP_sum, x, axes);
        const uint32_t g = draw_like(im, r, &state);
        const uint32_t dx = immediate_grad(im, r, g, x);
        check(immediate_dot(im, g, r) == immediate_dot(im, dx, x));
        const uint32_t v = draw_like(im, x, &state);
        check(immediate_dot(im, v, dx) == immediate_dot(im, immediate_grad(im, dx, v, g), g));
        immediate_free(im);
    }
}

/* Each element that equals the result of its group has that share of its cotangent; the rest has
 * 0.                                                                                             */
static void check_shares(const immediate *im, uint32_t x, uint32_t r, uint32_t g, uint32_t dx,
                         int64_t groups, int64_t length)
{
    for (int64_t i = 0; i < groups; i++) {
        int64_t ties = 0;
        for (int64_t j = 0; j < length; j++)
            ties += immediate_at(im, x, i * length + j) == immediate_at(im, r, i);
        check(ties > 0);
        for (int64_t j = 0; j < length; j++) {
            const bool is_chosen = immediate_at(im, x, i * length + j) == immediate_at(im, r, i);
            const double share = immediate_at(im, g, i) / (double)ties;
            check(immediate_at(im, dx, i * length + j) == (is_chosen ? share : 0));
        }
    }
}

Test(rules, ties_of_a_maximum_share_evenly)
{
    uint64_t state = test_seed();
    for (int round = 0; round < 200; round++) {
        immediate *im = immediate_create(WG__PORTABLE);
        const wg__op_id op = round % 2 == 0 ? WG__OP_max : WG__OP_min;
        const wg__shape shape = { .rank = 3,
                                  .dim = { test_draw(&state, 1, 4), test_draw(&state, 1, 4),
                                           test_draw(&state, 1, 4) } };
        const uint32_t x = draw_value(im, &shape, &state);
        const uint32_t r = wg__emit_reduce(&im->builder, op, x, 6);
        const uint32_t g = draw_like(im, r, &state);
        const uint32_t dx = immediate_grad(im, r, g, x);
        check_shares(im, x, r, g, dx, shape.dim[0], shape.dim[1] * shape.dim[2]);
        /* Linear in g, constant in x. */
        const uint32_t v = draw_like(im, x, &state);
        const uint32_t dg = immediate_grad(im, dx, v, g);
        check_close(immediate_dot(im, v, dx), immediate_dot(im, dg, g), 1e-12);
        uint32_t none;
        immediate_vjp(im, dx, v, 1, &x, &none);
        check_equal_i(none, WG__NONE);
        immediate_free(im);
    }
}

/* NaN wins a maximum, and every element of its group then has a cotangent of NaN; other groups do
 * not.                                                                                           */
Test(rules, a_maximum_of_nan_spreads_nan)
{
    immediate *im = immediate_create(WG__PORTABLE);
    const wg__shape shape = { .rank = 2, .dim = { 2, 3 } };
    const wg__shape pair = { .rank = 1, .dim = { 2 } };
    const double data[] = { 1, NAN, 3, 4, 6, 6 };
    const double g[] = { 0, 2 };
    const uint32_t x = immediate_f64(im, &shape, data);
    const uint32_t r = wg__emit_reduce(&im->builder, WG__OP_max, x, 2);
    const uint32_t dx = immediate_grad(im, r, immediate_f64(im, &pair, g), x);
    for (int i = 0; i < 3; i++) check(isnan(immediate_at(im, dx, i)));
    check(immediate_at(im, dx, 3) == 0);
    check(immediate_at(im, dx, 4) == 1 && immediate_at(im, dx, 5) == 1);
    immediate_free(im);
}

/* ---- matrix products ---- */

/* <g, x y> is linear in each of g, x, y: each cotangent, and each cotangent of a cotangent, is the
 * same form with one place exchanged.                                                            */
Test(rules, matmul_passes_the_dot_test_to_third_order)
{
    uint64_t state = test_seed();
    for (int round = 0; round < 100; round++) {
        immediate *im = immediate_create(WG__PORTABLE);
        wg__shape x_shape = draw_shape(&state, 1);
        if (x_shape.rank < 2) x_shape.dim[x_shape.rank++] = 3;
        wg__shape y_shape = x_shape;
        y_shape.dim[x_shape.rank - 2] = x_shape.dim[x_shape.rank - 1];
        y_shape.dim[x_shape.rank - 1] = test_draw(&state, 1, 4);
        const uint32_t x = draw_value(im, &x_shape, &state);
        const uint32_t y = draw_value(im, &y_shape, &state);
        const uint32_t r = wg__emit2(&im->builder, WG__OP_matmul, x, y);
        const uint32_t g = draw_like(im, r, &state);
        const double form = immediate_dot(im, g, r);
        const uint32_t dx = immediate_grad(im, r, g, x);
        const uint32_t dy = immediate_grad(im, r, g, y);
        check(immediate_dot(im, dx, x) == form && immediate_dot(im, dy, y) == form);
        check(immediate_dot(im, immediate_grad(im, dx, x, g), g) == form);
        check(immediate_dot(im, immediate_grad(im, dx, x, y), y) == form);
        check(immediate_dot(im, immediate_grad(im, dy, y, x), x) == form);
        const uint32_t third = immediate_grad(im, immediate_grad(im, dx, x, g), g, x);
        check(immediate_dot(im, third, x) == form);
        immediate_free(im);
    }
}

/* ---- select and casts ---- */

Test(rules, select_sends_each_cotangent_one_way)
{
    immediate *im = immediate_create(WG__PORTABLE);
    wg__builder *b = &im->builder;
    const wg__shape shape = { .rank = 1, .dim = { 4 } };
    const double left[] = { 1, NAN, 3, INFINITY };
    const double right[] = { NAN, 6, INFINITY, 8 };
    const int32_t choice[] = { 1, 0, 1, 0 };
    const double g[] = { 10, 20, 30, 40 };
    const uint32_t x = immediate_f64(im, &shape, left);
    const uint32_t y = immediate_f64(im, &shape, right);
    const uint32_t condition = wg__emit_cast(b, immediate_i32(im, &shape, choice), WG_BOOL);
    const uint32_t r = wg__emit_select(b, condition, x, y);
    uint32_t d[3];
    immediate_vjp(im, r, immediate_f64(im, &shape, g), 3, (const uint32_t[]){ condition, x, y }, d);
    check_equal_i(d[0], WG__NONE);
    for (int i = 0; i < 4; i++) {
        check(immediate_at(im, d[1], i) == (choice[i] ? g[i] : 0));
        check(immediate_at(im, d[2], i) == (choice[i] ? 0 : g[i]));
    }
    immediate_free(im);
}

/* A cast to f32 and back: the cotangent takes the way back, rounded once. */
Test(rules, a_cast_is_undone_by_a_cast)
{
    immediate *im = immediate_create(WG__PORTABLE);
    wg__builder *b = &im->builder;
    const wg__shape scalar = { .rank = 0 };
    const double at = 0.1;
    const uint32_t x = immediate_f64(im, &scalar, &at);
    const uint32_t narrow = wg__emit_cast(b, x, WG_F32);
    const uint32_t g = wg__emit_full_like(b, narrow, 0.3);
    const uint32_t dx = immediate_grad(im, narrow, g, x);
    check_equal_i(im->node[dx]->type.dtype, WG_F64);
    check(immediate_at(im, dx, 0) == (double)0.3f);
    immediate_free(im);
}

/* ---- what carries no derivative ---- */

/* Integers, truth values, bits, indices and markers stop a gradient without an error. */
Test(rules, gradients_stop_at_what_is_not_a_real_number)
{
    immediate *im = immediate_create(WG__PORTABLE);
    wg__builder *b = &im->builder;
    const wg__shape shape = { .rank = 1, .dim = { 3 } };
    const double data[] = { 1, 2, 3 };
    const uint32_t x = immediate_f64(im, &shape, data);
    const uint32_t whole = wg__emit_cast(b, x, WG_I32);
    const uint32_t stops[] = {
        wg__emit_cast(b, whole, WG_F64),
        wg__emit_cast(b, wg__emit2(b, WG__OP_lt, x, x), WG_F64),
        wg__emit_bitcast(b, wg__emit_bitcast(b, x, WG_I64), WG_F64),
        wg__emit1(b, WG__OP_stop_gradient, x),
        wg__emit1(b, WG__OP_sign, x),
    };
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        uint32_t dx;
        immediate_vjp(im, stops[i], x, 1, &x, &dx);
        check_equal_i(dx, WG__NONE);
    }
    check_equal_i(im->status, WG_OK);
    immediate_free(im);
}

/* Only what is needed is computed; without a cotangent nothing is. */
Test(rules, a_rule_gives_what_is_needed_and_no_more)
{
    immediate *im = immediate_create(WG__PORTABLE);
    const wg__shape square = { .rank = 2, .dim = { 2, 2 } };
    const double data[] = { 1, 2, 3, 4 };
    const uint32_t in[2] = { immediate_f64(im, &square, data), immediate_f64(im, &square, data) };
    static const wg__op_id ops[] = { WG__OP_add, WG__OP_mul, WG__OP_div, WG__OP_maximum,
                                     WG__OP_logaddexp, WG__OP_matmul };
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        const uint32_t r = wg__emit2(&im->builder, ops[i], in[0], in[1]);
        for (int one = 0; one < 2; one++) {
            const bool needed[2] = { one == 0, one == 1 };
            uint32_t d[2];
            wg__node_view node = { .builder = &im->builder, .op = ops[i], .in_count = 2, .in = in,
                                   .needed = needed, .r = r, .g = r };
            wg__vjp(&node, d);
            check(d[one] != WG__NONE && d[1 - one] == WG__NONE);
            node.g = WG__NONE;
            const int64_t count = im->count;
            wg__vjp(&node, d);
            check(d[0] == WG__NONE && d[1] == WG__NONE && im->count == count);
        }
    }
    immediate_free(im);
}

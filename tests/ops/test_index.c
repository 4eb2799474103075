/* gather and scatter_add against loops over every element, their derivatives by the dot test, the
 * order of their sums, and indices that do not exist.                                            */
#include "ops/rules.h"
#include "support/immediate.h"
#include "support/test.h"

#include <float.h>
#include <math.h>
#include <string.h>

static uint32_t emit(immediate *im, wg__op_id op, int32_t in_count, const uint32_t *in,
                     int64_t axis)
{
    return im->builder.emit(&im->builder, &(wg__request){ .op = op,
                                                          .in_count = in_count,
                                                          .in = in,
                                                          .attribute = &axis,
                                                          .attribute_count = 1 });
}

static uint32_t gather(immediate *im, uint32_t x, uint32_t index, int64_t axis)
{
    return emit(im, WG__OP_gather, 2, (const uint32_t[]){ x, index }, axis);
}

static uint32_t scatter_add(immediate *im, uint32_t x, uint32_t index, uint32_t update,
                            int64_t axis)
{
    return emit(im, WG__OP_scatter_add, 3, (const uint32_t[]){ x, index, update }, axis);
}

/* ---- random problems ---- */

/* x [before, n, after], index [i, j], taken [before, i, j, after]; all numbers whole. */
typedef struct problem {
    int64_t before, n, after, i, j;
    int64_t index[36];
    double x[6 * 6 * 6], taken[6 * 36 * 6];
} problem;

static problem draw_problem(uint64_t *state)
{
    problem p = { .before = test_draw(state, 1, 4),
                  .n = test_draw(state, 1, 6),
                  .after = test_draw(state, 1, 6),
                  .i = test_draw(state, 0, 5),
                  .j = test_draw(state, 1, 4) };
    for (int k = 0; k < 36; k++) p.index[k] = test_draw(state, 0, p.n - 1);
    for (size_t k = 0; k < sizeof p.x / sizeof *p.x; k++) p.x[k] = (double)test_draw(state, -9, 9);
    for (size_t k = 0; k < sizeof p.taken / sizeof *p.taken; k++)
        p.taken[k] = (double)test_draw(state, -9, 9);
    return p;
}

typedef struct values { uint32_t x, index, taken; } values;

/* Round by round as they are, with an i32 index, or with after leading in memory. */
static values make_values(immediate *im, const problem *p, int round)
{
    wg__builder *b = &im->builder;
    const wg__shape x = { .rank = 3, .dim = { p->before, p->n, p->after } };
    const wg__shape index = { .rank = 2, .dim = { p->i, p->j } };
    const wg__shape taken = { .rank = 4, .dim = { p->before, p->i, p->j, p->after } };
    values v = { immediate_f64(im, &x, p->x), immediate_i64(im, &index, p->index),
                 immediate_f64(im, &taken, p->taken) };
    if (round % 2 == 1) v.index = wg__emit_cast(b, v.index, WG_I32);
    if (round % 4 < 2) return v;
    im->copies_views = true;
    const int64_t forth[] = { 2, 0, 1 };
    const int64_t back[] = { 1, 2, 0 };
    const uint32_t turned = wg__emit_permute(b, v.x, forth, 3);
    v.taken = wg__emit_transpose(b, wg__emit_transpose(b, v.taken));
    im->copies_views = false;
    v.x = wg__emit_permute(b, turned, back, 3);
    return v;
}

static int64_t place(const problem *p, int64_t before, int64_t k, int64_t after)
{
    return (before * p->i * p->j + k) * p->after + after;
}

Test(index, gather_takes_and_scatter_add_gives_back)
{
    const uint64_t seed = test_seed();
    uint64_t state = seed;
    for (int round = 0; round < 200; round++) {
        const problem p = draw_problem(&state);
        immediate *im = immediate_create(WG__PORTABLE);
        const values v = make_values(im, &p, round);
        const uint32_t taken = gather(im, v.x, v.index, 1);
        const uint32_t sum = scatter_add(im, v.x, v.index, v.taken, 1);
        check_msg(im->status == WG_OK, "%s, WG_SEED=%llu", im->why, (unsigned long long)seed);
        for (int64_t b = 0; b < p.before; b++) {
            for (int64_t a = 0; a < p.after; a++) {
                double expected[6];
                for (int64_t n = 0; n < p.n; n++) expected[n] = p.x[(b * p.n + n) * p.after + a];
                for (int64_t k = 0; k < p.i * p.j; k++) {
                    const double x = p.x[(b * p.n + p.index[k]) * p.after + a];
                    check(immediate_at(im, taken, place(&p, b, k, a)) == x);
                    expected[p.index[k]] += p.taken[place(&p, b, k, a)];
                }
                for (int64_t n = 0; n < p.n; n++)
                    check(immediate_at(im, sum, (b * p.n + n) * p.after + a) == expected[n]);
            }
        }
        immediate_free(im);
    }
}

/* <g, gather(x)> = <dx, x>, and for scatter_add by both inputs; then the same of the derivatives,
 * which are the other op. The index receives nothing.                                            */
Test(index, derivatives_pass_the_dot_test)
{
    const uint64_t seed = test_seed();
    uint64_t state = seed;
    for (int round = 0; round < 100; round++) {
        const problem p = draw_problem(&state);
        immediate *im = immediate_create(WG__PORTABLE);
        const values v = make_values(im, &p, round);

        const uint32_t taken = gather(im, v.x, v.index, 1);
        const uint32_t dx = immediate_grad(im, taken, v.taken, v.x);
        check(immediate_dot(im, v.taken, taken) == immediate_dot(im, dx, v.x));
        const uint32_t again = immediate_grad(im, dx, v.x, v.taken);
        check(immediate_dot(im, v.x, dx) == immediate_dot(im, again, v.taken));

        const uint32_t sum = scatter_add(im, v.x, v.index, v.taken, 1);
        uint32_t d[3];
        immediate_vjp(im, sum, v.x, 3, (const uint32_t[]){ v.x, v.index, v.taken }, d);
        check_equal_i(d[1], WG__NONE);
        check(immediate_dot(im, v.x, sum) ==
              immediate_dot(im, d[0], v.x) + immediate_dot(im, d[2], v.taken));
        immediate_free(im);
    }
}

/* In this order 2^53 swallows both ones before it is taken back; 3 remains. */
Test(index, scatter_add_adds_in_ascending_order)
{
    immediate *im = immediate_create(WG__PORTABLE);
    const wg__shape one = { .rank = 1, .dim = { 1 } };
    const wg__shape four = { .rank = 1, .dim = { 4 } };
    const double start = 1;
    const double update[] = { 0x1p53, 1, -0x1p53, 3 };
    const int32_t index[] = { 0, 0, 0, 0 };
    const uint32_t sum = scatter_add(im, immediate_f64(im, &one, &start),
                                     immediate_i32(im, &four, index),
                                     immediate_f64(im, &four, update), 0);
    check(immediate_at(im, sum, 0) == 3);
    immediate_free(im);
}

Test(index, integers_wrap)
{
    immediate *im = immediate_create(WG__PORTABLE);
    wg__builder *b = &im->builder;
    const wg__shape one = { .rank = 1, .dim = { 1 } };
    const int64_t large = INT64_MAX;
    const int64_t two = 2;
    const int32_t zero = 0;
    const uint32_t index = immediate_i32(im, &one, &zero);
    const uint32_t x = immediate_i64(im, &one, &large);
    const uint32_t sum = scatter_add(im, x, index, immediate_i64(im, &one, &two), 0);
    check_equal_i(((const int64_t *)immediate_array(im, sum)->data)[0], INT64_MIN + 1);
    const uint32_t bytes = wg__emit_full_like(b, wg__emit_cast(b, x, WG_U8), 200);
    check(immediate_at(im, scatter_add(im, bytes, index, bytes, 0), 0) == 144);
    immediate_free(im);
}

/* Each wrong index is found wherever it stands, and no memory outside is touched (sanitisers
 * see).                                                                                          */
Test(index, an_index_out_of_range_is_an_error)
{
    static const int64_t wrong[] = { -1, 5, INT64_MIN, INT64_MAX, 0x100000000 };
    for (size_t w = 0; w < sizeof wrong / sizeof wrong[0]; w++) {
        for (int at = 0; at < 7; at++) {
            for (int op = 0; op < 2; op++) {
                immediate *im = immediate_create(WG__PORTABLE);
                const wg__shape five = { .rank = 1, .dim = { 5 } };
                const wg__shape seven = { .rank = 1, .dim = { 7 } };
                const double data[7] = { 0 };
                int64_t index[7] = { 0, 4, 0, 1, 2, 3, 4 };
                index[at] = wrong[w];
                const uint32_t x = immediate_f64(im, &five, data);
                const uint32_t places = immediate_i64(im, &seven, index);
                const uint32_t update = immediate_f64(im, &seven, data);
                const uint32_t r = op == 0 ? gather(im, x, places, 0)
                                           : scatter_add(im, x, places, update, 0);
                check_equal_i(r, WG__NONE);
                check_status(im->status, WG_EINDEX);
                immediate_free(im);
            }
        }
    }
}

/* Nothing indexed: no index is wrong, even into an axis without entries. */
Test(index, an_empty_index_takes_nothing)
{
    immediate *im = immediate_create(WG__PORTABLE);
    const wg__shape empty = { .rank = 2, .dim = { 0, 3 } };
    const wg__shape none = { .rank = 1, .dim = { 0 } };
    const uint32_t x = immediate_f64(im, &empty, NULL);
    const uint32_t index = immediate_i32(im, &none, NULL);
    const uint32_t r = gather(im, x, index, 0);
    check_equal_i(immediate_count(im, r), 0);
    check_equal_i(immediate_count(im, scatter_add(im, x, index, r, 0)), 0);
    check_equal_i(im->status, WG_OK);
    immediate_free(im);
}

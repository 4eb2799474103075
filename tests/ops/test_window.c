/* Windows against the formula of their places, overlap_add against loops in the order of the taps,
 * each as the other's derivative, and geometries that make no sense.                             */
#include "ops/rules.h"
#include "support/difference.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENTS_MAX = 4096, ROUNDS = 200 };

/* x [before, n, after] and windows over its middle axis: [before, count, after, extent]. */
typedef struct problem {
    int64_t before, n, after, count, extent, stride, dilation;
    wg__shape x, taken;
} problem;

static problem draw_problem(uint64_t *state)
{
    problem p = { .before = test_draw(state, 1, 3), .after = test_draw(state, 1, 4),
                  .extent = test_draw(state, 1, 4), .stride = test_draw(state, 1, 4),
                  .dilation = test_draw(state, 1, 3) };
    const int64_t span = (p.extent - 1) * p.dilation + 1;
    p.n = span + test_draw(state, 0, 12);
    p.count = 0;
    while (p.count * p.stride + span <= p.n) p.count++;
    p.x = (wg__shape){ .rank = 3, .dim = { p.before, p.n, p.after } };
    p.taken = (wg__shape){ .rank = 4, .dim = { p.before, p.count, p.after, p.extent } };
    return p;
}

static uint32_t draw_value(immediate *im, const wg__shape *shape, uint64_t *state)
{
    double data[ELEMENTS_MAX];
    check(wg__shape_count(shape) <= ELEMENTS_MAX);
    for (int i = 0; i < ELEMENTS_MAX; i++) data[i] = (double)test_draw(state, -9, 9);
    return immediate_f64(im, shape, data);
}

/* Where element (i, window, j, tap) is taken from. */
static int64_t place(const problem *p, int64_t i, int64_t window, int64_t j, int64_t tap)
{
    return (i * p->n + window * p->stride + tap * p->dilation) * p->after + j;
}

Test(window, windows_have_the_elements_of_their_places)
{
    uint64_t state = test_seed();
    for (int round = 0; round < ROUNDS; round++) {
        immediate *im = immediate_create(WG__PORTABLE);
        im->copies_views = round % 2 == 1;
        const problem p = draw_problem(&state);
        uint32_t x = draw_value(im, &p.x, &state);
        if (round % 3 == 0) x = wg__emit_slice(&im->builder, x, 1, p.n - 1, -1, -1);
        const uint32_t r = wg__emit_windows(&im->builder, x, 1, p.extent, p.stride, p.dilation);
        check_msg(im->status == WG_OK, "%s", im->why);
        check(wg__shape_equal(&im->node[r]->type.shape, &p.taken));
        int64_t at = 0;
        for (int64_t i = 0; i < p.before; i++)
            for (int64_t w = 0; w < p.count; w++)
                for (int64_t j = 0; j < p.after; j++)
                    for (int64_t tap = 0; tap < p.extent; tap++, at++)
                        check(immediate_at(im, r, at) ==
                              immediate_at(im, x, place(&p, i, w, j, tap)));
        immediate_free(im);
    }
}

/* f32 of many magnitudes: another order of the taps would have other bits. */
Test(window, overlap_add_adds_in_the_order_of_the_taps)
{
    static float taken[ELEMENTS_MAX], expected[ELEMENTS_MAX];
    uint64_t state = test_seed();
    for (int round = 0; round < ROUNDS; round++) {
        immediate *im = immediate_create(WG__PORTABLE);
        const problem p = draw_problem(&state);
        for (int i = 0; i < ELEMENTS_MAX; i++)
            taken[i] = ldexpf((float)test_draw(&state, -99, 99), (int)test_draw(&state, -12, 12));
        memset(expected, 0, sizeof expected);
        for (int64_t tap = 0; tap < p.extent; tap++)
            for (int64_t i = 0; i < p.before; i++)
                for (int64_t w = 0; w < p.count; w++)
                    for (int64_t j = 0; j < p.after; j++)
                        expected[place(&p, i, w, j, tap)] +=
                            taken[((i * p.count + w) * p.after + j) * p.extent + tap];
        uint32_t x = immediate_f32(im, &p.taken, taken);
        if (round % 2 == 1) {   /* the same, but for where it lies */
            im->copies_views = true;
            x = wg__emit_transpose(&im->builder, x);
            im->copies_views = false;
            x = wg__emit_transpose(&im->builder, x);
        }
        const uint32_t r =
            wg__emit_overlap_add(&im->builder, x, 1, p.stride, p.dilation, p.n);
        check_msg(im->status == WG_OK, "%s", im->why);
        check(wg__shape_equal(&im->node[r]->type.shape, &p.x));
        float actual[ELEMENTS_MAX];
        immediate_copy(im, r, actual);
        check_bytes(actual, expected, sizeof(float) * (size_t)(p.before * p.n * p.after));
        immediate_free(im);
    }
}

Test(window, integers_overlap_too)
{
    immediate *im = immediate_create(WG__PORTABLE);
    const wg__shape shape = { .rank = 2, .dim = { 3, 2 } };
    const int32_t data[] = { 1, 2, INT32_MAX, 4, 5, 6 };
    const uint32_t x = immediate_i32(im, &shape, data);
    const uint32_t r = wg__emit_overlap_add(&im->builder, x, 0, 1, 1, 4);
    const double expected[] = { 1, -0x1p31 + 1, 9, 6 };
    for (int i = 0; i < 4; i++) check(immediate_at(im, r, i) == expected[i]);
    immediate_free(im);
}

/* ---- derivatives ---- */

static void check_adjoint(immediate *im, uint32_t r, uint32_t x, uint64_t *state)
{
    const uint32_t g = draw_value(im, &im->node[r]->type.shape, state);
    const uint32_t dx = immediate_grad(im, r, g, x);
    check_msg(im->status == WG_OK, "%s", im->why);
    check(immediate_dot(im, g, r) == immediate_dot(im, dx, x));
    const uint32_t v = draw_value(im, &im->node[x]->type.shape, state);
    check(immediate_dot(im, v, dx) == immediate_dot(im, immediate_grad(im, dx, v, g), g));
}

Test(window, each_is_the_derivative_of_the_other)
{
    uint64_t state = test_seed();
    for (int round = 0; round < ROUNDS; round++) {
        immediate *im = immediate_create(WG__PORTABLE);
        wg__builder *b = &im->builder;
        const problem p = draw_problem(&state);
        const uint32_t x = draw_value(im, &p.x, &state), y = draw_value(im, &p.taken, &state);
        check_adjoint(im, wg__emit_windows(b, x, 1, p.extent, p.stride, p.dilation), x, &state);
        check_adjoint(im, wg__emit_overlap_add(b, y, 1, p.stride, p.dilation, p.n), y, &state);
        immediate_free(im);
    }
}

/* Windows over both axes, products, a maximum, all added up again. */
static uint32_t pooled(immediate *im, uint32_t x)
{
    wg__builder *b = &im->builder;
    const uint32_t rows = wg__emit_windows(b, x, 0, 2, 1, 2);
    const uint32_t both = wg__emit_windows(b, rows, 1, 3, 2, 1);
    const uint32_t cube = wg__emit2(b, WG__OP_mul, wg__emit2(b, WG__OP_mul, both, both), both);
    const uint32_t most = wg__emit_reduce(b, WG__OP_max, wg__emit1(b, WG__OP_exp, both), 8);
    const uint32_t added = wg__emit_overlap_add(b, cube, 1, 2, 1, 5);
    return wg__emit2(b, WG__OP_mul, wg__emit_reduce(b, WG__OP_sum, added, 2),
                     wg__emit_reduce(b, WG__OP_sum, most, 2));
}

Test(window, compositions_agree_with_differences_to_third_order)
{
    const wg__shape shape = { .rank = 2, .dim = { 4, 5 } };
    double x[20];
    for (int i = 0; i < 20; i++) x[i] = 0.05 * (double)(i * 7 % 20) - 0.4;
    difference_check("windows", pooled, &shape, x);
}

/* ---- refused ---- */

static void check_refused(wg__op_id op, const int64_t *attribute, int32_t rank, const int64_t *dim,
                          int status, const char *expected)
{
    char text[200];
    wg__text why = wg__text_of(text, sizeof text);
    wg__type in = { .dtype = WG_F32, .shape = { .rank = rank } }, out;
    for (int32_t i = 0; i < rank; i++) in.shape.dim[i] = dim[i];
    const wg__request request = { .op = op, .in_count = 1, .attribute = attribute,
                                  .attribute_count = 4 };
    check_status(wg__infer(&request, &in, &out, &why), status);
    check_text(text, expected);
}
#define REFUSED(op, status, expected, rank, ...)                                                   \
    check_refused(WG__OP_##op, (const int64_t[4]){ __VA_ARGS__ }, rank, dim, status, expected)

Test(window, geometries_without_sense_are_refused)
{
    const int64_t dim[] = { 2, 5, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    REFUSED(windows, WG_EAXIS, "axis 2 of [2, 5]", 2, 2, 1, 1, 1);
    REFUSED(windows, WG_EINVALID, "extent 0, stride 1, dilation 1: 1 at least expected", 2, 1, 0,
            1, 1);
    REFUSED(windows, WG_EINVALID, "extent 1, stride -1, dilation 1: 1 at least expected", 2, 1, 1,
            -1, 1);
    REFUSED(windows, WG_ESHAPE, "3 elements, 3 apart, do not fit into 5", 2, 1, 3, 1, 3);
    REFUSED(windows, WG_ESHAPE,
            "9223372036854775807 elements, 9223372036854775807 apart, do not fit into 5", 2, 1,
            INT64_MAX, INT64_MAX, INT64_MAX);
    REFUSED(windows, WG_ELIMIT, "[2, 5, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1] has too many axes", 12, 1, 1,
            1, 1);
    REFUSED(overlap_add, WG_EAXIS, "axis 2 of [2, 5]", 3, 2, 1, 1, 7);
    REFUSED(overlap_add, WG_ESHAPE,
            "axis 1 of [2, 5, 3] has 5 windows, where 8 elements have 6", 3, 1, 1, 1, 8);
    REFUSED(overlap_add, WG_ESHAPE, "3 elements, 1 apart, do not fit into 0", 3, 1, 1, 1, 0);
    REFUSED(overlap_add, WG_EINVALID, "extent 3, stride 0, dilation 1: 1 at least expected", 3, 1,
            0, 1, 7);
}

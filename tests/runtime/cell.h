/* A cell whose steps can run as a scan or unrolled by hand: what a scan must give are the bits of
 * the unrolled steps as values, and their derivatives up to the order of sums. */
#ifndef WG_TEST_CELL_H
#define WG_TEST_CELL_H

#include "support/test.h"

#include <math.h>
#include <wengert/wengert.h>

enum { STEPS_MAX = 33, ROWS = 3, WIDTH = 5, INPUTS = 4 };

static inline double wave(int64_t i)
{
    return (double)((i * 2654435761u) % 4096) / 2048.0 - 1;
}

/* ---- a cell, and both ways to run it ---- */

/* Weights from outside. */
typedef struct cell { wg_var w, u, b; } cell;

/* Carries: state [ROWS, WIDTH] and a count of steps. y: the state times the count, and whether its
 * first element is positive. */
static inline int cell_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const cell *c = user;
    const wg_var sum = wg_add(wg_add(wg_matmul(carry[0], c->w), wg_matmul(x[0], c->u)), c->b);
    carry[1] = wg_add(carry[1], wg_number(carry[1], 1));
    carry[0] = wg_tanh(sum);
    y[0] = wg_mul(carry[0], wg_cast(carry[1], wg_dtype_of(sum)));
    y[1] = wg_gt(sum, wg_number(sum, 0));
    return 0;
}

static inline wg_var part_of(wg_var x, int64_t t)
{
    return wg_squeeze(wg_slice(x, 0, t, t + 1, 1), WG_AXES(0));
}

/* The steps one by one. */
static inline void unroll(wg_scan_body *body, void *user, wg_var *carry, wg_var x, int64_t y_count,
                          wg_var *y, bool reverse)
{
    wg_var all[4][STEPS_MAX];
    const int64_t length = wg_extent(x, 0);
    for (int64_t i = 0; i < length; i++) {
        const int64_t t = reverse ? length - 1 - i : i;
        const wg_var part = part_of(x, t);
        wg_var out[4];
        check_status(body(carry, &part, out, user), WG_OK);
        for (int64_t k = 0; k < y_count; k++) all[k][t] = out[k];
    }
    for (int64_t k = 0; k < y_count; k++) y[k] = wg_stack(length, all[k], 0);
}

typedef struct problem {
    int64_t length, every;
    bool reverse, is_scan;
    wg_dtype dtype;
} problem;

static double data[4][STEPS_MAX * ROWS * INPUTS];

static inline wg_var input_of(wg_tape *tape, int i, wg_dtype dtype, wg_shape shape)
{
    const int64_t count = wg_shape_count(shape);
    for (int64_t j = 0; j < count; j++) data[i][j] = 0.7 * wave(1000 * i + j + 1);
    return wg_cast(wg_input(tape, NULL, wg_f64(data[i], shape)), dtype);
}

enum { X, W, U, B, STATE, IN_COUNT };
typedef struct recorded { wg_var in[IN_COUNT], carry[2], y[2], loss; } recorded;

static inline void record(wg_tape *tape, const problem *p, recorded *r)
{
    static double state[ROWS * WIDTH];
    for (int i = 0; i < ROWS * WIDTH; i++) state[i] = 0.3 * wave(i + 77);
    const wg_var zero = wg_full(tape, WG_I32, WG_SCALAR, 0);
    r->in[X] = input_of(tape, 0, p->dtype, WG_SHAPE(p->length, ROWS, INPUTS));
    r->in[W] = input_of(tape, 1, p->dtype, WG_SHAPE(WIDTH, WIDTH));
    r->in[U] = input_of(tape, 2, p->dtype, WG_SHAPE(INPUTS, WIDTH));
    r->in[B] = input_of(tape, 3, p->dtype, WG_SHAPE(WIDTH));
    r->in[STATE] = wg_cast(wg_input(tape, NULL, wg_f64(state, WG_SHAPE(ROWS, WIDTH))), p->dtype);
    cell c = { r->in[W], r->in[U], r->in[B] };
    r->carry[0] = r->in[STATE];
    r->carry[1] = zero;
    if (p->is_scan)
        check_msg(wg_scan(cell_step, &c, 2, r->carry, 1, &r->in[X], 2, r->y,
                          WG_OPTIONS(wg_scan_options, .reverse = p->reverse,
                                     .recompute_every = p->every)) == WG_OK,
                  "%s", wg_tape_message(tape));
    else
        unroll(cell_step, &c, r->carry, r->in[X], 2, r->y, p->reverse);
    r->loss = wg_add(wg_sum(wg_square(r->y[0]), WG_ALL), wg_sum(r->carry[0], WG_ALL));
}

static inline double read_all(wg_runtime *runtime, wg_tape *tape, wg_var x, double *out)
{
    const int64_t count = wg_shape_count(wg_shape_of(x));
    double largest = 0;
    const int status = wg_read_f64(runtime, wg_cast(x, WG_F64), out, count);
    check_msg(status >= 0, "%s", wg_tape_message(tape));
    for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs(out[i]));
    return largest;
}

static inline void check_alike(wg_runtime *runtime, wg_tape *tape, wg_var found, wg_var expected,
                               double tolerance)
{
    static double x[STEPS_MAX * ROWS * WIDTH], y[STEPS_MAX * ROWS * WIDTH];
    const wg_shape shape = wg_shape_of(expected);
    check_equal_i(wg_shape_of(found).rank, shape.rank);
    for (int i = 0; i < shape.rank; i++) check_equal_i(wg_shape_of(found).dim[i], shape.dim[i]);
    const int64_t count = wg_shape_count(shape);
    read_all(runtime, tape, found, x);
    const double largest = read_all(runtime, tape, expected, y);
    for (int64_t i = 0; i < count; i++)
        check_msg(fabs(x[i] - y[i]) <= tolerance * (largest + 1e-300),
                  "element %lld: %.17g, not %.17g", (long long)i, x[i], y[i]);
}

static inline wg_runtime *runtime_of(int threads)
{
    return wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
}

/* One sum of the gradients of all, whose gradient is the next order. */
static inline wg_var mixed(const wg_var *gradient)
{
    wg_var sum = wg_sum(wg_square(gradient[0]), WG_ALL);
    for (int i = 1; i < IN_COUNT; i++) {
        const wg_var scaled = wg_scale(gradient[i], 1 + 0.1 * i);
        sum = wg_add(sum, wg_sum(wg_square(scaled), WG_ALL));
    }
    return sum;
}

#endif

/* Random programs of 5 to 60 steps: gradients, second and third derivatives by reverse sweeps, run
 * by the runtime, against forward mode in dual numbers, which shares no line with the library.
 * On the same programs: J v and w J pass the dot test, and Hessians are symmetric.
 *
 * With L = sum w y, directions u and v, and e any element of a leaf,
 *
 *     dL/de,    D2 L [u, e],    D3 L [u, v, e]
 *
 * are the gradients of L, of its derivative along u, and of the derivative of that along v. */
#include "graph/internal.h"
#include "support/sketch.h"
#include "support/specimen.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <wengert/wengert.h>

enum { ORDERS = 3, LEAF_ELEMENTS_MAX = 16, LOOSE_MAX = 1 };

typedef struct bench {
    sketch s;
    wg_runtime *runtime;
    wg_tape *tape;
    uint64_t seed;
    int64_t loose;             /* of a round of programs, those that cancel too far */
    double data[SKETCH_LEAVES][LEAF_ELEMENTS_MAX];
    wg_var value[SKETCH_NODES_MAX];
} bench;

/* ---- numbers that tell elements apart ---- */

/* Of stream 0 the weight of a step's element, of 1 and 2 the directions of a leaf's. */
static double number_at(int stream, int node, int64_t i)
{
    return sin(1 + 7 * stream + 3 * node + 1.7 * (double)i);
}

static wg_var numbers(bench *b, int stream, int node)
{
    double data[SKETCH_ELEMENTS_MAX];
    const wg_shape shape = wg_shape_of(b->value[node]);
    for (int64_t i = 0; i < wg_shape_count(shape); i++) data[i] = number_at(stream, node, i);
    return wg_constant(b->tape, wg_f64(data, shape));
}

/* ---- a sketch as a recording ---- */

static wg_var record_unary(sketch_op op, wg_var x)
{
    switch (op) {
    case SKETCH_NEG: return wg_neg(x);
    case SKETCH_ABS: return wg_abs(x);
    case SKETCH_SIGN: return wg_sign(x);
    case SKETCH_FLOOR: return wg_floor(x);
    case SKETCH_ROUND: return wg_round(x);
    case SKETCH_EXP: return wg_exp(x);
    case SKETCH_EXPM1: return wg_expm1(x);
    case SKETCH_LOG: return wg_log(x);
    case SKETCH_LOG1P: return wg_log1p(x);
    case SKETCH_SQRT: return wg_sqrt(x);
    case SKETCH_RSQRT: return wg_rsqrt(x);
    case SKETCH_SIN: return wg_sin(x);
    case SKETCH_COS: return wg_cos(x);
    case SKETCH_TANH: return wg_tanh(x);
    case SKETCH_LOGISTIC: return wg_logistic(x);
    case SKETCH_ERF: return wg_erf(x);
    case SKETCH_ERFC: return wg_erfc(x);
    case SKETCH_ERF_INV: return wg_erf_inv(x);
    case SKETCH_LOG_GAMMA: return wg_log_gamma(x);
    case SKETCH_RELU: return wg_relu(x);
    default: return wg_stop_gradient(x);
    }
}

static wg_var record_binary(sketch_op op, wg_var x, wg_var y)
{
    switch (op) {
    case SKETCH_ADD: return wg_add(x, y);
    case SKETCH_SUB: return wg_sub(x, y);
    case SKETCH_MUL: return wg_mul(x, y);
    case SKETCH_DIV: return wg_div(x, y);
    case SKETCH_MAXIMUM: return wg_maximum(x, y);
    case SKETCH_MINIMUM: return wg_minimum(x, y);
    case SKETCH_REM: return wg_rem(x, y);
    case SKETCH_LOGADDEXP: return wg_logaddexp(x, y);
    case SKETCH_POW: return wg_pow(x, y);
    case SKETCH_ATAN2: return wg_atan2(x, y);
    default: return wg_select(wg_lt(x, y), wg_neg(x), wg_add(y, y));
    }
}

static wg_var record_slice(const sketch_node *n, wg_var x)
{
    const int64_t step = n->word[2];
    const int64_t last = n->word[0] + (n->word[1] - 1) * step;
    return wg_slice(x, n->axis, n->word[0], last + (step > 0 ? 1 : -1), step);
}

static wg_var index_of(bench *b, const sketch_node *n, int64_t count)
{
    return wg_constant(b->tape, wg_i32(n->index, WG_SHAPE(count)));
}

static int scan_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const wg_var *c = user;
    carry[0] = wg_add(wg_tanh(wg_mul(carry[0], x[0])), wg_scale(*c, 0.5));
    y[0] = wg_mul(carry[0], x[0]);
    return WG_OK;
}

static wg_var record_scan(const sketch_node *n, wg_var x, wg_var c)
{
    const wg_scan_options options = { .reverse = n->word[0] != 0, .recompute_every = n->word[1] };
    wg_var carry = c, y;
    const int status = wg_scan(scan_step, &c, 1, &carry, 1, &x, 1, &y, &options);
    check_msg(status == WG_OK, "%s", wg_tape_message(x.tape));
    return y;
}

static wg_var record_structural(bench *b, const sketch_node *n, wg_var x, wg_var y)
{
    wg_shape shape = { .rank = n->rank };
    for (int i = 0; i < n->rank; i++) shape.dim[i] = n->dim[i];
    const wg_window window = { .extent = n->word[0], .stride = n->word[1] };
    switch (n->op) {
    case SKETCH_RESHAPE: return wg_reshape(x, shape);
    case SKETCH_TRANSPOSE: return wg_transpose(x);
    case SKETCH_BROADCAST: return wg_broadcast(x, shape);
    case SKETCH_SLICE: return record_slice(n, x);
    case SKETCH_PAD: return wg_pad(x, n->axis, n->word[0], n->word[1], n->word[2], 0);
    case SKETCH_CONCAT: return wg_concat(2, (const wg_var[2]){ x, y }, n->axis);
    case SKETCH_GATHER: return wg_gather(x, index_of(b, n, n->dim[n->axis]), n->axis);
    case SKETCH_WINDOWS: return wg_windows(x, n->axis, window);
    case SKETCH_SUM: return wg_sum(x, WG_AXES(n->axis));
    case SKETCH_SCATTER:
        return wg_scatter_add(x, index_of(b, n, wg_extent(y, n->axis)), y, n->axis);
    case SKETCH_OVERLAP: return wg_overlap_add(x, n->axis, window, n->dim[n->axis]);
    case SKETCH_CUMSUM: return wg_cumsum(x, n->axis, false, n->word[0] != 0);
    case SKETCH_RECURRENCE: return wg_linear_recurrence(x, y, n->axis, n->word[0] != 0);
    case SKETCH_MAX: return wg_max(x, WG_AXES(n->axis));
    case SKETCH_MIN: return wg_min(x, WG_AXES(n->axis));
    case SKETCH_PROD: return wg_prod(x, WG_AXES(n->axis));
    case SKETCH_SCAN: return record_scan(n, x, y);
    default: return wg_matmul(x, y);
    }
}

static void record(bench *b)
{
    for (int i = 0; i < b->s.count; i++) {
        const sketch_node *n = &b->s.node[i];
        if (i < SKETCH_LEAVES) {
            wg_shape shape = { .rank = n->rank };
            for (int k = 0; k < n->rank; k++) shape.dim[k] = n->dim[k];
            for (int64_t k = 0; k < sketch_count(n); k++)
                b->data[i][k] = (double)b->s.value[i][k].c[0];
            b->value[i] = wg_input(b->tape, NULL, wg_f64(b->data[i], shape));
            continue;
        }
        const wg_var x = b->value[n->in[0]];
        const wg_var y = n->in_count > 1 ? b->value[n->in[1]] : x;
        if (n->op >= SKETCH_RESHAPE) b->value[i] = record_structural(b, n, x, y);
        else if (n->op >= SKETCH_ADD) b->value[i] = record_binary(n->op, x, y);
        else b->value[i] = record_unary(n->op, x);
    }
}

/* The weighed sum of all steps: every one is live. */
static wg_var loss(bench *b)
{
    wg_var sum = wg_full(b->tape, WG_F64, WG_SCALAR, 0);
    for (int i = SKETCH_LEAVES; i < b->s.count; i++)
        sum = wg_add(sum, wg_sum(wg_mul(b->value[i], numbers(b, 0, i)), WG_ALL));
    return sum;
}

/* ---- orders ---- */

typedef struct orders { double of[ORDERS][SKETCH_LEAVES][LEAF_ELEMENTS_MAX]; } orders;

static void orders_by_sweeps(bench *b, orders *out)
{
    wg_var sum = loss(b), gradient[ORDERS][SKETCH_LEAVES];
    for (int k = 0; k < ORDERS; k++) {
        check_status(wg_grads(sum, SKETCH_LEAVES, b->value, gradient[k]), WG_OK);
        sum = wg_full(b->tape, WG_F64, WG_SCALAR, 0);
        for (int l = 0; l < SKETCH_LEAVES && k + 1 < ORDERS; l++)
            sum = wg_add(sum, wg_sum(wg_mul(gradient[k][l], numbers(b, k + 1, l)), WG_ALL));
    }
    for (int k = 0; k < ORDERS; k++)
        for (int l = 0; l < SKETCH_LEAVES; l++)
            check_msg(wg_read_f64(b->runtime, gradient[k][l], out->of[k][l],
                                  sketch_count(&b->s.node[l])) == WG_OK,
                      "%s", wg_tape_message(b->tape));
}

/* Directions: e of bit 0, u of bit 1, v of bit 2. */
static void orders_by_duals(bench *b, orders *out)
{
    for (int leaf = 0; leaf < SKETCH_LEAVES; leaf++)
        for (int64_t e = 0; e < sketch_count(&b->s.node[leaf]); e++) {
            dual sum = dual_number(0);
            for (int l = 0; l < SKETCH_LEAVES; l++)
                for (int64_t i = 0; i < sketch_count(&b->s.node[l]); i++)
                    b->s.value[l][i] = (dual){ { b->data[l][i], l == leaf && i == e,
                                                 number_at(1, l, i), 0, number_at(2, l, i) } };
            sketch_evaluate(&b->s);
            for (int n = SKETCH_LEAVES; n < b->s.count; n++)
                for (int64_t i = 0; i < sketch_count(&b->s.node[n]); i++)
                    sum = dual_add(sum, dual_scale(b->s.value[n][i], number_at(0, n, i)));
            for (int k = 0; k < ORDERS; k++)
                out->of[k][leaf][e] = (double)sum.c[(2 << k) - 1];
        }
}

static double largest(const bench *b, const orders *o, int k)
{
    double size = 1;
    for (int l = 0; l < SKETCH_LEAVES; l++)
        for (int64_t i = 0; i < sketch_count(&b->s.node[l]); i++)
            size = fmax(size, fabs(o->of[k][l][i]));
    return size;
}

/* Relative to the largest element so far nearly all of thousands of programs are off by less than
 * 1e-13, a thousand roundings. One in some thousands takes the logarithm of a number near 1, or has
 * cotangents that are a million times their sum: there roundings are seen up to 1e-9. A wrong rule
 * is wrong by more, and in every program that has it. */
static void check_orders(bench *b)
{
    orders found, expected;
    double size = 1;
    bool is_loose = false;
    orders_by_sweeps(b, &found);
    orders_by_duals(b, &expected);
    for (int k = 0; k < ORDERS; k++) {
        size = fmax(size, largest(b, &expected, k));
        for (int l = 0; l < SKETCH_LEAVES; l++)
            for (int64_t i = 0; i < sketch_count(&b->s.node[l]); i++) {
                const double x = found.of[k][l][i], y = expected.of[k][l][i];
                check_msg(fabs(x - y) <= 1e-8 * size,
                          "order %d, leaf %d, element %d: %.15g, not %.15g (seed %llu)", k + 1, l,
                          (int)i, x, y, (unsigned long long)b->seed);
                is_loose = is_loose || fabs(x - y) > 1e-12 * size;
            }
    }
    b->loose += is_loose;
    check_msg(b->loose <= LOOSE_MAX, "too many programs are off by 1e-12 (seed %llu)",
              (unsigned long long)b->seed);
}

/* ---- identities ---- */

static double dot(bench *b, wg_var x, wg_var y)
{
    double value;
    check_msg(wg_item(b->runtime, wg_sum(wg_mul(x, y), WG_ALL), &value) == WG_OK, "%s",
              wg_tape_message(b->tape));
    return value;
}

static void check_equal(const bench *b, const char *what, int leaf, double x, double y)
{
    check_msg(fabs(x - y) <= 1e-12 * (1 + fabs(x)) * b->s.count,
              "%s, leaf %d: %.15g and %.15g (seed %llu)", what, leaf, x, y,
              (unsigned long long)b->seed);
}

/* w (J u) = (w J) u of the last step, and u (H v) = v (H u) of the loss. */
static void check_identities(bench *b)
{
    const int last = b->s.count - 1;
    const wg_var y = b->value[last], w = numbers(b, 0, last), sum = loss(b);
    for (int l = 0; l < SKETCH_LEAVES; l++) {
        const wg_var x = b->value[l], u = numbers(b, 1, l), v = numbers(b, 2, l);
        check_equal(b, "dot test", l, dot(b, w, wg_jvp(y, x, u)), dot(b, wg_vjp(y, x, w), u));
        check_equal(b, "Hessian", l, dot(b, u, wg_hvp(sum, x, v)), dot(b, v, wg_hvp(sum, x, u)));
    }
}

/* ---- many programs ---- */

static void run_many(void (*checked)(bench *b), int count)
{
    bench *b = calloc(1, sizeof *b);
    uint64_t state = test_seed();
    check(b != NULL);
    b->runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    b->tape = wg_tape_create(NULL);
    check(b->runtime != NULL && b->tape != NULL);
    for (int i = 0; i < (test_is_long() ? 100 * count : count); i++) {
        b->seed = test_random(&state);
        if (i % count == 0) b->loose = 0;
        sketch_make(&b->s, (int)test_draw(&state, 5, 60), b->seed);
        check_status(wg_tape_reset(b->tape), WG_OK);
        record(b);
        checked(b);
    }
    wg_runtime_free(b->runtime);
    wg_tape_free(b->tape);
    free(b);
}

Test(sketch, derivatives_of_random_programs_are_those_of_dual_numbers)
{
    run_many(check_orders, 150);
}

Test(sketch, jacobians_transpose_and_hessians_are_symmetric)
{
    run_many(check_identities, 100);
}

/* Why no sketch has an op. */
static const char *exception_of(wg__op_id op)
{
    if (!wg__op_table[op].is_differentiable) return "it has no derivative";
    if (op == WG__OP_cast) return "what f32 rounds away is more than a wrong rule may be off";
    return op == WG__OP_scan || op == WG__OP_pick ? NULL : specimen_reason(op);
}

/* Products are the rarest: two square matrices that fit are, and 20 are met. */
Test(sketch, every_rule_is_met_or_left_out_for_a_reason)
{
    enum { SKETCHES = 200 };
    bool is_met[WG__OP_COUNT] = { false };
    bench *b = calloc(1, sizeof *b);
    uint64_t state = test_seed();
    check(b != NULL);
    b->tape = wg_tape_create(NULL);
    for (int i = 0; i < SKETCHES; i++) {
        sketch_make(&b->s, 60, test_random(&state));
        check_status(wg_tape_reset(b->tape), WG_OK);
        record(b);
        for (int64_t k = 0; k < b->tape->count; k++) is_met[b->tape->record[k].op] = true;
    }
    for (int op = 1; op < WG__OP_COUNT; op++)
        check_msg(is_met[op] || exception_of((wg__op_id)op) != NULL, "%s is in no sketch",
                  wg__op_table[op].name);
    wg_tape_free(b->tape);
    free(b);
}

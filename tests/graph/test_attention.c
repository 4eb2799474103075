/* Attention against its definition in loops of long double, its masks, its gradients against
 * differences, and what it refuses. */
#include "graph/lab.h"
#include "support/memory.h"
#include <math.h>
#include <stdio.h>

static double wave(int i)
{
    return (i * 37 % 41) / 16.0 - 1.25;
}

/* One head: query [t, d], key and value [s, d], out [t, d], all with rows `stride` apart. */
static void attend(int t, int s, int d, int stride, const double *query, const double *key,
                   const double *value, bool (*may_see)(int i, int j), double *out)
{
    for (int i = 0; i < t; i++) {
        long double weight[16], total = 0;
        for (int j = 0; j < s; j++) {
            long double score = 0;
            for (int k = 0; k < d; k++)
                score += (long double)query[i * stride + k] * (long double)key[j * stride + k];
            weight[j] = may_see(i, j) ? expl(score / sqrtl((long double)d)) : 0;
            total += weight[j];
        }
        for (int k = 0; k < d; k++) {
            long double sum = 0;
            for (int j = 0; j < s; j++) sum += weight[j] * (long double)value[j * stride + k];
            out[i * stride + k] = total > 0 ? (double)(sum / total) : 0;
        }
    }
}

static bool sees_all(int i, int j) { (void)i, (void)j; return true; }
static bool sees_past(int i, int j) { return j <= i; }
static bool first_is_blind(int i, int j) { return i > 0 && j != 1; }

enum { T = 4, S = 5, D = 3 };

/* Scores of size 5: a weight is right to about 5 eps, a sum of five weighted values to ten more. */
static const double attend_error = 30 * DBL_EPSILON;

Test(attention, attend_is_its_formula_under_each_mask)
{
    bool (*const masks[3])(int i, int j) = { sees_all, sees_past, first_is_blind };
    double query[T * D], key[S * D], value[S * D], out[T * D], expected[T * D];
    for (int i = 0; i < T * D; i++) query[i] = wave(i);
    for (int i = 0; i < S * D; i++) key[i] = wave(i + 50), value[i] = wave(3 * i + 7);
    for (int k = 0; k < 3; k++) {
        uint8_t seen[T * S];
        for (int i = 0; i < T * S; i++) seen[i] = masks[k](i / S, i % S);
        const lab l = lab_open(1);
        wg_var mask = { 0 };
        if (k > 0)
            mask = wg_input(l.tape, "mask", wg_view_of(seen, WG_BOOL, WG_SHAPE(T, S)));
        wg_var y = wg_attend(wg_input(l.tape, "q", wg_f64(query, WG_SHAPE(T, D))),
                             wg_input(l.tape, "k", wg_f64(key, WG_SHAPE(S, D))),
                             wg_input(l.tape, "v", wg_f64(value, WG_SHAPE(S, D))), mask);
        lab_read(l, y, out, T * D);
        attend(T, S, D, D, query, key, value, masks[k], expected);
        for (int i = 0; i < T * D; i++) check_close(out[i], expected[i], attend_error);
        lab_close(l);
    }
}

static int attend_function(const wg_var *in, wg_var *out, void *user)
{
    const int kind = *(const int *)user;
    wg_var mask = { 0 };
    if (kind == 1) mask = wg_causal_mask(in[0].tape, T);
    if (kind == 2) /* the first row sees nothing */
        mask = wg_lt(wg_iota(in[0].tape, WG_I32, T), wg_expand(wg_iota(in[0].tape, WG_I32, T), -1));
    out[0] = wg_attend(in[0], in[1], in[2], mask);
    return WG_OK;
}

Test(attention, gradients_agree_with_differences)
{
    double x[3][2 * T * D];
    wg_view in[3];
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 2 * T * D; j++) x[i][j] = wave(31 * i + j);
        in[i] = wg_f64(x[i], WG_SHAPE(2, T, D));
    }
    const lab l = lab_open(1);
    for (int kind = 0; kind < 3; kind++)
        for (int order = 1; order <= 2; order++) {
            wg_error error = { 0 };
            const int status =
                wg_check_gradient(l.runtime, attend_function, &kind, 3, in,
                                  WG_OPTIONS(wg_check_options, .order = order), NULL, &error);
            check_msg(status >= 0, "mask %d, order %d: %s", kind, order, error.message);
        }
    lab_close(l);
}

/* Scores of 1e4 apart, hidden ones above all others, and a row that sees nothing: finite. */
Test(attention, hidden_scores_do_not_overflow)
{
    const double query[2] = { 1, 1 }, key[3] = { 1e4, 0, -1e4 }, value[3] = { 1, 2, 3 };
    const uint8_t seen[6] = { false, true, true, false, false, false };
    double y[2], g[3];
    const lab l = lab_open(1);
    wg_var k = wg_input(l.tape, "k", wg_f64(key, WG_SHAPE(3, 1)));
    wg_var out = wg_attend(wg_input(l.tape, "q", wg_f64(query, WG_SHAPE(2, 1))), k,
                           wg_input(l.tape, "v", wg_f64(value, WG_SHAPE(3, 1))),
                           wg_input(l.tape, "m", wg_view_of(seen, WG_BOOL, WG_SHAPE(2, 3))));
    lab_read(l, out, y, 2);
    check(y[0] == 2 && y[1] == 0);
    lab_read(l, wg_grad(wg_sum(out, WG_ALL), k), g, 3);
    for (int i = 0; i < 3; i++) check(g[i] == 0);
    lab_close(l);
}

Test(attention, a_causal_mask_is_a_lower_triangle)
{
    const lab l = lab_open(1);
    for (int64_t n = 0; n < 4; n++) {
        lab_scope(l, WG_TRAINING);
        wg_var mask = wg_causal_mask(l.tape, n);
        double y[9];
        check_equal_i(wg_dtype_of(mask), WG_BOOL);
        check(wg_shape_equal(wg_shape_of(mask), WG_SHAPE(n, n)));
        lab_read(l, wg_cast(mask, WG_F64), y, n * n);
        for (int64_t i = 0; i < n * n; i++) check(y[i] == (i % n <= i / n ? 1 : 0));
    }
    lab_close(l);
}

/* ---- the layer ---- */

enum { B = 2, WIDTH = 6, HEADS = 2, MEMORY = 4 };

static void project(int rows, int in, const double *x, const double *weight, const double *bias,
                    double *out)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < WIDTH; j++) {
            out[i * WIDTH + j] = bias[j];
            for (int k = 0; k < in; k++)
                out[i * WIDTH + j] += x[i * in + k] * weight[k * WIDTH + j];
        }
}

typedef struct part {
    const char *name;
    int inputs;
    double weight[WIDTH * WIDTH], bias[WIDTH];
} part;

static void parts_make(const lab l, part part[4], int memory)
{
    const char *const names[4] = { "query", "key", "value", "out" };
    for (int i = 0; i < 4; i++) {
        char path[40];
        part[i].name = names[i];
        part[i].inputs = i == 1 || i == 2 ? memory : WIDTH;
        for (int j = 0; j < WIDTH * WIDTH; j++) part[i].weight[j] = wave(j + 11 * i) / 2;
        for (int j = 0; j < WIDTH; j++) part[i].bias[j] = wave(j + 5 * i) / 4;
        snprintf(path, sizeof path, "a/%s/weight", names[i]);
        check_status(wg_params_set(l.params, path,
                                   wg_f64(part[i].weight, WG_SHAPE(part[i].inputs, WIDTH))), WG_OK);
        snprintf(path, sizeof path, "a/%s/bias", names[i]);
        check_status(wg_params_set(l.params, path, wg_f64(part[i].bias, WG_SHAPE(WIDTH))), WG_OK);
    }
}

/* Self-attention under a causal mask, then attention to a memory of another width and count. */
Test(attention, of_several_heads_is_attention_of_each)
{
    for (int k = 0; k < 2; k++) {
        const int count = k == 0 ? T : S, inputs = k == 0 ? WIDTH : MEMORY;
        double x[B * T * WIDTH], memory[B * S * WIDTH], y[B * T * WIDTH];
        double q[T * WIDTH], key[S * WIDTH], value[S * WIDTH], mixed[T * WIDTH], out[T * WIDTH];
        for (int i = 0; i < B * T * WIDTH; i++) x[i] = wave(i);
        for (int i = 0; i < B * S * WIDTH; i++)
            memory[i] = k == 0 && i < B * T * WIDTH ? x[i] : wave(2 * i);
        const lab l = lab_open(1);
        part p[4];
        parts_make(l, p, inputs);
        const wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var rows = wg_batch(l.tape, "x", wg_f64(x, WG_SHAPE(B, T, WIDTH)));
        wg_var other = { 0 }, mask = { 0 };
        if (k == 0) mask = wg_causal_mask(l.tape, T);
        else other = wg_batch(l.tape, "m", wg_f64(memory, WG_SHAPE(B, S, MEMORY)));
        wg_var result = wg_attention(scope, "a", rows, other, HEADS, mask, NULL);
        check(wg_find(scope, "a").index == result.index);
        lab_read(l, result, y, B * T * WIDTH);
        for (int b = 0; b < B; b++) {
            project(T, WIDTH, x + b * T * WIDTH, p[0].weight, p[0].bias, q);
            project(count, inputs, memory + b * count * inputs, p[1].weight, p[1].bias, key);
            project(count, inputs, memory + b * count * inputs, p[2].weight, p[2].bias, value);
            for (int h = 0; h < HEADS; h++) {
                const int at = h * WIDTH / HEADS;
                attend(T, count, WIDTH / HEADS, WIDTH, q + at, key + at, value + at,
                       k == 0 ? sees_past : sees_all, mixed + at);
            }
            project(T, WIDTH, mixed, p[3].weight, p[3].bias, out);
            /* Four products of six terms of size 3 around what attend does. */
            for (int i = 0; i < T * WIDTH; i++)
                check_close(y[b * T * WIDTH + i], out[i], 10 * attend_error);
        }
        lab_close(l);
    }
}

/* In training about half of the weights are 0, which differ from run to run; else none. */
Test(attention, dropout_acts_in_training_alone)
{
    const lab l = lab_open(1);
    const wg_attention_options options = { .dropout = 0.5, .without_bias = true };
    double value[3];
    for (int i = 0; i < 3; i++) {
        const wg_scope scope = lab_scope(l, i < 2 ? WG_TRAINING : WG_EVALUATION);
        wg_var x = wg_shift(wg_full(l.tape, WG_F64, WG_SHAPE(2, 8, 4), 1), 1);
        value[i] = lab_item(l, wg_sum(wg_attention(scope, "a", x, (wg_var){ 0 }, 2, (wg_var){ 0 },
                                                   &options), WG_ALL));
    }
    check(value[0] != value[1] && value[0] != value[2]);
    check_equal_i(wg_params_count(l.params), 5); /* four weights and the draw counter */
    lab_close(l);
}

Test(attention, refuses_what_does_not_fit)
{
    const lab l = lab_open(1);
    const wg_var none = { 0 };
#define NET wg_scope_in(wg_scope_root(l.tape, l.params, WG_TRAINING), "net")
#define ROWS wg_full(l.tape, WG_F32, WG_SHAPE(2, 3, 6), 1)
    ignore(wg_attention(NET, "a", ROWS, none, 4, none, NULL));
    lab_refused(l, WG_ESHAPE,
                "net/a: attention: [2, 3, 6]: the heads do not divide the channels (test_att");
    ignore(wg_attention(NET, "a", ROWS, none, 0, none, NULL));
    lab_refused(l, WG_ESHAPE, "the heads do not divide the channels");
    ignore(wg_attention(NET, "a", wg_full(l.tape, WG_F32, WG_SHAPE(6), 1), none, 2, none, NULL));
    lab_refused(l, WG_ESHAPE, "attention: [6]: [..., t, c] expected");
    wg_var deep = wg_full(l.tape, WG_F32, WG_SHAPE(1, 1, 1, 1, 1, 1, 2, 6), 1);
    ignore(wg_attention(NET, "a", deep, none, 2, none, NULL));
    lab_refused(l, WG_ESHAPE, "one axis too many to split the channels");
    deep = wg_full(l.tape, WG_F32, WG_SHAPE(1, 1, 1, 1, 1, 1, 2, 6), 1);
    ignore(wg_attention(NET, "a", wg_sum(deep, WG_AXES(0, 1)), deep, 2, none, NULL));
    lab_refused(l, WG_ESHAPE, "one axis too many to split the channels");
    ignore(wg_attention(NET, "a", ROWS, wg_full(l.tape, WG_F32, WG_SHAPE(6), 1), 2, none, NULL));
    lab_refused(l, WG_ESHAPE, "a memory [..., s, m] expected");
    ignore(wg_attention(NET, "a", none, none, 2, none, NULL));
    lab_refused(l, WG_EINVALID, "net/a: attention: the null value (test_att");
    ignore(wg_attention(NET, "a", ROWS, none, 2, none,
                        WG_OPTIONS(wg_attention_options, .reserved = { 0, 0, 0, 1 })));
    lab_refused(l, WG_EINVALID, "options were not zeroed: reserved has a value");
    ignore(wg_attention(NET, "a", ROWS, none, 2, none,
                        WG_OPTIONS(wg_attention_options, .dropout = 1)));
    lab_refused(l, WG_EINVALID, "dropout: a rate is 0 or more and below 1, not 1");
    ignore(wg_attend(ROWS, ROWS, ROWS, wg_full(l.tape, WG_F32, WG_SHAPE(3, 3), 1)));
    lab_refused(l, WG_EDTYPE, "select: ");
    ignore(wg_attend(ROWS, wg_full(l.tape, WG_F32, WG_SHAPE(2, 3, 5), 1), ROWS, none));
    lab_refused(l, WG_ESHAPE, "matmul: [2, 3, 6] x [2, 5, 3]: 6 is not 5");
#undef NET
#undef ROWS
    check_equal_i(wg_params_count(l.params), 0);
    lab_close(l);
}

static int record(const wg_allocator *allocator, void *user)
{
    (void)user;
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = allocator));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    int status = WG_EMEMORY;
    if (tape && params) {
        const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        wg_var x = wg_full(tape, WG_F32, WG_SHAPE(2, 3, 4), 1);
        x = wg_attention(scope, "a", x, (wg_var){ 0 }, 2, wg_causal_mask(tape, 3), NULL);
        ignore(wg_grad(wg_sum(wg_layer_norm(scope, "n", x, NULL), WG_ALL), x));
        status = wg_tape_status(tape);
    }
    wg_params_free(params);
    wg_tape_free(tape);
    return status;
}

Test(attention, survives_each_failing_allocation)
{
    check(test_memory_fail_each(record, NULL) > 10);
}

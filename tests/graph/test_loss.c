/* Losses and the exponential sums below them, against formulas in double, at their edges, and what
 * they do with targets that are none. */
#include "support/test.h"
#include <math.h>
#include <wengert/wengert.h>

typedef struct bench { wg_runtime *runtime; wg_tape *tape; } bench;

static bench bench_open(void)
{
    return (bench){ wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1)),
                    wg_tape_create(NULL) };
}

static void bench_close(bench b)
{
    wg_tape_free(b.tape);
    wg_runtime_free(b.runtime);
}

static void read_all(bench b, wg_var x, double *out, int64_t count)
{
    const int status = wg_read_f64(b.runtime, x, out, count);
    check_msg(status >= 0, "%s", wg_explain(status, b.tape, NULL));
}

/* f of one row, its values and the gradient of their sum. */
static void row(wg_var (*f)(wg_var), const double *x, int64_t count, double *value,
                int64_t value_count, double *gradient)
{
    const bench b = bench_open();
    wg_var input = wg_input(b.tape, "x", wg_f64(x, WG_SHAPE(count)));
    wg_var y = f(input);
    read_all(b, y, value, value_count);
    read_all(b, wg_grad(wg_sum(y, WG_ALL), input), gradient, count);
    bench_close(b);
}

static wg_var sum_of_exponentials(wg_var x)
{
    return wg_logsumexp(x, WG_AXES(0));
}

static wg_var softmax(wg_var x)
{
    return wg_softmax(x, 0);
}

Test(loss, logsumexp_at_infinity)
{
    double value, gradient[2];
    row(sum_of_exponentials, (const double[]){ -INFINITY, -INFINITY }, 2, &value, 1, gradient);
    check(value == -INFINITY && gradient[0] == 0 && gradient[1] == 0);
    row(sum_of_exponentials, (const double[]){ INFINITY, 0 }, 2, &value, 1, gradient);
    check(value == INFINITY);
    row(sum_of_exponentials, (const double[]){ 10000, 9999 }, 2, &value, 1, gradient);
    check_close(value, 10000 + log1p(exp(-1)), 2e-12); /* one unit of 10000 */
    check_close(gradient[0], 1 / (1 + exp(-1)), 1e-15);
}

Test(loss, softmax_of_the_largest_numbers)
{
    double value[3], gradient[3];
    row(softmax, (const double[]){ 1e308, 0, -1e308 }, 3, value, 3, gradient);
    check(value[0] == 1 && value[1] == 0 && value[2] == 0);
    for (int i = 0; i < 3; i++) check(isfinite(gradient[i]));
    row(softmax, (const double[]){ -INFINITY, -INFINITY, -INFINITY }, 3, value, 3, gradient);
    check(isnan(value[0]));
}

Test(loss, cross_entropy_of_classes_and_probabilities)
{
    const double logits[6] = { 1, 2, 0.5, -1, 0, 3 };
    const double soft[6] = { 0.2, 0.5, 0.3, 0, 0, 1 };
    const int32_t class[2] = { 1, 2 };
    double expected[2][2] = { { 0 } };
    for (int i = 0; i < 2; i++) {
        double sum = 0;
        for (int j = 0; j < 3; j++) sum += exp(logits[3 * i + j]);
        expected[0][i] = log(sum) - logits[3 * i + class[i]];
        for (int j = 3 * i; j < 3 * i + 3; j++) expected[1][i] += soft[j] * (log(sum) - logits[j]);
    }
    const bench b = bench_open();
    wg_var z = wg_input(b.tape, "z", wg_f64(logits, WG_SHAPE(2, 3)));
    wg_var loss[2] = { wg_cross_entropy(z, wg_input(b.tape, "c", wg_i32(class, WG_SHAPE(2)))),
                       wg_cross_entropy(z, wg_input(b.tape, "p", wg_f64(soft, WG_SHAPE(2, 3)))) };
    for (int k = 0; k < 2; k++) {
        double value[2];
        read_all(b, loss[k], value, 2);
        for (int i = 0; i < 2; i++) check_close(value[i], expected[k][i], 2e-15);
    }
    bench_close(b);
}

/* Uniform logits cost log N whatever the class; the gradient is p - y. */
Test(loss, cross_entropy_gradient_is_softmax_minus_target)
{
    const double logits[4] = { 0.7, 0.7, 0.7, 0.7 };
    const int32_t class[1] = { 3 };
    const bench b = bench_open();
    wg_var z = wg_input(b.tape, "z", wg_f64(logits, WG_SHAPE(1, 4)));
    wg_var loss = wg_cross_entropy(z, wg_input(b.tape, "c", wg_i32(class, WG_SHAPE(1))));
    double value, gradient[4];
    read_all(b, loss, &value, 1);
    check_close(value, log(4), 1e-15);
    read_all(b, wg_grad(wg_sum(loss, WG_ALL), z), gradient, 4);
    for (int j = 0; j < 4; j++) check_close(gradient[j], j == 3 ? -0.75 : 0.25, 1e-15);
    bench_close(b);
}

Test(loss, class_out_of_range_is_an_error_of_the_run)
{
    const float logits[3] = { 1, 2, 3 };
    for (int32_t class = -1; class <= 3; class += 4) {
        const bench b = bench_open();
        wg_var z = wg_input(b.tape, "z", wg_f32(logits, WG_SHAPE(1, 3)));
        wg_var c = wg_input(b.tape, "c", wg_i32(&class, WG_SHAPE(1)));
        double value;
        check_status(wg_item(b.runtime, wg_cross_entropy(z, c), &value), WG_EINDEX);
        check_contains(wg_tape_message(b.tape), "test_loss.c");
        bench_close(b);
    }
}

typedef struct bce_case { double logit, target, value, gradient; } bce_case;

Test(loss, binary_cross_entropy_at_its_edges)
{
    const bce_case cases[] = {
        { INFINITY, 1, 0, 0 },      { -INFINITY, 1, INFINITY, -1 }, { -INFINITY, 0, 0, 0 },
        { INFINITY, 0, INFINITY, 1 }, { 0, 1, 0.69314718055994531, -0.5 },
        { 1000, 1, 0, 0 },          { -1000, 1, 1000, -1 },
        { 0, 0.25, 0.69314718055994531, 0.25 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bench b = bench_open();
        wg_var z = wg_input(b.tape, "z", wg_f64(&cases[i].logit, WG_SCALAR));
        wg_var t = wg_input(b.tape, "t", wg_f64(&cases[i].target, WG_SCALAR));
        wg_var loss = wg_binary_cross_entropy(z, t);
        double value, gradient;
        read_all(b, loss, &value, 1);
        read_all(b, wg_grad(loss, z), &gradient, 1);
        check_close(value, cases[i].value, 2e-16);
        check_close(gradient, cases[i].gradient, 2e-16);
        bench_close(b);
    }
}

Test(loss, binary_cross_entropy_takes_whole_targets_too)
{
    const double logit[2] = { 1.5, 1.5 };
    const int32_t target[2] = { 0, 1 };
    const bench b = bench_open();
    wg_var z = wg_input(b.tape, "z", wg_f64(logit, WG_SHAPE(2)));
    wg_var loss = wg_binary_cross_entropy(z, wg_input(b.tape, "t", wg_i32(target, WG_SHAPE(2))));
    double value[2];
    read_all(b, loss, value, 2);
    check_close(value[0], log1p(exp(1.5)), 4e-16);
    check_close(value[1], log1p(exp(-1.5)), 4e-16);
    bench_close(b);
}

Test(loss, accuracy_counts_hits)
{
    const float logits[6] = { 0, 1, 0, 5, 4, 3 };
    const float soft[6] = { 0, 1, 0, 0, 1, 0 };
    const int32_t class[2] = { 1, 1 };
    const bench b = bench_open();
    wg_var z = wg_input(b.tape, "z", wg_f32(logits, WG_SHAPE(2, 3)));
    wg_var hit[2] = { wg_accuracy(z, wg_input(b.tape, "c", wg_i32(class, WG_SHAPE(2)))),
                      wg_accuracy(z, wg_input(b.tape, "p", wg_f32(soft, WG_SHAPE(2, 3)))) };
    for (int k = 0; k < 2; k++) {
        float value[2];
        check(wg_read_f32(b.runtime, hit[k], value, 2) >= 0);
        check(value[0] == 1 && value[1] == 0);
    }
    bench_close(b);
}

/* Weight 0 hides a NaN, and nothing of it reaches the gradient; total weight 0 gives 0. */
Test(loss, weighted_mean_hides_what_has_no_weight)
{
    const double x[3] = { 1, NAN, 4 }, weight[3] = { 1, 0, 3 }, none[3] = { 0 };
    const bench b = bench_open();
    wg_var input = wg_input(b.tape, "x", wg_f64(x, WG_SHAPE(3)));
    wg_var mean = wg_weighted_mean(input, wg_input(b.tape, "w", wg_f64(weight, WG_SHAPE(3))));
    wg_var empty = wg_weighted_mean(input, wg_input(b.tape, "none", wg_f64(none, WG_SHAPE(3))));
    double value, gradient[3];
    read_all(b, mean, &value, 1);
    check(value == 3.25);
    read_all(b, wg_grad(mean, input), gradient, 3);
    check(gradient[0] == 0.25 && gradient[1] == 0 && gradient[2] == 0.75);
    read_all(b, empty, &value, 1);
    check(value == 0);
    read_all(b, wg_grad(empty, input), gradient, 3);
    for (int i = 0; i < 3; i++) check(gradient[i] == 0);
    bench_close(b);
}

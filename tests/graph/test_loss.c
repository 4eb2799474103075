/* Losses against formulas in double, at their edges, and what they do with targets that are none.
 * Of two classes cross-entropy is softplus, as binary cross-entropy is, so its goldens serve. */
#include "golden/nn.h"
#include "graph/lab.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ORDERS = 4 };

static wg_var f64(lab l, const char *name, const double *data, wg_shape shape)
{
    return wg_input(l.tape, name, wg_f64(data, shape));
}

static wg_var i32(lab l, const char *name, const int32_t *data, wg_shape shape)
{
    return wg_input(l.tape, name, wg_i32(data, shape));
}

/* ---- squared error ---- */

Test(loss, squared_error_is_one_value_an_element)
{
    const double output[4] = { 1, 2, -3, 0.5 }, target[2] = { 0, 4 };
    const double expected[4] = { 1, 4, 9, 12.25 };
    const lab l = lab_open(1);
    double value[4], gradient[4];
    wg_var y = f64(l, "y", output, WG_SHAPE(2, 2)), t = f64(l, "t", target, WG_SHAPE(2));
    wg_var loss = wg_squared_error(y, t);
    lab_read(l, loss, value, 4);
    lab_read(l, wg_grad(wg_mean(loss, WG_ALL), y), gradient, 4);
    for (int i = 0; i < 4; i++) {
        check(value[i] == expected[i]);
        check(gradient[i] == 2 * (output[i] - target[i % 2]) / 4);
    }
    lab_close(l);
}

/* Outputs [n, 1] and targets [n] would make n times n errors. */
Test(loss, a_target_stretches_to_the_output_only)
{
    const float data[6] = { 0 };
    const int32_t class[2] = { 0 };
    wg_loss *const elementwise[2] = { wg_squared_error, wg_binary_cross_entropy };
    wg_loss *const by_class[2] = { wg_cross_entropy, wg_accuracy };
    const lab l = lab_open(1);
    for (int k = 0; k < 2; k++) {
        wg_var y = wg_input(l.tape, "y", wg_f32(data, WG_SHAPE(2, 1)));
        wg_var t = wg_input(l.tape, "t", wg_f32(data, WG_SHAPE(2)));
        ignore(WG_HERE(elementwise[k](y, t)));
        lab_refused(l, WG_ESHAPE, "[2] does not stretch to [2, 1] (test_loss.c");
        y = wg_input(l.tape, "y", wg_f32(data, WG_SHAPE(2, 3)));
        ignore(WG_HERE(by_class[k](y, i32(l, "t", class, WG_SHAPE(2, 1)))));
        lab_refused(l, WG_ESHAPE, "[2, 1] does not stretch to [2] (test_loss.c");
        y = wg_input(l.tape, "y", wg_f32(data, WG_SHAPE(2, 3)));
        ignore(WG_HERE(by_class[k](y, wg_input(l.tape, "t", wg_f32(data, WG_SHAPE(2))))));
        lab_refused(l, WG_ESHAPE, "[2] does not stretch to [2, 3] (test_loss.c");
        y = wg_number(wg_full(l.tape, WG_F32, WG_SHAPE(1), 0), 1);
        ignore(WG_HERE(by_class[k](y, i32(l, "t", class, WG_SCALAR))));
        lab_refused(l, WG_EAXIS, "(test_loss.c");
    }
    lab_close(l);
}

Test(loss, null_values_are_refused)
{
    const float data[4] = { 0 };
    wg_loss *const all[4] = { wg_squared_error, wg_cross_entropy, wg_binary_cross_entropy,
                              wg_accuracy };
    const lab l = lab_open(1);
    for (int k = 0; k < 4; k++) {
        wg_var x = wg_input(l.tape, "x", wg_f32(data, WG_SHAPE(2, 2)));
        ignore(WG_HERE(all[k]((wg_var){ 0 }, x)));
        check(wg_tape_status(l.tape) == WG_EINVALID || k == 3);
        wg_tape_reset(l.tape);
        x = wg_input(l.tape, "x", wg_f32(data, WG_SHAPE(2, 2)));
        ignore(WG_HERE(all[k](x, (wg_var){ 0 })));
        lab_refused(l, WG_EINVALID, "is the null value (test_loss.c");
        check(all[k]((wg_var){ 0 }, (wg_var){ 0 }).tape == NULL);
    }
    lab_close(l);
}

/* ---- two classes: softplus ---- */

/* The loss of class 1 of logits (x, 0), or of a target 0 at logit x, to third order by x. */
static void check_softplus(lab l, const nn_golden *golden, wg_dtype dtype, bool is_binary)
{
    wg_tape_reset(l.tape);
    wg_var x = wg_scalar(l.tape, "x", dtype, golden->x);
    wg_var zero = wg_full(l.tape, dtype, WG_SCALAR, 0);
    wg_var y = is_binary ? wg_binary_cross_entropy(x, zero)
                         : wg_cross_entropy(wg_stack(2, (const wg_var[2]){ x, zero }, 0),
                                            wg_full(l.tape, WG_I32, WG_SCALAR, 1));
    for (int order = 0; order < ORDERS; order++) {
        const double expected = golden->value[order], found = lab_item(l, y);
        /* Binary: 4 eps as softplus. Classes: the addends are powers of probabilities. */
        const double size = is_binary && order != 3 ? fabs(expected) : fabs(expected) + 1;
        check_msg(fabs(found - expected) <= 4 * eps_of(dtype) * size,
                  "%s at %g, order %d, %s: %.17g is not %.17g", is_binary ? "binary" : "classes",
                  golden->x, order, wg_dtype_name(dtype), found, expected);
        y = wg_grad(y, x);
    }
}

Test(loss, of_two_classes_is_softplus_to_third_order)
{
    const lab l = lab_open(1);
    for (size_t i = 0; i < sizeof nn_goldens / sizeof nn_goldens[0]; i++) {
        const nn_golden *golden = &nn_goldens[i];
        if (strcmp(golden->name, "softplus") != 0) continue;
        const bool is_single = (double)(float)golden->x == golden->x;
        for (int k = 0; k < 2; k++) {
            check_softplus(l, golden, WG_F64, k == 1);
            if (is_single && fabs(golden->x) < 80) check_softplus(l, golden, WG_F32, k == 1);
        }
    }
    lab_close(l);
}

/* ---- classes and probabilities ---- */

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
    const lab l = lab_open(1);
    wg_var z = f64(l, "z", logits, WG_SHAPE(2, 3)), c = i32(l, "c", class, WG_SHAPE(2));
    wg_var loss[4] = { wg_cross_entropy(z, c),
                       wg_cross_entropy(z, f64(l, "p", soft, WG_SHAPE(2, 3))),
                       wg_cross_entropy(z, wg_cast(c, WG_U8)),
                       wg_cross_entropy(z, wg_cast(c, WG_I64)) };
    for (int k = 0; k < 4; k++) {
        double value[2];
        lab_read(l, loss[k], value, 2);
        for (int i = 0; i < 2; i++) check_close(value[i], expected[k % 2 * (k == 1)][i], 2e-15);
    }
    lab_close(l);
}

/* Uniform logits cost log N whatever the class; p = q costs the entropy; the gradient is q - p. */
Test(loss, cross_entropy_has_its_known_values)
{
    const double same[4] = { 0.7, 0.7, 0.7, 0.7 }, share[4] = { 0.1, 0.2, 0.3, 0.4 };
    double logits[4], entropy = 0, gradient[4];
    for (int j = 0; j < 4; j++) {
        logits[j] = log(share[j]) + 3;
        entropy -= share[j] * log(share[j]);
    }
    const lab l = lab_open(1);
    wg_var z = f64(l, "z", same, WG_SHAPE(1, 4));
    wg_var loss = wg_cross_entropy(z, wg_full(l.tape, WG_I32, WG_SHAPE(1), 3));
    check_close(lab_item(l, loss), log(4), 1e-15);
    lab_read(l, wg_grad(wg_sum(loss, WG_ALL), z), gradient, 4);
    for (int j = 0; j < 4; j++) check_close(gradient[j], j == 3 ? -0.75 : 0.25, 1e-15);
    wg_tape_reset(l.tape);
    z = f64(l, "z", logits, WG_SHAPE(4));
    loss = wg_cross_entropy(z, f64(l, "p", share, WG_SHAPE(4)));
    check_close(lab_item(l, loss), entropy, 4 * DBL_EPSILON * 4);
    lab_read(l, wg_grad(loss, z), gradient, 4);
    for (int j = 0; j < 4; j++) check_close(gradient[j], 0, 4 * DBL_EPSILON);
    lab_close(l);
}

/* Probability 0 hides a class that is impossible, and else costs what it would: its derivative is
 * -log q also there. */
Test(loss, probability_zero_hides_infinity_alone)
{
    const double logits[3] = { 0, 0, -INFINITY }, p[3] = { 1, 0, 0 };
    const lab l = lab_open(1);
    double gradient[3];
    wg_var z = f64(l, "z", logits, WG_SHAPE(3)), t = f64(l, "t", p, WG_SHAPE(3));
    wg_var loss = wg_cross_entropy(z, t);
    check_close(lab_item(l, loss), log(2), DBL_EPSILON);
    lab_read(l, wg_grad(loss, t), gradient, 3);
    check_close(gradient[0], log(2), DBL_EPSILON);
    check_close(gradient[1], log(2), DBL_EPSILON);
    check(gradient[2] == 0);
    lab_read(l, wg_grad(loss, z), gradient, 3);
    check_close(gradient[0], -0.5, DBL_EPSILON);
    check_close(gradient[1], 0.5, DBL_EPSILON);
    check(gradient[2] == 0);
    lab_close(l);
}

Test(loss, class_out_of_range_is_an_error_of_the_run)
{
    const float logits[3] = { 1, 2, 3 };
    for (int32_t class = -1; class <= 3; class += 4) {
        const lab l = lab_open(1);
        wg_var z = wg_input(l.tape, "z", wg_f32(logits, WG_SHAPE(1, 3)));
        wg_var c = i32(l, "c", &class, WG_SHAPE(1));
        double value;
        check_status(wg_item(l.runtime, wg_cross_entropy(z, c), &value), WG_EINDEX);
        check_contains(wg_tape_message(l.tape), "test_loss.c");
        lab_close(l);
    }
}

/* ---- binary ---- */

typedef struct bce_case { double logit, target, value, gradient, by_target; } bce_case;

/* The derivative by the target is minus the logit, where the side it rules out is finite. */
Test(loss, binary_cross_entropy_at_its_edges)
{
    const bce_case cases[] = {
        { INFINITY, 1, 0, 0, 0 },       { -INFINITY, 1, INFINITY, -1, INFINITY },
        { -INFINITY, 0, 0, 0, 0 },      { INFINITY, 0, INFINITY, 1, -INFINITY },
        { 0, 1, 0.69314718055994531, -0.5, 0 },
        { 1000, 1, 0, 0, -1000 },       { -1000, 1, 1000, -1, 1000 },
        { 0, 0.25, 0.69314718055994531, 0.25, 0 },
        { 2, 0, 2.1269280110429727, 0.88079707797788243, -2 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bce_case *c = &cases[i];
        const lab l = lab_open(1);
        wg_var z = f64(l, "z", &c->logit, WG_SCALAR), t = f64(l, "t", &c->target, WG_SCALAR);
        wg_var loss = wg_binary_cross_entropy(z, t);
        check_close(lab_item(l, loss), c->value, 2e-16 * (1 + fabs(c->logit)));
        check_close(lab_item(l, wg_grad(loss, z)), c->gradient, 2e-16);
        check_close(lab_item(l, wg_grad(loss, t)), c->by_target, 4e-16);
        lab_close(l);
    }
}

Test(loss, binary_cross_entropy_takes_whole_targets_too)
{
    const double logit[3] = { 1.5, 1.5, -1000 };
    const int32_t target[3] = { 0, 1, 1 };
    const wg_dtype dtypes[4] = { WG_I32, WG_I64, WG_U8, WG_BOOL };
    for (int k = 0; k < 4; k++) {
        const lab l = lab_open(1);
        wg_var z = f64(l, "z", logit, WG_SHAPE(3));
        wg_var t = wg_cast(i32(l, "t", target, WG_SHAPE(3)), dtypes[k]);
        double value[3];
        lab_read(l, wg_binary_cross_entropy(z, t), value, 3);
        check_close(value[0], log1p(exp(1.5)), 4e-16);
        check_close(value[1], log1p(exp(-1.5)), 4e-16);
        check(value[2] == 1000);
        lab_close(l);
    }
}

/* From logits it is what the formula with a sigmoid gives, where that is safe. */
Test(loss, binary_cross_entropy_agrees_with_its_formula)
{
    const lab l = lab_open(1);
    for (double x = -8; x <= 8; x += 0.5)
        for (double t = 0; t <= 1; t += 0.125) {
            wg_tape_reset(l.tape);
            wg_var loss = wg_binary_cross_entropy(wg_scalar(l.tape, "x", WG_F64, x),
                                                  wg_scalar(l.tape, "t", WG_F64, t));
            const double expected = t * log1p(exp(-x)) + (1 - t) * log1p(exp(x));
            check_close(lab_item(l, loss), expected, 8 * DBL_EPSILON * (fabs(x) + 1));
        }
    lab_close(l);
}

/* ---- accuracy ---- */

Test(loss, accuracy_counts_hits)
{
    const float logits[12] = { 0, 1, 0, 5, 4, 3, 7, 7, 7, 1, NAN, 2 };
    const float soft[12] = { 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0 };
    const int32_t class[4] = { 1, 1, 0, 1 };
    const float expected[4] = { 1, 0, 1, 1 };
    const lab l = lab_open(1);
    wg_var z = wg_input(l.tape, "z", wg_f32(logits, WG_SHAPE(4, 3)));
    wg_var c = i32(l, "c", class, WG_SHAPE(4));
    wg_var hit[4] = { wg_accuracy(z, c), wg_accuracy(z, wg_cast(c, WG_I64)),
                      wg_accuracy(z, wg_cast(c, WG_U8)),
                      wg_accuracy(z, wg_input(l.tape, "p", wg_f32(soft, WG_SHAPE(4, 3)))) };
    for (int k = 0; k < 4; k++) {
        float value[4];
        lab_read_f32(l, hit[k], value, 4);
        check_bytes(value, expected, sizeof value);
    }
    const int32_t none = 12;
    check(lab_item(l, wg_mean(wg_accuracy(z, i32(l, "n", &none, WG_SCALAR)), WG_ALL)) == 0);
    lab_close(l);
}

/* ---- rows ---- */

/* A sample costs what it costs alone, on one thread and on three: the same bits, also of
 * gradients. */
Test(loss, a_row_has_the_bits_it_has_alone)
{
    enum { ROWS = 37, CLASSES = 5 };
    float logits[ROWS * CLASSES], value[2][ROWS], gradient[2][ROWS * CLASSES];
    int32_t class[ROWS];
    for (int i = 0; i < ROWS * CLASSES; i++) logits[i] = (float)(i * 37 % 101) / 7 - 6;
    for (int i = 0; i < ROWS; i++) class[i] = i * 3 % CLASSES;
    for (int k = 0; k < 2; k++) {
        const lab l = lab_open(1 + 2 * k);
        wg_var z = wg_batch(l.tape, "z", wg_f32(logits, WG_SHAPE(ROWS, CLASSES)));
        wg_var c = wg_batch(l.tape, "c", wg_i32(class, WG_SHAPE(ROWS)));
        wg_var loss = wg_cross_entropy(z, c);
        lab_read_f32(l, loss, value[k], ROWS);
        lab_read_f32(l, wg_grad(wg_sum(loss, WG_ALL), z), gradient[k], ROWS * CLASSES);
        lab_close(l);
    }
    check_bytes(value[1], value[0], sizeof value[0]);
    check_bytes(gradient[1], gradient[0], sizeof gradient[0]);
    const lab l = lab_open(1);
    for (int i = 0; i < ROWS; i++) {
        float alone[CLASSES], cost;
        wg_tape_reset(l.tape);
        wg_var z = wg_batch(l.tape, "z", wg_f32(logits + i * CLASSES, WG_SHAPE(1, CLASSES)));
        wg_var loss = wg_cross_entropy(z, wg_batch(l.tape, "c", wg_i32(class + i, WG_SHAPE(1))));
        lab_read_f32(l, loss, &cost, 1);
        lab_read_f32(l, wg_grad(wg_sum(loss, WG_ALL), z), alone, CLASSES);
        check_bytes(&cost, &value[0][i], sizeof cost);
        check_bytes(alone, gradient[0] + i * CLASSES, sizeof alone);
    }
    lab_close(l);
}

/* wg_ctc against the sum over every way there is (golden/make_ctc.py). */
#include "graph/lab.h"
#include "golden/ctc.h"

#include <math.h>

enum { T = 5, C = 4, S = 3, CASES = sizeof ctc_goldens / sizeof ctc_goldens[0] };

/* What the script has. */
static double wave(int i)
{
    return (i * 37 % 41) / 16.0 - 1.25;
}

typedef struct batch {
    double logits[CASES * T * C];
    int32_t target[CASES * S], target_count[CASES];
    uint8_t logit_count[CASES];
} batch;

static batch batch_make(void)
{
    batch b;
    for (int i = 0; i < CASES; i++) {
        for (int j = 0; j < T * C; j++) b.logits[i * T * C + j] = wave(100 * i + j);
        for (int j = 0; j < S; j++) b.target[i * S + j] = ctc_goldens[i].target[j];
        b.target_count[i] = ctc_goldens[i].target_count;
        b.logit_count[i] = (uint8_t)ctc_goldens[i].logit_count;
    }
    return b;
}

static wg_var record(lab l, const batch *b, wg_var *logits)
{
    *logits = wg_batch(l.tape, "logits", wg_f64(b->logits, WG_SHAPE(CASES, T, C)));
    const wg_var target = wg_batch(l.tape, "target", wg_i32(b->target, WG_SHAPE(CASES, S)));
    const wg_var places = wg_batch(l.tape, "places", wg_u8(b->logit_count, WG_SHAPE(CASES)));
    const wg_var letters = wg_batch(l.tape, "letters", wg_i32(b->target_count, WG_SHAPE(CASES)));
    return wg_ctc(*logits, target, places, letters);
}

/* Value and gradient of all cases in one batch; the gradient is of size 1. */
Test(ctc, is_the_sum_over_all_ways)
{
    const lab l = lab_open(1);
    const batch b = batch_make();
    double value[CASES], gradient[CASES * T * C];
    wg_var logits;
    const wg_var loss = record(l, &b, &logits);
    lab_read(l, loss, value, CASES);
    lab_read(l, wg_grad(wg_sum(loss, WG_ALL), logits), gradient, CASES * T * C);
    for (int i = 0; i < CASES; i++) {
        const double expected = ctc_goldens[i].value;
        check_close(value[i], expected, 8 * T * DBL_EPSILON * (1 + expected));
        for (int j = 0; j < T * C; j++)
            check_close(gradient[i * T * C + j], ctc_goldens[i].by_logits[j],
                        16 * T * DBL_EPSILON);
    }
    lab_close(l);
}

static int cost(const wg_var *in, wg_var *out, void *user)
{
    const int32_t target[2] = { 1, 2 };
    (void)user;
    const wg_var letters = wg_constant(in[0].tape, wg_i32(target, WG_SHAPE(1, 2)));
    out[0] = wg_sum(wg_ctc(in[0], letters, (wg_var){ 0 }, (wg_var){ 0 }), WG_ALL);
    return 0;
}

Test(ctc, has_derivatives_of_any_order)
{
    const lab l = lab_open(1);
    const batch b = batch_make();
    const wg_view view = wg_f64(b.logits, WG_SHAPE(1, T, C));
    wg_error error = { 0 };
    const int status = wg_check_gradient(l.runtime, cost, NULL, 1, &view,
                                         WG_OPTIONS(wg_check_options, .order = 3), NULL, &error);
    check_msg(status >= 0, "%s", error.message);
    lab_close(l);
}

/* Three letters in two places: no way. The cost is infinite, and nothing is NaN. */
Test(ctc, an_impossible_target_costs_infinity)
{
    const lab l = lab_open(1);
    const batch b = batch_make();
    const int32_t target[3] = { 1, 1, 2 };
    const wg_var logits = wg_input(l.tape, "x", wg_f64(b.logits, WG_SHAPE(1, 3, C)));
    const wg_var letters = wg_input(l.tape, "t", wg_i32(target, WG_SHAPE(1, 3)));
    const wg_var loss = wg_ctc(logits, letters, (wg_var){ 0 }, (wg_var){ 0 });
    double value, gradient[3 * C];
    lab_read(l, loss, &value, 1);
    check(isinf(value) && value > 0);
    lab_read(l, wg_grad(wg_sum(loss, WG_ALL), logits), gradient, 3 * C);
    for (int i = 0; i < 3 * C; i++) check(isfinite(gradient[i]));
    lab_close(l);
}

Test(ctc, wrong_arguments_are_refused)
{
    const lab l = lab_open(1);
    const batch b = batch_make();
    const wg_var logits = wg_input(l.tape, "x", wg_f64(b.logits, WG_SHAPE(1, T, C)));
    const wg_var target = wg_input(l.tape, "t", wg_i32(b.target, WG_SHAPE(2, S)));
    double value;
    check_status(wg_item(l.runtime, wg_ctc(logits, target, (wg_var){ 0 }, (wg_var){ 0 }), &value),
                 WG_ESHAPE);
    check_contains(wg_tape_message(l.tape), "ctc: [2, 3]: a target [n, s] expected");
    wg_tape_reset(l.tape);
    const wg_var again = wg_input(l.tape, "x", wg_f64(b.logits, WG_SHAPE(1, T, C)));
    check_status(wg_item(l.runtime, wg_ctc(again, wg_sum(again, WG_AXES(2)), (wg_var){ 0 },
                                           (wg_var){ 0 }), &value), WG_EDTYPE);
    lab_close(l);
}

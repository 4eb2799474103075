/* Losses that are distances: at their knots, at sizes whose squares do not exist, and of vectors
 * against formulas in double; what they refuse. */
#include "graph/lab.h"
#include <math.h>

typedef struct place { double error, value, slope, second; } place;

typedef wg_var with_setting(wg_var output, wg_var target, double setting);

static wg_var squared(wg_var output, wg_var target, double setting)
{
    (void)setting;
    return wg_squared_error(output, target);
}

static wg_var absolute(wg_var output, wg_var target, double setting)
{
    (void)setting;
    return wg_absolute_error(output, target);
}

static wg_var log_cosh(wg_var output, wg_var target, double setting)
{
    (void)setting;
    return wg_log_cosh(output, target);
}

static wg_var hinge(wg_var output, wg_var target, double setting)
{
    return wg_hinge(output, wg_shift(target, setting));
}

/* Value and two derivatives by the output at target 0. */
static void check_places(with_setting *f, double setting, int count, const place *places)
{
    for (int i = 0; i < count; i++) {
        const lab l = lab_open(1);
        wg_var x = wg_scalar(l.tape, "x", WG_F64, places[i].error);
        wg_var loss = f(x, wg_number(x, 0), setting), slope = wg_grad(loss, x);
        const double found[3] = { lab_item(l, loss), lab_item(l, slope),
                                  lab_item(l, wg_grad(slope, x)) };
        const double expected[3] = { places[i].value, places[i].slope, places[i].second };
        for (int k = 0; k < 3; k++)
            check_msg(found[k] == expected[k] ||
                      fabs(found[k] - expected[k]) <= 4 * DBL_EPSILON * fabs(expected[k]),
                      "at %g, order %d: %.17g is not %.17g", places[i].error, k, found[k],
                      expected[k]);
        lab_close(l);
    }
}

Test(loss_distance, knots_belong_to_the_side_that_is_said)
{
    check_places(squared, 0, 2, (const place[]){ { -3, 9, -6, 2 }, { 0, 0, 0, 2 } });
    check_places(absolute, 0, 3,
                 (const place[]){ { -3, 3, -1, 0 }, { 0, 0, 0, 0 }, { 1e300, 1e300, 1, 0 } });
    check_places(wg_huber_with, 2, 7, (const place[]){
        { 0, 0, 0, 1 },     { 1.5, 1.125, 1.5, 1 }, { 2, 2, 2, 0 },
        { -2, 2, -2, 0 },   { -5, 8, -2, 0 },       { 1e300, 2e300, 2, 0 },
        { INFINITY, INFINITY, 2, 0 } });
    check_places(wg_huber_with, 0, 2, (const place[]){ { 3, 3, 1, 0 }, { 0, 0, 0, 0 } });
    check_places(wg_huber_with, INFINITY, 1, (const place[]){ { 3, 4.5, 3, 1 } });
    check_places(wg_quantile_with, 0.75, 3, (const place[]){
        { -4, 3, -0.75, 0 }, { 4, 1, 0.25, 0 }, { 0, 0, -0.25, 0 } });
    check_places(wg_quantile_with, 0.5, 1, (const place[]){ { 0, 0, 0, 0 } });
    check_places(hinge, 1, 4, (const place[]){
        { 0.5, 0.5, -1, 0 }, { 1, 0, 0, 0 }, { 2, 0, 0, 0 }, { -1e300, 1e300, -1, 0 } });
    check_places(hinge, -1, 2, (const place[]){ { 0.5, 1.5, 1, 0 }, { -1, 0, 0, 0 } });
}

/* 1e-170 squared is no number; 1e4 cosh is none; both ends are right. */
Test(loss_distance, log_cosh_has_no_smallest_and_no_largest)
{
    const double small = 1e-100, half = 5e-201, log2 = 0.69314718055994531;
    check_places(log_cosh, 0, 4, (const place[]){
        { 0, 0, 0, 1 },
        { small, half, small, 1 },
        { 10000, 10000 - log2, 1, 0 },
        { -INFINITY, INFINITY, -1, 0 } });
}

Test(loss_distance, settings_that_are_none_are_refused)
{
    const float data[4] = { 0 };
    const lab l = lab_open(1);
    for (int k = 0; k < 2; k++) {
        const double bad[2] = { -1, NAN };
        wg_var x = wg_input(l.tape, "x", wg_f32(data, WG_SHAPE(2, 2)));
        ignore(wg_huber_with(x, x, bad[k]));
        lab_refused(l, WG_EINVALID, "huber: [2, 2]: delta is below 0 (test_loss_distance.c");
        x = wg_input(l.tape, "x", wg_f32(data, WG_SHAPE(2, 2)));
        ignore(wg_quantile_with(x, x, bad[k]));
        lab_refused(l, WG_EINVALID, "quantile: [2, 2]: a quantile lies between 0 and 1");
        x = wg_input(l.tape, "x", wg_f32(data, WG_SHAPE(2, 2)));
        ignore(wg_contrastive(x, x, bad[k]));
        lab_refused(l, WG_EINVALID, "contrastive: [2, 2]: a temperature is above 0");
    }
    wg_var x = wg_input(l.tape, "x", wg_f32(data, WG_SHAPE(2, 2)));
    ignore(wg_quantile_with(x, x, 1));
    lab_refused(l, WG_EINVALID, "between 0 and 1");
    x = wg_input(l.tape, "x", wg_f32(data, WG_SHAPE(2, 2)));
    ignore(wg_triplet(x, x, x, INFINITY));
    lab_refused(l, WG_EINVALID, "triplet: [2, 2]: margin is no number");
    x = wg_input(l.tape, "x", wg_f32(data, WG_SHAPE(4)));
    ignore(wg_contrastive(x, x, 1));
    lab_refused(l, WG_EAXIS, "(test_loss_distance.c");
    lab_close(l);
}

Test(loss_distance, targets_of_a_hinge_may_be_flags)
{
    const float x[4] = { 0.5f, 0.5f, -2, 3 };
    const uint8_t flag[4] = { 1, 0, 0, 1 };
    const float expected[4] = { 0.5f, 1.5f, 0, 0 };
    const lab l = lab_open(1);
    wg_var output = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(4)));
    wg_var is_one = wg_cast(wg_input(l.tape, "t", wg_u8(flag, WG_SHAPE(4))), WG_BOOL);
    float value[4];
    lab_read_f32(l, wg_hinge(output, is_one), value, 4);
    check_bytes(value, expected, sizeof value);
    wg_var sign = wg_shift(wg_scale(wg_cast(is_one, WG_I32), 2), -1);
    lab_read_f32(l, wg_hinge(output, sign), value, 4);
    check_bytes(value, expected, sizeof value);
    lab_close(l);
}

/* ---- of vectors ---- */

/* Angles of 1e-9, a right one, opposite and zero vectors, vectors whose squares do not exist. */
Test(loss_distance, cosine_distance_at_all_angles)
{
    const double x[12] = { 1, 0, 1, 1, 1e200, 0, 0, 0, 3, 4, 1, 1e-9 };
    const double t[12] = { 0, 5, -2, -2, 3e-200, 0, 1, 2, 3, 4, 2, 0 };
    const double expected[6] = { 1, 2, 0, 1, 0, 5e-19 };
    const lab l = lab_open(1);
    double value[6], gradient[12];
    wg_var output = wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(6, 2)));
    wg_var loss = wg_cosine_distance(output, wg_input(l.tape, "t", wg_f64(t, WG_SHAPE(6, 2))));
    lab_read(l, loss, value, 6);
    lab_read(l, wg_grad(wg_sum(loss, WG_ALL), output), gradient, 12);
    for (int i = 0; i < 6; i++)
        check_msg(fabs(value[i] - expected[i]) <= 1e-15 * expected[i], "%d: %.17g", i, value[i]);
    check(gradient[6] == 0 && gradient[7] == 0);
    check_close(gradient[1], -1, 4e-16);
    check_close(gradient[11], 1e-9, 1e-24);
    lab_close(l);
}

static int triplet(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    out[0] = wg_triplet(in[0], in[1], in[2], 0.5);
    return WG_OK;
}

static int contrastive(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    out[0] = wg_contrastive(in[0], in[1], 0.25);
    return WG_OK;
}

static int cosine(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    out[0] = wg_cosine_distance(in[0], in[1]);
    return WG_OK;
}

Test(loss_distance, derivatives_of_vectors_are_differences_to_third_order)
{
    const double data[3][6] = { { 1, 2, -1, 0.5, 0, 3 }, { 1, 1.5, 0, 0.5, 0.25, 2 },
                                { -1, 1, 0.5, 2, -0.5, 0.25 } };
    const wg_view in[3] = { wg_f64(data[0], WG_SHAPE(2, 3)), wg_f64(data[1], WG_SHAPE(2, 3)),
                            wg_f64(data[2], WG_SHAPE(2, 3)) };
    wg_function *const f[3] = { cosine, contrastive, triplet };
    const int64_t count[3] = { 2, 2, 3 };
    const lab l = lab_open(1);
    for (int k = 0; k < 3; k++) {
        const wg_check_options options = { .order = 3 };
        wg_error error = { 0 };
        const int status =
            wg_check_gradient(l.runtime, f[k], NULL, count[k], in, &options, NULL, &error);
        check_msg(status == WG_OK || (k == 2 && status == WG_EGRADIENT), "%d: %s", k,
                  wg_explain(status, NULL, &error));
    }
    lab_close(l);
}

Test(loss_distance, triplet_compares_squared_distances)
{
    const double anchor[6] = { 0, 0, 0, 0, 1, 1 }, same[6] = { 1, 0, 0, 3, 1, 1 };
    const double other[6] = { 2, 0, 0, 1, 1, 1 }, expected[3] = { 0, 8.5, 0.5 };
    const lab l = lab_open(1);
    double value[3];
    wg_var loss = wg_triplet(wg_input(l.tape, "a", wg_f64(anchor, WG_SHAPE(3, 2))),
                             wg_input(l.tape, "s", wg_f64(same, WG_SHAPE(3, 2))),
                             wg_input(l.tape, "o", wg_f64(other, WG_SHAPE(3, 2))), 0.5);
    lab_read(l, loss, value, 3);
    for (int i = 0; i < 3; i++) check(value[i] == expected[i]);
    lab_close(l);
}

/* By the definition: rows over their lengths, all cosines, cross-entropy of the own row. */
Test(loss_distance, contrastive_chooses_the_own_row)
{
    const double x[6] = { 1, 0, 3, 4, -1, 1 }, y[6] = { 2, 1, 0, 1, -1, 0 };
    const lab l = lab_open(1);
    double value[3];
    wg_var loss = wg_contrastive(wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(3, 2))),
                                 wg_input(l.tape, "y", wg_f64(y, WG_SHAPE(3, 2))), 0.5);
    lab_read(l, loss, value, 3);
    for (int i = 0; i < 3; i++) {
        double sum = 0, own = 0;
        for (int j = 0; j < 3; j++) {
            const double product = x[2 * i] * y[2 * j] + x[2 * i + 1] * y[2 * j + 1];
            const double cosine = product / hypot(x[2 * i], x[2 * i + 1]) /
                                  hypot(y[2 * j], y[2 * j + 1]);
            sum += exp(2 * cosine);
            if (j == i) own = 2 * cosine;
        }
        check_close(value[i], log(sum) - own, 1e-14);
    }
    lab_close(l);
}

/* Derivatives of the elementwise rows where they are delicate: ties, kinks, infinities and tails.
 * What is expected are the promises of the table and values made with 50 digits.                 */
#include "golden/derivatives.h"
#include "ops/rules.h"
#include "support/immediate.h"
#include "support/test.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { ORDER_MAX = 3 };

/* ---- ties, zeros and kinks ---- */

typedef struct kink { wg__op_id op; double x, y, dx, dy; } kink;

/* dx, dy: cotangents for g = 1. NaN expects NaN. */
static const kink kinks[] = {
    { WG__OP_abs, 0.0, 0, 0, 0 },
    { WG__OP_abs, -0.0, 0, 0, 0 },
    { WG__OP_abs, 5e-324, 0, 1, 0 },
    { WG__OP_abs, -5e-324, 0, -1, 0 },
    { WG__OP_abs, NAN, 0, NAN, 0 },
    { WG__OP_pow, 0, 0, 0, 0 },
    { WG__OP_pow, 0, 2.5, 0, 0 },
    { WG__OP_pow, 0, 1, 1, 0 },
    { WG__OP_pow, 0, 0.5, INFINITY, 0 },
    { WG__OP_pow, -2, 2, -4, NAN },
    { WG__OP_pow, -2, 0, 0, NAN },
    { WG__OP_pow, 1, 0, 0, 0 },
    { WG__OP_pow, NAN, 2, NAN, NAN },
    { WG__OP_rem, 7.5, 2, 1, -3 },
    { WG__OP_rem, -7.5, 2, 1, 3 },
    { WG__OP_rem, 1, 0.1, 1, -9 },
    { WG__OP_floor, 2.5, 0, 0, 0 },
    { WG__OP_round, 2.5, 0, 0, 0 },
    { WG__OP_atan2, 0, 0, 0, 0 },
    { WG__OP_atan2, 0.0, -1, -1, 0 },
    { WG__OP_atan2, -0.0, -1, -1, 0 },
    { WG__OP_atan2, 0x1p120, 0x1p120, 0x1p-121, -0x1p-121 },
    { WG__OP_atan2, 0x1p-100, 0, 0, -0x1p100 },
    { WG__OP_atan2, 1, NAN, NAN, NAN },
    { WG__OP_atan2, INFINITY, NAN, NAN, NAN },
    { WG__OP_atan2, INFINITY, 1, 0, 0 },
    { WG__OP_atan2, -INFINITY, INFINITY, 0, 0 },
    { WG__OP_atan2, 3, -INFINITY, 0, 0 },
    { WG__OP_erf_inv, 1, 0, INFINITY, 0 },
    { WG__OP_erf_inv, 2, 0, NAN, 0 },
    { WG__OP_sign, 0, 0, 0, 0 },
    { WG__OP_sign, 3, 0, 0, 0 },
    { WG__OP_maximum, 2, 2, 0.5, 0.5 },
    { WG__OP_maximum, 0.0, -0.0, 0.5, 0.5 },
    { WG__OP_maximum, 2, 3, 0, 1 },
    { WG__OP_maximum, 3, 2, 1, 0 },
    { WG__OP_maximum, INFINITY, INFINITY, 0.5, 0.5 },
    { WG__OP_maximum, -INFINITY, INFINITY, 0, 1 },
    { WG__OP_maximum, NAN, 1, NAN, NAN },
    { WG__OP_maximum, 1, NAN, NAN, NAN },
    { WG__OP_minimum, 2, 2, 0.5, 0.5 },
    { WG__OP_minimum, 2, 3, 1, 0 },
    { WG__OP_minimum, 3, 2, 0, 1 },
    { WG__OP_minimum, 1, NAN, NAN, NAN },
    { WG__OP_sqrt, 0, 0, INFINITY, 0 },
    { WG__OP_sqrt, -1, 0, NAN, 0 },
    { WG__OP_log, 0, 0, INFINITY, 0 },
    { WG__OP_div, 1, 0, INFINITY, -INFINITY },
    { WG__OP_div, 0, 0, INFINITY, NAN },
    { WG__OP_rsqrt, 0, 0, -INFINITY, 0 },
    { WG__OP_exp, -INFINITY, 0, 0, 0 },
    { WG__OP_expm1, -INFINITY, 0, 0, 0 },
    { WG__OP_tanh, INFINITY, 0, 0, 0 },
    { WG__OP_tanh, -INFINITY, 0, 0, 0 },
    { WG__OP_logistic, INFINITY, 0, 0, 0 },
    { WG__OP_logistic, -INFINITY, 0, 0, 0 },
    { WG__OP_erf, INFINITY, 0, 0, 0 },
    { WG__OP_erf, -INFINITY, 0, 0, 0 },
    { WG__OP_erf, 1e200, 0, 0, 0 },
    { WG__OP_erf, NAN, 0, NAN, 0 },
    { WG__OP_erfc, -INFINITY, 0, 0, 0 },
    { WG__OP_erfc, 33, 0, 0, 0 },
    { WG__OP_logaddexp, 3, 3, 0.5, 0.5 },
    { WG__OP_logaddexp, INFINITY, INFINITY, 0.5, 0.5 },
    { WG__OP_logaddexp, -INFINITY, -INFINITY, 0.5, 0.5 },
    { WG__OP_logaddexp, INFINITY, -INFINITY, 1, 0 },
    { WG__OP_logaddexp, INFINITY, 5, 1, 0 },
    { WG__OP_logaddexp, -INFINITY, 5, 0, 1 },
    { WG__OP_logaddexp, NAN, 5, NAN, NAN },
};

static void cotangents(wg_dtype dtype, const kink *k, int order, double out[2])
{
    immediate *im = immediate_create(WG__PORTABLE);
    const wg__shape scalar = { .rank = 0 };
    wg__builder *b = &im->builder;
    const uint32_t x = wg__emit_cast(b, immediate_f64(im, &scalar, &k->x), dtype);
    const uint32_t y = wg__emit_cast(b, immediate_f64(im, &scalar, &k->y), dtype);
    const bool is_unary = wg__op_table[k->op].in_count == 1;
    for (int i = 0; i < 2; i++) {
        uint32_t value = is_unary ? wg__emit1(b, k->op, x) : wg__emit2(b, k->op, x, y);
        for (int n = 0; n < order; n++)
            value = immediate_grad(im, value, wg__emit_full_like(b, value, 1.0), i == 0 ? x : y);
        out[i] = immediate_at(im, value, 0);
    }
    immediate_free(im);
}

/* sqrt(maximum(x, 0)) below 0: the root's infinite derivative is not multiplied by the 0 of the
 * side not taken. */
Test(derive_edges, the_smaller_side_of_a_maximum_receives_nothing_infinite)
{
    immediate *im = immediate_create(WG__PORTABLE);
    wg__builder *b = &im->builder;
    const wg__shape scalar = { .rank = 0 };
    const double below = -1;
    const uint32_t x = immediate_f64(im, &scalar, &below);
    const uint32_t zero = wg__emit_full_like(b, x, 0.0);
    const uint32_t root = wg__emit1(b, WG__OP_sqrt, wg__emit2(b, WG__OP_maximum, x, zero));
    const uint32_t dx = immediate_grad(im, root, wg__emit_full_like(b, x, 1.0), x);
    check(immediate_at(im, dx, 0) == 0);
    immediate_free(im);
}

static bool is_same_number(double actual, double expected)
{
    return expected != expected ? actual != actual : actual == expected;
}

Test(derive_edges, ties_kinks_and_infinities_have_their_values)
{
    for (size_t i = 0; i < sizeof kinks / sizeof kinks[0]; i++) {
        const kink *k = &kinks[i];
        for (wg_dtype dtype = WG_F32; dtype <= WG_F64; dtype++) {
            double d[2];
            cotangents(dtype, k, 1, d);
            const bool is_tiny = fabs(k->x) < 1e-300 && k->x != 0;   /* 0 in f32 */
            if (is_tiny && dtype == WG_F32) continue;
            const bool is_unary = wg__op_table[k->op].in_count == 1;
            check_msg(is_same_number(d[0], k->dx) && (is_unary || is_same_number(d[1], k->dy)),
                      "%s %s(%g, %g): %g %g", wg_dtype_name(dtype), wg__op_table[k->op].name, k->x,
                      k->y, d[0], d[1]);
        }
    }
}

/* At a tie of logaddexp the second derivative is 1/4, and the third 0: the guard that keeps equal
 * infinities apart must not cut the difference's own derivative.                                 */
Test(derive_edges, logaddexp_is_smooth_at_ties)
{
    const kink tie = { .op = WG__OP_logaddexp, .x = 2, .y = 2 };
    double d[2];
    cotangents(WG_F64, &tie, 2, d);
    check(d[0] == 0.25 && d[1] == 0.25);
    cotangents(WG_F64, &tie, 3, d);
    check(d[0] == 0 && d[1] == 0);
}

/* ---- against 50 digits, tails and mixed orders ---- */

static double ulp_of(double x, wg_dtype dtype)
{
    int exponent;
    (void)frexp(x, &exponent);
    const int lowest = dtype == WG_F64 ? -1074 : -149;
    const int digits = dtype == WG_F64 ? DBL_MANT_DIG : FLT_MANT_DIG;
    return ldexp(1, exponent - digits > lowest ? exponent - digits : lowest);
}

static wg__op_id op_named(const char *name)
{
    for (int op = 1; op < WG__OP_COUNT; op++)
        if (strcmp(wg__op_table[op].name, name) == 0) return (wg__op_id)op;
    return WG__OP_NONE;
}

/* The derivative by the first `order` inputs of the golden's path. */
static double derivative_of(wg_dtype dtype, const derivative_golden *golden, int order)
{
    immediate *im = immediate_create(WG__PORTABLE);
    const wg__shape scalar = { .rank = 0 };
    const wg__op_id op = op_named(golden->name);
    wg__builder *b = &im->builder;
    const uint32_t x = wg__emit_cast(b, immediate_f64(im, &scalar, &golden->x), dtype);
    const uint32_t y = wg__emit_cast(b, immediate_f64(im, &scalar, &golden->y), dtype);
    uint32_t value = wg__op_table[op].in_count == 1 ? wg__emit1(b, op, x) : wg__emit2(b, op, x, y);
    for (int n = 0; n < order; n++) {
        const uint32_t one = wg__emit_full_like(b, value, 1.0);
        value = immediate_grad(im, value, one, golden->path[n] == 'x' ? x : y);
    }
    const double derivative = immediate_at(im, value, 0);
    immediate_free(im);
    return derivative;
}

/* Units in the last place between a derivative and its golden value, counted in the golden's
 * scale.                                                                                         */
static double error_ulps(wg_dtype dtype, const derivative_golden *golden, int order)
{
    const double value = golden->value[order];
    const double scale = fmax(fabs(value), fabs(golden->scale[order]));
    if (dtype == WG_F32 && scale > FLT_MAX) return 0;
    return fabs(derivative_of(dtype, golden, order) - value) / ulp_of(scale, dtype);
}

/* 8 units in f64 to the third order, 4 in f32 for the first (the row's own error for its value). */
Test(derive_edges, derivatives_keep_their_digits_at_every_order)
{
    for (size_t i = 0; i < sizeof derivative_goldens / sizeof derivative_goldens[0]; i++) {
        const derivative_golden *golden = &derivative_goldens[i];
        for (int order = 1; order <= ORDER_MAX; order++) {
            const double error = error_ulps(WG_F64, golden, order);
            check_msg(error <= 8, "f64 %s by %.*s at (%g, %g): %g ulp", golden->name, order,
                      golden->path, golden->x, golden->y, error);
        }
        const double error = error_ulps(WG_F32, golden, 1);
        check_msg(error <= 4, "f32 %s by %.1s at (%g, %g): %g ulp", golden->name, golden->path,
                  golden->x, golden->y, error);
    }
}

/* A row is among the goldens, or among the kinks, or linear: then its derivative is a number. */
Test(derive_edges, every_row_is_looked_at)
{
    for (int op = 1; op < WG__OP_COUNT; op++) {
        const bool is_linear = wg__op_table[op].class == WG__CLASS_LINEAR;
        if (wg__steps_of((wg__op_id)op, 0) == NULL || is_linear) continue;
        bool is_found = false;
        for (size_t i = 0; i < sizeof derivative_goldens / sizeof derivative_goldens[0]; i++)
            is_found = is_found || op_named(derivative_goldens[i].name) == (wg__op_id)op;
        for (size_t i = 0; i < sizeof kinks / sizeof kinks[0]; i++)
            is_found = is_found || kinks[i].op == (wg__op_id)op;
        check_msg(is_found, "%s has no expected derivative", wg__op_table[op].name);
    }
}

/* Values of the vector functions: against 50 digits at knots and at random, f32 against the double
 * of the C library over the whole range, and exactly where the value is known. The bounds are those
 * of the rows of ops.def. All levels give the same bits (test_map.c), so one is looked at.       */
#include "golden/functions.h"
#include "ops/kernels/kernels.h"
#include "support/test.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { POINTS_MAX = 1024 };

static const wg__map_table *best(void)
{
    static const wg__map_table *map;   /* asking the processor is slow on virtual machines */
    if (map == NULL) map = wg__kernels_of(wg__level_choose(NULL))->map;
    return map;
}

static double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* One unit in the last place of a value, in both formats. */
static double unit_f64(double value)
{
    int exponent;
    frexp(value, &exponent);
    return ldexp(1, (exponent < -1021 ? -1021 : exponent) - 53);
}

static double unit_f32(double value)
{
    int exponent;
    frexp(value, &exponent);
    return ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

/* Overflow to infinity is right from half a unit above the largest float. */
static bool is_near_f32(float actual, double expected, double scale, double units)
{
    const bool overflows = fabs(expected) >= (double)FLT_MAX + 0x1p103;
    if (overflows) return isinf(actual) && (actual > 0) == (expected > 0);
    return fabs((double)actual - expected) <= units * unit_f32(scale);
}

/* ---- goldens ---- */

#define GOLDEN(name) { WG__OP_##name, golden_##name, sizeof golden_##name / sizeof *golden_##name }
static const struct golden { wg__op_id op; const golden_point *point; size_t count; } goldens[] = {
    GOLDEN(exp), GOLDEN(expm1),    GOLDEN(log),  GOLDEN(log1p), GOLDEN(rsqrt), GOLDEN(sin),
    GOLDEN(cos), GOLDEN(logistic), GOLDEN(tanh), GOLDEN(erf),   GOLDEN(erfc),  GOLDEN(erf_inv),
};

static void check_golden_f64(const struct golden *golden)
{
    static double x[POINTS_MAX], r[POINTS_MAX];
    check(golden->count <= POINTS_MAX);
    for (size_t i = 0; i < golden->count; i++) x[i] = double_of(golden->point[i].x);
    best()->map[golden->op][WG_F64]((int64_t)golden->count, (const void *[]){ x }, r);
    for (size_t i = 0; i < golden->count; i++) {
        const double value = double_of(golden->point[i].value);
        const double error = (r[i] - value) / unit_f64(value) - golden->point[i].rest / 128.0;
        const wg__op *op = &wg__op_table[golden->op];
        check_msg(fabs(error) <= op->ulp, "%s(%a): %a is off by %.3f units", op->name, x[i], r[i],
                  error);
    }
}

static void check_golden_f32(const struct golden *golden)
{
    static float x[POINTS_MAX], r[POINTS_MAX];
    static double value[POINTS_MAX];
    int64_t count = 0;
    for (size_t i = 0; i < golden->count; i++) {
        const double wide = double_of(golden->point[i].x);
        if (fabs(wide) > (double)FLT_MAX || (double)(float)wide != wide) continue;
        x[count] = (float)wide;
        value[count++] = double_of(golden->point[i].value);
    }
    check(count > 20);
    best()->map[golden->op][WG_F32](count, (const void *[]){ x }, r);
    for (int64_t i = 0; i < count; i++) {
        const wg__op *op = &wg__op_table[golden->op];
        check_msg(is_near_f32(r[i], value[i], value[i], op->ulp), "%s(%a): %a instead of %a",
                  op->name, (double)x[i], (double)r[i], value[i]);
    }
}

Test(math, f64_is_within_its_rows_bound_of_50_digits)
{
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) check_golden_f64(&goldens[i]);
}

Test(math, f32_is_within_its_rows_bound_of_50_digits)
{
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) check_golden_f32(&goldens[i]);
}

#define PAIRS(name) { WG__OP_##name, golden_##name, sizeof golden_##name / sizeof *golden_##name }
static const struct pairs { wg__op_id op; const golden_sum *point; size_t count; } pairs[] = {
    PAIRS(logaddexp), PAIRS(pow), PAIRS(atan2),
};

/* Near a root of logaddexp the larger argument cancels: the unit is that of the larger addend. */
static double scale_of(wg__op_id op, double x, double y, double value)
{
    return op == WG__OP_logaddexp ? fmax(fabs(fmax(x, y)), fabs(value)) : value;
}

static void check_pairs(const struct pairs *golden)
{
    static double x[POINTS_MAX], y[POINTS_MAX], r[POINTS_MAX];
    static float x32[POINTS_MAX], y32[POINTS_MAX], r32[POINTS_MAX];
    const double units = wg__op_table[golden->op].ulp;
    check(golden->count <= POINTS_MAX);
    for (size_t i = 0; i < golden->count; i++) {
        x[i] = double_of(golden->point[i].x);
        y[i] = double_of(golden->point[i].y);
        x32[i] = (float)x[i];
        y32[i] = (float)y[i];
    }
    const int64_t count = (int64_t)golden->count;
    best()->map[golden->op][WG_F64](count, (const void *[]){ x, y }, r);
    best()->map[golden->op][WG_F32](count, (const void *[]){ x32, y32 }, r32);
    for (size_t i = 0; i < golden->count; i++) {
        const double value = double_of(golden->point[i].value);
        const double scale = scale_of(golden->op, x[i], y[i], value);
        const double rest = golden->point[i].rest / 128.0 * unit_f64(value);
        check_msg(fabs(r[i] - value - rest) <= units * unit_f64(scale), "%s(%a, %a): %a",
                  wg__op_table[golden->op].name, x[i], y[i], r[i]);
        if ((double)x32[i] != x[i] || (double)y32[i] != y[i]) continue;
        check_msg(is_near_f32(r32[i], value, scale, units), "%s(%a, %a): %a",
                  wg__op_table[golden->op].name, x[i], y[i], (double)r32[i]);
    }
}

Test(math, functions_of_pairs_are_within_their_bound_of_50_digits)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) check_pairs(&pairs[i]);
}

/* ---- sweeps ---- */

static double rsqrt_wide(double x) { return 1 / sqrt(x); }
static double softplus_wide(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
static double logistic_wide(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

/* Where the function is neither 0, constant nor NaN. */
static const struct sweep {
    wg__op_id op;
    double (*wide)(double);
    double low, high;
} sweeps[] = {
    { WG__OP_exp, exp, -104, 89 },          { WG__OP_expm1, expm1, -20, 89 },
    { WG__OP_log, log, 0, FLT_MAX },        { WG__OP_log1p, log1p, -1, FLT_MAX },
    { WG__OP_rsqrt, rsqrt_wide, 0, FLT_MAX }, { WG__OP_sin, sin, -FLT_MAX, FLT_MAX },
    { WG__OP_cos, cos, -FLT_MAX, FLT_MAX }, { WG__OP_logistic, logistic_wide, -104, 20 },
    { WG__OP_tanh, tanh, -10, 10 },         { WG__OP_erf, erf, -5, 5 },
    { WG__OP_erfc, erfc, -5, 10.2 },        { WG__OP_logaddexp, softplus_wide, -104, 104 },
};

static void check_sweep(const struct sweep *sweep, const float *x, int64_t count)
{
    static const float zero[POINTS_MAX];
    static float r[POINTS_MAX];
    const wg__op *op = &wg__op_table[sweep->op];
    best()->map[sweep->op][WG_F32](count, (const void *[]){ x, zero }, r);
    for (int64_t i = 0; i < count; i++) {
        const double expected = sweep->wide((double)x[i]);
        check_msg(is_near_f32(r[i], expected, expected, op->ulp), "%s(%a): %a instead of %a",
                  op->name, (double)x[i], (double)r[i], expected);
    }
}

/* Every 5003rd float, negative ones included, subnormals too. */
Test(math, f32_is_within_its_rows_bound_everywhere)
{
    for (size_t k = 0; k < sizeof sweeps / sizeof *sweeps; k++) {
        static float x[POINTS_MAX];
        int64_t count = 0;
        for (uint64_t bits = k; bits <= UINT32_MAX; bits += 5003) {
            const uint32_t pattern = (uint32_t)bits;
            memcpy(&x[count], &pattern, sizeof pattern);
            if (!((double)x[count] > sweeps[k].low && (double)x[count] < sweeps[k].high)) continue;
            if (++count < POINTS_MAX) continue;
            check_sweep(&sweeps[k], x, count);
            count = 0;
        }
        check_sweep(&sweeps[k], x, count);
    }
}

/* ---- exact values ---- */

static const struct exact { wg__op_id op; double x, value; } exact[] = {
    { WG__OP_neg, 0.0, -0.0 },            { WG__OP_abs, -0.0, 0.0 },
    { WG__OP_sign, -0.0, -0.0 },          { WG__OP_sign, 0.0, 0.0 },
    { WG__OP_sign, -3e-310, -1 },         { WG__OP_sign, HUGE_VAL, 1 },
    { WG__OP_exp, 0.0, 1 },               { WG__OP_exp, -0.0, 1 },
    { WG__OP_exp, -HUGE_VAL, 0 },         { WG__OP_exp, HUGE_VAL, HUGE_VAL },
    { WG__OP_exp, 1e5, HUGE_VAL },        { WG__OP_exp, -1e5, 0 },
    { WG__OP_expm1, -0.0, -0.0 },         { WG__OP_expm1, 0.0, 0.0 },
    { WG__OP_expm1, -HUGE_VAL, -1 },      { WG__OP_expm1, HUGE_VAL, HUGE_VAL },
    { WG__OP_log, 0.0, -HUGE_VAL },       { WG__OP_log, -0.0, -HUGE_VAL },
    { WG__OP_log, 1, 0.0 },               { WG__OP_log, HUGE_VAL, HUGE_VAL },
    { WG__OP_log, -1, NAN },              { WG__OP_log, -HUGE_VAL, NAN },
    { WG__OP_log1p, -0.0, -0.0 },         { WG__OP_log1p, 0.0, 0.0 },
    { WG__OP_log1p, -1, -HUGE_VAL },      { WG__OP_log1p, -2, NAN },
    { WG__OP_log1p, HUGE_VAL, HUGE_VAL }, { WG__OP_log1p, -HUGE_VAL, NAN },
    { WG__OP_sqrt, -0.0, -0.0 },          { WG__OP_sqrt, HUGE_VAL, HUGE_VAL },
    { WG__OP_sqrt, -1, NAN },             { WG__OP_rsqrt, 0.25, 2 },
    { WG__OP_rsqrt, 0.0, HUGE_VAL },      { WG__OP_rsqrt, -0.0, -HUGE_VAL },
    { WG__OP_rsqrt, HUGE_VAL, 0 },        { WG__OP_rsqrt, -1, NAN },
    { WG__OP_sin, -0.0, -0.0 },           { WG__OP_sin, 0.0, 0.0 },
    { WG__OP_sin, HUGE_VAL, NAN },        { WG__OP_sin, -HUGE_VAL, NAN },
    { WG__OP_cos, -0.0, 1 },              { WG__OP_cos, HUGE_VAL, NAN },
    { WG__OP_logistic, 0.0, 0.5 },        { WG__OP_logistic, -0.0, 0.5 },
    { WG__OP_logistic, -HUGE_VAL, 0 },    { WG__OP_logistic, HUGE_VAL, 1 },
    { WG__OP_tanh, -0.0, -0.0 },          { WG__OP_tanh, 0.0, 0.0 },
    { WG__OP_tanh, HUGE_VAL, 1 },         { WG__OP_tanh, -HUGE_VAL, -1 },
    { WG__OP_erf, -0.0, -0.0 },           { WG__OP_erf, 0.0, 0.0 },
    { WG__OP_erf, HUGE_VAL, 1 },          { WG__OP_erf, -HUGE_VAL, -1 },
    { WG__OP_erfc, 0.0, 1 },              { WG__OP_erfc, -0.0, 1 },
    { WG__OP_erfc, HUGE_VAL, 0 },         { WG__OP_erfc, -HUGE_VAL, 2 },
    { WG__OP_erf_inv, 0.0, 0.0 },         { WG__OP_erf_inv, -0.0, -0.0 },
    { WG__OP_erf_inv, 1, HUGE_VAL },      { WG__OP_erf_inv, -1, -HUGE_VAL },
    { WG__OP_erf_inv, 1.5, NAN },         { WG__OP_erf_inv, -HUGE_VAL, NAN },
};

/* Equal with the sign of zero, or both NaN. */
static bool is_same(double x, double y)
{
    return x != x ? y != y : x == y && signbit(x) == signbit(y);
}

Test(math, values_at_zeros_and_ends_are_exact)
{
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
        const double x = exact[i].x;
        const float x32 = (float)x;
        double r;
        float r32;
        best()->map[exact[i].op][WG_F64](1, (const void *[]){ &x }, &r);
        check_msg(is_same(r, exact[i].value), "%s(%g): %g", wg__op_table[exact[i].op].name, x, r);
        if (x != 0 && x32 == 0) continue;
        best()->map[exact[i].op][WG_F32](1, (const void *[]){ &x32 }, &r32);
        check_msg(is_same((double)r32, exact[i].value), "%s(%g): %g in f32",
                  wg__op_table[exact[i].op].name, x, (double)r32);
    }
}

static const struct exact2 { wg__op_id op; double x, y, value; } exact2[] = {
    { WG__OP_maximum, -0.0, 0.0, 0.0 },       { WG__OP_maximum, 0.0, -0.0, 0.0 },
    { WG__OP_maximum, -0.0, -0.0, -0.0 },     { WG__OP_maximum, NAN, 1, NAN },
    { WG__OP_maximum, 1, NAN, NAN },          { WG__OP_maximum, -HUGE_VAL, -3, -3 },
    { WG__OP_minimum, -0.0, 0.0, -0.0 },      { WG__OP_minimum, 0.0, -0.0, -0.0 },
    { WG__OP_minimum, 0.0, 0.0, 0.0 },        { WG__OP_minimum, NAN, 1, NAN },
    { WG__OP_minimum, 1, NAN, NAN },          { WG__OP_minimum, HUGE_VAL, 3, 3 },
    { WG__OP_div, 1, 0.0, HUGE_VAL },         { WG__OP_div, 1, -0.0, -HUGE_VAL },
    { WG__OP_div, 0.0, 0.0, NAN },            { WG__OP_div, -1, HUGE_VAL, -0.0 },
    { WG__OP_logaddexp, -HUGE_VAL, -HUGE_VAL, -HUGE_VAL },
    { WG__OP_logaddexp, HUGE_VAL, HUGE_VAL, HUGE_VAL },
    { WG__OP_logaddexp, HUGE_VAL, 3, HUGE_VAL }, { WG__OP_logaddexp, -3, HUGE_VAL, HUGE_VAL },
    { WG__OP_logaddexp, -HUGE_VAL, 3, 3 },    { WG__OP_logaddexp, -3, -HUGE_VAL, -3 },
    { WG__OP_logaddexp, HUGE_VAL, -HUGE_VAL, HUGE_VAL },
    { WG__OP_pow, 0.0, 0.0, 1 },              { WG__OP_pow, NAN, 0.0, 1 },
    { WG__OP_pow, -HUGE_VAL, -0.0, 1 },       { WG__OP_pow, 1, NAN, NAN },
    { WG__OP_pow, NAN, 1, NAN },              { WG__OP_pow, 1, HUGE_VAL, 1 },
    { WG__OP_pow, -1, HUGE_VAL, 1 },          { WG__OP_pow, -1, -HUGE_VAL, 1 },
    { WG__OP_pow, 0.0, 3, 0.0 },              { WG__OP_pow, -0.0, 3, -0.0 },
    { WG__OP_pow, -0.0, 2, 0.0 },             { WG__OP_pow, -0.0, 2.5, 0.0 },
    { WG__OP_pow, 0.0, -3, HUGE_VAL },        { WG__OP_pow, -0.0, -3, -HUGE_VAL },
    { WG__OP_pow, -0.0, -2, HUGE_VAL },       { WG__OP_pow, -2, 2, 4 },
    { WG__OP_pow, -2, 3, -8 },                { WG__OP_pow, -2, -1, -0.5 },
    { WG__OP_pow, -2, 0.5, NAN },             { WG__OP_pow, 3, 5, 243 },
    { WG__OP_pow, 1.5, 4, 5.0625 },           { WG__OP_pow, 2, 10, 1024 },
    { WG__OP_pow, HUGE_VAL, 2, HUGE_VAL },    { WG__OP_pow, HUGE_VAL, -2, 0.0 },
    { WG__OP_pow, -HUGE_VAL, 3, -HUGE_VAL },  { WG__OP_pow, -HUGE_VAL, -3, -0.0 },
    { WG__OP_pow, -HUGE_VAL, 2.5, HUGE_VAL }, { WG__OP_pow, 0.5, HUGE_VAL, 0.0 },
    { WG__OP_pow, 0.5, -HUGE_VAL, HUGE_VAL }, { WG__OP_pow, 7, HUGE_VAL, HUGE_VAL },
    { WG__OP_pow, 2, 1e5, HUGE_VAL },         { WG__OP_pow, -2, -100001, -0.0 },
    { WG__OP_atan2, 0.0, 0.0, 0.0 },          { WG__OP_atan2, -0.0, 0.0, -0.0 },
    { WG__OP_atan2, 0.0, 5, 0.0 },            { WG__OP_atan2, -0.0, HUGE_VAL, -0.0 },
    { WG__OP_atan2, 3, HUGE_VAL, 0.0 },       { WG__OP_atan2, -3, HUGE_VAL, -0.0 },
    { WG__OP_atan2, NAN, 1, NAN },            { WG__OP_atan2, HUGE_VAL, NAN, NAN },
    { WG__OP_logaddexp, NAN, HUGE_VAL, NAN }, { WG__OP_logaddexp, -HUGE_VAL, NAN, NAN },
};

Test(math, values_of_pairs_at_zeros_and_ends_are_exact)
{
    for (size_t i = 0; i < sizeof exact2 / sizeof *exact2; i++) {
        const double x = exact2[i].x, y = exact2[i].y;
        const float x32 = (float)x, y32 = (float)y;
        double r;
        float r32;
        best()->map[exact2[i].op][WG_F64](1, (const void *[]){ &x, &y }, &r);
        best()->map[exact2[i].op][WG_F32](1, (const void *[]){ &x32, &y32 }, &r32);
        check_msg(is_same(r, exact2[i].value) && is_same((double)r32, exact2[i].value),
                  "%s(%g, %g): %g and %g", wg__op_table[exact2[i].op].name, x, y, r, (double)r32);
    }
}

Test(math, nan_comes_out_of_every_function)
{
    for (int op = 1; op < WG__OP_COUNT; op++) {
        if (best()->map[op][WG_F32] == NULL || wg__op_table[op].class == WG__CLASS_MARK) continue;
        if (op == WG__OP_select || op == WG__OP_eq || op == WG__OP_lt || op == WG__OP_le) continue;
        const double x = NAN, y = 1;
        const float x32 = NAN, y32 = 1;
        double r = 0;
        float r32 = 0;
        best()->map[op][WG_F64](1, (const void *[]){ &x, &y }, &r);
        best()->map[op][WG_F32](1, (const void *[]){ &x32, &y32 }, &r32);
        check_msg(r != r && r32 != r32, "%s", wg__op_table[op].name);
    }
}

/* The far tail of softplus in f32: 27 of the smallest subnormal. */
Test(math, subnormal_results_are_kept)
{
    const float x = -100, zero = 0;
    float r;
    best()->map[WG__OP_logaddexp][WG_F32](1, (const void *[]){ &x, &zero }, &r);
    check((double)r == 27 * 0x1p-149);
    best()->map[WG__OP_exp][WG_F32](1, (const void *[]){ &x }, &r);
    check((double)r == 27 * 0x1p-149);
    best()->map[WG__OP_logistic][WG_F32](1, (const void *[]){ &x }, &r);
    check((double)r == 27 * 0x1p-149);
}

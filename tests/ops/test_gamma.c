/* polygamma: values of f64 against 50 digits at every kind of place, f32 against f64, which it is
 * rounded, every level against the portable one, poles and ends, and the rule of derivatives.    */
#include "golden/gamma.h"
#include "ops/rules.h"
#include "support/immediate.h"
#include "support/parallel.h"
#include "support/test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GOLDENS = sizeof golden_gamma / sizeof *golden_gamma };

static const wg__map_table *best(void)
{
    static const wg__map_table *map;
    if (map == NULL) map = wg__kernels_of(wg__level_choose(NULL))->map;
    return map;
}

static double polygamma(int order, double x)
{
    double r;
    best()->polygamma[WG_F64](1, &x, order, &r);
    return r;
}

static double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* One unit in the last place of a format with `digits` of them. */
static double unit_of(double value, int digits, int exponent_min)
{
    int exponent;
    (void)frexp(value, &exponent);
    return ldexp(1, (exponent < exponent_min ? exponent_min : exponent) - digits);
}

/* ---- values ---- */

Test(gamma, f64_is_within_its_rows_bound_of_50_digits)
{
    for (int i = 0; i < GOLDENS; i++) {
        const golden_order *golden = &golden_gamma[i];
        const double x = double_of(golden->x), value = double_of(golden->value);
        const double unit = unit_of(value, DBL_MANT_DIG, DBL_MIN_EXP);
        const double rest = golden->rest / 128.0 * unit;
        const double error = fabs(polygamma(golden->order, x) - value - rest) /
                             unit_of(golden->scale, DBL_MANT_DIG, DBL_MIN_EXP);
        check_msg(error <= wg__op_table[WG__OP_polygamma].ulp, "polygamma(%d, %.17g): %.3f units",
                  golden->order, x, error);
    }
}

Test(gamma, f32_is_within_its_rows_bound_of_50_digits)
{
    int count = 0;
    for (int i = 0; i < GOLDENS; i++) {
        const golden_order *golden = &golden_gamma[i];
        const double x = double_of(golden->x), value = double_of(golden->value);
        const float x32 = (float)x;
        float r;
        if ((double)x32 != x || fabs(value) > (double)FLT_MAX) continue;
        best()->polygamma[WG_F32](1, &x32, golden->order, &r);
        const double error = fabs((double)r - value) /
                             unit_of(golden->scale, FLT_MANT_DIG, FLT_MIN_EXP);
        check_msg(error <= wg__op_table[WG__OP_polygamma].ulp, "polygamma(%d, %.9g): %.3f units",
                  golden->order, x, error);
        count++;
    }
    check(count > 200);
}

/* At a root the larger addend counts; log-gamma has all digits of the value at 1 and 2. */
Test(gamma, log_gamma_has_all_its_digits_at_its_roots)
{
    int count = 0;
    for (int i = 0; i < GOLDENS; i++) {
        const golden_order *golden = &golden_gamma[i];
        const double x = double_of(golden->x), value = double_of(golden->value);
        if (golden->order >= 0 || x < 0.5 || x > 2.5) continue;
        const double unit = unit_of(value, DBL_MANT_DIG, DBL_MIN_EXP);
        check(fabs(polygamma(-1, x) - value - golden->rest / 128.0 * unit) <= unit);
        count++;
    }
    check(count > 20);
}

/* ---- poles and ends ---- */

static const struct end { int order; double x, value; } ends[] = {
    { -1, 1, 0.0 },           { -1, 2, 0.0 },           { -1, 0.0, HUGE_VAL },
    { -1, -0.0, HUGE_VAL },   { -1, -3, HUGE_VAL },     { -1, -1e300, HUGE_VAL },
    { -1, HUGE_VAL, HUGE_VAL }, { -1, -HUGE_VAL, HUGE_VAL }, { -1, NAN, NAN },
    { 0, 0.0, -HUGE_VAL },    { 0, -0.0, HUGE_VAL },    { 0, -2, NAN },
    { 0, HUGE_VAL, HUGE_VAL }, { 0, -HUGE_VAL, NAN },   { 0, NAN, NAN },
    { 1, 0.0, HUGE_VAL },     { 1, -0.0, HUGE_VAL },    { 1, -7, HUGE_VAL },
    { 1, HUGE_VAL, 0.0 },     { 1, -HUGE_VAL, NAN },    { 1, NAN, NAN },
    { 2, 0.0, -HUGE_VAL },    { 2, -0.0, HUGE_VAL },    { 2, -7, NAN },
    { 2, HUGE_VAL, -0.0 },    { 2, -HUGE_VAL, NAN },    { 3, -1e30, HUGE_VAL },
    { 100, 0.0, -HUGE_VAL },  { 100, 0x1p-20, -HUGE_VAL }, { 99, -0x1p-20, HUGE_VAL },
};

Test(gamma, poles_and_ends_have_their_values)
{
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const double x = ends[i].x, r = polygamma(ends[i].order, x), value = ends[i].value;
        const float x32 = (float)x;
        float r32;
        best()->polygamma[WG_F32](1, &x32, ends[i].order, &r32);
        const bool is_nan = value != value;
        const bool is_same = r == value && signbit(r) == signbit(value);
        const bool is_same_32 = (double)r32 == value && signbit(r32) == signbit(value);
        check_msg(is_nan ? r != r && r32 != r32 : is_same && is_same_32,
                  "polygamma(%d, %g): %g, %g in f32", ends[i].order, x, r, (double)r32);
    }
}

/* log-gamma of the largest x that has one, and next to it; subnormal x; 1 / x alone near 0. */
Test(gamma, the_range_is_used_to_its_ends)
{
    const double last = 0x1.754d9278b51a7p1014;
    check(polygamma(-1, last) > 0x1.fffffffffff00p1023 && polygamma(-1, last) < HUGE_VAL);
    check(polygamma(-1, nextafter(last, HUGE_VAL)) == HUGE_VAL);
    check(polygamma(0, 0x1p-600) == -0x1p600 && polygamma(0, -0x1p-600) == 0x1p600);
    check(polygamma(0, 0x1p-1060) == -HUGE_VAL);
    check_close(polygamma(-1, 0x1p-1060), 1060 * log(2), 0x1p-42);
    check_close(polygamma(-1, -0x1p-1060), 1060 * log(2), 0x1p-42);
    check(polygamma(1, 0x1p-511) == 0x1p1022 && polygamma(1, 0x1p1020) == 0x1p-1020);
    check(polygamma(1, 0x1p-513) == HUGE_VAL && polygamma(2, 0x1p600) == 0);
}

/* ---- levels and formats ---- */

enum { BATCH = 1024 };

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

Test(gamma, every_level_gives_the_same_bits)
{
    uint64_t state = test_seed();
    static double x[BATCH], expected[BATCH], r[BATCH];
    for (int order = -1; order < 6; order++) {
        for (int i = 0; i < BATCH; i++) {
            x[i] = double_of(test_random(&state));
            if (i % 2 != 0) x[i] = (double)test_draw(&state, -80000, 80000) / 1024;
        }
        wg__kernels_of(WG__PORTABLE)->map->polygamma[WG_F64](BATCH, x, order, expected);
        wg__nan_canonical(WG_F64, BATCH, expected);
        for (int level = 0; level < WG__LEVEL_COUNT; level++) {
            if (!wg__level_exists((wg__level)level)) continue;
            wg__kernels_of((wg__level)level)->map->polygamma[WG_F64](BATCH, x, order, r);
            wg__nan_canonical(WG_F64, BATCH, r);
            check_bytes(r, expected, sizeof r);
        }
    }
}

/* Patterns `first`, `first` + `step` ... of f32: the value of f64, rounded. */
static bool batch_is_rounded(int order, uint32_t first, uint32_t step)
{
    float x[BATCH], r[BATCH];
    double wide[BATCH], value[BATCH];
    for (uint32_t i = 0; i < BATCH; i++) {
        x[i] = float_of(first + i * step);
        wide[i] = (double)x[i];
    }
    best()->polygamma[WG_F32](BATCH, x, order, r);
    best()->polygamma[WG_F64](BATCH, wide, order, value);
    for (int i = 0; i < BATCH; i++) {
        const bool is_nan = value[i] != value[i];
        if (is_nan ? r[i] == r[i] : r[i] != (float)value[i]) return false;
    }
    return true;
}

Test(gamma, f32_is_f64_rounded_on_a_sample)
{
    uint64_t state = test_seed();
    for (int order = -1; order < 4; order++)
        for (uint32_t batch = 0; batch < 8; batch++) {
            const uint32_t first = (uint32_t)test_random(&state);
            check(batch_is_rounded(order, first + (batch << 29), 1u << 19));
        }
}

enum { ITEMS = 4096 };
typedef struct sweep { int order; bool is_rounded[ITEMS]; } sweep;

static void item_run(void *user, int64_t item)
{
    sweep *s = user;
    s->is_rounded[item] = true;
    for (uint32_t batch = 0; batch < 1024; batch++)
        if (!batch_is_rounded(s->order, ((uint32_t)item * 1024 + batch) * BATCH, 1))
            s->is_rounded[item] = false;
}

TestLong(gamma, f32_is_f64_rounded_on_all_inputs)
{
    static sweep s;
    for (s.order = -1; s.order < 1; s.order++) {
        test_parallel(ITEMS, item_run, &s);
        for (int i = 0; i < ITEMS; i++) check(s.is_rounded[i]);
        printf("f32 polygamma(%d) is f64 rounded on all inputs\n", s.order);
        fflush(stdout);
    }
}

/* ---- derivatives ---- */

/* Four derivatives of log-gamma are orders 0 to 3, bit for bit. */
Test(gamma, the_derivative_of_an_order_is_the_next)
{
    static const double x[] = { 0.25, 1, 1.4616, 3.5, 40, -0.5, -7.25 };
    enum { COUNT = sizeof x / sizeof *x };
    const wg__shape shape = { .rank = 1, .dim = { COUNT } };
    immediate *im = immediate_create(WG__PORTABLE);
    wg__builder *b = &im->builder;
    const uint32_t at = immediate_f64(im, &shape, x);
    uint32_t value = wg__emit_polygamma(b, -1, at);
    for (int order = 0; order < 4; order++) {
        double actual[COUNT], expected[COUNT];
        value = immediate_grad(im, value, wg__emit_full_like(b, value, 1), at);
        immediate_copy(im, value, actual);
        best()->polygamma[WG_F64](COUNT, x, order, expected);
        check_bytes(actual, expected, sizeof actual);
    }
    immediate_free(im);
}

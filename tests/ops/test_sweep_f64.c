/* Every elementwise function of f64 against the wider format of the C library, where it has one: at
 * seeded draws from the whole range and from where it bends, and at every knot of its kernel, where
 * one series or one reduction takes over from another, with one unit either side. A default run
 * draws; test-long takes all knots and many more draws. The bound is that of the row.            */
#include "ops/rules.h"
#include "support/parallel.h"
#include "support/test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where the format is wider, and the library with it. */
#if defined(__GLIBC__) && LDBL_MANT_DIG >= 64
#include <complex.h>

enum { BATCH = 512, BATCHES = 64, ITEMS = 1024, ITEM_BATCHES = 32, KNOTS = 128 };

/* ---- the functions in the wider format ----
 * A compiler's runtime may put functions of double before expl, logl, sinl, cosl and sqrtl of the
 * library: these are made of others. */

typedef long double wide;

static wide add_wide(wide x, wide y) { return x + y; }
static wide sub_wide(wide x, wide y) { return x - y; }
static wide mul_wide(wide x, wide y) { return x * y; }
static wide div_wide(wide x, wide y) { return x / y; }
static wide exp_wide(wide x) { return x < 0 ? 1 / (expm1l(-x) + 1) : expm1l(x) + 1; }
static wide sin_wide(wide x) { return cimagl(cexpl(x * I)); }
static wide cos_wide(wide x) { return creall(cexpl(x * I)); }

/* k log 2 + log(m), where m is within the roots of 1/2 and 2, and m - 1 exact. */
static wide log_wide(wide x)
{
    int k;
    if (!(x > 0) || x == (wide)HUGE_VAL) return x == 0 ? -HUGE_VALL : x < 0 ? (wide)NAN : x;
    wide m = frexpl(x, &k);
    if (m < 0.70710678118654752L) {
        m *= 2;
        k--;
    }
    return k * 0.693147180559945309417232121458176568L + log1pl(m - 1);
}

/* The root of double, and what its square lacks, whose parts are exact. */
static wide sqrt_wide(wide x)
{
    const wide power = x < 0x1p-900L ? 0x1p60L : 1; /* what it lacks is to be a normal double */
    const double root = sqrt((double)(x * power * power));
    if (!(root > 0) || root == HUGE_VAL) return (wide)root;
    const double split = root * 0x1.0000002p27;
    const wide high = (wide)(split - (split - root)), low = (wide)root - high;
    const wide left = x * power * power - high * high - 2 * high * low - low * low;
    return ((wide)root + left / (2 * (wide)root)) / power;
}

static wide rsqrt_wide(wide x) { return 1 / sqrt_wide(x); }

static wide logistic_wide(wide x)
{
    return x < 0 ? exp_wide(x) / (1 + exp_wide(x)) : 1 / (1 + exp_wide(-x));
}

static wide logaddexp_wide(wide x, wide y)
{
    const wide gap = x == y ? 0 : fabsl(x - y);
    return (x < y ? y : x) + log1pl(exp_wide(-gap));
}

/* The root of erf(r) = x by Halley's rule, each step of which triples the digits. */
static wide erf_inv_wide(wide x)
{
    const wide a = fabsl(x), rest = 1 - a;
    if (!(a < 1)) return a == 1 ? x * HUGE_VALL : (wide)NAN;
    wide r = a < 0.5L ? a * 0.886L : sqrt_wide(-log_wide(rest));
    for (int i = 0; i < 12; i++) {
        const wide error = a < 0.5L ? erfl(r) - a : rest - erfcl(r);
        const wide u = error * 0.886226925452758013649083741670573L * exp_wide(r * r);
        r -= u / (1 + u * r);
    }
    return copysignl(r, x);
}

/* ---- polygamma: its sum up to 40, then the series of Euler and Maclaurin ---- */

static wide series_wide(int order, wide x)
{
    static const wide bernoulli[] = { 1.0L / 6,       -1.0L / 30,     1.0L / 42,    -1.0L / 30,
                                      5.0L / 66,      -691.0L / 2730, 7.0L / 6,     -3617.0L / 510,
                                      43867.0L / 798, -174611.0L / 330 };
    wide sum = 0.5L, factor = (order < 0 ? 1 : order + 1) / (2 * x);
    for (int j = 1; j <= 10; j++) {
        sum += bernoulli[j - 1] * factor;
        const int rising = order + 2 * j, falling = 2 * j + 1;
        factor *= (wide)rising * (rising + 1) / ((wide)falling * (falling + 1) * x * x);
    }
    return sum;
}

static wide power_wide(wide x, int power)
{
    wide r = 1;
    for (int i = 0; i < power; i++) r *= x;
    return r;
}

static wide polygamma_wide(int order, wide x)
{
    wide sum = 0, factorial = 1;
    for (int i = 2; i <= order; i++) factorial *= i;
    for (; x < 40; x++) sum += 1 / power_wide(x, order + 1);
    sum += series_wide(order, x) / power_wide(x, order + 1);
    sum += order == 0 ? -log_wide(x) : 1 / (order * power_wide(x, order));
    return order % 2 == 0 ? -sum * factorial : sum * factorial;
}

/* The library's own is not right enough on the left, near roots. */
static wide log_gamma_wide(wide x)
{
    if (!(x < 0)) return lgammal(x);
    wide product = 1;
    for (; x < 40; x++) product *= x;
    const wide stirling = (x - 0.5L) * log_wide(x) - x + 0.918938533204672741780329736405617640L;
    return stirling + series_wide(-1, x) - 0.5L - log_wide(fabsl(product));
}

static wide digamma_wide(wide x) { return polygamma_wide(0, x); }
static wide trigamma_wide(wide x) { return polygamma_wide(1, x); }
static wide polygamma_2_wide(wide x) { return polygamma_wide(2, x); }
static wide polygamma_3_wide(wide x) { return polygamma_wide(3, x); }

/* ---- knots: numbers k step, or first 2^k, for |k| <= count ---- */

typedef struct knots {
    double step, first;
    int count;
} knots;
#define LINES(step_, count_) { .step = (step_), .count = (count_) }
#define POWERS(first_, count_) { .first = (first_), .count = (count_) }

#define HALF_LOG2  0.34657359027997265
#define QUARTER_PI 0.78539816339744831
#define SQRT2      1.4142135623730951

static double knot_at(const knots *of, int k)
{
    return of->step != 0 ? k * of->step : ldexp(of->first, k);
}

/* ---- the rows ---- */

typedef struct row {
    wg__op_id op;
    wide (*one)(wide x);
    wide (*two)(wide x, wide y);
    double low, high;     /* where the function is neither constant nor NaN */
    knots knots[2];
    int64_t order;        /* of polygamma */
} row;
#define ONE(name, wide, ...) { .op = WG__OP_##name, .one = (wide), __VA_ARGS__ }
#define TWO(name, wide, ...) { .op = WG__OP_##name, .two = (wide), __VA_ARGS__ }
#define RANGE(low_, high_)   .low = (low_), .high = (high_)
/* Where a series begins is 8 + 0.85 (order + 1). */
#define GAMMA_KNOTS LINES(0.25, 240), LINES(0.05, 1200)

static const row rows[] = {
    TWO(add, add_wide, RANGE(-9, 9)),
    TWO(sub, sub_wide, RANGE(-9, 9)),
    TWO(mul, mul_wide, RANGE(-9, 9)),
    TWO(div, div_wide, RANGE(-9, 9)),
    TWO(rem, fmodl, RANGE(-99, 99)),
    ONE(floor, floorl, RANGE(-99, 99), .knots = { LINES(1, 2000) }),
    ONE(round, rintl, RANGE(-99, 99), .knots = { LINES(0.5, 2000), POWERS(1, 60) }),
    ONE(exp, exp_wide, RANGE(-746, 710), .knots = { LINES(HALF_LOG2, 2150) }),
    ONE(expm1, expm1l, RANGE(-64, 710), .knots = { LINES(HALF_LOG2, 2150), LINES(4, 16) }),
    ONE(log, log_wide, RANGE(0, 8), .knots = { POWERS(SQRT2, 1070), POWERS(1, 1074) }),
    ONE(log1p, log1pl, RANGE(-1, 8), .knots = { POWERS(SQRT2, 1000), LINES(-0.0625, 16) }),
    TWO(logaddexp, logaddexp_wide, RANGE(-99, 99)),
    TWO(pow, powl, RANGE(0, 9)),
    ONE(sqrt, sqrt_wide, RANGE(0, 8), .knots = { POWERS(1, 1074) }),
    ONE(rsqrt, rsqrt_wide, RANGE(0, 8), .knots = { POWERS(1, 1074) }),
    ONE(sin, sin_wide, RANGE(-99, 99),
        .knots = { LINES(QUARTER_PI, 4000), POWERS(QUARTER_PI, 1000) }),
    ONE(cos, cos_wide, RANGE(-99, 99),
        .knots = { LINES(QUARTER_PI, 4000), POWERS(QUARTER_PI, 1000) }),
    TWO(atan2, atan2l, RANGE(-9, 9)),
    ONE(logistic, logistic_wide, RANGE(-746, 40), .knots = { LINES(HALF_LOG2, 2150) }),
    ONE(tanh, tanhl, RANGE(-20, 20), .knots = { LINES(HALF_LOG2 / 2, 120) }),
    ONE(erf, erfl, RANGE(-6, 6), .knots = { LINES(0.6875, 9), LINES(1, 6) }),
    ONE(erfc, erfcl, RANGE(-6, 27), .knots = { LINES(0.6875, 9), LINES(1, 28) }),
    ONE(erf_inv, erf_inv_wide, RANGE(-1, 1), .knots = { LINES(0.0625, 15), POWERS(0.5, 60) }),
    ONE(polygamma, log_gamma_wide, RANGE(-60, 60), .order = -1, .knots = { GAMMA_KNOTS }),
    ONE(polygamma, digamma_wide, RANGE(-60, 60), .knots = { GAMMA_KNOTS }),
    ONE(polygamma, trigamma_wide, RANGE(-60, 60), .order = 1, .knots = { GAMMA_KNOTS }),
    ONE(polygamma, polygamma_2_wide, RANGE(-60, 60), .order = 2, .knots = { GAMMA_KNOTS }),
    ONE(polygamma, polygamma_3_wide, RANGE(-60, 60), .order = 3, .knots = { GAMMA_KNOTS }),
};
enum { ROWS = sizeof rows / sizeof *rows };

/* ---- one batch ---- */

static void run(const row *r, const double *x, const double *y, double *out)
{
    const wg__shape line = { .rank = 1, .dim = { BATCH } };
    double in_x[BATCH], in_y[BATCH];
    memcpy(in_x, x, sizeof in_x);
    memcpy(in_y, y, sizeof in_y);
    const wg__array in[] = { wg__array_of(in_x, WG_F64, &line), wg__array_of(in_y, WG_F64, &line) };
    wg__eval(wg__kernels_of(wg__level_choose(NULL)),
             &(wg__call){ .op = r->op, .in_count = wg__op_table[r->op].in_count, .in = in,
                          .out = wg__array_of(out, WG_F64, &line), .attribute = &r->order,
                          .attribute_count = r->op == WG__OP_polygamma });
}

static double unit_at(wide value)
{
    int exponent;
    (void)frexpl(value, &exponent);
    return ldexp(1, (exponent < DBL_MIN_EXP ? DBL_MIN_EXP : exponent) - DBL_MANT_DIG);
}

/* Infinity counts as the number it begins at, so that overflow half a unit early is no error. */
static wide held(wide value)
{
    const wide end = ldexpl(1, DBL_MAX_EXP);
    return value > end ? end : value < -end ? -end : value;
}

static double error_of(double actual, wide expected, wide scale)
{
    const bool is_nan = actual != actual;
    if (is_nan || expected != expected) return is_nan && expected != expected ? 0 : HUGE_VAL;
    return (double)(fabsl(held((wide)actual) - held(expected)) / (wide)unit_at(held(scale)));
}

/* Of polygamma at x: next to a root the logarithm, or the term of the next whole number. */
static wide gamma_addend(int64_t order, wide x)
{
    const wide f = fabsl(x - rintl(x));
    if (x > 0) return order == 0 && x > 1 ? log_wide(x) : 0;
    if (order < 0) return fabsl(log_wide(f));
    return (order == 3 ? 6 : order == 2 ? 2 : 1) / power_wide(f, (int)order + 1);
}

/* Near a root addends cancel: the unit is that of the largest one. */
static wide scale_of(const row *r, wide x, wide y, wide value)
{
    if (r->op == WG__OP_polygamma) return fmaxl(fabsl(value), gamma_addend(r->order, x));
    if (r->op != WG__OP_logaddexp || !(fabsl(value) < HUGE_VALL)) return value;
    const wide larger = x < y ? y : x;
    return fmaxl(fabsl(value), fmaxl(fabsl(larger), fabsl(value - larger)));
}

typedef struct worst { double error, x, y; } worst;

static void batch_compare(const row *r, const double *x, const double *y, worst *out)
{
    double value[BATCH];
    run(r, x, y, value);
    for (int i = 0; i < BATCH; i++) {
        const wide a = (wide)x[i], b = (wide)y[i];
        const wide expected = r->one != NULL ? r->one(a) : r->two(a, b);
        const double error = error_of(value[i], expected, scale_of(r, a, b, expected));
        if (error > out->error) *out = (worst){ error, x[i], y[i] };
    }
}

/* ---- draws ---- */

static double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Any pattern, uniform over the range, over [-2, 2], and over sizes down to 2^-60. */
static double draw(const row *r, uint64_t *state)
{
    const uint64_t bits = test_random(state);
    const double uniform = (double)(bits >> 11) * 0x1p-53;
    switch (test_random(state) % 4) {
    case 0: return double_of(bits);
    case 1: return r->low + (r->high - r->low) * uniform;
    case 2: return 4 * uniform - 2;
    default: return ldexp(2 * uniform - 1, -(int)(test_random(state) % 60));
    }
}

/* Poles of polygamma are test_gamma.c's; further on the left its sum would be long. */
static double within(const row *r, double x)
{
    return r->op == WG__OP_polygamma && (x < -99 || (x <= 0 && x == floor(x))) ? 0.75 : x;
}

static void draws_compare(const row *r, int batches, uint64_t *state, worst *found)
{
    for (int batch = 0; batch < batches; batch++) {
        double x[BATCH], y[BATCH];
        for (int i = 0; i < BATCH; i++) {
            x[i] = within(r, draw(r, state));
            y[i] = draw(r, state);
        }
        batch_compare(r, x, y, found);
    }
}

/* A knot, and one unit either side. */
static void knot_put(const row *r, double knot, double *x)
{
    x[0] = within(r, knot);
    x[1] = within(r, nextafter(knot, HUGE_VAL));
    x[2] = within(r, nextafter(knot, -HUGE_VAL));
}

/* All knots of a kind, or KNOTS drawn of them. */
static void knots_compare(const row *r, const knots *of, uint64_t *state, worst *found)
{
    const int64_t all = 2 * (int64_t)of->count + 1, taken = test_is_long() ? all : KNOTS;
    double x[BATCH], y[BATCH] = { 0 };
    for (int64_t at = 0; at < taken;) {
        for (int i = 0; i < BATCH; i++) x[i] = 0.75;
        for (int i = 0; i + 2 < BATCH && at < taken; i += 3, at++) {
            const int64_t k = test_is_long() ? at : test_draw(state, 0, all - 1);
            knot_put(r, knot_at(of, (int)k - of->count), x + i);
        }
        batch_compare(r, x, y, found);
    }
}

/* ---- all rows ---- */

/* Exactly rounded is half a unit; 1/50 for the wider format's own error. */
static bool is_within(const row *r, const worst *found)
{
    return found->error <= fmax(wg__op_table[r->op].ulp, 0.5) + 0.02;
}

Test(sweep_f64, is_within_its_rows_bound_of_a_wider_format_on_a_sample)
{
    uint64_t state = test_seed();
    for (int i = 0; i < ROWS; i++) {
        worst found = { 0 };
        draws_compare(&rows[i], BATCHES, &state, &found);
        for (int k = 0; k < 2; k++)
            if (rows[i].knots[k].count > 0)
                knots_compare(&rows[i], &rows[i].knots[k], &state, &found);
        check_msg(is_within(&rows[i], &found), "f64 %s(%a, %a), order %d: %.3f units",
                  wg__op_table[rows[i].op].name, found.x, found.y, (int)rows[i].order,
                  found.error);
    }
}

typedef struct sweep {
    const row *row;
    uint64_t seed;
    worst of_item[ITEMS];
} sweep;

static void item_run(void *user, int64_t item)
{
    sweep *s = user;
    uint64_t state = s->seed + (uint64_t)item;
    draws_compare(s->row, ITEM_BATCHES, &state, &s->of_item[item]);
}

/* Prints the largest error of each row, and where it is. */
TestLong(sweep_f64, is_within_its_rows_bound_of_a_wider_format_at_all_knots_and_densely)
{
    static sweep s;
    const uint64_t seed = test_seed();
    int failed_count = 0;
    for (int i = 0; i < ROWS; i++) {
        s = (sweep){ .row = &rows[i], .seed = seed + ((uint64_t)i << 32) };
        test_parallel(ITEMS, item_run, &s);
        worst found = { 0 };
        for (int item = 0; item < ITEMS; item++)
            if (s.of_item[item].error > found.error) found = s.of_item[item];
        for (int k = 0; k < 2; k++)
            if (rows[i].knots[k].count > 0)
                knots_compare(&rows[i], &rows[i].knots[k], NULL, &found);
        const bool is_good = is_within(&rows[i], &found);
        failed_count += !is_good;
        printf("f64 %-12s %.4f units at (%a, %a)%s\n", wg__op_table[rows[i].op].name, found.error,
               found.x, found.y, is_good ? "" : ": too many");
        fflush(stdout);
    }
    check_equal_i(failed_count, 0);
}
#endif

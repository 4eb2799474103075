/* Every elementwise function of f32 against the f64 kernel of the same row, which is itself held to
 * 50 digits (test_math.c): a sample of all patterns in the default run; in `test-long` all 2^32 of
 * one input, and many seeded pairs of two. The bound is that of the row; 2^-20 of a unit is left
 * to the f64 value's own error.                                                                  */
#include "ops/rules.h"
#include "support/parallel.h"
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* All patterns are 4096 items of 1024 batches; of pairs an item has 16 batches, 2^26 in all. */
enum { BATCH = 1024, ITEM_COUNT = 4096, PATTERN_BATCHES = 1024, PAIR_BATCHES = 16,
       SAMPLE_BATCHES = 64 };

typedef struct worst { double error; float x, y; } worst;

typedef struct sweep {
    wg__op_id op;
    uint64_t seed;          /* of pairs */
    worst of_item[ITEM_COUNT];
} sweep;

/* ---- one batch ---- */

static const wg__kernels *kernels(void)
{
    return wg__kernels_of(wg__level_choose(NULL));
}

static void run(const wg__kernels *with, wg__op_id op, wg_dtype dtype, void *x, void *y, void *out)
{
    const wg__shape line = { .rank = 1, .dim = { BATCH } };
    const wg__array in[] = { wg__array_of(x, dtype, &line), wg__array_of(y, dtype, &line) };
    wg__eval(with, &(wg__call){ .op = op, .in_count = wg__op_table[op].in_count, .in = in,
                                .out = wg__array_of(out, dtype, &line) });
}

/* One unit in the last place of f32 at a value: its exponent less the digits behind the first. */
static double unit_at(double value)
{
    const uint64_t exponents = UINT64_C(0x7FF) << 52;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits &= exponents;
    const uint64_t least = UINT64_C(0x3810000000000000); /* of 2^-126, the least normal */
    bits = (bits < least ? least : bits) - (UINT64_C(23) << 52);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Infinity counts as the number it begins at, so that overflow half a unit early is no error. */
static double held(double value)
{
    const double above = value > -0x1p128 ? value : -0x1p128;
    return above < 0x1p128 ? above : 0x1p128;
}

static double error_of(double actual, double expected, double scale)
{
    const bool is_nan = actual != actual;
    if (is_nan || expected != expected) return is_nan && expected != expected ? 0 : HUGE_VAL;
    return fabs(held(actual) - held(expected)) / unit_at(held(scale));
}

/* Near a root of logaddexp its addends cancel: the unit is that of the larger one. */
static double scale_of(wg__op_id op, double x, double y, double value)
{
    if (op != WG__OP_logaddexp) return value;
    const double larger = x < y ? y : x;
    return fmax(fabs(value), fmax(fabs(larger), fabs(value - larger)));
}

static void batch_run(const wg__kernels *with, wg__op_id op, float *x, float *y, worst *out)
{
    float narrow[BATCH];
    double wide_x[BATCH], wide_y[BATCH], wide[BATCH];
    for (int i = 0; i < BATCH; i++) {
        wide_x[i] = (double)x[i];
        wide_y[i] = (double)y[i];
    }
    run(with, op, WG_F32, x, y, narrow);
    run(with, op, WG_F64, wide_x, wide_y, wide);
    for (int i = 0; i < BATCH; i++) {
        const double scale = scale_of(op, wide_x[i], wide_y[i], wide[i]);
        const double error = error_of((double)narrow[i], wide[i], scale);
        if (error > out->error) *out = (worst){ error, x[i], y[i] };
    }
}

/* ---- inputs ---- */

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Any patterns, numbers of the row's domain, or one of each. */
static void pairs_draw(wg__op_id op, uint64_t *state, float *x, float *y)
{
    const wg__op *row = &wg__op_table[op];
    for (int i = 0; i < BATCH; i++) {
        const uint64_t bits = test_random(state), kind = test_random(state) % 4;
        const double width = (row->high - row->low) * 0x1p-32;
        x[i] = float_of((uint32_t)bits);
        y[i] = float_of((uint32_t)(bits >> 32));
        if ((kind & 1) != 0) x[i] = (float)(row->low + width * (double)(uint32_t)bits);
        if ((kind & 2) != 0) y[i] = (float)(row->low + width * (double)(uint32_t)(bits >> 32));
    }
}

static void patterns_take(uint32_t first, uint32_t step, float *x)
{
    for (uint32_t i = 0; i < BATCH; i++) x[i] = float_of(first + i * step);
}

/* One item of the patterns, or of the pairs. */
static void item_run(void *user, int64_t item)
{
    sweep *s = user;
    const bool is_binary = wg__op_table[s->op].in_count == 2;
    const wg__kernels *with = kernels();
    uint64_t state = s->seed + (uint64_t)item;
    for (uint32_t batch = 0; batch < (is_binary ? PAIR_BATCHES : PATTERN_BATCHES); batch++) {
        float x[BATCH], y[BATCH] = { 0 };
        if (is_binary) pairs_draw(s->op, &state, x, y);
        else patterns_take(((uint32_t)item * PATTERN_BATCHES + batch) * BATCH, 1, x);
        batch_run(with, s->op, x, y, &s->of_item[item]);
    }
}

/* ---- all rows ---- */

static bool is_swept(int op)
{
    return wg__steps_of((wg__op_id)op, 0) != NULL;
}

/* Exactly rounded is half a unit. */
static bool is_within(wg__op_id op, const worst *found)
{
    return found->error <= fmax(wg__op_table[op].ulp, 0.5) + 0x1p-20;
}

/* A pattern in 65536, their last 16 bits those of the seed; as many pairs. */
Test(sweep, f32_is_within_its_rows_bound_of_f64_on_a_sample)
{
    uint64_t state = test_seed();
    const wg__kernels *with = kernels();
    for (int op = 1; op < WG__OP_COUNT; op++) {
        if (!is_swept(op)) continue;
        worst found = { 0 };
        const uint32_t first = (uint32_t)test_random(&state);
        for (int batch = 0; batch < SAMPLE_BATCHES; batch++) {
            float x[BATCH], y[BATCH] = { 0 };
            const uint32_t start = first + ((uint32_t)batch << 26);
            if (wg__op_table[op].in_count == 2) pairs_draw((wg__op_id)op, &state, x, y);
            else patterns_take(start, 1u << 16, x);
            batch_run(with, (wg__op_id)op, x, y, &found);
        }
        check_msg(is_within((wg__op_id)op, &found), "f32 %s(%a, %a): %.3f units",
                  wg__op_table[op].name, (double)found.x, (double)found.y, found.error);
    }
}

/* Prints the largest error of each row, and where it is. */
TestLong(sweep, f32_is_within_its_rows_bound_of_f64_on_all_inputs)
{
    static sweep s;
    const uint64_t seed = test_seed();
    int failed_count = 0;
    for (int op = 1; op < WG__OP_COUNT; op++) {
        if (!is_swept(op)) continue;
        s = (sweep){ .op = (wg__op_id)op, .seed = seed + ((uint64_t)op << 32) };
        test_parallel(ITEM_COUNT, item_run, &s);
        worst found = { 0 };
        for (int i = 0; i < ITEM_COUNT; i++)
            if (s.of_item[i].error > found.error) found = s.of_item[i];
        const bool is_good = is_within((wg__op_id)op, &found);
        failed_count += !is_good;
        printf("f32 %-12s %.4f units at (%a, %a)%s\n", wg__op_table[op].name, found.error,
               (double)found.x, (double)found.y, is_good ? "" : ": too many");
        fflush(stdout);
    }
    check_equal_i(failed_count, 0);
}

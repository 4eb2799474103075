/* An index out of range is told with its value, its place and what it may be, and always the first
 * is told: on one thread and on several, in one piece and in shards, in the steps of a loop. After
 * it the recording can be made anew.                                                             */
#include "runtime/internal.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <wengert/wengert.h>

enum { ROWS = 1024, WIDE = 3, ENTRIES = 8 };

typedef struct bench {
    wg_runtime *runtime;
    wg_tape *tape;
    float table[ENTRIES];
    int32_t index[ROWS * WIDE];
} bench;

static void bench_open(bench *b, int threads)
{
    memset(b, 0, sizeof *b);
    b->runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
    b->runtime->is_forked_always = threads > 1;
    b->tape = wg_tape_create(NULL);
}

static void bench_close(bench *b)
{
    wg_tape_free(b->tape);
    wg_runtime_free(b->runtime);
}

static wg_var table_of(bench *b)
{
    return wg_input(b->tape, "table", wg_f32(b->table, WG_SHAPE(ENTRIES)));
}

static void check_told(bench *b, wg_var y, const char *expected)
{
    double value;
    check_status(wg_item(b->runtime, y, &value), WG_EINDEX);
    check_contains(wg_tape_message(b->tape), expected);
    check_contains(wg_tape_message(b->tape), "test_fault.c:");
}

/* Rows of samples, which may be split among threads; several are wrong, the first is told. */
static wg_var lookup(bench *b, int32_t first_row)
{
    b->index[first_row * WIDE + 1] = 8;
    b->index[(ROWS - 1) * WIDE] = -5;
    b->index[(ROWS - 7) * WIDE] = 99;
    const wg_var index = wg_batch(b->tape, "index", wg_i32(b->index, WG_SHAPE(ROWS, WIDE)));
    return wg_sum(wg_exp(wg_gather(table_of(b), index, 0)), WG_ALL);
}

Test(fault, the_first_is_told_whatever_thread_met_which)
{
    for (int threads = 1; threads <= 4; threads++)
        for (int round = 0; round < 8; round++) {
            bench b;
            bench_open(&b, threads);
            const int32_t row = round * 120 + 5;
            char expected[80];
            snprintf(expected, sizeof expected,
                     "gather: index 8 at [%d, 1] is not within 0 <= index < 8 (", (int)row);
            check_told(&b, lookup(&b, row), expected);
            bench_close(&b);
        }
}

Test(fault, a_scatter_and_a_negative_index_are_told_alike)
{
    bench b;
    bench_open(&b, 1);
    const int64_t wrong[2] = { 3, -1 }, one[1] = { 8 };
    const float update[2] = { 1, 2 };
    const wg_var index = wg_input(b.tape, "index", wg_i64(wrong, WG_SHAPE(2)));
    const wg_var add = wg_input(b.tape, "update", wg_f32(update, WG_SHAPE(2)));
    check_told(&b, wg_sum(wg_scatter_add(table_of(&b), index, add, 0), WG_ALL),
               "scatter_add: index -1 at [1] is not within 0 <= index < 8 (");
    check_status(wg_tape_reset(b.tape), WG_EINDEX);
    const wg_var alone = wg_input(b.tape, "index", wg_i64(one, WG_SCALAR));
    check_told(&b, wg_gather(table_of(&b), alone, 0),
               "gather: index 8 is not within 0 <= index < 8 (");
    bench_close(&b);
}

static int looks_up(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    (void)y;
    carry[0] = wg_add(carry[0], wg_gather(*(wg_var *)user, x[0], 0));
    return 0;
}

static wg_var steps(bench *b, bool is_reverse)
{
    wg_var table = table_of(b), carry = wg_full(b->tape, WG_F32, WG_SHAPE(WIDE), 0);
    const wg_var x = wg_input(b->tape, "x", wg_i32(b->index, WG_SHAPE(ROWS, WIDE)));
    const wg_scan_options options = { .reverse = is_reverse };
    check_status(wg_scan(looks_up, &table, 1, &carry, 1, &x, 0, NULL, &options), WG_OK);
    return wg_sum(carry, WG_ALL);
}

/* Of steps the one that is taken first. */
Test(fault, a_step_is_told_by_its_number)
{
    bench b;
    bench_open(&b, 2);
    b.index[40 * WIDE + 2] = 11;
    b.index[70 * WIDE] = 12;
    check_told(&b, steps(&b, false), "gather: index 11 at [2] of step 40 is not within");
    check_status(wg_tape_reset(b.tape), WG_EINDEX);
    check_told(&b, steps(&b, true), "gather: index 12 at [0] of step 70 is not within");
    bench_close(&b);
}

/* Samples may be split among threads, each of which takes all steps of its own: the first is that
 * of the earliest step, and there of the first sample. */
Test(fault, of_many_samples_the_earliest_step_is_told)
{
    enum { STEPS = 12, SAMPLES = ROWS * WIDE / STEPS };
    for (int threads = 1; threads <= 4; threads++) {
        bench b;
        bench_open(&b, threads);
        b.index[3 * STEPS + 7] = 50;
        b.index[200 * STEPS + 2] = 51;
        b.index[90 * STEPS + 2] = 52;
        b.index[150 * STEPS + 4] = 53;
        wg_var table = table_of(&b), carry = wg_full(b.tape, WG_F32, WG_SHAPE(SAMPLES), 0);
        const wg_var rows = wg_batch(b.tape, "x", wg_i32(b.index, WG_SHAPE(SAMPLES, STEPS)));
        const wg_var x = wg_transpose(rows);
        check_status(wg_scan(looks_up, &table, 1, &carry, 1, &x, 0, NULL, NULL), WG_OK);
        check_told(&b, wg_sum(carry, WG_ALL), "gather: index 52 at [90] of step 2 is not within");
        bench_close(&b);
    }
}

Test(fault, the_tape_is_usable_after_it)
{
    bench b;
    double value;
    bench_open(&b, 1);
    check_status(wg_item(b.runtime, lookup(&b, 3), &value), WG_EINDEX);
    check_status(wg_tape_reset(b.tape), WG_EINDEX);
    memset(b.index, 0, sizeof b.index);
    const wg_var index = wg_batch(b.tape, "index", wg_i32(b.index, WG_SHAPE(ROWS, WIDE)));
    const wg_var y = wg_sum(wg_exp(wg_gather(table_of(&b), index, 0)), WG_ALL);
    check_status(wg_item(b.runtime, y, &value), WG_OK);
    check_close(value, ROWS * WIDE, 0);
    bench_close(&b);
}

/* Where the time of a program goes. A profile runs it and stores nothing; each worker notes when it
 * began and ended each instruction of each item in a place of its own, so that noting takes two
 * looks at the clock and no lock.
 *
 * Rates are held against what this machine was measured to reach on one thread just before: a
 * product that lies in its caches, and a sum of arrays too large for them. */
#include "runtime/internal.h"
#include "runtime/data/system.h"

#include <stdlib.h>
#include <string.h>

/* ---- laps ---- */

static int64_t chains_of(const wg__frame *frame, int64_t item)
{
    return frame->plan->region[frame->item[item].region].chain_count;
}

static void laps_free(const wg_allocator *allocator, wg__laps *laps)
{
    wg__release(allocator, laps->first, (size_t)laps->item_count * sizeof *laps->first);
    wg__release(allocator, laps->lap, (size_t)laps->count * sizeof *laps->lap);
}

static int laps_make(const wg_allocator *allocator, const wg__frame *frame, wg__laps *out)
{
    wg__laps laps = { .item_count = frame->item_count };
    for (int64_t i = 0; i < frame->item_count; i++) laps.count += chains_of(frame, i);
    laps.first = wg__allocate(allocator, (size_t)laps.item_count * sizeof *laps.first);
    laps.lap = wg__allocate_zeroed(allocator, (size_t)laps.count * sizeof *laps.lap);
    if (laps.first == NULL || laps.lap == NULL) {
        laps_free(allocator, &laps);
        return WG_EMEMORY;
    }
    int64_t first = 0;
    for (int64_t i = 0; i < frame->item_count; i++) {
        laps.first[i] = first;
        first += chains_of(frame, i);
    }
    *out = laps;
    return WG_OK;
}

void wg__lap_note(const wg__run *r, const wg__worker *worker, const wg__item *item, int64_t chain,
                  double begin)
{
    const wg__frame *frame = r->frame;
    const wg__region *region = &frame->plan->region[item->region];
    wg__lap *lap = &r->laps->lap[r->laps->first[item - frame->item] + chain - region->chain_first];
    *lap = (wg__lap){ .chain = chain,
                      .worker = (int)(worker - r->runtime->worker),
                      .begin = begin,
                      .end = wg__system_seconds() };
}

/* ---- what this machine reaches ---- */

typedef struct peak { double flops, bytes; } peak;

static const int64_t PRODUCT = 256, STREAM = 4 * 1024 * 1024;   /* extents, elements */
enum { TRIES = 5 };

/* Seconds of the fastest of some calls. */
static double call_time(const wg_runtime *runtime, const wg__call *call)
{
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        const double begin = wg__system_seconds();
        wg__eval(runtime->kernels, call);
        const double time = wg__system_seconds() - begin;
        if (i == 0 || time < best) best = time;
    }
    return best;
}

/* f32 elements for three arrays of a call; rates stay 0 without memory. */
static double binary_time(wg_runtime *runtime, wg__op_id op, const wg__shape *shape)
{
    const int64_t count = wg__shape_count(shape);
    const size_t bytes = 3 * (size_t)count * sizeof(float);
    float *block = wg__allocate(&runtime->allocator, bytes);
    if (block == NULL) return 0;
    for (int64_t i = 0; i < 3 * count; i++) block[i] = 0.5f;
    const wg__array in[2] = { wg__array_of(block, WG_F32, shape),
                              wg__array_of(block + count, WG_F32, shape) };
    const wg__call call = { .op = op,
                            .in_count = 2,
                            .in = in,
                            .out = wg__array_of(block + 2 * count, WG_F32, shape),
                            .scratch = runtime->worker[0].kernel_scratch };
    const double time = call_time(runtime, &call);
    wg__release(&runtime->allocator, block, bytes);
    return time;
}

static int peak_measure(wg_runtime *runtime, peak *out)
{
    wg__float_mode before;
    WG_TRY(wg__runtime_enter(runtime, &before));
    const wg__shape square = { .rank = 2, .dim = { PRODUCT, PRODUCT } };
    const wg__shape line = { .rank = 1, .dim = { STREAM } };
    const double product = binary_time(runtime, WG__OP_matmul, &square);
    const double stream = binary_time(runtime, WG__OP_add, &line);
    wg__runtime_leave(runtime, before);
    const double flops = (double)(2 * PRODUCT * PRODUCT * PRODUCT);
    const double bytes = (double)STREAM * 3 * sizeof(float);
    *out = (peak){ .flops = product > 0 ? flops / product : 0,
                   .bytes = stream > 0 ? bytes / stream : 0 };
    return WG_OK;
}

/* ---- the table ---- */

typedef struct row { int64_t chain; double time; } row;

typedef struct table {
    const wg__frame *frame;
    wg_writer *write;
    void *user;
    peak peak;
    row *row;                  /* by chain, then by time */
    double time;               /* of all rows */
} table;

static void rows_fill(table *t, const wg__laps *laps)
{
    const int64_t count = t->frame->plan->chain_count;
    t->time = 0;
    for (int64_t i = 0; i < count; i++) t->row[i] = (row){ .chain = i };
    for (int64_t i = 0; i < laps->count; i++) {
        const double time = laps->lap[i].end - laps->lap[i].begin;
        t->row[laps->lap[i].chain].time += time;
        t->time += time;
    }
}

static int row_compare(const void *x, const void *y)
{
    const row *a = x, *b = y;
    if (a->time != b->time) return a->time < b->time ? 1 : -1;
    return a->chain < b->chain ? -1 : a->chain > b->chain;
}

static double share(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static int row_write(const table *t, const row *r)
{
    char space[500];
    wg__text text = wg__text_of(space, sizeof space);
    const wg__cost cost = wg__chain_cost(t->frame->plan, r->chain);
    const double flops = r->time > 0 ? cost.flops / r->time : 0;
    const double bytes = r->time > 0 ? cost.bytes / r->time : 0;
    wg__chain_text(t->frame, r->chain, &text);
    return wg__write(t->write, t->user, "%10.2f %6.1f%% %9.1f %5.0f%% %9.1f %5.0f%%  %s\n",
                     r->time * 1e6, share(r->time, t->time), flops / 1e9,
                     share(flops, t->peak.flops), bytes / 1e9, share(bytes, t->peak.bytes), space);
}

static int table_write(table *t, int64_t runs)
{
    const int64_t count = t->frame->plan->chain_count;
    qsort(t->row, (size_t)count, sizeof *t->row, row_compare);
    WG_TRY(wg__write(t->write, t->user,
                     "best of %lld runs: %.2f us in instructions; one thread reaches %.1f Gflop/s "
                     "(a product of %d) and %.1f Gbyte/s (a sum of %d MiB)\n",
                     (long long)runs, t->time * 1e6, t->peak.flops / 1e9, (int)PRODUCT,
                     t->peak.bytes / 1e9, (int)(3 * STREAM * 4 / 1024 / 1024)));
    WG_TRY(wg__write(t->write, t->user, "%10s %7s %9s %6s %9s %6s  %s\n", "us", "share", "Gflop/s",
                     "of it", "Gbyte/s", "of it", "instruction"));
    for (int64_t i = 0; i < count; i++) WG_TRY(row_write(t, &t->row[i]));
    return WG_OK;
}

/* ---- running ---- */

/* Runs, and keeps the rows of the run whose instructions took least. */
static int runs_time(wg_program *program, int64_t runs, wg__laps *laps, table *best, row *spare)
{
    const int64_t count = program->frame->plan->chain_count;
    for (int64_t i = 0; i < runs; i++) {
        WG_TRY(wg__program_run(program, laps));
        table now = *best;
        now.row = spare;
        rows_fill(&now, laps);
        if (i > 0 && now.time >= best->time) continue;
        best->time = now.time;
        memcpy(best->row, spare, (size_t)count * sizeof *spare);
    }
    return WG_OK;
}

int wg_program_profile(wg_program *program, int64_t runs, wg_writer *write, void *user)
{
    if (program == NULL || write == NULL || runs < 1) return WG_EINVALID;
    const wg_allocator *allocator = &program->allocator;
    const size_t bytes = 2 * (size_t)program->frame->plan->chain_count * sizeof(row);
    table t = { .frame = program->frame, .write = write, .user = user };
    wg__laps laps;
    WG_TRY(laps_make(allocator, program->frame, &laps));
    t.row = wg__allocate(allocator, bytes);
    int status = t.row == NULL ? WG_EMEMORY : WG_OK;
    if (status >= 0)
        status = runs_time(program, runs, &laps, &t, t.row + program->frame->plan->chain_count);
    if (status >= 0) status = peak_measure(program->runtime, &t.peak);
    if (status >= 0) status = table_write(&t, runs);
    wg__release(allocator, t.row, bytes);
    laps_free(allocator, &laps);
    return status;
}

/* ---- the trace ---- */

static int lap_write(const wg__frame *frame, const wg__lap *lap, double start, bool is_first,
                     wg_writer *write, void *user)
{
    char space[500];
    wg__text text = wg__text_of(space, sizeof space);
    wg__chain_text(frame, lap->chain, &text);
    return wg__write(write, user,
                     "%s\n{\"name\":\"%s\",\"ph\":\"X\",\"ts\":%.3f,\"dur\":%.3f,\"pid\":1,"
                     "\"tid\":%d}", is_first ? "" : ",", space, (lap->begin - start) * 1e6,
                     (lap->end - lap->begin) * 1e6, lap->worker);
}

static int trace_write(const wg__frame *frame, const wg__laps *laps, wg_writer *write, void *user)
{
    double start = laps->count > 0 ? laps->lap[0].begin : 0;
    for (int64_t i = 0; i < laps->count; i++)
        if (laps->lap[i].begin < start) start = laps->lap[i].begin;
    WG_TRY(wg__write(write, user, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":["));
    for (int64_t i = 0; i < laps->count; i++)
        WG_TRY(lap_write(frame, &laps->lap[i], start, i == 0, write, user));
    return wg__write(write, user, "\n]}\n");
}

int wg_program_trace(wg_program *program, wg_writer *write, void *user)
{
    if (program == NULL || write == NULL) return WG_EINVALID;
    wg__laps laps;
    WG_TRY(laps_make(&program->allocator, program->frame, &laps));
    int status = wg__program_run(program, NULL);   /* so that caches are warm and threads awake */
    if (status >= 0) status = wg__program_run(program, &laps);
    if (status >= 0) status = trace_write(program->frame, &laps, write, user);
    laps_free(&program->allocator, &laps);
    return status;
}

/* One harness for all benchmarks. A case is repeated in many short chunks, because a machine that
 * others share is undisturbed for moments only: the smallest chunk says what the code can do, the
 * median what it did. A file bench_<what>.c offers its cases as one list, and bench_main.c names
 * the lists.                                                                                     */
#ifndef WG_BENCH_HARNESS_H
#define WG_BENCH_HARNESS_H

#include <core/internal.h>
#include <stdio.h>

typedef struct bench_settings {
    const char *program;    /* as it was started */
    const char *json;       /* file to write, NULL: none */
    const char *filter;     /* runs the cases whose name contains it, NULL: all */
    int threads;
    wg__level level;        /* as WENGERT_LEVEL asks and the CPU has */
} bench_settings;

enum { BENCH_SKIPPED = 1 };

typedef struct bench_case bench_case;
struct bench_case {
    const char *name;
    const char *unit;       /* of a repetition: "us", "ns", "ns/element" */
    double unit_ns;         /* nanoseconds in a unit */
    double flop;            /* floating-point operations of a repetition; 0: none worth counting */
    bool is_limit;          /* does nothing but multiply-adds: others are compared with it */
    bool is_serial;         /* runs on one thread whatever the settings say */
    const void *setting;    /* what tells it from other cases of the same functions */
    /* Makes *state. WG_OK, BENCH_SKIPPED if the level has no such thing, or a negative status. */
    int (*create)(const bench_case *self, const bench_settings *settings, void **state);
    int (*repeat)(void *state, int64_t count);
    void (*free)(void *state);
};

typedef struct bench_list { const bench_case *cases; int64_t count; } bench_list;
#define BENCH_LIST(cases) { (cases), sizeof(cases) / sizeof *(cases) }

typedef struct bench_result {
    const bench_case *of;
    int threads;
    int64_t samples;        /* chunks */
    double min, median;     /* of a repetition, in the case's unit */
} bench_result;

/* As `create`; the result is written if WG_OK. */
int bench_measure(const bench_case *self, const bench_settings *settings, bench_result *result);

/* A line of the table; limit: the result of the case that is one, NULL if there was none. */
void bench_print(const bench_result *result, const bench_result *limit);
/* [{case, threads, level, unit, unit_ns, min, median, samples}]; false if the file could not be
 * written.                                                                                       */
bool bench_write(const char *path, wg__level level, const bench_result *results, int64_t count);

/* Argument with which the program does one training step of a new runtime, and ends.             */
#define BENCH_FIRST_STEP "--first-step"
int bench_first_step(void);

/* Says why and ends: a benchmark without memory has nothing to report. */
void *bench_allocate(size_t bytes);     /* aligned to a page */
void bench_free(void *block);           /* NULL allowed */
float *bench_numbers(int64_t count);    /* in [-1, 1), the same in every run */

#endif

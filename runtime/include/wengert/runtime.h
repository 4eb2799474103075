/* Wengert, runtime: runs recordings and compiled programs; checks gradients. */
#ifndef WENGERT_RUNTIME_H
#define WENGERT_RUNTIME_H

#include <wengert/graph.h>

WG_DECLARATIONS_BEGIN

typedef struct wg_runtime wg_runtime;
typedef struct wg_program wg_program;

/* ---- the runtime: threads, a cache of programs, memory to run them in ----
 *
 * Results never depend on it: any number of threads, any level of instructions and any cut of the
 * work give the same bits. The environment has defaults for what is not chosen here:
 * WENGERT_THREADS, WENGERT_LEVEL (portable, sse2, avx2, avx512, neon; lowered to what the CPU has)
 * and WENGERT_PLAN (plain: each op by itself, to compare with).                                 */

typedef struct wg_runtime_options {
    const wg_allocator *allocator;
    int threads;         /* 0: one a core; 1: never touches the libuv pool */
    bool keep_pool_size; /* else UV_THREADPOOL_SIZE is set, to 3 above threads, where it is not */
    bool pin;            /* Linux: threads of the pool keep to one core each while they work here */
    size_t cache_bytes;  /* of cached programs; 0: 256 MiB */
    uint64_t reserved[4];
} wg_runtime_options;
/* In a child made by fork, a runtime of its parent runs on the calling thread alone. Such a child
 * ends by _exit: libuv's own work at exit waits for threads that the child does not have. */
wg_runtime *wg_runtime_create(const wg_runtime_options *options); /* NULL: memory or bad options */
/* Programs hold their runtime: it ends with the last of them. */
void wg_runtime_free(wg_runtime *runtime);
/* From any thread or signal handler: the run in progress ends with WG_ECANCEL, nothing committed.
 * No effect if none is. */
int wg_runtime_cancel(wg_runtime *runtime);

/* How often a recording found its program in the cache, had to be planned, and what is cached now.
 * What was not used for longest goes first when cache_bytes are full. */
typedef struct wg_cache_statistics {
    int64_t hits, misses, programs;
    size_t bytes;
    uint64_t reserved[4];
} wg_cache_statistics;
int wg_runtime_cache(const wg_runtime *runtime, wg_cache_statistics *out);
/* What keeps the cache from being found, with its line; "" if nothing does. Now: a constant that
 * alone was another in each of the last 8 recordings that had to be planned. Valid until the next
 * run. */
const char *wg_runtime_advice(const wg_runtime *runtime);

/* ---- reading a recording: the tape as it stands ----
 *
 * Reading runs what has not run: the value asked for, all kept values and all effects not yet
 * committed, each once. Effects are committed together when everything else is complete, or not at
 * all. Read values stay on the tape until its reset, so reading again is free. NaN is handed out as
 * one pattern.
 *
 *   errors    of the recording, if it has one; WG_EINVALID NULL, or nowhere to write; WG_EDTYPE,
 *             WG_ESHAPE what is asked for is not what the value is, found before anything runs;
 *             WG_EGONE the value depends on a parameter that an earlier run replaced;
 *             WG_EINDEX an index in the data is out of range; WG_EFINITE a value that must be
 *             finite is not; WG_EBUSY runtime or params are in use by another thread; WG_ECANCEL
 *             All but the last two stick to the tape, with their text.                          */

int wg_run(wg_runtime *runtime, wg_tape *tape); /* effects and kept values */
int wg_item(wg_runtime *runtime, wg_var x, double *out); /* one element of any dtype */
int wg_items(wg_runtime *runtime, int64_t count, const wg_var *x, double *out);
int wg_read(wg_runtime *runtime, wg_var x, wg_tensor out); /* dtype and shape equal; any strides */
int wg_read_f32(wg_runtime *runtime, wg_var x, float *out, int64_t count);
int wg_read_f64(wg_runtime *runtime, wg_var x, double *out, int64_t count);
int wg_read_i32(wg_runtime *runtime, wg_var x, int32_t *out, int64_t count);
int wg_peek(wg_runtime *runtime, wg_var x, wg_view *out); /* no copy; valid until reset */

/* ---- programs: a recording made permanent ----
 *
 * A program has its outputs, the recording's effects, and nothing else of the tape, which may be
 * reset or freed. Parameters the recording met first are made by the compilation; the program holds
 * the params. Inputs are bound by name to views of the recorded dtype and shape; scalars keep the
 * value they were recorded with until set. Running allocates nothing.                           */

wg_program *wg_compile(wg_runtime *runtime, wg_tape *tape, int64_t count,
                       const wg_var *output); /* NULL: ask the tape */
/* The same program on another runtime, for another thread. No input is bound; scalars are as in the
 * original. NULL: no memory, or the runtime is in use. */
wg_program *wg_program_copy(const wg_program *program, wg_runtime *runtime);
void wg_program_free(wg_program *program);
/* Borrowed until bound anew, read by each run; an input no output needs is checked, then ignored.
 * WG_ENAME no such input; WG_EDTYPE, WG_ESHAPE it was recorded otherwise. */
int wg_program_bind(wg_program *program, const char *name, wg_view view);
int wg_program_set(wg_program *program, const char *name, double value); /* a scalar; copied */
/* WG_EUNBOUND names an input that was never bound; else as reading. After a failure nothing is
 * stored and the outputs cannot be read. */
int wg_program_run(wg_program *program);
int wg_program_item(const wg_program *program, int64_t output, double *out);
int wg_program_peek(const wg_program *program, int64_t output, wg_view *out); /* to the next run */
int wg_program_read_f32(const wg_program *program, int64_t output, float *out, int64_t count);
int wg_program_read_f64(const wg_program *program, int64_t output, double *out, int64_t count);
/* The last error's text, "" if there was none; valid until the next. */
const char *wg_program_message(const wg_program *program);
/* Stages, regions, tile programs with their ops, places in memory and estimated work. */
int wg_program_print(const wg_program *program, wg_writer *write, void *user);
/* Runs the program and stores nothing; writes a line for each instruction, the slowest first: its
 * time, summed over all threads, in the best of the runs, its share, its flop/s and bytes/s and how
 * much that is of what this machine was measured to reach on one thread. Allocates.
 *   errors  WG_EINVALID runs is not 1 or more; those of wg_program_run */
int wg_program_profile(wg_program *program, int64_t runs, wg_writer *write, void *user);
/* Likewise one run as a trace of events for chrome://tracing or ui.perfetto.dev: which thread did
 * what when. */
int wg_program_trace(wg_program *program, wg_writer *write, void *user);

/* Equal for equal recordings on every machine; names of inputs and source lines are no part of
 * it. Of params: paths, dtypes, shapes, what is trained, and elements. */
typedef struct wg_fingerprint { uint64_t word[2]; } wg_fingerprint;
int wg_program_fingerprint(const wg_program *program, wg_fingerprint *out);
int wg_params_fingerprint(const wg_params *params, wg_fingerprint *out);

/* ---- the gradient checker ----
 *
 * Records function(in), weighs its elements at random into a scalar, and compares the gradient of
 * that with differences of it, the gradient of the weighted gradient with differences of the
 * gradient, and so on. All elements of each input up to 100, else 100 drawn at random. Integer
 * inputs are left alone. Points should lie away from kinks.
 *
 *   errors    WG_EMISMATCH the worst element is named, with what was expected and found;
 *             WG_EINVALID, also for a function that makes or assigns parameters; WG_EGRADIENT
 *             nothing to check; WG_EFINITE the function is not finite near its inputs; a negative
 *             status of the function
 *   source    fourth order central differences: Abramowitz & Stegun 25.3.6                      */

typedef struct wg_check_options {
    int order;        /* 0: 2 */
    double step;      /* 0: chosen by the size of each element */
    double tolerance; /* relative; 0: 1e-8 in f64, 2e-3 in f32 */
    uint64_t seed;
    uint64_t reserved[4];
} wg_check_options;
typedef struct wg_check_result {
    double worst; /* relative error of the worst element, and which it is */
    int64_t input, element;
    double expected, found;
    uint64_t reserved[2];
} wg_check_result;
int wg_check_gradient(wg_runtime *runtime, wg_function *function, void *user, int64_t count,
                      const wg_view *in, const wg_check_options *options, wg_check_result *out,
                      wg_error *error);

WG_DECLARATIONS_END

#endif

/* Wengert, runtime: runs recordings and compiled programs; checks gradients. */
#ifndef WENGERT_RUNTIME_H
#define WENGERT_RUNTIME_H

#include <wengert/graph.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

typedef struct wg_runtime wg_runtime;
typedef struct wg_program wg_program;

typedef struct wg_runtime_options {
    const wg_allocator *allocator;
    int threads; /* 0: one a core; 1: never touches the libuv pool */
    bool keep_pool_size;
    size_t cache_bytes; /* of cached programs and their workspaces; 0: 256 MiB */
    uint64_t reserved[4];
} wg_runtime_options;
wg_runtime *wg_runtime_create(const wg_runtime_options *options);
void wg_runtime_free(wg_runtime *runtime);
/* From any thread or signal handler: the run in progress ends with WG_ECANCEL, nothing committed. */
int wg_runtime_cancel(wg_runtime *runtime);

/* The tape as it stands. A read runs it if it has not run; wg_run does so without reading. */
int wg_run(wg_runtime *runtime, wg_tape *tape);
int wg_item(wg_runtime *runtime, wg_var x, double *out); /* one element of any dtype */
int wg_items(wg_runtime *runtime, int64_t count, const wg_var *x, double *out);
int wg_read(wg_runtime *runtime, wg_var x, wg_tensor out); /* dtype and shape must be equal */
int wg_read_f32(wg_runtime *runtime, wg_var x, float *out, int64_t count);
int wg_read_f64(wg_runtime *runtime, wg_var x, double *out, int64_t count);
int wg_read_i32(wg_runtime *runtime, wg_var x, int32_t *out, int64_t count);
int wg_peek(wg_runtime *runtime, wg_var x, wg_view *out); /* no copy; valid until reset */

/* A recording made permanent. No input is bound yet. Run allocates nothing. */
wg_program *wg_compile(wg_runtime *runtime, wg_tape *tape, int64_t count,
                       const wg_var *output); /* NULL: ask the tape */
wg_program *wg_program_copy(const wg_program *program, wg_runtime *runtime);
void wg_program_free(wg_program *program);
/* Borrowed until bound anew; an input no output needs: checked, then ignored. */
int wg_program_bind(wg_program *program, const char *name, wg_view view);
int wg_program_set(wg_program *program, const char *name, double value); /* a scalar; copied */
int wg_program_run(wg_program *program);
int wg_program_item(const wg_program *program, int64_t output, double *out);
int wg_program_peek(const wg_program *program, int64_t output, wg_view *out); /* until the next run */
int wg_program_read_f32(const wg_program *program, int64_t output, float *out, int64_t count);
int wg_program_read_f64(const wg_program *program, int64_t output, double *out, int64_t count);
const char *wg_program_message(const wg_program *program);
int wg_program_print(const wg_program *program, wg_writer *write, void *user);

typedef struct wg_fingerprint { uint64_t word[2]; } wg_fingerprint;
int wg_program_fingerprint(const wg_program *program, wg_fingerprint *out);
int wg_params_fingerprint(const wg_params *params, wg_fingerprint *out);

/* ---- gradient checker: the derivative of sum(function(in)) weighted at random, order by order, against
 * differences of the order below ---- */
typedef struct wg_check_options {
    int order;        /* 0: 2 */
    double step;      /* 0: chosen by scale */
    double tolerance; /* relative; 0: 1e-8 in f64, 2e-3 in f32 */
    uint64_t seed;
    uint64_t reserved[4];
} wg_check_options;
typedef struct wg_check_result {
    double worst;
    int64_t input, element;
    double expected, found;
    uint64_t reserved[2];
} wg_check_result;
int wg_check_gradient(wg_runtime *runtime, wg_function *function, void *user, int64_t count,
                      const wg_view *in, const wg_check_options *options, wg_check_result *out,
                      wg_error *error);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif
#endif

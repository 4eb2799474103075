/* What a case on the public interface works with: runtime, tape, parameters, program, inputs. */
#ifndef WG_BENCH_SESSION_H
#define WG_BENCH_SESSION_H

#include "benchmarks/harness.h"

#include <wengert/wengert.h>

typedef struct bench_session {
    const bench_case *of;
    wg_runtime *runtime;
    wg_tape *tape;
    wg_params *params;
    wg_program *program;    /* NULL until compiled */
    float *x, *y;           /* inputs, as far as the case needs them */
    int32_t *labels;
} bench_session;

/* A session with a runtime of so many threads; NULL if something cannot be made. */
bench_session *bench_session_create(const bench_case *self, const bench_settings *settings);
void bench_session_free(void *session);
/* Compiles the tape as it stands, for these outputs. */
int bench_session_compile(bench_session *session, int64_t count, const wg_var *output);
/* Runs the program: a `repeat` of a case. */
int bench_session_run(void *session, int64_t count);

#endif

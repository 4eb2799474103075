/* A session owns all that is in it, so a case that fails half made is freed like a whole one. */
#include "benchmarks/session.h"

bench_session *bench_session_create(const bench_case *self, const bench_settings *settings)
{
    bench_session *s = bench_allocate(sizeof *s);
    *s = (bench_session){
        .of = self,
        .runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = settings->threads)),
        .tape = wg_tape_create(NULL),
        .params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 1)),
    };
    if (s->runtime != NULL && s->tape != NULL && s->params != NULL) return s;
    bench_session_free(s);
    return NULL;
}

void bench_session_free(void *session)
{
    bench_session *s = session;
    wg_program_free(s->program);
    wg_params_free(s->params);
    wg_tape_free(s->tape);
    wg_runtime_free(s->runtime);
    bench_free(s->x);
    bench_free(s->y);
    bench_free(s->labels);
    bench_free(s);
}

int bench_session_compile(bench_session *session, int64_t count, const wg_var *output)
{
    session->program = wg_compile(session->runtime, session->tape, count, output);
    if (session->program != NULL) return WG_OK;
    const int status = wg_tape_status(session->tape);
    fprintf(stderr, "bench: %s\n", wg_explain(status, session->tape, NULL));
    return status < 0 ? status : WG_EMEMORY;
}

int bench_session_run(void *session, int64_t count)
{
    const bench_session *s = session;
    for (int64_t i = 0; i < count; i++) WG_TRY(wg_program_run(s->program));
    return WG_OK;
}

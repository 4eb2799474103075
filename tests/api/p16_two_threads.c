/* Record once, run from two host threads: one runtime and one program each, the params
 * only read. */
#include <wengert/wengert.h>
#include <pthread.h>

typedef struct worker { wg_program *program; const float *x; float *y; int status; } worker;

static void *work(void *argument)
{
    worker *w = argument;
    for (int64_t i = 0; i < 1000 && w->status >= 0; i++) {
        w->status = wg_program_bind(w->program, "x", wg_f32(w->x + 64 * 26 * i, WG_SHAPE(64, 26)));
        if (w->status >= 0) w->status = wg_program_run(w->program);
        if (w->status >= 0) w->status = wg_program_read_f32(w->program, 0, w->y + 64 * i, 64);
    }
    return NULL;
}

int score_all(wg_params *params, const float *x, float *y);
int score_all(wg_params *params, const float *x, float *y)
{
    const wg_runtime_options single = { .threads = 1 };
    wg_runtime *runtime[2] = { wg_runtime_create(&single), wg_runtime_create(&single) };
    wg_tape *tape = wg_tape_create(NULL);
    wg_scope scope = wg_scope_root(tape, params, WG_EVALUATION);
    wg_var rows = wg_batch(tape, "x", wg_f32(x, WG_SHAPE(64, 26)));
    wg_var score = wg_dense(scope, "score", rows, 1, NULL);
    score = wg_squeeze(wg_sigmoid(score), WG_AXES(-1));
    wg_program *program = wg_compile(runtime[0], tape, 1, &score);
    worker w[2] = { { program, x, y, 0 },
                    { wg_program_copy(program, runtime[1]), x + 64000 * 26, y + 64000, 0 } };
    int status = wg_tape_status(tape);
    pthread_t thread;
    if (status >= 0 && pthread_create(&thread, NULL, work, &w[1]) == 0) {
        work(&w[0]);
        pthread_join(thread, NULL);
        status = w[0].status < 0 ? w[0].status : w[1].status;
    }
    wg_tape_free(tape);
    for (int i = 0; i < 2; i++) {
        wg_program_free(w[i].program);
        wg_runtime_free(runtime[i]);
    }
    return status;
}

/* How long a process takes from its start to the end of its first training step: the benchmark
 * program runs itself, told by its argument to do that alone. A shell is between the two.        */
#include "benchmarks/session.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 64, INPUTS = 26, CLASSES = 10, COMMAND_MAX = 1000 };

int bench_first_step(void)
{
    static float x[BATCH * INPUTS];
    static int32_t t[BATCH];
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    const wg_optimizer adam = wg_adam(1e-3, NULL);
    const wg_dense_options relu = { .activation = wg_relu };
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    wg_var h = wg_batch(tape, "x", wg_f32(x, WG_SHAPE(BATCH, INPUTS)));
    const wg_var labels = wg_batch(tape, "t", wg_i32(t, WG_SHAPE(BATCH)));
    h = wg_dense(scope, "first", h, 64, &relu);
    h = wg_dense(scope, "second", h, 64, &relu);
    h = wg_dense(scope, "logits", h, CLASSES, NULL);
    const wg_var loss = wg_mean(wg_cross_entropy(h, labels), WG_ALL);
    wg_minimize(&adam, scope, loss);
    double value;
    const int status = wg_item(runtime, loss, &value);
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    return status;
}

static int start_create(const bench_case *self, const bench_settings *settings, void **state)
{
    (void)self;
    const size_t length = strlen(settings->program);
    if (length + sizeof " " BENCH_FIRST_STEP > COMMAND_MAX) return BENCH_SKIPPED;
    char *command = bench_allocate(COMMAND_MAX);
    memcpy(command, settings->program, length);
    memcpy(command + length, " " BENCH_FIRST_STEP, sizeof " " BENCH_FIRST_STEP);
    *state = command;
    return WG_OK;
}

static int start_repeat(void *state, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (system(state) != 0) return WG_ECALLBACK;
    return WG_OK;
}

static const bench_case cases[] = {
    { .name = "start_to_first_step", .unit = "ms", .unit_ns = 1e6, .create = start_create,
      .repeat = start_repeat, .free = bench_free },
};

const bench_list bench_start = BENCH_LIST(cases);

/* A whole training step: forward, loss, gradients, Adam. As a loop does it, recording every time
 * and reading the loss, and as a compiled program. Times are for a step.
 *
 * The rate is so small that the network stays as it is: one that has learnt its batch by heart has
 * gradients too small for normal numbers, which are slow on most CPUs.                           */
#include "benchmarks/session.h"

enum { LAYERS_MAX = 6 };

typedef struct network {
    int64_t batch, inputs;
    int layers;
    int64_t width[LAYERS_MAX];
} network;

static wg_var record_step(const bench_session *s)
{
    const network *n = s->of->setting;
    const wg_optimizer adam = wg_adam(1e-6, NULL);
    const wg_scope scope = wg_scope_root(s->tape, s->params, WG_TRAINING);
    wg_var x = wg_batch(s->tape, "x", wg_f32(s->x, WG_SHAPE(n->batch, n->inputs)));
    const wg_var t = wg_batch(s->tape, "t", wg_i32(s->labels, WG_SHAPE(n->batch)));
    for (int i = 0; i < n->layers; i++) {
        wg_activation *activation = i + 1 < n->layers ? wg_relu : NULL;
        x = wg_dense(wg_scope_nth(scope, "layer", i), "dense", x, n->width[i],
                     WG_OPTIONS(wg_dense_options, .activation = activation));
    }
    const wg_var loss = wg_mean(wg_cross_entropy(x, t), WG_ALL);
    wg_minimize(&adam, scope, loss);
    return loss;
}

static int loop_create(const bench_case *self, const bench_settings *settings, void **state)
{
    const network *n = self->setting;
    bench_session *s = bench_session_create(self, settings);
    if (s == NULL) return WG_EMEMORY;
    s->x = bench_numbers(n->batch * n->inputs);
    s->labels = bench_allocate((size_t)n->batch * sizeof *s->labels);
    for (int64_t i = 0; i < n->batch; i++) {
        s->labels[i] = (int32_t)(i * 7 % n->width[n->layers - 1]);
    }
    *state = s;
    return WG_OK;
}

static int loop_repeat(void *state, int64_t count)
{
    const bench_session *s = state;
    for (int64_t i = 0; i < count; i++) {
        double loss = 0;
        wg_tape_reset(s->tape);
        WG_TRY(wg_item(s->runtime, record_step(s), &loss));
    }
    return WG_OK;
}

static int program_create(const bench_case *self, const bench_settings *settings, void **state)
{
    const network *n = self->setting;
    WG_TRY(loop_create(self, settings, state));
    bench_session *s = *state;
    const wg_view x = wg_f32(s->x, WG_SHAPE(n->batch, n->inputs));
    const wg_view t = wg_i32(s->labels, WG_SHAPE(n->batch));
    const wg_var loss = record_step(s);
    int status = bench_session_compile(s, 1, &loss);
    if (status >= 0) status = wg_program_bind(s->program, "x", x);
    if (status >= 0) status = wg_program_bind(s->program, "t", t);
    if (status < 0) bench_session_free(s);
    return status;
}

#define STEP(text, ...)                                                                            \
    { .name = "step_" text "/loop", .unit = "us", .unit_ns = 1e3,                                  \
      .setting = &(const network){ __VA_ARGS__ }, .create = loop_create, .repeat = loop_repeat,    \
      .free = bench_session_free },                                                                \
    { .name = "step_" text "/program", .unit = "us", .unit_ns = 1e3,                               \
      .setting = &(const network){ __VA_ARGS__ }, .create = program_create,                        \
      .repeat = bench_session_run, .free = bench_session_free }

static const bench_case cases[] = {
    STEP("26_64_64_10_b64", 64, 26, 3, { 64, 64, 10 }),
    STEP("26_128_128_10_b64", 64, 26, 3, { 128, 128, 10 }),
    STEP("784_256_10_b64", 64, 784, 2, { 256, 10 }),
    STEP("784_512_512_10_b256", 256, 784, 3, { 512, 512, 10 }),
    STEP("26_512_256_128_64_32_2_b1024", 1024, 26, 6, { 512, 256, 128, 64, 32, 2 }),
};

const bench_list bench_step = BENCH_LIST(cases);

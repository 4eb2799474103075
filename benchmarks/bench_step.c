/* A whole training step: forward, loss, gradients, Adam. As a loop does it, recording every time
 * and reading the loss, and as a compiled program. Times are for a step.
 *
 * The rate is so small that the network stays as it is: one that has learnt its batch by heart has
 * gradients too small for normal numbers, which are slow on most CPUs.                           */
#include "benchmarks/session.h"

enum { LAYERS_MAX = 6 };

typedef struct network network;
struct network {
    wg_var (*record)(wg_scope scope, wg_var x, const network *n);
    int64_t batch, inputs, classes;
    int layers;             /* of a dense network, but for the last */
    int64_t width[LAYERS_MAX];
};

static wg_var dense(wg_scope scope, wg_var x, const network *n)
{
    for (int i = 0; i < n->layers; i++)
        x = wg_dense(wg_scope_nth(scope, "layer", i), "dense", x, n->width[i],
                     WG_OPTIONS(wg_dense_options, .activation = wg_relu));
    return wg_dense(scope, "logits", x, n->classes, NULL);
}

/* After LeCun et al. 1998, with maxima and rectifiers. */
static wg_var lenet(wg_scope scope, wg_var x, const network *n)
{
    const wg_conv_options options = { .activation = wg_relu };
    x = wg_reshape(x, WG_SHAPE(n->batch, 28, 28, 1));
    x = wg_max_pool2d(wg_conv2d(scope, "conv_1", x, 8, 5, 5, &options), 2, 2);
    x = wg_max_pool2d(wg_conv2d(scope, "conv_2", x, 16, 5, 5, &options), 2, 2);
    return dense(scope, wg_flatten(x), n);
}

static wg_var record_step(const bench_session *s)
{
    const network *n = s->of->setting;
    const wg_optimizer adam = wg_adam(1e-6, NULL);
    const wg_scope scope = wg_scope_root(s->tape, s->params, WG_TRAINING);
    const wg_var x = wg_batch(s->tape, "x", wg_f32(s->x, WG_SHAPE(n->batch, n->inputs)));
    const wg_var t = wg_batch(s->tape, "t", wg_i32(s->labels, WG_SHAPE(n->batch)));
    const wg_var loss = wg_mean(wg_cross_entropy(n->record(scope, x, n), t), WG_ALL);
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
    for (int64_t i = 0; i < n->batch; i++) s->labels[i] = (int32_t)(i * 7 % n->classes);
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
    STEP("26_64_64_10_b64", dense, 64, 26, 10, 2, { 64, 64 }),
    STEP("26_64_64_10_b256", dense, 256, 26, 10, 2, { 64, 64 }),
    STEP("26_128_128_10_b64", dense, 64, 26, 10, 2, { 128, 128 }),
    STEP("784_256_10_b64", dense, 64, 784, 10, 1, { 256 }),
    STEP("784_512_512_10_b256", dense, 256, 784, 10, 2, { 512, 512 }),
    STEP("26_512_256_128_64_32_2_b1024", dense, 1024, 26, 2, 5, { 512, 256, 128, 64, 32 }),
    STEP("lenet_b64", lenet, 64, 28 * 28, 10, 1, { 128 }),
};

const bench_list bench_step = BENCH_LIST(cases);

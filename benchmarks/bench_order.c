/* Derivatives beyond those of a step, as programs: a Hessian times a vector; the gradient of a loss
 * that holds derivatives by the input, as for u_t - 0.1 u_xx = 0; a gradient for each sample.    */
#include "benchmarks/session.h"

enum { BATCH = 64, POINTS = 256, CLASSES = 10, WANTED_MAX = 8 };

/* What a case records: x is [rows, ...], t the labels. The number of wanted values. */
typedef int64_t recorder(wg_scope scope, wg_var x, wg_var t, wg_var *wanted);
typedef struct setting { recorder *record; wg_shape shape; } setting;

static wg_var perceptron(wg_scope scope, wg_var x, wg_activation *activation, int layers,
                         const int64_t *width)
{
    for (int i = 0; i < layers; i++)
        x = wg_dense(wg_scope_nth(scope, "layer", i), "dense", x, width[i],
                     WG_OPTIONS(wg_dense_options,
                                .activation = i + 1 < layers ? activation : NULL));
    return x;
}

/* The direction is the parameters themselves. */
static int64_t record_hessian_product(wg_scope scope, wg_var x, wg_var t, wg_var *wanted)
{
    enum { PARTS = 6 };
    wg_var w[PARTS], g[PARTS];
    (void)t;
    const wg_var y = perceptron(scope, x, wg_tanh, 3, (const int64_t[]){ 64, 64, 1 });
    const wg_var target = wg_mean(x, WG_KEEP(1));
    const wg_var loss = wg_mean(wg_squared_error(y, target), WG_ALL);
    wg_parameters(scope, PARTS, w);
    wg_grads(loss, PARTS, w, g);
    wg_var dot = wg_number(loss, 0);
    for (int i = 0; i < PARTS; i++)
        dot = wg_add(dot, wg_sum(wg_mul(g[i], wg_stop_gradient(w[i])), WG_ALL));
    wg_grads(dot, PARTS, w, wanted);
    return PARTS;
}

static int64_t record_physics(wg_scope scope, wg_var x, wg_var t, wg_var *wanted)
{
    enum { PARTS = 6 };
    wg_var w[PARTS];
    (void)t;
    const wg_var u = perceptron(scope, x, wg_tanh, 3, (const int64_t[]){ 32, 32, 1 });
    const wg_var slope = wg_grad(wg_sum(u, WG_ALL), x);
    const wg_var slope_x = wg_slice(slope, 1, 1, 2, 1);
    const wg_var bend = wg_slice(wg_grad(wg_sum(slope_x, WG_ALL), x), 1, 1, 2, 1);
    const wg_var slope_t = wg_slice(slope, 1, 0, 1, 1);
    const wg_var rest = wg_sub(slope_t, wg_scale(bend, 0.1));
    wg_parameters(scope, PARTS, w);
    wg_grads(wg_mean(wg_square(rest), WG_ALL), PARTS, w, wanted);
    return PARTS;
}

typedef struct model { wg_scope scope; wg_var w[6]; } model;
static const int64_t sample_widths[] = { 64, 64, CLASSES };

static int gradient_of_one(const wg_var *in, wg_var *out, void *user)
{
    const model *m = user;
    const wg_var y = perceptron(m->scope, in[0], wg_relu, 3, sample_widths);
    return wg_grads(wg_cross_entropy(y, in[1]), 6, m->w, out);
}

static int64_t record_samples(wg_scope scope, wg_var x, wg_var t, wg_var *wanted)
{
    model m = { .scope = wg_scope_shared(scope, "net") };
    const wg_var in[2] = { x, t };
    const wg_var y = perceptron(m.scope, x, wg_relu, 3, sample_widths);
    if (wg_tape_status(y.tape) < 0) return 0;
    wg_parameters(m.scope, 6, m.w);
    wg_vmap(gradient_of_one, &m, 2, in, 6, wanted);
    return 6;
}

static int order_create(const bench_case *self, const bench_settings *settings, void **state)
{
    const setting *of = self->setting;
    bench_session *s = bench_session_create(self, settings);
    if (s == NULL) return WG_EMEMORY;
    const int64_t rows = of->shape.dim[0];
    s->x = bench_numbers(wg_shape_count(of->shape));
    s->labels = bench_allocate((size_t)rows * sizeof *s->labels);
    for (int64_t i = 0; i < rows; i++) s->labels[i] = (int32_t)(i * 7 % CLASSES);
    const wg_view x = wg_f32(s->x, of->shape), t = wg_i32(s->labels, WG_SHAPE(rows));
    wg_var wanted[WANTED_MAX];
    const wg_scope scope = wg_scope_root(s->tape, s->params, WG_TRAINING);
    const wg_var x_rows = wg_batch(s->tape, "x", x);
    const int64_t count = of->record(scope, x_rows, wg_batch(s->tape, "t", t), wanted);
    int status = bench_session_compile(s, count, wanted);
    if (status >= 0) status = wg_program_bind(s->program, "x", x);
    if (status >= 0) status = wg_program_bind(s->program, "t", t);
    if (status < 0) bench_session_free(s);
    else *state = s;
    return status;
}

#define CASE(text, recorder, axes, ...)                                                            \
    { .name = text, .unit = "us", .unit_ns = 1e3,                                                  \
      .setting = &(const setting){ recorder, { .rank = axes, .dim = { __VA_ARGS__ } } },           \
      .create = order_create, .repeat = bench_session_run,                                       \
      .free = bench_session_free }

static const bench_case cases[] = {
    CASE("hvp_26_64_64_1_b64", record_hessian_product, 2, BATCH, 26),
    CASE("pinn_2_32_32_1_n256", record_physics, 2, POINTS, 2),
    CASE("per_sample_26_64_64_10_b64", record_samples, 2, BATCH, 26),
};

const bench_list bench_order = BENCH_LIST(cases);

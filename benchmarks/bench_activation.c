/* Activations composed of primitives, value and derivative, beside one hand-written loop of the
 * same primitives (fused/...). In cache, and far beyond it.                                      */
#include "benchmarks/fused.h"
#include "benchmarks/session.h"

#include <string.h>

enum { IN_CACHE = 65536, BEYOND = 4 * 1024 * 1024 };

static wg_var cheap(wg_var x)
{
    const wg_var inner = wg_relu(wg_shift(wg_scale(x, 1.25), 0.5));
    return wg_add(x, wg_shift(wg_scale(inner, 0.75), 0.25));
}

static wg_var hardswish(wg_var x)
{
    const wg_var lifted = wg_maximum(wg_shift(x, 3), wg_number(x, 0));
    return wg_scale(wg_mul(x, wg_minimum(lifted, wg_number(x, 6))), 1.0 / 6);
}

static wg_var snake(wg_var x)
{
    return wg_add(x, wg_square(wg_sin(x)));
}

static wg_var gelu(wg_var x)
{
    return wg_mul(x, wg_scale(wg_erfc(wg_scale(x, -0.70710678118654752)), 0.5));
}

static wg_var mish(wg_var x)
{
    return wg_mul(x, wg_tanh(wg_softplus(x)));
}

typedef struct setting {
    wg_activation *record;
    size_t loop;            /* offset of its loop in the table */
    int64_t count;
} setting;

static int composed_create(const bench_case *self, const bench_settings *settings, void **state)
{
    const setting *of = self->setting;
    bench_session *s = bench_session_create(self, settings);
    if (s == NULL) return WG_EMEMORY;
    s->x = bench_numbers(of->count);
    s->y = bench_numbers(of->count);
    const wg_view view_x = wg_f32(s->x, WG_SHAPE(of->count));
    const wg_view view_g = wg_f32(s->y, WG_SHAPE(of->count));
    const wg_var x = wg_batch(s->tape, "x", view_x), g = wg_batch(s->tape, "g", view_g);
    const wg_var y = of->record(x);
    const wg_var wanted[2] = { y, wg_grad(wg_sum(wg_mul(y, g), WG_ALL), x) };
    int status = bench_session_compile(s, 2, wanted);
    if (status >= 0) status = wg_program_bind(s->program, "x", view_x);
    if (status >= 0) status = wg_program_bind(s->program, "g", view_g);
    if (status < 0) bench_session_free(s);
    else *state = s;
    return status;
}

/* ---- the loops ---- */

typedef struct loop {
    bench_fused *run;
    int64_t count;
    float *x, *g, *y, *dx;
} loop;

static const bench_fused_table *table_of(wg__level level)
{
    switch (level) {
    case WG__PORTABLE: return &bench_fused_portable;
#if defined(WG_HAVE_X86_LEVELS)
    case WG__SSE2: return &bench_fused_sse2;
    case WG__AVX2: return &bench_fused_avx2;
    case WG__AVX512: return &bench_fused_avx512;
#endif
#if defined(WG_HAVE_NEON)
    case WG__NEON: return &bench_fused_neon;
#endif
    default: return NULL;
    }
}

static int loop_create(const bench_case *self, const bench_settings *settings, void **state)
{
    const setting *of = self->setting;
    const bench_fused_table *table = table_of(settings->level);
    if (table == NULL) return BENCH_SKIPPED;
    loop *l = bench_allocate(sizeof *l);
    *l = (loop){ .count = of->count,
                 .x = bench_numbers(of->count),
                 .g = bench_numbers(of->count),
                 .y = bench_numbers(of->count),
                 .dx = bench_numbers(of->count) };
    memcpy(&l->run, (const char *)table + of->loop, sizeof l->run);
    *state = l;
    return WG_OK;
}

static int loop_repeat(void *state, int64_t count)
{
    const loop *l = state;
    for (int64_t i = 0; i < count; i++) l->run(l->count, l->x, l->g, l->y, l->dx);
    return WG_OK;
}

static void loop_free(void *state)
{
    loop *l = state;
    bench_free(l->x);
    bench_free(l->g);
    bench_free(l->y);
    bench_free(l->dx);
    bench_free(l);
}

#define SIZES(activation, text, count)                                                             \
    { .name = #activation "_" text, .unit = "ns/element", .unit_ns = count,                        \
      .setting = &(const setting){ activation, offsetof(bench_fused_table, activation), count },   \
      .create = composed_create, .repeat = bench_session_run, .free = bench_session_free },        \
    { .name = "fused/" #activation "_" text, .unit = "ns/element", .unit_ns = count,               \
      .is_serial = true,                                                                           \
      .setting = &(const setting){ activation, offsetof(bench_fused_table, activation), count },   \
      .create = loop_create, .repeat = loop_repeat, .free = loop_free }
#define ACTIVATION(activation)                                                                     \
    SIZES(activation, "64Ki", IN_CACHE), SIZES(activation, "4Mi", BEYOND)

static const bench_case cases[] = {
    ACTIVATION(cheap),
    ACTIVATION(hardswish),
    ACTIVATION(snake),
    ACTIVATION(gelu),
    ACTIVATION(mish),
};

const bench_list bench_activation = BENCH_LIST(cases);

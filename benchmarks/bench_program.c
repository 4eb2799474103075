/* Programs of few ops: matrix products at so many threads, an activation with its derivative, and
 * what one op costs beside its arithmetic, recorded and run.                                     */
#include "benchmarks/session.h"

/* ---- matrix products; the rows are samples, so a run may split them ---- */

typedef struct shape { int64_t m, k, n; } shape;

static int product_create(const bench_case *self, const bench_settings *settings, void **state)
{
    const shape *p = self->setting;
    bench_session *s = bench_session_create(self, settings);
    if (s == NULL) return WG_EMEMORY;
    s->x = bench_numbers(p->m * p->k);
    s->y = bench_numbers(p->k * p->n);
    const wg_view x = wg_f32(s->x, WG_SHAPE(p->m, p->k)), y = wg_f32(s->y, WG_SHAPE(p->k, p->n));
    const wg_var product = wg_matmul(wg_batch(s->tape, "x", x), wg_input(s->tape, "y", y));
    int status = bench_session_compile(s, 1, &product);
    if (status >= 0) status = wg_program_bind(s->program, "x", x);
    if (status >= 0) status = wg_program_bind(s->program, "y", y);
    if (status < 0) bench_session_free(s);
    else *state = s;
    return status;
}

/* ---- an activation, its value and its derivative ---- */

enum { ELEMENTS = 65536 };

static int mish_create(const bench_case *self, const bench_settings *settings, void **state)
{
    bench_session *s = bench_session_create(self, settings);
    if (s == NULL) return WG_EMEMORY;
    s->x = bench_numbers(ELEMENTS);
    const wg_view view = wg_f32(s->x, WG_SHAPE(ELEMENTS));
    const wg_var x = wg_batch(s->tape, "x", view);
    const wg_var y = wg_mish(x);
    const wg_var wanted[2] = { y, wg_grad(wg_sum(y, WG_ALL), x) };
    int status = bench_session_compile(s, 2, wanted);
    if (status >= 0) status = wg_program_bind(s->program, "x", view);
    if (status < 0) bench_session_free(s);
    else *state = s;
    return status;
}

/* ---- a chain of ops on few elements ---- */

enum { OPS = 1000, DERIVED_OPS = 100, FEW = 16 };

static wg_var record_chain(const bench_session *s)
{
    const wg_var x = wg_input(s->tape, "x", wg_f32(s->x, WG_SHAPE(FEW)));
    wg_var y = x;
    for (int i = 0; i < OPS / 2; i++) y = wg_add(wg_mul(y, x), x);
    return y;
}

/* The derivative of one with a function in each four ops; its value is kept. */
static wg_var record_derived(const bench_session *s)
{
    const wg_var x = wg_input(s->tape, "x", wg_f32(s->x, WG_SHAPE(FEW)));
    wg_var y = x;
    for (int i = 0; i < DERIVED_OPS / 4; i++)
        y = wg_shift(wg_tanh(wg_shift(wg_scale(y, 0.75), 0.25)), -0.25);
    wg_keep(y);
    return wg_grad(wg_sum(y, WG_ALL), x);
}

static int chain_create(const bench_case *self, const bench_settings *settings, void **state)
{
    bench_session *s = bench_session_create(self, settings);
    if (s == NULL) return WG_EMEMORY;
    s->x = bench_numbers(FEW);
    *state = s;
    return WG_OK;
}

static int chain_record(void *state, int64_t count)
{
    const bench_session *s = state;
    for (int64_t i = 0; i < count; i++) {
        wg_tape_reset(s->tape);
        record_chain(s);
        WG_TRY(wg_tape_status(s->tape));
    }
    return WG_OK;
}

/* Recorded, differentiated and run. */
static int derived_repeat(void *state, int64_t count)
{
    const bench_session *s = state;
    float dx[FEW];
    for (int64_t i = 0; i < count; i++) {
        wg_tape_reset(s->tape);
        WG_TRY(wg_read_f32(s->runtime, record_derived(s), dx, FEW));
    }
    return WG_OK;
}

typedef struct chain { wg_var (*record)(const bench_session *s); } chain;

static int replay_create(const bench_case *self, const bench_settings *settings, void **state)
{
    const chain *of = self->setting;
    WG_TRY(chain_create(self, settings, state));
    bench_session *s = *state;
    const wg_var y = of->record(s);
    int status = bench_session_compile(s, 1, &y);
    if (status >= 0) status = wg_program_bind(s->program, "x", wg_f32(s->x, WG_SHAPE(FEW)));
    if (status < 0) bench_session_free(s);
    return status;
}

#define GEMM(text, m, k, n)                                                                        \
    { .name = "gemm_" text, .unit = "us", .unit_ns = 1e3, .flop = 2.0 * (m) * (k) * (n),           \
      .setting = &(const shape){ m, k, n }, .create = product_create,                              \
      .repeat = bench_session_run, .free = bench_session_free }

static const bench_case cases[] = {
    GEMM("64x26x128", 64, 26, 128),
    GEMM("64", 64, 64, 64),
    GEMM("256x784x512", 256, 784, 512),
    GEMM("512", 512, 512, 512),
    GEMM("1024", 1024, 1024, 1024),
    { .name = "mish_fwd_bwd_65536", .unit = "ns/element", .unit_ns = ELEMENTS,
      .create = mish_create, .repeat = bench_session_run, .free = bench_session_free },
    { .name = "record_op", .unit = "ns", .unit_ns = OPS, .is_serial = true, .create = chain_create,
      .repeat = chain_record, .free = bench_session_free },
    { .name = "replay_instruction", .unit = "ns", .unit_ns = OPS,
      .setting = &(const chain){ record_chain }, .create = replay_create,
      .repeat = bench_session_run, .free = bench_session_free },
    { .name = "chain_100_fwd_bwd/loop", .unit = "ns/op", .unit_ns = DERIVED_OPS,
      .is_serial = true, .create = chain_create, .repeat = derived_repeat,
      .free = bench_session_free },
    { .name = "chain_100_fwd_bwd/program", .unit = "ns/op", .unit_ns = DERIVED_OPS,
      .setting = &(const chain){ record_derived }, .create = replay_create,
      .repeat = bench_session_run, .free = bench_session_free },
};

const bench_list bench_program = BENCH_LIST(cases);

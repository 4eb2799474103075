/* The matrix product kernels of one level, on one thread, and what bounds them: as many
 * multiply-adds as gemm_512 has, on registers alone. Times are for a whole product.              */
#include "benchmarks/harness.h"
#include "benchmarks/limit.h"
#include "ops/kernels/kernels.h"

#define FLOP(m, k, n) (2.0 * (m) * (k) * (n))

/* ---- products ---- */

typedef struct shape { int64_t m, k, n; bool turns_x, turns_y; wg_dtype dtype; } shape;

typedef struct product {
    void (*kernel)(const wg__matmul *product);
    wg__matmul call;
    void *memory[4];
} product;

/* Room for count numbers of the dtype, filled with small ones. */
static void *operand(wg_dtype dtype, int64_t count)
{
    if (dtype == WG_F32) return bench_numbers(count);
    float *narrow = bench_numbers(count);
    double *wide = bench_allocate((size_t)count * sizeof *wide);
    for (int64_t i = 0; i < count; i++) wide[i] = (double)narrow[i];
    bench_free(narrow);
    return wide;
}

static int product_create(const bench_case *self, const bench_settings *settings, void **state)
{
    const shape *s = self->setting;
    product *p = bench_allocate(sizeof *p);
    p->kernel = wg__kernels_of(settings->level)->matmul->matmul[s->dtype];
    p->memory[0] = operand(s->dtype, s->m * s->k);
    p->memory[1] = operand(s->dtype, s->k * s->n);
    p->memory[2] = operand(s->dtype, s->m * s->n);
    p->memory[3] = bench_allocate(WG__SCRATCH_BYTES);
    p->call = (wg__matmul){
        .m = s->m, .n = s->n, .k = s->k,
        .a = p->memory[0], .a_row = s->turns_x ? 1 : s->k, .a_column = s->turns_x ? s->m : 1,
        .b = p->memory[1], .b_row = s->turns_y ? 1 : s->n, .b_column = s->turns_y ? s->k : 1,
        .c = p->memory[2], .c_row = s->n, .scratch = p->memory[3],
    };
    *state = p;
    return WG_OK;
}

static int product_repeat(void *state, int64_t count)
{
    product *p = state;
    for (int64_t i = 0; i < count; i++) p->kernel(&p->call);
    return WG_OK;
}

static void product_free(void *state)
{
    product *p = state;
    for (int i = 0; i < 4; i++) bench_free(p->memory[i]);
    bench_free(p);
}

/* ---- the limit ---- */

typedef struct limit { bench_chains *run; int64_t steps; } limit;

static int limit_create(const bench_case *self, const bench_settings *settings, void **state)
{
    static const bench_limit *const of_level[WG__LEVEL_COUNT] = {
        [WG__PORTABLE] = &bench_limit_portable,
#if defined(WG_HAVE_X86_LEVELS)
        [WG__SSE2] = &bench_limit_sse2,
        [WG__AVX2] = &bench_limit_avx2,
        [WG__AVX512] = &bench_limit_avx512,
#elif defined(WG_HAVE_NEON)
        [WG__NEON] = &bench_limit_neon,
#endif
    };
    const bench_limit *chosen = of_level[settings->level];
    limit *l = bench_allocate(sizeof *l);
    l->run = chosen->run;
    l->steps = (int64_t)(self->flop / chosen->flop_per_step);
    *state = l;
    return WG_OK;
}

static int limit_repeat(void *state, int64_t count)
{
    const limit *l = state;
    for (int64_t i = 0; i < count; i++) l->run(l->steps);
    return WG_OK;
}

#define GEMM(suffix, m, k, n, ...)                                                                 \
    { .name = "kernel/gemm_" suffix, .unit = "us", .unit_ns = 1e3, .flop = FLOP(m, k, n),          \
      .is_serial = true, .create = product_create, .repeat = product_repeat,                       \
      .free = product_free, .setting = &(const shape){ m, k, n, __VA_ARGS__ } }

static const bench_case cases[] = {
    { .name = "kernel/limit_of_gemm_512", .unit = "us", .unit_ns = 1e3,
      .flop = FLOP(512, 512, 512), .is_serial = true, .is_limit = true, .create = limit_create,
      .repeat = limit_repeat, .free = bench_free },
    GEMM("64x26x128", 64, 26, 128, .dtype = WG_F32),
    GEMM("64x64x10", 64, 64, 10, .dtype = WG_F32),
    GEMM("64x64x1", 64, 64, 1, .dtype = WG_F32),
    GEMM("64", 64, 64, 64, .dtype = WG_F32),
    GEMM("256x784x512", 256, 784, 512, .dtype = WG_F32),
    GEMM("512", 512, 512, 512, .dtype = WG_F32),
    GEMM("512_x_transposed", 512, 512, 512, .turns_x = true, .dtype = WG_F32),
    GEMM("512_y_transposed", 512, 512, 512, .turns_y = true, .dtype = WG_F32),
    GEMM("512_f64", 512, 512, 512, .dtype = WG_F64),
    GEMM("1024", 1024, 1024, 1024, .dtype = WG_F32),
};

const bench_list bench_matmul = BENCH_LIST(cases);

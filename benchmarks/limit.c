/* Independent chains of multiply-adds in one level's words, compiled once per level. Twelve of them
 * hide the latency on every CPU of today and fit the registers of every level.                   */
#include "benchmarks/limit.h"
#include "core/simd.h"

enum { CHAINS = 12 };

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* The compiler knows nothing of what comes from here and goes there. */
static volatile float source = 0.5f, sink;

static void chains(int64_t steps)
{
    f32_v sum[CHAINS];
    UNROLL for (int j = 0; j < CHAINS; j++) sum[j] = f32_set(source);
    const f32_v factor = f32_set(source), term = f32_set(source);
    for (int64_t i = 0; i < steps; i++) {
        UNROLL for (int j = 0; j < CHAINS; j++) sum[j] = f32_fma(sum[j], factor, term);
    }
    UNROLL for (int j = 0; j < CHAINS; j++) {
        float lane[F32_LANES];
        f32_store(lane, sum[j]);
        sink = lane[0];
    }
}

#define GLUE2(a, b) a##b
#define GLUE(a, b)  GLUE2(a, b)
const bench_limit GLUE(bench_limit_, WG_LEVEL) = { chains, 2.0 * CHAINS * F32_LANES };

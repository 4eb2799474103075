/* How fast a level multiplies and adds on registers alone: what bounds every matrix product. */
#ifndef WG_BENCH_LIMIT_H
#define WG_BENCH_LIMIT_H

#include <stdint.h>

typedef void bench_chains(int64_t steps);
typedef struct bench_limit { bench_chains *run; double flop_per_step; } bench_limit;

extern const bench_limit bench_limit_portable, bench_limit_sse2, bench_limit_avx2,
    bench_limit_avx512, bench_limit_neon;

#endif

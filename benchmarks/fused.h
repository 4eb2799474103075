/* Activations with their derivatives as one hand-written loop each, in the words of a level: what a
 * composed activation is measured against. The primitives are those that its recording has.      */
#ifndef WG_BENCH_FUSED_H
#define WG_BENCH_FUSED_H

#include <stdint.h>

/* y = f(x), dx = g f'(x); n is a multiple of 16. */
typedef void bench_fused(int64_t n, const float *x, const float *g, float *y, float *dx);
typedef struct bench_fused_table {
    bench_fused *cheap, *hardswish, *snake, *gelu, *mish;
} bench_fused_table;

extern const bench_fused_table bench_fused_portable, bench_fused_sse2, bench_fused_avx2,
    bench_fused_avx512, bench_fused_neon;

#endif

/* Running sums and linear recurrences of one level.
 *
 * Each column is one chain from its first row to its last, one rounding a step, so its bits depend
 * on nothing else. Columns stand side by side in vectors; a row that is to be one chain is brought
 * here as a column. Integers wrap.                                                               */
#include "core/simd.h"
#include "ops/kernels/kernels.h"

enum { VECTORS_TOGETHER = 4 };   /* chains enough to hide what a step waits for */

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

#define TYPE    f32
#define ELEMENT float
#define LANES   F32_LANES
#define ACTION  sum
#define STEP(r, a, x) f32_add(r, LOAD(x))
#include "ops/kernels/chain_of.h"
#define ACTION  recurrence
#define STEP(r, a, x) f32_fma(LOAD(a), r, LOAD(x))
#include "ops/kernels/chain_of.h"
#undef TYPE
#undef ELEMENT
#undef LANES

#define TYPE    f64
#define ELEMENT double
#define LANES   F64_LANES
#define ACTION  sum
#define STEP(r, a, x) f64_add(r, LOAD(x))
#include "ops/kernels/chain_of.h"
#define ACTION  recurrence
#define STEP(r, a, x) f64_fma(LOAD(a), r, LOAD(x))
#include "ops/kernels/chain_of.h"
#undef TYPE
#undef ELEMENT
#undef LANES

#define INTEGER_SUMS(name, element)                                                                \
    static void name(const wg__chain *c)                                                           \
    {                                                                                              \
        const element *before = c->before;                                                         \
        for (int64_t i = 0; i < c->length; i++) {                                                  \
            const element *x = (const element *)c->x + i * c->x_row;                               \
            element *out = (element *)c->out + i * c->out_row;                                     \
            for (int64_t j = 0; j < c->count; j++)                                                 \
                out[j] = (element)(x[j] + (before != NULL ? before[j] : 0));                       \
            before = out;                                                                          \
        }                                                                                          \
    }
INTEGER_SUMS(chain_sum_i32, uint32_t)
INTEGER_SUMS(chain_sum_i64, uint64_t)
INTEGER_SUMS(chain_sum_u8, uint8_t)

const wg__chain_table WG__GLUE(wg__chain_, WG_LEVEL) = {
    .sums = { [WG_F32] = chain_sum_f32, [WG_F64] = chain_sum_f64, [WG_I32] = chain_sum_i32,
              [WG_I64] = chain_sum_i64, [WG_U8] = chain_sum_u8 },
    .recurrences = { [WG_F32] = chain_recurrence_f32, [WG_F64] = chain_recurrence_f64 },
};

/* Runs of one level: elementwise ops of one float type, one after the other on a few vectors that
 * stay in registers, so that only what is kept meets memory.
 *
 * A run is interpreted: its steps say which row of ops.def comes next, and where its operands are.
 * The steps are the same for all elements, so their order is learnt by the CPU at once, and a step
 * serves several vectors. The words are those of map.c, and so are the bits.                     */
#include "ops/kernels/kernels.h"
#include "ops/kernels/math.h"

/* Twice so many in registers, and what a step works with. */
#if defined(WG_LEVEL_AVX512)
enum { VECTORS = 8 };
#else
enum { VECTORS = 8 };
#endif

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

/* Narrow registers are few, and what takes time there is not the memory between ops. */
#if defined(WG_LEVEL_AVX512) || defined(WG_LEVEL_AVX2) || defined(WG_LEVEL_NEON)
#define TYPE    f32
#define ELEMENT float
#define LANES   F32_LANES
#include "ops/kernels/run_of.h"
#undef TYPE
#undef ELEMENT
#undef LANES

#define TYPE    f64
#define ELEMENT double
#define LANES   F64_LANES
#include "ops/kernels/run_of.h"
#undef TYPE
#undef ELEMENT
#undef LANES

const wg__run_table WG__GLUE(wg__run_, WG_LEVEL) = {
    .run = { [WG_F32] = run_f32, [WG_F64] = run_f64 },
};
#else
const wg__run_table WG__GLUE(wg__run_, WG_LEVEL) = { .run = { NULL } };
#endif

/* The matrix product of one level, f32 and f64.
 *
 * The order of every sum is fixed: k is cut into blocks of 512; a block is one ascending chain of
 * multiply-adds from +0; block results are added in ascending order. A tile of C stays in registers
 * for a whole block, and each step adds an outer product, so every element has a chain of its own:
 * heights, widths, packing and the split of rows and columns are free, and all levels agree bit for
 * bit. Blocking after Goto and van de Geijn 2008.                                                */
#define WG__FMA_INLINED
#include "core/simd.h"
#include "ops/kernels/kernels.h"

/* Rows and vectors of columns of a tile: as many sums as registers can hold beside one row of B and
 * one element of A. Without FMA hardware a step is long and needs registers of its own.          */
#if defined(WG_LEVEL_AVX512)
enum { TILE_ROWS = 14, TILE_VECTORS = 2 };
#elif defined(WG_LEVEL_AVX2)
enum { TILE_ROWS = 6, TILE_VECTORS = 2 };
#elif defined(WG_LEVEL_NEON)
enum { TILE_ROWS = 8, TILE_VECTORS = 3 };
#else
enum { TILE_ROWS = 2, TILE_VECTORS = 2 };
#endif

/* A kernel for each height and width, X(rows, vectors), so that no row is computed in vain. */
#define HEIGHTS_2(X, v)  X(1, v) X(2, v)
#define HEIGHTS_6(X, v)  HEIGHTS_2(X, v) X(3, v) X(4, v) X(5, v) X(6, v)
#define HEIGHTS_8(X, v)  HEIGHTS_6(X, v) X(7, v) X(8, v)
#define HEIGHTS_14(X, v) HEIGHTS_8(X, v) X(9, v) X(10, v) X(11, v) X(12, v) X(13, v) X(14, v)
#if defined(WG_LEVEL_AVX512)
#define TILES(X) HEIGHTS_14(X, 1) HEIGHTS_14(X, 2)
#elif defined(WG_LEVEL_AVX2)
#define TILES(X) HEIGHTS_6(X, 1) HEIGHTS_6(X, 2)
#elif defined(WG_LEVEL_NEON)
#define TILES(X) HEIGHTS_8(X, 1) HEIGHTS_8(X, 2) HEIGHTS_8(X, 3)
#else
#define TILES(X) HEIGHTS_2(X, 1) HEIGHTS_2(X, 2)
#endif

/* Sums live in registers only if every loop over them is unrolled. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum {
    BLOCK = 512,            /* of k: part of the meaning, see above */
    CACHE_LINE = 64,
    CROWD_BYTES = 4096,     /* memory this far apart shares one set of an L1 cache */
    FAR_BYTES = 3 << 19,    /* operands beyond this come from L3; an L2 has 1 to 2 MiB */
    STRIPS_TOGETHER = 128,  /* of a group: uses of a panel while it is near */
    STRIPS_PER_COPY = 12,   /* uses of a packed panel that pay for packing it */
    PANELS_PER_COPY = 8,    /* uses of packed rows, whose packing takes longer */
    TURNED_COLUMNS = 512    /* of a product computed transposed, at a time */
};

static int64_t least(int64_t x, int64_t y)
{
    return x < y ? x : y;
}

static int64_t ceiling(int64_t x, int64_t y)
{
    return (x + y - 1) / y;
}

#define TYPE f32
#define ELEMENT float
#define LANES F32_LANES
#include "ops/kernels/matmul_of.h"
#undef TYPE
#undef ELEMENT
#undef LANES

#define TYPE f64
#define ELEMENT double
#define LANES F64_LANES
#include "ops/kernels/matmul_of.h"
#undef TYPE
#undef ELEMENT
#undef LANES

const wg__matmul_table WG__GLUE(wg__matmul_, WG_LEVEL) = {
    .matmul = { [WG_F32] = product_f32, [WG_F64] = product_f64 },
};

/* Inputs of the list: a function of stream and element alone. Every operation here is exact, so
 * neither compiler nor rounding mode has a say in it.                                            */
#include "bits.h"

#include <math.h>
#include <string.h>

static const float edges_f32[] = {
    0.0f,    -0.0f, 0.5f,  -0.5f,     1.0f,      -1.0f,      1.5f,
    2.5f,    -2.5f, 1e5f,  0x1p23f,   -0x1p9f,   3.0f,       88.5f,
    0x1p-126f, 0x1p-149f, -0x1p-149f, 0x1.fffffep127f, INFINITY, -INFINITY, NAN,
};
static const double edges_f64[] = {
    0.0,  -0.0, 0.5, -0.5,   1.0,    -1.0, 1.5,
    2.5,  -2.5, 1e5, 0x1p53, -0x1p9, 3.0,  709.5,
    0x1p-1022, 5e-324, -5e-324, 0x1.fffffffffffffp1023, INFINITY, -INFINITY, NAN,
};
enum { EDGE_COUNT = sizeof edges_f64 / sizeof *edges_f64 };
static_assert(sizeof edges_f32 / sizeof *edges_f32 == EDGE_COUNT, "one list a dtype");

/* What element i is, if it is none of the range: every fifth. */
typedef enum kind { DRAWN, EDGE, PATTERN } kind;
static kind kind_of(int64_t i, bits_range range)
{
    if (!range.has_patterns || i % 5 != 0) return DRAWN;
    return i / 5 < EDGE_COUNT * EDGE_COUNT ? EDGE : PATTERN;
}

/* All pairs of edges meet in two inputs of different streams. */
static int64_t edge_of(int64_t i, uint64_t stream)
{
    return stream % 2 == 0 ? i / 5 % EDGE_COUNT : i / 5 / EDGE_COUNT;
}

/* One of 2^15 points of the range, whose ends are multiples of 1/16 below 2^4: 24 bits are enough
 * for each of them. */
static double drawn(uint64_t word, bits_range range)
{
    return range.low + (range.high - range.low) * ((double)(word >> 49) * 0x1p-15);
}

static float element_f32(uint64_t word, uint64_t stream, int64_t i, bits_range range)
{
    float x;
    const uint32_t pattern = (uint32_t)word;
    switch (kind_of(i, range)) {
    case DRAWN: return (float)drawn(word, range);
    case EDGE: return edges_f32[edge_of(i, stream)];
    case PATTERN: break;
    }
    memcpy(&x, &pattern, sizeof x);
    return x;
}

static double element_f64(uint64_t word, uint64_t stream, int64_t i, bits_range range)
{
    double x;
    switch (kind_of(i, range)) {
    case DRAWN: return drawn(word, range);
    case EDGE: return edges_f64[edge_of(i, stream)];
    case PATTERN: break;
    }
    memcpy(&x, &word, sizeof x);
    return x;
}

static void fill(void *to, uint64_t stream, wg_dtype dtype, int64_t count, bits_range range)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t half[4];
        wg__philox(stream, 0, (uint64_t)i, half);
        const uint64_t word = (uint64_t)half[0] << 32 | half[1];
        char *at = (char *)to + i * (int64_t)wg_dtype_bytes(dtype);
        const float narrow = element_f32(word, stream, i, range);
        const double wide = element_f64(word, stream, i, range);
        const int64_t whole = (int64_t)drawn(word, range);
        switch (dtype) { /* memcpy: the address need not be aligned */
        case WG_F32: memcpy(at, &narrow, sizeof narrow); break;
        case WG_F64: memcpy(at, &wide, sizeof wide); break;
        case WG_I64: memcpy(at, &whole, sizeof whole); break;
        case WG_I32: memcpy(at, &(int32_t){ (int32_t)whole }, sizeof(int32_t)); break;
        default: *(uint8_t *)at = (uint8_t)whole; break;
        }
    }
}

wg_var bits_input(bits *b, const char *name, uint64_t stream, wg_dtype dtype, wg_shape shape,
                  bits_range range)
{
    const int64_t count = wg_shape_count(shape);
    const size_t bytes = (size_t)count * wg_dtype_bytes(dtype);
    char *block = wg__arena_take(&b->arena, bytes + (size_t)b->shift);
    if (block == NULL) abort();
    fill(block + b->shift, stream, dtype, count, range);
    return wg_batch(b->tape, name, wg_view_of(block + b->shift, dtype, shape));
}

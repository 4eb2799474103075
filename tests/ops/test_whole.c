/* floor, round and rem are exact: they have the bits of the C library's, which are exact too, on
 * any patterns and at every level.                                                               */
#include "ops/kernels/kernels.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { COUNT = 4096 };

static const double edges[] = {
    0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0x1.fffffffffffffp-2, 1, -1, 0x1p22 + 0.5, 0x1p23 - 0.5,
    0x1p23, 0x1p51 + 0.5, 0x1p52 - 0.5, 0x1p52, 0x1p53, 5e-324, -5e-324, 0x1p-149, 0x1p-126,
    0x1.fffffep127, 0x1.fffffffffffffp1023, INFINITY, -INFINITY, NAN, 3, 0x1p-1022, 0.1,
};
enum { EDGE_COUNT = sizeof edges / sizeof edges[0] };

static double f64[2][COUNT], f64_out[COUNT];
static float f32[2][COUNT], f32_out[COUNT];

static double pattern_f64(uint64_t *state)
{
    double x;
    const uint64_t bits = test_random(state);
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float pattern_f32(uint64_t *state)
{
    float x;
    const uint32_t bits = (uint32_t)(test_random(state) >> 16);
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* All pairs of edges, then patterns, of which some are of one magnitude. */
static void fill(uint64_t *state)
{
    for (int i = 0; i < COUNT; i++) {
        const bool is_edge = i < EDGE_COUNT * EDGE_COUNT;
        f64[0][i] = is_edge ? edges[i / EDGE_COUNT] : pattern_f64(state);
        f64[1][i] = is_edge ? edges[i % EDGE_COUNT] : pattern_f64(state);
        f32[0][i] = is_edge ? (float)edges[i / EDGE_COUNT] : pattern_f32(state);
        f32[1][i] = is_edge ? (float)edges[i % EDGE_COUNT] : pattern_f32(state);
        if (is_edge || i % 2 == 0) continue;
        const int shift = (int)(test_random(state) % 80) - 20;
        f64[1][i] = ldexp(f64[0][i], -shift) * 0.7;
        f32[1][i] = ldexpf(f32[0][i], -shift / 2) * 0.7f;
        f64[0][i - 1] = (double)(int64_t)test_random(state) * 0x1p-12;
        f32[0][i - 1] = (float)(int32_t)test_random(state) * 0x1p-9f;
    }
}

static bool is_same(double x, double y)
{
    return x == y ? signbit(x) == signbit(y) : isnan(x) && isnan(y);
}

typedef double expected_f64(double x, double y);
typedef float expected_f32(float x, float y);
static double floor_f64(double x, double y) { return (void)y, floor(x); }
static double round_f64(double x, double y) { return (void)y, rint(x); }
static float floor_f32(float x, float y) { return (void)y, floorf(x); }
static float round_f32(float x, float y) { return (void)y, rintf(x); }

static void check_op(wg__op_id op, expected_f64 *wide, expected_f32 *narrow)
{
    uint64_t state = test_seed();
    fill(&state);
    for (int level = 0; level < WG__LEVEL_COUNT; level++) {
        if (!wg__level_exists((wg__level)level)) continue;
        const wg__map_table *map = wg__kernels_of((wg__level)level)->map;
        map->map[op][WG_F64](COUNT, (const void *[]){ f64[0], f64[1] }, f64_out);
        map->map[op][WG_F32](COUNT, (const void *[]){ f32[0], f32[1] }, f32_out);
        for (int i = 0; i < COUNT; i++) {
            const double x = f64[0][i], y = f64[1][i];
            check_msg(is_same(f64_out[i], wide(x, y)), "%s f64 (%a, %a): %a, not %a",
                      wg__op_table[op].name, x, y, f64_out[i], wide(x, y));
            const float u = f32[0][i], v = f32[1][i];
            check_msg(is_same((double)f32_out[i], (double)narrow(u, v)),
                      "%s f32 (%a, %a): %a, not %a", wg__op_table[op].name, (double)u, (double)v,
                      (double)f32_out[i], (double)narrow(u, v));
        }
    }
}

Test(whole, floor_is_exact)
{
    check_op(WG__OP_floor, floor_f64, floor_f32);
}

Test(whole, round_goes_to_the_even_of_two)
{
    check_op(WG__OP_round, round_f64, round_f32);
}

Test(whole, remainders_are_exact_however_large_the_quotient)
{
    check_op(WG__OP_rem, fmod, fmodf);
}

Test(whole, integer_remainders_are_always_defined)
{
    const wg__map_table *map = wg__kernels_of(WG__PORTABLE)->map;
    const int32_t x[] = { 7, -7, 7, INT32_MIN, INT32_MIN, 5 }, y[] = { 3, 3, -3, -1, 0, 0 };
    int32_t r[6];
    map->map[WG__OP_rem][WG_I32](6, (const void *[]){ x, y }, r);
    const int32_t expected[] = { 1, -1, 1, 0, 0, 0 };
    check_bytes(r, expected, sizeof r);
    const int64_t wide[] = { INT64_MIN, INT64_MIN }, by[] = { -1, 10 };
    int64_t wide_r[2];
    map->map[WG__OP_rem][WG_I64](2, (const void *[]){ wide, by }, wide_r);
    check(wide_r[0] == 0 && wide_r[1] == -8);
    const uint8_t bytes[] = { 200, 200 }, divisors[] = { 255, 0 };
    uint8_t byte_r[2];
    map->map[WG__OP_rem][WG_U8](2, (const void *[]){ bytes, divisors }, byte_r);
    check(byte_r[0] == 200 && byte_r[1] == 0);
}

Test(whole, bits_shifted_to_the_left_fall_out)
{
    const wg__map_table *map = wg__kernels_of(WG__PORTABLE)->map;
    const int64_t counts[] = { 0, 1, 7, 8, 31, 32, 63, 64, INT64_MAX };
    for (int i = 0; i < 9; i++) {
        const int64_t count = counts[i];
        const int64_t x64 = -5;
        const int32_t x32 = 0x40000003;
        const uint8_t x8 = 0x83;
        int64_t r64;
        int32_t r32;
        uint8_t r8;
        map->bits_left[WG_I64](1, &x64, count, &r64);
        map->bits_left[WG_I32](1, &x32, count, &r32);
        map->bits_left[WG_U8](1, &x8, count, &r8);
        check_equal_i(r64, count < 64 ? (int64_t)((uint64_t)x64 << count) : 0);
        check_equal_i(r32, count < 32 ? (int32_t)((uint32_t)x32 << count) : 0);
        check_equal_i(r8, count < 8 ? (uint8_t)(x8 << count) : 0);
    }
}

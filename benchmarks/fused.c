/* The loops of fused.h, compiled once per level. One vector goes through all primitives before the
 * next: nothing meets memory but x, g, y and dx.                                                 */
#include "benchmarks/fused.h"
#include "ops/kernels/math.h"

typedef f32_v V;

static V number(float x)
{
    return f32_set(x);
}

typedef struct both { V y, dx; } both;

/* The derivative of max(x, limit) by x: half at a tie. */
WG__WORD V larger(V x, V limit, V g)
{
    const V half = v_select(v_eq(x, limit), number(0.5f), number(0));
    const V factor = v_select(v_lt(limit, x), number(1), half);
    return v_select(v_lt(x, limit), number(0), v_mul(g, factor));
}

WG__WORD V smaller(V x, V limit, V g)
{
    const V half = v_select(v_eq(x, limit), number(0.5f), number(0));
    const V factor = v_select(v_lt(x, limit), number(1), half);
    return v_select(v_lt(limit, x), number(0), v_mul(g, factor));
}

/* x + 0.75 relu(1.25 x + 0.5) + 0.25 */
WG__WORD both cheap(V x, V g)
{
    const V a = v_add(v_mul(x, number(1.25f)), number(0.5f));
    const f32_m is_below = v_le(a, number(0));
    const V r = v_select(is_below, number(0), a);
    const V y = v_add(x, v_add(v_mul(r, number(0.75f)), number(0.25f)));
    const V inner = v_select(is_below, number(0), v_mul(g, number(0.75f)));
    return (both){ y, v_add(g, v_mul(inner, number(1.25f))) };
}

/* x min(max(x + 3, 0), 6) / 6 */
WG__WORD both hardswish(V x, V g)
{
    const V sixth = number((float)(1.0 / 6));
    const V a = v_add(x, number(3)), b = v_max(a, number(0)), c = v_min(b, number(6));
    const V y = v_mul(v_mul(x, c), sixth);
    const V outer = v_mul(g, sixth);
    const V db = smaller(b, number(6), v_mul(x, outer));
    return (both){ y, v_add(v_mul(c, outer), larger(a, number(0), db)) };
}

/* x + sin(x)^2 */
WG__WORD both snake(V x, V g)
{
    const V s = v_sin(x), inner = v_mul(g, s);
    return (both){ v_add(x, v_mul(s, s)), v_add(g, v_mul(v_add(inner, inner), v_cos(x))) };
}

/* exp(-x x) with the square in two parts: the upper half of the digits of x, and the rest. */
WG__WORD V gaussian(V x)
{
    const V a = v_select(v_lt(number(1e6f), v_abs(x)), number(1e6f), x);
    const V high = f32_from_bits(i32_and(f32_bits(a), i32_set(-4096)));
    const V rest = v_mul(v_sub(a, high), v_add(a, high));
    return v_mul(v_exp(v_neg(v_mul(high, high))), v_exp(v_neg(rest)));
}

/* x erfc(-x / sqrt 2) / 2 */
WG__WORD both gelu(V x, V g)
{
    const V root = number(-0.70710678118654752f), half = number(0.5f);
    const V z = v_mul(x, root), share = v_mul(v_erfc(z), half);
    const V outer = v_mul(half, v_mul(x, g));
    const V slope = v_mul(v_mul(outer, number(-1.1283791670955126f)), gaussian(z));
    return (both){ v_mul(x, share), v_add(v_mul(share, g), v_mul(root, slope)) };
}

/* x tanh(softplus(x)) */
WG__WORD both mish(V x, V g)
{
    const V s = v_logaddexp(x, number(0)), t = v_tanh(s), twice = v_add(s, s);
    const V slope = v_mul(v_logistic(twice), v_logistic(v_neg(twice)));
    const V ds = v_mul(v_mul(v_mul(x, g), number(4)), slope);
    const V gap = v_select(v_eq(x, number(0)), number(0), x);
    return (both){ v_mul(x, t), v_add(v_mul(t, g), v_mul(ds, v_logistic(gap))) };
}

#define LOOP(name)                                                                                 \
    static void loop_##name(int64_t n, const float *x, const float *g, float *y, float *dx)        \
    {                                                                                              \
        for (int64_t i = 0; i < n; i += F32_LANES) {                                               \
            const both r = name(f32_load(x + i), f32_load(g + i));                                 \
            f32_store(y + i, r.y);                                                                 \
            f32_store(dx + i, r.dx);                                                               \
        }                                                                                          \
    }
LOOP(cheap)
LOOP(hardswish)
LOOP(snake)
LOOP(gelu)
LOOP(mish)

#define GLUE2(a, b) a##b
#define GLUE(a, b)  GLUE2(a, b)
const bench_fused_table GLUE(bench_fused_, WG_LEVEL) = { loop_cheap, loop_hardswish, loop_snake,
                                                         loop_gelu, loop_mish };

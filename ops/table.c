/* The rows of ops.def as descriptors, and the calls that go through them.
 *
 * Each row becomes one entry at its own id, so the table cannot fall out of step with the ids.   */
#include "ops/rules.h"

/* A missing rule is a null pointer to void, so whether a row has one is a constant. */
#define HAS_RULE(vjp) _Generic((vjp), void *: false, default: true)

#define ENTRY(id, class_, inputs, infer_, vjp_, eval_)                                             \
    .name = #id, .class = WG__CLASS_##class_, .in_count = (inputs), .infer = (infer_),             \
    .vjp = (vjp_), .is_differentiable = HAS_RULE(vjp_), .eval = (eval_)
#define ROW(id, class_, inputs, infer_, low_, high_, ulp_)                                         \
    [WG__OP_##id] = { ENTRY(id, class_, inputs, wg__infer_##infer_, wg__vjp_row, wg__eval_map),    \
                      .low = (low_), .high = (high_), .ulp = (ulp_) },
#define PLAIN_ROW(id, inputs, infer_)                                                              \
    [WG__OP_##id] = { ENTRY(id, MAP, inputs, wg__infer_##infer_, wg__vjp_none, wg__eval_map) },

const wg__op wg__op_table[WG__OP_COUNT] = {
#define LIN1(name, dx, value, low, high, ulp)     ROW(name, LINEAR, 1, number, low, high, ulp)
#define LIN2(name, dx, dy, value, low, high, ulp) ROW(name, LINEAR, 2, number, low, high, ulp)
#define ALL1(name, dx, value, low, high, ulp)     ROW(name, MAP, 1, number, low, high, ulp)
#define ALL2(name, dx, dy, value, low, high, ulp) ROW(name, MAP, 2, number, low, high, ulp)
#define MAP1(name, dx, value, low, high, ulp)     ROW(name, MAP, 1, float, low, high, ulp)
#define MAP2(name, dx, dy, value, low, high, ulp) ROW(name, MAP, 2, float, low, high, ulp)
#define TEST2(name, value)                        PLAIN_ROW(name, 2, test)
#define BITS1(name, value)                        PLAIN_ROW(name, 1, bits)
#define BITS2(name, value)                        PLAIN_ROW(name, 2, bits)
#define PRIM(name, class, inputs, infer, vjp, eval)                                                \
    [WG__OP_##name] = { ENTRY(name, class, inputs, wg__infer_##infer, wg__vjp_##vjp,               \
                              wg__eval_##eval) },
#define ORDERS(id, low_, high_, ulp_)                                                              \
    [WG__OP_##id] = { ENTRY(id, MAP, 1, wg__infer_##id, wg__vjp_##id, wg__eval_map),               \
                      .low = (low_), .high = (high_), .ulp = (ulp_) },
#define LEAF(name) [WG__OP_##name] = { ENTRY(name, LEAF, 0, NULL, wg__vjp_none, NULL) },
#define MARK(name) [WG__OP_##name] = { ENTRY(name, MARK, 1, wg__infer_same, wg__vjp_none, NULL) },
#include "ops/ops.def"
};

int wg__infer(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->op > WG__OP_NONE && request->op < WG__OP_COUNT);
    const wg__op *op = &wg__op_table[request->op];
    WG_ASSERT(op->infer != NULL);
    WG_ASSERT(op->in_count < 0 || op->in_count == request->in_count);

    wg__type type = { .dtype = WG_F32 };
    WG_TRY(op->infer(request, in, &type, why));
    WG_ASSERT(wg__dtype_is((int)type.dtype));
    if (wg__shape_count(&type.shape) < 0) {
        wg__text_shape(why, &type.shape);
        wg__text_add(why, " has too many elements");
        return WG_ELIMIT;
    }
    *out = type;
    return WG_OK;
}

void wg__vjp(const wg__node_view *node, uint32_t *gradient)
{
    WG_ASSERT(node->op > WG__OP_NONE && node->op < WG__OP_COUNT);
    const wg__op *op = &wg__op_table[node->op];
    WG_ASSERT(op->in_count < 0 || op->in_count == node->in_count);

    for (int32_t i = 0; i < node->in_count; i++) gradient[i] = WG__NONE;
    if (node->g == WG__NONE || !op->is_differentiable) return;
    WG_ASSERT(wg__dtype_is_float(node->builder->dtype(node->builder, node->g)));
    op->vjp(node, gradient);
}

int wg__eval(const wg__kernels *kernels, const wg__call *call)
{
    WG_ASSERT(call->op > WG__OP_NONE && call->op < WG__OP_COUNT);
    const wg__op *op = &wg__op_table[call->op];
    WG_ASSERT(op->eval != NULL);
    WG_ASSERT(op->in_count < 0 || op->in_count == call->in_count);
    return op->eval(kernels, call);
}

#define KERNELS(level_, suffix)                                                                    \
    [level_] = { .level = (level_), .map = &wg__map_##suffix, .matmul = &wg__matmul_##suffix,      \
                 .reduce = &wg__reduce_##suffix, .chain = &wg__chain_##suffix,                     \
                 .random = &wg__random_##suffix, .run = &wg__run_##suffix }
static const wg__kernels kernels_table[WG__LEVEL_COUNT] = {
    KERNELS(WG__PORTABLE, portable),
#if defined(WG_HAVE_X86_LEVELS)
    KERNELS(WG__SSE2, sse2),
    KERNELS(WG__AVX2, avx2),
    KERNELS(WG__AVX512, avx512),
#endif
#if defined(WG_HAVE_NEON)
    KERNELS(WG__NEON, neon),
#endif
};

const wg__kernels *wg__kernels_of(wg__level level)
{
    WG_ASSERT(level >= WG__PORTABLE && level < WG__LEVEL_COUNT);
    return kernels_table[level].map != NULL ? &kernels_table[level] : NULL;
}

bool wg__finite(const wg__kernels *kernels, wg_dtype dtype, int64_t count, const void *x)
{
    WG_ASSERT(count >= 0);
    if (!wg__dtype_is_float(dtype)) return true;
    return kernels->reduce->finite[dtype](count, x);
}

/* What asks for the order of elements, on memory: argmax and argmin.
 *
 * A line along the axis at a time, whatever its stride. */
#include "ops/rules.h"

/* Walks the lines along one axis: offset is that of a line's first element. */
static wg__walk walk_of_lines(const wg__array *array, int64_t axis)
{
    int32_t rank = 0;
    int64_t dim[WG__RANK_MAX], stride[WG__RANK_MAX];
    for (int32_t i = 0; i < array->rank; i++) {
        if (i == axis) continue;
        dim[rank] = array->dim[i];
        stride[rank++] = array->stride[i];
    }
    return wg__walk_of(rank, dim, stride);
}

/* ---- argmax, argmin ---- */

/* The first NaN, or the first element that no other is before; -0 and +0 are a tie. */
#define CHOOSE(name, type, is_before)                                                              \
    static int32_t name(int64_t count, const void *x, int64_t stride)                              \
    {                                                                                              \
        const type *value = x;                                                                     \
        int64_t best = 0;                                                                          \
        for (int64_t i = 1; i < count; i++) {                                                      \
            const type now = value[i * stride], chosen = value[best * stride];                     \
            if (chosen != chosen) break;                                                           \
            if (now is_before chosen || now != now) best = i;                                      \
        }                                                                                          \
        return (int32_t)best;                                                                      \
    }
#define CHOOSE_BOTH(dtype, type)                                                                   \
    CHOOSE(argmax_##dtype, type, >)                                                                \
    CHOOSE(argmin_##dtype, type, <)
CHOOSE_BOTH(f32, float)
CHOOSE_BOTH(f64, double)
CHOOSE_BOTH(i32, int32_t)
CHOOSE_BOTH(i64, int64_t)
CHOOSE_BOTH(u8, uint8_t)
#undef CHOOSE_BOTH
#undef CHOOSE

typedef int32_t choose_fn(int64_t count, const void *x, int64_t stride);
static choose_fn *const argmax_of[WG__DTYPE_COUNT] = {
    [WG_F32] = argmax_f32, [WG_F64] = argmax_f64, [WG_I32] = argmax_i32, [WG_I64] = argmax_i64,
    [WG_U8] = argmax_u8,
};
static choose_fn *const argmin_of[WG__DTYPE_COUNT] = {
    [WG_F32] = argmin_f32, [WG_F64] = argmin_f64, [WG_I32] = argmin_i32, [WG_I64] = argmin_i64,
    [WG_U8] = argmin_u8,
};

int wg__eval_argmax(const wg__kernels *kernels, const wg__call *call)
{
    (void)kernels;
    const wg__array *x = &call->in[0];
    const int64_t axis = call->attribute[0];
    choose_fn *choose = (call->op == WG__OP_argmax ? argmax_of : argmin_of)[x->dtype];
    WG_ASSERT(call->in_count == 1 && call->attribute_count == 1);
    WG_ASSERT(call->out.dtype == WG_I32 && choose != NULL);

    int32_t *out = call->out.data;
    wg__walk walk = walk_of_lines(x, axis);
    const int64_t bytes = (int64_t)wg_dtype_bytes(x->dtype);
    const int64_t count = wg__array_count(&call->out);
    for (int64_t i = 0; i < count; i++) {
        out[i] = choose(x->dim[axis], (const char *)x->data + walk.offset * bytes,
                        x->stride[axis]);
        wg__walk_next(&walk);
    }
    return WG_OK;
}

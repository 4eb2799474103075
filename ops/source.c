/* Sources: iota and random_bits, whose elements are functions of their place alone.
 *
 * Under a shard the array at hand is some rows of the whole: first_row says which, so that a place
 * is the same however the rows are split.                                                        */
#include "ops/rules.h"

int wg__infer_iota(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    (void)in;
    WG_ASSERT(request->wanted != NULL);
    const int64_t count = wg__shape_count(&request->wanted->shape);
    WG_TRY(wg__expect_number(request->wanted->dtype, why));
    if (count < 0) {
        wg__text_shape(why, &request->wanted->shape);
        wg__text_add(why, " is no shape");
        return (int)count;
    }
    *out = *request->wanted;
    return WG_OK;
}

int wg__infer_random_bits(const wg__request *request, const wg__type *in, wg__type *out,
                          wg__text *why)
{
    WG_ASSERT(request->wanted != NULL && request->attribute_count == 1);
    const int64_t count = wg__shape_count(&request->wanted->shape);
    if (in[0].dtype != WG_I64 || in[0].shape.rank != 0) {
        wg__text_add(why, "the draw must be a scalar i64, not %s ", wg_dtype_name(in[0].dtype));
        wg__text_shape(why, &in[0].shape);
        return in[0].dtype != WG_I64 ? WG_EDTYPE : WG_ESHAPE;
    }
    if (count < 0) {
        wg__text_shape(why, &request->wanted->shape);
        wg__text_add(why, " is no shape");
        return (int)count;
    }
    *out = (wg__type){ .dtype = WG_I32, .shape = request->wanted->shape };
    return WG_OK;
}

/* The place, in the whole, of the first element at hand. */
static int64_t first_element(const wg__call *call)
{
    int64_t row_count = 1;
    for (int32_t i = 1; i < call->out.rank; i++) row_count *= call->out.dim[i];
    return call->first_row * row_count;
}

#define DEFINE_COUNT(name, type)                                                                   \
    static void name(int64_t first, int64_t n, type *out)                                          \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) out[i] = (type)(first + i);                                \
    }
DEFINE_COUNT(count_f32, float)
DEFINE_COUNT(count_f64, double)
DEFINE_COUNT(count_u8, uint8_t)
DEFINE_COUNT(count_u32, uint32_t)
DEFINE_COUNT(count_i64, int64_t)

int wg__eval_iota(const wg__kernels *kernels, const wg__call *call)
{
    (void)kernels;
    const int64_t first = first_element(call);
    const int64_t n = wg__array_count(&call->out);
    switch (call->out.dtype) {
    case WG_F32: count_f32(first, n, call->out.data); break;
    case WG_F64: count_f64(first, n, call->out.data); break;
    case WG_I32: count_u32(first, n, call->out.data); break;
    case WG_I64: count_i64(first, n, call->out.data); break;
    case WG_U8: count_u8(first, n, call->out.data); break;
    default: WG_ASSERT(false);
    }
    return WG_OK;
}

int wg__eval_random_bits(const wg__kernels *kernels, const wg__call *call)
{
    const uint64_t key = (uint64_t)call->attribute[0];
    const uint64_t draw = (uint64_t)*(const int64_t *)call->in[0].data;
    kernels->random->bits(key, draw, first_element(call), wg__array_count(&call->out),
                          call->out.data);
    return WG_OK;
}

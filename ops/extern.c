/* extern: a kernel of the caller's on contiguous memory. Its type is what the caller said; its
 * value is what the kernel writes. Under loops it is called for each entry of the leading axes, at
 * the shapes behind them, which are those it was recorded with. */
#include "ops/rules.h"

int wg__infer_extern(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    (void)in;
    (void)why;
    WG_ASSERT(request->wanted != NULL && request->attribute_count == WG__EXTERN_WORDS);
    WG_ASSERT(request->in_count > 0 && request->in_count <= WG__EXTERN_IN_MAX);
    *out = *request->wanted;
    return WG_OK;
}

/* The part of an array behind its first `loops` axes, at entry `index` of them. */
static wg_view entry_of(const wg__array *array, int32_t loops, int64_t index)
{
    wg_shape shape = { .rank = array->rank - loops };
    WG_ASSERT(shape.rank >= 0 && shape.rank <= WG_RANK_MAX);
    WG_ASSERT(wg__array_is_contiguous(array));
    for (int32_t i = 0; i < shape.rank; i++) shape.dim[i] = array->dim[loops + i];
    const int64_t bytes = wg_shape_count(shape) * (int64_t)wg_dtype_bytes(array->dtype);
    return wg_view_of((const char *)array->data + index * bytes, array->dtype, shape);
}

static int entry_run(const wg__call *call, int32_t loops, int64_t index)
{
    const wg__external *external = &call->external[call->attribute[WG__EXTERN_SLOT]];
    wg_view in[WG__EXTERN_IN_MAX];
    for (int32_t i = 0; i < call->in_count; i++) in[i] = entry_of(&call->in[i], loops, index);
    const wg_view written = entry_of(&call->out, loops, index);
    const wg_tensor out = wg_tensor_of((void *)(uintptr_t)written.data, written.dtype,
                                       written.shape);
    return external->kernel(in, &out, external->user) < 0 ? WG_ECALLBACK : WG_OK;
}

int wg__eval_extern(const wg__kernels *kernels, const wg__call *call)
{
    (void)kernels;
    const int32_t loops = (int32_t)call->attribute[WG__EXTERN_LOOPS];
    int64_t count = 1;
    for (int32_t i = 0; i < loops; i++) count *= call->out.dim[i];
    for (int64_t i = 0; i < count; i++) WG_TRY(entry_run(call, loops, i));
    return WG_OK;
}

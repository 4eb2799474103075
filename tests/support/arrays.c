/* Strides are computed here by the definition, not by what is tested with them. */
#include "support/arrays.h"

wg__array arrays_of(void *data, wg_dtype dtype, int32_t rank, const int64_t *dim)
{
    wg__array array = { .data = data, .dtype = dtype, .rank = rank };
    int64_t stride = 1;
    for (int32_t i = rank - 1; i >= 0; i--) {
        array.dim[i] = dim[i];
        array.stride[i] = stride;
        stride *= dim[i];
    }
    return array;
}

wg__array arrays_without(void *data, wg_dtype dtype, const wg__array *x, int64_t axes_bits)
{
    int64_t dim[WG__RANK_MAX] = { 0 };
    int32_t rank = 0;
    for (int32_t i = 0; i < x->rank; i++)
        if (!(axes_bits >> i & 1)) dim[rank++] = x->dim[i];
    return arrays_of(data, dtype, rank, dim);
}

wg__array arrays_permuted(const wg__array *x, const int32_t *axis)
{
    wg__array out = *x;
    for (int32_t i = 0; i < x->rank; i++) {
        out.dim[i] = x->dim[axis[i]];
        out.stride[i] = x->stride[axis[i]];
    }
    return out;
}

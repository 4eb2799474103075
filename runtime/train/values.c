/* Views as rows of doubles: what a metric reads and writes. */
#include "runtime/train/values.h"

#include <string.h>

int wg__values_check(const wg_view *x, const wg_view *y, int64_t *count)
{
    WG_TRY(wg__view_check(x));
    WG_TRY(wg__view_check(y));
    *count = wg_shape_count(x->shape);
    if (*count != wg_shape_count(y->shape)) return WG_ESHAPE;
    return *count > 0 ? WG_OK : WG_EINVALID;
}

static double value_at(wg_dtype dtype, const void *data, int64_t i)
{
    switch (dtype) {
    case WG_F32: return (double)((const float *)data)[i];
    case WG_F64: return ((const double *)data)[i];
    case WG_I32: return ((const int32_t *)data)[i];
    case WG_I64: return (double)((const int64_t *)data)[i];
    case WG_U8: case WG_BOOL: return ((const uint8_t *)data)[i];
    }
    return 0;
}

double *wg__values_of(const wg_view *view, int64_t count)
{
    const wg_allocator *allocator = &wg__allocator_default;
    size_t bytes;
    if (!wg__bytes_of(count, WG_F64, &bytes)) return NULL;
    double *out = wg__allocate(allocator, bytes);
    void *packed = wg__allocate(allocator, bytes);
    if (out == NULL || packed == NULL) {
        wg__release(allocator, out, bytes);
        wg__release(allocator, packed, bytes);
        return NULL;
    }
    /* No element is wider than a double. */
    wg__view_pack(view, packed);
    for (int64_t i = 0; i < count; i++) out[i] = value_at(view->dtype, packed, i);
    wg__release(allocator, packed, bytes);
    return out;
}

void wg__values_release(double *value, int64_t count)
{
    wg__release(&wg__allocator_default, value, (size_t)count * sizeof(double));
}

int wg__values_room(const wg_tensor *tensor, int64_t count)
{
    if (tensor->dtype != WG_F64) return WG_EDTYPE;
    if (tensor->data == NULL) return WG_EINVALID;
    return tensor->shape.rank == 1 && tensor->shape.dim[0] >= count ? WG_OK : WG_ESHAPE;
}

void wg__values_put(const wg_tensor *tensor, int64_t index, double value)
{
    ((double *)tensor->data)[index * tensor->stride[0]] = value;
}

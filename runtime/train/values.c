/* Views as rows of doubles: what a metric reads and writes. */
#include "runtime/train/values.h"

#include <math.h>

static int views_check(const wg_view *x, const wg_view *y, int64_t *count)
{
    WG_TRY(wg__view_check(x));
    WG_TRY(wg__view_check(y));
    *count = wg_shape_count(x->shape);
    if (*count != wg_shape_count(y->shape)) return WG_ESHAPE;
    return *count > 0 ? WG_OK : WG_EINVALID;
}

/* The elements of a view, in memory that no view of theirs exceeds: none is wider than a double. */
static void values_read(const wg_view *view, int64_t count, void *packed, double *out)
{
    const size_t bytes = wg_dtype_bytes(view->dtype);
    wg__view_pack(view, packed);
    for (int64_t i = 0; i < count; i++)
        out[i] = wg__element_number(view->dtype, (const char *)packed + (size_t)i * bytes);
}

static bool has_nan(const double *value, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (isnan(value[i])) return true;
    return false;
}

void wg__pairs_release(wg__pairs *pairs)
{
    const size_t bytes = (size_t)pairs->count * sizeof(double);
    wg__release(&wg__allocator_default, pairs->given, bytes);
    wg__release(&wg__allocator_default, pairs->truth, bytes);
}

int wg__pairs_make(const wg_view *given, const wg_view *truth, wg__pairs *out)
{
    const wg_allocator *allocator = &wg__allocator_default;
    wg__pairs pairs = { 0 };
    size_t bytes;
    WG_TRY(views_check(given, truth, &pairs.count));
    if (!wg__bytes_of(pairs.count, WG_F64, &bytes)) return WG_EMEMORY;
    void *packed = wg__allocate(allocator, bytes);
    pairs.given = wg__allocate(allocator, bytes);
    pairs.truth = wg__allocate(allocator, bytes);
    int status = WG_EMEMORY;
    if (packed != NULL && pairs.given != NULL && pairs.truth != NULL) {
        values_read(given, pairs.count, packed, pairs.given);
        values_read(truth, pairs.count, packed, pairs.truth);
        const bool is_sound =
            !has_nan(pairs.given, pairs.count) && !has_nan(pairs.truth, pairs.count);
        status = is_sound ? WG_OK : WG_EFINITE;
    }
    wg__release(allocator, packed, bytes);
    if (status < 0) wg__pairs_release(&pairs);
    else *out = pairs;
    return status;
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

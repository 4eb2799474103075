/* Views and tensors of callers, arrays of ours: a pointer, a dtype, extents and strides. A view is
 * a claim about a caller's memory that cannot be proven; wg__view_check refuses every claim that
 * contradicts itself, so that no address computed from a checked view overflows.                 */
#include <core/internal.h>
#include <string.h>

/* Strides of a contiguous array, last axis fastest. An extent of 0 counts as 1 here, so strides
 * are products that count_of has found to exist.                                                 */
static void contiguous_strides(const int64_t *dim, int32_t rank, int64_t *stride)
{
    int64_t step = 1;
    for (int32_t i = rank - 1; i >= 0; i--) {
        stride[i] = step;
        if (dim[i] > 1) step *= dim[i];
    }
}

static bool strides_are_contiguous(const int64_t *dim, const int64_t *stride, int32_t rank)
{
    int64_t step = 1;
    for (int32_t i = rank - 1; i >= 0; i--) {
        if (dim[i] == 0) return true;
        if (dim[i] == 1) continue;
        if (stride[i] != step) return false;
        step *= dim[i];
    }
    return true;
}

/* A malformed shape gets no strides; whoever is handed the view refuses it and can say why. */
wg_view wg_view_of(const void *data, wg_dtype dtype, wg_shape shape)
{
    wg_view view = { .data = data, .dtype = dtype, .shape = shape };
    if (wg__shape_check(shape) == WG_OK) contiguous_strides(shape.dim, shape.rank, view.stride);
    return view;
}

wg_tensor wg_tensor_of(void *data, wg_dtype dtype, wg_shape shape)
{
    wg_tensor tensor = { .data = data, .dtype = dtype, .shape = shape };
    if (wg__shape_check(shape) == WG_OK) contiguous_strides(shape.dim, shape.rank, tensor.stride);
    return tensor;
}

static void swap(int64_t *x, int64_t *y)
{
    const int64_t kept = *x;
    *x = *y;
    *y = kept;
}

wg_view wg_view_transpose(wg_view view)
{
    const int32_t rank = view.shape.rank;
    if (rank < 2 || rank > WG_RANK_MAX) return view;
    swap(&view.shape.dim[rank - 2], &view.shape.dim[rank - 1]);
    swap(&view.stride[rank - 2], &view.stride[rank - 1]);
    return view;
}

/* |x * y| in *out; false if it exceeds PTRDIFF_MAX. y is not negative. */
static bool distance_mul(int64_t x, int64_t y, int64_t *out)
{
    if (x == INT64_MIN) return false;
    const int64_t size = x < 0 ? -x : x;
    if (y != 0 && size > PTRDIFF_MAX / y) return false;
    *out = size * y;
    return true;
}

/* Bytes between the first element and the farthest, for any signs of the strides. */
static int view_check_reach(const wg_view *view)
{
    int64_t reach = 0;
    for (int32_t i = 0; i < view->shape.rank; i++) {
        int64_t part;
        if (view->shape.dim[i] <= 1) continue;
        if (!distance_mul(view->stride[i], view->shape.dim[i] - 1, &part)) return WG_ELIMIT;
        if (reach > PTRDIFF_MAX - part) return WG_ELIMIT;
        reach += part;
    }
    const int64_t reach_max = PTRDIFF_MAX / (int64_t)wg_dtype_bytes(view->dtype) - 1;
    return reach <= reach_max ? WG_OK : WG_ELIMIT;
}

int wg__view_check(const wg_view *view)
{
    if (view == NULL) return WG_EINVALID;
    if (!wg__dtype_is((int)view->dtype)) return WG_EDTYPE;
    const int64_t count = wg_shape_count(view->shape);
    if (count < 0) return (int)count;
    if (count == 0) return WG_OK;
    if (view->data == NULL) return WG_EINVALID;
    size_t bytes;
    if (!wg__bytes_of(count, view->dtype, &bytes) || bytes > PTRDIFF_MAX) return WG_ELIMIT;
    return view_check_reach(view);
}

wg_view wg_view_rows(wg_view view, int64_t start, int64_t stop)
{
    const wg_view none = { 0 };
    if (wg__view_check(&view) != WG_OK || view.shape.rank < 1) return none;
    if (start < 0 || start > stop || stop > view.shape.dim[0]) return none;
    view.shape.dim[0] = stop - start;
    /* Without elements there is nothing to point at, and no address may be made beyond the end. */
    if (wg_shape_count(view.shape) == 0) return view;
    const int64_t offset = start * view.stride[0] * (int64_t)wg_dtype_bytes(view.dtype);
    view.data = (const unsigned char *)view.data + offset;
    return view;
}

bool wg__view_is_contiguous(const wg_view *view)
{
    return strides_are_contiguous(view->shape.dim, view->stride, view->shape.rank);
}

wg__array wg__array_of(void *data, wg_dtype dtype, const wg__shape *shape)
{
    wg__array array = { .data = data, .dtype = dtype, .rank = shape->rank };
    for (int32_t i = 0; i < shape->rank; i++) array.dim[i] = shape->dim[i];
    contiguous_strides(array.dim, array.rank, array.stride);
    return array;
}

/* The array of a view is read only; its pointer loses the const that says so. */
wg__array wg__array_of_view(const wg_view *view)
{
    WG_ASSERT(wg__view_check(view) == WG_OK);
    wg__array array = { .data = (void *)view->data, .dtype = view->dtype,
                        .rank = view->shape.rank };
    for (int32_t i = 0; i < array.rank; i++) {
        array.dim[i] = view->shape.dim[i];
        array.stride[i] = view->stride[i];
    }
    return array;
}

bool wg__array_is_contiguous(const wg__array *array)
{
    return strides_are_contiguous(array->dim, array->stride, array->rank);
}

int64_t wg__array_count(const wg__array *array)
{
    int64_t count = 1;
    for (int32_t i = 0; i < array->rank; i++) count *= array->dim[i];
    return count;
}

/* One row of n elements, step bytes apart. Constant sizes become single loads and stores, and
 * memcpy asks for no alignment.                                                                  */
static void row_pack(const unsigned char *from, int64_t step, int64_t n, size_t size,
                     unsigned char *to)
{
    switch (size) {
    case 1:
        for (int64_t i = 0; i < n; i++) to[i] = from[i * step];
        break;
    case 4:
        for (int64_t i = 0; i < n; i++) memcpy(to + 4 * i, from + i * step, 4);
        break;
    default:
        WG_ASSERT(size == 8);
        for (int64_t i = 0; i < n; i++) memcpy(to + 8 * i, from + i * step, 8);
        break;
    }
}

/* Steps a counter over all axes but the last and keeps `offset` (in elements) with it. */
static void index_advance(const wg_view *view, int64_t index[WG_RANK_MAX], int64_t *offset)
{
    for (int32_t axis = view->shape.rank - 2; axis >= 0; axis--) {
        if (index[axis] + 1 < view->shape.dim[axis]) {
            index[axis]++;
            *offset += view->stride[axis];
            return;
        }
        *offset -= view->stride[axis] * index[axis];
        index[axis] = 0;
    }
}

void wg__view_pack(const wg_view *view, void *out)
{
    WG_ASSERT(wg__view_check(view) == WG_OK);
    const int64_t count = wg_shape_count(view->shape);
    const int64_t size = (int64_t)wg_dtype_bytes(view->dtype);
    if (count == 0) return;
    if (wg__view_is_contiguous(view)) {
        memcpy(out, view->data, (size_t)(count * size));
        return;
    }
    const int32_t last = view->shape.rank - 1; /* rank 0 is contiguous */
    const int64_t n = view->shape.dim[last];
    const int64_t step = n > 1 ? view->stride[last] * size : 0; /* unchecked where never taken */
    int64_t index[WG_RANK_MAX] = { 0 };
    int64_t offset = 0;
    unsigned char *to = out;
    for (int64_t row = 0; row < count / n; row++) {
        const unsigned char *from = (const unsigned char *)view->data + offset * size;
        row_pack(from, step, n, (size_t)size, to);
        to += n * size;
        index_advance(view, index, &offset);
    }
}

/* Strides follow from the plain ones of a shape that holds what the layout needs. */
#include "support/layout.h"

#include "support/test.h"

static const char *const names[LAYOUT_COUNT] = {
    "plain", "offset", "transposed", "step 2", "reversed", "stride 0",
};

const char *layout_name(layout kind)
{
    check(kind < LAYOUT_COUNT);
    return names[kind];
}

/* The first axis of more than one element: the one that is repeated. -1: none. */
static int32_t repeated_axis(const wg__shape *shape)
{
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] > 1) return i;
    return -1;
}

int64_t layout_extent(layout kind, const wg__shape *shape)
{
    const int64_t count = wg__shape_count(shape);
    if (count == 0) return 0;
    switch (kind) {
    case LAYOUT_OFFSET: return count + 1;
    case LAYOUT_STEP: return 2 * count;
    case LAYOUT_REPEATED:
        return repeated_axis(shape) < 0 ? count : count / shape->dim[repeated_axis(shape)];
    default: return count;
    }
}

static void strides_fill(layout kind, const wg__shape *shape, wg__array *out)
{
    int64_t stride = kind == LAYOUT_STEP ? 2 : 1;
    for (int32_t k = 0; k < shape->rank; k++) {
        const int32_t i = kind == LAYOUT_TRANSPOSED ? k : shape->rank - 1 - k;
        const bool is_repeated = kind == LAYOUT_REPEATED && i == repeated_axis(shape);
        out->stride[i] = is_repeated ? 0 : kind == LAYOUT_REVERSED ? -stride : stride;
        if (!is_repeated) stride *= shape->dim[i];
    }
}

wg__array layout_array(layout kind, wg_dtype dtype, const wg__shape *shape, void *memory)
{
    const int64_t count = wg__shape_count(shape);
    int64_t first = 0;
    if (kind == LAYOUT_OFFSET && count > 0) first = 1;
    if (kind == LAYOUT_REVERSED && count > 0) first = count - 1;
    char *data = (char *)memory + (size_t)first * wg_dtype_bytes(dtype);
    wg__array array = wg__array_of(data, dtype, shape);
    strides_fill(kind, shape, &array);
    return array;
}

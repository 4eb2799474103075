/* Short forms of the builder's emit, for rules and constructors.
 *
 * WG__NONE flows through all of them, so a chain of calls needs no check in between. What would
 * change nothing (a cast to the same dtype, a reshape to the same shape) records nothing.        */
#include "ops/rules.h"

#include <string.h>

/* A request with up to three inputs. */
typedef struct inputs { uint32_t value[3]; int32_t count; } inputs;

static uint32_t emit(wg__builder *b, wg__op_id op, inputs in, const int64_t *attribute,
                     int32_t attribute_count, const wg__type *wanted)
{
    for (int32_t i = 0; i < in.count; i++)
        if (in.value[i] == WG__NONE) return WG__NONE;
    return b->emit(b, &(wg__request){ .op = op,
                                      .in_count = in.count,
                                      .in = in.value,
                                      .attribute = attribute,
                                      .attribute_count = attribute_count,
                                      .wanted = wanted });
}

uint32_t wg__emit1(wg__builder *b, wg__op_id op, uint32_t x)
{
    return emit(b, op, (inputs){ { x }, 1 }, NULL, 0, NULL);
}

uint32_t wg__emit2(wg__builder *b, wg__op_id op, uint32_t x, uint32_t y)
{
    return emit(b, op, (inputs){ { x, y }, 2 }, NULL, 0, NULL);
}

uint32_t wg__emit_select(wg__builder *b, uint32_t condition, uint32_t x, uint32_t y)
{
    return emit(b, WG__OP_select, (inputs){ { condition, x, y }, 3 }, NULL, 0, NULL);
}

/* An op of one input that takes its dtype or shape from `wanted`. */
static uint32_t emit_wanted(wg__builder *b, wg__op_id op, uint32_t x, wg_dtype dtype,
                            const wg__shape *shape)
{
    const wg__type wanted = { .dtype = dtype, .shape = *shape };
    return emit(b, op, (inputs){ { x }, 1 }, NULL, 0, &wanted);
}

uint32_t wg__emit_cast(wg__builder *b, uint32_t x, wg_dtype dtype)
{
    if (x == WG__NONE || b->dtype(b, x) == dtype) return x;
    return emit_wanted(b, WG__OP_cast, x, dtype, b->shape(b, x));
}

uint32_t wg__emit_bitcast(wg__builder *b, uint32_t x, wg_dtype dtype)
{
    if (x == WG__NONE || b->dtype(b, x) == dtype) return x;
    return emit_wanted(b, WG__OP_bitcast, x, dtype, b->shape(b, x));
}

uint32_t wg__emit_polygamma(wg__builder *b, int64_t order, uint32_t x)
{
    return emit(b, WG__OP_polygamma, (inputs){ { x }, 1 }, &order, 1, NULL);
}

uint32_t wg__emit_reshape(wg__builder *b, uint32_t x, const wg__shape *shape)
{
    if (x == WG__NONE || wg__shape_equal(b->shape(b, x), shape)) return x;
    return emit_wanted(b, WG__OP_reshape, x, b->dtype(b, x), shape);
}

uint32_t wg__emit_broadcast(wg__builder *b, uint32_t x, const wg__shape *shape)
{
    if (x == WG__NONE || wg__shape_equal(b->shape(b, x), shape)) return x;
    return emit_wanted(b, WG__OP_broadcast, x, b->dtype(b, x), shape);
}

uint32_t wg__emit_permute(wg__builder *b, uint32_t x, const int64_t *axis, int32_t count)
{
    bool is_still = x != WG__NONE && count == b->shape(b, x)->rank;
    for (int32_t i = 0; i < count; i++) is_still = is_still && axis[i] == i;
    if (is_still) return x;
    return emit(b, WG__OP_permute, (inputs){ { x }, 1 }, axis, count, NULL);
}

uint32_t wg__emit_transpose(wg__builder *b, uint32_t x)
{
    if (x == WG__NONE) return WG__NONE;
    const int32_t rank = b->shape(b, x)->rank;
    WG_ASSERT(rank >= 2);
    int64_t axis[WG__RANK_MAX];
    for (int32_t i = 0; i < rank; i++) axis[i] = i;
    axis[rank - 2] = rank - 1;
    axis[rank - 1] = rank - 2;
    return wg__emit_permute(b, x, axis, rank);
}

uint32_t wg__emit_slice(wg__builder *b, uint32_t x, int axis, int64_t start, int64_t stop,
                        int64_t step)
{
    const int64_t attribute[] = { axis, start, stop, step };
    return emit(b, WG__OP_slice, (inputs){ { x }, 1 }, attribute, 4, NULL);
}

uint32_t wg__emit_pad(wg__builder *b, uint32_t x, int axis, int64_t low, int64_t high,
                      int64_t interior, double value)
{
    int64_t attribute[] = { axis, low, high, interior, 0 };
    memcpy(&attribute[4], &value, sizeof value);
    return emit(b, WG__OP_pad, (inputs){ { x }, 1 }, attribute, 5, NULL);
}

uint32_t wg__emit_windows(wg__builder *b, uint32_t x, int axis, int64_t extent, int64_t stride,
                          int64_t dilation)
{
    const int64_t attribute[] = { axis, extent, stride, dilation };
    return emit(b, WG__OP_windows, (inputs){ { x }, 1 }, attribute, 4, NULL);
}

uint32_t wg__emit_overlap_add(wg__builder *b, uint32_t x, int axis, int64_t stride,
                              int64_t dilation, int64_t extent)
{
    const int64_t attribute[] = { axis, stride, dilation, extent };
    return emit(b, WG__OP_overlap_add, (inputs){ { x }, 1 }, attribute, 4, NULL);
}

uint32_t wg__emit_reduce(wg__builder *b, wg__op_id op, uint32_t x, uint32_t axes_bits)
{
    WG_ASSERT(op == WG__OP_sum || op == WG__OP_prod || op == WG__OP_max || op == WG__OP_min);
    if (axes_bits == 0) return x;
    const int64_t attribute[] = { axes_bits };
    return emit(b, op, (inputs){ { x }, 1 }, attribute, 1, NULL);
}

uint32_t wg__emit_full_like(wg__builder *b, uint32_t like, double value)
{
    if (like == WG__NONE) return WG__NONE;
    const uint32_t number = b->number(b, b->dtype(b, like), value);
    return wg__emit_broadcast(b, number, b->shape(b, like));
}

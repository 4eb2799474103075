/* What became infinite or NaN first. From each wanted or stored value that is not finite the way
 * leads back through inputs that are not finite either, where a select has taken them; the
 * earliest value on the way whose own inputs are finite is where it began. The frame has kept
 * every value. */
#include "runtime/internal.h"

#include <string.h>

typedef struct finder {
    wg_runtime *runtime;
    const wg__frame *frame;
    bool *is_reached;       /* by value; not finite, and on the way */
} finder;

static wg__array array_of(const finder *f, uint32_t value)
{
    const wg__plan *plan = f->frame->plan;
    const wg__value *v = &plan->value[value];
    const wg__value *base = &plan->value[v->base];
    char *data = (char *)f->frame->base[base->slot] + f->frame->offset[v->base];
    return wg__value_array(v, data);
}

/* Steps an index over an array's axes; the offset in elements of the next element. */
static int64_t next_offset(const wg__array *array, int64_t *index, int64_t offset)
{
    for (int32_t axis = array->rank - 1; axis >= 0; axis--) {
        offset += array->stride[axis];
        if (++index[axis] < array->dim[axis]) return offset;
        offset -= array->stride[axis] * array->dim[axis];
        index[axis] = 0;
    }
    return offset;
}

static bool element_is_finite(const finder *f, const wg__array *array, int64_t offset)
{
    const char *at = (const char *)array->data + offset * (int64_t)wg_dtype_bytes(array->dtype);
    return wg__finite(f->runtime->kernels, array->dtype, 1, at);
}

/* All elements, or those where the condition (may be NULL) is `side`. */
static bool is_finite_where(const finder *f, uint32_t value, const wg__array *condition, bool side)
{
    const wg__array array = array_of(f, value);
    if (!wg__dtype_is_float(array.dtype)) return true;
    int64_t index[WG__RANK_MAX] = { 0 };
    int64_t condition_index[WG__RANK_MAX] = { 0 };
    int64_t offset = 0;
    int64_t condition_offset = 0;
    for (int64_t left = wg__array_count(&array); left > 0; left--) {
        const bool is_asked = condition == NULL ||
            (((const uint8_t *)condition->data)[condition_offset] != 0) == side;
        if (is_asked && !element_is_finite(f, &array, offset)) return false;
        offset = next_offset(&array, index, offset);
        if (condition != NULL)
            condition_offset = next_offset(condition, condition_index, condition_offset);
    }
    return true;
}

static void start_at(const finder *f, uint32_t value)
{
    if (!is_finite_where(f, value, NULL, false)) f->is_reached[value] = true;
}

/* Goes to the inputs that are not finite; false if there are none: it began here. */
static bool go_back(const finder *f, uint32_t value)
{
    const wg__value *v = &f->frame->plan->value[value];
    bool goes = false;
    for (int32_t i = 0; i < v->in_count; i++) {
        const bool is_side = v->op == WG__OP_select && v->is_computed && i > 0;
        const wg__array condition = is_side ? array_of(f, v->in[0]) : (wg__array){ .rank = 0 };
        if (is_finite_where(f, v->in[i], is_side ? &condition : NULL, i == 1)) continue;
        f->is_reached[v->in[i]] = true;
        goes = true;
    }
    return goes;
}

static uint32_t origin_find(const finder *f)
{
    const wg__plan *plan = f->frame->plan;
    uint32_t origin = WG__NONE;
    for (int64_t i = 0; i < plan->result_count; i++) start_at(f, plan->result[i]);
    for (int64_t i = 0; i < plan->store_count; i++) start_at(f, plan->store[i].value);
    for (int64_t i = plan->value_count - 1; i >= 0; i--)
        if (f->is_reached[i] && !go_back(f, (uint32_t)i)) origin = (uint32_t)i;
    return origin;
}

uint32_t wg__frame_find_not_finite(wg_runtime *runtime, wg__frame *frame)
{
    WG_ASSERT(frame->plan->keeps_all);
    memset(frame->is_reached, 0, (size_t)frame->plan->value_count * sizeof *frame->is_reached);
    const finder f = { runtime, frame, frame->is_reached };
    return origin_find(&f);
}

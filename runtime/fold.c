/* Constants of constants, computed while planning by the kernels that would compute them in a
 * run: same bits. Elementwise ops on numbers that fill their shapes stay numbers that fill a
 * shape, of any size. */
#include "runtime/internal.h"

#include <string.h>

/* More would make planning slow and the plan large. */
enum { FOLD_COUNT_MAX = 4096, FOLD_INPUTS_MAX = 8 };

static const wg__value *base_of(const wg__planner *planner, uint32_t value)
{
    return &planner->value[planner->value[value].base];
}

const void *wg__uniform(const wg__planner *planner, uint32_t value)
{
    const wg__value *v = &planner->value[value];
    const wg__value *base = base_of(planner, value);
    if (base->constant == NULL) return NULL;
    for (int32_t i = 0; i < v->type.shape.rank; i++) {
        if (v->type.shape.dim[i] == 0) return NULL;
        if (v->type.shape.dim[i] > 1 && v->stride[i] != 0) return NULL;
    }
    return (const char *)base->constant + v->offset * (int64_t)wg_dtype_bytes(v->type.dtype);
}

static void *elements_take(wg__planner *planner, const wg__type *type)
{
    const size_t bytes =
        (size_t)wg__shape_count(&type->shape) * wg_dtype_bytes(type->dtype) + WG__ALIGNMENT;
    char *block = wg__arena_take(&planner->plan->arena, bytes);
    if (block == NULL) {
        planner->has_failed = true;
        return NULL;
    }
    return block + (WG__ALIGNMENT - (uintptr_t)block % WG__ALIGNMENT) % WG__ALIGNMENT;
}

/* One result element if all elements of each input are one. */
static bool keeps_uniform(wg__op_id op)
{
    const wg__class class = wg__op_table[op].class;
    return class == WG__CLASS_LINEAR || class == WG__CLASS_MAP || op == WG__OP_reshape;
}

/* One element computed, then repeated over the shape. */
static uint32_t fold_uniform(wg__planner *planner, const wg__draft *draft)
{
    uint32_t in[FOLD_INPUTS_MAX];
    for (int32_t i = 0; i < draft->in_count; i++) {
        const wg__type type = { .dtype = planner->value[draft->in[i]].type.dtype };
        void *element = elements_take(planner, &type);
        if (element == NULL) return WG__NONE;
        memcpy(element, wg__uniform(planner, draft->in[i]), wg_dtype_bytes(type.dtype));
        in[i] = wg__value_constant(planner, &type, element, draft->node);
        if (in[i] == WG__NONE) return WG__NONE;
    }
    wg__draft one = *draft;
    one.type.shape = (wg__shape){ .rank = 0 };
    one.in = in;
    const uint32_t element = wg__value_make(planner, &one);
    if (element == WG__NONE) return WG__NONE;
    const wg__draft all = { .op = WG__OP_broadcast,
                            .node = draft->node,
                            .type = draft->type,
                            .in_count = 1,
                            .in = &element,
                            .instance = draft->instance };
    return wg__value_make(planner, &all);
}

static uint32_t fold_now(wg__planner *planner, const wg__draft *draft)
{
    wg__array in[FOLD_INPUTS_MAX];
    for (int32_t i = 0; i < draft->in_count; i++) {
        void *data = (void *)(uintptr_t)base_of(planner, draft->in[i])->constant;
        in[i] = wg__value_array(&planner->value[draft->in[i]], data);
    }
    void *out = elements_take(planner, &draft->type);
    if (out == NULL) return WG__NONE;
    const wg__call call = { .op = draft->op,
                            .in_count = draft->in_count,
                            .in = in,
                            .out = wg__array_of(out, draft->type.dtype, &draft->type.shape),
                            .attribute = draft->attribute,
                            .attribute_count = draft->attribute_count,
                            .scratch = planner->kernel_scratch };
    /* A wrong index is told by the run, where it can be told with its place. */
    if (wg__eval(planner->kernels, &call) < 0) return WG__NONE;
    return wg__value_constant(planner, &draft->type, out, draft->node);
}

uint32_t wg__fold(wg__planner *planner, const wg__draft *draft)
{
    if (wg__op_table[draft->op].eval == NULL || draft->in_count > FOLD_INPUTS_MAX) return WG__NONE;
    if (draft->op == WG__OP_extern) return WG__NONE;   /* the caller's code runs in runs alone */
    bool is_uniform = keeps_uniform(draft->op);
    bool is_small = wg__shape_count(&draft->type.shape) <= FOLD_COUNT_MAX;
    for (int32_t i = 0; i < draft->in_count; i++) {
        if (base_of(planner, draft->in[i])->constant == NULL) return WG__NONE;
        if (wg__uniform(planner, draft->in[i]) == NULL) is_uniform = false;
        if (wg__shape_count(&planner->value[draft->in[i]].type.shape) > FOLD_COUNT_MAX)
            is_small = false;
    }
    if (is_uniform && wg__shape_count(&draft->type.shape) > 1)
        return fold_uniform(planner, draft);
    return is_small ? fold_now(planner, draft) : WG__NONE;
}

/* Values: what a recording computes, each distinct one once.
 *
 * A value owns memory, or is a view that walks the memory of its base: a view of a view walks the
 * same base, so movements of any depth cost nothing and equal walks are one value, however they
 * came about. Values are found by a hash over what defines them and confirmed field by field. */
#include "runtime/internal.h"

#include <string.h>

wg__array wg__value_walk(const wg__value *value)
{
    wg__array array = { .dtype = value->type.dtype, .rank = value->type.shape.rank };
    for (int32_t i = 0; i < array.rank; i++) {
        array.dim[i] = value->type.shape.dim[i];
        array.stride[i] = value->stride[i];
    }
    return array;
}

wg__array wg__value_array(const wg__value *value, void *base)
{
    wg__array array = wg__value_walk(value);
    array.data = (char *)base + value->offset * (int64_t)wg_dtype_bytes(array.dtype);
    return array;
}

static void stride_contiguous(wg__value *value)
{
    const wg__array whole = wg__array_of(NULL, value->type.dtype, &value->type.shape);
    memcpy(value->stride, whole.stride, sizeof value->stride);
}

/* ---- equal values ---- */

/* Leaves differ by their attributes, constants by their elements, views by their walk, others by
 * op, inputs and attributes. */
static bool is_view(const wg__value *value, uint32_t self)
{
    return value->base != self;
}

static size_t constant_bytes(const wg__value *value)
{
    return (size_t)wg__shape_count(&value->type.shape) * wg_dtype_bytes(value->type.dtype);
}

static uint64_t value_hash(const wg__value *value, uint32_t self)
{
    const wg__shape *shape = &value->type.shape;
    const size_t word = sizeof(int64_t);
    const size_t rank = (size_t)shape->rank;
    const int64_t head[3] = { is_view(value, self) ? -1 : (int64_t)value->op,
                              (int64_t)value->type.dtype, value->instance };
    uint64_t hash = wg__hash64(head, sizeof head, rank);
    hash = wg__hash64(shape->dim, rank * word, hash);
    if (is_view(value, self)) {
        const int64_t walk[2] = { value->base, value->offset };
        hash = wg__hash64(walk, sizeof walk, hash);
        return wg__hash64(value->stride, rank * word, hash);
    }
    if (value->constant != NULL)
        return wg__hash64(value->constant, constant_bytes(value), hash);
    hash = wg__hash64(value->in, (size_t)value->in_count * sizeof value->in[0], hash);
    return wg__hash64(value->attribute, (size_t)value->attribute_count * word, hash);
}

static bool words_equal(const void *x, const void *y, size_t bytes)
{
    return bytes == 0 || memcmp(x, y, bytes) == 0;
}

static bool values_equal(const wg__value *x, uint32_t x_self, const wg__value *y, uint32_t y_self)
{
    const size_t word = sizeof(int64_t);
    if (x->hash != y->hash || is_view(x, x_self) != is_view(y, y_self)) return false;
    if (x->type.dtype != y->type.dtype || x->instance != y->instance) return false;
    if (!wg__shape_equal(&x->type.shape, &y->type.shape)) return false;
    if (is_view(x, x_self))
        return x->base == y->base && x->offset == y->offset &&
               words_equal(x->stride, y->stride, (size_t)x->type.shape.rank * word);
    if (x->op != y->op || (x->constant != NULL) != (y->constant != NULL)) return false;
    if (x->constant != NULL) return words_equal(x->constant, y->constant, constant_bytes(x));
    return x->in_count == y->in_count && x->attribute_count == y->attribute_count &&
           words_equal(x->in, y->in, (size_t)x->in_count * sizeof x->in[0]) &&
           words_equal(x->attribute, y->attribute, (size_t)x->attribute_count * word);
}

/* The slot of the table where the value is or would be. */
static int64_t bucket_find(const wg__planner *planner, const wg__value *value, uint32_t self)
{
    const uint64_t mask = (uint64_t)planner->bucket_count - 1;
    uint64_t at = value->hash & mask;
    for (; planner->bucket[at] != 0; at = (at + 1) & mask) {
        const uint32_t other = planner->bucket[at] - 1;
        if (values_equal(value, self, &planner->value[other], other)) break;
    }
    return (int64_t)at;
}

static bool buckets_grow(wg__planner *planner)
{
    if (planner->bucket_count >= 2 * (planner->count + 1)) return true;
    const int64_t count = planner->bucket_count > 0 ? 2 * planner->bucket_count : 64;
    uint32_t *bucket = wg__arena_take(&planner->arena, (size_t)count * sizeof *bucket);
    if (bucket == NULL) return false;
    memset(bucket, 0, (size_t)count * sizeof *bucket);
    const uint32_t *old = planner->bucket;
    const int64_t old_count = planner->bucket_count;
    planner->bucket = bucket;
    planner->bucket_count = count;
    for (int64_t i = 0; i < old_count; i++) {
        if (old[i] == 0) continue;
        bucket[bucket_find(planner, &planner->value[old[i] - 1], old[i] - 1)] = old[i];
    }
    return true;
}

/* ---- new values ---- */

static void *words_copy(wg__planner *planner, const void *from, size_t bytes)
{
    void *to = wg__arena_take(&planner->plan->arena, bytes);
    if (to != NULL && bytes > 0) memcpy(to, from, bytes);
    return to;
}

/* Appends; what the value points to is the caller's until now. */
static uint32_t value_append(wg__planner *planner, const wg__value *draft)
{
    wg__value value = *draft;
    value.in = words_copy(planner, draft->in, (size_t)draft->in_count * sizeof *draft->in);
    value.attribute = words_copy(planner, draft->attribute,
                                 (size_t)draft->attribute_count * sizeof *draft->attribute);
    if (value.in == NULL || value.attribute == NULL || planner->count >= UINT32_MAX - 2 ||
        wg__grow(&planner->allocator, (void **)&planner->value, &planner->capacity,
                 planner->count + 1, sizeof *planner->value) < 0) {
        planner->has_failed = true;
        return WG__NONE;
    }
    value.mark = wg__value_mark(planner, &value);
    planner->value[planner->count] = value;
    return (uint32_t)planner->count++;
}

/* The value itself, or an equal one that is there already. */
static uint32_t value_intern(wg__planner *planner, wg__value *value)
{
    const uint32_t self = (uint32_t)planner->count;
    if (planner->is_plain) return value_append(planner, value);
    if (!buckets_grow(planner)) {
        planner->has_failed = true;
        return WG__NONE;
    }
    value->hash = value_hash(value, self);
    const int64_t at = bucket_find(planner, value, self);
    if (planner->bucket[at] != 0) return planner->bucket[at] - 1;
    const uint32_t made = value_append(planner, value);
    if (made != WG__NONE) planner->bucket[at] = made + 1;
    return made;
}

static wg__value value_of_draft(const wg__planner *planner, const wg__draft *draft,
                                const uint32_t *in)
{
    wg__value value = { .op = draft->op,
                        .node = draft->node,
                        .type = draft->type,
                        .in_count = draft->in_count,
                        .attribute_count = draft->attribute_count,
                        .in = (uint32_t *)(uintptr_t)in,
                        .attribute = draft->attribute,
                        .instance = draft->instance,
                        .base = (uint32_t)planner->count,
                        .is_computed = wg__op_table[draft->op].eval != NULL,
                        .slot = WG__NOWHERE,
                        .region = WG__NOWHERE,
                        .chain = WG__NOWHERE,
                        .last_stage = WG__NOWHERE,
                        .finite_effect = WG__NOWHERE };
    stride_contiguous(&value);
    return value;
}

/* A base address that no walk leaves on either side. */
static void *base_imagined(void)
{
    return (void *)(UINTPTR_MAX / 2 / WG__ALIGNMENT * WG__ALIGNMENT);
}

/* True if the op only walks its input's memory; *value is then that walk. */
static bool value_walks(const wg__planner *planner, const wg__draft *draft, wg__value *value)
{
    const wg__class class = wg__op_table[draft->op].class;
    const bool may_walk = class == WG__CLASS_MOVE || class == WG__CLASS_ALONG;
    if (!may_walk || draft->in_count != 1) return false;
    const wg__value *in = &planner->value[draft->in[0]];
    const wg__array from = wg__value_array(in, base_imagined());
    wg__array to;
    if (!wg__view_of_op(draft->op, draft->attribute, &from, &draft->type.shape, &to)) return false;
    const int64_t bytes = (int64_t)wg_dtype_bytes(in->type.dtype);
    value->base = in->base;
    value->offset = (int64_t)((uintptr_t)to.data - (uintptr_t)base_imagined()) / bytes;
    value->is_computed = false;
    value->slot = WG__NOWHERE;
    memset(value->stride, 0, sizeof value->stride);
    for (int32_t i = 0; i < to.rank; i++)
        value->stride[i] = to.dim[i] == 1 ? 0 : to.stride[i];
    return true;
}

/* True if the walk goes over all of its base in order: it is the base. */
static bool walk_is_base(const wg__planner *planner, const wg__value *value)
{
    const wg__value *base = &planner->value[value->base];
    if (value->offset != 0 || !wg__shape_equal(&value->type.shape, &base->type.shape)) return false;
    for (int32_t i = 0; i < value->type.shape.rank; i++)
        if (value->type.shape.dim[i] > 1 && value->stride[i] != base->stride[i]) return false;
    return true;
}

/* Ops for which the order of two inputs is no matter have one order. */
static bool is_commutative(wg__op_id op)
{
    switch (op) {
    case WG__OP_add:
    case WG__OP_mul:
    case WG__OP_maximum:
    case WG__OP_minimum:
    case WG__OP_eq:
    case WG__OP_and:
    case WG__OP_or: return true;
    default: return false;
    }
}

/* A kernel of the caller is given contiguous memory: what is not is copied before. */
static uint32_t extern_own(wg__planner *planner, const wg__draft *draft)
{
    uint32_t in[WG__EXTERN_IN_MAX];
    WG_ASSERT(draft->in_count <= WG__EXTERN_IN_MAX);
    for (int32_t i = 0; i < draft->in_count; i++) {
        const wg__array walk = wg__value_walk(&planner->value[draft->in[i]]);
        in[i] = draft->in[i];
        if (!wg__array_is_contiguous(&walk)) in[i] = wg__value_copy(planner, in[i]);
        if (in[i] == WG__NONE) return WG__NONE;
    }
    wg__value value = value_of_draft(planner, draft, in);
    return value_intern(planner, &value);
}

static uint32_t value_own(wg__planner *planner, const wg__draft *draft)
{
    if (draft->op == WG__OP_extern) return extern_own(planner, draft);

    uint32_t pair[2];
    const uint32_t *in = draft->in;
    if (is_commutative(draft->op) && !planner->is_plain && in[0] > in[1]) {
        pair[0] = in[1];
        pair[1] = in[0];
        in = pair;
    }
    wg__value value = value_of_draft(planner, draft, in);
    return value_intern(planner, &value);
}

uint32_t wg__value_make(wg__planner *planner, const wg__draft *draft)
{
    for (int32_t i = 0; i < draft->in_count; i++) WG_ASSERT(draft->in[i] < planner->count);
    if (wg__op_table[draft->op].class == WG__CLASS_MARK) return draft->in[0];
    uint32_t found = planner->is_plain ? WG__NONE : wg__simplify(planner, draft);
    if (found != WG__NONE || planner->has_failed) return found;
    wg__value view = value_of_draft(planner, draft, draft->in);
    if (value_walks(planner, draft, &view)) {
        const bool is_base = walk_is_base(planner, &view) && !planner->is_plain;
        return is_base ? view.base : value_intern(planner, &view);
    }
    found = planner->is_plain ? WG__NONE : wg__fold(planner, draft);
    if (found != WG__NONE || planner->has_failed) return found;
    if (!planner->is_plain) found = wg__lead(planner, draft, wg__value_mark(planner, &view).axis);
    if (found != WG__NONE || planner->has_failed) return found;
    return value_own(planner, draft);
}

uint32_t wg__value_view(wg__planner *planner, const wg__draft *draft, const int64_t *stride)
{
    if (planner->has_failed) return WG__NONE;
    const wg__value *in = &planner->value[draft->in[0]];
    wg__value view = value_of_draft(planner, draft, draft->in);
    view.base = in->base;
    view.offset = in->offset;
    view.is_computed = false;
    memcpy(view.stride, stride, (size_t)draft->type.shape.rank * sizeof *stride);
    return value_intern(planner, &view);
}

uint32_t wg__value_copy(wg__planner *planner, uint32_t value)
{
    if (planner->has_failed) return WG__NONE;
    const wg__value *of = &planner->value[value];
    const wg__draft draft = { .op = WG__OP_reshape,
                              .node = of->node,
                              .type = of->type,
                              .in_count = 1,
                              .in = &value,
                              .instance = of->instance };
    const wg__value copy = value_of_draft(planner, &draft, &value);
    return value_append(planner, &copy);
}

uint32_t wg__value_leaf(wg__planner *planner, const wg__draft *draft, const int64_t *stride)
{
    if (planner->has_failed) return WG__NONE;
    wg__value value = value_of_draft(planner, draft, draft->in);
    memcpy(value.stride, stride, (size_t)draft->type.shape.rank * sizeof *stride);
    return value_append(planner, &value);
}

uint32_t wg__value_part(wg__planner *planner, const wg__draft *draft, int64_t offset_bytes)
{
    if (planner->has_failed) return WG__NONE;
    wg__value value = value_of_draft(planner, draft, draft->in);
    value.base = draft->in[0];
    value.offset = offset_bytes / (int64_t)wg_dtype_bytes(draft->type.dtype);
    return value_intern(planner, &value);
}

uint32_t wg__value_loop(wg__planner *planner, const wg__draft *draft, wg__loop *loop)
{
    if (planner->has_failed) return WG__NONE;
    wg__value value = value_of_draft(planner, draft, draft->in);
    value.is_computed = true;
    value.loop = loop;
    return value_append(planner, &value);
}

uint32_t wg__value_constant(wg__planner *planner, const wg__type *type, const void *data,
                            uint32_t node)
{
    if (planner->has_failed) return WG__NONE;
    const wg__draft draft = { .op = WG__OP_constant, .node = node, .type = *type };
    wg__value value = value_of_draft(planner, &draft, NULL);
    value.constant = data;
    value.slot = WG__SLOT_CONSTANT;
    return value_intern(planner, &value);
}

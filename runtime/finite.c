/* What became infinite or NaN first. From each element that is not finite of a wanted or stored
 * value the way leads back to the elements that it was made of and that are not finite either, a
 * select's only where it took them; where there are none it began. Of all such places that of the
 * earliest value is told, and of its elements the first. The frame has kept every value.
 *
 * Values that walk the memory of others are these: what is marked is memory, four bytes at a time,
 * since no float is smaller. Values are visited from the last to the first, so what an element was
 * made of is looked for once, when all that it reaches is known. */
#include "runtime/internal.h"

#include <string.h>

enum { UNREACHED, REACHED, EXPLAINED };
enum { MARK_BYTES = 4 };

typedef struct finder {
    wg_runtime *runtime;
    const wg__frame *frame;
    const wg__plan *plan;
} finder;

/* An array walked in the logical order of its elements. */
typedef struct walk {
    wg__array array;
    uint8_t *mark;             /* of its base; NULL: it can hold no float */
    int64_t first;             /* place of its first element in the base, in elements */
    int64_t index[WG__RANK_MAX];
    int64_t offset, element;
} walk;

/* ---- elements ---- */

size_t wg__finite_marks(const wg__plan *plan, uint32_t value)
{
    const wg__value *v = &plan->value[value];
    return v->base == value ? wg__value_bytes(plan, v, WG__NOWHERE) / MARK_BYTES + 1 : 0;
}

static walk walk_of(const finder *f, uint32_t value)
{
    const wg__value *v = &f->plan->value[value];
    const wg__value *base = &f->plan->value[v->base];
    char *data = base->constant != NULL
                     ? (char *)(uintptr_t)base->constant
                     : (char *)f->frame->base[base->slot] + f->frame->offset[v->base];
    return (walk){ .array = wg__value_array(v, data),
                   .mark = wg__dtype_is_float(v->type.dtype) ? f->frame->mark[v->base] : NULL,
                   .first = v->offset };
}

static void walk_next(walk *w)
{
    w->element++;
    for (int32_t axis = w->array.rank - 1; axis >= 0; axis--) {
        w->offset += w->array.stride[axis];
        if (++w->index[axis] < w->array.dim[axis]) return;
        w->offset -= w->array.stride[axis] * w->array.dim[axis];
        w->index[axis] = 0;
    }
}

static const void *element_at(const walk *w, int64_t offset)
{
    return (const char *)w->array.data + offset * (int64_t)wg_dtype_bytes(w->array.dtype);
}

static uint8_t *mark_at(const walk *w, int64_t offset)
{
    return &w->mark[(w->first + offset) * (int64_t)wg_dtype_bytes(w->array.dtype) / MARK_BYTES];
}

/* Marks an element that is not finite; false if it is. */
static bool reach(const finder *f, const walk *w, int64_t offset)
{
    if (w->mark == NULL) return false;
    if (wg__finite(f->runtime->kernels, w->array.dtype, 1, element_at(w, offset))) return false;
    uint8_t *mark = mark_at(w, offset);
    if (*mark == UNREACHED) *mark = REACHED;
    return true;
}

/* All elements; true if one is not finite. */
static bool reach_all(const finder *f, uint32_t value)
{
    walk w = walk_of(f, value);
    bool found = false;
    for (int64_t left = wg__array_count(&w.array); left > 0; left--, walk_next(&w))
        found = reach(f, &w, w.offset) || found;
    return found;
}

/* ---- what an element was made of ---- */

/* Elements of the same place; of a select those that it took. Both are in the same order. */
static void back_elementwise(const finder *f, const wg__value *v, walk *out)
{
    const bool selects = v->op == WG__OP_select;
    for (int32_t i = selects; i < v->in_count; i++) {
        walk from = walk_of(f, v->in[i]);
        walk condition = selects ? walk_of(f, v->in[0]) : from;
        walk to = *out;
        for (int64_t left = wg__array_count(&to.array); left > 0; left--) {
            const bool is_taken =
                !selects || (*(const uint8_t *)element_at(&condition, condition.offset) != 0) ==
                                (i == 1);
            if (is_taken && *mark_at(&to, to.offset) != UNREACHED && reach(f, &from, from.offset))
                *mark_at(&to, to.offset) = EXPLAINED;
            walk_next(&to);
            walk_next(&from);
            if (selects) walk_next(&condition);
        }
    }
}

/* Offset, in the result, of the element that an input's is reduced to. */
static int64_t reduced_offset(const walk *from, const walk *out, int64_t axes_bits)
{
    int64_t offset = 0;
    int32_t axis = 0;
    for (int32_t i = 0; i < from->array.rank; i++)
        if ((axes_bits >> i & 1) == 0) offset += from->index[i] * out->array.stride[axis++];
    return offset;
}

static void back_reduce(const finder *f, const wg__value *v, walk *out)
{
    walk from = walk_of(f, v->in[0]);
    for (int64_t left = wg__array_count(&from.array); left > 0; left--, walk_next(&from)) {
        uint8_t *mark = mark_at(out, reduced_offset(&from, out, v->attribute[0]));
        if (*mark != UNREACHED && reach(f, &from, from.offset)) *mark = EXPLAINED;
    }
}

static void back_concat(const finder *f, const wg__value *v, walk *out)
{
    const int64_t axis = v->attribute[0];
    int64_t start = 0;
    for (int32_t i = 0; i < v->in_count; i++) {
        walk from = walk_of(f, v->in[i]);
        for (int64_t left = wg__array_count(&from.array); left > 0; left--, walk_next(&from)) {
            int64_t offset = start * out->array.stride[axis];
            for (int32_t k = 0; k < from.array.rank; k++)
                offset += from.index[k] * out->array.stride[k];
            uint8_t *mark = mark_at(out, offset);
            if (*mark != UNREACHED && reach(f, &from, from.offset)) *mark = EXPLAINED;
        }
        start += from.array.dim[axis];
    }
}

/* A row of x and a column of y. */
static void back_matmul(const finder *f, const wg__value *v, walk *out)
{
    const walk x = walk_of(f, v->in[0]), y = walk_of(f, v->in[1]);
    const int32_t lead = out->array.rank - 2;
    walk to = *out;
    for (int64_t left = wg__array_count(&to.array); left > 0; left--, walk_next(&to)) {
        if (*mark_at(&to, to.offset) == UNREACHED) continue;
        int64_t row = to.index[lead] * x.array.stride[lead];
        int64_t column = to.index[lead + 1] * y.array.stride[lead + 1];
        for (int32_t i = 0; i < lead; i++) {
            row += to.index[i] * x.array.stride[i];
            column += to.index[i] * y.array.stride[i];
        }
        bool found = false;
        for (int64_t k = 0; k < x.array.dim[lead + 1]; k++) {
            found = reach(f, &x, row + k * x.array.stride[lead + 1]) || found;
            found = reach(f, &y, column + k * y.array.stride[lead]) || found;
        }
        if (found) *mark_at(&to, to.offset) = EXPLAINED;
    }
}

/* Any element may be made of any other. */
static void back_any(const finder *f, uint32_t value)
{
    const wg__value *v = &f->plan->value[value];
    bool found = false;
    for (int32_t i = 0; i < v->in_count; i++) found = reach_all(f, v->in[i]) || found;
    uint8_t *mark = f->frame->mark[value];
    const size_t count = wg__finite_marks(f->plan, value);
    for (size_t i = 0; found && i < count; i++)
        if (mark[i] == REACHED) mark[i] = EXPLAINED;
}

static bool is_product(const finder *f, const wg__value *v)
{
    const int32_t rank = v->type.shape.rank;
    return v->op == WG__OP_matmul && rank >= 2 &&
           f->plan->value[v->in[0]].type.shape.rank == rank &&
           f->plan->value[v->in[1]].type.shape.rank == rank;
}

static void go_back(const finder *f, uint32_t value)
{
    const wg__value *v = &f->plan->value[value];
    const wg__class class = wg__op_table[v->op].class;
    walk out = walk_of(f, value);
    if (v->loop != NULL || out.mark == NULL) back_any(f, value);
    else if (class == WG__CLASS_LINEAR || class == WG__CLASS_MAP || v->op == WG__OP_reshape)
        back_elementwise(f, v, &out);
    else if (class == WG__CLASS_REDUCE) back_reduce(f, v, &out);
    else if (v->op == WG__OP_concat) back_concat(f, v, &out);
    else if (is_product(f, v)) back_matmul(f, v, &out);
    else back_any(f, value);
}

/* ---- where it began ---- */

/* The first element of a value that is reached and was made of finite ones; of a loop the first of
 * what walks its memory. False: there is none. */
static bool begins_at(const finder *f, uint32_t value, wg__origin *out)
{
    const uint32_t last = f->plan->value[value].loop != NULL ? (uint32_t)f->plan->value_count
                                                              : value + 1;
    for (uint32_t i = value; i < last; i++) {
        if (f->plan->value[i].base != value) continue;
        walk w = walk_of(f, i);
        if (w.mark == NULL) continue;
        for (int64_t left = wg__array_count(&w.array); left > 0; left--, walk_next(&w)) {
            if (*mark_at(&w, w.offset) != REACHED) continue;
            wg__array one = { .dtype = w.array.dtype,
                              .data = (void *)(uintptr_t)element_at(&w, w.offset) };
            *out = (wg__origin){ .value = value, .walk = i, .element = wg__array_item(&one) };
            memcpy(out->index, w.index, sizeof w.index);
            return true;
        }
    }
    return false;
}

static bool is_reached(const finder *f, uint32_t value)
{
    const size_t count = wg__finite_marks(f->plan, value);
    return count > 0 && memchr(f->frame->mark[value], REACHED, count) != NULL;
}

bool wg__frame_find_not_finite(wg_runtime *runtime, wg__frame *frame, uint32_t start,
                               wg__origin *out)
{
    const wg__plan *plan = frame->plan;
    const finder f = { runtime, frame, plan };
    bool found = false;
    WG_ASSERT(plan->keeps_all);
    for (uint32_t i = 0; i < plan->value_count; i++)
        memset(frame->mark[i], UNREACHED, wg__finite_marks(plan, i));
    if (start != WG__NONE) reach_all(&f, start);
    for (int64_t i = 0; i < plan->result_count && start == WG__NONE; i++)
        reach_all(&f, plan->result[i]);
    for (int64_t i = 0; i < plan->store_count && start == WG__NONE; i++)
        reach_all(&f, plan->store[i].value);
    for (uint32_t i = (uint32_t)plan->value_count; i-- > 0;) {
        if (!is_reached(&f, i)) continue;
        go_back(&f, i);
        if (is_reached(&f, i) && begins_at(&f, i, out)) found = true;
    }
    return found;
}

void wg__origin_text(const wg__plan *plan, const wg__origin *origin, wg__text *text)
{
    const wg__type *type = &plan->value[origin->walk].type;
    char number[32];
    wg__number_text(origin->element, number);
    wg__text_add(text, "%s", number);
    for (int32_t i = 0; i < type->shape.rank; i++)
        wg__text_add(text, "%s%lld", i == 0 ? " at [" : ", ", (long long)origin->index[i]);
    wg__text_add(text, "%s of ", type->shape.rank > 0 ? "]" : "");
    wg__text_shape(text, &type->shape);
    wg__text_add(text, " %s is the first that is not finite", wg_dtype_name(type->dtype));
}

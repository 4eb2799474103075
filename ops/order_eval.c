/* What asks for the order of elements, on memory: argmax, argmin and argsort.
 *
 * A line along the axis at a time, whatever its stride. */
#include "ops/rules.h"

#include <string.h>

/* Walks the lines along one axis: offset is that of a line's first element. */
static wg__walk walk_of_lines(const wg__array *array, int64_t axis)
{
    int32_t rank = 0;
    int64_t dim[WG__RANK_MAX], stride[WG__RANK_MAX];
    for (int32_t i = 0; i < array->rank; i++) {
        if (i == axis) continue;
        dim[rank] = array->dim[i];
        stride[rank++] = array->stride[i];
    }
    return wg__walk_of(rank, dim, stride);
}

/* ---- argmax, argmin ---- */

/* The first NaN, or the first element that no other is before; -0 and +0 are a tie. */
#define CHOOSE(name, type, is_before)                                                              \
    static int32_t name(int64_t count, const void *x, int64_t stride)                              \
    {                                                                                              \
        const type *value = x;                                                                     \
        int64_t best = 0;                                                                          \
        for (int64_t i = 1; i < count; i++) {                                                      \
            const type now = value[i * stride], chosen = value[best * stride];                     \
            if (chosen != chosen) break;                                                           \
            if (now is_before chosen || now != now) best = i;                                      \
        }                                                                                          \
        return (int32_t)best;                                                                      \
    }
#define CHOOSE_BOTH(dtype, type)                                                                   \
    CHOOSE(argmax_##dtype, type, >)                                                                \
    CHOOSE(argmin_##dtype, type, <)
CHOOSE_BOTH(f32, float)
CHOOSE_BOTH(f64, double)
CHOOSE_BOTH(i32, int32_t)
CHOOSE_BOTH(i64, int64_t)
CHOOSE_BOTH(u8, uint8_t)
#undef CHOOSE_BOTH
#undef CHOOSE

typedef int32_t choose_fn(int64_t count, const void *x, int64_t stride);
static choose_fn *const argmax_of[WG__DTYPE_COUNT] = {
    [WG_F32] = argmax_f32, [WG_F64] = argmax_f64, [WG_I32] = argmax_i32, [WG_I64] = argmax_i64,
    [WG_U8] = argmax_u8,
};
static choose_fn *const argmin_of[WG__DTYPE_COUNT] = {
    [WG_F32] = argmin_f32, [WG_F64] = argmin_f64, [WG_I32] = argmin_i32, [WG_I64] = argmin_i64,
    [WG_U8] = argmin_u8,
};

int wg__eval_argmax(const wg__kernels *kernels, const wg__call *call)
{
    (void)kernels;
    const wg__array *x = &call->in[0];
    const int64_t axis = call->attribute[0];
    choose_fn *choose = (call->op == WG__OP_argmax ? argmax_of : argmin_of)[x->dtype];
    WG_ASSERT(call->in_count == 1 && call->attribute_count == 1);
    WG_ASSERT(call->out.dtype == WG_I32 && choose != NULL);

    int32_t *out = call->out.data;
    wg__walk walk = walk_of_lines(x, axis);
    const int64_t bytes = (int64_t)wg_dtype_bytes(x->dtype);
    const int64_t count = wg__array_count(&call->out);
    for (int64_t i = 0; i < count; i++) {
        out[i] = choose(x->dim[axis], (const char *)x->data + walk.offset * bytes,
                        x->stride[axis]);
        wg__walk_next(&walk);
    }
    return WG_OK;
}

/* ---- argsort ---- */

/* Integers in the order that elements are to have: -0 before +0, NaN after all else. */
static int64_t key_of(wg_dtype dtype, const void *x, int64_t i)
{
    double wide = 0;
    int64_t key = 0;
    switch (dtype) {
    case WG_F32: wide = (double)((const float *)x)[i]; break;
    case WG_F64: wide = ((const double *)x)[i]; break;
    case WG_I32: return ((const int32_t *)x)[i];
    case WG_I64: return ((const int64_t *)x)[i];
    default: return ((const uint8_t *)x)[i];
    }
    if (wide != wide) return INT64_MAX;
    memcpy(&key, &wide, sizeof key);
    return key < 0 ? key ^ INT64_MAX : key;   /* of negatives the larger magnitude comes first */
}

/* One line, and where its indices go. */
typedef struct line {
    wg_dtype dtype;
    const void *x;
    int64_t count, stride;
    int32_t *out;
    int64_t out_stride;
} line;

/* What is sorted: equal keys by their index, so no two are alike and any way of sorting is
 * stable. */
typedef struct entry { int64_t key, index; } entry;
enum { ENTRIES_MAX = WG__SCRATCH_BYTES / 2 / (int)sizeof(entry) };

static entry entry_at(const line *l, int64_t index)
{
    return (entry){ key_of(l->dtype, l->x, index * l->stride), index };
}

static bool is_before(entry a, entry b)
{
    return a.key < b.key || (a.key == b.key && a.index < b.index);
}

/* Merges from[low, middle) and from[middle, high) into to. */
static void merge(const entry *from, int64_t low, int64_t middle, int64_t high, entry *to)
{
    int64_t left = low, right = middle;
    for (int64_t i = low; i < high; i++) {
        const bool takes_left = right == high ||
                                (left < middle && is_before(from[left], from[right]));
        to[i] = from[takes_left ? left++ : right++];
    }
}

/* Runs of twice the length in each round, from one half of scratch to the other. */
static void sort_in_scratch(const line *l, entry *scratch)
{
    entry *from = scratch, *to = scratch + ENTRIES_MAX;
    for (int64_t i = 0; i < l->count; i++) from[i] = entry_at(l, i);
    for (int64_t run = 1; run < l->count; run *= 2) {
        for (int64_t low = 0; low < l->count; low += 2 * run) {
            const int64_t middle = low + run < l->count ? low + run : l->count;
            const int64_t high = low + 2 * run < l->count ? low + 2 * run : l->count;
            merge(from, low, middle, high, to);
        }
        entry *swapped = from;
        from = to;
        to = swapped;
    }
    for (int64_t i = 0; i < l->count; i++) l->out[i * l->out_stride] = (int32_t)from[i].index;
}

/* Lets the index at `place` of a heap of `count` sink until none below is after it. */
static void sink(const line *l, int64_t place, int64_t count)
{
    const int32_t index = l->out[place * l->out_stride];
    const entry sinking = entry_at(l, index);
    for (int64_t child = 2 * place + 1; child < count; child = 2 * place + 1) {
        entry below = entry_at(l, l->out[child * l->out_stride]);
        if (child + 1 < count) {
            const entry other = entry_at(l, l->out[(child + 1) * l->out_stride]);
            if (is_before(below, other)) child++;
            if (is_before(below, other)) below = other;
        }
        if (!is_before(sinking, below)) break;
        l->out[place * l->out_stride] = (int32_t)below.index;
        place = child;
    }
    l->out[place * l->out_stride] = index;
}

/* What scratch does not hold is sorted where it is, as a heap. */
static void sort_in_place(const line *l)
{
    for (int64_t i = 0; i < l->count; i++) l->out[i * l->out_stride] = (int32_t)i;
    for (int64_t i = l->count / 2; i-- > 0;) sink(l, i, l->count);
    for (int64_t last = l->count - 1; last > 0; last--) {
        int32_t *top = l->out, *end = l->out + last * l->out_stride;
        const int32_t largest = *top;
        *top = *end;
        *end = largest;
        sink(l, 0, last);
    }
}

int wg__eval_argsort(const wg__kernels *kernels, const wg__call *call)
{
    (void)kernels;
    const wg__array *x = &call->in[0], *out = &call->out;
    const int64_t axis = call->attribute[0];
    const int64_t bytes = (int64_t)wg_dtype_bytes(x->dtype);
    WG_ASSERT(call->in_count == 1 && call->attribute_count == 1 && out->dtype == WG_I32);
    if (wg__array_count(out) == 0) return WG_OK;

    wg__walk from = walk_of_lines(x, axis), to = walk_of_lines(out, axis);
    for (int64_t lines = wg__array_count(out) / x->dim[axis]; lines > 0; lines--) {
        const line l = { .dtype = x->dtype,
                         .x = (const char *)x->data + from.offset * bytes,
                         .count = x->dim[axis],
                         .stride = x->stride[axis],
                         .out = (int32_t *)out->data + to.offset,
                         .out_stride = out->stride[axis] };
        if (l.count <= ENTRIES_MAX) sort_in_scratch(&l, call->scratch);
        else sort_in_place(&l);
        wg__walk_next(&from);
        wg__walk_next(&to);
    }
    return WG_OK;
}

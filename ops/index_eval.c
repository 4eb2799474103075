/* gather and scatter_add on memory.
 *
 * Both visit the same pairs: `whole` has the indexed axis, `taken` has the axes of the index in its
 * place, and what follows the axis is one entry, copied or added as a piece. Pairs are visited in
 * ascending order of the index, so each destination of scatter_add has one order of summation.   */
#include "ops/rules.h"

#include <string.h>

/* One entry on both sides; data moves from pair to pair. */
typedef struct entry { wg__array whole, taken; } entry;
typedef void visit_fn(const entry *pair);

/* The axes from `first` on. */
static wg__array axes_from(const wg__array *array, int64_t first)
{
    wg__array rest = { .data = array->data, .dtype = array->dtype };
    for (int64_t i = first; i < array->rank; i++) {
        rest.dim[rest.rank] = array->dim[i];
        rest.stride[rest.rank++] = array->stride[i];
    }
    return rest;
}

/* Entries that are one run on both sides become one axis. */
static entry entry_of(const wg__array *whole, int64_t whole_first, const wg__array *taken,
                      int64_t taken_first)
{
    entry pair = { axes_from(whole, whole_first), axes_from(taken, taken_first) };
    WG_ASSERT(pair.whole.rank == pair.taken.rank);
    if (wg__array_is_contiguous(&pair.whole) && wg__array_is_contiguous(&pair.taken)) {
        const wg__shape run = { .rank = 1, .dim = { wg__array_count(&pair.whole) } };
        pair.whole = wg__array_of(whole->data, whole->dtype, &run);
        pair.taken = wg__array_of(taken->data, taken->dtype, &run);
    }
    return pair;
}

static int64_t index_at(const wg__array *index, int64_t offset)
{
    return index->dtype == WG_I32 ? ((const int32_t *)index->data)[offset]
                                  : ((const int64_t *)index->data)[offset];
}

static int64_t product(int64_t rank, const int64_t *dim)
{
    int64_t count = 1;
    for (int64_t i = 0; i < rank; i++) count *= dim[i];
    return count;
}

/* The first index that is none of 0 to n - 1, and where; false if there is none. */
static bool fault_find(const wg__array *index, int64_t n, int64_t *out, wg__walk *at)
{
    *at = wg__walk_of(index->rank, index->dim, index->stride);
    for (int64_t left = wg__array_count(index); left > 0; left--) {
        *out = index_at(index, at->offset);
        if (*out < 0 || *out >= n) return true;
        wg__walk_next(at);
    }
    return false;
}

/* Before anything is touched, so that what follows needs no way out. */
static int check_index(const wg__array *index, int64_t n)
{
    int64_t bad;
    wg__walk at;
    return fault_find(index, n, &bad, &at) ? WG_EINDEX : WG_OK;
}

wg__index_fault wg__index_fault_of(const wg__call *call)
{
    WG_ASSERT(call->op == WG__OP_gather || call->op == WG__OP_scatter_add);
    const wg__array *whole = call->op == WG__OP_gather ? &call->in[0] : &call->out;
    wg__index_fault fault = { .extent = whole->dim[call->attribute[0]], .rank = call->in[1].rank };
    wg__walk at;
    const bool is_found = fault_find(&call->in[1], fault.extent, &fault.index, &at);
    WG_ASSERT(is_found);
    memcpy(fault.at, at.index, sizeof fault.at);
    return fault;
}

static void visit_pairs(const wg__array *whole, const wg__array *index, const wg__array *taken,
                        int64_t axis, visit_fn *visit)
{
    entry pair = entry_of(whole, axis + 1, taken, axis + index->rank);
    const int64_t bytes = (int64_t)wg_dtype_bytes(whole->dtype);
    const int64_t index_count = wg__array_count(index);
    wg__walk row = wg__walk_of((int32_t)axis, whole->dim, whole->stride);
    wg__walk target = wg__walk_of((int32_t)axis + index->rank, taken->dim, taken->stride);
    for (int64_t rows = product(axis, whole->dim); rows > 0; rows--) {
        wg__walk at = wg__walk_of(index->rank, index->dim, index->stride);
        for (int64_t left = index_count; left > 0; left--) {
            const int64_t offset = row.offset + whole->stride[axis] * index_at(index, at.offset);
            pair.whole.data = (char *)whole->data + offset * bytes;
            pair.taken.data = (char *)taken->data + target.offset * bytes;
            visit(&pair);
            wg__walk_next(&at);
            wg__walk_next(&target);
        }
        wg__walk_next(&row);
    }
}

static void take(const entry *pair)
{
    const bool is_run = pair->whole.rank == 1 && pair->whole.stride[0] == 1 &&
                        pair->taken.stride[0] == 1;
    if (!is_run) {
        wg__copy(&pair->whole, &pair->taken);
        return;
    }
    const size_t bytes = (size_t)pair->whole.dim[0] * wg_dtype_bytes(pair->whole.dtype);
    memcpy(pair->taken.data, pair->whole.data, bytes);
}

int wg__eval_gather(const wg__kernels *kernels, const wg__call *call)
{
    (void)kernels;
    const int64_t axis = call->attribute[0];
    WG_TRY(check_index(&call->in[1], call->in[0].dim[axis]));
    if (wg__array_count(&call->out) == 0) return WG_OK;
    visit_pairs(&call->in[0], &call->in[1], &call->out, axis, take);
    return WG_OK;
}

/* Integers are added as unsigned ones, which wrap. */
#define DEFINE_ADD(name, type)                                                                     \
    static void name(int64_t n, const type *from, int64_t from_stride, type *to,                   \
                     int64_t to_stride)                                                            \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            to[i * to_stride] = (type)(to[i * to_stride] + from[i * from_stride]);                 \
    }
DEFINE_ADD(add_f32, float)
DEFINE_ADD(add_f64, double)
DEFINE_ADD(add_u8, uint8_t)
DEFINE_ADD(add_u32, uint32_t)
DEFINE_ADD(add_u64, uint64_t)

static void add_line(wg_dtype dtype, int64_t n, const void *from, int64_t from_stride, void *to,
                     int64_t to_stride)
{
    switch (dtype) {
    case WG_F32: add_f32(n, from, from_stride, to, to_stride); break;
    case WG_F64: add_f64(n, from, from_stride, to, to_stride); break;
    case WG_I32: add_u32(n, from, from_stride, to, to_stride); break;
    case WG_I64: add_u64(n, from, from_stride, to, to_stride); break;
    case WG_U8: add_u8(n, from, from_stride, to, to_stride); break;
    default: WG_ASSERT(false);
    }
}

/* Lines along the last axis, the others walked. */
void wg__accumulate(const wg__array *from, const wg__array *to)
{
    const int32_t outer = from->rank > 0 ? from->rank - 1 : 0;
    const int64_t n = from->rank > 0 ? from->dim[outer] : 1;
    const int64_t bytes = (int64_t)wg_dtype_bytes(from->dtype);
    wg__walk source = wg__walk_of(outer, from->dim, from->stride);
    wg__walk target = wg__walk_of(outer, to->dim, to->stride);
    for (int64_t left = product(outer, from->dim); left > 0; left--) {
        add_line(from->dtype, n, (const char *)from->data + source.offset * bytes,
                 from->stride[outer], (char *)to->data + target.offset * bytes, to->stride[outer]);
        wg__walk_next(&source);
        wg__walk_next(&target);
    }
}

static void add(const entry *pair)
{
    wg__accumulate(&pair->taken, &pair->whole);
}

int wg__eval_scatter_add(const wg__kernels *kernels, const wg__call *call)
{
    (void)kernels;
    const int64_t axis = call->attribute[0];
    WG_TRY(check_index(&call->in[1], call->out.dim[axis]));
    wg__copy(&call->in[0], &call->out);
    if (wg__array_count(&call->in[2]) == 0) return WG_OK;
    visit_pairs(&call->out, &call->in[1], &call->in[2], axis, add);
    return WG_OK;
}

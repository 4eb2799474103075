/* One elementwise op on memory: which kernel it is, and a tile program of one micro-op where the
 * inputs are not all contiguous.                                                                 */
#include "ops/rules.h"

#include <string.h>

/* ---- bits as they are, but for NaN, which has one pattern ---- */

static void bits_f32(int64_t n, const void *const *in, void *out)
{
    const uint32_t *x = in[0];
    uint32_t *r = out;
    for (int64_t i = 0; i < n; i++) {
        const bool is_nan = (x[i] & UINT32_C(0x7FFFFFFF)) > UINT32_C(0x7F800000);
        r[i] = is_nan ? UINT32_C(0x7FC00000) : x[i];
    }
}

static void bits_f64(int64_t n, const void *const *in, void *out)
{
    const uint64_t *x = in[0];
    uint64_t *r = out;
    for (int64_t i = 0; i < n; i++) {
        const bool is_nan = (x[i] & UINT64_C(0x7FFFFFFFFFFFFFFF)) > UINT64_C(0x7FF0000000000000);
        r[i] = is_nan ? UINT64_C(0x7FF8000000000000) : x[i];
    }
}

static void bits_1(int64_t n, const void *const *in, void *out)
{
    memmove(out, in[0], (size_t)n);
}

static void bits_4(int64_t n, const void *const *in, void *out)
{
    memmove(out, in[0], (size_t)n * 4);
}

static void bits_8(int64_t n, const void *const *in, void *out)
{
    memmove(out, in[0], (size_t)n * 8);
}

static wg__map_kernel *const bits_of[WG__DTYPE_COUNT] = {
    [WG_F32] = bits_f32, [WG_F64] = bits_f64,
    [WG_I32] = bits_4,   [WG_I64] = bits_8,   [WG_U8] = bits_1,
};

void wg__nan_canonical(wg_dtype dtype, int64_t count, void *data)
{
    const void *const in[] = { data };
    if (wg__dtype_is_float(dtype)) bits_of[dtype](count, in, data);
}

/* ---- the kernel of an op ---- */

static wg__micro kernel_of(const wg__map_table *map, const wg__call *call)
{
    const wg_dtype from = call->in[0].dtype;
    switch (call->op) {
    case WG__OP_bits_left:
        return (wg__micro){ .counted = map->bits_left[from], .count = call->attribute[0] };
    case WG__OP_bits_right:
        return (wg__micro){ .counted = map->bits_right[from], .count = call->attribute[0] };
    case WG__OP_polygamma:
        return (wg__micro){ .counted = map->polygamma[from], .count = call->attribute[0] };
    case WG__OP_cast: return (wg__micro){ .kernel = map->cast[from][call->out.dtype] };
    case WG__OP_bitcast: return (wg__micro){ .kernel = bits_of[from] };
    case WG__OP_select: return (wg__micro){ .kernel = map->map[call->op][call->in[1].dtype] };
    default: return (wg__micro){ .kernel = map->map[call->op][from] };
    }
}

wg__micro wg__micro_of(const wg__kernels *kernels, const wg__call *call, bool must_be_finite)
{
    wg__micro micro = kernel_of(kernels->map, call);
    WG_ASSERT(micro.kernel != NULL || micro.counted != NULL);
    if (must_be_finite) micro.finite = kernels->reduce->finite[call->out.dtype];
    return micro;
}

/* ---- the call ---- */

/* Users' memory may lie anywhere; a kernel's may not. */
static bool is_aligned(const wg__array *array)
{
    return (uintptr_t)array->data % wg_dtype_bytes(array->dtype) == 0;
}

static bool lies_as_out(const wg__array *in)
{
    int64_t expected = 1;
    for (int32_t i = in->rank - 1; i >= 0; i--) {
        if (in->dim[i] != 1 && in->stride[i] != expected) return false;
        expected *= in->dim[i];
    }
    return is_aligned(in);
}

static wg__cell cell_of(const wg__array *array, bool is_load)
{
    wg__cell cell = { .bytes = (int32_t)wg_dtype_bytes(array->dtype),
                      .is_loose = is_load && !is_aligned(array) };
    int32_t rank = 0;
    for (int32_t i = 0; i < array->rank; i++)
        if (array->dim[i] != 1) cell.stride[rank++] = array->stride[i];
    return cell;
}

static void tiles_run(const wg__kernels *kernels, const wg__call *call, wg__micro *micro)
{
    /* Room for three inputs of the widest elements, and a table. */
    enum { CELLS = WG__MICRO_IN_MAX + 1, BYTES = 16 * 1024 };
    _Alignas(WG__ALIGNMENT) char scratch[BYTES];
    wg__cell cell[CELLS];
    void *data[CELLS];
    micro->in_count = call->in_count;
    wg__tiles tiles = { .load_count = call->in_count,
                        .store_count = 1,
                        .cell_count = call->in_count + 1,
                        .micro_count = 1,
                        .cell = cell,
                        .micro = micro };
    for (int32_t i = 0; i < call->out.rank; i++)
        if (call->out.dim[i] != 1) tiles.dim[tiles.rank++] = call->out.dim[i];
    for (int32_t k = 0; k < call->in_count; k++) {
        cell[k] = cell_of(&call->in[k], true);
        data[k] = call->in[k].data;
        micro->in[k] = k;
    }
    cell[call->in_count] = cell_of(&call->out, false);
    data[call->in_count] = call->out.data;
    micro->out = call->in_count;
    wg__tiles_settle(&tiles);
    WG_ASSERT(tiles.scratch_bytes <= sizeof scratch);
    wg__tiles_run(kernels, &tiles, tiles.dim[0], data, scratch);
}

int wg__eval_map(const wg__kernels *kernels, const wg__call *call)
{
    WG_ASSERT(call->in_count > 0 && call->in_count <= WG__MICRO_IN_MAX);
    wg__micro micro = wg__micro_of(kernels, call, false);
    const int64_t count = wg__array_count(&call->out);
    if (count == 0) return WG_OK;
    const void *in[WG__MICRO_IN_MAX] = { NULL };
    bool is_one_run = true;
    for (int32_t k = 0; k < call->in_count; k++) {
        WG_ASSERT(call->in[k].rank == call->out.rank);
        is_one_run = is_one_run && lies_as_out(&call->in[k]);
        in[k] = call->in[k].data;
    }
    if (!is_one_run) tiles_run(kernels, call, &micro);
    else if (micro.counted != NULL) micro.counted(count, in[0], micro.count, call->out.data);
    else micro.kernel(count, in, call->out.data);
    return WG_OK;
}

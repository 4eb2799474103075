/* The tile program of a chain: each value a micro-op, each walk from outside a load, each value
 * with memory of its own a store. The rest share registers: one is free again where the last value
 * that reads its content is computed, and that value may have it, because kernels write an element
 * after they have read it. */
#include "runtime/internal.h"

#include <string.h>

typedef struct assembler {
    const struct wg__kernels *kernels;
    wg__frame *frame;
    const wg__chain *chain;
    const wg__region *region;
    wg__tiles *tiles;
    wg__operand *operand;       /* of loads, then stores */
    int32_t *cell;              /* by value: its cell in the chain at hand */
    int32_t *loaded;            /* by value: the last chain that loads it */
    int32_t *free[9];           /* by bytes of an element: registers that hold nothing */
    int64_t free_count[9];
} assembler;

static const wg__value *value_at(const assembler *a, int64_t i)
{
    return &a->frame->plan->value[a->frame->plan->order[a->chain->first + i]];
}

/* The value that input i of a value is, or the one of this chain whose elements it reads. */
static uint32_t input_of(const assembler *a, const wg__value *value, int32_t i)
{
    const wg__value *in = &a->frame->plan->value[value->in[i]];
    const bool is_own = a->frame->plan->value[in->base].chain == value->chain;
    return is_own ? in->base : value->in[i];
}

/* ---- loads and stores ---- */

/* Axes of one element are left out, but for one that units cut. */
static bool axis_counts(const assembler *a, const wg__value *value, int32_t axis)
{
    return value->type.shape.dim[axis] != 1 || (axis == 0 && a->region->units > 1);
}

static void load_add(assembler *a, uint32_t index)
{
    const wg__value *value = &a->frame->plan->value[index];
    const int32_t lead = value->type.shape.rank > 0 ? 0 : WG__NOWHERE;
    wg__cell *cell = &a->tiles->cell[a->tiles->load_count];
    *cell = (wg__cell){ .bytes = (int32_t)wg_dtype_bytes(value->type.dtype),
                        .is_spread = a->frame->is_spread[value->base] };
    int32_t rank = 0;
    for (int32_t i = 0; i < value->type.shape.rank; i++)
        if (axis_counts(a, value, i)) cell->stride[rank++] = value->stride[i];
    a->operand[a->tiles->load_count] = wg__operand_of(a->frame, a->region, value, lead);
    a->cell[index] = (int32_t)a->tiles->load_count++;
}

static void loads_add(assembler *a)
{
    for (int64_t i = 0; i < a->chain->count; i++) {
        const wg__value *value = value_at(a, i);
        for (int32_t j = 0; j < value->in_count; j++) {
            const uint32_t in = input_of(a, value, j);
            if (a->frame->plan->value[in].chain == value->chain) continue;
            if (a->loaded[in] != value->chain) load_add(a, in);
            a->loaded[in] = value->chain;
        }
    }
}

static void stores_add(assembler *a)
{
    wg__tiles *tiles = a->tiles;
    for (int64_t i = 0; i < a->chain->count; i++) {
        const wg__value *value = value_at(a, i);
        if (value->is_tile) continue;
        const int32_t lead = value->type.shape.rank > 0 ? 0 : WG__NOWHERE;
        const int64_t k = tiles->load_count + tiles->store_count++;
        tiles->cell[k] = (wg__cell){ .bytes = (int32_t)wg_dtype_bytes(value->type.dtype) };
        a->operand[k] = wg__operand_of(a->frame, a->region, value, lead);
        a->cell[a->frame->plan->order[a->chain->first + i]] = (int32_t)k;
    }
    tiles->cell_count = tiles->load_count + tiles->store_count;
}

/* ---- registers ---- */

static int32_t register_take(assembler *a, const wg__value *value)
{
    const size_t bytes = wg_dtype_bytes(value->type.dtype);
    if (a->free_count[bytes] > 0) return a->free[bytes][--a->free_count[bytes]];
    a->tiles->cell[a->tiles->cell_count] = (wg__cell){ .bytes = (int32_t)bytes };
    return (int32_t)a->tiles->cell_count++;
}

/* Of a value in a tile whose last reader stands at `place`. */
static void register_give(assembler *a, uint32_t index, int64_t place)
{
    const wg__value *value = &a->frame->plan->value[index];
    if (!value->is_tile || a->frame->last_use[index] != place) return;
    const size_t bytes = wg_dtype_bytes(value->type.dtype);
    a->free[bytes][a->free_count[bytes]++] = a->cell[index];
}

/* ---- micro-ops ---- */

static wg__micro micro_of(const assembler *a, const wg__value *value)
{
    wg__array in[WG__MICRO_IN_MAX];
    for (int32_t i = 0; i < value->in_count; i++)
        in[i] = wg__value_walk(&a->frame->plan->value[value->in[i]]);
    const wg__call call = { .op = value->op,
                            .in_count = value->in_count,
                            .in = in,
                            .out = wg__value_walk(value),
                            .attribute = value->attribute,
                            .attribute_count = value->attribute_count };
    return wg__micro_of(a->kernels, &call, value->finite_effect != WG__NOWHERE);
}

static void micro_add(assembler *a, int64_t i)
{
    const int64_t place = a->chain->first + i;
    const uint32_t index = a->frame->plan->order[place];
    const wg__value *value = value_at(a, i);
    wg__micro *micro = &a->tiles->micro[a->tiles->micro_count++];
    *micro = micro_of(a, value);
    for (int32_t j = 0; j < value->in_count; j++) {
        const uint32_t in = input_of(a, value, j);
        bool is_repeated = a->frame->plan->value[in].chain != value->chain;
        for (int32_t k = 0; k < j; k++) is_repeated = is_repeated || in == input_of(a, value, k);
        micro->in[j] = a->cell[in];
        if (!is_repeated) register_give(a, in, place);
    }
    if (value->is_tile) a->cell[index] = register_take(a, value);
    micro->out = a->cell[index];
    if (value->is_tile) register_give(a, index, place);
}

/* ---- programs ---- */

/* The iteration of a chain, which all its values share. */
static void dims_set(const assembler *a)
{
    const wg__value *value = value_at(a, 0);
    for (int32_t i = 0; i < value->type.shape.rank; i++)
        if (axis_counts(a, value, i))
            a->tiles->dim[a->tiles->rank++] = value->type.shape.dim[i];
}

static int program_make(assembler *a, wg__instruction *instruction)
{
    wg__frame *frame = a->frame;
    size_t inputs = 0;
    for (int64_t i = 0; i < a->chain->count; i++) inputs += (size_t)value_at(a, i)->in_count;
    const size_t cells = inputs + (size_t)a->chain->count;
    a->tiles = wg__frame_take(frame, sizeof *a->tiles);
    a->operand = wg__frame_take(frame, cells * sizeof *a->operand);
    if (a->tiles == NULL || a->operand == NULL) return WG_EMEMORY;
    *a->tiles = (wg__tiles){
        .cell = wg__frame_take(frame, cells * sizeof *a->tiles->cell),
        .micro = wg__frame_take(frame, (size_t)a->chain->count * sizeof *a->tiles->micro),
    };
    if (a->tiles->cell == NULL || a->tiles->micro == NULL) return WG_EMEMORY;
    memset(a->free_count, 0, sizeof a->free_count);
    dims_set(a);
    loads_add(a);
    stores_add(a);
    for (int64_t i = 0; i < a->chain->count; i++) micro_add(a, i);
    wg__tiles_settle(a->tiles);
    WG_ASSERT(a->tiles->scratch_bytes <= WG__SCRATCH_BYTES);

    const bool is_cut = a->region->units > 1;
    *instruction = (wg__instruction){
        .tiles = a->tiles,
        .operand = a->operand,
        .unit_rows = is_cut ? a->tiles->dim[0] / a->region->units : a->tiles->dim[0],
    };
    const int64_t addresses = a->tiles->load_count + a->tiles->store_count;
    if (addresses > frame->address_count) frame->address_count = addresses;
    return WG_OK;
}

static int programs_make(assembler *a)
{
    const wg__plan *plan = a->frame->plan;
    for (int64_t i = 0; i < plan->region_count; i++) {
        a->region = &plan->region[i];
        for (int64_t j = 0; j < a->region->chain_count; j++) {
            const int64_t index = a->region->chain_first + j;
            a->chain = &plan->chain[index];
            if (a->chain->is_program) WG_TRY(program_make(a, &a->frame->instruction[index]));
        }
    }
    return WG_OK;
}

int wg__frame_make_tiles(const wg_runtime *runtime, wg__frame *frame)
{
    const size_t count = (size_t)frame->plan->value_count;
    assembler a = { .kernels = runtime->kernels, .frame = frame };
    wg__arena arena;
    wg__arena_init(&arena, &frame->allocator);
    a.cell = wg__arena_take(&arena, count * sizeof *a.cell);
    a.loaded = wg__arena_take(&arena, count * sizeof *a.loaded);
    bool is_there = a.cell != NULL && a.loaded != NULL;
    for (int bytes = 1; bytes <= 8; bytes *= 2) {
        a.free[bytes] = wg__arena_take(&arena, count * sizeof *a.free[bytes]);
        is_there = is_there && a.free[bytes] != NULL;
    }
    if (is_there) memset(a.loaded, 0xff, count * sizeof *a.loaded);
    const int status = is_there ? programs_make(&a) : WG_EMEMORY;
    wg__arena_free(&arena);
    return status;
}

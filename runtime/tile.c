/* The tile program of a chain: each value an op, each walk from outside a load, each value with
 * memory of its own a store. What calls that makes, and where in a tile the rest lies, is found by
 * ops/assemble.c. */
#include "runtime/internal.h"

#include <string.h>

typedef struct assembler {
    const struct wg__kernels *kernels;
    wg__frame *frame;
    const wg__chain *chain;
    const wg__region *region;
    wg__tiles *tiles;
    wg__operand *operand;       /* of loads, then stores */
    int32_t *name;              /* by value: its number in the program at hand */
    int32_t *loaded;            /* by value: the last chain that loads it */
    wg__tile_op *op;            /* of the program at hand */
    wg__assembly assembly;
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
    a->name[index] = (int32_t)a->tiles->load_count++;
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
        a->op[i].store = WG__NOWHERE;
        if (value->is_tile) continue;
        const int32_t lead = value->type.shape.rank > 0 ? 0 : WG__NOWHERE;
        const int64_t k = tiles->load_count + tiles->store_count++;
        const bool is_result = value->slot >= wg__slot_result(a->frame->plan, 0);
        tiles->cell[k] = (wg__cell){
            .bytes = (int32_t)wg_dtype_bytes(value->type.dtype),
            .is_handed_out = is_result && wg__dtype_is_float(value->type.dtype),
        };
        a->operand[k] = wg__operand_of(a->frame, a->region, value, lead);
        a->op[i].store = (int32_t)k;
    }
    tiles->cell_count = tiles->load_count + tiles->store_count;
}

/* ---- ops ---- */

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

static void op_add(assembler *a, int64_t i)
{
    const wg__plan *plan = a->frame->plan;
    const wg__value *value = value_at(a, i);
    const int32_t data = value->op == WG__OP_select ? 1 : 0;
    wg__tile_op *op = &a->op[i];
    *op = (wg__tile_op){ .op = value->op,
                         .from = plan->value[value->in[data]].type.dtype,
                         .to = value->type.dtype,
                         .in_count = value->in_count,
                         .store = op->store,
                         .micro = micro_of(a, value) };
    for (int32_t j = 0; j < value->in_count; j++) op->in[j] = a->name[input_of(a, value, j)];
    a->name[plan->order[a->chain->first + i]] = (int32_t)(a->tiles->load_count + i);
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

/* What the assembly wrote, in memory of the frame. */
static int steps_keep(assembler *a)
{
    const size_t bytes = (size_t)a->assembly.step_count * sizeof(wg__run_step);
    wg__run_step *step = wg__frame_take(a->frame, bytes);
    if (step == NULL) return WG_EMEMORY;
    memcpy(step, a->assembly.step, bytes);
    for (int64_t i = 0; i < a->tiles->micro_count; i++) {
        wg__micro *micro = &a->tiles->micro[i];
        if (micro->run != NULL) micro->step = step + (micro->step - a->assembly.step);
    }
    return WG_OK;
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
    dims_set(a);
    loads_add(a);
    stores_add(a);
    for (int64_t i = 0; i < a->chain->count; i++) op_add(a, i);
    wg__tiles_assemble(a->kernels, a->tiles, a->chain->count, a->op, &a->assembly);
    WG_TRY(steps_keep(a));
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

/* Room for the longest chain: each of its values may load three others. */
static int room_take(assembler *a, wg__arena *arena)
{
    const wg__plan *plan = a->frame->plan;
    size_t longest = 0;
    for (int64_t i = 0; i < plan->chain_count; i++)
        if ((size_t)plan->chain[i].count > longest) longest = (size_t)plan->chain[i].count;
    const size_t values = longest * (1 + WG__MICRO_IN_MAX);
    const size_t count = (size_t)plan->value_count;
    wg__assembly *assembly = &a->assembly;
    a->name = wg__arena_take(arena, count * sizeof *a->name);
    a->loaded = wg__arena_take(arena, count * sizeof *a->loaded);
    a->op = wg__arena_take(arena, longest * sizeof *a->op);
    assembly->uses = wg__arena_take(arena, values * sizeof *assembly->uses);
    assembly->cell = wg__arena_take(arena, values * sizeof *assembly->cell);
    assembly->last_read = wg__arena_take(arena, values * sizeof *assembly->last_read);
    assembly->is_in_memory = wg__arena_take(arena, values * sizeof *assembly->is_in_memory);
    assembly->step = wg__arena_take(arena, longest * WG__STEPS_OF_OP * sizeof *assembly->step);
    bool is_there = a->name != NULL && a->loaded != NULL && a->op != NULL;
    is_there = is_there && assembly->uses != NULL && assembly->cell != NULL &&
               assembly->last_read != NULL && assembly->is_in_memory != NULL &&
               assembly->step != NULL;
    for (int bytes = 1; bytes <= 8; bytes *= 2) {
        assembly->free[bytes] = wg__arena_take(arena, values * sizeof(int32_t));
        is_there = is_there && assembly->free[bytes] != NULL;
    }
    if (is_there) memset(a->loaded, 0xff, count * sizeof *a->loaded);
    return is_there ? WG_OK : WG_EMEMORY;
}

int wg__frame_make_tiles(const wg_runtime *runtime, wg__frame *frame)
{
    assembler a = { .kernels = runtime->kernels, .frame = frame };
    wg__arena arena;
    wg__arena_init(&arena, &frame->allocator);
    int status = room_take(&a, &arena);
    if (status >= 0) status = programs_make(&a);
    wg__arena_free(&arena);
    return status;
}

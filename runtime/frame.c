/* A plan made ready for one runtime: items, places, and each instruction as a call whose operands
 * need no more than a base address and the rows at hand. Templates are shared by all threads and
 * copied when they are used: filling in three operands takes less time than keeping a copy for
 * each thread in cache. */
#include "runtime/internal.h"

#include <string.h>

void *wg__frame_take(wg__frame *frame, size_t bytes)
{
    void *block = wg__arena_take(&frame->arena, bytes);
    if (block != NULL) frame->bytes += bytes;
    return block;
}

/* ---- instructions ---- */

static bool is_cut(const wg__region *region)
{
    return region->kind != WG__REGION_SERIAL && region->kind != WG__REGION_WHOLE;
}

wg__operand wg__operand_of(const wg__frame *frame, const wg__region *region,
                           const wg__value *walk, int32_t axis)
{
    const wg__plan *plan = frame->plan;
    const wg__value *base = &plan->value[walk->base];
    const int64_t bytes = (int64_t)wg_dtype_bytes(walk->type.dtype);
    wg__operand operand = { .slot = (int32_t)base->slot,
                            .axis = WG__NOWHERE,
                            .offset = frame->offset[walk->base] + walk->offset * bytes };
    WG_ASSERT(base->slot != WG__NOWHERE);
    if (axis == WG__NOWHERE || !is_cut(region)) return operand;
    WG_ASSERT(walk->type.shape.dim[axis] % region->units == 0);
    operand.axis = axis;
    operand.unit_extent = walk->type.shape.dim[axis] / region->units;
    /* Scratch holds the rows of the item alone. */
    if (base->slot != WG__SLOT_SCRATCH)
        operand.unit_bytes = operand.unit_extent * walk->stride[axis] * bytes;
    return operand;
}

static int instruction_make(wg__frame *frame, uint32_t index, wg__instruction *instruction)
{
    const wg__plan *plan = frame->plan;
    const wg__value *value = &plan->value[index];
    const wg__region *region = &plan->region[value->region];
    const size_t count = (size_t)value->in_count;
    wg__array *in = wg__frame_take(frame, count * sizeof *in);
    wg__operand *operand = wg__frame_take(frame, (count + 1) * sizeof *operand);
    if (in == NULL || operand == NULL) return WG_EMEMORY;
    for (int32_t i = 0; i < value->in_count; i++) {
        const wg__value *walk = &plan->value[value->in[i]];
        in[i] = wg__value_walk(walk);
        operand[i] = wg__operand_of(frame, region, walk, wg__slice_axis(plan, value, i));
    }
    const int32_t lead = value->type.shape.rank > 0 ? 0 : WG__NOWHERE;
    operand[count] = wg__operand_of(frame, region, value, lead);
    *instruction = (wg__instruction){ .call = { .op = value->op,
                                                .in_count = value->in_count,
                                                .in = in,
                                                .out = wg__value_walk(value),
                                                .attribute = value->attribute,
                                                .attribute_count = value->attribute_count,
                                                .external = frame->external },
                                      .operand = operand,
                                      .unit_rows = operand[count].unit_extent };
    if (value->in_count > frame->array_count) frame->array_count = value->in_count;
    return WG_OK;
}

static int instructions_make(wg_runtime *runtime, wg__frame *frame)
{
    const wg__plan *plan = frame->plan;
    const size_t count = (size_t)plan->chain_count;
    frame->instruction = wg__frame_take(frame, count * sizeof *frame->instruction);
    if (frame->instruction == NULL) return WG_EMEMORY;
    for (int64_t i = 0; i < plan->chain_count; i++) {
        const wg__chain *chain = &plan->chain[i];
        if (chain->is_program) continue;
        const uint32_t value = plan->order[chain->first];
        WG_TRY(plan->value[value].loop != NULL
                   ? wg__turn_make(runtime, frame, value, &frame->instruction[i])
                   : instruction_make(frame, value, &frame->instruction[i]));
    }
    return wg__frame_make_tiles(runtime, frame);
}

/* ---- the frame ---- */

static void *take_zeroed(wg__frame *frame, int64_t count, size_t item_bytes)
{
    void *block = wg__frame_take(frame, (size_t)count * item_bytes);
    if (block != NULL) memset(block, 0, (size_t)count * item_bytes);
    return block;
}

static int marks_make(wg__frame *frame)
{
    const wg__plan *plan = frame->plan;
    frame->mark = wg__frame_take(frame, (size_t)plan->value_count * sizeof *frame->mark);
    if (frame->mark == NULL) return WG_EMEMORY;
    for (uint32_t i = 0; i < plan->value_count; i++) {
        frame->mark[i] = wg__frame_take(frame, wg__finite_marks(plan, i));
        if (frame->mark[i] == NULL) return WG_EMEMORY;
    }
    return WG_OK;
}

static int tables_make(wg__frame *frame)
{
    const int64_t inputs = frame->plan->input_count;
    frame->base = take_zeroed(frame, wg__slot_count(frame->plan), sizeof *frame->base);
    frame->packed = take_zeroed(frame, inputs, sizeof *frame->packed);
    if (frame->base == NULL || frame->packed == NULL) return WG_EMEMORY;
    frame->packed_bytes = take_zeroed(frame, inputs, sizeof *frame->packed_bytes);
    const int64_t externals = frame->plan->external_count;
    if (frame->external == NULL)
        frame->external = take_zeroed(frame, externals, sizeof *frame->external);
    if (frame->external == NULL) return WG_EMEMORY;
    if (frame->packed_bytes == NULL) return WG_EMEMORY;
    return frame->plan->keeps_all ? marks_make(frame) : WG_OK;
}

static int frame_fill(wg_runtime *runtime, wg__frame *frame)
{
    WG_TRY(tables_make(frame));
    WG_TRY(wg__frame_find_last_uses(frame));
    WG_TRY(wg__frame_cut(runtime, frame));
    WG_TRY(wg__frame_place(frame));
    WG_TRY(instructions_make(runtime, frame));
    return wg__runtime_reserve(runtime, frame->workspace_bytes,
                               frame->scratch_bytes + frame->turn_bytes, frame->array_count,
                               frame->address_count);
}

int wg__frame_create(wg_runtime *runtime, wg__plan *plan, wg__frame **out)
{
    return wg__frame_create_step(runtime, plan, NULL, 0, out);
}

int wg__frame_create_step(wg_runtime *runtime, wg__plan *plan, wg__external *external,
                          int64_t units, wg__frame **out)
{
    wg__frame *frame = wg__allocate_zeroed(&runtime->allocator, sizeof *frame);
    if (frame == NULL) return WG_EMEMORY;
    frame->allocator = runtime->allocator;
    wg__arena_init(&frame->arena, &frame->allocator);
    frame->plan = plan;
    frame->external = external;
    frame->units_given = units;
    wg__plan_hold(plan);
    const int status = frame_fill(runtime, frame);
    if (status < 0) {
        wg__frame_free(frame);
        return status;
    }
    *out = frame;
    return WG_OK;
}

void wg__frame_free(wg__frame *frame)
{
    if (frame == NULL) return;
    const wg_allocator allocator = frame->allocator;
    for (int64_t i = 0; frame->packed_bytes != NULL && i < frame->plan->input_count; i++)
        wg__release(&allocator, frame->packed[i], frame->packed_bytes[i]);
    for (wg__turn *turn = frame->turn; turn != NULL; turn = turn->next) wg__turn_free(turn);
    wg__release(&allocator, frame->item, (size_t)frame->item_capacity * sizeof *frame->item);
    wg__release(&allocator, frame->constants, frame->constants_bytes);
    wg__plan_drop(frame->plan);
    wg__arena_free(&frame->arena);
    wg__release(&allocator, frame, sizeof *frame);
}

/* ---- inputs ---- */

void wg__frame_bind_externals(wg__frame *frame, const wg__external *external)
{
    const int64_t count = frame->plan->external_count;
    for (int64_t i = 0; i < count; i++) frame->external[i] = external[i];
}

/* Kernels read whole elements at their natural alignment, and the planner took inputs for
 * contiguous. */
static bool is_readable_in_place(const wg_view *view)
{
    const size_t bytes = wg_dtype_bytes(view->dtype);
    return wg__view_is_contiguous(view) && (uintptr_t)view->data % bytes == 0;
}

int wg__frame_reserve_packed(wg__frame *frame, int64_t input, const wg_view *view)
{
    if (is_readable_in_place(view) || frame->packed[input] != NULL) return WG_OK;
    const size_t bytes = (size_t)wg_shape_count(view->shape) * wg_dtype_bytes(view->dtype);
    frame->packed[input] = wg__allocate(&frame->allocator, bytes);
    if (frame->packed[input] == NULL) return WG_EMEMORY;
    frame->packed_bytes[input] = bytes;
    return WG_OK;
}

void wg__frame_bind(wg__frame *frame, int64_t input, const wg_view *view)
{
    void **base = &frame->base[WG__SLOT_FIRST + input];
    if (is_readable_in_place(view)) {
        *base = (void *)(uintptr_t)view->data;
        return;
    }
    WG_ASSERT(frame->packed[input] != NULL);
    wg__view_pack(view, frame->packed[input]);
    *base = frame->packed[input];
}

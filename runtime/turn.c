/* Turns: how a loop is run. Every step is the same frame at other base addresses: xs and stacks
 * move on by one step, carries change between two places, and their last values are written where
 * they are read afterwards. Nothing is copied and nothing planned from step to step. */
#include "runtime/internal.h"

#include <string.h>

static int64_t rounded(int64_t bytes)
{
    return (bytes + WG__ALIGNMENT - 1) / WG__ALIGNMENT * WG__ALIGNMENT;
}

/* ---- making ---- */

static size_t turn_bytes(const wg__turn *turn)
{
    return turn->fixed_bytes + turn->frame->scratch_bytes + turn->frame->turn_bytes;
}

/* Carries hold the rows of one item. */
static int fixed_place(wg__frame *frame, wg__turn *turn, int64_t units)
{
    const wg__loop *loop = turn->loop;
    const size_t carries = (size_t)loop->carry_count;
    turn->carry_offset = wg__frame_take(frame, carries * sizeof *turn->carry_offset);
    turn->carry_bytes = wg__frame_take(frame, carries * sizeof *turn->carry_bytes);
    turn->x_bytes = wg__frame_take(frame, (size_t)loop->x_count * sizeof *turn->x_bytes);
    if (turn->carry_offset == NULL || turn->carry_bytes == NULL || turn->x_bytes == NULL)
        return WG_EMEMORY;
    int64_t end = rounded(wg__slot_count(loop->body) * (int64_t)sizeof(void *));
    for (int64_t i = 0; i < loop->carry_count; i++) {
        const bool is_cut = loop->samples > 0;
        const int64_t bytes = is_cut ? loop->bytes[i] / loop->samples * units : loop->bytes[i];
        turn->carry_offset[i] = end;
        turn->carry_bytes[i] = rounded(bytes);
        end += 2 * turn->carry_bytes[i];
    }
    turn->fixed_bytes = (size_t)end;
    return WG_OK;
}

static int operands_make(wg__frame *frame, const wg__value *value, wg__turn *turn,
                         wg__instruction *instruction)
{
    const wg__plan *plan = frame->plan;
    const wg__region *region = &plan->region[value->region];
    const size_t count = (size_t)value->in_count + 1;
    wg__operand *operand = wg__frame_take(frame, count * sizeof *operand);
    if (operand == NULL) return WG_EMEMORY;
    for (int32_t i = 0; i < value->in_count; i++) {
        const wg__value *walk = &plan->value[value->in[i]];
        const int64_t x = i - turn->loop->carry_count;
        operand[i] = wg__operand_of(frame, region, walk, WG__NOWHERE);
        if (x >= 0 && x < turn->loop->x_count)
            turn->x_bytes[x] = walk->stride[0] * (int64_t)wg_dtype_bytes(walk->type.dtype);
    }
    operand[value->in_count] = wg__operand_of(frame, region, value, WG__NOWHERE);
    *instruction = (wg__instruction){ .call = { .op = value->op, .in_count = value->in_count },
                                      .turn = turn,
                                      .operand = operand };
    return WG_OK;
}

int wg__turn_make(wg_runtime *runtime, wg__frame *frame, uint32_t index,
                  wg__instruction *instruction)
{
    const wg__value *value = &frame->plan->value[index];
    const int64_t units = frame->units[value->region];
    wg__turn *turn = wg__frame_take(frame, sizeof *turn);
    if (turn == NULL) return WG_EMEMORY;
    *turn = (wg__turn){ .loop = value->loop };
    atomic_init(&turn->failure, WG__NO_FAILURE);
    WG_TRY(wg__frame_create_step(runtime, value->loop->body, frame->external, units,
                                 &turn->frame));
    turn->next = frame->turn;
    frame->turn = turn;
    frame->bytes += turn->frame->bytes;
    WG_TRY(fixed_place(frame, turn, units));
    WG_TRY(operands_make(frame, value, turn, instruction));
    if (turn_bytes(turn) > frame->turn_bytes) frame->turn_bytes = turn_bytes(turn);
    if (turn->frame->array_count > frame->array_count)
        frame->array_count = turn->frame->array_count;
    if (turn->frame->address_count > frame->address_count)
        frame->address_count = turn->frame->address_count;
    return WG_OK;
}

void wg__turn_free(wg__turn *turn)
{
    wg__frame_free(turn->frame);
}

/* ---- running ---- */

/* A loop at work. */
typedef struct work {
    const wg__turn *turn;
    const wg__item *item;
    char *room;                 /* of the turn, in the worker's scratch memory */
    void **base;                /* of the step */
    char *out;                  /* results of all steps */
} work;

static void *moved(const void *base, int64_t bytes)
{
    return (void *)((uintptr_t)base + (uintptr_t)bytes);
}

/* Where step `done` leaves a carry, and the one after finds it: two places by turns, and the result
 * at last. Rows that other items have lie before the place. */
static void *carry_place(const work *w, int64_t i, int64_t done)
{
    const wg__loop *loop = w->turn->loop;
    if (done == loop->length - 1) return w->out + loop->offset[i];
    char *place = w->room + w->turn->carry_offset[i] + (done & 1) * w->turn->carry_bytes[i];
    const int64_t before = loop->samples > 0 ? loop->bytes[i] / loop->samples * w->item->first : 0;
    return moved(place, -before);
}

/* Base addresses of step `done`, which stands at `at` of xs and stacks. */
static void step_bind(const work *w, int64_t done, int64_t at)
{
    const wg__loop *loop = w->turn->loop;
    void **in = w->base + WG__SLOT_FIRST;
    void **out = w->base + wg__slot_result(loop->body, 0);
    for (int64_t i = 0; i < loop->carry_count; i++) {
        if (done > 0) in[i] = carry_place(w, i, done - 1);
        out[i] = carry_place(w, i, done);
    }
    for (int64_t i = 0; i < loop->x_count && done > 0; i++) {
        const int64_t bytes = w->turn->x_bytes[i];
        in[loop->carry_count + i] =
            moved(in[loop->carry_count + i], loop->is_reverse ? -bytes : bytes);
    }
    for (int64_t i = loop->carry_count; i < loop->result_count; i++)
        out[i] = moved(w->out, loop->offset[i] + at * loop->bytes[i]);
}

/* Base addresses before the first step. */
static void loop_bind(const work *w, const wg__run *outer, const wg__worker *worker,
                      const wg__instruction *instruction)
{
    const wg__loop *loop = w->turn->loop;
    const wg__item whole = { .region = w->item->region };
    w->base[WG__SLOT_SCRATCH] = w->base[WG__SLOT_WORKSPACE] = NULL;
    w->base[WG__SLOT_CONSTANT] = w->turn->frame->constants;
    for (int32_t i = 0; i < instruction->call.in_count; i++) {
        void *address = wg__operand_address(outer, worker, &whole, &instruction->operand[i]);
        const int64_t x = i - loop->carry_count;
        const bool is_from_end = loop->is_reverse && x >= 0 && x < loop->x_count;
        w->base[WG__SLOT_FIRST + i] =
            is_from_end ? moved(address, (loop->length - 1) * w->turn->x_bytes[x]) : address;
    }
}

/* After no step at all carries are what they were. */
static void carries_keep(const work *w)
{
    const wg__loop *loop = w->turn->loop;
    for (int64_t i = 0; i < loop->carry_count; i++)
        if (loop->bytes[i] > 0)
            memcpy(w->out + loop->offset[i], w->base[WG__SLOT_FIRST + i], (size_t)loop->bytes[i]);
}

int wg__turn_run(const wg__run *outer, wg__worker *worker, const wg__item *item,
                 const wg__instruction *instruction)
{
    wg__turn *turn = instruction->turn;
    const wg__loop *loop = turn->loop;
    const wg__item whole = { .region = item->region };
    char *room = (char *)worker->scratch + outer->frame->scratch_bytes;
    const wg__operand *out = &instruction->operand[instruction->call.in_count];
    const work w = { .turn = turn,
                     .item = item,
                     .room = room,
                     .base = (void **)(void *)room,
                     .out = wg__operand_address(outer, worker, &whole, out) };
    wg__worker inner = *worker;
    inner.scratch = room + turn->fixed_bytes;
    loop_bind(&w, outer, worker, instruction);
    const wg__item rows = { .region = 0, .first = item->first, .units = item->units };
    const wg__run run = { .runtime = outer->runtime, .frame = turn->frame, .base = w.base };
    for (int64_t done = 0; done < loop->length; done++) {
        int64_t place = 0;
        const int64_t at = loop->is_reverse ? loop->length - 1 - done : done;
        step_bind(&w, done, at);
        const int status = wg__region_run(&run, &inner, &rows, &place);
        if (status < 0) {
            const int64_t place_of_step = done * turn->frame->plan->order_count + place;
            wg__failure_note(&turn->failure, place_of_step, status);
            if (inner.met.step == WG__NOWHERE) inner.met.step = at;
            wg__fault_rise(&inner.met, place_of_step);
            worker->met = inner.met;
            return status;
        }
    }
    if (loop->length == 0) carries_keep(&w);
    return WG_OK;
}

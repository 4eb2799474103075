/* Running a frame: stage by stage, item by item, chain by chain.
 *
 * Of all failures of a stage the one of the earliest value is told, whatever thread met it when. A
 * commit comes after every stage: nothing that can fail is left by then. */
#include "runtime/internal.h"
#include "runtime/data/system.h"

#include <string.h>

/* Forking pays if a stage takes longer than a join among threads that are awake, and if waking
 * them is little against the whole run. */
static const double JOIN_NS = 5000, WAKE_NS = 60000;
/* A commit of more bytes than this is shared out. */
enum { COMMIT_BYTES_MIN = 1024 * 1024 };

typedef wg__run run;

void wg__failure_note(_Atomic uint64_t *failure, int64_t place, int status)
{
    const uint64_t code = (uint64_t)place << 8 | (uint64_t)-status;
    uint64_t least = atomic_load(failure);
    while (code < least && !atomic_compare_exchange_weak(failure, &least, code)) continue;
}

/* ---- one chain ---- */

static void *address(void *base, int64_t bytes)
{
    return (void *)((uintptr_t)base + (uintptr_t)bytes);
}

/* Copies a template. Most arrays have few axes, and what lies beyond them is never read. */
static void array_copy(const wg__array *from, wg__array *to)
{
    enum { FEW = 4 };
    to->dtype = from->dtype;
    to->rank = from->rank;
    const size_t axes = from->rank <= FEW ? FEW : WG__RANK_MAX;
    memcpy(to->dim, from->dim, axes * sizeof to->dim[0]);
    memcpy(to->stride, from->stride, axes * sizeof to->stride[0]);
}

void *wg__operand_address(const run *r, const wg__worker *worker, const wg__item *item,
                          const wg__operand *operand)
{
    void *base = operand->slot == WG__SLOT_SCRATCH ? worker->scratch : r->base[operand->slot];
    return address(base, operand->offset + item->first * operand->unit_bytes);
}

static void array_place(const run *r, const wg__worker *worker, const wg__item *item,
                        const wg__operand *operand, wg__array *array)
{
    array->data = wg__operand_address(r, worker, item, operand);
    if (operand->axis != WG__NOWHERE)
        array->dim[operand->axis] = item->units * operand->unit_extent;
}

/* The call of a chain of one value. */
static int call_run(const run *r, wg__worker *worker, const wg__item *item,
                    const wg__instruction *instruction, const wg__value *value)
{
    const wg__call *whole = &instruction->call;
    wg__call call = { .op = whole->op,
                      .in_count = whole->in_count,
                      .in = worker->array,
                      .attribute = whole->attribute,
                      .attribute_count = whole->attribute_count,
                      .first_row = item->first * instruction->unit_rows,
                      .scratch = worker->kernel_scratch,
                      .external = whole->external };
    for (int32_t i = 0; i < whole->in_count; i++) {
        array_copy(&whole->in[i], &worker->array[i]);
        array_place(r, worker, item, &instruction->operand[i], &worker->array[i]);
    }
    array_copy(&whole->out, &call.out);
    array_place(r, worker, item, &instruction->operand[whole->in_count], &call.out);
    const struct wg__kernels *kernels = r->runtime->kernels;
    const int status = wg__eval(kernels, &call);
    if (status == WG_EINDEX) wg__fault_meet(worker, item, &instruction->operand[1], &call);
    if (status < 0) return status;
    if (value->finite_effect == WG__NOWHERE) return WG_OK;
    const int64_t count = wg__array_count(&call.out);
    return wg__finite(kernels, call.out.dtype, count, call.out.data) ? WG_OK : WG_EFINITE;
}

/* The tile program of a chain; the micro-op that was not finite, or -1. */
static int64_t tiles_run(const run *r, wg__worker *worker, const wg__item *item,
                         const wg__instruction *instruction)
{
    const wg__tiles *tiles = instruction->tiles;
    for (int64_t i = 0; i < tiles->load_count + tiles->store_count; i++)
        worker->address[i] = wg__operand_address(r, worker, item, &instruction->operand[i]);
    return wg__tiles_run(r->runtime->kernels, tiles, item->units * instruction->unit_rows,
                         worker->address, worker->kernel_scratch);
}

static int chain_run(const run *r, wg__worker *worker, const wg__item *item, int64_t index,
                    int64_t *place)
{
    const wg__plan *plan = r->frame->plan;
    const wg__instruction *instruction = &r->frame->instruction[index];
    *place = plan->chain[index].first;
    if (atomic_load_explicit(&r->runtime->is_cancelled, memory_order_relaxed)) return WG_ECANCEL;
    if (instruction->turn != NULL) return wg__turn_run(r, worker, item, instruction);
    if (instruction->tiles == NULL)
        return call_run(r, worker, item, instruction, &plan->value[plan->order[*place]]);
    const int64_t failed = tiles_run(r, worker, item, instruction);
    if (failed < 0) return WG_OK;
    *place += failed;
    return WG_EFINITE;
}

/* ---- stages ---- */

int wg__region_run(const run *r, wg__worker *worker, const wg__item *item, int64_t *place)
{
    const wg__region *region = &r->frame->plan->region[item->region];
    for (int64_t i = region->chain_first; i < region->chain_first + region->chain_count; i++) {
        const double begin = r->laps != NULL ? wg__system_seconds() : 0;
        WG_TRY(chain_run(r, worker, item, i, place));
        if (r->laps != NULL) wg__lap_note(r, worker, item, i, begin);
    }
    return WG_OK;
}

static void item_run(void *context, int worker_index, int64_t index)
{
    run *r = context;
    int64_t place = 0;
    wg__worker *worker = &r->runtime->worker[worker_index];
    const int status = wg__region_run(r, worker, &r->item[index], &place);
    if (status < 0) wg__failure_note(&r->failure, place, status);
    if (status != WG_EINDEX) return;
    wg__fault_rise(&worker->met, place);
    wg__fault_keep(worker);
}

static bool is_worth_forking(wg_runtime *runtime, const wg__frame *frame, const wg__stage *stage)
{
    if (runtime->threads == 1 || stage->item_count < 2 || stage->is_of_caller) return false;
    if (runtime->is_forked_always) return true;
    return stage->time_ns > JOIN_NS &&
           (frame->time_ns > WAKE_NS || wg__pool_is_hot(runtime->pool));
}

static void join(wg_runtime *runtime, int64_t count, wg__pool_work *work, void *context)
{
    if (runtime->join_test != NULL) runtime->join_test(runtime, count, work, context);
    else wg__pool_run(runtime->pool, count, work, context);
}

static void stage_run(run *r, const wg__stage *stage)
{
    r->item = &r->frame->item[stage->item_first];
    if (is_worth_forking(r->runtime, r->frame, stage)) {
        r->runtime->join_count++;
        join(r->runtime, stage->item_count, item_run, r);
        return;
    }
    for (int64_t i = 0; i < stage->item_count; i++) item_run(r, 0, i);
}

/* ---- what is handed out ---- */

/* Most parts are finite, which is told at the speed of memory. */
static void result_clean(const struct wg__kernels *kernels, const wg__type *type, void *data)
{
    enum { PART = 4096 };
    const int64_t count = wg__shape_count(&type->shape);
    const int64_t bytes = (int64_t)wg_dtype_bytes(type->dtype);
    for (int64_t done = 0; done < count; done += PART) {
        const int64_t n = count - done < PART ? count - done : PART;
        void *part = address(data, done * bytes);
        if (!wg__finite(kernels, type->dtype, n, part)) wg__nan_canonical(type->dtype, n, part);
    }
}

/* Of results that no tile program has cleaned. */
static void results_clean(const wg_runtime *runtime, const wg__frame *frame)
{
    const wg__plan *plan = frame->plan;
    for (int64_t i = 0; i < plan->result_count; i++) {
        const wg__value *value = &plan->value[plan->result[i]];
        if (plan->chain[value->chain].is_program) continue;
        result_clean(runtime->kernels, &value->type, frame->base[wg__slot_result(plan, i)]);
    }
}

/* The node of a value that failed; of a loop, the node that failed in its steps, which are counted
 * in all values of one. The loops forget it: the next run starts anew. */
static uint32_t failed_node(wg__frame *frame, uint64_t code)
{
    for (;;) {
        const wg__plan *plan = frame->plan;
        const int64_t place = (int64_t)(code >> 8) % plan->order_count;
        const wg__value *value = &plan->value[plan->order[place]];
        wg__turn *turn = value->loop != NULL ? frame->instruction[value->chain].turn : NULL;
        const uint64_t inner =
            turn != NULL ? atomic_exchange(&turn->failure, WG__NO_FAILURE) : WG__NO_FAILURE;
        if (inner == WG__NO_FAILURE) return value->node;
        code = inner;
        frame = turn->frame;
    }
}

int wg__frame_run(wg_runtime *runtime, wg__frame *frame, wg__failure *failure)
{
    const wg__plan *plan = frame->plan;
    run r = { .runtime = runtime, .frame = frame, .base = frame->base, .laps = runtime->laps };
    atomic_init(&r.failure, WG__NO_FAILURE);
    frame->base[WG__SLOT_WORKSPACE] = runtime->workspace;
    frame->base[WG__SLOT_CONSTANT] = frame->constants;
    runtime->run_count++;
    wg__faults_forget(runtime);
    for (int32_t i = 0; i < plan->stage_count && atomic_load(&r.failure) == WG__NO_FAILURE; i++)
        stage_run(&r, &frame->stage[i]);

    const uint64_t code = atomic_load(&r.failure);
    if (code == WG__NO_FAILURE) {
        results_clean(runtime, frame);
        return WG_OK;
    }
    const uint32_t value = plan->order[code >> 8];
    *failure = (wg__failure){ .status = -(int)(code & 0xff),
                              .value = value,
                              .node = failed_node(frame, code),
                              .effect = plan->value[value].finite_effect,
                              .fault = wg__fault_first(runtime) };
    return failure->status;
}

/* ---- the commit ---- */

static void store_run(void *context, int worker, int64_t index)
{
    (void)worker;
    const wg__frame *frame = context;
    const wg__plan *plan = frame->plan;
    const wg__store *store = &plan->store[index];
    const wg__value *value = &plan->value[store->value];
    const size_t bytes = wg__value_bytes(plan, value, WG__NOWHERE);
    if (bytes == 0) return;
    memcpy(frame->base[wg__slot_version(plan, store->version)],
           address(frame->base[value->slot], frame->offset[store->value]), bytes);
}

void wg__frame_commit(wg_runtime *runtime, wg__frame *frame)
{
    const wg__plan *plan = frame->plan;
    size_t bytes = 0;
    for (int64_t i = 0; i < plan->store_count; i++)
        bytes += wg__value_bytes(plan, &plan->value[plan->store[i].value], WG__NOWHERE);
    if (bytes >= COMMIT_BYTES_MIN && runtime->threads > 1 && plan->store_count > 1) {
        runtime->join_count++;
        join(runtime, plan->store_count, store_run, frame);
        return;
    }
    for (int64_t i = 0; i < plan->store_count; i++) store_run(frame, 0, i);
}

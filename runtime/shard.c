/* How regions are cut into items. Bits do not depend on it: the order of every sum is told by
 * shapes, so sizes are free to follow caches and threads. */
#include "runtime/internal.h"

#include <string.h>

/* Half of an L2 of 1 MiB, for what is alive at a time; the rest is for weights and packed panels.
 */
static const int64_t LIVE_BYTES_MAX = 512 * 1024;
/* Products of fewer rows spend their time on packing; pieces end on whole vectors of rows. */
enum { PRODUCT_ROWS_MIN = 64, PRODUCT_ROWS_FEW = 16, UNIT_STEP = 8 };

static int64_t divided_up(int64_t x, int64_t y)
{
    return (x + y - 1) / y;
}

static int64_t rounded_up(int64_t x, int64_t step)
{
    return divided_up(x, step) * step;
}

static int64_t bytes_of_unit(const wg__plan *plan, const wg__value *value)
{
    return value->is_tile ? 0 : (int64_t)wg__value_bytes(plan, value, 1);
}

/* Bytes for one unit that end with the value at `place`: its inputs, and itself if unread. */
static int64_t bytes_ending(const wg__frame *frame, int64_t place)
{
    const wg__plan *plan = frame->plan;
    const uint32_t index = plan->order[place];
    const wg__value *value = &plan->value[index];
    int64_t bytes = frame->last_use[index] == place ? bytes_of_unit(plan, value) : 0;
    for (int32_t i = 0; i < value->in_count; i++) {
        const uint32_t base = plan->value[value->in[i]].base;
        bool ends = plan->value[base].is_computed &&
                    plan->value[base].region == value->region && frame->last_use[base] == place;
        for (int32_t j = 0; j < i; j++)
            if (plan->value[value->in[j]].base == base) ends = false;
        if (ends) bytes += bytes_of_unit(plan, &plan->value[base]);
    }
    return bytes;
}

/* Bytes of the values of a region that are alive at once, for one unit. */
static int64_t live_bytes(const wg__frame *frame, const wg__region *region)
{
    const wg__plan *plan = frame->plan;
    int64_t now = 0;
    int64_t most = 1;
    for (int64_t i = region->chain_first; i < region->chain_first + region->chain_count; i++) {
        const wg__chain *chain = &plan->chain[i];
        const int64_t end = chain->first + chain->count;
        for (int64_t place = chain->first; place < end; place++)
            now += bytes_of_unit(plan, &plan->value[plan->order[place]]);
        if (now > most) most = now;
        for (int64_t place = chain->first; place < end; place++) now -= bytes_ending(frame, place);
    }
    return most;
}

/* As many items for each thread, of whole steps unless even one step is too much. */
static int64_t evened(int64_t units, int64_t largest, int64_t threads)
{
    int64_t items = divided_up(units, largest);
    if (items > 1) items = rounded_up(items, threads);
    return rounded_up(divided_up(units, items), largest < UNIT_STEP ? 1 : UNIT_STEP);
}

/* The fewest units of which no product that takes much of the time has fewer rows than this; as
 * many where there is none, because each instruction takes its time for each item.               */
static int64_t units_for_rows(const wg__plan *plan, const wg__region *region, int64_t rows)
{
    static const double much = 1.0 / 8;
    int64_t most = 0;
    for (int64_t i = region->first; i < region->first + region->count; i++) {
        const wg__value *value = &plan->value[plan->order[i]];
        if (wg__op_table[value->op].class != WG__CLASS_CONTRACT) continue;
        if (wg__cost_of(plan, plan->order[i]).time_ns < much * region->time_ns) continue;
        const wg__shape *shape = &value->type.shape;
        int64_t rows_of_unit = 1;
        for (int32_t axis = 0; axis + 1 < shape->rank; axis++) rows_of_unit *= shape->dim[axis];
        rows_of_unit /= region->units;
        if (rows_of_unit > 0 && divided_up(rows, rows_of_unit) > most)
            most = divided_up(rows, rows_of_unit);
    }
    return most > 0 ? most : rows;
}

static int64_t units_of_item(const wg_runtime *runtime, const wg__frame *frame,
                             const wg__region *region)
{
    const int64_t units = region->units;
    const int64_t threads = runtime->threads;
    if (region->kind == WG__REGION_SERIAL || region->kind == WG__REGION_WHOLE) return 1;
    if (frame->units_given > 0) return frame->units_given;
    if (runtime->shard_rows_test > 0) return runtime->shard_rows_test;
    if (region->kind == WG__REGION_TILES)
        return threads == 1 ? units : evened(units, divided_up(units, threads), threads);

    int64_t largest = LIVE_BYTES_MAX / live_bytes(frame, region);
    if (largest > divided_up(units, threads)) largest = divided_up(units, threads);
    int64_t least = 1;
    if (region->kind == WG__REGION_SHARDS) {
        least = units_for_rows(frame->plan, region, PRODUCT_ROWS_MIN);
        if (units < least * threads)
            least = units_for_rows(frame->plan, region, PRODUCT_ROWS_FEW);
    }
    if (largest < least) largest = least;
    const int64_t chosen = evened(units, largest, threads);
    return chosen < least ? least : chosen;
}

static int item_add(wg__frame *frame, int32_t region, int64_t first, int64_t units)
{
    WG_TRY(wg__grow(&frame->allocator, (void **)&frame->item, &frame->item_capacity,
                    frame->item_count + 1, sizeof *frame->item));
    frame->item[frame->item_count++] = (wg__item){ region, first, units };
    return WG_OK;
}

/* Equal items; what would be too little for one of its own goes to the last. */
static int region_cut(const wg_runtime *runtime, wg__frame *frame, int32_t index)
{
    const wg__region *region = &frame->plan->region[index];
    int64_t each = units_of_item(runtime, frame, region);
    if (each < region->units_min) each = region->units_min;
    if (each > region->units) each = region->units;
    for (int64_t first = 0; first < region->units;) {
        const int64_t left = region->units - first;
        const int64_t units = left - each < region->units_min ? left : each;
        WG_TRY(item_add(frame, index, first, units));
        if (units > frame->units[index]) frame->units[index] = units;
        first += units;
    }
    return WG_OK;
}

/* True if the region calls a kernel that is the caller's alone. */
static bool is_of_caller(const wg__plan *plan, const wg__region *region)
{
    for (int64_t place = region->first; place < region->first + region->count; place++) {
        const wg__value *value = &plan->value[plan->order[place]];
        if (value->op == WG__OP_extern && value->attribute[WG__EXTERN_BY_ROWS] == 0) return true;
        if (value->loop != NULL && value->loop->is_of_caller) return true;
    }
    return false;
}

int wg__frame_cut(const wg_runtime *runtime, wg__frame *frame)
{
    const wg__plan *plan = frame->plan;
    frame->units = wg__frame_take(frame, (size_t)plan->region_count * sizeof *frame->units);
    frame->stage = wg__frame_take(frame, (size_t)plan->stage_count * sizeof *frame->stage);
    if (frame->units == NULL || frame->stage == NULL) return WG_EMEMORY;
    memset(frame->units, 0, (size_t)plan->region_count * sizeof *frame->units);
    memset(frame->stage, 0, (size_t)plan->stage_count * sizeof *frame->stage);
    for (int64_t i = 0; i < plan->region_count; i++) {
        const wg__region *region = &plan->region[i];
        wg__stage *stage = &frame->stage[region->stage];
        if (stage->item_count == 0) stage->item_first = frame->item_count;
        WG_TRY(region_cut(runtime, frame, (int32_t)i));
        stage->item_count = frame->item_count - stage->item_first;
        stage->time_ns += region->time_ns;
        stage->is_of_caller = stage->is_of_caller || is_of_caller(plan, region);
        frame->time_ns += region->time_ns;
    }
    frame->bytes += (size_t)frame->item_capacity * sizeof *frame->item;
    return WG_OK;
}

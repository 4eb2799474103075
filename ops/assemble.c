/* From ops to micro-ops: what follows each other and suits becomes a run, and values that meet
 * memory get cells. Results that are stored have one; the others share registers: one is free
 * again where the last step or micro-op has read it, and what is computed there may have it,
 * because kernels and runs write an element after they have read it. */
#include "ops/run.h"

#include <string.h>

enum { NONE = -1 };

/* ---- micro-ops, on values ---- */

static void micro_add(const wg__kernels *kernels, wg__tiles *tiles, const wg__tile_op *op,
                      int32_t value, int64_t origin, wg__assembly *assembly)
{
    wg__micro *micro = &tiles->micro[tiles->micro_count++];
    *micro = op->micro;
    micro->in_count = op->in_count;
    micro->origin = origin;
    micro->joint_count = 1;
    micro->joint_out[0] = value;
    if (op->joint != WG__JOINT_NONE) {
        micro->joint = kernels->map->joint[op->joint][op->from];
        micro->joint_count = wg__joint_count(op->joint);
        memcpy(micro->joint_out, op->joint_out, sizeof micro->joint_out);
    }
    for (int32_t i = 0; i < op->in_count; i++) {
        micro->in[i] = op->in[i];
        assembly->uses[op->in[i]]--;
    }
    for (int32_t i = 0; i < micro->joint_count; i++)
        assembly->is_in_memory[micro->joint_out[i]] = true;
}

/* The ops from `first` on that one run takes: of the dtype of the first. */
static int64_t run_length(const wg__kernels *kernels, const wg__tile_op *op, int64_t count)
{
    const wg_dtype dtype = op[0].from;
    if (!wg__dtype_is_float(dtype)) return 0;
    int64_t length = 0;
    while (length < count && (op[length].is_done || wg__run_takes(kernels, dtype, &op[length])))
        length++;
    return length;
}

/* True if an input is one value along the last axis: a run needs no copies of it. */
static bool reads_alike(const wg__tiles *tiles, const wg__tile_op *op)
{
    for (int32_t i = 0; i < op->in_count; i++)
        if (op->in[i] < tiles->load_count && tiles->rank > 0 &&
            tiles->cell[op->in[i]].stride[tiles->rank - 1] == 0)
            return true;
    return false;
}

static void run_make(const wg__kernels *kernels, wg__tiles *tiles, const wg__tile_op *op,
                     int64_t first, int64_t length, wg__assembly *assembly)
{
    wg__run run = { .assembly = assembly };
    tiles->micro[tiles->micro_count++] =
        (wg__micro){ .run = kernels->run->run[op[first].from],
                     .step = &assembly->step[assembly->step_count] };
    wg__run_write(&run, &op[first], length, (int32_t)(tiles->load_count + first), first);
}

/* ---- cells ---- */

/* The last place, counting steps and micro-ops, that reads each value from memory. */
static void last_reads_find(const wg__tiles *tiles, wg__assembly *assembly)
{
    int64_t place = 0;
    for (int64_t i = 0; i < tiles->micro_count; i++) {
        const wg__micro *micro = &tiles->micro[i];
        for (int32_t k = 0; k < micro->in_count; k++) assembly->last_read[micro->in[k]] = place;
        place += micro->run == NULL;
        if (micro->run == NULL) continue;
        for (const wg__run_step *step = micro->step; step->code != WG__RUN_END; step++, place++)
            for (int32_t k = 0; k < 2; k++)
                if (step->cell[k] >= 0) assembly->last_read[step->cell[k]] = place;
    }
}

static bool is_register(const wg__tiles *tiles, const wg__tile_op *op, int32_t value)
{
    return value >= tiles->load_count && op[value - tiles->load_count].store < 0;
}

static void register_give(const wg__tiles *tiles, const wg__tile_op *op, wg__assembly *assembly,
                          int32_t value, int64_t place)
{
    if (!is_register(tiles, op, value) || assembly->last_read[value] != place) return;
    const size_t bytes = wg_dtype_bytes(op[value - tiles->load_count].to);
    assembly->free[bytes][assembly->free_count[bytes]++] = assembly->cell[value];
    assembly->last_read[value] = NONE;          /* an op may read a value twice */
}

/* Of a value that is written now. */
static int32_t cell_take(wg__tiles *tiles, const wg__tile_op *op, wg__assembly *assembly,
                         int32_t value)
{
    const wg__tile_op *own = &op[value - tiles->load_count];
    const size_t bytes = wg_dtype_bytes(own->to);
    int32_t *cell = &assembly->cell[value];
    if (own->store >= 0) {
        *cell = own->store;
    } else if (assembly->free_count[bytes] > 0) {
        *cell = assembly->free[bytes][--assembly->free_count[bytes]];
    } else {
        tiles->cell[tiles->cell_count] = (wg__cell){ .bytes = (int32_t)bytes };
        *cell = (int32_t)tiles->cell_count++;
    }
    return *cell;
}

/* A step without a cell, or with one, has any in its place. */
static void step_place(wg__tiles *tiles, const wg__tile_op *op, wg__assembly *assembly,
                       wg__run_step *step, int64_t place)
{
    const bool is_store = step->code == WG__RUN_STORE || step->code == WG__RUN_STORE_TRUTH;
    for (int32_t k = 0; k < 2; k++) {
        const int32_t value = step->cell[k];
        step->cell[k] = 0;
        if (value < 0) continue;
        step->cell[k] = is_store ? cell_take(tiles, op, assembly, value) : assembly->cell[value];
        register_give(tiles, op, assembly, value, place);
    }
}

/* What nobody reads keeps no register. */
static int32_t result_place(wg__tiles *tiles, const wg__tile_op *op, wg__assembly *assembly,
                            int32_t value, int64_t place)
{
    const bool is_read = assembly->last_read[value] != NONE;
    const int32_t cell = cell_take(tiles, op, assembly, value);
    if (is_read) return cell;
    assembly->last_read[value] = place;
    register_give(tiles, op, assembly, value, place);
    return cell;
}

static void micro_place(wg__tiles *tiles, const wg__tile_op *op, wg__assembly *assembly,
                        wg__micro *micro, int64_t place)
{
    for (int32_t i = 0; i < micro->in_count; i++) {
        const int32_t in = micro->in[i];
        micro->in[i] = assembly->cell[in];
        register_give(tiles, op, assembly, in, place);
    }
    for (int32_t i = 0; i < micro->joint_count; i++)
        micro->joint_out[i] = result_place(tiles, op, assembly, micro->joint_out[i], place);
    micro->out = micro->joint_out[0];
}

static void cells_place(wg__tiles *tiles, const wg__tile_op *op, wg__assembly *assembly)
{
    int64_t place = 0;
    for (int64_t i = 0; i < tiles->micro_count; i++) {
        wg__micro *micro = &tiles->micro[i];
        if (micro->run == NULL) {
            micro_place(tiles, op, assembly, micro, place++);
            continue;
        }
        wg__run_step *step = micro->step;
        for (; step->code != WG__RUN_END; step++)
            step_place(tiles, op, assembly, step, place++);
        step->cell[0] = step->cell[1] = 0;
    }
}

void wg__tiles_assemble(const wg__kernels *kernels, wg__tiles *tiles, int64_t count,
                        wg__tile_op *op, wg__assembly *assembly)
{
    const int64_t values = tiles->load_count + count;
    assembly->step_count = 0;
    memset(assembly->free_count, 0, sizeof assembly->free_count);
    for (int64_t i = 0; i < values; i++) {
        assembly->uses[i] = 0;
        assembly->cell[i] = (int32_t)i;
        assembly->last_read[i] = NONE;
        assembly->is_in_memory[i] = i < tiles->load_count;
    }
    wg__joints_find(tiles->load_count, count, op, assembly->uses);
    for (int64_t i = 0; i < count;) {
        if (op[i].is_done) {
            i++;
            continue;
        }
        const int64_t length = run_length(kernels, &op[i], count - i);
        if (length > 1 || (length == 1 && reads_alike(tiles, &op[i]))) {
            run_make(kernels, tiles, op, i, length, assembly);
            i += length;
        } else {
            micro_add(kernels, tiles, &op[i], (int32_t)(tiles->load_count + i), i, assembly);
            i++;
        }
    }
    last_reads_find(tiles, assembly);
    cells_place(tiles, op, assembly);
}

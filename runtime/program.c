/* Compiled programs: making, copying, freeing.
 *
 * A program is a frame of its own and everything it needs from the recording, copied: names,
 * large constants, scalars, the texts by which its errors call values. It holds its parameters
 * and its runtime, so everything else may be reset or freed. A copy for another runtime shares
 * the plan alone. */
#include "runtime/internal.h"

#include <string.h>

/* ---- parts ---- */

static void *take(wg_program *program, int64_t count, size_t item_bytes)
{
    size_t bytes;
    if (!wg__size_mul((size_t)count, item_bytes, &bytes)) return NULL;
    void *block = wg__arena_take(&program->arena, bytes);
    if (block != NULL) memset(block, 0, bytes);
    return block;
}

static size_t bytes_of(const wg__type *type)
{
    return (size_t)wg__shape_count(&type->shape) * wg_dtype_bytes(type->dtype);
}

/* Aligned as kernels like it. */
static void *elements_take(wg_program *program, const wg__type *type)
{
    char *block = wg__arena_take(&program->arena, bytes_of(type) + WG__ALIGNMENT);
    if (block == NULL) return NULL;
    return block + (WG__ALIGNMENT - (uintptr_t)block % WG__ALIGNMENT) % WG__ALIGNMENT;
}

/* A port that is bound to a copy of these elements from the start. */
static int port_own(wg_program *program, wg__port *port, const void *data)
{
    port->own = elements_take(program, &port->type);
    if (port->own == NULL) return WG_EMEMORY;
    if (bytes_of(&port->type) > 0) memcpy(port->own, data, bytes_of(&port->type));
    port->view = wg_view_of(port->own, port->type.dtype, wg__shape_public(&port->type.shape));
    port->is_bound = true;
    return WG_OK;
}

static int port_name(wg_program *program, wg__port *port, const char *name)
{
    if (name == NULL) return WG_OK;
    port->name = wg__arena_string(&program->arena, name);
    return port->name == NULL ? WG_EMEMORY : WG_OK;
}

static int tables_make(wg_program *program)
{
    const wg__plan *plan = program->frame->plan;
    program->port = take(program, plan->input_count, sizeof *program->port);
    program->parameter = take(program, plan->version_count, sizeof *program->parameter);
    program->result = take(program, plan->result_count, sizeof *program->result);
    program->name = take(program, plan->value_count, sizeof *program->name);
    if (program->port == NULL || program->parameter == NULL || program->result == NULL ||
        program->name == NULL)
        return WG_EMEMORY;
    program->port_count = plan->input_count;
    program->parameter_count = plan->version_count;
    for (int64_t i = 0; i < plan->result_count; i++) {
        const wg__type *type = &plan->value[plan->result[i]].type;
        void *data = elements_take(program, type);
        if (data == NULL) return WG_EMEMORY;
        program->result[i] = wg__array_of(data, type->dtype, &type->shape);
        program->frame->base[wg__slot_result(plan, i)] = data;
    }
    return WG_OK;
}

static void parameter_set(wg_program *program, int64_t i, const wg__parameter *parameter)
{
    program->parameter[i] = *parameter;
    wg__params_hold(parameter->params);
    program->held_count = i + 1;
}

static wg_program *program_open(wg_runtime *runtime)
{
    wg_program *program = wg__allocate_zeroed(&runtime->allocator, sizeof *program);
    if (program == NULL) return NULL;
    program->allocator = runtime->allocator;
    program->runtime = runtime;
    program->ended = WG_EINVALID;
    wg__arena_init(&program->arena, &program->allocator);
    wg__runtime_hold(runtime);
    return program;
}

void wg_program_free(wg_program *program)
{
    if (program == NULL) return;
    const wg_allocator allocator = program->allocator;
    wg_runtime *runtime = program->runtime;
    for (int64_t i = 0; i < program->held_count; i++)
        wg__params_drop(program->parameter[i].params);
    wg__frame_free(program->frame);
    wg__arena_free(&program->arena);
    wg__release(&allocator, program, sizeof *program);
    wg__runtime_drop(runtime);
}

/* ---- from a recording ---- */

static int ports_record(wg_program *program, const wg_tape *tape)
{
    for (int64_t i = 0; i < tape->input_count; i++) {
        const wg__input *input = &tape->input[i];
        wg__port *port = &program->port[i];
        *port = (wg__port){ .type = input->type, .is_constant = input->is_constant };
        WG_TRY(port_name(program, port, input->name));
        if (input->is_scalar || input->is_constant)
            WG_TRY(port_own(program, port, input->view.data));
    }
    return WG_OK;
}

static void parameters_record(wg_program *program, const wg_tape *tape)
{
    const wg__plan *plan = program->frame->plan;
    for (int64_t i = 0; i < tape->version_count; i++) {
        const wg__version *version = &tape->version[i];
        const wg__parameter parameter = { .params = version->params,
                                          .entry = version->entry,
                                          .type = version->type };
        parameter_set(program, i, &parameter);
    }
    for (int64_t i = 0; i < plan->store_count; i++)
        program->parameter[plan->store[i].version].is_stored = true;
}

/* "div of [3] and [3] in head (model.c:41), in a derivative of order 1" */
static void name_searched(wg_tape *tape, uint32_t node, wg__text *text)
{
    const wg__place *place = &tape->place[node];
    const int order = wg__tape_derivative_order(tape, node);
    wg__tape_name_op(tape, node, text);
    if (place->scope > 0) wg__text_add(text, " in %s", tape->scope[place->scope].path);
    wg__text_place(text, place);
    if (order > 0) wg__text_add(text, ", in a derivative of order %d", order);
}

/* Values that may fail: lookups, what must be finite, and in anomaly mode all. */
static int names_record(wg_program *program, wg_tape *tape)
{
    const wg__plan *plan = program->frame->plan;
    for (int64_t i = 0; i < plan->value_count; i++) {
        const wg__value *value = &plan->value[i];
        const bool fails = plan->keeps_all || value->finite_effect != WG__NOWHERE ||
                           wg__op_table[value->op].class == WG__CLASS_INDEX ||
                           value->op == WG__OP_extern || value->loop != NULL;
        if (!fails) continue;
        char space[300];
        wg__text text = wg__text_of(space, sizeof space);
        if (plan->keeps_all) name_searched(tape, value->node, &text);
        else wg__tape_name_value(tape, value->node, &text);
        program->name[i] = wg__arena_string(&program->arena, space);
        if (program->name[i] == NULL) return WG_EMEMORY;
    }
    return WG_OK;
}

static int program_record(wg_runtime *runtime, wg_tape *tape, wg_program *program,
                          const wg__wanted *wanted)
{
    wg__frame *cached;
    WG_TRY(wg__cache_frame(runtime, tape, wanted, &cached));
    WG_TRY(wg__frame_create(runtime, cached->plan, &program->frame));
    WG_TRY(tables_make(program));
    wg__frame_bind_externals(program->frame, tape->external);
    WG_TRY(ports_record(program, tape));
    parameters_record(program, tape);
    return names_record(program, tape);
}

static int outputs_take(wg_runtime *runtime, wg_tape *tape, int64_t count, const wg_var *output)
{
    runtime->wanted_count = 0;
    WG_TRY(wg__grow(&runtime->allocator, (void **)&runtime->wanted, &runtime->wanted_capacity,
                    count, sizeof *runtime->wanted));
    for (int64_t i = 0; i < count; i++)
        runtime->wanted[runtime->wanted_count++] = output[i].index;
    return wg__recording_check_gone(tape, runtime->wanted_count, runtime->wanted);
}

static int compile_entered(wg_runtime *runtime, wg_tape *tape, int64_t count,
                           const wg_var *output, wg_program *program)
{
    WG_TRY(wg__recording_lock(runtime, tape));
    WG_TRY(outputs_take(runtime, tape, count, output));
    WG_TRY(wg__recording_create(runtime, tape));
    const wg__wanted wanted = { .tape = tape,
                                .node = runtime->wanted,
                                .count = count,
                                .with_effects = true };
    return program_record(runtime, tape, program, &wanted);
}

static int outputs_check(wg_tape *tape, int64_t count, const wg_var *output)
{
    WG_TRY(wg__tape_expect_no_body(tape, "compile"));
    if (count < 0 || (count > 0 && output == NULL))
        return wg__tape_fail(tape, WG_EINVALID, WG__NONE, "compile: no outputs are given");
    for (int64_t i = 0; i < count; i++) {
        if (output[i].tape != NULL && output[i].tape != tape)
            return wg__tape_fail(tape, WG_EFOREIGN, WG__NONE,
                                 "compile: output %lld is of another tape", (long long)i);
        const int status = wg__var_check(output[i]);
        if (status < 0)
            return wg__tape_fail(tape, status, WG__NONE, "compile: output %lld is no value",
                                 (long long)i);
    }
    return WG_OK;
}

wg_program *wg_compile(wg_runtime *runtime, wg_tape *tape, int64_t count, const wg_var *output)
{
    if (tape == NULL || outputs_check(tape, count, output) < 0) return NULL;
    wg__float_mode before;
    int status = runtime == NULL ? WG_EINVALID : wg__runtime_enter(runtime, &before);
    if (status < 0) {
        wg__tape_fail(tape, status, WG__NONE, "compile: the runtime is %s",
                      runtime == NULL ? "NULL" : "in use by another thread");
        return NULL;
    }
    wg_program *program = program_open(runtime);
    status = program == NULL ? WG_EMEMORY
                             : compile_entered(runtime, tape, count, output, program);
    if (status < 0) wg__recording_uncreate(runtime, tape);
    wg__params_unlock_all(runtime);
    wg__runtime_leave(runtime, before);
    if (status >= 0) return program;
    if (status == WG_EMEMORY) wg__tape_no_memory(tape);
    else wg__tape_fail(tape, status, WG__NONE, "compile: %s", wg_status_text(status));
    wg_program_free(program);
    return NULL;
}

/* ---- from another program ---- */

static int ports_copy(wg_program *program, const wg_program *from)
{
    for (int64_t i = 0; i < from->port_count; i++) {
        const wg__port *port = &from->port[i];
        program->port[i] = (wg__port){ .type = port->type, .is_constant = port->is_constant };
        WG_TRY(port_name(program, &program->port[i], port->name));
        if (port->own != NULL) WG_TRY(port_own(program, &program->port[i], port->own));
    }
    return WG_OK;
}

static int names_copy(wg_program *program, const wg_program *from)
{
    for (int64_t i = 0; i < from->frame->plan->value_count; i++) {
        if (from->name[i] == NULL) continue;
        program->name[i] = wg__arena_string(&program->arena, from->name[i]);
        if (program->name[i] == NULL) return WG_EMEMORY;
    }
    return WG_OK;
}

static int program_fill(wg_program *program, const wg_program *from)
{
    WG_TRY(wg__frame_create(program->runtime, from->frame->plan, &program->frame));
    wg__frame_bind_externals(program->frame, from->frame->external);
    WG_TRY(tables_make(program));
    WG_TRY(ports_copy(program, from));
    for (int64_t i = 0; i < from->parameter_count; i++)
        parameter_set(program, i, &from->parameter[i]);
    return names_copy(program, from);
}

wg_program *wg_program_copy(const wg_program *program, wg_runtime *runtime)
{
    wg__float_mode before;
    if (program == NULL || runtime == NULL || wg__runtime_enter(runtime, &before) < 0) return NULL;
    wg_program *copy = program_open(runtime);
    const int status = copy == NULL ? WG_EMEMORY : program_fill(copy, program);
    wg__runtime_leave(runtime, before);
    if (status >= 0) return copy;
    wg_program_free(copy);
    return NULL;
}

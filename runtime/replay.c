/* Compiled programs: binding, running, reading. Binding checks against the recording, so that
 * running has nothing left to check but what others may have changed meanwhile. */
#include "runtime/internal.h"

#include <stdio.h>
#include <string.h>

static int refuse(wg_program *program, int status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

static int refuse(wg_program *program, int status, const char *format, ...)
{
    char text[sizeof program->error.message];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return wg__fail(&program->error, status, "%s", text);
}

/* ---- binding ---- */

static int port_find(wg_program *program, const char *name, wg__port **out)
{
    if (name == NULL) return refuse(program, WG_EINVALID, "bind: no name");
    for (int64_t i = 0; i < program->port_count; i++) {
        wg__port *port = &program->port[i];
        if (port->name == NULL || strcmp(port->name, name) != 0) continue;
        *out = port;
        return WG_OK;
    }
    return refuse(program, WG_ENAME, "bind: the program has no input '%s'", name);
}

/* "x: [64, 26] f32 expected, not [64, 25] f32" */
static int type_refuse(wg_program *program, const wg__port *port, const wg_view *view)
{
    char text[400];
    wg__text why = wg__text_of(text, sizeof text);
    const wg__shape shape = wg__shape_of(view->shape);
    wg__text_shape(&why, &port->type.shape);
    wg__text_add(&why, " %s expected, not ", wg_dtype_name(port->type.dtype));
    wg__text_shape(&why, &shape);
    wg__text_add(&why, " %s", wg_dtype_name(view->dtype));
    return refuse(program, view->dtype != port->type.dtype ? WG_EDTYPE : WG_ESHAPE, "bind: %s: %s",
                  port->name, text);
}

int wg_program_bind(wg_program *program, const char *name, wg_view view)
{
    if (program == NULL) return WG_EINVALID;
    wg__port *port;
    WG_TRY(port_find(program, name, &port));
    const int status = wg__view_check(&view);
    if (status < 0) return refuse(program, status, "bind: %s: the view is malformed", name);
    const wg__shape shape = wg__shape_of(view.shape);
    if (view.dtype != port->type.dtype || !wg__shape_equal(&shape, &port->type.shape))
        return type_refuse(program, port, &view);
    if (wg__frame_reserve_packed(program->frame, port - program->port, &view) < 0)
        return refuse(program, WG_EMEMORY, "bind: %s: no memory for a contiguous copy", name);
    port->view = view;
    port->is_bound = true;
    return WG_OK;
}

int wg_program_set(wg_program *program, const char *name, double value)
{
    if (program == NULL) return WG_EINVALID;
    wg__port *port;
    WG_TRY(port_find(program, name, &port));
    if (port->type.shape.rank != 0)
        return refuse(program, WG_ESHAPE, "set: %s is no scalar: bind it", name);
    if (!wg__number_fits(port->type.dtype, value))
        return refuse(program, WG_EINVALID, "set: %s: a %s cannot hold %g", name,
                      wg_dtype_name(port->type.dtype), value);
    if (port->own == NULL) port->own = wg__arena_take(&program->arena, sizeof(int64_t));
    if (port->own == NULL) return refuse(program, WG_EMEMORY, "set: %s: no memory", name);
    const int64_t bits = wg__number_bits(port->type.dtype, value);
    memcpy(port->own, &bits, wg_dtype_bytes(port->type.dtype));
    port->view = wg_view_of(port->own, port->type.dtype, WG_SCALAR);
    port->is_bound = true;
    return WG_OK;
}

/* ---- running ---- */

static int ports_bind(wg_program *program)
{
    const wg__plan *plan = program->frame->plan;
    for (int64_t i = 0; i < program->port_count; i++) {
        const wg__port *port = &program->port[i];
        if (!plan->input_is_read[i]) continue;
        if (!port->is_bound)
            return refuse(program, WG_EUNBOUND, "run: input '%s' was never bound",
                          port->name != NULL ? port->name : "(unnamed)");
        wg__frame_bind(program->frame, i, &port->view);
    }
    return WG_OK;
}

static int parameters_lock(wg_program *program)
{
    wg_runtime *runtime = program->runtime;
    for (int64_t i = 0; i < program->parameter_count; i++) {
        wg_params *params = program->parameter[i].params;
        bool is_locked = false;
        bool to_write = false;
        for (int64_t j = 0; j < runtime->locked_count; j++)
            is_locked = is_locked || runtime->locked[j] == params;
        if (is_locked) continue;
        for (int64_t j = i; j < program->parameter_count; j++)
            if (program->parameter[j].params == params)
                to_write = to_write || program->parameter[j].is_stored;
        const int status = wg__params_lock_one(runtime, params, to_write);
        if (status < 0) return refuse(program, status, "run: the params are in use elsewhere");
    }
    return WG_OK;
}

static int parameters_bind(wg_program *program)
{
    wg__frame *frame = program->frame;
    for (int64_t i = 0; i < program->parameter_count; i++) {
        const wg__parameter *parameter = &program->parameter[i];
        const wg__entry *entry = parameter->entry;
        if (entry->type.dtype != parameter->type.dtype ||
            !wg__shape_equal(&entry->type.shape, &parameter->type.shape))
            return refuse(program, WG_ESHAPE, "run: %s was replaced by a value of another type",
                          entry->path);
        frame->base[wg__slot_version(frame->plan, i)] = entry->data;
    }
    return WG_OK;
}

static int failure_tell(wg_program *program, const wg__failure *failure)
{
    const char *name = program->name[failure->value];
    char text[300];
    wg__text why = wg__text_of(text, sizeof text);
    switch (failure->status) {
    case WG_EINDEX:
        wg__fault_text(&failure->fault, &why);
        return refuse(program, WG_EINDEX, "%s: %s", name, text);
    case WG_ECALLBACK:
        return refuse(program, WG_ECALLBACK, "%s failed: nothing was stored", name);
    case WG_EFINITE:
        return refuse(program, WG_EFINITE, "%s: the value is not finite: nothing was stored",
                      name);
    default: return refuse(program, failure->status, "run: %s", wg_status_text(failure->status));
    }
}

/* Of a program in anomaly mode. */
static int finite_check(wg_program *program, uint32_t start)
{
    wg__origin origin;
    if (!wg__frame_find_not_finite(program->runtime, program->frame, start, &origin)) return WG_OK;
    char text[200];
    wg__text why = wg__text_of(text, sizeof text);
    wg__origin_text(program->frame->plan, &origin, &why);
    return refuse(program, WG_EFINITE, "%s: %s", program->name[origin.value], text);
}

static int run_entered(wg_program *program, bool stores)
{
    wg_runtime *runtime = program->runtime;
    wg__frame *frame = program->frame;
    const wg__plan *plan = frame->plan;
    WG_TRY(parameters_lock(program));
    WG_TRY(ports_bind(program));
    WG_TRY(parameters_bind(program));
    wg__failure failure;
    const int status = wg__frame_run(runtime, frame, &failure);
    const bool is_searched = plan->keeps_all && (status == WG_OK || status == WG_EFINITE);
    if (is_searched) WG_TRY(finite_check(program, status < 0 ? failure.value : WG__NONE));
    if (status < 0) return failure_tell(program, &failure);
    if (!stores) return WG_OK;
    wg__frame_commit(runtime, frame);
    for (int64_t i = 0; i < plan->store_count; i++)
        program->parameter[plan->store[i].version].entry->version++;
    return WG_OK;
}

static int program_run(wg_program *program, bool stores, wg__laps *laps)
{
    wg__float_mode before;
    wg_runtime *runtime = program->runtime;
    if (wg__runtime_enter(runtime, &before) < 0)
        return refuse(program, WG_EBUSY, "run: the runtime is in use by another thread");
    runtime->laps = laps;
    program->ended = run_entered(program, stores);
    runtime->laps = NULL;
    wg__params_unlock_all(runtime);
    wg__runtime_leave(runtime, before);
    return program->ended;
}

int wg_program_run(wg_program *program)
{
    return program == NULL ? WG_EINVALID : program_run(program, true, NULL);
}

int wg__program_run(wg_program *program, wg__laps *laps)
{
    return program_run(program, false, laps);
}

/* ---- reading ---- */

static int output_find(const wg_program *program, int64_t output, const wg__array **out)
{
    if (program == NULL || output < 0 || output >= program->frame->plan->result_count)
        return WG_EINVALID;
    if (program->ended < 0) return program->ended;
    *out = &program->result[output];
    return WG_OK;
}

int wg_program_item(const wg_program *program, int64_t output, double *out)
{
    const wg__array *array;
    WG_TRY(output_find(program, output, &array));
    if (out == NULL) return WG_EINVALID;
    if (wg__array_count(array) != 1) return WG_ESHAPE;
    *out = wg__array_item(array);
    return WG_OK;
}

int wg_program_peek(const wg_program *program, int64_t output, wg_view *out)
{
    const wg__array *array;
    WG_TRY(output_find(program, output, &array));
    if (out == NULL) return WG_EINVALID;
    if (array->rank > WG_RANK_MAX) return WG_ELIMIT;
    wg_shape shape = { .rank = array->rank };
    for (int32_t i = 0; i < array->rank; i++) shape.dim[i] = array->dim[i];
    *out = wg_view_of(array->data, array->dtype, shape);
    return WG_OK;
}

static int read_plain(const wg_program *program, int64_t output, wg_dtype dtype, void *out,
                      int64_t count)
{
    const wg__array *array;
    WG_TRY(output_find(program, output, &array));
    if (array->dtype != dtype) return WG_EDTYPE;
    if (wg__array_count(array) != count) return WG_ESHAPE;
    if (count > 0 && out == NULL) return WG_EINVALID;
    if (count > 0) memcpy(out, array->data, (size_t)count * wg_dtype_bytes(dtype));
    return WG_OK;
}

int wg_program_read_f32(const wg_program *program, int64_t output, float *out, int64_t count)
{
    return read_plain(program, output, WG_F32, out, count);
}

int wg_program_read_f64(const wg_program *program, int64_t output, double *out, int64_t count)
{
    return read_plain(program, output, WG_F64, out, count);
}

const char *wg_program_message(const wg_program *program)
{
    return program == NULL ? "" : program->error.message;
}

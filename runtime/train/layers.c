/* What goes through a model in one step: the values that its layers note, its parameters, their
 * gradients and updates. The step is recorded like any other, on a copy of the params, so that
 * nothing is learnt by looking. */
#include "graph/internal.h"
#include "runtime/data/dataset.h"
#include "runtime/data/decimal.h"
#include "runtime/train/pass.h"

#include <string.h>

enum { NUMBERS = 8 }; /* of a layer, in the order of wg_layer_state */

typedef struct inspection {
    wg__pass pass;
    wg__samples batch;
    wg_var *value, *gradient, *update; /* update: null values for what is no parameter */
    const char **path;
    int64_t count, note_count;
    wg_var *number;                    /* NUMBERS of each */
    double *read;
} inspection;

/* ---- numbers ---- */

static wg_var norm_of(wg_var x)
{
    return wg_sqrt(wg_sum(wg_square(x), WG_ALL));
}

/* Mean, spread and norm, in f64. */
static void moments_record(wg_var x, wg_var out[3])
{
    x = wg_cast(x, WG_F64);
    out[0] = wg_mean(x, WG_ALL);
    const wg_var off = wg_sub(x, out[0]);
    out[1] = wg_sqrt(wg_mean(wg_square(off), WG_ALL));
    out[2] = norm_of(x);
}

/* The share of units, elements of the last axis, that give the same to every sample and place. */
static wg_var dead_share(wg_var x)
{
    const wg_shape shape = wg_shape_of(x);
    wg_axes others = { .count = shape.rank - 1 };
    for (int32_t i = 0; i + 1 < shape.rank; i++) others.axis[i] = i;
    if (shape.rank < 2) return wg_full(x.tape, WG_F64, WG_SCALAR, 0);
    const wg_var highest = wg_max(x, others);
    const wg_var is_still = wg_eq(highest, wg_min(x, others));
    return wg_mean(wg_cast(is_still, WG_F64), WG_ALL);
}

static void numbers_record(inspection *self, int64_t i)
{
    wg_var *number = self->number + i * NUMBERS;
    const wg_var none = wg_full(self->pass.tape, WG_F64, WG_SCALAR, 0);
    moments_record(self->value[i], number);
    moments_record(self->gradient[i], number + 3);
    number[6] = self->update[i].tape == NULL ? none : norm_of(wg_cast(self->update[i], WG_F64));
    number[7] = i < self->note_count ? dead_share(self->value[i]) : none;
}

/* ---- the step ---- */

/* Notes of floating point, in the order they were made, then parameters by path. */
static int values_list(inspection *self)
{
    wg_tape *tape = self->pass.tape;
    const int64_t parameters = wg_parameters(self->batch.scope, 0, NULL);
    const size_t room = (size_t)(tape->note_count + parameters);
    self->value = wg_tape_take(tape, room * sizeof *self->value);
    self->gradient = wg_tape_take(tape, room * sizeof *self->gradient);
    self->update = wg_tape_take(tape, room * sizeof *self->update);
    self->path = wg_tape_take(tape, room * sizeof *self->path);
    self->number = wg_tape_take(tape, room * NUMBERS * sizeof *self->number);
    self->read = wg_tape_take(tape, room * NUMBERS * sizeof *self->read);
    WG_TRY(wg_tape_status(tape));
    for (int64_t i = 0; i < tape->note_count; i++) {
        const wg_var x = wg__var_of(tape, tape->note[i].node);
        if (tape->record[x.index].body != 0) continue; /* a value of one row or step alone */
        if (!wg__dtype_is_float(wg_dtype_of(x)) || wg_shape_count(wg_shape_of(x)) == 0) continue;
        self->path[self->count] = tape->note[i].path;
        self->value[self->count++] = x;
    }
    self->note_count = self->count;
    wg_parameters(self->batch.scope, parameters, self->value + self->count);
    for (int64_t i = 0; i < parameters; i++) {
        self->path[self->count] = wg_path(self->value[self->count]);
        self->count++;
    }
    memset(self->update, 0, room * sizeof *self->update);
    return WG_OK;
}

/* Gradients of everything, and what the optimiser makes of those of the parameters. */
static int step_record(inspection *self)
{
    const wg_var mean = wg__sample_mean(&self->batch);
    const int64_t first = self->note_count, parameters = self->count - first;
    WG_TRY(wg_grads(mean, self->count, self->value, self->gradient));
    WG_TRY(wg_apply(self->pass.optimizer, self->batch.scope, parameters, self->value + first,
                    self->gradient + first));
    wg_parameters(self->batch.scope, parameters, self->update + first);
    for (int64_t i = first; i < self->count; i++)
        self->update[i] = wg_sub(self->update[i], self->value[i]);
    for (int64_t i = 0; i < self->count; i++) numbers_record(self, i);
    return wg_items(self->pass.runtime, self->count * NUMBERS, self->number, self->read);
}

static void states_copy(const inspection *self, int64_t capacity, wg_layer_state *state)
{
    for (int64_t i = 0; i < self->count && i < capacity; i++) {
        const double *read = self->read + i * NUMBERS;
        state[i] = (wg_layer_state){ .is_parameter = i >= self->note_count,
                                     .mean = read[0],
                                     .spread = read[1],
                                     .norm = read[2],
                                     .gradient_mean = read[3],
                                     .gradient_spread = read[4],
                                     .gradient_norm = read[5],
                                     .update_norm = read[6],
                                     .dead = read[7] };
        wg__text path = wg__text_of(state[i].path, sizeof state[i].path);
        wg__text_add(&path, "%s", self->path[i]);
    }
}

static int inspection_run(inspection *self)
{
    int status = wg_loader_start(self->pass.loader, 0);
    if (status >= 0) status = wg_loader_next(self->pass.loader);
    if (status == 0) return wg_tape_fail(self->pass.tape, WG_EINVALID, "layers: there are no rows");
    if (status > 0) status = wg__pass_record(&self->pass, WG_TRAINING, &self->batch);
    if (status >= 0) status = values_list(self);
    return status < 0 ? status : step_record(self);
}

/* A copy of the params, a tape and a loader. */
static int inspection_open(inspection *self, const wg_params *params, wg_error *error)
{
    const wg_loader_options in_order = { .batch_size = WG__EVALUATION_ROWS, .in_order = true };
    const wg_allocator *allocator = &params->allocator;
    self->pass.params = wg_params_create(&(wg_params_options){
        .allocator = allocator, .seed = params->seed, .dtype = params->dtype });
    self->pass.tape = wg_tape_create(&(wg_tape_options){ .allocator = allocator });
    const bool has_memory = self->pass.params != NULL && self->pass.tape != NULL &&
                            wg_params_copy(params, "*", self->pass.params) >= 0;
    if (!has_memory) return wg__fail(error, WG_EMEMORY, "layers: no memory");
    return wg_loader_create(self->pass.runtime, self->pass.data, &in_order, &self->pass.loader,
                            error);
}

int wg_layers(wg_runtime *runtime, const wg_model *model, const wg_params *params,
              const wg_dataset *data, const wg_optimizer *optimizer, int64_t capacity,
              wg_layer_state *state, int64_t *count, wg_error *error)
{
    const wg_optimizer adam = wg_adam(1e-3, NULL);
    inspection self = { .pass = { .runtime = runtime, .model = model, .data = data,
                                  .optimizer = optimizer == NULL ? &adam : optimizer } };
    if (runtime == NULL || params == NULL || data == NULL || count == NULL || capacity < 0 ||
        (capacity > 0 && state == NULL))
        return wg__fail(error, WG_EINVALID,
                        "layers: runtime, params, data and places are needed, not NULL");
    WG_TRY(wg__model_check(model, error));
    int status = inspection_open(&self, params, error);
    if (status >= 0) {
        status = inspection_run(&self);
        if (status >= 0) states_copy(&self, capacity, state);
        if (status >= 0) *count = self.count;
        else (void)wg__fail(error, status, "layers: %s", wg__pass_explain(&self.pass, status));
    }
    wg_loader_free(self.pass.loader);
    wg_tape_free(self.pass.tape);
    wg_params_free(self.pass.params);
    return status < 0 ? status : WG_OK;
}

/* ---- the table ---- */

static int state_print(const wg_layer_state *state, wg_writer *write, void *user)
{
    const double value[NUMBERS] = { state->mean,          state->spread,
                                    state->norm,          state->gradient_mean,
                                    state->gradient_spread, state->gradient_norm,
                                    state->update_norm,   state->dead };
    char line[NUMBERS * WG__DECIMAL_BYTES + sizeof state->path];
    wg__text text = wg__text_of(line, sizeof line);
    for (int i = 0; i < NUMBERS; i++) {
        char number[WG__DECIMAL_BYTES];
        wg__decimal_short(value[i], number);
        const bool is_there = i == 6 ? state->is_parameter : i < 6 || !state->is_parameter;
        wg__text_add(&text, "%11s", is_there ? number : "");
    }
    wg__text_add(&text, "  %s", state->path);
    return wg__write(write, user, "%s\n", line);
}

int wg_layers_print(int64_t count, const wg_layer_state *state, wg_writer *write, void *user)
{
    if (write == NULL || count < 0 || (count > 0 && state == NULL)) return WG_EINVALID;
    WG_TRY(wg__write(write, user, "%33s%33s%11s%11s\n%11s%11s%11s%11s%11s%11s%11s%11s  path\n",
                     "value", "gradient", "update", "share", "mean", "spread", "norm", "mean",
                     "spread", "norm", "norm", "dead"));
    for (int64_t i = 0; i < count; i++) WG_TRY(state_print(&state[i], write, user));
    return WG_OK;
}

/* Averaged weights: an exponential mean of each parameter, as state beside it. The first mean is
 * the value itself, so nothing has to be corrected, and the means can be used after any step. */
#include <wengert/nn.h>
#include <math.h>
#include <string.h>

#define AVERAGE "average"

/* Not yet begun it is NaN: then the value, else mean + share (value - mean). */
static void mean_assign(wg_scope own, wg_var parameter, double share)
{
    const wg_var mean = wg_state(own, wg_path(parameter), wg_dtype_of(parameter),
                                 wg_shape_of(parameter), (double)NAN);
    const wg_var is_new = wg_ne(mean, mean);
    const wg_var moved = wg_add(mean, wg_scale(wg_sub(parameter, mean), share));
    wg_assign(mean, wg_select(is_new, parameter, moved));
}

int wg_average(wg_scope scope, double decay)
{
    if (!(decay >= 0 && decay < 1))
        return wg_tape_fail(scope.tape, WG_EINVALID, "average: decay is not within 0 <= decay < 1");
    const int64_t count = wg_parameters(scope, 0, NULL);
    if (count <= 0) return wg_tape_status(scope.tape);
    wg_var *parameter = wg_tape_take(scope.tape, (size_t)count * sizeof *parameter);
    if (!parameter) return wg_tape_status(scope.tape);
    wg_parameters(scope, count, parameter);
    const wg_mode mode = wg_scope_training(scope) ? WG_TRAINING : WG_EVALUATION;
    const wg_scope own = wg_scope_in(wg_scope_root(scope.tape, scope.params, mode), AVERAGE);
    for (int64_t i = 0; i < count && wg_tape_status(scope.tape) == WG_OK; i++) {
        mean_assign(own, parameter[i], 1 - decay);
        const wg_var placed = wg_at(parameter[i], NULL, 0);
        (void)placed;
    }
    return wg_tape_status(scope.tape);
}

int wg_average_copy(const wg_params *params, wg_params *target)
{
    const size_t prefix = sizeof AVERAGE "/" - 1;
    int replaced = 0;
    const int copied = wg_params_copy(params, "*", target);
    if (copied < 0) return copied;
    for (int64_t i = 0; i < wg_params_count(params); i++) {
        wg_view mean, value;
        const char *name = wg_params_name(params, i);
        if (strncmp(name, AVERAGE "/", prefix) != 0) continue;
        if (wg_params_find(params, name + prefix, &value) < 0) continue;
        int status = wg_params_find(params, name, &mean);
        if (status >= 0) status = wg_params_set(target, name + prefix, mean);
        if (status < 0) return status;
        replaced++;
    }
    return replaced;
}

/* Optimisers: a rule records the new value of one parameter from its gradient; the runtime
 * stores it when the recording runs. All state lives below "<optimiser>/<parameter>/" in the
 * same params. */
#include <wengert/nn.h>
#include <stdio.h>

/* A setting whose zero stands for its default. */
static double setting_or(double value, double other)
{
    return value == 0 ? other : value;
}

/* leaf reads as value from here on; a value that is not finite fails the run, unless unchecked. */
static void store(const wg_optimizer *self, wg_var leaf, wg_var value)
{
    if (!self->unchecked) wg_require_finite(value);
    wg_assign(leaf, value);
}

static wg_var cast_number(wg_var like, wg_var scalar)
{
    return wg_cast(scalar, wg_dtype_of(like));
}

/* p - rate u, u = momentum u + g; without momentum u is g. */
static wg_var update_sgd(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                         const wg_optimizer *self)
{
    wg_var step = gradient;
    if (self->setting[0] != 0) {
        const wg_var velocity = wg_state_like(state, "velocity", parameter);
        step = wg_add(wg_scale(velocity, self->setting[0]), gradient);
        store(self, velocity, step);
    }
    return wg_sub(parameter, wg_mul(cast_number(parameter, rate), step));
}

wg_optimizer wg_sgd(double rate, const wg_sgd_options *options)
{
    return (wg_optimizer){ .update = update_sgd,
                           .name = "sgd",
                           .rate = rate,
                           .setting = { options ? options->momentum : 0 } };
}

/* 1 - beta^t, in f64: the power is state, multiplied on. */
static wg_var bias_correction(wg_scope state, const char *name, double beta)
{
    const wg_var power = wg_state(state, name, WG_F64, WG_SCALAR, 1);
    const wg_var next = wg_scale(power, beta);
    wg_assign(power, next);
    return wg_sub(wg_number(next, 1), next);
}

/* An exponential mean of x, kept as state. */
static wg_var running_mean(wg_scope state, const char *name, wg_var like, wg_var x, double beta,
                           const wg_optimizer *self)
{
    const wg_var old = wg_state_like(state, name, like);
    const wg_var mean = wg_add(wg_scale(old, beta), wg_scale(x, 1 - beta));
    store(self, old, mean);
    return mean;
}

/* p - rate m' / (sqrt(v') + epsilon), m' and v' the means of g and g g with their start
 * corrected. */
static wg_var update_adam(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                          const wg_optimizer *self)
{
    const double beta1 = self->setting[0], beta2 = self->setting[1], epsilon = self->setting[2];
    const wg_var first = running_mean(state, "mean", parameter, gradient, beta1, self);
    const wg_var second =
        running_mean(state, "square", parameter, wg_square(gradient), beta2, self);
    const wg_var correction1 = bias_correction(state, "power1", beta1);
    const wg_var correction2 = bias_correction(state, "power2", beta2);
    const wg_var pace = cast_number(parameter, wg_div(rate, correction1));
    const wg_var growth = cast_number(parameter, wg_reciprocal(correction2));
    const wg_var spread = wg_shift(wg_sqrt(wg_mul(second, growth)), epsilon);
    return wg_sub(parameter, wg_div(wg_mul(pace, first), spread));
}

wg_optimizer wg_adam(double rate, const wg_adam_options *options)
{
    const wg_adam_options chosen = options ? *options : (wg_adam_options){ 0 };
    return (wg_optimizer){ .update = update_adam,
                           .name = "adam",
                           .rate = rate,
                           .setting = { setting_or(chosen.beta1, 0.9),
                                        setting_or(chosen.beta2, 0.999),
                                        setting_or(chosen.epsilon, 1e-8) } };
}

int wg_apply(const wg_optimizer *optimizer, wg_scope scope, int64_t count, const wg_var *parameter,
             const wg_var *gradient)
{
    if (!optimizer || !optimizer->update || !optimizer->name || count < 0 ||
        (count > 0 && (!parameter || !gradient)))
        return wg_tape_fail(scope.tape, WG_EINVALID, "apply: no optimiser, parameter or gradient");
    const wg_mode mode = wg_scope_training(scope) ? WG_TRAINING : WG_EVALUATION;
    const wg_scope root = wg_scope_root(scope.tape, scope.params, mode);
    const wg_scope own = wg_scope_in(root, optimizer->name);
    /* Named below the optimiser, so that two of one name on a tape are an error. */
    char rate_name[256];
    const int length = snprintf(rate_name, sizeof rate_name, "%s/rate", optimizer->name);
    if (length < 0 || (size_t)length >= sizeof rate_name)
        return wg_tape_fail(scope.tape, WG_ENAME, "apply: the optimiser's name is too long");
    const wg_var rate = wg_scalar(scope.tape, rate_name, WG_F64, optimizer->rate);
    for (int64_t i = 0; i < count; i++) {
        const wg_scope state = wg_scope_in(own, wg_path(parameter[i]));
        const uint32_t held = wg_location_hold(scope.tape);
        const wg_var next =
            optimizer->update(state, parameter[i], gradient[i], rate, optimizer);
        wg_location_release(scope.tape, held);
        store(optimizer, parameter[i], next);
        /* No macro wraps what returns int: an update has the lines of what it is made of. */
        const wg_var placed = wg_at(gradient[i], NULL, 0);
        (void)placed;
    }
    return wg_tape_status(scope.tape);
}

int wg_minimize(const wg_optimizer *optimizer, wg_scope scope, wg_var loss)
{
    const int64_t count = wg_parameters(scope, 0, NULL);
    if (count <= 0) {
        const int status = wg_tape_status(scope.tape);
        return status < 0 ? status
                          : wg_tape_fail(scope.tape, WG_EINVALID,
                                         "minimize: no parameter has been met below this scope");
    }
    wg_var *parameter = wg_tape_take(scope.tape, (size_t)count * sizeof *parameter);
    wg_var *gradient = wg_tape_take(scope.tape, (size_t)count * sizeof *gradient);
    if (!parameter || !gradient) return wg_tape_status(scope.tape);
    wg_parameters(scope, count, parameter);
    const int status = wg_grads(loss, count, parameter, gradient);
    return status < 0 ? status : wg_apply(optimizer, scope, count, parameter, gradient);
}

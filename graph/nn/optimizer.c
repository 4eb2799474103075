/* Optimisers: a rule records the new value of one parameter from its gradient; the runtime
 * stores it when the recording runs. All state lives below "<optimiser>/<parameter>/" in the
 * same params. */
#include <wengert/nn.h>
#include <stdio.h>
#include <string.h>

/* A setting whose zero stands for its default. */
static double setting_or(double value, double other)
{
    return value == 0 ? other : value;
}

static bool is_zeroed(const uint64_t *reserved, int count)
{
    for (int i = 0; i < count; i++)
        if (reserved[i] != 0) return false;
    return true;
}

/* leaf reads as value from here on; a value that is not finite fails the run, unless unchecked. */
static int store(const wg_optimizer *self, wg_var leaf, wg_var value)
{
    if (!self->unchecked) wg_require_finite(value);
    return wg_assign(leaf, value);
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
    const wg_sgd_options chosen = options ? *options : (wg_sgd_options){ 0 };
    return (wg_optimizer){ .update = is_zeroed(chosen.reserved, 4) ? update_sgd : NULL,
                           .name = "sgd",
                           .rate = rate,
                           .setting = { chosen.momentum } };
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
    const wg_var kept = wg_scale(old, beta);
    const wg_var mean = wg_add(kept, wg_scale(x, 1 - beta));
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
    return (wg_optimizer){ .update = is_zeroed(chosen.reserved, 4) ? update_adam : NULL,
                           .name = "adam",
                           .rate = rate,
                           .setting = { setting_or(chosen.beta1, 0.9),
                                        setting_or(chosen.beta2, 0.999),
                                        setting_or(chosen.epsilon, 1e-8) } };
}

/* What is wrong with the arguments of wg_apply; NULL: nothing. */
static const char *fault_of(const wg_optimizer *optimizer, int64_t count, const wg_var *parameter,
                            const wg_var *gradient)
{
    if (!optimizer || !optimizer->name) return "apply: no optimiser, or one without a name";
    if (!optimizer->update) return "apply: the optimiser has no rule: were its options zeroed?";
    if (!is_zeroed(optimizer->reserved, 8))
        return "apply: the optimiser was not zeroed: reserved has a value";
    if (count < 0 || (count > 0 && (!parameter || !gradient)))
        return "apply: no parameters, or no gradients";
    return NULL;
}

/* The rate as an input, named below the optimiser: that its name is taken is what refuses a second
 * optimiser of one name, whose state would be the same. */
static wg_var rate_of(const wg_optimizer *optimizer, wg_tape *tape)
{
    const size_t bytes = strlen(optimizer->name) + sizeof "/rate";
    char *name = wg_tape_take(tape, bytes);
    if (!name) return (wg_var){ 0 };
    snprintf(name, bytes, "%s/rate", optimizer->name);
    return wg_scalar(tape, name, WG_F64, optimizer->rate);
}

static int shape_refuse(wg_tape *tape, const char *path)
{
    char reason[160];
    snprintf(reason, sizeof reason, "apply: the gradient of %.100s has another shape", path);
    return wg_tape_fail(tape, WG_ESHAPE, reason);
}

/* Records the new value of one parameter. own is where the optimiser's state lives. */
static int update(const wg_optimizer *self, wg_scope own, wg_var rate, wg_var parameter,
                  wg_var gradient)
{
    const char *path = wg_path(parameter);
    if (path[0] == '\0')
        return wg_tape_fail(own.tape, WG_EINVALID, "apply: a value is no parameter");
    if (gradient.tape && !wg_shape_equal(wg_shape_of(gradient), wg_shape_of(parameter)))
        return shape_refuse(own.tape, path);
    const wg_scope state = wg_scope_in(own, path);
    const uint32_t held = wg_location_hold(own.tape);
    const wg_var next = self->update(state, parameter, gradient, rate, self);
    wg_location_release(own.tape, held);
    return store(self, parameter, next);
}

int wg_apply(const wg_optimizer *optimizer, wg_scope scope, int64_t count, const wg_var *parameter,
             const wg_var *gradient)
{
    const char *fault = fault_of(optimizer, count, parameter, gradient);
    if (fault) return wg_tape_fail(scope.tape, WG_EINVALID, fault);
    const wg_mode mode = wg_scope_training(scope) ? WG_TRAINING : WG_EVALUATION;
    const wg_scope root = wg_scope_root(scope.tape, scope.params, mode);
    const wg_scope own = wg_scope_in(root, optimizer->name);
    const wg_var rate = rate_of(optimizer, scope.tape);
    for (int64_t i = 0; i < count && wg_tape_status(scope.tape) == WG_OK; i++) {
        update(optimizer, own, rate, parameter[i], gradient[i]);
        /* No macro wraps what returns int: an update has the lines of what it is made of. */
        const wg_var placed = wg_at(gradient[i], NULL, 0);
        (void)placed;
    }
    return wg_tape_status(scope.tape);
}

int wg_minimize(const wg_optimizer *optimizer, wg_scope scope, wg_var loss)
{
    if (!loss.tape)
        return wg_tape_fail(scope.tape, WG_EINVALID, "minimize: the loss is the null value");
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

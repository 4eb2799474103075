/* The rules of the optimisers: what each makes of a parameter and its gradient.
 *
 * State that decays is set to 0 below a bound far under anything that could move a parameter: left
 * alone it would end among the subnormals, stay there, and slow every step from then on. The
 * corrections of running means are numbers of the step, made once in f64 by a prepare rule. */
#include <wengert/nn.h>
#include <math.h>

/* ---- settings ---- */

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

/* How much of a mean is kept. */
static bool is_share(double value)
{
    return value >= 0 && value < 1;
}

/* ---- state ---- */

/* leaf reads as value from here on; a value that is not finite fails the run, unless unchecked. */
static void store(const wg_optimizer *self, wg_var leaf, wg_var value)
{
    if (!self->unchecked) wg_require_finite(value);
    wg_assign(leaf, value);
}

/* x with 0 where its size is below the bound. 2^-110 is 2^16 times the least normal f32, so that
 * what a step makes of it, a tenth of it times a rate, is normal too; as the mean of squares it is
 * the gradient 2^-55, which does not change a bit of epsilon 1e-8. */
static wg_var settled(wg_var x, wg_var size)
{
    const double bound = wg_dtype_of(x) == WG_F32 ? 0x1p-110 : 0x1p-1000;
    const wg_var is_small = wg_lt(size, wg_number(size, bound));
    return wg_select(is_small, wg_number(x, 0), x);
}

/* share of x and 1 - share of y. */
static wg_var mix(wg_var x, wg_var y, double share)
{
    const wg_var kept = wg_scale(x, share);
    return wg_add(kept, wg_scale(y, 1 - share));
}

/* An exponential mean of x, kept as state. */
static wg_var running_mean(wg_scope state, const char *name, wg_var x, double share,
                           const wg_optimizer *self)
{
    const wg_var old = wg_state_like(state, name, x);
    const wg_var mean = mix(old, x, share);
    const wg_var next = settled(mean, wg_abs(mean));
    store(self, old, next);
    return next;
}

/* The same of x x. */
static wg_var running_square(wg_scope state, wg_var x, double share, const wg_optimizer *self)
{
    const wg_var old = wg_state_like(state, "square", x);
    const wg_var mean = mix(old, wg_square(x), share);
    const wg_var next = settled(mean, mean);
    store(self, old, next);
    return next;
}

/* p - rate direction. */
static wg_var moved(wg_var parameter, wg_var rate, wg_var direction)
{
    return wg_sub(parameter, wg_mul(rate, direction));
}

/* ---- momentum ---- */

/* Velocity after g, kept as state, and with nesterov looked at one step ahead. */
static wg_var velocity_of(wg_scope state, wg_var gradient, double momentum, bool looks_ahead,
                          const wg_optimizer *self)
{
    const wg_var old = wg_state_like(state, "velocity", gradient);
    const wg_var sum = wg_add(wg_scale(old, momentum), gradient);
    const wg_var next = settled(sum, wg_abs(sum));
    store(self, old, next);
    return looks_ahead ? wg_add(wg_scale(next, momentum), gradient) : next;
}

static wg_var update_sgd(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                         const wg_optimizer *self)
{
    const double momentum = self->setting[0];
    if (momentum == 0) return moved(parameter, rate, gradient);
    const bool looks_ahead = self->setting[1] != 0;
    return moved(parameter, rate, velocity_of(state, gradient, momentum, looks_ahead, self));
}

wg_optimizer wg_sgd(double rate, const wg_sgd_options *options)
{
    const wg_sgd_options chosen = options ? *options : (wg_sgd_options){ 0 };
    const bool is_sound = is_zeroed(chosen.reserved, 4) && is_share(chosen.momentum);
    return (wg_optimizer){ .update = is_sound ? update_sgd : NULL,
                           .name = "sgd",
                           .rate = rate,
                           .pure = true,
                           .setting = { chosen.momentum, chosen.nesterov } };
}

/* The sign of a mix, and the mean that is remembered with a longer memory. */
static wg_var update_lion(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                          const wg_optimizer *self)
{
    const wg_var old = wg_state_like(state, "mean", gradient);
    const wg_var direction = wg_sign(mix(old, gradient, self->setting[0]));
    const wg_var mean = mix(old, gradient, self->setting[1]);
    store(self, old, settled(mean, wg_abs(mean)));
    return moved(parameter, rate, direction);
}

wg_optimizer wg_lion(double rate)
{
    return (wg_optimizer){
        .update = update_lion, .name = "lion", .rate = rate, .setting = { 0.9, 0.99 }, .pure = true
    };
}

/* ---- rates of their own for each element ---- */

/* p - rate x / (sqrt(square) + epsilon) */
static wg_var divided(wg_var parameter, wg_var rate, wg_var x, wg_var square, wg_var epsilon)
{
    const wg_var spread = wg_add(wg_sqrt(square), epsilon);
    return wg_sub(parameter, wg_div(wg_mul(rate, x), spread));
}

static wg_var update_adagrad(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                             const wg_optimizer *self)
{
    const wg_var old = wg_state_like(state, "sum", gradient);
    const wg_var sum = wg_add(old, wg_square(gradient));
    store(self, old, sum);
    return divided(parameter, rate, gradient, sum, wg_number(sum, self->setting[0]));
}

wg_optimizer wg_adagrad(double rate)
{
    return (wg_optimizer){
        .update = update_adagrad,
        .name = "adagrad",
        .rate = rate,
        .setting = { 1e-10 },
        .pure = true,
    };
}

static wg_var update_rmsprop(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                             const wg_optimizer *self)
{
    const wg_var square = running_square(state, gradient, self->setting[0], self);
    return divided(parameter, rate, gradient, square, wg_number(square, self->setting[1]));
}

wg_optimizer wg_rmsprop(double rate, double decay)
{
    return (wg_optimizer){ .update = is_share(decay) ? update_rmsprop : NULL,
                           .name = "rmsprop",
                           .rate = rate,
                           .pure = true,
                           .setting = { decay, 1e-8 } };
}

/* ---- Adam and its family ---- */

enum { BETA1, BETA2, EPSILON, LARGEST };               /* settings */
enum { SHARED_EPSILON, SHARED_RATE };

/* 1 - beta^t; the power is state, multiplied on. */
static wg_var correction(wg_scope state, const char *name, double beta)
{
    const wg_var power = wg_state(state, name, WG_F64, WG_SCALAR, 1);
    const wg_var next = wg_scale(power, beta);
    wg_assign(power, next);
    return wg_sub(wg_number(next, 1), next);
}

/* m' / (sqrt(v') + epsilon) is m s / c1 / (sqrt(v) + epsilon s) with s the root of c2: the
 * corrections go into rate and epsilon, and cost nothing an element. Returns s / c1. */
static wg_var adam_corrections(wg_scope state, wg_var *shared, const wg_optimizer *self)
{
    const wg_var first = correction(state, "power1", self->setting[BETA1]);
    const wg_var second = wg_sqrt(correction(state, "power2", self->setting[BETA2]));
    shared[SHARED_EPSILON] = wg_scale(second, self->setting[EPSILON]);
    return wg_div(second, first);
}

static wg_var prepare_adam(wg_scope state, wg_var rate, wg_var *shared, const wg_optimizer *self)
{
    return wg_mul(rate, adam_corrections(state, shared, self));
}

static wg_var update_adam(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                          const wg_optimizer *self)
{
    const wg_var mean = running_mean(state, "mean", gradient, self->setting[BETA1], self);
    wg_var square = running_square(state, gradient, self->setting[BETA2], self);
    if (self->setting[LARGEST] != 0) {
        const wg_var old = wg_state_like(state, "largest", square);
        square = wg_maximum(old, square);
        store(self, old, square);
    }
    return divided(parameter, rate, mean, square, self->shared[SHARED_EPSILON]);
}

/* The family has its settings; amsgrad is of Adam alone. */
static wg_optimizer adam_family(const char *name, double rate, const wg_adam_options *options,
                                wg_update_rule *update, wg_prepare_rule *prepare)
{
    const wg_adam_options chosen = options ? *options : (wg_adam_options){ 0 };
    const double beta1 = setting_or(chosen.beta1, 0.9), beta2 = setting_or(chosen.beta2, 0.999);
    const double epsilon = setting_or(chosen.epsilon, 1e-8);
    const bool is_sound = is_zeroed(chosen.reserved, 4) && is_share(beta1) && is_share(beta2) &&
                          epsilon > 0 && isfinite(epsilon) &&
                          (!chosen.amsgrad || update == update_adam);
    return (wg_optimizer){ .update = is_sound ? update : NULL,
                           .prepare = prepare,
                           .name = name,
                           .rate = rate,
                           .pure = true,
                           .setting = { beta1, beta2, epsilon, chosen.amsgrad } };
}

wg_optimizer wg_adam(double rate, const wg_adam_options *options)
{
    return adam_family("adam", rate, options, update_adam, prepare_adam);
}

wg_optimizer wg_adamw(double rate, double decay)
{
    wg_optimizer adam = adam_family("adamw", rate, NULL, update_adam, prepare_adam);
    adam.decay = decay;
    return adam;
}

static wg_var prepare_adamax(wg_scope state, wg_var rate, wg_var *shared,
                             const wg_optimizer *self)
{
    (void)shared;
    return wg_div(rate, correction(state, "power1", self->setting[BETA1]));
}

static wg_var update_adamax(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                            const wg_optimizer *self)
{
    const wg_var mean = running_mean(state, "mean", gradient, self->setting[BETA1], self);
    const wg_var old = wg_state_like(state, "norm", gradient);
    const wg_var faded = wg_scale(old, self->setting[BETA2]);
    const wg_var norm = wg_maximum(faded, wg_shift(wg_abs(gradient), self->setting[EPSILON]));
    store(self, old, norm);
    return wg_sub(parameter, wg_div(wg_mul(rate, mean), norm));
}

wg_optimizer wg_adamax(double rate, const wg_adam_options *options)
{
    return adam_family("adamax", rate, options, update_adamax, prepare_adamax);
}

/* ---- NAdam ---- */

enum { SHARED_GRADIENT = 1, SHARED_MEAN };

/* beta1 (1 - power / 2), power what 0.96^(t / 250) is at this step. */
static wg_var momentum_of(wg_var power, double beta1)
{
    const wg_var lost = wg_scale(power, beta1 / 2);
    return wg_sub(wg_number(lost, beta1), lost);
}

/* Shares what the gradient and the mean are multiplied by, and epsilon; the rate is for both. */
static wg_var prepare_nadam(wg_scope state, wg_var rate, wg_var *shared, const wg_optimizer *self)
{
    const double fading = 0.9998367253526753; /* 0.96^(1 / 250) */
    const double beta1 = self->setting[BETA1];
    const wg_var power = wg_state(state, "fading", WG_F64, WG_SCALAR, 1);
    const wg_var power_now = wg_scale(power, fading);
    wg_assign(power, power_now);
    const wg_var now = momentum_of(power_now, beta1);
    const wg_var ahead = momentum_of(wg_scale(power_now, fading), beta1);
    const wg_var product = wg_state(state, "product", WG_F64, WG_SCALAR, 1);
    const wg_var product_now = wg_mul(product, now);
    wg_assign(product, product_now);
    const wg_var product_ahead = wg_mul(product_now, ahead);
    const wg_var one = wg_number(now, 1);
    const wg_var left = wg_sub(one, product_now);
    const wg_var left_ahead = wg_sub(one, product_ahead);
    shared[SHARED_GRADIENT] = wg_div(wg_sub(one, now), left);
    shared[SHARED_MEAN] = wg_div(ahead, left_ahead);
    const wg_var root = wg_sqrt(correction(state, "power2", self->setting[BETA2]));
    shared[SHARED_EPSILON] = wg_scale(root, self->setting[EPSILON]);
    return wg_mul(rate, root);
}

static wg_var update_nadam(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                           const wg_optimizer *self)
{
    const wg_var mean = running_mean(state, "mean", gradient, self->setting[BETA1], self);
    const wg_var square = running_square(state, gradient, self->setting[BETA2], self);
    const wg_var present = wg_mul(gradient, self->shared[SHARED_GRADIENT]);
    const wg_var ahead = wg_add(present, wg_mul(mean, self->shared[SHARED_MEAN]));
    return divided(parameter, rate, ahead, square, self->shared[SHARED_EPSILON]);
}

wg_optimizer wg_nadam(double rate, const wg_adam_options *options)
{
    return adam_family("nadam", rate, options, update_nadam, prepare_nadam);
}

/* ---- whole parameters ---- */

/* Shares what Adam's step is multiplied by; the rate stays that of the step. */
static wg_var prepare_beside(wg_scope state, wg_var rate, wg_var *shared, const wg_optimizer *self)
{
    shared[SHARED_RATE] = adam_corrections(state, shared, self);
    return rate;
}

/* Adam's step at rate 1: what is to be subtracted. */
static wg_var adam_step(wg_scope state, wg_var gradient, const wg_optimizer *self)
{
    const wg_var mean = running_mean(state, "mean", gradient, self->setting[BETA1], self);
    const wg_var square = running_square(state, gradient, self->setting[BETA2], self);
    const wg_var spread = wg_add(wg_sqrt(square), self->shared[SHARED_EPSILON]);
    return wg_div(wg_mul(mean, self->shared[SHARED_RATE]), spread);
}

static wg_var length_of(wg_var x)
{
    return wg_sqrt(wg_sum(wg_square(x), WG_ALL));
}

static wg_var update_lamb(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                          const wg_optimizer *self)
{
    wg_var step = adam_step(state, gradient, self);
    if (self->decay != 0) step = wg_add(step, wg_scale(parameter, self->decay));
    const wg_var own = length_of(parameter);
    const wg_var length = length_of(step);
    const wg_var smaller = wg_minimum(own, length);
    const wg_var has_ratio = wg_gt(smaller, wg_number(smaller, 0));
    const wg_var one = wg_number(own, 1);
    const wg_var ratio = wg_select(has_ratio, wg_div(own, length), one);
    return moved(parameter, wg_mul(rate, ratio), step);
}

wg_optimizer wg_lamb(double rate)
{
    const wg_adam_options options = { .epsilon = 1e-6 };
    wg_optimizer lamb = adam_family("lamb", rate, &options, update_lamb, prepare_beside);
    lamb.own_decay = true;
    return lamb;
}

/* Rows and columns of a parameter as a matrix: all leading axes count as rows. */
static wg_shape matrix_of(wg_shape shape)
{
    int64_t rows = 1;
    for (int32_t i = 0; i + 1 < shape.rank; i++) rows *= shape.dim[i];
    return WG_SHAPE(rows, shape.dim[shape.rank - 1]);
}

/* x with all its singular values brought near 1, by five steps of an odd polynomial whose slope at
 * 0 is as large as convergence allows; on the shorter side, whose products are small. */
static wg_var orthogonal(wg_var x)
{
    const double a = 3.4445, b = -4.7750, c = 2.0315;
    const bool is_tall = wg_extent(x, 0) > wg_extent(x, 1);
    if (is_tall) x = wg_transpose(x);
    x = wg_div(x, wg_shift(length_of(x), 1e-7));
    for (int i = 0; i < 5; i++) {
        const wg_var square = wg_matmul(x, wg_transpose(x));
        const wg_var fourth = wg_scale(wg_matmul(square, square), c);
        const wg_var factor = wg_add(wg_scale(square, b), fourth);
        const wg_var turned = wg_matmul(factor, x);
        x = wg_add(wg_scale(x, a), turned);
    }
    return is_tall ? wg_transpose(x) : x;
}

static wg_var update_muon(wg_scope state, wg_var parameter, wg_var gradient, wg_var rate,
                          const wg_optimizer *self)
{
    const wg_shape shape = wg_shape_of(parameter);
    if (shape.rank < 2) return moved(parameter, rate, adam_step(state, gradient, self));
    const wg_shape matrix = matrix_of(shape);
    const int64_t side = matrix.dim[0] > matrix.dim[1] ? matrix.dim[0] : matrix.dim[1];
    const wg_var ahead = velocity_of(state, gradient, 0.95, true, self);
    const wg_var direction = orthogonal(wg_reshape(ahead, matrix));
    const wg_var scaled = wg_scale(direction, 0.2 * sqrt((double)side));
    return moved(parameter, rate, wg_reshape(scaled, shape));
}

wg_optimizer wg_muon(double rate)
{
    return adam_family("muon", rate, NULL, update_muon, prepare_beside);
}

/* Learning by trial: a network balances a pole on a cart, and is told nothing but how long the pole
 * stood (REINFORCE, Williams 1992). The world is recorded too: a trial is a wg_scan over its
 * moments, in which the network gives the chance of a push to the right, a draw decides, and the
 * laws of motion follow. Actions that were followed by more than the usual become likelier.
 *
 *     17_policy          five seeds
 *     17_policy --long   twenty, and more trials                                                 */
#include <stdio.h>
#include <string.h>
#include <wengert/wengert.h>

enum { CARTS = 32, MOMENTS = 200, WANTED = 195, STATE = 4 };

/* ---- the world: Barto, Sutton & Anderson 1983 ---- */

/* Place, speed, angle and its speed, [carts, 4]; push [carts], 1 to the right, -1 to the left. */
static wg_var move(wg_var state, wg_var push)
{
    const double gravity = 9.8, mass_cart = 1.0, mass_pole = 0.1, half_length = 0.5, time = 0.02;
    const double mass = mass_cart + mass_pole;
    wg_var part[STATE];
    for (int i = 0; i < STATE; i++)
        part[i] = wg_squeeze(wg_slice(state, 1, i, i + 1, 1), WG_AXES(1));
    wg_var speed = part[1], angle = part[2], turn = part[3];
    wg_var sine = wg_sin(angle), cosine = wg_cos(angle);
    wg_var swing = wg_scale(wg_mul(wg_square(turn), sine), mass_pole * half_length);
    wg_var pull = wg_scale(wg_add(wg_scale(push, 10), swing), 1 / mass);
    wg_var lever = wg_scale(wg_shift(wg_scale(wg_square(cosine), -mass_pole / mass), 4.0 / 3.0),
                            half_length);
    wg_var turning = wg_div(wg_sub(wg_scale(sine, gravity), wg_mul(cosine, pull)), lever);
    wg_var driving =
        wg_sub(pull, wg_scale(wg_mul(turning, cosine), mass_pole * half_length / mass));
    const wg_var change[STATE] = { speed, driving, turn, turning };
    return wg_add(state, wg_scale(wg_stack(STATE, change, 1), time));
}

static wg_var stands(wg_var state)
{
    const double bound[STATE] = { 2.4, 1e30, 0.2095, 1e30 };
    wg_var bounds = wg_cast(wg_constant(state.tape, wg_f64(bound, WG_SHAPE(STATE))), WG_F32);
    return wg_cast(wg_all(wg_lt(wg_abs(state), bounds), WG_AXES(1)), WG_F32);
}

/* ---- trials ---- */

/* carry: states, and 1 while the pole stands; y: log of the chance of what was done, and that 1. */
static int moment(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const wg_scope scope = *(const wg_scope *)user;
    const wg_dense_options options = { .activation = wg_tanh };
    wg_var hidden = wg_dense(scope, "hidden", carry[0], 16, &options);
    wg_var logit = wg_squeeze(wg_dense(scope, "logit", hidden, 1, NULL), WG_AXES(1));
    wg_var draw = wg_uniform(scope, "draw", WG_F32, WG_SHAPE(CARTS));
    wg_var right = wg_cast(wg_lt(draw, wg_sigmoid(logit)), WG_F32);
    (void)x;
    y[0] = wg_neg(wg_binary_cross_entropy(logit, right));
    y[1] = carry[1];
    carry[0] = wg_stop_gradient(move(carry[0], wg_shift(wg_scale(right, 2), -1)));
    carry[1] = wg_mul(carry[1], stands(carry[0]));
    return WG_OK;
}

/* The loss whose gradient makes better than usual likelier; *time: how long poles stood. */
static wg_var trials(wg_scope scope, wg_var *time)
{
    wg_var start = wg_uniform(scope, "start", WG_F32, WG_SHAPE(CARTS, STATE));
    wg_var carry[2] = { wg_scale(wg_shift(start, -0.5), 0.1),
                        wg_full(scope.tape, WG_F32, WG_SHAPE(CARTS), 1) };
    wg_var clock = wg_iota(scope.tape, WG_I32, MOMENTS), y[2];
    wg_scan(moment, &scope, 2, carry, 1, &clock, 2, y, NULL);
    wg_var later = wg_cumsum(y[1], 0, false, true); /* how long it will still stand */
    wg_var better = wg_sub(later, wg_mean(later, WG_KEEP(1)));
    wg_var worth = wg_mul(wg_scale(better, 1.0 / (double)MOMENTS), y[1]);
    *time = wg_mean(wg_sum(y[1], WG_AXES(0)), WG_ALL);
    return wg_neg(wg_mean(wg_sum(wg_mul(y[0], worth), WG_AXES(0)), WG_ALL));
}

static int learn(wg_runtime *runtime, uint64_t seed, int steps, double *time)
{
    const wg_optimizer adam = wg_adam(0.02, NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = seed));
    int status = WG_OK;
    printf("seed %llu ", (unsigned long long)seed);
    for (int step = 0; step <= steps && status >= 0; step++) {
        wg_tape_reset(tape);
        wg_var stood;
        const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        wg_var loss = trials(scope, &stood);
        wg_minimize(&adam, scope, loss);
        status = wg_item(runtime, stood, time);
        if (status >= 0 && step % (steps / 5) == 0) printf("  %5.1f", *time);
    }
    printf("\n");
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, tape, NULL));
    wg_params_free(params);
    wg_tape_free(tape);
    return status;
}

int main(int count, char **argument)
{
    const bool is_long = count == 2 && strcmp(argument[1], "--long") == 0;
    const int seeds = is_long ? 20 : 5, steps = is_long ? 200 : 75;
    wg_runtime *runtime = wg_runtime_create(NULL);
    int status = WG_OK, learnt = 0;
    printf("moments of %d that the pole stands, as the network learns\n", MOMENTS);
    for (int seed = 1; seed <= seeds && status >= 0; seed++) {
        double time = 0;
        status = learn(runtime, (uint64_t)seed, steps, &time);
        learnt += time >= (double)WANTED;
    }
    printf("%d of %d seeds reach %d\n", learnt, seeds, WANTED);
    wg_runtime_free(runtime);
    return status < 0 || learnt < seeds;
}

/* Two networks, two optimisers, one recording: statements mean what they say, in order. */
#include <wengert/wengert.h>

static wg_var two_layers(wg_scope s, wg_var x, wg_activation *activation, int64_t width)
{
    const wg_dense_options hidden = { .activation = activation };
    return wg_dense(s, "out", wg_dense(s, "hidden", x, 128, &hidden), width, NULL);
}

static wg_var generator(wg_scope s, wg_var z)
{
    return two_layers(s, z, wg_relu, 2);
}

static wg_var critic(wg_scope s, wg_var x)
{
    return two_layers(s, x, wg_leaky_relu, 1);
}

int gan_step(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_view real_rows,
             double loss[2]);
int gan_step(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_view real_rows,
             double loss[2])
{
    wg_optimizer fast = wg_adam(2e-4, NULL);
    wg_optimizer slow = wg_adam(1e-4, WG_OPTIONS(wg_adam_options, .beta1 = 0.5));
    fast.name = "adam_critic";
    slow.name = "adam_generator";

    wg_tape_reset(tape);
    wg_scope root = wg_scope_root(tape, params, WG_TRAINING);
    wg_scope make = wg_scope_in(root, "generator"), judge = wg_scope_shared(root, "critic");
    wg_var real = wg_batch(tape, "real", real_rows);
    wg_var noise = wg_normal(root, "noise", WG_F32, WG_SHAPE(wg_extent(real, 0), 16));
    wg_var fake = generator(make, noise);

    wg_var right = critic(judge, real), wrong = critic(judge, wg_stop_gradient(fake));
    wg_var judged = wg_mean(wg_sub(wg_softplus(wrong), wg_log_sigmoid(right)), WG_ALL);
    wg_minimize(&fast, judge, judged);                   /* only what lies below "critic" */

    wg_var fooled = wg_log_sigmoid(critic(judge, fake)); /* by the updated critic */
    wg_var made = wg_mean(wg_neg(fooled), WG_ALL);
    wg_minimize(&slow, make, made);
    return wg_items(runtime, 2, (const wg_var[]){ judged, made }, loss);
}

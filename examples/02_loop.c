/* A loss and an architecture of your own, trained by an explicit loop: plain C decides what
 * happens, the tape records it anew at every step, and the same recording runs the program of the
 * step before.
 *
 * Two spirals, a residual network, and a loss that trusts outliers less than cross-entropy does:
 * generalised cross-entropy (Zhang & Sabuncu 2018), (1 - p^q) / q of the true class.             */
#include <math.h>
#include <stdio.h>
#include <wengert/wengert.h>

enum { POINTS = 256, STEPS = 400 };

static wg_var block(wg_scope scope, const char *name, wg_var x)
{
    wg_scope own = wg_scope_in(scope, name);
    wg_var h = wg_dense(own, "in", x, 32, WG_OPTIONS(wg_dense_options, .activation = wg_mish));
    return wg_add(x, wg_dense(own, "out", h, wg_extent(x, -1), NULL));
}

static wg_var network(wg_scope scope, wg_var x)
{
    x = wg_dense(scope, "lift", x, 16, WG_OPTIONS(wg_dense_options, .activation = wg_tanh));
    x = block(scope, "block_1", x);
    x = block(scope, "block_2", x);
    return wg_dense(scope, "logits", x, 2, NULL);
}

static wg_var robust_loss(wg_var logits, wg_var target)
{
    const double q = 0.4;
    wg_var log_p = wg_neg(wg_cross_entropy(logits, target));
    return wg_scale(wg_neg(wg_expm1(wg_scale(log_p, q))), 1 / q);
}

static void make_spirals(float *x, int32_t *t)
{
    for (int i = 0; i < POINTS; i++) {
        const double r = 0.1 + 0.9 * (i / 2) / (POINTS / 2);
        const double angle = 4.5 * r + 3.14159265358979 * (i % 2);
        x[2 * i] = (float)(r * sin(angle));
        x[2 * i + 1] = (float)(r * cos(angle));
        t[i] = i % 2;
    }
}

static int train(wg_runtime *runtime, wg_tape *tape, wg_params *params, const float *points,
                 const int32_t *classes)
{
    wg_optimizer adam = wg_adam(5e-3, NULL);
    for (int step = 0; step <= STEPS; step++) {
        adam.rate = step < STEPS / 2 ? 5e-3 : 1e-3; /* an input: no new program */
        wg_tape_reset(tape);
        wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        wg_var x = wg_batch(tape, "x", wg_f32(points, WG_SHAPE(POINTS, 2)));
        wg_var t = wg_batch(tape, "t", wg_i32(classes, WG_SHAPE(POINTS)));
        wg_var logits = network(scope, x);
        wg_var wanted[2] = { wg_mean(robust_loss(logits, t), WG_ALL),
                             wg_mean(wg_accuracy(logits, t), WG_ALL) };
        wg_minimize(&adam, scope, wanted[0]);
        double value[2];
        const int status = wg_items(runtime, 2, wanted, value);
        if (status < 0) return status;
        if (step % 100 == 0)
            printf("step %3d  loss %.5f  accuracy %.4f\n", step, value[0], value[1]);
    }
    return WG_OK;
}

int main(void)
{
    float points[2 * POINTS];
    int32_t classes[POINTS];
    make_spirals(points, classes);
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 7));
    const int status = train(runtime, tape, params, points, classes);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, tape, NULL));
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    return status < 0;
}

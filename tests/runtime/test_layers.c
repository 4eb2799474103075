/* What goes through a model, against numbers taken by hand and against the known factors by which
 * gradients shrink or grow from layer to layer. */
#include "support/memory.h"
#include "support/problem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 128, DEPTH = 10, ROWS = 256, STATES = 64 };

typedef struct tower { wg_initializer weight; wg_activation *activation; } tower;

static wg_var tower_network(wg_scope scope, wg_var x, void *user)
{
    const tower *t = user;
    const wg_dense_options options = { .activation = t->activation, .without_bias = true,
                                       .weight = t->weight };
    for (int64_t i = 0; i < DEPTH; i++) x = wg_dense(wg_scope_nth(scope, "layer", i), "dense", x,
                                                     WIDTH, &options);
    return x;
}

/* Outputs times fixed signs, so that every output has a gradient of the same size. */
static wg_var signed_sum(wg_var output, wg_var target)
{
    return wg_mul(output, target);
}

static wg_dataset *noise(void)
{
    float *x = malloc(sizeof *x * ROWS * WIDTH), *t = malloc(sizeof *t * ROWS * WIDTH);
    uint64_t state = 1;
    check(x != NULL && t != NULL);
    for (int i = 0; i < ROWS * WIDTH; i++) {
        double sum = -6;
        for (int k = 0; k < 12; k++) sum += (double)(test_random(&state) % 4096) / 4096;
        x[i] = (float)sum;
        t[i] = test_random(&state) % 2 == 0 ? 1.0f : -1.0f;
    }
    wg_dataset *data = wg_dataset_create(NULL);
    check_status(wg_dataset_add(data, "x", wg_f32(x, WG_SHAPE(ROWS, WIDTH))), WG_OK);
    check_status(wg_dataset_add(data, "t", wg_f32(t, WG_SHAPE(ROWS, WIDTH))), WG_OK);
    free(x);
    free(t);
    return data;
}

/* By how much the squared gradient shrinks on its way down a layer, on average over the tower. */
static double factor_of(tower t)
{
    const wg_model model = { .network = tower_network, .loss = signed_sum, .user = &t };
    static wg_layer_state state[STATES];
    int64_t count = 0;
    wg_error error = { 0 };
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(3);
    wg_dataset *data = noise();
    const int status =
        wg_layers(runtime, &model, params, data, NULL, STATES, state, &count, &error);
    check_msg(status >= 0, "%s", error.message);
    check_equal_i(count, 2 * DEPTH);
    check_text(state[0].path, "layer_0/dense");
    check(!state[DEPTH - 1].is_parameter && state[DEPTH].is_parameter);
    check_equal_i(wg_params_count(params), 0); /* nothing is kept */
    const double ratio = state[0].gradient_norm / state[DEPTH - 1].gradient_norm;
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return pow(ratio * ratio, 1.0 / (DEPTH - 1));
}

/* U(+-1 / sqrt n) has variance 1 / (3 n), so linear layers pass on a third; relu halves that; He's
 * variance is made for relu, and Glorot's keeps what is linear. Nine layers of 128 scatter
 * by a few per cent. */
Test(layers, gradients_shrink_by_the_known_factors)
{
    check_close(factor_of((tower){ wg_init_xavier(), NULL }), 1.0 / 3, 0.03);
    check_close(factor_of((tower){ wg_init_xavier(), wg_relu }), 1.0 / 6, 0.03);
    check_close(factor_of((tower){ wg_init_he(), wg_relu }), 1, 0.12);
    check_close(factor_of((tower){ wg_init_glorot(), NULL }), 1, 0.1);
}

static wg_var half_dead(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    wg_var w = wg_param(scope, "w", WG_F32, WG_SHAPE(4), wg_init_constant(1));
    wg_var y = wg_relu(wg_mul(x, w));
    wg_note(scope, "y", y);
    return y;
}

/* Two of four units never see anything above 0. Every number by hand. */
Test(layers, numbers_are_those_of_the_step)
{
    const float x[8] = { 1, -1, 2, -3, 3, -1, 2, -1 };
    const wg_model model = { .network = half_dead, .loss = signed_sum };
    const wg_optimizer sgd = wg_sgd(0.5, NULL);
    wg_layer_state state[2];
    int64_t count = 0;
    wg_error error = { 0 };
    float ones[8];
    for (int i = 0; i < 8; i++) ones[i] = 4;
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(1);
    wg_dataset *data = wg_dataset_create(NULL);
    check_status(wg_dataset_add(data, "x", wg_f32(x, WG_SHAPE(2, 4))), WG_OK);
    check_status(wg_dataset_add(data, "t", wg_f32(ones, WG_SHAPE(2, 4))), WG_OK);
    check_msg(wg_layers(runtime, &model, params, data, &sgd, 2, state, &count, &error) >= 0, "%s",
              error.message);
    check_equal_i(count, 2);
    check_text(state[0].path, "y");
    check(state[0].dead == 0.75); /* units 1 and 3 are 0, unit 2 is always 2 */
    check(state[0].mean == 1 && state[0].norm == sqrt(18.0)); /* 1 0 2 0 3 0 2 0 */
    check_close(state[0].spread, sqrt(18.0 / 8 - 1), 1e-15);
    /* The mean loss has 8 outputs of weight 4: each gradient is 1 / 2. */
    check(state[0].gradient_mean == 0.5 && state[0].gradient_spread == 0);
    check_close(state[0].gradient_norm, sqrt(8 * 0.25), 1e-15);
    /* By w: half the sum of x above 0, 2 and 2; SGD takes half of it. */
    check(state[1].is_parameter && state[1].mean == 1 && state[1].gradient_mean == 1);
    check_close(state[1].gradient_norm, sqrt(8.0), 1e-15);
    check_close(state[1].update_norm, sqrt(2.0), 1e-15);
    check(state[1].dead == 0 && state[0].update_norm == 0);
    check_status(wg_layers(runtime, &model, params, data, &sgd, 0, NULL, &count, &error), WG_OK);
    check_equal_i(count, 2);
    check_status(wg_layers(runtime, &model, params, data, &sgd, 2, NULL, &count, &error),
                 WG_EINVALID);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

static int layers_all(const wg_allocator *allocator, void *user)
{
    (void)user;
    static wg_layer_state state[STATES];
    int64_t count;
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 1));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    wg_dataset *data = test_problem(8, 1, allocator);
    int status = runtime == NULL || params == NULL || data == NULL ? WG_EMEMORY : WG_OK;
    if (status >= 0)
        status = wg_layers(runtime, &test_model, params, data, NULL, STATES, state, &count, NULL);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return status;
}

Test(layers, gives_all_back_when_memory_ends)
{
    check(test_memory_fail_each(layers_all, NULL) > 50);
}

/* A small classifier and its training step, recorded anew by each test that needs one. */
#ifndef WG_TEST_RUNTIME_NETWORK_H
#define WG_TEST_RUNTIME_NETWORK_H

#include "runtime/internal.h"
#include "support/test.h"

#include <stdlib.h>
#include <wengert/nn.h>

enum { NETWORK_INPUTS = 26, NETWORK_CLASSES = 10, NETWORK_ROWS_MAX = 256 };

typedef struct network {
    int64_t rows, width;
    double dropout;            /* 0: none */
    bool is_weighted;          /* the loss is a mean weighted by sample */
    float x[NETWORK_ROWS_MAX * NETWORK_INPUTS];
    int32_t t[NETWORK_ROWS_MAX];
    float weight[NETWORK_ROWS_MAX];
} network;

/* Data that depends on nothing but the element. */
static inline network *network_make(int64_t rows, int64_t width)
{
    network *net = calloc(1, sizeof *net);
    check(net != NULL && rows <= NETWORK_ROWS_MAX);
    net->rows = rows;
    net->width = width;
    for (int64_t i = 0; i < rows * NETWORK_INPUTS; i++)
        net->x[i] = (float)(i * 7919 % 1000) / 500 - 1;
    for (int64_t i = 0; i < rows; i++) {
        net->t[i] = (int32_t)(i % NETWORK_CLASSES);
        net->weight[i] = (float)(i % 3);
    }
    return net;
}

static inline wg_var network_logits(const network *net, wg_scope scope)
{
    const wg_dense_options relu = { .activation = wg_relu };
    const wg_dense_options mish = { .activation = wg_mish };
    wg_var x = wg_batch(scope.tape, "x", wg_f32(net->x, WG_SHAPE(net->rows, NETWORK_INPUTS)));
    x = wg_dense(scope, "hidden_1", x, net->width, &relu);
    if (net->dropout > 0) x = wg_dropout(scope, "drop", x, net->dropout);
    x = wg_dense(scope, "hidden_2", x, net->width, &mish);
    return wg_dense(scope, "logits", x, NETWORK_CLASSES, NULL);
}

/* The mean loss, after recording the updates of an optimiser. */
static inline wg_var network_step(const network *net, wg_tape *tape, wg_params *params,
                                  const wg_optimizer *optimizer)
{
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var t = wg_batch(tape, "t", wg_i32(net->t, WG_SHAPE(net->rows)));
    wg_var loss = wg_cross_entropy(network_logits(net, scope), t);
    if (net->is_weighted)
        loss = wg_weighted_mean(loss,
                                wg_batch(tape, "weight", wg_f32(net->weight, WG_SHAPE(net->rows))));
    else loss = wg_mean(loss, WG_ALL);
    const int status = wg_minimize(optimizer, scope, loss);
    check_msg(status >= 0, "%s", wg_tape_message(tape));
    return loss;
}

#endif

/* 200 steps of each network with each optimiser: batches in an order that the loader draws,
 * dropout, a scaler. The hash is that of all parameters and state at the end.                    */
#include "bits.h"

enum { SAMPLES = 200, WIDTH = 12, CLASSES = 4, BATCH = 23, STEPS = 200 };

typedef struct architecture { const char *name; wg_network *network; } architecture;
typedef struct method { const char *name; wg_optimizer optimizer; } method;

static wg_var mlp(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    x = wg_standardize(scope, "scaler", x);
    x = wg_dense(scope, "hidden_1", x, 16, WG_OPTIONS(wg_dense_options, .activation = wg_mish));
    x = wg_dropout(scope, "dropout", x, 0.2);
    x = wg_dense(scope, "hidden_2", x, 8, WG_OPTIONS(wg_dense_options, .activation = wg_gelu));
    return wg_dense(scope, "logits", x, CLASSES, NULL);
}

/* Samples as pictures of 4 by 3. */
static wg_var cnn(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    x = wg_reshape(x, WG_SHAPE(wg_extent(x, 0), 4, 3, 1));
    x = wg_conv2d(scope, "conv", x, 6, 3, 3, WG_OPTIONS(wg_conv_options, .same = true));
    x = wg_relu(wg_batch_norm(scope, "norm", x, NULL));
    x = wg_max_pool2d(x, 2, 1);
    return wg_dense(scope, "logits", wg_flatten(x), CLASSES, NULL);
}

/* Samples as rows of 4 words of 3 numbers. */
static wg_var attention(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    x = wg_reshape(x, WG_SHAPE(wg_extent(x, 0), 4, 3));
    x = wg_dense(scope, "embed", x, 8, NULL);
    const wg_var mask = wg_causal_mask(x.tape, 4);
    const wg_var seen = wg_layer_norm(scope, "norm", x, NULL);
    x = wg_add(x, wg_attention(scope, "attention", seen, seen, 2, mask, NULL));
    return wg_dense(scope, "logits", wg_flatten(x), CLASSES, NULL);
}

/* The same rows, read word by word. */
static wg_var recurrent(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    x = wg_reshape(x, WG_SHAPE(wg_extent(x, 0), 4, 3));
    x = wg_lstm(scope, "lstm", x, 8, NULL);
    x = wg_gru(scope, "gru", x, 8, NULL);
    return wg_dense(scope, "logits", wg_flatten(x), CLASSES, NULL);
}

static const architecture architectures[] = {
    { "mlp", mlp }, { "cnn", cnn }, { "attention", attention }, { "recurrent", recurrent },
};

/* The samples are values of bits_input, read once. */
static wg_dataset *data_make(bits *b)
{
    static float x[SAMPLES * WIDTH];
    static int32_t t[SAMPLES];
    bits_begin(b);
    const bits_range range = { -2, 2, false };
    const wg_var features = bits_input(b, "x", 12, WG_F32, WG_SHAPE(SAMPLES, WIDTH), range);
    const wg_var classes = wg_argmax(wg_slice(features, 1, 0, CLASSES, 1), 1);
    bits_must(b, wg_read_f32(b->runtime, features, x, SAMPLES * WIDTH), "samples");
    bits_must(b, wg_read_i32(b->runtime, classes, t, SAMPLES), "classes");
    wg_dataset *data = wg_dataset_create(NULL);
    if (data == NULL) abort();
    bits_must(b, wg_dataset_add(data, "x", wg_f32(x, WG_SHAPE(SAMPLES, WIDTH))), "column x");
    bits_must(b, wg_dataset_add(data, "t", wg_i32(t, WG_SHAPE(SAMPLES))), "column t");
    return data;
}

static void train(bits *b, const architecture *net, const method *by, wg_loader *loader)
{
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 3));
    if (params == NULL) abort();
    int64_t epoch = 0;
    bits_must(b, wg_loader_start(loader, epoch), "loader");
    for (int step = 0; step < STEPS; step++) {
        if (wg_loader_next(loader) == 0) {
            bits_must(b, wg_loader_start(loader, ++epoch), "loader");
            bits_must(b, wg_loader_next(loader), "loader");
        }
        bits_begin(b);
        const wg_scope scope = wg_scope_root(b->tape, params, WG_TRAINING);
        const wg_var x = wg_batch(b->tape, "x", wg_loader_view(loader, "x"));
        const wg_var t = wg_batch(b->tape, "t", wg_loader_view(loader, "t"));
        const wg_var loss = wg_mean(wg_cross_entropy(net->network(scope, x, NULL), t), WG_ALL);
        bits_must(b, wg_minimize(&by->optimizer, scope, loss), by->name);
        bits_must(b, wg_run(b->runtime, b->tape), net->name);
    }
    wg_fingerprint print;
    char name[64];
    snprintf(name, sizeof name, "%s/%s", net->name, by->name);
    bits_must(b, wg_params_fingerprint(params, &print), name);
    bits_print("training", name, "f32", (wg__hash){ { print.word[0], print.word[1] } });
    wg_params_free(params);
}

void bits_trainings(bits *b)
{
    const method methods[] = {
        { "sgd", wg_sgd(0.05, NULL) },
        { "momentum", wg_sgd(0.01, WG_OPTIONS(wg_sgd_options, .momentum = 0.9)) },
        { "nesterov",
          wg_sgd(0.01, WG_OPTIONS(wg_sgd_options, .momentum = 0.9, .nesterov = true)) },
        { "adagrad", wg_adagrad(0.02) },
        { "rmsprop", wg_rmsprop(2e-3, 0.9) },
        { "adam", wg_adam(1e-2, NULL) },
        { "amsgrad", wg_adam(1e-2, WG_OPTIONS(wg_adam_options, .amsgrad = true)) },
        { "adamw", wg_adamw(1e-2, 1e-2) },
        { "adamax", wg_adamax(1e-2, NULL) },
        { "nadam", wg_nadam(1e-2, NULL) },
        { "lion", wg_lion(1e-3) },
        { "lamb", wg_lamb(1e-2) },
        { "muon", wg_muon(1e-2) },
    };
    wg_dataset *data = data_make(b);
    wg_loader *loader = NULL;
    wg_error error;
    const wg_loader_options options = { .batch_size = BATCH, .seed = 5 };
    if (wg_loader_create(b->runtime, data, &options, &loader, &error) < 0) abort();
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++)
        for (size_t j = 0; j < sizeof methods / sizeof *methods; j++)
            train(b, &architectures[i], &methods[j], loader);
    wg_loader_free(loader);
    wg_dataset_free(data);
}

/* Images: a convolutional network beside a dense one.
 *
 *     11_cnn             8 x 8 images of digits, somewhere in the image, which it makes itself
 *     11_cnn FOLDER      MNIST, Fashion-MNIST or their like, as they are distributed: four IDX
 *                        files, train-images-idx3-ubyte.gz and its companions
 *
 * Fashion-MNIST, after 8 epochs each: 0.904 and 0.879 of the test images are named rightly.
 *
 * What a digit is does not depend on where it is: a convolution knows that beforehand, a dense
 * layer has to learn it place by place.                                                          */
#include <stdio.h>
#include <wengert/wengert.h>

static wg_var pixels(wg_var image)
{
    return wg_scale(wg_cast(wg_expand(image, -1), WG_F32), 1.0 / 255);
}

static wg_var convolutional(wg_scope scope, wg_var image, void *user)
{
    const wg_conv_options options = { .same = true, .without_bias = true };
    (void)user;
    wg_var x = pixels(image); /* [n, h, w, 1] */
    for (int i = 0; i < 2; i++) {
        const wg_scope stage = wg_scope_nth(scope, "stage", i);
        x = wg_conv2d(stage, "conv", x, 16 << i, 3, 3, &options);
        x = wg_max_pool2d(wg_relu(wg_batch_norm(stage, "norm", x, NULL)), 2, 2);
    }
    return wg_dense(scope, "logits", wg_flatten(x), 10, NULL);
}

static wg_var dense(wg_scope scope, wg_var image, void *user)
{
    const wg_dense_options options = { .activation = wg_relu };
    (void)user;
    wg_var x = wg_dense(scope, "hidden", wg_flatten(pixels(image)), 128, &options);
    return wg_dense(scope, "logits", x, 10, NULL);
}

/* ---- made images ---- */

enum { SIDE = 8, MADE_COUNT = 1200 };

static int draw(uint64_t *state, int below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (int)((*state >> 33) % (uint64_t)below);
}

/* Three by five points, a row an octal digit, at a random place on a noisy ground. */
static void make_digit(uint64_t *state, int digit, uint8_t image[SIDE * SIDE])
{
    static const int glyph[10] = { 075557, 026227, 071747, 071717, 055711,
                                   074717, 074757, 071244, 075757, 075717 };
    for (int i = 0; i < SIDE * SIDE; i++) image[i] = (uint8_t)draw(state, 120);
    const int left = draw(state, SIDE - 2), top = draw(state, SIDE - 4);
    for (int i = 0; i < 15; i++)
        if (glyph[digit] >> (14 - i) & 1)
            image[(top + i / 3) * SIDE + left + i % 3] = (uint8_t)(135 + draw(state, 121));
}

static int make_images(uint64_t seed, wg_dataset **out)
{
    static uint8_t image[MADE_COUNT * SIDE * SIDE], label[MADE_COUNT];
    for (int i = 0; i < MADE_COUNT; i++) {
        label[i] = (uint8_t)(i % 10);
        make_digit(&seed, i % 10, image + i * SIDE * SIDE);
    }
    *out = wg_dataset_create(NULL);
    if (*out == NULL) return WG_EMEMORY;
    const int status = wg_dataset_add(*out, "x", wg_u8(image, WG_SHAPE(MADE_COUNT, SIDE, SIDE)));
    return status < 0 ? status : wg_dataset_add(*out, "t", wg_u8(label, WG_SHAPE(MADE_COUNT)));
}

static int read_images(const char *folder, const char *name, wg_dataset **out, wg_error *error)
{
    char images[1000], labels[1000];
    snprintf(images, sizeof images, "%s/%s-images-idx3-ubyte.gz", folder, name);
    snprintf(labels, sizeof labels, "%s/%s-labels-idx1-ubyte.gz", folder, name);
    return wg_dataset_read_idx(images, labels, out, error);
}

/* ---- training ---- */

static int64_t count_parameters(const wg_params *params)
{
    int64_t count = 0;
    for (int64_t i = 0; i < wg_params_count(params); i++) {
        wg_view view;
        if (wg_params_trained(params, i) &&
            wg_params_find(params, wg_params_name(params, i), &view) == WG_OK)
            count += wg_shape_count(view.shape);
    }
    return count;
}

/* part: training, validation and test data. */
static int train(wg_runtime *runtime, const char *name, wg_network *network, wg_dataset *part[3],
                 const wg_train_options *options, wg_error *error)
{
    const wg_model model = { .network = network, .loss = wg_cross_entropy,
                             .metric = wg_accuracy };
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 11));
    wg_history *history = NULL;
    double loss = 0, accuracy = 0;
    int status = wg_train(runtime, &model, params, part[0], part[1], options, &history, error);
    if (status >= 0)
        status = wg_evaluate(runtime, &model, params, part[2], &loss, &accuracy, error);
    if (status >= 0)
        printf("%-14s %10lld %11lld %14.4f\n", name, (long long)count_parameters(params),
               (long long)wg_history_best(history) + 1, accuracy);
    wg_history_free(history);
    wg_params_free(params);
    return status;
}

int main(int argument_count, char **argument)
{
    const bool is_made = argument_count < 2;
    const double shares[2] = { 0.9, 0.1 };
    const wg_train_options options = { .epochs = 8,
                                       .batch_size = is_made ? 32 : 128,
                                       .optimizer = wg_adam(is_made ? 1e-2 : 1e-3, NULL),
                                       .progress = is_made ? WG_QUIET : WG_BAR };
    wg_error error = { 0 };
    wg_dataset *all = NULL, *part[3] = { NULL, NULL, NULL };
    wg_runtime *runtime = wg_runtime_create(NULL);
    int status = is_made ? make_images(1, &all) : read_images(argument[1], "train", &all, &error);
    if (status >= 0)
        status = is_made ? make_images(2, &part[2])
                         : read_images(argument[1], "t10k", &part[2], &error);
    if (status >= 0) status = wg_dataset_split(all, 2, shares, NULL, part, &error);
    if (status >= 0) printf("network        parameters  best epoch  test accuracy\n");
    if (status >= 0)
        status = train(runtime, "convolutional", convolutional, part, &options, &error);
    if (status >= 0) status = train(runtime, "dense", dense, part, &options, &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    for (int i = 0; i < 3; i++) wg_dataset_free(part[i]);
    wg_dataset_free(all);
    wg_runtime_free(runtime);
    return status < 0;
}

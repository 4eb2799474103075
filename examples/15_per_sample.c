/* One gradient a sample: the vmap of a function that takes the gradient of one loss. Here they
 *   train      each is cut to norm 1 before the mean, and noise is added, so that no sample can
 *              leave much of a trace (Abadi et al. 2016)
 *   accuse     the few samples whose label is wrong pull hardest in the end
 *   foretell   how far the gradient of a batch is from that of all: in the mean square, their
 *              variance over the size of the batch (times (n - size) / (n - 1), as the n samples
 *              are dealt out and none is drawn twice)
 * and their mean is the gradient of the mean.                                                    */
#include <stdio.h>
#include <wengert/wengert.h>

enum { ROWS = 512, WRONG_EVERY = 32, WRONG = ROWS / WRONG_EVERY, STEPS = 300 };
enum { PARTS = 4, SIZES = 4, DRAWS = 256 };
static const int64_t sizes[SIZES] = { 1, 4, 16, 64 };

static wg_var classifier(wg_scope scope, wg_var x)
{
    const wg_dense_options options = { .activation = wg_tanh };
    return wg_dense(scope, "logits", wg_dense(scope, "hidden", x, 12, &options), 2, NULL);
}

typedef struct model { wg_scope scope; wg_var parameter[PARTS]; } model;

/* x [2] and t []: a single sample. */
static int gradient_of_one(const wg_var *in, wg_var *out, void *user)
{
    const model *net = user;
    wg_var loss = wg_cross_entropy(classifier(net->scope, in[0]), in[1]);
    return wg_grads(loss, PARTS, net->parameter, out);
}

/* Losses and gradients of all samples: gradient[i] is [ROWS, shape of parameter i]. */
static wg_var record(model *net, wg_scope root, wg_view x_rows, wg_view t_rows,
                     wg_var gradient[PARTS])
{
    const wg_var in[2] = { wg_batch(root.tape, "x", x_rows), wg_batch(root.tape, "t", t_rows) };
    net->scope = wg_scope_shared(root, "net");
    wg_var loss = wg_cross_entropy(classifier(net->scope, in[0]), in[1]);
    wg_parameters(net->scope, PARTS, net->parameter);
    wg_vmap(gradient_of_one, net, 2, in, PARTS, gradient);
    return loss;
}

/* [count, how many numbers they have together] */
static wg_var join(const wg_var gradient[PARTS], int64_t count)
{
    wg_var flat[PARTS];
    for (int i = 0; i < PARTS; i++) flat[i] = wg_reshape(gradient[i], WG_SHAPE(count, -1));
    return wg_concat(PARTS, flat, 1);
}

static void step_private(const model *net, wg_var gradient[PARTS])
{
    const wg_optimizer sgd = wg_sgd(0.5, WG_OPTIONS(wg_sgd_options, .momentum = 0.9));
    wg_var norm = wg_norm(join(gradient, ROWS), WG_AXES(1)), one = wg_number(norm, 1);
    wg_var factor = wg_div(one, wg_maximum(norm, one));
    for (int i = 0; i < PARTS; i++) {
        const wg_shape shape = wg_shape_of(net->parameter[i]);
        wg_var rows = wg_reshape(gradient[i], WG_SHAPE(ROWS, -1));
        wg_var sum = wg_reshape(wg_matmul(factor, rows), shape);
        wg_var noise = wg_normal(wg_scope_nth(net->scope, "noise", i), "draw", WG_F32, shape);
        gradient[i] = wg_scale(wg_add(sum, noise), 1.0 / (double)ROWS);
    }
    wg_apply(&sgd, net->scope, PARTS, net->parameter, gradient);
}

static int train(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_view x, wg_view t)
{
    int status = WG_OK;
    for (int step = 0; step <= STEPS && status >= 0; step++) {
        model net;
        wg_var gradient[PARTS];
        double value;
        wg_tape_reset(tape);
        wg_var loss = record(&net, wg_scope_root(tape, params, WG_TRAINING), x, t, gradient);
        loss = wg_mean(loss, WG_ALL);
        step_private(&net, gradient);
        status = wg_item(runtime, loss, &value);
        if (status >= 0 && step % 100 == 0) printf("step %3d  loss %.3f\n", step, value);
    }
    return status;
}

/* How many of the samples with the longest gradients are those whose label is wrong. */
static wg_var accused(wg_var rows)
{
    wg_var norm = wg_norm(rows, WG_AXES(1));
    wg_var hardest = wg_slice(wg_argsort(wg_neg(norm), 0), 0, 0, WRONG, 1);
    wg_var every = wg_full_like(hardest, WRONG_EVERY);
    wg_var is_wrong = wg_eq(wg_rem(hardest, every), wg_full_like(hardest, 0));
    return wg_sum(wg_cast(is_wrong, WG_I32), WG_ALL);
}

typedef struct shuffle { wg_scope scope; wg_var away; } shuffle;

/* Of one shuffle, for each size: the mean square of the distance of its batches from the mean. */
static int distances(const wg_var *in, wg_var *out, void *user)
{
    const shuffle *s = user;
    wg_var away = wg_gather(s->away, wg_permutation(s->scope, "order", ROWS), 0);
    (void)in;
    for (int i = 0; i < SIZES; i++) {
        wg_var batches = wg_reshape(away, WG_SHAPE(ROWS / sizes[i], sizes[i], -1));
        wg_var mean = wg_mean(batches, WG_AXES(1));
        out[i] = wg_mean(wg_sum(wg_square(mean), WG_AXES(1)), WG_ALL);
    }
    return WG_OK;
}

/* What the gradients of the finished network tell. */
static int inspect(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_view x, wg_view t)
{
    model net;
    wg_var gradient[PARTS], of_mean[PARTS], asked[SIZES + 2];
    double value[SIZES + 2];
    wg_tape_reset(tape);
    const wg_scope root = wg_scope_root(tape, params, WG_EVALUATION);
    wg_var loss = wg_mean(record(&net, root, x, t, gradient), WG_ALL);
    wg_grads(loss, PARTS, net.parameter, of_mean);
    wg_var rows = join(gradient, ROWS), mean = wg_mean(rows, WG_KEEP(0));
    shuffle s = { root, wg_sub(rows, mean) };
    wg_var draws = wg_iota(tape, WG_I32, DRAWS);
    wg_vmap(distances, &s, 1, &draws, SIZES, asked);
    for (int i = 0; i < SIZES; i++) asked[i] = wg_mean(asked[i], WG_ALL);
    asked[SIZES] = accused(rows);
    asked[SIZES + 1] = wg_max(wg_abs(wg_sub(join(of_mean, 1), mean)), WG_ALL);
    const int status = wg_items(runtime, SIZES + 2, asked, value);
    if (status < 0) return status;
    printf("of the %d longest gradients %.0f are of wrong labels\n", WRONG, value[SIZES]);
    printf("their mean is%s the gradient of the mean\n", value[SIZES + 1] < 1e-6 ? "" : " not");
    printf("batch  distance  in theory\n");
    for (int i = 0; i < SIZES; i++) {
        const double theory = (double)(ROWS - sizes[i]) / (double)((ROWS - 1) * sizes[i]);
        printf("%5lld  %8.4f  %9.4f\n", (long long)sizes[i], value[i] / value[0], theory);
    }
    return status;
}

int main(void)
{
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    wg_view x = { 0 }, t = { 0 };
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(NULL);
    int status = wg_dataset_generate("moons", ROWS, 0.1, 1, &data, &error);
    if (status >= 0) status = wg_dataset_find(data, "x", &x);
    if (status >= 0) status = wg_dataset_find(data, "t", &t);
    int32_t label[ROWS];
    for (int i = 0; i < ROWS && status >= 0; i++)
        label[i] = ((const int32_t *)t.data)[i] ^ (i % WRONG_EVERY == 0);
    t = wg_i32(label, WG_SHAPE(ROWS));
    if (status >= 0) status = train(runtime, tape, params, x, t);
    if (status >= 0) status = inspect(runtime, tape, params, x, t);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, tape, &error));
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    wg_dataset_free(data);
    return status < 0;
}

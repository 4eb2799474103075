/* What textbooks say of networks and their training, shown by small trainings and recordings: the
 * sentences that no single function can answer for. */
#include "support/problem.h"

#include <math.h>

/* ---- trainings ---- */

typedef struct made {
    const char *name; /* of wg_dataset_generate */
    int64_t outputs;  /* classes, or 1: a number */
    wg_activation *activation;
} made;

static wg_var two_layers(wg_scope scope, wg_var x, void *user)
{
    const made *self = user;
    const wg_dense_options hidden = { .activation = self->activation };
    x = wg_dense(scope, "hidden_1", x, 8, &hidden);
    x = wg_dense(scope, "hidden_2", x, 8, &hidden);
    return wg_dense(scope, "output", x, self->outputs, NULL);
}

static wg_dataset *set_of(const char *name, int64_t count, uint64_t seed)
{
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    check_msg(wg_dataset_generate(name, count, 0, seed, &data, &error) >= 0, "%s", error.message);
    return data;
}

/* Trains on a set of points; gives the losses of its first and last epoch, and the accuracy on as
 * many others. */
static void set_train(made set, int64_t epochs, double loss[2], double *accuracy)
{
    const bool has_classes = set.outputs > 1;
    wg_error error = { 0 };
    wg_history *history = NULL;
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(2);
    wg_dataset *train = set_of(set.name, 240, 1), *test = set_of(set.name, 240, 2);
    const wg_model model = { .network = two_layers, .user = &set,
                             .loss = has_classes ? wg_cross_entropy : wg_squared_error,
                             .metric = has_classes ? wg_accuracy : NULL };
    const wg_train_options options = { .optimizer = wg_adam(0.02, NULL), .epochs = epochs,
                                       .batch_size = 24, .keep_last = true };
    const int status = wg_train(runtime, &model, params, train, NULL, &options, &history, &error);
    check_msg(status >= 0, "%s: %s", set.name, error.message);
    loss[0] = test_epoch(history, 0).loss;
    loss[1] = test_epoch(history, epochs - 1).loss;
    check_status(wg_evaluate(runtime, &model, params, test, NULL, accuracy, NULL), WG_OK);
    wg_history_free(history);
    wg_dataset_free(train);
    wg_dataset_free(test);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

Test(lessons, the_loss_falls_on_every_made_set)
{
    static const made sets[] = {
        { "circle", 2, wg_tanh }, { "xor", 2, wg_tanh },   { "gauss", 2, wg_tanh },
        { "spiral", 2, wg_tanh }, { "moons", 2, wg_tanh }, { "blobs", 3, wg_tanh },
        { "plane", 1, wg_tanh },  { "bumps", 1, wg_tanh },
    };
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        double loss[2], accuracy;
        set_train(sets[i], 12, loss, &accuracy);
        check_msg(loss[1] < 0.9 * loss[0], "%s: from %g to %g", sets[i].name, loss[0], loss[1]);
    }
}

/* No line parts the quarters of a plane; as many layers as one likes make a line without bends. */
Test(lessons, only_a_bend_solves_xor)
{
    double loss[2], accuracy;
    set_train((made){ "xor", 2, wg_identity }, 40, loss, &accuracy);
    check_msg(accuracy > 0.3 && accuracy < 0.7, "identity: %g", accuracy);
    set_train((made){ "xor", 2, wg_tanh }, 40, loss, &accuracy);
    check_msg(accuracy > 0.95, "tanh: %g", accuracy);
    set_train((made){ "xor", 2, wg_relu }, 40, loss, &accuracy);
    check_msg(accuracy > 0.95, "relu: %g", accuracy);
}

/* ---- batches ---- */

enum { ROWS = 240, INPUTS = 2, CLASSES = 3 };

/* The gradient of the mean loss of some rows by the weights of one layer. */
static void gradient_of(wg_runtime *runtime, wg_params *params, wg_view x, wg_view t,
                        double out[INPUTS * CLASSES])
{
    wg_tape *tape = wg_tape_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_var logits = wg_dense(scope, "layer", wg_batch(tape, "x", x), CLASSES, NULL);
    const wg_var loss = wg_mean(wg_cross_entropy(logits, wg_batch(tape, "t", t)), WG_ALL);
    wg_var parameter[2];
    check_equal_i(wg_parameters(scope, 2, parameter), 2); /* bias, weight */
    const wg_var gradient = wg_cast(wg_grad(loss, parameter[1]), WG_F64);
    check_msg(wg_read_f64(runtime, gradient, out, INPUTS * CLASSES) >= 0, "%s",
              wg_tape_message(tape));
    wg_tape_free(tape);
}

/* Of equal batches: the mean of their gradients is the gradient, whatever their size, and the mean
 * squared distance from it falls as 1 / size. In one epoch all rows are used up, so it is that of
 * draws without putting back, (1 / size) (rows - size) / (rows - 1) of that of single rows. */
Test(lessons, gradients_of_batches_vary_as_one_over_their_size)
{
    enum { SIZES = 4, EPOCHS = 40, COUNT = INPUTS * CLASSES };
    static const int64_t size[SIZES] = { 1, 4, 12, 60 };
    double full[COUNT], spread[SIZES] = { 0 };
    wg_view x, t;
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(5);
    wg_dataset *data = set_of("blobs", ROWS, 3);
    check_status(wg_dataset_find(data, "x", &x), WG_OK);
    check_status(wg_dataset_find(data, "t", &t), WG_OK);
    gradient_of(runtime, params, x, t, full);
    for (int k = 0; k < SIZES; k++) {
        wg_loader *loader = NULL;
        const wg_loader_options options = { .batch_size = size[k], .seed = 9 };
        check_status(wg_loader_create(runtime, data, &options, &loader, NULL), WG_OK);
        const int64_t epochs = size[k] == 1 ? 1 : EPOCHS;
        for (int64_t epoch = 0; epoch < epochs; epoch++) {
            double mean[COUNT] = { 0 };
            check_status(wg_loader_start(loader, epoch), WG_OK);
            while (wg_loader_next(loader) > 0) {
                double part[COUNT];
                gradient_of(runtime, params, wg_loader_view(loader, "x"),
                            wg_loader_view(loader, "t"), part);
                const double share = (double)size[k] / (double)ROWS;
                for (int i = 0; i < COUNT; i++) {
                    const double off = part[i] - full[i];
                    mean[i] += share * part[i];
                    spread[k] += share * off * off / (double)epochs;
                }
            }
            for (int i = 0; i < COUNT; i++) check_close(mean[i], full[i], 1e-5); /* of f32 sums */
        }
        wg_loader_free(loader);
    }
    for (int k = 1; k < SIZES; k++) {
        const double n = (double)size[k], rows = (double)ROWS;
        const double expected = spread[0] / n * (rows - n) / (rows - 1);
        /* 160 to 2400 batches: their mean scatters by some 10 of 100 at most. */
        check_msg(fabs(spread[k] / expected - 1) < 0.3, "batches of %g: %g, expected %g", n,
                  spread[k], expected);
    }
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

/* ---- metrics ---- */

enum { PRODUCTS = 60 };

/* How many of a product will be asked for, from what is known of it; a shop buys as many as it is
 * told. Each that is sold brings its price, each that was bought has cost a tenth of it. */
static wg_var shop(wg_scope scope, void *user)
{
    (void)user;
    const wg_var known = wg_column(scope, "x"), price = wg_column(scope, "price");
    const wg_var asked = wg_column(scope, "t");
    const wg_var told = wg_reshape(wg_dense(scope, "demand", known, 1, NULL), wg_shape_of(asked));
    const wg_var sold = wg_minimum(told, asked);
    wg_note(scope, "profit", wg_mul(price, wg_sub(sold, wg_scale(told, 0.1))));
    const wg_var loss = wg_squared_error(told, asked);
    wg_note(scope, "closeness", wg_neg(loss));
    return loss;
}

static wg_dataset *products(void)
{
    float x[PRODUCTS][2], t[PRODUCTS], price[PRODUCTS];
    for (int i = 0; i < PRODUCTS; i++) {
        x[i][0] = (float)(i % 7) / 7;
        x[i][1] = (float)(i % 11) / 11;
        t[i] = 1 + 2 * x[i][0] + x[i][1] * x[i][1]; /* no line, so profit asks for another one */
        price[i] = (float)(1 + i % 5);
    }
    wg_dataset *data = wg_dataset_create(NULL);
    check_status(wg_dataset_add(data, "x", wg_f32(&x[0][0], WG_SHAPE(PRODUCTS, 2))), WG_OK);
    check_status(wg_dataset_add(data, "t", wg_f32(t, WG_SHAPE(PRODUCTS))), WG_OK);
    check_status(wg_dataset_add(data, "price", wg_f32(price, WG_SHAPE(PRODUCTS))), WG_OK);
    return data;
}

/* Data, task and measure are apart: another metric changes which epoch is the best and nothing that
 * is learnt. Buying too many is cheap here, so the best for profit is not the closest. */
Test(lessons, a_metric_is_not_the_loss)
{
    static const char *const metric[2] = { "closeness", "profit" };
    wg_error error = { 0 };
    wg_history *history[2];
    wg_fingerprint print[2];
    wg_dataset *data = products();
    wg_runtime *runtime = test_runtime(1);
    for (int k = 0; k < 2; k++) {
        wg_params *params = test_params(3);
        const wg_model model = { .objective = shop, .metric_note = metric[k] };
        const wg_train_options options = { .optimizer = wg_adam(0.4, NULL), .epochs = 20,
                                           .batch_size = 20, .keep_last = true };
        const int status =
            wg_train(runtime, &model, params, data, NULL, &options, &history[k], &error);
        check_msg(status >= 0, "%s", error.message);
        check_status(wg_params_fingerprint(params, &print[k]), WG_OK);
        wg_params_free(params);
    }
    check_bytes(&print[1], &print[0], sizeof print[0]);
    bool differs = false;
    for (int i = 0; i < 20; i++) {
        const wg_epoch close = test_epoch(history[0], i), rich = test_epoch(history[1], i);
        check_close(rich.loss, close.loss, 0);
        check_close(close.metric, -close.loss, 1e-6 * close.loss);
        differs = differs || close.metric != rich.metric;
    }
    check(differs && wg_history_best(history[0]) != wg_history_best(history[1]));
    wg_history_free(history[0]);
    wg_history_free(history[1]);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
}

/* ---- rewards ---- */

enum { CELLS = 6, ACTIONS = 2, EPISODES = 16, STEPS_MAX = 30, VISITS_MAX = EPISODES * STEPS_MAX };

/* What was done where, and the reward from there on. */
typedef struct walks {
    int32_t cell[VISITS_MAX], action[VISITS_MAX];
    float reward[VISITS_MAX];
    int64_t count;
    double mean; /* of whole episodes */
} walks;

/* Episodes in a corridor: a step to the left or to the right, as the policy draws, costs 1; the
 * last cell is the end. */
static void walk(const float chance[CELLS][ACTIONS], uint64_t *state, walks *out)
{
    out->count = 0;
    out->mean = 0;
    for (int episode = 0; episode < EPISODES; episode++) {
        const int64_t first = out->count;
        for (int cell = 0, step = 0; cell < CELLS - 1 && step < STEPS_MAX; step++) {
            const double draw = (double)(test_random(state) >> 11) * 0x1p-53;
            const int right = draw < (double)chance[cell][1];
            out->cell[out->count] = cell;
            out->action[out->count++] = right;
            cell = right ? cell + 1 : cell > 0 ? cell - 1 : 0;
        }
        for (int64_t i = first; i < out->count; i++) out->reward[i] = (float)(i - out->count);
        out->mean -= (double)(out->count - first) / (double)EPISODES;
    }
}

/* One step of REINFORCE: log chances of what was done, weighted by how much better than the mean it
 * went. */
static void learn(wg_runtime *runtime, wg_params *params, const walks *w)
{
    const wg_optimizer adam = wg_adam(0.2, NULL);
    double loss;
    wg_tape *tape = wg_tape_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
    const wg_shape rows = WG_SHAPE(w->count);
    const wg_var cell = wg_batch(tape, "cell", wg_i32(w->cell, rows));
    const wg_var action = wg_batch(tape, "action", wg_i32(w->action, rows));
    const wg_var reward = wg_batch(tape, "reward", wg_f32(w->reward, rows));
    const wg_var better = wg_sub(reward, wg_mean(reward, WG_ALL));
    const wg_var logits = wg_embedding(scope, "policy", cell, CELLS, ACTIONS);
    const wg_var cost = wg_mean(wg_mul(better, wg_cross_entropy(logits, action)), WG_ALL);
    check_status(wg_minimize(&adam, scope, cost), WG_OK);
    check_msg(wg_item(runtime, cost, &loss) >= 0, "%s", wg_tape_message(tape));
    wg_tape_free(tape);
}

static void policy_read(wg_runtime *runtime, wg_params *params, float chance[CELLS][ACTIONS])
{
    wg_tape *tape = wg_tape_create(NULL);
    const wg_scope scope = wg_scope_root(tape, params, WG_EVALUATION);
    const wg_var cells = wg_iota(tape, WG_I32, CELLS);
    const wg_var logits = wg_embedding(scope, "policy", cells, CELLS, ACTIONS);
    check_msg(wg_read_f32(runtime, wg_softmax(logits, -1), &chance[0][0], CELLS * ACTIONS) >= 0,
              "%s", wg_tape_message(tape));
    wg_tape_free(tape);
}

/* The shortest way costs 5, a drunken walk some 25. */
Test(lessons, a_policy_learns_from_rewards)
{
    wg_runtime *runtime = test_runtime(1);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        static walks w;
        float chance[CELLS][ACTIONS];
        uint64_t state = seed;
        double first = 0;
        wg_params *params = test_params(seed);
        for (int i = 0; i < 60; i++) {
            policy_read(runtime, params, chance);
            walk(chance, &state, &w);
            if (i == 0) first = w.mean;
            learn(runtime, params, &w);
        }
        check_msg(first < -8 && w.mean > -6.5, "seed %d: %g, then %g", (int)seed, first, w.mean);
        wg_params_free(params);
    }
    wg_runtime_free(runtime);
}

/* ---- outputs and their losses ---- */

/* The gradient of cross entropy by the logits is what was said minus what was true. */
Test(lessons, an_output_with_its_loss_has_the_gradient_p_minus_y)
{
    const double logits[2][3] = { { 1, -2, 0.5 }, { 30, -40, 29 } };
    const int32_t class[2] = { 2, 0 };
    double gradient[6], expected[6], binary[6], sure[6];
    wg_runtime *runtime = test_runtime(1);
    wg_tape *tape = wg_tape_create(NULL);
    const wg_var x = wg_input(tape, "x", wg_f64(&logits[0][0], WG_SHAPE(2, 3)));
    const wg_var t = wg_input(tape, "t", wg_i32(class, WG_SHAPE(2)));
    const wg_var one_hot = wg_one_hot(t, 3, WG_F64);
    const wg_var many = wg_sum(wg_cross_entropy(x, t), WG_ALL);
    const wg_var two = wg_sum(wg_binary_cross_entropy(x, one_hot), WG_ALL);
    const wg_var wanted[4] = { wg_grad(many, x), wg_sub(wg_softmax(x, -1), one_hot),
                               wg_grad(two, x), wg_sub(wg_sigmoid(x), one_hot) };
    for (int i = 0; i < 4; i++) check_status(wg_keep(wanted[i]), WG_OK);
    check_msg(wg_read_f64(runtime, wanted[0], gradient, 6) >= 0, "%s", wg_tape_message(tape));
    check_status(wg_read_f64(runtime, wanted[1], expected, 6), WG_OK);
    check_status(wg_read_f64(runtime, wanted[2], binary, 6), WG_OK);
    check_status(wg_read_f64(runtime, wanted[3], sure, 6), WG_OK);
    for (int i = 0; i < 6; i++) {
        check_close(gradient[i], expected[i], 0x1p-51);
        check_close(binary[i], sure[i], 0x1p-51);
    }
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

/* ---- data ---- */

/* Scaled by what the training part says: its own rows have mean 0 and spread 1, others have not. */
Test(lessons, a_scaler_knows_the_training_part_alone)
{
    const double share[2] = { 60, 40 };
    wg_view x[2];
    wg_error error = { 0 };
    wg_dataset *part[2];
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(0);
    wg_dataset *data = set_of("spiral", 500, 4);
    check_status(wg_dataset_split(data, 2, share, NULL, part, &error), WG_OK);
    check_status(wg_standardize_fit_column(params, "scale", part[0], "x", NULL, &error), WG_OK);
    for (int k = 0; k < 2; k++) {
        double mean[2], spread[2];
        check_status(wg_dataset_find(part[k], "x", &x[k]), WG_OK);
        wg_tape *tape = wg_tape_create(NULL);
        const wg_scope scope = wg_scope_root(tape, params, WG_EVALUATION);
        const wg_var scaled =
            wg_cast(wg_standardize(scope, "scale", wg_batch(tape, "x", x[k])), WG_F64);
        const wg_var of_spread = wg_std(scaled, WG_AXES(0));
        check_status(wg_keep(of_spread), WG_OK);
        check_status(wg_read_f64(runtime, wg_mean(scaled, WG_AXES(0)), mean, 2), WG_OK);
        check_status(wg_read_f64(runtime, of_spread, spread, 2), WG_OK);
        for (int i = 0; i < 2 && k == 0; i++) {
            check_close(mean[i], 0, 1e-6);
            check_close(spread[i], 1, 1e-6);
        }
        if (k == 1) check(fabs(mean[0]) > 1e-4 && fabs(spread[0] - 1) > 1e-4);
        wg_tape_free(tape);
        wg_dataset_free(part[k]);
    }
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

/* Each of the twelve rows of an event is scored by the same layers. Exactly one row is right, so
 * the scores of an event compete: softmax over the twelve, and the cross-entropy of the true one.
 * The accuracy of that is the reconstruction efficiency. Dropout, rate and batch were chosen on
 * validation data.                                                                              */
#include "network.h"

enum { BATCH_SIZE = 64 };
static const double dropout = 0.15;
static const double rate = 3e-3;

wg_var soft_gate(wg_var x)
{
    const wg_var gate = wg_mul(x, wg_rsqrt(wg_shift(wg_square(x), 1)));
    return wg_mul(wg_scale(x, 0.5), wg_shift(gate, 1));
}

/* x [events, ORDERINGS, INPUTS] -> scores [events, ORDERINGS] */
static wg_var network(wg_scope scope, wg_var x, void *user)
{
    const architecture *what = user;
    x = wg_standardize(scope, "input", wg_slice(x, -1, 0, what->inputs, 1));
    for (int64_t i = 0; i < what->layers; i++) {
        const wg_scope hidden = wg_scope_nth(scope, "hidden", i);
        const int64_t width = what->width >> i;
        x = wg_dense(hidden, "dense", x, width > 0 ? width : 1,
                     WG_OPTIONS(wg_dense_options, .activation = soft_gate));
        x = wg_dropout(hidden, "dropout", x, dropout);
    }
    return wg_squeeze(wg_dense(scope, "score", x, 1, NULL), WG_AXES(-1));
}

static wg_model model_of(architecture *what)
{
    return (wg_model){ .network = network, .loss = wg_cross_entropy, .metric = wg_accuracy,
                       .user = what };
}

/* Falls from the full rate to nothing. */
static double falling(int64_t step, int64_t step_count, double full, void *user)
{
    (void)user;
    return full * (double)(step_count - step) / (double)step_count;
}

int network_train(wg_runtime *runtime, const training *how, architecture what, wg_params *params,
                  wg_dataset *const part[PARTS], wg_history **history, wg_error *error)
{
    wg_view x;
    const wg_model model = model_of(&what);
    const wg_train_options options = {
        .optimizer = wg_adam(rate, NULL), .epochs = how->epochs, .batch_size = BATCH_SIZE,
        .seed = how->seed, .rate = falling, .progress = how->progress,
    };
    int status = wg_dataset_find(part[TRAINING], "x", &x);
    if (status < 0) return status;
    x.shape.dim[2] = what.inputs; /* the first ones of each row: the strides stay */
    status = wg_standardize_fit(params, "input", x, error);
    if (status < 0) return status;
    return wg_train(runtime, &model, params, part[TRAINING], part[VALIDATION], &options, history,
                    error);
}

int network_efficiency(wg_runtime *runtime, architecture what, wg_params *params,
                       const wg_dataset *test, double *efficiency, wg_error *error)
{
    const wg_model model = model_of(&what);
    return wg_evaluate(runtime, &model, params, test, NULL, efficiency, error);
}

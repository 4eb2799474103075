/* Wengert, train: the training loop with everything a person expects: validation metric, best
 * epoch, early stop, progress, history.                                                         */
#ifndef WENGERT_TRAIN_H
#define WENGERT_TRAIN_H

#include <wengert/data.h>
#include <wengert/nn.h>

WG_DECLARATIONS_BEGIN

/* ---- models ----
 * Most are a network and a loss, over columns "x" and "t". Anything else is an objective, which
 * takes its columns with wg_column and gives the loss. Losses and metrics give one value a sample,
 * or several, which are averaged; the mean over samples is the trainer's, weighted by column
 * "weight" if there is one (weight 0 hides a sample whatever it holds). The functions are called
 * for every batch. */

typedef wg_var wg_network(wg_scope scope, wg_var x, void *user);
typedef wg_var wg_objective(wg_scope scope, void *user);
typedef struct wg_model {
    wg_network *network;
    wg_loss *loss, *metric; /* metric: higher is better; NULL: minus the loss */
    wg_objective *objective;
    const char *metric_note; /* with an objective: the wg_note that is the metric */
    void *user;
    uint64_t reserved[4];
} wg_model;

/* ---- training ---- */

typedef struct wg_epoch {
    int64_t index, step; /* from 0; steps done so far, of all epochs */
    /* Means over the epoch. In training each batch counts as it was before its step. Without
     * validation data its two are NaN.                                                          */
    double loss, metric, validation_loss, validation_metric;
    double rate, seconds; /* of its last step; with validation */
    bool best;            /* so far */
    uint64_t reserved[4];
} wg_epoch;
/* A bar is drawn on a terminal only; elsewhere it is lines. All goes to standard error. */
typedef enum wg_progress { WG_QUIET = 0, WG_LINES, WG_BAR } wg_progress;
typedef struct wg_train_options {
    wg_optimizer optimizer;     /* zeroed: wg_adam(1e-3, NULL) */
    int64_t epochs, batch_size; /* 0: 10, 32 */
    uint64_t seed;              /* of the order of the rows */
    /* The rate of a step, from that of the optimiser; step_count: of all epochs. */
    double (*rate)(int64_t step, int64_t step_count, double rate, void *user);
    void *rate_user;
    int (*on_epoch)(const wg_epoch *epoch, void *user); /* 1: stop after this one */
    void *on_epoch_user;
    int64_t patience;  /* stop after so many epochs without a better one; 0: never */
    double divergence; /* give up when a batch's loss is so many times that of the first; 0: only
                          at what is not finite */
    bool keep_last;    /* default: the best epoch's parameters and state are put back */
    /* A file written after each epoch, whole or not at all: the model that training would give now,
     * for wg_params_load, and all that it needs to go on. If it is there, training goes on from it,
     * from the very step, with the same bits as if it had never stopped; it is also how one adds
     * epochs. NULL: none. */
    const char *save_path;
    int64_t save_every; /* it is also written after each so many steps; 0: after epochs alone */
    wg_progress progress;
    uint64_t reserved[8];
} wg_train_options;

typedef struct wg_history wg_history;
/* Trains params, made on the way where they are new, on all batches of train in an order that
 * each epoch draws anew, and evaluates the model on validation (NULL: none) after each epoch. The
 * best epoch is that of the highest metric, of validation if there is any; the lower loss decides
 * between equals. The same data, seeds and options give the same bits, with any number of
 * threads.
 *
 *   errors    those of the recording or its run, with epoch and step before them; WG_EFINITE a
 *             loss or an update is not finite: that step changed nothing; or the loss diverges;
 *             WG_ECANCEL; what on_epoch returned. The best parameters so far are put back then
 *             too. Of save_path: WG_EFILE; WG_EFORMAT the file is damaged, or no training was
 *             saved in it; WG_EMISMATCH it was another training: other batches, seed or rows
 *   owner     *history is the caller's, also after an error if an epoch was completed; history
 *             may be NULL                                                                       */
int wg_train(wg_runtime *runtime, const wg_model *model, wg_params *params, const wg_dataset *train,
             const wg_dataset *validation, const wg_train_options *options, wg_history **history,
             wg_error *error);
/* Mean loss and metric in evaluation mode, to the last bit as the trainer validates; either may
 * be NULL.                                                                                      */
int wg_evaluate(wg_runtime *runtime, const wg_model *model, wg_params *params,
                const wg_dataset *data, double *loss, double *metric, wg_error *error);
/* What the network gives for the rows of x, in evaluation mode; out has the dtype and shape of it
 * all.                                                                                          */
int wg_predict(wg_runtime *runtime, const wg_model *model, wg_params *params, wg_view x,
               wg_tensor out, wg_error *error);

/* Trains count times from copies of params with seeds one apart, each with its own first weights
 * and draws, and leaves the best of them in params, its seed too: the one of the highest metric in
 * its best epoch. Which minimum is found depends on where training begins; metric (NULL, or count
 * places) shows the spread, NaN for one that diverged. history is that of the best.
 *   errors    those of wg_train but for divergence, unless all diverge; WG_EINVALID save_path */
int wg_train_restarts(wg_runtime *runtime, const wg_model *model, wg_params *params,
                      const wg_dataset *train, const wg_dataset *validation,
                      const wg_train_options *options, int64_t count, double *metric,
                      wg_history **history, wg_error *error);
/* loss[i]: the mean loss over data after training a copy of params at the i-th of count rates
 * from lowest to highest, equal factors apart (wg_rate_geometric(i, count - 1, lowest, highest));
 * NaN where it diverged. options: NULL, or those of the trainings; epochs 0 is 1.
 *   errors    those of wg_train but for divergence; WG_EINVALID no such rates, save_path */
int wg_rate_sweep(wg_runtime *runtime, const wg_model *model, const wg_params *params,
                  const wg_dataset *data, const wg_train_options *options, double lowest,
                  double highest, int64_t count, double *loss, wg_error *error);

typedef struct wg_lbfgs_options {
    int64_t steps_max; /* 0: 200 */
    int64_t memory;    /* steps whose curvature counts, at most 100; 0: 10 */
    double tolerance;  /* of the largest element of the gradient; 0: 1e-6 */
    uint64_t reserved[4];
} wg_lbfgs_options;
typedef struct wg_lbfgs_result {
    double loss, gradient; /* at the end; the largest element in magnitude */
    int64_t steps, evaluations;
    bool converged; /* gradient is within the tolerance */
    uint64_t reserved[4];
} wg_lbfgs_result;
/* Makes the mean loss over all rows of data smaller by L-BFGS, for problems small enough that every
 * step sees all rows: each goes along the direction in which the curvature of the last steps sees
 * the minimum, so far that the weak Wolfe conditions hold (with 1e-4 and 0.9). The model is
 * recorded in evaluation mode, so that it is one function; its parameters of whatever dtype are
 * changed, its state is not. What it remembers ends with the call. It stops where the gradient is
 * small, after steps_max, or where rounding hides any descent. result may be NULL.
 *
 *   errors    those of the recording or its run; WG_EFINITE the loss is not finite at the start;
 *             WG_ECANCEL. The best point so far is then put back
 *   source    Nocedal & Wright 2006, alg. 7.4; Lewis & Overton 2013, alg. 2.6 (its length) */
int wg_minimize_lbfgs(wg_runtime *runtime, const wg_model *model, wg_params *params,
                      const wg_dataset *data, const wg_lbfgs_options *options,
                      wg_lbfgs_result *result, wg_error *error);

int64_t wg_history_count(const wg_history *history); /* epochs completed; 0 for NULL */
int wg_history_epoch(const wg_history *history, int64_t index, wg_epoch *out);
int64_t wg_history_best(const wg_history *history); /* index of the best; -1: none */
/* As CSV: a head, then a line an epoch, counted from 1; numbers read back as they were, and what is
 * NaN is left empty.  errors  WG_EINVALID NULL; those of write */
int wg_history_print(const wg_history *history, wg_writer *write, void *user);
void wg_history_free(wg_history *history);

/* ---- what goes through a model ---- */

enum { WG_LAYER_PATH_BYTES = 128 };
typedef struct wg_layer_state {
    char path[WG_LAYER_PATH_BYTES]; /* cut if it is longer */
    bool is_parameter;              /* else a value that a layer noted (wg_note) */
    double mean, spread, norm;      /* over all its elements; norm: Euclidean */
    double gradient_mean, gradient_spread, gradient_norm; /* of the mean loss, by it */
    double update_norm;             /* of a parameter: what the step adds to it; else 0 */
    double dead;                    /* of a noted value: the share of its units (last axis) that
                                       give every sample the same, as a relu that is always 0 */
    uint64_t reserved[4];
} wg_layer_state;
/* One step of training on the first 512 rows, in their order, of which nothing is kept: the values
 * that layers noted, in the order they were, then the parameters by path. *count is how many there
 * are, also above capacity. optimizer NULL: wg_adam(1e-3, NULL). Gradients that shrink or grow from
 * layer to layer show here, before a training that goes nowhere does.
 *   errors  those of a step of wg_train; WG_EINVALID there are no rows */
int wg_layers(wg_runtime *runtime, const wg_model *model, const wg_params *params,
              const wg_dataset *data, const wg_optimizer *optimizer, int64_t capacity,
              wg_layer_state *state, int64_t *count, wg_error *error);
/* As a table: a line a state. */
int wg_layers_print(int64_t count, const wg_layer_state *state, wg_writer *write, void *user);

/* ---- configurations and search ----
 * A configuration is keys that a program declares, each with a value, "width=128 rate=1e-3". Blanks
 * may stand around '=', a value with blanks stands in quotes, and '#' begins a comment. A value is
 * one line without quotes. */

typedef struct wg_config wg_config;
wg_config *wg_config_create(const wg_allocator *allocator); /* NULL: no memory */
void wg_config_free(wg_config *config);
/* errors  WG_ENAME key is no name, or declared before; WG_EINVALID value; help may be NULL */
int wg_config_declare(wg_config *config, const char *key, const char *value, const char *help);
int wg_config_set(wg_config *config, const char *key, const char *value); /* WG_ENAME: unknown */
/* Settings from a file, and from arguments "--key=value" or "key=value" (those of main after the
 * first). What came before an error is set.
 *   errors  WG_ENAME an unknown key, with the known ones; WG_EFORMAT; with line and column */
int wg_config_read(wg_config *config, const char *path, wg_error *error);
int wg_config_arguments(wg_config *config, int64_t count, char **argument, wg_error *error);
double wg_config_number(const wg_config *config, const char *key); /* NaN: none such, no number */
const char *wg_config_text(const wg_config *config, const char *key); /* NULL: none; until set */
/* A line a setting, with its help behind '#': a file that wg_config_read takes. */
int wg_config_print(const wg_config *config, wg_writer *write, void *user);

/* Trains and evaluates what the configuration says; repeat tells the seed from those of the other
 * repeats. *metric: higher is better; NaN: it came to nothing. */
typedef int wg_trial(const wg_config *config, int64_t repeat, double *metric, void *user);
typedef struct wg_search_options {
    int64_t random; /* 0: every point of the grid; else so many, drawn */
    uint64_t seed;  /* of the draws */
    uint64_t reserved[4];
} wg_search_options;
/* Tries the points of a grid, "width=16,32,64 rate=1e-3,1e-2", each `repeats` times, and leaves
 * config at the one with the highest mean metric. In a random search an entry may also be a range,
 * "rate=1e-4..1e-1", drawn evenly over its logarithm; whole numbers stay whole. Results are kept in
 * the file at path (NULL: none), a line a trial with the whole configuration, after each trial, and
 * a search goes on from there: what is in the file is not tried again.
 *   errors  WG_ENAME config has no such setting; WG_EFORMAT the grid, or the file with its line;
 *           WG_ELIMIT; WG_EFILE; what the trial returned */
int wg_search(wg_config *config, const char *grid, const char *path, int64_t repeats,
              wg_trial *trial, void *user, const wg_search_options *options, wg_error *error);
/* The results in a file as a table, best mean first: mean, spread over repeats, configuration. */
int wg_search_print(const char *path, wg_writer *write, void *user, wg_error *error);

WG_DECLARATIONS_END

#endif

/* The training loop: epochs of steps, each followed by a validation; the best epoch's parameters
 * are kept aside and put back at the end, whatever the end is.                                  */
#include "runtime/data/dataset.h"
#include "runtime/data/decimal.h"
#include "runtime/data/system.h"
#include "runtime/internal.h"
#include "runtime/train/checkpoint.h"
#include "runtime/train/pass.h"
#include "runtime/train/progress.h"

#include <math.h>

enum { EPOCHS_DEFAULT = 10, BATCH_SIZE_DEFAULT = 32 };
static const double rate_default = 1e-3;

typedef struct trainer {
    wg_runtime *runtime;
    wg_params *params;
    wg_params *best; /* a copy of params at the best epoch */
    wg_train_options options;
    wg_optimizer optimizer;
    wg__pass train, validation; /* validation.data NULL: none */
    wg_history *history;
    wg__progress progress;
    int64_t step_count; /* of all epochs */
    int64_t step;
    wg__step_place place; /* first_loss: of the first batch, later of the first epoch; 0: none */
    wg_error *error;
} trainer;

/* ---- one epoch ---- */

static int fail_step(const trainer *self, int64_t epoch, int status)
{
    return wg__fail(self->error, status, "epoch %lld, step %lld: %s", (long long)(epoch + 1),
                    (long long)(self->step + 1), wg__pass_explain(&self->train, status));
}

/* Whether the batch that took the sums from `before` to `now` is far above where training began. */
static int divergence_check(trainer *self, const wg__sums *before, const wg__sums *now)
{
    const double loss = (now->loss - before->loss) / (now->weight - before->weight);
    const double bound = self->options.divergence;
    if (self->place.first_loss == 0) self->place.first_loss = fabs(loss);
    if (bound == 0 || !(loss > bound * self->place.first_loss)) return WG_OK;
    char text[2][WG__DECIMAL_BYTES];
    wg__decimal_fixed(loss, 4, text[0]);
    wg__decimal_fixed(self->place.first_loss, 4, text[1]);
    return wg__fail(self->error, WG_EFINITE,
                    "step %lld: the loss, %s, began at %s: it diverges; is the rate too large?",
                    (long long)self->step, text[0], text[1]);
}

static wg__checkpoint checkpoint_of(trainer *self)
{
    return (wg__checkpoint){ .path = self->options.save_path,
                             .course = { .batch_size = self->options.batch_size,
                                         .rows = wg_dataset_count(self->train.data),
                                         .seed = self->options.seed,
                                         .keep_last = self->options.keep_last },
                             .params = self->params,
                             .best = self->best,
                             .history = self->history,
                             .place = &self->place };
}

/* The training in its file, at the step in the epoch where it stands. The last step's is that of
 * the epoch. */
static int step_keep(trainer *self, double start)
{
    wg__step_place *place = &self->place;
    const int64_t every = self->options.save_every;
    const bool is_last = place->steps == wg_loader_batches(self->train.loader);
    if (every == 0 || is_last || self->step % every != 0) return WG_OK;
    const double before = place->seconds;
    place->seconds += wg__system_seconds() - start;
    const wg__checkpoint point = checkpoint_of(self);
    const int status = wg__checkpoint_save(&point, self->error);
    place->seconds = before;
    return status;
}

/* The epoch's batches, up to the place where training goes on. */
static int batches_start(const trainer *self, const wg_epoch *epoch)
{
    int status = wg_loader_start(self->train.loader, epoch->index);
    for (int64_t i = 0; i < self->place.steps && status >= 0; i++)
        status = wg_loader_next(self->train.loader);
    return status;
}

static int epoch_train(trainer *self, wg_epoch *epoch, double start)
{
    wg__sums *sums = &self->place.sums;
    const double base = self->optimizer.rate;
    wg_optimizer optimizer = self->optimizer;
    self->train.optimizer = &optimizer;
    int status = batches_start(self, epoch);
    while (status >= 0 && (status = wg_loader_next(self->train.loader)) > 0) {
        if (self->options.rate != NULL)
            optimizer.rate =
                self->options.rate(self->step, self->step_count, base, self->options.rate_user);
        const wg__sums before = *sums;
        status = wg__pass_batch(&self->train, sums);
        if (status < 0) break;
        self->step++;
        self->place.steps++;
        WG_TRY(divergence_check(self, &before, sums));
        WG_TRY(step_keep(self, start));
        wg__progress_step(&self->progress, epoch->index, self->place.steps,
                          sums->loss / sums->weight);
    }
    if (status < 0) return fail_step(self, epoch->index, status);
    epoch->step = self->step;
    epoch->rate = optimizer.rate;
    epoch->loss = sums->loss / sums->weight;
    epoch->metric = sums->metric / sums->weight;
    if (epoch->index == 0) self->place.first_loss = fabs(epoch->loss);
    return WG_OK;
}

static int epoch_validate(trainer *self, wg_epoch *epoch)
{
    wg__sums sums = { 0 };
    epoch->validation_loss = (double)NAN;
    epoch->validation_metric = (double)NAN;
    if (self->validation.data == NULL) return WG_OK;
    const int status = wg__pass_evaluate(&self->validation, &sums);
    if (status < 0)
        return wg__fail(self->error, status, "epoch %lld, validation: %s",
                        (long long)(epoch->index + 1),
                        wg__pass_explain(&self->validation, status));
    epoch->validation_loss = sums.loss / sums.weight;
    epoch->validation_metric = sums.metric / sums.weight;
    return WG_OK;
}

/* Keeps the epoch's parameters aside if it is the best, and the training in its file. */
static int epoch_keep(trainer *self, const wg_epoch *epoch)
{
    if (epoch->best && !self->options.keep_last) {
        const int status = wg_params_copy(self->params, "*", self->best);
        if (status < 0)
            return wg__fail(self->error, status, "train: the best parameters cannot be kept: %s",
                            wg_status_text(status));
    }
    if (self->options.save_path == NULL) return WG_OK;
    const wg__checkpoint point = checkpoint_of(self);
    return wg__checkpoint_save(&point, self->error);
}

/* So many epochs since the best. */
static bool is_patience_over(const trainer *self)
{
    const wg_history *history = self->history;
    const int64_t patience = self->options.patience;
    return patience > 0 && history->count > 0 && history->count - 1 - history->best >= patience;
}

/* Trains, validates, remembers. 1: training is over. */
static int epoch_run(trainer *self, int64_t index)
{
    wg_epoch epoch = { .index = index };
    const double start = wg__system_seconds();
    WG_TRY(epoch_train(self, &epoch, start));
    WG_TRY(epoch_validate(self, &epoch));
    epoch.seconds = self->place.seconds + wg__system_seconds() - start;
    self->place = (wg__step_place){ .first_loss = self->place.first_loss };
    if (wg__history_add(self->history, &epoch) < 0)
        return wg__fail(self->error, WG_EMEMORY, "train: no memory for the history");
    epoch = self->history->epoch[index];
    WG_TRY(epoch_keep(self, &epoch));
    wg__progress_epoch(&self->progress, &epoch);
    if (self->options.on_epoch != NULL) {
        const int answer = self->options.on_epoch(&epoch, self->options.on_epoch_user);
        if (answer < 0)
            return wg__fail(self->error, answer, "train: on_epoch failed after epoch %lld",
                            (long long)(index + 1));
        if (answer > 0) return 1;
    }
    return is_patience_over(self);
}

/* ---- all epochs ---- */

/* Puts the best epoch's parameters back, if others came after it. *is_restored says whether it
 * did.                                                                                          */
static int best_restore(trainer *self, int status, bool *is_restored)
{
    const int64_t best = self->history->best;
    const bool is_present = status >= 0 && best == self->history->count - 1;
    if (self->options.keep_last || best < 0 || is_present) return status;
    (void)wg_tape_reset(self->train.tape);
    const int restored = wg_params_copy(self->best, "*", self->params);
    *is_restored = restored >= 0;
    if (restored >= 0 || status < 0) return status;
    return wg__fail(self->error, restored, "train: the best parameters stay lost: %s",
                    wg_status_text(restored));
}

static int epochs_run(trainer *self)
{
    int status = is_patience_over(self);
    bool is_restored = false;
    for (int64_t i = self->history->count; i < self->options.epochs && status == WG_OK; i++)
        status = epoch_run(self, i);
    status = best_restore(self, status < 0 ? status : WG_OK, &is_restored);
    wg__progress_end(&self->progress, self->history, is_restored);
    return status;
}

static int fail_memory(const trainer *self)
{
    return wg__fail(self->error, WG_EMEMORY, "train: no memory");
}

/* A pass over a dataset with a tape of its own: each follows its own last recording. */
static int pass_open(trainer *self, wg__pass *pass, const wg_loader_options *options)
{
    const wg_tape_options of_tape = { .allocator = &self->runtime->allocator };
    WG_TRY(wg_loader_create(self->runtime, pass->data, options, &pass->loader, self->error));
    pass->tape = wg_tape_create(&of_tape);
    return pass->tape == NULL ? fail_memory(self) : WG_OK;
}

static int trainer_open(trainer *self)
{
    const wg_loader_options shuffled = { .batch_size = self->options.batch_size,
                                         .seed = self->options.seed };
    const wg_loader_options in_order = { .batch_size = WG__EVALUATION_ROWS, .in_order = true };
    const bool has_validation = self->validation.data != NULL;
    const wg_params_options of_best = { .allocator = &self->params->allocator };
    WG_TRY(pass_open(self, &self->train, &shuffled));
    if (has_validation) WG_TRY(pass_open(self, &self->validation, &in_order));
    self->best = wg_params_create(&of_best);
    self->history = wg__history_create(&self->runtime->allocator, has_validation);
    if (self->best == NULL || self->history == NULL) return fail_memory(self);
    const int64_t steps = wg_loader_batches(self->train.loader);
    self->step_count = steps * self->options.epochs;
    self->progress =
        wg__progress_begin(self->options.progress, self->options.epochs, steps, has_validation);
    return WG_OK;
}

/* Goes on where the training in the file ended, if there is one. */
static int trainer_resume(trainer *self)
{
    if (self->options.save_path == NULL) return WG_OK;
    const wg__checkpoint point = checkpoint_of(self);
    WG_TRY(wg__checkpoint_load(&point, self->error));
    const int64_t epochs = self->history->count;
    self->step = self->place.steps + (epochs > 0 ? self->history->epoch[epochs - 1].step : 0);
    return WG_OK;
}

static void trainer_close(trainer *self)
{
    wg_params_free(self->best);
    wg_loader_free(self->train.loader);
    wg_loader_free(self->validation.loader);
    wg_tape_free(self->train.tape);
    wg_tape_free(self->validation.tape);
}

static int arguments_check(const trainer *self)
{
    const wg_train_options *options = &self->options;
    if (self->runtime == NULL || self->params == NULL || self->train.data == NULL)
        return wg__fail(self->error, WG_EINVALID,
                        "train: a runtime, params and training data are needed, not NULL");
    WG_TRY(wg__model_check(self->train.model, self->error));
    if (options->epochs < 0 || options->batch_size < 0 || options->patience < 0 ||
        options->save_every < 0 || !(options->divergence >= 0))
        return wg__fail(self->error, WG_EINVALID, "train: epochs, batch_size, patience, "
                                                  "divergence and save_every are not negative");
    if (options->save_every > 0 && options->save_path == NULL)
        return wg__fail(self->error, WG_EINVALID, "train: save_every needs a save_path");
    if (!wg__reserved_is_zero(options->reserved, 8))
        return wg__fail(self->error, WG_EINVALID,
                        "train: options were not zeroed: reserved has a value");
    return WG_OK;
}

int wg_train(wg_runtime *runtime, const wg_model *model, wg_params *params, const wg_dataset *train,
             const wg_dataset *validation, const wg_train_options *options, wg_history **history,
             wg_error *error)
{
    wg__pass pass = { .runtime = runtime, .model = model, .params = params };
    trainer self = { .runtime = runtime, .params = params, .train = pass, .validation = pass,
                     .error = error };
    self.train.data = train;
    self.validation.data = validation;
    if (history != NULL) *history = NULL;
    if (options != NULL) self.options = *options;
    WG_TRY(arguments_check(&self));
    if (self.options.epochs == 0) self.options.epochs = EPOCHS_DEFAULT;
    if (self.options.batch_size == 0) self.options.batch_size = BATCH_SIZE_DEFAULT;
    self.optimizer = self.options.optimizer;
    /* One whose options were refused has a name, and its steps will tell. */
    const bool is_zeroed = self.optimizer.update == NULL && self.optimizer.name == NULL;
    if (is_zeroed) self.optimizer = wg_adam(rate_default, NULL);

    int status = trainer_open(&self);
    if (status >= 0) status = trainer_resume(&self);
    if (status >= 0) status = epochs_run(&self);
    trainer_close(&self);
    const bool is_wanted = history != NULL && self.history != NULL && self.history->count > 0;
    if (is_wanted) *history = self.history;
    else wg_history_free(self.history);
    return status;
}

/* A batch is recorded as anybody would record it, by the public functions alone. Sums are taken
 * in f64 on the tape, so that counts are exact and means do not depend on how the rows were cut.
 */
#include "runtime/train/pass.h"

#include "runtime/data/dataset.h"

int wg__model_check(const wg_model *model, wg_error *error)
{
    if (model == NULL) return wg__fail(error, WG_EINVALID, "a model is needed, not NULL");
    if (model->objective == NULL && (model->network == NULL || model->loss == NULL))
        return wg__fail(error, WG_EINVALID,
                        "model: a network and a loss, or an objective, are needed");
    if (model->objective != NULL && (model->network != NULL || model->loss != NULL))
        return wg__fail(error, WG_EINVALID,
                        "model: an objective stands alone, without network and loss");
    if (!wg__reserved_is_zero(model->reserved, 4))
        return wg__fail(error, WG_EINVALID, "model: it was not zeroed: reserved has a value");
    return WG_OK;
}

/* ---- one value a sample ---- */

static wg_var fail(wg_tape *tape, int status, const char *text)
{
    (void)wg_tape_fail(tape, status, text);
    return (wg_var){ 0 };
}

/* The mean over all axes but the first; what has no value for each row is refused. */
static wg_var per_sample(wg_var x, int64_t rows)
{
    const wg_shape shape = wg_shape_of(x);
    if (wg_tape_status(x.tape) < 0) return x;
    if (shape.rank == 0 || shape.dim[0] != rows)
        return fail(x.tape, WG_ESHAPE, "loss and metric give one value a sample: take no mean");
    wg_axes others = { .count = shape.rank - 1 };
    for (int32_t i = 1; i < shape.rank; i++) others.axis[i - 1] = i;
    return shape.rank == 1 ? x : wg_mean(x, others);
}

/* Column "weight", one number a sample; the null value without such a column. */
static wg_var weight_of(const wg__pass *pass, wg_scope scope, int64_t rows)
{
    const wg__column *column = wg__dataset_column(pass->data, "weight");
    if (column == NULL) return (wg_var){ 0 };
    if (wg_shape_count(column->view.shape) != pass->data->row_count)
        return fail(scope.tape, WG_ESHAPE, "column weight has one number a row");
    return wg_reshape(wg_cast(wg_column(scope, "weight"), WG_F64), WG_SHAPE(rows));
}

/* sum(w x); weight 0 hides even a NaN. */
static wg_var weighted_sum(wg_var x, wg_var weight)
{
    x = wg_cast(x, WG_F64);
    if (weight.tape == NULL) return wg_sum(x, WG_ALL);
    const wg_var zero = wg_number(x, 0);
    return wg_sum(wg_select(wg_eq(weight, zero), zero, wg_mul(weight, x)), WG_ALL);
}

/* ---- the model ---- */

typedef struct outcome { wg_var loss, metric; } outcome;

/* The caller's functions, bracketed so that what was recorded before keeps its place. */
static outcome model_record(const wg_model *model, wg_scope scope)
{
    outcome found = { 0 };
    const uint32_t held = wg_location_hold(scope.tape);
    if (model->objective != NULL) {
        found.loss = model->objective(scope, model->user);
        if (model->metric_note != NULL) found.metric = wg_find(scope, model->metric_note);
    } else {
        const wg_var target = wg_column(scope, "t");
        const wg_var output = model->network(scope, wg_column(scope, "x"), model->user);
        found.loss = model->loss(output, target);
        if (model->metric != NULL) found.metric = model->metric(output, target);
    }
    wg_location_release(scope.tape, held);
    const bool has_metric = model->metric_note != NULL || model->metric != NULL;
    if (!has_metric) found.metric = wg_neg(found.loss);
    if (found.loss.tape == NULL || found.metric.tape == NULL)
        (void)wg_tape_fail(scope.tape, WG_EINVALID, "the model gave no value");
    return found;
}

static void columns_record(const wg__pass *pass)
{
    for (int64_t i = 0; i < pass->data->column_count; i++) {
        const char *name = pass->data->column[i].name;
        (void)wg_batch(pass->tape, name, wg_loader_view(pass->loader, name));
    }
}

int wg__pass_record(const wg__pass *pass, wg_mode mode, wg__samples *batch)
{
    (void)wg_tape_reset(pass->tape);
    batch->scope = wg_scope_root(pass->tape, pass->params, mode);
    columns_record(pass);
    batch->rows = wg_loader_view(pass->loader, pass->data->column[0].name).shape.dim[0];
    batch->weight = weight_of(pass, batch->scope, batch->rows);
    const outcome found = model_record(pass->model, batch->scope);
    batch->loss = per_sample(found.loss, batch->rows);
    batch->metric = per_sample(found.metric, batch->rows);
    return wg_tape_status(pass->tape);
}

wg_var wg__sample_mean(const wg__samples *batch)
{
    return batch->weight.tape == NULL ? wg_mean(batch->loss, WG_ALL)
                                      : wg_weighted_mean(batch->loss, batch->weight);
}

int wg__pass_batch(wg__pass *pass, wg__sums *sums)
{
    wg__samples batch;
    const bool is_training = pass->optimizer != NULL;
    WG_TRY(wg__pass_record(pass, is_training ? WG_TRAINING : WG_EVALUATION, &batch));
    const wg_var weight = batch.weight;
    if (is_training) {
        const wg_var mean = wg__sample_mean(&batch);
        WG_TRY(wg_require_finite(mean));
        WG_TRY(wg_minimize(pass->optimizer, batch.scope, mean));
    }
    const wg_var wanted[3] = { weighted_sum(batch.loss, weight), weighted_sum(batch.metric, weight),
                               weight.tape == NULL ? weight : wg_sum(weight, WG_ALL) };
    double value[3] = { 0.0, 0.0, (double)batch.rows };
    WG_TRY(wg_items(pass->runtime, weight.tape == NULL ? 2 : 3, wanted, value));
    sums->loss += value[0];
    sums->metric += value[1];
    sums->weight += value[2];
    return WG_OK;
}

int wg__pass_evaluate(wg__pass *pass, wg__sums *sums)
{
    *sums = (wg__sums){ 0 };
    int status = wg_loader_start(pass->loader, 0);
    while (status >= 0 && (status = wg_loader_next(pass->loader)) > 0)
        status = wg__pass_batch(pass, sums);
    return status;
}

const char *wg__pass_explain(const wg__pass *pass, int status)
{
    const char *text = wg_loader_message(pass->loader);
    return text[0] != '\0' ? text : wg_explain(status, pass->tape, NULL);
}

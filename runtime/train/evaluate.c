/* A model as it stands: its mean loss and metric over a dataset, or its outputs for given inputs,
 * both in evaluation mode, batch by batch, so that memory does not grow with the rows.          */
#include "runtime/data/dataset.h"
#include "runtime/internal.h"
#include "runtime/train/pass.h"

static int arguments_check(const wg_runtime *runtime, const wg_model *model,
                           const wg_params *params, wg_error *error)
{
    if (runtime == NULL || params == NULL)
        return wg__fail(error, WG_EINVALID,
                        "evaluation: a runtime and params are needed, not NULL");
    return wg__model_check(model, error);
}

static wg_tape *tape_create(const wg_runtime *runtime)
{
    return wg_tape_create(&(wg_tape_options){ .allocator = &runtime->allocator });
}

int wg_evaluate(wg_runtime *runtime, const wg_model *model, wg_params *params,
                const wg_dataset *data, double *loss, double *metric, wg_error *error)
{
    WG_TRY(arguments_check(runtime, model, params, error));
    wg__pass pass = { .runtime = runtime, .model = model, .params = params, .data = data };
    const wg_loader_options options = { .batch_size = WG__EVALUATION_ROWS, .in_order = true };
    WG_TRY(wg_loader_create(runtime, data, &options, &pass.loader, error));
    wg__sums sums = { 0 };
    int status = WG_EMEMORY;
    pass.tape = tape_create(runtime);
    if (pass.tape == NULL) (void)wg__fail(error, status, "evaluation: no memory for a tape");
    else status = wg__pass_evaluate(&pass, &sums);
    if (status < 0 && pass.tape != NULL)
        (void)wg__fail(error, status, "evaluation: %s", wg__pass_explain(&pass, status));
    if (status >= 0 && loss != NULL) *loss = sums.loss / sums.weight;
    if (status >= 0 && metric != NULL) *metric = sums.metric / sums.weight;
    wg_tape_free(pass.tape);
    wg_loader_free(pass.loader);
    return status;
}

/* ---- predictions ---- */

static wg_tensor tensor_rows(wg_tensor tensor, int64_t start, int64_t stop)
{
    const int64_t offset = start * tensor.stride[0] * (int64_t)wg_dtype_bytes(tensor.dtype);
    tensor.data = (unsigned char *)tensor.data + offset;
    tensor.shape.dim[0] = stop - start;
    return tensor;
}

static int rows_predict(wg_runtime *runtime, wg_tape *tape, const wg_model *model,
                        wg_params *params, wg_view x, wg_tensor out)
{
    (void)wg_tape_reset(tape);
    const wg_scope scope = wg_scope_root(tape, params, WG_EVALUATION);
    const wg_var input = wg_batch(tape, "x", x);
    const uint32_t held = wg_location_hold(tape);
    const wg_var output = model->network(scope, input, model->user);
    wg_location_release(tape, held);
    WG_TRY(wg_tape_status(tape));
    return wg_read(runtime, output, out);
}

static int predict_check(const wg_model *model, const wg_view *x, const wg_tensor *out,
                         wg_error *error)
{
    const wg_view view = { out->data, out->dtype, out->shape, { 0 } };
    if (model->network == NULL)
        return wg__fail(error, WG_EINVALID, "predict: a model with a network is needed");
    int status = wg__view_check(x);
    if (status < 0) return wg__fail(error, status, "predict: x: %s", wg_status_text(status));
    status = wg__view_check(&view);
    if (status < 0) return wg__fail(error, status, "predict: out: %s", wg_status_text(status));
    if (x->shape.rank == 0 || out->shape.rank == 0 || x->shape.dim[0] != out->shape.dim[0])
        return wg__fail(error, WG_ESHAPE, "predict: x and out have the same rows");
    return WG_OK;
}

int wg_predict(wg_runtime *runtime, const wg_model *model, wg_params *params, wg_view x,
               wg_tensor out, wg_error *error)
{
    WG_TRY(arguments_check(runtime, model, params, error));
    WG_TRY(predict_check(model, &x, &out, error));
    wg_tape *tape = tape_create(runtime);
    if (tape == NULL) return wg__fail(error, WG_EMEMORY, "predict: no memory for a tape");
    const int64_t rows = x.shape.dim[0];
    int status = WG_OK;
    for (int64_t start = 0; start < rows && status >= 0; start += WG__EVALUATION_ROWS) {
        const int64_t left = rows - start;
        const int64_t stop = left < WG__EVALUATION_ROWS ? rows : start + WG__EVALUATION_ROWS;
        status = rows_predict(runtime, tape, model, params, wg_view_rows(x, start, stop),
                              tensor_rows(out, start, stop));
    }
    if (status < 0) (void)wg__fail(error, status, "predict: %s", wg_explain(status, tape, NULL));
    wg_tape_free(tape);
    return status;
}

/* Fitting the layer of wg_standardize: mean and spread of each feature over all axes but the
 * last, in two passes in f64, so that a large mean does not eat the spread. A feature that never
 * changes has exactly the spread 0, which no sum of rounded squares would promise; the layer
 * gives 0 for it.                                                                               */
#include "graph/internal.h"
#include "runtime/data/dataset.h"

#include <math.h>
#include <string.h>

enum { PATH_LENGTH_MAX = 480 }; /* leaves room for the names of the state in a buffer of 512 */

typedef struct scaler {
    wg_view x; /* contiguous */
    int64_t row_count, feature_count;
    double *mean, *spread, *least, *largest; /* of each feature, in one block */
    wg_error *error;
} scaler;

static double element(const scaler *fit, int64_t row, int64_t i)
{
    const int64_t at = row * fit->feature_count + i;
    if (fit->x.dtype == WG_F32) return (double)((const float *)fit->x.data)[at];
    return ((const double *)fit->x.data)[at];
}

static int means_find(scaler *fit)
{
    for (int64_t i = 0; i < fit->feature_count; i++) {
        fit->least[i] = HUGE_VAL;
        fit->largest[i] = -HUGE_VAL;
    }
    for (int64_t row = 0; row < fit->row_count; row++) {
        for (int64_t i = 0; i < fit->feature_count; i++) {
            const double x = element(fit, row, i);
            if (x - x != 0.0)
                return wg__fail(fit->error, WG_EFINITE,
                                "standardize: feature %lld of row %lld is not finite", (long long)i,
                                (long long)row);
            fit->mean[i] += x;
            if (x < fit->least[i]) fit->least[i] = x;
            if (x > fit->largest[i]) fit->largest[i] = x;
        }
    }
    for (int64_t i = 0; i < fit->feature_count; i++) fit->mean[i] /= (double)fit->row_count;
    return WG_OK;
}

static void spreads_find(scaler *fit)
{
    for (int64_t row = 0; row < fit->row_count; row++) {
        for (int64_t i = 0; i < fit->feature_count; i++) {
            const double off = element(fit, row, i) - fit->mean[i];
            fit->spread[i] += off * off / (double)fit->row_count;
        }
    }
    for (int64_t i = 0; i < fit->feature_count; i++) {
        const bool is_constant = fit->least[i] == fit->largest[i];
        if (is_constant) fit->mean[i] = fit->least[i];
        fit->spread[i] = is_constant ? 0.0 : sqrt(fit->spread[i]);
    }
}

/* ---- into the params ---- */

/* The state of that path, made if it is missing; NULL after an error. */
static wg__entry *state_find(wg_params *params, const char *path, const char *name,
                             const wg__type *type, bool *is_new, wg_error *error)
{
    char full[512];
    wg__text text = wg__text_of(full, sizeof full);
    wg__text_add(&text, "%s/%s", path, name);
    wg__entry *entry = wg__params_entry(params, full);
    *is_new = entry == NULL;
    if (entry == NULL) {
        entry = wg__params_add(params, full, type, false);
        if (entry == NULL) (void)wg__fail(error, WG_EMEMORY, "standardize: no memory for %s", full);
        return entry;
    }
    if (entry->type.dtype == type->dtype && wg__shape_equal(&entry->type.shape, &type->shape))
        return entry;
    (void)wg__fail(
        error, WG_ESHAPE, "standardize: %s is there as %s of %lld features, not %s of %lld", full,
        wg_dtype_name(entry->type.dtype), (long long)wg__shape_count(&entry->type.shape),
        wg_dtype_name(type->dtype), (long long)type->shape.dim[0]);
    return NULL;
}

static void state_set(wg__entry *entry, const double *value)
{
    const int64_t count = wg__shape_count(&entry->type.shape);
    for (int64_t i = 0; i < count; i++) {
        if (entry->type.dtype == WG_F32) ((float *)entry->data)[i] = wg__narrow(value[i]);
        if (entry->type.dtype == WG_F64) ((double *)entry->data)[i] = value[i];
    }
    entry->is_trained = false;
    entry->version++;
}

static int state_store(const scaler *fit, wg_params *params, const char *path)
{
    wg_error own = { 0 };
    bool is_mean_new = false;
    bool is_spread_new = false;
    const wg_shape shape = WG_SHAPE(fit->feature_count);
    const wg__type type = { .dtype = fit->x.dtype, .shape = wg__shape_of(shape) };
    if (wg__params_lock(params, true) < 0)
        return wg__fail(fit->error, WG_EBUSY, "standardize: the params are in use");
    wg__entry *mean = state_find(params, path, "mean", &type, &is_mean_new, &own);
    wg__entry *spread = NULL;
    if (mean != NULL) spread = state_find(params, path, "spread", &type, &is_spread_new, &own);
    if (spread != NULL) {
        state_set(mean, fit->mean);
        state_set(spread, fit->spread);
    } else if (mean != NULL && is_mean_new) {
        wg__params_remove(params, mean);
    }
    wg__params_unlock(params);
    return spread != NULL ? WG_OK : wg__fail(fit->error, own.status, "%s", own.message);
}

static int check_arguments(const wg_params *params, const char *path, const wg_view *training,
                           wg_error *error)
{
    if (params == NULL || path == NULL || !wg__name_is_valid(path, true))
        return wg__fail(error, WG_EINVALID,
                        "standardize: params and the path of a layer are needed");
    if (strlen(path) > PATH_LENGTH_MAX)
        return wg__fail(error, WG_ELIMIT, "standardize: a path of more than %d characters",
                        PATH_LENGTH_MAX);
    const int status = wg__view_check(training);
    if (status < 0) return wg__fail(error, status, "standardize: %s", wg_status_text(status));
    if (!wg__dtype_is_float(training->dtype))
        return wg__fail(error, WG_EDTYPE, "standardize: features of dtype %s, f32 or f64 is needed",
                        wg_dtype_name(training->dtype));
    if (training->shape.rank == 0 || wg_shape_count(training->shape) == 0)
        return wg__fail(error, WG_ESHAPE, "standardize: there is nothing to fit to");
    return WG_OK;
}

/* The rows as one block: those of the view, or a copy if they are apart or at odd addresses. */
static int rows_pack(scaler *fit, const wg_view *training, const wg_allocator *allocator,
                     void **copy, size_t *bytes)
{
    const bool is_aligned = (uintptr_t)training->data % wg_dtype_bytes(training->dtype) == 0;
    fit->x = *training;
    if (is_aligned && wg__view_is_contiguous(training)) return WG_OK;
    if (!wg__bytes_of(wg_shape_count(training->shape), training->dtype, bytes)) return WG_ELIMIT;
    *copy = wg__allocate(allocator, *bytes);
    if (*copy == NULL) return wg__fail(fit->error, WG_EMEMORY, "standardize: no memory");
    wg__view_pack(training, *copy);
    fit->x = wg_view_of(*copy, training->dtype, training->shape);
    return WG_OK;
}

int wg_standardize_fit(wg_params *params, const char *path, wg_view training, wg_error *error)
{
    WG_TRY(check_arguments(params, path, &training, error));
    const int64_t features = training.shape.dim[training.shape.rank - 1];
    scaler fit = {
        .row_count = wg_shape_count(training.shape) / features, .feature_count = features,
        .error = error,
    };
    void *copy = NULL;
    size_t copy_bytes = 0;
    const wg_allocator *allocator = &params->allocator;
    const size_t bytes = (size_t)features * 4 * sizeof(double);
    double *block = wg__allocate_zeroed(allocator, bytes);
    if (block == NULL) return wg__fail(error, WG_EMEMORY, "standardize: no memory");
    fit.mean = block;
    fit.spread = block + features;
    fit.least = block + 2 * features;
    fit.largest = block + 3 * features;
    int status = rows_pack(&fit, &training, allocator, &copy, &copy_bytes);
    if (status >= 0) status = means_find(&fit);
    if (status >= 0) {
        spreads_find(&fit);
        status = state_store(&fit, params, path);
    }
    wg__release(allocator, copy, copy_bytes);
    wg__release(allocator, block, bytes);
    return status;
}

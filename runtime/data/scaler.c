/* Fitting the layer of wg_standardize: mean and spread, or least value and range, of each feature
 * over all axes but the last, in passes over the rows in f64, so that a large mean does not eat the
 * spread. A feature that never changes has exactly the spread 0, which no sum of rounded squares
 * would promise; the layer gives 0 for it. Rows come as one block from memory, or block by block
 * from the file of a streamed dataset: in the same order, so with the same sums. */
#include "graph/internal.h"
#include "runtime/data/csv_table.h"
#include "runtime/data/dataset.h"

#include <math.h>
#include <string.h>

enum { PATH_LENGTH_MAX = 480 }; /* leaves room for the names of the state in a buffer of 512 */

typedef struct scaler {
    wg_allocator allocator;
    wg_dtype dtype;
    int64_t feature_count;
    int64_t row_count;       /* gone by in the pass at hand */
    double *mean, *spread, *least, *largest; /* of each feature, in one block */
    double *others;          /* values that are neither 0 nor 1, likewise */
    wg_scaler_options options;
    wg_error *error;
} scaler;

/* ---- passes ---- */

/* Some rows of a pass, one after the other. */
typedef int rows_rule(scaler *fit, const void *x, int64_t rows);

static double element(const scaler *fit, const void *x, int64_t row, int64_t i)
{
    const int64_t at = row * fit->feature_count + i;
    return fit->dtype == WG_F32 ? (double)((const float *)x)[at] : ((const double *)x)[at];
}

static int sums_add(scaler *fit, const void *from, int64_t rows)
{
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t i = 0; i < fit->feature_count; i++) {
            const double x = element(fit, from, row, i);
            if (x - x != 0.0)
                return wg__fail(fit->error, WG_EFINITE,
                                "standardize: feature %lld of row %lld is not finite", (long long)i,
                                (long long)(fit->row_count + row));
            fit->mean[i] += x;
            if (x < fit->least[i]) fit->least[i] = x;
            if (x > fit->largest[i]) fit->largest[i] = x;
            fit->others[i] += x != 0.0 && x != 1.0;
        }
    }
    fit->row_count += rows;
    return WG_OK;
}

static int squares_add(scaler *fit, const void *from, int64_t rows)
{
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t i = 0; i < fit->feature_count; i++) {
            const double off = element(fit, from, row, i) - fit->mean[i];
            fit->spread[i] += off * off / (double)fit->row_count;
        }
    }
    return WG_OK;
}

/* Where rows are: all at x, or in the table, as its column of t or of x. */
typedef struct source {
    const void *x;
    int64_t row_count;
    const wg__csv_table *table;
    bool is_t;
} source;

typedef struct visitor { scaler *fit; rows_rule *rule; bool is_t; } visitor;

static int block_visit(const float *x, const void *t, int64_t rows, void *user)
{
    const visitor *self = user;
    return self->rule(self->fit, self->is_t ? t : x, rows);
}

/* Hands all rows to the rule, in their order. */
static int rows_walk(const source *from, scaler *fit, rows_rule *rule)
{
    visitor self = { fit, rule, from->is_t };
    if (from->table == NULL) return rule(fit, from->x, from->row_count);
    return wg__csv_table_walk(from->table, block_visit, &self, fit->error);
}

/* ---- fitting ---- */

static int moments_find(scaler *fit, const source *from)
{
    for (int64_t i = 0; i < fit->feature_count; i++) {
        fit->least[i] = HUGE_VAL;
        fit->largest[i] = -HUGE_VAL;
    }
    WG_TRY(rows_walk(from, fit, sums_add));
    for (int64_t i = 0; i < fit->feature_count; i++) fit->mean[i] /= (double)fit->row_count;
    return rows_walk(from, fit, squares_add);
}

/* What the layer takes away and divides by. */
static void state_find(scaler *fit)
{
    for (int64_t i = 0; i < fit->feature_count; i++) {
        const double least = fit->least[i], range = fit->largest[i] - least;
        const bool is_flag = fit->options.keep_flags && fit->others[i] == 0;
        if (is_flag) {
            fit->mean[i] = 0;
            fit->spread[i] = 1;
        } else if (range == 0 || fit->options.range) {
            fit->mean[i] = least;
            fit->spread[i] = range;
        } else {
            fit->spread[i] = sqrt(fit->spread[i]);
        }
    }
}

/* ---- into the params ---- */

/* The state of that path, made if it is missing; NULL after an error. */
static wg__entry *entry_find(wg_params *params, const char *path, const char *name,
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
    const wg__type type = { .dtype = fit->dtype, .shape = wg__shape_of(shape) };
    if (wg__params_lock(params, true) < 0)
        return wg__fail(fit->error, WG_EBUSY, "standardize: the params are in use");
    wg__entry *mean = entry_find(params, path, "mean", &type, &is_mean_new, &own);
    wg__entry *spread = NULL;
    if (mean != NULL) spread = entry_find(params, path, "spread", &type, &is_spread_new, &own);
    if (spread != NULL) {
        state_set(mean, fit->mean);
        state_set(spread, fit->spread);
    } else if (mean != NULL && is_mean_new) {
        wg__params_remove(params, mean);
    }
    wg__params_unlock(params);
    return spread != NULL ? WG_OK : wg__fail(fit->error, own.status, "%s", own.message);
}

/* ---- arguments ---- */

static int path_check(const wg_params *params, const char *path, wg_error *error)
{
    if (params == NULL || path == NULL || !wg__name_is_valid(path, true))
        return wg__fail(error, WG_EINVALID,
                        "standardize: params and the path of a layer are needed");
    if (strlen(path) > PATH_LENGTH_MAX)
        return wg__fail(error, WG_ELIMIT, "standardize: a path of more than %d characters",
                        PATH_LENGTH_MAX);
    return WG_OK;
}

static int features_check(wg_dtype dtype, wg_shape shape, wg_error *error)
{
    if (!wg__dtype_is_float(dtype))
        return wg__fail(error, WG_EDTYPE, "standardize: features of dtype %s, f32 or f64 is needed",
                        wg_dtype_name(dtype));
    if (shape.rank == 0 || wg_shape_count(shape) == 0)
        return wg__fail(error, WG_ESHAPE, "standardize: there is nothing to fit to");
    return WG_OK;
}

/* The rows as one block: those of the view, or a copy if they are apart or at odd addresses. */
static int rows_pack(const wg_view *view, const wg_allocator *allocator, const void **x,
                     void **copy, size_t *bytes)
{
    const bool is_aligned = (uintptr_t)view->data % wg_dtype_bytes(view->dtype) == 0;
    *x = view->data;
    if (is_aligned && wg__view_is_contiguous(view)) return WG_OK;
    if (!wg__bytes_of(wg_shape_count(view->shape), view->dtype, bytes)) return WG_ELIMIT;
    *copy = wg__allocate(allocator, *bytes);
    if (*copy == NULL) return WG_EMEMORY;
    wg__view_pack(view, *copy);
    *x = *copy;
    return WG_OK;
}

static int fit_run(wg_params *params, const char *path, wg_dtype dtype, int64_t features,
                   const source *from, const wg_scaler_options *options, wg_error *error)
{
    scaler fit = { .allocator = params->allocator, .dtype = dtype, .feature_count = features,
                   .error = error };
    if (options != NULL) fit.options = *options;
    const size_t bytes = (size_t)features * 5 * sizeof(double);
    double *block = wg__allocate_zeroed(&fit.allocator, bytes);
    if (block == NULL) return wg__fail(error, WG_EMEMORY, "standardize: no memory");
    fit.mean = block;
    fit.spread = block + features;
    fit.least = block + 2 * features;
    fit.largest = block + 3 * features;
    fit.others = block + 4 * features;
    int status = moments_find(&fit, from);
    if (status >= 0) {
        state_find(&fit);
        status = state_store(&fit, params, path);
    }
    wg__release(&fit.allocator, block, bytes);
    return status;
}

static int view_fit(wg_params *params, const char *path, const wg_view *training,
                    const wg_scaler_options *options, wg_error *error)
{
    source from = { 0 };
    void *copy = NULL;
    size_t bytes = 0;
    const wg_shape *shape = &training->shape;
    WG_TRY(features_check(training->dtype, *shape, error));
    const int64_t features = shape->dim[shape->rank - 1];
    from.row_count = wg_shape_count(*shape) / features;
    int status = rows_pack(training, &params->allocator, &from.x, &copy, &bytes);
    if (status < 0) return wg__fail(error, status, "standardize: no memory");
    status = fit_run(params, path, training->dtype, features, &from, options, error);
    wg__release(&params->allocator, copy, bytes);
    return status;
}

int wg_standardize_fit(wg_params *params, const char *path, wg_view training, wg_error *error)
{
    WG_TRY(path_check(params, path, error));
    const int status = wg__view_check(&training);
    if (status < 0) return wg__fail(error, status, "standardize: %s", wg_status_text(status));
    return view_fit(params, path, &training, NULL, error);
}

int wg_standardize_fit_column(wg_params *params, const char *path, const wg_dataset *training,
                              const char *column, const wg_scaler_options *options,
                              wg_error *error)
{
    WG_TRY(path_check(params, path, error));
    if (training == NULL || column == NULL)
        return wg__fail(error, WG_EINVALID, "standardize: a dataset and a column are needed");
    if (options != NULL && !wg__reserved_is_zero(options->reserved, 4))
        return wg__fail(error, WG_EINVALID,
                        "standardize: options were not zeroed: reserved has a value");
    const wg__column *found = wg__dataset_column(training, column);
    if (found == NULL)
        return wg__fail(error, WG_ENAME, "standardize: no column is called \"%.40s\"", column);
    wg_view view = found->view;
    if (view.shape.rank == 1)
        view = wg_view_of(view.data, view.dtype, WG_SHAPE(training->row_count, 1));
    if (training->table == NULL) return view_fit(params, path, &view, options, error);
    WG_TRY(features_check(view.dtype, view.shape, error));
    const source from = { .table = training->table, .is_t = strcmp(column, "t") == 0 };
    return fit_run(params, path, view.dtype, view.shape.dim[1], &from, options, error);
}

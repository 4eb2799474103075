/* Principal components: the covariance is a recorded program, its eigenvectors are eigen.c's. */
#include "runtime/train/eigen.h"

#include <math.h>
#include <wengert/nn.h>
#include <wengert/unsupervised.h>

/* (x - mean)^T (x - mean) / (n - 1), in f64. */
static int covariance(wg_runtime *runtime, wg_view x, double *out, wg_error *error)
{
    const int64_t n = x.shape.dim[0], d = x.shape.dim[1];
    wg_tape *tape = wg_tape_create(NULL);
    if (tape == NULL) return WG_EMEMORY;
    const wg_var rows = wg_cast(wg_batch(tape, NULL, x), WG_F64);
    const wg_var centred = wg_sub(rows, wg_mean(rows, WG_KEEP(0)));
    const wg_var product = wg_matmul(wg_transpose(centred), centred);
    const wg_var mean = wg_div(product, wg_number(product, (double)(n - 1)));
    int status = wg_require_finite(mean);
    if (status >= 0) status = wg_read_f64(runtime, mean, out, d * d);
    if (status < 0) wg__fail(error, status, "pca: %s", wg_explain(status, tape, NULL));
    wg_tape_free(tape);
    return status;
}

/* Of the two signs, the one whose entry of largest magnitude is positive; the first of equals. */
static double sign_of(const double *vector, int64_t d)
{
    int64_t largest = 0;
    for (int64_t i = 1; i < d; i++)
        if (fabs(vector[i]) > fabs(vector[largest])) largest = i;
    return vector[largest] < 0 ? -1 : 1;
}

static int check(wg_view x, const wg_tensor *components, const wg_tensor *variances,
                 wg_error *error)
{
    const wg_shape *rows = &components->shape, *line = &variances->shape;
    const int status = wg__view_check(&x);
    if (status < 0) return wg__fail(error, status, "pca: x is no view");
    if (!wg__dtype_is_float(x.dtype)) return wg__fail(error, WG_EDTYPE, "pca: x is not f32 or f64");
    if (x.shape.rank != 2 || x.shape.dim[0] < 2 || x.shape.dim[1] < 1)
        return wg__fail(error, WG_ESHAPE, "pca: x is not [n, d] with n > 1");
    if (components->dtype != WG_F64 || variances->dtype != WG_F64)
        return wg__fail(error, WG_EDTYPE, "pca: components and variances are not f64");
    if (components->data == NULL || variances->data == NULL)
        return wg__fail(error, WG_EINVALID, "pca: nowhere to write");
    if (rows->rank != 2 || rows->dim[1] != x.shape.dim[1] || rows->dim[0] > rows->dim[1] ||
        line->rank != 1 || line->dim[0] != rows->dim[0])
        return wg__fail(error, WG_ESHAPE, "pca: not components [k, d] and variances [k], k <= d");
    return WG_OK;
}

static void write(const double *vectors, const double *value, int64_t d,
                  const wg_tensor *components, const wg_tensor *variances)
{
    for (int64_t k = 0; k < components->shape.dim[0]; k++) {
        const double sign = sign_of(vectors + k * d, d);
        double *row = (double *)components->data + k * components->stride[0];
        for (int64_t i = 0; i < d; i++) row[i * components->stride[1]] = sign * vectors[k * d + i];
        /* A variance of 0 may come out a rounding below it. */
        ((double *)variances->data)[k * variances->stride[0]] = value[k] > 0 ? value[k] : 0;
    }
}

int wg_pca(wg_runtime *runtime, wg_view x, wg_tensor components, wg_tensor variances,
           wg_error *error)
{
    if (runtime == NULL) return wg__fail(error, WG_EINVALID, "pca: no runtime");
    WG_TRY(check(x, &components, &variances, error));
    const int64_t d = x.shape.dim[1];
    size_t bytes;
    if (d > INT32_MAX || !wg__bytes_of(d * d + 3 * d, WG_F64, &bytes))
        return wg__fail(error, WG_ELIMIT, "pca: %lld columns are too many", (long long)d);
    double *matrix = wg__allocate(&wg__allocator_default, bytes);
    if (matrix == NULL) return wg__fail(error, WG_EMEMORY, "pca: no memory");
    double *value = matrix + d * d;
    int status = covariance(runtime, x, matrix, error);
    if (status >= 0) {
        status = wg__eigen_symmetric(d, matrix, value, value + d);
        if (status < 0) wg__fail(error, status, "pca: the eigenvalues do not converge");
    }
    if (status >= 0) write(matrix, value, d, &components, &variances);
    wg__release(&wg__allocator_default, matrix, bytes);
    return status;
}

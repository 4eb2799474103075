/* Wengert, unsupervised: what data say without labels: clusters and principal components. Both run
 * as recorded programs on the threads of the runtime; the same data, seed and settings give the
 * same bits everywhere. */
#ifndef WENGERT_UNSUPERVISED_H
#define WENGERT_UNSUPERVISED_H

#include <wengert/runtime.h>

WG_DECLARATIONS_BEGIN

typedef struct wg_kmeans_options {
    uint64_t seed;      /* of the first centres */
    int64_t steps_max;  /* 0: 300 */
    uint64_t reserved[4];
} wg_kmeans_options;
/* Puts clusters centres so that rows lie near one: each step assigns every row to its nearest
 * centre and moves each centre to the mean of its rows, until no row changes. The first centres
 * are rows, drawn far from each other. A centre that loses all its rows stays where it is.
 *
 *   shapes    x f32 or f64 [n, d]; centres of the dtype of x [clusters, d]; assignment i32 [n]
 *   inertia   the sum of squared distances to the nearest centre, never higher after a step; may be
 *             NULL
 *   returns   the steps taken
 *   errors    WG_EINVALID clusters is not within 1 and n, or a zeroed tensor; WG_ESHAPE, WG_EDTYPE;
 *             WG_EFINITE x is not finite
 *   source    Lloyd 1982; Arthur & Vassilvitskii 2007 (the first centres) */
int wg_kmeans(wg_runtime *runtime, wg_view x, int64_t clusters, const wg_kmeans_options *options,
              wg_tensor centres, wg_tensor assignment, double *inertia, wg_error *error);

/* The directions in which rows vary most, at right angles to each other, and the variance along
 * each (over n - 1), the largest first. Of the two signs, the one whose entry of largest magnitude
 * is positive. x minus its mean, times the transpose of components, are the scores.
 *
 *   shapes    x f32 or f64 [n, d], n > 1; components f64 [k, d] and variances f64 [k], k <= d
 *   accuracy  of the covariance, made in f64: |error| of a variance <= 10 d eps of the largest
 *   errors    as wg_kmeans
 *   source    Pearson 1901; Golub & Van Loan 2013, sec. 8.3 (the eigenvalues) */
int wg_pca(wg_runtime *runtime, wg_view x, wg_tensor components, wg_tensor variances,
           wg_error *error);

WG_DECLARATIONS_END

#endif

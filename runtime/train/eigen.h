/* Eigenvalues of symmetric matrices, in f64 and plain operations: the same bits everywhere. */
#ifndef WG_RUNTIME_EIGEN_H
#define WG_RUNTIME_EIGEN_H

#include "core/internal.h"

/* matrix is symmetric, finite, [n, n]; it is replaced by its eigenvectors, one a row, in the order
 * of value[n], the largest first. scratch: 2 n. WG_EFINITE: no convergence (never seen).         */
int wg__eigen_symmetric(int64_t n, double *matrix, double *value, double *scratch);

#endif

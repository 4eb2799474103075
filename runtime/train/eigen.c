/* Eigenvalues of a symmetric matrix in three steps: reflections make it tridiagonal, rotations make
 * that diagonal, and what they did to the unit matrix are the eigenvectors (Golub & Van Loan 2013,
 * sec. 8.3). Vectors are rows throughout, so every inner loop walks memory in order.             */
#include "runtime/train/eigen.h"

#include <float.h>
#include <math.h>

enum { SWEEPS_MAX = 60 }; /* for one eigenvalue: two or three are usual */

static double dot(int64_t n, const double *x, const double *y)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* y += factor x */
static void add_scaled(int64_t n, double factor, const double *x, double *y)
{
    for (int64_t i = 0; i < n; i++) y[i] += factor * x[i];
}

/* The reflection I - scale v v^T that maps row[0 .. n) onto its first axis; v replaces row, the
 * length with its sign goes to *length. scale 0: nothing to do. */
static double reflector(int64_t n, double *row, double *length)
{
    const double rest = dot(n - 1, row + 1, row + 1);
    *length = row[0];
    if (rest == 0) return 0;
    const double norm = sqrt(row[0] * row[0] + rest);
    *length = row[0] > 0 ? -norm : norm;
    row[0] -= *length;
    return 2 / (row[0] * row[0] + rest);
}

/* H A H for H = I - scale v v^T, on the symmetric block a[n, n] with rows `stride` apart. */
static void reflect_both(int64_t n, double *a, int64_t stride, const double *v, double scale,
                         double *p)
{
    for (int64_t i = 0; i < n; i++) p[i] = scale * dot(n, a + i * stride, v);
    add_scaled(n, -0.5 * scale * dot(n, p, v), v, p);
    for (int64_t i = 0; i < n; i++) {
        add_scaled(n, -v[i], p, a + i * stride);
        add_scaled(n, -p[i], v, a + i * stride);
    }
}

/* The matrix becomes tridiagonal, its diagonal and the one beside it are written out, and the
 * reflectors stay in its rows: that of step k in row k, from column k + 1, with its scale in the
 * diagonal. */
static void tridiagonalise(int64_t n, double *a, double *diagonal, double *beside, double *scratch)
{
    for (int64_t k = 0; k < n; k++) {
        double *row = a + k * n;
        const int64_t rest = n - k - 1;
        diagonal[k] = row[k];
        row[k] = 0;
        if (rest == 0) break;
        row[k] = reflector(rest, row + k + 1, &beside[k]);
        if (row[k] != 0)
            reflect_both(rest, a + (k + 1) * n + k + 1, n, row + k + 1, row[k], scratch);
    }
}

/* Replaces the reflectors by the matrix Q^T of which Q^T A Q is tridiagonal, from the last to the
 * first: only the block below has been touched then. */
static void reflectors_multiply(int64_t n, double *a, double *scratch)
{
    for (int64_t k = n - 1; k >= 0; k--) {
        double *row = a + k * n, *v = row + k + 1;
        const int64_t rest = n - k - 1;
        const double scale = row[k];
        for (int64_t i = 0; i < rest && scale != 0; i++) {
            double *other = a + (k + 1 + i) * n + k + 1;
            scratch[i] = scale * dot(rest, other, v);
        }
        for (int64_t i = 0; i < rest && scale != 0; i++)
            add_scaled(rest, -scratch[i], v, a + (k + 1 + i) * n + k + 1);
        for (int64_t i = 0; i < rest; i++) {
            v[i] = 0;
            a[(k + 1 + i) * n + k] = 0;
        }
        row[k] = 1;
    }
}

static void rotate_rows(int64_t n, double c, double s, double *x, double *y)
{
    for (int64_t i = 0; i < n; i++) {
        const double old = x[i];
        x[i] = c * old + s * y[i];
        y[i] = c * y[i] - s * old;
    }
}

/* One sweep over the block low .. high, shifted by the eigenvalue of its last corner that is
 * nearest to the last diagonal element. */
static void sweep(int64_t n, int64_t low, int64_t high, double *d, double *e, double *vectors)
{
    const double half = (d[high - 1] - d[high]) / 2;
    const double corner = e[high - 1];
    const double root = sqrt(half * half + corner * corner);
    double x = d[low] - (d[high] - corner * corner / (half + (half < 0 ? -root : root)));
    double bulge = e[low];
    for (int64_t k = low; k < high; k++) {
        const double length = sqrt(x * x + bulge * bulge);
        const double c = length > 0 ? x / length : 1, s = length > 0 ? bulge / length : 0;
        if (k > low) e[k - 1] = length;
        const double upper = d[k], lower = d[k + 1], side = e[k];
        d[k] = c * c * upper + 2 * c * s * side + s * s * lower;
        d[k + 1] = s * s * upper - 2 * c * s * side + c * c * lower;
        e[k] = c * s * (lower - upper) + (c * c - s * s) * side;
        x = e[k];
        if (k + 1 < high) {
            bulge = s * e[k + 1];
            e[k + 1] *= c;
        }
        rotate_rows(n, c, s, vectors + k * n, vectors + (k + 1) * n);
    }
}

/* e[k] no longer changes the eigenvalues. */
static bool is_negligible(const double *d, const double *e, int64_t k)
{
    return fabs(e[k]) <= DBL_EPSILON * (fabs(d[k]) + fabs(d[k + 1])) || fabs(e[k]) < DBL_MIN;
}

static int diagonalise(int64_t n, double *d, double *e, double *vectors)
{
    int64_t high = n - 1;
    for (int64_t count = 0; high > 0; count++) {
        if (is_negligible(d, e, high - 1)) {
            high--;
            count = 0;
            continue;
        }
        if (count > SWEEPS_MAX) return WG_EFINITE;
        int64_t low = high - 1;
        while (low > 0 && !is_negligible(d, e, low - 1)) low--;
        sweep(n, low, high, d, e, vectors);
    }
    return WG_OK;
}

/* By selection: rows are long, so each moves at most once. */
static void sort(int64_t n, double *value, double *vectors)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t largest = i;
        for (int64_t j = i + 1; j < n; j++)
            if (value[j] > value[largest]) largest = j;
        if (largest == i) continue;
        const double kept = value[i];
        value[i] = value[largest];
        value[largest] = kept;
        for (int64_t k = 0; k < n; k++) {
            const double element = vectors[i * n + k];
            vectors[i * n + k] = vectors[largest * n + k];
            vectors[largest * n + k] = element;
        }
    }
}

/* The power of two by which all entries are divided, so that their squares neither overflow nor
 * vanish. */
static double scale_out(int64_t count, double *matrix)
{
    double largest = 0;
    int exponent = 0;
    for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs(matrix[i]));
    if (largest > 0) frexp(largest, &exponent);
    for (int64_t i = 0; i < count; i++) matrix[i] = ldexp(matrix[i], -exponent);
    return ldexp(1, exponent);
}

int wg__eigen_symmetric(int64_t n, double *matrix, double *value, double *scratch)
{
    double *beside = scratch + n;
    const double scale = scale_out(n * n, matrix);
    tridiagonalise(n, matrix, value, beside, scratch);
    reflectors_multiply(n, matrix, scratch);
    WG_TRY(diagonalise(n, value, beside, matrix));
    for (int64_t i = 0; i < n; i++) value[i] *= scale;
    sort(n, value, matrix);
    return WG_OK;
}

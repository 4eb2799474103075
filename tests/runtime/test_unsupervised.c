/* Clusters and components: made data whose answer is known, and the definitions themselves. */
#include "runtime/train/eigen.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wengert/unsupervised.h>

/* ---- k-means ---- */

enum { BLOBS = 3, EACH = 50, ROWS = BLOBS * EACH };

/* So far apart that two first centres fall into one blob once in a million draws. */
static const float middle[BLOBS][2] = { { 0, 0 }, { 1000, 0 }, { 0, 1000 } };

/* Row i belongs to blob i mod 3, within 1 of its middle. */
static void blobs_fill(float x[ROWS][2], uint64_t seed)
{
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < 2; k++)
            x[i][k] = middle[i % BLOBS][k] + (float)test_draw(&seed, -1000, 1000) / 1000;
}

typedef struct found {
    float centre[BLOBS][2];
    int32_t assignment[ROWS];
    double inertia;
    int steps;
} found;

static found cluster(const float x[ROWS][2], int threads, uint64_t seed, int64_t steps_max)
{
    found out = { .steps = 0 };
    wg_error error = { 0 };
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = threads));
    const wg_kmeans_options options = { .seed = seed, .steps_max = steps_max };
    out.steps = wg_kmeans(runtime, wg_f32(&x[0][0], WG_SHAPE(ROWS, 2)), BLOBS, &options,
                          wg_tensor_of(out.centre, WG_F32, WG_SHAPE(BLOBS, 2)),
                          wg_tensor_of(out.assignment, WG_I32, WG_SHAPE(ROWS)), &out.inertia,
                          &error);
    check_msg(out.steps > 0, "%s", error.message);
    wg_runtime_free(runtime);
    return out;
}

Test(unsupervised, three_separated_blobs_are_found)
{
    static float x[ROWS][2];
    uint64_t state = test_seed();
    for (int turn = 0; turn < 5; turn++) {
        blobs_fill(x, test_random(&state));
        const found f = cluster(x, 1, test_random(&state), 0);
        double mean[BLOBS][2] = { { 0 } };
        for (int i = 0; i < ROWS; i++) {
            check_equal_i(f.assignment[i], f.assignment[i % BLOBS]);
            for (int k = 0; k < 2; k++) mean[i % BLOBS][k] += (double)x[i][k] / (int)EACH;
        }
        for (int i = 0; i < BLOBS; i++)
            for (int k = 0; k < 2; k++)
                check_close(f.centre[f.assignment[i]][k], mean[i][k], 1e-3);
    }
}

Test(unsupervised, inertia_is_of_the_nearest_and_never_rises)
{
    static float x[ROWS][2];
    uint64_t state = test_seed();
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < 2; k++) x[i][k] = (float)test_draw(&state, -100, 100) / 16;
    double before = INFINITY;
    for (int64_t steps = 1; steps < 20; steps++) {
        const found f = cluster(x, 1, 3, steps);
        check_msg(f.inertia <= before, "%.17g after %.17g", f.inertia, before);
        before = f.inertia;
        if (f.steps < steps) break; /* nothing changed */
    }
    const found last = cluster(x, 1, 3, 0);
    double sum = 0;
    for (int i = 0; i < ROWS; i++) {
        double nearest = INFINITY;
        for (int j = 0; j < BLOBS; j++)
            nearest = fmin(nearest, pow((double)x[i][0] - (double)last.centre[j][0], 2) +
                                        pow((double)x[i][1] - (double)last.centre[j][1], 2));
        sum += nearest;
    }
    check_close(last.inertia, sum, 1e-4 * sum); /* the centres are f32 */
}

Test(unsupervised, clusters_are_the_same_on_any_number_of_threads)
{
    static float x[ROWS][2];
    blobs_fill(x, 5);
    const found one = cluster(x, 1, 9, 0), four = cluster(x, 4, 9, 0);
    check_bytes(&one, &four, sizeof one);
}

Test(unsupervised, as_many_clusters_as_rows_leave_nothing)
{
    const double x[3][1] = { { 1 }, { 5 }, { -2 } };
    double centre[3], inertia = -1;
    int32_t assignment[3];
    wg_runtime *runtime = wg_runtime_create(NULL);
    check(wg_kmeans(runtime, wg_f64(&x[0][0], WG_SHAPE(3, 1)), 3, NULL,
                    wg_tensor_of(centre, WG_F64, WG_SHAPE(3, 1)),
                    wg_tensor_of(assignment, WG_I32, WG_SHAPE(3)), &inertia, NULL) > 0);
    check_close(inertia, 0, 0);
    for (int i = 0; i < 3; i++) check_close(centre[assignment[i]], x[i][0], 0);
    wg_runtime_free(runtime);
}

Test(unsupervised, clusters_are_refused_with_the_reason)
{
    float x[4] = { 0, 1, NAN, 3 }, centre[2];
    int32_t assignment[4];
    wg_error error;
    wg_runtime *runtime = wg_runtime_create(NULL);
    const wg_tensor to = wg_tensor_of(centre, WG_F32, WG_SHAPE(2, 1));
    const wg_tensor rows = wg_tensor_of(assignment, WG_I32, WG_SHAPE(4));
    const wg_view view = wg_f32(x, WG_SHAPE(4, 1));
    check_status(wg_kmeans(runtime, view, 5, NULL, to, rows, NULL, &error), WG_EINVALID);
    check_text(error.message, "kmeans: 5 clusters of 4 rows");
    check_status(wg_kmeans(runtime, view, 3, NULL, to, rows, NULL, &error), WG_ESHAPE);
    check_status(wg_kmeans(runtime, view, 2, NULL, to, to, NULL, &error), WG_EDTYPE);
    check_status(wg_kmeans(runtime, view, 2, NULL, to, rows, NULL, &error), WG_EFINITE);
    check_status(wg_kmeans(NULL, view, 2, NULL, to, rows, NULL, &error), WG_EINVALID);
    wg_runtime_free(runtime);
}

/* ---- eigenvalues and components ---- */

/* A v = value v, and the vectors are at right angles, for matrices of many sizes. */
Test(unsupervised, eigenvectors_are_what_they_are_called)
{
    enum { LARGEST = 40 };
    static double a[LARGEST * LARGEST], vectors[LARGEST * LARGEST];
    double value[LARGEST], scratch[2 * LARGEST];
    uint64_t state = test_seed();
    for (int n = 1; n <= LARGEST; n++) {
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++) /* of some matrices most is zero */
                a[i * n + j] = a[j * n + i] =
                    n % 4 == 1 && i != j && i != j + 1 ? 0 : (double)test_draw(&state, -99, 99);
        memcpy(vectors, a, sizeof a);
        check_status(wg__eigen_symmetric(n, vectors, value, scratch), WG_OK);
        for (int k = 0; k < n; k++) {
            check(k == 0 || value[k - 1] >= value[k]);
            for (int i = 0; i < n; i++) {
                double image = 0, product = 0;
                for (int j = 0; j < n; j++) {
                    image += a[i * n + j] * vectors[k * n + j];
                    product += vectors[i * n + j] * vectors[k * n + j];
                }
                check_close(image, value[k] * vectors[k * n + i], 1e-13 * 99 * n);
                check_close(product, i == k, 1e-13);
            }
        }
    }
}

Test(unsupervised, eigenvalues_of_extreme_matrices)
{
    double huge[4] = { 2e300, 1e300, 1e300, 2e300 }, zero[4] = { 0 }, value[2], scratch[4];
    check_status(wg__eigen_symmetric(2, huge, value, scratch), WG_OK);
    check_close(value[0], 3e300, 1e285);
    check_close(value[1], 1e300, 1e285);
    check_status(wg__eigen_symmetric(2, zero, value, scratch), WG_OK);
    check_close(value[0], 0, 0);
}

/* Rows +-3 along (0.6, 0.8) and +-1 across it: variances 18 / 3 and 2 / 3. */
Test(unsupervised, components_of_a_cross)
{
    const float x[4][2] = { { 1.8f, 2.4f }, { -1.8f, -2.4f }, { 0.8f, -0.6f }, { -0.8f, 0.6f } };
    double component[2][2], variance[2];
    wg_error error = { 0 };
    wg_runtime *runtime = wg_runtime_create(NULL);
    const wg_view view = wg_f32(&x[0][0], WG_SHAPE(4, 2));
    check_status(wg_pca(runtime, view, wg_tensor_of(component, WG_F64, WG_SHAPE(2, 2)),
                        wg_tensor_of(variance, WG_F64, WG_SHAPE(2)), &error),
                 WG_OK);
    check_close(variance[0], 6, 1e-6);
    check_close(variance[1], 2.0 / 3, 1e-6);
    check_close(component[0][0], 0.6, 1e-7);
    check_close(component[0][1], 0.8, 1e-7);
    check_close(component[1][0], 0.8, 1e-7);
    check_close(component[1][1], -0.6, 1e-7);

    double first[2];
    check_status(wg_pca(runtime, view, wg_tensor_of(first, WG_F64, WG_SHAPE(1, 2)),
                        wg_tensor_of(variance, WG_F64, WG_SHAPE(1)), &error),
                 WG_OK);
    check_bytes(first, component[0], sizeof first);
    check_status(wg_pca(runtime, view, wg_tensor_of(component, WG_F64, WG_SHAPE(2, 2)),
                        wg_tensor_of(variance, WG_F64, WG_SHAPE(1)), &error),
                 WG_ESHAPE);
    check_text(error.message, "pca: not components [k, d] and variances [k], k <= d");
    wg_runtime_free(runtime);
}

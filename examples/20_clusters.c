/* What data say without labels: k-means finds the three clouds of a plane. More clusters always fit
 * better, so the right number is where the gain ends: from there on a cloud is only cut in two. The
 * labels, which it has not seen, judge it in the end.                                            */
#include <stdio.h>
#include <wengert/wengert.h>

enum { POINTS = 600, CLOUDS = 3, CLUSTERS_MAX = 6 };

static int find(wg_runtime *runtime, wg_view x, int clusters, int32_t *assigned, double *inertia,
                wg_error *error)
{
    float centre[CLUSTERS_MAX][2];
    const wg_kmeans_options options = { .seed = 1 };
    return wg_kmeans(runtime, x, clusters, &options,
                     wg_tensor_of(centre, WG_F32, WG_SHAPE(clusters, 2)),
                     wg_tensor_of(assigned, WG_I32, WG_SHAPE(POINTS)), inertia, error);
}

/* The share of points that lie with most of their cloud, each cluster counted for the cloud that
 * has most of it. */
static double purity(const int32_t *assigned, const int32_t *cloud)
{
    int count[CLOUDS][CLOUDS] = { { 0 } }, right = 0;
    for (int i = 0; i < POINTS; i++) count[assigned[i]][cloud[i]]++;
    for (int i = 0; i < CLOUDS; i++) {
        int most = 0;
        for (int j = 0; j < CLOUDS; j++)
            if (count[i][j] > most) most = count[i][j];
        right += most;
    }
    return (double)right / (double)POINTS;
}

static int cluster(wg_runtime *runtime, const wg_dataset *data, double *pure, wg_error *error)
{
    int32_t assigned[POINTS], of_clouds[POINTS];
    double inertia = 0;
    wg_view x, t;
    int status = wg_dataset_find(data, "x", &x);
    if (status >= 0) status = wg_dataset_find(data, "t", &t);
    printf("clusters  inertia     gain\n");
    for (int clusters = 1; clusters <= CLUSTERS_MAX && status >= 0; clusters++) {
        const double before = inertia;
        status = find(runtime, x, clusters, assigned, &inertia, error);
        if (status < 0) return status;
        printf("%8d  %7.1f", clusters, inertia);
        if (clusters > 1) printf("  %6.1f%%", 100 * (before - inertia) / before);
        printf("\n");
        for (int i = 0; clusters == CLOUDS && i < POINTS; i++) of_clouds[i] = assigned[i];
    }
    if (status >= 0) *pure = purity(of_clouds, t.data);
    return status;
}

int main(void)
{
    double pure = 0;
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    wg_runtime *runtime = wg_runtime_create(NULL);
    int status = wg_dataset_generate("blobs", POINTS, 0.3, 1, &data, &error);
    if (status >= 0) status = cluster(runtime, data, &pure, &error);
    if (status < 0) fprintf(stderr, "%s\n", wg_explain(status, NULL, &error));
    else printf("of three clusters, %.1f%% of the points are with their cloud\n", 100 * pure);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
    return status < 0 || pure < 0.99;
}

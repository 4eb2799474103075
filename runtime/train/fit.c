/* How far predictions lie from what was true: probabilities by bins, numbers by their errors. */
#include "runtime/train/values.h"

#include <math.h>
#include <wengert/metrics.h>

typedef struct pair { double *predicted, *truth; int64_t count; } pair;

static void pair_release(pair *p)
{
    wg__values_release(p->predicted, p->count);
    wg__values_release(p->truth, p->count);
}

static int pair_make(const wg_view *predicted, const wg_view *truth, pair *out)
{
    pair p = { 0 };
    WG_TRY(wg__values_check(predicted, truth, &p.count));
    p.predicted = wg__values_of(predicted, p.count);
    p.truth = wg__values_of(truth, p.count);
    int status = p.predicted == NULL || p.truth == NULL ? WG_EMEMORY : WG_OK;
    for (int64_t i = 0; i < p.count && status >= 0; i++)
        if (isnan(p.predicted[i]) || isnan(p.truth[i])) status = WG_EFINITE;
    if (status < 0) pair_release(&p);
    else *out = p;
    return status;
}

static int64_t bin_of(double probability, int64_t bins)
{
    const int64_t bin = (int64_t)(probability * (double)bins);
    return bin < bins ? bin : bins - 1;
}

/* Sums of one bin; a pass for each keeps memory out of it. */
static void bin_fill(const pair *p, int64_t bins, int64_t bin, double sum[3])
{
    sum[0] = sum[1] = sum[2] = 0;
    for (int64_t i = 0; i < p->count; i++) {
        if (bin_of(p->predicted[i], bins) != bin) continue;
        sum[0] += 1;
        sum[1] += p->predicted[i];
        sum[2] += p->truth[i] != 0;
    }
}

int wg_calibration(wg_view probability, wg_view truth, wg_tensor mean, wg_tensor share,
                   double *error)
{
    pair p;
    WG_TRY(wg__values_room(&mean, 1));
    const int64_t bins = mean.shape.dim[0];
    WG_TRY(wg__values_room(&share, bins));
    WG_TRY(pair_make(&probability, &truth, &p));
    int status = WG_OK;
    for (int64_t i = 0; i < p.count; i++)
        if (p.predicted[i] < 0 || p.predicted[i] > 1) status = WG_EINVALID;
    double distance = 0;
    for (int64_t bin = 0; bin < bins && status >= 0; bin++) {
        double sum[3];
        bin_fill(&p, bins, bin, sum);
        wg__values_put(&mean, bin, sum[0] > 0 ? sum[1] / sum[0] : NAN);
        wg__values_put(&share, bin, sum[0] > 0 ? sum[2] / sum[0] : NAN);
        distance += fabs(sum[1] - sum[2]);
    }
    if (status >= 0 && error != NULL) *error = distance / (double)p.count;
    pair_release(&p);
    return status;
}

int wg_fit_scores(wg_view predicted, wg_view truth, wg_fit *out)
{
    pair p;
    if (out == NULL) return WG_EINVALID;
    WG_TRY(pair_make(&predicted, &truth, &p));
    const double n = (double)p.count;
    double sum = 0, squares = 0, distances = 0, largest = 0, spread = 0;
    bool varies = false;
    for (int64_t i = 0; i < p.count; i++) {
        sum += p.truth[i];
        varies = varies || p.truth[i] != p.truth[0];
    }
    const double mean = sum / n;
    for (int64_t i = 0; i < p.count; i++) {
        const double error = p.predicted[i] - p.truth[i];
        squares += error * error;
        distances += fabs(error);
        largest = fabs(error) > largest ? fabs(error) : largest;
        spread += (p.truth[i] - mean) * (p.truth[i] - mean);
    }
    *out = (wg_fit){
        .mean_squared_error = squares / n,
        .mean_absolute_error = distances / n,
        .largest_error = largest,
        .r2 = varies ? 1 - squares / spread : NAN,
    };
    pair_release(&p);
    return WG_OK;
}

/* How far predictions lie from what was true: probabilities by bins, numbers by their errors. */
#include "runtime/train/values.h"

#include <math.h>
#include <wengert/metrics.h>

static int64_t bin_of(double probability, int64_t bins)
{
    const int64_t bin = (int64_t)(probability * (double)bins);
    return bin < bins ? bin : bins - 1;
}

/* How many a bin holds, and the sums of what was said and of what was true. */
typedef struct bin { double count, probability, truth; } bin;

static void bins_fill(const wg__pairs *pairs, int64_t bins, bin *out)
{
    for (int64_t i = 0; i < pairs->count; i++) {
        bin *one = &out[bin_of(pairs->given[i], bins)];
        one->count += 1;
        one->probability += pairs->given[i];
        one->truth += pairs->truth[i] != 0;
    }
}

static bool are_probabilities(const wg__pairs *pairs)
{
    for (int64_t i = 0; i < pairs->count; i++)
        if (pairs->given[i] < 0 || pairs->given[i] > 1) return false;
    return true;
}

/* Writes each bin's two means; returns the sum of their distances, weighted by count. */
static double bins_put(const bin *one, int64_t bins, const wg_tensor *mean, const wg_tensor *share)
{
    double distance = 0;
    for (int64_t i = 0; i < bins; i++, one++) {
        wg__values_put(mean, i, one->count > 0 ? one->probability / one->count : NAN);
        wg__values_put(share, i, one->count > 0 ? one->truth / one->count : NAN);
        distance += fabs(one->probability - one->truth);
    }
    return distance;
}

int wg_calibration(wg_view probability, wg_view truth, wg_tensor mean, wg_tensor share,
                   double *error)
{
    wg__pairs pairs;
    WG_TRY(wg__values_room(&mean, 1));
    const int64_t bins = mean.shape.dim[0];
    const size_t bytes = (size_t)bins * sizeof(bin);
    WG_TRY(wg__values_room(&share, bins));
    WG_TRY(wg__pairs_make(&probability, &truth, &pairs));
    bin *all = wg__allocate_zeroed(&wg__allocator_default, bytes);
    int status = all == NULL ? WG_EMEMORY : WG_OK;
    if (status >= 0 && !are_probabilities(&pairs)) status = WG_EINVALID;
    if (status >= 0) {
        bins_fill(&pairs, bins, all);
        const double distance = bins_put(all, bins, &mean, &share);
        if (error != NULL) *error = distance / (double)pairs.count;
    }
    wg__release(&wg__allocator_default, all, bytes);
    wg__pairs_release(&pairs);
    return status;
}

int wg_fit_scores(wg_view predicted, wg_view truth, wg_fit *out)
{
    wg__pairs p;
    if (out == NULL) return WG_EINVALID;
    WG_TRY(wg__pairs_make(&predicted, &truth, &p));
    const double n = (double)p.count;
    double sum = 0, squares = 0, distances = 0, largest = 0, spread = 0;
    bool varies = false;
    for (int64_t i = 0; i < p.count; i++) {
        sum += p.truth[i];
        varies = varies || p.truth[i] != p.truth[0];
    }
    const double mean = sum / n;
    for (int64_t i = 0; i < p.count; i++) {
        const double error = p.given[i] - p.truth[i];
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
    wg__pairs_release(&p);
    return WG_OK;
}

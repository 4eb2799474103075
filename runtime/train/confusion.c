/* Counts of classes: what was called what. */
#include "runtime/train/values.h"

#include <math.h>
#include <string.h>
#include <wengert/metrics.h>

static bool is_integer(wg_dtype dtype)
{
    return !wg__dtype_is_float(dtype);
}

static bool is_class(double value, int64_t classes)
{
    return value >= 0 && value < (double)classes;
}

int wg_confusion(wg_view predicted, wg_view truth, int64_t classes, int64_t *count)
{
    wg__pairs pairs;
    if (count == NULL || classes < 1) return WG_EINVALID;
    if (!is_integer(predicted.dtype) || !is_integer(truth.dtype)) return WG_EDTYPE;
    WG_TRY(wg__pairs_make(&predicted, &truth, &pairs));
    const double *called = pairs.given, *is = pairs.truth;
    int status = WG_OK;
    for (int64_t i = 0; i < pairs.count && status >= 0; i++)
        if (!is_class(called[i], classes) || !is_class(is[i], classes)) status = WG_EINDEX;
    if (status >= 0) memset(count, 0, (size_t)(classes * classes) * sizeof *count);
    for (int64_t i = 0; i < pairs.count && status >= 0; i++)
        count[(int64_t)is[i] * classes + (int64_t)called[i]]++;
    wg__pairs_release(&pairs);
    return status;
}

static double share_of(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : NAN;
}

int wg_confusion_shares(const int64_t *count, int64_t classes, double *share)
{
    if (count == NULL || share == NULL || classes < 1) return WG_EINVALID;
    for (int64_t i = 0; i < classes; i++, count += classes, share += classes) {
        int64_t are = 0;
        for (int64_t j = 0; j < classes; j++) are += count[j];
        for (int64_t j = 0; j < classes; j++) share[j] = share_of(count[j], are);
    }
    return WG_OK;
}

int wg_confusion_scores(const int64_t *count, int64_t classes, int64_t index, wg_class_scores *out)
{
    if (count == NULL || out == NULL || index < 0 || index >= classes) return WG_EINVALID;
    int64_t total = 0, called = 0, are = 0;
    for (int64_t i = 0; i < classes; i++) {
        called += count[i * classes + index];
        are += count[index * classes + i];
        for (int64_t j = 0; j < classes; j++) total += count[i * classes + j];
    }
    const int64_t hits = count[index * classes + index];
    *out = (wg_class_scores){
        .true_positive = hits,
        .false_positive = called - hits,
        .false_negative = are - hits,
        .true_negative = total - called - are + hits,
        .precision = share_of(hits, called),
        .recall = share_of(hits, are),
        .false_rate = share_of(called - hits, total - are),
        .f1 = share_of(2 * hits, called + are),
    };
    return WG_OK;
}

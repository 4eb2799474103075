/* Wengert, metrics: what a finished model is judged by, from what it gave and what was true. Plain
 * functions of views, with nothing recorded; a metric that a training watches is a loss nobody
 * differentiates (nn/loss.h).
 *
 * What holds for all of them
 *   views     f32, f64, i32, i64, u8 or bool, of any strides; as many elements as each other, in
 *             logical order, whatever the shapes
 *   bits      sums are in f64 in that order: the same everywhere
 *   errors    WG_EINVALID NULL, or nothing to judge; WG_EDTYPE; WG_ESHAPE counts differ; WG_EFINITE
 *             a score or value is NaN; WG_EMEMORY. Then nothing is written                       */
#ifndef WENGERT_METRICS_H
#define WENGERT_METRICS_H

#include <wengert/core.h>

WG_DECLARATIONS_BEGIN

/* ---- classes ---- */

/* How often class t was called class p: count[t classes + p] (truth down, prediction across). Both
 * views are of integers.
 *   errors    WG_EINDEX a class is not within 0 <= class < classes; count is not written         */
int wg_confusion(wg_view predicted, wg_view truth, int64_t classes, int64_t *count);

/* Each count over those of its true class, so that rows add up to 1: share[t classes + p]. A class
 * of which there is none has a row of NaN. */
int wg_confusion_shares(const int64_t *count, int64_t classes, double *share);

typedef struct wg_class_scores {
    int64_t true_positive, false_positive, false_negative, true_negative;
    double precision;  /* of those called so, the share that are: TP / (TP + FP) */
    double recall;     /* of those that are, the share called so: TP / (TP + FN); the true positive
                          rate, sensitivity, efficiency */
    double false_rate; /* of those that are not, the share called so: FP / (FP + TN); the share of
                          errors of the first kind, 1 - specificity */
    double f1;         /* 2 TP / (2 TP + FP + FN) */
    uint64_t reserved[4];
} wg_class_scores;
/* The scores of one class against all others; 0 / 0 is NaN: nothing was there to be judged.
 *   source    van Rijsbergen 1979, ch. 7                                                         */
int wg_confusion_scores(const int64_t *count, int64_t classes, int64_t index, wg_class_scores *out);

/* ---- scores against yes or no ---- */

typedef struct wg_roc {
    double area;   /* under the curve */
    int64_t count; /* points of it */
    uint64_t reserved[2];
} wg_roc;
/* The receiver operating characteristic: true and false positive rates while the threshold falls
 * from above all scores to the lowest, equal scores in one step; from (0, 0) to (1, 1). The area is
 * the chance that a true one scores above a false one, ties counting half, to one rounding.
 *
 *   truth     0 is false, anything else true
 *   shapes    rates: f64, room for one point more than there are scores; `count` are written.
 *             Zeroed tensors (dtype 0): the area alone
 *   errors    WG_EINVALID all are true, or none
 *   source    Fawcett 2006; Hanley & McNeil 1982 (the area as a rank statistic)                  */
int wg_roc_curve(wg_view score, wg_view truth, wg_tensor true_rate, wg_tensor false_rate,
                 wg_roc *out);
/* Precision against recall in the same steps, without the point before the first; the area is the
 * average precision, the sum of precision times the recall it adds.
 *   errors    WG_EINVALID none is true
 *   source    Zhu 2004 (average precision)                                                       */
int wg_precision_recall_curve(wg_view score, wg_view truth, wg_tensor precision, wg_tensor recall,
                              wg_roc *out);
/* Are probabilities what they say? The range 0 to 1 is cut into as many bins as the tensors have
 * elements (f64; 1 belongs to the last): the mean probability in each bin and the share of true
 * ones there, NaN where it is empty. *error, if not NULL: the mean distance of the two, weighted by
 * how many each bin holds.
 *   errors    WG_EINVALID a probability is not within 0 and 1
 *   source    Naeini, Cooper & Hauskrecht 2015 (expected calibration error)                      */
int wg_calibration(wg_view probability, wg_view truth, wg_tensor mean, wg_tensor share,
                   double *error);

/* ---- numbers against numbers ---- */

typedef struct wg_fit {
    double mean_squared_error, mean_absolute_error, largest_error;
    double r2; /* 1 - squared errors over those of the mean of truth; of constants NaN */
    uint64_t reserved[4];
} wg_fit;
int wg_fit_scores(wg_view predicted, wg_view truth, wg_fit *out);

WG_DECLARATIONS_END

#endif

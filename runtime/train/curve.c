/* Curves of a falling threshold. The idea: rows are sorted by score once; equal scores are one
 * step, so neither the order of rows nor the sort has a say in a curve or its area.              */
#include "runtime/train/values.h"

#include "runtime/data/order.h"

#include <math.h>
#include <wengert/metrics.h>

typedef struct ranking {
    int64_t count, true_count;
    double *score, *truth;
    int64_t *order;       /* by score, the highest first */
} ranking;

static int compare(int64_t x, int64_t y, const void *user)
{
    const double *score = user;
    if (score[x] != score[y]) return score[x] > score[y] ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void ranking_release(ranking *r)
{
    wg__values_release(r->score, r->count);
    wg__values_release(r->truth, r->count);
    wg__release(&wg__allocator_default, r->order, (size_t)r->count * sizeof *r->order);
}

static int ranking_make(const wg_view *score, const wg_view *truth, ranking *out)
{
    ranking r = { 0 };
    WG_TRY(wg__values_check(score, truth, &r.count));
    r.score = wg__values_of(score, r.count);
    r.truth = wg__values_of(truth, r.count);
    r.order = wg__allocate(&wg__allocator_default, (size_t)r.count * sizeof *r.order);
    int status = r.score == NULL || r.truth == NULL || r.order == NULL ? WG_EMEMORY : WG_OK;
    for (int64_t i = 0; i < r.count && status >= 0; i++) {
        if (isnan(r.score[i]) || isnan(r.truth[i])) status = WG_EFINITE;
        r.true_count += r.truth[i] != 0;
    }
    if (status < 0) {
        ranking_release(&r);
        return status;
    }
    wg__order_rows(r.order, r.count);
    wg__order_sort(r.order, r.count, compare, r.score);
    *out = r;
    return WG_OK;
}

/* Moves *at past all rows of the next score; counts the true and false ones on the way. */
static void threshold_fall(const ranking *r, int64_t *at, int64_t *hits, int64_t *alarms)
{
    const double score = r->score[r->order[*at]];
    for (; *at < r->count && r->score[r->order[*at]] == score; ++*at) {
        const bool is_true = r->truth[r->order[*at]] != 0;
        *hits += is_true;
        *alarms += !is_true;
    }
}

/* Both tensors or neither. */
static int room_check(const wg_tensor *x, const wg_tensor *y, int64_t count, bool *is_wanted)
{
    *is_wanted = (int)x->dtype != 0 || (int)y->dtype != 0;
    if (!*is_wanted) return WG_OK;
    WG_TRY(wg__values_room(x, count));
    return wg__values_room(y, count);
}

static void roc_walk(const ranking *r, const wg_tensor *true_rate, const wg_tensor *false_rate,
                     bool is_wanted, wg_roc *out)
{
    const double trues = (double)r->true_count, falses = (double)(r->count - r->true_count);
    int64_t points = 0, at = 0, hits = 0, alarms = 0;
    double doubled_area = 0; /* in pairs of a true and a false one: whole numbers below 2^53 */
    for (bool is_last = false; !is_last;) {
        if (is_wanted) {
            wg__values_put(true_rate, points, (double)hits / trues);
            wg__values_put(false_rate, points, (double)alarms / falses);
        }
        points++;
        is_last = at == r->count;
        if (is_last) break;
        const int64_t hits_before = hits, alarms_before = alarms;
        threshold_fall(r, &at, &hits, &alarms);
        doubled_area += (double)(alarms - alarms_before) * (double)(hits + hits_before);
    }
    *out = (wg_roc){ .area = doubled_area / (2 * trues * falses), .count = points };
}

int wg_roc_curve(wg_view score, wg_view truth, wg_tensor true_rate, wg_tensor false_rate,
                 wg_roc *out)
{
    ranking r;
    bool is_wanted = false;
    if (out == NULL) return WG_EINVALID;
    WG_TRY(ranking_make(&score, &truth, &r));
    int status = room_check(&true_rate, &false_rate, r.count + 1, &is_wanted);
    if (status >= 0 && (r.true_count == 0 || r.true_count == r.count)) status = WG_EINVALID;
    if (status >= 0) roc_walk(&r, &true_rate, &false_rate, is_wanted, out);
    ranking_release(&r);
    return status;
}

int wg_precision_recall_curve(wg_view score, wg_view truth, wg_tensor precision, wg_tensor recall,
                              wg_roc *out)
{
    ranking r;
    bool is_wanted = false;
    if (out == NULL) return WG_EINVALID;
    WG_TRY(ranking_make(&score, &truth, &r));
    int status = room_check(&precision, &recall, r.count, &is_wanted);
    if (status >= 0 && r.true_count == 0) status = WG_EINVALID;
    int64_t points = 0, at = 0, hits = 0, alarms = 0;
    double area = 0;
    while (status >= 0 && at < r.count) {
        const int64_t before = hits;
        threshold_fall(&r, &at, &hits, &alarms);
        const double right = (double)hits / (double)at;
        area += right * ((double)(hits - before) / (double)r.true_count);
        if (is_wanted) {
            wg__values_put(&precision, points, right);
            wg__values_put(&recall, points, (double)hits / (double)r.true_count);
        }
        points++;
    }
    if (status >= 0) *out = (wg_roc){ .area = area, .count = points };
    ranking_release(&r);
    return status;
}

/* Curves of a falling threshold. The idea: rows are sorted by score once; equal scores are one
 * step, so neither the order of rows nor the sort has a say in a curve or its area. Both curves are
 * one walk; they differ in the point and the area that a step adds.                              */
#include "runtime/train/values.h"

#include "runtime/data/order.h"

#include <math.h>
#include <wengert/metrics.h>

typedef struct ranking {
    wg__pairs pairs;      /* scores, and what was true */
    int64_t true_count;
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
    wg__release(&wg__allocator_default, r->order, (size_t)r->pairs.count * sizeof *r->order);
    wg__pairs_release(&r->pairs);
}

static int ranking_make(const wg_view *score, const wg_view *truth, ranking *out)
{
    ranking r = { 0 };
    WG_TRY(wg__pairs_make(score, truth, &r.pairs));
    const int64_t count = r.pairs.count;
    r.order = wg__allocate(&wg__allocator_default, (size_t)count * sizeof *r.order);
    if (r.order == NULL) {
        ranking_release(&r);
        return WG_EMEMORY;
    }
    for (int64_t i = 0; i < count; i++) r.true_count += r.pairs.truth[i] != 0;
    wg__order_rows(r.order, count);
    wg__order_sort(r.order, count, compare, r.pairs.given);
    *out = r;
    return WG_OK;
}

/* True and false rows at or above the threshold, and how many they were a step before. */
typedef struct fall { int64_t hits, alarms, hits_before, alarms_before; } fall;

/* Lowers the threshold to the next score. */
static void threshold_fall(const ranking *r, fall *f)
{
    int64_t at = f->hits + f->alarms;
    const double score = r->pairs.given[r->order[at]];
    f->hits_before = f->hits;
    f->alarms_before = f->alarms;
    for (; at < r->pairs.count && r->pairs.given[r->order[at]] == score; at++) {
        const bool is_true = r->pairs.truth[r->order[at]] != 0;
        f->hits += is_true;
        f->alarms += !is_true;
    }
}

/* A point of a curve, and the area between it and the one before. */
typedef struct point { double first, second, area; } point;

static int64_t false_count(const ranking *r)
{
    return r->pairs.count - r->true_count;
}

/* The area counts in halves of pairs of a true and a false one: whole numbers below 2^53. */
static point roc_point(const ranking *r, const fall *f)
{
    return (point){
        .first = (double)f->hits / (double)r->true_count,
        .second = (double)f->alarms / (double)false_count(r),
        .area = (double)(f->alarms - f->alarms_before) * (double)(f->hits + f->hits_before),
    };
}

static point recall_point(const ranking *r, const fall *f)
{
    const double precision = (double)f->hits / (double)(f->hits + f->alarms);
    const double gained = (double)(f->hits - f->hits_before) / (double)r->true_count;
    return (point){
        .first = precision,
        .second = (double)f->hits / (double)r->true_count,
        .area = precision * gained,
    };
}

typedef struct curve {
    point (*rule)(const ranking *r, const fall *f);
    bool has_start;       /* a point above all scores */
    wg_tensor first, second;
} curve;

/* Both tensors or neither. */
static int room_check(const curve *c, int64_t count, bool *is_wanted)
{
    *is_wanted = (int)c->first.dtype != 0 || (int)c->second.dtype != 0;
    if (!*is_wanted) return WG_OK;
    WG_TRY(wg__values_room(&c->first, count));
    return wg__values_room(&c->second, count);
}

static int curve_walk(const ranking *r, const curve *c, wg_roc *out)
{
    fall f = { 0 };
    wg_roc found = { 0 };
    bool is_wanted = false;
    WG_TRY(room_check(c, r->pairs.count + c->has_start, &is_wanted));
    for (bool is_start = c->has_start; is_start || f.hits + f.alarms < r->pairs.count;
         is_start = false) {
        if (!is_start) threshold_fall(r, &f);
        const point next = c->rule(r, &f);
        found.area += next.area;
        if (is_wanted) {
            wg__values_put(&c->first, found.count, next.first);
            wg__values_put(&c->second, found.count, next.second);
        }
        found.count++;
    }
    *out = found;
    return WG_OK;
}

int wg_roc_curve(wg_view score, wg_view truth, wg_tensor true_rate, wg_tensor false_rate,
                 wg_roc *out)
{
    ranking r;
    const curve c = { roc_point, true, true_rate, false_rate };
    if (out == NULL) return WG_EINVALID;
    WG_TRY(ranking_make(&score, &truth, &r));
    const bool has_both = r.true_count > 0 && false_count(&r) > 0;
    const int status = has_both ? curve_walk(&r, &c, out) : WG_EINVALID;
    if (status >= 0) out->area /= 2 * (double)r.true_count * (double)false_count(&r);
    ranking_release(&r);
    return status;
}

int wg_precision_recall_curve(wg_view score, wg_view truth, wg_tensor precision, wg_tensor recall,
                              wg_roc *out)
{
    ranking r;
    const curve c = { recall_point, false, precision, recall };
    if (out == NULL) return WG_EINVALID;
    WG_TRY(ranking_make(&score, &truth, &r));
    const int status = r.true_count > 0 ? curve_walk(&r, &c, out) : WG_EINVALID;
    ranking_release(&r);
    return status;
}

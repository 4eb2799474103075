/* chi2 = sum over three masses ((m - center) / width)^2 - 2 ln P(tags). Of the two neutrinos the
 * one counts that makes the top nearer to its center.                                           */
#include "chi2.h"

#include <math.h>
#include <stdlib.h>

/* Which mass. */
enum { W, HADRONIC, LEPTONIC };
static const double mass_top = 172.5;

static int number_compare(const void *x, const void *y)
{
    const double a = *(const double *)x;
    const double b = *(const double *)y;
    return a < b ? -1 : a > b;
}

/* Of count sorted numbers. */
static double quantile(const double *sorted, int64_t count, double share)
{
    return sorted[(int64_t)(share * (double)(count - 1) + 0.5)];
}

/* Sorts, and tells where the middle is and how wide the central 68 %. */
static void spread_find(double *mass, int64_t count, double *center, double *width)
{
    qsort(mass, (size_t)count, sizeof *mass, number_compare);
    *center = quantile(mass, count, 0.5);
    *width = (quantile(mass, count, 0.84) - quantile(mass, count, 0.16)) / 2.0;
}

static const vector *nearer(const candidate *made, double center)
{
    const vector *top = made->top_leptonic;
    const double first = fabs(vector_mass(top[0]) - center);
    const double second = fabs(vector_mass(top[1]) - center);
    return first <= second ? &top[0] : &top[1];
}

const vector *chi2_top(const chi2 *calibrated, const candidate *made)
{
    return nearer(made, calibrated->center[LEPTONIC]);
}

/* The center decides which neutrino counts, and these decide the center: begun at the top quark's
 * mass, that settles within a few rounds.                                                       */
static void leptonic_find(const candidate *truth, int64_t count, double *mass, chi2 *out)
{
    enum { ROUNDS_MAX = 50 };
    out->center[LEPTONIC] = mass_top;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        const double before = out->center[LEPTONIC];
        for (int64_t i = 0; i < count; i++) mass[i] = vector_mass(*nearer(&truth[i], before));
        spread_find(mass, count, &out->center[LEPTONIC], &out->width[LEPTONIC]);
        if (out->center[LEPTONIC] == before) return;
    }
}

static void tags_count(const events *training, chi2 *out)
{
    double b = 0.0;
    double w = 0.0;
    for (int64_t i = 0; i < training->count; i++) {
        const event *from = &training->item[i];
        const ordering truth = orderings[from->truth];
        b += from->is_tagged[truth.b_hadronic] + from->is_tagged[truth.b_leptonic];
        w += from->is_tagged[truth.first] + from->is_tagged[truth.second];
    }
    out->tag_b = b / (2.0 * (double)training->count);
    out->tag_w = w / (2.0 * (double)training->count);
}

int chi2_calibrate(const events *training, chi2 *out)
{
    const int64_t count = training->count;
    candidate *truth = malloc((size_t)count * sizeof *truth);
    double *mass = malloc((size_t)count * sizeof *mass);
    const bool has_memory = truth != NULL && mass != NULL;
    for (int64_t i = 0; has_memory && i < count; i++)
        truth[i] = candidate_make(&training->item[i], &orderings[training->item[i].truth]);
    if (has_memory) {
        for (int64_t i = 0; i < count; i++) mass[i] = vector_mass(truth[i].w_hadronic);
        spread_find(mass, count, &out->center[W], &out->width[W]);
        for (int64_t i = 0; i < count; i++) mass[i] = vector_mass(truth[i].top_hadronic);
        spread_find(mass, count, &out->center[HADRONIC], &out->width[HADRONIC]);
        leptonic_find(truth, count, mass, out);
        tags_count(training, out);
    }
    free(truth);
    free(mass);
    return has_memory ? WG_OK : WG_EMEMORY;
}

static double square_off(const chi2 *calibrated, int k, double mass)
{
    const double off = (mass - calibrated->center[k]) / calibrated->width[k];
    return off * off;
}

static double tag_term(bool is_tagged, double probability)
{
    return -2.0 * log(is_tagged ? probability : 1.0 - probability);
}

double chi2_tags(const chi2 *calibrated, const event *from, const ordering *claim)
{
    return tag_term(from->is_tagged[claim->b_hadronic], calibrated->tag_b) +
           tag_term(from->is_tagged[claim->b_leptonic], calibrated->tag_b) +
           tag_term(from->is_tagged[claim->first], calibrated->tag_w) +
           tag_term(from->is_tagged[claim->second], calibrated->tag_w);
}

static double chi2_masses(const chi2 *calibrated, const event *from, const ordering *claim)
{
    const candidate made = candidate_make(from, claim);
    return square_off(calibrated, W, vector_mass(made.w_hadronic)) +
           square_off(calibrated, HADRONIC, vector_mass(made.top_hadronic)) +
           square_off(calibrated, LEPTONIC, vector_mass(*chi2_top(calibrated, &made)));
}

int chi2_efficiency(const chi2 *calibrated, const events *test, double efficiency[2])
{
    const int64_t count = test->count * ORDERINGS;
    double *cost = malloc((size_t)count * sizeof *cost);
    if (cost == NULL) return WG_EMEMORY;
    for (int64_t i = 0; i < count; i++)
        cost[i] = chi2_masses(calibrated, &test->item[i / ORDERINGS], &orderings[i % ORDERINGS]);
    efficiency[0] = events_efficiency(test, cost);
    for (int64_t i = 0; i < count; i++)
        cost[i] += chi2_tags(calibrated, &test->item[i / ORDERINGS], &orderings[i % ORDERINGS]);
    efficiency[1] = events_efficiency(test, cost);
    free(cost);
    return WG_OK;
}

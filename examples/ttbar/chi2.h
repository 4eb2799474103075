/* The method the networks are measured against: the ordering whose masses are nearest to what
 * true ones have, in units of their spread.                                                     */
#ifndef TTBAR_CHI2_H
#define TTBAR_CHI2_H

#include "inputs.h"

typedef struct chi2 {
    double center[3], width[3]; /* of m_jj, m_jjb, m_blv, in GeV */
    double tag_b, tag_w;        /* probability of a tag for a b jet, for a jet of the W */
} chi2;

/* Medians and half-widths of the central 68 %, and shares of tagged jets, of the true orderings. */
int chi2_calibrate(const events *training, chi2 *out);
/* Shares of the events in which the ordering with the smallest chi2 is the true one, [0] of masses
 * alone, [1] with tags.                                                                         */
int chi2_efficiency(const chi2 *calibrated, const events *test, double efficiency[2]);

/* The leptonic top of the neutrino that makes it nearer to its center; part of made. */
const vector *chi2_top(const chi2 *calibrated, const candidate *made);
/* -2 ln P of the tags, if the claim is true. */
double chi2_tags(const chi2 *calibrated, const event *from, const ordering *claim);

#endif

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
/* Share of the events in which the ordering with the smallest value is the true one. */
double chi2_efficiency(const chi2 *calibrated, const events *test, bool with_tags);

#endif
